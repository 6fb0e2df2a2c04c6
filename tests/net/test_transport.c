// SPDX-License-Identifier: GPL-3.0-or-later
// Bytes per packet, added up by hand: IPv4 20 (RFC 791), UDP 8 (RFC 768), TCP 20 (RFC 9293) with
// timestamps 12 (RFC 7323), TLS 1.3 record 5, inner content type 1 and tag 16 (RFC 8446 section
// 5.2), QUIC short header with an 8-byte connection id and a 2-byte packet number 11 (RFC 9000
// section 17.3), DATAGRAM frame 3 (RFC 9221), tag 16. Ethernet carries 1500, QUIC sends 1200 (RFC
// 9000 section 14).
#include <criterion/criterion.h>
#include <string.h>

#include "network.h"

static uint32_t overhead(enum sim_transport transport, bool tls, bool batching, uint32_t bytes,
                         uint32_t updates)
{
    struct sim_network_settings settings = {
        .transport = transport, .tls = tls, .batching = batching};
    static const uint32_t host_of[2];
    static const struct sim_host host;
    struct sim_network network;
    sim_network_init(&network, &settings, 1, host_of, 2, &host);
    return sim_network_transport_bytes(&network, bytes, updates);
}

struct figure {
    enum sim_transport transport;
    bool tls;
    uint32_t bytes;
    uint32_t wanted;
};

Test(net, packets_cost_what_the_rfcs_add_up_to)
{
    enum { ip = 20, udp = 8, tcp = 20 + 12, tls = 5 + 1 + 16, quic = 11 + 3 + 16, ack = ip + tcp };
    static const struct figure figures[] = {
        {SIM_UDP, false, 1, ip + udp},
        {SIM_UDP, false, 1500 - ip - udp, ip + udp},
        {SIM_UDP, false, 1500 - ip - udp + 1, 2 * (ip + udp)},
        {SIM_QUIC, true, 1, ip + udp + quic},
        {SIM_QUIC, true, 1200 - quic, ip + udp + quic},
        {SIM_QUIC, true, 1200 - quic + 1, 2 * (ip + udp + quic)},
        {SIM_QUIC, true, 10 * (1200 - quic), 10 * (ip + udp + quic)},
        {SIM_TCP, false, 1, ip + tcp + ack},
        {SIM_TCP, false, 1500 - ip - tcp, ip + tcp + ack},
        {SIM_TCP, false, 1500 - ip - tcp + 1, 2 * (ip + tcp) + ack},
        {SIM_TCP, false, 3 * (1500 - ip - tcp), 3 * (ip + tcp) + 2 * ack},
        {SIM_TCP, true, 1, ip + tcp + tls + ack},
        {SIM_TCP, true, 1500 - ip - tcp - tls, ip + tcp + tls + ack},
        {SIM_TCP, true, 1500 - ip - tcp - tls + 1, 2 * (ip + tcp + tls) + ack},
    };
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        const struct figure *figure = &figures[i];
        uint32_t bytes = overhead(figure->transport, figure->tls, true, figure->bytes, 100);
        cr_expect(bytes == figure->wanted, "%s%s, %u bytes: %u of overhead, by hand %u",
                  sim_transport_name(figure->transport), figure->tls ? " with TLS" : "",
                  figure->bytes, bytes, figure->wanted);
    }
}

Test(net, without_batching_every_update_has_a_packet_of_its_own)
{
    cr_expect(overhead(SIM_UDP, false, false, 300, 5) == 5 * 28);
    cr_expect(overhead(SIM_UDP, false, false, 300, 1) == 28);
    cr_expect(overhead(SIM_UDP, false, false, 37, 0) == 28, "a digest needs a packet, too");
    cr_expect(overhead(SIM_UDP, false, false, 5000, 2) == 4 * 28, "two large updates in 4 packets");
    cr_expect(overhead(SIM_TCP, false, false, 300, 5) == 5 * 52 + 3 * 52);
}

Test(net, classes_and_transports_have_the_names_of_the_files)
{
    cr_expect_str_eq(sim_pair_class_name(SIM_SAME_HOST), "same_host");
    cr_expect_str_eq(sim_pair_class_name(SIM_SAME_ZONE), "same_zone");
    cr_expect_str_eq(sim_pair_class_name(SIM_SAME_REGION), "same_region");
    cr_expect_str_eq(sim_pair_class_name(SIM_INTER_REGION), "inter_region");
    cr_expect_str_eq(sim_transport_name(SIM_TCP), "TCP");
    cr_expect_str_eq(sim_transport_name(SIM_QUIC), "QUIC");
    cr_expect_str_eq(sim_transport_name(SIM_UDP), "UDP");
}

// Headers: SYN 60 with all its options, 52 a later TCP packet, 28 a datagram. TLS 1.3 with bare
// Ed25519 certificates at both ends: 1,000 bytes there, 980 back. QUIC's datagrams with Initial
// packets are of 1,200 (RFC 9000 section 14.1): two there, one back, and one with the ticket.
Test(net, handshakes_cost_what_their_packets_add_up_to)
{
    static const struct {
        enum sim_transport transport;
        bool tls;
        struct sim_handshake full;
        struct sim_handshake resumed;
    } cases[] = {
        {SIM_UDP, false, {0}, {0}},
        {SIM_TCP, false, {1, 60 + 52, 60, 2, 1}, {1, 60 + 52, 60, 2, 1}},
        {SIM_TCP,
         true,
         {2, 60 + 3 * 52 + 1000, 60 + 52 + 980, 4, 2},
         {1, 60 + 3 * 52 + 896, 60 + 52 + 816, 4, 2}},
        {SIM_QUIC,
         true,
         {1, 2 * 1228, 1228 + 28 + 32 + 575, 2, 2},
         {0, 2 * 1228, 1228 + 28 + 32 + 575, 2, 2}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_network_settings settings = {
            .transport = cases[i].transport, .tls = cases[i].tls, .connections = {.mutual = true}};
        static const uint32_t host_of[2];
        static const struct sim_host host;
        struct sim_network network;
        sim_network_init(&network, &settings, 1, host_of, 2, &host);
        for (uint32_t kind = 0; kind < SIM_HANDSHAKE_NONE; kind++) {
            const struct sim_handshake *by_hand =
                kind == SIM_HANDSHAKE_FULL ? &cases[i].full : &cases[i].resumed;
            cr_expect(memcmp(&network.handshakes[kind], by_hand, sizeof *by_hand) == 0,
                      "%s%s: %u there, %u back", sim_transport_name(cases[i].transport),
                      cases[i].tls ? " with TLS" : "", network.handshakes[kind].there_bytes,
                      network.handshakes[kind].back_bytes);
        }
    }
}

Test(net, packets_are_counted_as_their_overhead_is)
{
    struct sim_network_settings settings = {.transport = SIM_UDP, .batching = true};
    static const uint32_t host_of[2];
    static const struct sim_host host;
    struct sim_network network;
    sim_network_init(&network, &settings, 1, host_of, 2, &host);
    for (uint32_t bytes = 1; bytes < 10000; bytes += 37) {
        cr_assert(sim_network_packets(&network, bytes, 1) * 28 ==
                  sim_network_transport_bytes(&network, bytes, 1));
    }
}
