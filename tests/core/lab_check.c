// SPDX-License-Identifier: GPL-3.0-or-later
// What must hold after every step, whatever was heard and in whatever order.
#include <criterion/criterion.h>

#include "lab.h"
#include "mesh/wire.h"

// What is held and, in a synchronous scope, was held at the last tick.
static uint64_t visible(const struct lab *lab, uint32_t node, uint32_t word)
{
    uint64_t have = lab_plane(lab, node, word, MESH_HAVE);
    return lab->scope.schedule == MESH_SYNCHRONOUS
               ? have & ~lab_plane(lab, node, word, MESH_RECENT_0)
               : have;
}

// All that is recent or hot is held.
static void check_planes(const struct lab *lab, uint32_t node, uint32_t word)
{
    uint64_t have = lab_plane(lab, node, word, MESH_HAVE);
    bool rumor = lab->scope.mode == MESH_RUMOR;
    uint32_t last = rumor ? MESH_HOT : MESH_RECENT_2;
    for (uint32_t which = MESH_RECENT_0; which <= last; which++) {
        cr_assert((lab_plane(lab, node, word, which) & ~have) == 0, "%s, yet not held: word %u\n%s",
                  rumor && which == MESH_HOT ? "hot" : "recent", word, lab->story);
    }
}

// The hash is the sum over what is visible and what was released, the clock at least the largest
// held.
static void check_replica(const struct lab *lab, uint32_t node)
{
    const struct mesh_replica *replica = lab_replica(lab, node);
    uint64_t hash[2] = {replica->joining ? 0 : lab->released_hash[0],
                        replica->joining ? 0 : lab->released_hash[1]};
    for (uint32_t lane = 0; lane < 64 * lab->all.words; lane++) {
        const struct mesh_update *update = &lab->states[node].table->updates[lane];
        if (lane % 64 == 0) {
            check_planes(lab, node, lane / 64);
        }
        if ((visible(lab, node, lane / 64) >> lane % 64 & 1) != 0) {
            hash[0] += update->hash[0];
            hash[1] += update->hash[1];
        }
        if ((lab_plane(lab, node, lane / 64, MESH_HAVE) >> lane % 64 & 1) != 0) {
            cr_assert(update->clock <= replica->clock, "a clock behind what it holds\n%s",
                      lab->story);
        }
    }
    cr_assert(replica->hash[0] == hash[0] && replica->hash[1] == hash[1],
              "the hash is not that of the updates held\n%s", lab->story);
}

// Every update heard is named once, as news or as known, and nothing else is.
static void check_feedback(const struct lab *lab, const struct mesh_event *event,
                           const struct mesh_message *message)
{
    cr_assert(event->kind == MESH_EVENT_RECEIVE && event->message->kind == MESH_MESSAGE_RUMOR);
    struct mesh_lanes heard = mesh_message_updates(event->message);
    struct mesh_lanes sets[] = {mesh_message_set(message, 0), mesh_message_set(message, 1)};
    for (uint32_t word = 0; word < lab->all.words; word++) {
        uint64_t news = mesh_lanes_at(&sets[0], word);
        uint64_t known = mesh_lanes_at(&sets[1], word);
        cr_assert((news & known) == 0 && (news | known) == mesh_lanes_at(&heard, word),
                  "feedback on what was not heard, or not on all of it\n%s", lab->story);
    }
    cr_assert_eq(message->update_count, 0, "feedback carries no updates\n%s", lab->story);
}

// Sends only what it holds; in a synchronous scope only what it held at its last tick, unless it
// forwards eagerly.
static void check_contents(const struct lab *lab, const struct mesh_event *event,
                           const struct mesh_message *message)
{
    struct mesh_lanes carried = mesh_message_updates(message);
    struct mesh_lanes vector = mesh_message_vector(message);
    uint32_t count = 0;
    for (uint32_t word = 0; word < lab->all.words; word++) {
        uint64_t updates = mesh_lanes_at(&carried, word);
        uint64_t held = message->kind == MESH_MESSAGE_EAGER
                            ? lab_plane(lab, event->node, word, MESH_HAVE)
                            : visible(lab, event->node, word);
        count += (uint32_t)__builtin_popcountll(updates);
        cr_assert((updates & ~held) == 0, "sends what it does not hold\n%s", lab->story);
        if (vector.words > 0) {
            cr_assert_eq(mesh_lanes_at(&vector, word), lab_plane(lab, event->node, word, MESH_HAVE),
                         "a vector that is not what it holds\n%s", lab->story);
        }
    }
    bool limited = message->kind != MESH_MESSAGE_SNAPSHOT;
    cr_assert(count == message->update_count && (!limited || count <= lab->scope.update_limit),
              "%u updates, said to be %u, at most %u\n%s", count, message->update_count,
              lab->scope.update_limit, lab->story);
    cr_assert(!lab_replica(lab, event->node)->joining || message->kind == MESH_MESSAGE_JOIN ||
                  event->kind == MESH_EVENT_WRITE,
              "a node without a replica speaks of what it holds\n%s", lab->story);
}

// What carries updates and nothing else has the words from its first update to its last.
static void check_span(const struct lab *lab, const struct mesh_message *message)
{
    if (message->words == 1 || message->kind == MESH_MESSAGE_VECTOR ||
        mesh_message_sets(message->kind) > 1) {
        return;
    }
    cr_assert(message->words > 0 && message->lanes[0] != 0 &&
                  message->lanes[message->words - 1] != 0,
              "words at an end of a message that are empty\n%s", lab->story);
}

static void check_message(const struct lab *lab, const struct mesh_event *event,
                          const struct mesh_record *record)
{
    const struct mesh_message *message = record->send.message;
    if (message->kind == MESH_MESSAGE_FEEDBACK) {
        check_feedback(lab, event, message);
    } else {
        check_contents(lab, event, message);
    }
    check_span(lab, message);
    cr_assert_eq(message->source, event->node);
    cr_assert_eq(message->sent_ns, event->time_ns);
    uint8_t bytes[1 << 14];
    size_t encoded = mesh_wire_encode(&lab->config, lab->states[event->node].table, message, bytes,
                                      sizeof bytes);
    cr_assert_eq(encoded, message->wire_bytes, "%zu bytes, said to be %u\n%s", encoded,
                 message->wire_bytes, lab->story);
    struct mesh_lanes carried = mesh_message_updates(message);
    uint32_t update_bytes = 0;
    for (uint32_t lane = 0; lane < 64 * lab->all.words; lane++) {
        if ((mesh_lanes_at(&carried, lane / 64) >> lane % 64 & 1) != 0) {
            update_bytes += mesh_wire_update_bytes(&lab->states[event->node].table->updates[lane],
                                                   lab->config.signature_bytes);
        }
    }
    cr_assert_eq(record->send.update_bytes, update_bytes, "%u bytes of updates, not %u\n%s",
                 record->send.update_bytes, update_bytes, lab->story);
}

// Durable first, then told to the user, then to others.
static void check_order(const struct lab *lab, const struct mesh_output *output)
{
    static const uint8_t rank[] = {
        [MESH_RECORD_PERSIST] = 0, [MESH_RECORD_DELIVER] = 1, [MESH_RECORD_SEND] = 2,
        [MESH_RECORD_TIMER] = 2,   [MESH_RECORD_REJECT] = 2,
    };
    for (uint32_t i = 1; i < output->record_count; i++) {
        cr_assert(rank[output->records[i - 1].kind] <= rank[output->records[i].kind],
                  "records out of order\n%s", lab->story);
    }
}

// What the record says was new, by words that ascend, and its hash.
static void take_news(const struct lab *lab, uint32_t node, const struct mesh_record *record,
                      const struct mesh_output *output, uint64_t *delivered)
{
    const struct mesh_news *news = &output->news[record->deliver.news_first];
    uint64_t hash[2] = {0, 0};
    cr_assert(record->deliver.news_count > 0);
    for (uint32_t i = 0; i < record->deliver.news_count; i++) {
        cr_assert(news[i].lanes != 0 && (i == 0 || news[i].word > news[i - 1].word));
        delivered[news[i].word] = news[i].lanes;
        for (uint32_t lane = 0; lane < 64; lane++) {
            const struct mesh_update *update =
                &lab->states[node].table->updates[64 * news[i].word + lane];
            hash[0] += (news[i].lanes >> lane & 1) * update->hash[0];
            hash[1] += (news[i].lanes >> lane & 1) * update->hash[1];
        }
    }
    cr_assert(record->deliver.hash[0] == hash[0] && record->deliver.hash[1] == hash[1],
              "the hash is not that of what was new\n%s", lab->story);
}

void lab_check_step(const struct lab *lab, const struct mesh_event *event,
                    const struct mesh_output *output, const uint64_t *have_before)
{
    uint64_t delivered[LAB_WRITES_MAX / 64] = {0};
    uint32_t delivers = 0;
    for (uint32_t i = 0; i < output->record_count; i++) {
        const struct mesh_record *record = &output->records[i];
        cr_assert_eq(record->event, 0);
        if (record->kind == MESH_RECORD_SEND) {
            check_message(lab, event, record);
        } else if (record->kind == MESH_RECORD_DELIVER) {
            cr_assert_eq(delivers++, 0, "more than one record of what was new\n%s", lab->story);
            take_news(lab, event->node, record, output, delivered);
        }
    }
    for (uint32_t word = 0; word < lab->all.words; word++) {
        uint64_t have = lab_plane(lab, event->node, word, MESH_HAVE);
        cr_assert((have_before[word] & ~have) == 0 || event->kind == MESH_EVENT_JOIN,
                  "forgot an update\n%s", lab->story);
        cr_assert_eq(delivered[word], have & ~have_before[word],
                     "delivered is not what was learnt\n%s", lab->story);
    }
    check_order(lab, output);
    check_replica(lab, event->node);
}
