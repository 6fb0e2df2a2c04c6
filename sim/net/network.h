// SPDX-License-Identifier: GPL-3.0-or-later
// Where nodes live and what lies between them: latency, loss, duplication, bytes on the wire.
//
//     region ---- zone ---- host ---- nodes          the nearest place two nodes share is their
//       us-east-1   1a        h0        0..249       pair class, and the class decides latency,
//                             h1        250..332     loss and (later) price
//                   1b        h2        333..582
//
// In a hierarchy the links between tiers are classes of their own, wherever the two nodes live.
//
// One-way latencies everywhere; nothing is multiplied behind the user's back. A message is lost,
// duplicated and delayed by draws keyed (kind, index, source, occasion), so what happens to it does
// not depend on what else is under way. Integers only.

#ifndef SIM_NETWORK_H
#define SIM_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "mesh/random.h"
#include "mesh/step.h"

// The nearest that applies. The names in files and tables are the lower-case ones without prefix.
enum sim_pair_class {
    SIM_SAME_HOST,
    SIM_SAME_ZONE,
    SIM_SAME_REGION,
    SIM_INTER_REGION,
    SIM_EDGE_AGGREGATOR,
    SIM_AGGREGATOR_COORDINATOR,
    SIM_PAIR_CLASS_COUNT
};

// What a host's nodes are. Hosts of different tiers are different hosts.
enum sim_tier { SIM_TIER_AGENT, SIM_TIER_AGGREGATOR, SIM_TIER_COORDINATOR };

enum sim_distribution { SIM_CONSTANT, SIM_UNIFORM };

// One-way delay. Constant: minimum_ns = maximum_ns. Uniform over [minimum_ns, maximum_ns).
struct sim_latency {
    enum sim_distribution distribution;
    uint64_t minimum_ns;
    uint64_t maximum_ns;  // below 2^40 (18 minutes)
};

// What carries a message; sizes in transport.c. UDP is bare datagrams.
enum sim_transport { SIM_TCP, SIM_QUIC, SIM_UDP };

#define SIM_PPB 1000000000u  // a probability of one, in parts per billion

// What the user decided about the network.
struct sim_network_settings {
    struct sim_latency latency[SIM_PAIR_CLASS_COUNT];
    uint32_t loss_ppb;       // a message is lost, <= SIM_PPB
    uint32_t duplicate_ppb;  // a message arrives twice, each copy with a latency of its own
    enum sim_transport transport;
    bool tls;
    bool batching;             // false: every update travels in a packet of its own
    uint32_t batch_size;       // updates in a message at most, 1 .. 65535
    uint32_t agents_per_host;  // >= 1
    uint32_t signature_bytes;  // 64 with security.signature_algo: ed25519, else 0
};

// The world as the event path reads it. Made once per run, then constant.
struct sim_host {
    uint16_t zone;  // counted over the whole world
    uint16_t region;
    uint16_t tier;  // enum sim_tier
};

struct sim_link {
    uint64_t minimum_ns;
    uint64_t span_ns;     // latency = minimum + draw * span / 2^64
    uint64_t loss_below;  // a 32-bit draw below it: lost; 2^32 loses everything
    uint64_t duplicate_below;
};

struct sim_network {
    uint64_t seed;
    const uint32_t *host_of;  // [nodes]
    const struct sim_host *hosts;
    struct sim_link links[SIM_PAIR_CLASS_COUNT];
    bool one_host;  // every node on one host: the class needs no look-up
    bool duplicates;
    uint32_t packet_bytes_max;       // payload of one packet
    uint32_t packet_overhead_bytes;  // headers and authentication tag of one packet
    uint32_t ack_bytes;              // what the receiver's transport answers per two packets
    bool packet_per_update;
    uint64_t latency_ns_min;  // over the pair classes that occur: the lookahead
    uint64_t latency_ns_max;
};

// Fills `network`. `host_of` and `hosts` stay the caller's; every node has a host, every host a
// node, and hosts are numbered zone by zone, region by region.
void sim_network_init(struct sim_network *network, const struct sim_network_settings *settings,
                      uint64_t seed, const uint32_t *host_of, uint32_t node_count,
                      const struct sim_host *hosts);

// How far apart two different hosts are. Agents and coordinators do not talk to each other.
static inline enum sim_pair_class sim_network_pair_of_hosts(const struct sim_host *from,
                                                            const struct sim_host *to)
{
    if (from->tier != to->tier) {
        return from->tier + to->tier == SIM_TIER_AGENT + SIM_TIER_AGGREGATOR
                   ? SIM_EDGE_AGGREGATOR
                   : SIM_AGGREGATOR_COORDINATOR;
    }
    return from->zone == to->zone       ? SIM_SAME_ZONE
           : from->region == to->region ? SIM_SAME_REGION
                                        : SIM_INTER_REGION;
}

// How far apart two nodes are.
static inline enum sim_pair_class sim_network_pair(const struct sim_network *network,
                                                   uint32_t source, uint32_t target)
{
    if (network->one_host) {
        return SIM_SAME_HOST;
    }
    uint32_t a = network->host_of[source];
    uint32_t b = network->host_of[target];
    return a == b ? SIM_SAME_HOST
                  : sim_network_pair_of_hosts(&network->hosts[a], &network->hosts[b]);
}

// What the transport adds to a message of `bytes` encoded bytes with `updates` updates.
uint32_t sim_network_transport_bytes(const struct sim_network *network, uint32_t bytes,
                                     uint32_t updates);

// The copies of a message that a tick or a first receipt sends are told apart by their place in the
// fanout; an answer has one target, which tells it apart from the source's other answers on the
// same occasion.
static inline bool sim_network_fans_out(const struct mesh_message *message)
{
    switch ((enum mesh_message_kind)message->kind) {
    case MESH_MESSAGE_PUSH:
    case MESH_MESSAGE_OPEN:
    case MESH_MESSAGE_EAGER:
    case MESH_MESSAGE_ROWS:
    case MESH_MESSAGE_ASK: return true;
    case MESH_MESSAGE_RUMOR: return message->initiator == message->source;
    default: return false;
    }
}

// The stream of the draws for a message's first copy; copy i has the stream + i. `duplicate`: 1 for
// the second arrival of a duplicated copy, else 0.
static inline uint32_t sim_network_stream(const struct mesh_message *message, uint32_t first_target,
                                          uint32_t duplicate)
{
    return (MESH_DRAW_DRIVER + 32 * duplicate + message->kind) << 24 |
           (sim_network_fans_out(message) ? 0 : first_target);
}

// Words 0 and 1 of the block decide the latency, 2 the loss, 3 the duplication.
static inline uint64_t sim_link_latency_ns(const struct sim_link *link, uint32_t word0,
                                           uint32_t word1)
{
    return link->minimum_ns + mesh_below_wide(word0, word1, link->span_ns);
}

static inline bool sim_link_loses(const struct sim_link *link, uint32_t word2)
{
    return word2 < link->loss_below;
}

static inline bool sim_link_duplicates(const struct sim_link *link, uint32_t word3)
{
    return word3 < link->duplicate_below;
}

const char *sim_pair_class_name(enum sim_pair_class pair);
const char *sim_transport_name(enum sim_transport transport);

#endif
