// SPDX-License-Identifier: GPL-3.0-or-later
// A distribution as a table of integers: what its latencies are at evenly spaced shares of all
// draws, with ever finer steps where few draws fall.
//
//     share   0      2^-7   2^-6        65/4096   66/4096  ...    1 - 2^-6      1 - 2^-7      1
//             |........|......|            |         |                |......|.......|........|
//             low      64 steps each       points[65] points[66]      high   64 steps each
//             octaves                                                        octaves
//
// A draw of 64 bits says at which share to look; between two points the table is linear. The first
// 64 cells of the 4,096 and the last 64 are divided anew: each octave of the rest, from 2^-6 down
// to 2^-32, has 64 steps of its own, so that one latency in a million is as right as the median.
// What lies beyond 2^-32 takes the table's end.
//
// The tables are made once, in floating point, when a scenario is loaded (sim/shape), and stored
// with the run. From then on there are only these integers.

#ifndef SIM_QUANTILES_H
#define SIM_QUANTILES_H

#include <stddef.h>
#include <stdint.h>

#include "mesh/random.h"

#define SIM_QUANTILE_CELLS 4096u
#define SIM_QUANTILE_STEPS 64u
#define SIM_QUANTILE_OUTER 6u    // the octaves begin at the share 2^-6
#define SIM_QUANTILE_TAIL 1664u  // 26 octaves, 2^-6 to 2^-32, of SIM_QUANTILE_STEPS

// Nowhere decreasing from low[SIM_QUANTILE_TAIL] = points[0], the least, over low[0] = points[64]
// and points[4032] = high[0] to high[SIM_QUANTILE_TAIL] = points[4096], the largest.
struct sim_quantiles {
    uint64_t points[SIM_QUANTILE_CELLS + 1];  // [i] at the share i / 4096
    // [64 k + j] at the share 2^-(6 + k) * (1 - j / 128) from the nearer end
    uint64_t low[SIM_QUANTILE_TAIL + 1];
    uint64_t high[SIM_QUANTILE_TAIL + 1];
};
_Static_assert(sizeof(struct sim_quantiles) == 59416, "it is stored as it stands");

// `from` plus that part of the way to `to` which `fraction` is of 2^64.
static inline uint64_t sim_quantile_between(uint64_t from, uint64_t to, uint64_t fraction)
{
    uint64_t way = to > from ? to - from : from - to;
    uint64_t part = (uint64_t)((mesh_uint128)way * fraction >> 64);
    return to > from ? from + part : from - part;
}

// In the octaves: `rest` is what lies between the draw and the end, below 2^58.
static inline uint64_t sim_quantile_tail(const uint64_t tail[SIM_QUANTILE_TAIL + 1], uint64_t rest)
{
    if (rest >> 32 == 0) {
        return tail[SIM_QUANTILE_TAIL];
    }
    uint32_t zeros = (uint32_t)__builtin_clzll(rest);
    uint64_t away = ~(rest << zeros);  // from the octave's inner end; half of 2^64 is its length
    size_t octave = zeros - SIM_QUANTILE_OUTER;
    const uint64_t *step = &tail[octave * SIM_QUANTILE_STEPS + (away >> 57)];
    return sim_quantile_between(step[0], step[1], away << 7);
}

// The point at the share draw / 2^64.
static inline uint64_t sim_quantile_at(const struct sim_quantiles *quantiles, uint64_t draw)
{
    const uint32_t outer = SIM_QUANTILE_CELLS >> SIM_QUANTILE_OUTER;
    uint64_t cell = draw >> 52;
    if (cell - outer < SIM_QUANTILE_CELLS - 2 * outer) {
        const uint64_t *point = &quantiles->points[cell];
        return sim_quantile_between(point[0], point[1], draw << 12);
    }
    return cell < outer ? sim_quantile_tail(quantiles->low, draw)
                        : sim_quantile_tail(quantiles->high, ~draw);
}

#endif
