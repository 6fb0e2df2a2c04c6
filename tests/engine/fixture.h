// SPDX-License-Identifier: GPL-3.0-or-later
// Meshes described in a few words, run by either queue, and what came of them.
//
//     struct shape --> world_build --> struct world --> world_run(queue) --> struct outcome
//                                        |                                     changes, counters,
//                                        +-- a test may alter it first         fingerprint ...

#ifndef ENGINE_FIXTURE_H
#define ENGINE_FIXTURE_H

#include "engine.h"
#include "state.h"

#define MS UINT64_C(1000000)
#define US UINT64_C(1000)
#define HOSTS_MAX 16
#define FAULTS_MAX 8

// Zeroes mean: see world_build.
struct shape {
    const char *name;
    uint32_t nodes;
    enum mesh_mode mode;
    enum mesh_schedule schedule;
    struct mesh_rumor rumor;        // k 0: 1
    enum mesh_selection selection;  // the hosts' nodes are the groups; 80 % bias
    uint32_t fanout;                // 0: 3
    uint32_t update_limit;          // 0: 1000
    uint64_t interval_ns;           // 0: 100 ms
    struct sim_latency latency;
    // Of the other classes, when their maximum is not 0; `latency` is that of one host then.
    struct sim_latency between_hosts;
    uint32_t hosts;  // nodes are dealt to them in order; two hosts a zone, two zones a region. 0: 1
    uint32_t loss_percent;
    uint32_t duplicate_percent;
    uint32_t writes;
    uint64_t first_write_ns;
    uint64_t write_every_ns;
    bool one_writer;  // node 1 writes all; else node 7 i mod nodes writes update i
    bool two_scopes;  // the even nodes form a second scope, that pushes at 3/4 of the interval
    bool two_homes;   // two meshes, of which each has half of the nodes
    bool tls;
    uint32_t carrier;  // 1 + enum sim_transport; 0: UDP
    uint64_t warmup_ns;
    uint64_t until_ns;  // 0: 500 ms
    uint64_t seed;
    struct sim_connection_settings connections;
    struct sim_channel_settings channel;
    uint32_t cores;                  // of each host; 0: as many as it takes
    const struct sim_fault *faults;  // [fault_count], whose selections are of nodes, by number
    uint32_t fault_count;
};

struct world {
    struct sim_network_settings settings;
    struct mesh_scope scopes[2];
    uint32_t *members;  // of the second scope
    struct mesh_config mesh;
    struct sim_network network;
    uint32_t *host_of;
    struct sim_host *hosts;
    uint32_t *group_starts;
    struct sim_write *writes;
    uint32_t write_count;
    uint32_t node_count;
    uint64_t warmup_ns;
    uint64_t until_ns;
    // Called after every window unless NULL.
    void (*watch)(void *context, struct sim_engine *engine, uint64_t time_ns);
    // Called with every message that is sent unless NULL.
    void (*read)(void *context, const struct mesh_table *table, const struct mesh_message *message,
                 uint32_t copies);
    void *watch_context;
    bool unobserved;  // no observer at all
    uint32_t lanes_start;
    uint32_t threads;
    uint32_t block_nodes;
    bool executes_all;
    bool deals;
    uint64_t memory_bytes;
    struct sim_faulting faulting;
};

// A change as it was observed; the message's fields are zero for a write.
struct observed {
    uint64_t time_ns;
    uint64_t lanes;
    uint64_t sent_ns;
    uint32_t word;
    uint32_t node;
    uint32_t source;
    uint32_t sequence;
    uint32_t kind;
    uint32_t zero;  // observations are compared as bytes
};
_Static_assert(sizeof(struct observed) == 48, "no padding");

// An update that became known to a node; in the order of (time, node, write).
struct arrival {
    uint64_t time_ns;
    uint32_t node;
    uint32_t write;  // index in the list of writes
    uint32_t source;
    uint32_t sequence;
};
_Static_assert(sizeof(struct arrival) == 24, "no padding");

struct outcome {
    uint64_t fingerprint;
    uint64_t events;
    uint64_t reached_ns;
    uint64_t replicas_hash;  // of all that the replicas hold at the end
    uint64_t heads_hash;     // of their heads alone, which know nothing of lanes
    uint32_t lane_capacity;  // of the table at the end
    uint32_t released;       // updates that gave back their lanes
    struct sim_error failure;
    struct sim_counters counters[MESH_MESSAGE_KIND_COUNT][SIM_PAIR_CLASS_COUNT];
    struct sim_engine_latency latencies[SIM_PAIR_CLASS_COUNT];
    struct sim_host_use hosts[HOSTS_MAX];
    uint64_t counted_ns;
    struct sim_waiting waiting;
    uint64_t in_flight[MESH_MESSAGE_KIND_COUNT];
    uint64_t checkpoint_fingerprint;  // of the last checkpoint
    uint32_t checkpoint_count;
    struct observed *changes;
    uint32_t change_count;
    uint32_t change_capacity;
    struct sim_transition *transitions;
    uint32_t transition_count;
    uint32_t transition_capacity;
    uint32_t silenced;
    uint32_t unwritten;  // for want of a majority
    struct sim_swim_note *swim_notes;
    uint32_t swim_note_count;
    uint32_t swim_note_capacity;
    struct sim_fault_count fault_counts[FAULTS_MAX];
    struct arrival *arrivals;
    uint32_t arrival_count;
    uint32_t arrival_capacity;
};

void world_build(struct world *world, const struct shape *shape);
void world_finish(struct world *world);

void world_run(const struct world *world, enum sim_queue queue, struct outcome *outcome);
void outcome_finish(struct outcome *outcome);

// Builds, runs and finishes.
void shape_run(const struct shape *shape, enum sim_queue queue, struct outcome *outcome);

// The counters of a kind over all pair classes.
struct sim_counters outcome_sum(const struct outcome *outcome, enum mesh_message_kind kind);

// When `node` ticks first in `scope`: its phase, as the drawing of timers.h and random.h have it.
uint64_t phase_ns(const struct world *world, uint16_t scope, uint32_t node);

extern const char *const kind_names[MESH_MESSAGE_KIND_COUNT];

#endif
