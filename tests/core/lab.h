// SPDX-License-Identifier: GPL-3.0-or-later
// A mesh small enough to read: a driver of the core whose network is a list of messages in flight,
// of which the test delivers, repeats or loses whichever it likes. Everything becomes a story:
//
//       1 ms  A writes A1: persists A1, learns A1
//       2 ms  A ticks: sends OPEN {A1} to B
//       3 ms  B hears OPEN {A1} from A: learns A1
//
// Every step runs in the smallest buffers that mesh_output_bound permits and is checked for what
// must always hold: replicas only grow, hashes are the sums they claim to be, what is learnt is
// delivered once, messages say what their sender holds and are as long as their encoding.
//
// With own_tables every node has a table of its own and messages travel as bytes, as between real
// agents; otherwise all share one table and messages travel as they are, as in a simulation.

#ifndef LAB_H
#define LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dice.h"
#include "mesh/step.h"

#define LAB_KEYS_MAX 8
#define LAB_NODES_MAX 8
#define LAB_WRITES_MAX 256
#define LAB_MS UINT64_C(1000000)

struct lab_settings {
    enum mesh_mode mode;
    enum mesh_schedule schedule;
    struct mesh_rumor rumor;  // k 0 becomes 1
    uint32_t nodes;           // 0 becomes 2
    uint32_t fanout;          // 0: everyone else
    uint32_t update_limit;    // 0 becomes 100
    uint32_t words;           // 0 becomes 1
    uint32_t signature_bytes;
    uint64_t seed;
    bool own_tables;
};

struct lab_flight {
    uint32_t target;
    struct mesh_message *message;  // the sender's, in the sender's lanes
    const uint8_t *bytes;          // own_tables only
};

// What the user wrote, as the test remembers it.
struct lab_write {
    struct mesh_dot dot;
    uint64_t time_ns;
    uint64_t amount;
    uint32_t key;
    enum mesh_update_type type;
    uint8_t value[8];
};

struct lab {
    struct mesh_config config;
    struct mesh_scope scope;
    struct mesh_table tables[LAB_NODES_MAX];
    struct mesh_states all;                    // every replica; not with own_tables
    struct mesh_states states[LAB_NODES_MAX];  // one replica each
    bool own_tables;
    uint64_t now_ns;                   // moves on by step_ns before every event
    uint64_t step_ns;                  // 1 ms unless the test says otherwise
    uint64_t ahead_ns[LAB_NODES_MAX];  // by which a node's clock is fast
    uint64_t ticks[LAB_NODES_MAX];
    struct lab_flight *flights;  // in the order in which they were sent
    uint32_t flight_count;
    uint32_t flight_capacity;
    struct lab_write writes[LAB_WRITES_MAX];
    uint32_t write_count;
    uint32_t released[LAB_NODES_MAX][LAB_NODES_MAX];  // of each table: writes of each origin
    uint32_t released_count;
    uint64_t released_hash[2];    // sum over what was released
    uint64_t base[LAB_KEYS_MAX];  // what released increments add up to
    char *story;
    size_t story_bytes;
    size_t story_capacity;
    void **memory;  // what is freed at the end
    size_t memory_count;
};

void lab_init(struct lab *lab, struct lab_settings settings);
void lab_finish(struct lab *lab);

// A 128-bit hash for mesh_config.
void lab_hash(void *context, const void *bytes, size_t count, uint64_t out[2]);

// Zeroed memory that lives as long as the lab.
void *lab_memory(struct lab *lab, size_t bytes);

// The user of `node` adds `amount` to the counter `key`, or writes a value to the register `key`.
void lab_increment(struct lab *lab, uint32_t node, uint32_t key, uint64_t amount);
void lab_set(struct lab *lab, uint32_t node, uint32_t key, const uint8_t value[8]);

void lab_tick(struct lab *lab, uint32_t node);

// `node` loses all it holds, and with own_tables its table and what it has sent, and asks `peer`
// for a snapshot. Its count of writes stays.
void lab_join(struct lab *lab, uint32_t node, uint32_t peer);

// Releases a random part of what is settled. Returns how many.
uint32_t lab_release(struct lab *lab, struct dice *dice);

// Message `index` of those in flight arrives (and flies on, if `again`), or is lost.
void lab_deliver(struct lab *lab, uint32_t index, bool again);
void lab_lose(struct lab *lab, uint32_t index);

// Delivers in the order of sending until nothing is in flight, or loses all of it.
void lab_settle(struct lab *lab);
void lab_lose_all(struct lab *lab);

// `node` hears a message that nobody sent.
void lab_hear(struct lab *lab, uint32_t node, const struct mesh_message *message);

const struct mesh_replica *lab_replica(const struct lab *lab, uint32_t node);
uint64_t lab_plane(const struct lab *lab, uint32_t node, uint32_t word, enum mesh_plane which);
bool lab_holds(const struct lab *lab, uint32_t node, struct mesh_dot dot);
uint32_t lab_held_count(const struct lab *lab, uint32_t node);

// Whether a message of this kind has a second set of lanes.

// Forgets what was told so far.
void lab_tell_anew(struct lab *lab);
__attribute__((format(printf, 2, 3))) void lab_tell(struct lab *lab, const char *format, ...);

// Fails the test with both stories unless this one is as told in `expected`.
void lab_expect_story(const struct lab *lab, const char *expected);

// lab_story.c: the line of a step; lab_check.c: what must hold after it.
void lab_tell_step(struct lab *lab, const struct mesh_event *event,
                   const struct mesh_output *output);
void lab_check_step(const struct lab *lab, const struct mesh_event *event,
                    const struct mesh_output *output, const uint64_t *have_before);

#endif
