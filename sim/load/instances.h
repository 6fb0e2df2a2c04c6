// SPDX-License-Identifier: GPL-3.0-or-later
// The instance types of topologies/instances.yaml, which travels with the program.
//
//     placement.instance_type: c6i.xlarge --> struct sim_instance --> limits of the hosts

#ifndef SIM_INSTANCES_H
#define SIM_INSTANCES_H

#include "arena.h"
#include "scenario.h"
#include "tree.h"

struct sim_instances {
    struct sim_instance *items;  // [count], in the order of the file
    uint32_t count;
};

// Everything belongs to the arena. An error in the program's own file is ours
// (SIM_ERROR_INTERNAL); `text` instead of it is for tests.
bool sim_instances_read(struct sim_arena *arena, struct sim_instances *instances,
                        struct sim_error *error);
bool sim_instances_parse(struct sim_arena *arena, const char *name, const char *text,
                         struct sim_instances *instances, struct sim_error *error);

// The type that the scalar `node`, the value of the key `shown`, names; otherwise says which there
// are, or which was meant.
bool sim_instance_find(const struct sim_instances *instances, const char *shown,
                       const struct sim_node *node, struct sim_instance *found,
                       struct sim_error *error);

#endif
