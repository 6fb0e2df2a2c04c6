// SPDX-License-Identifier: Apache-2.0
#include "mesh/set.h"

#include <assert.h>
#include <string.h>

#include "cursor.h"
#include "held.h"
#include "mesh/step.h"
#include "text.h"

// ---- Entries ----

// Where `dot` stands or belongs.
static uint32_t entry_index(const struct mesh_set *state, struct mesh_dot dot)
{
    uint32_t low = 0;
    uint32_t high = state->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct mesh_dot at = state->entries[middle].dot;
        if (at.origin < dot.origin || (at.origin == dot.origin && at.sequence < dot.sequence)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool has_entry(const struct mesh_set *state, struct mesh_dot dot)
{
    uint32_t index = entry_index(state, dot);
    return index < state->count && mesh_dot_equal(state->entries[index].dot, dot);
}

// Enters an add that is alive. There is room, unless its dot already has an entry.
static void enter(struct mesh_set *state, const struct mesh_set_entry *entry)
{
    uint32_t index = entry_index(state, entry->dot);
    struct mesh_set_entry *at = &state->entries[index];
    if (index < state->count && mesh_dot_equal(at->dot, entry->dot)) {
        bool larger =
            text_compare(entry->element, entry->element_bytes, at->element, at->element_bytes) > 0;
        *at = larger ? *entry : *at;  // they differ only when the origin equivocates
        return;
    }
    assert(state->count < state->capacity);
    memmove(at + 1, at, (state->count - index) * sizeof *at);
    *at = *entry;
    state->count++;
}

static bool is_element(const struct mesh_set_entry *entry, const uint8_t *element,
                       uint32_t element_bytes)
{
    return entry->element_bytes == element_bytes &&
           text_compare(entry->element, entry->element_bytes, element, element_bytes) == 0;
}

static uint32_t count_of(const struct mesh_set *state, const uint8_t *element,
                         uint32_t element_bytes)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < state->count; i++) {
        count += is_element(&state->entries[i], element, element_bytes);
    }
    return count;
}

// ---- Reading ----

bool mesh_set_contains(const struct mesh_set *state, const uint8_t *element, uint32_t element_bytes)
{
    return count_of(state, element, element_bytes) > 0;
}

uint32_t mesh_set_next(const struct mesh_set *state, uint32_t index)
{
    for (; index < state->count; index++) {
        const struct mesh_set_entry *entry = &state->entries[index];
        uint32_t earlier = 0;
        while (!is_element(&state->entries[earlier], entry->element, entry->element_bytes)) {
            earlier++;
        }
        if (earlier == index) {
            break;
        }
    }
    return index;
}

// ---- Changing a state ----

void mesh_set_remove(struct mesh_set *state, const uint8_t *element, uint32_t element_bytes)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < state->count; i++) {
        if (!is_element(&state->entries[i], element, element_bytes)) {
            state->entries[kept++] = state->entries[i];
        }
    }
    state->count = kept;
}

bool mesh_set_add(struct mesh_set *state, struct mesh_dot dot, const uint8_t *element,
                  uint32_t element_bytes)
{
    uint32_t replaced = count_of(state, element, element_bytes);
    if (mesh_dots_contains(&state->context, dot) || state->count - replaced == state->capacity ||
        !mesh_dots_add(&state->context, mesh_run_of(dot))) {
        return false;
    }
    mesh_set_remove(state, element, element_bytes);
    enter(state, &(struct mesh_set_entry){dot, element_bytes, element});
    return true;
}

bool mesh_set_remove_delta(const struct mesh_set *state, const uint8_t *element,
                           uint32_t element_bytes, struct mesh_set *delta)
{
    delta->count = 0;
    delta->context.count = 0;
    for (uint32_t i = 0; i < state->count; i++) {
        if (is_element(&state->entries[i], element, element_bytes) &&
            !mesh_dots_add(&delta->context, mesh_run_of(state->entries[i].dot))) {
            return false;
        }
    }
    return true;
}

bool mesh_set_add_delta(const struct mesh_set *state, struct mesh_dot dot, const uint8_t *element,
                        uint32_t element_bytes, struct mesh_set *delta)
{
    if (mesh_dots_contains(&state->context, dot) || delta->capacity == 0 ||
        !mesh_set_remove_delta(state, element, element_bytes, delta) ||
        !mesh_dots_add(&delta->context, mesh_run_of(dot))) {
        return false;
    }
    enter(delta, &(struct mesh_set_entry){dot, element_bytes, element});
    return true;
}

static bool has_room(const struct mesh_set *state, uint64_t entries, uint64_t runs)
{
    return state->count + entries <= state->capacity &&
           state->context.count + runs <= state->context.capacity;
}

static void add_run(struct mesh_dots *dots, struct mesh_run run)
{
    bool added = mesh_dots_add(dots, run);
    assert(added);
}

bool mesh_set_merge(struct mesh_set *state, const struct mesh_set *other)
{
    if (!has_room(state, other->count, other->context.count)) {
        return false;
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < state->count; i++) {
        struct mesh_dot dot = state->entries[i].dot;
        if (!mesh_dots_contains(&other->context, dot) || has_entry(other, dot)) {
            state->entries[kept++] = state->entries[i];
        }
    }
    state->count = kept;
    for (uint32_t i = 0; i < other->count; i++) {
        struct mesh_dot dot = other->entries[i].dot;
        if (!mesh_dots_contains(&state->context, dot) || has_entry(state, dot)) {
            enter(state, &other->entries[i]);
        }
    }
    for (uint32_t i = 0; i < other->context.count; i++) {
        add_run(&state->context, other->context.runs[i]);
    }
    return true;
}

// ---- The value of an update ----

// The runs that a value names. After the last, `reader` stands at the element.
struct named {
    struct reader reader;
    uint64_t left;
    struct mesh_run previous;
};

static struct named named_by(const struct mesh_update *update)
{
    struct named named = {.reader = {update->value, update->value_bytes, false}};
    named.left = take_varint(&named.reader, UINT32_MAX);
    return named;
}

// Takes the next run; false after the last, and when the value is malformed.
static bool next_named(struct named *named, struct mesh_run *run)
{
    struct reader *reader = &named->reader;
    if (named->left == 0 || reader->failed) {
        return false;
    }
    named->left--;
    run->origin = (uint32_t)take_varint(reader, MESH_NODE_MAX - 1);
    run->first = (uint32_t)take_varint(reader, UINT32_MAX);
    uint32_t length = (uint32_t)take_varint(reader, UINT32_MAX);
    run->last = run->first + (length - 1);
    const struct mesh_run *previous = &named->previous;
    // Runs end at 1 or later, so what precedes the first one is known by its 0.
    bool ascends = run->origin > previous->origin ||
                   (run->origin == previous->origin &&
                    (previous->last == 0 || run->first - 1 > previous->last));
    reader->failed |= run->first == 0 || length == 0 || run->last < run->first || !ascends;
    named->previous = *run;
    return !reader->failed;
}

bool mesh_set_update_is_valid(const struct mesh_update *update)
{
    struct named named = named_by(update);
    struct mesh_run run;
    uint64_t count = named.left;
    while (next_named(&named, &run)) {
        if (run.origin == update->dot.origin && run.last >= update->dot.sequence) {
            return false;  // nobody has seen a later write of its own
        }
    }
    if (named.reader.failed) {
        return false;
    }
    return update->type == MESH_SET_ADD || (count > 0 && named.reader.left == 0);
}

static struct mesh_set_entry entry_of(const struct mesh_update *update, const struct named *named)
{
    return (struct mesh_set_entry){update->dot, (uint32_t)named->reader.left, named->reader.bytes};
}

// The next run of an element's dots, from entry `*index` on; false when there is none. Dots that
// follow each other are neighbours, since entries are sorted.
static bool next_observed(const struct mesh_set *state, const uint8_t *element,
                          uint32_t element_bytes, uint32_t *index, struct mesh_run *run)
{
    const struct mesh_set_entry *entry = &state->entries[*index];
    const struct mesh_set_entry *end = &state->entries[state->count];
    while (entry < end && !is_element(entry, element, element_bytes)) {
        entry++;
    }
    bool found = entry < end;
    if (found) {
        *run = mesh_run_of(entry->dot);
        for (entry++; entry < end && is_element(entry, element, element_bytes) &&
                      entry->dot.origin == run->origin && entry->dot.sequence - 1 == run->last;
             entry++) {
            run->last++;
        }
    }
    *index = (uint32_t)(entry - state->entries);
    return found;
}

uint32_t mesh_set_encode(const struct mesh_set *state, enum mesh_update_type type,
                         const uint8_t *element, uint32_t element_bytes, uint8_t *value,
                         uint32_t capacity)
{
    assert(type == MESH_SET_ADD || type == MESH_SET_REMOVE);
    struct writer writer = {value, capacity, 0};
    struct mesh_run run;
    uint32_t count = 0;
    for (uint32_t i = 0; next_observed(state, element, element_bytes, &i, &run);) {
        count++;
    }
    if (type == MESH_SET_REMOVE && count == 0) {
        return 0;
    }
    put_varint(&writer, count);
    for (uint32_t i = 0; next_observed(state, element, element_bytes, &i, &run);) {
        put_varint(&writer, run.origin);
        put_varint(&writer, run.first);
        put_varint(&writer, run.last - run.first + 1);
    }
    if (type == MESH_SET_ADD) {
        put_bytes(&writer, element, element_bytes);
    }
    return writer.count <= capacity && writer.count <= MESH_VALUE_BYTES_MAX ? (uint32_t)writer.count
                                                                            : 0;
}

// ---- Updates into states ----

// Removes the entries of a run: they stand together.
static void drop_run(struct mesh_set *state, struct mesh_run run)
{
    uint32_t start = entry_index(state, (struct mesh_dot){run.origin, run.first});
    uint32_t end = start;
    while (end < state->count && mesh_run_contains(run, state->entries[end].dot)) {
        end++;
    }
    memmove(state->entries + start, state->entries + end,
            (state->count - end) * sizeof *state->entries);
    state->count -= end - start;
}

bool mesh_set_apply(struct mesh_set *state, const struct mesh_update *update)
{
    assert(update->type == MESH_SET_ADD || update->type == MESH_SET_REMOVE);
    bool adds = update->type == MESH_SET_ADD;
    struct named named = named_by(update);
    if (!has_room(state, adds, named.left + adds)) {
        return false;
    }
    struct mesh_run run;
    while (next_named(&named, &run)) {
        drop_run(state, run);
        add_run(&state->context, run);
    }
    assert(!named.reader.failed);
    if (adds) {
        struct mesh_set_entry entry = entry_of(update, &named);
        if (!mesh_dots_contains(&state->context, entry.dot) || has_entry(state, entry.dot)) {
            enter(state, &entry);
        }
        add_run(&state->context, mesh_run_of(entry.dot));
    }
    return true;
}

static bool is_of(const struct mesh_update *update, uint32_t key)
{
    return (update->type == MESH_SET_ADD || update->type == MESH_SET_REMOVE) && update->key == key;
}

// Enters the adds that are not in the context, which contains what was removed and nothing else.
static bool enter_alive(struct mesh_set *state, struct held held, uint32_t key)
{
    for (const struct mesh_update *update; (update = held_next(&held)) != NULL;) {
        if (update->type != MESH_SET_ADD || update->key != key ||
            mesh_dots_contains(&state->context, update->dot)) {
            continue;
        }
        struct named named = named_by(update);
        for (struct mesh_run run; next_named(&named, &run);) {
        }
        if (state->count == state->capacity && !has_entry(state, update->dot)) {
            return false;
        }
        struct mesh_set_entry entry = entry_of(update, &named);
        enter(state, &entry);
    }
    return true;
}

bool mesh_set_fold(const struct mesh_table *table, const uint64_t *have, uint32_t words,
                   uint32_t key, struct mesh_set *state)
{
    state->count = 0;
    state->context.count = 0;
    struct held held = held_by(table, have, words);
    for (const struct mesh_update *update; (update = held_next(&held)) != NULL;) {
        if (!is_of(update, key)) {
            continue;
        }
        struct named named = named_by(update);
        for (struct mesh_run run; next_named(&named, &run);) {
            if (!mesh_dots_add(&state->context, run)) {
                return false;
            }
        }
    }
    held = held_by(table, have, words);
    if (!enter_alive(state, held, key)) {
        return false;
    }
    for (const struct mesh_update *update; (update = held_next(&held)) != NULL;) {
        if (update->type == MESH_SET_ADD && update->key == key &&
            !mesh_dots_add(&state->context, mesh_run_of(update->dot))) {
            return false;
        }
    }
    return true;
}
