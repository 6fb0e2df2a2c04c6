// SPDX-License-Identifier: GPL-3.0-or-later
// What the hosts of a run did and had, tier by tier, and what it takes to remember cold pairs.
//
//     engine: work of each host --> mean over hosts, peak over hosts and seconds --> sim_tier_use
//     network, workload: memory of its nodes' replicas and of its connections - ----^
//     instance types: limits --------------------------------------------------------^

#ifndef SIM_HOSTS_H
#define SIM_HOSTS_H

#include "results.h"
#include "world.h"

// Fills result->tiers. After the run.
void sim_hosts_measure(const struct sim_engine *engine, const struct sim_scenario *scenario,
                       const struct sim_world *world, struct sim_result *result);

// What the tables of cold connections take at most; 0 when there are none. `*peers`: of one agent,
// one with a link if some have.
uint64_t sim_hosts_pair_bytes(const struct sim_scenario *scenario, uint64_t *peers);

#endif
