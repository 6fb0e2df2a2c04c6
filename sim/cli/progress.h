// SPDX-License-Identifier: GPL-3.0-or-later
// How far the run is, on stderr: one line drawn again and again on a terminal, a plain line now and
// then elsewhere, nothing with --quiet.
//
//     cell 3/8  run 12/20  240/<20,000 ms  3.4 M events/s  ETA 12.3 s  flat_mesh 100 push-pull
//                          simulated / total, "<" where the run ends when all hold every update
//
// The time left is estimated from the repetitions that have ended, each weighted by its agents,
// updates and, where it is fixed, simulated time. Nothing here is part of a result.

#ifndef SIM_PROGRESS_H
#define SIM_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "batch.h"
#include "results.h"

struct sim_progress {
    const struct sim_batch *batch;
    bool quiet;
    bool terminal;
    bool drawn;           // a line stands on the terminal
    uint32_t cell;        // index of the one under way
    uint32_t repetition;  // of it
    uint64_t start_ns;    // wall time
    uint64_t drawn_ns;    // wall time of the last line
    uint64_t events;      // of the repetitions that have ended
    double weight_done;   // of the repetitions that have ended
    double weight_total;
};

void sim_progress_init(struct sim_progress *progress, const struct sim_batch *batch, bool quiet);

// A repetition begins, or has ended.
void sim_progress_begin(struct sim_progress *progress, uint32_t cell, uint32_t repetition);
void sim_progress_end(struct sim_progress *progress, const struct sim_result *result);

// sim_run_options.progress; `context` is the progress.
void sim_progress_draw(void *context, uint64_t simulated_ns, uint64_t end_ns, uint64_t events);

// Removes the line, so that others can write. Drawing may go on afterwards.
void sim_progress_clear(struct sim_progress *progress);

// Wall time since the start.
uint64_t sim_progress_elapsed_ns(const struct sim_progress *progress);

#endif
