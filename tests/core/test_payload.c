// SPDX-License-Identifier: GPL-3.0-or-later
// Updates of every type on the wire: by hand, round trips, and bytes that nobody should believe.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "history.h"
#include "mesh/map.h"
#include "mesh/set.h"
#include "mesh/summary.h"
#include "mesh/wire.h"

enum { BYTES_MAX = 512, TYPES = MESH_TOTAL, UPDATE_START = MESH_WIRE_HEADER_BYTES + 1 };

// A message with room for two sets of lanes, cleared.
static struct mesh_message *empty_message(void)
{
    static uint64_t words[sizeof(struct mesh_message) / 8 + 2 * HISTORY_WORDS];
    memset(words, 0, sizeof words);
    return (struct mesh_message *)words;
}

// A push of one update as bytes.
static size_t encode(struct history *history, uint32_t lane, uint8_t *bytes)
{
    struct mesh_message *message = empty_message();
    message->kind = MESH_MESSAGE_PUSH;
    message->words = HISTORY_WORDS;
    message->update_count = 1;
    message->lanes[lane / 64] = UINT64_C(1) << lane % 64;
    size_t size = mesh_wire_encode(&history->config, &history->table, message, bytes, BYTES_MAX);
    cr_assert_eq(size, mesh_wire_message_bytes(&history->table, message),
                 "type %u: the size is what the encoder writes", history->updates[lane].type);
    return size;
}

// Reads the bytes into a table of its own; the update is then in lane 0.
static enum mesh_reject decode(struct history *receiver, const uint8_t *bytes, size_t size)
{
    history_init(receiver, 1);
    return mesh_wire_decode(&receiver->config, &receiver->table, bytes, size, HISTORY_WORDS,
                            empty_message());
}

// ---- Random updates of every type ----

static uint64_t any_size(struct dice *dice)
{
    return dice_roll(dice) >> dice_below(dice, 64);
}

static struct mesh_report any_report(struct dice *dice)
{
    return (struct mesh_report){
        .executions = any_size(dice) & MESH_REPORT_COUNT_MAX,
        .active_tasks = any_size(dice) & MESH_REPORT_COUNT_MAX,
        .completion_ppb = dice_below(dice, MESH_REPORT_RATE_MAX + 1),
        .latency_us = (uint32_t)any_size(dice),
    };
}

static struct mesh_row any_row(struct dice *dice)
{
    struct mesh_report_entry entries[9];
    struct mesh_reports reports;
    mesh_reports_init(&reports, entries, 9);
    for (uint32_t count = 1 + dice_below(dice, 9); count > 0; count--) {
        struct mesh_report_entry entry = {.report = any_report(dice), .origin = count};
        cr_assert(mesh_reports_write(&reports, &entry));
    }
    return mesh_reports_row(&reports, 0, 0, 0);
}

static uint32_t any_total(struct dice *dice, uint8_t *value)
{
    static const struct mesh_hierarchy hierarchy = {2, 2};
    struct mesh_row rows[9];
    struct mesh_summary state = {.rows = rows, .capacity = 9};
    for (uint32_t count = 1 + dice_below(dice, 9); count > 0; count--) {
        struct mesh_row row = any_row(dice);
        row.edge = count;
        cr_assert(mesh_summary_write(&state, &row));
    }
    struct mesh_total total = mesh_summary_total(&state, &hierarchy, 0, UINT32_MAX);
    return mesh_total_encode(&total, value);
}

// A set in which the origins have added "x" under dots with gaps; nobody but they saw it.
static uint32_t any_set_value(struct dice *dice, enum mesh_update_type type, uint8_t *value)
{
    struct mesh_set_entry entries[10];
    struct mesh_run runs[10];
    struct mesh_set state = {.entries = entries, .context = {runs, 0, 10}, .capacity = 10};
    uint32_t sequence = 0;
    for (uint32_t count = type == MESH_SET_REMOVE ? 1 + dice_below(dice, 9) : dice_below(dice, 10);
         count > 0; count--) {
        struct mesh_run run;
        struct mesh_set_entry entry;
        struct mesh_set one = {.entries = &entry, .context = {&run, 0, 1}, .capacity = 1};
        sequence += dice_chance(dice, 50) ? 1 : 1 + (uint32_t)(any_size(dice) >> 36);
        uint32_t origin = count > 5 ? 4 : 1000000;
        cr_assert(mesh_set_add(&one, (struct mesh_dot){origin, sequence}, (const uint8_t *)"x", 1));
        cr_assert(mesh_set_merge(&state, &one));
    }
    return mesh_set_encode(&state, type, (const uint8_t *)"x", 1, value, HISTORY_VALUE_BYTES);
}

static uint32_t any_bytes(struct dice *dice, uint8_t *value, uint32_t at_most)
{
    uint32_t size = dice_below(dice, at_most + 1);
    for (uint32_t i = 0; i < size; i++) {
        value[i] = (uint8_t)dice_roll(dice);
    }
    return size;
}

static uint32_t any_value(struct dice *dice, enum mesh_update_type type, uint8_t *value)
{
    uint8_t text[40];
    struct mesh_report report;
    struct mesh_row row;
    switch (type) {
    case MESH_SET_ADD:
    case MESH_SET_REMOVE: return any_set_value(dice, type, value);
    case MESH_MAP_PUT:
        return mesh_map_encode(text, any_bytes(dice, text, sizeof text), text, 3, value,
                               HISTORY_VALUE_BYTES);
    case MESH_REPORT: report = any_report(dice); return mesh_report_encode(&report, value);
    case MESH_ROW: row = any_row(dice); return mesh_row_encode(&row, value);
    case MESH_TOTAL: return any_total(dice, value);
    default: return any_bytes(dice, value, HISTORY_VALUE_BYTES);
    }
}

static uint32_t any_update(struct history *history, enum mesh_update_type type)
{
    uint8_t value[HISTORY_VALUE_BYTES];
    uint32_t origin = dice_below(&history->dice, HISTORY_ORIGINS);
    uint32_t key = (uint32_t)any_size(&history->dice);
    if (!mesh_update_has_value((uint8_t)type)) {
        uint64_t amount = any_size(&history->dice) | 1;
        bool negative = type == MESH_PN_ADD && dice_chance(&history->dice, 50);
        return history_write_amount(history, origin, type, key, negative ? -amount : amount);
    }
    uint32_t size = any_value(&history->dice, type, value);
    return history_write(history, origin, type, key, value, size);
}

Test(payload, updates_of_every_type_come_back_as_they_were)
{
    static struct history sender, receiver;
    uint8_t bytes[BYTES_MAX], again[BYTES_MAX];
    for (uint64_t seed = 1; seed <= 500; seed++) {
        history_init(&sender, seed);
        for (uint32_t type = 1; type <= TYPES; type++) {
            uint32_t lane = any_update(&sender, (enum mesh_update_type)type);
            const struct mesh_update *sent = &sender.updates[lane];
            const struct mesh_update *read = &receiver.updates[0];
            size_t size = encode(&sender, lane, bytes);
            cr_assert_eq(decode(&receiver, bytes, size), 0, "seed %lu, type %u", seed, type);
            cr_assert(mesh_dot_equal(read->dot, sent->dot) && read->clock == sent->clock &&
                          read->type == type && read->key == sent->key,
                      "seed %lu, type %u", seed, type);
            cr_assert(read->hash[0] == sent->hash[0] && read->hash[1] == sent->hash[1],
                      "seed %lu, type %u", seed, type);
            if (mesh_update_has_value((uint8_t)type)) {
                cr_assert_eq(read->value_bytes, sent->value_bytes);
                cr_assert(memcmp(read->value, sent->value, sent->value_bytes) == 0);
            } else {
                cr_assert_eq(read->amount, sent->amount, "seed %lu, type %u", seed, type);
            }
            cr_assert_eq(encode(&receiver, 0, again), size);
            cr_assert(memcmp(again, bytes, size) == 0, "seed %lu, type %u", seed, type);
        }
    }
}

// ---- Changes of a PN-counter, zigzag ----

Test(payload, a_change_travels_in_few_bytes_when_it_is_near_zero)
{
    static const struct {
        int64_t change;
        uint32_t bytes;
        uint8_t first;
    } cases[] = {
        {-1, 1, 1},
        {1, 1, 2},
        {-2, 1, 3},
        {63, 1, 126},
        {-64, 1, 127},
        {64, 2, 0x80},
        {-65, 2, 0x81},
        {8191, 2, 0xfe},
        {INT64_MAX, 10, 0xfe},
        {INT64_MIN, 10, 0xff},
    };
    static struct history sender, receiver;
    uint8_t bytes[BYTES_MAX];
    history_init(&sender, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t lane = history_write_amount(&sender, 1, MESH_PN_ADD, 7, (uint64_t)cases[i].change);
        size_t size = encode(&sender, lane, bytes);
        size_t start = UPDATE_START + 1 + 1 + 8 + 1 + 1;  // origin, sequence, clock, type, key
        cr_expect_eq(size - start, cases[i].bytes, "%ld", cases[i].change);
        cr_expect_eq(bytes[start], cases[i].first, "%ld: %02x", cases[i].change, bytes[start]);
        cr_assert_eq(decode(&receiver, bytes, size), 0, "%ld", cases[i].change);
        cr_expect_eq(receiver.updates[0].change, cases[i].change);
    }
}

// ---- Bytes that nobody should believe ----

// A push of one update of origin 1, sequence 5, with this value or, where there is none, number.
static enum mesh_reject decode_value(struct history *receiver, uint8_t type, const uint8_t *value,
                                     size_t value_bytes)
{
    uint8_t bytes[BYTES_MAX] = {MESH_MESSAGE_PUSH};
    size_t size = MESH_WIRE_HEADER_BYTES;
    bytes[size++] = 1;  // update
    bytes[size++] = 1;
    bytes[size++] = 5;
    size += 8;
    bytes[size++] = type;
    bytes[size++] = 0;  // key
    if (mesh_update_has_value(type)) {
        cr_assert_lt(value_bytes, 128);
        bytes[size++] = (uint8_t)value_bytes;
    }
    memcpy(bytes + size, value, value_bytes);
    return decode(receiver, bytes, size + value_bytes);
}

#define VALUE(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

struct hostile {
    const char *what;
    uint8_t type;
    const uint8_t *value;
    size_t value_bytes;
};

static const struct hostile hostile[] = {
    {"a type that does not exist", 0, VALUE(1)},
    {"a type that does not exist", 11, VALUE(1, 1, 1)},
    {"a type that does not exist", 255, VALUE(1)},
    {"an increment by nothing", MESH_G_INCREMENT, VALUE(0)},
    {"a change by nothing", MESH_PN_ADD, VALUE(0)},
    {"a change in more bytes than it needs", MESH_PN_ADD, VALUE(0x82, 0)},
    {"a change of 65 bits", MESH_PN_ADD,
     VALUE(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2)},
    {"an add without a value", MESH_SET_ADD, NULL, 0},
    {"more runs than there are bytes", MESH_SET_ADD, VALUE(0xff, 0xff, 0xff, 0xff, 0x0f, 2, 1, 1)},
    {"a count in more bytes than it needs", MESH_SET_ADD, VALUE(0x80, 0, 'a')},
    {"a removal of nothing", MESH_SET_REMOVE, VALUE(0)},
    {"a removal with bytes behind it", MESH_SET_REMOVE, VALUE(1, 2, 1, 1, 'a')},
    {"a run cut short", MESH_SET_REMOVE, VALUE(1, 2, 1)},
    {"sequence 0", MESH_SET_REMOVE, VALUE(1, 2, 0, 1)},
    {"sequence 0 and what follows it", MESH_SET_REMOVE, VALUE(1, 2, 0, 2)},
    {"a run without dots", MESH_SET_REMOVE, VALUE(1, 2, 1, 0)},
    {"a run beyond the last sequence", MESH_SET_REMOVE,
     VALUE(1, 2, 2, 0xff, 0xff, 0xff, 0xff, 0x0f)},
    {"an origin that cannot be", MESH_SET_REMOVE, VALUE(1, 0x80, 0x80, 0x80, 0x08, 1, 1)},
    {"runs out of order", MESH_SET_REMOVE, VALUE(2, 3, 1, 1, 2, 1, 1)},
    {"runs out of order in an origin", MESH_SET_REMOVE, VALUE(2, 2, 5, 1, 2, 1, 1)},
    {"the same run twice", MESH_SET_REMOVE, VALUE(2, 2, 1, 1, 2, 1, 1)},
    {"runs that touch", MESH_SET_REMOVE, VALUE(2, 2, 1, 1, 2, 2, 1)},
    {"origin 0 twice", MESH_SET_REMOVE, VALUE(2, 0, 1, 1, 0, 1, 1)},
    {"a removal of its own dot", MESH_SET_REMOVE, VALUE(1, 1, 5, 1)},
    {"an add that replaces itself", MESH_SET_ADD, VALUE(1, 1, 1, 5, 'a')},
    {"a removal of writes to come", MESH_SET_REMOVE, VALUE(1, 1, 6, 3)},
    {"a put without a name", MESH_MAP_PUT, NULL, 0},
    {"a name beyond the value", MESH_MAP_PUT, VALUE(3, 'a', 'b')},
    {"a name whose length is too long", MESH_MAP_PUT, VALUE(0x81, 0, 'a')},
    {"an empty report", MESH_REPORT, NULL, 0},
    {"a report cut short", MESH_REPORT, VALUE(1, 1, 1)},
    {"a report with bytes behind it", MESH_REPORT, VALUE(1, 1, 1, 1, 0)},
    {"2^40 executions", MESH_REPORT, VALUE(0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 1, 1, 1)},
    {"2^40 active tasks", MESH_REPORT, VALUE(1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 1, 1)},
    {"a rate above 1", MESH_REPORT, VALUE(1, 1, 0x81, 0x94, 0xeb, 0xdc, 0x03, 1)},
    {"a latency of 33 bits", MESH_REPORT, VALUE(1, 1, 1, 0x80, 0x80, 0x80, 0x80, 0x10)},
    {"a row of no reports", MESH_ROW, VALUE(0, 0, 0, 0, 0)},
    {"a row of too many reports", MESH_ROW, VALUE(0x81, 0x80, 0x80, 0x08, 0, 0, 0, 0)},
    {"a row cut short", MESH_ROW, VALUE(1, 1, 1, 1)},
    {"a row with bytes behind it", MESH_ROW, VALUE(1, 1, 1, 1, 1, 1)},
    {"more executions than one agent has", MESH_ROW,
     VALUE(1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 0, 0, 0)},
    {"completions without executions", MESH_ROW, VALUE(1, 0, 0, 1, 0)},
    {"latency without executions", MESH_ROW, VALUE(1, 0, 0, 0, 1)},
    {"a rate above 1 in a row", MESH_ROW, VALUE(1, 1, 0, 0x81, 0x94, 0xeb, 0xdc, 0x03, 0)},
    {"a sum of 129 bits", MESH_ROW,
     VALUE(1, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
           0x80, 0x80, 0x80, 0x80, 4, 0, 0, 0)},
    {"a sum in more bytes than it needs", MESH_ROW, VALUE(1, 0x81, 0, 0, 0, 0)},
    {"a sum without end", MESH_ROW,
     VALUE(1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
           0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 0, 0, 0)},
    {"a total of nothing", MESH_TOTAL, VALUE(0, 0, 0, 0, 0, 0, 0, 0)},
    {"more regions than aggregators", MESH_TOTAL, VALUE(3, 2, 4, 9, 0, 0, 0, 0)},
    {"more aggregators than edges", MESH_TOTAL, VALUE(1, 5, 4, 9, 0, 0, 0, 0)},
    {"more edges than reports", MESH_TOTAL, VALUE(1, 2, 4, 3, 0, 0, 0, 0)},
    {"more reports than agents", MESH_TOTAL, VALUE(1, 1, 1, 0x81, 0x80, 0x80, 0x08, 0, 0, 0, 0)},
    {"a total cut short", MESH_TOTAL, VALUE(1, 1, 1, 1, 0, 0, 0)},
};

Test(payload, values_that_their_type_does_not_permit_are_refused)
{
    static struct history receiver;
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        const struct hostile *lie = &hostile[i];
        static const uint8_t none[1];
        enum mesh_reject reject = decode_value(
            &receiver, lie->type, lie->value == NULL ? none : lie->value, lie->value_bytes);
        cr_expect_eq(reject, MESH_REJECT_FORMAT, "%s (type %u): %d", lie->what, lie->type, reject);
        cr_expect_eq(receiver.table.lane_count, 0, "%s entered the table", lie->what);
    }
}

// The same, but for the one thing that was wrong.
static const struct hostile honest[] = {
    {"a change of 64 bits", MESH_PN_ADD,
     VALUE(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1)},
    {"a new, empty element", MESH_SET_ADD, VALUE(0)},
    {"a removal", MESH_SET_REMOVE, VALUE(1, 2, 1, 1)},
    {"all dots of an origin", MESH_SET_REMOVE, VALUE(1, 2, 1, 0xff, 0xff, 0xff, 0xff, 0x0f)},
    {"two runs of origin 0", MESH_SET_REMOVE, VALUE(2, 0, 1, 1, 0, 3, 1)},
    {"writes of its own before", MESH_SET_REMOVE, VALUE(1, 1, 1, 4)},
    {"later writes of another", MESH_SET_REMOVE, VALUE(1, 2, 6, 3)},
    {"a put of nothing under no name", MESH_MAP_PUT, VALUE(0)},
    {"a removal of any name", MESH_MAP_REMOVE, VALUE(0)},
    {"2^40 - 1 executions", MESH_REPORT, VALUE(0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 1, 1, 1)},
    {"a rate of 1", MESH_REPORT, VALUE(1, 1, 0x80, 0x94, 0xeb, 0xdc, 0x03, 1)},
    {"a row of the largest mesh", MESH_ROW, VALUE(0x80, 0x80, 0x80, 0x08, 0, 0, 0, 0)},
    {"a rate of 1 in a row", MESH_ROW, VALUE(1, 1, 0, 0x80, 0x94, 0xeb, 0xdc, 0x03, 0)},
    {"a total of one", MESH_TOTAL, VALUE(1, 1, 1, 0x80, 0x80, 0x80, 0x08, 0, 0, 0, 0)},
};

Test(payload, values_at_the_edge_of_what_is_permitted_are_taken)
{
    static struct history receiver;
    for (size_t i = 0; i < sizeof honest / sizeof *honest; i++) {
        const struct hostile *value = &honest[i];
        cr_expect_eq(decode_value(&receiver, value->type, value->value, value->value_bytes), 0,
                     "%s", value->what);
    }
}

// Flipped, cut and lengthened: what is still accepted is a message of its own, with one encoding.
Test(payload, no_mutation_is_accepted_that_does_not_encode_to_itself)
{
    static struct history sender, receiver;
    uint8_t bytes[BYTES_MAX], again[BYTES_MAX];
    uint32_t accepted[TYPES + 1] = {0};
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        history_init(&sender, seed);
        struct dice *dice = &sender.dice;
        for (uint32_t type = 1; type <= TYPES; type++) {
            size_t size = encode(&sender, any_update(&sender, (enum mesh_update_type)type), bytes);
            for (uint32_t flips = 1 + dice_below(dice, 3); flips > 0; flips--) {
                uint32_t at = UPDATE_START + dice_below(dice, (uint32_t)size - UPDATE_START);
                bytes[at] ^= (uint8_t)(1 << dice_below(dice, 8));
            }
            if (dice_chance(dice, 20)) {
                size = UPDATE_START + dice_below(dice, (uint32_t)(size - UPDATE_START));
            }
            // On the heap, as long as it says, so that valgrind sees a step too far.
            uint8_t *exact = malloc(size);
            cr_assert_not_null(exact);
            memcpy(exact, bytes, size);
            if (decode(&receiver, exact, size) == 0) {
                cr_assert_eq(encode(&receiver, 0, again), size, "seed %lu, type %u", seed, type);
                cr_assert(memcmp(again, exact, size) == 0, "seed %lu, type %u", seed, type);
                accepted[type]++;
            }
            free(exact);
        }
    }
    for (uint32_t type = 1; type <= TYPES; type++) {
        cr_expect(accepted[type] > 0 && accepted[type] < 2000, "type %u: %u of 2000 accepted", type,
                  accepted[type]);
    }
}
