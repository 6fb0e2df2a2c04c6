// SPDX-License-Identifier: GPL-3.0-or-later
#include "workshop.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPTIONS_MAX 16

static char place[] = "/tmp/meshsim-load-XXXXXX";

void workshop_open(void)
{
    cr_assert_not_null(mkdtemp(place));
    cr_assert_eq(chdir(place), 0);
}

void workshop_close(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", place);
    cr_assert_eq(chdir("/"), 0);
    cr_assert_eq(system(command), 0);
}

void write_bytes(const char *name, const char *bytes, size_t length)
{
    FILE *file = fopen(name, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, length, file), length);
    cr_assert_eq(fclose(file), 0);
}

void write_text(const char *name, const char *text)
{
    write_bytes(name, text, strlen(text));
}

static struct sim_overrides overrides_of(const char *const *options, const char **sets)
{
    struct sim_overrides overrides = {.sets = sets};
    for (; options != NULL && *options != NULL; options++) {
        const char **flag = strcmp(*options, "--agents") == 0   ? &overrides.agents
                            : strcmp(*options, "--seed") == 0   ? &overrides.seed
                            : strcmp(*options, "--repeat") == 0 ? &overrides.repeat
                                                                : NULL;
        if (flag != NULL) {
            *flag = *++options;
        } else {
            cr_assert_lt(overrides.set_count, OPTIONS_MAX);
            sets[overrides.set_count++] = *options;
        }
    }
    return overrides;
}

struct outcome load_with(const char *name, const char *const *options)
{
    const char *sets[OPTIONS_MAX];
    struct sim_overrides overrides = overrides_of(options, sets);
    struct outcome outcome = {0};
    outcome.fine =
        sim_load_scenario(name, &overrides, &outcome.scenarios, &outcome.count, &outcome.error);
    return outcome;
}

struct outcome load(const char *name)
{
    return load_with(name, NULL);
}

struct outcome load_text(const char *text)
{
    write_text("x.yaml", text);
    return load("x.yaml");
}

struct outcome must_load(const char *text)
{
    struct outcome outcome = load_text(text);
    cr_assert(outcome.fine, "this should load:\n%s\nbut it was refused at %u:%u: %s", text,
              outcome.error.line, outcome.error.column, outcome.error.text);
    return outcome;
}

void must_have_failed(struct outcome outcome, enum sim_error_code code, const char *file,
                      uint32_t line, uint32_t column, const char *words)
{
    const struct sim_error *error = &outcome.error;
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
    cr_assert_not(outcome.fine, "expected an error with \"%s\", but it loaded", words);
    cr_assert_null(outcome.scenarios);
    cr_assert_eq(outcome.count, 0);
    cr_assert(
        error->code == code && error->line == line && error->column == column &&
            strcmp(error->file, file) == 0 && strstr(error->text, words) != NULL,
        "expected %s:%u:%u: ...%s... (code %d)\nfound    %s:%u:%u: %s (code %d)\n         | %s",
        file, line, column, words, (int)code, error->file, error->line, error->column, error->text,
        (int)error->code, error->excerpt);
}

void must_fail(const char *text, enum sim_error_code code, uint32_t line, uint32_t column,
               const char *words)
{
    must_have_failed(load_text(text), code, "x.yaml", line, column, words);
}

char *lint_text(const char *name, const char *const *options)
{
    const char *sets[OPTIONS_MAX];
    struct sim_overrides overrides = overrides_of(options, sets);
    struct sim_error error = {0};
    char *text = NULL;
    size_t length = 0;
    FILE *output = open_memstream(&text, &length);
    cr_assert_not_null(output);
    bool fine = sim_lint(name, &overrides, output, &error);
    fclose(output);
    cr_assert(fine, "lint refused %s at %u:%u: %s", name, error.line, error.column, error.text);
    return text;
}
