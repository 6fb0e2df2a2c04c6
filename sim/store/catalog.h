// SPDX-License-Identifier: GPL-3.0-or-later
// What a store holds, and making it smaller.
//
//     runs   1  2 | 3  4  5 | 6        | one command each: they are pruned together or not at all
//            oldest --------> newest     the newest stays
//
// A command goes when any bound says so: fewer commands' runs to keep, too old, too many bytes. A
// command whose rows another table refers to (FOREIGN KEY) stays whatever the bounds say. Pruning
// is one transaction, so that a store is never half pruned, and then the file is written anew
// (VACUUM), which gives the space back.

#ifndef SIM_CATALOG_H
#define SIM_CATALOG_H

#include "store.h"

// A run on the list; of one under way or killed what was noted when it began. The texts belong to
// the catalog.
struct sim_catalog_run {
    int64_t run_id;  // 0: not stored
    int64_t command_id;
    const char *when;    // UTC: stored, or begun
    const char *status;  // "complete", "interrupted", "running" or "killed"
    const char *engine_version;
    const char *scenario;
    const char *cell;
    const char *topology;
    const char *mode;
    uint64_t agents;
    uint64_t seed;
    uint64_t repeat;
    uint64_t repetitions;  // that ran to their end
    uint64_t claims_passed;
    uint64_t claims_failed;
    uint64_t claims_inconclusive;
    uint64_t expectations;
    uint64_t expectations_failed;
    uint64_t bytes;  // about what its rows take
};

struct sim_catalog {
    struct sim_catalog_run *runs;  // [count], by run_id; behind them those that are not stored
    uint32_t count;
    uint64_t file_bytes;
    void *memory;
};

struct sim_prune {
    uint32_t keep;        // runs; 0: no such bound
    uint32_t keep_days;   // 0: no such bound
    uint64_t most_bytes;  // of the file; 0: no such bound
    bool dry;             // only tell
};

struct sim_pruned {
    int64_t *run_ids;  // [run_count], ascending
    uint32_t run_count;
    uint32_t kept_count;    // runs that bounds would have taken, but something refers to
    uint32_t killed_count;  // notes of runs that were killed
    uint64_t bytes_before;  // of the file
    uint64_t bytes_after;   // of a dry run what it would be
};

// To be finished whatever comes back.
bool sim_catalog_read(struct sim_store *store, struct sim_catalog *catalog,
                      struct sim_error *error);
void sim_catalog_finish(struct sim_catalog *catalog);

// The newest run. SIM_ERROR_USAGE when the store is empty.
bool sim_catalog_newest(struct sim_store *store, int64_t *run_id, struct sim_error *error);

// Takes away what the bounds do not allow. `pruned` is to be finished whatever comes back.
bool sim_catalog_prune(struct sim_store *store, const struct sim_prune *prune,
                       struct sim_pruned *pruned, struct sim_error *error);
void sim_pruned_finish(struct sim_pruned *pruned);

#endif
