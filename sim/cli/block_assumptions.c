// SPDX-License-Identifier: GPL-3.0-or-later
#include <string.h>

#include "allocate.h"
#include "blocks.h"

// An assumption's text is "value (place): what it means". Rows with the same value share an entry.
struct entry {
    struct sim_assumption assumption;
    size_t value_length;
    size_t head_length;  // value and place
    uint32_t row;
    bool told;
};

static void read_entry(const struct sim_row *row, uint32_t index, struct entry *entry)
{
    struct sim_assumption assumptions[SIM_ASSUMPTION_COUNT];
    sim_assumptions_of(row->main->cell->scenario, assumptions);
    *entry = (struct entry){.assumption = assumptions[index], .row = row->number};
    const char *text = entry->assumption.text;
    const char *colon = strstr(text, ": ");
    entry->head_length = colon == NULL ? strlen(text) : (size_t)(colon - text);
    const char *place = memmem(text, entry->head_length, " (", 2);
    entry->value_length = place == NULL ? entry->head_length : (size_t)(place - text);
}

static bool same_value(const struct entry *a, const struct entry *b)
{
    return a->value_length == b->value_length &&
           memcmp(a->assumption.text, b->assumption.text, a->value_length) == 0;
}

// "0.95 (flat.yaml:11) in rows 1-2; 0.99 (single.yaml:18) in rows 3-4"
static void append_values(const struct sim_rows *rows, struct entry *entries, bool *flags,
                          char *text, size_t capacity)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        if (entries[i].told) {
            continue;
        }
        memset(flags, false, rows->number_max * sizeof *flags);
        for (uint32_t j = i; j < rows->count; j++) {
            flags[entries[j].row - 1] = same_value(&entries[j], &entries[i]);
            entries[j].told |= flags[entries[j].row - 1];
        }
        sim_words_append(text, capacity, "%s%.*s in ", i == 0 ? "" : "; ",
                         (int)entries[i].head_length, entries[i].assumption.text);
        sim_rows_append(rows, flags, text, capacity);
    }
}

// With one value for all rows also what it means, as the first row has it.
static void tell(const struct sim_page *page, const struct sim_rows *rows, struct entry *entries,
                 bool *flags)
{
    char text[2048] = "";
    const struct entry *first = &entries[0];
    bool one = true;
    for (uint32_t i = 1; i < rows->count; i++) {
        one &= same_value(&entries[i], first);
    }
    sim_words_append(text, sizeof text, "%s: ", first->assumption.name);
    if (one) {
        const char *meaning = first->assumption.text + first->head_length;
        sim_words_append(text, sizeof text, "%.*s%s%s", (int)first->head_length,
                         first->assumption.text, meaning[0] == '\0' ? "" : "; ",
                         meaning[0] == '\0' ? "" : meaning + strlen(": "));
    } else {
        append_values(rows, entries, flags, text, sizeof text);
    }
    fputs("  ", page->output);
    sim_page_paragraph(page, 2, 4, text);
}

void sim_block_assumptions(const struct sim_page *page, const struct sim_rows *rows)
{
    struct entry *entries = sim_memory_zeroed(rows->count * sizeof *entries);
    bool *flags = sim_memory_zeroed(rows->number_max * sizeof *flags);
    fputs("\nMoves the verdict most:\n", page->output);
    for (uint32_t index = 0; index < SIM_ASSUMPTION_COUNT; index++) {
        for (uint32_t i = 0; i < rows->count; i++) {
            read_entry(&rows->items[i], index, &entries[i]);
        }
        tell(page, rows, entries, flags);
    }
    sim_memory_free(flags);
    sim_memory_free(entries);
}
