// SPDX-License-Identifier: GPL-3.0-or-later
#include <inttypes.h>

#include "blocks.h"

static void append_times(const struct sim_summary *summary, enum sim_metric_id metric, char *text,
                         size_t size)
{
    const struct sim_statistics *times = &summary->statistics[metric];
    sim_words_append(text, size, "p50 %s, p95 %s, max %s ms",
                     sim_word_ms(times->p50, summary->simulated_ns).text,
                     sim_word_ms(times->p95, summary->simulated_ns).text,
                     sim_word_ms(times->max, summary->simulated_ns).text);
}

static void print_elections(const struct sim_page *page, const struct sim_summary *summary)
{
    uint64_t count = summary->statistics[SIM_ELECTION_MS].count;
    char text[512] = "";
    if (count == 0) {
        return;
    }
    sim_words_append(
        text, sizeof text,
        "Raft: %s time%s a region lost its leader; until the next had committed an entry "
        "of its own: ",
        sim_word_count(count).text, count == 1 ? "" : "s");
    append_times(summary, SIM_ELECTION_MS, text, sizeof text);
    sim_words_append(text, sizeof text, "; without one that could commit a region was for ");
    append_times(summary, SIM_UNAVAILABLE_MS, text, sizeof text);
    fputs("  ", page->output);
    sim_page_paragraph(page, 2, 4, text);
}

static void print_failovers(const struct sim_page *page, const struct sim_summary *summary)
{
    uint64_t count = summary->statistics[SIM_FAILOVER_MS].count;
    char text[512] = "";
    if (count == 0) {
        return;
    }
    sim_words_append(text, sizeof text, "%s loss%s of active bridges; until the successor knew: ",
                     sim_word_count(count).text, count == 1 ? "" : "es");
    append_times(summary, SIM_FAILOVER_MS, text, sizeof text);
    sim_words_append(text, sizeof text, "; until it heard from another region: ");
    append_times(summary, SIM_FAILOVER_EXCHANGE_MS, text, sizeof text);
    fputs("  ", page->output);
    sim_page_paragraph(page, 2, 4, text);
}

void sim_block_leaders(const struct sim_page *page, const struct sim_summary *summary)
{
    print_elections(page, summary);
    print_failovers(page, summary);
}
