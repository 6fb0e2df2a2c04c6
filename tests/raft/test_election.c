// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.h"

#define VOTE MESH_MESSAGE_RAFT_VOTE
#define REPLY MESH_MESSAGE_RAFT_VOTE_REPLY
#define APPEND MESH_MESSAGE_RAFT_APPEND

static const uint64_t three[] = {1, 1, 2};

static void start(struct rig *rig)
{
    rig_init(rig);
    rig_start(rig, 2, MESH_NODE_NONE, three, 3);
}

static struct mesh_raft_head vote_for(uint64_t term, uint64_t index, uint64_t index_term)
{
    return (struct mesh_raft_head){.term = term, .index = index, .index_term = index_term};
}

// ---- Asking ----

Test(raft_election, a_server_starts_as_a_follower_whose_patience_is_within_its_bounds)
{
    struct rig rig;
    start(&rig);
    const struct mesh_record *timer = rig_record(&rig, MESH_RECORD_RAFT_TIMER);
    cr_assert_not_null(timer);
    cr_expect_eq(rig.raft.role, MESH_RAFT_FOLLOWER);
    cr_expect(timer->raft_timer.at_ns >= 500 * RIG_MS && timer->raft_timer.at_ns < 1000 * RIG_MS);
    cr_expect_null(rig_record(&rig, MESH_RECORD_RAFT_PERSIST), "there is nothing new to write");
}

Test(raft_election, timeouts_are_drawn_anew_and_fill_their_range)
{
    struct rig rig;
    start(&rig);
    rig.group.pre_vote = false;
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        rig_patience(&rig);
        uint64_t patience_ns = rig.raft.election_ns - rig.now_ns;
        least = patience_ns < least ? patience_ns : least;
        most = patience_ns > most ? patience_ns : most;
        sum += patience_ns;
    }
    cr_expect(least >= 500 * RIG_MS && least < 505 * RIG_MS && most < 1000 * RIG_MS &&
              most > 995 * RIG_MS);
    // Uniform: the mean of 1,000 has a standard error of 500 / sqrt(12 * 1000) = 4.6 ms.
    cr_expect(sum / 1000 > 736 * RIG_MS && sum / 1000 < 764 * RIG_MS);
}

Test(raft_election, who_has_waited_long_enough_asks_before_it_raises_its_term)
{
    struct rig rig;
    start(&rig);
    rig_patience(&rig);
    const struct mesh_raft_head *asked = rig_sent(&rig, VOTE, E);
    cr_assert_not_null(asked);
    cr_expect(asked->term == 3 && asked->flags == MESH_RAFT_PRE && asked->index == 3 &&
              asked->index_term == 2);
    cr_expect(rig.raft.term == 2 && rig.raft.role == MESH_RAFT_PRECANDIDATE);
    cr_expect_null(rig_record(&rig, MESH_RECORD_RAFT_PERSIST), "it has promised nothing");
    struct mesh_raft_head would = {.term = 3, .flags = MESH_RAFT_PRE | MESH_RAFT_GRANTED};
    rig_hear(&rig, B, REPLY, would);
    cr_expect_eq(rig.raft.role, MESH_RAFT_PRECANDIDATE, "two of five are no majority");
    rig_hear(&rig, B, REPLY, would);
    cr_expect_eq(rig.raft.role, MESH_RAFT_PRECANDIDATE, "nor are they when one says it twice");
    rig_hear(&rig, C, REPLY, would);
    cr_expect(rig.raft.role == MESH_RAFT_CANDIDATE && rig.raft.term == 3);
}

Test(raft_election, a_candidate_asks_only_when_its_own_vote_is_on_the_disk)
{
    struct rig rig;
    start(&rig);
    rig.group.pre_vote = false;
    rig_patience(&rig);
    cr_expect(rig.raft.role == MESH_RAFT_CANDIDATE && rig.raft.term == 3 && rig.raft.vote == A);
    cr_expect_not_null(rig_record(&rig, MESH_RECORD_RAFT_PERSIST));
    cr_expect_null(rig_sent(&rig, VOTE, B));
    rig_store(&rig);
    cr_assert_not_null(rig_sent(&rig, VOTE, B));
    cr_expect_eq(rig_sent(&rig, VOTE, B)->flags, 0);
    cr_expect_not_null(rig_sent(&rig, VOTE, E));
}

Test(raft_election, a_majority_makes_a_leader_who_appends_an_entry_of_its_term)
{
    struct rig rig;
    start(&rig);
    rig_lead(&rig);
    const struct mesh_message *first = rig_message(&rig, APPEND, D);
    cr_assert_not_null(first);
    cr_expect(first->update_count == 1 && mesh_raft_heard(first)->index == 3);
    const struct mesh_raft_entry *entry = mesh_raft_carried(first, 0);
    cr_expect(entry->term == 3 && entry->kind == MESH_RAFT_NOOP);
    cr_expect(rig.raft.last == 4 && rig.raft.commit == 0);
}

Test(raft_election, votes_of_another_term_do_not_count)
{
    struct rig rig;
    start(&rig);
    rig.group.pre_vote = false;
    rig_patience(&rig);
    rig_store(&rig);
    rig_hear(&rig, B, REPLY, (struct mesh_raft_head){.term = 2, .flags = MESH_RAFT_GRANTED});
    rig_hear(&rig, C, REPLY, (struct mesh_raft_head){.term = 2, .flags = MESH_RAFT_GRANTED});
    cr_expect_eq(rig.raft.role, MESH_RAFT_CANDIDATE);
    rig_hear(&rig, D, REPLY, (struct mesh_raft_head){.term = 5});
    cr_expect(rig.raft.role == MESH_RAFT_FOLLOWER && rig.raft.term == 5);
}

Test(raft_election, a_split_vote_is_followed_by_another_term)
{
    struct rig rig;
    start(&rig);
    rig.group.pre_vote = false;
    rig_patience(&rig);
    rig_store(&rig);
    rig_hear(&rig, B, REPLY, (struct mesh_raft_head){.term = 3, .flags = MESH_RAFT_GRANTED});
    rig_patience(&rig);
    cr_expect(rig.raft.role == MESH_RAFT_CANDIDATE && rig.raft.term == 4);
}

// ---- Giving ----

Test(raft_election, a_vote_is_announced_when_it_is_on_the_disk_and_given_once_in_a_term)
{
    struct rig rig;
    start(&rig);
    rig_hear(&rig, B, VOTE, vote_for(3, 3, 2));
    cr_expect_null(rig_sent(&rig, REPLY, B));
    cr_expect_not_null(rig_record(&rig, MESH_RECORD_RAFT_PERSIST));
    rig_hear(&rig, C, VOTE, vote_for(3, 9, 2));
    cr_assert_not_null(rig_sent(&rig, REPLY, C));
    cr_expect_eq(rig_sent(&rig, REPLY, C)->flags, 0, "C comes too late");
    rig_store(&rig);
    cr_assert_not_null(rig_sent(&rig, REPLY, B));
    cr_expect(rig_sent(&rig, REPLY, B)->flags == MESH_RAFT_GRANTED &&
              rig_sent(&rig, REPLY, B)->term == 3);
    rig_hear(&rig, B, VOTE, vote_for(3, 3, 2));
    cr_expect_eq(rig_sent(&rig, REPLY, B)->flags, MESH_RAFT_GRANTED, "the same answer again");
}

Test(raft_election, a_vote_survives_a_crash)
{
    struct rig rig;
    rig_init(&rig);
    rig_start(&rig, 3, B, three, 3);
    rig_hear(&rig, C, VOTE, vote_for(3, 9, 2));
    cr_expect_eq(rig_sent(&rig, REPLY, C)->flags, 0);
    rig_hear(&rig, B, VOTE, vote_for(3, 9, 2));
    cr_expect_eq(rig_sent(&rig, REPLY, B)->flags, MESH_RAFT_GRANTED);
}

Test(raft_election, no_vote_for_a_log_that_is_behind)
{
    // The own log ends at 3, term 2 (the paper, 5.4.1: the last terms decide, then the lengths).
    static const struct {
        uint64_t index, term;
        bool granted;
    } cases[] = {{3, 2, true}, {4, 2, true},  {2, 2, false}, {9, 1, false},
                 {1, 3, true}, {3, 1, false}, {0, 0, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (uint32_t pre = 0; pre < 2; pre++) {
            struct rig rig;
            start(&rig);
            struct mesh_raft_head head = vote_for(4, cases[i].index, cases[i].term);
            head.flags = pre != 0 ? MESH_RAFT_PRE : 0;
            rig_hear(&rig, B, VOTE, head);
            if (pre == 0) {
                bool denied = rig_sent(&rig, REPLY, B) != NULL;
                cr_expect_eq(!denied, cases[i].granted, "case %zu", i);
                cr_expect_eq(rig.raft.term, 4, "the term is known in any case");
            } else {
                bool granted = (rig_sent(&rig, REPLY, B)->flags & MESH_RAFT_GRANTED) != 0;
                cr_expect_eq(granted, cases[i].granted, "case %zu, beforehand", i);
                cr_expect(rig.raft.term == 2 && rig.raft.vote == MESH_NODE_NONE,
                          "nothing is promised");
            }
        }
    }
}

Test(raft_election, who_hears_a_leader_stays_true_to_it_unless_it_wants_otherwise)
{
    struct rig rig;
    start(&rig);
    struct mesh_raft_head heartbeat = {.term = 2, .index = 3, .index_term = 2};
    rig_hear(&rig, D, APPEND, heartbeat);
    rig.now_ns += 499 * RIG_MS;
    rig_hear(&rig, B, VOTE, vote_for(7, 9, 6));
    cr_expect(rig.output.record_count == 0 && rig.raft.term == 2);
    struct mesh_raft_head pre = vote_for(7, 9, 6);
    pre.flags = MESH_RAFT_PRE;
    rig_hear(&rig, B, VOTE, pre);
    cr_expect_eq(rig.output.record_count, 0);
    struct mesh_raft_head wanted = vote_for(3, 9, 2);
    wanted.flags = MESH_RAFT_HANDOVER;
    rig_hear(&rig, C, VOTE, wanted);
    cr_expect(rig.raft.term == 3 && rig.raft.vote == C);
}

Test(raft_election, loyalty_ends_with_the_least_election_timeout)
{
    struct rig rig;
    start(&rig);
    rig_hear(&rig, D, APPEND, (struct mesh_raft_head){.term = 2, .index = 3, .index_term = 2});
    rig.now_ns += 500 * RIG_MS;
    rig_hear(&rig, B, VOTE, vote_for(7, 9, 6));
    cr_expect(rig.raft.term == 7 && rig.raft.vote == B);
}

Test(raft_election, without_check_quorum_nobody_stays_true)
{
    struct rig rig;
    rig_init(&rig);
    rig.group.check_quorum = false;
    rig_start(&rig, 2, MESH_NODE_NONE, three, 3);
    rig_hear(&rig, D, APPEND, (struct mesh_raft_head){.term = 2, .index = 3, .index_term = 2});
    rig_hear(&rig, B, VOTE, vote_for(7, 9, 6));
    cr_expect(rig.raft.term == 7 && rig.raft.vote == B);
}

Test(raft_election, who_lost_its_disk_abstains_until_it_is_no_voter_any_more)
{
    struct rig rig;
    rig_init(&rig);
    rig.raft.snapshot.members = (struct mesh_raft_members){0, 0};
    struct mesh_raft_start lost = {.vote = MESH_NODE_NONE, .life = 4, .forgot = true};
    rig_step(&rig, (struct mesh_event){.kind = MESH_EVENT_RAFT_START, .raft_start = &lost});
    rig_store(&rig);
    rig_hear(&rig, B, VOTE, vote_for(7, 9, 6));
    cr_expect_eq(rig_sent(&rig, REPLY, B)->flags, 0);
    rig_store(&rig);
    struct mesh_raft_head heartbeat = {.term = 7, .life = 3};
    rig_hear(&rig, B, APPEND, heartbeat);
    cr_expect(rig_sent(&rig, MESH_MESSAGE_RAFT_APPEND_REPLY, B)->flags ==
                  (MESH_RAFT_GRANTED | MESH_RAFT_FORGOT) &&
              rig_sent(&rig, MESH_MESSAGE_RAFT_APPEND_REPLY, B)->life == 4);
    cr_expect(rig.raft.forgot, "that was said to its former life");
    heartbeat.life = 4;
    rig_hear(&rig, B, APPEND, heartbeat);
    cr_expect_eq(rig_sent(&rig, MESH_MESSAGE_RAFT_APPEND_REPLY, B)->flags, MESH_RAFT_GRANTED);
    cr_expect_not_null(rig_record(&rig, MESH_RECORD_RAFT_PERSIST), "that it is cleared is durable");
}

// ---- Leading no more ----

Test(raft_election, a_leader_that_hears_no_majority_resigns)
{
    struct rig rig;
    start(&rig);
    rig_lead_settled(&rig);
    uint64_t led_ns = rig.now_ns;
    while (rig.raft.role == MESH_RAFT_LEADER && rig.now_ns < led_ns + 5000 * RIG_MS) {
        rig_confirm(&rig, B, rig.raft.last);  // itself and B are two of five
        rig_beat(&rig);
    }
    cr_expect_eq(rig.raft.role, MESH_RAFT_FOLLOWER);
    cr_expect_eq(rig.now_ns - led_ns, 500 * RIG_MS);
    cr_expect_eq(rig.raft.term, 3, "it resigns in its term");
}

Test(raft_election, a_leader_resigns_to_a_higher_term)
{
    struct rig rig;
    start(&rig);
    rig_lead_settled(&rig);
    rig_hear(&rig, D, MESH_MESSAGE_RAFT_APPEND_REPLY,
             (struct mesh_raft_head){.term = 9, .commit = 1, .life = 1});
    cr_expect(rig.raft.role == MESH_RAFT_FOLLOWER && rig.raft.term == 9);
    const struct mesh_record *timer = rig_record(&rig, MESH_RECORD_RAFT_TIMER);
    cr_expect(timer == NULL || timer->raft_timer.at_ns > rig.now_ns);
    cr_expect(rig.raft.election_ns >= rig.now_ns + 500 * RIG_MS, "its patience is fresh");
}
