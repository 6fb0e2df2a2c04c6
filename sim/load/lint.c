// SPDX-License-Identifier: GPL-3.0-or-later
// Every key with its value, its place and its effect, then what follows from them together.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decimal.h"
#include "loading.h"

#define VALUE_BYTES 40  // of a value shown whole
#define MS_PLACES 6

enum section { SECTION_EFFECT, SECTION_RECORDED, SECTION_DEFAULT, SECTION_COUNT };

struct row {
    uint32_t rank;   // of its key in the table; of the outermost list for what a list holds
    uint32_t order;  // in the tree
    const char *key;
    const char *value;
    const char *place;
    const char *effect;
    enum section section;
};

struct lint {
    struct sim_arena *arena;
    const struct sim_cell *cell;
    const struct sim_scenario *scenario;
    struct row *rows;
    uint32_t count;
    uint32_t capacity;
};

// ---- Rows ----

static const char *place_of(struct sim_arena *arena, const struct sim_node *node)
{
    struct sim_origin origin = sim_node_origin(node);
    if (node->source->kind == SIM_SOURCE_OPTION) {
        return origin.file;
    }
    return origin.line == 0 ? "default"
                            : sim_arena_format(arena, "%s:%" PRIu32, origin.file, origin.line);
}

static uint32_t rank_of(const struct sim_key *key)
{
    size_t length = strcspn(key->path, "[");
    uint32_t rank = 0;
    while (strncmp(sim_keys[rank].path, key->path, length) != 0 ||
           sim_keys[rank].path[length] != '\0') {
        rank++;
    }
    return rank;
}

static const char *value_text(struct sim_arena *arena, const struct sim_key *key,
                              const struct sim_node *node)
{
    struct sim_value value;
    char text[SIM_DESCRIPTION_BYTES];
    if (key->type == SIM_KEY_LATENCY && sim_key_read(key, "", node, &value, NULL) &&
        value.distribution <= SIM_UNIFORM) {
        char low[SIM_DECIMAL_TEXT_BYTES];
        char high[SIM_DECIMAL_TEXT_BYTES];
        sim_decimal_format(value.low * (key->halved ? 2 : 1), MS_PLACES, low);
        sim_decimal_format(value.high * (key->halved ? 2 : 1), MS_PLACES, high);
        return value.low == value.high ? sim_arena_format(arena, "%s", low)
                                       : sim_arena_format(arena, "uniform %s to %s", low, high);
    }
    if (key->type == SIM_KEY_LATENCY) {
        char mean[SIM_DECIMAL_TEXT_BYTES];
        sim_decimal_format((int64_t)value.shape.mean_ns * (key->halved ? 2 : 1), MS_PLACES, mean);
        return sim_arena_format(arena, "%s%s%s", sim_distribution_name(value.distribution),
                                value.shape.mean_ns == 0 ? "" : ", mean ",
                                value.shape.mean_ns == 0 ? "" : mean);
    }
    const char *whole = sim_node_render(arena, node, VALUE_BYTES);
    if (whole != NULL) {
        return whole;
    }
    sim_node_describe(node, text);
    return sim_arena_copy(arena, text, strlen(text));
}

static bool add_row(void *context, const struct sim_key *key, const char *shown,
                    const struct sim_node *key_node, const struct sim_node *node,
                    struct sim_error *error)
{
    (void)key_node;
    (void)error;
    struct lint *lint = context;
    if (key->effect == NULL || (key->type == SIM_KEY_LIST && sim_key_item(key)->effect != NULL) ||
        strcmp(key->path, "regions") == 0) {
        return true;  // what it holds has rows of its own
    }
    if (lint->count == lint->capacity) {
        struct row *larger =
            sim_arena_array(lint->arena, 2 * (size_t)lint->capacity + 64, sizeof *larger);
        if (lint->count > 0) {
            memcpy(larger, lint->rows, lint->count * sizeof *larger);
        }
        lint->rows = larger;
        lint->capacity = 2 * lint->capacity + 64;
    }
    const char *reason = sim_key_without_effect(key, lint->cell, lint->scenario);
    bool fallback = node->source->kind == SIM_SOURCE_DEFAULT;
    lint->rows[lint->count] = (struct row){
        .rank = rank_of(key),
        .order = lint->count,
        .key = sim_arena_copy(lint->arena, shown, strlen(shown)),
        .value = value_text(lint->arena, key, node),
        .place = place_of(lint->arena, node),
        .effect = reason == NULL || fallback
                      ? key->effect
                      : sim_arena_format(lint->arena, "recorded without effect: %s", reason),
        .section = fallback         ? SECTION_DEFAULT
                   : reason != NULL ? SECTION_RECORDED
                                    : SECTION_EFFECT,
    };
    lint->count++;
    return true;
}

static int compare_rows(const void *left, const void *right)
{
    const struct row *a = left;
    const struct row *b = right;
    return a->rank != b->rank ? (a->rank > b->rank) - (a->rank < b->rank)
                              : (a->order > b->order) - (a->order < b->order);
}

static int width(const struct lint *lint, int column)
{
    size_t widest = 0;
    for (uint32_t i = 0; i < lint->count; i++) {
        const struct row *row = &lint->rows[i];
        size_t length = strlen(column == 0 ? row->key : column == 1 ? row->value : row->place);
        widest = length > widest ? length : widest;
    }
    return (int)widest;
}

static void print_rows(const struct lint *lint, FILE *output)
{
    static const char *const titles[SECTION_COUNT] = {"with effect", "without effect",
                                                      "left to their defaults"};
    int key_width = width(lint, 0);
    int value_width = width(lint, 1);
    int place_width = width(lint, 2);
    for (int section = 0; section < SECTION_COUNT; section++) {
        const char *title = titles[section];
        for (uint32_t i = 0; i < lint->count; i++) {
            const struct row *row = &lint->rows[i];
            if ((int)row->section != section) {
                continue;
            }
            if (title != NULL) {
                fprintf(output, "\n%s\n", title);
                title = NULL;
            }
            fprintf(output, "  %-*s  %-*s  %-*s  %s\n", key_width, row->key, value_width,
                    row->value, place_width, row->place, row->effect);
        }
    }
}

// ---- Notes ----

static void note_agents(const struct lint *lint, FILE *output)
{
    const struct sim_node *root = lint->cell->merged;
    uint32_t agents = lint->scenario->agents;
    struct sim_value declared = {.low = -1, .high = -1};
    const struct sim_node *count = sim_node_get(root, "agent_count");
    if (count != NULL) {
        sim_key_read(sim_key_find("agent_count"), "", count, &declared, NULL);
    }
    int64_t low = declared.low;
    int64_t high = declared.high;
    bool asked = sim_node_get(root, "agents") != NULL;
    if (high >= 0 && !asked && low < high) {
        fprintf(output,
                "  agent_count %" PRId64 "-%" PRId64 " runs at its upper end; --agents N or "
                "agents: N runs another size\n",
                low, high);
    }
    if (high >= 0 && (agents < low || agents > high)) {
        fprintf(output,
                "  %" PRIu32 " agents are outside the declared %" PRId64 "-%" PRId64
                ": a what-if\n",
                agents, low, high);
    }
    int64_t sum = 0;
    const struct sim_node *list = sim_node_get(root, "regions");
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        const struct sim_node *node = sim_node_get(list->entries[i].value, "agents");
        struct sim_value value;
        if (node != NULL &&
            sim_key_read(sim_key_find("regions[].agents"), "", node, &value, NULL)) {
            sum += value.high;
        }
    }
    if (sum > 0 && high >= 0 && sum != high) {
        fprintf(output,
                "  the regions add up to %" PRId64 " agents, agent_count ends at %" PRId64
                ": shared in proportion\n",
                sum, high);
    }
}

// "400" or, where they do not come out even, "333 to 334".
static void put_span(FILE *output, uint64_t least, uint64_t most)
{
    char numbers[2][SIM_COUNT_BYTES];
    fprintf(output, "%s", sim_count_text(least, numbers[0]));
    if (least < most) {
        fprintf(output, " to %s", sim_count_text(most, numbers[1]));
    }
}

static void note_hierarchy(const struct lint *lint, FILE *output)
{
    const struct sim_scenario *scenario = lint->scenario;
    struct sim_factors factors = sim_factors_of(lint->cell);
    uint64_t edges = sim_edge_count(scenario);
    uint64_t aggregators =
        (uint64_t)scenario->region_count * scenario->hierarchy.aggregators_per_region;
    char numbers[6][SIM_COUNT_BYTES];
    fprintf(output, "  %s regions x %s aggregators x %s edges x ",
            sim_count_text(scenario->region_count, numbers[0]),
            sim_count_text(factors.aggregators, numbers[1]),
            sim_count_text(factors.edges, numbers[2]));
    put_span(output, scenario->agents / edges, (scenario->agents + edges - 1) / edges);
    fprintf(output, " agents = %s; plus %s aggregators and %s coordinators\n",
            sim_count_text(scenario->agents, numbers[3]), sim_count_text(aggregators, numbers[4]),
            sim_count_text(scenario->hierarchy.coordinators, numbers[5]));
    if (scenario->agents != factors.product) {
        fprintf(output,
                "  scaled from the file's %s x %s x %s x %s = %s: regions in proportion but not "
                "below %d, the agents evenly over the edges\n",
                sim_count_text(factors.regions, numbers[0]),
                sim_count_text(factors.aggregators, numbers[1]),
                sim_count_text(factors.edges, numbers[2]),
                sim_count_text(factors.agents, numbers[3]),
                sim_count_text(factors.product, numbers[4]), SIM_SCALED_REGIONS_MIN);
    }
}

static void note_regions(const struct lint *lint, FILE *output)
{
    const struct sim_scenario *scenario = lint->scenario;
    char number[SIM_COUNT_BYTES];
    fprintf(output, "  regions:");
    for (uint32_t i = 0; i < scenario->region_count; i++) {
        const struct sim_region *region = &scenario->regions[i];
        fprintf(output, "%s %s %s", i == 0 ? "" : ",", region->name,
                sim_count_text(region->agents, number));
        if (scenario->topology == SIM_MULTI_REGION_LEADERS) {
            fprintf(output, " (%" PRIu32 " of %" PRIu32 " candidates are bridges)",
                    region->leader_count, scenario->leaders.candidates);
        }
    }
    fprintf(output, "\n");
}

static void print_notes(const struct lint *lint, FILE *output)
{
    fprintf(output, "\nnotes\n");
    note_agents(lint, output);
    if (lint->scenario->topology == SIM_HIERARCHICAL) {
        note_hierarchy(lint, output);
    } else if (lint->scenario->region_count > 1) {
        note_regions(lint, output);
    }
    fprintf(output, "  %" PRIu32 " run%s of %" PRIu32 " agents\n", lint->scenario->repeat,
            lint->scenario->repeat == 1 ? "" : "s", lint->scenario->agents);
}

static void print_heading(const struct lint *lint, const char *path, FILE *output)
{
    const struct sim_scenario *scenario = lint->scenario;
    fprintf(output, "%s: %s, %" PRIu32 " agents", path, sim_topology_name(scenario->topology),
            scenario->agents);
    if (strcmp(scenario->topology_path, path) != 0) {
        fprintf(output, ", topology from %s", scenario->topology_path);
    }
    fprintf(output, "\n");
}

// ---- The whole ----

static void print_warnings(const struct sim_scenario *scenario, FILE *output)
{
    for (uint32_t i = 0; i < scenario->warning_count; i++) {
        fprintf(output, "%swarning: %s\n", i == 0 ? "\n" : "", scenario->warnings[i]);
    }
}

// The table of the first cell; of the others, what they are. Without `output` only checks.
static bool lint_cell(struct sim_loading *loading, uint32_t index, FILE *output,
                      struct sim_error *error)
{
    struct sim_arena *scratch = sim_arena_create();
    struct sim_cell cell;
    struct sim_scenario scenario;
    struct lint lint = {.arena = scratch, .cell = &cell, .scenario = &scenario};
    const struct sim_visitor visitor = {add_row, &lint};
    bool fine = sim_loading_cell(loading, scratch, index, &cell, error) &&
                sim_bind(scratch, &cell, loading->path, &scenario, error) &&
                sim_walk(&visitor, cell.merged, error);
    if (fine && output != NULL && index == 0) {
        qsort(lint.rows, lint.count, sizeof *lint.rows, compare_rows);
        print_heading(&lint, loading->path, output);
        print_rows(&lint, output);
        sim_lint_latencies(&cell, &scenario, output);
        print_notes(&lint, output);
        print_warnings(&scenario, output);
    }
    if (fine && output != NULL && loading->sweep.cell_count > 1) {
        fprintf(output, "%s  %" PRIu32 "  %s: %s, %" PRIu32 " agents\n",
                index == 0 ? "\ncells of the sweep; the tables above are of the first\n" : "",
                index + 1, cell.text, sim_topology_name(scenario.topology), scenario.agents);
    }
    sim_arena_destroy(scratch);
    return fine;
}

bool sim_lint(const char *path, const struct sim_overrides *overrides, FILE *output,
              struct sim_error *error)
{
    struct sim_arena *arena = sim_arena_create();
    struct sim_loading loading;
    bool fine = sim_loading_start(&loading, arena, path, overrides, error);
    for (int pass = 0; pass < 2; pass++) {  // nothing is printed about a file with an error in it
        for (uint32_t i = 0; fine && i < loading.sweep.cell_count; i++) {
            fine = lint_cell(&loading, i, pass == 0 ? NULL : output, error);
        }
    }
    sim_arena_destroy(arena);
    if (fine && (fflush(output) != 0 || ferror(output))) {
        return sim_error_set(error, SIM_ERROR_IO, "cannot write what lint found");
    }
    return fine;
}
