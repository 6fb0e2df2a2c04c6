// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.h"

#define APPEND MESH_MESSAGE_RAFT_APPEND
#define REPLY MESH_MESSAGE_RAFT_APPEND_REPLY

static const uint64_t five[] = {1, 1, 2, 2, 2};

static void start(struct rig *rig)
{
    rig_init(rig);
    rig_start(rig, 3, MESH_NODE_NONE, five, 5);
}

static struct mesh_raft_head behind(uint64_t term, uint64_t index, uint64_t index_term,
                                    uint64_t commit)
{
    return (struct mesh_raft_head){
        .term = term, .index = index, .index_term = index_term, .commit = commit, .round = 8};
}

Test(raft_follower, entries_are_confirmed_when_they_are_on_the_disk)
{
    static const uint64_t terms[] = {3, 3};
    struct rig rig;
    start(&rig);
    rig_hear_entries(&rig, D, behind(3, 5, 2, 0), terms, 2);
    const struct mesh_record *persist = rig_record(&rig, MESH_RECORD_RAFT_PERSIST);
    cr_assert_not_null(persist);
    cr_expect(persist->raft_persist.index_first == 6 && persist->raft_persist.count == 2);
    cr_expect_null(rig_sent(&rig, REPLY, D));
    rig_store(&rig);
    const struct mesh_raft_head *reply = rig_sent(&rig, REPLY, D);
    cr_assert_not_null(reply);
    cr_expect(reply->flags == MESH_RAFT_GRANTED && reply->index == 7 && reply->commit == 7 &&
              reply->round == 8);
}

Test(raft_follower, heartbeats_are_answered_at_once_with_what_is_on_the_disk)
{
    static const uint64_t terms[] = {3, 3};
    struct rig rig;
    start(&rig);
    rig_hear_entries(&rig, D, behind(3, 5, 2, 0), terms, 2);
    rig_hear(&rig, D, APPEND, behind(3, 7, 3, 0));
    const struct mesh_raft_head *reply = rig_sent(&rig, REPLY, D);
    cr_assert_not_null(reply);
    cr_expect(reply->index == 5 && reply->commit == 7);
}

Test(raft_follower, what_was_there_before_is_not_confirmed_unseen)
{
    // Its own entries 4 and 5 may be others than the leader's, which has only spoken of 3.
    struct rig rig;
    start(&rig);
    rig_hear(&rig, D, APPEND, behind(3, 3, 2, 0));
    cr_expect_eq(rig_sent(&rig, REPLY, D)->index, 3);
}

Test(raft_follower, the_commit_index_reaches_no_further_than_what_agrees)
{
    struct rig rig;
    start(&rig);
    rig_hear(&rig, D, APPEND, behind(3, 3, 2, 5));
    cr_expect_eq(rig.raft.commit, 3, "4 and 5 may differ");
    rig_hear(&rig, D, APPEND, behind(3, 4, 2, 2));
    cr_expect_eq(rig.raft.commit, 3, "and it does not fall");
}

Test(raft_follower, what_conflicts_gives_way_with_all_behind_it)
{
    static const uint64_t terms[] = {2, 3};
    struct rig rig;
    start(&rig);
    rig_hear_entries(&rig, D, behind(3, 2, 1, 0), terms, 2);
    cr_expect(rig.raft.last == 4 && rig_term_of(&rig, 3) == 2 && rig_term_of(&rig, 4) == 3);
    const struct mesh_record *persist = rig_record(&rig, MESH_RECORD_RAFT_PERSIST);
    cr_expect(persist->raft_persist.index_first == 4 && persist->raft_persist.count == 1,
              "what agrees is not written again");
}

Test(raft_follower, an_old_message_takes_nothing_away)
{
    static const uint64_t terms[] = {1, 2};
    struct rig rig;
    start(&rig);
    rig_hear_entries(&rig, D, behind(3, 1, 1, 0), terms, 2);
    cr_expect_eq(rig.raft.last, 5);
    cr_expect_eq(rig_sent(&rig, REPLY, D)->index, 3);
}

Test(raft_follower, a_gap_or_another_term_before_is_refused_with_a_hint)
{
    struct rig rig;
    start(&rig);
    rig_hear(&rig, D, APPEND, behind(4, 9, 4, 0));
    const struct mesh_raft_head *reply = rig_sent(&rig, REPLY, D);
    cr_expect(reply->flags == 0 && reply->commit == 9 && reply->index == 5 &&
              reply->index_term == 2);
    rig_hear(&rig, D, APPEND, behind(4, 5, 4, 0));
    reply = rig_sent(&rig, REPLY, D);
    cr_expect(reply->flags == 0 && reply->commit == 5 && reply->index == 4 &&
              reply->index_term == 2);
    rig_hear(&rig, D, APPEND, behind(4, 5, 1, 0));
    reply = rig_sent(&rig, REPLY, D);
    cr_expect(reply->index == 2 && reply->index_term == 1,
              "the leader has term 1 there: none of term 2 can agree");
}

Test(raft_follower, a_stale_leader_learns_of_the_term)
{
    struct rig rig;
    start(&rig);
    rig_hear(&rig, D, APPEND, behind(2, 5, 2, 5));
    cr_expect(rig_sent(&rig, REPLY, D)->term == 3 && rig_sent(&rig, REPLY, D)->flags == 0);
    cr_expect(rig.raft.leader == MESH_NODE_NONE && rig.raft.commit == 0);
}

Test(raft_follower, patience_begins_anew_with_every_message_of_the_leader)
{
    struct rig rig;
    start(&rig);
    for (uint32_t i = 0; i < 100; i++) {
        rig_wait(&rig, 100);
        rig_hear(&rig, D, APPEND, behind(3, 5, 2, 0));
    }
    cr_expect_eq(rig.raft.role, MESH_RAFT_FOLLOWER);
    rig_wait(&rig, 1000);
    cr_expect_eq(rig.raft.role, MESH_RAFT_PRECANDIDATE);
}

Test(raft_follower, what_no_leader_can_say_is_rejected)
{
    static const uint64_t falling[] = {3, 2};
    static const uint64_t future[] = {3, 9};
    static const uint64_t other[] = {2};
    struct rig rig;
    start(&rig);
    rig_hear(&rig, D, APPEND, behind(3, 4, 2, 4));
    cr_assert_eq(rig.raft.commit, 4);
    rig_hear(&rig, E, APPEND, behind(3, 5, 2, 0));
    cr_expect_eq(rig_reject(&rig), MESH_REJECT_HISTORY, "a term has one leader");
    rig_hear_entries(&rig, D, behind(3, 5, 2, 0), falling, 2);
    cr_expect_eq(rig_reject(&rig), MESH_REJECT_HISTORY, "terms do not fall");
    rig_hear_entries(&rig, D, behind(3, 5, 2, 0), future, 2);
    cr_expect_eq(rig_reject(&rig), MESH_REJECT_HISTORY, "nor are they above the leader's");
    rig_hear_entries(&rig, D, behind(3, 1, 1, 0), other, 1);
    cr_expect_eq(rig_reject(&rig), MESH_REJECT_HISTORY, "entry 2 is committed, of term 1");
    rig_hear(&rig, D, APPEND, behind(3, 3, 1, 0));
    cr_expect_eq(rig_reject(&rig), MESH_REJECT_HISTORY, "and entry 3, of term 2");
    cr_expect_eq(rig.raft.last, 5);
}
