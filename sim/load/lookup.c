// SPDX-License-Identifier: GPL-3.0-or-later
// Finding keys in the table.
#include <string.h>

#include "keys.h"

bool sim_key_is_child(const struct sim_key *key, const struct sim_key *parent)
{
    size_t prefix = parent == NULL ? 0 : strlen(parent->path);
    if (parent != NULL &&
        (strncmp(key->path, parent->path, prefix) != 0 || key->path[prefix] != '.')) {
        return false;
    }
    return strpbrk(key->path + prefix + (parent != NULL), ".[") == NULL;
}

const char *sim_key_name(const struct sim_key *key)
{
    const char *dot = strrchr(key->path, '.');
    return dot == NULL ? key->path : dot + 1;
}

const struct sim_key *sim_key_find(const char *path)
{
    for (uint32_t i = 0; i < sim_key_count; i++) {
        if (strcmp(sim_keys[i].path, path) == 0) {
            return &sim_keys[i];
        }
    }
    return NULL;
}

const struct sim_key *sim_key_child(const struct sim_key *parent, const char *name, size_t length)
{
    for (uint32_t i = 0; i < sim_key_count; i++) {
        const char *known = sim_key_name(&sim_keys[i]);
        if (strncmp(known, name, length) == 0 && known[length] == '\0' &&
            sim_key_is_child(&sim_keys[i], parent)) {
            return &sim_keys[i];
        }
    }
    return NULL;
}

const struct sim_key *sim_key_item(const struct sim_key *list)
{
    size_t length = strlen(list->path);
    for (uint32_t i = 0; i < sim_key_count; i++) {
        if (strncmp(sim_keys[i].path, list->path, length) == 0 &&
            strcmp(sim_keys[i].path + length, "[]") == 0) {
            return &sim_keys[i];
        }
    }
    return NULL;
}

const char *sim_key_fallback(const struct sim_key *key, enum sim_topology topology)
{
    if ((key->topologies & SIM_FOR(topology)) == 0) {
        return NULL;
    }
    return (key->other_for & SIM_FOR(topology)) != 0 ? key->other_fallback : key->fallback;
}
