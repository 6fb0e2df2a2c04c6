// SPDX-License-Identifier: GPL-3.0-or-later
#include "aggregation.h"

#define NS_PER_MS 1e6

static uint64_t time_of(const struct sim_report_result *report, enum sim_report_reach reach)
{
    switch (reach) {
    case SIM_REPORT_EDGE: return report->edge_ns;
    case SIM_REPORT_AGGREGATOR: return report->aggregator_ns;
    case SIM_REPORT_COORDINATORS:
    case SIM_REPORT_REACH_COUNT: break;
    }
    return report->coordinators_ns;
}

static struct sim_statistics pool(const struct sim_result *results, uint32_t count,
                                  enum sim_report_reach reach)
{
    struct sim_samples samples = {.run_count = 0};
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; !results[i].interrupted && j < results[i].report_count; j++) {
            sim_samples_add(&samples, time_of(&results[i].reports[j], reach), samples.run_count);
        }
        samples.run_count += !results[i].interrupted;
    }
    sim_samples_sort(&samples);
    struct sim_statistics statistics = sim_statistics_of(&samples, NS_PER_MS);
    sim_samples_finish(&samples);
    return statistics;
}

struct sim_aggregation sim_aggregation_of(const struct sim_result *results, uint32_t count)
{
    struct sim_aggregation aggregation = {.total = {.reports = 0}};
    for (enum sim_report_reach reach = 0; reach < SIM_REPORT_REACH_COUNT; reach++) {
        aggregation.times[reach] = pool(results, count, reach);
    }
    uint32_t first = 0;
    while (first < count && results[first].interrupted) {
        first++;
    }
    if (first < count) {
        aggregation.total = results[first].total;
    }
    return aggregation;
}

const char *sim_report_reach_name(enum sim_report_reach reach)
{
    static const char *const names[SIM_REPORT_REACH_COUNT] = {
        [SIM_REPORT_EDGE] = "edge_ms",
        [SIM_REPORT_AGGREGATOR] = "aggregator_ms",
        [SIM_REPORT_COORDINATORS] = "coordinators_ms",
    };
    return names[reach];
}

const char *sim_report_stored_name(enum sim_report_reach reach)
{
    static const char *const names[SIM_REPORT_REACH_COUNT] = {
        [SIM_REPORT_EDGE] = "report_edge",
        [SIM_REPORT_AGGREGATOR] = "report_aggregator",
        [SIM_REPORT_COORDINATORS] = "report_coordinators",
    };
    return names[reach];
}
