// SPDX-License-Identifier: GPL-3.0-or-later
// What has no effect because of what stands beside it.
#include <string.h>

#include "loading.h"

// Hosts are filled one after the other within a zone, zones share a region's agents evenly.
bool sim_pair_occurs(const struct sim_scenario *scenario, enum sim_pair_class pair)
{
    uint32_t per_host = scenario->network.agents_per_host;
    for (uint32_t i = 0; i < scenario->region_count; i++) {
        const struct sim_region *region = &scenario->regions[i];
        uint32_t fullest_zone = (region->agents + region->zone_count - 1) / region->zone_count;
        if ((pair == SIM_SAME_HOST && per_host > 1 && fullest_zone > 1) ||
            (pair == SIM_SAME_ZONE && fullest_zone > per_host) ||
            (pair == SIM_SAME_REGION && region->zone_count > 1 && region->agents > 1)) {
            return true;
        }
    }
    return (pair == SIM_INTER_REGION && scenario->region_count > 1) ||
           scenario->topology == SIM_HIERARCHICAL;  // its places are not built in this version
}

const char *sim_key_without_effect(const struct sim_key *key, const struct sim_cell *cell,
                                   const struct sim_scenario *scenario)
{
    bool counted = sim_node_get(cell->merged, "agents") != NULL;
    if (key->recorded != NULL) {
        return key->recorded;
    }
    if (strcmp(key->path, "agent_count") == 0 && counted) {
        return "it declares a range; agents decides";
    }
    if (strcmp(key->path, "regions[].agents") == 0 && scenario->region_count == 1 &&
        (counted || sim_node_get(cell->merged, "agent_count") != NULL)) {
        return "the only region holds all agents";
    }
    if (strcmp(key->path, "network.tls") == 0 && scenario->network.transport == SIM_QUIC) {
        return "QUIC always encrypts";
    }
    if (strcmp(key->path, "network.tls") == 0 && scenario->network.transport == SIM_UDP) {
        return "UDP stands for bare datagrams";
    }
    if (strcmp(key->path, "workload.value_bytes") == 0 &&
        scenario->workload.crdt == SIM_G_COUNTER) {
        return "a counter's update carries an amount, not a value";
    }
    for (int pair = 0; key->lands == SIM_LANDS_LATENCY && pair < SIM_PAIR_CLASS_COUNT; pair++) {
        if (key->offset == offsetof(struct sim_scenario, network.latency) +
                               (size_t)pair * sizeof(struct sim_latency) &&
            !sim_pair_occurs(scenario, (enum sim_pair_class)pair)) {
            return "there is no such pair of agents here";
        }
    }
    return NULL;
}
