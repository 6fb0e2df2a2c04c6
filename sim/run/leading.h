// SPDX-License-Identifier: GPL-3.0-or-later
// From what Raft servers did to elections, failovers and the time without a leader.
//
//     notes, transitions --> per region: who leads, since when nobody does; who are its bridges
//                        --> result->elections, failovers, leading
//
// A leader counts from the moment at which an entry of its own term is committed, since only then
// it can do anything. A pause counts as a loss from its beginning, and as none any more if the
// leader or bridge is still one when it ends. A leader cut off by a partition counts as long as it
// believes that it is one, unless another has taken over.

#ifndef SIM_LEADING_H
#define SIM_LEADING_H

#include "engine.h"
#include "results.h"

struct sim_leading;

// `elected`: at the start elections are under way, which are not measured.
struct sim_leading *sim_leading_create(const struct mesh_config *mesh, bool elected,
                                       struct sim_result *result);
void sim_leading_notes(struct sim_leading *leading, const struct sim_raft_note *notes,
                       uint32_t count);
void sim_leading_transitions(struct sim_leading *leading, const struct sim_transition *transitions,
                             uint32_t count);

// The run is over: what is still missing stays missing. Frees `leading`, which may be NULL.
void sim_leading_finish(struct sim_leading *leading, uint64_t end_ns);

#endif
