// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.h"

#define APPEND MESH_MESSAGE_RAFT_APPEND
#define REPLY MESH_MESSAGE_RAFT_APPEND_REPLY

static const uint64_t three[] = {1, 1, 2};

// A leads term 3 with entries 1 to 3 as above and its own 4.
static void lead(struct rig *rig)
{
    rig_init(rig);
    rig_start(rig, 2, MESH_NODE_NONE, three, 3);
    rig_lead(rig);
}

static void lead_settled(struct rig *rig)
{
    rig_init(rig);
    rig_start(rig, 2, MESH_NODE_NONE, three, 3);
    rig_lead_settled(rig);
}

static void refuse(struct rig *rig, uint32_t source, uint64_t previous, uint64_t hint,
                   uint64_t hint_term)
{
    rig_hear(rig, source, REPLY,
             (struct mesh_raft_head){.term = rig->raft.term,
                                     .index = hint,
                                     .index_term = hint_term,
                                     .commit = previous,
                                     .round = rig->raft.round,
                                     .life = 1});
}

// ---- Committing ----

Test(raft_replication, what_a_majority_has_on_disk_is_committed_the_leaders_own_disk_included)
{
    struct rig rig;
    lead(&rig);
    rig_confirm(&rig, B, 4);
    cr_expect_eq(rig.raft.commit, 0);
    rig_confirm(&rig, C, 4);
    cr_expect_eq(rig.raft.commit, 0, "its own disk is not done yet");
    rig_store(&rig);
    const struct mesh_record *commit = rig_record(&rig, MESH_RECORD_RAFT_COMMIT);
    cr_assert_not_null(commit);
    cr_expect(commit->raft_commit.index_first == 1 && commit->raft_commit.count == 4);
}

Test(raft_replication, a_majority_of_the_others_does_not_wait_for_the_leaders_disk)
{
    struct rig rig;
    lead(&rig);
    rig_confirm(&rig, B, 4);
    rig_confirm(&rig, C, 4);
    rig_confirm(&rig, D, 4);
    cr_expect(rig.raft.commit == 4 && rig.raft.stored == 3);
}

Test(raft_replication, entries_of_earlier_terms_are_not_committed_by_counting)
{
    struct rig rig;
    lead(&rig);
    rig_store(&rig);
    rig_confirm(&rig, B, 3);
    rig_confirm(&rig, C, 3);
    rig_confirm(&rig, D, 3);
    cr_expect_eq(rig.raft.commit, 0, "all of them have entry 3, of term 2");
    rig_confirm(&rig, B, 4);
    rig_confirm(&rig, C, 4);
    cr_expect_eq(rig.raft.commit, 4, "with an entry of term 3 those before it are committed");
}

Test(raft_replication, the_others_hear_of_a_commit_at_once)
{
    struct rig rig;
    lead_settled(&rig);
    rig_propose(&rig, 17);
    cr_expect_eq(rig_record(&rig, MESH_RECORD_RAFT_ACCEPT)->raft_accept.index, 5);
    rig_store(&rig);
    rig_confirm(&rig, B, 5);
    rig_confirm(&rig, C, 5);
    cr_assert_not_null(rig_sent(&rig, APPEND, E));
    cr_expect_eq(rig_sent(&rig, APPEND, E)->commit, 5);
}

// ---- Sending ----

Test(raft_replication, entries_go_out_while_the_leader_still_writes_them)
{
    struct rig rig;
    lead_settled(&rig);
    rig_propose(&rig, 17);
    const struct mesh_record *persist = rig_record(&rig, MESH_RECORD_RAFT_PERSIST);
    cr_assert_not_null(persist);
    cr_expect(persist->raft_persist.index_first == 5 && persist->raft_persist.count == 1);
    cr_assert_not_null(rig_message(&rig, APPEND, B));
    cr_expect_eq(rig_message(&rig, APPEND, B)->update_count, 1);
    rig_propose(&rig, 18);
    cr_expect_null(rig_record(&rig, MESH_RECORD_RAFT_PERSIST), "one write at a time");
    cr_expect_eq(rig_sent(&rig, APPEND, B)->index, 5, "entry 6 follows without an answer to 5");
    rig_store(&rig);
    persist = rig_record(&rig, MESH_RECORD_RAFT_PERSIST);
    cr_assert_not_null(persist);
    cr_expect(persist->raft_persist.index_first == 6 && persist->raft_persist.count == 1);
}

Test(raft_replication, no_more_than_a_window_is_under_way_to_a_member)
{
    struct rig rig;
    lead_settled(&rig);
    uint32_t sent = 0;
    for (uint64_t i = 0; i < 10; i++) {
        rig_propose(&rig, i);
        const struct mesh_message *message = rig_message(&rig, APPEND, B);
        sent += message == NULL ? 0 : message->update_count;
    }
    cr_expect_eq(sent, 6);
    rig_confirm(&rig, B, 6);  // two of them
    cr_expect_eq(rig_message(&rig, APPEND, B)->update_count, 2, "as many follow");
}

Test(raft_replication, a_member_that_is_behind_is_probed_one_message_at_a_time)
{
    struct rig rig;
    lead(&rig);
    rig_propose(&rig, 1);
    cr_expect_null(rig_message(&rig, APPEND, B), "the first answer is awaited");
    refuse(&rig, B, 3, 1, 1);
    const struct mesh_message *probe = rig_message(&rig, APPEND, B);
    cr_assert_not_null(probe);
    cr_expect(mesh_raft_heard(probe)->index == 1 && probe->update_count == 2);
    rig_confirm(&rig, B, 3);
    probe = rig_message(&rig, APPEND, B);
    cr_expect(mesh_raft_heard(probe)->index == 3 && probe->update_count == 2,
              "they agree: on with it");
}

Test(raft_replication, a_hint_skips_a_whole_term)
{
    // The leader has terms 1 1 1 4 4 4 4 and its own; the member 1 1 1 2 2 2 2: all of term 2 is
    // passed over in one step.
    static const uint64_t terms[] = {1, 1, 1, 4, 4, 4, 4};
    struct rig rig;
    rig_init(&rig);
    rig_start(&rig, 4, MESH_NODE_NONE, terms, 7);
    rig_lead(&rig);
    refuse(&rig, B, 7, 6, 2);
    cr_expect_eq(rig_sent(&rig, APPEND, B)->index, 3);
}

Test(raft_replication, a_refusal_that_comes_late_changes_nothing)
{
    struct rig rig;
    lead_settled(&rig);
    refuse(&rig, B, 3, 1, 1);
    cr_expect_null(rig_message(&rig, APPEND, B));
    cr_expect_eq(rig.raft.progress[B].next, 5);
}

Test(raft_replication, heartbeats_find_out_what_was_lost)
{
    struct rig rig;
    lead_settled(&rig);
    rig_propose(&rig, 17);  // which B never hears
    rig_beat(&rig);
    const struct mesh_raft_head *beat = rig_sent(&rig, APPEND, B);
    cr_assert_not_null(beat);
    cr_expect_eq(beat->index, 5, "it asks whether 5 has arrived");
    refuse(&rig, B, 5, 4, 3);
    cr_expect(rig_sent(&rig, APPEND, B)->index == 4 &&
              rig_message(&rig, APPEND, B)->update_count == 1);
}

Test(raft_replication, only_a_leader_takes_commands)
{
    struct rig rig;
    rig_init(&rig);
    rig_start(&rig, 2, MESH_NODE_NONE, three, 3);
    rig_hear(&rig, D, APPEND, (struct mesh_raft_head){.term = 2, .index = 3, .index_term = 2});
    rig_propose(&rig, 1);
    cr_expect_eq(rig_refusal(&rig), MESH_RAFT_NOT_LEADER);
    cr_expect_eq(rig_record(&rig, MESH_RECORD_RAFT_REFUSE)->raft_refuse.leader, D);
}

Test(raft_replication, a_quarter_of_the_ring_is_left_for_leaders)
{
    struct rig rig;
    lead_settled(&rig);
    uint32_t taken = 0;
    while (rig_refusal(&rig) == 0 && taken < 2 * RIG_RING) {
        rig_propose(&rig, taken++);
    }
    cr_expect_eq(rig_refusal(&rig), MESH_RAFT_FULL);
    cr_expect_eq(rig.raft.last, RIG_RING - RIG_RING / 4);
}

Test(raft_replication, answers_that_claim_what_cannot_be_are_rejected)
{
    struct rig rig;
    lead_settled(&rig);
    rig_confirm(&rig, B, 5);
    cr_expect_eq(rig_reject(&rig), MESH_REJECT_HISTORY, "there is no entry 5");
    refuse(&rig, B, 0, 0, 0);
    cr_expect_eq(rig_reject(&rig), MESH_REJECT_HISTORY, "all agree before the first entry");
    rig_hear(&rig, 77, REPLY, (struct mesh_raft_head){.term = 3});
    cr_expect_eq(rig_reject(&rig), MESH_REJECT_MEMBER);
}
