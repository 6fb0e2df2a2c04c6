// SPDX-License-Identifier: GPL-3.0-or-later
// Periodic timers of one block and scope: a table sorted by phase that is walked round and round.
//
//     phase     0 ............................................ period
//     nodes     |  17   4      29   3    8          11    25    |
//                           ^ cursor: everything before it has fired in this turn
//
// Firing moves the cursor; re-arming is free. A node's tick number is the number of whole periods
// that have passed, so it needs no counter and never repeats.

#ifndef SIM_TIMERS_H
#define SIM_TIMERS_H

#include <stdint.h>

struct sim_timer {
    uint64_t phase_ns;  // < period_ns
    uint32_t local;     // node within its block
};

struct sim_timers {
    struct sim_timer *timers;  // [count], sorted by (phase_ns, local) once sealed
    uint32_t count;
    uint32_t capacity;
    uint32_t cursor;
    uint64_t turn_ns;  // when the current turn began
    uint64_t period_ns;
    uint16_t scope;
};

void sim_timers_add(struct sim_timers *timers, uint64_t phase_ns, uint32_t local);
void sim_timers_seal(struct sim_timers *timers);
void sim_timers_finish(struct sim_timers *timers);

#endif
