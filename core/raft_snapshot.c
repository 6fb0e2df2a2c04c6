// SPDX-License-Identifier: Apache-2.0
// Snapshots: the log's beginning is replaced by what it led to (paper 7, thesis 5).
//
//     leader                                   member whose next entry is gone from the log
//       | -- SNAPSHOT  chunk at offset 0 ------> |  keeps it in `incoming`
//       | <- SNAPSHOT_REPLY  bytes so far ------ |
//       | -- SNAPSHOT  the next chunk ---------> |  complete: replaces its log, and is written
//       | <- APPEND_REPLY ---------------------- |  on the disk: goes on with entries
//
// A chunk is repeated with every heartbeat until it is answered; each names the snapshot whole, so
// that a newer one may take its place at any time.
#include <assert.h>
#include <string.h>

#include "rafting.h"

// ---- Compaction ----

void mesh_raft_compact(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    const struct mesh_raft_compact *made = rafting->stepping->event->compact;
    assert(made->index <= raft->applied && made->index <= raft->stored &&
           made->bytes <= rafting->group->snapshot_bytes);
    if (made->index <= raft->snapshot.index) {
        return;  // a leader's snapshot came first
    }
    uint64_t where;
    struct mesh_raft_snapshot snapshot = {
        .index = made->index,
        .term = mesh_raft_term_at(rafting, made->index),
        .members = mesh_raft_members_at(rafting, made->index, &where),
        .bridges = mesh_raft_bridges_at(rafting, made->index),
        .bytes = made->bytes,
        .data = raft->snapshot.data,
    };
    if (made->bytes > 0) {
        memcpy(snapshot.data, made->data, made->bytes);
    }
    raft->snapshot = snapshot;
    raft->dirty_snapshot = false;  // the driver has this one on disk already
}

// ---- Sending ----

void mesh_raft_send_snapshot(struct rafting *rafting, uint32_t place)
{
    const struct mesh_raft *raft = rafting->raft;
    const struct mesh_raft_snapshot *snapshot = &raft->snapshot;
    struct mesh_raft_progress *progress = &rafting->raft->progress[place];
    if (progress->snapshot != snapshot->index) {
        progress->snapshot = snapshot->index;
        progress->offset = 0;
    }
    uint32_t left = snapshot->bytes - progress->offset;
    uint32_t bytes = left < rafting->group->chunk_bytes ? left : rafting->group->chunk_bytes;
    struct mesh_message *message =
        mesh_raft_begin(rafting, MESH_MESSAGE_RAFT_SNAPSHOT, (bytes + 7) / 8);
    struct mesh_raft_head *head = mesh_raft_head(message);
    head->index = snapshot->index;
    head->index_term = snapshot->term;
    head->round = raft->round;
    head->members = snapshot->members;
    head->bridges = snapshot->bridges;
    head->offset = progress->offset;
    head->total = snapshot->bytes;
    head->bytes = bytes;
    if (bytes > 0) {
        memcpy(message->lanes + sizeof *head / sizeof(uint64_t), snapshot->data + progress->offset,
               bytes);
    }
    mesh_raft_send(rafting, message, place);
}

void mesh_raft_hear_snapshot_reply(struct rafting *rafting)
{
    const struct mesh_raft_head *head = rafting->heard;
    struct mesh_raft_progress *progress = &rafting->raft->progress[rafting->from];
    // What is not about the chunk under way is late.
    if (!mesh_raft_note_answer(rafting) || progress->state != MESH_RAFT_SNAPSHOT ||
        head->index != progress->snapshot || head->offset != progress->offset) {
        return;
    }
    if (progress->snapshot == rafting->raft->snapshot.index) {
        if (head->total > rafting->raft->snapshot.bytes) {
            mesh_stepping_reject(rafting->stepping, MESH_REJECT_HISTORY);
            return;
        }
        progress->offset = head->total;
    }
    progress->waiting = false;
    rafting->offers |= mesh_raft_bit(rafting->from);
}

// ---- Receiving ----

// The snapshot that is complete takes the place of the log. If the log goes on behind it, that
// stays; else it knows nothing that the leader has (paper 7, figure 13, rules 6 and 7).
static void install(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    struct mesh_raft_snapshot came = raft->incoming;
    bool goes_on = came.index <= raft->last && mesh_raft_term_at(rafting, came.index) == came.term;
    raft->incoming = (struct mesh_raft_snapshot){.data = raft->snapshot.data};
    raft->received = 0;
    raft->snapshot = came;
    if (goes_on) {
        raft->dirty_first = raft->dirty_first > came.index ? raft->dirty_first : came.index + 1;
    } else {
        raft->last = came.index;
        raft->stored = 0;
        raft->writing_last = 0;
        raft->dirty_first = came.index + 1;
    }
    raft->members = mesh_raft_members_at(rafting, raft->last, &raft->members_index);
    raft->commit = came.index;
    raft->applied = came.index;
    raft->bridges = came.bridges;
    raft->matched = came.index;
    raft->dirty_snapshot = true;
    raft->owes_ack = true;
    rafting->restored = true;
}

// Whether the chunk belongs to what is being received, which it may be the beginning of.
static bool belongs(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    const struct mesh_raft_head *head = rafting->heard;
    if (head->offset == 0) {
        raft->received = 0;
        raft->incoming.index = head->index;
        raft->incoming.term = head->index_term;
        raft->incoming.members = head->members;
        raft->incoming.bridges = head->bridges;
        raft->incoming.bytes = head->total;
    }
    return raft->incoming.index == head->index && raft->incoming.term == head->index_term &&
           raft->incoming.bytes == head->total;
}

static void want_more(struct rafting *rafting, uint32_t received)
{
    const struct mesh_raft *raft = rafting->raft;
    struct mesh_message *message = mesh_raft_begin(rafting, MESH_MESSAGE_RAFT_SNAPSHOT_REPLY, 0);
    struct mesh_raft_head *head = mesh_raft_head(message);
    head->index = rafting->heard->index;
    head->index_term = rafting->heard->index_term;
    head->offset = rafting->heard->offset;
    head->total = received;
    head->round = rafting->heard->round;
    head->life = raft->life;
    head->flags = raft->forgot ? MESH_RAFT_FORGOT : 0;
    mesh_raft_send(rafting, message, rafting->from);
}

void mesh_raft_hear_snapshot(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    const struct mesh_raft_head *head = rafting->heard;
    if (!mesh_raft_follow(rafting)) {
        return;
    }
    if (head->index <= raft->commit) {
        raft->matched = raft->matched > raft->commit ? raft->matched : raft->commit;
        mesh_raft_acknowledge(rafting);
        return;
    }
    if (!belongs(rafting)) {
        want_more(rafting, 0);
        return;
    }
    if (head->offset == raft->received) {
        memcpy(raft->incoming.data + head->offset,
               rafting->message->lanes + sizeof *head / sizeof(uint64_t), head->bytes);
        raft->received += head->bytes;
    }
    if (raft->received == head->total) {
        install(rafting);
    } else {
        want_more(rafting, raft->received);
    }
}
