// SPDX-License-Identifier: GPL-3.0-or-later
#include "network.h"

#include <stdlib.h>
#include <string.h>

#include "disk.h"
#include "mesh/wire.h"
#include "story.h"

static size_t words_of(const struct mesh_message *message)
{
    return sizeof *message / sizeof(uint64_t) + message->words;
}

// The message as it travels; 0 bytes: as it is.
static uint64_t *pack(struct lab *lab, const struct mesh_message *message, uint32_t *bytes)
{
    *bytes = lab->settings.as_bytes ? message->wire_bytes : 0;
    size_t words = lab->settings.as_bytes ? (*bytes + 7) / 8 : words_of(message);
    uint64_t *packed = lab_zeroed(words, sizeof *packed);
    if (*bytes == 0) {
        memcpy(packed, message, words * sizeof *packed);
    } else {
        size_t size = mesh_wire_encode(&lab->config, &lab->table, message, (uint8_t *)packed,
                                       words * sizeof *packed);
        lab_must(size == message->wire_bytes, "a message is as long as it says");
    }
    return packed;
}

static void send_copy(struct lab *lab, const struct mesh_message *message, uint32_t target)
{
    const struct lab_settings *settings = &lab->settings;
    uint64_t range_ns = settings->latency_ns_max - settings->latency_ns_min;
    uint64_t latency_ns =
        settings->latency_ns_min + (range_ns == 0 ? 0 : dice_roll(&lab->dice) % range_ns);
    struct lab_event event = {.time_ns = lab->now_ns + lab->latency_factor * latency_ns,
                              .kind = LAB_MESSAGE,
                              .server = target};
    event.message = pack(lab, message, &event.bytes);
    event.id = message->source;
    lab_push(lab, event);
}

void network_send(struct lab *lab, const struct mesh_record *record)
{
    const struct mesh_message *message = record->send.message;
    const uint32_t *targets = lab->output.targets + record->send.target_first;
    for (uint32_t i = 0; i < record->send.target_count; i++) {
        if (lab->cut[message->source][targets[i]] ||
            dice_chance(&lab->dice, lab->settings.loss_percent)) {
            continue;
        }
        send_copy(lab, message, targets[i]);
        if (dice_chance(&lab->dice, lab->settings.copy_percent)) {
            send_copy(lab, message, targets[i]);
        }
    }
}

static void receive(struct lab *lab, uint32_t target, const struct mesh_message *message)
{
    lab_step(lab, target, (struct mesh_event){.kind = MESH_EVENT_RECEIVE, .message = message});
}

void network_arrive(struct lab *lab, const struct lab_event *event)
{
    if (!lab->servers[event->server].up || lab->cut[event->id][event->server]) {
        return;
    }
    if (event->bytes == 0) {
        receive(lab, event->server, (const struct mesh_message *)event->message);
        return;
    }
    uint64_t room[512];
    struct mesh_message *message = (struct mesh_message *)room;
    lab_must(sizeof room >= sizeof *message + 8 * (size_t)mesh_raft_words_max(&lab->config),
             "messages fit");
    enum mesh_reject reject = mesh_wire_decode(&lab->config, &lab->table, (uint8_t *)event->message,
                                               event->bytes, 1, message);
    lab_must(reject == 0, "what an honest server sends is understood");
    receive(lab, event->server, message);
}
