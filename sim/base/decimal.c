// SPDX-License-Identifier: GPL-3.0-or-later
#include "decimal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool fail(struct sim_error *error, const char *clause)
{
    return sim_error_set(error, SIM_ERROR_SCENARIO, "%s", clause);
}

// Appends a digit; false when the result would not fit in an int64_t.
static bool append(uint64_t *magnitude, uint32_t digit)
{
    if (*magnitude > ((uint64_t)INT64_MAX - digit) / 10) {
        return false;
    }
    *magnitude = *magnitude * 10 + digit;
    return true;
}

// What kind of text this is, before its size matters.
static bool check_form(const char *text, size_t length, struct sim_error *error)
{
    size_t digits = 0;
    size_t points = 0;
    for (size_t i = 0; i < length; i++) {
        if (is_digit(text[i])) {
            digits++;
        } else if (text[i] == '.' && points == 0) {
            points++;
        } else if ((text[i] == 'e' || text[i] == 'E') && digits > 0 && i + 1 < length &&
                   (is_digit(text[i + 1]) || text[i + 1] == '-' || text[i + 1] == '+')) {
            return fail(error, "written with an exponent");
        } else {
            return fail(error, "not a number");
        }
    }
    if (digits == 0) {
        return fail(error, "not a number");
    }
    if (length > 1 && text[0] == '0' && is_digit(text[1])) {
        return fail(error, "written with a leading zero");  // YAML 1.1 would read it as octal
    }
    return true;
}

bool sim_decimal_parse(const char *text, size_t length, uint32_t places, int64_t *value,
                       struct sim_error *error)
{
    bool negative = length > 0 && text[0] == '-';
    if (negative) {
        text++;
        length--;
    }
    if (!check_form(text, length, error)) {
        return false;
    }
    const char *point = memchr(text, '.', length);
    size_t whole = point == NULL ? length : (size_t)(point - text);
    size_t decimals = point == NULL ? 0 : length - whole - 1;
    for (size_t i = places; i < decimals; i++) {
        if (point[1 + i] != '0') {
            return sim_error_set(error, SIM_ERROR_SCENARIO, "finer than %" PRIu32 " decimal places",
                                 places);
        }
    }
    uint64_t magnitude = 0;
    bool fits = true;
    for (size_t i = 0; i < whole && fits; i++) {
        fits = append(&magnitude, (uint32_t)(text[i] - '0'));
    }
    for (size_t i = 0; i < places && fits; i++) {
        fits = append(&magnitude, i < decimals ? (uint32_t)(point[1 + i] - '0') : 0);
    }
    if (!fits) {
        return fail(error, "too large");
    }
    *value = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

void sim_decimal_format(int64_t value, uint32_t places, char text[SIM_DECIMAL_TEXT_BYTES])
{
    uint64_t rest = value < 0 ? (uint64_t)0 - (uint64_t)value : (uint64_t)value;
    char digits[SIM_DECIMAL_TEXT_BYTES];  // in reverse
    uint32_t count = 0;
    uint32_t trailing = 0;  // zeros after the point, left out
    for (uint32_t i = 0; i <= places || rest > 0; i++) {
        uint32_t digit = (uint32_t)(rest % 10);
        rest /= 10;
        if (i < places && digit == 0 && i == trailing) {
            trailing++;
            continue;
        }
        if (i == places && places > trailing) {
            digits[count++] = '.';
        }
        digits[count++] = (char)('0' + digit);
    }
    if (value < 0) {
        digits[count++] = '-';
    }
    for (uint32_t i = 0; i < count; i++) {
        text[i] = digits[count - 1 - i];
    }
    text[count] = '\0';
}
