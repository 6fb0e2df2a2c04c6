// SPDX-License-Identifier: GPL-3.0-or-later
// What a stored run measured, back from the store: results as sim/run gave them, to be summarised
// and judged by the same code, and what had been made of them.
//
//     repetitions, updates, traffic, hosts, latencies, ----> struct sim_result, one each
//     faults, rejoins, takeovers, gaps, elections, failovers, groups of Raft
//     metrics, verdicts, expectations, host_facts ---------> struct sim_stored_findings
//
// Left out is what no page shows: curves, checkpoints; and the texts of faults, which are the
// scenario's. Of reports and of what they add up to only metrics are kept, so results have none of
// them.

#ifndef SIM_STORED_RESULTS_H
#define SIM_STORED_RESULTS_H

#include "results.h"
#include "store.h"

// What people were told. Texts and arrays are its own.
struct sim_stored_findings {
    char stored_at[32];                      // UTC
    uint64_t wall_ns;                        // of all repetitions
    const struct sim_store_metric *metrics;  // [metric_count], by (metric, statistic)
    uint32_t metric_count;
    const struct sim_store_verdict *verdicts;  // [verdict_count]
    uint32_t verdict_count;
    const struct sim_store_expectation *expectations;  // [expectation_count]
    uint32_t expectation_count;
    void *memory;
};

// `*results` gets `*count` results in the order of repetitions, the caller's to end: each by
// sim_result_finish, the array by sim_memory_free. SIM_ERROR_USAGE when there is no such run,
// SIM_ERROR_IO when it cannot be read.
bool sim_store_read_results(struct sim_store *store, int64_t run_id, struct sim_result **results,
                            uint32_t *count, struct sim_error *error);

// To be finished whatever comes back.
bool sim_store_read_findings(struct sim_store *store, int64_t run_id,
                             struct sim_stored_findings *findings, struct sim_error *error);
void sim_stored_findings_finish(struct sim_stored_findings *findings);

#endif
