// SPDX-License-Identifier: GPL-3.0-or-later
#include "keep.h"

#include <math.h>

#include "allocate.h"
#include "version.h"

#define STATISTICS 6         // of a metric
#define REPORT_STATISTICS 7  // of how long reports take
#define NS_PER_MS 1e6
#define NS_PER_US 1000

static uint32_t list_metrics(const struct sim_scenario *scenario, const struct sim_summary *summary,
                             struct sim_store_metric *metrics)
{
    static const struct {
        const char *name;
        uint32_t share_ppb;
    } quantiles[STATISTICS - 1] = {
        {"min", 0},
        {"p50", SIM_ONE_PPB / 2},
        {"p95", SIM_ONE_PPB / 100 * 95},
        {"p99", SIM_ONE_PPB / 100 * 99},
        {"max", SIM_ONE_PPB},
    };
    uint32_t count = 0;
    for (enum sim_metric_id id = 0; id < SIM_METRIC_COUNT; id++) {
        const struct sim_metric *metric = &sim_metrics[id];
        const struct sim_samples *samples = &summary->samples[id];
        if (metric->stored_name == NULL || metric->host || !sim_metric_applies(id, scenario)) {
            continue;
        }
        metrics[count++] =
            (struct sim_store_metric){metric->stored_name, "n", "count", samples->count};
        for (uint32_t i = 0; samples->count > 0 && i < STATISTICS - 1; i++) {
            metrics[count++] = (struct sim_store_metric){
                metric->stored_name, quantiles[i].name, metric->stored_unit,
                sim_quantile(samples, quantiles[i].share_ppb)};
        }
    }
    return count;
}

static uint64_t stored_ns(double ms)
{
    return isfinite(ms) ? (uint64_t)llround(ms * NS_PER_MS) : SIM_TIME_NEVER;
}

// Sums in floating point may differ in their last digits from machine to machine.
static uint64_t stored_us(double ms)
{
    return isfinite(ms) ? (uint64_t)llround(ms * NS_PER_MS / NS_PER_US) * NS_PER_US
                        : SIM_TIME_NEVER;
}

// Reports are too many to be kept one by one.
static uint32_t list_report_metrics(const struct sim_aggregation *aggregation,
                                    struct sim_store_metric *metrics)
{
    uint32_t count = 0;
    for (enum sim_report_reach reach = 0; reach < SIM_REPORT_REACH_COUNT; reach++) {
        const char *name = sim_report_stored_name(reach);
        const struct sim_statistics *times = &aggregation->times[reach];
        if (aggregation->total.reports == 0) {
            return 0;
        }
        metrics[count++] = (struct sim_store_metric){name, "n", "count", times->count};
        if (times->count == 0) {
            continue;
        }
        const struct sim_store_metric figures[] = {
            {name, "p50", "ns", stored_ns(times->p50)},
            {name, "p95", "ns", stored_ns(times->p95)},
            {name, "p99", "ns", stored_ns(times->p99)},
            {name, "max", "ns", stored_ns(times->max)},
            {name, "mean", "ns", stored_us(times->mean)},
            {name, "sd", "ns", stored_us(times->sd)},
        };
        for (uint32_t i = 0; i < sizeof figures / sizeof *figures; i++) {
            metrics[count++] = figures[i];
        }
    }
    return count;
}

static struct sim_store_verdict verdict_of(const struct sim_verdict *verdict)
{
    const struct sim_claim *claim = verdict->claim;
    return (struct sim_store_verdict){
        .claim_id = claim->id,
        .claim = claim->quote,
        .section = claim->section,
        .metric = claim->stored_metric,
        .statistic = claim->stored_statistic,
        .unit = claim->stored_unit,
        .target_low = verdict->target_low,
        .target_high = verdict->target_high,
        .measured = verdict->has_measured ? verdict->measured : SIM_TIME_NEVER,
        .low = verdict->has_interval ? verdict->low : SIM_TIME_NEVER,
        .high = verdict->has_interval ? verdict->high : SIM_TIME_NEVER,
        .samples = verdict->samples,
        .verdict = sim_verdict_name(verdict->kind),
        .why = verdict->why,
    };
}

static struct sim_store_expectation expectation_of(const struct sim_expectation_verdict *verdict)
{
    return (struct sim_store_expectation){
        .text = verdict->expectation->text,
        .unit = verdict->stored_unit,
        .measured = verdict->stored,
        .outcome = sim_outcome_name(verdict->outcome),
        .why = verdict->why,
    };
}

bool sim_keep_finding(struct sim_store *store, const struct sim_store_source *sources,
                      uint32_t source_count, const struct sim_result *results,
                      uint32_t result_count, struct sim_finding *finding, struct sim_error *error)
{
    const struct sim_scenario *scenario = finding->cell->scenario;
    struct sim_store_metric
        metrics[SIM_METRIC_COUNT * STATISTICS + SIM_REPORT_REACH_COUNT * REPORT_STATISTICS];
    uint32_t metric_count = list_metrics(scenario, &finding->summary, metrics);
    metric_count += list_report_metrics(&finding->summary.aggregation, metrics + metric_count);
    struct sim_store_verdict *verdicts =
        sim_memory_zeroed(finding->verdict_count * sizeof *verdicts);
    struct sim_store_expectation *expectations =
        sim_memory_zeroed(scenario->expectation_count * sizeof *expectations);
    for (uint32_t i = 0; i < finding->verdict_count; i++) {
        verdicts[i] = verdict_of(&finding->verdicts[i]);
    }
    for (uint32_t i = 0; i < scenario->expectation_count; i++) {
        expectations[i] = expectation_of(&finding->expectations[i]);
    }
    const struct sim_store_run run = {
        .scenario = scenario,
        .engine_version = sim_engine_version,
        .fingerprint = finding->summary.fingerprint,
        .sources = sources,
        .source_count = source_count,
        .results = results,
        .result_count = result_count,
        .metrics = metrics,
        .metric_count = metric_count,
        .verdicts = verdicts,
        .verdict_count = finding->verdict_count,
        .expectations = expectations,
        .expectation_count = scenario->expectation_count,
    };
    bool stored = sim_store_write_run(store, &run, &finding->run_id, error);
    sim_memory_free(verdicts);
    sim_memory_free(expectations);
    return stored;
}
