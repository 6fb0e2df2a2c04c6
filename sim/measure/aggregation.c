// SPDX-License-Identifier: GPL-3.0-or-later
#include "aggregation.h"

#define NS_PER_US 1000u

bool sim_report_counts(const struct sim_scenario *scenario, const struct sim_result *result,
                       const struct sim_report_result *report)
{
    const struct sim_workload *workload = &scenario->workload;
    return report->written_ns >= workload->warmup_ns &&
           report->written_ns + workload->report_settle_ns <= result->simulated_ns;
}

uint64_t sim_report_time_ns(const struct sim_report_result *report, enum sim_report_reach reach)
{
    switch (reach) {
    case SIM_REPORT_EDGE: return report->edge_ns;
    case SIM_REPORT_AGGREGATOR: return report->aggregator_ns;
    case SIM_REPORT_GLOBAL:
    case SIM_REPORT_REACH_COUNT: break;
    }
    return report->coordinators_ns;
}

const char *sim_report_reach_name(enum sim_report_reach reach)
{
    static const char *const names[SIM_REPORT_REACH_COUNT] = {
        [SIM_REPORT_EDGE] = "edge",
        [SIM_REPORT_AGGREGATOR] = "aggregator",
        [SIM_REPORT_GLOBAL] = "global",
    };
    return names[reach];
}

// ---- Totals ----

const struct mesh_total *sim_report_total(const struct sim_result *result,
                                          enum sim_report_reach reach)
{
    switch (reach) {
    case SIM_REPORT_EDGE: return &result->edge_total;
    case SIM_REPORT_AGGREGATOR: return &result->aggregator_total;
    case SIM_REPORT_GLOBAL:
    case SIM_REPORT_REACH_COUNT: break;
    }
    return &result->total;
}

uint64_t sim_total_executions(const struct mesh_total *total)
{
    return (uint64_t)total->sums.executions;
}

uint64_t sim_total_tasks(const struct mesh_total *total)
{
    return (uint64_t)total->sums.active_tasks;
}

uint64_t sim_total_completion(const struct mesh_total *total)
{
    return mesh_sums_completion_ppb(&total->sums);
}

uint64_t sim_total_latency(const struct mesh_total *total)
{
    return (uint64_t)NS_PER_US * mesh_sums_latency_us(&total->sums);
}

uint64_t sim_total_regions(const struct mesh_total *total)
{
    return total->regions;
}

uint64_t sim_total_aggregators(const struct mesh_total *total)
{
    return total->aggregators;
}

uint64_t sim_total_edges(const struct mesh_total *total)
{
    return total->edges;
}

uint64_t sim_total_agents(const struct mesh_total *total)
{
    return total->reports;
}
