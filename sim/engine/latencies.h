// SPDX-License-Identifier: GPL-3.0-or-later
// How long messages took, counted where that does not follow from one distribution: when places or
// channels decide.
//
//     0 .. 63 ns | 64 steps of 1 ns | 64 steps of 2 ns | ... | 64 steps of 2^57 ns
//
// 64 steps for each power of two: a quantile is right to a part in 128.

#ifndef SIM_LATENCIES_H
#define SIM_LATENCIES_H

#include <stdint.h>

#include "network.h"

#define SIM_LATENCY_STEPS (64u * 59u)

struct sim_latencies {
    uint64_t counts[SIM_PAIR_CLASS_COUNT][SIM_LATENCY_STEPS];
    uint64_t max_ns[SIM_PAIR_CLASS_COUNT];
};

static inline uint32_t sim_latency_step(uint64_t latency_ns)
{
    if (latency_ns < 64) {
        return (uint32_t)latency_ns;
    }
    uint32_t shift = 57 - (uint32_t)__builtin_clzll(latency_ns);
    return 64 * shift + (uint32_t)(latency_ns >> shift);
}

static inline void sim_latencies_note(struct sim_latencies *latencies, enum sim_pair_class pair,
                                      uint64_t latency_ns)
{
    latencies->counts[pair][sim_latency_step(latency_ns)]++;
    if (latency_ns > latencies->max_ns[pair]) {
        latencies->max_ns[pair] = latency_ns;
    }
}

// Adds what `latencies` counted of a class.
void sim_latencies_add(struct sim_latencies *sum, const struct sim_latencies *latencies,
                       enum sim_pair_class pair);

// The middle of the step in which the median lies; 0 when nothing was counted.
uint64_t sim_latencies_median_ns(const struct sim_latencies *latencies, enum sim_pair_class pair);

#endif
