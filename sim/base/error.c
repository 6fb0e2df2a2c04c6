// SPDX-License-Identifier: GPL-3.0-or-later
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool sim_error_set(struct sim_error *error, enum sim_error_code code, const char *format, ...)
{
    if (error == NULL || error->code != SIM_OK) {
        return false;
    }
    error->code = code;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return false;
}

void sim_error_at(struct sim_error *error, const char *file, uint32_t line, uint32_t column,
                  const char *excerpt)
{
    if (error == NULL || error->line != 0) {
        return;
    }
    error->line = line;
    error->column = column;
    snprintf(error->file, sizeof error->file, "%s", file == NULL ? "" : file);
    snprintf(error->excerpt, sizeof error->excerpt, "%s", excerpt == NULL ? "" : excerpt);
    for (char *byte = error->excerpt; *byte != '\0'; byte++) {
        if ((unsigned char)*byte < ' ' || *byte == 0x7f) {
            *byte = ' ';
        }
    }
}

void sim_error_print(const struct sim_error *error)
{
    if (error->line != 0) {
        fprintf(stderr, "%s:%u:%u: ", error->file, error->line, error->column);
    } else if (error->file[0] != '\0') {
        fprintf(stderr, "%s: ", error->file);
    }
    fprintf(stderr, "%s\n", error->text);
    if (error->excerpt[0] != '\0') {
        fprintf(stderr, "  | %s\n", error->excerpt);
    }
}
