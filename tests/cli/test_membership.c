// SPDX-License-Identifier: GPL-3.0-or-later
// Membership by SWIM as a user meets it: our scenarios, what a page and a store say of it, and what
// lint says where it has no effect.
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "program.h"

TestSuite(membership, .init = scratch_enter, .fini = scratch_leave);

Test(membership, our_scenarios_hold)
{
    static const char *const names[] = {
        "swim-partition.yaml",   "swim-crashes.yaml", "swim-loss.yaml",   "swim-storm.yaml",
        "swim-storm-plain.yaml", "swim-leaving.yaml", "swim-relays.yaml", "swim-bridges.yaml"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        // A tenth of a thousand agents is enough here; the others have so few as it is.
        bool large = strcmp(names[i], "swim-partition.yaml") == 0;
        struct ended ended = run_program("run", scenario(names[i]), "--db", STORE,
                                         large ? "--agents" : NULL, "100", NULL);
        expect_exit(&ended, 0);
        expect_part(ended.output, "no expectation failed");
        expect_part(ended.output, "SWIM, a run: ");
    }
}

// What Lifeguard is for: the same storm, with it and without.
Test(membership, a_storm_with_lifeguard_and_without_stands_side_by_side)
{
    static const char *const figures[] = {"false_suspicions", "false_deaths", "flaps_per_node_hour",
                                          "swim_bytes"};
    struct ended ended = run_program("run", scenario("storms.yaml"), "--db", STORE, "--json", NULL);
    expect_exit(&ended, 0);
    const char *lifeguard = json_line(ended.output, "scenario", 0);
    const char *plain = json_line(ended.output, "scenario", 1);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        char path[64];
        snprintf(path, sizeof path, "json_extract(?1, '$.%s.mean')", figures[i]);
        double with = json_number(lifeguard, path);
        double without = json_number(plain, path);
        cr_expect(with > 0 && with < without, "%s: %g and %g", figures[i], with, without);
    }
    ended = run_program("show", "--db", STORE, NULL);
    expect_part(ended.output, "SWIM, what it got wrong in a repetition");
    expect_part(ended.output, "SWIM, a starved host, plain");
}

Test(membership, a_stored_run_is_shown_as_run_printed_it_and_verified_on_the_heap)
{
    struct ended run = run_program("run", scenario("swim-partition.yaml"), "--db", STORE,
                                   "--repeat", "1", "--agents", "100", NULL);
    struct ended show = run_program("show", "--db", STORE, NULL);
    struct ended verify = run_program("verify", "latest", "--db", STORE, "--queue", "heap", NULL);
    expect_exit(&run, 0);
    expect_exit(&show, 0);
    expect_exit(&verify, 0);
    expect_part(run.output, "30 members were left without a majority");
    expect_part(run.output, "writes a run were refused for want of a majority");
    cr_expect_str_eq(part_before(show.output, "Took"), part_before(run.output, "Took"));
}

Test(membership, without_swim_its_settings_and_metrics_are_named_as_what_they_are)
{
    const char *file = scenario("swim-partition.yaml");
    struct ended lint =
        run_program("lint", file, "--set", "membership=roster", "--set", "swim.proxies=2", NULL);
    expect_exit(&lint, 0);
    expect_part(lint.output, "only membership swim probes anybody");
    struct ended run = run_program("run", file, "--set", "membership=roster", NULL);
    expect_exit(&run, 65);
    expect_part(run.errors, "no SWIM");
}
