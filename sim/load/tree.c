// SPDX-License-Identifier: GPL-3.0-or-later
#include "tree.h"

#include <stdio.h>
#include <string.h>

const struct sim_node *sim_node_get(const struct sim_node *map, const char *key)
{
    for (uint32_t i = 0; map->kind == SIM_NODE_MAP && i < map->count; i++) {
        if (strcmp(map->entries[i].key->text, key) == 0) {
            return map->entries[i].value;
        }
    }
    return NULL;
}

const struct sim_node *sim_node_find(const struct sim_node *map, const char *path)
{
    char key[64];
    while (map != NULL && *path != '\0') {
        size_t length = strcspn(path, ".");
        snprintf(key, sizeof key, "%.*s", (int)length, path);
        map = sim_node_get(map, key);
        path += length + (path[length] == '.');
    }
    return map;
}

bool sim_node_is_null(const struct sim_node *node)
{
    static const char *const names[] = {"", "~", "null", "Null", "NULL"};
    if (node->kind != SIM_NODE_SCALAR || node->quoted) {
        return false;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(node->text, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

struct sim_origin sim_node_origin(const struct sim_node *node)
{
    if (node->source->kind == SIM_SOURCE_DEFAULT) {
        return (struct sim_origin){0};
    }
    uint32_t skip = node->line == 1 ? node->source->column_skip : 0;
    return (struct sim_origin){node->source->origin, node->line, node->column + skip};
}

void sim_node_describe(const struct sim_node *node, char text[SIM_DESCRIPTION_BYTES])
{
    if (node->kind == SIM_NODE_MAP) {
        snprintf(text, SIM_DESCRIPTION_BYTES, "a mapping");
    } else if (node->kind == SIM_NODE_LIST) {
        snprintf(text, SIM_DESCRIPTION_BYTES, "a list of %u", node->count);
    } else if (sim_node_is_null(node)) {
        snprintf(text, SIM_DESCRIPTION_BYTES, "nothing");
    } else {
        size_t cut = sim_text_cut(node->text, node->length, SIM_DESCRIPTION_BYTES - 8);
        snprintf(text, SIM_DESCRIPTION_BYTES, "\"%.*s\"%s", (int)cut, node->text,
                 cut < node->length ? "..." : "");
    }
}

// A text being put together in `capacity` bytes; `full` once it did not fit.
struct builder {
    char *bytes;
    size_t length;
    size_t capacity;
    bool full;
};

static void put(struct builder *builder, const char *bytes, size_t length)
{
    if (builder->full || builder->capacity - builder->length <= length) {
        builder->full = true;
        return;
    }
    memcpy(builder->bytes + builder->length, bytes, length);
    builder->length += length;
}

static void render(struct builder *builder, const struct sim_node *node)
{
    if (node->kind == SIM_NODE_SCALAR) {
        put(builder, node->text, node->length);
        return;
    }
    put(builder, node->kind == SIM_NODE_MAP ? "{" : "[", 1);
    for (uint32_t i = 0; i < node->count && !builder->full; i++) {
        if (i > 0) {
            put(builder, ", ", 2);
        }
        if (node->kind == SIM_NODE_MAP) {
            put(builder, node->entries[i].key->text, node->entries[i].key->length);
            put(builder, ": ", 2);
        }
        render(builder, node->entries[i].value);
    }
    put(builder, node->kind == SIM_NODE_MAP ? "}" : "]", 1);
}

const char *sim_node_render(struct sim_arena *arena, const struct sim_node *node, size_t most)
{
    struct builder builder = {.bytes = sim_arena_take(arena, most + 1), .capacity = most + 1};
    render(&builder, node);
    return builder.full ? NULL : sim_arena_copy(arena, builder.bytes, builder.length);
}
