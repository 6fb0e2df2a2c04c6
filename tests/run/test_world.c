// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <gsl/gsl_cdf.h>
#include <string.h>

#include "fixture.h"
#include "world.h"

// ---- Places ----

// Agents of each zone, host by host, as the drawing of world.h lays them out.
static void expect_placed(struct fixture *fixture, uint32_t agents_per_host)
{
    fixture->scenario.network.agents_per_host = agents_per_host;
    struct sim_world world;
    sim_world_init(&world, &fixture->scenario, 1);
    uint32_t agent = 0;
    uint32_t host = 0;
    uint32_t zone = 0;
    for (uint32_t r = 0; r < fixture->scenario.region_count; r++) {
        const struct sim_region *region = &fixture->regions[r];
        uint32_t left = region->agents;
        for (uint32_t zones_left = region->zone_count; zones_left > 0; zones_left--, zone++) {
            uint32_t here = (left + zones_left - 1) / zones_left;  // the larger shares first
            left -= here;
            for (uint32_t i = 0; i < here; i++, agent++) {
                uint32_t wanted = host + i / agents_per_host;
                uint32_t got = world.places.host_of[agent];
                cr_assert(got == wanted, "agent %u on host %u, by hand on %u", agent, got, wanted);
                cr_assert(world.places.hosts[got].zone == zone &&
                              world.places.hosts[got].region == r,
                          "agent %u in zone %u of region %u, by hand in %u of %u", agent,
                          world.places.hosts[got].zone, world.places.hosts[got].region, zone, r);
            }
            host += (here + agents_per_host - 1) / agents_per_host;
        }
    }
    cr_expect(agent == fixture->scenario.agents && world.places.host_count == host,
              "%u hosts, by hand %u", world.places.host_count, host);
    sim_world_finish(&world);
}

Test(run, agents_are_dealt_evenly_to_zones_and_in_order_to_hosts)
{
    static const uint32_t per_host[] = {1, 2, 7, 250, 100000};
    struct fixture fixture;
    for (size_t i = 0; i < sizeof per_host / sizeof *per_host; i++) {
        fixture_init(&fixture, 1000);
        expect_placed(&fixture, per_host[i]);
        fixture_set_regions(&fixture, 1, (const uint32_t[]){1000}, (const uint32_t[]){3});
        expect_placed(&fixture, per_host[i]);
        fixture_set_regions(&fixture, 3, (const uint32_t[]){100, 5, 731},
                            (const uint32_t[]){4, 1, 3});
        expect_placed(&fixture, per_host[i]);
        fixture_set_regions(&fixture, 2, (const uint32_t[]){2, 3}, (const uint32_t[]){5, 2});
        expect_placed(&fixture, per_host[i]);
    }
}

Test(run, a_thousand_agents_in_three_zones_sit_on_six_hosts)
{
    struct fixture fixture;
    struct sim_world world;
    fixture_init(&fixture, 1000);
    fixture_set_regions(&fixture, 1, (const uint32_t[]){1000}, (const uint32_t[]){3});
    sim_world_init(&world, &fixture.scenario, 1);
    // 334 + 333 + 333; of each zone 250 on its first host and the others on its second.
    static const struct {
        uint32_t agent, host, zone;
    } some[] = {{0, 0, 0},   {249, 0, 0}, {250, 1, 0}, {333, 1, 0}, {334, 2, 1},
                {583, 2, 1}, {584, 3, 1}, {666, 3, 1}, {667, 4, 2}, {999, 5, 2}};
    cr_expect(world.places.host_count == 6);
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        uint32_t host = world.places.host_of[some[i].agent];
        cr_expect(host == some[i].host && world.places.hosts[host].zone == some[i].zone,
                  "agent %u on host %u", some[i].agent, host);
    }
    cr_expect(sim_network_pair(&world.network, 0, 249) == SIM_SAME_HOST);
    cr_expect(sim_network_pair(&world.network, 0, 250) == SIM_SAME_ZONE);
    cr_expect(sim_network_pair(&world.network, 0, 334) == SIM_SAME_REGION);
    sim_world_finish(&world);
}

// ---- Groups ----

static const struct sim_latency near_ms = {SIM_UNIFORM, 1 * MS, 3 * MS};   // mean 2,000 us
static const struct sim_latency zone_ms = {SIM_CONSTANT, 4 * MS, 4 * MS};  // 4,000
static const struct sim_latency far_ms = {SIM_UNIFORM, 50 * MS, 100 * MS};
static const struct sim_latency host_ms = {SIM_CONSTANT, 500000, 500000};

static void expect_groups(const struct fixture *fixture, uint32_t count, const uint32_t *starts,
                          const uint32_t *distance)
{
    struct sim_world world;
    sim_world_init(&world, &fixture->scenario, 1);
    cr_assert(world.scopes.items->group_count == count, "%u groups, by hand %u",
              world.scopes.items->group_count, count);
    for (uint32_t i = 0; i <= count; i++) {
        cr_expect(world.scopes.items->group_starts[i] == starts[i],
                  "group %u starts at %u, by hand %u", i, world.scopes.items->group_starts[i],
                  starts[i]);
    }
    for (uint32_t i = 0; i < count * count; i++) {
        cr_expect(world.scopes.items->group_distance[i] == distance[i],
                  "from group %u to %u: %u us, by hand %u", i / count, i % count,
                  world.scopes.items->group_distance[i], distance[i]);
    }
    sim_world_finish(&world);
}

static void init_groups(struct fixture *fixture)
{
    fixture_init(fixture, 100);
    fixture->scenario.network.latency[SIM_SAME_HOST] = host_ms;
    fixture->scenario.network.latency[SIM_SAME_ZONE] = near_ms;
    fixture->scenario.network.latency[SIM_SAME_REGION] = zone_ms;
    fixture->scenario.network.latency[SIM_INTER_REGION] = far_ms;
}

Test(run, zones_of_one_region_are_the_groups_of_biased_peers)
{
    struct fixture fixture;
    init_groups(&fixture);
    fixture.scenario.network.agents_per_host = 10;
    fixture_set_regions(&fixture, 1, (const uint32_t[]){41}, (const uint32_t[]){3});
    expect_groups(&fixture, 3, (const uint32_t[]){0, 14, 28, 41},
                  (const uint32_t[]){2000, 4000, 4000, 4000, 2000, 4000, 4000, 4000, 2000});
    fixture.scenario.network.agents_per_host = 250;  // a host per zone: that is what lies within
    expect_groups(&fixture, 3, (const uint32_t[]){0, 14, 28, 41},
                  (const uint32_t[]){500, 4000, 4000, 4000, 500, 4000, 4000, 4000, 500});
    fixture_set_regions(&fixture, 1, (const uint32_t[]){2}, (const uint32_t[]){5});
    expect_groups(&fixture, 2, (const uint32_t[]){0, 1, 2},
                  (const uint32_t[]){500, 4000, 4000, 500});  // three zones are empty
}

Test(run, several_regions_are_the_groups_whatever_their_zones)
{
    struct fixture fixture;
    init_groups(&fixture);
    fixture_set_regions(&fixture, 3, (const uint32_t[]){5, 0, 300}, (const uint32_t[]){2, 1, 1});
    // Zones apart in the first, one zone on two hosts in the last; nobody in the second.
    expect_groups(&fixture, 2, (const uint32_t[]){0, 5, 305},
                  (const uint32_t[]){4000, 75000, 75000, 2000});
}

Test(run, the_scope_takes_mode_schedule_and_peers_of_the_scenario)
{
    struct fixture fixture;
    struct sim_world world;
    init_groups(&fixture);
    fixture.scenario.gossip.mode = MESH_RUMOR;
    fixture.scenario.gossip.schedule = MESH_POISSON;
    fixture.scenario.gossip.rumor =
        (struct mesh_rumor){.pull = true, .coin = true, .feedback = true, .k = 5};
    fixture.scenario.gossip.selection = MESH_HYBRID;
    fixture.scenario.gossip.bias_percent = 70;
    sim_world_init(&world, &fixture.scenario, 1);
    cr_expect(world.scopes.items->mode == MESH_RUMOR &&
              world.scopes.items->schedule == MESH_POISSON);
    cr_expect(world.scopes.items->rumor.pull && world.scopes.items->rumor.coin &&
              world.scopes.items->rumor.feedback && world.scopes.items->rumor.k == 5);
    cr_expect(world.scopes.items->selection == MESH_HYBRID &&
              world.scopes.items->bias_percent == 70);
    sim_world_finish(&world);
}

// ---- Writes ----

static void plan(struct fixture *fixture, uint32_t agents, uint32_t updates, uint64_t every_ns)
{
    fixture_init(fixture, agents);
    fixture->scenario.workload = (struct sim_workload){
        .updates = updates,
        .first_write_ns = 5 * MS,
        .every_ns = every_ns,
        .writers = SIM_WRITERS_RANDOM,
        .crdt = SIM_LWW_REGISTER,
        .value_bytes = 37,
        .keys = 4,
    };
}

Test(run, update_u_is_written_at_its_time_to_key_u_modulo_keys)
{
    struct fixture fixture;
    struct sim_world world;
    plan(&fixture, 100, 10, 3 * MS);
    sim_world_init(&world, &fixture.scenario, 7);
    for (uint32_t u = 0; u < 10; u++) {
        cr_expect(world.writes[u].time_ns == (5 + 3 * u) * MS, "update %u", u);
        cr_expect(world.writes[u].write.key == u % 4, "update %u", u);
        cr_expect(world.writes[u].write.type == MESH_LWW_SET);
        cr_expect(world.writes[u].write.value_bytes == 37);
        cr_expect(world.writes[u].node < 100);
    }
    sim_world_finish(&world);
}

Test(run, the_same_seed_plans_the_same_writes_and_another_seed_others)
{
    struct fixture fixture;
    struct sim_world worlds[3];
    plan(&fixture, 1000, 50, 1 * MS);
    for (uint32_t i = 0; i < 3; i++) {
        sim_world_init(&worlds[i], &fixture.scenario, i == 2 ? 8 : 7);
    }
    uint32_t same_writers = 0;
    uint32_t same_values = 0;
    for (uint32_t u = 0; u < 50; u++) {
        const struct sim_write *a = &worlds[0].writes[u];
        const struct sim_write *b = &worlds[1].writes[u];
        const struct sim_write *c = &worlds[2].writes[u];
        cr_expect(a->node == b->node && memcmp(a->write.value, b->write.value, 37) == 0);
        same_writers += a->node == c->node;
        same_values += memcmp(a->write.value, c->write.value, 37) == 0;
        same_values += memcmp(a->write.value, worlds[0].writes[(u + 1) % 50].write.value, 37) == 0;
    }
    cr_expect(same_values == 0 && same_writers < 5, "%u writers are the same", same_writers);
    for (uint32_t i = 0; i < 3; i++) {
        sim_world_finish(&worlds[i]);
    }
}

Test(run, what_is_written_when_does_not_depend_on_how_many_agents_there_are)
{
    struct fixture few;
    struct fixture many;
    struct sim_world a;
    struct sim_world b;
    plan(&few, 10, 50, 1 * MS);
    plan(&many, 5000, 50, 1 * MS);
    sim_world_init(&a, &few.scenario, 7);
    sim_world_init(&b, &many.scenario, 7);
    for (uint32_t u = 0; u < 50; u++) {
        cr_expect(a.writes[u].time_ns == b.writes[u].time_ns);
        cr_expect(memcmp(a.writes[u].write.value, b.writes[u].write.value, 37) == 0, "update %u",
                  u);
        // The draw is shared, too: the writer has the same place among all agents.
        cr_expect(a.writes[u].node == b.writes[u].node / 500, "update %u: %u of 10, %u of 5000", u,
                  a.writes[u].node, b.writes[u].node);
    }
    sim_world_finish(&a);
    sim_world_finish(&b);
}

Test(run, writes_of_one_instant_and_node_stay_in_the_order_of_the_updates)
{
    struct fixture fixture;
    struct sim_world together;
    struct sim_world apart;
    plan(&fixture, 3, 300, 0);
    sim_world_init(&together, &fixture.scenario, 7);
    fixture.scenario.workload.every_ns = 1;  // the order of the updates, with the same values
    sim_world_init(&apart, &fixture.scenario, 7);
    uint32_t next = 0;
    for (uint32_t node = 0; node < 3; node++) {
        for (uint32_t u = 0; u < 300; u++) {
            const struct sim_write *wanted = &apart.writes[u];
            if (wanted->node != node) {
                continue;
            }
            const struct sim_write *write = &together.writes[next++];
            cr_assert(write->node == node && write->write.key == wanted->write.key &&
                          memcmp(write->write.value, wanted->write.value, 37) == 0,
                      "place %u is not update %u", next - 1, u);
        }
    }
    cr_expect(next == 300);
    sim_world_finish(&together);
    sim_world_finish(&apart);
}

Test(run, random_writers_are_uniform_and_first_is_agent_0)
{
    enum { AGENTS = 20, UPDATES = 20000 };
    struct fixture fixture;
    struct sim_world world;
    plan(&fixture, AGENTS, UPDATES, 1);
    sim_world_init(&world, &fixture.scenario, 3);
    double counts[AGENTS] = {0};
    for (uint32_t u = 0; u < UPDATES; u++) {
        counts[world.writes[u].node]++;
    }
    double chi = 0;
    for (uint32_t agent = 0; agent < AGENTS; agent++) {
        double off = counts[agent] - (double)UPDATES / AGENTS;
        chi += off * off / ((double)UPDATES / AGENTS);
    }
    cr_expect(gsl_cdf_chisq_Q(chi, AGENTS - 1) > 1e-9, "chi-square %g of %d cells", chi, AGENTS);
    sim_world_finish(&world);

    fixture.scenario.workload.writers = SIM_WRITERS_FIRST;
    sim_world_init(&world, &fixture.scenario, 3);
    for (uint32_t u = 0; u < UPDATES; u++) {
        cr_assert(world.writes[u].node == 0);
    }
    sim_world_finish(&world);
}

Test(run, a_counter_grows_by_one_per_update_and_has_no_value_bytes)
{
    struct fixture fixture;
    struct sim_world world;
    plan(&fixture, 10, 5, 1);
    fixture.scenario.workload.crdt = SIM_G_COUNTER;
    sim_world_init(&world, &fixture.scenario, 3);
    for (uint32_t u = 0; u < 5; u++) {
        cr_expect(world.writes[u].write.type == MESH_G_INCREMENT);
        cr_expect(world.writes[u].write.amount == 1 && world.writes[u].write.value_bytes == 0);
    }
    sim_world_finish(&world);
}
