// SPDX-License-Identifier: GPL-3.0-or-later
// Base64 (RFC 4648, section 4), in lines.

#ifndef SIM_BASE64_H
#define SIM_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

// Writes lines of up to 76 characters, each behind `indent` blanks.
void sim_base64_write(const unsigned char *bytes, size_t count, int indent, FILE *output);

// Reads exactly `count` bytes; blanks and line ends between the characters do not count.
bool sim_base64_read(const char *text, unsigned char *bytes, size_t count);

#endif
