// SPDX-License-Identifier: GPL-3.0-or-later
// The tick timers of one block and scope. Periodic ones lie in a table sorted by phase that is
// walked round and round:
//
//     phase     0 ............................................ period
//     nodes     |  17   4      29   3    8          11    25    |
//                           ^ cursor: everything before it has fired in this turn
//
// Firing moves the cursor; re-arming is free. Timers with gaps of their own (poisson) are gone
// through every window; each holds the time of its node's next tick.

#ifndef SIM_TIMERS_H
#define SIM_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

struct sim_timer {
    uint64_t at_ns;  // periodic: the phase, < period_ns; else when it fires next
    uint32_t local;  // node within its block
};

struct sim_timers {
    struct sim_timer *timers;  // [count]; periodic: sorted by at_ns once sealed
    uint32_t count;
    uint32_t capacity;
    uint32_t cursor;
    uint64_t turn_ns;    // when the current turn began
    uint64_t period_ns;  // 0: not periodic
    uint64_t under_way;  // silent and uniform: copies of its ticks that have not arrived
    uint16_t scope;
    bool silent;   // its ticks are accounted (quiet.h), and the cursor is out of date
    bool uniform;  // silent: the members share a host, nothing is lost or duplicated
};

// Enters the node's first tick. Those of one periodic table fall into one turn.
void sim_timers_add(struct sim_timers *timers, uint64_t at_ns, uint32_t local);
void sim_timers_seal(struct sim_timers *timers);
void sim_timers_finish(struct sim_timers *timers);

// Later, at the end of a window: a node's timer goes, or comes and fires first at `at_ns`, not
// before now and, if periodic, at most a period later.
void sim_timers_remove(struct sim_timers *timers, uint32_t local);
void sim_timers_insert(struct sim_timers *timers, uint64_t at_ns, uint32_t local);

#endif
