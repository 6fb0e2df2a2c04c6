// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <inttypes.h>

#include "fixture.h"

#define UNIFORM(minimum_ns, maximum_ns)         \
    {                                           \
        SIM_UNIFORM, (minimum_ns), (maximum_ns) \
    }

static const struct shape some = {.nodes = 300,
                                  .mode = MESH_EAGER,
                                  .latency = UNIFORM(1 * MS, 10 * MS),
                                  .writes = 20,
                                  .write_every_ns = 15 * MS,
                                  .loss_percent = 3,
                                  .duplicate_percent = 1,
                                  .seed = 42};

static uint64_t fingerprint_of(const struct shape *shape)
{
    struct outcome outcome;
    shape_run(shape, SIM_QUEUE_WINDOWS, &outcome);
    outcome_finish(&outcome);
    return outcome.fingerprint;
}

Test(engine, the_same_seed_gives_the_same_fingerprint_and_another_seed_another)
{
    struct shape other = some;
    other.seed++;
    cr_expect(fingerprint_of(&some) == fingerprint_of(&some));
    cr_expect(fingerprint_of(&some) != fingerprint_of(&other));
}

Test(engine, whether_anybody_watches_changes_nothing)
{
    for (enum sim_queue queue = SIM_QUEUE_WINDOWS; queue <= SIM_QUEUE_HEAP; queue++) {
        struct world world;
        struct outcome watched;
        struct outcome unwatched;
        world_build(&world, &some);
        world_run(&world, queue, &watched);
        world.unobserved = true;
        world_run(&world, queue, &unwatched);
        cr_expect(watched.change_count > 0 && unwatched.change_count == 0);
        cr_expect(watched.fingerprint == unwatched.fingerprint);
        cr_expect(watched.events == unwatched.events);
        outcome_finish(&watched);
        outcome_finish(&unwatched);
        world_finish(&world);
    }
}

Test(engine, the_last_checkpoint_has_the_fingerprint_of_the_run_and_one_stands_every_100_ms)
{
    // Windows of 1 ms: checkpoints at 100, 200, 300, 400 and 500 ms, and the last one.
    struct outcome outcome;
    shape_run(&some, SIM_QUEUE_WINDOWS, &outcome);
    cr_expect(outcome.checkpoint_count == 6, "%u checkpoints", outcome.checkpoint_count);
    cr_expect(outcome.checkpoint_fingerprint == outcome.fingerprint);
    outcome_finish(&outcome);
}

// ---- One altered loss draw ----

// Two nodes push to each other, node 0 writes at 0: the draw that decides whether node 0's first
// push is lost is the least of the run, so that a threshold just above it loses that push alone.
static uint32_t loss_draw(uint64_t seed, uint32_t node, uint64_t tick)
{
    return mesh_draw(seed, MESH_DRAW_DRIVER + MESH_MESSAGE_PUSH, 0, node, tick).word[2];
}

#define TICKS 5u

static uint64_t seed_with_least_draw_first(uint32_t *least)
{
    for (uint64_t seed = 1;; seed++) {
        uint32_t others = UINT32_MAX;
        for (uint32_t i = 1; i < 2 * TICKS; i++) {
            uint32_t draw = loss_draw(seed, i / TICKS, i % TICKS);
            others = draw < others ? draw : others;
        }
        *least = loss_draw(seed, 0, 0);
        if (*least < others) {
            return seed;
        }
    }
}

Test(engine, one_altered_loss_draw_that_delays_one_receipt_changes_the_fingerprint)
{
    uint32_t draw = 0;
    struct shape shape = {.nodes = 2,
                          .fanout = 1,
                          .latency = UNIFORM(1 * MS, 10 * MS),
                          .writes = 1,
                          .until_ns = TICKS * 100 * MS,
                          .seed = seed_with_least_draw_first(&draw)};
    // With a warm-up beyond the end no message is counted: only receipts enter the fingerprint.
    for (uint32_t counted = 0; counted < 2; counted++) {
        struct world world;
        struct outcome kept;
        struct outcome lost;
        shape.warmup_ns = counted ? 0 : 1000 * MS;
        world_build(&world, &shape);
        world.network.links[SIM_SAME_HOST].loss_below = draw;
        world_run(&world, SIM_QUEUE_WINDOWS, &kept);
        world.network.links[SIM_SAME_HOST].loss_below = (uint64_t)draw + 1;
        world_run(&world, SIM_QUEUE_WINDOWS, &lost);
        uint64_t first_ns = phase_ns(&world, 0, 0);
        cr_assert(kept.change_count == 2 && lost.change_count == 2);
        cr_expect(kept.changes[1].sent_ns == first_ns, "heard at the first tick");
        cr_expect(lost.changes[1].sent_ns == first_ns + 100 * MS, "heard at the second tick");
        cr_expect(outcome_sum(&kept, MESH_MESSAGE_PUSH).lost == 0);
        cr_expect(outcome_sum(&lost, MESH_MESSAGE_PUSH).lost == counted);
        cr_expect(kept.fingerprint != lost.fingerprint, "%s",
                  counted ? "receipts and counters differ, the fingerprints do not"
                          : "a receipt differs, the fingerprints do not");
        outcome_finish(&kept);
        outcome_finish(&lost);
        world_finish(&world);
    }
}

Test(engine, one_receipt_a_nanosecond_later_changes_the_fingerprint)
{
    // Both in windows of 2^20 ns, and nothing is counted.
    struct shape shape = {.nodes = 2,
                          .fanout = 1,
                          .latency = {SIM_CONSTANT, 5 * MS, 5 * MS},
                          .writes = 1,
                          .warmup_ns = 1000 * MS,
                          .until_ns = TICKS * 100 * MS,
                          .seed = 9};
    struct shape later = shape;
    later.latency = (struct sim_latency){SIM_CONSTANT, 5 * MS + 1, 5 * MS + 1};
    cr_expect(fingerprint_of(&shape) != fingerprint_of(&later));
}

Test(engine, a_message_that_changes_no_receipt_enters_the_fingerprint_by_the_counts)
{
    // Nobody writes and nothing arrives before the end: a lost message is a count and nothing else.
    struct shape shape = {.nodes = 2,
                          .fanout = 1,
                          .latency = {SIM_CONSTANT, 900 * MS, 900 * MS},
                          .until_ns = TICKS * 100 * MS,
                          .seed = 9};
    struct shape lossy = shape;
    lossy.loss_percent = 100;
    cr_expect(fingerprint_of(&shape) != fingerprint_of(&lossy));
}
