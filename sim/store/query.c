// SPDX-License-Identifier: GPL-3.0-or-later
#include "query.h"

#include <string.h>

struct sim_query sim_query_of(const struct sim_store *store, const char *text, int64_t run_id,
                              struct sim_error *error)
{
    struct sim_query query = {.store = store, .error = error};
    if (sqlite3_prepare_v2(store->database, text, -1, &query.statement, NULL) != SQLITE_OK) {
        query.failed = !sim_store_failed(store, "read", "", error);
    } else {
        sqlite3_bind_int64(query.statement, 1, run_id);  // without a parameter of no effect
    }
    return query;
}

bool sim_query_next(struct sim_query *query)
{
    if (query->failed) {
        return false;
    }
    int code = sqlite3_step(query->statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        query->failed = !sim_store_failed(query->store, "read", "", query->error);
    }
    return code == SQLITE_ROW;
}

bool sim_query_finish(struct sim_query *query)
{
    sqlite3_finalize(query->statement);
    query->statement = NULL;
    return !query->failed;
}

uint64_t sim_query_count(const struct sim_query *query, int column)
{
    return sqlite3_column_type(query->statement, column) == SQLITE_NULL
               ? SIM_TIME_NEVER
               : (uint64_t)sqlite3_column_int64(query->statement, column);
}

const char *sim_query_text(const struct sim_query *query, int column)
{
    const unsigned char *text = sqlite3_column_text(query->statement, column);
    return text == NULL ? "" : (const char *)text;
}

const char *sim_query_copy(const struct sim_query *query, int column, struct sim_arena *arena)
{
    const char *text = sim_query_text(query, column);
    return sim_arena_copy(arena, text, strlen(text));
}
