// SPDX-License-Identifier: GPL-3.0-or-later
// Faults as a user sees them: our scenarios hold, and what went wrong is on the page, in JSON and
// in the store.
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

TestSuite(faults, .init = scratch_enter, .fini = scratch_leave);

#define MESH                \
    "topology: flat_mesh\n" \
    "agent_count: 50\n"     \
    "gossip: {fanout: 5, interval_ms: 100}\n"

// Every verb is in one of them.
Test(faults, our_scenarios_hold_and_every_fault_of_theirs_fires)
{
    struct ended ended = run_program("run", scenario("hostile.yaml"), "--db", STORE, NULL);
    expect_exit(&ended, 0);
    expect_part(ended.output, "no expectation failed");
    expect_part(ended.output, "entries all fired at somebody");
    expect_part(ended.output, "row 2: at the end ");
    expect_no_part(ended.output, "NEVER FIRED");
    expect_no_part(ended.output, "FIRED AT NOBODY");
    cr_expect(store_number("SELECT count(*) FROM runs") >= 19);
    cr_expect_eq(store_number("SELECT count(*) FROM faults WHERE firings = 0 OR nodes = 0"), 0);
    cr_expect_eq(store_number("SELECT count(DISTINCT verb) FROM faults"), 15);
    cr_expect_eq(store_number("SELECT min(new_relay <> old_relay) FROM takeovers"), 1);
    cr_expect_eq(store_number("SELECT count(*) FROM rejoins JOIN runs USING (run_id)"
                              " WHERE scenario = 'rolling restart'"),
                 120);
}

Test(faults, our_migrations_lose_no_update_and_say_how_long_each_step_took)
{
    struct ended ended =
        run_program("run", scenario("migrations.yaml"), "--json", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    cr_assert_eq(count_lines(ended.output, "scenario"), 3);
    for (int i = 0; i < 3; i++) {
        const char *line = json_line(ended.output, "scenario", i);
        cr_expect_eq(json_number(line, "json_extract(?1, '$.lagging_agents')"), 0);
        cr_expect_eq(json_number(line, "json_extract(?1, '$.unwritten')"), 0);
        cr_expect(json_number(line, "json_array_length(?1, '$.phases')") >= 6);
        cr_expect(json_number(line, "json_extract(?1, '$.phases[4].updates')") > 0);
        cr_expect(json_number(line, "json_extract(?1, '$.phases[4].p95_ms')") > 0);
    }
    // Who was wound down was to be replaced by nobody.
    cr_expect(store_number("SELECT count(*) FROM elections") > 0);
    cr_expect_eq(store_number("SELECT count(*) FROM elections WHERE after_ns IS NULL"), 0);
    cr_expect_eq(store_number("SELECT count(*) FROM failovers WHERE successor IS NULL"), 0);
    struct ended shown = run_program("show", "--db", STORE, "3", NULL);
    expect_exit(&shown, 0);
    expect_part(shown.output, "5 aggregation and workflows");
    expect_part(shown.output, "\"Validate global convergence\"");
}

Test(faults, a_file_that_names_scenarios_names_files_that_are_there_and_nothing_else)
{
    write_file("none.yaml", "scenarios: [mesh.yaml, gone.yaml]\n");
    write_file("more.yaml", "agents: 10\nscenarios: [mesh.yaml]\n");
    write_file("nest.yaml", "scenarios: [list.yaml]\n");
    write_file("list.yaml", "scenarios: [mesh.yaml, mesh.yaml]\n");
    write_file("mesh.yaml", MESH);
    struct ended none = run_program("run", "none.yaml", "--db", STORE, NULL);
    struct ended more = run_program("run", "more.yaml", "--db", STORE, NULL);
    struct ended nest = run_program("run", "nest.yaml", "--db", STORE, NULL);
    struct ended twice = run_program("run", "list.yaml", "--db", STORE, NULL);
    expect_exit(&none, 65);
    expect_part(none.errors, "none.yaml:1:24: scenarios: there is no file gone.yaml");
    expect_exit(&more, 65);
    expect_part(more.errors, "more.yaml:1:1: agents: a file of scenarios has nothing beside");
    expect_exit(&nest, 65);
    expect_part(nest.errors, "list.yaml:1:12: scenarios: a file that names others is for");
    expect_exit(&twice, 0);
    cr_expect_eq(store_number("SELECT count(*) FROM runs"), 2);
}

// The second phase is cut in two for longer than its updates are given.
Test(faults, a_phase_expects_of_its_own_updates_alone)
{
    write_file("x.yaml", MESH "duration_ms: 4000\n"
                              "workload: {updates: 30, every_ms: 100}\n"
                              "faults: [{fault: partition, at_ms: 1000, until_ms: 2000,\n"
                              "          of: {percent: 50}}]\n"
                              "phases:\n"
                              "  - {phase: calm, at_ms: 0, expect: [p50(convergence_ms) < 300]}\n"
                              "  - {phase: cut, at_ms: 1000, expect: [max(convergence_ms) < 500,\n"
                              "     min(convergence_ms) > 80]}\n"
                              "  - {phase: after, at_ms: 2000, expect: [max(convergence_ms) < 300]}"
                              "\n");
    struct ended ended = run_program("run", "x.yaml", "--db", STORE, NULL);
    expect_exit(&ended, 1);
    expect_part(ended.output, "1 expectation failed");
    expect_part(ended.output, "expected max(convergence_ms) < 500 in \"cut\" (x.yaml:10), ");
    expect_part(ended.output, "over 10 updates");
    cr_expect_eq(store_number("SELECT count(*) FROM expectations WHERE outcome = 'fail' AND text ="
                              " 'max(convergence_ms) < 500 in \"cut\"'"),
                 1);
    // What the store says of the same updates.
    cr_expect_eq(store_number("SELECT e.measured = (SELECT max(theta_ns) FROM updates WHERE"
                              " written_ns BETWEEN 2000000000 AND 4000000000) FROM expectations AS"
                              " e WHERE text LIKE '%after%'"),
                 1);
    struct ended shown = run_program("show", "--db", STORE, NULL);
    expect_part(shown.output, "expected max(convergence_ms) < 500 in \"cut\"");
    write_file("y.yaml", MESH "duration_ms: 4000\n"
                              "phases: [{phase: calm, at_ms: 0, expect: [residue == 0]}]\n");
    ended = run_program("run", "y.yaml", "--db", STORE, NULL);
    expect_exit(&ended, 65);
    expect_part(ended.errors, "y.yaml:5:43: residue: a phase has what updates have");
}

// Relays are taken over while agents report, over cold connections and queues, and an aggregator
// stays down.
#define REPORTING                                                                      \
    scenario("relay-crash.yaml"), "--db", STORE, "--set", "duration_ms=2600", "--set", \
        "workload.updates=15", "--set", "workload.report_every_ms=400", "--set",       \
        "gossip.mode=eager", "--set", "gossip.eager_links=true", "--set",              \
        "network.transport=quic", "--set", "network.connections.start=cold", "--set",  \
        "network.rate_mbit=100", "--set", "network.queue_packets=500", "--set",        \
        "faults=[{fault: crash, at_ms: 500, until_ms: 2000, of: {roles: [relays]}},"   \
        " {fault: partition, at_ms: 300, until_ms: 900, between: regions},"            \
        " {fault: crash, at_ms: 1500, of: {roles: [aggregators], number: 1}},"         \
        " {fault: pause, at_ms: 500, until_ms: 1200, of: {percent: 20}}]",             \
        "--set",                                                                       \
        "expect=[p50(rejoin_ms) < 0.001, lagging_agents > 0, unwritten == 0,"          \
        " p95(report_edge_ms) < 0.001]"

Test(faults, a_stored_run_is_shown_as_run_printed_it)
{
    static const char *const figures[] = {
        "$.faults",           "$.takeovers",    "$.messages_cut",      "$.messages_dead",
        "$.messages_refused", "$.gaps",         "$.rejoin_ms",         "$.unwritten",
        "$.lagging_agents",   "$.expectations", "$.report_edge_ms.p95"};
    struct ended run = run_program("run", REPORTING, NULL);
    struct ended show = run_program("show", "--db", STORE, NULL);
    expect_exit(&run, 1);
    expect_exit(&show, 0);
    expect_part(run.output, "fault 1, crash at 500 ms until 2000 ms of relays: fired 1 time");
    expect_part(run.output, "agents that are up lack updates");
    expect_no_part(run.output, "SWIM");
    cr_expect_str_eq(part_before(show.output, "Took"), part_before(run.output, "Took"));
    run = run_program("run", REPORTING, "--json", NULL);
    show = run_program("show", "--json", "--db", STORE, NULL);
    const char *told = json_line(run.output, "scenario", 0);
    const char *again = json_line(show.output, "scenario", 0);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        cr_expect_str_eq(json_text(again, figures[i]), json_text(told, figures[i]), "%s",
                         figures[i]);
        cr_expect_str_neq(json_text(told, figures[i]), "-", "%s", figures[i]);
    }
}

Test(faults, a_stored_run_is_the_same_again_on_threads_in_the_heap_and_elsewhere)
{
    struct ended ended = run_program("run", REPORTING, "--quiet", NULL);
    expect_exit(&ended, 1);
    ended = run_program("verify", "1", "--threads", "3", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    ended = run_program("verify", "1", "--queue", "heap", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    ended = run_program("export", "1", "-o", "run.yaml", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    unlink(STORE);
    ended = run_program("verify", "run.yaml", NULL);
    expect_exit(&ended, 0);
    expect_part(ended.output, "same: run.yaml");
}

Test(faults, what_they_did_is_pruned_with_its_run)
{
    static const char *const tables[] = {"faults", "rejoins", "takeovers", "gaps"};
    struct ended ended = run_program("run", REPORTING, "--quiet", NULL);
    expect_exit(&ended, 1);
    write_file("x.yaml", MESH "workload: {updates: 5}\n");
    ended = run_program("run", "x.yaml", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char query[64];
        snprintf(query, sizeof query, "SELECT count(*) > 0 FROM %s", tables[i]);
        cr_expect_eq(store_number(query), 1, "%s", tables[i]);
    }
    ended = run_program("list", "--prune", "--keep", "1", "--yes", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    cr_expect_eq(store_number("SELECT min(run_id) FROM runs"), 2);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char query[64];
        snprintf(query, sizeof query, "SELECT count(*) FROM %s", tables[i]);
        cr_expect_eq(store_number(query), 0, "%s", tables[i]);
    }
}

Test(faults, the_law_of_conservation_is_in_the_store)
{
    struct ended ended =
        run_program("run", scenario("rolling-restart.yaml"), "--db", STORE, "--quiet", NULL);
    expect_exit(&ended, 0);
    cr_expect(store_number("SELECT sum(dead) FROM traffic") > 0);
    // What is in flight at the end is neither; it is what remains.
    double left = store_number("SELECT sum(messages + duplicated - delivered - lost - dropped -"
                               " corrupted - cut - dead - refused) FROM traffic");
    cr_expect(left >= 0 && left < store_number("SELECT sum(messages) FROM traffic") / 10,
              "%f in flight", left);
}

// Edges hear of each other through their aggregators alone.
Test(faults, edges_that_are_islands_are_cut_off_from_all_above_them)
{
    struct ended ended =
        run_program("run", scenario("edges-apart.yaml"), "--db", STORE, "--quiet", "--set",
                    "faults=[{fault: partition, at_ms: 1000, between: edges}]", "--set",
                    "duration_ms=3000", "--set", "workload.updates=20", "--set",
                    "expect=[lagging_agents == 480, max(edge_convergence_ms) < 400]", NULL);
    expect_exit(&ended, 0);
    cr_expect(store_number("SELECT sum(cut) FROM traffic WHERE pair_class = 'edge_aggregator'") >
              0);
    cr_expect_eq(store_number("SELECT sum(cut) FROM traffic WHERE pair_class <> "
                              "'edge_aggregator'"),
                 0);
    cr_expect_eq(store_number("SELECT count(*) FROM updates WHERE written_ns > 1000000000 AND"
                              " held <> edge_held"),
                 0);
}

Test(faults, one_that_never_fired_is_never_taken_for_survived)
{
    write_file("x.yaml", MESH "workload: {updates: 5}\n"
                              "faults:\n"
                              "  - {fault: churn, at_ms: 100, until_ms: 100.001, gap_ms: 3600000,\n"
                              "     of: {percent: 50}}\n"
                              "  - {fault: crash, at_ms: 10, until_ms: 60, of: {nodes: [3]}}\n"
                              "  - {fault: restart, at_ms: 40, of: {nodes: [9]}}\n");
    struct ended ended = run_program("run", "x.yaml", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    expect_part(ended.output, "fault 1, churn at 100 ms until 100.001 ms of 50 % of agents, one ");
    expect_part(ended.output, "good: NEVER FIRED");
    expect_part(ended.output,
                "fault 2, crash at 10 ms until 60 ms of all in nodes 3: fired 1 time, "
                "at 1 node");
    ended = run_program("run", "x.yaml", "--db", STORE, "--json", NULL);
    const char *line = json_line(ended.output, "scenario", 0);
    cr_expect_eq(json_number(line, "json_extract(?1, '$.faults[0].fired')"), 0);
    cr_expect_eq(json_number(line, "json_extract(?1, '$.faults[1].fired')"), 1);
    cr_expect_eq(json_number(line, "json_extract(?1, '$.faults[1].nodes')"), 1);
    cr_expect_eq(json_number(line, "json_array_length(?1, '$.gaps')"), 0);
    cr_expect_eq(json_number(line, "json_extract(?1, '$.rejoin_ms.n')"), 1);
}

Test(faults, who_lacks_what_at_the_end_is_said_with_the_reason)
{
    struct ended ended =
        run_program("run", scenario("aggregator-crash.yaml"), "--db", STORE, "--json", NULL);
    expect_exit(&ended, 0);
    const char *line = json_line(ended.output, "run", 0);
    cr_expect_str_eq(json_text(line, "$.gaps[0].cause"), "aggregator");
    cr_expect_str_eq(json_text(line, "$.gaps[0].why"),
                     "aggregator 482 is down, the only way to or from edges 6-8");
    cr_expect(json_number(line, "json_extract(?1, '$.lagging_agents')") > 0);
    cr_expect_eq(store_number("SELECT subject FROM gaps WHERE cause = 'aggregator'"), 482);
}

Test(faults, all_who_are_left_behind_are_named)
{
    struct ended ended = run_program("run", scenario("left-behind.yaml"), "--db", STORE, NULL);
    expect_exit(&ended, 0);
    expect_part(ended.output, "at the end 11 agents that are up lack updates: 10 (30-39): fault 1 "
                              "lasts, partition at 1000");
    expect_part(ended.output, "1 (10): fault 4 lasts, ");
    expect_part(ended.output, "at the end 5 agents are down (20-24)");
    cr_expect_eq(store_number("SELECT sum(nodes) FROM gaps WHERE cause = 'partition'"), 11);
    cr_expect_eq(store_number("SELECT nodes + first_node FROM gaps WHERE cause = 'down'"), 25);
    ended = run_program("run", scenario("left-behind.yaml"), "--db", STORE, "--json", NULL);
    const char *line = json_line(ended.output, "scenario", 0);
    cr_expect_eq(json_number(line, "json_array_length(?1, '$.gaps')"), 3);
    cr_expect_str_eq(json_text(line, "$.gaps[0].nodes"), "30-39");
    cr_expect_str_eq(json_text(line, "$.gaps[1].nodes"), "10");
}

// Both come back without their disks when nobody else is left.
Test(faults, who_waits_for_a_snapshot_that_nobody_has_is_said_to_wait_in_vain)
{
    write_file("x.yaml", MESH "duration_ms: 3000\n"
                              "workload: {updates: 5, every_ms: 50}\n"
                              "faults:\n"
                              "  - {fault: crash, at_ms: 500, until_ms: 900, disk: lost,\n"
                              "     of: {nodes: [3, 7]}}\n"
                              "  - {fault: crash, at_ms: 600, of: {nodes: [0-2, 4-6, 8-49]}}\n"
                              "expect: [lagging_agents == 2]\n");
    struct ended ended = run_program("run", "x.yaml", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    expect_part(ended.output, "2 (3, 7): they still wait for a snapshot, and nobody");
    expect_part(ended.output, "at the end 48 agents are down (0-2, 4-6, 8-49)");
}

Test(faults, an_expectation_on_them_fails_a_run_or_is_refused_without_them)
{
    write_file("x.yaml", MESH "duration_ms: 1000\n"
                              "faults: [{fault: pause, at_ms: 10, of: {nodes: [3]}}]\n"
                              "expect: [lagging_agents == 0]\n");
    struct ended ended = run_program("run", "x.yaml", "--db", STORE, NULL);
    expect_exit(&ended, 1);
    expect_part(ended.output, "1 (3): they are paused");
    write_file("y.yaml", MESH "expect: [lagging_agents == 0]\n");
    ended = run_program("run", "y.yaml", "--db", STORE, NULL);
    expect_exit(&ended, 65);
    expect_part(ended.errors, "lagging_agents: nothing goes wrong in this scenario; list faults");
}

Test(faults, lint_shows_the_timeline_with_what_each_entry_hits)
{
    struct ended ended = run_program("lint", scenario("rolling-restart.yaml"), NULL);
    expect_exit(&ended, 0);
    expect_part(ended.output, "faults, drawn by fault_seed 1");
    expect_part(ended.output, "rolling-restart at 500 ms of agents, 5 at a time, for 200 ms each, "
                              "the next after 250 ms, disks lost\n"
                              "        fires once; hits 120 of 120 nodes\n"
                              "        in flight: what arrives at who is down is dropped, what "
                              "they sent arrives\n");
    write_file("x.yaml", MESH "duration_ms: 1000\n"
                              "faults:\n"
                              "  - {fault: crash, at_ms: 100, until_ms: 150, every_ms: 200,\n"
                              "     of: {percent: 10}}\n"
                              "  - {fault: partition, at_ms: 10, groups: [{nodes: [0-9]},\n"
                              "     {nodes: [10-29]}]}\n");
    ended = run_program("lint", "x.yaml", NULL);
    expect_exit(&ended, 0);
    expect_part(ended.output, "fires 5 times, the last at 900 ms; hits 5 of 50 nodes");
    expect_part(ended.output, "fires once; sides of 10 | 20 of 50 nodes");
}

Test(faults, the_same_faults_hit_the_same_nodes_whatever_the_seed)
{
    write_file("x.yaml", MESH "duration_ms: 1000\n"
                              "faults: [{fault: crash, at_ms: 100, until_ms: 300,\n"
                              "          of: {percent: 20}}]\n");
    struct ended ended =
        run_program("run", "x.yaml", "--seed", "1", "--db", STORE, "--quiet", NULL);
    expect_exit(&ended, 0);
    ended = run_program("run", "x.yaml", "--seed", "2", "--db", STORE, "--quiet", NULL);
    expect_exit(&ended, 0);
    ended = run_program("run", "x.yaml", "--set", "fault_seed=2", "--db", STORE, "--quiet", NULL);
    expect_exit(&ended, 0);
    cr_expect_eq(store_number("SELECT count(DISTINCT node) FROM rejoins WHERE run_id < 3"), 10);
    cr_expect(store_number("SELECT count(DISTINCT node) FROM rejoins") > 10);
}
