// SPDX-License-Identifier: GPL-3.0-or-later
// What went wrong, with the exit code it leads to. The first error wins.

#ifndef REPORT_FAILURE_H
#define REPORT_FAILURE_H

#include <stdbool.h>
#include <stddef.h>

enum report_exit {
    REPORT_OK = 0,
    REPORT_USAGE = 64,
    REPORT_INTERNAL = 70,
    REPORT_IO = 74,
};

struct report_error {
    enum report_exit code;
    char text[1024];  // one sentence, no full stop, no newline
};

// Fills `error` unless it is already set. `format` is printf's. Returns false.
__attribute__((format(printf, 3, 4))) bool report_error_set(struct report_error *error,
                                                            enum report_exit code,
                                                            const char *format, ...);

// realloc, except that it never returns NULL: without memory the program ends with exit code 70.
void *report_resize(void *memory, size_t bytes);

#endif
