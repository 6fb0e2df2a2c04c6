// SPDX-License-Identifier: GPL-3.0-or-later
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

static void print(const struct sim_page *page, const char *text)
{
    fputs("  ", page->output);
    sim_page_paragraph(page, 2, 4, text);
}

static void print_detections(const struct sim_page *page, const struct sim_summary *summary)
{
    const struct sim_statistics *statistics = summary->statistics;
    char text[512] = "";
    if (statistics[SIM_DETECTION_FIRST_MS].count > 0) {
        sim_words_append(text, sizeof text, "SWIM: %s crashed; until another member suspected it: ",
                         sim_word_count(statistics[SIM_DETECTION_FIRST_MS].count).text);
        append_times(summary, SIM_DETECTION_FIRST_MS, text, sizeof text);
        sim_words_append(text, sizeof text, "; until all did: ");
        append_times(summary, SIM_DETECTION_ALL_MS, text, sizeof text);
        print(page, text);
    }
    if (statistics[SIM_FAREWELL_MS].count > 0) {
        text[0] = '\0';
        sim_words_append(text, sizeof text,
                         "%s left and said so, of whom %.1f a run were suspected before all knew: ",
                         sim_word_count(statistics[SIM_FAREWELL_MS].count).text,
                         statistics[SIM_FAREWELLS_MISSED].mean);
        append_times(summary, SIM_FAREWELL_MS, text, sizeof text);
        print(page, text);
    }
    if (statistics[SIM_READMISSION_MS].count > 0) {
        text[0] = '\0';
        sim_words_append(text, sizeof text,
                         "%s came back; until each knew who was there and nobody doubted it: ",
                         sim_word_count(statistics[SIM_READMISSION_MS].count).text);
        append_times(summary, SIM_READMISSION_MS, text, sizeof text);
        print(page, text);
    }
}

static void print_partitions(const struct sim_page *page, const struct sim_summary *summary)
{
    const struct sim_statistics *statistics = summary->statistics;
    char text[640] = "";
    if (statistics[SIM_PARTITION_DETECTION_MS].count > 0) {
        sim_words_append(text, sizeof text,
                         "%s members were left without a majority; until each knew: ",
                         sim_word_count(statistics[SIM_PARTITION_DETECTION_MS].count).text);
        append_times(summary, SIM_PARTITION_DETECTION_MS, text, sizeof text);
        sim_words_append(text, sizeof text, "; after it healed, until all was as before: ");
        append_times(summary, SIM_PARTITION_RECOVERY_MS, text, sizeof text);
        print(page, text);
    }
    if (statistics[SIM_REFUSED_WRITES].mean > 0) {
        text[0] = '\0';
        sim_words_append(text, sizeof text,
                         "%.1f writes a run were refused for want of a majority; read-only: ",
                         statistics[SIM_REFUSED_WRITES].mean);
        append_times(summary, SIM_READ_ONLY_MS, text, sizeof text);
        print(page, text);
    }
}

// What SWIM got wrong, or that it got nothing wrong; nothing where it did not run.
static void print_errors(const struct sim_page *page, const struct sim_summary *summary)
{
    const struct sim_statistics *statistics = summary->statistics;
    char text[512] = "";
    if (statistics[SIM_FALSE_SUSPICIONS_PER_NODE_HOUR].count == 0) {
        return;
    }
    sim_words_append(text, sizeof text,
                     "SWIM, a run: %.1f false suspicions (%.2f per member and hour), %.1f false "
                     "deaths, %.2f flaps per member and hour, %.2f MB",
                     statistics[SIM_FALSE_SUSPICIONS].mean,
                     statistics[SIM_FALSE_SUSPICIONS_PER_NODE_HOUR].mean,
                     statistics[SIM_FALSE_DEATHS].mean, statistics[SIM_FLAPS_PER_NODE_HOUR].mean,
                     statistics[SIM_SWIM_BYTES].mean / 1e6);
    print(page, text);
}

void sim_block_membership(const struct sim_page *page, const struct sim_summary *summary)
{
    print_detections(page, summary);
    print_partitions(page, summary);
    print_errors(page, summary);
}
