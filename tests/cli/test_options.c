// SPDX-License-Identifier: GPL-3.0-or-later
// What the options of `run` do, seen in what comes back.
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "program.h"

TestSuite(options, .init = scratch_enter, .fini = scratch_leave);

static const char *fingerprint_of(const struct ended *ended, const char *kind, int skip)
{
    expect_exit(ended, 0);
    return json_text(json_line(ended->output, kind, skip), "$.fingerprint");
}

Test(options, the_same_seed_gives_the_same_results)
{
    struct ended first = run_program("run", topology("single-region.yaml"), "--agents", "100",
                                     "--seed", "7", "--repeat", "2", "--json", "--db", STORE, NULL);
    struct ended again = run_program("run", topology("single-region.yaml"), "--agents", "100",
                                     "--seed", "7", "--repeat", "2", "--json", "--db", STORE, NULL);
    cr_expect_str_eq(fingerprint_of(&first, "run", 0), fingerprint_of(&again, "run", 0));
    cr_expect_str_eq(fingerprint_of(&first, "scenario", 0), fingerprint_of(&again, "scenario", 0));
    cr_expect_str_neq(fingerprint_of(&first, "run", 0), fingerprint_of(&first, "run", 1));
}

Test(options, repetition_r_is_the_run_with_seed_plus_r)
{
    struct ended all = run_program("run", topology("flat-mesh.yaml"), "--seed", "40", "--repeat",
                                   "4", "--json", "--db", STORE, NULL);
    struct ended third = run_program("run", topology("flat-mesh.yaml"), "--seed", "43", "--repeat",
                                     "1", "--json", "--db", STORE, NULL);
    cr_expect_str_eq(fingerprint_of(&all, "run", 3), fingerprint_of(&third, "run", 0));
    cr_expect_eq(json_number(json_line(all.output, "run", 3), "?1 ->> '$.seed'"), 43);
}

Test(options, a_seed_of_64_bits_is_exact)
{
    struct ended ended = run_program("run", topology("flat-mesh.yaml"), "--seed",
                                     "9007199254740993", "--json", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    expect_part(ended.output, "\"seed\":9007199254740993,");  // 2^53 + 1 is no double
}

Test(options, agents_and_fanout_decide_how_many_messages_are_sent)
{
    // Each of 12 agents ticks ten times within 1,000 ms and opens an exchange with 3 others.
    struct ended ended =
        run_program("run", topology("flat-mesh.yaml"), "--agents", "12", "--set", "gossip.fanout=3",
                    "--set", "duration_ms=1000", "--set", "workload.updates=1", "--repeat", "1",
                    "--json", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    cr_expect_eq(json_number(json_line(ended.output, "run", 0), "?1 ->> '$.agents'"), 12);
    cr_expect_eq(store_number("SELECT sum(messages) FROM traffic WHERE message_kind = 'open'"),
                 12 * 10 * 3);
}

Test(options, the_last_of_several_settings_counts)
{
    struct ended ended =
        run_program("run", topology("flat-mesh.yaml"), "--agents=10", "--set", "gossip.fanout=3",
                    "--set=gossip.fanout=2", "--repeat=1", "--repeat", "2", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    cr_expect_eq(store_number("SELECT fanout FROM runs"), 2);
    cr_expect_eq(store_number("SELECT repeat FROM runs"), 2);
}

Test(options, only_runs_the_rows_it_names)
{
    struct ended ended = run_program("run", scenario("selection-matrix.yaml"), "--only", "1,3",
                                     "--repeat", "1", "--json", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    cr_expect_eq(count_lines(ended.output, "scenario"), 4);  // two rows, two modes
    cr_expect_eq(store_number("SELECT count(*) FROM runs WHERE matrix_row IN (1, 3)"), 2 + 2);
}

Test(options, only_understands_ranges_as_the_table_prints_them)
{
    struct ended ended =
        run_program("run", scenario("selection-matrix.yaml"), "--only", "1-2,4", "--set",
                    "gossip.mode=eager", "--repeat", "1", "--json", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    cr_expect_eq(count_lines(ended.output, "scenario"), 3);
    cr_expect_eq(store_number("SELECT count(*) FROM runs WHERE matrix_row IN (1, 2, 4)"), 3);
}

Test(options, a_key_that_is_set_is_not_swept)
{
    struct ended ended =
        run_program("run", scenario("selection-matrix.yaml"), "--set", "gossip.mode=eager",
                    "--only", "1-4", "--json", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    cr_expect_eq(count_lines(ended.output, "scenario"), 4);
    cr_expect_eq(store_number("SELECT count(*) FROM runs WHERE mode = 'eager'"), 4);
}

Test(options, rows_are_counted_on_from_file_to_file)
{
    struct ended ended =
        run_program("run", topology("flat-mesh.yaml"), scenario("selection-matrix.yaml"),
                    "--repeat", "1", "--only", "1,5", "--json", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    cr_expect_eq(json_number(json_line(ended.output, "scenario", 0), "?1 ->> '$.row'"), 1);
    const char *last = json_line(ended.output, "scenario", 1);
    cr_expect_eq(json_number(last, "?1 ->> '$.row'"), 5);
    cr_expect_eq(json_number(last, "?1 ->> '$.agents'"), 1000);
}

Test(options, without_a_store_named_it_is_meshsim_db_here)
{
    struct ended ended = run_program("run", topology("flat-mesh.yaml"), "--quiet", NULL);
    expect_exit(&ended, 0);
    cr_expect_eq(rename("meshsim.db", STORE), 0);
    cr_expect_eq(store_number("SELECT count(*) FROM runs WHERE status = 'complete'"), 1);
}

Test(options, the_store_keeps_the_files_and_options_that_a_run_was_made_of)
{
    struct ended ended = run_program("run", scenario("flat-mesh-eager.yaml"), "--agents", "10",
                                     "--set", "gossip.fanout=4", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    cr_expect_eq(store_number("SELECT group_concat(kind, ' ') = 'topology scenario option option'"
                              " FROM (SELECT kind FROM sources ORDER BY ordinal)"),
                 1);
    cr_expect_eq(store_number("SELECT text LIKE 'topology: flat_mesh%' FROM sources"
                              " WHERE kind = 'topology'"),
                 1);
    cr_expect_eq(store_number("SELECT text LIKE '%mode: eager%' FROM sources"
                              " WHERE kind = 'scenario'"),
                 1);
    cr_expect_eq(store_number("SELECT count(*) FROM sources WHERE kind = 'option' AND"
                              " (name || text) IN ('--set' || 'gossip.fanout=4', '--agents10')"),
                 2);
}

Test(options, the_store_agrees_with_itself)
{
    struct ended ended = run_program(
        "run", topology("single-region.yaml"), "--agents", "100", "--set", "network.loss_percent=5",
        "--set", "network.duplicate_percent=3", "--repeat", "3", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    // sent + duplicated = delivered + lost + in flight at the end: latencies of at most 10 of some
    // 700 ms, so that little is.
    double flying =
        store_number("SELECT sum(messages + duplicated - delivered - lost) FROM traffic");
    double sent = store_number("SELECT sum(messages) FROM traffic");
    cr_expect(flying >= 0 && flying < 0.05 * sent, "%g of %g in flight", flying, sent);
    cr_expect_float_eq(store_number("SELECT sum(lost) FROM traffic") / sent, 0.05, 0.005);
    cr_expect_float_eq(store_number("SELECT sum(duplicated) FROM traffic") / sent, 0.03, 0.005);
    cr_expect_eq(store_number("SELECT value FROM metrics WHERE metric = 'convergence' AND"
                              " statistic = 'n'"),
                 store_number("SELECT count(*) FROM updates"));
    cr_expect_eq(store_number("SELECT value FROM metrics WHERE metric = 'convergence' AND"
                              " statistic = 'max'"),
                 store_number("SELECT max(theta_ns) FROM updates"));
    cr_expect_eq(store_number("SELECT measured FROM verdicts WHERE claim_id ="
                              " 'selection-single-convergence'"),
                 store_number("SELECT value FROM metrics WHERE metric = 'convergence' AND"
                              " statistic = 'p95'"));
}

Test(options, a_new_topology_of_ones_own_is_loaded_and_run)
{
    struct ended ended = run_program("new", "--topology", "single_region_mesh", "--agents", "60",
                                     "--zones", "3", NULL);
    expect_exit(&ended, 0);
    write_file("mine.yaml", ended.output);
    ended = run_program("lint", "mine.yaml", NULL);
    expect_exit(&ended, 0);
    expect_part(ended.output, "60 agents");
    ended = run_program("run", "mine.yaml", "--json", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    cr_expect_eq(json_number(json_line(ended.output, "run", 0), "?1 ->> '$.agents'"), 60);
    cr_expect_eq(store_number("SELECT count(*) > 0 FROM traffic WHERE pair_class = 'same_region'"),
                 1);  // between its zones
}

// All modes share a row of the table, and all that they send has a name in the store.
Test(options, every_mode_and_schedule_runs_and_is_stored_by_its_name)
{
    write_file("mine.yaml",
               "topology: single_region_mesh\nagent_count: 30\n"
               "regions: [{name: here, zones: [a, b, c]}]\nduration_ms: 2000\n"
               "gossip: {fanout: 2, interval_ms: 100, direction: pull, peers: hybrid}\n"
               "workload: {updates: 10, every_ms: 100}\nnetwork: {loss_percent: 20}\n"
               "sweep:\n  gossip.schedule: [phased, synchronous, poisson]\n"
               "  gossip.mode: [push, pull, push-pull, eager, rumor]\n");
    struct ended ended = run_program("run", "mine.yaml", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    expect_part(ended.output,
                "tick phases: phased in row 1; synchronous in row 2; poisson in row 3");
    expect_part(ended.output, "claims nothing of such a mesh; no expectation failed.");
    expect_part(ended.output, "membership: full, peers hybrid; ");
    cr_expect_eq(store_number("SELECT count(DISTINCT mode || schedule) FROM runs"), 15);
    cr_expect_eq(store_number("SELECT max(matrix_row) FROM runs"), 3);
    cr_expect_eq(store_number("SELECT count(DISTINCT message_kind) FROM traffic"
                              " WHERE message_kind IN ('push', 'open', 'answer', 'vector', 'fill',"
                              " 'rest', 'eager', 'ask', 'rumor', 'feedback')"),
                 10);
    cr_expect_eq(store_number("SELECT count(DISTINCT message_kind) FROM traffic"), 10);
}

Test(options, rounds_of_a_synchronous_run_are_whole_ticks)
{
    struct ended ended = run_program("run", topology("flat-mesh.yaml"), "--set",
                                     "gossip.schedule=synchronous", "--set", "workload.every_ms=37",
                                     "--set", "gossip.mode=push", "--json", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    const char *line = json_line(ended.output, "scenario", 0);
    double p95 = json_number(line, "?1 ->> '$.convergence_rounds.p95'");
    cr_expect(p95 >= 2 && p95 == (int)p95, "%g rounds", p95);
    cr_expect_neq(json_number(line, "?1 ->> '$.convergence_ms.p95'"), 100 * p95);
}

Test(options, lint_shows_what_messages_cost_instead_of_the_keys)
{
    struct ended ended = run_program("lint", "--sizes", topology("flat-mesh.yaml"), "--set",
                                     "gossip.mode=push", NULL);
    expect_exit(&ended, 0);
    expect_part(ended.output, "parts, bytes\n");
    expect_part(ended.output, "messages, bytes\n");
    expect_part(ended.output, "\n  push ");
    expect_no_part(ended.output, "with effect");
    ended = run_program("lint", "--sizes", topology("hierarchical.yaml"), NULL);
    expect_exit(&ended, 0);
    expect_part(ended.output, "aggregators   50, 5 of each region; push-pull with 3 coordinators");
}
