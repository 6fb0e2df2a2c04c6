// SPDX-License-Identifier: GPL-3.0-or-later
#include "program.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 40
#define WAIT_MS 60000  // a machine may have other work

static char directory[] = "/tmp/meshsim-cli-XXXXXX";

static char **kept;
static size_t kept_count;

char *keep(char *text)
{
    cr_assert(text);
    char **more = realloc(kept, (kept_count + 1) * sizeof *kept);
    cr_assert(more);
    kept = more;
    kept[kept_count++] = text;
    return text;
}

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    cr_assert(value, "%s is not set: run this test through meson", name);
    return value;
}

void scratch_enter(void)
{
    // Tests look at the defaults of a user without settings of his own.
    unsetenv("NO_COLOR");
    cr_assert(mkdtemp(directory) && chdir(directory) == 0, "cannot work in %s", directory);
}

void scratch_leave(void)
{
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", directory);
    cr_expect(chdir("/") == 0 && system(command) == 0);
    while (kept_count > 0) {
        free(kept[--kept_count]);
    }
    free(kept);
}

static const char *path_in(const char *folder, const char *name)
{
    char *path = NULL;
    cr_assert(asprintf(&path, "%s/%s/%s", environment("MESHSIM_ROOT"), folder, name) > 0);
    return keep(path);
}

const char *topology(const char *name)
{
    return path_in("topologies", name);
}

const char *scenario(const char *name)
{
    return path_in("scenarios", name);
}

void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0, "cannot write %s", name);
}

static char *read_all(int file)
{
    char *text = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);
    cr_assert(memory);
    char bytes[4096];
    ssize_t count;
    while ((count = read(file, bytes, sizeof bytes)) > 0) {
        fwrite(bytes, 1, (size_t)count, memory);
    }
    fclose(memory);
    cr_assert(count == 0, "cannot read what the program wrote");
    return keep(text);
}

static char *read_file(const char *name)
{
    int file = open(name, O_RDONLY);
    cr_assert(file >= 0, "no file %s", name);
    char *text = read_all(file);
    close(file);
    return text;
}

// ---- Running it ----

static void list_arguments(const char *arguments[ARGUMENTS_MAX], const char *first, va_list rest)
{
    int count = 0;
    arguments[count++] = environment("MESHSIM");
    for (const char *next = first; next != NULL; next = va_arg(rest, const char *)) {
        cr_assert(count < ARGUMENTS_MAX - 1);
        arguments[count++] = next;
    }
    arguments[count] = NULL;
}

// `output` gets the pipe its stdout goes to.
static pid_t start(const char *const *arguments, int *output)
{
    int ends[2];
    cr_assert(pipe2(ends, O_CLOEXEC) == 0);
    pid_t child = fork();
    cr_assert(child >= 0);
    if (child == 0) {
        int errors = open("errors", O_WRONLY | O_CREAT | O_TRUNC, 0600);
        int nothing = open("/dev/null", O_RDONLY);
        if (errors >= 0 && nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 &&
            dup2(ends[1], STDOUT_FILENO) >= 0 && dup2(errors, STDERR_FILENO) >= 0) {
            execv(arguments[0], (char *const *)arguments);
        }
        _exit(127);
    }
    close(ends[1]);
    *output = ends[0];
    return child;
}

pid_t start_program(int *output, const char *first, ...)
{
    const char *arguments[ARGUMENTS_MAX];
    va_list rest;
    va_start(rest, first);
    list_arguments(arguments, first, rest);
    va_end(rest);
    return start(arguments, output);
}

// Whether what was read last ended within a line, whose rest comes whenever the program flushes.
static bool within_line;

void wait_for_line(int output, const char *text)
{
    char seen[65536] = "";
    size_t length = 0;
    struct pollfd poller = {.fd = output, .events = POLLIN};
    while (strstr(seen, text) == NULL || strchr(strstr(seen, text), '\n') == NULL) {
        cr_assert(length < sizeof seen - 1, "no \"%s\" in %s", text, seen);
        cr_assert(poll(&poller, 1, WAIT_MS) == 1, "no \"%s\" after a minute", text);
        ssize_t count = read(output, seen + length, sizeof seen - 1 - length);
        cr_assert(count > 0, "the program ended without \"%s\": %s%s", text, seen,
                  read_file("errors"));
        length += (size_t)count;
        seen[length] = '\0';
    }
    within_line = seen[length - 1] != '\n';
}

struct ended wait_for_end(pid_t program, int output)
{
    struct ended ended = {.exit_code = -1};
    int status = 0;
    ended.output = read_all(output);
    const char *rest = within_line ? strchr(ended.output, '\n') : NULL;
    ended.output = rest == NULL ? ended.output : rest + 1;
    within_line = false;
    close(output);
    cr_assert(waitpid(program, &status, 0) == program);
    if (WIFEXITED(status)) {
        ended.exit_code = WEXITSTATUS(status);
    } else {
        ended.signal = WTERMSIG(status);
    }
    ended.errors = read_file("errors");
    return ended;
}

struct ended run_program(const char *first, ...)
{
    const char *arguments[ARGUMENTS_MAX];
    int output;
    va_list rest;
    va_start(rest, first);
    list_arguments(arguments, first, rest);
    va_end(rest);
    pid_t program = start(arguments, &output);
    return wait_for_end(program, output);
}

struct ended run_shell(const char *command)
{
    const char *arguments[] = {"/bin/sh", "-c", command, NULL};
    int output;
    pid_t shell = start(arguments, &output);
    return wait_for_end(shell, output);
}

// ---- Looking at what came back ----

void expect_part(const char *text, const char *part)
{
    cr_expect(strstr(text, part), "no \"%s\" in:\n%s", part, text);
}

void expect_no_part(const char *text, const char *part)
{
    cr_expect(!strstr(text, part), "\"%s\" in:\n%s", part, text);
}

void expect_exit(const struct ended *ended, int exit_code)
{
    cr_assert(ended->exit_code == exit_code, "exit %d, signal %d, expected %d\n%s\n%s",
              ended->exit_code, ended->signal, exit_code, ended->output, ended->errors);
}

const char *part_before(const char *text, const char *end)
{
    const char *at = strstr(text, end);
    return keep(strndup(text, at == NULL ? strlen(text) : (size_t)(at - text)));
}

double next_number(const char **text)
{
    char *end;
    double number = strtod(*text, &end);
    cr_assert(end != *text, "no number: %s", *text);
    *text = end;
    return number;
}

const char *next_word(const char **text)
{
    *text += strspn(*text, " ");
    char *word = keep(strndup(*text, strcspn(*text, " \n")));
    cr_assert(word[0] != '\0', "no word: %s", *text);
    *text += strlen(word);
    return word;
}

// SQLite understands JSON, so no parser of our own.
static sqlite3_stmt *ask_json(sqlite3 **sqlite, const char *line, const char *expression)
{
    char sql[512];
    sqlite3_stmt *statement = NULL;
    snprintf(sql, sizeof sql, "SELECT %s", expression);
    cr_assert(sqlite3_open(":memory:", sqlite) == SQLITE_OK);
    cr_assert(sqlite3_prepare_v2(*sqlite, sql, -1, &statement, NULL) == SQLITE_OK, "%s: %s", sql,
              sqlite3_errmsg(*sqlite));
    sqlite3_bind_text(statement, 1, line, -1, SQLITE_STATIC);
    cr_assert(sqlite3_step(statement) == SQLITE_ROW, "%s in %s", sqlite3_errmsg(*sqlite), line);
    return statement;
}

double json_number(const char *line, const char *expression)
{
    sqlite3 *sqlite = NULL;
    sqlite3_stmt *statement = ask_json(&sqlite, line, expression);
    double number = sqlite3_column_type(statement, 0) == SQLITE_NULL
                        ? NAN
                        : sqlite3_column_double(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(sqlite);
    return number;
}

const char *json_text(const char *line, const char *path)
{
    char expression[256];
    sqlite3 *sqlite = NULL;
    snprintf(expression, sizeof expression, "coalesce(?1 ->> '%s', '-')", path);
    sqlite3_stmt *statement = ask_json(&sqlite, line, expression);
    char *text = keep(strdup((const char *)sqlite3_column_text(statement, 0)));
    sqlite3_finalize(statement);
    sqlite3_close(sqlite);
    return text;
}

static bool is_of_kind(const char *line, const char *kind)
{
    cr_assert(json_number(line, "json_valid(?1)") == 1, "no JSON: %s", line);
    return strcmp(json_text(line, "$.kind"), kind) == 0;
}

// The line of that kind after `skip` others, or NULL; counts those passed.
static const char *find_line(const char *output, const char *kind, int skip, int *passed)
{
    *passed = 0;
    while (*output != '\0') {
        const char *line = part_before(output, "\n");
        if (is_of_kind(line, kind) && (*passed)++ == skip) {
            return line;
        }
        output += strlen(line);
        output += *output == '\n';
    }
    return NULL;
}

const char *json_line(const char *output, const char *kind, int skip)
{
    int passed;
    const char *line = find_line(output, kind, skip, &passed);
    cr_assert(line, "only %d lines of kind %s in:\n%s", passed, kind, output);
    return line;
}

int count_lines(const char *output, const char *kind)
{
    int passed;
    find_line(output, kind, -1, &passed);
    return passed;
}

double store_number(const char *query)
{
    sqlite3 *sqlite = NULL;
    sqlite3_stmt *statement = NULL;
    cr_assert(sqlite3_open_v2(STORE, &sqlite, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK,
              "no store");
    cr_assert(sqlite3_prepare_v2(sqlite, "PRAGMA integrity_check", -1, &statement, NULL) ==
                      SQLITE_OK &&
                  sqlite3_step(statement) == SQLITE_ROW,
              "%s", sqlite3_errmsg(sqlite));
    cr_assert_str_eq((const char *)sqlite3_column_text(statement, 0), "ok");
    sqlite3_finalize(statement);
    cr_assert(sqlite3_prepare_v2(sqlite, query, -1, &statement, NULL) == SQLITE_OK, "%s",
              sqlite3_errmsg(sqlite));
    cr_assert(sqlite3_step(statement) == SQLITE_ROW, "no row from %s", query);
    double number = sqlite3_column_type(statement, 0) == SQLITE_NULL
                        ? NAN
                        : sqlite3_column_double(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(sqlite);
    return number;
}

void store_execute(const char *statements)
{
    sqlite3 *sqlite = NULL;
    cr_assert(sqlite3_open_v2(STORE, &sqlite, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK,
              "no store");
    cr_assert(sqlite3_exec(sqlite, statements, NULL, NULL, NULL) == SQLITE_OK, "%s",
              sqlite3_errmsg(sqlite));
    sqlite3_close(sqlite);
}
