// SPDX-License-Identifier: GPL-3.0-or-later
// Where things are drawn, read from the commands.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

static struct report_point points[] = {{0, 0.1}, {60000000, 0.5}, {120000000, 1}};

static struct report_picture one_line(void)
{
    struct report_picture picture = {.topology = "flat_mesh", .agents = 10, .line_count = 1};
    picture.lines[0] = (struct report_line){
        .run_id = 1,
        .repeat = 1,
        .theta_ppb = 950000000,
        .mode = "eager",
        .p50 = {.known = true, .ns = 77500000},
        .p95 = {.known = true, .ns = 118000000},
        .targets = {{.ns = 50000000, .claim = "<50ms", .verdict = "FAIL"}},
        .target_count = 1,
        .points = points,
        .point_count = 3,
    };
    return picture;
}

static char *script_of(const struct report_picture *picture)
{
    char *text = NULL;
    size_t length = 0;
    FILE *output = open_memstream(&text, &length);
    report_script_write(output, picture);
    fclose(output);
    return text;
}

static void expect_commands(const struct report_picture *picture, const char *const *commands)
{
    char *script = script_of(picture);
    for (; *commands != NULL; commands++) {
        cr_assert_not_null(strstr(script, *commands), "\"%s\" is not in\n%s", *commands, script);
    }
    free(script);
}

Test(reports_script, target_theta_and_percentiles_stand_where_they_belong)
{
    struct report_picture picture = one_line();
    expect_commands(&picture,
                    (const char *[]){"set arrow from first 50, graph 0 to first 50, screen",
                                     "set arrow from graph 0, first 95 to graph 1, first 95",
                                     "using (77.5):(95) every ::0::0 with points pointtype 6",
                                     "using (118):(95) every ::0::0 with points pointtype 7",
                                     "\n0 10\n60 50\n120 100\n", NULL});
}

Test(reports_script, long_axes_are_in_seconds)
{
    struct report_picture picture = one_line();
    static struct report_point slow[] = {{0, 0.1}, {16000000000, 0.5}};
    picture.lines[0].points = slow;
    picture.lines[0].point_count = 2;
    picture.lines[0].targets[0].ns = 5000000000;
    expect_commands(&picture, (const char *[]){"time since the write [s]",
                                               "set arrow from first 5, graph 0 to first 5,",
                                               "using (0.118):(95)", "\n0 10\n16 50\n", NULL});
}

Test(reports_script, line_that_ends_early_goes_on_at_its_height)
{
    struct report_picture picture = one_line();
    // The axis ends 6 % behind the last point, at 127.2 ms.
    expect_commands(&picture,
                    (const char *[]){"set xrange [0:127.2]", "120 100\n127.2 100\nEND", NULL});
}

Test(reports_script, percentile_that_never_came_is_said_and_not_drawn)
{
    struct report_picture picture = one_line();
    picture.lines[0].p95 = (struct report_percentile){.known = true, .never = true};
    expect_commands(&picture, (const char *[]){"eager: p50 78 ms, p95 never; claim", NULL});
    char *script = script_of(&picture);
    cr_assert_null(strstr(script, "every ::0::0 with points pointtype 7"));
    free(script);
}

Test(reports_script, each_theta_and_each_target_is_drawn_once)
{
    struct report_picture picture = one_line();
    picture.lines[1] = picture.lines[0];
    picture.lines[2] = picture.lines[0];
    picture.lines[2].theta_ppb = 990000000;
    picture.lines[2].targets[0].ns = 60000000;
    picture.line_count = 3;
    char *script = script_of(&picture);
    int arrows = 0;
    for (const char *next = script; (next = strstr(next, "set arrow ")) != NULL; next++) {
        arrows++;
    }
    cr_assert(arrows == 4, "%d arrows in\n%s", arrows, script);
    free(script);
}

Test(reports_script, runs_of_one_mode_are_told_apart_by_cell_or_scenario)
{
    struct report_picture picture = one_line();
    picture.lines[1] = picture.lines[0];
    picture.lines[1].run_id = 2;
    strcpy(picture.lines[0].cell, "gossip.fanout=5");
    strcpy(picture.lines[1].cell, "gossip.fanout=10");
    picture.line_count = 2;
    expect_commands(&picture, (const char *[]){"eager (gossip.fanout=5, run 1): p50",
                                               "eager (gossip.fanout=10, run 2): p50", NULL});
    strcpy(picture.lines[0].scenario, "calm");
    strcpy(picture.lines[1].scenario, "under loss");
    expect_commands(&picture, (const char *[]){"eager (calm, run 1): p50",
                                               "eager (under loss, run 2): p50", NULL});
}
