// SPDX-License-Identifier: GPL-3.0-or-later
#include "rows.h"

#include "allocate.h"
#include "text.h"

static enum mesh_mode mode_of(const struct sim_finding *finding)
{
    return finding->cell->scenario->gossip.mode;
}

// The row of that number, inserted where it belongs when it is new.
static struct sim_row *row_at(struct sim_rows *rows, uint32_t number)
{
    uint32_t at = rows->count;
    while (at > 0 && rows->items[at - 1].number >= number) {
        at--;
    }
    if (at < rows->count && rows->items[at].number == number) {
        return &rows->items[at];
    }
    for (uint32_t i = rows->count++; i > at; i--) {
        rows->items[i] = rows->items[i - 1];
    }
    rows->items[at] = (struct sim_row){.number = number};
    return &rows->items[at];
}

void sim_rows_init(struct sim_rows *rows, const struct sim_finding *findings, uint32_t count)
{
    *rows = (struct sim_rows){.same_mode = true};
    rows->items = sim_memory_zeroed(count * sizeof *rows->items);
    for (uint32_t i = 0; i < count; i++) {
        struct sim_row *row = row_at(rows, findings[i].cell->row);
        bool leads = row->main == NULL ||
                     (mode_of(row->main) == MESH_EAGER && mode_of(&findings[i]) != MESH_EAGER);
        const struct sim_finding *beside = leads ? row->main : &findings[i];
        row->main = leads ? &findings[i] : row->main;
        if (beside != NULL) {
            row->beside[mode_of(beside)] = beside;
        }
        rows->several_files |= findings[i].cell->file != findings[0].cell->file;
    }
    for (uint32_t i = 0; i < rows->count; i++) {
        rows->same_mode &= mode_of(rows->items[i].main) == mode_of(rows->items[0].main);
        for (uint32_t mode = 0; mode < SIM_MODE_COUNT; mode++) {
            rows->beside[mode] |= rows->items[i].beside[mode] != NULL;
        }
    }
    rows->number_max = rows->count == 0 ? 0 : rows->items[rows->count - 1].number;
}

void sim_rows_finish(struct sim_rows *rows)
{
    sim_memory_free(rows->items);
}

void sim_rows_append(const struct sim_rows *rows, const bool *flags, char *text, size_t capacity)
{
    uint32_t set = 0;
    for (uint32_t i = 0; i < rows->number_max; i++) {
        set += flags[i];
    }
    sim_words_append(text, capacity, set == 1 ? "row " : "rows ");
    sim_words_append_rows(flags, rows->number_max, text, capacity);
}
