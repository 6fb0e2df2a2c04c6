// SPDX-License-Identifier: Apache-2.0
#include "mesh/table.h"

#include <assert.h>
#include <string.h>

// Empty slots of the index hold 0, others lane + 1. Nothing is ever removed.
static uint32_t slot_of(const struct mesh_table *table, struct mesh_dot dot)
{
    uint64_t mixed = ((uint64_t)dot.origin << 32 | dot.sequence) * 0x9E3779B97F4A7C15u;
    return (uint32_t)(mixed >> 32) & (table->index_capacity - 1);
}

static bool matches(const struct mesh_update *update, struct mesh_dot dot, const uint64_t hash[2])
{
    return mesh_dot_equal(update->dot, dot) &&
           (hash == NULL || (update->hash[0] == hash[0] && update->hash[1] == hash[1]));
}

void mesh_table_init(struct mesh_table *table, struct mesh_update *updates, uint32_t lane_capacity,
                     uint32_t *index, uint32_t index_capacity, uint8_t *signatures)
{
    assert(lane_capacity > 0 && lane_capacity % 64 == 0);
    assert(index == NULL ||
           (index_capacity >= 2 * lane_capacity && (index_capacity & (index_capacity - 1)) == 0));
    memset(updates, 0, lane_capacity * sizeof *updates);
    if (index != NULL) {
        memset(index, 0, index_capacity * sizeof *index);
    }
    *table = (struct mesh_table){
        .updates = updates,
        .signatures = signatures,
        .index = index,
        .index_capacity = index_capacity,
        .lane_capacity = lane_capacity,
    };
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
        slot = (slot + 1) & (table->index_capacity - 1);
    }
    return MESH_LANE_NONE;
}

static void index_lane(struct mesh_table *table, uint32_t lane)
{
    if (table->index == NULL) {
        return;
    }
    uint32_t slot = slot_of(table, table->updates[lane].dot);
    while (table->index[slot] != 0) {
        slot = (slot + 1) & (table->index_capacity - 1);
    }
    table->index[slot] = lane + 1;
}

uint32_t mesh_table_reserve(struct mesh_table *table, struct mesh_dot dot)
{
    assert(dot.sequence >= 1);
    if (table->lane_count == table->lane_capacity) {
        return MESH_LANE_NONE;
    }
    struct mesh_dot before = {dot.origin, dot.sequence - 1};
    struct mesh_dot after = {dot.origin, dot.sequence + 1};  // 0 after the last: nobody's
    uint32_t previous = mesh_table_find(table, before, NULL);
    uint32_t next = mesh_table_find(table, after, NULL);
    bool first = mesh_table_find(table, dot, NULL) == MESH_LANE_NONE;
    uint32_t lane = table->lane_count++;
    struct mesh_update *update = &table->updates[lane];
    *update = (struct mesh_update){
        .dot = dot, .previous_lane = MESH_LANE_NONE, .next_lane = MESH_LANE_NONE};
    if (first) {  // an equivocated value stays outside the chain of its origin
        update->previous_lane = previous;
        update->next_lane = next;
        if (previous != MESH_LANE_NONE) {
            table->updates[previous].next_lane = lane;
        }
        if (next != MESH_LANE_NONE) {
            table->updates[next].previous_lane = lane;
        }
    }
    index_lane(table, lane);
    return lane;
}
