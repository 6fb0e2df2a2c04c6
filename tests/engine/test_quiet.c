// SPDX-License-Identifier: GPL-3.0-or-later
// A quiet part is accounted, not executed: nobody can tell from what a run gives. The heap executes
// everything, and so do the windows when asked to.
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "fixture.h"

#define UNIFORM(minimum_ns, maximum_ns)         \
    {                                           \
        SIM_UNIFORM, (minimum_ns), (maximum_ns) \
    }

// Few updates with long pauses in between: most of the time there is nothing to say.
static const struct shape shapes[] = {
    {"one host, push-pull", .nodes = 300, .mode = MESH_PUSH_PULL, .fanout = 5,
     .interval_ns = 50 * MS, .latency = UNIFORM(1 * MS, 10 * MS), .writes = 3,
     .first_write_ns = 333 * MS, .write_every_ns = 700 * MS, .until_ns = 2500 * MS},
    {"one host, eager", .nodes = 300, .mode = MESH_EAGER, .fanout = 5, .interval_ns = 50 * MS,
     .latency = UNIFORM(1 * MS, 10 * MS), .writes = 3, .first_write_ns = 401 * MS,
     .write_every_ns = 900 * MS, .until_ns = 2500 * MS},
    {"one host, pull, a large fanout", .nodes = 40, .mode = MESH_PULL, .fanout = 200,
     .interval_ns = 50 * MS, .latency = UNIFORM(1 * MS, 10 * MS), .writes = 3,
     .first_write_ns = 401 * MS, .write_every_ns = 900 * MS, .until_ns = 2500 * MS},
    {"one host, loss and duplication", .nodes = 300, .mode = MESH_PUSH_PULL, .fanout = 5,
     .interval_ns = 50 * MS, .latency = UNIFORM(1 * MS, 10 * MS), .loss_percent = 10,
     .duplicate_percent = 5, .writes = 3, .first_write_ns = 333 * MS, .write_every_ns = 700 * MS,
     .until_ns = 2500 * MS},
    {"hosts, zones and regions", .nodes = 300, .mode = MESH_PUSH_PULL, .fanout = 5, .hosts = 12,
     .interval_ns = 100 * MS, .latency = UNIFORM(1 * MS, 2 * MS),
     .between_hosts = UNIFORM(2 * MS, 90 * MS), .loss_percent = 5, .duplicate_percent = 5,
     .writes = 3, .first_write_ns = 333 * MS, .write_every_ns = 1700 * MS, .until_ns = 5000 * MS},
    {"latencies longer than the interval", .nodes = 100, .mode = MESH_PUSH_PULL, .fanout = 5,
     .interval_ns = 20 * MS, .latency = UNIFORM(1 * MS, 70 * MS), .writes = 3,
     .first_write_ns = 333 * MS, .write_every_ns = 900 * MS, .until_ns = 3000 * MS},
    {"a warm-up", .nodes = 100, .mode = MESH_PUSH_PULL, .fanout = 5, .interval_ns = 50 * MS,
     .latency = UNIFORM(1 * MS, 10 * MS), .writes = 3, .first_write_ns = 100 * MS,
     .write_every_ns = 900 * MS, .warmup_ns = 777 * MS, .until_ns = 3000 * MS},
    {"two meshes on a host each", .nodes = 90, .mode = MESH_PUSH_PULL, .fanout = 5, .hosts = 2,
     .two_homes = true, .interval_ns = 50 * MS, .latency = UNIFORM(1 * MS, 10 * MS), .writes = 4,
     .first_write_ns = 700 * MS, .write_every_ns = 600 * MS, .until_ns = 3400 * MS},
    {"a second scope that pushes all the time", .nodes = 100, .mode = MESH_PUSH_PULL, .fanout = 5,
     .two_scopes = true, .interval_ns = 50 * MS, .latency = UNIFORM(1 * MS, 10 * MS), .writes = 2,
     .write_every_ns = 900 * MS, .until_ns = 1500 * MS},
};

// Windows at whose end some part was quiet, and how often one woke.
struct silence {
    uint32_t windows;
    uint32_t wakings;
    bool quiet;
};

static void watch(void *context, struct sim_engine *engine, uint64_t time_ns)
{
    struct silence *silence = context;
    bool quiet = false;
    for (uint32_t i = 0; i < engine->part_count; i++) {
        quiet |= engine->parts[i].quiet;
    }
    silence->windows += quiet;
    silence->wakings += silence->quiet && !quiet;
    silence->quiet = quiet;
    (void)time_ns;
}

static void expect_same(const struct shape *shape, const char *how, const struct outcome *a,
                        const struct outcome *b)
{
    cr_expect(a->fingerprint == b->fingerprint, "%s, %s: fingerprints", shape->name, how);
    cr_expect(a->checkpoint_count == b->checkpoint_count, "%s, %s: checkpoints", shape->name, how);
    cr_expect(a->events == b->events, "%s, %s: %" PRIu64 " and %" PRIu64 " events", shape->name,
              how, a->events, b->events);
    cr_expect(memcmp(a->counters, b->counters, sizeof a->counters) == 0, "%s, %s: counters",
              shape->name, how);
    cr_expect(memcmp(a->hosts, b->hosts, sizeof a->hosts) == 0, "%s, %s: hosts", shape->name, how);
    cr_expect(memcmp(a->in_flight, b->in_flight, sizeof a->in_flight) == 0, "%s, %s: in flight",
              shape->name, how);
    cr_expect(memcmp(a->latencies, b->latencies, sizeof a->latencies) == 0, "%s, %s: latencies",
              shape->name, how);
    cr_expect(a->replicas_hash == b->replicas_hash, "%s, %s: replicas", shape->name, how);
    cr_assert(a->change_count == b->change_count, "%s, %s: changes", shape->name, how);
    cr_expect(memcmp(a->changes, b->changes, a->change_count * sizeof *a->changes) == 0,
              "%s, %s: changes", shape->name, how);
}

Test(quiet, what_is_accounted_is_what_would_have_been_executed)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const struct shape *shape = &shapes[i];
        struct world world;
        struct outcome heap;
        struct outcome executed;
        struct outcome accounted;
        struct outcome in_blocks;
        struct silence silence = {0};
        world_build(&world, shape);
        world_run(&world, SIM_QUEUE_HEAP, &heap);
        world.executes_all = true;
        world_run(&world, SIM_QUEUE_WINDOWS, &executed);
        world.executes_all = false;
        world.watch = watch;
        world.watch_context = &silence;
        world_run(&world, SIM_QUEUE_WINDOWS, &accounted);
        world.threads = 3;
        world.block_nodes = 23;
        world_run(&world, SIM_QUEUE_WINDOWS, &in_blocks);
        expect_same(shape, "executed", &heap, &executed);
        expect_same(shape, "accounted", &heap, &accounted);
        expect_same(shape, "accounted in small blocks", &heap, &in_blocks);
        if (!shape->two_scopes) {
            cr_expect(silence.windows > 300 && silence.wakings >= 2,
                      "%s: quiet at the end of %u windows, woken %u times", shape->name,
                      silence.windows, silence.wakings);
        }
        outcome_finish(&heap);
        outcome_finish(&executed);
        outcome_finish(&accounted);
        outcome_finish(&in_blocks);
        world_finish(&world);
    }
}
