// SPDX-License-Identifier: GPL-3.0-or-later
// Random schedules: a seed decides how many servers there are, how they are set up, and what
// befalls them. First safety while anything may go wrong; then everything is healed, and the group
// must lead and commit again.
//
//     0 ............................ TROUBLE ..................... QUIET
//       crashes, restarts, cuts, storms,       all up, no cuts:
//       pauses, slow disks, a lost disk,       "Progress" if nothing is
//       changes, transfers; writes, reads      committed by then

#ifndef RAFT_SCHEDULE_H
#define RAFT_SCHEDULE_H

#include <stdio.h>

#include "lab.h"
#include "properties.h"

struct schedule_outcome {
    uint64_t seed;
    const char *broken;  // the property, or NULL
    char how[300];
    uint64_t committed;  // entries
    uint64_t terms;      // the highest
    uint64_t answered;   // reads
    uint64_t crashes;
    uint64_t snapshots;  // restored from another server's
    uint64_t changes;    // of members, in the log
};

// What is known when a lab is done with.
void schedule_conclude(const struct lab *lab, struct schedule_outcome *outcome);

// Runs the schedule of a seed. With `story` the end of what happened is printed there.
struct schedule_outcome schedule_run(uint64_t seed, FILE *story);

#endif
