// SPDX-License-Identifier: GPL-3.0-or-later
// What went wrong in a stored run, back from the store (part of stored_results.h).
//
//     faults, rejoins, takeovers, gaps --> the lists of struct sim_result

#ifndef SIM_STORED_FAULTS_H
#define SIM_STORED_FAULTS_H

#include "store.h"

// Fills in the lists of `results` [count], which have their repetitions. The texts of faults are
// left to the scenario.
bool sim_store_read_faults(struct sim_store *store, int64_t run_id, struct sim_result *results,
                           uint32_t count, struct sim_error *error);

#endif
