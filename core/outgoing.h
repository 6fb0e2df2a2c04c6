// SPDX-License-Identifier: Apache-2.0
// Building and sending messages, for the handlers of this folder.
//
//     begin (kind) --> add hash, updates, vector --> send to peers drawn, or back to who was heard

#ifndef MESH_OUTGOING_H
#define MESH_OUTGOING_H

#include "mesh/peers.h"
#include "stepping.h"

// A message from this node, empty, at the end of the output. `sets`: 1, or 2 with a vector.
struct mesh_message *mesh_outgoing_begin(struct stepping *stepping, enum mesh_message_kind kind,
                                         uint32_t initiator, uint64_t occasion, uint32_t sets);

// The same for rows and names of rows (tiers.c), which take `words` words.
struct mesh_message *mesh_outgoing_begin_rows(struct stepping *stepping,
                                              enum mesh_message_kind kind, uint32_t initiator,
                                              uint64_t occasion, uint32_t words);

// The same, going on with the exchange of the message being handled.
struct mesh_message *mesh_outgoing_continue(struct stepping *stepping, enum mesh_message_kind kind,
                                            uint32_t sets);

// Adds updates of `word`, lowest lane first, until the message holds `limit`.
void mesh_outgoing_add(struct mesh_message *message, uint32_t word, uint64_t lanes, uint32_t limit);

// Takes back the message begun last.
void mesh_outgoing_drop(struct stepping *stepping, const struct mesh_message *message);

void mesh_outgoing_to(struct stepping *stepping, struct mesh_message *message, uint32_t target);
void mesh_outgoing_reply(struct stepping *stepping, struct mesh_message *message);
void mesh_outgoing_to_peers(struct stepping *stepping, const struct mesh_scope *scope,
                            struct mesh_message *message, enum mesh_purpose purpose);

// To all members of the scope, who call this node, but for one from whom it has just heard.
void mesh_outgoing_to_callers(struct stepping *stepping, const struct mesh_scope *scope,
                              struct mesh_message *message);

#endif
