// SPDX-License-Identifier: Apache-2.0
// LWW register: the largest (clock, origin, hash) wins.
//
//     clock 7  origin 2  "a"  ---+
//     clock 9  origin 1  "b"  ---+--> "c": the latest clock; at the same clock the larger origin
//     clock 9  origin 4  "c"  ---+
//
// The update is LWW_SET: register `key` takes `value`. A write does not depend on what it replaces,
// so the state that holds only the write is its delta, and applying is merging that.
//
// Johnson, Thomas, "The maintenance of duplicate databases", RFC 677 (1975).

#ifndef MESH_LWW_H
#define MESH_LWW_H

#include <stdbool.h>
#include <stdint.h>

#include "mesh/table.h"

// State: the winning write; origin MESH_NODE_NONE and clock 0 while empty.
struct mesh_lww {
    uint64_t clock;
    uint64_t hash[2];  // breaks the tie of an equivocating origin
    uint32_t origin;
    uint32_t value_bytes;
    const uint8_t *value;  // the driver's memory
};

void mesh_lww_init(struct mesh_lww *state);

// Whether `b` wins over `a`. An empty register loses to every write.
bool mesh_lww_precedes(const struct mesh_lww *a, const struct mesh_lww *b);

void mesh_lww_apply(struct mesh_lww *state, const struct mesh_update *update);
void mesh_lww_merge(struct mesh_lww *state, const struct mesh_lww *other);

// The register `key` as the lanes in `have` (one bit each, `words` words) have it. Returns false
// while none of them wrote it.
bool mesh_lww_fold(const struct mesh_table *table, const uint64_t *have, uint32_t words,
                   uint32_t key, struct mesh_lww *state);

#endif
