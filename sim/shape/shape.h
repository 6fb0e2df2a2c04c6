// SPDX-License-Identifier: GPL-3.0-or-later
// Distributions of latency made into tables of integers (quantiles.h), when a scenario is loaded.
// The only floating point between a scenario and its events: another machine may round a point
// otherwise, which is why tables are stored with the run.
//
//     mean 40 ms, stddev 8 ms --GSL's inverse cdf at 7,425 shares--> struct sim_quantiles
//
// normal, lognormal and gamma have the mean and the standard deviation that are given before
// anything is cut off; Pareto's is that of the first kind, P(X > x) = (minimum / x)^exponent.
// Cutting is conditioning: what lies below the minimum or above the maximum is never drawn, and the
// rest keeps its proportions. Every table ends at 18 minutes, and at the shares 2^-32 and 1 - 2^-32
// of its own distribution. Empirical: sorted samples, linear between one and the next.

#ifndef SIM_SHAPE_H
#define SIM_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "network.h"

#define SIM_TABLE_NS_MAX ((UINT64_C(1) << 40) - 1)
#define SIM_EXPONENT_ONE 1000000u

struct sim_shape {
    enum sim_distribution distribution;  // neither constant nor uniform
    uint64_t mean_ns;                    // normal, lognormal, gamma: > 0
    uint64_t deviation_ns;               // likewise; 0: nothing but the mean
    uint64_t minimum_ns;                 // Pareto: > 0
    uint64_t maximum_ns;                 // 0: none
    uint64_t exponent;                   // Pareto, in parts of SIM_EXPONENT_ONE; > 0
    const uint64_t *samples_ns;          // empirical: [sample_count], sorted, at most the maximum
    uint32_t sample_count;
};

// Fills the table. Fails when less than a hundredth of the distribution lies between its bounds, or
// more than a millionth beyond 18 minutes; then `error` has a text and no place.
bool sim_shape_tabulate(const struct sim_shape *shape, struct sim_quantiles *quantiles,
                        struct sim_error *error);

#endif
