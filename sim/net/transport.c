// SPDX-License-Identifier: GPL-3.0-or-later
#include "transport.h"

#include <assert.h>

const char *sim_transport_name(enum sim_transport transport)
{
    static const char *const names[] = {"TCP", "QUIC", "UDP"};
    assert(transport <= SIM_UDP);
    return names[transport];
}

void sim_transport_init(struct sim_network *network, const struct sim_network_settings *settings)
{
    switch (settings->transport) {
    case SIM_UDP:
        network->packet_bytes_max = 1500 - 28;
        network->packet_overhead_bytes = 28;
        break;
    case SIM_QUIC:
        network->packet_bytes_max = 1200 - 30;  // RFC 9000 section 14: no larger before probing
        network->packet_overhead_bytes = 58;
        break;
    case SIM_TCP:
        network->packet_bytes_max = settings->tls ? 1448 - 22 : 1448;
        network->packet_overhead_bytes = settings->tls ? 74 : 52;
        network->ack_bytes = 52;
        break;
    }
}

uint32_t sim_network_packets(const struct sim_network *network, uint32_t bytes, uint32_t updates)
{
    uint32_t packets = (bytes + network->packet_bytes_max - 1) / network->packet_bytes_max;
    if (network->packet_per_update && updates > packets) {
        packets = updates;
    }
    return packets;
}

uint32_t sim_network_transport_bytes(const struct sim_network *network, uint32_t bytes,
                                     uint32_t updates)
{
    uint32_t packets = sim_network_packets(network, bytes, updates);
    return packets * network->packet_overhead_bytes + (packets + 1) / 2 * network->ack_bytes;
}
