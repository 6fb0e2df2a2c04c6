// SPDX-License-Identifier: GPL-3.0-or-later
#include "report_outcome.h"

#include "aggregation.h"
#include "allocate.h"

static void enter(const struct sim_scenario *scenario, const struct sim_result *result,
                  struct sim_curve *curve)
{
    for (uint32_t i = 0; i < result->report_count; i++) {
        const struct sim_report_result *report = &result->reports[i];
        if (!sim_report_counts(scenario, result, report)) {
            continue;
        }
        curve->pairs++;
        uint64_t since_ns = sim_report_time_ns(report, curve->report_reach);
        if (since_ns != SIM_TIME_NEVER) {
            sim_curve_enter(curve, since_ns);
        }
    }
}

void sim_report_curves(const struct sim_scenario *scenario, struct sim_result *result)
{
    uint32_t count = result->curve_count;
    result->curves = sim_memory_resize(result->curves, ((size_t)count + SIM_REPORT_REACH_COUNT) *
                                                           sizeof *result->curves);
    for (uint32_t reach = 0; reach < SIM_REPORT_REACH_COUNT; reach++) {
        struct sim_curve *curve = &result->curves[count + reach];
        *curve = (struct sim_curve){
            .step_ns = SIM_CURVE_STEP_NS_MIN,
            .kind = SIM_CURVE_REPORTS,
            .reach = SIM_REACH_ALL,
            .region = SIM_REGION_NONE,
            .report_reach = (enum sim_report_reach)reach,
        };
        enter(scenario, result, curve);
        result->curve_count++;
    }
}

void sim_report_totals(const struct sim_world *world, const struct sim_engine *engine,
                       struct sim_result *result)
{
    const struct mesh_hierarchy *hierarchy = &world->tiers.hierarchy;
    const struct mesh_tier *first = sim_engine_tier(engine, world->places.agents);
    result->edge_total = mesh_summary_total(&first->rows, hierarchy, 0, 1);
    result->aggregator_total =
        mesh_summary_total(&first->rows, hierarchy, first->edge_first, first->edge_end);
}
