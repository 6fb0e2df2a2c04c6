// SPDX-License-Identifier: Apache-2.0
// LWW map: per name an LWW register, whose writes may also remove.
//
//     name    winning write
//     "cpu"   clock 9  origin 1  put "71"      -> "71"
//     "disk"  clock 7  origin 2  removed       -> absent; a put at clock 6 stays without effect
//     "mem"   clock 5  origin 1  put "3"       -> "3"
//
// A removal is a write like any other and has to be remembered, since a put that is older may still
// arrive. As in the register a write does not depend on what it replaces, so one entry is its own
// delta.
//
//     update      value
//     MAP_PUT     length of the name varint, in shortest form; the name; then the value
//     MAP_REMOVE  the name

#ifndef MESH_MAP_H
#define MESH_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "mesh/lww.h"
#include "mesh/table.h"

struct mesh_map_entry {
    const uint8_t *name;  // the driver's memory, as write.value is
    uint32_t name_bytes;
    bool removed;  // write.value is empty
    struct mesh_lww write;
};

// State: entries sorted by name, in the caller's memory, removed ones among them.
struct mesh_map {
    struct mesh_map_entry *entries;  // [capacity]
    uint32_t count;
    uint32_t capacity;
};

// The value of a name, or NULL when it was never put or was removed. Valid until the state changes.
const struct mesh_lww *mesh_map_get(const struct mesh_map *state, const uint8_t *name,
                                    uint32_t name_bytes);

// Joins one entry, or all of `other`, into the state. They return false when there is no room for
// another name; the state then is one that lacks a part, and may be joined with the same again.
bool mesh_map_write(struct mesh_map *state, const struct mesh_map_entry *entry);
bool mesh_map_merge(struct mesh_map *state, const struct mesh_map *other);

// ---- Updates ----

// Writes the value of a MAP_PUT and returns its size, or 0 when that is more than `capacity` or
// MESH_VALUE_BYTES_MAX bytes.
uint32_t mesh_map_encode(const uint8_t *name, uint32_t name_bytes, const uint8_t *content,
                         uint32_t content_bytes, uint8_t *value, uint32_t capacity);

// Whether the value of a MAP_PUT or MAP_REMOVE has the form above.
bool mesh_map_update_is_valid(const struct mesh_update *update);

// Joins a valid update into the state, as mesh_map_write.
bool mesh_map_apply(struct mesh_map *state, const struct mesh_update *update);

// The map `key` as the lanes in `have` have it; what `state` held is dropped. False when there is
// no room for all of its names.
bool mesh_map_fold(const struct mesh_table *table, const uint64_t *have, uint32_t words,
                   uint32_t key, struct mesh_map *state);

#endif
