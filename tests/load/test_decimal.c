// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "decimal.h"

static void must_read(const char *text, uint32_t places, int64_t expected)
{
    int64_t value = -99;
    struct sim_error error = {0};
    cr_assert(sim_decimal_parse(text, strlen(text), places, &value, &error),
              "%s with %u places: %s", text, places, error.text);
    cr_assert_eq(value, expected, "%s with %u places: %" PRId64 ", not %" PRId64, text, places,
                 value, expected);
}

static void must_refuse(const char *text, uint32_t places, const char *clause)
{
    int64_t value = -99;
    struct sim_error error = {0};
    cr_assert_not(sim_decimal_parse(text, strlen(text), places, &value, &error),
                  "\"%s\" was read as %" PRId64, text, value);
    cr_assert_eq(value, -99, "\"%s\": the value was touched", text);
    cr_assert_eq(error.code, SIM_ERROR_SCENARIO);
    cr_assert_str_eq(error.text, clause, "\"%s\"", text);
}

Test(decimal, is_exact_where_floating_point_is_not)
{
    must_read("0.1", 6, 100000);
    must_read("0.3", 17, 30000000000000000);
    must_read("9007199254740993", 0, 9007199254740993);  // 2^53 + 1, which no double holds
    must_read("0.99", 9, 990000000);
    must_read("1.000000000000000001", 18, 1000000000000000001);
}

Test(decimal, reads_whole_numbers_fractions_and_signs)
{
    must_read("0", 6, 0);
    must_read("-0", 6, 0);
    must_read("100", 6, 100000000);
    must_read(".5", 1, 5);
    must_read("5.", 1, 50);
    must_read("-12.25", 2, -1225);
}

Test(decimal, reads_up_to_the_largest_integer_and_no_further)
{
    must_read("9223372036854775807", 0, INT64_MAX);
    must_read("-9223372036854775807", 0, -INT64_MAX);
    must_read("9223372036.854775807", 9, INT64_MAX);
    must_refuse("9223372036854775808", 0, "too large");
    must_refuse("9223372036.854775808", 9, "too large");
    must_refuse("922337203685477581", 1, "too large");
    must_refuse("99999999999999999999999999999999999999999999", 0, "too large");
}

Test(decimal, drops_zeros_past_the_last_place_but_nothing_else)
{
    must_read("0.1000000000000000000000000000", 1, 1);
    must_read("7.000", 0, 7);
    must_refuse("0.0000001", 6, "finer than 6 decimal places");
    must_refuse("0.10000000000000000000000000001", 1, "finer than 1 decimal places");
}

Test(decimal, refuses_what_is_no_plain_decimal)
{
    static const char *const texts[] = {"",    "-",   ".",     "-.",  "+1",  " 1",  "1 ",  "1,5",
                                        "1_0", "0x1", "1.2.3", "--1", "nan", "inf", "1-2", "e5"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        must_refuse(texts[i], 3, "not a number");
    }
    must_refuse("1e3", 3, "written with an exponent");
    must_refuse("1E-3", 3, "written with an exponent");
    must_refuse("1.5e+3", 3, "written with an exponent");
    must_refuse("010", 3, "written with a leading zero");
    must_refuse("-00.5", 3, "written with a leading zero");
}

Test(decimal, reads_only_the_bytes_it_is_given)
{
    int64_t value = 0;
    cr_assert(sim_decimal_parse("12345", 2, 0, &value, NULL));
    cr_assert_eq(value, 12);
    cr_assert_not(sim_decimal_parse("1\0002", 3, 0, &value, NULL));
}

Test(decimal, is_written_in_its_shortest_form)
{
    static const struct {
        int64_t value;
        uint32_t places;
        const char *text;
    } cases[] = {
        {0, 0, "0"},
        {0, 6, "0"},
        {100000, 6, "0.1"},
        {1, 6, "0.000001"},
        {1500000, 6, "1.5"},
        {-1500000, 6, "-1.5"},
        {100000000, 6, "100"},
        {10, 0, "10"},
        {990000000, 9, "0.99"},
        {INT64_MAX, 18, "9.223372036854775807"},
        {-INT64_MAX, 0, "-9223372036854775807"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[SIM_DECIMAL_TEXT_BYTES];
        sim_decimal_format(cases[i].value, cases[i].places, text);
        cr_assert_str_eq(text, cases[i].text);
    }
}

Test(decimal, is_read_back_as_it_was_written)
{
    uint64_t state = 1;
    for (int i = 0; i < 100000; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;  // Knuth's MMIX generator
        int64_t value = (int64_t)(state >> (1 + state % 60)) * (i % 2 == 0 ? 1 : -1);
        uint32_t places = (uint32_t)(state >> 58) % (SIM_DECIMAL_PLACES_MAX + 1);
        char text[SIM_DECIMAL_TEXT_BYTES];
        sim_decimal_format(value, places, text);
        must_read(text, places, value);
    }
}
