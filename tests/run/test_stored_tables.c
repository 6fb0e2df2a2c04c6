// SPDX-License-Identifier: GPL-3.0-or-later
// A run that takes its latencies' tables from a stored run instead of computing them.
#include <criterion/criterion.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run.h"
#include "store.h"

#define SCENARIO                                                       \
    "topology: single_region_mesh\nagents: 60\nseed: 3\n"              \
    "regions: [{name: a, zones: [x, y, z]}]\n"                         \
    "gossip: {fanout: 3, interval_ms: 50}\n"                           \
    "network:\n  ordering: fifo\n  latency:\n"                         \
    "    same_host_ms: 0.5\n"                                          \
    "    same_zone_ms: {distribution: empirical, file: rtt.csv}\n"     \
    "    same_region_ms: {distribution: gamma, mean: 8, stddev: 6}\n"  \
    "    inter_region_ms: {distribution: gamma, mean: 8, stddev: 6}\n" \
    "workload: {updates: 5}\nplacement: {agents_per_host: 5}\n"
#define RTT "rtt_ms\n1.5\n2\n2.25\n9\n"

static char directory[] = "/tmp/meshsim-tables-XXXXXX";

static void open_directory(void)
{
    cr_assert_not_null(mkdtemp(directory));
    cr_assert(chdir(directory) == 0);
}

static void close_directory(void)
{
    static const char *const names[] = {"x.yaml", "rtt.csv", "runs.db"};
    for (int i = 0; i < 3; i++) {
        unlink(names[i]);
    }
    rmdir(directory);
}

TestSuite(stored_tables, .init = open_directory, .fini = close_directory, .timeout = 60);

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    cr_assert(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static struct sim_scenario *load(const struct sim_table *tables, uint32_t count)
{
    const struct sim_data_file files[] = {{"x.yaml", SCENARIO}, {"rtt.csv", RTT}};
    const struct sim_recorded recorded = {
        .files = files, .file_count = 2, .tables = tables, .table_count = count, .cell = ""};
    const struct sim_overrides overrides = {.recorded = count == 0 ? NULL : &recorded};
    struct sim_scenario *scenarios;
    uint32_t cells;
    struct sim_error error = {0};
    cr_assert(sim_load_scenario("x.yaml", &overrides, &scenarios, &cells, &error), "%s:%u: %s",
              error.file, error.line, error.text);
    return scenarios;
}

static struct sim_result run(const struct sim_scenario *scenario)
{
    const struct sim_run_options options = {.queue = SIM_QUEUE_WINDOWS};
    struct sim_result result;
    struct sim_error error = {0};
    cr_assert(sim_run(scenario, 0, &options, &result, &error), "%s", error.text);
    return result;
}

// Runs the scenario and stores it as run 1; returns its fingerprint.
static uint64_t run_and_store(struct sim_store **store)
{
    write_file("x.yaml", SCENARIO);
    write_file("rtt.csv", RTT);
    struct sim_scenario *scenario = load(NULL, 0);
    struct sim_result result = run(scenario);
    struct sim_error error = {0};
    int64_t id;
    cr_assert(scenario->table_count == 3);
    cr_assert(sim_store_open("runs.db", store, &error), "%s", error.text);
    const struct sim_store_run stored = {
        .scenario = scenario, .engine_version = "1", .results = &result, .result_count = 1};
    cr_assert(sim_store_write_run(*store, &stored, &id, &error), "%s", error.text);
    uint64_t fingerprint = result.fingerprint;
    sim_result_finish(&result);
    sim_scenarios_destroy(scenario, 1);
    return fingerprint;
}

Test(stored_tables, give_the_fingerprint_that_computed_ones_gave)
{
    struct sim_store *store;
    struct sim_table *tables;
    uint32_t count;
    struct sim_error error = {0};
    uint64_t fingerprint = run_and_store(&store);
    cr_assert(sim_store_read_tables(store, 1, &tables, &count, &error), "%s", error.text);
    cr_assert(count == 3, "%u tables", count);
    unlink("x.yaml");  // what was read is recorded
    unlink("rtt.csv");
    struct sim_scenario *scenario = load(tables, count);
    cr_expect(scenario->network.quantiles[SIM_SAME_REGION] == tables[1].quantiles);
    struct sim_result result = run(scenario);
    cr_expect(result.fingerprint == fingerprint, "%016" PRIx64 " and %016" PRIx64, fingerprint,
              result.fingerprint);
    sim_result_finish(&result);
    // They are what decides: another table, another run.
    uint64_t *points = (uint64_t *)tables[1].quantiles;
    for (size_t i = 0; i < sizeof(struct sim_quantiles) / sizeof *points; i++) {
        points[i] += 1000;
    }
    result = run(scenario);
    cr_expect(result.fingerprint != fingerprint);
    sim_result_finish(&result);
    sim_scenarios_destroy(scenario, 1);
    sim_store_free_tables(tables, count);
    sim_store_close(store);
}

Test(stored_tables, a_damaged_one_and_a_run_that_is_not_there_are_refused)
{
    struct sim_store *store;
    struct sim_table *tables;
    uint32_t count;
    struct sim_error error = {0};
    run_and_store(&store);
    cr_expect(!sim_store_read_tables(store, 2, &tables, &count, &error));
    cr_expect(error.code == SIM_ERROR_USAGE && strstr(error.text, "no run 2") != NULL);
    sim_store_close(store);
    sqlite3 *database;
    cr_assert(sqlite3_open("runs.db", &database) == SQLITE_OK);
    cr_assert(sqlite3_exec(database, "UPDATE latency_tables SET points = zeroblob(59416)", NULL,
                           NULL, NULL) == SQLITE_OK);
    sqlite3_close(database);
    error = (struct sim_error){0};
    cr_assert(sim_store_open("runs.db", &store, &error), "%s", error.text);
    cr_expect(!sim_store_read_tables(store, 1, &tables, &count, &error));
    cr_expect(error.code == SIM_ERROR_IO && strstr(error.text, "is damaged") != NULL, "%s",
              error.text);
    cr_expect(tables == NULL && count == 0);
    sim_store_close(store);
}
