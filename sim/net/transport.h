// SPDX-License-Identifier: GPL-3.0-or-later
// Bytes a transport adds to what the codec encodes, over IPv4 and a warm connection.
//
//     UDP    | IP 20 | UDP 8 |                          message |            28 per packet
//     QUIC   | IP 20 | UDP 8 | short header 11 | frame 3 | message | tag 16 |   58 per packet
//     TCP    | IP 20 | TCP 20 | options 12 |            message |            52 per packet
//     TLS    | IP 20 | TCP 20 | options 12 | record 5 + 1 | message | tag 16 |  74 per packet
//
// TCP acknowledges every second packet with 52 bytes; QUIC's acknowledgements ride in packets of
// the other direction. Sources: RFC 791, 768, 9293 with the timestamp option (RFC 7323), RFC 8446
// section 5.2, RFC 9000 section 17.3 and RFC 9221. Handshakes are not charged: connections are
// warm.

#ifndef SIM_TRANSPORT_H
#define SIM_TRANSPORT_H

#include "network.h"

// Fills the network's packet sizes.
void sim_transport_init(struct sim_network *network, const struct sim_network_settings *settings);

#endif
