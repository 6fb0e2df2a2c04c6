// SPDX-License-Identifier: GPL-3.0-or-later
// A store, opened for reading, and the runs that a report is about.
//
//     meshsim.db --open--> struct report_store --choose--> runs in the order of the verdict table
//                                        \                    row 1 push-pull, row 1 eager, ...
//                                         +--prepare, next--> rows, for whoever draws them
//
// Columns are read by name, so that a store with more of them is read as well.

#ifndef REPORT_STORE_H
#define REPORT_STORE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "failure.h"

#define REPORT_TEXT_BYTES 256

// Repetitions that are shown of run ?1: the finished ones, or where there are none all of them.
#define REPORT_SHOWN_REPETITIONS                                     \
    "shown AS (SELECT repetition FROM repetitions WHERE run_id = ?1" \
    " AND interrupted = (SELECT min(interrupted) FROM repetitions WHERE run_id = ?1))"

// The rows of each command's table of verdicts. A run knows its row among those of its own file;
// where a command ran several files, those of a later one come below those of an earlier.
#define REPORT_TABLE_ROWS                                                             \
    "named AS (SELECT run_id, command_id, matrix_row, (SELECT name FROM sources AS s" \
    " WHERE s.run_id = runs.run_id AND kind IN ('topology', 'scenario')"              \
    " ORDER BY kind = 'scenario' DESC, ordinal DESC LIMIT 1) AS file FROM runs),"     \
    " files AS (SELECT run_id, command_id, matrix_row,"                               \
    " min(run_id) OVER (PARTITION BY command_id, file) AS file_first,"                \
    " min(run_id) OVER (PARTITION BY command_id) AS first FROM named),"               \
    " alone AS (SELECT command_id, max(file_first) = min(first) AS alone FROM files"  \
    " GROUP BY command_id),"                                                          \
    " table_rows AS (SELECT run_id, iif(alone, matrix_row, dense_rank()"              \
    " OVER (PARTITION BY command_id ORDER BY file_first, matrix_row)) AS table_row"   \
    " FROM files JOIN alone USING (command_id))"

// A percentile of a time over updates.
struct report_percentile {
    bool known;  // false: the store has none, as for an interrupted run
    bool never;  // it falls among updates that never came so far
    int64_t ns;  // otherwise
};

struct report_run {
    int64_t run_id;
    int64_t command_id;
    int64_t matrix_row;  // of the command's table of verdicts
    int64_t agents;
    int64_t fanout;
    int64_t interval_ns;
    int64_t theta_ppb;
    int64_t loss_ppb;
    int64_t duplicate_ppb;
    int64_t duration_ns;  // 0: until every update is held by all
    int64_t repeat;       // repetitions asked for
    int64_t finished;     // repetitions that ran to their end
    uint64_t seed;
    bool interrupted;
    char engine[REPORT_TEXT_BYTES];  // version of meshsim
    char scenario[REPORT_TEXT_BYTES];
    char cell[REPORT_TEXT_BYTES];  // of its sweep, what the other columns do not tell
    char topology[REPORT_TEXT_BYTES];
    char mode[REPORT_TEXT_BYTES];
    char schedule[REPORT_TEXT_BYTES];
};

struct report_store {
    sqlite3 *database;
    const char *path;
    struct report_error *error;  // where all that follows reports failures
    struct report_run *runs;     // [run_count] by (matrix_row, run_id)
    size_t run_count;
    int64_t version;  // of its schema
};

// Which runs: one, or all of a command. Both NULL: those of the last command.
struct report_choice {
    const char *run;      // a run's number
    const char *command;  // the number of any run of the command
};

// Opens the store at `path` and reads the runs chosen, at least one. The store is to be closed
// whatever came of it.
bool report_store_open(struct report_store *store, const char *path,
                       const struct report_choice *choice, struct report_error *error);
void report_store_close(struct report_store *store);

// A statement with `run_id` bound to ?1; NULL on failure.
sqlite3_stmt *report_store_prepare(const struct report_store *store, const char *query,
                                   int64_t run_id);

// Advances to the next row. At the end or on failure the statement is finished and false returned;
// the error tells the two apart. No row follows NULL.
bool report_store_next(const struct report_store *store, sqlite3_stmt *statement);

// A percentile of `metric`, as "p95"; NULL names no metric.
struct report_percentile report_store_percentile(const struct report_store *store, int64_t run_id,
                                                 const char *metric, const char *statistic);

// Whether two runs have the same topology and number of agents.
bool report_same_mesh(const struct report_run *a, const struct report_run *b);

// A column of the row, cut to fit; '' for NULL.
void report_store_text(sqlite3_stmt *statement, int column, char text[REPORT_TEXT_BYTES]);

// The same without a copy, until the next row.
const char *report_store_peek(sqlite3_stmt *statement, int column);

#endif
