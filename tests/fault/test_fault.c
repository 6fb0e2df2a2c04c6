// SPDX-License-Identifier: GPL-3.0-or-later
#include "fault.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define MS UINT64_C(1000000)
#define NEVER SIM_FAULT_NEVER
#define NODES 1000u

static uint32_t pick(uint64_t seed, uint32_t number, uint32_t count, uint32_t wanted,
                     uint32_t nodes[NODES])
{
    for (uint32_t i = 0; i < count; i++) {
        nodes[i] = 3 * i;
    }
    return sim_fault_pick(seed, &(struct sim_firing){0, 4, number}, nodes, count, wanted);
}

Test(fault, a_pick_is_ascending_of_the_given_nodes_and_each_only_once)
{
    uint32_t nodes[NODES];
    cr_assert_eq(pick(1, 0, NODES, 100, nodes), 100);
    for (uint32_t i = 0; i < 100; i++) {
        cr_expect(nodes[i] % 3 == 0 && nodes[i] < 3 * NODES);
        cr_expect(i == 0 || nodes[i] > nodes[i - 1]);
    }
    cr_expect_eq(pick(1, 0, 10, 20, nodes), 10, "no more than there are");
}

// Every node is as likely as every other: of 2,000 firings that hit a tenth of 50 nodes each is in
// 200, with a deviation of 13.4.
Test(fault, all_nodes_are_picked_as_often_as_each_other)
{
    uint32_t times[50] = {0};
    for (uint32_t firing = 0; firing < 2000; firing++) {
        uint32_t nodes[NODES];
        cr_assert_eq(pick(5, firing, 50, 5, nodes), 5);
        for (uint32_t i = 0; i < 5; i++) {
            times[nodes[i] / 3]++;
        }
    }
    for (uint32_t i = 0; i < 50; i++) {
        cr_expect(times[i] > 200 - 67 && times[i] < 200 + 67, "node %u: %u times", i, times[i]);
    }
}

Test(fault, a_node_more_pushes_out_one_of_those_picked_at_most)
{
    for (uint32_t seed = 0; seed < 50; seed++) {
        uint32_t few[NODES];
        uint32_t more[NODES];
        uint32_t common = 0;
        pick(seed, 0, 200, 20, few);
        pick(seed, 0, 201, 20, more);
        for (uint32_t i = 0; i < 20; i++) {
            for (uint32_t j = 0; j < 20; j++) {
                common += few[i] == more[j];
            }
        }
        cr_expect(common >= 19, "seed %u: %u in common", seed, common);
    }
}

Test(fault, shares_are_rounded_but_never_to_nobody)
{
    cr_expect_eq(sim_selection_wanted(&(struct sim_selection){0}, 77), 77);
    cr_expect_eq(sim_selection_wanted(&(struct sim_selection){.share_ppb = 250000000}, 10), 3);
    cr_expect_eq(sim_selection_wanted(&(struct sim_selection){.share_ppb = 240000000}, 10), 2);
    cr_expect_eq(sim_selection_wanted(&(struct sim_selection){.share_ppb = 1}, 10), 1);
    cr_expect_eq(sim_selection_wanted(&(struct sim_selection){.share_ppb = 1}, 0), 0);
    cr_expect_eq(sim_selection_wanted(&(struct sim_selection){.number = 7}, 5), 5);
}

Test(fault, later_firings_end_as_much_later)
{
    const struct sim_fault fault = {.verb = SIM_FAULT_CRASH,
                                    .at_ns = 10 * MS,
                                    .until_ns = 15 * MS,
                                    .every_ns = 100 * MS,
                                    .disk_lost = true};
    const struct sim_firing firing = {210 * MS, 0, 2};
    const uint32_t nodes[] = {4, 9};
    struct sim_action actions[4];
    cr_assert_eq(sim_fault_act(&fault, 1, &firing, nodes, 2, actions), 4);
    for (uint32_t i = 0; i < 4; i++) {
        cr_expect_eq(actions[i].kind, i % 2 == 0 ? SIM_ACTION_DOWN : SIM_ACTION_UP);
        cr_expect_eq(actions[i].time_ns, i % 2 == 0 ? 210 * MS : 215 * MS);
        cr_expect_eq(actions[i].node, nodes[i / 2]);
        cr_expect_eq(actions[i].until_ns, 215 * MS);
        cr_expect(actions[i].disk_lost);
    }
}

Test(fault, without_an_end_nothing_undoes_it)
{
    const struct sim_fault fault = {
        .verb = SIM_FAULT_PAUSE, .at_ns = 10 * MS, .until_ns = NEVER, .end_ns = NEVER};
    struct sim_action actions[2];
    const uint32_t node = 4;
    cr_assert_eq(sim_fault_act(&fault, 1, &(struct sim_firing){10 * MS, 0, 0}, &node, 1, actions),
                 1);
    cr_expect_eq(actions[0].kind, SIM_ACTION_PAUSE);
}

Test(fault, a_rolling_restart_takes_batch_after_batch)
{
    const struct sim_fault fault = {.verb = SIM_FAULT_ROLLING_RESTART,
                                    .at_ns = 10 * MS,
                                    .until_ns = NEVER,
                                    .down_ns = 5 * MS,
                                    .gap_ns = 20 * MS,
                                    .batch = 2};
    const uint32_t nodes[] = {1, 2, 3, 4, 5};
    struct sim_action actions[10];
    static const uint64_t down_ms[] = {10, 10, 30, 30, 50};
    cr_assert_eq(sim_fault_act(&fault, 1, &(struct sim_firing){10 * MS, 0, 0}, nodes, 5, actions),
                 10);
    for (uint32_t i = 0; i < 5; i++) {
        cr_expect_eq(actions[2 * i].time_ns, down_ms[i] * MS);
        cr_expect_eq(actions[2 * i + 1].time_ns, (down_ms[i] + 5) * MS);
        cr_expect_eq(actions[2 * i + 1].kind, SIM_ACTION_UP);
        cr_expect(actions[2 * i].leaves, "whoever is restarted in its turn can say so");
    }
}

Test(fault, who_crashes_or_is_reclaimed_without_notice_cannot_say_that_it_goes)
{
    struct sim_fault faults[] = {{.verb = SIM_FAULT_CRASH},
                                 {.verb = SIM_FAULT_SPOT_RECLAIM},
                                 {.verb = SIM_FAULT_SPOT_RECLAIM}};
    const uint32_t node = 4;
    faults[2].notice_ns = 5 * MS;
    for (uint32_t i = 0; i < 3; i++) {
        struct sim_action actions[SIM_FAULT_ACTIONS_MAX];
        faults[i].until_ns = NEVER;
        uint32_t count =
            sim_fault_act(&faults[i], 1, &(struct sim_firing){10 * MS, 0, 0}, &node, 1, actions);
        cr_assert_eq(actions[count - 1].kind, SIM_ACTION_DOWN);
        cr_expect_eq(actions[count - 1].leaves, i == 2);
    }
}

Test(fault, a_rolling_restart_may_give_notice_before_each_goes_down)
{
    const struct sim_fault fault = {.verb = SIM_FAULT_ROLLING_RESTART,
                                    .at_ns = 10 * MS,
                                    .until_ns = NEVER,
                                    .down_ns = 5 * MS,
                                    .gap_ns = 20 * MS,
                                    .batch = 1,
                                    .notice_ns = 3 * MS};
    const uint32_t nodes[] = {1, 2};
    struct sim_action actions[2 * SIM_FAULT_ACTIONS_MAX];
    cr_assert_eq(sim_fault_act(&fault, 1, &(struct sim_firing){10 * MS, 0, 0}, nodes, 2, actions),
                 8);
    for (uint32_t i = 0; i < 2; i++) {
        const struct sim_action *own = &actions[4 * i];
        uint64_t turn_ns = (10 + 20 * i) * MS;
        cr_expect(own[0].kind == SIM_ACTION_DRAIN && own[0].time_ns == turn_ns);
        cr_expect(own[1].kind == SIM_ACTION_UNDRAIN && own[1].time_ns == turn_ns + 3 * MS);
        cr_expect(own[2].kind == SIM_ACTION_DOWN && own[2].time_ns == turn_ns + 3 * MS);
        cr_expect(own[3].kind == SIM_ACTION_UP && own[3].time_ns == turn_ns + 8 * MS);
    }
}

Test(fault, who_joins_in_a_mass_is_away_from_the_start_and_comes_without_a_disk_within_the_span)
{
    const struct sim_fault fault = {.verb = SIM_FAULT_MASS_JOIN,
                                    .at_ns = 100 * MS,
                                    .until_ns = NEVER,
                                    .over_ns = 50 * MS,
                                    .disk_lost = true};
    uint32_t nodes[NODES];
    struct sim_action *actions = calloc(2 * NODES, sizeof *actions);
    uint32_t early = 0;
    cr_assert_not_null(actions);
    for (uint32_t i = 0; i < NODES; i++) {
        nodes[i] = i;
    }
    cr_assert_eq(sim_fault_act(&fault, 1, &(struct sim_firing){0, 0, 0}, nodes, NODES, actions),
                 2 * NODES);
    for (uint32_t i = 0; i < NODES; i++) {
        cr_expect(actions[2 * i].time_ns == 0 && actions[2 * i].disk_lost);
        uint64_t joins_ns = actions[2 * i + 1].time_ns;
        cr_expect(joins_ns >= 100 * MS && joins_ns < 150 * MS);
        early += joins_ns < 125 * MS;
    }
    cr_expect(early > 420 && early < 580, "%u of 1,000 in the first half", early);
    free(actions);
}
