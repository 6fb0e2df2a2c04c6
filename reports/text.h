// SPDX-License-Identifier: GPL-3.0-or-later
// Words and figures as people read them, into gnuplot commands and into HTML.
//
//     a text of the store --+-- report_put_text --> between single quotes in gnuplot commands
//                           +-- report_put_html --> between tags, or in a quoted attribute
//
// Texts of the store are the user's: whatever they contain, they cannot become commands or markup.

#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include <stdint.h>
#include <stdio.h>

#define REPORT_NS_PER_MS 1e6
#define REPORT_PPB_PER_PERCENT 1e7

// A text to stand between single quotes in gnuplot commands. After `limit` characters it is cut
// short.
void report_put_text(FILE *output, const char *text, uint32_t limit);

// The settings of a cell in the same way, without the sections their keys are in:
// "gossip.fanout=5 network.loss_percent=2" as "fanout=5 loss_percent=2".
void report_put_settings(FILE *output, const char *cell, uint32_t limit);

// A text to stand in an HTML page; its line ends remain.
void report_put_html(FILE *output, const char *text);

void report_put_count(FILE *output, int64_t count);  // 1000000 as 1,000,000
void report_put_figure(FILE *output, double value);  // 0.014, 9.2, 15.0, 1,215
void report_put_ms(FILE *output, int64_t ns);        // 9.2 ms, 15.0 ms, 1,215 ms
void report_put_bytes(FILE *output, double bytes);   // 512 B, 9.2 kB, 15 MB; 1 kB is 1,000 bytes

// `value` in a stored unit: ns as milliseconds, ppb as the share or number it stands for.
void report_put_value(FILE *output, const char *unit, int64_t value);

// gnuplot commands: a logarithmic time axis over [start_ms, end_ms] with ticks at 1, 2 and 5 of
// each decade, or at 1 alone where they are many.
void report_put_log_axis(FILE *output, double start_ms, double end_ms);

// The largest of 1, 2 and 5 times a power of ten that is no larger than `value`, which is above 0.
double report_round_down(double value);

#endif
