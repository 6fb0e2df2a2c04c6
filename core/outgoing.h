// SPDX-License-Identifier: Apache-2.0
// Building and sending messages, for the handlers of this folder.
//
//     begin (kind) --> add hash, updates, vector --> send to peers drawn, or back to who was heard

#ifndef MESH_OUTGOING_H
#define MESH_OUTGOING_H

#include "mesh/peers.h"
#include "stepping.h"

// A message from this node, empty, at the end of the output, of the words that the event's scope
// speaks of.
struct mesh_message *mesh_outgoing_begin(struct stepping *stepping, enum mesh_message_kind kind,
                                         uint32_t initiator, uint64_t occasion);

// The same for who writes all words of all its sets before anything else is done with them, as
// mesh_outgoing_add_plane does with those of the first.
struct mesh_message *mesh_outgoing_begin_blank(struct stepping *stepping,
                                               enum mesh_message_kind kind, uint32_t initiator,
                                               uint64_t occasion);

// The same for what has no lanes, rows (tiers.c), Raft and SWIM, but takes `words` words.
struct mesh_message *mesh_outgoing_begin_words(struct stepping *stepping,
                                               enum mesh_message_kind kind, uint32_t initiator,
                                               uint64_t occasion, uint32_t words);

// The same, going on with the exchange of the message being handled.
struct mesh_message *mesh_outgoing_continue(struct stepping *stepping, enum mesh_message_kind kind);
struct mesh_message *mesh_outgoing_continue_blank(struct stepping *stepping,
                                                  enum mesh_message_kind kind);

// Adds updates of `word`, lowest lane first, until the message holds `limit`.
void mesh_outgoing_add(struct mesh_message *message, uint32_t word, uint64_t lanes, uint32_t limit);

// Adds updates of all its words, those of `plane` that `less` lacks; none of them is in the message
// yet. When that is more than fits, the one to begin with follows from `turn`: of n, n successive
// turns begin with each once, scattered, so that all get their turn and as often as each other,
// whatever the limit; turn 0 begins with the lowest lane. Returns how many there were.
uint32_t mesh_outgoing_add_plane(struct stepping *stepping, struct mesh_message *message,
                                 const uint64_t *plane, const struct mesh_lanes *less,
                                 uint32_t limit, uint64_t turn);

// The number among `count` lanes that this turn begins with.
static inline uint32_t mesh_outgoing_number(uint64_t turn, uint32_t count)
{
    return (uint32_t)(turn % count * 2654435761u % count);  // a prime
}

// Room for one set more behind the message begun last, until the next is begun.
uint64_t *mesh_outgoing_scratch(struct stepping *stepping, const struct mesh_message *message);

// Takes back the message begun last.
void mesh_outgoing_drop(struct stepping *stepping, const struct mesh_message *message);

void mesh_outgoing_to(struct stepping *stepping, struct mesh_message *message, uint32_t target);
// To those places of a roster that are in the set.
void mesh_outgoing_to_places(struct stepping *stepping, struct mesh_message *message,
                             const uint32_t *roster, uint32_t places);
// To `count` >= 1 targets.
void mesh_outgoing_to_all(struct stepping *stepping, struct mesh_message *message,
                          const uint32_t *targets, uint32_t count);
void mesh_outgoing_reply(struct stepping *stepping, struct mesh_message *message);
void mesh_outgoing_to_peers(struct stepping *stepping, const struct mesh_scope *scope,
                            struct mesh_message *message, enum mesh_purpose purpose);

// To all members of the scope, who call this node, but for one from whom it has just heard.
void mesh_outgoing_to_callers(struct stepping *stepping, const struct mesh_scope *scope,
                              struct mesh_message *message);

#endif
