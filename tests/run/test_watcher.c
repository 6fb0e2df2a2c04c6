// SPDX-License-Identifier: GPL-3.0-or-later
// Whoever looks on sees everything in the order of time and changes nothing; a run that is cut says
// so, and was the same until then.
#include <criterion/criterion.h>
#include <inttypes.h>

#include "fixture.h"

#define CHECKPOINTS_MAX 64

struct seen {
    uint64_t last_ns;  // of changes and windows
    uint64_t receipts;
    uint32_t windows;
    uint32_t stop_after;  // windows; 0: never
    struct sim_checkpoint checkpoints[CHECKPOINTS_MAX];
    uint32_t checkpoint_count;
    bool ended;
};

static void see_changes(void *context, const struct sim_world *world,
                        const struct mesh_table *table, const uint32_t *write_of_lane,
                        const struct sim_change *changes, uint32_t count)
{
    struct seen *seen = context;
    (void)world;
    (void)table;
    (void)write_of_lane;
    for (uint32_t i = 0; i < count; i++) {
        cr_assert(changes[i].time_ns >= seen->last_ns);
        seen->last_ns = changes[i].time_ns;
        seen->receipts += (uint64_t)__builtin_popcountll(changes[i].lanes);
    }
}

static void see_checkpoint(void *context, const struct sim_checkpoint *checkpoint, bool last)
{
    struct seen *seen = context;
    cr_assert(!seen->ended, "a checkpoint after the last");
    cr_assert(seen->checkpoint_count < CHECKPOINTS_MAX);
    seen->checkpoints[seen->checkpoint_count++] = *checkpoint;
    seen->ended = last;
}

static bool see_window(void *context, uint64_t time_ns)
{
    struct seen *seen = context;
    cr_assert(time_ns >= seen->last_ns);
    seen->last_ns = time_ns;
    return ++seen->windows == seen->stop_after;
}

static struct sim_watcher watcher_of(struct seen *seen)
{
    return (struct sim_watcher){.context = seen,
                                .changes = see_changes,
                                .checkpoint = see_checkpoint,
                                .window = see_window};
}

static void make(struct fixture *fixture)
{
    fixture_init(fixture, 40);
    fixture->scenario.workload.updates = 70;
    fixture->scenario.workload.every_ns = 10 * MS;
}

Test(watcher, sees_every_first_receipt_and_the_checkpoints_of_the_result)
{
    struct fixture fixture;
    struct sim_result alone;
    struct sim_result watched;
    struct seen seen = {0};
    const struct sim_watcher watcher = watcher_of(&seen);
    make(&fixture);
    fixture_run(&fixture, 0, &alone);
    fixture.options.watcher = &watcher;
    fixture_run(&fixture, 0, &watched);
    cr_expect_eq(alone.fingerprint, watched.fingerprint);
    cr_expect_eq(alone.events, watched.events);
    cr_expect_eq(seen.receipts, 70u * 40u);  // every agent comes to hold every update, writers too
    cr_assert(seen.ended);
    const struct sim_checkpoint *last = &seen.checkpoints[seen.checkpoint_count - 1];
    cr_expect_eq(last->fingerprint, watched.fingerprint);
    cr_expect_eq(last->time_ns, watched.simulated_ns);
    for (uint32_t i = 0; i + 1 < watched.checkpoint_count; i++) {
        cr_expect_eq(seen.checkpoints[i].fingerprint, watched.checkpoints[i].fingerprint);
        cr_expect_eq(seen.checkpoints[i].events, alone.checkpoints[i].events);
    }
    sim_result_finish(&alone);
    sim_result_finish(&watched);
}

Test(watcher, that_has_seen_enough_ends_the_run_which_is_marked)
{
    struct fixture fixture;
    struct sim_result result;
    struct seen seen = {.stop_after = 3};
    const struct sim_watcher watcher = watcher_of(&seen);
    make(&fixture);
    fixture.options.watcher = &watcher;
    fixture_run(&fixture, 0, &result);
    cr_expect(result.interrupted);
    cr_expect_eq(seen.windows, 3);
    cr_expect_eq(result.simulated_ns, seen.last_ns);
    sim_result_finish(&result);
}

Test(watcher, a_run_cut_in_time_is_marked_and_the_same_until_then)
{
    struct fixture fixture;
    struct sim_result whole;
    struct sim_result cut;
    struct sim_result longer;
    make(&fixture);
    fixture_run(&fixture, 0, &whole);
    fixture.options.until_ns = 350 * MS;
    fixture_run(&fixture, 0, &cut);
    cr_expect(cut.interrupted && !whole.interrupted);
    cr_expect(cut.simulated_ns >= 350 * MS && cut.simulated_ns < 352 * MS, "%" PRIu64,
              cut.simulated_ns);
    cr_assert_eq(cut.checkpoint_count, 4);  // at 100, 200, 300 ms and the end
    for (uint32_t i = 0; i < 3; i++) {
        cr_expect_eq(cut.checkpoints[i].fingerprint, whole.checkpoints[i].fingerprint);
    }
    fixture.options.until_ns = 3600 * 1000 * MS;  // it ends before
    fixture_run(&fixture, 0, &longer);
    cr_expect(!longer.interrupted);
    cr_expect_eq(longer.fingerprint, whole.fingerprint);
    sim_result_finish(&whole);
    sim_result_finish(&cut);
    sim_result_finish(&longer);
}

Test(watcher, more_lanes_to_begin_with_show_nowhere)
{
    struct fixture fixture;
    struct sim_result few;
    struct sim_result many;
    make(&fixture);
    fixture.scenario.network.batch_size = 70;
    fixture_run(&fixture, 0, &few);
    fixture.options.lanes_start = 4 * SIM_LANES_START;
    fixture_run(&fixture, 0, &many);
    cr_expect_eq(few.fingerprint, many.fingerprint);
    cr_expect_eq(few.events, many.events);
    sim_result_finish(&few);
    sim_result_finish(&many);
}
