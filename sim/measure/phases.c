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

// Whether anything is expected of the phase.
static bool is_expected(const struct sim_scenario *scenario, const struct sim_phase *phase)
{
    bool expected = false;
    for (uint32_t i = 0; i < scenario->expectation_count; i++) {
        expected |= scenario->expectations[i].phase == phase;
    }
    return expected;
}

// The summary of a run in which nothing else was written.
static struct sim_summary *summarise(const struct sim_scenario *scenario,
                                     const struct sim_result *results, uint32_t count,
                                     uint64_t from_ns, uint64_t until_ns)
{
    struct sim_scenario whole = *scenario;
    struct sim_result *parts = sim_memory_zeroed(count * sizeof *parts);
    struct sim_summary *summary = sim_memory_zeroed(sizeof *summary);
    whole.phase_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t found = 0;
        parts[i] = results[i];
        parts[i].updates =
            sim_memory_zeroed((results[i].update_count + 1) * sizeof *parts[i].updates);
        for (uint32_t j = 0; j < results[i].update_count; j++) {
            uint64_t written_ns = results[i].updates[j].written_ns;
            if (written_ns >= from_ns && written_ns < until_ns) {
                parts[i].updates[found++] = results[i].updates[j];
            }
        }
        parts[i].update_count = found;
    }
    sim_summary_init(summary, &whole, parts, count);
    for (uint32_t i = 0; i < count; i++) {
        sim_memory_free(parts[i].updates);
    }
    sim_memory_free(parts);
    return summary;
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
            .alone = is_expected(scenario, phase)
                         ? summarise(scenario, results, count, phase->at_ns, until_ns)
                         : NULL,
        };
    }
    sim_memory_free(times_ns);
}

void sim_phases_finish(struct sim_phases *phases)
{
    for (uint32_t i = 0; i < phases->count; i++) {
        if (phases->items[i].alone != NULL) {
            sim_summary_finish(phases->items[i].alone);
            sim_memory_free(phases->items[i].alone);
        }
    }
    sim_memory_free(phases->items);
}
