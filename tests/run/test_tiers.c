// SPDX-License-Identifier: GPL-3.0-or-later
// Meshes of several scopes: regions with bridges, edges below aggregators and coordinators.
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "connections.h"
#include "fixture.h"
#include "hosts.h"
#include "reporting.h"
#include "world.h"

// ---- Who gossips with whom ----

Test(run, every_region_is_a_home_and_its_candidates_are_a_group)
{
    struct fixture fixture;
    struct sim_world world;
    fixture_init(&fixture, 10);
    fixture_set_regions(&fixture, 3, (const uint32_t[]){100, 50, 3}, (const uint32_t[]){2, 1, 1});
    fixture_set_leaders(&fixture, 3);
    sim_world_init(&world, &fixture.scenario, 1);
    cr_assert(world.scopes.count == 4);
    for (uint32_t r = 0; r < 3; r++) {
        const struct mesh_scope *home = &world.scopes.items[r];
        cr_expect(home->first == world.places.regions.starts[r]);
        cr_expect(home->count == fixture.regions[r].agents && home->fanout == 3);
        cr_expect(home->interval_ns == 100 * MS && world.scopes.ticks[r] == SIM_TICK_GOSSIP);
    }
    const struct mesh_scope *bridges = &world.scopes.items[3];
    static const uint32_t wanted[] = {0, 20, 40, 60, 80, 100, 110, 120, 130, 140, 150, 151, 152};
    cr_assert(bridges->count == 13 && bridges->group_count == 3);
    for (uint32_t i = 0; i < 13; i++) {
        cr_expect(bridges->members[i] == wanted[i], "candidate %u is agent %u", i,
                  bridges->members[i]);
    }
    cr_expect(bridges->selection == MESH_OTHER_GROUPS && bridges->group_starts[1] == 5);
    cr_assert_eq(world.mesh.raft_count, 3);
    cr_expect(world.mesh.bridge_scope == 3 && world.mesh.raft[1].scope == 1);
    cr_expect(world.mesh.raft[1].roster == bridges->members + 5);
    cr_expect(world.mesh.raft[2].roster_count == 3 && world.mesh.raft[2].bridge_count == 3);
    cr_expect(bridges->interval_ns == 500 * MS && bridges->fanout == 1);
    cr_expect(world.scopes.ticks[3] == SIM_TICK_LINK);
    sim_world_finish(&world);
}

Test(run, a_hierarchy_has_a_scope_per_edge_two_tiers_and_a_link_per_aggregator)
{
    struct fixture fixture;
    struct sim_world world;
    fixture_init(&fixture, 101);
    fixture_set_hierarchy(&fixture, 2, 2, 3);  // 12 edges, 4 aggregators
    fixture.scenario.network.agents_per_host = 5;
    sim_world_init(&world, &fixture.scenario, 1);
    const struct sim_places *places = &world.places;
    cr_assert(places->nodes == 101 + 4 + 3 && places->edges.count == 12);
    cr_assert(world.scopes.count == 12 + 2 + 4);
    uint32_t agent = 0;
    for (uint32_t edge = 0; edge < 12; edge++) {
        const struct mesh_scope *home = &world.scopes.items[edge];
        // 51 and 50 agents: 9 in the first three edges of region 0, 8 elsewhere but in two of 9
        uint32_t here = edge < 3 || edge == 6 || edge == 7 ? 9 : 8;
        cr_expect(home->first == agent && home->count == here, "edge %u: %u agents", edge,
                  home->count);
        cr_expect(places->host_of[agent] != places->host_of[agent + here],
                  "edge %u shares a host with what follows", edge);
        agent += here;
    }
    cr_expect(agent == 101);
    const struct mesh_scope *up = &world.scopes.items[12];
    cr_expect(up->first == 101 && up->count == 4 && up->fanout == 2);
    cr_expect(up->callee_count == 3 && up->callees[0] == 105 && up->callees[2] == 107);
    cr_expect(up->interval_ns == 300 * MS);
    const struct mesh_scope *top = &world.scopes.items[13];
    cr_expect(top->first == 105 && top->count == 3 && top->interval_ns == 700 * MS);
    for (uint32_t i = 0; i < 4; i++) {
        const struct mesh_scope *link = &world.scopes.items[14 + i];
        cr_assert(link->count == 6 && link->callee_count == 1 && link->callees[0] == 101 + i);
        for (uint32_t j = 0; j < 6; j++) {
            uint32_t edge = 3 * i + j / 2;
            cr_expect(sim_shares_find(&places->edges, link->members[j]) == edge,
                      "relay %u of edge %u lives elsewhere", link->members[j], edge);
            cr_expect(j == 0 || link->members[j - 1] < link->members[j]);
        }
        cr_expect(places->hosts[places->host_of[101 + i]].region == i / 2);
        cr_expect(sim_network_pair(&world.network, link->members[0], 101 + i) ==
                  SIM_EDGE_AGGREGATOR);
        cr_expect(sim_network_pair(&world.network, 101 + i, 105) == SIM_AGGREGATOR_COORDINATOR);
    }
    sim_world_finish(&world);
}

Test(run, a_relay_that_goes_is_replaced_by_one_agent_and_nobody_else_changes)
{
    uint32_t before[5];
    uint32_t after[5];
    uint32_t replaced = 0;
    for (uint32_t edge = 0; edge < 200; edge++) {
        uint32_t first = 64 * edge;
        uint64_t *gone = calloc(200, sizeof *gone);
        cr_assert(sim_scopes_relays(7, edge, first, first + 64, gone, 5, before) == 5);
        uint32_t dead = before[edge % 5];
        gone[dead / 64] |= UINT64_C(1) << dead % 64;
        cr_assert(sim_scopes_relays(7, edge, first, first + 64, gone, 5, after) == 5);
        uint32_t kept = 0;
        for (uint32_t i = 0; i < 5; i++) {
            cr_expect(after[i] != dead && after[i] - first < 64);
            for (uint32_t j = 0; j < 5; j++) {
                kept += before[i] == after[j];
            }
        }
        cr_expect(kept == 4, "edge %u: %u relays stay", edge, kept);
        replaced += kept == 4;
        free(gone);
    }
    cr_expect(replaced == 200);
    cr_expect(sim_scopes_relays(7, 0, 10, 13, NULL, 5, after) == 3);  // all there are
    cr_expect(after[0] == 10 && after[1] == 11 && after[2] == 12);
}

// ---- What comes of it ----

static void expect_whole(const struct sim_result *result, uint32_t agents, bool edges)
{
    for (uint32_t u = 0; u < result->update_count; u++) {
        const struct sim_update_result *update = &result->updates[u];
        const struct sim_near *region = &update->near[SIM_REACH_REGION];
        const struct sim_near *edge = &update->near[SIM_REACH_EDGE];
        cr_assert(update->held == agents && update->all_ns != SIM_TIME_NEVER, "update %u: %u", u,
                  update->held);
        cr_expect(sim_path_tick_ns(&update->path) + update->path.network_ns == update->theta_ns);
        cr_expect(region->held == region->cohort && region->cohort > 0);
        cr_expect(region->theta_ns <= update->all_ns);
        cr_expect((edge->cohort > 0) == edges && edge->held == edge->cohort);
        cr_expect(!edges || edge->theta_ns <= update->all_ns);
    }
    for (uint32_t i = 0; i < result->curve_count; i++) {
        const struct sim_curve *curve = &result->curves[i];
        cr_expect(curve->held[curve->point_count - 1] == curve->pairs, "curve %u", i);
    }
}

static uint64_t messages(const struct sim_result *result, enum sim_pair_class pair)
{
    uint64_t sum = 0;
    for (uint32_t kind = 1; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        sum += result->traffic[kind][pair].messages;
    }
    return sum;
}

static void init_leaders(struct fixture *fixture, enum mesh_mode mode)
{
    fixture_init(fixture, 10);
    fixture_set_regions(fixture, 3, (const uint32_t[]){120, 80, 40}, (const uint32_t[]){2, 1, 1});
    fixture_set_leaders(fixture, 3);
    fixture->scenario.gossip.mode = mode;
    fixture->scenario.gossip.rumor = (struct mesh_rumor){.feedback = true, .k = 8};
    fixture->scenario.workload.updates = 20;
    fixture->scenario.workload.every_ns = 10 * MS;
    fixture->scenario.network.latency[SIM_INTER_REGION] =
        (struct sim_latency){SIM_UNIFORM, 50 * MS, 100 * MS};
}

Test(run, bridges_carry_updates_to_every_region)
{
    static const enum mesh_mode modes[] = {MESH_PUSH, MESH_PULL, MESH_PUSH_PULL, MESH_EAGER};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct fixture fixture;
        struct sim_result result;
        init_leaders(&fixture, modes[i]);
        fixture_run(&fixture, 0, &result);
        expect_whole(&result, 240, false);
        cr_expect(result.curve_count == 2 + 3);
        cr_expect(result.interval_ns[SIM_REACH_REGION] == 100 * MS);
        cr_expect(result.interval_ns[SIM_REACH_ALL] == 500 * MS);
        uint64_t link_ns = 0;
        for (uint32_t u = 0; u < result.update_count; u++) {
            link_ns += result.updates[u].path.tick_ns[SIM_TICK_LINK];
            cr_expect(result.updates[u].path.tick_ns[SIM_TICK_GLOBAL] == 0);
            cr_expect(result.updates[u].all_ns > 50 * MS, "faster than light");
        }
        cr_expect(link_ns > 0);
        // Nine bridges open an exchange with one other every 500 ms, and nobody else crosses.
        uint64_t opened = result.traffic[MESH_MESSAGE_OPEN][SIM_INTER_REGION].messages;
        uint64_t ticks = 9 * (result.simulated_ns / (500 * MS) + 1);
        cr_expect(opened <= ticks && opened + 9 >= 9 * (result.simulated_ns / (500 * MS)),
                  "%" PRIu64 " exchanges opened, %" PRIu64 " ticks", opened, ticks);
        sim_result_finish(&result);
    }
}

Test(run, a_rumor_crosses_bridges_too)
{
    struct fixture fixture;
    struct sim_result result;
    init_leaders(&fixture, MESH_RUMOR);
    fixture.scenario.gossip.threshold_ppb = 900000000;
    fixture.scenario.duration_ns = 10000 * MS;
    fixture_run(&fixture, 0, &result);
    for (uint32_t u = 0; u < result.update_count; u++) {
        cr_expect(result.updates[u].theta_ns != SIM_TIME_NEVER, "update %u", u);
    }
    sim_result_finish(&result);
}

static void init_hierarchy(struct fixture *fixture)
{
    fixture_init(fixture, 240);
    fixture_set_hierarchy(fixture, 2, 2, 3);
    fixture->scenario.workload.updates = 20;
    fixture->scenario.workload.every_ns = 10 * MS;
    fixture->scenario.network.latency[SIM_EDGE_AGGREGATOR] =
        (struct sim_latency){SIM_UNIFORM, 10 * MS, 100 * MS};
    fixture->scenario.network.latency[SIM_AGGREGATOR_COORDINATOR] =
        (struct sim_latency){SIM_UNIFORM, 50 * MS, 100 * MS};
}

Test(run, updates_travel_up_a_hierarchy_and_down_again)
{
    struct fixture fixture;
    struct sim_result result;
    init_hierarchy(&fixture);
    fixture_run(&fixture, 0, &result);
    expect_whole(&result, 240, true);
    cr_expect(result.curve_count == 3 + 2);
    cr_expect(result.interval_ns[SIM_REACH_EDGE] == 100 * MS);
    cr_expect(result.interval_ns[SIM_REACH_REGION] == 300 * MS);
    cr_expect(result.interval_ns[SIM_REACH_ALL] == 700 * MS);
    uint64_t ticks_ns[SIM_TICK_COUNT] = {0};
    for (uint32_t u = 0; u < result.update_count; u++) {
        for (uint32_t tick = 0; tick < SIM_TICK_COUNT; tick++) {
            ticks_ns[tick] += result.updates[u].path.tick_ns[tick];
        }
        // Up and down: edge to aggregator twice, aggregator to coordinator twice.
        cr_expect(result.updates[u].all_ns > 120 * MS, "faster than light");
    }
    cr_expect(ticks_ns[SIM_TICK_GOSSIP] > 0 && ticks_ns[SIM_TICK_LINK] > 0);
    cr_expect(messages(&result, SIM_EDGE_AGGREGATOR) > 0);
    cr_expect(messages(&result, SIM_AGGREGATOR_COORDINATOR) > 0);
    sim_result_finish(&result);
}

// At 1 ms a hop nothing waits: a region's agents hear within some hops of their own, links and
// tiers take a few more.
Test(run, eager_links_leave_no_wait_for_ticks)
{
    struct fixture fixture;
    struct sim_result result;
    for (uint32_t i = 0; i < 2; i++) {
        if (i == 0) {
            init_leaders(&fixture, MESH_EAGER);
        } else {
            init_hierarchy(&fixture);
            fixture.scenario.gossip.mode = MESH_EAGER;
        }
        fixture_set_latency(&fixture, (struct sim_latency){SIM_CONSTANT, 1 * MS, 1 * MS});
        fixture_run(&fixture, 0, &result);
        uint64_t slowest_ns = 0;
        for (uint32_t u = 0; u < result.update_count; u++) {
            uint64_t theta_ns = result.updates[u].theta_ns;
            slowest_ns = theta_ns > slowest_ns ? theta_ns : slowest_ns;
        }
        cr_expect(slowest_ns > 100 * MS, "links tick every 300 and 500 ms: %" PRIu64, slowest_ns);
        sim_result_finish(&result);
        fixture.scenario.gossip.eager_links = true;
        fixture_run(&fixture, 0, &result);
        for (uint32_t u = 0; u < result.update_count; u++) {
            cr_expect(result.updates[u].half_ns < 30 * MS, "case %u: %" PRIu64 " ns", i,
                      result.updates[u].half_ns);
        }
        expect_whole(&result, 240, i == 1);
        sim_result_finish(&result);
    }
}

Test(run, windows_and_heap_agree_on_bridges_and_hierarchies)
{
    static const enum mesh_mode modes[] = {MESH_PUSH_PULL, MESH_EAGER};
    static const enum mesh_schedule schedules[] = {MESH_PHASED, MESH_SYNCHRONOUS, MESH_POISSON};
    for (uint32_t i = 0; i < 16; i++) {
        struct fixture fixture;
        struct sim_result windows;
        struct sim_result heap;
        if (i % 2 == 0) {
            init_leaders(&fixture, modes[i / 2 % 2]);
        } else {
            init_hierarchy(&fixture);
            fixture.scenario.gossip.mode = modes[i / 2 % 2];
        }
        fixture.scenario.gossip.schedule = schedules[i / 4 % 3];
        fixture.scenario.gossip.eager_links = i / 4 >= 2;
        fixture.scenario.network.transport = SIM_QUIC;
        fixture.scenario.network.connections.cold = i % 3 == 0;
        fixture_run(&fixture, 0, &windows);
        fixture.options.queue = SIM_QUEUE_HEAP;
        fixture_run(&fixture, 0, &heap);
        cr_expect(windows.fingerprint == heap.fingerprint, "case %u", i);
        cr_expect(memcmp(windows.traffic, heap.traffic, sizeof windows.traffic) == 0, "case %u", i);
        cr_expect(memcmp(windows.tiers, heap.tiers, sizeof windows.tiers) == 0, "case %u", i);
        expect_whole(&windows, 240, i % 2 == 1);
        sim_result_finish(&windows);
        sim_result_finish(&heap);
    }
}

// ---- Who pays ----

// A relay is connected to its edge and its aggregator; who is called has connections, too.
Test(run, warm_connections_are_those_of_every_scope_and_link)
{
    struct fixture fixture;
    struct sim_result result;
    init_hierarchy(&fixture);
    fixture.scenario.network.transport = SIM_QUIC;
    fixture_run(&fixture, 0, &result);
    const struct sim_tier_use *tiers = result.tiers;
    cr_assert(tiers[SIM_TIER_AGENT].hosts == 12 && tiers[SIM_TIER_AGGREGATOR].hosts == 4 &&
              tiers[SIM_TIER_COORDINATOR].hosts == 3);
    cr_expect(tiers[SIM_TIER_AGENT].peak[SIM_CONNECTIONS] == 20 * 19 + 2);
    cr_expect(tiers[SIM_TIER_AGGREGATOR].mean[SIM_CONNECTIONS] == 3 * 2 + 3);
    cr_expect(tiers[SIM_TIER_COORDINATOR].mean[SIM_CONNECTIONS] == 4 + 2);
    sim_result_finish(&result);

    // The first three of a region's candidates live in its first zone; each is connected with the
    // ten of other regions, any of which may become a bridge.
    init_leaders(&fixture, MESH_PUSH_PULL);
    fixture.scenario.network.transport = SIM_QUIC;
    fixture_run(&fixture, 0, &result);
    cr_assert(tiers[SIM_TIER_AGENT].hosts == 4 && tiers[SIM_TIER_AGGREGATOR].hosts == 0);
    cr_expect(tiers[SIM_TIER_AGENT].peak[SIM_CONNECTIONS] == 60 * 119 + 3 * 10);
    cr_expect(tiers[SIM_TIER_AGENT].mean[SIM_CONNECTIONS] ==
              (120 * 119 + 80 * 79 + 40 * 39 + 15 * 10) / 4);
    sim_result_finish(&result);
}

// Replicas of one word have 4 planes of 8 bytes behind a head of 32; books of a link are 24 bytes
// and 3 words; a row is what travels upwards, an entry what a relay holds of an agent.
Test(run, hosts_have_the_memory_of_links_rows_and_reports)
{
    struct fixture fixture;
    struct sim_result result;
    init_hierarchy(&fixture);
    fixture.scenario.workload.updates = 1;
    fixture.scenario.network.transport = SIM_UDP;
    fixture_run(&fixture, 0, &result);
    const struct sim_tier_use *tiers = result.tiers;
    uint64_t node = 32 + 4 * 8 + sizeof(struct mesh_update);
    uint64_t role = 24 + 3 * 8;
    cr_expect_eq(tiers[SIM_TIER_AGENT].peak[SIM_MEMORY], 20 * node + 2 * role);
    cr_expect_eq(tiers[SIM_TIER_COORDINATOR].peak[SIM_MEMORY], node);
    sim_result_finish(&result);

    fixture.scenario.workload.report_every_ns = 400 * MS;
    fixture.scenario.duration_ns = 300 * MS;  // two reports each: the last window ends behind it
    fixture_run(&fixture, 0, &result);
    uint32_t lanes = sim_reports_lanes(&fixture.scenario);
    uint32_t words = (lanes + 63) / 64;
    uint64_t agent = node + words * 4 * 8 + 16 +  // what it keeps of its vector
                     lanes * (sizeof(struct mesh_update) + (uint64_t)MESH_REPORT_BYTES_MAX);
    uint64_t relay = role + sizeof(struct mesh_row) + 20 * sizeof(struct mesh_report_entry);
    cr_expect_eq(tiers[SIM_TIER_AGENT].peak[SIM_MEMORY], 20 * agent + 2 * relay);
    cr_expect_eq(tiers[SIM_TIER_AGGREGATOR].peak[SIM_MEMORY], node + 3 * sizeof(struct mesh_row));
    cr_expect_eq(tiers[SIM_TIER_COORDINATOR].peak[SIM_MEMORY], node + 12 * sizeof(struct mesh_row));
    sim_result_finish(&result);
}

// Two ticks of fanout 3, in both directions; aggregators meet 6 relays and 3 coordinators.
Test(run, cold_pairs_are_remembered_by_the_nodes_of_every_tier)
{
    struct fixture fixture;
    uint64_t peers = 0;
    init_hierarchy(&fixture);
    fixture.scenario.duration_ns = 100 * MS;
    fixture.scenario.network.transport = SIM_QUIC;
    cr_expect(sim_hosts_pair_bytes(&fixture.scenario, &peers) == 0, "warm");
    fixture.scenario.network.connections.cold = true;
    cr_expect(sim_hosts_pair_bytes(&fixture.scenario, &peers) ==
              sim_connections_bytes(216, 12) + sim_connections_bytes(24, 13) +
                  sim_connections_bytes(4, 6 + 3) + sim_connections_bytes(3, 4 + 3));
    cr_expect(peers == 13);

    init_leaders(&fixture, MESH_PUSH_PULL);
    fixture.scenario.duration_ns = 100 * MS;
    fixture.scenario.network.transport = SIM_QUIC;
    fixture.scenario.network.connections.cold = true;
    cr_expect(sim_hosts_pair_bytes(&fixture.scenario, &peers) ==
              sim_connections_bytes(231, 12) + sim_connections_bytes(9, 12 + 2));
}

// What makes one message matter to the next: connections, channels of either sort, or both.
static void set_medium(struct fixture *fixture, uint32_t medium)
{
    struct sim_network_settings *network = &fixture->scenario.network;
    network->transport = SIM_QUIC;
    network->tls = true;
    network->agents_per_host = 10;
    network->loss_ppb = 20000000;
    network->duplicate_ppb = 20000000;
    switch (medium) {
    case 0:
        network->connections = (struct sim_connection_settings){
            .cold = true, .idle_timeout_ns = 300 * MS, .max_per_host = 60};
        break;
    case 1:
        network->channel = (struct sim_channel_settings){.fifo = true,
                                                         .corrupt_ppb = 10000000,
                                                         .rate_bits_per_s = 20000000,
                                                         .queue_packets = 50};
        break;
    case 2:
        network->channel = (struct sim_channel_settings){.bursts = true,
                                                         .enter_ppb = 10000000,
                                                         .leave_ppb = 300000000,
                                                         .bad_loss_ppb = 900000000,
                                                         .correlation_ppb = 500000000};
        break;
    default: set_medium(fixture, 0); network->channel = (struct sim_channel_settings){.fifo = true};
    }
}

Test(run, windows_and_heap_agree_on_reports_over_cold_connections_and_channels)
{
    static const enum mesh_schedule schedules[] = {MESH_PHASED, MESH_SYNCHRONOUS, MESH_POISSON};
    for (uint32_t i = 0; i < 12; i++) {
        struct fixture fixture;
        struct sim_result windows;
        struct sim_result heap;
        init_hierarchy(&fixture);
        fixture_set_latency(&fixture, (struct sim_latency){SIM_UNIFORM, 1 * MS, 10 * MS});
        set_medium(&fixture, i / 3);
        fixture.scenario.gossip.schedule = schedules[i % 3];
        fixture.scenario.gossip.mode = i % 2 == 0 ? MESH_PUSH_PULL : MESH_EAGER;
        fixture.scenario.workload.report_every_ns = 400 * MS;
        fixture.scenario.duration_ns = 2500 * MS;
        fixture_run(&fixture, 0, &windows);
        fixture.options.queue = SIM_QUEUE_HEAP;
        fixture_run(&fixture, 0, &heap);
        cr_expect(windows.fingerprint == heap.fingerprint && windows.events == heap.events,
                  "case %u", i);
        cr_expect(memcmp(windows.traffic, heap.traffic, sizeof windows.traffic) == 0, "case %u", i);
        cr_expect(windows.traffic[MESH_MESSAGE_ROWS][SIM_EDGE_AGGREGATOR].delivered > 0);
        sim_result_finish(&windows);
        sim_result_finish(&heap);
    }
}
