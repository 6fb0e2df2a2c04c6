// SPDX-License-Identifier: Apache-2.0
// The one door of the protocol: events go in, effects come out. No clock, no socket, no allocation.
//
//    driver                         core                          driver
//   timer fired ----+                                       +--> SEND     message, targets
//   message came ---+--> events[] --> mesh_step --> records-+--> TIMER    wake me first at
//   user wrote -----+                    |                  +--> PERSIST  make durable, then go on
//                                 replicas[]              +--> DELIVER  these updates are new here
//                              (driver's memory)          +--> REJECT   a peer's fault, with reason
//
// Duties of the driver:
//   1. events of one node come in the order of their times; between nodes any order will do;
//   2. records are carried out in the order in which they stand; what follows a PERSIST of the same
//      event waits until that is durable;
//   3. messages received must stay readable during the call; messages sent lie in the output's
//      memory and belong to the driver from then on;
//   4. calls that share replicas or a table do not run at the same time, with one exception: blocks
//      of nodes that share only a table may step in parallel, since a step writes no row but those
//      of the lanes reserved for its own write events.
//   5. a node that joins late, or comes back without what it held, gets a JOIN event before any
//      other; its counts of writes and messages go on where they were, or it is a new node. Until
//      the snapshot is there it learns what it hears and answers nothing (README.md, "Joining").
// A peer's lie is a REJECT; our own fault is an assert, and asserts stay on.
//
// A replica, one cache line while a scope has at most 64 updates in flight:
//
//   0        16      24         28         32       40         48         56        64
//   | hash   | clock | sequence | messages | have   | recent 0 | recent 1 | recent 2 |
//   |        |       |          |  sent    | lanes 0..63, one bit each                |
//
//   have       the lanes (updates) this replica holds
//   recent 0   learnt since the node's last tick; recent 1, 2: in the two ticks before
//
// With more lanes each of these planes is as many words, one plane behind the other, so that a
// loop over a plane is one over neighbours in memory.

#ifndef MESH_STEP_H
#define MESH_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mesh/lanes.h"
#include "mesh/table.h"

#define MESH_NODE_NONE UINT32_MAX
#define MESH_NODE_MAX (1u << 24)  // node ids are below: they fit a draw's index
#define MESH_FANOUT_MAX 1000

// How updates travel in a scope (README.md, "Gossip modes").
enum mesh_mode {
    MESH_PUSH,       // every tick: what I hold, one way
    MESH_PULL,       // every tick: digest; answered with what the asker lacks
    MESH_PUSH_PULL,  // every tick: digest and recent updates, answered until both hold the union
    MESH_EAGER,      // first receipt: forward at once; every tick a push-pull as repair
    MESH_RUMOR,      // every tick: what is still hot, until interest is lost (struct mesh_rumor)
    MESH_DELTA,      // every tick, along the edges of a graph: what is new (struct mesh_delta)
};

// When ticks fire: mesh/schedule.h.
enum mesh_schedule {
    MESH_PHASED,       // every node ticks once per interval, at a random phase of its own
    MESH_SYNCHRONOUS,  // all tick at i * interval, i >= 1; what is heard counts from the next tick
    MESH_POISSON,      // exponential gaps with the interval as their mean
};

// Whom a node talks to: mesh/peers.h.
enum mesh_selection {
    MESH_UNIFORM,        // anyone
    MESH_LOCAL_BIAS,     // a member of the own group, or with the rest of the probability anyone
    MESH_LATENCY_AWARE,  // the nearest of a few candidates
    MESH_HYBRID,         // the nearest of a few, or with the rest of the probability anyone
    MESH_OTHER_GROUPS,   // anyone who is not in the own group: bridges between regions
};

#define MESH_RUMOR_K_MAX 15
#define MESH_DEGREE_MAX 15

// When a node stops spreading a rumour (Demers et al., PODC 1987, section 1.4).
struct mesh_rumor {
    bool pull;  // ask for hot updates instead of sending them
    bool coin;  // a contact that counts ends interest with probability 1 / k; else the k-th does
    bool feedback;  // only contacts that brought nothing new count, and one that did starts anew
    uint32_t k;     // 1 .. MESH_RUMOR_K_MAX
};

enum mesh_message_kind {
    MESH_MESSAGE_PUSH = 1,   // push: updates
    MESH_MESSAGE_OPEN,       // push-pull 1: hash, recent updates
    MESH_MESSAGE_ANSWER,     // push-pull 2: hash, recent updates that OPEN lacked
    MESH_MESSAGE_VECTOR,     // push-pull 3: version vector of all that the sender holds
    MESH_MESSAGE_FILL,       // push-pull 4: updates that VECTOR lacked, and a vector in return
    MESH_MESSAGE_REST,       // push-pull 5: updates that FILL's vector lacked
    MESH_MESSAGE_RUMOR,      // rumor: hot updates
    MESH_MESSAGE_ASK,        // rumor, pull: send me what is hot
    MESH_MESSAGE_FEEDBACK,   // rumor: which of them were news here, and which were not
    MESH_MESSAGE_DELTA,      // delta: what was learnt since the last tick
    MESH_MESSAGE_EAGER,      // updates on their first receipt
    MESH_MESSAGE_JOIN,       // a node without a replica asks for one
    MESH_MESSAGE_SNAPSHOT,   // all that the sender holds, and what was released
    MESH_MESSAGE_ROWS,       // tiers 1: a digest of the sender's rows, and those that changed
    MESH_MESSAGE_ROWS_HELD,  // tiers 2: which rows the receiver of ROWS holds
    MESH_MESSAGE_ROWS_REST,  // tiers 3: rows that are better than those
    MESH_MESSAGE_RAFT_VOTE,  // Raft (mesh/raft.h): vote for me
    MESH_MESSAGE_RAFT_VOTE_REPLY,
    MESH_MESSAGE_RAFT_APPEND,  // entries, or none: a heartbeat
    MESH_MESSAGE_RAFT_APPEND_REPLY,
    MESH_MESSAGE_RAFT_SNAPSHOT,  // a chunk of one
    MESH_MESSAGE_RAFT_SNAPSHOT_REPLY,
    MESH_MESSAGE_RAFT_TIMEOUT_NOW,   // lead in my place
    MESH_MESSAGE_SWIM_PING,          // SWIM (mesh/swim.h): are you there?
    MESH_MESSAGE_SWIM_PING_REQUEST,  // ping somebody for me
    MESH_MESSAGE_SWIM_ACK,
    MESH_MESSAGE_SWIM_SYNC,  // a page of all that the sender thinks of the members
    MESH_MESSAGE_KIND_COUNT
};
_Static_assert(MESH_MESSAGE_KIND_COUNT <= 64, "they fit the head of a message");

// Delta propagation along a graph (Enes, Almeida, Baquero, Leitao, ICDE 2019, Algorithm 1).
struct mesh_delta {
    const uint32_t *starts;       // [count + 1] of member i: its neighbours from starts[i] on ...
    const uint32_t *neighbours;   // ... node ids, at most MESH_DEGREE_MAX each, in both directions
    bool avoid_back_propagation;  // BP: do not tell a neighbour what it told first
    bool remove_redundancy;       // RR: tell on only what a delta brought that was new
};

// Nodes that gossip with each other as one mesh, or that call others who answer: the relays of an
// edge their aggregator. The first scope that a node is a member of is its home; in further ones it
// has a role (struct mesh_role). Who is called as no member answers from the books of its home,
// which must then push, pull or both, by the same schedule.
struct mesh_scope {
    const uint32_t *members;  // [count], ascending, or NULL: nodes first .. first + count - 1
    uint32_t first;
    uint32_t count;
    const uint32_t *callees;  // [callee_count], ascending: whom the members call; NULL: each other
    uint32_t callee_count;
    uint32_t fanout;        // peers per tick and per first receipt, 1 .. MESH_FANOUT_MAX
    uint32_t update_limit;  // updates in a message at most, 1 .. UINT16_MAX
    uint64_t interval_ns;   // > 0
    enum mesh_mode mode;
    enum mesh_schedule schedule;
    bool forwards;            // a link that is eager (links.c); push, pull or both
    struct mesh_rumor rumor;  // MESH_RUMOR only
    struct mesh_delta delta;  // MESH_DELTA only
    enum mesh_selection selection;
    uint32_t bias_percent;         // of picks that LOCAL_BIAS and HYBRID do not leave to chance
    const uint32_t *group_starts;  // [group_count + 1] positions among the members, the first 0 and
                                   // the last `count`; NULL: one group
    uint32_t group_count;          // zones or regions, in whatever sense is near
    const uint32_t
        *group_distance;  // [group_count * group_count], any unit; NULL: own group 0, else 1
};

struct mesh_config {
    uint64_t seed;
    const struct mesh_scope *scopes;
    uint32_t scope_count;
    const struct mesh_tiers *tiers;      // mesh/tiers.h; NULL: nothing is added up
    const struct mesh_raft_group *raft;  // [raft_count] groups (mesh/raft.h)
    uint32_t raft_count;
    const struct mesh_swim_group *swim;  // [swim_count] scopes with SWIM (mesh/swim.h)
    uint32_t swim_count;
    uint16_t bridge_scope;  // where active bridges gossip, if groups have any (mesh/bridges.h)
    bool eager_links;       // some scope forwards
    const struct mesh_guard *guard;  // mesh/guard.h; NULL: peers are believed
    uint32_t signature_bytes;  // 0 or MESH_SIGNATURE_BYTES: what each update carries on the wire
    // 128-bit hash of `count` bytes; decides whether two values of one dot are the same.
    void (*hash)(void *context, const void *bytes, size_t count, uint64_t out[2]);
    void *hash_context;
};

// A message in memory: lanes instead of dots. `lanes` holds one or two sets (mesh_message_sets) of
// `words` words each, the words of the replica from `word_first` on; outside them a set is empty:
//
//     replica     word  0  1  2  3  4  5  6  7  8  9       word_first = 3, words = 4
//     message                    [ updates ] [ vector ]    lanes[0 .. 3], lanes[4 .. 7]
//
// The sets are the updates carried, but in VECTOR what the sender holds, in FILL updates and then
// what the sender holds; what is released it holds in any case. FEEDBACK names the updates that
// were news, and then those that were not. The second set of SNAPSHOT is the sender's clock, in its
// first word. The messages of rows, of Raft and of SWIM have `words` words that mesh/tiers.h,
// mesh/raft.h and mesh/swim.h describe.
struct mesh_message {
    uint32_t source;
    uint32_t initiator : 24;  // who opened the exchange
    uint32_t kind : 6;        // enum mesh_message_kind
    uint32_t garbled : 1;     // 1: its bytes do not decode: only where messages travel as they are
    uint32_t beyond : 1;      // 1: it names updates that the receiver's table does not know
    uint64_t occasion;        // the initiator's tick, or the dot being forwarded (mesh_occasion)
    uint64_t hash[2];     // of the sender's set; OPEN, ANSWER, SNAPSHOT and ROWS only, else zero
    uint64_t sent_ns;     // time of the event that sent it; not on the wire
    uint32_t sequence;    // the source's count of messages; not on the wire
    uint32_t wire_bytes;  // what the encoder makes of it
    uint16_t scope;
    uint16_t word_first;
    uint16_t words;
    uint16_t update_count;
    uint64_t lanes[];
};
_Static_assert(sizeof(struct mesh_message) == 56, "header and 64 lanes fill a cache line");

// One of the replicas; see the drawing. planes[states.words * plane + word].
struct mesh_replica {
    uint64_t hash[2];   // sum, modulo 2^64 each, of the hashes of the updates held or released
    uint64_t clock;     // hybrid logical clock: the largest seen
    uint32_t sequence;  // own writes so far
    uint32_t message_count : 31;  // messages sent so far
    uint32_t joining : 1;         // 1: it asked for a snapshot and has none yet
    uint64_t planes[];
};
_Static_assert(sizeof(struct mesh_replica) == 32, "head of a replica");

// What a node keeps for a scope that is not its home, where it ticks by another timer: a bridge
// for the mesh of bridges, a relay for the link to its aggregator. Such scopes run push or pull or
// both, nothing else. What the node holds is one set, in its replica.
struct mesh_role {
    uint64_t hash[2];  // as in the replica, of what is visible here
    uint32_t node;
    uint16_t scope;
    uint16_t home;      // the node's first scope
    uint64_t recent[];  // [MESH_RECENT_PLANES][words] learnt since the last tick here, ...
};
_Static_assert(sizeof(struct mesh_role) == 24, "head of a role");

#define MESH_RECENT_PLANES 3

enum mesh_plane {
    MESH_HAVE,
    MESH_RECENT_0,
    MESH_RECENT_1,
    MESH_RECENT_2,
    MESH_PLANES,
    // Rumor keeps other books behind the first two: what is still spread, what the contacts since
    // the last tick said of it, and how many contacts have counted, in binary.
    MESH_HOT = 2,
    MESH_USEFUL,
    MESH_USELESS,
    MESH_COUNT_0,
    MESH_COUNT_BITS = 4,
    MESH_RUMOR_PLANES = MESH_COUNT_0 + MESH_COUNT_BITS,
    // Delta: what this tick tells, and the neighbour that told it first, as 1 + its index, in
    // binary; 0 for own writes.
    MESH_TOLD = 2,
    MESH_TELLER_0,
    MESH_TELLER_BITS = 4,
    MESH_DELTA_PLANES = MESH_TELLER_0 + MESH_TELLER_BITS,
};

// The replicas of a contiguous block of nodes that share a table.
struct mesh_states {
    void *replicas;  // [node_count], `stride` bytes each, zeroed before first use
    size_t stride;   // >= mesh_replica_bytes(words, planes, local_words); a multiple of 8
    uint32_t node_first;
    uint32_t node_count;
    uint32_t words;   // 64-lane words per plane, 1 .. UINT16_MAX
    uint32_t planes;  // mesh_planes of the configuration
    struct mesh_table *table;
    void *roles;  // [role_count], mesh_role_bytes(words) each, by node, then by scope
    uint32_t role_count;
    const uint64_t *has_role;  // bit per node of the block; NULL: none has
    struct mesh_tier *tiers;   // [tier_count] by node (mesh/tiers.h)
    uint32_t tier_count;
    uint32_t raft_count;
    struct mesh_raft *rafts;        // [raft_count] by node (mesh/raft.h)
    struct mesh_swim *swims;        // [node_count] (mesh/swim.h); NULL: nobody takes part
    struct mesh_guard_peer *peers;  // [node_count][guard->peers], zeroed before first use; or NULL
};

enum mesh_event_kind {
    MESH_EVENT_START,    // the node joins `scope`: it answers with its TIMER
    MESH_EVENT_WRITE,    // a user's update, into the lane reserved for it
    MESH_EVENT_TICK,     // the timer of `scope` fired
    MESH_EVENT_RECEIVE,  // a message arrived
    MESH_EVENT_JOIN,     // the node starts from a peer's snapshot, whatever it held before
    MESH_EVENT_REFUSED,  // bytes of a peer were no message (mesh_wire_decode): of use to the guard
    // mesh/raft.h, for nodes with a record there; `scope` is the group's
    MESH_EVENT_RAFT_START,     // with what the disk held
    MESH_EVENT_RAFT_TIMER,     // the timer with this number fired
    MESH_EVENT_RAFT_STORED,    // the write with this number is durable
    MESH_EVENT_RAFT_PROPOSE,   // a command
    MESH_EVENT_RAFT_READ,      // asks whether it may be answered, with a number of the driver's
    MESH_EVENT_RAFT_CHANGE,    // of the members
    MESH_EVENT_RAFT_TRANSFER,  // of the leadership, to a peer
    MESH_EVENT_RAFT_COMPACT,   // the driver has made a snapshot
    // mesh/swim.h, for nodes that take part there; `scope` is the group's
    MESH_EVENT_SWIM_START,  // all of the roster are taken to be there
    MESH_EVENT_SWIM_JOIN,   // it asks the seeds
    MESH_EVENT_SWIM_TIMER,
    MESH_EVENT_SWIM_LEAVE,
};

struct mesh_write {
    union {
        const uint8_t *value;  // mesh_update_has_value; readable as long as the table's row
        uint64_t amount;       // the other types, as in struct mesh_update
    };
    uint32_t key;
    uint32_t
        lane;  // reserved for dot (node, replica.sequence + 1); of a report where those stay at
               // home, in the local table and for dot (node + MESH_NODE_MAX, its next)
    uint16_t value_bytes;
    uint8_t type;  // enum mesh_update_type
};

struct mesh_event {
    uint64_t time_ns;
    uint32_t node;
    uint16_t scope;  // one that the node is a member of, or for RECEIVE a callee
    uint16_t kind;   // enum mesh_event_kind
    union {
        uint64_t number;  // RAFT_TIMER, RAFT_STORED, RAFT_READ; SWIM_START, SWIM_JOIN: the life
        const struct mesh_raft_start *raft_start;  // RAFT_START
        const struct mesh_raft_command *command;   // RAFT_PROPOSE
        const struct mesh_raft_compact *compact;   // RAFT_COMPACT
        struct {
            uint32_t peer;
            uint32_t reason;  // enum mesh_reject
        } refused;            // REFUSED
        struct {
            uint32_t node;
            uint32_t kind;                   // enum mesh_raft_change_kind
        } change;                            // RAFT_CHANGE
        uint64_t tick;                       // TICK: its number, < 2^48
        const struct mesh_message *message;  // RECEIVE
        const struct mesh_write *write;      // WRITE
        uint32_t peer;                       // JOIN: the first to be asked; RAFT_TRANSFER
    };
};

enum mesh_record_kind {
    MESH_RECORD_SEND,
    MESH_RECORD_TIMER,
    MESH_RECORD_PERSIST,
    MESH_RECORD_DELIVER,
    MESH_RECORD_REJECT,
    MESH_RECORD_ROW,
    MESH_RECORD_RAFT_ROLE,
    MESH_RECORD_RAFT_ACCEPT,
    MESH_RECORD_RAFT_REFUSE,
    MESH_RECORD_RAFT_RESTORE,
    MESH_RECORD_RAFT_COMMIT,
    MESH_RECORD_RAFT_READ,
    MESH_RECORD_RAFT_PERSIST,
    MESH_RECORD_RAFT_TIMER,
    MESH_RECORD_SWIM_MEMBER,
    MESH_RECORD_SWIM_PROBE,
    MESH_RECORD_SWIM_JOINED,
    MESH_RECORD_SWIM_QUORUM,
    MESH_RECORD_SWIM_TIMER,
};

enum mesh_reject {
    MESH_REJECT_SCOPE = 1,  // a message for another scope than that it came in
    MESH_REJECT_KIND,       // unknown kind
    MESH_REJECT_SELF,       // a message that names its receiver as source
    MESH_REJECT_FORMAT,     // bytes that do not decode
    MESH_REJECT_FULL,       // more updates in flight than the receiver's table has lanes
    MESH_REJECT_EDGE,       // rows of edges that are not below the receiver
    MESH_REJECT_MEMBER,     // Raft, SWIM: from, to or about a node that is not in the group
    MESH_REJECT_HISTORY,    // Raft, SWIM: it contradicts what can be
    // The guard's (mesh/guard.h):
    MESH_REJECT_SIGNATURE,     // an update whose signature is wrong
    MESH_REJECT_CLOCK,         // an update from the future
    MESH_REJECT_STALE,         // a tick from the past or the future
    MESH_REJECT_DIGEST,        // a vector that denies what its sender wrote
    MESH_REJECT_RATE,          // more messages than a peer may send
    MESH_REJECT_IGNORED,       // whatever it is: its sender has no reputation left
    MESH_REJECT_EQUIVOCATION,  // no message, but an origin that signed two values for one dot
    MESH_REJECT_COUNT
};

struct mesh_record {
    uint32_t event;  // index of the event that caused it
    uint16_t kind;   // enum mesh_record_kind
    uint16_t scope;
    union {
        struct {
            const struct mesh_message *message;
            uint32_t target_first;  // into output.targets
            uint32_t target_count;
            uint32_t update_bytes;  // of message->wire_bytes, what its updates take
        } send;
        struct {
            uint64_t at_ns;
            uint64_t tick;  // its number; the following ones: mesh/schedule.h
        } timer;
        struct {
            uint64_t hash[2];       // sum, modulo 2^64 each, of the hashes of all that was new
            uint32_t news_first;    // into output.news
            uint32_t news_count;    // at least 1; words ascend
            uint32_t update_count;  // how many updates that is
        } deliver;
        struct {
            uint32_t lane;  // the write to make durable, with the origin's sequence
        } persist;
        struct {
            uint32_t source;  // whose fault it is
            enum mesh_reject reason;
            bool ignored;  // from now on it is ignored
        } reject;
        struct {
            uint64_t clock;  // of the row that the node made or took over from now on
            uint32_t edge;
            uint32_t relay;  // the node itself: it made it, of all the reports that it holds
        } row;
        struct {
            uint64_t term;
            uint32_t leader;  // as far as known, or MESH_NODE_NONE
            uint32_t role;    // enum mesh_raft_role
        } raft_role;
        struct {
            uint64_t index;  // where the command stands in the leader's log
            uint64_t term;
        } raft_accept;
        struct {
            uint64_t number;  // of a read; else 0
            uint32_t leader;  // as far as known, or MESH_NODE_NONE
            uint32_t reason;  // enum mesh_raft_refusal
        } raft_refuse;
        struct {
            uint64_t index;  // of the snapshot, which is the record's
        } raft_restore;
        struct {
            uint64_t index_first;  // entries to apply, in their order
            uint64_t count;
        } raft_commit;
        struct {
            uint64_t number;
            uint64_t index;  // answer from a state that has applied at least this: it has by now
        } raft_read;
        struct {
            uint64_t index_first;  // the log from here on is replaced by `count` entries
            uint32_t number;
            uint16_t count;
            uint16_t snapshot;  // 1: the record's snapshot is to be saved too
        } raft_persist;
        struct {
            uint64_t at_ns;
            uint64_t number;
        } raft_timer;
        struct {
            uint32_t node;
            uint32_t incarnation;
            uint8_t state;  // enum mesh_swim_state, what it thinks from now on
            uint8_t was;    // and what it thought
            bool own;       // it found out itself; else it was told
        } swim_member;
        struct {
            uint32_t node;
            bool answered;
        } swim_probe;
        struct {
            bool lost;  // no majority is reachable: writes are to be refused
        } swim_quorum;
        struct {
            uint64_t at_ns;
        } swim_timer;
    };
};

// What was new in a word of the replica.
struct mesh_news {
    uint64_t lanes;
    uint32_t word;
};

// What one event can append at most, so that the caller can size its buffers.
struct mesh_bound {
    uint32_t records;
    uint32_t targets;
    uint32_t news;
    size_t message_words;
};

// Where a step puts answers instead of behind each other, for a driver that keeps those elsewhere
// than other messages: places [taken, count), in this order, 8-byte aligned. So it does with
// answers of plain exchanges only; what record.send.message points to lies here or there.
struct mesh_places {
    uint64_t *const *places;
    uint32_t count;
    uint32_t taken;
};

#define MESH_SETS_MAX 2  // of lanes in a message (mesh_message_sets)

// The caller's buffers. A step appends; the caller empties them by setting the counts to 0.
struct mesh_output {
    struct mesh_record *records;
    uint32_t record_count;
    uint32_t record_capacity;
    uint32_t *targets;
    uint32_t target_count;
    uint32_t target_capacity;
    struct mesh_news *news;
    uint32_t news_count;
    uint32_t news_capacity;
    uint64_t *messages;    // 8-byte aligned; messages lie back to back
    size_t message_words;  // used, in 8-byte words
    size_t message_word_capacity;
    struct mesh_places answers[MESH_SETS_MAX];  // [sets - 1] with room for so many of all words
    struct mesh_bound bound;  // mesh_output_bound; all zero: every step finds it out for itself
};

// Planes per word of lanes that a replica needs in a scope of this mode; in all its scopes. With
// reports that stay at home (local_words > 0) it also keeps how long its vector is.
uint32_t mesh_mode_planes(enum mesh_mode mode);
uint32_t mesh_planes(const struct mesh_config *config);
size_t mesh_replica_bytes(uint32_t words, uint32_t planes, uint32_t local_words);
size_t mesh_role_bytes(uint32_t words);

// Words of a replica: those of what stays at home, and all of them.
struct mesh_width {
    uint32_t local_words;
    uint32_t words;
};

// Copies a replica, or a role, into larger memory, zeroed before, where either section is as wide
// or wider.
void mesh_replica_widen(const struct mesh_replica *old, struct mesh_width old_width,
                        uint32_t planes, struct mesh_replica *replica, struct mesh_width width);
void mesh_role_widen(const struct mesh_role *old, struct mesh_width old_width,
                     struct mesh_role *role, struct mesh_width width);

// The words in front of the shared ones grow: how many words more a message under way takes, and
// the message, with the numbers that its words have then. It may stay where it is if it takes none.
uint32_t mesh_message_widened(const struct mesh_message *message, uint32_t old_local_words,
                              uint32_t local_words);
void mesh_message_widen(const struct mesh_message *old, uint32_t old_local_words,
                        uint32_t local_words, struct mesh_message *message);

struct mesh_bound mesh_output_bound(const struct mesh_config *config, uint32_t words);

// Handles events[0 .. count). Returns how many it consumed: fewer than `count` only when the output
// could not hold another event's bound; the caller empties the output and calls again.
uint32_t mesh_step(const struct mesh_config *config, const struct mesh_states *states,
                   const struct mesh_event *events, uint32_t count, struct mesh_output *output);

// Fills in the role of a node that has held updates before it got one: node, scope and home are
// set, the rest is zero. Nothing is news on the link.
void mesh_role_begin(const struct mesh_config *config, const struct mesh_states *states,
                     struct mesh_role *role);

// Computes update->hash from the dot, the clock, the type, the key and the value or amount.
void mesh_update_hash(const struct mesh_config *config, struct mesh_update *update);

static inline struct mesh_role *mesh_role_at(const struct mesh_states *states, uint32_t index)
{
    size_t bytes =
        sizeof(struct mesh_role) + (size_t)states->words * MESH_RECENT_PLANES * sizeof(uint64_t);
    return (struct mesh_role *)((char *)states->roles + index * bytes);
}

// Whether it carries rows or names of rows, and no lanes.
static inline bool mesh_message_has_rows(uint8_t kind)
{
    return kind >= MESH_MESSAGE_ROWS && kind <= MESH_MESSAGE_ROWS_REST;
}

// Whether it is one of Raft's: no lanes, no updates.
static inline bool mesh_message_is_raft(uint8_t kind)
{
    return kind >= MESH_MESSAGE_RAFT_VOTE && kind <= MESH_MESSAGE_RAFT_TIMEOUT_NOW;
}

// Whether it is one of SWIM's: likewise.
static inline bool mesh_message_is_swim(uint8_t kind)
{
    return kind >= MESH_MESSAGE_SWIM_PING && kind <= MESH_MESSAGE_SWIM_SYNC;
}

// Whether the words behind its head are lanes.
static inline bool mesh_message_has_lanes(uint8_t kind)
{
    return kind <= MESH_MESSAGE_SNAPSHOT;
}

// Sets of lanes behind the head of a message of this kind.
static inline uint32_t mesh_message_sets(uint8_t kind)
{
    return kind == MESH_MESSAGE_FILL || kind == MESH_MESSAGE_FEEDBACK ||
                   kind == MESH_MESSAGE_SNAPSHOT
               ? 2
               : 1;
}

static inline struct mesh_lanes mesh_message_set(const struct mesh_message *message, uint32_t index)
{
    return (struct mesh_lanes){message->lanes + (size_t)message->words * index, message->word_first,
                               message->words};
}

// The updates that it carries, and what it says that its sender holds; no words where there is
// nothing of the kind. Messages of rows, of Raft and of SWIM have neither.
static inline struct mesh_lanes mesh_message_updates(const struct mesh_message *message)
{
    struct mesh_lanes set = mesh_message_set(message, 0);
    bool carries = mesh_message_has_lanes(message->kind) && message->kind != MESH_MESSAGE_VECTOR &&
                   message->kind != MESH_MESSAGE_FEEDBACK;
    set.words = carries ? set.words : 0;
    return set;
}

static inline struct mesh_lanes mesh_message_vector(const struct mesh_message *message)
{
    bool fill = message->kind == MESH_MESSAGE_FILL;
    struct mesh_lanes set = mesh_message_set(message, fill);
    set.words = fill || message->kind == MESH_MESSAGE_VECTOR ? set.words : 0;
    return set;
}

static inline struct mesh_replica *mesh_replica_of(const struct mesh_states *states, uint32_t node)
{
    return (struct mesh_replica *)((char *)states->replicas +
                                   (size_t)(node - states->node_first) * states->stride);
}

static inline uint64_t *mesh_replica_plane(const struct mesh_states *states,
                                           struct mesh_replica *replica, enum mesh_plane plane)
{
    return &replica->planes[(size_t)states->words * plane];
}

// Whether the node has something to tell at home besides its hash, or to ask for: an update that is
// recent, a snapshot. Of scopes that push or pull or both.
bool mesh_replica_has_news(const struct mesh_states *states, uint32_t node);

// The name of an occasion for the draws: a tick of a scope, or the first receipt of an update.
static inline uint64_t mesh_occasion_of_tick(uint16_t scope, uint64_t tick)
{
    return (uint64_t)scope << 48 | tick;
}

static inline uint64_t mesh_occasion_of_dot(struct mesh_dot dot)
{
    return (uint64_t)dot.origin << 32 | dot.sequence;
}

// The same where the receipt goes on over a link, to those whom its members call or to those who
// call: it is another occasion than at home, so that draws differ. Origins leave these bits free.
#define MESH_OCCASION_TO_PEERS (UINT64_C(1) << 62)
#define MESH_OCCASION_TO_CALLERS (UINT64_C(1) << 61)

#endif
