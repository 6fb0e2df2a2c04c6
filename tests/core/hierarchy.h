// SPDX-License-Identifier: GPL-3.0-or-later
// A small hierarchy whose network is a list of messages in flight, as in lab.h.
//
//     nodes    agents, edge by edge | aggregators | coordinators
//     scopes   edges                | aggregators, who call coordinators | coordinators | links
//
// The first agents of an edge are its relays. After every step it is checked that
//   - a row is the sum of what its relay had been told when it made it, whoever holds it;
//   - messages outside an edge carry and name no report, and no row goes down or aside to a peer
//     that is not a coordinator;
//   - messages are as long as their encoding.

#ifndef HIERARCHY_H
#define HIERARCHY_H

#include "dice.h"
#include "mesh/tiers.h"

struct hierarchy_settings {
    uint32_t regions;
    uint32_t aggregators_per_region;
    uint32_t edges_per_aggregator;
    uint32_t agents_per_edge;
    uint32_t relays_per_edge;
    uint32_t coordinators;
    uint32_t update_limit;
    uint32_t shared_words;
    uint32_t local_words;
    enum mesh_mode mode;  // of the edges
    enum mesh_schedule schedule;
    uint64_t seed;
};

struct hierarchy_flight {
    uint32_t target;
    const struct mesh_message *message;
};

// What the test remembers of a row when it was made.
struct hierarchy_row {
    struct mesh_sums sums;
    uint64_t clock;
    uint32_t edge;
    uint32_t relay;
    uint32_t reports;
};

struct hierarchy {
    struct hierarchy_settings settings;
    uint32_t edges;
    uint32_t agents;
    uint32_t aggregators;
    uint32_t nodes;
    uint32_t words;
    struct mesh_tiers tiers;
    struct mesh_config config;
    struct mesh_scope *scopes;
    struct mesh_table table;
    struct mesh_table *locals;         // [edges]
    struct mesh_table **local_tables;  // [scope_count]
    struct mesh_states states;
    uint64_t *has_role;
    uint16_t *home;            // [nodes]
    uint64_t *ticks;           // [nodes]
    uint32_t *report_count;    // [agents] reports written
    struct mesh_report *said;  // [agents] the last of them
    uint32_t *told_count;      // [agents * agents_per_edge] of whose report each agent knows which
    struct mesh_report *told;  // the same
    struct hierarchy_row *rows;  // rows made
    uint32_t row_count;
    uint32_t row_capacity;
    struct hierarchy_flight *flights;
    uint32_t flight_count;
    uint32_t flight_capacity;
    uint64_t now_ns;
    uint64_t sent[MESH_MESSAGE_KIND_COUNT];  // messages, copies counted
    uint32_t rejects;
    enum mesh_reject last_reject;
    uint32_t released;
    struct mesh_output output;
    void **memory;
    size_t memory_count;
};

void hierarchy_init(struct hierarchy *hierarchy, struct hierarchy_settings settings);
void hierarchy_finish(struct hierarchy *hierarchy);
void *hierarchy_memory(struct hierarchy *hierarchy, size_t bytes);

// Events.
void hierarchy_report(struct hierarchy *hierarchy, uint32_t agent, struct mesh_report report);
void hierarchy_write(struct hierarchy *hierarchy, uint32_t node, uint64_t amount);
void hierarchy_tick(struct hierarchy *hierarchy, uint32_t node, uint32_t scope);
void hierarchy_join(struct hierarchy *hierarchy, uint32_t node, uint32_t peer);
void hierarchy_hear(struct hierarchy *hierarchy, uint32_t node, const struct mesh_message *message);

// All scopes of a node tick.
void hierarchy_tick_all_scopes(struct hierarchy *hierarchy, uint32_t node);

// Message `index` arrives, and flies on if `again`; or is lost.
void hierarchy_deliver(struct hierarchy *hierarchy, uint32_t index, bool again);
void hierarchy_lose(struct hierarchy *hierarchy, uint32_t index);

// Everyone ticks and all messages arrive, in the order of sending, `rounds` times.
void hierarchy_settle(struct hierarchy *hierarchy, uint32_t rounds);

// Releases all that is settled, of all tables.
void hierarchy_release(struct hierarchy *hierarchy);

uint32_t hierarchy_aggregator(const struct hierarchy *hierarchy, uint32_t index);
uint32_t hierarchy_coordinator(const struct hierarchy *hierarchy, uint32_t index);

// What the last reports of all agents add up to.
struct mesh_total hierarchy_truth(const struct hierarchy *hierarchy);
struct mesh_total hierarchy_total_of(const struct hierarchy *hierarchy, uint32_t node);

// Fails unless all coordinators have rows of, and all nodes have heard, the same total as this.
void hierarchy_expect_total(const struct hierarchy *hierarchy, const struct mesh_total *total);

bool hierarchy_totals_equal(const struct mesh_total *a, const struct mesh_total *b);

// The sum over the updates that a node holds or knows to be released, of what travels or of all.
void hierarchy_hash(const struct hierarchy *hierarchy, uint32_t node, bool all, uint64_t hash[2]);

#endif
