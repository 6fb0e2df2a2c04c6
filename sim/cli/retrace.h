// SPDX-License-Identifier: GPL-3.0-or-later
// A recorded repetition, run again and held against its checkpoints on the way.
//
//     recorded   o-----o-----o-----o---o       time, events, fingerprint of each
//     now        o-----o-----x                 the first that differs ends the run: what happened
//                                              lies between it and the one before
//
// A repetition that was interrupted ends where it was cut. One that is only followed for a while
// (until_ns) is compared as far as it goes.

#ifndef SIM_RETRACE_H
#define SIM_RETRACE_H

#include "progress.h"
#include "recording.h"
#include "run.h"

// Where a run left the recorded one. `recorded` or `now` alone: the other had ended.
struct sim_divergence {
    bool found;
    uint32_t repetition;
    uint32_t ordinal;  // of the checkpoint, from 0
    uint32_t recorded_count;
    bool has_recorded;
    bool has_now;
    struct sim_checkpoint recorded;
    struct sim_checkpoint now;
    uint64_t equal_until_ns;  // of the checkpoint before; 0: there is none
};

struct sim_retrace {
    const struct sim_scenario *scenario;
    const struct sim_recording *recording;
    struct sim_run_options options;     // but for until_ns and watcher
    uint64_t until_ns;                  // 0: to its end
    const struct sim_watcher *watcher;  // sees what happens, too; NULL: nobody
    // Found by sim_retrace_run:
    struct sim_divergence divergence;
    uint32_t compared;  // checkpoints that were equal, of all repetitions run so far
};

// Runs a repetition, an index into the recording's. Fills `result`, which the caller finishes. True
// also when it diverged, or was interrupted (result->interrupted): that is told in `retrace`.
bool sim_retrace_run(struct sim_retrace *retrace, uint32_t repetition, struct sim_result *result,
                     struct sim_error *error);

// "checkpoint 3 of 24, at 300 ms of repetition 0: ...", for people.
void sim_divergence_append(const struct sim_divergence *divergence, char *text, size_t capacity);

#endif
