// SPDX-License-Identifier: GPL-3.0-or-later
// A file that names others to be run, one after the other, and says nothing else.
#include <stdio.h>
#include <string.h>

#include "allocate.h"
#include "loading.h"

#define NAMED_MAX 1000u

static bool check_named(const struct sim_node *root, const struct sim_node *list,
                        struct sim_error *error)
{
    for (uint32_t i = 0; i < root->count; i++) {
        const struct sim_node *key = root->entries[i].key;
        if (root->entries[i].value != list) {
            return sim_node_fail(key, error,
                                 "%.80s: a file of scenarios has nothing beside them: they say for "
                                 "themselves what they are",
                                 key->text);
        }
    }
    if (list->kind != SIM_NODE_LIST || list->count == 0 || list->count > NAMED_MAX) {
        return sim_node_fail(list, error, "scenarios: expected a list of 1 to %u files", NAMED_MAX);
    }
    for (uint32_t i = 0; i < list->count; i++) {
        const struct sim_node *item = list->entries[i].value;
        if (item->kind != SIM_NODE_SCALAR || sim_node_is_null(item)) {
            char found[SIM_DESCRIPTION_BYTES];
            sim_node_describe(item, found);
            return sim_node_fail(item, error,
                                 "scenarios[%u]: expected the path of a file, found %s", i, found);
        }
    }
    return true;
}

// What cannot be read or parsed is no such file; who loads it as a scenario says why.
static const struct sim_node *read_root(struct sim_arena *arena, const char *path)
{
    struct sim_error ignored = {0};
    const struct sim_source *source = sim_source_read(arena, path, &ignored);
    const struct sim_node *root = source == NULL ? NULL : sim_tree_parse(arena, source, &ignored);
    return root == NULL || root->kind != SIM_NODE_MAP ? NULL : root;
}

// There is to be a file, whose place is that of its name.
static bool check_there(const struct sim_node *node, const char *path, struct sim_error *error)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return sim_node_fail(node, error, "scenarios: there is no file %.200s", path);
    }
    fclose(file);
    return true;
}

bool sim_load_batch(const char *path, char ***files, uint32_t *count, struct sim_error *error)
{
    struct sim_arena *arena = sim_arena_create();
    const struct sim_node *root = read_root(arena, path);
    const struct sim_node *list = root == NULL ? NULL : sim_node_get(root, "scenarios");
    const struct sim_library library = {.arena = arena};
    bool fine = list == NULL || check_named(root, list, error);
    *count = 0;
    *files = list == NULL || !fine ? NULL : sim_memory_zeroed(list->count * sizeof **files);
    for (uint32_t i = 0; fine && list != NULL && i < list->count; i++) {
        const struct sim_node *node = list->entries[i].value;
        const char *name = sim_resolve_path(&library, node);
        fine = check_there(node, name, error);
        (*files)[i] = sim_memory_zeroed(strlen(name) + 1);
        memcpy((*files)[i], name, strlen(name));
        *count = i + 1;
    }
    sim_arena_destroy(arena);
    return fine;
}

void sim_batch_files_destroy(char **files, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        sim_memory_free(files[i]);
    }
    sim_memory_free(files);
}
