// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <math.h>

#include "fixture.h"
#include "resources.h"
#include "summary.h"

Test(resources, the_largest_share_saturates_first)
{
    struct sim_tier_use tier = {
        .hosts = 2, .peak = {410, 999, 30, 20, 999}, .limit = {1000, 0, 1000, 1000, 0}};
    struct sim_saturation first = sim_saturation_of(&tier);
    cr_expect_eq(first.resource, SIM_CPU);
    cr_expect_float_eq(first.share, 0.41, 1e-12);
    cr_expect_float_eq(first.factor, 1 / 0.41, 1e-12);
    cr_expect(isnan(sim_tier_share(&tier, SIM_PACKETS)), "no limit is known");
    tier.limit[SIM_PACKETS] = 1000;
    cr_expect_eq(sim_saturation_of(&tier).resource, SIM_PACKETS);
}

Test(resources, nothing_used_and_nothing_limited_saturates_nothing)
{
    struct sim_tier_use idle = {.hosts = 1, .limit = {1, 1, 1, 1, 1}};
    struct sim_tier_use boundless = {.hosts = 1, .peak = {1, 1, 1, 1, 1}};
    cr_expect_eq(sim_saturation_of(&idle).resource, SIM_RESOURCE_COUNT);
    cr_expect_eq(sim_saturation_of(&boundless).resource, SIM_RESOURCE_COUNT);
}

static double mean(const struct sim_summary *summary, enum sim_metric_id metric)
{
    return summary->statistics[metric].mean;
}

// 1,000 encoded - 100 saved + 580 of transport + 400 of handshakes between zones; 50 on a host.
Test(resources, bytes_on_the_wire_are_all_that_travel_and_those_outside_leave_a_host)
{
    struct sim_scenario scenario = fixture_scenario();
    struct sim_result result = fixture_result(1, 30, 20);
    result.traffic[MESH_MESSAGE_OPEN][SIM_SAME_REGION] =
        (struct sim_traffic){.bytes = 1000,
                             .saved_bytes = 100,
                             .transport_bytes = 580,
                             .digest_bytes = 300,
                             .idle_bytes = 37,
                             .handshakes = 2,
                             .handshake_bytes = 400};
    result.traffic[SIM_TRAFFIC_ROTATION][SIM_SAME_ZONE] =
        (struct sim_traffic){.handshakes = 1, .handshake_bytes = 7};
    result.traffic[MESH_MESSAGE_OPEN][SIM_SAME_HOST] = (struct sim_traffic){.bytes = 50};
    struct sim_summary summary;
    sim_summary_init(&summary, &scenario, &result, 1);
    cr_expect_eq(mean(&summary, SIM_OUTSIDE_BYTES), 1000 - 100 + 580 + 400 + 7);
    cr_expect_eq(mean(&summary, SIM_DIGEST_BYTES), 300);
    cr_expect_eq(mean(&summary, SIM_IDLE_BYTES), 37);
    cr_expect_eq(mean(&summary, SIM_SAVED_BYTES), 100);
    cr_expect_eq(mean(&summary, SIM_HANDSHAKES), 3);
    cr_expect_eq(mean(&summary, SIM_HANDSHAKE_BYTES), 407);
    cr_expect_eq(summary.statistics[SIM_HOST_CPU_PERCENT].count, 0, "no host, no figure");
    sim_summary_finish(&summary);
    sim_result_finish(&result);
}

// Half of 4 processors, 25 MB/s = 0.2 Gbit/s; over repetitions the peak is the highest.
Test(resources, hosts_are_told_by_their_peaks)
{
    struct sim_scenario scenario = fixture_scenario();
    struct sim_result results[2] = {fixture_result(1, 30, 20), fixture_result(1, 30, 20)};
    for (uint64_t i = 0; i < 2; i++) {
        results[i].tiers[SIM_TIER_AGENT] = (struct sim_tier_use){
            .hosts = 3,
            .mean = {1000000000 * (i + 1)},
            .peak = {2000000000 * (i + 1), 5, 200000000, 7, 9},
            .limit = {4000000000},
        };
    }
    struct sim_summary summary;
    sim_summary_init(&summary, &scenario, results, 2);
    cr_expect_eq(summary.statistics[SIM_HOST_CPU_PERCENT].min, 50);
    cr_expect_eq(summary.statistics[SIM_HOST_CPU_PERCENT].max, 100);
    cr_expect_float_eq(mean(&summary, SIM_HOST_GBIT_PER_S), 0.2, 1e-12);
    cr_expect_eq(mean(&summary, SIM_HOST_PACKETS_PER_S), 5);
    cr_expect_eq(mean(&summary, SIM_HOST_MEMORY_BYTES), 7);
    cr_expect_eq(mean(&summary, SIM_HOST_CONNECTIONS), 9);
    cr_expect_eq(summary.tiers[SIM_TIER_AGENT].mean[SIM_CPU], 1500000000);
    cr_expect_eq(summary.tiers[SIM_TIER_AGENT].peak[SIM_CPU], 4000000000);
    sim_summary_finish(&summary);
    sim_result_finish(&results[0]);
    sim_result_finish(&results[1]);
}
