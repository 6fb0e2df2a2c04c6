// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <gsl/gsl_cdf.h>
#include <math.h>

#include "mesh/random.h"
#include "statistics.h"

#define P95 950000000u
#define COUNT_MAX 400u

// ---- The binomial distribution by itself: no GSL, logarithms of factorials ----

static double binomial(uint32_t k, uint32_t n, double p)
{
    return exp(lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0) + k * log(p) +
               (n - k) * log1p(-p));
}

// P(the samples of ranks low and high enclose the quantile): low <= B <= high - 1.
static double coverage(uint64_t low, uint64_t high, uint32_t n, double p)
{
    double sum = 0;
    for (uint64_t k = low; k < high; k++) {
        sum += binomial((uint32_t)k, n, p);
    }
    return sum;
}

// The least width of any pair that covers enough, 0 where none does: all pairs, from sums.
static uint64_t least_width(uint32_t n, double p)
{
    static double up_to[COUNT_MAX + 1];
    up_to[0] = binomial(0, n, p);
    for (uint32_t k = 1; k <= n; k++) {
        up_to[k] = up_to[k - 1] + binomial(k, n, p);
    }
    for (uint64_t width = 1; width < n; width++) {
        for (uint64_t low = 1; low + width <= n; low++) {
            if (up_to[low + width - 1] - up_to[low - 1] >= 0.95) {
                return width;
            }
        }
    }
    return 0;
}

// Confidence intervals for the median, as tabulated for the sign test: Conover, "Practical
// Nonparametric Statistics", and David and Nagaraja, table 7.1.
Test(measure, ranks_around_the_median_are_those_of_the_published_tables)
{
    static const uint64_t table[][3] = {{6, 1, 6}, {10, 2, 9}, {20, 6, 15}, {25, 8, 18}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        uint64_t low = 0;
        uint64_t high = 0;
        cr_expect(sim_quantile_ranks(table[i][0], 500000000, &low, &high));
        cr_expect(low == table[i][1] && high == table[i][2],
                  "of %lu samples: ranks %lu and %lu, in the table %lu and %lu", table[i][0], low,
                  high, table[i][1], table[i][2]);
    }
    uint64_t low = 0;
    uint64_t high = 0;
    cr_expect_not(sim_quantile_ranks(5, 500000000, &low, &high), "1 - 2 / 32 is under 95 %%");
}

// Wilks, Annals of Mathematical Statistics 12 (1941): 59, 299 and 2,995 samples.
Test(measure, an_upper_percentile_takes_as_many_samples_as_wilks_says)
{
    static const uint32_t table[][2] = {{950000000, 59}, {990000000, 299}, {999000000, 2995}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        uint64_t low = 0;
        uint64_t high = 0;
        uint32_t least = table[i][1];
        cr_expect_not(sim_quantile_ranks(least - 1, table[i][0], &low, &high),
                      "%u samples enclose %u ppb", least - 1, table[i][0]);
        cr_expect(sim_quantile_ranks(least, table[i][0], &low, &high));
        cr_expect_eq(high, least, "the upper end of %u samples is the largest", least);
    }
    cr_expect_eq(SIM_P95_SAMPLES_MIN, 59);
}

Test(measure, no_pair_of_ranks_that_covers_enough_is_closer)
{
    static const uint32_t shares[] = {500000000, 900000000, 950000000, 990000000};
    for (size_t s = 0; s < 4; s++) {
        double p = shares[s] / 1e9;
        for (uint32_t n = 2; n <= COUNT_MAX; n += n < 70 ? 1 : 11) {
            uint64_t low = 0;
            uint64_t high = 0;
            uint64_t least = least_width(n, p);
            bool found = sim_quantile_ranks(n, shares[s], &low, &high);
            cr_assert_eq(found, least > 0, "p %g of %u samples: %s", p, n, found ? "some" : "none");
            if (found) {
                cr_assert(high - low == least && coverage(low, high, n, p) >= 0.95 - 1e-9,
                          "p %g of %u samples: ranks %lu to %lu cover %g, a width of %lu would do",
                          p, n, low, high, coverage(low, high, n, p), least);
            }
        }
    }
}

Test(measure, the_least_and_the_largest_of_a_population_have_no_interval)
{
    uint64_t low = 0;
    uint64_t high = 0;
    cr_expect_not(sim_quantile_ranks(1000, 0, &low, &high));
    cr_expect_not(sim_quantile_ranks(1000, SIM_ONE_PPB, &low, &high));
    cr_expect_not(sim_quantile_ranks(0, P95, &low, &high));
}

// Where the exact distribution is given up for the normal one, nothing may jump.
Test(measure, ranks_go_on_smoothly_above_a_million_samples)
{
    uint64_t exact[2];
    uint64_t normal[2];
    cr_expect(sim_quantile_ranks(1000000, P95, &exact[0], &exact[1]));
    cr_expect(sim_quantile_ranks(1000001, P95, &normal[0], &normal[1]));
    for (int end = 0; end < 2; end++) {
        cr_expect(llabs((int64_t)(exact[end] - normal[end])) <= 3, "rank %lu becomes %lu",
                  exact[end], normal[end]);
    }
}

// A uniform draw from [0, 2^32), keyed by trial and draw.
static uint32_t draw(uint32_t trial, uint32_t index)
{
    return mesh_draw(12, MESH_DRAW_DRIVER, index, trial, 0).word[0];
}

Test(measure, intervals_of_independent_samples_cover_as_often_as_calculated)
{
    enum { TRIALS = 4000, SAMPLES = 100 };
    uint64_t ranks[2];
    cr_assert(sim_quantile_ranks(SAMPLES, P95, &ranks[0], &ranks[1]));
    double expected = coverage(ranks[0], ranks[1], SAMPLES, 0.95);
    uint32_t covered = 0;
    for (uint32_t trial = 0; trial < TRIALS; trial++) {
        struct sim_samples samples = {0};
        for (uint32_t i = 0; i < SAMPLES; i++) {
            sim_samples_add(&samples, draw(trial, i), 0);
        }
        sim_samples_sort(&samples);
        struct sim_interval interval = sim_quantile_interval(&samples, P95);
        double truth = 0.95 * 4294967296.0;
        covered +=
            interval.exists && (double)interval.low <= truth && truth <= (double)interval.high;
        sim_samples_finish(&samples);
    }
    double deviation = sqrt(expected * (1 - expected) / TRIALS);
    double share = (double)covered / TRIALS;
    cr_expect(fabs(share - expected) < 4 * deviation, "covered %g of the time, calculated %g",
              share, expected);
}

// 40 runs of 5 updates that all converge alike: 200 samples worth 40. The median of the runs has
// the deviation sqrt(1/4 / 40), the order statistics believe sqrt(1/4 / 200): P(|Z| < 1.96 / sqrt
// 5) = 62 %.
Test(measure, updates_that_share_their_run_do_not_narrow_the_interval)
{
    enum { TRIALS = 300, RUNS = 40, UPDATES = 5 };
    uint32_t alone = 0;
    uint32_t joined = 0;
    double truth = 4294967296.0 / 2;
    for (uint32_t trial = 0; trial < TRIALS; trial++) {
        struct sim_samples samples = {0};
        for (uint32_t i = 0; i < RUNS * UPDATES; i++) {
            sim_samples_add(&samples, draw(trial, i / UPDATES), i / UPDATES);
        }
        sim_samples_sort(&samples);
        struct sim_interval interval = sim_quantile_interval(&samples, 500000000);
        joined += (double)interval.low <= truth && truth <= (double)interval.high;
        samples.run_count = 1;
        struct sim_interval narrow = sim_quantile_interval(&samples, 500000000);
        alone += (double)narrow.low <= truth && truth <= (double)narrow.high;
        cr_assert(interval.low <= narrow.low && narrow.high <= interval.high,
                  "the wider of the two counts");
        sim_samples_finish(&samples);
    }
    cr_expect(alone < TRIALS * 72 / 100, "order statistics alone covered %u of %d", alone, TRIALS);
    cr_expect(joined > TRIALS * 90 / 100, "whole runs covered %u of %d", joined, TRIALS);
}

// 20 runs of 5 updates, run r always taking r. A resample's p95 is its 19th of 20 runs: below 15
// with probability P(B(20, 1/4) <= 1) = 2.4 %, below 14 with P(B(20, 3/10) <= 1) = 0.8 %.
Test(measure, runs_drawn_again_give_the_percentile_of_the_runs_drawn)
{
    struct sim_samples samples = {0};
    for (uint32_t i = 0; i < 100; i++) {
        sim_samples_add(&samples, i / 5, i / 5);
    }
    sim_samples_sort(&samples);
    struct sim_interval p95 = sim_quantile_interval(&samples, P95);
    cr_expect(p95.low >= 14 && p95.low <= 16 && p95.high == 19, "p95 of 0 .. 19: [%lu, %lu]",
              p95.low, p95.high);
    struct sim_interval p5 = sim_quantile_interval(&samples, SIM_ONE_PPB - P95);
    cr_expect(p5.low == 0 && p5.high >= 3 && p5.high <= 5, "p5 of 0 .. 19: [%lu, %lu]", p5.low,
              p5.high);
    sim_samples_finish(&samples);
}

Test(measure, an_interval_reaches_never_where_updates_never_converged)
{
    struct sim_samples samples = {0};
    for (uint32_t i = 0; i < 100; i++) {
        sim_samples_add(&samples, i < 95 ? i : SIM_TIME_NEVER, i % 10);
    }
    sim_samples_sort(&samples);
    struct sim_interval interval = sim_quantile_interval(&samples, P95);
    cr_expect(interval.exists && interval.low < 95, "low %lu", interval.low);
    cr_expect_eq(interval.high, SIM_TIME_NEVER);
    sim_samples_finish(&samples);
}

Test(measure, too_few_samples_have_no_interval_however_many_runs)
{
    struct sim_samples samples = {0};
    for (uint32_t i = 0; i < 58; i++) {
        sim_samples_add(&samples, i, i);
    }
    cr_expect_not(sim_quantile_interval(&samples, P95).exists);
    sim_samples_add(&samples, 58, 58);
    cr_expect(sim_quantile_interval(&samples, P95).exists);
    sim_samples_finish(&samples);
}

// ---- Shares ----

// Clopper and Pearson's bounds, as every table has them.
Test(measure, intervals_of_shares_are_clopper_and_pearsons)
{
    static const struct {
        uint64_t satisfied, count;
        double low, high;
    } table[] = {
        {0, 10, 0, 0.3085},      {10, 10, 0.6915, 1},     {1, 10, 0.0025, 0.4450},
        {8, 10, 0.4439, 0.9748}, {5, 20, 0.0866, 0.4910},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct sim_tally tally = {table[i].satisfied, table[i].count};
        struct sim_interval interval = sim_share_interval(&tally, 1);
        cr_expect(fabs((double)interval.low / 1e9 - table[i].low) < 0.00006 &&
                      fabs((double)interval.high / 1e9 - table[i].high) < 0.00006,
                  "%lu of %lu: [%lu, %lu] ppb, in the tables [%g, %g]", table[i].satisfied,
                  table[i].count, interval.low, interval.high, table[i].low, table[i].high);
    }
}

// The bounds are quantiles of the beta distribution: 2.5 % of it lies beyond each. The tolerance is
// what rounding to parts per billion makes of it.
Test(measure, intervals_of_shares_agree_with_the_beta_distribution)
{
    for (uint64_t count = 7; count < 100000; count = count * 3 + 1) {
        for (uint64_t part = 1; part < 7; part++) {
            uint64_t satisfied = count * part / 7;
            struct sim_tally tally = {satisfied, count};
            struct sim_interval interval = sim_share_interval(&tally, 1);
            double k = (double)satisfied;
            double n = (double)count;
            double below = gsl_cdf_beta_P((double)interval.low / 1e9, k, n - k + 1);
            double above = gsl_cdf_beta_Q((double)interval.high / 1e9, k + 1, n - k);
            cr_assert(fabs(below - 0.025) < 1e-6 && fabs(above - 0.025) < 1e-6,
                      "%lu of %lu: %.9f of the distribution below, %.9f above", satisfied, count,
                      below, above);
        }
    }
}

Test(measure, intervals_of_shares_go_on_smoothly_above_a_million_samples)
{
    struct sim_tally exact = {999000, 1000000};
    struct sim_tally score = {999001, 1000001};
    struct sim_interval a = sim_share_interval(&exact, 1);
    struct sim_interval b = sim_share_interval(&score, 1);
    cr_expect(llabs((int64_t)(a.low - b.low)) < 3000 && llabs((int64_t)(a.high - b.high)) < 3000,
              "[%lu, %lu] becomes [%lu, %lu] ppb", a.low, a.high, b.low, b.high);
}

Test(measure, a_share_that_varies_between_runs_has_the_wider_interval)
{
    struct sim_tally alike[20];
    struct sim_tally apart[20];
    for (uint32_t run = 0; run < 20; run++) {
        alike[run] = (struct sim_tally){50, 100};
        apart[run] = (struct sim_tally){run % 2 == 0 ? 100 : 0, 100};
    }
    struct sim_interval narrow = sim_share_interval(alike, 20);
    struct sim_interval wide = sim_share_interval(apart, 20);
    // Half of 20 runs, deviation sqrt(1/4 / 20) = 0.112: about 0.28 to 0.72.
    cr_expect(wide.low < 350000000 && wide.high > 650000000, "[%lu, %lu] ppb", wide.low, wide.high);
    cr_expect(narrow.low > 470000000 && narrow.high < 530000000, "[%lu, %lu] ppb", narrow.low,
              narrow.high);
    cr_expect_not(sim_share_interval(alike, 0).exists);
}
