// SPDX-License-Identifier: GPL-3.0-or-later
// What the parts of the engine share (private to this folder).
//
//     struct sim_engine
//       blocks[]   replicas and timers of 4,096 nodes each          windows.c   window after window
//       worker     buffers of one thread: batch, output, outbox,    heap_run.c  event after event
//                  ring, arena, changes, counters                   carry.c     records -> effects

#ifndef SIM_STATE_H
#define SIM_STATE_H

#include <xxhash.h>

#include "arena.h"
#include "engine.h"
#include "heap.h"
#include "queue.h"
#include "timers.h"

#define SIM_BATCH_EVENTS 64u

// Own events in place of a message's reference; ticks of scope s are SIM_REFERENCE_TICK + s.
#define SIM_REFERENCE_WRITE 1u
#define SIM_REFERENCE_TICK 2u

struct sim_block {
    struct mesh_states states;
    struct sim_timers *timers;  // [timers_count], one per scope its nodes are in
    uint32_t timers_count;
};

// Copies on their way to the network, one entry per target: columns, so that the draws are vector
// code.
struct sim_outbox {
    uint32_t count;
    uint32_t generation;  // of the event being handled; arrivals at the same instant get the next
    uint32_t low[SIM_DRAW_BATCH];
    uint32_t high[SIM_DRAW_BATCH];
    uint32_t source[SIM_DRAW_BATCH];
    uint32_t stream[SIM_DRAW_BATCH];
    uint32_t target[SIM_DRAW_BATCH];
    uint32_t place[SIM_DRAW_BATCH];
    uint32_t reference[SIM_DRAW_BATCH];
    uint32_t transport_bytes[SIM_DRAW_BATCH];
    const struct mesh_message *message[SIM_DRAW_BATCH];
    uint32_t words[4][SIM_DRAW_BATCH];
};

struct sim_worker {
    uint64_t *keys;            // events of one block and window
    uint64_t *keys_scratch;
    uint32_t keys_capacity;
    struct mesh_event batch[SIM_BATCH_EVENTS];
    struct mesh_output output;
    struct sim_outbox outbox;
    struct sim_ring ring;      // SIM_QUEUE_WINDOWS
    struct sim_heap heap;      // SIM_QUEUE_HEAP
    struct sim_arena arena;
    struct sim_change *changes;
    struct sim_change *changes_scratch;
    uint32_t change_count;
    uint32_t change_capacity;
    struct sim_counters counters[MESH_MESSAGE_KIND_COUNT][SIM_PAIR_CLASS_COUNT];
    uint64_t rejects;
    uint64_t events;
};

struct sim_engine {
    struct sim_engine_config config;
    uint64_t window_ns;
    uint64_t window_reciprocal;  // ceil(2^64 / window_ns)
    uint64_t window;             // index of the current one
    uint32_t windows_per_slot;   // of the arena
    uint32_t block_count;
    uint32_t words;
    struct sim_block *blocks;    // [block_count]
    void *replicas;
    size_t replica_bytes;
    struct mesh_table table;
    struct mesh_update *updates;
    uint32_t *index;
    struct sim_write *writes;    // [config.write_count], lanes filled in as they are reserved
    uint8_t *written;            // [config.write_count] 1: handled
    uint32_t *sequences;         // [node_count] writes reserved so far, NULL without writes
    uint32_t write_first;        // writes of the current window: [write_first, write_end)
    uint32_t write_end;
    uint64_t checkpoint_next_ns;
    XXH3_state_t *hash;
    uint64_t fingerprint;
    struct sim_worker worker;
};

// carry.c
void sim_step_batch(struct sim_engine *engine, const struct mesh_states *states, uint32_t count);
void sim_outbox_flush(struct sim_engine *engine);

// windows.c, heap_run.c: handle all events of the current window
void sim_windows_run_window(struct sim_engine *engine);
void sim_heap_run_window(struct sim_engine *engine);
void sim_heap_push_timers(struct sim_engine *engine);

// The write of an own event: of those at (time, node) the first that was not taken yet.
const struct sim_write *sim_engine_take_write(struct sim_engine *engine, uint64_t time_ns,
                                              uint32_t node);

// floor(ns / window_ns) for ns < 2^44.
static inline uint64_t sim_engine_windows_in(const struct sim_engine *engine, uint64_t ns)
{
    return (uint64_t)((mesh_uint128)ns * engine->window_reciprocal >> 64);
}

#endif
