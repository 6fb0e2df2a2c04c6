// SPDX-License-Identifier: Apache-2.0
#include "outgoing.h"

#include <assert.h>
#include <string.h>

#include "mesh/wire.h"

static inline struct mesh_message *begin(struct stepping *stepping, enum mesh_message_kind kind,
                                         uint32_t initiator, uint64_t occasion, uint32_t sets,
                                         uint32_t words)
{
    struct mesh_output *output = stepping->output;
    size_t size = sizeof(struct mesh_message) / sizeof(uint64_t) + (size_t)sets * words;
    assert(output->message_word_capacity - output->message_words >= size);
    struct mesh_message *message =
        (struct mesh_message *)(output->messages + output->message_words);
    output->message_words += size;
    memset(message, 0, size * sizeof(uint64_t));
    message->source = stepping->event->node;
    message->initiator = initiator;
    message->occasion = occasion;
    message->sent_ns = stepping->event->time_ns;
    message->scope = stepping->scope;
    message->words = (uint16_t)words;
    message->kind = (uint8_t)kind;
    return message;
}

struct mesh_message *mesh_outgoing_begin(struct stepping *stepping, enum mesh_message_kind kind,
                                         uint32_t initiator, uint64_t occasion, uint32_t sets)
{
    return begin(stepping, kind, initiator, occasion, sets, stepping->states->words);
}

struct mesh_message *mesh_outgoing_begin_rows(struct stepping *stepping,
                                              enum mesh_message_kind kind, uint32_t initiator,
                                              uint64_t occasion, uint32_t words)
{
    return begin(stepping, kind, initiator, occasion, 1, words);
}

struct mesh_message *mesh_outgoing_continue(struct stepping *stepping, enum mesh_message_kind kind,
                                            uint32_t sets)
{
    const struct mesh_message *heard = stepping->event->message;
    return mesh_outgoing_begin(stepping, kind, heard->initiator, heard->occasion, sets);
}

void mesh_outgoing_add(struct mesh_message *message, uint32_t word, uint64_t lanes, uint32_t limit)
{
    lanes &= ~message->lanes[word];
    uint32_t room = limit - message->update_count;
    uint32_t count = (uint32_t)__builtin_popcountll(lanes);
    if (count <= room) {
        message->lanes[word] |= lanes;
        message->update_count = (uint16_t)(message->update_count + count);
        return;
    }
    for (; room > 0; room--, lanes &= lanes - 1) {
        message->lanes[word] |= lanes & -lanes;
        message->update_count++;
    }
}

void mesh_outgoing_drop(struct stepping *stepping, const struct mesh_message *message)
{
    struct mesh_output *output = stepping->output;
    output->message_words = (size_t)((const uint64_t *)message - output->messages);
}

// Sends to the `target_count` targets that stand at the end of the output.
static void send_to(struct stepping *stepping, struct mesh_message *message, uint32_t target_count)
{
    struct mesh_output *output = stepping->output;
    message->sequence = stepping->replica->message_count++;
    message->wire_bytes = mesh_wire_message_bytes(stepping->states->table, message);
    struct mesh_record *record = mesh_stepping_record(stepping, MESH_RECORD_SEND);
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

void mesh_outgoing_to_peers(struct stepping *stepping, const struct mesh_scope *scope,
                            struct mesh_message *message, enum mesh_purpose purpose)
{
    struct mesh_output *output = stepping->output;
    uint32_t count = mesh_peers_select(stepping->config->seed, purpose, message->occasion, scope,
                                       message->source, output->targets + output->target_count);
    send_to(stepping, message, count);
}
