// SPDX-License-Identifier: Apache-2.0
// Probing: whom, directly and through proxies (the paper, 3.1), in which order (4.3).
//
//     others, by place    0 1 2 3 4 5 6 7 8          round r:  a permutation of them, keyed by
//     in round r          3 7 0 5 1 8 2 6 4                    (node, r), of which only the place
//                               ^ probe_place                  in it is remembered
//
// The permutation is a Feistel network over the next power of 4, walked until it falls among the
// others (Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002).
#include <assert.h>

#include "swimming.h"

#define ROUNDS 4u
#define SKIPPED_MAX 256u  // members that are not probed, gone over in one period
#define ATTEMPTS 8u       // per proxy

// ---- Whom ----

static uint32_t permute(const struct swimming *swimming, uint32_t others, uint32_t place,
                        uint64_t round)
{
    uint32_t bits = others <= 1 ? 1 : 32 - (uint32_t)__builtin_clz(others - 1);
    uint32_t half = (bits + 1) / 2;
    uint32_t mask = (UINT32_C(1) << half) - 1;
    uint32_t value = place;
    do {
        uint32_t left = value >> half;
        uint32_t right = value & mask;
        for (uint32_t i = 0; i < ROUNDS; i++) {
            uint32_t word = mesh_swim_draw(swimming, MESH_DRAW_SWIM_ORDER, i << 20 | right, round);
            uint32_t mixed = left ^ (word & mask);
            left = right;
            right = mixed;
        }
        value = left << half | right;
    } while (value >= others);
    return value;
}

static uint32_t target_at(const struct swimming *swimming, uint64_t place)
{
    uint32_t others = swimming->scope->count - 1;
    uint32_t self = mesh_swim_place_of(swimming->scope, swimming->swim->node);
    uint32_t other =
        swimming->group->random
            ? mesh_below(mesh_swim_draw(swimming, MESH_DRAW_SWIM_ORDER, 0, place), others)
            : permute(swimming, others, (uint32_t)(place % others), place / others);
    return mesh_swim_node_at(swimming->scope, other < self ? other : other + 1);
}

// The dead are not probed; suspects are, so that they hear of it.
static uint32_t next_target(struct swimming *swimming)
{
    struct mesh_swim *swim = swimming->swim;
    uint32_t others = swimming->scope->count - 1;
    uint32_t doubted = swim->doubted;
    swim->doubted = MESH_NODE_NONE;
    if (doubted != MESH_NODE_NONE && mesh_swim_state_of(swim, doubted) <= MESH_SWIM_SUSPECT) {
        return doubted;
    }
    uint32_t most = others < SKIPPED_MAX ? others : SKIPPED_MAX;
    for (uint32_t i = 0; i < most; i++) {
        uint32_t node = target_at(swimming, swim->probe_place++);
        if (mesh_swim_state_of(swim, node) <= MESH_SWIM_SUSPECT) {
            return node;
        }
    }
    return MESH_NODE_NONE;
}

uint32_t mesh_swim_choose(const struct swimming *swimming, enum mesh_purpose purpose,
                          uint32_t except, uint32_t count, uint32_t *nodes)
{
    const struct mesh_swim *swim = swimming->swim;
    uint32_t chosen = 0;
    for (uint32_t i = 0; i < count * ATTEMPTS && chosen < count; i++) {
        uint32_t word = mesh_swim_draw(swimming, purpose, i, swim->said);
        uint32_t node =
            mesh_swim_node_at(swimming->scope, mesh_below(word, swimming->scope->count));
        bool taken = node == swim->node || node == except ||
                     mesh_swim_state_of(swim, node) != MESH_SWIM_ALIVE;
        for (uint32_t j = 0; j < chosen && !taken; j++) {
            taken = nodes[j] == node;
        }
        if (!taken) {
            nodes[chosen++] = node;
        }
    }
    return chosen;
}

// ---- The node's health ----

void mesh_swim_ail(struct swimming *swimming, uint32_t by)
{
    struct mesh_swim *swim = swimming->swim;
    if (swimming->group->lifeguard) {
        uint32_t health = swim->health + by;
        swim->health = health < MESH_SWIM_HEALTH_MAX ? (uint8_t)health : MESH_SWIM_HEALTH_MAX;
    }
}

// ---- A probe ----

void mesh_swim_begin_probe(struct swimming *swimming)
{
    struct mesh_swim *swim = swimming->swim;
    swim->probe++;
    swim->answered = false;
    swim->asked = 0;
    swim->nacks = 0;
    swim->target = next_target(swimming);
    if (swim->target == MESH_NODE_NONE) {
        return;
    }
    swim->ask_ns = swimming->group->proxies == 0
                       ? UINT64_MAX
                       : swimming->now_ns + mesh_swim_scaled(swimming, swimming->group->timeout_ns);
    mesh_swim_say(swimming, MESH_MESSAGE_SWIM_PING,
                  (struct mesh_swim_head){
                      .number = swim->probe, .subject = MESH_NODE_NONE, .asker = MESH_NODE_NONE},
                  &swim->target, 1);
}

void mesh_swim_ask(struct swimming *swimming)
{
    struct mesh_swim *swim = swimming->swim;
    uint32_t proxies[MESH_SWIM_PROXIES_MAX];
    swim->ask_ns = UINT64_MAX;
    swim->asked = mesh_swim_choose(swimming, MESH_DRAW_SWIM_PROXIES, swim->target,
                                   swimming->group->proxies, proxies);
    if (swim->asked > 0) {
        mesh_swim_say(swimming, MESH_MESSAGE_SWIM_PING_REQUEST,
                      (struct mesh_swim_head){
                          .number = swim->probe, .subject = swim->target, .asker = MESH_NODE_NONE},
                      proxies, swim->asked);
    }
}

// Its time is over. No answer is a sign that the node itself is slow, unless a proxy's
// NACK shows that it hears. (Lifeguard counts each NACK that is missing; but most proxies are
// silent on the smaller side of a partition, too, which should not be slow to find out.)
void mesh_swim_end_probe(struct swimming *swimming)
{
    struct mesh_swim *swim = swimming->swim;
    uint32_t target = swim->target;
    if (target == MESH_NODE_NONE) {
        return;
    }
    struct mesh_record *record = mesh_stepping_record(swimming->stepping, MESH_RECORD_SWIM_PROBE);
    record->swim_probe.node = target;
    record->swim_probe.answered = swim->answered;
    swim->target = MESH_NODE_NONE;
    swim->ask_ns = UINT64_MAX;
    if (!swim->answered) {
        mesh_swim_ail(swimming, swim->nacks == 0);
        mesh_swim_suspect(swimming, target);
    }
}

static void succeed(struct swimming *swimming)
{
    struct mesh_swim *swim = swimming->swim;
    swim->answered = true;
    swim->ask_ns = UINT64_MAX;
    swim->health -= swim->health > 0;
}

// ---- What others ask ----

void mesh_swim_hear_ping(struct swimming *swimming)
{
    const struct mesh_swim_head *heard = swimming->heard;
    if (heard->number == 0) {
        return;  // it only says something
    }
    mesh_swim_say(swimming, MESH_MESSAGE_SWIM_ACK,
                  (struct mesh_swim_head){.number = heard->number,
                                          .subject = swimming->swim->node,
                                          .asker = heard->asker},
                  &swimming->message->source, 1);
}

// A NACK is owed if there is room to remember it.
static void owe(struct swimming *swimming)
{
    struct mesh_swim *swim = swimming->swim;
    for (uint32_t i = 0; i < MESH_SWIM_RELAYS_MAX && swimming->group->lifeguard; i++) {
        struct mesh_swim_relay *relay = &swim->relays[i];
        if (relay->due_ns == UINT64_MAX) {
            relay->number = swimming->heard->number;
            relay->asker = swimming->message->source;
            relay->due_ns = swimming->now_ns + swimming->group->timeout_ns;
            swim->nack_ns = relay->due_ns < swim->nack_ns ? relay->due_ns : swim->nack_ns;
            return;
        }
    }
}

void mesh_swim_hear_request(struct swimming *swimming)
{
    const struct mesh_swim_head *heard = swimming->heard;
    if (heard->subject == swimming->swim->node) {
        mesh_swim_hear_ping(swimming);
        return;
    }
    owe(swimming);
    mesh_swim_say(swimming, MESH_MESSAGE_SWIM_PING,
                  (struct mesh_swim_head){.number = heard->number,
                                          .subject = MESH_NODE_NONE,
                                          .asker = swimming->message->source},
                  &heard->subject, 1);
}

// The NACKs that are due. They say nothing else: whoever asked hears enough.
void mesh_swim_refuse(struct swimming *swimming)
{
    struct mesh_swim *swim = swimming->swim;
    swim->nack_ns = UINT64_MAX;
    for (uint32_t i = 0; i < MESH_SWIM_RELAYS_MAX; i++) {
        struct mesh_swim_relay *relay = &swim->relays[i];
        if (relay->due_ns > swimming->now_ns) {
            swim->nack_ns = relay->due_ns < swim->nack_ns ? relay->due_ns : swim->nack_ns;
            continue;
        }
        relay->due_ns = UINT64_MAX;
        mesh_swim_send(swimming,
                       mesh_swim_begin(swimming, MESH_MESSAGE_SWIM_ACK,
                                       (struct mesh_swim_head){.number = relay->number,
                                                               .subject = MESH_NODE_NONE,
                                                               .asker = MESH_NODE_NONE,
                                                               .flags = MESH_SWIM_NACK},
                                       0),
                       &relay->asker, 1);
    }
}

// ---- What others answer ----

static void pass_on(struct swimming *swimming)
{
    const struct mesh_swim_head *heard = swimming->heard;
    struct mesh_swim *swim = swimming->swim;
    for (uint32_t i = 0; i < MESH_SWIM_RELAYS_MAX; i++) {
        struct mesh_swim_relay *relay = &swim->relays[i];
        if (relay->asker == heard->asker && relay->number == heard->number) {
            relay->due_ns = UINT64_MAX;
        }
    }
    mesh_swim_say(swimming, MESH_MESSAGE_SWIM_ACK,
                  (struct mesh_swim_head){
                      .number = heard->number, .subject = heard->subject, .asker = heard->asker},
                  &heard->asker, 1);
}

void mesh_swim_hear_ack(struct swimming *swimming)
{
    const struct mesh_swim_head *heard = swimming->heard;
    struct mesh_swim *swim = swimming->swim;
    if (heard->asker != MESH_NODE_NONE && heard->asker != swim->node) {
        pass_on(swimming);
    } else if (heard->number == swim->probe && swim->target != MESH_NODE_NONE && !swim->answered) {
        if ((heard->flags & MESH_SWIM_NACK) != 0) {
            swim->nacks += swim->nacks < swim->asked;
        } else if (heard->subject == swim->target) {
            succeed(swimming);
        }
    }
}
