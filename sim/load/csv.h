// SPDX-License-Identifier: GPL-3.0-or-later
// Measurements in a file of comma-separated values, read field by field with their places.
//
//     # where this was measured            lines that begin with #, and empty ones, are skipped
//     rtt_ms                               the first row is the header
//     71.2                                 blanks around a field do not belong to it; no quotes
//
// The header says what the numbers are, one_way_ms or rtt_ms: a round trip pasted as a one-way
// delay doubles every latency, and looks plausible. Round trips are halved.

#ifndef SIM_CSV_H
#define SIM_CSV_H

#include "source.h"

#define SIM_CSV_FIELDS_MAX 1001

struct sim_csv_field {
    const char *text;
    size_t length;
    uint32_t line;
    uint32_t column;
};

struct sim_csv {
    const struct sim_source *source;
    const char *at;  // the next line
    uint32_t line;   // its number
};

void sim_csv_start(struct sim_csv *csv, const struct sim_source *source);

// The next row's fields, at most SIM_CSV_FIELDS_MAX; `count` is 0 at the end. False, with an error,
// when there are more.
bool sim_csv_row(struct sim_csv *csv, struct sim_csv_field fields[SIM_CSV_FIELDS_MAX],
                 uint32_t *count, struct sim_error *error);

// Whether a field says exactly this.
bool sim_csv_says(const struct sim_csv_field *field, const char *text);

// What the header's field says of the numbers: true for a round trip.
bool sim_csv_unit(const struct sim_csv *csv, const struct sim_csv_field *field, bool *round_trip,
                  struct sim_error *error);

// A latency in milliseconds, one way in nanoseconds.
bool sim_csv_latency(const struct sim_csv *csv, const struct sim_csv_field *field, bool round_trip,
                     uint64_t *latency_ns, struct sim_error *error);

#define sim_csv_fail(csv, field, error, ...) \
    sim_source_fail((csv)->source, (field)->line, (field)->column, (error), __VA_ARGS__)

#endif
