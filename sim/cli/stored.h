// SPDX-License-Identifier: GPL-3.0-or-later
// A run that a verb is given, wherever it is kept.
//
//     "3", "latest" --> the store, read only --+
//                                              +--> recording --> scenario, a batch of one cell
//     "run.yaml"    --> an exported run -------+
//
// What `show` needs more, the results and what was found, is in the store alone.

#ifndef SIM_STORED_H
#define SIM_STORED_H

#include "batch.h"

struct sim_stored {
    struct sim_store *store;  // NULL: an exported run
    int64_t run_id;           // 0: an exported run
    struct sim_recording recording;
    struct sim_scenario *scenario;
    struct sim_batch_file file;
    struct sim_batch_cell cell;
    struct sim_batch batch;  // of the cell
    bool row_wanted[1];
};

// Finds the run and loads its scenario. To be finished whatever comes back, and to stay where it
// is. SIM_ERROR_USAGE when `run` is neither a number, "latest" nor the path of an exported run, or
// the store has no such run.
bool sim_stored_open(struct sim_stored *stored, const char *run, const char *store_path,
                     struct sim_error *error);
void sim_stored_finish(struct sim_stored *stored);

// The number that a user gave for a run of the store: "3" or "latest".
bool sim_stored_number(struct sim_store *store, const char *text, int64_t *run_id,
                       struct sim_error *error);

#endif
