// SPDX-License-Identifier: GPL-3.0-or-later
#include "history.h"

#include <criterion/criterion.h>
#include <string.h>
#include <xxhash.h>

#include "mesh/wire.h"

static void hash(void *context, const void *bytes, size_t count, uint64_t out[2])
{
    (void)context;
    XXH128_hash_t value = XXH3_128bits(bytes, count);
    out[0] = value.low64;
    out[1] = value.high64;
}

void history_init(struct history *history, uint64_t seed)
{
    static const struct mesh_scope scope = {
        .count = HISTORY_ORIGINS, .fanout = 1, .update_limit = 100, .interval_ns = 1000000};
    memset(history, 0, sizeof *history);
    history->dice.state = seed;
    history->config = (struct mesh_config){.scopes = &scope, .scope_count = 1, .hash = hash};
    mesh_table_init(&history->table, history->updates, HISTORY_LANES, NULL, 0, NULL);
}

static struct mesh_update *reserve(struct history *history, struct mesh_dot dot, uint32_t *lane)
{
    *lane = mesh_table_reserve(&history->table, dot);
    cr_assert_neq(*lane, MESH_LANE_NONE, "the history is full");
    return &history->updates[*lane];
}

static void finish(struct history *history, struct mesh_update *update)
{
    cr_assert(mesh_wire_update_is_valid(update), "type %u of (%u, %u)", update->type,
              update->dot.origin, update->dot.sequence);
    mesh_update_hash(&history->config, update);
    update->wire_bytes = mesh_wire_update_bytes(update, 0);
}

uint32_t history_row(struct history *history, struct mesh_dot dot, enum mesh_update_type type,
                     uint32_t key, const uint8_t *value, uint32_t value_bytes)
{
    uint32_t lane;
    struct mesh_update *update = reserve(history, dot, &lane);
    cr_assert_leq(value_bytes, HISTORY_VALUE_BYTES);
    memcpy(history->values[lane], value, value_bytes);
    update->clock = dice_below(&history->dice, 10);
    update->type = (uint8_t)type;
    update->key = key;
    update->value = history->values[lane];
    update->value_bytes = (uint16_t)value_bytes;
    finish(history, update);
    return lane;
}

// The clock and the dot of a write, which the origin then holds.
static struct mesh_dot next_dot(struct history *history, uint32_t origin)
{
    history->clocks[origin] += 1 + dice_below(&history->dice, 2);
    return (struct mesh_dot){origin, ++history->sequences[origin]};
}

uint32_t history_write(struct history *history, uint32_t origin, enum mesh_update_type type,
                       uint32_t key, const uint8_t *value, uint32_t value_bytes)
{
    struct mesh_dot dot = next_dot(history, origin);
    uint32_t lane = history_row(history, dot, type, key, value, value_bytes);
    history->updates[lane].clock = history->clocks[origin];
    finish(history, &history->updates[lane]);
    history_add(&history->held[origin], lane);
    return lane;
}

uint32_t history_write_amount(struct history *history, uint32_t origin, enum mesh_update_type type,
                              uint32_t key, uint64_t amount)
{
    uint32_t lane;
    struct mesh_update *update = reserve(history, next_dot(history, origin), &lane);
    update->clock = history->clocks[origin];
    update->type = (uint8_t)type;
    update->key = key;
    update->amount = amount;
    finish(history, update);
    history_add(&history->held[origin], lane);
    return lane;
}

void history_tell(struct history *history, uint32_t source, uint32_t target, bool gaps)
{
    for (uint32_t lane = 0; lane < history->table.lane_count; lane++) {
        if (history_in(&history->held[source], lane) &&
            !(gaps && dice_chance(&history->dice, 30))) {
            history_add(&history->held[target], lane);
            if (history->clocks[target] < history->updates[lane].clock) {
                history->clocks[target] = history->updates[lane].clock;
            }
        }
    }
}

struct history_set history_part(struct history *history, bool gaps)
{
    struct history_set part = {{0}};
    uint32_t percent = dice_below(&history->dice, 101);
    uint32_t until[HISTORY_ORIGINS];
    for (uint32_t origin = 0; origin < HISTORY_ORIGINS; origin++) {
        until[origin] = dice_below(&history->dice, history->sequences[origin] + 1);
    }
    for (uint32_t lane = 0; lane < history->table.lane_count; lane++) {
        struct mesh_dot dot = history->updates[lane].dot;
        if (gaps ? dice_chance(&history->dice, percent) : dot.sequence <= until[dot.origin]) {
            history_add(&part, lane);
        }
    }
    return part;
}

uint32_t history_order(struct dice *dice, uint32_t count, uint32_t *order)
{
    uint32_t length = 0;
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t copies = 1 + dice_below(dice, 3); copies > 0; copies--) {
            order[length++] = i;
        }
    }
    for (uint32_t i = length; i > 1; i--) {
        uint32_t other = dice_below(dice, i);
        uint32_t kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
    return length;
}
