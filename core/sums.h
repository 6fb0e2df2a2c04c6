// SPDX-License-Identifier: Apache-2.0
// Adding up what reports say, for reports.c and summary.c.

#ifndef MESH_SUMS_H
#define MESH_SUMS_H

#include "mesh/summary.h"

static inline void mesh_sums_add(struct mesh_sums *sums, const struct mesh_sums *more)
{
    sums->executions += more->executions;
    sums->active_tasks += more->active_tasks;
    sums->completion += more->completion;
    sums->latency += more->latency;
}

static inline void mesh_sums_subtract(struct mesh_sums *sums, const struct mesh_sums *less)
{
    sums->executions -= less->executions;
    sums->active_tasks -= less->active_tasks;
    sums->completion -= less->completion;
    sums->latency -= less->latency;
}

static inline struct mesh_sums mesh_sums_of(const struct mesh_report *report)
{
    return (struct mesh_sums){
        .executions = report->executions,
        .active_tasks = report->active_tasks,
        .completion = (mesh_uint128)report->executions * report->completion_ppb,
        .latency = (mesh_uint128)report->executions * report->latency_us,
    };
}

#endif
