// SPDX-License-Identifier: GPL-3.0-or-later
// What the user expects of a scenario, as expressions that are checked before the run and judged
// after it. Expectations decide the exit code; claims (claims.h) never do.
//
//     p99(convergence_ms) < 1000
//     \_/ \____________/  | \__/
//      |      metric      |   number, in the metric's unit
//      aggregate          comparison
//
//     expectation = term comparison number
//     term        = aggregate "(" metric ")"                          p99(convergence_ms)
//                 | "share" "(" metric comparison number ")"          share(convergence_ms < 100)
//                 | metric                                            residue
//     aggregate   = "mean" | "sd" | "min" | "max" | "p" percent
//     comparison  = "<" | "<=" | ">" | ">=" | "==" | "!="
//     number      = digits ["." digits] ["e" ["+" | "-"] digits]
//
// An expectation of a phase is about times of the updates that are written in it alone.
//
// A bare metric has one value per repetition and must hold in each of them. Percentiles are p0 to
// p100, decimals allowed (p99.9). Judged on the samples of all repetitions pooled. An update that
// never converged is later than every number; where one is among the samples there is no mean, and
// an expectation about it fails. No sample at all is a failure with its reason, never a pass.

#ifndef SIM_EXPECTATION_H
#define SIM_EXPECTATION_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "scenario.h"
#include "summary.h"

enum sim_comparison {
    SIM_LESS,
    SIM_LESS_EQUAL,
    SIM_GREATER,
    SIM_GREATER_EQUAL,
    SIM_EQUAL,
    SIM_NOT_EQUAL,
    SIM_COMPARISON_COUNT
};

enum sim_aggregate {
    SIM_PERCENTILE,  // min and max are p0 and p100
    SIM_MEAN,
    SIM_SD,
    SIM_SHARE,  // of the samples that satisfy the inner comparison
    SIM_EACH,   // a bare metric: every repetition
};

// The left side: one number made of a metric's samples.
struct sim_term {
    enum sim_metric_id metric;
    enum sim_aggregate aggregate;
    uint32_t percentile_ppb;    // PERCENTILE
    enum sim_comparison inner;  // SHARE
    double inner_bound;         // SHARE, in the metric's unit
};

struct sim_predicate {
    struct sim_term term;
    enum sim_comparison comparison;
    double bound;  // in the metric's unit; of a share: 0 to 1
};

enum sim_outcome { SIM_OUTCOME_PASS, SIM_OUTCOME_FAIL, SIM_OUTCOME_UNMEASURED };

#define SIM_REASON_BYTES 200

struct sim_expectation_verdict {
    const struct sim_expectation *expectation;
    struct sim_predicate predicate;
    enum sim_outcome outcome;    // all but PASS make the exit code 1
    double measured;             // sim_term_measure; of a bare metric the value that decides
    uint64_t stored;             // the same in stored_unit; SIM_TIME_NEVER: never came, or nothing
    const char *stored_unit;     // the metric's, "ppb" for a share
    char why[SIM_REASON_BYTES];  // one clause unless PASS, else empty
};

// Reads an expression. On failure `error` (SIM_ERROR_SCENARIO) stands at the place within the file.
bool sim_expectation_parse(const struct sim_expectation *expectation,
                           struct sim_predicate *predicate, struct sim_error *error);

// Checks every expectation of a scenario, and that its mesh has what they are about; to be called
// before its first run.
bool sim_expectations_check(const struct sim_scenario *scenario, struct sim_error *error);

// Judges scenario->expectations, all of which have passed the check, into
// verdicts[expectation_count].
void sim_expectations_judge(const struct sim_scenario *scenario, const struct sim_summary *summary,
                            struct sim_expectation_verdict *verdicts);

// The expression and, if it is of a phase, which: "p95(convergence_ms) < 500 in "seeds"".
#define SIM_EXPECTATION_BYTES 1200
void sim_expectation_text(const struct sim_expectation *expectation, char *text, size_t size);

// Whether there is a sample of it, and it holds: of a bare metric, in every repetition.
bool sim_predicate_holds(const struct sim_predicate *predicate, const struct sim_summary *summary);

// Reads a term alone, as the claims write it. An error stands at line 1 of no file.
bool sim_term_parse(const char *text, struct sim_term *term, struct sim_error *error);

// The term's value in the metric's unit, a share from 0 to 1; INFINITY where it falls on what never
// came, NaN where there is none (no sample, a mean over what never came, sd of one sample). EACH:
// the mean over repetitions.
double sim_term_measure(const struct sim_term *term, const struct sim_summary *summary);

// How many samples of each repetition satisfy `value comparison bound`. [summary->run_count]
void sim_summary_tally(const struct sim_summary *summary, enum sim_metric_id metric,
                       enum sim_comparison comparison, double bound, struct sim_tally *tallies);

bool sim_compare(double left, enum sim_comparison comparison, double right);

const char *sim_outcome_name(enum sim_outcome outcome);  // "pass", "fail", "unmeasured"

#endif
