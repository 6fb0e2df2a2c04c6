// SPDX-License-Identifier: Apache-2.0
// SWIM: who of a scope's members is there, found out by the members themselves.
//
// "The paper": Das, Gupta, Motivala, "SWIM: Scalable weakly-consistent infection-style process
// group membership protocol", DSN 2002. "Lifeguard": Dadgar, Phillips, Currey, "Lifeguard: local
// health awareness for more accurate failure detection", DSN-W 2018. What neither says is done as
// Serf and memberlist do it (hashicorp/memberlist, state.go, suspicion.go, awareness.go, and serf's
// reconnecting), by ideas and figures alone.
//
//   events (mesh/step.h)                              records
//    SWIM_START  all of the roster are there   --+     +-->  SWIM_MEMBER  what it thinks of one
//    SWIM_JOIN   asks the seeds who is         --+     +-->  SWIM_PROBE   a probe has ended
//    SWIM_TIMER  the timer set last fired      --+-----+-->  SWIM_JOINED  a seed has told
//    SWIM_LEAVE  goes, and says so             --+     +-->  SWIM_QUORUM  whether a majority is
//    RECEIVE     a message of a member         --+     |                  reachable
//                                                      +-->  SEND, last SWIM_TIMER: wake me then
//
// A period of a node (paper 3.1, 4.1):
//
//    | PING --> target                | PING_REQUEST --> K proxies --PING--> target     |
//    |<----------- timeout ---------->|<---- ACK --------------------- ACK ------------ |
//    |<----------------------------- period ------------------------------------------->| no ACK:
//                                                                                         suspected
// What a node thinks of a member, (incarnation, state), only ever grows in this order:
//
//    ALIVE i < SUSPECT i < DEAD i < LEFT i < ALIVE i + 1 ...        a join: order, repetition and
//                                                                   ways of news do not matter
// and only the member itself begins an incarnation, to refute what is said of it (paper 4.2). All
// else travels as news on SWIM's own messages, each of a node's news so many times (paper 4.1),
// what was told least first, as far as a walk in turns goes. While there are any, a node tells some
// members several times a period, in pings that want no answer, as memberlist gossips beside its
// probes and five times as often: where most of whom a node probes is on the other side of a
// partition, probes alone spread little, and news that have to go through a whole mesh within a few
// periods cannot wait for the next one at each member.
//
// A view is a difference from the roster: it lists members that are not ALIVE 0, in the order in
// which they came to be that, and none is ever taken off the list. So a SYNC can go through two
// views page by page.
//
// What news are lost, a node finds by comparing its view's hash with a random member's once in a
// while; where they differ both go through their views.
//
// Partitions. Each side holds the other for dead, and asks nobody there any more. So once in a
// while a node calls one it holds for dead, a seed sooner than others (as Serf reconnects), and the
// two go through their views. The dead of another's view, where this one holds them for alive,
// change nothing in it: they are told on as ACCUSED, which the accused refute, and the node probes
// one of them next.
//
// Lifeguard, a switch. A node whose probes fail, who hears no NACK of a proxy, or is suspected
// itself, takes its own state into account: a probe and its timeout take (1 + health) times as
// long. A suspicion begins with the longer patience and comes down to the shorter with each member
// that confirms it. And who pings a suspect tells it so first, which is done for the dead in any
// case.
//
// Duties of the driver, besides those of mesh/step.h:
//   1. before an event it sees to it that the view has room (mesh_swim_wanted), if it wants no news
//      to be lost: of a full view the news about further members are dropped;
//   2. lives only grow; a node that comes back starts with a JOIN;
//   3. of timers only the one set last counts; others may fire or not;
//   4. what a node without a majority (SWIM_QUORUM) does with its users' writes is the driver's
//      business: such a write is to be refused.

#ifndef MESH_SWIM_H
#define MESH_SWIM_H

#include "mesh/step.h"

#define MESH_SWIM_NONE UINT16_MAX
#define MESH_SWIM_NEWS_MAX 128  // in a message
#define MESH_SWIM_PROXIES_MAX 16
#define MESH_SWIM_GOSSIP_MAX 8
#define MESH_SWIM_CONFIRMERS_MAX 5  // of a suspicion, who began it included
#define MESH_SWIM_HEALTH_MAX 7
#define MESH_SWIM_RELAYS_MAX 8                         // probes of others for which a NACK is owed
#define MESH_SWIM_INCARNATION_MAX (UINT32_C(1) << 28)  // incarnations are below

enum mesh_swim_state {
    MESH_SWIM_ALIVE,
    MESH_SWIM_SUSPECT,
    MESH_SWIM_DEAD,
    MESH_SWIM_LEFT,
    MESH_SWIM_ACCUSED,  // of news only: somebody elsewhere holds it for dead
    MESH_SWIM_STATE_COUNT
};

// The same for all members of a scope, which is their home.
struct mesh_swim_group {
    uint16_t scope;     // its members are the roster
    bool synchronised;  // periods begin at multiples of their length; else each has its phase
    bool random;        // targets are drawn; else round robin, shuffled anew each time
    bool lifeguard;
    bool quorum;                // SWIM_QUORUM is said
    uint32_t proxies;           // 0 .. MESH_SWIM_PROXIES_MAX
    uint32_t gossip;            // told at a time while there are news, 0 .. MESH_SWIM_GOSSIP_MAX
    uint32_t news;              // in a message at most, 1 .. MESH_SWIM_NEWS_MAX
    uint32_t retransmit;        // news are told this times the decimal digits of the roster's size
    uint32_t confirmations;     // that bring patience down, 0 .. MESH_SWIM_CONFIRMERS_MAX - 1
    uint64_t period_ns;         // > 0
    uint64_t timeout_ns;        // of the direct ping, 1 .. period_ns
    uint64_t gossip_ns;         // between these times, 1 .. period_ns; a period begins with one
    uint64_t suspicion_ns;      // a suspect's time to refute; 0: who does not answer is dead
    uint64_t suspicion_ns_max;  // >= suspicion_ns; lifeguard: without any confirmation
    uint64_t sync_ns;           // so often views are compared, or a dead member called; 0: never
    const uint32_t *seeds;      // [seed_count] members
    uint32_t seed_count;        // >= 1
};

// A member that is not, or not as at first, ALIVE 0. Indexes are 1 + those of the list; 0: none.
struct mesh_swim_member {
    uint64_t since_ns;  // SUSPECT: since then
    uint32_t node;
    uint32_t incarnation;  // grows, or stays while `state` does
    uint32_t accused;      // 1 + the incarnation that is to be told on as ACCUSED; 0: none
    uint32_t next;         // in its bucket
    uint32_t before;       // among the news to tell
    uint32_t behind;
    uint32_t confirmers[MESH_SWIM_CONFIRMERS_MAX];  // who suspect it, all different
    uint8_t confirmer_count;
    uint8_t state;  // enum mesh_swim_state, never ACCUSED
    uint8_t sent;   // so often its news were told
    bool queued;    // they are still to be
};

enum mesh_swim_phase { MESH_SWIM_OFF, MESH_SWIM_JOINING, MESH_SWIM_ACTIVE, MESH_SWIM_GONE };

// A probe of somebody else's.
struct mesh_swim_relay {
    uint64_t number;
    uint64_t due_ns;  // the NACK; UINT64_MAX: none is owed
    uint32_t asker;
};

// A node's record. Node, group and memory are the driver's; the rest is the core's.
struct mesh_swim {
    uint32_t node;
    uint16_t group;  // of config.swim, or MESH_SWIM_NONE: it takes no part
    uint8_t phase;   // enum mesh_swim_phase
    uint8_t health;  // 0 .. MESH_SWIM_HEALTH_MAX; 0 without Lifeguard
    bool read_only;  // no majority of the roster is reachable
    uint32_t incarnation;
    uint64_t life;
    uint64_t said;  // messages so far, in all lives: they name the occasions

    // The view. members[0 .. count) with their buckets; see mesh_swim_give.
    struct mesh_swim_member *members;
    uint32_t *buckets;  // [bucket_count]
    uint32_t capacity;
    uint32_t bucket_count;  // the power of two from capacity on, or 0
    uint32_t count;         // <= capacity
    uint64_t hash;          // of what the view says, a sum over its members
    uint32_t suspects;      // of the others, so many are in these states
    uint32_t dead;
    uint32_t left;
    uint32_t news_first;  // the news to tell next, and last
    uint32_t news_last;
    uint32_t news_count;

    // The probe under way.
    uint64_t probe;        // its number, and the last there was
    uint64_t probe_place;  // in the order of targets, over all rounds
    uint32_t target;       // MESH_NODE_NONE: none is under way
    bool answered;         // it has been
    uint32_t doubted;      // to be probed next, or MESH_NODE_NONE
    uint32_t asked;        // proxies
    uint32_t nacks;        // of them, who said that they do not hear it either
    struct mesh_swim_relay relays[MESH_SWIM_RELAYS_MAX];

    // Timers; UINT64_MAX: not set.
    uint64_t period_ns;  // the next period begins
    uint64_t end_ns;     // the probe under way is over, at the beginning of a period
    uint64_t ask_ns;     // proxies are asked
    uint64_t tell_ns;    // others are told what news there are, within a period
    uint64_t expire_ns;  // some suspect's time may be over; not later than the first is
    uint64_t nack_ns;    // the first NACK is due
    uint64_t sync_ns;    // it compares its view, or calls the dead, from then on
    uint64_t timer_ns;   // what the driver was told last
    uint32_t tries;      // of joining and of calling the dead
};

// What a message of SWIM says, in the first words behind its head; news follow.
//
//                  number        subject         asker               offset, total
//   PING           of the probe                  whom a proxy pings for
//   PING_REQUEST   of the probe  the target
//   ACK            as heard      who answered    as heard            NACK: the proxy heard nothing
//   SYNC           the view's hash                                   of the first news, of the view
struct mesh_swim_head {
    uint64_t number;
    uint32_t subject;  // MESH_NODE_NONE: none, likewise
    uint32_t asker;
    uint32_t incarnation;  // the source's own
    uint32_t offset;
    uint32_t total;
    uint16_t count;  // of news
    uint16_t flags;
};
_Static_assert(sizeof(struct mesh_swim_head) == 32, "it travels in whole words");

enum mesh_swim_flag {
    MESH_SWIM_NACK = 1,      // ACK
    MESH_SWIM_REPLY = 2,     // SYNC: an answer
    MESH_SWIM_ENTER = 4,     // SYNC: of a node that joins
    MESH_SWIM_WHOLE = 8,     // SYNC: until all has been gone through
    MESH_SWIM_COMPARE = 16,  // SYNC: only the hash, to be answered if it is another
};

struct mesh_swim_news {
    uint32_t node;
    uint32_t incarnation;
    uint32_t from;  // SUSPECT: who says so
    uint32_t state;
};
_Static_assert(sizeof(struct mesh_swim_news) == 16, "it travels in whole words");

// Bytes of memory for a view of `capacity` members; and putting a view there, what it holds
// included. The memory is zeroed, aligned to 8 bytes, and has room for more than there was.
size_t mesh_swim_bytes(uint32_t capacity);
void mesh_swim_give(struct mesh_swim *swim, void *memory, uint32_t capacity);

// A view of so many members has room for all that the event may bring.
uint32_t mesh_swim_wanted(const struct mesh_swim *swim, const struct mesh_event *event);

// Words that a message of SWIM may need: room for them makes mesh_wire_decode safe.
uint32_t mesh_swim_words_max(const struct mesh_config *config);

// The node's record, or NULL; it may take no part.
static inline struct mesh_swim *mesh_swim_of(const struct mesh_states *states, uint32_t node)
{
    return states->swims == NULL ? NULL : &states->swims[node - states->node_first];
}

// What the node thinks of a member.
enum mesh_swim_state mesh_swim_state_of(const struct mesh_swim *swim, uint32_t node);

// What a message of SWIM says, and its news.
const struct mesh_swim_head *mesh_swim_heard(const struct mesh_message *message);
const struct mesh_swim_news *mesh_swim_carried(const struct mesh_message *message);

#endif
