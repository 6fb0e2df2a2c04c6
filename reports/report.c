// SPDX-License-Identifier: GPL-3.0-or-later
#include "report.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drawings.h"
#include "failure.h"
#include "matrix.h"
#include "page.h"
#include "plot.h"
#include "store.h"

static const char usage[] =
    "usage: meshsim report [--db FILE] [--run ID|latest | --command ID|latest] [-o DIR]\n"
    "\n"
    "Makes a report of stored runs: index.html, one file that works offline and prints well,\n"
    "with the verdicts, how updates spread (by mesh, tier and region), traffic, all figures\n"
    "and what was assumed. Each of its pictures is also written as SVG and PNG; needs gnuplot.\n"
    "\n"
    "  --db FILE     the store to read (meshsim.db)\n"
    "  --run ID      this run only; \"latest\" (the default) reports all runs of the last\n"
    "                \"meshsim run\"\n"
    "  --command ID  all runs of the \"meshsim run\" that made run ID\n"
    "  -o, --output DIR   where the report goes (report)\n"
    "  --quiet       no progress, no advice\n"
    "  --help        this text\n"
    "\n"
    "example: meshsim run topologies/flat-mesh.yaml && meshsim report -o pictures\n";

struct options {
    const char *store;
    const char *run;      // NULL: not given
    const char *command;  // NULL: not given
    const char *directory;
    bool quiet;
    bool help;
};

static bool is_run_name(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return strcmp(text, "latest") == 0 || (digits > 0 && digits <= 18 && text[digits] == '\0');
}

static bool check_options(const struct options *options, struct report_error *error)
{
    if (options->run != NULL && !is_run_name(options->run)) {
        return report_error_set(error, REPORT_USAGE,
                                "--run takes the number of a run or \"latest\", not \"%s\"",
                                options->run);
    }
    if (options->command != NULL && !is_run_name(options->command)) {
        return report_error_set(error, REPORT_USAGE,
                                "--command takes the number of a run or \"latest\", not \"%s\"",
                                options->command);
    }
    if (options->run != NULL && options->command != NULL) {
        return report_error_set(error, REPORT_USAGE, "--run and --command exclude each other");
    }
    return true;
}

static bool parse_options(int argc, char **argv, struct options *options,
                          struct report_error *error)
{
    static const struct option known[] = {
        {"db", required_argument, NULL, 'd'},
        {"run", required_argument, NULL, 'r'},
        {"command", required_argument, NULL, 'c'},
        {"output", required_argument, NULL, 'o'},
        {"quiet", no_argument, NULL, 'q'},
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
        case 'c': options->command = optarg; break;
        case 'o': options->directory = optarg; break;
        case 'q': options->quiet = true; break;
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
    return check_options(options, error);
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

// One line on a terminal, drawn again for each file; elsewhere the list of files on stdout is
// enough.
static void draw_progress(const struct options *options, size_t done, size_t total,
                          const char *name)
{
    if (!options->quiet && isatty(STDERR_FILENO)) {
        fprintf(stderr, "\r\033[Kdrawing %zu/%zu  %.60s", done + 1, total, name);
        fflush(stderr);
    }
}

static void clear_progress(const struct options *options)
{
    if (!options->quiet && isatty(STDERR_FILENO)) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
}

static bool draw(const struct report_drawing *drawing, const struct options *options,
                 struct report_error *error)
{
    for (int format = 0; format < REPORT_FORMAT_COUNT; format++) {
        char path[PATH_MAX];
        int length = snprintf(path, sizeof path, "%s/%s.%s", options->directory, drawing->name,
                              report_format_suffix((enum report_format)format));
        if (length >= PATH_MAX) {
            return report_error_set(error, REPORT_IO, "cannot write to %s: the path is too long",
                                    options->directory);
        }
        if (!report_plot(&drawing->script, (enum report_format)format, path, error)) {
            return false;
        }
        clear_progress(options);
        printf("%s\n", path);
        fflush(stdout);
    }
    return true;
}

// What to do next goes to stderr: stdout is a list of files that a script can read.
static void say_next(const struct report_store *store, size_t skipped,
                     const struct options *options)
{
    if (skipped > 0) {
        fprintf(stderr, "%zu run%s without a curve: no update was measured\n", skipped,
                skipped == 1 ? "" : "s");
    }
    for (size_t index = 0; index < store->run_count; index++) {
        if (store->runs[index].interrupted) {
            fprintf(stderr, "run %" PRId64 " was interrupted and is not judged: run it again\n",
                    store->runs[index].run_id);
        }
    }
    fprintf(stderr, "Next: xdg-open %s/" REPORT_PAGE_NAME "\n", options->directory);
    if (store->run_count > 1) {
        fprintf(stderr, "      meshsim report --run %" PRId64 " reports that run alone\n",
                store->runs[0].run_id);
    }
}

static bool make_files(const struct report_store *store, const struct report_matrix *matrix,
                       const struct options *options)
{
    struct report_drawings drawings;
    bool made = report_drawings_collect(store, matrix, &drawings) &&
                make_directory(options->directory, store->error);
    for (size_t index = 0; made && index < drawings.count; index++) {
        draw_progress(options, index, drawings.count, drawings.items[index].name);
        made = draw(&drawings.items[index], options, store->error);
    }
    clear_progress(options);
    made = made && report_page_write(options->directory, store, matrix, &drawings);
    if (made) {
        printf("%s/" REPORT_PAGE_NAME "\n", options->directory);
    }
    if (made && (fflush(stdout) != 0 || ferror(stdout) != 0)) {
        made = report_error_set(store->error, REPORT_IO, "cannot write to stdout: %s",
                                strerror(errno));
    }
    if (made && !options->quiet) {
        say_next(store, drawings.skipped, options);
    }
    report_drawings_finish(&drawings);
    return made;
}

// A number, or NULL for the last.
static const char *number_of(const char *name)
{
    return name == NULL || strcmp(name, "latest") == 0 ? NULL : name;
}

static bool make_report(const struct options *options, struct report_error *error)
{
    struct report_store store;
    struct report_matrix matrix = {0};
    const struct report_choice choice = {number_of(options->run), number_of(options->command)};
    bool made = report_store_open(&store, options->store, &choice, error) &&
                report_matrix_read(&store, &matrix) && make_files(&store, &matrix, options);
    report_matrix_finish(&matrix);
    report_store_close(&store);
    return made;
}

int report_main(int argc, char **argv)
{
    struct options options = {.store = "meshsim.db", .directory = "report"};
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
