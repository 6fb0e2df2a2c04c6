// SPDX-License-Identifier: GPL-3.0-or-later
// Whom a node probes, when, through whom, and what it makes of the answers.
#include <stdlib.h>
#include <string.h>

#include "rig.h"

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
    rig_start(&rig);
}

static void setup_lifeguard(void)
{
    rig_init(&rig);
    rig.group.lifeguard = true;
    rig_start(&rig);
}

static void answer(uint32_t source, struct mesh_swim_head head)
{
    rig_hear(&rig, source, MESH_MESSAGE_SWIM_ACK, head, NULL, 0);
}

static struct mesh_swim_head ack_of(uint32_t target)
{
    return (struct mesh_swim_head){
        .number = rig.swim.probe, .subject = target, .asker = MESH_NODE_NONE};
}

Test(probe, each_period_pings_one_member_and_each_round_all_of_them, .init = setup)
{
    for (uint32_t round = 0; round < 5; round++) {
        uint32_t pinged[RIG_NODES] = {0};
        for (uint32_t i = 0; i < RIG_NODES - 1; i++) {
            rig_wait(&rig, 100);
            cr_assert_lt(rig.swim.target, RIG_NODES);
            pinged[rig.swim.target]++;
            answer(rig.swim.target, ack_of(rig.swim.target));
        }
        for (uint32_t node = 0; node < RIG_NODES; node++) {
            cr_expect_eq(pinged[node], node != A, "round %u: %u is pinged %u times", round, node,
                         pinged[node]);
        }
    }
}

Test(probe, rounds_are_shuffled_so_that_each_place_falls_to_each_member_as_often, .init = setup)
{
    enum { ROUNDS = 9000 };
    uint32_t first[RIG_NODES] = {0};
    for (uint32_t i = 0; i < ROUNDS * (RIG_NODES - 1); i++) {
        rig_wait(&rig, 100);
        first[rig.swim.target] += i % (RIG_NODES - 1) == 0;
        answer(rig.swim.target, ack_of(rig.swim.target));
    }
    for (uint32_t node = 1; node < RIG_NODES; node++) {
        // 1000 expected, standard deviation 30.
        cr_expect(first[node] > 850 && first[node] < 1150, "%u comes first %u times", node,
                  first[node]);
    }
}

Test(probe, an_answer_in_time_ends_it_and_nobody_is_suspected, .init = setup)
{
    rig_until_ping(&rig, D);
    answer(D, ack_of(D));
    rig_wait(&rig, 99);
    cr_expect_null(rig_said(&rig, MESH_MESSAGE_SWIM_PING_REQUEST, 0));
    rig_wait(&rig, 1);
    const struct mesh_record *probe = rig_record(&rig, MESH_RECORD_SWIM_PROBE);
    cr_assert_not_null(probe);
    cr_expect(probe->swim_probe.answered && probe->swim_probe.node == D);
    cr_expect_eq(rig.swim.suspects, 0);
}

Test(probe, after_the_timeout_other_members_are_asked_to_ping_the_target, .init = setup)
{
    rig_until_ping(&rig, D);
    rig_wait(&rig, 30);
    const struct mesh_record *request = rig_said(&rig, MESH_MESSAGE_SWIM_PING_REQUEST, 0);
    cr_assert_not_null(request);
    cr_expect_eq(mesh_swim_heard(request->send.message)->subject, D);
    cr_expect_eq(request->send.target_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t proxy = rig.targets[request->send.target_first + i];
        cr_expect(proxy != A && proxy != D && proxy != rig.targets[(i + 1) % 3]);
    }
    answer(C, ack_of(D));  // through a proxy
    rig_wait(&rig, 70);
    cr_expect_eq(rig.swim.suspects, 0);
}

Test(probe, without_any_answer_until_the_period_ends_the_target_is_suspected, .init = setup)
{
    rig_until_ping(&rig, D);
    rig_wait(&rig, 99);
    cr_expect_eq(mesh_swim_state_of(&rig.swim, D), MESH_SWIM_ALIVE);
    rig_wait(&rig, 1);
    cr_expect_eq(mesh_swim_state_of(&rig.swim, D), MESH_SWIM_SUSPECT);
    cr_expect(!rig_record(&rig, MESH_RECORD_SWIM_PROBE)->swim_probe.answered);
}

Test(probe, an_answer_to_an_earlier_probe_or_about_another_member_does_not_count, .init = setup)
{
    rig_until_ping(&rig, D);
    struct mesh_swim_head late = ack_of(D);
    late.number--;
    answer(D, late);
    answer(E, ack_of(E));
    rig_wait(&rig, 100);
    cr_expect_eq(mesh_swim_state_of(&rig.swim, D), MESH_SWIM_SUSPECT);
}

Test(probe, the_dead_are_not_probed_and_suspects_are, .init = setup)
{
    rig.group.suspicion_ns = rig.group.suspicion_ns_max = 1000000 * RIG_MS;
    rig.group.sync_ns = 0;
    rig_tell(&rig, C, 0, MESH_SWIM_DEAD, MESH_NODE_NONE);
    rig_tell(&rig, D, 0, MESH_SWIM_SUSPECT, B);
    uint32_t pinged[RIG_NODES] = {0};
    for (uint32_t i = 0; i < 30; i++) {
        rig_wait(&rig, 100);
        pinged[rig.swim.target]++;
        answer(rig.swim.target, ack_of(rig.swim.target));
    }
    cr_expect_eq(pinged[C], 0);
    cr_expect_gt(pinged[D], 0);
}

Test(probe, a_proxy_pings_for_another_and_passes_the_answer_on, .init = setup)
{
    struct mesh_swim_head request = {.number = 17, .subject = D, .asker = MESH_NODE_NONE};
    rig_hear(&rig, E, MESH_MESSAGE_SWIM_PING_REQUEST, request, NULL, 0);
    const struct mesh_record *ping = rig_said(&rig, MESH_MESSAGE_SWIM_PING, 0);
    cr_assert_not_null(ping);
    cr_expect_eq(rig.targets[ping->send.target_first], D);
    cr_expect_eq(mesh_swim_heard(ping->send.message)->asker, E);
    answer(D, (struct mesh_swim_head){.number = 17, .subject = D, .asker = E});
    const struct mesh_record *passed = rig_said(&rig, MESH_MESSAGE_SWIM_ACK, 0);
    cr_assert_not_null(passed);
    cr_expect_eq(rig.targets[passed->send.target_first], E);
    cr_expect_eq(mesh_swim_heard(passed->send.message)->subject, D);
    cr_expect_eq(mesh_swim_heard(passed->send.message)->number, 17);
}

Test(probe, a_proxy_that_hears_nothing_says_so_with_lifeguard, .init = setup_lifeguard)
{
    struct mesh_swim_head request = {.number = 17, .subject = D, .asker = MESH_NODE_NONE};
    rig_until_ping(&rig, C);
    answer(C, ack_of(C));
    rig_hear(&rig, E, MESH_MESSAGE_SWIM_PING_REQUEST, request, NULL, 0);
    rig_wait(&rig, 30);
    const struct mesh_record *nack = rig_said(&rig, MESH_MESSAGE_SWIM_ACK, 0);
    cr_assert_not_null(nack);
    cr_expect_eq(mesh_swim_heard(nack->send.message)->flags, MESH_SWIM_NACK);
    cr_expect_eq(rig.targets[nack->send.target_first], E);
}

Test(probe, silent_proxies_tell_a_node_that_it_is_ill_itself, .init = setup_lifeguard)
{
    rig_until_ping(&rig, D);
    rig_wait(&rig, 100);  // three proxies, no NACK
    cr_expect_eq(rig.swim.health, 1);
    rig_until_ping(&rig, E);
    uint64_t since_ns = rig.now_ns;
    cr_expect_eq(rig.swim.end_ns - since_ns, 100 * RIG_MS * (1 + (uint64_t)rig.swim.health));
    cr_expect_eq(rig.swim.ask_ns - since_ns, 30 * RIG_MS * (1 + (uint64_t)rig.swim.health));
}

Test(probe, a_proxy_that_says_that_it_hears_nothing_either_clears_the_node, .init = setup_lifeguard)
{
    rig_until_ping(&rig, D);
    rig_wait(&rig, 30);
    answer(E, (struct mesh_swim_head){.number = rig.swim.probe,
                                      .subject = MESH_NODE_NONE,
                                      .asker = MESH_NODE_NONE,
                                      .flags = MESH_SWIM_NACK});
    rig_wait(&rig, 70);
    cr_expect_eq(rig.swim.health, 0);
    cr_expect_eq(mesh_swim_state_of(&rig.swim, D), MESH_SWIM_SUSPECT);
}

Test(probe, health_comes_back_with_each_answer_and_goes_with_each_refutation,
     .init = setup_lifeguard)
{
    rig_tell(&rig, A, 0, MESH_SWIM_SUSPECT, C);
    cr_expect_eq(rig.swim.health, 1);
    rig_until_ping(&rig, D);
    answer(D, ack_of(D));
    cr_expect_eq(rig.swim.health, 0);
}

Test(probe, a_suspect_is_told_so_with_the_very_ping_with_lifeguard, .init = setup_lifeguard)
{
    rig.group.retransmit = 0;
    rig_tell(&rig, D, 0, MESH_SWIM_SUSPECT, C);
    rig_tell(&rig, E, 0, MESH_SWIM_DEAD, MESH_NODE_NONE);
    rig_until_ping(&rig, D);
    const struct mesh_swim_news *told = rig_about(rig_said(&rig, MESH_MESSAGE_SWIM_PING, 0), D);
    cr_assert_not_null(told);
    cr_expect_eq(told->state, MESH_SWIM_SUSPECT);
}

Test(probe, periods_begin_together_or_each_with_its_own_phase)
{
    rig_init(&rig);
    rig.group.synchronised = true;
    rig.now_ns = 250 * RIG_MS;
    rig_start(&rig);
    cr_expect_eq(rig.swim.timer_ns, 300 * RIG_MS);
    rig_init(&rig);
    rig.now_ns = 250 * RIG_MS;
    rig_start(&rig);
    cr_expect(rig.swim.timer_ns >= 250 * RIG_MS && rig.swim.timer_ns < 350 * RIG_MS);
    uint64_t phase_ns = rig.swim.timer_ns % (100 * RIG_MS);
    rig_wait(&rig, 1000);
    cr_expect_eq(rig.swim.period_ns % (100 * RIG_MS), phase_ns);
}

Test(probe, a_majority_that_is_not_reachable_is_said_to_be_lost_and_then_to_be_back)
{
    rig_init(&rig);
    rig.group.quorum = true;
    rig_start(&rig);
    for (uint32_t node = C; node < C + 4; node++) {
        rig_tell(&rig, node, 0, MESH_SWIM_SUSPECT, B);
        cr_expect_null(rig_record(&rig, MESH_RECORD_SWIM_QUORUM));
    }
    rig_tell(&rig, 9, 0, MESH_SWIM_SUSPECT, B);  // five of ten are left
    const struct mesh_record *lost = rig_record(&rig, MESH_RECORD_SWIM_QUORUM);
    cr_assert_not_null(lost);
    cr_expect(lost->swim_quorum.lost && rig.swim.read_only);
    rig_tell(&rig, 9, 1, MESH_SWIM_ALIVE, MESH_NODE_NONE);
    cr_expect(!rig_record(&rig, MESH_RECORD_SWIM_QUORUM)->swim_quorum.lost);
    rig_tell(&rig, 9, 1, MESH_SWIM_LEFT, MESH_NODE_NONE);  // five of nine
    cr_expect_null(rig_record(&rig, MESH_RECORD_SWIM_QUORUM), "who left is missed by nobody");
}

Test(probe, who_leaves_says_so_and_probes_nobody_any_more, .init = setup)
{
    rig_step(&rig, (struct mesh_event){.kind = MESH_EVENT_SWIM_LEAVE});
    const struct mesh_record *farewell = rig_said(&rig, MESH_MESSAGE_SWIM_PING, 0);
    cr_assert_not_null(farewell);
    cr_expect_eq(farewell->send.target_count, 8);
    cr_expect_eq(rig_about(farewell, A)->state, MESH_SWIM_LEFT);
    rig_step(&rig, (struct mesh_event){.kind = MESH_EVENT_SWIM_TIMER});
    cr_expect_null(rig_said(&rig, MESH_MESSAGE_SWIM_PING, 0));
    rig_tell(&rig, A, 0, MESH_SWIM_DEAD, MESH_NODE_NONE);
    cr_expect_eq(rig.swim.incarnation, 0, "and refutes nothing");
}

Test(probe, who_has_left_is_not_taken_for_dead_and_not_called, .init = setup)
{
    struct mesh_swim_head farewell = {.subject = MESH_NODE_NONE, .asker = MESH_NODE_NONE};
    struct mesh_swim_news left = {D, 0, MESH_NODE_NONE, MESH_SWIM_LEFT};
    rig_hear(&rig, D, MESH_MESSAGE_SWIM_PING, farewell, &left, 1);
    cr_expect_null(rig_said(&rig, MESH_MESSAGE_SWIM_ACK, 0), "a farewell is not answered");
    cr_expect_eq(mesh_swim_state_of(&rig.swim, D), MESH_SWIM_LEFT);
}

Test(probe, fresh_news_are_gossiped_each_period_to_some_who_need_not_answer, .init = setup)
{
    rig.group.gossip = 4;
    rig.group.retransmit = 20;
    rig.answers = true;
    rig_until_ping(&rig, D);
    cr_expect_null(rig_said(&rig, MESH_MESSAGE_SWIM_PING, 1), "there are no news");
    rig_tell(&rig, E, 0, MESH_SWIM_DEAD, MESH_NODE_NONE);
    rig_until_ping(&rig, F);
    const struct mesh_record *gossip = rig_said(&rig, MESH_MESSAGE_SWIM_PING, 1);
    cr_assert_not_null(gossip);
    cr_expect_eq(gossip->send.target_count, 4);
    cr_expect_eq(mesh_swim_heard(gossip->send.message)->number, 0);
}

// Five times a period, the first with its beginning; and never while there is nothing to tell.
Test(probe, news_are_gossiped_several_times_a_period_until_told_often_enough)
{
    rig_init(&rig);
    rig.group.gossip = 1;
    rig.group.gossip_ns = 20 * RIG_MS;
    rig.group.proxies = 0;
    rig.group.retransmit = 5;  // ten tellings: the roster's size has two digits
    rig_start(&rig);
    rig_until_ping(&rig, D);
    answer(D, ack_of(D));
    rig_wait(&rig, 99);
    cr_expect_eq(rig.swim.timer_ns, rig.swim.period_ns, "there is nothing to tell");
    uint64_t begins_ns = rig.swim.period_ns;
    rig_tell(&rig, C, 0, MESH_SWIM_LEFT, MESH_NODE_NONE);  // B hears of it in the answer: once
    uint32_t told = 1;
    for (uint32_t i = 0; told < 10; i++) {
        bool begins = i % 5 == 0;
        cr_assert_eq(rig.swim.timer_ns, begins_ns + i * 20 * RIG_MS, "time %u", i);
        rig_wait(&rig, (rig.swim.timer_ns - rig.now_ns) / RIG_MS);
        const struct mesh_record *gossip = rig_said(&rig, MESH_MESSAGE_SWIM_PING, begins ? 1 : 0);
        cr_assert_not_null(gossip, "time %u", i);
        cr_expect_not_null(rig_about(gossip, C), "time %u", i);
        told++;
        if (begins) {  // who is probed is told, too
            told++;
            answer(rig.swim.target, ack_of(rig.swim.target));
        }
    }
    cr_expect_eq(rig.swim.news_count, 0);
    cr_expect_eq(rig.swim.timer_ns, rig.swim.period_ns, "there is nothing to tell any more");
}
