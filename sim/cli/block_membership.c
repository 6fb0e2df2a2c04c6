// SPDX-License-Identifier: GPL-3.0-or-later
#include <inttypes.h>
#include <math.h>

#include "blocks.h"
#include "grid.h"

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

// ---- Of several rows ----

static bool has_swim(const struct sim_row *row)
{
    const struct sim_summary *summary = &row->main->summary;
    return summary->statistics[SIM_FALSE_SUSPICIONS_PER_NODE_HOUR].count > 0;
}

// SWIM's bytes of the row of the same size that has least, or 0.
static double least_bytes(const struct sim_rows *rows, const struct sim_row *row)
{
    double least = INFINITY;
    for (uint32_t i = 0; i < rows->count; i++) {
        const struct sim_finding *other = rows->items[i].main;
        if (has_swim(&rows->items[i]) &&
            other->cell->scenario->agents == row->main->cell->scenario->agents &&
            other->summary.simulated_ns == row->main->summary.simulated_ns) {
            least = fmin(least, other->summary.statistics[SIM_SWIM_BYTES].mean);
        }
    }
    return least;
}

static void put_row(struct sim_grid *grid, const struct sim_rows *rows, const struct sim_row *row)
{
    const struct sim_summary *summary = &row->main->summary;
    const struct sim_statistics *statistics = summary->statistics;
    const struct sim_statistics *calm = &statistics[SIM_MEMBERSHIP_CALM_MS];
    double least = least_bytes(rows, row);
    sim_grid_row(grid);
    sim_grid_put(grid, 0, SIM_PLAIN, "%3" PRIu32, row->number);
    sim_grid_put(grid, 1, SIM_PLAIN, "%.1f", statistics[SIM_FALSE_SUSPICIONS].mean);
    sim_grid_put(grid, 2, SIM_PLAIN, "%.1f", statistics[SIM_FALSE_DEATHS].mean);
    sim_grid_put(grid, 3, SIM_PLAIN, "%.1f", statistics[SIM_FLAPS_PER_NODE_HOUR].mean);
    sim_grid_put(grid, 4, SIM_PLAIN, "%.2f", statistics[SIM_SWIM_BYTES].mean / 1e6);
    sim_grid_put(grid, 5, SIM_PLAIN, "%.2f",
                 least > 0 ? statistics[SIM_SWIM_BYTES].mean / least : 1);
    if (calm->count > 0) {
        sim_grid_put(grid, 6, SIM_PLAIN, "%s", sim_word_ms(calm->max, summary->simulated_ns).text);
    } else {
        sim_grid_put(grid, 6, SIM_PLAIN, "-");
    }
    sim_grid_put(grid, 7, SIM_PLAIN, "%.60s", row->main->cell->scenario->name);
}

void sim_block_membership_rows(const struct sim_page *page, const struct sim_rows *rows)
{
    static const char *const titles[] = {
        "row", "false suspicions", "deaths", "flaps/h", "SWIM MB", "times", "calm ms"};
    struct sim_grid grid = {0};
    uint32_t count = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        count += has_swim(&rows->items[i]);
    }
    if (count < 2) {
        return;
    }
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        sim_grid_column(&grid, false, "%s", titles[i]);
    }
    sim_grid_column(&grid, true, "scenario");
    for (uint32_t i = 0; i < rows->count; i++) {
        if (has_swim(&rows->items[i])) {
            put_row(&grid, rows, &rows->items[i]);
        }
    }
    fputc('\n', page->output);
    sim_page_paragraph(page, 0, 8,
                       "SWIM, what it got wrong in a repetition: members suspected and taken for "
                       "dead that could answer, flaps per member and hour, its traffic and how "
                       "many times that of the least such row, until all was calm again");
    sim_grid_print(&grid, page);
    sim_grid_finish(&grid);
}
