// SPDX-License-Identifier: GPL-3.0-or-later
// Who lacks what at the end of a run with faults, and why: convergence after the last fault is
// demanded or explained.
//
//     agents that are up and lack an update that was written
//        |-- wait for a snapshot, are paused
//        |-- nobody who is up holds it                                  lost
//        |-- all that hold it are elsewhere: islands of the mesh are
//        |     edges and regions whose only ways out are down, sides of a partition
//        |-- the gossip mode leaves some out: push once, rumours, deltas
//        +-- nothing of these: the run ended first
//     agents that are down, since nothing brings them back any more

#ifndef SIM_GAPS_H
#define SIM_GAPS_H

#include "cohorts.h"
#include "world.h"

// Fills result->gaps and lagging. After the run.
void sim_gaps_find(const struct sim_engine *engine, const struct sim_scenario *scenario,
                   const struct sim_world *world, const struct sim_cohorts *cohorts,
                   struct sim_result *result);

#endif
