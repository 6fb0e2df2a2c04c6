// SPDX-License-Identifier: GPL-3.0-or-later
// Where nodes live and what lies between them: latency, loss, duplication, bytes on the wire.
//
//     region ---- zone ---- host ---- nodes          the nearest place two nodes share is their
//       us-east-1   1a        h0        0..249       pair class, and the class decides latency,
//                             h1        250..332     loss and (later) price
//                   1b        h2        333..582
//
// One-way latencies everywhere; nothing is multiplied behind the user's back. A message is lost,
// duplicated and delayed by draws keyed (kind, index, source, occasion), so what happens to it does
// not depend on what else is under way. Integers only.

#ifndef SIM_NETWORK_H
#define SIM_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "mesh/step.h"

// The nearest that applies. The names in files and tables are the lower-case ones without prefix.
enum sim_pair_class {
    SIM_SAME_HOST,
    SIM_SAME_ZONE,
    SIM_SAME_REGION,
    SIM_INTER_REGION,
    SIM_PAIR_CLASS_COUNT
};

enum sim_distribution { SIM_CONSTANT, SIM_UNIFORM };

// One-way delay. Constant: minimum_ns = maximum_ns. Uniform over [minimum_ns, maximum_ns).
struct sim_latency {
    enum sim_distribution distribution;
    uint64_t minimum_ns;
    uint64_t maximum_ns;  // below 2^40 (18 minutes)
};

// Bytes that carry a message, after ../README.md "Transport". UDP is bare datagrams.
enum sim_transport { SIM_TCP, SIM_QUIC, SIM_UDP };

#define SIM_PPB 1000000000u  // a probability of one, in parts per billion

// What the user decided about the network.
struct sim_network_settings {
    struct sim_latency latency[SIM_PAIR_CLASS_COUNT];
    uint32_t loss_ppb;         // a message is lost, <= SIM_PPB
    uint32_t duplicate_ppb;    // a message arrives twice, each copy with a latency of its own
    enum sim_transport transport;
    bool tls;
    bool batching;             // false: every update travels in a packet of its own
    uint32_t batch_size;       // updates in a message at most, 1 .. 65535
    uint32_t agents_per_host;  // >= 1
    uint32_t signature_bytes;  // 64 with security.signature_algo: ed25519, else 0
};

const char *sim_pair_class_name(enum sim_pair_class pair);
const char *sim_transport_name(enum sim_transport transport);

#endif
