// SPDX-License-Identifier: GPL-3.0-or-later
// From what Raft servers did to elections, failovers and the time in which a region is unavailable.
//
//     notes, pauses, partitions --> per region, in order of time: who leads, whom the leader can
//                                   reach, who are its bridges
//                               --> result->elections, failovers, leading
//
// A region is available, as its clients see it, while somebody can commit what they ask for: a
// leader that has committed an entry of its own term, that runs and is not paused, and that can
// exchange messages with a majority of the voters, itself among them, all of them running. What
// counts is what happens and not what anybody believes: a leader behind a partition is of no use
// from the instant at which the partition begins, though it leads on for a while, and of use again
// when the partition ends before it has been replaced. Loss, delays and slow disks do not count:
// they make commits late, not impossible.
//
//     leader commits            cut off            a new one commits
//     ====================|.......................|=====================    unavailable .....
//                         |<------ election ----->|
//     ====================|.......|=====================================    it ends: no election
//
// A bridge is lost when it crashes, is paused, or when a partition keeps it from a majority of its
// region's voters; it is not if it is back before another is one. A region that was wound down,
// most of whose voters left after a notice, lost neither its last leader nor its last bridges, and
// what nobody was to be asked for since then was not unavailable.
//
// So an election is measured from the last instant at which the old leader could commit. What is
// under way when a partition begins arrives and may still commit; that is not counted. A server
// that has been without its disk counts once it votes again.

#ifndef SIM_LEADING_H
#define SIM_LEADING_H

#include "engine.h"
#include "results.h"

struct sim_leading;

// `elected`: at the start elections are under way, which are not measured.
struct sim_leading *sim_leading_create(const struct mesh_config *mesh, bool elected,
                                       struct sim_result *result);

// Whose partitions they are; before the first note. `leading` may be NULL.
void sim_leading_watch(struct sim_leading *leading, const struct sim_engine *engine);

// Of a window, first its transitions, then its notes, then its end.
void sim_leading_transitions(struct sim_leading *leading, const struct sim_transition *transitions,
                             uint32_t count);
void sim_leading_notes(struct sim_leading *leading, const struct sim_raft_note *notes,
                       uint32_t count);
void sim_leading_window(struct sim_leading *leading, uint64_t end_ns);

// The run is over: what is still missing stays missing. Frees `leading`, which may be NULL.
void sim_leading_finish(struct sim_leading *leading, uint64_t end_ns);

#endif
