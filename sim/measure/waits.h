// SPDX-License-Identifier: GPL-3.0-or-later
// What an update waits for on its way, which setting decides how long, and where the time went.
//
//     ticks of         flat, single, multi   multi_region_leaders              hierarchical
//     SIM_TICK_GOSSIP  interval_ms           gossip.intra_region.interval_ms   edge_ms
//     SIM_TICK_LINK    -                     gossip.inter_region.interval_ms   aggregator_ms
//     SIM_TICK_GLOBAL  -                     -                                 global_ms
//
// The time to theta of an update is the sum of these waits and of the network, along the causal
// path of the receipt that reached theta (struct sim_path).

#ifndef SIM_WAITS_H
#define SIM_WAITS_H

#include <stdbool.h>
#include <stdint.h>

#include "results.h"
#include "scenario.h"

// The ticks of one kind.
struct sim_wait {
    const char *name;   // in JSON: "gossip", "link" or "global"
    const char *ticks;  // for people: "ticks", "leader ticks", "aggregator ticks", ...
    const char *where;  // an update waits for them: "at the bridges"
    const char *key;    // the setting, as far as it takes to be found in a file
    uint64_t interval_ns;
    const struct sim_origin *origin;  // the scenario's
};

// What the scenario's mesh says of the ticks of one kind; false: it has none.
bool sim_wait_of(const struct sim_scenario *scenario, enum sim_tick tick, struct sim_wait *wait);

// The longest interval that an update may wait for from end to end: a round of the whole mesh.
struct sim_wait sim_wait_slowest(const struct sim_scenario *scenario);

// Whether there are links between tiers or regions with ticks of their own.
bool sim_wait_has_links(const struct sim_scenario *scenario);

// Of the time to theta of the updates that count and whose path was kept; NaN: there is none.
struct sim_shares {
    double ticks[SIM_TICK_COUNT];
    double network;
};

struct sim_shares sim_shares_of(const struct sim_result *results, uint32_t count);

// Waiting for ticks, all tiers together.
double sim_shares_waiting(const struct sim_shares *shares);

// Whether the causal path to theta was kept.
static inline bool sim_path_known(const struct sim_update_result *update)
{
    return update->path.node != MESH_NODE_NONE;
}

#endif
