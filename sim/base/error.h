// SPDX-License-Identifier: GPL-3.0-or-later
// One error, said once: what failed, and where in the user's own text.
//
//   file:line:column: text
//     | the offending line, quoted
//
// A function that can fail returns bool and takes a `struct sim_error *error` last. The first error
// wins: sim_error_set on an error that is already set changes nothing, so callers may go on and
// collect without hiding the cause.

#ifndef SIM_ERROR_H
#define SIM_ERROR_H

#include <stdbool.h>
#include <stdint.h>

// The values are the program's exit codes (DESIGN section 8), so that main returns error.code.
enum sim_error_code {
    SIM_OK = 0,
    SIM_ERROR_EXPECTATION = 1,
    SIM_ERROR_INCONCLUSIVE = 2,
    SIM_ERROR_REGRESSION = 3,
    SIM_ERROR_DIVERGENCE = 4,
    SIM_ERROR_USAGE = 64,
    SIM_ERROR_SCENARIO = 65,
    SIM_ERROR_INTERNAL = 70,
    SIM_ERROR_IO = 74,
    SIM_ERROR_INTERRUPTED = 130,
};

struct sim_error {
    enum sim_error_code code;
    uint32_t line;      // 1-based; 0: no position
    uint32_t column;    // 1-based
    char file[512];     // path as the user gave it, or the name of an option ("--set")
    char text[1024];    // one sentence, no full stop, no newline
    char excerpt[256];  // the offending line, control bytes replaced; empty: none
};

// Fills `error` unless it is NULL or already set. `format` is printf's.
__attribute__((format(printf, 3, 4))) bool sim_error_set(struct sim_error *error,
                                                         enum sim_error_code code,
                                                         const char *format, ...);

// Says where the error stands; only the first position counts. `file` and `excerpt` are copied.
void sim_error_at(struct sim_error *error, const char *file, uint32_t line, uint32_t column,
                  const char *excerpt);

// Writes the whole message to stderr, in the form of the drawing above.
void sim_error_print(const struct sim_error *error);

#endif
