// SPDX-License-Identifier: GPL-3.0-or-later
// Sets of lanes of many words: every vector code against one bit after the other.
#include <criterion/criterion.h>
#include <string.h>

#include "dice.h"
#include "mesh/lanes.h"

#define WORDS_MAX 200u
#define UNTOUCHED 0xA5A5A5A5A5A5A5A5u

static const char *const names[] = {"plain", "avx2", "avx512"};
_Static_assert(sizeof names / sizeof *names == MESH_LANES_MACHINE_COUNT, "a name each");

// Sets from empty to full, with words of either kind in between.
static void roll_set(struct dice *dice, uint64_t *set, uint32_t words)
{
    uint32_t kind = dice_below(dice, 4);
    for (uint32_t i = 0; i < words; i++) {
        set[i] = dice_roll(dice);
        set[i] &= kind == 1 || dice_chance(dice, 30) ? dice_roll(dice) & dice_roll(dice) : set[i];
        set[i] = kind == 2 && dice_chance(dice, 90) ? 0 : set[i];
        set[i] = kind == 3 && dice_chance(dice, 50) ? UINT64_MAX : set[i];
    }
}

static bool is_in(const uint64_t *set, uint32_t lane)
{
    return (set[lane / 64] >> lane % 64 & 1) != 0;
}

static uint32_t count_of(const uint64_t *set, uint32_t words)
{
    uint32_t count = 0;
    for (uint32_t lane = 0; lane < 64 * words; lane++) {
        count += is_in(set, lane);
    }
    return count;
}

// ---- Each function with one code ----

static void try_without(const struct mesh_lanes_code *code, const char *name, struct dice *dice)
{
    uint64_t set[MESH_LANES_WORDS];
    uint64_t less[MESH_LANES_WORDS];
    uint64_t rest[MESH_LANES_WORDS + 1];
    uint32_t words = dice_below(dice, MESH_LANES_WORDS + 1);
    roll_set(dice, set, words);
    roll_set(dice, less, words);
    memset(rest, 0xA5, sizeof rest);
    uint64_t some = code->without(set, less, words, rest);
    for (uint32_t lane = 0; lane < 64 * words; lane++) {
        cr_assert_eq(is_in(rest, lane), is_in(set, lane) && !is_in(less, lane), "%s: lane %u of %u",
                     name, lane, words);
    }
    for (uint32_t i = 0; i < 64; i++) {
        bool any = i < words && rest[i] != 0;
        cr_assert_eq(some >> i & 1, any, "%s: word %u of %u", name, i, words);
    }
    cr_assert_eq(rest[words], UNTOUCHED, "%s writes beyond word %u", name, words);
}

static void try_subtract(const struct mesh_lanes_code *code, const char *name, struct dice *dice)
{
    uint64_t set[WORDS_MAX];
    uint64_t known[WORDS_MAX];
    uint64_t rest[WORDS_MAX + 1];
    uint32_t words = dice_below(dice, WORDS_MAX + 1);
    uint32_t word_first = dice_below(dice, 100);
    struct mesh_lanes less = {known, dice_below(dice, 200), dice_below(dice, WORDS_MAX + 1)};
    roll_set(dice, set, words);
    roll_set(dice, known, less.words);
    memset(rest, 0xA5, sizeof rest);
    uint32_t count = code->subtract(set, word_first, words, &less, rest);
    for (uint32_t lane = 0; lane < 64 * words; lane++) {
        uint32_t word = word_first + lane / 64;
        bool is_less = word >= less.word_first && word < less.word_first + less.words &&
                       is_in(known, 64 * (word - less.word_first) + lane % 64);
        cr_assert_eq(is_in(rest, lane), is_in(set, lane) && !is_less,
                     "%s: lane %u of %u words from %u on, less %u from %u on", name, lane, words,
                     word_first, less.words, less.word_first);
    }
    cr_assert_eq(count, count_of(rest, words), "%s", name);
    cr_assert_eq(rest[words], UNTOUCHED, "%s writes beyond word %u", name, words);
}

static void try_keep(const struct mesh_lanes_code *code, const char *name, struct dice *dice)
{
    uint64_t set[WORDS_MAX];
    uint64_t kept[WORDS_MAX];
    uint32_t words = 1 + dice_below(dice, WORDS_MAX);
    roll_set(dice, set, words);
    set[dice_below(dice, words)] |= 1;
    memcpy(kept, set, sizeof kept);
    uint32_t total = count_of(set, words);
    uint32_t first = dice_below(dice, total);
    uint32_t count = dice_below(dice, total + 1);
    code->keep(kept, words, total, first, count);
    uint32_t number = 0;
    for (uint32_t lane = 0; lane < 64 * words; lane++) {
        bool stays = is_in(set, lane) && (number + total - first) % total < count;
        cr_assert_eq(is_in(kept, lane), stays, "%s: %u from %u on of %u: lane %u, number %u", name,
                     count, first, total, lane, number);
        number += is_in(set, lane);
    }
}

static void try_span(const struct mesh_lanes_code *code, const char *name, struct dice *dice)
{
    uint64_t set[WORDS_MAX];
    uint32_t words = 1 + dice_below(dice, WORDS_MAX);
    uint32_t from = dice_below(dice, words);
    uint32_t to = from + dice_below(dice, words - from + 1);
    roll_set(dice, set, words);
    memset(set, 0, from * sizeof *set);
    memset(set + to, 0, (words - to) * sizeof *set);
    struct mesh_lanes_span span = code->span(set, words);
    uint32_t first = 0;
    uint32_t end = words;
    while (first < words && set[first] == 0) {
        first++;
    }
    while (end > first && set[end - 1] == 0) {
        end--;
    }
    if (first == words) {
        cr_assert(span.first == words - 1 && span.end == words, "%s: the last of %u", name, words);
    } else {
        cr_assert(span.first == first && span.end == end, "%s: [%u, %u) of %u words, not [%u, %u)",
                  name, span.first, span.end, words, first, end);
    }
}

static void try_sum(const struct mesh_lanes_code *code, const char *name, struct dice *dice)
{
    static uint64_t planes[5 * WORDS_MAX];
    uint64_t set[WORDS_MAX];
    uint32_t words = dice_below(dice, WORDS_MAX + 1);
    uint32_t plane_words = words + dice_below(dice, WORDS_MAX + 1 - words);
    uint32_t which = dice_below(dice, 32);
    roll_set(dice, set, words);
    roll_set(dice, planes, 5 * plane_words);
    uint64_t expected = 0;
    for (uint32_t lane = 0; lane < 64 * words; lane++) {
        for (uint32_t bit = 0; is_in(set, lane) && bit < 5; bit++) {
            bool is_one = is_in(planes + (size_t)bit * plane_words, lane);
            expected += (which >> bit & 1) != 0 && is_one ? 1u << bit : 0;
        }
    }
    cr_assert_eq(code->sum(set, words, planes, plane_words, which), expected, "%s: %u words", name,
                 words);
}

Test(lanes, every_vector_code_does_what_one_bit_after_the_other_does)
{
    for (uint32_t machine = 0; machine < MESH_LANES_MACHINE_COUNT; machine++) {
        const struct mesh_lanes_code *code = mesh_lanes_code_of(machine);
        for (uint64_t seed = 1; code != NULL && seed <= 500; seed++) {
            struct dice dice = {seed};
            try_without(code, names[machine], &dice);
            try_subtract(code, names[machine], &dice);
            try_span(code, names[machine], &dice);
            try_keep(code, names[machine], &dice);
            try_sum(code, names[machine], &dice);
        }
    }
}

Test(lanes, the_plain_code_is_there_on_every_machine_and_no_other_machine_is_unknown)
{
    cr_expect_not_null(mesh_lanes_code_of(MESH_LANES_PLAIN));
    cr_expect_not_null(mesh_lanes_code());
    cr_expect_null(mesh_lanes_code_of(MESH_LANES_MACHINE_COUNT));
}

Test(lanes, a_set_is_empty_outside_its_words)
{
    static const uint64_t lanes[] = {1, 2};
    struct mesh_lanes set = {lanes, 3, 2};
    static const uint64_t expected[] = {0, 0, 0, 1, 2, 0};
    for (uint32_t word = 0; word < sizeof expected / sizeof *expected; word++) {
        cr_expect_eq(mesh_lanes_at(&set, word), expected[word], "word %u", word);
    }
}
