// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.h"

#define APPEND MESH_MESSAGE_RAFT_APPEND

enum { ABCDE = 0x1f, ABCD = 0x0f, ABC = 0x07, BCDE = 0x1e };

// A leads, all is committed, and these are the members.
static void lead_of(struct rig *rig, uint32_t voters, uint32_t learners)
{
    rig_init(rig);
    rig->raft.snapshot.members = (struct mesh_raft_members){voters, learners};
    rig_start(rig, 1, MESH_NODE_NONE, NULL, 0);
    rig_lead_settled(rig);
}

static void commit_all(struct rig *rig)
{
    while (rig->raft.writing != 0) {
        rig_store(rig);
    }
    for (uint32_t member = B; member <= E && rig->raft.role == MESH_RAFT_LEADER; member++) {
        rig_confirm(rig, member, rig->raft.last);
    }
}

Test(raft_members, a_change_is_in_force_as_soon_as_it_stands_in_the_log)
{
    struct rig rig;
    lead_of(&rig, ABCDE, 0);
    rig_change(&rig, E, MESH_RAFT_REMOVE);
    cr_expect_eq(rig.raft.members.voters, ABCD);
    cr_expect_null(rig_message(&rig, APPEND, E), "who is out hears no more");
    rig_store(&rig);
    rig_confirm(&rig, B, rig.raft.last);
    cr_expect_eq(rig.raft.commit, 1, "two of four are no majority");
    rig_confirm(&rig, C, rig.raft.last);
    cr_expect_eq(rig.raft.commit, 2);
}

Test(raft_members, one_change_at_a_time)
{
    struct rig rig;
    lead_of(&rig, ABCDE, 0);
    rig_change(&rig, E, MESH_RAFT_REMOVE);
    rig_change(&rig, D, MESH_RAFT_REMOVE);
    cr_expect_eq(rig_refusal(&rig), MESH_RAFT_UNSETTLED);
    commit_all(&rig);
    rig_change(&rig, D, MESH_RAFT_REMOVE);
    cr_expect(rig_refusal(&rig) == 0 && rig.raft.members.voters == ABC);
}

Test(raft_members, no_change_before_something_of_the_own_term_is_committed)
{
    struct rig rig;
    rig_init(&rig);
    rig_start(&rig, 1, MESH_NODE_NONE, NULL, 0);
    rig_lead(&rig);
    rig_change(&rig, E, MESH_RAFT_REMOVE);
    cr_expect_eq(rig_refusal(&rig), MESH_RAFT_UNSETTLED);
}

Test(raft_members, what_would_change_nothing_or_leave_nobody_is_refused)
{
    struct rig rig;
    lead_of(&rig, ABC, 0);
    rig_change(&rig, B, MESH_RAFT_ADD);
    cr_expect_eq(rig_refusal(&rig), MESH_RAFT_POINTLESS);
    rig_change(&rig, D, MESH_RAFT_REMOVE);
    cr_expect_eq(rig_refusal(&rig), MESH_RAFT_POINTLESS);
    rig_change(&rig, 99, MESH_RAFT_ADD);
    cr_expect_eq(rig_refusal(&rig), MESH_RAFT_POINTLESS);
    rig_init(&rig);
    rig.raft.snapshot.members = (struct mesh_raft_members){1, 0};
    rig.group.pre_vote = false;
    rig_start(&rig, 1, MESH_NODE_NONE, NULL, 0);
    rig_patience(&rig);
    rig_store(&rig);
    rig_store(&rig);
    cr_assert(rig.raft.role == MESH_RAFT_LEADER && rig.raft.commit == 1, "alone it decides alone");
    rig_change(&rig, A, MESH_RAFT_REMOVE);
    cr_expect_eq(rig_refusal(&rig), MESH_RAFT_POINTLESS);
}

Test(raft_members, members_of_a_change_that_gives_way_are_members_again)
{
    static const uint64_t terms[] = {3};
    struct rig rig;
    lead_of(&rig, ABCDE, 0);
    rig_change(&rig, E, MESH_RAFT_REMOVE);
    rig_hear_entries(&rig, D, (struct mesh_raft_head){.term = 3, .index = 1, .index_term = 2},
                     terms, 1);
    cr_expect(rig.raft.members.voters == ABCDE && rig.raft.members_index == 0);
}

Test(raft_members, learners_hear_all_and_count_for_nothing)
{
    struct rig rig;
    lead_of(&rig, ABC, 1u << D | 1u << E);
    rig_propose(&rig, 1);
    cr_expect_not_null(rig_message(&rig, APPEND, D));
    rig_confirm(&rig, D, 2);
    rig_confirm(&rig, E, 2);
    rig_store(&rig);
    cr_expect_eq(rig.raft.commit, 1, "of the voters only A has it");
    rig_confirm(&rig, B, 2);
    cr_expect_eq(rig.raft.commit, 2);
}

Test(raft_members, learners_do_not_stand_for_election)
{
    struct rig rig;
    rig_init(&rig);
    rig.raft.snapshot.members = (struct mesh_raft_members){BCDE, 1u << A};
    rig_start(&rig, 1, MESH_NODE_NONE, NULL, 0);
    rig_wait(&rig, 10000);
    cr_expect(rig.raft.role == MESH_RAFT_FOLLOWER && rig.raft.term == 1);
}

Test(raft_members, a_learner_that_catches_up_fast_becomes_a_voter)
{
    struct rig rig;
    lead_of(&rig, ABC, 0);
    rig_change(&rig, D, MESH_RAFT_ADD);
    cr_expect(rig.raft.members.voters == ABC && rig.raft.members.learners == 1u << D);
    rig_store(&rig);
    rig_confirm(&rig, B, 2);
    rig.now_ns += 499 * RIG_MS;
    rig_confirm(&rig, D, 2);
    cr_expect(rig.raft.members.voters == ABCD && rig.raft.members.learners == 0);
}

Test(raft_members, a_learner_that_never_catches_up_is_given_up_after_ten_rounds)
{
    struct rig rig;
    lead_of(&rig, ABC, 0);
    rig_change(&rig, D, MESH_RAFT_ADD);
    rig_store(&rig);
    rig_confirm(&rig, B, 2);
    for (uint32_t round = 1; round <= 10; round++) {
        cr_expect_eq(rig_refusal(&rig), 0, "round %u", round);
        rig.now_ns += 500 * RIG_MS;
        rig_confirm(&rig, D, 2);
    }
    cr_expect_eq(rig_refusal(&rig), MESH_RAFT_TOO_SLOW);
    cr_expect_eq(rig.raft.members.voters, ABC);
}

Test(raft_members, a_leader_that_removes_itself_leads_until_that_is_committed)
{
    struct rig rig;
    lead_of(&rig, ABCDE, 0);
    rig_change(&rig, A, MESH_RAFT_REMOVE);
    rig_store(&rig);
    rig_confirm(&rig, B, 2);
    rig_confirm(&rig, C, 2);
    cr_expect(rig.raft.role == MESH_RAFT_LEADER && rig.raft.commit == 1,
              "B and C are two of four; A itself counts no more");
    rig_confirm(&rig, D, 2);
    cr_expect(rig.raft.role == MESH_RAFT_FOLLOWER && rig.raft.commit == 2);
    cr_assert_not_null(rig_sent(&rig, APPEND, B));
    cr_expect_eq(rig_sent(&rig, APPEND, B)->commit, 2, "it tells them before it goes");
}

Test(raft_members, a_server_whose_removal_is_not_committed_may_still_stand)
{
    struct rig rig;
    rig_init(&rig);
    struct mesh_raft_entry *removal = (struct mesh_raft_entry *)(rig.ring + 3);
    rig.group.pre_vote = false;
    rig_start(&rig, 1, MESH_NODE_NONE, (uint64_t[]){1}, 1);
    *removal = (struct mesh_raft_entry){.term = 1, .bytes = 8, .kind = MESH_RAFT_MEMBERS};
    removal->data[0] = mesh_raft_members_word((struct mesh_raft_members){BCDE, 0});
    struct mesh_raft_start again = {.term = 1, .last = 1, .vote = MESH_NODE_NONE, .life = 2};
    rig_step(&rig, (struct mesh_event){.kind = MESH_EVENT_RAFT_START, .raft_start = &again});
    cr_assert_eq(rig.raft.members.voters, BCDE);
    rig_patience(&rig);
    cr_assert_eq(rig.raft.role, MESH_RAFT_CANDIDATE);
    rig_store(&rig);
    for (uint32_t voter = B; voter <= C; voter++) {
        rig_hear(&rig, voter, MESH_MESSAGE_RAFT_VOTE_REPLY,
                 (struct mesh_raft_head){.term = 2, .flags = MESH_RAFT_GRANTED});
    }
    cr_expect_eq(rig.raft.role, MESH_RAFT_CANDIDATE, "its own vote does not count");
    rig_hear(&rig, D, MESH_MESSAGE_RAFT_VOTE_REPLY,
             (struct mesh_raft_head){.term = 2, .flags = MESH_RAFT_GRANTED});
    cr_expect_eq(rig.raft.role, MESH_RAFT_LEADER);
}

Test(raft_members, a_voter_that_lost_its_disk_becomes_a_learner_and_then_a_voter_again)
{
    struct rig rig;
    lead_of(&rig, ABCDE, 0);
    rig.group.promote = true;
    struct mesh_raft_head forgot = {
        .term = 2, .round = 1, .life = 2, .flags = MESH_RAFT_GRANTED | MESH_RAFT_FORGOT};
    rig_hear(&rig, E, MESH_MESSAGE_RAFT_APPEND_REPLY, forgot);
    cr_expect_eq(rig.raft.progress[E].match, 0, "what it confirmed before is gone");
    rig_change(&rig, D, MESH_RAFT_REMOVE);
    cr_expect_eq(rig_refusal(&rig), MESH_RAFT_UNSETTLED, "first things first");
    rig_beat(&rig);
    cr_expect(rig.raft.members.voters == ABCD && rig.raft.members.learners == 1u << E);
    cr_expect_eq(rig_sent(&rig, APPEND, E)->life, 0, "that is not committed yet");
    rig_store(&rig);
    rig_confirm(&rig, B, 2);
    rig_confirm(&rig, C, 2);
    rig_beat(&rig);
    cr_expect_eq(rig_sent(&rig, APPEND, E)->life, 2, "now its second life is cleared");
    struct mesh_raft_head cleared = {
        .term = 2, .index = 2, .commit = 2, .round = 3, .life = 2, .flags = MESH_RAFT_GRANTED};
    rig_hear(&rig, E, MESH_MESSAGE_RAFT_APPEND_REPLY, cleared);
    cleared.life = 1;
    cleared.index = 1;
    rig_beat(&rig);
    rig_beat(&rig);
    cr_expect_eq(rig.raft.members.voters, ABCDE);
}

Test(raft_members, answers_of_a_former_life_are_not_listened_to)
{
    struct rig rig;
    lead_of(&rig, ABCDE, 0);
    rig_propose(&rig, 1);
    struct mesh_raft_head reply = {
        .term = 2, .index = 1, .commit = 1, .round = 1, .life = 2, .flags = MESH_RAFT_GRANTED};
    rig_hear(&rig, E, MESH_MESSAGE_RAFT_APPEND_REPLY, reply);
    reply.life = 1;
    reply.index = 2;
    reply.commit = 2;
    rig_hear(&rig, E, MESH_MESSAGE_RAFT_APPEND_REPLY, reply);
    cr_expect_eq(rig.raft.progress[E].match, 1);
}

// ---- Transfer ----

static void transfer(struct rig *rig, uint32_t node)
{
    rig_step(rig, (struct mesh_event){.kind = MESH_EVENT_RAFT_TRANSFER, .peer = node});
}

Test(raft_members, leadership_goes_to_who_has_all_entries_and_commands_wait)
{
    struct rig rig;
    lead_of(&rig, ABCDE, 0);
    rig_propose(&rig, 1);
    transfer(&rig, C);
    cr_expect_null(rig_message(&rig, MESH_MESSAGE_RAFT_TIMEOUT_NOW, C), "it lacks entry 2");
    rig_propose(&rig, 2);
    cr_expect_eq(rig_refusal(&rig), MESH_RAFT_TRANSFERRING);
    rig_confirm(&rig, C, 2);
    cr_expect_not_null(rig_message(&rig, MESH_MESSAGE_RAFT_TIMEOUT_NOW, C));
}

Test(raft_members, a_transfer_that_takes_an_election_timeout_is_given_up)
{
    struct rig rig;
    lead_of(&rig, ABCDE, 0);
    rig_propose(&rig, 1);
    transfer(&rig, C);
    for (uint32_t i = 0; i < 10; i++) {
        cr_expect_eq(rig_refusal(&rig), 0);
        rig_confirm(&rig, B, 2);
        rig_confirm(&rig, D, 2);
        rig_beat(&rig);
    }
    cr_expect_eq(rig_refusal(&rig), MESH_RAFT_TOO_SLOW);
    rig_propose(&rig, 2);
    cr_expect_eq(rig_refusal(&rig), 0, "it goes on leading");
}

Test(raft_members, who_is_told_to_lead_campaigns_at_once_and_says_who_wants_it)
{
    struct rig rig;
    rig_init(&rig);
    rig_start(&rig, 2, MESH_NODE_NONE, (uint64_t[]){1, 2}, 2);
    rig_hear(&rig, D, APPEND, (struct mesh_raft_head){.term = 2, .index = 2, .index_term = 2});
    rig_hear(&rig, E, MESH_MESSAGE_RAFT_TIMEOUT_NOW, (struct mesh_raft_head){.term = 2});
    cr_expect_eq(rig.raft.role, MESH_RAFT_FOLLOWER, "E is not its leader");
    rig_hear(&rig, D, MESH_MESSAGE_RAFT_TIMEOUT_NOW, (struct mesh_raft_head){.term = 2});
    cr_expect(rig.raft.role == MESH_RAFT_CANDIDATE && rig.raft.term == 3);
    rig_store(&rig);
    cr_expect_eq(rig_sent(&rig, MESH_MESSAGE_RAFT_VOTE, B)->flags, MESH_RAFT_HANDOVER);
}
