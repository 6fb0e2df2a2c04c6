// SPDX-License-Identifier: GPL-3.0-or-later
// Whom the selections of faults and liars name, and who takes over from silent relays: what the
// engine asks of the mesh as it is laid out.
//
//     selection   places (nodes, hosts, zones, regions, edges)  and  roles  -->  nodes, ascending
//     relays      the agents of an edge with the largest weights, without those that are down and
//                 those found silent; who comes back counts again. Where edges have SWIM without
//                 those that an agent holds for dead or gone, as each finds for itself

#ifndef SIM_TARGETS_H
#define SIM_TARGETS_H

#include "engine.h"
#include "world.h"

struct sim_targets {
    const struct sim_scenario *scenario;
    const struct sim_world *world;
    const struct sim_engine *engine;  // that runs, for who is a bridge or a leader just then; NULL:
                                      // those that the run begins with
    uint16_t *roles;      // [nodes] bits of enum sim_role; of roles that change, as last looked at
    uint8_t *in_places;   // [nodes] scratch
    uint64_t *silent;     // bit per agent: a relay that was replaced and has not come back since
    uint64_t *away;       // bit per agent, scratch
    uint32_t *stand_ins;  // per edge how many, and who may be relays by SWIM's verdicts; or NULL
    uint32_t **members;   // [links] of the relays; NULL: there are none
    uint32_t link_first;
};

void sim_targets_init(struct sim_targets *targets, const struct sim_scenario *scenario,
                      const struct sim_world *world);
void sim_targets_finish(struct sim_targets *targets);

// What the engine asks for, in repetition `repetition`. `targets` must stay where it is.
struct sim_faulting sim_targets_faulting(struct sim_targets *targets, uint32_t repetition);
struct sim_relaying sim_targets_relaying(struct sim_targets *targets);

// Who lies in that repetition, by the seed of the liars: bit i of a node's word, that it is one of
// liars[i] of the scenario. [nodes], the caller's to free; NULL: nobody does.
uint32_t *sim_targets_liars(struct sim_targets *targets, uint32_t repetition);

// How many nodes a selection names at the start, and of these how many it hits.
uint32_t sim_targets_count(struct sim_targets *targets, const struct sim_selection *selection);

#endif
