// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "aggregation.h"
#include "fixture.h"
#include "summary.h"

// Written at 0, 1, 2 and 9 s of a run of 10 s.
static struct sim_report_result reports[] = {
    {.written_ns = 0, .edge_ns = 10 * MS, .aggregator_ns = 100 * MS, .coordinators_ns = 1000 * MS},
    {.written_ns = 1000 * MS,
     .edge_ns = 20 * MS,
     .aggregator_ns = 200 * MS,
     .coordinators_ns = 2000 * MS},
    {.written_ns = 2000 * MS,
     .edge_ns = 30 * MS,
     .aggregator_ns = 300 * MS,
     .coordinators_ns = SIM_TIME_NEVER},
    {.written_ns = 9000 * MS,
     .edge_ns = SIM_TIME_NEVER,
     .aggregator_ns = SIM_TIME_NEVER,
     .coordinators_ns = SIM_TIME_NEVER},
};

static struct sim_scenario reporting_scenario(void)
{
    struct sim_scenario scenario = fixture_hierarchy();
    scenario.workload.report_every_ns = 1000 * MS;
    scenario.workload.report_settle_ns = 5000 * MS;
    return scenario;
}

static struct sim_result reporting_result(void)
{
    return (struct sim_result){
        .simulated_ns = 10000 * MS,
        .interval_ns = {100 * MS, 500 * MS, 1000 * MS},
        .reports = reports,
        .report_count = 4,
        .total = {.reports = 7,
                  .edges = 2,
                  .sums = {.executions = 100,
                           .active_tasks = 30,
                           .completion = 100 * UINT64_C(930000000),
                           .latency = UINT64_C(100) * 50000}},
    };
}

Test(aggregation, reports_of_the_last_seconds_are_not_judged_and_others_that_never_came_are)
{
    struct sim_scenario scenario = reporting_scenario();
    const struct sim_result result = reporting_result();
    struct sim_summary summary;
    sim_summary_init(&summary, &scenario, &result, 1);
    const struct sim_statistics *edge = &summary.statistics[SIM_REPORT_EDGE_MS];
    cr_expect(edge->count == 3 && edge->p50 == 20 && edge->max == 30 && edge->mean == 20);
    cr_expect_eq(summary.statistics[SIM_REPORT_AGGREGATOR_MS].mean, 200);
    cr_expect_eq(summary.statistics[SIM_REPORT_GLOBAL_MS].p50, 2000);
    cr_expect(isinf(summary.statistics[SIM_REPORT_GLOBAL_MS].max), "one never came");
    sim_summary_finish(&summary);
    // The report of 2 s was written 8 s before the end.
    scenario.workload.report_settle_ns = 8000 * MS + 1;
    sim_summary_init(&summary, &scenario, &result, 1);
    cr_expect_eq(summary.statistics[SIM_REPORT_GLOBAL_MS].max, 2000);
    sim_summary_finish(&summary);
}

Test(aggregation, reports_before_the_end_of_the_warm_up_are_not_judged)
{
    struct sim_scenario scenario = reporting_scenario();
    const struct sim_result result = reporting_result();
    struct sim_summary summary;
    scenario.workload.warmup_ns = 1000 * MS;
    sim_summary_init(&summary, &scenario, &result, 1);
    cr_expect_eq(summary.statistics[SIM_REPORT_EDGE_MS].count, 2);
    sim_summary_finish(&summary);
}

// 20 ms are a fifth of an edge's 100 ms, 200 two fifths of 500, 2000 twice the coordinators' 1000.
Test(aggregation, rounds_are_those_of_the_slowest_ticks_on_the_way)
{
    struct sim_scenario scenario = reporting_scenario();
    const struct sim_result result = reporting_result();
    struct sim_summary summary;
    sim_summary_init(&summary, &scenario, &result, 1);
    cr_expect_float_eq(summary.statistics[SIM_REPORT_EDGE_ROUNDS].p50, 0.2, 1e-12);
    cr_expect_float_eq(summary.statistics[SIM_REPORT_AGGREGATOR_ROUNDS].p50, 0.4, 1e-12);
    cr_expect_float_eq(summary.statistics[SIM_REPORT_GLOBAL_ROUNDS].p50, 2, 1e-12);
    sim_summary_finish(&summary);
}

// All tick at i * 100 ms: from 1,000 ms, a tick's own instant, to 1,020 there is that tick.
Test(aggregation, synchronous_rounds_are_ticks)
{
    struct sim_scenario scenario = reporting_scenario();
    const struct sim_result result = reporting_result();
    struct sim_summary summary;
    scenario.gossip.schedule = MESH_SYNCHRONOUS;
    scenario.workload.warmup_ns = 1000 * MS;
    scenario.workload.report_settle_ns = 9000 * MS;
    sim_summary_init(&summary, &scenario, &result, 1);
    cr_expect_eq(summary.statistics[SIM_REPORT_EDGE_ROUNDS].count, 1);
    cr_expect_eq(summary.statistics[SIM_REPORT_EDGE_ROUNDS].max, 1);
    sim_summary_finish(&summary);
}

Test(aggregation, totals_are_metrics_of_a_repetition)
{
    struct sim_scenario scenario = reporting_scenario();
    const struct sim_result result = reporting_result();
    struct sim_summary summary;
    sim_summary_init(&summary, &scenario, &result, 1);
    cr_expect_eq(summary.statistics[SIM_GLOBAL_AGENTS].mean, 7);
    cr_expect_eq(summary.statistics[SIM_GLOBAL_EDGES].mean, 2);
    cr_expect_eq(summary.statistics[SIM_GLOBAL_EXECUTIONS].mean, 100);
    cr_expect_eq(summary.statistics[SIM_GLOBAL_TASKS].mean, 30);
    cr_expect_eq(summary.statistics[SIM_GLOBAL_COMPLETION].mean, 0.93);
    cr_expect_eq(summary.statistics[SIM_GLOBAL_LATENCY].mean, 50);
    cr_expect_eq(summary.statistics[SIM_AGGREGATOR_EDGES].count, 0, "it has heard of none");
    sim_summary_finish(&summary);
}

Test(aggregation, nothing_is_said_where_nobody_reports)
{
    struct sim_scenario scenario = fixture_hierarchy();
    cr_expect_not(sim_metric_applies(SIM_REPORT_EDGE_MS, &scenario));
    cr_expect_not(sim_metric_applies(SIM_GLOBAL_AGENTS, &scenario));
    cr_expect_str_eq(sim_metric_lacks(SIM_GLOBAL_AGENTS, &scenario), "no reports");
    scenario = fixture_scenario();
    cr_expect_str_eq(sim_metric_lacks(SIM_REPORT_GLOBAL_ROUNDS, &scenario), "no tiers");
}
