// SPDX-License-Identifier: Apache-2.0
// Updates, the dots that name them, and the table that gives every dot a lane.
//
//   dot (origin, sequence)      lane   what the table keeps, once          a replica keeps one bit
//   (7, 1)  ------------------>   0    clock, hash, type, key, value       ...0 0 1 0 1
//   (7, 2)  ------------------>   1    ...                                         | \_ lane 0
//   (3, 1)  ------------------>   2    ...                                         lane 2
//
// An update's value is stored once; knowing it costs a replica one bit. A simulated scope shares
// one table among all its nodes, a live node has a table of its own; on the wire a dot is always
// (origin, sequence) and lanes never appear. Two values signed for one dot get two lanes, so
// equivocation is visible instead of overwriting.
//
// The driver owns all memory. It reserves a lane for a dot before the write happens; the step that
// executes the write fills it (mesh/step.h), or the decoder does (mesh/wire.h). Only the holder of
// a lane's bit may read its row.
//
// A lane is for updates on their way. What all know for good is *released* (mesh/release.h): of
// every origin the first so many writes, without a gap, so that a count per origin names them:
//
//     origin 7   1 2 3 4 5 | 6 7 . 9       released[7] = 5; dots (7, 6), (7, 7), (7, 9) have lanes
//
// The lane and its bits are free for other updates then; the dot stays known, the replicas' hashes
// keep its sum, and vectors on the wire name it.
//
// What never leaves a scope, the reports of an edge (mesh/tiers.h), lies in a table of that scope's
// own, so that scopes do not share lanes for it. Its lanes stand first in a replica:
//
//     replica's lanes   words [0, local_words)         locals[home scope]: what stays at home
//                       words [local_words, words)     the shared table: all that travels
//
// Local dots have origins of their own, node + MESH_NODE_MAX: both streams have no gaps, and a dot
// tells its table. Lanes of rows, writes and reservations count from 0 in each table; words of
// replicas, messages and records count in the replica. Of local updates the newest of an origin is
// its state: when it is released it is kept by itself, for whoever is to know all states from then
// on.

#ifndef MESH_TABLE_H
#define MESH_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESH_LANE_NONE UINT32_MAX
#define MESH_SIGNATURE_BYTES 64
#define MESH_VALUE_BYTES_MAX 65535
#define MESH_SIZE_BITS 17      // of wire_bytes
#define MESH_OPENING_BYTES 6u  // of an entry: an origin of 4 bytes, twice 1
// What a table that weighs keeps of each lane beside its row, in bits: sizes, standing, lesson.
#define MESH_SIZE_PLANES (MESH_SIZE_BITS + 2 + 8 * (uint32_t)sizeof(struct mesh_lesson))

struct mesh_dot {
    uint32_t origin;    // node that wrote it
    uint32_t sequence;  // the origin's count of its own writes, from 1
};

// What an update does to the CRDT named `key` (mesh/crdt.h). The numbers travel.
enum mesh_update_type {
    MESH_LWW_SET = 1,      // the register takes `value`
    MESH_G_INCREMENT = 2,  // the counter grows by `amount`
    MESH_PN_ADD = 3,       // the counter changes by `change`
    MESH_SET_ADD = 4,      // `value`, here and below: the dots replaced, the element
    MESH_SET_REMOVE = 5,   // the dots removed
    MESH_MAP_PUT = 6,      // the name, its value
    MESH_MAP_REMOVE = 7,   // the name
    MESH_REPORT = 8,       // an agent's report; the key is its edge
    MESH_ROW = 9,          // a relay's sum of its edge's reports; the key is the edge
    MESH_TOTAL = 10,       // a coordinator's total
};

// One row. 64 bytes.
struct mesh_update {
    struct mesh_dot dot;
    uint64_t clock;    // hybrid logical clock of the write (mesh/crdt.h)
    uint64_t hash[2];  // of all that is said here but the links; both zero: not written yet
    union {
        uint64_t amount;       // G_INCREMENT, >= 1
        int64_t change;        // PN_ADD, not 0; the same bits as amount
        const uint8_t *value;  // the others: value_bytes of the driver's memory
    };
    uint32_t key;
    uint32_t wire_bytes;     // what the encoder needs for it, signature included
    uint32_t previous_lane;  // of dot (origin, sequence - 1), or MESH_LANE_NONE
    uint32_t next_lane;      // of dot (origin, sequence + 1), or MESH_LANE_NONE
    uint16_t value_bytes;
    uint8_t type;    // enum mesh_update_type
    uint8_t again;   // 1: a further value of its dot, outside the chain of its origin
    bool contested;  // its dot has more values than one
    bool forged;     // its signature is wrong: a fact in a simulation, while the decoder of a live
                     // node refuses such an update (mesh/guard.h)
    uint8_t zero[2];
};
_Static_assert(sizeof(struct mesh_update) == 64, "a row is a cache line");

// What a replica reads of a row when it learns the update.
struct mesh_lesson {
    uint64_t hash[2];
    uint64_t clock;
};

struct mesh_table {
    struct mesh_update *updates;  // [lane_capacity]
    uint8_t *signatures;          // [lane_capacity][MESH_SIGNATURE_BYTES], or NULL when unsigned
    uint32_t *index;              // [index_capacity] open addressing by dot, or NULL: lookups scan
    uint32_t index_capacity;      // a power of two, at least twice lane_capacity
    uint32_t lane_capacity;
    uint32_t lane_count;  // lanes handed out so far: [0, lane_count)
    uint32_t free_count;  // of them, released and not handed out again
    uint32_t free_first;  // a list through their next_lane
    uint32_t contested;   // rows that share their dot with another
    uint32_t *released;   // [origin_count] released writes of each origin; NULL: none ever is
    uint32_t origin_count;
    uint32_t released_origins;  // how many have any
    uint32_t released_bytes;    // of their entries in a vector, if nothing follows them
    // Sums of sizes without going from row to row (mesh_table_weigh).
    uint64_t *sizes;  // [MESH_SIZE_BITS][lane_capacity / 64] plane b: lanes whose wire_bytes differ
                      // in bit b from size_first; NULL: not kept
    uint32_t size_first;   // wire_bytes of the first row ever filled; 0: none was
    uint32_t size_varies;  // bits in which any row differed
    // Planes behind those: what learning a lane does to the size of a vector (vector.h).
    uint64_t *continuing;  // lanes that go on what is released of their origin, for nothing
    uint64_t *opening;     // lanes that are the first of their origin, MESH_OPENING_BYTES each
    // Behind those, of rows that are filled, what every replica reads that learns them: many lie in
    // a cache line here.
    struct mesh_lesson *lessons;  // [lane_capacity]
    // What the driver has folded released updates into, as a snapshot carries it (mesh/wire.h).
    const uint8_t *base;  // NULL: only its size is known, and snapshots are not encoded
    uint32_t base_bytes;
    // The table of one live node that is joining: it takes over what a snapshot says is released,
    // and the snapshot's base.
    bool adopts;
    // Sections. Of the shared table:
    struct mesh_table *const *locals;  // [scope_count], NULL where nothing stays at home; or NULL
    uint32_t local_words;              // of each local table, and in front in each replica
    // Of a local table:
    uint32_t origin_first;  // of the origins that may be released, MESH_NODE_MAX + a node
    struct mesh_update
        *last;             // [origin_count] of each origin the newest that was released; sequence
                           // 0: none was. NULL: what is released is gone
    uint8_t *last_values;  // [origin_count][last_value_bytes]
    uint8_t *last_signatures;   // [origin_count][MESH_SIGNATURE_BYTES], or NULL when unsigned
    uint32_t last_value_bytes;  // no value takes more
    uint32_t last_bytes;        // of all these, on the wire and without their dots
    uint64_t released_hash[2];  // sum of the hashes of what was released
};

// Takes memory of the driver's; `index` and `signatures` may be NULL. Clears `updates` and `index`.
void mesh_table_init(struct mesh_table *table, struct mesh_update *updates, uint32_t lane_capacity,
                     uint32_t *index, uint32_t index_capacity, uint8_t *signatures);

// From now on updates of origins origin_first .. origin_first + origin_count - 1 may be released.
// Clears `released`.
void mesh_table_permit_release(struct mesh_table *table, uint32_t *released, uint32_t origin_count);

// Moves the rows into larger memory, cleared before; the old is the driver's again. Lanes stay.
void mesh_table_move(struct mesh_table *table, struct mesh_update *updates, uint32_t lane_capacity,
                     uint32_t *index, uint32_t index_capacity, uint8_t *signatures);

// From now on the newest released update of each origin is kept, with its value and its signature.
// Takes memory of the driver's (struct mesh_table) and clears `last`; `signatures` may be NULL.
void mesh_table_keep_last(struct mesh_table *table, struct mesh_update *last, uint8_t *values,
                          uint32_t value_bytes, uint8_t *signatures);

// From now on the table adds up the sizes of many updates at once, and has its lessons apart. Takes
// memory of the driver's, MESH_SIZE_PLANES * lane_capacity / 64 words, and anew after each move.
// Not for a table that blocks which step in parallel share: a word of it is of 64 rows.
void mesh_table_weigh(struct mesh_table *table, uint64_t *sizes);

// Enters the wire_bytes of a row that was filled.
void mesh_table_enter_size(struct mesh_table *table, uint32_t lane);

// A lane for the update named `dot`, which is not released, linked to its origin's neighbours, or
// MESH_LANE_NONE when the table is full. The driver calls it while it owns the table alone.
uint32_t mesh_table_reserve(struct mesh_table *table, struct mesh_dot dot);

// The lane that would be handed out next, or MESH_LANE_NONE.
uint32_t mesh_table_next_lane(const struct mesh_table *table);

// Lanes that can still be handed out.
uint32_t mesh_table_room(const struct mesh_table *table);

// Frees the lane of the first write of its origin that is not released yet. Whoever calls it has
// seen to it that no bit of the lane is left anywhere (mesh/release.h).
void mesh_table_release(struct mesh_table *table, uint32_t lane);

// Takes it from elsewhere that the first `count` writes of `origin` are released, if that is more
// than the table knew. Their lanes, if any, stay.
void mesh_table_adopt(struct mesh_table *table, uint32_t origin, uint32_t count);

// Keeps this update as the last that was released of its origin, if the table keeps them.
// `signature` may be NULL.
void mesh_table_keep(struct mesh_table *table, const struct mesh_update *update,
                     const uint8_t *signature);

// The lane of the update with this dot and hash, or MESH_LANE_NONE. With hash NULL: the first lane
// reserved for the dot.
uint32_t mesh_table_find(const struct mesh_table *table, struct mesh_dot dot,
                         const uint64_t hash[2]);

// The lane of another value of this dot, behind `lane`, which is one of its lanes or MESH_LANE_NONE
// for the first; MESH_LANE_NONE: there are no more.
uint32_t mesh_table_next_value(const struct mesh_table *table, struct mesh_dot dot, uint32_t lane);

// Whether some value of the dot is among these lanes of the table's, [words].
bool mesh_table_has_value(const struct mesh_table *table, struct mesh_dot dot,
                          const uint64_t *lanes, uint32_t words);

// Whether an update of this type carries bytes; the others carry an amount.
static inline bool mesh_update_has_value(uint8_t type)
{
    return type != MESH_G_INCREMENT && type != MESH_PN_ADD;
}

// Released writes of an origin.
static inline uint32_t mesh_table_released(const struct mesh_table *table, uint32_t origin)
{
    uint32_t index = origin - table->origin_first;
    return table->released_origins > 0 && index < table->origin_count ? table->released[index] : 0;
}

// Whether this lane holds the first write of its origin that is not released.
static inline bool mesh_table_is_next(const struct mesh_table *table, uint32_t lane)
{
    const struct mesh_update *update = &table->updates[lane];
    return update->again == 0 &&
           update->dot.sequence == mesh_table_released(table, update->dot.origin) + 1;
}

// The table of what stays in this scope, or NULL.
static inline struct mesh_table *mesh_table_local(const struct mesh_table *shared, uint32_t scope)
{
    return shared->locals == NULL ? NULL : shared->locals[scope];
}

static inline bool mesh_dot_equal(struct mesh_dot a, struct mesh_dot b)
{
    return a.origin == b.origin && a.sequence == b.sequence;
}

#endif
