// SPDX-License-Identifier: GPL-3.0-or-later
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "loading.h"

#define ZONES_OF_ALL_CELLS_MAX 1000000

// A cell on its way to a row of the verdict table.
struct row {
    const char *text;
    uint32_t cell;
};

static int compare_rows(const void *left, const void *right)
{
    const struct row *a = left;
    const struct row *b = right;
    int order = strcmp(a->text, b->text);
    return order != 0 ? order : (a->cell > b->cell) - (a->cell < b->cell);
}

// Numbers the rows in the order in which their first cells come.
static void number_rows(struct row *rows, uint32_t count, struct sim_scenario *scenarios)
{
    qsort(rows, count, sizeof *rows, compare_rows);
    for (uint32_t i = 0; i < count; i++) {  // row: first the cell with the same text
        bool same = i > 0 && strcmp(rows[i].text, rows[i - 1].text) == 0;
        scenarios[rows[i].cell].row = same ? scenarios[rows[i - 1].cell].row : rows[i].cell;
    }
    uint32_t next = 1;
    for (uint32_t i = 0; i < count; i++) {
        scenarios[i].row = scenarios[i].row == i ? next++ : scenarios[scenarios[i].row].row;
    }
}

static bool check_places(const struct sim_scenario *scenario, const struct sim_cell *cell,
                         uint64_t *zones, struct sim_error *error)
{
    for (uint32_t i = 0; i < scenario->region_count; i++) {
        *zones += scenario->regions[i].zone_count;
    }
    return *zones <= ZONES_OF_ALL_CELLS_MAX ||
           sim_node_fail(cell->topology_at, error, "the cells of the sweep hold more than %d zones",
                         ZONES_OF_ALL_CELLS_MAX);
}

static bool load_cells(struct sim_loading *loading, struct sim_scenario *scenarios,
                       struct row *rows, struct sim_error *error)
{
    uint64_t zones = 0;
    for (uint32_t i = 0; i < loading->sweep.cell_count; i++) {
        struct sim_arena *scratch = sim_arena_create();
        struct sim_cell cell;
        bool fine = sim_loading_cell(loading, scratch, i, &cell, error) &&
                    sim_bind(loading->arena, &cell, loading->path, &scenarios[i], error) &&
                    check_places(&scenarios[i], &cell, &zones, error);
        rows[i] = (struct row){cell.row_text, i};
        scenarios[i].text = loading->file->source->bytes;
        sim_arena_destroy(scratch);
        if (!fine) {
            return false;
        }
    }
    return true;
}

// The recorded cell alone: what the others read is not recorded with it.
static bool keep_recorded_cell(struct sim_loading *loading, struct sim_arena *scratch,
                               struct sim_scenario *scenario, struct sim_error *error)
{
    struct sim_cell cell;
    uint32_t index;
    uint64_t zones = 0;
    const struct sim_recorded *recorded = loading->library.recorded;
    if (!sim_loading_find_cell(loading, &index, error) ||
        !sim_loading_cell(loading, scratch, index, &cell, error) ||
        !sim_bind(loading->arena, &cell, loading->path, scenario, error) ||
        !check_places(scenario, &cell, &zones, error)) {
        return false;
    }
    scenario->text = loading->file->source->bytes;
    scenario->row = 1;
    scenario->compression = recorded->compression;
    bool compresses = scenario->network.compressor != SIM_COMPRESS_NONE;
    return compresses == (recorded->compression != NULL) ||
           sim_text_fail(error, SIM_ERROR_IO,
                         compresses ? "the recorded run lacks what its messages shrank to"
                                    : "the recorded run has figures of compression, but "
                                      "compresses nothing");
}

static bool load_recorded(struct sim_arena *arena, struct sim_loading *loading,
                          struct sim_scenario **scenarios, uint32_t *count, struct sim_error *error)
{
    struct sim_arena *scratch = sim_arena_create();
    struct sim_scenario *loaded = sim_arena_array(arena, 1, sizeof *loaded);
    bool fine = keep_recorded_cell(loading, scratch, loaded, error);
    sim_arena_destroy(scratch);
    if (fine) {
        loaded->memory = arena;
        *scenarios = loaded;
        *count = 1;
    }
    return fine;
}

bool sim_load_scenario(const char *path, const struct sim_overrides *overrides,
                       struct sim_scenario **scenarios, uint32_t *count, struct sim_error *error)
{
    struct sim_arena *arena = sim_arena_create();
    struct sim_loading loading;
    *scenarios = NULL;
    *count = 0;
    if (!sim_loading_start(&loading, arena, path, overrides, error)) {
        sim_arena_destroy(arena);
        return false;
    }
    if (loading.library.recorded != NULL) {
        bool fine = load_recorded(arena, &loading, scenarios, count, error);
        if (!fine) {
            sim_arena_destroy(arena);
        }
        return fine;
    }
    uint32_t cells = loading.sweep.cell_count;
    struct sim_scenario *loaded = sim_arena_array(arena, cells, sizeof *loaded);
    struct row *rows = sim_arena_array(arena, cells, sizeof *rows);
    if (!load_cells(&loading, loaded, rows, error)) {
        sim_arena_destroy(arena);
        return false;
    }
    number_rows(rows, cells, loaded);
    loaded[0].memory = arena;
    *scenarios = loaded;
    *count = cells;
    return true;
}

void sim_scenarios_destroy(struct sim_scenario *scenarios, uint32_t count)
{
    if (count > 0) {
        sim_arena_destroy(scenarios[0].memory);  // holds the array, too
    }
}
