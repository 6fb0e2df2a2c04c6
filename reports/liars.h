// SPDX-License-Identifier: GPL-3.0-or-later
// How large a share of liars a mesh bears: for each behaviour and share whether the expectations of
// the scenario held, with the p95 of the time to theta, and up to which share each of them held.
//
//                      liars among the agents             holds up to
//                   0 %   10 %   20 %   30 %              1     2     3
//     silent *     | 118 | 120 | 127 |140 x1|           20 %  30 %  30 %     x1: 1 does not hold
//     forging      | 118 | 121 | 126 | 139 |            30 %  30 %  30 %
//                                                        1  p95(convergence_ms) < 130
//     * not detectable by this guard: silence looks like loss
//
// One picture for each mesh of a scenario. Runs with one kind of liars are in it, be they nobody;
// of liars who never came to lie nothing is said to have held. What is shown is stored; nothing is
// judged here.

#ifndef REPORT_LIARS_H
#define REPORT_LIARS_H

#include <stdio.h>

#include "store.h"

#define REPORT_JUDGED_MAX 32  // expectations that are told apart

struct report_lying {
    const struct report_run *run;
    char behaviour[REPORT_TEXT_BYTES];
    char unseen[REPORT_TEXT_BYTES];  // why the guard cannot detect it; empty: it can
    int64_t permille;                // of the agents, that lie
    bool idle;                       // they never came to lie
    uint32_t judged;                 // expectations
    uint32_t failed;                 // bit i: number i did not hold
    struct report_percentile p95;
};

// The runs of one mesh and scenario, in the order of the store.
struct report_table {
    struct report_lying *cells;  // [count]
    size_t count;
    char expectations[REPORT_JUDGED_MAX][REPORT_TEXT_BYTES];  // of the first run with most
    uint32_t expectation_count;
};

struct report_lyings {
    struct report_table *tables;  // [count]
    size_t count;
};

// To be finished whatever came of it; the store must outlive it.
bool report_lyings_read(const struct report_store *store, struct report_lyings *lyings);
void report_lyings_finish(struct report_lyings *lyings);

uint32_t report_lying_height(const struct report_table *table);
void report_lying_script(FILE *output, const struct report_table *table);

#endif
