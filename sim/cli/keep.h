// SPDX-License-Identifier: GPL-3.0-or-later
// A finding into the store: everything that sim/store keeps of a run, gathered from the results,
// the summary, the verdicts and what was read, and written in one transaction.
//
//     finding, results --metrics, verdicts, expectations--> struct sim_store_run --> store
//     sources ------------------------------------------------------^
//
// Facts about this machine (wall time, memory) are no metrics of the run: the store keeps them
// apart. All but the metrics of reports can be told again from the results in the store; these have
// their mean and deviation there, and come back as they are.

#ifndef SIM_KEEP_H
#define SIM_KEEP_H

#include "finding.h"
#include "store.h"

// Stores a cell and sets finding->run_id. False with SIM_ERROR_IO, and nothing of it in the file,
// when it cannot be written.
bool sim_keep_finding(struct sim_store *store, const struct sim_store_source *sources,
                      uint32_t source_count, const struct sim_result *results,
                      uint32_t result_count, struct sim_finding *finding, struct sim_error *error);

// Puts the stored metrics of reports into the summary of a finding that was made of results without
// them. Their samples stay away.
void sim_keep_restore_metrics(const struct sim_store_metric *metrics, uint32_t count,
                              struct sim_finding *finding);

#endif
