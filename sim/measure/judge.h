// SPDX-License-Identifier: GPL-3.0-or-later
// Inside sim/measure: what judge.c found, for explain.c and remedy.c to put into words.

#ifndef SIM_JUDGE_H
#define SIM_JUDGE_H

#include "claims.h"

// Everything a claim is judged with.
struct sim_case {
    const struct sim_scenario *scenario;
    const struct sim_result *results;  // [result_count]
    uint32_t result_count;
    const struct sim_summary *summary;
};

// What the claim allows a figure to be, in its stored unit, ends included.
struct sim_allowed {
    uint64_t least;
    uint64_t most;  // < SIM_TIME_NEVER: what never came is within no limit
};

// Fills verdict->why, from everything else in the verdict.
void sim_verdict_explain(const struct sim_case *judged, struct sim_allowed allowed,
                         struct sim_verdict *verdict);

// Appends to verdict->why where the time of the updates goes, and what would have to change for
// `share_ppb` of them to reach theta by `most_ns`.
void sim_verdict_remedy(const struct sim_case *judged, uint32_t share_ppb, uint64_t most_ns,
                        struct sim_verdict *verdict);

#define SAY(verdict, ...) sim_words_append((verdict)->why, SIM_WHY_BYTES, __VA_ARGS__)

#endif
