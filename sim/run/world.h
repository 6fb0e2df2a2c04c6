// SPDX-License-Identifier: GPL-3.0-or-later
// The mesh that a scenario describes, laid out.
//
//     scenario --> places    hosts, zones, regions, edges
//              --> network   what lies between two nodes
//              --> scopes    who gossips with whom
//              --> writes    who writes what, when
//
// What an or-set or an lww-map is told is composed at the write (content.h): `author` then is to be
// the engine's, and the world stays where it is.

#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "content.h"
#include "engine.h"
#include "places.h"
#include "scenario.h"
#include "scopes.h"

struct sim_world {
    struct sim_places places;
    struct sim_network network;
    struct sim_scopes scopes;
    struct mesh_tiers tiers;  // the mesh's, if its agents report
    struct mesh_guard guard;  // the mesh's, if peers are checked
    uint32_t *liars;          // [nodes] as in struct sim_lying; NULL: all are honest. Owned, and
                              // set when it is known who has which role (targets.h)
    struct mesh_config mesh;
    struct sim_write *writes;    // [updates], sorted by (time_ns, node); lane: the update's number
    struct sim_content content;  // what they say
    struct sim_author author;
};

void sim_world_init(struct sim_world *world, const struct sim_scenario *scenario, uint64_t seed);
void sim_world_finish(struct sim_world *world);

#endif
