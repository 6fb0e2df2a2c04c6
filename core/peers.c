// SPDX-License-Identifier: Apache-2.0
#include "mesh/peers.h"

#include <assert.h>

// Position of `node` among the members, by search: members are sorted.
static uint32_t position_of(const struct mesh_scope *scope, uint32_t node)
{
    if (scope->members == NULL) {
        assert(node - scope->first < scope->count);
        return node - scope->first;
    }
    uint32_t low = 0;
    uint32_t high = scope->count;
    while (low + 1 < high) {
        uint32_t middle = low + (high - low) / 2;
        if (scope->members[middle] <= node) {
            low = middle;
        } else {
            high = middle;
        }
    }
    assert(scope->members[low] == node);
    return low;
}

// The swaps made so far: swap i put values[i] at positions[i]. `touched` is a filter: while the bit
// of a position (modulo 64) is clear, no swap has touched it and the search can be saved.
struct swaps {
    uint32_t positions[MESH_FANOUT_MAX];
    uint32_t values[MESH_FANOUT_MAX];
    uint32_t count;
    uint64_t touched;
};

// What stands at `position` now: the latest swap that touched it decides.
static uint32_t value_at(const struct swaps *swaps, uint32_t position)
{
    if ((swaps->touched >> (position & 63) & 1) == 0) {
        return position;
    }
    uint32_t value = position;
    for (uint32_t i = 0; i < swaps->count; i++) {
        value = swaps->positions[i] == position ? swaps->values[i] : value;
    }
    return value;
}

static void swap_in(struct swaps *swaps, uint32_t position, uint32_t value)
{
    swaps->positions[swaps->count] = position;
    swaps->values[swaps->count] = value;
    swaps->count++;
    swaps->touched |= UINT64_C(1) << (position & 63);
}

uint32_t mesh_peers_uniform(uint64_t seed, enum mesh_purpose purpose, uint64_t occasion,
                            const struct mesh_scope *scope, uint32_t node, uint32_t *peers)
{
    assert(scope->count >= 1 && scope->fanout <= MESH_FANOUT_MAX);
    uint32_t self = position_of(scope, node);
    uint32_t others = scope->count - 1;
    uint32_t count = scope->fanout < others ? scope->fanout : others;
    struct swaps swaps;
    swaps.count = 0;
    swaps.touched = 0;
    struct mesh_random random = {{0}};
    for (uint32_t i = 0; i < count; i++) {
        if (i % 4 == 0) {
            random = mesh_draw(seed, purpose, i / 4, node, occasion);
        }
        uint32_t position = i + mesh_below(random.word[i % 4], others - i);
        uint32_t pick = value_at(&swaps, position);
        swap_in(&swaps, position, value_at(&swaps, i));
        uint32_t member = pick < self ? pick : pick + 1;  // self is not among the others
        peers[i] = scope->members == NULL ? scope->first + member : scope->members[member];
    }
    return count;
}
