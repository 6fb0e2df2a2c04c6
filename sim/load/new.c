// SPDX-License-Identifier: GPL-3.0-or-later
// A topology file to start from: every setting that has an effect, with what it does.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loading.h"

#define COMMENT_COLUMN 36
#define LINE_COLUMNS 96

#define MESHES SIM_TOPOLOGY_COUNT

// Where the document's topologies differ from our defaults: its files, and for multi_region_mesh
// its row of the selection matrix.
struct preset {
    const char *path;
    const char *values[MESHES];  // in the order of enum sim_topology; NULL: the default
};

static const struct preset presets[] = {
    {"gossip.fanout", {"5", "10", "10"}},
    {"gossip.interval_ms", {"100", "100", "100"}},
    {"gossip.intra_region.fanout", {[SIM_MULTI_REGION_LEADERS] = "20"}},
    {"gossip.intra_region.interval_ms", {[SIM_MULTI_REGION_LEADERS] = "100"}},
    {"gossip.inter_region.fanout", {[SIM_MULTI_REGION_LEADERS] = "3"}},
    {"gossip.inter_region.interval_ms", {[SIM_MULTI_REGION_LEADERS] = "500"}},
    {"gossip.edge_to_edge", {[SIM_HIERARCHICAL] = "10"}},
    {"gossip.edge_to_aggregator", {[SIM_HIERARCHICAL] = "5"}},
    {"gossip.aggregator_to_coordinator", {[SIM_HIERARCHICAL] = "3"}},
    {"gossip.intervals.edge_ms", {[SIM_HIERARCHICAL] = "100"}},
    {"gossip.intervals.aggregator_ms", {[SIM_HIERARCHICAL] = "500"}},
    {"gossip.intervals.global_ms", {[SIM_HIERARCHICAL] = "1000"}},
    {"gossip.convergence_threshold", {"0.95"}},
    {"network.transport", {NULL, "QUIC", "QUIC", "QUIC", "QUIC"}},
    {"network.tls", {NULL, "true", "true", "true", "true"}},
    {"security.signature_algo", {NULL, "ed25519", "ed25519", "ed25519", "ed25519"}},
    {"hierarchy.level1_global.coordinators", {[SIM_HIERARCHICAL] = "10"}},
    {"hierarchy.level2_regional.aggregators_per_region", {[SIM_HIERARCHICAL] = "5"}},
    {"hierarchy.level3_edge.edge_nodes_per_aggregator", {[SIM_HIERARCHICAL] = "10"}},
};

// What a hierarchy of the document's shape, 5 aggregators a region and 10 edges each, is scaled in.
#define HIERARCHY_EDGES_PER_REGION 50
#define HIERARCHY_AGENTS_PER_REGION 100000
#define HIERARCHY_REGIONS_MAX 10
#define HIERARCHY_RELAYS 5
#define CANDIDATES 5
#define BRIDGES "3"

static const char *const region_names[] = {"us-east-1", "eu-west-1", "ap-southeast-1"};

#define MANY_REGIONS ((uint32_t)(sizeof region_names / sizeof *region_names))

// The least agents that fill the places of a new file, with one zone a region.
static const uint32_t agents_min[MESHES] = {
    [SIM_FLAT_MESH] = 2,
    [SIM_SINGLE_REGION_MESH] = 2,
    [SIM_MULTI_REGION_MESH] = MANY_REGIONS,
    [SIM_MULTI_REGION_LEADERS] = MANY_REGIONS * CANDIDATES,
    [SIM_HIERARCHICAL] = SIM_SCALED_REGIONS_MIN * HIERARCHY_EDGES_PER_REGION * HIERARCHY_RELAYS,
};

struct writer {
    FILE *output;
    enum sim_topology topology;
    uint32_t agents;
    uint32_t regions;
    uint32_t zones;               // of each
    const struct sim_cell *cell;  // of the draft, see sim_new_topology; NULL in the draft
    const struct sim_scenario *scenario;
};

static const char *value_of(const struct writer *writer, const struct sim_key *key)
{
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++) {
        const char *value = presets[i].values[writer->topology];
        if (value != NULL && strcmp(presets[i].path, key->path) == 0) {
            return value;
        }
    }
    return sim_key_fallback(key, writer->topology);
}

static int depth_of(const char *path)
{
    int depth = 0;
    for (; *path != '\0'; path++) {
        depth += *path == '.';
    }
    return depth;
}

// "  fanout: 5      # what it does"; a value too long for that gets its comment on a line before
// it. What would have no effect stands there as a comment, with the reason.
static void write_setting(const struct writer *writer, const struct sim_key *key, const char *value)
{
    char comment[2 * SIM_EXPECTED_BYTES];
    char choices[SIM_EXPECTED_BYTES];
    const char *reason = writer->scenario == NULL
                             ? NULL
                             : sim_key_without_effect(key, writer->cell, writer->scenario);
    sim_key_expected(key, choices);
    bool listed = key->type == SIM_KEY_CHOICE && reason == NULL;
    snprintf(comment, sizeof comment, "%s%s%s%s", reason == NULL ? key->effect : reason,
             listed ? " (" : "", listed ? choices : "", listed ? ")" : "");
    const char *off = reason == NULL ? "" : "# ";
    int indent = 2 * depth_of(key->path);
    int length = indent + (int)(strlen(off) + strlen(sim_key_name(key)) + 2 + strlen(value));
    if (length > COMMENT_COLUMN - 2) {
        fprintf(writer->output, "%*s# %s\n%*s%s%s: %s\n", indent, "", comment, indent, "", off,
                sim_key_name(key), value);
        return;
    }
    fprintf(writer->output, "%*s%s%s: %s%*s# %s\n", indent, "", off, sim_key_name(key), value,
            COMMENT_COLUMN - length, "", comment);
}

static void write_regions(const struct writer *writer)
{
    const struct sim_key *zones = sim_key_find("regions[].zones");
    fprintf(writer->output, "regions:\n");
    for (uint32_t region = 0; region < writer->regions; region++) {
        fprintf(writer->output, "  - name: %s\n",
                writer->regions == 1 ? "region-1" : region_names[region]);
        if (writer->topology == SIM_MULTI_REGION_LEADERS) {
            fprintf(writer->output, "    leader_count: " BRIDGES "%*s# %s\n",
                    COMMENT_COLUMN - (int)strlen("    leader_count: " BRIDGES), "",
                    sim_key_find("regions[].leader_count")->effect);
        }
        fprintf(writer->output, "    # %s\n    zones:\n", zones->effect);
        for (uint32_t i = 1; i <= writer->zones; i++) {
            fprintf(writer->output, "      - zone-%" PRIu32 "\n", i);
        }
    }
}

static void write_number(const struct writer *writer, const struct sim_key *key, uint32_t number)
{
    char text[16];
    snprintf(text, sizeof text, "%" PRIu32, number);
    write_setting(writer, key, text);
}

// Whether `new` writes anything that stands in this mapping.
static bool has_settings(const struct writer *writer, const struct sim_key *map)
{
    size_t length = strlen(map->path);
    for (uint32_t i = 0; i < sim_key_count; i++) {
        const struct sim_key *key = &sim_keys[i];
        if (key->of_topology && key->type != SIM_KEY_MAP &&
            (key->topologies & SIM_FOR(writer->topology)) != 0 &&
            strncmp(key->path, map->path, length) == 0 && key->path[length] == '.') {
            return true;
        }
    }
    return false;
}

static void write_key(const struct writer *writer, const struct sim_key *key)
{
    if (strcmp(key->path, "regions") == 0) {
        write_regions(writer);
    } else if (strcmp(key->path, "topology") == 0) {
        write_setting(writer, key, sim_topology_name(writer->topology));
    } else if (strcmp(key->path, "agent_count") == 0) {
        write_number(writer, key, writer->agents);
    } else if (strcmp(key->path, "hierarchy.level1_global.regions") == 0) {
        write_number(writer, key, writer->regions);
    } else if (strcmp(key->path, "hierarchy.level3_edge.agents_per_edge") == 0) {
        write_number(writer, key, writer->agents / (writer->regions * HIERARCHY_EDGES_PER_REGION));
    } else if (key->type != SIM_KEY_MAP) {
        write_setting(writer, key, value_of(writer, key));
    } else if (has_settings(writer, key)) {
        fprintf(writer->output, "\n%*s%s:\n", 2 * depth_of(key->path), "", sim_key_name(key));
    }
}

// Names of keys as a comment of several lines.
static void write_names(const struct writer *writer, const char *title, bool recorded)
{
    size_t column = LINE_COLUMNS;
    fprintf(writer->output, "\n# %s:", title);
    for (uint32_t i = 0; i < sim_key_count; i++) {
        const struct sim_key *key = &sim_keys[i];
        bool of_kind = recorded ? key->recorded != NULL
                                : !key->of_topology && key->recorded == NULL &&
                                      key->type != SIM_KEY_MAP && strchr(key->path, '[') == NULL &&
                                      key->effect != NULL && key->rival == NULL;
        if (!of_kind || key->later || (key->topologies & SIM_FOR(writer->topology)) == 0) {
            continue;
        }
        bool fits = column + strlen(key->path) + 1 <= LINE_COLUMNS;
        fprintf(writer->output, "%s%s", fits ? " " : "\n#   ", key->path);
        column = (fits ? column + 1 : 4) + strlen(key->path);
    }
    fprintf(writer->output, "\n");
}

static bool find_topology(const char *name, enum sim_topology *topology, struct sim_error *error)
{
    for (int i = 0; i < SIM_TOPOLOGY_COUNT; i++) {
        *topology = (enum sim_topology)i;
        if (strcmp(name, sim_topology_name(*topology)) == 0) {
            return true;
        }
    }
    return sim_text_fail(error, SIM_ERROR_USAGE,
                         "topology %.80s is not known: expected flat_mesh, single_region_mesh, "
                         "multi_region_mesh, multi_region_leaders or hierarchical",
                         name);
}

// As many regions as the document's hierarchy has when it is scaled to the agents; they must come
// out even, since a file's figures have to add up.
static bool size_hierarchy(struct writer *writer, struct sim_error *error)
{
    uint32_t regions =
        (writer->agents + HIERARCHY_AGENTS_PER_REGION / 2) / HIERARCHY_AGENTS_PER_REGION;
    regions = regions < SIM_SCALED_REGIONS_MIN ? SIM_SCALED_REGIONS_MIN : regions;
    regions = regions > HIERARCHY_REGIONS_MAX ? HIERARCHY_REGIONS_MAX : regions;
    writer->regions = regions;
    uint32_t edges = regions * HIERARCHY_EDGES_PER_REGION;
    uint32_t rest = writer->agents % edges;
    return rest == 0 ||
           sim_error_set(error, SIM_ERROR_USAGE,
                         "agents: %" PRIu32 " cannot be dealt evenly to the %" PRIu32
                         " edges of %" PRIu32 " regions; %" PRIu32 " or %" PRIu32 " can",
                         writer->agents, edges, regions, writer->agents - rest,
                         writer->agents - rest + edges);
}

static bool check_arguments(const char *topology, struct writer *writer, struct sim_error *error)
{
    if (!find_topology(topology, &writer->topology, error)) {
        return false;
    }
    uint32_t least = agents_min[writer->topology];
    bool hierarchy = writer->topology == SIM_HIERARCHICAL;
    if (writer->agents < least || writer->agents > SIM_AGENTS_MAX) {
        return sim_error_set(error, SIM_ERROR_USAGE,
                             "agents: expected %" PRIu32 " to %u, found %" PRIu32, least,
                             SIM_AGENTS_MAX, writer->agents);
    }
    bool one = writer->topology == SIM_FLAT_MESH || writer->topology == SIM_SINGLE_REGION_MESH;
    writer->regions = one ? 1 : MANY_REGIONS;
    uint32_t of_region = writer->agents / writer->regions;
    uint32_t most = hierarchy ? 1 : of_region < SIM_ZONES_MAX ? of_region : SIM_ZONES_MAX;
    if (writer->zones < 1 || writer->zones > most) {
        return sim_error_set(error, SIM_ERROR_USAGE,
                             "zones: expected 1 to %" PRIu32 " for %" PRIu32
                             " agents of a %s, found %" PRIu32,
                             most, writer->agents, topology, writer->zones);
    }
    return !hierarchy || size_hierarchy(writer, error);
}

static void write_file(const struct writer *writer)
{
    fprintf(writer->output, "# A mesh of %" PRIu32 " agents", writer->agents);
    if (writer->regions > 1) {
        fprintf(writer->output, " over %" PRIu32 " regions", writer->regions);
    }
    if (writer->topology != SIM_HIERARCHICAL) {
        fprintf(writer->output, "%s %" PRIu32 " zone%s",
                writer->regions > 1 ? ", each of" : " over", writer->zones,
                writer->zones == 1 ? "" : "s");
    }
    fprintf(writer->output, ". Every setting with an effect stands here.\n"
                            "# `meshsim lint FILE` explains the file, `meshsim run FILE` runs "
                            "it.\n\n");
    for (uint32_t i = 0; i < sim_key_count; i++) {
        const struct sim_key *key = &sim_keys[i];
        if (key->of_topology && (key->topologies & SIM_FOR(writer->topology)) != 0) {
            write_key(writer, key);
        }
    }
    write_names(writer, "What a run may add, here or in a scenario file of its own", false);
    write_names(writer, "Known and checked, recorded without effect in this version", true);
}

// Writes a draft, loads it, and writes the file knowing which of its settings would have no effect.
bool sim_new_topology(const char *topology, uint32_t agents, uint32_t zones, FILE *output,
                      struct sim_error *error)
{
    struct writer writer = {.agents = agents, .regions = 1, .zones = zones};
    if (!check_arguments(topology, &writer, error)) {
        return false;
    }
    char *draft = NULL;
    size_t length = 0;
    writer.output = open_memstream(&draft, &length);
    if (writer.output == NULL) {
        return sim_error_set(error, SIM_ERROR_INTERNAL, "out of memory");
    }
    write_file(&writer);
    struct sim_arena *arena = sim_arena_create();
    struct sim_library library = {.arena = arena};
    struct sim_instances instances;
    struct sim_cell cell = {.topology = writer.topology,
                            .topology_path = "draft",
                            .text = "",
                            .instances = &instances,
                            .library = &library};
    struct sim_scenario scenario;
    bool fine = fclose(writer.output) == 0 && sim_instances_read(arena, &instances, error);
    const struct sim_source *source =
        !fine ? NULL : sim_source_from(arena, SIM_SOURCE_FILE, "draft", "draft", draft, 0, error);
    cell.topology_at = source == NULL ? NULL : sim_tree_parse(arena, source, error);
    if (cell.topology_at != NULL) {
        cell.merged =
            sim_layer_merge(arena, sim_layer_defaults(arena, cell.topology), cell.topology_at);
        fine = sim_bind(arena, &cell, "draft", &scenario, error);
    }
    writer.cell = &cell;
    writer.scenario = &scenario;
    writer.output = output;
    if (fine) {
        write_file(&writer);
        fine = fflush(output) == 0 && !ferror(output);
    }
    sim_arena_destroy(arena);
    free(draft);
    return fine || sim_error_set(error, SIM_ERROR_IO, "cannot write the topology");
}
