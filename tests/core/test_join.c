// SPDX-License-Identifier: GPL-3.0-or-later
// Nodes that start from a peer's snapshot, told as stories.
#include <criterion/criterion.h>

#include "lab.h"

static struct lab lab;

// A has written two updates that B and C hold for good; one of them, or none, is released.
static void settle_two(struct lab_settings settings, bool release)
{
    struct dice dice = {1};
    settings.nodes = 3;
    lab_init(&lab, settings);
    lab_increment(&lab, 0, 1, 10);
    lab_increment(&lab, 0, 1, 20);
    for (uint32_t round = 0; round < 5; round++) {
        for (uint32_t node = 0; node < 3; node++) {
            lab_tick(&lab, node);
            lab_settle(&lab);
        }
    }
    while (release && lab.released_count < 2) {
        lab_release(&lab, &dice);
    }
    lab_tell_anew(&lab);
    lab.now_ns = 0;
}

static void expect_all_equal(void)
{
    for (uint32_t node = 0; node < lab.scope.count; node++) {
        cr_expect_eq(lab_held_count(&lab, node), lab.write_count, "%c\n%s", (int)('A' + node),
                     lab.story);
        cr_expect_arr_eq(lab_replica(&lab, node)->hash, lab_replica(&lab, 0)->hash, 16, "%s",
                         lab.story);
    }
}

Test(join, a_snapshot_brings_updates_in_lanes_and_released_ones)
{
    for (uint32_t own = 0; own < 2; own++) {
        settle_two((struct lab_settings){.mode = MESH_PUSH_PULL, .own_tables = own == 1}, true);
        lab_increment(&lab, 1, 1, 5);
        lab_join(&lab, 2, 1);
        lab_settle(&lab);
        lab_expect_story(&lab, "   1 ms  B writes B1: persists B1, learns B1\n"
                               "   2 ms  C joins: sends JOIN {} to B\n"
                               "   3 ms  B hears JOIN {} from C: sends SNAPSHOT {B1} to C\n"
                               "   4 ms  C hears SNAPSHOT {B1} from B: learns B1\n");
        cr_expect_arr_eq(lab_replica(&lab, 2)->hash, lab_replica(&lab, 1)->hash, 16);
        lab_tick(&lab, 2);
        lab_settle(&lab);
        expect_all_equal();
        lab_finish(&lab);
    }
}

Test(join, who_waits_learns_and_answers_nothing_and_its_tick_asks_again)
{
    settle_two((struct lab_settings){.mode = MESH_PUSH_PULL}, false);
    lab_join(&lab, 2, 0);
    lab_lose_all(&lab);
    lab_increment(&lab, 2, 1, 7);
    lab_increment(&lab, 1, 1, 5);
    lab_tick(&lab, 1);
    lab_settle(&lab);
    lab_expect_story(&lab, "   1 ms  C joins: sends JOIN {} to A\n"
                           "   2 ms  C writes C1: persists C1, learns C1\n"
                           "   3 ms  B writes B1: persists B1, learns B1\n"
                           "   4 ms  B ticks: sends OPEN {B1} to A C\n"
                           "   5 ms  C hears OPEN {B1} from B: learns B1\n"
                           "   6 ms  A hears OPEN {B1} from B: learns B1\n");
    lab_tick(&lab, 2);
    cr_assert_eq(lab.flight_count, 1);
    cr_expect_eq(lab.flights[0].message->kind, MESH_MESSAGE_JOIN);
    lab_settle(&lab);
    cr_expect(lab_held_count(&lab, 2) == 4 && !lab_replica(&lab, 2)->joining, "%s", lab.story);
    lab_tick(&lab, 2);
    lab_settle(&lab);
    expect_all_equal();
    lab_finish(&lab);
}

Test(join, who_waits_has_nothing_to_give_to_another_who_waits)
{
    settle_two((struct lab_settings){.mode = MESH_PULL}, true);
    lab_join(&lab, 1, 0);
    lab_join(&lab, 2, 1);
    lab_lose(&lab, 0);
    lab_settle(&lab);
    lab_expect_story(&lab, "   1 ms  B joins: sends JOIN {} to A\n"
                           "   2 ms  C joins: sends JOIN {} to B\n"
                           "   3 ms  B hears JOIN {} from C: nothing\n");
    lab_finish(&lab);
}

Test(join, a_second_snapshot_changes_nothing)
{
    settle_two((struct lab_settings){.mode = MESH_EAGER}, true);
    lab_join(&lab, 2, 1);
    lab_deliver(&lab, 0, false);
    lab_deliver(&lab, 0, true);
    lab_increment(&lab, 2, 1, 3);
    uint64_t hash = lab_replica(&lab, 2)->hash[0];
    lab_deliver(&lab, 0, false);
    cr_expect_eq(lab_replica(&lab, 2)->hash[0], hash);
    lab_finish(&lab);
}

// What C heard since its last tick is in the snapshot too: it must not be counted twice, and what
// B heard since its own last tick is not in it yet.
Test(join, in_a_synchronous_scope_a_snapshot_holds_what_counts_as_held)
{
    settle_two((struct lab_settings){.mode = MESH_PUSH_PULL, .schedule = MESH_SYNCHRONOUS}, true);
    lab_increment(&lab, 0, 1, 5);
    lab_tick(&lab, 0);  // A1 is told
    lab_join(&lab, 2, 1);
    lab_deliver(&lab, 0, false);
    lab_deliver(&lab, 0, false);  // B and C have heard it
    lab_lose_all(&lab);
    lab_tick(&lab, 1);  // now it counts for B
    lab_lose_all(&lab);
    lab_increment(&lab, 1, 1, 6);
    lab_tick(&lab, 2);
    lab_settle(&lab);
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t node = 0; node < 3; node++) {
            lab_tick(&lab, node);
        }
        lab_settle(&lab);
    }
    for (uint32_t node = 0; node < 3; node++) {
        lab_tick(&lab, node);
    }
    expect_all_equal();
    lab_finish(&lab);
}

Test(join, rumours_heard_while_waiting_are_learnt_without_feedback)
{
    settle_two((struct lab_settings){.mode = MESH_RUMOR, .rumor = {.feedback = true, .k = 2}},
               false);
    lab_join(&lab, 2, 0);
    lab_lose_all(&lab);
    lab_increment(&lab, 1, 1, 5);
    lab_tick(&lab, 1);
    for (uint32_t i = lab.flight_count; i-- > 0;) {
        lab_deliver(&lab, i, false);
    }
    cr_expect(lab_holds(&lab, 2, (struct mesh_dot){1, 1}));
    for (uint32_t i = 0; i < lab.flight_count; i++) {
        cr_expect_neq(lab.flights[i].message->source, 2, "%s", lab.story);
    }
    lab_finish(&lab);
}
