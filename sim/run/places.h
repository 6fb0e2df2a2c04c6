// SPDX-License-Identifier: GPL-3.0-or-later
// Who lives where.
//
//     region 0                                 region 1
//     zone 0            zone 1                 zone 2
//     host 0   host 1   host 2                 host 3
//     0..249   250..332 333..499               500..749        agents, in order
//
// Agents are dealt to zones as evenly as possible, in order; every agents_per_host of a zone share
// a host. In a hierarchy the agents of a region are dealt to its edges instead, and the edges to
// the zones; an edge has hosts of its own. Behind the agents come the aggregators, region by
// region, and then the coordinators, spread over the regions, each on a host of its own:
//
//     0 ............... agents | agents ... + aggregators | ... + coordinators    nodes

// The mesh that a migration leaves stands behind all that, on hosts of its own, its agents zone by
// zone. A region or zone of a name that the new mesh has, too, is the same place; others come
// behind those of the new mesh.

#ifndef SIM_PLACES_H
#define SIM_PLACES_H

#include "network.h"
#include "scenario.h"

// Consecutive shares of the agents: share i is [starts[i], starts[i + 1]).
struct sim_shares {
    uint32_t *starts;  // [count + 1]
    uint32_t count;
};

struct sim_places {
    uint32_t *host_of;  // [nodes]
    struct sim_host *hosts;
    uint32_t host_count;
    struct sim_shares regions;
    struct sim_shares edges;  // count 0: there are none
    uint32_t agents;
    uint32_t aggregators;  // nodes agents .. agents + aggregators - 1; of region r those from
                           // r * aggregators / regions.count on
    uint32_t coordinators;
    uint32_t old_first;     // node; what it has and `agents` are all the agents there are
    struct sim_shares old;  // regions of the old mesh; count 0: there is none
    uint32_t nodes;
};

// Agents, aggregators and coordinators together.
uint32_t sim_places_nodes(const struct sim_scenario *scenario);

void sim_places_init(struct sim_places *places, const struct sim_scenario *scenario);
void sim_places_finish(struct sim_places *places);

// Agents of either mesh, all together; and whether a node is one.
static inline uint32_t sim_places_agents(const struct sim_places *places)
{
    return places->agents + places->nodes - places->old_first;
}

static inline bool sim_places_is_agent(const struct sim_places *places, uint32_t node)
{
    return node < places->agents || node >= places->old_first;
}

// The share that an agent is in.
uint32_t sim_shares_find(const struct sim_shares *shares, uint32_t agent);

#endif
