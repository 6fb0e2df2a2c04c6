// SPDX-License-Identifier: GPL-3.0-or-later
// One load under way: the files as trees, the command line as assignments, and each cell of the
// sweep merged from them. What sim_load_scenario and sim_lint share.

#ifndef SIM_LOADING_H
#define SIM_LOADING_H

#include "instances.h"
#include "sweep.h"

// A topology file that a scenario names, read once.
struct sim_topology_file {
    struct sim_topology_file *next;
    const char *path;
    const struct sim_node *root;
};

struct sim_loading {
    struct sim_arena *arena;  // lives as long as the scenarios
    const char *path;
    const struct sim_node *file;
    struct sim_assignment *options;  // in the order given
    uint32_t option_count;
    struct sim_sweep sweep;
    struct sim_topology_file *topology_files;
    const struct sim_node *defaults[SIM_TOPOLOGY_COUNT];
    struct sim_instances instances;  // read once, before the first cell
};

struct sim_cell {
    const struct sim_node *merged;       // every setting, defaults included
    const struct sim_node *topology_at;  // where the topology's name stands
    enum sim_topology topology;
    const char *topology_path;
    const struct sim_instances *instances;
    const char *text;      // as in struct sim_scenario
    const char *row_text;  // equal for the cells of one row of the verdict table
};

// Reads and checks the file, the options and the sweep. `arena` is the caller's.
bool sim_loading_start(struct sim_loading *loading, struct sim_arena *arena, const char *path,
                       const struct sim_overrides *overrides, struct sim_error *error);

// Merges one cell. Its trees belong to `scratch`, its texts to the loading's arena.
bool sim_loading_cell(struct sim_loading *loading, struct sim_arena *scratch, uint32_t index,
                      struct sim_cell *cell, struct sim_error *error);

// Reads a merged cell into a scenario (bind.c). Runs only what this version can when `for_run`.
bool sim_bind(struct sim_arena *arena, const struct sim_cell *cell, const char *path, bool for_run,
              struct sim_scenario *scenario, struct sim_error *error);

// Whether some two agents are this near, and no nearer.
bool sim_pair_occurs(const struct sim_scenario *scenario, enum sim_pair_class pair);

// Why a key has no effect, in general or beside the cell's other settings; NULL when it has one.
const char *sim_key_without_effect(const struct sim_key *key, const struct sim_cell *cell,
                                   const struct sim_scenario *scenario);

// Whether this version runs the topology.
bool sim_topology_runs(enum sim_topology topology);

#endif
