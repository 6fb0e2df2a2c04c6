// SPDX-License-Identifier: GPL-3.0-or-later
// The page that holds a report, as its reader's browser meets it.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "formats.h"

TestSuite(reports_page, .init = scratch_make, .fini = scratch_remove);

// Texts that would be markup, attributes or commands if they were not quoted.
#define HOSTILE "</td><script>x</script>\"' onload=\"y\" & \n\x02\xff θ"

static const char *make_page_store(const char *text)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    static const char *const modes[] = {"push-pull", "eager"};
    for (int id = 1; id <= 2; id++) {
        add_run(path, &(struct made_run){.id = id,
                                         .command_id = 1,
                                         .agents = 1000,
                                         .mode = modes[id - 1],
                                         .repeat = 1,
                                         .scenario = text,
                                         .topology = text});
        add_repetition(path, id, 0, false, 1000);
        add_curve(path, id, 0, 1000000, 1000, (int[]){500, 1000}, 2);
        add_percentiles(path, id, 77000000, 118000000);
        add_claim(path, id, 0, text, "Topology Selection Matrix", 50000000, "FAIL");
        add_traffic(path, id, 0, text, text, 5000000, 1000000);
        execute(path,
                "INSERT INTO latencies (run_id, repetition, pair_class, p50_ns, max_ns)"
                " VALUES (%d, 0, %Q, 5000000, 9000000);"
                "INSERT INTO expectations (run_id, ordinal, text, unit, measured, outcome, why)"
                " VALUES (%d, 0, %Q, 'ns', NULL, 'fail', %Q);"
                "INSERT INTO sources (run_id, ordinal, kind, name, text)"
                " VALUES (%d, 0, 'topology', %Q, %Q), (%d, 1, 'option', '--seed', %Q)",
                id, text, id, text, text, id, text, text, id, text);
    }
    return path;
}

static char *page_of(const char *path)
{
    struct told told = report((const char *[]){"--db", path, "-o", scratch_path("p"), NULL});
    cr_assert(told.code == 0, "%s", told.err);
    size_t length;
    char *page = read_file(scratch_path("p/index.html"), &length);
    cr_assert(strlen(page) == length, "it holds a NUL");
    return page;
}

static void expect_on(const char *page, const char *expected)
{
    cr_assert_not_null(strstr(page, expected), "\"%s\" is not on the page", expected);
}

Test(reports_page, verdicts_figures_and_assumptions_are_on_it)
{
    char *page = page_of(make_page_store("flat"));
    expect_on(page, "<h1>meshsim report: flat</h1>");
    expect_on(page, "2 runs of command 1. Against the Topology Selection Matrix: 0 PASS, 2 FAIL");
    expect_on(page, "<td class=\"n\">1,000</td><td>flat</td><td class=\"n\">5</td>"
                    "<td class=\"n\">77.0 ms</td><td class=\"n\">118 ms</td>");
    expect_on(page, "<td class=\"fail\">FAIL</td>");
    expect_on(page, "<td class=\"n\">5.0 MB</td><td class=\"n\">1.0 MB</td>");
    expect_on(page, "<td>flat</td><td class=\"n\">5.0 ms</td><td class=\"n\">9.0 ms</td>");
    expect_on(page, "<td class=\"n\">never</td><td class=\"fail\">fail</td>");
    expect_on(page, "<td class=\"n\">95 %</td>");
    free(page);
}

Test(reports_page, what_the_runs_share_stands_once_among_the_sources)
{
    char *page = page_of(make_page_store("flat"));
    const char *first = strstr(page, "<details>");
    cr_assert_not_null(first);
    cr_assert_null(strstr(first + 1, "<details>"));
    expect_on(page, "<p>Option <code>--seed flat</code></p>");
    free(page);
}

Test(reports_page, needs_nothing_but_itself)
{
    char *page = page_of(make_page_store("flat"));
    cr_assert_null(strstr(page, "<script"));
    cr_assert_null(strstr(page, "<link"));
    cr_assert_null(strstr(page, "http://"));
    cr_assert_null(strstr(page, "https://"));
    int pictures = 0;
    for (const char *next = page; (next = strstr(next, " src=\"")) != NULL; next++) {
        pictures++;
        cr_assert(strncmp(next, " src=\"data:image/svg+xml;base64,", 32) == 0, "%.60s", next);
    }
    cr_assert(pictures == 3, "%d pictures", pictures);
    free(page);
}

static int sextet(char digit)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = digit == '\0' ? NULL : strchr(digits, digit);
    return at == NULL ? -1 : (int)(at - digits);
}

// RFC 4648, section 4, the other way round.
static char *decoded(const char *text, size_t *length)
{
    char *bytes = calloc(1, strlen(text) + 1);
    uint32_t word = 0;
    int bits = 0;
    *length = 0;
    for (; sextet(*text) >= 0; text++) {
        word = word << 6 | (uint32_t)sextet(*text);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes[(*length)++] = (char)(word >> bits & 0xFF);
        }
    }
    return bytes;
}

Test(reports_page, pictures_in_it_are_the_files_beside_it)
{
    char *page = page_of(make_page_store("flat"));
    static const char *const names[] = {"matrix", "convergence-flat-1000", "traffic-flat-1000"};
    const char *next = page;
    for (int index = 0; index < 3; index++) {
        next = strstr(next, "base64,") + strlen("base64,");
        size_t length;
        char *inside = decoded(next, &length);
        char name[64];
        snprintf(name, sizeof name, "p/%s.svg", names[index]);
        size_t file_length;
        char *file = read_file(scratch_path(name), &file_length);
        cr_assert(length == file_length && memcmp(inside, file, length) == 0, "%s differs", name);
        free(file);
        free(inside);
    }
    free(page);
}

// Every element is closed by the tag that its opener needs; those that HTML has no end for apart.
static void expect_balanced(const char *page)
{
    static const char *const lone[] = {"meta", "img", "br", "!DOCTYPE"};
    const char *open[64];
    int depth = 0;
    for (const char *tag = strchr(page, '<'); tag != NULL; tag = strchr(tag + 1, '<')) {
        const char *name = tag + 1 + (tag[1] == '/');
        size_t length = strcspn(name, " >\n");
        bool is_lone = false;
        for (size_t index = 0; index < sizeof lone / sizeof lone[0]; index++) {
            is_lone |= strlen(lone[index]) == length && strncmp(lone[index], name, length) == 0;
        }
        if (is_lone) {
            continue;
        }
        if (tag[1] == '/') {
            cr_assert(depth > 0 && strncmp(open[depth - 1], name, length) == 0, "%.40s", tag);
            depth--;
        } else {
            cr_assert(depth < 64);
            open[depth++] = name;
        }
    }
    cr_assert(depth == 0, "%d elements are open at the end", depth);
}

Test(reports_page, texts_of_the_store_cannot_become_markup)
{
    char *page = page_of(make_page_store(HOSTILE));
    cr_assert_null(strstr(page, "<script"));
    cr_assert_null(strstr(page, "onload=\""));
    expect_on(page,
              "&lt;/td&gt;&lt;script&gt;x&lt;/script&gt;&quot;&#39; onload=&quot;y&quot; &amp;");
    expect_on(page, "? θ");
    expect_balanced(page);
    for (const char *byte = page; *byte != '\0'; byte++) {
        cr_assert((unsigned char)*byte >= ' ' || *byte == '\n', "control byte %d", *byte);
    }
    free(page);
}

Test(reports_page, interrupted_runs_are_said_to_be_so)
{
    const char *path = make_page_store("flat");
    execute(path, "UPDATE runs SET status = 'interrupted' WHERE run_id = 2;"
                  "DELETE FROM verdicts WHERE run_id = 2; DELETE FROM metrics WHERE run_id = 2");
    char *page = page_of(path);
    expect_on(page, "1 run was interrupted: shown as far as it came, and not judged.");
    expect_on(page, "<td class=\"none\">interrupted</td>");
    free(page);
}

Test(reports_page, same_store_gives_the_same_page)
{
    const char *path = make_page_store("flat");
    char *first = page_of(path);
    char *second = page_of(path);
    cr_assert(strcmp(first, second) == 0);
    free(first);
    free(second);
}
