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
#include <stddef.h>
#include <stdint.h>

#include "compression.h"
#include "mesh/random.h"
#include "mesh/step.h"
#include "quantiles.h"

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
enum sim_tier { SIM_TIER_AGENT, SIM_TIER_AGGREGATOR, SIM_TIER_COORDINATOR, SIM_TIER_COUNT };

enum sim_distribution {
    SIM_CONSTANT,
    SIM_UNIFORM,
    SIM_NORMAL,
    SIM_LOGNORMAL,
    SIM_GAMMA,
    SIM_PARETO,
    SIM_EMPIRICAL
};

// One-way delay. Constant: minimum_ns = maximum_ns. Uniform over [minimum_ns, maximum_ns). All
// others are tables with these ends (quantiles.h).
struct sim_latency {
    enum sim_distribution distribution;
    uint64_t minimum_ns;
    uint64_t maximum_ns;  // below 2^40 (18 minutes)
};

// What carries a message; sizes in transport.c. UDP is bare datagrams.
enum sim_transport { SIM_TCP, SIM_QUIC, SIM_UDP };

#define SIM_CORES_MAX 256u                // of a host that messages wait for
#define SIM_HOST_AGENTS_SERVED_MAX 4096u  // that share such a host
#define SIM_HOUR_NS UINT64_C(3600000000000)
#define SIM_PPB 1000000000u  // a probability of one, in parts per billion

// What one message does to the next on a channel (channel.h). All zero: nothing.
struct sim_channel_settings {
    uint32_t correlation_ppb;  // of successive latencies' draws, below SIM_PPB
    bool fifo;
    bool bursts;         // loss by Gilbert and Elliott instead of loss_ppb:
    uint32_t enter_ppb;  // good to bad, and back; not both 0
    uint32_t leave_ppb;
    uint32_t good_loss_ppb;
    uint32_t bad_loss_ppb;
    uint32_t reorder_ppb;  // not with fifo
    uint32_t corrupt_ppb;
    bool unchecked;            // what is corrupted arrives, unless it is encrypted
    uint64_t rate_bits_per_s;  // of the line between two hosts; 0: unlimited
    uint64_t queue_bytes;      // that may wait for it; 0: as many as the packets hold
    uint32_t queue_packets;    // that may wait for it
};

// Latencies between regions by their ordered pair: a mean for each pair, and one shape for all.
struct sim_region_settings {
    uint32_t region_count;    // 0: the class decides
    const uint64_t *mean_ns;  // [from * region_count + to], one way, below 2^40; 0 on the diagonal
    const struct sim_quantiles *shape;  // points in 2^-32 of the mean, below 2^40
};

// When connections begin and end (connections.h). Times of 0 mean never.
struct sim_connection_settings {
    bool cold;                     // none exists at the start: the first message of a pair makes it
    uint64_t idle_timeout_ns;      // without a message for so long a connection is gone
    uint32_t max_per_host;         // a host keeps at most so many; 0: any number
    uint32_t cert_rotation_hours;  // so often a node's certificate changes ...
    uint32_t key_rotation_hours;   // ... and, shown by both ends, with its keys
    bool mutual;                   // both ends show certificates, not the one that is dialled alone
};

enum sim_compressor { SIM_COMPRESS_NONE, SIM_COMPRESS_ZSTD };

// Links that change on the way (fault.h), as far as it must be known from the start.
struct sim_change_settings {
    bool any;
    uint64_t latency_ns_min;  // that a link is ever given; UINT64_MAX: none is
    uint64_t scale_ppb_min;   // that any latency is ever multiplied by; SIM_PPB: none is shortened
};

// What the user decided about the network.
struct sim_network_settings {
    struct sim_latency latency[SIM_PAIR_CLASS_COUNT];
    const struct sim_quantiles *quantiles[SIM_PAIR_CLASS_COUNT];  // NULL: constant or uniform
    struct sim_region_settings regions;
    // Tier links take the latency of the places they join: same zone, same region, two regions.
    bool tiers_by_place[SIM_PAIR_CLASS_COUNT];
    struct sim_channel_settings channel;
    struct sim_change_settings changes;
    uint32_t loss_ppb;       // a message is lost, <= SIM_PPB
    uint32_t duplicate_ppb;  // a message arrives twice, each copy with a latency of its own
    enum sim_transport transport;
    bool tls;
    bool batching;             // false: every update travels in a packet of its own
    uint32_t batch_size;       // updates in a message at most, 1 .. 65535
    uint32_t agents_per_host;  // >= 1
    uint32_t cores_per_host;   // that what arrives waits for; 0: as many as it takes
    uint32_t signature_bytes;  // 64 with security.signature_algo: ed25519, else 0
    struct sim_connection_settings connections;
    enum sim_compressor compressor;
};

// The world as the event path reads it. Made once per run, then constant.
struct sim_host {
    uint16_t zone;  // counted over the whole world
    uint16_t region;
    uint16_t tier;  // enum sim_tier
    uint16_t mesh;  // 0; 1: of a mesh that another takes over from
};

struct sim_link {
    uint64_t minimum_ns;
    uint64_t span_ns;     // latency = minimum + draw * span / 2^64, or by the table:
    uint64_t loss_below;  // a 32-bit draw below it: lost; 2^32 loses everything
    uint64_t duplicate_below;
    const struct sim_quantiles *quantiles;  // latency = point * scale / 2^32; NULL: uniform
    uint64_t scale;
};

// Probabilities as bounds on 32-bit draws.
struct sim_channel_rules {
    bool fifo;
    bool bursts;
    uint32_t weight;  // of the draw before, in parts of 2^32; 0: no correlation
    uint32_t queue_packets;
    uint64_t queue_bytes;
    uint64_t rate_bits_per_s;
    uint64_t enter_below;
    uint64_t leave_below;
    uint64_t good_loss_below;
    uint64_t bad_loss_below;
    uint64_t bad_below;  // a channel begins in the bad state
    uint64_t reorder_below;
    uint64_t corrupt_below;
};

// How a connection comes about (transport.h): bytes and packets on the wire, from the one that
// dials and back, headers included.
struct sim_handshake {
    uint32_t round_trips;  // before the first message leaves; 0: with the first packet
    uint32_t there_bytes;
    uint32_t back_bytes;
    uint32_t there_packets;
    uint32_t back_packets;
};

// Resumed: by a ticket of an earlier connection.
enum sim_handshake_kind { SIM_HANDSHAKE_FULL, SIM_HANDSHAKE_RESUMED, SIM_HANDSHAKE_NONE };

struct sim_network {
    uint64_t seed;
    const uint32_t *host_of;  // [nodes]
    const struct sim_host *hosts;
    struct sim_link links[SIM_PAIR_CLASS_COUNT];
    struct sim_link *old_links;  // [SIM_PAIR_CLASS_COUNT] between hosts of mesh 1, owned, or NULL
    uint32_t by_place;           // bits 1 << class: the hosts' places decide the link
    uint32_t region_count;       // with links of their own, or 0
    struct sim_link *region_links;  // [from * region_count + to], owned
    bool one_host;                  // every node on one host: the class needs no look-up
    bool duplicates;
    bool changes;       // some link may be another on the way; messages then cross channels
    bool varied;        // some link has a table, or places decide
    bool has_channels;  // messages cross channels, whose rules (where nothing changes them) are:
    struct sim_channel_rules channel;
    bool alters;                     // what is corrupted arrives: nothing looks at it on the way
    uint32_t cores_per_host;         // 0: nothing waits for a processor
    uint32_t packet_bytes_max;       // payload of one packet
    uint64_t packet_reciprocal;      // ceil(2^64 / packet_bytes_max)
    uint32_t packet_overhead_bytes;  // headers and authentication tag of one packet
    uint32_t ack_bytes;              // what the receiver's transport answers per two packets
    bool packet_per_update;
    enum sim_transport transport;
    bool encrypted;
    uint32_t signature_bytes;
    struct sim_connection_settings connections;
    struct sim_handshake handshakes[SIM_HANDSHAKE_NONE];
    struct sim_compression compression;  // of nothing until it is measured
    uint64_t latency_ns_min;  // over the pair classes that occur and all changes: the lookahead
    uint64_t latency_ns_max;  // without changes
};

// Fills `network`. `host_of` and `hosts` stay the caller's; every node has a host, every host a
// node, and hosts are numbered zone by zone, region by region. Tables stay the caller's, too.
void sim_network_init(struct sim_network *network, const struct sim_network_settings *settings,
                      uint64_t seed, const uint32_t *host_of, uint32_t node_count,
                      const struct sim_host *hosts);
void sim_network_finish(struct sim_network *network);

// Latencies between two hosts of mesh 1 are those of these settings from now on, all others stay.
void sim_network_add_mesh(struct sim_network *network, const struct sim_network_settings *settings);

// The link of a class, or of an ordered pair of regions, as init makes it.
struct sim_link sim_link_of_class(const struct sim_network_settings *settings,
                                  enum sim_pair_class pair);
struct sim_link sim_link_of_regions(const struct sim_network_settings *settings, uint32_t from,
                                    uint32_t to);

// A latency multiplied by parts per billion.
static inline uint64_t sim_scaled_ns(uint64_t latency_ns, uint64_t scale_ppb)
{
    return (uint64_t)((mesh_uint128)latency_ns * scale_ppb / SIM_PPB);
}

// A probability in parts per billion as a bound on a 32-bit draw.
uint64_t sim_draw_below(uint32_t ppb);

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

// The link between two nodes of class `pair`.
const struct sim_link *sim_network_link_by_place(const struct sim_network *network,
                                                 const struct sim_host *from,
                                                 const struct sim_host *to);

static inline const struct sim_link *sim_network_link(const struct sim_network *network,
                                                      uint32_t source, uint32_t target,
                                                      enum sim_pair_class pair)
{
    if (network->old_links != NULL && network->hosts[network->host_of[source]].mesh == 1 &&
        network->hosts[network->host_of[target]].mesh == 1) {
        return &network->old_links[pair];
    }
    if ((network->by_place >> pair & 1) != 0) {
        return sim_network_link_by_place(network, &network->hosts[network->host_of[source]],
                                         &network->hosts[network->host_of[target]]);
    }
    return &network->links[pair];
}

// What the transport adds to a message of `bytes` bytes, compressed if they are, with `updates`
// updates; and in how many packets it travels.
static inline uint32_t sim_network_packets(const struct sim_network *network, uint32_t bytes,
                                           uint32_t updates)
{
    uint64_t filled = (uint64_t)bytes + network->packet_bytes_max - 1;
    uint32_t packets = (uint32_t)((mesh_uint128)filled * network->packet_reciprocal >> 64);
    return network->packet_per_update && updates > packets ? updates : packets;
}

static inline uint32_t sim_network_packet_bytes(const struct sim_network *network, uint32_t packets)
{
    return packets * network->packet_overhead_bytes + (packets + 1) / 2 * network->ack_bytes;
}

static inline uint32_t sim_network_transport_bytes(const struct sim_network *network,
                                                   uint32_t bytes, uint32_t updates)
{
    return sim_network_packet_bytes(network, sim_network_packets(network, bytes, updates));
}

// Updates or rows in a message; names of rows are none.
static inline uint32_t sim_network_updates(const struct mesh_message *message)
{
    return message->kind == MESH_MESSAGE_ROWS_HELD ? 0 : message->update_count;
}

// What is left of a message once it is compressed, if messages are.
static inline uint32_t sim_network_carried_bytes(const struct sim_network *network,
                                                 const struct mesh_message *message)
{
    return network->compression.measured
               ? sim_compression_bytes(&network->compression, message->wire_bytes,
                                       sim_network_updates(message) > 0)
               : message->wire_bytes;
}

// A message on its way: what it takes, which is the same for all its copies. `shrinking` is the
// network's; of nothing where messages are not compressed.
struct sim_carriage {
    uint32_t bytes;    // as encoded
    uint32_t carried;  // what is left of them compressed
    uint32_t updates;
    uint32_t packets;
};

static inline struct sim_carriage sim_network_carriage(const struct sim_network *network,
                                                       const struct sim_shrinking *shrinking,
                                                       const struct mesh_message *message)
{
    uint32_t updates = sim_network_updates(message);
    uint32_t carried = sim_shrinking_bytes(shrinking, message->wire_bytes, updates > 0);
    return (struct sim_carriage){message->wire_bytes, carried, updates,
                                 sim_network_packets(network, carried, updates)};
}

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

// What a channel draws beside: the stream of a copy's first block becomes that of its second.
#define SIM_STREAM_CHANNEL ((uint32_t)64 << 24)
#define SIM_STREAM_DUPLICATE ((uint32_t)32 << 24)

// Words 0 and 1 of the block decide the latency, 2 the loss, 3 the duplication.
static inline uint64_t sim_link_uniform_ns(const struct sim_link *link, uint32_t word0,
                                           uint32_t word1)
{
    return link->minimum_ns + mesh_below_wide(word0, word1, link->span_ns);
}

// Of any link; where the network is not varied, the uniform one does.
static inline uint64_t sim_link_latency_ns(const struct sim_link *link, uint32_t word0,
                                           uint32_t word1)
{
    if (link->quantiles == NULL) {
        return sim_link_uniform_ns(link, word0, word1);
    }
    uint64_t point = sim_quantile_at(link->quantiles, (uint64_t)word0 << 32 | word1);
    return (uint64_t)((mesh_uint128)point * link->scale >> 32);
}

// The latency that half of the messages stay below.
static inline uint64_t sim_link_median_ns(const struct sim_link *link)
{
    return sim_link_latency_ns(link, UINT32_C(1) << 31, 0);
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
