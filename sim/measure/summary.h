// SPDX-License-Identifier: GPL-3.0-or-later
// The metrics of a scenario, in one list, and their statistics over all its repetitions.
//
//     sim_metrics[]                        struct sim_summary
//     name                 of each        samples                   statistics
//     convergence_ms       update  --->   60 repetitions x 5   -->  mean sd p50 p95 p99 max n = 300
//     messages             repetition     60                        mean sd ...           n = 60
//
// The printed table, JSON, `expect`, the claims and the store all read this list, so that a name
// means the same everywhere. A sample is kept as an integer (`stored_unit`) and shown as sample /
// scale.
//
// How far a metric reaches: in the writer's edge, in its region, or everywhere. A mesh without
// edges, or with one region, does not have the metrics that are about them: they are neither
// printed nor stored, and an expectation on them is refused.
//
// A round is the interval of the slowest ticks within the metric's reach, and a sample of a metric
// in rounds a time in ns, which the scale of 0 stands for dividing by it. Where all nodes tick
// together (schedule synchronous) a round is a tick instead: the sample counts the ticks from the
// write to the receipt, those at the very instants of both included, as whole intervals.
//
// What counts: updates written after the warm-up with a cohort that is not empty, reports as
// aggregation.h has it, and returns of agents that were down, in repetitions that ran to their end.
// The summary of one repetition is the summary of a list of one.

#ifndef SIM_SUMMARY_H
#define SIM_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "aggregation.h"
#include "faults.h"
#include "leading.h"
#include "membership.h"
#include "lying.h"
#include "phases.h"
#include "results.h"
#include "scenario.h"
#include "statistics.h"

enum sim_metric_id {
    SIM_CONVERGENCE_MS,
    SIM_CONVERGENCE_ROUNDS,
    SIM_EDGE_CONVERGENCE_MS,
    SIM_EDGE_CONVERGENCE_ROUNDS,
    SIM_REGION_CONVERGENCE_MS,
    SIM_REGION_CONVERGENCE_ROUNDS,
    SIM_REACH_50_MS,
    SIM_REACH_99_MS,
    SIM_REACH_ALL_MS,
    SIM_REPORT_EDGE_MS,
    SIM_REPORT_EDGE_ROUNDS,
    SIM_REPORT_AGGREGATOR_MS,
    SIM_REPORT_AGGREGATOR_ROUNDS,
    SIM_REPORT_GLOBAL_MS,
    SIM_REPORT_GLOBAL_ROUNDS,
    SIM_MESSAGES,
    SIM_BYTES,
    SIM_TRANSPORT_BYTES,
    SIM_OUTSIDE_BYTES,
    SIM_DIGEST_BYTES,
    SIM_IDLE_BYTES,
    SIM_SAVED_BYTES,
    SIM_BROKEN_MESSAGES,
    SIM_ALTERED_MESSAGES,
    SIM_REFUSED_MESSAGES,
    SIM_CPU_WAIT_MS,
    SIM_CPU_WAIT_MAX_MS,
    SIM_HANDSHAKES,
    SIM_HANDSHAKE_BYTES,
    SIM_BANDWIDTH_MB_PER_S,
    SIM_UPDATES_SENT_PER_NODE,
    SIM_RESIDUE,
    SIM_LAST_RECEIPT_ROUNDS,
    SIM_HOST_CPU_PERCENT,
    SIM_HOST_PACKETS_PER_S,
    SIM_HOST_GBIT_PER_S,
    SIM_HOST_MEMORY_BYTES,
    SIM_HOST_CONNECTIONS,
    SIM_EDGE_EXECUTIONS,
    SIM_EDGE_TASKS,
    SIM_EDGE_COMPLETION,
    SIM_EDGE_LATENCY,
    SIM_AGGREGATOR_EXECUTIONS,
    SIM_AGGREGATOR_TASKS,
    SIM_AGGREGATOR_COMPLETION,
    SIM_AGGREGATOR_LATENCY,
    SIM_AGGREGATOR_EDGES,
    SIM_GLOBAL_EXECUTIONS,
    SIM_GLOBAL_TASKS,
    SIM_GLOBAL_COMPLETION,
    SIM_GLOBAL_LATENCY,
    SIM_GLOBAL_REGIONS,
    SIM_GLOBAL_AGGREGATORS,
    SIM_GLOBAL_EDGES,
    SIM_GLOBAL_AGENTS,
    SIM_REJOIN_MS,
    SIM_EXTRA_CONVERGENCE_MS,
    SIM_UNWRITTEN,
    SIM_LAGGING_AGENTS,
    SIM_OLD_AGENTS,
    SIM_AGENTS_PER_EDGE,
    SIM_WON_MS,
    SIM_ELECTION_MS,
    SIM_ELECTION_TERMS,
    SIM_SPLIT_ELECTIONS,
    SIM_FAILOVER_MS,
    SIM_FAILOVER_EXCHANGE_MS,
    SIM_UNAVAILABLE_MS,
    SIM_TERMS,
    SIM_TRANSFERS,
    SIM_MEMBER_CHANGES,
    SIM_RAFT_SNAPSHOTS,
    SIM_READS,
    SIM_DETECTION_FIRST_MS,
    SIM_DETECTION_ALL_MS,
    SIM_READMISSION_MS,
    SIM_FAREWELL_MS,
    SIM_FAREWELLS_MISSED,
    SIM_PARTITION_DETECTION_MS,
    SIM_PARTITION_RECOVERY_MS,
    SIM_READ_ONLY_MS,
    SIM_REFUSED_WRITES,
    SIM_FALSE_PROBES,
    SIM_FALSE_SUSPICIONS,
    SIM_FALSE_SUSPICIONS_PER_NODE_HOUR,
    SIM_FALSE_DEATHS,
    SIM_FLAPS_PER_NODE_HOUR,
    SIM_MEMBERSHIP_CALM_MS,
    SIM_SWIM_BYTES,
    SIM_DETECTION_MS,
    SIM_DECEIT_MS,
    SIM_DECEIVED,
    SIM_LIES,
    SIM_REJECTED,
    SIM_WRONGLY_IGNORED,
    SIM_UNDETECTED,
    SIM_WALL_S,
    SIM_PEAK_RSS_BYTES,
    SIM_METRIC_COUNT
};

struct sim_metric {
    const char *name;         // in JSON, expectations and claims
    const char *unit;         // of the values shown
    const char *meaning;      // one clause, for people
    const char *stored_name;  // in the store; NULL: follows from the updates, like the one before
    const char *stored_unit;  // of a sample: ns, bytes, bytes/s, count or ppb
    double scale;             // value shown = sample / scale; 0: rounds (below)
    bool host;                // a fact about this machine: never part of results that are compared
    enum sim_reach reach;
    // What its samples are of: one of the four, or of_reports. What the metric cannot be told of
    // returns false.
    bool (*of_update)(const struct sim_scenario *scenario, const struct sim_result *result,
                      const struct sim_update_result *update, uint64_t *sample);
    bool (*of_rejoin)(const struct sim_rejoin *rejoin, uint64_t *sample);
    bool (*of_run)(const struct sim_scenario *scenario, const struct sim_result *result,
                   uint64_t *sample);
    // The sample of an index below each_count().
    bool (*each)(const struct sim_result *result, uint32_t index, uint64_t *sample);
    uint32_t (*each_count)(const struct sim_result *result);
    bool of_reports;  // there is nothing of it where nobody reports
    enum sim_report_reach report_reach;
    uint64_t (*figure)(const struct mesh_total *total);  // of a repetition; NULL: of each report,
                                                         // the time it took so far
};

extern const struct sim_metric sim_metrics[SIM_METRIC_COUNT];

struct sim_summary {
    uint32_t run_count;                     // repetitions that ran to their end
    uint64_t fingerprint;                   // XXH3 over theirs, in order, little endian
    uint64_t interval_ns[SIM_REACH_COUNT];  // a round, by reach; > 0
    uint64_t simulated_ns;  // the longest: what never came in it is shown as "> simulated"
    // Sums over the repetitions that count; of tiers the mean of the means and the highest peak.
    struct sim_traffic traffic[MESH_MESSAGE_KIND_COUNT][SIM_PAIR_CLASS_COUNT];
    struct sim_tier_use tiers[SIM_TIER_COUNT];
    struct sim_samples samples[SIM_METRIC_COUNT];  // sorted; run: index among those that count
    struct sim_statistics statistics[SIM_METRIC_COUNT];
    struct sim_fault_figures faults;
    struct sim_phases phases;
    struct sim_liar_figures liars;
};

// Pools `count` repetitions of the scenario, in order. `summary` must be finished.
void sim_summary_init(struct sim_summary *summary, const struct sim_scenario *scenario,
                      const struct sim_result *results, uint32_t count);
void sim_summary_finish(struct sim_summary *summary);

// Frees the samples, which are many; the figures made of them stay. To be finished none the less.
void sim_summary_release(struct sim_summary *summary);

// Whether an update is judged: written after the warm-up, and somebody was there to receive it.
bool sim_update_counts(const struct sim_update_result *update);

// Whether a repetition has a sample of it for each update, report or return, not one for all.
bool sim_metric_has_many(enum sim_metric_id metric);

// "updates", "reports", "returns" or "repetitions": what its samples are of.
const char *sim_metric_samples(enum sim_metric_id metric);

// Why the scenario has nothing of it: "one region", "no edges", "no faults"; NULL: it has.
const char *sim_metric_lacks(enum sim_metric_id metric, const struct sim_scenario *scenario);

// What a sample of the metric is divided by to be shown; > 0.
double sim_metric_scale(enum sim_metric_id metric, const struct sim_summary *summary);

// Whether there is nothing that it lacks.
bool sim_metric_applies(enum sim_metric_id metric, const struct sim_scenario *scenario);

// Whether the metric is about what faults do.
static inline bool sim_metric_is_of_faults(enum sim_metric_id metric)
{
    return metric >= SIM_REJOIN_MS && metric <= SIM_OLD_AGENTS;
}

// Whether it is about those who lie.
static inline bool sim_metric_is_of_liars(enum sim_metric_id metric)
{
    return metric >= SIM_DETECTION_MS && metric <= SIM_UNDETECTED;
}

// Whether it is about groups of Raft.
static inline bool sim_metric_is_of_leaders(enum sim_metric_id metric)
{
    return metric >= SIM_WON_MS && metric <= SIM_READS;
}

// Whether it is about SWIM. The store has such metrics as figures, and no sample by itself.
static inline bool sim_metric_is_of_membership(enum sim_metric_id metric)
{
    return metric >= SIM_DETECTION_FIRST_MS && metric <= SIM_SWIM_BYTES;
}

// The metric of that name (`length` bytes), or SIM_METRIC_COUNT.
enum sim_metric_id sim_metric_find(const char *name, uint32_t length);

// The closest metric to a misspelt name, or NULL when none is close.
const char *sim_metric_nearest(const char *name);

#endif
