// SPDX-License-Identifier: GPL-3.0-or-later
// Claims held against results; the reasons in words are in explain.c.
#include "judge.h"

#include <assert.h>
#include <math.h>

#include "allocate.h"
#include "mesh/random.h"

#define MICRO 1000000u
#define NS_PER_MS 1000000u

bool sim_claim_applies(const struct sim_claim *claim, const struct sim_scenario *scenario)
{
    return (claim->topologies >> scenario->topology & 1) != 0 &&
           scenario->agents >= claim->agents.least && scenario->agents <= claim->agents.most;
}

static uint64_t scale_of(const struct sim_claim *claim, const struct sim_summary *summary)
{
    switch (claim->measure) {
    case SIM_MEASURE_TERM:
        return claim->term.aggregate == SIM_SHARE
                   ? SIM_ONE_PPB
                   : (uint64_t)sim_metric_scale(claim->term.metric, summary);
    case SIM_MEASURE_LATENCY:
    case SIM_MEASURE_INTERVAL: return NS_PER_MS;
    case SIM_MEASURE_AGENTS:
    case SIM_MEASURE_FANOUT:
    case SIM_MEASURE_REGIONS:
    case SIM_MEASURE_PRODUCT:
    case SIM_MEASURE_NONE: return 1;
    }
    assert(false);
    return 1;
}

static uint64_t stored(int64_t micro, uint64_t scale)
{
    return (uint64_t)((mesh_uint128)(uint64_t)micro * scale / MICRO);
}

static struct sim_allowed allowed_by(const struct sim_claim *claim, uint64_t scale)
{
    uint64_t target = stored(claim->target_micro, scale);
    switch (claim->limit) {
    case SIM_LIMIT_NONE: break;
    case SIM_LIMIT_BELOW: return (struct sim_allowed){0, target - 1};
    case SIM_LIMIT_AT_MOST: return (struct sim_allowed){0, target};
    case SIM_LIMIT_AT_LEAST: return (struct sim_allowed){target, SIM_TIME_NEVER - 1};
    case SIM_LIMIT_EQUAL: return (struct sim_allowed){target, target};
    case SIM_LIMIT_WITHIN: return (struct sim_allowed){stored(claim->least_micro, scale), target};
    case SIM_LIMIT_ABOUT: return (struct sim_allowed){(target + 1) / 2, target * 2};
    }
    return (struct sim_allowed){0, SIM_TIME_NEVER - 1};
}

static enum sim_verdict_kind compare(const struct sim_verdict *verdict, struct sim_allowed allowed)
{
    if (verdict->low >= allowed.least && verdict->high <= allowed.most) {
        return SIM_PASS;
    }
    return verdict->high < allowed.least || verdict->low > allowed.most ? SIM_FAIL
                                                                        : SIM_INCONCLUSIVE;
}

// What the document says, as it says it: the target of a "<" is its end although it is not allowed.
static void set_target(const struct sim_claim *claim, struct sim_allowed allowed,
                       struct sim_verdict *verdict)
{
    bool lower = allowed.least > 0;
    bool upper = allowed.most < SIM_TIME_NEVER - 1;
    verdict->target = stored(claim->target_micro, verdict->scale);
    verdict->target_low = lower ? allowed.least : SIM_TIME_NEVER;
    verdict->target_high = !upper                            ? SIM_TIME_NEVER
                           : claim->limit == SIM_LIMIT_BELOW ? verdict->target
                                                             : allowed.most;
}

// A figure known for certain.
static void measure_certain(struct sim_verdict *verdict, uint64_t figure)
{
    verdict->measured = figure;
    verdict->low = figure;
    verdict->high = figure;
    verdict->has_measured = true;
    verdict->samples = 1;
}

// ---- Of updates ----

static void measure_share(const struct sim_case *judged, struct sim_verdict *verdict)
{
    const struct sim_term *term = &verdict->claim->term;
    uint32_t run_count = judged->summary->run_count;
    struct sim_tally *tallies = sim_memory_zeroed(run_count * sizeof *tallies);
    sim_summary_tally(judged->summary, term->metric, term->inner, term->inner_bound, tallies);
    struct sim_interval interval = sim_share_interval(tallies, run_count);
    uint64_t satisfied = 0;
    for (uint32_t run = 0; run < run_count; run++) {
        satisfied += tallies[run].satisfied;
    }
    sim_memory_free(tallies);
    verdict->measured = (uint64_t)((mesh_uint128)satisfied * SIM_ONE_PPB / verdict->samples);
    verdict->low = interval.low;
    verdict->high = interval.high;
    verdict->has_interval = interval.exists;
}

static void measure_quantile(const struct sim_case *judged, struct sim_allowed allowed,
                             struct sim_verdict *verdict)
{
    const struct sim_term *term = &verdict->claim->term;
    const struct sim_samples *samples = &judged->summary->samples[term->metric];
    struct sim_interval interval = sim_quantile_interval(samples, term->percentile_ppb);
    verdict->measured = sim_quantile(samples, term->percentile_ppb);
    verdict->low = interval.low;
    verdict->high = interval.high;
    verdict->has_interval = interval.exists;
    uint64_t within = 0;
    for (uint64_t i = 0; i < samples->count; i++) {
        within +=
            samples->items[i].value >= allowed.least && samples->items[i].value <= allowed.most;
    }
    verdict->share_within = (double)within / (double)samples->count;
}

static void judge_updates(const struct sim_case *judged, struct sim_allowed allowed,
                          struct sim_verdict *verdict)
{
    if (verdict->claim->term.aggregate == SIM_SHARE) {
        measure_share(judged, verdict);
    } else {
        measure_quantile(judged, allowed, verdict);
    }
    verdict->has_measured = true;
    const struct sim_metric *metric = &sim_metrics[verdict->claim->term.metric];
    if (metric->of_update != NULL && metric->reach == SIM_REACH_ALL) {
        verdict->shares = sim_shares_of(judged->results, judged->result_count);
    }
    verdict->kind = verdict->has_interval && verdict->samples >= SIM_P95_SAMPLES_MIN
                        ? compare(verdict, allowed)
                        : SIM_INCONCLUSIVE;
}

// ---- Of repetitions ----

// The interval is all that was seen: no assumption is made about a handful of repetitions.
static void judge_repetitions(const struct sim_case *judged, struct sim_allowed allowed,
                              struct sim_verdict *verdict)
{
    const struct sim_samples *samples = &judged->summary->samples[verdict->claim->term.metric];
    mesh_uint128 sum = 0;
    for (uint64_t i = 0; i < samples->count; i++) {
        sum += samples->items[i].value;
    }
    verdict->measured = (uint64_t)((sum + samples->count / 2) / samples->count);
    verdict->low = samples->items[0].value;
    verdict->high = samples->items[samples->count - 1].value;
    verdict->has_measured = true;
    verdict->has_interval = samples->count > 1;
    verdict->kind = compare(verdict, allowed);
}

static void judge_term(const struct sim_case *judged, struct sim_allowed allowed,
                       struct sim_verdict *verdict)
{
    enum sim_metric_id metric = verdict->claim->term.metric;
    verdict->samples = judged->summary->samples[metric].count;
    if (verdict->samples == 0) {
        verdict->kind = SIM_UNMEASURED;
    } else if (sim_metric_has_many(metric)) {
        judge_updates(judged, allowed, verdict);
    } else {
        judge_repetitions(judged, allowed, verdict);
    }
}

// ---- Of the network and the set-up ----

// The longest delay of a delivered message. A class in which nothing was delivered says nothing.
static void judge_latency(const struct sim_case *judged, struct sim_allowed allowed,
                          struct sim_verdict *verdict)
{
    uint64_t longest = 0;
    for (uint32_t r = 0; r < judged->result_count; r++) {
        for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
            uint64_t delay = judged->results[r].latency_max_ns[pair];
            if (!judged->results[r].interrupted &&
                (verdict->claim->pair_classes >> pair & 1) != 0 && delay > longest) {
                longest = delay;
            }
        }
    }
    verdict->kind = SIM_UNMEASURED;
    if (longest > 0) {
        measure_certain(verdict, longest);
        verdict->kind = compare(verdict, allowed);
    }
}

static uint64_t product_of(const struct sim_claim *claim)
{
    uint64_t product = 1;
    for (uint32_t i = 0; i < claim->factor_count; i++) {
        product *= claim->factors[i];
    }
    return product;
}

static void judge_fact(const struct sim_case *judged, struct sim_allowed allowed,
                       struct sim_verdict *verdict)
{
    const struct sim_scenario *scenario = judged->scenario;
    switch (verdict->claim->measure) {
    case SIM_MEASURE_AGENTS: measure_certain(verdict, scenario->agents); break;
    case SIM_MEASURE_FANOUT: measure_certain(verdict, scenario->gossip.fanout); break;
    case SIM_MEASURE_INTERVAL:
        measure_certain(verdict, sim_wait_slowest(scenario).interval_ns);
        break;
    case SIM_MEASURE_REGIONS: measure_certain(verdict, scenario->region_count); break;
    case SIM_MEASURE_PRODUCT: measure_certain(verdict, product_of(verdict->claim)); break;
    case SIM_MEASURE_TERM:
    case SIM_MEASURE_LATENCY:
    case SIM_MEASURE_NONE: assert(false);
    }
    verdict->kind = compare(verdict, allowed);
}

static void judge(const struct sim_case *judged, const struct sim_claim *claim,
                  struct sim_verdict *verdict)
{
    uint64_t scale = scale_of(claim, judged->summary);
    struct sim_allowed allowed = allowed_by(claim, scale);
    *verdict = (struct sim_verdict){
        .claim = claim, .scale = scale, .share_within = NAN, .shares = {.network = NAN}};
    set_target(claim, allowed, verdict);
    if (claim->unmeasured != NULL ||
        (claim->given_text != NULL && !sim_predicate_holds(&claim->given, judged->summary))) {
        verdict->kind = SIM_UNMEASURED;
    } else if (claim->measure == SIM_MEASURE_TERM) {
        judge_term(judged, allowed, verdict);
    } else if (claim->measure == SIM_MEASURE_LATENCY) {
        judge_latency(judged, allowed, verdict);
    } else {
        judge_fact(judged, allowed, verdict);
    }
    sim_verdict_explain(judged, allowed, verdict);
}

uint32_t sim_claims_judge(const struct sim_claims *claims, const struct sim_scenario *scenario,
                          const struct sim_result *results, uint32_t result_count,
                          const struct sim_summary *summary, struct sim_verdict *verdicts)
{
    struct sim_case judged = {scenario, results, result_count, summary};
    uint32_t count = 0;
    for (uint32_t i = 0; i < claims->count; i++) {
        if (sim_claim_applies(&claims->items[i], scenario)) {
            judge(&judged, &claims->items[i], &verdicts[count++]);
        }
    }
    return count;
}

double sim_verdict_shown(const struct sim_verdict *verdict, uint64_t figure)
{
    return figure == SIM_TIME_NEVER ? INFINITY : (double)figure / (double)verdict->scale;
}

const char *sim_verdict_name(enum sim_verdict_kind kind)
{
    static const char *const names[] = {
        [SIM_PASS] = "PASS",
        [SIM_FAIL] = "FAIL",
        [SIM_INCONCLUSIVE] = "INCONCLUSIVE",
        [SIM_UNMEASURED] = "UNMEASURED",
    };
    return names[kind];
}
