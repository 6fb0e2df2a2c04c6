// SPDX-License-Identifier: GPL-3.0-or-later
#include "options.h"

#include <inttypes.h>
#include <string.h>

#include "allocate.h"
#include "decimal.h"
#include "keys.h"
#include "words.h"

#define HELP_COLUMN 22  // of the meanings

void sim_texts_add(struct sim_texts *texts, const char *text)
{
    texts->items = sim_memory_resize(texts->items, (texts->count + 1) * sizeof *texts->items);
    texts->items[texts->count++] = text;
}

void sim_texts_finish(struct sim_texts *texts)
{
    sim_memory_free(texts->items);
    *texts = (struct sim_texts){0};
}

void sim_options_hint(const char *name, const char *const *known, uint32_t count, char *text,
                      size_t capacity)
{
    const char *nearest = NULL;
    uint32_t least = UINT32_MAX;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t distance = sim_edit_distance(known[i], name);
        if (distance < least) {
            least = distance;
            nearest = known[i];
        }
    }
    if (nearest != NULL && sim_edit_is_slip(least, name)) {
        sim_words_append(text, capacity, "; did you mean %s?", nearest);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        sim_words_append(text, capacity, "%s%s",
                         i == 0          ? "; there are "
                         : i + 1 < count ? ", "
                                         : " and ",
                         known[i]);
    }
}

static bool unknown(const struct sim_usage *usage, const char *name, int length,
                    struct sim_error *error)
{
    char given[80];
    char hint[512] = "";
    const char *known[32];
    uint32_t count = 0;
    snprintf(given, sizeof given, "%.*s", length, name);
    while (count < usage->option_count && count < sizeof known / sizeof *known - 1) {
        known[count] = usage->options[count].name;
        count++;
    }
    known[count++] = "--help";
    sim_options_hint(given, known, count, hint, sizeof hint);
    return sim_error_set(error, SIM_ERROR_USAGE, "unknown option %s%s", given, hint);
}

static const struct sim_option *find(const struct sim_usage *usage, const char *name, size_t length)
{
    for (uint32_t i = 0; i < usage->option_count; i++) {
        const struct sim_option *option = &usage->options[i];
        if (strlen(option->name) == length && memcmp(option->name, name, length) == 0) {
            return option;
        }
    }
    return NULL;
}

// Takes the option at argv[*index], and the next text when the option's value stands there.
static bool take(const struct sim_usage *usage, int argc, char **argv, int *index,
                 struct sim_error *error)
{
    const char *name = argv[*index];
    size_t length = strcspn(name, "=");
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    const struct sim_option *option = find(usage, name, length);
    if (option == NULL) {
        return unknown(usage, name, (int)length, error);
    }
    if (option->flag != NULL) {
        *option->flag = true;
        return value == NULL ||
               sim_error_set(error, SIM_ERROR_USAGE, "%s takes no value", option->name);
    }
    if (value == NULL && *index + 1 < argc) {
        value = argv[++*index];
    }
    if (value == NULL) {
        return sim_error_set(error, SIM_ERROR_USAGE, "%s needs a value: %s %s", option->name,
                             option->name, option->argument);
    }
    if (option->list != NULL) {
        sim_texts_add(option->list, value);
    } else {
        *option->value = value;
    }
    return true;
}

bool sim_options_parse(const struct sim_usage *usage, int argc, char **argv,
                       struct sim_texts *arguments, bool *help, struct sim_error *error)
{
    bool only_arguments = false;
    *help = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            break;
        }
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            *help = true;
            return true;
        }
    }
    for (int i = 1; i < argc; i++) {
        if (only_arguments || argv[i][0] != '-' || argv[i][1] == '\0') {
            if (usage->arguments == NULL) {
                return sim_error_set(error, SIM_ERROR_USAGE, "unexpected argument \"%s\"", argv[i]);
            }
            sim_texts_add(arguments, argv[i]);
        } else if (strcmp(argv[i], "--") == 0) {
            only_arguments = true;
        } else if (!take(usage, argc, argv, &i, error)) {
            return false;
        }
    }
    return true;
}

static void print_option(const char *name, const char *argument, const char *meaning, FILE *output)
{
    int column = fprintf(output, "  %s%s%s", name, argument == NULL ? "" : " ",
                         argument == NULL ? "" : argument);
    if (column > HELP_COLUMN - 2) {
        fputc('\n', output);
        column = 0;
    }
    for (;;) {
        size_t length = strcspn(meaning, "\n");
        fprintf(output, "%*s%.*s\n", HELP_COLUMN - column, "", (int)length, meaning);
        if (meaning[length] == '\0') {
            return;
        }
        meaning += length + 1;
        column = 0;
    }
}

void sim_usage_print(const struct sim_usage *usage, FILE *output)
{
    fprintf(output, "meshsim %s%s%s%s\n\n%s\n\n", usage->verb,
            usage->option_count > 0 ? " [OPTION...]" : "", usage->arguments == NULL ? "" : " ",
            usage->arguments == NULL ? "" : usage->arguments, usage->summary);
    for (uint32_t i = 0; i < usage->option_count; i++) {
        const struct sim_option *option = &usage->options[i];
        print_option(option->name, option->argument, option->meaning, output);
    }
    print_option("--help", NULL, "this text", output);
    fprintf(output, "\nexample: %s\n", usage->example);
}

bool sim_option_number(const char *option, const char *text, uint32_t least, uint32_t most,
                       uint32_t *number, struct sim_error *error)
{
    int64_t value = 0;
    if (!sim_decimal_parse(text, strlen(text), 0, &value, NULL) || value < least || value > most) {
        return sim_error_set(error, SIM_ERROR_USAGE,
                             "%s: expected a whole number from %" PRIu32 " to %" PRIu32
                             ", found \"%.80s\"",
                             option, least, most, text);
    }
    *number = (uint32_t)value;
    return true;
}
