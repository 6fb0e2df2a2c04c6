// SPDX-License-Identifier: GPL-3.0-or-later
// The table of README.md: a line for each row of the list of references.
//
//    | paper | figure | published | exact | ours | 3 se | error | runs |

#ifndef TABLE_H
#define TABLE_H

#include <stdio.h>

#include "reference.h"

#define TABLE_LINE_BYTES 512

// The line of README.md below which the table stands; nothing follows it.
extern const char table_marker[];

void table_write_head(FILE *output);
void table_write_row(FILE *output, const struct reference *reference, const struct estimate *ours);

// The columns that do not depend on a run: paper, figure and published, each with its bars.
void table_row_start(const struct reference *reference, char text[TABLE_LINE_BYTES]);

#endif
