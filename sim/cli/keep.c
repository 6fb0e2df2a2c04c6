// SPDX-License-Identifier: GPL-3.0-or-later
#include "keep.h"

#include <math.h>
#include <string.h>

#include "allocate.h"
#include "version.h"

#define STATISTICS 8  // of a metric
#define NS_PER_US 1000

static const struct {
    const char *name;
    uint32_t share_ppb;
} quantiles[] = {
    {"min", 0},
    {"p50", SIM_ONE_PPB / 2},
    {"p95", SIM_ONE_PPB / 100 * 95},
    {"p99", SIM_ONE_PPB / 100 * 99},
    {"max", SIM_ONE_PPB},
};
#define QUANTILES (sizeof quantiles / sizeof *quantiles)

// ---- Into the store ----

// Of a mean or a deviation as shown. Sums in floating point may differ in their last digits from
// machine to machine, so times are kept to the microsecond.
static struct sim_store_metric moment_of(const struct sim_metric *metric, const char *statistic,
                                         double shown, double scale)
{
    double step = strcmp(metric->stored_unit, "ns") == 0 ? NS_PER_US : 1;
    uint64_t value =
        isfinite(shown) ? (uint64_t)llround(shown * scale / step) * (uint64_t)step : SIM_TIME_NEVER;
    return (struct sim_store_metric){metric->stored_name, statistic, metric->stored_unit, value};
}

// Whether the store has figures of it, and no samples from which they could be made again.
static bool is_kept_whole(enum sim_metric_id id)
{
    return sim_metrics[id].of_reports || sim_metric_is_of_membership(id);
}

static uint32_t list_metrics(const struct sim_scenario *scenario, const struct sim_summary *summary,
                             struct sim_store_metric *metrics)
{
    uint32_t count = 0;
    for (enum sim_metric_id id = 0; id < SIM_METRIC_COUNT; id++) {
        const struct sim_metric *metric = &sim_metrics[id];
        const struct sim_samples *samples = &summary->samples[id];
        if (metric->stored_name == NULL || metric->host || !sim_metric_applies(id, scenario)) {
            continue;
        }
        metrics[count++] =
            (struct sim_store_metric){metric->stored_name, "n", "count", samples->count};
        for (uint32_t i = 0; samples->count > 0 && i < QUANTILES; i++) {
            metrics[count++] = (struct sim_store_metric){
                metric->stored_name, quantiles[i].name, metric->stored_unit,
                sim_quantile(samples, quantiles[i].share_ppb)};
        }
        if (is_kept_whole(id) && samples->count > 0) {
            const struct sim_statistics *statistics = &summary->statistics[id];
            double scale = sim_metric_scale(id, summary);
            metrics[count++] = moment_of(metric, "mean", statistics->mean, scale);
            metrics[count++] = moment_of(metric, "sd", statistics->sd, scale);
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

// `text` [SIM_EXPECTATION_BYTES] has to live as long.
static struct sim_store_expectation expectation_of(const struct sim_expectation_verdict *verdict,
                                                   char *text)
{
    sim_expectation_text(verdict->expectation, text, SIM_EXPECTATION_BYTES);
    return (struct sim_store_expectation){
        .text = text,
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
    struct sim_store_metric metrics[SIM_METRIC_COUNT * STATISTICS];
    uint32_t metric_count = list_metrics(scenario, &finding->summary, metrics);
    struct sim_store_verdict *verdicts =
        sim_memory_zeroed(finding->verdict_count * sizeof *verdicts);
    struct sim_store_expectation *expectations =
        sim_memory_zeroed(scenario->expectation_count * sizeof *expectations);
    char *texts = sim_memory_zeroed((size_t)scenario->expectation_count * SIM_EXPECTATION_BYTES);
    for (uint32_t i = 0; i < finding->verdict_count; i++) {
        verdicts[i] = verdict_of(&finding->verdicts[i]);
    }
    for (uint32_t i = 0; i < scenario->expectation_count; i++) {
        expectations[i] =
            expectation_of(&finding->expectations[i], texts + (size_t)i * SIM_EXPECTATION_BYTES);
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
    sim_memory_free(texts);
    return stored;
}

// ---- Out of the store ----

static void put_statistic(struct sim_statistics *statistics, const struct sim_store_metric *row,
                          double scale)
{
    const struct {
        const char *name;
        double *place;
        double never;
    } places[] = {
        {"min", &statistics->min, INFINITY}, {"p50", &statistics->p50, INFINITY},
        {"p95", &statistics->p95, INFINITY}, {"p99", &statistics->p99, INFINITY},
        {"max", &statistics->max, INFINITY}, {"mean", &statistics->mean, NAN},
        {"sd", &statistics->sd, NAN},
    };
    if (strcmp(row->statistic, "n") == 0) {
        statistics->count = row->value;
    }
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (strcmp(row->statistic, places[i].name) == 0) {
            *places[i].place =
                row->value == SIM_TIME_NEVER ? places[i].never : (double)row->value / scale;
        }
    }
}

void sim_keep_restore_metrics(const struct sim_store_metric *metrics, uint32_t count,
                              struct sim_finding *finding)
{
    struct sim_summary *summary = &finding->summary;
    for (enum sim_metric_id id = 0; id < SIM_METRIC_COUNT; id++) {
        double scale = sim_metric_scale(id, summary);
        for (uint32_t i = 0; is_kept_whole(id) && i < count; i++) {
            if (strcmp(metrics[i].metric, sim_metrics[id].stored_name) == 0) {
                put_statistic(&summary->statistics[id], &metrics[i], scale);
            }
        }
    }
}
