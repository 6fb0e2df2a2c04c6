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
// Where agents come and go, those of the edge count for a report that were up at its write and have
// been since, and of the coordinators those that are up. What a relay has been told ends when it
// comes back without its disk; a relay that takes over has been told what it holds.
//
// Results have the reports written after the warm-up; which of them the end of the run cuts short
// is for measure to say (sim_report_counts).

#ifndef SIM_REPORTING_H
#define SIM_REPORTING_H

#include "engine.h"
#include "holders.h"
#include "results.h"
#include "world.h"

struct sim_row_snapshot;

struct sim_reports {
    const struct sim_scenario *scenario;
    const struct sim_world *world;
    bool faults;
    uint64_t *written_at_ns;  // [agents][numbers_max] where agents may skip reports; else NULL
    uint64_t *up_since_ns;    // [nodes] the same; SIM_TIME_NEVER: down
    bool *uneven;             // [edges] somebody there was down
    struct sim_transition *transitions;  // [transition_count] of the window, in order of time
    uint32_t transition_count;
    uint32_t transition_next;
    const struct sim_engine *engine;  // in which they happen
    uint32_t transition_capacity;
    struct sim_result *result;
    uint64_t seed;
    uint32_t numbers_max;  // reports that an agent can write
    uint32_t *written;     // [agents] how many it has written
    uint32_t *holders;     // [agents][numbers_max] agents of the edge that count and hold it
    struct sim_holders *listened;  // [edges] the same by lane, of edges that are listened to
    sim_holders_code *count_holders;
    uint8_t *reached;       // [agents][numbers_max] 1: enough of them did
    uint32_t *needed;       // [edges] enough, where nobody was ever down
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

// Bytes of messages under way within the edges, at most: agents that report answer each other on
// every tick, all the time.
uint64_t sim_reports_under_way_bytes(const struct sim_scenario *scenario);

// `reports` must stay where it is.
void sim_reports_init(struct sim_reports *reports, const struct sim_scenario *scenario,
                      const struct sim_world *world, uint64_t seed, struct sim_result *result);
void sim_reports_finish(struct sim_reports *reports);

// What the engine asks for; its observer call.
struct sim_reporting sim_reports_source(struct sim_reports *reports);
void sim_reports_notes(struct sim_reports *reports, const struct sim_note *notes, uint32_t count);

// The same as it happens, where no faults come between: see engine.h.
bool sim_reports_can_listen(const struct sim_reports *reports);
void sim_reports_heard(struct sim_reports *reports, const struct sim_heard *heard);
void sim_reports_made(struct sim_reports *reports, const struct sim_note *row);

// What became of nodes in the window whose notes follow; and the end of each window.
void sim_reports_transitions(struct sim_reports *reports, const struct sim_engine *engine,
                             const struct sim_transition *transitions, uint32_t count);
void sim_reports_window(struct sim_reports *reports, const struct sim_engine *engine);

// Writes result->reports, and the total of the first coordinator, at the end of a run.
void sim_reports_close(struct sim_reports *reports, const struct sim_engine *engine);

#endif
