// SPDX-License-Identifier: GPL-3.0-or-later
// A text that settings come from: a file, a value typed on the command line, or our own defaults.
//
//     scenarios/mine.yaml:3:11: gossip.fanout: expected ...       name:line:column
//       | gossip: {fanoot: 10}                                     the line, cut around the column
//
//     --set gossip.fanoot=10:1:8: unknown key ...                  an option is its own first line
//
// Lines and columns count from 1, columns in characters. Line breaks are those of YAML 1.1, so that
// our numbers are libyaml's.

#ifndef SIM_SOURCE_H
#define SIM_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "error.h"

#define SIM_SOURCE_BYTES_MAX ((size_t)1 << 20)

enum sim_source_kind { SIM_SOURCE_FILE, SIM_SOURCE_OPTION, SIM_SOURCE_DEFAULT };

struct sim_source {
    enum sim_source_kind kind;
    const char *name;    // as errors give it: a path, "--set KEY=VALUE", "default"
    const char *origin;  // as struct sim_origin gives it: a path, "--set"
    const char *bytes;   // UTF-8 without a byte order mark; a NUL follows
    size_t length;
    uint32_t column_skip;  // columns of the option's text that stand before `bytes`
};

// Reads a file and checks it: SIM_ERROR_IO when it cannot be read, SIM_ERROR_SCENARIO when it is
// too large or no UTF-8 text. NULL on failure. The result belongs to the arena.
const struct sim_source *sim_source_read(struct sim_arena *arena, const char *path,
                                         struct sim_error *error);

// A text that is there already and outlives the arena. Checked like a file's.
const struct sim_source *sim_source_from(struct sim_arena *arena, enum sim_source_kind kind,
                                         const char *name, const char *origin, const char *bytes,
                                         uint32_t column_skip, struct sim_error *error);

// Sets an error (code SIM_ERROR_SCENARIO) at a place of the source, quoting the line. Control
// characters in the text are replaced. Returns false.
__attribute__((format(printf, 5, 6))) bool sim_source_fail(const struct sim_source *source,
                                                           uint32_t line, uint32_t column,
                                                           struct sim_error *error,
                                                           const char *format, ...);

// Sets an error without a place. Control characters in the text are replaced. Returns false.
__attribute__((format(printf, 3, 4))) bool sim_text_fail(struct sim_error *error,
                                                         enum sim_error_code code,
                                                         const char *format, ...);

// The byte at a place, or the end of its line when the line is shorter.
const char *sim_source_at(const struct sim_source *source, uint32_t line, uint32_t column);

// Replaces what a terminal or a JSON reader would choke on: control characters and broken UTF-8.
void sim_text_clean(char *text);

// Whether the bytes hold control characters (C0, DEL, C1), which would garble a terminal.
bool sim_text_has_control(const char *bytes, size_t length);

// The largest cut <= `most` that does not split a character of the UTF-8 text.
size_t sim_text_cut(const char *bytes, size_t length, size_t most);

#endif
