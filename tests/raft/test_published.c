// SPDX-License-Identifier: GPL-3.0-or-later
// Published results on elections: Ongaro, "Consensus: bridging theory and practice", 2014, ch. 9.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "elections.h"

// ---- Split votes ----

static double choose(uint32_t n, uint32_t k)
{
    double ways = 1;
    for (uint32_t i = 0; i < k; i++) {
        ways = ways * (n - i) / (i + 1);
    }
    return ways;
}

// Of n servers s are up; each one's timeout falls within one vote's latency of the first with the
// probability l. For timeouts that are uniform, and a latency that is l of their range, this sum is
// exact: the c-th smallest of s lies less than l above the smallest, a spacing distributed as
// Beta(c - 1, s - c + 2).
static double split_probability(uint32_t n, uint32_t s, double l)
{
    double sum = 0;
    uint32_t c = s - n / 2 + 1;
    for (uint32_t k = c - 1; k <= s; k++) {
        sum += choose(s, k) * pow(l, k) * pow(1 - l, s - k);
    }
    return sum;
}

static void expect_splits(uint32_t servers, uint32_t down, uint32_t l_percent, uint32_t runs)
{
    struct elections elections = {.servers = servers,
                                  .down = down,
                                  .latency_ns_min = l_percent * LAB_MS,
                                  .latency_ns_max = l_percent * LAB_MS,
                                  .timeout_ns_min = 500 * LAB_MS,
                                  .timeout_ns_max = 600 * LAB_MS};
    uint32_t split = 0;
    for (uint32_t seed = 1; seed <= runs; seed++) {
        split += elections_hold(&elections, seed).term > 1;
    }
    double expected = split_probability(servers, servers - down, l_percent / 100.0);
    double measured = (double)split / runs;
    double error = sqrt(expected * (1 - expected) / runs);
    cr_expect(fabs(measured - expected) <= 3 * error,
              "%u of %u up, l = %u %%: %.4f of votes are split, not %.4f +- %.4f", servers - down,
              servers, l_percent, measured, expected, 3 * error);
}

Test(raft_published, split_votes_are_as_frequent_as_the_thesis_says)
{
    cr_expect_float_eq(split_probability(5, 4, 0.01), 0.0006, 0.00005);
    cr_expect_float_eq(split_probability(5, 4, 0.1), 0.052, 0.0005);
    cr_expect_float_eq(split_probability(5, 4, 0.2), 0.181, 0.0005);
    expect_splits(5, 1, 1, 20000);
    expect_splits(5, 1, 10, 10000);
    expect_splits(5, 1, 20, 10000);
    expect_splits(3, 0, 10, 5000);
    expect_splits(7, 2, 20, 5000);
}

// ---- Elections over a WAN ----

enum { RUNS = 10000 };

static int by_size(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;
    return difference < 0 ? -1 : difference > 0;
}

// The order statistics that lie three standard errors below and above a quantile must span the
// reference, which is rounded to 1 ms.
static void expect_quantile(const double *sorted, uint32_t percent, double reference)
{
    double rank = RUNS * percent / 100.0;
    double error = 3 * sqrt(RUNS * (percent / 100.0) * (1 - percent / 100.0));
    double low = sorted[(uint32_t)(rank - error)];
    double high = sorted[(uint32_t)fmin(rank + error, RUNS - 1)];
    cr_expect(low - 0.5 <= reference && reference <= high + 0.5,
              "p%u: %.1f ms [%.1f, %.1f], the thesis has %.0f", percent, sorted[(uint32_t)rank],
              low, high, reference);
}

Test(raft_published, elections_over_a_wan_take_as_long_as_the_thesis_says)
{
    const struct elections elections = {.servers = 5,
                                        .latency_ns_min = 30 * LAB_MS,
                                        .latency_ns_max = 40 * LAB_MS,
                                        .timeout_ns_min = 300 * LAB_MS,
                                        .timeout_ns_max = 600 * LAB_MS};
    double *times = malloc(RUNS * sizeof *times);
    double sum = 0;
    double squares = 0;
    for (uint32_t i = 0; i < RUNS; i++) {
        times[i] = (double)elections_hold(&elections, 1 + i).time_ns / LAB_MS;
        sum += times[i];
        squares += times[i] * times[i];
    }
    double mean = sum / RUNS;
    double error = sqrt((squares / RUNS - mean * mean) / RUNS);
    qsort(times, RUNS, sizeof *times, by_size);
    expect_quantile(times, 5, 372);
    expect_quantile(times, 50, 410);
    expect_quantile(times, 90, 489);
    expect_quantile(times, 95, 526);
    expect_quantile(times, 99, 833);
    cr_expect(fabs(mean - 430) <= 3 * error + 0.5, "mean %.2f +- %.2f ms, the thesis has 430", mean,
              error);
    free(times);
}
