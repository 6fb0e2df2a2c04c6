// SPDX-License-Identifier: GPL-3.0-or-later
// Commands that make sense after a run, as they can be typed: the program as it was called, the
// files and options as they were given, and what is to be different.
//
//     an expectation failed    the same cell, alone
//     a property is broken     the same repetition of it, alone
//     interrupted              the rows that are missing
//     inconclusive             those rows with more repetitions
//     a target is missed       those rows, eager
//     else                     the report
//     stored                   a replay that tells who heard what

#ifndef SIM_ADVICE_H
#define SIM_ADVICE_H

#include "conclusion.h"
#include "rows.h"

struct sim_advice {
    char command[SIM_COMMAND_BYTES];
    const char *purpose;  // "makes a page with pictures"
};

// The one command that runs a cell again; one of its repetitions alone.
void sim_advice_cell(const struct sim_request *request, const struct sim_batch *batch,
                     const struct sim_batch_cell *cell, char command[SIM_COMMAND_BYTES]);
void sim_advice_repetition(const struct sim_request *request, const struct sim_batch *batch,
                           const struct sim_batch_cell *cell, uint32_t repetition,
                           char command[SIM_COMMAND_BYTES]);

// The command that runs the rows whose flag is set; rows[conclusion->batch->row_count].
void sim_advice_rest(const struct sim_conclusion *conclusion, const bool *rows,
                     char command[SIM_COMMAND_BYTES]);

// Of a stored run.
void sim_advice_replay(const struct sim_conclusion *conclusion, int64_t run_id,
                       struct sim_advice *advice);

// After a run that ended by itself.
void sim_advice_next(const struct sim_conclusion *conclusion, const struct sim_rows *rows,
                     struct sim_advice *advice);

#endif
