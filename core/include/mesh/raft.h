// SPDX-License-Identifier: Apache-2.0
// Raft: a group of nodes that agree on a log, whatever crashes and whatever the network loses.
//
// "The paper": Ongaro, Ousterhout, "In search of an understandable consensus algorithm (extended
// version)", 2014. "The thesis": Ongaro, "Consensus: bridging theory and practice", 2014. Each rule
// has its section beside it in the raft_*.c files.
//
//   events (mesh/step.h)                                   records
//    RAFT_START    with what the disk held     --+     +-->  SEND          to a member
//    RAFT_TIMER    the timer set last fired      |     +-->  RAFT_ROLE     what the node now is
//    RAFT_STORED   the write under way is done   |     +-->  RAFT_ACCEPT   the proposal's index
//    RAFT_PROPOSE  a command                     |     +-->  RAFT_REFUSE   no, and why
//    RAFT_READ     may this node answer a read?  +-----+-->  RAFT_RESTORE  take over a snapshot
//    RAFT_CHANGE   of the members                |     +-->  RAFT_COMMIT   apply these entries
//    RAFT_TRANSFER leadership to a member        |     +-->  RAFT_READ     answer it now
//    RAFT_COMPACT  a snapshot replaces the log   |     +-->  RAFT_PERSIST  write this
//    RECEIVE       a message of a member       --+     +-->  RAFT_TIMER    wake me then
//
// Records of an event stand in this order, but SENDs may stand anywhere before RAFT_PERSIST. None
// waits for a PERSIST: what depends on the disk is said only when STORED comes, so that a node
// whose disk is slow goes on with all else. A leader sends entries while it writes them itself
// (thesis 10.2.1), and answers and hears heartbeats meanwhile.
//
// The disk. One write is under way at a time; what changes meanwhile goes into the next one:
//
//      first                stored             last          index
//        |  e   e   e   e   e |  e   e   e   e   e |          e: entries in memory, in a ring
//        |       on disk      |  RAFT_PERSIST  |   | the next PERSIST
//
//   A PERSIST says: term, vote and `forgot` are the record's; if `snapshot`, so is its snapshot,
//   which with the cut of the log before it is durable wholly or not at all; the log from
//   index_first on is replaced by `count` entries (0: it ends there). Parts of it may be durable
//   before the whole is, in this order. The driver reads them from the record when it meets the
//   PERSIST, before the next step, and reports RAFT_STORED with its number when all is durable.
//
// Duties of the driver, besides those of mesh/step.h:
//   1. after a crash it hands in the node's record with what the disk held: the snapshot and its
//      data, the entries behind it (mesh_raft_put), and RAFT_START with what PERSISTs said.
//      Its own state machine starts from the snapshot; RAFT_COMMIT repeats what was behind it;
//   2. a node that lost its disk starts with `forgot` and nothing else, until a PERSIST says
//      otherwise. It must not vote, since it may have voted already: it asks to be taken back as a
//      learner, and that is done (below);
//   3. of timers only the one set last counts; others may fire or not;
//   4. it compacts in time, at the latest whenever it can once half of the ring is in use: a ring
//      of which three quarters are takes only leaders' first entries. And it compacts only what is
//      applied and stored: what the disk has behind a snapshot must belong there.
//
// Members are places in the group's roster, and a set of them is a word. Voters elect and commit;
// learners only receive. One server changes at a time (thesis 4.1), the change is in force as soon
// as it stands in the log, and is made only when the last one is committed and so is an entry of
// the leader's own term (Ongaro, "bug in single-server membership changes", raft-dev, 10 July
// 2015). MESH_RAFT_ADD makes a learner and, once a round of catching up is short enough, a voter
// (thesis 4.2.1).
//
// Who forgot:   voter, forgot --leader sees its answers--> learner --caught up--> voter
// Until the leader, which knows of its new life, says that it is no voter any more, by an entry
// that is committed, it abstains from every vote; then it is as good as a new server. What it
// confirmed in its former life may have helped to commit entries: to elect anybody without it takes
// a majority of all voters among the others, and that has met those entries. Nor do leaders count
// what it confirms until then: it may have elected a later one than the one it follows now.

#ifndef MESH_RAFT_H
#define MESH_RAFT_H

#include "mesh/step.h"

#define MESH_RAFT_MEMBERS_MAX 32
#define MESH_RAFT_READS_MAX 16
#define MESH_RAFT_BURST 4                        // messages to one member in one event at most
#define MESH_RAFT_INDEX_MAX (UINT64_C(1) << 48)  // terms and indexes are below

// A group, the same for all its members. Its messages bear the scope, which is all members' home,
// and a scope has one group at most.
struct mesh_raft_group {
    uint16_t scope;
    bool pre_vote;           // thesis 9.6
    bool check_quorum;       // thesis 6.2, and 4.2.3: voters stay true to a leader they hear
    bool promote;            // learners become voters when they have caught up, without being asked
    const uint32_t *roster;  // [roster_count] nodes, ascending, 1 .. MESH_RAFT_MEMBERS_MAX
    uint32_t roster_count;
    uint32_t append_entries;     // in a message at most, >= 1
    uint32_t window_entries;     // sent to a member and not confirmed at most, >= append_entries
    uint32_t entry_bytes;        // of a command at most, >= 8
    uint32_t snapshot_bytes;     // at most
    uint32_t chunk_bytes;        // of a snapshot in a message, >= 1
    uint64_t heartbeat_ns;       // > 0
    uint64_t election_ns_min;    // timeouts are uniform in [min, max)
    uint64_t election_ns_max;    // > min > heartbeat_ns
    uint32_t bridge_count;       // mesh/bridges.h; 0: none
    uint64_t bridge_timeout_ns;  // silent for longer: replaced
};

// Sets of places in the roster. No place is in both; at least one voter, but for who knows nothing.
struct mesh_raft_members {
    uint32_t voters;
    uint32_t learners;
};

enum mesh_raft_role {
    MESH_RAFT_FOLLOWER,
    MESH_RAFT_PRECANDIDATE,  // asks whether an election could be won, in its old term
    MESH_RAFT_CANDIDATE,
    MESH_RAFT_LEADER,
};

enum mesh_raft_kind {
    MESH_RAFT_NOOP,     // a leader's first entry
    MESH_RAFT_MEMBERS,  // the members from here on: mesh_raft_members_word
    MESH_RAFT_COMMAND,  // the driver's bytes
    MESH_RAFT_BRIDGES,  // the active bridges, a set of places in a word (mesh/bridges.h)
    MESH_RAFT_KIND_COUNT
};

struct mesh_raft_entry {
    uint64_t term;
    uint32_t bytes;   // of a command; 8 of members and bridges, 0 of a no-op
    uint32_t kind;    // enum mesh_raft_kind
    uint64_t data[];  // (bytes + 7) / 8 words, the rest of the last one zero
};

// All that entries up to `index` have led to. The members and the bridges are the core's, the data
// the driver's state machine.
struct mesh_raft_snapshot {
    uint64_t index;  // 0: nothing yet, and the members are those that the group starts with
    uint64_t term;   // of the entry there
    struct mesh_raft_members members;
    uint32_t bridges;
    uint32_t bytes;
    uint8_t *data;  // [group.snapshot_bytes] memory of the driver's
};

// How far a member is, in the eyes of the leader. match < next unless something is being sent as a
// snapshot, and match only grows, but for a member that forgot.
struct mesh_raft_progress {
    uint64_t match;     // entries up to here are on its disk and equal the leader's
    uint64_t next;      // the entry to send next
    uint64_t round;     // the last heartbeat that it answered
    uint64_t heard_ns;  // when it last answered anything; at first when the leader was elected
    uint64_t snapshot;  // index of the one being sent
    uint32_t offset;    // of the chunk under way
    uint32_t life;      // of its answers; those of former lives are not listened to
    uint8_t state;      // enum mesh_raft_pace
    bool waiting;       // PROBE, SNAPSHOT: its answer is awaited
    bool forgot;        // it says so
};

enum mesh_raft_pace {
    MESH_RAFT_PROBE,      // one message at a time, until it is known where the logs agree
    MESH_RAFT_REPLICATE,  // ahead of the answers, up to group.window_entries
    MESH_RAFT_SNAPSHOT,   // chunk by chunk; no entries
};

// What a node has heard last of a group's active bridges: the latest of the group's registers.
struct mesh_bridges_known {
    uint64_t clock;
    uint32_t origin;  // 1 + the node that wrote it; 0: nobody has
    uint32_t places;  // 0: nothing yet, it may be any of the roster
};

struct mesh_raft_read {
    uint64_t context;  // the driver's
    uint64_t index;    // the commit index when it came; 0: no entry of this term was committed yet
    uint64_t round;    // it waits for a majority to answer this heartbeat or a later one
};

// A node's record. Memory and what identifies it are the driver's; the rest is the core's.
struct mesh_raft {
    uint32_t node;
    uint16_t group;  // of config.raft
    uint8_t self;    // its place in the roster
    uint8_t role;    // enum mesh_raft_role

    // Durable: changed only together with a PERSIST to come.
    uint64_t term;  // only grows
    uint32_t vote;  // node voted for in `term`, or MESH_NODE_NONE; set once in a term
    bool forgot;    // it lost its disk, and abstains from votes
    struct mesh_raft_snapshot snapshot;
    uint64_t last;  // index of the last entry; snapshot.index if there are none

    // Memory of the driver's, zeroed before first use.
    uint64_t *log;          // [log_capacity * mesh_raft_entry_words(group)], a ring
    uint32_t log_capacity;  // >= 16; last - snapshot.index <= log_capacity
    struct mesh_raft_snapshot incoming;

    // The disk.
    uint64_t stored;        // entries up to here are durable; <= last
    uint64_t dirty_first;   // entries from here on are not even being written
    uint64_t writing_last;  // those up to here will be durable when the write is done
    uint32_t writing;       // its number; 0: none is under way
    uint32_t writes;        // the last number given
    bool dirty;             // term, vote or `forgot` changed since the last PERSIST
    bool dirty_snapshot;    // so did the snapshot
    bool writing_vote;      // the write under way has term and vote that did not change since
    bool owes_vote;         // an answer to the candidate voted for waits for the disk
    bool owes_ack;          // an answer to the leader waits for the disk
    bool asks;              // a candidate's own vote is not durable yet, so it has asked nobody

    // Volatile.
    bool handover;      // a candidate whom the last leader asked to be one
    uint32_t life;      // 0: not started yet, it hears nothing
    uint64_t said;      // messages so far, in all lives: they name the occasions
    uint32_t leader;    // of `term`, as far as known, or MESH_NODE_NONE
    uint64_t heard_ns;  // when the leader was last heard
    uint64_t commit;    // snapshot.index <= commit <= last; only grows
    uint64_t applied;   // told to apply; <= commit
    uint64_t matched;   // a follower's entries up to here equal its leader's; <= last
    uint64_t ack_round;
    struct mesh_raft_members members;  // the latest in the log, committed or not
    uint64_t members_index;            // where; snapshot.index or less if not in the log
    uint32_t votes;                    // places that said yes, of a candidate of either sort
    uint32_t received;                 // bytes of `incoming` so far

    // Timers.
    uint64_t election_ns;   // deadline of a follower's or a candidate's patience
    uint64_t heartbeat_ns;  // a leader's next heartbeat
    uint64_t timer_ns;      // the timer set last, or UINT64_MAX
    uint64_t timer;         // its number
    uint64_t draws_term;    // timeouts are drawn for (term, how many were drawn in it)
    uint32_t draws;

    // A leader's.
    uint64_t term_start;  // its first entry; nothing before it is committed by counting
    uint64_t round;       // the last heartbeat sent
    struct mesh_raft_progress progress[MESH_RAFT_MEMBERS_MAX];
    struct mesh_raft_read reads[MESH_RAFT_READS_MAX];  // in the order of their coming
    uint32_t read_count;
    uint32_t transfer;         // node to lead next, or MESH_NODE_NONE
    uint64_t transfer_ns;      // until when it has time
    uint32_t catching_up;      // node to be made a voter, or MESH_NODE_NONE
    uint32_t catch_up_rounds;  // done so far
    uint64_t catch_up_end;     // the round is done when it has this entry
    uint64_t catch_up_ns;      // when the round began

    // mesh/bridges.h: what the log says up to `applied`; and memory of the driver's, which outlives
    // crashes, for what the node has heard of all groups and for whom it may call.
    uint32_t bridges;
    struct mesh_bridges_known *known;  // [config.raft_count]; NULL: it never calls other groups
    uint32_t *callable;                // [config.raft_count + 1 + members of the bridges' scope]
};

// What RAFT_START brings besides the record (duty 1).
struct mesh_raft_start {
    uint64_t term;
    uint64_t last;
    uint32_t vote;
    uint32_t life;  // >= 1, larger at each start, with or without a disk: a count, or a time
    bool forgot;
    bool impatient;  // it stands for election at once
};

struct mesh_raft_command {
    const uint8_t *bytes;
    uint32_t count;  // <= group.entry_bytes
};

enum mesh_raft_change_kind {
    MESH_RAFT_ADD,          // learner now, voter when caught up
    MESH_RAFT_ADD_LEARNER,  // learner for good
    MESH_RAFT_REMOVE,
    MESH_RAFT_DEMOTE,  // a voter becomes a learner
};

struct mesh_raft_compact {
    uint64_t
        index;  // the snapshot holds what entries up to here led to, and is durable; <= applied
                // and <= stored
    const uint8_t *data;
    uint32_t bytes;
};

enum mesh_raft_refusal {
    MESH_RAFT_NOT_LEADER = 1,  // the record names who is, if that is known
    MESH_RAFT_TRANSFERRING,    // leadership is on its way to somebody else
    MESH_RAFT_FULL,            // the ring, or the list of reads
    MESH_RAFT_UNSETTLED,       // the last change, or the leader's first entry, is not committed
    MESH_RAFT_POINTLESS,       // not in the roster, already so, the last voter, no voter
    MESH_RAFT_TOO_SLOW,        // did not catch up, or did not take over in time
    MESH_RAFT_DEPOSED,         // no longer leader before the read was confirmed
};

// What a message of Raft says, in the first words behind its head; entries or a chunk follow.
//
//                   index          index_term  commit         round      life      flags
//   VOTE            last entry     its term                                        PRE, HANDOVER
//   VOTE_REPLY                                                                     PRE, GRANTED
//   APPEND          previous one   its term    commit index   a round    cleared
//   APPEND_REPLY    on disk                    in memory      the same   its own   GRANTED, FORGOT
//    if refused     hint           its term    previous one   the same   its own   FORGOT
//   SNAPSHOT        last included  its term                   a round    cleared
//   SNAPSHOT_REPLY  last included  its term                   the same   its own   FORGOT
//   TIMEOUT_NOW
//
// Life, cleared: 0, or the life of a receiver that forgot and is no voter any more.
struct mesh_raft_head {
    uint64_t term;  // the sender's; of a VOTE with PRE, and a grant of it, the one it would be
    uint64_t index;
    uint64_t index_term;
    uint64_t commit;
    uint64_t round;
    struct mesh_raft_members members;  // SNAPSHOT
    uint32_t bridges;                  // SNAPSHOT
    uint32_t offset;                   // SNAPSHOT and its reply: of the chunk
    uint32_t total;                    // SNAPSHOT: bytes of all; reply: of what is there
    uint32_t bytes;                    // SNAPSHOT: of the chunk
    uint32_t life;
    uint32_t flags;
};
_Static_assert(sizeof(struct mesh_raft_head) == 72, "it travels in whole words");

enum mesh_raft_flag {
    MESH_RAFT_PRE = 1,       // before an election: nothing is promised
    MESH_RAFT_HANDOVER = 2,  // the old leader wants it so: do not stay true to it
    MESH_RAFT_GRANTED = 4,
    MESH_RAFT_FORGOT = 8,
};

// Words of an entry in the ring and in messages.
uint32_t mesh_raft_entry_words(const struct mesh_raft_group *group);

// Words that a message of Raft may need: room for them makes mesh_wire_decode safe.
uint32_t mesh_raft_words_max(const struct mesh_config *config);

// The node's record, or NULL.
struct mesh_raft *mesh_raft_of(const struct mesh_states *states, uint32_t node);

// The entry at an index in (snapshot.index, last]; readable until the next step.
const struct mesh_raft_entry *mesh_raft_entry_at(const struct mesh_raft_group *group,
                                                 const struct mesh_raft *raft, uint64_t index);

// Puts an entry back where it was before a restart; `bytes` of `data`.
void mesh_raft_put(const struct mesh_raft_group *group, struct mesh_raft *raft, uint64_t index,
                   const struct mesh_raft_entry *entry);

// What a message of Raft says, and its entry number `position` < message->update_count.
const struct mesh_raft_head *mesh_raft_heard(const struct mesh_message *message);
const struct mesh_raft_entry *mesh_raft_carried(const struct mesh_message *message,
                                                uint32_t position);

// Members as an entry of that kind has them in its one word, and back.
static inline uint64_t mesh_raft_members_word(struct mesh_raft_members members)
{
    return members.voters | (uint64_t)members.learners << 32;
}

static inline struct mesh_raft_members mesh_raft_members_of(uint64_t word)
{
    return (struct mesh_raft_members){(uint32_t)word, (uint32_t)(word >> 32)};
}

#endif
