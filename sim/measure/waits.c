// SPDX-License-Identifier: GPL-3.0-or-later
#include "waits.h"

#include "summary.h"

static bool leaders_wait(const struct sim_scenario *scenario, enum sim_tick tick,
                         struct sim_wait *wait)
{
    switch (tick) {
    case SIM_TICK_GOSSIP:
        *wait = (struct sim_wait){
            "gossip",
            "gossip ticks",
            "within the regions",
            "gossip.intra_region.interval_ms",
            scenario->gossip.interval_ns,
            &scenario->interval_origin,
        };
        return true;
    case SIM_TICK_LINK:
        *wait = (struct sim_wait){
            "link",
            "leader ticks",
            "at the bridges",
            "gossip.inter_region.interval_ms",
            scenario->leaders.interval_ns,
            &scenario->link_interval_origin,
        };
        return true;
    case SIM_TICK_GLOBAL:
    case SIM_TICK_COUNT: break;
    }
    return false;
}

static bool hierarchy_wait(const struct sim_scenario *scenario, enum sim_tick tick,
                           struct sim_wait *wait)
{
    switch (tick) {
    case SIM_TICK_GOSSIP:
        *wait = (struct sim_wait){
            "gossip",
            "gossip ticks",
            "within the edges",
            "edge_ms",
            scenario->gossip.interval_ns,
            &scenario->interval_origin,
        };
        return true;
    case SIM_TICK_LINK:
        *wait = (struct sim_wait){
            "link",
            "aggregator ticks",
            "on the way up and on the way down",
            "aggregator_ms",
            scenario->hierarchy.aggregator_interval_ns,
            &scenario->link_interval_origin,
        };
        return true;
    case SIM_TICK_GLOBAL:
        *wait = (struct sim_wait){
            "global",
            "global ticks",
            "among the coordinators",
            "global_ms",
            scenario->hierarchy.global_interval_ns,
            &scenario->global_interval_origin,
        };
        return true;
    case SIM_TICK_COUNT: break;
    }
    return false;
}

bool sim_wait_of(const struct sim_scenario *scenario, enum sim_tick tick, struct sim_wait *wait)
{
    if (scenario->topology == SIM_MULTI_REGION_LEADERS) {
        return leaders_wait(scenario, tick, wait);
    }
    if (scenario->topology == SIM_HIERARCHICAL) {
        return hierarchy_wait(scenario, tick, wait);
    }
    *wait = (struct sim_wait){
        "gossip",
        "ticks",
        "in the mesh",
        "interval_ms",
        scenario->gossip.interval_ns,
        &scenario->interval_origin,
    };
    return tick == SIM_TICK_GOSSIP;
}

struct sim_wait sim_wait_slowest(const struct sim_scenario *scenario)
{
    struct sim_wait slowest = {0};
    for (enum sim_tick tick = 0; tick < SIM_TICK_COUNT; tick++) {
        struct sim_wait wait;
        if (sim_wait_of(scenario, tick, &wait) && wait.interval_ns > slowest.interval_ns) {
            slowest = wait;
        }
    }
    return slowest;
}

bool sim_wait_has_links(const struct sim_scenario *scenario)
{
    struct sim_wait wait;
    return sim_wait_of(scenario, SIM_TICK_LINK, &wait);
}

struct sim_shares sim_shares_of(const struct sim_result *results, uint32_t count)
{
    struct sim_shares shares = {0};
    double total = 0;
    for (uint32_t r = 0; r < count; r++) {
        for (uint32_t i = 0; !results[r].interrupted && i < results[r].update_count; i++) {
            const struct sim_update_result *update = &results[r].updates[i];
            if (!sim_update_counts(update) || !sim_path_known(update)) {
                continue;
            }
            for (int tick = 0; tick < SIM_TICK_COUNT; tick++) {
                shares.ticks[tick] += (double)update->path.tick_ns[tick];
            }
            shares.network += (double)update->path.network_ns;
            total += (double)sim_path_tick_ns(&update->path) + (double)update->path.network_ns;
        }
    }
    for (int tick = 0; tick < SIM_TICK_COUNT; tick++) {
        shares.ticks[tick] /= total;
    }
    shares.network /= total;
    return shares;
}

double sim_shares_waiting(const struct sim_shares *shares)
{
    double waiting = 0;
    for (int tick = 0; tick < SIM_TICK_COUNT; tick++) {
        waiting += shares->ticks[tick];
    }
    return waiting;
}
