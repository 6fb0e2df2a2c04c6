// SPDX-License-Identifier: GPL-3.0-or-later
#include "store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Of sim/store/schema.sql.
#define APPLICATION_ID 1835365224
#define SCHEMA_VERSION_MIN 1
#define SCHEMA_VERSION_MAX 6

#define BUSY_MS 10000

static const char run_columns[] =
    "WITH " REPORT_TABLE_ROWS
    " SELECT run_id, command_id, table_row, agents, fanout, interval_ns, threshold_ppb, loss_ppb,"
    " duplicate_ppb, duration_ns, repeat, seed, status = 'interrupted', engine_version, scenario,"
    " cell, topology, mode, schedule,"
    " (SELECT count(*) FROM repetitions AS r WHERE r.run_id = runs.run_id AND interrupted = 0)"
    " FROM runs JOIN table_rows USING (run_id) WHERE ";
static const char run_order[] = " ORDER BY table_row, run_id";

enum {
    RUN_ID,
    COMMAND_ID,
    MATRIX_ROW,
    AGENTS,
    FANOUT,
    INTERVAL,
    THRESHOLD,
    LOSS,
    DUPLICATE,
    DURATION,
    REPEAT,
    SEED,
    INTERRUPTED,
    ENGINE,
    SCENARIO,
    CELL,
    TOPOLOGY,
    MODE,
    SCHEDULE,
    FINISHED
};

static bool failed(const struct report_store *store)
{
    const char *advice = "";
    switch (sqlite3_errcode(store->database)) {
    case SQLITE_CANTOPEN: advice = ": \"meshsim run\" writes one, --db names another"; break;
    case SQLITE_BUSY:
        advice = ": another process is writing to it, try again when that has finished";
        break;
    case SQLITE_NOTADB: advice = ": name a store of meshsim with --db"; break;
    default: break;
    }
    return report_error_set(store->error, REPORT_IO, "cannot read %s: %s%s", store->path,
                            sqlite3_errmsg(store->database), advice);
}

sqlite3_stmt *report_store_prepare(const struct report_store *store, const char *query,
                                   int64_t run_id)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(store->database, query, -1, &statement, NULL) != SQLITE_OK) {
        failed(store);
    } else {
        sqlite3_bind_int64(statement, 1, run_id);  // a query without parameters has no use for it
    }
    return statement;
}

bool report_store_next(const struct report_store *store, sqlite3_stmt *statement)
{
    if (statement == NULL) {
        return false;
    }
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        return true;
    }
    if (code != SQLITE_DONE) {
        failed(store);
    }
    sqlite3_finalize(statement);
    return false;
}

const char *report_store_peek(sqlite3_stmt *statement, int column)
{
    const unsigned char *value = sqlite3_column_text(statement, column);
    return value == NULL ? "" : (const char *)value;
}

void report_store_text(sqlite3_stmt *statement, int column, char text[REPORT_TEXT_BYTES])
{
    snprintf(text, REPORT_TEXT_BYTES, "%s", report_store_peek(statement, column));
}

struct report_percentile report_store_percentile(const struct report_store *store, int64_t run_id,
                                                 const char *metric, const char *statistic)
{
    struct report_percentile percentile = {0};
    sqlite3_stmt *row = report_store_prepare(store,
                                             "SELECT value FROM metrics WHERE run_id = ?1"
                                             " AND metric = ?2 AND unit = 'ns' AND statistic = ?3",
                                             run_id);
    sqlite3_bind_text(row, 2, metric, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 3, statistic, -1, SQLITE_STATIC);
    while (report_store_next(store, row)) {
        percentile.known = true;
        percentile.never = sqlite3_column_type(row, 0) == SQLITE_NULL;
        percentile.ns = sqlite3_column_int64(row, 0);
    }
    return percentile;
}

bool report_same_mesh(const struct report_run *a, const struct report_run *b)
{
    return a->agents == b->agents && strcmp(a->topology, b->topology) == 0;
}

static bool check_identity(struct report_store *store)
{
    sqlite3_stmt *statement =
        report_store_prepare(store,
                             "SELECT application_id, user_version"
                             " FROM pragma_application_id, pragma_user_version",
                             0);
    int64_t application = 0;
    int64_t version = 0;
    while (report_store_next(store, statement)) {
        application = sqlite3_column_int64(statement, 0);
        version = sqlite3_column_int64(statement, 1);
    }
    if (store->error->code == REPORT_OK && application != APPLICATION_ID) {
        report_error_set(store->error, REPORT_IO,
                         "%s is not a store of meshsim: name one with --db", store->path);
    } else if (store->error->code == REPORT_OK &&
               (version < SCHEMA_VERSION_MIN || version > SCHEMA_VERSION_MAX)) {
        report_error_set(store->error, REPORT_IO,
                         "%s is of store version %" PRId64 " and this meshsim reads versions %d to "
                         "%d: use the meshsim that wrote it",
                         store->path, version, SCHEMA_VERSION_MIN, SCHEMA_VERSION_MAX);
    }
    store->version = version;
    return store->error->code == REPORT_OK;
}

// A cell without the settings that are told by columns. A word without '=' belongs to the value of
// the setting before it.
static void keep_rest(char cell[REPORT_TEXT_BYTES])
{
    static const char *const told[] = {"topology=", "agents=", "gossip.mode="};
    char rest[REPORT_TEXT_BYTES] = "";
    size_t used = 0;
    bool skipping = false;
    for (const char *word = cell; *word != '\0';) {
        size_t length = strcspn(word, " ");
        if (memchr(word, '=', length) != NULL) {
            skipping = false;
            for (size_t index = 0; index < sizeof told / sizeof told[0]; index++) {
                skipping |= strncmp(word, told[index], strlen(told[index])) == 0;
            }
        }
        if (!skipping) {
            used += (size_t)snprintf(rest + used, sizeof rest - used, "%s%.*s",
                                     used == 0 ? "" : " ", (int)length, word);
        }
        word += length + strspn(word + length, " ");
    }
    memcpy(cell, rest, sizeof rest);
}

static void read_run(sqlite3_stmt *row, struct report_run *run)
{
    *run = (struct report_run){
        .run_id = sqlite3_column_int64(row, RUN_ID),
        .command_id = sqlite3_column_int64(row, COMMAND_ID),
        .matrix_row = sqlite3_column_int64(row, MATRIX_ROW),
        .agents = sqlite3_column_int64(row, AGENTS),
        .fanout = sqlite3_column_int64(row, FANOUT),
        .interval_ns = sqlite3_column_int64(row, INTERVAL),
        .theta_ppb = sqlite3_column_int64(row, THRESHOLD),
        .loss_ppb = sqlite3_column_int64(row, LOSS),
        .duplicate_ppb = sqlite3_column_int64(row, DUPLICATE),
        .duration_ns = sqlite3_column_int64(row, DURATION),
        .repeat = sqlite3_column_int64(row, REPEAT),
        .finished = sqlite3_column_int64(row, FINISHED),
        .seed = (uint64_t)sqlite3_column_int64(row, SEED),
        .interrupted = sqlite3_column_int(row, INTERRUPTED) != 0,
    };
    report_store_text(row, ENGINE, run->engine);
    report_store_text(row, SCENARIO, run->scenario);
    report_store_text(row, CELL, run->cell);
    keep_rest(run->cell);
    report_store_text(row, TOPOLOGY, run->topology);
    report_store_text(row, MODE, run->mode);
    report_store_text(row, SCHEDULE, run->schedule);
}

static bool choose(struct report_store *store, const struct report_choice *choice)
{
    char query[2048];
    const char *number = choice->run != NULL ? choice->run : choice->command;
    snprintf(query, sizeof query, "%s%s%s", run_columns,
             choice->run != NULL ? "run_id = ?1"
             : choice->command != NULL
                 ? "command_id = (SELECT command_id FROM runs WHERE run_id = ?1)"
                 : "command_id = (SELECT command_id FROM runs ORDER BY run_id DESC LIMIT 1)",
             run_order);
    sqlite3_stmt *statement =
        report_store_prepare(store, query, number == NULL ? 0 : strtoll(number, NULL, 10));
    while (report_store_next(store, statement)) {
        store->runs = report_resize(store->runs, (store->run_count + 1) * sizeof *store->runs);
        read_run(statement, &store->runs[store->run_count++]);
    }
    if (store->run_count > 0) {
        return store->error->code == REPORT_OK;
    }
    return number == NULL
               ? report_error_set(store->error, REPORT_USAGE,
                                  "%s holds no runs yet: \"meshsim run\" adds one", store->path)
               : report_error_set(store->error, REPORT_USAGE, "%s has no run %s", store->path,
                                  number);
}

bool report_store_open(struct report_store *store, const char *path,
                       const struct report_choice *choice, struct report_error *error)
{
    *store = (struct report_store){.path = path, .error = error};
    // Opened for writing, so that SQLite can undo what a killed run left unfinished; a read-only
    // file opens all the same. query_only then keeps us from changing anything.
    if (sqlite3_open_v2(path, &store->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(store->database, BUSY_MS) != SQLITE_OK ||
        sqlite3_exec(store->database, "PRAGMA query_only = ON", NULL, NULL, NULL) != SQLITE_OK) {
        return failed(store);
    }
    return check_identity(store) && choose(store, choice);
}

void report_store_close(struct report_store *store)
{
    sqlite3_close(store->database);
    free(store->runs);
    *store = (struct report_store){0};
}
