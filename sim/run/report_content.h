// SPDX-License-Identifier: GPL-3.0-or-later
// What an agent's n-th report says: the same for the same seed, agent and number.
//
//     rules of the scenario  --last that gives it, in the agent's edge-->  low to high, per figure
//                                    |
//        a draw for (figure, agent, n) or, per: edge, for (figure, edge, n)
//                                    |
//     a whole number; of a share its neighbours, so often that the mean comes out: 2.5 is 2 or 3
//                                    |
//        per: edge      dealt evenly to the edge's agents, the first get what is left over
//        growing        executions are drawn once for all n, and told n times
//
// Unless the scenario says otherwise agents execute 2.5 workflows each, 0.6 of their tasks are
// active, 0.88 to 0.98 of their workflows complete, in 30 to 70 ms. What has been reported once
// then adds up, within chance, to the document's State Aggregation Example.

#ifndef SIM_REPORT_CONTENT_H
#define SIM_REPORT_CONTENT_H

#include "mesh/summary.h"
#include "places.h"
#include "scenario.h"

struct mesh_report sim_report_content(const struct sim_scenario *scenario,
                                      const struct sim_places *places, uint64_t seed,
                                      uint32_t agent, uint32_t number);

#endif
