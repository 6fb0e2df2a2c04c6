// SPDX-License-Identifier: GPL-3.0-or-later
// Which interval would have met the target.
//
//   time to theta of an update = waiting for ticks, per tier + network (struct sim_path)
//                                      |
//   ticks of a tier f times as long:   f * their part + the rest: which f would have met it?
//
// The causal paths are taken as they were. Other intervals open other paths: what is said to hold
// is an estimate for the next run to check.
#include "judge.h"

#include "allocate.h"
#include "mesh/random.h"
#include "waits.h"
#include "words.h"

#define NS_PER_MS 1000000u

#define GOSSIP (1u << SIM_TICK_GOSSIP)
#define LINK (1u << SIM_TICK_LINK)
#define GLOBAL (1u << SIM_TICK_GLOBAL)

// The causal paths of the updates that count and reached theta. They are kept for the first updates
// of a repetition only (results.h), and those stand for all that got there.
struct paths {
    struct sim_path *items;  // [count]
    uint64_t count;
    uint32_t share_ppb;  // of these paths that must be short enough; > one: all would not do
    uint32_t safe_ppb;   // the same for the upper end of the interval: then a claim passes
    uint64_t most_ns;    // what is short enough
    struct sim_wait waits[SIM_TICK_COUNT];
    uint32_t kinds;  // bit 1 << enum sim_tick: gossip, and what some path waited for
};

// Intervals shortened together, all by the same factor.
struct change {
    uint32_t ticks;  // bit 1 << enum sim_tick
    uint64_t of_ns;  // the longest of them
    uint64_t ms;     // what becomes of that one; 0: nothing would do
};

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

static void add_path(struct paths *paths, const struct sim_path *path)
{
    paths->items[paths->count++] = *path;
    for (int tick = 0; tick < SIM_TICK_COUNT; tick++) {
        paths->kinds |= (uint32_t)(path->tick_ns[tick] > 0) << tick;
    }
}

static struct paths paths_create(const struct sim_case *judged, uint32_t share_ppb,
                                 uint64_t most_ns)
{
    uint64_t most = 0;
    for (uint32_t r = 0; r < judged->result_count; r++) {
        most += judged->results[r].update_count;
    }
    struct paths paths = {.items = sim_memory_zeroed(most * sizeof *paths.items),
                          .most_ns = most_ns,
                          .kinds = GOSSIP};
    for (uint32_t r = 0; r < judged->result_count; r++) {
        const struct sim_result *result = &judged->results[r];
        for (uint32_t i = 0; !result->interrupted && i < result->update_count; i++) {
            if (sim_update_counts(&result->updates[i]) && sim_path_known(&result->updates[i])) {
                add_path(&paths, &result->updates[i].path);
            }
        }
    }
    for (enum sim_tick tick = 0; tick < SIM_TICK_COUNT; tick++) {
        sim_wait_of(judged->scenario, tick, &paths.waits[tick]);
    }
    set_shares(&paths, &judged->summary->samples[SIM_CONVERGENCE_MS], share_ppb);
    return paths;
}

// The time that one part takes of enough paths, in ms; SIM_TICK_COUNT: the network.
static double part_ms(const struct paths *paths, enum sim_tick part)
{
    struct sim_samples samples = {0};
    for (uint64_t i = 0; i < paths->count; i++) {
        const struct sim_path *path = &paths->items[i];
        sim_samples_add(&samples, part == SIM_TICK_COUNT ? path->network_ns : path->tick_ns[part],
                        0);
    }
    sim_samples_sort(&samples);
    double ms = (double)sim_quantile(&samples, paths->share_ppb) / NS_PER_MS;
    sim_samples_finish(&samples);
    return ms;
}

// Whether `share_ppb` of the paths would be short enough after the change.
static bool holds(const struct paths *paths, uint32_t share_ppb, const struct change *change)
{
    uint64_t held = 0;
    for (uint64_t i = 0; i < paths->count; i++) {
        const struct sim_path *path = &paths->items[i];
        mesh_uint128 changed = 0;
        mesh_uint128 time_ns = path->network_ns;
        for (int tick = 0; tick < SIM_TICK_COUNT; tick++) {
            bool is = (change->ticks >> tick & 1) != 0;
            changed += is ? path->tick_ns[tick] : 0;
            time_ns += is ? 0 : path->tick_ns[tick];
        }
        time_ns += changed * change->ms * NS_PER_MS / change->of_ns;
        held += time_ns <= paths->most_ns;
    }
    return (mesh_uint128)held * SIM_ONE_PPB >= (mesh_uint128)paths->count * share_ppb;
}

static struct change change_of(const struct paths *paths, uint32_t ticks)
{
    struct change change = {.ticks = ticks & paths->kinds, .of_ns = 1};
    for (int tick = 0; tick < SIM_TICK_COUNT; tick++) {
        if ((change.ticks >> tick & 1) != 0 && paths->waits[tick].interval_ns > change.of_ns) {
            change.of_ns = paths->waits[tick].interval_ns;
        }
    }
    return change;
}

// The longest interval, in whole ms and shorter than the one that ran, that would hold; 0: none.
static struct change least_change(const struct paths *paths, uint32_t ticks)
{
    struct change change = change_of(paths, ticks);
    uint64_t holding = 0;
    uint64_t failing = (change.of_ns + NS_PER_MS - 1) / NS_PER_MS;
    while (change.ticks != 0 && holding + 1 < failing) {
        change.ms = holding + (failing - holding) / 2;
        if (holds(paths, paths->safe_ppb, &change)) {
            holding = change.ms;
        } else {
            failing = change.ms;
        }
    }
    change.ms = holding;
    return change;
}

// Between tiers few nodes tick, so that shorter intervals cost next to nothing: what they can mend
// they are to mend, and of two that can alone, the one that changes less. Then comes the interval
// at which every agent ticks, then all at once.
static struct change best_change(const struct paths *paths)
{
    static const uint32_t choices[][2] = {
        {LINK, GLOBAL}, {LINK | GLOBAL}, {GOSSIP}, {GOSSIP | LINK | GLOBAL}};
    struct change best = {0};
    for (size_t i = 0; i < sizeof choices / sizeof *choices && best.ms == 0; i++) {
        for (size_t j = 0; j < 2; j++) {
            struct change change = least_change(paths, choices[i][j]);
            bool milder =
                (mesh_uint128)change.ms * best.of_ns > (mesh_uint128)best.ms * change.of_ns;
            best = change.ms > 0 && (best.ms == 0 || milder) ? change : best;
        }
    }
    return best;
}

// "At p95 gossip ticks alone take 215 ms, leader ticks 203, the network alone 143"
static void say_parts(const struct paths *paths, uint32_t share_ppb, struct sim_verdict *verdict)
{
    SAY(verdict, " At p%s ", sim_word_number((double)share_ppb / 1e7).text);
    for (enum sim_tick tick = 0; tick < SIM_TICK_COUNT; tick++) {
        if ((paths->kinds >> tick & 1) == 0) {
            continue;
        }
        bool first = tick == SIM_TICK_GOSSIP;
        SAY(verdict, "%s%s%s %s%s", first ? "" : ", ", paths->waits[tick].ticks,
            first ? " alone take" : "", sim_word_number(part_ms(paths, tick)).text,
            first ? " ms" : "");
    }
    SAY(verdict, ", the network alone %s", sim_word_number(part_ms(paths, SIM_TICK_COUNT)).text);
}

// "aggregator_ms near 230 and global_ms near 460 would hold if the rest stays"
static void say_change(const struct paths *paths, const struct change *change,
                       struct sim_verdict *verdict)
{
    const char *separator = ":";
    for (int tick = 0; tick < SIM_TICK_COUNT; tick++) {
        if ((change->ticks >> tick & 1) != 0) {
            double factor = (double)change->ms / (double)change->of_ns;
            SAY(verdict, "%s %s near %s", separator, paths->waits[tick].key,
                sim_word_number((double)paths->waits[tick].interval_ns * factor).text);
            separator = " and";
        }
    }
    SAY(verdict, " would hold if the rest stays.");
}

void sim_verdict_remedy(const struct sim_case *judged, uint32_t share_ppb, uint64_t most_ns,
                        struct sim_verdict *verdict)
{
    struct paths paths = paths_create(judged, share_ppb, most_ns);
    const char *interval = sim_wait_has_links(judged->scenario) ? "interval" : "interval_ms";
    struct change none = change_of(&paths, paths.kinds);  // no waiting at all
    if (paths.share_ppb > SIM_ONE_PPB) {
        SAY(verdict, " Too many updates never get there: no %s mends that.", interval);
    } else if (paths.count > 0 && !holds(&paths, paths.share_ppb, &none)) {
        SAY(verdict, " No %s can hold it: the network alone takes %s ms at p%s.", interval,
            sim_word_number(part_ms(&paths, SIM_TICK_COUNT)).text,
            sim_word_number((double)share_ppb / 1e7).text);
    } else if (paths.count > 0) {
        struct change best = best_change(&paths);
        say_parts(&paths, share_ppb, verdict);
        if (best.ms > 0) {
            say_change(&paths, &best, verdict);
        } else {
            SAY(verdict, ": the shortest %s leaves it in doubt.", interval);
        }
    }
    sim_memory_free(paths.items);
}
