// SPDX-License-Identifier: GPL-3.0-or-later
// The real program, run as a user runs it, its results in the naive simulator's terms.
//
//     struct naive_config --> meshsim run FILE --set ... --json --db STORE
//                                  |                          |
//                              JSON Lines                 SQLite file
//                                  |                          |
//                       struct program_figures     struct naive_result [runs]
//
// The topology file decides fanout, interval, threshold and latencies, on purpose: that they are
// what `config` says is part of what the comparison shows. Anything that goes wrong fails the
// Criterion test under way, with the command line in its story.

#ifndef PROGRAM_H
#define PROGRAM_H

#include "naive.h"

// What the program printed about all repetitions together.
struct program_figures {
    double p50_ms;  // of convergence_ms
    double p95_ms;
    double messages_mean;
    double updates_sent_per_node_mean;
};

// Runs `run_count` repetitions with the seeds config->seed, config->seed + 1, ... and fills
// `results`, one for each, and `figures`. `topology` is the name of a file in $MESHSIM_TOPOLOGIES,
// $MESHSIM the program. config->duration_ms is above 0; all_ms stays INFINITY where an update
// missed a node.
void program_run(const char *topology, const struct naive_config *config, int run_count,
                 struct naive_result *results, struct program_figures *figures);

#endif
