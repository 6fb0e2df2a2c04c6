// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "allocate.h"
#include "order.h"
#include "state.h"

#define HEAP_REACH_NS_MAX UINT64_C(10000000000)  // messages on their way for longer are copied
#define NODES_PER_THREAD 4096u                   // of a run whose threads nobody named

// ---- Creation ----

static void create_writes(struct sim_engine *engine)
{
    uint32_t write_count = engine->config.write_count;
    engine->writes = sim_memory_zeroed(write_count * sizeof *engine->writes);
    engine->written = sim_memory_zeroed(write_count);
    engine->sequences =
        write_count == 0 && engine->config.reporting.every_ns == 0 &&
                engine->config.mesh->raft_count == 0
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
    struct mesh_bound most = mesh_output_bound(
        engine->config.mesh, sim_edges_words_max(engine) + sim_lanes_words_max(engine));
    size_t quarter = (most.message_words + 3) / 4;
    return quarter > engine->message_words ? quarter : engine->message_words;
}

// So many that each has blocks enough to make up for waiting for the others at every window's end.
static uint32_t workers_for(const struct sim_engine *engine)
{
    const struct sim_engine_config *config = &engine->config;
    uint32_t wanted = config->threads;
    if (wanted == 0) {
        wanted = config->node_count / NODES_PER_THREAD;
        uint32_t available = sim_threads_available();
        wanted = wanted < available ? wanted : available;
    }
    bool alone = config->queue == SIM_QUEUE_HEAP || config->observer.sent != NULL || wanted == 0;
    return alone ? 1 : wanted < SIM_THREADS_MAX ? wanted : SIM_THREADS_MAX;
}

static void create_workers(struct sim_engine *engine)
{
    engine->worker_count = workers_for(engine);
    engine->workers = sim_memory_zeroed(engine->worker_count * sizeof(struct sim_worker *));
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        struct sim_worker *worker = sim_memory_pages(sizeof *worker);
        worker->engine = engine;
        worker->emptied = sim_memory_zeroed(engine->worker_count * sizeof *worker->emptied);
        engine->workers[i] = worker;
    }
    engine->threads = sim_threads_create(engine->worker_count);
    engine->counters = sim_memory_zeroed(MESH_MESSAGE_KIND_COUNT * sizeof *engine->counters);
}

// Slots of the message memory: of the ring, or what the heap needs.
static uint32_t message_slots(struct sim_engine *engine)
{
    uint32_t stride = engine->stride_most;
    if (engine->config.queue == SIM_QUEUE_WINDOWS) {
        uint64_t reach = sim_strides_reach_ns(engine) / engine->window_ns + 2;
        uint32_t slots = engine->workers[0]->ring.slot_count;
        slots = stride > 1 && reach + stride < slots ? (uint32_t)reach + stride : slots;
        engine->windows_per_slot = 1;
        engine->ahead_most = slots - stride;
        return slots;
    }
    uint64_t reach_ns = sim_account_transit_ns(engine->config.network);
    reach_ns = reach_ns < HEAP_REACH_NS_MAX ? reach_ns : HEAP_REACH_NS_MAX;
    uint64_t windows = reach_ns / engine->window_ns + 3;
    engine->windows_per_slot = (uint32_t)(windows / 1000 + stride);
    uint32_t slots = (uint32_t)(windows / engine->windows_per_slot + 1);
    engine->reach_ns = (uint64_t)slots * engine->windows_per_slot * engine->window_ns;
    return slots + 3;
}

static void equip_workers(struct sim_engine *engine)
{
    const struct sim_network *network = engine->config.network;
    sim_chunks_init(&engine->chunks, message_words_max(engine));
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        struct sim_worker *worker = engine->workers[i];
        if (network->has_channels || network->by_place != 0 || network->old_links != NULL) {
            worker->latencies = sim_memory_zeroed(sizeof *worker->latencies);
        }
        if (engine->config.queue == SIM_QUEUE_WINDOWS) {
            sim_ring_init(&worker->ring, engine->block_count, engine->window_ns,
                          sim_strides_reach_ns(engine) +
                              (engine->stride_most - 1) * engine->window_ns);
        }
        sim_messages_init(&worker->messages, &engine->chunks, message_slots(engine));
        worker->latencies_from_ns = engine->config.warmup_ns;
    }
    sim_lanes_size_pieces(engine);
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
    struct sim_worker *worker = engine->workers[0];
    struct mesh_output *output = &worker->output;
    for (uint32_t i = 0; i < scope->count; i++) {
        uint32_t node = sim_scope_member(scope, i);
        struct sim_block *block = &engine->blocks[sim_block_of(engine, node)];
        struct mesh_event event = {.node = node, .scope = scope_index, .kind = MESH_EVENT_START};
        sim_messages_provide(&worker->messages, output, engine->message_words);
        uint32_t handled = mesh_step(engine->config.mesh, &block->states, &event, 1, output);
        assert(handled == 1 && output->record_count == 1);
        assert(output->records[0].kind == MESH_RECORD_TIMER);
        uint64_t period_ns = scope->schedule == MESH_POISSON ? 0 : scope->interval_ns;
        sim_timers_add(timers_of(block, scope_index, period_ns), output->records[0].timer.at_ns,
                       node - block->states.node_first);
        output->record_count = 0;
    }
}

struct sim_timers *sim_engine_timers(struct sim_engine *engine, uint32_t node, uint16_t scope)
{
    const struct mesh_scope *found = &engine->config.mesh->scopes[scope];
    return timers_of(&engine->blocks[sim_block_of(engine, node)], scope,
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
    create_workers(made);
    create_writes(made);
    sim_liars_create(made);
    sim_tiers_create(made);
    sim_lanes_create(made);
    sim_roles_create(made);
    sim_tiers_attach(made);
    sim_liars_attach(made);
    sim_rafts_create(made);
    sim_swims_create(made);
    sim_strides_create(made);
    equip_workers(made);
    sim_account_init(made);
    sim_faults_create(made);
    sim_relays_create(made);
    sim_cores_create(made);
    sim_quiet_create(made);
    start(made);
    sim_rafts_start(made);
    sim_swims_start(made);
    *engine = made;
    return true;
}

static void destroy_worker(struct sim_worker *worker)
{
    sim_memory_free(worker->keys);
    sim_memory_free(worker->keys_scratch);
    sim_memory_free(worker->output.records);
    sim_memory_free(worker->output.targets);
    sim_memory_free(worker->output.news);
    sim_memory_free(worker->changes);
    sim_memory_free(worker->notes);
    sim_memory_free(worker->raft_notes);
    sim_memory_free(worker->swim_notes);
    sim_kept_finish(&worker->kept);
    sim_memory_free(worker->settled);
    sim_memory_free(worker->work);
    sim_memory_free(worker->latencies);
    sim_memory_free(worker->emptied);
    sim_memory_free(worker->scratch);
    sim_ring_finish(&worker->ring);
    sim_heap_finish(&worker->heap);
    sim_messages_finish(&worker->messages);
    sim_memory_free_pages(worker, sizeof *worker);
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
    sim_threads_destroy(engine->threads);
    sim_cores_finish(engine);
    sim_liars_finish(engine);
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        destroy_worker(engine->workers[i]);
    }
    sim_memory_free(engine->workers);
    sim_chunks_finish(&engine->chunks);
    sim_channels_finish(&engine->channels);
    sim_account_finish(engine);
    sim_faults_finish(engine);
    sim_relays_finish(engine);
    sim_rafts_finish(engine);
    sim_swims_finish(engine);
    sim_quiet_finish(engine);
    sim_lanes_finish(engine);
    sim_tiers_finish(engine);
    sim_memory_free(engine->roles);
    sim_memory_free(engine->has_role);
    sim_memory_free(engine->counters);
    sim_memory_free(engine->changes);
    sim_memory_free(engine->changes_scratch);
    sim_memory_free(engine->writes);
    sim_memory_free(engine->written);
    sim_memory_free(engine->sequences);
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

static void refuse(struct sim_engine *engine, uint32_t write)
{
    const struct sim_observer *observer = &engine->config.observer;
    engine->written[write] = 1;
    if (observer->refused != NULL) {
        observer->refused(observer->context, write);
    }
}

// Reserves lanes for the writes of the stride that begins; false: there are not enough.
static bool reserve_lanes(struct sim_engine *engine)
{
    uint64_t end_ns = sim_stride_end_ns(engine);
    engine->write_first = engine->write_end;
    uint32_t end = engine->write_first;
    while (end < engine->config.write_count && engine->writes[end].time_ns < end_ns) {
        end++;
    }
    if (!sim_lanes_provide(engine, end - engine->write_first + sim_tiers_totals_wanted(engine) +
                                       sim_rafts_registers_wanted(engine) +
                                       sim_liars_lanes_wanted(engine, engine->write_first, end) +
                                       sim_altering_lanes_wanted(engine))) {
        return false;
    }
    sim_rafts_begin_window(engine);
    sim_liars_forge(engine);
    sim_altering_begin(engine);
    sim_swims_begin_window(engine);
    for (; engine->write_end < end; engine->write_end++) {
        struct sim_write *write = &engine->writes[engine->write_end];
        if (sim_faults_silence(engine, write->time_ns, write->node)) {
            silence(engine, engine->write_end);
            continue;
        }
        if (sim_swims_refuse(engine, write->node)) {
            refuse(engine, engine->write_end);
            continue;
        }
        struct mesh_dot dot = {write->node, ++engine->sequences[write->node]};
        write->write.lane = mesh_table_reserve(&engine->table, dot);
        engine->write_of_lane[write->write.lane] = engine->write_end;
        sim_liars_reserve(engine, write);
    }
    sim_tiers_reserve_totals(engine);
    return true;
}

// Empties the slots of the message memory that the stride will fill.
static void turn_messages(struct sim_engine *engine)
{
    uint64_t slot = engine->window / engine->windows_per_slot;
    uint64_t end = engine->windows_per_slot == 1 ? engine->window_end : slot + 1;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        struct sim_worker *worker = engine->workers[i];
        worker->window = engine->window;
        for (uint64_t next = slot < engine->slot ? engine->slot : slot; next < end; next++) {
            sim_messages_empty(&worker->messages, (uint32_t)(next % worker->messages.slot_count));
        }
        sim_messages_go_on(&worker->messages, &worker->output,
                           (uint32_t)(slot % worker->messages.slot_count));
    }
    engine->slot = end;
}

static bool begin_stride(struct sim_engine *engine, uint64_t until_ns)
{
    engine->window_end = sim_strides_end(engine, until_ns);
    turn_messages(engine);
    return sim_swims_fit(engine) && sim_faults_begin_window(engine) && reserve_lanes(engine) &&
           sim_edges_begin_window(engine);
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

// All workers' changes in one list, in the total order; returns how many.
static uint32_t collect_changes(struct sim_engine *engine)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        count += engine->workers[i]->change_count;
    }
    if (count > engine->change_capacity) {
        size_t bytes = (size_t)2 * count * sizeof *engine->changes;
        engine->change_capacity = 2 * count;
        engine->changes = sim_memory_resize(engine->changes, bytes);
        engine->changes_scratch = sim_memory_resize(engine->changes_scratch, bytes);
    }
    count = 0;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        struct sim_worker *worker = engine->workers[i];
        if (worker->change_count > 0) {
            memcpy(engine->changes + count, worker->changes,
                   worker->change_count * sizeof *worker->changes);
            count += worker->change_count;
            worker->change_count = 0;
        }
    }
    if (engine->config.queue == SIM_QUEUE_WINDOWS) {  // the heap handles events in that order
        sim_order_changes(engine->changes, engine->changes_scratch, count);
    }
    return count;
}

// What entered since the run began, and the counts of the messages that there were, by kind and
// pair class; and what entered until the checkpoint before.
static void checkpoint(struct sim_engine *engine, uint64_t time_ns)
{
    uint64_t entries[2 + 12 * SIM_PAIR_CLASS_COUNT * MESH_MESSAGE_KIND_COUNT];
    uint32_t count = 0;
    entries[count++] = engine->fingerprint;
    entries[count] = SIM_FINGERPRINT_VERSION;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        entries[count] += engine->workers[i]->ingredients;
    }
    count++;
    for (uint32_t kind = 1; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
            const struct sim_counters *counters = sim_engine_counters(
                engine, (enum mesh_message_kind)kind, (enum sim_pair_class)pair);
            if (counters->messages == 0) {
                continue;
            }
            entries[count++] = (uint64_t)kind << 32 | pair;
            entries[count++] = counters->messages;
            entries[count++] = counters->bytes;
            entries[count++] = counters->updates;
            entries[count++] = counters->duplicated;
            entries[count++] = counters->lost;
            entries[count++] = counters->dropped;
            entries[count++] = counters->corrupted;
            entries[count++] = counters->delivered;
            if (engine->faults.any) {
                entries[count++] = counters->cut;
                entries[count++] = counters->dead;
                entries[count++] = counters->refused;
            }
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        entries[i] = htole64(entries[i]);
    }
    engine->fingerprint = XXH3_64bits(entries, count * sizeof *entries);
    engine->checkpoint_next_ns = (time_ns / SIM_CHECKPOINT_NS + 1) * (uint64_t)SIM_CHECKPOINT_NS;
    if (engine->config.observer.checkpoint != NULL) {
        engine->config.observer.checkpoint(engine->config.observer.context, time_ns,
                                           engine->fingerprint, sim_engine_events(engine));
    }
}

// Returns true when the observer has seen enough.
static bool end_stride(struct sim_engine *engine)
{
    const struct sim_observer *observer = &engine->config.observer;
    uint64_t time_ns = sim_stride_end_ns(engine);
    sim_faults_end_window(engine);
    sim_rafts_end_window(engine);
    sim_swims_end_window(engine);
    uint32_t change_count = collect_changes(engine);
    if (change_count > 0) {
        observer->changes(observer->context, &engine->table, engine->write_of_lane, engine->changes,
                          change_count);
    }
    sim_tiers_end_window(engine);
    sim_quiet_end_window(engine, time_ns);
    if (time_ns >= engine->checkpoint_next_ns || sim_account_is_due(engine, time_ns)) {
        sim_quiet_settle(engine, time_ns);
    }
    sim_account_window(engine, time_ns);
    if (time_ns >= engine->checkpoint_next_ns) {
        checkpoint(engine, time_ns);
    }
    return observer->window != NULL &&
           observer->window(observer->context, time_ns, sim_engine_events(engine));
}

uint64_t sim_engine_run(struct sim_engine *engine, uint64_t until_ns)
{
    bool enough = false;
    while (!enough && engine->window * engine->window_ns < until_ns) {
        if (!begin_stride(engine, until_ns)) {
            break;
        }
        if (engine->config.queue == SIM_QUEUE_HEAP) {
            sim_heap_run_stride(engine);
        } else {
            sim_windows_run_stride(engine);
        }
        enough = end_stride(engine);
        engine->window = engine->window_end;
    }
    uint64_t reached_ns = engine->window * engine->window_ns;
    sim_quiet_end(engine, reached_ns);
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
    uint64_t events = 0;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        events += engine->workers[i]->events;
    }
    return events;
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
    return mesh_tiers_of(sim_states_of(engine, node), node);
}

const struct mesh_raft *sim_engine_raft(const struct sim_engine *engine, uint32_t node)
{
    return mesh_raft_of(sim_states_of(engine, node), node);
}

const struct mesh_swim *sim_engine_swim(const struct sim_engine *engine, uint32_t node)
{
    const struct mesh_swim *swim = mesh_swim_of(sim_states_of(engine, node), node);
    return swim == NULL || swim->group == MESH_SWIM_NONE || sim_engine_is_down(engine, node) ? NULL
                                                                                             : swim;
}

const struct sim_error *sim_engine_failure(const struct sim_engine *engine)
{
    return engine->failure.code == SIM_OK ? NULL : &engine->failure;
}

const struct mesh_replica *sim_engine_replica(const struct sim_engine *engine, uint32_t node)
{
    return mesh_replica_of(sim_states_of(engine, node), node);
}

static void add_counters(struct sim_counters *sum, const struct sim_counters *counters)
{
    sum->messages += counters->messages;
    sum->bytes += counters->bytes;
    sum->saved_bytes += counters->saved_bytes;
    sum->transport_bytes += counters->transport_bytes;
    sum->digest_bytes += counters->digest_bytes;
    sum->updates += counters->updates;
    sum->duplicated += counters->duplicated;
    sum->lost += counters->lost;
    sum->dropped += counters->dropped;
    sum->corrupted += counters->corrupted;
    sum->altered += counters->altered;
    sum->cut += counters->cut;
    sum->dead += counters->dead;
    sum->refused += counters->refused;
    sum->delivered += counters->delivered;
    sum->idle += counters->idle;
    sum->idle_bytes += counters->idle_bytes;
    sum->handshakes += counters->handshakes;
    sum->resumed += counters->resumed;
    sum->handshake_bytes += counters->handshake_bytes;
}

const struct sim_counters *sim_engine_counters(const struct sim_engine *engine,
                                               enum mesh_message_kind kind,
                                               enum sim_pair_class pair)
{
    struct sim_counters *sum = &engine->counters[kind][pair];
    *sum = (struct sim_counters){0};
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        add_counters(sum, &engine->workers[i]->counters[kind][pair]);
    }
    return sum;
}

struct sim_engine_latency sim_engine_latency(const struct sim_engine *engine,
                                             enum sim_pair_class pair)
{
    const struct sim_link *link = &engine->config.network->links[pair];
    if (engine->workers[0]->latencies == NULL) {
        return (struct sim_engine_latency){
            .median_ns = sim_link_median_ns(link),
            .max_ns = sim_link_latency_ns(link, UINT32_MAX, UINT32_MAX),
        };
    }
    struct sim_latencies *all = sim_memory_zeroed(sizeof *all);
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        sim_latencies_add(all, engine->workers[i]->latencies, pair);
    }
    struct sim_engine_latency latency = {sim_latencies_median_ns(all, pair), all->max_ns[pair]};
    sim_memory_free(all);
    return latency;
}

struct count {
    uint64_t warmup_ns;
    uint64_t *counts;
};

static void count_message(void *context, struct mesh_message *message)
{
    const struct count *count = context;
    count->counts[message->kind] += message->sent_ns >= count->warmup_ns;
}

void sim_engine_in_flight(const struct sim_engine *engine, uint64_t counts[MESH_MESSAGE_KIND_COUNT])
{
    struct count count = {engine->config.warmup_ns, counts};
    memset(counts, 0, MESH_MESSAGE_KIND_COUNT * sizeof *counts);
    sim_flights_visit(engine, 0, engine->block_count, count_message, &count);
}
