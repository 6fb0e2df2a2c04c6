// SPDX-License-Identifier: Apache-2.0
// Elections: who asks for votes, who gives them, who has won.
//
//     FOLLOWER --patience ends--> PRECANDIDATE --majority would--> CANDIDATE --majority--> LEADER
//         ^                            | the term is as before         | a new term
//         +------- a leader is heard, or a higher term ----------------+
//
// Without PreVote the second state is left out. A candidate's own vote is on its disk before it
// asks anybody, and a vote given is on the disk before the candidate hears of it (paper 5.2: what a
// server promises survives a crash).
#include <assert.h>

#include "outgoing.h"
#include "rafting.h"

// ---- Asking ----

// Learners do not stand. A voter that is one no more, by an entry that is not committed, does: its
// log may be the only one that can win (thesis 4.2.2).
static bool may_stand(const struct rafting *rafting)
{
    const struct mesh_raft *raft = rafting->raft;
    uint64_t where;
    uint32_t voters = raft->members.voters;
    if (raft->members_index > raft->commit && voters != 0) {
        voters |= mesh_raft_members_at(rafting, raft->commit, &where).voters;
    }
    return !raft->forgot && mesh_raft_has_room(raft, MESH_RAFT_NOOP) &&
           (voters & mesh_raft_bit(raft->self)) != 0;
}

static void ask(struct rafting *rafting, bool pre)
{
    const struct mesh_raft *raft = rafting->raft;
    uint32_t others = raft->members.voters & ~mesh_raft_bit(raft->self);
    if (others == 0) {
        return;
    }
    struct mesh_message *message = mesh_raft_begin(rafting, MESH_MESSAGE_RAFT_VOTE, 0);
    struct mesh_raft_head *head = mesh_raft_head(message);
    head->term = raft->term + pre;
    head->index = raft->last;
    head->index_term = mesh_raft_term_at(rafting, raft->last);
    head->flags = (pre ? MESH_RAFT_PRE : 0) | (raft->handover && !pre ? MESH_RAFT_HANDOVER : 0);
    mesh_outgoing_to_places(rafting->stepping, message, rafting->group->roster, others);
}

// Votes are in; has the candidate won?
static void count(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    if (!mesh_raft_is_quorum(raft, raft->votes)) {
        return;
    }
    if (raft->role == MESH_RAFT_PRECANDIDATE) {
        mesh_raft_campaign(rafting, false, false);
    } else {
        mesh_raft_lead(rafting);
    }
}

void mesh_raft_campaign(struct rafting *rafting, bool pre, bool handover)
{
    struct mesh_raft *raft = rafting->raft;
    if (pre) {
        // Thesis 9.6: the term grows only when the election could be won.
        mesh_raft_become(rafting, MESH_RAFT_PRECANDIDATE, raft->term, MESH_NODE_NONE);
        raft->votes = mesh_raft_bit(raft->self);
        mesh_raft_reset_election(rafting);
        ask(rafting, true);
        count(rafting);
        return;
    }
    // Paper 5.2: a new term, a vote for oneself, and a request to all others.
    mesh_raft_become(rafting, MESH_RAFT_CANDIDATE, raft->term + 1, MESH_NODE_NONE);
    raft->vote = raft->node;
    raft->votes = 0;
    raft->asks = true;
    raft->handover = handover;
    mesh_raft_reset_election(rafting);
}

void mesh_raft_election_due(struct rafting *rafting)
{
    if (may_stand(rafting)) {
        mesh_raft_campaign(rafting, rafting->group->pre_vote, false);
    } else {
        mesh_raft_reset_election(rafting);
    }
}

// ---- Giving ----

static void answer(struct rafting *rafting, uint32_t place, uint64_t term, uint32_t flags)
{
    struct mesh_message *message = mesh_raft_begin(rafting, MESH_MESSAGE_RAFT_VOTE_REPLY, 0);
    mesh_raft_head(message)->term = term;
    mesh_raft_head(message)->flags = flags;
    mesh_raft_send(rafting, message, place);
}

void mesh_raft_vote_stored(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    if (raft->asks) {
        raft->asks = false;
        raft->votes |= mesh_raft_bit(raft->self);
        ask(rafting, false);
        count(rafting);
    } else if (raft->owes_vote) {
        raft->owes_vote = false;
        answer(rafting, mesh_raft_place_of(rafting->group, raft->vote), raft->term,
               MESH_RAFT_GRANTED);
    }
}

// Servers that hear a leader do not help to depose it (thesis 4.2.3, and 9.6 for PreVote), unless
// it wants that itself (3.10).
static bool is_loyal(const struct rafting *rafting, bool pre)
{
    const struct mesh_raft *raft = rafting->raft;
    bool heard = raft->role == MESH_RAFT_LEADER ||
                 rafting->now_ns - raft->heard_ns < rafting->group->election_ns_min;
    return (pre || rafting->group->check_quorum) && raft->leader != MESH_NODE_NONE && heard &&
           (rafting->heard->flags & MESH_RAFT_HANDOVER) == 0;
}

// Paper 5.4.1: no vote for a candidate whose log is behind.
static bool is_up_to_date(const struct rafting *rafting)
{
    const struct mesh_raft_head *head = rafting->heard;
    uint64_t term = mesh_raft_term_at(rafting, rafting->raft->last);
    return head->index_term > term ||
           (head->index_term == term && head->index >= rafting->raft->last);
}

// Whether the vote of this term, or of a term to come, is still to be had.
static bool is_free(const struct rafting *rafting, bool pre)
{
    const struct mesh_raft *raft = rafting->raft;
    if (pre && rafting->heard->term > raft->term) {
        return true;
    }
    return raft->vote == rafting->message->source ||
           (raft->vote == MESH_NODE_NONE && raft->leader == MESH_NODE_NONE);
}

static void grant(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    if (raft->vote == MESH_NODE_NONE) {
        raft->vote = rafting->message->source;
        raft->dirty = true;
    }
    mesh_raft_reset_election(rafting);
    if (mesh_raft_vote_is_durable(raft)) {
        answer(rafting, rafting->from, raft->term, MESH_RAFT_GRANTED);
    } else {
        raft->owes_vote = true;
    }
}

void mesh_raft_hear_vote(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    const struct mesh_raft_head *head = rafting->heard;
    bool pre = (head->flags & MESH_RAFT_PRE) != 0;
    if (head->term > raft->term && is_loyal(rafting, pre)) {
        return;
    }
    if (head->term > raft->term && !pre) {
        mesh_raft_become(rafting, MESH_RAFT_FOLLOWER, head->term, MESH_NODE_NONE);
    }
    bool granted = head->term >= raft->term && !raft->forgot && is_free(rafting, pre) &&
                   is_up_to_date(rafting);
    if (granted && !pre) {
        grant(rafting);
    } else {
        answer(rafting, rafting->from, granted ? head->term : raft->term,
               (pre ? MESH_RAFT_PRE : 0) | (granted ? MESH_RAFT_GRANTED : 0));
    }
}

// ---- Counting ----

void mesh_raft_hear_vote_reply(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    const struct mesh_raft_head *head = rafting->heard;
    bool pre = (head->flags & MESH_RAFT_PRE) != 0;
    bool granted = (head->flags & MESH_RAFT_GRANTED) != 0;
    if (head->term > raft->term && !(pre && granted)) {
        mesh_raft_become(rafting, MESH_RAFT_FOLLOWER, head->term, MESH_NODE_NONE);
        return;
    }
    bool asked = pre ? raft->role == MESH_RAFT_PRECANDIDATE && head->term == raft->term + 1
                     : raft->role == MESH_RAFT_CANDIDATE && head->term == raft->term;
    if (asked && granted) {
        raft->votes |= mesh_raft_bit(rafting->from);
        count(rafting);
    }
}
