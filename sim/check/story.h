// SPDX-License-Identifier: GPL-3.0-or-later
// The last things that a group's servers did, kept for whoever has to understand them.
//
//     notes --> [ . . . the last 48 . . . ] --> "   1203.418 ms  node 12   becomes candidate ..."

#ifndef SIM_CHECK_STORY_H
#define SIM_CHECK_STORY_H

#include <stdio.h>

#include "engine.h"

#define SIM_STORY_NOTES 48u

struct sim_story {
    struct sim_raft_note notes[SIM_STORY_NOTES];  // a ring
    uint64_t count;                               // noted so far
};

void sim_story_note(struct sim_story *story, const struct sim_raft_note *note);
void sim_story_tell(const struct sim_story *story, FILE *output);

#endif
