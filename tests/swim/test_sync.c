// SPDX-License-Identifier: GPL-3.0-or-later
// Joining through seeds, and calling the dead.
#include "rig.h"

static struct rig rig;

static void join(void)
{
    rig_init(&rig);
    rig.group.quorum = true;
    rig_step(&rig, (struct mesh_event){.kind = MESH_EVENT_SWIM_JOIN, .number = 1});
    rig_wait(&rig, 0);
}

static void reply(uint32_t source, uint32_t offset, uint32_t total,
                  const struct mesh_swim_news *news, uint32_t count)
{
    struct mesh_swim_head head = {.subject = MESH_NODE_NONE,
                                  .asker = MESH_NODE_NONE,
                                  .offset = offset,
                                  .total = total,
                                  .flags = MESH_SWIM_REPLY | MESH_SWIM_ENTER};
    rig_hear(&rig, source, MESH_MESSAGE_SWIM_SYNC, head, news, count);
}

Test(sync, who_joins_asks_a_seed_and_then_the_next_until_one_answers, .init = join)
{
    const struct mesh_record *first = rig_said(&rig, MESH_MESSAGE_SWIM_SYNC, 0);
    cr_assert_not_null(first);
    uint32_t seed = rig.targets[first->send.target_first];
    rig_wait(&rig, 100);
    const struct mesh_record *second = rig_said(&rig, MESH_MESSAGE_SWIM_SYNC, 0);
    cr_assert_not_null(second);
    uint32_t other = rig.targets[second->send.target_first];
    cr_expect((seed == B && other == C) || (seed == C && other == B));
    cr_expect(rig.swim.read_only, "nobody is known to be there");
}

Test(sync, who_joins_takes_over_what_the_seed_says_of_the_dead, .init = join)
{
    struct mesh_swim_news dead = {D, 2, MESH_NODE_NONE, MESH_SWIM_DEAD};
    reply(B, 0, 1, &dead, 1);
    cr_expect_not_null(rig_record(&rig, MESH_RECORD_SWIM_JOINED));
    cr_expect_eq(mesh_swim_state_of(&rig.swim, D), MESH_SWIM_DEAD);
    cr_expect(!rig.swim.read_only);
}

Test(sync, a_view_of_several_pages_is_asked_for_page_by_page, .init = join)
{
    struct mesh_swim_news dead[6];
    for (uint32_t i = 0; i < 6; i++) {
        dead[i] = (struct mesh_swim_news){D + i, 0, MESH_NODE_NONE, MESH_SWIM_DEAD};
    }
    reply(B, 0, 7, dead, 6);
    const struct mesh_record *next = rig_said(&rig, MESH_MESSAGE_SWIM_SYNC, 0);
    cr_assert_not_null(next);
    cr_expect_eq(mesh_swim_heard(next->send.message)->offset, 6);
    cr_expect_null(rig_record(&rig, MESH_RECORD_SWIM_JOINED));
    struct mesh_swim_news last = {9, 0, MESH_NODE_NONE, MESH_SWIM_LEFT};
    reply(B, 6, 7, &last, 1);
    cr_expect_not_null(rig_record(&rig, MESH_RECORD_SWIM_JOINED));
}

Test(sync, who_was_held_for_dead_hears_so_from_the_seed_and_refutes_it, .init = join)
{
    struct mesh_swim_news dead = {A, 3, MESH_NODE_NONE, MESH_SWIM_DEAD};
    reply(B, 0, 1, &dead, 1);
    cr_expect_eq(rig.swim.incarnation, 4);
}

Test(sync, a_seed_answers_with_its_view_and_first_with_what_it_holds_of_the_asker)
{
    rig_init(&rig);
    rig_start(&rig);
    rig_tell(&rig, C, 0, MESH_SWIM_DEAD, MESH_NODE_NONE);
    rig_tell(&rig, D, 5, MESH_SWIM_DEAD, MESH_NODE_NONE);
    struct mesh_swim_head head = {
        .subject = MESH_NODE_NONE, .asker = MESH_NODE_NONE, .flags = MESH_SWIM_ENTER};
    rig_hear(&rig, D, MESH_MESSAGE_SWIM_SYNC, head, NULL, 0);
    const struct mesh_record *said = rig_said(&rig, MESH_MESSAGE_SWIM_SYNC, 0);
    cr_assert_not_null(said);
    const struct mesh_swim_news *news = mesh_swim_carried(said->send.message);
    cr_expect_eq(news[0].node, D);
    cr_expect_eq(news[0].state, MESH_SWIM_DEAD);
    cr_expect_not_null(rig_about(said, C));
    cr_expect_eq(mesh_swim_heard(said->send.message)->flags, MESH_SWIM_REPLY | MESH_SWIM_ENTER);
}

Test(sync, the_dead_are_called_a_seed_and_anybody_in_turns)
{
    uint32_t called[RIG_NODES] = {0};
    rig_init(&rig);
    rig_start(&rig);
    for (uint32_t node = B; node <= F; node++) {
        rig_tell(&rig, node, 7, MESH_SWIM_DEAD, MESH_NODE_NONE);
    }
    for (uint32_t i = 0; i < 200; i++) {
        rig_wait(&rig, 100);
        const struct mesh_record *call = rig_said(&rig, MESH_MESSAGE_SWIM_SYNC, 0);
        if (call != NULL) {
            called[rig.targets[call->send.target_first]]++;
        }
    }
    uint32_t all = called[B] + called[C] + called[D] + called[E] + called[F];
    cr_expect(all > 10 && all <= 20, "once a second at most: %u times", all);
    cr_expect_geq(2 * (called[B] + called[C]), all);
    cr_expect_gt(called[D] + called[E] + called[F], 0);
}

// What the other side of a partition says of this side changes no view, and is told on.
Test(sync, the_dead_of_the_other_side_are_accused_and_stay_alive_on_this_one)
{
    rig_init(&rig);
    rig_start(&rig);
    struct mesh_swim_news dead[] = {{A, 0, MESH_NODE_NONE, MESH_SWIM_DEAD},
                                    {E, 0, MESH_NODE_NONE, MESH_SWIM_DEAD}};
    struct mesh_swim_head head = {.subject = MESH_NODE_NONE, .asker = MESH_NODE_NONE};
    rig_hear(&rig, D, MESH_MESSAGE_SWIM_SYNC, head, dead, 2);
    cr_expect_eq(rig.swim.incarnation, 1);
    cr_expect_eq(mesh_swim_state_of(&rig.swim, E), MESH_SWIM_ALIVE);
    rig_tell(&rig, 9, 0, MESH_SWIM_ALIVE, MESH_NODE_NONE);
    const struct mesh_record *ack = rig_said(&rig, MESH_MESSAGE_SWIM_ACK, 0);
    cr_assert_not_null(ack);
    cr_assert_not_null(rig_about(ack, E));
    cr_expect_eq(rig_about(ack, E)->state, MESH_SWIM_ACCUSED);
}

Test(sync, the_accused_refutes_it)
{
    rig_init(&rig);
    rig_start(&rig);
    rig_tell(&rig, A, 0, MESH_SWIM_ACCUSED, MESH_NODE_NONE);
    cr_expect_eq(rig.swim.incarnation, 1);
}

Test(sync, a_suspect_that_another_view_holds_for_dead_is_confirmed_and_not_dead)
{
    rig_init(&rig);
    rig.group.lifeguard = true;
    rig_start(&rig);
    rig_tell(&rig, E, 0, MESH_SWIM_SUSPECT, C);
    struct mesh_swim_news dead = {E, 0, MESH_NODE_NONE, MESH_SWIM_DEAD};
    struct mesh_swim_head head = {.subject = MESH_NODE_NONE, .asker = MESH_NODE_NONE};
    rig_hear(&rig, D, MESH_MESSAGE_SWIM_SYNC, head, &dead, 1);
    cr_expect_eq(mesh_swim_state_of(&rig.swim, E), MESH_SWIM_SUSPECT);
    cr_expect_eq(rig.swim.members[0].confirmer_count, 2);
}

Test(sync, whom_another_view_holds_for_dead_is_probed_next)
{
    rig_init(&rig);
    for (uint32_t node = D; node < RIG_NODES; node++) {
        rig_start(&rig);
        struct mesh_swim_news dead = {node, 0, MESH_NODE_NONE, MESH_SWIM_DEAD};
        struct mesh_swim_head head = {.subject = MESH_NODE_NONE, .asker = MESH_NODE_NONE};
        rig_hear(&rig, C, MESH_MESSAGE_SWIM_SYNC, head, &dead, 1);
        cr_expect_eq(mesh_swim_state_of(&rig.swim, node), MESH_SWIM_ALIVE);
        rig_wait(&rig, 100);
        cr_expect_eq(rig.swim.target, node);
    }
}

static void hear_hash(uint64_t hash)
{
    struct mesh_swim_head head = {.number = hash,
                                  .subject = MESH_NODE_NONE,
                                  .asker = MESH_NODE_NONE,
                                  .flags = MESH_SWIM_COMPARE};
    rig_hear(&rig, B, MESH_MESSAGE_SWIM_SYNC, head, NULL, 0);
}

Test(sync, only_a_view_that_differs_is_answered)
{
    rig_init(&rig);
    rig_start(&rig);
    hear_hash(0);
    cr_expect_null(rig_said(&rig, MESH_MESSAGE_SWIM_SYNC, 0), "nobody lists anybody");
    rig_tell(&rig, D, 0, MESH_SWIM_DEAD, MESH_NODE_NONE);
    hear_hash(0);
    cr_expect_not_null(rig_said(&rig, MESH_MESSAGE_SWIM_SYNC, 0));
    hear_hash(rig.swim.hash);
    cr_expect_null(rig_said(&rig, MESH_MESSAGE_SWIM_SYNC, 0));
}

Test(sync, the_hash_is_that_of_what_the_view_says_whatever_came_before)
{
    rig_init(&rig);
    rig_start(&rig);
    rig_tell(&rig, D, 1, MESH_SWIM_ALIVE, MESH_NODE_NONE);
    rig_tell(&rig, E, 0, MESH_SWIM_DEAD, MESH_NODE_NONE);
    uint64_t hash = rig.swim.hash;
    rig_init(&rig);
    rig_start(&rig);
    rig_tell(&rig, E, 0, MESH_SWIM_SUSPECT, C);
    rig_tell(&rig, D, 0, MESH_SWIM_DEAD, MESH_NODE_NONE);
    rig_tell(&rig, E, 0, MESH_SWIM_DEAD, MESH_NODE_NONE);
    rig_tell(&rig, D, 1, MESH_SWIM_ALIVE, MESH_NODE_NONE);
    cr_expect_eq(rig.swim.hash, hash);
}

Test(sync, once_in_a_while_a_view_is_compared_with_a_random_members)
{
    uint32_t compared = 0;
    rig_init(&rig);
    rig.group.period_ns = 1000 * RIG_MS;  // so that not all are suspected soon
    rig_start(&rig);
    for (uint32_t i = 0; i < 500; i++) {
        rig_wait(&rig, 10);
        const struct mesh_record *said = rig_said(&rig, MESH_MESSAGE_SWIM_SYNC, 0);
        compared += said != NULL && mesh_swim_heard(said->send.message)->flags == MESH_SWIM_COMPARE;
        rig.output.record_count = 0;
    }
    cr_expect(compared >= 3 && compared <= 5, "once a second at most: %u times", compared);
}
