// SPDX-License-Identifier: GPL-3.0-or-later
#include "plot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NO_SUCH_PROGRAM 127  // what a spawned child exits with when it cannot be executed

static const struct {
    const char *suffix;
    const char *terminal;
    const char *font;
    uint32_t scale_percent;
    const char *ending;  // how a complete file ends
    size_t ending_bytes;
} formats[REPORT_FORMAT_COUNT] = {
    [REPORT_SVG] = {"svg", "svg dynamic", "Liberation Sans, DejaVu Sans, Arial, sans-serif", 100,
                    "</svg>\n\n", 8},
    [REPORT_PNG] = {"png", "pngcairo fontscale 1.5 linewidth 1.5 pointscale 2", "sans", 150,
                    "IEND\xAE\x42\x60\x82", 8},
};

const char *report_format_suffix(enum report_format format)
{
    return formats[format].suffix;
}

static bool write_all(int file, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t written = write(file, bytes, count);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return false;
        }
        bytes += written;
        count -= (size_t)written;
    }
    return true;
}

// Starts gnuplot on the three files and waits for its end. Returns its wait status, or -1 with
// errno set when it could not be started.
static int run_gnuplot(int input, int output, int errors)
{
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) {
        errno = ENOMEM;
        return -1;
    }
    char program[] = "gnuplot";
    char defaults[] = "--default-settings";
    char *arguments[] = {program, defaults, NULL};
    pid_t child = 0;
    int failure = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    failure = failure ? failure : posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    failure = failure ? failure : posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    failure = failure ? failure : posix_spawnp(&child, program, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failure != 0) {
        errno = failure;
        return -1;
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return status;
}

// What gnuplot said, on one line.
static void read_complaint(int errors, char *text, size_t capacity)
{
    ssize_t count = pread(errors, text, capacity - 1, 0);
    text[count < 0 ? 0 : count] = '\0';
    for (char *byte = text; *byte != '\0'; byte++) {
        if (*byte == '\n' || *byte == '\t') {
            *byte = ' ';
        }
    }
}

// gnuplot does not look whether its writes succeed, so the file's end is looked at.
static bool is_complete(int file, enum report_format format)
{
    struct stat facts;
    char ending[16] = "";
    size_t bytes = formats[format].ending_bytes;
    return fstat(file, &facts) == 0 && facts.st_size > (off_t)bytes &&
           pread(file, ending, bytes, facts.st_size - (off_t)bytes) == (ssize_t)bytes &&
           memcmp(ending, formats[format].ending, bytes) == 0;
}

static bool judge(int status, int errors, int output, enum report_format format, const char *path,
                  struct report_error *error)
{
    if ((status == -1 && errno == ENOENT) ||
        (status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == NO_SUCH_PROGRAM)) {
        return report_error_set(error, REPORT_IO,
                                "gnuplot is not installed: apt install gnuplot-nox");
    }
    if (status == -1) {
        return report_error_set(error, REPORT_IO, "cannot start gnuplot: %s", strerror(errno));
    }
    if (status != 0) {
        char complaint[512];
        read_complaint(errors, complaint, sizeof complaint);
        return report_error_set(error, REPORT_INTERNAL, "gnuplot failed on %s: %s", path,
                                complaint);
    }
    if (!is_complete(output, format)) {
        return report_error_set(error, REPORT_IO, "gnuplot left %s incomplete: is the disk full?",
                                path);
    }
    return true;
}

// The commands with the choice of terminal before them, as a file that is read from its start.
static bool write_commands(int input, const struct report_script *script, enum report_format format)
{
    char terminal[256];
    uint32_t scale = formats[format].scale_percent;
    int length = snprintf(terminal, sizeof terminal,
                          "set terminal %s size %u,%u noenhanced background 'white' font '%s,13'\n",
                          formats[format].terminal, script->width * scale / 100,
                          script->height * scale / 100, formats[format].font);
    return write_all(input, terminal, (size_t)length) &&
           write_all(input, script->text, script->length) && lseek(input, 0, SEEK_SET) == 0;
}

static bool draw(const struct report_script *script, enum report_format format, const char *path,
                 int output, struct report_error *error)
{
    int input = memfd_create("gnuplot commands", MFD_CLOEXEC);
    int errors = memfd_create("gnuplot errors", MFD_CLOEXEC);
    bool drawn = false;
    if (input < 0 || errors < 0 || !write_commands(input, script, format)) {
        report_error_set(error, REPORT_INTERNAL, "cannot pass commands to gnuplot: %s",
                         strerror(errno));
    } else {
        drawn = judge(run_gnuplot(input, output, errors), errors, output, format, path, error);
    }
    if (input >= 0) {
        close(input);
    }
    if (errors >= 0) {
        close(errors);
    }
    return drawn;
}

bool report_plot(const struct report_script *script, enum report_format format, const char *path,
                 struct report_error *error)
{
    char part[PATH_MAX];
    if ((size_t)snprintf(part, sizeof part, "%s.part", path) >= sizeof part) {
        return report_error_set(error, REPORT_IO, "cannot write %s: the path is too long", path);
    }
    int output = open(part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (output < 0) {
        return report_error_set(error, REPORT_IO, "cannot write %s: %s", part, strerror(errno));
    }
    bool drawn = draw(script, format, path, output, error);
    if (close(output) != 0 && drawn) {
        drawn = report_error_set(error, REPORT_IO, "cannot write %s: %s", part, strerror(errno));
    }
    if (drawn && rename(part, path) != 0) {
        drawn = report_error_set(error, REPORT_IO, "cannot write %s: %s", path, strerror(errno));
    }
    if (!drawn) {
        unlink(part);
    }
    return drawn;
}
