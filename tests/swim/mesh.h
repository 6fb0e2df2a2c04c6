// SPDX-License-Identifier: GPL-3.0-or-later
// A whole mesh of SWIM on a network of the test's own: every message takes 1 to 5 ms, is lost with
// a probability, or is cut off by a wall between two halves.

#ifndef SWIM_MESH_H
#define SWIM_MESH_H

#include <stdio.h>

#include "dice.h"
#include "mesh/swim.h"

#define MESH_MS UINT64_C(1000000)
#define MESH_SIZE_MAX 64

struct flight {
    uint64_t at_ns;
    uint64_t order;
    uint32_t target;
    struct mesh_message *message;  // owned
};

struct mesh {
    struct mesh_swim_group group;
    struct mesh_scope scope;
    struct mesh_config config;
    struct mesh_states states;
    struct mesh_swim swims[MESH_SIZE_MAX];
    void *views[MESH_SIZE_MAX];
    bool down[MESH_SIZE_MAX];
    uint64_t replicas[MESH_SIZE_MAX][4 + MESH_PLANES];
    struct mesh_table table;
    struct mesh_update updates[64];
    struct mesh_output output;
    struct flight *flights;
    uint32_t flight_count;
    uint32_t flight_capacity;
    uint64_t flights_ever;
    struct dice dice;
    uint32_t loss_percent;
    uint32_t wall;  // nodes below it hear nobody from it on, and the reverse; 0: there is none
    uint64_t now_ns;
    uint32_t rejects;
};

void mesh_init(struct mesh *mesh, uint32_t count, uint64_t seed, bool lifeguard);
void mesh_finish(struct mesh *mesh);
void mesh_start_all(struct mesh *mesh);
void mesh_run(struct mesh *mesh, uint64_t ms);
void mesh_crash(struct mesh *mesh, uint32_t node);
void mesh_join(struct mesh *mesh, uint32_t node);

// How many of the others that are up hold the node for something.
uint32_t mesh_hold(const struct mesh *mesh, uint32_t node, enum mesh_swim_state state);

// How many (holder, member) there are of those who are up in which the member is not ALIVE.
uint32_t mesh_doubts(const struct mesh *mesh);

#endif
