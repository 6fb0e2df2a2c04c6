// SPDX-License-Identifier: Apache-2.0
// Messages of Raft as bytes. Behind the count of mesh/wire.h, which is that of entries; numbers are
// varints unless their bytes are named:
//
//     all              term
//     VOTE             flags, index, its term
//     VOTE_REPLY       flags
//     APPEND           index, its term, commit, round, life; entries: term, kind 1 byte, length,
//                      bytes
//     APPEND_REPLY     flags, index, its term, commit, round, life
//     SNAPSHOT         index, its term, round, life, voters 4 bytes, learners 4, bridges 4, offset,
//                      total, length, bytes
//     SNAPSHOT_REPLY   flags, index, its term, offset, total, round, life
//     TIMEOUT_NOW
#include <string.h>

#include "rafting.h"

#define HEAD_WORDS (sizeof(struct mesh_raft_head) / sizeof(uint64_t))

uint32_t mesh_raft_words_max(const struct mesh_config *config)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < config->raft_count; i++) {
        const struct mesh_raft_group *group = &config->raft[i];
        uint32_t entries = group->append_entries * mesh_raft_entry_words(group);
        uint32_t chunk = (group->chunk_bytes + 7) / 8;
        uint32_t words = entries > chunk ? entries : chunk;
        most = words > most ? words : most;
    }
    return (uint32_t)HEAD_WORDS + most;
}

// ---- Writing, and counting what would be written ----

static void put_entries(struct writer *writer, const struct mesh_message *message)
{
    for (uint32_t i = 0; i < message->update_count; i++) {
        const struct mesh_raft_entry *entry = mesh_raft_carried(message, i);
        put_varint(writer, entry->term);
        put(writer, entry->kind, 1);
        put_varint(writer, entry->bytes);
        if (entry->kind == MESH_RAFT_COMMAND) {
            put_bytes(writer, (const uint8_t *)entry->data, entry->bytes);
        } else if (entry->bytes > 0) {
            put(writer, entry->data[0], entry->bytes);
        }
    }
}

static void put_snapshot(struct writer *writer, const struct mesh_message *message)
{
    const struct mesh_raft_head *head = mesh_raft_heard(message);
    put(writer, head->members.voters, 4);
    put(writer, head->members.learners, 4);
    put(writer, head->bridges, 4);
    put_varint(writer, head->offset);
    put_varint(writer, head->total);
    put_varint(writer, head->bytes);
    put_bytes(writer, (const uint8_t *)(message->lanes + HEAD_WORDS), head->bytes);
}

static bool has_flags(uint8_t kind)
{
    return kind == MESH_MESSAGE_RAFT_VOTE || kind == MESH_MESSAGE_RAFT_VOTE_REPLY ||
           kind == MESH_MESSAGE_RAFT_APPEND_REPLY || kind == MESH_MESSAGE_RAFT_SNAPSHOT_REPLY;
}

static bool has_index(uint8_t kind)
{
    return kind != MESH_MESSAGE_RAFT_VOTE_REPLY && kind != MESH_MESSAGE_RAFT_TIMEOUT_NOW;
}

static bool has_commit(uint8_t kind)
{
    return kind == MESH_MESSAGE_RAFT_APPEND || kind == MESH_MESSAGE_RAFT_APPEND_REPLY;
}

// Heartbeats and their answers, with or without more.
static bool has_round(uint8_t kind)
{
    return has_commit(kind) || kind == MESH_MESSAGE_RAFT_SNAPSHOT ||
           kind == MESH_MESSAGE_RAFT_SNAPSHOT_REPLY;
}

void mesh_raft_wire_put(struct writer *writer, const struct mesh_message *message)
{
    const struct mesh_raft_head *head = mesh_raft_heard(message);
    uint8_t kind = message->kind;
    put_varint(writer, head->term);
    if (has_flags(kind)) {
        put_varint(writer, head->flags);
    }
    if (has_index(kind)) {
        put_varint(writer, head->index);
        put_varint(writer, head->index_term);
    }
    if (has_commit(kind)) {
        put_varint(writer, head->commit);
    }
    if (has_round(kind)) {
        put_varint(writer, head->round);
        put_varint(writer, head->life);
    }
    if (kind == MESH_MESSAGE_RAFT_APPEND) {
        put_entries(writer, message);
    } else if (kind == MESH_MESSAGE_RAFT_SNAPSHOT) {
        put_snapshot(writer, message);
    } else if (kind == MESH_MESSAGE_RAFT_SNAPSHOT_REPLY) {
        put_varint(writer, head->offset);
        put_varint(writer, head->total);
    }
}

uint32_t mesh_raft_wire_bytes(const struct mesh_message *message)
{
    struct writer writer = {NULL, 0, 0};
    mesh_raft_wire_put(&writer, message);
    return (uint32_t)writer.count;
}

// ---- Reading ----

static uint64_t take_index(struct reader *reader)
{
    return take_varint(reader, MESH_RAFT_INDEX_MAX - 1);
}

static uint32_t roster_of(const struct mesh_raft_group *group)
{
    return group->roster_count == MESH_RAFT_MEMBERS_MAX ? UINT32_MAX
                                                        : mesh_raft_bit(group->roster_count) - 1;
}

static bool are_members(const struct mesh_raft_group *group, struct mesh_raft_members members)
{
    return members.voters != 0 && (members.voters & members.learners) == 0 &&
           ((members.voters | members.learners) & ~roster_of(group)) == 0;
}

static void take_command(struct reader *reader, struct mesh_raft_entry *entry)
{
    const uint8_t *bytes = take_bytes(reader, entry->bytes);
    if (bytes != NULL && entry->bytes > 0) {
        memcpy(entry->data, bytes, entry->bytes);
    }
}

static void take_entry(struct reader *reader, const struct mesh_raft_group *group,
                       struct mesh_raft_entry *entry)
{
    entry->term = take_index(reader);
    entry->kind = (uint32_t)take(reader, 1);
    entry->bytes = (uint32_t)take_varint(reader, group->entry_bytes);
    switch (entry->kind) {
    case MESH_RAFT_COMMAND: take_command(reader, entry); return;
    case MESH_RAFT_NOOP: reader->failed |= entry->bytes != 0; return;
    case MESH_RAFT_BRIDGES:
        entry->data[0] = take(reader, 8);
        reader->failed |= entry->bytes != 8 || (entry->data[0] & ~(uint64_t)roster_of(group)) != 0;
        return;
    case MESH_RAFT_MEMBERS:
        entry->data[0] = take(reader, 8);
        reader->failed |=
            entry->bytes != 8 || !are_members(group, mesh_raft_members_of(entry->data[0]));
        return;
    default: reader->failed = true;
    }
}

static void take_entries(struct reader *reader, const struct mesh_raft_group *group,
                         struct mesh_message *message)
{
    uint32_t stride = mesh_raft_entry_words(group);
    reader->failed |= message->update_count > group->append_entries;
    for (uint32_t i = 0; i < message->update_count && !reader->failed; i++) {
        uint64_t *words = message->lanes + HEAD_WORDS + (size_t)i * stride;
        memset(words, 0, stride * sizeof *words);
        take_entry(reader, group, (struct mesh_raft_entry *)words);
    }
    message->words = (uint16_t)(HEAD_WORDS + (size_t)message->update_count * stride);
}

static void take_snapshot(struct reader *reader, const struct mesh_raft_group *group,
                          struct mesh_message *message)
{
    struct mesh_raft_head *head = mesh_raft_head(message);
    head->members.voters = (uint32_t)take(reader, 4);
    head->members.learners = (uint32_t)take(reader, 4);
    head->bridges = (uint32_t)take(reader, 4);
    head->offset = (uint32_t)take_varint(reader, group->snapshot_bytes);
    head->total = (uint32_t)take_varint(reader, group->snapshot_bytes);
    head->bytes = (uint32_t)take_varint(reader, group->chunk_bytes);
    const uint8_t *bytes = take_bytes(reader, head->bytes);
    reader->failed = reader->failed || head->offset > head->total ||
                     head->bytes > head->total - head->offset || head->index == 0 ||
                     (head->bridges & ~roster_of(group)) != 0 || !are_members(group, head->members);
    if (reader->failed) {
        return;
    }
    message->words = (uint16_t)(HEAD_WORDS + (head->bytes + 7) / 8);
    memset(message->lanes + HEAD_WORDS, 0, (size_t)(head->bytes + 7) / 8 * sizeof(uint64_t));
    if (head->bytes > 0) {
        memcpy(message->lanes + HEAD_WORDS, bytes, head->bytes);
    }
}

static uint32_t flags_of(uint8_t kind)
{
    switch (kind) {
    case MESH_MESSAGE_RAFT_VOTE: return MESH_RAFT_PRE | MESH_RAFT_HANDOVER;
    case MESH_MESSAGE_RAFT_VOTE_REPLY: return MESH_RAFT_PRE | MESH_RAFT_GRANTED;
    case MESH_MESSAGE_RAFT_APPEND_REPLY: return MESH_RAFT_GRANTED | MESH_RAFT_FORGOT;
    default: return MESH_RAFT_FORGOT;
    }
}

static void take_head(struct reader *reader, uint8_t kind, struct mesh_raft_head *head)
{
    *head = (struct mesh_raft_head){.term = take_index(reader)};
    if (has_flags(kind)) {
        head->flags = (uint32_t)take_varint(reader, UINT32_MAX);
        reader->failed |= (head->flags & ~flags_of(kind)) != 0;
    }
    if (has_index(kind)) {
        head->index = take_index(reader);
        head->index_term = take_index(reader);
    }
    if (has_commit(kind)) {
        head->commit = take_index(reader);
    }
    if (has_round(kind)) {
        head->round = take_varint(reader, UINT64_MAX);
        head->life = (uint32_t)take_varint(reader, UINT32_MAX);
    }
}

enum mesh_reject mesh_raft_wire_take(struct reader *reader, const struct mesh_config *config,
                                     struct mesh_message *message)
{
    const struct mesh_raft_group *group = mesh_raft_group_of(config, message->scope);
    if (group == NULL) {
        return MESH_REJECT_KIND;
    }
    if (message->update_count > 0 && message->kind != MESH_MESSAGE_RAFT_APPEND) {
        return MESH_REJECT_FORMAT;
    }
    message->words = HEAD_WORDS;
    struct mesh_raft_head *head = mesh_raft_head(message);
    take_head(reader, message->kind, head);
    if (message->kind == MESH_MESSAGE_RAFT_APPEND) {
        take_entries(reader, group, message);
    } else if (message->kind == MESH_MESSAGE_RAFT_SNAPSHOT) {
        take_snapshot(reader, group, message);
    } else if (message->kind == MESH_MESSAGE_RAFT_SNAPSHOT_REPLY) {
        head->offset = (uint32_t)take_varint(reader, group->snapshot_bytes);
        head->total = (uint32_t)take_varint(reader, group->snapshot_bytes);
    }
    return reader->failed ? MESH_REJECT_FORMAT : 0;
}
