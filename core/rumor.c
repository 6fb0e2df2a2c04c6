// SPDX-License-Identifier: Apache-2.0
// Rumor mongering: an update is hot from its first receipt until its holder loses interest.
// Demers, Greene, Hauser et al., "Epidemic algorithms for replicated database maintenance", PODC
// 1987, section 1.4 (blind or feedback, counter or coin, push or pull) and Table 1 to 3.
//
//     push   every tick:  RUMOR hot updates --> partner        pull   every tick:  ASK --> partner
//                         <-- FEEDBACK news, old news                 <-- RUMOR hot updates
//                                                                     FEEDBACK -->
//
// A contact is judged by what the receiver held at its last tick (synchronous) or holds (else).
// With push each answer counts as it comes: old news adds one, news starts anew. With pull the
// answers of one tick are taken together (footnote b of Table 3): if any asker had use for the
// update it starts anew, if all were useless one is added. Blind spreaders count every contact
// instead.
#include "mesh/random.h"
#include "outgoing.h"

static uint64_t *plane(struct stepping *stepping, uint32_t word, enum mesh_plane which)
{
    return mesh_stepping_plane(stepping, word, which);
}

void mesh_rumor_learn(struct stepping *stepping, uint32_t word, uint64_t fresh)
{
    *plane(stepping, word, MESH_HOT) |= fresh;
}

// ---- Losing interest ----

static void start_anew(struct stepping *stepping, uint32_t word, uint64_t lanes)
{
    for (uint32_t bit = 0; bit < MESH_COUNT_BITS; bit++) {
        *plane(stepping, word, MESH_COUNT_0 + bit) &= ~lanes;
    }
}

// Adds one to the counters of `lanes`; those that reach k cool down.
static void count_contact(struct stepping *stepping, uint32_t word, uint64_t lanes, uint32_t k)
{
    uint64_t carry = lanes;
    uint64_t reached = lanes;
    for (uint32_t bit = 0; bit < MESH_COUNT_BITS; bit++) {
        uint64_t *count = plane(stepping, word, MESH_COUNT_0 + bit);
        uint64_t sum = *count ^ carry;
        carry &= *count;
        *count = sum;
        reached &= (k >> bit & 1) != 0 ? sum : ~sum;
    }
    *plane(stepping, word, MESH_HOT) &= ~reached;
}

// Flips a coin for each of `lanes`: with probability 1 / k it cools down. `contact` tells apart the
// flips for one update.
static void flip_coins(struct stepping *stepping, uint32_t word, uint64_t lanes, uint32_t k,
                       uint64_t contact)
{
    for (; lanes != 0; lanes &= lanes - 1) {
        uint32_t lane = 64 * word + (uint32_t)__builtin_ctzll(lanes);
        uint64_t dot = mesh_occasion_of_dot(mesh_stepping_rows(stepping, lane / 64)[lane % 64].dot);
        struct mesh_random random =
            mesh_draw(stepping->config->seed, MESH_DRAW_COIN, (uint32_t)contact & MESH_INDEX_MAX,
                      stepping->event->node, dot);
        if (mesh_below(random.word[0], k) == 0) {
            *plane(stepping, word, MESH_HOT) &= ~(lanes & -lanes);
        }
    }
}

static void contact_counts(struct stepping *stepping, const struct mesh_scope *scope, uint32_t word,
                           uint64_t lanes, uint64_t contact)
{
    lanes &= *plane(stepping, word, MESH_HOT);
    if (lanes == 0) {
        return;
    }
    if (scope->rumor.coin) {
        flip_coins(stepping, word, lanes, scope->rumor.k, contact);
    } else {
        count_contact(stepping, word, lanes, scope->rumor.k);
    }
}

// Every message that a node sends or gets is another contact.
static uint64_t contact_number(const struct stepping *stepping)
{
    const struct mesh_message *heard = stepping->event->message;
    return heard->occasion * 0x9E3779B97F4A7C15u + heard->source;
}

// What the contacts since the last tick have said, taken together (pull with feedback).
static void settle(struct stepping *stepping, const struct mesh_scope *scope)
{
    for (uint32_t word = 0; word < stepping->states->words; word++) {
        uint64_t useful = *plane(stepping, word, MESH_USEFUL);
        uint64_t useless = *plane(stepping, word, MESH_USELESS) & ~useful;
        start_anew(stepping, word, useful);
        contact_counts(stepping, scope, word, useless, stepping->event->tick);
        *plane(stepping, word, MESH_USEFUL) = 0;
        *plane(stepping, word, MESH_USELESS) = 0;
    }
}

// ---- Spreading ----

// Adds what is hot and visible; false when that is nothing.
static bool add_hot(struct stepping *stepping, const struct mesh_scope *scope,
                    struct mesh_message *message)
{
    for (uint32_t word = 0; word < stepping->states->words; word++) {
        uint64_t hot =
            *plane(stepping, word, MESH_HOT) & mesh_stepping_visible(stepping, scope, word);
        mesh_outgoing_add(message, word, hot, scope->update_limit);
    }
    return message->update_count > 0;
}

static void count_blind_contacts(struct stepping *stepping, const struct mesh_scope *scope,
                                 const struct mesh_message *message, uint32_t contacts,
                                 uint64_t first)
{
    const struct mesh_lanes told = mesh_message_updates(message);
    for (uint32_t i = 0; i < contacts && !scope->rumor.feedback; i++) {
        for (uint32_t j = 0; j < told.words; j++) {
            contact_counts(stepping, scope, told.word_first + j, told.lanes[j], first + i);
        }
    }
}

void mesh_rumor_tick(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_event *event = stepping->event;
    uint64_t occasion = mesh_occasion_of_tick(event->scope, event->tick);
    if (scope->rumor.pull && scope->rumor.feedback) {
        settle(stepping, scope);
    }
    for (uint32_t word = 0; word < stepping->states->words; word++) {
        *plane(stepping, word, MESH_RECENT_0) = 0;  // from now on it counts as held
    }
    if (scope->rumor.pull) {
        mesh_outgoing_to_peers(
            stepping, scope, mesh_outgoing_begin(stepping, MESH_MESSAGE_ASK, event->node, occasion),
            MESH_DRAW_TICK_PEERS);
        return;
    }
    struct mesh_message *message =
        mesh_outgoing_begin(stepping, MESH_MESSAGE_RUMOR, event->node, occasion);
    if (!add_hot(stepping, scope, message)) {
        mesh_outgoing_drop(stepping, message);
        return;
    }
    uint32_t before = stepping->output->target_count;
    mesh_outgoing_to_peers(stepping, scope, message, MESH_DRAW_TICK_PEERS);
    count_blind_contacts(stepping, scope, message, stepping->output->target_count - before,
                         event->tick * MESH_FANOUT_MAX);
}

static void answer_ask(struct stepping *stepping, const struct mesh_scope *scope)
{
    struct mesh_message *message = mesh_outgoing_continue(stepping, MESH_MESSAGE_RUMOR);
    if (!add_hot(stepping, scope, message)) {
        mesh_outgoing_drop(stepping, message);
        return;
    }
    mesh_outgoing_reply(stepping, message);
    count_blind_contacts(stepping, scope, message, 1, contact_number(stepping));
}

// What tells the spreader which of its updates were news here at the last tick, and which were not.
static struct mesh_message *feedback_of(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_lanes heard = mesh_message_updates(stepping->event->message);
    struct mesh_message *message = mesh_outgoing_continue(stepping, MESH_MESSAGE_FEEDBACK);
    for (uint32_t word = 0; word < message->words; word++) {
        uint64_t known = mesh_stepping_visible(stepping, scope, word);
        message->lanes[word] = mesh_lanes_at(&heard, word) & ~known;
        message->lanes[message->words + word] = mesh_lanes_at(&heard, word) & known;
    }
    return message;
}

static void take_feedback(struct stepping *stepping, const struct mesh_scope *scope)
{
    const struct mesh_message *heard = stepping->event->message;
    const struct mesh_lanes news = mesh_message_set(heard, 0);
    const struct mesh_lanes known = mesh_message_set(heard, 1);
    for (uint32_t word = 0; word < stepping->states->words; word++) {
        uint64_t useful = mesh_lanes_at(&news, word);
        uint64_t useless = mesh_lanes_at(&known, word);
        if (scope->rumor.pull) {
            *plane(stepping, word, MESH_USEFUL) |= useful;
            *plane(stepping, word, MESH_USELESS) |= useless;
        } else {
            start_anew(stepping, word, useful);
            contact_counts(stepping, scope, word, useless, contact_number(stepping));
        }
    }
}

struct mesh_message *mesh_rumor_receive(struct stepping *stepping, const struct mesh_scope *scope)
{
    switch ((enum mesh_message_kind)stepping->event->message->kind) {
    case MESH_MESSAGE_RUMOR: return scope->rumor.feedback ? feedback_of(stepping, scope) : NULL;
    case MESH_MESSAGE_ASK: answer_ask(stepping, scope); break;
    case MESH_MESSAGE_FEEDBACK: take_feedback(stepping, scope); break;
    default: mesh_stepping_reject(stepping, MESH_REJECT_KIND); break;
    }
    return NULL;
}
