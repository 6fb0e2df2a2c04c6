// SPDX-License-Identifier: GPL-3.0-or-later
// The figures that the program has to reproduce, as data, and the one rule by which they are
// compared.
//
//    scenario file --> the real program --> figures of every run --> struct estimate --+
//                                                                                      |
//    what was printed, with the rounding of its last digit -----+--> struct comparison-+
//    what a Markov chain says, exactly (chain.h) ---------------+        |
//                                                              |mean - reference| <= 3 standard
//                                                              errors + rounding
//
// A figure can have both references. A row of another table is one more row of the list in
// reference.c, and a scenario file of that name.

#ifndef REFERENCE_H
#define REFERENCE_H

#include <stdbool.h>
#include <stddef.h>

enum figure {
    FIGURE_RESIDUE,    // share of the nodes that never get an update
    FIGURE_TRAFFIC,    // copies of an update sent, per node
    FIGURE_LAST,       // rounds until the last receipt
    FIGURE_ROUNDS,     // rounds until the scenario's threshold
    FIGURE_ELEMENTS,   // copies of all updates sent by all nodes
    FIGURE_SPLIT,      // elections that took a second term, in %
    FIGURE_WON,        // ms until a candidate has won an election
    FIGURE_DETECTION,  // periods of SWIM until somebody suspects who crashed
    FIGURE_WAIT,       // the same, until somebody pings it: a period less
    FIGURE_PROBES,     // share of SWIM's probes that fail falsely
    FIGURE_FLIGHT,     // ms in which an update is under way, with the wait for the line
    FIGURE_EVENTS,     // that the engine handles
    FIGURE_COUNT
};

// What to make of a printed figure.
enum standing {
    STANDING_JUDGED,  // ours must agree
    STANDING_ASIDE,   // shown, not judged: the exact expectation lies outside its rounding (README)
    STANDING_REFUTED,  // ours must differ
    STANDING_LIMIT     // shown, not judged: a law for infinitely many nodes, up to a constant
};

enum exact_chain {
    EXACT_NONE,
    EXACT_PUSH,  // parameter: fanout
    EXACT_PULL,
    EXACT_POISSON,       // variant: both ways
    EXACT_COIN,          // parameter: k; variant: blind
    EXACT_FORWARD,       // parameter: contacts; variant: distinct
    EXACT_DELTA,         // parameter: edges of the graph; variant: not back to who told it
    EXACT_SPLIT,         // nodes: servers; parameter: of them, those that are up
    EXACT_SWIM_PERIODS,  // synchronised; variant: shuffled rounds
    EXACT_SWIM_WAIT,     // independent phases
    EXACT_SWIM_PROBE,    // parameter: proxies
    EXACT_QUEUE,         // parameter: load of the line, in %
    EXACT_EVENTS,        // of as many nodes
};

struct exact {
    enum exact_chain chain;
    int nodes;
    int parameter;
    int arrival_percent;  // EXACT_PUSH, EXACT_SWIM_PROBE
    int target;           // EXACT_PUSH, EXACT_PULL: how many are to know
    int updates;          // EXACT_DELTA
    int latency_percent;  // EXACT_SPLIT: of the range of timeouts
    bool variant;
};

struct reference {
    const char *scenario;  // the file <scenario>.yaml
    const char *source;    // paper and row
    enum figure figure;
    bool deviation;          // the figure's standard deviation over the runs, not its mean
    int percent;             // FIGURE_WON: of the elections; 0: the mean
    const char *published;   // as printed, for the rounding is in the digits; NULL: nothing is
    enum standing standing;  // of `published`
    struct exact exact;
};

// Rows of one scenario stand together.
extern const struct reference references[];
extern const int reference_count;

// Runs that a quick test makes of a scenario; all of them: `repeat` of its file.
int reference_sampled_runs(const char *scenario);

const char *reference_figure_name(const struct reference *reference);

// Half a unit of the last digit printed: 0.005 for "0.18", 0.5 for "38".
double reference_rounding(const char *published);

// The chain's figure, NAN when the row has none.
double reference_exact(const struct reference *reference);

// The exact figure, or the printed one of a row that has no other.
double reference_value(const struct reference *reference);

// ---- Comparing ----

struct estimate {
    double value;
    double error;  // its standard error
    int runs;
};

struct estimate estimate_mean(const double *values, int count);
// Of the standard deviation of `values`; its error from their fourth moment.
struct estimate estimate_deviation(const double *values, int count);
// Of a percentile of values in ascending order; its error from those that lie a standard error of
// the rank below and above.
struct estimate estimate_percentile(const double *sorted, int count, int percent);

struct comparison {
    double reference;
    double difference;  // ours - reference
    double tolerance;   // 3 standard errors + rounding
    bool agrees;
};

struct comparison comparison_make(const struct estimate *ours, double reference, double rounding);

// Whether the row holds: ours agrees with the exact figure and with the printed one, or differs
// from it where the row says so. A story of what did not hold goes to `story`.
bool reference_holds(const struct reference *reference, const struct estimate *ours, char *story,
                     size_t story_bytes);

// Whether 3 standard errors are within 1 % of the reference or the printed rounding, whichever is
// larger, so that agreeing means something. Deviations and percentiles are exempt.
bool reference_is_sharp(const struct reference *reference, const struct estimate *ours);

#endif
