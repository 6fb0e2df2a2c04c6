// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "state.h"

#define HEAP_REACH_NS_MAX UINT64_C(10000000000)  // messages on their way for longer are copied

// ---- Creation ----

static void create_writes(struct sim_engine *engine)
{
    uint32_t write_count = engine->config.write_count;
    engine->writes = sim_memory_zeroed(write_count * sizeof *engine->writes);
    engine->written = sim_memory_zeroed(write_count);
    engine->sequences =
        write_count == 0 && engine->config.reporting.every_ns == 0
            ? NULL
            : sim_memory_zeroed(engine->config.node_count * sizeof *engine->sequences);
    if (write_count > 0) {
        memcpy(engine->writes, engine->config.writes, write_count * sizeof *engine->writes);
        while (engine->counted_first < write_count &&
               engine->writes[engine->counted_first].time_ns < engine->config.warmup_ns) {
            engine->counted_first++;
        }
    }
}

// A chunk holds the messages of several events, or of one when the table has grown all it can.
static size_t message_words_max(const struct sim_engine *engine)
{
    struct mesh_bound most =
        mesh_output_bound(engine->config.mesh, engine->local_words + sim_lanes_words_max(engine));
    size_t quarter = (most.message_words + 3) / 4;
    return quarter > engine->message_words ? quarter : engine->message_words;
}

static void create_worker(struct sim_engine *engine)
{
    struct sim_worker *worker = &engine->worker;
    const struct sim_engine_config *config = &engine->config;
    if (config->network->has_channels || config->network->by_place != 0) {
        worker->latencies = sim_memory_zeroed(sizeof *worker->latencies);
    }
    if (config->queue == SIM_QUEUE_WINDOWS) {
        sim_ring_init(&worker->ring, engine->block_count, engine->window_ns,
                      config->network->latency_ns_max);
        engine->windows_per_slot = 1;
        sim_messages_init(&worker->messages, worker->ring.slot_count, message_words_max(engine));
    } else {
        uint64_t reach_ns = sim_account_transit_ns(config->network);
        reach_ns = reach_ns < HEAP_REACH_NS_MAX ? reach_ns : HEAP_REACH_NS_MAX;
        uint64_t windows = reach_ns / engine->window_ns + 3;
        engine->windows_per_slot = (uint32_t)(windows / 1000 + 1);
        uint32_t slots = (uint32_t)(windows / engine->windows_per_slot);
        engine->reach_ns = (uint64_t)slots * engine->windows_per_slot * engine->window_ns;
        sim_messages_init(&worker->messages, slots + 2, message_words_max(engine));
    }
}

static struct sim_timers *timers_of(struct sim_block *block, uint16_t scope, uint64_t period_ns)
{
    for (uint32_t i = 0; i < block->timers_count; i++) {
        if (block->timers[i].scope == scope) {
            return &block->timers[i];
        }
    }
    block->timers =
        sim_memory_resize(block->timers, (block->timers_count + 1) * sizeof *block->timers);
    struct sim_timers *timers = &block->timers[block->timers_count++];
    *timers = (struct sim_timers){.scope = scope, .period_ns = period_ns};
    return timers;
}

// Lets every node of a scope join it and enters the timer it asks for.
static void start_scope(struct sim_engine *engine, uint16_t scope_index)
{
    const struct mesh_scope *scope = &engine->config.mesh->scopes[scope_index];
    struct mesh_output *output = &engine->worker.output;
    for (uint32_t i = 0; i < scope->count; i++) {
        uint32_t node = sim_scope_member(scope, i);
        struct sim_block *block = &engine->blocks[node >> SIM_BLOCK_SHIFT];
        struct mesh_event event = {.node = node, .scope = scope_index, .kind = MESH_EVENT_START};
        sim_messages_provide(&engine->worker.messages, output, engine->message_words);
        uint32_t handled = mesh_step(engine->config.mesh, &block->states, &event, 1, output);
        assert(handled == 1 && output->record_count == 1);
        assert(output->records[0].kind == MESH_RECORD_TIMER);
        uint64_t period_ns = scope->schedule == MESH_POISSON ? 0 : scope->interval_ns;
        sim_timers_add(timers_of(block, scope_index, period_ns), output->records[0].timer.at_ns,
                       node & (SIM_BLOCK_NODES - 1));
        output->record_count = 0;
    }
}

struct sim_timers *sim_engine_timers(struct sim_engine *engine, uint32_t node, uint16_t scope)
{
    const struct mesh_scope *found = &engine->config.mesh->scopes[scope];
    return timers_of(&engine->blocks[node >> SIM_BLOCK_SHIFT], scope,
                     found->schedule == MESH_POISSON ? 0 : found->interval_ns);
}

static void start(struct sim_engine *engine)
{
    assert(engine->config.mesh->scope_count < SIM_REFERENCE_FREE - SIM_REFERENCE_TICK);
    for (uint32_t scope = 0; scope < engine->config.mesh->scope_count; scope++) {
        start_scope(engine, (uint16_t)scope);
    }
    for (uint32_t i = 0; i < engine->block_count; i++) {
        for (uint32_t j = 0; j < engine->blocks[i].timers_count; j++) {
            sim_timers_seal(&engine->blocks[i].timers[j]);
        }
    }
    if (engine->config.queue == SIM_QUEUE_HEAP) {
        sim_heap_push_timers(engine);
    }
}

bool sim_engine_create(const struct sim_engine_config *config, struct sim_engine **engine,
                       struct sim_error *error)
{
    *engine = NULL;
    if (config->node_count < 2 || config->node_count > MESH_NODE_MAX) {
        return sim_error_set(error, SIM_ERROR_INTERNAL, "%u nodes: from 2 to %u can be run",
                             config->node_count, MESH_NODE_MAX);
    }
    struct sim_engine *made = sim_memory_zeroed(sizeof *made);
    made->config = *config;
    uint64_t lookahead_ns = config->network->latency_ns_min;
    if (lookahead_ns < SIM_WINDOW_NS_MIN) {
        made->config.queue = SIM_QUEUE_HEAP;
        lookahead_ns = SIM_WINDOW_NS_MAX;
    }
    made->window_ns = lookahead_ns < SIM_WINDOW_NS_MAX ? lookahead_ns : SIM_WINDOW_NS_MAX;
    made->window_bits = 64 - (uint32_t)__builtin_clzll(made->window_ns - 1);
    made->window_reciprocal = UINT64_MAX / made->window_ns + 1;
    made->checkpoint_next_ns = SIM_CHECKPOINT_NS;
    made->hash = XXH3_createState();
    if (made->hash == NULL) {
        sim_memory_exhausted("the fingerprint's state", 0);
    }
    XXH3_64bits_reset(made->hash);
    create_writes(made);
    sim_tiers_create(made);
    sim_lanes_create(made);
    sim_roles_create(made);
    sim_tiers_attach(made);
    create_worker(made);
    sim_account_init(made);
    sim_faults_create(made);
    sim_relays_create(made);
    start(made);
    *engine = made;
    return true;
}

static void destroy_worker(struct sim_worker *worker)
{
    sim_memory_free(worker->keys);
    sim_memory_free(worker->keys_scratch);
    sim_memory_free(worker->output.records);
    sim_memory_free(worker->output.targets);
    sim_memory_free(worker->changes);
    sim_memory_free(worker->changes_scratch);
    sim_ring_finish(&worker->ring);
    sim_heap_finish(&worker->heap);
    sim_crossings_finish(&worker->crossings);
    sim_memory_free(worker->latencies);
    sim_messages_finish(&worker->messages);
}

void sim_engine_destroy(struct sim_engine *engine)
{
    if (engine == NULL) {
        return;
    }
    for (uint32_t i = 0; i < engine->block_count; i++) {
        for (uint32_t j = 0; j < engine->blocks[i].timers_count; j++) {
            sim_timers_finish(&engine->blocks[i].timers[j]);
        }
        sim_memory_free(engine->blocks[i].timers);
    }
    destroy_worker(&engine->worker);
    sim_account_finish(engine);
    sim_faults_finish(engine);
    sim_relays_finish(engine);
    sim_lanes_finish(engine);
    sim_tiers_finish(engine);
    sim_memory_free(engine->roles);
    sim_memory_free(engine->has_role);
    sim_memory_free(engine->change_writes);
    sim_memory_free(engine->writes);
    sim_memory_free(engine->written);
    sim_memory_free(engine->sequences);
    XXH3_freeState(engine->hash);
    sim_memory_free(engine);
}

// ---- Running ----

// The write does not happen: the queues are not told of it.
static void silence(struct sim_engine *engine, uint32_t write)
{
    const struct sim_observer *observer = &engine->config.observer;
    engine->written[write] = 1;
    if (observer->silenced != NULL) {
        observer->silenced(observer->context, write);
    }
}

// Reserves lanes for the writes of the window that begins; false: there are not enough.
static bool reserve_lanes(struct sim_engine *engine)
{
    uint64_t end_ns = (engine->window + 1) * engine->window_ns;
    engine->write_first = engine->write_end;
    uint32_t end = engine->write_first;
    while (end < engine->config.write_count && engine->writes[end].time_ns < end_ns) {
        end++;
    }
    if (!sim_lanes_provide(engine, end - engine->write_first + sim_tiers_totals_wanted(engine))) {
        return false;
    }
    for (; engine->write_end < end; engine->write_end++) {
        struct sim_write *write = &engine->writes[engine->write_end];
        if (sim_faults_silence(engine, write->time_ns, write->node)) {
            silence(engine, engine->write_end);
            continue;
        }
        struct mesh_dot dot = {write->node, ++engine->sequences[write->node]};
        write->write.lane = mesh_table_reserve(&engine->table, dot);
        engine->write_of_lane[write->write.lane] = engine->write_end;
    }
    sim_tiers_reserve_totals(engine);
    return true;
}

static bool begin_window(struct sim_engine *engine)
{
    struct sim_worker *worker = &engine->worker;
    if (engine->window % engine->windows_per_slot == 0) {
        uint64_t slot = engine->window / engine->windows_per_slot;
        sim_messages_turn(&worker->messages, (uint32_t)(slot % worker->messages.slot_count));
        worker->output.messages = NULL;
        worker->output.message_words = 0;
        worker->output.message_word_capacity = 0;
    }
    sim_faults_begin_window(engine);
    return reserve_lanes(engine) && sim_tiers_begin_window(engine);
}

const struct sim_write *sim_engine_take_write(struct sim_engine *engine, uint64_t time_ns,
                                              uint32_t node)
{
    uint32_t low = engine->write_first;
    uint32_t high = engine->write_end;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct sim_write *write = &engine->writes[middle];
        bool earlier = write->time_ns != time_ns ? write->time_ns < time_ns
                       : write->node != node     ? write->node < node
                                                 : engine->written[middle] != 0;
        if (earlier) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    assert(low < engine->write_end && engine->writes[low].time_ns == time_ns &&
           engine->writes[low].node == node);
    engine->written[low] = 1;
    return &engine->writes[low];
}

// A state change enters the fingerprint as time, node, dot and the update's hash.
static void hash_update(struct sim_engine *engine, const struct sim_change *change, uint32_t write)
{
    const struct mesh_update *update = &engine->table.updates[engine->writes[write].write.lane];
    uint64_t entry[4] = {
        htole64(change->time_ns),
        htole64((uint64_t)change->node << 32 | update->dot.origin),
        htole64(update->dot.sequence),
        htole64(update->hash[0]),
    };
    XXH3_64bits_update(engine->hash, entry, sizeof entry);
}

// The changes that one event caused stand together, one per word of lanes.
static uint32_t event_end(const struct sim_worker *worker, uint32_t first)
{
    const struct sim_change *change = &worker->changes[first];
    uint32_t end = first + 1;
    while (end < worker->change_count && worker->changes[end].time_ns == change->time_ns &&
           worker->changes[end].node == change->node &&
           worker->changes[end].message == change->message) {
        end++;
    }
    return end;
}

static int by_number(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

// Collects the writes that the changes [first, end) brought, in the order of the list of writes:
// which lanes they happen to have does not show. Returns how many.
static uint32_t list_writes(struct sim_engine *engine, uint32_t first, uint32_t end)
{
    uint32_t count = 0;
    for (uint32_t i = first; i < end; i++) {
        const struct sim_change *change = &engine->worker.changes[i];
        if (count + 64 > engine->change_writes_capacity) {
            engine->change_writes_capacity = 2 * (count + 64);
            engine->change_writes =
                sim_memory_resize(engine->change_writes,
                                  engine->change_writes_capacity * sizeof *engine->change_writes);
        }
        for (uint64_t lanes = change->lanes; lanes != 0; lanes &= lanes - 1) {
            engine->change_writes[count++] =
                engine->write_of_lane[64 * change->word + (uint32_t)__builtin_ctzll(lanes)];
        }
    }
    if (count > 1) {
        qsort(engine->change_writes, count, sizeof *engine->change_writes, by_number);
    }
    return count;
}

static void hash_changes(struct sim_engine *engine)
{
    const struct sim_worker *worker = &engine->worker;
    for (uint32_t first = 0; first < worker->change_count;) {
        uint32_t end = event_end(worker, first);
        uint32_t count = list_writes(engine, first, end);
        for (uint32_t i = 0; i < count; i++) {
            hash_update(engine, &worker->changes[first], engine->change_writes[i]);
        }
        first = end;
    }
}

// What faults did to messages enters where there are faults.
static void hash_faults(struct sim_engine *engine, const struct sim_counters *counters)
{
    uint64_t entry[3] = {htole64(counters->cut), htole64(counters->dead),
                         htole64(counters->refused)};
    if (engine->faults.any) {
        XXH3_64bits_update(engine->hash, entry, sizeof entry);
    }
}

// Message counts enter at checkpoints, those of rows where somebody reports.
static void checkpoint(struct sim_engine *engine, uint64_t time_ns)
{
    bool rows = engine->tiers.edge_count > 0;
    for (uint32_t kind = 1; kind < (rows ? MESH_MESSAGE_KIND_COUNT : MESH_MESSAGE_ROWS); kind++) {
        for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
            const struct sim_counters *counters = &engine->worker.counters[kind][pair];
            uint64_t entry[8] = {
                htole64(counters->messages),  htole64(counters->bytes),
                htole64(counters->updates),   htole64(counters->duplicated),
                htole64(counters->lost),      htole64(counters->dropped),
                htole64(counters->corrupted), htole64(counters->delivered),
            };
            XXH3_64bits_update(engine->hash, entry, sizeof entry);
            hash_faults(engine, counters);
        }
    }
    engine->fingerprint = XXH3_64bits_digest(engine->hash);
    engine->checkpoint_next_ns = (time_ns / SIM_CHECKPOINT_NS + 1) * (uint64_t)SIM_CHECKPOINT_NS;
    if (engine->config.observer.checkpoint != NULL) {
        engine->config.observer.checkpoint(engine->config.observer.context, time_ns,
                                           engine->fingerprint, engine->worker.events);
    }
}

// Returns true when the observer has seen enough.
static bool end_window(struct sim_engine *engine)
{
    struct sim_worker *worker = &engine->worker;
    const struct sim_observer *observer = &engine->config.observer;
    uint64_t time_ns = (engine->window + 1) * engine->window_ns;
    sim_faults_end_window(engine);
    hash_changes(engine);
    if (observer->changes != NULL && worker->change_count > 0) {
        observer->changes(observer->context, &engine->table, engine->write_of_lane, worker->changes,
                          worker->change_count);
    }
    worker->change_count = 0;
    sim_tiers_end_window(engine);
    sim_account_window(engine, time_ns);
    if (time_ns >= engine->checkpoint_next_ns) {
        checkpoint(engine, time_ns);
    }
    return observer->window != NULL && observer->window(observer->context, time_ns, worker->events);
}

uint64_t sim_engine_run(struct sim_engine *engine, uint64_t until_ns)
{
    bool enough = false;
    while (!enough && engine->window * engine->window_ns < until_ns) {
        if (!begin_window(engine)) {
            break;
        }
        if (engine->config.queue == SIM_QUEUE_HEAP) {
            sim_heap_run_window(engine);
        } else {
            sim_windows_run_window(engine);
        }
        enough = end_window(engine);
        engine->window++;
    }
    uint64_t reached_ns = engine->window * engine->window_ns;
    sim_account_end(engine, reached_ns);
    checkpoint(engine, reached_ns);
    return reached_ns;
}

// ---- Looking ----

uint64_t sim_engine_fingerprint(const struct sim_engine *engine)
{
    return engine->fingerprint;
}

uint64_t sim_engine_events(const struct sim_engine *engine)
{
    return engine->worker.events;
}

const struct mesh_table *sim_engine_table(const struct sim_engine *engine)
{
    return &engine->table;
}

uint32_t sim_engine_write_of_lane(const struct sim_engine *engine, uint32_t lane)
{
    return engine->write_of_lane[lane];
}

const struct mesh_tier *sim_engine_tier(const struct sim_engine *engine, uint32_t node)
{
    return mesh_tiers_of(&engine->blocks[node >> SIM_BLOCK_SHIFT].states, node);
}

const struct sim_error *sim_engine_failure(const struct sim_engine *engine)
{
    return engine->failure.code == SIM_OK ? NULL : &engine->failure;
}

const struct mesh_replica *sim_engine_replica(const struct sim_engine *engine, uint32_t node)
{
    return mesh_replica_of(&engine->blocks[node >> SIM_BLOCK_SHIFT].states, node);
}

const struct sim_counters *sim_engine_counters(const struct sim_engine *engine,
                                               enum mesh_message_kind kind,
                                               enum sim_pair_class pair)
{
    return &engine->worker.counters[kind][pair];
}

uint64_t sim_engine_latency_median_ns(const struct sim_engine *engine, enum sim_pair_class pair)
{
    return engine->worker.latencies != NULL
               ? sim_latencies_median_ns(engine->worker.latencies, pair)
               : sim_link_median_ns(&engine->config.network->links[pair]);
}

struct count {
    uint64_t warmup_ns;
    enum mesh_message_kind kind;
    uint64_t count;
};

static void count_message(void *context, struct mesh_message *message)
{
    struct count *count = context;
    count->count += message->kind == count->kind && message->sent_ns >= count->warmup_ns;
}

uint64_t sim_engine_in_flight(const struct sim_engine *engine, enum mesh_message_kind kind)
{
    struct count count = {engine->config.warmup_ns, kind, 0};
    sim_flights_visit(engine, count_message, &count);
    return count.count;
}
