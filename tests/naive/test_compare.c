// SPDX-License-Identifier: GPL-3.0-or-later
// The comparison notices what it is there to notice, and stays calm over chance.

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "compare.h"
#include "naive.h"

#define RUNS 400
#define UPDATES 16

// The same small mesh for every test, so that a change of one rule stands alone.
static struct naive_config mesh_of_100(enum naive_mode mode)
{
    struct naive_config config = {
        .mode = mode,
        .agents = 100,
        .fanout = 5,
        .updates = UPDATES,
        .theta_percent = 95,
        .interval_ms = 100,
        .first_write_ms = 50,
        .every_ms = 23,
        .duration_ms = 700,
    };
    naive_set_latency(&config, 0.1, 1);
    return config;
}

static struct naive_result *runs_of(struct naive_config config, uint64_t seed)
{
    struct naive_result *runs = calloc(RUNS, sizeof *runs);
    cr_assert(runs);
    for (int run = 0; run < RUNS; run++) {
        config.seed = seed + (uint64_t)run;
        naive_run(&config, &runs[run]);
    }
    return runs;
}

static int disagreements(const char *title, struct naive_config a, struct naive_config b)
{
    struct naive_result *left = runs_of(a, 0);
    struct naive_result *right = runs_of(b, 5000);
    int count =
        compare_runs(title, (struct compare_side){"a", left}, (struct compare_side){"b", right},
                     RUNS, UPDATES, (struct compare_limits){2, 0.6});
    free(left);
    free(right);
    return count;
}

Test(compare, other_seeds_of_the_same_rules_agree)
{
    for (int mode = NAIVE_PUSH; mode <= NAIVE_EAGER; mode++) {
        struct naive_config config = mesh_of_100((enum naive_mode)mode);
        config.loss = 0.05;
        cr_expect_eq(disagreements("same rules", config, config), 0);
    }
}

Test(compare, a_peer_less_is_noticed)
{
    for (int mode = NAIVE_PUSH; mode <= NAIVE_EAGER; mode++) {
        struct naive_config config = mesh_of_100((enum naive_mode)mode);
        struct naive_config other = config;
        other.fanout = 4;
        cr_expect_gt(disagreements("fanout 5 and 4", config, other), 0);
    }
}

Test(compare, four_percent_of_delay_are_noticed)
{
    struct naive_config config = mesh_of_100(NAIVE_PUSH_PULL);
    struct naive_config other = config;
    // A median of about 105 ms, three messages long.
    naive_set_latency(&other, 0.1, 1 + 2 * 0.04 * 105 / 3);
    cr_expect_gt(disagreements("a slower network", config, other), 0);
}

Test(compare, loss_that_is_a_third_too_rare_is_noticed)
{
    for (int mode = NAIVE_PUSH; mode <= NAIVE_EAGER; mode++) {
        struct naive_config config = mesh_of_100((enum naive_mode)mode);
        struct naive_config other = config;
        config.loss = 0.3;
        other.loss = 0.2;
        cr_expect_gt(disagreements("loss 30 % and 20 %", config, other), 0);
    }
}

// ---- Arithmetic, by hand ----

// 40 runs of one update: batch i holds first_ms + i and first_ms + i + 2, of which the median is
// the former.
static void fill_batches(struct naive_result *runs, double first_ms)
{
    for (int run = 0; run < 2 * COMPARE_BATCHES; run++) {
        runs[run] = (struct naive_result){.end_ms = 1000};
        runs[run].theta_ms[0] = first_ms + run / 2 + 2 * (run % 2);
    }
}

static int compare_filled(const struct naive_result *a, const struct naive_result *b,
                          double error_percent)
{
    return compare_runs("by hand", (struct compare_side){"a", a}, (struct compare_side){"b", b},
                        2 * COMPARE_BATCHES, 1, (struct compare_limits){2, error_percent});
}

static int compare_shifted(double shift, double error_percent)
{
    struct naive_result a[2 * COMPARE_BATCHES];
    struct naive_result b[2 * COMPARE_BATCHES];
    fill_batches(a, 1010);
    fill_batches(b, 1010 + shift);
    return compare_filled(a, b, error_percent);
}

// The batch medians are 1010 .. 1029: variance 20 * 21 / 12 = 35, standard error sqrt(35 / 20) =
// 1.323, of the difference 1.871 or 0.184 % of the median, 1020. Five of it: 9.35.
Test(compare, five_standard_errors_of_batch_means_decide)
{
    cr_expect_eq(compare_shifted(9.3, 1), 0);
    cr_expect_eq(compare_shifted(9.4, 1), 2, "both quantiles move");
}

Test(compare, a_region_that_lags_is_noticed)
{
    struct naive_result a[2 * COMPARE_BATCHES];
    struct naive_result b[2 * COMPARE_BATCHES];
    fill_batches(a, 1010);
    fill_batches(b, 1010);
    for (int run = 0; run < 2 * COMPARE_BATCHES; run++) {
        a[run].region_ms[0] = a[run].theta_ms[0] / 2;
        b[run].region_ms[0] = b[run].theta_ms[0] / 2 * 1.03;
    }
    cr_expect_eq(compare_filled(a, b, 1), 1);
}

Test(compare, a_message_to_the_wrong_place_is_noticed)
{
    struct naive_result a[2 * COMPARE_BATCHES];
    struct naive_result b[2 * COMPARE_BATCHES];
    fill_batches(a, 1010);
    fill_batches(b, 1010);
    for (int run = 0; run < 2 * COMPARE_BATCHES; run++) {
        a[run].pair_messages[NAIVE_SAME_ZONE] = 100;
        b[run].pair_messages[NAIVE_SAME_ZONE] = 99;
        b[run].pair_messages[NAIVE_SAME_HOST] = 1;
    }
    cr_expect_eq(compare_filled(a, b, 1), 2);
}

Test(compare, an_error_too_large_to_prove_anything_is_a_disagreement)
{
    cr_expect_eq(compare_shifted(0, 0.19), 0);
    cr_expect_eq(compare_shifted(0, 0.18), 1);
}

Test(compare, updates_that_never_converge_agree_with_nothing)
{
    cr_expect_eq(compare_shifted(INFINITY, 1), 2);
}

Test(compare, a_quantile_is_the_smallest_time_that_enough_updates_have_reached)
{
    struct naive_result runs[2] = {{.theta_ms = {5, 1, 4, 2, 3}}, {.theta_ms = {10, 6, 9, 7, 8}}};
    cr_expect_eq(compare_quantile_ms(runs, 2, 5, 50), 5);
    cr_expect_eq(compare_quantile_ms(runs, 2, 5, 51), 6);
    cr_expect_eq(compare_quantile_ms(runs, 2, 5, 95), 10);
    cr_expect_eq(compare_quantile_ms(runs, 2, 5, 100), 10);
}
