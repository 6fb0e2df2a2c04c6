// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"

static char scratch[128];

void scratch_make(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(scratch, sizeof scratch, "%s/meshsim-report-XXXXXX", base == NULL ? "/tmp" : base);
    cr_assert_not_null(mkdtemp(scratch), "cannot make a directory for the test's files");
}

static int remove_entry(const char *path, const struct stat *facts, int type, struct FTW *place)
{
    (void)facts;
    (void)type;
    (void)place;
    return remove(path);
}

void scratch_remove(void)
{
    nftw(scratch, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_path(const char *name)
{
    static char paths[64][sizeof scratch + 256];
    static unsigned next;
    char *path = paths[next++ % 64];
    snprintf(path, sizeof paths[0], "%s/%s", scratch, name);
    return path;
}

char *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s is not there", path);
    fseek(file, 0, SEEK_END);
    *length = (size_t)ftell(file);
    rewind(file);
    char *bytes = calloc(1, *length + 1);
    cr_assert(fread(bytes, 1, *length, file) == *length);
    fclose(file);
    return bytes;
}

bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

// ---- Stores ----

void execute(const char *path, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *command = sqlite3_vmprintf(format, arguments);  // %Q quotes a text
    va_end(arguments);
    sqlite3 *database = NULL;
    char *message = NULL;
    cr_assert(sqlite3_open(path, &database) == SQLITE_OK);
    sqlite3_exec(database, command, NULL, NULL, &message);
    cr_assert_null(message, "%s: %s", command, message);
    sqlite3_free(command);
    sqlite3_close(database);
}

void make_store(const char *path)
{
    size_t length;
    char *schema = read_file(SCHEMA_FILE, &length);
    sqlite3 *database = NULL;
    char *message = NULL;
    cr_assert(sqlite3_open(path, &database) == SQLITE_OK);
    sqlite3_exec(database, schema, NULL, NULL, &message);
    cr_assert_null(message, "%s: %s", SCHEMA_FILE, message);
    sqlite3_close(database);
    free(schema);
}

static const char *text_or(const char *text, const char *otherwise)
{
    return text == NULL ? otherwise : text;
}

void add_run(const char *path, const struct made_run *run)
{
    sqlite3 *database = NULL;
    char *command = sqlite3_mprintf(
        "INSERT INTO runs (run_id, command_id, status, engine_version, scenario, cell, matrix_row,"
        " topology, agents, mode, schedule, fanout, interval_ns, threshold_ppb, loss_ppb,"
        " duplicate_ppb, duration_ns, seed, repeat, fingerprint) VALUES (%d, %d, %Q, '0.1.0', %Q, "
        "%Q,"
        " %d, %Q, %d, %Q, 'phased', 5, 100000000, 950000000, 0, 0, 0, 42, %d, 1)",
        run->id, run->command_id, text_or(run->status, "complete"), text_or(run->scenario, "flat"),
        text_or(run->cell, ""), run->matrix_row == 0 ? 1 : run->matrix_row,
        text_or(run->topology, "flat_mesh"), run->agents, run->mode, run->repeat);
    char *message = NULL;
    cr_assert(sqlite3_open(path, &database) == SQLITE_OK);
    sqlite3_exec(database, command, NULL, NULL, &message);
    cr_assert_null(message, "%s: %s", command, message);
    sqlite3_free(command);
    sqlite3_close(database);
}

void add_repetition(const char *path, int run_id, int repetition, bool interrupted, int agents)
{
    execute(
        path,
        "INSERT INTO repetitions (run_id, repetition, seed, interrupted, fingerprint, simulated_ns,"
        " interval_ns, agents, events, unwritten, lagging)"
        " VALUES (%d, %d, 42, %d, 1, 1000, 100000000, %d, 1, 0, 0);"
        "INSERT INTO updates (run_id, repetition, origin, sequence, written_ns, measured, cohort,"
        " held, last_receipt_ns, gone) VALUES (%d, %d, 0, 1, 0, 1, %d, 1, 0, 0)",
        run_id, repetition, interrupted, agents, run_id, repetition, agents);
}

void add_curve(const char *path, int run_id, int repetition, long step_ns, int pairs,
               const int *held, int count)
{
    add_class_curve(path, run_id, repetition, "mesh", step_ns, pairs, held, count);
}

void add_class_curve(const char *path, int run_id, int repetition, const char *scope_class,
                     long step_ns, int pairs, const int *held, int count)
{
    for (int index = 0; index < count; index++) {
        execute(path,
                "INSERT INTO curves (run_id, repetition, scope_class, after_ns, held, pairs)"
                " VALUES (%d, %d, %Q, %ld, %d, %d)",
                run_id, repetition, scope_class, (index + 1) * step_ns, held[index], pairs);
    }
}

void add_traffic(const char *path, int run_id, int repetition, const char *kind,
                 const char *pair_class, long bytes, long transport_bytes)
{
    execute(path,
            "INSERT INTO traffic (run_id, repetition, message_kind, pair_class, messages, bytes,"
            " transport_bytes, updates, duplicated, lost, dropped, corrupted, delivered,"
            " saved_bytes, digest_bytes, idle, idle_bytes, handshakes, resumed, handshake_bytes,"
            " cut, dead, refused, altered) VALUES (%d, %d, %Q, %Q, 10, %ld, %ld, 1, 0, 2, 0, 0, 8, "
            "0, 0,"
            " 0, 0, 0, 0, 0, 0, 0, 0, 0)",
            run_id, repetition, kind, pair_class, bytes, transport_bytes);
}

void add_percentiles(const char *path, int run_id, long p50_ns, long p95_ns)
{
    execute(path,
            "INSERT INTO metrics (run_id, metric, statistic, unit, value)"
            " VALUES (%d, 'convergence', 'p50', 'ns', %ld),"
            " (%d, 'convergence', 'p95', 'ns', %ld)",
            run_id, p50_ns, run_id, p95_ns);
}

void add_claim(const char *path, int run_id, int ordinal, const char *claim, const char *section,
               long target_ns, const char *verdict)
{
    execute(path,
            "INSERT INTO verdicts (run_id, ordinal, claim_id, claim, section, metric, statistic,"
            " unit, target_high, measured, low, high, samples, verdict, why)"
            " VALUES (%d, %d, 'id', %Q, %Q, 'convergence', 'p95', 'ns', %ld, 1, 1, 1, 300, %Q, '')",
            run_id, ordinal, claim, section, target_ns, verdict);
}

// ---- The verb ----

static int keep(int descriptor, const char *path)
{
    int kept = dup(descriptor);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    cr_assert(kept >= 0 && file >= 0 && dup2(file, descriptor) >= 0);
    close(file);
    return kept;
}

static void give_back(int descriptor, int kept)
{
    dup2(kept, descriptor);
    close(kept);
}

struct told report(const char *const *arguments)
{
    static char *out;
    static char *err;
    char *vector[16] = {"report"};
    int count = 1;
    for (; arguments[count - 1] != NULL; count++) {
        vector[count] = (char *)arguments[count - 1];
    }
    fflush(NULL);
    int kept_out = keep(STDOUT_FILENO, scratch_path("out.txt"));
    int kept_err = keep(STDERR_FILENO, scratch_path("err.txt"));
    int code = report_main(count, vector);
    fflush(NULL);
    give_back(STDOUT_FILENO, kept_out);
    give_back(STDERR_FILENO, kept_err);
    free(out);
    free(err);
    size_t length;
    out = read_file(scratch_path("out.txt"), &length);
    err = read_file(scratch_path("err.txt"), &length);
    return (struct told){code, out, err};
}
