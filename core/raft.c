// SPDX-License-Identifier: Apache-2.0
// Raft's dispatcher, and what all its events have in common: terms, timers, the disk, and applying
// what is committed. mesh/raft.h has the picture, rafting.h the map.
#include "rafting.h"

#include <assert.h>
#include <string.h>

#include "mesh/random.h"
#include "outgoing.h"

// No tick and no dot has this bit: what follows is the sender's count of messages of Raft.
#define OCCASION_RAFT (UINT64_C(1) << 63)

// ---- Records and groups ----

struct mesh_raft *mesh_raft_of(const struct mesh_states *states, uint32_t node)
{
    uint32_t low = 0;
    uint32_t high = states->raft_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (states->rafts[middle].node < node) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < states->raft_count && states->rafts[low].node == node;
    return found ? &states->rafts[low] : NULL;
}

const struct mesh_raft_group *mesh_raft_group_of(const struct mesh_config *config, uint32_t scope)
{
    for (uint32_t i = 0; i < config->raft_count; i++) {
        if (config->raft[i].scope == scope) {
            return &config->raft[i];
        }
    }
    return NULL;
}

uint32_t mesh_raft_place_of(const struct mesh_raft_group *group, uint32_t node)
{
    uint32_t place = 0;
    while (place < group->roster_count && group->roster[place] != node) {
        place++;
    }
    return place;
}

// ---- What an event may cause ----

void mesh_raft_bound(const struct mesh_config *config, struct mesh_bound *bound)
{
    uint32_t members = 0;
    for (uint32_t i = 0; i < config->raft_count; i++) {
        uint32_t count = config->raft[i].roster_count;
        members = count > members ? count : members;
    }
    // One message to each member, a burst to one of them, and a few answers; each read is answered
    // or refused, and of everything else there is one or two.
    uint32_t messages = members + MESH_RAFT_BURST + 3;
    uint32_t records = messages + MESH_RAFT_READS_MAX + 16;
    size_t words = messages * (sizeof(struct mesh_message) / sizeof(uint64_t) +
                               (size_t)mesh_raft_words_max(config));
    bound->records = records > bound->records ? records : bound->records;
    bound->targets = messages + members > bound->targets ? messages + members : bound->targets;
    bound->message_words = words > bound->message_words ? words : bound->message_words;
}

// ---- Sending ----

struct mesh_message *mesh_raft_begin(struct rafting *rafting, enum mesh_message_kind kind,
                                     uint32_t words)
{
    uint64_t occasion = OCCASION_RAFT | rafting->raft->said++;
    uint32_t head_words = sizeof(struct mesh_raft_head) / sizeof(uint64_t);
    struct mesh_message *message = mesh_outgoing_begin_words(
        rafting->stepping, kind, rafting->raft->node, occasion, head_words + words);
    mesh_raft_head(message)->term = rafting->raft->term;
    return message;
}

struct mesh_raft_head *mesh_raft_head(struct mesh_message *message)
{
    return (struct mesh_raft_head *)message->lanes;
}

const struct mesh_raft_head *mesh_raft_heard(const struct mesh_message *message)
{
    return (const struct mesh_raft_head *)message->lanes;
}

void mesh_raft_send(struct rafting *rafting, struct mesh_message *message, uint32_t place)
{
    mesh_outgoing_to(rafting->stepping, message, rafting->group->roster[place]);
}

void mesh_raft_refuse(struct rafting *rafting, uint64_t number, enum mesh_raft_refusal reason)
{
    struct mesh_record *record = mesh_stepping_record(rafting->stepping, MESH_RECORD_RAFT_REFUSE);
    record->raft_refuse.number = number;
    record->raft_refuse.leader = rafting->raft->leader;
    record->raft_refuse.reason = reason;
}

// ---- Terms and roles ----

void mesh_raft_become(struct rafting *rafting, enum mesh_raft_role role, uint64_t term,
                      uint32_t leader)
{
    struct mesh_raft *raft = rafting->raft;
    assert(term >= raft->term);
    bool changes = role != raft->role || term != raft->term || leader != raft->leader;
    bool deposed = raft->role == MESH_RAFT_LEADER && role != MESH_RAFT_LEADER;
    if (term > raft->term || leader != raft->leader) {
        raft->matched = raft->commit;  // what is committed every leader has (paper 5.4.3)
        raft->owes_ack = false;
    }
    if (term > raft->term) {
        // Terms only grow, and a server votes once in each (paper 5.1, 5.2).
        raft->term = term;
        raft->vote = MESH_NODE_NONE;
        raft->dirty = true;
        raft->owes_vote = false;
    }
    raft->asks = raft->asks && role == MESH_RAFT_CANDIDATE;
    raft->role = (uint8_t)role;
    raft->leader = leader;
    if (deposed) {
        raft->transfer = MESH_NODE_NONE;
        raft->catching_up = MESH_NODE_NONE;
        mesh_raft_drop_reads(rafting);
        mesh_raft_reset_election(rafting);
    }
    if (changes) {
        struct mesh_record *record = mesh_stepping_record(rafting->stepping, MESH_RECORD_RAFT_ROLE);
        record->raft_role.term = term;
        record->raft_role.leader = leader;
        record->raft_role.role = role;
    }
}

// Each timeout is drawn anew, so that ties do not repeat themselves (paper 5.2).
void mesh_raft_reset_election(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    const struct mesh_raft_group *group = rafting->group;
    if (raft->draws_term != raft->term) {
        raft->draws_term = raft->term;
        raft->draws = 0;
    }
    uint64_t occasion = raft->term << 24 | (raft->draws++ & 0xffffff);
    struct mesh_random random =
        mesh_draw(rafting->stepping->config->seed, MESH_DRAW_ELECTION, 0, raft->node, occasion);
    raft->election_ns = rafting->now_ns + group->election_ns_min +
                        mesh_below_wide(random.word[0], random.word[1],
                                        group->election_ns_max - group->election_ns_min);
}

// ---- The disk ----

bool mesh_raft_vote_is_durable(const struct mesh_raft *raft)
{
    return !raft->dirty && !raft->writing_vote;
}

// Writes what has changed since the last write, if none is under way.
static void persist(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    bool changed = raft->dirty || raft->dirty_snapshot || raft->dirty_first <= raft->last;
    if (raft->writing != 0 || !changed) {
        return;
    }
    struct mesh_record *record = mesh_stepping_record(rafting->stepping, MESH_RECORD_RAFT_PERSIST);
    raft->writes = raft->writes == UINT32_MAX ? 1 : raft->writes + 1;
    raft->writing = raft->writes;
    record->raft_persist.number = raft->writing;
    record->raft_persist.index_first = raft->dirty_first;
    record->raft_persist.count = (uint16_t)(raft->last + 1 - raft->dirty_first);
    record->raft_persist.snapshot = raft->dirty_snapshot;
    raft->writing_last = raft->last;
    raft->writing_vote = raft->dirty;
    raft->dirty_first = raft->last + 1;
    raft->dirty = false;
    raft->dirty_snapshot = false;
}

static void stored(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    if (rafting->stepping->event->number != raft->writing || raft->writing == 0) {
        return;  // of a former life
    }
    raft->writing = 0;
    raft->writing_vote = false;
    raft->stored = raft->writing_last > raft->stored ? raft->writing_last : raft->stored;
    if (mesh_raft_vote_is_durable(raft)) {
        mesh_raft_vote_stored(rafting);
    }
    if (raft->owes_ack) {
        mesh_raft_acknowledge(rafting);
        raft->owes_ack = raft->matched > raft->stored;
    }
}

// ---- Applying ----

// What is committed is applied in the order of the log (paper 5.3).
static void apply(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    if (rafting->restored) {
        struct mesh_record *record =
            mesh_stepping_record(rafting->stepping, MESH_RECORD_RAFT_RESTORE);
        record->raft_restore.index = raft->snapshot.index;
    }
    if (raft->applied == raft->commit) {
        return;
    }
    struct mesh_record *record = mesh_stepping_record(rafting->stepping, MESH_RECORD_RAFT_COMMIT);
    record->raft_commit.index_first = raft->applied + 1;
    record->raft_commit.count = raft->commit - raft->applied;
    while (raft->applied < raft->commit) {
        raft->applied++;
        mesh_bridges_apply(rafting, mesh_raft_entry_at(rafting->group, raft, raft->applied));
    }
}

// ---- The timer ----

// One timer is enough: when it fires early it is set again.
static void set_timer(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    uint64_t due_ns = raft->role == MESH_RAFT_LEADER ? raft->heartbeat_ns : raft->election_ns;
    if (raft->timer_ns <= due_ns) {
        return;
    }
    raft->timer_ns = due_ns;
    raft->timer++;
    struct mesh_record *record = mesh_stepping_record(rafting->stepping, MESH_RECORD_RAFT_TIMER);
    record->raft_timer.at_ns = due_ns;
    record->raft_timer.number = raft->timer;
}

static void timer_fired(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    if (rafting->stepping->event->number != raft->timer) {
        return;
    }
    raft->timer_ns = UINT64_MAX;
    if (raft->role == MESH_RAFT_LEADER) {
        if (rafting->now_ns >= raft->heartbeat_ns) {
            mesh_raft_heartbeat_due(rafting);
        }
    } else if (rafting->now_ns >= raft->election_ns) {
        mesh_raft_election_due(rafting);
    }
}

// ---- Starting ----

// A server starts as a follower (paper 5.2), with what its disk held and nothing else.
static void start(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    const struct mesh_raft_start *given = rafting->stepping->event->raft_start;
    const struct mesh_raft kept = *raft;
    const struct mesh_raft_group *group = rafting->group;
    assert(group->append_entries >= 1 && group->window_entries >= group->append_entries &&
           group->entry_bytes >= 8 && group->chunk_bytes >= 1);
    assert(group->heartbeat_ns > 0 && group->election_ns_min > group->heartbeat_ns &&
           group->election_ns_max > group->election_ns_min);
    assert(given->life > kept.life && kept.log_capacity >= 16 && kept.log_capacity <= UINT16_MAX);
    assert(given->last >= kept.snapshot.index &&
           given->last - kept.snapshot.index <= kept.log_capacity);
    *raft = (struct mesh_raft){
        .node = kept.node,
        .group = kept.group,
        .self = (uint8_t)mesh_raft_place_of(rafting->group, kept.node),
        .role = MESH_RAFT_FOLLOWER,
        .term = given->term,
        .vote = given->vote,
        .snapshot = kept.snapshot,
        .last = given->last,
        .log = kept.log,
        .log_capacity = kept.log_capacity,
        .incoming = {.data = kept.incoming.data},
        .stored = given->last,
        .dirty_first = given->last + 1,
        .dirty = given->forgot,
        .writes = kept.writes,
        .forgot = given->forgot,
        .life = given->life,
        .leader = MESH_NODE_NONE,
        .commit = kept.snapshot.index,
        .applied = kept.snapshot.index,
        .matched = kept.snapshot.index,
        .timer_ns = UINT64_MAX,
        .timer = kept.timer,
        .said = kept.said,
        .draws_term = kept.draws_term,
        .draws = kept.draws,
        .transfer = MESH_NODE_NONE,
        .catching_up = MESH_NODE_NONE,
        .bridges = kept.snapshot.bridges,
        .known = kept.known,
        .callable = kept.callable,
    };
    assert(raft->self < rafting->group->roster_count);
    raft->members = mesh_raft_members_at(rafting, raft->last, &raft->members_index);
    mesh_raft_reset_election(rafting);
    raft->election_ns = given->impatient ? rafting->now_ns : raft->election_ns;
}

// ---- Dispatch ----

static void hear(struct rafting *rafting)
{
    switch ((enum mesh_message_kind)rafting->message->kind) {
    case MESH_MESSAGE_RAFT_VOTE: mesh_raft_hear_vote(rafting); break;
    case MESH_MESSAGE_RAFT_VOTE_REPLY: mesh_raft_hear_vote_reply(rafting); break;
    case MESH_MESSAGE_RAFT_APPEND: mesh_raft_hear_append(rafting); break;
    case MESH_MESSAGE_RAFT_APPEND_REPLY: mesh_raft_hear_append_reply(rafting); break;
    case MESH_MESSAGE_RAFT_SNAPSHOT: mesh_raft_hear_snapshot(rafting); break;
    case MESH_MESSAGE_RAFT_SNAPSHOT_REPLY: mesh_raft_hear_snapshot_reply(rafting); break;
    case MESH_MESSAGE_RAFT_TIMEOUT_NOW: mesh_raft_hear_timeout_now(rafting); break;
    default: assert(false);
    }
}

static void handle(struct rafting *rafting)
{
    switch ((enum mesh_event_kind)rafting->stepping->event->kind) {
    case MESH_EVENT_RECEIVE: hear(rafting); break;
    case MESH_EVENT_RAFT_START: start(rafting); break;
    case MESH_EVENT_RAFT_TIMER: timer_fired(rafting); break;
    case MESH_EVENT_RAFT_STORED: stored(rafting); break;
    case MESH_EVENT_RAFT_PROPOSE: mesh_raft_propose(rafting); break;
    case MESH_EVENT_RAFT_READ: mesh_raft_read(rafting); break;
    case MESH_EVENT_RAFT_CHANGE: mesh_raft_change(rafting); break;
    case MESH_EVENT_RAFT_TRANSFER: mesh_raft_transfer(rafting); break;
    case MESH_EVENT_RAFT_COMPACT: mesh_raft_compact(rafting); break;
    default: assert(false);
    }
}

// What the event has led to, in the order of mesh/raft.h.
static void settle(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    if (raft->role == MESH_RAFT_LEADER) {
        mesh_raft_advance(rafting);
    }
    bool news = raft->applied != raft->commit;
    apply(rafting);
    if (raft->role == MESH_RAFT_LEADER) {
        if (news) {
            mesh_bridges_watch(rafting);
        }
        mesh_raft_confirm_reads(rafting);
        mesh_raft_speak(rafting);
        if (rafting->resigns) {
            mesh_raft_become(rafting, MESH_RAFT_FOLLOWER, raft->term, MESH_NODE_NONE);
        }
    }
    persist(rafting);
    set_timer(rafting);
}

void mesh_raft_handle(struct stepping *stepping)
{
    const struct mesh_event *event = stepping->event;
    bool received = event->kind == MESH_EVENT_RECEIVE;
    struct rafting rafting = {.stepping = stepping,
                              .group = mesh_raft_group_of(stepping->config, event->scope),
                              .raft = mesh_raft_of(stepping->states, event->node),
                              .message = received ? event->message : NULL,
                              .now_ns = event->time_ns};
    if (received) {
        if (rafting.group != NULL) {
            rafting.from = mesh_raft_place_of(rafting.group, event->message->source);
        }
        if (rafting.raft == NULL || rafting.group == NULL ||
            &stepping->config->raft[rafting.raft->group] != rafting.group ||
            rafting.from == rafting.group->roster_count) {
            mesh_stepping_reject(stepping, MESH_REJECT_MEMBER);
            return;
        }
        rafting.heard = mesh_raft_heard(event->message);
    }
    assert(rafting.raft != NULL && rafting.group != NULL);
    if (rafting.raft->life == 0 && event->kind != MESH_EVENT_RAFT_START) {
        return;
    }
    handle(&rafting);
    settle(&rafting);
}
