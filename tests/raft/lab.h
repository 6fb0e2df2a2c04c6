// SPDX-License-Identifier: GPL-3.0-or-later
// A group of Raft servers to experiment on: a driver of the core with a network, disks and clocks
// of its own, of which a schedule crashes, cuts, slows and repeats whichever it likes.
//
//     settings, seed --> lab --events in the order of (time, number)--> mesh_step
//                         |                                                |
//                         +-- network: latency, loss, copies, cuts  <-- SEND
//                         +-- disk: one write, latency, torn writes <-- PERSIST
//                         +-- state machine: a chain of hashes      <-- COMMIT, RESTORE
//                         +-- properties.h looks on after every step
//                         +-- story.h tells what happened, if somebody listens
//
// Every step runs in the smallest buffers that mesh_output_bound permits. A crash loses what was
// not on the disk; of the write under way some beginning may have arrived. Messages travel as they
// are, or as bytes.

#ifndef RAFT_LAB_H
#define RAFT_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../core/dice.h"
#include "mesh/bridges.h"
#include "mesh/raft.h"

#define LAB_SERVERS_MAX 8
#define LAB_READS_MAX 4096
#define LAB_US UINT64_C(1000)
#define LAB_MS UINT64_C(1000000)
#define LAB_SNAPSHOT_BYTES 100

struct lab;
typedef void lab_call(struct lab *lab, uint32_t argument);

struct lab_settings {
    uint32_t servers;  // voters at the beginning
    uint32_t spares;   // further places in the roster, running, members of nothing
    uint64_t seed;
    bool pre_vote;
    bool check_quorum;
    bool promote;
    bool as_bytes;          // messages are encoded and decoded
    uint64_t heartbeat_ns;  // what is 0, here and below, gets a sensible value
    uint64_t election_ns_min;
    uint64_t election_ns_max;
    uint64_t latency_ns_min;
    uint64_t latency_ns_max;
    uint64_t disk_ns_min;  // both 0: writes are durable at once
    uint64_t disk_ns_max;
    uint32_t loss_percent;
    uint32_t copy_percent;    // of messages arrive twice
    uint32_t append_entries;  // in a message
    uint32_t log_capacity;
    uint32_t compact_every;  // entries applied since the last snapshot; 0: never
    uint32_t bridge_count;
    lab_call *on_leader;  // called when a server has become leader, or NULL
};

// A write under way, and what it brings.
struct lab_write {
    bool under_way;
    bool snapshot_too;
    uint32_t number;
    uint64_t term;
    uint32_t vote;
    bool forgot;
    uint64_t index_first;
    uint32_t count;
    struct mesh_raft_snapshot snapshot;
    uint8_t snapshot_data[LAB_SNAPSHOT_BYTES];
    uint64_t *entries;
};

struct lab_disk {
    uint64_t term;
    uint32_t vote;
    uint64_t last;
    struct mesh_raft_snapshot snapshot;
    uint8_t snapshot_data[LAB_SNAPSHOT_BYTES];
    uint64_t *entries;  // a ring like the core's
    bool forgot;
};

struct lab_server {
    bool up;
    uint32_t life;
    uint64_t paused_until_ns;
    uint64_t slow_until_ns;  // its disk takes 20 times as long
    struct lab_disk disk;
    struct lab_write write;
    uint64_t applied;  // of the state machine
    uint64_t digest;   // chained over what it applied
};

struct lab_read {
    uint64_t floor;  // what was known to be committed anywhere when it was asked
    bool open;
};

enum lab_event_kind { LAB_MESSAGE, LAB_TIMER, LAB_DISK, LAB_CALL };

struct lab_event {
    uint64_t time_ns;
    uint64_t number;  // of events so far: the order at one instant
    enum lab_event_kind kind;
    uint32_t server;
    uint32_t life;      // TIMER, DISK: of the server they belong to
    uint64_t id;        // TIMER, DISK: number
    uint64_t *message;  // MESSAGE: its words, or bytes
    uint32_t bytes;     // MESSAGE: 0 if it travels as it is
    lab_call *call;     // CALL
};

struct properties;
struct story;

struct lab {
    struct lab_settings settings;
    struct mesh_config config;
    struct mesh_scope scope;
    struct mesh_raft_group group;
    uint32_t roster[LAB_SERVERS_MAX];
    uint32_t count;  // servers and spares
    struct mesh_table table;
    struct mesh_update updates[64];
    struct mesh_states states;
    uint64_t replicas[LAB_SERVERS_MAX][16];
    struct mesh_raft rafts[LAB_SERVERS_MAX];
    struct lab_server servers[LAB_SERVERS_MAX];
    struct mesh_output output;
    struct dice dice;
    uint64_t now_ns;
    struct lab_event *heap;
    uint32_t heap_count;
    uint32_t heap_capacity;
    uint64_t event_count;
    bool cut[LAB_SERVERS_MAX][LAB_SERVERS_MAX];  // from, to
    uint64_t latency_factor;                     // 1; more in a storm
    struct lab_read reads[LAB_READS_MAX];
    uint32_t read_count;
    uint64_t commands;
    uint64_t rejects;
    uint64_t answered;  // reads
    uint64_t restored;  // snapshots of another server
    uint64_t changed;   // entries of members applied
    bool done;          // somebody has seen enough
    void *context;      // of calls
    struct properties *properties;
    struct story *story;  // NULL: nobody listens
};

void lab_init(struct lab *lab, const struct lab_settings *settings);
void lab_finish(struct lab *lab);

// Runs until nothing happens before `until_ns`, which is then the time, or until `done`.
void lab_run(struct lab *lab, uint64_t until_ns);

// Calls back at that time.
void lab_at(struct lab *lab, uint64_t time_ns, lab_call *call, uint32_t argument);

// ---- What may be done to a server ----

void lab_start(struct lab *lab, uint32_t server);
void lab_crash(struct lab *lab, uint32_t server);
void lab_lose_disk(struct lab *lab, uint32_t server);  // of one that is down
void lab_propose(struct lab *lab, uint32_t server);
void lab_read(struct lab *lab, uint32_t server);
void lab_change(struct lab *lab, uint32_t server, uint32_t node, enum mesh_raft_change_kind kind);
void lab_transfer(struct lab *lab, uint32_t server, uint32_t node);
void lab_heal(struct lab *lab);  // no cuts, no storm, no pauses

// ---- What may be seen ----

// The one that leads the highest term, or MESH_NODE_NONE.
uint32_t lab_leader(const struct lab *lab);

// Any server that believes it leads, else any: where a client would turn to.
uint32_t lab_somebody(struct lab *lab);

#endif
