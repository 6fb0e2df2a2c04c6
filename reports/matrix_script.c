// SPDX-License-Identifier: GPL-3.0-or-later
#include <inttypes.h>
#include <string.h>

#include "matrix.h"
#include "text.h"

// Pixels of the picture's height.
#define TITLE_HEIGHT 62
#define HEADING_HEIGHT 26
#define ENTRY_HEIGHT 26
#define ROW_HEIGHT_MIN 44  // a label of two lines
#define TICS_HEIGHT 78
#define LEGEND_HEIGHT 34
#define LEGEND_STEP 0.1  // of the width

// Columns, as shares of the width.
#define LABEL_END 0.232
#define MODE_END 0.308
#define AXIS_START 0.316
#define AXIS_END 0.655
#define MEASURED_START 0.664
#define TARGET_START 0.84
#define VERDICT_START 0.922

#define NAME_LIMIT 56
#define LABEL_LIMIT 34
#define CELL_LIMIT 22  // behind a scenario
#define MODE_LIMIT 10
#define CLAIM_LIMIT 10

#define GREY "textcolor rgb '#444444'"

// Colours that most colour-blind people can tell apart; the shapes help the others, and those who
// print in black and white, and the verdict stands beside them.
static const struct look {
    const char *verdict;
    const char *shown;
    const char *colour;
    int point_type;  // gnuplot's number of a shape
} looks[] = {
    {"PASS", "PASS", "#0072B2", 7},              // a disc
    {"FAIL", "FAIL", "#C44601", 13},             // a diamond
    {"INCONCLUSIVE", "INCONCL.", "#8C6D1F", 9},  // a triangle
    {"", "not judged", "#666666", 6},            // a circle
};
#define LOOK_COUNT (sizeof looks / sizeof looks[0])

struct layout {
    const struct report_entry *entries;
    size_t count;
    double start_ms;
    double end_ms;
    double body;    // pixels of all rows
    double height;  // pixels of the picture
};

static const struct look *look_of(const struct report_entry *entry)
{
    size_t index = 0;
    while (index + 1 < LOOK_COUNT &&
           (!entry->claimed || strcmp(looks[index].verdict, entry->target.verdict) != 0)) {
        index++;
    }
    return &looks[index];
}

static size_t row_end(const struct layout *layout, size_t first)
{
    size_t end = first + 1;
    while (end < layout->count &&
           layout->entries[end].run->matrix_row == layout->entries[first].run->matrix_row) {
        end++;
    }
    return end;
}

static double row_height(size_t entries)
{
    double height = ENTRY_HEIGHT * (double)entries;
    return (height < ROW_HEIGHT_MIN ? ROW_HEIGHT_MIN : height) + 10;
}

static void widen(struct layout *layout, int64_t ns)
{
    double ms = (double)ns / REPORT_NS_PER_MS;
    if (ms > 0) {
        layout->start_ms = layout->start_ms == 0 || ms < layout->start_ms ? ms : layout->start_ms;
        layout->end_ms = ms > layout->end_ms ? ms : layout->end_ms;
    }
}

static struct layout layout_of(const struct report_matrix *matrix, size_t first, size_t count)
{
    struct layout layout = {.entries = matrix->entries + first, .count = count};
    for (size_t row = 0; row < count; row = row_end(&layout, row)) {
        layout.body += row_height(row_end(&layout, row) - row);
    }
    for (size_t index = 0; index < count; index++) {
        const struct report_entry *entry = &layout.entries[index];
        widen(&layout, entry->p95.ns);
        widen(&layout, entry->low_ns);
        widen(&layout, entry->high_ns);
        widen(&layout, entry->target.ns);
    }
    if (layout.start_ms == 0) {  // no time at all
        layout.start_ms = 1;
        layout.end_ms = 1000;
    }
    layout.start_ms = report_round_down(layout.start_ms / 1.3);
    layout.end_ms =
        1.3 * (layout.end_ms > 4 * layout.start_ms ? layout.end_ms : 4 * layout.start_ms);
    layout.height = TITLE_HEIGHT + HEADING_HEIGHT + layout.body + TICS_HEIGHT + LEGEND_HEIGHT;
    return layout;
}

static double screen(const struct layout *layout, double pixels)
{
    return 1 - pixels / layout->height;
}

// ---- Words ----

static void put_title(FILE *output, const struct layout *layout)
{
    const struct report_run *run = layout->entries[0].run;
    bool interrupted = false;
    bool same_scenario = true;
    int64_t theta_min = run->theta_ppb;
    int64_t theta_max = run->theta_ppb;
    for (size_t index = 0; index < layout->count; index++) {
        const struct report_run *other = layout->entries[index].run;
        interrupted |= other->interrupted;
        same_scenario &= strcmp(run->scenario, other->scenario) == 0;
        theta_min = other->theta_ppb < theta_min ? other->theta_ppb : theta_min;
        theta_max = other->theta_ppb > theta_max ? other->theta_ppb : theta_max;
    }
    fprintf(output,
            "set label 'Convergence against the claims%s' at screen 0.5, screen %.5f center "
            "font ',16'\nset label '",
            interrupted ? ": INTERRUPTED in part" : "", screen(layout, 20));
    if (same_scenario) {
        fputs("scenario \"", output);
        report_put_text(output, run->scenario, NAME_LIMIT);
        fputs("\", ", output);
    }
    fprintf(output, "p95 over updates of the time until θ of the agents hold them, θ = %.6g %%",
            (double)theta_min / REPORT_PPB_PER_PERCENT);
    if (theta_max != theta_min) {
        fprintf(output, " to %.6g %%", (double)theta_max / REPORT_PPB_PER_PERCENT);
    }
    fprintf(output, "' at screen 0.5, screen %.5f center " GREY "\n", screen(layout, 44));
}

static void put_headings(FILE *output, const struct layout *layout)
{
    static const struct {
        const char *text;
        double at;
        const char *side;
    } headings[] = {
        {"agents, topology", LABEL_END, "right"},
        {"mode", MODE_END, "right"},
        {"p95 [95 % interval], ms", MEASURED_START, "left"},
        {"target", TARGET_START, "left"},
        {"verdict", VERDICT_START, "left"},
    };
    for (size_t index = 0; index < sizeof headings / sizeof headings[0]; index++) {
        fprintf(output, "set label '%s' at screen %.3f, screen %.5f %s font ',11' " GREY "\n",
                headings[index].text, headings[index].at,
                screen(layout, TITLE_HEIGHT + 0.5 * HEADING_HEIGHT), headings[index].side);
    }
}

static bool scenarios_differ(const struct layout *layout)
{
    for (size_t index = 1; index < layout->count; index++) {
        if (strcmp(layout->entries[index].run->scenario, layout->entries[0].run->scenario) != 0) {
            return true;
        }
    }
    return false;
}

// Whether the mesh alone does not tell a row from others: its scenario and its cell do then.
static bool needs_more(const struct layout *layout, size_t row)
{
    const struct report_run *run = layout->entries[row].run;
    for (size_t index = 0; index < layout->count; index++) {
        const struct report_run *other = layout->entries[index].run;
        if (other->matrix_row != run->matrix_row && report_same_mesh(other, run)) {
            return true;
        }
    }
    return scenarios_differ(layout);
}

static void put_row_label(FILE *output, const struct layout *layout, size_t row, double middle)
{
    const struct report_run *run = layout->entries[row].run;
    bool more = needs_more(layout, row);
    fputs("set label '", output);
    report_put_count(output, run->agents);
    fputc(' ', output);
    report_put_text(output, run->topology, LABEL_LIMIT - 10);
    fprintf(output, "' at screen %.3f, first %.9g right font ',12'\n", LABEL_END,
            middle - (more ? 9 : 0));
    if (more) {
        bool by_scenario = scenarios_differ(layout) || run->cell[0] == '\0';
        fputs("set label '", output);
        if (by_scenario) {
            report_put_text(output, run->scenario, LABEL_LIMIT);
        }
        if (run->cell[0] != '\0') {
            fputs(by_scenario ? ": " : "", output);
            report_put_settings(output, run->cell, by_scenario ? CELL_LIMIT : LABEL_LIMIT);
        }
        fprintf(output, "' at screen %.3f, first %.9g right font ',10' " GREY "\n", LABEL_END,
                middle + 9);
    }
}

static void put_measured(FILE *output, const struct report_entry *entry)
{
    if (entry->run->interrupted) {
        fprintf(output, "interrupted: %" PRId64 " of %" PRId64, entry->run->finished,
                entry->run->repeat);
        return;
    }
    if (!entry->p95.known) {
        fputc('-', output);
        return;
    }
    if (entry->p95.never) {
        fputs("never", output);
    } else {
        report_put_figure(output, (double)entry->p95.ns / REPORT_NS_PER_MS);
    }
    if (entry->has_interval) {
        fputs(" [", output);
        report_put_figure(output, (double)entry->low_ns / REPORT_NS_PER_MS);
        fputs(", ", output);
        if (entry->open_ended) {
            fputs("never]", output);
        } else {
            report_put_figure(output, (double)entry->high_ns / REPORT_NS_PER_MS);
            fputc(']', output);
        }
    }
}

static void put_columns(FILE *output, const struct report_entry *entry, double y)
{
    const struct look *look = look_of(entry);
    fputs("set label '", output);
    report_put_text(output, entry->run->mode, MODE_LIMIT);
    fprintf(output, "' at screen %.3f, first %.9g right font ',12' " GREY "\nset label '", MODE_END,
            y);
    put_measured(output, entry);
    fprintf(output, "' at screen %.3f, first %.9g left font ',12'\nset label '", MEASURED_START, y);
    report_put_text(output, entry->claimed ? entry->target.claim : "-", CLAIM_LIMIT);
    fprintf(output, "' at screen %.3f, first %.9g left font ',12'\nset label '", TARGET_START, y);
    fputs(entry->claimed ? look->shown : "-", output);
    fprintf(output, "' at screen %.3f, first %.9g left font ',12' textcolor rgb '%s'\n",
            VERDICT_START, y, look->colour);
}

// ---- Marks ----

static void put_target(FILE *output, const struct report_entry *entry, double y)
{
    if (entry->claimed) {
        double ms = (double)entry->target.ns / REPORT_NS_PER_MS;
        fprintf(output,
                "set arrow from first %.9g, first %.9g to first %.9g, first %.9g nohead back "
                "linewidth 2.4 linecolor rgb '#000000'\n",
                ms, y - 0.5 * ENTRY_HEIGHT, ms, y + 0.5 * ENTRY_HEIGHT);
    }
}

// An update that never arrives is further to the right than every time.
static void put_never(FILE *output, const struct layout *layout, const struct report_entry *entry,
                      double y)
{
    double from_ms =
        entry->has_interval ? (double)entry->low_ns / REPORT_NS_PER_MS : layout->end_ms / 1.2;
    fprintf(output,
            "set arrow from first %.9g, first %.9g to first %.9g, first %.9g head filled front "
            "linewidth 1.8 linecolor rgb '%s'\n",
            from_ms, y, layout->end_ms, y, look_of(entry)->colour);
}

static void put_entry(FILE *output, const struct layout *layout, const struct report_entry *entry,
                      double y)
{
    put_columns(output, entry, y);
    put_target(output, entry, y);
    if (entry->p95.never || (entry->has_interval && entry->open_ended)) {
        put_never(output, layout, entry, y);
    }
}

// The middle of each entry's line, in pixels below the top of the axes.
static double entry_middle(double top, double height, size_t entries, size_t index)
{
    return top + 0.5 * height + ENTRY_HEIGHT * ((double)index - 0.5 * ((double)entries - 1));
}

static void put_rows(FILE *output, const struct layout *layout)
{
    double top = 0;
    bool shaded = false;
    for (size_t row = 0; row < layout->count; shaded = !shaded) {
        size_t entries = row_end(layout, row) - row;
        double height = row_height(entries);
        if (shaded) {
            fprintf(output,
                    "set object rectangle from screen 0.01, first %.9g to screen 0.99, first %.9g "
                    "behind fillcolor rgb '#f3f3f3' fillstyle solid noborder\n",
                    top, top + height);
        }
        put_row_label(output, layout, row, top + 0.5 * height);
        for (size_t index = 0; index < entries; index++) {
            put_entry(output, layout, &layout->entries[row + index],
                      entry_middle(top, height, entries, index));
        }
        top += height;
        row += entries;
    }
}

static void put_axes(FILE *output, const struct layout *layout)
{
    double top = TITLE_HEIGHT + HEADING_HEIGHT;
    fprintf(output,
            "set encoding utf8\n"
            "set margins screen %.3f, screen %.3f, screen %.5f, screen %.5f\n"
            "set border 1 linecolor rgb '#444444'\n"
            "set tics nomirror out\n"
            "set grid xtics linetype 1 linecolor rgb '#dddddd' linewidth 0.6\n"
            "set yrange [%.9g:0]\n"
            "unset ytics\n"
            "set xlabel 'time since the write [ms], logarithmic'\n"
            "unset key\n",
            AXIS_START, AXIS_END, screen(layout, top + layout->body), screen(layout, top),
            layout->body);
    report_put_log_axis(output, layout->start_ms, layout->end_ms);
}

// Words of the legend, each beside its mark.
static void put_legend(FILE *output, const struct layout *layout)
{
    double y = screen(layout, layout->height - 0.5 * LEGEND_HEIGHT);
    const size_t steps = LOOK_COUNT + 1;
    double width = LEGEND_STEP * (double)steps;
    double x = 0.5 * (AXIS_START + AXIS_END) - 0.5 * width;
    fprintf(output,
            "set label '│ target' at screen %.5f, screen %.5f left font ',12'\n"
            "set label '├─┤ 95 %% interval' at screen %.5f, screen %.5f left font ',12' " GREY "\n",
            x, y, x + width, y);
    for (size_t index = 0; index < LOOK_COUNT; index++) {
        x += LEGEND_STEP;
        fprintf(output,
                "set label '' at screen %.5f, screen %.5f point pointtype %d pointsize 1.2 "
                "linewidth 1.6 linecolor rgb '%s'\n"
                "set label '%s' at screen %.5f, screen %.5f left font ',12' textcolor rgb '%s'\n",
                x, y, looks[index].point_type, looks[index].colour, looks[index].shown, x + 0.012,
                y, looks[index].colour);
    }
}

static void put_marks(FILE *output, const struct layout *layout)
{
    double top = 0;
    fputs("plot NaN", output);
    for (size_t row = 0; row < layout->count;) {
        size_t entries = row_end(layout, row) - row;
        double height = row_height(entries);
        for (size_t index = 0; index < entries; index++) {
            const struct report_entry *entry = &layout->entries[row + index];
            const struct look *look = look_of(entry);
            double ms = (double)entry->p95.ns / REPORT_NS_PER_MS;
            bool barred = entry->has_interval && !entry->open_ended;
            if (!entry->p95.known || entry->p95.never || ms <= 0) {
                continue;
            }
            fprintf(output, ", \\\n  '+' using (%.9g):(%.9g)", ms,
                    entry_middle(top, height, entries, index));
            if (barred) {
                double low_ms = (double)entry->low_ns / REPORT_NS_PER_MS;
                fprintf(output, ":(%.9g):(%.9g)", low_ms > 0 ? low_ms : ms,
                        (double)entry->high_ns / REPORT_NS_PER_MS);
            }
            fprintf(output,
                    " every ::0::0 with %s pointtype %d pointsize 1.2 linewidth 1.6 linecolor "
                    "rgb '%s' notitle",
                    barred ? "xerrorbars" : "points", look->point_type, look->colour);
        }
        top += height;
        row += entries;
    }
    fputc('\n', output);
}

uint32_t report_matrix_height(const struct report_matrix *matrix, size_t first, size_t count)
{
    return (uint32_t)layout_of(matrix, first, count).height;
}

void report_matrix_script(FILE *output, const struct report_matrix *matrix, size_t first,
                          size_t count)
{
    struct layout layout = layout_of(matrix, first, count);
    put_axes(output, &layout);
    put_title(output, &layout);
    put_headings(output, &layout);
    put_rows(output, &layout);
    put_legend(output, &layout);
    put_marks(output, &layout);
}
