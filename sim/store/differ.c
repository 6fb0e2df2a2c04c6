// SPDX-License-Identifier: GPL-3.0-or-later
// Where the results of two runs part: both are read table by table and row by row, in key order.
//
//     traffic   recorded  | 0 open   same_host | 811 messages ...
//               now       | 0 open   same_host | 811 messages ...
//               recorded  | 0 answer same_host | 640 ...          <-- the first that differs:
//               now       | 0 answer same_host | 641 ...              table, key, column, values
#include <inttypes.h>
#include <string.h>

#include "handle.h"
#include "query.h"
#include "words.h"

// Columns are 0: the run, then keys and values.
static bool same_value(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
    int type = sqlite3_column_type(a, column);
    if (type != sqlite3_column_type(b, column)) {
        return false;
    }
    return type == SQLITE_TEXT ? strcmp((const char *)sqlite3_column_text(a, column),
                                        (const char *)sqlite3_column_text(b, column)) == 0
                               : sqlite3_column_int64(a, column) == sqlite3_column_int64(b, column);
}

// The first column from 1 on in which two rows differ, or their number of columns.
static int first_difference(sqlite3_stmt *a, sqlite3_stmt *b)
{
    int count = sqlite3_column_count(a);
    int column = 1;
    while (column < count && same_value(a, b, column)) {
        column++;
    }
    return column;
}

// Keys are what the rows are ordered by.
static bool is_key(const struct sim_result_table *table, const char *column)
{
    const char *at = strstr(table->query, " ORDER BY ");
    size_t length = strlen(column);
    while ((at = strstr(at + 1, column)) != NULL) {
        if (at[-1] == ' ' && (at[length] == ',' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

static void append_value(sqlite3_stmt *row, int column, char *text, size_t capacity)
{
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_TEXT:
        sim_words_append(text, capacity, "%.60s", (const char *)sqlite3_column_text(row, column));
        break;
    case SQLITE_NULL: sim_words_append(text, capacity, "nothing"); break;
    default:
        sim_words_append(text, capacity, "%" PRId64, (int64_t)sqlite3_column_int64(row, column));
    }
}

static void append_key(const struct sim_result_table *table, sqlite3_stmt *row, char *text,
                       size_t capacity)
{
    for (int column = 1; column < sqlite3_column_count(row); column++) {
        const char *name = sqlite3_column_name(row, column);
        if (is_key(table, name)) {
            sim_words_append(text, capacity, "%s%s ", column > 1 ? ", " : "", name);
            append_value(row, column, text, capacity);
        }
    }
}

// `a` or `b` alone: the other table has no more rows.
static void tell(const struct sim_result_table *table, sqlite3_stmt *a, sqlite3_stmt *b, char *text,
                 size_t capacity)
{
    int column = a == NULL || b == NULL ? 0 : first_difference(a, b);
    sim_words_append(text, capacity, "table %s, ", table->name);
    if (column > 0 && !is_key(table, sqlite3_column_name(a, column))) {
        append_key(table, a, text, capacity);
        sim_words_append(text, capacity, ": %s ", sqlite3_column_name(a, column));
        append_value(a, column, text, capacity);
        sim_words_append(text, capacity, " recorded, ");
        append_value(b, column, text, capacity);
        sim_words_append(text, capacity, " now");
        return;
    }
    sim_words_append(text, capacity, "the row ");
    append_key(table, a != NULL ? a : b, text, capacity);
    sim_words_append(text, capacity, a == NULL ? " now, none more recorded" : " recorded, ");
    if (a != NULL && b == NULL) {
        sim_words_append(text, capacity, "none more now");
    } else if (a != NULL) {
        append_key(table, b, text, capacity);
        sim_words_append(text, capacity, " in its place now");
    }
}

bool sim_store_differ(const struct sim_store *recorded, int64_t recorded_id,
                      const struct sim_store *now, int64_t now_id, char *text, size_t capacity,
                      struct sim_error *error)
{
    bool fine = true;
    bool found = false;
    for (uint32_t i = 0; fine && !found && i < SIM_RESULT_TABLES; i++) {
        const struct sim_result_table *table = &sim_result_tables[i];
        struct sim_query a = sim_query_of(recorded, table->query, recorded_id, error);
        struct sim_query b = sim_query_of(now, table->query, now_id, error);
        bool more = true;
        while (more && !found) {
            bool has_a = sim_query_next(&a);
            bool has_b = sim_query_next(&b);
            more = has_a && has_b;
            found = has_a != has_b || (more && first_difference(a.statement, b.statement) <
                                                   sqlite3_column_count(a.statement));
            if (found && !a.failed && !b.failed) {
                tell(table, has_a ? a.statement : NULL, has_b ? b.statement : NULL, text, capacity);
            }
        }
        bool read = sim_query_finish(&a);
        fine = sim_query_finish(&b) && read;
    }
    return fine;
}
