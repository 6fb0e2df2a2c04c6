// SPDX-License-Identifier: GPL-3.0-or-later
#include <inttypes.h>

#include "blocks.h"

static void print(const struct sim_page *page, const char *text)
{
    fputs("  ", page->output);
    sim_page_paragraph(page, 2, 4, text);
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void append_entry(const struct sim_fault_figures *figures, uint32_t i, char *text,
                         size_t capacity)
{
    const struct sim_fault_pool *entry = &figures->entries[i];
    sim_words_append(text, capacity, "fault %" PRIu32 ", %s: ", i + 1, entry->text);
    if (entry->firings == 0) {
        sim_words_append(text, capacity, "NEVER FIRED");
    } else if (entry->nodes == 0) {
        sim_words_append(text, capacity, "FIRED AT NOBODY, %s time%s",
                         sim_word_count(entry->firings).text, plural(entry->firings));
    } else {
        sim_words_append(text, capacity, "fired %s time%s, at %s node%s",
                         sim_word_count(entry->firings).text, plural(entry->firings),
                         sim_word_count(entry->nodes).text, plural(entry->nodes));
    }
}

// Over all repetitions. What never fired has tested nothing.
static void print_entries(const struct sim_page *page, const struct sim_fault_figures *figures)
{
    for (uint32_t i = 0; i < figures->entry_count; i++) {
        char text[1024] = "";
        append_entry(figures, i, text, sizeof text);
        print(page, text);
    }
}

static void print_losses(const struct sim_page *page, const struct sim_fault_figures *figures)
{
    char text[512] = "";
    sim_words_append(text, sizeof text,
                     "of these, messages: %s at nodes that were down, %s cut by partitions",
                     sim_word_count(figures->dead).text, sim_word_count(figures->cut).text);
    if (figures->refused > 0) {
        sim_words_append(text, sizeof text, ", %s refused by relays that were replaced",
                         sim_word_count(figures->refused).text);
    }
    if (figures->unwritten > 0) {
        sim_words_append(text, sizeof text,
                         "; %s of %s writes did not happen, their agents being down, paused or "
                         "without a majority",
                         sim_word_count(figures->unwritten).text,
                         sim_word_count(figures->unwritten + figures->updates).text);
    }
    if (figures->takeovers > 0) {
        sim_words_append(text, sizeof text, "; %s relay%s replaced",
                         sim_word_count(figures->takeovers).text,
                         figures->takeovers == 1 ? " was" : "s were");
    }
    print(page, text);
}

static void print_rejoins(const struct sim_page *page, const struct sim_summary *summary)
{
    const struct sim_statistics *times = &summary->statistics[SIM_REJOIN_MS];
    const struct sim_fault_figures *figures = &summary->faults;
    char text[512] = "";
    if (figures->rejoins == 0) {
        return;
    }
    sim_words_append(text, sizeof text,
                     "%s return%s of agents, until they held all that was written before: p50 %s, "
                     "p95 %s, max %s ms",
                     sim_word_count(figures->rejoins).text, plural(figures->rejoins),
                     sim_word_ms(times->p50, summary->simulated_ns).text,
                     sim_word_ms(times->p95, summary->simulated_ns).text,
                     sim_word_ms(times->max, summary->simulated_ns).text);
    if (figures->unfinished > 0) {
        sim_words_append(text, sizeof text,
                         "; %s of them had not got there at the end, or were "
                         "down again first",
                         sim_word_count(figures->unfinished).text);
    }
    print(page, text);
}

static void append_gaps(const struct sim_scenario *scenario,
                        const struct sim_fault_figures *figures, char *text, size_t capacity)
{
    sim_words_append(text, capacity, "at the end %s agent%s that %s up lack%s updates:",
                     sim_word_count(figures->lagging).text, plural(figures->lagging),
                     figures->lagging == 1 ? "is" : "are", figures->lagging == 1 ? "s" : "");
    for (uint32_t i = 0; i < figures->gap_count && figures->gaps[i].cause != SIM_GAP_DOWN;) {
        char why[SIM_REASON_BYTES];
        char members[SIM_GAP_MEMBERS_BYTES];
        uint64_t nodes;
        uint32_t end = sim_gap_end(figures, i, &nodes);
        sim_gap_text(scenario, &figures->gaps[i], why, sizeof why);
        sim_gap_members(figures, i, end, members, sizeof members);
        sim_words_append(text, capacity, "%s %s (%s): %s", i == 0 ? "" : ";",
                         sim_word_count(nodes).text, members, why);
        i = end;
    }
}

// Who is not there at the end, which is neither lagging nor convergence.
static void print_absent(const struct sim_page *page, const struct sim_fault_figures *figures)
{
    uint32_t first = 0;
    while (first < figures->gap_count && figures->gaps[first].cause != SIM_GAP_DOWN) {
        first++;
    }
    if (first < figures->gap_count) {
        char text[512] = "";
        char members[SIM_GAP_MEMBERS_BYTES];
        uint64_t nodes;
        uint32_t end = sim_gap_end(figures, first, &nodes);
        sim_gap_members(figures, first, end, members, sizeof members);
        sim_words_append(text, sizeof text, "at the end %s agent%s %s down (%s)",
                         sim_word_count(nodes).text, plural(nodes), nodes == 1 ? "is" : "are",
                         members);
        print(page, text);
    }
}

static void print_gaps(const struct sim_page *page, const struct sim_scenario *scenario,
                       const struct sim_fault_figures *figures)
{
    char text[4096] = "";
    if (figures->lagging == 0) {
        print(page, "at the end all agents that are up hold every update");
    } else {
        append_gaps(scenario, figures, text, sizeof text);
        print(page, text);
    }
    print_absent(page, figures);
}

void sim_block_faults(const struct sim_page *page, const struct sim_scenario *scenario,
                      const struct sim_summary *summary)
{
    const struct sim_fault_figures *figures = &summary->faults;
    if (figures->entry_count == 0 || figures->run_count == 0) {
        return;
    }
    print_entries(page, figures);
    print_losses(page, figures);
    print_rejoins(page, summary);
    print_gaps(page, scenario, figures);
}

// ---- Of several rows ----

// What must not be overlooked: what tested nothing, and who is left behind.
static void print_row(const struct sim_page *page, uint32_t number,
                      const struct sim_finding *finding)
{
    const struct sim_fault_figures *figures = &finding->summary.faults;
    for (uint32_t i = 0; i < figures->entry_count; i++) {
        if (figures->entries[i].firings == 0 || figures->entries[i].nodes == 0) {
            char text[1024] = "";
            sim_words_append(text, sizeof text, "row %" PRIu32 ": ", number);
            append_entry(figures, i, text, sizeof text);
            print(page, text);
        }
    }
    if (figures->lagging > 0) {
        char text[4096] = "";
        sim_words_append(text, sizeof text, "row %" PRIu32 ": ", number);
        append_gaps(finding->cell->scenario, figures, text, sizeof text);
        print(page, text);
    }
}

void sim_block_fault_rows(const struct sim_page *page, const struct sim_rows *rows)
{
    uint64_t entries = 0;
    uint64_t fired = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        const struct sim_fault_figures *figures = &rows->items[i].main->summary.faults;
        for (uint32_t j = 0; j < figures->entry_count; j++) {
            entries++;
            fired += figures->entries[j].firings > 0 && figures->entries[j].nodes > 0;
        }
    }
    if (entries == 0) {
        return;
    }
    fprintf(page->output, "\nFaults: of %s entries %s fired at somebody\n",
            sim_word_count(entries).text, fired == entries ? "all" : sim_word_count(fired).text);
    for (uint32_t i = 0; i < rows->count; i++) {
        print_row(page, rows->items[i].number, rows->items[i].main);
    }
}
