// SPDX-License-Identifier: GPL-3.0-or-later
// The reports of a hierarchy as metrics: how long they took to come to their edge and up, and what
// came of them at the end, as the document's State Aggregation Example has it.
//
//     0           warm-up                          end - settle             end
//     +--------------+---------------------------------+---------------------+
//       not judged     reports written here are judged   would still be
//                                                        on their way
//
// A report is judged if it was written at least workload.report_settle_ms before the end, five
// times the slowest interval on the way unless said otherwise, and at most half of the run. What
// has not come within the run in spite of that never came, and is later than every other. A run
// without duration_ms goes on until every agent has written such a report.

#ifndef SIM_AGGREGATION_H
#define SIM_AGGREGATION_H

#include "results.h"
#include "scenario.h"

bool sim_report_counts(const struct sim_scenario *scenario, const struct sim_result *result,
                       const struct sim_report_result *report);

// Since the write; SIM_TIME_NEVER: not within the run.
uint64_t sim_report_time_ns(const struct sim_report_result *report, enum sim_report_reach reach);

// "edge", "aggregator", "global": in the names of metrics and of curves.
const char *sim_report_reach_name(enum sim_report_reach reach);

// What the first edge, the first aggregator and the first coordinator (GLOBAL) add up to.
const struct mesh_total *sim_report_total(const struct sim_result *result,
                                          enum sim_report_reach reach);

// Figures of a total as samples of metrics: counts, a rate in ppb, a latency in ns.
uint64_t sim_total_executions(const struct mesh_total *total);
uint64_t sim_total_tasks(const struct mesh_total *total);
uint64_t sim_total_completion(const struct mesh_total *total);
uint64_t sim_total_latency(const struct mesh_total *total);
uint64_t sim_total_regions(const struct mesh_total *total);
uint64_t sim_total_aggregators(const struct mesh_total *total);
uint64_t sim_total_edges(const struct mesh_total *total);
uint64_t sim_total_agents(const struct mesh_total *total);

#endif
