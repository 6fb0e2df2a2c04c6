// SPDX-License-Identifier: GPL-3.0-or-later
// A run again in a fresh process: same, diverged, other version; from the store and from a file
// that was carried elsewhere.
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

// Everything that a run may be made of: a topology file, measurements, tables, compression,
// options, a sweep, values composed at the write.
#define TOPOLOGY                                                              \
    "topology: single_region_mesh\nagents: 60\n"                              \
    "regions: [{name: a, zones: [x, y, z]}]\n"                                \
    "gossip: {fanout: 3, interval_ms: 50}\nplacement: {agents_per_host: 5}\n" \
    "network:\n  compression: zstd\n  ordering: fifo\n  latency:\n"           \
    "    same_host_ms: 0.5\n"                                                 \
    "    same_zone_ms: {distribution: empirical, file: measured/rtt.csv}\n"   \
    "    same_region_ms: {distribution: gamma, mean: 8, stddev: 6}\n"
#define SCENARIO                                                                         \
    "scenario: \"all of it: \\u00e9\"\ntopology: sub/../mesh.yaml\nseed: 3\nrepeat: 2\n" \
    "# trailing blanks and a tab\t  \n\n"                                                \
    "workload: {updates: 5, crdt: or-set}\n"                                             \
    "sweep:\n  gossip.mode: [push-pull, eager]\n  gossip.fanout: [2, 3]"

TestSuite(verify, .init = scratch_enter, .fini = scratch_leave);

static void write_inputs(void)
{
    cr_assert(system("mkdir sub measured") == 0);
    write_file("mesh.yaml", TOPOLOGY);
    write_file("scenario.yaml", SCENARIO);
    write_file("measured/rtt.csv", "# with CR LF\r\nrtt_ms\r\n1.5\r\n2\r\n2.25\r\n9\r\n");
}

static void remove_inputs(void)
{
    cr_assert(system("rm -r sub measured mesh.yaml scenario.yaml") == 0);
}

// Four runs, of the cells of the sweep.
static void run_inputs(void)
{
    write_inputs();
    struct ended ended = run_program("run", "scenario.yaml", "--quiet", "--db", STORE, "--set",
                                     "workload.value_bytes=40", NULL);
    expect_exit(&ended, 0);
}

static void run_small(void)
{
    write_file("small.yaml", "topology: flat_mesh\nagents: 5\nrepeat: 2\nduration_ms: 500\n"
                             "gossip: {fanout: 2, interval_ms: 50}\nworkload: {updates: 3}\n");
    struct ended ended = run_program("run", "small.yaml", "--quiet", "--db", STORE, NULL);
    expect_exit(&ended, 0);
}

static struct ended verify(const char *run)
{
    return run_program("verify", run, "--db", STORE, NULL);
}

// ---- From the store ----

Test(verify, every_cell_is_the_same_though_its_files_are_gone)
{
    run_inputs();
    remove_inputs();
    for (int run = 1; run <= 4; run++) {
        char number[2] = {(char)('0' + run)};
        struct ended ended = run_program("verify", number, "--db", STORE, "--json", NULL);
        expect_exit(&ended, 0);
        const char *line = json_line(ended.output, "verify", 0);
        char query[80];
        snprintf(query, sizeof query, "SELECT count(*) FROM checkpoints WHERE run_id = %d", run);
        cr_expect_str_eq(json_text(line, "$.outcome"), "same");
        cr_expect_eq(json_number(line, "?1 ->> '$.repetitions'"), 2);
        cr_expect_eq(json_number(line, "?1 ->> '$.checkpoints'"), store_number(query));
    }
}

Test(verify, another_number_of_threads_than_ran_it_gives_the_same)
{
    write_file("small.yaml", "topology: flat_mesh\nagents: 200\nduration_ms: 500\n"
                             "gossip: {fanout: 2, interval_ms: 50}\nworkload: {updates: 3}\n");
    struct ended ended =
        run_program("run", "small.yaml", "--threads", "2", "--quiet", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    cr_expect_eq(store_number("SELECT threads FROM host_facts"), 2);
    ended = run_program("verify", "1", "--json", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    const char *line = json_line(ended.output, "verify", 0);
    cr_expect_str_eq(json_text(line, "$.outcome"), "same");
    cr_expect_eq(json_number(line, "?1 ->> '$.threads'"), 3);
    ended = run_program("verify", "1", "--threads", "1", "--json", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    cr_expect_eq(json_number(json_line(ended.output, "verify", 0), "?1 ->> '$.threads'"), 1);
    ended = run_program("replay", "1", "--threads", "3", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    ended = run_program("verify", "1", "--threads", "0", "--db", STORE, NULL);
    expect_exit(&ended, 64);
}

Test(verify, the_plain_queue_gives_the_same)
{
    run_inputs();
    struct ended ended = run_program("verify", "2", "--queue", "heap", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    expect_part(ended.output, "same: run 2 of runs.db, 2 repetitions, ");
    ended = run_program("verify", "2", "--queue", "bucket", "--db", STORE, NULL);
    expect_exit(&ended, 64);
    expect_part(ended.errors, "expected windows or heap");
    ended = run_program("verify", "2", "--queue", "heap", "--threads", "2", "--db", STORE, NULL);
    expect_exit(&ended, 64);
}

Test(verify, runs_of_a_hierarchy_that_reports_and_of_cold_connections_are_the_same)
{
    struct ended ended = run_program("run", topology("hierarchical.yaml"), "--agents", "2500",
                                     "--set", "workload.report_every_ms=1000", "--set",
                                     "duration_ms=2200", "--quiet", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    ended = run_program("run", topology("multi-region.yaml"), "--agents", "60", "--set",
                        "network.profile=cloud", "--set", "network.connections.start=cold",
                        "--quiet", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    ended = verify("1");
    expect_exit(&ended, 0);
    ended = verify("2");
    expect_exit(&ended, 0);
}

// A joiner's snapshot carries a base of what was released by then.
Test(verify, a_run_in_which_nodes_join_after_updates_were_released_is_the_same)
{
    write_file("join.yaml",
               "topology: flat_mesh\nagents: 30\nduration_ms: 2500\n"
               "gossip: {fanout: 3, interval_ms: 20}\nworkload: {updates: 90, every_ms: 15}\n"
               "faults: [{fault: mass-join, at_ms: 2000, of: {number: 3}, over_ms: 100}]\n");
    write_file("reclaim.yaml",
               "topology: flat_mesh\nagents: 60\nduration_ms: 2500\n"
               "gossip: {fanout: 3, interval_ms: 20}\nworkload: {updates: 90, every_ms: 15}\n"
               "placement: {agents_per_host: 10}\n"
               "faults: [{fault: spot-reclaim, at_ms: 1500, notice_ms: 100, down_ms: 400,\n"
               "          of: {number: 1}}]\n");
    struct ended ended =
        run_program("run", "join.yaml", "reclaim.yaml", "--quiet", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    ended = verify("1");
    expect_exit(&ended, 0);
    ended = verify("2");
    expect_exit(&ended, 0);
}

Test(verify, the_first_checkpoint_that_differs_is_named_with_4)
{
    run_small();
    store_execute("UPDATE checkpoints SET fingerprint = fingerprint + 1 WHERE repetition = 1 AND"
                  " ordinal IN (1, 3)");
    struct ended ended = verify("latest");
    expect_exit(&ended, 4);
    expect_part(ended.output, "DIVERGED: run 1 of runs.db");
    expect_part(ended.output, "checkpoint 2 of ");
    expect_part(ended.output, "of repetition 1");
    ended = run_program("verify", "latest", "--db", STORE, "--json", NULL);
    expect_exit(&ended, 4);
    const char *line = json_line(ended.output, "verify", 0);
    cr_expect_str_eq(json_text(line, "$.outcome"), "diverged");
    expect_part(json_text(line, "$.first_difference"), "checkpoint 2 of ");
}

Test(verify, results_that_differ_under_equal_checkpoints_are_found)
{
    run_small();
    double bytes = store_number("SELECT bytes FROM traffic WHERE repetition = 1 AND"
                                " message_kind = 'open' AND pair_class = 'same_host'");
    store_execute("UPDATE traffic SET bytes = bytes + 1 WHERE repetition = 1 AND"
                  " message_kind = 'open'");
    store_execute("UPDATE metrics SET value = value + 1");  // stands behind it
    struct ended ended = run_program("verify", "latest", "--db", STORE, "--json", NULL);
    expect_exit(&ended, 4);
    const char *said = json_text(json_line(ended.output, "verify", 0), "$.first_difference");
    char expected[200];
    snprintf(expected, sizeof expected,
             "first difference: table traffic, repetition 1, message_kind open, pair_class "
             "same_host: bytes %.0f recorded, %.0f now",
             bytes + 1, bytes);
    expect_part(said, "checkpoints are equal, but the results are not: digest");
    expect_part(said, expected);
}

Test(verify, a_row_too_few_or_too_many_is_named_by_its_key)
{
    run_small();
    store_execute("DELETE FROM updates WHERE repetition = 1");
    struct ended ended = run_program("verify", "1", "--db", STORE, "--json", NULL);
    expect_exit(&ended, 4);
    const char *said = json_text(json_line(ended.output, "verify", 0), "$.first_difference");
    expect_part(said, "table updates, the row repetition 1, origin ");
    expect_part(said, "now, none more recorded");
    store_execute("UPDATE updates SET repetition = 2, origin = -1 - origin");
    ended = run_program("verify", "1", "--db", STORE, "--json", NULL);
    expect_exit(&ended, 4);
    said = json_text(json_line(ended.output, "verify", 0), "$.first_difference");
    expect_part(said, "table updates, the row repetition 2, origin -");
    expect_part(said, "in its place now");
}

Test(verify, another_version_is_told_and_is_no_divergence)
{
    run_small();
    store_execute("UPDATE runs SET engine_version = '0.0.9+abc'");
    struct ended ended = verify("latest");
    expect_exit(&ended, 0);
    expect_part(ended.output, "other version: run 1 of runs.db was made by engine 0.0.9+abc, this");
    expect_part(ended.output, "the same nevertheless");
    store_execute("UPDATE checkpoints SET events = events + 1");
    ended = verify("latest");
    expect_exit(&ended, 2);
    expect_part(ended.output, "no divergence");
    ended = run_program("replay", "latest", "--db", STORE, NULL);
    expect_exit(&ended, 2);
    expect_part(ended.errors, "was made by engine 0.0.9+abc");
}

Test(verify, a_run_that_was_interrupted_is_followed_up_to_there)
{
    int output;
    write_file("long.yaml", "topology: flat_mesh\nagents: 10\nrepeat: 100000\n"
                            "gossip: {fanout: 2, interval_ms: 50}\nworkload: {updates: 3}\n");
    pid_t program = start_program(&output, "run", "long.yaml", "--json", "--db", STORE, NULL);
    wait_for_line(output, "\"repetition\":3,");
    cr_assert_eq(kill(program, SIGINT), 0);
    struct ended ended = wait_for_end(program, output);
    expect_exit(&ended, 130);
    ended = verify("latest");
    expect_exit(&ended, 0);
    expect_part(ended.output, "same: run 1");
}

Test(verify, a_run_that_is_not_there_is_a_usage_error)
{
    run_small();
    const struct {
        const char *run, *part;
    } wrong[] = {{"2", "no run 2"}, {"0", "\"0\" is no run"}, {"this", "\"this\" is no run"}};
    for (int i = 0; i < 3; i++) {
        struct ended ended = verify(wrong[i].run);
        expect_exit(&ended, 64);
        expect_part(ended.errors, wrong[i].part);
        cr_expect_str_empty(ended.output);
    }
    struct ended ended = run_program("verify", "--db", STORE, NULL);
    expect_exit(&ended, 64);
    ended = run_program("verify", "1", "--db", "nowhere.db", NULL);
    expect_exit(&ended, 74);
    expect_part(ended.errors, "there is no store nowhere.db");
    cr_expect(access("nowhere.db", F_OK) != 0, "a store was made by looking for it");
}

// ---- Carried away ----

static char *text_of(const char *name)
{
    char *text = NULL;
    size_t length = 0;
    FILE *file = fopen(name, "r");
    FILE *memory = open_memstream(&text, &length);
    cr_assert(file && memory, "no file %s", name);
    for (int byte = fgetc(file); byte != EOF; byte = fgetc(file)) {
        fputc(byte, memory);
    }
    fclose(file);
    fclose(memory);
    return keep(text);
}

// Everything but the exported run is gone.
static void carry_away(const char *run)
{
    struct ended ended = run_program("export", run, "-o", "run.yaml", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    expect_part(ended.errors, "Next: ");
    cr_assert(system("mkdir elsewhere && mv run.yaml elsewhere") == 0);
    cr_assert(chdir("elsewhere") == 0);
}

Test(verify, an_exported_run_needs_nothing_but_itself)
{
    run_inputs();
    remove_inputs();
    carry_away("3");
    struct ended ended = run_program("verify", "run.yaml", NULL);
    expect_exit(&ended, 0);
    expect_part(ended.output, "same: run.yaml, 2 repetitions, ");
    ended = run_program("replay", "run.yaml", "--repetition", "1", "--watch", "0", "--json", NULL);
    expect_exit(&ended, 0);
    cr_expect(count_lines(ended.output, "receipt") > 0);
    cr_expect(access("meshsim.db", F_OK) != 0);
}

Test(verify, an_exported_run_tells_in_which_table_results_differ)
{
    run_small();
    store_execute("UPDATE latencies SET max_ns = max_ns + 1");
    carry_away("1");
    struct ended ended = run_program("verify", "run.yaml", "--json", NULL);
    expect_exit(&ended, 4);
    expect_part(json_text(json_line(ended.output, "verify", 0), "$.first_difference"),
                "first difference: table latencies;");
}

Test(verify, an_exported_run_runs_and_is_stored_as_the_first_was)
{
    run_inputs();
    double fingerprint = store_number("SELECT fingerprint FROM runs WHERE run_id = 2");
    carry_away("2");
    struct ended ended = run_program("run", "run.yaml", "--quiet", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    cr_expect_eq(store_number("SELECT fingerprint FROM runs"), fingerprint);
    cr_expect_eq(store_number("SELECT count(*) FROM sources"), 4);
    ended = verify("1");
    expect_exit(&ended, 0);
    ended = run_program("run", "run.yaml", "--agents", "5", "--db", STORE, NULL);
    expect_exit(&ended, 64);
    expect_part(ended.errors, "runs as it was");
    ended = run_program("lint", "run.yaml", NULL);
    expect_exit(&ended, 65);
    expect_part(ended.errors, "run.yaml:1:1: an exported run, not a scenario");
}

Test(verify, an_export_of_the_same_run_is_the_same_file)
{
    run_inputs();
    struct ended ended = run_program("export", "1", "-o", "a.yaml", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    ended = run_program("export", "1", "--output", "b.yaml", "--db", STORE, "--quiet", NULL);
    expect_exit(&ended, 0);
    cr_expect_str_empty(ended.errors);
    cr_expect_str_eq(text_of("a.yaml"), text_of("b.yaml"));
    expect_part(text_of("a.yaml"), "      # trailing blanks and a tab\t  \n");
    ended = run_shell("ls a.yaml.* b.yaml.* 2>/dev/null");
    cr_expect_str_empty(ended.output);
}

// Writes the text with the first `from` in it become `to`.
static void write_changed(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    cr_assert(at, "no %s", from);
    FILE *file = fopen("changed.yaml", "w");
    cr_assert(file);
    fprintf(file, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    fclose(file);
}

Test(verify, an_exported_run_that_was_changed_is_refused_with_the_place)
{
    run_inputs();
    carry_away("1");
    const char *text = text_of("run.yaml");
    const struct {
        const char *from, *to, *part;
    } changes[] = {
        {"agents: 60\n      regions", "agents: 61\n      regions", "this was changed since"},
        {"repeat: 2\n", "repeat: 3\n", "the file was changed since it was exported"},
        {"\"same_zone\"\n    hash: \"", "\"same_zone\"\n    hash: \"0", "this was changed since"},
        {"points: |\n      ", "points: |\n      !", "not a table"},
        {"meshsim_run: 2", "meshsim_run: 1", "changed.yaml:1:14: an exported run of format 1"},
        {"complete: true", "complete: yes", "expected true or false"},
        {"seed: 3\n", "seed: three\n", "expected a whole number"},
        {"complete: true", "complete: true\nlucky: true", "has no key lucky"},
        {"tables:\n", "tabels:\n", "has no key tabels"},
        {"content: \"", "contents: \"", "cut off"},
        {"repetitions:\n", "repetitions: [\n", "changed.yaml:"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        write_changed(text, changes[i].from, changes[i].to);
        struct ended ended = run_program("verify", "changed.yaml", NULL);
        expect_exit(&ended, 65);
        expect_part(ended.errors, changes[i].part);
        expect_part(ended.errors, "changed.yaml:");
        cr_expect_str_empty(ended.output);
    }
}

Test(verify, an_exported_run_that_was_cut_off_is_refused_wherever_that_was)
{
    run_inputs();
    carry_away("1");
    const char *text = text_of("run.yaml");
    size_t length = strlen(text);
    for (size_t cut = 1; cut < length; cut += 1 + length / 23) {
        FILE *file = fopen("cut.yaml", "w");
        cr_assert(file && fwrite(text, 1, cut, file) == cut && fclose(file) == 0);
        struct ended ended = run_program("verify", "cut.yaml", NULL);
        expect_exit(&ended, 65);
        expect_part(ended.errors, cut < 13 ? "not an exported run" : "cut off");
    }
}

Test(verify, an_export_that_cannot_be_written_leaves_what_was_there)
{
    run_small();
    write_file("run.yaml", "mine\n");
    struct ended ended =
        run_shell("ulimit -f 1; exec \"$MESHSIM\" export 1 -o run.yaml --db " STORE);
    expect_exit(&ended, 74);
    expect_part(ended.errors, "cannot write run.yaml: ");
    cr_expect_str_eq(text_of("run.yaml"), "mine\n");
    ended = run_shell("ls run.yaml.* 2>/dev/null");
    cr_expect_str_empty(ended.output);
    ended = run_program("export", "1", "-o", "no/such/run.yaml", "--db", STORE, NULL);
    expect_exit(&ended, 74);
    ended = run_program("export", "1", "--db", STORE, NULL);
    expect_exit(&ended, 64);
    expect_part(ended.errors, "expected one run and a file");
}
