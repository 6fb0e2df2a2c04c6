// SPDX-License-Identifier: Apache-2.0
#include "mesh/crdt.h"

#include <assert.h>
#include <string.h>

#include "mesh/step.h"

uint64_t mesh_clock_next(uint64_t clock, uint64_t time_ns)
{
    uint64_t physical = time_ns / 1000 << 12;
    return physical > clock ? physical : clock + 1;
}

// ---- LWW register ----

void mesh_lww_init(struct mesh_lww *state)
{
    *state = (struct mesh_lww){.origin = MESH_NODE_NONE};
}

static bool is_empty(const struct mesh_lww *state)
{
    return state->origin == MESH_NODE_NONE;
}

static bool precedes(const struct mesh_lww *a, const struct mesh_lww *b)
{
    if (is_empty(a) || is_empty(b)) {
        return is_empty(a) && !is_empty(b);
    }
    if (a->clock != b->clock) {
        return a->clock < b->clock;
    }
    if (a->origin != b->origin) {
        return a->origin < b->origin;
    }
    if (a->hash[0] != b->hash[0]) {
        return a->hash[0] < b->hash[0];
    }
    return a->hash[1] < b->hash[1];
}

void mesh_lww_merge(struct mesh_lww *state, const struct mesh_lww *other)
{
    if (precedes(state, other)) {
        *state = *other;
    }
}

void mesh_lww_apply(struct mesh_lww *state, const struct mesh_update *update)
{
    assert(update->type == MESH_LWW_SET);
    struct mesh_lww write = {
        .clock = update->clock,
        .hash = {update->hash[0], update->hash[1]},
        .origin = update->dot.origin,
        .value_bytes = update->value_bytes,
        .value = update->value,
    };
    mesh_lww_merge(state, &write);
}

bool mesh_lww_fold(const struct mesh_table *table, const uint64_t *have, uint32_t words,
                   uint32_t stride, uint32_t key, struct mesh_lww *state)
{
    mesh_lww_init(state);
    for (uint32_t word = 0; word < words; word++) {
        for (uint64_t lanes = have[(size_t)word * stride]; lanes != 0; lanes &= lanes - 1) {
            uint32_t lane = 64 * word + (uint32_t)__builtin_ctzll(lanes);
            const struct mesh_update *update = &table->updates[lane];
            if (update->type == MESH_LWW_SET && update->key == key) {
                mesh_lww_apply(state, update);
            }
        }
    }
    return !is_empty(state);
}

// ---- G-counter ----

// Where `origin` stands or belongs.
static uint32_t entry_index(const struct mesh_g_counter *state, uint32_t origin)
{
    uint32_t low = 0;
    uint32_t high = state->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (state->entries[middle].origin < origin) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

// The entry of `origin`, made empty when there is none, or NULL when it would not fit.
static struct mesh_g_entry *entry_of(struct mesh_g_counter *state, uint32_t origin)
{
    uint32_t index = entry_index(state, origin);
    struct mesh_g_entry *entry = &state->entries[index];
    if (index < state->count && entry->origin == origin) {
        return entry;
    }
    if (state->count == state->capacity) {
        return NULL;
    }
    memmove(entry + 1, entry, (state->count - index) * sizeof *entry);
    *entry = (struct mesh_g_entry){.origin = origin};
    state->count++;
    return entry;
}

bool mesh_g_increment(struct mesh_g_counter *state, uint32_t origin, uint64_t amount)
{
    struct mesh_g_entry *entry = entry_of(state, origin);
    if (entry == NULL) {
        return false;
    }
    entry->sequence++;
    entry->total += amount;
    return true;
}

bool mesh_g_merge(struct mesh_g_counter *state, const struct mesh_g_counter *other)
{
    for (uint32_t i = 0; i < other->count; i++) {
        struct mesh_g_entry *entry = entry_of(state, other->entries[i].origin);
        if (entry == NULL) {
            return false;
        }
        if (entry->sequence < other->entries[i].sequence) {
            *entry = other->entries[i];
        }
    }
    return true;
}

uint64_t mesh_g_value(const struct mesh_g_counter *state)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < state->count; i++) {
        value += state->entries[i].total;
    }
    return value;
}

uint64_t mesh_g_fold(const struct mesh_table *table, const uint64_t *have, uint32_t words,
                     uint32_t stride, uint32_t key)
{
    uint64_t value = 0;
    for (uint32_t word = 0; word < words; word++) {
        for (uint64_t lanes = have[(size_t)word * stride]; lanes != 0; lanes &= lanes - 1) {
            uint32_t lane = 64 * word + (uint32_t)__builtin_ctzll(lanes);
            const struct mesh_update *update = &table->updates[lane];
            if (update->type == MESH_G_INCREMENT && update->key == key) {
                value += update->amount;
            }
        }
    }
    return value;
}
