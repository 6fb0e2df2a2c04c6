// SPDX-License-Identifier: GPL-3.0-or-later
#include "stored_results.h"

#include <stdio.h>
#include <string.h>

#include "allocate.h"
#include "faults.h"
#include "lying.h"
#include "query.h"
#include "resources.h"

// The results on their way in, by the repetition that stands in column 0 of every row.
struct reading {
    struct sim_store *store;
    struct sim_error *error;
    int64_t run_id;
    struct sim_result *results;  // [count]
    uint32_t count;
};

static struct sim_result *result_of(const struct reading *reading, const struct sim_query *query)
{
    uint64_t repetition = sim_query_count(query, 0);
    for (uint32_t i = 0; i < reading->count; i++) {
        if (reading->results[i].repetition == repetition) {
            return &reading->results[i];
        }
    }
    return NULL;
}

static uint64_t or_zero(uint64_t value)
{
    return value == SIM_TIME_NEVER ? 0 : value;
}

// Rows of `bytes` each, with room for one after the `count`; it is made for 1, 2, 4, 8 ...
static void *room_for(void *rows, uint32_t count, size_t bytes)
{
    return (count & (count - 1)) == 0
               ? sim_memory_resize(rows, (count == 0 ? 1 : 2 * (size_t)count) * bytes)
               : rows;
}

static bool read_repetitions(struct reading *reading)
{
    struct sim_query query = sim_query_of(
        reading->store,
        "SELECT r.repetition, r.seed, interrupted, fingerprint, simulated_ns, edge_interval_ns,"
        " region_interval_ns, interval_ns, agents, events, unwritten, lagging, wall_ns,"
        " peak_rss_bytes"
        " FROM repetitions AS r JOIN host_facts USING (run_id, repetition)"
        " WHERE run_id = ?1 ORDER BY r.repetition",
        reading->run_id, reading->error);
    while (sim_query_next(&query)) {
        reading->results =
            sim_memory_resize(reading->results, (reading->count + 1) * sizeof *reading->results);
        reading->results[reading->count++] = (struct sim_result){
            .repetition = (uint32_t)sim_query_count(&query, 0),
            .seed = sim_query_count(&query, 1),
            .interrupted = sim_query_count(&query, 2) != 0,
            .fingerprint = sim_query_count(&query, 3),
            .simulated_ns = sim_query_count(&query, 4),
            .interval_ns = {or_zero(sim_query_count(&query, 5)),
                            or_zero(sim_query_count(&query, 6)), sim_query_count(&query, 7)},
            .agents = (uint32_t)sim_query_count(&query, 8),
            .events = sim_query_count(&query, 9),
            .unwritten = (uint32_t)sim_query_count(&query, 10),
            .lagging = (uint32_t)sim_query_count(&query, 11),
            .wall_ns = sim_query_count(&query, 12),
            .peak_rss_bytes = sim_query_count(&query, 13),
        };
    }
    return sim_query_finish(&query);
}

static struct sim_near near_of(const struct sim_query *query, int column, int gone)
{
    return (struct sim_near){
        .cohort = (uint32_t)or_zero(sim_query_count(query, column)),
        .gone = (uint32_t)or_zero(sim_query_count(query, gone)),
        .held = (uint32_t)or_zero(sim_query_count(query, column + 1)),
        .theta_ns = sim_query_count(query, column + 2),
    };
}

static struct sim_path path_of(const struct sim_query *query, int column)
{
    struct sim_path path = {.node = MESH_NODE_NONE};
    if (sim_query_count(query, column + SIM_TICK_COUNT) == SIM_TIME_NEVER) {
        return path;
    }
    for (int tick = 0; tick < SIM_TICK_COUNT; tick++) {
        path.tick_ns[tick] = sim_query_count(query, column + tick);
    }
    path.network_ns = sim_query_count(query, column + SIM_TICK_COUNT);
    path.hops = (uint32_t)sim_query_count(query, column + SIM_TICK_COUNT + 1);
    path.node = (uint32_t)sim_query_count(query, column + SIM_TICK_COUNT + 2);
    return path;
}

static const char update_rows[] =
    "SELECT repetition, origin, sequence, written_ns, measured, cohort, held, theta_ns, half_ns, "
    "p99_ns, all_ns, last_receipt_ns, edge_cohort, edge_held, edge_theta_ns, region_cohort, "
    "region_held, region_theta_ns, path_tick_ns, path_link_tick_ns, path_global_tick_ns, "
    "path_network_ns, path_hops, path_node, gone, edge_gone, region_gone, calm_theta_ns FROM "
    "updates WHERE run_id = ?1 ORDER BY repetition, written_ns, origin, sequence";

static void take_update(struct sim_result *result, const struct sim_query *query)
{
    result->updates = room_for(result->updates, result->update_count, sizeof *result->updates);
    result->updates[result->update_count++] = (struct sim_update_result){
        .dot = {(uint32_t)sim_query_count(query, 1), (uint32_t)sim_query_count(query, 2)},
        .written_ns = sim_query_count(query, 3),
        .measured = sim_query_count(query, 4) != 0,
        .cohort = (uint32_t)sim_query_count(query, 5),
        .held = (uint32_t)sim_query_count(query, 6),
        .theta_ns = sim_query_count(query, 7),
        .half_ns = sim_query_count(query, 8),
        .p99_ns = sim_query_count(query, 9),
        .all_ns = sim_query_count(query, 10),
        .last_receipt_ns = sim_query_count(query, 11),
        .near = {[SIM_REACH_EDGE] = near_of(query, 12, 25),
                 [SIM_REACH_REGION] = near_of(query, 15, 26)},
        .path = path_of(query, 18),
        .gone = (uint32_t)sim_query_count(query, 24),
        .calm_theta_ns = sim_query_count(query, 27),
    };
}

// The pair class of that name, SIM_PAIR_CLASS_COUNT when it is none of ours.
static uint32_t pair_of(const char *name)
{
    uint32_t pair = 0;
    while (pair < SIM_PAIR_CLASS_COUNT &&
           strcmp(sim_pair_class_name((enum sim_pair_class)pair), name) != 0) {
        pair++;
    }
    return pair;
}

static uint32_t kind_of(const char *name)
{
    uint32_t kind = 0;
    while (kind < MESH_MESSAGE_KIND_COUNT && strcmp(sim_message_name(kind), name) != 0) {
        kind++;
    }
    return kind;
}

static const char traffic_rows[] =
    "SELECT repetition, message_kind, pair_class, messages, bytes, transport_bytes, updates, "
    "duplicated, lost, dropped, corrupted, delivered, saved_bytes, digest_bytes, idle, idle_bytes, "
    "handshakes, resumed, handshake_bytes, cut, dead, refused, altered FROM traffic WHERE run_id = "
    "?1";

static void take_traffic(struct sim_result *result, const struct sim_query *query)
{
    uint32_t kind = kind_of(sim_query_text(query, 1));
    uint32_t pair = pair_of(sim_query_text(query, 2));
    if (kind == MESH_MESSAGE_KIND_COUNT || pair == SIM_PAIR_CLASS_COUNT) {
        return;
    }
    result->traffic[kind][pair] = (struct sim_traffic){
        .messages = sim_query_count(query, 3),
        .bytes = sim_query_count(query, 4),
        .transport_bytes = sim_query_count(query, 5),
        .updates = sim_query_count(query, 6),
        .duplicated = sim_query_count(query, 7),
        .lost = sim_query_count(query, 8),
        .dropped = sim_query_count(query, 9),
        .corrupted = sim_query_count(query, 10),
        .delivered = sim_query_count(query, 11),
        .saved_bytes = sim_query_count(query, 12),
        .digest_bytes = sim_query_count(query, 13),
        .idle = sim_query_count(query, 14),
        .idle_bytes = sim_query_count(query, 15),
        .handshakes = sim_query_count(query, 16),
        .resumed = sim_query_count(query, 17),
        .handshake_bytes = sim_query_count(query, 18),
        .cut = sim_query_count(query, 19),
        .dead = sim_query_count(query, 20),
        .refused = sim_query_count(query, 21),
        .altered = sim_query_count(query, 22),
    };
}

static const char processor_rows[] =
    "SELECT repetition, messages, service_ns, wait_ns, wait_ns_max FROM processors WHERE run_id = "
    "?1";

static void take_processors(struct sim_result *result, const struct sim_query *query)
{
    result->processors = (struct sim_processors){
        .messages = sim_query_count(query, 1),
        .service_ns = sim_query_count(query, 2),
        .wait_ns = sim_query_count(query, 3),
        .wait_ns_max = sim_query_count(query, 4),
    };
}

static const char host_rows[] = "SELECT repetition, tier, resource, hosts, mean, peak, limit_value "
                                "FROM hosts WHERE run_id = ?1";

static void take_host(struct sim_result *result, const struct sim_query *query)
{
    for (uint32_t tier = 0; tier < SIM_TIER_COUNT; tier++) {
        for (uint32_t i = 0; i < SIM_RESOURCE_COUNT; i++) {
            if (strcmp(sim_tier_name((enum sim_tier)tier), sim_query_text(query, 1)) == 0 &&
                strcmp(sim_resource_name((enum sim_resource)i), sim_query_text(query, 2)) == 0) {
                struct sim_tier_use *use = &result->tiers[tier];
                use->hosts = (uint32_t)sim_query_count(query, 3);
                use->mean[i] = sim_query_count(query, 4);
                use->peak[i] = sim_query_count(query, 5);
                use->limit[i] = or_zero(sim_query_count(query, 6));
            }
        }
    }
}

static const char latency_rows[] =
    "SELECT repetition, pair_class, p50_ns, max_ns FROM latencies WHERE run_id = ?1";

static void take_latency(struct sim_result *result, const struct sim_query *query)
{
    uint32_t pair = pair_of(sim_query_text(query, 1));
    if (pair < SIM_PAIR_CLASS_COUNT) {
        result->latency_p50_ns[pair] = sim_query_count(query, 2);
        result->latency_max_ns[pair] = sim_query_count(query, 3);
    }
}

// ---- What faults did ----

static const char fault_rows[] = "SELECT repetition, verb, firings, nodes, first_ns, last_ns FROM "
                                 "faults WHERE run_id = ?1 ORDER BY repetition, ordinal";

static void take_fault(struct sim_result *result, const struct sim_query *query)
{
    enum sim_fault_verb verb = 0;
    while (verb < SIM_FAULT_VERB_COUNT &&
           strcmp(sim_fault_verb_name(verb), sim_query_text(query, 1)) != 0) {
        verb++;
    }
    if (verb == SIM_FAULT_VERB_COUNT) {
        return;
    }
    result->faults = room_for(result->faults, result->fault_count, sizeof *result->faults);
    result->faults[result->fault_count++] = (struct sim_fault_result){
        .verb = verb,
        .firings = (uint32_t)sim_query_count(query, 2),
        .nodes = sim_query_count(query, 3),
        .first_ns = sim_query_count(query, 4),
        .last_ns = sim_query_count(query, 5),
    };
}

static const char rejoin_rows[] = "SELECT repetition, node, up_ns, after_ns, disk_lost FROM "
                                  "rejoins WHERE run_id = ?1 ORDER BY repetition, ordinal";

static void take_rejoin(struct sim_result *result, const struct sim_query *query)
{
    result->rejoins = room_for(result->rejoins, result->rejoin_count, sizeof *result->rejoins);
    result->rejoins[result->rejoin_count++] = (struct sim_rejoin){
        .node = (uint32_t)sim_query_count(query, 1),
        .up_ns = sim_query_count(query, 2),
        .after_ns = sim_query_count(query, 3),
        .disk_lost = sim_query_count(query, 4) != 0,
    };
}

static const char takeover_rows[] = "SELECT repetition, time_ns, edge, old_relay, new_relay FROM "
                                    "takeovers WHERE run_id = ?1 ORDER BY repetition, ordinal";

static void take_takeover(struct sim_result *result, const struct sim_query *query)
{
    result->takeovers =
        room_for(result->takeovers, result->takeover_count, sizeof *result->takeovers);
    result->takeovers[result->takeover_count++] = (struct sim_takeover){
        .time_ns = sim_query_count(query, 1),
        .edge = (uint32_t)sim_query_count(query, 2),
        .from = (uint32_t)sim_query_count(query, 3),
        .to = (uint32_t)sim_query_count(query, 4),
    };
}

static const char gap_rows[] = "SELECT repetition, cause, subject, nodes, first_node FROM gaps "
                               "WHERE run_id = ?1 ORDER BY repetition, first_node";
// Pooled, they are put in order (measure/faults.h).
static void take_gap(struct sim_result *result, const struct sim_query *query)
{
    enum sim_gap_cause cause = 0;
    while (cause < SIM_GAP_CAUSE_COUNT &&
           strcmp(sim_gap_cause_name(cause), sim_query_text(query, 1)) != 0) {
        cause++;
    }
    if (cause == SIM_GAP_CAUSE_COUNT) {
        return;
    }
    result->gaps = room_for(result->gaps, result->gap_count, sizeof *result->gaps);
    result->gaps[result->gap_count++] = (struct sim_gap){
        .cause = cause,
        .subject = (uint32_t)sim_query_count(query, 2),
        .nodes = (uint32_t)sim_query_count(query, 3),
        .first = (uint32_t)sim_query_count(query, 4),
    };
}

// ---- Groups of Raft ----

// A node, MESH_NODE_NONE for NULL.
static uint32_t node_in(const struct sim_query *query, int column)
{
    uint64_t node = sim_query_count(query, column);
    return node == SIM_TIME_NEVER ? MESH_NODE_NONE : (uint32_t)node;
}

static const char election_rows[] =
    "SELECT repetition, region, lost_ns, won_ns, after_ns, leader, term, terms, measured FROM "
    "elections WHERE run_id = ?1 ORDER BY repetition, ordinal";

static void take_election(struct sim_result *result, const struct sim_query *query)
{
    result->elections =
        room_for(result->elections, result->election_count, sizeof *result->elections);
    result->elections[result->election_count++] = (struct sim_election){
        .region = (uint32_t)sim_query_count(query, 1),
        .lost_ns = sim_query_count(query, 2),
        .won_ns = sim_query_count(query, 3),
        .after_ns = sim_query_count(query, 4),
        .leader = node_in(query, 5),
        .term = sim_query_count(query, 6),
        .terms = sim_query_count(query, 7),
        .first = sim_query_count(query, 8) == 0,
    };
}

static const char failover_rows[] =
    "SELECT repetition, region, bridge, lost_ns, after_ns, exchange_ns, successor FROM failovers "
    "WHERE run_id = ?1 ORDER BY repetition, ordinal";

static void take_failover(struct sim_result *result, const struct sim_query *query)
{
    result->failovers =
        room_for(result->failovers, result->failover_count, sizeof *result->failovers);
    result->failovers[result->failover_count++] = (struct sim_failover){
        .region = (uint32_t)sim_query_count(query, 1),
        .bridge = (uint32_t)sim_query_count(query, 2),
        .lost_ns = sim_query_count(query, 3),
        .after_ns = sim_query_count(query, 4),
        .exchange_ns = sim_query_count(query, 5),
        .successor = node_in(query, 6),
    };
}

static const char raft_group_rows[] =
    "SELECT repetition, unavailable_ns, terms, transfers, member_changes, snapshots, reads FROM "
    "raft_groups WHERE run_id = ?1 ORDER BY repetition, region";

static void take_raft_group(struct sim_result *result, const struct sim_query *query)
{
    result->leading = room_for(result->leading, result->leading_count, sizeof *result->leading);
    result->leading[result->leading_count++] = (struct sim_region_leading){
        .unavailable_ns = sim_query_count(query, 1),
        .terms = sim_query_count(query, 2),
        .transfers = sim_query_count(query, 3),
        .member_changes = sim_query_count(query, 4),
        .snapshots = sim_query_count(query, 5),
        .reads = sim_query_count(query, 6),
    };
}

// ---- What liars did ----

static const char liar_rows[] = "SELECT repetition, behaviour, nodes, lying, lies, first_ns, "
                                "last_ns FROM liars WHERE run_id = ?1 ORDER BY repetition, ordinal";

static void take_liar(struct sim_result *result, const struct sim_query *query)
{
    enum sim_behaviour behaviour = 0;
    while (behaviour < SIM_BEHAVIOUR_COUNT &&
           strcmp(sim_behaviour_name(behaviour), sim_query_text(query, 1)) != 0) {
        behaviour++;
    }
    if (behaviour == SIM_BEHAVIOUR_COUNT) {
        return;
    }
    result->liars = room_for(result->liars, result->liar_count, sizeof *result->liars);
    result->liars[result->liar_count++] = (struct sim_liar_result){
        .behaviour = behaviour,
        .nodes = (uint32_t)sim_query_count(query, 2),
        .lying = (uint32_t)sim_query_count(query, 3),
        .lies = sim_query_count(query, 4),
        .first_ns = sim_query_count(query, 5),
        .last_ns = sim_query_count(query, 6),
    };
}

static const char detection_rows[] = "SELECT repetition, node, lied_ns, after_ns FROM detections "
                                     "WHERE run_id = ?1 ORDER BY repetition, node";

static void take_detection(struct sim_result *result, const struct sim_query *query)
{
    result->detections =
        room_for(result->detections, result->detection_count, sizeof *result->detections);
    result->detections[result->detection_count++] = (struct sim_detection){
        .node = (uint32_t)sim_query_count(query, 1),
        .lied_ns = sim_query_count(query, 2),
        .after_ns = sim_query_count(query, 3),
    };
}

static const char deceit_rows[] =
    "SELECT repetition, entry, origin, sequence, told_ns, first_ns, after_ns, held FROM deceits "
    "WHERE run_id = ?1 ORDER BY repetition, ordinal";

static void take_deceit(struct sim_result *result, const struct sim_query *query)
{
    result->deceits = room_for(result->deceits, result->deceit_count, sizeof *result->deceits);
    result->deceits[result->deceit_count++] = (struct sim_deceit){
        .entry = (uint32_t)sim_query_count(query, 1),
        .origin = (uint32_t)sim_query_count(query, 2),
        .sequence = (uint32_t)sim_query_count(query, 3),
        .told_ns = sim_query_count(query, 4),
        .first_ns = sim_query_count(query, 5),
        .after_ns = sim_query_count(query, 6),
        .held = (uint32_t)sim_query_count(query, 7),
    };
}

static const char reject_rows[] =
    "SELECT repetition, reason, of_liars, messages FROM rejects WHERE run_id = ?1";

static void take_reject(struct sim_result *result, const struct sim_query *query)
{
    for (uint32_t reason = 1; reason < MESH_REJECT_COUNT; reason++) {
        if (strcmp(sim_reject_name((enum mesh_reject)reason), sim_query_text(query, 1)) == 0) {
            result->rejects[sim_query_count(query, 2) != 0][reason] = sim_query_count(query, 3);
        }
    }
}

static const char trust_rows[] =
    "SELECT repetition, honest, deceived, wrongly_ignored, invalid FROM trust WHERE run_id = ?1";

static void take_trust(struct sim_result *result, const struct sim_query *query)
{
    result->honest = (uint32_t)sim_query_count(query, 1);
    result->deceived = (uint32_t)sim_query_count(query, 2);
    result->wrongly_ignored = (uint32_t)sim_query_count(query, 3);
    result->invalid = sim_query_count(query, 4) != 0;
}

// ---- All of them ----

// A table's rows, each taken into the result of its repetition, which stands in column 0.
static const struct {
    const char *rows;
    void (*take)(struct sim_result *result, const struct sim_query *query);
} tables[] = {
    {update_rows, take_update},
    {traffic_rows, take_traffic},
    {processor_rows, take_processors},
    {host_rows, take_host},
    {latency_rows, take_latency},
    {fault_rows, take_fault},
    {rejoin_rows, take_rejoin},
    {takeover_rows, take_takeover},
    {gap_rows, take_gap},
    {election_rows, take_election},
    {failover_rows, take_failover},
    {raft_group_rows, take_raft_group},
    {liar_rows, take_liar},
    {detection_rows, take_detection},
    {deceit_rows, take_deceit},
    {reject_rows, take_reject},
    {trust_rows, take_trust},
};

static bool read_tables(struct reading *reading)
{
    bool fine = true;
    for (size_t i = 0; fine && i < sizeof tables / sizeof *tables; i++) {
        struct sim_query query =
            sim_query_of(reading->store, tables[i].rows, reading->run_id, reading->error);
        while (sim_query_next(&query)) {
            struct sim_result *result = result_of(reading, &query);
            if (result != NULL) {
                tables[i].take(result, &query);
            }
        }
        fine = sim_query_finish(&query);
    }
    return fine;
}

bool sim_store_read_results(struct sim_store *store, int64_t run_id, struct sim_result **results,
                            uint32_t *count, struct sim_error *error)
{
    struct reading reading = {.store = store, .error = error, .run_id = run_id};
    bool fine = sim_store_has_run(store, run_id, error) && read_repetitions(&reading) &&
                read_tables(&reading);
    if (!fine) {
        for (uint32_t i = 0; i < reading.count; i++) {
            sim_result_finish(&reading.results[i]);
        }
        sim_memory_free(reading.results);
        reading = (struct reading){0};
    }
    *results = reading.results;
    *count = reading.count;
    return fine;
}

// ---- Findings ----

static bool read_facts(struct sim_store *store, int64_t run_id,
                       struct sim_stored_findings *findings, struct sim_error *error)
{
    struct sim_query query =
        sim_query_of(store, "SELECT min(stored_at), sum(wall_ns) FROM host_facts WHERE run_id = ?1",
                     run_id, error);
    if (sim_query_next(&query)) {
        snprintf(findings->stored_at, sizeof findings->stored_at, "%s", sim_query_text(&query, 0));
        findings->wall_ns = or_zero(sim_query_count(&query, 1));
    }
    return sim_query_finish(&query);
}

static uint32_t rows_of(const struct sim_store *store, const char *text, int64_t run_id,
                        struct sim_error *error)
{
    struct sim_query query = sim_query_of(store, text, run_id, error);
    uint32_t count = sim_query_next(&query) ? (uint32_t)sim_query_count(&query, 0) : 0;
    sim_query_finish(&query);
    return count;
}

static bool read_metrics(struct sim_store *store, int64_t run_id,
                         struct sim_stored_findings *findings, struct sim_error *error)
{
    struct sim_arena *arena = findings->memory;
    uint32_t most = rows_of(store, "SELECT count(*) FROM metrics WHERE run_id = ?1", run_id, error);
    struct sim_store_metric *metrics = sim_arena_array(arena, most + 1, sizeof *metrics);
    struct sim_query query = sim_query_of(store,
                                          "SELECT metric, statistic, unit, value FROM metrics"
                                          " WHERE run_id = ?1 ORDER BY metric, statistic",
                                          run_id, error);
    while (findings->metric_count < most && sim_query_next(&query)) {
        metrics[findings->metric_count++] = (struct sim_store_metric){
            .metric = sim_query_copy(&query, 0, arena),
            .statistic = sim_query_copy(&query, 1, arena),
            .unit = sim_query_copy(&query, 2, arena),
            .value = sim_query_count(&query, 3),
        };
    }
    findings->metrics = metrics;
    return sim_query_finish(&query);
}

static bool read_verdicts(struct sim_store *store, int64_t run_id,
                          struct sim_stored_findings *findings, struct sim_error *error)
{
    struct sim_arena *arena = findings->memory;
    uint32_t most =
        rows_of(store, "SELECT count(*) FROM verdicts WHERE run_id = ?1", run_id, error);
    struct sim_store_verdict *verdicts = sim_arena_array(arena, most + 1, sizeof *verdicts);
    struct sim_query query = sim_query_of(
        store,
        "SELECT claim_id, claim, section, metric, statistic, unit, target_low, target_high,"
        " measured, low, high, samples, verdict, why FROM verdicts WHERE run_id = ?1"
        " ORDER BY ordinal",
        run_id, error);
    while (findings->verdict_count < most && sim_query_next(&query)) {
        verdicts[findings->verdict_count++] = (struct sim_store_verdict){
            .claim_id = sim_query_copy(&query, 0, arena),
            .claim = sim_query_copy(&query, 1, arena),
            .section = sim_query_copy(&query, 2, arena),
            .metric = sim_query_copy(&query, 3, arena),
            .statistic = sim_query_copy(&query, 4, arena),
            .unit = sim_query_copy(&query, 5, arena),
            .target_low = sim_query_count(&query, 6),
            .target_high = sim_query_count(&query, 7),
            .measured = sim_query_count(&query, 8),
            .low = sim_query_count(&query, 9),
            .high = sim_query_count(&query, 10),
            .samples = sim_query_count(&query, 11),
            .verdict = sim_query_copy(&query, 12, arena),
            .why = sim_query_copy(&query, 13, arena),
        };
    }
    findings->verdicts = verdicts;
    return sim_query_finish(&query);
}

static bool read_expectations(struct sim_store *store, int64_t run_id,
                              struct sim_stored_findings *findings, struct sim_error *error)
{
    struct sim_arena *arena = findings->memory;
    uint32_t most =
        rows_of(store, "SELECT count(*) FROM expectations WHERE run_id = ?1", run_id, error);
    struct sim_store_expectation *list = sim_arena_array(arena, most + 1, sizeof *list);
    struct sim_query query =
        sim_query_of(store,
                     "SELECT text, unit, measured, outcome, why FROM expectations"
                     " WHERE run_id = ?1 ORDER BY ordinal",
                     run_id, error);
    while (findings->expectation_count < most && sim_query_next(&query)) {
        list[findings->expectation_count++] = (struct sim_store_expectation){
            .text = sim_query_copy(&query, 0, arena),
            .unit = sim_query_copy(&query, 1, arena),
            .measured = sim_query_count(&query, 2),
            .outcome = sim_query_copy(&query, 3, arena),
            .why = sim_query_copy(&query, 4, arena),
        };
    }
    findings->expectations = list;
    return sim_query_finish(&query);
}

bool sim_store_read_findings(struct sim_store *store, int64_t run_id,
                             struct sim_stored_findings *findings, struct sim_error *error)
{
    *findings = (struct sim_stored_findings){.memory = sim_arena_create()};
    return sim_store_has_run(store, run_id, error) && read_facts(store, run_id, findings, error) &&
           read_metrics(store, run_id, findings, error) &&
           read_verdicts(store, run_id, findings, error) &&
           read_expectations(store, run_id, findings, error);
}

void sim_stored_findings_finish(struct sim_stored_findings *findings)
{
    if (findings->memory != NULL) {
        sim_arena_destroy(findings->memory);
    }
    *findings = (struct sim_stored_findings){0};
}
