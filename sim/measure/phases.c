// SPDX-License-Identifier: GPL-3.0-or-later
#include "phases.h"

#include <stdlib.h>

#include "allocate.h"
#include "summary.h"

static int by_time(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

// Of the sorted times [count] the one that `percent` of them do not exceed.
static uint64_t rank(const uint64_t *times_ns, uint64_t count, uint64_t percent)
{
    return count == 0 ? SIM_TIME_NEVER : times_ns[(count * percent + 99) / 100 - 1];
}

// Times to theta of what was written in [from_ns, until_ns); returns how many.
static uint64_t gather(const struct sim_result *results, uint32_t count, uint64_t from_ns,
                       uint64_t until_ns, uint64_t *times_ns)
{
    uint64_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < results[i].update_count && !results[i].interrupted; j++) {
            const struct sim_update_result *update = &results[i].updates[j];
            if (sim_update_counts(update) && update->written_ns >= from_ns &&
                update->written_ns < until_ns) {
                times_ns[found++] = update->theta_ns;
            }
        }
    }
    qsort(times_ns, found, sizeof *times_ns, by_time);
    return found;
}

void sim_phases_init(struct sim_phases *phases, const struct sim_scenario *scenario,
                     const struct sim_result *results, uint32_t count)
{
    uint64_t most = 1;
    *phases = (struct sim_phases){.count = scenario->phase_count};
    if (phases->count == 0) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        most += results[i].update_count;
    }
    uint64_t *times_ns = sim_memory_zeroed(most * sizeof *times_ns);
    phases->items = sim_memory_zeroed(phases->count * sizeof *phases->items);
    for (uint32_t i = 0; i < phases->count; i++) {
        const struct sim_phase *phase = &scenario->phases[i];
        uint64_t until_ns = i + 1 < phases->count ? phase[1].at_ns : UINT64_MAX;
        uint64_t updates = gather(results, count, phase->at_ns, until_ns, times_ns);
        phases->items[i] = (struct sim_phase_figures){
            .name = phase->name,
            .at_ns = phase->at_ns,
            .updates = updates,
            .p50_ns = rank(times_ns, updates, 50),
            .p95_ns = rank(times_ns, updates, 95),
            .max_ns = rank(times_ns, updates, 100),
        };
    }
    sim_memory_free(times_ns);
}

void sim_phases_finish(struct sim_phases *phases)
{
    sim_memory_free(phases->items);
}
