// SPDX-License-Identifier: GPL-3.0-or-later
#include <assert.h>

#include "loading.h"

const char *sim_topology_name(enum sim_topology topology)
{
    static const char *const names[] = {
        [SIM_FLAT_MESH] = "flat_mesh",
        [SIM_SINGLE_REGION_MESH] = "single_region_mesh",
        [SIM_MULTI_REGION_MESH] = "multi_region_mesh",
        [SIM_MULTI_REGION_LEADERS] = "multi_region_leaders",
        [SIM_HIERARCHICAL] = "hierarchical",
    };
    assert(topology < SIM_TOPOLOGY_COUNT);
    return names[topology];
}

static const char *choice_name(const char *path, uint32_t value)
{
    const struct sim_choice *choice = sim_key_find(path)->choices;
    while (choice->name != NULL && (choice->later || choice->value != value)) {
        choice++;
    }
    assert(choice->name != NULL);
    return choice->name;
}

const char *sim_mode_name(enum mesh_mode mode)
{
    return choice_name("gossip.mode", mode);
}

const char *sim_schedule_name(enum mesh_schedule schedule)
{
    return choice_name("gossip.schedule", schedule);
}

const char *sim_selection_name(enum mesh_selection selection)
{
    return choice_name("gossip.peers", selection);
}

struct sim_ticks sim_scenario_slowest_ticks(const struct sim_scenario *scenario)
{
    struct sim_ticks slowest = {"interval_ms", scenario->gossip.interval_ns,
                                scenario->interval_origin};
    const struct sim_ticks bridges = {"inter_region.interval_ms", scenario->leaders.interval_ns,
                                      scenario->link_interval_origin};
    const struct sim_ticks links = {"aggregator_ms", scenario->hierarchy.aggregator_interval_ns,
                                    scenario->link_interval_origin};
    const struct sim_ticks coordinators = {"global_ms", scenario->hierarchy.global_interval_ns,
                                           scenario->global_interval_origin};
    if (scenario->topology == SIM_MULTI_REGION_LEADERS) {
        return bridges.interval_ns > slowest.interval_ns ? bridges : slowest;
    }
    if (scenario->topology == SIM_HIERARCHICAL) {
        slowest = links.interval_ns > slowest.interval_ns ? links : slowest;
        return coordinators.interval_ns > slowest.interval_ns ? coordinators : slowest;
    }
    return slowest;
}
