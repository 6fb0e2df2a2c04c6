// SPDX-License-Identifier: Apache-2.0
#include "mesh/wire.h"

#include <assert.h>
#include <string.h>

#include "cursor.h"
#include "mesh/map.h"
#include "mesh/set.h"
#include "mesh/summary.h"

// ---- Sizes ----

// A signed number as an unsigned one that is small when the number is near 0: 0 -1 1 -2 2 ...
static uint64_t zigzag(int64_t change)
{
    return (uint64_t)change << 1 ^ (change < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t number)
{
    return (int64_t)(number >> 1 ^ ((number & 1) != 0 ? UINT64_MAX : 0));
}

// What travels of an amount.
static uint64_t number_of(const struct mesh_update *update)
{
    return update->type == MESH_PN_ADD ? zigzag(update->change) : update->amount;
}

uint32_t mesh_wire_update_bytes(const struct mesh_update *update, uint32_t signature_bytes)
{
    uint32_t bytes = varint_bytes(update->dot.origin) + varint_bytes(update->dot.sequence) + 8 + 1 +
                     varint_bytes(update->key) + signature_bytes;
    if (mesh_update_has_value(update->type)) {
        return bytes + varint_bytes(update->value_bytes) + update->value_bytes;
    }
    return bytes + varint_bytes(number_of(update));
}

static bool has_hash(uint8_t kind)
{
    return kind == MESH_MESSAGE_OPEN || kind == MESH_MESSAGE_ANSWER;
}

static bool has_vector(uint8_t kind)
{
    return kind == MESH_MESSAGE_VECTOR || kind == MESH_MESSAGE_FILL ||
           kind == MESH_MESSAGE_FEEDBACK;
}

// FEEDBACK names updates without carrying them: a vector takes the place of the updates.
static bool names_only(uint8_t kind)
{
    return kind == MESH_MESSAGE_FEEDBACK;
}

static bool holds(const uint64_t *lanes, uint32_t words, uint32_t lane)
{
    return lane / 64 < words && (lanes[lane / 64] >> lane % 64 & 1) != 0;
}

// One entry of a version vector: dots of one origin, without a gap.
struct run {
    struct mesh_dot first;
    uint32_t length;
};

// Finds the run that starts at `lane`, if one does: its predecessor's lane is not in the set. A dot
// that was equivocated stands outside its origin's chain and is a run of its own.
static bool run_at(const struct mesh_table *table, const uint64_t *lanes, uint32_t words,
                   uint32_t lane, struct run *run)
{
    const struct mesh_update *update = &table->updates[lane];
    if (update->previous_lane != MESH_LANE_NONE && holds(lanes, words, update->previous_lane)) {
        return false;
    }
    *run = (struct run){update->dot, 1};
    for (uint32_t next = update->next_lane; next != MESH_LANE_NONE && holds(lanes, words, next);
         next = table->updates[next].next_lane) {
        run->length++;
    }
    return true;
}

static uint32_t vector_bytes(const struct mesh_table *table, const uint64_t *lanes, uint32_t words)
{
    uint32_t entries = 0;
    uint32_t bytes = 0;
    for (uint32_t word = 0; word < words; word++) {
        for (uint64_t left = lanes[word]; left != 0; left &= left - 1) {
            uint32_t lane = 64 * word + (uint32_t)__builtin_ctzll(left);
            struct run run;
            if (run_at(table, lanes, words, lane, &run)) {
                entries++;
                bytes += varint_bytes(run.first.origin) + varint_bytes(run.first.sequence) +
                         varint_bytes(run.length);
            }
        }
    }
    return bytes + varint_bytes(entries);
}

uint32_t mesh_wire_message_bytes(const struct mesh_table *table, const struct mesh_message *message)
{
    uint32_t bytes = MESH_WIRE_HEADER_BYTES + varint_bytes(message->update_count);
    bytes += has_hash(message->kind) ? MESH_WIRE_HASH_BYTES : 0;
    if (names_only(message->kind)) {
        return bytes + vector_bytes(table, message->lanes, message->words) +
               vector_bytes(table, message->lanes + message->words, message->words);
    }
    for (uint32_t word = 0; word < message->words; word++) {
        for (uint64_t left = message->lanes[word]; left != 0; left &= left - 1) {
            bytes += table->updates[64 * word + (uint32_t)__builtin_ctzll(left)].wire_bytes;
        }
    }
    if (has_vector(message->kind)) {
        bytes += vector_bytes(table, message->lanes + message->words, message->words);
    }
    return bytes;
}

// ---- Encoding ----

static void put_update(struct writer *writer, const struct mesh_config *config,
                       const struct mesh_table *table, uint32_t lane)
{
    static const uint8_t unsigned_yet[MESH_SIGNATURE_BYTES];
    const struct mesh_update *update = &table->updates[lane];
    put_varint(writer, update->dot.origin);
    put_varint(writer, update->dot.sequence);
    put(writer, update->clock, 8);
    put(writer, update->type, 1);
    put_varint(writer, update->key);
    if (mesh_update_has_value(update->type)) {
        put_varint(writer, update->value_bytes);
        put_bytes(writer, update->value, update->value_bytes);
    } else {
        put_varint(writer, number_of(update));
    }
    put_bytes(writer,
              table->signatures == NULL ? unsigned_yet
                                        : table->signatures + (size_t)lane * MESH_SIGNATURE_BYTES,
              config->signature_bytes);
}

static void put_vector(struct writer *writer, const struct mesh_table *table, const uint64_t *lanes,
                       uint32_t words)
{
    struct run run;
    uint32_t entries = 0;
    for (uint32_t lane = 0; lane < 64 * words; lane++) {
        entries += holds(lanes, words, lane) && run_at(table, lanes, words, lane, &run);
    }
    put_varint(writer, entries);
    for (uint32_t lane = 0; lane < 64 * words; lane++) {
        if (holds(lanes, words, lane) && run_at(table, lanes, words, lane, &run)) {
            put_varint(writer, run.first.origin);
            put_varint(writer, run.first.sequence);
            put_varint(writer, run.length);
        }
    }
}

size_t mesh_wire_encode(const struct mesh_config *config, const struct mesh_table *table,
                        const struct mesh_message *message, uint8_t *bytes, size_t capacity)
{
    struct writer writer = {bytes, capacity, 0};
    put(&writer, message->kind, 1);
    put(&writer, 0, 1);
    put(&writer, message->scope, 2);
    put(&writer, message->source, 4);
    put(&writer, message->initiator, 4);
    put(&writer, message->occasion, 8);
    if (has_hash(message->kind)) {
        put(&writer, message->hash[0], 8);
        put(&writer, message->hash[1], 8);
    }
    put_varint(&writer, message->update_count);
    if (names_only(message->kind)) {
        put_vector(&writer, table, message->lanes, message->words);
    }
    for (uint32_t lane = 0; !names_only(message->kind) && lane < 64u * message->words; lane++) {
        if (holds(message->lanes, message->words, lane)) {
            put_update(&writer, config, table, lane);
        }
    }
    if (has_vector(message->kind)) {
        put_vector(&writer, table, message->lanes + message->words, message->words);
    }
    return writer.count <= capacity ? writer.count : 0;
}

// ---- Decoding ----

bool mesh_wire_update_is_valid(const struct mesh_update *update)
{
    struct mesh_report report;
    struct mesh_row row;
    struct mesh_total total;
    switch ((enum mesh_update_type)update->type) {
    case MESH_LWW_SET: return true;
    case MESH_G_INCREMENT:
    case MESH_PN_ADD: return update->amount != 0;
    case MESH_SET_ADD:
    case MESH_SET_REMOVE: return mesh_set_update_is_valid(update);
    case MESH_MAP_PUT:
    case MESH_MAP_REMOVE: return mesh_map_update_is_valid(update);
    case MESH_REPORT: return mesh_report_decode(update, &report);
    case MESH_ROW: return mesh_row_decode(update, &row);
    case MESH_TOTAL: return mesh_total_decode(update, &total);
    }
    return false;
}

// Reads one update into `update` and its signature; the row's hash is computed, never believed.
static void take_update(struct reader *reader, const struct mesh_config *config,
                        struct mesh_update *update, const uint8_t **signature)
{
    *update = (struct mesh_update){0};
    update->dot.origin = (uint32_t)take_varint(reader, MESH_NODE_MAX - 1);
    update->dot.sequence = (uint32_t)take_varint(reader, UINT32_MAX);
    update->clock = take(reader, 8);
    update->type = (uint8_t)take(reader, 1);
    update->key = (uint32_t)take_varint(reader, UINT32_MAX);
    if (mesh_update_has_value(update->type)) {
        update->value_bytes = (uint16_t)take_varint(reader, MESH_VALUE_BYTES_MAX);
        update->value = take_bytes(reader, update->value_bytes);
    } else {
        uint64_t number = take_varint(reader, UINT64_MAX);
        if (update->type == MESH_PN_ADD) {
            update->change = unzigzag(number);
        } else {
            update->amount = number;
        }
    }
    *signature = take_bytes(reader, config->signature_bytes);
    if (!reader->failed) {
        reader->failed = update->dot.sequence == 0 || !mesh_wire_update_is_valid(update);
    }
    if (!reader->failed) {
        mesh_update_hash(config, update);
        update->wire_bytes = mesh_wire_update_bytes(update, config->signature_bytes);
    }
}

// The lane of a decoded update, entered if it is new; MESH_LANE_NONE when there is no room.
static uint32_t enter(struct mesh_table *table, const struct mesh_update *update,
                      const uint8_t *signature, uint32_t signature_bytes, uint32_t lane_end)
{
    uint32_t lane = mesh_table_find(table, update->dot, update->hash);
    if (lane != MESH_LANE_NONE) {
        return lane < lane_end ? lane : MESH_LANE_NONE;
    }
    if (table->lane_count >= lane_end) {
        return MESH_LANE_NONE;
    }
    lane = mesh_table_reserve(table, update->dot);
    if (lane == MESH_LANE_NONE) {
        return lane;
    }
    struct mesh_update *row = &table->updates[lane];
    uint32_t previous_lane = row->previous_lane;
    uint32_t next_lane = row->next_lane;
    *row = *update;
    row->previous_lane = previous_lane;
    row->next_lane = next_lane;
    if (table->signatures != NULL && signature_bytes > 0) {
        memcpy(table->signatures + (size_t)lane * MESH_SIGNATURE_BYTES, signature, signature_bytes);
    }
    return lane;
}

static enum mesh_reject take_updates(struct reader *reader, const struct mesh_config *config,
                                     struct mesh_table *table, struct mesh_message *message)
{
    for (uint32_t i = 0; i < message->update_count; i++) {
        struct mesh_update update;
        const uint8_t *signature;
        take_update(reader, config, &update, &signature);
        if (reader->failed) {
            return MESH_REJECT_FORMAT;
        }
        uint32_t lane =
            enter(table, &update, signature, config->signature_bytes, 64u * message->words);
        if (lane == MESH_LANE_NONE) {
            return MESH_REJECT_FULL;
        }
        if (holds(message->lanes, message->words, lane)) {
            return MESH_REJECT_FORMAT;  // the same update twice
        }
        message->lanes[lane / 64] |= UINT64_C(1) << lane % 64;
    }
    return 0;
}

// Whether this lane is the first of its dot: others hold further values of an equivocating origin.
static bool names_its_dot(const struct mesh_table *table, uint32_t lane)
{
    const struct mesh_update *update = &table->updates[lane];
    return update->previous_lane != MESH_LANE_NONE || update->next_lane != MESH_LANE_NONE ||
           mesh_table_find(table, update->dot, NULL) == lane;
}

// Marks in `vector` the lanes that an entry covers; the dots it names beyond this table are only
// noted. The table is scanned, so the work is bounded by its size whatever `length` claims.
static void mark_run(const struct mesh_table *table, const struct run *run, uint64_t *vector,
                     struct mesh_message *message)
{
    uint32_t known = 0;
    for (uint32_t lane = 0; lane < table->lane_count && lane < 64u * message->words; lane++) {
        const struct mesh_update *update = &table->updates[lane];
        if (update->dot.origin == run->first.origin && (update->hash[0] | update->hash[1]) != 0 &&
            update->dot.sequence - run->first.sequence < run->length) {
            vector[lane / 64] |= UINT64_C(1) << lane % 64;
            known += names_its_dot(table, lane);
        }
    }
    message->beyond |= known < run->length;
}

static enum mesh_reject take_vector(struct reader *reader, const struct mesh_table *table,
                                    uint64_t *vector, struct mesh_message *message)
{
    uint64_t entries = take_varint(reader, UINT32_MAX);
    for (uint64_t i = 0; i < entries && !reader->failed; i++) {
        struct run run;
        run.first.origin = (uint32_t)take_varint(reader, MESH_NODE_MAX - 1);
        run.first.sequence = (uint32_t)take_varint(reader, UINT32_MAX);
        run.length = (uint32_t)take_varint(reader, UINT32_MAX);
        if (reader->failed || run.first.sequence == 0 || run.length == 0 ||
            run.length - 1 > UINT32_MAX - run.first.sequence) {
            return MESH_REJECT_FORMAT;
        }
        mark_run(table, &run, vector, message);
    }
    return reader->failed ? MESH_REJECT_FORMAT : 0;
}

enum mesh_reject mesh_wire_decode(const struct mesh_config *config, struct mesh_table *table,
                                  const uint8_t *bytes, size_t count, uint16_t words,
                                  struct mesh_message *message)
{
    struct reader reader = {bytes, count, false};
    memset(message, 0, sizeof *message + 2 * (size_t)words * sizeof message->lanes[0]);
    message->words = words;
    message->kind = (uint8_t)take(&reader, 1);
    reader.failed |= take(&reader, 1) != 0;
    message->scope = (uint16_t)take(&reader, 2);
    message->source = (uint32_t)take(&reader, 4);
    message->initiator = (uint32_t)take(&reader, 4);
    message->occasion = take(&reader, 8);
    if (message->kind == 0 || message->kind >= MESH_MESSAGE_KIND_COUNT) {
        return reader.failed ? MESH_REJECT_FORMAT : MESH_REJECT_KIND;
    }
    if (has_hash(message->kind)) {
        message->hash[0] = take(&reader, 8);
        message->hash[1] = take(&reader, 8);
    }
    message->update_count = (uint16_t)take_varint(&reader, UINT16_MAX);
    if (reader.failed || message->source >= MESH_NODE_MAX || message->initiator >= MESH_NODE_MAX) {
        return MESH_REJECT_FORMAT;
    }
    if (message->scope >= config->scope_count) {
        return MESH_REJECT_SCOPE;
    }
    enum mesh_reject reject = take_updates(&reader, config, table, message);
    if (reject == 0 && names_only(message->kind)) {
        reject = message->update_count > 0 ? MESH_REJECT_FORMAT
                                           : take_vector(&reader, table, message->lanes, message);
    }
    if (reject == 0 && has_vector(message->kind)) {
        reject = take_vector(&reader, table, message->lanes + words, message);
    }
    if (reject == 0 && reader.left != 0) {
        reject = MESH_REJECT_FORMAT;
    }
    message->wire_bytes = (uint32_t)count;
    return reject;
}
