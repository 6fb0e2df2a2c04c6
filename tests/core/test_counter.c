// SPDX-License-Identifier: GPL-3.0-or-later
// The PN-counter, and the deltas of both counters; the rest of the G-counter is in test_crdt.c.
#include <criterion/criterion.h>
#include <string.h>

#include "history.h"
#include "mesh/counter.h"

enum { ORIGINS = HISTORY_ORIGINS, OPERATIONS = 40 };

struct counter {
    struct mesh_g_entry entries[ORIGINS];
    struct mesh_pn_counter state;
};

static void counter_init(struct counter *counter)
{
    counter->state.net = (struct mesh_g_counter){.entries = counter->entries, .capacity = ORIGINS};
}

static bool counter_equal(const struct counter *a, const struct counter *b)
{
    bool equal = a->state.net.count == b->state.net.count;
    for (uint32_t i = 0; equal && i < a->state.net.count; i++) {
        equal = a->entries[i].origin == b->entries[i].origin &&
                a->entries[i].sequence == b->entries[i].sequence &&
                a->entries[i].total == b->entries[i].total;
    }
    return equal;
}

static void counter_join(struct counter *out, const struct counter *a, const struct counter *b)
{
    counter_init(out);
    cr_assert(mesh_pn_merge(&out->state, &a->state));
    cr_assert(mesh_pn_merge(&out->state, &b->state));
}

// The i-th change of an origin is always the same: positive or negative.
static int64_t change_of(uint32_t origin, uint32_t i)
{
    int64_t size = 100 * ((int64_t)origin + 1) + i;
    return (origin + i) % 3 == 0 ? size : -size;
}

static void counter_any(struct counter *counter, struct dice *dice)
{
    counter_init(counter);
    for (uint32_t origin = ORIGINS; origin-- > 0;) {
        uint32_t seen = dice_below(dice, 5);
        for (uint32_t i = 0; i < seen; i++) {
            cr_assert(mesh_pn_add(&counter->state, origin, change_of(origin, i)));
        }
    }
}

Test(pn_counter, goes_up_and_down_and_below_zero)
{
    struct counter a, b, joined;
    counter_init(&a);
    counter_init(&b);
    mesh_pn_add(&a.state, 1, 10);
    mesh_pn_add(&a.state, 1, -3);
    mesh_pn_add(&b.state, 2, -20);
    cr_expect_eq(mesh_pn_value(&a.state), 7);
    cr_expect_eq(mesh_pn_value(&b.state), -20);
    counter_join(&joined, &a, &b);
    cr_expect_eq(mesh_pn_value(&joined.state), -13);
    // B hears A's first write only after A's second: the longer prefix stands.
    struct counter early;
    counter_init(&early);
    mesh_pn_add(&early.state, 1, 10);
    cr_assert(mesh_pn_merge(&joined.state, &early.state));
    cr_expect_eq(mesh_pn_value(&joined.state), -13);
}

Test(pn_counter, holds_the_smallest_and_the_largest_number)
{
    struct counter counter;
    counter_init(&counter);
    mesh_pn_add(&counter.state, 1, INT64_MIN);
    cr_expect_eq(mesh_pn_value(&counter.state), INT64_MIN);
    mesh_pn_add(&counter.state, 2, INT64_MAX);
    cr_expect_eq(mesh_pn_value(&counter.state), -1);
    mesh_pn_add(&counter.state, 1, INT64_MAX);
    cr_expect_eq(mesh_pn_value(&counter.state), INT64_MAX - 1);
}

Test(pn_counter, join_is_associative_commutative_and_idempotent)
{
    for (uint64_t seed = 1; seed <= 10000; seed++) {
        struct dice dice = {seed};
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
        cr_assert(counter_equal(&ab, &ba), "commutative, seed %lu", seed);
        cr_assert(counter_equal(&left, &right), "associative, seed %lu", seed);
        cr_assert(counter_equal(&aa, &a), "idempotent, seed %lu", seed);
    }
}

// ---- Deltas ----

// Every origin counts; its state, the deltas of all operations, and the sum are kept.
struct race {
    struct counter own[ORIGINS];
    struct counter deltas[OPERATIONS];
    int64_t sum;
};

static void race_run(struct race *race, struct dice *dice)
{
    race->sum = 0;
    for (uint32_t origin = 0; origin < ORIGINS; origin++) {
        counter_init(&race->own[origin]);
    }
    for (uint32_t i = 0; i < OPERATIONS; i++) {
        uint32_t origin = dice_below(dice, ORIGINS);
        struct counter *own = &race->own[origin];
        int64_t change = (int64_t)dice_below(dice, 2001) - 1000;
        if (dice_chance(dice, 20)) {  // it also hears of another, which its deltas do not repeat
            cr_assert(mesh_pn_merge(&own->state, &race->own[dice_below(dice, ORIGINS)].state));
        }
        counter_init(&race->deltas[i]);
        struct counter before = *own;
        before.state.net.entries = before.entries;
        cr_assert(mesh_pn_add_delta(&own->state, origin, change, &race->deltas[i].state));
        cr_assert(counter_equal(own, &before), "the delta mutator leaves the state alone");
        cr_assert(mesh_pn_add(&own->state, origin, change));
        cr_assert_eq(race->deltas[i].state.net.count, 1);
        cr_assert(mesh_pn_merge(&before.state, &race->deltas[i].state));
        cr_assert(counter_equal(own, &before), "m(X) = X merge delta(X), operation %u", i);
        race->sum += change;
    }
}

Test(pn_counter, deltas_in_any_order_and_repeated_give_what_the_states_give)
{
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        struct dice dice = {seed};
        struct race race;
        struct counter states, deltas;
        race_run(&race, &dice);
        counter_init(&states);
        counter_init(&deltas);
        for (uint32_t origin = 0; origin < ORIGINS; origin++) {
            cr_assert(mesh_pn_merge(&states.state, &race.own[origin].state));
        }
        uint32_t order[3 * OPERATIONS];
        uint32_t count = history_order(&dice, OPERATIONS, order);
        for (uint32_t i = 0; i < count; i++) {
            cr_assert(mesh_pn_merge(&deltas.state, &race.deltas[order[i]].state));
        }
        cr_assert_eq(mesh_pn_value(&states.state), race.sum, "seed %lu", seed);
        cr_assert(counter_equal(&states, &deltas), "seed %lu", seed);
    }
}

Test(g_counter, a_delta_is_the_entry_that_changed_and_needs_room_for_it)
{
    struct mesh_g_entry entries[2], change[1];
    struct mesh_g_counter state = {.entries = entries, .capacity = 2};
    struct mesh_g_counter delta = {.entries = change, .capacity = 1};
    mesh_g_increment(&state, 1, 5);
    mesh_g_increment(&state, 8, 2);
    cr_assert(mesh_g_increment_delta(&state, 8, 40, &delta));
    cr_expect_eq(delta.count, 1);
    cr_expect(change[0].origin == 8 && change[0].sequence == 2 && change[0].total == 42);
    cr_assert(mesh_g_increment_delta(&state, 3, 7, &delta), "an origin that the state lacks");
    cr_expect_eq(delta.count, 1, "what the delta held before is dropped");
    cr_expect(change[0].origin == 3 && change[0].sequence == 1 && change[0].total == 7);
    cr_expect_eq(mesh_g_value(&state), 7, "the state is as it was");
    delta.capacity = 0;
    cr_expect_not(mesh_g_increment_delta(&state, 8, 1, &delta));
}

// ---- Folding ----

Test(pn_counter, fold_of_a_set_is_the_merge_of_its_parts)
{
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        static struct history history;
        history_init(&history, seed);
        for (uint32_t i = 0; i < 100; i++) {
            uint32_t origin = dice_below(&history.dice, ORIGINS);
            int64_t change = 1 + (int64_t)dice_below(&history.dice, 1000);
            change = dice_chance(&history.dice, 50) ? change : -change;
            // Counters 0 and 1, and a G-counter of the same name that must not be mixed in.
            bool other = dice_chance(&history.dice, 30);
            history_write_amount(&history, origin, other ? MESH_G_INCREMENT : MESH_PN_ADD,
                                 dice_below(&history.dice, 2), (uint64_t)(other ? 7 : change));
        }
        struct history_set all = {{0}};
        struct counter sum;
        counter_init(&sum);
        for (uint32_t i = 0; i < 4; i++) {
            struct history_set part = history_part(&history, false);
            struct counter state;
            counter_init(&state);
            int64_t expected = 0;
            for (uint32_t lane = 0; lane < history.table.lane_count; lane++) {
                const struct mesh_update *update = &history.updates[lane];
                if (history_in(&part, lane) && update->type == MESH_PN_ADD && update->key == 1) {
                    cr_assert(mesh_pn_add(&state.state, update->dot.origin, update->change));
                    expected += update->change;
                }
            }
            cr_assert_eq(mesh_pn_fold(&history.table, part.lanes, HISTORY_WORDS, 1), expected);
            cr_assert(mesh_pn_merge(&sum.state, &state.state));
            history_unite(&all, &part);
        }
        cr_assert_eq(mesh_pn_value(&sum.state),
                     mesh_pn_fold(&history.table, all.lanes, HISTORY_WORDS, 1), "seed %lu", seed);
    }
}
