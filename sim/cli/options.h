// SPDX-License-Identifier: GPL-3.0-or-later
// The options of a verb as a table: parsing, --help and the hint for a misspelt name all read it.
//
//     static struct wish wish;
//     options[] = {"--seed", "N", "of repetition 0", .value = &wish.seed}    --seed 42   --seed=42
//                 {"--set", "KEY=VALUE", "...",      .list = &wish.sets}     --set a=1 --set b=2
//                 {"--json", NULL, "JSON Lines",     .flag = &wish.json}     --json
//
// Everything that is no option is an argument of the verb; after "--" everything is. An option
// given twice: the later counts, unless it is a list. Texts are not copied: they live as long as
// argv.

#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"

struct sim_texts {
    const char **items;  // [count]
    uint32_t count;
};

struct sim_option {
    const char *name;      // "--seed"
    const char *argument;  // what it takes, as --help shows it; NULL: nothing
    const char *meaning;   // for --help; a newline goes on in the same column
    bool *flag;            // one of the three
    const char **value;
    struct sim_texts *list;
};

struct sim_usage {
    const char *verb;                  // "run"
    const char *arguments;             // "FILE...", shown behind the options; NULL: it takes none
    const char *summary;               // sentences, with their newlines
    const char *example;               // one command
    const struct sim_option *options;  // --help is known without being listed
    uint32_t option_count;
};

// Reads argv[1 ..], argv[0] being the verb. `*help` is set when --help or -h stood there; then
// nothing else is checked. Lists and `arguments` are to be ended with sim_texts_finish, whatever
// comes back. On failure `error` (SIM_ERROR_USAGE) names what is wrong and the nearest option.
bool sim_options_parse(const struct sim_usage *usage, int argc, char **argv,
                       struct sim_texts *arguments, bool *help, struct sim_error *error);

void sim_texts_add(struct sim_texts *texts, const char *text);
void sim_texts_finish(struct sim_texts *texts);

// --help.
void sim_usage_print(const struct sim_usage *usage, FILE *output);

// Appends "; did you mean X?" to a text when one of the names is near, else "; there are X, Y and
// Z".
void sim_options_hint(const char *name, const char *const *known, uint32_t count, char *text,
                      size_t capacity);

// A whole number from `least` to `most`. On failure `error` (SIM_ERROR_USAGE) names the option.
bool sim_option_number(const char *option, const char *text, uint32_t least, uint32_t most,
                       uint32_t *number, struct sim_error *error);

#endif
