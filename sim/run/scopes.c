// SPDX-License-Identifier: GPL-3.0-or-later
#include "scopes.h"

#include <assert.h>
#include <string.h>

#include "allocate.h"
#include "graph.h"

// The workload's draws lie below (world.c).
enum { DRAW_RELAY = MESH_DRAW_DRIVER + 120 };

// Few entries are ever written, a no-op and now and then a set of bridges: these are never short.
#define RAFT_APPEND_ENTRIES 8
#define RAFT_WINDOW_ENTRIES 16

// ---- Groups: whom the biased selections know as near ----

static uint32_t place_of(const struct sim_places *places, uint32_t agent, bool by_region)
{
    const struct sim_host *host = &places->hosts[places->host_of[agent]];
    return by_region ? host->region : host->zone;
}

static void find_groups(struct mesh_scope *scope, const struct sim_places *places)
{
    uint32_t last = scope->first + scope->count - 1;
    bool by_region = place_of(places, scope->first, true) != place_of(places, last, true);
    uint32_t count = 1;
    for (uint32_t i = 1; i < scope->count; i++) {
        count += place_of(places, scope->first + i, by_region) !=
                 place_of(places, scope->first + i - 1, by_region);
    }
    uint32_t *starts = sim_memory_zeroed((count + 1) * sizeof *starts);
    for (uint32_t i = 1; i < scope->count; i++) {
        if (place_of(places, scope->first + i, by_region) !=
            place_of(places, scope->first + i - 1, by_region)) {
            starts[++scope->group_count] = i;
        }
    }
    starts[++scope->group_count] = scope->count;
    assert(scope->group_count == count);
    scope->group_starts = starts;
}

// From the first agent of the one group to the last of the other, in us.
static void measure_groups(struct mesh_scope *scope, const struct sim_network *network)
{
    uint32_t count = scope->group_count;
    uint32_t *distance = sim_memory_zeroed((size_t)count * count * sizeof *distance);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < count; j++) {
            uint32_t from = scope->first + scope->group_starts[i];
            uint32_t to = scope->first + scope->group_starts[j + 1] - 1;
            enum sim_pair_class pair = sim_network_pair(network, from, to);
            const struct sim_link *link = sim_network_link(network, from, to, pair);
            distance[(size_t)i * count + j] = (uint32_t)(sim_link_median_ns(link) / 1000);
        }
    }
    scope->group_distance = distance;
}

// ---- Scopes ----

static struct mesh_scope *add_scope(struct sim_scopes *scopes, const struct mesh_scope *scope,
                                    enum sim_tick tick)
{
    scopes->ticks[scopes->count] = tick;
    scopes->items[scopes->count] = *scope;
    return &scopes->items[scopes->count++];
}

// A home of the agents [first, end).
static void add_home(struct sim_scopes *scopes, const struct sim_scenario *scenario,
                     const struct sim_places *places, const struct sim_network *network,
                     uint32_t first, uint32_t end)
{
    const struct sim_gossip *gossip = &scenario->gossip;
    struct mesh_scope *scope = add_scope(scopes,
                                         &(struct mesh_scope){
                                             .first = first,
                                             .count = end - first,
                                             .fanout = gossip->fanout,
                                             .update_limit = scenario->network.batch_size,
                                             .interval_ns = gossip->interval_ns,
                                             .mode = gossip->mode,
                                             .schedule = gossip->schedule,
                                             .rumor = gossip->rumor,
                                             .selection = gossip->selection,
                                             .bias_percent = gossip->bias_percent,
                                         },
                                         SIM_TICK_GOSSIP);
    find_groups(scope, places);
    measure_groups(scope, network);
    if (gossip->mode == MESH_DELTA) {
        scope->delta = (struct mesh_delta){
            .starts = scopes->graph_starts + first,
            .neighbours = scopes->graph,
            .avoid_back_propagation = gossip->delta.avoid_back_propagation,
            .remove_redundancy = gossip->delta.remove_redundancy,
        };
    }
}

static void add_homes(struct sim_scopes *scopes, const struct sim_scenario *scenario,
                      const struct sim_places *places, const struct sim_network *network,
                      const struct sim_shares *shares)
{
    for (uint32_t i = 0; i < shares->count; i++) {
        add_home(scopes, scenario, places, network, shares->starts[i], shares->starts[i + 1]);
    }
}

bool sim_scopes_forward(const struct sim_scenario *scenario)
{
    return scenario->gossip.mode == MESH_EAGER && scenario->gossip.eager_links;
}

// What the scopes outside the homes have in common.
static struct mesh_scope push_pull(const struct sim_scenario *scenario, uint32_t fanout,
                                   uint64_t interval_ns)
{
    return (struct mesh_scope){
        .fanout = fanout,
        .update_limit = scenario->network.batch_size,
        .interval_ns = interval_ns,
        .mode = MESH_PUSH_PULL,
        .schedule = scenario->gossip.schedule,
        .forwards = sim_scopes_forward(scenario),
    };
}

// ---- Leaders ----

// The candidates are spread evenly over their region, ascending. `home` is the first region's.
static void add_group(struct sim_scopes *scopes, const struct sim_scenario *scenario,
                      const struct sim_shares *regions, uint32_t home, uint32_t index)
{
    const struct sim_leaders *leaders = &scenario->leaders;
    const struct sim_region *region = &scenario->regions[index];
    uint32_t *roster = scopes->candidates + scopes->group_starts[index];
    uint32_t count = scopes->group_starts[index + 1] - scopes->group_starts[index];
    assert(region->leader_count <= count);
    for (uint32_t i = 0; i < count; i++) {
        roster[i] = regions->starts[index] + (uint32_t)((uint64_t)i * region->agents / count);
    }
    scopes->rafts[index] = (struct mesh_raft_group){
        .scope = (uint16_t)(home + index),
        .pre_vote = leaders->pre_vote,
        .check_quorum = leaders->check_quorum,
        .promote = true,
        .roster = roster,
        .roster_count = count,
        .append_entries = RAFT_APPEND_ENTRIES,
        .window_entries = RAFT_WINDOW_ENTRIES,
        .entry_bytes = 8,
        .snapshot_bytes = 8,
        .chunk_bytes = 4,  // so that it travels in two, as larger ones do
        .heartbeat_ns = leaders->heartbeat_ns,
        .election_ns_min = leaders->election_ns_min,
        .election_ns_max = leaders->election_ns_max,
        .bridge_count = region->leader_count,
        .bridge_timeout_ns = leaders->failover_ns,
    };
}

// All candidates are in the scope of the bridges; who ticks there and is called, their groups say.
static void add_bridges(struct sim_scopes *scopes, const struct sim_scenario *scenario,
                        const struct sim_shares *shares)
{
    uint32_t regions = shares->count;
    uint32_t home = scopes->count - regions;
    uint32_t candidates = scenario->leaders.candidates;
    uint32_t count = 0;
    scopes->group_starts = sim_memory_zeroed((regions + 1) * sizeof *scopes->group_starts);
    for (uint32_t r = 0; r < regions; r++) {
        uint32_t agents = scenario->regions[r].agents;
        count += candidates < agents ? candidates : agents;
        scopes->group_starts[r + 1] = count;
    }
    scopes->candidates = sim_memory_zeroed(count * sizeof *scopes->candidates);
    scopes->rafts = sim_memory_zeroed(regions * sizeof *scopes->rafts);
    scopes->raft_count = regions;
    for (uint32_t r = 0; r < regions; r++) {
        add_group(scopes, scenario, shares, home, r);
    }
    struct mesh_scope bridges =
        push_pull(scenario, scenario->leaders.fanout, scenario->leaders.interval_ns);
    bridges.members = scopes->candidates;
    bridges.count = count;
    bridges.selection = MESH_OTHER_GROUPS;
    bridges.group_starts = scopes->group_starts;
    bridges.group_count = regions;
    scopes->bridge_scope = (uint16_t)scopes->count;
    add_scope(scopes, &bridges, SIM_TICK_LINK);
}

// ---- Hierarchy ----

static void add_tiers(struct sim_scopes *scopes, const struct sim_scenario *scenario,
                      const struct sim_places *places)
{
    const struct sim_hierarchy *hierarchy = &scenario->hierarchy;
    uint32_t coordinator_first = places->agents + places->aggregators;
    scopes->coordinators = sim_memory_zeroed(places->coordinators * sizeof(uint32_t));
    for (uint32_t i = 0; i < places->coordinators; i++) {
        scopes->coordinators[i] = coordinator_first + i;
    }
    struct mesh_scope up =
        push_pull(scenario, hierarchy->coordinators_addressed, hierarchy->aggregator_interval_ns);
    up.first = places->agents;
    up.count = places->aggregators;
    up.callees = scopes->coordinators;
    up.callee_count = places->coordinators;
    add_scope(scopes, &up, SIM_TICK_LINK);
    struct mesh_scope top =
        push_pull(scenario, hierarchy->coordinators_addressed, hierarchy->global_interval_ns);
    top.first = coordinator_first;
    top.count = places->coordinators;
    add_scope(scopes, &top, SIM_TICK_GLOBAL);
}

struct weighed {
    uint64_t weight;
    uint32_t agent;
};

// Puts an agent among the `count` heaviest so far, heaviest first; the earlier agent among equals.
static uint32_t put_in(struct weighed *heaviest, uint32_t filled, uint32_t count,
                       struct weighed weighed)
{
    uint32_t place = filled;
    while (place > 0 && heaviest[place - 1].weight < weighed.weight) {
        place--;
    }
    if (place == count) {
        return filled;
    }
    filled = filled < count ? filled + 1 : count;
    memmove(&heaviest[place + 1], &heaviest[place], (filled - 1 - place) * sizeof *heaviest);
    heaviest[place] = weighed;
    return filled;
}

uint32_t sim_scopes_relays(uint64_t seed, uint32_t edge, uint32_t first, uint32_t end,
                           const uint64_t *gone, uint32_t count, uint32_t *relays)
{
    struct weighed heaviest[MESH_FANOUT_MAX];
    uint32_t filled = 0;
    assert(count <= MESH_FANOUT_MAX);
    for (uint32_t agent = first; agent < end && count > 0; agent++) {
        if (gone == NULL || (gone[agent / 64] >> agent % 64 & 1) == 0) {
            struct mesh_random random = mesh_draw(seed, DRAW_RELAY, 0, agent, edge);
            uint64_t weight = (uint64_t)random.word[0] << 32 | random.word[1];
            filled = put_in(heaviest, filled, count, (struct weighed){weight, agent});
        }
    }
    for (uint32_t i = 0; i < filled; i++) {
        uint32_t place = i;
        for (; place > 0 && relays[place - 1] > heaviest[i].agent; place--) {
            relays[place] = relays[place - 1];
        }
        relays[place] = heaviest[i].agent;
    }
    return filled;
}

// For every aggregator the relays of its edges.
static void add_links(struct sim_scopes *scopes, const struct sim_scenario *scenario,
                      const struct sim_places *places, uint64_t seed)
{
    const struct sim_hierarchy *hierarchy = &scenario->hierarchy;
    const uint32_t *starts = places->edges.starts;
    scopes->members = sim_memory_zeroed((size_t)places->edges.count * hierarchy->relays *
                                        sizeof *scopes->members);
    scopes->aggregators = sim_memory_zeroed(places->aggregators * sizeof *scopes->aggregators);
    uint32_t *members = scopes->members;
    for (uint32_t i = 0; i < places->aggregators; i++) {
        struct mesh_scope link = push_pull(scenario, 1, hierarchy->aggregator_interval_ns);
        scopes->aggregators[i] = places->agents + i;
        link.members = members;
        link.callees = &scopes->aggregators[i];
        link.callee_count = 1;
        for (uint32_t j = 0; j < hierarchy->edges_per_aggregator; j++) {
            uint32_t edge = i * hierarchy->edges_per_aggregator + j;
            link.count += sim_scopes_relays(seed, edge, starts[edge], starts[edge + 1], NULL,
                                            hierarchy->relays, members + link.count);
        }
        members += link.count;
        add_scope(scopes, &link, SIM_TICK_LINK);
    }
}

// ---- The old mesh of a migration ----

static void add_old_homes(struct sim_scopes *scopes, const struct sim_scenario *old,
                          const struct sim_places *places, const struct sim_network *network)
{
    if (old->topology == SIM_MULTI_REGION_LEADERS) {
        add_homes(scopes, old, places, network, &places->old);
        add_bridges(scopes, old, &places->old);
    } else {
        add_home(scopes, old, places, network, places->old_first, places->nodes);
    }
}

// `count` of the nodes [first, end), spread over them, ascending.
static uint32_t *spread(uint32_t first, uint32_t end, uint32_t count)
{
    uint32_t *nodes = sim_memory_zeroed(count * sizeof *nodes);
    for (uint32_t i = 0; i < count; i++) {
        nodes[i] =
            first + (uint32_t)(((uint64_t)2 * i + 1) * (end - first) / (2 * (uint64_t)count));
    }
    return nodes;
}

static void choose_seeds(struct sim_scopes *scopes, const struct sim_scenario *scenario,
                         const struct sim_places *places)
{
    uint32_t gateways = scenario->migration->gateways;
    if (scenario->topology == SIM_MULTI_REGION_LEADERS) {
        scopes->starter_count = scopes->group_starts[places->regions.count];
        scopes->starters = sim_memory_zeroed(scopes->starter_count * sizeof *scopes->starters);
        memcpy(scopes->starters, scopes->candidates,
               scopes->starter_count * sizeof *scopes->starters);
    } else if (scenario->topology == SIM_HIERARCHICAL) {
        scopes->starter_count = places->aggregators;
        scopes->starters =
            spread(places->agents, places->agents + places->aggregators, scopes->starter_count);
    } else {
        scopes->starter_count = gateways < places->agents ? gateways : places->agents;
        scopes->starters = spread(0, places->agents, scopes->starter_count);
    }
}

static void add_old_mesh(struct sim_scopes *scopes, const struct sim_scenario *scenario,
                         const struct sim_places *places, const struct sim_network *network)
{
    const struct sim_migration *migration = scenario->migration;
    choose_seeds(scopes, scenario, places);
    add_old_homes(scopes, migration->from, places, network);
    scopes->gateway_count = migration->gateways;
    scopes->gateways = spread(places->old_first, places->nodes, scopes->gateway_count);
    struct mesh_scope link = push_pull(scenario, 1, migration->interval_ns);
    link.members = scopes->gateways;
    link.count = scopes->gateway_count;
    link.callees = scopes->starters;
    link.callee_count = scopes->starter_count;
    add_scope(scopes, &link, SIM_TICK_LINK);
}

// ---- Membership ----

#define SEEDS 3u  // where the file names none

// Spread evenly over the scope; of leaders the region's candidates, which are spread likewise.
static uint32_t seeds_of(const struct sim_scenario *scenario, const struct mesh_scope *scope)
{
    bool leaders = scenario->topology == SIM_MULTI_REGION_LEADERS;
    uint32_t wanted = leaders                    ? scenario->leaders.candidates
                      : scenario->swim.seeds > 0 ? scenario->swim.seeds
                                                 : SEEDS;
    return wanted < scope->count ? wanted : scope->count;
}

static void add_swim(struct sim_scopes *scopes, const struct sim_swim_settings *settings,
                     uint16_t index, uint32_t *seeds, uint32_t seed_count)
{
    const struct mesh_scope *scope = &scopes->items[index];
    for (uint32_t i = 0; i < seed_count; i++) {
        seeds[i] = scope->first + (uint32_t)((uint64_t)i * scope->count / seed_count);
    }
    scopes->swims[scopes->swim_count++] = (struct mesh_swim_group){
        .scope = index,
        .synchronised = settings->synchronised,
        .random = settings->random,
        .lifeguard = settings->lifeguard,
        .quorum = settings->read_only,
        .proxies = settings->proxies,
        .gossip = settings->gossip,
        .news = settings->news,
        .retransmit = settings->retransmit,
        .confirmations = settings->confirmations,
        .period_ns = settings->period_ns,
        .timeout_ns = settings->timeout_ns,
        .gossip_ns = settings->gossip_ns,
        .suspicion_ns = settings->suspicion_ns,
        .suspicion_ns_max = settings->suspicion_ns_max,
        .sync_ns = settings->sync_ns,
        .seeds = seeds,
        .seed_count = seed_count,
    };
}

// In every home of agents with others to look after.
static void add_swims(struct sim_scopes *scopes, const struct sim_scenario *scenario)
{
    uint32_t seeds = 0;
    for (uint32_t i = 0; i < scopes->count; i++) {
        seeds += seeds_of(scenario, &scopes->items[i]);
    }
    scopes->swims = sim_memory_zeroed(scopes->count * sizeof *scopes->swims);
    scopes->seeds = sim_memory_zeroed(seeds * sizeof *scopes->seeds);
    seeds = 0;
    for (uint32_t i = 0; i < scopes->count; i++) {
        const struct mesh_scope *scope = &scopes->items[i];
        if (scopes->ticks[i] == SIM_TICK_GOSSIP && scope->count > 1) {
            uint32_t count = seeds_of(scenario, scope);
            add_swim(scopes, &scenario->swim, (uint16_t)i, scopes->seeds + seeds, count);
            seeds += count;
        }
    }
}

// ---- All ----

void sim_scopes_init(struct sim_scopes *scopes, const struct sim_scenario *scenario,
                     const struct sim_places *places, const struct sim_network *network)
{
    uint32_t most =
        6 + places->regions.count + places->edges.count + places->aggregators + places->old.count;
    *scopes = (struct sim_scopes){
        .items = sim_memory_zeroed(most * sizeof *scopes->items),
        .ticks = sim_memory_zeroed(most * sizeof *scopes->ticks),
    };
    if (scenario->gossip.mode == MESH_DELTA) {
        sim_graph_init(&scenario->gossip.delta, scenario->agents, &scopes->graph_starts,
                       &scopes->graph);
    }
    switch (scenario->topology) {
    case SIM_MULTI_REGION_LEADERS:
        add_homes(scopes, scenario, places, network, &places->regions);
        add_bridges(scopes, scenario, &places->regions);
        break;
    case SIM_HIERARCHICAL:
        add_homes(scopes, scenario, places, network, &places->edges);
        add_tiers(scopes, scenario, places);
        add_links(scopes, scenario, places, network->seed);
        break;
    default: add_home(scopes, scenario, places, network, 0, scenario->agents);
    }
    scopes->new_count = scopes->count;
    if (scenario->swim.runs) {
        add_swims(scopes, scenario);
    }
    if (scenario->migration != NULL) {
        add_old_mesh(scopes, scenario, places, network);
    }
}

void sim_scopes_finish(struct sim_scopes *scopes)
{
    for (uint32_t i = 0; i < scopes->count; i++) {
        sim_memory_free((void *)scopes->items[i].group_starts);
        sim_memory_free((void *)scopes->items[i].group_distance);
    }
    sim_memory_free(scopes->items);
    sim_memory_free(scopes->ticks);
    sim_memory_free(scopes->graph_starts);
    sim_memory_free(scopes->graph);
    sim_memory_free(scopes->members);
    sim_memory_free(scopes->candidates);
    sim_memory_free(scopes->gateways);
    sim_memory_free(scopes->starters);
    sim_memory_free(scopes->rafts);
    sim_memory_free(scopes->swims);
    sim_memory_free(scopes->seeds);
    sim_memory_free(scopes->coordinators);
    sim_memory_free(scopes->aggregators);
}

static uint16_t old_home(const struct sim_scopes *scopes, const struct sim_places *places,
                         const struct sim_scenario *old, uint32_t agent)
{
    bool leaders = old->topology == SIM_MULTI_REGION_LEADERS;
    return (uint16_t)(scopes->new_count + (leaders ? sim_shares_find(&places->old, agent) : 0));
}

uint16_t sim_scopes_home(const struct sim_scopes *scopes, const struct sim_places *places,
                         const struct sim_scenario *scenario, uint32_t agent)
{
    if (agent >= places->old_first) {
        return old_home(scopes, places, scenario->migration->from, agent);
    }
    switch (scenario->topology) {
    case SIM_MULTI_REGION_LEADERS: return (uint16_t)sim_shares_find(&places->regions, agent);
    case SIM_HIERARCHICAL: return (uint16_t)sim_shares_find(&places->edges, agent);
    default: return 0;
    }
}
