// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include <criterion/criterion.h>

void fixture_init(struct fixture *fixture, uint32_t agents)
{
    *fixture = (struct fixture){
        .scenario =
            {
                .name = "by hand",
                .agents = agents,
                .seed = 42,
                .repeat = 1,
                .gossip = {.mode = MESH_PUSH_PULL,
                           .schedule = MESH_PHASED,
                           .fanout = 3,
                           .interval_ns = 100 * MS,
                           .threshold_ppb = 990000000},
                .network = {.transport = SIM_UDP,
                            .batching = true,
                            .batch_size = 1000,
                            .agents_per_host = 250},
                .workload = {.updates = 1,
                             .every_ns = 200 * MS,
                             .writers = SIM_WRITERS_RANDOM,
                             .crdt = SIM_G_COUNTER,
                             .keys = 1},
            },
    };
    fixture->scenario.regions = fixture->regions;
    fixture_set_regions(fixture, 1, &agents, (const uint32_t[]){1});
    fixture_set_latency(fixture, (struct sim_latency){SIM_CONSTANT, 1 * MS, 1 * MS});
}

void fixture_set_regions(struct fixture *fixture, uint32_t count, const uint32_t *agents,
                         const uint32_t *zones)
{
    cr_assert(count <= FIXTURE_REGIONS_MAX);
    fixture->scenario.region_count = count;
    fixture->scenario.agents = 0;
    for (uint32_t i = 0; i < count; i++) {
        fixture->regions[i] =
            (struct sim_region){.name = "region", .zone_count = zones[i], .agents = agents[i]};
        fixture->scenario.agents += agents[i];
    }
}

void fixture_set_swim(struct fixture *fixture)
{
    fixture->scenario.swim = (struct sim_swim_settings){.runs = true,
                                                        .lifeguard = true,
                                                        .read_only = true,
                                                        .proxies = 3,
                                                        .gossip = 3,
                                                        .news = 128,
                                                        .retransmit = 4,
                                                        .period_ns = 100 * MS,
                                                        .timeout_ns = 30 * MS,
                                                        .gossip_ns = 20 * MS,
                                                        .suspicion_ns = 500 * MS,
                                                        .suspicion_ns_max = 3000 * MS,
                                                        .sync_ns = 1000 * MS};
}

void fixture_set_leaders(struct fixture *fixture, uint32_t leaders)
{
    fixture->scenario.topology = SIM_MULTI_REGION_LEADERS;
    fixture->scenario.leaders = (struct sim_leaders){.candidates = 5,
                                                     .fanout = 1,
                                                     .interval_ns = 500 * MS,
                                                     .heartbeat_ns = 100 * MS,
                                                     .failover_ns = 1000 * MS,
                                                     .election_ns_min = 500 * MS,
                                                     .election_ns_max = 1000 * MS,
                                                     .pre_vote = true,
                                                     .check_quorum = true};
    for (uint32_t i = 0; i < fixture->scenario.region_count; i++) {
        fixture->regions[i].leader_count = leaders;
    }
}

// 2 or 3 executions between two reports, 0.6 tasks, 0.88 to 0.98, 30 to 70 ms.
static const struct sim_report_rule usual_report = {
    .regions = {0, UINT32_MAX},
    .aggregators = {0, UINT32_MAX},
    .edges = {0, UINT32_MAX},
    .given = 15,
    .values = {{2500000, 2500000}, {600000, 600000}, {880000000, 980000000}, {30000, 70000}},
};

void fixture_set_hierarchy(struct fixture *fixture, uint32_t regions, uint32_t aggregators,
                           uint32_t edges)
{
    uint32_t agents = fixture->scenario.agents;
    fixture->scenario.topology = SIM_HIERARCHICAL;
    fixture->scenario.hierarchy = (struct sim_hierarchy){
        .coordinators = 3,
        .aggregators_per_region = aggregators,
        .edges_per_aggregator = edges,
        .relays = 2,
        .coordinators_addressed = 2,
        .aggregator_interval_ns = 300 * MS,
        .global_interval_ns = 700 * MS,
    };
    fixture->scenario.workload.reports =
        (struct sim_report_settings){.rules = &usual_report, .rule_count = 1, .growing = true};
    fixture->scenario.region_count = regions;
    for (uint32_t i = 0; i < regions; i++) {
        fixture->regions[i] = (struct sim_region){
            .name = "region", .zone_count = 1, .agents = agents / regions + (i < agents % regions)};
    }
}

void fixture_set_latency(struct fixture *fixture, struct sim_latency latency)
{
    for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
        fixture->scenario.network.latency[pair] = latency;
    }
}

void fixture_run(const struct fixture *fixture, uint32_t repetition, struct sim_result *result)
{
    struct sim_error error = {0};
    cr_assert(sim_run(&fixture->scenario, repetition, &fixture->options, result, &error), "%s",
              error.text);
}
