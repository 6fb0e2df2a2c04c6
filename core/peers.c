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

#define BUCKETS 256u

// Positions that are no longer as they were at first, each in the chain of its bucket, the latest
// in front: most buckets stay empty, and tell so at one look.
struct touched {
    uint32_t count;
    uint16_t first[BUCKETS];  // 1 + its index; 0: none
    uint16_t next[MESH_FANOUT_MAX + 1];
    uint32_t positions[MESH_FANOUT_MAX + 1];
    uint32_t values[MESH_FANOUT_MAX + 1];
};

static void touch_none(struct touched *touched)
{
    touched->count = 0;
    memset(touched->first, 0, sizeof touched->first);
}

static void touch(struct touched *touched, uint32_t position, uint32_t value)
{
    uint32_t index = touched->count++;
    touched->positions[index] = position;
    touched->values[index] = value;
    touched->next[index] = touched->first[position % BUCKETS];
    touched->first[position % BUCKETS] = (uint16_t)(index + 1);
}

// What stands at the position now; `value` if it is untouched.
static uint32_t value_at(const struct touched *touched, uint32_t position, uint32_t value)
{
    for (uint32_t i = touched->first[position % BUCKETS]; i != 0; i = touched->next[i - 1]) {
        if (touched->positions[i - 1] == position) {
            return touched->values[i - 1];
        }
    }
    return value;
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
    struct touched swapped;
    touch_none(&swapped);
    struct mesh_random random = {{0}};
    for (uint32_t i = 0; i < count; i++) {
        if (i % 4 == 0) {
            random = mesh_draw(seed, purpose, i / 4, node, occasion);
        }
        uint32_t position = i + mesh_below(random.word[i % 4], others - i);
        uint32_t pick = value_at(&swapped, position, position);
        touch(&swapped, position, value_at(&swapped, i, i));
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

static uint32_t select_biased(uint64_t seed, enum mesh_purpose purpose, uint64_t occasion,
                              const struct mesh_scope *scope, uint32_t node, uint32_t *peers)
{
    uint32_t others = scope->count - 1;
    uint32_t count = scope->fanout < others ? scope->fanout : others;
    uint32_t self = position_of(scope, node);
    uint32_t group = group_of(scope, self);
    struct touched taken;
    touch_none(&taken);
    touch(&taken, self, 1);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t position = self;
        for (uint32_t attempt = 0; attempt < ATTEMPTS && value_at(&taken, position, 0) != 0;
             attempt++) {
            struct mesh_random random =
                mesh_draw(seed, purpose, i * ATTEMPTS + attempt, node, occasion);
            position = propose(scope, group, &random);
        }
        while (value_at(&taken, position, 0) != 0) {  // a small group is used up: the next free
            position = position + 1 < scope->count ? position + 1 : 0;
        }
        touch(&taken, position, 1);
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
