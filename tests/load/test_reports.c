// SPDX-License-Identifier: GPL-3.0-or-later
// What the agents of a hierarchy are told to report.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workshop.h"

TestSuite(reports, .init = workshop_open, .fini = workshop_close, .timeout = 30);

// 2 regions x 2 aggregators x 3 edges x 4 agents; the next line is the 14th.
#define TIERS                                                             \
    "topology: hierarchical\n"                                            \
    "hierarchy:\n"                                                        \
    "  level1_global: {coordinators: 2, regions: 2}\n"                    \
    "  level2_regional: {aggregators_per_region: 2}\n"                    \
    "  level3_edge: {edge_nodes_per_aggregator: 3, agents_per_edge: 4}\n" \
    "gossip:\n"                                                           \
    "  edge_to_edge: 2\n"                                                 \
    "  edge_to_aggregator: 2\n"                                           \
    "  aggregator_to_coordinator: 1\n"                                    \
    "  intervals: {edge_ms: 100, aggregator_ms: 500, global_ms: 1000}\n"  \
    "workload:\n"                                                         \
    "  updates: 1\n"                                                      \
    "  report_every_ms: 1000\n"

static void must_be(const struct sim_report_rule *rule, enum sim_report_figure figure, uint64_t low,
                    uint64_t high)
{
    cr_expect(rule->given >> figure & 1);
    cr_expect(rule->values[figure].low == low && rule->values[figure].high == high,
              "figure %d: %lu to %lu", figure, rule->values[figure].low, rule->values[figure].high);
}

Test(reports, say_on_average_what_the_document_has_them_say)
{
    struct outcome outcome = must_load(TIERS);
    const struct sim_report_settings *reports = &outcome.scenarios->workload.reports;
    cr_assert_eq(reports->rule_count, 1);
    cr_expect(!reports->per_edge && reports->growing);
    must_be(&reports->rules[0], SIM_REPORT_EXECUTIONS, 2500000, 2500000);
    must_be(&reports->rules[0], SIM_REPORT_TASKS, 600000, 600000);
    must_be(&reports->rules[0], SIM_REPORT_COMPLETION, 880000000, 980000000);
    must_be(&reports->rules[0], SIM_REPORT_LATENCY, 30000, 70000);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(reports, of_places_are_rules_over_spans_counted_from_zero)
{
    struct outcome outcome = must_load(TIERS "  reports:\n"
                                             "    per: edge\n"
                                             "    growing: false\n"
                                             "    workflow_executions: 5000\n"
                                             "    active_tasks: 1200-1300\n"
                                             "    places:\n"
                                             "      - {region: 2, completion_rate: 0.94}\n"
                                             "      - {aggregator: 2-3, avg_latency_ms: 40.5-47}\n"
                                             "      - {edge: 12, active_tasks: 0}\n");
    const struct sim_report_settings *reports = &outcome.scenarios->workload.reports;
    cr_assert_eq(reports->rule_count, 4);
    cr_expect(reports->per_edge && !reports->growing);
    must_be(&reports->rules[0], SIM_REPORT_EXECUTIONS, 5000000000, 5000000000);
    must_be(&reports->rules[0], SIM_REPORT_TASKS, 1200000000, 1300000000);
    const struct sim_report_rule *region = &reports->rules[1];
    cr_expect(region->regions.first == 1 && region->regions.end == 2);
    cr_expect(region->aggregators.first == 0 && region->aggregators.end == 4);
    cr_expect(region->given == 1u << SIM_REPORT_COMPLETION);
    must_be(region, SIM_REPORT_COMPLETION, 940000000, 940000000);
    const struct sim_report_rule *aggregators = &reports->rules[2];
    cr_expect(aggregators->aggregators.first == 1 && aggregators->aggregators.end == 3);
    must_be(aggregators, SIM_REPORT_LATENCY, 40500, 47000);
    const struct sim_report_rule *edge = &reports->rules[3];
    cr_expect(edge->edges.first == 11 && edge->edges.end == 12);
    must_be(edge, SIM_REPORT_TASKS, 0, 0);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(reports, that_make_no_sense_are_refused_where_they_stand)
{
    static const struct {
        const char *lines;
        uint32_t line;
        uint32_t column;
        const char *words;
    } mistakes[] = {
        {"  reports: {per: edge, active_tasks: 3}\n", 14, 18,
         "goes with a sum for the edge: workload.reports.workflow_executions is missing"},
        {"  reports: {places: [{edge: 13, active_tasks: 1}]}\n", 14, 29,
         "workload.reports.places[0].edge: there is no edge 13, only 12 of them"},
        {"  reports: {places: [{aggregator: 5, active_tasks: 1}]}\n", 14, 35,
         "there is no aggregator 5, only 4 of them"},
        {"  reports: {places: [{region: 1, edge: 7, active_tasks: 1}]}\n", 14, 22,
         "no edge lies in all of these"},
        {"  reports: {places: [{aggregator: 1, edge: 4-6, active_tasks: 1}]}\n", 14, 22,
         "no edge lies in all of these"},
        {"  reports: {places: [{edge: 3}]}\n", 14, 22, "says of none of its agents"},
        {"  reports: {places: [{edge: 0, active_tasks: 1}]}\n", 14, 29,
         "expected an integer from 1 to"},
        {"  reports: {completion_rate: 0.9-1.1}\n", 14, 30,
         "expected a number from 0 to 1, or a range of them (0.5-2)"},
        {"  reports: {avg_latency_ms: 3-2}\n", 14, 29, "which ends below its start"},
        {"  reports: {workflow_execution: 3}\n", 14, 13,
         "did you mean workload.reports.workflow_executions?"},
        {"  reports: {workflow_executions: 1000000000}\nduration_ms: 86400000\n", 14, 34,
         "growing: false tells the same each time"},
        {"  report_settle_ms: 19000\n", 13, 20,
         "but a run without duration_ms ends at 20000 ms: give duration_ms"},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        char text[2048];
        snprintf(text, sizeof text, TIERS "%s", mistakes[i].lines);
        must_fail(text, SIM_ERROR_SCENARIO, mistakes[i].line, mistakes[i].column,
                  mistakes[i].words);
    }
}

// Five times 1,000 ms, the slowest interval; half of what a short run leaves after its warm-up.
Test(reports, are_judged_when_they_had_five_of_the_slowest_intervals_to_come)
{
    static const struct {
        const char *lines;
        uint64_t settle_ms;
    } cases[] = {
        {"", 5000},
        {"duration_ms: 60000\n", 5000},
        {"duration_ms: 4000\n", 2000},
        {"  warmup_ms: 1000\n  first_write_ms: 1000\nduration_ms: 4000\n", 1500},
        {"  report_settle_ms: 0\nduration_ms: 4000\n", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[2048];
        snprintf(text, sizeof text, TIERS "%s", cases[i].lines);
        struct outcome outcome = must_load(text);
        cr_expect_eq(outcome.scenarios->workload.report_settle_ns, cases[i].settle_ms * 1000000,
                     "case %zu", i);
        sim_scenarios_destroy(outcome.scenarios, outcome.count);
    }
}

Test(reports, have_no_effect_where_nobody_reports)
{
    write_text("silent.yaml", TIERS "  reports: {active_tasks: 3}\n");
    char *text =
        lint_text("silent.yaml", (const char *const[]){"workload.report_every_ms=1000", NULL});
    cr_expect_not_null(strstr(text, "tasks that are active"));
    free(text);
    write_text("silent.yaml", "topology: " SOURCE_ROOT "/topologies/hierarchical.yaml\n"
                              "workload: {reports: {active_tasks: 3}, report_settle_ms: 5}\n");
    text = lint_text("silent.yaml", (const char *const[]){NULL});
    const char *key = strstr(text, "workload.reports.active_tasks");
    cr_assert_not_null(key);
    const char *end = strchr(key, '\n');
    const char *reason = strstr(key, "recorded without effect: without report_every_ms nobody");
    cr_expect(reason != NULL && reason < end, "%.*s", (int)(end - key), key);
    free(text);
}
