// SPDX-License-Identifier: Apache-2.0
// The values that follow from a set of updates, and the same values as mergeable states.
//
//     set of dots --fold--> value            state A --+
//     {(1,1) (2,1)}         G-counter 12               +--merge--> state --value--> 12
//                                            state B --+
//
// The value is never stored: it is folded from the updates a replica holds. The state form is for
// users who keep CRDTs without dots; folding a set and merging states of its parts in any order
// give the same value (a property test holds it). Joins are associative, commutative and
// idempotent.
//
// Shapiro, Preguica, Baquero, Zawirski, "Conflict-free replicated data types", SSS 2011. Clocks:
// Kulkarni et al., "Logical physical clocks", OPODIS 2014, section 4.

#ifndef MESH_CRDT_H
#define MESH_CRDT_H

#include <stdbool.h>
#include <stdint.h>

#include "mesh/table.h"

// ---- Hybrid logical clock: microseconds << 12 | counter ----

// 52 bits of microseconds hold Unix time until 2112. A counter beyond its 12 bits carries into the
// microseconds: the clock runs ahead of physical time then, and stays monotone.

// The clock of a local event at `time_ns`, given the largest clock seen so far.
uint64_t mesh_clock_next(uint64_t clock, uint64_t time_ns);

// ---- LWW register: the largest (clock, origin, hash) wins ----

// State: the winning write; origin MESH_NODE_NONE and clock 0 while empty.
struct mesh_lww {
    uint64_t clock;
    uint64_t hash[2];  // breaks the tie of an equivocating origin
    uint32_t origin;
    uint32_t value_bytes;
    const uint8_t *value;  // the driver's memory
};

void mesh_lww_init(struct mesh_lww *state);
void mesh_lww_apply(struct mesh_lww *state, const struct mesh_update *update);
void mesh_lww_merge(struct mesh_lww *state, const struct mesh_lww *other);

// The register `key` as the lanes in `have` (one bit each, `words` words, `stride` words apart)
// have it. Returns false while none of them wrote it.
bool mesh_lww_fold(const struct mesh_table *table, const uint64_t *have, uint32_t words,
                   uint32_t stride, uint32_t key, struct mesh_lww *state);

// ---- G-counter: a sum of increments, per origin the prefix counted ----

// One origin's part of the state form: `total` of its first `sequence` increments of the counter.
struct mesh_g_entry {
    uint32_t origin;
    uint32_t sequence;
    uint64_t total;
};

// State: entries sorted by origin, in the caller's memory.
struct mesh_g_counter {
    struct mesh_g_entry *entries;  // [capacity]
    uint32_t count;
    uint32_t capacity;
};

// Adds `amount` for `origin`; returns false when there is no room for another origin.
bool mesh_g_increment(struct mesh_g_counter *state, uint32_t origin, uint64_t amount);

// Joins `other` into `state`: the longer prefix of each origin wins. False when there is no room.
bool mesh_g_merge(struct mesh_g_counter *state, const struct mesh_g_counter *other);
uint64_t mesh_g_value(const struct mesh_g_counter *state);

// The counter `key` as the lanes in `have` have it.
uint64_t mesh_g_fold(const struct mesh_table *table, const uint64_t *have, uint32_t words,
                     uint32_t stride, uint32_t key);

#endif
