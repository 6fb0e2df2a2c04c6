// SPDX-License-Identifier: GPL-3.0-or-later
// Stores made by hand from schema.sql, and report_main run with its output kept.

#ifndef TESTS_REPORTS_FIXTURE_H
#define TESTS_REPORTS_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

// An empty directory for the test's files, made on entry and removed with all in it at the end; the
// path of a file in it, which lives as long as the test.
void scratch_make(void);
void scratch_remove(void);
const char *scratch_path(const char *name);

// Creates an empty store, and executes SQL in it. Both fail the test with SQLite's message.
void make_store(const char *path);
// `format` is sqlite3_mprintf's: %Q quotes a text.
void execute(const char *path, const char *format, ...);

// A run with what all its rows need; the tests add what they are about.
struct made_run {
    int id;
    int command_id;
    const char *status;    // NULL: complete
    const char *scenario;  // NULL: flat
    const char *topology;  // NULL: flat_mesh
    const char *cell;      // NULL: none
    const char *mode;
    int agents;
    int repeat;
    int matrix_row;  // 0: 1
};
void add_run(const char *path, const struct made_run *run);

// A repetition with one update, held by one of `agents` at its write.
void add_repetition(const char *path, int run_id, int repetition, bool interrupted, int agents);

// Points of its curve: `held[i]` of `pairs` at (i + 1) * step_ns.
void add_curve(const char *path, int run_id, int repetition, long step_ns, int pairs,
               const int *held, int count);

void add_class_curve(const char *path, int run_id, int repetition, const char *scope_class,
                     long step_ns, int pairs, const int *held, int count);

// Bytes of ten messages.
void add_traffic(const char *path, int run_id, int repetition, const char *kind,
                 const char *pair_class, long bytes, long transport_bytes);

void add_percentiles(const char *path, int run_id, long p50_ns, long p95_ns);
void add_claim(const char *path, int run_id, int ordinal, const char *claim, const char *section,
               long target_ns, const char *verdict);

// What `meshsim report` did: the exit code and the two texts, which live until the next call.
struct told {
    int code;
    const char *out;
    const char *err;
};
// `arguments` end with NULL and do not include the verb.
struct told report(const char *const *arguments);

// The bytes of a file and a NUL; fails the test where there is none. The caller frees it.
char *read_file(const char *path, size_t *length);
bool exists(const char *path);

#endif
