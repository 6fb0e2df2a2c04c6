// SPDX-License-Identifier: GPL-3.0-or-later
// A sweep: every combination of the values it lists, one cell each.
//
//     sweep:                                      cells, last key fastest
//       agents: [10, 100]                         1  agents=10 gossip.mode=push
//       gossip.mode: [push, eager]                2  agents=10 gossip.mode=eager
//                                                 3  agents=100 gossip.mode=push ...
//
// A list of such mappings is swept one after the other. A value that is no list is a list of one;
// of a key that takes a list, every value is a list. A key that the command line decides is not
// swept: its axis falls away, and with it the cells that would only repeat each other.

#ifndef SIM_SWEEP_H
#define SIM_SWEEP_H

#include "layers.h"

#define SIM_SWEEP_CELLS_MAX 10000
#define SIM_SWEEP_KEYS_MAX 32
#define SIM_SWEEP_VALUE_BYTES_MAX 1024  // a value on one line: it names its cell

struct sim_axis {
    struct sim_assignment assignment;  // without its value
    const struct sim_node **values;    // [value_count], at least one
    uint32_t value_count;
};

struct sim_block {
    struct sim_axis *axes;
    uint32_t axis_count;
    uint32_t cell_count;
};

struct sim_sweep {
    struct sim_block *blocks;
    uint32_t block_count;
    uint32_t cell_count;
};

// Reads and checks a sweep; `node` NULL: one cell without assignments. Axes over a key of `decided`
// fall away.
bool sim_sweep_read(struct sim_arena *arena, const struct sim_node *node,
                    const struct sim_assignment *decided, uint32_t decided_count,
                    struct sim_sweep *sweep, struct sim_error *error);

// The assignments of a cell, in file order; `*count` of them, in the arena's memory.
struct sim_assignment *sim_sweep_cell(struct sim_arena *arena, const struct sim_sweep *sweep,
                                      uint32_t cell, uint32_t *count);

// "agents=10 gossip.mode=eager". `without`: a path to leave out, or NULL.
const char *sim_cell_text(struct sim_arena *arena, const struct sim_assignment *assignments,
                          uint32_t count, const char *without);

#endif
