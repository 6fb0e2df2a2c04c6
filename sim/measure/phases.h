// SPDX-License-Identifier: GPL-3.0-or-later
// Convergence told apart by when updates were written.
//
//     phases   small mesh    | seeds    | agents        | workflows
//     writes   u u u u u u u | u u u u  | u u u u u u u | u u u ...
//              p50 p95 max     p50 p95 max ...

#ifndef SIM_PHASES_H
#define SIM_PHASES_H

#include "results.h"
#include "scenario.h"

struct sim_summary;

struct sim_phase_figures {
    const char *name;
    uint64_t at_ns;
    uint64_t updates;  // that are judged
    uint64_t p50_ns;   // to theta; SIM_TIME_NEVER: not reached
    uint64_t p95_ns;
    uint64_t max_ns;
    struct sim_summary *alone;  // of its updates and nothing else; NULL: nothing is expected of it
};

struct sim_phases {
    struct sim_phase_figures *items;  // [count]; 0: the scenario names none
    uint32_t count;
};

// Pools the updates of the `count` results, but for those that were interrupted. What was written
// before the first phase is in none.
void sim_phases_init(struct sim_phases *phases, const struct sim_scenario *scenario,
                     const struct sim_result *results, uint32_t count);
void sim_phases_finish(struct sim_phases *phases);

#endif
