// SPDX-License-Identifier: GPL-3.0-or-later
// Lanes that are given back and handed out again show nowhere: every mode runs with a lane for each
// update and with as few as possible, in windows and in the heap, and all four runs are the same.
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "fixture.h"

#define UNIFORM(minimum_ns, maximum_ns)         \
    {                                           \
        SIM_UNIFORM, (minimum_ns), (maximum_ns) \
    }

static const struct shape shapes[] = {
    {"push-pull", .nodes = 60, .mode = MESH_PUSH_PULL, .latency = UNIFORM(1 * MS, 10 * MS),
     .writes = 900, .write_every_ns = 9 * MS},
    {"push-pull, loss and duplicates", .nodes = 60, .mode = MESH_PUSH_PULL, .fanout = 5,
     .latency = UNIFORM(1 * MS, 60 * MS), .writes = 900, .write_every_ns = 9 * MS,
     .loss_percent = 20, .duplicate_percent = 20},
    {"push-pull, one writer", .nodes = 40, .mode = MESH_PUSH_PULL, .one_writer = true,
     .latency = UNIFORM(1 * MS, 30 * MS), .writes = 600, .write_every_ns = 9 * MS,
     .loss_percent = 10},
    {"push-pull, messages that outlast many ticks", .nodes = 30, .mode = MESH_PUSH_PULL,
     .interval_ns = 20 * MS, .latency = UNIFORM(5 * US, 200 * MS), .writes = 400,
     .write_every_ns = 4 * MS, .duplicate_percent = 10, .until_ns = 1500 * MS},
    {"pull", .nodes = 60, .mode = MESH_PULL, .latency = UNIFORM(1 * MS, 10 * MS), .writes = 600,
     .write_every_ns = 9 * MS, .loss_percent = 5, .duplicate_percent = 5},
    {"eager", .nodes = 60, .mode = MESH_EAGER, .latency = UNIFORM(1 * MS, 10 * MS), .writes = 900,
     .write_every_ns = 5 * MS, .loss_percent = 5, .duplicate_percent = 5},
    {"eager, several writes at a time", .nodes = 60, .mode = MESH_EAGER, .one_writer = true,
     .latency = UNIFORM(1 * MS, 40 * MS), .writes = 2000, .write_every_ns = 1 * MS,
     .interval_ns = 10 * MS},
    {"rumor, push, feedback", .nodes = 40, .mode = MESH_RUMOR, .rumor = {.feedback = true, .k = 9},
     .fanout = 3, .latency = UNIFORM(1 * MS, 150 * MS), .writes = 400, .write_every_ns = 9 * MS,
     .duplicate_percent = 3},
    {"rumor, push, feedback, synchronous", .nodes = 40, .mode = MESH_RUMOR,
     .schedule = MESH_SYNCHRONOUS, .rumor = {.feedback = true, .coin = true, .k = 9}, .fanout = 3,
     .latency = UNIFORM(1 * MS, 50 * MS), .writes = 400, .write_every_ns = 9 * MS},
    {"rumor, pull, feedback", .nodes = 40, .mode = MESH_RUMOR,
     .rumor = {.pull = true, .feedback = true, .k = 9}, .fanout = 3,
     .latency = UNIFORM(1 * MS, 50 * MS), .writes = 300, .write_every_ns = 40 * MS},
    {"rumor, blind", .nodes = 40, .mode = MESH_RUMOR, .rumor = {.k = 15}, .fanout = 2,
     .latency = UNIFORM(1 * MS, 50 * MS), .writes = 400, .write_every_ns = 9 * MS},
    {"synchronous push-pull", .nodes = 60, .mode = MESH_PUSH_PULL, .schedule = MESH_SYNCHRONOUS,
     .latency = UNIFORM(1 * MS, 150 * MS), .writes = 600, .write_every_ns = 9 * MS,
     .loss_percent = 5},
    {"poisson push-pull", .nodes = 60, .mode = MESH_PUSH_PULL, .schedule = MESH_POISSON,
     .latency = UNIFORM(1 * MS, 50 * MS), .writes = 600, .write_every_ns = 9 * MS,
     .loss_percent = 5},
    {"blocks of nodes", .nodes = 4200, .mode = MESH_PUSH_PULL, .fanout = 2,
     .latency = UNIFORM(1 * MS, 10 * MS), .writes = 200, .write_every_ns = 10 * MS},
    {"no latency: event by event", .nodes = 30, .mode = MESH_PUSH_PULL,
     .latency = UNIFORM(0, 2 * MS), .writes = 400, .write_every_ns = 9 * MS},
};

static void expect_same(const char *name, const char *how, const struct outcome *a,
                        const struct outcome *b)
{
    cr_expect(a->fingerprint == b->fingerprint, "%s, %s: the fingerprints differ", name, how);
    cr_expect(a->events == b->events, "%s, %s: %" PRIu64 " and %" PRIu64 " events", name, how,
              a->events, b->events);
    cr_expect(a->heads_hash == b->heads_hash, "%s, %s: hashes, clocks or counts differ", name, how);
    cr_expect(a->checkpoint_count == b->checkpoint_count, "%s, %s", name, how);
    cr_expect(memcmp(a->in_flight, b->in_flight, sizeof a->in_flight) == 0, "%s, %s", name, how);
    for (uint32_t kind = 1; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        struct sim_counters first = outcome_sum(a, (enum mesh_message_kind)kind);
        struct sim_counters second = outcome_sum(b, (enum mesh_message_kind)kind);
        cr_expect(memcmp(&first, &second, sizeof first) == 0,
                  "%s, %s: %s: %" PRIu64 " messages of %" PRIu64 " bytes, %" PRIu64 " of %" PRIu64,
                  name, how, kind_names[kind], first.messages, first.bytes, second.messages,
                  second.bytes);
    }
    uint32_t least = a->arrival_count < b->arrival_count ? a->arrival_count : b->arrival_count;
    for (uint32_t i = 0; i < least; i++) {
        const struct arrival *x = &a->arrivals[i];
        const struct arrival *y = &b->arrivals[i];
        cr_assert(memcmp(x, y, sizeof *x) == 0,
                  "%s, %s: arrival %u: update %u at %u, t=%" PRIu64 "; update %u at %u, t=%" PRIu64,
                  name, how, i, x->write, x->node, x->time_ns, y->write, y->node, y->time_ns);
    }
    cr_expect(a->arrival_count == b->arrival_count, "%s, %s: %u and %u arrivals", name, how,
              a->arrival_count, b->arrival_count);
}

// Runs the world in all four ways. Returns how many updates gave back their lanes.
static uint32_t compare_runs(struct world *world, const char *name)
{
    struct outcome whole, windows, heap, whole_heap;
    world->lanes_start = world->write_count;
    world_run(world, SIM_QUEUE_WINDOWS, &whole);
    world_run(world, SIM_QUEUE_HEAP, &whole_heap);
    world->lanes_start = 0;
    world_run(world, SIM_QUEUE_WINDOWS, &windows);
    world_run(world, SIM_QUEUE_HEAP, &heap);
    cr_expect(whole.released == 0 && whole.lane_capacity >= world->write_count, "%s", name);
    cr_expect(windows.failure.code == SIM_OK, "%s: %s", name, windows.failure.text);
    expect_same(name, "whole table in windows and in the heap", &whole, &whole_heap);
    expect_same(name, "whole and small table", &whole, &windows);
    expect_same(name, "small table in windows and in the heap", &windows, &heap);
    cr_expect(windows.lane_capacity == heap.lane_capacity && windows.released == heap.released &&
                  windows.replicas_hash == heap.replicas_hash,
              "%s: lanes depend on the queue", name);
    uint32_t released = windows.released;
    outcome_finish(&whole);
    outcome_finish(&whole_heap);
    outcome_finish(&windows);
    outcome_finish(&heap);
    return released;
}

Test(engine, a_run_with_lanes_reused_is_the_run_with_a_lane_for_every_update)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct shape shape = shapes[i];
        struct world world;
        shape.seed = 500 + i;
        shape.update_limit = UINT16_MAX;
        shape.until_ns =
            shape.until_ns > 0 ? shape.until_ns : shape.writes * shape.write_every_ns + 300 * MS;
        world_build(&world, &shape);
        uint32_t released = compare_runs(&world, shape.name);
        cr_expect(released > shape.writes / 4, "%s: only %u of %u were released: it tests nothing",
                  shape.name, released, shape.writes);
        world_finish(&world);
    }
}

// Ring of 12 nodes, two neighbours on either side. Without RR what is known is told again with
// whatever is new, so that little settles unless there are pauses.
static void compare_delta(bool remove_redundancy)
{
    enum { NODES = 12, DEGREE = 4 };
    static uint32_t starts[NODES + 1];
    static uint32_t neighbours[NODES * DEGREE];
    for (uint32_t node = 0; node < NODES; node++) {
        static const uint32_t steps[DEGREE] = {1, 2, NODES - 2, NODES - 1};
        starts[node + 1] = (node + 1) * DEGREE;
        for (uint32_t i = 0; i < DEGREE; i++) {
            neighbours[node * DEGREE + i] = (node + steps[i]) % NODES;
        }
    }
    struct shape shape = {.nodes = NODES,
                          .mode = MESH_DELTA,
                          .update_limit = UINT16_MAX,
                          .interval_ns = 40 * MS,
                          .latency = UNIFORM(1 * MS, 90 * MS),
                          .duplicate_percent = 20,
                          .writes = 300,
                          .write_every_ns = remove_redundancy ? 20 * MS : 400 * MS,
                          .until_ns = 150000 * MS};
    struct world world;
    world_build(&world, &shape);
    world.scopes[0].delta = (struct mesh_delta){.starts = starts,
                                                .neighbours = neighbours,
                                                .avoid_back_propagation = true,
                                                .remove_redundancy = remove_redundancy};
    uint32_t released = compare_runs(&world, remove_redundancy ? "delta, RR" : "delta");
    cr_expect(released > 0, "%u of %u were released", released, shape.writes);
    world_finish(&world);
}

Test(engine, delta_with_lanes_reused_is_delta_with_a_lane_for_every_update)
{
    compare_delta(true);
    compare_delta(false);
}

// A push tells all that is held for ever: every update keeps its lane from the start.
Test(engine, in_mode_push_no_lane_is_ever_given_back)
{
    struct shape shape = {.nodes = 20,
                          .latency = UNIFORM(1 * MS, 2 * MS),
                          .writes = 300,
                          .write_every_ns = 5 * MS,
                          .until_ns = 2000 * MS};
    struct outcome outcome;
    shape_run(&shape, SIM_QUEUE_WINDOWS, &outcome);
    cr_expect(outcome.released == 0 && outcome.lane_capacity == 320);
    outcome_finish(&outcome);
}

// At 10 updates per 100 ms and some 600 ms until an update is settled, a few hundred lanes do.
Test(engine, a_long_run_keeps_a_small_table)
{
    struct shape shape = {.nodes = 200,
                          .mode = MESH_PUSH_PULL,
                          .update_limit = UINT16_MAX,
                          .latency = UNIFORM(1 * MS, 10 * MS),
                          .writes = 20000,
                          .write_every_ns = 10 * MS,
                          .until_ns = 200000 * MS};
    struct outcome outcome;
    shape_run(&shape, SIM_QUEUE_WINDOWS, &outcome);
    cr_expect(outcome.failure.code == SIM_OK && outcome.arrival_count >= 200 * 19900u);
    cr_expect(outcome.released > 19000, "%u were released", outcome.released);
    cr_expect(outcome.lane_capacity <= 512, "%u lanes", outcome.lane_capacity);
    outcome_finish(&outcome);
}

// ---- The end of the memory ----

// Update 0 is written by node 1 of 30 at 5 ms, and every message is lost.
static void run_out(struct outcome *outcome, uint32_t nodes, uint32_t loss_percent,
                    uint64_t memory_bytes, enum sim_queue queue)
{
    struct shape shape = {.nodes = nodes,
                          .mode = MESH_PUSH_PULL,
                          .one_writer = true,
                          .loss_percent = loss_percent,
                          .latency = UNIFORM(1 * MS, 2 * MS),
                          .writes = 3000,
                          .first_write_ns = 5 * MS,
                          .write_every_ns = 1 * MS,
                          .until_ns = 5000 * MS};
    struct world world;
    world_build(&world, &shape);
    world.memory_bytes = memory_bytes;
    world_run(&world, queue, outcome);
    world_finish(&world);
}

Test(engine, where_the_declared_memory_ends_the_run_stops_and_names_the_holdouts)
{
    struct outcome outcome, heap;
    run_out(&outcome, 30, 100, 65536, SIM_QUEUE_WINDOWS);
    run_out(&heap, 30, 100, 65536, SIM_QUEUE_HEAP);
    const char *text = outcome.failure.text;
    cr_assert(outcome.failure.code == SIM_ERROR_INTERNAL, "%s", text);
    cr_expect(strcmp(text, heap.failure.text) == 0, "%s\n%s", text, heap.failure.text);
    cr_expect(strstr(text,
                     "the oldest is update 1 of agent 1, written at 5.000 ms, which 29 agents "
                     "lack: 0, 2, 3, 4, 5 and 24 more") != NULL,
              "%s", text);
    cr_expect(outcome.reached_ns < 5000 * MS, "it went on to %" PRIu64, outcome.reached_ns);
    // One lane for every write since 5 ms, and the next write finds none.
    cr_expect(outcome.reached_ns == (5 + outcome.lane_capacity) * MS, "%u lanes, ended at %" PRIu64,
              outcome.lane_capacity, outcome.reached_ns);
    cr_expect(outcome.fingerprint != 0 && outcome.checkpoint_count > 0);
    outcome_finish(&outcome);
    outcome_finish(&heap);
}

Test(engine, few_holdouts_are_all_named)
{
    struct outcome outcome;
    run_out(&outcome, 3, 100, 32768, SIM_QUEUE_WINDOWS);
    cr_expect(strstr(outcome.failure.text, "which 2 agents lack: 0, 2") != NULL, "%s",
              outcome.failure.text);
    cr_expect(strstr(outcome.failure.text, "more are written") != NULL &&
                  strstr(outcome.failure.text, "and 0 more") == NULL,
              "%s", outcome.failure.text);
    outcome_finish(&outcome);
}

// The same memory is plenty when updates settle.
Test(engine, the_declared_memory_holds_a_run_that_settles)
{
    struct outcome outcome;
    run_out(&outcome, 3, 0, 131072, SIM_QUEUE_WINDOWS);
    cr_expect(outcome.failure.code == SIM_OK, "%s", outcome.failure.text);
    cr_expect(outcome.lane_capacity < 1000, "%u lanes", outcome.lane_capacity);
    cr_expect(outcome.reached_ns == 5000 * MS);
    outcome_finish(&outcome);
}
