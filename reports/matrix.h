// SPDX-License-Identifier: GPL-3.0-or-later
// The table of verdicts: for each of its rows the p95 of the time to theta against the claim of the
// document's Topology Selection Matrix, the modes of a row side by side.
//
//         agents, topology     mode                                  p95 [interval]  target verdict
//                  10         push-pull |      |     -o-          |  118 [110, 127]    <50ms  FAIL
//            flat_mesh            eager |  o   |                  |  9.2 [9.1, 9.3]    <50ms  PASS
//      - - - - - - - - - - - - - - - - -|- - - - - - - - - - - - -| - - - - - - - - - - - - - - -
//              1,000          push-pull |           |   -o-       |  176 [171, 182]   <100ms  FAIL
//     single_region_mesh                +-------------------------+
//                                       5   10   20   50  100  200   ms, logarithmic
//
// What is shown is stored; nothing is judged here.

#ifndef REPORT_MATRIX_H
#define REPORT_MATRIX_H

#include "curves.h"

#define REPORT_MATRIX_WIDTH 1200  // pixels
#define REPORT_ENTRIES_MAX 40     // of a picture, about; more go to a further one

// What became of one run.
struct report_entry {
    const struct report_run *run;
    struct report_percentile p50;
    struct report_percentile p95;
    bool has_interval;  // the 95 % interval of p95
    bool open_ended;    // its upper end falls among updates that never reached theta
    int64_t low_ns;
    int64_t high_ns;
    bool claimed;                 // the matrix has a claim for it
    struct report_target target;  // which that is
    double waiting;               // share of the time to theta not spent in flight, 0 .. 1
    bool waiting_known;
};

struct report_matrix {
    struct report_entry *entries;  // [count] in the order of the store's runs
    size_t count;
};

// A matrix is to be finished whatever came of it; the store must outlive it.
bool report_matrix_read(const struct report_store *store, struct report_matrix *matrix);
void report_matrix_finish(struct report_matrix *matrix);

// How many of the entries from `first` on go into one picture: whole rows.
size_t report_matrix_part(const struct report_matrix *matrix, size_t first);

// The picture of `count` entries from `first` on.
uint32_t report_matrix_height(const struct report_matrix *matrix, size_t first, size_t count);
void report_matrix_script(FILE *output, const struct report_matrix *matrix, size_t first,
                          size_t count);

#endif
