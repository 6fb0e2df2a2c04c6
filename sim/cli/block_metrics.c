// SPDX-License-Identifier: GPL-3.0-or-later
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "blocks.h"
#include "grid.h"

static void put_time(struct sim_grid *grid, const char *name, enum sim_metric_id metric,
                     const struct sim_summary *summary)
{
    const struct sim_statistics *times = &summary->statistics[metric];
    const double figures[] = {times->p50, times->p95,  times->p99,
                              times->max, times->mean, times->sd};
    sim_grid_row(grid);
    sim_grid_put(grid, 0, SIM_PLAIN, "  %s", name);
    for (uint32_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        if (sim_metrics[metric].scale > 0 || isnan(figures[i])) {
            sim_grid_put(grid, i + 1, SIM_PLAIN, "%s",
                         sim_word_ms(figures[i], summary->simulated_ns).text);
        } else if (isinf(figures[i])) {
            double rounds = (double)summary->simulated_ns / sim_metric_scale(metric, summary);
            sim_grid_put(grid, i + 1, SIM_PLAIN, "> %s", sim_word_number(rounds).text);
        } else {
            sim_grid_put(grid, i + 1, SIM_PLAIN, "%.2f", figures[i]);
        }
    }
}

static void print_times(const struct sim_page *page, const struct sim_scenario *scenario,
                        const struct sim_summary *summary)
{
    static const struct {
        const char *name;
        enum sim_metric_id metric;
    } lines[] = {
        {"to theta, ms", SIM_CONVERGENCE_MS},
        {"to theta, rounds", SIM_CONVERGENCE_ROUNDS},
        {"of its edge, ms", SIM_EDGE_CONVERGENCE_MS},
        {"of its edge, rounds", SIM_EDGE_CONVERGENCE_ROUNDS},
        {"of its region, ms", SIM_REGION_CONVERGENCE_MS},
        {"of its region, rounds", SIM_REGION_CONVERGENCE_ROUNDS},
        {"to 50 %, ms", SIM_REACH_50_MS},
        {"to 99 %, ms", SIM_REACH_99_MS},
        {"to all, ms", SIM_REACH_ALL_MS},
        {"reports to their edge, ms", SIM_REPORT_EDGE_MS},
        {"to its aggregator, ms", SIM_REPORT_AGGREGATOR_MS},
        {"to the coordinators, ms", SIM_REPORT_GLOBAL_MS},
        {"to the coordinators, rounds", SIM_REPORT_GLOBAL_ROUNDS},
    };
    static const char *const titles[] = {"p50", "p95", "p99", "max", "mean", "sd"};
    struct sim_grid grid = {0};
    sim_grid_column(&grid, true, " ");
    for (uint32_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        sim_grid_column(&grid, false, "%s", titles[i]);
    }
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (sim_metric_applies(lines[i].metric, scenario)) {
            put_time(&grid, lines[i].name, lines[i].metric, summary);
        }
    }
    sim_grid_print(&grid, page);
    sim_grid_finish(&grid);
}

// "of the time to theta: gossip ticks 44 %, leader ticks 27 %, network 29 %". With one kind of
// ticks the table above has said it.
static void print_shares(const struct sim_page *page, const struct sim_scenario *scenario,
                         const struct sim_shares *shares)
{
    char text[256] = "of the time to theta:";
    if (isnan(shares->network) || !sim_wait_has_links(scenario)) {
        return;
    }
    for (enum sim_tick tick = 0; tick < SIM_TICK_COUNT; tick++) {
        struct sim_wait wait;
        if (sim_wait_of(scenario, tick, &wait)) {
            sim_words_append(text, sizeof text, " %s %s,", wait.ticks,
                             sim_word_percent(shares->ticks[tick]).text);
        }
    }
    sim_words_append(text, sizeof text, " network %s", sim_word_percent(shares->network).text);
    fputs("  ", page->output);
    sim_page_paragraph(page, 2, 4, text);
}

static struct sim_word count_of(const struct sim_summary *summary, enum sim_metric_id metric)
{
    double mean = summary->statistics[metric].mean;
    return isnan(mean) ? sim_word_number(mean) : sim_word_count((uint64_t)llround(mean));
}

static struct sim_word number_of(const struct sim_summary *summary, enum sim_metric_id metric)
{
    return sim_word_number(summary->statistics[metric].mean);
}

static void print_traffic(const struct sim_page *page, const struct sim_summary *summary)
{
    char text[512] = "";
    sim_words_append(
        text, sizeof text,
        "%s messages, %s bytes + %s of transport, %s MB/s, %s copies of an update sent "
        "per node, residue %s, last receipt after %s rounds",
        count_of(summary, SIM_MESSAGES).text, count_of(summary, SIM_BYTES).text,
        count_of(summary, SIM_TRANSPORT_BYTES).text,
        number_of(summary, SIM_BANDWIDTH_MB_PER_S).text,
        number_of(summary, SIM_UPDATES_SENT_PER_NODE).text, number_of(summary, SIM_RESIDUE).text,
        number_of(summary, SIM_LAST_RECEIPT_ROUNDS).text);
    fputs("  ", page->output);
    sim_page_paragraph(page, 2, 4, text);
}

static void print_finding(const struct sim_page *page, const struct sim_finding *finding)
{
    const struct sim_scenario *scenario = finding->cell->scenario;
    const struct sim_summary *summary = &finding->summary;
    fprintf(page->output,
            "\n%s: %" PRIu32 " repetition%s from seed %" PRIu64
            ", %s updates, fingerprint %016" PRIx64 "\n",
            sim_mode_name(scenario->gossip.mode), summary->run_count,
            summary->run_count == 1 ? "" : "s", scenario->seed,
            sim_word_count(summary->statistics[SIM_CONVERGENCE_MS].count).text,
            summary->fingerprint);
    print_times(page, scenario, summary);
    print_shares(page, scenario, &finding->shares);
    print_traffic(page, summary);
    sim_block_resources(page, finding);
    sim_block_aggregation(page, summary);
    sim_block_phases(page, summary);
    sim_block_faults(page, scenario, summary);
    sim_block_liars(page, summary);
    sim_block_leaders(page, summary);
    sim_block_membership(page, summary);
}

void sim_block_metrics(const struct sim_page *page, const struct sim_row *row)
{
    print_finding(page, row->main);
    for (uint32_t mode = 0; mode < SIM_MODE_COUNT; mode++) {
        if (row->beside[mode] != NULL) {
            print_finding(page, row->beside[mode]);
        }
    }
}
