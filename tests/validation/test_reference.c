// SPDX-License-Identifier: GPL-3.0-or-later
// The rule of comparison itself.

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "reference.h"

Test(reference, rounding_is_half_a_unit_of_the_last_digit_printed)
{
    cr_expect_float_eq(reference_rounding("0.18"), 0.005, 1e-15);
    cr_expect_float_eq(reference_rounding("14.0"), 0.05, 1e-15);
    cr_expect_float_eq(reference_rounding("38"), 0.5, 1e-15);
    cr_expect_float_eq(reference_rounding("0.000004"), 5e-7, 1e-15);
}

Test(reference, an_estimate_carries_the_error_of_its_sample)
{
    const double values[] = {1, 2, 3, 4};
    struct estimate mean = estimate_mean(values, 4);
    cr_expect_float_eq(mean.value, 2.5, 1e-12);
    cr_expect_float_eq(mean.error, sqrt(5.0 / 3 / 4), 1e-12);
    cr_expect_eq(mean.runs, 4);
}

// Of a fair coin the deviation 1/2 is known exactly: its fourth central moment is that of its
// square.
Test(reference, the_error_of_a_deviation_comes_from_the_fourth_moment)
{
    double coin[1000];
    double skewed[1000];
    for (int i = 0; i < 1000; i++) {
        coin[i] = i % 2;
        skewed[i] = i % 10 == 0;
    }
    struct estimate fair = estimate_deviation(coin, 1000);
    cr_expect_float_eq(fair.value, 0.5, 0.001);
    cr_expect(isnan(fair.error) || fair.error < 0.001, "%f", fair.error);
    // p = 0.1: variance 0.09, fourth moment pq(q^3 + p^3) = 0.0657.
    struct estimate tenth = estimate_deviation(skewed, 1000);
    cr_expect_float_eq(tenth.value, 0.3, 0.001);
    cr_expect_float_eq(tenth.error, sqrt((0.0657 - 0.0081) / 1000) / 0.6, 0.0001);
}

Test(reference, three_standard_errors_and_the_rounding_are_tolerated_and_no_more)
{
    struct estimate ours = {.value = 0.2, .error = 0.01, .runs = 10};
    cr_expect(comparison_make(&ours, 0.235, 0.005).agrees);
    cr_expect_not(comparison_make(&ours, 0.2351, 0.005).agrees);
    cr_expect(comparison_make(&ours, 0.165, 0.005).agrees);
    cr_expect_not(comparison_make(&ours, 0.1649, 0.005).agrees);
    ours.value = NAN;
    cr_expect_not(comparison_make(&ours, 0.2, 0.005).agrees);
}

Test(reference, a_refuted_figure_must_be_missed)
{
    struct reference row = {.scenario = "none",
                            .source = "nobody",
                            .figure = FIGURE_ROUNDS,
                            .published = "4.61",
                            .standing = STANDING_REFUTED};
    char story[400] = "";
    struct estimate ours = {.value = 5, .error = 0.01, .runs = 100};
    cr_expect(reference_holds(&row, &ours, story, sizeof story), "%s", story);
    ours.value = 4.62;
    cr_expect_not(reference_holds(&row, &ours, story, sizeof story));
    cr_expect_str_eq(story, "nobody, rounds (none.yaml): 4.62 +- 0.01 over 100 runs; the printed "
                            "figure is 4.61, off by 0.01 where it must be off by more than 0.035");
}

Test(reference, a_row_with_both_references_must_meet_both)
{
    struct reference row = {.scenario = "none",
                            .source = "nobody",
                            .figure = FIGURE_ROUNDS,
                            .published = "2.0",
                            .exact = {.chain = EXACT_POISSON, .nodes = 2}};  // 1
    char story[400];
    struct estimate ours = {.value = 1, .error = 0.01, .runs = 100};
    cr_expect_not(reference_holds(&row, &ours, story, sizeof story));
    ours.value = 2;
    cr_expect_not(reference_holds(&row, &ours, story, sizeof story));
    row.published = "1.0";
    cr_expect_not(reference_holds(&row, &ours, story, sizeof story));
    ours.value = 1.02;
    cr_expect(reference_holds(&row, &ours, story, sizeof story), "%s", story);
}

Test(reference, sharp_is_within_one_percent_or_the_rounding)
{
    struct reference row = {.figure = FIGURE_RESIDUE, .published = "0.18"};
    cr_expect(reference_is_sharp(&row, &(struct estimate){0.18, 0.0016, 10}));
    cr_expect_not(reference_is_sharp(&row, &(struct estimate){0.18, 0.0017, 10}));
    row.published = "17.4";
    row.figure = FIGURE_LAST;
    cr_expect(reference_is_sharp(&row, &(struct estimate){17.4, 0.057, 10}));
    cr_expect_not(reference_is_sharp(&row, &(struct estimate){17.4, 0.059, 10}));
}

// Of two replicas the writer tells the other, which without BP tells it back.
Test(reference, elements_sent_follow_from_replicas_edges_and_updates)
{
    struct reference pair = {
        .figure = FIGURE_ELEMENTS,
        .exact = {
            .chain = EXACT_DELTA, .nodes = 2, .parameter = 1, .updates = 10, .variant = true}};
    cr_expect_eq(reference_exact(&pair), 10);
    pair.exact.variant = false;
    cr_expect_eq(reference_exact(&pair), 20);
    int checked = 0;
    for (int i = 0; i < reference_count; i++) {
        const struct reference *row = &references[i];
        if (row->figure == FIGURE_ELEMENTS && row->published != NULL) {
            cr_expect_eq(reference_exact(row), strtod(row->published, NULL), "%s", row->source);
            checked++;
        }
    }
    cr_expect_eq(checked, 2);
}
