// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.h"

#define APPEND MESH_MESSAGE_RAFT_APPEND

static void read_it(struct rig *rig, uint64_t number)
{
    rig_step(rig, (struct mesh_event){.kind = MESH_EVENT_RAFT_READ, .number = number});
}

static void lead_settled(struct rig *rig)
{
    rig_init(rig);
    rig_start(rig, 1, MESH_NODE_NONE, NULL, 0);
    rig_lead_settled(rig);
}

Test(raft_reads, a_read_waits_for_a_majority_to_answer_a_later_heartbeat)
{
    struct rig rig;
    lead_settled(&rig);
    uint64_t before = rig.raft.round;
    read_it(&rig, 17);
    cr_assert_not_null(rig_sent(&rig, APPEND, B));
    cr_expect_eq(rig_sent(&rig, APPEND, B)->round, before + 1, "it does not wait for the timer");
    cr_expect_null(rig_record(&rig, MESH_RECORD_RAFT_READ));
    struct mesh_raft_head late = {
        .term = 2, .index = 1, .commit = 1, .round = before, .life = 1, .flags = MESH_RAFT_GRANTED};
    rig_hear(&rig, B, MESH_MESSAGE_RAFT_APPEND_REPLY, late);
    rig_hear(&rig, C, MESH_MESSAGE_RAFT_APPEND_REPLY, late);
    cr_expect_null(rig_record(&rig, MESH_RECORD_RAFT_READ), "those answer an earlier one");
    rig_confirm(&rig, B, 1);
    cr_expect_null(rig_record(&rig, MESH_RECORD_RAFT_READ));
    rig_confirm(&rig, C, 1);
    const struct mesh_record *record = rig_record(&rig, MESH_RECORD_RAFT_READ);
    cr_assert_not_null(record);
    cr_expect(record->raft_read.number == 17 && record->raft_read.index == 1);
}

Test(raft_reads, reads_that_come_during_a_round_share_the_next)
{
    struct rig rig;
    lead_settled(&rig);
    read_it(&rig, 1);
    read_it(&rig, 2);
    cr_expect_null(rig_sent(&rig, APPEND, B));
    read_it(&rig, 3);
    cr_expect_null(rig_sent(&rig, APPEND, B));
    rig_confirm(&rig, B, 1);
    rig_confirm(&rig, C, 1);
    cr_expect_eq(rig_record(&rig, MESH_RECORD_RAFT_READ)->raft_read.number, 1);
    cr_assert_not_null(rig_sent(&rig, APPEND, B), "the next begins at once");
    rig_confirm(&rig, B, 1);
    rig_confirm(&rig, C, 1);
    uint32_t answered = 0;
    for (uint32_t i = 0; i < rig.output.record_count; i++) {
        answered += rig.records[i].kind == MESH_RECORD_RAFT_READ;
    }
    cr_expect_eq(answered, 2);
}

Test(raft_reads, a_new_leader_answers_nothing_before_it_has_committed_an_entry_of_its_own)
{
    struct rig rig;
    rig_init(&rig);
    rig_start(&rig, 1, MESH_NODE_NONE, (uint64_t[]){1, 1}, 2);
    rig_lead(&rig);
    read_it(&rig, 17);
    rig_confirm(&rig, B, 2);
    rig_confirm(&rig, C, 2);
    rig_store(&rig);
    cr_expect_null(rig_record(&rig, MESH_RECORD_RAFT_READ));
    rig_confirm(&rig, B, 3);
    rig_confirm(&rig, C, 3);
    const struct mesh_record *record = rig_record(&rig, MESH_RECORD_RAFT_READ);
    cr_assert_not_null(record);
    cr_expect_eq(record->raft_read.index, 3);
}

Test(raft_reads, who_leads_no_more_refuses_what_was_asked)
{
    struct rig rig;
    lead_settled(&rig);
    read_it(&rig, 17);
    rig_hear(&rig, B, APPEND, (struct mesh_raft_head){.term = 5});
    cr_expect_eq(rig_refusal(&rig), MESH_RAFT_DEPOSED);
    cr_expect(rig_record(&rig, MESH_RECORD_RAFT_REFUSE)->raft_refuse.number == 17 &&
              rig_record(&rig, MESH_RECORD_RAFT_REFUSE)->raft_refuse.leader == B);
    read_it(&rig, 18);
    cr_expect_eq(rig_refusal(&rig), MESH_RAFT_NOT_LEADER);
}

Test(raft_reads, the_list_of_reads_has_an_end)
{
    struct rig rig;
    lead_settled(&rig);
    for (uint32_t i = 0; i < MESH_RAFT_READS_MAX; i++) {
        read_it(&rig, i);
        cr_expect_eq(rig_refusal(&rig), 0);
    }
    read_it(&rig, 99);
    cr_expect_eq(rig_refusal(&rig), MESH_RAFT_FULL);
}

Test(raft_reads, who_lost_its_disk_confirms_neither_a_read_nor_an_entry)
{
    struct rig rig;
    lead_settled(&rig);
    rig_propose(&rig, 5);
    rig_store(&rig);
    read_it(&rig, 17);
    struct mesh_raft_head forgot = {.term = 2,
                                    .index = 2,
                                    .commit = 2,
                                    .round = rig.raft.round,
                                    .life = 2,
                                    .flags = MESH_RAFT_GRANTED | MESH_RAFT_FORGOT};
    rig_confirm(&rig, B, 2);
    rig_hear(&rig, C, MESH_MESSAGE_RAFT_APPEND_REPLY, forgot);
    cr_expect_null(rig_record(&rig, MESH_RECORD_RAFT_READ));
    cr_expect_eq(rig.raft.commit, 1, "A and B are two of five");
    rig_confirm(&rig, D, 2);
    cr_expect_not_null(rig_record(&rig, MESH_RECORD_RAFT_READ));
    cr_expect_eq(rig.raft.commit, 2);
}
