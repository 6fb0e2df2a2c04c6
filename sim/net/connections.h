// SPDX-License-Identifier: GPL-3.0-or-later
// Cold connections: which pairs of nodes have one, and what making one takes.
//
//      A                                  B
//      | ~~~~~~~~~ handshake ~~~~~~~~~~~> |   A's first message waits for it, others with it
//      | ---- first message ------------> |   B knows the connection from here on, and uses it, too
//      | <--------- answer -------------- |
//      .     idle_timeout_ns without a message: gone at both ends, each by its own count
//      | ~~~~~~~~~ resumed ~~~~~~~~~~~~~> |   A has a ticket from before; B, who never dialled, not
//
// Every node has a table of its peers that only its own events change: what it sends, and what it
// receives. A node's events come in the order of their times under either queue and on any number
// of threads, so who pays for a handshake never depends on what other nodes were handled first. Two
// nodes that dial one another at the same time make two handshakes, as real ones do.
//
// What a host's nodes share is settled at the ends of windows, when all of them stand still: a host
// with more than max_per_host connections closes those used least recently (then: of the lower
// node, to the lower peer) until a sixteenth of them is free, as connection managers do between
// their marks; they are gone at both ends. A handshake's packets have latencies of their own from
// the pair's link, and are not lost.

#ifndef SIM_CONNECTIONS_H
#define SIM_CONNECTIONS_H

#include "network.h"

// Bytes of tables that a run may need at most.
#define SIM_PAIR_BYTES_MAX (UINT64_C(4) << 30)

// Purposes of draws: a node's phases of rotation, a handshake's first and second round trip.
enum {
    SIM_DRAW_ROTATION = MESH_DRAW_DRIVER + 96,
    SIM_DRAW_HANDSHAKE = MESH_DRAW_DRIVER + 100,
};
_Static_assert(64 + MESH_MESSAGE_KIND_COUNT <= 96,
               "a purpose for what each kind draws of a channel");

struct sim_peer {
    uint64_t used_ns;  // last message; of one being made when it will be, of a closed one when it
                       // was closed
    uint32_t peer;     // 1 + node; 0: an empty place
    uint8_t open;      // it may have been idle for too long all the same
    uint8_t ticket;    // of an earlier connection that this end dialled
    uint16_t zero;
};
_Static_assert(sizeof(struct sim_peer) == 16, "pair memory is counted in these");

struct sim_peers {
    struct sim_peer *places;  // [1 << bits], open addressing; NULL: none yet
    uint32_t bits;
    uint32_t count;
    uint32_t open;  // with `open` set
};

struct sim_connections {
    const struct sim_network *network;
    struct sim_peers *nodes;  // [node_count]
    uint32_t node_count;
    uint32_t host_count;
    uint32_t *host_open;    // [host_count], for settling
    uint32_t *host_starts;  // [host_count + 1] host h's nodes: host_nodes[host_starts[h]] ...
    uint32_t *host_nodes;   // [node_count]
};

// What the tables of `node_count` nodes take when each comes to know `peers` others.
uint64_t sim_connections_bytes(uint32_t node_count, uint64_t peers);

void sim_connections_init(struct sim_connections *connections, const struct sim_network *network,
                          uint32_t node_count);
void sim_connections_finish(struct sim_connections *connections);

// `message` goes to `target`: returns how long it waits for a connection, and how that one is made.
uint64_t sim_connections_send(struct sim_connections *connections,
                              const struct mesh_message *message, uint32_t target,
                              enum sim_pair_class pair, enum sim_handshake_kind *handshake);

// `message` came to `node` at `time_ns`.
void sim_connections_hear(struct sim_connections *connections, const struct mesh_message *message,
                          uint32_t node, uint64_t time_ns);

// Closes what hosts have too many of. At the end of a window.
void sim_connections_settle(struct sim_connections *connections, uint64_t time_ns);

// The node crashed: its connections are gone, at both ends, and the tickets it has and gave are
// void. At the end of a window.
void sim_connections_drop(struct sim_connections *connections, uint32_t node, uint64_t time_ns);

// Connections that `node` has at `time_ns`.
uint32_t sim_connections_count(const struct sim_connections *connections, uint32_t node,
                               uint64_t time_ns);

// A node's certificate changed: the tickets it has and gave are void. Calls `renew` for every
// connection it has, which it makes anew beside the old one. At the end of a window.
void sim_connections_rotate(struct sim_connections *connections, uint32_t node, uint64_t time_ns,
                            void (*renew)(void *context, uint32_t node, uint32_t peer),
                            void *context);

#endif
