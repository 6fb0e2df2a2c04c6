// SPDX-License-Identifier: GPL-3.0-or-later
// The mesh that a scenario describes, laid out.
//
//     scenario --> places    hosts, zones, regions, edges
//              --> network   what lies between two nodes
//              --> scopes    who gossips with whom
//              --> writes    who writes what, when

#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "engine.h"
#include "places.h"
#include "scenario.h"
#include "scopes.h"

struct sim_world {
    struct sim_places places;
    struct sim_network network;
    struct sim_scopes scopes;
    struct mesh_config mesh;
    struct sim_write *writes;  // [updates], sorted by (time_ns, node)
    uint8_t *values;           // what they write
};

void sim_world_init(struct sim_world *world, const struct sim_scenario *scenario, uint64_t seed);
void sim_world_finish(struct sim_world *world);

#endif
