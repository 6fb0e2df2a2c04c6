// SPDX-License-Identifier: GPL-3.0-or-later
#include "program.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMAND_BYTES 4096
#define PORTION 500  // runs at once: the program keeps all of a command's until it has judged them

// SQLite understands JSON, so no parser of our own. ?1 is the line.
static const char line_query[] =
    "SELECT ?1 ->> '$.kind', ?1 ->> '$.residue', ?1 ->> '$.updates_sent_per_node',"
    " ?1 ->> '$.last_receipt_rounds', ?1 ->> '$.convergence_rounds.p50', NULL, NULL, NULL,"
    " ?1 ->> '$.detection_first_ms.p50' / 100.0, ?1 ->> '$.detection_first_ms.p50' / 100.0 - 1,"
    " ?1 ->> '$.false_probes', NULL, ?1 ->> '$.events'";
static const int line_columns[FIGURE_COUNT] = {
    [FIGURE_RESIDUE] = 1,  [FIGURE_TRAFFIC] = 2, [FIGURE_LAST] = 3,    [FIGURE_ROUNDS] = 4,
    [FIGURE_ELEMENTS] = 5, [FIGURE_SPLIT] = 6,   [FIGURE_WON] = 7,     [FIGURE_DETECTION] = 8,
    [FIGURE_WAIT] = 9,     [FIGURE_PROBES] = 10, [FIGURE_FLIGHT] = 11, [FIGURE_EVENTS] = 12};

// In the order of the lines. The store has whole numbers where a line has a mean.
static const char store_query[] =
    "SELECT (SELECT total(updates) FROM traffic AS sent"
    "  WHERE sent.run_id = run.run_id AND sent.repetition = run.repetition),"
    " (SELECT 100.0 * avg(terms > 1) FROM elections AS held"
    "  WHERE held.run_id = run.run_id AND held.repetition = run.repetition),"
    " (SELECT CASE WHEN count(*) = count(won_ns) THEN avg(won_ns) / 1e6 END FROM elections AS held"
    "  WHERE held.run_id = run.run_id AND held.repetition = run.repetition),"
    " (SELECT avg(path_network_ns) / 1e6 FROM updates AS written"
    "  WHERE written.run_id = run.run_id AND written.repetition = run.repetition)"
    " FROM repetitions AS run ORDER BY run_id, repetition";
static const char won_query[] =
    "SELECT won_ns / 1e6 FROM elections ORDER BY won_ns IS NULL, won_ns";

void program_finish(struct program_runs *runs)
{
    for (int figure = 0; figure < FIGURE_COUNT; figure++) {
        free(runs->values[figure]);
    }
    free(runs->won_ms);
    *runs = (struct program_runs){0};
}

static void add_run(struct program_runs *runs, sqlite3_stmt *line)
{
    for (int figure = 0; figure < FIGURE_COUNT; figure++) {
        double **values = &runs->values[figure];
        int column = line_columns[figure];
        if ((runs->count & (runs->count - 1)) == 0) {  // full at each power of 2
            size_t capacity = runs->count == 0 ? 1 : 2 * (size_t)runs->count;
            *values = realloc(*values, capacity * sizeof **values);
            if (*values == NULL) {
                abort();
            }
        }
        (*values)[runs->count] = sqlite3_column_type(line, column) == SQLITE_NULL
                                     ? NAN
                                     : sqlite3_column_double(line, column);
    }
    runs->count++;
}

// false: a line is not what it should be.
static bool read_lines(FILE *output, struct program_runs *runs)
{
    sqlite3 *sqlite = NULL;
    sqlite3_stmt *query = NULL;
    bool good = sqlite3_open(":memory:", &sqlite) == SQLITE_OK &&
                sqlite3_prepare_v2(sqlite, line_query, -1, &query, NULL) == SQLITE_OK;
    char *line = NULL;
    size_t capacity = 0;
    while (good && getline(&line, &capacity, output) > 0) {
        sqlite3_bind_text(query, 1, line, -1, SQLITE_STATIC);
        good = sqlite3_step(query) == SQLITE_ROW;
        const char *kind = good ? (const char *)sqlite3_column_text(query, 0) : NULL;
        if (kind != NULL && strcmp(kind, "run") == 0) {
            add_run(runs, query);
        }
        sqlite3_reset(query);
    }
    free(line);
    sqlite3_finalize(query);
    sqlite3_close(sqlite);
    return good;
}

static double real_in(sqlite3_stmt *row, int column, double fallback)
{
    bool none = sqlite3_column_type(row, column) == SQLITE_NULL;
    return none ? fallback : sqlite3_column_double(row, column);
}

// Of the runs from `first` on.
static bool read_runs(sqlite3 *sqlite, int first, struct program_runs *runs)
{
    sqlite3_stmt *query = NULL;
    int count = first;
    bool good = sqlite3_prepare_v2(sqlite, store_query, -1, &query, NULL) == SQLITE_OK;
    for (; good && sqlite3_step(query) == SQLITE_ROW && count < runs->count; count++) {
        runs->values[FIGURE_ELEMENTS][count] = sqlite3_column_double(query, 0);
        runs->values[FIGURE_SPLIT][count] = real_in(query, 1, NAN);
        runs->values[FIGURE_WON][count] = real_in(query, 2, NAN);
        runs->values[FIGURE_FLIGHT][count] = real_in(query, 3, NAN);
    }
    sqlite3_finalize(query);
    return good && count == runs->count;
}

static bool read_elections(sqlite3 *sqlite, struct program_runs *runs)
{
    sqlite3_stmt *query = NULL;
    bool good = sqlite3_prepare_v2(sqlite, won_query, -1, &query, NULL) == SQLITE_OK;
    while (good && sqlite3_step(query) == SQLITE_ROW) {
        if ((runs->won_count & (runs->won_count - 1)) == 0) {  // full at each power of 2
            size_t capacity = runs->won_count == 0 ? 1 : 2 * (size_t)runs->won_count;
            runs->won_ms = realloc(runs->won_ms, capacity * sizeof *runs->won_ms);
            if (runs->won_ms == NULL) {
                abort();
            }
        }
        runs->won_ms[runs->won_count++] = real_in(query, 0, INFINITY);
    }
    sqlite3_finalize(query);
    return good;
}

// false: the store does not hold the runs that the lines told of.
static bool read_store(const char *store, int first, struct program_runs *runs)
{
    sqlite3 *sqlite = NULL;
    bool good = sqlite3_open(store, &sqlite) == SQLITE_OK && read_runs(sqlite, first, runs) &&
                read_elections(sqlite, runs);
    sqlite3_close(sqlite);
    return good;
}

static bool run_command(const char *command, struct program_runs *runs, char *problem,
                        size_t problem_bytes)
{
    FILE *output = popen(command, "r");
    if (output == NULL) {
        snprintf(problem, problem_bytes, "cannot run %s", command);
        return false;
    }
    bool understood = read_lines(output, runs);
    int status = pclose(output);
    if (!understood || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        snprintf(problem, problem_bytes, "status %d, %d runs%s from %s", status, runs->count,
                 understood ? "" : ", then a line that is no JSON", command);
        return false;
    }
    return true;
}

// The whole number behind a key at the beginning of a line.
static bool read_number(const char *path, const char *key, int *number)
{
    FILE *file = fopen(path, "r");
    char line[COMMAND_BYTES];
    bool found = false;
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        size_t length = strlen(key);
        found = strncmp(line, key, length) == 0;
        *number = found ? (int)strtol(line + length, NULL, 10) : *number;
    }
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

// `count` runs by the seeds from `seed` on.
static bool run_portion(const char *path, int seed, int count, struct program_runs *runs,
                        char *problem, size_t problem_bytes)
{
    char store[] = "/tmp/validation-XXXXXX";
    char command[COMMAND_BYTES];
    int first = runs->count;
    int descriptor = mkstemp(store);
    if (descriptor < 0) {
        snprintf(problem, problem_bytes, "no file can be made in /tmp");
        return false;
    }
    close(descriptor);
    snprintf(command, sizeof command,
             "'%s' run '%s' --json --quiet --db '%s' --seed %d --repeat %d", getenv("MESHSIM"),
             path, store, seed, count);
    bool done = run_command(command, runs, problem, problem_bytes);
    if (done && !(runs->count == first + count && read_store(store, first, runs))) {
        snprintf(problem, problem_bytes, "the store does not have the runs of %s", command);
        done = false;
    }
    unlink(store);
    return done;
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return a < b ? -1 : a > b;
}

bool program_run(const char *scenario, int repeat, struct program_runs *runs, char *problem,
                 size_t problem_bytes)
{
    const char *folder = getenv("MESHSIM_VALIDATION_SCENARIOS");
    char path[COMMAND_BYTES / 2];
    int seed = 0;
    int written = 0;
    *runs = (struct program_runs){0};
    if (getenv("MESHSIM") == NULL || folder == NULL) {
        snprintf(problem, problem_bytes,
                 "MESHSIM or MESHSIM_VALIDATION_SCENARIOS is not set (run this through meson)");
        return false;
    }
    snprintf(path, sizeof path, "%s/%s.yaml", folder, scenario);
    if (!read_number(path, "seed:", &seed) || !read_number(path, "repeat:", &written)) {
        snprintf(problem, problem_bytes, "%s has no seed or no repeat", path);
        return false;
    }
    int total = repeat > 0 ? repeat : written;
    bool done = true;
    while (done && runs->count < total) {
        int left = total - runs->count;
        done = run_portion(path, seed + runs->count, left < PORTION ? left : PORTION, runs, problem,
                           problem_bytes);
    }
    if (!done) {
        program_finish(runs);
    } else if (runs->won_count > 0) {
        qsort(runs->won_ms, (size_t)runs->won_count, sizeof *runs->won_ms, ascending);
    }
    return done;
}

struct estimate program_estimate(const struct program_runs *runs, const struct reference *reference)
{
    const double *values = runs->values[reference->figure];
    if (reference->percent > 0) {
        return estimate_percentile(runs->won_ms, runs->won_count, reference->percent);
    }
    return reference->deviation ? estimate_deviation(values, runs->count)
                                : estimate_mean(values, runs->count);
}
