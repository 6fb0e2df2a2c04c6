// SPDX-License-Identifier: GPL-3.0-or-later
#include "sweep.h"

#include <string.h>

static bool expected(const struct sim_node *node, struct sim_error *error)
{
    char text[SIM_EXPECTED_BYTES];
    char found[SIM_DESCRIPTION_BYTES];
    sim_key_expected(sim_key_find("sweep"), text);
    sim_node_describe(node, found);
    return sim_node_fail(node, error, "sweep: expected %s, found %s", text, found);
}

static bool is_decided(const char *path, const struct sim_assignment *decided, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(decided[i].path, path) == 0) {
            return true;
        }
    }
    return false;
}

static bool read_axis(struct sim_arena *arena, const struct sim_entry *entry, struct sim_axis *axis,
                      struct sim_error *error)
{
    axis->assignment = (struct sim_assignment){
        .path = entry->key->text,
        .source = entry->key->source,
        .line = entry->key->line,
        .column = entry->key->column,
    };
    if (!sim_assignment_resolve(&axis->assignment, error)) {
        return false;
    }
    if (axis->assignment.key->type == SIM_KEY_SWEEP) {
        return sim_node_fail(entry->key, error, "a sweep cannot sweep itself");
    }
    const struct sim_node *node = entry->value;
    bool list = node->kind == SIM_NODE_LIST;
    axis->value_count = list ? node->count : 1;
    if (axis->value_count == 0) {
        return sim_node_fail(node, error, "sweep: no value for %s", entry->key->text);
    }
    axis->values = sim_arena_array(arena, axis->value_count, sizeof(struct sim_node *));
    for (uint32_t i = 0; i < axis->value_count; i++) {
        axis->values[i] = list ? node->entries[i].value : node;
        axis->assignment.value = axis->values[i];
        if (!sim_assignment_check(&axis->assignment, error)) {
            return false;
        }
        if (sim_node_render(arena, axis->values[i], SIM_SWEEP_VALUE_BYTES_MAX) == NULL) {
            return sim_node_fail(
                axis->values[i], error,
                "sweep: a value of more than %d bytes; sweep over a topology's path, "
                "or over single keys",
                SIM_SWEEP_VALUE_BYTES_MAX);
        }
    }
    return true;
}

static bool read_block(struct sim_arena *arena, const struct sim_node *node,
                       const struct sim_assignment *decided, uint32_t decided_count,
                       struct sim_block *block, struct sim_error *error)
{
    if (node->kind != SIM_NODE_MAP || node->count == 0) {
        return expected(node, error);
    }
    if (node->count > SIM_SWEEP_KEYS_MAX) {
        return sim_node_fail(node, error, "sweep: more than %d keys", SIM_SWEEP_KEYS_MAX);
    }
    block->axes = sim_arena_array(arena, node->count, sizeof *block->axes);
    block->cell_count = 1;
    for (uint32_t i = 0; i < node->count; i++) {
        struct sim_axis *axis = &block->axes[block->axis_count];
        if (!read_axis(arena, &node->entries[i], axis, error)) {
            return false;
        }
        if (is_decided(axis->assignment.path, decided, decided_count)) {
            continue;
        }
        block->axis_count++;
        uint64_t cells = (uint64_t)block->cell_count * axis->value_count;
        if (cells > SIM_SWEEP_CELLS_MAX) {
            return sim_node_fail(node->entries[i].key, error,
                                 "sweep: more than %d combinations up to here",
                                 SIM_SWEEP_CELLS_MAX);
        }
        block->cell_count = (uint32_t)cells;
    }
    return true;
}

bool sim_sweep_read(struct sim_arena *arena, const struct sim_node *node,
                    const struct sim_assignment *decided, uint32_t decided_count,
                    struct sim_sweep *sweep, struct sim_error *error)
{
    bool list = node != NULL && node->kind == SIM_NODE_LIST;
    *sweep = (struct sim_sweep){.block_count = list ? node->count : 1};
    if (list && sweep->block_count == 0) {
        return expected(node, error);
    }
    sweep->blocks = sim_arena_array(arena, sweep->block_count, sizeof *sweep->blocks);
    if (node == NULL) {
        sweep->blocks[0].cell_count = sweep->cell_count = 1;
        return true;
    }
    for (uint32_t i = 0; i < sweep->block_count; i++) {
        const struct sim_node *map = list ? node->entries[i].value : node;
        if (!read_block(arena, map, decided, decided_count, &sweep->blocks[i], error)) {
            return false;
        }
        sweep->cell_count += sweep->blocks[i].cell_count;
        if (sweep->cell_count > SIM_SWEEP_CELLS_MAX) {
            return sim_node_fail(map, error, "sweep: more than %d combinations up to here",
                                 SIM_SWEEP_CELLS_MAX);
        }
    }
    return true;
}

struct sim_assignment *sim_sweep_cell(struct sim_arena *arena, const struct sim_sweep *sweep,
                                      uint32_t cell, uint32_t *count)
{
    const struct sim_block *block = sweep->blocks;
    while (cell >= block->cell_count) {
        cell -= block->cell_count;
        block++;
    }
    *count = block->axis_count;
    struct sim_assignment *assignments = sim_arena_array(arena, *count, sizeof *assignments);
    for (uint32_t i = block->axis_count; i-- > 0;) {
        const struct sim_axis *axis = &block->axes[i];
        assignments[i] = axis->assignment;
        assignments[i].value = axis->values[cell % axis->value_count];
        cell /= axis->value_count;
    }
    return assignments;
}

const char *sim_cell_text(struct sim_arena *arena, const struct sim_assignment *assignments,
                          uint32_t count, const char *without)
{
    const char *text = "";
    for (uint32_t i = 0; i < count; i++) {
        if (without == NULL || strcmp(assignments[i].path, without) != 0) {
            text = sim_arena_format(
                arena, "%s%s%s=%s", text, text[0] == '\0' ? "" : " ", assignments[i].path,
                sim_node_render(arena, assignments[i].value, SIM_SWEEP_VALUE_BYTES_MAX));
        }
    }
    return text;
}
