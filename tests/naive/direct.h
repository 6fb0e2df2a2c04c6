// SPDX-License-Identifier: GPL-3.0-or-later
// Our simulator, called without files, its results in the naive simulator's terms.
//
//     struct naive_config --> struct sim_scenario --> sim_run --> struct sim_result
//                                                                       |
//                                                             struct naive_result [runs]

#ifndef DIRECT_H
#define DIRECT_H

#include "naive.h"

// Runs `run_count` repetitions with the seeds config->seed, config->seed + 1, ... and fills
// `results`, one for each. config->duration_ms is above 0.
void direct_run(const struct naive_config *config, int run_count, struct naive_result *results);

#endif
