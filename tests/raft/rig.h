// SPDX-License-Identifier: GPL-3.0-or-later
// One server, A, and a test that plays its driver and all other servers. What the last step said is
// looked up by kind:
//
//     rig_hear(&rig, B, MESH_MESSAGE_RAFT_VOTE, (struct mesh_raft_head){.term = 2});
//     cr_expect(rig_sent(&rig, MESH_MESSAGE_RAFT_VOTE_REPLY, B) == NULL);    not yet
//     rig_store(&rig);                                                       the disk is done
//     cr_expect(rig_sent(&rig, MESH_MESSAGE_RAFT_VOTE_REPLY, B)->flags == MESH_RAFT_GRANTED);

#ifndef RAFT_RIG_H
#define RAFT_RIG_H

#include <criterion/criterion.h>

#include "mesh/bridges.h"
#include "mesh/raft.h"

#define RIG_SERVERS 5
#define RIG_RING 32
#define RIG_SNAPSHOT_BYTES 64
#define RIG_MS UINT64_C(1000000)

enum { A, B, C, D, E };

struct rig {
    struct mesh_config config;
    struct mesh_scope scope;
    struct mesh_raft_group group;  // may be changed before rig_start
    uint32_t roster[RIG_SERVERS];
    struct mesh_table table;
    struct mesh_update updates[64];
    struct mesh_states states;
    uint64_t replica[16];
    struct mesh_raft raft;
    uint64_t ring[RIG_RING * 4];
    uint8_t snapshots[2][RIG_SNAPSHOT_BYTES];
    struct mesh_output output;
    struct mesh_record records[128];
    uint32_t targets[64];
    struct mesh_news news[64];
    uint64_t messages[8192];
    uint64_t now_ns;
};

// Five voters, all defaults on: PreVote, CheckQuorum; heartbeats every 100 ms, timeouts of 500 to
// 1000 ms. Not started.
void rig_init(struct rig *rig);

// Starts with the log of these terms on the disk: terms[i] is that of entry i + 1.
void rig_start(struct rig *rig, uint64_t term, uint32_t vote, const uint64_t *terms,
               uint32_t count);

// An event for A, its time being now.
void rig_step(struct rig *rig, struct mesh_event event);

// What happens to A.
void rig_store(struct rig *rig);              // the write under way is durable
void rig_wait(struct rig *rig, uint64_t ms);  // time passes, timers fire when due
void rig_patience(struct rig *rig);           // until the election timeout, which fires
void rig_beat(struct rig *rig);               // until the next heartbeat, which fires
void rig_hear(struct rig *rig, uint32_t source, enum mesh_message_kind kind,
              struct mesh_raft_head head);

// The same with entries, commands of these terms.
void rig_hear_entries(struct rig *rig, uint32_t source, struct mesh_raft_head head,
                      const uint64_t *terms, uint32_t count);
void rig_propose(struct rig *rig, uint64_t value);
void rig_change(struct rig *rig, uint32_t node, enum mesh_raft_change_kind kind);

// A member has all entries on its disk, and says so.
void rig_confirm(struct rig *rig, uint32_t source, uint64_t index);

// Makes A the leader of a new term, elected by B and, if it takes a third, C. Its no-op is not on
// any disk yet.
void rig_lead(struct rig *rig);

// Makes it so and commits all of its log.
void rig_lead_settled(struct rig *rig);

// What A did in the last step.
const struct mesh_message *rig_message(const struct rig *rig, enum mesh_message_kind kind,
                                       uint32_t target);
const struct mesh_raft_head *rig_sent(const struct rig *rig, enum mesh_message_kind kind,
                                      uint32_t target);
const struct mesh_record *rig_record(const struct rig *rig, enum mesh_record_kind kind);
enum mesh_raft_refusal rig_refusal(const struct rig *rig);  // 0: none
enum mesh_reject rig_reject(const struct rig *rig);         // 0: none
uint64_t rig_term_of(const struct rig *rig, uint64_t index);

#endif
