// SPDX-License-Identifier: GPL-3.0-or-later
// What a store holds, shown again from the store alone, and made smaller.
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "program.h"

TestSuite(list, .init = scratch_enter, .fini = scratch_leave);

#define MINE                                                         \
    "topology: flat_mesh\nagents: 10\nrepeat: 2\nduration_ms: 400\n" \
    "gossip: {fanout: 3, interval_ms: 50}\nworkload: {updates: 4}\n"

// Two runs per command.
static void run_command(const char *seed)
{
    write_file("mine.yaml", MINE "expect: [p95(convergence_ms) < 0.001]\n"
                                 "sweep: {gossip.mode: [push-pull, eager]}\n");
    struct ended ended =
        run_program("run", "mine.yaml", "--seed", seed, "--quiet", "--db", STORE, NULL);
    expect_exit(&ended, 1);
}

static long bytes_of(const char *name)
{
    struct stat facts;
    cr_assert(stat(name, &facts) == 0);
    return facts.st_size;
}

static struct ended prune(const char *bound, const char *value, const char *yes)
{
    return run_program("list", "--prune", bound, value, "--db", STORE, "--json", yes, NULL);
}

// ---- The list ----

Test(list, tells_what_a_run_was_and_how_it_was_judged)
{
    run_command("7");
    struct ended ended = run_program("list", "--db", STORE, "--json", NULL);
    expect_exit(&ended, 0);
    cr_expect_eq(count_lines(ended.output, "stored_run"), 2);
    const char *line = json_line(ended.output, "stored_run", 1);
    cr_expect_eq(json_number(line, "?1 ->> '$.run'"), 2);
    cr_expect_eq(json_number(line, "?1 ->> '$.command'"), 1);
    cr_expect_str_eq(json_text(line, "$.status"), "complete");
    cr_expect_str_eq(json_text(line, "$.scenario"), "mine");
    cr_expect_str_eq(json_text(line, "$.cell"), "gossip.mode=eager");
    cr_expect_eq(json_number(line, "?1 ->> '$.agents'"), 10);
    cr_expect_eq(json_number(line, "?1 ->> '$.seed'"), 7);
    cr_expect_eq(json_number(line, "?1 ->> '$.repetitions'"), 2);
    cr_expect_eq(json_number(line, "?1 ->> '$.expectations_failed'"), 1);
    cr_expect_eq(
        json_number(line, "?1 ->> '$.claims_failed'"),
        store_number("SELECT count(*) FROM verdicts WHERE run_id = 2 AND verdict = 'FAIL'"));
    cr_expect(json_number(line, "?1 ->> '$.bytes'") > 1000);
    ended = run_program("list", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    expect_part(ended.output, "expect 1/1 FAIL");
    expect_part(ended.errors, "2 runs, ");
}

Test(list, sizes_are_about_those_of_the_file)
{
    for (char seed[2] = "1"; seed[0] <= '8'; seed[0]++) {
        run_command(seed);
    }
    double told = store_number("SELECT sum(stored_bytes) FROM host_facts");
    double more = (double)bytes_of(STORE) / told;
    cr_expect(more > 1 && more < 2, "%g bytes told of %ld", told, bytes_of(STORE));
}

Test(list, a_killed_run_is_told_and_one_under_way_is_running)
{
    int output;
    write_file("mine.yaml", MINE);
    pid_t program = start_program(&output, "run", "mine.yaml", "--repeat", "300000", "--json",
                                  "--db", STORE, NULL);
    wait_for_line(output, "\"repetition\":1,");
    struct ended ended = run_program("list", "--db", STORE, "--json", NULL);
    expect_exit(&ended, 0);
    cr_expect_str_eq(json_text(json_line(ended.output, "stored_run", 0), "$.status"), "running");
    cr_assert_eq(kill(program, SIGKILL), 0);
    wait_for_end(program, output);
    ended = run_program("list", "--db", STORE, "--json", NULL);
    const char *line = json_line(ended.output, "stored_run", 0);
    cr_expect_str_eq(json_text(line, "$.status"), "killed");
    cr_expect_str_eq(json_text(line, "$.run"), "-");
    cr_expect_eq(json_number(line, "?1 ->> '$.repeat'"), 300000);
    run_command("1");
    ended = prune("--keep", "5", "--yes");
    expect_exit(&ended, 0);
    cr_expect_eq(json_number(json_line(ended.output, "prune", 0), "?1 ->> '$.killed'"), 1);
    cr_expect_eq(store_number("SELECT count(*) FROM begun"), 0);
}

Test(list, what_went_well_or_failed_leaves_no_note)
{
    run_command("1");
    struct ended ended = run_program("run", topology("flat-mesh.yaml"), "--db", STORE, "--set",
                                     "memory_mib=1", "--quiet", "--set", "workload.updates=90000",
                                     "--set", "workload.every_ms=0.1", NULL);
    expect_exit(&ended, 70);
    cr_expect_eq(store_number("SELECT count(*) FROM begun"), 0);
}

Test(list, a_store_that_is_not_there_or_not_ours_is_an_input_error)
{
    struct ended ended = run_program("list", NULL);
    expect_exit(&ended, 74);
    expect_part(ended.errors, "there is no store meshsim.db");
    cr_expect(access("meshsim.db", F_OK) != 0);
    write_file("notes.txt", "not a store at all, but long enough to be looked at as if it were\n");
    ended = run_program("show", "1", "--db", "notes.txt", NULL);
    expect_exit(&ended, 74);
    expect_part(ended.errors, "not an SQLite database");
}

// ---- Shown again ----

Test(list, show_prints_the_page_of_run)
{
    write_file("mine.yaml", MINE "expect: [p95(convergence_ms) < 0.001]\n"
                                 "sweep: {agents: [10, 20], gossip.mode: [push-pull, eager]}\n");
    struct ended run = run_program("run", "mine.yaml", "--db", STORE, NULL);
    expect_exit(&run, 1);
    unlink("mine.yaml");
    struct ended show = run_program("show", "--db", STORE, NULL);
    expect_exit(&show, 0);
    cr_expect_str_eq(part_before(show.output, "Took"), part_before(run.output, "Took"));
    expect_part(show.errors, "run 1 to 4");
}

Test(list, show_of_one_run_has_its_figures_and_json_lines_are_the_same)
{
    write_file("mine.yaml", MINE);
    struct ended run = run_program("run", "mine.yaml", "--db", STORE, NULL);
    struct ended show = run_program("show", "latest", "--db", STORE, NULL);
    expect_exit(&show, 0);
    cr_expect_str_eq(part_before(show.output, "Took"), part_before(run.output, "Took"));
    run = run_program("run", "mine.yaml", "--json", "--db", STORE, NULL);
    show = run_program("show", "2", "--json", "--db", STORE, NULL);
    expect_exit(&show, 0);
    cr_expect_str_eq(show.output, run.output);
}

Test(list, show_of_a_hierarchy_has_what_its_agents_reported)
{
    struct ended run = run_program("run", topology("hierarchical.yaml"), "--agents", "2500",
                                   "--set", "workload.report_every_ms=1000", "--set",
                                   "duration_ms=2600", "--db", STORE, NULL);
    struct ended show = run_program("show", "--db", STORE, NULL);
    expect_exit(&show, 0);
    expect_part(show.output, "added up at the end: ");
    cr_expect_str_eq(part_before(show.output, "Took"), part_before(run.output, "Took"));
}

#define REPORTING                                                                               \
    topology("hierarchical.yaml"), "--agents", "2500", "--repeat", "2", "--db", STORE, "--set", \
        "workload.report_every_ms=1000", "--set", "workload.updates=1", "--set",                \
        "gossip.schedule=synchronous", "--set",                                                 \
        "expect=[p95(report_edge_ms) < 1, global_agents == 2500,"                               \
        " share(report_edge_ms < 50) > 0.99]"

// Reports themselves are not stored. Their metrics are, with what was judged by them; under the
// schedule synchronous their rounds are others than their times tell.
Test(list, show_of_several_repetitions_has_metrics_of_reports_and_what_they_decided)
{
    static const char *const figures[] = {
        "$.report_edge_ms.p95",       "$.report_edge_ms.n",
        "$.report_aggregator_ms.max", "$.report_global_ms.p50",
        "$.report_global_rounds.p50", "$.report_edge_rounds.p95",
        "$.global_completion_rate.n", "$.global_agents.mean",
        "$.global_agents.sd",         "$.expectations[0].measured",
        "$.expectations[0].why",      "$.expectations[1].measured",
        "$.expectations[1].outcome",  "$.expectations[2].measured",
        "$.expectations[2].why",      "$.verdicts",
    };
    struct ended run = run_program("run", REPORTING, NULL);
    struct ended show = run_program("show", "--db", STORE, NULL);
    expect_exit(&run, 1);
    expect_exit(&show, 0);
    cr_expect_str_eq(part_before(show.output, "Took"), part_before(run.output, "Took"));

    run = run_program("run", REPORTING, "--json", NULL);
    show = run_program("show", "--json", "--db", STORE, NULL);
    const char *told = json_line(run.output, "scenario", 0);
    const char *again = json_line(show.output, "scenario", 0);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        cr_expect_str_eq(json_text(again, figures[i]), json_text(told, figures[i]), "%s",
                         figures[i]);
    }
    expect_part(json_line(run.output, "run", 1), "report_edge_ms");
    expect_no_part(json_line(show.output, "run", 1), "report_edge_ms");
}

Test(list, show_tells_the_verdicts_that_were_given)
{
    write_file("mine.yaml", MINE);
    run_program("run", "mine.yaml", "--db", STORE, NULL);
    store_execute(
        "UPDATE verdicts SET verdict = 'INCONCLUSIVE', why = 'it rained' WHERE ordinal = 0"
        "");
    struct ended show = run_program("show", "1", "--json", "--db", STORE, NULL);
    expect_exit(&show, 0);
    const char *line = json_line(show.output, "scenario", 0);
    cr_expect_str_eq(json_text(line, "$.verdicts[0].verdict"), "INCONCLUSIVE");
    cr_expect_str_eq(json_text(line, "$.verdicts[0].why"), "it rained");
    show = run_program("show", "9", "--db", STORE, NULL);
    expect_exit(&show, 64);
    expect_part(show.errors, "no run 9");
}

// ---- Pruned ----

Test(list, prune_only_tells_unless_told_to_do_it)
{
    run_command("1");
    run_command("2");
    long before = bytes_of(STORE);
    struct ended ended = prune("--keep", "2", NULL);
    expect_exit(&ended, 0);
    const char *line = json_line(ended.output, "prune", 0);
    cr_expect_eq(json_number(line, "?1 ->> '$.removed'"), 0);
    cr_expect_str_eq(json_text(line, "$.runs"), "[1,2]");
    cr_expect_eq(bytes_of(STORE), before);
    cr_expect_eq(store_number("SELECT count(*) FROM runs"), 4);
    ended = run_program("list", "--prune", "--keep", "2", "--db", STORE, NULL);
    expect_part(ended.output, "would remove runs 1-2: ");
    expect_part(ended.errors, "with --yes it is");
}

Test(list, prune_keeps_so_many_runs_and_gives_the_space_back)
{
    for (char seed[2] = "1"; seed[0] <= '5'; seed[0]++) {
        run_command(seed);
    }
    long before = bytes_of(STORE);
    struct ended ended = prune("--keep", "4", "--yes");
    expect_exit(&ended, 0);
    const char *line = json_line(ended.output, "prune", 0);
    cr_expect_str_eq(json_text(line, "$.runs"), "[1,2,3,4,5,6]");
    cr_expect_eq(json_number(line, "?1 ->> '$.bytes_after'"), (double)bytes_of(STORE));
    cr_expect(bytes_of(STORE) < before * 3 / 4, "%ld of %ld bytes", bytes_of(STORE), before);
    cr_expect_eq(store_number("SELECT min(run_id) FROM runs"), 7);
    cr_expect_eq(store_number("SELECT count(DISTINCT run_id) FROM updates"), 4);
    cr_expect_eq(store_number("SELECT count(*) FROM sources WHERE run_id < 7"), 0);
    ended = run_program("verify", "8", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    run_command("6");  // and goes on with the numbers
    cr_expect_eq(store_number("SELECT max(run_id) FROM runs"), 12);
}

Test(list, prune_takes_the_runs_of_a_command_together_and_leaves_the_newest)
{
    run_command("1");
    run_command("2");
    struct ended ended = prune("--keep", "3", "--yes");
    expect_exit(&ended, 0);
    cr_expect_eq(store_number("SELECT count(*) FROM runs"), 4);
    ended = prune("--keep", "1", "--yes");
    expect_exit(&ended, 0);
    cr_expect_eq(store_number("SELECT count(*) FROM runs"), 2);
    cr_expect_eq(store_number("SELECT min(run_id) FROM runs"), 3);
}

Test(list, prune_by_days_takes_what_was_stored_earlier)
{
    run_command("1");
    run_command("2");
    struct ended ended = prune("--keep-days", "3", "--yes");
    expect_exit(&ended, 0);
    cr_expect_eq(store_number("SELECT count(*) FROM runs"), 4);
    store_execute("UPDATE host_facts SET stored_at ="
                  " strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-73 hours') WHERE run_id < 3");
    ended = prune("--keep-days", "4", "--yes");
    cr_expect_eq(store_number("SELECT count(*) FROM runs"), 4);
    ended = prune("--keep-days", "3", "--yes");
    expect_exit(&ended, 0);
    cr_expect_eq(store_number("SELECT count(*) FROM runs"), 2);
}

Test(list, prune_by_size_goes_on_until_the_file_is_small_enough)
{
    // Of some 600 kB each.
    for (char seed[2] = "1"; seed[0] <= '4'; seed[0]++) {
        struct ended ended = run_program("run", topology("flat-mesh.yaml"), "--seed", seed, "--set",
                                         "workload.updates=9000", "--set", "workload.every_ms=1",
                                         "--quiet", "--db", STORE, NULL);
        expect_exit(&ended, 0);
    }
    cr_expect(bytes_of(STORE) > 2000000, "%ld bytes", bytes_of(STORE));
    struct ended ended = prune("--max-mb", "2", "--yes");
    expect_exit(&ended, 0);
    cr_expect(bytes_of(STORE) <= 2000000, "%ld bytes", bytes_of(STORE));
    double left = store_number("SELECT count(*) FROM runs");
    cr_expect(left >= 1 && left < 4, "%g runs", left);
    cr_expect_eq(store_number("SELECT max(run_id) FROM runs"), 4);
}

Test(list, prune_leaves_what_something_else_refers_to_and_tables_in_use)
{
    write_file("mine.yaml", MINE "network: {latency: {same_host_ms:"
                                 " {distribution: gamma, mean: 2, stddev: 1}}}\n");
    for (char seed[2] = "1"; seed[0] <= '3'; seed[0]++) {
        struct ended ended =
            run_program("run", "mine.yaml", "--seed", seed, "--quiet", "--db", STORE, NULL);
        expect_exit(&ended, 0);
    }
    cr_expect_eq(store_number("SELECT count(*) FROM latency_tables"), 1);
    store_execute("CREATE TABLE baselines (run_id INTEGER REFERENCES runs);"
                  "INSERT INTO baselines VALUES (1)");
    struct ended ended = prune("--keep", "1", "--yes");
    expect_exit(&ended, 0);
    const char *line = json_line(ended.output, "prune", 0);
    cr_expect_str_eq(json_text(line, "$.runs"), "[2]");
    cr_expect_eq(json_number(line, "?1 ->> '$.kept_since_referred_to'"), 1);
    ended = run_program("verify", "1", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    store_execute("DROP TABLE baselines");
    ended = prune("--keep", "1", "--yes");
    cr_expect_eq(store_number("SELECT count(*) FROM runs"), 1);
    cr_expect_eq(store_number("SELECT count(*) FROM latency_tables"), 1);
}

Test(list, prune_asks_for_a_bound_and_bounds_for_prune)
{
    run_command("1");
    struct ended ended = run_program("list", "--prune", "--db", STORE, NULL);
    expect_exit(&ended, 64);
    expect_part(ended.errors, "--keep RUNS, --keep-days DAYS or --max-mb MB");
    ended = run_program("list", "--keep", "3", "--db", STORE, NULL);
    expect_exit(&ended, 64);
    expect_part(ended.errors, "--keep goes with --prune");
    ended = prune("--keep", "0", "--yes");
    expect_exit(&ended, 64);
    ended = run_program("list", "--prune", "--keep", "1", "--yes", "--db", "nowhere.db", NULL);
    expect_exit(&ended, 74);
    cr_expect(access("nowhere.db", F_OK) != 0);
}
