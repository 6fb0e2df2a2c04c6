// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "expectation.h"
#include "fixture.h"

static struct sim_predicate parse(const char *text)
{
    struct sim_expectation expectation = {.text = text, .origin = {"s.yaml", 7, 5}};
    struct sim_predicate predicate = {0};
    struct sim_error error = {0};
    cr_assert(sim_expectation_parse(&expectation, &predicate, &error), "%s: %s", text, error.text);
    return predicate;
}

Test(measure, an_expectation_is_a_term_a_comparison_and_a_number)
{
    struct sim_predicate p99 = parse("p99(convergence_ms) < 1000");
    cr_expect(p99.term.aggregate == SIM_PERCENTILE && p99.term.percentile_ppb == 990000000);
    cr_expect(p99.term.metric == SIM_CONVERGENCE_MS && p99.comparison == SIM_LESS);
    cr_expect_eq(p99.bound, 1000);
    struct sim_predicate tail = parse("  p99.9 ( convergence_rounds )>=12.5 ");
    cr_expect(tail.term.percentile_ppb == 999000000 && tail.comparison == SIM_GREATER_EQUAL);
    cr_expect(tail.term.metric == SIM_CONVERGENCE_ROUNDS && tail.bound == 12.5);
    struct sim_predicate share = parse("share(convergence_ms <= 100) > 0.9");
    cr_expect(share.term.aggregate == SIM_SHARE && share.term.inner == SIM_LESS_EQUAL);
    cr_expect(share.term.inner_bound == 100 && share.bound == 0.9 &&
              share.comparison == SIM_GREATER);
    struct sim_predicate bare = parse("residue==0");
    cr_expect(bare.term.aggregate == SIM_EACH && bare.comparison == SIM_EQUAL && bare.bound == 0);
    cr_expect_eq(parse("mean(messages) != 5e6").bound, 5000000);
    cr_expect_eq(parse("mean(messages) <= 1.5E+3").bound, 1500);
    cr_expect_eq(parse("residue < 25e-3").bound, 0.025);
    cr_expect_eq(parse("sd(bytes) < 0.000123").bound, 0.000123);
    cr_expect_eq(parse("min(bytes) < 1").term.percentile_ppb, 0);
    cr_expect_eq(parse("max(bytes) < 1").term.percentile_ppb, 1000000000);
}

Test(measure, a_wrong_expectation_is_refused_with_its_place_in_the_file)
{
    static const struct {
        const char *text;
        uint32_t column;  // the expression starts in column 5
        const char *says;
    } cases[] = {
        {"p99(convergnce_ms) < 1000", 9, "did you mean convergence_ms?"},
        {"p99(zebra) < 1000", 9, "there are convergence_ms, convergence_rounds"},
        {"avg(messages) < 1", 5, "unknown aggregate \"avg\""},
        {"p101(messages) < 1", 5, "from p0 to p100"},
        {"p99.12345678(messages) < 1", 5, "finer than 7 decimal places"},
        {"p99(messages < 1", 18, "a closing parenthesis goes here"},
        {"mean(messages) = 1", 20, "a comparison goes here"},
        {"mean(messages) <", 21, "a number goes here"},
        {"mean(messages) < many", 22, "a number goes here"},
        {"mean(messages) < -1", 22, "a number goes here"},
        {"mean(messages) < 5e", 24, "the digits of an exponent go here"},
        {"mean(messages) < 1e99", 22, "a power of ten from -22 to 22"},
        {"mean(messages) < 12345678901234567", 22, "at most 15 digits"},
        {"mean(messages) < 5 and more", 24, "nothing more goes here"},
        {"convergence_ms < 100", 5, "as in p99(convergence_ms) or share(convergence_ms < 100)"},
        {"share(convergence_ms) > 0.9", 25, "a comparison goes here"},
        {"share(convergence_ms < 50) > 90", 34, "a share goes from 0 to 1"},
        {"mean()", 10, "the name of a metric goes here"},
        {"", 5, "the name of a metric goes here"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_expectation expectation = {.text = cases[i].text, .origin = {"s.yaml", 7, 5}};
        struct sim_predicate predicate;
        struct sim_error error = {0};
        cr_expect_not(sim_expectation_parse(&expectation, &predicate, &error), "%s", cases[i].text);
        cr_expect_eq(error.code, SIM_ERROR_SCENARIO);
        cr_expect(error.line == 7 && error.column == cases[i].column &&
                      strcmp(error.file, "s.yaml") == 0,
                  "%s: at %s:%u:%u, not column %u", cases[i].text, error.file, error.line,
                  error.column, cases[i].column);
        cr_expect_not_null(strstr(error.text, cases[i].says), "%s: %s", cases[i].text, error.text);
    }
}

Test(measure, what_the_mesh_does_not_have_is_refused_before_the_run)
{
    struct sim_expectation edge = {.text = "p95(edge_convergence_ms) < 700",
                                   .origin = {"s.yaml", 4, 3}};
    struct sim_expectation region = {.text = "max(region_convergence_rounds) < 8",
                                     .origin = {"s.yaml", 5, 3}};
    struct sim_scenario flat = fixture_scenario();
    struct sim_scenario leaders = fixture_leaders();
    struct sim_scenario tiers = fixture_hierarchy();
    flat.expectation_count = leaders.expectation_count = tiers.expectation_count = 1;
    flat.expectations = leaders.expectations = tiers.expectations = &edge;
    struct sim_error error = {0};
    cr_expect_not(sim_expectations_check(&flat, &error));
    cr_expect_str_eq(error.text, "edge_convergence_ms: this flat_mesh has no edges; convergence_ms "
                                 "is about all agents");
    cr_expect(error.code == SIM_ERROR_SCENARIO && error.line == 4 && error.column == 7);
    error = (struct sim_error){0};
    cr_expect_not(sim_expectations_check(&leaders, &error));
    cr_expect_not_null(strstr(error.text, "this multi_region_leaders has no edges"));
    error = (struct sim_error){0};
    cr_expect(sim_expectations_check(&tiers, &error), "%s", error.text);
    flat.expectations = leaders.expectations = tiers.expectations = &region;
    cr_expect(sim_expectations_check(&leaders, &error), "%s", error.text);
    cr_expect(sim_expectations_check(&tiers, &error), "%s", error.text);
    cr_expect_not(sim_expectations_check(&flat, &error));
    cr_expect_not_null(strstr(error.text, "has one region; convergence_rounds is about all"), "%s",
                       error.text);
}

Test(measure, the_check_before_a_run_finds_the_first_wrong_expectation)
{
    struct sim_expectation expectations[] = {{.text = "residue == 0", .origin = {"s.yaml", 4, 3}},
                                             {.text = "p95(bytes) <", .origin = {"s.yaml", 5, 3}}};
    struct sim_scenario scenario = fixture_scenario();
    scenario.expectations = expectations;
    scenario.expectation_count = 1;
    struct sim_error error = {0};
    cr_expect(sim_expectations_check(&scenario, &error));
    scenario.expectation_count = 2;
    cr_expect_not(sim_expectations_check(&scenario, &error));
    cr_expect_eq(error.line, 5);
}

// ---- Judged on: two repetitions, updates 120 120 / 50 never (60 hold it) ----

static struct sim_expectation_verdict judge(const char *text, uint32_t result_count)
{
    struct sim_expectation expectation = {.text = text, .origin = {"s.yaml", 1, 1}};
    struct sim_scenario scenario = fixture_scenario();
    scenario.expectations = &expectation;
    scenario.expectation_count = 1;
    struct sim_result results[2] = {fixture_result(2, 100, 20), fixture_result(2, 30, 20)};
    fixture_never(&results[1].updates[1], 60);
    results[0].traffic[MESH_MESSAGE_PUSH][SIM_SAME_HOST].messages = 900;
    results[1].traffic[MESH_MESSAGE_PUSH][SIM_SAME_HOST].messages = 400;
    struct sim_summary summary;
    sim_summary_init(&summary, &scenario, results, result_count);
    struct sim_expectation_verdict verdict;
    sim_expectations_judge(&scenario, &summary, &verdict);
    sim_summary_finish(&summary);
    sim_result_finish(&results[0]);
    sim_result_finish(&results[1]);
    return verdict;
}

Test(measure, expectations_are_judged_on_all_repetitions_pooled)
{
    static const struct {
        const char *text;
        enum sim_outcome outcome;
        double measured;
    } cases[] = {
        {"p50(convergence_ms) < 121", SIM_OUTCOME_PASS, 120},
        {"p50(convergence_ms) < 120", SIM_OUTCOME_FAIL, 120},
        {"min(convergence_ms) == 50", SIM_OUTCOME_PASS, 50},
        {"p75(convergence_rounds) <= 1.2", SIM_OUTCOME_PASS, 1.2},
        {"p76(convergence_rounds) <= 1000000", SIM_OUTCOME_FAIL, INFINITY},
        {"max(convergence_ms) > 10", SIM_OUTCOME_PASS, INFINITY},
        {"share(convergence_ms < 120) >= 0.25", SIM_OUTCOME_PASS, 0.25},
        {"share(convergence_ms <= 120) >= 0.75", SIM_OUTCOME_PASS, 0.75},
        {"share(convergence_ms <= 120) > 0.75", SIM_OUTCOME_FAIL, 0.75},
        {"mean(messages) == 650", SIM_OUTCOME_PASS, 650},
        {"messages >= 400", SIM_OUTCOME_PASS, 400},
        {"messages < 900", SIM_OUTCOME_FAIL, 900},
        {"messages < 400", SIM_OUTCOME_FAIL, 900},
        {"messages > 900", SIM_OUTCOME_FAIL, 400},
        {"messages == 900", SIM_OUTCOME_FAIL, 400},
        {"residue <= 0.2", SIM_OUTCOME_PASS, 0.2},
        {"residue == 0", SIM_OUTCOME_FAIL, 0.2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_expectation_verdict verdict = judge(cases[i].text, 2);
        cr_expect_eq(verdict.outcome, cases[i].outcome, "%s: %s, measured %g", cases[i].text,
                     sim_outcome_name(verdict.outcome), verdict.measured);
        cr_expect_eq(verdict.measured, cases[i].measured, "%s: measured %g, not %g", cases[i].text,
                     verdict.measured, cases[i].measured);
        cr_expect_eq(verdict.why[0] == '\0', verdict.outcome == SIM_OUTCOME_PASS, "%s: \"%s\"",
                     cases[i].text, verdict.why);
    }
}

Test(measure, a_mean_over_updates_that_never_converged_fails_and_says_how_many)
{
    struct sim_expectation_verdict verdict = judge("mean(convergence_ms) < 1000", 2);
    cr_expect_eq(verdict.outcome, SIM_OUTCOME_FAIL);
    cr_expect(isnan(verdict.measured) && verdict.stored == SIM_TIME_NEVER);
    cr_expect_str_eq(verdict.why, "1 of 4 updates never got there, so there is no mean");
    verdict = judge("mean(convergence_ms) > 0", 2);
    cr_expect_eq(verdict.outcome, SIM_OUTCOME_FAIL, "no mean is not above 0 either");
    verdict = judge("mean(convergence_ms) != 7", 2);
    cr_expect_eq(verdict.outcome, SIM_OUTCOME_FAIL, "no mean is not different either");
}

Test(measure, no_sample_is_a_failure_with_its_reason_and_not_a_pass)
{
    static const char *const texts[] = {"p99(convergence_ms) < 1000", "mean(messages) >= 0",
                                        "residue == 0", "share(convergence_ms > 5) < 0.1"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct sim_expectation_verdict verdict = judge(texts[i], 0);
        cr_expect_eq(verdict.outcome, SIM_OUTCOME_UNMEASURED, "%s", texts[i]);
        cr_expect_str_eq(verdict.why, "no repetition ran to its end", "%s", texts[i]);
    }
}

Test(measure, what_is_stored_of_an_expectation_is_an_integer_in_the_stored_unit)
{
    struct sim_expectation_verdict verdict = judge("p50(convergence_ms) < 121", 2);
    cr_expect(verdict.stored == 120 * MS && strcmp(verdict.stored_unit, "ns") == 0);
    verdict = judge("share(convergence_ms < 120) >= 0.25", 2);
    cr_expect(verdict.stored == 250000000 && strcmp(verdict.stored_unit, "ppb") == 0);
}
