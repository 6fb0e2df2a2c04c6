// SPDX-License-Identifier: GPL-3.0-or-later
// Raft's five safety properties (the paper, figure 3) and linearizable reads, checked after every
// step from what can be seen of the servers. They only look on.
//
//     Election Safety        at most one leader in a term
//     Leader Append-Only     a leader neither overwrites nor deletes entries of its log
//     Log Matching           entries with the same index and term are the same, and so is what is
//                            before them: each names the term of its predecessor
//     Leader Completeness    what is committed is in the log of every leader of a higher term
//     State Machine Safety   no two servers apply different entries at an index
//     Linearizable Reads     a read sees all that was committed anywhere when it was asked
//
// The first violation is kept; it names its property and says who, what and where.

#ifndef RAFT_PROPERTIES_H
#define RAFT_PROPERTIES_H

#include "lab.h"

struct properties *properties_create(uint32_t servers);
void properties_destroy(struct properties *properties);

// A server has taken a step; a server has started anew.
void properties_look(struct properties *properties, const struct lab *lab, uint32_t server);
void properties_forget(struct properties *properties, uint32_t server);

// A server would answer a read from a state that has applied up to `applied`.
void properties_answer(struct properties *properties, const struct lab *lab, uint32_t server,
                       uint64_t floor, uint64_t index, uint64_t applied);

// The largest index known to be committed.
uint64_t properties_committed(const struct properties *properties);

// The property that was broken first, or NULL; and how.
const char *properties_broken(const struct properties *properties);
const char *properties_how(const struct properties *properties);

#endif
