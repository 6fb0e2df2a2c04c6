// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.h"

#include <string.h>

void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof *rig);
    for (uint32_t i = 0; i < RIG_SERVERS; i++) {
        rig->roster[i] = i;
    }
    rig->group = (struct mesh_raft_group){
        .pre_vote = true,
        .check_quorum = true,
        .roster = rig->roster,
        .roster_count = RIG_SERVERS,
        .append_entries = 2,
        .window_entries = 6,
        .entry_bytes = 8,
        .snapshot_bytes = RIG_SNAPSHOT_BYTES,
        .chunk_bytes = 10,
        .heartbeat_ns = 100 * RIG_MS,
        .election_ns_min = 500 * RIG_MS,
        .election_ns_max = 1000 * RIG_MS,
        .bridge_timeout_ns = 1000 * RIG_MS,
    };
    rig->scope = (struct mesh_scope){
        .count = RIG_SERVERS, .fanout = 1, .update_limit = 1, .interval_ns = RIG_MS};
    rig->config = (struct mesh_config){
        .seed = 7, .scopes = &rig->scope, .scope_count = 1, .raft = &rig->group, .raft_count = 1};
    mesh_table_init(&rig->table, rig->updates, 64, NULL, 0, NULL);
    rig->raft = (struct mesh_raft){.node = A,
                                   .log = rig->ring,
                                   .log_capacity = RIG_RING,
                                   .snapshot = {.members = {0x1f, 0}, .data = rig->snapshots[0]},
                                   .incoming = {.data = rig->snapshots[1]}};
    rig->states = (struct mesh_states){.replicas = rig->replica,
                                       .stride = sizeof rig->replica,
                                       .node_count = 1,
                                       .words = 1,
                                       .planes = mesh_planes(&rig->config),
                                       .table = &rig->table,
                                       .raft_count = 1,
                                       .rafts = &rig->raft};
    rig->output = (struct mesh_output){.records = rig->records,
                                       .record_capacity = 128,
                                       .targets = rig->targets,
                                       .target_capacity = 64,
                                       .news = rig->news,
                                       .news_capacity = 64,
                                       .messages = rig->messages,
                                       .message_word_capacity = 8192};
}

void rig_step(struct rig *rig, struct mesh_event event)
{
    event.time_ns = rig->now_ns;
    event.node = A;
    rig->output.record_count = 0;
    rig->output.target_count = 0;
    rig->output.message_words = 0;
    cr_assert_eq(mesh_step(&rig->config, &rig->states, &event, 1, &rig->output), 1);
}

void rig_start(struct rig *rig, uint64_t term, uint32_t vote, const uint64_t *terms, uint32_t count)
{
    uint64_t first = rig->raft.snapshot.index + 1;
    for (uint32_t i = 0; i < count; i++) {
        struct mesh_raft_entry entry = {.term = terms[i], .kind = MESH_RAFT_COMMAND};
        mesh_raft_put(&rig->group, &rig->raft, first + i, &entry);
    }
    struct mesh_raft_start start = {
        .term = term, .last = first + count - 1, .vote = vote, .life = rig->raft.life + 1};
    rig_step(rig, (struct mesh_event){.kind = MESH_EVENT_RAFT_START, .raft_start = &start});
}

// ---- What happens to A ----

void rig_store(struct rig *rig)
{
    cr_assert(rig->raft.writing != 0, "nothing is being written");
    rig_step(rig, (struct mesh_event){.kind = MESH_EVENT_RAFT_STORED, .number = rig->raft.writing});
}

static void fire(struct rig *rig)
{
    rig_step(rig, (struct mesh_event){.kind = MESH_EVENT_RAFT_TIMER, .number = rig->raft.timer});
}

void rig_wait(struct rig *rig, uint64_t ms)
{
    uint64_t until_ns = rig->now_ns + ms * RIG_MS;
    while (rig->raft.timer_ns <= until_ns) {
        rig->now_ns = rig->raft.timer_ns;
        fire(rig);
    }
    rig->now_ns = until_ns;
}

void rig_patience(struct rig *rig)
{
    cr_assert(rig->raft.role != MESH_RAFT_LEADER);
    while (rig->now_ns < rig->raft.election_ns) {
        rig->now_ns = rig->raft.timer_ns;
        bool last = rig->now_ns >= rig->raft.election_ns;
        fire(rig);
        if (last) {
            break;
        }
    }
}

void rig_beat(struct rig *rig)
{
    cr_assert_eq(rig->raft.role, MESH_RAFT_LEADER);
    rig->now_ns = rig->raft.heartbeat_ns;
    fire(rig);
}

static void hear(struct rig *rig, uint32_t source, enum mesh_message_kind kind,
                 struct mesh_raft_head head, const uint64_t *terms, uint32_t count)
{
    uint64_t room[256] = {0};
    struct mesh_message *message = (struct mesh_message *)room;
    uint32_t head_words = sizeof head / sizeof(uint64_t);
    uint32_t stride = mesh_raft_entry_words(&rig->group);
    message->kind = (uint8_t)kind;
    message->source = source;
    message->update_count = (uint16_t)count;
    message->words = (uint16_t)(head_words + count * stride);
    memcpy(message->lanes, &head, sizeof head);
    for (uint32_t i = 0; i < count; i++) {
        struct mesh_raft_entry entry = {.term = terms[i], .kind = MESH_RAFT_COMMAND};
        memcpy(message->lanes + head_words + (size_t)i * stride, &entry, sizeof entry);
    }
    rig_step(rig, (struct mesh_event){.kind = MESH_EVENT_RECEIVE, .message = message});
}

void rig_hear(struct rig *rig, uint32_t source, enum mesh_message_kind kind,
              struct mesh_raft_head head)
{
    hear(rig, source, kind, head, NULL, 0);
}

void rig_hear_entries(struct rig *rig, uint32_t source, struct mesh_raft_head head,
                      const uint64_t *terms, uint32_t count)
{
    hear(rig, source, MESH_MESSAGE_RAFT_APPEND, head, terms, count);
}

void rig_propose(struct rig *rig, uint64_t value)
{
    struct mesh_raft_command command = {(const uint8_t *)&value, sizeof value};
    rig_step(rig, (struct mesh_event){.kind = MESH_EVENT_RAFT_PROPOSE, .command = &command});
}

void rig_change(struct rig *rig, uint32_t node, enum mesh_raft_change_kind kind)
{
    rig_step(rig, (struct mesh_event){.kind = MESH_EVENT_RAFT_CHANGE, .change = {node, kind}});
}

void rig_confirm(struct rig *rig, uint32_t source, uint64_t index)
{
    rig_hear(rig, source, MESH_MESSAGE_RAFT_APPEND_REPLY,
             (struct mesh_raft_head){.term = rig->raft.term,
                                     .index = index,
                                     .commit = index,
                                     .round = rig->raft.round,
                                     .life = 1,
                                     .flags = MESH_RAFT_GRANTED});
}

void rig_lead(struct rig *rig)
{
    rig->group.pre_vote = false;
    rig_patience(rig);
    rig_store(rig);
    for (uint32_t voter = B; voter <= C && rig->raft.role == MESH_RAFT_CANDIDATE; voter++) {
        rig_hear(rig, voter, MESH_MESSAGE_RAFT_VOTE_REPLY,
                 (struct mesh_raft_head){.term = rig->raft.term, .flags = MESH_RAFT_GRANTED});
    }
    cr_assert_eq(rig->raft.role, MESH_RAFT_LEADER);
}

void rig_lead_settled(struct rig *rig)
{
    rig_lead(rig);
    const struct mesh_message *sent = rig_message(rig, MESH_MESSAGE_RAFT_APPEND, B);
    cr_assert_eq(sent->update_count, 1);
    rig_store(rig);
    for (uint32_t voter = B; voter <= E; voter++) {
        rig_confirm(rig, voter, rig->raft.last);
    }
    cr_assert_eq(rig->raft.commit, rig->raft.last);
}

// ---- What A did ----

const struct mesh_message *rig_message(const struct rig *rig, enum mesh_message_kind kind,
                                       uint32_t target)
{
    for (uint32_t i = 0; i < rig->output.record_count; i++) {
        const struct mesh_record *record = &rig->records[i];
        if (record->kind != MESH_RECORD_SEND || record->send.message->kind != kind) {
            continue;
        }
        for (uint32_t j = 0; j < record->send.target_count; j++) {
            if (rig->targets[record->send.target_first + j] == target) {
                return record->send.message;
            }
        }
    }
    return NULL;
}

const struct mesh_raft_head *rig_sent(const struct rig *rig, enum mesh_message_kind kind,
                                      uint32_t target)
{
    const struct mesh_message *message = rig_message(rig, kind, target);
    return message == NULL ? NULL : mesh_raft_heard(message);
}

const struct mesh_record *rig_record(const struct rig *rig, enum mesh_record_kind kind)
{
    for (uint32_t i = 0; i < rig->output.record_count; i++) {
        if (rig->records[i].kind == kind) {
            return &rig->records[i];
        }
    }
    return NULL;
}

enum mesh_raft_refusal rig_refusal(const struct rig *rig)
{
    const struct mesh_record *record = rig_record(rig, MESH_RECORD_RAFT_REFUSE);
    return record == NULL ? 0 : (enum mesh_raft_refusal)record->raft_refuse.reason;
}

enum mesh_reject rig_reject(const struct rig *rig)
{
    const struct mesh_record *record = rig_record(rig, MESH_RECORD_REJECT);
    return record == NULL ? 0 : record->reject.reason;
}

uint64_t rig_term_of(const struct rig *rig, uint64_t index)
{
    return mesh_raft_entry_at(&rig->group, &rig->raft, index)->term;
}
