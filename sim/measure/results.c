// SPDX-License-Identifier: GPL-3.0-or-later
#include "results.h"

#include <stdlib.h>

void sim_curve_enter(struct sim_curve *curve, uint64_t since_ns)
{
    while (since_ns > SIM_CURVE_POINTS * curve->step_ns) {
        for (uint32_t i = 0; i < SIM_CURVE_POINTS / 2; i++) {
            const uint64_t *pair = &curve->held[(size_t)2 * i];
            curve->held[i] = pair[0] + pair[1];
        }
        for (uint32_t i = SIM_CURVE_POINTS / 2; i < SIM_CURVE_POINTS; i++) {
            curve->held[i] = 0;
        }
        curve->step_ns *= 2;
    }
    // Point i counts what came in (i * step, (i + 1) * step]; the write itself is in the first.
    curve->held[since_ns == 0 ? 0 : (since_ns - 1) / curve->step_ns]++;
}

void sim_curve_close(struct sim_curve *curve)
{
    for (uint32_t i = 1; i < SIM_CURVE_POINTS; i++) {
        curve->held[i] += curve->held[i - 1];
    }
    curve->point_count = SIM_CURVE_POINTS;
    while (curve->point_count > 1 &&
           curve->held[curve->point_count - 2] == curve->held[curve->point_count - 1]) {
        curve->point_count--;
    }
}

void sim_result_finish(struct sim_result *result)
{
    free(result->updates);
    free(result->curves);
    free(result->checkpoints);
    free(result->reports);
    free(result->faults);
    free(result->liars);
    free(result->detections);
    free(result->deceits);
    free(result->rejoins);
    free(result->takeovers);
    free(result->gaps);
    free(result->elections);
    free(result->membership.discoveries);
    free(result->membership.readmissions);
    free(result->membership.farewells);
    free(result->membership.separations);
    free(result->membership.reunions);
    free(result->membership.read_only);
    result->membership = (struct sim_membership){0};
    free(result->failovers);
    free(result->leading);
    result->elections = NULL;
    result->failovers = NULL;
    result->leading = NULL;
    result->election_count = 0;
    result->failover_count = 0;
    result->leading_count = 0;
    result->faults = NULL;
    result->rejoins = NULL;
    result->takeovers = NULL;
    result->gaps = NULL;
    result->updates = NULL;
    result->curves = NULL;
    result->checkpoints = NULL;
    result->reports = NULL;
    result->update_count = 0;
    result->report_count = 0;
    result->curve_count = 0;
    result->checkpoint_count = 0;
    result->fault_count = 0;
    result->rejoin_count = 0;
    result->takeover_count = 0;
    result->gap_count = 0;
}
