// SPDX-License-Identifier: GPL-3.0-or-later
// Two simulators, the same scenario: do their runs differ by more than chance?
//
//     runs of A  | | | | | | | |  -> figure a, standard error     difference b - a in % of a
//     runs of B  | | | | | | | |  -> figure b, standard error     and its own standard error
//
// Updates of one run share phases and peers, so runs are the samples, not updates: the runs are cut
// into batches, and the standard error of a figure is the spread of its value over the batches,
// divided by the root of their number (batch means).

#ifndef COMPARE_H
#define COMPARE_H

#include "naive.h"

#define COMPARE_BATCHES 20

struct compare_side {
    const char *name;
    const struct naive_result *runs;
};

struct compare_limits {
    double median_percent;  // how much medians may differ; 95th percentiles twice as much
    double error_percent;   // a median whose standard error is larger proves nothing
};

// Prints a table to stderr: quantiles of the time to theta, in all and near the writer, messages
// and copies of updates per simulated second, in total, by kind and by pair of nodes; rows of zeros
// are left out. Returns how many rows disagree.
//
// Every row must differ by at most 5 of its own standard errors (figures without spread: not at
// all). Besides, quantiles within their limits, the totals within 1 %. A median that proves nothing
// counts as a disagreement. `run_count` is a multiple of COMPARE_BATCHES; each run has `updates`
// updates.
int compare_runs(const char *title, struct compare_side a, struct compare_side b, int run_count,
                 int updates, struct compare_limits limits);

// The smallest time that at least `percent` of all updates of the runs have reached theta by.
double compare_quantile_ms(const struct naive_result *runs, int run_count, int updates,
                           int percent);

#endif
