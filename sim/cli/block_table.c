// SPDX-License-Identifier: GPL-3.0-or-later
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "allocate.h"
#include "blocks.h"
#include "decimal.h"
#include "grid.h"

static const struct sim_scenario *scenario_of(const struct sim_row *row)
{
    return row->main->cell->scenario;
}

// ---- What is judged ----

// "0.95 (rows 1-2), 0.99 (rows 3-4)"
static void append_thetas(const struct sim_rows *rows, char *text, size_t capacity)
{
    bool *flags = sim_memory_zeroed(rows->number_max * sizeof *flags);
    bool same = true;
    for (uint32_t i = 0; i < rows->count; i++) {
        uint32_t theta = scenario_of(&rows->items[i])->gossip.threshold_ppb;
        bool known = false;
        memset(flags, false, rows->number_max * sizeof *flags);
        for (uint32_t j = 0; j < rows->count; j++) {
            bool equal = scenario_of(&rows->items[j])->gossip.threshold_ppb == theta;
            flags[rows->items[j].number - 1] = equal;
            known |= equal && j < i;
            same &= equal;
        }
        char number[SIM_DECIMAL_TEXT_BYTES];
        sim_decimal_format(theta, 9, number);
        if (!known) {
            sim_words_append(text, capacity, "%s%s", i == 0 ? "" : ", ", number);
        }
        if (!known && !same) {
            sim_words_append(text, capacity, " (");
            sim_rows_append(rows, flags, text, capacity);
            sim_words_append(text, capacity, ")");
        }
    }
    sim_memory_free(flags);
}

// "; 20 repetitions of 60 updates", where it is the same for all.
static void append_amount(const struct sim_rows *rows, char *text, size_t capacity)
{
    const struct sim_scenario *first = scenario_of(&rows->items[0]);
    for (uint32_t i = 1; i < rows->count; i++) {
        const struct sim_scenario *other = scenario_of(&rows->items[i]);
        if (other->repeat != first->repeat || other->workload.updates != first->workload.updates) {
            return;
        }
    }
    sim_words_append(text, capacity, "; %" PRIu32 " repetition%s of %" PRIu32 " update%s",
                     first->repeat, first->repeat == 1 ? "" : "s", first->workload.updates,
                     first->workload.updates == 1 ? "" : "s");
}

static void print_heading(const struct sim_page *page, const struct sim_rows *rows)
{
    char text[1024] =
        "judged: p95 over updates of the time in ms until theta of the cohort hold it; "
        "theta ";
    append_thetas(rows, text, sizeof text);
    if (rows->same_mode) {
        sim_words_append(text, sizeof text, "; gossip %s",
                         sim_mode_name(scenario_of(&rows->items[0])->gossip.mode));
    }
    append_amount(rows, text, sizeof text);
    sim_page_paragraph(page, 0, 8, text);
}

// ---- Verdicts ----

static void put_verdict(struct sim_grid *grid, uint32_t column, const struct sim_finding *finding)
{
    static const struct {
        const char *name;
        enum sim_colour colour;
    } shown[] = {
        [SIM_PASS] = {"PASS", SIM_GREEN},
        [SIM_FAIL] = {"FAIL", SIM_RED},
        [SIM_INCONCLUSIVE] = {"INCONCL.", SIM_YELLOW},
        [SIM_UNMEASURED] = {"-", SIM_PLAIN},
    };
    enum sim_verdict_kind kind = finding->primary == NULL ? SIM_UNMEASURED : finding->primary->kind;
    sim_grid_put(grid, column, shown[kind].colour, "%s", shown[kind].name);
}

static void put_ms(struct sim_grid *grid, uint32_t column, const struct sim_finding *finding,
                   double ms)
{
    sim_grid_put(grid, column, SIM_PLAIN, "%s",
                 sim_word_ms(ms, finding->summary.simulated_ns).text);
}

// The settings of its sweep that no column shows: "network.loss_percent=2". A blank within a value
// does not part settings: what follows it has no '='.
static void append_rest(const char *cell, char *text, size_t capacity)
{
    static const char *const shown[] = {"topology=",
                                        "agents=",
                                        "gossip.mode=",
                                        "gossip.fanout=",
                                        "gossip.edge_to_edge=",
                                        "gossip.intra_region.fanout="};
    bool skipping = false;
    while (*cell != '\0') {
        size_t length = strcspn(cell, " ");
        if (memchr(cell, '=', length) != NULL) {
            skipping = false;
            for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
                skipping |= strncmp(cell, shown[i], strlen(shown[i])) == 0;
            }
        }
        if (!skipping) {
            sim_words_append(text, capacity, "%s%.*s", text[0] == '\0' ? "" : " ", (int)length,
                             cell);
        }
        cell += length + strspn(cell + length, " ");
    }
}

// What tells a row from the others beside the columns: its scenario, and the rest of its cell.
static void append_label(const struct sim_rows *rows, const struct sim_row *row, char *text,
                         size_t capacity)
{
    char rest[512] = "";
    append_rest(scenario_of(row)->cell, rest, sizeof rest);
    if (rows->several_files) {
        sim_words_append(text, capacity, "%s%s", scenario_of(row)->name,
                         rest[0] == '\0' ? "" : ": ");
    }
    sim_words_append(text, capacity, "%s", rest);
}

// For a page on which the column of labels has no place.
static void print_labels(const struct sim_page *page, const struct sim_rows *rows)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        char label[1024] = "";
        append_label(rows, &rows->items[i], label, sizeof label);
        if (label[0] != '\0') {
            int column = fprintf(page->output, "row %" PRIu32 ": ", rows->items[i].number);
            sim_page_paragraph(page, (uint32_t)column, 5, label);
        }
    }
}

static bool needs_labels(const struct sim_rows *rows)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        char text[8] = "";
        append_rest(scenario_of(&rows->items[i])->cell, text, sizeof text);
        if (text[0] != '\0') {
            return true;
        }
    }
    return rows->several_files;
}

static void add_verdict_columns(struct sim_grid *grid, const struct sim_rows *rows)
{
    sim_grid_column(grid, false, "row");
    sim_grid_column(grid, false, "agents");
    sim_grid_column(grid, true, "topology");
    sim_grid_column(grid, false, "k");
    if (!rows->same_mode) {
        sim_grid_column(grid, true, "mode");
    }
    sim_grid_column(grid, false, "p50");
    sim_grid_column(grid, false, "p95");
    sim_grid_column(grid, false, "target");
    sim_grid_column(grid, true, "verdict");
    for (uint32_t mode = 0; mode < SIM_MODE_COUNT; mode++) {
        if (rows->beside[mode]) {
            sim_grid_column(grid, false, "%s p95", sim_mode_name((enum mesh_mode)mode));
            sim_grid_column(grid, true, "verdict");
        }
    }
    if (needs_labels(rows)) {
        grid->optional = grid->column_count;
        sim_grid_column(grid, true, "%s", rows->several_files ? "scenario" : "with");
    }
}

static void add_verdict_row(struct sim_grid *grid, const struct sim_rows *rows,
                            const struct sim_row *row)
{
    const struct sim_finding *finding = row->main;
    const struct sim_scenario *scenario = scenario_of(row);
    uint32_t column = 0;
    sim_grid_row(grid);
    sim_grid_put(grid, column++, SIM_PLAIN, "%" PRIu32, row->number);
    sim_grid_put(grid, column++, SIM_PLAIN, "%s", sim_word_count(scenario->agents).text);
    sim_grid_put(grid, column++, SIM_PLAIN, "%s", sim_topology_name(scenario->topology));
    sim_grid_put(grid, column++, SIM_PLAIN, "%" PRIu32, scenario->gossip.fanout);
    if (!rows->same_mode) {
        sim_grid_put(grid, column++, SIM_PLAIN, "%s", sim_mode_name(scenario->gossip.mode));
    }
    put_ms(grid, column++, finding, finding->summary.statistics[SIM_CONVERGENCE_MS].p50);
    put_ms(grid, column++, finding, finding->summary.statistics[SIM_CONVERGENCE_MS].p95);
    const struct sim_verdict *primary = finding->primary;
    sim_grid_put(
        grid, column++, SIM_PLAIN, "%s",
        primary == NULL ? "-" : sim_word_number(sim_verdict_shown(primary, primary->target)).text);
    put_verdict(grid, column++, finding);
    for (uint32_t mode = 0; mode < SIM_MODE_COUNT; mode++) {
        const struct sim_finding *beside = row->beside[mode];
        if (beside != NULL) {
            put_ms(grid, column, beside, beside->summary.statistics[SIM_CONVERGENCE_MS].p95);
            put_verdict(grid, column + 1, beside);
        }
        column += rows->beside[mode] ? 2 : 0;
    }
    if (needs_labels(rows)) {
        char label[1024] = "";
        append_label(rows, row, label, sizeof label);
        sim_grid_put(grid, column, SIM_PLAIN, "%s", label);
    }
}

// ---- Shares ----

static void put_shares(struct sim_grid *grid, uint32_t column, const struct sim_finding *finding)
{
    double within = finding->primary == NULL ? NAN : finding->primary->share_within;
    double waiting = sim_shares_waiting(&finding->shares);
    sim_grid_put(grid, column, SIM_PLAIN, "%s",
                 isnan(within) ? "-" : sim_word_percent(within).text);
    sim_grid_put(grid, column + 1, SIM_PLAIN, "%s",
                 isnan(waiting) ? "-" : sim_word_percent(waiting).text);
}

static void print_shares(const struct sim_page *page, const struct sim_rows *rows)
{
    struct sim_grid grid = {0};
    const char *main =
        rows->same_mode ? sim_mode_name(scenario_of(&rows->items[0])->gossip.mode) : "its mode";
    sim_grid_column(&grid, false, "row");
    sim_grid_column(&grid, false, "%s below target", main);
    sim_grid_column(&grid, false, "waiting");
    for (uint32_t mode = 0; mode < SIM_MODE_COUNT; mode++) {
        if (rows->beside[mode]) {
            sim_grid_column(&grid, false, "%s below target", sim_mode_name((enum mesh_mode)mode));
            sim_grid_column(&grid, false, "waiting");
        }
    }
    for (uint32_t i = 0; i < rows->count; i++) {
        const struct sim_row *row = &rows->items[i];
        uint32_t column = 3;
        sim_grid_row(&grid);
        sim_grid_put(&grid, 0, SIM_PLAIN, "%" PRIu32, row->number);
        put_shares(&grid, 1, row->main);
        for (uint32_t mode = 0; mode < SIM_MODE_COUNT; mode++) {
            if (row->beside[mode] != NULL) {
                put_shares(&grid, column, row->beside[mode]);
            }
            column += rows->beside[mode] ? 2 : 0;
        }
    }
    fputc('\n', page->output);
    sim_page_paragraph(
        page, 0, 0, "share of updates below target, share of their time spent waiting for ticks");
    sim_grid_print(&grid, page);
    sim_grid_finish(&grid);
}

static void print_cut(const struct sim_page *page, const struct sim_finding *finding)
{
    if (finding != NULL && finding->interrupted) {
        fprintf(page->output,
                "row %" PRIu32 ", %s: %" PRIu32 " of %" PRIu32 " repetitions, then interrupted\n",
                finding->cell->row, sim_mode_name(finding->cell->scenario->gossip.mode),
                finding->summary.run_count, finding->cell->scenario->repeat);
    }
}

void sim_block_table(const struct sim_page *page, const struct sim_rows *rows)
{
    struct sim_grid grid = {0};
    print_heading(page, rows);
    add_verdict_columns(&grid, rows);
    for (uint32_t i = 0; i < rows->count; i++) {
        add_verdict_row(&grid, rows, &rows->items[i]);
    }
    if (!sim_grid_print(&grid, page)) {
        print_labels(page, rows);
    }
    sim_grid_finish(&grid);
    for (uint32_t i = 0; i < rows->count; i++) {
        print_cut(page, rows->items[i].main);
        for (uint32_t mode = 0; mode < SIM_MODE_COUNT; mode++) {
            print_cut(page, rows->items[i].beside[mode]);
        }
    }
    print_shares(page, rows);
}
