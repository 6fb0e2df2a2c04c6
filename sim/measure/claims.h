// SPDX-License-Identifier: GPL-3.0-or-later
// The customer's document as claims, each held against what a run measured.
//
//   topologies/claims.yaml --meson: embed--> struct sim_claims --+
//                                                                +--> struct sim_verdict
//   scenario, results, summary (summary.h) ----------------------+
//
//   95 % interval of the measured statistic, against the target "< 50 ms":
//
//             [--x--]      |                   PASS          all of it holds
//                       [--|-x---]             INCONCLUSIVE  it spans the target, or there are
//                          |    [---x---]      FAIL          too few samples for an interval
//                         50                   UNMEASURED    nothing of the kind was measured
//
// Claims are findings: they never change the exit code. The figures of a verdict are integers in
// the claim's stored unit; what is shown to people is divided by its scale. What a figure is:
//
//   p95(convergence_*)   quantile over all updates of all repetitions, its interval (statistics.h);
//                        so of edge_convergence_* and region_convergence_*
//   share(...)           share of those updates, its interval
//   bandwidth_mb_per_s   mean over repetitions; the interval goes from the least to the largest
//   latency_ms           longest delay of a message delivered between the claim's pair classes
//   interval_ms          of the slowest ticks from end to end: the length of a round
//   agents, fanout, ...  how the run was set up; the document's own product: certain, no interval

#ifndef SIM_CLAIMS_H
#define SIM_CLAIMS_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "expectation.h"
#include "results.h"
#include "scenario.h"
#include "summary.h"
#include "waits.h"

#define SIM_FACTORS_MAX 4
#define SIM_WHY_BYTES 1024

enum sim_measure {
    SIM_MEASURE_TERM,  // a metric's, see expectation.h
    SIM_MEASURE_LATENCY,
    SIM_MEASURE_AGENTS,
    SIM_MEASURE_FANOUT,
    SIM_MEASURE_INTERVAL,
    SIM_MEASURE_REGIONS,
    SIM_MEASURE_PRODUCT,
    SIM_MEASURE_NONE,  // nothing that this version measures
};

enum sim_limit {
    SIM_LIMIT_NONE,      // the claim names no figure
    SIM_LIMIT_BELOW,     // < target
    SIM_LIMIT_AT_MOST,   // <= target
    SIM_LIMIT_AT_LEAST,  // >= target
    SIM_LIMIT_EQUAL,     // = target
    SIM_LIMIT_WITHIN,    // from least to target, ends included
    SIM_LIMIT_ABOUT,     // from half of target to its double
};

struct sim_range {
    uint32_t least;
    uint32_t most;
};

struct sim_claim {
    const char *id;
    const char *section;
    const char *quote;             // the document's words
    const char *note;              // how we read them; NULL: as they stand
    const char *unmeasured;        // why nothing measures it; NULL: it is judged
    const char *statistic;         // as claims.yaml has it
    const char *unit;              // of target and figures as shown
    const char *stored_unit;       // of a verdict's integers: ns, ppb, bytes/s or count
    const char *stored_metric;     // in the store: "convergence", "agents", ...
    const char *stored_statistic;  // of it: "p95", "share", "mean", "max", "value"
    const char *target_text;       // "< 50"; NULL with SIM_LIMIT_NONE
    enum sim_limit limit;
    int64_t target_micro;  // in millionths of the shown unit
    int64_t least_micro;   // WITHIN
    enum sim_measure measure;
    struct sim_term term;               // TERM
    uint32_t pair_classes;              // LATENCY: bit 1 << enum sim_pair_class
    uint32_t factors[SIM_FACTORS_MAX];  // PRODUCT
    uint32_t factor_count;
    uint32_t topologies;         // bit 1 << enum sim_topology
    struct sim_range agents;     // it speaks of
    struct sim_range fanout;     // its row names; 0-0: none
    const char *given_text;      // what must hold for it to be about a run; NULL: nothing
    struct sim_predicate given;  // the same, read
    bool theta_of_file;          // counts as converged what the topology's threshold says
    bool primary;                // the topology's row of the Topology Selection Matrix
};

struct sim_claims {
    struct sim_claim *items;  // [count], in the order of the file
    uint32_t count;
    void *memory;  // what the pointers point to
};

enum sim_verdict_kind { SIM_PASS, SIM_FAIL, SIM_INCONCLUSIVE, SIM_UNMEASURED };

struct sim_verdict {
    const struct sim_claim *claim;
    enum sim_verdict_kind kind;
    bool has_measured;
    bool has_interval;
    uint64_t scale;       // shown = figure / scale; > 0
    uint64_t target;      // the figure the claim names; 0 with SIM_LIMIT_NONE
    uint64_t target_low;  // what it allows, "about" spelt out; SIM_TIME_NEVER: no end there
    uint64_t target_high;
    uint64_t measured;  // SIM_TIME_NEVER: falls among updates that never converged
    uint64_t low;       // of the 95 % interval
    uint64_t high;
    uint64_t samples;          // the figure rests on; 1 for how the run was set up
    double share_within;       // p95: share of the updates that meet the target; else NaN
    struct sim_shares shares;  // of the time to theta; NaN: none converged, or it is about a part
    char why[SIM_WHY_BYTES];   // one or two short sentences
};

// The claims that travel with the program, or those in `text`. An error in them is ours
// (SIM_ERROR_INTERNAL) and says where. To be finished whatever comes back.
bool sim_claims_init(struct sim_claims *claims, struct sim_error *error);
bool sim_claims_parse(struct sim_claims *claims, const char *name, const char *text,
                      struct sim_error *error);
void sim_claims_finish(struct sim_claims *claims);

// Whether the claim speaks of this scenario: its topology, and so many agents.
bool sim_claim_applies(const struct sim_claim *claim, const struct sim_scenario *scenario);

// Judges all that apply, in the order of the file, into verdicts[claims->count]; returns how many.
// `summary` is that of these results. The verdicts point into `claims`.
uint32_t sim_claims_judge(const struct sim_claims *claims, const struct sim_scenario *scenario,
                          const struct sim_result *results, uint32_t result_count,
                          const struct sim_summary *summary, struct sim_verdict *verdicts);

// A figure in the claim's unit; INFINITY for SIM_TIME_NEVER.
double sim_verdict_shown(const struct sim_verdict *verdict, uint64_t figure);

const char *sim_verdict_name(enum sim_verdict_kind kind);  // "PASS", "FAIL", ...

// ---- What moves the verdict most ----

#define SIM_ASSUMPTION_COUNT 5

struct sim_assumption {
    const char *name;  // "theta"
    char text[800];    // "value (place): what it means", one sentence
};

// theta, tick phases, connections, membership, mode: in this order.
void sim_assumptions_of(const struct sim_scenario *scenario,
                        struct sim_assumption assumptions[SIM_ASSUMPTION_COUNT]);

#endif
