// SPDX-License-Identifier: GPL-3.0-or-later
#include "summary.h"

#include <string.h>

#include <xxhash.h>

#include "allocate.h"
#include "keys.h"
#include "mesh/random.h"

#define NS_PER_MS 1e6
#define NS_PER_S 1e9

// ---- Of an update ----

bool sim_update_counts(const struct sim_update_result *update)
{
    return update->measured && update->cohort > 0;
}

// A sample in rounds of what came `since_ns` after the write. Ticks at i * interval, i >= 1; writes
// come before the tick of the same instant, receipts after it. What the writer alone decides came
// before any tick.
static uint64_t rounds_of(const struct sim_scenario *scenario, const struct sim_result *result,
                          const struct sim_update_result *update, uint64_t since_ns)
{
    if (scenario->gossip.schedule != MESH_SYNCHRONOUS || since_ns == SIM_TIME_NEVER ||
        since_ns == 0) {
        return since_ns;
    }
    uint64_t interval_ns = result->interval_ns[SIM_REACH_ALL];
    uint64_t ticks = (update->written_ns + since_ns) / interval_ns;
    uint64_t before = update->written_ns == 0 ? 0 : (update->written_ns - 1) / interval_ns;
    return (ticks - before) * interval_ns;
}

static uint64_t theta_of(const struct sim_scenario *scenario, const struct sim_result *result,
                         const struct sim_update_result *update)
{
    (void)scenario;
    (void)result;
    return update->theta_ns;
}

static uint64_t theta_rounds_of(const struct sim_scenario *scenario,
                                const struct sim_result *result,
                                const struct sim_update_result *update)
{
    return rounds_of(scenario, result, update, update->theta_ns);
}

static uint64_t half_of(const struct sim_scenario *scenario, const struct sim_result *result,
                        const struct sim_update_result *update)
{
    (void)scenario;
    (void)result;
    return update->half_ns;
}

static uint64_t p99_of(const struct sim_scenario *scenario, const struct sim_result *result,
                       const struct sim_update_result *update)
{
    (void)scenario;
    (void)result;
    return update->p99_ns;
}

static uint64_t all_of(const struct sim_scenario *scenario, const struct sim_result *result,
                       const struct sim_update_result *update)
{
    (void)scenario;
    (void)result;
    return update->all_ns;
}

// ---- Of a repetition ----

static uint64_t traffic_sum(const struct sim_result *result,
                            uint64_t (*of)(const struct sim_traffic *traffic))
{
    uint64_t sum = 0;
    for (int kind = 0; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        for (int pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
            sum += of(&result->traffic[kind][pair]);
        }
    }
    return sum;
}

static uint64_t messages_in(const struct sim_traffic *traffic)
{
    return traffic->messages;
}

static uint64_t bytes_in(const struct sim_traffic *traffic)
{
    return traffic->bytes;
}

static uint64_t transport_bytes_in(const struct sim_traffic *traffic)
{
    return traffic->transport_bytes;
}

static uint64_t updates_in(const struct sim_traffic *traffic)
{
    return traffic->updates;
}

static bool messages_of(const struct sim_scenario *scenario, const struct sim_result *result,
                        uint64_t *sample)
{
    (void)scenario;
    *sample = traffic_sum(result, messages_in);
    return true;
}

static bool bytes_of(const struct sim_scenario *scenario, const struct sim_result *result,
                     uint64_t *sample)
{
    (void)scenario;
    *sample = traffic_sum(result, bytes_in);
    return true;
}

static bool transport_bytes_of(const struct sim_scenario *scenario, const struct sim_result *result,
                               uint64_t *sample)
{
    (void)scenario;
    *sample = traffic_sum(result, transport_bytes_in);
    return true;
}

// Encoded bytes per simulated second, over the time in which traffic is counted.
static bool bandwidth_of(const struct sim_scenario *scenario, const struct sim_result *result,
                         uint64_t *sample)
{
    uint64_t warmup_ns = scenario->workload.warmup_ns;
    if (result->simulated_ns <= warmup_ns) {
        return false;
    }
    mesh_uint128 bytes = traffic_sum(result, bytes_in);
    *sample = (uint64_t)(bytes * (uint64_t)NS_PER_S / (result->simulated_ns - warmup_ns));
    return true;
}

static uint64_t counted_updates(const struct sim_result *result)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < result->update_count; i++) {
        count += sim_update_counts(&result->updates[i]);
    }
    return count;
}

// Demers et al. 1987, section 1.4: traffic m, update messages sent divided by the number of sites.
// Copies of updates from before the end of the warm-up are in neither number.
static bool updates_sent_of(const struct sim_scenario *scenario, const struct sim_result *result,
                            uint64_t *sample)
{
    (void)scenario;
    mesh_uint128 pairs = (mesh_uint128)counted_updates(result) * result->agents;
    if (pairs == 0) {
        return false;
    }
    mesh_uint128 copies = traffic_sum(result, updates_in);
    *sample = (uint64_t)((copies * SIM_ONE_PPB + pairs / 2) / pairs);
    return true;
}

// Demers et al. 1987, section 1.4: residue s, the share still susceptible when the epidemic is
// over. Mean over the updates. Rounded up: a residue that is shown as 0 is 0.
static bool residue_of(const struct sim_scenario *scenario, const struct sim_result *result,
                       uint64_t *sample)
{
    (void)scenario;
    uint64_t updates = 0;
    uint64_t sum_ppb = 0;
    for (uint32_t i = 0; i < result->update_count; i++) {
        const struct sim_update_result *update = &result->updates[i];
        if (sim_update_counts(update)) {
            uint64_t missing = update->cohort - update->held;
            sum_ppb += (missing * SIM_ONE_PPB + update->cohort - 1) / update->cohort;
            updates++;
        }
    }
    *sample = updates == 0 ? 0 : (sum_ppb + updates - 1) / updates;
    return updates > 0;
}

// Demers et al. 1987, section 1.4: delay t_last, until the last site that will get an update has
// it. Mean over the updates of a repetition, each of which is an epidemic of its own.
static bool last_receipt_of(const struct sim_scenario *scenario, const struct sim_result *result,
                            uint64_t *sample)
{
    uint64_t updates = 0;
    mesh_uint128 sum_ns = 0;
    for (uint32_t i = 0; i < result->update_count; i++) {
        const struct sim_update_result *update = &result->updates[i];
        if (sim_update_counts(update)) {
            sum_ns += rounds_of(scenario, result, update, update->last_receipt_ns);
            updates++;
        }
    }
    *sample = updates == 0 ? 0 : (uint64_t)((sum_ns + updates / 2) / updates);
    return updates > 0;
}

static bool wall_of(const struct sim_scenario *scenario, const struct sim_result *result,
                    uint64_t *sample)
{
    (void)scenario;
    *sample = result->wall_ns;
    return true;
}

static bool peak_rss_of(const struct sim_scenario *scenario, const struct sim_result *result,
                        uint64_t *sample)
{
    (void)scenario;
    *sample = result->peak_rss_bytes;
    return true;
}

// ---- The list ----

const struct sim_metric sim_metrics[SIM_METRIC_COUNT] = {
    [SIM_CONVERGENCE_MS] = {"convergence_ms", "ms",
                            "from the write until theta of the cohort hold the update",
                            "convergence", "ns", NS_PER_MS, false, theta_of, NULL},
    [SIM_CONVERGENCE_ROUNDS] = {"convergence_rounds", "rounds", "the same, in gossip rounds", NULL,
                                "ns", 0, false, theta_rounds_of, NULL},
    [SIM_REACH_50_MS] = {"reach_50_ms", "ms", "until half of the cohort hold the update",
                         "reach_50", "ns", NS_PER_MS, false, half_of, NULL},
    [SIM_REACH_99_MS] = {"reach_99_ms", "ms", "until 99 % of the cohort hold the update",
                         "reach_99", "ns", NS_PER_MS, false, p99_of, NULL},
    [SIM_REACH_ALL_MS] = {"reach_all_ms", "ms", "until all of the cohort hold the update",
                          "reach_all", "ns", NS_PER_MS, false, all_of, NULL},
    [SIM_MESSAGES] = {"messages", "messages", "sent in a repetition", "messages", "count", 1, false,
                      NULL, messages_of},
    [SIM_BYTES] = {"bytes", "bytes", "sent in a repetition, as encoded", "bytes", "bytes", 1, false,
                   NULL, bytes_of},
    [SIM_TRANSPORT_BYTES] = {"transport_bytes", "bytes", "what the transport adds to them",
                             "transport_bytes", "bytes", 1, false, NULL, transport_bytes_of},
    [SIM_BANDWIDTH_MB_PER_S] = {"bandwidth_mb_per_s", "MB/s",
                                "encoded megabytes (1,000,000 bytes) per simulated second",
                                "bandwidth", "bytes/s", 1e6, false, NULL, bandwidth_of},
    [SIM_UPDATES_SENT_PER_NODE] = {"updates_sent_per_node", "copies",
                                   "copies of an update sent, per measured update and node",
                                   "updates_sent_per_node", "ppb", SIM_ONE_PPB, false, NULL,
                                   updates_sent_of},
    [SIM_RESIDUE] = {"residue", "share", "share of the cohort that never holds an update",
                     "residue", "ppb", SIM_ONE_PPB, false, NULL, residue_of},
    [SIM_LAST_RECEIPT_ROUNDS] = {"last_receipt_rounds", "rounds",
                                 "until an update's last receipt, mean over its updates",
                                 "last_receipt", "ns", 0, false, NULL, last_receipt_of},
    [SIM_WALL_S] = {"wall_s", "s", "real time a repetition took", "wall", "ns", NS_PER_S, true,
                    NULL, wall_of},
    [SIM_PEAK_RSS_BYTES] = {"peak_rss_bytes", "bytes", "largest resident memory of the process",
                            "peak_rss", "bytes", 1, true, NULL, peak_rss_of},
};

double sim_metric_scale(enum sim_metric_id metric, uint64_t interval_ns)
{
    double scale = sim_metrics[metric].scale;
    return scale > 0 ? scale : (double)interval_ns;
}

enum sim_metric_id sim_metric_find(const char *name, uint32_t length)
{
    enum sim_metric_id metric = 0;
    while (metric < SIM_METRIC_COUNT && (strlen(sim_metrics[metric].name) != length ||
                                         memcmp(sim_metrics[metric].name, name, length) != 0)) {
        metric++;
    }
    return metric;
}

const char *sim_metric_nearest(const char *name)
{
    const char *nearest = NULL;
    uint32_t least = UINT32_MAX;
    for (enum sim_metric_id metric = 0; metric < SIM_METRIC_COUNT; metric++) {
        uint32_t distance = sim_edit_distance(name, sim_metrics[metric].name);
        if (distance < least) {
            least = distance;
            nearest = sim_metrics[metric].name;
        }
    }
    return sim_edit_is_slip(least, name) ? nearest : NULL;
}

// ---- Pooling ----

static void add_result(struct sim_summary *summary, const struct sim_scenario *scenario,
                       const struct sim_result *result)
{
    uint32_t run = summary->run_count;
    for (enum sim_metric_id id = 0; id < SIM_METRIC_COUNT; id++) {
        const struct sim_metric *metric = &sim_metrics[id];
        struct sim_samples *samples = &summary->samples[id];
        uint64_t sample = 0;
        if (metric->of_run != NULL) {
            if (metric->of_run(scenario, result, &sample)) {
                sim_samples_add(samples, sample, run);
            }
            continue;
        }
        for (uint32_t i = 0; i < result->update_count; i++) {
            if (sim_update_counts(&result->updates[i])) {
                sim_samples_add(samples, metric->of_update(scenario, result, &result->updates[i]),
                                run);
            }
        }
    }
    if (result->simulated_ns > summary->simulated_ns) {
        summary->simulated_ns = result->simulated_ns;
    }
    summary->run_count++;
}

// Over the little-endian bytes, so that every machine combines to the same.
static uint64_t combined_fingerprint(const struct sim_result *results, uint32_t count)
{
    uint8_t *bytes = sim_memory_zeroed((size_t)count * 8);
    size_t length = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!results[i].interrupted) {
            for (int shift = 0; shift < 64; shift += 8) {
                bytes[length++] = (uint8_t)(results[i].fingerprint >> shift);
            }
        }
    }
    uint64_t fingerprint = XXH3_64bits(bytes, length);
    sim_memory_free(bytes);
    return fingerprint;
}

void sim_summary_init(struct sim_summary *summary, const struct sim_scenario *scenario,
                      const struct sim_result *results, uint32_t count)
{
    *summary = (struct sim_summary){.interval_ns = scenario->gossip.interval_ns};
    for (uint32_t i = 0; i < count; i++) {
        if (!results[i].interrupted) {
            summary->interval_ns = results[i].interval_ns[SIM_REACH_ALL];
            add_result(summary, scenario, &results[i]);
        }
    }
    summary->fingerprint = combined_fingerprint(results, count);
    summary->aggregation = sim_aggregation_of(results, count);
    for (enum sim_metric_id id = 0; id < SIM_METRIC_COUNT; id++) {
        struct sim_samples *samples = &summary->samples[id];
        samples->run_count = summary->run_count;
        sim_samples_sort(samples);
        summary->statistics[id] =
            sim_statistics_of(samples, sim_metric_scale(id, summary->interval_ns));
    }
}

void sim_summary_finish(struct sim_summary *summary)
{
    for (enum sim_metric_id id = 0; id < SIM_METRIC_COUNT; id++) {
        sim_samples_finish(&summary->samples[id]);
    }
}
