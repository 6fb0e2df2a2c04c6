// SPDX-License-Identifier: GPL-3.0-or-later
// Faults in the engine: what others may ask of them between windows.
#include "faults.h"
#include "state.h"

bool sim_engine_is_down(const struct sim_engine *engine, uint32_t node)
{
    return engine->faults.any && engine->faults.conditions[node].down > 0;
}

bool sim_engine_is_paused(const struct sim_engine *engine, uint32_t node)
{
    return engine->faults.any && engine->faults.conditions[node].paused > 0;
}

bool sim_engine_is_calm(const struct sim_engine *engine)
{
    const struct sim_faults *faults = &engine->faults;
    uint64_t now_ns = (engine->window + 1) * engine->window_ns;
    bool calm = faults->pending_count == 0;
    for (uint32_t i = 0; i < faults->timeline.count; i++) {
        calm &= faults->timeline.cursors[i].next_ns == SIM_FAULT_NEVER;
    }
    for (uint32_t i = 0; i < faults->rules.count; i++) {
        uint64_t until_ns = faults->rules.items[i].until_ns;
        calm &= until_ns == SIM_FAULT_NEVER || until_ns <= now_ns;
    }
    return calm;
}

const struct sim_fault_count *sim_engine_fault_counts(const struct sim_engine *engine)
{
    return engine->faults.counts;
}

uint64_t sim_engine_next_cut_ns(const struct sim_engine *engine, uint64_t after_ns)
{
    return sim_rules_next_cut_ns(&engine->faults.rules, after_ns);
}

// What links do depends on where the hosts of both ends are.
uint32_t sim_engine_cut_classes(const struct sim_engine *engine, uint64_t time_ns,
                                uint32_t *classes)
{
    const struct sim_rules *rules = &engine->faults.rules;
    uint32_t count = 1;
    bool links = sim_rules_link(rules, time_ns);
    for (uint32_t node = 0; node < engine->config.node_count; node++) {
        classes[node] = links ? engine->config.network->host_of[node] : 0;
        count = classes[node] < count ? count : classes[node] + 1;
    }
    return sim_rules_divide(rules, time_ns, engine->config.node_count, classes, count);
}

bool sim_engine_cuts(const struct sim_engine *engine, uint32_t source, uint32_t target,
                     uint64_t time_ns)
{
    uint64_t delay_ns;
    return sim_rules_cut(&engine->faults.rules, source, target, time_ns, &delay_ns) ||
           sim_cross_loses_all(engine, source, target, time_ns);
}

uint32_t sim_engine_cutter(const struct sim_engine *engine, uint32_t source, uint32_t target,
                           uint64_t time_ns)
{
    uint32_t entry = sim_rules_cutter(&engine->faults.rules, source, target, time_ns);
    return entry == SIM_FAULTS_MAX ? 0 : entry + 1;
}
