// SPDX-License-Identifier: GPL-3.0-or-later
#include "report.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "failure.h"
#include "plot.h"
#include "read.h"
#include "script.h"

static const char usage[] =
    "usage: meshsim report [--db FILE] [--run ID|latest] [-o DIR]\n"
    "\n"
    "Draws how updates spread: the share of agents that hold an update against the time\n"
    "since its write, with the claim's target and theta marked. One picture per topology\n"
    "and number of agents, as SVG and PNG; needs gnuplot.\n"
    "\n"
    "  --db FILE     the store to read (meshsim.db)\n"
    "  --run ID      draw this run only; \"latest\" (the default) draws all runs of the\n"
    "                last \"meshsim run\"\n"
    "  -o, --output DIR   where the pictures go (report)\n"
    "  --help        this text\n"
    "\n"
    "example: meshsim run topologies/flat-mesh.yaml && meshsim report -o pictures\n";

struct options {
    const char *store;
    const char *run;
    const char *directory;
    bool help;
};

static bool is_run_name(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return strcmp(text, "latest") == 0 || (digits > 0 && digits <= 18 && text[digits] == '\0');
}

static bool parse_options(int argc, char **argv, struct options *options,
                          struct report_error *error)
{
    static const struct option known[] = {
        {"db", required_argument, NULL, 'd'},
        {"run", required_argument, NULL, 'r'},
        {"output", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    optind = 0;  // GNU: start over, also when another verb has used getopt before
    opterr = 0;
    int option;
    while ((option = getopt_long(argc, argv, ":o:h", known, NULL)) != -1) {
        switch (option) {
        case 'd': options->store = optarg; break;
        case 'r': options->run = optarg; break;
        case 'o': options->directory = optarg; break;
        case 'h': options->help = true; break;
        case ':':
            return report_error_set(error, REPORT_USAGE, "%s needs a value", argv[optind - 1]);
        default:
            return report_error_set(error, REPORT_USAGE, "unknown option %s", argv[optind - 1]);
        }
    }
    if (optind < argc) {
        return report_error_set(error, REPORT_USAGE, "unexpected argument \"%s\"", argv[optind]);
    }
    if (!is_run_name(options->run)) {
        return report_error_set(error, REPORT_USAGE,
                                "--run takes the number of a run or \"latest\", not \"%s\"",
                                options->run);
    }
    return true;
}

// mkdir -p.
static bool make_directory(const char *path, struct report_error *error)
{
    char partial[PATH_MAX];
    if ((size_t)snprintf(partial, sizeof partial, "%s", path) >= sizeof partial) {
        return report_error_set(error, REPORT_IO, "cannot create %s: the path is too long", path);
    }
    for (char *slash = strchr(partial + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(partial, 0777);  // a failure shows at the last one
        *slash = '/';
    }
    struct stat facts;
    if (mkdir(partial, 0777) != 0 && errno != EEXIST) {
        return report_error_set(error, REPORT_IO, "cannot create %s: %s", path, strerror(errno));
    }
    if (stat(partial, &facts) != 0 || !S_ISDIR(facts.st_mode)) {
        return report_error_set(error, REPORT_IO, "cannot write to %s: it is not a directory",
                                path);
    }
    return true;
}

// convergence-flat_mesh-10.svg. The topology's name is the store's, so only harmless bytes pass.
static bool picture_path(const struct report_picture *picture, const char *directory,
                         enum report_format format, char path[PATH_MAX], struct report_error *error)
{
    char topology[REPORT_TEXT_BYTES];
    snprintf(topology, sizeof topology, "%s", picture->topology);
    for (char *byte = topology; *byte != '\0'; byte++) {
        if (!isascii((unsigned char)*byte) || (!isalnum((unsigned char)*byte) && *byte != '-')) {
            *byte = '_';
        }
    }
    char part[32] = "";
    if (picture->part != 0) {
        snprintf(part, sizeof part, "-%" PRIu32, picture->part);
    }
    int length = snprintf(path, PATH_MAX, "%s/convergence-%s-%" PRId64 "%s.%s", directory, topology,
                          picture->agents, part, report_format_suffix(format));
    return length < PATH_MAX ||
           report_error_set(error, REPORT_IO, "cannot write to %s: the path is too long",
                            directory);
}

static bool write_script(const struct report_picture *picture, struct report_script *script)
{
    *script = (struct report_script){
        .width = REPORT_PICTURE_WIDTH,
        .height = report_script_height(picture),
    };
    FILE *stream = open_memstream(&script->text, &script->length);
    if (stream == NULL) {
        return false;
    }
    report_script_write(stream, picture);
    return fclose(stream) == 0;
}

static bool draw_picture(const struct report_picture *picture, const char *directory,
                         struct report_error *error)
{
    struct report_script script;
    bool drawn =
        write_script(picture, &script) || report_error_set(error, REPORT_INTERNAL, "out of memory");
    for (int format = 0; drawn && format < REPORT_FORMAT_COUNT; format++) {
        char path[PATH_MAX];
        drawn = picture_path(picture, directory, (enum report_format)format, path, error) &&
                report_plot(&script, (enum report_format)format, path, error);
        if (drawn) {
            printf("%s\n", path);
        }
    }
    free(script.text);
    return drawn;
}

// What to do next goes to stderr: stdout is a list of files that a script can read.
static void say_next(const struct report_picture *pictures, size_t count, size_t skipped,
                     const struct options *options)
{
    if (skipped > 0) {
        fprintf(stderr, "%zu run%s left out: no update was measured\n", skipped,
                skipped == 1 ? "" : "s");
    }
    size_t lines = 0;
    for (size_t index = 0; index < count; index++) {
        lines += pictures[index].line_count;
        for (uint32_t line = 0; line < pictures[index].line_count; line++) {
            if (pictures[index].lines[line].interrupted) {
                fprintf(stderr, "run %" PRId64 " was interrupted and is not judged: run it again\n",
                        pictures[index].lines[line].run_id);
            }
        }
    }
    char path[PATH_MAX];
    struct report_error ignored = {0};
    if (picture_path(&pictures[0], options->directory, REPORT_SVG, path, &ignored)) {
        fprintf(stderr, "Next: xdg-open %s\n", path);
    }
    if (lines > 1) {
        fprintf(stderr, "      meshsim report --run %" PRId64 " draws that run alone\n",
                pictures[0].lines[0].run_id);
    }
}

static bool make_report(const struct options *options, struct report_error *error)
{
    struct report_picture *pictures;
    size_t count;
    size_t skipped;
    if (!report_read(options->store, options->run, &pictures, &count, &skipped, error)) {
        return false;
    }
    bool made = make_directory(options->directory, error);
    for (size_t index = 0; made && index < count; index++) {
        made = draw_picture(&pictures[index], options->directory, error);
    }
    if (made && fflush(stdout) != 0) {
        made = report_error_set(error, REPORT_IO, "cannot write to stdout: %s", strerror(errno));
    }
    if (made) {
        say_next(pictures, count, skipped, options);
    }
    report_pictures_destroy(pictures, count);
    return made;
}

int report_main(int argc, char **argv)
{
    struct options options = {.store = "meshsim.db", .run = "latest", .directory = "report"};
    struct report_error error = {0};
    if (!parse_options(argc, argv, &options, &error)) {
        fprintf(stderr, "meshsim report: %s; \"meshsim report --help\" shows them all\n",
                error.text);
        return error.code;
    }
    if (options.help) {
        fputs(usage, stdout);
        return REPORT_OK;
    }
    if (!make_report(&options, &error)) {
        fprintf(stderr, "meshsim report: %s\n", error.text);
    }
    return error.code;
}
