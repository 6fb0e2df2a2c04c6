// SPDX-License-Identifier: GPL-3.0-or-later
// On a terminal: one line of progress, drawn again and again and gone at the end; colour, unless
// NO_COLOR is set; lines no wider than the terminal.
#include <criterion/criterion.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"

TestSuite(terminal, .init = scratch_enter, .fini = scratch_leave);

// Everything the program wrote to a terminal of that width, running these rows.
static const char *run_on_terminal(unsigned short columns, const char *file, const char *rows,
                                   const char *repeat)
{
    struct winsize size = {.ws_row = 40, .ws_col = columns};
    int terminal;
    const char *program_path = getenv("MESHSIM");
    cr_assert(program_path, "MESHSIM is not set: run this test through meson");
    pid_t program = forkpty(&terminal, NULL, NULL, &size);
    cr_assert(program >= 0);
    if (program == 0) {
        setenv("TERM", "xterm", 1);
        execl(program_path, "meshsim", "run", file, "--only", rows, "--repeat", repeat, "--db",
              STORE, (char *)NULL);
        _exit(127);
    }
    char *text = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);
    cr_assert(memory);
    char bytes[4096];
    ssize_t count;
    while ((count = read(terminal, bytes, sizeof bytes)) > 0) {
        fwrite(bytes, 1, (size_t)count, memory);  // Linux ends a terminal's output with an error
    }
    fclose(memory);
    keep(text);
    int status;
    cr_assert(waitpid(program, &status, 0) == program);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d: %s", status, text);
    close(terminal);
    return text;
}

// Columns of the widest line, escape sequences taking none; what was drawn over counts by itself.
static size_t widest(const char *text)
{
    size_t most = 0;
    size_t width = 0;
    for (; *text != '\0'; text++) {
        if (*text == '\033') {
            text += strcspn(text, "mK");
        } else if (*text == '\n' || *text == '\r') {
            width = 0;
        } else {
            width += ((unsigned char)*text & 0xC0) != 0x80;
            most = width > most ? width : most;
        }
    }
    return most;
}

Test(terminal, progress_is_one_line_that_is_gone_at_the_end)
{
    const char *text = run_on_terminal(100, scenario("selection-matrix.yaml"), "1-4", "20");
    const char *first = strstr(text, "\r\033[Kcell ");
    cr_assert(first, "%s", text);
    expect_part(first, "events/s");
    expect_part(first, "ETA ");
    expect_part(first, "\r\033[Kjudged: ");
    expect_no_part(part_before(text, "judged: "), "\n");
}

Test(terminal, verdicts_are_coloured_unless_the_user_wants_no_colour)
{
    expect_part(run_on_terminal(100, topology("flat-mesh.yaml"), "1", "1"), "\033[31mFAIL\033[0m");
    setenv("NO_COLOR", "1", 1);
    expect_no_part(run_on_terminal(100, topology("flat-mesh.yaml"), "1", "1"), "\033[3");
}

Test(terminal, the_page_is_no_wider_than_the_terminal)
{
    const char *text = run_on_terminal(80, scenario("selection-matrix.yaml"), "1-4", "1");
    const char *page = part_before(text, "Stored: ");
    cr_expect(widest(page) <= 80, "%zu columns\n%s", widest(page), page);
    text = run_on_terminal(120, scenario("selection-matrix.yaml"), "1-4", "1");
    page = part_before(text, "Stored: ");
    cr_expect(widest(page) <= 100, "%zu columns\n%s", widest(page), page);
}
