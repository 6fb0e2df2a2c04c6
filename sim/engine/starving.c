// SPDX-License-Identifier: GPL-3.0-or-later
// Faults in the engine: hosts that have too little of their processors.
//
//     slice    |              |              |              |      of slice_ms
//     runs     |    ====      | ====         |          ====|      for its share of it, at a time
//     paused   ~~~~~~    ~~~~~~~    ~~~~~~~~~~~~~~~~~~~~    ~      that is drawn per host and slice
//
// The last slice ends with the fault, be it shorter.
#include "firings.h"
#include "state.h"

// When the host runs in a slice of that length: `run_ns` from then on.
static uint64_t runs_at(const struct sim_engine *engine, const struct sim_firing *firing,
                        uint32_t host, uint32_t slice, uint64_t length_ns, uint64_t run_ns)
{
    const struct sim_faulting *faulting = &engine->config.faulting;
    const struct sim_fault *fault = &faulting->faults[firing->entry];
    struct mesh_random random = mesh_draw(faulting->seed, SIM_DRAW_SLICE, slice, host,
                                          (uint64_t)firing->entry << 32 | firing->number);
    uint64_t wait_ns = mesh_below_wide(random.word[0], random.word[1], length_ns - run_ns + 1);
    return firing->time_ns + slice * fault->slice_ns + wait_ns;
}

static struct sim_action *put_pause(struct sim_action *actions, const struct sim_firing *firing,
                                    uint32_t node, uint64_t from_ns, uint64_t until_ns)
{
    struct sim_action action = {.time_ns = from_ns,
                                .until_ns = until_ns,
                                .node = node,
                                .entry = firing->entry,
                                .kind = SIM_ACTION_PAUSE,
                                .starves = true};
    if (from_ns == until_ns) {
        return actions;
    }
    *actions++ = action;
    action.time_ns = until_ns;
    action.kind = SIM_ACTION_RESUME;
    *actions++ = action;
    return actions;
}

static void starve_node(struct sim_engine *engine, const struct sim_firing *firing, uint32_t node)
{
    const struct sim_faulting *faulting = &engine->config.faulting;
    const struct sim_fault *fault = &faulting->faults[firing->entry];
    uint32_t host = faulting->place_of(faulting->context, SIM_PLACE_HOST, node);
    uint64_t end_ns = firing->time_ns + (fault->until_ns - fault->at_ns);
    uint32_t slices = (uint32_t)((end_ns - firing->time_ns - 1) / fault->slice_ns + 1);
    uint32_t room = (2 * slices + 2) / SIM_FAULT_ACTIONS_MAX + 1;
    struct sim_action *first = sim_firings_room(&engine->faults, room);
    struct sim_action *next = first;
    uint64_t paused_ns = firing->time_ns;
    for (uint32_t slice = 0; slice < slices && fault->cpu_ppb > 0; slice++) {
        uint64_t left_ns = end_ns - firing->time_ns - slice * fault->slice_ns;
        uint64_t length_ns = left_ns < fault->slice_ns ? left_ns : fault->slice_ns;
        uint64_t run_ns = (uint64_t)((mesh_uint128)length_ns * fault->cpu_ppb / SIM_PPB);
        uint64_t at_ns = runs_at(engine, firing, host, slice, length_ns, run_ns);
        next = put_pause(next, firing, node, paused_ns, at_ns);
        paused_ns = at_ns + run_ns;
    }
    next = put_pause(next, firing, node, paused_ns, end_ns);
    sim_firings_made(&engine->faults, (uint32_t)(next - first));
}

uint32_t sim_starve(struct sim_engine *engine, const struct sim_firing *firing)
{
    uint32_t count = sim_select_hosts(engine, firing);
    const struct sim_fault *fault = &engine->config.faulting.faults[firing->entry];
    for (uint32_t i = 0; i < count; i++) {
        sim_cores_slow(engine, engine->faults.selected[i],
                       &(struct sim_slowed){firing->time_ns,
                                            firing->time_ns + (fault->until_ns - fault->at_ns),
                                            fault->cpu_ppb});
        starve_node(engine, firing, engine->faults.selected[i]);
    }
    return count;
}
