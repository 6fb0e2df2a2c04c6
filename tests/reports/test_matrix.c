// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "matrix.h"

TestSuite(reports_matrix, .init = scratch_make, .fini = scratch_remove);

static const char *make_matrix_store(int rows)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    for (int id = 1; id <= 2 * rows; id++) {
        add_run(path, &(struct made_run){.id = id,
                                         .command_id = 1,
                                         .agents = 1000,
                                         .mode = id % 2 == 1 ? "push-pull" : "eager",
                                         .repeat = 1,
                                         .matrix_row = (id + 1) / 2,
                                         .cell = "loss=1"});
        add_repetition(path, id, 0, false, 1000);
    }
    return path;
}

static void judge(const char *path, int run_id, int ordinal, const char *section,
                  const char *measured, const char *low, const char *high, const char *verdict)
{
    execute(path,
            "INSERT INTO verdicts (run_id, ordinal, claim_id, claim, section, metric, statistic,"
            " unit, target_high, measured, low, high, samples, verdict, why)"
            " VALUES (%d, %d, 'id', '<100ms', %Q, 'convergence', 'p95', 'ns', 100000000, %s, %s,"
            " %s, 300, %Q, '')",
            run_id, ordinal, section, measured, low, high, verdict);
    execute(path,
            "INSERT OR REPLACE INTO metrics (run_id, metric, statistic, unit, value)"
            " VALUES (%d, 'convergence', 'p95', 'ns', %s)",
            run_id, measured);
}

struct read_matrix {
    struct report_store store;
    struct report_matrix matrix;
    struct report_error error;
};

static void read_matrix(struct read_matrix *read, const char *path)
{
    *read = (struct read_matrix){0};
    cr_assert(report_store_open(&read->store, path, &(struct report_choice){0}, &read->error) &&
                  report_matrix_read(&read->store, &read->matrix),
              "%s", read->error.text);
}

static void finish(struct read_matrix *read)
{
    report_matrix_finish(&read->matrix);
    report_store_close(&read->store);
}

static char *script_of(const struct report_matrix *matrix)
{
    char *text = NULL;
    size_t length = 0;
    FILE *output = open_memstream(&text, &length);
    report_matrix_script(output, matrix, 0, matrix->count);
    fclose(output);
    return text;
}

static void expect_commands(const struct report_matrix *matrix, const char *const *commands)
{
    char *script = script_of(matrix);
    for (; *commands != NULL; commands++) {
        cr_assert_not_null(strstr(script, *commands), "\"%s\" is not in\n%s", *commands, script);
    }
    free(script);
}

Test(reports_matrix, verdict_is_that_of_the_selection_matrix)
{
    const char *path = make_matrix_store(1);
    judge(path, 1, 0, "Topology Comparison Matrix", "176000000", "171000000", "182000000", "PASS");
    judge(path, 1, 1, "Topology Selection Matrix", "176000000", "171000000", "182000000", "FAIL");
    judge(path, 2, 0, "Topology Comparison Matrix", "18000000", "17000000", "19000000", "PASS");
    execute(path, "UPDATE updates SET theta_ns = 100, path_tick_ns = 60, path_network_ns = 40");
    struct read_matrix read;
    read_matrix(&read, path);
    const struct report_entry *entry = &read.matrix.entries[0];
    cr_assert(read.matrix.count == 2 && entry->claimed && entry->has_interval);
    cr_assert_str_eq(entry->target.verdict, "FAIL");
    cr_assert(entry->target.ns == 100000000 && entry->low_ns == 171000000);
    cr_assert(entry->waiting_known && entry->waiting > 0.599 && entry->waiting < 0.601);
    // Without a claim of the matrix there is an interval, and no verdict.
    cr_assert(!entry[1].claimed && entry[1].has_interval && entry[1].high_ns == 19000000);
    finish(&read);
}

Test(reports_matrix, row_shows_p95_interval_target_and_verdict)
{
    const char *path = make_matrix_store(1);
    judge(path, 1, 0, "Topology Selection Matrix", "176000000", "171000000", "182000000", "FAIL");
    judge(path, 2, 0, "Topology Selection Matrix", "18000000", "17000000", "19000000", "PASS");
    struct read_matrix read;
    read_matrix(&read, path);
    // Two lines of 26 and a gap of 10 are 62 high; their middles lie at 18 and 44.
    expect_commands(
        &read.matrix,
        (const char *[]){
            "set logscale x 10\nset xrange [10:236.6]\n", "set label '1,000 flat_mesh' at screen",
            "set label '176 [171, 182]' at screen", "set label '18.0 [17.0, 19.0]' at screen",
            "set label '<100ms'", "set label 'FAIL'", "set label 'PASS'",
            "'+' using (176):(18):(171):(182) every", "'+' using (18):(44):(17):(19) every",
            "set arrow from first 100, first 5 to first 100, first 31 ", NULL});
    finish(&read);
}

Test(reports_matrix, update_that_never_arrives_is_an_arrow_and_the_word_never)
{
    const char *path = make_matrix_store(1);
    judge(path, 1, 0, "Topology Selection Matrix", "NULL", "500000000", "NULL", "FAIL");
    judge(path, 2, 0, "Topology Selection Matrix", "18000000", "17000000", "19000000", "PASS");
    struct read_matrix read;
    read_matrix(&read, path);
    expect_commands(&read.matrix,
                    (const char *[]){"set label 'never [500, never]' at",
                                     "set arrow from first 500, first 18 to first 650, first 18",
                                     NULL});
    finish(&read);
}

Test(reports_matrix, rows_of_one_mesh_are_told_apart_by_cell_or_scenario)
{
    const char *path = make_matrix_store(2);
    execute(path, "UPDATE runs SET cell = 'it''s=2' WHERE matrix_row = 2");
    struct read_matrix read;
    read_matrix(&read, path);
    expect_commands(&read.matrix,
                    (const char *[]){"set label 'loss=1' at", "set label 'it''s=2' at", NULL});
    finish(&read);
    execute(path, "UPDATE runs SET scenario = 'other' WHERE matrix_row = 2");
    read_matrix(&read, path);
    expect_commands(&read.matrix, (const char *[]){"set label 'flat: loss=1' at",
                                                   "set label 'other: it''s=2' at", NULL});
    finish(&read);
    execute(path, "UPDATE runs SET agents = 5, cell = '' WHERE matrix_row = 2");
    read_matrix(&read, path);
    expect_commands(&read.matrix,
                    (const char *[]){"set label '5 flat_mesh' at", "set label 'other' at", NULL});
    finish(&read);
}

// Runs 1 and 2 of row 1 are of one file; runs 3 and 4 are of another, where they are row 2.
Test(reports_matrix, rows_of_a_command_go_on_from_file_to_file)
{
    static const int64_t rows[] = {1, 1, 2, 2, 3};
    const char *path = make_matrix_store(2);
    for (int id = 1; id <= 4; id++) {
        execute(path,
                "INSERT INTO sources VALUES (%d, 0, 'topology', 'mesh.yaml', ''),"
                " (%d, 1, 'scenario', %Q, ''), (%d, 2, 'option', '--seed', '1')",
                id, id, id < 3 ? "b.yaml" : "a.yaml", id);
    }
    add_run(
        path,
        &(struct made_run){
            .id = 5, .command_id = 1, .agents = 9, .mode = "push", .repeat = 1, .matrix_row = 1});
    execute(path, "INSERT INTO sources VALUES (5, 0, 'topology', 'mesh.yaml', '')");
    struct read_matrix read;
    read_matrix(&read, path);
    cr_assert_eq(read.matrix.count, 5);
    for (size_t i = 0; i < 5; i++) {
        cr_expect_eq(read.matrix.entries[i].run->run_id, (int64_t)i + 1);
        cr_expect_eq(read.matrix.entries[i].run->matrix_row, rows[i], "entry %zu", i);
    }
    finish(&read);
    read = (struct read_matrix){0};
    cr_assert(
        report_store_open(&read.store, path, &(struct report_choice){.run = "4"}, &read.error));
    cr_expect_eq(read.store.runs[0].matrix_row, 2, "as in the table of the whole command");
    report_store_close(&read.store);
}

Test(reports_matrix, store_without_any_time_has_a_picture_all_the_same)
{
    struct read_matrix read;
    read_matrix(&read, make_matrix_store(1));
    expect_commands(&read.matrix, (const char *[]){"set xrange [0.5:1300]", "plot NaN\n", NULL});
    finish(&read);
}

Test(reports_matrix, long_matrices_are_parted_between_rows)
{
    struct read_matrix read;
    read_matrix(&read, make_matrix_store(21));
    size_t first = report_matrix_part(&read.matrix, 0);
    cr_assert(first == REPORT_ENTRIES_MAX, "%zu", first);
    cr_assert(report_matrix_part(&read.matrix, first) == 42 - first);
    finish(&read);
    execute(scratch_path("runs.db"), "UPDATE runs SET matrix_row = 1");
    read_matrix(&read, scratch_path("runs.db"));
    cr_assert(report_matrix_part(&read.matrix, 0) == 42, "one row is never parted");
    finish(&read);
}
