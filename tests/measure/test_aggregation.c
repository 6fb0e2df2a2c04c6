// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "aggregation.h"
#include "fixture.h"

static struct sim_report_result reports[2][3] = {
    {{.edge_ns = 10 * MS, .aggregator_ns = 100 * MS, .coordinators_ns = 1000 * MS},
     {.edge_ns = 20 * MS, .aggregator_ns = 200 * MS, .coordinators_ns = SIM_TIME_NEVER},
     {.edge_ns = 30 * MS, .aggregator_ns = 300 * MS, .coordinators_ns = 3000 * MS}},
    {{.edge_ns = 40 * MS, .aggregator_ns = 400 * MS, .coordinators_ns = 500 * MS}},
};

Test(aggregation, pools_the_reports_of_repetitions_that_ran_to_their_end)
{
    const struct sim_result results[] = {
        {.reports = reports[0], .report_count = 3, .interrupted = true, .total = {.reports = 9}},
        {.reports = reports[0], .report_count = 3, .total = {.reports = 7, .edges = 2}},
        {.reports = reports[1], .report_count = 1, .total = {.reports = 8}},
    };
    struct sim_aggregation aggregation = sim_aggregation_of(results, 3);
    const struct sim_statistics *edge = &aggregation.times[SIM_REPORT_EDGE];
    cr_expect_eq(edge->count, 4);
    cr_expect(edge->p50 == 20 && edge->max == 40 && edge->mean == 25);
    cr_expect_eq(aggregation.times[SIM_REPORT_AGGREGATOR].mean, 250);
    cr_expect_eq(aggregation.times[SIM_REPORT_COORDINATORS].p50, 1000);
    cr_expect(isinf(aggregation.times[SIM_REPORT_COORDINATORS].max), "one never came");
    cr_expect(aggregation.total.reports == 7 && aggregation.total.edges == 2);
}

Test(aggregation, says_nothing_where_nobody_reports)
{
    const struct sim_result results[] = {{.interrupted = true}, {.agents = 10}};
    for (uint32_t count = 0; count <= 2; count++) {
        struct sim_aggregation aggregation = sim_aggregation_of(results, count);
        cr_expect_eq(aggregation.total.reports, 0);
        cr_expect_eq(aggregation.times[SIM_REPORT_EDGE].count, 0);
        cr_expect(isnan(aggregation.times[SIM_REPORT_EDGE].p50));
    }
}
