// SPDX-License-Identifier: GPL-3.0-or-later
#include "sample.h"

#include <criterion/criterion.h>
#include <math.h>

#define SURPRISE 4.5

void sample_add(struct sample *sample, double value)
{
    sample->count++;
    sample->sum += value;
    sample->sum_of_squares += value * value;
}

static double mean(const struct sample *sample)
{
    return sample->sum / sample->count;
}

double sample_deviation(const struct sample *sample)
{
    double variance = sample->sum_of_squares / sample->count - mean(sample) * mean(sample);
    return sqrt(fmax(variance, 0) * sample->count / (sample->count - 1));
}

void sample_expect_mean(const char *what, const struct sample *sample, double expected,
                        double rounding)
{
    double error = sample_deviation(sample) / sqrt(sample->count);
    cr_expect(fabs(mean(sample) - expected) <= SURPRISE * error + rounding,
              "%s: expected %.4f, the naive simulator says %.4f +- %.4f over %d runs", what,
              expected, mean(sample), error, sample->count);
}

void sample_expect_counts(const struct naive_result *result, const uint64_t *messages,
                          const uint64_t *updates_sent)
{
    for (int kind = 0; kind < NAIVE_KIND_COUNT; kind++) {
        cr_expect_eq(result->messages[kind], messages[kind], "%s messages: %lu, by hand %lu",
                     naive_kind_name((enum naive_kind)kind), (unsigned long)result->messages[kind],
                     (unsigned long)messages[kind]);
        cr_expect_eq(result->updates_sent[kind], updates_sent[kind],
                     "updates in %s: %lu, by hand %lu", naive_kind_name((enum naive_kind)kind),
                     (unsigned long)result->updates_sent[kind], (unsigned long)updates_sent[kind]);
    }
}
