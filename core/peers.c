// SPDX-License-Identifier: Apache-2.0
#include "mesh/peers.h"

#include <assert.h>
#include <string.h>

// Position of `node` in a sorted list, by search; `count` when it is not there.
static uint32_t search(const uint32_t *nodes, uint32_t count, uint32_t node)
{
    uint32_t low = 0;
    uint32_t high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (nodes[middle] < node) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && nodes[low] == node ? low : count;
}

// Position of `node` among the members.
static uint32_t position_of(const struct mesh_scope *scope, uint32_t node)
{
    uint32_t position =
        scope->members == NULL ? node - scope->first : search(scope->members, scope->count, node);
    assert(position < scope->count);
    return position;
}

#define FILTER_BITS 512u

// The swaps made so far: swap i put values[i] at positions[i]. `touched` is a filter: while the bit
// of a position (modulo its size) is clear, no swap has touched it and the search can be saved.
struct swaps {
    uint32_t positions[MESH_FANOUT_MAX];
    uint32_t values[MESH_FANOUT_MAX];
    uint32_t count;
    uint64_t touched[FILTER_BITS / 64];
};

// What stands at `position` now: the latest swap that touched it decides.
static uint32_t value_at(const struct swaps *swaps, uint32_t position)
{
    uint32_t bit = position % FILTER_BITS;
    if ((swaps->touched[bit / 64] >> bit % 64 & 1) == 0) {
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
    swaps->touched[position % FILTER_BITS / 64] |= UINT64_C(1) << position % 64;
}

// Whom a node may pick: all of a list but those at [out_first, out_first + out_count).
struct pool {
    const uint32_t *nodes;  // NULL: first, first + 1, ...
    uint32_t first;
    uint32_t count;
    uint32_t out_first;
    uint32_t out_count;
};

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

static struct pool pool_of(const struct mesh_scope *scope, uint32_t node)
{
    if (scope->callees != NULL) {
        uint32_t self = search(scope->callees, scope->callee_count, node);
        return (struct pool){scope->callees, 0, scope->callee_count, self,
                             self < scope->callee_count};
    }
    uint32_t self = position_of(scope, node);
    struct pool pool = {scope->members, scope->first, scope->count, self, 1};
    if (scope->selection == MESH_OTHER_GROUPS) {
        assert(scope->group_starts != NULL && scope->group_count >= 1);
        uint32_t group = group_of(scope, self);
        pool.out_first = scope->group_starts[group];
        pool.out_count = scope->group_starts[group + 1] - pool.out_first;
    }
    return pool;
}

static uint32_t select_uniform(uint64_t seed, enum mesh_purpose purpose, uint64_t occasion,
                               const struct mesh_scope *scope, uint32_t node, uint32_t *peers)
{
    assert(scope->count >= 1 && scope->fanout <= MESH_FANOUT_MAX);
    const struct pool pool = pool_of(scope, node);
    uint32_t others = pool.count - pool.out_count;
    uint32_t count = scope->fanout < others ? scope->fanout : others;
    struct swaps swaps;
    swaps.count = 0;
    memset(swaps.touched, 0, sizeof swaps.touched);
    struct mesh_random random = {{0}};
    for (uint32_t i = 0; i < count; i++) {
        if (i % 4 == 0) {
            random = mesh_draw(seed, purpose, i / 4, node, occasion);
        }
        uint32_t position = i + mesh_below(random.word[i % 4], others - i);
        uint32_t pick = value_at(&swaps, position);
        swap_in(&swaps, position, value_at(&swaps, i));
        uint32_t place = pick < pool.out_first ? pick : pick + pool.out_count;
        peers[i] = pool.nodes == NULL ? pool.first + place : pool.nodes[place];
    }
    return count;
}

// ---- Biased selections ----

#define CANDIDATES 3u
#define ATTEMPTS 16u

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
    bool uniform = scope->selection == MESH_UNIFORM || scope->selection == MESH_OTHER_GROUPS;
    return uniform || scope->callees != NULL || !grouped
               ? select_uniform(seed, purpose, occasion, scope, node, peers)
               : select_biased(seed, purpose, occasion, scope, node, peers);
}
