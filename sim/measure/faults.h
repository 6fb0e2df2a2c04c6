// SPDX-License-Identifier: GPL-3.0-or-later
// What faults did in the repetitions of a scenario, and what they left behind.
//
//     entries     fired how often, at how many nodes; one that never fired is said to have been no
//                 test of anything
//     rejoins     how long who came back needed to hold all that had been written
//     gaps        who is up at the end and lacks an update, and why

#ifndef SIM_MEASURE_FAULTS_H
#define SIM_MEASURE_FAULTS_H

#include <stddef.h>

#include "results.h"
#include "scenario.h"

// An entry of the timeline, over the repetitions that ran to their end.
struct sim_fault_pool {
    const char *text;
    uint64_t firings;
    uint64_t nodes;
    uint32_t runs;  // repetitions in which it hit somebody
};

struct sim_fault_figures {
    struct sim_fault_pool *entries;  // [entry_count]; 0: nothing goes wrong in this scenario
    uint32_t entry_count;
    uint32_t run_count;
    uint64_t updates;    // written
    uint64_t unwritten;  // their agents were down, paused or without a majority
    uint64_t takeovers;
    uint64_t rejoins;
    uint64_t unfinished;  // rejoins that did not come to an end
    uint64_t cut;         // messages
    uint64_t dead;
    uint64_t refused;
    uint64_t lagging;
    struct sim_gap *gaps;  // [gap_count] of all repetitions, by (cause, subject, first)
    uint32_t gap_count;
};

// Pools the `count` results, but for those that were interrupted.
void sim_fault_figures_init(struct sim_fault_figures *figures, const struct sim_scenario *scenario,
                            const struct sim_result *results, uint32_t count);
void sim_fault_figures_finish(struct sim_fault_figures *figures);

// Gaps with the same cause and subject stand together: the end of those that begin with `first`,
// and how many agents they are about, each as often as in repetitions.
uint32_t sim_gap_end(const struct sim_fault_figures *figures, uint32_t first, uint64_t *nodes);

// Which agents these are, "0-119, 360, 362-479"; a long list is cut short.
#define SIM_GAP_RANGES_SHOWN 12u
#define SIM_GAP_MEMBERS_BYTES 300
void sim_gap_members(const struct sim_fault_figures *figures, uint32_t first, uint32_t end,
                     char *text, size_t size);

// "their aggregator, node 1001, is down"; in the store "aggregator".
void sim_gap_text(const struct sim_scenario *scenario, const struct sim_gap *gap, char *text,
                  size_t size);
const char *sim_gap_cause_name(enum sim_gap_cause cause);

// How much later an update reached theta than in the same run without faults, which is made where
// an expectation names the metric; 0 where it came no later; never, if it did in that run alone.
bool sim_extra_wanted(const struct sim_scenario *scenario);
bool sim_extra_of(const struct sim_scenario *scenario, const struct sim_result *result,
                  const struct sim_update_result *update, uint64_t *sample);

// Metrics of runs with faults (summary.h).
bool sim_unwritten_of(const struct sim_scenario *scenario, const struct sim_result *result,
                      uint64_t *sample);
bool sim_old_agents_of(const struct sim_scenario *scenario, const struct sim_result *result,
                       uint64_t *sample);
bool sim_agents_per_edge_of(const struct sim_scenario *scenario, const struct sim_result *result,
                            uint64_t *sample);
bool sim_lagging_of(const struct sim_scenario *scenario, const struct sim_result *result,
                    uint64_t *sample);

#endif
