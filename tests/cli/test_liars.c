// SPDX-License-Identifier: GPL-3.0-or-later
// Liars at the terminal: what is printed, stored and shown again, and what a lie that is believed
// does to the exit code.
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "program.h"

TestSuite(liars, .init = scratch_enter, .fini = scratch_leave);

#define STORE "runs.db"
#define MESH                                  \
    "topology: flat_mesh\n"                   \
    "agent_count: 60\n"                       \
    "gossip: {fanout: 5, interval_ms: 100}\n" \
    "duration_ms: 1000\n"                     \
    "workload: {updates: 20, every_ms: 20}\n" \
    "byzantine: [{behaviour: forging, of: {percent: 10}}]\n"

Test(liars, without_signatures_the_run_ends_with_exit_1_the_story_and_the_command_to_repeat_it)
{
    write_file("x.yaml", MESH);
    struct ended run = run_program("run", "x.yaml", "--db", STORE, NULL);
    expect_exit(&run, 1);
    expect_part(run.errors, "gossip validity is broken: at ");
    expect_part(run.errors, "takes over update 2147483648 of node ");
    expect_part(run.errors, ", which lies\n");
    expect_part(run.errors, "again: ");
    expect_part(run.output, "GOSSIP VALIDITY IS BROKEN");
    struct ended show = run_program("show", "--db", STORE, NULL);
    expect_part(show.output, "GOSSIP VALIDITY IS BROKEN");
    cr_expect_eq(store_number("SELECT invalid FROM trust"), 1);
    cr_expect_eq(store_number("SELECT honest FROM trust"), 54);
    run = run_program("verify", "1", "--queue", "heap", "--db", STORE, NULL);
    expect_exit(&run, 0);
    expect_part(run.output, "same: run 1");
}

Test(liars, with_signatures_they_are_caught_and_shown_again_as_they_were)
{
    write_file("x.yaml", MESH "security: {signature_algo: ed25519, byzantine_threshold: 0.5}\n"
                              "expect: [undetected == 0, deceived == 0, wrongly_ignored == 0,\n"
                              "  max(detection_ms) < 500]\n");
    struct ended run = run_program("run", "x.yaml", "--db", STORE, NULL);
    expect_exit(&run, 0);
    expect_part(run.output, "liars 1, forging by 10 % of agents: 6 of 6 nodes lied");
    expect_part(run.output, "no honest agent believed a lie");
    struct ended show = run_program("show", "--db", STORE, NULL);
    cr_expect_str_eq(part_before(show.output, "Took"), part_before(run.output, "Took"));
    run = run_program("run", "x.yaml", "--json", "--db", STORE, NULL);
    show = run_program("show", "--json", "--db", STORE, NULL);
    const char *told = json_line(run.output, "scenario", 0);
    const char *again = json_line(show.output, "scenario", 0);
    cr_expect_str_eq(json_text(again, "$.liars"), json_text(told, "$.liars"));
    cr_expect_str_neq(json_text(told, "$.liars"), "-");
}

Test(liars, what_they_did_is_pruned_with_its_run)
{
    static const char *const tables[] = {"liars", "detections", "rejects", "trust"};
    write_file("x.yaml", MESH "security: {signature_algo: ed25519, byzantine_threshold: 0.5}\n");
    struct ended ended = run_program("run", "x.yaml", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    ended = run_program("run", "x.yaml", "--set", "byzantine=[]", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    ended = run_program("list", "--prune", "--keep", "1", "--yes", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char query[64];
        snprintf(query, sizeof query, "SELECT count(*) FROM %s", tables[i]);
        cr_expect_eq(store_number(query), 0, "%s", tables[i]);
    }
}

Test(liars, of_several_shares_the_page_says_up_to_which_each_expectation_holds)
{
    write_file("x.yaml", MESH "security: {signature_algo: ed25519, byzantine_threshold: 0.5}\n"
                              "sweep:\n"
                              "  byzantine[0].behaviour: [silent, forging]\n"
                              "  byzantine[0].of.percent: [0, 10, 20]\n"
                              "expect: [undetected == 0, max(convergence_ms) < 1]\n");
    struct ended run = run_program("run", "x.yaml", "--db", STORE, NULL);
    expect_exit(&run, 1);
    expect_part(run.output, "Largest share of liars up to which each expectation holds:\n"
                            "  1: undetected == 0\n"
                            "  2: max(convergence_ms) < 1\n");
    expect_part(run.output, "flat_mesh, 60 agents     1         2\n");
    expect_part(run.output, "  silent *             0 %  no share\n");
    expect_part(run.output, "  forging             20 %  no share\n");
    expect_part(run.output, "* not detectable by this guard, silent: silence looks like loss\n");
}

Test(liars, who_never_came_to_lie_is_said_to_have_tried_nothing)
{
    write_file("x.yaml", MESH "sweep:\n"
                              "  byzantine[0].behaviour: [eclipsing]\n"
                              "  byzantine[0].of.percent: [0, 10]\n"
                              "expect: [deceived == 0]\n");
    struct ended run = run_program("run", "x.yaml", "--db", STORE, NULL);
    expect_exit(&run, 0);
    expect_part(run.output, "  eclipsing *         NEVER LIED\n");
}

#define BROKEN                                \
    "topology: flat_mesh\n"                   \
    "agent_count: 60\n"                       \
    "gossip: {fanout: 5, interval_ms: 100}\n" \
    "duration_ms: 1000\n"                     \
    "workload: {updates: 20, every_ms: 20}\n"

// Whether so many are a hundredth of all copies sent, within five standard deviations.
static bool is_a_hundredth(const char *column)
{
    char query[128];
    snprintf(query, sizeof query, "SELECT sum(%s) FROM traffic", column);
    double count = (double)store_number(query);
    double sent = (double)store_number("SELECT sum(messages) FROM traffic");
    double off = count - 0.01 * sent;
    return off * off < 25 * sent * 0.01 * 0.99;
}

Test(liars, what_nothing_notices_is_believed_and_the_check_names_node_and_update)
{
    write_file("x.yaml", BROKEN "network: {transport: UDP, corrupt_percent: 1, checksums: off}\n");
    struct ended run = run_program("run", "x.yaml", "--db", STORE, NULL);
    expect_exit(&run, 1);
    expect_part(run.errors, "gossip validity is broken: at ");
    expect_part(run.errors, " came to hold update ");
    expect_part(run.errors, ", which never wrote it; node ");
    expect_part(run.output, "broken on their way: 0 noticed and thrown away, ");
    cr_expect(is_a_hundredth("altered"));
    cr_expect_eq(store_number("SELECT sum(corrupted) FROM traffic"), 0);
    struct ended again = run_program("verify", "1", "--queue", "heap", "--db", STORE, NULL);
    expect_exit(&again, 0);
}

// Latencies are constant, so both copies of a message arrive at once, and say different things.
Test(liars, of_two_copies_at_once_the_altered_one_has_its_place_in_every_execution)
{
    write_file("x.yaml", BROKEN "network: {transport: UDP, corrupt_percent: 30, checksums: off,\n"
                                "  duplicate_percent: 50, latency: {same_host_ms: 5,\n"
                                "  same_zone_ms: 5, same_region_ms: 5}}\n");
    struct ended run = run_program("run", "x.yaml", "--db", STORE, NULL);
    expect_exit(&run, 1);
    cr_expect_gt(store_number("SELECT sum(altered) FROM traffic WHERE duplicated > 0"), 100);
    run = run_program("verify", "1", "--db", STORE, NULL);
    expect_exit(&run, 0);
    run = run_program("verify", "1", "--queue", "heap", "--db", STORE, NULL);
    expect_exit(&run, 0);
}

Test(liars, with_signatures_what_is_altered_is_refused_and_counted_where_it_arrives)
{
    write_file("x.yaml", BROKEN "network: {transport: UDP, corrupt_percent: 1, checksums: off}\n"
                                "security: {signature_algo: ed25519}\n"
                                "expect: [residue == 0, altered_messages > 0]\n");
    struct ended run = run_program("run", "x.yaml", "--db", STORE, NULL);
    expect_exit(&run, 0);
    // Bits are hit alike, and most of a message of updates is updates.
    int64_t signature =
        store_number("SELECT messages FROM rejects WHERE reason = 'signature' AND of_liars = 0");
    int64_t altered = store_number("SELECT sum(altered) FROM traffic");
    cr_expect(signature > 0 && signature < altered);
    struct ended again = run_program("verify", "1", "--queue", "heap", "--db", STORE, NULL);
    expect_exit(&again, 0);
}

Test(liars, with_tls_what_is_broken_is_thrown_away_and_checksums_are_without_effect)
{
    write_file("x.yaml",
               BROKEN "network: {transport: TCP, tls: true, corrupt_percent: 1, checksums: off}\n"
                      "expect: [residue == 0, altered_messages == 0, refused_messages == 0]\n");
    struct ended run = run_program("run", "x.yaml", "--db", STORE, NULL);
    expect_exit(&run, 0);
    cr_expect(is_a_hundredth("corrupted"));
    struct ended lint = run_program("lint", "x.yaml", NULL);
    expect_part(lint.output,
                "what is encrypted is authenticated, and thrown away where it is broken");
}

Test(liars, few_processors_are_waited_for_and_the_page_and_the_store_say_how_long)
{
    write_file("x.yaml", BROKEN "security: {signature_algo: ed25519}\n"
                                "placement: {agents_per_host: 20, cores_per_host: 1}\n"
                                "expect: [residue == 0, cpu_wait_ms < 100]\n");
    struct ended run = run_program("run", "x.yaml", "--db", STORE, NULL);
    expect_exit(&run, 0);
    expect_part(run.output, "processors, 1 a host: what arrives waits for one, on average ");
    struct ended show = run_program("show", "--db", STORE, NULL);
    cr_expect_str_eq(part_before(show.output, "Took"), part_before(run.output, "Took"));
    // 20 updates are new to 59 others each, and each check takes 48 us.
    cr_expect(store_number("SELECT service_ns FROM processors") >= 20 * 59 * 48000LL);
    cr_expect(store_number("SELECT wait_ns > 0 FROM processors") == 1);
    run = run_program("verify", "1", "--queue", "heap", "--db", STORE, NULL);
    expect_exit(&run, 0);
}

Test(liars, more_agents_on_a_host_than_a_thread_can_serve_are_refused_with_the_place)
{
    write_file("x.yaml", "topology: single_region_mesh\n"
                         "agent_count: 10000\n"
                         "gossip: {fanout: 5, interval_ms: 100}\n"
                         "placement: {agents_per_host: 5000, cores_per_host: 2}\n");
    struct ended run = run_program("run", "x.yaml", "--db", STORE, NULL);
    expect_exit(&run, 65);
    expect_part(run.errors, "x.yaml:4:");
    expect_part(run.errors, "at most 4096 may");
}

Test(liars, what_is_replayed_is_known_already_and_does_no_harm)
{
    write_file("x.yaml", BROKEN "security: {signature_algo: ed25519, byzantine_threshold: 0.5}\n"
                                "byzantine: [{behaviour: replaying, of: {percent: 50}}]\n"
                                "expect: [residue == 0, lies > 0, deceived == 0,\n"
                                "  wrongly_ignored == 0]\n");
    struct ended run = run_program("run", "x.yaml", "--db", STORE, NULL);
    expect_exit(&run, 0);
}
