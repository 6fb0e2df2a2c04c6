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

// Files of measurements, and tables made of distributions: each is read or made once in a load.
struct sim_library {
    struct sim_arena *arena;
    struct sim_library_file *files;
    struct sim_library_table *tables;
    const struct sim_recorded *recorded;  // used instead; NULL: none
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
    const struct sim_node *cloud;  // the settings of profile cloud
    struct sim_library library;
    struct sim_instances instances;  // read once, before the first cell
};

struct sim_cell {
    const struct sim_node *merged;       // every setting, defaults included
    const struct sim_node *topology_at;  // where the topology's name stands
    enum sim_topology topology;
    const char *topology_path;
    const char *topology_text;
    const struct sim_instances *instances;
    const char *text;      // as in struct sim_scenario
    const char *row_text;  // equal for the cells of one row of the verdict table
    struct sim_library *library;
};

// Reads and checks the file, the options and the sweep. `arena` is the caller's.
bool sim_loading_start(struct sim_loading *loading, struct sim_arena *arena, const char *path,
                       const struct sim_overrides *overrides, struct sim_error *error);

// Which cell of the sweep is the recorded one; false, with an error, when there is none such.
bool sim_loading_find_cell(const struct sim_loading *loading, uint32_t *index,
                           struct sim_error *error);

// Merges one cell. Its trees belong to `scratch`, its texts to the loading's arena.
bool sim_loading_cell(struct sim_loading *loading, struct sim_arena *scratch, uint32_t index,
                      struct sim_cell *cell, struct sim_error *error);

// Reads a merged cell into a scenario (bind.c).
bool sim_bind(struct sim_arena *arena, const struct sim_cell *cell, const char *path,
              struct sim_scenario *scenario, struct sim_error *error);

// ---- Meshes of several scopes (tiers.c) ----

#define SIM_SCALED_REGIONS_MIN 5  // a hierarchy that is scaled down keeps so many, if it had them

// A hierarchy as a file has it, its factors multiplied.
struct sim_factors {
    uint64_t regions;
    uint64_t aggregators;  // of a region
    uint64_t edges;        // of an aggregator
    uint64_t agents;       // of an edge
    uint64_t product;
};

struct sim_factors sim_factors_of(const struct sim_cell *cell);

// Edges of the hierarchy that runs; those it has of each size follow from its agents.
uint64_t sim_edge_count(const struct sim_scenario *scenario);

// Decides how many agents a hierarchy has, scales its regions and deals the agents to them.
bool sim_bind_hierarchy(struct sim_arena *arena, const struct sim_cell *cell,
                        struct sim_scenario *scenario, struct sim_error *error);

// Whether every region has the candidates and bridges that it should. `enough`: agents with which
// the smallest region has its candidates.
bool sim_check_leaders(const struct sim_cell *cell, const struct sim_scenario *scenario,
                       uint64_t enough, struct sim_error *error);

// What the scopes of a mesh and the links between them cannot do; fills in the timeouts that follow
// from others.
bool sim_check_tiers(const struct sim_cell *cell, struct sim_scenario *scenario,
                     struct sim_error *error);

// swim.c Completes the settings; why one of them has no effect, or NULL.
bool sim_bind_swim(const struct sim_cell *cell, struct sim_scenario *scenario,
                   struct sim_error *error);
const char *sim_swim_without_effect(const char *path, const struct sim_swim_settings *swim);

// swim_times.c Warns where answers cannot come in time. Called when all latencies are known.
void sim_warn_swim(struct sim_arena *arena, const struct sim_cell *cell,
                   struct sim_scenario *scenario);

// What agents report, where, and which of it is judged (reports.c). Called when it is known how
// many regions and edges there are.
bool sim_bind_reports(struct sim_arena *arena, const struct sim_cell *cell,
                      struct sim_scenario *scenario, struct sim_error *error);

// The upper end of the number or range at a path; -1 when nothing stands there.
int64_t sim_cell_number(const struct sim_cell *cell, const char *path);

// "1,000,000".
#define SIM_COUNT_BYTES 28
const char *sim_count_text(uint64_t count, char text[SIM_COUNT_BYTES]);

// ---- Faults (faults.c, fault_targets.c) ----

// What there is to be hit.
struct sim_fault_world {
    const struct sim_scenario *scenario;
    uint32_t nodes;
    uint32_t hosts;
    uint32_t edges;
    bool perhaps_nobody;  // 0 percent is no mistake
};

struct sim_fault_world sim_fault_world_of(const struct sim_scenario *scenario);

// The list of faults. Called when the scenario has its places.
bool sim_bind_faults(struct sim_arena *arena, const struct sim_cell *cell,
                     struct sim_scenario *scenario, struct sim_error *error);

// Reads a selection, `shown` in errors: "faults[2].of".
bool sim_bind_selection(struct sim_arena *arena, const struct sim_fault_world *world,
                        const struct sim_node *node, const char *shown,
                        struct sim_selection *selection, struct sim_error *error);

// The list of liars (liars.c). Called when the scenario has its places.
bool sim_bind_liars(struct sim_arena *arena, const struct sim_cell *cell,
                    struct sim_scenario *scenario, struct sim_error *error);

// "10 % of the relays in edges 0-3".
const char *sim_selection_text(struct sim_arena *arena, const struct sim_scenario *scenario,
                               const struct sim_selection *selection);

// ---- Migrations (migration.c) ----

// The mesh that runs now, if the scenario is about leaving it. Called when the scenario has its
// places; and the phases by which results are told apart.
bool sim_bind_migration(struct sim_arena *arena, const struct sim_cell *cell,
                        struct sim_scenario *scenario, struct sim_error *error);
bool sim_bind_phases(struct sim_arena *arena, const struct sim_cell *cell,
                     struct sim_scenario *scenario, struct sim_error *error);

// ---- The network's models ----

// Latencies as tables (latencies.c), those between regions by pair (region_pairs.c), and the rules
// of channels (channel_settings.c). Called when the scenario has its other settings.
bool sim_bind_latencies(const struct sim_cell *cell, struct sim_scenario *scenario,
                        struct sim_error *error);
bool sim_bind_disk(const struct sim_cell *cell, struct sim_scenario *scenario,
                   struct sim_error *error);  // of Raft's candidates
bool sim_bind_region_pairs(const struct sim_cell *cell, struct sim_scenario *scenario,
                           struct sim_error *error);
bool sim_bind_channel(const struct sim_cell *cell, struct sim_scenario *scenario,
                      struct sim_error *error);

// A delay between two regions with the accelerator, if there is one.
uint64_t sim_accelerated_ns(const struct sim_scenario *scenario, uint64_t delay_ns);

// The setting of a pair class in a merged cell, NULL when its topology has none; and its key.
const struct sim_node *sim_latency_node(const struct sim_cell *cell, enum sim_pair_class pair,
                                        const struct sim_key **key);

// A file named by a setting, and the table of a shape; kept with the scenario. NULL on failure.
const struct sim_source *sim_library_read(struct sim_library *library, const struct sim_node *path,
                                          struct sim_scenario *scenario, struct sim_error *error);
const struct sim_quantiles *sim_library_tabulate(struct sim_library *library, const char *used_for,
                                                 const struct sim_shape *shape,
                                                 struct sim_scenario *scenario,
                                                 struct sim_error *error);

// The file at a path, or what is recorded under it.
const struct sim_source *sim_loading_source(const struct sim_library *library, const char *path,
                                            struct sim_error *error);

// A path of a file is relative to that file; one from the command line to where the user stands.
const char *sim_resolve_path(const struct sim_library *library, const struct sim_node *node);

// The table of latencies in what lint prints (lint_latencies.c).
void sim_lint_latencies(const struct sim_cell *cell, const struct sim_scenario *scenario,
                        FILE *output);

// The settings of profile cloud as a layer.
const struct sim_node *sim_layer_cloud(struct sim_arena *arena);

// Whether some two agents are this near, and no nearer.
bool sim_pair_occurs(const struct sim_scenario *scenario, enum sim_pair_class pair);

// Why a key has no effect, in general or beside the cell's other settings; NULL when it has one.
const char *sim_key_without_effect(const struct sim_key *key, const struct sim_cell *cell,
                                   const struct sim_scenario *scenario);

#endif
