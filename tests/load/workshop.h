// SPDX-License-Identifier: GPL-3.0-or-later
// Where the tests of sim/load make their files: a directory of its own for every test.
//
//     workshop_open -> write("mesh.yaml", "...") -> load("mesh.yaml") -> workshop_close
//
// The working directory is the workshop, so that the paths in errors are as short as they look
// here.

#ifndef WORKSHOP_H
#define WORKSHOP_H

#include <stdbool.h>
#include <stddef.h>

#include "scenario.h"

// A flat mesh that loads, three lines long.
#define MESH                \
    "topology: flat_mesh\n" \
    "agent_count: 10-100\n" \
    "gossip: {fanout: 5, interval_ms: 100}\n"

// For TestSuite's .init and .fini.
void workshop_open(void);
void workshop_close(void);

void write_bytes(const char *name, const char *bytes, size_t length);
void write_text(const char *name, const char *text);

// What a load came to. `options` of load_with: "--agents", "7", "gossip.fanout=3", ... ending in
// NULL; what is no flag is a --set.
struct outcome {
    bool fine;
    struct sim_scenario *scenarios;
    uint32_t count;
    struct sim_error error;
};

struct outcome load(const char *name);
struct outcome load_with(const char *name, const char *const *options);
struct outcome load_text(const char *text);  // written to "x.yaml" first

// Loads the text and asserts that it is fine; the caller destroys the scenarios.
struct outcome must_load(const char *text);

// Asserts that the text is refused, with this code, at this place, in these words (a part of them).
void must_fail(const char *text, enum sim_error_code code, uint32_t line, uint32_t column,
               const char *words);

// The same of an outcome that is there already; destroys its scenarios.
void must_have_failed(struct outcome outcome, enum sim_error_code code, const char *file,
                      uint32_t line, uint32_t column, const char *words);

// What sim_lint prints about a file, on the heap; asserts that it is fine.
char *lint_text(const char *name, const char *const *options);

#endif
