// SPDX-License-Identifier: GPL-3.0-or-later
// gnuplot, run as a child process without a shell.
//
//     commands --memory file--> stdin  gnuplot  stdout --> FILE.part --complete?--> FILE
//                                      stderr --memory file--> the error message
//
// A picture appears under its name only when gnuplot has finished it: no half pictures, and an
// older one stays until then. The user's gnuplot settings are not read, so the same store gives the
// same picture.

#ifndef REPORT_PLOT_H
#define REPORT_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "failure.h"

enum report_format { REPORT_SVG, REPORT_PNG, REPORT_FORMAT_COUNT };

// "svg", "png"
const char *report_format_suffix(enum report_format format);

// gnuplot commands without a choice of terminal, and the size of the picture that they draw.
struct report_script {
    char *text;
    size_t length;
    uint32_t width;  // pixels of an SVG; a PNG has half as many again, for print
    uint32_t height;
};

// Draws `script` into the file `path`.
bool report_plot(const struct report_script *script, enum report_format format, const char *path,
                 struct report_error *error);

#endif
