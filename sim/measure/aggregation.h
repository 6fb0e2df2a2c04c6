// SPDX-License-Identifier: GPL-3.0-or-later
// What the repetitions of a hierarchy tell of its reports: how long they took to come to their edge
// and up, pooled, and what the coordinators added up.

#ifndef SIM_AGGREGATION_H
#define SIM_AGGREGATION_H

#include "results.h"
#include "statistics.h"

enum sim_report_reach {
    SIM_REPORT_EDGE,          // theta of the edge's agents hold it
    SIM_REPORT_AGGREGATOR,    // its aggregator has had a row that covers it
    SIM_REPORT_COORDINATORS,  // theta of the coordinators have
    SIM_REPORT_REACH_COUNT
};

struct sim_aggregation {
    struct sim_statistics times[SIM_REPORT_REACH_COUNT];  // in ms
    struct mesh_total total;  // of the first repetition that counts; reports 0: nobody reports
};

// Pools the `count` results, but for those that were interrupted.
struct sim_aggregation sim_aggregation_of(const struct sim_result *results, uint32_t count);

// In JSON: edge_ms, aggregator_ms, coordinators_ms.
const char *sim_report_reach_name(enum sim_report_reach reach);

// As a metric of the store: report_edge, report_aggregator, report_coordinators.
const char *sim_report_stored_name(enum sim_report_reach reach);

#endif
