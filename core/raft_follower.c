// SPDX-License-Identifier: Apache-2.0
// The follower: what it takes from the leader, and what it confirms.
//
//     own log        1 1 1 2 2 3 3            heard: previous (4, term 2), entries of term 4
//     the leader's   1 1 1 2 4 4              agree up to the previous one: 5 to 7 give way
//
// An answer to entries waits until they are on the disk; one to a heartbeat does not wait, and says
// what is on the disk by then.
#include <assert.h>

#include "rafting.h"

// ---- Answers ----

static struct mesh_message *begin_answer(struct rafting *rafting, uint32_t flags)
{
    const struct mesh_raft *raft = rafting->raft;
    struct mesh_message *message = mesh_raft_begin(rafting, MESH_MESSAGE_RAFT_APPEND_REPLY, 0);
    struct mesh_raft_head *head = mesh_raft_head(message);
    head->life = raft->life;
    head->flags = flags | (raft->forgot ? MESH_RAFT_FORGOT : 0);
    return message;
}

void mesh_raft_acknowledge(struct rafting *rafting)
{
    const struct mesh_raft *raft = rafting->raft;
    struct mesh_message *message = begin_answer(rafting, MESH_RAFT_GRANTED);
    struct mesh_raft_head *head = mesh_raft_head(message);
    head->index = raft->matched < raft->stored ? raft->matched : raft->stored;
    head->commit = raft->matched;
    head->round = raft->ack_round;
    mesh_raft_send(rafting, message, mesh_raft_place_of(rafting->group, raft->leader));
}

// No: `previous` is not in the log here. The hint lets the leader skip the rest of a term (paper
// 5.3): the last entry before it whose term the leader may have too.
static void refuse(struct rafting *rafting, uint64_t previous, uint64_t previous_term)
{
    const struct mesh_raft *raft = rafting->raft;
    uint64_t hint = previous <= raft->last ? previous - 1 : raft->last;
    if (hint > raft->snapshot.index) {
        hint = mesh_raft_conflict(rafting, hint, previous_term);
    }
    struct mesh_message *message = begin_answer(rafting, 0);
    struct mesh_raft_head *head = mesh_raft_head(message);
    head->index = hint;
    head->index_term = hint >= raft->snapshot.index ? mesh_raft_term_at(rafting, hint) : 0;
    head->commit = previous;
    head->round = rafting->heard->round;
    mesh_raft_send(rafting, message, rafting->from);
}

bool mesh_raft_follow(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    const struct mesh_raft_head *head = rafting->heard;
    uint32_t source = rafting->message->source;
    if (head->term < raft->term) {
        // Paper 5.1: a stale leader learns of the term.
        struct mesh_message *message = begin_answer(rafting, 0);
        mesh_raft_head(message)->commit = 1;
        mesh_raft_send(rafting, message, rafting->from);
        return false;
    }
    bool other = raft->leader != MESH_NODE_NONE && raft->leader != source;
    if (head->term == raft->term && (raft->role == MESH_RAFT_LEADER || other)) {
        mesh_stepping_reject(rafting->stepping, MESH_REJECT_HISTORY);  // two leaders in a term
        return false;
    }
    mesh_raft_become(rafting, MESH_RAFT_FOLLOWER, head->term, source);
    raft->heard_ns = rafting->now_ns;
    raft->ack_round = head->round;
    if (raft->forgot && head->life == raft->life) {
        raft->forgot = false;
        raft->dirty = true;
    }
    mesh_raft_reset_election(rafting);
    return true;
}

// ---- Entries ----

// Whether the entries can stand behind `previous`: terms do not fall, and none is committed here
// with another term.
static bool are_plausible(const struct rafting *rafting, uint64_t previous, uint32_t first)
{
    const struct mesh_raft *raft = rafting->raft;
    uint64_t term = mesh_raft_term_at(rafting, previous);
    for (uint32_t i = first; i < rafting->message->update_count; i++) {
        const struct mesh_raft_entry *entry = mesh_raft_carried(rafting->message, i);
        uint64_t index = previous + 1 + (i - first);
        bool contradicts =
            index <= raft->commit && mesh_raft_term_at(rafting, index) != entry->term;
        if (entry->term < term || entry->term > rafting->heard->term || contradicts) {
            return false;
        }
        term = entry->term;
    }
    return true;
}

// Takes over what is missing behind `previous`; returns the last index that then equals the
// leader's.
static uint64_t take_over(struct rafting *rafting, uint64_t previous, uint32_t first)
{
    struct mesh_raft *raft = rafting->raft;
    uint64_t index = previous;
    for (uint32_t i = first; i < rafting->message->update_count; i++) {
        const struct mesh_raft_entry *entry = mesh_raft_carried(rafting->message, i);
        if (index + 1 <= raft->last && mesh_raft_term_at(rafting, index + 1) != entry->term) {
            mesh_raft_truncate(rafting, index + 1);
        }
        if (index + 1 > raft->last) {
            if (!mesh_raft_has_room(raft, entry->kind)) {
                break;  // the leader will hear how far it got
            }
            mesh_raft_append(rafting, entry->term, (enum mesh_raft_kind)entry->kind, entry->data,
                             entry->bytes);
        }
        index++;
    }
    return index;
}

void mesh_raft_hear_append(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    const struct mesh_raft_head *head = rafting->heard;
    uint64_t previous = head->index;
    uint32_t first = 0;
    if (!mesh_raft_follow(rafting)) {
        return;
    }
    if (previous < raft->snapshot.index) {
        // What the snapshot holds is committed, so the leader has it: only what follows is of use.
        uint64_t gap = raft->snapshot.index - previous;
        first =
            gap < rafting->message->update_count ? (uint32_t)gap : rafting->message->update_count;
        previous = raft->snapshot.index;
    } else if (previous > raft->last || mesh_raft_term_at(rafting, previous) != head->index_term) {
        if (previous <= raft->commit) {
            mesh_stepping_reject(rafting->stepping, MESH_REJECT_HISTORY);
        } else {
            refuse(rafting, previous, head->index_term);  // paper 5.3
        }
        return;
    }
    if (!are_plausible(rafting, previous, first)) {
        mesh_stepping_reject(rafting->stepping, MESH_REJECT_HISTORY);
        return;
    }
    uint64_t end = take_over(rafting, previous, first);
    raft->matched = end > raft->matched ? end : raft->matched;
    // Paper 5.3: what the leader has committed, as far as it is known to be the same here.
    uint64_t commit = head->commit < end ? head->commit : end;
    raft->commit = commit > raft->commit ? commit : raft->commit;
    if (rafting->message->update_count > 0 && end > raft->stored) {
        raft->owes_ack = true;
    } else {
        mesh_raft_acknowledge(rafting);
    }
}
