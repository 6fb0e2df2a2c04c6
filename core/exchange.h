// SPDX-License-Identifier: Apache-2.0
// Receipts of an exchange, steps 2 to 5, where there is nothing else to think of: of agents that
// report at home (mesh/tiers.h) these are nearly all events. The same as in gossip.c, which has all
// cases, and gives the same to the last bit; here it is compiled as a whole for each kind of
// machine, each step by itself.
//
//     the scope pushes and pulls, is not synchronous, has reports that stay at home, weighed
//     the node is at home there, has no role, and has its snapshot
//     the message is another's, has all the words that the replica has, and is not `beyond`
//     no guard, no eager links, no Raft, no dot with two values; at most MESH_LANES_WORDS words

#ifndef MESH_EXCHANGE_H
#define MESH_EXCHANGE_H

#include "stepping.h"

// Handles such a receipt, which mesh_exchange_is_plain of it and mesh_exchange_is_plain_at of its
// scope hold.
typedef void mesh_exchange_code(struct stepping *stepping);

mesh_exchange_code *mesh_exchange_code_of(enum mesh_lanes_machine machine);
mesh_exchange_code *mesh_exchange_best_code(void);

// What is the same for all receipts in a scope.
bool mesh_exchange_is_plain_at(const struct mesh_config *config, const struct mesh_states *states,
                               uint16_t scope);

static inline bool mesh_exchange_is_plain(const struct mesh_states *states,
                                          const struct mesh_event *event)
{
    const struct mesh_message *message = event->message;
    uint32_t local = event->node - states->node_first;
    uint32_t kind = message->kind;
    bool role = states->has_role != NULL && (states->has_role[local / 64] >> local % 64 & 1) != 0;
    return kind >= MESH_MESSAGE_OPEN && kind <= MESH_MESSAGE_REST &&
           message->scope == event->scope && message->source != event->node && !message->beyond &&
           !role && !mesh_replica_of(states, event->node)->joining &&
           message->words == states->words;
}

#endif
