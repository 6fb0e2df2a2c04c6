// SPDX-License-Identifier: GPL-3.0-or-later
#include <inttypes.h>

#include "blocks.h"
#include "grid.h"

static void print_times(const struct sim_page *page, const struct sim_aggregation *aggregation,
                        uint64_t simulated_ns)
{
    static const char *const titles[] = {"p50", "p95", "p99", "max", "mean", "sd"};
    static const char *const names[SIM_REPORT_REACH_COUNT] = {
        [SIM_REPORT_EDGE] = "reports to theta of the edge, ms",
        [SIM_REPORT_AGGREGATOR] = "up to its aggregator, ms",
        [SIM_REPORT_COORDINATORS] = "up to theta of the coordinators, ms",
    };
    struct sim_grid grid = {0};
    sim_grid_column(&grid, true, " ");
    for (uint32_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        sim_grid_column(&grid, false, "%s", titles[i]);
    }
    for (uint32_t reach = 0; reach < SIM_REPORT_REACH_COUNT; reach++) {
        const struct sim_statistics *times = &aggregation->times[reach];
        const double figures[] = {times->p50, times->p95,  times->p99,
                                  times->max, times->mean, times->sd};
        sim_grid_row(&grid);
        sim_grid_put(&grid, 0, SIM_PLAIN, "  %s", names[reach]);
        for (uint32_t i = 0; i < sizeof figures / sizeof *figures; i++) {
            sim_grid_put(&grid, i + 1, SIM_PLAIN, "%s", sim_word_ms(figures[i], simulated_ns).text);
        }
    }
    sim_grid_print(&grid, page);
    sim_grid_finish(&grid);
}

// As the document's State Aggregation Example has it.
static void print_total(const struct sim_page *page, const struct mesh_total *total)
{
    char text[512] = "";
    sim_words_append(
        text, sizeof text,
        "coordinators' total: %s executions, %s active tasks, completion rate %s, average latency "
        "%s ms; %s regions, %s aggregators, %s edges, %s agents",
        sim_word_count((uint64_t)total->sums.executions).text,
        sim_word_count((uint64_t)total->sums.active_tasks).text,
        sim_word_number(1e-9 * mesh_sums_completion_ppb(&total->sums)).text,
        sim_word_number(1e-3 * mesh_sums_latency_us(&total->sums)).text,
        sim_word_count(total->regions).text, sim_word_count(total->aggregators).text,
        sim_word_count(total->edges).text, sim_word_count(total->reports).text);
    fputs("  ", page->output);
    sim_page_paragraph(page, 2, 4, text);
}

void sim_block_aggregation(const struct sim_page *page, const struct sim_summary *summary)
{
    if (summary->aggregation.total.reports == 0) {
        return;
    }
    print_times(page, &summary->aggregation, summary->simulated_ns);
    print_total(page, &summary->aggregation.total);
}
