// SPDX-License-Identifier: GPL-3.0-or-later
#include "table.h"

#include <math.h>

const char table_marker[] = "<!-- What follows is written by `ninja validation-table`. -->\n";

void table_write_head(FILE *output)
{
    fputs("\n| paper | figure | published | exact | ours | 3 se | error | runs |\n"
          "|---|---|---|---|---|---|---|---|\n",
          output);
}

void table_row_start(const struct reference *reference, char text[TABLE_LINE_BYTES])
{
    static const char *const notes[] = {
        [STANDING_JUDGED] = "",
        [STANDING_ASIDE] = " (a)",
        [STANDING_REFUTED] = " (b)",
        [STANDING_LIMIT] = " (c)",
    };
    bool printed = reference->published != NULL;
    snprintf(text, TABLE_LINE_BYTES, "| %s | %s |%s%s%s |", reference->source,
             reference_figure_name(reference), printed ? " " : "",
             printed ? reference->published : "", notes[reference->standing]);
}

// As many decimals as show two digits of `error`.
static int decimals_for(double error)
{
    int decimals = error > 0 ? 1 - (int)floor(log10(error)) : 2;
    return decimals > 0 ? decimals : 0;
}

void table_write_row(FILE *output, const struct reference *reference, const struct estimate *ours)
{
    char start[TABLE_LINE_BYTES];
    table_row_start(reference, start);
    double exact = reference_exact(reference);
    int decimals = decimals_for(3 * ours->error);
    fprintf(output, "%s ", start);
    if (!isnan(exact)) {
        fprintf(output, "%.*f ", decimals + 1, exact);
    }
    double value = reference_value(reference);
    fprintf(output, "| %.*f | %.*f | %+.2f %% | %d |\n", decimals, ours->value, decimals,
            3 * ours->error, 100 * (ours->value - value) / value, ours->runs);
}
