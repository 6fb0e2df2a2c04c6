// SPDX-License-Identifier: Apache-2.0
#include "mesh/lww.h"

#include <assert.h>

#include "held.h"
#include "lww.h"
#include "mesh/step.h"

void mesh_lww_init(struct mesh_lww *state)
{
    *state = (struct mesh_lww){.origin = MESH_NODE_NONE};
}

static bool is_empty(const struct mesh_lww *state)
{
    return state->origin == MESH_NODE_NONE;
}

bool mesh_lww_precedes(const struct mesh_lww *a, const struct mesh_lww *b)
{
    if (is_empty(a) || is_empty(b)) {
        return is_empty(a) && !is_empty(b);
    }
    if (a->clock != b->clock) {
        return a->clock < b->clock;
    }
    if (a->origin != b->origin) {
        return a->origin < b->origin;
    }
    if (a->hash[0] != b->hash[0]) {
        return a->hash[0] < b->hash[0];
    }
    return a->hash[1] < b->hash[1];
}

void mesh_lww_merge(struct mesh_lww *state, const struct mesh_lww *other)
{
    if (mesh_lww_precedes(state, other)) {
        *state = *other;
    }
}

struct mesh_lww mesh_lww_of(const struct mesh_update *update)
{
    assert(mesh_update_has_value(update->type));
    return (struct mesh_lww){
        .clock = update->clock,
        .hash = {update->hash[0], update->hash[1]},
        .origin = update->dot.origin,
        .value_bytes = update->value_bytes,
        .value = update->value,
    };
}

void mesh_lww_apply(struct mesh_lww *state, const struct mesh_update *update)
{
    assert(update->type == MESH_LWW_SET);
    struct mesh_lww write = mesh_lww_of(update);
    mesh_lww_merge(state, &write);
}

bool mesh_lww_fold_type(const struct mesh_table *table, const uint64_t *have, uint32_t words,
                        enum mesh_update_type type, uint32_t key, struct mesh_lww *state)
{
    struct held held = held_by(table, have, words);
    mesh_lww_init(state);
    for (const struct mesh_update *update; (update = held_next(&held)) != NULL;) {
        if (update->type == type && update->key == key) {
            struct mesh_lww write = mesh_lww_of(update);
            mesh_lww_merge(state, &write);
        }
    }
    return !is_empty(state);
}

bool mesh_lww_fold(const struct mesh_table *table, const uint64_t *have, uint32_t words,
                   uint32_t key, struct mesh_lww *state)
{
    return mesh_lww_fold_type(table, have, words, MESH_LWW_SET, key, state);
}
