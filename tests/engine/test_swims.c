// SPDX-License-Identifier: GPL-3.0-or-later
// SWIM in the engine: both queues, any threads and blocks agree on all that its members find; and
// what they find is what happened.
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>

#include "fixture.h"

#define NEVER SIM_FAULT_NEVER
#define NODES(first, end)                                                           \
    {                                                                               \
        .places = {[SIM_PLACE_NODE] = (const struct sim_span[]){{(first), (end)}}}, \
        .place_counts = {[SIM_PLACE_NODE] = 1}, .named = true                       \
    }
#define FAULT(what, at, until, whom)                                                              \
    {                                                                                             \
        .verb = SIM_FAULT_##what, .at_ns = (at), .until_ns = (until), .end_ns = NEVER, .of = whom \
    }

static const uint32_t seeds[] = {0, 20};

static const struct mesh_swim_group group = {
    .lifeguard = true,
    .quorum = true,
    .proxies = 3,
    .gossip = 3,
    .news = 128,
    .retransmit = 4,
    .confirmations = 3,
    .period_ns = 50 * MS,
    .timeout_ns = 20 * MS,
    .gossip_ns = 20 * MS,
    .suspicion_ns = 200 * MS,
    .suspicion_ns_max = 600 * MS,
    .sync_ns = 300 * MS,
    .seeds = seeds,
    .seed_count = 2,
};

static const struct sim_fault crashes[] = {
    FAULT(CRASH, 300 * MS, NEVER, NODES(7, 8)),
    FAULT(CRASH, 300 * MS + 1, 900 * MS, NODES(33, 36)),
    FAULT(PAUSE, 500 * MS, 800 * MS, NODES(40, 42)),
    {.verb = SIM_FAULT_SKEW,
     .at_ns = 400 * MS,
     .until_ns = 700 * MS,
     .end_ns = NEVER,
     .skew_ns = 90 * (int64_t)MS,
     .of = NODES(50, 53)},
};
static const struct sim_fault partition[] = {
    FAULT(PARTITION, 200 * MS, 1200 * MS, NODES(0, 18)),
};

// Two at a time, at 300, 700 and 1100 ms, when one of the last two cannot say anything.
static const struct sim_fault restarts[] = {
    {.verb = SIM_FAULT_ROLLING_RESTART,
     .at_ns = 300 * MS,
     .until_ns = NEVER,
     .end_ns = NEVER,
     .down_ns = 1000 * MS,
     .gap_ns = 400 * MS,
     .batch = 2,
     .disk_lost = true,
     .of = NODES(20, 26)},
    FAULT(PAUSE, 1000 * MS, 1200 * MS, NODES(24, 25)),
    FAULT(CRASH, 2000 * MS, NEVER, NODES(7, 8)),
};

static struct shape shape_of(const struct sim_fault *faults, uint32_t count, uint32_t loss_percent)
{
    return (struct shape){.nodes = 60,
                          .mode = MESH_PUSH_PULL,
                          .hosts = 6,
                          .latency = {SIM_UNIFORM, 300 * US, 2 * MS},
                          .between_hosts = {SIM_UNIFORM, 1 * MS, 5 * MS},
                          .loss_percent = loss_percent,
                          .duplicate_percent = loss_percent / 2,
                          .writes = 30,
                          .write_every_ns = 60 * MS,
                          .until_ns = 3000 * MS,
                          .seed = 11,
                          .faults = faults,
                          .fault_count = count};
}

static void run(const struct shape *shape, const struct mesh_swim_group *swim, enum sim_queue queue,
                uint32_t threads, uint32_t block_nodes, struct outcome *outcome)
{
    struct world world;
    world_build(&world, shape);
    world.mesh.swim = swim;
    world.mesh.swim_count = 1;
    world.threads = threads;
    world.block_nodes = block_nodes;
    world_run(&world, queue, outcome);
    world_finish(&world);
}

static bool is_same(const struct sim_swim_note *a, const struct sim_swim_note *b)
{
    return a->time_ns == b->time_ns && a->node == b->node && a->number == b->number &&
           a->subject == b->subject && a->incarnation == b->incarnation && a->kind == b->kind &&
           a->state == b->state && a->was == b->was && a->own == b->own;
}

static void expect_agreement(const struct shape *shape)
{
    static const struct {
        uint32_t threads;
        uint32_t block_nodes;
    } layouts[] = {{1, 0}, {1, 7}, {3, 7}};
    struct outcome heap;
    run(shape, &group, SIM_QUEUE_HEAP, 1, 0, &heap);
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        struct outcome windows;
        run(shape, &group, SIM_QUEUE_WINDOWS, layouts[i].threads, layouts[i].block_nodes, &windows);
        cr_expect(heap.fingerprint == windows.fingerprint, "layout %zu", i);
        cr_expect_eq(heap.events, windows.events);
        cr_expect_eq(heap.unwritten, windows.unwritten);
        cr_assert_eq(heap.swim_note_count, windows.swim_note_count, "layout %zu: %u and %u notes",
                     i, heap.swim_note_count, windows.swim_note_count);
        for (uint32_t j = 0; j < heap.swim_note_count; j++) {
            cr_assert(is_same(&heap.swim_notes[j], &windows.swim_notes[j]),
                      "layout %zu: note %u at %" PRIu64 " of node %u", i, j,
                      heap.swim_notes[j].time_ns, heap.swim_notes[j].node);
        }
        outcome_finish(&windows);
    }
    outcome_finish(&heap);
}

Test(swims, queues_threads_and_blocks_agree_on_what_members_find)
{
    struct shape shapes[] = {
        shape_of(NULL, 0, 20),
        shape_of(crashes, sizeof crashes / sizeof *crashes, 0),
        shape_of(crashes, sizeof crashes / sizeof *crashes, 10),
        shape_of(partition, 1, 0),
        shape_of(restarts, 3, 5),
        shape_of(NULL, 0, 5),
    };
    shapes[5].channel.correlation_ppb = 800000000;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        expect_agreement(&shapes[i]);
    }
}

// What each member thinks of each at the end, by following the notes.
static void follow(const struct outcome *outcome, uint8_t views[60][60])
{
    for (uint32_t i = 0; i < outcome->swim_note_count; i++) {
        const struct sim_swim_note *note = &outcome->swim_notes[i];
        if (note->kind == SIM_SWIM_MEMBER && note->node != note->subject) {
            cr_expect_eq(views[note->node][note->subject], note->was, "note %u", i);
            views[note->node][note->subject] = note->state;
        }
    }
}

Test(swims, a_crash_is_found_out_by_all_and_a_return_as_well)
{
    static uint8_t views[60][60];
    struct shape shape = shape_of(crashes, 2, 0);
    struct outcome outcome;
    run(&shape, &group, SIM_QUEUE_WINDOWS, 1, 0, &outcome);
    follow(&outcome, views);
    for (uint32_t i = 0; i < 60; i++) {
        for (uint32_t j = 0; j < 60 && i != 7; j++) {
            cr_expect_eq(views[i][j], j == 7 ? MESH_SWIM_DEAD : MESH_SWIM_ALIVE,
                         "node %u holds node %u for %u", i, j, views[i][j]);
        }
    }
    struct sim_counters pings = outcome_sum(&outcome, MESH_MESSAGE_SWIM_PING);
    cr_expect_gt(pings.dead, 0);
    cr_expect_gt(outcome_sum(&outcome, MESH_MESSAGE_SWIM_SYNC).delivered, 0);
    outcome_finish(&outcome);
}

Test(swims, who_is_on_the_smaller_side_of_a_partition_refuses_writes_until_it_heals)
{
    struct shape shape = shape_of(partition, 1, 0);
    struct outcome outcome;
    uint32_t lost = 0;
    uint32_t regained = 0;
    run(&shape, &group, SIM_QUEUE_WINDOWS, 1, 0, &outcome);
    for (uint32_t i = 0; i < outcome.swim_note_count; i++) {
        const struct sim_swim_note *note = &outcome.swim_notes[i];
        if (note->kind == SIM_SWIM_QUORUM) {
            cr_expect_lt(note->node, 18, "node %u is with the majority", note->node);
            cr_expect(note->own ? note->time_ns > 200 * MS && note->time_ns < 1200 * MS
                                : note->time_ns > 1200 * MS);
            lost += note->own;
            regained += !note->own;
        }
    }
    cr_expect(lost == 18 && regained == 18, "%u lost it, %u regained it", lost, regained);
    // Writes of nodes 7 i modulo 60 at 60 i ms: of those below 18 some fall into the time.
    cr_expect(outcome.unwritten > 0 && outcome.unwritten < 9, "%u writes", outcome.unwritten);
    outcome_finish(&outcome);
}

// Of 20 .. 25 all but 24, which is paused as its turn comes, say that they go; 7 crashes. Nobody is
// held for dead who said so, and who comes back is alive to all again.
Test(swims, who_goes_in_order_says_so_and_is_held_for_gone)
{
    static uint8_t views[60][60];
    struct shape shape = shape_of(restarts, 3, 0);
    struct outcome outcome;
    uint32_t gone[60] = {0};
    uint32_t dead[60] = {0};
    shape.until_ns = 4000 * MS;
    run(&shape, &group, SIM_QUEUE_WINDOWS, 1, 0, &outcome);
    follow(&outcome, views);
    for (uint32_t i = 0; i < outcome.swim_note_count; i++) {
        const struct sim_swim_note *note = &outcome.swim_notes[i];
        if (note->kind == SIM_SWIM_STOPPED) {
            bool leaves = note->node >= 20 && note->node < 26 && note->node != 24;
            cr_expect_eq(note->own, leaves, "node %u", note->node);
        } else if (note->kind == SIM_SWIM_MEMBER && note->node != note->subject) {
            gone[note->subject] += note->state == MESH_SWIM_LEFT;
            dead[note->subject] += note->state == MESH_SWIM_DEAD;
        }
    }
    for (uint32_t node = 0; node < 60; node++) {
        bool leaves = node >= 20 && node < 26 && node != 24;
        // All who are up: some of them are away themselves just then.
        cr_expect(leaves ? gone[node] >= 55 : gone[node] == 0, "node %u: %u", node, gone[node]);
        cr_expect(node == 7 || node == 24 ? dead[node] >= 55 : dead[node] == 0, "node %u: %u", node,
                  dead[node]);
        for (uint32_t i = 0; i < 60 && i != 7; i++) {
            cr_expect_eq(views[i][node], node == 7 && i != 7 ? MESH_SWIM_DEAD : MESH_SWIM_ALIVE);
        }
    }
    outcome_finish(&outcome);
}

// Dead members are no peers: once all know, nothing of gossip goes there any more.
Test(swims, gossip_leaves_out_who_is_dead)
{
    struct shape shape = shape_of(crashes, 1, 0);
    struct outcome outcome;
    struct outcome without;
    run(&shape, &group, SIM_QUEUE_WINDOWS, 1, 0, &outcome);
    shape_run(&shape, SIM_QUEUE_WINDOWS, &without);
    uint64_t dead = outcome_sum(&outcome, MESH_MESSAGE_OPEN).dead;
    uint64_t before = outcome_sum(&without, MESH_MESSAGE_OPEN).dead;
    // 59 nodes call 3 of 59 others each 100 ms for 2.7 s: about 81, and for 0.2 s about 6.
    cr_expect(before > 60 && before < 105, "%" PRIu64, before);
    cr_expect(dead < 20, "%" PRIu64, dead);
    outcome_finish(&outcome);
    outcome_finish(&without);
}
