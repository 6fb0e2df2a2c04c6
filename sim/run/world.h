// SPDX-License-Identifier: GPL-3.0-or-later
// The mesh that a scenario describes, laid out: who lives where, who gossips with whom, who writes.
//
//     region 0                                 region 1
//     zone 0            zone 1                 zone 2
//     host 0   host 1   host 2                 host 3
//     0..249   250..332 333..499               500..749        agents, in order
//
// Agents are dealt to zones as evenly as possible, in order; every agents_per_host of a zone share
// a host. The groups that biased peer selections know are the regions or, within one region, its
// zones; how far apart two groups are is the median latency, in microseconds, between the first
// agent of the one and the last of the other.

#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "engine.h"
#include "scenario.h"

struct sim_world {
    struct mesh_scope scope;
    struct mesh_config mesh;
    struct sim_network network;
    uint32_t *host_of;  // [agents]
    struct sim_host *hosts;
    uint32_t host_count;
    struct sim_write *writes;  // [updates], sorted by (time_ns, node)
    uint8_t *values;           // what they write
    uint32_t *graph_starts;    // [agents + 1], mode delta; else NULL
    uint32_t *graph;           // neighbours, mode delta; else NULL
    uint32_t *group_starts;    // [scope.group_count + 1]
    uint32_t *group_distance;  // [scope.group_count * scope.group_count]
};

void sim_world_init(struct sim_world *world, const struct sim_scenario *scenario, uint64_t seed);
void sim_world_finish(struct sim_world *world);

#endif
