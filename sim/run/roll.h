// SPDX-License-Identifier: GPL-3.0-or-later
// From what SWIM's members found, held against what was so, to what it is worth.
//
//     notes of members  --> who holds whom for unreachable --+
//     crashes, returns  --> who is there                   --+--> result->membership
//     cuts              --> who can reach whom             --+
//
// A member is in doubt as long as anybody who is up holds it for unreachable: for suspect, dead or
// gone. A suspicion is false if its member has been up, not paused, and not cut off from who
// suspects it for long enough that it should have answered; so is a death, and a doubt that ends is
// then a flap. Who has too little of a processor is there. Members that go down at time 0 were
// never.

#ifndef SIM_ROLL_H
#define SIM_ROLL_H

#include "engine.h"
#include "results.h"

struct sim_roll;

// NULL where nobody takes part in SWIM.
struct sim_roll *sim_roll_create(const struct mesh_config *mesh, uint32_t node_count,
                                 struct sim_result *result);
void sim_roll_transitions(struct sim_roll *roll, const struct sim_transition *transitions,
                          uint32_t count);
void sim_roll_notes(struct sim_roll *roll, const struct sim_engine *engine,
                    const struct sim_swim_note *notes, uint32_t count);
void sim_roll_window(struct sim_roll *roll, const struct sim_engine *engine, uint64_t time_ns);

// The run is over: what did not come does not come. Frees `roll`, which may be NULL.
void sim_roll_finish(struct sim_roll *roll, uint64_t end_ns);

#endif
