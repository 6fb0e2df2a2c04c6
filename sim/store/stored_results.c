// SPDX-License-Identifier: GPL-3.0-or-later
#include "stored_results.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "allocate.h"
#include "query.h"
#include "resources.h"
#include "stored_faults.h"

#define NS_PER_MS 1e6

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

static bool read_repetitions(struct reading *reading)
{
    struct sim_query query = sim_query_of(
        reading->store,
        "SELECT r.repetition, r.seed, interrupted, fingerprint, simulated_ns, edge_interval_ns,"
        " region_interval_ns, interval_ns, agents, events, wall_ns, peak_rss_bytes, unwritten,"
        " lagging"
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
            .wall_ns = sim_query_count(&query, 10),
            .peak_rss_bytes = sim_query_count(&query, 11),
            .unwritten = (uint32_t)sim_query_count(&query, 12),
            .lagging = (uint32_t)sim_query_count(&query, 13),
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

static void add_update(struct sim_result *result, const struct sim_query *query)
{
    uint32_t count = result->update_count;
    if ((count & (count - 1)) == 0) {  // room for 1, 2, 4, 8 ...
        result->updates = sim_memory_resize(result->updates, (count == 0 ? 1 : 2 * (size_t)count) *
                                                                 sizeof *result->updates);
    }
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
        .gone = (uint32_t)sim_query_count(query, 24),
        .path = path_of(query, 18),
    };
}

static bool read_updates(struct reading *reading)
{
    struct sim_query query = sim_query_of(
        reading->store,
        "SELECT repetition, origin, sequence, written_ns, measured, cohort, held, theta_ns,"
        " half_ns, p99_ns, all_ns, last_receipt_ns, edge_cohort, edge_held, edge_theta_ns,"
        " region_cohort, region_held, region_theta_ns, path_tick_ns, path_link_tick_ns,"
        " path_global_tick_ns, path_network_ns, path_hops, path_node, gone, edge_gone, region_gone"
        " FROM updates WHERE run_id = ?1 ORDER BY repetition, written_ns, origin, sequence",
        reading->run_id, reading->error);
    while (sim_query_next(&query)) {
        struct sim_result *result = result_of(reading, &query);
        if (result != NULL) {
            add_update(result, &query);
        }
    }
    return sim_query_finish(&query);
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

static bool read_traffic(struct reading *reading)
{
    struct sim_query query = sim_query_of(
        reading->store,
        "SELECT repetition, message_kind, pair_class, messages, bytes, transport_bytes, updates,"
        " duplicated, lost, dropped, corrupted, delivered, saved_bytes, digest_bytes, idle,"
        " idle_bytes, handshakes, resumed, handshake_bytes, cut, dead, refused FROM traffic"
        " WHERE run_id = ?1",
        reading->run_id, reading->error);
    while (sim_query_next(&query)) {
        struct sim_result *result = result_of(reading, &query);
        uint32_t kind = kind_of(sim_query_text(&query, 1));
        uint32_t pair = pair_of(sim_query_text(&query, 2));
        if (result == NULL || kind == MESH_MESSAGE_KIND_COUNT || pair == SIM_PAIR_CLASS_COUNT) {
            continue;
        }
        result->traffic[kind][pair] = (struct sim_traffic){
            .messages = sim_query_count(&query, 3),
            .bytes = sim_query_count(&query, 4),
            .transport_bytes = sim_query_count(&query, 5),
            .updates = sim_query_count(&query, 6),
            .duplicated = sim_query_count(&query, 7),
            .lost = sim_query_count(&query, 8),
            .dropped = sim_query_count(&query, 9),
            .corrupted = sim_query_count(&query, 10),
            .delivered = sim_query_count(&query, 11),
            .saved_bytes = sim_query_count(&query, 12),
            .digest_bytes = sim_query_count(&query, 13),
            .idle = sim_query_count(&query, 14),
            .idle_bytes = sim_query_count(&query, 15),
            .handshakes = sim_query_count(&query, 16),
            .resumed = sim_query_count(&query, 17),
            .handshake_bytes = sim_query_count(&query, 18),
            .cut = sim_query_count(&query, 19),
            .dead = sim_query_count(&query, 20),
            .refused = sim_query_count(&query, 21),
        };
    }
    return sim_query_finish(&query);
}

static bool read_hosts(struct reading *reading)
{
    struct sim_query query =
        sim_query_of(reading->store,
                     "SELECT repetition, tier, resource, hosts, mean, peak, limit_value FROM hosts"
                     " WHERE run_id = ?1",
                     reading->run_id, reading->error);
    while (sim_query_next(&query)) {
        struct sim_result *result = result_of(reading, &query);
        for (uint32_t tier = 0; result != NULL && tier < SIM_TIER_COUNT; tier++) {
            for (uint32_t i = 0; i < SIM_RESOURCE_COUNT; i++) {
                if (strcmp(sim_tier_name((enum sim_tier)tier), sim_query_text(&query, 1)) == 0 &&
                    strcmp(sim_resource_name((enum sim_resource)i), sim_query_text(&query, 2)) ==
                        0) {
                    struct sim_tier_use *use = &result->tiers[tier];
                    use->hosts = (uint32_t)sim_query_count(&query, 3);
                    use->mean[i] = sim_query_count(&query, 4);
                    use->peak[i] = sim_query_count(&query, 5);
                    use->limit[i] = or_zero(sim_query_count(&query, 6));
                }
            }
        }
    }
    return sim_query_finish(&query);
}

static bool read_latencies(struct reading *reading)
{
    struct sim_query query = sim_query_of(
        reading->store,
        "SELECT repetition, pair_class, p50_ns, max_ns FROM latencies WHERE run_id = ?1",
        reading->run_id, reading->error);
    while (sim_query_next(&query)) {
        struct sim_result *result = result_of(reading, &query);
        uint32_t pair = pair_of(sim_query_text(&query, 1));
        if (result != NULL && pair < SIM_PAIR_CLASS_COUNT) {
            result->latency_p50_ns[pair] = sim_query_count(&query, 2);
            result->latency_max_ns[pair] = sim_query_count(&query, 3);
        }
    }
    return sim_query_finish(&query);
}

static bool read_totals(struct reading *reading)
{
    struct sim_query query = sim_query_of(
        reading->store,
        "SELECT repetition, reports, regions, aggregators, edges, executions, active_tasks,"
        " completion, latency FROM totals WHERE run_id = ?1",
        reading->run_id, reading->error);
    while (sim_query_next(&query)) {
        struct sim_result *result = result_of(reading, &query);
        if (result != NULL) {
            result->total = (struct mesh_total){
                .reports = sim_query_count(&query, 1),
                .regions = (uint32_t)sim_query_count(&query, 2),
                .aggregators = (uint32_t)sim_query_count(&query, 3),
                .edges = (uint32_t)sim_query_count(&query, 4),
                .sums = {.executions = sim_query_count(&query, 5),
                         .active_tasks = sim_query_count(&query, 6),
                         .completion = sim_query_count(&query, 7),
                         .latency = sim_query_count(&query, 8)},
            };
        }
    }
    return sim_query_finish(&query);
}

bool sim_store_read_results(struct sim_store *store, int64_t run_id, struct sim_result **results,
                            uint32_t *count, struct sim_error *error)
{
    struct reading reading = {.store = store, .error = error, .run_id = run_id};
    bool fine = sim_store_has_run(store, run_id, error) && read_repetitions(&reading) &&
                read_updates(&reading) && read_traffic(&reading) && read_hosts(&reading) &&
                read_latencies(&reading) && read_totals(&reading) &&
                sim_store_read_faults(store, run_id, reading.results, reading.count, error);
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

static void put_statistic(struct sim_statistics *times, const char *name, uint64_t value)
{
    double ms = value == SIM_TIME_NEVER ? INFINITY : (double)value / NS_PER_MS;
    if (strcmp(name, "n") == 0) {
        times->count = value;
    } else if (strcmp(name, "p50") == 0) {
        times->p50 = ms;
    } else if (strcmp(name, "p95") == 0) {
        times->p95 = ms;
    } else if (strcmp(name, "p99") == 0) {
        times->p99 = ms;
    } else if (strcmp(name, "max") == 0) {
        times->max = ms;
    } else if (strcmp(name, "mean") == 0) {
        times->mean = isfinite(ms) ? ms : NAN;
    } else if (strcmp(name, "sd") == 0) {
        times->sd = isfinite(ms) ? ms : NAN;
    }
}

static bool read_report_times(struct sim_store *store, int64_t run_id,
                              struct sim_stored_findings *findings, struct sim_error *error)
{
    struct sim_query query =
        sim_query_of(store,
                     "SELECT metric, statistic, value FROM metrics WHERE run_id = ?1"
                     " AND metric LIKE 'report\\_%' ESCAPE '\\'",
                     run_id, error);
    for (uint32_t i = 0; i < SIM_REPORT_REACH_COUNT; i++) {
        findings->report_times[i] = (struct sim_statistics){NAN, NAN, NAN, NAN, NAN, NAN, NAN, 0};
    }
    while (sim_query_next(&query)) {
        for (enum sim_report_reach i = 0; i < SIM_REPORT_REACH_COUNT; i++) {
            if (strcmp(sim_report_stored_name(i), sim_query_text(&query, 0)) == 0) {
                put_statistic(&findings->report_times[i], sim_query_text(&query, 1),
                              sim_query_count(&query, 2));
            }
        }
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
           read_report_times(store, run_id, findings, error) &&
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
