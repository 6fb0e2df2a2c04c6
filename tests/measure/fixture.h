// SPDX-License-Identifier: GPL-3.0-or-later
// Scenarios and results made by hand: what an engine might have measured, so that what follows from
// it can be calculated on paper.

#ifndef FIXTURE_H
#define FIXTURE_H

#include <stdint.h>

#include "results.h"
#include "scenario.h"

#define MS UINT64_C(1000000)

// A flat mesh of 100 agents, fanout 5, interval 100 ms, theta 0.95, one update every 200 ms.
struct sim_scenario fixture_scenario(void);

// Three regions of 30,000, 30,000 and 40,000 agents with three bridges each: ticks every 100 ms
// within a region, every 500 ms between them.
struct sim_scenario fixture_leaders(void);

// A million agents in 500 edges of 10 regions: ticks every 100 ms within an edge, every 500 ms of
// relays and aggregators, every second of the 10 coordinators.
struct sim_scenario fixture_hierarchy(void);

// A repetition of that scenario with `update_count` updates, all measured and held by all, that
// took ticks_ms + network_ms each to theta. To be given back with sim_result_finish.
struct sim_result fixture_result(uint32_t update_count, uint64_t ticks_ms, uint64_t network_ms);

// Gives every update another path: ticks of its own scope, of the links and of the coordinators.
void fixture_waits(struct sim_result *result, uint64_t gossip_ms, uint64_t link_ms,
                   uint64_t global_ms, uint64_t network_ms);

// Gives every update 20 agents in its edge or region, all of which hold it; theta of them after
// theta_ms.
void fixture_near(struct sim_result *result, enum sim_reach reach, uint64_t theta_ms);

// An update that theta of the cohort never held: `held` of 100 do.
void fixture_never(struct sim_update_result *update, uint32_t held);

#endif
