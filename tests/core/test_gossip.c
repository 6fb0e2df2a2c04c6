// SPDX-License-Identifier: GPL-3.0-or-later
// The exchange as stories. Expected stories follow from the rules in core/README.md, step by step.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"

enum { A, B, C };

static struct lab *lab_with(struct lab_settings settings)
{
    static struct lab lab;
    lab_init(&lab, settings);
    return &lab;
}

// `node` writes and then ticks in vain until the update is no longer recent.
static void write_long_ago(struct lab *lab, uint32_t node)
{
    lab_increment(lab, node, 0, 1);
    for (int tick = 0; tick < 3; tick++) {
        lab_tick(lab, node);
    }
    lab_lose_all(lab);
}

static void start_story(struct lab *lab)
{
    lab->now_ns = 0;
    lab_tell_anew(lab);
}

// ---- Push-pull ----

Test(gossip, equal_replicas_cost_one_digest)
{
    struct lab *lab = lab_with((struct lab_settings){.mode = MESH_PUSH_PULL});
    lab_tick(lab, A);
    lab_settle(lab);
    write_long_ago(lab, A);
    lab_tick(lab, A);
    lab_settle(lab);
    start_story(lab);
    lab_tick(lab, A);
    cr_expect_eq(lab->flights[0].message->wire_bytes, 20 + 16 + 1, "header, hash, no updates");
    lab_settle(lab);
    lab_tick(lab, B);
    lab_settle(lab);
    lab_expect_story(lab, "   1 ms  A ticks: sends OPEN {} to B\n"
                          "   2 ms  B hears OPEN {} from A: nothing\n"
                          "   3 ms  B ticks: sends OPEN {A1} to A\n"
                          "   4 ms  A hears OPEN {A1} from B: nothing\n");
    lab_finish(lab);
}

Test(gossip, a_recent_update_needs_no_answer)
{
    struct lab *lab = lab_with((struct lab_settings){.mode = MESH_PUSH_PULL});
    lab_increment(lab, A, 0, 1);
    lab_tick(lab, A);
    lab_settle(lab);
    lab_expect_story(lab, "   1 ms  A writes A1: persists A1, learns A1\n"
                          "   2 ms  A ticks: sends OPEN {A1} to B\n"
                          "   3 ms  B hears OPEN {A1} from A: learns A1\n");
    lab_finish(lab);
}

Test(gossip, the_answer_brings_what_the_opener_lacked_and_no_more)
{
    struct lab *lab = lab_with((struct lab_settings){.mode = MESH_PUSH_PULL});
    lab_increment(lab, A, 0, 1);
    lab_increment(lab, B, 0, 1);
    start_story(lab);
    lab_tick(lab, A);
    lab_settle(lab);
    lab_expect_story(lab, "   1 ms  A ticks: sends OPEN {A1} to B\n"
                          "   2 ms  B hears OPEN {A1} from A: learns A1, sends ANSWER {B1} to A\n"
                          "   3 ms  A hears ANSWER {B1} from B: learns B1\n");
    lab_finish(lab);
}

Test(gossip, five_messages_give_both_the_union_of_what_nobody_learnt_lately)
{
    for (int own_tables = 0; own_tables <= 1; own_tables++) {
        struct lab *lab =
            lab_with((struct lab_settings){.mode = MESH_PUSH_PULL, .own_tables = own_tables != 0});
        write_long_ago(lab, A);
        write_long_ago(lab, B);
        start_story(lab);
        lab_tick(lab, A);
        lab_settle(lab);
        // B does not know A1, which only over the wire is a dot without a lane.
        lab_expect_story(
            lab, own_tables == 0
                     ? "   1 ms  A ticks: sends OPEN {} to B\n"
                       "   2 ms  B hears OPEN {} from A: sends ANSWER {} to A\n"
                       "   3 ms  A hears ANSWER {} from B: sends VECTOR {} holding {A1} to B\n"
                       "   4 ms  B hears VECTOR {} holding {A1} from A: "
                       "sends FILL {B1} holding {B1} to A\n"
                       "   5 ms  A hears FILL {B1} holding {B1} from B: "
                       "learns B1, sends REST {A1} to B\n"
                       "   6 ms  B hears REST {A1} from A: learns A1\n"
                     : "   1 ms  A ticks: sends OPEN {} to B\n"
                       "   2 ms  B hears OPEN {} from A: sends ANSWER {} to A\n"
                       "   3 ms  A hears ANSWER {} from B: sends VECTOR {} holding {A1} to B\n"
                       "   4 ms  B hears VECTOR {} holding { and more} from A: "
                       "sends FILL {B1} holding {B1} to A\n"
                       "   5 ms  A hears FILL {B1} holding {B1} from B: "
                       "learns B1, sends REST {A1} to B\n"
                       "   6 ms  B hears REST {A1} from A: learns A1\n");
        lab_finish(lab);
    }
}

Test(gossip, who_lacks_nothing_of_what_was_filled_ends_the_exchange)
{
    struct lab *lab = lab_with((struct lab_settings){.mode = MESH_PUSH_PULL});
    write_long_ago(lab, B);
    start_story(lab);
    lab_tick(lab, A);
    lab_settle(lab);
    lab_expect_story(lab, "   1 ms  A ticks: sends OPEN {} to B\n"
                          "   2 ms  B hears OPEN {} from A: sends ANSWER {} to A\n"
                          "   3 ms  A hears ANSWER {} from B: sends VECTOR {} holding {} to B\n"
                          "   4 ms  B hears VECTOR {} holding {} from A: "
                          "sends FILL {B1} holding {B1} to A\n"
                          "   5 ms  A hears FILL {B1} holding {B1} from B: learns B1\n");
    lab_finish(lab);
}

Test(gossip, every_message_of_an_exchange_names_its_initiator_and_the_tick)
{
    struct lab *lab = lab_with((struct lab_settings){.mode = MESH_PUSH_PULL});
    write_long_ago(lab, A);
    write_long_ago(lab, B);
    lab_tick(lab, B);  // B's fourth tick: 3
    uint32_t messages = 0;
    for (; lab->flight_count > 0; messages++) {
        const struct mesh_message *message = lab->flights[0].message;
        cr_expect_eq(message->initiator, B, "message %u of the exchange", messages);
        cr_expect_eq(message->occasion, mesh_occasion_of_tick(0, 3), "message %u", messages);
        lab_deliver(lab, 0, false);
    }
    cr_expect_eq(messages, 5);
    lab_finish(lab);
}

// While A's vector is under way, B learns A1 from C.
Test(gossip, the_vector_is_not_answered_once_it_is_what_the_receiver_holds)
{
    struct lab *lab = lab_with((struct lab_settings){.mode = MESH_PUSH_PULL, .nodes = 3});
    write_long_ago(lab, A);
    lab_tick(lab, A);
    lab_lose(lab, lab->flights[0].target == C ? 0 : 1);
    lab_deliver(lab, 0, false);
    lab_deliver(lab, 0, false);
    struct mesh_message *rest = lab_memory(lab, sizeof *rest + sizeof rest->lanes[0]);
    *rest = (struct mesh_message){
        .source = C, .initiator = C, .kind = MESH_MESSAGE_REST, .words = 1, .update_count = 1};
    rest->lanes[0] = 1;
    start_story(lab);
    lab_hear(lab, B, rest);
    lab_settle(lab);
    lab_expect_story(lab, "   1 ms  B hears REST {A1} from C: learns A1\n"
                          "   2 ms  B hears VECTOR {} holding {A1} from A: nothing\n");
    lab_finish(lab);
}

Test(gossip, an_update_is_recent_for_exactly_three_ticks)
{
    struct lab *lab = lab_with((struct lab_settings){.mode = MESH_PUSH_PULL});
    lab_increment(lab, A, 0, 1);
    lab_tick(lab, A);
    lab_increment(lab, A, 0, 1);
    lab_tick(lab, A);
    lab_tick(lab, A);
    lab_tick(lab, A);
    lab_tick(lab, A);
    lab_expect_story(lab, "   1 ms  A writes A1: persists A1, learns A1\n"
                          "   2 ms  A ticks: sends OPEN {A1} to B\n"
                          "   3 ms  A writes A2: persists A2, learns A2\n"
                          "   4 ms  A ticks: sends OPEN {A1 A2} to B\n"
                          "   5 ms  A ticks: sends OPEN {A1 A2} to B\n"
                          "   6 ms  A ticks: sends OPEN {A2} to B\n"
                          "   7 ms  A ticks: sends OPEN {} to B\n");
    lab_finish(lab);
}

Test(gossip, when_recent_updates_exceed_the_limit_the_newest_go_first)
{
    struct lab *lab = lab_with((struct lab_settings){.mode = MESH_PUSH_PULL, .update_limit = 2});
    lab_increment(lab, A, 0, 1);
    lab_tick(lab, A);
    lab_increment(lab, A, 0, 1);
    lab_tick(lab, A);
    lab_increment(lab, A, 0, 1);
    lab_tick(lab, A);
    lab_expect_story(lab, "   1 ms  A writes A1: persists A1, learns A1\n"
                          "   2 ms  A ticks: sends OPEN {A1} to B\n"
                          "   3 ms  A writes A2: persists A2, learns A2\n"
                          "   4 ms  A ticks: sends OPEN {A1 A2} to B\n"
                          "   5 ms  A writes A3: persists A3, learns A3\n"
                          "   6 ms  A ticks: sends OPEN {A2 A3} to B\n");
    lab_finish(lab);
}

// Each exchange moves `limit` each way at least, so 40 and 40 take at most ten exchanges of 4.
Test(gossip, a_small_limit_makes_an_exchange_longer_but_not_endless)
{
    struct lab *lab =
        lab_with((struct lab_settings){.mode = MESH_PUSH_PULL, .words = 2, .update_limit = 4});
    for (int i = 0; i < 40; i++) {
        write_long_ago(lab, A);
        write_long_ago(lab, B);
    }
    lab_tell_anew(lab);
    for (int exchange = 0; exchange < 10; exchange++) {
        lab_tick(lab, A);
        lab_settle(lab);
    }
    cr_expect_eq(lab_held_count(lab, A), 80, "A holds %u of 80\n%s", lab_held_count(lab, A),
                 lab->story);
    cr_expect_eq(lab_held_count(lab, B), 80, "B holds %u of 80\n%s", lab_held_count(lab, B),
                 lab->story);
    lab_finish(lab);
}

// ---- Eager ----

Test(gossip, eager_forwards_each_update_once_on_its_first_receipt)
{
    struct lab *lab = lab_with((struct lab_settings){.mode = MESH_EAGER, .nodes = 3});
    lab_increment(lab, A, 0, 1);
    // B first, whatever the order in which A's peers were drawn.
    lab_deliver(lab, lab->flights[0].target == B ? 0 : 1, false);
    lab_deliver(lab, 0, false);
    lab_deliver(lab, lab->flights[0].target == A ? 0 : 1, false);
    lab_deliver(lab, 0, false);
    lab_deliver(lab, lab->flights[0].target == A ? 0 : 1, false);
    lab_deliver(lab, 0, false);
    cr_expect_eq(lab->flight_count, 0);
    lab_expect_story(lab, "   1 ms  A writes A1: persists A1, learns A1, sends EAGER {A1} to B C\n"
                          "   2 ms  B hears EAGER {A1} from A: learns A1, "
                          "sends EAGER {A1} to A C\n"
                          "   3 ms  C hears EAGER {A1} from A: learns A1, "
                          "sends EAGER {A1} to A B\n"
                          "   4 ms  A hears EAGER {A1} from B: nothing\n"
                          "   5 ms  C hears EAGER {A1} from B: nothing\n"
                          "   6 ms  A hears EAGER {A1} from C: nothing\n"
                          "   7 ms  B hears EAGER {A1} from C: nothing\n");
    lab_finish(lab);
}

Test(gossip, eager_forwards_only_what_is_new_and_after_its_answer)
{
    struct lab *lab = lab_with((struct lab_settings){.mode = MESH_EAGER});
    lab_increment(lab, A, 0, 1);
    lab_settle(lab);
    lab_increment(lab, A, 0, 1);
    lab_increment(lab, B, 0, 1);
    lab_lose_all(lab);
    start_story(lab);
    lab_tick(lab, A);
    lab_settle(lab);
    lab_expect_story(lab,
                     "   1 ms  A ticks: sends OPEN {A1 A2} to B\n"
                     "   2 ms  B hears OPEN {A1 A2} from A: learns A2, sends ANSWER {B1} to A, "
                     "sends EAGER {A2} to A\n"
                     "   3 ms  A hears ANSWER {B1} from B: learns B1, sends EAGER {B1} to B\n"
                     "   4 ms  A hears EAGER {A2} from B: nothing\n"
                     "   5 ms  B hears EAGER {B1} from A: nothing\n");
    lab_finish(lab);
}

// ---- Push ----

Test(gossip, push_sends_all_it_holds_even_if_that_is_nothing)
{
    struct lab *lab = lab_with((struct lab_settings){.mode = MESH_PUSH});
    lab_tick(lab, B);
    lab_settle(lab);
    write_long_ago(lab, A);
    write_long_ago(lab, A);
    start_story(lab);
    lab_tick(lab, A);
    lab_deliver(lab, 0, true);
    lab_settle(lab);
    lab_tick(lab, B);
    lab_expect_story(lab, "   1 ms  A ticks: sends PUSH {A1 A2} to B\n"
                          "   2 ms  B hears PUSH {A1 A2} from A: learns A1 A2\n"
                          "   3 ms  B hears PUSH {A1 A2} from A: nothing\n"
                          "   4 ms  B ticks: sends PUSH {A1 A2} to A\n");
    lab_finish(lab);
}

// Whatever does not fit has its turn within as many ticks as there are lanes, also while an update
// that is always recent takes one place of each message.
Test(gossip, pushes_over_the_limit_take_turns_until_all_was_sent)
{
    for (uint32_t words = 1; words <= 3; words++) {
        for (uint32_t limit = 2; limit <= 64; limit += 31) {
            struct lab *lab = lab_with(
                (struct lab_settings){.mode = MESH_PUSH, .words = words, .update_limit = limit});
            uint32_t lanes = 64 * words;
            for (uint32_t i = 0; i < lanes; i++) {
                lab_increment(lab, A, 0, 1);
            }
            uint32_t ticks = 0;
            for (; ticks < 3 + lanes && lab_held_count(lab, B) < lanes; ticks++) {
                lab_tell_anew(lab);
                lab_tick(lab, A);
                lab_settle(lab);
            }
            cr_expect_eq(lab_held_count(lab, B), lanes,
                         "limit %u: %u of %u updates came in %u pushes, the last:\n%s", limit,
                         lab_held_count(lab, B), lanes, ticks, lab->story);
            lab_finish(lab);
        }
    }
}

// ---- Pull ----

Test(gossip, pull_brings_the_asker_what_it_lacks_and_tells_nothing)
{
    struct lab *lab = lab_with((struct lab_settings){.mode = MESH_PULL});
    lab_increment(lab, A, 0, 1);
    lab_increment(lab, B, 0, 1);
    start_story(lab);
    lab_tick(lab, A);
    cr_expect_eq(lab->flights[0].message->wire_bytes, 20 + 16 + 1, "header, hash, no updates");
    lab_settle(lab);
    lab_tick(lab, B);
    lab_settle(lab);
    // A holds both after the answer, B's hash is that of B1 alone: A asks on, and lacks nothing.
    lab_expect_story(lab, "   1 ms  A ticks: sends OPEN {} to B\n"
                          "   2 ms  B hears OPEN {} from A: sends ANSWER {B1} to A\n"
                          "   3 ms  A hears ANSWER {B1} from B: learns B1, "
                          "sends VECTOR {} holding {A1 B1} to B\n"
                          "   4 ms  B hears VECTOR {} holding {A1 B1} from A: nothing\n"
                          "   5 ms  B ticks: sends OPEN {} to A\n"
                          "   6 ms  A hears OPEN {} from B: sends ANSWER {A1 B1} to B\n"
                          "   7 ms  B hears ANSWER {A1 B1} from A: learns A1\n");
    lab_finish(lab);
}

Test(gossip, pull_ends_with_the_rest_of_what_nobody_learnt_lately)
{
    struct lab *lab = lab_with((struct lab_settings){.mode = MESH_PULL});
    write_long_ago(lab, A);
    write_long_ago(lab, B);
    start_story(lab);
    lab_tick(lab, A);
    lab_settle(lab);
    lab_expect_story(lab, "   1 ms  A ticks: sends OPEN {} to B\n"
                          "   2 ms  B hears OPEN {} from A: sends ANSWER {} to A\n"
                          "   3 ms  A hears ANSWER {} from B: sends VECTOR {} holding {A1} to B\n"
                          "   4 ms  B hears VECTOR {} holding {A1} from A: sends REST {B1} to A\n"
                          "   5 ms  A hears REST {B1} from B: learns B1\n");
    cr_expect_eq(lab_held_count(lab, B), 1, "B did not ask");
    lab_finish(lab);
}

Test(gossip, pull_of_equal_replicas_costs_one_digest)
{
    struct lab *lab = lab_with((struct lab_settings){.mode = MESH_PULL});
    lab_increment(lab, A, 0, 1);
    lab_tick(lab, B);
    lab_settle(lab);
    start_story(lab);
    lab_tick(lab, A);
    lab_settle(lab);
    lab_expect_story(lab, "   1 ms  A ticks: sends OPEN {} to B\n"
                          "   2 ms  B hears OPEN {} from A: nothing\n");
    lab_finish(lab);
}

// ---- A peer's faults ----

Test(gossip, what_a_peer_may_not_say_is_rejected_with_its_reason_and_teaches_nothing)
{
    struct lab *lab = lab_with((struct lab_settings){.mode = MESH_EAGER});
    lab_increment(lab, A, 0, 1);
    lab_lose_all(lab);
    start_story(lab);
    struct mesh_message *message = lab_memory(lab, sizeof *message + 2 * sizeof(uint64_t));
    *message = (struct mesh_message){
        .source = A, .kind = MESH_MESSAGE_PUSH, .scope = 1, .words = 1, .update_count = 1};
    message->lanes[0] = 1;
    lab_hear(lab, B, message);
    message->scope = 0;
    message->source = B;
    lab_hear(lab, B, message);
    message->source = A;
    message->kind = MESH_MESSAGE_KIND_COUNT;
    lab_hear(lab, B, message);
    message->kind = 0;
    lab_hear(lab, B, message);
    lab_expect_story(lab, "   1 ms  B hears PUSH {A1} from A: rejects it: SCOPE\n"
                          "   2 ms  B hears PUSH {A1} from B: rejects it: SELF\n"
                          "   3 ms  B hears nonsense {} from A: rejects it: KIND\n"
                          "   4 ms  B hears nonsense {A1} from A: rejects it: KIND\n");
    lab_finish(lab);
}
