// SPDX-License-Identifier: GPL-3.0-or-later
#include "rows.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"
#include "mesh/wire.h"

void rows_init(struct rows *rows, uint32_t words, uint32_t signature_bytes, bool indexed)
{
    memset(rows, 0, sizeof *rows);
    rows->words = words;
    for (uint32_t i = 0; i < ROWS_SCOPES; i++) {
        rows->scopes[i] = (struct mesh_scope){
            .count = 10, .fanout = 3, .update_limit = 100, .interval_ns = LAB_MS};
    }
    rows->config = (struct mesh_config){
        .scopes = rows->scopes,
        .scope_count = ROWS_SCOPES,
        .signature_bytes = signature_bytes,
        .hash = lab_hash,
    };
    uint32_t index_capacity = sizeof rows->index / sizeof *rows->index;
    mesh_table_init(&rows->table, rows->updates, 64 * words, indexed ? rows->index : NULL,
                    indexed ? index_capacity : 0, signature_bytes > 0 ? rows->signatures : NULL);
}

struct mesh_dot rows_dot(struct dice *dice)
{
    static const uint32_t origins[] = {0,     127,     128,     16383,
                                       16384, 2097151, 2097152, MESH_NODE_MAX - 1};
    static const uint32_t firsts[] = {1, 120, 16380, UINT32_MAX - 12, 1, 1, 2097145, 1};
    uint32_t which = dice_below(dice, 8);
    return (struct mesh_dot){origins[which], firsts[which] + dice_below(dice, 13)};
}

static uint64_t any_size(struct dice *dice)
{
    return dice_roll(dice) >> dice_below(dice, 64);
}

uint32_t rows_add(struct rows *rows, struct dice *dice, struct mesh_dot dot)
{
    uint32_t lane = mesh_table_reserve(&rows->table, dot);
    cr_assert_neq(lane, MESH_LANE_NONE);
    struct mesh_update *update = &rows->updates[lane];
    update->clock = any_size(dice);
    update->key = (uint32_t)any_size(dice);
    if (dice_chance(dice, 50)) {
        static const uint32_t lengths[] = {0, 1, 8, 127, 128, ROWS_VALUE_BYTES_MAX};
        update->type = MESH_LWW_SET;
        update->value = rows->values[lane];
        update->value_bytes = (uint16_t)lengths[dice_below(dice, 6)];
        for (uint32_t i = 0; i < update->value_bytes; i++) {
            rows->values[lane][i] = (uint8_t)dice_roll(dice);
        }
    } else {
        update->type = MESH_G_INCREMENT;
        update->amount = any_size(dice) | 1;
    }
    mesh_update_hash(&rows->config, update);
    update->wire_bytes = mesh_wire_update_bytes(update, rows->config.signature_bytes);
    for (uint32_t i = 0; i < MESH_SIGNATURE_BYTES; i++) {
        rows->signatures[lane * MESH_SIGNATURE_BYTES + i] = (uint8_t)dice_roll(dice);
    }
    return lane;
}

void rows_add_some(struct rows *rows, struct dice *dice, uint32_t count)
{
    while (count > 0) {
        struct mesh_dot dot = rows_dot(dice);
        if (mesh_table_find(&rows->table, dot, NULL) == MESH_LANE_NONE || dice_chance(dice, 20)) {
            rows_add(rows, dice, dot);
            count--;
        }
    }
}

uint32_t rows_copy(struct rows *rows, const struct rows *other, uint32_t lane)
{
    uint32_t copy = mesh_table_reserve(&rows->table, other->updates[lane].dot);
    cr_assert_neq(copy, MESH_LANE_NONE);
    struct mesh_update *update = &rows->updates[copy];
    struct mesh_update links = *update;
    *update = other->updates[lane];
    update->previous_lane = links.previous_lane;
    update->next_lane = links.next_lane;
    update->again = links.again;
    memcpy(rows->signatures + copy * MESH_SIGNATURE_BYTES,
           other->signatures + lane * MESH_SIGNATURE_BYTES, MESH_SIGNATURE_BYTES);
    return copy;
}

bool rows_has_hash(uint8_t kind)
{
    return kind == MESH_MESSAGE_OPEN || kind == MESH_MESSAGE_ANSWER ||
           kind == MESH_MESSAGE_SNAPSHOT;
}

bool rows_has_vector(uint8_t kind)
{
    return kind == MESH_MESSAGE_VECTOR || kind == MESH_MESSAGE_FILL ||
           kind == MESH_MESSAGE_FEEDBACK;
}

uint64_t *rows_last_set(struct mesh_message *message)
{
    return message->lanes + (mesh_message_sets(message->kind) - 1) * message->words;
}

bool rows_in(const uint64_t *lanes, uint32_t lane)
{
    return (lanes[lane / 64] >> lane % 64 & 1) != 0;
}

static void choose(const struct rows *rows, struct dice *dice, uint64_t *lanes)
{
    uint32_t percent = dice_below(dice, 101);
    for (uint32_t lane = 0; lane < rows->table.lane_count; lane++) {
        if (dice_chance(dice, percent)) {
            lanes[lane / 64] |= UINT64_C(1) << lane % 64;
        }
    }
}

struct mesh_message *rows_message(const struct rows *rows, struct dice *dice, uint8_t kind)
{
    struct mesh_message *message =
        calloc(1, sizeof *message + 2u * rows->words * sizeof message->lanes[0]);
    cr_assert_not_null(message);
    message->kind = kind;
    message->words = (uint16_t)rows->words;
    message->scope = (uint16_t)dice_below(dice, ROWS_SCOPES);
    message->source = dice_below(dice, MESH_NODE_MAX);
    message->initiator = dice_below(dice, MESH_NODE_MAX);
    message->occasion = dice_roll(dice);
    if (rows_has_hash(kind)) {
        message->hash[0] = dice_roll(dice);
        message->hash[1] = dice_roll(dice);
    }
    choose(rows, dice, message->lanes);
    struct mesh_lanes carried = mesh_message_updates(message);
    for (uint32_t word = 0; word < carried.words; word++) {
        message->update_count =
            (uint16_t)(message->update_count + __builtin_popcountll(message->lanes[word]));
    }
    if (rows_has_vector(kind) && kind != MESH_MESSAGE_VECTOR) {
        choose(rows, dice, message->lanes + rows->words);
    } else if (kind == MESH_MESSAGE_SNAPSHOT) {
        message->lanes[rows->words] = dice_roll(dice);  // the sender's clock
    }
    return message;
}

bool rows_equal(const struct mesh_update *a, const struct mesh_update *b)
{
    if (!mesh_dot_equal(a->dot, b->dot) || a->clock != b->clock || a->type != b->type ||
        a->key != b->key || a->hash[0] != b->hash[0] || a->hash[1] != b->hash[1] ||
        a->wire_bytes != b->wire_bytes || a->value_bytes != b->value_bytes) {
        return false;
    }
    return a->type == MESH_LWW_SET ? memcmp(a->value, b->value, a->value_bytes) == 0
                                   : a->amount == b->amount;
}
