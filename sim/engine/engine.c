// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#include "allocate.h"
#include "state.h"

#define OUTPUT_EVENTS 16u  // the output holds what this many events can cause at most

static uint32_t lanes_for(uint32_t update_count)
{
    return update_count == 0 ? 64 : (update_count + 63) / 64 * 64;
}

static uint32_t index_for(uint32_t lanes)
{
    uint32_t capacity = 128;
    while (capacity < 2 * lanes) {
        capacity *= 2;
    }
    return capacity;
}

uint64_t sim_engine_memory_bytes(uint32_t node_count, uint32_t update_count, enum mesh_mode mode)
{
    uint32_t lanes = lanes_for(update_count);
    uint64_t per_node = mesh_replica_bytes(lanes / 64, mesh_mode_planes(mode)) +
                        sizeof(struct sim_timer) + (update_count > 0 ? sizeof(uint32_t) : 0);
    return node_count * per_node + lanes * sizeof(struct mesh_update) +
           index_for(lanes) * sizeof(uint32_t);
}

// ---- Creation ----

static void create_table(struct sim_engine *engine)
{
    uint32_t write_count = engine->config.write_count;
    uint32_t lanes = lanes_for(write_count);
    uint32_t index_capacity = index_for(lanes);
    engine->words = lanes / 64;
    engine->updates = sim_memory_pages(lanes * sizeof *engine->updates);
    engine->index = sim_memory_zeroed(index_capacity * sizeof *engine->index);
    mesh_table_init(&engine->table, engine->updates, lanes, engine->index, index_capacity, NULL);
    engine->writes = sim_memory_zeroed(write_count * sizeof *engine->writes);
    engine->written = sim_memory_zeroed(write_count);
    if (write_count > 0) {
        memcpy(engine->writes, engine->config.writes, write_count * sizeof *engine->writes);
        engine->sequences =
            sim_memory_zeroed(engine->config.node_count * sizeof *engine->sequences);
    }
}

static void create_blocks(struct sim_engine *engine)
{
    uint32_t node_count = engine->config.node_count;
    size_t stride = mesh_replica_bytes(engine->words, mesh_planes(engine->config.mesh));
    engine->replica_bytes = node_count * stride;
    engine->replicas = sim_memory_pages(engine->replica_bytes);
    engine->block_count = (node_count + SIM_BLOCK_NODES - 1) >> SIM_BLOCK_SHIFT;
    engine->blocks = sim_memory_zeroed(engine->block_count * sizeof *engine->blocks);
    for (uint32_t i = 0; i < engine->block_count; i++) {
        uint32_t first = i << SIM_BLOCK_SHIFT;
        uint32_t left = node_count - first;
        engine->blocks[i].states = (struct mesh_states){
            .replicas = (char *)engine->replicas + first * stride,
            .stride = stride,
            .node_first = first,
            .node_count = left < SIM_BLOCK_NODES ? left : SIM_BLOCK_NODES,
            .words = engine->words,
            .planes = mesh_planes(engine->config.mesh),
            .table = &engine->table,
        };
    }
}

static void create_worker(struct sim_engine *engine)
{
    struct sim_worker *worker = &engine->worker;
    const struct sim_engine_config *config = &engine->config;
    struct mesh_bound bound = mesh_output_bound(config->mesh, engine->words);
    engine->message_words = bound.message_words;
    worker->output.record_capacity = OUTPUT_EVENTS * bound.records;
    worker->output.records =
        sim_memory_zeroed(worker->output.record_capacity * sizeof *worker->output.records);
    worker->output.target_capacity = OUTPUT_EVENTS * bound.targets;
    worker->output.targets =
        sim_memory_zeroed(worker->output.target_capacity * sizeof *worker->output.targets);
    uint64_t windows = sim_account_transit_ns(config->network) / engine->window_ns + 3;
    if (config->queue == SIM_QUEUE_WINDOWS) {
        sim_ring_init(&worker->ring, engine->block_count, engine->window_ns,
                      config->network->latency_ns_max);
        engine->windows_per_slot = 1;
        sim_messages_init(&worker->messages, worker->ring.slot_count, bound.message_words);
    } else {
        engine->windows_per_slot = (uint32_t)(windows / 1000 + 1);
        sim_messages_init(&worker->messages, (uint32_t)(windows / engine->windows_per_slot + 2),
                          bound.message_words);
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
        uint32_t node = scope->members == NULL ? scope->first + i : scope->members[i];
        assert(node < engine->config.node_count);
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
    create_table(made);
    create_blocks(made);
    create_worker(made);
    sim_account_init(made);
    start(made);
    *engine = made;
    return true;
}

static void destroy_worker(struct sim_worker *worker, enum sim_queue queue)
{
    sim_memory_free(worker->keys);
    sim_memory_free(worker->keys_scratch);
    sim_memory_free(worker->output.records);
    sim_memory_free(worker->output.targets);
    sim_memory_free(worker->changes);
    sim_memory_free(worker->changes_scratch);
    if (queue == SIM_QUEUE_WINDOWS) {
        sim_ring_finish(&worker->ring);
    }
    sim_heap_finish(&worker->heap);
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
    destroy_worker(&engine->worker, engine->config.queue);
    sim_account_finish(engine);
    sim_memory_free(engine->blocks);
    sim_memory_free_pages(engine->replicas, engine->replica_bytes);
    sim_memory_free_pages(engine->updates, engine->table.lane_capacity * sizeof *engine->updates);
    sim_memory_free(engine->index);
    sim_memory_free(engine->writes);
    sim_memory_free(engine->written);
    sim_memory_free(engine->sequences);
    XXH3_freeState(engine->hash);
    sim_memory_free(engine);
}

// ---- Running ----

// Reserves lanes for the writes of the window that begins.
static void begin_window(struct sim_engine *engine)
{
    struct sim_worker *worker = &engine->worker;
    uint64_t end_ns = (engine->window + 1) * engine->window_ns;
    if (engine->window % engine->windows_per_slot == 0) {
        uint64_t slot = engine->window / engine->windows_per_slot;
        sim_messages_turn(&worker->messages, (uint32_t)(slot % worker->messages.slot_count));
        worker->output.messages = NULL;
        worker->output.message_words = 0;
        worker->output.message_word_capacity = 0;
    }
    engine->write_first = engine->write_end;
    while (engine->write_end < engine->config.write_count &&
           engine->writes[engine->write_end].time_ns < end_ns) {
        struct sim_write *write = &engine->writes[engine->write_end++];
        struct mesh_dot dot = {write->node, ++engine->sequences[write->node]};
        write->write.lane = mesh_table_reserve(&engine->table, dot);
        assert(write->write.lane != MESH_LANE_NONE);
    }
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
static void hash_changes(struct sim_engine *engine)
{
    const struct sim_worker *worker = &engine->worker;
    for (uint32_t i = 0; i < worker->change_count; i++) {
        const struct sim_change *change = &worker->changes[i];
        for (uint64_t lanes = change->lanes; lanes != 0; lanes &= lanes - 1) {
            const struct mesh_update *update =
                &engine->updates[64 * change->word + (uint32_t)__builtin_ctzll(lanes)];
            uint64_t entry[4] = {
                htole64(change->time_ns),
                htole64((uint64_t)change->node << 32 | update->dot.origin),
                htole64(update->dot.sequence),
                htole64(update->hash[0]),
            };
            XXH3_64bits_update(engine->hash, entry, sizeof entry);
        }
    }
}

// Message counts enter at checkpoints.
static void checkpoint(struct sim_engine *engine, uint64_t time_ns)
{
    for (uint32_t kind = 1; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
            const struct sim_counters *counters = &engine->worker.counters[kind][pair];
            uint64_t entry[6] = {
                htole64(counters->messages), htole64(counters->bytes),
                htole64(counters->updates),  htole64(counters->duplicated),
                htole64(counters->lost),     htole64(counters->delivered),
            };
            XXH3_64bits_update(engine->hash, entry, sizeof entry);
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
    hash_changes(engine);
    if (observer->changes != NULL && worker->change_count > 0) {
        observer->changes(observer->context, &engine->table, worker->changes, worker->change_count);
    }
    worker->change_count = 0;
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
        begin_window(engine);
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

static bool is_counted(const struct sim_engine *engine, const struct mesh_message *message,
                       enum mesh_message_kind kind)
{
    return message->kind == kind && message->sent_ns >= engine->config.warmup_ns;
}

static uint64_t in_heap(const struct sim_engine *engine, enum mesh_message_kind kind)
{
    const struct sim_worker *worker = &engine->worker;
    uint64_t count = 0;
    for (uint32_t i = 0; i < worker->heap.count; i++) {
        const struct sim_heap_event *event = &worker->heap.events[i];
        count +=
            event->received &&
            is_counted(engine,
                       sim_messages_at(&worker->messages, sim_event_reference(event->reference)),
                       kind);
    }
    return count;
}

static uint64_t in_ring(const struct sim_engine *engine, enum mesh_message_kind kind)
{
    const struct sim_worker *worker = &engine->worker;
    const struct sim_ring *ring = &worker->ring;
    uint64_t count = 0;
    for (uint32_t i = 0; i < ring->slot_count * ring->block_count; i++) {
        uint32_t fill = ring->buckets[i].fill;
        for (const struct sim_event_chunk *chunk = ring->buckets[i].first; chunk != NULL;
             chunk = chunk->next, fill = SIM_CHUNK_EVENTS) {
            for (uint32_t j = 0; j < fill; j++) {
                uint32_t reference = sim_event_reference(chunk->events[j]);
                count += is_counted(engine, sim_messages_at(&worker->messages, reference), kind);
            }
        }
    }
    for (uint32_t i = 0; i < ring->far_count; i++) {
        count += is_counted(engine, ring->far[i].message, kind);
    }
    return count;
}

uint64_t sim_engine_in_flight(const struct sim_engine *engine, enum mesh_message_kind kind)
{
    return engine->config.queue == SIM_QUEUE_HEAP ? in_heap(engine, kind) : in_ring(engine, kind);
}
