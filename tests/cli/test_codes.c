// SPDX-License-Identifier: GPL-3.0-or-later
// The exit code says what happened: 0, 1, 2, 65, 70, 74. (64: test_usage.c; 130: test_interrupt.c.)
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

#define GOSSIP "gossip: {fanout: 3, interval_ms: 100}\n"

TestSuite(codes, .init = scratch_enter, .fini = scratch_leave);

// What the document claims of a flat mesh holds here, whatever the seed: ten agents, eager, rounds
// of
// 10 ms, and 60 updates within 5 s.
#define ALL_HOLDS                                                                               \
    "run", topology("flat-mesh.yaml"), "--agents", "10", "--set", "gossip.mode=eager", "--set", \
        "gossip.interval_ms=10", "--set", "duration_ms=5000", "--repeat", "1", "--db", STORE

// ---- Scenarios ----

Test(codes, an_unknown_key_is_a_bad_scenario_told_with_its_place)
{
    write_file("mine.yaml", "topology: flat_mesh\nagent_count: 10\ngossip:\n  fanuot: 3\n");
    struct ended ended = run_program("run", "mine.yaml", NULL);
    expect_exit(&ended, 65);
    expect_part(ended.errors, "mine.yaml:4:3: ");
    expect_part(ended.errors, "|   fanuot: 3");
    expect_part(ended.errors, "gossip.fanout");
    cr_expect(access("meshsim.db", F_OK) != 0, "a store was made for a run that cannot be");
}

Test(codes, every_bad_file_is_told)
{
    write_file("one.yaml", "topology: flat_mesh\nagent_count: none\n");
    write_file("two.yaml", "topology: [\n");
    struct ended ended = run_program("run", "one.yaml", "two.yaml", NULL);
    expect_exit(&ended, 65);
    expect_part(ended.errors, "one.yaml:2:14");
    expect_part(ended.errors, "two.yaml:");
}

Test(codes, an_expectation_with_a_mistake_is_told_before_anything_runs)
{
    write_file("mine.yaml", "topology: flat_mesh\nagent_count: 10\n" GOSSIP
                            "expect:\n  - p99(convergense_ms) < 5\n");
    struct ended ended = run_program("run", "mine.yaml", "--json", NULL);
    expect_exit(&ended, 65);
    expect_part(ended.errors, "mine.yaml:5:9: ");
    expect_part(ended.errors, "did you mean convergence_ms?");
    cr_expect_str_empty(ended.output);
}

Test(codes, results_beyond_this_machine_are_refused_with_the_figure)
{
    struct ended ended =
        run_program("run", topology("flat-mesh.yaml"), "--repeat", "1000000", "--set",
                    "workload.updates=100000", "--set", "workload.every_ms=0.1", NULL);
    expect_exit(&ended, 70);
    expect_part(ended.errors, "this machine has");
}

// ---- Input and output ----

Test(codes, a_file_that_is_not_there_is_an_input_error)
{
    struct ended ended = run_program("run", "nowhere.yaml", NULL);
    expect_exit(&ended, 74);
    expect_part(ended.errors, "nowhere.yaml");
}

Test(codes, a_store_that_cannot_be_written_stops_the_run_before_it_starts)
{
    struct ended ended =
        run_program("run", topology("flat-mesh.yaml"), "--json", "--db", "no/such/store.db", NULL);
    expect_exit(&ended, 74);
    expect_part(ended.errors, "no/such/store.db");
    cr_expect_str_empty(ended.output);
}

Test(codes, a_full_disk_keeps_what_fits_and_tells_that_the_rest_is_not_stored)
{
    // A run of 60 updates takes some 20 kB, so that a few of the 20 fit into 400 blocks, be a block
    // of
    // 512 bytes as in dash or of 1,024 as in bash.
    setenv("FLAT", topology("flat-mesh.yaml"), 1);
    struct ended ended = run_shell("ulimit -f 400; exec \"$MESHSIM\" run \"$FLAT\" --db " STORE
                                   " --set 'sweep={agents: [50, 100],"
                                   " network.loss_percent: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}'");
    expect_exit(&ended, 74);
    expect_part(ended.errors, "nothing of the run was stored");
    expect_part(ended.output, "judged: ");  // what has been measured is shown all the same
    double runs = store_number("SELECT count(*) FROM runs");
    cr_expect(runs >= 1 && runs < 20, "%g runs in the store", runs);
    cr_expect_eq(store_number("SELECT count(*) FROM runs WHERE status != 'complete'"), 0);
    cr_expect_eq(store_number("SELECT count(*) FROM repetitions"),
                 store_number("SELECT sum(repeat) FROM runs"));
}

Test(codes, a_full_stdout_is_an_output_error)
{
    setenv("FLAT", topology("flat-mesh.yaml"), 1);
    struct ended ended = run_shell("exec \"$MESHSIM\" run \"$FLAT\" --db " STORE " > /dev/full");
    expect_exit(&ended, 74);
    expect_part(ended.errors, "stdout");
    ended = run_shell("exec \"$MESHSIM\" run \"$FLAT\" --json --db " STORE " > /dev/full");
    expect_exit(&ended, 74);
    ended = run_shell("exec \"$MESHSIM\" lint \"$FLAT\" > /dev/full");
    expect_exit(&ended, 74);
    ended = run_shell("exec \"$MESHSIM\" new --topology flat_mesh > /dev/full");
    expect_exit(&ended, 74);
}

Test(codes, a_run_that_outgrows_the_declared_memory_ends_with_70)
{
    struct ended ended =
        run_program("run", topology("flat-mesh.yaml"), "--db", STORE, "--set", "memory_mib=2",
                    "--agents", "100", "--set", "network.loss_percent=100", "--set",
                    "workload.updates=4900", "--set", "workload.every_ms=4", NULL);
    expect_exit(&ended, 70);
    expect_part(ended.errors, "updates are under way and");
    expect_part(ended.errors, "which 99 agents lack: ");
    expect_part(ended.errors, "(memory_mib)");
}

// ---- Expectations and claims ----

Test(codes, a_failed_claim_leaves_the_exit_code_alone)
{
    struct ended ended = run_program("run", topology("flat-mesh.yaml"), "--db", STORE, NULL);
    expect_exit(&ended, 0);
    expect_part(ended.output, "1 row misses the document's claim");
    expect_part(ended.output, "exit 0");
}

Test(codes, a_failed_claim_counts_when_claims_are_strict)
{
    struct ended ended =
        run_program("run", topology("flat-mesh.yaml"), "--strict-claims", "--db", STORE, NULL);
    expect_exit(&ended, 1);
    expect_part(ended.output, "exit 1");
}

Test(codes, strict_claims_that_all_hold_pass)
{
    struct ended ended = run_program(ALL_HOLDS, "--strict-claims", NULL);
    expect_exit(&ended, 0);
}

Test(codes, strict_claims_with_too_few_updates_are_inconclusive)
{
    // 10 updates: an interval of p95 takes 59 (0.95^59 < 0.05 <= 0.95^58).
    cr_assert(pow(0.95, 59) < 0.05 && pow(0.95, 58) >= 0.05);
    struct ended ended =
        run_program(ALL_HOLDS, "--set", "workload.updates=10", "--strict-claims", NULL);
    expect_exit(&ended, 2);
    ended = run_program(ALL_HOLDS, "--set", "workload.updates=10", NULL);
    expect_exit(&ended, 0);
    expect_part(ended.output, "INCONCL.");
    expect_part(ended.errors, "--repeat 6");  // 6 x 10 >= 59
}

Test(codes, a_failed_expectation_is_told_with_its_figure_and_a_command_that_fails_the_same_way)
{
    // Half the updates within 20 ms: out of the question where ticks are 100 ms apart, and nothing
    // for eager, which takes a few messages of at most 1 ms.
    write_file("mine.yaml", "topology: flat_mesh\nagent_count: 20\nrepeat: 2\n" GOSSIP
                            "sweep: {agents: [10, 20], gossip.mode: [push-pull, eager]}\n"
                            "expect:\n  - p50(convergence_ms) < 20\n");
    struct ended ended = run_program("run", "mine.yaml", "--db", STORE, "--seed", "7", NULL);
    expect_exit(&ended, 1);
    expect_part(ended.output, "expected p50(convergence_ms) < 20 (mine.yaml:7), measured: ");
    expect_part(ended.output, "2 expectations failed");
    expect_part(ended.output, "(row 2, push-pull)");

    const char *reproduce = strstr(ended.output, "Reproduce: ");
    cr_assert(reproduce, "%s", ended.output);
    reproduce = strstr(reproduce + 1, "Reproduce: ");  // the second is of row 2
    cr_assert(reproduce, "%s", ended.output);
    const char *line = part_before(reproduce + strlen("Reproduce: "), "\n");
    expect_part(line, "--only 2 --set gossip.mode=push-pull");
    struct ended again = run_shell(line);
    expect_exit(&again, 1);
    expect_part(again.output, "1 expectation failed");
    const char *measured = strstr(strstr(ended.output, "FAILED") + 1, "FAILED");
    expect_part(again.output, part_before(measured, "("));
}

Test(codes, an_expectation_about_updates_that_never_converged_fails)
{
    struct ended ended =
        run_program("run", topology("flat-mesh.yaml"), "--db", STORE, "--set",
                    "network.loss_percent=100", "--set", "expect=[mean(convergence_ms) > 0]", NULL);
    expect_exit(&ended, 1);
    expect_part(ended.output, "60 of 60 updates never got there");
}

Test(codes, an_expectation_that_holds_passes)
{
    struct ended ended = run_program("run", scenario("flat-mesh-push-pull.yaml"), "--db", STORE,
                                     "--strict-claims", "--set", "expect=[residue == 0]", NULL);
    expect_exit(&ended, 1);  // of the claims
    ended = run_program("run", scenario("flat-mesh-push-pull.yaml"), "--db", STORE, "--set",
                        "expect=[residue == 0]", NULL);
    expect_exit(&ended, 0);
    expect_part(ended.output, "no expectation failed");
}
