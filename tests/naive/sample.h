// SPDX-License-Identifier: GPL-3.0-or-later
// What many runs gave, compared with what follows by hand.
//
// Means are compared within 4.5 standard errors: seeds are fixed, so a test that passes keeps
// passing, and a rewrite that draws differently is refused wrongly about once in 150,000
// comparisons.

#ifndef SAMPLE_H
#define SAMPLE_H

#include "naive.h"

struct sample {
    int count;
    double sum;
    double sum_of_squares;
};

void sample_add(struct sample *sample, double value);
double sample_deviation(const struct sample *sample);

// `rounding`: what the reference itself may be off by, as printed.
void sample_expect_mean(const char *what, const struct sample *sample, double expected,
                        double rounding);

// Messages of each kind, and copies of updates in them: both [NAIVE_KIND_COUNT].
void sample_expect_counts(const struct naive_result *result, const uint64_t *messages,
                          const uint64_t *updates_sent);

#endif
