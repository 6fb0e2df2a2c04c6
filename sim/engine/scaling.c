// SPDX-License-Identifier: GPL-3.0-or-later
// Faults in the engine: machines that are added and taken away, as clouds do.
//
//     auto-scaling   target 100     400            250      at_ms, every every_ms
//                           |   ......|            |
//     nodes wanted   ~~~~~~~~~~:      :~~~~~~.     |        batch by batch, gap_ms apart
//                                             `~~~~:......
//
//     spot-reclaim   notice -- drained --> down -- down_ms --> others, without a disk
#include <string.h>

#include "allocate.h"
#include "firings.h"
#include "state.h"

// ---- Auto-scaling ----

// Who is managed is decided at the start; roles may move on later.
static uint8_t *manage(struct sim_engine *engine, const struct sim_fault *fault,
                       const struct sim_firing *firing)
{
    struct sim_faults *faults = &engine->faults;
    uint8_t *scaled = sim_memory_zeroed(engine->config.node_count);
    uint32_t count = sim_firings_select(engine, &fault->of);
    count = sim_fault_pick(engine->config.faulting.seed, firing, faults->selected, count,
                           sim_selection_wanted(&fault->of, count));
    for (uint32_t i = 0; i < count; i++) {
        scaled[faults->selected[i]] = SIM_SCALED_IN;
    }
    faults->scaled[firing->entry] = scaled;
    return scaled;
}

// Those in this state, in the scratch.
static uint32_t gather(struct sim_engine *engine, const uint8_t *scaled, enum sim_scaled state)
{
    uint32_t count = 0;
    for (uint32_t node = 0; node < engine->config.node_count; node++) {
        if (scaled[node] == state) {
            engine->faults.selected[count++] = node;
        }
    }
    return count;
}

// Draws `wanted` of those in one state, for the other.
static uint32_t move(struct sim_engine *engine, const struct sim_firing *firing, uint8_t *scaled,
                     enum sim_scaled from, uint32_t wanted)
{
    const struct sim_fault *fault = &engine->config.faulting.faults[firing->entry];
    struct sim_faults *faults = &engine->faults;
    uint32_t count = gather(engine, scaled, from);
    count = sim_fault_pick(engine->config.faulting.seed, firing, faults->selected, count, wanted);
    struct sim_action *actions = sim_firings_room(faults, count);
    uint32_t made = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t node = faults->selected[i];
        bool leaves = from == SIM_SCALED_IN;
        scaled[node] = leaves ? SIM_SCALED_OUT : SIM_SCALED_IN;
        made += leaves ? sim_fault_leave(fault, firing, node, i, actions + made)
                       : sim_fault_enter(fault, firing, node, i, actions + made);
    }
    sim_firings_made(faults, made);
    return count;
}

// Those who are not there from the start are told nothing before.
static uint32_t begin(struct sim_engine *engine, const struct sim_fault *fault,
                      const struct sim_firing *firing, uint8_t *scaled)
{
    struct sim_faults *faults = &engine->faults;
    uint32_t count = gather(engine, scaled, SIM_SCALED_IN);
    uint32_t absent = count > fault->start ? count - fault->start : 0;
    absent = sim_fault_pick(engine->config.faulting.seed, firing, faults->selected, count, absent);
    struct sim_action *actions = sim_firings_room(faults, absent);
    for (uint32_t i = 0; i < absent; i++) {
        uint32_t node = faults->selected[i];
        scaled[node] = SIM_SCALED_OUT;
        actions[i] = (struct sim_action){.until_ns = SIM_FAULT_UNTOLD,
                                         .node = node,
                                         .entry = firing->entry,
                                         .kind = SIM_ACTION_DOWN,
                                         .disk_lost = true};
    }
    sim_firings_made(faults, absent);
    return absent;
}

uint32_t sim_scale(struct sim_engine *engine, const struct sim_firing *firing)
{
    const struct sim_fault *fault = &engine->config.faulting.faults[firing->entry];
    if (firing->number == 0) {
        return begin(engine, fault, firing, manage(engine, fault, firing));
    }
    uint8_t *scaled = engine->faults.scaled[firing->entry];
    uint32_t target = fault->targets[(firing->number - 1) % fault->target_count];
    uint32_t there = gather(engine, scaled, SIM_SCALED_IN);
    return there > target ? move(engine, firing, scaled, SIM_SCALED_IN, there - target)
                          : move(engine, firing, scaled, SIM_SCALED_OUT, target - there);
}

// ---- Reclaims ----

// Hosts of which somebody is up and stays so.
static uint32_t find_hosts(struct sim_engine *engine, uint32_t count, uint32_t *hosts)
{
    const struct sim_faulting *faulting = &engine->config.faulting;
    const struct sim_faults *faults = &engine->faults;
    uint8_t *found = sim_memory_zeroed(engine->config.node_count);  // no more hosts than nodes
    uint32_t host_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct sim_condition *condition = &faults->conditions[faults->selected[i]];
        if (condition->down == 0 && condition->drained == 0) {
            found[faulting->place_of(faulting->context, SIM_PLACE_HOST, faults->selected[i])] = 1;
        }
    }
    for (uint32_t host = 0; host < engine->config.node_count; host++) {
        if (found[host]) {
            hosts[host_count++] = host;
        }
    }
    sim_memory_free(found);
    return host_count;
}

static uint32_t take_hosts(struct sim_engine *engine, const uint32_t *hosts, uint32_t host_count)
{
    const struct sim_faulting *faulting = &engine->config.faulting;
    uint8_t *taken = sim_memory_zeroed(engine->config.node_count);
    uint32_t count = 0;
    for (uint32_t i = 0; i < host_count; i++) {
        taken[hosts[i]] = 1;
    }
    for (uint32_t node = 0; node < engine->config.node_count; node++) {
        if (taken[faulting->place_of(faulting->context, SIM_PLACE_HOST, node)]) {
            engine->faults.selected[count++] = node;
        }
    }
    sim_memory_free(taken);
    return count;
}

uint32_t sim_select_hosts(struct sim_engine *engine, const struct sim_firing *firing)
{
    const struct sim_fault *fault = &engine->config.faulting.faults[firing->entry];
    uint32_t *hosts = sim_memory_zeroed(engine->config.node_count * sizeof *hosts);
    uint32_t count = find_hosts(engine, sim_firings_select(engine, &fault->of), hosts);
    count = sim_fault_pick(engine->config.faulting.seed, firing, hosts, count,
                           sim_selection_wanted(&fault->of, count));
    uint32_t nodes = take_hosts(engine, hosts, count);
    sim_memory_free(hosts);
    return nodes;
}
