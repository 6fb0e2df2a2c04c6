// SPDX-License-Identifier: GPL-3.0-or-later
// The table of what share of liars a mesh bears, from a store made by hand.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "liars.h"

TestSuite(reports_liars, .init = scratch_make, .fini = scratch_remove);

// A run of 100 agents, of which `nodes` lie; `failed`: the second of its two expectations.
static void add_lying(const char *path, int id, const char *behaviour, int nodes, bool failed)
{
    add_run(path, &(struct made_run){.id = id,
                                     .command_id = 1,
                                     .agents = 100,
                                     .mode = "push-pull",
                                     .repeat = 1,
                                     .matrix_row = id});
    add_repetition(path, id, 0, false, 100);
    add_percentiles(path, id, 50000000, 100000000 + id);
    execute(path, "INSERT INTO liars VALUES (%d, 0, 0, %Q, 'by hand', %d, %d, 5, 1, 2, NULL)", id,
            behaviour, nodes, nodes);
    execute(path,
            "INSERT INTO expectations VALUES (%d, 0, 'residue == 0', 'ppb', 0, 'pass', ''),"
            " (%d, 1, 'p95(convergence_ms) < 100', 'ns', 1, %Q, '')",
            id, id, failed ? "fail" : "pass");
}

static const char *make_table(void)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    add_lying(path, 1, "silent", 20, false);
    add_lying(path, 2, "silent", 0, false);
    add_lying(path, 3, "silent", 40, true);
    add_lying(path, 4, "forging", 0, true);
    return path;
}

Test(reports_liars, cells_have_behaviour_share_and_what_did_not_hold)
{
    struct report_store store;
    struct report_lyings lyings;
    struct report_error error = {0};
    cr_assert(report_store_open(&store, make_table(), &(struct report_choice){0}, &error));
    cr_assert(report_lyings_read(&store, &lyings), "%s", error.text);
    cr_assert_eq(lyings.count, 1);
    cr_assert_eq(lyings.tables[0].count, 4);
    const struct report_lying *cells = lyings.tables[0].cells;
    cr_assert_not_null(cells);
    cr_expect_str_eq(cells[0].behaviour, "silent");
    cr_expect_eq(cells[0].permille, 200);
    cr_expect_eq(cells[0].failed, 0);
    cr_expect_eq(cells[2].failed, 2);
    cr_expect_eq(cells[2].p95.ns, 100000003);
    cr_expect_str_eq(lyings.tables[0].expectations[1], "p95(convergence_ms) < 100");
    report_lyings_finish(&lyings);
    report_store_close(&store);
}

Test(reports_liars, the_picture_says_up_to_which_share_each_expectation_holds)
{
    struct report_store store;
    struct report_lyings lyings;
    struct report_error error = {0};
    char *text = NULL;
    size_t length = 0;
    cr_assert(report_store_open(&store, make_table(), &(struct report_choice){0}, &error));
    cr_assert(report_lyings_read(&store, &lyings));
    FILE *output = open_memstream(&text, &length);
    report_lying_script(output, &lyings.tables[0]);
    fclose(output);
    // silent: the first up to 40 %, the second up to 20 %; forging: 0 % and no share at all.
    const char *silent = strstr(text, "set label 'silent'");
    const char *forging = strstr(text, "set label 'forging'");
    cr_assert(silent != NULL && forging != NULL && silent < forging);
    cr_expect(strstr(silent, "'40 %'") != NULL && strstr(silent, "'40 %'") < forging);
    cr_expect(strstr(silent, "'20 %'") != NULL && strstr(silent, "'20 %'") < forging);
    cr_expect(strstr(forging, "'0 %'") != NULL && strstr(forging, "'no share'") != NULL);
    cr_expect(strstr(text, "2  p95(convergence_ms) < 100") != NULL);
    free(text);
    report_lyings_finish(&lyings);
    report_store_close(&store);
}

// The script of the only table of the store; the caller frees it.
static char *script_of(const char *path)
{
    struct report_store store;
    struct report_lyings lyings;
    struct report_error error = {0};
    char *text = NULL;
    size_t length = 0;
    cr_assert(report_store_open(&store, path, &(struct report_choice){0}, &error));
    cr_assert(report_lyings_read(&store, &lyings), "%s", error.text);
    cr_assert_eq(lyings.count, 1);
    FILE *output = open_memstream(&text, &length);
    report_lying_script(output, &lyings.tables[0]);
    fclose(output);
    report_lyings_finish(&lyings);
    report_store_close(&store);
    return text;
}

Test(reports_liars, a_field_names_the_expectations_that_do_not_hold)
{
    const char *path = make_table();
    execute(path, "UPDATE expectations SET outcome = 'fail' WHERE run_id = 3");
    char *text = script_of(path);
    cr_expect(strstr(text, "100 ✗1,2'") != NULL, "%s", text);
    cr_expect(strstr(text, "100 ✗2'") != NULL);
    free(text);
}

Test(reports_liars, who_never_lied_has_tried_nothing)
{
    const char *path = make_table();
    execute(path, "UPDATE liars SET lies = 0 WHERE run_id = 3");
    char *text = script_of(path);
    cr_expect(strstr(text, "'never lied: 100 ✗2'") != NULL, "%s", text);
    cr_expect(strstr(text, "'40 %' at screen 0.7") == NULL, "no expectation held up to there");
    free(text);
}

Test(reports_liars, whom_this_guard_cannot_detect_is_marked_with_the_reason)
{
    const char *path = make_table();
    execute(path, "UPDATE liars SET unseen = 'silence looks like loss' WHERE behaviour = 'silent'");
    char *text = script_of(path);
    cr_expect(strstr(text, "set label 'silent *'") != NULL, "%s", text);
    cr_expect(strstr(text, "set label 'forging'") != NULL);
    cr_expect(strstr(text, "* not detectable by this guard, silent: silence looks like loss") !=
              NULL);
    free(text);
}

Test(reports_liars, what_another_scenario_expects_stands_in_a_table_of_its_own)
{
    const char *path = make_table();
    struct report_store store;
    struct report_lyings lyings;
    struct report_error error = {0};
    add_lying(path, 5, "silent", 10, false);
    execute(path, "UPDATE runs SET scenario = 'other' WHERE run_id = 5;"
                  "DELETE FROM expectations WHERE run_id = 5 AND ordinal = 0");
    cr_assert(report_store_open(&store, path, &(struct report_choice){0}, &error));
    cr_assert(report_lyings_read(&store, &lyings), "%s", error.text);
    cr_assert_eq(lyings.count, 2);
    cr_expect_eq(lyings.tables[0].count, 4);
    cr_expect_eq(lyings.tables[1].count, 1);
    cr_expect_str_eq(lyings.tables[1].expectations[0], "p95(convergence_ms) < 100");
    report_lyings_finish(&lyings);
    report_store_close(&store);
    add_curve(path, 1, 0, 1000000, 100, (int[]){50, 100}, 2);
    struct told told = report((const char *[]){"--db", path, "-o", scratch_path("p"), NULL});
    cr_expect(told.code == 0, "%s", told.err);
    cr_expect(exists(scratch_path("p/liars-flat_mesh-100-1.svg")));
    cr_expect(exists(scratch_path("p/liars-flat_mesh-100-2.svg")));
}

Test(reports_liars, runs_with_several_kinds_or_none_are_in_no_table)
{
    const char *path = scratch_path("runs.db");
    struct report_store store;
    struct report_lyings lyings;
    struct report_error error = {0};
    make_store(path);
    add_lying(path, 1, "silent", 20, false);
    execute(path, "INSERT INTO liars VALUES (1, 0, 1, 'forging', 'too', 3, 3, 5, 1, 2, NULL)");
    add_run(path, &(struct made_run){
                      .id = 2, .command_id = 1, .agents = 9, .mode = "push-pull", .repeat = 1});
    cr_assert(report_store_open(&store, path, &(struct report_choice){0}, &error));
    cr_assert(report_lyings_read(&store, &lyings), "%s", error.text);
    cr_expect_eq(lyings.count, 0);
    report_lyings_finish(&lyings);
    report_store_close(&store);
}
