// SPDX-License-Identifier: GPL-3.0-or-later
#include "statistics.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_statistics_double.h>

#include "allocate.h"
#include "mesh/random.h"

void sim_samples_add(struct sim_samples *samples, uint64_t value, uint32_t run)
{
    if (samples->count == samples->capacity) {
        samples->capacity = samples->capacity == 0 ? 64 : samples->capacity * 2;
        samples->items =
            sim_memory_resize(samples->items, samples->capacity * sizeof *samples->items);
    }
    samples->items[samples->count++] = (struct sim_sample){.value = value, .run = run};
    if (run >= samples->run_count) {
        samples->run_count = run + 1;
    }
}

static int compare_samples(const void *left, const void *right)
{
    const struct sim_sample *a = left;
    const struct sim_sample *b = right;
    if (a->value != b->value) {
        return a->value < b->value ? -1 : 1;
    }
    return (a->run > b->run) - (a->run < b->run);
}

void sim_samples_sort(struct sim_samples *samples)
{
    if (samples->count > 1) {
        qsort(samples->items, samples->count, sizeof *samples->items, compare_samples);
    }
}

void sim_samples_finish(struct sim_samples *samples)
{
    sim_memory_free(samples->items);
    *samples = (struct sim_samples){0};
}

uint64_t sim_samples_never(const struct sim_samples *samples)
{
    uint64_t count = 0;
    while (count < samples->count &&
           samples->items[samples->count - 1 - count].value == SIM_TIME_NEVER) {
        count++;
    }
    return count;
}

uint64_t sim_quantile(const struct sim_samples *samples, uint32_t share_ppb)
{
    assert(samples->count > 0 && share_ppb <= SIM_ONE_PPB);
    mesh_uint128 part = (mesh_uint128)samples->count * share_ppb;
    uint64_t rank = (uint64_t)((part + SIM_ONE_PPB - 1) / SIM_ONE_PPB);
    return samples->items[rank == 0 ? 0 : rank - 1].value;
}

static double shown_quantile(const struct sim_samples *samples, uint32_t share_ppb, double scale)
{
    uint64_t value = sim_quantile(samples, share_ppb);
    return value == SIM_TIME_NEVER ? INFINITY : (double)value / scale;
}

// Sorted samples: one that never came is the last, and then there is no mean.
static void set_moments(const struct sim_samples *samples, double scale,
                        struct sim_statistics *statistics)
{
    if (samples->items[samples->count - 1].value == SIM_TIME_NEVER) {
        return;
    }
    double *values = sim_memory_zeroed(samples->count * sizeof *values);
    for (uint64_t i = 0; i < samples->count; i++) {
        values[i] = (double)samples->items[i].value / scale;
    }
    statistics->mean = gsl_stats_mean(values, 1, samples->count);
    if (samples->count > 1) {
        statistics->sd = gsl_stats_sd_m(values, 1, samples->count, statistics->mean);
    }
    sim_memory_free(values);
}

struct sim_statistics sim_statistics_of(const struct sim_samples *samples, double scale)
{
    struct sim_statistics statistics = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, samples->count};
    if (samples->count > 0) {
        set_moments(samples, scale, &statistics);
        statistics.min = shown_quantile(samples, 0, scale);
        statistics.p50 = shown_quantile(samples, 500000000, scale);
        statistics.p95 = shown_quantile(samples, 950000000, scale);
        statistics.p99 = shown_quantile(samples, 990000000, scale);
        statistics.max = shown_quantile(samples, SIM_ONE_PPB, scale);
    }
    return statistics;
}
