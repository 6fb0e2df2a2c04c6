// SPDX-License-Identifier: GPL-3.0-or-later
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "allocate.h"
#include "faults.h"
#include "resources.h"
#include "putting.h"

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

static void put_bytes(struct rows *rows, const unsigned char *bytes, size_t count)
{
    if (!rows->failed && sqlite3_bind_blob(rows->statement, ++rows->column, bytes, (int)count,
                                           SQLITE_STATIC) != SQLITE_OK) {
        fail(rows);
    }
}

// ---- The run itself ----

static bool is_complete(const struct sim_store_run *run)
{
    for (uint32_t index = 0; index < run->result_count; index++) {
        if (run->results[index].interrupted) {
            return false;
        }
    }
    return run->result_count == run->scenario->repeat;
}

// The first table: its row decides run_id, and with it command_id.
static void put_run(struct rows *rows, const struct sim_store_run *run)
{
    const struct sim_scenario *scenario = run->scenario;
    begin_table(rows, "INSERT INTO runs VALUES (NULL,"
                      "ifnull(?, (SELECT coalesce(max(run_id), 0) + 1 FROM runs)),"
                      "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    rows->column = 0;
    put_value(rows,
              rows->store->command_id == 0 ? SIM_TIME_NEVER : (uint64_t)rows->store->command_id);
    put_text(rows, is_complete(run) ? "complete" : "interrupted");
    put_text(rows, run->engine_version);
    put_text(rows, scenario->name);
    put_text(rows, scenario->cell);
    put_count(rows, scenario->row);
    put_text(rows, sim_topology_name(scenario->topology));
    put_count(rows, scenario->agents);
    put_text(rows, sim_mode_name(scenario->gossip.mode));
    put_text(rows, sim_schedule_name(scenario->gossip.schedule));
    put_count(rows, scenario->gossip.fanout);
    put_count(rows, scenario->gossip.interval_ns);
    put_count(rows, scenario->gossip.threshold_ppb);
    put_count(rows, scenario->network.loss_ppb);
    put_count(rows, scenario->network.duplicate_ppb);
    put_count(rows, scenario->duration_ns);
    put_bits(rows, scenario->seed);
    put_count(rows, scenario->repeat);
    put_bits(rows, run->fingerprint);
    end_row(rows);
    rows->run_id = sqlite3_last_insert_rowid(rows->store->database);
}

static void put_sources(struct rows *rows, const struct sim_store_run *run)
{
    begin_table(rows, "INSERT INTO sources VALUES (?,?,?,?,?)");
    for (uint32_t index = 0; index < run->source_count; index++) {
        begin_row(rows);
        put_count(rows, index);
        put_text(rows, run->sources[index].kind);
        put_text(rows, run->sources[index].name);
        put_text(rows, run->sources[index].text);
        end_row(rows);
    }
}

// Only the bytes of a table that is not there yet are written.
static void put_tables(struct rows *rows, const struct sim_store_run *run)
{
    const struct sim_scenario *scenario = run->scenario;
    unsigned char bytes[SIM_STORE_TABLE_BYTES];
    for (uint32_t index = 0; index < scenario->table_count && !rows->failed; index++) {
        uint64_t hash = sim_store_pack_table(scenario->tables[index].quantiles, bytes);
        begin_table(rows, "INSERT OR IGNORE INTO latency_tables VALUES (?,?)");
        rows->column = 0;
        put_bits(rows, hash);
        put_bytes(rows, bytes, sizeof bytes);
        end_row(rows);
        begin_table(rows, "INSERT INTO run_tables VALUES (?,?,?)");
        begin_row(rows);
        put_text(rows, scenario->tables[index].used_for);
        put_bits(rows, hash);
        end_row(rows);
    }
}

// ---- What repetitions measured ----

// 0: the mesh has nothing of the kind.
static void put_interval(struct rows *rows, uint64_t interval_ns)
{
    put_value(rows, interval_ns == 0 ? SIM_TIME_NEVER : interval_ns);
}

static void put_repetition(struct rows *rows, const struct sim_result *result)
{
    begin_table(rows, "INSERT INTO repetitions VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)");
    begin_row_of(rows, result);
    put_bits(rows, result->seed);
    put_count(rows, result->interrupted);
    put_bits(rows, result->fingerprint);
    put_count(rows, result->simulated_ns);
    put_interval(rows, result->interval_ns[SIM_REACH_EDGE]);
    put_interval(rows, result->interval_ns[SIM_REACH_REGION]);
    put_count(rows, result->interval_ns[SIM_REACH_ALL]);
    put_count(rows, result->agents);
    put_count(rows, result->events);
    put_count(rows, result->unwritten);
    put_count(rows, result->lagging);
    end_row(rows);
}

static void put_nulls(struct rows *rows, int count)
{
    for (int column = 0; column < count; column++) {
        put_null(rows);
    }
}

static void put_near(struct rows *rows, const struct sim_near *near)
{
    if (near->cohort == 0) {
        put_nulls(rows, 3);
        return;
    }
    put_count(rows, near->cohort);
    put_count(rows, near->held);
    put_value(rows, near->theta_ns);
}

static void put_path(struct rows *rows, const struct sim_path *path)
{
    if (path->node == MESH_NODE_NONE) {
        put_nulls(rows, SIM_TICK_COUNT + 3);
        return;
    }
    for (int tick = 0; tick < SIM_TICK_COUNT; tick++) {
        put_count(rows, path->tick_ns[tick]);
    }
    put_count(rows, path->network_ns);
    put_count(rows, path->hops);
    put_count(rows, path->node);
}

static void put_gone(struct rows *rows, const struct sim_near *near)
{
    put_value(rows, near->cohort == 0 ? SIM_TIME_NEVER : near->gone);
}

static void put_updates(struct rows *rows, const struct sim_result *result)
{
    begin_table(
        rows, "INSERT INTO updates VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,"
              "?)");
    for (uint32_t index = 0; index < result->update_count; index++) {
        const struct sim_update_result *update = &result->updates[index];
        begin_row_of(rows, result);
        put_count(rows, update->dot.origin);
        put_count(rows, update->dot.sequence);
        put_count(rows, update->written_ns);
        put_count(rows, update->measured);
        put_count(rows, update->cohort);
        put_count(rows, update->held);
        put_value(rows, update->theta_ns);
        put_value(rows, update->half_ns);
        put_value(rows, update->p99_ns);
        put_value(rows, update->all_ns);
        put_count(rows, update->last_receipt_ns);
        put_near(rows, &update->near[SIM_REACH_EDGE]);
        put_near(rows, &update->near[SIM_REACH_REGION]);
        put_path(rows, &update->path);
        put_count(rows, update->gone);
        put_gone(rows, &update->near[SIM_REACH_EDGE]);
        put_gone(rows, &update->near[SIM_REACH_REGION]);
        put_value(rows, update->calm_theta_ns);
        end_row(rows);
    }
}

static void put_traffic(struct rows *rows, const struct sim_result *result)
{
    begin_table(rows,
                "INSERT INTO traffic VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    for (uint32_t kind = 0; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        for (int pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
            const struct sim_traffic *traffic = &result->traffic[kind][pair];
            // Something may be delivered that was sent during the warm-up.
            if ((traffic->messages | traffic->duplicated | traffic->lost | traffic->dropped |
                 traffic->corrupted | traffic->cut | traffic->dead | traffic->refused |
                 traffic->delivered | traffic->handshakes) == 0) {
                continue;
            }
            begin_row_of(rows, result);
            put_text(rows, sim_message_name(kind));
            put_text(rows, sim_pair_class_name((enum sim_pair_class)pair));
            put_count(rows, traffic->messages);
            put_count(rows, traffic->bytes);
            put_count(rows, traffic->transport_bytes);
            put_count(rows, traffic->updates);
            put_count(rows, traffic->duplicated);
            put_count(rows, traffic->lost);
            put_count(rows, traffic->dropped);
            put_count(rows, traffic->corrupted);
            put_count(rows, traffic->delivered);
            put_count(rows, traffic->saved_bytes);
            put_count(rows, traffic->digest_bytes);
            put_count(rows, traffic->idle);
            put_count(rows, traffic->idle_bytes);
            put_count(rows, traffic->handshakes);
            put_count(rows, traffic->resumed);
            put_count(rows, traffic->handshake_bytes);
            put_count(rows, traffic->cut);
            put_count(rows, traffic->dead);
            put_count(rows, traffic->refused);
            put_count(rows, traffic->altered);
            end_row(rows);
        }
    }
}

static void put_in_flight(struct rows *rows, const struct sim_result *result)
{
    begin_table(rows, "INSERT INTO in_flight VALUES (?,?,?,?)");
    for (uint32_t kind = 0; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        if (result->in_flight[kind] > 0) {
            begin_row_of(rows, result);
            put_text(rows, sim_message_name(kind));
            put_count(rows, result->in_flight[kind]);
            end_row(rows);
        }
    }
}

static void put_processors(struct rows *rows, const struct sim_result *result)
{
    const struct sim_processors *processors = &result->processors;
    begin_table(rows, "INSERT INTO processors VALUES (?,?,?,?,?,?)");
    if (processors->messages > 0) {
        begin_row_of(rows, result);
        put_count(rows, processors->messages);
        put_count(rows, processors->service_ns);
        put_count(rows, processors->wait_ns);
        put_count(rows, processors->wait_ns_max);
        end_row(rows);
    }
}

static void put_compression(struct rows *rows, const struct sim_result *result)
{
    begin_table(rows, "INSERT INTO compressions VALUES (?,?,?,?,?,?)");
    for (uint32_t payload = 0; payload < SIM_PAYLOAD_COUNT; payload++) {
        for (uint32_t class = 0; class < SIM_SIZE_CLASSES; class ++) {
            const struct sim_compressed *sample = &result->compression.classes[payload][class];
            if (sample->encoded_bytes == 0) {
                continue;
            }
            begin_row_of(rows, result);
            put_text(rows, sim_payload_name((enum sim_payload)payload));
            put_count(rows, UINT64_C(1) << class);
            put_count(rows, sample->encoded_bytes);
            put_count(rows, sample->compressed_bytes);
            end_row(rows);
        }
    }
}

static void put_hosts(struct rows *rows, const struct sim_scenario *scenario,
                      const struct sim_result *result)
{
    begin_table(rows, "INSERT INTO hosts VALUES (?,?,?,?,?,?,?,?,?)");
    for (uint32_t tier = 0; tier < SIM_TIER_COUNT; tier++) {
        const struct sim_tier_use *use = &result->tiers[tier];
        for (uint32_t i = 0; i < SIM_RESOURCE_COUNT && use->hosts > 0; i++) {
            begin_row_of(rows, result);
            put_text(rows, sim_tier_name((enum sim_tier)tier));
            put_text(rows, sim_resource_name((enum sim_resource)i));
            put_text(rows, scenario->instances[tier].name);
            put_count(rows, use->hosts);
            put_count(rows, use->mean[i]);
            put_count(rows, use->peak[i]);
            put_value(rows, use->limit[i] == 0 ? SIM_TIME_NEVER : use->limit[i]);
            end_row(rows);
        }
    }
}

static void put_latencies(struct rows *rows, const struct sim_result *result)
{
    begin_table(rows, "INSERT INTO latencies VALUES (?,?,?,?,?)");
    for (int pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
        if (result->latency_max_ns[pair] == 0) {
            continue;
        }
        begin_row_of(rows, result);
        put_text(rows, sim_pair_class_name((enum sim_pair_class)pair));
        put_count(rows, result->latency_p50_ns[pair]);
        put_count(rows, result->latency_max_ns[pair]);
        end_row(rows);
    }
}

// "mesh", "edge", "region", "region:NAME" or "report:LEVEL"; the caller frees it.
static char *scope_class_of(const struct sim_scenario *scenario, const struct sim_curve *curve)
{
    static const char *const names[] = {
        [SIM_REACH_EDGE] = "edge",
        [SIM_REACH_REGION] = "region",
        [SIM_REACH_ALL] = "mesh",
    };
    static const char *const report_names[] = {
        [SIM_REPORT_EDGE] = "edge",
        [SIM_REPORT_AGGREGATOR] = "aggregator",
        [SIM_REPORT_GLOBAL] = "global",
    };
    bool reports = curve->kind == SIM_CURVE_REPORTS;
    bool named = !reports && curve->reach == SIM_REACH_ALL && curve->region != SIM_REGION_NONE;
    assert(!named || curve->region < scenario->region_count);
    const char *scope = reports ? "report:" : named ? "region:" : names[curve->reach];
    const char *name = reports ? report_names[curve->report_reach]
                       : named ? scenario->regions[curve->region].name
                               : "";
    size_t bytes = strlen(scope) + strlen(name) + 1;
    char *text = sim_memory_zeroed(bytes);
    snprintf(text, bytes, "%s%s", scope, name);
    return text;
}

static void put_curves(struct rows *rows, const struct sim_scenario *scenario,
                       const struct sim_result *result)
{
    begin_table(rows, "INSERT INTO curves VALUES (?,?,?,?,?,?)");
    for (uint32_t index = 0; index < result->curve_count; index++) {
        const struct sim_curve *curve = &result->curves[index];
        char *scope_class = scope_class_of(scenario, curve);
        for (uint32_t point = 0; point < curve->point_count; point++) {
            begin_row_of(rows, result);
            put_text(rows, scope_class);
            put_count(rows, (point + 1) * curve->step_ns);
            put_count(rows, curve->held[point]);
            put_count(rows, curve->pairs);
            end_row(rows);
        }
        sim_memory_free(scope_class);
    }
}

static void put_faults(struct rows *rows, const struct sim_result *result)
{
    begin_table(rows, "INSERT INTO faults VALUES (?,?,?,?,?,?,?,?,?)");
    for (uint32_t index = 0; index < result->fault_count; index++) {
        const struct sim_fault_result *fault = &result->faults[index];
        begin_row_of(rows, result);
        put_count(rows, index);
        put_text(rows, sim_fault_verb_name(fault->verb));
        put_text(rows, fault->text);
        put_count(rows, fault->firings);
        put_count(rows, fault->nodes);
        put_value(rows, fault->first_ns);
        put_value(rows, fault->last_ns);
        end_row(rows);
    }
}

static void put_rejoins(struct rows *rows, const struct sim_result *result)
{
    begin_table(rows, "INSERT INTO rejoins VALUES (?,?,?,?,?,?,?)");
    for (uint32_t index = 0; index < result->rejoin_count; index++) {
        const struct sim_rejoin *rejoin = &result->rejoins[index];
        begin_row_of(rows, result);
        put_count(rows, index);
        put_count(rows, rejoin->node);
        put_count(rows, rejoin->up_ns);
        put_value(rows, rejoin->after_ns);
        put_count(rows, rejoin->disk_lost);
        end_row(rows);
    }
}

static void put_takeovers(struct rows *rows, const struct sim_result *result)
{
    begin_table(rows, "INSERT INTO takeovers VALUES (?,?,?,?,?,?,?)");
    for (uint32_t index = 0; index < result->takeover_count; index++) {
        const struct sim_takeover *takeover = &result->takeovers[index];
        begin_row_of(rows, result);
        put_count(rows, index);
        put_count(rows, takeover->time_ns);
        put_count(rows, takeover->edge);
        put_count(rows, takeover->from);
        put_count(rows, takeover->to);
        end_row(rows);
    }
}

static void put_gaps(struct rows *rows, const struct sim_result *result)
{
    begin_table(rows, "INSERT INTO gaps VALUES (?,?,?,?,?,?)");
    for (uint32_t index = 0; index < result->gap_count; index++) {
        const struct sim_gap *gap = &result->gaps[index];
        begin_row_of(rows, result);
        put_text(rows, sim_gap_cause_name(gap->cause));
        put_count(rows, gap->subject);
        put_count(rows, gap->first);
        put_count(rows, gap->nodes);
        end_row(rows);
    }
}

// Nodes that are none are NULL.
static void put_node(struct rows *rows, uint32_t node)
{
    put_value(rows, node == MESH_NODE_NONE ? SIM_TIME_NEVER : node);
}

static void put_elections(struct rows *rows, const struct sim_result *result)
{
    begin_table(rows, "INSERT INTO elections VALUES (?,?,?,?,?,?,?,?,?,?,?)");
    for (uint32_t index = 0; index < result->election_count; index++) {
        const struct sim_election *election = &result->elections[index];
        begin_row_of(rows, result);
        put_count(rows, index);
        put_count(rows, election->region);
        put_count(rows, election->lost_ns);
        put_value(rows, election->won_ns);
        put_value(rows, election->after_ns);
        put_node(rows, election->leader);
        put_count(rows, election->term);
        put_count(rows, election->terms);
        put_count(rows, !election->first);
        end_row(rows);
    }
}

static void put_failovers(struct rows *rows, const struct sim_result *result)
{
    begin_table(rows, "INSERT INTO failovers VALUES (?,?,?,?,?,?,?,?,?)");
    for (uint32_t index = 0; index < result->failover_count; index++) {
        const struct sim_failover *failover = &result->failovers[index];
        begin_row_of(rows, result);
        put_count(rows, index);
        put_count(rows, failover->region);
        put_count(rows, failover->bridge);
        put_count(rows, failover->lost_ns);
        put_value(rows, failover->after_ns);
        put_value(rows, failover->exchange_ns);
        put_node(rows, failover->successor);
        end_row(rows);
    }
}

static void put_raft_groups(struct rows *rows, const struct sim_result *result)
{
    begin_table(rows, "INSERT INTO raft_groups VALUES (?,?,?,?,?,?,?,?,?)");
    for (uint32_t index = 0; index < result->leading_count; index++) {
        const struct sim_region_leading *leading = &result->leading[index];
        begin_row_of(rows, result);
        put_count(rows, index);
        put_count(rows, leading->unavailable_ns);
        put_count(rows, leading->terms);
        put_count(rows, leading->transfers);
        put_count(rows, leading->member_changes);
        put_count(rows, leading->snapshots);
        put_count(rows, leading->reads);
        end_row(rows);
    }
}

static void put_checkpoints(struct rows *rows, const struct sim_result *result)
{
    begin_table(rows, "INSERT INTO checkpoints VALUES (?,?,?,?,?,?)");
    for (uint32_t index = 0; index < result->checkpoint_count; index++) {
        const struct sim_checkpoint *checkpoint = &result->checkpoints[index];
        begin_row_of(rows, result);
        put_count(rows, index);
        put_count(rows, checkpoint->time_ns);
        put_bits(rows, checkpoint->fingerprint);
        put_count(rows, checkpoint->events);
        end_row(rows);
    }
}

// ---- What follows from them ----

static void put_metrics(struct rows *rows, const struct sim_store_run *run)
{
    begin_table(rows, "INSERT INTO metrics VALUES (?,?,?,?,?)");
    for (uint32_t index = 0; index < run->metric_count; index++) {
        const struct sim_store_metric *metric = &run->metrics[index];
        begin_row(rows);
        put_text(rows, metric->metric);
        put_text(rows, metric->statistic);
        put_text(rows, metric->unit);
        put_value(rows, metric->value);
        end_row(rows);
    }
}

static void put_verdicts(struct rows *rows, const struct sim_store_run *run)
{
    begin_table(rows, "INSERT INTO verdicts VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    for (uint32_t index = 0; index < run->verdict_count; index++) {
        const struct sim_store_verdict *verdict = &run->verdicts[index];
        begin_row(rows);
        put_count(rows, index);
        put_text(rows, verdict->claim_id);
        put_text(rows, verdict->claim);
        put_text(rows, verdict->section);
        put_text(rows, verdict->metric);
        put_text(rows, verdict->statistic);
        put_text(rows, verdict->unit);
        put_value(rows, verdict->target_low);
        put_value(rows, verdict->target_high);
        put_value(rows, verdict->measured);
        put_value(rows, verdict->low);
        put_value(rows, verdict->high);
        put_count(rows, verdict->samples);
        put_text(rows, verdict->verdict);
        put_text(rows, verdict->why);
        end_row(rows);
    }
}

static void put_expectations(struct rows *rows, const struct sim_store_run *run)
{
    begin_table(rows, "INSERT INTO expectations VALUES (?,?,?,?,?,?,?)");
    for (uint32_t index = 0; index < run->expectation_count; index++) {
        const struct sim_store_expectation *expectation = &run->expectations[index];
        begin_row(rows);
        put_count(rows, index);
        put_text(rows, expectation->text);
        put_text(rows, expectation->unit);
        put_value(rows, expectation->measured);
        put_text(rows, expectation->outcome);
        put_text(rows, expectation->why);
        end_row(rows);
    }
}

// ---- Where and when ----

static void put_host_facts(struct rows *rows, const struct sim_store_run *run,
                           const uint64_t *stored_bytes)
{
    struct utsname names = {0};
    uname(&names);
    char system[sizeof names.sysname + sizeof names.release + sizeof names.machine];
    snprintf(system, sizeof system, "%s %s %s", names.sysname, names.release, names.machine);
    char stored_at[sizeof "2026-01-31T23:59:59Z"] = "";
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc) != NULL) {
        strftime(stored_at, sizeof stored_at, "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    begin_table(rows, "INSERT INTO host_facts VALUES (?,?,?,?,?,?,?,?,?,?,?,?)");
    for (uint32_t index = 0; index < run->result_count; index++) {
        const struct sim_result *result = &run->results[index];
        begin_row_of(rows, result);
        put_text(rows, stored_at);
        put_count(rows, result->wall_ns);
        put_count(rows, result->peak_rss_bytes);
        put_count(rows, result->threads);
        put_count(rows, stored_bytes[index]);
        put_text(rows, names.nodename);
        put_text(rows, system);
        put_count(rows, processors < 0 ? 0 : (uint64_t)processors);
        put_text(rows, COMPILER);
        put_text(rows, sqlite3_libversion());
        end_row(rows);
    }
}

// `stored_bytes` gets what each repetition takes.
static void put_results(struct rows *rows, const struct sim_store_run *run, uint64_t *stored_bytes)
{
    for (uint32_t index = 0; index < run->result_count && !rows->failed; index++) {
        const struct sim_result *result = &run->results[index];
        uint64_t before = rows->bytes;
        put_repetition(rows, result);
        put_updates(rows, result);
        put_traffic(rows, result);
        put_in_flight(rows, result);
        put_compression(rows, result);
        put_hosts(rows, run->scenario, result);
        put_latencies(rows, result);
        put_curves(rows, run->scenario, result);
        put_faults(rows, result);
        put_rejoins(rows, result);
        put_takeovers(rows, result);
        put_gaps(rows, result);
        put_elections(rows, result);
        put_failovers(rows, result);
        put_raft_groups(rows, result);
        put_processors(rows, result);
        sim_store_put_liars(rows, result);
        put_checkpoints(rows, result);
        stored_bytes[index] = rows->bytes - before;
    }
}

static void execute(struct rows *rows, const char *command)
{
    if (!rows->failed &&
        sqlite3_exec(rows->store->database, command, NULL, NULL, NULL) != SQLITE_OK) {
        fail(rows);
    }
}

bool sim_store_write_run(struct sim_store *store, const struct sim_store_run *run, int64_t *run_id,
                         struct sim_error *error)
{
    struct rows rows = {.store = store, .error = error};
    uint64_t *stored_bytes = sim_memory_zeroed(run->result_count * sizeof *stored_bytes);
    execute(&rows, "BEGIN IMMEDIATE");
    put_run(&rows, run);
    put_sources(&rows, run);
    put_tables(&rows, run);
    uint64_t whole = rows.bytes;
    put_results(&rows, run, stored_bytes);
    whole -= rows.bytes;  // what is put between counts with the repetitions
    put_metrics(&rows, run);
    put_verdicts(&rows, run);
    put_expectations(&rows, run);
    if (run->result_count > 0) {
        stored_bytes[0] += whole + rows.bytes;
    }
    put_host_facts(&rows, run, stored_bytes);
    begin_table(&rows, NULL);
    sim_memory_free(stored_bytes);
    if (!rows.failed && !sim_store_end_begun(store)) {
        fail(&rows);
    }
    execute(&rows, "COMMIT");
    if (rows.failed) {
        // SQLite has already rolled back after some failures; a second time would be an error.
        if (!sqlite3_get_autocommit(store->database)) {
            sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
        }
        return false;
    }
    store->begun_id = 0;
    if (store->command_id == 0) {
        store->command_id = rows.run_id;
    }
    *run_id = rows.run_id;
    return true;
}
