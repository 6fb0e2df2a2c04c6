// SPDX-License-Identifier: GPL-3.0-or-later
// Tables of made-up updates, with everything a wire format can stumble over: ids and sequences at
// the ends of varints, gaps, empty values, both types, two values for one dot.

#ifndef ROWS_H
#define ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "dice.h"
#include "mesh/step.h"
#include "mesh/table.h"

#define ROWS_WORDS_MAX 3
#define ROWS_LANES_MAX (64 * ROWS_WORDS_MAX)
#define ROWS_VALUE_BYTES_MAX 300
#define ROWS_SCOPES 3

struct rows {
    struct mesh_config config;
    struct mesh_scope scopes[ROWS_SCOPES];
    struct mesh_table table;
    uint32_t words;
    struct mesh_update updates[ROWS_LANES_MAX];
    uint32_t index[4 * 128];
    uint8_t signatures[ROWS_LANES_MAX * MESH_SIGNATURE_BYTES];
    uint8_t values[ROWS_LANES_MAX][ROWS_VALUE_BYTES_MAX];
};

// An empty table of 64 * words lanes on the caller's memory, which must not move.
void rows_init(struct rows *rows, uint32_t words, uint32_t signature_bytes, bool indexed);

// One of a hundred dots: eight origins with runs of neighbouring sequences.
struct mesh_dot rows_dot(struct dice *dice);

// Reserves a lane for the dot and fills it at random, as a write would; returns the lane.
uint32_t rows_add(struct rows *rows, struct dice *dice, struct mesh_dot dot);

// Adds `count` rows with dots at random: now and then a dot gets a second value.
void rows_add_some(struct rows *rows, struct dice *dice, uint32_t count);

// The row of `other` enters this table with its signature; its value stays where it is.
uint32_t rows_copy(struct rows *rows, const struct rows *other, uint32_t lane);

// A message of this kind with room for two sets; its updates, and its vector if it has one, are
// random subsets of the rows. FEEDBACK has no updates and two vectors. To be freed by the caller.
struct mesh_message *rows_message(const struct rows *rows, struct dice *dice, uint8_t kind);

bool rows_has_hash(uint8_t kind);
bool rows_has_vector(uint8_t kind);

// The last of its sets: the vector, where it has one.
uint64_t *rows_last_set(struct mesh_message *message);
bool rows_in(const uint64_t *lanes, uint32_t lane);

// Whether two rows say the same: dot, clock, hash, type, key, amount or value, and size.
bool rows_equal(const struct mesh_update *a, const struct mesh_update *b);

#endif
