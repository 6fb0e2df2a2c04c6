// SPDX-License-Identifier: GPL-3.0-or-later
// What came of the reports of a run, made of its results when it has ended.
//
//     result->reports   times of each  --judged ones-->  three curves, upwards
//     rows held by the first aggregator and coordinator  -->  totals

#ifndef SIM_REPORT_OUTCOME_H
#define SIM_REPORT_OUTCOME_H

#include "engine.h"
#include "results.h"
#include "world.h"

// Appends a curve per enum sim_report_reach, still to be closed.
void sim_report_curves(const struct sim_scenario *scenario, struct sim_result *result);

// Writes edge_total and aggregator_total.
void sim_report_totals(const struct sim_world *world, const struct sim_engine *engine,
                       struct sim_result *result);

#endif
