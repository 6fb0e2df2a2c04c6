// SPDX-License-Identifier: GPL-3.0-or-later
// Channels remember, so the order in which messages reach them decides. Windows handle blocks one
// after another, the heap events one by one: both must come to the same end.
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "shape.h"

struct rules {
    const char *name;
    struct sim_channel_settings channel;
    bool tables;  // lognormal between hosts instead of uniform
};

#define GIBIT 1000000000u
#define QUEUE .queue_packets = 100

static const struct rules all_rules[] = {
    {"fifo", {.fifo = true}, false},
    {"correlation", {.correlation_ppb = 800000000}, false},
    {"tables", {0}, true},
    {"bursts",
     {.bursts = true, .enter_ppb = 50000000, .leave_ppb = 200000000, .bad_loss_ppb = SIM_PPB},
     false},
    {"a line", {.rate_bits_per_s = GIBIT / 100, QUEUE}, false},
    {"a slow line", {.rate_bits_per_s = GIBIT / 10000, .queue_packets = 100000}, false},
    {"a short queue", {.rate_bits_per_s = GIBIT / 1000, .queue_packets = 2}, false},
    {"reordering, corruption", {.reorder_ppb = 200000000, .corrupt_ppb = 100000000}, true},
    {"all that go together",
     {.fifo = true,
      .correlation_ppb = 500000000,
      .bursts = true,
      .enter_ppb = 50000000,
      .leave_ppb = 200000000,
      .good_loss_ppb = 10000000,
      .bad_loss_ppb = 500000000,
      .corrupt_ppb = 20000000,
      .rate_bits_per_s = GIBIT / 100,
      .queue_bytes = 20000,
      QUEUE},
     true},
};

static const struct shape shapes[] = {
    {.name = "60 nodes on 8 hosts",
     .nodes = 60,
     .hosts = 8,
     .mode = MESH_EAGER,
     .interval_ns = 20 * MS,
     .duplicate_percent = 5,
     .loss_percent = 3,
     .writes = 20,
     .write_every_ns = 10 * MS},
    {.name = "all tick at once",
     .nodes = 200,
     .hosts = 5,
     .mode = MESH_PUSH_PULL,
     .schedule = MESH_SYNCHRONOUS,
     .interval_ns = 10 * MS,
     .duplicate_percent = 10,
     .writes = 30,
     .write_every_ns = 5 * MS,
     .warmup_ns = 50 * MS},
    {.name = "three blocks, hosts across their borders",
     .nodes = 9000,
     .hosts = 5,
     .mode = MESH_PUSH,
     .interval_ns = 100 * MS,
     .duplicate_percent = 1,
     .loss_percent = 1,
     .writes = 10,
     .write_every_ns = 10 * MS,
     .until_ns = 250 * MS},
    // What waits for its connection enters its channel when that is there, behind what was sent
    // later by others and had one.
    {.name = "cold QUIC",
     .nodes = 60,
     .hosts = 8,
     .mode = MESH_EAGER,
     .interval_ns = 20 * MS,
     .duplicate_percent = 5,
     .loss_percent = 3,
     .writes = 20,
     .write_every_ns = 10 * MS,
     .carrier = 1 + SIM_QUIC,
     .connections = {.cold = true, .idle_timeout_ns = 15 * MS}},
    {.name = "cold TLS over three blocks, few connections",
     .nodes = 9000,
     .hosts = 5,
     .mode = MESH_PUSH_PULL,
     .schedule = MESH_SYNCHRONOUS,
     .interval_ns = 100 * MS,
     .writes = 10,
     .write_every_ns = 10 * MS,
     .until_ns = 130 * MS,
     .carrier = 1 + SIM_TCP,
     .tls = true,
     .connections = {.cold = true, .max_per_host = 9000}},
};

// `threads` 0: one thread, and the blocks that it takes; else small ones.
static void run_on(const struct shape *shape, const struct rules *rules, enum sim_queue queue,
                   uint32_t threads, struct outcome *outcome)
{
    static struct sim_quantiles table;
    const struct sim_shape lognormal = {
        .distribution = SIM_LOGNORMAL, .mean_ns = 4 * MS, .deviation_ns = 2 * MS, .minimum_ns = MS};
    struct shape whole = *shape;
    struct world world;
    whole.seed = 77;
    whole.latency = (struct sim_latency){SIM_UNIFORM, MS / 2, 2 * MS};
    whole.between_hosts = (struct sim_latency){SIM_UNIFORM, 1 * MS, 9 * MS};
    world_build(&world, &whole);
    world.settings.channel = rules->channel;
    cr_assert(sim_shape_tabulate(&lognormal, &table, NULL));
    for (int pair = SIM_SAME_ZONE; rules->tables && pair < SIM_PAIR_CLASS_COUNT; pair++) {
        world.settings.quantiles[pair] = &table;
        world.settings.latency[pair] =
            (struct sim_latency){SIM_LOGNORMAL, table.points[0], table.points[SIM_QUANTILE_CELLS]};
    }
    sim_network_init(&world.network, &world.settings, whole.seed, world.host_of, whole.nodes,
                     world.hosts);
    world.threads = threads;
    world.block_nodes = threads == 0 ? 0 : 13;
    world_run(&world, queue, outcome);
    world_finish(&world);
}

static void run(const struct shape *shape, const struct rules *rules, enum sim_queue queue,
                struct outcome *outcome)
{
    run_on(shape, rules, queue, 0, outcome);
}

// sent + duplicated = delivered + lost + dropped + corrupted + in flight.
static void expect_conservation(const char *name, const struct outcome *outcome)
{
    for (uint32_t kind = 1; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        struct sim_counters sum = outcome_sum(outcome, (enum mesh_message_kind)kind);
        uint64_t gone = sum.delivered + sum.lost + sum.dropped + sum.corrupted;
        cr_expect(sum.messages + sum.duplicated == gone + outcome->in_flight[kind],
                  "%s: %s: %" PRIu64 " sent, %" PRIu64 " duplicated; %" PRIu64 " gone, %" PRIu64
                  " in flight",
                  name, kind_names[kind], sum.messages, sum.duplicated, gone,
                  outcome->in_flight[kind]);
    }
}

Test(channels, windows_and_heap_agree_whatever_channels_remember, .timeout = 100)
{
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        for (size_t r = 0; r < sizeof all_rules / sizeof *all_rules; r++) {
            char name[128];
            struct outcome heap;
            struct outcome windows;
            snprintf(name, sizeof name, "%s, %s", shapes[s].name, all_rules[r].name);
            run(&shapes[s], &all_rules[r], SIM_QUEUE_HEAP, &heap);
            run(&shapes[s], &all_rules[r], SIM_QUEUE_WINDOWS, &windows);
            cr_expect(heap.fingerprint == windows.fingerprint, "%s: fingerprints differ", name);
            cr_expect(heap.events == windows.events, "%s: events differ", name);
            cr_expect(heap.replicas_hash == windows.replicas_hash, "%s: replicas differ", name);
            cr_expect(memcmp(heap.counters, windows.counters, sizeof heap.counters) == 0,
                      "%s: counters differ", name);
            cr_expect(heap.change_count == windows.change_count &&
                          memcmp(heap.changes, windows.changes,
                                 heap.change_count * sizeof *heap.changes) == 0,
                      "%s: changes differ", name);
            expect_conservation(name, &windows);
            expect_conservation(name, &heap);
            outcome_finish(&heap);
            outcome_finish(&windows);
        }
    }
}

// A node's block may be one thread's now and another's in the next window, and with it what waits.
Test(channels, threads_agree_on_what_waits_for_its_connection)
{
    for (size_t r = 0; r < sizeof all_rules / sizeof *all_rules; r++) {
        struct outcome one;
        struct outcome three;
        run(&shapes[3], &all_rules[r], SIM_QUEUE_HEAP, &one);
        run_on(&shapes[3], &all_rules[r], SIM_QUEUE_WINDOWS, 3, &three);
        cr_expect(one.fingerprint == three.fingerprint && one.events == three.events, "%s",
                  all_rules[r].name);
        cr_expect(memcmp(one.counters, three.counters, sizeof one.counters) == 0, "%s",
                  all_rules[r].name);
        outcome_finish(&one);
        outcome_finish(&three);
    }
}

// Of what is sent at first, nothing has arrived when the run ends after a fifth of a handshake.
Test(channels, what_waits_for_its_connection_is_under_way)
{
    struct shape shape = shapes[3];
    struct outcome outcome;
    shape.until_ns = 3 * MS;
    shape.schedule = MESH_SYNCHRONOUS;
    shape.interval_ns = MS;
    shape.mode = MESH_PUSH;
    shape.writes = 1;
    run(&shape, &all_rules[0], SIM_QUEUE_WINDOWS, &outcome);
    cr_expect(outcome_sum(&outcome, MESH_MESSAGE_PUSH).handshakes > 50);
    cr_expect(outcome.in_flight[MESH_MESSAGE_PUSH] > 0);
    expect_conservation("cold", &outcome);
    outcome_finish(&outcome);
}

// What the rules above are named for happens in them.
Test(channels, messages_are_dropped_corrupted_delayed_and_still_under_way)
{
    struct sim_counters short_queue = {0};
    uint64_t slowest_ns = 0;
    struct sim_counters corrupted = {0};
    uint64_t in_flight = 0;
    for (size_t r = 0; r < sizeof all_rules / sizeof *all_rules; r++) {
        struct outcome outcome;
        run(&shapes[0], &all_rules[r], SIM_QUEUE_WINDOWS, &outcome);
        struct sim_counters eager = outcome_sum(&outcome, MESH_MESSAGE_EAGER);
        short_queue = strcmp(all_rules[r].name, "a short queue") == 0 ? eager : short_queue;
        corrupted = all_rules[r].channel.corrupt_ppb == 100000000 ? eager : corrupted;
        if (strcmp(all_rules[r].name, "a slow line") == 0) {
            for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
                uint64_t max_ns = outcome.latencies[pair].max_ns;
                slowest_ns = max_ns > slowest_ns ? max_ns : slowest_ns;
            }
            in_flight = outcome.in_flight[MESH_MESSAGE_EAGER];
        }
        outcome_finish(&outcome);
    }
    cr_expect(short_queue.dropped > 100, "%" PRIu64, short_queue.dropped);
    cr_expect(corrupted.corrupted > 50, "%" PRIu64, corrupted.corrupted);
    // Far beyond the 9 ms that the engine's ring was made for.
    cr_expect(slowest_ns > 200 * MS && in_flight > 100, "%" PRIu64 " ns, %" PRIu64, slowest_ns,
              in_flight);
}

Test(channels, a_line_that_is_never_busy_loses_and_duplicates_the_same_messages)
{
    // On so fast a line a message takes a nanosecond, and only the latencies know
    // of it.
    struct outcome plain;
    struct outcome ruled;
    const struct rules none = {"none", {0}, false};
    const struct rules never = {
        "never", {.rate_bits_per_s = UINT64_C(1000000000000000), .queue_packets = 1000}, false};
    run(&shapes[0], &none, SIM_QUEUE_WINDOWS, &plain);
    run(&shapes[0], &never, SIM_QUEUE_WINDOWS, &ruled);
    struct sim_counters a = outcome_sum(&plain, MESH_MESSAGE_OPEN);
    struct sim_counters b = outcome_sum(&ruled, MESH_MESSAGE_OPEN);
    cr_expect(a.messages == b.messages && a.lost == b.lost && a.duplicated == b.duplicated &&
              a.lost > 0 && a.duplicated > 0);
    outcome_finish(&plain);
    outcome_finish(&ruled);
}

Test(channels, latencies_are_counted_to_a_part_in_128)
{
    static struct sim_latencies latencies;
    static const uint64_t tried[] = {
        0, 1, 63, 64, 127, 128, 129, 1000, 5 * MS + 1, 1 << 30, UINT64_C(1) << 40, UINT64_MAX / 3};
    for (size_t i = 0; i < sizeof tried / sizeof *tried; i++) {
        latencies = (struct sim_latencies){0};
        sim_latencies_note(&latencies, SIM_SAME_ZONE, tried[i]);
        uint64_t found = sim_latencies_median_ns(&latencies, SIM_SAME_ZONE);
        uint64_t off = found > tried[i] ? found - tried[i] : tried[i] - found;
        cr_expect(off <= tried[i] / 128, "%" PRIu64 ": %" PRIu64, tried[i], found);
    }
    latencies = (struct sim_latencies){0};
    for (uint64_t i = 1; i <= 1001; i++) {
        sim_latencies_note(&latencies, SIM_SAME_HOST, i * 1000);
    }
    uint64_t median = sim_latencies_median_ns(&latencies, SIM_SAME_HOST);
    cr_expect(median > 496000 && median < 506000, "%" PRIu64, median);
    cr_expect(sim_latencies_median_ns(&latencies, SIM_SAME_ZONE) == 0);
}
