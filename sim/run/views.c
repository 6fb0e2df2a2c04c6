// SPDX-License-Identifier: GPL-3.0-or-later
#include "views.h"

#include "engine.h"
#include "timeline.h"

#define WITHOUT_END_NS UINT64_C(20000000000)  // as long as a run without duration_ms takes at most

// Members of the largest scope.
static uint32_t roster_of(const struct sim_scenario *scenario)
{
    uint32_t scopes = 1;
    if (scenario->topology == SIM_MULTI_REGION_LEADERS) {
        scopes = scenario->region_count;
    } else if (scenario->topology == SIM_HIERARCHICAL) {
        scopes = scenario->region_count * scenario->hierarchy.aggregators_per_region *
                 scenario->hierarchy.edges_per_aggregator;
    }
    return (scenario->agents + scopes - 1) / scopes;
}

static uint64_t duration_ns(const struct sim_scenario *scenario)
{
    return scenario->duration_ns == 0 ? WITHOUT_END_NS : scenario->duration_ns;
}

// ---- What loss does ----

// (1 - q^2)(1 - q^4)^K of a probe each period fail, of members who are there (the paper, 4.3); each
// lists one member more.
static double suspected_by_loss(const struct sim_scenario *scenario, uint32_t roster)
{
    const struct sim_network_settings *network = &scenario->network;
    if (network->channel.bursts) {
        return roster;
    }
    double arrives = 1.0 - 1e-9 * (double)network->loss_ppb;
    double direct = 1.0 - arrives * arrives;
    double failing = direct;
    for (uint32_t i = 0; i < scenario->swim.proxies; i++) {
        failing *= 1.0 - arrives * arrives * arrives * arrives;
    }
    double periods = (double)duration_ns(scenario) / (double)scenario->swim.period_ns;
    return failing * periods * roster;
}

// ---- What faults do ----

// Regions and edges hold whole scopes, where those are smaller.
static bool is_of_whole_scopes(const struct sim_scenario *scenario, enum sim_place_kind place)
{
    bool leaders = scenario->topology == SIM_MULTI_REGION_LEADERS;
    bool tiers = scenario->topology == SIM_HIERARCHICAL;
    return (place == SIM_PLACE_REGION && (leaders || tiers)) || (place == SIM_PLACE_EDGE && tiers);
}

static bool names_whole_scopes(const struct sim_scenario *scenario,
                               const struct sim_selection *selection)
{
    for (uint32_t place = 0; place < SIM_PLACE_COUNT; place++) {
        if (selection->place_counts[place] > 0 &&
            !is_of_whole_scopes(scenario, (enum sim_place_kind)place)) {
            return false;
        }
    }
    return selection->roles == 0 && selection->share_ppb == 0 && selection->number == 0;
}

static bool divides_scopes(const struct sim_scenario *scenario, const struct sim_fault *fault)
{
    if (fault->by_place) {
        return !is_of_whole_scopes(scenario, fault->between);
    }
    bool whole =
        names_whole_scopes(scenario, &fault->of) && names_whole_scopes(scenario, &fault->from);
    for (uint32_t i = 0; i < fault->group_count; i++) {
        whole &= names_whole_scopes(scenario, &fault->groups[i]);
    }
    return !whole;
}

// Whom a firing makes others suspect.
static uint32_t suspected_by(const struct sim_scenario *scenario, const struct sim_fault *fault,
                             uint32_t roster)
{
    switch (fault->verb) {
    case SIM_FAULT_SKEW: return 0;
    case SIM_FAULT_CHURN: return 1;
    case SIM_FAULT_PARTITION: return divides_scopes(scenario, fault) ? roster : 0;
    case SIM_FAULT_CRASH:
    case SIM_FAULT_RESTART:
    case SIM_FAULT_OUTAGE:
    case SIM_FAULT_ROLLING_RESTART:
    case SIM_FAULT_MASS_JOIN:
    case SIM_FAULT_AUTO_SCALING:
    case SIM_FAULT_SPOT_RECLAIM:
        return fault->of.nobody ? 0 : sim_selection_wanted(&fault->of, roster);
    default: return roster;
    }
}

static uint64_t suspected_by_faults(const struct sim_scenario *scenario, uint32_t roster)
{
    struct sim_timeline timeline;
    struct sim_firing firing;
    uint64_t suspected = 0;
    sim_timeline_init(&timeline, scenario->faults, scenario->fault_count, scenario->fault_seed);
    while (suspected < roster && sim_timeline_next(&timeline, duration_ns(scenario), &firing)) {
        suspected += suspected_by(scenario, &scenario->faults[firing.entry], roster);
    }
    sim_timeline_finish(&timeline);
    return suspected;
}

// ---- Both ----

uint32_t sim_views_listed(const struct sim_scenario *scenario)
{
    uint32_t roster = roster_of(scenario);
    if (!scenario->swim.runs) {
        return 0;
    }
    double suspected =
        (double)suspected_by_faults(scenario, roster) + suspected_by_loss(scenario, roster);
    return suspected < (double)roster ? (uint32_t)suspected : roster;
}

uint64_t sim_views_bytes(const struct sim_scenario *scenario)
{
    uint32_t listed = sim_views_listed(scenario);
    return listed == 0 ? 0 : scenario->agents * sim_engine_view_bytes(roster_of(scenario), listed);
}
