// SPDX-License-Identifier: GPL-3.0-or-later
// Reading rows, with failures remembered: after the first there are no more rows.
//
//     struct sim_query query = sim_query_of(store, "SELECT ... WHERE run_id = ?1", run_id, error);
//     while (sim_query_next(&query)) { ... sim_query_count(&query, 0) ... }
//     fine = sim_query_finish(&query);

#ifndef SIM_QUERY_H
#define SIM_QUERY_H

#include <sqlite3.h>

#include "arena.h"
#include "handle.h"

struct sim_query {
    const struct sim_store *store;
    struct sim_error *error;
    sqlite3_stmt *statement;
    bool failed;
};

struct sim_query sim_query_of(const struct sim_store *store, const char *text, int64_t run_id,
                              struct sim_error *error);
bool sim_query_next(struct sim_query *query);

// False when something failed since sim_query_of.
bool sim_query_finish(struct sim_query *query);

// Of the row's column, from 0. NULL is SIM_TIME_NEVER. A text is valid until the next row.
uint64_t sim_query_count(const struct sim_query *query, int column);
const char *sim_query_text(const struct sim_query *query, int column);
const char *sim_query_copy(const struct sim_query *query, int column, struct sim_arena *arena);

#endif
