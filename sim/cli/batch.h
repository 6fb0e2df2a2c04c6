// SPDX-License-Identifier: GPL-3.0-or-later
// Everything that will run, loaded and checked before the first repetition does.
//
//     request --> file 1: cells of rows 1, 2 --+--> batch: cells in order, rows counted on from
//                 file 2: cells of row 3     --+    file to file, those of --only kept
//
// A file that names others stands for those.
//
// A wrong file must not cost an hour of simulation: expectations, --only, and whether the results
// of a cell fit into memory are checked here, too. An exported run is run as it was: options that
// would change it are refused.

#ifndef SIM_BATCH_H
#define SIM_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "recording.h"
#include "request.h"
#include "scenario.h"
#include "store.h"

// A file of the request.
struct sim_batch_file {
    const char *path;
    struct sim_recording *recording;  // of an exported run; NULL: it is none
    struct sim_scenario *scenarios;   // [count]
    uint32_t count;
    uint32_t row_first;  // of the batch; its scenarios' rows count from 1
    uint32_t row_count;
};

struct sim_batch_cell {
    const struct sim_scenario *scenario;
    const struct sim_batch_file *file;
    uint32_t row;  // from 1, over all files
};

// The files that one of the request's stands for: itself, or those that it names.
struct sim_batch_named {
    char **files;    // [count]
    uint32_t count;  // 0: itself
};

struct sim_batch {
    struct sim_batch_file *files;  // [file_count]
    uint32_t file_count;
    struct sim_batch_named *named;  // [named_count], one of the request's files each
    uint32_t named_count;
    struct sim_batch_cell *cells;  // [cell_count]
    uint32_t cell_count;
    uint32_t row_count;  // of all files, those left out included
    bool *row_wanted;    // [row_count]
};

// Loads the request's files. Every file with an error in it is reported: each but the last on
// stderr, the last in `error`. To be finished whatever comes back.
bool sim_batch_init(struct sim_batch *batch, const struct sim_request *request,
                    struct sim_error *error);
void sim_batch_finish(struct sim_batch *batch);

// What a cell was read from, for the store: its files, then the options in the order in which they
// are applied; of an exported run what it was made from. `*sources` is to be freed with
// sim_memory_free; what it points to belongs to the batch and the request.
uint32_t sim_batch_sources(const struct sim_batch_cell *cell, const struct sim_request *request,
                           struct sim_store_source **sources);

#endif
