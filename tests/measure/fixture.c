// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include <stdlib.h>

struct sim_scenario fixture_scenario(void)
{
    static struct sim_region local = {.name = "local", .zone_count = 1, .agents = 100};
    return (struct sim_scenario){
        .name = "by hand",
        .topology = SIM_FLAT_MESH,
        .agents = 100,
        .repeat = 1,
        .regions = &local,
        .region_count = 1,
        .gossip = {.mode = MESH_PUSH_PULL,
                   .fanout = 5,
                   .interval_ns = 100 * MS,
                   .threshold_ppb = 950000000},
        .workload = {.updates = 5, .every_ns = 200 * MS, .keys = 1},
        .interval_origin = {"flat-mesh.yaml", 10, 16},
        .fanout_origin = {"--set", 1, 1},
    };
}

struct sim_scenario fixture_leaders(void)
{
    static struct sim_region regions[] = {
        {.name = "us-east-1", .zone_count = 1, .agents = 30000, .leader_count = 3},
        {.name = "eu-west-1", .zone_count = 1, .agents = 30000, .leader_count = 3},
        {.name = "ap-southeast-1", .zone_count = 1, .agents = 40000, .leader_count = 3},
    };
    struct sim_scenario scenario = fixture_scenario();
    scenario.topology = SIM_MULTI_REGION_LEADERS;
    scenario.agents = 100000;
    scenario.regions = regions;
    scenario.region_count = 3;
    scenario.gossip.fanout = 20;
    scenario.leaders = (struct sim_leaders){.candidates = 5,
                                            .fanout = 3,
                                            .interval_ns = 500 * MS,
                                            .heartbeat_ns = 100 * MS,
                                            .failover_ns = 1000 * MS,
                                            .election_ns_min = 500 * MS,
                                            .election_ns_max = 1000 * MS,
                                            .pre_vote = true,
                                            .check_quorum = true};
    scenario.interval_origin = (struct sim_origin){"leaders.yaml", 22, 18};
    scenario.link_interval_origin = (struct sim_origin){"leaders.yaml", 26, 18};
    return scenario;
}

struct sim_scenario fixture_hierarchy(void)
{
    static struct sim_region regions[10];
    for (int i = 0; i < 10; i++) {
        regions[i] = (struct sim_region){.name = "region", .zone_count = 1, .agents = 100000};
    }
    struct sim_scenario scenario = fixture_scenario();
    scenario.topology = SIM_HIERARCHICAL;
    scenario.agents = 1000000;
    scenario.regions = regions;
    scenario.region_count = 10;
    scenario.gossip.fanout = 100;
    scenario.hierarchy = (struct sim_hierarchy){
        .coordinators = 10,
        .aggregators_per_region = 5,
        .edges_per_aggregator = 10,
        .relays = 5,
        .coordinators_addressed = 3,
        .aggregator_interval_ns = 500 * MS,
        .global_interval_ns = 1000 * MS,
    };
    scenario.interval_origin = (struct sim_origin){"hierarchical.yaml", 26, 14};
    scenario.link_interval_origin = (struct sim_origin){"hierarchical.yaml", 27, 20};
    scenario.global_interval_origin = (struct sim_origin){"hierarchical.yaml", 28, 16};
    return scenario;
}

struct sim_result fixture_result(uint32_t update_count, uint64_t ticks_ms, uint64_t network_ms)
{
    struct sim_result result = {
        .simulated_ns = 20000 * MS,
        .interval_ns = {[SIM_REACH_ALL] = 100 * MS},
        .agents = 100,
        .updates = calloc(update_count, sizeof *result.updates),
        .update_count = update_count,
    };
    for (uint32_t i = 0; i < update_count; i++) {
        uint64_t time_ns = (ticks_ms + network_ms) * MS;
        result.updates[i] = (struct sim_update_result){
            .dot = {.origin = i, .sequence = 1},
            .measured = true,
            .cohort = 100,
            .held = 100,
            .theta_ns = time_ns,
            .half_ns = time_ns / 2,
            .p99_ns = time_ns,
            .all_ns = time_ns,
            .last_receipt_ns = time_ns,
            .path = {.tick_ns = {ticks_ms * MS},
                     .network_ns = network_ms * MS,
                     .hops = 2,
                     .node = 1},
        };
    }
    return result;
}

void fixture_waits(struct sim_result *result, uint64_t gossip_ms, uint64_t link_ms,
                   uint64_t global_ms, uint64_t network_ms)
{
    for (uint32_t i = 0; i < result->update_count; i++) {
        struct sim_update_result *update = &result->updates[i];
        update->path = (struct sim_path){.tick_ns = {gossip_ms * MS, link_ms * MS, global_ms * MS},
                                         .network_ns = network_ms * MS,
                                         .hops = 5,
                                         .node = 1};
        update->theta_ns = (gossip_ms + link_ms + global_ms + network_ms) * MS;
    }
}

void fixture_near(struct sim_result *result, enum sim_reach reach, uint64_t theta_ms)
{
    for (uint32_t i = 0; i < result->update_count; i++) {
        result->updates[i].near[reach] =
            (struct sim_near){.cohort = 20, .held = 20, .theta_ns = theta_ms * MS};
    }
}

void fixture_never(struct sim_update_result *update, uint32_t held)
{
    update->held = held;
    update->theta_ns = SIM_TIME_NEVER;
    update->p99_ns = SIM_TIME_NEVER;
    update->all_ns = SIM_TIME_NEVER;
    update->path = (struct sim_path){.node = MESH_NODE_NONE};
}
