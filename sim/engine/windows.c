// SPDX-License-Identifier: GPL-3.0-or-later
// One stride, block by block and window by window: gather, sort, step.
#include <assert.h>

#include "allocate.h"
#include "mesh/schedule.h"
#include "order.h"
#include "state.h"

#define EVENTS_TOGETHER 256u  // in a window, for threads to be worth waking

static void make_room(struct sim_worker *worker, uint32_t count)
{
    if (count > worker->keys_capacity) {
        worker->keys_capacity = 2 * count;
        worker->keys =
            sim_memory_resize(worker->keys, worker->keys_capacity * sizeof *worker->keys);
        worker->keys_scratch = sim_memory_resize(
            worker->keys_scratch, worker->keys_capacity * sizeof *worker->keys_scratch);
    }
}

static uint32_t add_tick(struct sim_worker *worker, const struct sim_timers *timers,
                         uint64_t offset_ns, uint32_t local, uint32_t count)
{
    make_room(worker, count + 1);
    worker->keys[count] = sim_event_pack(offset_ns, local, 0, SIM_REFERENCE_TICK + timers->scope);
    return count + 1;
}

// Appends the ticks that fall before the end of the window.
static uint32_t take_periodic(struct sim_worker *worker, struct sim_timers *timers,
                              uint64_t start_ns, uint64_t end_ns, uint32_t count)
{
    while (timers->count > 0 && timers->turn_ns + timers->timers[timers->cursor].at_ns < end_ns) {
        const struct sim_timer *timer = &timers->timers[timers->cursor];
        count = add_tick(worker, timers, timers->turn_ns + timer->at_ns - start_ns, timer->local,
                         count);
        if (++timers->cursor == timers->count) {
            timers->cursor = 0;
            timers->turn_ns += timers->period_ns;
        }
    }
    return count;
}

static uint32_t take_irregular(struct sim_worker *worker, const struct sim_block *block,
                               struct sim_timers *timers, uint32_t count)
{
    const struct sim_engine *engine = worker->engine;
    uint64_t start_ns = worker->window * engine->window_ns;
    uint64_t end_ns = start_ns + engine->window_ns;
    for (uint32_t i = 0; i < timers->count; i++) {
        struct sim_timer *timer = &timers->timers[i];
        while (timer->at_ns < end_ns) {
            count = add_tick(worker, timers, timer->at_ns - start_ns, timer->local, count);
            timer->at_ns =
                mesh_schedule_next_ns(engine->config.mesh, timers->scope,
                                      block->states.node_first + timer->local, timer->at_ns);
        }
    }
    return count;
}

// The messages that arrive at a block in this window, out of every worker's ring.
static uint32_t take_messages(struct sim_worker *worker, uint32_t block_index)
{
    const struct sim_engine *engine = worker->engine;
    uint32_t count = 0;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        struct sim_ring *ring = &engine->workers[i]->ring;
        struct sim_bucket *bucket = sim_ring_bucket(ring, worker->window, block_index);
        if (bucket->first != NULL) {
            make_room(worker, count + sim_ring_count(bucket));
            count += sim_ring_take(bucket, worker->keys + count, &worker->emptied[i]);
        }
    }
    return count;
}

static uint32_t gather(struct sim_worker *worker, uint32_t block_index)
{
    struct sim_engine *engine = worker->engine;
    struct sim_block *block = &engine->blocks[block_index];
    uint32_t count = take_messages(worker, block_index);
    uint64_t start_ns = worker->window * engine->window_ns;
    for (uint32_t i = 0; i < block->timers_count; i++) {
        struct sim_timers *timers = &block->timers[i];
        if (timers->silent) {
            continue;
        }
        count = timers->period_ns == 0
                    ? take_irregular(worker, block, timers, count)
                    : take_periodic(worker, timers, start_ns, start_ns + engine->window_ns, count);
    }
    return count;
}

// Asks for the cache lines that the core will touch, replica and message, and notes where the
// messages are. Always inline: gcc drops calls of functions that only prefetch.
__attribute__((always_inline)) static inline void look_ahead(struct sim_worker *worker,
                                                             const struct mesh_states *states,
                                                             uint32_t first, uint32_t end)
{
    const struct mesh_message **messages = worker->heard[first / SIM_BATCH_EVENTS % 2];
    bool wide = states->words > 1;
    for (uint32_t i = first; i < end; i++) {
        uint64_t key = worker->keys[i];
        __builtin_prefetch((char *)states->replicas + sim_event_local(key) * states->stride, 1);
        uint32_t reference = sim_event_reference(key);
        const struct mesh_message *message = NULL;
        if (reference >= SIM_REFERENCE_FREE) {
            message = sim_messages_at(&worker->messages, reference);
            __builtin_prefetch(message);
            if (wide) {
                sim_messages_ask_for(message);
            }
        }
        messages[i - first] = message;
    }
}

void sim_unpack_own(struct sim_engine *engine, uint32_t reference, struct mesh_event *event)
{
    if (reference >= SIM_REFERENCE_TICK) {
        event->kind = MESH_EVENT_TICK;
        event->scope = (uint16_t)(reference - SIM_REFERENCE_TICK);
        event->tick =
            mesh_schedule_number(&engine->config.mesh->scopes[event->scope], event->time_ns);
        return;
    }
    if (reference == SIM_REFERENCE_JOIN) {
        sim_faults_join(engine, event);
        return;
    }
    if (reference == SIM_REFERENCE_REPORT) {
        const struct sim_report *report =
            sim_edges_take_report(engine, event->time_ns, event->node);
        event->kind = MESH_EVENT_WRITE;
        event->scope = (uint16_t)report->write.key;
        event->write = &report->write;
        return;
    }
    const struct sim_write *write = sim_engine_take_write(engine, event->time_ns, event->node);
    event->kind = MESH_EVENT_WRITE;
    event->scope = write->scope;
    event->write = &write->write;
}

// Fills the batch with the events [first, end); messages are counted as delivered.
static void unpack(struct sim_worker *worker, const struct mesh_states *states, uint32_t first,
                   uint32_t end)
{
    struct sim_engine *engine = worker->engine;
    const struct mesh_message **messages = worker->heard[first / SIM_BATCH_EVENTS % 2];
    uint64_t start_ns = worker->window * engine->window_ns;
    uint64_t warmup_ns = engine->config.warmup_ns;
    for (uint32_t i = first; i < end; i++) {
        uint64_t key = worker->keys[i];
        struct mesh_event *event = &worker->batch[i - first];
        const struct mesh_message *message = messages[i - first];
        event->time_ns = start_ns + sim_event_offset_ns(key);
        event->node = states->node_first + sim_event_local(key);
        if (message == NULL) {
            sim_unpack_own(engine, sim_event_reference(key), event);
            continue;
        }
        event->kind = MESH_EVENT_RECEIVE;
        event->scope = message->scope;
        event->message = message;
        worker->counters[message->kind][sim_event_pair(key)].delivered +=
            message->sent_ns >= warmup_ns;
    }
}

static uint32_t batch_end(uint32_t first, uint32_t count)
{
    return count - first < SIM_BATCH_EVENTS ? count : first + SIM_BATCH_EVENTS;
}

// One event of the block's own, or a message that arrives at a host with so many processors.
static void take_one(struct sim_worker *worker, struct sim_block *block, uint64_t key)
{
    struct sim_engine *engine = worker->engine;
    uint64_t start_ns = worker->window * engine->window_ns;
    uint64_t time_ns = start_ns + sim_event_offset_ns(key);
    uint32_t node = block->states.node_first + sim_event_local(key);
    uint32_t reference = sim_event_reference(key);
    if (reference >= SIM_REFERENCE_FREE) {
        sim_cores_take(worker, block, time_ns, node, sim_event_pair(key),
                       sim_messages_under_way(&worker->messages, reference),
                       start_ns + engine->window_ns);
        return;
    }
    worker->batch[0] = (struct mesh_event){.time_ns = time_ns, .node = node};
    sim_unpack_own(engine, reference, &worker->batch[0]);
    if (worker->batch[0].kind == MESH_EVENT_WRITE) {
        sim_cores_sign(worker, block, time_ns, node);
    }
    sim_step_batch(worker, block, 1, 0);
}

// Where messages wait for processors each event stands alone, between those that are served.
static void run_served(struct sim_worker *worker, struct sim_block *block, uint32_t count)
{
    const struct sim_engine *engine = worker->engine;
    uint64_t start_ns = worker->window * engine->window_ns;
    uint64_t end_ns = start_ns + engine->window_ns;
    sim_order_events(&worker->keys, &worker->keys_scratch, count, engine->window_bits,
                     &worker->messages);
    count = sim_faults_admit(worker, &block->states, count);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t key = worker->keys[i];
        while (sim_cores_run(worker, block, end_ns, start_ns + sim_event_offset_ns(key),
                             block->states.node_first + sim_event_local(key))) {
        }
        take_one(worker, block, key);
    }
    while (sim_cores_run(worker, block, end_ns, end_ns, 0)) {
    }
}

static void run_block(struct sim_worker *worker, uint32_t block_index)
{
    const struct sim_engine *engine = worker->engine;
    struct sim_block *block = &engine->blocks[block_index];
    const struct mesh_states *states = &block->states;
    uint64_t last_ns = (worker->window + 1) * engine->window_ns - 1;
    uint32_t count = gather(worker, block_index);
    if (engine->cores.per_host > 0) {
        run_served(worker, block, count);
        count = 0;
    }
    if (count == 0) {
        sim_rafts_run_block(worker, block, last_ns);
        sim_swims_run_block(worker, block, last_ns);
        return;
    }
    sim_order_events(&worker->keys, &worker->keys_scratch, count, engine->window_bits,
                     &worker->messages);
    if (engine->recycles) {
        sim_ahead_run(worker, block, count);
        return;
    }
    count = sim_faults_admit(worker, states, count);
    look_ahead(worker, states, 0, batch_end(0, count));
    for (uint32_t first = 0; first < count; first += SIM_BATCH_EVENTS) {
        uint32_t end = batch_end(first, count);
        look_ahead(worker, states, end, batch_end(end, count));
        unpack(worker, states, first, end);
        sim_step_batch(worker, block, end - first, 0);
    }
    sim_rafts_run_block(worker, block, last_ns);
    sim_swims_run_block(worker, block, last_ns);
}

// Sends from this window on.
static void go_on(struct sim_worker *worker, uint64_t window)
{
    if (worker->window != window) {
        worker->window = window;
        sim_messages_go_on(&worker->messages, &worker->output,
                           (uint32_t)(window % worker->messages.slot_count));
    }
}

// What each thread does: it takes blocks until none is left, and runs the windows in each.
static void run_blocks(void *context, uint32_t index)
{
    struct sim_engine *engine = context;
    struct sim_worker *worker = engine->workers[index];
    for (uint32_t taken = 0;; taken++) {
        uint32_t block = sim_piece_take(engine, &engine->block_next, index, taken);
        if (block >= engine->block_count) {
            return;
        }
        for (uint64_t window = engine->run_first; window < engine->run_end; window++) {
            go_on(worker, window);
            run_block(worker, block);
        }
        sim_ring_give_back(&worker->ring, &worker->emptied[index]);
    }
}

// Few events are over before the other threads have noticed: how many there are is taken from the
// time before.
static void run_all_blocks(struct sim_engine *engine, uint64_t first, uint64_t end)
{
    uint64_t events = sim_engine_events(engine);
    engine->run_first = first;
    engine->run_end = end;
    engine->together =
        events - engine->events_before >= (engine->config.deals ? 1 : EVENTS_TOGETHER);
    engine->events_before = events;
    atomic_store_explicit(&engine->block_next, 0, memory_order_relaxed);
    if (engine->together) {
        sim_threads_run(engine->threads, run_blocks, engine);
    } else {
        run_blocks(engine, 0);
    }
}

void sim_push(struct sim_worker *worker, uint64_t time_ns, uint32_t node, enum sim_pair_class pair,
              uint32_t reference)
{
    const struct sim_engine *engine = worker->engine;
    uint32_t block = sim_block_of(engine, node);
    uint64_t window = time_ns / engine->window_ns;
    sim_ring_push(&worker->ring, sim_ring_bucket(&worker->ring, window, block),
                  sim_event_pack(time_ns - window * engine->window_ns,
                                 node - engine->blocks[block].states.node_first, pair, reference));
}

// Those of so many windows; the messages are copied to the message memory's current slot.
static void pull_far(struct sim_worker *worker, uint64_t windows)
{
    struct sim_ring *ring = &worker->ring;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < ring->far_count; i++) {
        struct sim_far_event *far = &ring->far[i];
        if (far->arrival_ns / ring->window_ns - ring->window >= windows) {
            ring->far[kept++] = *far;
            continue;
        }
        uint32_t reference = sim_messages_copy(&worker->messages, &worker->output, far->message);
        sim_push(worker, far->arrival_ns, far->target, far->pair, reference);
        sim_memory_free(far->message);
    }
    ring->far_count = kept;
}

static void prepare_rings(struct sim_engine *engine)
{
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        struct sim_worker *worker = engine->workers[i];
        worker->ring.window = engine->window;
        for (uint32_t j = 0; j < engine->worker_count; j++) {
            sim_ring_give_back(&engine->workers[j]->ring, &worker->emptied[j]);
        }
        if (engine->stride_most > 1) {
            pull_far(worker, engine->window_end - engine->window);
        } else if (sim_ring_pulls(&worker->ring)) {
            pull_far(worker, worker->ring.slot_count);
        }
    }
}

static void push_own(struct sim_engine *engine, uint64_t time_ns, uint32_t node, uint32_t reference)
{
    sim_push(engine->workers[0], time_ns, node, SIM_SAME_HOST, reference);
}

// Blocks that share a home hear each other within a stride, window after window.
static void run_stride(struct sim_engine *engine)
{
    if (engine->blocks_run_ahead) {
        run_all_blocks(engine, engine->window, engine->window_end);
        return;
    }
    for (uint64_t window = engine->window; window < engine->window_end; window++) {
        run_all_blocks(engine, window, window + 1);
    }
}

void sim_windows_run_stride(struct sim_engine *engine)
{
    prepare_rings(engine);
    sim_faults_push_joins(engine, push_own);
    for (uint32_t i = engine->write_first; i < engine->write_end; i++) {
        if (engine->written[i]) {
            continue;
        }
        push_own(engine, engine->writes[i].time_ns, engine->writes[i].node, SIM_REFERENCE_WRITE);
    }
    sim_quiet_begin_window(engine);
    run_stride(engine);
    sim_cross_kept(engine);
}
