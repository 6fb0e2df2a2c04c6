// SPDX-License-Identifier: GPL-3.0-or-later
#include "csv.h"

#include <string.h>

#include "decimal.h"
#include "keys.h"

#define MS_PLACES 6

void sim_csv_start(struct sim_csv *csv, const struct sim_source *source)
{
    *csv = (struct sim_csv){.source = source, .at = source->bytes, .line = 1};
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r')) {
        at++;
    }
    return at;
}

static const char *find(const char *at, const char *end, char byte)
{
    while (at < end && *at != byte) {
        at++;
    }
    return at;
}

static uint32_t column_at(const char *line, const char *at)
{
    uint32_t column = 1;
    for (; line < at; line++) {
        column += ((unsigned char)*line & 0xC0) != 0x80;
    }
    return column;
}

// The field that starts at `at`, of the line from `line` to `end`.
static struct sim_csv_field field_at(const struct sim_csv *csv, const char *line, const char *at,
                                     const char *end)
{
    const char *start = skip_blanks(at, end);
    const char *stop = find(start, end, ',');
    while (stop > start && (stop[-1] == ' ' || stop[-1] == '\t' || stop[-1] == '\r')) {
        stop--;
    }
    return (struct sim_csv_field){start, (size_t)(stop - start), csv->line, column_at(line, start)};
}

static bool read_fields(const struct sim_csv *csv, const char *line, const char *end,
                        struct sim_csv_field *fields, uint32_t *count, struct sim_error *error)
{
    for (const char *at = line; at != NULL; *count += 1) {
        struct sim_csv_field field = field_at(csv, line, at, end);
        if (*count == SIM_CSV_FIELDS_MAX) {
            return sim_csv_fail(csv, &field, error, "more than %d fields in a row",
                                SIM_CSV_FIELDS_MAX);
        }
        fields[*count] = field;
        const char *comma = find(field.text, end, ',');
        at = comma == end ? NULL : comma + 1;
    }
    return true;
}

bool sim_csv_row(struct sim_csv *csv, struct sim_csv_field fields[SIM_CSV_FIELDS_MAX],
                 uint32_t *count, struct sim_error *error)
{
    const char *end = csv->source->bytes + csv->source->length;
    *count = 0;
    while (*count == 0 && csv->at < end) {
        const char *line = csv->at;
        const char *stop = find(line, end, '\n');
        const char *start = skip_blanks(line, stop);
        if (start < stop && *start != '#' && !read_fields(csv, line, stop, fields, count, error)) {
            return false;
        }
        csv->at = stop < end ? stop + 1 : end;
        csv->line++;
    }
    return true;
}

bool sim_csv_says(const struct sim_csv_field *field, const char *text)
{
    return strlen(text) == field->length && memcmp(text, field->text, field->length) == 0;
}

static int shown(const struct sim_csv_field *field)
{
    return (int)sim_text_cut(field->text, field->length, 40);
}

bool sim_csv_unit(const struct sim_csv *csv, const struct sim_csv_field *field, bool *round_trip,
                  struct sim_error *error)
{
    *round_trip = sim_csv_says(field, "rtt_ms");
    return *round_trip || sim_csv_says(field, "one_way_ms") ||
           sim_csv_fail(csv, field, error,
                        "the header must say what the numbers are, one_way_ms or rtt_ms (a round "
                        "trip, which is halved), found \"%.*s\"",
                        shown(field), field->text);
}

bool sim_csv_latency(const struct sim_csv *csv, const struct sim_csv_field *field, bool round_trip,
                     uint64_t *latency_ns, struct sim_error *error)
{
    struct sim_error reason = {0};
    int64_t number = -1;
    if (!sim_decimal_parse(field->text, field->length, MS_PLACES, &number, &reason) || number < 0 ||
        number > SIM_LATENCY_NS_MAX) {
        return sim_csv_fail(csv, field, error,
                            "expected milliseconds from 0 to 1099511, found "
                            "\"%.*s\"%s%s",
                            shown(field), field->text, reason.text[0] == '\0' ? "" : ", ",
                            reason.text);
    }
    *latency_ns = (uint64_t)number / (round_trip ? 2 : 1);
    return true;
}
