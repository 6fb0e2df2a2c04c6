// SPDX-License-Identifier: GPL-3.0-or-later
// Where agents report, edges have much to say to themselves and little to others, who hear later.
//
//     edge_aggregator_ms: 10 to 100
//
//                 stride                            stride
//                 |<------ 9 windows ------>|<------ 9 windows ------>|
//     edge 0      | o  oo   o  o oo o  o  o | ...          nothing that edge 0 says in this stride
//     edge 1      | oo  o  o  oo    oo  o o | ...          reaches another node than its own in it
//
// What is done for all between windows is done between strides instead, and a block runs the
// windows of a stride one after another, so that its replicas and messages are still in the cache
// when the next one comes. How long a stride is follows from the mesh and the network, and where it
// ends from simulated time: whatever the blocks and the queue, the same is done at the same times.
#include "state.h"

static uint64_t least_latency_ns(const struct sim_network *network, uint32_t from, uint32_t to)
{
    enum sim_pair_class pair = sim_network_pair(network, from, to);
    return sim_link_latency_ns(sim_network_link(network, from, to, pair), 0, 0);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

// The least latency between the scope's members and those they call, both ways.
static uint64_t least_to_callees_ns(const struct sim_network *network,
                                    const struct mesh_scope *scope)
{
    uint64_t ns = UINT64_MAX;
    for (uint32_t i = 0; i < scope->count; i++) {
        uint32_t member = sim_scope_member(scope, i);
        for (uint32_t j = 0; j < scope->callee_count; j++) {
            ns = least(ns, least_latency_ns(network, member, scope->callees[j]));
            ns = least(ns, least_latency_ns(network, scope->callees[j], member));
        }
    }
    return ns;
}

// How long after it was sent something first arrives beyond the home of its sender; 0: at once.
// Homes lie in a block, if they fit into one.
static uint64_t reach_others_ns(const struct sim_engine *engine)
{
    const struct mesh_config *mesh = engine->config.mesh;
    uint64_t ns = UINT64_MAX;
    for (uint32_t i = 0; i < mesh->scope_count; i++) {
        const struct mesh_scope *scope = &mesh->scopes[i];
        if (scope->callees != NULL) {
            ns = least(ns, least_to_callees_ns(engine->config.network, scope));
        } else if (!engine->is_home[i] || scope->count > SIM_BLOCK_NODES) {
            return 0;
        }
    }
    return ns;
}

// Between its ends no agent reports twice and no coordinator writes two totals.
static uint64_t longest_ns(const struct sim_engine *engine)
{
    const struct mesh_scope *top = &engine->config.mesh->scopes[engine->tiers.coordinators->scope];
    uint64_t total_ns = top->schedule == MESH_POISSON ? 0 : top->interval_ns;
    return least(engine->config.reporting.every_ns, total_ns) / 2;
}

static bool is_possible(const struct sim_engine *engine)
{
    const struct sim_engine_config *config = &engine->config;
    return engine->tiers.edge_count > 0 && engine->tiers.coordinator_count > 0 &&
           config->faulting.count == 0 && config->mesh->raft_count == 0 &&
           config->mesh->swim_count == 0 && config->lying.count == 0 &&
           !config->network->has_channels && config->network->cores_per_host == 0 &&
           !config->network->connections.cold;
}

static bool homes_are_whole(const struct sim_engine *engine)
{
    const struct mesh_config *mesh = engine->config.mesh;
    for (uint32_t i = 0; i < mesh->scope_count; i++) {
        const struct mesh_scope *scope = &mesh->scopes[i];
        if (engine->is_home[i] && sim_block_of(engine, scope->first) !=
                                      sim_block_of(engine, scope->first + scope->count - 1)) {
            return false;
        }
    }
    return true;
}

void sim_strides_create(struct sim_engine *engine)
{
    engine->stride_most = 1;
    if (is_possible(engine)) {
        uint64_t windows = least(reach_others_ns(engine), longest_ns(engine)) / engine->window_ns;
        windows = least(windows, SIM_STRIDE_WINDOWS_MAX);
        engine->stride_most = windows == 0 ? 1 : (uint32_t)windows;
    }
    engine->blocks_run_ahead = engine->stride_most > 1 && homes_are_whole(engine);
    // Who may hear twice of a message cannot say when its memory is free.
    engine->recycles = engine->blocks_run_ahead && engine->config.queue == SIM_QUEUE_WINDOWS &&
                       !engine->config.network->varied && !engine->config.network->duplicates;
}

uint64_t sim_strides_reach_ns(const struct sim_engine *engine)
{
    uint64_t edges_ns = sim_edges_reach_ns(engine);
    uint64_t stride_ns = engine->stride_most * engine->window_ns;
    return edges_ns > stride_ns ? edges_ns : stride_ns;
}

// The first window that ends at `time_ns` or later is the last of its stride.
static uint64_t end_at(const struct sim_engine *engine, uint64_t end, uint64_t time_ns)
{
    uint64_t windows = (time_ns + engine->window_ns - 1) / engine->window_ns;
    windows = windows > engine->window ? windows : engine->window + 1;
    return least(end, windows);
}

uint64_t sim_strides_end(const struct sim_engine *engine, uint64_t until_ns)
{
    uint64_t end = engine->window + engine->stride_most;
    if (engine->stride_most == 1) {
        return end;
    }
    end = end_at(engine, end, until_ns);
    end = end_at(engine, end, engine->checkpoint_next_ns);
    end = end_at(engine, end, sim_account_due_ns(engine));
    // What hosts do is counted from the last window on that ends before the warm-up does.
    uint64_t warm = engine->config.warmup_ns / engine->window_ns;
    return warm > engine->window ? least(end, warm) : end;
}
