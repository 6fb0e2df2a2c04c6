// SPDX-License-Identifier: GPL-3.0-or-later
#include "queue.h"

#include <string.h>

#include "allocate.h"

#define SLOTS_MAX 4096u
#define CHUNKS_PER_SLAB 128u

void sim_ring_init(struct sim_ring *ring, uint32_t block_count, uint64_t window_ns,
                   uint64_t latency_ns_max)
{
    // An event sent at the end of a window and delayed the longest still finds its slot free.
    uint64_t windows = latency_ns_max / window_ns + 3;
    uint32_t slot_count = 4;
    while (slot_count < windows && slot_count < SLOTS_MAX) {
        slot_count *= 2;
    }
    *ring = (struct sim_ring){
        .slot_count = slot_count, .block_count = block_count, .window_ns = window_ns};
    ring->buckets = sim_memory_zeroed((size_t)slot_count * block_count * sizeof *ring->buckets);
}

void sim_ring_finish(struct sim_ring *ring)
{
    for (uint32_t slab = 0; slab < ring->slab_count; slab++) {
        sim_memory_free_pages(ring->slabs[slab], CHUNKS_PER_SLAB * sizeof(struct sim_event_chunk));
    }
    for (uint32_t i = 0; i < ring->far_count; i++) {
        sim_memory_free(ring->far[i].message);
    }
    sim_memory_free(ring->slabs);
    sim_memory_free(ring->far);
    sim_memory_free(ring->buckets);
}

struct sim_event_chunk *sim_ring_new_chunk(struct sim_ring *ring)
{
    if (ring->free == NULL) {
        struct sim_event_chunk *slab =
            sim_memory_pages(CHUNKS_PER_SLAB * sizeof(struct sim_event_chunk));
        ring->slabs = sim_memory_resize(ring->slabs, (ring->slab_count + 1) * sizeof *ring->slabs);
        ring->slabs[ring->slab_count++] = slab;
        for (uint32_t i = CHUNKS_PER_SLAB; i-- > 0;) {
            slab[i].next = ring->free;
            ring->free = &slab[i];
        }
    }
    struct sim_event_chunk *chunk = ring->free;
    ring->free = chunk->next;
    __builtin_prefetch(ring->free, 1);
    return chunk;
}

uint32_t sim_ring_take(struct sim_bucket *bucket, uint64_t *events, struct sim_emptied *emptied)
{
    uint32_t count = 0;
    uint32_t fill = bucket->fill;
    for (struct sim_event_chunk *chunk = bucket->first; chunk != NULL;) {
        struct sim_event_chunk *next = chunk->next;
        __builtin_prefetch(next);
        memcpy(events + count, chunk->events, fill * sizeof *events);
        count += fill;
        fill = SIM_CHUNK_EVENTS;
        if (emptied->first == NULL) {
            emptied->last = chunk;
        }
        chunk->next = emptied->first;
        emptied->first = chunk;
        chunk = next;
    }
    *bucket = (struct sim_bucket){0};
    return count;
}

void sim_ring_give_back(struct sim_ring *ring, struct sim_emptied *emptied)
{
    if (emptied->first != NULL) {
        emptied->last->next = ring->free;
        ring->free = emptied->first;
        *emptied = (struct sim_emptied){0};
    }
}

void sim_ring_push_far(struct sim_ring *ring, uint64_t arrival_ns, uint32_t target,
                       enum sim_pair_class pair, const struct mesh_message *message)
{
    if (ring->far_count == ring->far_capacity) {
        ring->far_capacity = ring->far_capacity == 0 ? 256 : 2 * ring->far_capacity;
        ring->far = sim_memory_resize(ring->far, ring->far_capacity * sizeof *ring->far);
    }
    size_t bytes = sim_message_words(message) * sizeof(uint64_t);
    struct mesh_message *copy = sim_memory_zeroed(bytes);
    memcpy(copy, message, bytes);
    ring->far[ring->far_count++] = (struct sim_far_event){arrival_ns, target, pair, copy};
}
