// SPDX-License-Identifier: GPL-3.0-or-later
#include "timers.h"

#include <assert.h>
#include <stdlib.h>

#include "allocate.h"

void sim_timers_add(struct sim_timers *timers, uint64_t at_ns, uint32_t local)
{
    if (timers->count == timers->capacity) {
        timers->capacity = timers->capacity == 0 ? 64 : 2 * timers->capacity;
        timers->timers =
            sim_memory_resize(timers->timers, timers->capacity * sizeof *timers->timers);
    }
    uint64_t phase_ns = at_ns;
    if (timers->period_ns > 0) {
        phase_ns = at_ns % timers->period_ns;
        assert(timers->count == 0 || timers->turn_ns == at_ns - phase_ns);
        timers->turn_ns = at_ns - phase_ns;
    }
    timers->timers[timers->count++] = (struct sim_timer){phase_ns, local};
}

static int compare(const void *left, const void *right)
{
    const struct sim_timer *a = left;
    const struct sim_timer *b = right;
    if (a->at_ns != b->at_ns) {
        return a->at_ns < b->at_ns ? -1 : 1;
    }
    return a->local < b->local ? -1 : a->local > b->local;
}

void sim_timers_seal(struct sim_timers *timers)
{
    if (timers->period_ns == 0) {
        return;
    }
    qsort(timers->timers, timers->count, sizeof *timers->timers, compare);
}

void sim_timers_finish(struct sim_timers *timers)
{
    sim_memory_free(timers->timers);
}
