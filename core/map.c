// SPDX-License-Identifier: Apache-2.0
#include "mesh/map.h"

#include <assert.h>
#include <string.h>

#include "cursor.h"
#include "held.h"
#include "lww.h"
#include "text.h"

// Where `name` stands or belongs; `*found` says which.
static uint32_t entry_index(const struct mesh_map *state, const uint8_t *name, uint32_t name_bytes,
                            bool *found)
{
    uint32_t low = 0;
    uint32_t high = state->count;
    *found = false;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct mesh_map_entry *entry = &state->entries[middle];
        int order = text_compare(entry->name, entry->name_bytes, name, name_bytes);
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
            *found |= order == 0;
        }
    }
    return low;
}

const struct mesh_lww *mesh_map_get(const struct mesh_map *state, const uint8_t *name,
                                    uint32_t name_bytes)
{
    bool found;
    uint32_t index = entry_index(state, name, name_bytes, &found);
    return found && !state->entries[index].removed ? &state->entries[index].write : NULL;
}

bool mesh_map_write(struct mesh_map *state, const struct mesh_map_entry *entry)
{
    bool found;
    uint32_t index = entry_index(state, entry->name, entry->name_bytes, &found);
    struct mesh_map_entry *at = &state->entries[index];
    if (found) {
        if (mesh_lww_precedes(&at->write, &entry->write)) {
            *at = *entry;
        }
        return true;
    }
    if (state->count == state->capacity) {
        return false;
    }
    memmove(at + 1, at, (state->count - index) * sizeof *at);
    *at = *entry;
    state->count++;
    return true;
}

bool mesh_map_merge(struct mesh_map *state, const struct mesh_map *other)
{
    for (uint32_t i = 0; i < other->count; i++) {
        if (!mesh_map_write(state, &other->entries[i])) {
            return false;
        }
    }
    return true;
}

// ---- Updates ----

uint32_t mesh_map_encode(const uint8_t *name, uint32_t name_bytes, const uint8_t *content,
                         uint32_t content_bytes, uint8_t *value, uint32_t capacity)
{
    struct writer writer = {value, capacity, 0};
    put_varint(&writer, name_bytes);
    put_bytes(&writer, name, name_bytes);
    put_bytes(&writer, content, content_bytes);
    return writer.count <= capacity && writer.count <= MESH_VALUE_BYTES_MAX ? (uint32_t)writer.count
                                                                            : 0;
}

// The update as an entry; false when its value is malformed.
static bool decode(const struct mesh_update *update, struct mesh_map_entry *entry)
{
    *entry = (struct mesh_map_entry){.write = mesh_lww_of(update)};
    if (update->type == MESH_MAP_REMOVE) {
        entry->removed = true;
        entry->name = update->value;
        entry->name_bytes = update->value_bytes;
        entry->write.value = NULL;
        entry->write.value_bytes = 0;
        return true;
    }
    struct reader reader = {update->value, update->value_bytes, false};
    entry->name_bytes = (uint32_t)take_varint(&reader, MESH_VALUE_BYTES_MAX);
    entry->name = take_bytes(&reader, entry->name_bytes);
    entry->write.value = reader.bytes;
    entry->write.value_bytes = (uint32_t)reader.left;
    return !reader.failed;
}

bool mesh_map_update_is_valid(const struct mesh_update *update)
{
    struct mesh_map_entry entry;
    return decode(update, &entry);
}

bool mesh_map_apply(struct mesh_map *state, const struct mesh_update *update)
{
    assert(update->type == MESH_MAP_PUT || update->type == MESH_MAP_REMOVE);
    struct mesh_map_entry entry;
    bool valid = decode(update, &entry);
    assert(valid);
    return mesh_map_write(state, &entry);
}

bool mesh_map_fold(const struct mesh_table *table, const uint64_t *have, uint32_t words,
                   uint32_t key, struct mesh_map *state)
{
    struct held held = held_by(table, have, words);
    state->count = 0;
    for (const struct mesh_update *update; (update = held_next(&held)) != NULL;) {
        if ((update->type == MESH_MAP_PUT || update->type == MESH_MAP_REMOVE) &&
            update->key == key && !mesh_map_apply(state, update)) {
            return false;
        }
    }
    return true;
}
