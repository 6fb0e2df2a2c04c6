// SPDX-License-Identifier: GPL-3.0-or-later
// What the agents of a host take of it together: processor, packets, bandwidth, memory,
// connections. Accounting only, but for processors where their number is set: then what arrives
// waits for one (engine/cores.h). A message does not wait for a full link.
//
//     sent, received, dialled, signed ... --> struct sim_host_work --1 s--> rates --> mean, peak
//                                                                                       |
//     instance type (vCPUs, memory, Gbit/s) --> limits -----------> which is reached first
//
// The processor's share is a sum of costs per thing done, in picoseconds. Each was measured on one
// hyperthread of an Intel Xeon at 2.6 GHz, which is what a vCPU of the instance types is:
//
//     core step     120 ns  a message handled, sent or received (tests/bench/core_step.c)
//     send          800 ns  sendto of a UDP packet of 100 to 1,200 bytes, loopback, Linux 6.18
//     receive       210 ns  recvfrom of the same; a network card's interrupts are not in it
//     cipher       0.47 ns  a byte of AES-256-GCM in blocks of 1,200 (OpenSSL 3.0.19)
//     zstd        1,000 ns + 2.3 ns a byte to compress, 70 ns + 0.17 ns a byte to restore (1.5.4)
//     sign, verify  19, 48 us  of Ed25519 (libsodium 1.0.18), on write and on first receipt
//     handshake       8 us  of TCP at each end; TLS 1.3 with Ed25519 540 us when both ends show
//                           certificates, 315 when one does, 330 and 240 when resumed (OpenSSL
//                           3.0.19); QUIC's handshake is TLS's
//     memory      3.8 kB of the kernel's for a TCP socket, 27 kB for OpenSSL's TLS state; a QUIC
//                 connection was not measured and is taken to be as large as that
//
// What an application does with what it learns is not in it.

#ifndef SIM_HOST_H
#define SIM_HOST_H

#include "network.h"

enum sim_resource {
    SIM_CPU,          // nanoseconds of a processor per second
    SIM_PACKETS,      // per second, to and from other hosts
    SIM_BANDWIDTH,    // bits per second to other hosts, or from them if that is more
    SIM_MEMORY,       // bytes
    SIM_CONNECTIONS,  // ends of connections
    SIM_RESOURCE_COUNT
};

// Summed up over some time.
struct sim_host_work {
    uint64_t cpu_ps;
    uint64_t packets;
    uint64_t bytes_out;
    uint64_t bytes_in;
};

// `copies` of a message that were sent, of which `outside` to other hosts; one that was received.
void sim_host_send(struct sim_host_work *work, const struct sim_network *network,
                   const struct sim_carriage *carriage, uint32_t copies, uint32_t outside);
void sim_host_receive(struct sim_host_work *work, const struct sim_network *network,
                      const struct sim_carriage *carriage, bool outside);

// What agents of one host tell each other and sign and verify, for who adds it up before it is
// charged: all of it costs in proportion.
struct sim_host_inside {
    uint64_t sent;  // messages, with a copy each
    uint64_t sent_packets;
    uint64_t sent_carried;  // bytes
    uint64_t sent_bytes;    // as encoded
    uint64_t received;
    uint64_t received_packets;
    uint64_t received_carried;
    uint64_t restored;  // of those received, the ones that were compressed
    uint64_t restored_bytes;
    uint64_t is_signed;
    uint64_t verified;
};

static inline void sim_host_note_sent(struct sim_host_inside *inside,
                                      const struct sim_carriage *carriage)
{
    inside->sent++;
    inside->sent_packets += carriage->packets;
    inside->sent_carried += carriage->carried;
    inside->sent_bytes += carriage->bytes;
}

static inline void sim_host_note_received(struct sim_host_inside *inside,
                                          const struct sim_carriage *carriage)
{
    bool restored = carriage->carried < carriage->bytes;
    inside->received++;
    inside->received_packets += carriage->packets;
    inside->received_carried += carriage->carried;
    inside->restored += restored;
    inside->restored_bytes += restored ? carriage->bytes : 0;
}

static inline void sim_host_add_received(struct sim_host_inside *sum,
                                         const struct sim_host_inside *inside)
{
    sum->received += inside->received;
    sum->received_packets += inside->received_packets;
    sum->received_carried += inside->received_carried;
    sum->restored += inside->restored;
    sum->restored_bytes += inside->restored_bytes;
}

void sim_host_charge(struct sim_host_work *work, const struct sim_network *network,
                     const struct sim_host_inside *inside);

// `count` handshakes at the end that dialled, or at the other one.
void sim_host_shake(struct sim_host_work *work, const struct sim_network *network,
                    enum sim_handshake_kind kind, uint64_t count, bool dialled, bool outside);

// Updates written here, and updates first received here.
void sim_host_sign(struct sim_host_work *work, const struct sim_network *network, uint64_t count);
void sim_host_verify(struct sim_host_work *work, const struct sim_network *network, uint64_t count);

// Adds `times` as much.
void sim_host_add(struct sim_host_work *sum, const struct sim_host_work *work, uint64_t times);

// CPU, PACKETS and BANDWIDTH per second of what was done in `time_ns` > 0; the others stay.
void sim_host_rates(const struct sim_host_work *work, uint64_t time_ns,
                    uint64_t rates[SIM_RESOURCE_COUNT]);

// Of one end of a connection.
uint32_t sim_host_connection_bytes(const struct sim_network *network);

const char *sim_resource_name(enum sim_resource resource);

#endif
