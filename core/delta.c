// SPDX-License-Identifier: Apache-2.0
// Delta propagation along the edges of a graph: every tick a node tells each neighbour what it has
// learnt since the last tick. Enes, Almeida, Baquero, Leitao, "Efficient synchronization of
// state-based CRDTs", ICDE 2019, Algorithm 1:
//
//     BP   not back to the neighbour that told it       RR   only what a delta brought that was new
//
//     payload on n nodes and |E| edges, U updates: RR 2 |E| U, with BP (2 |E| - (n - 1)) U
//
// The buffer of the paper is the plane of what was learnt since the last tick; who told it is kept
// beside it. Channels are taken to be reliable: what a lost message carried is not repaired.
#include <assert.h>

#include "outgoing.h"

static uint64_t *plane(struct stepping *stepping, uint32_t word, enum mesh_plane which)
{
    return mesh_stepping_plane(stepping, word, which);
}

static uint32_t member_index(const struct mesh_scope *scope, uint32_t node)
{
    uint32_t index = scope->members == NULL ? node - scope->first : 0;
    while (scope->members != NULL && scope->members[index] != node) {
        index++;
    }
    assert(index < scope->count);
    return index;
}

// The lanes of `word` that the neighbour of this number told first.
static uint64_t told_by(struct stepping *stepping, uint32_t word, uint32_t teller)
{
    uint64_t lanes = UINT64_MAX;
    for (uint32_t bit = 0; bit < MESH_TELLER_BITS; bit++) {
        uint64_t plane_bits = *plane(stepping, word, MESH_TELLER_0 + bit);
        lanes &= (teller >> bit & 1) != 0 ? plane_bits : ~plane_bits;
    }
    return lanes;
}

static void note_teller(struct stepping *stepping, uint32_t word, uint64_t lanes, uint32_t teller)
{
    for (uint32_t bit = 0; bit < MESH_TELLER_BITS; bit++) {
        uint64_t *plane_bits = plane(stepping, word, MESH_TELLER_0 + bit);
        *plane_bits = (teller >> bit & 1) != 0 ? *plane_bits | lanes : *plane_bits & ~lanes;
    }
}

// Chooses what this tick tells: all that is buffered, lowest lanes first, as far as a message holds
// it. The rest waits.
static void choose(struct stepping *stepping, const struct mesh_scope *scope)
{
    uint32_t room = scope->update_limit;
    for (uint32_t word = 0; word < stepping->states->words; word++) {
        uint64_t *buffered = plane(stepping, word, MESH_RECENT_0);
        uint64_t told = 0;
        for (; *buffered != 0 && room > 0; room--) {
            told |= *buffered & -*buffered;
            *buffered &= *buffered - 1;
        }
        *plane(stepping, word, MESH_TOLD) = told;
    }
}

// Tells one neighbour what was chosen, less what came from it.
static void tell(struct stepping *stepping, const struct mesh_scope *scope, uint32_t neighbour,
                 uint32_t number)
{
    uint64_t occasion = mesh_occasion_of_tick(stepping->event->scope, stepping->event->tick);
    struct mesh_message *message =
        mesh_outgoing_begin(stepping, MESH_MESSAGE_DELTA, stepping->event->node, occasion);
    for (uint32_t word = 0; word < stepping->states->words; word++) {
        uint64_t lanes = *plane(stepping, word, MESH_TOLD);
        if (scope->delta.avoid_back_propagation) {
            lanes &= ~told_by(stepping, word, number);
        }
        mesh_outgoing_add(message, word, lanes, scope->update_limit);
    }
    if (message->update_count == 0) {
        mesh_outgoing_drop(stepping, message);
    } else {
        mesh_outgoing_to(stepping, message, neighbour);
    }
}

void mesh_delta_tick(struct stepping *stepping, const struct mesh_scope *scope)
{
    uint32_t index = member_index(scope, stepping->event->node);
    uint32_t first = scope->delta.starts[index];
    uint32_t degree = scope->delta.starts[index + 1] - first;
    assert(degree <= MESH_DEGREE_MAX);
    choose(stepping, scope);
    for (uint32_t i = 0; i < degree; i++) {
        tell(stepping, scope, scope->delta.neighbours[first + i], i + 1);
    }
}

uint32_t mesh_delta_neighbour(const struct mesh_scope *scope, uint32_t node, uint64_t number)
{
    uint32_t index = member_index(scope, node);
    uint32_t first = scope->delta.starts[index];
    uint32_t degree = scope->delta.starts[index + 1] - first;
    return degree > 0 ? scope->delta.neighbours[first + number % degree] : MESH_NODE_NONE;
}

bool mesh_delta_receive(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_message *message = stepping->event->message;
    const struct mesh_lanes heard = mesh_message_updates(message);
    uint32_t index = member_index(scope, stepping->event->node);
    uint32_t first = scope->delta.starts[index];
    uint32_t degree = scope->delta.starts[index + 1] - first;
    uint32_t teller = 0;
    for (uint32_t i = 0; i < degree; i++) {
        teller = scope->delta.neighbours[first + i] == message->source ? i + 1 : teller;
    }
    if (message->kind != MESH_MESSAGE_DELTA || teller == 0) {
        mesh_stepping_reject(stepping, teller == 0 ? MESH_REJECT_SCOPE : MESH_REJECT_KIND);
        return false;
    }
    uint64_t any_news = 0;
    for (uint32_t word = 0; word < stepping->states->words; word++) {
        uint64_t fresh = mesh_lanes_at(&heard, word) & ~*plane(stepping, word, MESH_HAVE);
        note_teller(stepping, word, fresh, teller);
        any_news |= fresh;
    }
    // Without RR a delta that brings anything new is passed on whole.
    for (uint32_t word = 0;
         !scope->delta.remove_redundancy && any_news != 0 && word < stepping->states->words;
         word++) {
        uint64_t again = mesh_lanes_at(&heard, word) & *plane(stepping, word, MESH_HAVE) &
                         ~*plane(stepping, word, MESH_RECENT_0);
        note_teller(stepping, word, again, teller);
        *plane(stepping, word, MESH_RECENT_0) |= again;
    }
    return true;
}
