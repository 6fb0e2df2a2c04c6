// SPDX-License-Identifier: GPL-3.0-or-later
// Why a verdict is what it is, in one or two short sentences.
//
//   time to theta of an update = waiting for ticks + network (struct sim_path)
//                                      |                |
//   every tick f times as long: f * ticks + network: which f would have met the target?
//
// The causal paths are taken as they were. Other intervals open other paths: what is said to hold
// is an estimate for the next run to check.
#include "judge.h"

#include <inttypes.h>
#include <math.h>

#include "allocate.h"
#include "decimal.h"
#include "mesh/random.h"
#include "words.h"

#define NS_PER_MS 1000000u

// The causal paths of the updates that count and reached theta. They are kept for the first updates
// of a repetition only (results.h), and those stand for all that got there.
struct paths {
    struct sim_path *items;  // [count]
    uint64_t count;
    uint32_t share_ppb;  // of these paths that must be short enough; > one: all would not do
    uint32_t safe_ppb;   // the same for the upper end of the interval: then a claim passes
};

#define SAY(verdict, ...) sim_words_append((verdict)->why, SIM_WHY_BYTES, __VA_ARGS__)

// Updates that never converged are made up for by the others.
static void set_shares(struct paths *paths, const struct sim_samples *times, uint32_t share_ppb)
{
    uint64_t converged = times->count - sim_samples_never(times);
    mesh_uint128 needed = (mesh_uint128)share_ppb * times->count;
    paths->share_ppb = SIM_ONE_PPB + 1;
    if (needed <= (mesh_uint128)converged * SIM_ONE_PPB) {
        uint64_t low = 0;
        uint64_t high = 0;
        paths->share_ppb = (uint32_t)((needed + converged - 1) / converged);
        paths->safe_ppb = paths->share_ppb;
        if (sim_quantile_ranks(times->count, share_ppb, &low, &high)) {
            high = high < converged ? high : converged;
            paths->safe_ppb = (uint32_t)((mesh_uint128)high * SIM_ONE_PPB / converged);
        }
    }
}

static struct paths paths_create(const struct sim_case *judged, uint32_t share_ppb)
{
    uint64_t most = 0;
    for (uint32_t r = 0; r < judged->result_count; r++) {
        most += judged->results[r].update_count;
    }
    struct paths paths = {.items = sim_memory_zeroed(most * sizeof *paths.items)};
    for (uint32_t r = 0; r < judged->result_count; r++) {
        const struct sim_result *result = &judged->results[r];
        for (uint32_t i = 0; !result->interrupted && i < result->update_count; i++) {
            if (sim_update_counts(&result->updates[i]) && sim_path_known(&result->updates[i])) {
                paths.items[paths.count++] = result->updates[i].path;
            }
        }
    }
    set_shares(&paths, &judged->summary->samples[SIM_CONVERGENCE_MS], share_ppb);
    return paths;
}

static uint64_t path_ticks(const struct sim_path *path)
{
    return sim_path_tick_ns(path);
}

static uint64_t path_network(const struct sim_path *path)
{
    return path->network_ns;
}

// The time that one part takes of enough paths, in ms.
static double part_ms(const struct paths *paths, uint64_t (*part)(const struct sim_path *path))
{
    struct sim_samples samples = {0};
    for (uint64_t i = 0; i < paths->count; i++) {
        sim_samples_add(&samples, part(&paths->items[i]), 0);
    }
    sim_samples_sort(&samples);
    double ms = (double)sim_quantile(&samples, paths->share_ppb) / NS_PER_MS;
    sim_samples_finish(&samples);
    return ms;
}

// Whether `share_ppb` of the paths would take `most_ns` at most if the interval were `ms` (0: no
// waiting).
static bool interval_holds(const struct paths *paths, uint32_t share_ppb, uint64_t most_ns,
                           uint64_t interval_ns, uint64_t ms)
{
    uint64_t held = 0;
    for (uint64_t i = 0; i < paths->count; i++) {
        mesh_uint128 ticks =
            (mesh_uint128)sim_path_tick_ns(&paths->items[i]) * ms * NS_PER_MS / interval_ns;
        held += ticks + paths->items[i].network_ns <= most_ns;
    }
    return (mesh_uint128)held * SIM_ONE_PPB >= (mesh_uint128)paths->count * share_ppb;
}

// The longest interval, in whole ms and shorter than the one that ran, that would hold; 0: none.
static uint64_t longest_interval_ms(const struct paths *paths, uint64_t most_ns,
                                    uint64_t interval_ns)
{
    uint64_t holds = 0;
    uint64_t fails = (interval_ns + NS_PER_MS - 1) / NS_PER_MS;
    while (holds + 1 < fails) {
        uint64_t middle = holds + (fails - holds) / 2;
        if (interval_holds(paths, paths->safe_ppb, most_ns, interval_ns, middle)) {
            holds = middle;
        } else {
            fails = middle;
        }
    }
    return holds;
}

// What would have to change for `share` of the updates to reach theta by `most_ns`.
static void say_remedy(const struct sim_case *judged, uint32_t share_ppb, uint64_t most_ns,
                       struct sim_verdict *verdict)
{
    uint64_t interval_ns = judged->summary->interval_ns;
    struct paths paths = paths_create(judged, share_ppb);
    if (paths.share_ppb > SIM_ONE_PPB) {
        SAY(verdict, " Too many updates never get there: no interval_ms mends that.");
    } else if (paths.count > 0) {
        struct sim_word percent = sim_word_number((double)share_ppb / 1e7);
        struct sim_word ticks = sim_word_number(part_ms(&paths, path_ticks));
        struct sim_word network = sim_word_number(part_ms(&paths, path_network));
        uint64_t remedy_ms = longest_interval_ms(&paths, most_ns, interval_ns);
        if (!interval_holds(&paths, paths.share_ppb, most_ns, interval_ns, 0)) {
            SAY(verdict, " No interval_ms can hold it: the network alone takes %s ms at p%s.",
                network.text, percent.text);
        } else if (remedy_ms == 0) {
            SAY(verdict,
                " At p%s ticks alone take %s ms, the network alone %s: the shortest interval_ms "
                "leaves it in doubt.",
                percent.text, ticks.text, network.text);
        } else {
            SAY(verdict,
                " At p%s ticks alone take %s ms, the network alone %s: interval_ms near %" PRIu64
                " would hold if the rest stays.",
                percent.text, ticks.text, network.text, remedy_ms);
        }
    }
    sim_memory_free(paths.items);
}

// How many updates meet the target, and where the time of all went.
static void say_updates(const struct sim_case *judged, struct sim_allowed allowed,
                        struct sim_verdict *verdict)
{
    const struct sim_claim *claim = verdict->claim;
    const struct sim_scenario *scenario = judged->scenario;
    const char *unit = sim_metrics[claim->term.metric].unit;
    if (claim->term.aggregate == SIM_SHARE) {
        SAY(verdict, "%s of updates within %s %s, %s promised",
            sim_word_percent(sim_verdict_shown(verdict, verdict->measured)).text,
            sim_word_number(claim->term.inner_bound).text, unit,
            sim_word_percent(sim_verdict_shown(verdict, verdict->target)).text);
    } else if (allowed.least > 0) {
        SAY(verdict, "%s of updates between %s and %s %s",
            sim_word_percent(verdict->share_within).text,
            sim_word_number(sim_verdict_shown(verdict, allowed.least)).text,
            sim_word_number(sim_verdict_shown(verdict, allowed.most)).text, unit);
    } else {
        SAY(verdict, "%s of updates within %s %s", sim_word_percent(verdict->share_within).text,
            sim_word_number(sim_verdict_shown(verdict, verdict->target)).text, unit);
    }
    uint64_t never = sim_samples_never(&judged->summary->samples[claim->term.metric]);
    if (never > 0) {
        SAY(verdict, ", %s never in %s ms",
            sim_word_percent((double)never / (double)verdict->samples).text,
            sim_word_number((double)judged->summary->simulated_ns / NS_PER_MS).text);
    }
    if (!isnan(verdict->tick_share)) {
        long ticks = lround(100 * verdict->tick_share);
        SAY(verdict, "; ticks %ld %% of the time: interval_ms %s%s, network %ld %%", ticks,
            sim_word_number((double)judged->summary->interval_ns / NS_PER_MS).text,
            sim_place_of(&scenario->interval_origin).text, 100 - ticks);
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
            " %" PRIu64 " of the %" PRIu64 " updates that it takes to tell: --repeat %" PRIu64 ".",
            verdict->samples, needed,
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
            say_remedy(judged, (uint32_t)verdict->target,
                       bound_ns - (claim->term.inner == SIM_LESS), verdict);
        } else if (verdict->low > allowed.most) {
            say_remedy(judged, claim->term.percentile_ppb, allowed.most, verdict);
        }
    }
}

static void explain_repetitions(const struct sim_case *judged, struct sim_verdict *verdict)
{
    const struct sim_summary *summary = judged->summary;
    const struct sim_workload *workload = &judged->scenario->workload;
    double messages = summary->statistics[SIM_MESSAGES].mean;
    double bytes = summary->statistics[SIM_BYTES].mean;
    double figure = sim_verdict_shown(verdict, verdict->measured);
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
        SAY(verdict, "interval_ms is %s%s%s%s.", figure.text,
            sim_place_of(&scenario->interval_origin).text, claim->note == NULL ? "" : "; ",
            claim->note == NULL ? "" : claim->note);
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
    } else if (sim_metrics[claim->term.metric].of_update == NULL) {
        explain_repetitions(judged, verdict);
    } else {
        explain_updates(judged, allowed, verdict);
    }
    if (claim->fanout.most > 0 && (fanout < claim->fanout.least || fanout > claim->fanout.most)) {
        SAY(verdict, " The claim is about fanout %" PRIu32 ", this run has %" PRIu32 "%s.",
            claim->fanout.most, fanout, sim_place_of(&judged->scenario->fanout_origin).text);
    }
}
