// SPDX-License-Identifier: GPL-3.0-or-later
// The real program, run as a user runs it on a scenario of this folder.
//
//     <scenario>.yaml --> meshsim run FILE --json --quiet --db STORE --> one JSON line per run
//                                                                            |
//    copies of updates sent, elections, from STORE -->   values[figure][run] <-+

#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "reference.h"

struct program_runs {
    int count;
    // [count] each, means over the updates of a run. FIGURE_ROUNDS is for runs with one update; NAN
    // when it has not reached the threshold.
    double *values[FIGURE_COUNT];
    // [won_count] until each election was won, ascending: INFINITY where none was.
    double *won_ms;
    int won_count;
};

// Runs $MESHSIM on $MESHSIM_VALIDATION_SCENARIOS/<scenario>.yaml, `repeat` times (0: as often as
// the file says). false: `problem` says what went wrong, and there is nothing to finish.
bool program_run(const char *scenario, int repeat, struct program_runs *runs, char *problem,
                 size_t problem_bytes);
void program_finish(struct program_runs *runs);

// The row's figure over the runs.
struct estimate program_estimate(const struct program_runs *runs,
                                 const struct reference *reference);

#endif
