// SPDX-License-Identifier: GPL-3.0-or-later
// `meshsim export`: a stored run as one file.
#include <inttypes.h>
#include <stdio.h>

#include "stored.h"
#include "text.h"
#include "verbs.h"

struct wish {
    struct sim_texts runs;
    const char *store_path;
    const char *output;
    bool quiet;
};

static bool export(const char *program, const struct wish *wish, struct sim_error *error)
{
    struct sim_stored stored = {0};
    if (wish->runs.count != 1 || wish->output == NULL) {
        return sim_error_set(error, SIM_ERROR_USAGE,
                             "expected one run and a file: %s export latest -o run.yaml", program);
    }
    bool fine = sim_stored_open(&stored, wish->runs.items[0], wish->store_path, error) &&
                sim_recording_export(&stored.recording, wish->output, error);
    if (fine && !wish->quiet) {
        char command[1024] = "";
        sim_words_append(command, sizeof command, "%s verify", program);
        sim_words_append_argument(command, sizeof command, wish->output);
        fprintf(stderr,
                "Exported: %s to %s, with all that went into it\nNext: %s  on any machine "
                "with meshsim %s\n",
                stored.recording.origin, wish->output, command, stored.recording.engine_version);
    }
    sim_stored_finish(&stored);
    return fine;
}

int sim_verb_export(const char *program, int argc, char **argv)
{
    struct wish wish = {.store_path = SIM_STORE_PATH};
    const struct sim_option options[] = {
        {.name = "--output",
         .argument = "FILE",
         .value = &wish.output,
         .meaning = "the file to write, also -o; it appears when it is whole"},
        {.name = "-o", .argument = "FILE", .value = &wish.output, .meaning = "the same"},
        {.name = "--db",
         .argument = "FILE",
         .value = &wish.store_path,
         .meaning = "the store to read (meshsim.db)"},
        {.name = "--quiet", .flag = &wish.quiet, .meaning = "no narration on stderr"},
    };
    const struct sim_usage usage = {
        .verb = "export",
        .arguments = "RUN",
        .summary =
            "Writes a stored run as one YAML file that needs nothing else: texts of its files and\n"
            "measurements, options, tables, seed, engine version, checkpoints and the digest of "
            "its\nresults. RUN is its number or \"latest\". \"meshsim verify FILE\" runs it again "
            "elsewhere.",
        .example = "meshsim export latest -o run.yaml",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    struct sim_error error = {0};
    bool help = false;
    if (sim_options_parse(&usage, argc, argv, &wish.runs, &help, &error)) {
        if (help) {
            sim_usage_print(&usage, stdout);
        } else {
            export(program, &wish, &error);
        }
    }
    sim_texts_finish(&wish.runs);
    return sim_verb_fail(program, "export", &error);
}
