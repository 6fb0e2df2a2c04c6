// SPDX-License-Identifier: GPL-3.0-or-later
// A topology file to start from: every setting that has an effect, with what it does.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loading.h"

#define COMMENT_COLUMN 36
#define LINE_COLUMNS 96

// Where the two topologies of the customer's document differ from our defaults.
struct preset {
    const char *path;
    const char *values[2];  // flat_mesh, single_region_mesh
};

static const struct preset presets[] = {
    {"gossip.fanout", {"5", "10"}},
    {"gossip.interval_ms", {"100", "100"}},
    {"gossip.convergence_threshold", {"0.95", "0.99"}},
    {"network.transport", {"TCP", "QUIC"}},
    {"network.tls", {"false", "true"}},
    {"security.signature_algo", {"none", "ed25519"}},
};

struct writer {
    FILE *output;
    enum sim_topology topology;
    uint32_t agents;
    uint32_t zones;
    const struct sim_cell *cell;  // of the draft, see sim_new_topology; NULL in the draft
    const struct sim_scenario *scenario;
};

static const char *value_of(const struct writer *writer, const struct sim_key *key)
{
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++) {
        if (strcmp(presets[i].path, key->path) == 0) {
            return presets[i].values[writer->topology == SIM_FLAT_MESH ? 0 : 1];
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
    fprintf(writer->output, "regions:\n  - name: region-1\n    # %s\n    zones:\n", zones->effect);
    for (uint32_t i = 1; i <= writer->zones; i++) {
        fprintf(writer->output, "      - zone-%" PRIu32 "\n", i);
    }
}

static void write_key(const struct writer *writer, const struct sim_key *key)
{
    char number[16];
    if (strcmp(key->path, "regions") == 0) {
        write_regions(writer);
    } else if (strcmp(key->path, "topology") == 0) {
        write_setting(writer, key, sim_topology_name(writer->topology));
    } else if (strcmp(key->path, "agent_count") == 0) {
        snprintf(number, sizeof number, "%" PRIu32, writer->agents);
        write_setting(writer, key, number);
    } else if (key->type == SIM_KEY_MAP) {
        fprintf(writer->output, "\n%*s%s:\n", 2 * depth_of(key->path), "", sim_key_name(key));
    } else {
        write_setting(writer, key, value_of(writer, key));
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

static bool check_arguments(const char *topology, uint32_t agents, uint32_t zones,
                            enum sim_topology *found, struct sim_error *error)
{
    bool known = false;
    for (int i = 0; i < SIM_TOPOLOGY_COUNT && !known; i++) {
        *found = (enum sim_topology)i;
        known = strcmp(topology, sim_topology_name(*found)) == 0;
    }
    if (!known || !sim_topology_runs(*found)) {
        return sim_text_fail(error, SIM_ERROR_USAGE,
                             "topology %.80s %s: expected flat_mesh or single_region_mesh",
                             topology, known ? "does not run in this version" : "is not known");
    }
    if (agents < 2 || agents > SIM_AGENTS_MAX) {
        return sim_error_set(error, SIM_ERROR_USAGE, "agents: expected 2 to %u, found %" PRIu32,
                             SIM_AGENTS_MAX, agents);
    }
    uint32_t most = agents < SIM_ZONES_MAX ? agents : SIM_ZONES_MAX;
    if (zones < 1 || zones > most) {
        return sim_error_set(error, SIM_ERROR_USAGE,
                             "zones: expected 1 to %" PRIu32 " for %" PRIu32
                             " agents, found %" PRIu32,
                             most, agents, zones);
    }
    return true;
}

static void write_file(const struct writer *writer)
{
    fprintf(
        writer->output,
        "# A mesh of %" PRIu32 " agents over %" PRIu32 " zone%s. Every setting "
        "with an effect stands here.\n# `meshsim lint FILE` explains the file, `meshsim run FILE` "
        "runs it.\n\n",
        writer->agents, writer->zones, writer->zones == 1 ? "" : "s");
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
    struct writer writer = {.agents = agents, .zones = zones};
    if (!check_arguments(topology, agents, zones, &writer.topology, error)) {
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
    struct sim_instances instances;
    struct sim_cell cell = {
        .topology = writer.topology, .topology_path = "draft", .instances = &instances, .text = ""};
    struct sim_scenario scenario;
    bool fine = fclose(writer.output) == 0 && sim_instances_read(arena, &instances, error);
    const struct sim_source *source =
        !fine ? NULL : sim_source_from(arena, SIM_SOURCE_FILE, "draft", "draft", draft, 0, error);
    cell.topology_at = source == NULL ? NULL : sim_tree_parse(arena, source, error);
    if (cell.topology_at != NULL) {
        cell.merged =
            sim_layer_merge(arena, sim_layer_defaults(arena, cell.topology), cell.topology_at);
        fine = sim_bind(arena, &cell, "draft", true, &scenario, error);
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
