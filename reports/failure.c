// SPDX-License-Identifier: GPL-3.0-or-later
#include "failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool report_error_set(struct report_error *error, enum report_exit code, const char *format, ...)
{
    if (error->code != REPORT_OK) {
        return false;
    }
    error->code = code;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return false;
}

void *report_resize(void *memory, size_t bytes)
{
    void *resized = realloc(memory, bytes);
    if (resized == NULL) {
        fprintf(stderr, "out of memory: %zu bytes\n", bytes);
        exit(REPORT_INTERNAL);
    }
    return resized;
}
