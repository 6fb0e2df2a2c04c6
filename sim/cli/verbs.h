// SPDX-License-Identifier: GPL-3.0-or-later
// The verbs of the program. Each takes its own options and returns the exit code (DESIGN section
// 8):
//
//     0 pass   1 expectation failed   2 inconclusive   4 divergence   64 usage   65 bad scenario
//     70 internal or out of memory    74 input or output   130 interrupted
//
// Data goes to stdout, narration and errors to stderr.

#ifndef SIM_VERBS_H
#define SIM_VERBS_H

#include "error.h"

// `program` is how the program is called from the working directory, for commands to type next;
// argv[0] is the verb.
int sim_verb_run(const char *program, int argc, char **argv);
int sim_verb_lint(const char *program, int argc, char **argv);
int sim_verb_new(const char *program, int argc, char **argv);
int sim_verb_list(const char *program, int argc, char **argv);
int sim_verb_show(const char *program, int argc, char **argv);
int sim_verb_replay(const char *program, int argc, char **argv);
int sim_verb_verify(const char *program, int argc, char **argv);
int sim_verb_export(const char *program, int argc, char **argv);

// Ends a verb with an error, said on stderr, or with success.
int sim_verb_fail(const char *program, const char *verb, const struct sim_error *error);

// Ends a verb whose output went to stdout: 74 when not all of it could be written, else `code`.
int sim_verb_end(const char *verb, int code);

#endif
