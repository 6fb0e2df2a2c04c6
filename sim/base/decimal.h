// SPDX-License-Identifier: GPL-3.0-or-later
// Decimal numbers as integers: 0.1 ms is 100000 ns, exactly, on every machine and in every locale.
//
//     text  "12.5"     places 6     value 12500000      the text times ten to the power of `places`
//            || |      (ms to ns)
//            || +-- at most `places` decimals that are not zero
//            ++---- no leading zeros, no sign but '-', no exponent, no blanks
//
// Floating point would make 0.1 a neighbour of 0.1, and strtod would read "0,1" in some locales;
// what decides a simulation is therefore read here.

#ifndef SIM_DECIMAL_H
#define SIM_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define SIM_DECIMAL_PLACES_MAX 18
#define SIM_DECIMAL_TEXT_BYTES 24  // sign, 19 digits, point, leading zero, NUL

// Reads the `length` bytes of `text`, whole. On failure `*value` is left alone and `error` (code
// SIM_ERROR_SCENARIO) says in a clause what is wrong: "not a number", "written with an exponent",
// "written with a leading zero", "finer than 6 decimal places" or "too large". Decimals past
// `places` are fine while they are zeros.
bool sim_decimal_parse(const char *text, size_t length, uint32_t places, int64_t *value,
                       struct sim_error *error);

// Writes the shortest text that sim_decimal_parse reads back as `value`.
void sim_decimal_format(int64_t value, uint32_t places, char text[SIM_DECIMAL_TEXT_BYTES]);

#endif
