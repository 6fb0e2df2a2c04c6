// SPDX-License-Identifier: GPL-3.0-or-later
// The real program, run as a user runs it: arguments in, exit code and both outputs back.
//
//     run_program("run", topology("flat-mesh.yaml"), "--json", NULL)
//         -> exit_code 0, output "{...}\n", errors ""
//
// Every test has an empty directory of its own as its working directory, and the store in it: what
// the program leaves is looked at through SQLite, without the code under test. $MESHSIM is the
// program, $MESHSIM_ROOT the source tree. Whatever goes wrong here fails the test under way, with
// its story.

#ifndef TESTS_CLI_PROGRAM_H
#define TESTS_CLI_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

#define STORE "runs.db"  // in the test's directory

struct ended {
    int exit_code;  // -1: killed
    int signal;     // that killed it; 0: none
    const char *output;
    const char *errors;
};

// For TestSuite: enters the test's directory, removes it again.
void scratch_enter(void);
void scratch_leave(void);

// Paths of the customer's files and of our scenarios, for as long as the test lives.
const char *topology(const char *name);
const char *scenario(const char *name);

// Writes a file into the test's directory.
void write_file(const char *name, const char *text);

// Runs the program with these arguments, the last of which is NULL, and waits for its end.
__attribute__((sentinel)) struct ended run_program(const char *first, ...);

// The same through a shell, in which "$MESHSIM" is the program: for redirections and limits.
struct ended run_shell(const char *command);

// Starts the program in the background; its stdout is a pipe, its stderr the file "errors".
__attribute__((sentinel)) pid_t start_program(int *output, const char *first, ...);

// Waits for a line on that pipe that contains `text`, at most a minute.
void wait_for_line(int output, const char *text);

// Waits for its end. `output` is closed, what it had left is in .output.
struct ended wait_for_end(pid_t program, int output);

// Keeps a text from malloc until the test ends, and hands it back.
char *keep(char *text);

// ---- Looking at what came back ----

// Fails with the whole text unless `text` contains `part`, or contains it not.
void expect_part(const char *text, const char *part);
void expect_no_part(const char *text, const char *part);

// Fails unless the program ended with this code, with what it printed.
void expect_exit(const struct ended *ended, int exit_code);

// The text up to the first `end`, or to its own end.
const char *part_before(const char *text, const char *end);

// Reads a number or a word after blanks and moves on behind it; anything else fails the test.
double next_number(const char **text);
const char *next_word(const char **text);

// The first line of `output` of this kind ("run", "scenario") from line `skip` of that kind on.
const char *json_line(const char *output, const char *kind, int skip);
int count_lines(const char *output, const char *kind);

// An SQL expression about a line of JSON, which is ?1; NULL is NaN, or the text "-".
double json_number(const char *line, const char *expression);
const char *json_text(const char *line, const char *path);

// The first value of a query on the store in the test's directory, which must be sound.
double store_number(const char *query);

// Executes statements on it.
void store_execute(const char *statements);

#endif
