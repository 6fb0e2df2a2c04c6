// SPDX-License-Identifier: GPL-3.0-or-later
// Tables of peers by themselves: who knows whom, who is closed first.
#include <criterion/criterion.h>
#include <stdlib.h>

#include "connections.h"

#define MS UINT64_C(1000000)
#define NODES 40u

struct bench {
    uint32_t host_of[NODES];
    struct sim_host hosts[NODES];
    struct sim_network network;
    struct sim_connections connections;
};

// Every node on a host of its own, 5 ms apart, or all on hosts of `per_host`.
static void open_bench(struct bench *bench, uint32_t per_host,
                       struct sim_connection_settings connections)
{
    struct sim_network_settings settings = {.transport = SIM_QUIC, .connections = connections};
    for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
        settings.latency[pair] = (struct sim_latency){SIM_CONSTANT, 5 * MS, 5 * MS};
    }
    *bench = (struct bench){0};
    for (uint32_t node = 0; node < NODES; node++) {
        bench->host_of[node] = node / per_host;
    }
    sim_network_init(&bench->network, &settings, 1, bench->host_of, NODES, bench->hosts);
    sim_connections_init(&bench->connections, &bench->network, NODES);
}

static enum sim_handshake_kind send_at(struct bench *bench, uint64_t time_ns, uint32_t source,
                                       uint32_t target, uint64_t wait_ns)
{
    struct mesh_message message = {.source = source, .sent_ns = time_ns};
    enum sim_handshake_kind handshake;
    uint64_t waited_ns =
        sim_connections_send(&bench->connections, &message, target, SIM_SAME_ZONE, &handshake);
    cr_expect(waited_ns == wait_ns, "%u to %u at %lu ms waits %lu ns", source, target,
              (unsigned long)(time_ns / MS), (unsigned long)waited_ns);
    return handshake;
}

static void hear_at(struct bench *bench, uint64_t sent_ns, uint64_t time_ns, uint32_t source,
                    uint32_t target)
{
    struct mesh_message message = {.source = source, .sent_ns = sent_ns};
    sim_connections_hear(&bench->connections, &message, target, time_ns);
}

Test(connections, are_made_once_and_those_behind_the_first_message_wait_with_it)
{
    struct bench bench;
    open_bench(&bench, 1, (struct sim_connection_settings){.cold = true});
    cr_expect(send_at(&bench, 0, 0, 1, 10 * MS) == SIM_HANDSHAKE_FULL);
    cr_expect(send_at(&bench, 4 * MS, 0, 1, 6 * MS) == SIM_HANDSHAKE_NONE);
    cr_expect(send_at(&bench, 11 * MS, 0, 1, 0) == SIM_HANDSHAKE_NONE);
    sim_connections_finish(&bench.connections);
}

Test(connections, serve_the_other_end_once_it_has_heard_of_them)
{
    struct bench bench;
    open_bench(&bench, 1, (struct sim_connection_settings){.cold = true});
    send_at(&bench, 0, 0, 1, 10 * MS);
    cr_expect(send_at(&bench, 1 * MS, 1, 0, 10 * MS) == SIM_HANDSHAKE_FULL, "it did not know");
    send_at(&bench, 0, 2, 3, 10 * MS);
    hear_at(&bench, 0, 15 * MS, 2, 3);
    cr_expect(send_at(&bench, 15 * MS, 3, 2, 0) == SIM_HANDSHAKE_NONE);
    sim_connections_finish(&bench.connections);
}

Test(connections, are_gone_after_silence_and_whoever_dialled_resumes_them)
{
    struct bench bench;
    open_bench(&bench, 1,
               (struct sim_connection_settings){.cold = true, .idle_timeout_ns = 100 * MS});
    send_at(&bench, 0, 0, 1, 10 * MS);
    hear_at(&bench, 0, 15 * MS, 0, 1);
    cr_expect(send_at(&bench, 109 * MS, 0, 1, 0) == SIM_HANDSHAKE_NONE, "it was ready at 10 ms");
    cr_expect(sim_connections_count(&bench.connections, 0, 208 * MS) == 1);
    cr_expect(sim_connections_count(&bench.connections, 0, 209 * MS) == 0);
    cr_expect(send_at(&bench, 209 * MS, 0, 1, 0) == SIM_HANDSHAKE_RESUMED);
    cr_expect(send_at(&bench, 215 * MS, 1, 0, 10 * MS) == SIM_HANDSHAKE_FULL, "1 has no ticket");
    sim_connections_finish(&bench.connections);
}

// Nodes 0 to 3 share a host that keeps four; 0 dials 10, 11, 12, then 1 dials 13 and 14.
Test(connections, that_a_host_has_too_many_of_are_closed_at_both_ends_least_recent_first)
{
    struct bench bench;
    open_bench(&bench, 4, (struct sim_connection_settings){.cold = true, .max_per_host = 4});
    for (uint32_t peer = 10; peer < 13; peer++) {
        send_at(&bench, peer * MS, 0, peer, 10 * MS);
        hear_at(&bench, peer * MS, (peer + 15) * MS, 0, peer);
    }
    send_at(&bench, 13 * MS, 1, 13, 10 * MS);
    sim_connections_settle(&bench.connections, 30 * MS);
    cr_expect(sim_connections_count(&bench.connections, 0, 30 * MS) == 3, "four are not too many");
    send_at(&bench, 31 * MS, 1, 14, 10 * MS);
    send_at(&bench, 40 * MS, 0, 10, 0);  // used again: 11 is the one used least recently
    sim_connections_settle(&bench.connections, 41 * MS);
    cr_expect(sim_connections_count(&bench.connections, 0, 41 * MS) == 2);
    cr_expect(sim_connections_count(&bench.connections, 1, 41 * MS) == 2);
    cr_expect(sim_connections_count(&bench.connections, 11, 41 * MS) == 0, "closed there, too");
    cr_expect(sim_connections_count(&bench.connections, 10, 41 * MS) == 1);
    cr_expect(send_at(&bench, 42 * MS, 0, 11, 0) == SIM_HANDSHAKE_RESUMED);
    sim_connections_finish(&bench.connections);
}

Test(connections, that_were_closed_are_not_opened_by_what_was_still_under_way)
{
    struct bench bench;
    open_bench(&bench, 1, (struct sim_connection_settings){.cold = true, .max_per_host = 1});
    send_at(&bench, 0, 0, 1, 10 * MS);
    send_at(&bench, 1 * MS, 0, 2, 10 * MS);
    hear_at(&bench, 0, 15 * MS, 0, 1);
    sim_connections_settle(&bench.connections, 20 * MS);
    hear_at(&bench, 19 * MS, 24 * MS, 0, 1);
    cr_expect(sim_connections_count(&bench.connections, 1, 24 * MS) == 0);
    hear_at(&bench, 21 * MS, 26 * MS, 0, 1);
    cr_expect(sim_connections_count(&bench.connections, 1, 26 * MS) == 1,
              "that one came over a new");
    sim_connections_finish(&bench.connections);
}

// A connection within a host has both its ends there.
Test(connections, within_a_host_count_twice)
{
    struct bench bench;
    open_bench(&bench, 4, (struct sim_connection_settings){.cold = true, .max_per_host = 2});
    send_at(&bench, 0, 0, 1, 10 * MS);
    hear_at(&bench, 0, 15 * MS, 0, 1);
    send_at(&bench, 16 * MS, 2, 30, 10 * MS);
    sim_connections_settle(&bench.connections, 40 * MS);
    cr_expect(sim_connections_count(&bench.connections, 0, 40 * MS) == 0);
    cr_expect(sim_connections_count(&bench.connections, 1, 40 * MS) == 0);
    cr_expect(sim_connections_count(&bench.connections, 2, 40 * MS) == 1);
    sim_connections_finish(&bench.connections);
}

struct renewed {
    uint32_t peers[NODES];
    uint32_t count;
};

static void note(void *context, uint32_t node, uint32_t peer)
{
    struct renewed *renewed = context;
    cr_expect(node == 5);
    renewed->peers[renewed->count++] = peer;
}

Test(connections, of_a_node_are_renewed_in_the_order_of_its_peers_and_old_tickets_are_void)
{
    struct bench bench;
    struct renewed renewed = {.count = 0};
    open_bench(&bench, 1,
               (struct sim_connection_settings){.cold = true, .idle_timeout_ns = 100 * MS});
    send_at(&bench, 0, 5, 39, 10 * MS);
    for (uint32_t peer = 30; peer > 10; peer--) {
        send_at(&bench, 200 * MS, 5, peer, 10 * MS);
    }
    sim_connections_rotate(&bench.connections, 5, 250 * MS, note, &renewed);
    cr_assert(renewed.count == 20);
    for (uint32_t i = 0; i < 20; i++) {
        cr_expect(renewed.peers[i] == 11 + i);
    }
    cr_expect(send_at(&bench, 250 * MS, 5, 39, 10 * MS) == SIM_HANDSHAKE_FULL);
    cr_expect(send_at(&bench, 500 * MS, 5, 11, 0) == SIM_HANDSHAKE_RESUMED, "a ticket of the new");
    sim_connections_finish(&bench.connections);
}

// 24 bytes for the node, 16 for a place, tables of a power of two at most three quarters full.
Test(connections, need_the_memory_that_is_foretold)
{
    cr_expect(sim_connections_bytes(1, 6) == 24 + 8 * 16);
    cr_expect(sim_connections_bytes(1, 7) == 24 + 16 * 16);
    cr_expect(sim_connections_bytes(100000, 4000) == 100000 * (24 + UINT64_C(8192) * 16));
    struct bench bench;
    open_bench(&bench, 1, (struct sim_connection_settings){.cold = true});
    for (uint32_t peer = 1; peer < NODES; peer++) {
        send_at(&bench, peer * MS, 0, peer, 10 * MS);
        uint64_t bytes = sizeof(struct sim_peer) << bench.connections.nodes[0].bits;
        cr_expect(sizeof(struct sim_peers) + bytes == sim_connections_bytes(1, peer));
    }
    sim_connections_finish(&bench.connections);
}
