// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <string.h>

#include "rows.h"

static struct rows rows;

Test(table, lanes_are_handed_out_in_order_until_it_is_full)
{
    rows_init(&rows, 1, 0, true);
    for (uint32_t i = 0; i < 64; i++) {
        cr_expect_eq(mesh_table_reserve(&rows.table, (struct mesh_dot){i % 5, 1 + i / 5}), i);
    }
    struct mesh_dot one_more = {9, 1};
    cr_expect_eq(mesh_table_reserve(&rows.table, one_more), MESH_LANE_NONE);
    cr_expect_eq(mesh_table_find(&rows.table, one_more, NULL), MESH_LANE_NONE);
    cr_expect_eq(rows.table.lane_count, 64);
}

// Each row leads to the rows of its origin's neighbouring writes, in whatever order they came.
Test(table, links_lead_along_the_writes_of_an_origin)
{
    rows_init(&rows, 1, 0, true);
    static const struct mesh_dot dots[] = {{1, 3}, {2, 2}, {1, 1}, {1, 2}, {1, 5}};
    enum { A3, B2, A1, A2, A5, COUNT };
    static const uint32_t links[COUNT][2] = {
        [A1] = {MESH_LANE_NONE, A2},
        [A2] = {A1, A3},
        [A3] = {A2, MESH_LANE_NONE},
        [A5] = {MESH_LANE_NONE, MESH_LANE_NONE},
        [B2] = {MESH_LANE_NONE, MESH_LANE_NONE},
    };
    for (uint32_t i = 0; i < COUNT; i++) {
        cr_assert_eq(mesh_table_reserve(&rows.table, dots[i]), i);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        cr_expect(rows.updates[i].previous_lane == links[i][0] &&
                      rows.updates[i].next_lane == links[i][1],
                  "dot (%u, %u): lanes %d and %d", dots[i].origin, dots[i].sequence,
                  (int)rows.updates[i].previous_lane, (int)rows.updates[i].next_lane);
    }
}

Test(table, the_last_sequence_is_not_followed_by_the_first)
{
    rows_init(&rows, 1, 0, false);
    uint32_t first = mesh_table_reserve(&rows.table, (struct mesh_dot){1, 1});
    uint32_t last = mesh_table_reserve(&rows.table, (struct mesh_dot){1, UINT32_MAX});
    cr_expect_eq(rows.updates[last].next_lane, MESH_LANE_NONE);
    cr_expect_eq(rows.updates[first].previous_lane, MESH_LANE_NONE);
}

Test(table, a_second_value_of_a_dot_has_a_lane_outside_the_chain)
{
    struct dice dice = {5};
    rows_init(&rows, 1, 0, true);
    uint32_t one = rows_add(&rows, &dice, (struct mesh_dot){1, 1});
    uint32_t honest = rows_add(&rows, &dice, (struct mesh_dot){1, 2});
    uint32_t lie = rows_add(&rows, &dice, (struct mesh_dot){1, 2});
    uint32_t three = rows_add(&rows, &dice, (struct mesh_dot){1, 3});
    cr_expect_eq(rows.updates[one].next_lane, honest);
    cr_expect_eq(rows.updates[three].previous_lane, honest);
    cr_expect_eq(rows.updates[lie].previous_lane, MESH_LANE_NONE);
    cr_expect_eq(rows.updates[lie].next_lane, MESH_LANE_NONE);
    struct mesh_dot dot = {1, 2};
    cr_expect_eq(mesh_table_find(&rows.table, dot, NULL), honest, "the first one reserved");
    cr_expect_eq(mesh_table_find(&rows.table, dot, rows.updates[lie].hash), lie);
    cr_expect_eq(mesh_table_find(&rows.table, dot, rows.updates[one].hash), MESH_LANE_NONE);
}

// With and without an index, against a search through all that was added.
Test(table, finds_what_was_added_and_nothing_else)
{
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct dice dice = {seed};
        rows_init(&rows, 3, 0, seed % 2 == 0);
        rows_add_some(&rows, &dice, 100);
        for (int i = 0; i < 200; i++) {
            struct mesh_dot dot = rows_dot(&dice);
            uint32_t expected = MESH_LANE_NONE;
            for (uint32_t lane = rows.table.lane_count; lane-- > 0;) {
                if (mesh_dot_equal(rows.updates[lane].dot, dot)) {
                    expected = lane;
                    uint32_t found = mesh_table_find(&rows.table, dot, rows.updates[lane].hash);
                    cr_expect_eq(found, lane, "seed %lu: by its hash", seed);
                }
            }
            cr_expect_eq(mesh_table_find(&rows.table, dot, NULL), expected, "seed %lu", seed);
        }
    }
}

// Dots that fall into one slot of the index, found by search, so that probing has to go on.
Test(table, dots_that_share_a_slot_are_told_apart)
{
    rows_init(&rows, 1, 0, true);
    struct mesh_dot dots[40];
    uint32_t count = 0;
    for (uint32_t sequence = 1; count < 40; sequence++) {
        // A table with one row shows its slot.
        rows_init(&rows, 1, 0, true);
        dots[count] = (struct mesh_dot){3, sequence};
        mesh_table_reserve(&rows.table, dots[count]);
        count += rows.index[511] != 0;
    }
    rows_init(&rows, 1, 0, true);
    for (uint32_t i = 0; i < 40; i++) {
        mesh_table_reserve(&rows.table, dots[i]);
    }
    cr_expect_neq(rows.index[0], 0, "the search went on past the end of the index");
    for (uint32_t i = 0; i < 40; i++) {
        cr_expect_eq(mesh_table_find(&rows.table, dots[i], NULL), i);
    }
}

// ---- Sizes ----

static uint64_t sizes[2][MESH_SIZE_PLANES * ROWS_WORDS_MAX];

// What the planes say of a row.
static uint32_t size_by_planes(const struct mesh_table *table, uint32_t lane)
{
    uint32_t bytes = table->size_first;
    for (uint32_t bit = 0; bit < MESH_SIZE_BITS; bit++) {
        const uint64_t *plane = table->sizes + (size_t)bit * (table->lane_capacity / 64);
        bytes ^= (uint32_t)(plane[lane / 64] >> lane % 64 & 1) << bit;
    }
    return bytes;
}

// Whether all other dots of the lane's origin are released or lack a lane.
static bool stands_alone(uint32_t lane)
{
    uint32_t others = 0;
    for (uint32_t i = 0; i < rows.table.lane_count; i++) {
        others += i != lane && rows.updates[i].dot.origin == rows.updates[lane].dot.origin &&
                  rows.updates[i].dot.sequence > 0;
    }
    return others == 0;
}

static void expect_standing(uint64_t seed, uint32_t lane)
{
    uint32_t sequence = rows.updates[lane].dot.sequence;
    bool alone = sequence > 0 && sequence < 128 && stands_alone(lane);
    bool continues = alone && sequence > 1 && sequence == rows.table.released[0] + 1;
    cr_assert((rows.table.continuing[lane / 64] >> lane % 64 & 1) == continues &&
                  (rows.table.opening[lane / 64] >> lane % 64 & 1) == (alone && sequence == 1),
              "seed %lu: lane %u with the write %u", seed, lane, sequence);
}

static void expect_sizes(uint64_t seed)
{
    for (uint32_t lane = 0; lane < rows.table.lane_count; lane++) {
        expect_standing(seed, lane);
        if (rows.updates[lane].wire_bytes > 0) {
            const struct mesh_update *update = &rows.updates[lane];
            const struct mesh_lesson *lesson = &rows.table.lessons[lane];
            cr_assert_eq(size_by_planes(&rows.table, lane), update->wire_bytes, "seed %lu: lane %u",
                         seed, lane);
            cr_assert(memcmp(lesson->hash, update->hash, sizeof lesson->hash) == 0 &&
                          lesson->clock == update->clock,
                      "seed %lu: what is learnt of lane %u", seed, lane);
        }
    }
}

// Rows of small and of all sizes come, go, and come again into the lanes of others.
Test(table, planes_of_sizes_and_lessons_say_what_the_rows_say_whatever_lanes_they_take)
{
    static uint32_t released[1];
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct dice dice = {seed};
        uint32_t size_max = seed % 2 == 0 ? 8 : MESH_VALUE_BYTES_MAX + 100;
        uint32_t sequence = 0;
        rows_init(&rows, 2, 0, true);
        mesh_table_permit_release(&rows.table, released, 1);
        rows.table.origin_first = MESH_NODE_MAX;
        mesh_table_weigh(&rows.table, sizes[0]);
        for (uint32_t i = 0; i < 600; i++) {
            if (mesh_table_room(&rows.table) > 0 && dice_chance(&dice, 60)) {
                uint32_t lane =
                    mesh_table_reserve(&rows.table, (struct mesh_dot){MESH_NODE_MAX, ++sequence});
                cr_assert_eq(size_by_planes(&rows.table, lane), rows.table.size_first,
                             "seed %lu: a new lane has the bits of the last row", seed);
                rows.updates[lane].wire_bytes = 1 + dice_below(&dice, size_max);
                rows.updates[lane].hash[0] = dice_roll(&dice);
                rows.updates[lane].hash[1] = dice_roll(&dice);
                rows.updates[lane].clock = dice_roll(&dice);
                mesh_table_enter_size(&rows.table, lane);
            } else if (released[0] < sequence) {
                struct mesh_dot next = {MESH_NODE_MAX, released[0] + 1};
                mesh_table_release(&rows.table, mesh_table_find(&rows.table, next, NULL));
            }
            expect_standing(seed, i % rows.table.lane_capacity);
        }
        expect_sizes(seed);
        mesh_table_weigh(&rows.table, sizes[1]);
        expect_sizes(seed);
    }
}
