// SPDX-License-Identifier: GPL-3.0-or-later
#include "latencies.h"

uint64_t sim_latencies_median_ns(const struct sim_latencies *latencies, enum sim_pair_class pair)
{
    const uint64_t *counts = latencies->counts[pair];
    uint64_t all = 0;
    for (uint32_t step = 0; step < SIM_LATENCY_STEPS; step++) {
        all += counts[step];
    }
    uint64_t before = 0;
    for (uint32_t step = 0; all != 0 && step < SIM_LATENCY_STEPS; step++) {
        before += counts[step];
        if (before >= all - all / 2) {
            uint32_t shift = step < 128 ? 0 : step / 64 - 1;
            return ((uint64_t)(step - 64 * shift) << shift) + (shift == 0 ? 0 : 1ull << shift >> 1);
        }
    }
    return 0;
}

void sim_latencies_add(struct sim_latencies *sum, const struct sim_latencies *latencies,
                       enum sim_pair_class pair)
{
    for (uint32_t step = 0; step < SIM_LATENCY_STEPS; step++) {
        sum->counts[pair][step] += latencies->counts[pair][step];
    }
    if (latencies->max_ns[pair] > sum->max_ns[pair]) {
        sum->max_ns[pair] = latencies->max_ns[pair];
    }
}
