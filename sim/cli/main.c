// SPDX-License-Identifier: GPL-3.0-or-later
// The program: which verb is meant, and nothing else.
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "options.h"
#include "report.h"
#include "verbs.h"
#include "version.h"

static int run_report(const char *program, int argc, char **argv)
{
    (void)program;
    return report_main(argc, argv);
}

static const struct {
    const char *name;
    const char *summary;
    int (*main)(const char *program, int argc, char **argv);
} verbs[] = {
    {"run", "runs scenario or topology files, prints verdicts, stores the runs", sim_verb_run},
    {"lint", "shows every key of a file with its effect", sim_verb_lint},
    {"new", "writes a topology file of your own", sim_verb_new},
    {"list", "lists stored runs, and prunes the store", sim_verb_list},
    {"show", "prints what a stored run measured, and its verdicts", sim_verb_show},
    {"replay", "runs a stored run again and tells who heard what from whom", sim_verb_replay},
    {"verify", "runs a stored or exported run again and compares", sim_verb_verify},
    {"export", "writes a stored run as one file to carry away", sim_verb_export},
    {"report", "makes pictures and a page of stored runs", run_report},
};

#define VERB_COUNT (sizeof verbs / sizeof *verbs)

static void print_usage(FILE *output)
{
    fprintf(output, "meshsim VERB [OPTION...] [FILE...]\n\n"
                    "Says how long an update takes to reach a mesh of agents, and whether that "
                    "holds what was\npromised. Verbs:\n\n");
    for (size_t i = 0; i < VERB_COUNT; i++) {
        fprintf(output, "  %-9s%s\n", verbs[i].name, verbs[i].summary);
    }
    fprintf(output, "\n\"meshsim VERB --help\" explains one; \"meshsim --version\" names the "
                    "version.\n\nexample: meshsim run topologies/flat-mesh.yaml\n");
}

static int refuse(const char *program, const char *name)
{
    static const char *const options[] = {"--help", "--version"};
    char hint[512] = "";
    const char *known[VERB_COUNT];
    for (size_t i = 0; i < VERB_COUNT; i++) {
        known[i] = verbs[i].name;
    }
    if (name[0] == '-') {
        sim_options_hint(name, options, sizeof options / sizeof *options, hint, sizeof hint);
    } else {
        sim_options_hint(name, known, VERB_COUNT, hint, sizeof hint);
    }
    fprintf(stderr, "%s: unknown %s %.80s%s\n", program, name[0] == '-' ? "option" : "verb", name,
            hint);
    return SIM_ERROR_USAGE;
}

// A path below the working directory is shown as one from there: what is printed can be typed.
static const char *called_from_here(const char *called)
{
    char directory[PATH_MAX];
    if (called[0] == '/' && getcwd(directory, sizeof directory) != NULL) {
        size_t length = strlen(directory);
        if (strncmp(called, directory, length) == 0 && called[length] == '/' &&
            strchr(called + length + 1, '/') != NULL) {
            return called + length + 1;
        }
    }
    return called;
}

int main(int argc, char **argv)
{
    const char *program = argc > 0 ? called_from_here(argv[0]) : "meshsim";
    // A file that may not grow is a full disk: an error of write, which SQLite and stdio report.
    signal(SIGXFSZ, SIG_IGN);
    if (argc < 2) {
        print_usage(stderr);
        return SIM_ERROR_USAGE;
    }
    for (size_t i = 0; i < VERB_COUNT; i++) {
        if (strcmp(argv[1], verbs[i].name) == 0) {
            return verbs[i].main(program, argc - 1, argv + 1);
        }
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return sim_verb_end("help", SIM_OK);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("meshsim %s\n", sim_engine_version);
        return sim_verb_end("version", SIM_OK);
    }
    return refuse(program, argv[1]);
}
