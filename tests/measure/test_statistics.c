// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <math.h>

#include "statistics.h"

static struct sim_samples pool(const uint64_t *values, uint32_t count)
{
    struct sim_samples samples = {0};
    for (uint32_t i = 0; i < count; i++) {
        sim_samples_add(&samples, values[i], 0);
    }
    sim_samples_sort(&samples);
    return samples;
}

// The worked examples of "Percentile", nearest-rank method, Wikipedia.
Test(measure, percentiles_are_the_nearest_rank_as_in_the_worked_examples)
{
    static const uint64_t five[] = {15, 20, 35, 40, 50};
    static const uint64_t ten[] = {3, 6, 7, 8, 8, 10, 13, 15, 16, 20};
    static const struct {
        const uint64_t *values;
        uint32_t count;
        uint32_t percent;
        uint64_t expected;
    } cases[] = {
        {five, 5, 5, 15},  {five, 5, 30, 20},  {five, 5, 40, 20},
        {five, 5, 50, 35}, {five, 5, 100, 50}, {ten, 10, 25, 7},
        {ten, 10, 50, 8},  {ten, 10, 75, 15},  {ten, 10, 100, 20},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_samples samples = pool(cases[i].values, cases[i].count);
        uint64_t found = sim_quantile(&samples, cases[i].percent * 10000000);
        cr_expect_eq(found, cases[i].expected, "P%u of %u values is %lu, not %lu", cases[i].percent,
                     cases[i].count, cases[i].expected, found);
        sim_samples_finish(&samples);
    }
}

// 0.07 * 100 and 0.999 * 1000 are a hair above 7 and 999 in floating point.
Test(measure, ranks_are_exact_where_floating_point_would_take_the_next)
{
    struct sim_samples samples = {0};
    for (uint64_t value = 1; value <= 1000; value++) {
        sim_samples_add(&samples, value, 0);
    }
    cr_expect_eq(sim_quantile(&samples, 999000000), 999);
    samples.count = 100;
    cr_expect_eq(sim_quantile(&samples, 70000000), 7);
    sim_samples_finish(&samples);
}

Test(measure, samples_are_sorted_with_never_last_whatever_the_order_they_came_in)
{
    static const uint64_t values[] = {SIM_TIME_NEVER, 7, 3, SIM_TIME_NEVER, 0};
    struct sim_samples samples = pool(values, 5);
    cr_expect_eq(samples.items[0].value, 0);
    cr_expect_eq(samples.items[2].value, 7);
    cr_expect_eq(samples.items[3].value, SIM_TIME_NEVER);
    cr_expect_eq(sim_samples_never(&samples), 2);
    sim_samples_finish(&samples);
}

// Sum 40, squared deviations 9 1 1 1 0 0 4 16: mean 5, variance 32 / 7.
Test(measure, mean_and_deviation_are_those_of_the_textbook_in_the_shown_unit)
{
    static const uint64_t values[] = {200, 400, 400, 400, 500, 500, 700, 900};
    struct sim_samples samples = pool(values, 8);
    struct sim_statistics statistics = sim_statistics_of(&samples, 100);
    cr_expect_float_eq(statistics.mean, 5, 1e-15);
    cr_expect_float_eq(statistics.sd, sqrt(32.0 / 7), 1e-12);
    cr_expect_eq(statistics.min, 2);
    cr_expect_eq(statistics.p50, 4);
    cr_expect_eq(statistics.max, 9);
    cr_expect_eq(statistics.count, 8);
    sim_samples_finish(&samples);
}

Test(measure, what_never_came_is_infinite_in_percentiles_and_leaves_no_mean)
{
    static const uint64_t values[] = {10, 20, 30, SIM_TIME_NEVER};
    struct sim_samples samples = pool(values, 4);
    struct sim_statistics statistics = sim_statistics_of(&samples, 10);
    cr_expect_eq(statistics.p50, 2);
    cr_expect_eq(statistics.p95, INFINITY);
    cr_expect_eq(statistics.max, INFINITY);
    cr_expect(isnan(statistics.mean), "a mean of %g over updates of which one never converged",
              statistics.mean);
    cr_expect(isnan(statistics.sd));
    sim_samples_finish(&samples);
}

Test(measure, no_sample_has_no_statistic_and_one_sample_no_deviation)
{
    struct sim_samples none = {0};
    struct sim_statistics statistics = sim_statistics_of(&none, 1);
    cr_expect_eq(statistics.count, 0);
    cr_expect(isnan(statistics.p50) && isnan(statistics.mean) && isnan(statistics.max));
    static const uint64_t values[] = {42};
    struct sim_samples one = pool(values, 1);
    statistics = sim_statistics_of(&one, 1);
    cr_expect_eq(statistics.mean, 42);
    cr_expect(isnan(statistics.sd));
    sim_samples_finish(&one);
}
