// SPDX-License-Identifier: GPL-3.0-or-later
// A mesh on its way to another: what runs now is a topology file of its own, read as a scenario
// beside the one that it is to become.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "decimal.h"
#include "loading.h"

#define GATEWAYS 3u
#define INTERVAL_NS UINT64_C(100000000)

struct reading {
    struct sim_arena *arena;
    const struct sim_cell *cell;
    const struct sim_node *map;
    struct sim_scenario *scenario;
    struct sim_error *error;
};

// ---- Numbers ----

static bool read(const struct reading *reading, const char *name, uint64_t fallback,
                 uint64_t *number)
{
    const struct sim_node *node = sim_node_get(reading->map, name);
    char path[SIM_KEY_PATH_BYTES];
    struct sim_value value;
    *number = fallback;
    if (node == NULL) {
        return true;
    }
    snprintf(path, sizeof path, "migration.%s", name);
    bool fine = sim_key_read(sim_key_find(path), path, node, &value, reading->error);
    *number = fine ? (uint64_t)value.low : fallback;
    return fine;
}

static bool read_numbers(const struct reading *reading, struct sim_migration *migration)
{
    uint64_t gateways;
    bool fine = read(reading, "gateways", GATEWAYS, &gateways) &&
                read(reading, "interval_ms", INTERVAL_NS, &migration->interval_ns) &&
                read(reading, "move_at_ms", SIM_FAULT_NEVER, &migration->move_at_ns) &&
                read(reading, "move_over_ms", 0, &migration->move_over_ns);
    migration->gateways = (uint32_t)gateways;
    return fine;
}

// ---- The mesh that runs now ----

static bool find_topology(const struct sim_node *root, struct sim_cell *from,
                          struct sim_error *error)
{
    from->topology_at = sim_node_get(root, "topology");
    for (int i = 0; from->topology_at != NULL && i < SIM_TOPOLOGY_COUNT; i++) {
        if (from->topology_at->kind == SIM_NODE_SCALAR &&
            strcmp(from->topology_at->text, sim_topology_name((enum sim_topology)i)) == 0) {
            from->topology = (enum sim_topology)i;
            return true;
        }
    }
    return sim_node_fail(from->topology_at == NULL ? root : from->topology_at, error,
                         "migration.from: a file with the mesh that runs now, its topology's name "
                         "in it");
}

static bool set_agents(const struct reading *reading, struct sim_cell *from)
{
    const struct sim_node *agents = sim_node_get(reading->map, "from_agents");
    if (agents == NULL) {
        return true;
    }
    struct sim_assignment assignment = {.path = "agents",
                                        .source = agents->source,
                                        .line = agents->line,
                                        .column = agents->column,
                                        .value = agents};
    if (!sim_assignment_resolve(&assignment, reading->error)) {
        return false;
    }
    from->merged = sim_assignment_apply(reading->arena, from->merged, &assignment, reading->error);
    return from->merged != NULL;
}

static bool read_from(const struct reading *reading, struct sim_scenario *old)
{
    const struct sim_node *path = sim_node_get(reading->map, "from");
    if (path == NULL) {
        return sim_node_fail(reading->map, reading->error,
                             "migration.from is missing: the file of the mesh that runs now");
    }
    const struct sim_source *source =
        sim_library_read(reading->cell->library, path, reading->scenario, reading->error);
    const struct sim_node *root =
        source == NULL ? NULL : sim_tree_parse(reading->arena, source, reading->error);
    struct sim_cell from = {.library = reading->cell->library,
                            .instances = reading->cell->instances,
                            .topology_path = source == NULL ? NULL : source->name,
                            .topology_text = source == NULL ? NULL : source->bytes,
                            .text = "",
                            .row_text = ""};
    if (root == NULL || !sim_layer_check(root, reading->error) ||
        !find_topology(root, &from, reading->error)) {
        return false;
    }
    from.merged =
        sim_layer_merge(reading->arena, sim_layer_defaults(reading->arena, from.topology), root);
    return set_agents(reading, &from) &&
           sim_bind(reading->arena, &from, source->name, old, reading->error);
}

// ---- What goes together ----

static bool refuse(const struct reading *reading, const char *why)
{
    return sim_node_fail(sim_node_get(reading->map, "from"), reading->error, "migration.from: %s",
                         why);
}

static bool check(const struct reading *reading, const struct sim_scenario *old,
                  const struct sim_migration *migration)
{
    const struct sim_scenario *scenario = reading->scenario;
    bool leaders = old->topology == SIM_MULTI_REGION_LEADERS;
    if (old->topology == SIM_HIERARCHICAL) {
        return refuse(reading, "a hierarchy cannot be left yet, only reached");
    }
    if (leaders && scenario->topology == SIM_MULTI_REGION_LEADERS) {
        return refuse(reading, "both meshes have leaders; one of the two may");
    }
    if (old->gossip.mode == MESH_DELTA || scenario->gossip.mode == MESH_DELTA ||
        old->gossip.mode == MESH_PUSH || scenario->gossip.mode == MESH_PUSH) {
        return refuse(reading, "modes push and delta never repair what a mesh missed before it "
                               "was there");
    }
    if (old->network.regions.region_count > 0 || scenario->network.regions.region_count > 0) {
        return refuse(reading, "latencies by pair of regions are of one mesh: give inter_region");
    }
    const struct sim_node *liars = sim_node_get(reading->cell->merged, "byzantine");
    if (scenario->swim.runs || old->swim.runs || (liars != NULL && liars->count > 0)) {
        return refuse(reading, "a migration has no membership: swim and nobody who lies, yet");
    }
    if (migration->gateways > old->agents) {
        return refuse(reading, "there are more gateways than agents");
    }
    return sim_node_get(reading->cell->merged, "faults") != NULL ||
           refuse(reading, "the steps are missing: `faults` says who joins and who leaves when");
}

bool sim_bind_migration(struct sim_arena *arena, const struct sim_cell *cell,
                        struct sim_scenario *scenario, struct sim_error *error)
{
    const struct reading reading = {arena, cell, sim_node_get(cell->merged, "migration"), scenario,
                                    error};
    if (reading.map == NULL) {
        return true;
    }
    struct sim_scenario *old = sim_arena_array(arena, 1, sizeof *old);
    struct sim_migration *migration = sim_arena_array(arena, 1, sizeof *migration);
    if (!read_numbers(&reading, migration) || !read_from(&reading, old) ||
        !check(&reading, old, migration)) {
        return false;
    }
    migration->from = old;
    scenario->migration = migration;
    return true;
}

// ---- Phases ----

static bool read_phase(const struct sim_node *node, uint32_t index, struct sim_phase *phase,
                       struct sim_error *error)
{
    const struct sim_node *name = sim_node_get(node, "phase");
    const struct sim_node *at = sim_node_get(node, "at_ms");
    char shown[SIM_KEY_PATH_BYTES];
    struct sim_value value;
    if (name == NULL || at == NULL) {
        return sim_node_fail(node, error, "phases[%" PRIu32 "].%s is missing", index,
                             name == NULL ? "phase" : "at_ms");
    }
    snprintf(shown, sizeof shown, "phases[%" PRIu32 "].at_ms", index);
    if (!sim_key_read(sim_key_find("phases[].at_ms"), shown, at, &value, error)) {
        return false;
    }
    *phase = (struct sim_phase){name->text, (uint64_t)value.low};
    return true;
}

// Who reads of a phase has to know which, and that something was written in it.
static bool check_phase(const struct sim_scenario *scenario, const struct sim_phase *phases,
                        uint32_t index, const struct sim_node *node, struct sim_error *error)
{
    const struct sim_node *name = sim_node_get(node, "phase");
    const struct sim_node *at = sim_node_get(node, "at_ms");
    uint64_t end_ns = sim_scenario_end_ns(scenario);
    if (index > 0 && phases[index].at_ns <= phases[index - 1].at_ns) {
        return sim_node_fail(at, error, "phases[%" PRIu32 "].at_ms: not after the phase before",
                             index);
    }
    for (uint32_t i = 0; i < index; i++) {
        if (strcmp(phases[i].name, name->text) == 0) {
            return sim_node_fail(name, error,
                                 "phases[%" PRIu32 "].phase: phases[%" PRIu32 "] is called so, too",
                                 index, i);
        }
    }
    char end[SIM_DECIMAL_TEXT_BYTES];
    sim_decimal_format((int64_t)end_ns, 6, end);
    return phases[index].at_ns < end_ns ||
           sim_node_fail(at, error,
                         "phases[%" PRIu32 "].at_ms: the run ends at %s ms, before this begins%s",
                         index, end, scenario->duration_ns == 0 ? ": give duration_ms" : "");
}

bool sim_bind_phases(struct sim_arena *arena, const struct sim_cell *cell,
                     struct sim_scenario *scenario, struct sim_error *error)
{
    const struct sim_node *list = sim_node_get(cell->merged, "phases");
    uint32_t count = list == NULL ? 0 : list->count;
    struct sim_phase *phases = sim_arena_array(arena, count, sizeof *phases);
    for (uint32_t i = 0; i < count; i++) {
        const struct sim_node *node = list->entries[i].value;
        if (!read_phase(node, i, &phases[i], error) ||
            !check_phase(scenario, phases, i, node, error)) {
            return false;
        }
    }
    scenario->phases = phases;
    scenario->phase_count = count;
    return true;
}
