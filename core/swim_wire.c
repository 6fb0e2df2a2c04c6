// SPDX-License-Identifier: Apache-2.0
// Messages of SWIM as bytes. Behind the count of mesh/wire.h, which is 0; numbers are varints, a
// node 1 + its number, or 0 for none:
//
//     all            flags 1 byte, number, incarnation
//     PING           asker
//     PING_REQUEST   subject
//     ACK            subject, asker
//     SYNC           offset, total
//     all            count of news; each: node, incarnation * 8 + state, and of a suspect: from
#include "swimming.h"

#define HEAD_WORDS (sizeof(struct mesh_swim_head) / sizeof(uint64_t))

uint32_t mesh_swim_words_max(const struct mesh_config *config)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < config->swim_count; i++) {
        most = config->swim[i].news > most ? config->swim[i].news : most;
    }
    // One more, for what the target is told of itself.
    return (uint32_t)HEAD_WORDS +
           (most + 1) * (uint32_t)(sizeof(struct mesh_swim_news) / sizeof(uint64_t));
}

static bool has_subject(uint8_t kind)
{
    return kind == MESH_MESSAGE_SWIM_PING_REQUEST || kind == MESH_MESSAGE_SWIM_ACK;
}

static bool has_asker(uint8_t kind)
{
    return kind == MESH_MESSAGE_SWIM_PING || kind == MESH_MESSAGE_SWIM_ACK;
}

static uint32_t flags_of(uint8_t kind)
{
    return kind == MESH_MESSAGE_SWIM_ACK ? MESH_SWIM_NACK
           : kind == MESH_MESSAGE_SWIM_SYNC
               ? MESH_SWIM_REPLY | MESH_SWIM_ENTER | MESH_SWIM_WHOLE | MESH_SWIM_COMPARE
               : 0;
}

// ---- Writing, and counting what would be written ----

static void put_node(struct writer *writer, uint32_t node)
{
    put_varint(writer, node == MESH_NODE_NONE ? 0 : 1 + (uint64_t)node);
}

void mesh_swim_wire_put(struct writer *writer, const struct mesh_message *message)
{
    const struct mesh_swim_head *head = mesh_swim_heard(message);
    const struct mesh_swim_news *news = mesh_swim_carried(message);
    put(writer, head->flags, 1);
    put_varint(writer, head->number);
    put_varint(writer, head->incarnation);
    if (has_subject(message->kind)) {
        put_node(writer, head->subject);
    }
    if (has_asker(message->kind)) {
        put_node(writer, head->asker);
    }
    if (message->kind == MESH_MESSAGE_SWIM_SYNC) {
        put_varint(writer, head->offset);
        put_varint(writer, head->total);
    }
    put_varint(writer, head->count);
    for (uint32_t i = 0; i < head->count; i++) {
        put_varint(writer, news[i].node);
        put_varint(writer, (uint64_t)news[i].incarnation << 3 | news[i].state);
        if (news[i].state == MESH_SWIM_SUSPECT) {
            put_varint(writer, news[i].from);
        }
    }
}

uint32_t mesh_swim_wire_bytes(const struct mesh_message *message)
{
    struct writer writer = {NULL, 0, 0};
    mesh_swim_wire_put(&writer, message);
    return (uint32_t)writer.count;
}

// ---- Reading ----

static uint32_t take_node(struct reader *reader)
{
    uint64_t node = take_varint(reader, MESH_NODE_MAX);
    return node == 0 ? MESH_NODE_NONE : (uint32_t)node - 1;
}

static void take_head(struct reader *reader, uint8_t kind, struct mesh_swim_head *head)
{
    head->flags = (uint16_t)take(reader, 1);
    head->number = take_varint(reader, UINT64_MAX);
    head->incarnation = (uint32_t)take_varint(reader, MESH_SWIM_INCARNATION_MAX - 1);
    head->subject = has_subject(kind) ? take_node(reader) : MESH_NODE_NONE;
    head->asker = has_asker(kind) ? take_node(reader) : MESH_NODE_NONE;
    if (kind == MESH_MESSAGE_SWIM_SYNC) {
        head->offset = (uint32_t)take_varint(reader, MESH_NODE_MAX);
        head->total = (uint32_t)take_varint(reader, MESH_NODE_MAX);
    }
    reader->failed |= (head->flags & ~flags_of(kind)) != 0;
}

static void take_news(struct reader *reader, struct mesh_swim_news *news)
{
    news->node = (uint32_t)take_varint(reader, MESH_NODE_MAX - 1);
    uint64_t said = take_varint(reader, (uint64_t)MESH_SWIM_INCARNATION_MAX * 8 - 1);
    news->incarnation = (uint32_t)(said >> 3);
    news->state = said & 7;
    reader->failed |= news->state >= MESH_SWIM_STATE_COUNT;
    news->from = news->state == MESH_SWIM_SUSPECT ? (uint32_t)take_varint(reader, MESH_NODE_MAX - 1)
                                                  : MESH_NODE_NONE;
}

enum mesh_reject mesh_swim_wire_take(struct reader *reader, const struct mesh_config *config,
                                     struct mesh_message *message)
{
    const struct mesh_swim_group *group = mesh_swim_group_of(config, message->scope);
    if (group == NULL) {
        return MESH_REJECT_KIND;
    }
    struct mesh_swim_head *head = mesh_swim_head(message);
    *head = (struct mesh_swim_head){0};
    take_head(reader, message->kind, head);
    uint64_t count = take_varint(reader, group->news + UINT64_C(1));
    for (uint32_t i = 0; i < count && !reader->failed; i++) {
        take_news(reader, &mesh_swim_news(message)[i]);
    }
    if (reader->failed || message->update_count > 0) {
        return MESH_REJECT_FORMAT;
    }
    head->count = (uint16_t)count;
    message->words = (uint16_t)(HEAD_WORDS + count * sizeof(struct mesh_swim_news) / 8);
    return 0;
}
