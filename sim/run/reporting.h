// SPDX-License-Identifier: GPL-3.0-or-later
// What the agents of a hierarchy report, and how far their reports come.
//
//     agent    writes its n-th report           compose
//        |
//     edge     share theta of the edge's agents holds it         --> edge_ns
//        |     a relay adds up what it holds: row (edge, relay, clock), which covers
//        |     the reports that it held, and earlier ones of the same agents
//     aggregator         has had a row that covers it            --> aggregator_ns
//        |
//     coordinators       share theta has had one                 --> coordinators_ns
//
// Reports are made up on the fly (report_content.h); the agents' phases are drawn.
//
// Results have the reports written after the warm-up; which of them the end of the run cuts short
// is for measure to say (sim_report_counts).

#ifndef SIM_REPORTING_H
#define SIM_REPORTING_H

#include "engine.h"
#include "results.h"
#include "world.h"

struct sim_row_snapshot;

struct sim_reports {
    const struct sim_scenario *scenario;
    const struct sim_world *world;
    struct sim_result *result;
    uint64_t seed;
    uint32_t numbers_max;   // reports that an agent can write
    uint32_t *written;      // [agents] how many it has written
    uint32_t *holders;      // [agents][numbers_max] agents of the edge that hold it
    uint64_t *edge_ns;      // [agents][numbers_max] since the write, once enough hold it
    uint64_t *above_ns[2];  // the same, at the aggregator and at the coordinators
    uint32_t *covered[2];   // [agents] the newest number covered there
    uint32_t *covered_by;   // [coordinators][agents] the newest number in a row it has had
    uint32_t *slot_of;      // [agents] of a relay; UINT32_MAX: it is none
    uint32_t slot_count;
    uint32_t edge_agents_max;
    uint32_t *told;                   // [slots][edge_agents_max] newest number by agent
    struct sim_row_snapshot **rows;   // [edges] rows that somebody may still take over
    struct mesh_row_name *held_rows;  // [coordinators][edges]
};

// Whether the agents of this scenario report; if not, nothing else here is to be called.
bool sim_reports_wanted(const struct sim_scenario *scenario);

// Bytes that this and the tables of the edges take, and lanes of such a table.
uint64_t sim_reports_bytes(const struct sim_scenario *scenario);
uint32_t sim_reports_lanes(const struct sim_scenario *scenario);

// `reports` must stay where it is.
void sim_reports_init(struct sim_reports *reports, const struct sim_scenario *scenario,
                      const struct sim_world *world, uint64_t seed, struct sim_result *result);
void sim_reports_finish(struct sim_reports *reports);

// What the engine asks for; its observer call.
struct sim_reporting sim_reports_source(struct sim_reports *reports);
void sim_reports_notes(struct sim_reports *reports, const struct sim_note *notes, uint32_t count);

// Writes result->reports, and the total of the first coordinator, at the end of a run.
void sim_reports_close(struct sim_reports *reports, const struct sim_engine *engine);

#endif
