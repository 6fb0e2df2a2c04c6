// SPDX-License-Identifier: GPL-3.0-or-later
#include "text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "decimal.h"

#define COLUMNS_MIN 40  // a narrower terminal wraps by itself
#define NS_PER_MS 1e6

uint32_t sim_terminal_columns(int descriptor)
{
    struct winsize size;
    if (!isatty(descriptor)) {
        return 0;
    }
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

struct sim_page sim_page_of(FILE *output)
{
    uint32_t columns = sim_terminal_columns(fileno(output));
    const char *no_colour = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    struct sim_page page = {.output = output, .columns = SIM_PAGE_COLUMNS};
    if (columns > 0) {
        page.columns = columns < COLUMNS_MIN        ? COLUMNS_MIN
                       : columns < SIM_PAGE_COLUMNS ? columns
                                                    : SIM_PAGE_COLUMNS;
        page.colour = (no_colour == NULL || no_colour[0] == '\0') && terminal != NULL &&
                      strcmp(terminal, "dumb") != 0;
    }
    return page;
}

static uint32_t width_of(const char *text, size_t length)
{
    uint32_t width = 0;
    for (size_t i = 0; i < length; i++) {
        width += ((unsigned char)text[i] & 0xC0) != 0x80;
    }
    return width;
}

uint32_t sim_text_width(const char *text)
{
    return width_of(text, strlen(text));
}

static void pad(const struct sim_page *page, uint32_t width, uint32_t used)
{
    fprintf(page->output, "%*s", used < width ? (int)(width - used) : 0, "");
}

void sim_page_right(const struct sim_page *page, uint32_t width, const char *text)
{
    pad(page, width, sim_text_width(text));
    fputs(text, page->output);
}

void sim_page_left(const struct sim_page *page, uint32_t width, const char *text,
                   enum sim_colour colour)
{
    static const char *const codes[] = {[SIM_PLAIN] = "",
                                        [SIM_GREEN] = "\033[32m",
                                        [SIM_YELLOW] = "\033[33m",
                                        [SIM_RED] = "\033[31m"};
    bool coloured = page->colour && colour != SIM_PLAIN;
    fprintf(page->output, "%s%s%s", coloured ? codes[colour] : "", text, coloured ? "\033[0m" : "");
    pad(page, width, sim_text_width(text));
}

// The length of the next word. A number keeps its percent sign: "93 %" is not parted.
static size_t word_length(const char *text)
{
    size_t length = strcspn(text, " ");
    while (text[length] == ' ' && text[length + 1] == '%') {
        length += 1 + strcspn(text + length + 1, " ");
    }
    return length;
}

void sim_page_paragraph(const struct sim_page *page, uint32_t column, uint32_t indent,
                        const char *text)
{
    const char *separator = "";
    while (*text != '\0') {
        size_t length = word_length(text);
        uint32_t width = width_of(text, length);
        if (column + (uint32_t)strlen(separator) + width > page->columns && column > indent) {
            fprintf(page->output, "\n%*s", (int)indent, "");
            column = indent;
            separator = "";
        }
        fprintf(page->output, "%s%.*s", separator, (int)length, text);
        column += (uint32_t)strlen(separator) + width;
        separator = " ";
        text += length + strspn(text + length, " ");
    }
    fputc('\n', page->output);
}

struct sim_word sim_word_count(uint64_t count)
{
    char digits[24];
    struct sim_word word;
    int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
    size_t used = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            word.text[used++] = ',';
        }
        word.text[used++] = digits[i];
    }
    word.text[used] = '\0';
    return word;
}

struct sim_word sim_word_ms(double ms, uint64_t simulated_ns)
{
    struct sim_word word;
    if (isnan(ms)) {
        snprintf(word.text, sizeof word.text, "-");
    } else if (isinf(ms)) {
        struct sim_word simulated = sim_word_number((double)simulated_ns / NS_PER_MS);
        snprintf(word.text, sizeof word.text, "> %.20s", simulated.text);
    } else {
        snprintf(word.text, sizeof word.text, "%.*f", ms < 99.95 ? 1 : 0, ms);
    }
    return word;
}

struct sim_word sim_word_exact_ms(uint64_t ns)
{
    struct sim_word word;
    char text[SIM_DECIMAL_TEXT_BYTES];
    sim_decimal_format((int64_t)ns, 6, text);
    snprintf(word.text, sizeof word.text, "%s", text);
    return word;
}

struct sim_word sim_word_duration(uint64_t ns)
{
    struct sim_word word;
    uint64_t seconds = ns / 1000000000;
    if (ns < 100000000) {
        snprintf(word.text, sizeof word.text, "%.1f ms", (double)ns / NS_PER_MS);
    } else if (seconds < 100) {
        snprintf(word.text, sizeof word.text, "%.1f s", (double)ns / 1e9);
    } else if (seconds < 6000) {
        snprintf(word.text, sizeof word.text, "%" PRIu64 "m%02us", seconds / 60,
                 (unsigned)(seconds % 60));
    } else {
        snprintf(word.text, sizeof word.text, "%" PRIu64 "h%02um", seconds / 3600,
                 (unsigned)(seconds / 60 % 60));
    }
    return word;
}

void sim_words_append_rows(const bool *set, uint32_t count, char *text, size_t capacity)
{
    const char *separator = "";
    for (uint32_t i = 0; i < count; i++) {
        if (!set[i]) {
            continue;
        }
        uint32_t last = i;
        while (last + 1 < count && set[last + 1]) {
            last++;
        }
        sim_words_append(text, capacity, "%s%" PRIu32, separator, i + 1);
        if (last > i) {
            sim_words_append(text, capacity, "-%" PRIu32, last + 1);
        }
        separator = ", ";
        i = last;
    }
}

void sim_words_append_argument(char *text, size_t capacity, const char *argument)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./=,:+@%";
    if (argument[0] != '\0' && argument[strspn(argument, plain)] == '\0') {
        sim_words_append(text, capacity, " %s", argument);
        return;
    }
    sim_words_append(text, capacity, " '");
    for (const char *byte = argument; *byte != '\0'; byte++) {
        if (*byte == '\'') {
            sim_words_append(text, capacity, "'\\''");
        } else {
            sim_words_append(text, capacity, "%c", *byte);
        }
    }
    sim_words_append(text, capacity, "'");
}
