// SPDX-License-Identifier: GPL-3.0-or-later
// Leaders and bridges as a user sees them: our scenarios hold, and their settings are checked.
#include <criterion/criterion.h>
#include <string.h>

#include "program.h"

TestSuite(leaders, .init = scratch_enter, .fini = scratch_leave);

#define MESH                                                                           \
    "topology: multi_region_leaders\n"                                                 \
    "regions:\n"                                                                       \
    "  - {name: a, agents: 30, leader_count: 2}\n"                                     \
    "  - {name: b, agents: 30, leader_count: 2}\n"                                     \
    "gossip: {intra_region: {fanout: 3, interval_ms: 100}, inter_region: {fanout: 1, " \
    "interval_ms: "                                                                    \
    "300}}\n"                                                                          \
    "workload: {updates: 3}\n"

Test(leaders, our_scenarios_hold_and_every_fault_of_theirs_fires)
{
    static const char *const names[] = {"leader-crash.yaml",
                                        "bridge-crash.yaml",
                                        "bridges-crash.yaml",
                                        "leader-isolated.yaml",
                                        "flapping-link.yaml",
                                        "flapping-link-without-pre-vote.yaml",
                                        "rolling-restart-leaders.yaml",
                                        "slow-disk.yaml"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct ended ended = run_program("run", scenario(names[i]), "--db", STORE, NULL);
        expect_exit(&ended, 0);
        expect_part(ended.output, "no expectation failed");
        expect_no_part(ended.output, "NEVER FIRED");
        expect_no_part(ended.output, "FIRED AT NOBODY");
    }
}

Test(leaders, rare_heartbeats_are_refused_where_they_stand)
{
    write_file("x.yaml", MESH "leaders: {heartbeat_ms: 600, failover_timeout_ms: 1000}\n");
    struct ended ended = run_program("run", "x.yaml", "--db", STORE, NULL);
    expect_exit(&ended, 65);
    expect_part(ended.errors, "x.yaml:7:25: leaders.heartbeat_ms: a heartbeat every 600 ms is too "
                              "rare for candidates that lose patience after 500 ms");
}

Test(leaders, a_patience_that_ends_before_it_begins_is_refused)
{
    write_file("x.yaml", MESH "leaders: {election_timeout_min_ms: 900, election_timeout_max_ms: "
                              "300}\n");
    struct ended ended = run_program("run", "x.yaml", "--db", STORE, NULL);
    expect_exit(&ended, 65);
    expect_part(ended.errors,
                "x.yaml:7:66: leaders.election_timeout_max_ms: expected more than the "
                "least patience, 900 ms");
}

Test(leaders, more_candidates_than_a_group_may_have_are_refused)
{
    write_file("x.yaml", MESH "bootstrap: {seeds_per_region: 33}\n");
    struct ended ended = run_program("run", "x.yaml", "--db", STORE, NULL);
    expect_exit(&ended, 65);
    expect_part(ended.errors, "x.yaml:7:31: bootstrap.seeds_per_region");
}

Test(leaders, a_group_of_which_all_have_failed_is_refused)
{
    write_file("x.yaml", MESH "leaders: {failed: 5}\n");
    struct ended ended = run_program("run", "x.yaml", "--db", STORE, NULL);
    expect_exit(&ended, 65);
    expect_part(ended.errors, "x.yaml:7:19: leaders.failed: expected less than the 5 candidates");
}

// Disks have the distributions of latencies, and the table of one is kept with the run.
Test(leaders, a_disk_may_have_any_distribution_and_a_stored_run_has_it_again)
{
    write_file("x.yaml", MESH "leaders: {disk_ms: {distribution: lognormal, mean: 8, stddev: "
                              "6}}\nduration_ms: 3000\n");
    struct ended ended = run_program("run", "x.yaml", "--db", STORE, NULL);
    expect_exit(&ended, 0);
    ended = run_program("verify", "latest", "--db", STORE, NULL);
    expect_exit(&ended, 0);
}
