// SPDX-License-Identifier: GPL-3.0-or-later
// SWIM in meshes of several scopes: each by itself, and what follows for those who have roles.
#include <criterion/criterion.h>

#include "fixture.h"

static struct fixture fixture;
static struct sim_result result;

static void setup(void)
{
    fixture_init(&fixture, 120);
    fixture.scenario.duration_ns = 4000 * MS;
    fixture.scenario.workload.updates = 20;
    fixture.scenario.workload.every_ns = 100 * MS;
    fixture_set_swim(&fixture);
}

static void teardown(void)
{
    sim_result_finish(&result);
}

TestSuite(membership, .init = setup, .fini = teardown, .timeout = 60);

static const struct sim_fault relays_crash = {.verb = SIM_FAULT_CRASH,
                                              .at_ns = 500 * MS,
                                              .until_ns = 2500 * MS,
                                              .end_ns = SIM_FAULT_NEVER,
                                              .of = {.roles = 1u << SIM_ROLE_RELAY, .named = true}};

static void run_with(const struct sim_fault *fault)
{
    fixture.scenario.faults = fault;
    fixture.scenario.fault_count = 1;
    fixture_run(&fixture, 0, &result);
}

// Two regions of two aggregators of two edges of 15 agents, with two relays each; no aggregator
// would ever miss them.
static void set_tiers(void)
{
    fixture_set_hierarchy(&fixture, 2, 2, 2);
    fixture.scenario.hierarchy.relay_silence_ns = 3600000 * MS;
}

Test(membership, relays_found_to_be_dead_are_replaced_by_others_of_their_edge_and_hand_over)
{
    bool relays[120] = {false};
    uint32_t early = 0;
    set_tiers();
    run_with(&relays_crash);
    cr_assert_eq(result.membership.discovery_count, 16);
    for (uint32_t i = 0; i < 16; i++) {
        relays[result.membership.discoveries[i].node] = true;
    }
    bool crashed[120];
    for (uint32_t i = 0; i < 120; i++) {
        crashed[i] = relays[i];
    }
    for (uint32_t i = 0; i < result.takeover_count; i++) {
        const struct sim_takeover *takeover = &result.takeovers[i];
        cr_expect(takeover->time_ns > 600 * MS, "nobody can know so soon");
        cr_expect_eq(takeover->from / 15, takeover->to / 15, "of one edge");
        cr_expect(relays[takeover->from] && !relays[takeover->to]);
        relays[takeover->from] = false;
        relays[takeover->to] = true;
        early += takeover->time_ns < 2000 * MS && crashed[takeover->from];
    }
    cr_expect_eq(early, 16, "%u of 16 have a successor while they are away", early);
    for (uint32_t i = 0; i < 120; i++) {
        cr_expect_eq(relays[i], crashed[i], "agent %u: all are back, and as it was", i);
    }
}

Test(membership, without_swim_it_is_silence_that_counts)
{
    set_tiers();
    fixture.scenario.swim.runs = false;
    run_with(&relays_crash);
    cr_expect_eq(result.takeover_count, 0);
}

// The rest of an edge has no majority of it: 9 of 15 are down, relays or not.
Test(membership, without_a_majority_of_its_edge_nobody_takes_over)
{
    const struct sim_span most[] = {{0, 9},   {15, 24}, {30, 39}, {45, 54},
                                    {60, 69}, {75, 84}, {90, 99}, {105, 114}};
    struct sim_fault outage = relays_crash;
    set_tiers();
    outage.of = (struct sim_selection){
        .places = {[SIM_PLACE_NODE] = most}, .place_counts = {[SIM_PLACE_NODE] = 8}, .named = true};
    outage.until_ns = SIM_FAULT_NEVER;
    run_with(&outage);
    cr_assert_eq(result.membership.discovery_count, 72);
    // Until they know of too many: each knows a few at a time.
    for (uint32_t i = 0; i < result.takeover_count; i++) {
        cr_expect(result.takeovers[i].time_ns < 1500 * MS);
    }
    for (uint32_t agent = 9; agent < 15; agent++) {
        cr_expect_gt(result.membership.read_only[agent], 2000 * MS);
    }
}

// What a member of another region does is no concern of SWIM, nor is a cut between regions.
Test(membership, regions_with_leaders_look_after_their_own)
{
    static struct sim_fault crash = {.verb = SIM_FAULT_CRASH,
                                     .at_ns = 500 * MS,
                                     .until_ns = SIM_FAULT_NEVER,
                                     .end_ns = SIM_FAULT_NEVER,
                                     .of = {.number = 1, .named = true}};
    fixture_set_regions(&fixture, 3, (uint32_t[]){40, 40, 40}, (uint32_t[]){1, 1, 1});
    fixture_set_leaders(&fixture, 3);
    run_with(&crash);
    cr_assert_eq(result.membership.discovery_count, 1);
    cr_expect(result.membership.discoveries[0].all_ns < 1000 * MS, "the others of its region");
    cr_expect_eq(result.membership.false_suspicions, 0);
}

Test(membership, a_cut_between_regions_with_leaders_is_no_concern_of_swim)
{
    static struct sim_fault cut = {.verb = SIM_FAULT_PARTITION,
                                   .at_ns = 500 * MS,
                                   .until_ns = 2500 * MS,
                                   .end_ns = SIM_FAULT_NEVER,
                                   .by_place = true,
                                   .between = SIM_PLACE_REGION,
                                   .of = {.named = true}};
    fixture_set_regions(&fixture, 3, (uint32_t[]){40, 40, 40}, (uint32_t[]){1, 1, 1});
    fixture_set_leaders(&fixture, 3);
    run_with(&cut);
    cr_expect_eq(result.membership.separation_count, 0);
    cr_expect_eq(result.membership.refused_writes, 0);
    cr_expect_eq(result.membership.false_suspicions, 0);
}
