// SPDX-License-Identifier: Apache-2.0
// Walking through the updates that a replica holds, by ascending lane.
//
//     struct held held = held_by(table, have, words);
//     for (const struct mesh_update *update; (update = held_next(&held)) != NULL;) { ... }

#ifndef MESH_HELD_H
#define MESH_HELD_H

#include <stddef.h>
#include <stdint.h>

#include "mesh/table.h"

struct held {
    const struct mesh_table *table;
    const uint64_t *have;
    uint32_t words;
    uint32_t word;
    uint64_t left;  // lanes of `word` still to come
};

static inline struct held held_by(const struct mesh_table *table, const uint64_t *have,
                                  uint32_t words)
{
    return (struct held){table, have, words, 0, words > 0 ? have[0] : 0};
}

static inline const struct mesh_update *held_next(struct held *held)
{
    while (held->left == 0) {
        if (++held->word >= held->words) {
            return NULL;
        }
        held->left = held->have[held->word];
    }
    uint32_t lane = 64 * held->word + (uint32_t)__builtin_ctzll(held->left);
    held->left &= held->left - 1;
    return &held->table->updates[lane];
}

#endif
