// SPDX-License-Identifier: GPL-3.0-or-later
#include "hosts.h"

#include <assert.h>

#include "allocate.h"
#include "connections.h"
#include "transport.h"

// A live agent's replica, and its own table of the updates with their values.
static uint64_t agent_bytes(const struct sim_scenario *scenario)
{
    uint32_t updates = scenario->workload.updates;
    uint32_t value_bytes =
        scenario->workload.crdt == SIM_LWW_REGISTER ? scenario->workload.value_bytes : 0;
    return mesh_replica_bytes((updates + 63) / 64, mesh_mode_planes(scenario->gossip.mode)) +
           (uint64_t)updates *
               (sizeof(struct mesh_update) + value_bytes + scenario->network.signature_bytes);
}

static void set_limits(const struct sim_scenario *scenario, struct sim_result *result)
{
    for (uint32_t tier = 0; tier < SIM_TIER_COUNT; tier++) {
        const struct sim_instance *instance = &scenario->instances[tier];
        uint64_t *limit = result->tiers[tier].limit;
        limit[SIM_CPU] = instance->vcpus * UINT64_C(1000000000);
        limit[SIM_PACKETS] = instance->packets_per_s;
        limit[SIM_BANDWIDTH] = instance->bits_per_s;
        limit[SIM_MEMORY] = instance->memory_bytes;
        // Warm connections are all there, whatever the limit says.
        limit[SIM_CONNECTIONS] =
            scenario->network.connections.cold ? scenario->network.connections.max_per_host : 0;
    }
}

// Adds a host to its tier; sums stand in the means until all are there.
static void add_host(struct sim_tier_use *tier, const uint64_t mean[SIM_RESOURCE_COUNT],
                     const uint64_t peak[SIM_RESOURCE_COUNT])
{
    tier->hosts++;
    for (uint32_t i = 0; i < SIM_RESOURCE_COUNT; i++) {
        tier->mean[i] += mean[i];
        tier->peak[i] = peak[i] > tier->peak[i] ? peak[i] : tier->peak[i];
    }
}

void sim_hosts_measure(const struct sim_engine *engine, const struct sim_scenario *scenario,
                       const struct sim_world *world, struct sim_result *result)
{
    uint64_t *memory = sim_memory_zeroed(world->host_count * sizeof *memory);
    uint64_t each_bytes = agent_bytes(scenario);
    for (uint32_t agent = 0; agent < scenario->agents; agent++) {
        memory[world->host_of[agent]] += each_bytes;
    }
    for (uint32_t host = 0; host < world->host_count; host++) {
        uint64_t counted_ns = 0;
        const struct sim_host_use *use = sim_engine_host(engine, host, &counted_ns);
        uint64_t mean[SIM_RESOURCE_COUNT] = {0};
        uint64_t peak[SIM_RESOURCE_COUNT];
        for (uint32_t i = 0; i < SIM_RESOURCE_COUNT; i++) {
            peak[i] = use->peak[i];
        }
        if (counted_ns > 0) {
            sim_host_rates(&use->work, counted_ns, mean);
        }
        peak[SIM_MEMORY] =
            memory[host] + peak[SIM_CONNECTIONS] * sim_host_connection_bytes(&world->network);
        mean[SIM_MEMORY] = peak[SIM_MEMORY];
        mean[SIM_CONNECTIONS] = peak[SIM_CONNECTIONS];
        add_host(&result->tiers[world->hosts[host].tier], mean, peak);
    }
    for (uint32_t tier = 0; tier < SIM_TIER_COUNT; tier++) {
        for (uint32_t i = 0; i < SIM_RESOURCE_COUNT && result->tiers[tier].hosts > 0; i++) {
            result->tiers[tier].mean[i] /= result->tiers[tier].hosts;
        }
    }
    set_limits(scenario, result);
    sim_memory_free(memory);
}

uint64_t sim_hosts_pair_bytes(const struct sim_scenario *scenario, uint64_t *peers)
{
    const struct sim_gossip *gossip = &scenario->gossip;
    *peers = 0;
    if (!scenario->network.connections.cold ||
        !sim_transport_connects(scenario->network.transport)) {
        return 0;
    }
    // Those it addresses and those that address it, on ticks and on first receipts.
    uint64_t ticks = sim_scenario_end_ns(scenario) / gossip->interval_ns + 1;
    uint64_t forwards = gossip->mode == MESH_EAGER ? scenario->workload.updates : 0;
    uint64_t met = gossip->mode == MESH_DELTA ? MESH_DEGREE_MAX
                                              : UINT64_C(2) * gossip->fanout * (ticks + forwards);
    *peers = met < scenario->agents - 1 ? met : scenario->agents - 1;
    return sim_connections_bytes(scenario->agents, *peers);
}
