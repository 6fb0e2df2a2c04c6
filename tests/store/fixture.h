// SPDX-License-Identifier: GPL-3.0-or-later
// A run made by hand for the tests of the store, in which no two figures are equal, so that a
// figure in the wrong column shows. And what looks into a store without the code under test.

#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include "store.h"

#define FIXTURE_RESULTS 2
#define FIXTURE_UPDATES 2

struct fixture {
    struct sim_scenario scenario;
    struct sim_result results[FIXTURE_RESULTS];
    struct sim_update_result updates[FIXTURE_RESULTS][FIXTURE_UPDATES];
    struct sim_checkpoint checkpoints[FIXTURE_RESULTS];
    struct sim_store_source sources[2];
    struct sim_store_metric metrics[2];
    struct sim_store_verdict verdicts[2];
    struct sim_store_expectation expectations[1];
    struct sim_store_run run;  // points to all of the above
};

void fixture_init(struct fixture *fixture);

// An empty directory for the test's files, made on entry and removed with them at the end; the path
// of a file in it, which lives as long as the test.
void scratch_make(void);
void scratch_remove(void);
const char *scratch_path(const char *name);

// Opens the store or fails the test with the error.
struct sim_store *open_store(const char *path);

// Writes the fixture's run or fails the test; returns its id.
int64_t write_run(struct sim_store *store, const struct fixture *fixture);

// Fails unless the query's rows are `expected`: columns parted by '|', rows by a newline, NULL is
// "-".
void expect_rows(const char *path, const char *query, const char *expected);

#endif
