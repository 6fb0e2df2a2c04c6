// SPDX-License-Identifier: GPL-3.0-or-later
// A history of updates: a few origins that write, each knowing its own writes and what it was told.
//
//     origin 0   w1 ---- w2 ------------ w4        held[0] = {w1, w2, w3, w4}
//                           \          /
//     origin 1               ---- w3 --            held[1] = {w1, w2, w3}
//
// All updates lie in one table, so whatever somebody holds is a set of lanes. Tests fold such sets,
// and build states and deltas of their parts, in orders that the dice choose.

#ifndef HISTORY_H
#define HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "dice.h"
#include "mesh/step.h"
#include "mesh/table.h"

#define HISTORY_ORIGINS 4
#define HISTORY_WORDS 2
#define HISTORY_LANES (64 * HISTORY_WORDS)
#define HISTORY_VALUE_BYTES 128

struct history_set {
    uint64_t lanes[HISTORY_WORDS];
};

struct history {
    struct dice dice;
    struct mesh_config config;
    struct mesh_table table;
    struct mesh_update updates[HISTORY_LANES];
    uint8_t values[HISTORY_LANES][HISTORY_VALUE_BYTES];
    struct history_set held[HISTORY_ORIGINS];
    uint32_t sequences[HISTORY_ORIGINS];
    uint64_t clocks[HISTORY_ORIGINS];
};

// An empty history on the caller's memory, which must not move.
void history_init(struct history *history, uint64_t seed);

// A row under any dot, which nobody holds yet: a lie, or one of a pair that equivocates. The clock
// is drawn from few, so that ties happen. Returns the lane.
uint32_t history_row(struct history *history, struct mesh_dot dot, enum mesh_update_type type,
                     uint32_t key, const uint8_t *value, uint32_t value_bytes);

// A write of `origin`, with a clock that is later than all it holds, though not than others'.
uint32_t history_write(struct history *history, uint32_t origin, enum mesh_update_type type,
                       uint32_t key, const uint8_t *value, uint32_t value_bytes);
uint32_t history_write_amount(struct history *history, uint32_t origin, enum mesh_update_type type,
                              uint32_t key, uint64_t amount);

// `target` learns all that `source` holds; or, with gaps, a random part of it.
void history_tell(struct history *history, uint32_t source, uint32_t target, bool gaps);

// A random part of all lanes: sparse or dense, with gaps or, if not, of every origin a prefix.
struct history_set history_part(struct history *history, bool gaps);

static inline bool history_in(const struct history_set *set, uint32_t lane)
{
    return (set->lanes[lane / 64] >> lane % 64 & 1) != 0;
}

static inline void history_add(struct history_set *set, uint32_t lane)
{
    set->lanes[lane / 64] |= UINT64_C(1) << lane % 64;
}

static inline void history_unite(struct history_set *set, const struct history_set *other)
{
    for (uint32_t word = 0; word < HISTORY_WORDS; word++) {
        set->lanes[word] |= other->lanes[word];
    }
}

// The numbers 0 .. count - 1 in random order, some of them up to three times; returns how many
// stand in `order`, which has room for 3 * count.
uint32_t history_order(struct dice *dice, uint32_t count, uint32_t *order);

#endif
