// SPDX-License-Identifier: GPL-3.0-or-later
// Putting rows into tables, for the files that write them (private to this folder).

#ifndef SIM_STORE_PUTTING_H
#define SIM_STORE_PUTTING_H

#include <assert.h>
#include <string.h>

#include "handle.h"
#include "results.h"

// Rows on their way into one table. After the first failure the rest is skipped, so that the code
// which lists columns need not ask after each.
struct rows {
    struct sim_store *store;
    struct sim_error *error;
    sqlite3_stmt *statement;  // INSERT with a ? per column, in the order of schema.sql
    int column;               // last one bound
    int64_t run_id;
    uint64_t bytes;  // put so far, about
    bool failed;
};

static inline void fail(struct rows *rows)
{
    if (!rows->failed) {
        sim_store_failed(rows->store, "store the run in", "; nothing of the run was stored",
                         rows->error);
    }
    rows->failed = true;
}

// Goes on to the next table. `insert` is NULL after the last.
static inline void begin_table(struct rows *rows, const char *insert)
{
    sqlite3_finalize(rows->statement);
    rows->statement = NULL;
    if (!rows->failed && insert != NULL &&
        sqlite3_prepare_v2(rows->store->database, insert, -1, &rows->statement, NULL) !=
            SQLITE_OK) {
        fail(rows);
    }
}

static inline void put_bits(struct rows *rows, uint64_t bits)
{
    rows->bytes += bits == 0 ? 1 : 2 + (63 - (uint32_t)__builtin_clzll(bits)) / 8;
    if (!rows->failed &&
        sqlite3_bind_int64(rows->statement, ++rows->column, (int64_t)bits) != SQLITE_OK) {
        fail(rows);
    }
}

static inline void put_count(struct rows *rows, uint64_t value)
{
    assert(value <= INT64_MAX);
    put_bits(rows, value);
}

// An unbound column is NULL.
static inline void put_null(struct rows *rows)
{
    rows->column++;
}

static inline void put_value(struct rows *rows, uint64_t value)
{
    if (value == SIM_TIME_NEVER) {
        put_null(rows);
    } else {
        put_count(rows, value);
    }
}

static inline void put_text(struct rows *rows, const char *text)
{
    rows->bytes += 2 + strlen(text);
    if (!rows->failed &&
        sqlite3_bind_text(rows->statement, ++rows->column, text, -1, SQLITE_STATIC) != SQLITE_OK) {
        fail(rows);
    }
}

static inline void begin_row(struct rows *rows)
{
    rows->column = 0;
    put_count(rows, (uint64_t)rows->run_id);
}

static inline void begin_row_of(struct rows *rows, const struct sim_result *result)
{
    begin_row(rows);
    put_count(rows, result->repetition);
}

static inline void end_row(struct rows *rows)
{
    if (rows->failed) {
        return;
    }
    assert(rows->column == sqlite3_bind_parameter_count(rows->statement));
    if (sqlite3_step(rows->statement) != SQLITE_DONE) {
        fail(rows);
        return;
    }
    sqlite3_reset(rows->statement);
    sqlite3_clear_bindings(rows->statement);
}

// write_liars.c What liars did, and what came of it.
void sim_store_put_liars(struct rows *rows, const struct sim_result *result);

#endif
