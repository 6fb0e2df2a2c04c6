// SPDX-License-Identifier: GPL-3.0-or-later
// All that is under way: what the conservation law counts, and what keeps lanes from being given
// back. Whatever holds messages must be gone through here.
#include <assert.h>
#include <string.h>

#include "allocate.h"
#include "state.h"

// ---- Looking ----

static void visit_heap(const struct sim_worker *worker,
                       void (*visit)(void *context, struct mesh_message *message), void *context)
{
    for (uint32_t i = 0; i < worker->heap.count; i++) {
        const struct sim_heap_event *event = &worker->heap.events[i];
        if (event->received) {
            visit(context,
                  sim_messages_under_way(&worker->messages, sim_event_reference(event->reference)));
        }
    }
}

#define AHEAD 8u        // events
#define LINES_AHEAD 3u  // of the cache, which most messages fill

// Asks for the message of an event, if it has one. Always inline: gcc drops calls of functions that
// only prefetch.
__attribute__((always_inline)) static inline void ask_for(const struct sim_worker *worker,
                                                          uint64_t event)
{
    uint32_t reference = sim_event_reference(event);
    if (reference < SIM_REFERENCE_FREE) {
        return;
    }
    const char *message = (const char *)sim_messages_under_way(&worker->messages, reference);
    for (uint32_t i = 0; i < LINES_AHEAD; i++) {
        __builtin_prefetch(message + (size_t)64 * i);
    }
}

static void visit_bucket(const struct sim_worker *worker, const struct sim_bucket *bucket,
                         void (*visit)(void *context, struct mesh_message *message), void *context)
{
    uint32_t fill = bucket->fill;
    for (const struct sim_event_chunk *chunk = bucket->first; chunk != NULL;
         chunk = chunk->next, fill = SIM_CHUNK_EVENTS) {
        for (uint32_t i = 0; i < fill; i++) {
            uint32_t reference = sim_event_reference(chunk->events[i]);
            ask_for(worker, chunk->events[i + AHEAD < fill ? i + AHEAD : i]);
            if (reference >= SIM_REFERENCE_FREE) {
                visit(context, sim_messages_under_way(&worker->messages, reference));
            }
        }
    }
}

// Somebody who only looks.
struct look {
    void (*visit)(void *context, struct mesh_message *message);
    void *context;
};

static struct mesh_message *look_at(void *context, struct mesh_message *message)
{
    const struct look *look = context;
    look->visit(look->context, message);
    return message;
}

void sim_flights_visit(const struct sim_engine *engine, uint32_t block_first, uint32_t block_end,
                       void (*visit)(void *context, struct mesh_message *message), void *context)
{
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        const struct sim_worker *worker = engine->workers[i];
        const struct sim_ring *ring = &worker->ring;
        if (engine->config.queue == SIM_QUEUE_HEAP) {
            visit_heap(worker, visit, context);
        }
        for (uint32_t slot = 0; slot < ring->slot_count; slot++) {
            for (uint32_t block = block_first; block < block_end && block < ring->block_count;
                 block++) {
                visit_bucket(worker, sim_ring_bucket(ring, slot, block), visit, context);
            }
        }
        for (uint32_t j = 0; j < ring->far_count; j++) {
            visit(context, ring->far[j].message);
        }
        for (uint32_t j = 0; j < worker->kept.waiting_count; j++) {
            visit(context, worker->kept.waiting[j].message);
        }
    }
    struct look look = {visit, context};
    sim_cores_visit(engine, block_first, block_end, look_at, &look);
}

// ---- Widening ----

// Where messages are from now on, by their references until now. A message is met once for each of
// its copies, and is to be changed once.
struct moves {
    struct sim_engine *engine;
    uint32_t local_words;
    struct {
        uint32_t from;  // 0: empty, as no message has this reference
        uint32_t to;
    } * slots;  // [mask + 1] open addressing
    uint32_t mask;
    uint32_t count;
};

static uint32_t slot_of(const struct moves *moves, uint32_t from)
{
    uint32_t slot = from * 2654435761u & moves->mask;
    while (moves->slots[slot].from != 0 && moves->slots[slot].from != from) {
        slot = (slot + 1) & moves->mask;
    }
    return slot;
}

static void make_room(struct moves *moves)
{
    struct moves old = *moves;
    if (2 * old.count < old.mask) {
        return;
    }
    moves->mask = 2 * old.mask + 1;
    moves->slots = sim_memory_zeroed(((size_t)moves->mask + 1) * sizeof *moves->slots);
    for (uint32_t i = 0; i <= old.mask; i++) {
        if (old.slots[i].from != 0) {
            moves->slots[slot_of(moves, old.slots[i].from)] = old.slots[i];
        }
    }
    sim_memory_free(old.slots);
}

// What grows is written anew, to the memory of the first worker's current slot, which lasts longer
// than that of any message under way. So is what lies in a piece, which is to hold wider ones.
static uint32_t move(const struct moves *moves, uint32_t from)
{
    struct sim_worker *worker = moves->engine->workers[0];
    uint32_t old_words = moves->engine->local_words;
    struct mesh_message *message = sim_messages_under_way(&worker->messages, from);
    uint32_t more = mesh_message_widened(message, old_words, moves->local_words);
    struct mesh_message *moved = message;
    bool elsewhere = more > 0 || sim_messages_in_piece(&worker->messages, from);
    if (elsewhere) {
        size_t words = sim_message_words(message) + more;
        sim_messages_provide(&worker->messages, &worker->output, words);
        moved = (struct mesh_message *)(worker->output.messages + worker->output.message_words);
        worker->output.message_words += words;
    }
    if (elsewhere && more == 0) {
        memcpy(moved, message, sim_message_words(message) * sizeof(uint64_t));
    }
    mesh_message_widen(more > 0 ? message : moved, old_words, moves->local_words, moved);
    return elsewhere ? sim_messages_reference(&worker->messages, moved) : from;
}

static uint32_t moved(struct moves *moves, uint32_t from)
{
    make_room(moves);
    uint32_t slot = slot_of(moves, from);
    if (moves->slots[slot].from == 0) {
        moves->slots[slot].from = from;
        moves->slots[slot].to = move(moves, from);
        moves->count++;
    }
    return moves->slots[slot].to;
}

static void move_bucket(struct moves *moves, const struct sim_bucket *bucket)
{
    uint32_t fill = bucket->fill;
    for (struct sim_event_chunk *chunk = bucket->first; chunk != NULL;
         chunk = chunk->next, fill = SIM_CHUNK_EVENTS) {
        for (uint32_t i = 0; i < fill; i++) {
            uint32_t reference = sim_event_reference(chunk->events[i]);
            if (reference >= SIM_REFERENCE_FREE) {
                chunk->events[i] ^= reference ^ moved(moves, reference);
            }
        }
    }
}

static void move_heap(struct moves *moves, struct sim_heap *heap)
{
    for (uint32_t i = 0; i < heap->count; i++) {
        struct sim_heap_event *event = &heap->events[i];
        if (event->received) {
            uint32_t reference = sim_event_reference(event->reference);
            event->reference ^= reference ^ moved(moves, reference);
        }
    }
}

// A message that has memory of its own; returns where it is from now on.
static struct mesh_message *move_own(const struct moves *moves, struct mesh_message *message)
{
    uint32_t old_words = moves->engine->local_words;
    uint32_t more = mesh_message_widened(message, old_words, moves->local_words);
    struct mesh_message *wide = message;
    if (more > 0) {
        wide = sim_memory_zeroed((sim_message_words(message) + more) * sizeof(uint64_t));
    }
    mesh_message_widen(message, old_words, moves->local_words, wide);
    if (more > 0) {
        sim_memory_free(message);
    }
    return wide;
}

static struct mesh_message *widen(void *context, struct mesh_message *message)
{
    return move_own(context, message);
}

void sim_flights_widen(struct sim_engine *engine, uint32_t local_words)
{
    struct moves moves = {.engine = engine, .local_words = local_words, .mask = 1023};
    moves.slots = sim_memory_zeroed(((size_t)moves.mask + 1) * sizeof *moves.slots);
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        struct sim_worker *worker = engine->workers[i];
        for (uint32_t j = 0; j < worker->ring.slot_count * worker->ring.block_count; j++) {
            move_bucket(&moves, &worker->ring.buckets[j]);
        }
        move_heap(&moves, &worker->heap);
        for (uint32_t j = 0; j < worker->ring.far_count; j++) {
            worker->ring.far[j].message = move_own(&moves, worker->ring.far[j].message);
        }
        for (uint32_t j = 0; j < worker->kept.waiting_count; j++) {
            worker->kept.waiting[j].message = move_own(&moves, worker->kept.waiting[j].message);
        }
    }
    sim_cores_visit(engine, 0, engine->block_count, widen, &moves);
    sim_memory_free(moves.slots);
}
