// SPDX-License-Identifier: GPL-3.0-or-later
// The schema is a contract, so it says what it means: every column has a comment.
#include <criterion/criterion.h>
#include <ctype.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "handle.h"

TestSuite(store_schema, .init = scratch_make, .fini = scratch_remove);

#define COMMENT_WORDS_MIN 2

static int count_words(const char *text, const char *end)
{
    int words = 0;
    for (const char *byte = text; byte < end; byte++) {
        words +=
            !isspace((unsigned char)*byte) && (byte == text || isspace((unsigned char)byte[-1]));
    }
    return words;
}

// Words in the comment on the line that declares `column`, 0 where there is no such line.
static int comment_words(const char *table, const char *column)
{
    size_t length = strlen(column);
    for (const char *line = table; line != NULL; line = strchr(line, '\n')) {
        line += strspn(line, " \n");
        if (strncmp(line, column, length) == 0 && line[length] == ' ') {
            const char *end = line + strcspn(line, "\n");
            const char *comment = strstr(line, "-- ");
            return comment == NULL || comment > end ? 0 : count_words(comment + 3, end);
        }
    }
    return 0;
}

Test(store_schema, every_column_has_a_comment)
{
    struct sim_store *store = open_store(scratch_path("runs.db"));
    sqlite3_stmt *columns = NULL;
    cr_assert(sqlite3_prepare_v2(store->database,
                                 "SELECT t.name, c.name, t.sql FROM sqlite_schema AS t,"
                                 " pragma_table_info(t.name) AS c WHERE t.type = 'table'",
                                 -1, &columns, NULL) == SQLITE_OK);
    int count = 0;
    for (; sqlite3_step(columns) == SQLITE_ROW; count++) {
        const char *table = (const char *)sqlite3_column_text(columns, 0);
        const char *column = (const char *)sqlite3_column_text(columns, 1);
        const char *declaration = (const char *)sqlite3_column_text(columns, 2);
        cr_expect(comment_words(declaration, column) >= COMMENT_WORDS_MIN,
                  "%s.%s: say what it means and in which unit", table, column);
    }
    sqlite3_finalize(columns);
    cr_assert(count > 80, "only %d columns found", count);
    sim_store_close(store);
}

Test(store_schema, results_are_integers_and_texts)
{
    const char *path = scratch_path("runs.db");
    sim_store_close(open_store(path));
    expect_rows(path,
                "SELECT t.name, c.name, c.type FROM sqlite_schema AS t,"
                " pragma_table_info(t.name) AS c"
                " WHERE t.type = 'table' AND c.type NOT IN ('INTEGER', 'TEXT')"
                " AND t.name <> 'latency_tables'",  // what runs are made of, not a result
                "");
    expect_rows(path,
                "SELECT name FROM pragma_table_list WHERE schema = 'main' AND strict = 0"
                " AND name NOT LIKE 'sqlite_%'",
                "");
}

Test(store_schema, file_is_marked_with_our_id_and_version)
{
    const char *path = scratch_path("runs.db");
    sim_store_close(open_store(path));
    char expected[64];
    snprintf(expected, sizeof expected, "%d|%d\n", SIM_STORE_APPLICATION_ID, SIM_STORE_VERSION);
    expect_rows(path,
                "SELECT application_id, user_version FROM pragma_application_id,"
                " pragma_user_version",
                expected);
}
