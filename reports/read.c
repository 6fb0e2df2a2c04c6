// SPDX-License-Identifier: GPL-3.0-or-later
#include "read.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Of sim/store/schema.sql.
#define APPLICATION_ID 1835365224
#define SCHEMA_VERSION 2
#define SCHEMA_VERSION_OLDEST 1  // has all that is read here, under the same names

#define BUSY_MS 10000

// Repetitions that a line shows: the finished ones, or where there are none all of them.
#define SHOWN_REPETITIONS                                            \
    "shown AS (SELECT repetition FROM repetitions WHERE run_id = ?1" \
    " AND interrupted = (SELECT min(interrupted) FROM repetitions WHERE run_id = ?1))"

// At the write each writer holds its own update, and nobody else. From then on repetitions add what
// they gained since their last point. Repetitions may have points at different distances: the sums
// are shown where the most distant ones lie, at which all have been brought up to date.
static const char curve_query[] =
    "WITH " SHOWN_REPETITIONS ","
    " mesh AS (SELECT repetition, after_ns, held, pairs FROM curves JOIN shown USING (repetition)"
    "  WHERE run_id = ?1 AND scope_class = 'mesh'),"
    " ends AS (SELECT repetition, max(pairs) AS pairs, min(after_ns) AS step_ns FROM mesh"
    "  GROUP BY repetition),"
    " total AS (SELECT sum(pairs) AS pairs, max(step_ns) AS step_ns FROM ends),"
    " points AS (SELECT repetition, after_ns AS ns, held FROM mesh UNION ALL"
    "  SELECT repetition, 0, count(*) FROM updates JOIN ends USING (repetition)"
    "  WHERE run_id = ?1 AND measured = 1 AND cohort > 0 GROUP BY repetition),"
    " gains AS (SELECT ns, held - lag(held, 1, 0) OVER (PARTITION BY repetition ORDER BY ns) AS "
    "gain"
    "  FROM points),"
    " sums AS (SELECT ns, sum(sum(gain)) OVER (ORDER BY ns) AS held FROM gains GROUP BY ns)"
    " SELECT ns, min(1.0, cast(held AS REAL) / pairs) FROM sums, total WHERE pairs > 0"
    " AND (ns % step_ns = 0 OR ns = (SELECT max(ns) FROM sums)) ORDER BY ns";

static const char percentile_query[] =
    "SELECT value FROM metrics WHERE run_id = ?1 AND metric = 'convergence' AND unit = 'ns'"
    " AND statistic = ?2";

// Several sections of the document may claim the same time; the first that was judged stands for
// all.
static const char target_query[] =
    "WITH times AS (SELECT * FROM verdicts WHERE run_id = ?1 AND metric = 'convergence'"
    "  AND unit = 'ns' AND target_high > 0 AND verdict <> 'UNMEASURED')"
    " SELECT target_high, claim, section, verdict FROM times"
    " WHERE ordinal IN (SELECT min(ordinal) FROM times GROUP BY target_high)"
    " ORDER BY target_high LIMIT ?2";

static const char run_columns[] =
    "SELECT run_id, topology, agents, mode, scenario, cell, seed, repeat, threshold_ppb,"
    " status = 'interrupted',"
    " (SELECT count(*) FROM repetitions AS r WHERE r.run_id = runs.run_id AND interrupted = 0)"
    " FROM runs WHERE ";
static const char run_order[] = " ORDER BY topology, agents, run_id";

enum {
    RUN_ID,
    TOPOLOGY,
    AGENTS,
    MODE,
    SCENARIO,
    CELL,
    SEED,
    REPEAT,
    THRESHOLD,
    INTERRUPTED,
    FINISHED
};

struct reader {
    sqlite3 *database;
    const char *path;
    struct report_error *error;
};

static bool failed(const struct reader *reader)
{
    const char *advice = "";
    switch (sqlite3_errcode(reader->database)) {
    case SQLITE_CANTOPEN: advice = ": \"meshsim run\" writes one, --db names another"; break;
    case SQLITE_BUSY:
        advice = ": another process is writing to it, try again when that has finished";
        break;
    case SQLITE_NOTADB: advice = ": name a store of meshsim with --db"; break;
    default: break;
    }
    return report_error_set(reader->error, REPORT_IO, "cannot read %s: %s%s", reader->path,
                            sqlite3_errmsg(reader->database), advice);
}

static sqlite3_stmt *prepare(const struct reader *reader, const char *query)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(reader->database, query, -1, &statement, NULL) != SQLITE_OK) {
        failed(reader);
    }
    return statement;
}

// Advances to the next row. At the end or on failure the statement is finished and false returned;
// the error tells the two apart.
static bool next_row(const struct reader *reader, sqlite3_stmt *statement)
{
    if (statement == NULL) {
        return false;
    }
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        return true;
    }
    if (code != SQLITE_DONE) {
        failed(reader);
    }
    sqlite3_finalize(statement);
    return false;
}

static void copy_text(char text[REPORT_TEXT_BYTES], sqlite3_stmt *statement, int column)
{
    const unsigned char *value = sqlite3_column_text(statement, column);
    snprintf(text, REPORT_TEXT_BYTES, "%s", value == NULL ? "" : (const char *)value);
}

static bool check_identity(const struct reader *reader)
{
    sqlite3_stmt *statement = prepare(reader, "SELECT application_id, user_version"
                                              " FROM pragma_application_id, pragma_user_version");
    int64_t application = 0;
    int64_t version = 0;
    while (next_row(reader, statement)) {
        application = sqlite3_column_int64(statement, 0);
        version = sqlite3_column_int64(statement, 1);
    }
    if (reader->error->code == REPORT_OK && application != APPLICATION_ID) {
        report_error_set(reader->error, REPORT_IO,
                         "%s is not a store of meshsim: name one with --db", reader->path);
    } else if (reader->error->code == REPORT_OK &&
               (version < SCHEMA_VERSION_OLDEST || version > SCHEMA_VERSION)) {
        report_error_set(reader->error, REPORT_IO,
                         "%s is of store version %" PRId64 " and this meshsim reads version %d: "
                         "use the meshsim that wrote it",
                         reader->path, version, SCHEMA_VERSION);
    }
    return reader->error->code == REPORT_OK;
}

static void read_points(const struct reader *reader, struct report_line *line)
{
    size_t capacity = 0;
    sqlite3_stmt *statement = prepare(reader, curve_query);
    sqlite3_bind_int64(statement, 1, line->run_id);
    while (next_row(reader, statement)) {
        if (line->point_count == capacity) {
            capacity = capacity == 0 ? 256 : 2 * capacity;
            line->points = report_resize(line->points, capacity * sizeof *line->points);
        }
        line->points[line->point_count++] = (struct report_point){
            .ns = sqlite3_column_int64(statement, 0),
            .share = sqlite3_column_double(statement, 1),
        };
    }
}

static struct report_percentile read_percentile(const struct reader *reader, int64_t run_id,
                                                const char *statistic)
{
    struct report_percentile percentile = {0};
    sqlite3_stmt *statement = prepare(reader, percentile_query);
    sqlite3_bind_int64(statement, 1, run_id);
    sqlite3_bind_text(statement, 2, statistic, -1, SQLITE_STATIC);
    while (next_row(reader, statement)) {
        percentile.known = true;
        percentile.never = sqlite3_column_type(statement, 0) == SQLITE_NULL;
        percentile.ns = sqlite3_column_int64(statement, 0);
    }
    return percentile;
}

static void read_targets(const struct reader *reader, struct report_line *line)
{
    sqlite3_stmt *statement = prepare(reader, target_query);
    sqlite3_bind_int64(statement, 1, line->run_id);
    sqlite3_bind_int(statement, 2, REPORT_TARGETS_MAX);
    while (next_row(reader, statement)) {
        struct report_target *target = &line->targets[line->target_count++];
        target->ns = sqlite3_column_int64(statement, 0);
        copy_text(target->claim, statement, 1);
        copy_text(target->section, statement, 2);
        copy_text(target->verdict, statement, 3);
    }
}

static void read_line(const struct reader *reader, sqlite3_stmt *run, struct report_line *line)
{
    *line = (struct report_line){
        .run_id = sqlite3_column_int64(run, RUN_ID),
        .seed = (uint64_t)sqlite3_column_int64(run, SEED),
        .repeat = sqlite3_column_int64(run, REPEAT),
        .finished = sqlite3_column_int64(run, FINISHED),
        .theta_ppb = sqlite3_column_int64(run, THRESHOLD),
        .interrupted = sqlite3_column_int(run, INTERRUPTED) != 0,
    };
    copy_text(line->scenario, run, SCENARIO);
    copy_text(line->cell, run, CELL);
    copy_text(line->mode, run, MODE);
    line->p50 = read_percentile(reader, line->run_id, "p50");
    line->p95 = read_percentile(reader, line->run_id, "p95");
    read_targets(reader, line);
    read_points(reader, line);
}

// The runs asked for, those on the same mesh one after the other.
static sqlite3_stmt *select_runs(const struct reader *reader, const char *run)
{
    char query[1024];
    bool latest = strcmp(run, "latest") == 0;
    snprintf(query, sizeof query, "%s%s%s", run_columns,
             latest ? "command_id = (SELECT command_id FROM runs ORDER BY run_id DESC LIMIT 1)"
                    : "run_id = ?1",
             run_order);
    sqlite3_stmt *statement = prepare(reader, query);
    if (statement != NULL && !latest) {
        sqlite3_bind_int64(statement, 1, strtoll(run, NULL, 10));
    }
    return statement;
}

// The picture that the run belongs into, which is the last or a new one.
static struct report_picture *picture_of(struct report_picture **pictures, size_t *count,
                                         sqlite3_stmt *run)
{
    const char *topology = (const char *)sqlite3_column_text(run, TOPOLOGY);
    int64_t agents = sqlite3_column_int64(run, AGENTS);
    struct report_picture *last = *count == 0 ? NULL : &(*pictures)[*count - 1];
    bool same = last != NULL && last->agents == agents && strcmp(last->topology, topology) == 0;
    if (same && last->line_count < REPORT_LINES_MAX) {
        return last;
    }
    uint32_t part = !same ? 0 : last->part == 0 ? 2 : last->part + 1;
    *pictures = report_resize(*pictures, (*count + 1) * sizeof **pictures);
    struct report_picture *added = &(*pictures)[(*count)++];
    *added = (struct report_picture){.agents = agents, .part = part};
    copy_text(added->topology, run, TOPOLOGY);
    return added;
}

static void read_runs(const struct reader *reader, const char *run,
                      struct report_picture **pictures, size_t *count, size_t *skipped)
{
    size_t found = 0;
    sqlite3_stmt *statement = select_runs(reader, run);
    while (next_row(reader, statement)) {
        found++;
        struct report_line line;
        read_line(reader, statement, &line);
        if (line.point_count < 2) {
            free(line.points);
            (*skipped)++;
            continue;
        }
        struct report_picture *picture = picture_of(pictures, count, statement);
        picture->lines[picture->line_count++] = line;
    }
    if (reader->error->code == REPORT_OK && *count == 0) {
        if (found > 0) {
            report_error_set(reader->error, REPORT_USAGE,
                             "no update was measured in the %zu runs asked for: run them longer",
                             found);
        } else if (strcmp(run, "latest") == 0) {
            report_error_set(reader->error, REPORT_USAGE,
                             "%s holds no runs yet: \"meshsim run\" adds one", reader->path);
        } else {
            report_error_set(reader->error, REPORT_USAGE, "%s has no run %s", reader->path, run);
        }
    }
}

bool report_read(const char *path, const char *run, struct report_picture **pictures, size_t *count,
                 size_t *skipped, struct report_error *error)
{
    *pictures = NULL;
    *count = 0;
    *skipped = 0;
    struct reader reader = {.path = path, .error = error};
    // Opened for writing, so that SQLite can undo what a killed run left unfinished; a read-only
    // file opens all the same. query_only then keeps us from changing anything.
    if (sqlite3_open_v2(path, &reader.database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(reader.database, BUSY_MS) != SQLITE_OK ||
        sqlite3_exec(reader.database, "PRAGMA query_only = ON", NULL, NULL, NULL) != SQLITE_OK) {
        failed(&reader);
    } else if (check_identity(&reader)) {
        read_runs(&reader, run, pictures, count, skipped);
    }
    sqlite3_close(reader.database);
    if (error->code != REPORT_OK) {
        report_pictures_destroy(*pictures, *count);
        *pictures = NULL;
        *count = 0;
    }
    return error->code == REPORT_OK;
}

void report_pictures_destroy(struct report_picture *pictures, size_t count)
{
    for (size_t index = 0; index < count; index++) {
        for (uint32_t line = 0; line < pictures[index].line_count; line++) {
            free(pictures[index].lines[line].points);
        }
    }
    free(pictures);
}
