// SPDX-License-Identifier: GPL-3.0-or-later
// Random histories: writes, ticks, and a network that loses, repeats and reorders what it likes.
// Then loss stops, and all must end with the same replicas, whose values follow from what was
// written. The lab checks after every step that no replica forgets (lab.h).
#include <criterion/criterion.h>
#include <string.h>

#include "dice.h"
#include "lab.h"
#include "mesh/crdt.h"

enum { KEYS = 3, HISTORIES = 1000 };

// ---- A second opinion on who wins: clocks by Kulkarni et al., from what a writer had heard ----

struct opinion {
    uint64_t clocks[LAB_WRITES_MAX];
};

// To be called before the write itself.
static uint64_t clock_of_next_write(const struct lab *lab, const struct opinion *opinion,
                                    uint32_t node)
{
    uint64_t largest = 0;
    for (uint32_t i = 0; i < lab->write_count; i++) {
        if (lab_holds(lab, node, lab->writes[i].dot) && opinion->clocks[i] > largest) {
            largest = opinion->clocks[i];
        }
    }
    uint64_t time_us = (lab->now_ns + lab->step_ns + lab->ahead_ns[node]) / 1000;
    return largest >> 12 >= time_us ? largest + 1 : time_us << 12;
}

static void any_write(struct lab *lab, struct dice *dice, struct opinion *opinion)
{
    uint32_t node = dice_below(dice, lab->scope.count);
    opinion->clocks[lab->write_count] = clock_of_next_write(lab, opinion, node);
    if (dice_chance(dice, 50)) {
        lab_increment(lab, node, dice_below(dice, KEYS), 1 + dice_below(dice, 1000));
    } else {
        uint64_t value = dice_roll(dice);
        uint8_t bytes[8];
        memcpy(bytes, &value, sizeof bytes);
        lab_set(lab, node, dice_below(dice, KEYS), bytes);
    }
}

static uint64_t expected_sum(const struct lab *lab, uint32_t key)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < lab->write_count; i++) {
        const struct lab_write *write = &lab->writes[i];
        sum += write->type == MESH_G_INCREMENT && write->key == key ? write->amount : 0;
    }
    return sum;
}

static const struct lab_write *expected_last(const struct lab *lab, const struct opinion *opinion,
                                             uint32_t key)
{
    const struct lab_write *last = NULL;
    uint64_t last_clock = 0;
    for (uint32_t i = 0; i < lab->write_count; i++) {
        const struct lab_write *write = &lab->writes[i];
        if (write->type != MESH_LWW_SET || write->key != key) {
            continue;
        }
        if (last == NULL || opinion->clocks[i] > last_clock ||
            (opinion->clocks[i] == last_clock && write->dot.origin > last->dot.origin)) {
            last = write;
            last_clock = opinion->clocks[i];
        }
    }
    return last;
}

// ---- Histories ----

static struct lab_settings any_settings(struct dice *dice, uint64_t seed)
{
    static const enum mesh_mode modes[] = {MESH_PUSH, MESH_PULL, MESH_PUSH_PULL, MESH_EAGER};
    enum mesh_mode mode = modes[seed % 4];
    return (struct lab_settings){
        .mode = mode,
        .schedule = seed / 8 % 2 != 0 ? MESH_SYNCHRONOUS : MESH_PHASED,
        .own_tables = seed / 4 % 2 != 0,
        .nodes = 2 + dice_below(dice, 5),
        .words = 1 + dice_below(dice, 2),
        .signature_bytes = dice_chance(dice, 30) ? MESH_SIGNATURE_BYTES : 0,
        .seed = seed,
    };
}

static void start_history(struct lab *lab, struct dice *dice, struct lab_settings settings)
{
    settings.fanout = 1 + dice_below(dice, settings.nodes - 1);
    lab_init(lab, settings);
    lab_tell(lab, "seed %lu, mode %d, schedule %d, %u nodes, limit %u, %s\n", settings.seed,
             settings.mode, settings.schedule, lab->scope.count, lab->scope.update_limit,
             settings.own_tables ? "over the wire" : "sharing a table");
    for (uint32_t node = 0; node < lab->scope.count; node++) {
        lab->ahead_ns[node] = dice_below(dice, 5) * LAB_MS;
    }
}

// `percent`: of what lands, how much is lost.
static void trouble(struct lab *lab, struct dice *dice, struct opinion *opinion, uint32_t percent)
{
    static const uint64_t steps_ns[] = {0, 700, 20000, LAB_MS};
    for (uint32_t i = 0; i < 120; i++) {
        uint32_t what = dice_below(dice, 100);
        lab->step_ns = steps_ns[dice_below(dice, 4)];
        if (what < 15 && lab->write_count < 60) {
            any_write(lab, dice, opinion);
        } else if (what < 30) {
            lab_tick(lab, dice_below(dice, lab->scope.count));
        } else if (lab->flight_count > 0) {
            uint32_t index = dice_below(dice, lab->flight_count);
            if (dice_chance(dice, percent)) {
                lab_lose(lab, index);
            } else {
                lab_deliver(lab, index, dice_chance(dice, 15));
            }
        }
    }
    if (dice_chance(dice, 50)) {
        lab_lose_all(lab);
    }
    lab->step_ns = LAB_MS;
}

static void settle_in_any_order(struct lab *lab, struct dice *dice)
{
    while (lab->flight_count > 0) {
        lab_deliver(lab, dice_below(dice, lab->flight_count), dice_chance(dice, 5));
    }
}

static void expect_converged(const struct lab *lab, const struct opinion *opinion)
{
    for (uint32_t node = 0; node < lab->scope.count; node++) {
        const struct mesh_replica *replica = lab_replica(lab, node);
        const struct mesh_table *table = lab->states[node].table;
        cr_assert_eq(lab_held_count(lab, node), lab->write_count, "%c holds %u of %u\n%s",
                     (int)('A' + node), lab_held_count(lab, node), lab->write_count, lab->story);
        cr_assert_eq(memcmp(replica->hash, lab_replica(lab, 0)->hash, sizeof replica->hash), 0,
                     "equal sets, different hashes\n%s", lab->story);
        for (uint32_t key = 0; key < KEYS; key++) {
            uint64_t sum =
                lab->base[key] + mesh_g_fold(table, replica->planes, lab->all.words, key);
            cr_assert_eq(sum, expected_sum(lab, key), "counter %u at %c: %lu, written %lu\n%s", key,
                         (int)('A' + node), sum, expected_sum(lab, key), lab->story);
            const struct lab_write *last = expected_last(lab, opinion, key);
            struct mesh_lww state;
            bool written = mesh_lww_fold(table, replica->planes, lab->all.words, key, &state);
            cr_assert_eq(written, last != NULL, "register %u\n%s", key, lab->story);
            cr_assert(!written || (state.origin == last->dot.origin && state.value_bytes == 8 &&
                                   memcmp(state.value, last->value, 8) == 0),
                      "register %u at %c: written last by %c, not by %c\n%s", key,
                      (int)('A' + node), (int)('A' + last->dot.origin), (int)('A' + state.origin),
                      lab->story);
        }
    }
}

// In a synchronous scope a tick of everyone, in vain, makes visible what all have heard.
static void fold_all(struct lab *lab)
{
    for (uint32_t node = 0; lab->scope.schedule == MESH_SYNCHRONOUS && node < lab->scope.count;
         node++) {
        lab_tick(lab, node);
    }
    lab_lose_all(lab);
}

// Without loss one exchange leaves both sides with the union, so when A exchanges with everyone it
// ends with all there is, and when it does so again, so does everyone. A push or a pull is one way:
// each tells or asks everyone once.
static void make_up(struct lab *lab, struct dice *dice)
{
    lab->scope.fanout = lab->scope.count - 1;
    settle_in_any_order(lab, dice);
    lab_tell(lab, "loss stops\n");
    fold_all(lab);
    if (lab->scope.mode == MESH_PUSH || lab->scope.mode == MESH_PULL) {
        for (uint32_t node = 0; node < lab->scope.count; node++) {
            lab_tick(lab, node);
        }
        settle_in_any_order(lab, dice);
    } else {
        for (int tick = 0; tick < 2; tick++) {
            lab_tick(lab, 0);
            settle_in_any_order(lab, dice);
        }
    }
    fold_all(lab);
}

static void run_histories(uint64_t seed_first, uint32_t loss_percent)
{
    for (uint64_t seed = seed_first; seed < seed_first + HISTORIES; seed++) {
        static struct lab lab;
        static struct opinion opinion;
        struct dice dice = {seed};
        start_history(&lab, &dice, any_settings(&dice, seed));
        trouble(&lab, &dice, &opinion, loss_percent);
        make_up(&lab, &dice);
        expect_converged(&lab, &opinion);
        lab_finish(&lab);
    }
}

Test(convergence, follows_two_exchanges_with_everyone_after_any_history_without_loss)
{
    run_histories(10000, 0);
}

Test(convergence, follows_two_exchanges_with_everyone_after_any_history_with_loss)
{
    run_histories(20000, 30);
}

Test(convergence, follows_two_exchanges_with_everyone_after_hardly_anything_arrived)
{
    run_histories(30000, 95);
}

// Everyone exchanges with everyone, one after the other.
static bool round_makes_equal(struct lab *lab, struct dice *dice)
{
    bool equal = true;
    for (uint32_t node = 0; node < lab->scope.count; node++) {
        lab_tick(lab, node);
        settle_in_any_order(lab, dice);
    }
    for (uint32_t node = 0; node < lab->scope.count; node++) {
        equal = equal && lab_held_count(lab, node) == lab->write_count;
    }
    return equal;
}

// With messages too small for all there is to say. Three rounds after anyone learnt anything
// nothing is recent, and by as many more as there are lanes every push has begun with each lane: in
// so many rounds someone learns something, and `nodes` can learn `writes` updates each.
Test(convergence, follows_also_when_messages_are_too_small_for_what_is_missing)
{
    for (uint64_t seed = 40000; seed < 40000 + HISTORIES; seed++) {
        static struct lab lab;
        static struct opinion opinion;
        struct dice dice = {seed};
        struct lab_settings settings = any_settings(&dice, seed);
        settings.update_limit = 1 + dice_below(&dice, 5);
        start_history(&lab, &dice, settings);
        trouble(&lab, &dice, &opinion, 60);
        lab_lose_all(&lab);
        lab.scope.fanout = lab.scope.count - 1;
        uint32_t rounds_max = (3 + 64 * lab.all.words) * lab.scope.count * lab.write_count;
        uint32_t round = 0;
        do {
            lab_tell_anew(&lab);
            lab_tell(&lab, "seed %lu, round %u of at most %u\n", seed, round, rounds_max);
        } while (!round_makes_equal(&lab, &dice) && ++round < rounds_max);
        fold_all(&lab);
        expect_converged(&lab, &opinion);
        lab_finish(&lab);
    }
}

// ---- Lanes given back, nodes that start anew ----

// Whether somebody who is not joining holds each of the node's updates as well.
static bool is_dispensable(const struct lab *lab, uint32_t node)
{
    bool alone = true;
    for (uint32_t other = 0; other < lab->scope.count; other++) {
        alone = alone && (other == node || lab_replica(lab, other)->joining);
    }
    for (uint32_t i = 0; !alone && i < lab->write_count; i++) {
        bool lost = lab_holds(lab, node, lab->writes[i].dot);
        for (uint32_t other = 0; other < lab->scope.count; other++) {
            lost = lost && (other == node || lab_replica(lab, other)->joining ||
                            !lab_holds(lab, other, lab->writes[i].dot));
        }
        alone = lost;
    }
    return !alone;
}

static void maybe_join(struct lab *lab, struct dice *dice)
{
    uint32_t node = dice_below(dice, lab->scope.count);
    uint32_t peer = (node + 1 + dice_below(dice, lab->scope.count - 1)) % lab->scope.count;
    if (is_dispensable(lab, node)) {
        lab_join(lab, node, peer);
    }
}

static void trouble_with_joins(struct lab *lab, struct dice *dice)
{
    for (uint32_t i = 0; i < 600; i++) {
        uint32_t what = dice_below(dice, 100);
        uint32_t live = lab->write_count - lab->released_count;
        if (what < 15 && lab->write_count < LAB_WRITES_MAX && live < 64 * lab->all.words - 4) {
            lab_increment(lab, dice_below(dice, lab->scope.count), dice_below(dice, KEYS),
                          1 + dice_below(dice, 1000));
        } else if (what < 30) {
            lab_tick(lab, dice_below(dice, lab->scope.count));
        } else if (what < 36) {
            lab_release(lab, dice);
        } else if (what < 38) {
            maybe_join(lab, dice);
        } else if (lab->flight_count > 0) {
            uint32_t index = dice_below(dice, lab->flight_count);
            if (dice_chance(dice, 10)) {
                lab_lose(lab, index);
            } else {
                lab_deliver(lab, index, dice_chance(dice, 10));
            }
        }
        if (lab->flight_count > 12) {
            lab_deliver(lab, 0, false);
        }
    }
}

// Without loss whoever waits for a snapshot asks at its ticks until it meets somebody who has one.
static void let_all_join(struct lab *lab, struct dice *dice)
{
    bool waiting = true;
    for (uint32_t round = 0; waiting && round < 200; round++) {
        waiting = false;
        for (uint32_t node = 0; node < lab->scope.count; node++) {
            if (lab_replica(lab, node)->joining) {
                waiting = true;
                lab_tick(lab, node);
                settle_in_any_order(lab, dice);
            }
        }
    }
    cr_assert_not(waiting, "still without a replica\n%s", lab->story);
}

// Nothing may tell such a history from one without releases: all end with every update ever
// written, folded from the base and the lanes; hashes are sums over the whole of it (lab.h).
Test(convergence, follows_also_when_lanes_are_reused_and_nodes_start_anew_from_snapshots)
{
    uint32_t released = 0;
    uint32_t more_than_lanes = 0;
    for (uint64_t seed = 60000; seed < 60000 + HISTORIES; seed++) {
        static struct lab lab;
        static struct opinion opinion;
        struct dice dice = {seed};
        struct lab_settings settings = any_settings(&dice, seed);
        settings.words = 1;
        start_history(&lab, &dice, settings);
        trouble_with_joins(&lab, &dice);
        settle_in_any_order(&lab, &dice);
        let_all_join(&lab, &dice);
        make_up(&lab, &dice);
        expect_converged(&lab, &opinion);
        released += lab.released_count;
        more_than_lanes += lab.write_count > 64;
        lab_finish(&lab);
    }
    cr_expect(released > 10 * HISTORIES && more_than_lanes > HISTORIES / 10,
              "%u released, %u histories longer than the table: it tests too little", released,
              more_than_lanes);
}

// ---- Rumours ----

static struct lab_settings any_rumor(struct dice *dice, uint64_t seed)
{
    return (struct lab_settings){
        .mode = MESH_RUMOR,
        .schedule = seed % 2 == 0 ? MESH_PHASED : MESH_SYNCHRONOUS,
        .rumor = {.pull = seed / 2 % 2 != 0,
                  .coin = seed / 4 % 2 != 0,
                  .feedback = seed / 8 % 2 != 0,
                  .k = 1 + dice_below(dice, MESH_RUMOR_K_MAX)},
        .own_tables = seed / 16 % 2 != 0,
        .nodes = 2 + dice_below(dice, 5),
        .words = 1 + dice_below(dice, 2),
        .update_limit = 1 + dice_below(dice, 20),
        .seed = seed,
    };
}

static bool anything_hot(const struct lab *lab)
{
    uint64_t hot = 0;
    for (uint32_t node = 0; node < lab->scope.count; node++) {
        for (uint32_t word = 0; word < lab->all.words; word++) {
            hot |= lab_plane(lab, node, word, MESH_HOT);
        }
    }
    return hot != 0;
}

// Nothing is promised about who gets a rumour. But a replica never forgets (lab.h), and in the end
// nobody is interested any more: then a round costs no updates.
Test(convergence, rumours_die_out_after_any_history)
{
    for (uint64_t seed = 50000; seed < 50000 + HISTORIES; seed++) {
        static struct lab lab;
        static struct opinion opinion;
        struct dice dice = {seed};
        start_history(&lab, &dice, any_rumor(&dice, seed));
        trouble(&lab, &dice, &opinion, 30);
        lab.scope.fanout = lab.scope.count - 1;
        settle_in_any_order(&lab, &dice);
        uint32_t round = 0;
        // A round cools at least one update of a node or counts towards it; a coin of 1 / 15 lands
        // in far fewer than 20,000 flips.
        for (; anything_hot(&lab) && round < 20000; round++) {
            lab_tell_anew(&lab);
            lab_tell(&lab, "seed %lu, round %u\n", seed, round);
            round_makes_equal(&lab, &dice);
        }
        cr_assert_not(anything_hot(&lab), "still hot:\n%s", lab.story);
        for (uint32_t node = 0; node < lab.scope.count; node++) {
            lab_tick(&lab, node);
        }
        for (uint32_t i = 0; i < lab.flight_count; i++) {
            cr_assert_eq(lab.flights[i].message->update_count, 0, "%s", lab.story);
        }
        lab_finish(&lab);
    }
}
