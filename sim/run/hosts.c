// SPDX-License-Identifier: GPL-3.0-or-later
#include "hosts.h"

#include <assert.h>

#include "allocate.h"
#include "connections.h"
#include "reporting.h"
#include "transport.h"

// Values of all updates; those composed at the write have their lanes for good (content.h).
static uint64_t value_bytes(const struct sim_engine *engine, const struct sim_workload *workload)
{
    if (!sim_content_is_composed(workload->crdt)) {
        return sim_content_has_value(workload->crdt)
                   ? (uint64_t)workload->updates * workload->value_bytes
                   : 0;
    }
    const struct mesh_table *table = sim_engine_table(engine);
    uint64_t bytes = 0;
    for (uint32_t lane = 0; lane < table->lane_count; lane++) {
        bytes += table->updates[lane].value_bytes;
    }
    return bytes;
}

static uint32_t words_of(uint32_t lanes)
{
    return (lanes + 63) / 64;
}

// Of a live node: its replica, and its own table of the updates with their values, as if none were
// given back.
static uint64_t node_bytes(const struct sim_engine *engine, const struct sim_scenario *scenario,
                           const struct mesh_config *mesh)
{
    uint32_t updates = scenario->workload.updates;
    return mesh_replica_bytes(words_of(updates), mesh_planes(mesh), 0) +
           updates * (sizeof(struct mesh_update) + (uint64_t)scenario->network.signature_bytes) +
           value_bytes(engine, &scenario->workload);
}

// Of every scope but its home a member keeps books; the first that it is in is its home.
static void add_roles(const struct sim_scenario *scenario, const struct sim_world *world,
                      uint64_t *memory)
{
    const struct sim_places *places = &world->places;
    uint8_t *housed = sim_memory_zeroed(places->nodes);
    for (uint32_t i = 0; i < world->scopes.count; i++) {
        const struct mesh_scope *scope = &world->scopes.items[i];
        for (uint32_t place = 0; place < scope->count; place++) {
            uint32_t node = scope->members == NULL ? scope->first + place : scope->members[place];
            if (housed[node]) {
                memory[places->host_of[node]] +=
                    mesh_role_bytes(words_of(scenario->workload.updates));
            }
            housed[node] = 1;
        }
    }
    sim_memory_free(housed);
}

// An agent's part of the replica, with the size of its vector, and its table for the reports of its
// edge; what a relay adds up; the rows that it and those above it hold.
static void add_reports(const struct sim_engine *engine, const struct sim_scenario *scenario,
                        const struct sim_world *world, uint64_t *memory)
{
    const struct sim_places *places = &world->places;
    uint32_t lanes = sim_reports_lanes(scenario);
    uint32_t words = words_of(lanes);
    uint32_t planes = mesh_planes(&world->mesh);
    uint64_t agent_bytes = mesh_replica_bytes(words, planes, words) -
                           mesh_replica_bytes(0, planes, 0) +
                           lanes * (sizeof(struct mesh_update) + MESH_REPORT_BYTES_MAX +
                                    (uint64_t)scenario->network.signature_bytes);
    for (uint32_t node = 0; node < places->nodes; node++) {
        const struct mesh_tier *tier = sim_engine_tier(engine, node);
        uint64_t *bytes = &memory[places->host_of[node]];
        *bytes += node < places->agents ? agent_bytes : 0;
        if (tier != NULL) {
            *bytes += (tier->edge_end - tier->edge_first) * sizeof(struct mesh_row) +
                      tier->reports.capacity * sizeof(struct mesh_report_entry);
        }
    }
}

// [host_count] of all that live there; the caller frees it.
static uint64_t *memory_of_hosts(const struct sim_engine *engine,
                                 const struct sim_scenario *scenario, const struct sim_world *world)
{
    const struct sim_places *places = &world->places;
    uint64_t *memory = sim_memory_zeroed(places->host_count * sizeof *memory);
    uint64_t each_bytes = node_bytes(engine, scenario, &world->mesh);
    for (uint32_t node = 0; node < places->nodes; node++) {
        memory[places->host_of[node]] += each_bytes;
    }
    add_roles(scenario, world, memory);
    if (sim_reports_wanted(scenario)) {
        add_reports(engine, scenario, world, memory);
    }
    return memory;
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
    const struct sim_places *places = &world->places;
    uint64_t *memory = memory_of_hosts(engine, scenario, world);
    for (uint32_t host = 0; host < places->host_count; host++) {
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
        add_host(&result->tiers[places->hosts[host].tier], mean, peak);
    }
    for (uint32_t tier = 0; tier < SIM_TIER_COUNT; tier++) {
        for (uint32_t i = 0; i < SIM_RESOURCE_COUNT && result->tiers[tier].hosts > 0; i++) {
            result->tiers[tier].mean[i] /= result->tiers[tier].hosts;
        }
    }
    set_limits(scenario, result);
    sim_memory_free(memory);
}

// ---- What it takes to remember cold pairs ----

// Those that a node of `others` + 1 addresses, and as many that address it, on ticks and on first
// receipts.
static uint64_t met(const struct sim_scenario *scenario, uint64_t others, uint32_t fanout,
                    uint64_t interval_ns, uint64_t forwards)
{
    uint64_t ticks = sim_scenario_end_ns(scenario) / interval_ns + 1;
    uint64_t most = UINT64_C(2) * fanout * (ticks + forwards);
    return most < others ? most : others;
}

static uint64_t met_at_home(const struct sim_scenario *scenario, uint64_t members)
{
    const struct sim_gossip *gossip = &scenario->gossip;
    uint64_t forwards = gossip->mode == MESH_EAGER ? scenario->workload.updates : 0;
    return gossip->mode == MESH_DELTA && members > MESH_DEGREE_MAX
               ? MESH_DEGREE_MAX
               : met(scenario, members - 1, gossip->fanout, gossip->interval_ns, forwards);
}

static uint64_t pair_bytes_of_regions(const struct sim_scenario *scenario, uint64_t *peers)
{
    uint32_t bridges = 0;
    uint32_t agents = 0;
    for (uint32_t i = 0; i < scenario->region_count; i++) {
        const struct sim_region *region = &scenario->regions[i];
        bridges += region->leader_count;
        agents = region->agents > agents ? region->agents : agents;
    }
    uint64_t home = met_at_home(scenario, agents);
    uint64_t forwards = sim_scopes_forward(scenario) ? scenario->workload.updates : 0;
    *peers = home + met(scenario, bridges - 1, scenario->leaders.fanout,
                        scenario->leaders.interval_ns, forwards);
    return sim_connections_bytes(scenario->agents - bridges, home) +
           sim_connections_bytes(bridges, *peers);
}

static uint64_t pair_bytes_of_tiers(const struct sim_scenario *scenario, uint64_t *peers)
{
    const struct sim_hierarchy *hierarchy = &scenario->hierarchy;
    uint32_t aggregators = scenario->region_count * hierarchy->aggregators_per_region;
    uint64_t edges = (uint64_t)aggregators * hierarchy->edges_per_aggregator;
    uint64_t relays = edges * hierarchy->relays;
    uint64_t home = met_at_home(scenario, scenario->agents / edges + 1);
    // An aggregator is called by its relays, a coordinator by aggregators and by its like.
    uint64_t below = (uint64_t)hierarchy->edges_per_aggregator * hierarchy->relays;
    *peers = home + 1;
    return sim_connections_bytes((uint32_t)(scenario->agents - relays), home) +
           sim_connections_bytes((uint32_t)relays, home + 1) +
           sim_connections_bytes(aggregators, below + hierarchy->coordinators) +
           sim_connections_bytes(hierarchy->coordinators, aggregators + hierarchy->coordinators);
}

uint64_t sim_hosts_pair_bytes(const struct sim_scenario *scenario, uint64_t *peers)
{
    *peers = 0;
    if (!scenario->network.connections.cold ||
        !sim_transport_connects(scenario->network.transport)) {
        return 0;
    }
    switch (scenario->topology) {
    case SIM_MULTI_REGION_LEADERS: return pair_bytes_of_regions(scenario, peers);
    case SIM_HIERARCHICAL: return pair_bytes_of_tiers(scenario, peers);
    default:
        *peers = met_at_home(scenario, scenario->agents);
        return sim_connections_bytes(scenario->agents, *peers);
    }
}
