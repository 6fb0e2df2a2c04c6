// SPDX-License-Identifier: GPL-3.0-or-later
// Parts of the mesh that have nothing to say (private to this folder).
//
//     update under way in this part     all hold it, and it is old     an update comes
//     ------------------------------+-------------------------------+------------------>
//      events are handled           | ticks are accounted           | events are handled
//                                   |                               |
//                                   copies under way leave          copies under way come back:
//                                   the rings                       the last ticks say them again
//
// A part is a block with the scopes at home in it, or a scope with its blocks. It is quiet when its
// members hold the same, none of it is recent, and all that is under way to them is a digest of
// just that: then each tick sends a digest to its peers, and nobody answers. Whatever else arrives,
// a user's write or another scope's message, ends it at the start of that window; digests that
// other scopes send in vain do not. What its members do in other scopes goes on.
//
// Nothing is estimated. How many ticks fall into a stretch of time follows from their phases. Their
// copies are drawn by the same keys as if they were sent: whom they go to, whether they are lost,
// when they arrive. Where all nodes of a scope share a host, whose link loses nothing, only arrival
// matters, and only for those still under way when somebody looks at the counters: then a stretch
// costs a product and the draws of the last few milliseconds. Counters, fingerprints and results
// are those of a run in which every tick is executed (tests/engine/test_quiet.c).

#ifndef SIM_QUIET_H
#define SIM_QUIET_H

#include <stdbool.h>
#include <stdint.h>

#include "engine.h"

struct sim_worker;

struct sim_part {
    uint32_t block_first;
    uint32_t block_end;
    uint32_t node_first;
    uint32_t node_end;
    bool quiet;
    uint64_t since_ns;      // it is quiet
    uint64_t settled_ns;    // until then its ticks are in the counters
    uint64_t look_next_ns;  // before then it cannot have become quiet
};

// What a worker does with the copies of ticks that it goes through once more.
struct sim_replay {
    uint64_t from_ns;  // those that arrive in [from, until) are counted
    uint64_t until_ns;
    bool wakes;  // those that arrive from `until_ns` on go back into the rings instead
};

void sim_quiet_create(struct sim_engine *engine);
void sim_quiet_finish(struct sim_engine *engine);

// Wakes what hears something in the window that begins, whose events are in the rings.
void sim_quiet_begin_window(struct sim_engine *engine);

// Looks which parts have become quiet.
void sim_quiet_end_window(struct sim_engine *engine, uint64_t time_ns);

// Brings all counters up to a window's end.
void sim_quiet_settle(struct sim_engine *engine, uint64_t time_ns);

// Wakes all, so that what is under way lies in the rings.
void sim_quiet_end(struct sim_engine *engine, uint64_t time_ns);

// A copy of such a tick arrives.
void sim_quiet_arrive(struct sim_worker *worker, const struct mesh_message *message,
                      uint32_t reference, uint32_t target, enum sim_pair_class pair,
                      uint64_t latency_ns);

#endif
