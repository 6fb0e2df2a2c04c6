// SPDX-License-Identifier: Apache-2.0
// OR-set: elements come and go, and an add wins over a remove that did not see it.
//
//     A  add x (A,1) ---+----------------- add x (A,2) --------+--> {x}: (A,2) was not observed
//     B                 +--> remove x, naming (A,1) -----------+
//
//     state     entries   (A,2) x                    the adds that are alive, by dot
//               context   A: 1..2                    every add ever seen, alive or not
//
// The context takes the place of tombstones: an add that is in the context but not among the
// entries was removed, so an entry survives a merge when both have it, or when the other has never
// seen it. An add replaces the adds of the same element that its author sees, so an element has one
// entry per concurrent add and not one per add.
//
//     update      value
//     SET_ADD     runs varint, each: origin varint, first varint, length varint: the dots replaced
//                 (ascending, not touching, varints in shortest form); then the element
//     SET_REMOVE  the same runs, at least one: the dots observed; no element
//
// An update removes the dots that it names, whichever of the two arrives first. It names no dot of
// its origin at or after its own; of others it may name what they have yet to write, which no
// reader can tell from what he has not heard of. Of two elements that an equivocating origin added
// under one dot the larger counts.
//
// Bieniusa et al., "An optimized conflict-free replicated set", INRIA RR-8083 (2012). Contexts with
// gaps and deltas: Almeida, Shoker, Baquero 2018 (mesh/crdt.h).

#ifndef MESH_SET_H
#define MESH_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "mesh/dots.h"
#include "mesh/table.h"

// An add that is alive.
struct mesh_set_entry {
    struct mesh_dot dot;
    uint32_t element_bytes;
    const uint8_t *element;  // the driver's memory
};

// State: entries sorted by dot. The context contains their dots. Memory is the caller's.
struct mesh_set {
    struct mesh_set_entry *entries;  // [capacity]
    uint32_t count;
    uint32_t capacity;
    struct mesh_dots context;
};

// ---- Reading ----

bool mesh_set_contains(const struct mesh_set *state, const uint8_t *element,
                       uint32_t element_bytes);

// The first entry at or after `index` whose element no earlier entry has, or state->count: walks
// through the elements, each once.
uint32_t mesh_set_next(const struct mesh_set *state, uint32_t index);

// ---- Changing a state ----

// Adds an element under a dot of its own (mesh_dots_next). Returns false, having changed nothing,
// when there is no room, or when the dot is in the context already: somebody has removed it.
bool mesh_set_add(struct mesh_set *state, struct mesh_dot dot, const uint8_t *element,
                  uint32_t element_bytes);

// Removes what is seen here of an element; nothing if it is not in the set.
void mesh_set_remove(struct mesh_set *state, const uint8_t *element, uint32_t element_bytes);

// The changes that the same operations would make, in `delta`, whose former content is dropped.
// They return false where the operation would, and when there is no room in `delta`: one entry, and
// a run per dot and one more always suffice.
bool mesh_set_add_delta(const struct mesh_set *state, struct mesh_dot dot, const uint8_t *element,
                        uint32_t element_bytes, struct mesh_set *delta);
bool mesh_set_remove_delta(const struct mesh_set *state, const uint8_t *element,
                           uint32_t element_bytes, struct mesh_set *delta);

// Joins `other` into `state`. Returns false, having changed nothing, unless there is room for the
// entries and for the runs of both.
bool mesh_set_merge(struct mesh_set *state, const struct mesh_set *other);

// ---- Updates ----

// Writes the value of the update (SET_ADD or SET_REMOVE) that does this to an element as `state`
// has it, and returns its size. 0: nothing to remove, or more than `capacity` or
// MESH_VALUE_BYTES_MAX bytes.
uint32_t mesh_set_encode(const struct mesh_set *state, enum mesh_update_type type,
                         const uint8_t *element, uint32_t element_bytes, uint8_t *value,
                         uint32_t capacity);

// Whether the value of a SET_ADD or SET_REMOVE has the form above.
bool mesh_set_update_is_valid(const struct mesh_update *update);

// Joins a valid update into `state`. Returns false, having changed nothing, unless there is room
// for the runs that the update names and, with a SET_ADD, for an entry and a run more.
bool mesh_set_apply(struct mesh_set *state, const struct mesh_update *update);

// The set `key` as the lanes in `have` have it; what `state` held is dropped. Returns false when it
// does not fit: an entry per add, and a run per add and per run named always suffice.
bool mesh_set_fold(const struct mesh_table *table, const uint64_t *have, uint32_t words,
                   uint32_t key, struct mesh_set *state);

#endif
