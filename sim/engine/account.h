// SPDX-License-Identifier: GPL-3.0-or-later
// Who pays for what: connections between nodes, and what hosts do for their nodes (private to this
// folder).
//
//     a copy is sent      sim_account_dial        is there a connection? else handshake, waiting
//     a message is sent   sim_account_send        the source's host
//     it is received      sim_account_receive     the target's host; its node knows the connection
//     updates, rows new   sim_account_deliver     signed where written, verified elsewhere
//     a window ends       sim_account_window      limits of hosts, rotations, the second's peaks
//
// Certificates and keys are new at the start; node n's change at k * period + phase of n, k >= 1.
// Connections are made anew at the end of the window in which that falls, beside those in use, so
// no message waits.

#ifndef SIM_ACCOUNT_H
#define SIM_ACCOUNT_H

#include "connections.h"
#include "engine.h"

struct sim_block;
struct sim_worker;

#define SIM_ROTATION_COUNT 2  // of certificates, of keys

// Node and phase, by phase; made when the first falls due.
struct sim_rotation {
    struct sim_due *dues;  // [node_count]
    uint64_t period_ns;    // 0: none
    uint64_t turn_ns;      // when the current turn began
    uint32_t cursor;       // those before it have changed in this turn
};

// Where nodes stand in scopes, node after node: made when warm connections are first renewed.
struct sim_standing {
    uint32_t scope;
    uint32_t place;  // among the members; UINT32_MAX: the members call it
};

struct sim_account {
    bool connects;  // the transport has connections
    bool cold;      // `connections` is in use
    struct sim_connections connections;
    struct sim_rotation rotations[SIM_ROTATION_COUNT];
    uint32_t *standing_starts;  // [node_count + 1] of node n: standings[standing_starts[n]] ...
    struct sim_standing *standings;  // in the order of the scopes
    uint32_t host_count;             // 0: nobody asked
    struct sim_host_use *uses;  // [host_count]; what was done since `since_ns` the workers have
    uint64_t since_ns;
    uint64_t counted_ns;  // in `uses`
    struct sim_shrinking shrinking;
};

void sim_account_init(struct sim_engine *engine);
void sim_account_finish(struct sim_engine *engine);

// How long the copy waits for its connection.
uint64_t sim_account_dial(struct sim_worker *worker, const struct mesh_message *message,
                          uint32_t target, enum sim_pair_class pair);

// `copies` of which `inside` stay on the source's host.
void sim_account_send(struct sim_worker *worker, const struct mesh_message *message,
                      const struct sim_carriage *carriage, uint32_t copies, uint32_t inside);

// `messages` of these, whose `copies` all stay inside.
void sim_account_send_inside(struct sim_worker *worker, const struct mesh_message *message,
                             const struct sim_carriage *carriage, uint64_t messages,
                             uint64_t copies);

void sim_account_receive(struct sim_worker *worker, const struct sim_block *block,
                         const struct mesh_event *event);

// Charges the block's only host with what the worker has added up in `inside`.
void sim_account_charge(struct sim_worker *worker, const struct sim_block *block);

// Copies that arrive without being handled: broken ones cost the target's host as if they were
// whole, in the second they were sent; digests of a quiet part.
void sim_account_take_in(struct sim_worker *worker, const struct mesh_message *message,
                         uint32_t target, uint64_t copies);

void sim_account_deliver(struct sim_worker *worker, const struct sim_block *block,
                         const struct mesh_event *event, uint32_t count);

// The second ends with the first window that ends then or later.
uint64_t sim_account_due_ns(const struct sim_engine *engine);

// Whether a second ends in this window.
bool sim_account_is_due(const struct sim_engine *engine, uint64_t time_ns);

void sim_account_window(struct sim_engine *engine, uint64_t time_ns);

// At the end of the run: what is left of the last second.
void sim_account_end(struct sim_engine *engine, uint64_t time_ns);

// The longest that a copy can be under way, without what channels add.
uint64_t sim_account_transit_ns(const struct sim_network *network);

#endif
