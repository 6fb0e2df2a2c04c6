// SPDX-License-Identifier: GPL-3.0-or-later
// The summary of a hierarchy in the engine: records of relays, aggregators and coordinators; lanes
// for totals; what happens to reports (edges.c) and rows, for the observer.
//
//     window begins    coordinators without a lane for a total: one
//     window runs      REPORT events among the writes. Of an edge that one block has, what agents
//                      hear and what relays add up goes straight to the observer; the rest of the
//                      DELIVER and ROW records become notes
//     window ends      notes, in order --> observer
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

// ---- Records ----

// Behind the relays' links, of which each aggregator has one.
static uint32_t links_end(const struct sim_engine *engine)
{
    uint32_t edges = engine->tiers.edge_count;
    return edges + 2 + edges / engine->config.mesh->tiers->hierarchy.edges_per_aggregator;
}

static uint32_t count_records(const struct sim_engine *engine)
{
    const struct sim_tiers *tiers = &engine->tiers;
    uint32_t count =
        scope_of(engine, tiers->edge_count)->count + scope_of(engine, tiers->edge_count + 1)->count;
    for (uint32_t i = tiers->edge_count + 2; i < links_end(engine); i++) {
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

static void add_records(struct sim_engine *engine)
{
    struct sim_tiers *tiers = &engine->tiers;
    uint32_t per_aggregator = engine->config.mesh->tiers->hierarchy.edges_per_aggregator;
    uint32_t links = tiers->edge_count + 2;
    for (uint32_t i = links; i < links_end(engine); i++) {
        for (uint32_t j = 0; j < scope_of(engine, i)->count; j++) {
            uint32_t node = sim_scope_member(scope_of(engine, i), j);
            struct mesh_tier *record = add_record(tiers, node, i, MESH_RELAY);
            record->edge_first = sim_edge_of(engine, node);
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
    sim_edges_create(engine);
    create_records(engine);
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
    sim_edges_attach(engine);
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
        mesh_tiers_fold(states, mesh_tiers_of(states, to), (uint16_t)sim_edge_of(engine, to));
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
    sim_edges_finish(engine);
    sim_memory_free(tiers->records);
    sim_memory_free(tiers->rows);
    sim_memory_free(tiers->ages);
    sim_memory_free(tiers->entries);
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

static void note_reports(struct sim_worker *worker, const struct mesh_event *event,
                         const struct mesh_table *local, const struct mesh_news *news)
{
    uint32_t first = worker->note_count;
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

void sim_tiers_heard(struct sim_worker *worker, const struct mesh_event *event, uint16_t edge,
                     const struct mesh_news *news, uint32_t count)
{
    const struct sim_engine *engine = worker->engine;
    const struct sim_observer *observer = &engine->config.observer;
    const struct mesh_table *local = engine->tiers.local_tables[edge];
    if (observer->heard != NULL && engine->tiers.edges[edge].alone) {
        observer->heard(observer->context, &(struct sim_heard){.time_ns = event->time_ns,
                                                               .node = event->node,
                                                               .edge = edge,
                                                               .reports = local,
                                                               .news = news,
                                                               .news_count = count});
        return;
    }
    for (uint32_t i = 0; i < count && observer->notes != NULL; i++) {
        note_reports(worker, event, local, &news[i]);
    }
}

void sim_tiers_note_row(struct sim_worker *worker, const struct mesh_event *event,
                        const struct mesh_record *record)
{
    const struct sim_engine *engine = worker->engine;
    const struct sim_observer *observer = &engine->config.observer;
    struct sim_note note = {.time_ns = event->time_ns,
                            .content = record->row.clock,
                            .node = event->node,
                            .author = record->row.relay,
                            .number = record->row.edge,
                            .row = true};
    if (observer->made != NULL && note.node == note.author &&
        engine->tiers.edges[note.number].alone) {
        observer->made(observer->context, &note);
    } else if (observer->notes != NULL) {
        add_note(worker, note);
    }
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
