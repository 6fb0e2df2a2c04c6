// SPDX-License-Identifier: GPL-3.0-or-later
// Which lanes may be given back, what becomes of the table, and what still goes over the wire.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "mesh/release.h"
#include "mesh/wire.h"
#include "rows.h"

#define ORIGINS 4u

static struct rows rows;
static uint32_t released[ORIGINS];

static struct mesh_message *message_for(const struct rows *of, uint8_t kind)
{
    struct mesh_message *message =
        calloc(1, sizeof *message + 2u * of->words * sizeof message->lanes[0]);
    cr_assert_not_null(message);
    message->kind = kind;
    message->words = (uint16_t)of->words;
    return message;
}

// ---- What is settled ----

static struct mesh_scope scope;
static uint64_t replicas[2][4 + MESH_RUMOR_PLANES];  // heads and planes
_Static_assert(sizeof(struct mesh_replica) == 4 * sizeof(uint64_t), "the head of a replica");

// Whether lane 0 is settled in two replicas that hold it; the second also has it in `plane`.
static bool is_settled(enum mesh_mode mode, uint32_t plane, bool joining)
{
    scope = (struct mesh_scope){.count = 2, .mode = mode};
    struct mesh_config config = {.scopes = &scope, .scope_count = 1};
    struct mesh_states states = {.replicas = replicas,
                                 .stride = sizeof replicas[0],
                                 .node_count = 2,
                                 .words = 1,
                                 .planes = mesh_planes(&config)};
    memset(replicas, 0, sizeof replicas);
    mesh_replica_of(&states, 0)->planes[MESH_HAVE] = 3;  // lane 1 is not held by both
    mesh_replica_of(&states, 1)->planes[MESH_HAVE] = 1;
    mesh_replica_of(&states, 1)->planes[plane] |= 1;
    mesh_replica_of(&states, 1)->joining = joining;
    uint64_t settled = UINT64_MAX;
    mesh_release_settled(&config, &states, 0, 1, &settled);
    cr_expect((settled & ~UINT64_C(1)) == 0, "what is not held by all");
    return settled == 1;
}

Test(release, what_a_replica_still_tells_or_judges_by_is_not_settled)
{
    static const enum mesh_mode recents[] = {MESH_PULL, MESH_PUSH_PULL, MESH_EAGER};
    for (size_t i = 0; i < 3; i++) {
        cr_expect(is_settled(recents[i], MESH_HAVE, false));
        cr_expect(!is_settled(recents[i], MESH_RECENT_0, false));
        cr_expect(!is_settled(recents[i], MESH_RECENT_1, false));
        cr_expect(!is_settled(recents[i], MESH_RECENT_2, false));
    }
    cr_expect(is_settled(MESH_RUMOR, MESH_HAVE, false));
    cr_expect(!is_settled(MESH_RUMOR, MESH_RECENT_0, false));
    cr_expect(!is_settled(MESH_RUMOR, MESH_HOT, false));
    cr_expect(!is_settled(MESH_RUMOR, MESH_USEFUL, false));
    cr_expect(!is_settled(MESH_RUMOR, MESH_USELESS, false));
    cr_expect(is_settled(MESH_RUMOR, MESH_COUNT_0, false), "contacts counted until it cooled");
    cr_expect(is_settled(MESH_DELTA, MESH_HAVE, false));
    cr_expect(!is_settled(MESH_DELTA, MESH_RECENT_0, false));
    cr_expect(!is_settled(MESH_DELTA, MESH_TOLD, false));
    cr_expect(is_settled(MESH_DELTA, MESH_TELLER_0, false), "who told it, long ago");
}

Test(release, nothing_settles_in_mode_push_or_while_a_node_waits_for_its_snapshot)
{
    cr_expect(!is_settled(MESH_PUSH, MESH_HAVE, false));
    cr_expect(!is_settled(MESH_PUSH_PULL, MESH_HAVE, true));
    cr_expect(!is_settled(MESH_RUMOR, MESH_HAVE, true));
}

Test(release, messages_under_way_keep_what_they_carry_and_what_their_vectors_lack)
{
    rows_init(&rows, 1, 0, false);
    struct mesh_message *message = message_for(&rows, 0);
    message->lanes[0] = 1;
    message->lanes[1] = 6;
    for (uint32_t kind = 1; kind <= MESH_MESSAGE_SNAPSHOT; kind++) {
        uint64_t settled[2] = {15, 15};
        message->kind = (uint8_t)kind;
        mesh_release_under_way(message, 0, 2, settled);
        bool vector = kind == MESH_MESSAGE_VECTOR || kind == MESH_MESSAGE_FILL;
        bool snapshot = kind == MESH_MESSAGE_SNAPSHOT;
        // The table has grown since it was sent: of the second word its sender held nothing.
        uint64_t first = kind == MESH_MESSAGE_VECTOR     ? 1
                         : kind == MESH_MESSAGE_FILL     ? 6
                         : kind == MESH_MESSAGE_FEEDBACK ? 8
                         : snapshot                      ? 0
                                                         : 14;
        cr_expect(settled[0] == first && settled[1] == (vector || snapshot ? 0 : 15),
                  "kind %u: %lx %lx", kind, settled[0], settled[1]);
    }
    free(message);
}

// ---- The table ----

static void start(uint32_t words, bool indexed)
{
    rows_init(&rows, words, 0, indexed);
    mesh_table_permit_release(&rows.table, released, ORIGINS);
}

static uint32_t reserve(uint32_t origin, uint32_t sequence)
{
    return mesh_table_reserve(&rows.table, (struct mesh_dot){origin, sequence});
}

static void note(void *context, const struct mesh_update *update)
{
    struct mesh_dot **next = context;
    *(*next)++ = update->dot;
}

Test(release, an_origin_gives_back_its_writes_in_their_order_and_none_behind_a_gap)
{
    start(1, true);
    // Lanes 0 to 6, in an order that is not that of the dots.
    static const struct mesh_dot dots[] = {{1, 3}, {1, 1}, {2, 1}, {1, 2}, {1, 5}, {2, 2}, {1, 4}};
    for (size_t i = 0; i < 7; i++) {
        reserve(dots[i].origin, dots[i].sequence);
    }
    struct mesh_dot order[7];
    struct mesh_dot *next = order;
    uint64_t lanes = 0x7f & ~(1u << 2) & ~(1u << 6);  // all but (2, 1) and (1, 4)
    cr_expect(mesh_release_lanes(&rows.table, &lanes, 1, note, &next) == 3);
    cr_expect(lanes == (1 << 0 | 1 << 1 | 1 << 3), "%lx", lanes);
    for (uint32_t i = 0; i < 3; i++) {
        cr_expect(order[i].origin == 1 && order[i].sequence == i + 1);
    }
    cr_expect(released[1] == 3 && released[2] == 0);
    cr_expect(mesh_table_find(&rows.table, dots[0], NULL) == MESH_LANE_NONE);
    cr_expect(mesh_table_find(&rows.table, dots[6], NULL) == 6);
    cr_expect(rows.updates[6].previous_lane == MESH_LANE_NONE && rows.updates[6].next_lane == 4);
    cr_expect(mesh_table_room(&rows.table) == 60);
    lanes = 1 << 6 | 1 << 4;
    cr_expect(mesh_release_lanes(&rows.table, &lanes, 1, NULL, NULL) == 2 && released[1] == 5);
}

Test(release, a_dot_with_two_values_keeps_both_lanes_and_those_of_what_its_origin_wrote_later)
{
    start(1, true);
    reserve(1, 1);
    reserve(1, 2);
    reserve(1, 2);
    reserve(1, 3);
    reserve(2, 1);
    uint64_t lanes = 0x1f;
    cr_expect(mesh_release_lanes(&rows.table, &lanes, 1, NULL, NULL) == 2);
    cr_expect(lanes == (1 << 0 | 1 << 4), "%lx", lanes);
    cr_expect(rows.updates[1].contested && rows.updates[2].contested);
}

Test(release, a_table_that_was_not_permitted_to_release_keeps_everything)
{
    rows_init(&rows, 1, 0, true);
    reserve(1, 1);
    uint64_t lanes = 1;
    cr_expect(mesh_release_lanes(&rows.table, &lanes, 1, NULL, NULL) == 0 && lanes == 0);
}

// Any order of reserving and releasing, with and without an index, against a list; moved half-way.
Test(release, the_table_finds_what_is_live_and_nothing_else_however_often_lanes_change_hands)
{
    for (uint64_t seed = 1; seed <= 300; seed++) {
        static struct mesh_update moved[ROWS_LANES_MAX];
        static uint32_t moved_index[4 * 128];
        struct dice dice = {seed};
        uint32_t lanes[ORIGINS][400];
        uint32_t sequences[ORIGINS] = {0};
        bool indexed = seed % 2 == 0;
        start(1, indexed);
        for (uint32_t i = 0; i < 600; i++) {
            uint32_t origin = dice_below(&dice, ORIGINS);
            if (i == 300) {
                mesh_table_move(&rows.table, moved, 128, indexed ? moved_index : NULL,
                                indexed ? 512 : 0, NULL);
            }
            if (dice_chance(&dice, 55) && mesh_table_room(&rows.table) > 0) {
                uint32_t expected = mesh_table_next_lane(&rows.table);
                lanes[origin][sequences[origin]] = reserve(origin, sequences[origin] + 1);
                cr_assert_eq(lanes[origin][sequences[origin]], expected);
                sequences[origin]++;
            } else if (released[origin] < sequences[origin]) {
                mesh_table_release(&rows.table, lanes[origin][released[origin]]);
            }
        }
        uint32_t live = 0;
        for (uint32_t origin = 0; origin < ORIGINS; origin++) {
            live += sequences[origin] - released[origin];
            for (uint32_t sequence = 1; sequence <= sequences[origin] + 1; sequence++) {
                bool is_live = sequence > released[origin] && sequence <= sequences[origin];
                cr_assert_eq(
                    mesh_table_find(&rows.table, (struct mesh_dot){origin, sequence}, NULL),
                    is_live ? lanes[origin][sequence - 1] : MESH_LANE_NONE, "seed %lu: (%u, %u)",
                    seed, origin, sequence);
            }
        }
        cr_expect_eq(mesh_table_room(&rows.table), 128 - live);
    }
}

// ---- On the wire ----

static uint8_t bytes[1 << 15];
static struct rows keeping;    // a table in which everything keeps its lane
static struct rows releasing;  // the same dots, of which some are released
static uint32_t released_there[ORIGINS];

static void mark(uint64_t *lanes, uint32_t lane)
{
    lanes[lane / 64] |= UINT64_C(1) << lane % 64;
}

// Both tables get the writes 1 .. of each origin, and lose them up to `released`. `whole` and
// `rest`: vectors that name all released dots and some of the others.
static void fill_both(struct dice *dice, struct mesh_message *whole, struct mesh_message *rest)
{
    for (uint32_t origin = 0; origin < ORIGINS; origin++) {
        uint32_t count = dice_below(dice, 40);
        uint32_t gone = dice_chance(dice, 30) ? 0 : dice_below(dice, count + 1);
        uint32_t percent = dice_below(dice, 101);
        for (uint32_t sequence = 1; sequence <= count; sequence++) {
            uint32_t lane = rows_add(&keeping, dice, (struct mesh_dot){origin, sequence});
            uint32_t copy = rows_copy(&releasing, &keeping, lane);
            bool held = sequence <= gone || dice_chance(dice, percent);
            if (held) {
                mark(rows_last_set(whole), lane);
            }
            if (sequence <= gone) {
                mesh_table_release(&releasing.table, copy);
            } else if (held) {
                mark(rows_last_set(rest), copy);
            }
        }
    }
}

Test(release, a_vector_takes_the_same_bytes_whether_what_it_names_is_released_or_not)
{
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        struct dice dice = {seed};
        rows_init(&keeping, 3, 0, true);
        rows_init(&releasing, 3, 0, seed % 2 == 0);
        mesh_table_permit_release(&releasing.table, released_there, ORIGINS);
        uint8_t kind = seed % 3 == 0 ? MESH_MESSAGE_FILL : MESH_MESSAGE_VECTOR;
        struct mesh_message *whole = message_for(&keeping, kind);
        struct mesh_message *rest = message_for(&releasing, kind);
        struct mesh_message *heard = message_for(&keeping, kind);
        size_t words = 3 * (size_t)mesh_message_sets(kind);
        fill_both(&dice, whole, rest);
        uint32_t size = mesh_wire_message_bytes(&keeping.table, whole);
        cr_assert_eq(mesh_wire_message_bytes(&releasing.table, rest), size, "seed %lu", seed);
        cr_assert_eq(
            mesh_wire_encode(&releasing.config, &releasing.table, rest, bytes, sizeof bytes), size,
            "seed %lu: encoded otherwise", seed);
        // Who has kept all lanes reads what the other would have said with all of his.
        cr_assert_eq(mesh_wire_decode(&keeping.config, &keeping.table, bytes, size, 3, heard), 0);
        cr_assert_eq(memcmp(heard->lanes, whole->lanes, words * sizeof heard->lanes[0]), 0,
                     "seed %lu: read otherwise", seed);
        cr_assert_eq(heard->beyond, 0);
        // And the other way round: released dots are known, so nothing is beyond.
        mesh_wire_encode(&keeping.config, &keeping.table, whole, bytes, sizeof bytes);
        cr_assert_eq(mesh_wire_decode(&releasing.config, &releasing.table, bytes, size, 3, heard),
                     0);
        cr_assert_eq(memcmp(heard->lanes, rest->lanes, words * sizeof heard->lanes[0]), 0,
                     "seed %lu: read otherwise", seed);
        cr_assert_eq(heard->beyond, 0, "seed %lu: a released dot is not known", seed);
        free(whole);
        free(rest);
        free(heard);
    }
}

Test(release, an_update_that_arrives_with_a_released_dot_is_dropped_without_a_lane)
{
    struct dice dice = {3};
    rows_init(&keeping, 1, 0, true);
    rows_init(&releasing, 1, 0, true);
    mesh_table_permit_release(&releasing.table, released_there, ORIGINS);
    for (uint32_t sequence = 1; sequence <= 3; sequence++) {
        uint32_t lane = rows_add(&keeping, &dice, (struct mesh_dot){1, sequence});
        if (sequence < 3) {
            mesh_table_release(&releasing.table, rows_copy(&releasing, &keeping, lane));
        }
    }
    struct mesh_message *sent = message_for(&keeping, MESH_MESSAGE_REST);
    struct mesh_message *heard = message_for(&releasing, MESH_MESSAGE_REST);
    sent->lanes[0] = 7;
    sent->update_count = 3;
    size_t size = mesh_wire_encode(&keeping.config, &keeping.table, sent, bytes, sizeof bytes);
    cr_expect_eq(mesh_wire_decode(&releasing.config, &releasing.table, bytes, size, 1, heard), 0);
    uint32_t lane = mesh_table_find(&releasing.table, (struct mesh_dot){1, 3}, NULL);
    cr_assert_neq(lane, MESH_LANE_NONE);
    cr_expect(heard->lanes[0] == UINT64_C(1) << lane && heard->update_count == 1);
    cr_expect_eq(mesh_table_room(&releasing.table), 63);
    free(sent);
    free(heard);
}

// ---- Snapshots, by hand from the drawing in mesh/wire.h ----

static const uint8_t snapshot[] = {
    13, 0,    0,   0,   3, 0, 0, 0, 4, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0x80,  // header
    1,  0,    0,   0,   0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,                 // hash
    5,  0,    0,   0,   0, 0, 0, 0,                                         // clock
    1,                                                                      // one update:
    2,  3,    7,   0,   0, 0, 0, 0, 0, 0, 2, 0, 1,  // (2, 3), G_INCREMENT of 1
    2,                                              // released, two entries:
    0,  0x80, 1,                                    // origin 0: 128
    2,  2,                                          // origin 2: 2
    3,  'a',  'b', 'c',                             // base
};

Test(release, a_snapshot_is_as_written_by_hand)
{
    start(1, true);
    mesh_table_adopt(&rows.table, 0, 128);
    mesh_table_adopt(&rows.table, 2, 2);
    rows.table.base = (const uint8_t *)"abc";
    rows.table.base_bytes = 3;
    struct mesh_update *update = &rows.updates[reserve(2, 3)];
    update->clock = 7;
    update->type = MESH_G_INCREMENT;
    update->amount = 1;
    update->wire_bytes = mesh_wire_update_bytes(update, 0);
    struct mesh_message *message = message_for(&rows, MESH_MESSAGE_SNAPSHOT);
    message->source = 3;
    message->initiator = 4;
    message->occasion = UINT64_C(1) << 63 | 9;
    message->hash[0] = 1;
    message->hash[1] = 2;
    message->lanes[0] = 1;
    message->lanes[1] = 5;
    message->update_count = 1;
    cr_expect_eq(mesh_wire_message_bytes(&rows.table, message), sizeof snapshot);
    cr_assert_eq(mesh_wire_encode(&rows.config, &rows.table, message, bytes, sizeof bytes),
                 sizeof snapshot);
    cr_expect_arr_eq(bytes, snapshot, sizeof snapshot);
    free(message);
}

static enum mesh_reject hear_snapshot(const uint8_t *said, size_t count, bool adopts,
                                      struct mesh_message *heard)
{
    start(1, true);
    rows.table.adopts = adopts;
    return mesh_wire_decode(&rows.config, &rows.table, said, count, 1, heard);
}

Test(release, a_joiner_takes_over_what_a_snapshot_says_and_nobody_else_does)
{
    start(1, true);
    struct mesh_message *heard = message_for(&rows, MESH_MESSAGE_SNAPSHOT);
    cr_expect_eq(hear_snapshot(snapshot, sizeof snapshot, true, heard), 0);
    cr_expect(released[0] == 128 && released[2] == 2 && rows.table.released_origins == 2);
    cr_expect(heard->lanes[0] == 1 && heard->lanes[1] == 5 && heard->beyond == 0);
    cr_expect(heard->hash[0] == 1 && heard->hash[1] == 2);
    cr_expect(rows.table.base_bytes == 3 && memcmp(rows.table.base, "abc", 3) == 0);
    cr_expect_eq(hear_snapshot(snapshot, sizeof snapshot, false, heard), 0);
    cr_expect(rows.table.released_origins == 0 && rows.table.base_bytes == 0);
    cr_expect_eq(heard->beyond, 1);
    free(heard);
}

Test(release, a_snapshot_that_is_not_sound_is_refused_and_leaves_nothing_behind)
{
    static const struct {
        size_t at;
        uint8_t byte;
        enum mesh_reject reason;
        const char *what;
    } lies[] = {
        {sizeof snapshot - 8, 1, MESH_REJECT_FORMAT, "a count in two bytes that needs one"},
        {sizeof snapshot - 6, 0, MESH_REJECT_FORMAT, "an origin again"},
        {sizeof snapshot - 5, 0, MESH_REJECT_FORMAT, "nothing of an origin"},
        {sizeof snapshot - 6, 9, MESH_REJECT_FULL, "an origin that the table has no count for"},
        {sizeof snapshot - 4, 2, MESH_REJECT_FORMAT, "a byte behind the base"},
        {sizeof snapshot - 4, 4, MESH_REJECT_FORMAT, "a base longer than the message"},
    };
    uint8_t said[sizeof snapshot];
    start(1, true);
    struct mesh_message *heard = message_for(&rows, MESH_MESSAGE_SNAPSHOT);
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        memcpy(said, snapshot, sizeof said);
        said[lies[i].at] = lies[i].byte;
        if (i == 0) {
            said[lies[i].at] = 0x81;
            said[lies[i].at + 1] = 0;
        }
        cr_expect_eq(hear_snapshot(said, sizeof said, true, heard), lies[i].reason, "%s",
                     lies[i].what);
        cr_expect(rows.table.released_origins == 0 && rows.table.base == NULL, "%s", lies[i].what);
    }
    for (size_t count = 0; count < sizeof snapshot; count++) {
        cr_expect_neq(hear_snapshot(snapshot, count, true, heard), 0, "%zu bytes of it", count);
        cr_expect_eq(rows.table.released_origins, 0);
    }
    free(heard);
}
