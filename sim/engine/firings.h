// SPDX-License-Identifier: GPL-3.0-or-later
// What the timeline's firings come to (private to this folder): as the window begins in which they
// fall due, their selections are resolved to nodes, and these get actions and rules (faults.h).

#ifndef SIM_FIRINGS_H
#define SIM_FIRINGS_H

#include "faults.h"

// Room for the actions of `count` nodes more behind the pending ones.
struct sim_action *sim_firings_room(struct sim_faults *faults, uint32_t count);
// So many of that room are actions now.
void sim_firings_made(struct sim_faults *faults, uint32_t count);

// All nodes that a selection names just now, in engine->faults.selected, whatever its share.
uint32_t sim_firings_select(struct sim_engine *engine, const struct sim_selection *selection);

// scaling.c A firing of auto-scaling; of a reclaim, the nodes that live on the hosts drawn, in
// engine->faults.selected. Return how many nodes.
uint32_t sim_scale(struct sim_engine *engine, const struct sim_firing *firing);
uint32_t sim_select_hosts(struct sim_engine *engine, const struct sim_firing *firing);

// starving.c The same of a firing of starve, with all the pauses that it comes to.
uint32_t sim_starve(struct sim_engine *engine, const struct sim_firing *firing);

// Takes all firings before `end_ns`.
void sim_firings_take(struct sim_engine *engine, uint64_t end_ns);

#endif
