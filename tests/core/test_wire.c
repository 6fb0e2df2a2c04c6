// SPDX-License-Identifier: GPL-3.0-or-later
// The format by hand, and round trips of everything against a comparison dot by dot.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "dice.h"
#include "mesh/wire.h"
#include "rows.h"

#define BYTES_MAX (1 << 17)

static uint8_t bytes[BYTES_MAX];

// ---- By hand, from the drawing in mesh/wire.h ----

static void expect_bytes(const uint8_t *expected, size_t count, size_t written)
{
    cr_expect_eq(written, count, "%zu bytes, by hand %zu", written, count);
    for (size_t i = 0; i < count && i < written; i++) {
        cr_expect_eq(bytes[i], expected[i], "byte %zu: %02x, by hand %02x", i, bytes[i],
                     expected[i]);
    }
}

static void fill(struct rows *rows, uint32_t lane, struct mesh_update what)
{
    struct mesh_update *update = &rows->updates[lane];
    update->clock = what.clock;
    update->type = what.type;
    update->key = what.key;
    update->value_bytes = what.value_bytes;
    update->amount = what.amount;
    if (what.type == MESH_LWW_SET) {
        update->value = what.value;
    }
    mesh_update_hash(&rows->config, update);
    update->wire_bytes = mesh_wire_update_bytes(update, rows->config.signature_bytes);
}

static struct mesh_message *empty_message(const struct rows *rows, uint8_t kind)
{
    struct dice dice = {1};
    struct mesh_message *message = rows_message(rows, &dice, kind);
    message->scope = 2;
    message->source = 3;
    message->initiator = 0x00abcdef;
    message->occasion = mesh_occasion_of_tick(2, 5);
    message->hash[0] = message->hash[1] = 0;
    memset(message->lanes, 0, 2u * rows->words * sizeof message->lanes[0]);
    message->update_count = 0;
    return message;
}

Test(wire, a_push_of_one_increment_is_as_written_by_hand)
{
    static const uint8_t expected[] = {
        1,    0,                                                  // PUSH, 0
        2,    0,    3,    0,    0,    0,    0xef, 0xcd, 0xab, 0,  // scope, source, initiator
        5,    0,    0,    0,    0,    0,    2,    0,              // tick 5, scope 2 above 48 bits
        1,                                                        // updates
        3,    1,                                                  // dot (3, 1)
        0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01,           // clock
        2,    0xac, 0x02, 0x80, 0x01,                             // increment, key 300, amount 128
    };
    static struct rows rows;
    rows_init(&rows, 1, 0, true);
    fill(&rows, mesh_table_reserve(&rows.table, (struct mesh_dot){3, 1}),
         (struct mesh_update){
             .clock = 0x0102030405060708, .type = MESH_G_INCREMENT, .key = 300, .amount = 128});
    struct mesh_message *message = empty_message(&rows, MESH_MESSAGE_PUSH);
    message->lanes[0] = 1;
    message->update_count = 1;
    expect_bytes(expected, sizeof expected,
                 mesh_wire_encode(&rows.config, &rows.table, message, bytes, BYTES_MAX));
    free(message);
}

Test(wire, a_fill_with_a_value_and_a_vector_with_a_gap_is_as_written_by_hand)
{
    static const uint8_t expected[] = {
        5,    0, 2, 0,   3,   0, 0, 0, 0xef, 0xcd, 0xab, 0, 5, 0, 0, 0, 0, 0, 2, 0,
        1,                                             // one update:
        0x80, 1, 1, 1,   0,   0, 0, 0, 0,    0,    0,  // dot (128, 1), clock 1
        1,    0, 2, 'h', 'i',                          // set, key 0, "hi"
        3,                                             // three runs, in the order of their lanes:
        0x80, 1, 1, 2,                                 // (128, 1) (128, 2)
        7,    9, 1,                                    // (7, 9)
        0x80, 1, 4, 1,                                 // (128, 4), since 3 is missing
    };
    static struct rows rows;
    rows_init(&rows, 1, 0, true);
    static const struct mesh_dot dots[] = {{128, 1}, {7, 9}, {128, 2}, {128, 3}, {128, 4}};
    for (size_t i = 0; i < sizeof dots / sizeof *dots; i++) {
        fill(&rows, mesh_table_reserve(&rows.table, dots[i]),
             (struct mesh_update){.clock = 1,
                                  .type = MESH_LWW_SET,
                                  .value = (const uint8_t *)"hi",
                                  .value_bytes = 2});
    }
    struct mesh_message *message = empty_message(&rows, MESH_MESSAGE_FILL);
    message->lanes[0] = 1;
    message->update_count = 1;
    message->lanes[1] = 0x17;  // all but (128, 3)
    expect_bytes(expected, sizeof expected,
                 mesh_wire_encode(&rows.config, &rows.table, message, bytes, BYTES_MAX));
    free(message);
}

Test(wire, an_open_carries_its_hash_between_header_and_updates)
{
    static const uint8_t expected[] = {
        2, 0,    2,    0,    3,    0,    0,    0,    0xef, 0xcd, 0xab, 0, 5, 0, 0, 0, 0, 0, 2,
        0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 1,    2,    3, 4, 5, 6, 7, 8, 0,
    };
    static struct rows rows;
    rows_init(&rows, 1, 0, true);
    struct mesh_message *message = empty_message(&rows, MESH_MESSAGE_OPEN);
    message->hash[0] = 0x8877665544332211;
    message->hash[1] = 0x0807060504030201;
    expect_bytes(expected, sizeof expected,
                 mesh_wire_encode(&rows.config, &rows.table, message, bytes, BYTES_MAX));
    free(message);
}

Test(wire, feedback_names_news_and_known_updates_and_carries_none)
{
    static const uint8_t expected[] = {
        9,    0, 2, 0, 3, 0, 0, 0, 0xef, 0xcd, 0xab, 0, 5, 0, 0, 0, 0, 0, 2, 0,
        0,           // no updates
        2,           // news, two runs:
        0x80, 1, 1,  // (128, 1)
        1,    7, 9,  // (7, 9)
        1,           //
        1,           // known, one run:
        0x80, 1, 2,  // (128, 2) (128, 3)
        2,
    };
    static struct rows rows;
    rows_init(&rows, 1, 64, true);
    static const struct mesh_dot dots[] = {{128, 1}, {7, 9}, {128, 2}, {128, 3}};
    for (size_t i = 0; i < sizeof dots / sizeof *dots; i++) {
        fill(&rows, mesh_table_reserve(&rows.table, dots[i]),
             (struct mesh_update){.clock = 1, .type = MESH_G_INCREMENT, .amount = 1});
    }
    struct mesh_message *message = empty_message(&rows, MESH_MESSAGE_FEEDBACK);
    message->lanes[0] = 3;
    message->lanes[1] = 12;
    expect_bytes(expected, sizeof expected,
                 mesh_wire_encode(&rows.config, &rows.table, message, bytes, BYTES_MAX));
    free(message);
}

// ---- Round trips ----

// A sender's message and a receiver who already knows some of the sender's rows and others.
struct trip {
    struct rows sender;
    struct rows receiver;
    struct mesh_message *sent;
    struct mesh_message *received;
};

static void prepare(struct trip *trip, struct dice *dice, uint8_t kind)
{
    uint32_t words = 1 + dice_below(dice, 2);
    uint32_t signature_bytes = dice_chance(dice, 50) ? MESH_SIGNATURE_BYTES : 0;
    rows_init(&trip->sender, words, signature_bytes, dice_chance(dice, 50));
    rows_init(&trip->receiver, words + 1, signature_bytes, dice_chance(dice, 50));
    rows_add_some(&trip->sender, dice, dice_below(dice, 64 * words + 1));
    for (uint32_t lane = trip->sender.table.lane_count; lane-- > 0;) {
        if (dice_chance(dice, 40)) {
            rows_copy(&trip->receiver, &trip->sender, lane);
        }
    }
    rows_add_some(&trip->receiver, dice, dice_below(dice, 20));
    trip->sent = rows_message(&trip->sender, dice, kind);
    trip->received =
        calloc(1, sizeof *trip->received + 2u * trip->receiver.words * sizeof(uint64_t));
    cr_assert_not_null(trip->received);
}

static void finish(struct trip *trip)
{
    free(trip->sent);
    free(trip->received);
}

// Every update sent is marked with the same content, and as many are marked as were sent.
static void expect_updates(const struct trip *trip, uint64_t seed)
{
    const struct mesh_table *table = &trip->receiver.table;
    uint32_t count = 0;
    for (uint32_t lane = 0; lane < 64 * trip->receiver.words; lane++) {
        count += rows_in(trip->received->lanes, lane);
    }
    cr_assert_eq(count, trip->sent->update_count, "seed %lu: %u of %u", seed, count,
                 trip->sent->update_count);
    for (uint32_t lane = 0; lane < trip->sender.table.lane_count; lane++) {
        if (!rows_in(trip->sent->lanes, lane)) {
            continue;
        }
        const struct mesh_update *sent = &trip->sender.updates[lane];
        uint32_t where = mesh_table_find(table, sent->dot, sent->hash);
        cr_assert_neq(where, MESH_LANE_NONE, "seed %lu: (%u, %u) was not entered", seed,
                      sent->dot.origin, sent->dot.sequence);
        cr_assert(rows_in(trip->received->lanes, where) && rows_equal(sent, &table->updates[where]),
                  "seed %lu: (%u, %u) changed on its way", seed, sent->dot.origin,
                  sent->dot.sequence);
        cr_assert(trip->sender.config.signature_bytes == 0 ||
                      memcmp(trip->sender.signatures + lane * MESH_SIGNATURE_BYTES,
                             trip->receiver.signatures + where * MESH_SIGNATURE_BYTES,
                             MESH_SIGNATURE_BYTES) == 0,
                  "seed %lu: a signature changed", seed);
    }
}

static bool names(const struct trip *trip, const uint64_t *lanes, struct mesh_dot dot)
{
    for (uint32_t lane = 0; lane < trip->sender.table.lane_count; lane++) {
        if (rows_in(lanes, lane) && mesh_dot_equal(trip->sender.updates[lane].dot, dot)) {
            return true;
        }
    }
    return false;
}

// The receiver's rows whose dots a vector names. Returns whether it names any other. `set`: which
// of the message's sets it is.
static bool expect_named(const struct trip *trip, uint32_t set, uint64_t seed)
{
    const struct rows *receiver = &trip->receiver;
    const uint64_t *sent = mesh_message_set(trip->sent, set).lanes;
    const uint64_t *vector = mesh_message_set(trip->received, set).lanes;
    for (uint32_t lane = 0; lane < receiver->table.lane_count; lane++) {
        cr_assert_eq(rows_in(vector, lane), names(trip, sent, receiver->updates[lane].dot),
                     "seed %lu: dot (%u, %u) in set %u", seed, receiver->updates[lane].dot.origin,
                     receiver->updates[lane].dot.sequence, set);
    }
    bool beyond = false;
    for (uint32_t lane = 0; lane < trip->sender.table.lane_count; lane++) {
        beyond |= rows_in(sent, lane) &&
                  mesh_table_find(&receiver->table, trip->sender.updates[lane].dot, NULL) ==
                      MESH_LANE_NONE;
    }
    return beyond;
}

static void expect_vectors(const struct trip *trip, uint64_t seed)
{
    bool beyond = expect_named(trip, mesh_message_sets(trip->sent->kind) - 1, seed);
    if (trip->sent->kind == MESH_MESSAGE_FEEDBACK) {
        beyond |= expect_named(trip, 0, seed);
    }
    cr_assert_eq(trip->received->beyond, beyond, "seed %lu: names %s unknown dot", seed,
                 beyond ? "an" : "no");
}

static void round_trip(uint64_t seed, uint8_t kind)
{
    static struct trip trip;
    struct dice dice = {seed};
    prepare(&trip, &dice, kind);
    uint32_t said = mesh_wire_message_bytes(&trip.sender.table, trip.sent);
    size_t count =
        mesh_wire_encode(&trip.sender.config, &trip.sender.table, trip.sent, bytes, BYTES_MAX);
    cr_assert_eq(count, said, "seed %lu, kind %u: %zu bytes, said to be %u", seed, kind, count,
                 said);
    enum mesh_reject reject = mesh_wire_decode(&trip.receiver.config, &trip.receiver.table, bytes,
                                               count, (uint16_t)trip.receiver.words, trip.received);
    cr_assert_eq(reject, 0, "seed %lu, kind %u: refused, reason %d", seed, kind, reject);
    cr_assert(trip.received->kind == kind && trip.received->words == trip.receiver.words &&
              trip.received->scope == trip.sent->scope &&
              trip.received->source == trip.sent->source &&
              trip.received->initiator == trip.sent->initiator &&
              trip.received->occasion == trip.sent->occasion &&
              memcmp(trip.received->hash, trip.sent->hash, sizeof trip.sent->hash) == 0 &&
              trip.received->update_count == trip.sent->update_count &&
              trip.received->wire_bytes == count);
    if (mesh_message_updates(trip.sent).words > 0) {
        expect_updates(&trip, seed);
    }
    if (kind == MESH_MESSAGE_SNAPSHOT) {
        cr_assert_eq(trip.received->lanes[trip.receiver.words], trip.sent->lanes[trip.sender.words],
                     "seed %lu: another clock", seed);
    }
    if (rows_has_vector(kind)) {
        expect_vectors(&trip, seed);
    }
    finish(&trip);
}

Test(wire, every_message_arrives_as_it_was_sent)
{
    for (uint64_t seed = 1; seed <= 400; seed++) {
        for (uint32_t kind = MESH_MESSAGE_PUSH; kind <= MESH_MESSAGE_SNAPSHOT; kind++) {
            round_trip(seed * 16 + kind, (uint8_t)kind);
        }
    }
}

// A vector names (1, 1) and (1, 2) in one run. The receiver has two values of (1, 1) and no
// (1, 2): as many rows as the run is long, and yet one dot is unknown.
Test(wire, a_second_value_of_one_dot_does_not_stand_for_another_dot)
{
    static struct trip trip;
    struct dice dice = {4};
    rows_init(&trip.sender, 1, 0, true);
    rows_init(&trip.receiver, 1, 0, true);
    uint32_t one = rows_add(&trip.sender, &dice, (struct mesh_dot){1, 1});
    rows_add(&trip.sender, &dice, (struct mesh_dot){1, 2});
    rows_copy(&trip.receiver, &trip.sender, one);
    rows_add(&trip.receiver, &dice, (struct mesh_dot){1, 1});
    trip.sent = empty_message(&trip.sender, MESH_MESSAGE_VECTOR);
    trip.sent->lanes[0] = 3;
    trip.received = empty_message(&trip.receiver, MESH_MESSAGE_VECTOR);
    size_t count =
        mesh_wire_encode(&trip.sender.config, &trip.sender.table, trip.sent, bytes, BYTES_MAX);
    cr_expect_eq(count, 20 + 1 + 1 + 3, "one run");
    cr_expect_eq(mesh_wire_decode(&trip.receiver.config, &trip.receiver.table, bytes, count, 1,
                                  trip.received),
                 0);
    cr_expect_eq(trip.received->lanes[0], 3);
    cr_expect_eq(trip.received->beyond, 1);
    finish(&trip);
}

// A lane that the receiver reserved for a write of its own is not an update that it knows.
Test(wire, a_vector_does_not_mark_what_is_reserved_and_not_written_yet)
{
    static struct trip trip;
    struct dice dice = {4};
    rows_init(&trip.sender, 1, 0, true);
    rows_init(&trip.receiver, 1, 0, true);
    rows_add(&trip.sender, &dice, (struct mesh_dot){1, 1});
    mesh_table_reserve(&trip.receiver.table, (struct mesh_dot){1, 1});
    trip.sent = empty_message(&trip.sender, MESH_MESSAGE_VECTOR);
    trip.sent->lanes[0] = 1;
    trip.received = empty_message(&trip.receiver, MESH_MESSAGE_VECTOR);
    size_t count =
        mesh_wire_encode(&trip.sender.config, &trip.sender.table, trip.sent, bytes, BYTES_MAX);
    cr_expect_eq(mesh_wire_decode(&trip.receiver.config, &trip.receiver.table, bytes, count, 1,
                                  trip.received),
                 0);
    cr_expect_eq(trip.received->lanes[0], 0);
    cr_expect_eq(trip.received->beyond, 1);
    finish(&trip);
}

static void expect_other_hash(const struct rows *rows, const struct mesh_update *update,
                              struct mesh_update changed, const char *what)
{
    mesh_update_hash(&rows->config, &changed);
    cr_expect(changed.hash[0] != update->hash[0] && changed.hash[1] != update->hash[1],
              "another %s, the same hash", what);
}

Test(wire, the_hash_of_an_update_covers_all_that_it_says_and_no_links)
{
    static struct rows rows;
    rows_init(&rows, 1, 0, true);
    struct mesh_update update = {
        .dot = {3, 4}, .clock = 5, .key = 6, .type = MESH_G_INCREMENT, .amount = 7};
    mesh_update_hash(&rows.config, &update);
    struct mesh_update changed = update;
    changed.previous_lane = changed.next_lane = changed.wire_bytes = 9;
    mesh_update_hash(&rows.config, &changed);
    cr_expect_eq(memcmp(changed.hash, update.hash, sizeof update.hash), 0);
    changed = update;
    changed.dot.origin++;
    expect_other_hash(&rows, &update, changed, "origin");
    changed = update;
    changed.dot.sequence++;
    expect_other_hash(&rows, &update, changed, "sequence");
    changed = update;
    changed.clock++;
    expect_other_hash(&rows, &update, changed, "clock");
    changed = update;
    changed.key++;
    expect_other_hash(&rows, &update, changed, "key");
    changed = update;
    changed.amount++;
    expect_other_hash(&rows, &update, changed, "amount");
    changed = update;
    changed.type = MESH_LWW_SET;
    changed.value = (const uint8_t *)"ab";
    changed.value_bytes = 2;
    mesh_update_hash(&rows.config, &changed);
    update = changed;
    changed.value = (const uint8_t *)"ac";
    expect_other_hash(&rows, &update, changed, "value");
    changed.value = update.value;
    changed.value_bytes = 1;
    expect_other_hash(&rows, &update, changed, "length");
}

Test(wire, a_buffer_that_is_too_small_is_refused_and_nothing_is_written_behind_it)
{
    static struct trip trip;
    for (uint32_t kind = MESH_MESSAGE_PUSH; kind <= MESH_MESSAGE_SNAPSHOT; kind++) {
        struct dice dice = {kind + 100};
        prepare(&trip, &dice, (uint8_t)kind);
        size_t size = mesh_wire_message_bytes(&trip.sender.table, trip.sent);
        cr_assert_lt(size, BYTES_MAX);
        for (size_t capacity = 0; capacity < size; capacity++) {
            memset(bytes + capacity, 0xa5, 16);
            cr_assert_eq(mesh_wire_encode(&trip.sender.config, &trip.sender.table, trip.sent, bytes,
                                          capacity),
                         0, "kind %u, %zu bytes into %zu", kind, size, capacity);
            for (size_t i = 0; i < 16; i++) {
                cr_assert_eq(bytes[capacity + i], 0xa5, "kind %u: written %zu past %zu", kind, i,
                             capacity);
            }
        }
        cr_assert_eq(
            mesh_wire_encode(&trip.sender.config, &trip.sender.table, trip.sent, bytes, size),
            size);
        finish(&trip);
    }
}
