// SPDX-License-Identifier: GPL-3.0-or-later
// A stored run again: what watched nodes heard, worked out by hand where latencies are constant and
// all tick together, and checkpoints that no longer agree.
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

// Agent 0 writes at 50 ms; ticks come at 100, 200, ... ms; a message takes 5 ms.
#define STORY(settings)                                                           \
    "topology: flat_mesh\nduration_ms: 400\n" settings                            \
    "network: {latency: {same_host_ms: 5, same_zone_ms: 5, same_region_ms: 5}}\n" \
    "workload: {updates: 1, first_write_ms: 50, writers: first}\n"
#define GOSSIP "schedule: synchronous, interval_ms: 100, fanout: 1, mode: "
#define TWO STORY("agents: 2\ngossip: {" GOSSIP "push}\n")
#define RING STORY("agents: 4\ngossip: {" GOSSIP "delta, graph: ring, degree: 1}\n")
#define EAGER STORY("agents: 2\ngossip: {" GOSSIP "eager}\n")

TestSuite(replay, .init = scratch_enter, .fini = scratch_leave);

static void run_story(const char *text)
{
    write_file("story.yaml", text);
    struct ended ended = run_program("run", "story.yaml", "--quiet", "--db", STORE, NULL);
    expect_exit(&ended, 0);
}

static struct ended watch_all(void)
{
    struct ended ended =
        run_program("replay", "latest", "--watch", "all", "--json", "--quiet", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    cr_expect_str_empty(ended.errors);
    return ended;
}

// The receipt that comes after `skip` others.
static void expect_receipt(const char *output, int skip, int node, int from, double sent_ms,
                           double time_ms, const char *message)
{
    const char *line = json_line(output, "receipt", skip);
    cr_expect_eq(json_number(line, "?1 ->> '$.node'"), node, "%s", line);
    cr_expect_eq(json_number(line, "?1 ->> '$.from'"), from, "%s", line);
    cr_expect_eq(json_number(line, "?1 ->> '$.sent_ns'"), sent_ms * 1e6, "%s", line);
    cr_expect_eq(json_number(line, "?1 ->> '$.time_ns'"), time_ms * 1e6, "%s", line);
    cr_expect_eq(json_number(line, "?1 ->> '$.origin'"), 0, "%s", line);
    cr_expect_eq(json_number(line, "?1 ->> '$.sequence'"), 1, "%s", line);
    cr_expect_str_eq(json_text(line, "$.message"), message);
}

static void expect_write(const char *output)
{
    const char *line = json_line(output, "write", 0);
    cr_expect_eq(json_number(line, "?1 ->> '$.node'"), 0);
    cr_expect_eq(json_number(line, "?1 ->> '$.time_ns'"), 50e6);
    cr_expect_eq(count_lines(output, "write"), 1);
}

Test(replay, a_push_brings_the_update_at_the_first_tick_after_its_write)
{
    run_story(TWO);
    struct ended ended = watch_all();
    expect_write(ended.output);
    cr_expect_eq(count_lines(ended.output, "receipt"), 1);
    expect_receipt(ended.output, 0, 1, 0, 100, 105, "push");
    const char *end = json_line(ended.output, "replay", 0);
    cr_expect_str_eq(json_text(end, "$.outcome"), "same");
    cr_expect_eq(json_number(end, "?1 ->> '$.checkpoints'"),
                 store_number("SELECT count(*) FROM checkpoints"));
}

Test(replay, an_eager_update_is_told_at_once)
{
    run_story(EAGER);
    struct ended ended = watch_all();
    expect_write(ended.output);
    cr_expect_eq(count_lines(ended.output, "receipt"), 1);
    expect_receipt(ended.output, 0, 1, 0, 50, 55, "eager");
}

Test(replay, along_a_ring_the_far_side_hears_it_a_tick_later_from_the_first_of_two)
{
    run_story(RING);
    struct ended ended = watch_all();
    expect_write(ended.output);
    cr_expect_eq(count_lines(ended.output, "receipt"), 3);
    expect_receipt(ended.output, 0, 1, 0, 100, 105, "delta");
    expect_receipt(ended.output, 1, 3, 0, 100, 105, "delta");
    expect_receipt(ended.output, 2, 2, 1, 200, 205, "delta");  // 3 told it, too: sources in order
}

Test(replay, only_the_watched_nodes_and_times_are_told)
{
    run_story(RING);
    struct ended ended = run_program("replay", "1", "--watch", "2", "3", "--from-ms", "105",
                                     "--until-ms", "150", "--db", STORE, "--json", NULL);
    expect_exit(&ended, 0);
    cr_expect_eq(count_lines(ended.output, "write"), 0);
    cr_expect_eq(count_lines(ended.output, "receipt"), 1);
    expect_receipt(ended.output, 0, 3, 0, 100, 105, "delta");
    const char *end = json_line(ended.output, "replay", 0);
    double ended_ms = json_number(end, "?1 ->> '$.simulated_ns'") / 1e6;
    cr_expect(ended_ms >= 150 && ended_ms < 152, "%g ms", ended_ms);
    cr_expect_eq(json_number(end, "?1 ->> '$.checkpoints'"), 1);  // that at 100 ms
}

Test(replay, people_read_a_table)
{
    run_story(TWO);
    struct ended ended = run_program("replay", "latest", "--watch", "0-1", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    expect_part(ended.output, " time ms ");
    expect_part(ended.output, "      50                0  writes 0:1\n");
    const char *row = strstr(ended.output, "     105 ");
    cr_assert(row);
    cr_expect_eq(next_number(&row), 105);
    cr_expect_eq(next_number(&row), 1);
    cr_expect_str_eq(next_word(&row), "hears");
    cr_expect_str_eq(next_word(&row), "0:1");
    cr_expect_eq(next_number(&row), 0);
    cr_expect_eq(next_number(&row), 100);
    cr_expect_eq(next_number(&row), 5);
    cr_expect_str_eq(next_word(&row), "push");
    expect_part(ended.errors, "Replayed: run 1 of runs.db, repetition 0");
    expect_part(ended.errors, "checkpoints as recorded");
}

Test(replay, reports_and_rows_of_a_hierarchy_are_told)
{
    struct ended ended = run_program("run", topology("hierarchical.yaml"), "--agents", "2500",
                                     "--set", "workload.report_every_ms=1000", "--set",
                                     "duration_ms=1500", "--quiet", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    // The ten agents of edge 0 and the first aggregator.
    ended = run_program("replay", "latest", "--watch", "0-9,2500", "--json", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    const char *report = strstr(ended.output, "{\"kind\":\"report\"");
    const char *row = strstr(ended.output, "{\"kind\":\"row\"");
    cr_assert(report && row, "%s", ended.output);
    const char *line = part_before(report, "\n");
    cr_expect(json_number(line, "?1 ->> '$.author'") < 10, "%s", line);
    cr_expect_eq(json_number(line, "?1 ->> '$.number'"), 1, "%s", line);
    int made = 0;  // by relays of edge 0
    for (int relay = 0; relay < 10; relay++) {
        char own[60];
        snprintf(own, sizeof own, "\"node\":%d,\"edge\":0,\"relay\":%d}", relay, relay);
        made += strstr(row, own) != NULL;
    }
    cr_expect(made > 0 && made < 10, "%d relays", made);
    line = part_before(strstr(row, "\"node\":2500"), "}");  // has edges 0 to 9
    const char *edge = strstr(line, "\"edge\":");
    cr_assert(edge, "%s", line);
    edge += strlen("\"edge\":");
    cr_expect(next_number(&edge) < 10, "%s", line);
    expect_part(ended.output, "\"node\":2500,\"edge\":0,");
}

Test(replay, each_repetition_has_a_story_of_its_own)
{
    write_file("story.yaml", "topology: flat_mesh\nagents: 10\nrepeat: 3\nseed: 7\n"
                             "gossip: {fanout: 2, interval_ms: 50}\nworkload: {updates: 3}\n");
    struct ended ended = run_program("run", "story.yaml", "--quiet", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    struct ended first = run_program("replay", "1", "--watch", "4", "--json", "--db", STORE, NULL);
    struct ended third = run_program("replay", "1", "--watch", "4", "--json", "--repetition", "2",
                                     "--db", STORE, NULL);
    expect_exit(&first, 0);
    expect_exit(&third, 0);
    const char *a = json_line(first.output, "receipt", 0);
    const char *b = json_line(third.output, "receipt", 0);
    cr_expect_eq(json_number(b, "?1 ->> '$.repetition'"), 2);
    cr_expect_neq(json_number(a, "?1 ->> '$.time_ns'"), json_number(b, "?1 ->> '$.time_ns'"));
    ended = run_program("replay", "1", "--repetition", "3", "--db", STORE, NULL);
    expect_exit(&ended, 64);
    expect_part(ended.errors, "from 0 to 2");
}

// ---- What is wrong ----

Test(replay, the_first_checkpoint_that_differs_ends_it_with_4)
{
    run_story(TWO);
    store_execute("UPDATE checkpoints SET events = events + 1 WHERE ordinal IN (2, 3)");
    struct ended ended = run_program("replay", "latest", "--db", STORE, NULL);
    expect_exit(&ended, 4);
    expect_part(ended.errors, "diverged: checkpoint 3 of 4");
    ended = run_program("replay", "latest", "--until-ms", "250", "--db", STORE, NULL);
    expect_exit(&ended, 0);
}

Test(replay, a_run_that_ends_early_or_late_has_diverged)
{
    run_story(TWO);
    store_execute("DELETE FROM checkpoints WHERE ordinal = 3");
    struct ended ended = run_program("replay", "latest", "--db", STORE, NULL);
    expect_exit(&ended, 4);
    expect_part(ended.errors, "checkpoint 4 of 3");
    expect_part(ended.errors, "recorded it had ended");
    store_execute("INSERT INTO checkpoints VALUES (1, 0, 3, 900000000, 7, 7), (1, 0, 4, 901000000,"
                  " 7, 7)");
    ended = run_program("replay", "latest", "--db", STORE, NULL);
    expect_exit(&ended, 4);
    expect_part(ended.errors, "checkpoint 4 of 5, at 900 ms");
}

Test(replay, nodes_and_times_that_cannot_be_are_usage_errors)
{
    run_story(TWO);
    const struct {
        const char *option, *value, *part;
    } wrong[] = {
        {"--watch", "2", "from 0 to 1"},      {"--watch", "1-0", "goes downwards"},
        {"--watch", "0,,1", "from 0 to 1"},   {"--watch", "none", "from 0 to 1"},
        {"--until-ms", "soon", "--until-ms"}, {"--from-ms", "-1", "--from-ms"},
        {"--until-ms", "0", "after 0"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct ended ended =
            run_program("replay", "1", wrong[i].option, wrong[i].value, "--db", STORE, NULL);
        expect_exit(&ended, 64);
        expect_part(ended.errors, wrong[i].part);
    }
    struct ended ended = run_program("replay", "1", "2", "--db", STORE, NULL);
    expect_exit(&ended, 64);
    expect_part(ended.errors, "unexpected argument \"2\"");
    ended = run_program("replay", "--db", STORE, NULL);
    expect_exit(&ended, 64);
    expect_part(ended.errors, "name a run");
}

Test(replay, a_run_that_lacks_a_part_is_refused_with_its_name)
{
    const struct {
        const char *change, *part;
    } lacking[] = {
        {"DELETE FROM checkpoints", "lacks the checkpoints of a repetition"},
        {"DELETE FROM compressions", "lacks what its messages shrank to"},
        {"DELETE FROM run_tables", "lacks the table of latencies"},
        {"DELETE FROM sources WHERE kind = 'data'", "lacks the file rtt.csv"},
        {"DELETE FROM sources", "lacks the text of its scenario"},
    };
    write_file("rtt.csv", "rtt_ms\n1\n2\n4\n");
    for (size_t i = 0; i < sizeof lacking / sizeof *lacking; i++) {
        unlink(STORE);
        run_story("topology: flat_mesh\nagents: 5\ngossip: {fanout: 2, interval_ms: 50}\n"
                  "network: {compression: zstd, latency: {same_host_ms:"
                  " {distribution: empirical, file: rtt.csv}}}\nworkload: {updates: 3}\n");
        store_execute(lacking[i].change);
        struct ended ended = run_program("replay", "1", "--db", STORE, NULL);
        cr_expect_neq(ended.exit_code, 0);
        expect_part(ended.errors, lacking[i].part);
        expect_no_part(ended.errors, "Replayed");
    }
}

Test(replay, ctrl_c_ends_it_with_130)
{
    int output;
    write_file("long.yaml", "topology: flat_mesh\nagents: 10000\nduration_ms: 1500\n"
                            "gossip: {fanout: 20, interval_ms: 50}\nworkload: {updates: 3}\n");
    struct ended ended = run_program("run", "long.yaml", "--quiet", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    pid_t program =
        start_program(&output, "replay", "1", "--watch", "0-99", "--json", "--db", STORE, NULL);
    wait_for_line(output, "\"receipt\"");
    cr_assert_eq(kill(program, SIGINT), 0);
    ended = wait_for_end(program, output);
    expect_exit(&ended, 130);
    expect_part(ended.errors, "interrupted at ");
}

// Node 3 is down from 300 to 500 ms, and cut off from all others from 700 ms on.
Test(replay, what_faults_do_to_a_watched_node_and_to_its_links_is_told)
{
    write_file("faulty.yaml",
               "topology: flat_mesh\nagent_count: 20\ngossip: {fanout: 3, interval_ms: 50}\n"
               "duration_ms: 1000\nfaults:\n"
               "  - {fault: crash, at_ms: 300, until_ms: 500, disk: lost, of: {nodes: [3]}}\n"
               "  - {fault: partition, at_ms: 700, of: {nodes: [3]}}\n");
    struct ended run = run_program("run", "faulty.yaml", "--db", STORE, NULL);
    expect_exit(&run, 0);
    struct ended told = run_program("replay", "1", "--watch", "3", "--db", STORE, NULL);
    expect_exit(&told, 0);
    expect_part(told.output, "300                3  goes down, its disk lost\n");
    expect_part(told.output, "500                3  is back, its disk lost\n");
    expect_part(told.output, "3  has joined: a peer's snapshot came\n");
    expect_part(told.output, "700                3  meets fault 2: partition at 700 ms of ");
    struct ended json = run_program("replay", "1", "--watch", "3", "--json", "--db", STORE, NULL);
    expect_part(json.output, "\"time_ns\":300000000,\"node\":3,\"state\":\"down\",");
    expect_part(json.output,
                "\"node\":3,\"fault\":2,\"until_ns\":null,\"text\":\"partition at 700");
}
