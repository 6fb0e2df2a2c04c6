// SPDX-License-Identifier: GPL-3.0-or-later
// How figures and lines look to people: one page, as wide as the terminal (at most 100 columns, and
// 100 where there is none), with colour only on a terminal that wants it.
//
//     118  9.2  > 20000        times in ms; the last falls among updates that never converged
//     1,000,000                counts
//     1-4, 6                   rows

#ifndef SIM_TEXT_H
#define SIM_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "words.h"

#define SIM_PAGE_COLUMNS 100

struct sim_page {
    FILE *output;
    uint32_t columns;
    bool colour;
};

enum sim_colour { SIM_PLAIN, SIM_GREEN, SIM_YELLOW, SIM_RED };

// Measures the terminal behind `output`, if there is one. NO_COLOR (no-color.org) and TERM=dumb are
// respected.
struct sim_page sim_page_of(FILE *output);

// Columns of the terminal behind a file descriptor; 0: it is none.
uint32_t sim_terminal_columns(int descriptor);

// Columns that a UTF-8 text takes, of one column per character.
uint32_t sim_text_width(const char *text);

// Writes a text into a field of `width` columns, padded with blanks on the left or on the right.
void sim_page_right(const struct sim_page *page, uint32_t width, const char *text);
void sim_page_left(const struct sim_page *page, uint32_t width, const char *text,
                   enum sim_colour colour);

// Writes a paragraph: `column` columns stand in the line already, its further lines are indented by
// `indent` blanks. Ends with a newline. A word longer than a line stands alone in it.
void sim_page_paragraph(const struct sim_page *page, uint32_t column, uint32_t indent,
                        const char *text);

// 1,234,567.
struct sim_word sim_word_count(uint64_t count);

// Tenths below 100. INFINITY: "> 20000", with the ms that were simulated. NaN: "-".
struct sim_word sim_word_ms(double ms, uint64_t simulated_ns);

// 403.412345: milliseconds to the nanosecond, without the zeros at the end.
struct sim_word sim_word_exact_ms(uint64_t ns);

// "0.7 ms", "12.4 s", "2m41s", "3h05m".
struct sim_word sim_word_duration(uint64_t ns);

// Appends "1-4, 6" for the numbers 1 .. `count` whose flag is set.
void sim_words_append_rows(const bool *set, uint32_t count, char *text, size_t capacity);

// Appends a word of a command line, quoted for a POSIX shell where it needs to be, after a blank.
void sim_words_append_argument(char *text, size_t capacity, const char *argument);

#endif
