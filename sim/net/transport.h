// SPDX-License-Identifier: GPL-3.0-or-later
// Bytes a transport adds to what the codec encodes, over IPv4.
//
//     UDP    | IP 20 | UDP 8 |                          message |            28 per packet
//     QUIC   | IP 20 | UDP 8 | short header 11 | frame 3 | message | tag 16 |   58 per packet
//     TCP    | IP 20 | TCP 20 | options 12 |            message |            52 per packet
//     TLS    | IP 20 | TCP 20 | options 12 | record 5 + 1 | message | tag 16 |  74 per packet
//
// TCP acknowledges every second packet with 52 bytes; QUIC's acknowledgements ride in packets of
// the other direction. Sources: RFC 791, 768, 9293 with the timestamp option (RFC 7323), RFC 8446
// section 5.2, RFC 9000 section 17.3 and RFC 9221.
//
// A handshake, from the one that dials (-->) and back (<--):
//
//     TCP         --> SYN 60   <-- SYN 60   --> ACK 52                            1 round trip
//     TCP + TLS   the same, then   --> hello   <-- hello, certificate, finished   2
//                                  --> certificate, finished   <-- ticket         1 resumed
//     QUIC        --> hello 1200   <-- hello ... finished 1200                    1
//                 --> finished 1200   <-- done, ticket                            0 resumed
//
// TLS 1.3 with certificates of bare Ed25519 keys: 1,000 bytes there and 980 back when both ends
// show one. Less what the dialling end's certificate takes when only the dialled one does, and with
// what a ticket needs when resumed, both as OpenSSL 3.0.19 exchanges them. QUIC packs the same
// messages into datagrams that are padded to 1,200 while they hold Initial packets (RFC 9000
// section 14.1). A ticket sends data at once (RFC 8446 section 2.3), which gossip may: to hear a
// message twice changes nothing.

#ifndef SIM_TRANSPORT_H
#define SIM_TRANSPORT_H

#include "network.h"

// Fills the network's packet sizes and handshakes.
void sim_transport_init(struct sim_network *network, const struct sim_network_settings *settings);

// Whether there are connections at all: bare datagrams have none.
static inline bool sim_transport_connects(enum sim_transport transport)
{
    return transport != SIM_UDP;
}

// Whether the ends show certificates, which rotate, and give tickets.
static inline bool sim_transport_encrypts(enum sim_transport transport, bool tls)
{
    return transport == SIM_QUIC || (transport == SIM_TCP && tls);
}

#endif
