// SPDX-License-Identifier: GPL-3.0-or-later
// The list of liars: what it comes to, and what is refused with its place.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "workshop.h"

TestSuite(liars, .init = workshop_open, .fini = workshop_close);

#define MS UINT64_C(1000000)
#define LYING MESH "duration_ms: 5000\nbyzantine:\n"  // line 5

Test(liars, behaviours_and_what_they_alone_know_are_read)
{
    struct outcome outcome = must_load(
        LYING "  - {behaviour: delaying, of: {percent: 20}, delay_ms: 1.5, at_ms: 100,\n"
              "     until_ms: 300}\n"
              "  - {behaviour: flooding, of: {nodes: [3, 5-6]}, rate_per_s: 7, victims: 2}\n"
              "  - {behaviour: corrupting, of: {number: 4}, percent: 12.5}\n");
    const struct sim_scenario *scenario = &outcome.scenarios[0];
    const struct sim_liar *liars = scenario->liars;
    cr_assert_eq(scenario->liar_count, 3);
    cr_expect_eq(liars[0].behaviour, SIM_DELAYING);
    cr_expect_eq(liars[0].delay_ns, 1500000);
    cr_expect_eq(liars[0].at_ns, 100 * MS);
    cr_expect_eq(liars[0].until_ns, 300 * MS);
    cr_expect_eq(liars[0].of.share_ppb, 200000000);
    cr_expect_str_eq(liars[0].text, "delaying by 20 % of agents from 100 to 300 ms");
    cr_expect_eq(liars[1].rate, 7);
    cr_expect_eq(liars[1].victims, 2);
    cr_expect_eq(liars[1].until_ns, SIM_FAULT_NEVER);
    cr_expect_eq(liars[2].share_ppb, 125000000);
    cr_expect_eq(liars[2].of.number, 4);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(liars, floods_are_twice_the_rate_limit_unless_said)
{
    struct outcome outcome =
        must_load(MESH "security: {rate_limit_per_peer: 30}\n"
                       "byzantine: [{behaviour: flooding, of: {number: 1}}]\n");
    cr_expect_eq(outcome.scenarios[0].liars[0].rate, 60);
    cr_expect_eq(outcome.scenarios[0].liars[0].victims, 10);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(liars, no_share_at_all_is_nobody_so_that_a_sweep_may_begin_there)
{
    struct outcome outcome = must_load(LYING "  - {behaviour: silent, of: {percent: 0}}\n");
    cr_expect(outcome.scenarios[0].liars[0].of.nobody);
    cr_expect_str_eq(outcome.scenarios[0].liars[0].text, "silent by 0 % of agents");
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(liars, mistakes_are_refused_where_they_stand)
{
    static const struct {
        const char *text;
        uint32_t column;
        const char *words;
    } mistakes[] = {
        {"  - {behaviour: lazy, of: {number: 1}}\n", 17, "byzantine[0].behaviour"},
        {"  - {behaviour: silent}\n", 5, "byzantine[0] needs behaviour"},
        {"  - {of: {number: 1}}\n", 5, "byzantine[0] needs behaviour"},
        {"  - {behaviour: silent, of: {}}\n", 29, "byzantine[0].of names nobody"},
        {"  - {behaviour: silent, of: {number: 1}, delay_ms: 5}\n", 52,
         "byzantine[0].delay_ms is told to behaviour delaying, not to silent"},
        {"  - {behaviour: silent, of: {number: 1}, at_ms: 5000}\n", 49,
         "byzantine[0].at_ms: the run ends before they lie"},
        {"  - {behaviour: silent, of: {number: 1}, at_ms: 9, until_ms: 9}\n", 62,
         "byzantine[0].until_ms: not after at_ms"},
        {"  - {behaviour: silent, of: {nodes: [100]}}\n", 38, "there are 100 nodes"},
        {"  - {behaviour: silent, off: {number: 1}}\n", 25, "did you mean byzantine[].of?"},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        char text[500] = LYING;
        strcat(text, mistakes[i].text);
        must_fail(text, SIM_ERROR_SCENARIO, 6, mistakes[i].column, mistakes[i].words);
    }
}

Test(liars, what_the_guard_is_told_acts_where_somebody_lies_and_is_said_to_be_idle_elsewhere)
{
    write_text("honest.yaml", MESH "security: {byzantine_threshold: 0.5}\n");
    write_text("on.yaml", MESH "security: {byzantine_threshold: 0.5, guard: on}\n");
    char *honest = lint_text("honest.yaml", NULL);
    char *on = lint_text("on.yaml", NULL);
    cr_expect(strstr(honest, "recorded without effect: nobody lies in this scenario") != NULL);
    cr_expect(strstr(on, "nobody lies in this scenario (byzantine)") == NULL);
    free(honest);
    free(on);
}
