// SPDX-License-Identifier: GPL-3.0-or-later
// Copies of messages on their way to their channels (channel.h), which want them in the total order
// of their sending: (time, source, sequence, place in the fanout).
//
//     heap       events come in that order, and with them what they send: each copy crosses at once
//     windows    block 0   2 us  5 us  9 us        kept until the window ends, then put in order
//                block 1   1 us  6 us              by (time, source); what one source sends at one
//                                                  time stays as it was appended
//
// A channel's state may change only in that order, and nothing sent in a window arrives in it, so
// the end of the window is early enough, and both queues get the same arrivals. So would any
// division into blocks or threads: one source's copies are always appended in order, and sources
// never share a place in it.

#ifndef SIM_CROSSINGS_H
#define SIM_CROSSINGS_H

#include <stdint.h>

#include "channel.h"

struct sim_engine;
struct sim_worker;
struct mesh_message;

struct sim_kept_copy {
    uint64_t order;      // offset in the window << 32 | source
    uint32_t number;     // in which its worker appended it
    uint32_t reference;  // of the message
    uint32_t target;
    uint32_t stream;  // of its draws
};

// Those of a worker and the current window.
struct sim_kept {
    struct sim_kept_copy *copies;  // [count]
    uint32_t count;
    uint32_t capacity;
};

// Sends the message's copies to `targets` over their channels: at once, or with sim_cross_kept.
// They have been counted as sent.
void sim_cross(struct sim_worker *worker, const struct mesh_message *message, uint32_t reference,
               uint32_t generation, const uint32_t *targets, uint32_t count);

// At the end of a window, when all its events have been handled.
void sim_cross_kept(struct sim_engine *engine);

#endif
