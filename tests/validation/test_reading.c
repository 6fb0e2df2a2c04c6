// SPDX-License-Identifier: GPL-3.0-or-later
// Which reading of Demers et al. 1987 gives their tables: the same comparison that the program has
// to pass accepts one and rejects the others.

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reading.h"
#include "reference.h"

#define RUNS 400
#define STORY_BYTES 400

struct figures {
    double values[FIGURE_COUNT][RUNS];
};

static void simulate(enum reading reading, bool pull, int k, struct figures *figures)
{
    for (int run = 0; run < RUNS; run++) {
        uint64_t seed = (uint64_t)k * 1000000 + (uint64_t)run;
        struct reading_run result = reading_simulate(reading, pull, 1000, k, seed);
        figures->values[FIGURE_RESIDUE][run] = result.residue;
        figures->values[FIGURE_TRAFFIC][run] = result.traffic;
        figures->values[FIGURE_LAST][run] = result.last_cycle;
    }
}

// How many of the figures of row k of the table do not hold; `story` tells of one of them.
static int rejections(enum reading reading, bool pull, int k, char story[STORY_BYTES])
{
    static struct figures figures;
    char scenario[40];
    int rejected = 0;
    int rows = 0;
    snprintf(scenario, sizeof scenario, "demers-table-%d-k-%d", pull ? 3 : 1, k);
    simulate(reading, pull, k, &figures);
    snprintf(story, STORY_BYTES, "nothing is off");
    for (int i = 0; i < reference_count; i++) {
        if (strcmp(references[i].scenario, scenario) == 0) {
            struct estimate ours = estimate_mean(figures.values[references[i].figure], RUNS);
            rejected += !reference_holds(&references[i], &ours, story, STORY_BYTES);
            rows++;
        }
    }
    cr_assert_eq(rows, 3, "%d rows of %s", rows, scenario);
    return rejected;
}

Test(reading, judged_by_the_start_of_the_cycle_and_counted_anew_it_gives_tables_1_and_3)
{
    char story[STORY_BYTES];
    for (int k = 1; k <= 5; k++) {
        cr_expect_eq(rejections(READING_OF_THE_PAPER, false, k, story), 0, "%s", story);
    }
    for (int k = 1; k <= 3; k++) {
        cr_expect_eq(rejections(READING_OF_THE_PAPER, true, k, story), 0, "%s", story);
    }
}

Test(reading, judged_in_sequence_within_a_cycle_it_is_rejected)
{
    char story[STORY_BYTES];
    for (int k = 1; k <= 5; k++) {
        cr_expect_gt(rejections(READING_IN_SEQUENCE, false, k, story), 0, "k = %d: %s", k, story);
    }
}

// At k = 1 there is nothing to count anew: the first useless contact is the last.
Test(reading, a_counter_that_is_never_reset_is_rejected)
{
    char story[STORY_BYTES];
    cr_expect_eq(rejections(READING_WITHOUT_RESET, false, 1, story), 0, "%s", story);
    for (int k = 2; k <= 5; k++) {
        cr_expect_gt(rejections(READING_WITHOUT_RESET, false, k, story), 0, "k = %d: %s", k, story);
    }
    cr_expect_gt(rejections(READING_WITHOUT_RESET, true, 2, story), 0, "%s", story);
}

// By hand: the first call is news. Then both call each other, to no use, and lose interest.
Test(reading, between_two_sites_the_rumour_takes_one_cycle_and_three_calls)
{
    for (int reading = READING_OF_THE_PAPER; reading <= READING_WITHOUT_RESET; reading++) {
        struct reading_run run = reading_simulate((enum reading)reading, false, 2, 1, 7);
        cr_expect_float_eq(run.residue, 0, 1e-12);
        cr_expect_float_eq(run.traffic, 1.5, 1e-12);
        cr_expect_float_eq(run.last_cycle, 1, 1e-12);
    }
}
