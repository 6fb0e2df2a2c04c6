// SPDX-License-Identifier: GPL-3.0-or-later
// What the agents of a hierarchy report, and where: workload.reports.
//
//     workload:
//       reports:
//         per: edge                                          rule 0: everywhere, all figures
//         workflow_executions: 5000
//         completion_rate: 0.93
//         places:
//           - {aggregator: 1, completion_rate: 0.94}         rule 1: edges 1 to 10
//           - {edge: 1, completion_rate: 0.95}               rule 2: edge 1, the last word there
//
// Places are numbered through the whole mesh, from 1, as the document does: RA6 is the first
// aggregator of the second region where each has five.
#include <inttypes.h>
#include <stdio.h>

#include "loading.h"
#include "mesh/summary.h"

#define REPORTS "workload.reports"
#define PLACES REPORTS ".places[]"

#define SETTLE_INTERVALS 5  // of the slowest ticks on the way of a report
#define NS_PER_MS 1000000u

static const char *const figure_names[SIM_REPORT_FIGURE_COUNT] = {
    [SIM_REPORT_EXECUTIONS] = "workflow_executions",
    [SIM_REPORT_TASKS] = "active_tasks",
    [SIM_REPORT_COMPLETION] = "completion_rate",
    [SIM_REPORT_LATENCY] = "avg_latency_ms",
};

// ---- Which reports are judged ----

uint64_t sim_reports_judged_ns(const struct sim_scenario *scenario)
{
    const struct sim_workload *workload = &scenario->workload;
    return workload->report_every_ns == 0
               ? 0
               : workload->warmup_ns + workload->report_every_ns + workload->report_settle_ns;
}

static uint64_t slowest_ns(const struct sim_scenario *scenario)
{
    uint64_t slowest = scenario->gossip.interval_ns;
    uint64_t up = scenario->hierarchy.aggregator_interval_ns;
    uint64_t top = scenario->hierarchy.global_interval_ns;
    slowest = up > slowest ? up : slowest;
    return top > slowest ? top : slowest;
}

// A run without an end of its own goes on until there are reports to judge, but not for ever.
static bool bind_settling(const struct sim_cell *cell, struct sim_scenario *scenario,
                          struct sim_error *error)
{
    struct sim_workload *workload = &scenario->workload;
    const struct sim_node *every = sim_node_find(cell->merged, "workload.report_every_ms");
    if (sim_node_find(cell->merged, "workload.report_settle_ms") == NULL) {
        uint64_t half_ns = scenario->duration_ns > workload->warmup_ns
                               ? (scenario->duration_ns - workload->warmup_ns) / 2
                               : 0;
        uint64_t settle_ns = SETTLE_INTERVALS * slowest_ns(scenario);
        workload->report_settle_ns =
            scenario->duration_ns > 0 && half_ns < settle_ns ? half_ns : settle_ns;
    }
    uint64_t judged_ns = sim_reports_judged_ns(scenario);
    return scenario->duration_ns > 0 || judged_ns < sim_scenario_end_ns(scenario) ||
           sim_node_fail(every, error,
                         "every agent has written a report that is judged at %" PRIu64
                         " ms (workload.warmup_ms + report_every_ms + report_settle_ms), but a run "
                         "without duration_ms ends at %" PRIu64 " ms: give duration_ms",
                         judged_ns / NS_PER_MS, sim_scenario_end_ns(scenario) / NS_PER_MS);
}

// ---- What they say ----

static bool read_figures(const char *parent, const char *shown, const struct sim_node *map,
                         struct sim_report_rule *rule, struct sim_error *error)
{
    for (uint32_t figure = 0; figure < SIM_REPORT_FIGURE_COUNT; figure++) {
        const struct sim_node *node = sim_node_get(map, figure_names[figure]);
        char path[SIM_KEY_PATH_BYTES];
        char place[SIM_KEY_PATH_BYTES];
        struct sim_value value;
        if (node == NULL) {
            continue;
        }
        snprintf(path, sizeof path, "%s.%s", parent, figure_names[figure]);
        snprintf(place, sizeof place, "%s.%s", shown, figure_names[figure]);
        if (!sim_key_read(sim_key_find(path), place, node, &value, error)) {
            return false;
        }
        rule->values[figure] = (struct sim_report_value){(uint64_t)value.low, (uint64_t)value.high};
        rule->given |= 1u << figure;
    }
    return true;
}

// The span that `name` of the mapping gives; `count` there are.
static bool read_span(const char *shown, const struct sim_node *map, const char *name,
                      uint64_t count, struct sim_span *span, struct sim_error *error)
{
    const struct sim_node *node = sim_node_get(map, name);
    char path[SIM_KEY_PATH_BYTES];
    char place[SIM_KEY_PATH_BYTES];
    char number[SIM_COUNT_BYTES];
    struct sim_value value;
    *span = (struct sim_span){0, (uint32_t)count};
    if (node == NULL) {
        return true;
    }
    snprintf(path, sizeof path, PLACES ".%s", name);
    snprintf(place, sizeof place, "%s.%s", shown, name);
    if (!sim_key_read(sim_key_find(path), place, node, &value, error)) {
        return false;
    }
    if ((uint64_t)value.high > count) {
        return sim_node_fail(node, error, "%s: there is no %s %" PRId64 ", only %s of them", place,
                             name, value.high, sim_count_text(count, number));
    }
    *span = (struct sim_span){(uint32_t)value.low - 1, (uint32_t)value.high};
    return true;
}

static bool overlap(struct sim_span wide, uint32_t parts, struct sim_span narrow)
{
    return (uint64_t)wide.first * parts < narrow.end && narrow.first < (uint64_t)wide.end * parts;
}

// A rule that holds in no edge would be a setting without effect.
static bool check_spans(const struct sim_scenario *scenario, const char *shown,
                        const struct sim_node *node, const struct sim_report_rule *rule,
                        struct sim_error *error)
{
    uint32_t aggregators = scenario->hierarchy.aggregators_per_region;
    uint32_t edges = scenario->hierarchy.edges_per_aggregator;
    bool meet = overlap(rule->regions, aggregators, rule->aggregators) &&
                overlap(rule->aggregators, edges, rule->edges) &&
                overlap(rule->regions, aggregators * edges, rule->edges);
    if (!meet) {
        return sim_node_fail(node, error,
                             "%s: no edge lies in all of these; places are numbered through the "
                             "whole mesh",
                             shown);
    }
    return rule->given != 0 || sim_node_fail(node, error,
                                             "%s says of none of its agents what they "
                                             "report: give workflow_executions, "
                                             "active_tasks, completion_rate or "
                                             "avg_latency_ms",
                                             shown);
}

static bool read_place(const struct sim_scenario *scenario, uint32_t index,
                       const struct sim_node *node, struct sim_report_rule *rule,
                       struct sim_error *error)
{
    char shown[SIM_KEY_PATH_BYTES];
    uint64_t aggregators =
        (uint64_t)scenario->region_count * scenario->hierarchy.aggregators_per_region;
    snprintf(shown, sizeof shown, REPORTS ".places[%" PRIu32 "]", index);
    *rule = (struct sim_report_rule){0};
    return read_span(shown, node, "region", scenario->region_count, &rule->regions, error) &&
           read_span(shown, node, "aggregator", aggregators, &rule->aggregators, error) &&
           read_span(shown, node, "edge", sim_edge_count(scenario), &rule->edges, error) &&
           read_figures(PLACES, shown, node, rule, error) &&
           check_spans(scenario, shown, node, rule, error);
}

// What an edge's agents report together, nobody can guess.
static bool check_sums(const struct sim_node *reports, const struct sim_scenario *scenario,
                       struct sim_error *error)
{
    for (uint32_t figure = SIM_REPORT_EXECUTIONS; figure <= SIM_REPORT_TASKS; figure++) {
        const struct sim_node *node = sim_node_get(reports, figure_names[figure]);
        if (scenario->workload.reports.per_edge && sim_node_origin(node).line == 0) {
            return sim_node_fail(sim_node_get(reports, "per"), error,
                                 REPORTS ".per: edge goes with a sum for the edge: " REPORTS
                                         ".%s is missing",
                                 figure_names[figure]);
        }
    }
    return true;
}

// Counts travel in 40 bits (mesh/summary.h).
static bool check_growth(const struct sim_node *reports, const struct sim_scenario *scenario,
                         const struct sim_report_rule *rule, struct sim_error *error)
{
    const struct sim_workload *workload = &scenario->workload;
    uint64_t numbers = workload->reports.growing
                           ? sim_scenario_end_ns(scenario) / workload->report_every_ns + 2
                           : 1;
    uint64_t most = rule->values[SIM_REPORT_EXECUTIONS].high / 1000000 + 1;
    return most <= MESH_REPORT_COUNT_MAX / numbers ||
           sim_node_fail(sim_node_get(reports, figure_names[SIM_REPORT_EXECUTIONS]), error,
                         REPORTS ".workflow_executions: %" PRIu64 " in each of %" PRIu64
                                 " reports are more than 1.1e12 in the end; growing: false tells "
                                 "the same each time",
                         most - 1, numbers);
}

bool sim_bind_reports(struct sim_arena *arena, const struct sim_cell *cell,
                      struct sim_scenario *scenario, struct sim_error *error)
{
    struct sim_report_settings *settings = &scenario->workload.reports;
    if (cell->topology != SIM_HIERARCHICAL || scenario->workload.report_every_ns == 0) {
        return true;
    }
    const struct sim_node *reports = sim_node_find(cell->merged, REPORTS);
    const struct sim_node *places = sim_node_get(reports, "places");
    uint32_t count = places == NULL ? 0 : places->count;
    struct sim_report_rule *rules = sim_arena_array(arena, (size_t)count + 1, sizeof *rules);
    rules[0] = (struct sim_report_rule){
        .regions = {0, scenario->region_count},
        .aggregators = {0, UINT32_MAX},
        .edges = {0, UINT32_MAX},
    };
    if (!read_figures(REPORTS, REPORTS, reports, &rules[0], error) ||
        !check_sums(reports, scenario, error)) {
        return false;
    }
    if (!check_growth(reports, scenario, &rules[0], error)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct sim_node *place = places->entries[i].value;
        if (!read_place(scenario, i, place, &rules[i + 1], error) ||
            !check_growth(place, scenario, &rules[i + 1], error)) {
            return false;
        }
    }
    settings->rules = rules;
    settings->rule_count = count + 1;
    return bind_settling(cell, scenario, error);
}
