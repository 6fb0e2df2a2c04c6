// SPDX-License-Identifier: GPL-3.0-or-later
// What the pictures show, read from a store.
//
//     runs of one command        pictures                      a picture's line
//       1 flat 10  push-pull --+-> flat_mesh, 10 agents          share ^      ____ 1
//       2 flat 10  eager     --+                                       |   __/
//       3 flat 100 push-pull --+-> flat_mesh, 100 agents               |  /
//       4 flat 100 eager     --+                                       +---------> time since write
//
// Curves are sums over all repetitions that ran to their end; a run that has none shows those that
// were cut short. Percentiles and verdicts are the stored ones, never computed anew.

#ifndef REPORT_READ_H
#define REPORT_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "failure.h"

#define REPORT_LINES_MAX 8  // as many as the eye tells apart; more go to a further picture
#define REPORT_TARGETS_MAX 8
#define REPORT_TEXT_BYTES 256

// A percentile of the time to theta.
struct report_percentile {
    bool known;  // false: the store has none, as for an interrupted run
    bool never;  // it falls among updates that never reached theta
    int64_t ns;  // otherwise
};

// A claim about the time to theta, and what became of it in the run that a line shows.
struct report_target {
    int64_t ns;
    char claim[REPORT_TEXT_BYTES];
    char section[REPORT_TEXT_BYTES];
    char verdict[REPORT_TEXT_BYTES];
};

struct report_point {
    int64_t ns;    // since the write
    double share;  // of the cohort, 0 .. 1
};

struct report_line {
    int64_t run_id;
    uint64_t seed;
    int64_t repeat;    // repetitions asked for
    int64_t finished;  // repetitions that ran to their end
    int64_t theta_ppb;
    bool interrupted;
    char scenario[REPORT_TEXT_BYTES];
    char cell[REPORT_TEXT_BYTES];
    char mode[REPORT_TEXT_BYTES];
    struct report_percentile p50;
    struct report_percentile p95;
    struct report_target targets[REPORT_TARGETS_MAX];  // ascending, each time once
    uint32_t target_count;
    struct report_point *points;  // [point_count] ascending in both; the first is at the write
    size_t point_count;
};

struct report_picture {
    char topology[REPORT_TEXT_BYTES];
    int64_t agents;
    uint32_t part;  // 0, or 2, 3, ... of a mesh with more than REPORT_LINES_MAX runs
    struct report_line lines[REPORT_LINES_MAX];
    uint32_t line_count;
};

// Reads the runs that `run` names: "latest" (all runs that the last command wrote) or a run's id.
// On success the caller ends `*pictures` with report_pictures_destroy; there is at least one. Runs
// in which nothing was measured are left out and counted in `*skipped`.
bool report_read(const char *path, const char *run, struct report_picture **pictures, size_t *count,
                 size_t *skipped, struct report_error *error);

void report_pictures_destroy(struct report_picture *pictures, size_t count);

#endif
