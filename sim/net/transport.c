// SPDX-License-Identifier: GPL-3.0-or-later
#include "transport.h"

#include <assert.h>

#define IP_UDP_BYTES 28u
#define TCP_BYTES 52u      // IP, TCP, timestamps
#define TCP_SYN_BYTES 60u  // all options of a SYN
#define DATAGRAM_BYTES 1200u
#define QUIC_CRYPTO_BYTES 32u  // short header, frame of up to 16 kB of ticket, done, tag

const char *sim_transport_name(enum sim_transport transport)
{
    static const char *const names[] = {"TCP", "QUIC", "UDP"};
    assert(transport <= SIM_UDP);
    return names[transport];
}

// Bytes of TLS 1.3 in each direction, records included, and of the ticket among them.
struct flights {
    uint32_t there_bytes;
    uint32_t back_bytes;
    uint32_t ticket_bytes;
};

// [mutual][kind]
static const struct flights tls_flights[2][SIM_HANDSHAKE_NONE] = {
    {{559, 913, 255}, {597, 496, 255}},
    {{1000, 980, 575}, {896, 816, 575}},
};

static struct sim_handshake handshake_of(const struct sim_network_settings *settings,
                                         enum sim_handshake_kind kind)
{
    const struct flights *tls = &tls_flights[settings->connections.mutual][kind];
    if (settings->transport == SIM_QUIC) {
        return (struct sim_handshake){
            .round_trips = kind == SIM_HANDSHAKE_FULL ? 1 : 0,
            .there_bytes = 2 * (IP_UDP_BYTES + DATAGRAM_BYTES),
            .back_bytes = 2 * IP_UDP_BYTES + DATAGRAM_BYTES + QUIC_CRYPTO_BYTES + tls->ticket_bytes,
            .there_packets = 2,
            .back_packets = 2,
        };
    }
    struct sim_handshake handshake = {
        .round_trips = 1,
        .there_bytes = TCP_SYN_BYTES + TCP_BYTES,
        .back_bytes = TCP_SYN_BYTES,
        .there_packets = 2,
        .back_packets = 1,
    };
    if (settings->tls) {
        handshake.round_trips += kind == SIM_HANDSHAKE_FULL ? 1 : 0;
        handshake.there_bytes += 2 * TCP_BYTES + tls->there_bytes;
        handshake.back_bytes += TCP_BYTES + tls->back_bytes;
        handshake.there_packets += 2;
        handshake.back_packets += 1;
    }
    return handshake;
}

static void init_packets(struct sim_network *network, const struct sim_network_settings *settings)
{
    switch (settings->transport) {
    case SIM_UDP:
        network->packet_bytes_max = 1500 - IP_UDP_BYTES;
        network->packet_overhead_bytes = IP_UDP_BYTES;
        break;
    case SIM_QUIC:
        network->packet_bytes_max =
            DATAGRAM_BYTES - 30;  // RFC 9000 section 14: no larger before probing
        network->packet_overhead_bytes = 58;
        break;
    case SIM_TCP:
        network->packet_bytes_max = settings->tls ? 1448 - 22 : 1448;
        network->packet_overhead_bytes = settings->tls ? 74 : TCP_BYTES;
        network->ack_bytes = TCP_BYTES;
        break;
    }
    network->packet_reciprocal = UINT64_MAX / network->packet_bytes_max + 1;
}

void sim_transport_init(struct sim_network *network, const struct sim_network_settings *settings)
{
    network->transport = settings->transport;
    network->encrypted = sim_transport_encrypts(settings->transport, settings->tls);
    init_packets(network, settings);
    if (!sim_transport_connects(network->transport)) {
        return;
    }
    for (uint32_t kind = 0; kind < SIM_HANDSHAKE_NONE; kind++) {
        network->handshakes[kind] = handshake_of(settings, (enum sim_handshake_kind)kind);
    }
}
