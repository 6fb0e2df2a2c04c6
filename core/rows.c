// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <assert.h>
#include <string.h>

#define NAME_WORDS (sizeof(struct mesh_row_name) / sizeof(uint64_t))

uint32_t mesh_rows_words_max(const struct mesh_config *config)
{
    uint32_t edges = config->tiers == NULL ? 0 : config->tiers->edge_count;
    uint32_t rows = edges < MESH_ROWS_MAX ? edges : MESH_ROWS_MAX;
    uint32_t names = edges < MESH_NAMES_MAX ? edges : MESH_NAMES_MAX;
    uint32_t row_words = rows * (uint32_t)MESH_ROW_WORDS;
    uint32_t name_words = names * (uint32_t)NAME_WORDS;
    return 1 + (row_words > name_words ? row_words : name_words);
}

// ---- Rows and their names ----

static uint32_t row_bytes(const struct mesh_row *row, uint32_t value_bytes,
                          uint32_t signature_bytes)
{
    return varint_bytes(row->edge) + varint_bytes(row->relay) + 8 + varint_bytes(value_bytes) +
           value_bytes + signature_bytes;
}

void mesh_rows_seal(const struct mesh_config *config, struct mesh_row *row)
{
    uint8_t said[16 + MESH_ROW_BYTES_MAX];
    struct writer writer = {said, 16, 0};
    put(&writer, row->clock, 8);
    put(&writer, row->relay, 4);
    put(&writer, row->edge, 4);
    uint32_t value_bytes = mesh_row_encode(row, said + 16);
    config->hash(config->hash_context, said, 16 + value_bytes, row->hash);
    row->wire_bytes = row_bytes(row, value_bytes, config->signature_bytes);
}

struct mesh_row_name mesh_row_name(const struct mesh_row *row)
{
    return (struct mesh_row_name){row->clock, row->reports, row->relay, row->edge, 0};
}

bool mesh_row_name_precedes(const struct mesh_row_name *a, const struct mesh_row_name *b)
{
    if (a->reports != b->reports) {
        return a->reports < b->reports;
    }
    return a->clock != b->clock ? a->clock < b->clock : a->relay < b->relay;
}

// ---- In memory ----

void mesh_rows_set_range(struct mesh_message *message, uint32_t edge_first, uint32_t edge_end)
{
    message->lanes[0] = edge_first | (uint64_t)edge_end << 32;
}

void mesh_rows_range(const struct mesh_message *message, uint32_t *edge_first, uint32_t *edge_end)
{
    *edge_first = (uint32_t)message->lanes[0];
    *edge_end = (uint32_t)(message->lanes[0] >> 32);
}

// Rows contain 128-bit numbers, which need not be aligned here.
void mesh_rows_add(struct mesh_message *message, const struct mesh_row *row)
{
    assert(1 + (message->update_count + 1u) * MESH_ROW_WORDS <= message->words);
    memcpy(&message->lanes[1 + message->update_count++ * MESH_ROW_WORDS], row, sizeof *row);
}

void mesh_rows_add_name(struct mesh_message *message, const struct mesh_row_name *name)
{
    assert(1 + (message->update_count + 1u) * NAME_WORDS <= message->words);
    memcpy(&message->lanes[1 + message->update_count++ * NAME_WORDS], name, sizeof *name);
}

struct mesh_row mesh_rows_row(const struct mesh_message *message, uint32_t index)
{
    struct mesh_row row;
    assert(index < message->update_count && message->kind != MESH_MESSAGE_ROWS_HELD);
    memcpy(&row, &message->lanes[1 + index * MESH_ROW_WORDS], sizeof row);
    return row;
}

struct mesh_row_name mesh_rows_name(const struct mesh_message *message, uint32_t index)
{
    struct mesh_row_name name;
    assert(index < message->update_count && message->kind == MESH_MESSAGE_ROWS_HELD);
    memcpy(&name, &message->lanes[1 + index * NAME_WORDS], sizeof name);
    return name;
}

// ---- As bytes ----

uint32_t mesh_rows_bytes(const struct mesh_message *message)
{
    uint32_t edge_first;
    uint32_t edge_end;
    mesh_rows_range(message, &edge_first, &edge_end);
    uint32_t bytes = varint_bytes(edge_first) + varint_bytes(edge_end - edge_first);
    for (uint32_t i = 0; i < message->update_count; i++) {
        if (message->kind == MESH_MESSAGE_ROWS_HELD) {
            struct mesh_row_name name = mesh_rows_name(message, i);
            bytes +=
                varint_bytes(name.edge) + varint_bytes(name.reports) + varint_bytes(name.relay) + 8;
        } else {
            bytes += mesh_rows_row(message, i).wire_bytes;
        }
    }
    return bytes;
}

static void put_name(struct writer *writer, const struct mesh_row_name *name)
{
    put_varint(writer, name->edge);
    put_varint(writer, name->reports);
    put_varint(writer, name->relay);
    put(writer, name->clock, 8);
}

static void put_row(struct writer *writer, const struct mesh_config *config,
                    const struct mesh_row *row)
{
    static const uint8_t unsigned_yet[MESH_SIGNATURE_BYTES];
    uint8_t value[MESH_ROW_BYTES_MAX];
    uint32_t value_bytes = mesh_row_encode(row, value);
    put_varint(writer, row->edge);
    put_varint(writer, row->relay);
    put(writer, row->clock, 8);
    put_varint(writer, value_bytes);
    put_bytes(writer, value, value_bytes);
    put_bytes(writer, unsigned_yet, config->signature_bytes);
}

void mesh_rows_put(struct writer *writer, const struct mesh_config *config,
                   const struct mesh_message *message)
{
    uint32_t edge_first;
    uint32_t edge_end;
    mesh_rows_range(message, &edge_first, &edge_end);
    put_varint(writer, edge_first);
    put_varint(writer, edge_end - edge_first);
    for (uint32_t i = 0; i < message->update_count; i++) {
        if (message->kind == MESH_MESSAGE_ROWS_HELD) {
            struct mesh_row_name name = mesh_rows_name(message, i);
            put_name(writer, &name);
        } else {
            struct mesh_row row = mesh_rows_row(message, i);
            put_row(writer, config, &row);
        }
    }
}

static struct mesh_row_name take_name(struct reader *reader)
{
    struct mesh_row_name name = {.edge = (uint32_t)take_varint(reader, UINT32_MAX)};
    name.reports = (uint32_t)take_varint(reader, MESH_NODE_MAX);
    name.relay = (uint32_t)take_varint(reader, MESH_NODE_MAX - 1);
    name.clock = take(reader, 8);
    reader->failed |= name.reports == 0;
    return name;
}

static struct mesh_row take_row(struct reader *reader, const struct mesh_config *config)
{
    struct mesh_row row = {.edge = 0};
    struct mesh_update said = {.type = MESH_ROW};
    said.key = (uint32_t)take_varint(reader, UINT32_MAX);
    said.dot.origin = (uint32_t)take_varint(reader, MESH_NODE_MAX - 1);
    said.clock = take(reader, 8);
    said.value_bytes = (uint16_t)take_varint(reader, MESH_ROW_BYTES_MAX);
    said.value = take_bytes(reader, said.value_bytes);
    take_bytes(reader, config->signature_bytes);
    reader->failed = reader->failed || !mesh_row_decode(&said, &row);
    if (!reader->failed) {
        mesh_rows_seal(config, &row);
    }
    return row;
}

enum mesh_reject mesh_rows_take(struct reader *reader, const struct mesh_config *config,
                                struct mesh_message *message)
{
    if (config->tiers == NULL) {
        return MESH_REJECT_KIND;
    }
    bool held = message->kind == MESH_MESSAGE_ROWS_HELD;
    uint32_t count = message->update_count;
    uint32_t edge_first = (uint32_t)take_varint(reader, config->tiers->edge_count - 1);
    uint32_t edges = (uint32_t)take_varint(reader, config->tiers->edge_count - edge_first);
    if (reader->failed || edges == 0 || count > edges ||
        count > (held ? MESH_NAMES_MAX : MESH_ROWS_MAX)) {
        return MESH_REJECT_FORMAT;
    }
    mesh_rows_set_range(message, edge_first, edge_first + edges);
    message->words = (uint16_t)(1 + count * (held ? NAME_WORDS : MESH_ROW_WORDS));
    message->update_count = 0;
    uint32_t edge_least = edge_first;
    for (uint32_t i = 0; i < count; i++) {
        struct mesh_row_name name;
        struct mesh_row row;
        if (held) {
            name = take_name(reader);
        } else {
            row = take_row(reader, config);
            name = mesh_row_name(&row);
        }
        if (reader->failed || name.edge < edge_least || name.edge - edge_first >= edges) {
            return MESH_REJECT_FORMAT;
        }
        edge_least = held ? name.edge + 1 : edge_first;
        if (held) {
            mesh_rows_add_name(message, &name);
        } else {
            mesh_rows_add(message, &row);
        }
    }
    return 0;
}
