// SPDX-License-Identifier: GPL-3.0-or-later
// What the header says things cost, added up by hand.
#include <criterion/criterion.h>

#include "host.h"

static struct sim_network network_of(enum sim_transport transport, bool tls)
{
    static const uint32_t host_of[2];
    static const struct sim_host host;
    struct sim_network_settings settings = {
        .transport = transport, .tls = tls, .batching = true, .signature_bytes = 64};
    struct sim_network network;
    sim_network_init(&network, &settings, 1, host_of, 2, &host);
    return network;
}

static struct sim_carriage carriage_of(uint32_t bytes, uint32_t carried, uint32_t updates)
{
    return (struct sim_carriage){bytes, carried, updates, 1};
}

// 1,000 bytes in one packet over TLS: 74 more, and an acknowledgement of 52 comes back.
Test(host, a_message_is_made_once_and_sent_to_each)
{
    struct sim_network network = network_of(SIM_TCP, true);
    struct sim_carriage carriage = carriage_of(1000, 1000, 3);
    struct sim_host_work work = {0};
    sim_host_send(&work, &network, &carriage, 5, 2);
    cr_expect(work.cpu_ps == 120000 + 5 * (800000 + UINT64_C(1000) * 466));
    cr_expect(work.packets == 2 * 2 && work.bytes_out == 2 * 1074 && work.bytes_in == 2 * 52);
    work = (struct sim_host_work){0};
    sim_host_receive(&work, &network, &carriage, true);
    cr_expect(work.cpu_ps == 120000 + 210000 + UINT64_C(1000) * 466);
    cr_expect(work.packets == 2 && work.bytes_in == 1074 && work.bytes_out == 52);
    work = (struct sim_host_work){0};
    sim_host_receive(&work, &network, &carriage, false);
    cr_expect(work.packets == 0 && work.bytes_in == 0 && work.cpu_ps > 0);
}

Test(host, compression_is_worked_for)
{
    struct sim_network network = network_of(SIM_UDP, false);
    network.compression.measured = true;
    struct sim_carriage carriage = carriage_of(1000, 600, 3);
    struct sim_host_work work = {0};
    sim_host_send(&work, &network, &carriage, 2, 2);
    cr_expect(work.cpu_ps == 120000 + 2 * 800000 + 1000000 + 1000 * 2300);
    cr_expect(work.bytes_out == 2 * 628);
    work = (struct sim_host_work){0};
    sim_host_receive(&work, &network, &carriage, true);
    cr_expect(work.cpu_ps == 120000 + 210000 + 70000 + 1000 * 170);
    work = (struct sim_host_work){0};
    carriage = carriage_of(40, 40, 0);
    sim_host_receive(&work, &network, &carriage, true);
    cr_expect(work.cpu_ps == 120000 + 210000, "what was sent as it is need not be restored");
}

// Adding up first is no approximation.
Test(host, what_is_added_up_inside_costs_what_it_costs_one_by_one)
{
    for (uint32_t i = 0; i < 2; i++) {
        struct sim_network network = network_of(SIM_UDP, i == 1);
        network.compression.measured = i == 1;
        const struct sim_carriage carriages[] = {
            {1000, 600, 3, 1}, {40, 40, 0, 1}, {5000, 4999, 9, 4}};
        struct sim_host_inside inside = {.is_signed = 2, .verified = 7};
        struct sim_host_work apart = {0};
        struct sim_host_work together = {0};
        for (uint32_t j = 0; j < 3; j++) {
            sim_host_send(&apart, &network, &carriages[j], 1, 0);
            sim_host_note_sent(&inside, &carriages[j]);
            sim_host_receive(&apart, &network, &carriages[2 - j / 2], false);
            sim_host_note_received(&inside, &carriages[2 - j / 2]);
        }
        sim_host_sign(&apart, &network, 2);
        sim_host_verify(&apart, &network, 7);
        sim_host_charge(&together, &network, &inside);
        cr_expect(apart.cpu_ps > 0 && apart.cpu_ps == together.cpu_ps);
        cr_expect(together.packets == 0 && together.bytes_in == 0 && together.bytes_out == 0);
    }
}

Test(host, handshakes_cost_both_ends)
{
    struct sim_network network = network_of(SIM_TCP, true);
    struct sim_host_work dialled = {0};
    struct sim_host_work other = {0};
    sim_host_shake(&dialled, &network, SIM_HANDSHAKE_FULL, 3, true, true);
    sim_host_shake(&other, &network, SIM_HANDSHAKE_FULL, 3, false, true);
    cr_expect(dialled.cpu_ps == 3 * (UINT64_C(8000000) + 315000000));
    cr_expect(other.cpu_ps == dialled.cpu_ps && other.packets == dialled.packets);
    cr_expect(other.bytes_in == dialled.bytes_out && other.bytes_out == dialled.bytes_in);
    cr_expect(dialled.bytes_out == 3 * (60 + 52 + 2 * 52 + 559));
    network.connections.mutual = true;
    sim_host_shake(&other, &network, SIM_HANDSHAKE_RESUMED, 1, false, false);
    cr_expect(other.cpu_ps == dialled.cpu_ps + 8000000 + 330000000);
}

Test(host, rates_are_per_second_and_of_the_fuller_direction)
{
    struct sim_host_work work = {
        .cpu_ps = 3000000, .packets = 50, .bytes_out = 1000, .bytes_in = 4000};
    uint64_t rates[SIM_RESOURCE_COUNT] = {0};
    sim_host_rates(&work, 2000000000, rates);
    cr_expect(rates[SIM_CPU] == 1500 && rates[SIM_PACKETS] == 25);
    cr_expect(rates[SIM_BANDWIDTH] == 8 * 2000);
}

Test(host, connections_take_memory_by_what_holds_their_state)
{
    struct sim_network tcp = network_of(SIM_TCP, false);
    struct sim_network tls = network_of(SIM_TCP, true);
    struct sim_network quic = network_of(SIM_QUIC, false);
    struct sim_network udp = network_of(SIM_UDP, false);
    cr_expect(sim_host_connection_bytes(&tcp) == 3800);
    cr_expect(sim_host_connection_bytes(&tls) == 3800 + 27400);
    cr_expect(sim_host_connection_bytes(&quic) == 27400);
    cr_expect(sim_host_connection_bytes(&udp) == 0);
}
