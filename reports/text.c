// SPDX-License-Identifier: GPL-3.0-or-later
#include "text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define ALL_TICKS_FACTOR 300  // a wider axis has ticks at the powers of ten alone

// Length of the UTF-8 sequence at `text`, 0 when it is not one (RFC 3629, without the subtleties of
// surrogates, which do no harm here).
static size_t sequence_length(const unsigned char *text)
{
    size_t length = text[0] < 0x80                      ? 1
                    : text[0] >= 0xC2 && text[0] < 0xE0 ? 2
                    : text[0] >= 0xE0 && text[0] < 0xF0 ? 3
                    : text[0] >= 0xF0 && text[0] < 0xF5 ? 4
                                                        : 0;
    for (size_t index = 1; index < length; index++) {
        if ((text[index] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return length;
}

// Between single quotes gnuplot expands nothing, and a quote is written twice. Control bytes become
// blanks and bytes that are not UTF-8 question marks, since both would break an SVG file.
void report_put_text(FILE *output, const char *text, uint32_t limit)
{
    const unsigned char *next = (const unsigned char *)text;
    for (uint32_t count = 0; *next != '\0'; count++) {
        if (count == limit) {
            fputs("…", output);
            return;
        }
        size_t length = sequence_length(next);
        if (length == 0) {
            fputc('?', output);
            length = 1;
        } else if (*next < ' ' || *next == 0x7F) {
            fputc(' ', output);
        } else if (*next == '\'') {
            fputs("''", output);
        } else {
            fwrite(next, 1, length, output);
        }
        next += length;
    }
}

void report_put_settings(FILE *output, const char *cell, uint32_t limit)
{
    char brief[256];
    size_t used = 0;
    for (const char *word = cell; *word != '\0' && used + 1 < sizeof brief;) {
        size_t length = strcspn(word, " ");
        size_t key = strcspn(word, "= ");
        const char *dot = word[key] == '=' ? memrchr(word, '.', key) : NULL;
        const char *start = dot == NULL ? word : dot + 1;
        int written = snprintf(brief + used, sizeof brief - used, "%s%.*s", used == 0 ? "" : " ",
                               (int)(word + length - start), start);
        used += (size_t)written;
        word += length + strspn(word + length, " ");
    }
    brief[used < sizeof brief ? used : sizeof brief - 1] = '\0';
    report_put_text(output, brief, limit);
}

void report_put_html(FILE *output, const char *text)
{
    const unsigned char *next = (const unsigned char *)text;
    while (*next != '\0') {
        size_t length = sequence_length(next);
        switch (*next) {
        case '&': fputs("&amp;", output); break;
        case '<': fputs("&lt;", output); break;
        case '>': fputs("&gt;", output); break;
        case '"': fputs("&quot;", output); break;
        case '\'': fputs("&#39;", output); break;
        case '\n': fputc('\n', output); break;
        default:
            if (length == 0) {
                fputc('?', output);
                length = 1;
            } else if (*next < ' ' || *next == 0x7F) {
                fputc(' ', output);
            } else {
                fwrite(next, 1, length, output);
            }
        }
        next += length;
    }
}

void report_put_count(FILE *output, int64_t count)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRId64, count);
    int first = count < 0 ? 1 : 0;
    for (int index = 0; index < length; index++) {
        if (index > first && (length - index) % 3 == 0) {
            fputc(',', output);
        }
        fputc(digits[index], output);
    }
}

// Two or three significant digits; no decimals of what is large.
void report_put_figure(FILE *output, double value)
{
    if (value == 0) {
        fputc('0', output);
    } else if (value < 0.095) {
        fprintf(output, "%.2g", value);
    } else if (value < 99.95) {
        fprintf(output, "%.1f", value);
    } else {
        report_put_count(output, (int64_t)(value + 0.5));
    }
}

void report_put_ms(FILE *output, int64_t ns)
{
    report_put_figure(output, (double)ns / REPORT_NS_PER_MS);
    fputs(" ms", output);
}

void report_put_bytes(FILE *output, double bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    size_t unit = 0;
    while (bytes >= 999.5 && unit + 1 < sizeof units / sizeof units[0]) {
        bytes /= 1000;
        unit++;
    }
    if (unit == 0) {
        report_put_count(output, (int64_t)(bytes + 0.5));
    } else {
        report_put_figure(output, bytes);
    }
    fprintf(output, " %s", units[unit]);
}

void report_put_value(FILE *output, const char *unit, int64_t value)
{
    if (strcmp(unit, "ns") == 0) {
        report_put_ms(output, value);
    } else if (strcmp(unit, "bytes") == 0) {
        report_put_bytes(output, (double)value);
    } else if (strcmp(unit, "bytes/s") == 0) {
        report_put_bytes(output, (double)value);
        fputs("/s", output);
    } else if (strcmp(unit, "ppb") == 0) {
        fprintf(output, "%.6g", (double)value / 1e9);
    } else {
        report_put_count(output, value);
        if (strcmp(unit, "count") != 0) {
            fputc(' ', output);
            report_put_html(output, unit);
        }
    }
}

double report_round_down(double value)
{
    double power = 1;
    while (power > value) {
        power /= 10;
    }
    while (power * 10 <= value) {
        power *= 10;
    }
    return value >= 5 * power ? 5 * power : value >= 2 * power ? 2 * power : power;
}

static void put_tick(FILE *output, double ms, bool first)
{
    fputs(first ? "'" : ", '", output);
    if (ms >= 1) {
        report_put_count(output, (int64_t)(ms + 0.5));
    } else {
        fprintf(output, "%.6g", ms);
    }
    fprintf(output, "' %.9g", ms);
}

void report_put_log_axis(FILE *output, double start_ms, double end_ms)
{
    static const double steps[] = {1, 2, 5};
    size_t step_count = end_ms / start_ms > ALL_TICKS_FACTOR ? 1 : 3;
    double power = 1;
    while (power > start_ms) {
        power /= 10;
    }
    while (power * 10 <= start_ms) {
        power *= 10;
    }
    fprintf(output, "set logscale x 10\nset xrange [%.9g:%.9g]\nset xtics (", start_ms, end_ms);
    bool first = true;
    while (power <= end_ms) {
        for (size_t step = 0; step < step_count; step++) {
            double ms = steps[step] * power;
            if (ms >= start_ms * (1 - 1e-9) && ms <= end_ms) {
                put_tick(output, ms, first);
                first = false;
            }
        }
        power *= 10;
    }
    fputs(")\n", output);
}
