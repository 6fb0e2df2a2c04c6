// SPDX-License-Identifier: GPL-3.0-or-later
// Samples pooled over repetitions, their percentiles, and how far those can be trusted.
//
//     repetition 0   1   2                    sorted, each with the repetition it came from
//                +---+---+---> samples  [ 3 | 5 | 5 | 8 | ... | never | never ]
//                                               ^ nearest rank: the ceil(p * n)-th smallest
//
//     95 % interval of a percentile = union of
//       order statistics   ranks [low, high] around p * n, from the binomial distribution; no
//                          assumption about the shape, but samples count as independent
//       whole runs         repetitions drawn with replacement, 999 times; updates of one run share
//                          its traffic, so they need not be independent
//
// A sample is an integer in the unit its metric is kept in (summary.h). SIM_TIME_NEVER is
// +infinity: it sorts last, fills a percentile that falls on it, and leaves no mean. Everything is
// a function of the samples alone: the draws of the resampling have a key of their own.
//
// Order statistics: David and Nagaraja, "Order Statistics", 3rd ed., section 7.1. Shares: Clopper
// and Pearson, Biometrika 26 (1934). Resampling of whole clusters: Davison and Hinkley, "Bootstrap
// Methods and their Application" (1997), sections 2.4 and 3.8.

#ifndef SIM_STATISTICS_H
#define SIM_STATISTICS_H

#include <stdbool.h>
#include <stdint.h>

#include "results.h"

#define SIM_ONE_PPB 1000000000u  // a share of one
#define SIM_P95_SAMPLES_MIN 59u  // under it no pair of samples encloses p95 with 95 %

struct sim_sample {
    uint64_t value;
    uint32_t run;  // index of the repetition, < sim_samples.run_count
};

// Zeroed, it is empty and ready.
struct sim_samples {
    struct sim_sample *items;  // [count]; ascending by (value, run) after sim_samples_sort
    uint64_t count;
    uint64_t capacity;
    uint32_t run_count;  // repetitions pooled, those without a sample included
};

// Closed, and in the samples' unit. Where nothing encloses with 95 %: exists is false, the ends 0.
struct sim_interval {
    uint64_t low;
    uint64_t high;
    bool exists;
};

// Of one repetition: how many of its samples satisfy something.
struct sim_tally {
    uint64_t satisfied;
    uint64_t count;
};

// In the metric's shown unit. NaN: there is none; INFINITY: falls on SIM_TIME_NEVER.
struct sim_statistics {
    double mean;
    double sd;  // divisor count - 1
    double min, p50, p95, p99, max;
    uint64_t count;
};

void sim_samples_add(struct sim_samples *samples, uint64_t value, uint32_t run);
void sim_samples_sort(struct sim_samples *samples);
void sim_samples_finish(struct sim_samples *samples);

// How many of the sorted samples are SIM_TIME_NEVER.
uint64_t sim_samples_never(const struct sim_samples *samples);

// The ceil(share * count)-th smallest of at least one sorted sample; share 0 is the smallest.
uint64_t sim_quantile(const struct sim_samples *samples, uint32_t share_ppb);

// Everything said about sorted samples, each divided by `scale` (> 0).
struct sim_statistics sim_statistics_of(const struct sim_samples *samples, double scale);

// Ranks, from 1, of the two closest order statistics that enclose the quantile of a continuous
// distribution with probability >= 95 %; among equally close pairs the one that encloses it most
// often. False where no pair does. Above a million samples from the normal approximation.
bool sim_quantile_ranks(uint64_t count, uint32_t share_ppb, uint64_t *low, uint64_t *high);

// The 95 % interval of a quantile of sorted samples: order statistics, joined with whole runs
// resampled where there are several.
struct sim_interval sim_quantile_interval(const struct sim_samples *samples, uint32_t share_ppb);

// The 95 % interval of a share, in parts per billion: exact (Clopper and Pearson), joined with
// whole runs resampled where there are several. Does not exist without a sample.
struct sim_interval sim_share_interval(const struct sim_tally *tallies, uint32_t run_count);

#endif
