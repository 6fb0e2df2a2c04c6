// SPDX-License-Identifier: GPL-3.0-or-later
// What someone who wrote an unknown name may have meant.
#include <stdio.h>
#include <string.h>

#include "keys.h"

#define CHARACTERS_MAX 64

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static char folded(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

// Optimal string alignment (Damerau 1964), row by row; row i holds the distances of a's first i
// characters to every prefix of b.
uint32_t sim_edit_distance(const char *a, const char *b)
{
    uint32_t rows[3][CHARACTERS_MAX + 1];
    size_t length_a = strnlen(a, CHARACTERS_MAX);
    size_t length_b = strnlen(b, CHARACTERS_MAX);
    for (size_t j = 0; j <= length_b; j++) {
        rows[0][j] = (uint32_t)j;
    }
    for (size_t i = 1; i <= length_a; i++) {
        uint32_t *row = rows[i % 3];
        const uint32_t *before = rows[(i + 2) % 3];
        const uint32_t *two_before = rows[(i + 1) % 3];
        row[0] = (uint32_t)i;
        for (size_t j = 1; j <= length_b; j++) {
            bool same = folded(a[i - 1]) == folded(b[j - 1]);
            row[j] = least(least(before[j], row[j - 1]) + 1, before[j - 1] + !same);
            if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
                folded(a[i - 2]) == folded(b[j - 1])) {
                row[j] = least(row[j], two_before[j - 2] + 1);
            }
        }
    }
    return rows[length_a % 3][length_b];
}

bool sim_edit_is_slip(uint32_t distance, const char *name)
{
    return distance <= 1 + strlen(name) / 5;
}

// Whether a key belongs to the items of another list than `parent` does: nobody who writes an item
// of the one means to write the other.
static bool is_of_another_list(const struct sim_key *key, const struct sim_key *parent)
{
    const char *list = strstr(key->path, "[]");
    return parent != NULL && list != NULL &&
           strncmp(key->path, parent->path, (size_t)(list - key->path)) != 0;
}

// The nearest key among those at `parent`, or among all others; `*distance` is how near.
static const struct sim_key *nearest(const struct sim_key *parent, bool here, const char *name,
                                     uint32_t *distance)
{
    const struct sim_key *best = NULL;
    *distance = UINT32_MAX;
    for (uint32_t i = 0; i < sim_key_count; i++) {
        const struct sim_key *key = &sim_keys[i];
        if (key->later || sim_key_is_child(key, parent) != here ||
            is_of_another_list(key, parent)) {
            continue;
        }
        uint32_t apart = sim_edit_distance(sim_key_name(key), name);
        if (apart < *distance) {
            *distance = apart;
            best = key;
        }
    }
    return best;
}

void sim_key_hint(const struct sim_key *parent, const char *name, char text[SIM_HINT_BYTES])
{
    uint32_t distance_here;
    uint32_t distance_elsewhere;
    const struct sim_key *here = nearest(parent, true, name, &distance_here);
    const struct sim_key *elsewhere = nearest(parent, false, name, &distance_elsewhere);
    if (elsewhere != NULL && distance_elsewhere == 0) {
        snprintf(text, SIM_HINT_BYTES, "did you mean %s?", elsewhere->path);
    } else if (here != NULL && sim_edit_is_slip(distance_here, name)) {
        snprintf(text, SIM_HINT_BYTES, "did you mean %s?", here->path);
    } else if (elsewhere != NULL && sim_edit_is_slip(distance_elsewhere, name)) {
        snprintf(text, SIM_HINT_BYTES, "did you mean %s?", elsewhere->path);
    } else {
        size_t length = (size_t)snprintf(text, SIM_HINT_BYTES, "known here are");
        const char *separator = " ";
        for (uint32_t i = 0; i < sim_key_count; i++) {
            if (!sim_keys[i].later && sim_key_is_child(&sim_keys[i], parent) &&
                length < SIM_HINT_BYTES) {
                length += (size_t)snprintf(text + length, SIM_HINT_BYTES - length, "%s%s",
                                           separator, sim_key_name(&sim_keys[i]));
                separator = ", ";
            }
        }
    }
}
