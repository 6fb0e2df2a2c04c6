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

static uint32_t select_uniform(uint64_t seed, enum mesh_purpose purpose, uint64_t occasion,
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

// ---- Biased selections ----

#define CANDIDATES 3u
#define ATTEMPTS 16u

static uint32_t group_of(const struct mesh_scope *scope, uint32_t position)
{
    uint32_t low = 0;
    uint32_t high = scope->group_count;
    while (low + 1 < high) {
        uint32_t middle = low + (high - low) / 2;
        if (scope->group_starts[middle] <= position) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static uint32_t distance(const struct mesh_scope *scope, uint32_t from, uint32_t to)
{
    return scope->group_distance != NULL ? scope->group_distance[from * scope->group_count + to]
                                         : from != to;
}

static uint32_t nearest(const struct mesh_scope *scope, uint32_t group,
                        const struct mesh_random *random)
{
    uint32_t best = mesh_below(random->word[1], scope->count);
    uint32_t best_distance = distance(scope, group, group_of(scope, best));
    for (uint32_t i = 2; i < 1 + CANDIDATES; i++) {
        uint32_t candidate = mesh_below(random->word[i], scope->count);
        uint32_t candidate_distance = distance(scope, group, group_of(scope, candidate));
        if (candidate_distance < best_distance) {
            best = candidate;
            best_distance = candidate_distance;
        }
    }
    return best;
}

// The position that one attempt proposes.
static uint32_t propose(const struct mesh_scope *scope, uint32_t group,
                        const struct mesh_random *random)
{
    bool biased = scope->selection == MESH_LATENCY_AWARE ||
                  mesh_below(random->word[0], 100) < scope->bias_percent;
    if (!biased) {
        return mesh_below(random->word[1], scope->count);
    }
    if (scope->selection == MESH_LOCAL_BIAS) {
        uint32_t first = scope->group_starts[group];
        return first + mesh_below(random->word[1], scope->group_starts[group + 1] - first);
    }
    return nearest(scope, group, random);
}

static bool is_taken(const uint32_t *positions, uint32_t count, uint32_t position)
{
    bool taken = false;
    for (uint32_t i = 0; i < count; i++) {
        taken |= positions[i] == position;
    }
    return taken;
}

static uint32_t select_biased(uint64_t seed, enum mesh_purpose purpose, uint64_t occasion,
                              const struct mesh_scope *scope, uint32_t node, uint32_t *peers)
{
    uint32_t positions[MESH_FANOUT_MAX + 1];
    uint32_t others = scope->count - 1;
    uint32_t count = scope->fanout < others ? scope->fanout : others;
    positions[0] = position_of(scope, node);
    uint32_t group = group_of(scope, positions[0]);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t position = positions[0];
        for (uint32_t attempt = 0; attempt < ATTEMPTS && is_taken(positions, i + 1, position);
             attempt++) {
            struct mesh_random random =
                mesh_draw(seed, purpose, i * ATTEMPTS + attempt, node, occasion);
            position = propose(scope, group, &random);
        }
        while (is_taken(positions, i + 1, position)) {  // a small group is used up: the next free
            position = position + 1 < scope->count ? position + 1 : 0;
        }
        positions[i + 1] = position;
        peers[i] = scope->members == NULL ? scope->first + position : scope->members[position];
    }
    return count;
}

uint32_t mesh_peers_select(uint64_t seed, enum mesh_purpose purpose, uint64_t occasion,
                           const struct mesh_scope *scope, uint32_t node, uint32_t *peers)
{
    bool grouped = scope->group_starts != NULL && scope->group_count > 1;
    return scope->selection == MESH_UNIFORM || !grouped
               ? select_uniform(seed, purpose, occasion, scope, node, peers)
               : select_biased(seed, purpose, occasion, scope, node, peers);
}
