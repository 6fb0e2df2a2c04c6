// SPDX-License-Identifier: GPL-3.0-or-later
// The real program against everything of reference.c. `validation` samples each scenario;
// `validation-full` (MESHSIM_VALIDATION=full) makes all the runs that its file asks for, and then
// demands that they were enough to tell.

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"
#include "reading.h"
#include "reference.h"

#define STORY_BYTES 400

static const char *const groups[] = {
    "demers-table-1", "demers-table-2", "demers-table-3", "spreading", "residue",
    "infect-and-die", "rounds",         "serf",           "delta",     "swim",
};
#define GROUP_COUNT (sizeof groups / sizeof *groups)

static bool is_full(void)
{
    const char *mode = getenv("MESHSIM_VALIDATION");
    return mode != NULL && strcmp(mode, "full") == 0;
}

static bool is_in_group(const struct reference *reference, const char *group)
{
    return strncmp(reference->scenario, group, strlen(group)) == 0;
}

// `repeat` 0: as often as the scenario says.
static void run(const char *scenario, int repeat, struct program_runs *runs)
{
    char problem[5000];
    cr_assert(program_run(scenario, repeat, runs, problem, sizeof problem), "%s", problem);
}

static void expect_row(const struct reference *row, const struct program_runs *runs)
{
    char story[STORY_BYTES];
    struct estimate ours = program_estimate(runs, row);
    cr_expect(reference_holds(row, &ours, story, sizeof story), "%s", story);
    cr_expect(!is_full() || reference_is_sharp(row, &ours),
              "%s, %s (%s.yaml): %d runs are too few for a standard error of %.2g", row->source,
              reference_figure_name(row), row->scenario, ours.runs, ours.error);
}

// Compares every scenario whose name begins with `group`; returns how many.
static int expect_group(const char *group)
{
    int scenarios = 0;
    struct program_runs runs = {0};
    for (int i = 0; i < reference_count; i++) {
        const struct reference *row = &references[i];
        if (!is_in_group(row, group)) {
            continue;
        }
        if (i == 0 || strcmp(row->scenario, references[i - 1].scenario) != 0) {
            program_finish(&runs);
            run(row->scenario, is_full() ? 0 : reference_sampled_runs(row->scenario), &runs);
            scenarios++;
        }
        expect_row(row, &runs);
    }
    program_finish(&runs);
    return scenarios;
}

Test(published, demers_table_1_pushing_with_feedback_and_counter)
{
    cr_expect_eq(expect_group("demers-table-1"), 5);
}

Test(published, demers_table_2_pushing_blindly_with_a_coin)
{
    cr_expect_eq(expect_group("demers-table-2"), 5);
}

Test(published, demers_table_3_pulling_with_feedback_and_counter)
{
    cr_expect_eq(expect_group("demers-table-3"), 3);
}

Test(published, spreading_on_the_complete_graph_in_rounds_and_by_poisson_clocks)
{
    cr_expect_eq(expect_group("spreading"), 7);
}

Test(published, the_residue_law_holds_for_a_coin_and_for_blind_counters)
{
    cr_expect_eq(expect_group("residue"), 5);
}

Test(published, infect_and_die_reaches_the_final_size)
{
    cr_expect_eq(expect_group("infect-and-die"), 4);
}

Test(published, rounds_of_push_follow_the_logarithmic_law_with_fanout_and_with_loss)
{
    cr_expect_eq(expect_group("rounds"), 4);
}

Test(published, serfs_formula_is_not_what_push_does)
{
    cr_expect_eq(expect_group("serf"), 2);
}

Test(published, delta_propagation_sends_each_element_as_often_as_the_graph_demands)
{
    cr_expect_eq(expect_group("delta"), 5);
}

Test(published, swim_detects_a_crash_and_fails_falsely_as_its_analysis_says)
{
    cr_expect_eq(expect_group("swim"), 6);
}

// Its figures are percentiles over elections, of which a run has twenty: the file expects them.
Test(published, elections_over_a_wan_take_as_long_as_in_ongaros_thesis)
{
    struct program_runs runs;
    run("raft-wan", is_full() ? 0 : 100, &runs);
    program_finish(&runs);
}

Test(published, every_reference_is_in_one_of_these_groups)
{
    for (int i = 0; i < reference_count; i++) {
        size_t group = 0;
        while (group < GROUP_COUNT && !is_in_group(&references[i], groups[group])) {
            group++;
        }
        cr_expect_lt(group, GROUP_COUNT, "%s is never run", references[i].scenario);
    }
}

// ---- Tighter than print: the same epidemics simulated independently ----

static void expect_same(const char *what, int k, const struct estimate *ours,
                        const struct estimate *theirs)
{
    double error = hypot(ours->error, theirs->error);
    cr_expect(fabs(ours->value - theirs->value) <= 3 * error,
              "%s, k = %d: %.6g +- %.2g by the program, %.6g +- %.2g independently", what, k,
              ours->value, ours->error, theirs->value, theirs->error);
}

static void expect_independent_agreement(bool pull, int k)
{
    char scenario[40];
    struct program_runs runs;
    int count = is_full() ? 20000 : 2000;
    double *values[FIGURE_COUNT] = {0};
    snprintf(scenario, sizeof scenario, "demers-table-%d-k-%d", pull ? 3 : 1, k);
    run(scenario, is_full() ? 2000 : reference_sampled_runs(scenario), &runs);
    for (int figure = FIGURE_RESIDUE; figure <= FIGURE_LAST; figure++) {
        values[figure] = malloc((size_t)count * sizeof *values[figure]);
        cr_assert(values[figure]);
    }
    for (int i = 0; i < count; i++) {
        struct reading_run result =
            reading_simulate(READING_OF_THE_PAPER, pull, 1000, k, 1000000 + (uint64_t)i);
        values[FIGURE_RESIDUE][i] = result.residue;
        values[FIGURE_TRAFFIC][i] = result.traffic;
        values[FIGURE_LAST][i] = result.last_cycle;
    }
    for (int figure = FIGURE_RESIDUE; figure <= FIGURE_LAST; figure++) {
        struct reference row = {.figure = (enum figure)figure};
        struct estimate ours = program_estimate(&runs, &row);
        struct estimate theirs = estimate_mean(values[figure], count);
        expect_same(reference_figure_name(&row), k, &ours, &theirs);
        free(values[figure]);
    }
    program_finish(&runs);
}

Test(published, an_independent_simulation_of_demers_push_gives_the_same)
{
    for (int k = 1; k <= (is_full() ? 5 : 2); k++) {
        expect_independent_agreement(false, k);
    }
}

Test(published, an_independent_simulation_of_demers_pull_gives_the_same)
{
    for (int k = 1; k <= (is_full() ? 3 : 2); k++) {
        expect_independent_agreement(true, k);
    }
}
