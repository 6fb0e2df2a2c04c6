// SPDX-License-Identifier: GPL-3.0-or-later
#include <string.h>

#include "allocate.h"
#include "blocks.h"

// A finding whose verdict asks for a reason, in the order of the table; rows of one group share
// one.
struct entry {
    const struct sim_finding *finding;
    uint32_t row;
    bool told;
};

static bool needs_reason(const struct sim_finding *finding)
{
    return finding != NULL && finding->primary != NULL &&
           (finding->primary->kind == SIM_FAIL || finding->primary->kind == SIM_INCONCLUSIVE);
}

static bool same_intervals(const struct sim_scenario *left, const struct sim_scenario *right)
{
    bool same = left->topology == right->topology;
    for (enum sim_tick tick = 0; tick < SIM_TICK_COUNT; tick++) {
        struct sim_wait a = {0};
        struct sim_wait b = {0};
        sim_wait_of(left, tick, &a);
        sim_wait_of(right, tick, &b);
        same &= a.interval_ns == b.interval_ns;
    }
    return same;
}

static bool same_group(const struct sim_finding *a, const struct sim_finding *b)
{
    const struct sim_scenario *left = a->cell->scenario;
    const struct sim_scenario *right = b->cell->scenario;
    return a->primary->claim == b->primary->claim && a->primary->kind == b->primary->kind &&
           left->gossip.mode == right->gossip.mode && same_intervals(left, right) &&
           strcmp(left->topology_path, right->topology_path) == 0;
}

// SIM_TIME_NEVER is the largest of all.
static bool is_later(const struct sim_finding *a, const struct sim_finding *b)
{
    return a->primary->measured > b->primary->measured;
}

static void tell_group(const struct sim_page *page, const struct sim_rows *rows,
                       struct entry *entries, uint32_t count, uint32_t first, bool *flags)
{
    const struct entry *latest = &entries[first];
    uint32_t members = 0;
    char text[SIM_WHY_BYTES + 256] = "";
    memset(flags, false, rows->number_max * sizeof *flags);
    for (uint32_t i = first; i < count; i++) {
        if (same_group(entries[i].finding, entries[first].finding)) {
            entries[i].told = true;
            flags[entries[i].row - 1] = true;
            members++;
            latest = is_later(entries[i].finding, latest->finding) ? &entries[i] : latest;
        }
    }
    const struct sim_row *row = &rows->items[0];
    while (row->number != latest->row) {
        row++;
    }
    sim_rows_append(rows, flags, text, sizeof text);
    if (latest->finding != row->main) {
        sim_words_append(text, sizeof text, ", %s",
                         sim_mode_name(latest->finding->cell->scenario->gossip.mode));
    }
    if (members > 1) {
        sim_words_append(text, sizeof text, ", worst in row %u", (unsigned)latest->row);
    }
    sim_words_append(text, sizeof text, ": %s", latest->finding->primary->why);
    sim_page_paragraph(page, 5, 5, text);
}

void sim_block_reasons(const struct sim_page *page, const struct sim_rows *rows)
{
    struct entry *entries =
        sim_memory_zeroed((size_t)rows->count * (SIM_MODE_COUNT + 1) * sizeof *entries);
    bool *flags = sim_memory_zeroed(rows->number_max * sizeof *flags);
    uint32_t count = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        const struct sim_row *row = &rows->items[i];
        if (needs_reason(row->main)) {
            entries[count++] = (struct entry){row->main, row->number, false};
        }
        for (uint32_t mode = 0; mode < SIM_MODE_COUNT; mode++) {
            if (needs_reason(row->beside[mode])) {
                entries[count++] = (struct entry){row->beside[mode], row->number, false};
            }
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!entries[i].told) {
            fputs(i == 0 ? "\nWhy: " : "     ", page->output);
            tell_group(page, rows, entries, count, i, flags);
        }
    }
    sim_memory_free(flags);
    sim_memory_free(entries);
}
