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

void fixture_never(struct sim_update_result *update, uint32_t held)
{
    update->held = held;
    update->theta_ns = SIM_TIME_NEVER;
    update->p99_ns = SIM_TIME_NEVER;
    update->all_ns = SIM_TIME_NEVER;
    update->path = (struct sim_path){.node = MESH_NODE_NONE};
}
