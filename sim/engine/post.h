// SPDX-License-Identifier: GPL-3.0-or-later
// Messages through the network into the queue (private to this folder).
//
//     SEND to 88, 902, 13 --> copies    class of the pair, lost? how late?     one draw each
//                                |
//                  counted, paid for by hosts   --> bucket [window of arrival][block]
//
// Most messages of a mesh that answers have one target and no more in their way than links that
// lose and delay: such are posted by the shortest way, and what they draw is drawn for many at
// once. All others go the long way, which gives the same.

#ifndef SIM_POST_H
#define SIM_POST_H

#include "state.h"

// How to find the bucket of an arrival in the worker's ring. What is read of the engine for every
// copy is copied here, where no store can alias it.
struct sim_road {
    struct sim_bucket *buckets;
    uint64_t window;
    uint64_t window_ns;
    uint64_t window_reciprocal;
    uint64_t ahead_most;
    uint64_t slot_mask;
    uint64_t block_count;
    uint32_t own;  // block of the sender, and its nodes
    uint32_t own_first;
    uint32_t own_count;
    const uint16_t *block_of;  // the engine's, and its blocks
    const struct sim_block *blocks;
};

// What the messages of a batch share.
struct sim_batch {
    const struct sim_block *block;
    uint32_t generation;
    bool plain;  // windows, and links that only lose and delay, uniformly
    struct sim_road road;
};

// For a batch of the block's events, all of whose messages are posted in the order of their
// records before the next batch is stepped.
struct sim_batch sim_batch_of(struct sim_worker *worker, const struct sim_block *block,
                              uint32_t generation);

// What a SEND record says.
void sim_post_record(struct sim_worker *worker, const struct sim_batch *batch,
                     const struct mesh_record *record);

// The same of records at these places, at most SIM_DRAW_BATCH, that send to one target each in a
// plain batch.
void sim_post_singles(struct sim_worker *worker, const struct sim_batch *batch,
                      const uint32_t *places, uint32_t count);

#endif
