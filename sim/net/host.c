// SPDX-License-Identifier: GPL-3.0-or-later
#include "host.h"

#include <assert.h>

#include "transport.h"

// Picoseconds; the header says of what, and where they were measured.
enum {
    STEP_PS = 120000,
    SEND_PS = 800000,
    RECEIVE_PS = 210000,
    CIPHER_BYTE_PS = 466,
    COMPRESS_PS = 1000000,
    COMPRESS_BYTE_PS = 2300,
    RESTORE_PS = 70000,
    RESTORE_BYTE_PS = 170,
    SIGN_PS = 19000000,
    VERIFY_PS = 48000000,
    TCP_HANDSHAKE_PS = 8000000,
    SOCKET_BYTES = 3800,
    TLS_STATE_BYTES = 27400,
};

static const uint64_t tls_handshake_ps[2][SIM_HANDSHAKE_NONE] = {
    {315000000, 240000000},  // the dialled end shows a certificate
    {540000000, 330000000},  // both do
};

// TCP's receiver answers every second packet with an acknowledgement.
static uint32_t acks_of(const struct sim_network *network, uint32_t packets)
{
    return network->ack_bytes > 0 ? (packets + 1) / 2 : 0;
}

static uint64_t cipher_ps(const struct sim_network *network, uint32_t bytes)
{
    return network->encrypted ? (uint64_t)bytes * CIPHER_BYTE_PS : 0;
}

void sim_host_send(struct sim_host_work *work, const struct sim_network *network,
                   const struct sim_carriage *carriage, uint32_t copies, uint32_t outside)
{
    uint64_t packets = carriage->packets;
    // A message is made and compressed once, and enciphered for each of its targets.
    work->cpu_ps += STEP_PS;
    work->cpu_ps += copies * (packets * SEND_PS + cipher_ps(network, carriage->carried));
    if (network->compression.measured) {
        work->cpu_ps += COMPRESS_PS + (uint64_t)carriage->bytes * COMPRESS_BYTE_PS;
    }
    if (outside > 0) {
        uint64_t acks = acks_of(network, carriage->packets);
        work->packets += outside * (packets + acks);
        work->bytes_out += outside * (carriage->carried + packets * network->packet_overhead_bytes);
        work->bytes_in += outside * acks * network->ack_bytes;
    }
}

void sim_host_receive(struct sim_host_work *work, const struct sim_network *network,
                      const struct sim_carriage *carriage, bool outside)
{
    uint64_t packets = carriage->packets;
    work->cpu_ps += STEP_PS + packets * RECEIVE_PS + cipher_ps(network, carriage->carried);
    if (carriage->carried < carriage->bytes) {
        work->cpu_ps += RESTORE_PS + (uint64_t)carriage->bytes * RESTORE_BYTE_PS;
    }
    if (outside) {
        uint64_t acks = acks_of(network, carriage->packets);
        work->packets += packets + acks;
        work->bytes_in += carriage->carried + packets * network->packet_overhead_bytes;
        work->bytes_out += acks * network->ack_bytes;
    }
}

void sim_host_charge(struct sim_host_work *work, const struct sim_network *network,
                     const struct sim_host_inside *inside)
{
    uint64_t carried = inside->sent_carried + inside->received_carried;
    work->cpu_ps += (inside->sent + inside->received) * STEP_PS;
    work->cpu_ps += inside->sent_packets * SEND_PS + inside->received_packets * RECEIVE_PS;
    work->cpu_ps += network->encrypted ? carried * CIPHER_BYTE_PS : 0;
    if (network->compression.measured) {
        work->cpu_ps += inside->sent * COMPRESS_PS + inside->sent_bytes * COMPRESS_BYTE_PS;
    }
    work->cpu_ps += inside->restored * RESTORE_PS + inside->restored_bytes * RESTORE_BYTE_PS;
    sim_host_sign(work, network, inside->is_signed);
    sim_host_verify(work, network, inside->verified);
}

void sim_host_shake(struct sim_host_work *work, const struct sim_network *network,
                    enum sim_handshake_kind kind, uint64_t count, bool dialled, bool outside)
{
    assert(kind < SIM_HANDSHAKE_NONE);
    const struct sim_handshake *handshake = &network->handshakes[kind];
    uint64_t tls_ps = tls_handshake_ps[network->connections.mutual][kind];
    work->cpu_ps += count * ((network->transport == SIM_TCP ? TCP_HANDSHAKE_PS : 0) +
                             (network->encrypted ? tls_ps : 0));
    if (outside) {
        work->packets += count * (handshake->there_packets + handshake->back_packets);
        work->bytes_out += count * (dialled ? handshake->there_bytes : handshake->back_bytes);
        work->bytes_in += count * (dialled ? handshake->back_bytes : handshake->there_bytes);
    }
}

void sim_host_sign(struct sim_host_work *work, const struct sim_network *network, uint64_t count)
{
    work->cpu_ps += network->signature_bytes > 0 ? count * SIGN_PS : 0;
}

void sim_host_verify(struct sim_host_work *work, const struct sim_network *network, uint64_t count)
{
    work->cpu_ps += network->signature_bytes > 0 ? count * VERIFY_PS : 0;
}

void sim_host_add(struct sim_host_work *sum, const struct sim_host_work *work, uint64_t times)
{
    sum->cpu_ps += times * work->cpu_ps;
    sum->packets += times * work->packets;
    sum->bytes_out += times * work->bytes_out;
    sum->bytes_in += times * work->bytes_in;
}

static uint64_t per_second(uint64_t amount, uint64_t time_ns)
{
    return (uint64_t)((mesh_uint128)amount * 1000000000u / time_ns);
}

void sim_host_rates(const struct sim_host_work *work, uint64_t time_ns,
                    uint64_t rates[SIM_RESOURCE_COUNT])
{
    uint64_t bytes = work->bytes_out > work->bytes_in ? work->bytes_out : work->bytes_in;
    assert(time_ns > 0);
    rates[SIM_CPU] = per_second(work->cpu_ps, time_ns) / 1000;
    rates[SIM_PACKETS] = per_second(work->packets, time_ns);
    rates[SIM_BANDWIDTH] = 8 * per_second(bytes, time_ns);
}

uint32_t sim_host_connection_bytes(const struct sim_network *network)
{
    return (network->transport == SIM_TCP ? SOCKET_BYTES : 0) +
           (network->encrypted ? TLS_STATE_BYTES : 0);
}

const char *sim_resource_name(enum sim_resource resource)
{
    static const char *const names[] = {"cpu", "packets", "bandwidth", "memory", "connections"};
    assert(resource < SIM_RESOURCE_COUNT);
    return names[resource];
}
