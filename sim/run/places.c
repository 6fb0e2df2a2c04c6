// SPDX-License-Identifier: GPL-3.0-or-later
#include "places.h"

#include <assert.h>
#include <string.h>

#include "allocate.h"

// Opens a new host for every `agents_per_host` of the agents [first, first + count).
static void settle(struct sim_places *places, const struct sim_host *place, uint32_t first,
                   uint32_t count, uint32_t agents_per_host)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i % agents_per_host == 0) {
            places->hosts[places->host_count++] = *place;
        }
        places->host_of[first + i] = places->host_count - 1;
    }
}

// `count` things among `shares`, as evenly as possible, the earlier shares first.
static uint32_t share_of(uint32_t count, uint32_t shares, uint32_t index)
{
    return count / shares + (index < count % shares);
}

// ---- Agents ----

static void settle_in_zones(struct sim_places *places, const struct sim_scenario *scenario,
                            uint32_t index, uint32_t zone_first)
{
    const struct sim_region *region = &scenario->regions[index];
    uint32_t first = places->regions.starts[index];
    for (uint32_t i = 0; i < region->zone_count; i++) {
        uint32_t count = share_of(region->agents, region->zone_count, i);
        struct sim_host place = {.zone = (uint16_t)(zone_first + i), .region = (uint16_t)index};
        settle(places, &place, first, count, scenario->network.agents_per_host);
        first += count;
    }
    assert(first == places->regions.starts[index + 1]);
}

static void settle_in_edges(struct sim_places *places, const struct sim_scenario *scenario,
                            uint32_t index, uint32_t zone_first)
{
    const struct sim_region *region = &scenario->regions[index];
    uint32_t edges = places->edges.count / places->regions.count;
    uint32_t first = places->regions.starts[index];
    for (uint32_t i = 0; i < edges; i++) {
        uint32_t count = share_of(region->agents, edges, i);
        uint32_t zone = zone_first + (uint32_t)((uint64_t)i * region->zone_count / edges);
        struct sim_host place = {.zone = (uint16_t)zone, .region = (uint16_t)index};
        places->edges.starts[index * edges + i] = first;
        settle(places, &place, first, count, scenario->network.agents_per_host);
        first += count;
    }
    places->edges.starts[(index + 1) * edges] = first;
    assert(first == places->regions.starts[index + 1]);
}

// ---- Aggregators and coordinators ----

// Deals `count` nodes from `first` on to the regions, and of each region to its zones.
static void settle_tier(struct sim_places *places, const struct sim_scenario *scenario,
                        enum sim_tier tier, uint32_t first, uint32_t count)
{
    uint32_t zone_first = 0;
    for (uint32_t r = 0; r < places->regions.count; r++) {
        uint32_t zones = scenario->regions[r].zone_count;
        uint32_t here = share_of(count, places->regions.count, r);
        for (uint32_t i = 0; i < here; i++) {
            uint32_t zone = zone_first + (uint32_t)((uint64_t)i * zones / here);
            struct sim_host place = {
                .zone = (uint16_t)zone, .region = (uint16_t)r, .tier = (uint16_t)tier};
            settle(places, &place, first++, 1, 1);
        }
        zone_first += zones;
    }
}

// ---- All ----

static void count_nodes(struct sim_places *places, const struct sim_scenario *scenario)
{
    const struct sim_hierarchy *hierarchy = &scenario->hierarchy;
    places->agents = scenario->agents;
    places->regions.count = scenario->region_count;
    if (scenario->topology == SIM_HIERARCHICAL) {
        places->aggregators = places->regions.count * hierarchy->aggregators_per_region;
        places->edges.count = places->aggregators * hierarchy->edges_per_aggregator;
        places->coordinators = hierarchy->coordinators;
    }
    places->old_first = places->agents + places->aggregators + places->coordinators;
    places->nodes = places->old_first;
    if (scenario->migration != NULL) {
        places->old.count = scenario->migration->from->region_count;
        places->nodes += scenario->migration->from->agents;
    }
}

uint32_t sim_places_nodes(const struct sim_scenario *scenario)
{
    struct sim_places places = {0};
    count_nodes(&places, scenario);
    return places.nodes;
}

static uint32_t count_zones(const struct sim_scenario *scenario)
{
    uint32_t zones = 0;
    for (uint32_t r = 0; r < scenario->region_count; r++) {
        zones += scenario->regions[r].zone_count;
    }
    return zones;
}

static uint32_t most_hosts(const struct sim_places *places, const struct sim_scenario *scenario)
{
    uint32_t zones = count_zones(scenario);
    return scenario->agents / scenario->network.agents_per_host + zones + places->edges.count +
           places->aggregators + places->coordinators + 1;
}

// ---- The old mesh ----

// Where a zone of the old mesh lies, by its names; `fresh`: where it does if nothing is called so.
static struct sim_host place_of(const struct sim_scenario *scenario,
                                const struct sim_region *region, uint32_t zone,
                                struct sim_host fresh)
{
    uint32_t zone_first = 0;
    for (uint32_t r = 0; r < scenario->region_count; r++) {
        const struct sim_region *other = &scenario->regions[r];
        if (strcmp(other->name, region->name) != 0) {
            zone_first += other->zone_count;
            continue;
        }
        fresh.region = (uint16_t)r;
        for (uint32_t i = 0; i < other->zone_count; i++) {
            if (strcmp(other->zones[i], region->zones[zone]) == 0) {
                fresh.zone = (uint16_t)(zone_first + i);
            }
        }
    }
    return fresh;
}

static void settle_old(struct sim_places *places, const struct sim_scenario *scenario)
{
    const struct sim_scenario *old = scenario->migration->from;
    uint32_t node = places->old_first;
    uint32_t zone = count_zones(scenario);
    places->old.starts = sim_memory_zeroed((places->old.count + 1) * sizeof *places->old.starts);
    for (uint32_t r = 0; r < places->old.count; r++) {
        const struct sim_region *region = &old->regions[r];
        places->old.starts[r] = node;
        for (uint32_t i = 0; i < region->zone_count; i++, zone++) {
            struct sim_host fresh = {.zone = (uint16_t)zone,
                                     .region = (uint16_t)(scenario->region_count + r),
                                     .mesh = SIM_MESH_OLD};
            struct sim_host place = place_of(scenario, region, i, fresh);
            uint32_t count = share_of(region->agents, region->zone_count, i);
            settle(places, &place, node, count, old->network.agents_per_host);
            node += count;
        }
    }
    places->old.starts[places->old.count] = node;
    assert(node == places->nodes);
}

void sim_places_init(struct sim_places *places, const struct sim_scenario *scenario)
{
    *places = (struct sim_places){0};
    count_nodes(places, scenario);
    places->host_of = sim_memory_zeroed(places->nodes * sizeof *places->host_of);
    uint32_t hosts = most_hosts(places, scenario);
    if (scenario->migration != NULL) {
        struct sim_places none = {0};
        hosts += most_hosts(&none, scenario->migration->from);
    }
    places->hosts = sim_memory_zeroed(hosts * sizeof *places->hosts);
    places->regions.starts =
        sim_memory_zeroed((places->regions.count + 1) * sizeof *places->regions.starts);
    if (places->edges.count > 0) {
        places->edges.starts =
            sim_memory_zeroed((places->edges.count + 1) * sizeof *places->edges.starts);
    }
    uint32_t zone_first = 0;
    for (uint32_t r = 0; r < scenario->region_count; r++) {
        places->regions.starts[r + 1] = places->regions.starts[r] + scenario->regions[r].agents;
        if (places->edges.count > 0) {
            settle_in_edges(places, scenario, r, zone_first);
        } else {
            settle_in_zones(places, scenario, r, zone_first);
        }
        zone_first += scenario->regions[r].zone_count;
    }
    assert(places->regions.starts[places->regions.count] == scenario->agents);
    settle_tier(places, scenario, SIM_TIER_AGGREGATOR, places->agents, places->aggregators);
    settle_tier(places, scenario, SIM_TIER_COORDINATOR, places->agents + places->aggregators,
                places->coordinators);
    if (scenario->migration != NULL) {
        settle_old(places, scenario);
    }
}

void sim_places_finish(struct sim_places *places)
{
    sim_memory_free(places->host_of);
    sim_memory_free(places->hosts);
    sim_memory_free(places->regions.starts);
    sim_memory_free(places->edges.starts);
    sim_memory_free(places->old.starts);
}

uint32_t sim_shares_find(const struct sim_shares *shares, uint32_t agent)
{
    uint32_t low = 0;
    uint32_t high = shares->count;
    while (low + 1 < high) {
        uint32_t middle = low + (high - low) / 2;
        if (shares->starts[middle] <= agent) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}
