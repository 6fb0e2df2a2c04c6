// SPDX-License-Identifier: GPL-3.0-or-later
// When the faults of a scenario fire.
//
//     entry 0   at 1 s, every 2 s, three times     1 s      3 s      5 s
//     entry 1   churn, a departure per 0.7 s             2.1 s 2.2 s     5.9 s ...
//                                                   |    |    |  |   |   |
//     sim_timeline_next, in the order of (time, entry)
//
// Mass joins fire at 0, when the nodes that will join are taken away, and so does auto-scaling, as
// its number 0; its targets follow from number 1 on, each once unless `times` says otherwise.

#ifndef SIM_TIMELINE_H
#define SIM_TIMELINE_H

#include "fault.h"

struct sim_cursor {
    uint64_t next_ns;  // SIM_FAULT_NEVER: it will not fire any more
    uint32_t number;
};

struct sim_timeline {
    const struct sim_fault *faults;  // [count]
    uint32_t count;
    uint64_t seed;
    struct sim_cursor *cursors;  // [count]
};

void sim_timeline_init(struct sim_timeline *timeline, const struct sim_fault *faults,
                       uint32_t count, uint64_t seed);
void sim_timeline_finish(struct sim_timeline *timeline);

// The next firing before `before_ns`; false: there is none.
bool sim_timeline_next(struct sim_timeline *timeline, uint64_t before_ns,
                       struct sim_firing *firing);

// Whether an entry of this verb still fires, at any time.
bool sim_timeline_has(const struct sim_timeline *timeline, enum sim_fault_verb verb);

#endif
