// SPDX-License-Identifier: GPL-3.0-or-later
// Copies of messages on their way to their channels (channel.h), which want them in the total order
// of their sending: (time, source, sequence, place in the fanout).
//
//     heap       events come in that order, and with them what they send: each copy crosses at once
//     windows    block 0   2 us  5 us  9 us        kept until the window ends, then put in order
//                block 1   1 us  6 us              by (time, source); what one source sends at one
//                                                  time stays as it was appended
//
// A link may be another for a while (a fault of links, fault.h). What a copy finds is what holds
// when it enters, so all of it is decided here: where links change, messages cross channels.
//
// A channel's state may change only in that order, and nothing sent in a window arrives in it, so
// the end of the window is early enough, and both queues get the same arrivals. So would any
// division into blocks or threads: one source's copies are always appended in order, and sources
// never share a place in it.
//
// A copy whose connection has yet to be made (connections.h) enters its channel when that is done:
//
//     sent    connection?     no: waits, with its message, until it is there     enters the channel
//     at t ---------------------------------------------------------------------> at t + wait
//                             yes: enters at t
//
// Who makes the connection is decided at the sending, and so is whether a partition cuts the copy:
// across one, none is made. A copy that waits is in flight like any other, and no fault that begins
// later takes it back (fault.h). It takes its place in the order by the time at which it enters; of
// those that one source has enter at one time, what was sent first goes first. So it crosses at the
// end of that window or, under the heap, before the first event of its source at that time or of
// any node after it.

#ifndef SIM_CROSSINGS_H
#define SIM_CROSSINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "channel.h"

struct sim_engine;
struct sim_worker;
struct sim_posting;
struct mesh_message;

struct sim_kept_copy {
    uint64_t order;      // offset in the window << 32 | source
    uint64_t delay_ns;   // by faults, on top of any latency
    uint32_t number;     // in which its worker appended it
    uint32_t reference;  // of the message
    uint32_t target;
    uint32_t stream;  // of its draws
    bool waited;      // for its connection
};

struct sim_waiting_copy {
    uint64_t enters_ns;
    uint64_t delay_ns;             // by faults, as above
    struct mesh_message *message;  // owned
    uint32_t target;
    uint32_t stream;
};

// Those of a worker; what waits comes to the first worker at the end of the window.
struct sim_kept {
    struct sim_kept_copy *copies;  // [count], of the current window
    uint32_t count;
    uint32_t capacity;
    struct sim_waiting_copy *waiting;  // [waiting_count], a binary heap: the next to enter first
    uint32_t waiting_count;
    uint32_t waiting_capacity;
};

void sim_kept_finish(struct sim_kept *kept);

// Sends the message's copies to `targets` over their channels: at once, or with sim_cross_kept.
// They have been counted as sent.
void sim_cross(struct sim_worker *worker, const struct sim_posting *posting);

// At the end of a window, when all its events have been handled.
void sim_cross_kept(struct sim_engine *engine);

// Whether nothing that sets out from one node to the other at this instant arrives, all being lost.
bool sim_cross_loses_all(const struct sim_engine *engine, uint32_t source, uint32_t target,
                         uint64_t time_ns);

// Under the heap: sends over their channels what enters them before `end_ns` and no later than
// `node` handles an event at `time_ns`. Returns whether there was such a copy; then events may have
// come before that one.
bool sim_cross_waiting(struct sim_engine *engine, uint64_t end_ns, uint64_t time_ns, uint32_t node);

#endif
