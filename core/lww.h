// SPDX-License-Identifier: Apache-2.0
// What other CRDTs of this folder build on LWW registers: writes of types other than LWW_SET.

#ifndef MESH_LWW_INTERNAL_H
#define MESH_LWW_INTERNAL_H

#include "mesh/lww.h"

// The update as a write of a register, whatever its type; `value` is the update's whole value.
struct mesh_lww mesh_lww_of(const struct mesh_update *update);

// mesh_lww_fold for the updates of one type.
bool mesh_lww_fold_type(const struct mesh_table *table, const uint64_t *have, uint32_t words,
                        enum mesh_update_type type, uint32_t key, struct mesh_lww *state);

#endif
