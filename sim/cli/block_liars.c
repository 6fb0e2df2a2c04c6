// SPDX-License-Identifier: GPL-3.0-or-later
#include <inttypes.h>

#include "blocks.h"

static void print(const struct sim_page *page, const char *text)
{
    fputs("  ", page->output);
    sim_page_paragraph(page, 2, 4, text);
}

// Over all repetitions. Who never came to lie has tested nothing.
static void print_entries(const struct sim_page *page, const struct sim_liar_figures *figures)
{
    for (uint32_t i = 0; i < figures->entry_count; i++) {
        const struct sim_liar_pool *entry = &figures->entries[i];
        char text[1024] = "";
        sim_words_append(text, sizeof text, "liars %" PRIu32 ", %s: ", i + 1, entry->text);
        if (entry->nodes == 0) {
            sim_words_append(text, sizeof text, "NOBODY");
        } else if (entry->lies == 0) {
            sim_words_append(text, sizeof text, "%s nodes, who NEVER LIED",
                             sim_word_count(entry->nodes).text);
        } else {
            sim_words_append(text, sizeof text, "%s of %s nodes lied, in %s messages",
                             sim_word_count(entry->lying).text, sim_word_count(entry->nodes).text,
                             sim_word_count(entry->lies).text);
        }
        if (entry->unseen != NULL) {
            sim_words_append(text, sizeof text, "; not detectable by this guard: %s",
                             entry->unseen);
        }
        print(page, text);
    }
}

static void append_rejects(const struct sim_liar_figures *figures, uint32_t lies, char *text,
                           size_t size)
{
    bool any = false;
    for (uint32_t reason = 1; reason < MESH_REJECT_COUNT; reason++) {
        if (figures->rejects[lies][reason] > 0) {
            sim_words_append(text, size, "%s%s %s", any ? ", " : "",
                             sim_word_count(figures->rejects[lies][reason]).text,
                             sim_reject_name((enum mesh_reject)reason));
            any = true;
        }
    }
    if (!any) {
        sim_words_append(text, size, "nothing");
    }
}

static void print_rejects(const struct sim_page *page, const struct sim_liar_figures *figures)
{
    char text[1024] = "rejected by honest nodes, of liars: ";
    append_rejects(figures, 1, text, sizeof text);
    sim_words_append(text, sizeof text, "; of each other: ");
    append_rejects(figures, 0, text, sizeof text);
    print(page, text);
}

static void print_detections(const struct sim_page *page, const struct sim_summary *summary)
{
    const struct sim_liar_figures *figures = &summary->liars;
    const struct sim_statistics *times = &summary->statistics[SIM_DETECTION_MS];
    char text[512] = "";
    sim_words_append(text, sizeof text, "%s of %s liars were ignored by somebody honest",
                     sim_word_count(figures->caught).text, sim_word_count(figures->liars).text);
    if (figures->caught > 0) {
        sim_words_append(text, sizeof text, ", p50 %s, p95 %s ms after the first lie",
                         sim_word_ms(times->p50, summary->simulated_ns).text,
                         sim_word_ms(times->p95, summary->simulated_ns).text);
    }
    sim_words_append(text, sizeof text, "; so were %s honest nodes",
                     sim_word_count(figures->wrongly_ignored).text);
    print(page, text);
}

static void print_deceits(const struct sim_page *page, const struct sim_summary *summary)
{
    const struct sim_liar_figures *figures = &summary->liars;
    const struct sim_statistics *times = &summary->statistics[SIM_DECEIT_MS];
    char text[512] = "";
    if (figures->deceits == 0) {
        print(page, "no honest agent believed a lie");
        return;
    }
    sim_words_append(text, sizeof text,
                     "%s of %s honest agents believed one of %s lies, each for p50 %s, p95 %s, max "
                     "%s ms",
                     sim_word_count(figures->deceived).text, sim_word_count(figures->honest).text,
                     sim_word_count(figures->deceits).text,
                     sim_word_ms(times->p50, summary->simulated_ns).text,
                     sim_word_ms(times->p95, summary->simulated_ns).text,
                     sim_word_ms(times->max, summary->simulated_ns).text);
    if (figures->lasting > 0) {
        sim_words_append(text, sizeof text, "; %s are still believed",
                         sim_word_count(figures->lasting).text);
    }
    if (figures->invalid > 0) {
        sim_words_append(text, sizeof text, "; GOSSIP VALIDITY IS BROKEN");
    }
    print(page, text);
}

void sim_block_liars(const struct sim_page *page, const struct sim_summary *summary)
{
    const struct sim_liar_figures *figures = &summary->liars;
    if (figures->entry_count == 0 || figures->run_count == 0) {
        return;
    }
    print_entries(page, figures);
    print_rejects(page, figures);
    print_detections(page, summary);
    print_deceits(page, summary);
}
