// SPDX-License-Identifier: GPL-3.0-or-later
// The recorder by itself, told changes that were made up.
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "recorder.h"

#define AGENTS 100u

struct told {
    struct fixture fixture;
    struct sim_world world;
    struct mesh_update updates[64];
    struct mesh_table table;
    uint32_t write_of_lane[64];
    struct sim_result result;
    struct sim_recorder recorder;
};

// Two updates, written at 10 and 20 ms by the nodes 0 and 1.
static void told_init(struct told *told)
{
    *told = (struct told){0};
    fixture_init(&told->fixture, AGENTS);
    told->fixture.scenario.workload.updates = 2;
    sim_world_init(&told->world, &told->fixture.scenario, 1);
    mesh_table_init(&told->table, told->updates, 64, NULL, 0, NULL);
    for (uint32_t u = 0; u < 2; u++) {
        told->world.writes[u] = (struct sim_write){.time_ns = (10 + 10 * u) * MS, .node = u};
        told->write_of_lane[mesh_table_reserve(&told->table, (struct mesh_dot){u, 1})] = u;
    }
    sim_recorder_init(&told->recorder, &told->fixture.scenario, &told->world, &told->result);
}

static void told_finish(struct told *told)
{
    sim_recorder_finish(&told->recorder);
    sim_world_finish(&told->world);
    sim_result_finish(&told->result);
}

static void tell(struct told *told, uint32_t update, uint32_t node, uint64_t since_ns)
{
    struct sim_change change = {.time_ns = told->world.writes[update].time_ns + since_ns,
                                .lanes = UINT64_C(1) << update,
                                .node = node};
    sim_recorder_changes(&told->recorder, &told->table, told->write_of_lane, &change, 1);
}

Test(run, times_are_those_of_the_receipts_that_complete_the_shares)
{
    struct told told;
    told_init(&told);
    told.recorder.threshold_ppb = 955000000;  // of 100: 95.5, so 96
    for (uint32_t node = 0; node < AGENTS; node++) {
        cr_expect(told.recorder.open == 2);
        tell(&told, 0, node, node * MS);
    }
    tell(&told, 1, 1, 0);
    const struct sim_update_result *update = &told.result.updates[0];
    cr_expect(update->half_ns == 49 * MS, "the 50th receipt");
    cr_expect(update->theta_ns == 95 * MS, "the 96th receipt");
    cr_expect(update->p99_ns == 98 * MS, "the 99th receipt");
    cr_expect(update->all_ns == 99 * MS && update->last_receipt_ns == 99 * MS);
    cr_expect(update->held == AGENTS && update->cohort == AGENTS);
    cr_expect(update->dot.origin == 0 && update->dot.sequence == 1);
    cr_expect(told.recorder.open == 1);
    const struct sim_update_result *other = &told.result.updates[1];
    cr_expect(other->held == 1 && other->last_receipt_ns == 0);
    cr_expect(other->half_ns == SIM_TIME_NEVER && other->theta_ns == SIM_TIME_NEVER &&
              other->p99_ns == SIM_TIME_NEVER && other->all_ns == SIM_TIME_NEVER &&
              other->path.node == MESH_NODE_NONE);
    told_finish(&told);
}

Test(run, one_change_may_bring_several_updates)
{
    struct told told;
    told_init(&told);
    tell(&told, 0, 0, 0);
    tell(&told, 1, 1, 0);
    struct sim_change both = {.time_ns = 33 * MS, .lanes = 3, .node = 5};
    sim_recorder_changes(&told.recorder, &told.table, told.write_of_lane, &both, 1);
    cr_expect(told.result.updates[0].held == 2 && told.result.updates[1].held == 2);
    cr_expect(told.result.updates[0].last_receipt_ns == 23 * MS);
    cr_expect(told.result.updates[1].last_receipt_ns == 13 * MS);
    told_finish(&told);
}

// Update 0 gives back lane 0, which update 1 gets: what comes in lane 0 from then on is update 1.
Test(run, a_lane_that_is_handed_out_again_does_not_mix_up_updates)
{
    struct told told;
    told_init(&told);
    mesh_table_permit_release(&told.table, (uint32_t[AGENTS]){0}, AGENTS);
    for (uint32_t node = 0; node < AGENTS; node++) {
        tell(&told, 0, node, node * MS);
    }
    mesh_table_release(&told.table, 0);
    cr_assert(mesh_table_reserve(&told.table, (struct mesh_dot){1, 2}) == 0);
    told.write_of_lane[0] = 1;
    struct sim_change change = {.time_ns = 44 * MS, .lanes = 1, .node = 7};
    sim_recorder_changes(&told.recorder, &told.table, told.write_of_lane, &change, 1);
    cr_expect(told.result.updates[0].held == AGENTS);
    cr_expect(told.result.updates[0].all_ns == (AGENTS - 1) * MS);
    cr_expect(told.result.updates[0].dot.origin == 0 && told.result.updates[0].dot.sequence == 1);
    cr_expect(told.result.updates[1].held == 1 &&
              told.result.updates[1].last_receipt_ns == 24 * MS);
    cr_expect(told.result.updates[1].dot.origin == 1 && told.result.updates[1].dot.sequence == 2);
    told_finish(&told);
}

// Point i holds the receipts in (i step, (i + 1) step], however often the step has doubled.
static void expect_curve(uint64_t last_ns, uint64_t step_ns)
{
    struct told told;
    uint64_t since_ns[2 * AGENTS];
    uint64_t wanted[SIM_CURVE_POINTS] = {0};
    told_init(&told);
    for (uint32_t i = 0; i < 2 * AGENTS; i++) {
        // Rising, bunched at the start, on the edges of points and beside them.
        uint64_t edge_ns = last_ns * i / (2 * AGENTS - 1) * i / (2 * AGENTS - 1);
        since_ns[i] = i % 3 == 0 ? edge_ns / step_ns * step_ns : edge_ns;
        since_ns[i] = i == 2 * AGENTS - 1 ? last_ns : since_ns[i];
        uint64_t point = (since_ns[i] + step_ns - 1) / step_ns;  // the first point not before it
        wanted[point == 0 ? 0 : point - 1]++;
        tell(&told, i % 2, i / 2, since_ns[i]);
    }
    const struct sim_curve *curve = &told.result.curves[0];
    cr_expect(curve->step_ns == step_ns,
              "last receipt at %" PRIu64 ": step %" PRIu64 ", by hand %" PRIu64, last_ns,
              curve->step_ns, step_ns);
    cr_expect(curve->pairs == 2 * AGENTS);
    for (uint32_t i = 0; i < SIM_CURVE_POINTS; i++) {
        cr_assert(curve->held[i] == wanted[i],
                  "last receipt at %" PRIu64 ": %" PRIu64 " receipts in point %u, by hand %" PRIu64,
                  last_ns, curve->held[i], i, wanted[i]);
    }
    told_finish(&told);
}

Test(run, the_curve_counts_exactly_however_often_its_step_has_doubled)
{
    expect_curve(1, 10000);  // steps of 10 us reach to 2 ms
    expect_curve(2 * MS, 10000);
    expect_curve(2 * MS + 1, 20000);
    expect_curve(4 * MS, 20000);
    expect_curve(150 * MS, 1280000);      // to 256 ms
    expect_curve(20000 * MS, 163840000);  // to 32.8 s
}

Test(run, a_checkpoint_at_the_time_of_the_last_replaces_it)
{
    struct told told;
    told_init(&told);
    for (uint64_t i = 1; i <= 40; i++) {
        sim_recorder_checkpoint(&told.recorder, i * 100 * MS, i, 10 * i);
    }
    sim_recorder_checkpoint(&told.recorder, 4000 * MS, 77, 401);
    cr_assert(told.result.checkpoint_count == 40);
    cr_expect(told.result.checkpoints[38].fingerprint == 39);
    cr_expect(told.result.checkpoints[39].fingerprint == 77);
    cr_expect(told.result.checkpoints[39].events == 401);
    told_finish(&told);
}
