// SPDX-License-Identifier: GPL-3.0-or-later
// What faults and lies cost: the same repetition once more, without any.
//
//     scenario, seed, faults    --> updates   theta 353 ms   theta never   theta 4,120 ms
//     scenario, seed, no faults --> updates         353            340             355
//                                                     0          never           3,765   extra
//
// Draws depend on who draws and for what, so both runs share them, and what differs is what the
// faults did. Updates are matched by who wrote them and when; what somebody who was down did not
// write has no counterpart.

#ifndef SIM_CALM_H
#define SIM_CALM_H

#include "run.h"

// Whether the scenario has faults, or liars, and its expectations ask for the comparison.
bool sim_calm_wanted(const struct sim_scenario *scenario);

// Runs the repetition without faults and lies and notes in `result` how long its updates took then.
bool sim_calm_run(const struct sim_scenario *scenario, uint32_t repetition,
                  const struct sim_run_options *options, struct sim_result *result,
                  struct sim_error *error);

#endif
