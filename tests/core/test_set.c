// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <string.h>

#include "history.h"
#include "mesh/set.h"

// A set with more room than any of these tests needs.
enum { ENTRIES = 2 * HISTORY_LANES, RUNS = 4 * HISTORY_LANES };

struct set {
    struct mesh_set_entry entries[ENTRIES];
    struct mesh_run runs[RUNS];
    struct mesh_set state;
};

static void set_init(struct set *set)
{
    set->state = (struct mesh_set){
        .entries = set->entries, .capacity = ENTRIES, .context = {set->runs, 0, RUNS}};
}

static void set_copy(struct set *to, const struct set *from)
{
    set_init(to);
    memcpy(to->entries, from->entries, from->state.count * sizeof *to->entries);
    memcpy(to->runs, from->runs, from->state.context.count * sizeof *to->runs);
    to->state.count = from->state.count;
    to->state.context.count = from->state.context.count;
}

static void set_join(struct set *out, const struct set *a, const struct set *b)
{
    set_copy(out, a);
    cr_assert(mesh_set_merge(&out->state, &b->state));
}

static bool set_equal(const struct set *a, const struct set *b)
{
    bool equal = a->state.count == b->state.count &&
                 a->state.context.count == b->state.context.count &&
                 memcmp(a->runs, b->runs, a->state.context.count * sizeof *a->runs) == 0;
    for (uint32_t i = 0; equal && i < a->state.count; i++) {
        equal =
            mesh_dot_equal(a->entries[i].dot, b->entries[i].dot) &&
            a->entries[i].element_bytes == b->entries[i].element_bytes &&
            memcmp(a->entries[i].element, b->entries[i].element, a->entries[i].element_bytes) == 0;
    }
    return equal;
}

// Entries sorted, each with its dot in the context.
static void expect_sound(const struct set *set, uint64_t seed)
{
    for (uint32_t i = 0; i < set->state.count; i++) {
        struct mesh_dot dot = set->entries[i].dot;
        cr_assert(mesh_dots_contains(&set->state.context, dot), "seed %lu", seed);
        if (i > 0) {
            struct mesh_dot before = set->entries[i - 1].dot;
            cr_assert(before.origin < dot.origin ||
                          (before.origin == dot.origin && before.sequence < dot.sequence),
                      "seed %lu: entry %u", seed, i);
        }
    }
}

// Elements in these tests are letters, whose texts lie side by side.
static const uint8_t letters[] = "abcde";
enum { LETTERS = 5 };

static void add(struct set *set, uint32_t origin, char letter)
{
    struct mesh_dot dot = mesh_dots_next(&set->state.context, origin);
    cr_assert(mesh_set_add(&set->state, dot, &letters[letter - 'a'], 1));
}

static void drop(struct set *set, char letter)
{
    mesh_set_remove(&set->state, &letters[letter - 'a'], 1);
}

static void sync(struct set *a, struct set *b)
{
    cr_assert(mesh_set_merge(&a->state, &b->state));
    cr_assert(mesh_set_merge(&b->state, &a->state));
    cr_assert(set_equal(a, b), "two replicas that told each other everything");
}

// The elements in alphabetical order.
static const char *elements(const struct mesh_set *state)
{
    static char text[LETTERS + 1];
    uint32_t count = 0;
    for (uint32_t i = 0; i < LETTERS; i++) {
        if (mesh_set_contains(state, &letters[i], 1)) {
            text[count++] = (char)letters[i];
        }
    }
    text[count] = '\0';
    uint32_t walked = 0;
    for (uint32_t i = mesh_set_next(state, 0); i < state->count; i = mesh_set_next(state, i + 1)) {
        cr_expect_not_null(strchr(text, state->entries[i].element[0]));
        walked++;
    }
    cr_expect_eq(walked, count, "the walk meets every element once");
    return text;
}

// ---- By hand: A and B, what one of them has not seen it cannot remove ----

static struct set a_set, b_set;

static void two_replicas(void)
{
    set_init(&a_set);
    set_init(&b_set);
}

TestSuite(set, .init = two_replicas);

Test(set, an_add_wins_over_a_concurrent_remove)
{
    add(&a_set, 1, 'a');
    sync(&a_set, &b_set);
    drop(&b_set, 'a');
    add(&a_set, 1, 'a');
    cr_expect_str_eq(elements(&b_set.state), "");
    sync(&a_set, &b_set);
    cr_expect_str_eq(elements(&a_set.state), "a", "B removed (1, 1), not (1, 2)");
    cr_expect(mesh_dot_equal(a_set.entries[0].dot, (struct mesh_dot){1, 2}));
}

Test(set, a_remove_takes_away_all_that_it_saw_and_nothing_else)
{
    add(&a_set, 1, 'a');
    add(&a_set, 1, 'b');
    add(&b_set, 2, 'a');
    sync(&a_set, &b_set);
    cr_expect_eq(a_set.state.count, 3, "a twice, added by both at the same time");
    drop(&a_set, 'a');
    cr_expect_str_eq(elements(&a_set.state), "b");
    sync(&a_set, &b_set);
    cr_expect_str_eq(elements(&b_set.state), "b");
}

Test(set, of_two_concurrent_adds_the_one_that_was_not_seen_survives)
{
    add(&a_set, 1, 'a');
    add(&b_set, 2, 'a');
    drop(&a_set, 'a');
    sync(&a_set, &b_set);
    cr_expect_str_eq(elements(&a_set.state), "a");
    cr_expect(mesh_dot_equal(a_set.entries[0].dot, (struct mesh_dot){2, 1}));
}

Test(set, what_was_removed_can_come_back_and_leaves_no_tombstone)
{
    for (int i = 0; i < 100; i++) {
        add(&a_set, 1, 'a');
        sync(&a_set, &b_set);
        drop(i % 2 == 0 ? &a_set : &b_set, 'a');
        sync(&a_set, &b_set);
        cr_expect_str_eq(elements(&b_set.state), "");
    }
    cr_expect_eq(a_set.state.count, 0);
    cr_expect_eq(a_set.state.context.count, 1, "a hundred dots are one run");
    add(&b_set, 2, 'a');
    sync(&a_set, &b_set);
    cr_expect_str_eq(elements(&a_set.state), "a");
}

Test(set, a_merge_with_an_old_state_brings_nothing_back)
{
    static struct set old;
    add(&a_set, 1, 'a');
    set_copy(&old, &a_set);
    drop(&a_set, 'a');
    cr_assert(mesh_set_merge(&a_set.state, &old.state));
    cr_expect_str_eq(elements(&a_set.state), "");
}

Test(set, adding_again_replaces_what_the_adder_saw)
{
    add(&a_set, 1, 'a');
    add(&b_set, 2, 'a');
    sync(&a_set, &b_set);
    add(&a_set, 1, 'a');
    cr_expect_eq(a_set.state.count, 1);
    sync(&a_set, &b_set);
    cr_expect_eq(b_set.state.count, 1, "one entry, as after the add itself");
}

Test(set, elements_are_bytes_of_any_length_none_included)
{
    static const uint8_t zero[] = {0};
    cr_assert(mesh_set_add(&a_set.state, (struct mesh_dot){1, 1}, NULL, 0));
    cr_expect(mesh_set_contains(&a_set.state, NULL, 0));
    cr_expect_not(mesh_set_contains(&a_set.state, zero, 1));
    cr_assert(mesh_set_add(&a_set.state, (struct mesh_dot){1, 2}, zero, 1));
    mesh_set_remove(&a_set.state, NULL, 0);
    cr_expect(mesh_set_contains(&a_set.state, zero, 1));
    cr_expect_not(mesh_set_contains(&a_set.state, NULL, 0));
}

Test(set, of_two_elements_under_one_dot_both_replicas_keep_the_larger)
{
    struct mesh_dot dot = {1, 1};
    cr_assert(mesh_set_add(&a_set.state, dot, letters, 1));      // 1 says a to A
    cr_assert(mesh_set_add(&b_set.state, dot, letters + 1, 1));  // and b to B
    sync(&a_set, &b_set);
    cr_expect_str_eq(elements(&a_set.state), "b");
    drop(&a_set, 'b');
    sync(&a_set, &b_set);
    cr_expect_str_eq(elements(&b_set.state), "");
}

Test(set, without_room_nothing_changes)
{
    struct mesh_set_entry entries[3];
    struct mesh_run runs[3];
    struct mesh_set small = {.entries = entries, .capacity = 2, .context = {runs, 0, 2}};
    cr_assert(mesh_set_add(&small, (struct mesh_dot){1, 1}, letters, 1));
    cr_assert(mesh_set_add(&small, (struct mesh_dot){3, 1}, letters + 1, 1));
    cr_expect_not(mesh_set_add(&small, (struct mesh_dot){1, 2}, letters + 2, 1), "no entry left");
    cr_expect_not(mesh_set_add(&small, (struct mesh_dot){2, 1}, letters, 1), "no run left");
    cr_expect_eq(small.count, 2);
    cr_expect_eq(small.context.count, 2);
    cr_expect(mesh_set_add(&small, (struct mesh_dot){1, 2}, letters, 1), "it replaces its like");
    add(&b_set, 1, 'a');
    small.capacity = 3;
    cr_expect_not(mesh_set_merge(&small, &b_set.state), "two runs and one do not fit");
    small.capacity = 2;
    small.context.capacity = 3;
    cr_expect_not(mesh_set_merge(&small, &b_set.state), "two entries and one do not fit");
    cr_expect_str_eq(elements(&small), "ab");
    cr_expect(small.count == 2 && small.context.count == 2);
    struct mesh_run run;
    struct mesh_set none = {.context = {&run, 0, 0}};
    struct mesh_set no_entry = {.context = {&run, 0, 1}};
    struct mesh_dot dot = {1, 2};
    cr_expect_not(mesh_set_remove_delta(&b_set.state, letters, 1, &none));
    cr_expect_not(mesh_set_add_delta(&b_set.state, dot, letters, 1, &no_entry));
}

// ---- States: laws on random histories of three replicas that add, remove and merge ----

enum { REPLICAS = 3 };

// Applies a random operation both ways: at once, and as a delta merged into a copy.
static void operate(struct set *set, uint32_t origin, struct dice *dice, uint64_t seed)
{
    static struct set merged, delta, before;
    const uint8_t *letter = &letters[dice_below(dice, LETTERS)];
    set_init(&delta);
    set_copy(&before, set);
    if (dice_chance(dice, 60)) {
        struct mesh_dot dot = mesh_dots_next(&set->state.context, origin);
        cr_assert(mesh_set_add_delta(&set->state, dot, letter, 1, &delta.state));
        cr_assert(set_equal(set, &before), "the delta mutator leaves the state alone");
        cr_assert(mesh_set_add(&set->state, dot, letter, 1));
    } else {
        cr_assert(mesh_set_remove_delta(&set->state, letter, 1, &delta.state));
        mesh_set_remove(&set->state, letter, 1);
    }
    set_join(&merged, &before, &delta);
    cr_assert(set_equal(set, &merged), "m(X) = X merge delta(X), seed %lu", seed);
}

static void three_replicas(struct set *replicas, struct dice *dice, uint64_t seed)
{
    for (uint32_t i = 0; i < REPLICAS; i++) {
        set_init(&replicas[i]);
    }
    for (uint32_t turn = dice_below(dice, 40); turn > 0; turn--) {
        uint32_t origin = dice_below(dice, REPLICAS);
        if (dice_chance(dice, 25)) {
            cr_assert(mesh_set_merge(&replicas[origin].state,
                                     &replicas[dice_below(dice, REPLICAS)].state));
        } else {
            operate(&replicas[origin], origin, dice, seed);
        }
        expect_sound(&replicas[origin], seed);
    }
}

Test(set, join_is_associative_commutative_and_idempotent)
{
    static struct set r[REPLICAS], ab, ba, bc, left, right, aa;
    for (uint64_t seed = 1; seed <= 5000; seed++) {
        struct dice dice = {seed};
        three_replicas(r, &dice, seed);
        set_join(&ab, &r[0], &r[1]);
        set_join(&ba, &r[1], &r[0]);
        set_join(&bc, &r[1], &r[2]);
        set_join(&left, &ab, &r[2]);
        set_join(&right, &r[0], &bc);
        set_join(&aa, &r[0], &r[0]);
        cr_assert(set_equal(&ab, &ba), "commutative, seed %lu", seed);
        cr_assert(set_equal(&left, &right), "associative, seed %lu", seed);
        cr_assert(set_equal(&aa, &r[0]), "idempotent, seed %lu", seed);
        expect_sound(&left, seed);
    }
}

// ---- Updates: against a model that knows for every write which adds its author meant ----

// What the history says by itself: which lanes each write was to remove.
struct intent {
    struct history_set removes[HISTORY_LANES];
    char letter[HISTORY_LANES];  // '\0': a removal
};

static bool alive(const struct history *history, const struct intent *intent,
                  const struct history_set *held, uint32_t lane)
{
    bool is_alive = intent->letter[lane] != '\0' && history_in(held, lane);
    for (uint32_t other = 0; is_alive && other < history->table.lane_count; other++) {
        is_alive = !(history_in(held, other) && history_in(&intent->removes[other], lane));
    }
    return is_alive;
}

enum { KEY = 4 };

static void write_one(struct history *history, struct intent *intent, uint32_t origin)
{
    static struct set folded;
    uint8_t value[HISTORY_VALUE_BYTES];
    const uint8_t *letter = &letters[dice_below(&history->dice, LETTERS)];
    bool adds = dice_chance(&history->dice, 60);
    enum mesh_update_type type = adds ? MESH_SET_ADD : MESH_SET_REMOVE;
    const struct history_set *held = &history->held[origin];
    struct history_set removes = {{0}};
    for (uint32_t lane = 0; lane < history->table.lane_count; lane++) {
        if (intent->letter[lane] == (char)*letter && alive(history, intent, held, lane)) {
            history_add(&removes, lane);
        }
    }
    set_init(&folded);
    cr_assert(mesh_set_fold(&history->table, held->lanes, HISTORY_WORDS, KEY, &folded.state));
    uint32_t size = mesh_set_encode(&folded.state, type, letter, 1, value, sizeof value);
    bool nothing_to_remove = !adds && (removes.lanes[0] | removes.lanes[1]) == 0;
    cr_assert_eq(size == 0, nothing_to_remove);
    if (size > 0) {
        uint32_t lane = history_write(history, origin, type, KEY, value, size);
        intent->removes[lane] = removes;
        intent->letter[lane] = adds ? (char)*letter : '\0';
    }
}

// Writes and tells at random. Some writes are of another set, and some numbers of the same name.
static void make_history(struct history *history, struct intent *intent, uint64_t seed)
{
    memset(intent, 0, sizeof *intent);
    history_init(history, seed);
    for (uint32_t turn = 0; turn < 90; turn++) {
        uint32_t origin = dice_below(&history->dice, HISTORY_ORIGINS);
        uint32_t what = dice_below(&history->dice, 10);
        if (what < 3) {
            history_tell(history, dice_below(&history->dice, HISTORY_ORIGINS), origin,
                         dice_chance(&history->dice, 50));
        } else if (what == 3) {
            // It names a dot that means nothing here, though this set may have it too.
            uint8_t other[] = {1, (uint8_t)((origin + 1) % HISTORY_ORIGINS), 1, 20, 'a'};
            history_write(history, origin, MESH_SET_ADD, KEY + 1, other, sizeof other);
        } else if (what == 4) {
            history_write_amount(history, origin, MESH_G_INCREMENT, KEY, 1);
        } else {
            write_one(history, intent, origin);
        }
    }
}

// What the model says of `held`, as the elements are printed.
static const char *expected_elements(const struct history *history, const struct intent *intent,
                                     const struct history_set *held)
{
    static char text[LETTERS + 1];
    uint32_t count = 0;
    for (uint32_t i = 0; i < LETTERS; i++) {
        bool in = false;
        for (uint32_t lane = 0; lane < history->table.lane_count; lane++) {
            in |= intent->letter[lane] == (char)letters[i] && alive(history, intent, held, lane);
        }
        if (in) {
            text[count++] = (char)letters[i];
        }
    }
    text[count] = '\0';
    return text;
}

// Twice, since what the state held before is to be dropped.
static void fold(struct set *set, const struct history *history, const struct history_set *held)
{
    static const struct history_set all = {{UINT64_MAX >> 32, 0}};
    set_init(set);
    cr_assert(mesh_set_fold(&history->table, all.lanes, HISTORY_WORDS, KEY, &set->state));
    cr_assert(mesh_set_fold(&history->table, held->lanes, HISTORY_WORDS, KEY, &set->state));
}

Test(set, fold_is_what_the_writers_meant_whatever_part_of_the_history_is_held)
{
    static struct history history;
    static struct intent intent;
    static struct set folded;
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        make_history(&history, &intent, seed);
        for (uint32_t i = 0; i < 10; i++) {
            struct history_set part = history_part(&history, i % 2 == 0);
            fold(&folded, &history, &part);
            expect_sound(&folded, seed);
            cr_assert_str_eq(elements(&folded.state), expected_elements(&history, &intent, &part),
                             "seed %lu, part %u", seed, i);
        }
    }
}

// A liar's second values for dots that are in use: another letter, other dots to remove.
static void equivocate(struct history *history)
{
    for (uint32_t lies = dice_below(&history->dice, 5); lies > 0; lies--) {
        uint32_t origin = dice_below(&history->dice, HISTORY_ORIGINS);
        uint32_t sequence = 1 + dice_below(&history->dice, history->sequences[origin]);
        uint8_t value[] = {1, (uint8_t)dice_below(&history->dice, HISTORY_ORIGINS),
                           (uint8_t)(1 + dice_below(&history->dice, 10)), 1, letters[lies]};
        bool removes = value[1] != origin && dice_chance(&history->dice, 50);
        history_row(history, (struct mesh_dot){origin, sequence}, MESH_SET_ADD, KEY,
                    removes ? value : (const uint8_t[]){0, letters[lies]},
                    removes ? sizeof value : 2);
    }
}

Test(set, fold_of_a_set_is_the_merge_of_its_parts_and_of_its_deltas_in_any_order)
{
    static struct history history;
    static struct intent intent;
    static struct set whole, merged, applied, group, delta, part_state;
    uint32_t order[3 * HISTORY_LANES];
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        struct history_set all = {{0}};
        make_history(&history, &intent, seed);
        equivocate(&history);
        set_init(&merged);
        for (uint32_t i = 0; i < 4; i++) {
            struct history_set part = history_part(&history, i > 0);
            history_unite(&all, &part);
            fold(&part_state, &history, &part);
            cr_assert(mesh_set_merge(&merged.state, &part_state.state));
        }
        fold(&whole, &history, &all);
        cr_assert(set_equal(&merged, &whole), "parts, seed %lu", seed);
        set_init(&applied);
        set_init(&group);
        uint32_t count = history_order(&history.dice, history.table.lane_count, order);
        for (uint32_t i = 0; i < count; i++) {
            const struct mesh_update *update = &history.updates[order[i]];
            bool of_the_set = update->key == KEY &&
                              (update->type == MESH_SET_ADD || update->type == MESH_SET_REMOVE);
            if (!history_in(&all, order[i]) || !of_the_set) {
                continue;
            }
            cr_assert(mesh_set_apply(&applied.state, update));
            expect_sound(&applied, seed);
            set_init(&delta);
            cr_assert(mesh_set_apply(&delta.state, update));
            cr_assert(mesh_set_merge(&group.state, &delta.state));
        }
        cr_assert(set_equal(&applied, &whole), "applied in any order, seed %lu", seed);
        cr_assert(set_equal(&group, &whole), "deltas in any order, seed %lu", seed);
    }
}

// ---- The value of an update, by hand ----

Test(set, an_update_names_the_dots_it_saw_in_runs)
{
    static const struct {
        struct mesh_dot dot;
        uint8_t letter;
    } adds[] = {{{1, 1}, 0}, {{1, 2}, 0}, {{1, 3}, 1}, {{1, 4}, 0}, {{300, 7}, 0}};
    for (size_t i = 0; i < sizeof adds / sizeof *adds; i++) {
        // Entered one by one by their authors, who had not seen the others.
        struct mesh_set_entry entry;
        struct mesh_run run;
        struct mesh_set one = {.entries = &entry, .capacity = 1, .context = {&run, 0, 1}};
        cr_assert(mesh_set_add(&one, adds[i].dot, &letters[adds[i].letter], 1));
        cr_assert(mesh_set_merge(&a_set.state, &one));
    }
    static const uint8_t expected[] = {3, 1, 1, 2, 1, 4, 1, 0xac, 2, 7, 1, 'a'};
    uint8_t value[32];
    uint32_t size = mesh_set_encode(&a_set.state, MESH_SET_ADD, letters, 1, value, sizeof value);
    cr_expect_eq(size, sizeof expected);
    cr_expect_arr_eq(value, expected, sizeof expected);
    size = mesh_set_encode(&a_set.state, MESH_SET_REMOVE, letters, 1, value, sizeof value);
    cr_expect_eq(size, sizeof expected - 1, "a removal does not say what it removes");
    cr_expect_arr_eq(value, expected, sizeof expected - 1);
    size = mesh_set_encode(&a_set.state, MESH_SET_ADD, letters + 2, 1, value, sizeof value);
    cr_expect(size == 2 && value[0] == 0 && value[1] == 'c', "an element that is new");
    cr_expect_eq(mesh_set_encode(&a_set.state, MESH_SET_REMOVE, letters + 2, 1, value, 32), 0);
    cr_expect_eq(mesh_set_encode(&a_set.state, MESH_SET_ADD, letters, 1, value, 11), 0, "no room");
}

Test(set, a_removal_that_comes_before_its_add_still_counts)
{
    static struct history history;
    history_init(&history, 1);
    uint32_t add_lane = history_write(&history, 1, MESH_SET_ADD, KEY, (const uint8_t[]){0, 'a'}, 2);
    uint32_t remove_lane =
        history_write(&history, 2, MESH_SET_REMOVE, KEY, (const uint8_t[]){1, 1, 1, 1}, 4);
    cr_assert(mesh_set_apply(&a_set.state, &history.updates[remove_lane]));
    cr_expect(mesh_dots_contains(&a_set.state.context, (struct mesh_dot){1, 1}));
    cr_assert(mesh_set_apply(&a_set.state, &history.updates[add_lane]));
    cr_expect_str_eq(elements(&a_set.state), "");
    struct history_set both = {{3, 0}};
    fold(&b_set, &history, &both);
    cr_expect(set_equal(&a_set, &b_set));
}

Test(set, a_dot_that_was_removed_in_advance_is_of_no_use_to_its_origin)
{
    static struct history history;
    history_init(&history, 1);
    static const uint8_t all_of_origin_1[] = {1, 1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f};
    uint32_t lane = history_write(&history, 2, MESH_SET_REMOVE, KEY, all_of_origin_1, 8);
    cr_assert(mesh_set_apply(&a_set.state, &history.updates[lane]));
    struct mesh_dot dot = {1, 7};
    cr_expect_not(mesh_set_add(&a_set.state, dot, letters, 1));
    cr_expect_not(mesh_set_add_delta(&a_set.state, dot, letters, 1, &b_set.state));
    cr_expect_str_eq(elements(&a_set.state), "");
    add(&a_set, 3, 'a');
    cr_expect_str_eq(elements(&a_set.state), "a", "other origins write on");
}

Test(set, a_fold_or_an_update_that_does_not_fit_says_so)
{
    static struct history history;
    struct mesh_set_entry entries[2];
    struct mesh_run runs[3];
    struct mesh_set small = {.entries = entries, .capacity = 1, .context = {runs, 0, 3}};
    history_init(&history, 1);
    history_write(&history, 1, MESH_SET_ADD, KEY, (const uint8_t[]){0, 'a'}, 2);
    history_write(&history, 2, MESH_SET_ADD, KEY, (const uint8_t[]){0, 'b'}, 2);
    history_write(&history, 3, MESH_SET_REMOVE, KEY, (const uint8_t[]){2, 0, 4, 1, 1, 1, 1}, 7);
    struct history_set all = {{7, 0}};
    cr_expect(mesh_set_fold(&history.table, all.lanes, HISTORY_WORDS, KEY, &small),
              "of the two adds one is alive: one entry is enough");
    cr_expect_str_eq(elements(&small), "b");
    cr_expect_eq(small.context.count, 3);
    struct history_set adds = {{3, 0}};
    cr_expect_not(mesh_set_fold(&history.table, adds.lanes, HISTORY_WORDS, KEY, &small));
    small.context.capacity = 2;
    cr_expect_not(mesh_set_fold(&history.table, all.lanes, HISTORY_WORDS, KEY, &small));
    small.count = small.context.count = 0;
    small.context.capacity = 1;
    cr_expect_not(mesh_set_apply(&small, &history.updates[2]), "two runs named");
    cr_expect_eq(small.context.count, 0, "nothing changed");
    cr_assert(mesh_set_apply(&small, &history.updates[0]), "one run and one entry");
    small.context.capacity = 2;
    cr_expect_not(mesh_set_apply(&small, &history.updates[1]), "no entry left");
    small.context.capacity = 1;
    small.capacity = 2;
    cr_expect_not(mesh_set_apply(&small, &history.updates[1]), "no run left");
    cr_expect_str_eq(elements(&small), "a");
    cr_expect_eq(small.context.count, 1);
}
