// SPDX-License-Identifier: GPL-3.0-or-later
// What came of one cell: its repetitions pooled and judged, which is what the table, the JSON lines
// and the store show.
//
//     results of the repetitions --> summary --> verdicts on the document's claims
//                                            --> verdicts on the scenario's own expectations
//
// A cell of a run that was interrupted is judged on the repetitions that ran to their end, and says
// so.

#ifndef SIM_FINDING_H
#define SIM_FINDING_H

#include <stdbool.h>
#include <stdint.h>

#include "batch.h"
#include "claims.h"
#include "expectation.h"
#include "results.h"
#include "summary.h"
#include "waits.h"

struct sim_finding {
    const struct sim_batch_cell *cell;
    bool interrupted;              // fewer repetitions than asked, or one cut short
    struct sim_summary summary;    // its samples are gone after sim_finding_release
    struct sim_verdict *verdicts;  // [verdict_count]
    uint32_t verdict_count;
    const struct sim_verdict *primary;  // the claim of its row in the document's matrix; NULL: none
    struct sim_expectation_verdict *expectations;  // [cell->scenario->expectation_count]
    struct sim_shares shares;  // of the updates' time to theta; NaN: none converged
    int64_t run_id;            // in the store; 0: not stored
};

// Judges `count` results. To be finished.
void sim_finding_init(struct sim_finding *finding, const struct sim_batch_cell *cell,
                      const struct sim_claims *claims, const struct sim_result *results,
                      uint32_t count);

// Frees what grows with the number of updates; statistics and verdicts stay.
void sim_finding_release(struct sim_finding *finding);
void sim_finding_finish(struct sim_finding *finding);

// How many of its expectations did not pass; 0 where it was interrupted, which nobody judges.
uint32_t sim_finding_failures(const struct sim_finding *finding);

#endif
