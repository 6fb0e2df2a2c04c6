// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdio.h>

#include "error.h"
#include "lint_faults.h"
#include "options.h"
#include "scenario.h"
#include "verbs.h"

struct wish {
    struct sim_overrides overrides;
    struct sim_texts files;
    struct sim_texts sets;
    bool sizes;
};

// What is known of a file once the mesh is laid out: of a sweep the first cell, as above it.
static bool show_faults(const char *path, const struct sim_overrides *overrides,
                        struct sim_error *error)
{
    struct sim_scenario *scenarios;
    uint32_t count;
    if (!sim_load_scenario(path, overrides, &scenarios, &count, error)) {
        return false;
    }
    sim_lint_faults(&scenarios[0], stdout);
    sim_scenarios_destroy(scenarios, count);
    return true;
}

static int lint(struct wish *wish)
{
    int code = SIM_OK;
    wish->overrides.sets = wish->sets.items;
    wish->overrides.set_count = wish->sets.count;
    for (uint32_t i = 0; i < wish->files.count; i++) {
        struct sim_error error = {0};
        bool (*show)(const char *, const struct sim_overrides *, FILE *, struct sim_error *) =
            wish->sizes ? sim_lint_sizes : sim_lint;
        if (!show(wish->files.items[i], &wish->overrides, stdout, &error) ||
            (!wish->sizes && !show_faults(wish->files.items[i], &wish->overrides, &error))) {
            fflush(stdout);
            sim_error_print(&error);
            code = (int)error.code > code ? (int)error.code : code;
        } else if (i + 1 < wish->files.count) {
            fputc('\n', stdout);
        }
    }
    return sim_verb_end("lint", code);
}

int sim_verb_lint(const char *program, int argc, char **argv)
{
    struct wish wish = {0};
    const struct sim_option options[] = {
        {.name = "--agents",
         .argument = "N",
         .value = &wish.overrides.agents,
         .meaning = "as with run"},
        {.name = "--seed",
         .argument = "N",
         .value = &wish.overrides.seed,
         .meaning = "as with run"},
        {.name = "--repeat",
         .argument = "N",
         .value = &wish.overrides.repeat,
         .meaning = "as with run"},
        {.name = "--set", .argument = "KEY=VALUE", .list = &wish.sets, .meaning = "as with run"},
        {.name = "--sizes",
         .flag = &wish.sizes,
         .meaning = "instead: what messages cost, in bytes, part by part"},
    };
    const struct sim_usage usage = {
        .verb = "lint",
        .arguments = "FILE...",
        .summary = "Checks scenario or topology files and shows every key with its value, where it "
                   "stands\nand what it does, or why it has no effect; then the latencies per pair "
                   "class,\nand the timeline of faults.",
        .example = "meshsim lint topologies/single-region.yaml --agents 300",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    struct sim_error error = {0};
    bool help = false;
    int code = SIM_ERROR_USAGE;
    if (!sim_options_parse(&usage, argc, argv, &wish.files, &help, &error)) {
        fprintf(stderr, "%s lint: %s\n", program, error.text);
    } else if (help) {
        sim_usage_print(&usage, stdout);
        code = sim_verb_end("lint", SIM_OK);
    } else if (wish.files.count == 0) {
        fprintf(stderr, "%s lint: name a scenario or topology file: %s lint mine.yaml\n", program,
                program);
    } else {
        code = lint(&wish);
    }
    sim_texts_finish(&wish.files);
    sim_texts_finish(&wish.sets);
    return code;
}
