// SPDX-License-Identifier: Apache-2.0
// Counters: a sum of increments, per origin the prefix that is counted.
//
//     origin   increments           entry (sequence, total)
//        1     +5  +5  +2           (3, 12)  <- the longer prefix wins over (2, 10)
//        4     +1                   (1, 1)
//                                   value 13
//
// The G-counter's update is G_INCREMENT with an amount of at least 1, the PN-counter's PN_ADD with
// a change of either sign, not 0. Shapiro et al. 2011 keep a PN-counter as two G-counters; as an
// entry says how long a prefix it sums, one net total per origin does.
//
// A state counts prefixes: an origin's increments enter it in their order and without gaps, as the
// origin itself sees them; others learn them by merging. Totals are kept modulo 2^64.
//
// A delta is the one entry that changed, which says all that came before: losing, repeating or
// reordering deltas does no harm as long as the last one arrives.

#ifndef MESH_COUNTER_H
#define MESH_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

#include "mesh/table.h"

// One origin's part of the state form: `total` of its first `sequence` increments of the counter.
struct mesh_g_entry {
    uint32_t origin;
    uint32_t sequence;
    uint64_t total;
};

// ---- G-counter ----

// State: entries sorted by origin, in the caller's memory.
struct mesh_g_counter {
    struct mesh_g_entry *entries;  // [capacity]
    uint32_t count;
    uint32_t capacity;
};

// Adds `amount` for `origin`; returns false when there is no room for another origin.
bool mesh_g_increment(struct mesh_g_counter *state, uint32_t origin, uint64_t amount);

// The change that the same increment would make, in `delta`, whose former content is dropped.
// Returns false when `delta` has no room for an entry.
bool mesh_g_increment_delta(const struct mesh_g_counter *state, uint32_t origin, uint64_t amount,
                            struct mesh_g_counter *delta);

// Joins `other` into `state`: the longer prefix of each origin wins. False when there is no room.
bool mesh_g_merge(struct mesh_g_counter *state, const struct mesh_g_counter *other);
uint64_t mesh_g_value(const struct mesh_g_counter *state);

// The counter `key` as the lanes in `have` have it.
uint64_t mesh_g_fold(const struct mesh_table *table, const uint64_t *have, uint32_t words,
                     uint32_t key);

// ---- PN-counter: the same with signed changes; its functions mirror those above ----

struct mesh_pn_counter {
    struct mesh_g_counter net;  // totals in two's complement
};

bool mesh_pn_add(struct mesh_pn_counter *state, uint32_t origin, int64_t change);
bool mesh_pn_add_delta(const struct mesh_pn_counter *state, uint32_t origin, int64_t change,
                       struct mesh_pn_counter *delta);
bool mesh_pn_merge(struct mesh_pn_counter *state, const struct mesh_pn_counter *other);
int64_t mesh_pn_value(const struct mesh_pn_counter *state);
int64_t mesh_pn_fold(const struct mesh_table *table, const uint64_t *have, uint32_t words,
                     uint32_t key);

#endif
