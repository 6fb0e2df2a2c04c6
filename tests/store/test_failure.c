// SPDX-License-Identifier: GPL-3.0-or-later
// Killed, or out of disk, at every single operation on the file: the store opens afterwards, and
// holds the whole run or nothing of it.
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "catalog.h"
#include "failing_vfs.h"
#include "fixture.h"

TestSuite(store_failure, .init = scratch_make, .fini = scratch_remove);

#define MANY_UPDATES 100000  // more than SQLite's page cache holds, so that it writes before COMMIT

static const char whole_run[] =
    "SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM repetitions),"
    " (SELECT count(*) FROM updates), (SELECT count(*) FROM curves),"
    " (SELECT count(*) FROM verdicts), (SELECT count(*) FROM host_facts)";

static void remove_store(const char *path)
{
    char journal[512];
    snprintf(journal, sizeof journal, "%s-journal", path);
    unlink(path);
    unlink(journal);
}

// The number of runs in the store, which must be sound.
static int count_runs(const char *path, struct sim_store *store)
{
    (void)store;  // open, so that it has been recovered
    expect_rows(path, "SELECT * FROM pragma_integrity_check", "ok\n");
    expect_rows(path, "SELECT * FROM pragma_foreign_key_check", "");
    uint64_t digest;
    struct sim_error error = {0};
    return sim_store_digest(store, 1, &digest, &error) ? 1 : 0;
}

// After a failure at operation `at`: whole or nothing, and a store as good as new.
static void check_recovery(const char *path, const struct fixture *fixture, int at, bool done)
{
    struct sim_store *store = NULL;
    struct sim_error error = {0};
    if (at > 1 && sim_store_open_to_read(path, &store, &error)) {  // also undoes what is half done
        count_runs(path, store);
        sim_store_close(store);
    }
    store = open_store(path);
    int runs = count_runs(path, store);
    cr_assert(runs == 1 || !done, "operation %d: the run was reported stored and is not", at);
    expect_rows(path, whole_run, runs == 1 ? "1|2|4|18|2|2\n" : "0|0|0|0|0|0\n");
    cr_assert(write_run(store, fixture) == runs + 1, "operation %d", at);
    sim_store_close(store);
}

// Opens, writes and closes. Returns false on the first failure, which must be what a user can mend.
static bool store_run(const char *path, const struct fixture *fixture)
{
    struct sim_store *store = NULL;
    struct sim_error error = {0};
    int64_t run_id = 0;
    bool stored = sim_store_open(path, &store, &error) &&
                  sim_store_write_run(store, &fixture->run, &run_id, &error);
    sim_store_close(store);
    if (!stored) {
        cr_assert(error.code == SIM_ERROR_IO, "%s", error.text);
        cr_assert_not_null(strstr(error.text, "the disk is full"), "%s", error.text);
    }
    return stored;
}

// How many operations it takes when nothing fails.
static int count_operations(const char *path, const struct fixture *fixture)
{
    failing_vfs_plan(FAILURE_NONE, 0);
    cr_assert(store_run(path, fixture));
    int operations = failing_vfs_operations();
    remove_store(path);
    cr_assert(operations > 20, "only %d operations: the file system is not used", operations);
    return operations;
}

Test(store_failure, killed_at_any_operation_the_store_holds_the_whole_run_or_nothing)
{
    struct fixture fixture;
    fixture_init(&fixture);
    const char *path = scratch_path("runs.db");
    failing_vfs_install();
    int operations = count_operations(path, &fixture);
    for (int at = 1; at <= operations; at++) {
        pid_t child = fork();
        if (child == 0) {
            failing_vfs_plan(FAILURE_KILL, at);
            store_run(path, &fixture);
            _exit(0);
        }
        int status = 0;
        cr_assert(waitpid(child, &status, 0) == child);
        cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
                  "operation %d: not killed but status %d", at, status);
        failing_vfs_plan(FAILURE_NONE, 0);
        check_recovery(path, &fixture, at, false);
        remove_store(path);
    }
}

Test(store_failure, disk_full_at_any_operation_leaves_the_whole_run_or_nothing)
{
    struct fixture fixture;
    fixture_init(&fixture);
    const char *path = scratch_path("runs.db");
    failing_vfs_install();
    int operations = count_operations(path, &fixture);
    int failures = 0;
    for (int at = 1; at <= operations; at++) {
        failing_vfs_plan(FAILURE_DISK_FULL, at);
        bool done = store_run(path, &fixture);
        failures += !done;
        failing_vfs_plan(FAILURE_NONE, 0);
        check_recovery(path, &fixture, at, done);
        remove_store(path);
    }
    cr_assert(failures > operations / 2, "the disk was full in %d of %d cases only", failures,
              operations);
}

Test(store_failure, disk_full_says_what_to_do_and_the_write_can_be_repeated)
{
    struct fixture fixture;
    fixture_init(&fixture);
    const char *path = scratch_path("runs.db");
    failing_vfs_install();
    failing_vfs_plan(FAILURE_NONE, 0);
    struct sim_store *store = open_store(path);
    failing_vfs_plan(FAILURE_DISK_FULL, 1);
    int64_t run_id = 0;
    struct sim_error error = {0};
    cr_assert(!sim_store_write_run(store, &fixture.run, &run_id, &error));
    cr_assert(error.code == SIM_ERROR_IO);
    cr_assert_not_null(strstr(error.text, "free some space"), "%s", error.text);
    cr_assert_not_null(strstr(error.text, "nothing of the run was stored"), "%s", error.text);
    failing_vfs_plan(FAILURE_NONE, 0);  // the user has made room
    cr_assert(write_run(store, &fixture) == 1);
    sim_store_close(store);
    expect_rows(path, whole_run, "1|2|4|18|2|2\n");
}

Test(store_failure, killed_in_the_middle_of_a_large_run_nothing_of_it_is_there)
{
    struct fixture fixture;
    fixture_init(&fixture);
    struct sim_update_result *updates = calloc(MANY_UPDATES, sizeof *updates);
    for (uint32_t index = 0; index < MANY_UPDATES; index++) {
        updates[index] = fixture.updates[0][0];
        updates[index].dot.origin = index;
    }
    fixture.results[0].updates = updates;
    fixture.results[0].update_count = MANY_UPDATES;
    const char *path = scratch_path("runs.db");
    sim_store_close(open_store(path));
    failing_vfs_install();
    int operations = 0;
    for (bool killed = true; killed; operations += 200) {
        pid_t child = fork();
        if (child == 0) {
            failing_vfs_plan(FAILURE_KILL, operations + 1);
            store_run(path, &fixture);
            _exit(0);
        }
        int status = 0;
        cr_assert(waitpid(child, &status, 0) == child);
        killed = WIFSIGNALED(status);
        failing_vfs_plan(FAILURE_NONE, 0);
        struct sim_store *store = open_store(path);
        cr_assert(count_runs(path, store) == (killed ? 0 : 1), "killed at operation %d",
                  operations + 1);
        sim_store_close(store);
    }
    cr_assert(operations > 1000, "the run was small: %d operations", operations);
    free(updates);
}

// Prunes four runs of four commands to two.
static bool prune_runs(const char *path)
{
    struct sim_store *store = NULL;
    struct sim_error error = {0};
    struct sim_pruned pruned = {0};
    const struct sim_prune bounds = {.keep = 2};
    bool fine =
        sim_store_open(path, &store, &error) && sim_catalog_prune(store, &bounds, &pruned, &error);
    sim_pruned_finish(&pruned);
    sim_store_close(store);
    return fine;
}

static void copy_file(const char *from, const char *to)
{
    char bytes[65536];
    size_t count;
    FILE *input = fopen(from, "r");
    FILE *output = fopen(to, "w");
    cr_assert(input != NULL && output != NULL);
    while ((count = fread(bytes, 1, sizeof bytes, input)) > 0) {
        fwrite(bytes, 1, count, output);
    }
    cr_assert(fclose(input) == 0 && fclose(output) == 0);
}

static void write_four_runs(const char *path, const struct fixture *fixture)
{
    remove_store(path);
    for (int run = 0; run < 4; run++) {
        struct sim_store *store = open_store(path);
        write_run(store, fixture);
        sim_store_close(store);
    }
}

Test(store_failure, killed_at_any_operation_of_pruning_all_runs_are_there_or_those_that_stay)
{
    struct fixture fixture;
    fixture_init(&fixture);
    const char *path = scratch_path("runs.db");
    const char *saved = scratch_path("saved.db");
    failing_vfs_install();
    failing_vfs_plan(FAILURE_NONE, 0);
    write_four_runs(path, &fixture);
    copy_file(path, saved);
    failing_vfs_plan(FAILURE_NONE, 0);
    cr_assert(prune_runs(path));
    int operations = failing_vfs_operations();
    cr_assert(operations > 20, "only %d operations", operations);
    int pruned = 0;
    for (int at = 1; at <= operations; at++) {
        remove_store(path);
        copy_file(saved, path);
        pid_t child = fork();
        if (child == 0) {
            failing_vfs_plan(FAILURE_KILL, at);
            prune_runs(path);
            _exit(0);
        }
        int status = 0;
        cr_assert(waitpid(child, &status, 0) == child);
        cr_assert(WIFSIGNALED(status), "operation %d", at);
        failing_vfs_plan(FAILURE_NONE, 0);
        struct sim_store *store = NULL;
        struct sim_catalog catalog;
        struct sim_error error = {0};
        cr_assert(sim_store_open_to_read(path, &store, &error), "%s", error.text);
        cr_assert(sim_catalog_read(store, &catalog, &error), "%s", error.text);
        cr_assert(catalog.count == 4 || catalog.count == 2, "operation %d: %u runs", at,
                  catalog.count);
        cr_assert(catalog.runs[catalog.count - 1].run_id == 4);
        pruned += catalog.count == 2;
        count_runs(path, store);
        sim_catalog_finish(&catalog);
        sim_store_close(store);
        cr_assert(at % 8 != 0 || prune_runs(path), "operation %d", at);
    }
    cr_assert(pruned > 0 && pruned < operations);
}
