// SPDX-License-Identifier: GPL-3.0-or-later
// The part of `lint --sizes` that is about Raft: a line per kind of message.

#ifndef SIM_RAFT_SIZES_H
#define SIM_RAFT_SIZES_H

#include <stdio.h>

#include "mesh/table.h"
#include "network.h"

void sim_print_raft_sizes(const struct sim_network *network, const struct mesh_table *table,
                          FILE *output);

#endif
