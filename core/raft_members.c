// SPDX-License-Identifier: Apache-2.0
// Who is in the group, and who leads it, when somebody wants it otherwise.
//
//     ADD      nobody --> learner --rounds of catching up--> voter         thesis 4.1, 4.2.1
//     forgot   voter --> learner --> voter                                 mesh/raft.h
//     TRANSFER the target has all entries --> TIMEOUT_NOW --> it campaigns  thesis 3.10
#include <assert.h>

#include "rafting.h"

#define CATCH_UP_ROUNDS_MAX 10  // thesis 4.2.1
#define CATCH_UP_PATIENCE 10    // election timeouts that it may take in all

// ---- Changes ----

// One server at a time: any majority of the old members meets any of the new ones (thesis 4.1), if
// the last change is committed, and something of the leader's own term is (raft-dev, 10 July 2015).
static bool is_settled(const struct mesh_raft *raft)
{
    return raft->members_index <= raft->commit && raft->term_start <= raft->commit;
}

static void enter_members(struct rafting *rafting, struct mesh_raft_members members)
{
    uint64_t word = mesh_raft_members_word(members);
    mesh_raft_enter(rafting, MESH_RAFT_MEMBERS, &word, sizeof word);
}

static void start_catching_up(struct rafting *rafting, uint32_t node)
{
    struct mesh_raft *raft = rafting->raft;
    raft->catching_up = node;
    raft->catch_up_rounds = 0;
    raft->catch_up_end = raft->last;
    raft->catch_up_ns = rafting->now_ns;
}

// The members after the change; the same ones if it changes nothing or must not be.
static struct mesh_raft_members changed(const struct mesh_raft *raft, uint32_t kind, uint32_t bit)
{
    struct mesh_raft_members members = raft->members;
    switch ((enum mesh_raft_change_kind)kind) {
    case MESH_RAFT_ADD:
    case MESH_RAFT_ADD_LEARNER: members.learners |= (members.voters & bit) == 0 ? bit : 0; break;
    case MESH_RAFT_REMOVE:
        members.voters &= ~bit;
        members.learners &= ~bit;
        break;
    case MESH_RAFT_DEMOTE:
        members.learners |= members.voters & bit;
        members.voters &= ~bit;
        break;
    }
    return members.voters == 0 ? raft->members : members;
}

// Whether a voter other than this one abstains: it is to be healed before any voter is taken away
// from those that are left.
static bool misses_a_voter(const struct mesh_raft *raft, uint32_t place)
{
    for (uint32_t left = raft->members.voters & ~mesh_raft_bit(place); left != 0;
         left &= left - 1) {
        if (raft->progress[__builtin_ctz(left)].forgot) {
            return true;
        }
    }
    return false;
}

void mesh_raft_change(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    uint32_t node = rafting->stepping->event->change.node;
    uint32_t kind = rafting->stepping->event->change.kind;
    uint32_t place = mesh_raft_place_of(rafting->group, node);
    if (raft->role != MESH_RAFT_LEADER) {
        mesh_raft_refuse(rafting, 0, MESH_RAFT_NOT_LEADER);
        return;
    }
    if (place == rafting->group->roster_count) {
        mesh_raft_refuse(rafting, 0, MESH_RAFT_POINTLESS);
        return;
    }
    struct mesh_raft_members members = changed(raft, kind, mesh_raft_bit(place));
    bool same =
        members.voters == raft->members.voters && members.learners == raft->members.learners;
    bool promotes = kind == MESH_RAFT_ADD && (members.learners & mesh_raft_bit(place)) != 0;
    if (same && !promotes) {
        mesh_raft_refuse(rafting, 0, MESH_RAFT_POINTLESS);
    } else if (!is_settled(raft) || misses_a_voter(raft, place) ||
               raft->transfer != MESH_NODE_NONE ||
               (promotes && raft->catching_up != MESH_NODE_NONE)) {
        mesh_raft_refuse(rafting, 0, MESH_RAFT_UNSETTLED);
    } else {
        if (((raft->members.voters | raft->members.learners) & mesh_raft_bit(place)) == 0) {
            struct mesh_raft_progress *progress = &raft->progress[place];
            *progress = (struct mesh_raft_progress){
                .next = raft->last + 1, .heard_ns = rafting->now_ns, .life = progress->life};
        }
        if (!same) {
            enter_members(rafting, members);
        }
        if (promotes) {
            start_catching_up(rafting, node);
        }
    }
}

// ---- Catching up (thesis 4.2.1) ----

// A round ends when the member has what the log held when the round began. When one is shorter than
// an election timeout, the member can vote without holding up the others for longer than that.
static void end_round(struct rafting *rafting, uint32_t place)
{
    struct mesh_raft *raft = rafting->raft;
    uint32_t bit = mesh_raft_bit(place);
    if (rafting->now_ns - raft->catch_up_ns < rafting->group->election_ns_min) {
        if (is_settled(raft) && (raft->members.learners & bit) != 0) {
            struct mesh_raft_members members = {raft->members.voters | bit,
                                                raft->members.learners & ~bit};
            enter_members(rafting, members);
            raft->catching_up = MESH_NODE_NONE;
        }
        return;
    }
    raft->catch_up_rounds++;
    if (raft->catch_up_rounds == CATCH_UP_ROUNDS_MAX) {
        mesh_raft_refuse(rafting, 0, MESH_RAFT_TOO_SLOW);
        raft->catching_up = MESH_NODE_NONE;
        return;
    }
    raft->catch_up_end = raft->last;
    raft->catch_up_ns = rafting->now_ns;
}

static void hand_over(struct rafting *rafting, uint32_t place)
{
    if (rafting->raft->progress[place].match == rafting->raft->last) {
        mesh_raft_send(rafting, mesh_raft_begin(rafting, MESH_MESSAGE_RAFT_TIMEOUT_NOW, 0), place);
    }
}

void mesh_raft_watch_member(struct rafting *rafting, uint32_t place)
{
    struct mesh_raft *raft = rafting->raft;
    const struct mesh_raft_progress *progress = &raft->progress[place];
    uint32_t node = rafting->group->roster[place];
    if (node == raft->catching_up && progress->match >= raft->catch_up_end && !progress->forgot) {
        end_round(rafting, place);
    }
    if (node == raft->transfer) {
        hand_over(rafting, place);
    }
}

// ---- With every heartbeat ----

// A voter that lost its disk becomes a learner.
static void demote_who_forgot(struct rafting *rafting)
{
    const struct mesh_raft *raft = rafting->raft;
    for (uint32_t left = raft->members.voters; left != 0; left &= left - 1) {
        uint32_t place = (uint32_t)__builtin_ctz(left);
        if (raft->progress[place].forgot && is_settled(raft)) {
            struct mesh_raft_members members =
                changed(raft, MESH_RAFT_DEMOTE, mesh_raft_bit(place));
            if (members.voters != raft->members.voters) {
                enter_members(rafting, members);
            }
            return;
        }
    }
}

static void watch_catching_up(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    if (raft->catching_up == MESH_NODE_NONE) {
        uint32_t waiting = rafting->group->promote ? raft->members.learners : 0;
        for (; waiting != 0 && raft->catching_up == MESH_NODE_NONE; waiting &= waiting - 1) {
            uint32_t place = (uint32_t)__builtin_ctz(waiting);
            bool heard = raft->progress[place].round > 0;
            if (heard && !raft->progress[place].forgot) {
                start_catching_up(rafting, rafting->group->roster[place]);
            }
        }
        return;
    }
    uint32_t place = mesh_raft_place_of(rafting->group, raft->catching_up);
    bool gone = (raft->members.learners & mesh_raft_bit(place)) == 0;
    uint64_t patience_ns = CATCH_UP_PATIENCE * rafting->group->election_ns_max;
    if (gone || rafting->now_ns - raft->catch_up_ns >= patience_ns) {
        mesh_raft_refuse(rafting, 0, MESH_RAFT_TOO_SLOW);
        raft->catching_up = MESH_NODE_NONE;
    } else {
        mesh_raft_watch_member(rafting, place);
    }
}

void mesh_raft_watch_changes(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    demote_who_forgot(rafting);
    watch_catching_up(rafting);
    if (raft->transfer == MESH_NODE_NONE) {
        return;
    }
    if (rafting->now_ns >= raft->transfer_ns) {
        raft->transfer = MESH_NODE_NONE;  // thesis 3.10: it goes on leading
        mesh_raft_refuse(rafting, 0, MESH_RAFT_TOO_SLOW);
    } else {
        hand_over(rafting, mesh_raft_place_of(rafting->group, raft->transfer));
    }
}

// ---- Transfer (thesis 3.10) ----

void mesh_raft_transfer(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    uint32_t node = rafting->stepping->event->peer;
    uint32_t place = mesh_raft_place_of(rafting->group, node);
    uint32_t voters = raft->members.voters & ~mesh_raft_bit(raft->self);
    if (raft->role != MESH_RAFT_LEADER) {
        mesh_raft_refuse(rafting, 0, MESH_RAFT_NOT_LEADER);
    } else if (raft->transfer != MESH_NODE_NONE) {
        mesh_raft_refuse(rafting, 0, MESH_RAFT_TRANSFERRING);
    } else if (place == rafting->group->roster_count || (voters & mesh_raft_bit(place)) == 0) {
        mesh_raft_refuse(rafting, 0, MESH_RAFT_POINTLESS);
    } else {
        raft->transfer = node;
        raft->transfer_ns = rafting->now_ns + rafting->group->election_ns_max;
        rafting->offers |= mesh_raft_bit(place);
        hand_over(rafting, place);
    }
}

void mesh_raft_hear_timeout_now(struct rafting *rafting)
{
    const struct mesh_raft *raft = rafting->raft;
    if (rafting->heard->term != raft->term || raft->leader != rafting->message->source) {
        return;  // late, or of a leader that it does not follow yet and who will repeat it
    }
    bool voter = (raft->members.voters & mesh_raft_bit(raft->self)) != 0;
    if (raft->role == MESH_RAFT_FOLLOWER && voter && !raft->forgot &&
        mesh_raft_has_room(raft, MESH_RAFT_NOOP)) {
        mesh_raft_campaign(rafting, false, true);
    }
}
