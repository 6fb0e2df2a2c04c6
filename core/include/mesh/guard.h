// SPDX-License-Identifier: Apache-2.0
// The guard against peers who lie: what is checked of a message before anything of it is believed,
// and what a node remembers of who was caught.
//
//     message --> is its sender ignored? --> too many of late? --> too old, too new?  --> content:
//                       |                          |                   |                   |
//                    IGNORED                     RATE        STALE, CLOCK, DIGEST, SIGNATURE
//                       |                          |                   |                   |
//                       +--------------------------+--- REJECT --------+-------------------+
//                                                          |
//                                  reputation of the sender falls by a share of itself
//                                                          |
//                            below the threshold: it is ignored until it has recovered
//
// Messages are authenticated by the transport, so the sender is who it says. Updates are signed by
// their origin and checked on first receipt; nobody passes on what it has not checked, so a bad
// signature is its sender's lie, whoever the update names. A rejected message changes nothing: of
// one bad update in it nothing else is learnt, and nothing is answered.
//
//     reason         what is held against the sender        falls by
//     SIGNATURE      an update whose signature is wrong     1/2
//     FORMAT         bytes that do not decode               1/2
//     DIGEST         a vector that lacks an old write of    1/4
//                    the sender's own
//     CLOCK          an update from the future              1/4
//     STALE          a tick from the past or the future     1/16
//     RATE           a message above the rate               1/32
//     others         a message that makes no sense here     1/4, but Raft's, which may be old
//     EQUIVOCATION   two signed values for one dot          all of it, for good
//
// Equivocation is held against the origin, not against who brought it: both values are the proof.
// A node that holds one passes the other on like any update, so the proof travels by gossip, and
// whoever has both knows. Vectors name dots, not values: what one of them names is not sent.
//
// Reputation goes from 0 to 1, starts at 1 and comes back linearly within `recovery_ns`; so a peer
// that falls just below the threshold is quarantined shortly, and one that goes on lying for good.
//
// The rate is a token bucket kept as one instant: when it will be full again (the generic cell rate
// algorithm, ITU-T I.371). An entry of a peer whose bucket is full and whose reputation is 1 says
// nothing, so that only the others are kept, in a table of fixed size:
//
//     peers of a node   [ 4 entries ][ 4 entries ] ...    a peer's set follows from its number
//
// Where a set is full the entry of the best reputation gives way; of these the one that is first
// full again. A node with more enemies than entries forgets the least of them, and meets them anew.

#ifndef MESH_GUARD_H
#define MESH_GUARD_H

#include "mesh/step.h"

#define MESH_REPUTATION_ONE 1000000000u  // parts per billion
#define MESH_GUARD_WAYS 4u               // entries of a set

struct mesh_guard {
    bool signatures;         // updates are signed: a wrong one is refused
    uint64_t gap_ns;         // a peer may send one message in so long, on average; 0: any number
    uint64_t burst_ns;       // and be so much ahead of that
    uint64_t bound_ns;       // clocks and ticks may differ from one's own by so much; 0: by any
    uint64_t recovery_ns;    // reputation comes back from 0 to 1 in so long; > 0
    uint32_t threshold_ppb;  // whoever falls below is ignored
    uint32_t peers;  // entries of each node, a multiple of MESH_GUARD_WAYS, at least one set
    // Whether the signature is its origin's: asked by the decoder (mesh/wire.h) for updates that
    // its table does not know. NULL: it is a fact that stands in the row, as in a simulation.
    bool (*verify)(void *context, const struct mesh_update *update, const uint8_t *signature);
    void *verify_context;
};

struct mesh_guard_peer {
    uint64_t full_ns;         // when its bucket is full again
    uint64_t judged_ns;       // when the reputation was this; UINT64_MAX: it does not recover
    uint32_t peer;            // 1 + its number; 0: a free entry
    uint32_t reputation_ppb;  // then
};
_Static_assert(sizeof(struct mesh_guard_peer) == 24, "a set is 96 bytes");

// What `node` thinks of a peer at this time, in parts per billion.
uint32_t mesh_guard_reputation(const struct mesh_config *config, const struct mesh_states *states,
                               uint32_t node, uint32_t peer, uint64_t time_ns);

#endif
