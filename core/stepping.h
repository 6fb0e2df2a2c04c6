// SPDX-License-Identifier: Apache-2.0
// What the handlers of one event share: the event, its node's replica, and where effects go.

#ifndef MESH_STEPPING_H
#define MESH_STEPPING_H

#include "mesh/step.h"

struct stepping {
    const struct mesh_config *config;
    const struct mesh_states *states;
    const struct mesh_event *event;
    uint32_t event_index;
    struct mesh_replica *replica;
    struct mesh_output *output;
};

// step.c: effects
struct mesh_record *mesh_stepping_record(struct stepping *stepping, enum mesh_record_kind kind);
void mesh_stepping_reject(struct stepping *stepping, enum mesh_reject reason);

// gossip.c: one handler per kind of event
void mesh_gossip_start(struct stepping *stepping, const struct mesh_scope *scope);
void mesh_gossip_write(struct stepping *stepping, const struct mesh_scope *scope);
void mesh_gossip_tick(struct stepping *stepping, const struct mesh_scope *scope);
void mesh_gossip_receive(struct stepping *stepping, const struct mesh_scope *scope);

#endif
