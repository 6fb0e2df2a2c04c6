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

// SQLite understands JSON, so no parser of our own. ?1 is the line.
static const char line_query[] =
    "SELECT ?1 ->> '$.kind', ?1 ->> '$.residue', ?1 ->> '$.updates_sent_per_node',"
    " ?1 ->> '$.last_receipt_rounds', ?1 ->> '$.convergence_rounds.p50', NULL,"
    " ?1 ->> '$.detection_first_ms.p50' / 100.0, ?1 ->> '$.detection_first_ms.p50' / 100.0 - 1,"
    " ?1 ->> '$.false_probes'";
static const int line_columns[FIGURE_COUNT] = {
    [FIGURE_RESIDUE] = 1,  [FIGURE_TRAFFIC] = 2,   [FIGURE_LAST] = 3, [FIGURE_ROUNDS] = 4,
    [FIGURE_ELEMENTS] = 5, [FIGURE_DETECTION] = 6, [FIGURE_WAIT] = 7, [FIGURE_PROBES] = 8};

// In the order of the lines. The store has whole numbers where a line has a mean.
static const char store_query[] =
    "SELECT (SELECT total(updates) FROM traffic AS sent"
    "  WHERE sent.run_id = run.run_id AND sent.repetition = run.repetition)"
    " FROM repetitions AS run ORDER BY run_id, repetition";

void program_finish(struct program_runs *runs)
{
    for (int figure = 0; figure < FIGURE_COUNT; figure++) {
        free(runs->values[figure]);
    }
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

// false: the store does not hold the runs that the lines told of.
static bool read_store(const char *store, struct program_runs *runs)
{
    sqlite3 *sqlite = NULL;
    sqlite3_stmt *query = NULL;
    int count = 0;
    bool good = sqlite3_open(store, &sqlite) == SQLITE_OK &&
                sqlite3_prepare_v2(sqlite, store_query, -1, &query, NULL) == SQLITE_OK;
    for (; good && sqlite3_step(query) == SQLITE_ROW && count < runs->count; count++) {
        runs->values[FIGURE_ELEMENTS][count] = sqlite3_column_double(query, 0);
    }
    sqlite3_finalize(query);
    sqlite3_close(sqlite);
    return good && count == runs->count;
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
    if (!understood || !WIFEXITED(status) || WEXITSTATUS(status) != 0 || runs->count < 2) {
        snprintf(problem, problem_bytes, "status %d, %d runs%s from %s", status, runs->count,
                 understood ? "" : ", then a line that is no JSON", command);
        return false;
    }
    return true;
}

bool program_run(const char *scenario, int repeat, struct program_runs *runs, char *problem,
                 size_t problem_bytes)
{
    *runs = (struct program_runs){0};
    const char *program = getenv("MESHSIM");
    const char *folder = getenv("MESHSIM_VALIDATION_SCENARIOS");
    char store[] = "/tmp/validation-XXXXXX";
    int descriptor = mkstemp(store);
    if (program == NULL || folder == NULL || descriptor < 0) {
        snprintf(problem, problem_bytes,
                 "MESHSIM or MESHSIM_VALIDATION_SCENARIOS is not set (run this through meson), or "
                 "no file can be made in /tmp");
        return false;
    }
    close(descriptor);
    char option[32] = "";
    if (repeat > 0) {
        snprintf(option, sizeof option, " --repeat %d", repeat);
    }
    char command[COMMAND_BYTES];
    snprintf(command, sizeof command, "'%s' run '%s/%s.yaml' --json --quiet --db '%s'%s", program,
             folder, scenario, store, option);
    bool done = run_command(command, runs, problem, problem_bytes);
    if (done && !read_store(store, runs)) {
        snprintf(problem, problem_bytes, "the store of %s does not have its runs", scenario);
        done = false;
    }
    unlink(store);
    if (!done) {
        program_finish(runs);
    }
    return done;
}

struct estimate program_estimate(const struct program_runs *runs, const struct reference *reference)
{
    const double *values = runs->values[reference->figure];
    return reference->deviation ? estimate_deviation(values, runs->count)
                                : estimate_mean(values, runs->count);
}
