// SPDX-License-Identifier: GPL-3.0-or-later
// What lies did: which honest agents believed which, and for how long.
//
//     forged update     an agent that holds it is deceived, for good
//     two values        an agent that holds one of them is deceived, until it holds both: then it
//                       has the proof
//
//     a lie   told      first believed         an agent more, or less          nobody believes it
//             |-------------|----------------------|------------------------------|
//                           <--------------- deceit ----------------------------->
//
// Of many lies the first SIM_TRACKED_LIES are followed. Aggregators and coordinators are not asked.

#ifndef SIM_DECEITS_H
#define SIM_DECEITS_H

#include "engine.h"
#include "results.h"
#include "world.h"

#define SIM_TRACKED_LIES 1024u

struct sim_deceits;

struct sim_deceits *sim_deceits_create(const struct sim_scenario *scenario,
                                       const struct sim_world *world, struct sim_result *result);
void sim_deceits_destroy(struct sim_deceits *deceits);  // NULL: nothing

// The engine's changes, in their order.
void sim_deceits_look(struct sim_deceits *deceits, const struct sim_engine *engine,
                      const struct mesh_table *table, const uint32_t *write_of_lane,
                      const struct sim_change *changes, uint32_t count);

// At the end: all that the result has of liars.
void sim_deceits_close(struct sim_deceits *deceits, const struct sim_engine *engine);

#endif
