// SPDX-License-Identifier: GPL-3.0-or-later
#include "timeline.h"

#include "allocate.h"

static uint64_t gap_ns(const struct sim_timeline *timeline, uint32_t entry, uint32_t number)
{
    struct mesh_random random = mesh_draw(timeline->seed, SIM_DRAW_CHURN, 0, entry, number);
    uint64_t gap =
        mesh_exponential_ns(random.word[0], random.word[1], timeline->faults[entry].gap_ns);
    return gap > 0 ? gap : 1;
}

// Firings of the entry; 0: any number.
static uint32_t most(const struct sim_fault *fault)
{
    return fault->verb != SIM_FAULT_AUTO_SCALING ? fault->times
           : fault->times > 0                    ? fault->times + 1
                                                 : fault->target_count + 1;
}

// Leaves SIM_FAULT_NEVER where the entry has fired for the last time.
static void limit(const struct sim_fault *fault, struct sim_cursor *cursor)
{
    uint64_t last_ns = fault->verb == SIM_FAULT_CHURN && fault->until_ns < fault->end_ns
                           ? fault->until_ns
                           : fault->end_ns;
    if ((most(fault) > 0 && cursor->number >= most(fault)) || cursor->next_ns >= last_ns) {
        cursor->next_ns = SIM_FAULT_NEVER;
    }
}

void sim_timeline_init(struct sim_timeline *timeline, const struct sim_fault *faults,
                       uint32_t count, uint64_t seed)
{
    *timeline = (struct sim_timeline){.faults = faults, .count = count, .seed = seed};
    timeline->cursors = sim_memory_zeroed(count * sizeof *timeline->cursors);
    for (uint32_t i = 0; i < count; i++) {
        struct sim_cursor *cursor = &timeline->cursors[i];
        bool from_start =
            faults[i].verb == SIM_FAULT_MASS_JOIN || faults[i].verb == SIM_FAULT_AUTO_SCALING;
        cursor->next_ns = from_start ? 0 : faults[i].at_ns;
        if (faults[i].verb == SIM_FAULT_CHURN) {
            cursor->next_ns += gap_ns(timeline, i, 0);
        }
        limit(&faults[i], cursor);
    }
}

void sim_timeline_finish(struct sim_timeline *timeline)
{
    sim_memory_free(timeline->cursors);
}

static void advance(struct sim_timeline *timeline, uint32_t entry)
{
    const struct sim_fault *fault = &timeline->faults[entry];
    struct sim_cursor *cursor = &timeline->cursors[entry];
    cursor->number++;
    if (fault->verb == SIM_FAULT_CHURN) {
        cursor->next_ns += gap_ns(timeline, entry, cursor->number);
    } else if (fault->verb == SIM_FAULT_AUTO_SCALING && cursor->number == 1) {
        cursor->next_ns = fault->at_ns;
    } else if (fault->every_ns > 0 && fault->verb != SIM_FAULT_MASS_JOIN) {
        cursor->next_ns += fault->every_ns;
    } else {
        cursor->next_ns = SIM_FAULT_NEVER;
        return;
    }
    limit(fault, cursor);
}

bool sim_timeline_next(struct sim_timeline *timeline, uint64_t before_ns, struct sim_firing *firing)
{
    uint32_t least = 0;
    for (uint32_t i = 1; i < timeline->count; i++) {
        if (timeline->cursors[i].next_ns < timeline->cursors[least].next_ns) {
            least = i;
        }
    }
    if (timeline->count == 0 || timeline->cursors[least].next_ns >= before_ns) {
        return false;
    }
    const struct sim_cursor *cursor = &timeline->cursors[least];
    *firing = (struct sim_firing){cursor->next_ns, least, cursor->number};
    advance(timeline, least);
    return true;
}

bool sim_timeline_has(const struct sim_timeline *timeline, enum sim_fault_verb verb)
{
    for (uint32_t i = 0; i < timeline->count; i++) {
        if (timeline->faults[i].verb == verb && timeline->cursors[i].next_ns != SIM_FAULT_NEVER) {
            return true;
        }
    }
    return false;
}
