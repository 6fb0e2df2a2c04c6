// SPDX-License-Identifier: Apache-2.0
#include "outgoing.h"

#include <assert.h>
#include <string.h>

#include "mesh/swim.h"
#include "vector.h"

#define WORDS_AHEAD 256u  // memory is asked for so long before messages are written to it

static inline struct mesh_message *begin(struct stepping *stepping, enum mesh_message_kind kind,
                                         uint32_t initiator, uint64_t occasion, uint32_t word_first,
                                         uint32_t words)
{
    struct mesh_output *output = stepping->output;
    size_t size = sizeof(struct mesh_message) / sizeof(uint64_t) +
                  (size_t)mesh_message_sets((uint8_t)kind) * words;
    assert(output->message_word_capacity - output->message_words >= size);
    struct mesh_message *message =
        (struct mesh_message *)(output->messages + output->message_words);
    output->message_words += size;
    for (size_t at = 0; at < size && words > 1; at += 8) {
        __builtin_prefetch(output->messages + output->message_words + WORDS_AHEAD + at, 1);
    }
    *message = (struct mesh_message){
        .source = stepping->event->node,
        .initiator = initiator & (MESH_NODE_MAX - 1),
        .kind = kind & 0x7f,
        .occasion = occasion,
        .sent_ns = stepping->event->time_ns,
        .scope = stepping->scope,
        .word_first = (uint16_t)word_first,
        .words = (uint16_t)words,
    };
    return message;
}

// Most meshes have one word.
static inline void clear(struct mesh_message *message)
{
    size_t words = (size_t)mesh_message_sets(message->kind) * message->words;
    if (words == 1) {
        message->lanes[0] = 0;
    } else {
        memset(message->lanes, 0, words * sizeof message->lanes[0]);
    }
}

struct mesh_message *mesh_outgoing_begin(struct stepping *stepping, enum mesh_message_kind kind,
                                         uint32_t initiator, uint64_t occasion)
{
    struct mesh_message *message = mesh_outgoing_begin_blank(stepping, kind, initiator, occasion);
    clear(message);
    return message;
}

struct mesh_message *mesh_outgoing_begin_blank(struct stepping *stepping,
                                               enum mesh_message_kind kind, uint32_t initiator,
                                               uint64_t occasion)
{
    uint32_t first = stepping->word_first;
    uint32_t words = stepping->states->words - first;
    struct mesh_message *message = begin(stepping, kind, initiator, occasion, first, words);
    if (words == 1) {
        clear(message);
    }
    return message;
}

struct mesh_message *mesh_outgoing_begin_words(struct stepping *stepping,
                                               enum mesh_message_kind kind, uint32_t initiator,
                                               uint64_t occasion, uint32_t words)
{
    struct mesh_message *message = begin(stepping, kind, initiator, occasion, 0, words);
    clear(message);
    return message;
}

struct mesh_message *mesh_outgoing_continue(struct stepping *stepping, enum mesh_message_kind kind)
{
    const struct mesh_message *heard = stepping->event->message;
    return mesh_outgoing_begin(stepping, kind, heard->initiator, heard->occasion);
}

struct mesh_message *mesh_outgoing_continue_blank(struct stepping *stepping,
                                                  enum mesh_message_kind kind)
{
    const struct mesh_message *heard = stepping->event->message;
    return mesh_outgoing_begin_blank(stepping, kind, heard->initiator, heard->occasion);
}

// The word's lanes from number `first` on, and from the first again behind the last: `count`.
static uint64_t keep(uint64_t lanes, uint32_t first, uint32_t count)
{
    uint64_t later = lanes;
    for (; first > 0; first--) {
        later &= later - 1;
    }
    uint64_t left = later;
    uint64_t earlier = lanes ^ later;
    for (; count > 0 && left != 0; count--) {
        left &= left - 1;
    }
    uint64_t kept = later ^ left;
    for (left = earlier; count > 0; count--) {
        left &= left - 1;
    }
    return kept | (earlier ^ left);
}

void mesh_outgoing_add(struct mesh_message *message, uint32_t word, uint64_t lanes, uint32_t limit)
{
    uint64_t *carried = &message->lanes[word - message->word_first];
    lanes &= ~*carried;
    uint32_t room = limit - message->update_count;
    uint32_t count = (uint32_t)__builtin_popcountll(lanes);
    if (count > room) {
        lanes = keep(lanes, 0, room);
        count = room;
    }
    *carried |= lanes;
    message->update_count = (uint16_t)(message->update_count + count);
}

static uint32_t add_word(struct mesh_message *message, uint64_t lanes, uint32_t limit,
                         uint64_t turn)
{
    uint32_t room = limit - message->update_count;
    uint32_t count = (uint32_t)__builtin_popcountll(lanes);
    if (count > room) {
        lanes = keep(lanes, mesh_outgoing_number(turn, count), room);
    }
    message->lanes[0] |= lanes;
    message->update_count = (uint16_t)(message->update_count + (count < room ? count : room));
    return count;
}

uint64_t *mesh_outgoing_scratch(struct stepping *stepping, const struct mesh_message *message)
{
    const struct mesh_output *output = stepping->output;
    assert(output->message_word_capacity - output->message_words >= message->words);
    return output->messages + output->message_words;
}

// The words of a message that holds nothing yet need not be made elsewhere.
static uint32_t add_words(struct stepping *stepping, struct mesh_message *message,
                          const uint64_t *plane, const struct mesh_lanes *less, uint32_t limit,
                          uint64_t turn)
{
    const struct mesh_lanes_code *code = stepping->code;
    bool empty = message->update_count == 0;
    uint64_t *lanes = empty ? message->lanes : mesh_outgoing_scratch(stepping, message);
    uint32_t count = code->subtract(plane, message->word_first, message->words, less, lanes);
    uint32_t room = limit - message->update_count;
    if (count > room) {
        code->keep(lanes, message->words, count, mesh_outgoing_number(turn, count), room);
    }
    for (uint32_t i = 0; i < message->words && !empty; i++) {
        message->lanes[i] |= lanes[i];
    }
    message->update_count = (uint16_t)(message->update_count + (count < room ? count : room));
    return count;
}

uint32_t mesh_outgoing_add_plane(struct stepping *stepping, struct mesh_message *message,
                                 const uint64_t *plane, const struct mesh_lanes *less,
                                 uint32_t limit, uint64_t turn)
{
    if (message->words > 1) {
        return add_words(stepping, message, plane, less, limit, turn);
    }
    uint64_t lanes = *plane & ~mesh_lanes_at(less, message->word_first);
    return lanes == 0 ? 0 : add_word(message, lanes, limit, turn);
}

void mesh_outgoing_drop(struct stepping *stepping, const struct mesh_message *message)
{
    struct mesh_output *output = stepping->output;
    output->message_words = (size_t)((const uint64_t *)message - output->messages);
}

// Gives back the words before the first update and behind the last, of the message begun last.
static void trim(struct stepping *stepping, struct mesh_message *message)
{
    struct mesh_lanes_span used = stepping->code->span(message->lanes, message->words);
    uint32_t words = used.end - used.first;
    if (used.first > 0) {
        memmove(message->lanes, message->lanes + used.first, words * sizeof message->lanes[0]);
    }
    stepping->output->message_words -= message->words - words;
    message->word_first = (uint16_t)(message->word_first + used.first);
    message->words = (uint16_t)words;
}

// Where agents report, most messages are of few words and handled with all of them (exchange.h).
static bool may_be_trimmed(const struct stepping *stepping, const struct mesh_message *message)
{
    uint32_t few = stepping->local != NULL ? MESH_LANES_WORDS : 1;
    return message->words > few && mesh_message_sets(message->kind) == 1 &&
           message->kind != MESH_MESSAGE_VECTOR && mesh_message_has_lanes(message->kind);
}

// Sends to the `target_count` targets that stand at the end of the output.
static void send_to(struct stepping *stepping, struct mesh_message *message, uint32_t target_count)
{
    struct mesh_output *output = stepping->output;
    if (may_be_trimmed(stepping, message)) {
        trim(stepping, message);
    }
    message->sequence = stepping->replica->message_count++;
    struct mesh_record *record = mesh_stepping_record(stepping, MESH_RECORD_SEND);
    struct vector_size vector;
    bool kept = mesh_message_vector(message).words > 0 && mesh_vector_kept(stepping, &vector);
    message->wire_bytes = mesh_wire_bytes(stepping->states->table, message, kept ? &vector : NULL,
                                          &record->send.update_bytes);
    record->send.message = message;
    record->send.target_first = output->target_count;
    record->send.target_count = target_count;
    output->target_count += target_count;
}

void mesh_outgoing_to(struct stepping *stepping, struct mesh_message *message, uint32_t target)
{
    struct mesh_output *output = stepping->output;
    output->targets[output->target_count] = target;
    send_to(stepping, message, 1);
}

void mesh_outgoing_to_places(struct stepping *stepping, struct mesh_message *message,
                             const uint32_t *roster, uint32_t places)
{
    struct mesh_output *output = stepping->output;
    uint32_t count = 0;
    for (; places != 0; places &= places - 1) {
        output->targets[output->target_count + count++] = roster[__builtin_ctz(places)];
    }
    send_to(stepping, message, count);
}

void mesh_outgoing_to_all(struct stepping *stepping, struct mesh_message *message,
                          const uint32_t *targets, uint32_t count)
{
    struct mesh_output *output = stepping->output;
    memcpy(output->targets + output->target_count, targets, count * sizeof *targets);
    send_to(stepping, message, count);
}

void mesh_outgoing_reply(struct stepping *stepping, struct mesh_message *message)
{
    mesh_outgoing_to(stepping, message, stepping->event->message->source);
}

void mesh_outgoing_to_callers(struct stepping *stepping, const struct mesh_scope *scope,
                              struct mesh_message *message)
{
    const struct mesh_event *event = stepping->event;
    uint32_t teller = event->kind == MESH_EVENT_RECEIVE ? event->message->source : MESH_NODE_NONE;
    uint32_t *targets = stepping->output->targets + stepping->output->target_count;
    uint32_t count = 0;
    for (uint32_t i = 0; i < scope->count; i++) {
        uint32_t caller = scope->members == NULL ? scope->first + i : scope->members[i];
        if (caller != teller) {
            targets[count++] = caller;
        }
    }
    if (count == 0) {
        mesh_outgoing_drop(stepping, message);
    } else {
        send_to(stepping, message, count);
    }
}

// Keeps of `count` nodes, in their order, those whom the node takes for alive, then suspects, up to
// `most`.
static uint32_t keep_reachable(const struct mesh_swim *swim, const uint32_t *nodes, uint32_t count,
                               uint32_t most, uint32_t *peers)
{
    uint32_t kept = 0;
    for (enum mesh_swim_state state = MESH_SWIM_ALIVE; state <= MESH_SWIM_SUSPECT; state++) {
        for (uint32_t i = 0; i < count && kept < most; i++) {
            if (mesh_swim_state_of(swim, nodes[i]) == state) {
                peers[kept++] = nodes[i];
            }
        }
    }
    return kept;
}

// Peers among whom the node believes to be there: more are drawn until there are enough. Suspects
// count as unreachable, and are called only where there are not enough others.
static uint32_t select_reachable(const struct stepping *stepping, const struct mesh_scope *scope,
                                 const struct mesh_swim *swim, const struct mesh_message *message,
                                 enum mesh_purpose purpose, uint32_t *peers)
{
    uint32_t drawn[MESH_FANOUT_MAX];
    struct mesh_scope wide = *scope;
    uint32_t others = scope->count - 1 < MESH_FANOUT_MAX ? scope->count - 1 : MESH_FANOUT_MAX;
    for (;;) {
        wide.fanout = 2 * wide.fanout < others ? 2 * wide.fanout : others;
        uint32_t count = mesh_peers_select(stepping->config->seed, purpose, message->occasion,
                                           &wide, message->source, drawn);
        uint32_t alive = 0;
        for (uint32_t i = 0; i < count; i++) {
            alive += mesh_swim_state_of(swim, drawn[i]) == MESH_SWIM_ALIVE;
        }
        if (alive >= scope->fanout || wide.fanout >= others) {
            return keep_reachable(swim, drawn, count, scope->fanout, peers);
        }
    }
}

// What the node thinks of this scope's members, if it doubts any; else NULL.
static const struct mesh_swim *doubts_of(const struct stepping *stepping, uint16_t scope)
{
    const struct mesh_swim *swim = mesh_swim_of(stepping->states, stepping->event->node);
    return swim != NULL && swim->group != MESH_SWIM_NONE &&
                   stepping->config->swim[swim->group].scope == scope &&
                   swim->suspects + swim->dead + swim->left > 0
               ? swim
               : NULL;
}

void mesh_outgoing_to_peers(struct stepping *stepping, const struct mesh_scope *scope,
                            struct mesh_message *message, enum mesh_purpose purpose)
{
    struct mesh_output *output = stepping->output;
    uint32_t *peers = output->targets + output->target_count;
    const struct mesh_swim *doubts = doubts_of(stepping, message->scope);
    uint32_t count = doubts == NULL
                         ? mesh_peers_select(stepping->config->seed, purpose, message->occasion,
                                             scope, message->source, peers)
                         : select_reachable(stepping, scope, doubts, message, purpose, peers);
    if (doubts != NULL && count == 0) {
        mesh_outgoing_drop(stepping, message);  // it believes that nobody is there
    } else {
        send_to(stepping, message, count);
    }
}
