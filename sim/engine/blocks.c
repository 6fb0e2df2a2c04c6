// SPDX-License-Identifier: GPL-3.0-or-later
// Which nodes lie in which block: neighbours, at most SIM_BLOCK_NODES of them.
//
//     one mesh              | 4,096 nodes | 4,096 nodes | 4,096 nodes | rest |
//     edges, regions        | edge | edge || edge | edge || ...  never through the middle of one
//                                                                that fits into a block
//
// What happens among those who gossip with each other then stays in one block, where it is in the
// total order without being put into it. Blocks are as large as the cache can hold replicas, so
// that a window's events find their nodes there, and scopes that tick in another rhythm have
// others. None of it shows in results.
#include <assert.h>

#include "allocate.h"
#include "state.h"

#define BLOCK_BYTES (UINT64_C(1) << 20)  // of replicas, unless a scope needs more
#define BLOCK_NODES_LEAST 1024u

static void add_block(struct sim_engine *engine, uint32_t first, uint32_t end)
{
    struct sim_block *blocks =
        sim_memory_resize(engine->blocks, (engine->block_count + 1) * sizeof *engine->blocks);
    blocks[engine->block_count++] =
        (struct sim_block){.states = {.node_first = first, .node_count = end - first}};
    engine->blocks = blocks;
}

// Cuts [first, end) into full blocks and a rest.
static void add_blocks(struct sim_engine *engine, uint32_t first, uint32_t end, uint32_t most)
{
    while (end - first > most) {
        uint32_t cut = sim_cores_cut(engine, first, most, end);
        add_block(engine, first, cut);
        first = cut;
    }
    if (end > first) {
        add_block(engine, first, end);
    }
}

// Along the scopes that are somebody's home, which stand in the order of their members.
static void follow_scopes(struct sim_engine *engine, uint32_t wanted, uint32_t most)
{
    const struct mesh_config *mesh = engine->config.mesh;
    uint32_t first = 0;  // of the block being filled
    uint32_t end = 0;
    const struct mesh_scope *before = NULL;
    for (uint32_t i = 0; i < mesh->scope_count; i++) {
        const struct mesh_scope *scope = &mesh->scopes[i];
        if (scope->members != NULL || scope->first != end || scope->count == 0) {
            continue;
        }
        bool alike = before != NULL && before->interval_ns == scope->interval_ns &&
                     scope->count < BLOCK_NODES_LEAST;
        if (end > first && (end - first + scope->count > wanted || !alike)) {
            add_blocks(engine, first, end, most);
            first = end;
        }
        engine->is_home[i] = true;
        before = scope;
        end += scope->count;
    }
    add_blocks(engine, first, engine->config.node_count, most);
}

// Blocks that follow each other like those of one mesh need no table.
static bool are_regular(const struct sim_engine *engine)
{
    for (uint32_t i = 0; i < engine->block_count; i++) {
        if (engine->blocks[i].states.node_first != i << SIM_BLOCK_SHIFT) {
            return false;
        }
    }
    return true;
}

// Nodes that a block takes before it is full, unless a scope has more.
static uint32_t nodes_wanted(size_t replica_bytes, uint32_t most)
{
    uint64_t fit = BLOCK_BYTES / replica_bytes;
    fit = fit < BLOCK_NODES_LEAST ? BLOCK_NODES_LEAST : fit;
    return fit < most ? (uint32_t)fit : most;
}

// Where all of a block live on one host, who is near needs no look-up.
static void note_hosts(struct sim_engine *engine)
{
    const struct sim_network *network = engine->config.network;
    for (uint32_t i = 0; i < engine->block_count; i++) {
        struct sim_block *block = &engine->blocks[i];
        uint32_t first = block->states.node_first;
        uint32_t count = block->states.node_count;
        uint32_t same = 1;
        while (same < count && network->host_of[first + same] == network->host_of[first]) {
            same++;
        }
        block->near_first = network->one_host ? 0 : first;
        block->near_count = network->one_host ? UINT32_MAX : same == count ? count : 0;
    }
}

void sim_blocks_create(struct sim_engine *engine, size_t replica_bytes)
{
    uint32_t most = engine->config.block_nodes;
    most = most == 0 || most > SIM_BLOCK_NODES ? SIM_BLOCK_NODES : most;
    engine->is_home = sim_memory_zeroed(engine->config.mesh->scope_count * sizeof *engine->is_home);
    follow_scopes(engine, nodes_wanted(replica_bytes, most), most);
    assert(engine->block_count <= UINT16_MAX);
    note_hosts(engine);
    if (are_regular(engine)) {
        return;
    }
    engine->block_of = sim_memory_pages(engine->config.node_count * sizeof *engine->block_of);
    for (uint32_t i = 0; i < engine->block_count; i++) {
        const struct mesh_states *states = &engine->blocks[i].states;
        for (uint32_t local = 0; local < states->node_count; local++) {
            engine->block_of[states->node_first + local] = (uint16_t)i;
        }
    }
}

void sim_blocks_finish(struct sim_engine *engine)
{
    sim_memory_free(engine->is_home);
    sim_memory_free(engine->blocks);
    sim_memory_free_pages(engine->block_of, engine->config.node_count * sizeof *engine->block_of);
}
