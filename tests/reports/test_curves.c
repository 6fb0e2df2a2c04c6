// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "curves.h"

TestSuite(reports_curves, .init = scratch_make, .fini = scratch_remove);

struct read_store {
    struct report_store store;
    struct report_pictures pictures;
    struct report_error error;
};

static void read_runs(struct read_store *read, const char *path, const char *run, bool by_tier)
{
    *read = (struct read_store){0};
    const struct report_choice choice = {.run = run};
    if (report_store_open(&read->store, path, &choice, &read->error)) {
        (by_tier ? report_curves_by_tier : report_curves_by_mesh)(&read->store, &read->pictures);
    }
    cr_assert(read->error.code == REPORT_OK, "%s", read->error.text);
}

static void finish(struct read_store *read)
{
    report_pictures_finish(&read->pictures);
    report_store_close(&read->store);
}

static void expect_points(const struct report_line *line, const struct report_point *expected,
                          size_t count)
{
    cr_assert(line->point_count == count, "%zu points, not %zu", line->point_count, count);
    for (size_t index = 0; index < count; index++) {
        const struct report_point *point = &line->points[index];
        double difference = point->share - expected[index].share;
        cr_assert(point->ns == expected[index].ns && difference < 1e-12 && difference > -1e-12,
                  "point %zu: %.6f at %" PRId64 " ns, not %.6f at %" PRId64, index, point->share,
                  point->ns, expected[index].share, expected[index].ns);
    }
}

Test(reports_curves, curve_starts_with_the_writers_and_sums_the_repetitions)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    add_run(path, &(struct made_run){
                      .id = 1, .command_id = 1, .agents = 10, .mode = "push", .repeat = 2});
    add_repetition(path, 1, 0, false, 10);
    add_repetition(path, 1, 1, false, 10);
    add_curve(path, 1, 0, 100, 10, (int[]){2, 6, 10}, 3);
    add_curve(path, 1, 1, 100, 10, (int[]){4, 8, 8, 9}, 4);
    struct read_store store;
    read_runs(&store, path, NULL, false);
    cr_assert(store.pictures.count == 1, "%s", store.error.text);
    // 1 + 1 of 20 pairs at the write; then 2 + 4, 6 + 8, 10 + 8, and 10 stays when 9 is reached.
    struct report_point expected[] = {
        {0, 2 / 20.0}, {100, 6 / 20.0}, {200, 14 / 20.0}, {300, 18 / 20.0}, {400, 19 / 20.0}};
    expect_points(&store.pictures.items[0].lines[0], expected, 5);
    finish(&store);
}

Test(reports_curves, repetitions_with_different_steps_are_summed_where_both_have_points)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    add_run(path, &(struct made_run){
                      .id = 1, .command_id = 1, .agents = 10, .mode = "push", .repeat = 2});
    add_repetition(path, 1, 0, false, 10);
    add_repetition(path, 1, 1, false, 10);
    add_curve(path, 1, 0, 100, 10, (int[]){2, 4, 6, 8, 10}, 5);
    add_curve(path, 1, 1, 200, 10, (int[]){3, 7}, 2);
    struct read_store store;
    read_runs(&store, path, NULL, false);
    cr_assert(store.pictures.count == 1, "%s", store.error.text);
    // At 200: 4 + 3. At 400: 8 + 7. The last point is kept although it is not a multiple: 10 + 7.
    struct report_point expected[] = {
        {0, 2 / 20.0}, {200, 7 / 20.0}, {400, 15 / 20.0}, {500, 17 / 20.0}};
    expect_points(&store.pictures.items[0].lines[0], expected, 4);
    finish(&store);
}

Test(reports_curves, cut_repetitions_are_left_out_where_others_finished)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    add_run(path, &(struct made_run){.id = 1,
                                     .command_id = 1,
                                     .agents = 10,
                                     .mode = "push",
                                     .repeat = 5,
                                     .status = "interrupted"});
    add_repetition(path, 1, 0, false, 10);
    add_repetition(path, 1, 1, true, 10);
    add_curve(path, 1, 0, 100, 10, (int[]){10}, 1);
    add_curve(path, 1, 1, 100, 10, (int[]){2}, 1);
    struct read_store store;
    read_runs(&store, path, NULL, false);
    cr_assert(store.pictures.count == 1, "%s", store.error.text);
    struct report_line *line = &store.pictures.items[0].lines[0];
    expect_points(line, (struct report_point[]){{0, 0.1}, {100, 1}}, 2);
    cr_assert(line->run->interrupted && line->run->finished == 1 && line->run->repeat == 5);
    cr_assert(!line->p50.known && !line->p95.known);
    finish(&store);

    execute(path, "UPDATE repetitions SET interrupted = 1");
    read_runs(&store, path, NULL, false);
    cr_assert(store.pictures.count == 1, "%s", store.error.text);
    line = &store.pictures.items[0].lines[0];
    expect_points(line, (struct report_point[]){{0, 2 / 20.0}, {100, 12 / 20.0}}, 2);
    cr_assert(line->run->finished == 0);
    finish(&store);
}

Test(reports_curves, modes_on_one_mesh_share_a_picture_and_other_meshes_have_their_own)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    static const struct made_run runs[] = {
        {.id = 1, .command_id = 1, .agents = 10, .mode = "push-pull", .repeat = 1},
        {.id = 2, .command_id = 1, .agents = 100, .mode = "push-pull", .repeat = 1},
        {.id = 3, .command_id = 1, .agents = 10, .mode = "eager", .repeat = 1},
        {.id = 4,
         .command_id = 1,
         .agents = 100,
         .mode = "eager",
         .repeat = 1,
         .topology = "single_region_mesh"},
    };
    for (size_t index = 0; index < 4; index++) {
        add_run(path, &runs[index]);
        add_repetition(path, runs[index].id, 0, false, runs[index].agents);
        add_curve(path, runs[index].id, 0, 100, 10, (int[]){5, 10}, 2);
    }
    struct read_store store;
    read_runs(&store, path, NULL, false);
    cr_assert(store.pictures.count == 3, "%zu pictures: %s", store.pictures.count,
              store.error.text);
    const struct report_picture *flat = &store.pictures.items[0];
    cr_assert(flat->lines[0].run->agents == 10 && flat->line_count == 2);
    cr_assert_str_eq(flat->lines[0].run->mode, "push-pull");
    cr_assert_str_eq(flat->lines[1].run->mode, "eager");
    cr_assert(store.pictures.items[1].lines[0].run->agents == 100 &&
              store.pictures.items[1].line_count == 1);
    cr_assert_str_eq(store.pictures.items[2].lines[0].run->topology, "single_region_mesh");
    finish(&store);
}

Test(reports_curves, cell_keeps_what_no_column_tells)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    add_run(path, &(struct made_run){.id = 1,
                                     .command_id = 1,
                                     .agents = 10,
                                     .mode = "eager",
                                     .repeat = 1,
                                     .cell = "topology=my mesh.yaml gossip.fanout=5 agents=10"
                                             " name=a b gossip.mode=eager"});
    struct read_store store;
    read_runs(&store, path, NULL, false);
    cr_assert_str_eq(store.store.runs[0].cell, "gossip.fanout=5 name=a b");
    finish(&store);
}

Test(reports_curves, latest_means_all_runs_of_the_last_command)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    for (int id = 1; id <= 4; id++) {
        add_run(path, &(struct made_run){.id = id,
                                         .command_id = id <= 2 ? 1 : 3,
                                         .agents = 10,
                                         .mode = "eager",
                                         .repeat = 1});
        add_repetition(path, id, 0, false, 10);
        add_curve(path, id, 0, 100, 10, (int[]){5, 10}, 2);
    }
    struct read_store latest;
    read_runs(&latest, path, NULL, false);
    cr_assert(latest.pictures.count == 1 && latest.pictures.items[0].line_count == 2, "%s",
              latest.error.text);
    cr_assert(latest.pictures.items[0].lines[0].run->run_id == 3 &&
              latest.pictures.items[0].lines[1].run->run_id == 4);
    struct read_store one;
    read_runs(&one, path, "2", false);
    cr_assert(one.pictures.count == 1 && one.pictures.items[0].line_count == 1, "%s",
              one.error.text);
    cr_assert(one.pictures.items[0].lines[0].run->run_id == 2);
    finish(&latest);
    finish(&one);
}

Test(reports_curves, more_runs_than_colours_go_to_a_second_picture)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    for (int id = 1; id <= REPORT_LINES_MAX + 1; id++) {
        add_run(path, &(struct made_run){
                          .id = id, .command_id = 1, .agents = 10, .mode = "eager", .repeat = 1});
        add_repetition(path, id, 0, false, 10);
        add_curve(path, id, 0, 100, 10, (int[]){5, 10}, 2);
    }
    struct read_store store;
    read_runs(&store, path, NULL, false);
    cr_assert(store.pictures.count == 2, "%s", store.error.text);
    cr_assert(store.pictures.items[0].line_count == REPORT_LINES_MAX &&
              store.pictures.items[0].part == 0);
    cr_assert(store.pictures.items[1].line_count == 1 && store.pictures.items[1].part == 2);
    finish(&store);
}

Test(reports_curves, targets_are_the_upper_ends_of_convergence_claims_each_once)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    add_run(path, &(struct made_run){
                      .id = 1, .command_id = 1, .agents = 10, .mode = "eager", .repeat = 1});
    add_repetition(path, 1, 0, false, 10);
    add_curve(path, 1, 0, 100, 10, (int[]){5, 10}, 2);
    add_percentiles(path, 1, 77000000, 118000000);
    add_claim(path, 1, 0, "<5s", "Comparison", 5000000000, "PASS");
    add_claim(path, 1, 1, "<2ms", "Latency SLA", 2000000, "UNMEASURED");
    add_claim(path, 1, 2, "<50ms", "Matrix", 50000000, "FAIL");
    add_claim(path, 1, 3, "30-50ms", "Topology 1", 50000000, "INCONCLUSIVE");
    execute(path,
            "INSERT INTO verdicts (run_id, ordinal, claim_id, claim, section, metric,"
            " statistic, unit, target_high, measured, low, high, samples, verdict, why)"
            " VALUES (1, 4, 'id', '<1ms', 'Latency', 'latency', 'max', 'ns', 1000000, 1, 1, 1,"
            " 300, 'PASS', '')");
    struct read_store store;
    read_runs(&store, path, NULL, false);
    cr_assert(store.pictures.count == 1, "%s", store.error.text);
    const struct report_line *line = &store.pictures.items[0].lines[0];
    cr_assert(line->target_count == 2, "%u targets", line->target_count);
    cr_assert(line->targets[0].ns == 50000000 && line->targets[1].ns == 5000000000);
    cr_assert_str_eq(line->targets[0].claim, "<50ms");
    cr_assert_str_eq(line->targets[0].verdict, "FAIL");
    cr_assert(line->p50.known && !line->p50.never && line->p50.ns == 77000000);
    cr_assert(line->p95.known && !line->p95.never && line->p95.ns == 118000000);
    finish(&store);
}

Test(reports_curves, percentile_among_updates_that_never_arrived_is_never)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    add_run(path, &(struct made_run){
                      .id = 1, .command_id = 1, .agents = 10, .mode = "push", .repeat = 1});
    add_repetition(path, 1, 0, false, 10);
    add_curve(path, 1, 0, 100, 10, (int[]){5}, 1);
    execute(path, "INSERT INTO metrics (run_id, metric, statistic, unit, value)"
                  " VALUES (1, 'convergence', 'p95', 'ns', NULL)");
    struct read_store store;
    read_runs(&store, path, NULL, false);
    cr_assert(store.pictures.count == 1, "%s", store.error.text);
    cr_assert(store.pictures.items[0].lines[0].p95.known &&
              store.pictures.items[0].lines[0].p95.never);
    cr_assert(!store.pictures.items[0].lines[0].p50.known);
    finish(&store);
}

Test(reports_curves, run_without_measured_updates_is_left_out_and_counted)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    add_run(path, &(struct made_run){.id = 1,
                                     .command_id = 1,
                                     .agents = 10,
                                     .mode = "push",
                                     .repeat = 1,
                                     .status = "interrupted"});
    struct read_store alone;
    read_runs(&alone, path, NULL, false);
    cr_assert(alone.pictures.count == 0 && alone.pictures.skipped == 1);
    finish(&alone);
    add_run(path, &(struct made_run){
                      .id = 2, .command_id = 1, .agents = 10, .mode = "eager", .repeat = 1});
    add_repetition(path, 2, 0, false, 10);
    add_curve(path, 2, 0, 100, 10, (int[]){5, 10}, 2);
    struct read_store both;
    read_runs(&both, path, NULL, false);
    cr_assert(both.pictures.count == 1 && both.pictures.skipped == 1 &&
                  both.pictures.items[0].line_count == 1,
              "%s", both.error.text);
    finish(&both);
}

// ---- Tiers and regions ----

static void add_tiers(const char *path, int region_count)
{
    make_store(path);
    add_run(path, &(struct made_run){
                      .id = 1, .command_id = 1, .agents = 10, .mode = "push", .repeat = 1});
    add_repetition(path, 1, 0, false, 10);
    add_curve(path, 1, 0, 100, 10, (int[]){5, 10}, 2);
    add_class_curve(path, 1, 0, "region", 50, 4, (int[]){2, 4}, 2);
    add_class_curve(path, 1, 0, "edge", 10, 2, (int[]){2}, 1);
    for (int region = region_count; region > 0; region--) {
        char name[32];
        snprintf(name, sizeof name, "region:r%d", region);
        add_class_curve(path, 1, 0, name, 100, 5, (int[]){1, 5}, 2);
    }
}

Test(reports_curves, tiers_of_a_run_go_from_the_mesh_inwards_and_then_by_region)
{
    const char *path = scratch_path("runs.db");
    add_tiers(path, 2);
    execute(path, "INSERT INTO metrics (run_id, metric, statistic, unit, value)"
                  " VALUES (1, 'edge_convergence', 'p95', 'ns', 9)");
    struct read_store store;
    read_runs(&store, path, NULL, true);
    cr_assert(store.pictures.count == 1 && store.pictures.items[0].by_tier);
    const struct report_picture *picture = &store.pictures.items[0];
    static const char *const order[] = {"mesh", "edge", "region", "region:r1", "region:r2"};
    cr_assert(picture->line_count == 5, "%u lines", picture->line_count);
    for (int index = 0; index < 5; index++) {
        cr_assert_str_eq(picture->lines[index].scope_class, order[index]);
    }
    cr_assert(picture->lines[1].p95.known && picture->lines[1].p95.ns == 9);
    cr_assert(!picture->lines[0].p95.known && !picture->lines[3].p95.known);
    finish(&store);
}

// At its write a report has come nowhere.
Test(reports_curves, reports_of_a_run_have_a_picture_of_their_own)
{
    const char *path = scratch_path("runs.db");
    add_tiers(path, 1);
    add_class_curve(path, 1, 0, "report:global", 100, 8, (int[]){2, 8}, 2);
    add_class_curve(path, 1, 0, "report:edge", 10, 8, (int[]){8}, 1);
    execute(path, "INSERT INTO metrics (run_id, metric, statistic, unit, value)"
                  " VALUES (1, 'report_global', 'p95', 'ns', 190)");
    struct read_store store;
    read_runs(&store, path, NULL, true);
    cr_assert(store.pictures.count == 1 && store.pictures.items[0].line_count == 4,
              "the tiers have no line of reports");
    report_pictures_finish(&store.pictures);
    cr_assert(report_curves_of_reports(&store.store, &store.pictures));
    cr_assert(store.pictures.count == 1 && store.pictures.items[0].of_reports);
    const struct report_picture *picture = &store.pictures.items[0];
    cr_assert(picture->line_count == 2);
    cr_expect_str_eq(picture->lines[0].scope_class, "report:edge");
    expect_points(&picture->lines[0], (struct report_point[]){{10, 1}}, 1);
    expect_points(&picture->lines[1], (struct report_point[]){{100, 0.25}, {200, 1}}, 2);
    cr_expect(picture->lines[1].p95.known && picture->lines[1].p95.ns == 190);
    finish(&store);
}

// An election that was under way when the run began is none; one without an end is not over.
Test(reports_curves, losses_of_leaders_and_bridges_have_a_picture_of_their_own)
{
    const char *path = scratch_path("runs.db");
    add_tiers(path, 1);
    execute(path, "INSERT INTO elections VALUES (1, 0, 0, 0, 0, 5, 6, 50, 2, 1, 0),"
                  " (1, 0, 1, 0, 100, 30, 40, 60, 3, 1, 1), (1, 0, 2, 1, 100, 10, 40, 7, 3, 1, 1),"
                  " (1, 0, 3, 1, 900, 20, NULL, NULL, 0, 4, 1),"
                  " (1, 0, 4, 0, 900, NULL, NULL, NULL, 0, 4, 1)");
    execute(path, "INSERT INTO failovers VALUES (1, 0, 0, 0, 50, 100, 1000, NULL, 60)");
    execute(path, "INSERT INTO metrics (run_id, metric, statistic, unit, value)"
                  " VALUES (1, 'election', 'p50', 'ns', 40)");
    struct read_store store;
    read_runs(&store, path, NULL, true);
    report_pictures_finish(&store.pictures);
    cr_assert(report_curves_of_leaders(&store.store, &store.pictures));
    cr_assert(store.pictures.count == 1 && store.pictures.items[0].of_leaders);
    const struct report_picture *picture = &store.pictures.items[0];
    cr_assert_eq(picture->line_count, 3, "nobody heard from another region");
    expect_points(&picture->lines[0],
                  (struct report_point[]){{0, 0}, {10, 0.25}, {20, 0.5}, {30, 0.75}}, 4);
    expect_points(&picture->lines[1], (struct report_point[]){{0, 0}, {40, 0.5}}, 2);
    expect_points(&picture->lines[2], (struct report_point[]){{0, 0}, {1000, 1}}, 2);
    cr_expect(picture->lines[1].p50.known && picture->lines[1].p50.ns == 40);
    finish(&store);
}

// The writer is in its edge and in its region; which region it is in, the store does not tell.
Test(reports_curves, writers_start_the_curves_of_their_own_tiers_only)
{
    const char *path = scratch_path("runs.db");
    add_tiers(path, 1);
    struct read_store store;
    read_runs(&store, path, NULL, true);
    const struct report_line *lines = store.pictures.items[0].lines;
    expect_points(&lines[1], (struct report_point[]){{0, 0.5}, {10, 1}}, 2);
    expect_points(&lines[2], (struct report_point[]){{0, 0.25}, {50, 0.5}, {100, 1}}, 3);
    expect_points(&lines[3], (struct report_point[]){{100, 0.2}, {200, 1}}, 2);
    finish(&store);
}

Test(reports_curves, mesh_of_one_tier_has_no_picture_by_tier)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    add_run(path, &(struct made_run){
                      .id = 1, .command_id = 1, .agents = 10, .mode = "push", .repeat = 1});
    add_repetition(path, 1, 0, false, 10);
    add_curve(path, 1, 0, 100, 10, (int[]){5, 10}, 2);
    struct read_store store;
    read_runs(&store, path, NULL, true);
    cr_assert(store.pictures.count == 0);
    finish(&store);
}

Test(reports_curves, many_regions_go_to_a_second_picture_beside_the_whole_mesh)
{
    const char *path = scratch_path("runs.db");
    add_tiers(path, 7);  // and three tiers
    struct read_store store;
    read_runs(&store, path, NULL, true);
    cr_assert(store.pictures.count == 2);
    const struct report_picture *more = &store.pictures.items[1];
    cr_assert(store.pictures.items[0].line_count == REPORT_LINES_MAX && more->part == 2);
    cr_assert(more->line_count == 3, "%u lines", more->line_count);
    cr_assert_str_eq(more->lines[0].scope_class, "mesh");
    cr_assert_str_eq(more->lines[1].scope_class, "region:r6");
    cr_assert_str_eq(more->lines[2].scope_class, "region:r7");
    finish(&store);
}
