// SPDX-License-Identifier: GPL-3.0-or-later
// What happened, to be read by people: a line for each event, lines below it for what came of it.
//
//      150.0 ms  A  has waited long enough
//                   becomes a precandidate in term 0
//                   asks B C: would you vote for me in term 1? my log ends at 0, term 0
//
// A story keeps all its lines, or the last ones when somebody only wants to know the end.

#ifndef RAFT_STORY_H
#define RAFT_STORY_H

#include <stdio.h>

#include "lab.h"

struct story *story_create(uint32_t lines_max);
void story_destroy(struct story *story);

// A step that is over: its event and the records in the lab's output.
void story_step(struct story *story, const struct lab *lab, const struct mesh_event *event);

// Anything else.
__attribute__((format(printf, 3, 4))) void story_tell(struct story *story, const struct lab *lab,
                                                      const char *format, ...);

void story_print(const struct story *story, FILE *file);

#endif
