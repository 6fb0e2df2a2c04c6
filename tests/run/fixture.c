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
