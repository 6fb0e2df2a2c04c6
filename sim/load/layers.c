// SPDX-License-Identifier: GPL-3.0-or-later
#include "layers.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static bool walk_map(const struct sim_visitor *visitor, const struct sim_key *parent,
                     const char *shown, const struct sim_node *map, struct sim_error *error);

static bool wrong_kind(const struct sim_key *key, const char *shown, const struct sim_node *node,
                       struct sim_error *error)
{
    char expected[SIM_EXPECTED_BYTES];
    char found[SIM_DESCRIPTION_BYTES];
    sim_key_expected(key, expected);
    sim_node_describe(node, found);
    return sim_node_fail(node, error, "%s: expected %s, found %s", shown, expected, found);
}

static bool walk_value(const struct sim_visitor *visitor, const struct sim_key *key,
                       const char *shown, const struct sim_node *key_node,
                       const struct sim_node *node, struct sim_error *error)
{
    if (key->later) {
        return sim_node_fail(key_node == NULL ? node : key_node, error,
                             "%s is not in this version; it comes with a later one", shown);
    }
    if ((key->type == SIM_KEY_MAP && node->kind != SIM_NODE_MAP) ||
        (key->type == SIM_KEY_LIST &&
         (node->kind != SIM_NODE_LIST || node->count < (uint64_t)key->minimum ||
          node->count > (uint64_t)key->maximum))) {
        return wrong_kind(key, shown, node, error);
    }
    if (!visitor->visit(visitor->context, key, shown, key_node, node, error)) {
        return false;
    }
    if (key->type == SIM_KEY_MAP) {
        return walk_map(visitor, key, shown, node, error);
    }
    const struct sim_key *item = key->type == SIM_KEY_LIST ? sim_key_item(key) : NULL;
    for (uint32_t i = 0; item != NULL && i < node->count; i++) {
        char element[SIM_KEY_PATH_BYTES];
        snprintf(element, sizeof element, "%s[%u]", shown, i);
        if (!walk_value(visitor, item, element, NULL, node->entries[i].value, error)) {
            return false;
        }
    }
    return true;
}

// A name of the file in front of a hint: cut, since it may be of any length.
static bool unknown_key(const struct sim_key *parent, const char *shown,
                        const struct sim_node *key_node, struct sim_error *error)
{
    char hint[SIM_HINT_BYTES];
    sim_key_hint(parent, key_node->text, hint);
    int cut = (int)sim_text_cut(key_node->text, key_node->length, 60);
    return sim_node_fail(key_node, error, "unknown key %s%s%.*s: %s", shown,
                         shown[0] == '\0' ? "" : ".", cut, key_node->text, hint);
}

static bool rivals(const struct sim_key *key, const struct sim_node *map, uint32_t end,
                   const struct sim_node *key_node, struct sim_error *error)
{
    for (uint32_t i = 0; key->rival != NULL && i < end; i++) {
        const struct sim_node *other = map->entries[i].key;
        if (strcmp(other->text, strrchr(key->rival, '.') + 1) == 0) {
            return !sim_node_fail(key_node, error, "%s and %s (line %u) say the same: give one",
                                  key_node->text, other->text, other->line);
        }
    }
    return false;
}

static bool walk_map(const struct sim_visitor *visitor, const struct sim_key *parent,
                     const char *shown, const struct sim_node *map, struct sim_error *error)
{
    for (uint32_t i = 0; i < map->count; i++) {
        const struct sim_node *key_node = map->entries[i].key;
        const struct sim_key *key = sim_key_child(parent, key_node->text, key_node->length);
        if (key == NULL) {
            return unknown_key(parent, shown, key_node, error);
        }
        if (rivals(key, map, i, key_node, error)) {
            return false;
        }
        char path[SIM_KEY_PATH_BYTES];
        snprintf(path, sizeof path, "%s%s%s", shown, shown[0] == '\0' ? "" : ".", key_node->text);
        if (!walk_value(visitor, key, path, key_node, map->entries[i].value, error)) {
            return false;
        }
    }
    return true;
}

bool sim_walk(const struct sim_visitor *visitor, const struct sim_node *root,
              struct sim_error *error)
{
    return walk_map(visitor, NULL, "", root, error);
}

static bool check_value(void *context, const struct sim_key *key, const char *shown,
                        const struct sim_node *key_node, const struct sim_node *node,
                        struct sim_error *error)
{
    (void)context;
    (void)key_node;
    struct sim_value value;
    switch (key->type) {
    case SIM_KEY_MAP:
    case SIM_KEY_LIST:
    case SIM_KEY_SWEEP:  // sweep.c checks it, key by key
        return true;
    case SIM_KEY_TOPOLOGY:
        if (node->kind == SIM_NODE_MAP) {
            return sim_layer_check(node, error);
        }
        return (node->kind == SIM_NODE_SCALAR && !sim_node_is_null(node)) ||
               wrong_kind(key, shown, node, error);
    default: return sim_key_read(key, shown, node, &value, error);
    }
}

static const struct sim_visitor checker = {.visit = check_value};

bool sim_layer_check(const struct sim_node *root, struct sim_error *error)
{
    if (root->kind != SIM_NODE_MAP) {
        char found[SIM_DESCRIPTION_BYTES];
        sim_node_describe(root, found);
        return sim_node_fail(root, error, "expected a mapping of keys, found %s", found);
    }
    return sim_walk(&checker, root, error);
}

// ---- Merging ----

// A mapping like `like`, with room for `more` entries beyond its own.
static struct sim_node *copy_map(struct sim_arena *arena, const struct sim_node *like,
                                 uint32_t more)
{
    struct sim_node *map = sim_arena_take(arena, sizeof *map);
    *map = *like;
    map->entries = sim_arena_array(arena, (size_t)like->count + more, sizeof *map->entries);
    if (like->count > 0) {
        memcpy(map->entries, like->entries, like->count * sizeof *map->entries);
    }
    return map;
}

static void remove_named(struct sim_node *map, const char *name)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < map->count; i++) {
        if (strcmp(map->entries[i].key->text, name) != 0) {
            map->entries[kept++] = map->entries[i];
        }
    }
    map->count = kept;
}

static const struct sim_node *merge_maps(struct sim_arena *arena, const struct sim_key *parent,
                                         const struct sim_node *base, const struct sim_node *over);

// Sets one entry of a mapping that has room for it.
static void put(struct sim_arena *arena, const struct sim_key *parent, struct sim_node *map,
                struct sim_entry entry)
{
    const struct sim_key *key = sim_key_child(parent, entry.key->text, entry.key->length);
    if (key != NULL && key->rival != NULL) {
        remove_named(map, strrchr(key->rival, '.') + 1);
    }
    for (uint32_t i = 0; i < map->count; i++) {
        if (strcmp(map->entries[i].key->text, entry.key->text) == 0) {
            if (key != NULL && key->type == SIM_KEY_MAP) {
                entry.value = merge_maps(arena, key, map->entries[i].value, entry.value);
            }
            map->entries[i] = entry;
            return;
        }
    }
    map->entries[map->count++] = entry;
}

static const struct sim_node *merge_maps(struct sim_arena *arena, const struct sim_key *parent,
                                         const struct sim_node *base, const struct sim_node *over)
{
    struct sim_node *map = copy_map(arena, base, over->count);
    map->source = over->source;  // what is missing in it is missing where it was last written
    map->line = over->line;
    map->column = over->column;
    for (uint32_t i = 0; i < over->count; i++) {
        put(arena, parent, map, over->entries[i]);
    }
    return map;
}

const struct sim_node *sim_layer_merge(struct sim_arena *arena, const struct sim_node *base,
                                       const struct sim_node *over)
{
    return merge_maps(arena, NULL, base, over);
}

// ---- Assignments ----

// Cuts the next step off a path: a name, and the index after it or -1. False when the path is not
// names joined by points, each with at most one index.
static bool next_step(const char **path, size_t *length, int64_t *index)
{
    const char *at = *path;
    *length = strcspn(at, ".[");
    *index = -1;
    const char *end = at + *length;
    if (*end == '[') {
        size_t digits = strspn(end + 1, "0123456789");
        if (digits == 0 || digits > 6 || end[1 + digits] != ']') {
            return false;
        }
        *index = 0;
        for (size_t i = 0; i < digits; i++) {
            *index = *index * 10 + (end[1 + i] - '0');
        }
        end += digits + 2;
    }
    bool last = *end == '\0';
    *path = last ? end : end + 1;
    return *length > 0 && (last || (*end == '.' && end[1] != '\0'));
}

// Columns are characters; what comes before `at` in the path may hold longer ones.
static uint32_t column_of(const struct sim_assignment *assignment, const char *at)
{
    uint32_t column = assignment->column;
    for (const char *byte = assignment->path; byte < at; byte++) {
        column += ((unsigned char)*byte & 0xC0) != 0x80;
    }
    return column;
}

#define FAIL(assignment, at, error, ...)                                                     \
    sim_source_fail((assignment)->source, (assignment)->line, column_of((assignment), (at)), \
                    (error), __VA_ARGS__)

// What the next step of the path leads to.
static bool resolve_step(const struct sim_assignment *assignment, const struct sim_key *parent,
                         const char *at, size_t length, const struct sim_key **key,
                         struct sim_error *error)
{
    if (parent != NULL && parent->type != SIM_KEY_MAP) {
        return FAIL(assignment, at, error, "%.*s is set as a whole; it has no keys to name",
                    (int)(at - 1 - assignment->path), assignment->path);
    }
    *key = sim_key_child(parent, at, length);
    if (*key == NULL) {
        char name[64];
        char hint[SIM_HINT_BYTES];
        snprintf(name, sizeof name, "%.*s", (int)sim_text_cut(at, length, sizeof name - 1), at);
        sim_key_hint(parent, name, hint);
        return FAIL(assignment, at, error, "unknown key %.*s%s: %s",
                    (int)sim_text_cut(assignment->path, (size_t)(at - assignment->path), 200),
                    assignment->path, name, hint);
    }
    return true;
}

bool sim_assignment_resolve(struct sim_assignment *assignment, struct sim_error *error)
{
    const struct sim_key *key = NULL;
    const char *path = assignment->path;
    do {
        const char *at = path;
        size_t length;
        int64_t index;
        if (!next_step(&path, &length, &index)) {
            return FAIL(assignment, at, error,
                        "expected a key's dotted path, such as gossip.fanout or regions[0].agents");
        }
        if (!resolve_step(assignment, key, at, length, &key, error)) {
            return false;
        }
        if (index >= 0) {
            const struct sim_key *item = sim_key_item(key);
            if (item == NULL) {
                return FAIL(assignment, at, error, "%s is no list, so it has no element %lld",
                            key->path, (long long)index);
            }
            key = item;
        }
    } while (*path != '\0');
    assignment->key = key;
    return true;
}

bool sim_assignment_check(const struct sim_assignment *assignment, struct sim_error *error)
{
    return walk_value(&checker, assignment->key, assignment->path, NULL, assignment->value, error);
}

static const struct sim_node *assign(struct sim_arena *arena, const struct sim_key *parent,
                                     const struct sim_node *map, const char *path,
                                     const struct sim_assignment *assignment,
                                     struct sim_error *error);

// The list with element `index` replaced by the value, or by the element with the rest of the path
// set in it.
static const struct sim_node *assign_element(struct sim_arena *arena,
                                             const struct sim_key *list_key,
                                             const struct sim_node *list, int64_t index,
                                             const char *path, const char *at,
                                             const struct sim_assignment *assignment,
                                             struct sim_error *error)
{
    uint32_t count = list == NULL ? 0 : list->count;
    if (index >= count) {
        FAIL(assignment, at, error, "%s[%lld] does not exist: the list holds %u, counted from 0",
             list_key->path, (long long)index, count);
        return NULL;
    }
    struct sim_node *copy = copy_map(arena, list, 0);
    const struct sim_node **element = &copy->entries[index].value;
    *element = *path == '\0'
                   ? assignment->value
                   : assign(arena, sim_key_item(list_key), *element, path, assignment, error);
    return *element == NULL ? NULL : copy;
}

static const struct sim_node *assign(struct sim_arena *arena, const struct sim_key *parent,
                                     const struct sim_node *map, const char *path,
                                     const struct sim_assignment *assignment,
                                     struct sim_error *error)
{
    const char *at = path;
    size_t length;
    int64_t index;
    next_step(&path, &length, &index);
    const struct sim_key *key = sim_key_child(parent, at, length);
    struct sim_node *name = sim_arena_take(arena, sizeof *name);
    *name = (struct sim_node){
        .source = assignment->source,
        .line = assignment->line,
        .column = column_of(assignment, at),
        .kind = SIM_NODE_SCALAR,
        .length = (uint32_t)length,
        .text = sim_arena_copy(arena, at, length),
    };
    const struct sim_node *old = sim_node_get(map, name->text);
    const struct sim_node *value = assignment->value;
    if (index >= 0) {
        value = assign_element(arena, key, old, index, path, at, assignment, error);
    } else if (*path != '\0') {
        struct sim_node empty = *name;
        empty.kind = SIM_NODE_MAP;
        value = assign(arena, key, old == NULL ? &empty : old, path, assignment, error);
    }
    if (value == NULL) {
        return NULL;
    }
    struct sim_node *copy = copy_map(arena, map, 1);
    put(arena, parent, copy, (struct sim_entry){name, value});
    return copy;
}

const struct sim_node *sim_assignment_apply(struct sim_arena *arena, const struct sim_node *root,
                                            const struct sim_assignment *assignment,
                                            struct sim_error *error)
{
    return assign(arena, NULL, root, assignment->path, assignment, error);
}

// ---- Defaults ----

const struct sim_node *sim_layer_defaults(struct sim_arena *arena, enum sim_topology topology)
{
    static const struct sim_node empty = {.kind = SIM_NODE_MAP};
    const struct sim_node *root = &empty;
    for (uint32_t i = 0; i < sim_key_count; i++) {
        const char *text = sim_key_fallback(&sim_keys[i], topology);
        if (text == NULL) {
            continue;
        }
        struct sim_error error = {0};
        const struct sim_source *source =
            sim_source_from(arena, SIM_SOURCE_DEFAULT, "default", "default", text, 0, &error);
        struct sim_assignment assignment = {
            .path = sim_keys[i].path,
            .source = source,
            .line = 1,
            .column = 1,
            .value = sim_tree_parse(arena, source, &error),
        };
        root = sim_assignment_apply(arena, root, &assignment, &error);
        assert(root != NULL);  // the table is ours
    }
    return root;
}
