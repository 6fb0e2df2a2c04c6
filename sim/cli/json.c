// SPDX-License-Identifier: GPL-3.0-or-later
#include "json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// Bytes of the character at `text`, which is NUL-terminated; 0: no well-formed UTF-8 (RFC 3629, 4).
static size_t character_bytes(const unsigned char *text)
{
    if (text[0] < 0x80) {
        return 1;
    }
    size_t count = text[0] >= 0xF0 ? 4 : text[0] >= 0xE0 ? 3 : 2;
    unsigned char least = text[0] == 0xE0 ? 0xA0 : text[0] == 0xF0 ? 0x90 : 0x80;
    unsigned char most = text[0] == 0xED ? 0x9F : text[0] == 0xF4 ? 0x8F : 0xBF;
    if (text[0] < 0xC2 || text[0] > 0xF4 || text[1] < least || text[1] > most) {
        return 0;
    }
    for (size_t i = 2; i < count; i++) {
        if (text[i] < 0x80 || text[i] > 0xBF) {
            return 0;
        }
    }
    return count;
}

static void write_string(FILE *output, const char *text)
{
    fputc('"', output);
    while (*text != '\0') {
        size_t bytes = character_bytes((const unsigned char *)text);
        if (bytes == 0) {
            fputs("\\ufffd", output);
            bytes = 1;
        } else if (*text == '"' || *text == '\\') {
            fprintf(output, "\\%c", *text);
        } else if ((unsigned char)*text < ' ') {
            fprintf(output, "\\u%04x", (unsigned)*text);
        } else {
            fwrite(text, 1, bytes, output);
        }
        text += bytes;
    }
    fputc('"', output);
}

static void begin_value(struct sim_json *json, const char *key)
{
    if (json->separate) {
        fputc(',', json->output);
    }
    if (key != NULL) {
        write_string(json->output, key);
        fputc(':', json->output);
    }
    json->separate = true;
}

void sim_json_open(struct sim_json *json, const char *key, char bracket)
{
    begin_value(json, key);
    fputc(bracket, json->output);
    json->separate = false;
}

void sim_json_close(struct sim_json *json, char bracket)
{
    fputc(bracket, json->output);
    json->separate = true;
}

void sim_json_text(struct sim_json *json, const char *key, const char *text)
{
    begin_value(json, key);
    if (text == NULL) {
        fputs("null", json->output);
    } else {
        write_string(json->output, text);
    }
}

void sim_json_count(struct sim_json *json, const char *key, uint64_t count)
{
    begin_value(json, key);
    fprintf(json->output, "%" PRIu64, count);
}

void sim_json_number(struct sim_json *json, const char *key, double number)
{
    char text[32] = "null";
    begin_value(json, key);
    for (int digits = 15; isfinite(number) && digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number) {
            break;
        }
    }
    fputs(text, json->output);
}

void sim_json_boolean(struct sim_json *json, const char *key, bool value)
{
    begin_value(json, key);
    fputs(value ? "true" : "false", json->output);
}

bool sim_json_end_line(struct sim_json *json)
{
    fputc('\n', json->output);
    json->separate = false;
    return fflush(json->output) == 0 && !ferror(json->output);
}
