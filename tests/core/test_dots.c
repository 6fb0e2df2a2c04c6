// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <string.h>

#include "dice.h"
#include "mesh/dots.h"

enum { ORIGINS = 3, SEQUENCES = 24, RUNS = ORIGINS * SEQUENCES };

static bool run_is(struct mesh_run run, uint32_t origin, uint32_t first, uint32_t last)
{
    return run.origin == origin && run.first == first && run.last == last;
}

Test(dots, a_gap_that_closes_makes_one_run_of_two)
{
    struct mesh_run runs[3];
    struct mesh_dots dots = {runs, 0, 3};
    cr_assert(mesh_dots_add(&dots, (struct mesh_run){3, 1, 3}));
    cr_assert(mesh_dots_add(&dots, (struct mesh_run){3, 7, 7}));
    cr_assert(mesh_dots_add(&dots, (struct mesh_run){9, 1, 1}));
    cr_expect_eq(dots.count, 3);
    cr_expect_not(mesh_dots_contains(&dots, (struct mesh_dot){3, 4}));
    cr_assert(mesh_dots_add(&dots, (struct mesh_run){3, 4, 6}));
    cr_expect_eq(dots.count, 2);
    cr_expect(run_is(runs[0], 3, 1, 7));
    cr_expect(run_is(runs[1], 9, 1, 1));
    cr_expect(mesh_dots_contains(&dots, (struct mesh_dot){3, 4}));
    cr_expect_not(mesh_dots_contains(&dots, (struct mesh_dot){9, 2}));
}

Test(dots, without_room_for_a_run_nothing_changes_but_growing_one_needs_none)
{
    struct mesh_run runs[1];
    struct mesh_dots dots = {runs, 0, 1};
    cr_assert(mesh_dots_add(&dots, (struct mesh_run){5, 10, 20}));
    cr_expect_not(mesh_dots_add(&dots, (struct mesh_run){5, 22, 22}), "21 is missing");
    cr_expect_not(mesh_dots_add(&dots, (struct mesh_run){4, 10, 20}));
    cr_expect(run_is(runs[0], 5, 10, 20));
    cr_expect(mesh_dots_add(&dots, (struct mesh_run){5, 21, 30}));
    cr_expect(mesh_dots_add(&dots, (struct mesh_run){5, 8, 9}));
    cr_expect(run_is(runs[0], 5, 8, 30));
}

Test(dots, the_ends_of_the_numbers_are_ordinary_sequences)
{
    struct mesh_run runs[2];
    struct mesh_dots dots = {runs, 0, 2};
    cr_assert(mesh_dots_add(&dots, (struct mesh_run){0, UINT32_MAX, UINT32_MAX}));
    cr_assert(mesh_dots_add(&dots, (struct mesh_run){1, 1, 1}));
    cr_expect_eq(dots.count, 2, "(0, 2^32 - 1) and (1, 1) do not touch");
    cr_expect(mesh_dots_add(&dots, (struct mesh_run){0, 1, UINT32_MAX - 1}));
    cr_expect(run_is(runs[0], 0, 1, UINT32_MAX));
    cr_expect(mesh_dots_add(&dots, (struct mesh_run){0, 5, UINT32_MAX}), "already there");
    cr_expect_eq(dots.count, 2);
}

Test(dots, the_next_dot_of_an_origin_follows_its_last)
{
    struct mesh_run runs[] = {{2, 1, 4}, {2, 8, 9}, {5, 3, 3}};
    struct mesh_dots dots = {runs, 3, 3};
    cr_expect_eq(mesh_dots_next(&dots, 2).sequence, 10);
    cr_expect_eq(mesh_dots_next(&dots, 5).sequence, 4);
    cr_expect_eq(mesh_dots_next(&dots, 1).sequence, 1);
    cr_expect_eq(mesh_dots_next(&dots, 3).sequence, 1);
    cr_expect_eq(mesh_dots_next(&dots, 6).sequence, 1);
    cr_expect_eq(mesh_dots_next(&dots, 6).origin, 6);
    runs[1].last = UINT32_MAX;
    cr_expect_eq(mesh_dots_next(&dots, 2).sequence, 0, "no number is left");
}

// Against a table of flags.
Test(dots, runs_say_what_a_table_of_flags_says_and_are_as_few_as_can_be)
{
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        struct dice dice = {seed};
        bool flags[ORIGINS][SEQUENCES + 2] = {{false}};
        struct mesh_run runs[RUNS];
        struct mesh_dots dots = {runs, 0, RUNS};
        for (uint32_t additions = dice_below(&dice, 30); additions > 0; additions--) {
            uint32_t origin = dice_below(&dice, ORIGINS);
            uint32_t first = 1 + dice_below(&dice, SEQUENCES);
            uint32_t last = first + dice_below(&dice, 5);
            last = last < SEQUENCES ? last : SEQUENCES;
            cr_assert(mesh_dots_add(&dots, (struct mesh_run){origin, first, last}));
            memset(&flags[origin][first], true, last - first + 1);
        }
        uint32_t expected = 0;
        for (uint32_t origin = 0; origin < ORIGINS; origin++) {
            for (uint32_t sequence = 1; sequence <= SEQUENCES; sequence++) {
                bool flag = flags[origin][sequence];
                cr_assert_eq(mesh_dots_contains(&dots, (struct mesh_dot){origin, sequence}), flag,
                             "seed %lu: (%u, %u)", seed, origin, sequence);
                if (flag && !flags[origin][sequence - 1]) {
                    cr_assert(runs[expected].origin == origin && runs[expected].first == sequence,
                              "seed %lu: run %u", seed, expected);
                    expected++;
                }
            }
        }
        cr_assert_eq(dots.count, expected, "seed %lu", seed);
    }
}
