// SPDX-License-Identifier: GPL-3.0-or-later
// A scenario without files: what the loader would have made of a short one.

#ifndef RUN_FIXTURE_H
#define RUN_FIXTURE_H

#include "results.h"
#include "run.h"
#include "scenario.h"

#define MS UINT64_C(1000000)

#define FIXTURE_REGIONS_MAX 4

struct fixture {
    struct sim_scenario scenario;
    struct sim_region regions[FIXTURE_REGIONS_MAX];
    struct sim_run_options options;
};

// One region of one zone, push-pull, fanout 3, every 100 ms, theta 0.99; latency constant, 1 ms;
// one counter update at 0 by a random writer; ends when all hold it. The fixture must stay where
// it is.
void fixture_init(struct fixture *fixture, uint32_t agents);

// Replaces the regions by `count` ones of these sizes and numbers of zones.
void fixture_set_regions(struct fixture *fixture, uint32_t count, const uint32_t *agents,
                         const uint32_t *zones);

// Gives every scope SWIM with Lifeguard: periods of 100 ms, suspicion of 500 to 3,000 ms.
void fixture_set_swim(struct fixture *fixture);

// Makes it multi_region_leaders: `leaders` bridges per region, which address one bridge of another
// region every 500 ms; 5 candidates.
void fixture_set_leaders(struct fixture *fixture, uint32_t leaders);

// Makes it hierarchical, with one zone per region: so many aggregators in a region and edges of an
// aggregator; 3 coordinators, of which 2 are addressed; 2 relays; every 300 ms, 700 ms at the top.
void fixture_set_hierarchy(struct fixture *fixture, uint32_t regions, uint32_t aggregators,
                           uint32_t edges);

// Gives all pair classes this latency.
void fixture_set_latency(struct fixture *fixture, struct sim_latency latency);

// Runs a repetition that must succeed.
void fixture_run(const struct fixture *fixture, uint32_t repetition, struct sim_result *result);

#endif
