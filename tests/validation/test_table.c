// SPDX-License-Identifier: GPL-3.0-or-later
// The committed table has the rows of the list, in its order, and each with figures.

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reference.h"
#include "table.h"

static FILE *open_readme(void)
{
    const char *path = getenv("MESHSIM_VALIDATION_README");
    cr_assert(path, "MESHSIM_VALIDATION_README is not set: run this test through meson");
    FILE *readme = fopen(path, "r");
    cr_assert(readme, "cannot read %s", path);
    return readme;
}

// Moves behind the marker and the two lines of the head.
static void skip_prose(FILE *readme)
{
    char line[4096];
    bool found = false;
    while (!found && fgets(line, sizeof line, readme) != NULL) {
        found = strcmp(line, table_marker) == 0;
    }
    cr_assert(found, "no marker in README.md");
    for (int skipped = 0; skipped < 3; skipped++) {
        cr_assert(fgets(line, sizeof line, readme));
    }
}

Test(table, the_committed_table_has_every_reference_in_order_with_figures)
{
    FILE *readme = open_readme();
    skip_prose(readme);
    char line[4096];
    for (int i = 0; i < reference_count; i++) {
        char start[TABLE_LINE_BYTES];
        table_row_start(&references[i], start);
        cr_assert(fgets(line, sizeof line, readme), "the table ends before: %s", start);
        cr_assert(strncmp(line, start, strlen(start)) == 0, "instead of  %s ...\nstands      %s",
                  start, line);
        int bars = 0;
        for (const char *at = line + strlen(start); *at != '\0'; at++) {
            bars += *at == '|';
        }
        cr_assert_eq(bars, 5, "columns are missing in %s", line);
        const char *ours = strchr(line + strlen(start), '|') + 1;
        char *end;
        strtod(ours, &end);
        cr_assert(end > ours, "no figure of ours in %s", line);
    }
    cr_expect_not(fgets(line, sizeof line, readme), "more than the list has: %s", line);
    fclose(readme);
}

Test(table, a_row_shows_what_is_known_with_two_digits_of_its_error)
{
    struct reference row = {.source = "Somebody, Table 1",
                            .figure = FIGURE_LAST,
                            .published = "17.4",
                            .standing = STANDING_ASIDE};
    struct estimate ours = {.value = 17.3214, .error = 0.0412, .runs = 600};
    char *text = NULL;
    size_t bytes = 0;
    FILE *output = open_memstream(&text, &bytes);
    cr_assert(output);
    table_write_row(output, &row, &ours);
    row.figure = FIGURE_ROUNDS;
    row.published = NULL;
    row.standing = STANDING_JUDGED;
    row.exact = (struct exact){.chain = EXACT_POISSON, .nodes = 2};
    ours = (struct estimate){.value = 0.99, .error = 0.01, .runs = 10};
    table_write_row(output, &row, &ours);
    fclose(output);
    cr_expect_str_eq(text,
                     "| Somebody, Table 1 | t_last | 17.4 (a) | | 17.32 | 0.12 | -0.45 % | 600 |\n"
                     "| Somebody, Table 1 | rounds | | 1.0000 | 0.990 | 0.030 | -1.00 % | 10 |\n");
    free(text);
}
