// SPDX-License-Identifier: GPL-3.0-or-later
// How many agents of an edge hold the report of each lane.
//
//     lanes of a word    ... 0 1 0 0 1       counts    ... 7 3+1 9 4 1999+1      needed: 2000
//
// Where agents report this is done at nearly every receipt, so it is done for a word at a time
// where the machine can; all codes count the same (tests/run).

#ifndef SIM_HOLDERS_H
#define SIM_HOLDERS_H

#include <stdbool.h>
#include <stdint.h>

// An edge that is listened to has no more agents than a block has nodes.
struct sim_holders {
    uint16_t *counts;  // [lanes], a multiple of 64
    uint32_t lanes;
};

// One more holds each of `lanes`, whose 64 counts these are; returns those that `needed` hold now.
typedef uint64_t sim_holders_code(uint16_t *counts, uint64_t lanes, uint32_t needed);

enum sim_holders_machine { SIM_HOLDERS_PLAIN, SIM_HOLDERS_AVX512, SIM_HOLDERS_MACHINE_COUNT };

// For this kind of machine, or NULL when this one is none.
sim_holders_code *sim_holders_code_of(enum sim_holders_machine machine);

// The best that this machine has.
sim_holders_code *sim_holders_best_code(void);

#endif
