// SPDX-License-Identifier: GPL-3.0-or-later
#include "summary.h"

#include <assert.h>
#include <string.h>

#include <xxhash.h>

#include "aggregation.h"
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
                          uint64_t written_ns, enum sim_reach reach, uint64_t since_ns)
{
    if (scenario->gossip.schedule != MESH_SYNCHRONOUS || since_ns == SIM_TIME_NEVER ||
        since_ns == 0) {
        return since_ns;
    }
    uint64_t interval_ns = result->interval_ns[reach];
    assert(interval_ns > 0);
    uint64_t ticks = (written_ns + since_ns) / interval_ns;
    uint64_t before = written_ns == 0 ? 0 : (written_ns - 1) / interval_ns;
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
    *sample = rounds_of(scenario, result, update->written_ns, SIM_REACH_ALL, update->theta_ns);
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
    *sample = rounds_of(scenario, result, update->written_ns, reach, *sample);
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
            sum_ns += rounds_of(scenario, result, update->written_ns, SIM_REACH_ALL,
                                update->last_receipt_ns);
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

static bool rejoin_of(const struct sim_rejoin *rejoin, uint64_t *sample)
{
    *sample = rejoin->after_ns;
    return true;
}

// ---- The list ----

// Of reports; rounds are those of the slowest ticks within the reach.
#define REPORT_MS(level, coming, within, said)                                               \
    {                                                                                        \
        .name = "report_" level "_ms", .unit = "ms", .meaning = said,                        \
        .stored_name = "report_" level, .stored_unit = "ns", .scale = NS_PER_MS,             \
        .reach = SIM_REACH_##within, .of_reports = true, .report_reach = SIM_REPORT_##coming \
    }
#define REPORT_ROUNDS(level, coming, within)                                                 \
    {                                                                                        \
        .name = "report_" level "_rounds", .unit = "rounds",                                 \
        .meaning = "the same, in rounds of the slowest ticks on the way",                    \
        .stored_name = "report_" level "_rounds", .stored_unit = "ns",                       \
        .reach = SIM_REACH_##within, .of_reports = true, .report_reach = SIM_REPORT_##coming \
    }

// What a level adds up to at the end, under the names of the State Aggregation Example.
#define TOTAL(level, coming, key, shown, kept, by, of)                                            \
    {                                                                                             \
        .name = level "_" key, .unit = shown, .meaning = "what the first " level " node adds up", \
        .stored_name = level "_" key, .stored_unit = kept, .scale = (by), .reach = SIM_REACH_ALL, \
        .of_reports = true, .report_reach = SIM_REPORT_##coming, .figure = (of)                   \
    }
#define COUNTED(level, coming, key, of) TOTAL(level, coming, key, key, "count", 1, of)
#define EXECUTIONS(level, coming) \
    TOTAL(level, coming, "workflow_executions", "executions", "count", 1, sim_total_executions)
#define TASKS(level, coming) \
    TOTAL(level, coming, "active_tasks", "tasks", "count", 1, sim_total_tasks)
#define COMPLETION(level, coming) \
    TOTAL(level, coming, "completion_rate", "share", "ppb", SIM_ONE_PPB, sim_total_completion)
#define LATENCY(level, coming) \
    TOTAL(level, coming, "avg_latency_ms", "ms", "ns", NS_PER_MS, sim_total_latency)

#define IN_ALL_REGIONS(key, shown, said, of)                                            \
    {                                                                                   \
        .name = key, .unit = shown, .meaning = said ", in all regions of a repetition", \
        .stored_name = key, .stored_unit = "count", .scale = 1, .reach = SIM_REACH_ALL, \
        .of_run = of                                                                    \
    }

const struct sim_metric sim_metrics[SIM_METRIC_COUNT] = {
    [SIM_CONVERGENCE_MS] = {"convergence_ms", "ms",
                            "from the write until theta of the cohort hold the update",
                            "convergence", "ns", NS_PER_MS, false, SIM_REACH_ALL, theta_of,
                            .of_run = NULL},
    [SIM_CONVERGENCE_ROUNDS] = {"convergence_rounds", "rounds", "the same, in gossip rounds", NULL,
                                "ns", 0, false, SIM_REACH_ALL, theta_rounds_of, .of_run = NULL},
    [SIM_EDGE_CONVERGENCE_MS] = {"edge_convergence_ms", "ms",
                                 "until theta of the writer's edge hold the update",
                                 "edge_convergence", "ns", NS_PER_MS, false, SIM_REACH_EDGE,
                                 edge_of, .of_run = NULL},
    [SIM_EDGE_CONVERGENCE_ROUNDS] = {"edge_convergence_rounds", "rounds",
                                     "the same, in rounds of the edge", NULL, "ns", 0, false,
                                     SIM_REACH_EDGE, edge_rounds_of, .of_run = NULL},
    [SIM_REGION_CONVERGENCE_MS] = {"region_convergence_ms", "ms",
                                   "until theta of the writer's region hold the update",
                                   "region_convergence", "ns", NS_PER_MS, false, SIM_REACH_REGION,
                                   region_of, .of_run = NULL},
    [SIM_REGION_CONVERGENCE_ROUNDS] = {"region_convergence_rounds", "rounds",
                                       "the same, in rounds of the region", NULL, "ns", 0, false,
                                       SIM_REACH_REGION, region_rounds_of, .of_run = NULL},
    [SIM_REACH_50_MS] = {"reach_50_ms", "ms", "until half of the cohort hold the update",
                         "reach_50", "ns", NS_PER_MS, false, SIM_REACH_ALL, half_of,
                         .of_run = NULL},
    [SIM_REACH_99_MS] = {"reach_99_ms", "ms", "until 99 % of the cohort hold the update",
                         "reach_99", "ns", NS_PER_MS, false, SIM_REACH_ALL, p99_of, .of_run = NULL},
    [SIM_REACH_ALL_MS] = {"reach_all_ms", "ms", "until all of the cohort hold the update",
                          "reach_all", "ns", NS_PER_MS, false, SIM_REACH_ALL, all_of,
                          .of_run = NULL},
    [SIM_REPORT_EDGE_MS] = REPORT_MS("edge", EDGE, EDGE, "until theta of its edge hold a report"),
    [SIM_REPORT_EDGE_ROUNDS] = REPORT_ROUNDS("edge", EDGE, EDGE),
    [SIM_REPORT_AGGREGATOR_MS] = REPORT_MS("aggregator", AGGREGATOR, REGION,
                                           "until the aggregator has a row that covers a report"),
    [SIM_REPORT_AGGREGATOR_ROUNDS] = REPORT_ROUNDS("aggregator", AGGREGATOR, REGION),
    [SIM_REPORT_GLOBAL_MS] = REPORT_MS("global", GLOBAL, ALL,
                                       "until theta of the coordinators have a row that covers it"),
    [SIM_REPORT_GLOBAL_ROUNDS] = REPORT_ROUNDS("global", GLOBAL, ALL),
    [SIM_MESSAGES] = {"messages", "messages", "sent in a repetition", "messages", "count", 1, false,
                      SIM_REACH_ALL, NULL, .of_run = messages_of},
    [SIM_BYTES] = {"bytes", "bytes", "sent in a repetition, as encoded", "bytes", "bytes", 1, false,
                   SIM_REACH_ALL, NULL, .of_run = bytes_of},
    [SIM_TRANSPORT_BYTES] = {"transport_bytes", "bytes", "what the transport adds to them",
                             "transport_bytes", "bytes", 1, false, SIM_REACH_ALL, NULL,
                             .of_run = transport_bytes_of},
    [SIM_OUTSIDE_BYTES] = {"outside_bytes", "bytes",
                           "on the wire between hosts, with transport and handshakes",
                           "outside_bytes", "bytes", 1, false, SIM_REACH_ALL, NULL,
                           .of_run = sim_outside_bytes_of},
    [SIM_DIGEST_BYTES] = {"digest_bytes", "bytes",
                          "of the encoded bytes, hashes and vectors of exchanges", "digest_bytes",
                          "bytes", 1, false, SIM_REACH_ALL, NULL, .of_run = sim_digest_bytes_of},
    [SIM_IDLE_BYTES] = {"idle_bytes", "bytes",
                        "of the encoded bytes, messages that brought and asked for nothing",
                        "idle_bytes", "bytes", 1, false, SIM_REACH_ALL, NULL,
                        .of_run = sim_idle_bytes_of},
    [SIM_SAVED_BYTES] = {"saved_bytes", "bytes", "of the encoded bytes, saved by compression",
                         "saved_bytes", "bytes", 1, false, SIM_REACH_ALL, NULL,
                         .of_run = sim_saved_bytes_of},
    [SIM_HANDSHAKES] = {"handshakes", "handshakes", "on first contact, after silence, on rotation",
                        "handshakes", "count", 1, false, SIM_REACH_ALL, NULL,
                        .of_run = sim_handshakes_of},
    [SIM_HANDSHAKE_BYTES] = {"handshake_bytes", "bytes", "of handshakes, in both directions",
                             "handshake_bytes", "bytes", 1, false, SIM_REACH_ALL, NULL,
                             .of_run = sim_handshake_bytes_of},
    [SIM_BANDWIDTH_MB_PER_S] = {"bandwidth_mb_per_s", "MB/s",
                                "encoded megabytes (1,000,000 bytes) per simulated second",
                                "bandwidth", "bytes/s", 1e6, false, SIM_REACH_ALL, NULL,
                                .of_run = bandwidth_of},
    [SIM_UPDATES_SENT_PER_NODE] = {"updates_sent_per_node", "copies",
                                   "copies of an update sent, per measured update and node",
                                   "updates_sent_per_node", "ppb", SIM_ONE_PPB, false,
                                   SIM_REACH_ALL, NULL, .of_run = updates_sent_of},
    [SIM_RESIDUE] = {"residue", "share", "share of the cohort that never holds an update",
                     "residue", "ppb", SIM_ONE_PPB, false, SIM_REACH_ALL, NULL,
                     .of_run = residue_of},
    [SIM_LAST_RECEIPT_ROUNDS] = {"last_receipt_rounds", "rounds",
                                 "until an update's last receipt, mean over its updates",
                                 "last_receipt", "ns", 0, false, SIM_REACH_ALL, NULL,
                                 .of_run = last_receipt_of},
    [SIM_HOST_CPU_PERCENT] = {"host_cpu_percent", "%",
                              "of the processors of the host and second with most", "host_cpu",
                              "ppb", 1e7, false, SIM_REACH_ALL, NULL, .of_run = sim_host_cpu_of},
    [SIM_HOST_PACKETS_PER_S] = {"host_packets_per_s", "packets/s",
                                "to and from the host and second with most", "host_packets",
                                "count", 1, false, SIM_REACH_ALL, NULL,
                                .of_run = sim_host_packets_of},
    [SIM_HOST_GBIT_PER_S] = {"host_gbit_per_s", "Gbit/s",
                             "in the fuller direction of the host and second with most",
                             "host_bandwidth", "bytes/s", 1.25e8, false, SIM_REACH_ALL, NULL,
                             .of_run = sim_host_bandwidth_of},
    [SIM_HOST_MEMORY_BYTES] = {"host_memory_bytes", "bytes",
                               "replicas, tables, rows and connections of the host with most",
                               "host_memory", "bytes", 1, false, SIM_REACH_ALL, NULL,
                               .of_run = sim_host_memory_of},
    [SIM_HOST_CONNECTIONS] = {"host_connections", "connections",
                              "of the host with most, at a second's end", "host_connections",
                              "count", 1, false, SIM_REACH_ALL, NULL,
                              .of_run = sim_host_connections_of},
    [SIM_EDGE_EXECUTIONS] = EXECUTIONS("edge", EDGE),
    [SIM_EDGE_TASKS] = TASKS("edge", EDGE),
    [SIM_EDGE_COMPLETION] = COMPLETION("edge", EDGE),
    [SIM_EDGE_LATENCY] = LATENCY("edge", EDGE),
    [SIM_AGGREGATOR_EXECUTIONS] = EXECUTIONS("aggregator", AGGREGATOR),
    [SIM_AGGREGATOR_TASKS] = TASKS("aggregator", AGGREGATOR),
    [SIM_AGGREGATOR_COMPLETION] = COMPLETION("aggregator", AGGREGATOR),
    [SIM_AGGREGATOR_LATENCY] = LATENCY("aggregator", AGGREGATOR),
    [SIM_AGGREGATOR_EDGES] = COUNTED("aggregator", AGGREGATOR, "edges", sim_total_edges),
    [SIM_GLOBAL_EXECUTIONS] = EXECUTIONS("global", GLOBAL),
    [SIM_GLOBAL_TASKS] = TASKS("global", GLOBAL),
    [SIM_GLOBAL_COMPLETION] = COMPLETION("global", GLOBAL),
    [SIM_GLOBAL_LATENCY] = LATENCY("global", GLOBAL),
    [SIM_GLOBAL_REGIONS] = COUNTED("global", GLOBAL, "regions", sim_total_regions),
    [SIM_GLOBAL_AGGREGATORS] = COUNTED("global", GLOBAL, "aggregators", sim_total_aggregators),
    [SIM_GLOBAL_EDGES] = COUNTED("global", GLOBAL, "edges", sim_total_edges),
    [SIM_GLOBAL_AGENTS] = COUNTED("global", GLOBAL, "agents", sim_total_agents),
    [SIM_REJOIN_MS] = {"rejoin_ms", "ms",
                       "from an agent's return until it holds all that was written before",
                       "rejoin", "ns", NS_PER_MS, false, SIM_REACH_ALL, .of_rejoin = rejoin_of},
    [SIM_EXTRA_CONVERGENCE_MS] = {"extra_convergence_ms", "ms",
                                  "later than without the faults; 0 where it was not later",
                                  "extra_convergence", "ns", NS_PER_MS, false, SIM_REACH_ALL,
                                  .of_update = sim_extra_of},
    [SIM_UNWRITTEN] = {"unwritten", "updates",
                       "not written, agents being down, paused or without a majority", "unwritten",
                       "count", 1, false, SIM_REACH_ALL, .of_run = sim_unwritten_of},
    [SIM_LAGGING_AGENTS] = {"lagging_agents", "agents",
                            "up at the end of a repetition, and lacking an update",
                            "lagging_agents", "count", 1, false, SIM_REACH_ALL,
                            .of_run = sim_lagging_of},
    [SIM_OLD_AGENTS] = {"old_agents", "agents", "of the mesh that a migration leaves", "old_agents",
                        "count", 1, false, SIM_REACH_ALL, .of_run = sim_old_agents_of},
    [SIM_AGENTS_PER_EDGE] = {"agents_per_edge", "agents", "of the largest edge", "agents_per_edge",
                             "count", 1, false, SIM_REACH_EDGE, .of_run = sim_agents_per_edge_of},
    [SIM_WON_MS] = {"won_ms", "ms",
                    "from the loss of a region's leader until the first wins an election", "won",
                    "ns", NS_PER_MS, false, SIM_REACH_ALL, .each = sim_won_at,
                    .each_count = sim_election_count},
    [SIM_ELECTION_MS] = {"election_ms", "ms",
                         "from the loss of a region's leader until the next has committed an entry "
                         "of its own term",
                         "election", "ns", NS_PER_MS, false, SIM_REACH_ALL, .each = sim_election_at,
                         .each_count = sim_election_count},
    [SIM_ELECTION_TERMS] = {"election_terms", "terms", "begun until an election is won",
                            "election_terms", "count", 1, false, SIM_REACH_ALL,
                            .each = sim_election_terms_at, .each_count = sim_election_count},
    [SIM_SPLIT_ELECTIONS] = {"split_elections", "share", "of elections that took a second term",
                             "split_elections", "ppb", SIM_ONE_PPB, false, SIM_REACH_ALL,
                             .each = sim_split_at, .each_count = sim_election_count},
    [SIM_FAILOVER_MS] = {"failover_ms", "ms",
                         "from the loss of an active bridge until its successor knows that it is "
                         "one",
                         "failover", "ns", NS_PER_MS, false, SIM_REACH_ALL, .each = sim_failover_at,
                         .each_count = sim_failover_count},
    [SIM_FAILOVER_EXCHANGE_MS] = {"failover_exchange_ms", "ms",
                                  "the same, until the successor has heard from another region",
                                  "failover_exchange", "ns", NS_PER_MS, false, SIM_REACH_ALL,
                                  .each = sim_failover_exchange_at,
                                  .each_count = sim_failover_count},
    [SIM_UNAVAILABLE_MS] = {"unavailable_ms", "ms",
                            "in which nobody in a region could commit, in a repetition",
                            "unavailable", "ns", NS_PER_MS, false, SIM_REACH_ALL,
                            .each = sim_unavailable_at, .each_count = sim_unavailable_count},
    [SIM_TERMS] = IN_ALL_REGIONS("terms", "terms", "begun", sim_terms_of),
    [SIM_TRANSFERS] =
        IN_ALL_REGIONS("transfers", "transfers", "of leadership, done", sim_transfers_of),
    [SIM_MEMBER_CHANGES] =
        IN_ALL_REGIONS("member_changes", "changes", "of groups, committed", sim_member_changes_of),
    [SIM_RAFT_SNAPSHOTS] = IN_ALL_REGIONS("raft_snapshots", "snapshots", "taken over from leaders",
                                          sim_raft_snapshots_of),
    [SIM_READS] = IN_ALL_REGIONS("reads", "reads", "answered, and linearizable", sim_reads_of),
#include "metrics_membership.inc"
#include "metrics_lying.inc"
    [SIM_WALL_S] = {"wall_s", "s", "real time a repetition took", "wall", "ns", NS_PER_S, true,
                    SIM_REACH_ALL, NULL, .of_run = wall_of},
    [SIM_PEAK_RSS_BYTES] = {"peak_rss_bytes", "bytes", "largest resident memory of the process",
                            "peak_rss", "bytes", 1, true, SIM_REACH_ALL, NULL,
                            .of_run = peak_rss_of},
};

double sim_metric_scale(enum sim_metric_id metric, const struct sim_summary *summary)
{
    double scale = sim_metrics[metric].scale;
    return scale > 0 ? scale : (double)summary->interval_ns[sim_metrics[metric].reach];
}

const char *sim_metric_lacks(enum sim_metric_id metric, const struct sim_scenario *scenario)
{
    enum sim_reach reach = sim_metrics[metric].reach;
    bool edges = scenario->topology == SIM_HIERARCHICAL;
    if (sim_metric_is_of_faults(metric)) {
        return scenario->fault_count == 0                                          ? "no faults"
               : metric == SIM_EXTRA_CONVERGENCE_MS && !sim_extra_wanted(scenario) ? "no comparison"
                                                                                   : NULL;
    }
    if (sim_metric_is_of_liars(metric)) {
        return scenario->liar_count == 0 ? "nobody who lies" : NULL;
    }
    if (metric == SIM_CPU_WAIT_MS || metric == SIM_CPU_WAIT_MAX_MS) {
        return scenario->network.cores_per_host == 0 ? "no processors that are waited for" : NULL;
    }
    if (sim_metric_is_of_leaders(metric)) {
        return scenario->topology != SIM_MULTI_REGION_LEADERS ? "no leaders" : NULL;
    }
    if (sim_metric_is_of_membership(metric)) {
        return !scenario->swim.runs ? "no SWIM" : NULL;
    }
    if (sim_metrics[metric].of_reports) {
        return !edges ? "no tiers" : scenario->workload.report_every_ns == 0 ? "no reports" : NULL;
    }
    return reach == SIM_REACH_EDGE && !edges                         ? "no edges"
           : reach == SIM_REACH_REGION && scenario->region_count < 2 ? "one region"
                                                                     : NULL;
}

bool sim_metric_applies(enum sim_metric_id metric, const struct sim_scenario *scenario)
{
    return sim_metric_lacks(metric, scenario) == NULL;
}

bool sim_metric_has_many(enum sim_metric_id metric)
{
    return sim_metrics[metric].of_run == NULL && sim_metrics[metric].figure == NULL;
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
    sum->altered += traffic->altered;
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

static void add_updates(struct sim_samples *samples, const struct sim_metric *metric,
                        const struct sim_scenario *scenario, const struct sim_result *result,
                        uint32_t run)
{
    uint64_t sample = 0;
    for (uint32_t i = 0; i < result->update_count; i++) {
        const struct sim_update_result *update = &result->updates[i];
        if (sim_update_counts(update) && metric->of_update(scenario, result, update, &sample)) {
            sim_samples_add(samples, sample, run);
        }
    }
}

static void add_rejoins(struct sim_samples *samples, const struct sim_metric *metric,
                        const struct sim_result *result, uint32_t run)
{
    uint64_t sample = 0;
    for (uint32_t i = 0; i < result->rejoin_count; i++) {
        if (metric->of_rejoin(&result->rejoins[i], &sample)) {
            sim_samples_add(samples, sample, run);
        }
    }
}

static void add_reports(struct sim_samples *samples, const struct sim_metric *metric,
                        const struct sim_scenario *scenario, const struct sim_result *result,
                        uint32_t run)
{
    for (uint32_t i = 0; i < result->report_count; i++) {
        const struct sim_report_result *report = &result->reports[i];
        if (!sim_report_counts(scenario, result, report)) {
            continue;
        }
        uint64_t sample = sim_report_time_ns(report, metric->report_reach);
        if (metric->scale == 0) {
            sample = rounds_of(scenario, result, report->written_ns, metric->reach, sample);
        }
        sim_samples_add(samples, sample, run);
    }
}

static void add_samples(struct sim_samples *samples, const struct sim_metric *metric,
                        const struct sim_scenario *scenario, const struct sim_result *result,
                        uint32_t run)
{
    uint64_t sample = 0;
    if (metric->of_update != NULL) {
        add_updates(samples, metric, scenario, result, run);
    } else if (metric->of_rejoin != NULL) {
        add_rejoins(samples, metric, result, run);
    } else if (metric->each != NULL) {
        for (uint32_t i = 0; i < metric->each_count(result); i++) {
            if (metric->each(result, i, &sample)) {
                sim_samples_add(samples, sample, run);
            }
        }
    } else if (metric->of_run != NULL) {
        if (metric->of_run(scenario, result, &sample)) {
            sim_samples_add(samples, sample, run);
        }
    } else if (metric->figure == NULL) {
        add_reports(samples, metric, scenario, result, run);
    } else if (sim_report_total(result, metric->report_reach)->reports > 0) {
        sim_samples_add(samples, metric->figure(sim_report_total(result, metric->report_reach)),
                        run);
    }
}

// A metric in rounds that are nothing but time has the samples of the metric before it.
static bool shares_samples(enum sim_metric_id metric, const struct sim_scenario *scenario)
{
    return sim_metric_has_many(metric) && sim_metrics[metric].scale == 0 &&
           scenario->gossip.schedule != MESH_SYNCHRONOUS;
}

static void add_result(struct sim_summary *summary, const struct sim_scenario *scenario,
                       const struct sim_result *result)
{
    uint32_t run = summary->run_count;
    for (enum sim_metric_id id = 0; id < SIM_METRIC_COUNT; id++) {
        if (!shares_samples(id, scenario)) {
            add_samples(&summary->samples[id], &sim_metrics[id], scenario, result, run);
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
    sim_fault_figures_init(&summary->faults, scenario, results, count);
    sim_phases_init(&summary->phases, scenario, results, count);
    sim_liar_figures_init(&summary->liars, scenario, results, count);
    for (enum sim_metric_id id = 0; id < SIM_METRIC_COUNT; id++) {
        struct sim_samples *samples = &summary->samples[id];
        if (shares_samples(id, scenario)) {
            *samples = summary->samples[id - 1];
        } else {
            samples->run_count = summary->run_count;
            sim_samples_sort(samples);
        }
        summary->statistics[id] = sim_statistics_of(samples, sim_metric_scale(id, summary));
    }
}

void sim_summary_release(struct sim_summary *summary)
{
    for (enum sim_metric_id id = SIM_METRIC_COUNT; id-- > 0;) {
        bool shared = id > 0 && summary->samples[id].items == summary->samples[id - 1].items;
        if (shared) {
            summary->samples[id] = (struct sim_samples){0};
        } else {
            sim_samples_finish(&summary->samples[id]);
        }
    }
}

void sim_summary_finish(struct sim_summary *summary)
{
    sim_summary_release(summary);
    sim_fault_figures_finish(&summary->faults);
    sim_phases_finish(&summary->phases);
    sim_liar_figures_finish(&summary->liars);
}
