// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <math.h>

#include "words.h"

Test(measure, a_share_is_only_all_when_it_is_all)
{
    static const struct {
        double share;
        const char *expected;
    } cases[] = {
        {1, "100 %"},     {0.99999, "99.9 %"},     {0.999, "99.9 %"}, {0.956, "95.6 %"},
        {0.856, "86 %"},  {0.1, "10 %"},           {0.0512, "5.1 %"}, {0.05, "5 %"},
        {0.088, "8.8 %"}, {0.0004, "under 0.1 %"}, {0, "0 %"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_expect_str_eq(sim_word_percent(cases[i].share).text, cases[i].expected);
    }
}

Test(measure, a_number_has_as_many_digits_as_a_reader_uses)
{
    static const struct {
        double number;
        const char *expected;
    } cases[] = {
        {0, "0"},    {20000, "20000"},    {118.4, "118"},   {12.34, "12.3"},
        {2, "2"},    {0.999, "1"},        {0.42, "0.42"},   {0.0123, "0.0123"},
        {9.04, "9"}, {INFINITY, "never"}, {NAN, "nothing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_expect_str_eq(sim_word_number(cases[i].number).text, cases[i].expected);
    }
}

Test(measure, a_place_is_a_line_an_option_or_the_default)
{
    struct sim_origin file = {"a/b.yaml", 7, 3};
    struct sim_origin option = {"--set", 1, 8};
    struct sim_origin nowhere = {0};
    cr_expect_str_eq(sim_place_of(&file).text, " (a/b.yaml:7)");
    cr_expect_str_eq(sim_place_of(&option).text, " (--set)");
    cr_expect_str_eq(sim_place_of(&nowhere).text, " (the default)");
}

Test(measure, words_that_do_not_fit_are_cut_and_stay_a_text)
{
    char text[8] = "abc";
    sim_words_append(text, sizeof text, "%s", "defghij");
    sim_words_append(text, sizeof text, "%s", "k");
    cr_expect_str_eq(text, "abcdefg");
}
