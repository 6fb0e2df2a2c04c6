// SPDX-License-Identifier: GPL-3.0-or-later
// The end of `meshsim run`: the exit code, and what a person reads.
//
//     judged: ...                             what the figures are
//     row  agents  topology  k  p50  p95 ...  the verdicts, one line per row
//     Why: ...                                each claim of the table that does not hold
//     Other claims ...                        what else the document says of these topologies
//     Moves the verdict most: ...             the assumptions
//     2 rows miss the document's claim; ...   counts, wall time, exit code
//     Next: ...                               (stderr) the command that makes sense now
//
// Exit codes: the highest of 70, 74, 65, 1, 2 that applies, and 130 for a run that was interrupted
// with nothing worse. A claim counts only with --strict-claims.

#ifndef SIM_CONCLUSION_H
#define SIM_CONCLUSION_H

#include "finding.h"
#include "rows.h"

struct sim_conclusion {
    const struct sim_request *request;
    const struct sim_batch *batch;
    const struct sim_claims *claims;
    const struct sim_finding *findings;  // [finding_count], of the cells that ran, in order
    uint32_t finding_count;
    uint64_t wall_ns;
    const struct sim_error *error;  // what ended the run early; code SIM_OK: nothing
    // Found by sim_conclusion_decide:
    bool interrupted;  // by a signal: cells or repetitions are missing
    uint32_t expectation_failures;
    uint32_t claim_failures;  // of all claims that were judged
    uint32_t claim_doubts;    // inconclusive
    int exit_code;
};

void sim_conclusion_decide(struct sim_conclusion *conclusion);

// The page alone, on stdout.
void sim_conclusion_print_page(const struct sim_conclusion *conclusion,
                               const struct sim_rows *rows);

// The page on stdout unless --json was asked for, then errors and, unless --quiet, narration on
// stderr.
void sim_conclusion_print(const struct sim_conclusion *conclusion);

#endif
