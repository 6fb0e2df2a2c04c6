// SPDX-License-Identifier: GPL-3.0-or-later
#include <string.h>

#include "rig.h"

#define SNAPSHOT MESH_MESSAGE_RAFT_SNAPSHOT
#define MORE MESH_MESSAGE_RAFT_SNAPSHOT_REPLY
#define REPLY MESH_MESSAGE_RAFT_APPEND_REPLY

static const uint8_t state[25] = "what all of it has led to";

static void compact(struct rig *rig, uint64_t index)
{
    struct mesh_raft_compact made = {index, state, sizeof state};
    rig_step(rig, (struct mesh_event){.kind = MESH_EVENT_RAFT_COMPACT, .compact = &made});
}

static void hear_chunk(struct rig *rig, uint64_t index, uint32_t offset, uint32_t bytes)
{
    uint64_t room[64] = {0};
    struct mesh_message *message = (struct mesh_message *)room;
    struct mesh_raft_head head = {.term = 5,
                                  .index = index,
                                  .index_term = 4,
                                  .round = 3,
                                  .members = {0x0f, 0x10},
                                  .bridges = 0x3,
                                  .offset = offset,
                                  .total = sizeof state,
                                  .bytes = bytes};
    message->kind = SNAPSHOT;
    message->source = D;
    message->words = (uint16_t)(sizeof head / 8 + (bytes + 7) / 8);
    memcpy(message->lanes, &head, sizeof head);
    memcpy(message->lanes + sizeof head / 8, state + offset, bytes);
    rig_step(rig, (struct mesh_event){.kind = MESH_EVENT_RECEIVE, .message = message});
}

Test(raft_snapshots, a_snapshot_takes_the_place_of_the_log_before_it)
{
    struct rig rig;
    rig_init(&rig);
    rig_start(&rig, 1, MESH_NODE_NONE, (uint64_t[]){1, 1, 1}, 3);
    rig_lead_settled(&rig);
    rig_change(&rig, E, MESH_RAFT_DEMOTE);
    rig_store(&rig);
    rig_confirm(&rig, B, 5);
    rig_confirm(&rig, C, 5);
    compact(&rig, 4);
    cr_expect(rig.raft.snapshot.index == 4 && rig.raft.snapshot.term == 2 &&
              rig.raft.snapshot.members.voters == 0x1f && rig.raft.last == 5);
    compact(&rig, 5);
    cr_expect(rig.raft.snapshot.members.voters == 0x0f &&
              rig.raft.snapshot.members.learners == 0x10);
    compact(&rig, 3);
    cr_expect_eq(rig.raft.snapshot.index, 5, "an older one changes nothing");
}

Test(raft_snapshots, who_needs_what_is_gone_gets_it_chunk_by_chunk)
{
    struct rig rig;
    rig_init(&rig);
    rig_start(&rig, 1, MESH_NODE_NONE, (uint64_t[]){1, 1, 1}, 3);
    rig_lead(&rig);
    rig_store(&rig);
    for (uint32_t voter = B; voter <= D; voter++) {
        rig_confirm(&rig, voter, 4);
    }
    compact(&rig, 4);
    rig_hear(
        &rig, E, REPLY,
        (struct mesh_raft_head){.term = 2, .index = 1, .index_term = 1, .commit = 3, .life = 1});
    uint32_t offset = 0;
    for (uint32_t bytes = 10; offset < sizeof state; offset += bytes) {
        const struct mesh_message *chunk = rig_message(&rig, SNAPSHOT, E);
        cr_assert_not_null(chunk);
        const struct mesh_raft_head *head = mesh_raft_heard(chunk);
        bytes = head->bytes;
        cr_expect(head->index == 4 && head->index_term == 2 && head->offset == offset &&
                  head->total == sizeof state && head->members.voters == 0x1f);
        cr_expect_eq(bytes, offset < 20 ? 10 : 5);
        cr_expect_arr_eq(chunk->lanes + sizeof *head / 8, state + offset, bytes);
        if (offset + bytes < sizeof state) {
            rig_hear(&rig, E, MORE,
                     (struct mesh_raft_head){.term = 2,
                                             .index = 4,
                                             .index_term = 2,
                                             .offset = offset,
                                             .total = offset + bytes,
                                             .life = 1});
        }
    }
    rig_confirm(&rig, E, 4);
    rig_propose(&rig, 1);
    cr_assert_not_null(rig_message(&rig, MESH_MESSAGE_RAFT_APPEND, E), "and then entries again");
    cr_expect_eq(rig_sent(&rig, MESH_MESSAGE_RAFT_APPEND, E)->index, 4);
}

Test(raft_snapshots, a_chunk_is_repeated_with_every_heartbeat_and_answered_once)
{
    struct rig rig;
    rig_init(&rig);
    rig_start(&rig, 1, MESH_NODE_NONE, (uint64_t[]){1, 1, 1}, 3);
    rig_lead_settled(&rig);
    compact(&rig, 4);
    rig.raft.progress[E].next = 1;
    rig_beat(&rig);
    cr_expect_eq(rig_sent(&rig, SNAPSHOT, E)->offset, 0);
    rig_beat(&rig);
    cr_expect_eq(rig_sent(&rig, SNAPSHOT, E)->offset, 0);
    struct mesh_raft_head more = {
        .term = 2, .index = 4, .index_term = 2, .offset = 0, .total = 10, .life = 1};
    rig_hear(&rig, E, MORE, more);
    cr_expect_eq(rig_sent(&rig, SNAPSHOT, E)->offset, 10);
    rig_hear(&rig, E, MORE, more);
    cr_expect_null(rig_sent(&rig, SNAPSHOT, E), "the second answer is late");
}

Test(raft_snapshots, a_complete_snapshot_is_taken_over_and_confirmed_when_it_is_on_the_disk)
{
    struct rig rig;
    rig_init(&rig);
    rig_start(&rig, 5, MESH_NODE_NONE, (uint64_t[]){1, 1}, 2);
    hear_chunk(&rig, 9, 0, 10);
    cr_expect_eq(rig_sent(&rig, MORE, D)->total, 10);
    hear_chunk(&rig, 9, 20, 5);
    cr_expect_eq(rig_sent(&rig, MORE, D)->total, 10, "the middle is missing");
    hear_chunk(&rig, 9, 10, 10);
    cr_expect_null(rig_record(&rig, MESH_RECORD_RAFT_RESTORE));
    hear_chunk(&rig, 9, 20, 5);
    cr_assert_not_null(rig_record(&rig, MESH_RECORD_RAFT_RESTORE));
    const struct mesh_record *persist = rig_record(&rig, MESH_RECORD_RAFT_PERSIST);
    cr_assert_not_null(persist);
    cr_expect(persist->raft_persist.snapshot == 1 && persist->raft_persist.index_first == 10 &&
              persist->raft_persist.count == 0);
    cr_expect(rig.raft.last == 9 && rig.raft.commit == 9 && rig.raft.members.voters == 0x0f &&
              rig.raft.bridges == 0x3);
    cr_expect_arr_eq(rig.raft.snapshot.data, state, sizeof state);
    cr_expect_null(rig_sent(&rig, REPLY, D));
    rig_store(&rig);
    cr_expect_eq(rig_sent(&rig, REPLY, D)->index, 9);
}

Test(raft_snapshots, entries_behind_a_snapshot_that_agrees_stay)
{
    struct rig rig;
    rig_init(&rig);
    rig_start(&rig, 5, MESH_NODE_NONE, (uint64_t[]){1, 4, 4}, 3);
    hear_chunk(&rig, 2, 0, 10);
    hear_chunk(&rig, 2, 10, 10);
    hear_chunk(&rig, 2, 20, 5);
    cr_expect(rig.raft.last == 3 && rig.raft.commit == 2 && rig.raft.stored == 3);
    rig_store(&rig);
    cr_expect_eq(rig_sent(&rig, REPLY, D)->index, 2, "of entry 3 the leader has said nothing");
}

Test(raft_snapshots, what_is_committed_already_is_only_confirmed)
{
    struct rig rig;
    rig_init(&rig);
    rig_start(&rig, 5, MESH_NODE_NONE, (uint64_t[]){4, 4}, 2);
    rig_hear(&rig, D, MESH_MESSAGE_RAFT_APPEND,
             (struct mesh_raft_head){.term = 5, .index = 2, .index_term = 4, .commit = 2});
    hear_chunk(&rig, 1, 0, 10);
    cr_expect_eq(rig_sent(&rig, REPLY, D)->index, 2);
    cr_expect_eq(rig.raft.snapshot.index, 0);
}

Test(raft_snapshots, entries_from_before_the_snapshot_are_passed_over)
{
    struct rig rig;
    rig_init(&rig);
    rig.raft.snapshot.index = 4;
    rig.raft.snapshot.term = 2;
    rig_start(&rig, 5, MESH_NODE_NONE, (uint64_t[]){3}, 1);
    rig_hear_entries(&rig, D, (struct mesh_raft_head){.term = 5, .index = 3, .index_term = 2},
                     (uint64_t[]){2, 5}, 2);
    cr_expect(rig.raft.last == 5 && rig_term_of(&rig, 5) == 5, "4 is in the snapshot, 5 was 3");
    rig_hear_entries(&rig, D, (struct mesh_raft_head){.term = 5, .index = 1, .index_term = 1},
                     (uint64_t[]){1, 2}, 2);
    cr_expect_eq(rig_sent(&rig, REPLY, D)->commit, 5);
}
