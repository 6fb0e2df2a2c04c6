// SPDX-License-Identifier: GPL-3.0-or-later
// Two or three nodes, constant latencies: when what happens follows from the phases by hand.
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#define NEVER SIM_FAULT_NEVER
#define LATENCY_NS (2 * MS)
#define INTERVAL_NS (10 * MS)
#define UNTIL_NS (400 * MS)

// Node `number`.
#define NODE(number)                                                                        \
    {                                                                                       \
        .places = {[SIM_PLACE_NODE] = (const struct sim_span[]){{(number), (number) + 1}}}, \
        .place_counts = {[SIM_PLACE_NODE] = 1}, .named = true                               \
    }

// Two nodes that push to each other at every tick.
static struct shape pushing(const struct sim_fault *faults, uint32_t count)
{
    return (struct shape){.nodes = 2,
                          .fanout = 1,
                          .interval_ns = INTERVAL_NS,
                          .latency = {SIM_CONSTANT, LATENCY_NS, LATENCY_NS},
                          .until_ns = UNTIL_NS,
                          .seed = 5,
                          .faults = faults,
                          .fault_count = count};
}

static void run_both(const struct shape *shape, struct world *world, struct outcome *outcome)
{
    struct outcome heap;
    world_build(world, shape);
    world_run(world, SIM_QUEUE_HEAP, &heap);
    world_run(world, SIM_QUEUE_WINDOWS, outcome);
    cr_expect(heap.fingerprint == outcome->fingerprint);
    outcome_finish(&heap);
}

// Ticks of a node in [from_ns, to_ns).
static uint64_t ticks(const struct world *world, uint32_t node, uint64_t from_ns, uint64_t to_ns)
{
    uint64_t count = 0;
    for (uint64_t at_ns = phase_ns(world, 0, node); at_ns < to_ns; at_ns += INTERVAL_NS) {
        count += at_ns >= from_ns;
    }
    return count;
}

Test(small_faults, a_node_that_is_down_sends_nothing_and_what_arrives_is_dropped)
{
    const struct sim_fault crash = {.verb = SIM_FAULT_CRASH,
                                    .at_ns = 100 * MS,
                                    .until_ns = 200 * MS,
                                    .end_ns = NEVER,
                                    .of = NODE(1)};
    struct shape shape = pushing(&crash, 1);
    struct world world;
    struct outcome outcome;
    run_both(&shape, &world, &outcome);
    struct sim_counters sum = outcome_sum(&outcome, MESH_MESSAGE_PUSH);
    uint64_t from_0 = ticks(&world, 0, 0, outcome.reached_ns);
    uint64_t from_1 =
        ticks(&world, 1, 0, 100 * MS) + ticks(&world, 1, 200 * MS, outcome.reached_ns);
    // Sent by node 0 so that it arrives in [100, 200) ms.
    uint64_t dead = ticks(&world, 0, 100 * MS - LATENCY_NS, 200 * MS - LATENCY_NS);
    cr_expect(sum.messages == from_0 + from_1, "%" PRIu64 " sent, by hand %" PRIu64, sum.messages,
              from_0 + from_1);
    cr_expect(sum.dead == dead && dead == 10, "%" PRIu64 " dead, by hand %" PRIu64, sum.dead, dead);
    outcome_finish(&outcome);
    world_finish(&world);
}

Test(small_faults, crashes_that_overlap_are_one_and_writes_of_that_time_do_not_happen)
{
    const struct sim_fault crashes[] = {
        {.verb = SIM_FAULT_CRASH,
         .at_ns = 100 * MS,
         .until_ns = 200 * MS,
         .end_ns = NEVER,
         .of = NODE(1)},
        {.verb = SIM_FAULT_CRASH,
         .at_ns = 150 * MS,
         .until_ns = 180 * MS,
         .end_ns = NEVER,
         .of = NODE(1)},
        {.verb = SIM_FAULT_CRASH,
         .at_ns = 200 * MS,
         .until_ns = 250 * MS,
         .end_ns = NEVER,
         .of = NODE(1)},
    };
    struct shape shape = pushing(crashes, 3);
    shape.writes = 30;  // at 10, 20, ... 300 ms
    shape.one_writer = true;
    shape.first_write_ns = 10 * MS;
    shape.write_every_ns = 10 * MS;
    struct world world;
    struct outcome outcome;
    run_both(&shape, &world, &outcome);
    cr_assert_eq(outcome.transition_count, 2, "%u transitions", outcome.transition_count);
    const struct sim_transition *down = &outcome.transitions[0];
    const struct sim_transition *up = &outcome.transitions[1];
    cr_expect(down->kind == SIM_TRANSITION_DOWN && down->time_ns == 100 * MS && down->node == 1);
    cr_expect(up->kind == SIM_TRANSITION_UP && up->time_ns == 250 * MS && up->node == 1);
    cr_expect_eq(outcome.silenced, 15, "at 100, 110, ... 240 ms; at 250 ms it is up again");
    outcome_finish(&outcome);
    world_finish(&world);
}

Test(small_faults, only_a_restart_ends_a_crash_without_an_end)
{
    const struct sim_fault faults[] = {
        {.verb = SIM_FAULT_CRASH,
         .at_ns = 50 * MS,
         .until_ns = NEVER,
         .end_ns = NEVER,
         .of = NODE(1)},
        {.verb = SIM_FAULT_CRASH,
         .at_ns = 100 * MS,
         .until_ns = 150 * MS,
         .end_ns = NEVER,
         .of = NODE(1)},
        {.verb = SIM_FAULT_RESTART, .at_ns = 120 * MS, .end_ns = NEVER, .of = NODE(1)},
    };
    struct shape shape = pushing(faults, 3);
    struct world world;
    struct outcome outcome;
    run_both(&shape, &world, &outcome);
    cr_assert_eq(outcome.transition_count, 2);
    cr_expect(outcome.transitions[1].kind == SIM_TRANSITION_UP &&
                  outcome.transitions[1].time_ns == 150 * MS,
              "the other crash still holds it down at the restart");
    outcome_finish(&outcome);
    world_finish(&world);
}

Test(small_faults, what_arrives_in_a_pause_is_handled_at_its_end_and_ticks_fall_out)
{
    const struct sim_fault pause = {.verb = SIM_FAULT_PAUSE,
                                    .at_ns = 100 * MS,
                                    .until_ns = 150 * MS + 1,
                                    .end_ns = NEVER,
                                    .of = NODE(1)};
    struct shape shape = pushing(&pause, 1);
    shape.writes = 1;  // by node 0
    shape.first_write_ns = 105 * MS;
    struct world world;
    struct outcome outcome;
    run_both(&shape, &world, &outcome);
    cr_assert_eq(outcome.change_count, 2);
    cr_expect(outcome.changes[1].node == 1 && outcome.changes[1].time_ns == 150 * MS + 1,
              "node 1 learnt at %" PRIu64, outcome.changes[1].time_ns);
    struct sim_counters sum = outcome_sum(&outcome, MESH_MESSAGE_PUSH);
    uint64_t sent = ticks(&world, 0, 0, outcome.reached_ns) + ticks(&world, 1, 0, 100 * MS) +
                    ticks(&world, 1, 150 * MS + 1, outcome.reached_ns);
    cr_expect_eq(sum.messages, sent);
    cr_expect_eq(sum.dead, 0);
    cr_expect_eq(sum.delivered + outcome.in_flight[MESH_MESSAGE_PUSH], sent);
    outcome_finish(&outcome);
    world_finish(&world);
}

Test(small_faults, what_waits_for_a_pause_without_an_end_stays_under_way)
{
    const struct sim_fault pause = {.verb = SIM_FAULT_PAUSE,
                                    .at_ns = 100 * MS,
                                    .until_ns = NEVER,
                                    .end_ns = NEVER,
                                    .of = NODE(1)};
    struct shape shape = pushing(&pause, 1);
    struct world world;
    struct outcome outcome;
    run_both(&shape, &world, &outcome);
    uint64_t waits = ticks(&world, 0, 100 * MS - LATENCY_NS, outcome.reached_ns);
    cr_expect(outcome.in_flight[MESH_MESSAGE_PUSH] == waits,
              "%" PRIu64 " under way, by hand %" PRIu64, outcome.in_flight[MESH_MESSAGE_PUSH],
              waits);
    outcome_finish(&outcome);
    world_finish(&world);
}

Test(small_faults, what_waits_for_a_pause_is_bounded_by_the_memory)
{
    const struct sim_fault pause = {
        .verb = SIM_FAULT_PAUSE, .at_ns = 0, .until_ns = NEVER, .end_ns = NEVER, .of = NODE(1)};
    struct shape shape = pushing(&pause, 1);
    shape.until_ns = 100000 * MS;
    struct world world;
    struct outcome outcome;
    world_build(&world, &shape);
    world.memory_bytes = 100000;  // some 1,000 messages of a tick each
    world_run(&world, SIM_QUEUE_WINDOWS, &outcome);
    cr_expect_eq(outcome.failure.code, SIM_ERROR_INTERNAL);
    cr_expect_not_null(strstr(outcome.failure.text, "messages wait for the end of a pause"));
    cr_expect(outcome.reached_ns > 5000 * MS && outcome.reached_ns < 20000 * MS,
              "it came to %" PRIu64, outcome.reached_ns);
    outcome_finish(&outcome);
    world_finish(&world);
}

Test(small_faults, a_crash_drops_what_waits_for_the_end_of_a_pause)
{
    const struct sim_fault faults[] = {
        {.verb = SIM_FAULT_PAUSE,
         .at_ns = 100 * MS,
         .until_ns = 200 * MS,
         .end_ns = NEVER,
         .of = NODE(1)},
        {.verb = SIM_FAULT_CRASH,
         .at_ns = 190 * MS,
         .until_ns = 210 * MS,
         .end_ns = NEVER,
         .of = NODE(1)},
    };
    struct shape shape = pushing(faults, 2);
    struct world world;
    struct outcome outcome;
    run_both(&shape, &world, &outcome);
    uint64_t dead = ticks(&world, 0, 100 * MS - LATENCY_NS, 210 * MS - LATENCY_NS);
    cr_expect_eq(outcome_sum(&outcome, MESH_MESSAGE_PUSH).dead, dead);
    outcome_finish(&outcome);
    world_finish(&world);
}

Test(small_faults, a_partition_cuts_by_the_instant_of_sending)
{
    const struct sim_fault partition = {.verb = SIM_FAULT_PARTITION,
                                        .at_ns = 100 * MS,
                                        .until_ns = 200 * MS,
                                        .end_ns = NEVER,
                                        .of = NODE(1),
                                        .direction = SIM_OUTWARD};
    struct shape shape = pushing(&partition, 1);
    struct world world;
    struct outcome outcome;
    run_both(&shape, &world, &outcome);
    struct sim_counters sum = outcome_sum(&outcome, MESH_MESSAGE_PUSH);
    uint64_t cut = ticks(&world, 1, 100 * MS, 200 * MS);
    cr_expect(sum.cut == cut && cut == 10, "%" PRIu64 " cut, by hand %" PRIu64, sum.cut, cut);
    cr_expect_eq(sum.messages,
                 ticks(&world, 0, 0, outcome.reached_ns) + ticks(&world, 1, 0, outcome.reached_ns));
    outcome_finish(&outcome);
    world_finish(&world);
}

// The first tick of a node from `from_ns` on.
static uint64_t next_tick_ns(const struct world *world, uint32_t node, uint64_t from_ns)
{
    uint64_t at_ns = phase_ns(world, 0, node);
    while (at_ns < from_ns) {
        at_ns += INTERVAL_NS;
    }
    return at_ns;
}

Test(small_faults, a_slow_node_hears_later_and_a_clogged_one_when_it_is_let_go)
{
    const struct sim_fault slow = {.verb = SIM_FAULT_SLOW,
                                   .at_ns = 0,
                                   .until_ns = NEVER,
                                   .end_ns = NEVER,
                                   .delay_ns = 33 * MS,
                                   .of = NODE(1)};
    const struct sim_fault swizzle = {.verb = SIM_FAULT_SWIZZLE,
                                      .at_ns = 100 * MS,
                                      .until_ns = NEVER,
                                      .end_ns = NEVER,
                                      .gap_ns = 70 * MS,
                                      .of = NODE(1)};
    const struct sim_fault *const faults[] = {&slow, &swizzle};
    for (uint32_t i = 0; i < 2; i++) {
        struct shape shape = pushing(faults[i], 1);
        shape.writes = 1;
        shape.first_write_ns = 110 * MS;
        struct world world;
        struct outcome outcome;
        run_both(&shape, &world, &outcome);
        cr_assert_eq(outcome.change_count, 2);
        uint64_t told_ns = next_tick_ns(&world, 0, 110 * MS);
        // Clogged at 100 ms, let go a gap later.
        uint64_t wanted_ns = i == 0 ? told_ns + LATENCY_NS + 33 * MS : 170 * MS + LATENCY_NS;
        cr_expect(outcome.changes[1].time_ns == wanted_ns, "fault %u: at %" PRIu64, i,
                  outcome.changes[1].time_ns);
        outcome_finish(&outcome);
        world_finish(&world);
    }
}

Test(small_faults, a_link_is_another_for_what_sets_out_while_its_fault_lasts)
{
    const struct sim_fault loss = {.verb = SIM_FAULT_LINK,
                                   .at_ns = 100 * MS,
                                   .until_ns = 200 * MS,
                                   .every_ns = 150 * MS,
                                   .times = 2,
                                   .end_ns = NEVER,
                                   .of = NODE(1),
                                   .direction = SIM_INWARD,
                                   .link = {1u << SIM_LINK_LOSS, .loss_ppb = SIM_PPB}};
    struct shape shape = pushing(&loss, 1);
    struct world world;
    struct outcome outcome;
    run_both(&shape, &world, &outcome);
    struct sim_counters sum = outcome_sum(&outcome, MESH_MESSAGE_PUSH);
    uint64_t lost = ticks(&world, 0, 100 * MS, 200 * MS) + ticks(&world, 0, 250 * MS, 350 * MS);
    cr_expect(sum.lost == lost && lost == 20, "%" PRIu64 " lost, by hand %" PRIu64, sum.lost, lost);
    cr_expect_eq(sum.messages,
                 ticks(&world, 0, 0, outcome.reached_ns) + ticks(&world, 1, 0, outcome.reached_ns),
                 "what is lost was sent");
    outcome_finish(&outcome);
    world_finish(&world);
}

// 2 ms of latency are 0.7 ms while the fault lasts, then half of that, then five times as much.
Test(small_faults, a_link_that_becomes_faster_or_slower_delivers_at_its_new_latency)
{
    const struct {
        struct sim_link_change link;
        uint64_t latency_ns;
    } cases[] = {
        {{.given = 1u << SIM_LINK_LATENCY, .latency_ns_min = 700 * US, .latency_ns_max = 700 * US},
         700 * US},
        {{.given = 1u << SIM_LINK_LATENCY | 1u << SIM_LINK_SCALE,
          .latency_ns_min = 700 * US,
          .latency_ns_max = 700 * US,
          .scale_ppb = SIM_PPB / 2},
         350 * US},
        {{.given = 1u << SIM_LINK_SCALE, .scale_ppb = UINT64_C(5) * SIM_PPB}, 10 * MS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct sim_fault fault = {.verb = SIM_FAULT_LINK,
                                        .at_ns = 105 * MS,
                                        .until_ns = 125 * MS,
                                        .end_ns = NEVER,
                                        .link = cases[i].link};
        struct shape shape = pushing(&fault, 1);
        shape.writes = 1;  // by node 0, which tells node 1 at its next tick
        shape.first_write_ns = 110 * MS;
        struct world world;
        struct outcome outcome;
        run_both(&shape, &world, &outcome);
        cr_assert_eq(outcome.change_count, 2);
        uint64_t arrival_ns = next_tick_ns(&world, 0, 110 * MS) + cases[i].latency_ns;
        cr_expect_eq(outcome.changes[1].time_ns, arrival_ns, "case %zu: at %" PRIu64, i,
                     outcome.changes[1].time_ns);
        outcome_finish(&outcome);
        world_finish(&world);
    }
}

// Up or down as the transitions say, at an instant.
static uint32_t count_up(const struct outcome *outcome, uint32_t nodes, uint64_t time_ns)
{
    uint32_t up = nodes;
    for (uint32_t i = 0;
         i < outcome->transition_count && outcome->transitions[i].time_ns <= time_ns; i++) {
        up += outcome->transitions[i].kind == SIM_TRANSITION_UP;
        up -= outcome->transitions[i].kind == SIM_TRANSITION_DOWN;
    }
    return up;
}

Test(small_faults, auto_scaling_goes_from_target_to_target_batch_by_batch)
{
    static const uint32_t targets[] = {9, 4};
    const struct sim_fault scaling = {.verb = SIM_FAULT_AUTO_SCALING,
                                      .at_ns = 100 * MS,
                                      .every_ns = 100 * MS,
                                      .until_ns = NEVER,
                                      .end_ns = NEVER,
                                      .start = 3,
                                      .targets = targets,
                                      .target_count = 2,
                                      .batch = 4,
                                      .gap_ns = 10 * MS,
                                      .notice_ns = 25 * MS};
    struct shape shape = pushing(&scaling, 1);
    shape.nodes = 10;
    struct world world;
    struct outcome outcome;
    run_both(&shape, &world, &outcome);
    static const struct {
        uint64_t time_ns;
        uint32_t up;
    } steps[] = {{0, 3},        {100 * MS - 1, 3}, {100 * MS, 7}, {110 * MS - 1, 7},
                 {110 * MS, 9}, {225 * MS - 1, 9}, {225 * MS, 5}, {235 * MS - 1, 5},
                 {235 * MS, 4}, {400 * MS, 4}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        cr_expect_eq(count_up(&outcome, 10, steps[i].time_ns), steps[i].up, "step %zu: %u", i,
                     count_up(&outcome, 10, steps[i].time_ns));
    }
    outcome_finish(&outcome);
    world_finish(&world);
}

// Four hosts of three nodes each. Who has notice writes nothing, but hears and tells.
Test(small_faults, a_reclaimed_host_is_drained_goes_as_a_whole_and_is_replaced_without_its_disk)
{
    const struct sim_fault reclaim = {.verb = SIM_FAULT_SPOT_RECLAIM,
                                      .at_ns = 100 * MS,
                                      .until_ns = NEVER,
                                      .end_ns = NEVER,
                                      .down_ns = 60 * MS,
                                      .notice_ns = 50 * MS,
                                      .of = NODE(1)};
    struct shape shape = pushing(&reclaim, 1);
    shape.nodes = 12;
    shape.hosts = 4;
    shape.mode = MESH_PUSH_PULL;
    shape.writes = 30;  // by node 1, at 10, 20, ... 300 ms
    shape.one_writer = true;
    shape.first_write_ns = 10 * MS;
    shape.write_every_ns = 10 * MS;
    struct world world;
    struct outcome outcome;
    run_both(&shape, &world, &outcome);
    uint32_t down = 0;
    uint32_t up = 0;
    for (uint32_t i = 0; i < outcome.transition_count; i++) {
        const struct sim_transition *transition = &outcome.transitions[i];
        cr_expect(transition->node < 3, "node %u is not on the host", transition->node);
        down += transition->kind == SIM_TRANSITION_DOWN && transition->time_ns == 150 * MS;
        up += transition->kind == SIM_TRANSITION_UP && transition->time_ns == 210 * MS &&
              transition->disk_lost;
    }
    cr_expect(down == 3 && up == 3, "%u down, %u up", down, up);
    cr_expect_eq(outcome.silenced, 11, "at 100, 110, ... 200 ms");
    uint32_t heard = 0;
    for (uint32_t i = 0; i < outcome.change_count; i++) {
        heard += outcome.changes[i].node == 2 && outcome.changes[i].time_ns > 100 * MS &&
                 outcome.changes[i].time_ns < 150 * MS;
    }
    cr_expect(heard > 0, "node 2 hears what was written just before the notice");
    outcome_finish(&outcome);
    world_finish(&world);
}

struct clocks {
    uint64_t clock[2];  // of the first update of each node
};

static void read_clocks(void *context, const struct mesh_table *table,
                        const struct mesh_message *message, uint32_t copies)
{
    struct clocks *clocks = context;
    (void)copies;
    for (uint64_t lanes = message->lanes[0]; lanes != 0; lanes &= lanes - 1) {
        const struct mesh_update *update = &table->updates[__builtin_ctzll(lanes)];
        clocks->clock[update->dot.origin] = update->clock;
    }
}

Test(small_faults, a_wrong_clock_shows_in_what_its_node_writes_and_nowhere_else)
{
    const struct sim_fault skew = {.verb = SIM_FAULT_SKEW,
                                   .at_ns = 50 * MS,
                                   .until_ns = NEVER,
                                   .end_ns = NEVER,
                                   .skew_ns = -30 * (int64_t)MS,
                                   .of = NODE(1)};
    struct shape shape = pushing(&skew, 1);
    shape.writes = 2;  // by nodes 0 and 1, at the same instant
    shape.first_write_ns = 100 * MS;
    struct clocks clocks = {{0}};
    struct world world;
    struct outcome outcome;
    struct outcome right;
    world_build(&world, &shape);
    world.read = read_clocks;
    world.watch_context = &clocks;
    world_run(&world, SIM_QUEUE_WINDOWS, &outcome);
    cr_expect_eq(clocks.clock[0], UINT64_C(100000) << 12, "microseconds, then 12 bits");
    cr_expect_eq(clocks.clock[1], UINT64_C(70000) << 12, "its clock shows 70 ms");
    world.faulting.count = 0;
    world_run(&world, SIM_QUEUE_WINDOWS, &right);
    cr_assert_eq(right.arrival_count, outcome.arrival_count);
    cr_expect(
        memcmp(right.arrivals, outcome.arrivals, right.arrival_count * sizeof *right.arrivals) == 0,
        "who learns what and when is as with a right clock");
    outcome_finish(&right);
    outcome_finish(&outcome);
    world_finish(&world);
}

// Three nodes hold an update; one loses its disk and starts from a snapshot.
Test(small_faults, who_lost_its_disk_joins_and_holds_all_again)
{
    const struct sim_fault crash = {.verb = SIM_FAULT_CRASH,
                                    .at_ns = 100 * MS,
                                    .until_ns = 150 * MS,
                                    .end_ns = NEVER,
                                    .of = NODE(2),
                                    .disk_lost = true};
    struct shape shape = pushing(&crash, 1);
    shape.nodes = 3;
    shape.mode = MESH_PUSH_PULL;
    shape.writes = 2;
    shape.first_write_ns = 20 * MS;
    shape.write_every_ns = 90 * MS;
    struct world world;
    struct outcome outcome;
    run_both(&shape, &world, &outcome);
    cr_assert_eq(outcome.transition_count, 3);
    const struct sim_transition *joined = &outcome.transitions[2];
    cr_expect(joined->kind == SIM_TRANSITION_JOINED && joined->node == 2);
    cr_expect(joined->time_ns == 150 * MS + 2 * LATENCY_NS, "there and back: %" PRIu64,
              joined->time_ns);
    uint32_t of_2[2] = {0};
    for (uint32_t i = 0; i < outcome.arrival_count; i++) {
        if (outcome.arrivals[i].node == 2) {
            of_2[outcome.arrivals[i].write]++;
        }
    }
    cr_expect_eq(of_2[0], 2, "once before the crash and once after");
    cr_expect_eq(of_2[1], 1, "written while it was down");
    cr_expect_eq(outcome_sum(&outcome, MESH_MESSAGE_SNAPSHOT).delivered, 1);
    outcome_finish(&outcome);
    world_finish(&world);
}

// A node that is gone for good holds up no lanes; one that will be back does.
Test(small_faults, only_who_can_come_back_with_a_disk_keeps_updates_in_the_table)
{
    struct sim_fault crash = {.verb = SIM_FAULT_CRASH,
                              .at_ns = 20 * MS,
                              .until_ns = NEVER,
                              .end_ns = NEVER,
                              .of = NODE(2)};
    struct shape shape = pushing(&crash, 1);
    shape.nodes = 3;
    shape.mode = MESH_PUSH_PULL;
    shape.fanout = 2;
    shape.interval_ns = 4 * MS;
    shape.latency = (struct sim_latency){SIM_CONSTANT, 1 * MS, 1 * MS};
    shape.writes = 700;
    shape.write_every_ns = 500 * US;
    uint32_t lanes[3];
    for (uint32_t i = 0; i < 3; i++) {
        struct outcome outcome;
        crash.until_ns = i == 0 ? NEVER : 390 * MS;
        crash.disk_lost = i == 1;
        shape_run(&shape, SIM_QUEUE_WINDOWS, &outcome);
        lanes[i] = outcome.lane_capacity;
        outcome_finish(&outcome);
    }
    cr_expect(lanes[0] <= 128, "never back: %u lanes", lanes[0]);
    cr_expect(lanes[1] <= 128, "back without its disk: %u lanes", lanes[1]);
    cr_expect(lanes[2] >= 448, "back with it: %u lanes", lanes[2]);
}

// ---- Timers that come and go ----

#define TIMERS 12u

// What fires in [from_ns, to_ns) of a table, by its own rules (timers.h).
static uint32_t fire(struct sim_timers *timers, uint64_t to_ns, uint64_t *fired)
{
    uint32_t count = 0;
    while (timers->count > 0 && timers->turn_ns + timers->timers[timers->cursor].at_ns < to_ns) {
        fired[count++] = (timers->turn_ns + timers->timers[timers->cursor].at_ns) * TIMERS +
                         timers->timers[timers->cursor].local;
        if (++timers->cursor == timers->count) {
            timers->cursor = 0;
            timers->turn_ns += timers->period_ns;
        }
    }
    return count;
}

static int ascending(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

// Nodes come and go at the ends of windows; each that is there fires once per period at its phase.
// Whoever comes at the very instant of its phase may have missed it, as in synchronous scopes. Of
// odd seeds all that happens does so at few instants.
Test(small_faults, timers_fire_at_their_phases_however_nodes_come_and_go)
{
    for (uint32_t seed = 0; seed < 300; seed++) {
        struct sim_timers timers = {.period_ns = 100};
        uint64_t phases[TIMERS] = {0};
        uint64_t first_ns[TIMERS] = {0};
        bool there[TIMERS] = {false};
        uint64_t now_ns = 0;
        uint32_t grain = seed % 2 == 0 ? 1 : 25;
        for (uint32_t window = 0; window < 60; window++) {
            uint64_t fired[8 * TIMERS];
            uint64_t wanted[8 * TIMERS];
            uint32_t count = 0;
            struct mesh_random random = mesh_draw(seed, 1, 0, window, 0);
            uint64_t end_ns = now_ns + (1 + mesh_below(random.word[0], 75 / grain)) * grain;
            for (uint64_t at_ns = now_ns; at_ns < end_ns; at_ns++) {
                for (uint32_t node = 0; node < TIMERS; node++) {
                    if (there[node] && at_ns >= first_ns[node] && at_ns % 100 == phases[node]) {
                        wanted[count++] = at_ns * TIMERS + node;
                    }
                }
            }
            uint32_t got = fire(&timers, end_ns, fired);
            qsort(fired, got, sizeof *fired, ascending);
            cr_assert(got == count && memcmp(fired, wanted, count * sizeof *fired) == 0,
                      "seed %u, window %u: %u fired, by hand %u", seed, window, got, count);
            now_ns = end_ns;
            uint32_t node = mesh_below(random.word[1], TIMERS);
            if (there[node]) {
                sim_timers_remove(&timers, node);
            } else {
                phases[node] = mesh_below(random.word[2], 100 / grain) * grain;
                uint64_t at_ns = now_ns / 100 * 100 + phases[node];
                bool missed = at_ns < now_ns || (at_ns == now_ns && random.word[3] % 2 == 0);
                first_ns[node] = missed ? at_ns + 100 : at_ns;
                sim_timers_insert(&timers, first_ns[node], node);
            }
            there[node] = !there[node];
        }
        sim_timers_finish(&timers);
    }
}

// Who ticks first has to make a connection, 4 ms, and a millisecond after its tick something begins
// that lasts. Its push is under way by then and arrives; over a channel, too.
static void first_push_under(struct sim_fault fault, bool channel, struct sim_counters *sum,
                             uint32_t *heard)
{
    struct shape shape = pushing(&fault, 1);
    struct world world;
    struct outcome outcome;
    shape.hosts = 2;
    shape.writes = 2;  // one of each node
    shape.carrier = 1 + SIM_QUIC;
    shape.connections.cold = true;
    shape.channel.fifo = channel;
    world_build(&world, &shape);
    uint64_t phases_ns[] = {phase_ns(&world, 0, 0), phase_ns(&world, 0, 1)};
    world_finish(&world);
    uint32_t first = phases_ns[1] < phases_ns[0];
    fault.at_ns = phases_ns[first] + 1 * MS;
    fault.of.places[SIM_PLACE_NODE] = (const struct sim_span[]){{first, first + 1}};
    cr_assert(phases_ns[!first] > fault.at_ns, "the seed must let one node tick well before");
    run_both(&shape, &world, &outcome);
    *sum = outcome_sum(&outcome, MESH_MESSAGE_PUSH);
    *heard = 0;
    for (uint32_t i = 0; i < outcome.change_count; i++) {
        *heard += outcome.changes[i].source == first && outcome.changes[i].sent_ns > 0 &&
                  outcome.changes[i].time_ns == phases_ns[first] + 3 * LATENCY_NS;
    }
    outcome_finish(&outcome);
    world_finish(&world);
}

Test(small_faults, a_partition_lets_pass_what_waits_for_its_connection_and_none_is_made_across_it)
{
    for (int channel = 0; channel < 2; channel++) {
        struct sim_counters sum;
        uint32_t heard;
        first_push_under(
            (struct sim_fault){
                .verb = SIM_FAULT_PARTITION, .until_ns = NEVER, .end_ns = NEVER, .of = NODE(0)},
            channel, &sum, &heard);
        cr_expect(heard == 1 && sum.delivered == 1 && sum.cut == sum.messages - 1,
                  "%" PRIu64 " delivered, %" PRIu64 " cut", sum.delivered, sum.cut);
        cr_expect(sum.handshakes == 1, "%" PRIu64 " handshakes", sum.handshakes);
    }
}

Test(small_faults, what_waits_for_its_connection_outlives_its_sender_and_finds_the_dead)
{
    for (int channel = 0; channel < 2; channel++) {
        struct sim_counters sum;
        uint32_t heard;
        first_push_under(
            (struct sim_fault){
                .verb = SIM_FAULT_CRASH, .until_ns = NEVER, .end_ns = NEVER, .of = NODE(0)},
            channel, &sum, &heard);
        cr_expect(heard == 1 && sum.delivered == 1, "%" PRIu64 " delivered", sum.delivered);
        cr_expect(sum.dead > 30 && sum.cut == 0);
    }
}

// A quarter of each 40 ms: 2 hosts of 2 nodes, of which one is starved.
static void expect_starved(uint64_t until_ns, uint64_t asked_ns, uint32_t slices)
{
    const struct sim_fault starve = {.verb = SIM_FAULT_STARVE,
                                     .at_ns = 0,
                                     .until_ns = until_ns,
                                     .end_ns = NEVER,
                                     .cpu_ppb = SIM_PPB / 4,
                                     .slice_ns = 40 * MS,
                                     .of = NODE(1)};
    struct shape shape = pushing(&starve, 1);
    shape.nodes = 4;
    shape.hosts = 2;
    shape.until_ns = 500 * MS;
    struct world world;
    struct outcome outcome;
    run_both(&shape, &world, &outcome);
    uint64_t paused_ns = 0;
    uint64_t since_ns = 0;
    uint32_t runs = 0;
    for (uint32_t i = 0; i < outcome.transition_count; i++) {
        const struct sim_transition *transition = &outcome.transitions[i];
        cr_expect(transition->node < 2 && transition->starves);
        if (transition->node != 0) {
            continue;
        }
        if (transition->kind == SIM_TRANSITION_PAUSED) {
            since_ns = transition->time_ns;
        } else {
            paused_ns += transition->time_ns - since_ns;
            runs++;
        }
    }
    cr_expect(paused_ns == asked_ns, "%" PRIu64 " ns", paused_ns);
    // Neighbours in time may touch.
    cr_expect(runs + 1 >= slices && runs <= slices + 1, "%u times", runs);
    outcome_finish(&outcome);
    world_finish(&world);
}

Test(small_faults, a_starved_host_runs_for_its_share_of_each_slice_and_not_longer)
{
    expect_starved(400 * MS, 300 * MS, 10);
}

Test(small_faults, a_last_slice_that_is_shorter_has_its_share_too)
{
    expect_starved(412 * MS, 309 * MS, 11);
    expect_starved(20 * MS, 15 * MS, 1);
}
