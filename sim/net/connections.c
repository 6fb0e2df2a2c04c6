// SPDX-License-Identifier: GPL-3.0-or-later
#include "connections.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"

#define BITS_MIN 3u
#define FREED_SHARE 16u  // of max_per_host, once it is exceeded

// ---- A node's table: at most three quarters full ----

static bool is_crowded(uint64_t count, uint32_t bits)
{
    return 4 * count > UINT64_C(3) << bits;
}

uint64_t sim_connections_bytes(uint32_t node_count, uint64_t peers)
{
    uint32_t bits = BITS_MIN;
    while (is_crowded(peers, bits)) {
        bits++;
    }
    return node_count * (sizeof(struct sim_peers) + (sizeof(struct sim_peer) << bits));
}

static uint32_t first_place(const struct sim_peers *peers, uint32_t peer)
{
    return peer * 0x9E3779B1u >> (32 - peers->bits);
}

// The place of `peer`, or the empty one where it belongs.
static struct sim_peer *place_of(const struct sim_peers *peers, uint32_t peer)
{
    uint32_t mask = (1u << peers->bits) - 1;
    uint32_t place = first_place(peers, peer);
    while (peers->places[place].peer != 0 && peers->places[place].peer != peer + 1) {
        place = (place + 1) & mask;
    }
    return &peers->places[place];
}

static struct sim_peer *find(const struct sim_peers *peers, uint32_t peer)
{
    struct sim_peer *found = peers->places == NULL ? NULL : place_of(peers, peer);
    return found == NULL || found->peer == 0 ? NULL : found;
}

static void grow(struct sim_peers *peers)
{
    struct sim_peers larger = *peers;
    larger.bits = peers->places == NULL ? BITS_MIN : peers->bits + 1;
    larger.places = sim_memory_zeroed(sizeof *larger.places << larger.bits);
    for (uint32_t i = 0; peers->places != NULL && i < 1u << peers->bits; i++) {
        const struct sim_peer *old = &peers->places[i];
        if (old->peer != 0) {
            *place_of(&larger, old->peer - 1) = *old;
        }
    }
    sim_memory_free(peers->places);
    *peers = larger;
}

static struct sim_peer *enter(struct sim_peers *peers, uint32_t peer)
{
    struct sim_peer *found = find(peers, peer);
    if (found != NULL) {
        return found;
    }
    if (peers->places == NULL || is_crowded(peers->count + 1, peers->bits)) {
        grow(peers);
    }
    found = place_of(peers, peer);
    found->peer = peer + 1;
    peers->count++;
    return found;
}

static void set_open(struct sim_peers *peers, struct sim_peer *peer, bool open)
{
    peers->open += open;
    peers->open -= peer->open;
    peer->open = open;
}

static bool is_live(const struct sim_connections *connections, const struct sim_peer *peer,
                    uint64_t time_ns)
{
    uint64_t idle_ns = connections->network->connections.idle_timeout_ns;
    return peer->open && (idle_ns == 0 || peer->used_ns + idle_ns > time_ns);
}

// ---- Sending and hearing ----

// Nodes by host, in ascending order.
static void list_nodes(struct sim_connections *connections)
{
    const uint32_t *host_of = connections->network->host_of;
    uint32_t *starts = sim_memory_zeroed((connections->host_count + 1) * sizeof *starts);
    uint32_t *nodes = sim_memory_zeroed(connections->node_count * sizeof *nodes);
    for (uint32_t node = 0; node < connections->node_count; node++) {
        starts[host_of[node] + 1]++;
    }
    for (uint32_t host = 0; host < connections->host_count; host++) {
        starts[host + 1] += starts[host];
    }
    for (uint32_t node = connections->node_count; node-- > 0;) {
        // Filled from behind: host_open counts what is placed already.
        uint32_t place = connections->host_open[host_of[node]]++;
        nodes[starts[host_of[node] + 1] - 1 - place] = node;
    }
    memset(connections->host_open, 0, connections->host_count * sizeof *connections->host_open);
    connections->host_starts = starts;
    connections->host_nodes = nodes;
}

void sim_connections_init(struct sim_connections *connections, const struct sim_network *network,
                          uint32_t node_count)
{
    *connections = (struct sim_connections){.network = network, .node_count = node_count};
    connections->nodes = sim_memory_zeroed(node_count * sizeof *connections->nodes);
    for (uint32_t node = 0; node < node_count; node++) {
        if (network->host_of[node] >= connections->host_count) {
            connections->host_count = network->host_of[node] + 1;
        }
    }
    connections->host_open =
        sim_memory_zeroed(connections->host_count * sizeof *connections->host_open);
    list_nodes(connections);
}

void sim_connections_finish(struct sim_connections *connections)
{
    for (uint32_t node = 0; node < connections->node_count; node++) {
        sim_memory_free(connections->nodes[node].places);
    }
    sim_memory_free(connections->nodes);
    sim_memory_free(connections->host_open);
    sim_memory_free(connections->host_starts);
    sim_memory_free(connections->host_nodes);
}

// A block of draws holds two latencies: those of one round trip.
static uint64_t handshake_ns(const struct sim_network *network, const struct mesh_message *message,
                             uint32_t target, enum sim_pair_class pair, uint32_t round_trips)
{
    uint64_t time_ns = 0;
    for (uint32_t trip = 0; trip < round_trips; trip++) {
        struct mesh_random random = mesh_draw(network->seed, SIM_DRAW_HANDSHAKE + trip, target,
                                              message->source, message->occasion);
        const struct sim_link *link = sim_network_link(network, message->source, target, pair);
        time_ns += sim_link_latency_ns(link, random.word[0], random.word[1]) +
                   sim_link_latency_ns(link, random.word[2], random.word[3]);
    }
    return time_ns;
}

uint64_t sim_connections_send(struct sim_connections *connections,
                              const struct mesh_message *message, uint32_t target,
                              enum sim_pair_class pair, enum sim_handshake_kind *handshake)
{
    const struct sim_network *network = connections->network;
    struct sim_peers *peers = &connections->nodes[message->source];
    struct sim_peer *peer = enter(peers, target);
    uint64_t now_ns = message->sent_ns;
    *handshake = SIM_HANDSHAKE_NONE;
    if (!is_live(connections, peer, now_ns)) {
        *handshake = peer->ticket ? SIM_HANDSHAKE_RESUMED : SIM_HANDSHAKE_FULL;
        set_open(peers, peer, true);
        peer->ticket = network->encrypted;
        peer->used_ns = now_ns + handshake_ns(network, message, target, pair,
                                              network->handshakes[*handshake].round_trips);
    }
    if (peer->used_ns <= now_ns) {
        peer->used_ns = now_ns;
        return 0;
    }
    return peer->used_ns - now_ns;
}

void sim_connections_hear(struct sim_connections *connections, const struct mesh_message *message,
                          uint32_t node, uint64_t time_ns)
{
    struct sim_peers *peers = &connections->nodes[node];
    struct sim_peer *peer = enter(peers, message->source);
    // What was under way when the connection was closed does not open it again.
    if (!peer->open && message->sent_ns < peer->used_ns) {
        return;
    }
    set_open(peers, peer, true);
    if (peer->used_ns < time_ns) {
        peer->used_ns = time_ns;
    }
}

uint32_t sim_connections_count(const struct sim_connections *connections, uint32_t node,
                               uint64_t time_ns)
{
    const struct sim_peers *peers = &connections->nodes[node];
    uint32_t count = 0;
    for (uint32_t i = 0; peers->open > 0 && i < 1u << peers->bits; i++) {
        count += is_live(connections, &peers->places[i], time_ns);
    }
    return count;
}

// ---- What hosts share ----

struct end {
    uint64_t used_ns;
    uint32_t node;
    uint32_t peer;
};

static int by_use(const void *left, const void *right)
{
    const struct end *a = left;
    const struct end *b = right;
    if (a->used_ns != b->used_ns) {
        return a->used_ns < b->used_ns ? -1 : 1;
    }
    if (a->node != b->node) {
        return a->node < b->node ? -1 : 1;
    }
    return a->peer < b->peer ? -1 : a->peer > b->peer;
}

static void close_end(struct sim_connections *connections, uint32_t node, uint32_t peer,
                      uint64_t time_ns)
{
    struct sim_peer *found = find(&connections->nodes[node], peer);
    if (found != NULL && found->open) {
        set_open(&connections->nodes[node], found, false);
        found->used_ns = time_ns;
        connections->host_open[connections->network->host_of[node]]--;
    }
}

// Lists the live connections of a host's nodes and forgets those idle for too long.
static uint32_t list_ends(struct sim_connections *connections, uint32_t host, uint64_t time_ns,
                          struct end *ends)
{
    uint32_t count = 0;
    for (uint32_t j = connections->host_starts[host]; j < connections->host_starts[host + 1]; j++) {
        uint32_t node = connections->host_nodes[j];
        struct sim_peers *peers = &connections->nodes[node];
        for (uint32_t i = 0; peers->open > 0 && i < 1u << peers->bits; i++) {
            struct sim_peer *peer = &peers->places[i];
            if (is_live(connections, peer, time_ns)) {
                ends[count++] = (struct end){peer->used_ns, node, peer->peer - 1};
            } else if (peer->open) {
                set_open(peers, peer, false);
            }
        }
    }
    return count;
}

static void settle_host(struct sim_connections *connections, uint32_t host, uint64_t time_ns)
{
    uint32_t most = connections->network->connections.max_per_host;
    struct end *ends = sim_memory_zeroed(connections->host_open[host] * sizeof *ends);
    uint32_t count = list_ends(connections, host, time_ns, ends);
    connections->host_open[host] = count;
    if (count > most) {
        qsort(ends, count, sizeof *ends, by_use);
    }
    // A connection within the host frees two ends; its second one then is no longer there.
    for (uint32_t i = 0; count > most && connections->host_open[host] > most - most / FREED_SHARE;
         i++) {
        close_end(connections, ends[i].node, ends[i].peer, time_ns);
        close_end(connections, ends[i].peer, ends[i].node, time_ns);
    }
    sim_memory_free(ends);
}

void sim_connections_settle(struct sim_connections *connections, uint64_t time_ns)
{
    uint32_t most = connections->network->connections.max_per_host;
    if (most == 0) {
        return;
    }
    for (uint32_t host = 0; host < connections->host_count; host++) {
        connections->host_open[host] = 0;
    }
    for (uint32_t node = 0; node < connections->node_count; node++) {
        connections->host_open[connections->network->host_of[node]] +=
            connections->nodes[node].open;
    }
    for (uint32_t host = 0; host < connections->host_count; host++) {
        if (connections->host_open[host] > most) {
            settle_host(connections, host, time_ns);
        }
    }
}

static int by_peer(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

void sim_connections_rotate(struct sim_connections *connections, uint32_t node, uint64_t time_ns,
                            void (*renew)(void *context, uint32_t node, uint32_t peer),
                            void *context)
{
    struct sim_peers *peers = &connections->nodes[node];
    uint32_t *live = sim_memory_zeroed(peers->count * sizeof *live);
    uint32_t count = 0;
    for (uint32_t i = 0; peers->count > 0 && i < 1u << peers->bits; i++) {
        struct sim_peer *peer = &peers->places[i];
        if (peer->peer == 0) {
            continue;
        }
        bool lives = is_live(connections, peer, time_ns);
        struct sim_peer *other = find(&connections->nodes[peer->peer - 1], node);
        peer->ticket = lives;
        if (other != NULL) {
            other->ticket = 0;
        }
        if (lives) {
            live[count++] = peer->peer - 1;
        }
    }
    qsort(live, count, sizeof *live, by_peer);
    for (uint32_t i = 0; i < count; i++) {
        renew(context, node, live[i]);
    }
    sim_memory_free(live);
}

void sim_connections_drop(struct sim_connections *connections, uint32_t node, uint64_t time_ns)
{
    struct sim_peers *peers = &connections->nodes[node];
    for (uint32_t i = 0; peers->count > 0 && i < 1u << peers->bits; i++) {
        struct sim_peer *peer = &peers->places[i];
        if (peer->peer == 0) {
            continue;
        }
        struct sim_peers *others = &connections->nodes[peer->peer - 1];
        struct sim_peer *other = find(others, node);
        set_open(peers, peer, false);
        peer->ticket = 0;
        peer->used_ns = time_ns;
        if (other != NULL) {
            set_open(others, other, false);
            other->ticket = 0;
            other->used_ns = time_ns;
        }
    }
}
