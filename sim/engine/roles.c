// SPDX-License-Identifier: GPL-3.0-or-later
// Role records for the nodes that are members of more than one scope (mesh/step.h).
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "state.h"

struct membership {
    uint32_t node;
    uint16_t scope;
    uint16_t home;
};

static int by_node_and_scope(const void *left, const void *right)
{
    const struct membership *a = left;
    const struct membership *b = right;
    if (a->node != b->node) {
        return a->node < b->node ? -1 : 1;
    }
    return a->scope < b->scope ? -1 : a->scope > b->scope;
}

// The memberships beyond each node's first, by node.
static struct membership *memberships_away(const struct sim_engine *engine, uint32_t *count)
{
    const struct mesh_config *mesh = engine->config.mesh;
    uint16_t *home = sim_memory_zeroed(engine->config.node_count * sizeof *home);  // scope + 1
    struct membership *away = NULL;
    uint32_t capacity = 0;
    *count = 0;
    for (uint32_t scope = 0; scope < mesh->scope_count; scope++) {
        for (uint32_t i = 0; i < mesh->scopes[scope].count; i++) {
            uint32_t node = sim_scope_member(&mesh->scopes[scope], i);
            assert(node < engine->config.node_count);
            if (home[node] == 0) {
                home[node] = (uint16_t)(scope + 1);
                continue;
            }
            if (*count == capacity) {
                capacity = capacity == 0 ? 64 : 2 * capacity;
                away = sim_memory_resize(away, capacity * sizeof *away);
            }
            away[(*count)++] = (struct membership){node, (uint16_t)scope, home[node] - 1};
        }
    }
    sim_memory_free(home);
    if (*count > 0) {
        qsort(away, *count, sizeof *away, by_node_and_scope);
    }
    return away;
}

void sim_roles_create(struct sim_engine *engine)
{
    struct membership *away = memberships_away(engine, &engine->role_count);
    if (engine->role_count == 0) {
        return;
    }
    size_t bytes = mesh_role_bytes(sim_replica_words(engine));
    engine->roles = sim_memory_zeroed(engine->role_count * bytes);
    engine->has_role = sim_memory_zeroed(engine->block_count * (size_t)(SIM_BLOCK_NODES / 8));
    for (uint32_t i = 0; i < engine->role_count; i++) {
        struct mesh_role *role = (struct mesh_role *)((char *)engine->roles + i * bytes);
        uint32_t block = sim_block_of(engine, away[i].node);
        struct mesh_states *states = &engine->blocks[block].states;
        uint32_t local = away[i].node - states->node_first;
        *role =
            (struct mesh_role){.node = away[i].node, .scope = away[i].scope, .home = away[i].home};
        uint64_t *has_role = engine->has_role + (size_t)block * (SIM_BLOCK_NODES / 64);
        has_role[local / 64] |= UINT64_C(1) << local % 64;
        if (states->role_count++ == 0) {
            states->roles = role;
            states->has_role = has_role;
        }
    }
    sim_memory_free(away);
}

// Copies roles[0 .. count) but the one at `from`, with the one of `to` in its place of the order.
static void copy_handed_over(const char *old, char *roles, size_t bytes, uint32_t count,
                             uint32_t from, const struct mesh_role *to)
{
    uint32_t put = 0;
    bool pending = true;
    for (uint32_t i = 0; i < count; i++) {
        const struct mesh_role *role = (const struct mesh_role *)(old + i * bytes);
        if (pending && to->node < role->node) {
            memcpy(roles + put++ * bytes, to, sizeof *to);
            pending = false;
        }
        if (i != from) {
            memcpy(roles + put++ * bytes, role, bytes);
        }
    }
    if (pending) {
        memcpy(roles + put * bytes, to, sizeof *to);
    }
}

// Points the blocks at their parts of engine->roles.
static void share_roles(struct sim_engine *engine, size_t bytes)
{
    char *next = engine->roles;
    for (uint32_t i = 0; i < engine->block_count; i++) {
        struct mesh_states *states = &engine->blocks[i].states;
        states->roles = states->role_count > 0 ? next : NULL;
        states->has_role =
            states->role_count > 0 ? engine->has_role + (size_t)i * (SIM_BLOCK_NODES / 64) : NULL;
        next += states->role_count * bytes;
    }
}

static void count_role(struct sim_engine *engine, uint32_t node, bool has)
{
    uint32_t block = sim_block_of(engine, node);
    struct mesh_states *states = &engine->blocks[block].states;
    uint32_t local = node - states->node_first;
    uint64_t *word = engine->has_role + (size_t)block * (SIM_BLOCK_NODES / 64) + local / 64;
    *word &= ~(UINT64_C(1) << local % 64);
    *word |= (uint64_t)has << local % 64;
    states->role_count = has ? states->role_count + 1 : states->role_count - 1;
}

static uint32_t role_index(const struct sim_engine *engine, size_t bytes, uint32_t node)
{
    uint32_t index = 0;
    while (((const struct mesh_role *)((const char *)engine->roles + index * bytes))->node !=
           node) {
        index++;
    }
    return index;
}

// Agents of a hierarchy have one role at most.
void sim_roles_hand_over(struct sim_engine *engine, uint16_t scope, uint32_t from, uint32_t to)
{
    size_t bytes = mesh_role_bytes(sim_replica_words(engine));
    uint32_t index = role_index(engine, bytes, from);
    const struct mesh_role *old =
        (const struct mesh_role *)((const char *)engine->roles + index * bytes);
    struct mesh_role begun = {.node = to, .scope = scope, .home = old->home};
    assert(old->scope == scope);
    char *roles = sim_memory_zeroed(engine->role_count * bytes);
    copy_handed_over(engine->roles, roles, bytes, engine->role_count, index, &begun);
    sim_memory_free(engine->roles);
    engine->roles = roles;
    count_role(engine, from, false);
    count_role(engine, to, true);
    share_roles(engine, bytes);
    const struct mesh_states *states = sim_states_of(engine, to);
    mesh_role_begin(engine->config.mesh, states,
                    (struct mesh_role *)(roles + role_index(engine, bytes, to) * bytes));
}

void sim_roles_widen(struct sim_engine *engine, struct mesh_width width)
{
    size_t old_bytes = mesh_role_bytes(sim_replica_words(engine));
    size_t bytes = mesh_role_bytes(width.words);
    if (engine->role_count == 0) {
        return;
    }
    char *roles = sim_memory_zeroed(engine->role_count * bytes);
    for (size_t i = 0; i < engine->role_count; i++) {
        mesh_role_widen((const void *)((const char *)engine->roles + i * old_bytes),
                        sim_width(engine), (void *)(roles + i * bytes), width);
    }
    sim_memory_free(engine->roles);
    engine->roles = roles;
    share_roles(engine, bytes);
}
