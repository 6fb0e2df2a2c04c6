// SPDX-License-Identifier: GPL-3.0-or-later
// Ctrl-C, SIGTERM, SIGKILL: the store opens afterwards, and holds nothing that looks complete and
// is not.
#include <criterion/criterion.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "program.h"

TestSuite(interrupt, .init = scratch_enter, .fini = scratch_leave);

// Two rows; the first ends at once, the second would take hours.
static void write_long_scenario(void)
{
    char *text = NULL;
    cr_assert(asprintf(&text,
                       "topology: %s\n"
                       "repeat: 3\n"
                       "expect: [max(convergence_ms) < 0.001]\n"
                       "sweep:\n"
                       "  - {agents: 10}\n"
                       "  - {agents: 20, repeat: 200000}\n",
                       topology("flat-mesh.yaml")) > 0);
    write_file("long.yaml", keep(text));
}

static void pause_ms(long ms)
{
    struct timespec moment = {.tv_nsec = ms * 1000000};
    nanosleep(&moment, NULL);
}

// Waits until the program no longer catches SIGINT, so that the next one ends it.
static void wait_until_uncaught(pid_t program)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/status", (int)program);
    for (int i = 0; i < 500; i++) {
        char line[256] = "";
        FILE *status = fopen(path, "r");
        cr_assert(status, "the program is gone");
        while (strncmp(line, "SigCgt:", 7) != 0 && fgets(line, sizeof line, status) != NULL) {
        }
        fclose(status);
        if ((strtoull(line + strlen("SigCgt:"), NULL, 16) >> (SIGINT - 1) & 1) == 0) {
            return;
        }
        pause_ms(20);
    }
    cr_assert_fail("SIGINT is still caught after ten seconds");
}

static void wait_for_stored_run(void)
{
    for (int i = 0; i < 500; i++) {
        sqlite3 *sqlite = NULL;
        sqlite3_stmt *statement = NULL;
        bool stored =
            sqlite3_open_v2(STORE, &sqlite, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
            sqlite3_prepare_v2(sqlite, "SELECT 1 FROM runs", -1, &statement, NULL) == SQLITE_OK &&
            sqlite3_step(statement) == SQLITE_ROW;
        sqlite3_finalize(statement);
        sqlite3_close(sqlite);
        if (stored) {
            return;
        }
        pause_ms(20);
    }
    cr_assert_fail("no run is stored after ten seconds");
}

static struct ended end_with(int signal_number)
{
    int output;
    write_long_scenario();
    pid_t program =
        start_program(&output, "run", "long.yaml", "--json", "--quiet", "--db", STORE, NULL);
    wait_for_line(output, "\"agents\":20,\"mode\":\"push-pull\",\"seed\":44,");
    cr_assert_eq(kill(program, signal_number), 0);
    return wait_for_end(program, output);
}

Test(interrupt, ctrl_c_saves_what_is_complete_and_marks_the_rest)
{
    struct ended ended = end_with(SIGINT);
    expect_exit(&ended, 130);
    expect_part(ended.errors, "1 of 2 cells complete");
    expect_part(ended.errors, "row 2, push-pull: ");
    expect_part(ended.errors, "marked interrupted; what is expected of it is not judged");
    expect_part(ended.errors, "run long.yaml --db runs.db --only 2");

    cr_expect_eq(store_number("SELECT count(*) FROM runs"), 2);
    cr_expect_eq(store_number("SELECT agents FROM runs WHERE status = 'complete'"), 10);
    cr_expect_eq(store_number("SELECT agents FROM runs WHERE status = 'interrupted'"), 20);
    double whole = store_number("SELECT count(*) FROM repetitions WHERE run_id = 2 AND"
                                " NOT interrupted");
    cr_expect(whole >= 3 && whole < 200000, "%g whole repetitions", whole);
    cr_expect_eq(store_number("SELECT value FROM metrics WHERE run_id = 2 AND"
                              " metric = 'messages' AND statistic = 'n'"),
                 whole);
    const char *line = json_line(ended.output, "scenario", 0);
    cr_expect_eq(json_number(line, "?1 ->> '$.interrupted'"), 1);
    cr_expect_eq(json_number(line, "?1 ->> '$.repetitions'"), whole);
}

Test(interrupt, sigterm_does_the_same)
{
    struct ended ended = end_with(SIGTERM);
    expect_exit(&ended, 130);
    struct ended shown = run_program("show", "--db", STORE, "2", NULL);
    expect_exit(&shown, 0);
    expect_no_part(shown.output, "FAILED expected");
    struct ended listed = run_program("list", "--db", STORE, NULL);
    expect_part(listed.output, "expect 1/1 FAIL");
    cr_expect_null(strstr(strstr(listed.output, "interrupted"), "expect"));
    cr_expect_eq(store_number("SELECT count(*) FROM runs WHERE status = 'interrupted'"), 1);
}

Test(interrupt, a_second_ctrl_c_ends_the_program_at_once)
{
    // Somebody else holds the store, so that saving after the first Ctrl-C has to wait.
    int output;
    sqlite3 *sqlite = NULL;
    write_long_scenario();
    pid_t program =
        start_program(&output, "run", "long.yaml", "--json", "--quiet", "--db", STORE, NULL);
    wait_for_line(output, "\"agents\":20,\"mode\":\"push-pull\",\"seed\":43,");
    cr_assert(sqlite3_open(STORE, &sqlite) == SQLITE_OK);
    cr_assert(sqlite3_exec(sqlite, "BEGIN EXCLUSIVE", NULL, NULL, NULL) == SQLITE_OK);
    cr_assert_eq(kill(program, SIGINT), 0);
    wait_until_uncaught(program);
    cr_assert_eq(kill(program, SIGINT), 0);
    struct ended ended = wait_for_end(program, output);
    cr_expect_eq(ended.signal, SIGINT, "exit %d", ended.exit_code);
    sqlite3_close(sqlite);
    cr_expect_eq(store_number("SELECT count(*) FROM runs"), 1);
    cr_expect_eq(store_number("SELECT agents FROM runs WHERE status = 'complete'"), 10);
}

Test(interrupt, a_killed_run_leaves_a_store_that_opens_without_it)
{
    struct ended ended = end_with(SIGKILL);
    cr_expect_eq(ended.signal, SIGKILL);
    cr_expect_eq(store_number("SELECT count(*) FROM runs"), 1);
    cr_expect_eq(store_number("SELECT agents FROM runs WHERE status = 'complete'"), 10);
    struct ended next = run_program("run", topology("flat-mesh.yaml"), "--db", STORE, NULL);
    expect_exit(&next, 0);
    cr_expect_eq(store_number("SELECT count(*) FROM runs"), 2);
}

Test(interrupt, the_table_shows_what_there_is)
{
    int output;
    write_long_scenario();
    pid_t program = start_program(&output, "run", "long.yaml", "--quiet", "--db", STORE, NULL);
    wait_for_stored_run();
    pause_ms(100);  // the second row is under way
    cr_assert_eq(kill(program, SIGINT), 0);
    struct ended ended = wait_for_end(program, output);
    expect_exit(&ended, 130);
    expect_part(ended.output, "repetitions, then interrupted");
    expect_part(ended.output, "exit 130");
}
