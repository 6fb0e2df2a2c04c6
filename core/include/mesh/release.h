// SPDX-License-Identifier: Apache-2.0
// Giving back the lanes of updates that all know for good, unseen by the protocol: no message and
// no replica is different afterwards from what it would be if every update kept its lane.
//
//     written      spreading            all hold it,          released: lane and bits are free;
//        |             |                nobody tells it on    the dot stays known
//     ---o-------------+----------------------o-------------------o----------------->
//                                              settled: no replica and no message
//                                              under way can make anyone speak of it
//
// An update is settled when every replica holds it, in no replica is it recent, hot or told (what
// the mode keeps besides), no message under way carries it, and every version vector under way
// names it: an older one would be answered with it. Mode push tells everything for ever, so there
// nothing settles. Nor does anything while a replica is joining or a snapshot is under way, whose
// hash must cover what its vector leaves out. A dot with two values keeps both lanes, and with them
// those of all that its origin wrote later: they are the proof against it (mesh/guard.h).
//
// Messages are looked through instead of waited for: how long one may be under way, in a queue or
// in front of a paused node, is nobody's guess. The driver owns all replicas of the table and all
// messages between them, and goes
//
//     settled = all ones
//     mesh_release_settled      for every block of replicas   --+
//     mesh_release_under_way    for every message under way   --+--> settled
//     mesh_release_lanes        once: the table; `settled` becomes what was released
//     mesh_release_forget       for every block of replicas
//     mesh_release_forget_in    for every message under way
//
// with nothing in between. Where scopes have local tables (mesh/table.h) the driver goes so for
// each of them, with words [0, local_words), over the replicas that have their home there and the
// messages of that scope; and for the shared table with the words behind, over all replicas and
// messages. Each of these may happen by itself. A local table keeps the newest released update of
// each origin (mesh_table_keep_last), so that a new relay finds all reports.
//
// Duties of the driver: what holds messages back must be counted as under
// way; before an update is released it has been folded into base states by whoever still reads
// values (mesh_release_lanes calls him), because folds of lanes no longer see it; a node that lost
// its replica joins (mesh/step.h) or is left out of the states for good.

#ifndef MESH_RELEASE_H
#define MESH_RELEASE_H

#include <stdint.h>

#include "mesh/step.h"

// Of the words [word_first, word_end) of the replicas, by which `settled` is indexed, here and
// below:
// takes from it the lanes that are not settled in these replicas.
void mesh_release_settled(const struct mesh_config *config, const struct mesh_states *states,
                          uint32_t word_first, uint32_t word_end, uint64_t *settled);

// Takes from `settled` the lanes that this message keeps from being settled.
void mesh_release_under_way(const struct mesh_message *message, uint32_t word_first,
                            uint32_t word_end, uint64_t *settled);

// Releases those of `lanes` ([words], counted in the table) that stand next in the order of their
// origins; `lanes` becomes what was released. `releasing` is called with each row before it goes;
// NULL: nobody reads values. Returns how many.
uint32_t mesh_release_lanes(struct mesh_table *table, uint64_t *lanes, uint32_t words,
                            void (*releasing)(void *context, const struct mesh_update *update),
                            void *context);

// Clears the bits of released lanes in replicas, and in the vectors of a message.
void mesh_release_forget(const struct mesh_states *states, uint32_t word_first, uint32_t word_end,
                         const uint64_t *lanes);
void mesh_release_forget_in(struct mesh_message *message, uint32_t word_first, uint32_t word_end,
                            const uint64_t *lanes);

#endif
