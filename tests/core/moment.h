// SPDX-License-Identifier: GPL-3.0-or-later
// Two edges whose agents report, as they stand at some moment, and made-up events there.
//
//     words of a replica   | reports of its edge | shared, written | shared, never written |
//
//     an agent's reports   1 (2 3): whoever hears holds them, or not
//                          released 1 (2 3)
//
// The reports of the first edge are weighed (mesh_table_weigh), those of the second are not. One
// agent of the first may have a role, and who hears may be joining.

#ifndef MOMENT_H
#define MOMENT_H

#include "dice.h"
#include "mesh/step.h"
#include "mesh/summary.h"

enum {
    EDGES = 2,
    LINK = EDGES,  // scope between the agent with a role and another
    SCOPES,
    AGENTS_MAX = 300,  // of the first edge, whose reports are weighed
    OTHERS = 10,       // of the second, whose are not
    NODES = AGENTS_MAX + OTHERS,
    HEARERS = 8,  // of each edge: who hears what is made up
    REPORTS = 3,  // of an agent at most
    WORDS_MAX = 64,
    SHARED_MAX = 3,
    BATCH = 8,
    HEAD_WORDS = sizeof(struct mesh_message) / sizeof(uint64_t),
    MESSAGE_WORDS = HEAD_WORDS + MESH_SETS_MAX * WORDS_MAX + 1,  // and one behind
    REPLICA_WORDS = 4 + MESH_PLANES * WORDS_MAX + 2,
    OUTPUT_WORDS = 4 * BATCH * MESSAGE_WORDS,
    ROLE_WORDS = 3 + MESH_RECENT_PLANES * WORDS_MAX
};

// Where a step puts all that a batch can cause.
struct room {
    struct mesh_record records[8 * BATCH];
    uint32_t targets[8 * BATCH];
    struct mesh_news news[BATCH * WORDS_MAX];
    uint64_t messages[OUTPUT_WORDS];
};

struct moment {
    uint64_t seed;
    struct dice dice;
    uint32_t first;  // node
    uint32_t agents;
    uint32_t words;
    struct mesh_config config;
    struct mesh_scope scopes[SCOPES];
    uint32_t link[2];  // its caller, its callee
    struct mesh_table shared;
    struct mesh_table local[EDGES];
    struct mesh_table *locals[SCOPES];
    struct mesh_states states;
    uint64_t has_role[(NODES + 63) / 64];
    uint64_t role[ROLE_WORDS];
    uint64_t replicas[NODES * REPLICA_WORDS];
    uint32_t said[NODES];
    uint8_t values[NODES][REPORTS][MESH_REPORT_BYTES_MAX];
    uint64_t written[EDGES][WORDS_MAX];  // lanes that have rows
    struct mesh_update shared_rows[64 * SHARED_MAX];
    struct mesh_update rows[EDGES][64 * WORDS_MAX];
    uint32_t index[EDGES][128 * WORDS_MAX];
    uint32_t released[EDGES][NODES];
    uint64_t sizes[MESH_SIZE_PLANES * WORDS_MAX];
    struct room room;
};

struct batch {
    struct mesh_event events[BATCH];
    uint64_t messages[BATCH][MESSAGE_WORDS];
    uint32_t count;
    bool plain;  // the step looks whether its receipts are, for the first is of the first edge
};

// With all of the room.
struct mesh_output room_output(struct room *room);

void moment_init(struct moment *moment, uint64_t seed);

// `count` receipts of either edge, or now and then ticks.
void moment_roll_batch(struct moment *moment, uint32_t count, struct batch *batch);

// The same message without the last word of its sets, in memory for as many words.
struct mesh_message *moment_shorten(const struct mesh_message *message, uint64_t *words);

#endif
