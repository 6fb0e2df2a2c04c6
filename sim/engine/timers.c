// SPDX-License-Identifier: GPL-3.0-or-later
#include "timers.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

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

void sim_timers_remove(struct sim_timers *timers, uint32_t local)
{
    uint32_t place = 0;
    while (timers->timers[place].local != local) {
        place++;
    }
    timers->count--;
    memmove(&timers->timers[place], &timers->timers[place + 1],
            (timers->count - place) * sizeof *timers->timers);
    timers->cursor -= place < timers->cursor;
    if (timers->period_ns > 0 && timers->cursor == timers->count) {
        timers->cursor = 0;
        timers->turn_ns += timers->period_ns;
    }
}

void sim_timers_insert(struct sim_timers *timers, uint64_t at_ns, uint32_t local)
{
    if (timers->period_ns == 0) {
        sim_timers_add(timers, at_ns, local);
        return;
    }
    struct sim_timer timer = {at_ns % timers->period_ns, local};
    uint64_t turn_ns = at_ns - timer.at_ns;
    if (timers->count == 0) {
        timers->turn_ns = turn_ns;
    } else if (turn_ns < timers->turn_ns) {  // all others have fired in its turn
        timers->turn_ns = turn_ns;
        timers->cursor = timers->count;
    }
    // What first fires in the next turn stands before the cursor, as if it had fired in this one;
    // of those with its phase, the others may still be going to.
    bool next_turn = turn_ns > timers->turn_ns;
    uint32_t least = next_turn ? 0 : timers->cursor;
    sim_timers_add(timers, timers->turn_ns + timer.at_ns, local);
    uint32_t place = timers->count - 1;
    while (place > least && ((next_turn && place > timers->cursor) ||
                             compare(&timer, &timers->timers[place - 1]) < 0)) {
        timers->timers[place] = timers->timers[place - 1];
        place--;
    }
    timers->timers[place] = timer;
    timers->cursor += next_turn;
}
