// SPDX-License-Identifier: GPL-3.0-or-later
// Edges whose agents report: a table of reports for each, which are made up as they fall due.
//
//     stride begins, for each edge by itself and by all threads:
//
//     reports that fall due --> lanes enough? --no--> what is settled among its agents and in their
//                                |     |              messages is given back
//                                |     +--still no--> all tables grow, once every edge has looked
//                                |
//                       a lane each, made up, into the queue
//
// Nobody but its agents speaks of an edge's lanes, so edges of different blocks do not wait for
// each other. How wide the tables are follows from the scenario and from simulated state alone,
// since lanes decide which updates go first where update_limit cuts a message.
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "allocate.h"
#include "mesh/release.h"
#include "state.h"

static const struct mesh_scope *scope_of(const struct sim_engine *engine, uint32_t edge)
{
    return &engine->config.mesh->scopes[edge];
}

uint32_t sim_edge_of(const struct sim_engine *engine, uint32_t agent)
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

// ---- Tables ----

static uint32_t index_for(uint32_t lanes)
{
    uint32_t capacity = 128;
    while (capacity < 2 * lanes) {
        capacity *= 2;
    }
    return capacity;
}

static uint64_t table_bytes(uint32_t local_words)
{
    uint64_t lanes = 64 * (uint64_t)local_words;
    return lanes * (sizeof(struct mesh_update) + MESH_REPORT_BYTES_MAX) +
           index_for((uint32_t)lanes) * sizeof(uint32_t) +
           (uint64_t)MESH_SIZE_PLANES * local_words * sizeof(uint64_t);
}

static void give_values(struct sim_edge *edge)
{
    edge->values = sim_memory_zeroed((size_t)edge->table.lane_capacity * MESH_REPORT_BYTES_MAX);
}

// Sizes by planes are for an edge that no two blocks step at the same time.
static void give_sizes(struct sim_edge *edge)
{
    if (edge->alone) {
        edge->sizes = sim_memory_zeroed((size_t)MESH_SIZE_PLANES *
                                        (edge->table.lane_capacity / 64) * sizeof *edge->sizes);
        mesh_table_weigh(&edge->table, edge->sizes);
    }
}

static void create_edge(struct sim_engine *engine, uint32_t index)
{
    const struct mesh_scope *scope = scope_of(engine, index);
    const struct sim_reporting *reporting = &engine->config.reporting;
    struct sim_edge *edge = &engine->tiers.edges[index];
    uint32_t lanes = 64 * engine->local_words;
    uint32_t index_capacity = index_for(lanes);
    assert(scope->members == NULL);
    mesh_table_init(&edge->table, sim_memory_zeroed(lanes * sizeof(struct mesh_update)), lanes,
                    sim_memory_zeroed(index_capacity * sizeof(uint32_t)), index_capacity, NULL);
    mesh_table_permit_release(&edge->table, sim_memory_zeroed(scope->count * sizeof(uint32_t)),
                              scope->count);
    edge->table.origin_first = MESH_NODE_MAX + scope->first;
    mesh_table_keep_last(&edge->table, sim_memory_zeroed(scope->count * sizeof(struct mesh_update)),
                         sim_memory_zeroed((size_t)scope->count * MESH_REPORT_BYTES_MAX),
                         MESH_REPORT_BYTES_MAX, NULL);
    engine->tiers.local_tables[index] = &edge->table;
    edge->numbers = sim_memory_zeroed(scope->count * sizeof *edge->numbers);
    edge->timers.period_ns = reporting->every_ns;
    for (uint32_t i = 0; i < scope->count; i++) {
        sim_timers_add(&edge->timers, reporting->first_ns(reporting->context, scope->first + i), i);
    }
    sim_timers_seal(&edge->timers);
    give_values(edge);
}

void sim_edges_create(struct sim_engine *engine)
{
    struct sim_tiers *tiers = &engine->tiers;
    assert(engine->config.reporting.local_lanes <= SIM_LOCAL_LANES_MAX &&
           engine->config.reporting.local_lanes_max <= SIM_LOCAL_LANES_MAX);
    engine->local_words = (engine->config.reporting.local_lanes + 63) / 64;
    tiers->edges = sim_memory_zeroed(tiers->edge_count * sizeof *tiers->edges);
    tiers->local_tables =
        sim_memory_zeroed(engine->config.mesh->scope_count * sizeof(struct mesh_table *));
    for (uint32_t i = 0; i < tiers->edge_count; i++) {
        create_edge(engine, i);
    }
}

void sim_edges_attach(struct sim_engine *engine)
{
    for (uint32_t i = 0; i < engine->tiers.edge_count; i++) {
        struct sim_edge *edge = &engine->tiers.edges[i];
        const struct mesh_scope *scope = scope_of(engine, i);
        edge->block_first = sim_block_of(engine, scope->first);
        edge->block_end = sim_block_of(engine, scope->first + scope->count - 1) + 1;
        edge->alone = edge->block_end - edge->block_first == 1;
        give_sizes(edge);
    }
}

void sim_edges_finish(struct sim_engine *engine)
{
    for (uint32_t i = 0; i < engine->tiers.edge_count; i++) {
        struct sim_edge *edge = &engine->tiers.edges[i];
        sim_memory_free(edge->table.updates);
        sim_memory_free(edge->table.index);
        sim_memory_free(edge->table.released);
        sim_memory_free(edge->table.last);
        sim_memory_free(edge->table.last_values);
        sim_memory_free(edge->values);
        sim_memory_free(edge->sizes);
        sim_memory_free(edge->numbers);
        sim_memory_free(edge->reports);
        sim_timers_finish(&edge->timers);
    }
    sim_memory_free(engine->tiers.edges);
    sim_memory_free(engine->tiers.local_tables);
}

// ---- How far ----

// The farthest that two agents of the edge can be apart. Places lie in each other, so two agents
// are no farther apart than the farther of them is from the first.
static enum sim_pair_class farthest(const struct sim_network *network,
                                    const struct mesh_scope *scope)
{
    enum sim_pair_class most = SIM_SAME_HOST;
    for (uint32_t i = 1; i < scope->count; i++) {
        enum sim_pair_class pair = sim_network_pair(network, scope->first, scope->first + i);
        most = pair > most ? pair : most;
    }
    return most;
}

uint64_t sim_edges_reach_ns(const struct sim_engine *engine)
{
    const struct sim_network *network = engine->config.network;
    uint64_t reach_ns = 0;
    for (uint32_t i = 0; i < engine->tiers.edge_count; i++) {
        enum sim_pair_class most = farthest(network, scope_of(engine, i));
        if (most > SIM_SAME_REGION) {
            return network->latency_ns_max;
        }
        for (uint32_t pair = SIM_SAME_HOST; pair <= most; pair++) {
            uint64_t latency_ns =
                sim_link_latency_ns(&network->links[pair], UINT32_MAX, UINT32_MAX);
            reach_ns = latency_ns > reach_ns ? latency_ns : reach_ns;
        }
    }
    return engine->tiers.edge_count == 0 ? network->latency_ns_max : reach_ns;
}

// ---- Giving back ----

struct sweep {
    uint64_t *settled;
    uint32_t words;
    uint32_t edge;
};

static void look_at(void *context, struct mesh_message *message)
{
    struct sweep *sweep = context;
    if (message->scope == sweep->edge) {
        mesh_release_under_way(message, 0, sweep->words, sweep->settled);
    }
}

static void forget_in(void *context, struct mesh_message *message)
{
    struct sweep *sweep = context;
    if (message->scope == sweep->edge) {
        mesh_release_forget_in(message, 0, sweep->words, sweep->settled);
    }
}

// The edge's agents in a block; roles keep no books of reports.
static struct mesh_states agents_in(const struct sim_engine *engine, uint32_t edge, uint32_t block)
{
    const struct mesh_scope *scope = scope_of(engine, edge);
    struct mesh_states states = engine->blocks[block].states;
    uint32_t end = states.node_first + states.node_count;
    uint32_t scope_end = scope->first + scope->count;
    uint32_t first = scope->first > states.node_first ? scope->first : states.node_first;
    states.replicas = mesh_replica_of(&states, first);
    states.node_first = first;
    states.node_count = (scope_end < end ? scope_end : end) - first;
    states.role_count = 0;
    return states;
}

static void sweep_edge(struct sim_worker *worker, uint32_t index)
{
    struct sim_engine *engine = worker->engine;
    struct sim_edge *edge = &engine->tiers.edges[index];
    uint32_t words = engine->local_words;
    worker->settled = sim_memory_resize(worker->settled, words * sizeof *worker->settled);
    memset(worker->settled, 0xff, words * sizeof *worker->settled);
    struct sweep sweep = {worker->settled, words, index};
    for (uint32_t i = edge->block_first; i < edge->block_end; i++) {
        struct mesh_states states = agents_in(engine, index, i);
        sim_faults_settled(engine, &states, 0, words, worker->settled);
    }
    sim_flights_visit(engine, edge->block_first, edge->block_end, look_at, &sweep);
    if (mesh_release_lanes(&edge->table, worker->settled, words, NULL, NULL) == 0) {
        return;
    }
    for (uint32_t i = edge->block_first; i < edge->block_end; i++) {
        struct mesh_states states = agents_in(engine, index, i);
        mesh_release_forget(&states, 0, words, worker->settled);
    }
    sim_flights_visit(engine, edge->block_first, edge->block_end, forget_in, &sweep);
}

// ---- Reports that fall due ----

static void add_report(struct sim_edge *edge, const struct sim_report *report)
{
    if (edge->report_count == edge->report_capacity) {
        edge->report_capacity = edge->report_capacity == 0 ? 16 : 2 * edge->report_capacity;
        edge->reports =
            sim_memory_resize(edge->reports, edge->report_capacity * sizeof *edge->reports);
    }
    edge->reports[edge->report_count++] = *report;
}

// Lists the reports of this window, by (time, node).
static void list_due(const struct sim_engine *engine, uint32_t index)
{
    struct sim_edge *edge = &engine->tiers.edges[index];
    struct sim_timers *timers = &edge->timers;
    uint32_t first = scope_of(engine, index)->first;
    uint64_t end_ns = sim_stride_end_ns(engine);
    edge->report_count = 0;
    while (timers->turn_ns + timers->timers[timers->cursor].at_ns < end_ns) {
        const struct sim_timer *timer = &timers->timers[timers->cursor];
        uint64_t time_ns = timers->turn_ns + timer->at_ns;
        if (!sim_faults_silence(engine, time_ns, first + timer->local)) {
            add_report(edge,
                       &(struct sim_report){.time_ns = time_ns, .node = first + timer->local});
        }
        if (++timers->cursor == timers->count) {
            timers->cursor = 0;
            timers->turn_ns += timers->period_ns;
        }
    }
}

// Gives each its lane and what it says, and pushes it into the queue.
static void enter_due(struct sim_worker *worker, uint32_t index)
{
    struct sim_engine *engine = worker->engine;
    const struct sim_reporting *reporting = &engine->config.reporting;
    struct sim_edge *edge = &engine->tiers.edges[index];
    uint32_t first = scope_of(engine, index)->first;
    for (uint32_t i = 0; i < edge->report_count; i++) {
        struct sim_report *report = &edge->reports[i];
        uint32_t number = ++edge->numbers[report->node - first];
        struct mesh_report said = reporting->compose(reporting->context, report->node, number);
        uint32_t lane = mesh_table_reserve(&edge->table,
                                           (struct mesh_dot){MESH_NODE_MAX + report->node, number});
        uint8_t *value = edge->values + (size_t)lane * MESH_REPORT_BYTES_MAX;
        report->write =
            (struct mesh_write){.value = value,
                                .key = index,
                                .lane = lane,
                                .value_bytes = (uint16_t)mesh_report_encode(&said, value),
                                .type = MESH_REPORT};
        if (engine->config.queue == SIM_QUEUE_WINDOWS) {
            sim_push(worker, report->time_ns, report->node, SIM_SAME_HOST, SIM_REFERENCE_REPORT);
        }
    }
}

static bool has_room(const struct sim_edge *edge)
{
    return mesh_table_room(&edge->table) >= edge->report_count;
}

static void begin_edge(struct sim_worker *worker, uint32_t index)
{
    struct sim_engine *engine = worker->engine;
    struct sim_edge *edge = &engine->tiers.edges[index];
    list_due(engine, index);
    if (!has_room(edge)) {
        sweep_edge(worker, index);
    }
    edge->waits = !has_room(edge);
    if (edge->waits) {
        atomic_store_explicit(&engine->tiers.some_wait, true, memory_order_relaxed);
    } else {
        enter_due(worker, index);
    }
}

static bool shares_block(const struct sim_engine *engine, uint32_t edge)
{
    const struct sim_edge *edges = engine->tiers.edges;
    return edge > 0 && edges[edge].block_first < edges[edge - 1].block_end;
}

// What each thread does: it takes edges until none is left, all that share blocks together, since
// whoever sweeps an edge goes through what is in the queue of its blocks.
static void begin_edges(void *context, uint32_t worker)
{
    struct sim_engine *engine = context;
    uint32_t count = engine->tiers.edge_count;
    for (uint32_t taken = 0;; taken++) {
        uint32_t edge = sim_piece_take(engine, &engine->tiers.edge_next, worker, taken);
        if (edge >= count) {
            return;
        }
        if (shares_block(engine, edge)) {
            continue;  // taken with the one before
        }
        do {
            begin_edge(engine->workers[worker], edge);
        } while (++edge < count && shares_block(engine, edge));
    }
}

// ---- Growing ----

static void grow_edge(struct sim_edge *edge, uint32_t words)
{
    struct mesh_update *updates = edge->table.updates;
    uint32_t *index = edge->table.index;
    uint8_t *values = edge->values;
    uint32_t lanes = 64 * words;
    uint32_t index_capacity = index_for(lanes);
    size_t old_bytes = (size_t)edge->table.lane_capacity * MESH_REPORT_BYTES_MAX;
    mesh_table_move(&edge->table, sim_memory_zeroed(lanes * sizeof *updates), lanes,
                    sim_memory_zeroed(index_capacity * sizeof *index), index_capacity, NULL);
    give_values(edge);
    memcpy(edge->values, values, old_bytes);
    for (uint32_t lane = 0; lane < edge->table.lane_count; lane++) {
        struct mesh_update *update = &edge->table.updates[lane];
        update->value = edge->values + (size_t)lane * MESH_REPORT_BYTES_MAX;
    }
    for (uint32_t i = 0; i < edge->report_count && !edge->waits; i++) {
        struct mesh_write *write = &edge->reports[i].write;
        write->value = edge->values + (size_t)write->lane * MESH_REPORT_BYTES_MAX;
    }
    sim_memory_free(updates);
    sim_memory_free(index);
    sim_memory_free(values);
    sim_memory_free(edge->sizes);
    edge->sizes = NULL;
    give_sizes(edge);
}

uint32_t sim_edges_words_max(const struct sim_engine *engine)
{
    uint32_t most = (engine->config.reporting.local_lanes_max + 63) / 64;
    return engine->tiers.edge_count == 0 ? 0
           : most > engine->local_words  ? most
                                         : engine->local_words;
}

// With room for all that waits.
static uint32_t words_needed(const struct sim_engine *engine)
{
    uint32_t words = engine->local_words;
    for (uint32_t i = 0; i < engine->tiers.edge_count; i++) {
        const struct sim_edge *edge = &engine->tiers.edges[i];
        uint32_t lacking = edge->waits ? edge->report_count - mesh_table_room(&edge->table) : 0;
        uint32_t needed = engine->local_words + (lacking + 63) / 64;
        words = needed > words ? needed : words;
    }
    return words;
}

// A quarter more at least.
static uint32_t words_wanted(const struct sim_engine *engine)
{
    uint32_t quarter = engine->local_words + (engine->local_words + 3) / 4;
    uint32_t needed = words_needed(engine);
    uint32_t words = needed > quarter ? needed : quarter;
    uint32_t most = sim_edges_words_max(engine);
    return words < most ? words : most;
}

// `memory`: a wider table would do, if there were memory for it.
static bool fail(struct sim_engine *engine, bool memory)
{
    uint32_t edge = 0;
    while (!engine->tiers.edges[edge].waits) {
        edge++;
    }
    return sim_error_set(&engine->failure, SIM_ERROR_INTERNAL,
                         "at %" PRIu64 " ms edge %" PRIu32 " has %" PRIu32
                         " reports under way, and %s",
                         engine->window * engine->window_ns / 1000000, edge,
                         engine->tiers.edges[edge].table.lane_capacity,
                         memory ? "more need memory than is left" : "there cannot be more");
}

static bool grow(struct sim_engine *engine)
{
    uint32_t words = words_wanted(engine);
    uint64_t tables =
        engine->tiers.edge_count * (table_bytes(words) - table_bytes(engine->local_words));
    if (words < words_needed(engine)) {
        return fail(engine, false);
    }
    if (!sim_lanes_widen_local(engine, words, tables)) {
        return fail(engine, true);
    }
    for (uint32_t i = 0; i < engine->tiers.edge_count; i++) {
        struct sim_edge *edge = &engine->tiers.edges[i];
        grow_edge(edge, words);
        if (edge->waits) {
            edge->waits = false;
            enter_due(engine->workers[0], i);
        }
    }
    return true;
}

bool sim_edges_begin_window(struct sim_engine *engine)
{
    struct sim_tiers *tiers = &engine->tiers;
    if (tiers->edge_count == 0) {
        return true;
    }
    atomic_store_explicit(&tiers->edge_next, 0, memory_order_relaxed);
    atomic_store_explicit(&tiers->some_wait, false, memory_order_relaxed);
    if (engine->together) {
        sim_threads_run(engine->threads, begin_edges, engine);
    } else {
        begin_edges(engine, 0);
    }
    return !atomic_load_explicit(&tiers->some_wait, memory_order_relaxed) || grow(engine);
}

const struct sim_report *sim_edges_take_report(const struct sim_engine *engine, uint64_t time_ns,
                                               uint32_t node)
{
    const struct sim_edge *edge = &engine->tiers.edges[sim_edge_of(engine, node)];
    uint32_t i = 0;
    while (i < edge->report_count &&
           (edge->reports[i].time_ns != time_ns || edge->reports[i].node != node)) {
        i++;
    }
    assert(i < edge->report_count);
    return &edge->reports[i];
}
