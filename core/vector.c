// SPDX-License-Identifier: Apache-2.0
#include "vector.h"

#include "cursor.h"

// ---- Sections ----

// The words [first, end) of the replica of a set, as a section.
static struct section section_of(const struct mesh_table *table, struct mesh_lanes set,
                                 uint32_t first, uint32_t end)
{
    uint32_t from = set.word_first > first ? set.word_first : first;
    uint32_t to = set.word_first + set.words < end ? set.word_first + set.words : end;
    if (from >= to) {
        return (struct section){table, {NULL, 0, 0}};
    }
    return (struct section){table, {set.lanes + (from - set.word_first), from - first, to - from}};
}

uint32_t mesh_vector_sections(const struct mesh_table *shared, const struct mesh_message *message,
                              struct mesh_lanes set, struct section sections[2])
{
    const struct mesh_table *local = mesh_table_local(shared, message->scope);
    sections[0] = section_of(shared, set, shared->local_words, UINT32_MAX);
    sections[1] = section_of(local, set, 0, shared->local_words);
    return local == NULL ? 1 : 2;
}

// ---- Entries ----

bool mesh_vector_run_at(const struct section *section, uint32_t lane, struct run *run)
{
    const struct mesh_update *updates = section->table->updates;
    if (section_holds(section, updates[lane].previous_lane)) {
        return false;
    }
    *run = (struct run){updates[lane].dot, 1};
    for (uint32_t next = updates[lane].next_lane; section_holds(section, next);
         next = updates[next].next_lane) {
        run->length++;
    }
    return true;
}

uint32_t mesh_vector_released_before(const struct mesh_table *table, uint32_t lane, bool whole)
{
    return whole && mesh_table_is_next(table, lane)
               ? mesh_table_released(table, table->updates[lane].dot.origin)
               : 0;
}

static void add_entry(struct vector_size *size, uint32_t origin, uint32_t first, uint32_t length)
{
    size->bytes += varint_bytes(origin) + varint_bytes(first) + varint_bytes(length);
    size->entries++;
}

static void take_entry(struct vector_size *size, uint32_t origin, uint32_t first, uint32_t length)
{
    size->bytes -= varint_bytes(origin) + varint_bytes(first) + varint_bytes(length);
    size->entries--;
}

void mesh_vector_measure(const struct section *section, bool whole, struct vector_size *size)
{
    const struct mesh_table *table = section->table;
    size->bytes += whole ? table->released_bytes : 0;
    size->entries += whole ? table->released_origins : 0;
    for (uint32_t i = 0; i < section->set.words; i++) {
        for (uint64_t left = section->set.lanes[i]; left != 0; left &= left - 1) {
            uint32_t lane = 64 * (section->set.word_first + i) + (uint32_t)__builtin_ctzll(left);
            struct run run;
            if (!mesh_vector_run_at(section, lane, &run)) {
                continue;
            }
            uint32_t released = mesh_vector_released_before(table, lane, whole);
            if (released > 0) {
                take_entry(size, run.first.origin, 1, released);
            }
            add_entry(size, run.first.origin, run.first.sequence - released, released + run.length);
        }
    }
}

uint32_t mesh_vector_bytes(const struct vector_size *size)
{
    return varint_bytes(size->entries) + size->bytes;
}

// ---- What a replica keeps ----

enum { SHARED, LOCAL };

static struct vector_size *kept(const struct stepping *stepping)
{
    const struct mesh_states *states = stepping->states;
    return (struct vector_size *)&stepping->replica->planes[(size_t)states->words * states->planes];
}

bool mesh_vector_kept(const struct stepping *stepping, struct vector_size *size)
{
    if (stepping->states->table->local_words == 0) {
        return false;
    }
    const struct vector_size *sizes = kept(stepping);
    *size = sizes[SHARED];
    if (stepping->local != NULL) {
        size->bytes += sizes[LOCAL].bytes;
        size->entries += sizes[LOCAL].entries;
    }
    return true;
}

// What the replica holds of the section that has this word.
static struct section section_at(const struct stepping *stepping, uint32_t word)
{
    const struct mesh_table *shared = stepping->states->table;
    const uint64_t *have = stepping->replica->planes;
    uint32_t words = shared->local_words;
    return word < words
               ? (struct section){stepping->local, {have, 0, words}}
               : (struct section){shared, {have + words, 0, stepping->states->words - words}};
}

// A lane of the section that is about to be held: the runs before and behind it, if there are any,
// become one with it.
__attribute__((noinline)) static void enter(const struct section *section, uint32_t lane,
                                            struct vector_size *size)
{
    const struct mesh_update *updates = section->table->updates;
    struct mesh_dot dot = updates[lane].dot;
    uint32_t first = lane;
    uint32_t before = 0;
    for (; section_holds(section, updates[first].previous_lane); before++) {
        first = updates[first].previous_lane;
    }
    before += mesh_vector_released_before(section->table, first, true);
    uint32_t behind = 0;
    for (uint32_t next = updates[lane].next_lane; section_holds(section, next); behind++) {
        next = updates[next].next_lane;
    }
    if (before > 0) {
        take_entry(size, dot.origin, dot.sequence - before, before);
    }
    if (behind > 0) {
        take_entry(size, dot.origin, dot.sequence + 1, behind);
    }
    add_entry(size, dot.origin, dot.sequence - before, before + 1 + behind);
}

// Whether it goes on a run and ends it: while its numbers take a byte each, that costs nothing.
static inline bool continues_last(const struct section *section, uint32_t lane)
{
    const struct mesh_update *update = &section->table->updates[lane];
    bool ends = update->dot.sequence < 0x80 && update->next_lane == MESH_LANE_NONE;
    return ends && (update->previous_lane != MESH_LANE_NONE
                        ? section_holds(section, update->previous_lane)
                        : update->dot.sequence > 1 && mesh_table_is_next(section->table, lane));
}

// Those lanes that stand alone in their origin's chain, whatever else is held.
static inline uint64_t learn_alone(const struct mesh_table *table, uint32_t word, uint64_t fresh,
                                   struct vector_size *size)
{
    uint64_t opening = fresh & table->opening[word];
    if (opening != 0) {
        uint32_t count = (uint32_t)__builtin_popcountll(opening);
        size->entries += count;
        size->bytes += count * MESH_OPENING_BYTES;
    }
    return opening | (fresh & table->continuing[word]);
}

void mesh_vector_learn(struct stepping *stepping, uint32_t word, uint64_t fresh)
{
    uint32_t local_words = stepping->states->table->local_words;
    const struct section section = section_at(stepping, word);
    struct vector_size *size = &kept(stepping)[word < local_words ? LOCAL : SHARED];
    uint32_t lane_first = 64 * (word < local_words ? word : word - local_words);
    uint64_t *have = mesh_stepping_plane(stepping, word, MESH_HAVE);
    uint64_t left = fresh;
    if (section.table->sizes != NULL) {
        left &= ~learn_alone(section.table, lane_first / 64, fresh, size);
        *have |= fresh & ~left;
    }
    for (; left != 0; left &= left - 1) {
        uint32_t lane = lane_first + (uint32_t)__builtin_ctzll(left);
        if (!continues_last(&section, lane)) {
            enter(&section, lane, size);
        }
        *have |= left & -left;
    }
}

void mesh_vector_renew(struct stepping *stepping)
{
    uint32_t local_words = stepping->states->table->local_words;
    if (local_words == 0) {
        return;
    }
    struct vector_size *sizes = kept(stepping);
    sizes[SHARED] = (struct vector_size){0, 0};
    sizes[LOCAL] = (struct vector_size){0, 0};
    struct section section = section_at(stepping, local_words);
    mesh_vector_measure(&section, true, &sizes[SHARED]);
    if (stepping->local != NULL) {
        section = section_at(stepping, 0);
        mesh_vector_measure(&section, true, &sizes[LOCAL]);
    }
}
