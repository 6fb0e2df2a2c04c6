// SPDX-License-Identifier: GPL-3.0-or-later
#include "program.h"

#include <criterion/criterion.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMAND_BYTES 4096

// ---- Running it ----

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    cr_assert(value, "%s is not set: run this test through meson", name);
    return value;
}

static void write_command(char command[COMMAND_BYTES], const char *topology,
                          const struct naive_config *config, int run_count, const char *store)
{
    int length = snprintf(
        command, COMMAND_BYTES,
        "'%s' run '%s/%s' --agents %d --seed %llu --repeat %d --json --quiet --db '%s'"
        " --set gossip.mode=%s --set network.loss_percent=%g --set network.duplicate_percent=%g"
        " --set workload.updates=%d --set workload.first_write_ms=%g --set workload.every_ms=%g"
        " --set duration_ms=%g",
        environment("MESHSIM"), environment("MESHSIM_TOPOLOGIES"), topology, config->agents,
        (unsigned long long)config->seed, run_count, store, naive_mode_name(config->mode),
        100 * config->loss, 100 * config->duplication, config->updates, config->first_write_ms,
        config->every_ms, config->duration_ms);
    cr_assert(length < COMMAND_BYTES);
}

static sqlite3_stmt *query(sqlite3 *sqlite, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    cr_assert_eq(sqlite3_prepare_v2(sqlite, sql, -1, &statement, NULL), SQLITE_OK, "%s",
                 sqlite3_errmsg(sqlite));
    return statement;
}

// ---- Reading what it printed. SQLite understands JSON, so no parser of our own ----

// The value of an SQL expression in which ?1 is the line.
static double json_number(sqlite3 *sqlite, const char *line, const char *expression)
{
    char sql[256];
    snprintf(sql, sizeof sql, "SELECT %s", expression);
    sqlite3_stmt *statement = query(sqlite, sql);
    sqlite3_bind_text(statement, 1, line, -1, SQLITE_STATIC);
    cr_assert_eq(sqlite3_step(statement), SQLITE_ROW, "%s: %s", sqlite3_errmsg(sqlite), line);
    cr_assert_neq(sqlite3_column_type(statement, 0), SQLITE_NULL, "no %s in %s", expression, line);
    double number = sqlite3_column_double(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

struct printed {
    int runs;
    int scenarios;
    struct program_figures figures;
};

static void read_printed(FILE *output, struct printed *printed)
{
    sqlite3 *sqlite = NULL;
    cr_assert_eq(sqlite3_open(":memory:", &sqlite), SQLITE_OK);
    struct program_figures *figures = &printed->figures;
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, output) > 0) {
        printed->runs += json_number(sqlite, line, "?1 ->> '$.kind' = 'run'") > 0;
        if (json_number(sqlite, line, "?1 ->> '$.kind' = 'scenario'") > 0) {
            printed->scenarios++;
            figures->p50_ms = json_number(sqlite, line, "?1 ->> '$.convergence_ms.p50'");
            figures->p95_ms = json_number(sqlite, line, "?1 ->> '$.convergence_ms.p95'");
            figures->messages_mean = json_number(sqlite, line, "?1 ->> '$.messages.mean'");
            figures->updates_sent_per_node_mean =
                json_number(sqlite, line, "?1 ->> '$.updates_sent_per_node.mean'");
        }
    }
    free(line);
    sqlite3_close(sqlite);
}

// ---- Reading what it stored ----

// Moves to the next row, which begins with its repetition, or ends the query.
static bool next_row(sqlite3_stmt *statement, int run_count, struct naive_result *results,
                     struct naive_result **result)
{
    int code = sqlite3_step(statement);
    cr_assert(code == SQLITE_ROW || code == SQLITE_DONE, "%s",
              sqlite3_errmsg(sqlite3_db_handle(statement)));
    if (code == SQLITE_DONE) {
        sqlite3_finalize(statement);
        return false;
    }
    int repetition = sqlite3_column_int(statement, 0);
    cr_assert(repetition >= 0 && repetition < run_count, "repetition %d", repetition);
    *result = &results[repetition];
    return true;
}

static double column_ms(sqlite3_stmt *statement, int column)
{
    return sqlite3_column_type(statement, column) == SQLITE_NULL
               ? INFINITY
               : (double)sqlite3_column_int64(statement, column) / 1e6;
}

static void read_updates(sqlite3 *sqlite, const struct naive_config *config, int run_count,
                         struct naive_result *results)
{
    struct naive_result *result;
    sqlite3_stmt *rows = query(
        sqlite, "SELECT repetition, theta_ns, all_ns, held,"
                " row_number() OVER (PARTITION BY repetition ORDER BY written_ns) - 1, written_ns"
                " FROM updates ORDER BY repetition, written_ns");
    int count = 0;
    while (next_row(rows, run_count, results, &result)) {
        int update = sqlite3_column_int(rows, 4);
        cr_assert(update < config->updates, "more than %d updates", config->updates);
        double written_ms = config->first_write_ms + update * config->every_ms;
        cr_assert_float_eq(column_ms(rows, 5), written_ms, 1e-6, "update %d was written at %f ms",
                           update, column_ms(rows, 5));
        result->theta_ms[update] = column_ms(rows, 1);
        result->all_ms[update] = column_ms(rows, 2);
        result->held[update] = sqlite3_column_int(rows, 3);
        count++;
    }
    cr_assert_eq(count, run_count * config->updates, "%d updates in the store", count);
}

// The index of the name in column `column`.
static int named(sqlite3_stmt *row, int column, int count, const char *(*name_of)(int))
{
    const char *name = (const char *)sqlite3_column_text(row, column);
    for (int i = 0; i < count; i++) {
        if (strcmp(name, name_of(i)) == 0) {
            return i;
        }
    }
    cr_assert_fail("traffic of '%s', unknown here", name);
    return 0;
}

static const char *kind_name(int kind)
{
    return naive_kind_name((enum naive_kind)kind);
}

static const char *pair_name(int pair)
{
    return naive_pair_name((enum naive_pair)pair);
}

static void read_traffic(sqlite3 *sqlite, int run_count, struct naive_result *results)
{
    struct naive_result *result;
    sqlite3_stmt *rows = query(
        sqlite, "SELECT repetition, message_kind, pair_class, messages, updates FROM traffic");
    while (next_row(rows, run_count, results, &result)) {
        int kind = named(rows, 1, NAIVE_KIND_COUNT, kind_name);
        int pair = named(rows, 2, NAIVE_PAIR_COUNT, pair_name);
        uint64_t messages = (uint64_t)sqlite3_column_int64(rows, 3);
        result->messages[kind] += messages;
        result->pair_messages[pair] += messages;
        result->updates_sent[kind] += (uint64_t)sqlite3_column_int64(rows, 4);
    }
}

static void read_ends(sqlite3 *sqlite, const struct naive_config *config, int run_count,
                      struct naive_result *results)
{
    struct naive_result *result;
    sqlite3_stmt *rows = query(sqlite, "SELECT repetition, simulated_ns, agents FROM repetitions");
    int count = 0;
    while (next_row(rows, run_count, results, &result)) {
        result->end_ms = column_ms(rows, 1);
        cr_assert_float_eq(result->end_ms, config->duration_ms, 1e-6, "ended at %f",
                           result->end_ms);
        cr_assert_eq(sqlite3_column_int(rows, 2), config->agents);
        count++;
    }
    cr_assert_eq(count, run_count, "%d repetitions in the store", count);
}

void program_run(const char *topology, const struct naive_config *config, int run_count,
                 struct naive_result *results, struct program_figures *figures)
{
    // A test that fails leaves the store for whoever looks into it.
    char store[] = "/tmp/agreement-XXXXXX";
    int descriptor = mkstemp(store);
    cr_assert(descriptor >= 0, "cannot make a file in /tmp");
    close(descriptor);

    char command[COMMAND_BYTES];
    write_command(command, topology, config, run_count, store);
    FILE *output = popen(command, "r");
    cr_assert(output, "cannot run %s", command);
    struct printed printed = {0};
    read_printed(output, &printed);
    int status = pclose(output);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d of %s", status, command);
    cr_assert(printed.runs == run_count && printed.scenarios == 1,
              "%d lines of kind run, %d of kind scenario from %s", printed.runs, printed.scenarios,
              command);
    *figures = printed.figures;

    memset(results, 0, (size_t)run_count * sizeof *results);
    sqlite3 *sqlite = NULL;
    cr_assert_eq(sqlite3_open_v2(store, &sqlite, SQLITE_OPEN_READONLY, NULL), SQLITE_OK,
                 "no store after %s", command);
    read_ends(sqlite, config, run_count, results);
    read_updates(sqlite, config, run_count, results);
    read_traffic(sqlite, run_count, results);
    sqlite3_close(sqlite);
    unlink(store);
}
