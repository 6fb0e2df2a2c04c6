// SPDX-License-Identifier: GPL-3.0-or-later
// The windows and the plain heap share the core, the network and the counters and nothing else:
// they must agree on every event.
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "fixture.h"

#define CONSTANT(ns)             \
    {                            \
        SIM_CONSTANT, (ns), (ns) \
    }
#define UNIFORM(minimum_ns, maximum_ns)         \
    {                                           \
        SIM_UNIFORM, (minimum_ns), (maximum_ns) \
    }

static const struct shape shapes[] = {
    {"two nodes push", .nodes = 2, .latency = UNIFORM(1 * MS, 10 * MS), .writes = 3,
     .write_every_ns = 50 * MS},
    {"two nodes, push-pull", .nodes = 2, .mode = MESH_PUSH_PULL,
     .latency = UNIFORM(1 * MS, 10 * MS), .writes = 3, .write_every_ns = 50 * MS},
    {"three nodes, eager", .nodes = 3, .mode = MESH_EAGER, .latency = UNIFORM(1 * MS, 10 * MS),
     .writes = 3, .write_every_ns = 50 * MS},
    {"exactly one block pushes", .nodes = 4096, .latency = UNIFORM(1 * MS, 10 * MS), .writes = 5},
    {"one node more than a block, push-pull", .nodes = 4097, .mode = MESH_PUSH_PULL,
     .latency = UNIFORM(1 * MS, 10 * MS), .writes = 5},
    {"three blocks push", .nodes = 9000, .fanout = 10, .latency = UNIFORM(1 * MS, 10 * MS),
     .writes = 5, .write_every_ns = 20 * MS, .loss_percent = 2, .duplicate_percent = 1},
    {"three blocks, push-pull", .nodes = 9000, .mode = MESH_PUSH_PULL, .fanout = 5,
     .latency = UNIFORM(1 * MS, 10 * MS), .writes = 5, .write_every_ns = 20 * MS, .loss_percent = 2,
     .duplicate_percent = 1},
    {"three blocks, eager", .nodes = 9000, .mode = MESH_EAGER, .fanout = 5,
     .latency = UNIFORM(1 * MS, 10 * MS), .writes = 5, .write_every_ns = 20 * MS, .loss_percent = 2,
     .duplicate_percent = 1},
    {"many hosts, zones and regions", .nodes = 500, .mode = MESH_PUSH_PULL, .hosts = 12,
     .latency = CONSTANT(300 * US), .between_hosts = UNIFORM(2 * MS, 90 * MS), .writes = 20,
     .write_every_ns = 10 * MS, .loss_percent = 5},
    {"heavy loss and duplication", .nodes = 300, .mode = MESH_PUSH_PULL, .fanout = 5,
     .latency = UNIFORM(1 * MS, 30 * MS), .writes = 40, .write_every_ns = 5 * MS,
     .loss_percent = 40, .duplicate_percent = 50},
    {"everything is lost", .nodes = 100, .mode = MESH_EAGER, .latency = CONSTANT(1 * MS),
     .writes = 10, .loss_percent = 100},
    {"everything arrives twice at once", .nodes = 100, .mode = MESH_EAGER, .fanout = 8,
     .latency = CONSTANT(1 * MS), .writes = 10, .duplicate_percent = 100},
    {"constant latencies: all arrive at the same instants", .nodes = 5000, .mode = MESH_EAGER,
     .fanout = 10, .latency = CONSTANT(1 * MS), .writes = 10},
    {"constant latency, push-pull", .nodes = 1000, .mode = MESH_PUSH_PULL, .fanout = 4,
     .latency = CONSTANT(2 * MS + 1), .writes = 100, .write_every_ns = 1 * MS},
    {"hundreds of messages reach a node in one nanosecond", .nodes = 10, .mode = MESH_EAGER,
     .fanout = 9, .latency = CONSTANT(1 * MS), .writes = 500, .one_writer = true,
     .until_ns = 60 * MS},
    {"a window of a power of two", .nodes = 200, .mode = MESH_PUSH_PULL,
     .latency = UNIFORM(1 << 16, 1 << 22), .writes = 10},
    {"the shortest windows", .nodes = 50, .mode = MESH_EAGER, .latency = UNIFORM(1000, 90 * US),
     .writes = 10, .write_every_ns = 3 * US, .interval_ns = 1 * MS, .until_ns = 8 * MS},
    {"latencies far beyond the ring", .nodes = 50, .mode = MESH_PUSH_PULL, .interval_ns = 5 * MS,
     .latency = UNIFORM(5 * US, 200 * MS), .writes = 10, .write_every_ns = 3 * MS,
     .loss_percent = 3, .duplicate_percent = 10, .until_ns = 300 * MS},
    {"latencies of minutes", .nodes = 20, .mode = MESH_PUSH_PULL, .interval_ns = 5000 * MS,
     .latency = UNIFORM(100 * MS, (UINT64_C(1) << 40) - 1), .writes = 10, .until_ns = 2000000 * MS},
    {"several ticks of a node in one window", .nodes = 40, .interval_ns = 300 * US,
     .latency = CONSTANT(1 * MS), .writes = 5, .write_every_ns = 2 * MS, .until_ns = 30 * MS},
    {"several ticks in one window, push-pull", .nodes = 40, .mode = MESH_PUSH_PULL,
     .interval_ns = 7 * US, .latency = UNIFORM(900 * US, 2 * MS), .writes = 5,
     .write_every_ns = 2 * MS, .until_ns = 10 * MS},
    {"one node writes much at one instant", .nodes = 30, .mode = MESH_PUSH_PULL,
     .latency = UNIFORM(1 * MS, 3 * MS), .writes = 200, .one_writer = true, .first_write_ns = 77},
    {"many nodes write at one instant", .nodes = 9000, .mode = MESH_PUSH_PULL,
     .latency = UNIFORM(1 * MS, 3 * MS), .writes = 200, .first_write_ns = 12345},
    {"more updates than fit a message", .nodes = 60, .mode = MESH_PUSH_PULL, .update_limit = 3,
     .latency = UNIFORM(1 * MS, 3 * MS), .writes = 300, .write_every_ns = 1 * MS},
    {"pushes of one update", .nodes = 60, .update_limit = 1, .latency = UNIFORM(1 * MS, 3 * MS),
     .writes = 130, .write_every_ns = 1 * MS},
    {"eager with a limit", .nodes = 60, .mode = MESH_EAGER, .update_limit = 2,
     .latency = CONSTANT(3 * MS), .writes = 130, .write_every_ns = 50 * US},
    {"traffic before the warm-up is not counted", .nodes = 100, .mode = MESH_EAGER,
     .latency = UNIFORM(1 * MS, 40 * MS), .writes = 20, .write_every_ns = 15 * MS,
     .warmup_ns = 200 * MS, .loss_percent = 10, .duplicate_percent = 10},
    {"the end falls within a window", .nodes = 100, .mode = MESH_PUSH_PULL,
     .latency = CONSTANT(1 * MS), .writes = 4, .until_ns = 123 * MS + 456789},
    {"nobody writes", .nodes = 100, .mode = MESH_PUSH_PULL, .latency = UNIFORM(1 * MS, 2 * MS)},
    {"a write after the end", .nodes = 10, .latency = CONSTANT(1 * MS), .writes = 2,
     .write_every_ns = 900 * MS},
    {"pull", .nodes = 300, .mode = MESH_PULL, .latency = UNIFORM(1 * MS, 10 * MS), .writes = 30,
     .write_every_ns = 12 * MS, .loss_percent = 5, .duplicate_percent = 5},
    {"pull, messages of one update", .nodes = 60, .mode = MESH_PULL, .update_limit = 1,
     .latency = CONSTANT(2 * MS), .writes = 100, .write_every_ns = 2 * MS},
    {"rumor, push, feedback, counter", .nodes = 5000, .mode = MESH_RUMOR,
     .rumor = {.feedback = true, .k = 3}, .fanout = 2, .latency = UNIFORM(1 * MS, 10 * MS),
     .writes = 70, .write_every_ns = 1 * MS, .loss_percent = 3, .duplicate_percent = 3},
    {"rumor, push, blind, coin", .nodes = 500, .mode = MESH_RUMOR, .rumor = {.coin = true, .k = 4},
     .latency = UNIFORM(1 * MS, 10 * MS), .writes = 70, .write_every_ns = 1 * MS},
    {"rumor, pull, feedback, counter", .nodes = 500, .mode = MESH_RUMOR,
     .rumor = {.pull = true, .feedback = true, .k = 2}, .latency = UNIFORM(1 * MS, 10 * MS),
     .writes = 70, .write_every_ns = 1 * MS, .loss_percent = 3, .duplicate_percent = 3},
    {"rumor, pull, blind, coin", .nodes = 500, .mode = MESH_RUMOR,
     .rumor = {.pull = true, .coin = true, .k = 15}, .latency = CONSTANT(1 * MS), .writes = 130,
     .write_every_ns = 1 * MS},
    {"feedback far beyond the ring", .nodes = 50, .mode = MESH_RUMOR,
     .rumor = {.feedback = true, .coin = true, .k = 9}, .interval_ns = 5 * MS,
     .latency = UNIFORM(5 * US, 200 * MS), .writes = 90, .write_every_ns = 2 * MS,
     .duplicate_percent = 10, .until_ns = 400 * MS},
    {"synchronous push", .nodes = 9000, .schedule = MESH_SYNCHRONOUS,
     .latency = UNIFORM(1 * MS, 10 * MS), .writes = 5, .write_every_ns = 50 * MS},
    {"synchronous push-pull, writes and receipts at the instants of ticks", .nodes = 200,
     .mode = MESH_PUSH_PULL, .schedule = MESH_SYNCHRONOUS, .interval_ns = 20 * MS,
     .latency = CONSTANT(10 * MS), .writes = 60, .write_every_ns = 10 * MS},
    {"synchronous pull", .nodes = 200, .mode = MESH_PULL, .schedule = MESH_SYNCHRONOUS,
     .latency = UNIFORM(1 * MS, 250 * MS), .writes = 60, .write_every_ns = 5 * MS,
     .loss_percent = 5},
    {"synchronous rumor", .nodes = 5000, .mode = MESH_RUMOR, .schedule = MESH_SYNCHRONOUS,
     .rumor = {.feedback = true, .k = 2}, .fanout = 1, .latency = CONSTANT(1 * MS), .writes = 3,
     .interval_ns = 20 * MS},
    {"synchronous rumor, pull", .nodes = 500, .mode = MESH_RUMOR, .schedule = MESH_SYNCHRONOUS,
     .rumor = {.pull = true, .feedback = true, .k = 1}, .fanout = 1,
     .latency = UNIFORM(1 * MS, 3 * MS), .writes = 30, .write_every_ns = 7 * MS,
     .interval_ns = 20 * MS},
    {"poisson push", .nodes = 9000, .schedule = MESH_POISSON, .latency = UNIFORM(1 * MS, 10 * MS),
     .writes = 5, .write_every_ns = 50 * MS},
    {"poisson push-pull", .nodes = 300, .mode = MESH_PUSH_PULL, .schedule = MESH_POISSON,
     .latency = UNIFORM(1 * MS, 10 * MS), .writes = 60, .write_every_ns = 5 * MS, .loss_percent = 5,
     .duplicate_percent = 5},
    {"poisson eager", .nodes = 300, .mode = MESH_EAGER, .schedule = MESH_POISSON,
     .latency = CONSTANT(3 * MS), .writes = 60, .write_every_ns = 5 * MS, .loss_percent = 50},
    {"poisson rumor", .nodes = 300, .mode = MESH_RUMOR, .schedule = MESH_POISSON,
     .rumor = {.feedback = true, .k = 3}, .latency = UNIFORM(1 * MS, 10 * MS), .writes = 60,
     .write_every_ns = 5 * MS},
    {"several poisson ticks of a node in one window", .nodes = 40, .mode = MESH_PUSH_PULL,
     .schedule = MESH_POISSON, .interval_ns = 50 * US, .latency = CONSTANT(1 * MS), .writes = 5,
     .write_every_ns = 2 * MS, .until_ns = 20 * MS},
    {"peers of the own host", .nodes = 500, .mode = MESH_PUSH_PULL, .hosts = 12,
     .selection = MESH_LOCAL_BIAS, .latency = CONSTANT(300 * US),
     .between_hosts = UNIFORM(2 * MS, 90 * MS), .writes = 20, .write_every_ns = 10 * MS},
    {"near peers", .nodes = 500, .mode = MESH_EAGER, .hosts = 12, .selection = MESH_HYBRID,
     .latency = CONSTANT(300 * US), .between_hosts = UNIFORM(2 * MS, 90 * MS), .writes = 20,
     .write_every_ns = 10 * MS, .loss_percent = 5},
    {"two scopes that share nodes", .nodes = 300, .mode = MESH_EAGER, .two_scopes = true,
     .latency = UNIFORM(1 * MS, 9 * MS), .writes = 90, .write_every_ns = 3 * MS, .loss_percent = 5},
    {"cold QUIC over three blocks", .nodes = 9000, .mode = MESH_PUSH_PULL, .fanout = 5, .hosts = 7,
     .latency = UNIFORM(1 * MS, 10 * MS), .writes = 5, .loss_percent = 5, .duplicate_percent = 5,
     .carrier = 1 + SIM_QUIC, .connections = {.cold = true}},
    {"cold TLS, idle after 40 ms", .nodes = 300, .mode = MESH_EAGER, .fanout = 4, .hosts = 3,
     .latency = CONSTANT(3 * MS), .writes = 60, .write_every_ns = 5 * MS, .carrier = 1 + SIM_TCP,
     .tls = true, .connections = {.cold = true, .idle_timeout_ns = 40 * MS, .mutual = true}},
    {"cold hosts at their limit, over three blocks", .nodes = 9000, .mode = MESH_PUSH_PULL,
     .fanout = 3, .hosts = 4, .latency = UNIFORM(1 * MS, 10 * MS), .writes = 5,
     .carrier = 1 + SIM_QUIC, .connections = {.cold = true, .max_per_host = 20000}},
    {"cold and far beyond the ring", .nodes = 50, .mode = MESH_PUSH_PULL, .interval_ns = 5 * MS,
     .latency = UNIFORM(5 * US, 200 * MS), .writes = 10, .write_every_ns = 3 * MS,
     .carrier = 1 + SIM_TCP, .until_ns = 300 * MS,
     .connections = {.cold = true, .idle_timeout_ns = 10 * MS}},
    {"cold, and certificates change", .nodes = 6, .mode = MESH_PUSH_PULL, .hosts = 2,
     .interval_ns = 10000 * MS, .latency = UNIFORM(1 * MS, 10 * MS), .writes = 3,
     .carrier = 1 + SIM_QUIC, .until_ns = UINT64_C(5400000) * MS,
     .connections = {.cold = true, .idle_timeout_ns = 30000 * MS, .cert_rotation_hours = 1}},
};

static void expect_same_counters(const struct shape *shape, const struct outcome *heap,
                                 const struct outcome *windows)
{
    for (uint32_t kind = 0; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        cr_expect(heap->in_flight[kind] == windows->in_flight[kind],
                  "%s: %" PRIu64 " %s in flight in the heap, %" PRIu64 " in windows", shape->name,
                  heap->in_flight[kind], kind_names[kind], windows->in_flight[kind]);
        for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
            const struct sim_counters *a = &heap->counters[kind][pair];
            const struct sim_counters *b = &windows->counters[kind][pair];
            cr_expect(memcmp(a, b, sizeof *a) == 0,
                      "%s: %s, %s: sent %" PRIu64 " and %" PRIu64 ", lost %" PRIu64 " and %" PRIu64
                      ", delivered %" PRIu64 " and %" PRIu64,
                      shape->name, kind_names[kind], sim_pair_class_name((enum sim_pair_class)pair),
                      a->messages, b->messages, a->lost, b->lost, a->delivered, b->delivered);
        }
    }
}

static void expect_same_hosts(const struct shape *shape, const struct outcome *heap,
                              const struct outcome *windows)
{
    for (uint32_t host = 0; host < HOSTS_MAX; host++) {
        cr_expect(memcmp(&heap->hosts[host], &windows->hosts[host], sizeof *heap->hosts) == 0,
                  "%s: host %u did other work", shape->name, host);
    }
}

static void expect_same_changes(const struct shape *shape, const struct outcome *heap,
                                const struct outcome *windows)
{
    uint32_t count =
        heap->change_count < windows->change_count ? heap->change_count : windows->change_count;
    for (uint32_t i = 0; i < count; i++) {
        const struct observed *a = &heap->changes[i];
        const struct observed *b = &windows->changes[i];
        cr_assert(memcmp(a, b, sizeof *a) == 0,
                  "%s: change %u: heap t=%" PRIu64 " node %u by %u's %s; windows t=%" PRIu64
                  " node %u by %u's %s",
                  shape->name, i, a->time_ns, a->node, a->source, kind_names[a->kind], b->time_ns,
                  b->node, b->source, kind_names[b->kind]);
    }
    cr_expect(heap->change_count == windows->change_count, "%s: %u and %u changes", shape->name,
              heap->change_count, windows->change_count);
}

// sent + duplicated = delivered + lost + in flight.
static void expect_conservation(const struct shape *shape, const struct outcome *outcome)
{
    for (uint32_t kind = 1; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        struct sim_counters sum = outcome_sum(outcome, (enum mesh_message_kind)kind);
        cr_expect(sum.messages + sum.duplicated ==
                      sum.delivered + sum.lost + outcome->in_flight[kind],
                  "%s: %s: %" PRIu64 " sent, %" PRIu64 " duplicated; %" PRIu64
                  " delivered, %" PRIu64 " lost, %" PRIu64 " in flight",
                  shape->name, kind_names[kind], sum.messages, sum.duplicated, sum.delivered,
                  sum.lost, outcome->in_flight[kind]);
    }
}

// The heap is one, and each of these is to agree with it.
static const struct {
    const char *name;
    uint32_t threads;
    uint32_t block_nodes;
    bool deals;
} layouts[] = {
    {"windows", 1, 0, false},
    {"windows, small blocks", 1, 13, false},
    {"two threads", 2, 100, false},
    {"three threads", 3, 1000, false},
    {"three threads, blocks dealt", 3, 37, true},
    {"eight threads", 8, 37, false},
};

static void expect_same(const struct shape *shape, const char *layout, const struct outcome *heap,
                        const struct outcome *windows)
{
    expect_same_changes(shape, heap, windows);
    expect_same_counters(shape, heap, windows);
    expect_same_hosts(shape, heap, windows);
    expect_conservation(shape, windows);
    cr_expect(heap->fingerprint == windows->fingerprint, "%s, %s: the fingerprints differ",
              shape->name, layout);
    cr_expect(heap->events == windows->events,
              "%s, %s: %" PRIu64 " events in the heap, %" PRIu64 " in windows", shape->name, layout,
              heap->events, windows->events);
    cr_expect(heap->reached_ns == windows->reached_ns, "%s, %s: not the same end", shape->name,
              layout);
    cr_expect(heap->replicas_hash == windows->replicas_hash, "%s, %s: replicas differ", shape->name,
              layout);
}

Test(engine, windows_on_any_number_of_threads_agree_with_the_heap_and_no_message_is_lost_sight_of)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct shape shape = shapes[i];
        shape.seed = 1000 + i;
        struct world world;
        struct outcome heap;
        world_build(&world, &shape);
        world_run(&world, SIM_QUEUE_HEAP, &heap);
        for (size_t j = 0; j < sizeof layouts / sizeof *layouts; j++) {
            struct outcome windows;
            world.threads = layouts[j].threads;
            world.block_nodes = layouts[j].block_nodes;
            world.deals = layouts[j].deals;
            world_run(&world, SIM_QUEUE_WINDOWS, &windows);
            expect_same(&shape, layouts[j].name, &heap, &windows);
            outcome_finish(&windows);
        }
        outcome_finish(&heap);
        world_finish(&world);
    }
}

// The shapes above are only worth something if they meet what they are named for.
Test(engine, the_shapes_lose_duplicate_overflow_and_keep_messages_in_flight)
{
    uint64_t lost = 0, duplicated = 0, in_flight = 0, kinds = 0, resumed = 0, rotated = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct outcome outcome;
        shape_run(&shapes[i], SIM_QUEUE_WINDOWS, &outcome);
        for (uint32_t kind = 1; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
            struct sim_counters sum = outcome_sum(&outcome, (enum mesh_message_kind)kind);
            lost += sum.lost;
            duplicated += sum.duplicated;
            in_flight += outcome.in_flight[kind];
            resumed += sum.resumed;
            kinds |= sum.delivered > 0 ? 1u << kind : 0;
        }
        rotated += outcome_sum(&outcome, SIM_ROTATION).handshakes;
        outcome_finish(&outcome);
    }
    cr_expect(resumed > 1000 && rotated > 0, "%" PRIu64 " resumed, %" PRIu64 " rotated", resumed,
              rotated);
    cr_expect(lost > 1000 && duplicated > 1000 && in_flight > 1000);
    kinds |= 1u << MESH_MESSAGE_DELTA;                               // needs a graph: test_delta.c
    kinds |= 1u << MESH_MESSAGE_JOIN | 1u << MESH_MESSAGE_SNAPSHOT;  // nobody joins late
    kinds |= 1u << MESH_MESSAGE_ROWS | 1u << MESH_MESSAGE_ROWS_HELD |
             1u << MESH_MESSAGE_ROWS_REST;  // nobody reports
    for (uint32_t kind = MESH_MESSAGE_RAFT_VOTE; kind <= MESH_MESSAGE_RAFT_TIMEOUT_NOW; kind++) {
        kinds |= 1u << kind;  // nobody is in a group
    }
    for (uint32_t kind = MESH_MESSAGE_SWIM_PING; kind <= MESH_MESSAGE_SWIM_SYNC; kind++) {
        kinds |= 1u << kind;  // nobody looks after the others
    }
    cr_expect(kinds == (1u << MESH_MESSAGE_KIND_COUNT) - 2, "not every kind is delivered: %" PRIx64,
              kinds);
}

static void note_overflow(void *context, struct sim_engine *engine, uint64_t time_ns)
{
    (void)time_ns;
    uint32_t *most = context;
    *most = engine->workers[0]->ring.far_count > *most ? engine->workers[0]->ring.far_count : *most;
}

Test(engine, latencies_beyond_the_ring_overflow_and_still_arrive_on_time)
{
    struct shape shape = {.nodes = 50,
                          .interval_ns = 5 * MS,
                          .latency = UNIFORM(5 * US, 200 * MS),
                          .writes = 3,
                          .until_ns = 300 * MS};
    uint32_t most = 0;
    struct world world;
    world_build(&world, &shape);
    world.watch = note_overflow;
    world.watch_context = &most;
    struct outcome outcome;
    world_run(&world, SIM_QUEUE_WINDOWS, &outcome);
    cr_expect(most > 100, "at most %u messages overflowed: the test tests nothing", most);
    for (uint32_t i = 0; i < outcome.change_count; i++) {
        const struct observed *change = &outcome.changes[i];
        uint64_t flight_ns = change->time_ns - change->sent_ns;
        cr_expect(change->kind == 0 || (flight_ns >= 5 * US && flight_ns < 200 * MS),
                  "node %u heard %u after %" PRIu64 " ns", change->node, change->source, flight_ns);
    }
    outcome_finish(&outcome);
    world_finish(&world);
}

Test(engine, the_window_of_the_end_is_run_whole_and_no_later_one)
{
    // Windows of 1 ms; the write at 4.2 ms lies in the window of the end, that at 5 ms does not.
    struct shape shape = {.nodes = 2,
                          .latency = CONSTANT(1 * MS),
                          .writes = 2,
                          .first_write_ns = 4200 * US,
                          .write_every_ns = 800 * US,
                          .until_ns = 4 * MS + 1,
                          .interval_ns = 1000000 * MS};
    struct outcome outcome;
    shape_run(&shape, SIM_QUEUE_WINDOWS, &outcome);
    cr_expect(outcome.reached_ns == 5 * MS);
    cr_assert(outcome.change_count == 1, "%u changes", outcome.change_count);
    cr_expect(outcome.changes[0].time_ns == 4200 * US && outcome.changes[0].node == 0);
    outcome_finish(&outcome);
}

Test(engine, a_mesh_of_one_node_or_of_too_many_is_refused)
{
    static const uint32_t counts[] = {0, 1, MESH_NODE_MAX + 1};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct sim_engine_config config = {.node_count = counts[i]};
        struct sim_engine *engine = NULL;
        struct sim_error error = {0};
        cr_expect(!sim_engine_create(&config, &engine, &error), "%u nodes were taken", counts[i]);
        cr_expect(error.code == SIM_ERROR_INTERNAL && engine == NULL);
    }
    sim_engine_destroy(NULL);
}
