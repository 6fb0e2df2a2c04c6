// SPDX-License-Identifier: GPL-3.0-or-later
// From one mesh to another in one run.
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "fixture.h"
#include "world.h"

#define NEVER SIM_FAULT_NEVER
#define OLD_AGENTS 40u
#define NEW_AGENTS 80u

#define MESH(number)                                                                        \
    {                                                                                       \
        .places = {[SIM_PLACE_MESH] = (const struct sim_span[]){{(number), (number) + 1}}}, \
        .place_counts = {[SIM_PLACE_MESH] = 1}, .named = true                               \
    }

struct both {
    struct fixture old;
    struct fixture new;
    struct sim_migration migration;
};

// 20 updates, one every 200 ms from 0 on; users move over a second, from 1.5 s on.
static void build(struct both *both, const struct sim_fault *faults, uint32_t count)
{
    fixture_init(&both->old, OLD_AGENTS);
    fixture_init(&both->new, NEW_AGENTS);
    both->old.regions[0].name = "local";
    both->migration = (struct sim_migration){.from = &both->old.scenario,
                                             .gateways = 2,
                                             .interval_ns = 50 * MS,
                                             .move_at_ns = 1500 * MS,
                                             .move_over_ns = 1000 * MS};
    struct sim_scenario *scenario = &both->new.scenario;
    scenario->migration = &both->migration;
    scenario->faults = faults;
    scenario->fault_count = count;
    scenario->fault_seed = 3;
    scenario->duration_ns = 5000 * MS;
    scenario->workload.updates = 20;
    fixture_set_latency(&both->new, (struct sim_latency){SIM_UNIFORM, 1 * MS, 9 * MS});
}

static const uint32_t nobody[] = {0};

// The new mesh comes at 500 ms, from nothing; the old one leaves at 3 s, its gateways at 3.5 s.
static const struct sim_fault steps[] = {
    {.verb = SIM_FAULT_MASS_JOIN,
     .at_ns = 500 * MS,
     .until_ns = NEVER,
     .end_ns = NEVER,
     .over_ns = 300 * MS,
     .of = MESH(SIM_MESH_NEW),
     .text = "join"},
    {.verb = SIM_FAULT_AUTO_SCALING,
     .at_ns = 3000 * MS,
     .until_ns = NEVER,
     .end_ns = NEVER,
     .start = UINT32_MAX,
     .targets = nobody,
     .target_count = 1,
     .batch = 5,
     .gap_ns = 50 * MS,
     .notice_ns = 200 * MS,
     .of = MESH(SIM_MESH_OLD),
     .text = "leave"},
};

// ---- Who is who ----

static void expect_nodes(const uint32_t *nodes, uint32_t count, const uint32_t *wanted,
                         uint32_t wanted_count)
{
    cr_assert_eq(count, wanted_count);
    for (uint32_t i = 0; i < count; i++) {
        cr_expect_eq(nodes[i], wanted[i], "place %u: node %u", i, nodes[i]);
    }
}

Test(migration, the_old_mesh_stands_behind_the_new_one_and_its_gateways_call_the_new_ones_seeds)
{
    struct both both;
    struct sim_world world;
    build(&both, steps, 2);
    sim_world_init(&world, &both.new.scenario, 1);
    cr_expect_eq(world.places.nodes, OLD_AGENTS + NEW_AGENTS);
    cr_expect_eq(world.places.old_first, NEW_AGENTS);
    cr_expect(sim_places_is_agent(&world.places, 79) && sim_places_is_agent(&world.places, 119));
    cr_assert_eq(world.scopes.count, 3, "the new mesh, the old one, the link");
    cr_expect(world.scopes.items[1].first == NEW_AGENTS && world.scopes.items[1].count == 40);
    expect_nodes(world.scopes.gateways, world.scopes.gateway_count, (uint32_t[]){90, 110}, 2);
    expect_nodes(world.scopes.starters, world.scopes.starter_count, (uint32_t[]){20, 60}, 2);
    const struct sim_host *old = &world.places.hosts[world.places.host_of[NEW_AGENTS]];
    cr_expect(old->mesh == SIM_MESH_OLD && old->region == 1, "a place of its own");
    const struct sim_link *link = sim_network_link(&world.network, 80, 81, SIM_SAME_HOST);
    cr_expect(link->minimum_ns == 1 * MS && link->span_ns == 0, "as the old mesh has it");
    link = sim_network_link(&world.network, 0, 81, SIM_INTER_REGION);
    cr_expect_eq(link->span_ns, 8 * MS, "as the new one has it");
    cr_expect_eq(world.network.latency_ns_min, 1 * MS);
    sim_world_finish(&world);
}

Test(migration, aggregators_are_the_seeds_of_a_hierarchy_and_stand_before_the_old_mesh)
{
    struct both both;
    struct sim_world world;
    build(&both, steps, 2);
    fixture_set_hierarchy(&both.new, 2, 2, 2);
    sim_world_init(&world, &both.new.scenario, 1);
    cr_expect_eq(world.places.old_first, NEW_AGENTS + 4 + 3);
    expect_nodes(world.scopes.starters, world.scopes.starter_count, (uint32_t[]){80, 81, 82, 83},
                 4);
    cr_expect(!sim_places_is_agent(&world.places, 80) && !sim_places_is_agent(&world.places, 86));
    cr_expect(sim_places_is_agent(&world.places, 87));
    sim_world_finish(&world);
}

Test(migration, users_write_to_the_old_mesh_then_to_both_then_to_the_new_one)
{
    struct both both;
    struct sim_world world;
    build(&both, steps, 2);
    both.new.scenario.workload.updates = 400;
    both.new.scenario.workload.every_ns = 10 * MS;
    sim_world_init(&world, &both.new.scenario, 1);
    uint32_t moved = 0;
    for (uint32_t i = 0; i < 400; i++) {
        const struct sim_write *write = &world.writes[i];
        bool new = write->node < NEW_AGENTS;
        cr_expect(write->time_ns >= 1500 * MS || !new, "too early, at %" PRIu64, write->time_ns);
        cr_expect(write->time_ns < 2500 * MS || new, "too late, at %" PRIu64, write->time_ns);
        cr_expect_eq(write->scope, new ? 0 : 1);
        moved += new && write->time_ns < 2500 * MS;
    }
    // Of 100 writes half on average; the shares' variances add up to 16.7, a deviation of 4.1.
    cr_expect(moved > 50 - 17 && moved < 50 + 17, "%u of 100", moved);
    sim_world_finish(&world);
}

// ---- What becomes of updates ----

Test(migration, no_update_is_lost_on_the_way)
{
    struct both both;
    struct sim_result result;
    build(&both, steps, 2);
    fixture_run(&both.new, 0, &result);
    cr_expect_eq(result.lagging, 0);
    cr_expect_eq(result.unwritten, 0);
    cr_expect_eq(result.update_count, 20);
    cr_expect_eq(result.updates[0].cohort, OLD_AGENTS, "nobody else was there at 0");
    cr_expect_eq(result.updates[10].cohort, OLD_AGENTS + NEW_AGENTS, "all are at 2 s");
    for (uint32_t i = 0; i < result.update_count; i++) {
        cr_expect(result.updates[i].theta_ns < 1000 * MS, "update %u: %" PRIu64, i,
                  result.updates[i].theta_ns);
    }
    cr_expect_eq(result.rejoin_count, NEW_AGENTS, "each of the new ones had to catch up");
    sim_result_finish(&result);
}

// The old mesh is gone before the new one is there, with what was written until then.
Test(migration, what_the_old_mesh_takes_with_it_is_said_to_be_lost)
{
    struct sim_fault early[2];
    struct both both;
    struct sim_result result;
    memcpy(early, steps, sizeof early);
    early[1].at_ns = 200 * MS;
    early[1].batch = OLD_AGENTS;
    early[1].notice_ns = 100 * MS;
    build(&both, early, 2);
    both.migration.move_at_ns = 1000 * MS;
    both.migration.move_over_ns = 0;
    fixture_run(&both.new, 0, &result);
    cr_expect_eq(result.unwritten, 4, "at 200, 400, 600 and 800 ms");
    cr_assert(result.gap_count == 2 && result.lagging == NEW_AGENTS, "%u lag", result.lagging);
    cr_expect_eq(result.gaps[0].cause, SIM_GAP_LOST);
    sim_result_finish(&result);
}

// ---- However it is executed ----

static void expect_same(struct both *both, const char *name)
{
    struct sim_result windows;
    struct sim_result heap;
    both->new.options.queue = SIM_QUEUE_WINDOWS;
    both->new.options.threads = 3;
    both->new.options.block_nodes = 16;
    fixture_run(&both->new, 0, &windows);
    both->new.options.queue = SIM_QUEUE_HEAP;
    fixture_run(&both->new, 0, &heap);
    cr_expect(windows.fingerprint == heap.fingerprint, "%s: the fingerprints differ", name);
    cr_expect(windows.events == heap.events, "%s: events", name);
    cr_expect(memcmp(windows.traffic, heap.traffic, sizeof heap.traffic) == 0, "%s: traffic", name);
    cr_expect_eq(windows.lagging, 0, "%s: %u lag", name, windows.lagging);
    cr_expect_eq(heap.lagging, 0, "%s", name);
    sim_result_finish(&windows);
    sim_result_finish(&heap);
}

Test(migration, it_is_the_same_with_any_queue_threads_and_blocks)
{
    struct both both;
    build(&both, steps, 2);
    expect_same(&both, "one mesh to one mesh");
    both.new.scenario.gossip.mode = MESH_EAGER;
    both.new.scenario.network.transport = SIM_QUIC;
    both.new.scenario.network.connections.cold = true;
    expect_same(&both, "eager, cold");
}

Test(migration, so_it_is_into_regions_with_leaders_and_from_them_into_a_hierarchy)
{
    struct both both;
    build(&both, steps, 2);
    fixture_set_regions(&both.new, 2, (const uint32_t[]){40, 40}, (const uint32_t[]){1, 1});
    fixture_set_leaders(&both.new, 2);
    expect_same(&both, "into leaders");
    build(&both, steps, 2);
    fixture_set_hierarchy(&both.new, 2, 2, 2);
    fixture_set_regions(&both.old, 2, (const uint32_t[]){20, 20}, (const uint32_t[]){1, 1});
    fixture_set_leaders(&both.old, 2);
    both.old.regions[0].name = "west";
    both.old.regions[1].name = "east";
    both.new.scenario.hierarchy.relay_silence_ns = 900 * MS;
    both.new.scenario.workload.report_every_ns = 400 * MS;
    expect_same(&both, "into a hierarchy that reports");
}
