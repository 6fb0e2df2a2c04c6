// SPDX-License-Identifier: Apache-2.0
// Eager links: what a node learns goes on at once over the links it is at an end of.
//
//     coordinators   o ---- o ---- o     peers, drawn among all
//                     ^ |
//            callees, | | callers: all of them
//              drawn  | v
//     aggregator       o                 callees, callers
//                     ^ |
//                     | v
//     relays         o o o o             callees; their edge is eager by its own mode
//
// A node goes on to as many peers of the link as at a tick, and to all who call it: they keep a
// connection to it, and there are few of them. Not back to whom it heard it from and, having heard
// it from one that it calls, not to the others that it calls, who gossip with each other.
#include "links.h"

#include <assert.h>

#include "outgoing.h"

#define LINKS_MAX 2u  // of a node, and those who call it count as one

void mesh_links_bound(const struct mesh_config *config, size_t message_words,
                      struct mesh_bound *bound)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < config->scope_count; i++) {
        const struct mesh_scope *scope = &config->scopes[i];
        uint32_t targets =
            scope->callees != NULL && scope->count > scope->fanout ? scope->count : scope->fanout;
        most = scope->forwards && targets > most ? targets : most;
    }
    if (most > 0) {
        bound->records += LINKS_MAX;
        bound->targets += LINKS_MAX * most;
        bound->message_words += LINKS_MAX * message_words;
    }
}

// What was learnt of what travels, and the least of its dots.
struct cargo {
    const struct mesh_news *news;
    uint32_t count;
    uint64_t least;  // occasion; UINT64_MAX: nothing travels
};

static struct cargo cargo_of(const struct stepping *stepping, const struct mesh_news *news,
                             uint32_t count)
{
    struct cargo cargo = {news, count, UINT64_MAX};
    uint32_t local_words = stepping->states->table->local_words;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t word = news[i].word;
        uint64_t lanes = word < local_words ? 0 : news[i].lanes;
        for (; lanes != 0; lanes &= lanes - 1) {
            uint64_t dot = mesh_occasion_of_dot(mesh_stepping_row(stepping, word, lanes)->dot);
            cargo.least = dot < cargo.least ? dot : cargo.least;
        }
    }
    return cargo;
}

static struct mesh_message *load(struct stepping *stepping, const struct mesh_scope *scope,
                                 const struct cargo *cargo, uint64_t direction)
{
    stepping->scope = (uint16_t)(scope - stepping->config->scopes);
    struct mesh_message *message = mesh_outgoing_begin(
        stepping, MESH_MESSAGE_EAGER, stepping->event->node, cargo->least | direction);
    for (uint32_t i = 0; i < cargo->count; i++) {
        if (cargo->news[i].word >= stepping->states->table->local_words) {
            mesh_outgoing_add(message, cargo->news[i].word, cargo->news[i].lanes,
                              scope->update_limit);
        }
    }
    return message;
}

static bool is_among(const uint32_t *nodes, uint32_t first, uint32_t count, uint32_t node)
{
    if (nodes == NULL) {
        return node - first < count;
    }
    uint32_t low = 0;
    uint32_t high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (nodes[middle] < node) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && nodes[low] == node;
}

static void to_peers(struct stepping *stepping, const struct mesh_scope *scope,
                     const struct cargo *cargo)
{
    const struct mesh_event *event = stepping->event;
    bool from_callee = event->kind == MESH_EVENT_RECEIVE && scope->callees != NULL &&
                       event->scope == scope - stepping->config->scopes;
    struct mesh_scope known;
    bool bridges = mesh_bridges_gossip(stepping, (uint32_t)(scope - stepping->config->scopes));
    if (from_callee || (bridges && !mesh_bridges_choose(stepping, scope, &known))) {
        return;
    }
    struct mesh_message *message = load(stepping, scope, cargo, MESH_OCCASION_TO_PEERS);
    mesh_outgoing_to_peers(stepping, bridges ? &known : scope, message, MESH_DRAW_EAGER_PEERS);
}

// The links of a node above the edges: it is a member of one, and others may call it.
static void forward_above(struct stepping *stepping, const struct cargo *cargo)
{
    uint32_t node = stepping->event->node;
    uint32_t links = 0;
    for (uint32_t i = 0; i < stepping->config->scope_count; i++) {
        const struct mesh_scope *scope = &stepping->config->scopes[i];
        if (!scope->forwards) {
            continue;
        }
        if (is_among(scope->members, scope->first, scope->count, node)) {
            links++;
            to_peers(stepping, scope, cargo);
        } else if (scope->callees != NULL &&
                   is_among(scope->callees, 0, scope->callee_count, node)) {
            links++;
            struct mesh_message *message = load(stepping, scope, cargo, MESH_OCCASION_TO_CALLERS);
            mesh_outgoing_to_callers(stepping, scope, message);
        }
    }
    assert(links <= LINKS_MAX);
}

void mesh_links_forward(struct stepping *stepping, const struct mesh_scope *heard_in,
                        const struct mesh_news *news, uint32_t count)
{
    const struct mesh_scope *scopes = stepping->config->scopes;
    bool roles = stepping->role_first != stepping->role_end;
    if (!roles && !heard_in->forwards) {
        return;
    }
    uint16_t heard = stepping->scope;
    struct cargo cargo = cargo_of(stepping, news, count);
    if (cargo.least == UINT64_MAX) {
        return;
    }
    for (uint32_t i = stepping->role_first; i < stepping->role_end; i++) {
        const struct mesh_scope *scope = &scopes[mesh_role_at(stepping->states, i)->scope];
        if (scope->forwards) {
            assert(i - stepping->role_first < LINKS_MAX);
            to_peers(stepping, scope, &cargo);
        }
    }
    if (!roles) {
        forward_above(stepping, &cargo);
    }
    stepping->scope = heard;
}
