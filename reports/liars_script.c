// SPDX-License-Identifier: GPL-3.0-or-later
#include <inttypes.h>
#include <string.h>

#include "liars.h"
#include "text.h"

// Pixels of the picture's height.
#define TITLE_HEIGHT 62
#define HEADING_HEIGHT 44
#define ROW_HEIGHT 30
#define LINE_HEIGHT 20
#define FOOT_HEIGHT 44

// Columns, as shares of the width.
#define LABEL_END 0.16
#define GRID_START 0.17
#define GRID_END 0.66
#define LIMITS_START 0.7
#define LIMITS_END 0.97
#define LIMITS_STEP 0.065

#define LISTS_MAX 32  // behaviours, and shares, of a picture
#define TEXT_LIMIT 90
#define NAME_LIMIT 32
#define HOLDS "#0072B2"
#define BREAKS "#C44601"
#define UNTRIED "#888888"
#define GREY "textcolor rgb '#444444'"

struct layout {
    const struct report_table *table;
    const char *behaviours[LISTS_MAX];
    size_t behaviour_count;
    int64_t shares[LISTS_MAX];  // permille, ascending
    size_t share_count;
    const struct report_lying *unseen[LISTS_MAX];  // [unseen_count] one cell of each such behaviour
    size_t unseen_count;
    double height;
};

static void note_behaviour(struct layout *layout, const char *behaviour)
{
    for (size_t i = 0; i < layout->behaviour_count; i++) {
        if (strcmp(layout->behaviours[i], behaviour) == 0) {
            return;
        }
    }
    if (layout->behaviour_count < LISTS_MAX) {
        layout->behaviours[layout->behaviour_count++] = behaviour;
    }
}

static void note_share(struct layout *layout, int64_t permille)
{
    size_t place = 0;
    while (place < layout->share_count && layout->shares[place] < permille) {
        place++;
    }
    if (layout->share_count == LISTS_MAX ||
        (place < layout->share_count && layout->shares[place] == permille)) {
        return;
    }
    memmove(&layout->shares[place + 1], &layout->shares[place],
            (layout->share_count - place) * sizeof layout->shares[0]);
    layout->shares[place] = permille;
    layout->share_count++;
}

// Nobody of a share of nothing lies, detectable or not.
static void note_unseen(struct layout *layout, const struct report_lying *cell)
{
    bool known = cell->unseen[0] == '\0' || cell->permille == 0;
    for (size_t i = 0; i < layout->unseen_count; i++) {
        known |= strcmp(layout->unseen[i]->behaviour, cell->behaviour) == 0;
    }
    if (!known && layout->unseen_count < LISTS_MAX) {
        layout->unseen[layout->unseen_count++] = cell;
    }
}

static bool is_unseen(const struct layout *layout, const char *behaviour)
{
    for (size_t i = 0; i < layout->unseen_count; i++) {
        if (strcmp(layout->unseen[i]->behaviour, behaviour) == 0) {
            return true;
        }
    }
    return false;
}

static struct layout layout_of(const struct report_table *table)
{
    struct layout layout = {.table = table};
    for (size_t i = 0; i < table->count; i++) {
        note_behaviour(&layout, table->cells[i].behaviour);
        note_share(&layout, table->cells[i].permille);
        note_unseen(&layout, &table->cells[i]);
    }
    layout.height = TITLE_HEIGHT + HEADING_HEIGHT + ROW_HEIGHT * (double)layout.behaviour_count +
                    LINE_HEIGHT * (double)(table->expectation_count + layout.unseen_count) +
                    FOOT_HEIGHT;
    return layout;
}

// The last of the cells with this behaviour and share, or NULL.
static const struct report_lying *cell_of(const struct layout *layout, size_t behaviour,
                                          size_t share)
{
    const struct report_lying *found = NULL;
    for (size_t i = 0; i < layout->table->count; i++) {
        const struct report_lying *cell = &layout->table->cells[i];
        if (strcmp(cell->behaviour, layout->behaviours[behaviour]) == 0 &&
            cell->permille == layout->shares[share]) {
            found = cell;
        }
    }
    return found;
}

static double screen(const struct layout *layout, double pixels)
{
    return 1 - pixels / layout->height;
}

static double row_top(size_t row)
{
    return TITLE_HEIGHT + HEADING_HEIGHT + ROW_HEIGHT * (double)row;
}

static double column_start(const struct layout *layout, size_t share)
{
    return GRID_START + (GRID_END - GRID_START) * (double)share / (double)layout->share_count;
}

// Where the figures of an expectation stand.
static double limit_middle(const struct layout *layout, uint32_t expectation)
{
    double step = (LIMITS_END - LIMITS_START) / (double)layout->table->expectation_count;
    return LIMITS_START + (step < LIMITS_STEP ? step : LIMITS_STEP) * expectation;
}

static void put_title(FILE *output, const struct layout *layout)
{
    const struct report_run *run = layout->table->cells[0].run;
    fprintf(output,
            "set label 'What share of liars it bears' at screen 0.5, screen %.5f center font "
            "',16'\nset label '",
            screen(layout, 20));
    fputs("scenario \"", output);
    report_put_text(output, run->scenario, NAME_LIMIT);
    fputs("\", ", output);
    report_put_text(output, run->topology, NAME_LIMIT);
    fputs(", ", output);
    report_put_count(output, run->agents);
    fprintf(output,
            " agents; in each field the p95 in ms until θ of the honest hold an update' at screen "
            "0.5, screen %.5f center " GREY "\n",
            screen(layout, 44));
}

static void put_headings(FILE *output, const struct layout *layout)
{
    double y = screen(layout, TITLE_HEIGHT + HEADING_HEIGHT - 12);
    double above = screen(layout, TITLE_HEIGHT + 10);
    fprintf(output,
            "set label 'liars among the agents' at screen %.5f, screen %.5f center font ',11' " GREY
            "\n",
            0.5 * (GRID_START + GRID_END), above);
    for (size_t share = 0; share < layout->share_count; share++) {
        fprintf(output,
                "set label '%.6g %%' at screen %.5f, screen %.5f center font ',11' " GREY "\n",
                (double)layout->shares[share] / 10,
                0.5 * (column_start(layout, share) + column_start(layout, share + 1)), y);
    }
    if (layout->table->expectation_count > 0) {
        fprintf(
            output,
            "set label 'expectation holds up to' at screen %.5f, screen %.5f left font ',11' " GREY
            "\n",
            LIMITS_START - 0.02, above);
    }
    for (uint32_t i = 0; i < layout->table->expectation_count; i++) {
        fprintf(output,
                "set label '%" PRIu32 "' at screen %.5f, screen %.5f center font ',11' " GREY "\n",
                i + 1, limit_middle(layout, i), y);
    }
}

// " ✗2,4": which expectations do not hold.
static void put_failed(FILE *output, const struct report_lying *cell)
{
    const char *before = " ✗";
    for (uint32_t i = 0; i < cell->judged; i++) {
        if ((cell->failed >> i & 1) != 0) {
            fprintf(output, "%s%" PRIu32, before, i + 1);
            before = ",";
        }
    }
}

// Of what stands in a field, so that it fits.
static int font_size(const struct report_lying *cell)
{
    int failed = 0;
    for (uint32_t i = 0; i < cell->judged; i++) {
        failed += (int)(cell->failed >> i & 1);
    }
    return cell->idle || failed > 2 ? 8 : failed == 2 ? 10 : 12;
}

static void put_cell(FILE *output, const struct layout *layout, size_t behaviour, size_t share)
{
    const struct report_lying *cell = cell_of(layout, behaviour, share);
    double left = column_start(layout, share);
    double right = column_start(layout, share + 1);
    if (cell == NULL) {
        return;
    }
    fprintf(output,
            "set object rectangle from screen %.5f, screen %.5f to screen %.5f, screen %.5f "
            "fillcolor rgb '%s' fillstyle solid 0.25 border linecolor rgb '#ffffff'\n",
            left, screen(layout, row_top(behaviour) + 2), right - 0.003,
            screen(layout, row_top(behaviour) + ROW_HEIGHT - 2),
            cell->idle          ? UNTRIED
            : cell->failed == 0 ? HOLDS
                                : BREAKS);
    fputs("set label '", output);
    if (cell->idle) {
        fputs("never lied: ", output);
    }
    if (!cell->p95.known) {
        fputs("–", output);
    } else if (cell->p95.never) {
        fputs("never", output);
    } else {
        report_put_figure(output, (double)cell->p95.ns / REPORT_NS_PER_MS);
    }
    put_failed(output, cell);
    fprintf(output, "' at screen %.5f, screen %.5f center font ',%d'\n", 0.5 * (left + right),
            screen(layout, row_top(behaviour) + 0.5 * ROW_HEIGHT), font_size(cell));
}

// The largest share up to which an expectation held in all runs of a behaviour; -1: in none. Liars
// who never came to lie have tried nothing.
static int64_t limit_of(const struct layout *layout, size_t behaviour, uint32_t expectation)
{
    int64_t limit = -1;
    for (size_t share = 0; share < layout->share_count; share++) {
        const struct report_lying *cell = cell_of(layout, behaviour, share);
        if (cell == NULL || cell->idle || expectation >= cell->judged) {
            continue;
        }
        if ((cell->failed >> expectation & 1) != 0) {
            break;
        }
        limit = layout->shares[share];
    }
    return limit;
}

static void put_row(FILE *output, const struct layout *layout, size_t behaviour)
{
    double y = screen(layout, row_top(behaviour) + 0.5 * ROW_HEIGHT);
    fputs("set label '", output);
    report_put_text(output, layout->behaviours[behaviour], TEXT_LIMIT);
    fprintf(output, "%s' at screen %.5f, screen %.5f right font ',12'\n",
            is_unseen(layout, layout->behaviours[behaviour]) ? " *" : "", LABEL_END, y);
    for (size_t share = 0; share < layout->share_count; share++) {
        put_cell(output, layout, behaviour, share);
    }
    for (uint32_t i = 0; i < layout->table->expectation_count; i++) {
        int64_t limit = limit_of(layout, behaviour, i);
        fputs("set label '", output);
        if (limit < 0) {
            fputs("no share", output);
        } else {
            fprintf(output, "%.6g %%", (double)limit / 10);
        }
        fprintf(output, "' at screen %.5f, screen %.5f center font ',12'\n",
                limit_middle(layout, i), y);
    }
}

static void put_foot(FILE *output, const struct layout *layout)
{
    double top = row_top(layout->behaviour_count) + 16;
    for (uint32_t i = 0; i < layout->table->expectation_count; i++) {
        fprintf(output, "set label '%" PRIu32 "  ", i + 1);
        report_put_text(output, layout->table->expectations[i], TEXT_LIMIT);
        fprintf(output, "' at screen %.5f, screen %.5f left font ',11' " GREY "\n", GRID_START,
                screen(layout, top + LINE_HEIGHT * i));
    }
    top += LINE_HEIGHT * layout->table->expectation_count;
    fprintf(output,
            "set label 'blue: all expectations hold; orange: those after ✗ do not; grey: nobody "
            "ever lied' at screen %.5f, screen %.5f left font ',11' " GREY "\n",
            GRID_START, screen(layout, top));
    for (size_t i = 0; i < layout->unseen_count; i++) {
        top += LINE_HEIGHT;
        fputs("set label '* not detectable by this guard, ", output);
        report_put_text(output, layout->unseen[i]->behaviour, TEXT_LIMIT);
        fputs(": ", output);
        report_put_text(output, layout->unseen[i]->unseen, TEXT_LIMIT);
        fprintf(output, "' at screen %.5f, screen %.5f left font ',11' " GREY "\n", GRID_START,
                screen(layout, top));
    }
}

uint32_t report_lying_height(const struct report_table *table)
{
    return (uint32_t)layout_of(table).height;
}

void report_lying_script(FILE *output, const struct report_table *table)
{
    const struct layout layout = layout_of(table);
    fputs("set encoding utf8\nset margins 0, 0, 0, 0\nunset border\nunset tics\nunset key\n"
          "set xrange [0:1]\nset yrange [0:1]\n",
          output);
    put_title(output, &layout);
    put_headings(output, &layout);
    for (size_t behaviour = 0; behaviour < layout.behaviour_count; behaviour++) {
        put_row(output, &layout, behaviour);
    }
    put_foot(output, &layout);
    fputs("plot NaN\n", output);
}
