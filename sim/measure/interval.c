// SPDX-License-Identifier: GPL-3.0-or-later
// The 95 % intervals of statistics.h.
#include "statistics.h"

#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>

#include "allocate.h"
#include "mesh/random.h"

#define CONFIDENCE 0.95
#define TAIL ((1 - CONFIDENCE) / 2)
#define NORMAL_QUANTILE 1.959963984540054  // of 1 - TAIL

// GSL's continued fraction for the binomial distribution stops converging somewhere above.
#define EXACT_COUNT_MAX 1000000u

// (B + 1) * TAIL must be whole: then the 25th of 999 is the lower end, and the 25th from above the
// upper one (Davison and Hinkley, section 5.2.1).
#define RESAMPLES 999u
#define RESAMPLE_RANK 25u
#define RESAMPLE_KEY UINT64_C(0x6d657368626f6f74)  // "meshboot"; any constant would do

// ---- Order statistics ----

// P(at most `rank` of `count` samples lie below the quantile).
static double below_at_most(uint64_t rank, double share, uint64_t count)
{
    return gsl_cdf_binomial_P((unsigned)rank, share, (unsigned)count);
}

static bool ranks_exact(uint64_t count, double share, uint64_t *low, uint64_t *high)
{
    // No shortest pair starts more than ten deviations below the middle.
    double reach = 10 * sqrt((double)count * share * (1 - share)) + 2;
    double start = floor((double)count * share - reach);
    uint64_t upper = start < 1 ? 1 : (uint64_t)start;
    double up_to_upper = 0;  // P(at most upper - 1)
    double best = 0;
    bool found = false;
    for (uint64_t lower = upper; lower < count; lower++) {
        double before = below_at_most(lower - 1, share, count);
        while (upper < count && (upper <= lower || up_to_upper - before < CONFIDENCE)) {
            upper++;
            up_to_upper = below_at_most(upper - 1, share, count);
        }
        double coverage = up_to_upper - before;
        if (coverage < CONFIDENCE) {
            break;
        }
        uint64_t width = upper - lower;
        if (!found || width < *high - *low || (width == *high - *low && coverage > best)) {
            *low = lower;
            *high = upper;
            best = coverage;
            found = true;
        }
    }
    return found;
}

bool sim_quantile_ranks(uint64_t count, uint32_t share_ppb, uint64_t *low, uint64_t *high)
{
    if (count < 2 || share_ppb == 0 || share_ppb >= SIM_ONE_PPB) {
        return false;
    }
    double share = (double)share_ppb / SIM_ONE_PPB;
    if (count <= EXACT_COUNT_MAX) {
        return ranks_exact(count, share, low, high);
    }
    double middle = (double)count * share;
    double reach = NORMAL_QUANTILE * sqrt(middle * (1 - share));
    if (middle - reach < 1 || middle + reach + 2 > (double)count) {
        return false;
    }
    *low = (uint64_t)floor(middle - reach);
    *high = (uint64_t)ceil(middle + reach) + 1;
    return true;
}

// ---- Whole runs, resampled ----

// How often each of `run_count` runs comes up when as many are drawn with replacement.
static void draw_runs(uint32_t resample, uint32_t run_count, uint32_t *times)
{
    for (uint32_t run = 0; run < run_count; run++) {
        times[run] = 0;
    }
    struct mesh_random random = {{0}};
    for (uint32_t draw = 0; draw < run_count; draw++) {
        if (draw % 4 == 0) {
            random = mesh_draw(RESAMPLE_KEY, MESH_DRAW_DRIVER, draw / 4, resample, 0);
        }
        times[mesh_below(random.word[draw % 4], run_count)]++;
    }
}

static int compare_values(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

// Widens `interval` by what the resamples say.
static void join_resamples(uint64_t values[RESAMPLES], struct sim_interval *interval)
{
    qsort(values, RESAMPLES, sizeof *values, compare_values);
    uint64_t low = values[RESAMPLE_RANK - 1];
    uint64_t high = values[RESAMPLES - RESAMPLE_RANK];
    interval->low = low < interval->low ? low : interval->low;
    interval->high = high > interval->high ? high : interval->high;
}

// The quantile of the samples when run r counts times[r] times. Walks from the nearer end.
static uint64_t weighted_quantile(const struct sim_samples *samples, uint32_t share_ppb,
                                  const uint32_t *times, uint64_t total)
{
    mesh_uint128 part = (mesh_uint128)total * share_ppb;
    uint64_t rank = (uint64_t)((part + SIM_ONE_PPB - 1) / SIM_ONE_PPB);
    rank = rank == 0 ? 1 : rank;
    bool descending = rank > total / 2;
    uint64_t left = descending ? total - rank + 1 : rank;
    uint64_t i = descending ? samples->count - 1 : 0;
    while (times[samples->items[i].run] < left) {
        left -= times[samples->items[i].run];
        i = descending ? i - 1 : i + 1;
    }
    return samples->items[i].value;
}

static void resample_quantile(const struct sim_samples *samples, uint32_t share_ppb,
                              struct sim_interval *interval)
{
    uint32_t *times = sim_memory_zeroed(samples->run_count * sizeof *times);
    uint64_t *counts = sim_memory_zeroed(samples->run_count * sizeof *counts);
    for (uint64_t i = 0; i < samples->count; i++) {
        counts[samples->items[i].run]++;
    }
    uint64_t values[RESAMPLES];
    for (uint32_t resample = 0; resample < RESAMPLES; resample++) {
        draw_runs(resample, samples->run_count, times);
        uint64_t total = 0;
        for (uint32_t run = 0; run < samples->run_count; run++) {
            total += times[run] * counts[run];
        }
        // Runs without samples may be all that was drawn; then the sample itself stands in.
        values[resample] = total == 0 ? sim_quantile(samples, share_ppb)
                                      : weighted_quantile(samples, share_ppb, times, total);
    }
    join_resamples(values, interval);
    sim_memory_free(times);
    sim_memory_free(counts);
}

struct sim_interval sim_quantile_interval(const struct sim_samples *samples, uint32_t share_ppb)
{
    struct sim_interval interval = {0};
    uint64_t low = 0;
    uint64_t high = 0;
    if (sim_quantile_ranks(samples->count, share_ppb, &low, &high)) {
        interval = (struct sim_interval){.low = samples->items[low - 1].value,
                                         .high = samples->items[high - 1].value,
                                         .exists = true};
        if (samples->run_count > 1) {
            resample_quantile(samples, share_ppb, &interval);
        }
    }
    return interval;
}

// ---- Shares ----

// The p at which `tail` of B(count, p) is TAIL, by bisection: the tail is monotone in p, and
// halving a double's range of [0, 1] sixty times leaves nothing to halve.
static double solve_share(uint64_t satisfied, uint64_t count, bool lower)
{
    double low = 0;
    double high = 1;
    for (int step = 0; step < 60; step++) {
        double middle = (low + high) / 2;
        double tail = lower ? gsl_cdf_binomial_Q((unsigned)satisfied - 1, middle, (unsigned)count)
                            : gsl_cdf_binomial_P((unsigned)satisfied, middle, (unsigned)count);
        bool right = lower ? tail < TAIL : tail > TAIL;
        low = right ? middle : low;
        high = right ? high : middle;
    }
    return lower ? low : high;
}

static void share_bounds(uint64_t satisfied, uint64_t count, double *low, double *high)
{
    if (count <= EXACT_COUNT_MAX) {
        *low = satisfied == 0 ? 0 : solve_share(satisfied, count, true);
        *high = satisfied == count ? 1 : solve_share(satisfied, count, false);
        return;
    }
    // Wilson's score interval (JASA 22, 1927), where the exact one cannot be computed.
    double share = (double)satisfied / (double)count;
    double z2 = NORMAL_QUANTILE * NORMAL_QUANTILE / (double)count;
    double reach = sqrt(z2 * (share * (1 - share) + z2 / 4));
    *low = fmax(0, (share + z2 / 2 - reach) / (1 + z2));
    *high = fmin(1, (share + z2 / 2 + reach) / (1 + z2));
}

static uint64_t share_of(struct sim_tally tally)
{
    return (uint64_t)((mesh_uint128)tally.satisfied * SIM_ONE_PPB / tally.count);
}

static void resample_share(const struct sim_tally *tallies, uint32_t run_count,
                           struct sim_tally whole, struct sim_interval *interval)
{
    uint32_t *times = sim_memory_zeroed(run_count * sizeof *times);
    uint64_t values[RESAMPLES];
    for (uint32_t resample = 0; resample < RESAMPLES; resample++) {
        draw_runs(resample, run_count, times);
        struct sim_tally sum = {0};
        for (uint32_t run = 0; run < run_count; run++) {
            sum.satisfied += times[run] * tallies[run].satisfied;
            sum.count += times[run] * tallies[run].count;
        }
        values[resample] = share_of(sum.count == 0 ? whole : sum);
    }
    sim_memory_free(times);
    join_resamples(values, interval);
}

struct sim_interval sim_share_interval(const struct sim_tally *tallies, uint32_t run_count)
{
    struct sim_interval interval = {0};
    struct sim_tally whole = {0};
    for (uint32_t run = 0; run < run_count; run++) {
        whole.satisfied += tallies[run].satisfied;
        whole.count += tallies[run].count;
    }
    if (whole.count > 0) {
        double low = 0;
        double high = 1;
        share_bounds(whole.satisfied, whole.count, &low, &high);
        interval = (struct sim_interval){.low = (uint64_t)floor(low * SIM_ONE_PPB),
                                         .high = (uint64_t)ceil(high * SIM_ONE_PPB),
                                         .exists = true};
        if (run_count > 1) {
            resample_share(tallies, run_count, whole, &interval);
        }
    }
    return interval;
}
