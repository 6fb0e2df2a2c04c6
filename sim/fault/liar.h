// SPDX-License-Identifier: GPL-3.0-or-later
// Agents that lie, as users describe them, and what their lies are.
//
//     struct sim_liar    "20 % of all agents forge from 1 s on"
//        |
//        v
//     who    drawn once, for the whole run, by a seed of their own: of two shares of the same
//            nodes the smaller is part of the larger
//     what   becomes of each message that such a node sends (engine/liars.h). The core beneath is
//            an honest one, which knows nothing of it: what it says is rewritten on its way out
//
//   silent          It is not sent.
//   delaying        It arrives later.
//   forging         It carries an update that nobody wrote, in the name of an honest agent and with
//                   a wrong signature: all liars of an entry the same, a new one every so often.
//   inflating       Rows of a hierarchy tell too much: its own, or with a wrong signature those
//                   that relays below have made.
//   equivocating    What such an agent writes has two values, both signed; one half of the mesh is
//                   told one, the other half the other.
//   replaying       A tick says what the first one said, for ever: an old hash and no updates.
//   flooding        Each tick is said again and again to some victims, spread over the interval.
//   lying-digests   Hashes are wrong, and vectors deny everything: each exchange goes on to its end
//                   and carries all there is.
//   corrupting      A share of what it sends does not decode.
//   eclipsing       Who asks for a snapshot gets one with nothing in it.
//
// Each entry draws its own nodes. Several may hold for one node: they are applied in this order.

#ifndef SIM_LIAR_H
#define SIM_LIAR_H

#include "fault.h"

#define SIM_LIARS_MAX 32u  // entries: a node's are bits of a word

enum sim_behaviour {
    SIM_SILENT,
    SIM_DELAYING,
    SIM_FORGING,
    SIM_INFLATING,
    SIM_EQUIVOCATING,
    SIM_REPLAYING,
    SIM_FLOODING,
    SIM_LYING_DIGESTS,
    SIM_CORRUPTING,
    SIM_ECLIPSING,
    SIM_BEHAVIOUR_COUNT
};

struct sim_liar {
    enum sim_behaviour behaviour;
    struct sim_selection of;
    uint64_t at_ns;      // it lies in what is sent in [at_ns, until_ns)
    uint64_t until_ns;   // SIM_FAULT_NEVER
    uint64_t delay_ns;   // delaying
    uint64_t every_ns;   // forging: between one update and the next
    uint32_t factor;     // inflating: by which executions and tasks of rows are multiplied
    uint32_t rate;       // flooding: messages a second, to each victim
    uint32_t victims;    // flooding
    uint32_t share_ppb;  // corrupting
    const char *text;    // for people
};

// What came of an entry.
struct sim_liar_count {
    uint64_t first_ns;  // of its lies
    uint64_t last_ns;
    uint64_t lies;   // messages that were rewritten, withheld, delayed or sent besides
    uint32_t nodes;  // that lie
    uint32_t lying;  // of them, those that did
};

// Purposes of draws, by the seed of the liars; whom an entry hits is drawn by SIM_DRAW_PICK.
enum {
    SIM_DRAW_VICTIM = MESH_DRAW_DRIVER + 118,
    SIM_DRAW_LIE,
    SIM_DRAW_ALTER,  // what the network breaks, and nobody notices (engine/altering.h)
};

// Of `count` nodes, ascending, keeps the entry's; returns how many.
uint32_t sim_liar_pick(const struct sim_liar *liar, uint32_t entry, uint64_t seed, uint32_t *nodes,
                       uint32_t count);

const char *sim_behaviour_name(enum sim_behaviour behaviour);

#endif
