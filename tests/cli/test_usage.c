// SPDX-License-Identifier: GPL-3.0-or-later
// Wrong usage: exit code 64, one line on stderr that says what is wrong and what may be meant, and
// nothing on stdout.
#include <criterion/criterion.h>

#include "program.h"

TestSuite(usage, .init = scratch_enter, .fini = scratch_leave);

static void expect_usage(const struct ended *ended, const char *part)
{
    expect_exit(ended, 64);
    expect_part(ended->errors, part);
    cr_expect_str_empty(ended->output);
}

Test(usage, no_verb_shows_the_verbs)
{
    struct ended ended = run_shell("exec \"$MESHSIM\"");
    expect_usage(&ended, "lint");
    expect_part(ended.errors, "example: ");
}

Test(usage, an_unknown_verb_is_refused_with_the_nearest)
{
    struct ended ended = run_program("rnu", NULL);
    expect_usage(&ended, "did you mean run?");
}

Test(usage, an_unknown_verb_that_is_near_none_lists_them_all)
{
    struct ended ended = run_program("calibrate", NULL);
    expect_usage(&ended, "there are run, lint, new, list, show, replay, verify, export and report");
}

Test(usage, an_unknown_option_is_refused_with_the_nearest)
{
    struct ended ended = run_program("run", topology("flat-mesh.yaml"), "--agnets", "10", NULL);
    expect_usage(&ended, "did you mean --agents?");
}

Test(usage, an_option_without_its_value_is_refused)
{
    struct ended ended = run_program("run", topology("flat-mesh.yaml"), "--seed", NULL);
    expect_usage(&ended, "--seed needs a value");
}

Test(usage, a_switch_with_a_value_is_refused)
{
    struct ended ended = run_program("run", topology("flat-mesh.yaml"), "--json=yes", NULL);
    expect_usage(&ended, "--json takes no value");
}

Test(usage, a_number_that_is_none_is_refused)
{
    struct ended ended = run_program("run", topology("flat-mesh.yaml"), "--agents", "ten", NULL);
    expect_usage(&ended, "--agents ten");
}

Test(usage, a_set_without_an_equals_sign_is_refused)
{
    struct ended ended = run_program("run", topology("flat-mesh.yaml"), "--set", "fanout", NULL);
    expect_usage(&ended, "KEY=VALUE");
}

Test(usage, a_row_that_does_not_exist_is_refused)
{
    struct ended ended =
        run_program("run", scenario("selection-matrix.yaml"), "--only", "15", NULL);
    expect_usage(&ended, "from 1 to 14");
    ended = run_program("run", scenario("selection-matrix.yaml"), "--only", "1,", NULL);
    expect_usage(&ended, "from 1 to 14");
    ended = run_program("run", scenario("selection-matrix.yaml"), "--only", "3-2", NULL);
    expect_usage(&ended, "3-2 goes downwards");
}

Test(usage, run_and_lint_ask_for_a_file)
{
    struct ended ended = run_program("run", NULL);
    expect_usage(&ended, "name a scenario or topology file");
    ended = run_program("lint", NULL);
    expect_usage(&ended, "name a scenario or topology file");
}

Test(usage, new_asks_for_a_topology_that_it_knows)
{
    struct ended ended = run_program("new", NULL);
    expect_usage(&ended, "--topology is missing");
    ended = run_program("new", "--topology", "star", NULL);
    expect_usage(&ended, "multi_region_leaders or hierarchical");
}

Test(usage, every_verb_explains_itself_with_an_example)
{
    const char *verbs[] = {"run",    "lint",   "new",    "list",  "show",
                           "replay", "verify", "export", "report"};
    for (int i = 0; i < 9; i++) {
        struct ended ended = run_program(verbs[i], "--help", NULL);
        expect_exit(&ended, 0);
        expect_part(ended.output, verbs[i]);
        expect_part(ended.output, "example: meshsim ");
        cr_expect_str_empty(ended.errors);
    }
}

Test(usage, what_stands_behind_two_dashes_is_a_file)
{
    struct ended ended = run_program("lint", "--", "--help", NULL);
    expect_exit(&ended, 74);
    expect_part(ended.errors, "cannot read --help");
}

Test(usage, the_version_is_told)
{
    struct ended ended = run_program("--version", NULL);
    expect_exit(&ended, 0);
    expect_part(ended.output, "meshsim 0.");
}
