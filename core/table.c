// SPDX-License-Identifier: Apache-2.0
#include "mesh/table.h"

#include <assert.h>
#include <string.h>

#include "cursor.h"
#include "mesh/step.h"

// The dot of a row that nobody has: no origin is so large, no sequence 0.
static const struct mesh_dot no_dot = {UINT32_MAX, 0};

// ---- The index: empty slots hold 0, others lane + 1 ----

static uint32_t slot_of(const struct mesh_table *table, struct mesh_dot dot)
{
    uint64_t mixed = ((uint64_t)dot.origin << 32 | dot.sequence) * 0x9E3779B97F4A7C15u;
    return (uint32_t)(mixed >> 32) & (table->index_capacity - 1);
}

static uint32_t slot_after(const struct mesh_table *table, uint32_t slot)
{
    return (slot + 1) & (table->index_capacity - 1);
}

static void index_lane(struct mesh_table *table, uint32_t lane)
{
    if (table->index == NULL) {
        return;
    }
    uint32_t slot = slot_of(table, table->updates[lane].dot);
    while (table->index[slot] != 0) {
        slot = slot_after(table, slot);
    }
    table->index[slot] = lane + 1;
}

// Empties the lane's slot and moves up those behind it that a search would no longer reach.
static void unindex_lane(struct mesh_table *table, uint32_t lane)
{
    if (table->index == NULL) {
        return;
    }
    uint32_t mask = table->index_capacity - 1;
    uint32_t hole = slot_of(table, table->updates[lane].dot);
    while (table->index[hole] != lane + 1) {
        hole = slot_after(table, hole);
    }
    for (uint32_t slot = slot_after(table, hole); table->index[slot] != 0;
         slot = slot_after(table, slot)) {
        uint32_t home = slot_of(table, table->updates[table->index[slot] - 1].dot);
        if (((slot - home) & mask) >= ((slot - hole) & mask)) {
            table->index[hole] = table->index[slot];
            hole = slot;
        }
    }
    table->index[hole] = 0;
}

static bool matches(const struct mesh_update *update, struct mesh_dot dot, const uint64_t hash[2])
{
    return mesh_dot_equal(update->dot, dot) &&
           (hash == NULL ? update->again == 0
                         : update->hash[0] == hash[0] && update->hash[1] == hash[1]);
}

uint32_t mesh_table_find(const struct mesh_table *table, struct mesh_dot dot,
                         const uint64_t hash[2])
{
    if (table->index == NULL) {
        for (uint32_t lane = 0; lane < table->lane_count; lane++) {
            if (matches(&table->updates[lane], dot, hash)) {
                return lane;
            }
        }
        return MESH_LANE_NONE;
    }
    uint32_t slot = slot_of(table, dot);
    while (table->index[slot] != 0) {
        uint32_t lane = table->index[slot] - 1;
        if (matches(&table->updates[lane], dot, hash)) {
            return lane;
        }
        slot = slot_after(table, slot);
    }
    return MESH_LANE_NONE;
}

// By the index in the order of its slots, else by lane.
uint32_t mesh_table_next_value(const struct mesh_table *table, struct mesh_dot dot, uint32_t lane)
{
    bool reached = lane == MESH_LANE_NONE;
    if (table->index == NULL) {
        for (uint32_t next = reached ? 0 : lane + 1; next < table->lane_count; next++) {
            if (mesh_dot_equal(table->updates[next].dot, dot)) {
                return next;
            }
        }
        return MESH_LANE_NONE;
    }
    for (uint32_t slot = slot_of(table, dot); table->index[slot] != 0;
         slot = slot_after(table, slot)) {
        uint32_t next = table->index[slot] - 1;
        if (reached && mesh_dot_equal(table->updates[next].dot, dot)) {
            return next;
        }
        reached |= next == lane;
    }
    return MESH_LANE_NONE;
}

bool mesh_table_has_value(const struct mesh_table *table, struct mesh_dot dot,
                          const uint64_t *lanes, uint32_t words)
{
    uint32_t lane = MESH_LANE_NONE;
    while ((lane = mesh_table_next_value(table, dot, lane)) != MESH_LANE_NONE) {
        if (lane / 64 < words && (lanes[lane / 64] >> lane % 64 & 1) != 0) {
            return true;
        }
    }
    return false;
}

// ---- Memory ----

static void take_memory(struct mesh_table *table, struct mesh_update *updates,
                        uint32_t lane_capacity, uint32_t *index, uint32_t index_capacity,
                        uint8_t *signatures)
{
    assert(lane_capacity > 0 && lane_capacity % 64 == 0);
    assert(index == NULL ||
           (index_capacity >= 2 * lane_capacity && (index_capacity & (index_capacity - 1)) == 0));
    memset(updates, 0, lane_capacity * sizeof *updates);
    if (index != NULL) {
        memset(index, 0, index_capacity * sizeof *index);
    }
    table->updates = updates;
    table->signatures = signatures;
    table->index = index;
    table->index_capacity = index_capacity;
    table->lane_capacity = lane_capacity;
    table->sizes = NULL;
    table->size_varies = 0;
}

void mesh_table_init(struct mesh_table *table, struct mesh_update *updates, uint32_t lane_capacity,
                     uint32_t *index, uint32_t index_capacity, uint8_t *signatures)
{
    *table = (struct mesh_table){.free_first = MESH_LANE_NONE};
    take_memory(table, updates, lane_capacity, index, index_capacity, signatures);
}

void mesh_table_permit_release(struct mesh_table *table, uint32_t *released, uint32_t origin_count)
{
    memset(released, 0, origin_count * sizeof *released);
    table->released = released;
    table->origin_count = origin_count;
}

void mesh_table_move(struct mesh_table *table, struct mesh_update *updates, uint32_t lane_capacity,
                     uint32_t *index, uint32_t index_capacity, uint8_t *signatures)
{
    const struct mesh_update *old = table->updates;
    const uint8_t *old_signatures = table->signatures;
    assert(lane_capacity >= table->lane_capacity);
    assert((signatures == NULL) == (old_signatures == NULL));
    take_memory(table, updates, lane_capacity, index, index_capacity, signatures);
    memcpy(updates, old, table->lane_count * sizeof *updates);
    if (signatures != NULL) {
        memcpy(signatures, old_signatures, (size_t)table->lane_count * MESH_SIGNATURE_BYTES);
    }
    for (uint32_t lane = 0; lane < table->lane_count; lane++) {
        if (updates[lane].dot.sequence != 0) {
            index_lane(table, lane);
        }
    }
}

// ---- Sizes ----

void mesh_table_enter_size(struct mesh_table *table, uint32_t lane)
{
    uint32_t bytes = table->updates[lane].wire_bytes;
    if (table->sizes == NULL) {
        return;
    }
    const struct mesh_update *update = &table->updates[lane];
    table->lessons[lane] = (struct mesh_lesson){{update->hash[0], update->hash[1]}, update->clock};
    assert(bytes > 0 && bytes >> MESH_SIZE_BITS == 0);
    table->size_first = table->size_first == 0 ? bytes : table->size_first;
    uint32_t differs = bytes ^ table->size_first;
    table->size_varies |= differs;
    for (uint32_t left = differs; left != 0; left &= left - 1) {
        size_t plane = (size_t)(table->lane_capacity / 64) * (uint32_t)__builtin_ctz(left);
        table->sizes[plane + lane / 64] |= UINT64_C(1) << lane % 64;
    }
}

static void forget_size(struct mesh_table *table, uint32_t lane)
{
    for (uint32_t left = table->size_varies; left != 0; left &= left - 1) {
        size_t plane = (size_t)(table->lane_capacity / 64) * (uint32_t)__builtin_ctz(left);
        table->sizes[plane + lane / 64] &= ~(UINT64_C(1) << lane % 64);
    }
}

static void set(uint64_t *plane, uint32_t lane, bool value)
{
    uint64_t bit = UINT64_C(1) << lane % 64;
    plane[lane / 64] = value ? plane[lane / 64] | bit : plane[lane / 64] & ~bit;
}

// How the lane's dot stands to the others of its origin, whenever that changes.
static void enter_standing(struct mesh_table *table, uint32_t lane)
{
    if (table->sizes == NULL || lane == MESH_LANE_NONE) {
        return;
    }
    const struct mesh_update *update = &table->updates[lane];
    uint32_t sequence = update->dot.sequence;
    bool alone = update->previous_lane == MESH_LANE_NONE && update->next_lane == MESH_LANE_NONE &&
                 update->again == 0 && sequence > 0 && sequence < 0x80;
    set(table->continuing, lane, alone && sequence > 1 && mesh_table_is_next(table, lane));
    set(table->opening, lane, alone && sequence == 1 && update->dot.origin >= MESH_NODE_MAX);
}

void mesh_table_weigh(struct mesh_table *table, uint64_t *sizes)
{
    size_t words = table->lane_capacity / 64;
    memset(sizes, 0, MESH_SIZE_PLANES * words * sizeof *sizes);
    table->sizes = sizes;
    table->continuing = sizes + MESH_SIZE_BITS * words;
    table->opening = table->continuing + words;
    table->lessons = (struct mesh_lesson *)(table->opening + words);
    for (uint32_t lane = 0; lane < table->lane_count; lane++) {
        enter_standing(table, lane);
        if (table->updates[lane].wire_bytes > 0) {
            mesh_table_enter_size(table, lane);
        }
    }
}

// ---- Lanes ----

uint32_t mesh_table_next_lane(const struct mesh_table *table)
{
    return table->free_count > 0                      ? table->free_first
           : table->lane_count < table->lane_capacity ? table->lane_count
                                                      : MESH_LANE_NONE;
}

uint32_t mesh_table_room(const struct mesh_table *table)
{
    return table->lane_capacity - table->lane_count + table->free_count;
}

static void take_next_lane(struct mesh_table *table)
{
    if (table->free_count > 0) {
        table->free_first = table->updates[table->free_first].next_lane;
        table->free_count--;
    } else {
        table->lane_count++;
    }
}

// Joins the lanes of two writes that follow each other; either may be MESH_LANE_NONE.
static void link_lanes(struct mesh_table *table, uint32_t previous, uint32_t next)
{
    if (previous != MESH_LANE_NONE) {
        table->updates[previous].next_lane = next;
    }
    if (next != MESH_LANE_NONE) {
        table->updates[next].previous_lane = previous;
    }
}

uint32_t mesh_table_reserve(struct mesh_table *table, struct mesh_dot dot)
{
    assert(dot.sequence > mesh_table_released(table, dot.origin));
    uint32_t lane = mesh_table_next_lane(table);
    if (lane == MESH_LANE_NONE) {
        return lane;
    }
    struct mesh_dot before = {dot.origin, dot.sequence - 1};
    struct mesh_dot after = {dot.origin, dot.sequence + 1};  // 0 after the last: nobody's
    uint32_t previous = mesh_table_find(table, before, NULL);
    uint32_t next = mesh_table_find(table, after, NULL);
    uint32_t other = mesh_table_find(table, dot, NULL);
    bool first = other == MESH_LANE_NONE;
    take_next_lane(table);
    forget_size(table, lane);
    table->updates[lane] = (struct mesh_update){
        .dot = dot, .previous_lane = MESH_LANE_NONE, .next_lane = MESH_LANE_NONE, .again = !first};
    if (first) {
        link_lanes(table, previous, lane);
        link_lanes(table, lane, next);
    } else {
        table->contested += 1 + !table->updates[other].contested;
        table->updates[other].contested = true;
        table->updates[lane].contested = true;
    }
    index_lane(table, lane);
    enter_standing(table, lane);
    enter_standing(table, table->updates[lane].previous_lane);
    enter_standing(table, table->updates[lane].next_lane);
    return lane;
}

void mesh_table_adopt(struct mesh_table *table, uint32_t origin, uint32_t count)
{
    assert(table->released != NULL && origin - table->origin_first < table->origin_count);
    uint32_t *released = &table->released[origin - table->origin_first];
    if (count <= *released) {
        return;
    }
    if (*released == 0) {
        table->released_origins++;
        table->released_bytes += varint_bytes(origin) + varint_bytes(1) + varint_bytes(count);
    } else {
        table->released_bytes += varint_bytes(count) - varint_bytes(*released);
    }
    *released = count;
    if (table->sizes != NULL) {
        enter_standing(table, mesh_table_find(table, (struct mesh_dot){origin, count + 1}, NULL));
    }
}

// What an update takes on the wire behind its dot.
static uint32_t said_bytes(const struct mesh_update *update)
{
    return update->wire_bytes - varint_bytes(update->dot.origin) -
           varint_bytes(update->dot.sequence);
}

void mesh_table_keep_last(struct mesh_table *table, struct mesh_update *last, uint8_t *values,
                          uint32_t value_bytes, uint8_t *signatures)
{
    memset(last, 0, table->origin_count * sizeof *last);
    table->last = last;
    table->last_values = values;
    table->last_value_bytes = value_bytes;
    table->last_signatures = signatures;
}

void mesh_table_keep(struct mesh_table *table, const struct mesh_update *update,
                     const uint8_t *signature)
{
    size_t index = update->dot.origin - table->origin_first;
    if (table->last == NULL || index >= table->origin_count) {
        return;
    }
    struct mesh_update *last = &table->last[index];
    table->last_bytes -= last->dot.sequence != 0 ? said_bytes(last) : 0;
    *last = *update;
    table->last_bytes += said_bytes(last);
    if (mesh_update_has_value(update->type)) {
        assert(update->value_bytes <= table->last_value_bytes);
        uint8_t *value = table->last_values + index * table->last_value_bytes;
        if (update->value_bytes > 0) {
            memcpy(value, update->value, update->value_bytes);
        }
        last->value = value;
    }
    if (table->last_signatures != NULL && signature != NULL) {
        memcpy(table->last_signatures + index * MESH_SIGNATURE_BYTES, signature,
               MESH_SIGNATURE_BYTES);
    }
}

void mesh_table_release(struct mesh_table *table, uint32_t lane)
{
    struct mesh_update *update = &table->updates[lane];
    assert(mesh_table_is_next(table, lane));
    unindex_lane(table, lane);
    link_lanes(table, update->previous_lane, MESH_LANE_NONE);
    link_lanes(table, MESH_LANE_NONE, update->next_lane);
    mesh_table_adopt(table, update->dot.origin, update->dot.sequence);
    mesh_table_keep(
        table, update,
        table->signatures == NULL ? NULL : table->signatures + (size_t)lane * MESH_SIGNATURE_BYTES);
    table->released_hash[0] += update->hash[0];
    table->released_hash[1] += update->hash[1];
    *update = (struct mesh_update){.dot = no_dot, .next_lane = table->free_first};
    enter_standing(table, lane);
    table->free_first = lane;
    table->free_count++;
}
