// SPDX-License-Identifier: GPL-3.0-or-later
// Relays that fall silent, and who takes over (private to this folder).
//
//     relay A   x crashes                         back: it is the heavier one again
//     aggr.     o  o  o  . . . silence_ns . . . >|  B for A             |  A for B
//     agent B                                     o  o  o  o  o  o  o  o
//
// An aggregator notes when it heard each of its relays last. At the end of a window in which one
// has been silent for too long, the next agent of the live roster takes its place in the link: as a
// member, with a role, a timer and, where agents report, a record of what it holds. Crashed,
// paused, cut off: the aggregator cannot tell, so a relay that is merely slow is replaced, too.
// What the aggregator still sends to the old relay is refused there. An aggregator that was down
// itself begins anew.
//
// Where edges have SWIM their members do not wait for the aggregator, nor ask a roster. Whoever is
// one of the heaviest of those that it does not hold for dead or gone, of a majority of its edge,
// is a relay; whoever is no longer, since a heavier one is back, hands over.

#ifndef SIM_RELAYS_H
#define SIM_RELAYS_H

#include "engine.h"

struct sim_relays {
    uint32_t link_count;             // 0: nobody is replaced
    bool by_verdict;                 // SWIM's
    uint32_t *starts;                // [link_count + 1] of the links' members in heard_ns
    uint64_t *heard_ns;              // by member of each link, in their order
    bool replaced;                   // somebody was
    struct sim_transition *changes;  // [change_count] of this window
    uint32_t change_count;
    uint32_t change_capacity;
};

void sim_relays_create(struct sim_engine *engine);
void sim_relays_finish(struct sim_engine *engine);

// The aggregator of a link heard one of its relays.
void sim_relays_heard(struct sim_engine *engine, const struct mesh_event *event);

// Whether a message finds the relay it was sent to no longer one.
bool sim_relays_refuse(const struct sim_engine *engine, uint16_t scope, uint32_t node);

// With the window's transitions so far; those of new relays go behind.
void sim_relays_end_window(struct sim_engine *engine);

#endif
