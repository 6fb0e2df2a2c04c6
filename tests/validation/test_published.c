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
#include "voting.h"

#define STORY_BYTES 400

static const char *const groups[] = {
    "demers-table-1", "demers-table-2", "demers-table-3", "spreading", "residue",
    "infect-and-die", "rounds",         "serf",           "delta",     "raft",
    "swim",           "queue",          "events",
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

Test(published, votes_are_split_as_often_as_ongaros_thesis_says)
{
    cr_expect_eq(expect_group("raft-split"), 6);
}

Test(published, swim_detects_a_crash_and_fails_falsely_as_its_analysis_says)
{
    cr_expect_eq(expect_group("swim"), 6);
}

Test(published, messages_wait_for_a_line_as_in_the_queue_m_d_1)
{
    cr_expect_eq(expect_group("queue"), 2);
}

Test(published, poisson_clocks_make_as_many_events_as_they_should)
{
    cr_expect_eq(expect_group("events"), 1);
}

Test(published, elections_over_a_wan_take_as_long_as_in_ongaros_thesis)
{
    cr_expect_eq(expect_group("raft-wan"), 1);
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
              "%s, %d: %.6g +- %.2g by the program, %.6g +- %.2g independently", what, k,
              ours->value, ours->error, theirs->value, theirs->error);
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return a < b ? -1 : a > b;
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

// ---- Elections held independently ----

// Until somebody has won, mean and two percentiles, and how many took a second term.
static void expect_same_elections(const char *scenario, const struct voting *voting)
{
    struct program_runs runs;
    int count = is_full() ? 100000 : 20000;
    double *won_ms = malloc((size_t)count * sizeof *won_ms);
    double *split = malloc((size_t)count * sizeof *split);
    cr_assert(won_ms && split);
    run(scenario, is_full() ? 0 : 10, &runs);
    for (int i = 0; i < count; i++) {
        struct voting_end end = voting_hold(voting, 1 + (uint64_t)i);
        won_ms[i] = end.won_ms;
        split[i] = end.terms > 1 ? 100 : 0;
    }
    struct estimate ours = program_estimate(&runs, &(struct reference){.figure = FIGURE_SPLIT});
    struct estimate theirs = estimate_mean(split, count);
    expect_same(scenario, voting->failed, &ours, &theirs);
    ours = program_estimate(&runs, &(struct reference){.figure = FIGURE_WON});
    theirs = estimate_mean(won_ms, count);
    expect_same(scenario, voting->failed, &ours, &theirs);
    qsort(won_ms, (size_t)count, sizeof *won_ms, ascending);
    for (int percent = 10; percent <= 90; percent += 40) {
        ours = estimate_percentile(runs.won_ms, runs.won_count, percent);
        theirs = estimate_percentile(won_ms, count, percent);
        expect_same(scenario, voting->failed, &ours, &theirs);
    }
    free(won_ms);
    free(split);
    program_finish(&runs);
}

Test(published, elections_held_independently_with_failures_and_unequal_logs_take_as_long)
{
    struct voting voting = {.servers = 5,
                            .latency_ms_min = 30,
                            .latency_ms_max = 40,
                            .timeout_ms_min = 300,
                            .timeout_ms_max = 600};
    expect_same_elections("raft-wan", &voting);
    voting.failed = 1;
    expect_same_elections("voting-1-failed", &voting);
    voting.failed = 2;
    expect_same_elections("voting-2-failed", &voting);
    voting.failed = 0;
    voting.logs_differ = true;
    expect_same_elections("voting-logs", &voting);
    voting.failed = 1;
    expect_same_elections("voting-1-failed-logs", &voting);
}
