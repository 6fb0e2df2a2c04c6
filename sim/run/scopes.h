// SPDX-License-Identifier: GPL-3.0-or-later
// Who gossips with whom, as scopes for the core.
//
//   one mesh                multi_region_leaders            hierarchical
//
//   +-----------------+     +--------+     +--------+       coordinators --- coordinators
//   | all agents      |     |region 0|     |region 1|            ^  ^
//   +-----------------+     |  L L L +=====+ L L L  |       aggregator  aggregator      call up
//                           +--------+     +--------+            ^  ^
//                            the bridges: one scope more       relays of each edge      call up
//                            that leaves out the own        +------+ +------+
//                            region                         | edge | | edge |
//                                                           +------+ +------+
//
// Homes stand first in the list: a region's or an edge's agents, the aggregators (who call
// coordinators), the coordinators. Behind them come the links: the bridges' scope, or one scope per
// aggregator with the relays that call it. Links push and pull by timers of their own, whatever the
// mode at home.
//
// Candidates for bridges are spread evenly over their region. They form a group of Raft, whose log
// says which of them are its bridges; all are in the bridges' scope. An edge's relays are the
// agents of the roster with the largest weights, drawn per (edge, agent): rendezvous hashing
// (Thaler and Ravishankar, IEEE/ACM ToN 6(1), 1998), so that a relay that goes is replaced by one
// other agent and nobody else changes.

// A migration has both meshes, the new one's scopes as above and behind them the old one's homes,
// its bridges if it has leaders, and a link: gateways, agents spread over the old mesh, call seeds
// of the new one. Seeds are what the new mesh is begun with: candidates for bridges, aggregators,
// or as many agents, spread over it, as there are gateways.
//
//     old mesh   o o o G o o o G o o          new mesh   S n n n S n n n
//                      +---------------- link ---------->+

#ifndef SIM_SCOPES_H
#define SIM_SCOPES_H

#include "mesh/raft.h"
#include "mesh/swim.h"
#include "places.h"
#include "results.h"

struct sim_scopes {
    struct mesh_scope *items;  // [count]
    uint32_t count;
    enum sim_tick *ticks;    // [count] what waiting for a tick of the scope is called
    uint32_t *graph_starts;  // [agents + 1], mode delta; else NULL
    uint32_t *graph;         // neighbours, mode delta; else NULL
    uint32_t *members;       // of the relays' links
    uint32_t *candidates;    // of leaders, region by region
    uint32_t *group_starts;  // of these; the bridges' scope has it
    uint16_t bridge_scope;   // the bridges'; 0: there are no leaders
    uint32_t new_count;      // scopes of the new mesh
    uint32_t *gateways;      // [gateway_count] of a migration, members of the last scope
    uint32_t *starters;      // [starter_count] its callees, the seeds of the new mesh
    uint32_t gateway_count;
    uint32_t starter_count;
    struct mesh_raft_group *rafts;  // [raft_count] the regions' candidates, leaders only
    uint32_t raft_count;
    struct mesh_swim_group *swims;  // [swim_count] the homes of agents; membership: swim only
    uint32_t swim_count;
    uint32_t *seeds;         // of all of them
    uint32_t *coordinators;  // callees of the aggregators
    uint32_t *aggregators;   // callees of the relays
};

// `network` tells how far apart groups of agents are.
void sim_scopes_init(struct sim_scopes *scopes, const struct sim_scenario *scenario,
                     const struct sim_places *places, const struct sim_network *network);
// Whether the scopes outside the homes forward what is new there at once.
bool sim_scopes_forward(const struct sim_scenario *scenario);

void sim_scopes_finish(struct sim_scopes *scopes);

// Where an agent gossips first.
uint16_t sim_scopes_home(const struct sim_scopes *scopes, const struct sim_places *places,
                         const struct sim_scenario *scenario, uint32_t agent);

// Writes the `count` agents of [first, end) with the largest weights for `edge` to `relays`, in
// ascending order; those whose bit is set in `gone` (bit per agent, NULL: none) do not count.
// Returns how many there were.
uint32_t sim_scopes_relays(uint64_t seed, uint32_t edge, uint32_t first, uint32_t end,
                           const uint64_t *gone, uint32_t count, uint32_t *relays);

#endif
