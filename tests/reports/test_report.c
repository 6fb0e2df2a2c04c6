// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "formats.h"

TestSuite(reports, .init = scratch_make, .fini = scratch_remove);

// The customer's flat mesh as two modes spread through it, in round figures.
static const char *make_flat_store(void)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    static const struct made_run runs[] = {
        {.id = 1, .command_id = 1, .agents = 10, .mode = "push-pull", .repeat = 60},
        {.id = 2, .command_id = 1, .agents = 10, .mode = "eager", .repeat = 60},
    };
    static const int held[2][5] = {{1, 2, 5, 9, 10}, {4, 9, 10, 10, 10}};
    for (int index = 0; index < 2; index++) {
        add_run(path, &runs[index]);
        add_repetition(path, index + 1, 0, false, 10);
        add_curve(path, index + 1, 0, index == 0 ? 30000000 : 4000000, 10, held[index],
                  index == 0 ? 5 : 3);
        add_percentiles(path, index + 1, index == 0 ? 77000000 : 6400000,
                        index == 0 ? 118000000 : 9200000);
        add_claim(path, index + 1, 0, "<50ms", "Topology Selection Matrix", 50000000,
                  index == 0 ? "FAIL" : "PASS");
        add_traffic(path, index + 1, 0, "open", "same_host", 4000, 1000);
    }
    return path;
}

static void expect_valid_pictures(const char *directory, const char *name)
{
    char path[512];
    size_t length;
    snprintf(path, sizeof path, "%s/%s.svg", directory, name);
    char *svg = read_file(path, &length);
    cr_assert(strlen(svg) == length, "%s holds a NUL", path);
    const char *fault = svg_fault(svg);
    cr_assert_null(fault, "%s: %s", path, fault);
    free(svg);
    snprintf(path, sizeof path, "%s/%s.png", directory, name);
    char *png = read_file(path, &length);
    uint32_t width = 0;
    uint32_t height = 0;
    fault = png_fault((const unsigned char *)png, length, &width, &height);
    cr_assert_null(fault, "%s: %s", path, fault);
    cr_assert(width >= 1500 && width <= 1800 && height > 300 && height < 2000, "%s: %u x %u", path,
              width, height);
    free(png);
}

// gnuplot splits a text into runs of one font each; what is between the tags, one after the other,
// is what is read. Entities are resolved.
static char *visible_text(const char *svg)
{
    static const char *const entities[][2] = {{"&lt;", "<"},    {"&gt;", ">"},   {"&amp;", "&"},
                                              {"&quot;", "\""}, {"&apos;", "'"}, {"&#39;", "'"}};
    char *text = calloc(1, strlen(svg) + 1);
    size_t length = 0;
    for (const char *next = svg; *next != '\0';) {
        size_t entity = 0;
        while (entity < 6 && strncmp(next, entities[entity][0], strlen(entities[entity][0])) != 0) {
            entity++;
        }
        if (*next == '<') {
            next += strcspn(next, ">");
            next += *next == '>';
        } else if (entity < 6) {
            text[length++] = entities[entity][1][0];
            next += strlen(entities[entity][0]);
        } else {
            text[length++] = *next++;
        }
    }
    return text;
}

static void expect_text(const char *svg_path, const char *expected)
{
    size_t length;
    char *svg = read_file(svg_path, &length);
    char *text = visible_text(svg);
    cr_assert_not_null(strstr(text, expected), "\"%s\" is not in %s, which reads:\n%s", expected,
                       svg_path, text);
    free(text);
    free(svg);
}

// ---- What is drawn ----

Test(reports, store_becomes_valid_svg_and_png)
{
    const char *path = make_flat_store();
    const char *directory = scratch_path("new/pictures");
    struct told told = report((const char *[]){"--db", path, "-o", directory, NULL});
    cr_assert(told.code == 0, "%s", told.err);
    expect_valid_pictures(directory, "convergence-flat_mesh-10");
    expect_valid_pictures(directory, "matrix");
    expect_valid_pictures(directory, "traffic-flat_mesh-10");
    cr_assert(!exists(scratch_path("new/pictures/tiers-run-1.svg")));
}

Test(reports, tiers_become_a_picture_of_their_run)
{
    const char *path = make_flat_store();
    add_class_curve(path, 2, 0, "region:it's <b>", 4000000, 5, (int[]){1, 5}, 2);
    struct told told = report((const char *[]){"--db", path, "-o", scratch_path("p"), NULL});
    cr_assert(told.code == 0, "%s", told.err);
    expect_valid_pictures(scratch_path("p"), "tiers-run-2");
    expect_text(scratch_path("p/tiers-run-2.svg"), "in region it's <b>: θ on average after 8.0 ms");
    cr_assert(!exists(scratch_path("p/tiers-run-1.svg")));
}

Test(reports, matrix_and_traffic_are_labelled)
{
    const char *path = make_flat_store();
    struct told told = report((const char *[]){"--db", path, "-o", scratch_path("p"), NULL});
    cr_assert(told.code == 0, "%s", told.err);
    const char *matrix = scratch_path("p/matrix.svg");
    expect_text(matrix, "10 flat_mesh");
    expect_text(matrix, "push-pull");
    expect_text(matrix, "p95 [95 % interval], ms");
    expect_text(matrix, "FAIL");
    const char *traffic = scratch_path("p/traffic-flat_mesh-10.svg");
    expect_text(traffic, "Traffic of flat_mesh, 10 agents");
    expect_text(traffic, "5.0 kB");
    expect_text(traffic, "sent in a repetition [kB]");
    expect_text(traffic, "hatched: what the transport adds");
}

Test(reports, damaged_pictures_would_be_noticed)
{
    const char *path = make_flat_store();
    report((const char *[]){"--db", path, "-o", scratch_path("p"), NULL});
    size_t length;
    uint32_t size;
    char *svg = read_file(scratch_path("p/convergence-flat_mesh-10.svg"), &length);
    char *png = read_file(scratch_path("p/convergence-flat_mesh-10.png"), &length);
    png[length / 2] ^= 1;
    cr_assert_not_null(png_fault((unsigned char *)png, length, &size, &size));
    png[length / 2] ^= 1;
    cr_assert_null(png_fault((unsigned char *)png, length, &size, &size));
    cr_assert_not_null(png_fault((unsigned char *)png, length - 1, &size, &size));
    free(png);
    cr_assert_null(svg_fault(svg));
    *strstr(svg, "&lt;50ms") = '<';
    cr_assert_not_null(svg_fault(svg), "a tag in a label");
    svg[strlen(svg) / 2] = '\0';
    cr_assert_not_null(svg_fault(svg), "half a file");
    free(svg);
}

Test(reports, picture_is_labelled_with_target_theta_units_and_figures)
{
    const char *path = make_flat_store();
    struct told told = report((const char *[]){"--db", path, "-o", scratch_path("p"), NULL});
    cr_assert(told.code == 0, "%s", told.err);
    const char *svg = scratch_path("p/convergence-flat_mesh-10.svg");
    expect_text(svg, "Convergence of flat_mesh, 10 agents");
    expect_text(svg, "scenario \"flat\", seed 42, 60 repetitions");
    expect_text(svg, "target <50ms\n");
    expect_text(svg, "target <50ms: Topology Selection Matrix");
    expect_text(svg, "θ = 95 %");
    expect_text(svg, "time since the write [ms]");
    expect_text(svg, "agents that hold the update [%]");
    expect_text(svg, "push-pull: p50 77.0 ms, p95 118 ms; claim <50ms FAIL");
    expect_text(svg, "eager: p50 6.4 ms, p95 9.2 ms; claim <50ms PASS");
}

Test(reports, same_store_gives_the_same_bytes)
{
    const char *path = make_flat_store();
    report((const char *[]){"--db", path, "-o", scratch_path("a"), NULL});
    report((const char *[]){"--db", path, "-o", scratch_path("b"), NULL});
    static const char *const suffixes[] = {"svg", "png"};
    for (int index = 0; index < 2; index++) {
        char name[64];
        size_t first_length;
        size_t second_length;
        snprintf(name, sizeof name, "a/convergence-flat_mesh-10.%s", suffixes[index]);
        char *first = read_file(scratch_path(name), &first_length);
        name[0] = 'b';
        char *second = read_file(scratch_path(name), &second_length);
        cr_assert(first_length == second_length && memcmp(first, second, first_length) == 0,
                  "the two .%s differ", suffixes[index]);
        free(first);
        free(second);
    }
}

Test(reports, interrupted_run_is_marked_in_the_title_and_the_legend)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    add_run(path, &(struct made_run){.id = 1,
                                     .command_id = 1,
                                     .agents = 1000,
                                     .mode = "push",
                                     .repeat = 60,
                                     .status = "interrupted"});
    add_repetition(path, 1, 0, false, 1000);
    add_curve(path, 1, 0, 1000000, 1000, (int[]){100, 900}, 2);
    struct told told = report((const char *[]){"--db", path, "-o", scratch_path("p"), NULL});
    cr_assert(told.code == 0, "%s", told.err);
    const char *svg = scratch_path("p/convergence-flat_mesh-1000.svg");
    expect_text(svg, "Convergence of flat_mesh, 1,000 agents: INTERRUPTED, not judged");
    expect_text(svg, "push: interrupted, 1 of 60 repetitions finished");
    cr_assert_not_null(strstr(told.err, "run 1 was interrupted"), "%s", told.err);
}

Test(reports, far_target_gets_an_arrow_instead_of_flattening_the_lines)
{
    const char *path = make_flat_store();
    add_claim(path, 1, 1, "<5s", "Topology Comparison Matrix", 5000000000, "PASS");
    struct told told = report((const char *[]){"--db", path, "-o", scratch_path("p"), NULL});
    cr_assert(told.code == 0, "%s", told.err);
    const char *svg = scratch_path("p/convergence-flat_mesh-10.svg");
    expect_text(svg, "target <5s (5,000 ms) →");
    expect_text(svg, "target <5s: Topology Comparison Matrix");
    expect_text(svg, "140");  // the axis still shows the lines: they end at 150 ms
}

Test(reports, names_cannot_become_commands_or_markup)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    char scenario[256];
    snprintf(scenario, sizeof scenario, "it's `touch %s` \" <b>&x; @y \\ %%s\n\x01{/Bold z} \xff",
             scratch_path("pwned"));
    add_run(path, &(struct made_run){.id = 1,
                                     .command_id = 1,
                                     .agents = 10,
                                     .mode = "a'b`c`<i>",
                                     .repeat = 1,
                                     .scenario = scenario,
                                     .topology = "../../etc/<x> ' y"});
    add_repetition(path, 1, 0, false, 10);
    add_curve(path, 1, 0, 1000000, 10, (int[]){5, 10}, 2);
    add_claim(path, 1, 0, "'`touch pwned`", "\"$(touch pwned)\" \\", 1000000, "PASS");
    struct told told = report((const char *[]){"--db", path, "-o", scratch_path("p"), NULL});
    cr_assert(told.code == 0, "%s", told.err);
    cr_assert(!exists(scratch_path("pwned")) && !exists("pwned"));
    expect_valid_pictures(scratch_path("p"), "convergence-______etc__x____y-10");
    const char *svg = scratch_path("p/convergence-______etc__x____y-10.svg");
    expect_text(svg, "Convergence of ../../etc/<x> ' y, 10 agents");
    expect_text(svg, "a'b`c`<i>");
    expect_text(svg, "scenario \"it's `touch ");
}

Test(reports, written_files_are_listed_on_stdout_and_the_next_step_on_stderr)
{
    const char *path = make_flat_store();
    struct told told = report((const char *[]){"--db", path, "-o", scratch_path("p"), NULL});
    static const char *const names[] = {
        "matrix.svg",
        "matrix.png",
        "convergence-flat_mesh-10.svg",
        "convergence-flat_mesh-10.png",
        "traffic-flat_mesh-10.svg",
        "traffic-flat_mesh-10.png",
        "index.html",
    };
    char expected[2048] = "";
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++) {
        size_t length = strlen(expected);
        snprintf(expected + length, sizeof expected - length, "%s/%s\n", scratch_path("p"),
                 names[index]);
        char name[64];
        snprintf(name, sizeof name, "p/%s", names[index]);
        cr_assert(exists(scratch_path(name)), "%s is listed and not there", name);
    }
    cr_assert_str_eq(told.out, expected);
    cr_assert_not_null(strstr(told.err, "/p/index.html\n"), "%s", told.err);
    cr_assert_not_null(strstr(told.err, "Next: xdg-open "), "%s", told.err);
    cr_assert_not_null(strstr(told.err, "--run 1"), "%s", told.err);
}

Test(reports, run_option_draws_that_run_alone)
{
    const char *path = make_flat_store();
    struct told told =
        report((const char *[]){"--db", path, "--run", "2", "--output", scratch_path("p"), NULL});
    cr_assert(told.code == 0, "%s", told.err);
    size_t length;
    char *svg = read_file(scratch_path("p/convergence-flat_mesh-10.svg"), &length);
    cr_assert_not_null(strstr(svg, "eager"));
    cr_assert_null(strstr(svg, "push-pull"));
    free(svg);
}

Test(reports, command_option_takes_any_run_of_a_command)
{
    const char *path = make_flat_store();
    add_run(path, &(struct made_run){
                      .id = 3, .command_id = 3, .agents = 100, .mode = "push", .repeat = 1});
    add_repetition(path, 3, 0, false, 100);
    add_curve(path, 3, 0, 1000000, 100, (int[]){50, 100}, 2);
    struct told told =
        report((const char *[]){"--db", path, "--command", "2", "-o", scratch_path("p"), NULL});
    cr_assert(told.code == 0, "%s", told.err);
    expect_text(scratch_path("p/convergence-flat_mesh-10.svg"), "push-pull: p50 77.0 ms");
    expect_text(scratch_path("p/convergence-flat_mesh-10.svg"), "eager: p50 6.4 ms");
    cr_assert(!exists(scratch_path("p/convergence-flat_mesh-100.svg")));
    told = report((const char *[]){"--db", path, "--command", "9", NULL});
    cr_assert(told.code == 64);
    cr_assert_not_null(strstr(told.err, "no run 9"), "%s", told.err);
}

Test(reports, quiet_keeps_the_list_of_files_and_leaves_out_the_advice)
{
    struct told told = report(
        (const char *[]){"--db", make_flat_store(), "--quiet", "-o", scratch_path("p"), NULL});
    cr_assert(told.code == 0);
    cr_assert_str_eq(told.err, "");
    cr_assert_not_null(strstr(told.out, "index.html"), "%s", told.out);
}

// Others may add columns and raise the version: what is read is read by name.
Test(reports, next_version_of_the_store_with_more_columns_is_read)
{
    const char *path = make_flat_store();
    static const char *const tables[] = {"runs",      "repetitions", "updates", "traffic",
                                         "latencies", "curves",      "metrics", "verdicts"};
    for (size_t index = 0; index < sizeof tables / sizeof tables[0]; index++) {
        execute(path, "ALTER TABLE %s ADD COLUMN added INTEGER", tables[index]);
    }
    execute(path, "PRAGMA user_version = 2");
    struct told told = report((const char *[]){"--db", path, "-o", scratch_path("p"), NULL});
    cr_assert(told.code == 0, "%s", told.err);
    expect_valid_pictures(scratch_path("p"), "convergence-flat_mesh-10");
}

Test(reports, names_that_differ_only_in_harmful_bytes_do_not_share_a_file)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    static const char *const topologies[] = {"a b", "a/b"};
    for (int index = 0; index < 2; index++) {
        add_run(path, &(struct made_run){.id = index + 1,
                                         .command_id = 1,
                                         .agents = 10,
                                         .mode = "push",
                                         .repeat = 1,
                                         .topology = topologies[index]});
        add_repetition(path, index + 1, 0, false, 10);
        add_curve(path, index + 1, 0, 1000000, 10, (int[]){5, 10}, 2);
    }
    struct told told = report((const char *[]){"--db", path, "-o", scratch_path("p"), NULL});
    cr_assert(told.code == 0, "%s", told.err);
    expect_text(scratch_path("p/convergence-a_b-10.svg"), "Convergence of a b, 10 agents");
    expect_text(scratch_path("p/convergence-a_b-10_.svg"), "Convergence of a/b, 10 agents");
}

// ---- What goes wrong ----

Test(reports, runs_without_a_measured_update_are_a_usage_error)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    add_run(path, &(struct made_run){
                      .id = 1, .command_id = 1, .agents = 10, .mode = "push", .repeat = 1});
    struct told told = report((const char *[]){"--db", path, "-o", scratch_path("p"), NULL});
    cr_assert(told.code == 64, "%d: %s", told.code, told.err);
    cr_assert_not_null(strstr(told.err, "no update was measured in the 1 run asked for"), "%s",
                       told.err);
    cr_assert(!exists(scratch_path("p")));
}

// A program in gnuplot's place; without a text there is none.
static void replace_gnuplot(const char *script)
{
    mkdir(scratch_path("bin"), 0777);
    if (script != NULL) {
        const char *path = scratch_path("bin/gnuplot");
        FILE *file = fopen(path, "w");
        fprintf(file, "#!/bin/sh\n%s\n", script);
        fclose(file);
        chmod(path, 0777);
    }
    setenv("PATH", scratch_path("bin"), 1);
}

static void expect_no_pictures(const char *directory)
{
    DIR *entries = opendir(directory);
    cr_assert_not_null(entries);
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        cr_assert(entry->d_name[0] == '.', "%s was left behind", entry->d_name);
    }
    closedir(entries);
}

Test(reports, missing_gnuplot_is_an_io_error_that_names_the_package)
{
    const char *path = make_flat_store();
    replace_gnuplot(NULL);
    struct told told = report((const char *[]){"--db", path, "-o", scratch_path("p"), NULL});
    cr_assert(told.code == 74);
    cr_assert_not_null(strstr(told.err, "apt install gnuplot-nox"), "%s", told.err);
    cr_assert_str_eq(told.out, "");
    expect_no_pictures(scratch_path("p"));
}

Test(reports, gnuplot_s_complaint_is_passed_on)
{
    const char *path = make_flat_store();
    replace_gnuplot("echo 'line 7: undefined variable: x' >&2; exit 1");
    struct told told = report((const char *[]){"--db", path, "-o", scratch_path("p"), NULL});
    cr_assert(told.code == 70);
    cr_assert_not_null(strstr(told.err, "undefined variable: x"), "%s", told.err);
    expect_no_pictures(scratch_path("p"));
}

Test(reports, half_a_picture_does_not_replace_an_older_one)
{
    const char *path = make_flat_store();
    struct told told = report((const char *[]){"--db", path, "-o", scratch_path("p"), NULL});
    cr_assert(told.code == 0, "%s", told.err);
    replace_gnuplot("echo '<?xml version=\"1.0\"?><svg>'");
    told = report((const char *[]){"--db", path, "-o", scratch_path("p"), NULL});
    cr_assert(told.code == 74);
    cr_assert_not_null(strstr(told.err, "incomplete"), "%s", told.err);
    cr_assert(!exists(scratch_path("p/matrix.svg.part")));
    expect_valid_pictures(scratch_path("p"), "matrix");
    expect_valid_pictures(scratch_path("p"), "convergence-flat_mesh-10");
}

Test(reports, gnuplot_that_dies_early_is_survived)
{
    const char *path = make_flat_store();
    replace_gnuplot("kill -9 $$");
    struct told told = report((const char *[]){"--db", path, "-o", scratch_path("p"), NULL});
    cr_assert(told.code == 70, "%d: %s", told.code, told.err);
    expect_no_pictures(scratch_path("p"));
}

Test(reports, missing_store_is_an_io_error_and_is_not_created)
{
    const char *path = scratch_path("absent.db");
    struct told told = report((const char *[]){"--db", path, NULL});
    cr_assert(told.code == 74);
    cr_assert_not_null(strstr(told.err, "meshsim run"), "%s", told.err);
    cr_assert(!exists(path));
}

Test(reports, other_databases_and_versions_are_refused)
{
    const char *path = scratch_path("photos.db");
    execute(path, "CREATE TABLE photos (name TEXT)");
    struct told told = report((const char *[]){"--db", path, NULL});
    cr_assert(told.code == 74);
    cr_assert_not_null(strstr(told.err, "not a store of meshsim"), "%s", told.err);
    const char *store = make_flat_store();
    execute(store, "PRAGMA user_version = 999");
    told = report((const char *[]){"--db", store, NULL});
    cr_assert(told.code == 74);
    cr_assert_not_null(strstr(told.err, "version 999"), "%s", told.err);
    cr_assert_not_null(strstr(told.err, "reads versions 1 to 6"), "%s", told.err);
}

Test(reports, output_that_is_a_file_is_an_io_error)
{
    const char *path = make_flat_store();
    struct told told = report((const char *[]){"--db", path, "-o", path, NULL});
    cr_assert(told.code == 74);
    cr_assert_not_null(strstr(told.err, "not a directory"), "%s", told.err);
}

Test(reports, runs_that_are_not_there_are_usage_errors)
{
    const char *path = scratch_path("empty.db");
    make_store(path);
    struct told told = report((const char *[]){"--db", path, NULL});
    cr_assert(told.code == 64);
    cr_assert_not_null(strstr(told.err, "holds no runs yet"), "%s", told.err);
    told = report((const char *[]){"--db", make_flat_store(), "--run", "77", NULL});
    cr_assert(told.code == 64);
    cr_assert_not_null(strstr(told.err, "no run 77"), "%s", told.err);
}

Test(reports, misused_options_are_usage_errors)
{
    static const char *const misuses[][4] = {
        {"--run", "newest"}, {"--run", "-1"}, {"--run"},          {"--colour"},
        {"extra"},           {"-o"},          {"--command", "x"}, {"--run=1", "--command=1"}};
    for (size_t index = 0; index < sizeof misuses / sizeof misuses[0]; index++) {
        struct told told = report(misuses[index]);
        cr_assert(told.code == 64, "%s gave %d", misuses[index][0], told.code);
        cr_assert_not_null(strstr(told.err, "--help"), "%s", told.err);
    }
}

Test(reports, help_has_an_example)
{
    struct told told = report((const char *[]){"--help", NULL});
    cr_assert(told.code == 0);
    cr_assert_not_null(strstr(told.out, "example: meshsim run"), "%s", told.out);
}
