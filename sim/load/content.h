// SPDX-License-Identifier: GPL-3.0-or-later
// What the updates of a workload say, for the run and for lint --sizes.
//
//     crdt           update                  content
//     lww-register   LWW_SET                 value_bytes drawn bytes          planned beforehand
//     g-counter      G_INCREMENT             1                                 "
//     pn-counter     PN_ADD                  1, or -1 as remove_percent says   "
//     or-set         SET_ADD, SET_REMOVE     an element, the dots observed    composed at the write
//     lww-map        MAP_PUT, MAP_REMOVE     a name, value_bytes drawn bytes   "
//
// A set and a map have `elements` elements, the names of the map being "name-0", "name-1" ... An
// update draws one of them. A removal takes the first from there on, cyclically, that its writer
// sees, since users remove what they see; who sees none adds the one drawn. So these updates can
// only be told when they are written, from the writer's replica, and name the dots observed there.
//
// Of one element a writer may see so many concurrent adds that a value of 65,535 bytes cannot name
// them all: those that do not fit, the last in the order of dots, stay.

#ifndef SIM_CONTENT_H
#define SIM_CONTENT_H

#include <stdbool.h>
#include <stdint.h>

#include "mesh/step.h"
#include "scenario.h"

// What or-set and lww-map take at most of workload.value_bytes: beside it a value has room for the
// name, or for a run of dots at least.
#define SIM_CONTENT_BYTES_MAX (MESH_VALUE_BYTES_MAX - 16)

struct sim_content {
    const struct sim_workload *workload;  // the caller's, until finish
    uint64_t seed;
    uint8_t **values;    // [workload->updates] by number, as far as they have been made
    uint32_t *elements;  // [workload->updates] by place in the list of writes; NULL unless composed
};

void sim_content_init(struct sim_content *content, const struct sim_workload *workload,
                      uint64_t seed);
void sim_content_finish(struct sim_content *content);

// Whether updates of this type of CRDT have a value, and whether it is only known at the write.
bool sim_content_has_value(enum sim_crdt crdt);
bool sim_content_is_composed(enum sim_crdt crdt);

// The least value_bytes that tell so many elements of a set apart.
uint32_t sim_content_bytes_min(uint32_t elements);

// Fills in the type of update number `update`, and what it says unless that is composed: then a
// type that removes is a wish.
void sim_content_plan(struct sim_content *content, uint32_t update, struct mesh_write *write);

// Completes a planned write (its key and lane are set) from what `node` holds. Updates of the
// workload have lanes in the order of their writes; writes that never happen have none, and others
// may lie between. write_of_lane: the write's place in the list, from workload->updates on no write
// of the workload; NULL: lanes are places.
// Calls for different updates may come from different threads.
void sim_content_compose(struct sim_content *content, uint32_t update,
                         const struct mesh_states *states, const uint32_t *write_of_lane,
                         uint32_t node, struct mesh_write *write);

// `count` drawn bytes, 16 of them by a draw keyed (purpose, number).
void sim_content_fill(uint64_t seed, uint32_t purpose, uint32_t number, uint32_t count,
                      uint8_t *bytes);

#endif
