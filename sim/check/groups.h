// SPDX-License-Identifier: GPL-3.0-or-later
// Raft's five safety properties (Ongaro, Ousterhout 2014, figure 3) and linearizable reads, checked
// in every run from what its servers were seen to do. Checks only observe.
//
//     Election Safety        at most one leader in a term
//     Leader Append-Only     a leader neither overwrites nor deletes entries of its log
//     Log Matching           entries with the same index and term are the same, and so is what is
//                            before them: each names the term of its predecessor
//     Leader Completeness    what is committed is in the log of every leader of a higher term
//     State Machine Safety   no two servers apply different entries at an index
//     Linearizable Reads     a read sees all that was committed anywhere when it was asked
//
//     engine --notes of a window, in order--> look --> the first violation: which property, who,
//                                              |       what, where; and the story of what led to it
//                                              +-- per group: what was ever at an index, who led
//                                                  each term, what is committed
//
// Nothing here is taken from the core but what its records say; a server's own opinion of what is
// safe is not asked. The first violation is kept.

#ifndef SIM_CHECK_GROUPS_H
#define SIM_CHECK_GROUPS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "engine.h"
#include "mesh/raft.h"

struct sim_group_checks;

// Of the groups of a mesh, whose rosters stay readable.
struct sim_group_checks *sim_group_checks_create(const struct mesh_raft_group *groups,
                                                 uint32_t count);
void sim_group_checks_destroy(struct sim_group_checks *checks);  // NULL: nothing

// The next notes, in the engine's order. False from the first violation on.
bool sim_group_checks_look(struct sim_group_checks *checks, const struct sim_raft_note *notes,
                           uint32_t count);

// The property that was broken, or NULL; and how, in one clause with the time.
const char *sim_group_checks_broken(const struct sim_group_checks *checks);
const char *sim_group_checks_how(const struct sim_group_checks *checks);

// The last events of the group in which it was broken, one a line, the oldest first.
void sim_group_checks_tell(const struct sim_group_checks *checks, FILE *output);

#endif
