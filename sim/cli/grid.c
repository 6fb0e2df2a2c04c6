// SPDX-License-Identifier: GPL-3.0-or-later
#include "grid.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "allocate.h"

#define ROW_BYTES (SIM_GRID_COLUMNS_MAX * sizeof(struct sim_grid_text))

static struct sim_grid_text *grid_row(const struct sim_grid *grid, uint32_t row)
{
    return &grid->texts[(size_t)row * SIM_GRID_COLUMNS_MAX];
}

void sim_grid_column(struct sim_grid *grid, bool left, const char *format, ...)
{
    assert(grid->column_count < SIM_GRID_COLUMNS_MAX && grid->row_count == 0);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(grid->titles[grid->column_count], SIM_GRID_TEXT_BYTES, format, arguments);
    va_end(arguments);
    grid->left[grid->column_count++] = left;
}

void sim_grid_row(struct sim_grid *grid)
{
    grid->texts = sim_memory_resize(grid->texts, (grid->row_count + 1) * ROW_BYTES);
    memset(grid_row(grid, grid->row_count), 0, ROW_BYTES);
    grid->row_count++;
}

void sim_grid_put(struct sim_grid *grid, uint32_t column, enum sim_colour colour,
                  const char *format, ...)
{
    assert(column < grid->column_count && grid->row_count > 0);
    struct sim_grid_text *text = &grid_row(grid, grid->row_count - 1)[column];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text->text, sizeof text->text, format, arguments);
    va_end(arguments);
    text->colour = colour;
}

static const char *text_at(const struct sim_grid *grid, const struct sim_grid_text *row,
                           uint32_t column)
{
    return row == NULL ? grid->titles[column] : row[column].text;
}

// Columns of width 0 are left out.
static void print_line(const struct sim_grid *grid, const struct sim_page *page,
                       const uint32_t *widths, uint32_t gap, const struct sim_grid_text *row)
{
    uint32_t last = 0;  // no blanks behind the last text
    for (uint32_t column = 0; column < grid->column_count; column++) {
        last = widths[column] == 0 || text_at(grid, row, column)[0] == '\0' ? last : column;
    }
    for (uint32_t column = 0; column <= last; column++) {
        if (widths[column] == 0) {
            continue;
        }
        fprintf(page->output, "%*s", column == 0 ? 0 : (int)gap, "");
        if (grid->left[column]) {
            sim_page_left(page, column == last ? 0 : widths[column], text_at(grid, row, column),
                          row == NULL ? SIM_PLAIN : row[column].colour);
        } else {
            sim_page_right(page, widths[column], text_at(grid, row, column));
        }
    }
    fputc('\n', page->output);
}

// The widths of the columns; returns their sum.
static uint32_t measure(const struct sim_grid *grid, uint32_t widths[SIM_GRID_COLUMNS_MAX])
{
    uint32_t total = 0;
    for (uint32_t column = 0; column < grid->column_count; column++) {
        widths[column] = sim_text_width(grid->titles[column]);
        for (uint32_t row = 0; row < grid->row_count; row++) {
            uint32_t width = sim_text_width(grid_row(grid, row)[column].text);
            widths[column] = width > widths[column] ? width : widths[column];
        }
        total += widths[column];
    }
    return total;
}

bool sim_grid_print(const struct sim_grid *grid, const struct sim_page *page)
{
    uint32_t widths[SIM_GRID_COLUMNS_MAX] = {0};
    uint32_t total = measure(grid, widths);
    uint32_t gaps = grid->column_count - 1;
    uint32_t gap = total + 2 * gaps > page->columns ? 1 : 2;
    bool whole = grid->optional == 0 || total + gaps <= page->columns;
    if (!whole) {
        widths[grid->optional] = 0;
    }
    print_line(grid, page, widths, gap, NULL);
    for (uint32_t row = 0; row < grid->row_count; row++) {
        print_line(grid, page, widths, gap, grid_row(grid, row));
    }
    return whole;
}

void sim_grid_finish(struct sim_grid *grid)
{
    sim_memory_free(grid->texts);
    *grid = (struct sim_grid){0};
}
