// SPDX-License-Identifier: GPL-3.0-or-later
// Writing JSON (RFC 8259), one value after the other, a line per outermost object.
//
//     sim_json_open(json, NULL, '{')        {
//     sim_json_text(json, "kind", "run")     "kind":"run"
//     sim_json_number(json, "p50", NAN)      ,"p50":null
//     sim_json_close(json, '}')             }
//
// What is no number (NaN, infinite) is null. A double is written with the fewest digits that read
// back as the same double; the program never leaves the C locale. Bytes that are no UTF-8 become
// U+FFFD. A key of NULL: the value stands in an array, or is the outermost.

#ifndef SIM_JSON_H
#define SIM_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct sim_json {
    FILE *output;
    bool separate;  // a comma goes before the next value
};

void sim_json_open(struct sim_json *json, const char *key, char bracket);      // '{' or '['
void sim_json_close(struct sim_json *json, char bracket);                      // '}' or ']'
void sim_json_text(struct sim_json *json, const char *key, const char *text);  // NULL: null
void sim_json_count(struct sim_json *json, const char *key, uint64_t count);
void sim_json_number(struct sim_json *json, const char *key, double number);
void sim_json_boolean(struct sim_json *json, const char *key, bool value);

// Ends the line and hands it to the reader. False when it could not be written.
bool sim_json_end_line(struct sim_json *json);

#endif
