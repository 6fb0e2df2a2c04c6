// SPDX-License-Identifier: GPL-3.0-or-later
#include "summary.h"

#include <assert.h>
#include <string.h>

#include <xxhash.h>

#include "allocate.h"
#include "keys.h"
#include "mesh/random.h"
#include "resources.h"

#define NS_PER_MS 1e6
#define NS_PER_S 1e9

// ---- Of an update ----

bool sim_update_counts(const struct sim_update_result *update)
{
    bool anybody = update->cohort > update->gone || update->theta_ns != SIM_TIME_NEVER;
    return update->measured && update->cohort > 0 && anybody;
}

// A sample in rounds of what came `since_ns` after the write. Ticks at i * interval, i >= 1; writes
// come before the tick of the same instant, receipts after it. What the writer alone decides came
// before any tick.
static uint64_t rounds_of(const struct sim_scenario *scenario, const struct sim_result *result,
                          const struct sim_update_result *update, enum sim_reach reach,
                          uint64_t since_ns)
{
    if (scenario->gossip.schedule != MESH_SYNCHRONOUS || since_ns == SIM_TIME_NEVER ||
        since_ns == 0) {
        return since_ns;
    }
    uint64_t interval_ns = result->interval_ns[reach];
    assert(interval_ns > 0);
    uint64_t ticks = (update->written_ns + since_ns) / interval_ns;
    uint64_t before = update->written_ns == 0 ? 0 : (update->written_ns - 1) / interval_ns;
    return (ticks - before) * interval_ns;
}

static bool theta_of(const struct sim_scenario *scenario, const struct sim_result *result,
                     const struct sim_update_result *update, uint64_t *sample)
{
    (void)scenario;
    (void)result;
    *sample = update->theta_ns;
    return true;
}

static bool theta_rounds_of(const struct sim_scenario *scenario, const struct sim_result *result,
                            const struct sim_update_result *update, uint64_t *sample)
{
    *sample = rounds_of(scenario, result, update, SIM_REACH_ALL, update->theta_ns);
    return true;
}

static bool near_of(const struct sim_update_result *update, enum sim_reach reach, uint64_t *sample)
{
    const struct sim_near *near = &update->near[reach];
    *sample = near->theta_ns;
    return near->cohort > near->gone || (near->cohort > 0 && near->theta_ns != SIM_TIME_NEVER);
}

static bool near_rounds_of(const struct sim_scenario *scenario, const struct sim_result *result,
                           const struct sim_update_result *update, enum sim_reach reach,
                           uint64_t *sample)
{
    if (!near_of(update, reach, sample)) {
        return false;
    }
    *sample = rounds_of(scenario, result, update, reach, *sample);
    return true;
}

static bool edge_of(const struct sim_scenario *scenario, const struct sim_result *result,
                    const struct sim_update_result *update, uint64_t *sample)
{
    (void)scenario;
    (void)result;
    return near_of(update, SIM_REACH_EDGE, sample);
}

static bool edge_rounds_of(const struct sim_scenario *scenario, const struct sim_result *result,
                           const struct sim_update_result *update, uint64_t *sample)
{
    return near_rounds_of(scenario, result, update, SIM_REACH_EDGE, sample);
}

static bool region_of(const struct sim_scenario *scenario, const struct sim_result *result,
                      const struct sim_update_result *update, uint64_t *sample)
{
    (void)scenario;
    (void)result;
    return near_of(update, SIM_REACH_REGION, sample);
}

static bool region_rounds_of(const struct sim_scenario *scenario, const struct sim_result *result,
                             const struct sim_update_result *update, uint64_t *sample)
{
    return near_rounds_of(scenario, result, update, SIM_REACH_REGION, sample);
}

static bool half_of(const struct sim_scenario *scenario, const struct sim_result *result,
                    const struct sim_update_result *update, uint64_t *sample)
{
    (void)scenario;
    (void)result;
    *sample = update->half_ns;
    return true;
}

static bool p99_of(const struct sim_scenario *scenario, const struct sim_result *result,
                   const struct sim_update_result *update, uint64_t *sample)
{
    (void)scenario;
    (void)result;
    *sample = update->p99_ns;
    return true;
}

static bool all_of(const struct sim_scenario *scenario, const struct sim_result *result,
                   const struct sim_update_result *update, uint64_t *sample)
{
    (void)scenario;
    (void)result;
    *sample = update->all_ns;
    return true;
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
        uint64_t left = update->cohort - update->gone;
        if (sim_update_counts(update) && left > 0) {
            uint64_t missing = left - update->held;
            sum_ppb += (missing * SIM_ONE_PPB + left - 1) / left;
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
            sum_ns += rounds_of(scenario, result, update, SIM_REACH_ALL, update->last_receipt_ns);
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
                            "convergence", "ns", NS_PER_MS, false, SIM_REACH_ALL, theta_of, NULL},
    [SIM_CONVERGENCE_ROUNDS] = {"convergence_rounds", "rounds", "the same, in gossip rounds", NULL,
                                "ns", 0, false, SIM_REACH_ALL, theta_rounds_of, NULL},
    [SIM_EDGE_CONVERGENCE_MS] = {"edge_convergence_ms", "ms",
                                 "until theta of the writer's edge hold the update",
                                 "edge_convergence", "ns", NS_PER_MS, false, SIM_REACH_EDGE,
                                 edge_of, NULL},
    [SIM_EDGE_CONVERGENCE_ROUNDS] = {"edge_convergence_rounds", "rounds",
                                     "the same, in rounds of the edge", NULL, "ns", 0, false,
                                     SIM_REACH_EDGE, edge_rounds_of, NULL},
    [SIM_REGION_CONVERGENCE_MS] = {"region_convergence_ms", "ms",
                                   "until theta of the writer's region hold the update",
                                   "region_convergence", "ns", NS_PER_MS, false, SIM_REACH_REGION,
                                   region_of, NULL},
    [SIM_REGION_CONVERGENCE_ROUNDS] = {"region_convergence_rounds", "rounds",
                                       "the same, in rounds of the region", NULL, "ns", 0, false,
                                       SIM_REACH_REGION, region_rounds_of, NULL},
    [SIM_REACH_50_MS] = {"reach_50_ms", "ms", "until half of the cohort hold the update",
                         "reach_50", "ns", NS_PER_MS, false, SIM_REACH_ALL, half_of, NULL},
    [SIM_REACH_99_MS] = {"reach_99_ms", "ms", "until 99 % of the cohort hold the update",
                         "reach_99", "ns", NS_PER_MS, false, SIM_REACH_ALL, p99_of, NULL},
    [SIM_REACH_ALL_MS] = {"reach_all_ms", "ms", "until all of the cohort hold the update",
                          "reach_all", "ns", NS_PER_MS, false, SIM_REACH_ALL, all_of, NULL},
    [SIM_MESSAGES] = {"messages", "messages", "sent in a repetition", "messages", "count", 1, false,
                      SIM_REACH_ALL, NULL, messages_of},
    [SIM_BYTES] = {"bytes", "bytes", "sent in a repetition, as encoded", "bytes", "bytes", 1, false,
                   SIM_REACH_ALL, NULL, bytes_of},
    [SIM_TRANSPORT_BYTES] = {"transport_bytes", "bytes", "what the transport adds to them",
                             "transport_bytes", "bytes", 1, false, SIM_REACH_ALL, NULL,
                             transport_bytes_of},
    [SIM_OUTSIDE_BYTES] = {"outside_bytes", "bytes",
                           "on the wire between hosts, with transport and handshakes",
                           "outside_bytes", "bytes", 1, false, SIM_REACH_ALL, NULL,
                           sim_outside_bytes_of},
    [SIM_DIGEST_BYTES] = {"digest_bytes", "bytes",
                          "of the encoded bytes, hashes and vectors of exchanges", "digest_bytes",
                          "bytes", 1, false, SIM_REACH_ALL, NULL, sim_digest_bytes_of},
    [SIM_IDLE_BYTES] = {"idle_bytes", "bytes",
                        "of the encoded bytes, messages that brought and asked for nothing",
                        "idle_bytes", "bytes", 1, false, SIM_REACH_ALL, NULL, sim_idle_bytes_of},
    [SIM_SAVED_BYTES] = {"saved_bytes", "bytes", "of the encoded bytes, saved by compression",
                         "saved_bytes", "bytes", 1, false, SIM_REACH_ALL, NULL, sim_saved_bytes_of},
    [SIM_HANDSHAKES] = {"handshakes", "handshakes", "on first contact, after silence, on rotation",
                        "handshakes", "count", 1, false, SIM_REACH_ALL, NULL, sim_handshakes_of},
    [SIM_HANDSHAKE_BYTES] = {"handshake_bytes", "bytes", "of handshakes, in both directions",
                             "handshake_bytes", "bytes", 1, false, SIM_REACH_ALL, NULL,
                             sim_handshake_bytes_of},
    [SIM_BANDWIDTH_MB_PER_S] = {"bandwidth_mb_per_s", "MB/s",
                                "encoded megabytes (1,000,000 bytes) per simulated second",
                                "bandwidth", "bytes/s", 1e6, false, SIM_REACH_ALL, NULL,
                                bandwidth_of},
    [SIM_UPDATES_SENT_PER_NODE] = {"updates_sent_per_node", "copies",
                                   "copies of an update sent, per measured update and node",
                                   "updates_sent_per_node", "ppb", SIM_ONE_PPB, false,
                                   SIM_REACH_ALL, NULL, updates_sent_of},
    [SIM_RESIDUE] = {"residue", "share", "share of the cohort that never holds an update",
                     "residue", "ppb", SIM_ONE_PPB, false, SIM_REACH_ALL, NULL, residue_of},
    [SIM_LAST_RECEIPT_ROUNDS] = {"last_receipt_rounds", "rounds",
                                 "until an update's last receipt, mean over its updates",
                                 "last_receipt", "ns", 0, false, SIM_REACH_ALL, NULL,
                                 last_receipt_of},
    [SIM_HOST_CPU_PERCENT] = {"host_cpu_percent", "%",
                              "of the processors of the host and second with most", "host_cpu",
                              "ppb", 1e7, false, SIM_REACH_ALL, NULL, sim_host_cpu_of},
    [SIM_HOST_PACKETS_PER_S] = {"host_packets_per_s", "packets/s",
                                "to and from the host and second with most", "host_packets",
                                "count", 1, false, SIM_REACH_ALL, NULL, sim_host_packets_of},
    [SIM_HOST_GBIT_PER_S] = {"host_gbit_per_s", "Gbit/s",
                             "in the fuller direction of the host and second with most",
                             "host_bandwidth", "bytes/s", 1.25e8, false, SIM_REACH_ALL, NULL,
                             sim_host_bandwidth_of},
    [SIM_HOST_MEMORY_BYTES] = {"host_memory_bytes", "bytes",
                               "replicas and connections of the host with most", "host_memory",
                               "bytes", 1, false, SIM_REACH_ALL, NULL, sim_host_memory_of},
    [SIM_HOST_CONNECTIONS] = {"host_connections", "connections",
                              "of the host with most, at a second's end", "host_connections",
                              "count", 1, false, SIM_REACH_ALL, NULL, sim_host_connections_of},
    [SIM_REJOIN_MS] = {"rejoin_ms", "ms",
                       "from an agent's return until it holds all that was written before",
                       "rejoin", "ns", NS_PER_MS, false, SIM_REACH_ALL, NULL, NULL},
    [SIM_UNWRITTEN] = {"unwritten", "updates",
                       "not written, since their agents were down or paused", "unwritten", "count",
                       1, false, SIM_REACH_ALL, NULL, sim_unwritten_of},
    [SIM_LAGGING_AGENTS] = {"lagging_agents", "agents",
                            "up at the end of a repetition, and lacking an update",
                            "lagging_agents", "count", 1, false, SIM_REACH_ALL, NULL,
                            sim_lagging_of},
    [SIM_WALL_S] = {"wall_s", "s", "real time a repetition took", "wall", "ns", NS_PER_S, true,
                    SIM_REACH_ALL, NULL, wall_of},
    [SIM_PEAK_RSS_BYTES] = {"peak_rss_bytes", "bytes", "largest resident memory of the process",
                            "peak_rss", "bytes", 1, true, SIM_REACH_ALL, NULL, peak_rss_of},
};

double sim_metric_scale(enum sim_metric_id metric, const struct sim_summary *summary)
{
    double scale = sim_metrics[metric].scale;
    return scale > 0 ? scale : (double)summary->interval_ns[sim_metrics[metric].reach];
}

bool sim_metric_applies(enum sim_metric_id metric, const struct sim_scenario *scenario)
{
    if (sim_metric_is_of_faults(metric) && scenario->fault_count == 0) {
        return false;
    }
    switch (sim_metrics[metric].reach) {
    case SIM_REACH_EDGE: return scenario->topology == SIM_HIERARCHICAL;
    case SIM_REACH_REGION: return scenario->region_count > 1;
    case SIM_REACH_ALL:
    case SIM_REACH_COUNT: break;
    }
    return true;
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

static void add_traffic(struct sim_traffic *sum, const struct sim_traffic *traffic)
{
    sum->messages += traffic->messages;
    sum->bytes += traffic->bytes;
    sum->saved_bytes += traffic->saved_bytes;
    sum->transport_bytes += traffic->transport_bytes;
    sum->digest_bytes += traffic->digest_bytes;
    sum->updates += traffic->updates;
    sum->duplicated += traffic->duplicated;
    sum->lost += traffic->lost;
    sum->dropped += traffic->dropped;
    sum->corrupted += traffic->corrupted;
    sum->cut += traffic->cut;
    sum->dead += traffic->dead;
    sum->refused += traffic->refused;
    sum->delivered += traffic->delivered;
    sum->idle += traffic->idle;
    sum->idle_bytes += traffic->idle_bytes;
    sum->handshakes += traffic->handshakes;
    sum->resumed += traffic->resumed;
    sum->handshake_bytes += traffic->handshake_bytes;
}

// `run` repetitions are in the mean already.
static void add_tier(struct sim_tier_use *sum, const struct sim_tier_use *tier, uint32_t run)
{
    sum->hosts = tier->hosts;
    for (uint32_t i = 0; i < SIM_RESOURCE_COUNT; i++) {
        mesh_uint128 total = (mesh_uint128)sum->mean[i] * run + tier->mean[i];
        sum->mean[i] = (uint64_t)(total / (run + 1));
        sum->peak[i] = tier->peak[i] > sum->peak[i] ? tier->peak[i] : sum->peak[i];
        sum->limit[i] = tier->limit[i];
    }
}

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
        for (uint32_t i = 0; metric->of_update == NULL && i < result->rejoin_count; i++) {
            sim_samples_add(samples, result->rejoins[i].after_ns, run);
        }
        for (uint32_t i = 0; metric->of_update != NULL && i < result->update_count; i++) {
            const struct sim_update_result *update = &result->updates[i];
            if (sim_update_counts(update) && metric->of_update(scenario, result, update, &sample)) {
                sim_samples_add(samples, sample, run);
            }
        }
    }
    for (uint32_t kind = 0; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
            add_traffic(&summary->traffic[kind][pair], &result->traffic[kind][pair]);
        }
    }
    for (uint32_t tier = 0; tier < SIM_TIER_COUNT; tier++) {
        add_tier(&summary->tiers[tier], &result->tiers[tier], run);
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

// A reach that the mesh does not have is 0 in its results and has no samples to be divided.
static void set_intervals(struct sim_summary *summary, const struct sim_scenario *scenario,
                          const struct sim_result *results, uint32_t count)
{
    for (int reach = 0; reach < SIM_REACH_COUNT; reach++) {
        summary->interval_ns[reach] = scenario->gossip.interval_ns;
        for (uint32_t i = 0; i < count; i++) {
            if (!results[i].interrupted && results[i].interval_ns[reach] > 0) {
                summary->interval_ns[reach] = results[i].interval_ns[reach];
            }
        }
    }
}

void sim_summary_init(struct sim_summary *summary, const struct sim_scenario *scenario,
                      const struct sim_result *results, uint32_t count)
{
    *summary = (struct sim_summary){0};
    set_intervals(summary, scenario, results, count);
    for (uint32_t i = 0; i < count; i++) {
        if (!results[i].interrupted) {
            add_result(summary, scenario, &results[i]);
        }
    }
    summary->fingerprint = combined_fingerprint(results, count);
    summary->aggregation = sim_aggregation_of(results, count);
    sim_fault_figures_init(&summary->faults, scenario, results, count);
    for (enum sim_metric_id id = 0; id < SIM_METRIC_COUNT; id++) {
        struct sim_samples *samples = &summary->samples[id];
        samples->run_count = summary->run_count;
        sim_samples_sort(samples);
        summary->statistics[id] = sim_statistics_of(samples, sim_metric_scale(id, summary));
    }
}

void sim_summary_release(struct sim_summary *summary)
{
    for (enum sim_metric_id id = 0; id < SIM_METRIC_COUNT; id++) {
        sim_samples_finish(&summary->samples[id]);
    }
}

void sim_summary_finish(struct sim_summary *summary)
{
    sim_summary_release(summary);
    sim_fault_figures_finish(&summary->faults);
}
