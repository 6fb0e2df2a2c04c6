// SPDX-License-Identifier: GPL-3.0-or-later
#include "fault.h"

#include <assert.h>
#include <stdlib.h>

#include "allocate.h"

#define ONE_PPB 1000000000u

static uint64_t occasion_of(const struct sim_firing *firing)
{
    return (uint64_t)firing->entry << 32 | firing->number;
}

// ---- Whom it hits ----

struct drawn {
    uint64_t draw;
    uint32_t node;
};

static int by_draw(const void *left, const void *right)
{
    const struct drawn *a = left;
    const struct drawn *b = right;
    if (a->draw != b->draw) {
        return a->draw < b->draw ? -1 : 1;
    }
    return a->node < b->node ? -1 : a->node > b->node;
}

static int by_node(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

static void draw_all(uint64_t seed, uint32_t purpose, const struct sim_firing *firing,
                     const uint32_t *nodes, uint32_t count, struct drawn *drawn)
{
    for (uint32_t i = 0; i < count; i++) {
        struct mesh_random random = mesh_draw(seed, purpose, 0, nodes[i], occasion_of(firing));
        drawn[i] = (struct drawn){(uint64_t)random.word[0] << 32 | random.word[1], nodes[i]};
    }
    qsort(drawn, count, sizeof *drawn, by_draw);
}

uint32_t sim_fault_pick(uint64_t seed, const struct sim_firing *firing, uint32_t *nodes,
                        uint32_t count, uint32_t wanted)
{
    if (wanted >= count) {
        return count;
    }
    struct drawn *drawn = sim_memory_zeroed(count * sizeof *drawn);
    draw_all(seed, SIM_DRAW_PICK, firing, nodes, count, drawn);
    for (uint32_t i = 0; i < wanted; i++) {
        nodes[i] = drawn[i].node;
    }
    sim_memory_free(drawn);
    qsort(nodes, wanted, sizeof *nodes, by_node);
    return wanted;
}

// A share is rounded to the nearest number, but never to nobody.
uint32_t sim_selection_wanted(const struct sim_selection *selection, uint32_t count)
{
    if (selection->nobody) {
        return 0;
    }
    if (selection->number > 0) {
        return selection->number < count ? selection->number : count;
    }
    if (selection->share_ppb == 0) {
        return count;
    }
    uint64_t wanted = ((uint64_t)count * selection->share_ppb + ONE_PPB / 2) / ONE_PPB;
    return wanted == 0 && count > 0 ? 1 : (uint32_t)wanted;
}

uint32_t sim_fault_departs(uint64_t seed, const struct sim_firing *firing, uint32_t attempt,
                           uint32_t count)
{
    struct mesh_random random = mesh_draw(seed, SIM_DRAW_CHURN, 1, attempt, occasion_of(firing));
    return mesh_below(random.word[0], count);
}

// ---- What it does to them ----

static uint32_t put(struct sim_action *actions, uint32_t count, const struct sim_action *like,
                    enum sim_action_kind kind, uint64_t time_ns)
{
    actions[count] = *like;
    actions[count].kind = (uint8_t)kind;
    actions[count].time_ns = time_ns;
    return count + 1;
}

// An action that may have an end, with which another undoes it.
static uint32_t put_span(struct sim_action *actions, uint32_t count, struct sim_action action,
                         enum sim_action_kind begins, enum sim_action_kind ends, uint64_t time_ns)
{
    count = put(actions, count, &action, begins, time_ns);
    return action.until_ns == SIM_FAULT_NEVER ? count
                                              : put(actions, count, &action, ends, action.until_ns);
}

static uint64_t until_of(const struct sim_fault *fault, const struct sim_firing *firing)
{
    return fault->until_ns == SIM_FAULT_NEVER ? SIM_FAULT_NEVER
                                              : fault->until_ns + (firing->time_ns - fault->at_ns);
}

static uint64_t away_until(const struct sim_fault *fault, uint64_t seed,
                           const struct sim_firing *firing, uint32_t node)
{
    if (fault->down_ns == 0) {
        return SIM_FAULT_NEVER;
    }
    struct mesh_random random = mesh_draw(seed, SIM_DRAW_CHURN, 2, node, occasion_of(firing));
    uint64_t away_ns = mesh_exponential_ns(random.word[0], random.word[1], fault->down_ns);
    return firing->time_ns + (away_ns > 0 ? away_ns : 1);
}

// Down from the start; back at the firing, or within a span of it.
static uint64_t joins_at(const struct sim_fault *fault, uint64_t seed,
                         const struct sim_firing *firing, uint32_t node)
{
    struct mesh_random random = mesh_draw(seed, SIM_DRAW_JOIN, 1, node, occasion_of(firing));
    return fault->at_ns + mesh_below_wide(random.word[0], random.word[1], fault->over_ns);
}

// Told at `time_ns`, gone a notice later.
static uint32_t put_departure(struct sim_action *actions, uint32_t count,
                              const struct sim_fault *fault, struct sim_action action,
                              uint64_t time_ns)
{
    uint64_t gone_ns = time_ns + fault->notice_ns;
    if (fault->notice_ns > 0) {
        count = put(actions, count, &action, SIM_ACTION_DRAIN, time_ns);
        count = put(actions, count, &action, SIM_ACTION_UNDRAIN, gone_ns);
    }
    action.leaves = fault->verb != SIM_FAULT_SPOT_RECLAIM || fault->notice_ns > 0;
    count = put(actions, count, &action, SIM_ACTION_DOWN, gone_ns);
    return action.until_ns >= SIM_FAULT_UNTOLD
               ? count
               : put(actions, count, &action, SIM_ACTION_UP, action.until_ns);
}

static uint64_t turn_ns(const struct sim_fault *fault, const struct sim_firing *firing,
                        uint32_t place)
{
    return firing->time_ns + place / fault->batch * fault->gap_ns;
}

uint32_t sim_fault_leave(const struct sim_fault *fault, const struct sim_firing *firing,
                         uint32_t node, uint32_t place, struct sim_action *actions)
{
    const struct sim_action action = {
        .until_ns = SIM_FAULT_UNTOLD, .node = node, .entry = firing->entry, .disk_lost = true};
    return put_departure(actions, 0, fault, action, turn_ns(fault, firing, place));
}

uint32_t sim_fault_enter(const struct sim_fault *fault, const struct sim_firing *firing,
                         uint32_t node, uint32_t place, struct sim_action *actions)
{
    const struct sim_action action = {.node = node, .entry = firing->entry};
    return put(actions, 0, &action, SIM_ACTION_UP, turn_ns(fault, firing, place));
}

bool sim_fault_empties(const struct sim_fault *fault)
{
    return fault->disk_lost || fault->verb == SIM_FAULT_AUTO_SCALING ||
           fault->verb == SIM_FAULT_SPOT_RECLAIM;
}

uint32_t sim_fault_act(const struct sim_fault *fault, uint64_t seed,
                       const struct sim_firing *firing, const uint32_t *nodes, uint32_t count,
                       struct sim_action *actions)
{
    uint32_t made = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t time_ns = firing->time_ns;
        struct sim_action action = {.until_ns = until_of(fault, firing),
                                    .skew_ns = fault->skew_ns,
                                    .node = nodes[i],
                                    .entry = firing->entry,
                                    .disk_lost = fault->disk_lost};
        enum sim_action_kind begins = SIM_ACTION_DOWN;
        enum sim_action_kind ends = SIM_ACTION_UP;
        switch (fault->verb) {
        case SIM_FAULT_CRASH:
        case SIM_FAULT_OUTAGE: break;
        case SIM_FAULT_RESTART:
            action.until_ns = SIM_FAULT_NEVER;
            begins = SIM_ACTION_RESTART;
            break;
        case SIM_FAULT_PAUSE:
            begins = SIM_ACTION_PAUSE;
            ends = SIM_ACTION_RESUME;
            break;
        case SIM_FAULT_ROLLING_RESTART:
            time_ns += i / fault->batch * fault->gap_ns;
            action.until_ns = time_ns + fault->notice_ns + fault->down_ns;
            made = put_departure(actions, made, fault, action, time_ns);
            continue;
        case SIM_FAULT_CHURN: action.until_ns = away_until(fault, seed, firing, nodes[i]); break;
        case SIM_FAULT_MASS_JOIN: action.until_ns = joins_at(fault, seed, firing, nodes[i]); break;
        case SIM_FAULT_SPOT_RECLAIM:
            action.until_ns =
                fault->down_ns == 0 ? SIM_FAULT_NEVER : time_ns + fault->notice_ns + fault->down_ns;
            action.disk_lost = true;
            made = put_departure(actions, made, fault, action, time_ns);
            continue;
        case SIM_FAULT_SKEW:
            begins = SIM_ACTION_SKEW;
            ends = SIM_ACTION_UNSKEW;
            break;
        case SIM_FAULT_PARTITION:
        case SIM_FAULT_SLOW:
        case SIM_FAULT_SWIZZLE:
        case SIM_FAULT_LINK:
        case SIM_FAULT_AUTO_SCALING:
        case SIM_FAULT_STARVE:
        case SIM_FAULT_VERB_COUNT: return 0;
        }
        made = put_span(actions, made, action, begins, ends, time_ns);
    }
    return made;
}

// ---- Names ----

const char *sim_fault_verb_name(enum sim_fault_verb verb)
{
    static const char *const names[SIM_FAULT_VERB_COUNT] = {
        [SIM_FAULT_CRASH] = "crash",
        [SIM_FAULT_RESTART] = "restart",
        [SIM_FAULT_PAUSE] = "pause",
        [SIM_FAULT_PARTITION] = "partition",
        [SIM_FAULT_OUTAGE] = "outage",
        [SIM_FAULT_ROLLING_RESTART] = "rolling-restart",
        [SIM_FAULT_CHURN] = "churn",
        [SIM_FAULT_MASS_JOIN] = "mass-join",
        [SIM_FAULT_SLOW] = "slow",
        [SIM_FAULT_SKEW] = "skew",
        [SIM_FAULT_SWIZZLE] = "swizzle",
        [SIM_FAULT_LINK] = "link",
        [SIM_FAULT_AUTO_SCALING] = "auto-scaling",
        [SIM_FAULT_SPOT_RECLAIM] = "spot-reclaim",
        [SIM_FAULT_STARVE] = "starve",
    };
    assert(verb < SIM_FAULT_VERB_COUNT);
    return names[verb];
}

const char *sim_fault_in_flight(enum sim_fault_verb verb)
{
    static const char down[] = "what arrives at who is down is dropped, what they sent arrives";
    static const char waits[] = "what arrives waits for the end";
    static const char *const texts[SIM_FAULT_VERB_COUNT] = {
        [SIM_FAULT_CRASH] = down,
        [SIM_FAULT_RESTART] = "what arrives is handled again from then on",
        [SIM_FAULT_PAUSE] = waits,
        [SIM_FAULT_PARTITION] = "what set out before it begins arrives, what is sent is dropped",
        [SIM_FAULT_OUTAGE] = down,
        [SIM_FAULT_ROLLING_RESTART] = down,
        [SIM_FAULT_CHURN] = down,
        [SIM_FAULT_MASS_JOIN] = "what arrives at who is not there yet is dropped",
        [SIM_FAULT_SLOW] = "what set out before it begins arrives in time, what is sent later",
        [SIM_FAULT_SKEW] = "nothing",
        [SIM_FAULT_SWIZZLE] = "what set out before arrives, what is sent is held back, not lost",
        [SIM_FAULT_LINK] = "what set out before it begins or ends stays what it was",
        [SIM_FAULT_AUTO_SCALING] = down,
        [SIM_FAULT_SPOT_RECLAIM] = down,
        [SIM_FAULT_STARVE] = "what arrives waits for the host's next share",
    };
    assert(verb < SIM_FAULT_VERB_COUNT);
    return texts[verb];
}

const char *sim_role_name(enum sim_role role)
{
    static const char *const names[SIM_ROLE_COUNT] = {
        [SIM_ROLE_AGENT] = "agents",
        [SIM_ROLE_RELAY] = "relays",
        [SIM_ROLE_BRIDGE] = "bridges",
        [SIM_ROLE_LEADER] = "leaders",
        [SIM_ROLE_AGGREGATOR] = "aggregators",
        [SIM_ROLE_COORDINATOR] = "coordinators",
        [SIM_ROLE_SEED] = "seeds",
        [SIM_ROLE_GATEWAY] = "gateways",
    };
    assert(role < SIM_ROLE_COUNT);
    return names[role];
}

const char *sim_place_name(enum sim_place_kind place)
{
    static const char *const names[SIM_PLACE_COUNT] = {
        [SIM_PLACE_NODE] = "nodes",     [SIM_PLACE_HOST] = "hosts", [SIM_PLACE_ZONE] = "zones",
        [SIM_PLACE_REGION] = "regions", [SIM_PLACE_EDGE] = "edges", [SIM_PLACE_MESH] = "meshes",
    };
    assert(place < SIM_PLACE_COUNT);
    return names[place];
}
