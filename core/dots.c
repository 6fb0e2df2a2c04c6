// SPDX-License-Identifier: Apache-2.0
#include "mesh/dots.h"

#include <assert.h>
#include <string.h>

// The first run that does not end before (origin, sequence).
static uint32_t run_index(const struct mesh_dots *dots, uint32_t origin, uint32_t sequence)
{
    uint32_t low = 0;
    uint32_t high = dots->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct mesh_run *run = &dots->runs[middle];
        if (run->origin < origin || (run->origin == origin && run->last < sequence)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool mesh_dots_contains(const struct mesh_dots *dots, struct mesh_dot dot)
{
    uint32_t index = run_index(dots, dot.origin, dot.sequence);
    return index < dots->count && mesh_run_contains(dots->runs[index], dot);
}

bool mesh_dots_add(struct mesh_dots *dots, struct mesh_run run)
{
    assert(run.first >= 1 && run.first <= run.last);
    // The runs start .. end - 1 touch the new one and become one with it.
    uint32_t start = run_index(dots, run.origin, run.first - 1);
    uint32_t end = start;
    while (end < dots->count && dots->runs[end].origin == run.origin &&
           dots->runs[end].first - 1 <= run.last) {
        run.first = dots->runs[end].first < run.first ? dots->runs[end].first : run.first;
        run.last = dots->runs[end].last > run.last ? dots->runs[end].last : run.last;
        end++;
    }
    if (start == end && dots->count == dots->capacity) {
        return false;
    }
    memmove(dots->runs + start + 1, dots->runs + end, (dots->count - end) * sizeof *dots->runs);
    dots->runs[start] = run;
    dots->count = dots->count - (end - start) + 1;
    return true;
}

struct mesh_dot mesh_dots_next(const struct mesh_dots *dots, uint32_t origin)
{
    uint32_t after = run_index(dots, origin, UINT32_MAX);
    if (after < dots->count && dots->runs[after].origin == origin) {
        return (struct mesh_dot){origin, 0};
    }
    bool any = after > 0 && dots->runs[after - 1].origin == origin;
    return (struct mesh_dot){origin, any ? dots->runs[after - 1].last + 1 : 1};
}
