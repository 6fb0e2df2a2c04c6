// SPDX-License-Identifier: GPL-3.0-or-later
#include "shape.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <math.h>

// A distribution and where it is cut: shares below and above, `within` between the cuts.
struct cut {
    const struct sim_shape *shape;
    double a;  // GSL's parameters
    double b;
    double below;
    double above;
    double within;
};

static double quantile(const struct cut *cut, double below, double above)
{
    bool low = below <= above;  // from the nearer end, where digits are left
    switch (cut->shape->distribution) {
    case SIM_NORMAL:
        return cut->a +
               (low ? gsl_cdf_gaussian_Pinv(below, cut->b) : gsl_cdf_gaussian_Qinv(above, cut->b));
    case SIM_LOGNORMAL:
        return low ? gsl_cdf_lognormal_Pinv(below, cut->a, cut->b)
                   : gsl_cdf_lognormal_Qinv(above, cut->a, cut->b);
    case SIM_GAMMA:
        return low ? gsl_cdf_gamma_Pinv(below, cut->a, cut->b)
                   : gsl_cdf_gamma_Qinv(above, cut->a, cut->b);
    default:
        return low ? gsl_cdf_pareto_Pinv(below, cut->a, cut->b)
                   : gsl_cdf_pareto_Qinv(above, cut->a, cut->b);
    }
}

static void shares_at(const struct cut *cut, double x, double *below, double *above)
{
    switch (cut->shape->distribution) {
    case SIM_NORMAL:
        *below = gsl_cdf_gaussian_P(x - cut->a, cut->b);
        *above = gsl_cdf_gaussian_Q(x - cut->a, cut->b);
        break;
    case SIM_LOGNORMAL:
        *below = gsl_cdf_lognormal_P(x, cut->a, cut->b);
        *above = gsl_cdf_lognormal_Q(x, cut->a, cut->b);
        break;
    case SIM_GAMMA:
        *below = gsl_cdf_gamma_P(x, cut->a, cut->b);
        *above = gsl_cdf_gamma_Q(x, cut->a, cut->b);
        break;
    default:
        *below = gsl_cdf_pareto_P(x, cut->a, cut->b);
        *above = gsl_cdf_pareto_Q(x, cut->a, cut->b);
        break;
    }
}

static struct cut cut_of(const struct sim_shape *shape)
{
    struct cut cut = {.shape = shape};
    double mean = (double)shape->mean_ns;
    double variation = (double)shape->deviation_ns / mean;
    switch (shape->distribution) {
    case SIM_NORMAL:
        cut.a = mean;
        cut.b = (double)shape->deviation_ns;
        break;
    case SIM_LOGNORMAL:
        cut.b = sqrt(log1p(variation * variation));
        cut.a = log(mean) - cut.b * cut.b / 2;
        break;
    case SIM_GAMMA:
        cut.a = 1 / (variation * variation);
        cut.b = mean * variation * variation;
        break;
    default:
        cut.a = (double)shape->exponent / SIM_EXPONENT_ONE;
        cut.b = (double)shape->minimum_ns;
        break;
    }
    double unused;
    uint64_t maximum_ns = shape->maximum_ns;
    shares_at(&cut, (double)shape->minimum_ns, &cut.below, &unused);
    if (maximum_ns != 0) {
        shares_at(&cut, (double)maximum_ns, &unused, &cut.above);
    }
    double above_minimum;
    shares_at(&cut, (double)shape->minimum_ns, &unused, &above_minimum);
    cut.within = cut.below < 0.5 ? 1 - cut.below - cut.above : above_minimum - cut.above;
    return cut;
}

// The point of the table at a share and what is left of it; both ends are shares of what is within.
static uint64_t point_at(const struct cut *cut, double below, double above)
{
    double x = quantile(cut, cut->below + below * cut->within, cut->above + above * cut->within);
    double low = (double)cut->shape->minimum_ns;
    uint64_t most = cut->shape->maximum_ns != 0 ? cut->shape->maximum_ns : SIM_TABLE_NS_MAX;
    return x <= low ? cut->shape->minimum_ns : x >= (double)most ? most : (uint64_t)llround(x);
}

static uint64_t sample_at(const struct sim_shape *shape, double below, double above)
{
    uint32_t last = shape->sample_count - 1;
    double place = below <= above ? below * last : last - above * last;
    uint32_t index = (uint32_t)place;
    if (index >= last) {
        return shape->samples_ns[last];
    }
    double step = (double)(shape->samples_ns[index + 1] - shape->samples_ns[index]);
    return shape->samples_ns[index] + (uint64_t)llround((place - index) * step);
}

static uint64_t value_at(const struct cut *cut, double below, double above)
{
    if (cut->shape->distribution == SIM_EMPIRICAL) {
        return sample_at(cut->shape, below, above);
    }
    return cut->shape->deviation_ns == 0 && cut->shape->distribution != SIM_PARETO
               ? cut->shape->mean_ns
               : point_at(cut, below, above);
}

// From the middle outwards, so that no point may cross the one before it, however GSL rounds.
static void fill(const struct cut *cut, struct sim_quantiles *table)
{
    const uint32_t half = SIM_QUANTILE_CELLS / 2;
    const double cells = SIM_QUANTILE_CELLS;
    table->points[half] = value_at(cut, 0.5, 0.5);
    for (uint32_t i = half + 1; i < SIM_QUANTILE_CELLS; i++) {
        uint64_t high = value_at(cut, i / cells, (SIM_QUANTILE_CELLS - i) / cells);
        uint32_t j = SIM_QUANTILE_CELLS - i;
        uint64_t low = value_at(cut, j / cells, i / cells);
        table->points[i] = high > table->points[i - 1] ? high : table->points[i - 1];
        table->points[j] = low < table->points[j + 1] ? low : table->points[j + 1];
    }
    const uint32_t outer = SIM_QUANTILE_CELLS >> SIM_QUANTILE_OUTER;
    table->high[0] = table->points[SIM_QUANTILE_CELLS - outer];
    table->low[0] = table->points[outer];
    for (uint32_t i = 1; i <= SIM_QUANTILE_TAIL; i++) {
        double share = ldexp(1 - (i % SIM_QUANTILE_STEPS) / (2.0 * SIM_QUANTILE_STEPS),
                             -(int)(SIM_QUANTILE_OUTER + i / SIM_QUANTILE_STEPS));
        uint64_t high = value_at(cut, 1 - share, share);
        uint64_t low = value_at(cut, share, 1 - share);
        table->high[i] = high > table->high[i - 1] ? high : table->high[i - 1];
        table->low[i] = low < table->low[i - 1] ? low : table->low[i - 1];
    }
    table->points[0] = table->low[SIM_QUANTILE_TAIL];
    table->points[SIM_QUANTILE_CELLS] = table->high[SIM_QUANTILE_TAIL];
}

bool sim_shape_tabulate(const struct sim_shape *shape, struct sim_quantiles *quantiles,
                        struct sim_error *error)
{
    gsl_set_error_handler_off();
    struct cut cut = {.shape = shape, .within = 1};
    bool drawn = shape->distribution != SIM_EMPIRICAL &&
                 (shape->deviation_ns != 0 || shape->distribution == SIM_PARETO);
    if (drawn) {
        cut = cut_of(shape);
    }
    if (!(cut.within >= 0.01)) {
        return sim_error_set(error, SIM_ERROR_SCENARIO,
                             "less than a hundredth of the distribution lies between its bounds");
    }
    if (drawn && shape->maximum_ns == 0) {
        double below;
        double above;
        shares_at(&cut, (double)SIM_TABLE_NS_MAX, &below, &above);
        if (!(above <= 1e-6 * cut.within)) {
            return sim_error_set(error, SIM_ERROR_SCENARIO,
                                 "more than one message in a million would take over 18 minutes: "
                                 "give max");
        }
    }
    fill(&cut, quantiles);
    return true;
}
