// SPDX-License-Identifier: GPL-3.0-or-later
// The graph along which mode delta propagates.
//
//     tree, degree 2             ring, degree 1
//          0                      0 - 1 - 2
//        1   2                    |       |
//       3 4 5 6                   5 - 4 - 3

#ifndef SIM_GRAPH_H
#define SIM_GRAPH_H

#include "scenario.h"

// Neighbours of agent i: (*neighbours)[(*starts)[i]] up to (*starts)[i + 1], both the caller's to
// free with sim_memory_free.
void sim_graph_init(const struct sim_delta_settings *settings, uint32_t agents, uint32_t **starts,
                    uint32_t **neighbours);

#endif
