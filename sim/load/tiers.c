// SPDX-License-Identifier: GPL-3.0-or-later
// Meshes of several scopes: how large each is, and what must hold between them.
//
//     hierarchy of the file    10 regions x 5 aggregators x 10 edges x 2,000 agents = 1,000,000
//     --agents 100000           5 regions x 5 aggregators x 10 edges x   400 agents =   100,000
//                               |                                         |
//                               scaled, not below five                    dealt out evenly
//
// What a file says of itself must add up. Agents asked for beside it (agents, --agents) are a
// what-if and scale the hierarchy instead.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "loading.h"

#define REGIONS "hierarchy.level1_global.regions"
#define COORDINATORS "hierarchy.level1_global.coordinators"
#define AGGREGATORS "hierarchy.level2_regional.aggregators_per_region"
#define PER_AGGREGATOR "hierarchy.level2_regional.agents_per_aggregator"
#define EDGES "hierarchy.level3_edge.edge_nodes_per_aggregator"
#define PER_EDGE "hierarchy.level3_edge.agents_per_edge"

#define EDGE_AGENTS_MIN 2  // or there is nobody to gossip with

const char *sim_count_text(uint64_t count, char text[SIM_COUNT_BYTES])
{
    char digits[SIM_COUNT_BYTES];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
    char *end = text;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            *end++ = ',';
        }
        *end++ = digits[i];
    }
    *end = '\0';
    return text;
}

int64_t sim_cell_number(const struct sim_cell *cell, const char *path)
{
    struct sim_value value;
    const struct sim_node *node = sim_node_find(cell->merged, path);
    bool read = node != NULL && sim_key_read(sim_key_find(path), path, node, &value, NULL);
    return read ? value.high : -1;
}

// ---- Hierarchies ----

struct sim_factors sim_factors_of(const struct sim_cell *cell)
{
    struct sim_factors factors = {
        .regions = (uint64_t)sim_cell_number(cell, REGIONS),
        .aggregators = (uint64_t)sim_cell_number(cell, AGGREGATORS),
        .edges = (uint64_t)sim_cell_number(cell, EDGES),
        .agents = (uint64_t)sim_cell_number(cell, PER_EDGE),
    };
    // Their bounds are 1e3, 1e3, 1e5 and 1e7: 60 bits hold the product.
    factors.product = factors.regions * factors.aggregators * factors.edges * factors.agents;
    return factors;
}

uint64_t sim_edge_count(const struct sim_scenario *scenario)
{
    return (uint64_t)scenario->region_count * scenario->hierarchy.aggregators_per_region *
           scenario->hierarchy.edges_per_aggregator;
}

#define MULTIPLICATION_BYTES 160

static const char *multiplication(const struct sim_factors *factors,
                                  char text[MULTIPLICATION_BYTES])
{
    char numbers[5][SIM_COUNT_BYTES];
    snprintf(text, MULTIPLICATION_BYTES, "%s regions x %s aggregators x %s edges x %s agents = %s",
             sim_count_text(factors->regions, numbers[0]),
             sim_count_text(factors->aggregators, numbers[1]),
             sim_count_text(factors->edges, numbers[2]),
             sim_count_text(factors->agents, numbers[3]),
             sim_count_text(factors->product, numbers[4]));
    return text;
}

// What a file says twice it says alike.
static bool check_per_aggregator(const struct sim_cell *cell, const struct sim_factors *factors,
                                 struct sim_error *error)
{
    int64_t said = sim_cell_number(cell, PER_AGGREGATOR);
    uint64_t product = factors->edges * factors->agents;
    if (said < 0 || (uint64_t)said == product) {
        return true;
    }
    char numbers[4][SIM_COUNT_BYTES];
    return sim_node_fail(
        sim_node_find(cell->merged, PER_AGGREGATOR), error,
        PER_AGGREGATOR ": %s edges x %s agents = %s, but this says %s: "
                       "write agents_per_aggregator: %" PRIu64
                       ", or change edge_nodes_per_aggregator or agents_per_edge",
        sim_count_text(factors->edges, numbers[0]), sim_count_text(factors->agents, numbers[1]),
        sim_count_text(product, numbers[2]), sim_count_text((uint64_t)said, numbers[3]), product);
}

static bool check_declared(const struct sim_cell *cell, const struct sim_factors *factors,
                           struct sim_error *error)
{
    uint64_t declared = (uint64_t)sim_cell_number(cell, "agent_count");
    if (declared == factors->product) {
        return true;
    }
    char text[MULTIPLICATION_BYTES];
    char number[SIM_COUNT_BYTES];
    char factor[48] = "the factors";
    uint64_t edges = factors->regions * factors->aggregators * factors->edges;
    if (declared % edges == 0) {
        snprintf(factor, sizeof factor, "agents_per_edge to %" PRIu64, declared / edges);
    }
    return sim_node_fail(sim_node_get(cell->merged, "agent_count"), error,
                         "%s, but agent_count ends at %s: let it end at %" PRIu64
                         ", or change %s; to run another size of this hierarchy, give agents or "
                         "--agents beside it",
                         multiplication(factors, text), sim_count_text(declared, number),
                         factors->product, factor);
}

// Proportional, halves up, within the file's number and five.
static uint64_t regions_for(const struct sim_factors *factors, uint64_t agents)
{
    uint64_t least =
        factors->regions < SIM_SCALED_REGIONS_MIN ? factors->regions : SIM_SCALED_REGIONS_MIN;
    uint64_t regions = (2 * factors->regions * agents + factors->product) / (2 * factors->product);
    return regions < least ? least : regions > factors->regions ? factors->regions : regions;
}

// The least number of agents of which every edge gets `needed`; more agents never mean fewer
// regions.
static uint64_t least_agents(const struct sim_factors *factors, uint64_t regions, uint64_t needed)
{
    uint64_t least = regions * factors->aggregators * factors->edges * needed;
    while (regions_for(factors, least) > regions) {
        regions++;
        least = regions * factors->aggregators * factors->edges * needed;
    }
    return least;
}

static bool check_edges(const struct sim_scenario *scenario, const struct sim_factors *factors,
                        const struct sim_node *agents, struct sim_error *error)
{
    uint64_t relays = scenario->hierarchy.relays;
    uint64_t needed = relays > EDGE_AGENTS_MIN ? relays : EDGE_AGENTS_MIN;
    uint64_t edges = sim_edge_count(scenario);
    if (scenario->agents / edges >= needed) {
        return true;
    }
    char reason[96] = "or it has nobody to gossip with";
    char numbers[6][SIM_COUNT_BYTES];
    if (relays >= EDGE_AGENTS_MIN) {
        snprintf(reason, sizeof reason, "the relays of gossip.edge_to_aggregator");
    }
    return sim_node_fail(
        agents, error,
        "%s agents are too few: %s regions x %s aggregators x %s edges are %s edges, and each "
        "needs %" PRIu64 " agents, %s: at least %s agents",
        sim_count_text(scenario->agents, numbers[0]),
        sim_count_text(scenario->region_count, numbers[1]),
        sim_count_text(factors->aggregators, numbers[2]),
        sim_count_text(factors->edges, numbers[3]), sim_count_text(edges, numbers[4]), needed,
        reason, sim_count_text(least_agents(factors, scenario->region_count, needed), numbers[5]));
}

// A region of a hierarchy is one zone: the first edges, and with them the first regions, take the
// agents that are left over.
static void deal_agents(struct sim_arena *arena, struct sim_scenario *scenario)
{
    uint32_t count = scenario->region_count;
    uint64_t edges = sim_edge_count(scenario);
    uint64_t edges_of_region = edges / count;
    uint64_t rest = scenario->agents % edges;
    scenario->regions = sim_arena_array(arena, count, sizeof *scenario->regions);
    for (uint32_t i = 0; i < count; i++) {
        struct sim_region *region = &scenario->regions[i];
        uint64_t more = rest < edges_of_region ? rest : edges_of_region;
        rest -= more;
        *region = (struct sim_region){
            .name = sim_arena_format(arena, "region-%" PRIu32, i + 1),
            .zones = &region->name,
            .zone_count = 1,
            .agents = (uint32_t)(edges_of_region * (scenario->agents / edges) + more),
        };
    }
}

bool sim_bind_hierarchy(struct sim_arena *arena, const struct sim_cell *cell,
                        struct sim_scenario *scenario, struct sim_error *error)
{
    struct sim_factors factors = sim_factors_of(cell);
    const struct sim_node *node = sim_node_get(cell->merged, "agents");
    const struct sim_node *declared = sim_node_get(cell->merged, "agent_count");
    const struct sim_node *per_edge = sim_node_find(cell->merged, PER_EDGE);
    uint64_t agents = node != NULL ? (uint64_t)sim_cell_number(cell, "agents") : factors.product;
    if (agents > SIM_AGENTS_MAX) {
        char text[MULTIPLICATION_BYTES];
        return sim_node_fail(per_edge, error, "%s; expected at most %u",
                             multiplication(&factors, text), SIM_AGENTS_MAX);
    }
    if (!check_per_aggregator(cell, &factors, error) ||
        (node == NULL && declared != NULL && !check_declared(cell, &factors, error))) {
        return false;
    }
    node = node != NULL ? node : declared != NULL ? declared : per_edge;
    scenario->agents = (uint32_t)agents;
    scenario->agents_origin = sim_node_origin(node);
    scenario->region_count = (uint32_t)regions_for(&factors, agents);
    if (!check_edges(scenario, &factors, node, error)) {
        return false;
    }
    uint64_t scopes = sim_edge_count(scenario) + scenario->region_count * factors.aggregators + 2;
    if (scopes > SIM_SCOPES_MAX) {
        char text[MULTIPLICATION_BYTES];
        return sim_node_fail(per_edge, error,
                             "%s: its edges and aggregators make %" PRIu64 " scopes; expected at "
                             "most %u: take larger edges",
                             multiplication(&factors, text), scopes, SIM_SCOPES_MAX);
    }
    deal_agents(arena, scenario);
    return true;
}

// ---- Leaders ----

// What is wrong with the timeouts is blamed on the first of the settings that somebody wrote.
static const struct sim_node *blamed(const struct sim_cell *cell, const char *first,
                                     const char *second)
{
    const struct sim_node *node = sim_node_find(cell->merged, first);
    const struct sim_node *other = sim_node_find(cell->merged, second);
    bool written = node != NULL && sim_node_origin(node).line != 0;
    return written || other == NULL ? node : other;
}

static uint64_t ms(uint64_t time_ns)
{
    return time_ns / 1000000;
}

static bool check_times(const struct sim_cell *cell, const struct sim_leaders *leaders,
                        struct sim_error *error)
{
    if (leaders->election_ns_min <= leaders->heartbeat_ns) {
        return sim_node_fail(
            blamed(cell, "leaders.heartbeat_ms", "leaders.election_timeout_min_ms"), error,
            "leaders.heartbeat_ms: a heartbeat every %" PRIu64 " ms is too rare for candidates "
            "that lose patience after %" PRIu64 " ms (leaders.election_timeout_min_ms, or half of "
            "failover_timeout_ms)",
            ms(leaders->heartbeat_ns), ms(leaders->election_ns_min));
    }
    if (leaders->election_ns_max <= leaders->election_ns_min) {
        return sim_node_fail(
            blamed(cell, "leaders.election_timeout_max_ms", "leaders.election_timeout_min_ms"),
            error,
            "leaders.election_timeout_max_ms: expected more than the least patience, %" PRIu64
            " ms (leaders.election_timeout_min_ms, or half of failover_timeout_ms)",
            ms(leaders->election_ns_min));
    }
    return true;
}

// The timeouts that nobody gave follow from others.
static bool complete_leaders(const struct sim_cell *cell, struct sim_leaders *leaders,
                             struct sim_error *error)
{
    if (leaders->election_ns_min == 0) {
        leaders->election_ns_min = leaders->failover_ns / 2;
    }
    if (leaders->election_ns_max == 0) {
        leaders->election_ns_max = leaders->failover_ns;
    }
    if (leaders->failed >= leaders->candidates) {
        return sim_node_fail(sim_node_find(cell->merged, "leaders.failed"), error,
                             "leaders.failed: expected less than the %" PRIu32
                             " candidates of a region (bootstrap.seeds_per_region)",
                             leaders->candidates);
    }
    return check_times(cell, leaders, error);
}

bool sim_check_leaders(const struct sim_cell *cell, const struct sim_scenario *scenario,
                       uint64_t enough, struct sim_error *error)
{
    const struct sim_node *list = sim_node_get(cell->merged, "regions");
    uint32_t candidates = scenario->leaders.candidates;
    char numbers[2][SIM_COUNT_BYTES];
    for (uint32_t i = 0; i < scenario->region_count; i++) {
        const struct sim_region *region = &scenario->regions[i];
        const struct sim_node *item = list->entries[i].value;
        const struct sim_node *bridges = sim_node_get(item, "leader_count");
        if (region->leader_count > candidates) {
            return sim_node_fail(bridges == NULL ? item : bridges, error,
                                 "regions[%" PRIu32 "].leader_count: %" PRIu32
                                 " bridges%s, but the region has %" PRIu32
                                 " candidates to choose them from (bootstrap.seeds_per_region)",
                                 i, region->leader_count, bridges == NULL ? ", the default" : "",
                                 candidates);
        }
        if (region->agents < candidates) {
            return sim_node_fail(item, error,
                                 "regions[%" PRIu32 "] gets %" PRIu32
                                 " of %s agents, fewer than its %" PRIu32
                                 " candidates (bootstrap.seeds_per_region): %s agents are enough, "
                                 "or take fewer candidates",
                                 i, region->agents, sim_count_text(scenario->agents, numbers[0]),
                                 candidates, sim_count_text(enough, numbers[1]));
        }
    }
    return true;
}

// ---- Both ----

bool sim_check_tiers(const struct sim_cell *cell, struct sim_scenario *scenario,
                     struct sim_error *error)
{
    bool hierarchy = cell->topology == SIM_HIERARCHICAL;
    if (cell->topology == SIM_MULTI_REGION_LEADERS &&
        !complete_leaders(cell, &scenario->leaders, error)) {
        return false;
    }
    if (!hierarchy && cell->topology != SIM_MULTI_REGION_LEADERS) {
        return true;
    }
    if (scenario->gossip.mode == MESH_DELTA) {
        return sim_node_fail(sim_node_find(cell->merged, "gossip.mode"), error,
                             "gossip.mode: delta travels along one graph over the whole mesh, and "
                             "a %s has a mesh for each %s: expected push, pull, push-pull, eager "
                             "or rumor",
                             sim_topology_name(cell->topology), hierarchy ? "edge" : "region");
    }
    uint32_t addressed = scenario->hierarchy.coordinators_addressed;
    if (hierarchy && addressed > scenario->hierarchy.coordinators) {
        return sim_node_fail(sim_node_find(cell->merged, "gossip.aggregator_to_coordinator"), error,
                             "gossip.aggregator_to_coordinator: %" PRIu32
                             " coordinators cannot be addressed, there are %" PRIu32
                             " (" COORDINATORS ")",
                             addressed, scenario->hierarchy.coordinators);
    }
    return true;
}
