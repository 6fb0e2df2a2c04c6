// SPDX-License-Identifier: Apache-2.0
#include "mesh/counter.h"

#include <string.h>

#include "held.h"

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

bool mesh_g_increment_delta(const struct mesh_g_counter *state, uint32_t origin, uint64_t amount,
                            struct mesh_g_counter *delta)
{
    if (delta->capacity == 0) {
        return false;
    }
    uint32_t index = entry_index(state, origin);
    struct mesh_g_entry entry = {.origin = origin};
    if (index < state->count && state->entries[index].origin == origin) {
        entry = state->entries[index];
    }
    entry.sequence++;
    entry.total += amount;
    delta->entries[0] = entry;
    delta->count = 1;
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

// The sum of the amounts; those of PN_ADD are in two's complement.
static uint64_t fold(const struct mesh_table *table, const uint64_t *have, uint32_t words,
                     enum mesh_update_type type, uint32_t key)
{
    uint64_t value = 0;
    struct held held = held_by(table, have, words);
    for (const struct mesh_update *update; (update = held_next(&held)) != NULL;) {
        if (update->type == type && update->key == key) {
            value += update->amount;
        }
    }
    return value;
}

uint64_t mesh_g_fold(const struct mesh_table *table, const uint64_t *have, uint32_t words,
                     uint32_t key)
{
    return fold(table, have, words, MESH_G_INCREMENT, key);
}

// ---- PN-counter ----

bool mesh_pn_add(struct mesh_pn_counter *state, uint32_t origin, int64_t change)
{
    return mesh_g_increment(&state->net, origin, (uint64_t)change);
}

bool mesh_pn_add_delta(const struct mesh_pn_counter *state, uint32_t origin, int64_t change,
                       struct mesh_pn_counter *delta)
{
    return mesh_g_increment_delta(&state->net, origin, (uint64_t)change, &delta->net);
}

bool mesh_pn_merge(struct mesh_pn_counter *state, const struct mesh_pn_counter *other)
{
    return mesh_g_merge(&state->net, &other->net);
}

int64_t mesh_pn_value(const struct mesh_pn_counter *state)
{
    return (int64_t)mesh_g_value(&state->net);
}

int64_t mesh_pn_fold(const struct mesh_table *table, const uint64_t *have, uint32_t words,
                     uint32_t key)
{
    return (int64_t)fold(table, have, words, MESH_PN_ADD, key);
}
