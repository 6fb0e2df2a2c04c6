// SPDX-License-Identifier: GPL-3.0-or-later
// Where things are drawn, read from the commands.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "curves.h"

static struct report_point points[] = {{0, 0.1}, {60000000, 0.5}, {120000000, 1}};

static struct report_run runs[3];

static struct report_picture one_line(void)
{
    for (int index = 0; index < 3; index++) {
        runs[index] = (struct report_run){
            .run_id = index + 1,
            .agents = 10,
            .repeat = 1,
            .theta_ppb = 950000000,
            .topology = "flat_mesh",
            .mode = "eager",
        };
    }
    struct report_picture picture = {.line_count = 1};
    picture.lines[0] = (struct report_line){
        .run = &runs[0],
        .scope_class = REPORT_WHOLE_MESH,
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
    report_curves_script(output, picture);
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

static int count_of(const char *text, const char *part)
{
    int count = 0;
    for (const char *next = text; (next = strstr(next, part)) != NULL; next++) {
        count++;
    }
    return count;
}

Test(reports_curves_script, target_theta_and_percentiles_stand_where_they_belong)
{
    struct report_picture picture = one_line();
    expect_commands(&picture,
                    (const char *[]){"set arrow from first 50, graph 0 to first 50, screen",
                                     "set arrow from graph 0, first 95 to graph 1, first 95",
                                     "using (77.5):(95) every ::0::0 with points pointtype 6",
                                     "using (118):(95) every ::0::0 with points pointtype 7",
                                     "\n0 10\n60 50\n120 100\n", NULL});
}

Test(reports_curves_script, long_axes_are_in_seconds)
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

Test(reports_curves_script, line_that_ends_early_goes_on_at_its_height)
{
    struct report_picture picture = one_line();
    // The axis ends 6 % behind the last point, at 127.2 ms.
    expect_commands(&picture,
                    (const char *[]){"set xrange [0:127.2]", "120 100\n127.2 100\nEND", NULL});
}

Test(reports_curves_script, percentile_that_never_came_is_said_and_not_drawn)
{
    struct report_picture picture = one_line();
    picture.lines[0].p95 = (struct report_percentile){.known = true, .never = true};
    expect_commands(&picture, (const char *[]){"eager: p50 77.5 ms, p95 never; claim", NULL});
    char *script = script_of(&picture);
    cr_assert_null(strstr(script, "every ::0::0 with points pointtype 7"));
    free(script);
}

Test(reports_curves_script, each_theta_and_each_target_is_drawn_once)
{
    struct report_picture picture = one_line();
    picture.lines[1] = picture.lines[0];
    picture.lines[2] = picture.lines[0];
    picture.lines[2].run = &runs[2];
    runs[2].theta_ppb = 990000000;
    picture.lines[2].targets[0].ns = 60000000;
    picture.line_count = 3;
    char *script = script_of(&picture);
    cr_assert(count_of(script, "set arrow from graph 0, first ") == 2, "%s", script);
    cr_assert(count_of(script, "set arrow from first ") == 2, "%s", script);
    free(script);
}

Test(reports_curves_script, runs_of_one_mode_are_told_apart_by_cell_or_scenario)
{
    struct report_picture picture = one_line();
    picture.lines[1] = picture.lines[0];
    picture.lines[1].run = &runs[1];
    strcpy(runs[0].cell, "gossip.fanout=5");
    strcpy(runs[1].cell, "gossip.fanout=10");
    picture.line_count = 2;
    expect_commands(&picture, (const char *[]){"eager (fanout=5, run 1): p50",
                                               "eager (fanout=10, run 2): p50", NULL});
    strcpy(runs[0].scenario, "calm");
    strcpy(runs[1].scenario, "under loss");
    expect_commands(&picture, (const char *[]){"eager (calm, run 1): p50",
                                               "eager (under loss, run 2): p50", NULL});
}

static struct report_point early[] = {{0, 0.1}, {2000000, 0.11}, {3000000, 0.6}, {4000000, 1}};

Test(reports_curves_script, lines_that_lie_far_apart_have_a_logarithmic_axis)
{
    struct report_picture picture = one_line();
    picture.lines[1] = picture.lines[0];
    picture.lines[1].run = &runs[1];
    picture.lines[1].points = early;
    picture.lines[1].point_count = 4;
    picture.line_count = 2;
    // 4 ms and 120 ms: from below 3 ms, where the first line begins to rise, to 25 % behind the
    // last.
    expect_commands(&picture,
                    (const char *[]){"set logscale x 10\nset xrange [2:150]\n",
                                     "'20' 20, '50' 50, '100' 100)\n", "[ms], logarithmic",
                                     "\n2 10\n2 11\n3 60\n4 100\n", NULL});
    early[3].ns = 40000000;
    char *script = script_of(&picture);
    cr_assert_null(strstr(script, "logscale"), "%s", script);
    free(script);
    early[3].ns = 4000000;
}

Test(reports_curves_script, tiers_are_named_and_tell_when_they_cross_theta)
{
    struct report_picture picture = one_line();
    static const char *const classes[] = {"edge", "region:it's <x>", "region", "spine"};
    picture.by_tier = true;
    for (int index = 0; index < 4; index++) {
        picture.lines[index + 1] = (struct report_line){
            .run = &runs[0], .points = points, .point_count = index == 3 ? 2 : 3};
        snprintf(picture.lines[index + 1].scope_class, REPORT_TEXT_BYTES, "%s", classes[index]);
    }
    picture.line_count = 5;
    expect_commands(&picture,
                    (const char *[]){"Tiers and regions of flat_mesh, 10 agents, eager",
                                     "'everywhere: p50 77.5 ms, p95 118 ms; claim <50ms FAIL'",
                                     "'in the writer''s edge: θ on average after 120 ms'",
                                     "'in region it''s <x>: θ on average after 120 ms'",
                                     "'in the writer''s region: θ on average after 120 ms'",
                                     "'spine: θ not reached on average, 50 % at the end'", NULL});
}

// The legend has room below the axes for each of its rows, however many there are.
Test(reports_curves_script, picture_grows_with_its_legend)
{
    struct report_picture picture = one_line();
    uint32_t height = report_curves_height(&picture);
    for (int index = 1; index < REPORT_LINES_MAX; index++) {
        picture.lines[index] = picture.lines[0];
        picture.lines[index].run = &runs[index % 3];
    }
    picture.line_count = REPORT_LINES_MAX;
    uint32_t taller = report_curves_height(&picture);
    // Each has a row for its name and, as their modes are the same, one for its claim.
    cr_assert((taller - height) % (2 * REPORT_LINES_MAX - 1) == 0 && taller > height + 300,
              "%u and %u", height, taller);
    char *script = script_of(&picture);
    for (const char *next = script; (next = strstr(next, ", screen ")) != NULL; next++) {
        double at = strtod(next + strlen(", screen "), NULL);
        cr_assert(at > 0 && at < 1, "outside: %.40s", next);
    }
    free(script);
}

Test(reports_curves_script, claims_that_find_no_room_stand_in_rows_of_their_own)
{
    struct report_picture picture = one_line();
    struct report_line *line = &picture.lines[0];
    for (int index = 1; index < 3; index++) {
        line->targets[index] = line->targets[0];
        line->targets[index].ns += index * 1000000;
    }
    strcpy(line->targets[2].claim, "5-7 rounds");
    line->target_count = 3;
    expect_commands(&picture, (const char *[]){"'eager: p50 77.5 ms, p95 118 ms; claim <50ms FAIL"
                                               ", <50ms FAIL, 5-7 rounds FAIL'",
                                               NULL});
    strcpy(line->targets[1].claim, "50-70ms");
    strcpy(line->targets[2].verdict, "INCONCLUSIVE");
    expect_commands(&picture,
                    (const char *[]){"'eager: p50 77.5 ms, p95 118 ms'",
                                     "'     claim <50ms FAIL, 50-70ms FAIL, 5-7 rounds INCONCL",
                                     NULL});
    strcpy(line->targets[1].claim, "<50ms");
    strcpy(line->targets[2].verdict, "FAIL");
    line->targets[3] = line->targets[0];
    line->targets[3].ns = 1;
    strcpy(line->targets[3].claim, "a claim of very many words");
    line->target_count = 4;
    expect_commands(&picture, (const char *[]){"'eager: p50 77.5 ms, p95 118 ms'",
                                               "'     claim <50ms FAIL, <50ms FAIL, 5-7 rounds "
                                               "FAIL'",
                                               "'     claim a claim of very ma… FAIL'", NULL});
}
