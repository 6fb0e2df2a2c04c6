// SPDX-License-Identifier: GPL-3.0-or-later
// The summary of a hierarchy in the engine: a table per edge for its reports, which are made up on
// the fly; records of relays, aggregators and coordinators; lanes for totals.
//
//     window begins    reports that fall due: a lane of the edge each   } sweep when short:
//                      coordinators without a lane for a total: one     } all tables at once
//     window runs      REPORT events among the writes; DELIVER and ROW records become notes
//     window ends      notes, in order --> fingerprint, observer
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "mesh/release.h"
#include "state.h"

static const struct mesh_scope *scope_of(const struct sim_engine *engine, uint32_t index)
{
    return &engine->config.mesh->scopes[index];
}

// Edges are scopes of agents that follow each other, from 0 on.
static uint32_t agent_count(const struct sim_engine *engine)
{
    const struct mesh_scope *last = scope_of(engine, engine->tiers.edge_count - 1);
    return last->first + last->count;
}

// ---- Tables ----

static void create_tables(struct sim_engine *engine)
{
    struct sim_tiers *tiers = &engine->tiers;
    uint32_t lanes = 64 * engine->local_words;
    uint32_t index_capacity = 128;
    while (index_capacity < 2 * lanes) {
        index_capacity *= 2;
    }
    size_t all = (size_t)tiers->edge_count * lanes;
    tiers->locals = sim_memory_zeroed(tiers->edge_count * sizeof *tiers->locals);
    tiers->local_tables =
        sim_memory_zeroed(engine->config.mesh->scope_count * sizeof(struct mesh_table *));
    tiers->values = sim_memory_zeroed(all * MESH_REPORT_BYTES_MAX);
    tiers->released = sim_memory_zeroed(agent_count(engine) * sizeof *tiers->released);
    tiers->indexes =
        sim_memory_zeroed((size_t)tiers->edge_count * index_capacity * sizeof *tiers->indexes);
    tiers->sizes = sim_memory_zeroed((size_t)tiers->edge_count * MESH_SIZE_BITS *
                                     engine->local_words * sizeof *tiers->sizes);
    struct mesh_update *updates = sim_memory_zeroed(all * sizeof *updates);
    for (uint32_t edge = 0; edge < tiers->edge_count; edge++) {
        const struct mesh_scope *scope = scope_of(engine, edge);
        struct mesh_table *local = &tiers->locals[edge];
        assert(scope->members == NULL);
        mesh_table_init(local, updates + (size_t)edge * lanes, lanes,
                        tiers->indexes + (size_t)edge * index_capacity, index_capacity, NULL);
        mesh_table_permit_release(local, tiers->released + scope->first, scope->count);
        local->origin_first = MESH_NODE_MAX + scope->first;
        local->keeps_last = true;
        if (scope->count <= sim_blocks_most(engine)) {  // one block has it all, and steps alone
            mesh_table_weigh(local,
                             tiers->sizes + (size_t)edge * MESH_SIZE_BITS * engine->local_words);
        }
        tiers->local_tables[edge] = local;
    }
}

// ---- Records ----

static uint32_t count_records(const struct sim_engine *engine)
{
    const struct sim_tiers *tiers = &engine->tiers;
    uint32_t count =
        scope_of(engine, tiers->edge_count)->count + scope_of(engine, tiers->edge_count + 1)->count;
    for (uint32_t i = tiers->edge_count + 2; i < engine->config.mesh->scope_count; i++) {
        count += scope_of(engine, i)->count;
    }
    return count;
}

static struct mesh_tier *add_record(struct sim_tiers *tiers, uint32_t node, uint32_t scope,
                                    enum mesh_tier_level level)
{
    struct mesh_tier *record = &tiers->records[tiers->record_count++];
    *record = (struct mesh_tier){
        .node = node, .scope = (uint16_t)scope, .level = (uint8_t)level, .lane = MESH_LANE_NONE};
    return record;
}

static uint32_t edge_of(const struct sim_engine *engine, uint32_t agent)
{
    uint32_t low = 0;
    uint32_t high = engine->tiers.edge_count - 1;
    while (low < high) {
        uint32_t middle = low + (high - low + 1) / 2;
        if (scope_of(engine, middle)->first <= agent) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

static void add_records(struct sim_engine *engine)
{
    struct sim_tiers *tiers = &engine->tiers;
    uint32_t per_aggregator = engine->config.mesh->tiers->hierarchy.edges_per_aggregator;
    uint32_t links = tiers->edge_count + 2;
    for (uint32_t i = links; i < engine->config.mesh->scope_count; i++) {
        for (uint32_t j = 0; j < scope_of(engine, i)->count; j++) {
            uint32_t node = sim_scope_member(scope_of(engine, i), j);
            struct mesh_tier *record = add_record(tiers, node, i, MESH_RELAY);
            record->edge_first = edge_of(engine, node);
            record->edge_end = record->edge_first + 1;
        }
    }
    const struct mesh_scope *aggregators = scope_of(engine, tiers->edge_count);
    for (uint32_t i = 0; i < aggregators->count; i++) {
        uint32_t node = sim_scope_member(aggregators, i);
        struct mesh_tier *record = add_record(tiers, node, tiers->edge_count, MESH_AGGREGATOR);
        record->edge_first = i * per_aggregator;
        record->edge_end = record->edge_first + per_aggregator;
    }
    const struct mesh_scope *coordinators = scope_of(engine, tiers->edge_count + 1);
    for (uint32_t i = 0; i < coordinators->count; i++) {
        uint32_t node = sim_scope_member(coordinators, i);
        add_record(tiers, node, tiers->edge_count + 1, MESH_COORDINATOR)->edge_end =
            tiers->edge_count;
    }
    tiers->coordinator_count = coordinators->count;
}

static int by_node(const void *left, const void *right)
{
    const struct mesh_tier *a = left;
    const struct mesh_tier *b = right;
    return a->node < b->node ? -1 : a->node > b->node;
}

static void create_records(struct sim_engine *engine)
{
    struct sim_tiers *tiers = &engine->tiers;
    uint32_t agents_max = engine->config.reporting.agents_per_edge_max;
    size_t rows = 0;
    size_t relays = 0;
    tiers->records = sim_memory_zeroed(count_records(engine) * sizeof *tiers->records);
    add_records(engine);
    qsort(tiers->records, tiers->record_count, sizeof *tiers->records, by_node);
    tiers->coordinators = tiers->records + tiers->record_count - tiers->coordinator_count;
    for (uint32_t i = 0; i < tiers->record_count; i++) {
        rows += tiers->records[i].edge_end - tiers->records[i].edge_first;
        relays += tiers->records[i].level == MESH_RELAY;
    }
    tiers->rows = sim_memory_zeroed(rows * sizeof *tiers->rows);
    tiers->ages = sim_memory_zeroed(rows);
    tiers->entries = sim_memory_zeroed(relays * agents_max * sizeof *tiers->entries);
    rows = 0;
    relays = 0;
    for (uint32_t i = 0; i < tiers->record_count; i++) {
        struct mesh_tier *record = &tiers->records[i];
        record->rows.rows = tiers->rows + rows;
        record->rows.capacity = record->edge_end - record->edge_first;
        record->ages = tiers->ages + rows;
        rows += record->rows.capacity;
        if (record->level == MESH_RELAY) {
            mesh_reports_init(&record->reports, tiers->entries + relays++ * agents_max, agents_max);
        }
    }
}

void sim_tiers_create(struct sim_engine *engine)
{
    const struct sim_reporting *reporting = &engine->config.reporting;
    struct sim_tiers *tiers = &engine->tiers;
    if (reporting->every_ns == 0) {
        return;
    }
    assert(engine->config.mesh->tiers != NULL && reporting->every_ns >= SIM_REPORT_NS_MIN);
    tiers->edge_count = engine->config.mesh->tiers->edge_count;
    engine->local_words = (reporting->local_lanes + 63) / 64;
    create_tables(engine);
    create_records(engine);
    uint32_t agents = agent_count(engine);
    tiers->numbers = sim_memory_zeroed(agents * sizeof *tiers->numbers);
    tiers->timers.period_ns = reporting->every_ns;
    for (uint32_t agent = 0; agent < agents; agent++) {
        sim_timers_add(&tiers->timers, reporting->first_ns(reporting->context, agent), agent);
    }
    sim_timers_seal(&tiers->timers);
}

// Points the blocks at the records of their nodes.
static void share_records(struct sim_engine *engine)
{
    struct sim_tiers *tiers = &engine->tiers;
    for (uint32_t i = 0; i < engine->block_count; i++) {
        engine->blocks[i].states.tier_count = 0;
    }
    for (uint32_t i = 0; i < tiers->record_count; i++) {
        struct mesh_tier *record = &tiers->records[i];
        struct mesh_states *states = sim_states_of(engine, record->node);
        if (states->tier_count++ == 0) {
            states->tiers = record;
        }
    }
}

void sim_tiers_attach(struct sim_engine *engine)
{
    struct sim_tiers *tiers = &engine->tiers;
    if (tiers->edge_count == 0) {
        return;
    }
    engine->table.locals = tiers->local_tables;
    engine->table.local_words = engine->local_words;
    share_records(engine);
}

// The memory of the record stays; coordinators remain the last.
void sim_tiers_hand_over(struct sim_engine *engine, uint32_t from, uint32_t to)
{
    struct sim_tiers *tiers = &engine->tiers;
    if (tiers->edge_count == 0) {
        return;
    }
    struct mesh_tier *record = mesh_tiers_of(sim_states_of(engine, from), from);
    record->node = to;
    record->rows.count = 0;
    record->ages[0] = 0;
    record->reported = false;
    record->changed = false;
    mesh_reports_init(&record->reports, record->reports.entries, record->reports.capacity);
    qsort(tiers->records, tiers->record_count, sizeof *tiers->records, by_node);
    share_records(engine);
    const struct mesh_states *states = sim_states_of(engine, to);
    if (!mesh_replica_of(states, to)->joining) {
        mesh_tiers_fold(states, mesh_tiers_of(states, to), (uint16_t)edge_of(engine, to));
    }
}

void sim_tiers_finish(struct sim_engine *engine)
{
    struct sim_tiers *tiers = &engine->tiers;
    if (tiers->edge_count == 0) {
        return;
    }
    for (uint32_t i = 0; i < tiers->total_count; i++) {
        sim_memory_free(tiers->total_values[i]);
    }
    sim_memory_free(tiers->total_values);
    sim_memory_free(tiers->locals[0].updates);  // of all edges
    sim_memory_free(tiers->locals);
    sim_memory_free(tiers->local_tables);
    sim_memory_free(tiers->values);
    sim_memory_free(tiers->released);
    sim_memory_free(tiers->indexes);
    sim_memory_free(tiers->sizes);
    sim_timers_finish(&tiers->timers);
    sim_memory_free(tiers->numbers);
    sim_memory_free(tiers->reports);
    sim_memory_free(tiers->records);
    sim_memory_free(tiers->rows);
    sim_memory_free(tiers->ages);
    sim_memory_free(tiers->entries);
    sim_memory_free(tiers->settled);
    sim_memory_free(tiers->notes);
}

// ---- Lanes for totals ----

uint32_t sim_tiers_totals_wanted(const struct sim_engine *engine)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < engine->tiers.coordinator_count; i++) {
        count += engine->tiers.coordinators[i].lane == MESH_LANE_NONE;
    }
    return count;
}

void sim_tiers_reserve_totals(struct sim_engine *engine)
{
    struct sim_tiers *tiers = &engine->tiers;
    for (uint32_t i = 0; i < tiers->coordinator_count; i++) {
        struct mesh_tier *record = &tiers->coordinators[i];
        if (record->lane != MESH_LANE_NONE) {
            continue;
        }
        uint32_t index = engine->config.write_count + tiers->total_count++;
        engine->writes = sim_memory_resize(engine->writes, (index + 1) * sizeof *engine->writes);
        tiers->total_values = sim_memory_resize(tiers->total_values,
                                                tiers->total_count * sizeof *tiers->total_values);
        record->value = sim_memory_zeroed(MESH_TOTAL_BYTES_MAX);
        record->lane = mesh_table_reserve(
            &engine->table, (struct mesh_dot){record->node, ++engine->sequences[record->node]});
        tiers->total_values[tiers->total_count - 1] = record->value;
        engine->writes[index] = (struct sim_write){.time_ns = engine->window * engine->window_ns,
                                                   .node = record->node,
                                                   .scope = record->scope,
                                                   .write.lane = record->lane};
        engine->write_of_lane[record->lane] = index;
    }
}

// ---- Reports that fall due ----

static bool add_report(struct sim_engine *engine, uint64_t time_ns, uint32_t agent)
{
    struct sim_tiers *tiers = &engine->tiers;
    const struct sim_reporting *reporting = &engine->config.reporting;
    uint32_t edge = edge_of(engine, agent);
    struct mesh_table *local = &tiers->locals[edge];
    if (mesh_table_room(local) == 0) {
        sim_tiers_sweep(engine);
    }
    struct mesh_dot dot = {MESH_NODE_MAX + agent, ++tiers->numbers[agent]};
    uint32_t lane = mesh_table_room(local) == 0 ? MESH_LANE_NONE : mesh_table_reserve(local, dot);
    if (lane == MESH_LANE_NONE) {
        return sim_error_set(&engine->failure, SIM_ERROR_INTERNAL,
                             "at %" PRIu64 " ms edge %" PRIu32 " has %" PRIu32
                             " reports under way, for which there is no more room",
                             time_ns / 1000000, edge, local->lane_capacity);
    }
    if (tiers->report_count == tiers->report_capacity) {
        tiers->report_capacity = tiers->report_capacity == 0 ? 256 : 2 * tiers->report_capacity;
        tiers->reports =
            sim_memory_resize(tiers->reports, tiers->report_capacity * sizeof *tiers->reports);
    }
    struct mesh_report said = reporting->compose(reporting->context, agent, dot.sequence);
    size_t place = (size_t)edge * local->lane_capacity + lane;
    uint8_t *value = tiers->values + place * MESH_REPORT_BYTES_MAX;
    tiers->reports[tiers->report_count++] = (struct sim_report){
        .time_ns = time_ns,
        .node = agent,
        .edge = (uint16_t)edge,
        .write = {.value = value,
                  .key = edge,
                  .lane = lane,
                  .value_bytes = (uint16_t)mesh_report_encode(&said, value),
                  .type = MESH_REPORT},
    };
    return true;
}

bool sim_tiers_begin_window(struct sim_engine *engine)
{
    struct sim_timers *timers = &engine->tiers.timers;
    uint64_t end_ns = (engine->window + 1) * engine->window_ns;
    engine->tiers.report_count = 0;
    while (timers->count > 0 && timers->turn_ns + timers->timers[timers->cursor].at_ns < end_ns) {
        const struct sim_timer *timer = &timers->timers[timers->cursor];
        uint64_t time_ns = timers->turn_ns + timer->at_ns;
        if (!sim_faults_silence(engine, time_ns, timer->local) &&
            !add_report(engine, time_ns, timer->local)) {
            return false;
        }
        if (++timers->cursor == timers->count) {
            timers->cursor = 0;
            timers->turn_ns += timers->period_ns;
        }
    }
    return true;
}

const struct sim_report *sim_tiers_take_report(const struct sim_engine *engine, uint64_t time_ns,
                                               uint32_t node)
{
    const struct sim_report *reports = engine->tiers.reports;
    uint32_t low = 0;
    uint32_t high = engine->tiers.report_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        bool earlier = reports[middle].time_ns != time_ns ? reports[middle].time_ns < time_ns
                                                          : reports[middle].node < node;
        low = earlier ? middle + 1 : low;
        high = earlier ? high : middle;
    }
    assert(low < engine->tiers.report_count && reports[low].time_ns == time_ns &&
           reports[low].node == node);
    return &reports[low];
}

// ---- Notes ----

static void add_note(struct sim_worker *worker, struct sim_note note)
{
    if (worker->note_count == worker->note_capacity) {
        worker->note_capacity = worker->note_capacity == 0 ? 1024 : 2 * worker->note_capacity;
        worker->notes =
            sim_memory_resize(worker->notes, worker->note_capacity * sizeof *worker->notes);
    }
    worker->notes[worker->note_count++] = note;
}

// Notes of one event are in the order of their dots, whatever their lanes.
static int by_dot(const void *left, const void *right)
{
    const struct sim_note *a = left;
    const struct sim_note *b = right;
    if (a->author != b->author) {
        return a->author < b->author ? -1 : 1;
    }
    return a->number < b->number ? -1 : a->number > b->number;
}

void sim_tiers_note_reports(struct sim_worker *worker, const struct mesh_event *event,
                            uint16_t scope, const struct mesh_news *news)
{
    const struct mesh_table *local = worker->engine->tiers.local_tables[scope];
    uint32_t first = worker->note_count;
    if (worker->engine->config.observer.notes == NULL) {
        return;
    }
    for (uint64_t lanes = news->lanes; lanes != 0; lanes &= lanes - 1) {
        const struct mesh_update *update =
            &local->updates[64 * news->word + (uint32_t)__builtin_ctzll(lanes)];
        add_note(worker, (struct sim_note){.time_ns = event->time_ns,
                                           .content = update->hash[0],
                                           .node = event->node,
                                           .author = update->dot.origin - MESH_NODE_MAX,
                                           .number = update->dot.sequence});
    }
    // A receipt brings some of several words: those of the same event stand together.
    while (first > 0 && !worker->notes[first - 1].row &&
           worker->notes[first - 1].node == event->node &&
           worker->notes[first - 1].time_ns == event->time_ns) {
        first--;
    }
    qsort(worker->notes + first, worker->note_count - first, sizeof *worker->notes, by_dot);
}

void sim_tiers_note_row(struct sim_worker *worker, const struct mesh_event *event,
                        const struct mesh_record *record)
{
    if (worker->engine->config.observer.notes == NULL) {
        return;
    }
    add_note(worker, (struct sim_note){.time_ns = event->time_ns,
                                       .content = record->row.clock,
                                       .node = event->node,
                                       .author = record->row.relay,
                                       .number = record->row.edge,
                                       .row = true});
}

static bool note_precedes(const struct sim_note *a, const struct sim_note *b)
{
    return a->time_ns != b->time_ns ? a->time_ns < b->time_ns : a->node < b->node;
}

// Stable: notes of a node stand in the order of its events.
static void order_notes(struct sim_note *notes, struct sim_note *scratch, uint32_t count)
{
    struct sim_note *from = notes;
    struct sim_note *to = scratch;
    for (uint32_t width = 1; width < count; width *= 2) {
        for (uint32_t first = 0; first < count; first += 2 * width) {
            uint32_t middle = count - first < width ? count : first + width;
            uint32_t end = count - middle < width ? count : middle + width;
            uint32_t left = first;
            uint32_t right = middle;
            for (uint32_t i = first; i < end; i++) {
                bool take_right =
                    right < end && (left == middle || note_precedes(&from[right], &from[left]));
                to[i] = from[take_right ? right++ : left++];
            }
        }
        struct sim_note *swap = from;
        from = to;
        to = swap;
    }
    if (from != notes) {
        memcpy(notes, from, count * sizeof *from);
    }
}

void sim_tiers_end_window(struct sim_engine *engine)
{
    struct sim_tiers *tiers = &engine->tiers;
    uint32_t count = 0;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        count += engine->workers[i]->note_count;
    }
    if (count == 0) {
        return;
    }
    if (2 * count > tiers->note_capacity) {
        tiers->note_capacity = 4 * count;
        tiers->notes = sim_memory_resize(tiers->notes, tiers->note_capacity * sizeof *tiers->notes);
    }
    count = 0;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        struct sim_worker *worker = engine->workers[i];
        if (worker->note_count > 0) {
            memcpy(tiers->notes + count, worker->notes, worker->note_count * sizeof *tiers->notes);
            count += worker->note_count;
            worker->note_count = 0;
        }
    }
    order_notes(tiers->notes, tiers->notes + count, count);
    engine->config.observer.notes(engine->config.observer.context, tiers->notes, count);
}

// ---- Giving back ----

// One row of scratch per edge, and one for all nodes that are no agents: what speaks of an edge's
// lanes is its agents' replicas and messages; of shared lanes, everyone's.
static uint64_t *settled_of(const struct sim_engine *engine, uint32_t scope)
{
    uint32_t edges = engine->tiers.edge_count;
    uint32_t row = scope < edges ? scope : edges;
    return engine->tiers.settled + (size_t)row * sim_replica_words(engine);
}

// Calls `visit` for the nodes of each block that share an edge, or none.
static void visit_replicas(struct sim_engine *engine,
                           void (*visit)(const struct sim_engine *engine,
                                         const struct mesh_states *states, uint64_t *lanes))
{
    uint32_t agents = agent_count(engine);
    for (uint32_t i = 0; i < engine->block_count; i++) {
        const struct mesh_states *block = &engine->blocks[i].states;
        uint32_t block_end = block->node_first + block->node_count;
        for (uint32_t first = block->node_first; first < block_end;) {
            uint32_t scope = first < agents ? edge_of(engine, first) : engine->tiers.edge_count;
            uint32_t end = first < agents
                               ? scope_of(engine, scope)->first + scope_of(engine, scope)->count
                               : block_end;
            struct mesh_states states = *block;
            states.node_first = first;
            states.node_count = (end < block_end ? end : block_end) - first;
            states.replicas = mesh_replica_of(block, first);
            states.role_count = first == block->node_first ? block->role_count : 0;
            visit(engine, &states, settled_of(engine, scope));
            first += states.node_count;
        }
    }
}

static void look_at(void *context, struct mesh_message *message)
{
    const struct sim_engine *engine = context;
    mesh_release_under_way(message, settled_of(engine, message->scope), sim_replica_words(engine));
}

static void forget_in(void *context, struct mesh_message *message)
{
    const struct sim_engine *engine = context;
    mesh_release_forget_in(message, settled_of(engine, message->scope));
}

static void forget(const struct sim_engine *engine, const struct mesh_states *states,
                   uint64_t *lanes)
{
    (void)engine;
    mesh_release_forget(states, lanes);
}

// The shared lanes that nobody speaks of, in each row of the scratch.
static void release_shared(struct sim_engine *engine)
{
    uint32_t local_words = engine->local_words;
    for (uint32_t word = 0; word < engine->words; word++) {
        engine->settled[word] = UINT64_MAX;
        for (uint32_t row = 0; row <= engine->tiers.edge_count; row++) {
            engine->settled[word] &= settled_of(engine, row)[local_words + word];
        }
    }
    if (engine->table.released == NULL) {
        memset(engine->settled, 0, engine->words * sizeof *engine->settled);
    } else {
        mesh_release_lanes(&engine->table, engine->settled, engine->words,
                           engine->config.observer.released, engine->config.observer.context);
    }
    for (uint32_t row = 0; row <= engine->tiers.edge_count; row++) {
        memcpy(settled_of(engine, row) + local_words, engine->settled,
               engine->words * sizeof *engine->settled);
    }
}

void sim_tiers_sweep(struct sim_engine *engine)
{
    struct sim_tiers *tiers = &engine->tiers;
    size_t bytes =
        ((size_t)tiers->edge_count + 1) * sim_replica_words(engine) * sizeof *tiers->settled;
    tiers->settled = sim_memory_resize(tiers->settled, bytes);
    memset(tiers->settled, 0xff, bytes);
    visit_replicas(engine, sim_faults_settled);
    sim_flights_visit(engine, look_at, engine);
    for (uint32_t edge = 0; edge < tiers->edge_count; edge++) {
        mesh_release_lanes(&tiers->locals[edge], settled_of(engine, edge), engine->local_words,
                           NULL, NULL);
    }
    memset(settled_of(engine, tiers->edge_count), 0, engine->local_words * sizeof(uint64_t));
    release_shared(engine);
    visit_replicas(engine, forget);
    sim_flights_visit(engine, forget_in, engine);
    sim_lanes_note_base(engine);
}
