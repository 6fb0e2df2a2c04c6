// SPDX-License-Identifier: GPL-3.0-or-later
// Processors that messages wait for: the mean wait beside that of queueing theory, and the same
// run whatever the queue, the blocks and the threads.
//
//     nodes tick by Poisson processes, each tick sends one empty message to anybody: what arrives
//     at a host is a Poisson process, and all its messages take equally long
#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "fixture.h"

#define NODES 512u
#define HOSTS 4u
#define SERVICE_NS 330.0  // 120 for the step, 210 for the packet (net/host.h)

// The share of those who wait in M/M/c, by Erlang's recursion (B, then C).
static double erlang_c(double load, uint32_t cores)
{
    double blocked = 1;
    for (uint32_t i = 1; i <= cores; i++) {
        blocked = load * blocked / (i + load * blocked);
    }
    double used = load / cores;
    return blocked / (1 - used * (1 - blocked));
}

// Of M/D/c: exact for one server (Pollaczek and Khinchine), within a per cent or two for several
// (Cosmetatos, 1975).
static double mean_wait_ns(double per_ns, uint32_t cores)
{
    double load = per_ns * SERVICE_NS;
    double used = load / cores;
    double exponential = erlang_c(load, cores) * SERVICE_NS / (cores * (1 - used));
    double factor =
        1 + (1 - used) * (cores - 1) * (sqrt(4 + 5.0 * cores) - 2) / (16 * used * cores);
    return 0.5 * exponential * factor;
}

// Ticks so often that each host's processors are used to this share.
static void expect_wait(uint32_t cores, double used)
{
    double per_ns = used * cores / SERVICE_NS;
    const struct shape shape = {.name = "M/D/c",
                                .nodes = NODES,
                                .mode = MESH_PUSH,
                                .schedule = MESH_POISSON,
                                .fanout = 1,
                                .interval_ns = (uint64_t)(NODES / HOSTS / per_ns),
                                .latency = {.minimum_ns = 1 * MS, .maximum_ns = 2 * MS},
                                .between_hosts = {.minimum_ns = 1 * MS, .maximum_ns = 2 * MS},
                                .hosts = HOSTS,
                                .cores = cores,
                                .until_ns = 24 * MS / cores,
                                .seed = 7};
    struct outcome outcome;
    shape_run(&shape, SIM_QUEUE_WINDOWS, &outcome);
    const struct sim_waiting *waiting = &outcome.waiting;
    cr_assert(waiting->messages > 50000);
    cr_expect_eq(waiting->service_ns, waiting->messages * (uint64_t)SERVICE_NS);
    double mean = (double)waiting->wait_ns / (double)waiting->messages;
    double wanted = mean_wait_ns(per_ns, cores);
    cr_expect(fabs(mean - wanted) < 0.06 * wanted, "%" PRIu32 " cores, %.0f %%: %.1f ns, not %.1f",
              cores, 100 * used, mean, wanted);
    outcome_finish(&outcome);
}

Test(cores, of_one_processor_the_mean_wait_is_that_of_a_poisson_queue_with_equal_services)
{
    expect_wait(1, 0.5);
    expect_wait(1, 0.8);
}

Test(cores, of_several_processors_it_is_that_of_the_queue_with_several_servers)
{
    expect_wait(2, 0.7);
    expect_wait(4, 0.8);
}

static const struct shape gossip = {.name = "gossip with signatures",
                                    .nodes = 300,
                                    .mode = MESH_EAGER,
                                    .fanout = 4,
                                    .latency = {.minimum_ns = 1 * MS, .maximum_ns = 2 * MS},
                                    .between_hosts = {.minimum_ns = 1 * MS, .maximum_ns = 4 * MS},
                                    .hosts = 5,
                                    .cores = 1,
                                    .writes = 60,
                                    .first_write_ns = 1 * MS,
                                    .write_every_ns = 1 * MS,
                                    .until_ns = 400 * MS,
                                    .seed = 3};

static struct outcome run_with(const struct shape *shape, enum sim_queue queue, uint32_t threads,
                               uint32_t block_nodes)
{
    struct world world;
    struct outcome outcome;
    world_build(&world, shape);
    world.threads = threads;
    world.block_nodes = block_nodes;
    world_run(&world, queue, &outcome);
    world_finish(&world);
    return outcome;
}

static void expect_same(const struct outcome *one, const struct outcome *other)
{
    cr_expect_eq(one->fingerprint, other->fingerprint);
    cr_expect_eq(one->events, other->events);
    cr_expect_eq(one->waiting.messages, other->waiting.messages);
    cr_expect_eq(one->waiting.wait_ns, other->waiting.wait_ns);
    cr_expect_eq(one->waiting.service_ns, other->waiting.service_ns);
    cr_expect_eq(one->waiting.wait_ns_max, other->waiting.wait_ns_max);
}

Test(cores, windows_threads_blocks_and_the_heap_come_to_the_same)
{
    static const uint32_t ways[][2] = {{2, 0}, {3, 64}, {8, 7}};
    struct outcome heap = run_with(&gossip, SIM_QUEUE_HEAP, 1, 0);
    struct outcome windows = run_with(&gossip, SIM_QUEUE_WINDOWS, 1, 0);
    cr_expect(heap.waiting.wait_ns > 0);
    expect_same(&windows, &heap);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct outcome other = run_with(&gossip, SIM_QUEUE_WINDOWS, ways[i][0], ways[i][1]);
        expect_same(&other, &heap);
        outcome_finish(&other);
    }
    outcome_finish(&heap);
    outcome_finish(&windows);
}

Test(cores, what_waits_is_under_way_and_nothing_gets_lost)
{
    struct outcome outcome = run_with(&gossip, SIM_QUEUE_WINDOWS, 1, 0);
    for (uint32_t kind = 1; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        struct sim_counters sum = outcome_sum(&outcome, (enum mesh_message_kind)kind);
        cr_expect_eq(sum.messages, sum.delivered + sum.lost + outcome.in_flight[kind], "%s",
                     kind_names[kind]);
    }
    // 60 updates, each new at 299 nodes once: so many signatures are checked at least.
    cr_expect(outcome.waiting.service_ns >= UINT64_C(60) * 299 * 48000);
    outcome_finish(&outcome);
}

Test(cores, of_a_host_that_is_starved_the_same_takes_longer)
{
    static const struct sim_fault starve = {.verb = SIM_FAULT_STARVE,
                                            .until_ns = 400 * MS,
                                            .end_ns = SIM_FAULT_NEVER,
                                            .times = 1,
                                            .cpu_ppb = 500000000,
                                            .slice_ns = 10 * MS,
                                            .of = {.named = true}};
    struct shape shape = gossip;
    struct outcome well = run_with(&shape, SIM_QUEUE_WINDOWS, 1, 0);
    shape.faults = &starve;
    shape.fault_count = 1;
    struct outcome starved = run_with(&shape, SIM_QUEUE_WINDOWS, 1, 0);
    struct outcome heap = run_with(&shape, SIM_QUEUE_HEAP, 1, 0);
    cr_assert(starved.fault_counts[0].firings == 1);
    cr_expect(starved.waiting.service_ns * well.waiting.messages >
              well.waiting.service_ns * starved.waiting.messages * 3 / 2);
    expect_same(&starved, &heap);
    outcome_finish(&well);
    outcome_finish(&starved);
    outcome_finish(&heap);
}
