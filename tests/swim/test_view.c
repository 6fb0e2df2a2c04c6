// SPDX-License-Identifier: GPL-3.0-or-later
// What a node makes of news.
#include "dice.h"
#include "rig.h"

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
    rig_start(&rig);
}

static void expect_view(uint32_t node, enum mesh_swim_state state)
{
    cr_expect_eq(mesh_swim_state_of(&rig.swim, node), state, "node %u is %d to A, expected %d",
                 node, mesh_swim_state_of(&rig.swim, node), state);
}

Test(view, who_is_not_listed_is_alive, .init = setup)
{
    expect_view(D, MESH_SWIM_ALIVE);
    cr_expect_eq(rig.swim.count, 0);
}

Test(view, news_of_an_incarnation_go_from_alive_through_suspect_and_dead_to_left, .init = setup)
{
    rig_tell(&rig, D, 0, MESH_SWIM_SUSPECT, C);
    expect_view(D, MESH_SWIM_SUSPECT);
    rig_tell(&rig, D, 0, MESH_SWIM_ALIVE, MESH_NODE_NONE);
    expect_view(D, MESH_SWIM_SUSPECT);
    rig_tell(&rig, D, 0, MESH_SWIM_DEAD, MESH_NODE_NONE);
    expect_view(D, MESH_SWIM_DEAD);
    rig_tell(&rig, D, 0, MESH_SWIM_SUSPECT, C);
    expect_view(D, MESH_SWIM_DEAD);
    rig_tell(&rig, D, 0, MESH_SWIM_LEFT, MESH_NODE_NONE);
    expect_view(D, MESH_SWIM_LEFT);
}

Test(view, a_later_incarnation_of_the_dead_is_alive, .init = setup)
{
    rig_tell(&rig, D, 3, MESH_SWIM_DEAD, MESH_NODE_NONE);
    rig_tell(&rig, D, 3, MESH_SWIM_ALIVE, MESH_NODE_NONE);
    expect_view(D, MESH_SWIM_DEAD);
    rig_tell(&rig, D, 4, MESH_SWIM_ALIVE, MESH_NODE_NONE);
    expect_view(D, MESH_SWIM_ALIVE);
    rig_tell(&rig, D, 3, MESH_SWIM_DEAD, MESH_NODE_NONE);
    expect_view(D, MESH_SWIM_ALIVE);
}

Test(view, a_suspect_that_does_not_refute_is_dead_when_its_time_is_over, .init = setup)
{
    rig_tell(&rig, D, 0, MESH_SWIM_SUSPECT, C);
    rig_wait(&rig, 499);
    expect_view(D, MESH_SWIM_SUSPECT);
    rig_wait(&rig, 10);  // deadlines are looked at in steps of a sixteenth of a period
    expect_view(D, MESH_SWIM_DEAD);
}

Test(view, a_suspect_that_refutes_in_time_is_alive_and_stays_so, .init = setup)
{
    rig_tell(&rig, B, 0, MESH_SWIM_SUSPECT, C);
    rig_wait(&rig, 100);
    struct mesh_swim_head head = {
        .number = 5, .subject = MESH_NODE_NONE, .asker = MESH_NODE_NONE, .incarnation = 1};
    rig_hear(&rig, B, MESH_MESSAGE_SWIM_PING, head, NULL, 0);  // B speaks of its incarnation 1
    expect_view(B, MESH_SWIM_ALIVE);
    cr_expect_eq(rig.swim.suspects, 0);
}

Test(view, without_suspicion_who_does_not_answer_is_dead_at_once, .init = setup)
{
    rig.group.suspicion_ns = 0;
    rig_until_ping(&rig, D);
    rig_wait(&rig, 100);
    expect_view(D, MESH_SWIM_DEAD);
}

Test(view, what_is_said_of_the_node_itself_it_refutes_in_a_new_incarnation, .init = setup)
{
    rig_tell(&rig, A, 0, MESH_SWIM_SUSPECT, C);
    cr_expect_eq(rig.swim.incarnation, 1);
    rig_tell(&rig, A, 0, MESH_SWIM_DEAD, MESH_NODE_NONE);
    cr_expect_eq(rig.swim.incarnation, 1, "that is refuted already");
    rig_tell(&rig, A, 4, MESH_SWIM_DEAD, MESH_NODE_NONE);
    cr_expect_eq(rig.swim.incarnation, 5);
    const struct mesh_swim_news *said = rig_about(rig_said(&rig, MESH_MESSAGE_SWIM_ACK, 0), A);
    cr_assert_not_null(said);
    cr_expect_eq(said->state, MESH_SWIM_ALIVE);
    cr_expect_eq(said->incarnation, 5);
}

Test(view, each_piece_of_news_is_told_so_often_and_then_no_more, .init = setup)
{
    uint32_t tellings = 0;
    rig_tell(&rig, D, 0, MESH_SWIM_DEAD, MESH_NODE_NONE);  // the answer is the first
    for (uint32_t i = 0; i < 20; i++) {
        tellings += rig_about(rig_said(&rig, MESH_MESSAGE_SWIM_ACK, 0), D) != NULL;
        rig_tell(&rig, D, 0, MESH_SWIM_DEAD, MESH_NODE_NONE);
    }
    cr_expect_eq(tellings, 4, "retransmit 2, and 10 has two digits; told %u times", tellings);
    cr_expect_eq(rig.swim.news_count, 0);
}

Test(view, fresh_news_go_first_where_not_all_fit, .init = setup)
{
    rig.group.news = 2;
    rig_tell(&rig, C, 0, MESH_SWIM_DEAD, MESH_NODE_NONE);
    rig_tell(&rig, D, 0, MESH_SWIM_DEAD, MESH_NODE_NONE);
    rig_tell(&rig, E, 0, MESH_SWIM_DEAD, MESH_NODE_NONE);
    const struct mesh_record *ack = rig_said(&rig, MESH_MESSAGE_SWIM_ACK, 0);
    cr_expect_eq(mesh_swim_heard(ack->send.message)->count, 2);
    cr_expect_not_null(rig_about(ack, E));
}

Test(view, confirmations_shorten_a_suspicion_from_the_longest_to_the_shortest, .init = setup)
{
    rig.group.lifeguard = true;
    rig.answers = true;
    rig_tell(&rig, D, 0, MESH_SWIM_SUSPECT, C);
    rig_tell(&rig, D, 0, MESH_SWIM_SUSPECT, C);  // says nothing new
    rig_wait(&rig, 1000);
    expect_view(D, MESH_SWIM_SUSPECT);
    rig_tell(&rig, D, 0, MESH_SWIM_SUSPECT, E);
    // One of three: 3000 - 2500 * log 2 / log 4 = 1750 ms since the beginning.
    rig_wait(&rig, 740);
    expect_view(D, MESH_SWIM_SUSPECT);
    rig_wait(&rig, 20);
    expect_view(D, MESH_SWIM_DEAD);
}

Test(view, three_confirmations_leave_the_shortest_patience, .init = setup)
{
    rig.group.lifeguard = true;
    for (uint32_t from = C; from <= F; from++) {
        rig_tell(&rig, 9, 0, MESH_SWIM_SUSPECT, from);
    }
    rig_wait(&rig, 490);
    expect_view(9, MESH_SWIM_SUSPECT);
    rig_wait(&rig, 20);
    expect_view(9, MESH_SWIM_DEAD);
}

Test(view, a_view_that_is_full_drops_news_about_further_members)
{
    static struct mesh_swim_member small[3];
    rig_init(&rig);
    rig.swim = (struct mesh_swim){.node = A};
    mesh_swim_give(&rig.swim, small, 2);
    rig_start(&rig);
    for (uint32_t node = C; node <= F; node++) {
        rig_tell(&rig, node, 0, MESH_SWIM_DEAD, MESH_NODE_NONE);
    }
    expect_view(C, MESH_SWIM_DEAD);
    expect_view(D, MESH_SWIM_DEAD);
    expect_view(E, MESH_SWIM_ALIVE);
}

Test(view, a_view_in_larger_memory_is_the_same_view)
{
    static struct mesh_swim_member small[6];
    static struct mesh_swim_member large[20];
    rig_init(&rig);
    rig.swim = (struct mesh_swim){.node = A};
    mesh_swim_give(&rig.swim, small, 4);
    rig_start(&rig);
    rig_tell(&rig, C, 0, MESH_SWIM_DEAD, MESH_NODE_NONE);
    rig_tell(&rig, D, 2, MESH_SWIM_SUSPECT, E);
    mesh_swim_give(&rig.swim, large, 16);
    expect_view(C, MESH_SWIM_DEAD);
    expect_view(D, MESH_SWIM_SUSPECT);
    rig_tell(&rig, E, 0, MESH_SWIM_DEAD, MESH_NODE_NONE);
    const struct mesh_record *ack = rig_said(&rig, MESH_MESSAGE_SWIM_ACK, 0);
    cr_expect(rig_about(ack, C) != NULL && rig_about(ack, D) != NULL && rig_about(ack, E) != NULL);
}

// A join: whatever the order of the news, and however often each comes, the view is their maximum.
Test(view, the_view_is_the_maximum_of_the_news_in_any_order)
{
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct dice dice = {seed};
        struct mesh_swim_news news[40];
        uint32_t most[RIG_NODES] = {0};
        rig_init(&rig);
        rig.group.suspicion_ns_max = rig.group.suspicion_ns = 1000000 * RIG_MS;
        rig_start(&rig);
        for (uint32_t i = 0; i < 40; i++) {
            uint32_t state = dice_below(&dice, MESH_SWIM_LEFT + 1);
            news[i] =
                (struct mesh_swim_news){C + dice_below(&dice, RIG_NODES - C), dice_below(&dice, 3),
                                        dice_below(&dice, RIG_NODES), state};
            uint32_t rank = 4 * news[i].incarnation + state;
            most[news[i].node] = rank > most[news[i].node] ? rank : most[news[i].node];
        }
        for (uint32_t i = 0; i < 200; i++) {
            const struct mesh_swim_news *said = &news[i < 40 ? i : dice_below(&dice, 40)];
            rig_tell(&rig, said->node, said->incarnation, (enum mesh_swim_state)said->state,
                     said->from);
        }
        for (uint32_t node = C; node < RIG_NODES; node++) {
            cr_assert_eq(mesh_swim_state_of(&rig.swim, node), most[node] % 4,
                         "seed %lu, node %u: %d, expected %u", seed, node,
                         mesh_swim_state_of(&rig.swim, node), most[node] % 4);
        }
    }
}
