// SPDX-License-Identifier: Apache-2.0
// What the files of Raft share: the event, the node's record, its group, and where effects go.
//
//   raft.c            dispatcher; terms, timers, what is written and what is applied
//   raft_log.c        the ring of entries, and what the log says of members and bridges
//   raft_election.c   votes of both sorts, winning
//   raft_leader.c     replication and commitment, as the leader does them
//   raft_follower.c   the other side of it
//   raft_snapshot.c   compaction; sending and receiving snapshots in chunks
//   raft_members.c    changes of the members, transfer of leadership
//   raft_read.c       reads that need no entry
//   raft_wire.c       messages as bytes
//   bridges.c         which members are active bridges

#ifndef MESH_RAFTING_H
#define MESH_RAFTING_H

#include "cursor.h"
#include "mesh/raft.h"
#include "stepping.h"

struct rafting {
    struct stepping *stepping;
    const struct mesh_raft_group *group;
    struct mesh_raft *raft;
    const struct mesh_message *message;  // the one received, or NULL
    const struct mesh_raft_head *heard;  // what it says
    uint32_t from;                       // the place of its source
    uint64_t now_ns;
    // What the event has led to, carried out at its end:
    uint32_t beats;   // places that get a message in any case
    uint32_t offers;  // places that get one if there is anything new for them
    bool restored;    // a snapshot has replaced the state
    bool resigns;     // a leader that is no member any more, once it has told the others
};

// ---- raft.c ----

// The group of a scope, or NULL.
const struct mesh_raft_group *mesh_raft_group_of(const struct mesh_config *config, uint32_t scope);

// A node's place in the roster; roster_count if it has none.
uint32_t mesh_raft_place_of(const struct mesh_raft_group *group, uint32_t node);

// The node becomes something else; says so if that changes anything. The term only grows.
void mesh_raft_become(struct rafting *rafting, enum mesh_raft_role role, uint64_t term,
                      uint32_t leader);

// A fresh, randomised patience.
void mesh_raft_reset_election(struct rafting *rafting);

// Whether term and vote are on the disk as they are.
bool mesh_raft_vote_is_durable(const struct mesh_raft *raft);

void mesh_raft_refuse(struct rafting *rafting, uint64_t number, enum mesh_raft_refusal reason);

// A message from this node, with `words` words behind what it says; its term is filled in.
struct mesh_message *mesh_raft_begin(struct rafting *rafting, enum mesh_message_kind kind,
                                     uint32_t words);
struct mesh_raft_head *mesh_raft_head(struct mesh_message *message);
void mesh_raft_send(struct rafting *rafting, struct mesh_message *message, uint32_t place);

static inline uint32_t mesh_raft_bit(uint32_t place)
{
    return UINT32_C(1) << place;
}

// A majority of the voters (paper 5.2).
static inline bool mesh_raft_is_quorum(const struct mesh_raft *raft, uint32_t places)
{
    return 2 * (uint32_t)__builtin_popcount(places & raft->members.voters) >
           (uint32_t)__builtin_popcount(raft->members.voters);
}

// ---- raft_log.c ----

// The term of the entry at an index in [snapshot.index, last].
uint64_t mesh_raft_term_at(const struct rafting *rafting, uint64_t index);

// Whether an entry of the kind still fits.
bool mesh_raft_has_room(const struct mesh_raft *raft, uint32_t kind);

// Appends an entry, for which there is room: a command's bytes, or the word of the other kinds that
// have one. Members are in force at once.
void mesh_raft_append(struct rafting *rafting, uint64_t term, enum mesh_raft_kind kind,
                      const void *data, uint32_t bytes);

// Removes the entries from `index` on, none of which is committed.
void mesh_raft_truncate(struct rafting *rafting, uint64_t index);

// The last entry in (snapshot.index, index] of a kind, or NULL; says where.
const struct mesh_raft_entry *mesh_raft_find(const struct rafting *rafting, uint64_t index,
                                             enum mesh_raft_kind kind, uint64_t *where);

// What the log up to `index` says.
struct mesh_raft_members mesh_raft_members_at(const struct rafting *rafting, uint64_t index,
                                              uint64_t *where);
uint32_t mesh_raft_bridges_at(const struct rafting *rafting, uint64_t index);

// The largest index <= `index` whose term is at most `term`; snapshot.index at least.
uint64_t mesh_raft_conflict(const struct rafting *rafting, uint64_t index, uint64_t term);

// ---- raft_election.c ----

void mesh_raft_campaign(struct rafting *rafting, bool pre, bool handover);
void mesh_raft_election_due(struct rafting *rafting);
void mesh_raft_hear_vote(struct rafting *rafting);
void mesh_raft_hear_vote_reply(struct rafting *rafting);

// Term and vote are durable: what waited for that is said.
void mesh_raft_vote_stored(struct rafting *rafting);

// ---- raft_leader.c ----

void mesh_raft_lead(struct rafting *rafting);
void mesh_raft_heartbeat_due(struct rafting *rafting);
void mesh_raft_hear_append_reply(struct rafting *rafting);
void mesh_raft_propose(struct rafting *rafting);

// A heartbeat to everybody, with entries for who lacks them, begins another round.
void mesh_raft_beat(struct rafting *rafting);

// News for all whose answers are not awaited: others hear of it by and by.
void mesh_raft_spread(struct rafting *rafting);

// The messages that have been decided upon.
void mesh_raft_speak(struct rafting *rafting);

// A member has answered: whether that is of this term and of its present life.
bool mesh_raft_note_answer(struct rafting *rafting);

// Appends an entry, if there is room, and offers it; a word for all kinds but commands.
void mesh_raft_enter(struct rafting *rafting, enum mesh_raft_kind kind, const void *data,
                     uint32_t bytes);

// Commits what a majority has (paper 5.3, 5.4.2), and what follows from that.
void mesh_raft_advance(struct rafting *rafting);

// ---- raft_follower.c ----

void mesh_raft_hear_append(struct rafting *rafting);

// Whether the message is one of this term's leader's, after which the node follows it.
bool mesh_raft_follow(struct rafting *rafting);

// Says what is in memory and on the disk.
void mesh_raft_acknowledge(struct rafting *rafting);

// ---- raft_snapshot.c ----

void mesh_raft_compact(struct rafting *rafting);
void mesh_raft_send_snapshot(struct rafting *rafting, uint32_t place);
void mesh_raft_hear_snapshot(struct rafting *rafting);
void mesh_raft_hear_snapshot_reply(struct rafting *rafting);

// ---- raft_members.c ----

void mesh_raft_change(struct rafting *rafting);
void mesh_raft_transfer(struct rafting *rafting);
void mesh_raft_hear_timeout_now(struct rafting *rafting);

// A member has confirmed more entries; a heartbeat is due.
void mesh_raft_watch_member(struct rafting *rafting, uint32_t place);
void mesh_raft_watch_changes(struct rafting *rafting);

// ---- raft_read.c ----

void mesh_raft_read(struct rafting *rafting);
void mesh_raft_confirm_reads(struct rafting *rafting);
void mesh_raft_drop_reads(struct rafting *rafting);

// ---- raft_wire.c ----

uint32_t mesh_raft_wire_bytes(const struct mesh_message *message);
void mesh_raft_wire_put(struct writer *writer, const struct mesh_message *message);
enum mesh_reject mesh_raft_wire_take(struct reader *reader, const struct mesh_config *config,
                                     struct mesh_message *message);

// ---- bridges.c ----

// The applied state takes over an entry; the leader looks whether a bridge is to be replaced.
void mesh_bridges_apply(struct rafting *rafting, const struct mesh_raft_entry *entry);
void mesh_bridges_watch(struct rafting *rafting);

#endif
