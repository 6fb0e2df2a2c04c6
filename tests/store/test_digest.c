// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "handle.h"

TestSuite(store_digest, .init = scratch_make, .fini = scratch_remove);

static uint64_t digest_of(struct sim_store *store, int64_t run_id)
{
    uint64_t digest = 0;
    struct sim_error error = {0};
    cr_assert(sim_store_digest(store, run_id, &digest, &error), "%s", error.text);
    return digest;
}

static void execute(struct sim_store *store, const char *command)
{
    char *message = NULL;
    sqlite3_exec(store->database, command, NULL, NULL, &message);
    cr_assert_null(message, "%s: %s", command, message);
}

// Changes one column of the only run, digests, and takes the change back.
static uint64_t digest_with_change(struct sim_store *store, const char *table, const char *column,
                                   bool text)
{
    char command[256];
    // Far enough from all keys that none collides on the way.
    snprintf(command, sizeof command,
             text ? "UPDATE %s SET %s = %s || 'x'" : "UPDATE %s SET %s = ifnull(%s, 0) + 1000000",
             table, column, column);
    execute(store, "SAVEPOINT change");
    execute(store, command);
    uint64_t digest = digest_of(store, 1);
    execute(store, "ROLLBACK TO change; RELEASE change");
    return digest;
}

Test(store_digest, equal_results_have_equal_digests_whatever_their_run_id)
{
    struct fixture fixture;
    fixture_init(&fixture);
    struct sim_store *store = open_store(scratch_path("runs.db"));
    fixture.run.result_count = 1;
    write_run(store, &fixture);
    fixture.run.result_count = 2;
    write_run(store, &fixture);
    fixture.results[0].wall_ns *= 3;  // a slower machine
    fixture.sources[0].name = "/home/someone/mesh.yaml";
    write_run(store, &fixture);
    cr_assert(digest_of(store, 2) == digest_of(store, 3));
    cr_assert(digest_of(store, 2) != digest_of(store, 1));
    sim_store_close(store);
}

Test(store_digest, order_in_which_updates_are_handed_over_does_not_matter)
{
    struct fixture fixture;
    fixture_init(&fixture);
    struct sim_store *store = open_store(scratch_path("runs.db"));
    write_run(store, &fixture);
    struct sim_update_result first = fixture.updates[0][0];
    fixture.updates[0][0] = fixture.updates[0][1];
    fixture.updates[0][1] = first;
    write_run(store, &fixture);
    cr_assert(digest_of(store, 1) == digest_of(store, 2));
    sim_store_close(store);
}

Test(store_digest, every_result_column_counts_and_nothing_else)
{
    struct fixture fixture;
    fixture_init(&fixture);
    struct sim_store *store = open_store(scratch_path("runs.db"));
    write_run(store, &fixture);
    execute(store, "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON");
    uint64_t unchanged = digest_of(store, 1);

    sqlite3_stmt *columns = NULL;
    cr_assert(sqlite3_prepare_v2(store->database,
                                 "SELECT t.name, c.name, c.type = 'TEXT' FROM sqlite_schema AS t,"
                                 " pragma_table_info(t.name) AS c"
                                 " WHERE t.type = 'table' AND c.name <> 'run_id'"
                                 " AND c.type <> 'BLOB'",
                                 -1, &columns, NULL) == SQLITE_OK);
    char names[256][2][64];
    bool text[256];
    int count = 0;
    for (; sqlite3_step(columns) == SQLITE_ROW; count++) {
        cr_assert(count < 256, "too many columns for this test");
        snprintf(names[count][0], 64, "%s", (const char *)sqlite3_column_text(columns, 0));
        snprintf(names[count][1], 64, "%s", (const char *)sqlite3_column_text(columns, 1));
        text[count] = sqlite3_column_int(columns, 2) != 0;
    }
    sqlite3_finalize(columns);
    cr_assert(count > 80, "only %d columns found", count);

    for (int index = 0; index < count; index++) {
        const char *table = names[index][0];
        bool result = strcmp(table, "runs") != 0 && strcmp(table, "sources") != 0 &&
                      strcmp(table, "host_facts") != 0 && strcmp(table, "run_tables") != 0 &&
                      strcmp(table, "latency_tables") != 0 && strcmp(table, "begun") != 0;
        bool changed = digest_with_change(store, table, names[index][1], text[index]) != unchanged;
        cr_assert(changed == result, "%s.%s %s the digest", table, names[index][1],
                  changed ? "changes" : "does not change");
    }
    cr_assert(digest_of(store, 1) == unchanged);
    sim_store_close(store);
}

Test(store_digest, never_differs_from_zero)
{
    struct fixture fixture;
    fixture_init(&fixture);
    struct sim_store *store = open_store(scratch_path("runs.db"));
    write_run(store, &fixture);
    uint64_t never = digest_of(store, 1);
    execute(store, "UPDATE metrics SET value = 0 WHERE value IS NULL");
    cr_assert(digest_of(store, 1) != never);
    sim_store_close(store);
}

Test(store_digest, unknown_run_is_a_usage_error)
{
    struct sim_store *store = open_store(scratch_path("runs.db"));
    uint64_t digest;
    struct sim_error error = {0};
    cr_assert(!sim_store_digest(store, 7, &digest, &error));
    cr_assert(error.code == SIM_ERROR_USAGE);
    cr_assert_not_null(strstr(error.text, "no run 7"), "%s", error.text);
    sim_store_close(store);
}
