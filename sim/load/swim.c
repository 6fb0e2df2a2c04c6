// SPDX-License-Identifier: GPL-3.0-or-later
// What must hold between the settings of SWIM, and what follows from others.
#include <string.h>

#include "loading.h"

#define LONGEST 6             // suspicion_max_ms by default, and
#define GOSSIPS_PER_PERIOD 5  // as in memberlist

static const struct sim_node *written(const struct sim_cell *cell, const char *path)
{
    const struct sim_node *node = sim_node_find(cell->merged, path);
    return node == NULL ? cell->topology_at : node;
}

bool sim_bind_swim(const struct sim_cell *cell, struct sim_scenario *scenario,
                   struct sim_error *error)
{
    struct sim_swim_settings *swim = &scenario->swim;
    const struct sim_node *seeds = sim_node_find(cell->merged, "bootstrap.seeds");
    swim->seeds = seeds == NULL ? 0 : seeds->count;
    if (swim->timeout_ns > swim->period_ns) {
        return sim_node_fail(written(cell, "swim.timeout_ms"), error,
                             "swim.timeout_ms is longer than swim.period_ms: an answer through "
                             "others has to come within the period");
    }
    swim->gossip_ns = swim->gossip_ns == 0 ? swim->period_ns / GOSSIPS_PER_PERIOD : swim->gossip_ns;
    if (swim->gossip_ns > swim->period_ns) {
        return sim_node_fail(written(cell, "swim.gossip_ms"), error,
                             "swim.gossip_ms is longer than swim.period_ms, whose beginning is a "
                             "time to gossip, too");
    }
    if (swim->suspicion_ns_max == 0 || !swim->lifeguard) {
        swim->suspicion_ns_max =
            swim->lifeguard ? LONGEST * swim->suspicion_ns : swim->suspicion_ns;
    }
    if (swim->suspicion_ns_max < swim->suspicion_ns) {
        return sim_node_fail(written(cell, "swim.suspicion_max_ms"), error,
                             "swim.suspicion_max_ms is shorter than swim.suspicion_ms");
    }
    return true;
}

const char *sim_swim_without_effect(const char *path, const struct sim_swim_settings *swim)
{
    bool of_lifeguard =
        strcmp(path, "swim.suspicion_max_ms") == 0 || strcmp(path, "swim.confirmations") == 0;
    if (!swim->runs) {
        return "only membership swim probes anybody";
    }
    if (of_lifeguard && !swim->lifeguard) {
        return "only lifeguard listens to confirmations";
    }
    if (strcmp(path, "swim.gossip_ms") == 0 && swim->gossip == 0) {
        return "swim.gossip_fanout is 0";
    }
    return of_lifeguard && swim->suspicion_ns == 0 ? "nobody is suspected" : NULL;
}
