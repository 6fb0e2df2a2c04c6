// SPDX-License-Identifier: GPL-3.0-or-later
#include "base64.h"

#include <stdint.h>
#include <string.h>

#define LINE_BYTES 57  // that 76 characters stand for

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void write_group(const unsigned char *bytes, size_t count, FILE *output)
{
    uint32_t group = 0;
    for (size_t i = 0; i < 3; i++) {
        group = group << 8 | (i < count ? bytes[i] : 0);
    }
    for (size_t i = 0; i < 4; i++) {
        fputc(i <= count ? alphabet[group >> (18 - 6 * i) & 63] : '=', output);
    }
}

void sim_base64_write(const unsigned char *bytes, size_t count, int indent, FILE *output)
{
    for (size_t line = 0; line < count; line += LINE_BYTES) {
        size_t end = line + LINE_BYTES < count ? line + LINE_BYTES : count;
        fprintf(output, "%*s", indent, "");
        for (size_t at = line; at < end; at += 3) {
            write_group(bytes + at, end - at < 3 ? end - at : 3, output);
        }
        fputc('\n', output);
    }
}

bool sim_base64_read(const char *text, unsigned char *bytes, size_t count)
{
    uint32_t group = 0;
    uint32_t bits = 0;
    size_t filled = 0;
    for (; *text != '\0' && *text != '='; text++) {
        const char *digit = strchr(alphabet, *text);
        if (*text == '\n' || *text == ' ') {
            continue;
        }
        if (digit == NULL) {
            return false;
        }
        group = group << 6 | (uint32_t)(digit - alphabet);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            if (filled == count) {
                return false;
            }
            bytes[filled++] = (unsigned char)(group >> bits);
        }
    }
    return filled == count && text[strspn(text, "= \n")] == '\0';
}
