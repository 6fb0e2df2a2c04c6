// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "text.h"

static FILE *output;
static char *text;
static size_t length;

static void begin(void)
{
    output = open_memstream(&text, &length);
}

static void expect_written(const char *expected)
{
    fclose(output);
    cr_assert_str_eq(text, expected);
    free(text);
}

Test(reports_text, gnuplot_quotes_are_doubled_and_control_bytes_become_blanks)
{
    begin();
    report_put_text(output, "it's \n`x` \\ \x7f\xff é", 99);
    expect_written("it''s  `x` \\  ? é");
}

Test(reports_text, long_texts_are_cut_at_characters_not_bytes)
{
    begin();
    report_put_text(output, "θθθθ", 3);
    expect_written("θθθ…");
}

Test(reports_text, settings_lose_the_sections_of_their_keys_and_nothing_else)
{
    begin();
    report_put_settings(output, "gossip.fanout=5 a.b.c=x.y=1.5 plain=it's two.words", 99);
    expect_written("fanout=5 c=x.y=1.5 plain=it''s two.words");
}

Test(reports_text, html_has_no_markup_left)
{
    begin();
    report_put_html(output, "<a href=\"x\" b='y'>&\n\x01\xc3</a>");
    expect_written("&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;\n ?&lt;/a&gt;");
}

Test(reports_text, figures_have_as_many_digits_as_they_are_read_with)
{
    static const struct {
        double value;
        const char *expected;
    } cases[] = {{0, "0"},          {0.0142, "0.014"},       {0.94, "0.9"},   {9.94, "9.9"},
                 {9.96, "10.0"},    {77.5, "77.5"},          {77.04, "77.0"}, {99.96, "100"},
                 {1215.4, "1,215"}, {1e6 + 0.5, "1,000,001"}};
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        begin();
        report_put_figure(output, cases[index].value);
        expect_written(cases[index].expected);
    }
}

Test(reports_text, bytes_have_the_unit_that_keeps_them_short)
{
    static const struct {
        double bytes;
        const char *expected;
    } cases[] = {{0, "0 B"},          {999, "999 B"},   {1000, "1.0 kB"},
                 {15.4e6, "15.4 MB"}, {2e12, "2.0 TB"}, {3e18, "3,000 PB"}};
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        begin();
        report_put_bytes(output, cases[index].bytes);
        expect_written(cases[index].expected);
    }
}

Test(reports_text, values_are_shown_in_the_unit_they_are_read_in)
{
    static const struct {
        const char *unit;
        int64_t value;
        const char *expected;
    } cases[] = {{"ns", 118000000, "118 ms"}, {"ppb", 999000000, "0.999"},
                 {"count", -1000, "-1,000"},  {"bytes/s", 9300000, "9.3 MB/s"},
                 {"bytes", 12, "12 B"},       {"<x>", 5, "5 &lt;x&gt;"}};
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        begin();
        report_put_value(output, cases[index].unit, cases[index].value);
        expect_written(cases[index].expected);
    }
}

Test(reports_text, logarithmic_axis_has_ticks_at_1_2_5_or_powers_alone)
{
    begin();
    report_put_log_axis(output, 0.5, 20);
    expect_written("set logscale x 10\nset xrange [0.5:20]\n"
                   "set xtics ('0.5' 0.5, '1' 1, '2' 2, '5' 5, '10' 10, '20' 20)\n");
    begin();
    report_put_log_axis(output, 2, 20000);
    expect_written("set logscale x 10\nset xrange [2:20000]\n"
                   "set xtics ('10' 10, '100' 100, '1,000' 1000, '10,000' 10000)\n");
}

Test(reports_text, rounding_down_goes_to_1_2_or_5)
{
    static const double cases[][2] = {{1, 1},   {1.9, 1},   {49, 20},
                                      {50, 50}, {999, 500}, {0.03, 0.02}};
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        double rounded = report_round_down(cases[index][0]);
        double difference = rounded - cases[index][1];
        cr_assert(difference < 1e-12 && difference > -1e-12, "%g gave %g", cases[index][0],
                  rounded);
    }
}
