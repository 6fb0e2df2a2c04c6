// SPDX-License-Identifier: GPL-3.0-or-later
// Histories from the literature that chance does not find soon, played in a lab. A sound core gets
// through them; tests/mutants/ has the faults that do not.

#ifndef RAFT_HISTORIES_H
#define RAFT_HISTORIES_H

#include <stdio.h>

#include "schedule.h"

#define HISTORIES 3

// 0: two leaders each take one server out of four, the second before it has committed anything of
//    its own term (Ongaro, "bug in single-server membership changes", raft-dev, 10 July 2015).
// 1: a voter crashes between receiving a request and having its vote on the disk, and is asked by
//    somebody else when it is back (the paper, figure 2: votes are durable before they are said).
// 2: a voter helps to elect a leader and to commit an entry, loses its disk, and meets an older
//    leader that has heard of neither (mesh/raft.h: leaders do not count what it confirms).
struct schedule_outcome history_run(uint32_t history, FILE *story);

#endif
