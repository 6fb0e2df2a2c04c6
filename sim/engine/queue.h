// SPDX-License-Identifier: GPL-3.0-or-later
// Messages under way, by window of arrival and block of target: appended in any order, taken
// together.
//
//     window of arrival   w    w+1   w+2  ...  w + slots - 1    later: overflow, a plain list
//              block 0   [ ]   [ ]   [ ]           [ ]          that is gone through whenever
//              block 1   [ ]   [ ]   [ ]           [ ]          half the ring has passed
//                          |
//                          chunk (63 events) -> chunk -> ...
//
// An event is 8 bytes:
//
//     offset in the window : 20 | target in its block : 12 | pair class : 3 | reference : 29
//
// so that sorting events as integers sorts them by time, then target.
//
// Each worker pushes into a ring of its own and takes a block's events out of all of them. The
// chunks it empties go back to the rings they came from when no worker runs.

#ifndef SIM_QUEUE_H
#define SIM_QUEUE_H

#include <stdint.h>

#include "messages.h"
#include "network.h"

#define SIM_BLOCK_SHIFT 12
#define SIM_BLOCK_NODES (1u << SIM_BLOCK_SHIFT)  // the most

static inline uint64_t sim_event_pack(uint64_t offset_ns, uint32_t local, enum sim_pair_class pair,
                                      uint32_t reference)
{
    return offset_ns << 44 | (uint64_t)local << 32 | (uint64_t)pair << SIM_REFERENCE_BITS |
           reference;
}

static inline uint32_t sim_event_reference(uint64_t event)
{
    return (uint32_t)event & ((1u << SIM_REFERENCE_BITS) - 1);
}

static inline enum sim_pair_class sim_event_pair(uint64_t event)
{
    return (enum sim_pair_class)((uint32_t)event >> SIM_REFERENCE_BITS);
}

static inline uint32_t sim_event_local(uint64_t event)
{
    return (uint32_t)(event >> 32) & (SIM_BLOCK_NODES - 1);
}

static inline uint64_t sim_event_offset_ns(uint64_t event)
{
    return event >> 44;
}

#define SIM_CHUNK_EVENTS 63

struct sim_event_chunk {
    uint64_t events[SIM_CHUNK_EVENTS];
    struct sim_event_chunk *next;
};

struct sim_bucket {
    struct sim_event_chunk *first;  // the one being filled; those behind it are full
    uint32_t fill;                  // events in it
    uint32_t full;                  // chunks behind it
};

// Chunks emptied by a worker.
struct sim_emptied {
    struct sim_event_chunk *first;
    struct sim_event_chunk *last;
};

// A message whose window lies beyond the ring, with a copy of what it says.
struct sim_far_event {
    uint64_t arrival_ns;
    uint32_t target;
    enum sim_pair_class pair;
    struct mesh_message *message;  // owned
};

struct sim_ring {
    struct sim_bucket *buckets;  // [slot_count][block_count]
    uint32_t slot_count;         // a power of two
    uint32_t block_count;
    uint64_t window_ns;
    uint64_t window;  // the current one
    struct sim_event_chunk *free;
    void **slabs;  // [slab_count] chunks were cut from these
    uint32_t slab_count;
    struct sim_far_event *far;  // [far_count]
    uint32_t far_count;
    uint32_t far_capacity;
};

// The ring covers `latency_ns_max` up to a bound; what lies beyond overflows.
void sim_ring_init(struct sim_ring *ring, uint32_t block_count, uint64_t window_ns,
                   uint64_t latency_ns_max);
void sim_ring_finish(struct sim_ring *ring);

struct sim_event_chunk *sim_ring_new_chunk(struct sim_ring *ring);

// Puts a copy of `message` on the overflow list.
void sim_ring_push_far(struct sim_ring *ring, uint64_t arrival_ns, uint32_t target,
                       enum sim_pair_class pair, const struct mesh_message *message);

// Whether something may have come within the ring's reach in the window that begins; if so, all of
// the overflow list that has is to be moved to its bucket, and the rest kept.
static inline bool sim_ring_pulls(const struct sim_ring *ring)
{
    return ring->far_count > 0 && ring->window % (ring->slot_count / 2) == 0;
}

static inline uint32_t sim_ring_count(const struct sim_bucket *bucket)
{
    return bucket->full * SIM_CHUNK_EVENTS + bucket->fill;
}

// Takes all events of a bucket: copies them to `events`, which has room for sim_ring_count, and
// empties it. Returns how many.
uint32_t sim_ring_take(struct sim_bucket *bucket, uint64_t *events, struct sim_emptied *emptied);

// Gives chunks back to the ring they came from.
void sim_ring_give_back(struct sim_ring *ring, struct sim_emptied *emptied);

static inline struct sim_bucket *sim_ring_bucket(const struct sim_ring *ring, uint64_t window,
                                                 uint32_t block)
{
    return &ring->buckets[(window & (ring->slot_count - 1)) * ring->block_count + block];
}

static inline void sim_ring_push(struct sim_ring *ring, struct sim_bucket *bucket, uint64_t event)
{
    if (bucket->first == NULL || bucket->fill == SIM_CHUNK_EVENTS) {
        struct sim_event_chunk *chunk = sim_ring_new_chunk(ring);
        chunk->next = bucket->first;
        bucket->full += bucket->first != NULL;
        bucket->first = chunk;
        bucket->fill = 0;
    }
    bucket->first->events[bucket->fill++] = event;
}

#endif
