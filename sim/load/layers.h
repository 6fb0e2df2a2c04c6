// SPDX-License-Identifier: GPL-3.0-or-later
// Layers of settings, each a tree, checked one by one and then merged; the later wins.
//
//     defaults  <-  topology file  <-  scenario file  <-  cell of the sweep  <-  command line
//     mode push-pull  fanout 5         mode eager         fanout 10              agents 50
//                                                                    = merged, read by bind.c
//
// Mappings of known keys merge key by key. Everything else, lists and latencies too, is replaced as
// a whole. A key and its rival (same_zone_ms, same_zone_rtt_ms) displace each other between layers
// and may not meet in one. Every node of the merged tree still says where it was written.

#ifndef SIM_LAYERS_H
#define SIM_LAYERS_H

#include "keys.h"

// Called for every key of a tree, a mapping before what it holds. `key_node` is NULL for the
// elements of a list. Returning false ends the walk.
struct sim_visitor {
    bool (*visit)(void *context, const struct sim_key *key, const char *shown,
                  const struct sim_node *key_node, const struct sim_node *node,
                  struct sim_error *error);
    void *context;
};

// Visits a layer from its root; fails on unknown keys, keys of later versions, and lists or
// mappings where none belong.
bool sim_walk(const struct sim_visitor *visitor, const struct sim_node *root,
              struct sim_error *error);

// Whether every key of the layer is known and every value is one that its key takes.
bool sim_layer_check(const struct sim_node *root, struct sim_error *error);

// Two layers as one. The nodes that are new belong to the arena, the others are shared.
const struct sim_node *sim_layer_merge(struct sim_arena *arena, const struct sim_node *base,
                                       const struct sim_node *over);

// The layer of defaults under a topology.
const struct sim_node *sim_layer_defaults(struct sim_arena *arena, enum sim_topology topology);

// One key set from outside its file's layout: --set gossip.fanout=10, a value of a sweep.
struct sim_assignment {
    const char *path;                 // "gossip.fanout", "regions[0].agents"
    const struct sim_source *source;  // where the path stands: line, column
    uint32_t line;
    uint32_t column;
    const struct sim_key *key;  // what the path leads to, from sim_assignment_check
    const struct sim_node *value;
};

// Finds the key and checks the value.
bool sim_assignment_resolve(struct sim_assignment *assignment, struct sim_error *error);
bool sim_assignment_check(const struct sim_assignment *assignment, struct sim_error *error);

// The layer with the assignment made. NULL when an index is beyond its list.
const struct sim_node *sim_assignment_apply(struct sim_arena *arena, const struct sim_node *root,
                                            const struct sim_assignment *assignment,
                                            struct sim_error *error);

#endif
