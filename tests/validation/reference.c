// SPDX-License-Identifier: GPL-3.0-or-later
#include "reference.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"

// ---- The list ----

#define ROW(file, paper, what, ...)                                             \
    {                                                                           \
        .scenario = file, .source = paper, .figure = FIGURE_##what, __VA_ARGS__ \
    }
#define PRINTED(text) .published = (text)
#define ASIDE(text) .published = (text), .standing = STANDING_ASIDE
#define REFUTED(text) .published = (text), .standing = STANDING_REFUTED
#define LIMIT(text) .published = (text), .standing = STANDING_LIMIT

// Demers, Greene, Hauser et al., PODC 1987; Tables 1 and 2 as printed in Xerox CSL-89-1, page 10.
#define DEMERS_1(k, what, text) \
    ROW("demers-table-1-k-" #k, "Demers et al. 1987, Table 1, k = " #k, what, PRINTED(text))
#define DEMERS_2(k, what, ...) \
    ROW("demers-table-2-k-" #k, "Demers et al. 1987, Table 2, k = " #k, what, __VA_ARGS__)
#define DEMERS_3(k, what, ...) \
    ROW("demers-table-3-k-" #k, "Demers et al. 1987, Table 3, k = " #k, what, __VA_ARGS__)
#define COIN(k, is_blind) \
    .exact = {.chain = EXACT_COIN, .nodes = 1000, .parameter = (k), .variant = (is_blind)}
#define FORWARD(count, is_distinct) \
    .exact = {.chain = EXACT_FORWARD, .nodes = 1000, .parameter = (count), .variant = (is_distinct)}
#define PUSH(count, fanout, percent)        \
    .exact = {.chain = EXACT_PUSH,          \
              .nodes = (count),             \
              .parameter = (fanout),        \
              .arrival_percent = (percent), \
              .target = (count)}
#define PULL(count) .exact = {.chain = EXACT_PULL, .nodes = (count), .target = (count)}
#define POISSON(count, both_ways) \
    .exact = {.chain = EXACT_POISSON, .nodes = (count), .variant = (both_ways)}

// Every update crosses every edge both ways; with BP not back to the one who told it, which is an
// edge less for all but its writer.
#define DELTA(edges, both)          \
    .exact = {.chain = EXACT_DELTA, \
              .nodes = 15,          \
              .parameter = (edges), \
              .updates = 1500,      \
              .variant = (both)}

// Ongaro's thesis, chapter 9: `up` of `count` servers, a vote takes so much of the timeouts' range.
#define SPLIT(count, up, percent) \
    .exact = {                    \
        .chain = EXACT_SPLIT, .nodes = (count), .parameter = (up), .latency_percent = (percent)}
#define VOTES "Ongaro 2014, ch. 9, split votes, "
#define WAN "Ongaro 2014, ch. 9, WAN, "
// Das, Gupta, Motivala, DSN 2002, sections 3.1 and 5; n = 20.
#define SWIM "SWIM, Das et al. 2002, "
#define SWIM_PROBE(proxies, percent)     \
    .exact = {.chain = EXACT_SWIM_PROBE, \
              .nodes = 20,               \
              .parameter = (proxies),    \
              .arrival_percent = (percent)}

#define QUEUE(percent) .exact = {.chain = EXACT_QUEUE, .parameter = (percent)}
#define ENES "Enes et al. 2019, "
#define SPREAD "Spreading on the complete graph"
#define LAW "Demers et al. 1987, section 1.4, "
#define REACH "Final size, reach = 1 - exp(-f reach), "
#define LOG_LAW "log(n) / log(f + 1) + ln(n) / f + O(1), n = 1000, "

const struct reference references[] = {
    DEMERS_1(1, RESIDUE, "0.18"),
    DEMERS_1(1, TRAFFIC, "1.7"),
    DEMERS_1(1, LAST, "16.8"),
    DEMERS_1(2, RESIDUE, "0.037"),
    DEMERS_1(2, TRAFFIC, "3.3"),
    DEMERS_1(2, LAST, "16.9"),
    DEMERS_1(3, RESIDUE, "0.011"),
    DEMERS_1(3, TRAFFIC, "4.5"),
    DEMERS_1(3, LAST, "17.4"),
    DEMERS_1(4, RESIDUE, "0.0036"),
    DEMERS_1(4, TRAFFIC, "5.6"),
    DEMERS_1(4, LAST, "17.5"),
    DEMERS_1(5, RESIDUE, "0.0012"),
    DEMERS_1(5, TRAFFIC, "6.7"),
    DEMERS_1(5, LAST, "17.7"),

    DEMERS_2(1, RESIDUE, PRINTED("0.96"), COIN(1, true)),
    DEMERS_2(1, TRAFFIC, PRINTED("0.04"), COIN(1, true)),
    DEMERS_2(1, LAST, ASIDE("38"), COIN(1, true)),
    DEMERS_2(2, RESIDUE, PRINTED("0.20"), COIN(2, true)),
    DEMERS_2(2, TRAFFIC, PRINTED("1.6"), COIN(2, true)),
    DEMERS_2(2, LAST, PRINTED("33")),
    DEMERS_2(3, RESIDUE, PRINTED("0.060"), COIN(3, true)),
    DEMERS_2(3, TRAFFIC, PRINTED("2.8"), COIN(3, true)),
    DEMERS_2(3, LAST, PRINTED("32")),
    DEMERS_2(4, RESIDUE, ASIDE("0.021"), COIN(4, true)),
    DEMERS_2(4, TRAFFIC, PRINTED("3.9"), COIN(4, true)),
    DEMERS_2(4, LAST, PRINTED("32")),
    DEMERS_2(5, RESIDUE, ASIDE("0.008"), COIN(5, true)),
    DEMERS_2(5, TRAFFIC, ASIDE("4.9"), COIN(5, true)),
    DEMERS_2(5, LAST, PRINTED("32")),

    DEMERS_3(1, RESIDUE, PRINTED("0.031")),
    DEMERS_3(1, TRAFFIC, PRINTED("2.7")),
    DEMERS_3(1, LAST, PRINTED("17.6")),
    DEMERS_3(2, RESIDUE, PRINTED("0.00058")),
    DEMERS_3(2, TRAFFIC, PRINTED("4.5")),
    DEMERS_3(2, LAST, ASIDE("15.4")),
    DEMERS_3(3, RESIDUE, PRINTED("0.000004")),
    DEMERS_3(3, TRAFFIC, PRINTED("6.1")),
    DEMERS_3(3, LAST, PRINTED("14.0")),

    ROW("spreading-push-10", SPREAD ", push, n = 10", ROUNDS, PRINTED("6.0471"), PUSH(10, 1, 100)),
    ROW("spreading-push-10", SPREAD ", push, n = 10", ROUNDS, .deviation = true, PRINTED("1.269"),
        PUSH(10, 1, 100)),
    ROW("spreading-push-100", SPREAD ", push, n = 100", ROUNDS, PRINTED("12.3045"),
        PUSH(100, 1, 100)),
    ROW("spreading-push-100", SPREAD ", push, n = 100", ROUNDS, .deviation = true, PRINTED("1.332"),
        PUSH(100, 1, 100)),
    ROW("spreading-pull-100", SPREAD ", pull, n = 100", ROUNDS, PULL(100)),
    ROW("spreading-pull-100", SPREAD ", pull, n = 100", ROUNDS, .deviation = true, PULL(100)),
    ROW("spreading-poisson-push-pull-10", SPREAD ", push-pull, Poisson clocks, n = 10", ROUNDS,
        PRINTED("2.5461"), POISSON(10, true)),
    ROW("spreading-poisson-push-pull-10", SPREAD ", push-pull, Poisson clocks, n = 10", ROUNDS,
        .deviation = true, PRINTED("0.923"), POISSON(10, true)),
    ROW("spreading-poisson-push-pull-100", SPREAD ", push-pull, Poisson clocks, n = 100", ROUNDS,
        PRINTED("5.1256"), POISSON(100, true)),
    ROW("spreading-poisson-push-pull-100", SPREAD ", push-pull, Poisson clocks, n = 100", ROUNDS,
        .deviation = true, PRINTED("0.923"), POISSON(100, true)),
    ROW("spreading-poisson-push-100", SPREAD ", push, Poisson clocks, n = 100", ROUNDS,
        POISSON(100, false)),
    ROW("spreading-poisson-pull-100", SPREAD ", pull, Poisson clocks, n = 100", ROUNDS,
        POISSON(100, false)),

    ROW("residue-coin-k-1", "Sudbury 1985; " LAW "k = 1", RESIDUE, PRINTED("0.203"),
        COIN(1, false)),
    ROW("residue-coin-k-1", "Sudbury 1985; " LAW "k = 1", TRAFFIC, COIN(1, false)),
    ROW("residue-coin-k-2", LAW "k = 2", RESIDUE, LIMIT("0.0595"), COIN(2, false)),
    ROW("residue-coin-k-2", LAW "k = 2", TRAFFIC, COIN(2, false)),
    ROW("residue-coin-k-3", LAW "k = 3", RESIDUE, LIMIT("0.0198"), COIN(3, false)),
    ROW("residue-coin-k-3", LAW "k = 3", TRAFFIC, COIN(3, false)),
    ROW("residue-blind-counter-k-2", "Blind, counter k = 2: s = exp(-k(1 - s))", RESIDUE,
        LIMIT("0.2032"), FORWARD(2, false)),
    ROW("residue-blind-counter-k-2", "Blind, counter k = 2: s = exp(-k(1 - s))", TRAFFIC,
        FORWARD(2, false)),
    ROW("residue-blind-counter-k-3", "Blind, counter k = 3: s = exp(-k(1 - s))", RESIDUE,
        LIMIT("0.0595"), FORWARD(3, false)),
    ROW("residue-blind-counter-k-3", "Blind, counter k = 3: s = exp(-k(1 - s))", TRAFFIC,
        FORWARD(3, false)),

    ROW("infect-and-die-rumor-f-2", REACH "rumor, f = 2", RESIDUE, LIMIT("0.2032"),
        FORWARD(2, true)),
    ROW("infect-and-die-rumor-f-2", REACH "rumor, f = 2", TRAFFIC, FORWARD(2, true)),
    ROW("infect-and-die-rumor-f-3", REACH "rumor, f = 3", RESIDUE, LIMIT("0.0595"),
        FORWARD(3, true)),
    ROW("infect-and-die-rumor-f-3", REACH "rumor, f = 3", TRAFFIC, FORWARD(3, true)),
    ROW("infect-and-die-eager-f-2", REACH "eager, f = 2", RESIDUE, LIMIT("0.2032"),
        FORWARD(2, true)),
    ROW("infect-and-die-eager-f-2", REACH "eager, f = 2", TRAFFIC, FORWARD(2, true)),
    ROW("infect-and-die-eager-f-3", REACH "eager, f = 3", RESIDUE, LIMIT("0.0595"),
        FORWARD(3, true)),
    ROW("infect-and-die-eager-f-3", REACH "eager, f = 3", TRAFFIC, FORWARD(3, true)),

    ROW("rounds-push-f-1", LOG_LAW "push, f = 1", ROUNDS, LIMIT("16.87"), PUSH(1000, 1, 100)),
    ROW("rounds-push-f-2", LOG_LAW "push, f = 2", ROUNDS, LIMIT("9.74"), PUSH(1000, 2, 100)),
    ROW("rounds-push-f-4", LOG_LAW "push, f = 4", ROUNDS, LIMIT("6.02"), PUSH(1000, 4, 100)),
    ROW("rounds-push-loss-20", "log(n) / log(1 + q) + ln(n) / q + O(1), n = 1000, q = 0.8", ROUNDS,
        LIMIT("20.39"), PUSH(1000, 1, 80)),

    ROW("delta-tree-bp-rr", ENES "tree, BP + RR", ELEMENTS, PRINTED("21000"), DELTA(14, true)),
    ROW("delta-tree-bp", ENES "tree, BP alone", ELEMENTS, DELTA(14, true)),
    ROW("delta-tree-rr", ENES "tree, RR alone", ELEMENTS, DELTA(14, false)),
    ROW("delta-mesh-bp-rr", ENES "mesh, BP + RR", ELEMENTS, PRINTED("69000"), DELTA(30, true)),
    ROW("delta-mesh-rr", ENES "mesh, RR alone", ELEMENTS, DELTA(30, false)),

    ROW("raft-split-5-up-4-l-1", VOTES "4 of 5 up, l = 0.01", SPLIT, PRINTED("0.06"),
        SPLIT(5, 4, 1)),
    ROW("raft-split-5-up-4-l-10", VOTES "4 of 5 up, l = 0.1", SPLIT, PRINTED("5.2"),
        SPLIT(5, 4, 10)),
    ROW("raft-split-5-up-4-l-20", VOTES "4 of 5 up, l = 0.2", SPLIT, PRINTED("18.1"),
        SPLIT(5, 4, 20)),
    ROW("raft-split-5-up-5-l-40", VOTES "5 of 5 up, l = 0.4", SPLIT, SPLIT(5, 5, 40)),
    ROW("raft-split-5-up-3-l-10", VOTES "3 of 5 up, l = 0.1", SPLIT, SPLIT(5, 3, 10)),
    ROW("raft-split-9-up-8-l-40", VOTES "8 of 9 up, l = 0.4", SPLIT, SPLIT(9, 8, 40)),

    ROW("raft-wan", WAN "none failed", WON, PRINTED("430")),
    ROW("raft-wan", WAN "none failed, p5", WON, .percent = 5, PRINTED("372")),
    ROW("raft-wan", WAN "none failed, p50", WON, .percent = 50, PRINTED("410")),
    ROW("raft-wan", WAN "none failed, p90", WON, .percent = 90, PRINTED("489")),
    ROW("raft-wan", WAN "none failed, p95", WON, .percent = 95, PRINTED("526")),
    ROW("raft-wan", WAN "none failed, p99", WON, .percent = 99, PRINTED("833")),
    ROW("swim-first-detection-synchronised", SWIM "synchronised, e / (e - 1)", DETECTION,
        LIMIT("1.58"), .exact = {.chain = EXACT_SWIM_PERIODS, .nodes = 20}),
    ROW("swim-first-detection-shuffled", SWIM "synchronised, shuffled rounds", DETECTION,
        .exact = {.chain = EXACT_SWIM_PERIODS, .nodes = 20, .variant = true}),
    ROW("swim-first-detection-phased", SWIM "independent phases", WAIT, PRINTED("1.0"),
        .exact = {.chain = EXACT_SWIM_WAIT, .nodes = 20}),
    ROW("swim-false-probes-k-3-loss-10", SWIM "(1 - q^2)(1 - q^4)^K, q = 0.9, K = 3", PROBES,
        SWIM_PROBE(3, 90)),
    ROW("swim-false-probes-k-1-loss-10", SWIM "(1 - q^2)(1 - q^4)^K, q = 0.9, K = 1", PROBES,
        SWIM_PROBE(1, 90)),
    ROW("swim-false-probes-k-1-loss-20", SWIM "(1 - q^2)(1 - q^4)^K, q = 0.8, K = 1", PROBES,
        SWIM_PROBE(1, 80)),

    ROW("queue-load-50", "Pollaczek 1930, Khinchine 1932, M/D/1, load 0.5", FLIGHT, QUEUE(50)),
    ROW("queue-load-80", "Pollaczek 1930, Khinchine 1932, M/D/1, load 0.8", FLIGHT, QUEUE(80)),
    ROW("events-poisson", "Poisson clocks, 100 nodes, 100 ticks a second each", EVENTS,
        .exact = {.chain = EXACT_EVENTS, .nodes = 100}),

    ROW("serf-half", "Simulation, f = 3, n = 1000, to 50 %", ROUNDS, PRINTED("5.00")),
    ROW("serf-half", "Serf's formula, f = 3, n = 1000, to 50 %", ROUNDS, REFUTED("4.61")),
    ROW("serf-99", "Simulation, f = 3, n = 1000, to 99 %", ROUNDS, PRINTED("7.00")),
    ROW("serf-99", "Serf's formula, f = 3, n = 1000, to 99 %", ROUNDS, REFUTED("7.67")),
};

const int reference_count = sizeof references / sizeof *references;

int reference_sampled_runs(const char *scenario)
{
    static const struct {
        const char *prefix;
        int runs;
    } sampled[] = {
        {"demers-table-1", 200}, {"demers-table-2", 60}, {"demers-table-3", 40},
        {"spreading", 1500},     {"residue", 60},        {"infect-and-die", 60},
        {"rounds", 200},         {"serf", 60},           {"delta", 5},
        {"raft-split", 20},      {"raft-wan", 10},       {"swim-first", 2000},
        {"swim-false", 60},      {"queue", 1000},        {"events", 40},
    };
    for (size_t i = 0; i < sizeof sampled / sizeof *sampled; i++) {
        if (strncmp(scenario, sampled[i].prefix, strlen(sampled[i].prefix)) == 0) {
            return sampled[i].runs;
        }
    }
    assert(false);
    return 0;
}

const char *reference_figure_name(const struct reference *reference)
{
    static const char *const names[FIGURE_COUNT] = {
        [FIGURE_RESIDUE] = "residue s",
        [FIGURE_TRAFFIC] = "traffic m",
        [FIGURE_LAST] = "t_last",
        [FIGURE_ROUNDS] = "rounds",
        [FIGURE_ELEMENTS] = "elements sent",
        [FIGURE_SPLIT] = "split, %",
        [FIGURE_WON] = "won, ms",
        [FIGURE_DETECTION] = "periods to the first suspicion",
        [FIGURE_WAIT] = "periods to the first ping",
        [FIGURE_PROBES] = "false failures per probe",
        [FIGURE_FLIGHT] = "under way, ms",
        [FIGURE_EVENTS] = "events",
    };
    return reference->deviation ? "rounds, sd" : names[reference->figure];
}

double reference_rounding(const char *published)
{
    const char *point = strchr(published, '.');
    int places = point == NULL ? 0 : (int)strspn(point + 1, "0123456789");
    return 0.5 * pow(10, -places);
}

// ---- Exact figures ----

static double exact_end(const struct exact *exact, enum figure figure)
{
    struct chain_end end = exact->chain == EXACT_COIN
                               ? chain_coin(exact->nodes, exact->parameter, exact->variant)
                               : chain_forward(exact->nodes, exact->parameter, exact->variant);
    switch (figure) {
    case FIGURE_RESIDUE: return end.residue;
    case FIGURE_TRAFFIC: return end.traffic;
    case FIGURE_LAST:
        // With one blind contact each the rumour walks from site to site, one in a round.
        assert(exact->chain == EXACT_COIN && exact->parameter == 1 && exact->variant);
        return exact->nodes * (1 - end.residue) - 1;
    case FIGURE_ROUNDS:
    case FIGURE_ELEMENTS:
    case FIGURE_SPLIT:
    case FIGURE_WON:
    case FIGURE_DETECTION:
    case FIGURE_WAIT:
    case FIGURE_PROBES:
    case FIGURE_FLIGHT:
    case FIGURE_EVENTS:
    case FIGURE_COUNT: break;
    }
    assert(false);
    return NAN;
}

static double exact_elements(const struct exact *exact)
{
    int crossings = 2 * exact->parameter - (exact->variant ? exact->nodes - 1 : 0);
    return (double)crossings * exact->updates;
}

// The sum of the thesis, in %: c candidates within a vote's latency of each other leave a majority
// to none of them. For uniform timeouts it is exact, since the c-th smallest of s lies above the
// smallest by a spacing that is distributed as Beta(c - 1, s - c + 2).
static double exact_split(const struct exact *exact)
{
    int up = exact->parameter;
    int candidates = up - exact->nodes / 2 + 1;
    double latency = exact->latency_percent / 100.0;
    double sum = 0;
    double ways = 1;
    for (int k = 0; k <= up; k++) {
        sum += k >= candidates - 1 ? ways * pow(latency, k) * pow(1 - latency, up - k) : 0;
        ways = ways * (up - k) / (k + 1);
    }
    return 100 * sum;
}

// Each of m = n - 1 members probes the one that crashed in a period with probability 1/m, in any
// period; of a shuffled round it has not come in t of its m places with probability 1 - t/m.
static double exact_periods(const struct exact *exact)
{
    double others = exact->nodes - 1;
    double periods = 0;
    if (!exact->variant) {
        return 1 / (1 - pow(1 - 1 / others, others));
    }
    for (double t = 0; t < others; t++) {
        periods += pow(1 - t / others, others);
    }
    return periods;
}

// Nobody has pinged it after t = k + f periods, f < 1, with probability ((1 - 1/m)^k (1 - f/m))^m:
// each other member has had k chances, and one more with probability f. Integrated over t.
static double exact_wait(const struct exact *exact)
{
    double others = exact->nodes - 1;
    double within = others / (others + 1) * (1 - pow(1 - 1 / others, others + 1));
    return within / (1 - pow(1 - 1 / others, others));
}

// Ping and answer arrive with q^2; through a proxy there are four messages.
static double exact_probe(const struct exact *exact)
{
    double q = exact->arrival_percent / 100.0;
    return (1 - q * q) * pow(1 - pow(q, 4), exact->parameter);
}

// Of queue-load-*.yaml, in ms. What is left of the queue is at any instant what an arrival would
// wait, W, on average rho D / (2 (1 - rho)). The update leaves with the next push, A later, and
// waits for W - A, if that is more than 0: E[W] - E[min(W, A)], and E[min(W, A)] is
// (1 - E[exp(-W / gap)]) gap for exponential A, where E[exp(-W / gap)] = (1 - rho) exp(rho) by the
// transform of W.
static double exact_flight(const struct exact *exact)
{
    double load = exact->parameter / 100.0;
    double service = 8;
    double gap = service / load;
    double wait = load * service / (2 * (1 - load)) - (1 - (1 - load) * exp(load)) * gap;
    double latency = 1;
    return latency + service * 150 / 73 + wait;
}

// Of events-poisson.yaml: ticks of a second, what was sent 1 ms before its end, and a write.
static double exact_events(const struct exact *exact)
{
    double ticks_per_ms = exact->nodes * 0.1;
    return ticks_per_ms * 1000 + ticks_per_ms * 999 + 1;
}

double reference_exact(const struct reference *reference)
{
    const struct exact *exact = &reference->exact;
    struct chain_time time = {NAN, NAN};
    switch (exact->chain) {
    case EXACT_NONE: return NAN;
    case EXACT_PUSH:
        time = chain_push(exact->nodes, exact->parameter, exact->arrival_percent / 100.0,
                          exact->target);
        break;
    case EXACT_PULL: time = chain_pull(exact->nodes, exact->target); break;
    case EXACT_POISSON: time = chain_poisson(exact->nodes, exact->variant); break;
    case EXACT_COIN:
    case EXACT_FORWARD: return exact_end(exact, reference->figure);
    case EXACT_DELTA: return exact_elements(exact);
    case EXACT_SPLIT: return exact_split(exact);
    case EXACT_SWIM_PERIODS: return exact_periods(exact);
    case EXACT_SWIM_WAIT: return exact_wait(exact);
    case EXACT_SWIM_PROBE: return exact_probe(exact);
    case EXACT_QUEUE: return exact_flight(exact);
    case EXACT_EVENTS: return exact_events(exact);
    }
    assert(reference->figure == FIGURE_ROUNDS);
    return reference->deviation ? time.sd : time.mean;
}

double reference_value(const struct reference *reference)
{
    if (reference->exact.chain != EXACT_NONE) {
        return reference_exact(reference);
    }
    assert(reference->published != NULL);
    return strtod(reference->published, NULL);
}

// ---- Comparing ----

// The mean of (values - about)^power.
static double moment(const double *values, int count, double about, int power)
{
    double sum = 0;
    for (int i = 0; i < count; i++) {
        sum += pow(values[i] - about, power);
    }
    return sum / count;
}

struct estimate estimate_mean(const double *values, int count)
{
    assert(count > 1);
    double mean = moment(values, count, 0, 1);
    double variance = moment(values, count, mean, 2) * count / (count - 1);
    return (struct estimate){mean, sqrt(variance / count), count};
}

struct estimate estimate_deviation(const double *values, int count)
{
    assert(count > 1);
    double mean = moment(values, count, 0, 1);
    double variance = moment(values, count, mean, 2) * count / (count - 1);
    double fourth = moment(values, count, mean, 4);
    // Var(s^2) = (m4 - s^4) / n; the root of s^2 has half its relative error.
    double error = sqrt((fourth - variance * variance) / count) / (2 * sqrt(variance));
    return (struct estimate){sqrt(variance), error, count};
}

struct estimate estimate_percentile(const double *sorted, int count, int percent)
{
    double share = percent / 100.0;
    double rank = share * count;
    double spread = sqrt(count * share * (1 - share));
    int below = (int)fmax(floor(rank - spread), 0);
    int above = (int)fmin(ceil(rank + spread), count - 1);
    int at = (int)fmin(floor(rank), count - 1);
    return (struct estimate){sorted[at], (sorted[above] - sorted[below]) / 2, count};
}

struct comparison comparison_make(const struct estimate *ours, double reference, double rounding)
{
    double difference = ours->value - reference;
    double tolerance = 3 * ours->error + rounding;
    // What a tolerance of 0.1 + 0.2 should admit it admits.
    bool agrees = fabs(difference) <= tolerance + 1e-12 * fabs(reference);
    return (struct comparison){reference, difference, tolerance, agrees};
}

static bool tell(const struct reference *reference, const struct estimate *ours,
                 const char *of_what, const struct comparison *comparison, bool wanted, char *story,
                 size_t story_bytes)
{
    if (comparison->agrees == wanted) {
        return true;
    }
    snprintf(story, story_bytes,
             "%s, %s (%s.yaml): %.6g +- %.2g over %d runs; %s is %.6g, off by %.2g where %s %.2g",
             reference->source, reference_figure_name(reference), reference->scenario, ours->value,
             ours->error, ours->runs, of_what, comparison->reference, comparison->difference,
             wanted ? "the tolerance is" : "it must be off by more than", comparison->tolerance);
    return false;
}

bool reference_holds(const struct reference *reference, const struct estimate *ours, char *story,
                     size_t story_bytes)
{
    double exact = reference_exact(reference);
    if (!isnan(exact)) {
        struct comparison comparison = comparison_make(ours, exact, 0);
        if (!tell(reference, ours, "the exact figure", &comparison, true, story, story_bytes)) {
            return false;
        }
    }
    if (reference->published == NULL || reference->standing == STANDING_ASIDE ||
        reference->standing == STANDING_LIMIT) {
        return true;
    }
    struct comparison comparison = comparison_make(ours, strtod(reference->published, NULL),
                                                   reference_rounding(reference->published));
    return tell(reference, ours, "the printed figure", &comparison,
                reference->standing == STANDING_JUDGED, story, story_bytes);
}

bool reference_is_sharp(const struct reference *reference, const struct estimate *ours)
{
    bool printed = reference->published != NULL && reference->standing == STANDING_JUDGED;
    double rounding = printed ? reference_rounding(reference->published) : 0;
    double percent = 0.01 * reference_value(reference);
    return reference->deviation || reference->percent > 0 ||
           3 * ours->error <= fmax(percent, rounding);
}
