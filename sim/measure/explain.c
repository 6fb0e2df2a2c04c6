// SPDX-License-Identifier: GPL-3.0-or-later
// Why a verdict is what it is, in one or two short sentences.
#include "judge.h"

#include <inttypes.h>
#include <math.h>

#include "decimal.h"
#include "mesh/random.h"
#include "waits.h"
#include "words.h"

#define NS_PER_MS 1000000u

static struct sim_word word_ms(uint64_t ns)
{
    return sim_word_number((double)ns / NS_PER_MS);
}

// ---- Of updates ----

// The interval that a round of the claim's metric is.
static void say_round(const struct sim_case *judged, struct sim_verdict *verdict)
{
    enum sim_reach reach = sim_metrics[verdict->claim->term.metric].reach;
    for (enum sim_tick tick = 0; tick < SIM_TICK_COUNT; tick++) {
        struct sim_wait wait;
        if (sim_wait_of(judged->scenario, tick, &wait) &&
            wait.interval_ns == judged->summary->interval_ns[reach]) {
            SAY(verdict, "; a round is %s %s%s", wait.key, word_ms(wait.interval_ns).text,
                sim_place_of(wait.origin).text);
            return;
        }
    }
}

// The next kind of ticks to be told of: the links between tiers first, which are few nodes' and
// cheap to shorten, the longer waited for before the other. SIM_TICK_COUNT: all have been told.
static enum sim_tick next_wait(const struct sim_verdict *verdict, uint32_t told)
{
    enum sim_tick next = SIM_TICK_COUNT;
    const double *ticks = verdict->shares.ticks;
    for (enum sim_tick tick = SIM_TICK_LINK; tick < SIM_TICK_COUNT; tick++) {
        bool more = next == SIM_TICK_COUNT || ticks[tick] > ticks[next];
        next = (told >> tick & 1) == 0 && ticks[tick] > 0 && more ? tick : next;
    }
    bool gossip = (told >> SIM_TICK_GOSSIP & 1) == 0 && ticks[SIM_TICK_GOSSIP] > 0;
    return next == SIM_TICK_COUNT && gossip ? SIM_TICK_GOSSIP : next;
}

// "; aggregator_ms 500 (file:27) is waited for on the way up and on the way down, 55 % of the time;
// edge_ms 100 (file:26) 20 %, network 25 %"
static void say_tiers(const struct sim_case *judged, struct sim_verdict *verdict)
{
    long left = 100;
    uint32_t told = 0;
    enum sim_tick tick;
    while ((tick = next_wait(verdict, told)) != SIM_TICK_COUNT) {
        struct sim_wait wait = {0};
        sim_wait_of(judged->scenario, tick, &wait);
        long share = lround(100 * verdict->shares.ticks[tick]);
        SAY(verdict, "%s%s %s%s ", told == 0 ? "; " : "", wait.key, word_ms(wait.interval_ns).text,
            sim_place_of(wait.origin).text);
        if (told == 0) {
            SAY(verdict, "is waited for %s, %ld %% of the time; ", wait.where, share);
        } else {
            SAY(verdict, "%ld %%, ", share);
        }
        told |= 1u << tick;
        left -= share;
    }
    // Rounded up one by one, the others may be more than all.
    SAY(verdict, "%snetwork %ld %%", told == 0 ? "; " : "", left > 0 ? left : 0);
}

static void say_ticks(const struct sim_case *judged, struct sim_verdict *verdict)
{
    struct sim_wait wait;
    long ticks = lround(100 * sim_shares_waiting(&verdict->shares));
    sim_wait_of(judged->scenario, SIM_TICK_GOSSIP, &wait);
    SAY(verdict, "; ticks %ld %% of the time: %s %s%s, network %ld %%", ticks, wait.key,
        word_ms(wait.interval_ns).text, sim_place_of(wait.origin).text, 100 - ticks);
}

// How many updates meet the target, and where the time of all went.
static void say_updates(const struct sim_case *judged, struct sim_allowed allowed,
                        struct sim_verdict *verdict)
{
    const struct sim_claim *claim = verdict->claim;
    const struct sim_metric *metric = &sim_metrics[claim->term.metric];
    const char *unit = metric->unit;
    const char *samples_are = sim_metric_samples(claim->term.metric);
    if (claim->term.aggregate == SIM_SHARE) {
        SAY(verdict, "%s of %s within %s %s, %s promised",
            sim_word_percent(sim_verdict_shown(verdict, verdict->measured)).text, samples_are,
            sim_word_number(claim->term.inner_bound).text, unit,
            sim_word_percent(sim_verdict_shown(verdict, verdict->target)).text);
    } else if (allowed.least > 0) {
        SAY(verdict, "%s of %s between %s and %s %s", sim_word_percent(verdict->share_within).text,
            samples_are, sim_word_number(sim_verdict_shown(verdict, allowed.least)).text,
            sim_word_number(sim_verdict_shown(verdict, allowed.most)).text, unit);
    } else {
        SAY(verdict, "%s of %s within %s %s", sim_word_percent(verdict->share_within).text,
            samples_are, sim_word_number(sim_verdict_shown(verdict, verdict->target)).text, unit);
    }
    uint64_t never = sim_samples_never(&judged->summary->samples[claim->term.metric]);
    if (never > 0) {
        SAY(verdict, ", %s never in %s ms",
            sim_word_percent((double)never / (double)verdict->samples).text,
            sim_word_number((double)judged->summary->simulated_ns / NS_PER_MS).text);
    }
    bool links = sim_wait_has_links(judged->scenario);
    if (metric->scale == 0 && (links || metric->reach != SIM_REACH_ALL)) {
        say_round(judged, verdict);
    }
    if (!isnan(verdict->shares.network) && links) {
        say_tiers(judged, verdict);
    } else if (!isnan(verdict->shares.network)) {
        say_ticks(judged, verdict);
    }
    SAY(verdict, ".");
}

// How many updates a verdict takes. Of a share, if all of them hold: Clopper and Pearson's lower
// end is then 0.025^(1/n).
static uint64_t updates_needed(const struct sim_verdict *verdict)
{
    if (verdict->claim->term.aggregate != SIM_SHARE) {
        return SIM_P95_SAMPLES_MIN;
    }
    double share = sim_verdict_shown(verdict, verdict->target);
    uint64_t needed = share < 1 ? (uint64_t)ceil(log(0.025) / log(share)) : UINT64_MAX;
    return needed > SIM_P95_SAMPLES_MIN ? needed : SIM_P95_SAMPLES_MIN;
}

static void say_more_repetitions(const struct sim_case *judged, struct sim_verdict *verdict)
{
    uint64_t runs = judged->summary->run_count;
    uint64_t needed = updates_needed(verdict);
    if (verdict->samples < needed) {
        SAY(verdict,
            " %" PRIu64 " of the %" PRIu64 " %s that it takes to tell: --repeat %" PRIu64 ".",
            verdict->samples, needed, sim_metric_samples(verdict->claim->term.metric),
            (uint64_t)(((mesh_uint128)needed * runs + verdict->samples - 1) / verdict->samples));
    } else {
        SAY(verdict, " The interval spans the target: --repeat %" PRIu64 " would halve it.",
            4 * runs);
    }
}

static void explain_updates(const struct sim_case *judged, struct sim_allowed allowed,
                            struct sim_verdict *verdict)
{
    const struct sim_claim *claim = verdict->claim;
    say_updates(judged, allowed, verdict);
    if (verdict->kind == SIM_INCONCLUSIVE) {
        say_more_repetitions(judged, verdict);
    } else if (verdict->kind == SIM_FAIL && claim->term.metric == SIM_CONVERGENCE_MS) {
        if (claim->term.aggregate == SIM_SHARE) {
            uint64_t bound_ns = (uint64_t)(claim->term.inner_bound * NS_PER_MS);
            sim_verdict_remedy(judged, (uint32_t)verdict->target,
                               bound_ns - (claim->term.inner == SIM_LESS), verdict);
        } else if (verdict->low > allowed.most) {
            sim_verdict_remedy(judged, claim->term.percentile_ppb, allowed.most, verdict);
        }
    }
}

// ---- Of the rest ----

static void explain_repetitions(const struct sim_case *judged, struct sim_verdict *verdict)
{
    const struct sim_summary *summary = judged->summary;
    const struct sim_workload *workload = &judged->scenario->workload;
    double messages = summary->statistics[SIM_MESSAGES].mean;
    double bytes = summary->statistics[SIM_BYTES].mean;
    double figure = sim_verdict_shown(verdict, verdict->measured);
    if (sim_metrics[verdict->claim->term.metric].of_reports) {
        SAY(verdict, "Added up by the tiers: %s %s.", sim_word_number(figure).text,
            verdict->claim->unit);
        return;
    }
    SAY(verdict, "%s %s", sim_word_number(figure).text, verdict->claim->unit);
    if (messages > 0) {
        SAY(verdict, " in messages of %s bytes on average", sim_word_number(bytes / messages).text);
    }
    if (workload->every_ns > 0) {
        SAY(verdict, "; this workload writes %s updates/s, the document names no rate.",
            sim_word_number(1e9 / (double)workload->every_ns).text);
    } else {
        SAY(verdict, "; this workload writes all updates at once, the document names no rate.");
    }
}

static void explain_latency(const struct sim_case *judged, struct sim_verdict *verdict)
{
    uint64_t median = 0;
    for (uint32_t r = 0; r < judged->result_count; r++) {
        for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
            uint64_t delay = judged->results[r].latency_p50_ns[pair];
            if (!judged->results[r].interrupted &&
                (verdict->claim->pair_classes >> pair & 1) != 0 && delay > median) {
                median = delay;
            }
        }
    }
    char text[SIM_DECIMAL_TEXT_BYTES];
    sim_decimal_format((int64_t)verdict->measured, 6, text);
    SAY(verdict, "Longest one-way delay %s ms", text);
    if (median > 0) {
        sim_decimal_format((int64_t)median, 6, text);
        SAY(verdict, ", median %s", text);
    }
    SAY(verdict, ": what network.latency sets.");
}

static void explain_fact(const struct sim_case *judged, struct sim_verdict *verdict)
{
    const struct sim_scenario *scenario = judged->scenario;
    struct sim_word figure = sim_word_number(sim_verdict_shown(verdict, verdict->measured));
    const struct sim_claim *claim = verdict->claim;
    struct sim_wait round = sim_wait_slowest(scenario);
    switch (claim->measure) {
    case SIM_MEASURE_AGENTS:
        SAY(verdict, "The run has %s agents%s.", figure.text,
            sim_place_of(&scenario->agents_origin).text);
        break;
    case SIM_MEASURE_FANOUT:
        SAY(verdict, "The run has fanout %s%s.", figure.text,
            sim_place_of(&scenario->fanout_origin).text);
        break;
    case SIM_MEASURE_INTERVAL:
        SAY(verdict, "%s is %s%s%s%s.", round.key, figure.text, sim_place_of(round.origin).text,
            claim->note == NULL ? "" : "; ", claim->note == NULL ? "" : claim->note);
        break;
    case SIM_MEASURE_REGIONS:
        SAY(verdict, "The run has %s region%s.", figure.text,
            scenario->region_count == 1 ? "" : "s");
        break;
    case SIM_MEASURE_PRODUCT:
        for (uint32_t i = 0; i < claim->factor_count; i++) {
            SAY(verdict, "%s%" PRIu32, i == 0 ? "" : " x ", claim->factors[i]);
        }
        SAY(verdict, " = %s.", figure.text);
        break;
    case SIM_MEASURE_TERM:
    case SIM_MEASURE_LATENCY:
    case SIM_MEASURE_NONE: break;
    }
}

static void explain_unmeasured(const struct sim_case *judged, struct sim_verdict *verdict)
{
    if (verdict->claim->unmeasured != NULL) {
        SAY(verdict, "Not measured: %s.", verdict->claim->unmeasured);
    } else if (judged->summary->run_count == 0) {
        SAY(verdict, "Not measured: no repetition ran to its end.");
    } else if (verdict->claim->given_text != NULL &&
               !sim_predicate_holds(&verdict->claim->given, judged->summary)) {
        SAY(verdict, "Not measured: it is about a run with %s.", verdict->claim->given_text);
    } else if (verdict->claim->measure == SIM_MEASURE_TERM &&
               !sim_metric_applies(verdict->claim->term.metric, judged->scenario)) {
        SAY(verdict, "Not measured: this mesh has %s.",
            sim_metric_lacks(verdict->claim->term.metric, judged->scenario));
    } else if (verdict->claim->measure == SIM_MEASURE_TERM &&
               sim_metrics[verdict->claim->term.metric].of_reports) {
        SAY(verdict, "Not measured: no report was written late enough after the warm-up and early "
                     "enough before the end.");
    } else if (verdict->claim->measure == SIM_MEASURE_LATENCY) {
        SAY(verdict, "Not measured: no message went between such places.");
    } else {
        SAY(verdict, "Not measured: no update was written after the warm-up.");
    }
}

void sim_verdict_explain(const struct sim_case *judged, struct sim_allowed allowed,
                         struct sim_verdict *verdict)
{
    const struct sim_claim *claim = verdict->claim;
    uint32_t fanout = judged->scenario->gossip.fanout;
    if (verdict->kind == SIM_UNMEASURED) {
        explain_unmeasured(judged, verdict);
        return;
    }
    if (claim->measure == SIM_MEASURE_LATENCY) {
        explain_latency(judged, verdict);
    } else if (claim->measure != SIM_MEASURE_TERM) {
        explain_fact(judged, verdict);
    } else if (!sim_metric_has_many(claim->term.metric)) {
        explain_repetitions(judged, verdict);
    } else {
        explain_updates(judged, allowed, verdict);
    }
    if (claim->fanout.most > 0 && (fanout < claim->fanout.least || fanout > claim->fanout.most)) {
        SAY(verdict, " The claim is about fanout %" PRIu32 ", this run has %" PRIu32 "%s.",
            claim->fanout.most, fanout, sim_place_of(&judged->scenario->fanout_origin).text);
    }
}
