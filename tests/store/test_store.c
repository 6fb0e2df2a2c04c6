// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "handle.h"

TestSuite(store, .init = scratch_make, .fini = scratch_remove);

#define NOBODY 65534

// Opens what must be refused, and returns what is said.
static struct sim_error refusal(const char *path)
{
    struct sim_store *store = NULL;
    struct sim_error error = {0};
    cr_assert(!sim_store_open(path, &store, &error), "%s was opened", path);
    cr_assert_null(store);
    return error;
}

static void make_database(const char *path, const char *commands)
{
    sqlite3 *database = NULL;
    cr_assert(sqlite3_open(path, &database) == SQLITE_OK);
    cr_assert(sqlite3_exec(database, commands, NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(database);
}

static char *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file);
    char *bytes = malloc(1 << 20);
    *length = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

// ---- What is written is what is read ----

Test(store, run_is_read_back_with_its_settings)
{
    struct fixture fixture;
    fixture_init(&fixture);
    const char *path = scratch_path("runs.db");
    struct sim_store *store = open_store(path);
    cr_assert(write_run(store, &fixture) == 1);
    sim_store_close(store);
    // UINT64_MAX - 1 is -2 as a signed number; printf shows the bits.
    expect_rows(
        path, "SELECT * FROM runs",
        "1|1|complete|1.2.3|a run by hand|gossip.mode=eager|3|single_region_mesh|1000|eager|"
        "phased|10|100000000|990000000|20000000|10000000|20000000000|-2|2|"
        "-81985529216486896\n");
    expect_rows(path, "SELECT printf('%016x', fingerprint), printf('%016x', seed) FROM runs",
                "fedcba9876543210|fffffffffffffffe\n");
    expect_rows(path, "SELECT * FROM sources",
                "1|0|topology|mesh.yaml|agent_count: 10\n\n1|1|option|--set|gossip.fanout=10\n");
}

Test(store, repetitions_are_read_back_with_all_they_measured)
{
    struct fixture fixture;
    fixture_init(&fixture);
    const char *path = scratch_path("runs.db");
    struct sim_store *store = open_store(path);
    write_run(store, &fixture);
    sim_store_close(store);
    expect_rows(path,
                "SELECT run_id, repetition, seed, interrupted, printf('%016x', fingerprint),"
                " simulated_ns, edge_interval_ns, region_interval_ns, interval_ns, agents, events"
                " FROM repetitions",
                "1|0|-2|0|f00000000000000a|20000000000|-|200000000|300000000|1000|123456\n"
                "1|1|-1|0|f00000000000000b|20000000000|-|200000000|300000000|1000|123456\n");
    expect_rows(path, "SELECT * FROM updates WHERE repetition = 1",
                "1|1|3|1|400000000|0|999|1|-|-|-|-|0|-|-|-|301|1|-|-|-|-|-|-|-|0|-|0|-\n"
                "1|1|7|2|200000000|1|1000|998|41|23|42|-|55|20|19|17|300|298|29|6|15|9|11|4|812|2|"
                "1|0|40\n");
    expect_rows(path,
                "SELECT edge_cohort, edge_held, edge_theta_ns, region_cohort, region_held,"
                " region_theta_ns, path_tick_ns, path_link_tick_ns, path_global_tick_ns,"
                " path_network_ns, path_hops, path_node FROM updates"
                " WHERE repetition = 0 AND origin = 7",
                "20|19|17|300|298|29|6|15|9|11|4|812\n");
    expect_rows(path, "SELECT * FROM traffic WHERE repetition = 0",
                "1|0|eager|inter_region|0|0|0|0|0|0|0|0|1|0|0|0|0|0|0|0|0|0|0|0\n"
                "1|0|open|same_zone|10|360|580|12|1|2|3|4|8|70|160|3|108|4|1|16048|5|6|7|3\n"
                "1|0|rotation|same_region|0|0|0|0|0|0|0|0|0|0|0|0|0|9|0|36108|0|0|0|0\n");
    expect_rows(path, "SELECT repetition, unwritten, lagging FROM repetitions", "0|3|60\n1|3|60\n");
    expect_rows(path, "SELECT * FROM faults WHERE repetition = 1",
                "1|1|0|crash|crash at 5 ms of nodes 1-2|2|4|5000000|9000000\n"
                "1|1|1|mass-join|mass-join at 60 ms of nodes 3|0|0|-|-\n");
    expect_rows(path, "SELECT * FROM rejoins WHERE repetition = 1",
                "1|1|0|1|7000000|250|1\n1|1|1|2|8000000|-|0\n");
    expect_rows(path, "SELECT * FROM takeovers WHERE repetition = 1", "1|1|0|6000000|4|81|97\n");
    expect_rows(path, "SELECT * FROM gaps WHERE repetition = 1", "1|1|aggregator|1001|120|60\n");
    expect_rows(path, "SELECT * FROM elections WHERE repetition = 1",
                "1|1|0|1|0|21|31|50|2|1|0\n1|1|1|0|7000000|-|-|-|0|3|1\n");
    expect_rows(path, "SELECT * FROM failovers WHERE repetition = 1",
                "1|1|0|1|60|7000001|41|-|70\n1|1|1|0|0|7000002|-|-|-\n");
    expect_rows(path, "SELECT * FROM raft_groups WHERE repetition = 1",
                "1|1|0|13|5|0|0|0|0\n1|1|1|31|2|1|3|4|600\n");
    expect_rows(path, "SELECT * FROM liars WHERE repetition = 1",
                "1|1|0|forging|forging by 20 % of agents|200|199|812|1000000|9000000|-\n"
                "1|1|1|eclipsing|eclipsing by nodes 5|1|0|0|-|-|it looks empty\n");
    expect_rows(path, "SELECT * FROM detections WHERE repetition = 1",
                "1|1|5|1000000|52\n1|1|17|1000001|-\n");
    expect_rows(path, "SELECT * FROM deceits WHERE repetition = 1",
                "1|1|0|0|5|3|2000000|2000300|61|700\n1|1|1|1|6|4|3000000|3000400|-|1\n");
    expect_rows(path, "SELECT * FROM rejects WHERE repetition = 1",
                "1|1|rate|0|8\n1|1|signature|1|90\n");
    expect_rows(path, "SELECT * FROM trust WHERE repetition = 1", "1|1|800|700|2|0\n");
    expect_rows(path, "SELECT * FROM compressions",
                "1|0|updates|128|130|101\n"
                "1|1|updates|128|130|101\n");
    expect_rows(path, "SELECT * FROM hosts WHERE repetition = 1",
                "1|1|agent|bandwidth|c6i.xlarge|4|300|301|1562000000\n"
                "1|1|agent|connections|c6i.xlarge|4|50|51|-\n"
                "1|1|agent|cpu|c6i.xlarge|4|1000|1001|4000000000\n"
                "1|1|agent|memory|c6i.xlarge|4|4000|4001|8589934592\n"
                "1|1|agent|packets|c6i.xlarge|4|20|21|-\n");
    expect_rows(path, "SELECT * FROM latencies",
                "1|0|same_zone|5500000|9900000\n"
                "1|1|same_zone|5500000|9900000\n");
    expect_rows(path, "SELECT * FROM curves WHERE repetition = 0",
                "1|0|edge|11|2|20\n1|0|edge|22|19|20\n"
                "1|0|mesh|10|5|1000\n1|0|mesh|20|500|1000\n1|0|mesh|30|998|1000\n"
                "1|0|region|12|298|300\n1|0|region:eu-west-1|13|597|600\n"
                "1|0|region:here & there|14|7|400\n1|0|region:here & there|28|393|400\n");
    expect_rows(path, "SELECT * FROM checkpoints WHERE repetition = 1", "1|1|0|5000000000|99|61\n");
    expect_rows(path, "SELECT repetition, wall_ns, peak_rss_bytes FROM host_facts",
                "0|777|888\n1|777|888\n");
}

Test(store, judgements_are_read_back)
{
    struct fixture fixture;
    fixture_init(&fixture);
    const char *path = scratch_path("runs.db");
    struct sim_store *store = open_store(path);
    write_run(store, &fixture);
    sim_store_close(store);
    expect_rows(path, "SELECT * FROM metrics", "1|convergence|p50|ns|41\n1|convergence|p95|ns|-\n");
    expect_rows(
        path, "SELECT * FROM verdicts",
        "1|0|selection-single-convergence|<100ms|Topology Selection Matrix|convergence|p95|ns|"
        "-|100000000|118000000|110000000|-|300|FAIL|ticks take 86 % of the time\n"
        "1|1|single-sla|99.9%|Topology Comparison Matrix|convergence|share|ppb|999000000|-|"
        "997000000|996000000|998000000|301|INCONCLUSIVE|\n");
    expect_rows(path, "SELECT * FROM expectations",
                "1|0|p99(convergence_ms) < 1000|ns|-|fail|2 of 4 updates never arrive\n");
}

Test(store, host_facts_name_the_hour_and_the_machine)
{
    struct fixture fixture;
    fixture_init(&fixture);
    const char *path = scratch_path("runs.db");
    struct sim_store *store = open_store(path);
    write_run(store, &fixture);
    sim_store_close(store);
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    char expected[300];
    snprintf(expected, sizeof expected, "%s|1|1|1|1\n", host);
    expect_rows(path,
                "SELECT host, abs(julianday('now') - julianday(stored_at)) < 0.01,"
                " processors > 0, system LIKE 'Linux %', sqlite_version = sqlite_version()"
                " FROM host_facts WHERE repetition = 0",
                expected);
}

Test(store, runs_of_one_command_share_its_id)
{
    struct fixture fixture;
    fixture_init(&fixture);
    const char *path = scratch_path("runs.db");
    struct sim_store *first = open_store(path);
    write_run(first, &fixture);
    struct sim_store *second = open_store(path);  // another process would do the same
    write_run(second, &fixture);
    write_run(first, &fixture);
    write_run(second, &fixture);
    sim_store_close(first);
    sim_store_close(second);
    expect_rows(path, "SELECT run_id, command_id FROM runs", "1|1\n2|2\n3|1\n4|2\n");
}

// ---- What is not complete does not look so ----

Test(store, run_with_fewer_repetitions_than_asked_is_interrupted)
{
    struct fixture fixture;
    fixture_init(&fixture);
    const char *path = scratch_path("runs.db");
    struct sim_store *store = open_store(path);
    fixture.run.result_count = 1;
    write_run(store, &fixture);
    fixture.run.result_count = 0;
    write_run(store, &fixture);
    sim_store_close(store);
    expect_rows(path, "SELECT run_id, status, repeat FROM runs",
                "1|interrupted|2\n2|interrupted|2\n");
    expect_rows(path, "SELECT run_id, repetition FROM repetitions", "1|0\n");
}

Test(store, run_with_a_repetition_cut_short_is_interrupted)
{
    struct fixture fixture;
    fixture_init(&fixture);
    const char *path = scratch_path("runs.db");
    struct sim_store *store = open_store(path);
    fixture.results[1].interrupted = true;
    write_run(store, &fixture);
    sim_store_close(store);
    expect_rows(path, "SELECT status FROM runs", "interrupted\n");
    expect_rows(path, "SELECT repetition, interrupted FROM repetitions", "0|0\n1|1\n");
}

Test(store, run_that_breaks_a_rule_of_the_schema_leaves_nothing_behind)
{
    struct fixture fixture;
    fixture_init(&fixture);
    const char *path = scratch_path("runs.db");
    struct sim_store *store = open_store(path);
    fixture.expectations[0].outcome = "perhaps";  // the last table but one
    struct sim_error error = {0};
    int64_t run_id = 0;
    cr_assert(!sim_store_write_run(store, &fixture.run, &run_id, &error));
    cr_assert(error.code == SIM_ERROR_INTERNAL, "%s", error.text);
    expect_rows(path, "SELECT count(*) FROM runs, (SELECT count(*) FROM updates)", "0\n");
    fixture.expectations[0].outcome = "pass";
    cr_assert(write_run(store, &fixture) == 1, "the store is usable afterwards");
    sim_store_close(store);
}

Test(store, run_that_begins_is_noted_until_it_is_stored_or_another_begins_or_nothing_more_comes)
{
    static const char notes[] = "SELECT host <> '', process, process_at > 0, scenario, cell,"
                                " topology, agents, mode, seed, repeat FROM begun";
    struct fixture fixture;
    fixture_init(&fixture);
    const char *path = scratch_path("runs.db");
    struct sim_store *store = open_store(path);
    struct sim_error error = {0};
    char expected[200];
    snprintf(expected, sizeof expected,
             "1|%d|1|a run by hand|gossip.mode=eager|single_region_mesh|1000|eager|-2|2\n",
             (int)getpid());
    cr_assert(sim_store_begin_run(store, &fixture.scenario, &error), "%s", error.text);
    expect_rows(path, notes, expected);
    cr_assert(sim_store_begin_run(store, &fixture.scenario, &error), "%s", error.text);
    expect_rows(path, notes, expected);
    write_run(store, &fixture);
    expect_rows(path, notes, "");
    cr_assert(sim_store_begin_run(store, &fixture.scenario, &error), "%s", error.text);
    sim_store_close(store);
    expect_rows(path, notes, "");
}

// ---- What is refused ----

Test(store, database_of_another_program_is_refused_and_untouched)
{
    const char *path = scratch_path("photos.db");
    make_database(path, "CREATE TABLE photos (name TEXT); INSERT INTO photos VALUES ('cat');");
    size_t length_before;
    size_t length_after;
    char *before = read_file(path, &length_before);
    struct sim_error error = refusal(path);
    cr_assert(error.code == SIM_ERROR_IO);
    cr_assert_not_null(strstr(error.text, "of another program"), "%s", error.text);
    cr_assert_not_null(strstr(error.text, "--db"), "%s", error.text);
    char *after = read_file(path, &length_after);
    cr_assert(length_before == length_after && memcmp(before, after, length_before) == 0,
              "the file has changed");
    free(before);
    free(after);
}

Test(store, store_of_another_version_is_refused_with_what_to_do)
{
    const char *path = scratch_path("runs.db");
    sim_store_close(open_store(path));
    make_database(path, "PRAGMA user_version = 999");
    struct sim_error newer = refusal(path);
    cr_assert(newer.code == SIM_ERROR_IO);
    cr_assert_not_null(strstr(newer.text, "newer meshsim"), "%s", newer.text);
    make_database(path, "PRAGMA user_version = 0");
    struct sim_error older = refusal(path);
    cr_assert_not_null(strstr(older.text, "older meshsim"), "%s", older.text);
}

Test(store, text_file_is_refused)
{
    const char *path = scratch_path("notes.txt");
    FILE *file = fopen(path, "w");
    for (int line = 0; line < 100; line++) {
        fputs("what I wanted to remember\n", file);
    }
    fclose(file);
    struct sim_error error = refusal(path);
    cr_assert(error.code == SIM_ERROR_IO);
    cr_assert_not_null(strstr(error.text, "not an SQLite database"), "%s", error.text);
}

Test(store, missing_directory_is_named_with_the_system_s_reason)
{
    struct sim_error error = refusal(scratch_path("absent/runs.db"));
    cr_assert(error.code == SIM_ERROR_IO);
    cr_assert_not_null(strstr(error.text, "absent/runs.db"), "%s", error.text);
    cr_assert_not_null(strstr(error.text, "No such file or directory"), "%s", error.text);
}

Test(store, read_only_file_is_refused_before_the_simulation)
{
    const char *path = scratch_path("runs.db");
    sim_store_close(open_store(path));
    chmod(path, 0444);
    if (geteuid() == 0) {
        cr_assert(seteuid(NOBODY) == 0);  // root may write anything
    }
    struct sim_store *store = NULL;
    struct sim_error error = {0};
    bool opened = sim_store_open(path, &store, &error);
    if (getuid() == 0) {
        cr_assert(seteuid(0) == 0);
    }
    cr_assert(!opened);
    cr_assert(error.code == SIM_ERROR_IO);
    cr_assert(strstr(error.text, "read-only") != NULL || strstr(error.text, "writable") != NULL,
              "%s", error.text);
}

Test(store, empty_path_is_a_usage_error)
{
    cr_assert(refusal("").code == SIM_ERROR_USAGE);
}

Test(store, empty_file_becomes_a_store)
{
    const char *path = scratch_path("empty.db");
    close(open(path, O_CREAT | O_WRONLY, 0666));
    sim_store_close(open_store(path));
    expect_rows(path, "SELECT count(*) FROM runs", "0\n");
}

// ---- Two processes ----

static sqlite3 *hold_lock(const char *path)
{
    sqlite3 *other = NULL;
    cr_assert(sqlite3_open(path, &other) == SQLITE_OK);
    cr_assert(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL) == SQLITE_OK);
    return other;
}

Test(store, lock_that_stays_is_an_error_that_names_it)
{
    struct fixture fixture;
    fixture_init(&fixture);
    const char *path = scratch_path("runs.db");
    struct sim_store *store = open_store(path);
    sqlite3_busy_timeout(store->database, 50);  // not the ten seconds that users are given
    sqlite3 *other = hold_lock(path);
    struct sim_error error = {0};
    int64_t run_id = 0;
    cr_assert(!sim_store_write_run(store, &fixture.run, &run_id, &error));
    cr_assert(error.code == SIM_ERROR_IO);
    cr_assert_not_null(strstr(error.text, "another process keeps it locked"), "%s", error.text);
    cr_assert_not_null(strstr(error.text, "nothing of the run was stored"), "%s", error.text);
    sqlite3_close(other);
    cr_assert(write_run(store, &fixture) == 1, "once it is released the run can be written");
    sim_store_close(store);
}

static void *release_soon(void *other)
{
    usleep(100000);
    sqlite3_close(other);
    return NULL;
}

Test(store, lock_that_is_released_is_waited_for)
{
    struct fixture fixture;
    fixture_init(&fixture);
    struct sim_store *store = open_store(scratch_path("runs.db"));
    sqlite3 *other = hold_lock(scratch_path("runs.db"));
    pthread_t thread;
    cr_assert(pthread_create(&thread, NULL, release_soon, other) == 0);
    cr_assert(write_run(store, &fixture) == 1);
    pthread_join(thread, NULL);
    sim_store_close(store);
}
