// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <string.h>

#include "dice.h"
#include "mesh/crdt.h"
#include "rows.h"

// ---- Clock ----

Test(clock, follows_physical_time_and_counts_where_that_stands_still)
{
    uint64_t at_5_us = mesh_clock_next(0, 5999);
    cr_expect_eq(at_5_us, 5u << 12, "whole microseconds above a counter of 12 bits");
    cr_expect_eq(mesh_clock_next(at_5_us, 5000), at_5_us + 1);
    cr_expect_eq(mesh_clock_next(at_5_us, 0), at_5_us + 1, "time went back");
    cr_expect_eq(mesh_clock_next(at_5_us + 77, 6000), 6u << 12, "the counter starts anew");
}

// Theorem 2 of Kulkarni et al.: never behind physical time, and strictly monotone at a node; an
// event that heard of another has a larger clock.
Test(clock, is_monotone_and_never_behind_physical_time)
{
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        struct dice dice = {seed};
        uint64_t clocks[3] = {0};
        uint64_t times_ns[3] = {0};
        for (int i = 0; i < 300; i++) {
            uint32_t node = dice_below(&dice, 3);
            uint32_t told_by = dice_below(&dice, 3);
            times_ns[node] += dice_below(&dice, 3) * 700;
            uint64_t seen = clocks[node] > clocks[told_by] ? clocks[node] : clocks[told_by];
            clocks[node] = mesh_clock_next(seen, times_ns[node]);
            cr_assert(clocks[node] > seen, "seed %lu, event %d: %lu after %lu", seed, i,
                      clocks[node], seen);
            cr_assert(clocks[node] >> 12 >= times_ns[node] / 1000, "seed %lu, event %d", seed, i);
        }
    }
}

Test(clock, holds_unix_time_of_this_century)
{
    uint64_t year_2099_ns = UINT64_C(4070908800) * 1000000000;
    uint64_t today_ns = UINT64_C(1767225600) * 1000000000;
    cr_expect(mesh_clock_next(0, today_ns) < mesh_clock_next(0, year_2099_ns));
    cr_expect_eq(mesh_clock_next(0, year_2099_ns) >> 12, year_2099_ns / 1000);
}

// ---- LWW register ----

static bool lww_equal(const struct mesh_lww *a, const struct mesh_lww *b)
{
    return a->clock == b->clock && a->origin == b->origin && a->hash[0] == b->hash[0] &&
           a->hash[1] == b->hash[1] && a->value == b->value && a->value_bytes == b->value_bytes;
}

// From so few clocks, origins and hashes that ties are the rule. The value follows from the rest,
// as it does in a mesh.
static struct mesh_lww any_lww(struct dice *dice)
{
    static const uint8_t values[3 * 2 * 2 * 2];
    struct mesh_lww state;
    mesh_lww_init(&state);
    if (dice_chance(dice, 85)) {
        uint32_t which = dice_below(dice, sizeof values);
        state.clock = which % 3;
        state.origin = which / 3 % 2;
        state.hash[0] = which / 6 % 2;
        state.hash[1] = which / 12;
        state.value = &values[which];
        state.value_bytes = 1;
    }
    return state;
}

static struct mesh_lww lww_join(struct mesh_lww a, struct mesh_lww b)
{
    mesh_lww_merge(&a, &b);
    return a;
}

Test(lww, join_is_associative_commutative_and_idempotent)
{
    struct dice dice = {1};
    struct mesh_lww empty;
    mesh_lww_init(&empty);
    for (int i = 0; i < 100000; i++) {
        struct mesh_lww a = any_lww(&dice);
        struct mesh_lww b = any_lww(&dice);
        struct mesh_lww c = any_lww(&dice);
        struct mesh_lww ab = lww_join(a, b);
        struct mesh_lww ba = lww_join(b, a);
        struct mesh_lww left = lww_join(ab, c);
        struct mesh_lww right = lww_join(a, lww_join(b, c));
        struct mesh_lww aa = lww_join(a, a);
        struct mesh_lww ae = lww_join(a, empty);
        cr_assert(lww_equal(&ab, &ba), "commutative, draw %d", i);
        cr_assert(lww_equal(&left, &right), "associative, draw %d", i);
        cr_assert(lww_equal(&aa, &a) && lww_equal(&ae, &a), "idempotent, draw %d", i);
        cr_assert(lww_equal(&ab, &a) || lww_equal(&ab, &b), "one of the two, draw %d", i);
    }
}

Test(lww, the_later_clock_wins_then_the_larger_origin_then_the_larger_hash)
{
    // Ascending: each beats all before it.
    static const struct mesh_lww order[] = {
        {.origin = MESH_NODE_NONE},
        {.clock = 0, .origin = 0},
        {.clock = 1, .origin = 9, .hash = {9, 9}},
        {.clock = 2, .origin = 0, .hash = {9, 9}},
        {.clock = 2, .origin = 3, .hash = {1, 9}},
        {.clock = 2, .origin = 3, .hash = {2, 1}},
        {.clock = 2, .origin = 3, .hash = {2, 2}},
    };
    for (size_t high = 0; high < sizeof order / sizeof *order; high++) {
        for (size_t low = 0; low < high; low++) {
            struct mesh_lww up = lww_join(order[low], order[high]);
            struct mesh_lww down = lww_join(order[high], order[low]);
            cr_expect(lww_equal(&up, &order[high]), "%zu does not beat %zu", high, low);
            cr_expect(lww_equal(&down, &order[high]), "%zu does not stand against %zu", high, low);
        }
    }
}

// ---- G-counter ----

#define ORIGINS 5

struct counter {
    struct mesh_g_entry entries[ORIGINS];
    struct mesh_g_counter state;
};

static void counter_init(struct counter *counter)
{
    counter->state = (struct mesh_g_counter){.entries = counter->entries, .capacity = ORIGINS};
}

static bool counter_equal(const struct mesh_g_counter *a, const struct mesh_g_counter *b)
{
    bool equal = a->count == b->count;
    for (uint32_t i = 0; equal && i < a->count; i++) {
        equal = a->entries[i].origin == b->entries[i].origin &&
                a->entries[i].sequence == b->entries[i].sequence &&
                a->entries[i].total == b->entries[i].total;
    }
    return equal;
}

// The state of someone who saw a prefix of every origin's increments: the i-th of origin o adds
// (o + 1) * 100 + i.
static void counter_any(struct counter *counter, struct dice *dice)
{
    counter_init(counter);
    for (uint32_t turn = 0; turn < ORIGINS; turn++) {
        uint32_t origin = (turn * 3 + 1) % ORIGINS;  // not in ascending order
        uint32_t seen = dice_below(dice, 4);
        for (uint32_t i = 1; i <= seen; i++) {
            cr_assert(mesh_g_increment(&counter->state, origin, (origin + 1) * 100 + i));
        }
    }
}

static void counter_join(struct counter *out, const struct counter *a, const struct counter *b)
{
    counter_init(out);
    cr_assert(mesh_g_merge(&out->state, &a->state));
    cr_assert(mesh_g_merge(&out->state, &b->state));
}

Test(g_counter, join_is_associative_commutative_and_idempotent)
{
    struct dice dice = {2};
    for (int i = 0; i < 20000; i++) {
        struct counter a, b, c, ab, ba, bc, left, right, aa;
        counter_any(&a, &dice);
        counter_any(&b, &dice);
        counter_any(&c, &dice);
        counter_join(&ab, &a, &b);
        counter_join(&ba, &b, &a);
        counter_join(&bc, &b, &c);
        counter_join(&left, &ab, &c);
        counter_join(&right, &a, &bc);
        counter_join(&aa, &a, &a);
        cr_assert(counter_equal(&ab.state, &ba.state), "commutative, draw %d", i);
        cr_assert(counter_equal(&left.state, &right.state), "associative, draw %d", i);
        cr_assert(counter_equal(&aa.state, &a.state), "idempotent, draw %d", i);
        for (uint32_t e = 1; e < ab.state.count; e++) {
            cr_assert_lt(ab.entries[e - 1].origin, ab.entries[e].origin, "sorted, draw %d", i);
        }
    }
}

Test(g_counter, the_longer_prefix_of_each_origin_counts)
{
    struct counter a, b, joined;
    counter_init(&a);
    counter_init(&b);
    mesh_g_increment(&a.state, 4, 10);
    mesh_g_increment(&a.state, 4, 20);
    mesh_g_increment(&a.state, 1, 5);
    mesh_g_increment(&b.state, 4, 10);
    mesh_g_increment(&b.state, 2, 7);
    counter_join(&joined, &a, &b);
    cr_expect_eq(mesh_g_value(&a.state), 35);
    cr_expect_eq(mesh_g_value(&b.state), 17);
    cr_expect_eq(mesh_g_value(&joined.state), 5 + 7 + 30);
}

Test(g_counter, says_when_there_is_no_room_for_another_origin)
{
    struct mesh_g_entry entries[2];
    struct mesh_g_counter state = {.entries = entries, .capacity = 2};
    struct counter other;
    counter_init(&other);
    mesh_g_increment(&other.state, 2, 1);
    cr_expect(mesh_g_increment(&state, 3, 1));
    cr_expect(mesh_g_increment(&state, 1, 1));
    cr_expect_not(mesh_g_increment(&state, 2, 1));
    cr_expect_not(mesh_g_merge(&state, &other.state));
    cr_expect(mesh_g_increment(&state, 3, 1), "a known origin needs no room");
    cr_expect_eq(mesh_g_value(&state), 3);
}

// ---- Folding a set of dots against merging the states of its parts ----

enum { KEYS = 2, HISTORY = 100, PARTS = 4 };

// A history of both types over a few keys, clocks colliding now and then.
static void make_history(struct rows *rows, struct dice *dice)
{
    uint32_t sequences[ORIGINS] = {0};
    rows_init(rows, 2, 0, true);
    for (uint32_t i = 0; i < HISTORY; i++) {
        uint32_t origin = dice_below(dice, ORIGINS);
        uint32_t lane = rows_add(rows, dice, (struct mesh_dot){origin, ++sequences[origin]});
        rows->updates[lane].key = dice_below(dice, KEYS);
        rows->updates[lane].clock = dice_below(dice, 20);
    }
}

// What one who heard a prefix of each origin's writes holds: a bit per lane, and the two states.
struct part {
    uint64_t have[2];
    struct counter counters[KEYS];
    struct mesh_lww registers[KEYS];
};

static void make_part(struct part *part, const struct rows *rows, struct dice *dice)
{
    uint32_t until[ORIGINS];
    for (uint32_t origin = 0; origin < ORIGINS; origin++) {
        until[origin] = dice_below(dice, 30);
    }
    memset(part->have, 0, sizeof part->have);
    for (uint32_t key = 0; key < KEYS; key++) {
        counter_init(&part->counters[key]);
        mesh_lww_init(&part->registers[key]);
    }
    for (uint32_t lane = 0; lane < HISTORY; lane++) {
        const struct mesh_update *update = &rows->updates[lane];
        if (update->dot.sequence > until[update->dot.origin]) {
            continue;
        }
        part->have[lane / 64] |= UINT64_C(1) << lane % 64;
        if (update->type == MESH_LWW_SET) {
            mesh_lww_apply(&part->registers[update->key], update);
        } else {
            mesh_g_increment(&part->counters[update->key].state, update->dot.origin,
                             update->amount);
        }
    }
}

Test(fold, of_a_set_is_the_merge_of_its_parts_in_any_order)
{
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        static struct rows rows;
        struct part parts[PARTS];
        struct dice dice = {seed};
        uint64_t have[2] = {0};
        make_history(&rows, &dice);
        for (uint32_t i = 0; i < PARTS; i++) {
            make_part(&parts[i], &rows, &dice);
            have[0] |= parts[i].have[0];
            have[1] |= parts[i].have[1];
        }
        uint32_t first = dice_below(&dice, PARTS);
        uint32_t stride = dice_chance(&dice, 50) ? 1 : 3;  // forwards or backwards
        for (uint32_t key = 0; key < KEYS; key++) {
            struct counter sum;
            struct mesh_lww last;
            struct mesh_lww folded;
            counter_init(&sum);
            mesh_lww_init(&last);
            for (uint32_t i = 0; i < PARTS; i++) {
                const struct part *part = &parts[(first + i * stride) % PARTS];
                cr_assert(mesh_g_merge(&sum.state, &part->counters[key].state));
                mesh_lww_merge(&last, &part->registers[key]);
            }
            cr_assert_eq(mesh_g_value(&sum.state), mesh_g_fold(&rows.table, have, 2, key),
                         "seed %lu, counter %u", seed, key);
            bool written = mesh_lww_fold(&rows.table, have, 2, key, &folded);
            cr_assert_eq(written, last.origin != MESH_NODE_NONE, "seed %lu", seed);
            cr_assert(lww_equal(&folded, &last), "seed %lu, register %u", seed, key);
        }
    }
}

Test(fold, reads_a_plane_of_a_replica_and_nothing_else)
{
    static struct rows rows;
    struct dice dice = {3};
    rows_init(&rows, 2, 0, true);
    for (uint32_t i = 0; i < 128; i++) {
        uint32_t lane = rows_add(&rows, &dice, (struct mesh_dot){i, 1});
        rows.updates[lane].type = MESH_G_INCREMENT;
        rows.updates[lane].amount = 1;
        rows.updates[lane].key = 5;
    }
    // A replica's planes, of two words each; only MESH_HAVE counts.
    uint64_t planes[2 * MESH_PLANES] = {0xff,       0x11,       UINT64_MAX, UINT64_MAX,
                                        UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    struct mesh_lww state;
    cr_expect_eq(mesh_g_fold(&rows.table, planes, 2, 5), 8 + 2);
    cr_expect_eq(mesh_g_fold(&rows.table, planes, 2, 6), 0, "another key");
    cr_expect_not(mesh_lww_fold(&rows.table, planes, 2, 5, &state), "another type");
}
