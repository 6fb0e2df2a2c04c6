// SPDX-License-Identifier: GPL-3.0-or-later
// write_table README.md: makes all runs of all scenarios and writes the table anew, below the
// marker. Nothing is judged here; that is what the tests do. Takes minutes.
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "program.h"
#include "reference.h"
#include "table.h"

#define LINE_BYTES 4096

// Copies what stands above the table. false: there is no marker.
static bool copy_prose(FILE *from, FILE *to)
{
    char line[LINE_BYTES];
    while (fgets(line, sizeof line, from) != NULL) {
        fputs(line, to);
        if (strcmp(line, table_marker) == 0) {
            return true;
        }
    }
    return false;
}

static bool write_rows(FILE *output)
{
    struct program_runs runs = {0};
    char problem[LINE_BYTES + 1000];
    for (int i = 0; i < reference_count; i++) {
        const struct reference *row = &references[i];
        if (i == 0 || strcmp(row->scenario, references[i - 1].scenario) != 0) {
            program_finish(&runs);
            fprintf(stderr, "%s\n", row->scenario);
            if (!program_run(row->scenario, 0, &runs, problem, sizeof problem)) {
                fprintf(stderr, "%s\n", problem);
                return false;
            }
        }
        struct estimate ours = program_estimate(&runs, row);
        table_write_row(output, row, &ours);
    }
    program_finish(&runs);
    return true;
}

static bool write_table(const char *path, const char *fresh_path)
{
    FILE *old = fopen(path, "r");
    FILE *fresh = fopen(fresh_path, "w");
    bool written = old != NULL && fresh != NULL && copy_prose(old, fresh);
    if (!written) {
        fprintf(stderr, "cannot read %s, or it has no line %s", path, table_marker);
    } else {
        table_write_head(fresh);
        written = write_rows(fresh);
    }
    if (old != NULL) {
        fclose(old);
    }
    if (fresh != NULL) {
        written &= fclose(fresh) == 0;
    }
    return written;
}

int main(int count, char **arguments)
{
    if (count != 2) {
        fputs("write_table README.md\n", stderr);
        return 64;
    }
    char fresh_path[LINE_BYTES];
    snprintf(fresh_path, sizeof fresh_path, "%s.new", arguments[1]);
    if (!write_table(arguments[1], fresh_path) || rename(fresh_path, arguments[1]) != 0) {
        remove(fresh_path);
        return 74;
    }
    return 0;
}
