// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "fixture.h"
#include "read.h"

TestSuite(reports_read, .init = scratch_make, .fini = scratch_remove);

struct read_store {
    struct report_picture *pictures;
    size_t count;
    size_t skipped;
    struct report_error error;
};

static struct read_store read_runs(const char *path, const char *run)
{
    struct read_store store = {0};
    report_read(path, run, &store.pictures, &store.count, &store.skipped, &store.error);
    return store;
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

Test(reports_read, curve_starts_with_the_writers_and_sums_the_repetitions)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    add_run(path, &(struct made_run){
                      .id = 1, .command_id = 1, .agents = 10, .mode = "push", .repeat = 2});
    add_repetition(path, 1, 0, false, 10);
    add_repetition(path, 1, 1, false, 10);
    add_curve(path, 1, 0, 100, 10, (int[]){2, 6, 10}, 3);
    add_curve(path, 1, 1, 100, 10, (int[]){4, 8, 8, 9}, 4);
    struct read_store store = read_runs(path, "latest");
    cr_assert(store.count == 1, "%s", store.error.text);
    // 1 + 1 of 20 pairs at the write; then 2 + 4, 6 + 8, 10 + 8, and 10 stays when 9 is reached.
    struct report_point expected[] = {
        {0, 2 / 20.0}, {100, 6 / 20.0}, {200, 14 / 20.0}, {300, 18 / 20.0}, {400, 19 / 20.0}};
    expect_points(&store.pictures[0].lines[0], expected, 5);
    report_pictures_destroy(store.pictures, store.count);
}

Test(reports_read, repetitions_with_different_steps_are_summed_where_both_have_points)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    add_run(path, &(struct made_run){
                      .id = 1, .command_id = 1, .agents = 10, .mode = "push", .repeat = 2});
    add_repetition(path, 1, 0, false, 10);
    add_repetition(path, 1, 1, false, 10);
    add_curve(path, 1, 0, 100, 10, (int[]){2, 4, 6, 8, 10}, 5);
    add_curve(path, 1, 1, 200, 10, (int[]){3, 7}, 2);
    struct read_store store = read_runs(path, "latest");
    cr_assert(store.count == 1, "%s", store.error.text);
    // At 200: 4 + 3. At 400: 8 + 7. The last point is kept although it is not a multiple: 10 + 7.
    struct report_point expected[] = {
        {0, 2 / 20.0}, {200, 7 / 20.0}, {400, 15 / 20.0}, {500, 17 / 20.0}};
    expect_points(&store.pictures[0].lines[0], expected, 4);
    report_pictures_destroy(store.pictures, store.count);
}

Test(reports_read, cut_repetitions_are_left_out_where_others_finished)
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
    struct read_store store = read_runs(path, "latest");
    cr_assert(store.count == 1, "%s", store.error.text);
    struct report_line *line = &store.pictures[0].lines[0];
    expect_points(line, (struct report_point[]){{0, 0.1}, {100, 1}}, 2);
    cr_assert(line->interrupted && line->finished == 1 && line->repeat == 5);
    cr_assert(!line->p50.known && !line->p95.known);
    report_pictures_destroy(store.pictures, store.count);

    execute(path, "UPDATE repetitions SET interrupted = 1");
    store = read_runs(path, "latest");
    cr_assert(store.count == 1, "%s", store.error.text);
    line = &store.pictures[0].lines[0];
    expect_points(line, (struct report_point[]){{0, 2 / 20.0}, {100, 12 / 20.0}}, 2);
    cr_assert(line->finished == 0);
    report_pictures_destroy(store.pictures, store.count);
}

Test(reports_read, modes_on_one_mesh_share_a_picture_and_other_meshes_have_their_own)
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
    struct read_store store = read_runs(path, "latest");
    cr_assert(store.count == 3, "%zu pictures: %s", store.count, store.error.text);
    const struct report_picture *flat = &store.pictures[0];
    cr_assert(flat->agents == 10 && flat->line_count == 2);
    cr_assert_str_eq(flat->lines[0].mode, "push-pull");
    cr_assert_str_eq(flat->lines[1].mode, "eager");
    cr_assert(store.pictures[1].agents == 100 && store.pictures[1].line_count == 1);
    cr_assert_str_eq(store.pictures[2].topology, "single_region_mesh");
    report_pictures_destroy(store.pictures, store.count);
}

Test(reports_read, latest_means_all_runs_of_the_last_command)
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
    struct read_store latest = read_runs(path, "latest");
    cr_assert(latest.count == 1 && latest.pictures[0].line_count == 2, "%s", latest.error.text);
    cr_assert(latest.pictures[0].lines[0].run_id == 3 && latest.pictures[0].lines[1].run_id == 4);
    struct read_store one = read_runs(path, "2");
    cr_assert(one.count == 1 && one.pictures[0].line_count == 1, "%s", one.error.text);
    cr_assert(one.pictures[0].lines[0].run_id == 2);
    report_pictures_destroy(latest.pictures, latest.count);
    report_pictures_destroy(one.pictures, one.count);
}

Test(reports_read, more_runs_than_colours_go_to_a_second_picture)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    for (int id = 1; id <= REPORT_LINES_MAX + 1; id++) {
        add_run(path, &(struct made_run){
                          .id = id, .command_id = 1, .agents = 10, .mode = "eager", .repeat = 1});
        add_repetition(path, id, 0, false, 10);
        add_curve(path, id, 0, 100, 10, (int[]){5, 10}, 2);
    }
    struct read_store store = read_runs(path, "latest");
    cr_assert(store.count == 2, "%s", store.error.text);
    cr_assert(store.pictures[0].line_count == REPORT_LINES_MAX && store.pictures[0].part == 0);
    cr_assert(store.pictures[1].line_count == 1 && store.pictures[1].part == 2);
    report_pictures_destroy(store.pictures, store.count);
}

Test(reports_read, targets_are_the_upper_ends_of_convergence_claims_each_once)
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
    execute(path, "INSERT INTO verdicts VALUES (1, 4, 'id', '<1ms', 'Latency', 'latency', 'max',"
                  " 'ns', NULL, 1000000, 1, 1, 1, 300, 'PASS', '')");
    struct read_store store = read_runs(path, "latest");
    cr_assert(store.count == 1, "%s", store.error.text);
    const struct report_line *line = &store.pictures[0].lines[0];
    cr_assert(line->target_count == 2, "%u targets", line->target_count);
    cr_assert(line->targets[0].ns == 50000000 && line->targets[1].ns == 5000000000);
    cr_assert_str_eq(line->targets[0].claim, "<50ms");
    cr_assert_str_eq(line->targets[0].verdict, "FAIL");
    cr_assert(line->p50.known && !line->p50.never && line->p50.ns == 77000000);
    cr_assert(line->p95.known && !line->p95.never && line->p95.ns == 118000000);
    report_pictures_destroy(store.pictures, store.count);
}

Test(reports_read, percentile_among_updates_that_never_arrived_is_never)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    add_run(path, &(struct made_run){
                      .id = 1, .command_id = 1, .agents = 10, .mode = "push", .repeat = 1});
    add_repetition(path, 1, 0, false, 10);
    add_curve(path, 1, 0, 100, 10, (int[]){5}, 1);
    execute(path, "INSERT INTO metrics VALUES (1, 'convergence', 'p95', 'ns', NULL)");
    struct read_store store = read_runs(path, "latest");
    cr_assert(store.count == 1, "%s", store.error.text);
    cr_assert(store.pictures[0].lines[0].p95.known && store.pictures[0].lines[0].p95.never);
    cr_assert(!store.pictures[0].lines[0].p50.known);
    report_pictures_destroy(store.pictures, store.count);
}

Test(reports_read, run_without_measured_updates_is_left_out_and_counted)
{
    const char *path = scratch_path("runs.db");
    make_store(path);
    add_run(path, &(struct made_run){.id = 1,
                                     .command_id = 1,
                                     .agents = 10,
                                     .mode = "push",
                                     .repeat = 1,
                                     .status = "interrupted"});
    struct read_store alone = read_runs(path, "latest");
    cr_assert(alone.count == 0 && alone.error.code == REPORT_USAGE);
    cr_assert_not_null(strstr(alone.error.text, "no update was measured"), "%s", alone.error.text);
    add_run(path, &(struct made_run){
                      .id = 2, .command_id = 1, .agents = 10, .mode = "eager", .repeat = 1});
    add_repetition(path, 2, 0, false, 10);
    add_curve(path, 2, 0, 100, 10, (int[]){5, 10}, 2);
    struct read_store both = read_runs(path, "latest");
    cr_assert(both.count == 1 && both.skipped == 1 && both.pictures[0].line_count == 1, "%s",
              both.error.text);
    report_pictures_destroy(both.pictures, both.count);
}
