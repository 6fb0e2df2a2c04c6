// SPDX-License-Identifier: GPL-3.0-or-later
#include "instances.h"

#include <stdio.h>
#include <string.h>

#include "decimal.h"
#include "embed.h"
#include "keys.h"

SIM_EMBEDDED(sim_instances_text);

#define NAMES_BYTES 400

// A number of an instance in units of 10^-places, positive.
static bool read_number(const struct sim_node *instance, const char *key, uint32_t places,
                        uint64_t *number, struct sim_error *error)
{
    const struct sim_node *node = sim_node_get(instance, key);
    int64_t value = 0;
    if (node == NULL || node->kind != SIM_NODE_SCALAR ||
        !sim_decimal_parse(node->text, node->length, places, &value, NULL) || value <= 0) {
        return sim_node_fail(node == NULL ? instance : node, error,
                             "an instance type has a number above 0 for %s", key);
    }
    *number = (uint64_t)value;
    return true;
}

static bool check_keys(const struct sim_node *node, struct sim_error *error)
{
    static const char *const known[] = {
        "name", "vcpus", "memory_gib", "packets_per_s", "baseline_gbit_per_s", "source"};
    for (uint32_t i = 0; i < node->count; i++) {
        const struct sim_node *key = node->entries[i].key;
        size_t place = 0;
        while (place < sizeof known / sizeof *known && strcmp(known[place], key->text) != 0) {
            place++;
        }
        if (place == sizeof known / sizeof *known) {
            return sim_node_fail(key, error, "unknown key %s", key->text);
        }
    }
    return true;
}

static bool read_instance(const struct sim_node *node, struct sim_instance *instance,
                          struct sim_error *error)
{
    if (node->kind != SIM_NODE_MAP) {
        return sim_node_fail(node, error, "an instance type is a mapping");
    }
    const struct sim_node *name = sim_node_get(node, "name");
    const struct sim_node *source = sim_node_get(node, "source");
    if (name == NULL || name->kind != SIM_NODE_SCALAR || source == NULL ||
        source->kind != SIM_NODE_SCALAR) {
        return sim_node_fail(node, error, "an instance type has a name and a source");
    }
    uint64_t vcpus = 0;
    uint64_t memory_gib = 0;
    instance->name = name->text;
    if (!check_keys(node, error) || !read_number(node, "vcpus", 0, &vcpus, error) ||
        !read_number(node, "memory_gib", 0, &memory_gib, error) ||
        !read_number(node, "baseline_gbit_per_s", 9, &instance->bits_per_s, error)) {
        return false;
    }
    if (vcpus > 10000 || memory_gib > 100000) {
        return sim_node_fail(node, error, "an instance type of that size does not exist");
    }
    instance->vcpus = (uint32_t)vcpus;
    instance->memory_bytes = memory_gib << 30;
    return sim_node_get(node, "packets_per_s") == NULL ||
           read_number(node, "packets_per_s", 0, &instance->packets_per_s, error);
}

bool sim_instances_parse(struct sim_arena *arena, const char *name, const char *text,
                         struct sim_instances *instances, struct sim_error *error)
{
    *instances = (struct sim_instances){0};
    const struct sim_source *source =
        sim_source_from(arena, SIM_SOURCE_FILE, name, name, text, 0, error);
    const struct sim_node *root = source == NULL ? NULL : sim_tree_parse(arena, source, error);
    if (root == NULL) {
        return false;
    }
    const struct sim_node *list =
        root->kind == SIM_NODE_MAP ? sim_node_get(root, "instances") : NULL;
    if (list == NULL || list->kind != SIM_NODE_LIST) {
        return sim_node_fail(root, error, "a list of instances goes here");
    }
    instances->items = sim_arena_array(arena, list->count, sizeof *instances->items);
    for (; instances->count < list->count; instances->count++) {
        if (!read_instance(list->entries[instances->count].value,
                           &instances->items[instances->count], error)) {
            return false;
        }
    }
    return true;
}

bool sim_instances_read(struct sim_arena *arena, struct sim_instances *instances,
                        struct sim_error *error)
{
    struct sim_error found = {0};
    if (sim_instances_parse(arena, "topologies/instances.yaml", sim_instances_text, instances,
                            &found)) {
        return true;
    }
    sim_error_set(error, SIM_ERROR_INTERNAL, "%s", found.text);
    sim_error_at(error, found.file, found.line, found.column, found.excerpt);
    return false;
}

static void list_names(const struct sim_instances *instances, char names[NAMES_BYTES])
{
    size_t length = 0;
    for (uint32_t i = 0; i < instances->count && length < NAMES_BYTES; i++) {
        length += (size_t)snprintf(names + length, NAMES_BYTES - length, "%s%s", i == 0 ? "" : ", ",
                                   instances->items[i].name);
    }
}

bool sim_instance_find(const struct sim_instances *instances, const char *shown,
                       const struct sim_node *node, struct sim_instance *found,
                       struct sim_error *error)
{
    const struct sim_instance *nearest = NULL;
    uint32_t least = UINT32_MAX;
    for (uint32_t i = 0; i < instances->count; i++) {
        uint32_t distance = sim_edit_distance(node->text, instances->items[i].name);
        if (distance < least) {
            least = distance;
            nearest = &instances->items[i];
        }
    }
    if (least == 0) {
        *found = *nearest;
        return true;
    }
    char names[NAMES_BYTES] = "";
    char text[SIM_DESCRIPTION_BYTES];
    list_names(instances, names);
    sim_node_describe(node, text);
    bool slip = nearest != NULL && sim_edit_is_slip(least, node->text);
    return sim_node_fail(node, error, "%s: expected one of %s; found %s%s%s%s", shown, names, text,
                         slip ? "; did you mean " : "", slip ? nearest->name : "", slip ? "?" : "");
}
