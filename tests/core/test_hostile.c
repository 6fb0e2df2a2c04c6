// SPDX-License-Identifier: GPL-3.0-or-later
// Bytes from peers who lie. Every message lies in memory of exactly its size, so that a build with
// the address sanitizer sees a read past its end (./dev check).
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dice.h"
#include "mesh/wire.h"
#include "rows.h"

#define BYTES_MAX (1 << 16)

static struct rows sender;
static struct rows receiver;

// Decodes a copy that ends where its memory ends, for a receiver with an empty table of 2 words,
// or with the table as it stands.
static enum mesh_reject decode_into(const uint8_t *bytes, size_t count,
                                    struct mesh_message **message)
{
    uint8_t *exact = malloc(count > 0 ? count : 1);
    *message = malloc(sizeof **message + 2u * receiver.words * sizeof(uint64_t));
    cr_assert(exact != NULL && *message != NULL);
    memcpy(exact, bytes, count);
    enum mesh_reject reject = mesh_wire_decode(&receiver.config, &receiver.table, exact, count,
                                               (uint16_t)receiver.words, *message);
    // Values point into the bytes; here they move to where the original has them.
    for (uint32_t lane = 0; lane < receiver.table.lane_count; lane++) {
        struct mesh_update *update = &receiver.updates[lane];
        if (mesh_update_has_value(update->type) && update->value >= exact &&
            update->value <= exact + count) {
            update->value = bytes + (update->value - exact);
        }
    }
    free(exact);
    return reject;
}

static enum mesh_reject decode(const uint8_t *bytes, size_t count)
{
    struct mesh_message *message;
    rows_init(&receiver, 2, sender.config.signature_bytes, true);
    enum mesh_reject reject = decode_into(bytes, count, &message);
    free(message);
    return reject;
}

static size_t encode_any(struct dice *dice, uint8_t kind, uint8_t *bytes)
{
    rows_init(&sender, 1, dice_chance(dice, 50) ? MESH_SIGNATURE_BYTES : 0, true);
    rows_add_some(&sender, dice, dice_below(dice, 20));
    struct mesh_message *message = rows_message(&sender, dice, kind);
    size_t count = mesh_wire_encode(&sender.config, &sender.table, message, bytes, BYTES_MAX);
    cr_assert_gt(count, 0);
    free(message);
    return count;
}

Test(hostile, every_truncation_and_every_trailing_byte_is_refused)
{
    static uint8_t bytes[BYTES_MAX];
    for (uint64_t seed = 1; seed <= 20; seed++) {
        for (uint32_t kind = MESH_MESSAGE_PUSH; kind <= MESH_MESSAGE_SNAPSHOT; kind++) {
            struct dice dice = {seed * 16 + kind};
            size_t count = encode_any(&dice, (uint8_t)kind, bytes);
            cr_assert_eq(decode(bytes, count), 0);
            for (size_t less = 0; less < count; less++) {
                cr_assert_eq(decode(bytes, less), MESH_REJECT_FORMAT,
                             "seed %lu, kind %u: %zu of %zu bytes", seed, kind, less, count);
            }
            bytes[count] = 0;
            cr_assert_eq(decode(bytes, count + 1), MESH_REJECT_FORMAT, "seed %lu, kind %u", seed,
                         kind);
        }
    }
}

// ---- By hand: a push of one increment, and what may be wrong with it ----

enum {
    KIND,
    ZERO,
    SCOPE,
    SOURCE = 4,
    INITIATOR = 8,
    COUNT = 20,
    ORIGIN,
    SEQUENCE,
    TYPE = 31,
    KEY,
    AMOUNT,
    SIZE
};

static const uint8_t push[SIZE] = {
    [KIND] = MESH_MESSAGE_PUSH,
    [SOURCE] = 3,
    [INITIATOR] = 3,
    [COUNT] = 1,
    [ORIGIN] = 3,
    [SEQUENCE] = 1,
    [TYPE] = MESH_G_INCREMENT,
    [KEY] = 9,
    [AMOUNT] = 4,
};

static void expect_push_with(size_t at, uint8_t value, enum mesh_reject expected)
{
    uint8_t bytes[SIZE];
    memcpy(bytes, push, sizeof bytes);
    bytes[at] = value;
    enum mesh_reject reject = decode(bytes, sizeof bytes);
    cr_expect_eq(reject, expected, "byte %zu = %u: reason %d, expected %d", at, value, reject,
                 expected);
}

Test(hostile, each_field_out_of_its_range_is_refused_with_its_reason)
{
    rows_init(&sender, 1, 0, true);
    expect_push_with(KIND, MESH_MESSAGE_PUSH, 0);
    expect_push_with(KIND, 0, MESH_REJECT_KIND);
    expect_push_with(KIND, MESH_MESSAGE_KIND_COUNT, MESH_REJECT_KIND);
    expect_push_with(KIND, 255, MESH_REJECT_KIND);
    expect_push_with(ZERO, 1, MESH_REJECT_FORMAT);
    expect_push_with(SCOPE, ROWS_SCOPES - 1, 0);
    expect_push_with(SCOPE, ROWS_SCOPES, MESH_REJECT_SCOPE);
    expect_push_with(SCOPE + 1, 1, MESH_REJECT_SCOPE);
    expect_push_with(SOURCE + 3, 1, MESH_REJECT_FORMAT);
    expect_push_with(INITIATOR + 3, 1, MESH_REJECT_FORMAT);
    expect_push_with(COUNT, 0, MESH_REJECT_FORMAT);
    expect_push_with(COUNT, 2, MESH_REJECT_FORMAT);
    expect_push_with(SEQUENCE, 0, MESH_REJECT_FORMAT);
    expect_push_with(TYPE, 0, MESH_REJECT_FORMAT);
    expect_push_with(TYPE, MESH_TOTAL + 1, MESH_REJECT_FORMAT);
    expect_push_with(AMOUNT, 0, MESH_REJECT_FORMAT);
}

// `bytes` in place of the byte at `at`.
static enum mesh_reject decode_push_with(size_t at, const void *bytes, size_t count)
{
    uint8_t long_push[SIZE + 16];
    memcpy(long_push, push, at);
    memcpy(long_push + at, bytes, count);
    memcpy(long_push + at + count, push + at + 1, SIZE - at - 1);
    return decode(long_push, SIZE + count - 1);
}

Test(hostile, a_number_has_one_encoding_and_fits_its_field)
{
    static const struct {
        size_t at;
        size_t count;
        uint8_t bytes[12];
        enum mesh_reject expected;
        const char *what;
    } cases[] = {
        {COUNT, 2, {0x81, 0}, MESH_REJECT_FORMAT, "1 in two bytes"},
        {COUNT, 3, {0x81, 0x80, 0}, MESH_REJECT_FORMAT, "1 in three bytes"},
        {ORIGIN, 2, {0x83, 0}, MESH_REJECT_FORMAT, "3 in two bytes"},
        {ORIGIN, 4, {0xff, 0xff, 0xff, 0x07}, 0, "the last node id"},
        {ORIGIN, 4, {0x80, 0x80, 0x80, 0x08}, MESH_REJECT_FORMAT, "one node id too many"},
        {SEQUENCE, 5, {0xff, 0xff, 0xff, 0xff, 0x0f}, 0, "the last sequence"},
        {SEQUENCE, 5, {0x80, 0x80, 0x80, 0x80, 0x10}, MESH_REJECT_FORMAT, "2^32"},
        {KEY, 5, {0x80, 0x80, 0x80, 0x80, 0x10}, MESH_REJECT_FORMAT, "key 2^32"},
        {AMOUNT, 10, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, 0, "2^64 - 1"},
        {AMOUNT,
         10,
         {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2},
         MESH_REJECT_FORMAT,
         "2^64"},
        {AMOUNT,
         10,
         {0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0},
         MESH_REJECT_FORMAT,
         "1 in ten bytes"},
        {AMOUNT,
         11,
         {0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1},
         MESH_REJECT_FORMAT,
         "eleven bytes"},
    };
    rows_init(&sender, 1, 0, true);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum mesh_reject reject = decode_push_with(cases[i].at, cases[i].bytes, cases[i].count);
        cr_expect_eq(reject, cases[i].expected, "%s: reason %d", cases[i].what, reject);
    }
}

Test(hostile, lengths_beyond_the_message_are_refused)
{
    rows_init(&sender, 1, 0, true);
    static const uint8_t updates[] = {0xff, 0xff, 0x03};
    cr_expect_eq(decode_push_with(COUNT, updates, 3), MESH_REJECT_FORMAT, "65,535 updates");
    static const uint8_t more_updates[] = {0x80, 0x80, 0x04};
    cr_expect_eq(decode_push_with(COUNT, more_updates, 3), MESH_REJECT_FORMAT, "65,536 updates");
    uint8_t set[SIZE];
    memcpy(set, push, sizeof set);
    set[TYPE] = MESH_LWW_SET;
    set[AMOUNT] = 0;
    cr_expect_eq(decode(set, sizeof set), 0, "an empty value");
    set[AMOUNT] = 1;
    cr_expect_eq(decode(set, sizeof set), MESH_REJECT_FORMAT,
                 "a value of one byte that is missing");
    uint8_t bomb[SIZE + 2];
    memcpy(bomb, set, AMOUNT);
    memcpy(bomb + AMOUNT, updates, 3);
    cr_expect_eq(decode(bomb, sizeof bomb), MESH_REJECT_FORMAT, "a value of 65,535 bytes");
}

// VECTOR: header, no updates, then the vector.
static enum mesh_reject decode_vector(const uint8_t *vector, size_t count, bool *beyond)
{
    uint8_t bytes[64] = {[KIND] = MESH_MESSAGE_VECTOR, [SOURCE] = 3, [INITIATOR] = 3};
    memcpy(bytes + COUNT + 1, vector, count);
    struct mesh_message *message;
    rows_init(&receiver, 2, 0, true);
    enum mesh_reject reject = decode_into(bytes, COUNT + 1 + count, &message);
    *beyond = message->beyond;
    free(message);
    return reject;
}

Test(hostile, vectors_that_count_too_far_are_refused_and_long_runs_cost_nothing)
{
    rows_init(&sender, 1, 0, true);
    bool beyond;
    static const uint8_t empty[] = {0};
    cr_expect_eq(decode_vector(empty, 1, &beyond), 0);
    cr_expect_not(beyond);
    static const uint8_t entries[] = {0xff, 0xff, 0xff, 0xff, 0x0f, 1, 1, 1};
    cr_expect_eq(decode_vector(entries, 8, &beyond), MESH_REJECT_FORMAT, "2^32 - 1 entries");
    static const uint8_t longest[] = {1, 7, 1, 0xff, 0xff, 0xff, 0xff, 0x0f};
    cr_expect_eq(decode_vector(longest, 8, &beyond), 0, "all sequences of an origin");
    cr_expect(beyond);
    static const uint8_t past_the_end[] = {1, 7, 2, 0xff, 0xff, 0xff, 0xff, 0x0f};
    cr_expect_eq(decode_vector(past_the_end, 8, &beyond), MESH_REJECT_FORMAT);
    static const uint8_t from_zero[] = {1, 7, 0, 1};
    cr_expect_eq(decode_vector(from_zero, 4, &beyond), MESH_REJECT_FORMAT);
    static const uint8_t no_length[] = {1, 7, 1, 0};
    cr_expect_eq(decode_vector(no_length, 4, &beyond), MESH_REJECT_FORMAT);
}

Test(hostile, the_same_update_twice_is_refused)
{
    uint8_t twice[SIZE + SIZE - ORIGIN];
    rows_init(&sender, 1, 0, true);
    memcpy(twice, push, SIZE);
    memcpy(twice + SIZE, push + ORIGIN, SIZE - ORIGIN);
    twice[COUNT] = 2;
    cr_expect_eq(decode(twice, sizeof twice), MESH_REJECT_FORMAT);
    twice[SIZE + AMOUNT - ORIGIN] ^= 1;
    cr_expect_eq(decode(twice, sizeof twice), 0, "another value of the dot is another update");
}

// The receiver's lanes, and the words of its replicas, are all the room there is.
Test(hostile, updates_beyond_the_table_are_refused_as_full)
{
    rows_init(&sender, 1, 0, true);
    for (uint32_t words = 1; words <= 2; words++) {
        rows_init(&receiver, words, 0, true);
        struct dice dice = {words};
        rows_add_some(&receiver, &dice, 64 * words - 1);
        struct mesh_message *message;
        uint8_t bytes[SIZE];
        memcpy(bytes, push, sizeof bytes);
        cr_expect_eq(decode_into(bytes, sizeof bytes, &message), 0, "the last lane");
        free(message);
        cr_expect_eq(decode_into(bytes, sizeof bytes, &message), 0, "known: needs no lane");
        free(message);
        bytes[AMOUNT]++;
        cr_expect_eq(decode_into(bytes, sizeof bytes, &message), MESH_REJECT_FULL);
        free(message);
        cr_expect_eq(receiver.table.lane_count, 64 * words);
    }
    rows_init(&receiver, 2, 0, true);
    struct dice dice = {9};
    rows_add_some(&receiver, &dice, 64);
    receiver.words = 1;  // replicas of one word beside a table of two
    struct mesh_message *message;
    cr_expect_eq(decode_into(push, sizeof push, &message), MESH_REJECT_FULL);
    free(message);
}

// ---- Mutations ----

// Flips, overwrites, inserts or removes a few bytes.
static size_t mutate(struct dice *dice, uint8_t *bytes, size_t count)
{
    for (uint32_t times = 1 + dice_below(dice, 3); times > 0 && count > 1; times--) {
        size_t at = dice_below(dice, (uint32_t)count);
        switch (dice_below(dice, 5)) {
        case 0:
            memmove(bytes + at, bytes + at + 1, count - at - 1);
            count--;
            break;
        case 1:
            memmove(bytes + at + 1, bytes + at, count - at);
            count++;
            break;
        case 2: bytes[at] = (uint8_t)dice_roll(dice); break;
        default: bytes[at] ^= (uint8_t)(1u << dice_below(dice, 8)); break;
        }
    }
    return count;
}

// What was entered is well formed, and what was marked was entered.
static void expect_sound(struct mesh_message *message, enum mesh_reject reject, uint64_t seed)
{
    for (uint32_t lane = 0; lane < receiver.table.lane_count; lane++) {
        struct mesh_update copy = receiver.updates[lane];
        mesh_update_hash(&receiver.config, &copy);
        cr_assert(copy.hash[0] == receiver.updates[lane].hash[0] && copy.dot.sequence > 0 &&
                      copy.dot.origin < MESH_NODE_MAX && mesh_wire_update_is_valid(&copy),
                  "seed %lu: lane %u holds nonsense", seed, lane);
    }
    for (uint32_t lane = receiver.table.lane_count; reject == 0 && lane < 64 * receiver.words;
         lane++) {
        cr_assert_not(rows_in(message->lanes, lane), "seed %lu: lane %u", seed, lane);
        cr_assert_not(rows_has_vector(message->kind) && rows_in(rows_last_set(message), lane),
                      "seed %lu: lane %u", seed, lane);
    }
}

// Into an empty table the updates enter in the order of the message, so what was accepted and has
// no vector must encode to the same bytes again: no two encodings mean the same.
Test(hostile, a_hundred_thousand_mutations_are_refused_or_encode_to_themselves)
{
    static uint8_t bytes[BYTES_MAX];
    static uint8_t again[BYTES_MAX];
    uint32_t accepted = 0;
    uint32_t refused = 0;
    for (uint64_t seed = 1; seed <= 100000; seed++) {
        struct dice dice = {seed};
        uint8_t kind = (uint8_t)(1 + dice_below(&dice, MESH_MESSAGE_SNAPSHOT));
        size_t count = mutate(&dice, bytes, encode_any(&dice, kind, bytes));
        struct mesh_message *message;
        rows_init(&receiver, 2, sender.config.signature_bytes, true);
        enum mesh_reject reject = decode_into(bytes, count, &message);
        expect_sound(message, reject, seed);
        if (reject == 0 && !rows_has_vector(message->kind)) {
            size_t size =
                mesh_wire_encode(&receiver.config, &receiver.table, message, again, sizeof again);
            cr_assert(size == count && memcmp(bytes, again, count) == 0,
                      "seed %lu: %zu bytes were accepted and encode to %zu others", seed, count,
                      size);
        }
        accepted += reject == 0;
        refused += reject != 0;
        free(message);
    }
    cr_expect(accepted > 10000 && refused > 10000, "%u accepted, %u refused: a one-sided test",
              accepted, refused);
}
