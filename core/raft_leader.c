// SPDX-License-Identifier: Apache-2.0
// The leader: what it sends to whom, and what it may call committed.
//
//     member's log   1 2 3 4 5 6 7 8 9
//                          |       |
//                        match    next      in between: sent and not confirmed, at most a window
//
//     PROBE       next is a guess: one message at a time, which a refusal moves back
//     REPLICATE   the guess was right: messages follow each other without waiting for answers
//     SNAPSHOT    next is gone from the log
#include <assert.h>
#include <string.h>

#include "rafting.h"

static uint32_t others(const struct mesh_raft *raft)
{
    return (raft->members.voters | raft->members.learners) & ~mesh_raft_bit(raft->self);
}

// ---- Becoming one ----

void mesh_raft_lead(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    mesh_raft_become(rafting, MESH_RAFT_LEADER, raft->term, raft->node);
    for (uint32_t place = 0; place < rafting->group->roster_count; place++) {
        raft->progress[place] =
            (struct mesh_raft_progress){.next = raft->last + 1, .heard_ns = rafting->now_ns};
    }
    raft->round = 0;
    raft->term_start = raft->last + 1;
    raft->heartbeat_ns = rafting->now_ns + rafting->group->heartbeat_ns;
    // An entry of the own term commits those before it (paper 5.4.2; thesis 6.4 on reads).
    mesh_raft_enter(rafting, MESH_RAFT_NOOP, NULL, 0);
    mesh_raft_beat(rafting);
}

// ---- Sending ----

void mesh_raft_beat(struct rafting *rafting)
{
    rafting->raft->round++;
    rafting->beats |= others(rafting->raft);
}

void mesh_raft_spread(struct rafting *rafting)
{
    for (uint32_t left = others(rafting->raft); left != 0; left &= left - 1) {
        uint32_t place = (uint32_t)__builtin_ctz(left);
        if (rafting->raft->progress[place].state == MESH_RAFT_REPLICATE) {
            rafting->beats |= mesh_raft_bit(place);
        }
    }
}

// Says that a member which forgot is free of its former promises: that it is no voter any more is
// committed, and the leader has heard from its present life.
static uint32_t cleared_life(const struct mesh_raft *raft, uint32_t place)
{
    const struct mesh_raft_progress *progress = &raft->progress[place];
    bool cleared = progress->forgot && raft->members_index <= raft->commit &&
                   (raft->members.voters & mesh_raft_bit(place)) == 0;
    return cleared ? progress->life : 0;
}

static void send_entries(struct rafting *rafting, uint32_t place, uint32_t count)
{
    const struct mesh_raft *raft = rafting->raft;
    uint64_t next = raft->progress[place].next;
    uint32_t stride = mesh_raft_entry_words(rafting->group);
    struct mesh_message *message =
        mesh_raft_begin(rafting, MESH_MESSAGE_RAFT_APPEND, count * stride);
    struct mesh_raft_head *head = mesh_raft_head(message);
    head->index = next - 1;
    head->index_term = mesh_raft_term_at(rafting, next - 1);
    head->commit = raft->commit;
    head->round = raft->round;
    head->life = cleared_life(raft, place);
    uint64_t *words = message->lanes + (sizeof *head / sizeof(uint64_t));
    for (uint32_t i = 0; i < count; i++) {
        memcpy(words + (size_t)i * stride, mesh_raft_entry_at(rafting->group, raft, next + i),
               stride * sizeof *words);
    }
    message->update_count = (uint16_t)count;
    mesh_raft_send(rafting, message, place);
}

// Entries that may go to a member in one message now.
static uint32_t sendable(const struct rafting *rafting, const struct mesh_raft_progress *progress)
{
    uint64_t left = rafting->raft->last + 1 - progress->next;
    uint64_t limit = rafting->group->append_entries;
    if (progress->state == MESH_RAFT_REPLICATE) {
        uint64_t under_way = progress->next - 1 - progress->match;
        uint64_t window = rafting->group->window_entries;
        uint64_t room = under_way < window ? window - under_way : 0;
        limit = room < limit ? room : limit;
    }
    return (uint32_t)(left < limit ? left : limit);
}

static void speak_to(struct rafting *rafting, uint32_t place, bool must)
{
    struct mesh_raft_progress *progress = &rafting->raft->progress[place];
    if (progress->next <= rafting->raft->snapshot.index) {
        progress->state = MESH_RAFT_SNAPSHOT;
    }
    if (progress->state != MESH_RAFT_REPLICATE) {
        if (must || !progress->waiting) {
            if (progress->state == MESH_RAFT_SNAPSHOT) {
                mesh_raft_send_snapshot(rafting, place);
            } else {
                send_entries(rafting, place, sendable(rafting, progress));
            }
            progress->waiting = true;
        }
        return;
    }
    bool answered = rafting->message != NULL && place == rafting->from;
    for (uint32_t burst = answered ? MESH_RAFT_BURST : 1; burst > 0; burst--, must = false) {
        uint32_t count = sendable(rafting, progress);
        if (count == 0 && !must) {
            break;
        }
        send_entries(rafting, place, count);
        progress->next += count;
    }
}

void mesh_raft_speak(struct rafting *rafting)
{
    uint32_t places = (rafting->beats | rafting->offers) & others(rafting->raft);
    for (; places != 0; places &= places - 1) {
        uint32_t place = (uint32_t)__builtin_ctz(places);
        speak_to(rafting, place, (rafting->beats & mesh_raft_bit(place)) != 0);
    }
}

void mesh_raft_enter(struct rafting *rafting, enum mesh_raft_kind kind, const void *data,
                     uint32_t bytes)
{
    struct mesh_raft *raft = rafting->raft;
    assert(raft->role == MESH_RAFT_LEADER);
    if (mesh_raft_has_room(raft, kind)) {
        mesh_raft_append(rafting, raft->term, kind, data, bytes);
        rafting->offers |= others(raft);
    }
}

void mesh_raft_propose(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    const struct mesh_raft_command *command = rafting->stepping->event->command;
    if (raft->role != MESH_RAFT_LEADER) {
        mesh_raft_refuse(rafting, 0, MESH_RAFT_NOT_LEADER);
    } else if (raft->transfer != MESH_NODE_NONE) {
        mesh_raft_refuse(rafting, 0, MESH_RAFT_TRANSFERRING);  // thesis 3.10
    } else if (!mesh_raft_has_room(raft, MESH_RAFT_COMMAND)) {
        mesh_raft_refuse(rafting, 0, MESH_RAFT_FULL);
    } else {
        mesh_raft_enter(rafting, MESH_RAFT_COMMAND, command->bytes, command->count);
        struct mesh_record *record =
            mesh_stepping_record(rafting->stepping, MESH_RECORD_RAFT_ACCEPT);
        record->raft_accept.index = raft->last;
        record->raft_accept.term = raft->term;
    }
}

// ---- Heartbeats ----

void mesh_raft_heartbeat_due(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    uint32_t heard = mesh_raft_bit(raft->self);
    for (uint32_t place = 0; place < rafting->group->roster_count; place++) {
        if (rafting->now_ns - raft->progress[place].heard_ns < rafting->group->election_ns_min) {
            heard |= mesh_raft_bit(place);
        }
    }
    if (rafting->group->check_quorum && !mesh_raft_is_quorum(raft, heard)) {
        // Thesis 6.2: who hears no majority leads nobody.
        mesh_raft_become(rafting, MESH_RAFT_FOLLOWER, raft->term, MESH_NODE_NONE);
        return;
    }
    raft->heartbeat_ns = rafting->now_ns + rafting->group->heartbeat_ns;
    mesh_raft_watch_changes(rafting);
    mesh_bridges_watch(rafting);
    mesh_raft_beat(rafting);
}

// ---- Answers ----

bool mesh_raft_note_answer(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    const struct mesh_raft_head *head = rafting->heard;
    struct mesh_raft_progress *progress = &raft->progress[rafting->from];
    if (head->term > raft->term) {
        mesh_raft_become(rafting, MESH_RAFT_FOLLOWER, head->term, MESH_NODE_NONE);
        return false;
    }
    if (raft->role != MESH_RAFT_LEADER || head->term < raft->term || head->life < progress->life) {
        return false;
    }
    progress->forgot = (head->flags & MESH_RAFT_FORGOT) != 0;
    if (head->life > progress->life && progress->forgot) {
        progress->match = 0;
        progress->state = MESH_RAFT_PROBE;
        progress->next = raft->last + 1;
    }
    progress->life = head->life;
    progress->heard_ns = rafting->now_ns;
    progress->round = head->round > progress->round ? head->round : progress->round;
    return true;
}

// The logs do not agree at `previous`: further back, a term at a time (paper 5.3).
static void step_back(struct rafting *rafting, uint64_t previous)
{
    const struct mesh_raft *raft = rafting->raft;
    const struct mesh_raft_head *head = rafting->heard;
    struct mesh_raft_progress *progress = &rafting->raft->progress[rafting->from];
    // What it has confirmed it does not lack: the refusal is late. So is one of an earlier probe.
    bool late = previous <= progress->match ||
                (progress->state == MESH_RAFT_PROBE && previous != progress->next - 1);
    if (late || progress->state == MESH_RAFT_SNAPSHOT) {
        return;
    }
    uint64_t hint = head->index < previous ? head->index : previous - 1;
    hint = hint < raft->last ? hint : raft->last;
    uint64_t agreed = mesh_raft_conflict(rafting, hint, head->index_term);
    progress->next = (agreed > progress->match ? agreed : progress->match) + 1;
    progress->state = MESH_RAFT_PROBE;
    progress->waiting = false;
}

static void step_forward(struct rafting *rafting)
{
    const struct mesh_raft_head *head = rafting->heard;
    struct mesh_raft_progress *progress = &rafting->raft->progress[rafting->from];
    progress->match = head->index > progress->match ? head->index : progress->match;
    progress->next = head->commit >= progress->next ? head->commit + 1 : progress->next;
    bool done = progress->state == MESH_RAFT_SNAPSHOT ? head->commit >= progress->snapshot : true;
    if (done && progress->state != MESH_RAFT_REPLICATE && progress->next > progress->match) {
        progress->state = MESH_RAFT_REPLICATE;
        rafting->beats |= mesh_raft_bit(rafting->from);  // of what was committed meanwhile
    }
    progress->waiting = progress->waiting && !done;
    mesh_raft_watch_member(rafting, rafting->from);
}

void mesh_raft_hear_append_reply(struct rafting *rafting)
{
    const struct mesh_raft_head *head = rafting->heard;
    const struct mesh_raft *raft = rafting->raft;
    if (!mesh_raft_note_answer(rafting)) {
        return;
    }
    bool granted = (head->flags & MESH_RAFT_GRANTED) != 0;
    if (granted ? head->commit > raft->last || head->index > head->commit : head->commit == 0) {
        mesh_stepping_reject(rafting->stepping, MESH_REJECT_HISTORY);
        return;
    }
    if (granted) {
        step_forward(rafting);
    } else {
        step_back(rafting, head->commit);
    }
    rafting->offers |= mesh_raft_bit(rafting->from);
}

// ---- Committing ----

// The largest index that a majority of the voters has on disk. Who lost its disk counts as having
// nothing: in its former life it may have helped another leader, of whom this one has not heard, to
// commit other entries (mesh/raft.h).
static uint64_t majority_index(const struct mesh_raft *raft)
{
    uint64_t indexes[MESH_RAFT_MEMBERS_MAX];
    uint32_t count = 0;
    for (uint32_t left = raft->members.voters; left != 0; left &= left - 1) {
        uint32_t place = (uint32_t)__builtin_ctz(left);
        const struct mesh_raft_progress *progress = &raft->progress[place];
        uint64_t match = place == raft->self ? raft->stored
                         : progress->forgot  ? 0
                                             : progress->match;
        uint32_t i = count++;
        for (; i > 0 && indexes[i - 1] < match; i--) {
            indexes[i] = indexes[i - 1];
        }
        indexes[i] = match;
    }
    return count == 0 ? 0 : indexes[count / 2];
}

void mesh_raft_advance(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    uint64_t index = majority_index(raft);
    // Only entries of the own term are committed by counting; those before come with them (paper
    // 5.4.2, figure 8).
    if (index <= raft->commit || mesh_raft_term_at(rafting, index) != raft->term) {
        return;
    }
    raft->commit = index;
    mesh_raft_spread(rafting);
    // Thesis 4.2.2: a leader that is not among the members leads until they are committed.
    rafting->resigns = raft->members_index <= raft->commit &&
                       (raft->members.voters & mesh_raft_bit(raft->self)) == 0;
}
