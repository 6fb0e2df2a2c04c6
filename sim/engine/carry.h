// SPDX-License-Identifier: GPL-3.0-or-later
// What the core's records cause (private to this folder).

#ifndef SIM_CARRY_H
#define SIM_CARRY_H

#include "post.h"

// Carries out a record of an event; returns whether it was a message.
bool sim_carry_out(struct sim_worker *worker, const struct sim_batch *batch,
                   const struct mesh_event *event, const struct mesh_record *record);

// The same of a DELIVER, which enters the fingerprint at once.
void sim_carry_news(struct sim_worker *worker, const struct sim_block *block,
                    const struct mesh_event *event, const struct mesh_record *record);

// What the event's other records, [first, end), are in the fingerprint.
void sim_carry_ingredients(struct sim_worker *worker, const struct mesh_event *event,
                           uint32_t first, uint32_t end);

// Lets the author complete the write that the event may be, which its node is about to step.
void sim_carry_compose(const struct sim_worker *worker, const struct mesh_states *states,
                       const struct mesh_event *event);

// A receipt that nothing answers.
void sim_carry_idle(struct sim_worker *worker, const struct sim_block *block,
                    const struct mesh_event *event);

#endif
