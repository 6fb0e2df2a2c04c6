// SPDX-License-Identifier: GPL-3.0-or-later
#include "targets.h"

#include <assert.h>
#include <string.h>

#include "allocate.h"
#include "mesh/bridges.h"

#define STAND_INS \
    16u  // may become relays by SWIM's verdicts: the heaviest of an edge beside its own

static const struct sim_places *places_of(const struct sim_targets *targets)
{
    return &targets->world->places;
}

// Of an edge: how many, and who.
static size_t stand_in_stride(const struct sim_targets *targets)
{
    return 1 + targets->scenario->hierarchy.relays + STAND_INS;
}

// ---- Lifecycle ----

static void find_links(struct sim_targets *targets)
{
    const struct sim_scopes *scopes = &targets->world->scopes;
    targets->link_first = places_of(targets)->edges.count + 2;
    uint32_t links = scopes->new_count - targets->link_first;
    uint32_t *members = scopes->members;
    targets->members = sim_memory_zeroed(links * sizeof *targets->members);
    for (uint32_t i = 0; i < links; i++) {  // they lie one behind the other
        targets->members[i] = members;
        members += scopes->items[targets->link_first + i].count;
    }
}

void sim_targets_init(struct sim_targets *targets, const struct sim_scenario *scenario,
                      const struct sim_world *world)
{
    const struct sim_places *places = &world->places;
    size_t words = (places->agents + 63) / 64;
    *targets = (struct sim_targets){
        .scenario = scenario,
        .world = world,
        .roles = sim_memory_zeroed(places->nodes * sizeof *targets->roles),
        .in_places = sim_memory_zeroed(places->nodes),
        .silent = sim_memory_zeroed(words * sizeof *targets->silent),
        .away = sim_memory_zeroed(words * sizeof *targets->away),
    };
    for (uint32_t node = 0; node < places->nodes; node++) {
        enum sim_role role = sim_places_is_agent(places, node)             ? SIM_ROLE_AGENT
                             : node < places->agents + places->aggregators ? SIM_ROLE_AGGREGATOR
                                                                           : SIM_ROLE_COORDINATOR;
        targets->roles[node] = (uint16_t)(1u << role);
    }
    for (uint32_t i = 0; i < world->scopes.starter_count; i++) {
        targets->roles[world->scopes.starters[i]] |= 1u << SIM_ROLE_SEED;
    }
    for (uint32_t i = 0; i < world->scopes.gateway_count; i++) {
        targets->roles[world->scopes.gateways[i]] |= 1u << SIM_ROLE_GATEWAY;
    }
    if (scenario->topology == SIM_HIERARCHICAL) {
        find_links(targets);
        targets->stand_ins = sim_memory_zeroed(places->edges.count * stand_in_stride(targets) *
                                               sizeof *targets->stand_ins);
    }
}

void sim_targets_finish(struct sim_targets *targets)
{
    sim_memory_free(targets->roles);
    sim_memory_free(targets->in_places);
    sim_memory_free(targets->silent);
    sim_memory_free(targets->away);
    sim_memory_free(targets->stand_ins);
    sim_memory_free(targets->members);
}

// ---- Selections ----

static uint32_t place_of(void *context, enum sim_place_kind place, uint32_t node)
{
    const struct sim_places *places = places_of(context);
    const struct sim_host *host = &places->hosts[places->host_of[node]];
    switch (place) {
    case SIM_PLACE_NODE: return node;
    case SIM_PLACE_HOST: return places->host_of[node];
    case SIM_PLACE_ZONE: return host->zone;
    case SIM_PLACE_REGION: return host->region;
    case SIM_PLACE_EDGE:
        return node < places->agents && places->edges.count > 0
                   ? sim_shares_find(&places->edges, node)
                   : UINT32_MAX;
    case SIM_PLACE_MESH: return host->mesh;
    }
    return UINT32_MAX;
}

// Marks the nodes in the places; returns whether the selection names any.
static bool mark_places(struct sim_targets *targets, const struct sim_selection *selection)
{
    uint32_t nodes = places_of(targets)->nodes;
    bool named = false;
    memset(targets->in_places, 0, nodes);
    for (uint32_t kind = 0; kind < SIM_PLACE_COUNT; kind++) {
        uint32_t count = selection->place_counts[kind];
        named |= count > 0;
        for (uint32_t node = 0; node < nodes && count > 0; node++) {
            uint32_t place = place_of(targets, (enum sim_place_kind)kind, node);
            for (uint32_t i = 0; i < count; i++) {
                const struct sim_span *span = &selection->places[kind][i];
                targets->in_places[node] |= place - span->first < span->end - span->first;
            }
        }
    }
    return named;
}

static void mark_relays(const struct sim_targets *targets, bool relays)
{
    const struct sim_scopes *scopes = &targets->world->scopes;
    for (uint32_t node = 0; node < places_of(targets)->agents; node++) {
        targets->roles[node] &= (uint16_t) ~(1u << SIM_ROLE_RELAY);
    }
    for (uint32_t i = targets->link_first; relays && i < scopes->new_count; i++) {
        for (uint32_t j = 0; j < scopes->items[i].count; j++) {
            targets->roles[scopes->items[i].members[j]] |= 1u << SIM_ROLE_RELAY;
        }
    }
}

static bool is_bridge(const struct sim_targets *targets, uint32_t group, uint32_t place)
{
    const struct mesh_raft_group *rafts = targets->world->scopes.rafts;
    const struct mesh_raft *raft =
        targets->engine == NULL ? NULL
                                : sim_engine_raft(targets->engine, rafts[group].roster[place]);
    return raft == NULL ? place < rafts[group].bridge_count : mesh_bridges_has(raft);
}

// Of several who believe that they lead it is the one of the latest term.
static uint32_t leader_of(const struct sim_targets *targets, const struct mesh_raft_group *group)
{
    uint64_t term = 0;
    uint32_t leader = targets->engine == NULL ? group->roster[0] : MESH_NODE_NONE;
    for (uint32_t i = 0; i < group->roster_count && targets->engine != NULL; i++) {
        const struct mesh_raft *raft = sim_engine_raft(targets->engine, group->roster[i]);
        if (raft->role == MESH_RAFT_LEADER && raft->term > term &&
            !sim_engine_is_down(targets->engine, group->roster[i])) {
            term = raft->term;
            leader = group->roster[i];
        }
    }
    return leader;
}

static void mark_leaders(const struct sim_targets *targets)
{
    const struct sim_scopes *scopes = &targets->world->scopes;
    for (uint32_t i = 0; i < scopes->raft_count; i++) {
        const struct mesh_raft_group *group = &scopes->rafts[i];
        uint32_t leader = leader_of(targets, group);
        for (uint32_t place = 0; place < group->roster_count; place++) {
            uint32_t node = group->roster[place];
            uint32_t roles = (uint32_t)is_bridge(targets, i, place) << SIM_ROLE_BRIDGE |
                             (uint32_t)(node == leader) << SIM_ROLE_LEADER;
            targets->roles[node] &= (uint16_t) ~(1u << SIM_ROLE_BRIDGE | 1u << SIM_ROLE_LEADER);
            targets->roles[node] |= (uint16_t)roles;
        }
    }
}

static uint32_t select_nodes(void *context, const struct sim_selection *selection, uint32_t *nodes)
{
    struct sim_targets *targets = context;
    uint32_t count = 0;
    bool placed = mark_places(targets, selection);
    uint32_t roles = selection->roles != 0 ? selection->roles
                     : placed              ? UINT32_MAX
                                           : 1u << SIM_ROLE_AGENT;
    mark_relays(targets, targets->members != NULL);
    mark_leaders(targets);
    for (uint32_t node = 0; node < places_of(targets)->nodes; node++) {
        if ((!placed || targets->in_places[node]) && (targets->roles[node] & roles) != 0 &&
            (targets->roles[node] & selection->without) == 0) {
            nodes[count++] = node;
        }
    }
    return count;
}

uint32_t sim_targets_count(struct sim_targets *targets, const struct sim_selection *selection)
{
    uint32_t *nodes = sim_memory_zeroed(places_of(targets)->nodes * sizeof *nodes);
    uint32_t count = select_nodes(targets, selection, nodes);
    sim_memory_free(nodes);
    return sim_selection_wanted(selection, count);
}

struct sim_faulting sim_targets_faulting(struct sim_targets *targets, uint32_t repetition)
{
    return (struct sim_faulting){
        .context = targets,
        .faults = targets->scenario->faults,
        .count = targets->scenario->fault_count,
        .seed = targets->scenario->fault_seed + repetition,
        .select = select_nodes,
        .place_of = place_of,
    };
}

uint32_t *sim_targets_liars(struct sim_targets *targets, uint32_t repetition)
{
    const struct sim_scenario *scenario = targets->scenario;
    uint32_t nodes = places_of(targets)->nodes;
    if (scenario->liar_count == 0) {
        return NULL;
    }
    uint32_t *entries = sim_memory_zeroed(nodes * sizeof *entries);
    uint32_t *named = sim_memory_zeroed(nodes * sizeof *named);
    for (uint32_t i = 0; i < scenario->liar_count; i++) {
        const struct sim_liar *liar = &scenario->liars[i];
        uint32_t count = select_nodes(targets, &liar->of, named);
        count = sim_liar_pick(liar, i, scenario->liar_seed + repetition, named, count);
        for (uint32_t j = 0; j < count; j++) {
            entries[named[j]] |= 1u << i;
        }
    }
    sim_memory_free(named);
    return entries;
}

// ---- Relays ----

static bool has_bit(const uint64_t *bits, uint32_t index)
{
    return (bits[index / 64] >> index % 64 & 1) != 0;
}

static void set_bit(uint64_t *bits, uint32_t index, bool value)
{
    bits[index / 64] &= ~(UINT64_C(1) << index % 64);
    bits[index / 64] |= (uint64_t)value << index % 64;
}

// The relays that the edge should have, as its aggregator sees it.
static uint32_t relays_of(struct sim_targets *targets, const struct sim_engine *engine,
                          uint32_t edge, uint32_t *relays)
{
    const uint32_t *starts = places_of(targets)->edges.starts;
    for (uint32_t agent = starts[edge]; agent < starts[edge + 1]; agent++) {
        set_bit(targets->away, agent,
                has_bit(targets->silent, agent) || sim_engine_is_down(engine, agent));
    }
    return sim_scopes_relays(targets->world->network.seed, edge, starts[edge], starts[edge + 1],
                             targets->away, targets->scenario->hierarchy.relays, relays);
}

static bool is_relay(const struct sim_targets *targets, uint32_t link, uint32_t agent)
{
    const struct mesh_scope *scope = &targets->world->scopes.items[targets->link_first + link];
    for (uint32_t i = 0; i < scope->count; i++) {
        if (scope->members[i] == agent) {
            return true;
        }
    }
    return false;
}

// Of those who should be relays the first that is none.
static uint32_t first_new(const struct sim_targets *targets, uint32_t link, const uint32_t *relays,
                          uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!is_relay(targets, link, relays[i])) {
            return relays[i];
        }
    }
    return MESH_NODE_NONE;
}

static uint32_t successor(void *context, const struct sim_engine *engine, uint32_t link,
                          uint32_t relay)
{
    struct sim_targets *targets = context;
    uint32_t relays[MESH_FANOUT_MAX];
    set_bit(targets->silent, relay, true);
    uint32_t edge = sim_shares_find(&places_of(targets)->edges, relay);
    uint32_t count = relays_of(targets, engine, edge, relays);
    uint32_t to = first_new(targets, link, relays, count);
    set_bit(targets->silent, relay, to != MESH_NODE_NONE);  // who stays is none the less a relay
    return to;
}

// The relay of the edge that should be none, now that `node` is to be one again.
static uint32_t one_too_many(const struct sim_targets *targets, uint32_t link, uint32_t edge,
                             const uint32_t *relays, uint32_t count)
{
    const struct mesh_scope *scope = &targets->world->scopes.items[targets->link_first + link];
    const uint32_t *starts = places_of(targets)->edges.starts;
    for (uint32_t i = 0; i < scope->count; i++) {
        uint32_t member = scope->members[i];
        bool here = member >= starts[edge] && member < starts[edge + 1];
        bool wanted = false;
        for (uint32_t j = 0; j < count; j++) {
            wanted |= relays[j] == member;
        }
        if (here && !wanted) {
            return member;
        }
    }
    return MESH_NODE_NONE;
}

static uint32_t returned(void *context, const struct sim_engine *engine, uint32_t node,
                         uint32_t *link)
{
    struct sim_targets *targets = context;
    uint32_t relays[MESH_FANOUT_MAX];
    if (node >= places_of(targets)->agents) {
        return MESH_NODE_NONE;
    }
    set_bit(targets->silent, node, false);
    uint32_t edge = sim_shares_find(&places_of(targets)->edges, node);
    *link = edge / targets->scenario->hierarchy.edges_per_aggregator;
    uint32_t count = relays_of(targets, engine, edge, relays);
    bool wanted = false;
    for (uint32_t i = 0; i < count; i++) {
        wanted |= relays[i] == node;
    }
    return !wanted || is_relay(targets, *link, node)
               ? MESH_NODE_NONE
               : one_too_many(targets, *link, edge, relays, count);
}

// ---- Relays by what agents think of each other ----

// Agents that may ever be relays of the edge, found out when it is first asked.
static bool stands_by(struct sim_targets *targets, uint32_t edge, uint32_t agent)
{
    const uint32_t *starts = places_of(targets)->edges.starts;
    uint32_t most = targets->scenario->hierarchy.relays + STAND_INS;
    most = most < MESH_FANOUT_MAX ? most : MESH_FANOUT_MAX;
    uint32_t *stand_ins = targets->stand_ins + edge * stand_in_stride(targets);
    if (stand_ins[0] == 0) {
        stand_ins[0] = sim_scopes_relays(targets->world->network.seed, edge, starts[edge],
                                         starts[edge + 1], NULL, most, stand_ins + 1);
    }
    for (uint32_t i = 1; i <= stand_ins[0]; i++) {
        if (stand_ins[i] == agent) {
            return true;
        }
    }
    return false;
}

static const struct mesh_swim *active_swim(const struct sim_engine *engine, uint32_t agent)
{
    const struct mesh_swim *swim = sim_engine_swim(engine, agent);
    return swim != NULL && swim->phase == MESH_SWIM_ACTIVE ? swim : NULL;
}

static bool has_majority(const struct mesh_swim *swim, uint32_t roster)
{
    return 2 * (roster - swim->left - swim->dead - swim->suspects) > roster - swim->left;
}

static uint32_t relays_by(struct sim_targets *targets, const struct mesh_swim *swim, uint32_t edge,
                          uint32_t *relays)
{
    const uint32_t *starts = places_of(targets)->edges.starts;
    for (uint32_t agent = starts[edge]; agent < starts[edge + 1]; agent++) {
        bool gone = mesh_swim_state_of(swim, agent) >= MESH_SWIM_DEAD && agent != swim->node;
        set_bit(targets->away, agent, gone);
    }
    return sim_scopes_relays(targets->world->network.seed, edge, starts[edge], starts[edge + 1],
                             targets->away, targets->scenario->hierarchy.relays, relays);
}

static bool reconsidered(void *context, const struct sim_engine *engine, uint32_t node,
                         uint32_t *link, uint32_t *from, uint32_t *to)
{
    struct sim_targets *targets = context;
    const struct sim_shares *edges = &places_of(targets)->edges;
    uint32_t relays[MESH_FANOUT_MAX];
    const struct mesh_swim *swim = active_swim(engine, node);
    uint32_t edge = sim_shares_find(edges, node);
    if (swim == NULL || !has_majority(swim, edges->starts[edge + 1] - edges->starts[edge])) {
        return false;
    }
    *link = edge / targets->scenario->hierarchy.edges_per_aggregator;
    bool is = is_relay(targets, *link, node);
    if (!is && !stands_by(targets, edge, node)) {
        return false;
    }
    uint32_t count = relays_by(targets, swim, edge, relays);
    bool wanted = false;
    for (uint32_t i = 0; i < count; i++) {
        wanted |= relays[i] == node;
    }
    if (wanted == is) {
        return false;
    }
    *from = is ? node : one_too_many(targets, *link, edge, relays, count);
    *to = is ? first_new(targets, *link, relays, count) : node;
    return *from != MESH_NODE_NONE && *to != MESH_NODE_NONE && active_swim(engine, *to) != NULL;
}

struct sim_relaying sim_targets_relaying(struct sim_targets *targets)
{
    if (targets->members == NULL) {
        return (struct sim_relaying){0};
    }
    return (struct sim_relaying){
        .context = targets,
        .silence_ns = targets->scenario->hierarchy.relay_silence_ns,
        .link_first = (uint16_t)targets->link_first,
        .link_end = (uint16_t)targets->world->scopes.new_count,
        .members = targets->members,
        .successor = successor,
        .returned = returned,
        .reconsidered = targets->scenario->swim.runs ? reconsidered : NULL,
    };
}
