// SPDX-License-Identifier: GPL-3.0-or-later
// Messages as bytes: whatever is said is read as it was said, and nothing else is read at all.
#include <stdlib.h>
#include <string.h>

#include "dice.h"
#include "mesh/wire.h"
#include "rig.h"

#define ROOM_WORDS 64
#define BYTES_MAX 512

static struct rig rig;
static uint64_t room[sizeof(struct mesh_message) / 8 + ROOM_WORDS];
static uint64_t back[sizeof(struct mesh_message) / 8 + ROOM_WORDS];

static uint32_t any_node(struct dice *dice)
{
    return dice_below(dice, 4) == 0 ? MESH_NODE_MAX - 1 - dice_below(dice, 100)
                                    : dice_below(dice, 300);
}

static struct mesh_message *compose(struct dice *dice, uint32_t kind)
{
    memset(room, 0, sizeof room);
    struct mesh_message *message = (struct mesh_message *)room;
    struct mesh_swim_head *head = (struct mesh_swim_head *)message->lanes;
    struct mesh_swim_news *news = (struct mesh_swim_news *)(head + 1);
    bool ack = kind == MESH_MESSAGE_SWIM_ACK;
    bool sync = kind == MESH_MESSAGE_SWIM_SYNC;
    message->kind = kind & 0x7f;
    message->source = any_node(dice);
    message->initiator = message->source & (MESH_NODE_MAX - 1);
    message->occasion = dice_roll(dice);
    head->number = dice_roll(dice) >> dice_below(dice, 64);
    head->incarnation = dice_below(dice, MESH_SWIM_INCARNATION_MAX);
    head->subject = ack || kind == MESH_MESSAGE_SWIM_PING_REQUEST ? any_node(dice) : MESH_NODE_NONE;
    head->asker = ack || kind == MESH_MESSAGE_SWIM_PING ? any_node(dice) : MESH_NODE_NONE;
    head->flags = (uint16_t)(ack ? dice_below(dice, 2) : sync ? 2 * dice_below(dice, 16) : 0);
    head->offset = sync ? dice_below(dice, 1000) : 0;
    head->total = sync ? dice_below(dice, 1000) : 0;
    head->count = (uint16_t)dice_below(dice, rig.group.news + 2);
    for (uint32_t i = 0; i < head->count; i++) {
        uint32_t state = dice_below(dice, MESH_SWIM_STATE_COUNT);
        news[i] = (struct mesh_swim_news){
            any_node(dice), dice_below(dice, MESH_SWIM_INCARNATION_MAX),
            state == MESH_SWIM_SUSPECT ? any_node(dice) : MESH_NODE_NONE, state};
    }
    message->words = (uint16_t)((sizeof *head + head->count * sizeof *news) / 8);
    return message;
}

static enum mesh_reject decode(const uint8_t *bytes, size_t count)
{
    uint8_t *exact = malloc(count > 0 ? count : 1);
    memcpy(exact, bytes, count);
    memset(back, 0xff, sizeof back);
    enum mesh_reject reject =
        mesh_wire_decode(&rig.config, &rig.table, exact, count, 1, (struct mesh_message *)back);
    free(exact);
    return reject;
}

Test(wire, what_is_said_is_read_as_it_was_said_and_counted_as_it_is_written)
{
    rig_init(&rig);
    cr_assert_leq(mesh_swim_words_max(&rig.config), ROOM_WORDS);
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        for (uint32_t kind = MESH_MESSAGE_SWIM_PING; kind <= MESH_MESSAGE_SWIM_SYNC; kind++) {
            struct dice dice = {seed * 16 + kind};
            uint8_t bytes[BYTES_MAX];
            const struct mesh_message *said = compose(&dice, kind);
            const struct mesh_message *heard = (const struct mesh_message *)back;
            size_t count = mesh_wire_encode(&rig.config, &rig.table, said, bytes, sizeof bytes);
            cr_assert_gt(count, 0);
            cr_assert_eq(count, mesh_wire_message_bytes(&rig.table, said));
            cr_assert_eq(decode(bytes, count), 0, "seed %lu, kind %u", seed, kind);
            cr_assert_eq(heard->words, said->words);
            cr_assert_eq(memcmp(heard->lanes, said->lanes, said->words * sizeof(uint64_t)), 0,
                         "seed %lu, kind %u", seed, kind);
        }
    }
}

Test(wire, every_truncation_and_every_trailing_byte_is_refused)
{
    rig_init(&rig);
    for (uint64_t seed = 1; seed <= 50; seed++) {
        for (uint32_t kind = MESH_MESSAGE_SWIM_PING; kind <= MESH_MESSAGE_SWIM_SYNC; kind++) {
            struct dice dice = {seed * 16 + kind};
            uint8_t bytes[BYTES_MAX];
            size_t count = mesh_wire_encode(&rig.config, &rig.table, compose(&dice, kind), bytes,
                                            sizeof bytes - 1);
            for (size_t less = 0; less < count; less++) {
                cr_assert_eq(decode(bytes, less), MESH_REJECT_FORMAT, "seed %lu, kind %u: %zu",
                             seed, kind, less);
            }
            bytes[count] = 0;
            cr_assert_eq(decode(bytes, count + 1), MESH_REJECT_FORMAT);
        }
    }
}

Test(wire, bytes_that_were_changed_at_random_are_refused_or_handled_and_never_trusted)
{
    rig_init(&rig);
    rig_start(&rig);
    for (uint64_t seed = 1; seed <= 20000; seed++) {
        struct dice dice = {seed};
        uint32_t kind = MESH_MESSAGE_SWIM_PING + dice_below(&dice, 4);
        uint8_t bytes[BYTES_MAX];
        struct mesh_message *said = compose(&dice, kind);
        struct mesh_swim_news *news = (struct mesh_swim_news *)(said->lanes + 4);
        said->source = 1 + dice_below(&dice, RIG_NODES - 1);
        for (uint32_t i = 0; i < mesh_swim_heard(said)->count; i++) {
            news[i].node %= RIG_NODES;
        }
        size_t count = mesh_wire_encode(&rig.config, &rig.table, said, bytes, sizeof bytes);
        for (uint32_t i = dice_below(&dice, 4); i > 0; i--) {
            bytes[dice_below(&dice, (uint32_t)count)] = (uint8_t)dice_roll(&dice);
        }
        const struct mesh_message *heard = (const struct mesh_message *)back;
        if (decode(bytes, count) == 0 && mesh_message_is_swim(heard->kind) && heard->scope == 0) {
            rig.now_ns += RIG_MS / 10;
            rig_step(&rig, (struct mesh_event){.kind = MESH_EVENT_RECEIVE, .message = heard});
            cr_assert_leq(rig.swim.count, RIG_NODES);
            cr_assert_leq(rig.swim.suspects + rig.swim.dead + rig.swim.left, RIG_NODES - 1u);
        }
    }
}

static const struct mesh_record *hear_about(uint32_t source, struct mesh_swim_news news)
{
    struct mesh_swim_head head = {.number = 1, .subject = MESH_NODE_NONE, .asker = MESH_NODE_NONE};
    rig_hear(&rig, source, MESH_MESSAGE_SWIM_PING, head, &news, 1);
    return rig_record(&rig, MESH_RECORD_REJECT);
}

Test(wire, what_is_not_about_members_or_cannot_be_is_rejected_with_its_reason)
{
    rig_init(&rig);
    rig_start(&rig);
    const struct mesh_record *reject =
        hear_about(RIG_NODES, (struct mesh_swim_news){D, 0, MESH_NODE_NONE, MESH_SWIM_DEAD});
    cr_assert_not_null(reject);
    cr_expect_eq(reject->reject.reason, MESH_REJECT_MEMBER, "its source is no member");
    reject = hear_about(B, (struct mesh_swim_news){77, 0, MESH_NODE_NONE, MESH_SWIM_DEAD});
    cr_assert_not_null(reject);
    cr_expect_eq(reject->reject.reason, MESH_REJECT_MEMBER, "nor is whom it is about");
    reject = hear_about(B, (struct mesh_swim_news){D, 0, 77, MESH_SWIM_SUSPECT});
    cr_assert_not_null(reject);
    cr_expect_eq(reject->reject.reason, MESH_REJECT_MEMBER, "nor who suspects");
    reject = hear_about(B, (struct mesh_swim_news){D, MESH_SWIM_INCARNATION_MAX - 1, MESH_NODE_NONE,
                                                   MESH_SWIM_ALIVE});
    cr_assert_not_null(reject);
    cr_expect_eq(reject->reject.reason, MESH_REJECT_HISTORY, "an incarnation beyond all bounds");
    cr_expect_eq(rig.swim.count, 0);
}

Test(wire, nodes_that_take_no_part_reject_what_they_hear)
{
    rig_init(&rig);
    rig.swim.group = MESH_SWIM_NONE;
    const struct mesh_record *reject =
        hear_about(B, (struct mesh_swim_news){D, 0, MESH_NODE_NONE, MESH_SWIM_DEAD});
    cr_assert_not_null(reject);
    cr_expect_eq(reject->reject.reason, MESH_REJECT_MEMBER);
}
