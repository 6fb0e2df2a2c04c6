// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <gsl/gsl_cdf.h>

#include "mesh/random.h"

// Random123 1.09, tests/kat_vectors, lines "philox4x32 10".
Test(random, philox_gives_the_published_answers)
{
    static const struct {
        uint64_t key;
        uint32_t counter[4];
        uint32_t answer[4];
    } known[] = {
        {0, {0, 0, 0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {UINT64_MAX,
         {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {UINT64_C(0x299f31d0a4093822),
         {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const uint32_t *c = known[i].counter;
        struct mesh_random random = mesh_philox(known[i].key, c[0], c[1], c[2], c[3]);
        for (int word = 0; word < 4; word++) {
            cr_expect_eq(random.word[word], known[i].answer[word],
                         "vector %zu, word %d: %08x, published %08x", i, word, random.word[word],
                         known[i].answer[word]);
        }
    }
}

// The header's drawing, by hand: which field of a draw stands in which word of the counter.
Test(random, a_draw_is_philox_over_the_counter_that_the_header_draws)
{
    struct mesh_random draw = mesh_draw(UINT64_C(0x299f31d0a4093822), 0x03, 0x707344, 0x13198a2e,
                                        UINT64_C(0x85a308d3243f6a88));
    cr_expect_eq(draw.word[0], 0xd16cfe09);
    cr_expect_eq(draw.word[3], 0x24126ea1);
}

// A stream is read forwards, then backwards between draws of other streams.
Test(random, draws_do_not_depend_on_their_order)
{
    enum { COUNT = 1000 };
    static struct mesh_random forwards[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        forwards[i] = mesh_draw(42, MESH_DRAW_TICK_PEERS, i % 3, i % 7, i);
    }
    for (uint32_t i = COUNT; i-- > 0;) {
        mesh_draw(42, MESH_DRAW_PHASE, i % 3, i % 7, i);
        struct mesh_random again = mesh_draw(42, MESH_DRAW_TICK_PEERS, i % 3, i % 7, i);
        for (int word = 0; word < 4; word++) {
            cr_assert_eq(again.word[word], forwards[i].word[word], "draw %u changed", i);
        }
    }
}

// Philox is a bijection of the counter: blocks that differ in any field differ.
Test(random, every_field_of_a_draw_makes_another_block)
{
    struct mesh_random blocks[] = {
        mesh_draw(1, 1, 0, 5, 9),  mesh_draw(1, 2, 0, 5, 9),
        mesh_draw(1, 1, 1, 5, 9),  mesh_draw(1, 1, 0, 6, 9),
        mesh_draw(1, 1, 0, 5, 10), mesh_draw(1, 1, 0, 5, 9 + (UINT64_C(1) << 32)),
        mesh_draw(2, 1, 0, 5, 9),
    };
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        for (size_t j = 0; j < i; j++) {
            cr_expect(blocks[i].word[0] != blocks[j].word[0] ||
                          blocks[i].word[1] != blocks[j].word[1],
                      "blocks %zu and %zu", i, j);
        }
    }
}

Test(random, a_bounded_draw_reaches_both_ends_and_stays_below_its_bound)
{
    static const uint32_t bounds[] = {1, 2, 3, 10, 1000003, UINT32_MAX};
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        cr_expect_eq(mesh_below(0, bounds[i]), 0);
        cr_expect_eq(mesh_below(UINT32_MAX, bounds[i]), bounds[i] - 1);
    }
    cr_expect_eq(mesh_below(0x80000000, 10), 5, "half of the words, half of the range");
    cr_expect_eq(mesh_below(0x7fffffff, 10), 4);
    cr_expect_eq(mesh_below_wide(0, 0, UINT64_MAX), 0);
    cr_expect_eq(mesh_below_wide(UINT32_MAX, UINT32_MAX, UINT64_MAX), UINT64_MAX - 1);
    cr_expect_eq(mesh_below_wide(0x80000000, 0, UINT64_C(100000000000)), UINT64_C(50000000000));
    cr_expect_eq(mesh_below_wide(0, UINT32_MAX, UINT64_C(1) << 32), 0, "the low word is the low");
}

// Pearson's chi-square; a fair generator fails once in a million sets of draws, and ours are fixed.
static void expect_uniform(const uint32_t *counts, uint32_t cells, uint32_t draws, const char *what)
{
    double expected = (double)draws / cells;
    double statistic = 0;
    for (uint32_t i = 0; i < cells; i++) {
        statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
    }
    double chance = gsl_cdf_chisq_Q(statistic, cells - 1);
    cr_expect(chance > 1e-6 && chance < 1 - 1e-6, "%s: chi-square %.1f over %u cells, chance %.2g",
              what, statistic, cells, chance);
}

Test(random, bounded_draws_are_uniform_over_occasions_nodes_and_words)
{
    enum { CELLS = 97, DRAWS = 200000 };
    for (int word = 0; word < 4; word++) {
        uint32_t by_occasion[CELLS] = {0};
        uint32_t by_node[CELLS] = {0};
        for (uint32_t i = 0; i < DRAWS; i++) {
            by_occasion[mesh_below(mesh_draw(3, 1, 0, 12, i).word[word], CELLS)]++;
            by_node[mesh_below(mesh_draw(3, 1, 0, i, 12).word[word], CELLS)]++;
        }
        expect_uniform(by_occasion, CELLS, DRAWS, "successive occasions");
        expect_uniform(by_node, CELLS, DRAWS, "neighbouring nodes");
    }
}
