// SPDX-License-Identifier: GPL-3.0-or-later
// Findings arranged as the table of verdicts shows them: cells that differ only in gossip.mode
// share a row, the periodic mode first and the others beside it.
//
//     finding  row 1 push-pull --+--> row 1   main push-pull   beside[eager]
//     finding  row 1 eager     --+
//     finding  row 2 push      -----> row 2   main push

#ifndef SIM_ROWS_H
#define SIM_ROWS_H

#include "finding.h"

#define SIM_MODE_COUNT (MESH_DELTA + 1)

struct sim_row {
    uint32_t number;                 // as the table counts, from 1
    const struct sim_finding *main;  // the first that is not eager, else the first
    const struct sim_finding *beside[SIM_MODE_COUNT];  // by mode; NULL: not swept
};

struct sim_rows {
    struct sim_row *items;  // [count], ascending
    uint32_t count;
    uint32_t number_max;          // of the last one
    bool beside[SIM_MODE_COUNT];  // modes that stand beside in some row
    bool same_mode;               // all main findings are of one mode
    bool several_files;
};

// Arranges the findings, which stay the caller's.
void sim_rows_init(struct sim_rows *rows, const struct sim_finding *findings, uint32_t count);
void sim_rows_finish(struct sim_rows *rows);

// "rows 1-4, 6", or "row 2", of those whose flag is set; flags[rows->number_max].
void sim_rows_append(const struct sim_rows *rows, const bool *flags, char *text, size_t capacity);

#endif
