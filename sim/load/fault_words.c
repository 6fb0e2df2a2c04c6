// SPDX-License-Identifier: GPL-3.0-or-later
// A fault in words: "crash at 1000 ms until 3000 ms of 10 % of agents".
#include <inttypes.h>

#include "decimal.h"
#include "fault_reading.h"

#define MS_PLACES 6
#define TARGETS_SHOWN 8u
#define AT_ONCE_NS 1u

static const char *ms_text(struct sim_arena *arena, uint64_t ns)
{
    char text[SIM_DECIMAL_TEXT_BYTES];
    sim_decimal_format((int64_t)ns, MS_PLACES, text);
    return sim_arena_format(arena, "%s ms", text);
}

static const char *share_text(struct sim_arena *arena, uint32_t ppb)
{
    char text[SIM_DECIMAL_TEXT_BYTES];
    sim_decimal_format((int64_t)ppb, 7, text);
    return sim_arena_format(arena, "%s", text);
}

static const char *when_text(struct sim_arena *arena, const struct sim_fault *fault)
{
    const char *text = sim_arena_format(arena, "at %s", ms_text(arena, fault->at_ns));
    if (fault->until_ns != SIM_FAULT_NEVER) {
        text = sim_arena_format(arena, "%s until %s", text, ms_text(arena, fault->until_ns));
    }
    if (fault->every_ns > 0) {
        text = sim_arena_format(arena, "%s, every %s", text, ms_text(arena, fault->every_ns));
    }
    return text;
}

static const char *whom_text(struct sim_arena *arena, const struct sim_scenario *scenario,
                             const struct sim_fault *fault)
{
    const char *of = fault->of.named ? sim_selection_text(arena, scenario, &fault->of) : "all";
    if (fault->by_place) {
        return sim_arena_format(arena, "of %s between %s", of, sim_place_name(fault->between));
    }
    if (fault->group_count > 0) {
        const char *text = "between";
        for (uint32_t i = 0; i < fault->group_count; i++) {
            text = sim_arena_format(arena, "%s%s %s", text, i == 0 ? "" : " |",
                                    sim_selection_text(arena, scenario, &fault->groups[i]));
        }
        return text;
    }
    bool faces = fault->verb == SIM_FAULT_LINK && fault->of.named;
    if (fault->verb != SIM_FAULT_PARTITION && !faces) {
        return sim_arena_format(arena, "of %s", of);
    }
    static const char *const arrows[] = {[SIM_BOTH_WAYS] = "from",
                                         [SIM_OUTWARD] = "when it sends to",
                                         [SIM_INWARD] = "when it hears from"};
    if (faces) {
        return sim_arena_format(
            arena, "of %s %s %s", of,
            fault->direction == SIM_BOTH_WAYS ? "with" : arrows[fault->direction],
            fault->from.named ? sim_selection_text(arena, scenario, &fault->from) : "anybody");
    }
    return sim_arena_format(arena, "of %s %s %s", of, arrows[fault->direction],
                            fault->from.named ? sim_selection_text(arena, scenario, &fault->from)
                                              : "all others");
}

// "from 100 to 400, 1000, 250".
static const char *targets_text(struct sim_arena *arena, const struct sim_fault *fault)
{
    const char *text = fault->start == UINT32_MAX
                           ? ", from all"
                           : sim_arena_format(arena, ", from %" PRIu32, fault->start);
    for (uint32_t i = 0; i < fault->target_count && i < TARGETS_SHOWN; i++) {
        text = sim_arena_format(arena, "%s%s%" PRIu32, text, i == 0 ? " to " : ", ",
                                fault->targets[i]);
    }
    return fault->target_count > TARGETS_SHOWN ? sim_arena_format(arena, "%s, ...", text) : text;
}

static const char *skew_text(struct sim_arena *arena, const struct sim_fault *fault)
{
    bool behind = fault->skew_ns < 0;
    uint64_t by_ns = behind ? -(uint64_t)fault->skew_ns : (uint64_t)fault->skew_ns;
    return sim_arena_format(arena, ", %s %s", ms_text(arena, by_ns), behind ? "behind" : "ahead");
}

// How much, or how fast.
static const char *pace_text(struct sim_arena *arena, const struct sim_fault *fault)
{
    const char *gap = ms_text(arena, fault->gap_ns);
    const char *down = ms_text(arena, fault->down_ns);
    switch (fault->verb) {
    case SIM_FAULT_SLOW:
        return sim_arena_format(arena, ", %s late", ms_text(arena, fault->delay_ns));
    case SIM_FAULT_SKEW: return skew_text(arena, fault);
    case SIM_FAULT_SWIZZLE: return sim_arena_format(arena, ", one every %s", gap);
    case SIM_FAULT_MASS_JOIN:
        return fault->over_ns <= AT_ONCE_NS
                   ? ""
                   : sim_arena_format(arena, ", within %s", ms_text(arena, fault->over_ns));
    case SIM_FAULT_ROLLING_RESTART:
        return sim_arena_format(arena, ", %" PRIu32 " at a time, for %s each, the next after %s",
                                fault->batch, down, gap);
    case SIM_FAULT_CHURN:
        return fault->down_ns == 0
                   ? sim_arena_format(arena, ", one every %s on average, for good", gap)
                   : sim_arena_format(arena, ", one every %s on average, for %s on average", gap,
                                      down);
    default: return "";
    }
}

// What the verb adds.
static const char *more_text(struct sim_arena *arena, const struct sim_fault *fault)
{
    const char *notice = fault->notice_ns == 0 ? ""
                                               : sim_arena_format(arena, ", notice %s",
                                                                  ms_text(arena, fault->notice_ns));
    switch (fault->verb) {
    case SIM_FAULT_MASS_JOIN:
        return sim_arena_format(arena, "%s%s", pace_text(arena, fault),
                                fault->disk_lost ? "" : ", learning by gossip");
    case SIM_FAULT_LINK: return sim_fault_link_text(arena, fault);
    case SIM_FAULT_STARVE:
        return sim_arena_format(arena, ", %s %% of their processors in slices of %s",
                                share_text(arena, fault->cpu_ppb), ms_text(arena, fault->slice_ns));
    case SIM_FAULT_AUTO_SCALING:
        return sim_arena_format(arena, "%s%s", targets_text(arena, fault), notice);
    case SIM_FAULT_SPOT_RECLAIM:
        return fault->down_ns == 0 ? sim_arena_format(arena, "%s, for good", notice)
                                   : sim_arena_format(arena, "%s, replaced after %s", notice,
                                                      ms_text(arena, fault->down_ns));
    default:
        return sim_arena_format(arena, "%s%s%s", pace_text(arena, fault), notice,
                                fault->disk_lost ? ", disks lost" : "");
    }
}

const char *sim_fault_text(struct sim_arena *arena, const struct sim_scenario *scenario,
                           const struct sim_fault *fault)
{
    return sim_arena_format(arena, "%s %s %s%s", sim_fault_verb_name(fault->verb),
                            when_text(arena, fault), whom_text(arena, scenario, fault),
                            more_text(arena, fault));
}
