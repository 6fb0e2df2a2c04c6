// SPDX-License-Identifier: GPL-3.0-or-later
// write_table README.md: makes all runs of all scenarios and writes the table anew, below the
// marker. Nothing is judged here; that is what the tests do.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
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
        table_write_row(stderr, row, &ours);  // it may be hours until all are there
    }
    program_finish(&runs);
    return true;
}

// The whole file anew, in memory: an interrupted run leaves the old one as it was.
static bool make_text(const char *path, char **text, size_t *bytes)
{
    FILE *old = fopen(path, "r");
    if (old == NULL) {
        fprintf(stderr, "cannot read %s\n", path);
        return false;
    }
    FILE *fresh = open_memstream(text, bytes);
    bool made = fresh != NULL && copy_prose(old, fresh);
    fclose(old);
    if (!made) {
        fprintf(stderr, "%s has no line %s", path, table_marker);
    } else {
        table_write_head(fresh);
        made = write_rows(fresh);
    }
    return (fresh == NULL || fclose(fresh) == 0) && made;
}

static bool write_text(const char *path, const char *text, size_t bytes)
{
    FILE *file = fopen(path, "w");
    bool written = file != NULL && fwrite(text, 1, bytes, file) == bytes;
    return file != NULL && fclose(file) == 0 && written;
}

int main(int count, char **arguments)
{
    if (count != 2) {
        fputs("write_table README.md\n", stderr);
        return 64;
    }
    char *text = NULL;
    size_t bytes = 0;
    bool done = make_text(arguments[1], &text, &bytes) && write_text(arguments[1], text, bytes);
    free(text);
    return done ? 0 : 74;
}
