// SPDX-License-Identifier: GPL-3.0-or-later
// The document's State Aggregation Example, from the scenario file to the figures.
#include <criterion/criterion.h>
#include <stdio.h>

#include "program.h"

TestSuite(state_aggregation, .init = scratch_enter, .fini = scratch_leave, .timeout = 120);

static void expect_figure(const char *line, const char *metric, double figure)
{
    char path[128];
    snprintf(path, sizeof path, "json_extract(?1, '$.%s')", metric);
    cr_expect_eq(json_number(line, path), figure, "%s: %.17g, not %.17g", metric,
                 json_number(line, path), figure);
}

// Edge Node E1, Regional Aggregator RA1 and Global Coordinator GC1 as the document has them. What
// it leaves open, the other 499 edges, the scenario fills in.
Test(state_aggregation, comes_out_with_the_document_s_numbers)
{
    struct ended ended =
        run_program("run", scenario("state-aggregation.yaml"), "--json", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    const char *run = json_line(ended.output, "run", 0);

    // E1: 2,000 agents in the document, 20 here, to whom the same sums are dealt.
    expect_figure(run, "edge_workflow_executions", 5000);
    expect_figure(run, "edge_active_tasks", 1200);
    expect_figure(run, "edge_completion_rate", 0.95);
    expect_figure(run, "edge_avg_latency_ms", 45);

    // RA1: E1, eight edges like RA1 itself, E10. All ten executed 5,000, so the weights are equal.
    expect_figure(run, "aggregator_workflow_executions", 10 * 5000);
    expect_figure(run, "aggregator_active_tasks", 10 * 1200);
    expect_figure(run, "aggregator_completion_rate", (95 + 8 * 94 + 93) / 1000.0);
    expect_figure(run, "aggregator_avg_latency_ms", (45 + 8 * 47 + 49) / 10.0);
    expect_figure(run, "aggregator_edges", 10);

    // GC1: RA1, 48 aggregators like GC1 itself, RA50.
    expect_figure(run, "global_workflow_executions", 50 * 10 * 5000);
    expect_figure(run, "global_active_tasks", 50 * 10 * 1200);
    expect_figure(run, "global_completion_rate", (94 + 48 * 93 + 92) / 5000.0);
    expect_figure(run, "global_avg_latency_ms", (47 + 48 * 50 + 53) / 50.0);
    expect_figure(run, "global_regions", 10);
    expect_figure(run, "global_aggregators", 10 * 5);
    expect_figure(run, "global_edges", 10 * 5 * 10);
    expect_figure(run, "global_agents", 500 * 20);

    // Its claims are judged, each of them, since edge 1 is E1.
    cr_expect_eq(store_number("SELECT count(*) FROM verdicts WHERE section LIKE '%State Aggr%'"),
                 12);
    cr_expect_eq(store_number("SELECT count(*) FROM verdicts WHERE section LIKE '%State Aggr%'"
                              " AND verdict = 'PASS'"),
                 12);

    // Every agent's first report is judged, and comes to its edge before it comes up, but for that
    // of a relay, which need not wait for anybody.
    cr_expect_eq(store_number("SELECT value FROM metrics WHERE metric = 'report_global'"
                              " AND statistic = 'n'"),
                 10000);
    cr_expect_eq(store_number("SELECT count(DISTINCT scope_class) FROM curves"
                              " WHERE scope_class LIKE 'report:%' AND pairs = 10000"),
                 3);
    cr_expect_eq(
        store_number("SELECT min(m.value < n.value) FROM metrics m JOIN metrics n"
                     " USING (run_id, statistic) WHERE m.metric = 'report_edge'"
                     " AND n.metric = 'report_aggregator' AND statistic IN ('p50', 'p95')"),
        1);
    cr_expect_eq(store_number("SELECT max(held) FROM curves WHERE scope_class = 'report:edge'"),
                 10000);
}

#define SMALL                                                                                   \
    "run", topology("hierarchical.yaml"), "--agents", "2500", "--db", STORE, "--json", "--set", \
        "workload.updates=1", "--set", "workload.report_every_ms=1000"

Test(state_aggregation, is_not_claimed_of_agents_that_report_something_else)
{
    struct ended ended = run_program(SMALL, NULL);
    expect_exit(&ended, 0);
    cr_expect_eq(store_number("SELECT count(*) FROM verdicts WHERE metric LIKE '%completion_rate'"
                              " AND verdict = 'UNMEASURED'"
                              " AND why LIKE '%about a run with edge_completion_rate == 0.95.'"),
                 2);
}

Test(state_aggregation, expectations_on_reports_decide_the_exit_code)
{
    struct ended ended = run_program(
        SMALL, "--set", "expect=[p95(report_edge_ms) < 1, global_agents == 2500]", NULL);
    expect_exit(&ended, 1);
    cr_expect_eq(store_number("SELECT count(*) FROM expectations WHERE outcome = 'fail'"
                              " AND text LIKE 'p95%' AND why LIKE '%over 2500 reports'"),
                 1);
    cr_expect_eq(store_number("SELECT count(*) FROM expectations WHERE outcome = 'pass'"), 1);
}

Test(state_aggregation, expectations_on_reports_need_agents_that_report)
{
    struct ended ended =
        run_program("run", topology("flat-mesh.yaml"), "--set", "expect=[global_edges == 1]", NULL);
    expect_exit(&ended, 65);
    expect_part(ended.errors, "global_edges: this flat_mesh has no tiers");
    ended = run_program("run", topology("hierarchical.yaml"), "--set",
                        "expect=[p95(report_edge_ms) < 1]", NULL);
    expect_exit(&ended, 65);
    expect_part(ended.errors, "workload.report_every_ms makes its agents report");
    ended = run_program(SMALL, "--set", "expect=[report_edge_ms < 1]", NULL);
    expect_exit(&ended, 65);
    expect_part(ended.errors, "report_edge_ms has a value per report: say which");
}
