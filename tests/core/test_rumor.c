// SPDX-License-Identifier: GPL-3.0-or-later
// Rumor mongering as stories. Expected stories follow from Demers et al. 1987, section 1.4, as
// core/rumor.c and core/README.md tell it.
#include <criterion/criterion.h>
#include <gsl/gsl_cdf.h>
#include <math.h>

#include "lab.h"

enum { A, B, C };

static struct lab *lab_with(struct lab_settings settings)
{
    static struct lab lab;
    settings.mode = MESH_RUMOR;
    lab_init(&lab, settings);
    return &lab;
}

static void start_story(struct lab *lab)
{
    lab->now_ns = 0;
    lab_tell_anew(lab);
}

// Delivers what flies to `target`, of the first sent, and its feedback; loses the rest.
static void only_to(struct lab *lab, uint32_t target)
{
    for (uint32_t i = lab->flight_count; i-- > 0;) {
        if (lab->flights[i].target != target) {
            lab_lose(lab, i);
        }
    }
    lab_settle(lab);
}

// Delivers what flies to B before what flies to C, then the answers.
static void to_b_then_c(struct lab *lab)
{
    lab_deliver(lab, lab->flights[0].target == B ? 0 : 1, false);
    lab_deliver(lab, 0, false);
    lab_settle(lab);
}

static bool is_hot(const struct lab *lab, uint32_t node)
{
    return lab_plane(lab, node, 0, MESH_HOT) != 0;
}

// ---- Push, feedback, counter ----

Test(rumor, a_spreader_loses_interest_at_the_kth_partner_that_knew)
{
    struct lab *lab = lab_with((struct lab_settings){.rumor = {.feedback = true, .k = 2}});
    lab_increment(lab, A, 0, 1);
    for (int tick = 0; tick < 4; tick++) {
        lab_tick(lab, A);
        lab_settle(lab);
    }
    lab_expect_story(lab, "   1 ms  A writes A1: persists A1, learns A1\n"
                          "   2 ms  A ticks: sends RUMOR {A1} to B\n"
                          "   3 ms  B hears RUMOR {A1} from A: learns A1, "
                          "sends FEEDBACK {A1} knew {} to A\n"
                          "   4 ms  A hears FEEDBACK {A1} knew {} from B: nothing\n"
                          "   5 ms  A ticks: sends RUMOR {A1} to B\n"
                          "   6 ms  B hears RUMOR {A1} from A: sends FEEDBACK {} knew {A1} to A\n"
                          "   7 ms  A hears FEEDBACK {} knew {A1} from B: nothing\n"
                          "   8 ms  A ticks: sends RUMOR {A1} to B\n"
                          "   9 ms  B hears RUMOR {A1} from A: sends FEEDBACK {} knew {A1} to A\n"
                          "  10 ms  A hears FEEDBACK {} knew {A1} from B: nothing\n"
                          "  11 ms  A ticks: nothing\n");
    lab_finish(lab);
}

// B knows it, C gets it, then both know it: with k = 3 the counts are 1, 0, then 1 2, then 3. Were
// the counter not reset by C's news, it would be 3 a tick earlier.
Test(rumor, news_resets_the_counter)
{
    struct lab *lab =
        lab_with((struct lab_settings){.nodes = 3, .rumor = {.feedback = true, .k = 3}});
    lab_increment(lab, A, 0, 1);
    lab_tick(lab, A);
    only_to(lab, B);
    start_story(lab);
    for (int tick = 0; tick < 4; tick++) {
        lab_tick(lab, A);
        if (lab->flight_count > 0) {
            to_b_then_c(lab);
        }
    }
    lab_expect_story(
        lab, "   1 ms  A ticks: sends RUMOR {A1} to B C\n"
             "   2 ms  B hears RUMOR {A1} from A: sends FEEDBACK {} knew {A1} to A\n"
             "   3 ms  C hears RUMOR {A1} from A: learns A1, sends FEEDBACK {A1} knew {} to A\n"
             "   4 ms  A hears FEEDBACK {} knew {A1} from B: nothing\n"
             "   5 ms  A hears FEEDBACK {A1} knew {} from C: nothing\n"
             "   6 ms  A ticks: sends RUMOR {A1} to B C\n"
             "   7 ms  B hears RUMOR {A1} from A: sends FEEDBACK {} knew {A1} to A\n"
             "   8 ms  C hears RUMOR {A1} from A: sends FEEDBACK {} knew {A1} to A\n"
             "   9 ms  A hears FEEDBACK {} knew {A1} from B: nothing\n"
             "  10 ms  A hears FEEDBACK {} knew {A1} from C: nothing\n"
             "  11 ms  A ticks: sends RUMOR {A1} to B C\n"
             "  12 ms  B hears RUMOR {A1} from A: sends FEEDBACK {} knew {A1} to A\n"
             "  13 ms  C hears RUMOR {A1} from A: sends FEEDBACK {} knew {A1} to A\n"
             "  14 ms  A hears FEEDBACK {} knew {A1} from B: nothing\n"
             "  15 ms  A hears FEEDBACK {} knew {A1} from C: nothing\n"
             "  16 ms  A ticks: nothing\n");
    lab_finish(lab);
}

Test(rumor, each_update_has_a_counter_of_its_own)
{
    struct lab *lab = lab_with((struct lab_settings){.rumor = {.feedback = true, .k = 2}});
    lab_increment(lab, A, 0, 1);
    lab_tick(lab, A);
    lab_settle(lab);
    lab_tick(lab, A);
    lab_settle(lab);  // A1 counts one
    lab_increment(lab, A, 0, 1);
    start_story(lab);
    lab_tick(lab, A);
    lab_settle(lab);
    lab_tick(lab, A);
    lab_expect_story(lab, "   1 ms  A ticks: sends RUMOR {A1 A2} to B\n"
                          "   2 ms  B hears RUMOR {A1 A2} from A: learns A2, "
                          "sends FEEDBACK {A2} knew {A1} to A\n"
                          "   3 ms  A hears FEEDBACK {A2} knew {A1} from B: nothing\n"
                          "   4 ms  A ticks: sends RUMOR {A2} to B\n");
    lab_finish(lab);
}

Test(rumor, who_hears_a_rumor_spreads_it)
{
    struct lab *lab =
        lab_with((struct lab_settings){.nodes = 3, .rumor = {.feedback = true, .k = 1}});
    lab_increment(lab, A, 0, 1);
    lab_tick(lab, A);
    only_to(lab, B);
    start_story(lab);
    lab_tick(lab, B);
    only_to(lab, C);
    lab_expect_story(lab, "   1 ms  B ticks: sends RUMOR {A1} to A C\n"
                          "   2 ms  C hears RUMOR {A1} from B: learns A1, "
                          "sends FEEDBACK {A1} knew {} to B\n"
                          "   3 ms  B hears FEEDBACK {A1} knew {} from C: nothing\n");
    lab_finish(lab);
}

// Interest is lost, not memory: what has cooled down is not spread again when it is heard again.
Test(rumor, what_has_cooled_down_is_not_heated_by_hearing_it_again)
{
    struct lab *lab = lab_with((struct lab_settings){.rumor = {.feedback = true, .k = 1}});
    lab_increment(lab, A, 0, 1);
    for (int tick = 0; tick < 2; tick++) {
        lab_tick(lab, A);
        lab_settle(lab);
    }
    start_story(lab);
    lab_tick(lab, B);
    lab_settle(lab);
    lab_tick(lab, A);
    lab_tick(lab, B);
    lab_expect_story(lab, "   1 ms  B ticks: sends RUMOR {A1} to A\n"
                          "   2 ms  A hears RUMOR {A1} from B: sends FEEDBACK {} knew {A1} to B\n"
                          "   3 ms  B hears FEEDBACK {} knew {A1} from A: nothing\n"
                          "   4 ms  A ticks: nothing\n"
                          "   5 ms  B ticks: nothing\n");
    lab_finish(lab);
}

// ---- Blind ----

Test(rumor, a_blind_spreader_counts_every_partner_whoever_hears)
{
    struct lab *lab = lab_with((struct lab_settings){.nodes = 3, .rumor = {.k = 3}});
    lab_increment(lab, A, 0, 1);
    for (int tick = 0; tick < 3; tick++) {
        lab_tick(lab, A);
        lab_lose_all(lab);
    }
    lab_expect_story(lab, "   1 ms  A writes A1: persists A1, learns A1\n"
                          "   2 ms  A ticks: sends RUMOR {A1} to B C\n"  // counts 2
                          "   3 ms  A ticks: sends RUMOR {A1} to B C\n"  // 4: the third was enough
                          "   4 ms  A ticks: nothing\n");
    lab_finish(lab);
}

Test(rumor, a_blind_spreader_hears_nothing_back)
{
    struct lab *lab = lab_with((struct lab_settings){.rumor = {.k = 5}});
    lab_increment(lab, A, 0, 1);
    lab_tick(lab, A);
    lab_settle(lab);
    lab_expect_story(lab, "   1 ms  A writes A1: persists A1, learns A1\n"
                          "   2 ms  A ticks: sends RUMOR {A1} to B\n"
                          "   3 ms  B hears RUMOR {A1} from A: learns A1\n");
    lab_finish(lab);
}

Test(rumor, a_counter_stops_after_exactly_k_contacts_for_every_k)
{
    for (uint32_t k = 1; k <= MESH_RUMOR_K_MAX; k++) {
        for (int feedback = 0; feedback <= 1; feedback++) {
            struct lab *lab =
                lab_with((struct lab_settings){.rumor = {.feedback = feedback != 0, .k = k}});
            lab_increment(lab, A, 0, 1);
            uint32_t contacts = 0;
            for (; is_hot(lab, A) && contacts < 100; contacts++) {
                lab_tick(lab, A);
                lab_settle(lab);
            }
            // With feedback the first contact was news and did not count.
            cr_expect_eq(contacts, k + (feedback != 0), "k = %u: %u contacts\n%s", k, contacts,
                         lab->story);
            lab_finish(lab);
        }
    }
}

// ---- Coin ----

Test(rumor, a_coin_of_one_in_one_ends_interest_at_the_first_contact_that_counts)
{
    struct lab *lab =
        lab_with((struct lab_settings){.rumor = {.coin = true, .feedback = true, .k = 1}});
    lab_increment(lab, A, 0, 1);
    lab_tick(lab, A);
    lab_settle(lab);
    cr_expect(is_hot(lab, A), "news does not count\n%s", lab->story);
    lab_tick(lab, A);
    lab_settle(lab);
    cr_expect_not(is_hot(lab, A), "%s", lab->story);
    lab_finish(lab);
}

// The number of contacts until interest is lost is geometric with mean k, whether partners are
// told apart by feedback or not, with push and with pull; 64 updates flip coins of their own.
static void expect_geometric(struct mesh_rumor rumor)
{
    enum { SEEDS = 150, CELLS = 12 };
    uint32_t counts[CELLS + 1] = {0};
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct lab *lab = lab_with((struct lab_settings){.rumor = rumor, .seed = seed});
        for (int i = 0; i < 64; i++) {
            lab_increment(lab, A, 0, 1);
        }
        if (rumor.feedback) {  // B gets to know all of it first
            lab_tick(lab, rumor.pull ? B : A);
            lab_settle(lab);
            lab_tick(lab, A);
            lab_lose_all(lab);
        }
        for (uint32_t contact = 0; is_hot(lab, A); contact++) {
            uint32_t before = (uint32_t)__builtin_popcountll(lab_plane(lab, A, 0, MESH_HOT));
            lab_tick(lab, rumor.pull ? B : A);
            lab_settle(lab);
            if (rumor.pull && rumor.feedback) {
                lab_tick(lab, A);  // settles what its askers have said
                lab_lose_all(lab);
            }
            uint32_t after = (uint32_t)__builtin_popcountll(lab_plane(lab, A, 0, MESH_HOT));
            counts[contact < CELLS ? contact : CELLS] += before - after;
            lab_tell_anew(lab);
        }
        lab_finish(lab);
    }
    double statistic = 0;
    double left = 64 * SEEDS;
    for (uint32_t cell = 0; cell <= CELLS; cell++) {
        double expected = cell == CELLS ? left : left / rumor.k;
        left -= expected;
        statistic += (counts[cell] - expected) * (counts[cell] - expected) / expected;
    }
    cr_expect(gsl_cdf_chisq_Q(statistic, CELLS) > 1e-6, "k %u, pull %d, feedback %d: %.1f", rumor.k,
              rumor.pull, rumor.feedback, statistic);
}

Test(rumor, a_coin_ends_interest_with_probability_one_in_k_at_each_contact)
{
    for (uint32_t k = 2; k <= 6; k += 2) {
        for (int way = 0; way < 4; way++) {
            expect_geometric((struct mesh_rumor){
                .pull = way % 2 != 0, .coin = true, .feedback = way / 2 != 0, .k = k});
        }
    }
}

// ---- Pull ----

Test(rumor, with_pull_who_asks_gets_what_is_hot)
{
    struct lab *lab =
        lab_with((struct lab_settings){.rumor = {.pull = true, .feedback = true, .k = 1}});
    lab_tick(lab, B);
    lab_settle(lab);
    lab_increment(lab, A, 0, 1);
    lab_tick(lab, A);
    lab_settle(lab);
    lab_tick(lab, B);
    lab_settle(lab);
    lab_expect_story(lab, "   1 ms  B ticks: sends ASK {} to A\n"
                          "   2 ms  A hears ASK {} from B: nothing\n"
                          "   3 ms  A writes A1: persists A1, learns A1\n"
                          "   4 ms  A ticks: sends ASK {} to B\n"
                          "   5 ms  B hears ASK {} from A: nothing\n"
                          "   6 ms  B ticks: sends ASK {} to A\n"
                          "   7 ms  A hears ASK {} from B: sends RUMOR {A1} to B\n"
                          "   8 ms  B hears RUMOR {A1} from A: learns A1, "
                          "sends FEEDBACK {A1} knew {} to A\n"
                          "   9 ms  A hears FEEDBACK {A1} knew {} from B: nothing\n");
    lab_finish(lab);
}

// `who` asks A and hears its answer; A hears the feedback.
static void ask(struct lab *lab, uint32_t who)
{
    lab_tick(lab, who);
    only_to(lab, A);
}

static void tick_alone(struct lab *lab, uint32_t node)
{
    lab_tick(lab, node);
    lab_lose_all(lab);
}

// Footnote b of Table 3: of all who asked in a cycle one had use for it, so the counter starts
// anew; with k = 1 the useless one alone would have ended it.
Test(rumor, with_pull_one_useful_answer_in_a_cycle_makes_up_for_all_useless_ones)
{
    for (int useful_first = 0; useful_first <= 1; useful_first++) {
        struct lab *lab = lab_with(
            (struct lab_settings){.nodes = 3, .rumor = {.pull = true, .feedback = true, .k = 1}});
        lab_increment(lab, A, 0, 1);
        ask(lab, B);
        tick_alone(lab, A);
        lab_tell_anew(lab);
        ask(lab, useful_first != 0 ? C : B);
        ask(lab, useful_first != 0 ? B : C);
        tick_alone(lab, A);
        cr_expect(is_hot(lab, A), "C had use for it:\n%s", lab->story);
        ask(lab, B);
        tick_alone(lab, A);
        cr_expect_not(is_hot(lab, A), "nobody had:\n%s", lab->story);
        lab_finish(lab);
    }
}

// The same footnote: if all answers of a cycle were useless the counter grows by one, not by as
// many as there were. And only the cycle's end counts.
Test(rumor, with_pull_a_cycle_of_useless_answers_counts_once)
{
    struct lab *lab = lab_with(
        (struct lab_settings){.nodes = 3, .rumor = {.pull = true, .feedback = true, .k = 2}});
    lab_increment(lab, A, 0, 1);
    ask(lab, B);
    ask(lab, C);
    tick_alone(lab, A);
    for (uint32_t cycle = 1; cycle <= 2; cycle++) {
        lab_tell_anew(lab);
        ask(lab, B);
        ask(lab, C);
        ask(lab, B);
        cr_expect(is_hot(lab, A), "cycle %u is not over:\n%s", cycle, lab->story);
        tick_alone(lab, A);
        cr_expect_eq(is_hot(lab, A), cycle == 1, "after cycle %u:\n%s", cycle, lab->story);
    }
    lab_finish(lab);
}

// Useless, useful, useless: with k = 2 the counts are 1, 0, 1, and only the next one ends it.
Test(rumor, with_pull_a_useful_cycle_resets_the_counter)
{
    struct lab *lab = lab_with(
        (struct lab_settings){.nodes = 3, .rumor = {.pull = true, .feedback = true, .k = 2}});
    lab_increment(lab, A, 0, 1);
    ask(lab, B);
    tick_alone(lab, A);
    static const uint32_t askers[] = {B, C, B, B};
    for (uint32_t cycle = 0; cycle < 4; cycle++) {
        lab_tell_anew(lab);
        ask(lab, askers[cycle]);
        tick_alone(lab, A);
        cr_expect_eq(is_hot(lab, A), cycle < 3, "after cycle %u:\n%s", cycle, lab->story);
    }
    lab_finish(lab);
}

Test(rumor, with_pull_a_cycle_in_which_nobody_asks_changes_nothing)
{
    struct lab *lab =
        lab_with((struct lab_settings){.rumor = {.pull = true, .feedback = true, .k = 1}});
    lab_increment(lab, A, 0, 1);
    for (int tick = 0; tick < 50; tick++) {
        tick_alone(lab, A);
    }
    cr_expect(is_hot(lab, A));
    ask(lab, B);
    cr_expect(lab_holds(lab, B, (struct mesh_dot){A, 1}), "%s", lab->story);
    lab_finish(lab);
}

Test(rumor, a_blind_pull_counts_every_answer_at_once)
{
    struct lab *lab = lab_with((struct lab_settings){.rumor = {.pull = true, .k = 2}});
    lab_increment(lab, A, 0, 1);
    start_story(lab);
    for (int i = 0; i < 3; i++) {
        lab_tick(lab, B);
        lab_settle(lab);
    }
    lab_expect_story(lab, "   1 ms  B ticks: sends ASK {} to A\n"
                          "   2 ms  A hears ASK {} from B: sends RUMOR {A1} to B\n"
                          "   3 ms  B hears RUMOR {A1} from A: learns A1\n"
                          "   4 ms  B ticks: sends ASK {} to A\n"
                          "   5 ms  A hears ASK {} from B: sends RUMOR {A1} to B\n"
                          "   6 ms  B hears RUMOR {A1} from A: nothing\n"
                          "   7 ms  B ticks: sends ASK {} to A\n"
                          "   8 ms  A hears ASK {} from B: nothing\n");
    lab_finish(lab);
}

// ---- Start of cycle ----

// A and B know A1 and tell C in the same cycle. Both told news, since C is judged by what it knew
// when the cycle began; one after the other (not synchronous) the second was useless.
static void tell_c_twice(struct lab *lab)
{
    lab_increment(lab, A, 0, 1);
    lab_tick(lab, A);
    only_to(lab, B);
    for (uint32_t node = A; node <= C; node++) {  // a cycle begins; what it sends is lost
        tick_alone(lab, node);
    }
    start_story(lab);
    lab_tick(lab, A);
    lab_lose(lab, lab->flights[0].target == B ? 0 : 1);
    lab_tick(lab, B);
    lab_lose(lab, lab->flights[1].target == A ? 1 : 2);
    lab_settle(lab);
}

Test(rumor, in_a_synchronous_cycle_two_tellers_of_the_same_news_are_both_useful)
{
    struct lab *lab = lab_with((struct lab_settings){
        .schedule = MESH_SYNCHRONOUS, .nodes = 3, .rumor = {.feedback = true, .k = 1}});
    tell_c_twice(lab);
    lab_expect_story(lab, "   1 ms  A ticks: sends RUMOR {A1} to B C\n"
                          "   2 ms  B ticks: sends RUMOR {A1} to A C\n"
                          "   3 ms  C hears RUMOR {A1} from A: learns A1, "
                          "sends FEEDBACK {A1} knew {} to A\n"
                          "   4 ms  C hears RUMOR {A1} from B: sends FEEDBACK {A1} knew {} to B\n"
                          "   5 ms  A hears FEEDBACK {A1} knew {} from C: nothing\n"
                          "   6 ms  B hears FEEDBACK {A1} knew {} from C: nothing\n");
    cr_expect(is_hot(lab, A) && is_hot(lab, B));
    tick_alone(lab, C);  // the next cycle: now it is known
    start_story(lab);
    lab_tick(lab, B);
    only_to(lab, C);
    lab_expect_story(lab, "   1 ms  B ticks: sends RUMOR {A1} to A C\n"
                          "   2 ms  C hears RUMOR {A1} from B: sends FEEDBACK {} knew {A1} to B\n"
                          "   3 ms  B hears FEEDBACK {} knew {A1} from C: nothing\n");
    cr_expect_not(is_hot(lab, B));
    lab_finish(lab);
}

Test(rumor, without_cycles_the_second_teller_is_useless)
{
    struct lab *lab =
        lab_with((struct lab_settings){.nodes = 3, .rumor = {.feedback = true, .k = 1}});
    tell_c_twice(lab);
    lab_expect_story(lab, "   1 ms  A ticks: sends RUMOR {A1} to B C\n"
                          "   2 ms  B ticks: sends RUMOR {A1} to A C\n"
                          "   3 ms  C hears RUMOR {A1} from A: learns A1, "
                          "sends FEEDBACK {A1} knew {} to A\n"
                          "   4 ms  C hears RUMOR {A1} from B: sends FEEDBACK {} knew {A1} to B\n"
                          "   5 ms  A hears FEEDBACK {A1} knew {} from C: nothing\n"
                          "   6 ms  B hears FEEDBACK {} knew {A1} from C: nothing\n");
    cr_expect(is_hot(lab, A) && !is_hot(lab, B));
    lab_finish(lab);
}

Test(rumor, in_a_synchronous_cycle_nobody_passes_on_what_it_just_heard)
{
    struct lab *lab = lab_with((struct lab_settings){
        .schedule = MESH_SYNCHRONOUS, .nodes = 3, .rumor = {.pull = true, .k = 9}});
    lab_increment(lab, A, 0, 1);
    tick_alone(lab, A);
    lab_tick(lab, B);
    only_to(lab, A);
    cr_assert(lab_holds(lab, B, (struct mesh_dot){A, 1}), "%s", lab->story);
    start_story(lab);
    lab_tick(lab, C);
    only_to(lab, B);
    tick_alone(lab, B);
    lab_tick(lab, C);
    only_to(lab, B);
    lab_expect_story(lab, "   1 ms  C ticks: sends ASK {} to A B\n"
                          "   2 ms  B hears ASK {} from C: nothing\n"
                          "   3 ms  B ticks: sends ASK {} to A C\n"
                          "   4 ms  C ticks: sends ASK {} to A B\n"
                          "   5 ms  B hears ASK {} from C: sends RUMOR {A1} to C\n"
                          "   6 ms  C hears RUMOR {A1} from B: learns A1\n");
    lab_finish(lab);
}

// ---- Limits and faults ----

// Those that do not fit wait until the ones before them have cooled down, and count nothing.
Test(rumor, hot_updates_over_the_limit_wait_for_their_turn_uncounted)
{
    struct lab *lab = lab_with((struct lab_settings){.update_limit = 1, .rumor = {.k = 2}});
    lab_increment(lab, A, 0, 1);
    lab_increment(lab, A, 0, 1);
    start_story(lab);
    for (int tick = 0; tick < 5; tick++) {
        tick_alone(lab, A);
    }
    lab_expect_story(lab, "   1 ms  A ticks: sends RUMOR {A1} to B\n"
                          "   2 ms  A ticks: sends RUMOR {A1} to B\n"
                          "   3 ms  A ticks: sends RUMOR {A2} to B\n"
                          "   4 ms  A ticks: sends RUMOR {A2} to B\n"
                          "   5 ms  A ticks: nothing\n");
    lab_finish(lab);
}

static struct mesh_message *made_up(struct lab *lab, uint8_t kind)
{
    struct mesh_message *message = lab_memory(lab, sizeof *message + 2 * sizeof(uint64_t));
    *message = (struct mesh_message){.source = B, .kind = kind, .words = 1, .update_count = 1};
    message->lanes[0] = 1;
    return message;
}

Test(rumor, messages_of_other_modes_are_rejected_and_teach_nothing)
{
    struct lab *lab = lab_with((struct lab_settings){.rumor = {.k = 1}});
    lab_increment(lab, B, 0, 1);
    start_story(lab);
    lab_hear(lab, A, made_up(lab, MESH_MESSAGE_PUSH));
    lab_hear(lab, A, made_up(lab, MESH_MESSAGE_OPEN));
    lab_expect_story(lab, "   1 ms  A hears PUSH {B1} from B: rejects it: KIND\n"
                          "   2 ms  A hears OPEN {B1} from B: rejects it: KIND\n");
    lab_finish(lab);
    static struct lab other;
    lab_init(&other, (struct lab_settings){.mode = MESH_PUSH_PULL});
    lab_increment(&other, B, 0, 1);
    start_story(&other);
    lab_hear(&other, A, made_up(&other, MESH_MESSAGE_RUMOR));
    lab_hear(&other, A, made_up(&other, MESH_MESSAGE_ASK));
    lab_hear(&other, A, made_up(&other, MESH_MESSAGE_FEEDBACK));
    lab_expect_story(&other, "   1 ms  A hears RUMOR {B1} from B: rejects it: KIND\n"
                             "   2 ms  A hears ASK {B1} from B: rejects it: KIND\n"
                             "   3 ms  A hears FEEDBACK {B1} knew {} from B: rejects it: KIND\n");
    lab_finish(&other);
}

// A liar's feedback on what was never sent, or never known, changes nothing.
Test(rumor, feedback_on_what_is_not_hot_changes_nothing)
{
    struct lab *lab = lab_with((struct lab_settings){.rumor = {.feedback = true, .k = 1}});
    lab_increment(lab, B, 0, 1);
    struct mesh_message *lie = made_up(lab, MESH_MESSAGE_FEEDBACK);
    lie->lanes[1] = 1;
    lab_hear(lab, A, lie);
    cr_expect_eq(lab_held_count(lab, A), 0);
    lab_tick(lab, B);
    lab_settle(lab);
    cr_expect(is_hot(lab, A), "A1 is news to A, whatever was said before\n%s", lab->story);
    lab_finish(lab);
}
