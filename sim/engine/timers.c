// SPDX-License-Identifier: GPL-3.0-or-later
#include "timers.h"

#include <stdlib.h>

#include "allocate.h"

void sim_timers_add(struct sim_timers *timers, uint64_t phase_ns, uint32_t local)
{
    if (timers->count == timers->capacity) {
        timers->capacity = timers->capacity == 0 ? 64 : 2 * timers->capacity;
        timers->timers =
            sim_memory_resize(timers->timers, timers->capacity * sizeof *timers->timers);
    }
    timers->timers[timers->count++] = (struct sim_timer){phase_ns, local};
}

static int compare(const void *left, const void *right)
{
    const struct sim_timer *a = left;
    const struct sim_timer *b = right;
    if (a->phase_ns != b->phase_ns) {
        return a->phase_ns < b->phase_ns ? -1 : 1;
    }
    return a->local < b->local ? -1 : a->local > b->local;
}

void sim_timers_seal(struct sim_timers *timers)
{
    qsort(timers->timers, timers->count, sizeof *timers->timers, compare);
}

void sim_timers_finish(struct sim_timers *timers)
{
    sim_memory_free(timers->timers);
}
