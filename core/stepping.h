// SPDX-License-Identifier: Apache-2.0
// What the handlers of one event share: the event, its node's replica, and where effects go.

#ifndef MESH_STEPPING_H
#define MESH_STEPPING_H

#include <assert.h>

#include "mesh/step.h"

struct stepping {
    const struct mesh_config *config;
    const struct mesh_states *states;
    const struct mesh_event *event;
    const struct mesh_lanes_code *code;
    struct mesh_table *const *locals;  // the table's
    struct mesh_table *local;          // of the event's scope, or NULL
    uint32_t word_first;               // the event's scope speaks of words [word_first, words)
    uint32_t event_index;
    struct mesh_replica *replica;
    uint32_t role_first;  // the node's roles: [role_first, role_end) of the states'
    uint32_t role_end;
    uint16_t scope;  // the event's
    // The books of that scope: in the replica at home, in a role elsewhere.
    uint64_t *hash;
    uint64_t *recent;
    struct mesh_output *output;
};

static inline uint64_t *mesh_stepping_plane(const struct stepping *stepping, uint32_t word,
                                            enum mesh_plane plane)
{
    return &stepping->replica->planes[(size_t)stepping->states->words * plane + word];
}

// The table of a word's lanes.
static inline struct mesh_table *mesh_stepping_table(const struct stepping *stepping, uint32_t word)
{
    struct mesh_table *shared = stepping->states->table;
    return word < shared->local_words ? stepping->local : shared;
}

// The rows of a word's 64 lanes.
static inline struct mesh_update *mesh_stepping_rows(const struct stepping *stepping, uint32_t word)
{
    const struct mesh_table *shared = stepping->states->table;
    return word < shared->local_words ? &stepping->local->updates[(size_t)64 * word]
                                      : &shared->updates[(size_t)64 * (word - shared->local_words)];
}

static inline const struct mesh_update *mesh_stepping_row(const struct stepping *stepping,
                                                          uint32_t word, uint64_t lanes)
{
    return &mesh_stepping_rows(stepping, word)[__builtin_ctzll(lanes)];
}

// Learnt since the last tick of the event's scope (age 0), in the two before (1, 2).
static inline uint64_t *mesh_stepping_recent(const struct stepping *stepping, uint32_t word,
                                             uint32_t age)
{
    return &stepping->recent[(size_t)stepping->states->words * age + word];
}

// Whether what is heard is kept apart until the next tick. Delta propagation judges nothing by what
// it holds, so there it makes no difference.
static inline bool mesh_stepping_keeps_apart(const struct mesh_scope *scope)
{
    return scope->schedule == MESH_SYNCHRONOUS && scope->mode != MESH_DELTA;
}

// What counts as held: in a synchronous scope what was held at the last tick, else all that is. A
// tick itself sees everything.
static inline uint64_t mesh_stepping_visible(const struct stepping *stepping,
                                             const struct mesh_scope *scope, uint32_t word)
{
    uint64_t have = *mesh_stepping_plane(stepping, word, MESH_HAVE);
    bool apart = mesh_stepping_keeps_apart(scope) && stepping->event->kind != MESH_EVENT_TICK;
    return apart ? have & ~*mesh_stepping_recent(stepping, word, 0) : have;
}

// step.c: effects
static inline struct mesh_record *mesh_stepping_record(struct stepping *stepping,
                                                       enum mesh_record_kind kind)
{
    struct mesh_output *output = stepping->output;
    assert(output->record_count < output->record_capacity);
    struct mesh_record *record = &output->records[output->record_count++];
    record->event = stepping->event_index;
    record->kind = (uint16_t)kind;
    record->scope = stepping->scope;
    return record;
}

void mesh_stepping_reject(struct stepping *stepping, enum mesh_reject reason);
// The same of no message that is at hand, and of an origin that is caught by what others said.
void mesh_stepping_reject_peer(struct stepping *stepping, uint32_t peer, enum mesh_reject reason);

// What an event brings, word by word, and the record of all of it, from news `first` on; `hash`:
// the sum of theirs.
static inline void mesh_stepping_news(struct stepping *stepping, uint32_t word, uint64_t lanes)
{
    struct mesh_output *output = stepping->output;
    assert(output->news_count < output->news_capacity);
    output->news[output->news_count++] = (struct mesh_news){lanes, word};
}

void mesh_stepping_deliver(struct stepping *stepping, uint32_t first, const uint64_t hash[2]);

// gossip.c: one handler per kind of event
void mesh_gossip_start(struct stepping *stepping, const struct mesh_scope *scope);
void mesh_gossip_write(struct stepping *stepping, const struct mesh_scope *scope);
void mesh_gossip_tick(struct stepping *stepping, const struct mesh_scope *scope);
void mesh_gossip_receive(struct stepping *stepping, const struct mesh_scope *scope);

// An update of this node, in the lane reserved for it.
void mesh_gossip_put(struct stepping *stepping, const struct mesh_scope *scope,
                     const struct mesh_write *write);

// What a node without a replica does with the messages of gossip: it learns and answers nothing.
void mesh_gossip_overhear(struct stepping *stepping, const struct mesh_scope *scope);

// rumor.c: the same for scopes in mode rumor. Receiving may begin a message, which is to be sent
// back once what was heard has been learnt; else NULL.
void mesh_rumor_learn(struct stepping *stepping, uint32_t word, uint64_t fresh);
void mesh_rumor_tick(struct stepping *stepping, const struct mesh_scope *scope);
struct mesh_message *mesh_rumor_receive(struct stepping *stepping, const struct mesh_scope *scope);

// join.c: for nodes without a replica, and those who give them one. Receives what a node without
// one hears, and the messages of joining.
void mesh_join_start(struct stepping *stepping);
void mesh_join_tick(struct stepping *stepping, const struct mesh_scope *scope);
void mesh_join_receive(struct stepping *stepping, const struct mesh_scope *scope);

// tiers.c: rows and totals, for nodes with a tier record. What an event causes besides; what comes
// before a tick's gossip and what after it; what a relay does with reports that are new to it,
// lanes of `word`, and with a replica that was cleared or taken over.
void mesh_tiers_bound(const struct mesh_config *config, size_t message_words,
                      struct mesh_bound *bound);
void mesh_tiers_before_tick(struct stepping *stepping, const struct mesh_scope *scope);
void mesh_tiers_after_tick(struct stepping *stepping, const struct mesh_scope *scope);
void mesh_tiers_receive(struct stepping *stepping, const struct mesh_scope *scope);
void mesh_tiers_learn(struct stepping *stepping, uint32_t word, uint64_t fresh);
void mesh_tiers_renew(struct stepping *stepping);

// raft.c: events of Raft and received messages of Raft; what they may append.
void mesh_raft_handle(struct stepping *stepping);
void mesh_raft_bound(const struct mesh_config *config, struct mesh_bound *bound);

// swim.c: the same of SWIM.
void mesh_swim_handle(struct stepping *stepping);
void mesh_swim_bound(const struct mesh_config *config, struct mesh_bound *bound);

// bridges.c: whether the node is one of those in this scope who know its active bridges by
// registers; whom it may call there, false: it is no active bridge and calls nobody; registers
// among news `first` on.
bool mesh_bridges_gossip(const struct stepping *stepping, uint32_t scope);
bool mesh_bridges_choose(struct stepping *stepping, const struct mesh_scope *scope,
                         struct mesh_scope *known);
void mesh_bridges_hear(struct stepping *stepping, uint32_t first);

// delta.c: the same for scopes in mode delta; false: rejected, nothing may be learnt
void mesh_delta_tick(struct stepping *stepping, const struct mesh_scope *scope);
bool mesh_delta_receive(struct stepping *stepping, const struct mesh_scope *scope);

// One of the node's neighbours, those with successive numbers in turn; MESH_NODE_NONE: it has none.
uint32_t mesh_delta_neighbour(const struct mesh_scope *scope, uint32_t node, uint64_t number);

#endif
