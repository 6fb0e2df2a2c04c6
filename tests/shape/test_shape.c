// SPDX-License-Identifier: GPL-3.0-or-later
// Tables held against GSL's distribution functions: a million samples of each by Kolmogorov and
// Smirnov, and the tails share by share down to one in a million.
#include <criterion/criterion.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "shape.h"

#define MS UINT64_C(1000000)
#define SAMPLES 1000000u
// A right table fails by chance once in a million: sqrt(n) D stays below 2.693 with P = 1 - 1e-6
// (2 exp(-2 x^2) = 1e-6; Kolmogorov 1933).
#define KOLMOGOROV 2.693

// What a latency should be distributed as, in GSL's words.
typedef double (*cdf)(double x);

static double normal_p(double x)
{
    return gsl_cdf_gaussian_P(x - 40e6, 8e6);
}
static double normal_q(double x)
{
    return gsl_cdf_gaussian_Q(x - 40e6, 8e6);
}

// The parameters of mean 40 ms and deviation 8 ms by the textbook: sigma^2 = ln(1 + (s / m)^2),
// mu = ln m - sigma^2 / 2.
static double lognormal_sigma(void)
{
    return sqrt(log(1 + 0.04));
}
static double lognormal_p(double x)
{
    return gsl_cdf_lognormal_P(x, log(40e6) - log(1.04) / 2, lognormal_sigma());
}
static double lognormal_q(double x)
{
    return gsl_cdf_lognormal_Q(x, log(40e6) - log(1.04) / 2, lognormal_sigma());
}

// Mean 10 ms, deviation 20 ms: shape (m / s)^2 = 1/4, scale s^2 / m = 40 ms.
static double gamma_p(double x)
{
    return gsl_cdf_gamma_P(x, 0.25, 40e6);
}
static double gamma_q(double x)
{
    return gsl_cdf_gamma_Q(x, 0.25, 40e6);
}

static double pareto_q(double x)
{
    return x <= 5e6 ? 1 : pow(5e6 / x, 2.5);
}
static double pareto_p(double x)
{
    return 1 - pareto_q(x);
}

static const struct named {
    const char *name;
    struct sim_shape shape;
    cdf p;
    cdf q;
} distributions[] = {
    {"normal",
     {.distribution = SIM_NORMAL, .mean_ns = 40 * MS, .deviation_ns = 8 * MS, .minimum_ns = 1},
     normal_p,
     normal_q},
    {"normal, cut on both sides",
     {.distribution = SIM_NORMAL,
      .mean_ns = 40 * MS,
      .deviation_ns = 8 * MS,
      .minimum_ns = 35 * MS,
      .maximum_ns = 60 * MS},
     normal_p,
     normal_q},
    {"lognormal",
     {.distribution = SIM_LOGNORMAL, .mean_ns = 40 * MS, .deviation_ns = 8 * MS, .minimum_ns = 1},
     lognormal_p,
     lognormal_q},
    {"lognormal, cut below",
     {.distribution = SIM_LOGNORMAL,
      .mean_ns = 40 * MS,
      .deviation_ns = 8 * MS,
      .minimum_ns = 41 * MS},
     lognormal_p,
     lognormal_q},
    {"gamma",
     {.distribution = SIM_GAMMA, .mean_ns = 10 * MS, .deviation_ns = 20 * MS, .minimum_ns = 100000},
     gamma_p,
     gamma_q},
    {"pareto",
     {.distribution = SIM_PARETO, .minimum_ns = 5 * MS, .exponent = 2500000},
     pareto_p,
     pareto_q},
};

// The shares below and above x of what lies between the cuts.
static double below(const struct named *named, double x)
{
    double low = named->p((double)named->shape.minimum_ns);
    double high = named->shape.maximum_ns == 0 ? 0 : named->q((double)named->shape.maximum_ns);
    return (named->p(x) - low) / (1 - low - high);
}

static double above(const struct named *named, double x)
{
    double low = named->p((double)named->shape.minimum_ns);
    double high = named->shape.maximum_ns == 0 ? 0 : named->q((double)named->shape.maximum_ns);
    return (named->q(x) - high) / (1 - low - high);
}

static struct sim_quantiles *table_of(const struct sim_shape *shape)
{
    struct sim_quantiles *table = malloc(sizeof *table);
    struct sim_error error = {0};
    cr_assert_not_null(table);
    cr_assert(sim_shape_tabulate(shape, table, &error), "%s", error.text);
    return table;
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static double *sample(const struct sim_quantiles *table, uint64_t seed)
{
    double *values = malloc(SAMPLES * sizeof *values);
    cr_assert_not_null(values);
    for (uint32_t i = 0; i < SAMPLES; i++) {
        struct mesh_random random = mesh_philox(seed, i, 0, 0, 0);
        uint64_t draw = (uint64_t)random.word[0] << 32 | random.word[1];
        values[i] = (double)sim_quantile_at(table, draw);
    }
    qsort(values, SAMPLES, sizeof *values, ascending);
    return values;
}

Test(shape, a_million_samples_are_distributed_as_gsl_says, .timeout = 60)
{
    for (size_t d = 0; d < sizeof distributions / sizeof *distributions; d++) {
        const struct named *named = &distributions[d];
        struct sim_quantiles *table = table_of(&named->shape);
        double *values = sample(table, 42 + d);
        double distance = 0;
        for (uint32_t i = 0; i < SAMPLES; i++) {
            double p = below(named, values[i]);
            distance = fmax(distance, fmax(p - (double)i / SAMPLES, (i + 1.0) / SAMPLES - p));
        }
        cr_expect(sqrt(SAMPLES) * distance < KOLMOGOROV, "%s: sqrt(n) D = %g", named->name,
                  sqrt(SAMPLES) * distance);
        free(values);
        free(table);
    }
}

// Between the points, too: shares that are no powers of two.
Test(shape, both_tails_are_right_to_one_in_a_million)
{
    for (size_t d = 0; d < sizeof distributions / sizeof *distributions; d++) {
        const struct named *named = &distributions[d];
        struct sim_quantiles *table = table_of(&named->shape);
        for (double share = 1e-6; share < 0.5; share *= 1.0837) {
            uint64_t draw = (uint64_t)ldexp(share, 64);
            double high = above(named, (double)sim_quantile_at(table, ~draw));
            double low = below(named, (double)sim_quantile_at(table, draw));
            // Latencies are whole nanoseconds, rounded at the points and again between them; near a
            // bound a tail may have few of them.
            double grain = 2 * (above(named, (double)sim_quantile_at(table, ~draw) - 1) - high);
            cr_expect(fabs(high - share) < 0.0005 * share + grain,
                      "%s: %g lie above the latency of %g", named->name, high, share);
            grain = 2 * (below(named, (double)sim_quantile_at(table, draw) + 1) - low);
            cr_expect(fabs(low - share) < 0.0005 * share + grain,
                      "%s: %g lie below the latency of %g", named->name, low, share);
        }
        free(table);
    }
}

Test(shape, a_table_nowhere_decreases_and_stays_within_its_bounds)
{
    for (size_t d = 0; d < sizeof distributions / sizeof *distributions; d++) {
        const struct sim_shape *shape = &distributions[d].shape;
        struct sim_quantiles *table = table_of(shape);
        uint64_t before = 0;
        uint64_t most = shape->maximum_ns == 0 ? SIM_TABLE_NS_MAX : shape->maximum_ns;
        for (uint32_t i = 0; i <= SIM_QUANTILE_CELLS; i++) {
            cr_assert(table->points[i] >= before, "%s: point %u", distributions[d].name, i);
            before = table->points[i];
        }
        for (uint64_t share = 0; share < 1000000; share++) {  // draws of all magnitudes
            uint64_t draw = share * share * share * 18;
            uint64_t low = sim_quantile_at(table, draw);
            uint64_t high = sim_quantile_at(table, ~draw);
            cr_assert(low >= shape->minimum_ns && high <= most && low >= table->points[0] &&
                      high <= table->points[SIM_QUANTILE_CELLS]);
        }
        cr_expect(sim_quantile_at(table, 0) == table->points[0]);
        cr_expect(sim_quantile_at(table, UINT64_MAX) == table->points[SIM_QUANTILE_CELLS]);
        free(table);
    }
}

Test(shape, measurements_are_drawn_between_the_sorted_samples)
{
    static const uint64_t samples[] = {100, 200, 200, 800, 4000};
    struct sim_shape shape = {
        .distribution = SIM_EMPIRICAL, .samples_ns = samples, .sample_count = 5};
    struct sim_quantiles *table = table_of(&shape);
    static const uint64_t wanted[] = {100, 150, 200, 200, 200, 500, 800, 2400, 4000};
    for (uint64_t eighth = 0; eighth < 8; eighth++) {
        cr_expect(sim_quantile_at(table, eighth << 61) == wanted[eighth], "%lu / 8: %lu, not %lu",
                  eighth, sim_quantile_at(table, eighth << 61), wanted[eighth]);
    }
    cr_expect(sim_quantile_at(table, UINT64_MAX) == wanted[8]);
    free(table);
}

Test(shape, a_deviation_of_0_leaves_the_mean)
{
    struct sim_shape shape = {
        .distribution = SIM_LOGNORMAL, .mean_ns = 7 * MS, .minimum_ns = 3 * MS};
    struct sim_quantiles *table = table_of(&shape);
    cr_expect(table->points[0] == 7 * MS && table->points[SIM_QUANTILE_CELLS] == 7 * MS);
    free(table);
}

static void must_fail(const struct sim_shape *shape, const char *words)
{
    static struct sim_quantiles table;
    struct sim_error error = {0};
    cr_expect(!sim_shape_tabulate(shape, &table, &error), "was taken; should say %s", words);
    cr_expect(error.code == SIM_ERROR_SCENARIO && strstr(error.text, words) != NULL, "%s",
              error.text);
}

Test(shape, what_has_next_to_nothing_between_its_bounds_or_too_long_a_tail_is_refused)
{
    must_fail(&(struct sim_shape){.distribution = SIM_NORMAL,
                                  .mean_ns = 10 * MS,
                                  .deviation_ns = MS,
                                  .minimum_ns = 20 * MS},
              "between its bounds");
    struct sim_shape heavy = {.distribution = SIM_PARETO, .minimum_ns = 5 * MS, .exponent = 500000};
    must_fail(&heavy, "18 minutes");
    heavy.maximum_ns = 1000 * MS;
    free(table_of(&heavy));
}
