// SPDX-License-Identifier: GPL-3.0-or-later
// A table of texts: filled row by row, printed when the widths are known.
//
//     row  agents  topology     <- titles, aligned like their columns
//       1      10  flat_mesh
//
// Columns are parted by two blanks, by one where the page is too narrow for that; where it still
// is, the optional column is left out.

#ifndef SIM_GRID_H
#define SIM_GRID_H

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

#define SIM_GRID_COLUMNS_MAX 24
#define SIM_GRID_TEXT_BYTES 96

struct sim_grid_text {
    char text[SIM_GRID_TEXT_BYTES];
    enum sim_colour colour;
};

struct sim_grid {
    char titles[SIM_GRID_COLUMNS_MAX][SIM_GRID_TEXT_BYTES];
    bool left[SIM_GRID_COLUMNS_MAX];  // aligned
    uint32_t column_count;
    uint32_t optional;            // column that may be left out; 0: none
    struct sim_grid_text *texts;  // [row_count][SIM_GRID_COLUMNS_MAX]
    uint32_t row_count;
};

// Zeroed, a grid is empty and ready. Columns come before the first row.
__attribute__((format(printf, 3, 4))) void sim_grid_column(struct sim_grid *grid, bool left,
                                                           const char *format, ...);
void sim_grid_row(struct sim_grid *grid);

// Writes into a column of the last row; the text is cut to fit.
__attribute__((format(printf, 4, 5))) void sim_grid_put(struct sim_grid *grid, uint32_t column,
                                                        enum sim_colour colour, const char *format,
                                                        ...);

// Returns whether all columns were printed.
bool sim_grid_print(const struct sim_grid *grid, const struct sim_page *page);
void sim_grid_finish(struct sim_grid *grid);

#endif
