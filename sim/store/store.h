// SPDX-License-Identifier: GPL-3.0-or-later
// The store: one SQLite file in which runs are kept, whole or not at all.
//
//     sim_store_open ---> sim_store_write_run, once per run ---> sim_store_close
//                          |
//                          BEGIN
//                            runs, sources, repetitions, updates, traffic, curves, ...
//                            metrics, verdicts, expectations, host_facts
//                          COMMIT   <- killed, or disk full, before here: nothing is there
//
// A run is one cell of one scenario with all its repetitions. It reaches the file when it has
// ended, in one transaction; a run that the user interrupted is written with what it has and marked
// so. schema.sql is the contract with whoever reads the file, and says what every column means.
//
// The journal is SQLite's rollback journal, not a write-ahead log: there is one short transaction
// per run, and between runs the store is a single file that can be copied, mailed, kept on a
// network drive and read where it is read-only. Commits are synchronised to the disk in full, since
// a run may have taken an hour and its commit takes milliseconds.

#ifndef SIM_STORE_H
#define SIM_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "results.h"
#include "scenario.h"

#define SIM_STORE_PATH "meshsim.db"          // the default of --db, in the current directory
#define SIM_STORE_APPLICATION_ID 1835365224  // "mesh", big endian; marks the file as ours
#define SIM_STORE_VERSION 6                  // of schema.sql
#define SIM_RESULT_TABLES 25
#define SIM_STORE_BUSY_MS 10000  // how long to wait for another process to let go

struct sim_store;

// A file the run was read from, or an option that changed it.
struct sim_store_source {
    const char *kind;  // "topology", "scenario", "data" or "option"
    const char *name;  // path as the user gave it, or "--set", "--agents", ...
    const char *text;  // the file's whole text, or the option's argument
};

// Values are in `unit`: "ns", "bytes", "bytes/s", "count", or "ppb" for billionths of a share or
// copy (summary.h, stored_unit). SIM_TIME_NEVER is later than every other value and NULL in the
// file, as is what does not exist; all others are below 2^63.

struct sim_store_metric {
    const char *metric;     // stored_name; "convergence" is the time to theta, in ns
    const char *statistic;  // "n", "min", "p50", "p95", "p99" or "max"
    const char *unit;
    uint64_t value;
};

struct sim_store_verdict {
    const char *claim_id;
    const char *claim;  // "<50ms"
    const char *section;
    const char *metric;  // what is judged, as in metrics
    const char *statistic;
    const char *unit;      // of the five values
    uint64_t target_low;   // SIM_TIME_NEVER: no lower end
    uint64_t target_high;  // SIM_TIME_NEVER: no upper end
    uint64_t measured;
    uint64_t low;  // 95 % interval of `measured`
    uint64_t high;
    uint64_t samples;
    const char *verdict;  // "PASS", "FAIL", "INCONCLUSIVE" or "UNMEASURED"
    const char *why;      // "" when there is nothing to say
};

struct sim_store_expectation {
    const char *text;     // as written, and in which phase
    const char *unit;     // of measured
    uint64_t measured;    // the left side
    const char *outcome;  // "pass", "fail" or "unmeasured"
    const char *why;      // "" when it passed
};

// One run. Everything is the caller's and only read. The run counts as complete when it has
// scenario->repeat results of which none is interrupted, else as interrupted.
struct sim_store_run {
    const struct sim_scenario *scenario;
    const char *engine_version;
    uint64_t fingerprint;                    // of all repetitions together
    const struct sim_store_source *sources;  // in the order applied
    uint32_t source_count;
    const struct sim_result *results;  // in the order of repetitions
    uint32_t result_count;
    const struct sim_store_metric *metrics;
    uint32_t metric_count;
    const struct sim_store_verdict *verdicts;
    uint32_t verdict_count;
    const struct sim_store_expectation *expectations;
    uint32_t expectation_count;
};

// Opens the store at `path`, creating it where there is no file or an empty one. The caller ends it
// with sim_store_close. SIM_ERROR_IO, and the file untouched, when it is not ours, is of another
// schema version, cannot be written or is locked for SIM_STORE_BUSY_MS: better before an hour of
// simulation than after it.
bool sim_store_open(const char *path, struct sim_store **store, struct sim_error *error);

// The same for reading: there must be a store, it may be read-only, and nothing is written.
bool sim_store_open_to_read(const char *path, struct sim_store **store, struct sim_error *error);

// Notes that a run of the scenario begins, so that it can be told that it was killed. The note goes
// with the run's being stored, with the next one's beginning and with sim_store_close.
bool sim_store_begin_run(struct sim_store *store, const struct sim_scenario *scenario,
                         struct sim_error *error);

// Adds a run and tells its id. SIM_ERROR_IO when the disk is full, the file is locked, ...: then
// nothing of the run is in the file, and the call may be repeated.
bool sim_store_write_run(struct sim_store *store, const struct sim_store_run *run, int64_t *run_id,
                         struct sim_error *error);

// XXH3 of a run's results: the rows of all result tables in the order of their primary keys,
// without run_id, numbers as 8 bytes little endian. Equal for equal results, wherever and whenever
// they were stored (DESIGN 5.1, "results bytes"). SIM_ERROR_USAGE when there is no such run.
bool sim_store_digest(struct sim_store *store, int64_t run_id, uint64_t *digest,
                      struct sim_error *error);

// The same of each table of results by itself, in the order of the digest.
struct sim_table_digest {
    const char *table;
    uint64_t digest;
};

bool sim_store_table_digests(struct sim_store *store, int64_t run_id,
                             struct sim_table_digest digests[SIM_RESULT_TABLES],
                             struct sim_error *error);

// Appends where the results of two runs first differ, by the order of the digest, for people:
// "table traffic, repetition 0, message_kind open, pair_class same_host: bytes 811 recorded, 812
// now". Nothing where they do not.
bool sim_store_differ(const struct sim_store *recorded, int64_t recorded_id,
                      const struct sim_store *now, int64_t now_id, char *text, size_t capacity,
                      struct sim_error *error);

// Reads the tables that a run drew latencies from, as sim_overrides takes them. The caller frees
// them with sim_store_free_tables. SIM_ERROR_USAGE when there is no such run, SIM_ERROR_IO when the
// file cannot be read or a table does not have the hash it is kept under.
bool sim_store_read_tables(struct sim_store *store, int64_t run_id, struct sim_table **tables,
                           uint32_t *count, struct sim_error *error);
void sim_store_free_tables(struct sim_table *tables, uint32_t count);

// Ends the use of the store. NULL is legal.
void sim_store_close(struct sim_store *store);

#endif
