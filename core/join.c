// SPDX-License-Identifier: Apache-2.0
// Starting without a replica: a node that joins, or that lost its disk, asks a peer for all it
// holds. Released updates have no lanes, so they cannot be learnt one by one; the snapshot brings
// their sum in its hash, their names, and the base that they were folded into.
//
//     joiner                                 peer
//       | -- JOIN ---------------------------> |
//       | <- SNAPSHOT  hash, clock, updates -- |      lost: the next tick asks somebody else
//       |  answers and ticks from now on
//
// While it waits the joiner learns from whatever it hears, but its hash lacks what is released, so
// it answers nothing, and nothing is released (mesh/release.h). It has to believe what the snapshot
// says of the past: hash, clock and base.
#include <assert.h>
#include <string.h>

#include "outgoing.h"
#include "vector.h"

// No tick and no dot has this bit: what follows is the joiner's count of messages.
#define OCCASION_JOIN (UINT64_C(1) << 63)

static uint64_t *plane(struct stepping *stepping, uint32_t word, enum mesh_plane which)
{
    return mesh_stepping_plane(stepping, word, which);
}

static void ask(struct stepping *stepping, uint32_t peer)
{
    uint32_t node = stepping->event->node;
    uint64_t occasion = OCCASION_JOIN | stepping->replica->message_count;
    assert(peer != node);
    mesh_outgoing_to(stepping, mesh_outgoing_begin(stepping, MESH_MESSAGE_JOIN, node, occasion),
                     peer);
}

void mesh_join_start(struct stepping *stepping)
{
    struct mesh_replica *replica = stepping->replica;
    size_t planes = (size_t)stepping->states->words * stepping->states->planes;
    memset(replica->hash, 0, sizeof replica->hash);
    memset(replica->planes, 0, planes * sizeof *replica->planes);
    replica->joining = 1;
    for (uint32_t i = stepping->role_first; i < stepping->role_end; i++) {
        struct mesh_role *role = mesh_role_at(stepping->states, i);
        memset(role->hash, 0, sizeof role->hash);
        memset(role->recent, 0,
               (size_t)stepping->states->words * MESH_RECENT_PLANES * sizeof *role->recent);
    }
    mesh_vector_renew(stepping);
    mesh_tiers_renew(stepping);
    ask(stepping, stepping->event->peer);
}

// Any peer that a tick would talk to; along a graph the neighbours in turn.
static uint32_t next_peer(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_event *event = stepping->event;
    uint32_t *targets = stepping->output->targets + stepping->output->target_count;
    if (scope->mode == MESH_DELTA) {
        return mesh_delta_neighbour(scope, event->node, event->tick);
    }
    uint64_t occasion = mesh_occasion_of_tick(event->scope, event->tick);
    uint32_t count = mesh_peers_select(stepping->config->seed, MESH_DRAW_TICK_PEERS, occasion,
                                       scope, event->node, targets);
    return count > 0 ? targets[0] : MESH_NODE_NONE;
}

void mesh_join_tick(struct stepping *stepping, const struct mesh_scope *scope)
{
    // What stays at home comes from home alone.
    const struct mesh_role *role = stepping->role_first == stepping->role_end
                                       ? NULL
                                       : mesh_role_at(stepping->states, stepping->role_first);
    if (role != NULL && role->home != stepping->scope &&
        mesh_table_local(stepping->states->table, role->home) != NULL) {
        return;
    }
    uint32_t peer = next_peer(stepping, scope);
    if (peer != MESH_NODE_NONE) {
        ask(stepping, peer);
    }
}

// The hash is that of what the message holds: what does not fit into its count is taken out again.
static void answer_join(struct stepping *stepping, const struct mesh_scope *scope)
{
    struct mesh_message *message = mesh_outgoing_continue(stepping, MESH_MESSAGE_SNAPSHOT);
    const struct mesh_lanes carried = mesh_message_updates(message);
    memcpy(message->hash, stepping->hash, sizeof message->hash);
    message->lanes[message->words] = stepping->replica->clock;
    for (uint32_t word = stepping->word_first; word < stepping->states->words; word++) {
        uint64_t held = mesh_stepping_visible(stepping, scope, word);
        mesh_outgoing_add(message, word, held, UINT16_MAX);
        for (uint64_t left = held & ~mesh_lanes_at(&carried, word); left != 0; left &= left - 1) {
            const struct mesh_update *update = mesh_stepping_row(stepping, word, left);
            message->hash[0] -= update->hash[0];
            message->hash[1] -= update->hash[1];
        }
    }
    mesh_outgoing_reply(stepping, message);
}

// Lanes of `held` whose dots are released: the snapshot has them, though not in its lanes.
static uint64_t released_among(const struct stepping *stepping, uint32_t word, uint64_t held)
{
    const struct mesh_table *shared = stepping->states->table;
    const struct mesh_table *table = word < shared->local_words ? stepping->local : shared;
    uint64_t released = 0;
    for (uint64_t left = held; left != 0; left &= left - 1) {
        const struct mesh_update *update = mesh_stepping_row(stepping, word, left);
        if (update->dot.sequence <= mesh_table_released(table, update->dot.origin)) {
            released |= left & -left;
        }
    }
    return released;
}

static void add_hash(uint64_t hash[2], const uint64_t more[2])
{
    hash[0] += more[0];
    hash[1] += more[1];
}

// One word of lanes. What the joiner alone holds counts on top of the snapshot's hash; what both
// hold is in that, and no longer waits for a tick to count.
static void merge(struct stepping *stepping, const struct mesh_scope *scope, uint32_t word,
                  uint64_t brought, uint64_t news_hash[2])
{
    struct mesh_replica *replica = stepping->replica;
    uint64_t *have = plane(stepping, word, MESH_HAVE);
    uint64_t released = released_among(stepping, word, *have & ~brought);
    for (uint32_t i = 0; i < stepping->states->planes; i++) {
        replica->planes[(size_t)stepping->states->words * i + word] &= ~released;
    }
    for (uint64_t left = mesh_stepping_visible(stepping, scope, word) & ~brought; left != 0;
         left &= left - 1) {
        add_hash(replica->hash, mesh_stepping_row(stepping, word, left)->hash);
    }
    if (mesh_stepping_keeps_apart(scope)) {
        *plane(stepping, word, MESH_RECENT_0) &= ~brought;
    }
    uint64_t fresh = brought & ~*have;
    if (fresh == 0) {
        return;
    }
    *have |= fresh;
    for (uint64_t left = fresh; left != 0; left &= left - 1) {
        const struct mesh_update *update = mesh_stepping_row(stepping, word, left);
        replica->clock = update->clock > replica->clock ? update->clock : replica->clock;
        add_hash(news_hash, update->hash);
    }
    if (scope->mode == MESH_DELTA) {
        *plane(stepping, word, MESH_RECENT_0) |= fresh;  // nobody else tells the nodes behind it
    }
    mesh_stepping_news(stepping, word, fresh);
}

// Lanes of `word` that count as held at home, outside of ticks.
static uint64_t visible_at_home(const struct mesh_states *states, const struct mesh_scope *home,
                                const struct mesh_replica *replica, uint32_t word)
{
    uint64_t have = replica->planes[(size_t)states->words * MESH_HAVE + word];
    uint64_t fresh = replica->planes[(size_t)states->words * MESH_RECENT_0 + word];
    return mesh_stepping_keeps_apart(home) ? have & ~fresh : have;
}

// The books of a role begin as those at home stand, without what stays there.
void mesh_role_begin(const struct mesh_config *config, const struct mesh_states *states,
                     struct mesh_role *role)
{
    const struct mesh_replica *replica = mesh_replica_of(states, role->node);
    const struct mesh_scope *home = &config->scopes[role->home];
    const struct mesh_table *local = mesh_table_local(states->table, role->home);
    uint32_t local_words = states->table->local_words;
    memcpy(role->hash, replica->hash, sizeof role->hash);
    for (uint32_t word = 0; local != NULL && word < local_words; word++) {
        for (uint64_t left = visible_at_home(states, home, replica, word); left != 0;
             left &= left - 1) {
            const struct mesh_update *update =
                &local->updates[64 * word + (uint32_t)__builtin_ctzll(left)];
            role->hash[0] -= update->hash[0];
            role->hash[1] -= update->hash[1];
        }
    }
    if (local != NULL) {
        role->hash[0] -= local->released_hash[0];
        role->hash[1] -= local->released_hash[1];
    }
    for (uint32_t word = local_words; mesh_stepping_keeps_apart(home) && word < states->words;
         word++) {
        role->recent[word] = replica->planes[(size_t)states->words * MESH_RECENT_0 + word];
    }
}

static void begin_roles(struct stepping *stepping)
{
    for (uint32_t i = stepping->role_first; i < stepping->role_end; i++) {
        mesh_role_begin(stepping->config, stepping->states, mesh_role_at(stepping->states, i));
    }
}

static void take_snapshot(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_message *heard = stepping->event->message;
    struct mesh_replica *replica = stepping->replica;
    const struct mesh_lanes brought = mesh_message_updates(heard);
    uint64_t clock = heard->lanes[heard->words];
    memcpy(replica->hash, heard->hash, sizeof replica->hash);
    replica->clock = clock > replica->clock ? clock : replica->clock;
    uint32_t news_first = stepping->output->news_count;
    uint64_t news_hash[2] = {0, 0};
    for (uint32_t word = stepping->word_first; word < stepping->states->words; word++) {
        merge(stepping, scope, word, mesh_lanes_at(&brought, word), news_hash);
    }
    if (stepping->output->news_count > news_first) {
        mesh_stepping_deliver(stepping, news_first, news_hash);
    }
    begin_roles(stepping);
    replica->joining = 0;
    mesh_vector_renew(stepping);
    mesh_tiers_renew(stepping);
}

// Of two nodes that both wait neither can help; whoever has its snapshot needs no other.
void mesh_join_receive(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_message *heard = stepping->event->message;
    bool joining = stepping->replica->joining;
    if (heard->kind < MESH_MESSAGE_JOIN) {
        mesh_gossip_overhear(stepping, scope);
    } else if (heard->kind > MESH_MESSAGE_SNAPSHOT) {
        mesh_stepping_reject(stepping, MESH_REJECT_KIND);
    } else if (heard->kind == MESH_MESSAGE_JOIN && !joining) {
        answer_join(stepping, scope);
    } else if (heard->kind == MESH_MESSAGE_SNAPSHOT && joining && !heard->beyond) {
        take_snapshot(stepping, scope);
    }
}
