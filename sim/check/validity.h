// SPDX-License-Identifier: GPL-3.0-or-later
// Gossip validity: no honest node ever holds an update that nobody wrote.
//
//     change without a message: its node wrote it ------> written, by lane and hash
//     change at an honest node, of an origin that is honest: is it written? no: violated
//
// What is in the name of a node that lies may have been written by it, in as many values as it
// likes: that is another lie, and no business of this check. Nothing is asked of the core or of who
// lies how; the check only observes. It goes on after the first violation, so that a run can be
// measured to its end, and keeps the story of the first.

#ifndef SIM_CHECK_VALIDITY_H
#define SIM_CHECK_VALIDITY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "engine.h"

struct sim_validity;

// `liars`: [nodes], 0 for who is honest; it stays readable. NULL: all are.
struct sim_validity *sim_validity_create(const uint32_t *liars);
void sim_validity_destroy(struct sim_validity *validity);  // NULL: nothing

// The next changes, in the engine's order.
void sim_validity_look(struct sim_validity *validity, const struct mesh_table *table,
                       const struct sim_change *changes, uint32_t count);

// Whether it was violated, and how, in one clause with the time.
bool sim_validity_broken(const struct sim_validity *validity);
const char *sim_validity_how(const struct sim_validity *validity);

// The first receipts of what nobody wrote, one a line.
void sim_validity_tell(const struct sim_validity *validity, FILE *output);

#endif
