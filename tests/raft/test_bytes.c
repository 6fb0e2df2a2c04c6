// SPDX-License-Identifier: GPL-3.0-or-later
#include <string.h>

#include "../core/dice.h"
#include "mesh/wire.h"
#include "rig.h"

#define HEAD_WORDS (sizeof(struct mesh_raft_head) / 8)

struct letter {
    uint64_t room[512];
    struct mesh_message *message;
};

static struct mesh_message *letter_init(struct letter *letter, enum mesh_message_kind kind,
                                        struct mesh_raft_head head)
{
    memset(letter, 0, sizeof *letter);
    letter->message = (struct mesh_message *)letter->room;
    letter->message->kind = (uint8_t)kind;
    letter->message->words = HEAD_WORDS;
    letter->message->source = B;
    letter->message->initiator = B;
    letter->message->occasion = 0x0807060504030201;
    memcpy(letter->message->lanes, &head, sizeof head);
    return letter->message;
}

static void add_entry(const struct rig *rig, struct mesh_message *message, uint64_t term,
                      enum mesh_raft_kind kind, uint32_t bytes, uint64_t word)
{
    uint32_t stride = mesh_raft_entry_words(&rig->group);
    uint64_t *place = message->lanes + message->words;
    struct mesh_raft_entry entry = {.term = term, .bytes = bytes, .kind = kind};
    memcpy(place, &entry, sizeof entry);
    place[2] = word;
    message->words = (uint16_t)(message->words + stride);
    message->update_count++;
}

static enum mesh_reject decode(struct rig *rig, const uint8_t *bytes, size_t count,
                               struct letter *heard)
{
    heard->message = (struct mesh_message *)heard->room;
    memset(heard->room, 0xee, sizeof heard->room);
    cr_assert(mesh_raft_words_max(&rig->config) + 7 <= 512);
    return mesh_wire_decode(&rig->config, &rig->table, bytes, count, 1, heard->message);
}

static void expect_bytes(struct rig *rig, const struct mesh_message *message,
                         const uint8_t *expected, size_t count)
{
    uint8_t bytes[256];
    struct letter heard;
    cr_assert_eq(mesh_wire_encode(&rig->config, &rig->table, message, bytes, sizeof bytes), count);
    cr_expect_arr_eq(bytes, expected, count);
    cr_expect_eq(mesh_wire_message_bytes(&rig->table, message), count);
    cr_expect_eq(mesh_wire_encode(&rig->config, &rig->table, message, bytes, count - 1), 0,
                 "it does not fit");
    cr_assert_eq(decode(rig, expected, count, &heard), 0);
    cr_expect(heard.message->words == message->words &&
              heard.message->update_count == message->update_count &&
              heard.message->wire_bytes == count);
    cr_expect_arr_eq(heard.message->lanes, message->lanes, 8 * (size_t)message->words);
}

#define HEADER(kind) kind, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8

Test(raft_bytes, a_request_for_a_vote_is_these_bytes)
{
    static const uint8_t expected[] = {
        HEADER(MESH_MESSAGE_RAFT_VOTE),
        0,  // entries
        0x85,
        0x01,  // term 133
        1,     // beforehand
        0x80,
        0x01,  // log ends at 128,
        5,     // term 5
    };
    struct rig rig;
    struct letter letter;
    rig_init(&rig);
    expect_bytes(
        &rig,
        letter_init(&letter, MESH_MESSAGE_RAFT_VOTE,
                    (struct mesh_raft_head){
                        .term = 133, .index = 128, .index_term = 5, .flags = MESH_RAFT_PRE}),
        expected, sizeof expected);
}

Test(raft_bytes, entries_are_these_bytes)
{
    static const uint8_t expected[] = {
        HEADER(MESH_MESSAGE_RAFT_APPEND),
        2,  // entries
        7,
        3,
        2,
        1,
        9,
        0,  // term, behind 3 of term 2, committed 1, round, life
        6,
        MESH_RAFT_COMMAND,
        3,
        0xaa,
        0xbb,
        0xcc,
        7,
        MESH_RAFT_MEMBERS,
        8,
        0x0f,
        0,
        0,
        0,
        0x10,
        0,
        0,
        0,
    };
    struct rig rig;
    struct letter letter;
    rig_init(&rig);
    struct mesh_message *message = letter_init(
        &letter, MESH_MESSAGE_RAFT_APPEND,
        (struct mesh_raft_head){.term = 7, .index = 3, .index_term = 2, .commit = 1, .round = 9});
    add_entry(&rig, message, 6, MESH_RAFT_COMMAND, 3, 0xccbbaa);
    add_entry(&rig, message, 7, MESH_RAFT_MEMBERS, 8, UINT64_C(0x10) << 32 | 0x0f);
    expect_bytes(&rig, message, expected, sizeof expected);
}

Test(raft_bytes, a_chunk_is_these_bytes)
{
    static const uint8_t expected[] = {
        HEADER(MESH_MESSAGE_RAFT_SNAPSHOT),
        0,  // entries
        7,
        9,
        4,
        2,
        1,  // term, to 9 of term 4, round, life
        0x1f,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0x07,
        0,
        0,
        0,  // voters, learners, bridges
        10,
        13,
        3,
        'x',
        'y',
        'z',  // offset, total, bytes
    };
    struct rig rig;
    struct letter letter;
    rig_init(&rig);
    struct mesh_message *message = letter_init(&letter, MESH_MESSAGE_RAFT_SNAPSHOT,
                                               (struct mesh_raft_head){.term = 7,
                                                                       .index = 9,
                                                                       .index_term = 4,
                                                                       .round = 2,
                                                                       .life = 1,
                                                                       .members = {0x1f, 0},
                                                                       .bridges = 7,
                                                                       .offset = 10,
                                                                       .total = 13,
                                                                       .bytes = 3});
    message->words++;
    memcpy(message->lanes + HEAD_WORDS, "xyz", 3);
    expect_bytes(&rig, message, expected, sizeof expected);
}

Test(raft_bytes, the_other_kinds_come_back_as_they_were)
{
    static const enum mesh_message_kind kinds[] = {
        MESH_MESSAGE_RAFT_VOTE_REPLY, MESH_MESSAGE_RAFT_APPEND_REPLY,
        MESH_MESSAGE_RAFT_SNAPSHOT_REPLY, MESH_MESSAGE_RAFT_TIMEOUT_NOW};
    static const struct mesh_raft_head heads[] = {
        {.term = 300, .flags = MESH_RAFT_PRE | MESH_RAFT_GRANTED},
        {.term = 300,
         .index = 1000,
         .index_term = 7,
         .commit = 2000,
         .round = UINT64_MAX,
         .life = UINT32_MAX,
         .flags = MESH_RAFT_GRANTED | MESH_RAFT_FORGOT},
        {.term = 300,
         .index = MESH_RAFT_INDEX_MAX - 1,
         .index_term = 7,
         .round = 5,
         .life = 3,
         .offset = 10,
         .total = 20,
         .flags = MESH_RAFT_FORGOT},
        {.term = MESH_RAFT_INDEX_MAX - 1},
    };
    struct rig rig;
    rig_init(&rig);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct letter letter;
        uint8_t bytes[256];
        const struct mesh_message *message = letter_init(&letter, kinds[i], heads[i]);
        size_t count = mesh_wire_encode(&rig.config, &rig.table, message, bytes, sizeof bytes);
        expect_bytes(&rig, message, bytes, count);
    }
}

// ---- What a liar may send ----

static void expect_refused(struct rig *rig, const struct mesh_message *message,
                           enum mesh_reject reason, const char *why)
{
    uint8_t bytes[512];
    struct letter heard;
    size_t count = mesh_wire_encode(&rig->config, &rig->table, message, bytes, sizeof bytes);
    cr_assert(count > 0);
    cr_expect_eq(decode(rig, bytes, count, &heard), reason, "%s", why);
}

Test(raft_bytes, what_no_group_can_mean_is_refused)
{
    struct rig rig;
    struct letter letter;
    rig_init(&rig);
    struct mesh_raft_head head = {.term = MESH_RAFT_INDEX_MAX};
    expect_refused(&rig, letter_init(&letter, MESH_MESSAGE_RAFT_VOTE, head), MESH_REJECT_FORMAT,
                   "a term beyond all terms");
    head = (struct mesh_raft_head){.term = 1, .flags = MESH_RAFT_FORGOT};
    expect_refused(&rig, letter_init(&letter, MESH_MESSAGE_RAFT_VOTE, head), MESH_REJECT_FORMAT,
                   "a flag of other kinds");
    head = (struct mesh_raft_head){.term = 1, .index = 1, .members = {0x21, 0}};
    expect_refused(&rig, letter_init(&letter, MESH_MESSAGE_RAFT_SNAPSHOT, head), MESH_REJECT_FORMAT,
                   "a member outside the roster");
    head.members = (struct mesh_raft_members){0x3, 0x2};
    expect_refused(&rig, letter_init(&letter, MESH_MESSAGE_RAFT_SNAPSHOT, head), MESH_REJECT_FORMAT,
                   "voter and learner at once");
    head.members = (struct mesh_raft_members){0, 0x2};
    expect_refused(&rig, letter_init(&letter, MESH_MESSAGE_RAFT_SNAPSHOT, head), MESH_REJECT_FORMAT,
                   "no voter");
    head = (struct mesh_raft_head){
        .term = 1, .index = 1, .members = {1, 0}, .offset = 5, .total = 6, .bytes = 2};
    letter_init(&letter, MESH_MESSAGE_RAFT_SNAPSHOT, head)->words++;
    expect_refused(&rig, letter.message, MESH_REJECT_FORMAT, "a chunk beyond the end");
    head.total = RIG_SNAPSHOT_BYTES + 1;
    letter_init(&letter, MESH_MESSAGE_RAFT_SNAPSHOT, head)->words++;
    expect_refused(&rig, letter.message, MESH_REJECT_FORMAT, "a snapshot beyond the bound");
    struct mesh_message *message =
        letter_init(&letter, MESH_MESSAGE_RAFT_APPEND, (struct mesh_raft_head){.term = 1});
    for (uint32_t i = 0; i < 3; i++) {
        add_entry(&rig, message, 1, MESH_RAFT_COMMAND, 1, 0);
    }
    expect_refused(&rig, message, MESH_REJECT_FORMAT, "more entries than go into a message");
    message = letter_init(&letter, MESH_MESSAGE_RAFT_APPEND, (struct mesh_raft_head){.term = 1});
    add_entry(&rig, message, 1, MESH_RAFT_NOOP, 1, 0);
    expect_refused(&rig, message, MESH_REJECT_FORMAT, "a no-op with something in it");
    rig.config.raft_count = 0;
    expect_refused(&rig, letter_init(&letter, MESH_MESSAGE_RAFT_TIMEOUT_NOW, head),
                   MESH_REJECT_KIND, "a scope without a group");
}

static void random_head(struct dice *dice, struct mesh_raft_head *head)
{
    *head = (struct mesh_raft_head){
        .term = dice_below(dice, 40),
        .index = dice_below(dice, 40),
        .index_term = dice_below(dice, 12),
        .commit = dice_below(dice, 40),
        .round = dice_below(dice, 20),
        .members = {dice_below(dice, 32), dice_below(dice, 4) == 0 ? dice_below(dice, 32) : 0},
        .bridges = dice_below(dice, 32),
        .offset = dice_below(dice, 5) * 5,
        .total = dice_below(dice, 6) * 5,
        .bytes = dice_below(dice, 3) * 5,
        .life = dice_below(dice, 4),
        .flags = dice_below(dice, 16),
    };
    if (dice_chance(dice, 2)) {
        head->index = dice_roll(dice) % (2 * MESH_RAFT_INDEX_MAX);
        head->commit = dice_roll(dice) % (2 * MESH_RAFT_INDEX_MAX);
    }
}

static void random_letter(const struct rig *rig, struct dice *dice, struct letter *letter)
{
    struct mesh_raft_head head;
    random_head(dice, &head);
    uint32_t kinds = MESH_MESSAGE_RAFT_TIMEOUT_NOW - MESH_MESSAGE_RAFT_VOTE + 1;
    struct mesh_message *message = letter_init(
        letter, (enum mesh_message_kind)(MESH_MESSAGE_RAFT_VOTE + dice_below(dice, kinds)), head);
    message->source = 1 + dice_below(dice, 4);
    if (message->kind == MESH_MESSAGE_RAFT_APPEND) {
        for (uint32_t i = dice_below(dice, 3); i > 0; i--) {
            enum mesh_raft_kind kind = (enum mesh_raft_kind)dice_below(dice, MESH_RAFT_KIND_COUNT);
            add_entry(rig, message, dice_below(dice, 12), kind, kind == MESH_RAFT_NOOP ? 0 : 8,
                      dice_below(dice, 32));
        }
    } else if (message->kind == MESH_MESSAGE_RAFT_SNAPSHOT) {
        message->words = (uint16_t)(message->words + (head.bytes + 7) / 8);
    }
}

static void elect(struct rig *rig)
{
    bool pre = rig->raft.role == MESH_RAFT_PRECANDIDATE;
    struct mesh_raft_head vote = {.term = rig->raft.term + pre,
                                  .flags = MESH_RAFT_GRANTED | (pre ? MESH_RAFT_PRE : 0)};
    rig_hear(rig, B, MESH_MESSAGE_RAFT_VOTE_REPLY, vote);
    rig_hear(rig, C, MESH_MESSAGE_RAFT_VOTE_REPLY, vote);
}

static void random_event(struct rig *rig, struct dice *dice)
{
    switch (dice_below(dice, 10)) {
    case 0: rig_propose(rig, 1); break;
    case 1:
        rig_change(rig, dice_below(dice, 6), (enum mesh_raft_change_kind)dice_below(dice, 4));
        break;
    case 2: rig_step(rig, (struct mesh_event){.kind = MESH_EVENT_RAFT_READ}); break;
    case 3:
        rig_step(rig, (struct mesh_event){.kind = MESH_EVENT_RAFT_TRANSFER,
                                          .peer = dice_below(dice, 6)});
        break;
    case 4: rig_wait(rig, dice_below(dice, 300)); break;
    case 5:
        if (rig->raft.role != MESH_RAFT_LEADER) {
            rig_patience(rig);
        }
        break;
    case 6: elect(rig); break;
    default:
        if (rig->raft.writing != 0) {
            rig_store(rig);
        }
        break;
    }
}

Test(raft_bytes, whatever_liars_say_a_server_goes_on_and_what_it_understands_has_one_form)
{
    uint64_t understood = 0;
    uint64_t led = 0;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct dice dice = {seed};
        struct rig rig;
        rig_init(&rig);
        rig.group.pre_vote = dice_chance(&dice, 50);
        rig.group.bridge_count = dice_below(&dice, 3);
        rig_start(&rig, 2, MESH_NODE_NONE, (uint64_t[]){1, 1, 2}, 3);
        for (uint32_t i = 0; i < 500; i++) {
            struct letter letter;
            struct letter heard;
            uint8_t bytes[512];
            uint8_t again[512];
            random_letter(&rig, &dice, &letter);
            size_t count =
                mesh_wire_encode(&rig.config, &rig.table, letter.message, bytes, sizeof bytes);
            if (dice_chance(&dice, 10)) {
                bytes[dice_below(&dice, (uint32_t)count)] ^= (uint8_t)(1u << dice_below(&dice, 8));
            }
            if (decode(&rig, bytes, count, &heard) == 0) {
                cr_assert_eq(
                    mesh_wire_encode(&rig.config, &rig.table, heard.message, again, sizeof again),
                    count);
                cr_assert_arr_eq(bytes, again, count, "seed %lu", seed);
                understood++;
                rig_step(&rig,
                         (struct mesh_event){.kind = MESH_EVENT_RECEIVE, .message = heard.message});
            }
            random_event(&rig, &dice);
            led += rig.raft.role == MESH_RAFT_LEADER;
        }
    }
    cr_expect(understood > 50000 && led > 5000, "%lu, %lu", understood, led);
}

Test(raft_bytes, what_is_cut_short_or_has_a_tail_is_refused)
{
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct dice dice = {seed};
        struct rig rig;
        struct letter letter;
        struct letter heard;
        uint8_t bytes[512] = {0};
        rig_init(&rig);
        random_letter(&rig, &dice, &letter);
        size_t count =
            mesh_wire_encode(&rig.config, &rig.table, letter.message, bytes, sizeof bytes);
        if (decode(&rig, bytes, count, &heard) != 0) {
            continue;
        }
        for (size_t cut = 0; cut < count; cut++) {
            cr_assert_eq(decode(&rig, bytes, cut, &heard), MESH_REJECT_FORMAT);
        }
        cr_assert_eq(decode(&rig, bytes, count + 1, &heard), MESH_REJECT_FORMAT);
    }
}
