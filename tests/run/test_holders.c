// SPDX-License-Identifier: GPL-3.0-or-later
// Counting who holds the reports of a word: every machine's code against one lane after the other.
#include <criterion/criterion.h>
#include <string.h>

#include "../core/dice.h"
#include "holders.h"

enum { NEEDED_MAX = 4096, BEFORE = 5, BEHIND = 40, COUNTS = BEFORE + 64 + BEHIND };

static const char *const names[] = {"plain", "avx512"};
_Static_assert(sizeof names / sizeof *names == SIM_HOLDERS_MACHINE_COUNT, "a name each");

// Around `needed` more often than anywhere else.
static uint16_t roll_count(struct dice *dice, uint32_t needed)
{
    switch (dice_below(dice, 6)) {
    case 0:
    case 1: return (uint16_t)(needed - 1);
    case 2: return (uint16_t)needed;
    case 3: return (uint16_t)(needed > 1 ? needed - 2 : 0);
    case 4: return 0;
    default: return (uint16_t)dice_below(dice, NEEDED_MAX + 1);
    }
}

static uint64_t roll_lanes(struct dice *dice)
{
    uint64_t lanes = dice_roll(dice);
    switch (dice_below(dice, 6)) {
    case 0: return lanes & dice_roll(dice) & dice_roll(dice);
    case 1: return UINT64_C(1) << lanes % 64;
    case 2: return UINT64_MAX;
    case 3: return lanes << 32;
    case 4: return lanes >> 32;
    default: return lanes;
    }
}

// Counts that go on before and behind the word, at any place in memory.
static void try_word(sim_holders_code *code, const char *name, struct dice *dice, uint32_t needed)
{
    uint16_t memory[COUNTS + 8];
    uint16_t *counts = memory + dice_below(dice, 8);
    uint16_t before[COUNTS];
    for (uint32_t i = 0; i < COUNTS; i++) {
        counts[i] = roll_count(dice, needed);
    }
    memcpy(before, counts, sizeof before);
    uint64_t lanes = dice_chance(dice, 5) ? 0 : roll_lanes(dice);
    uint64_t reached = code(counts + BEFORE, lanes, needed);
    for (uint32_t i = 0; i < COUNTS; i++) {
        uint32_t lane = i - BEFORE;
        bool one_more = i >= BEFORE && lane < 64 && (lanes >> lane & 1) != 0;
        cr_assert_eq(counts[i], before[i] + one_more, "%s: lane %d of %lx has %u after %u", name,
                     (int)lane, lanes, counts[i], before[i]);
        bool is_enough = one_more && before[i] + 1u == needed;
        if (i >= BEFORE && lane < 64) {
            cr_assert_eq(reached >> lane & 1, is_enough, "%s: lane %u of %lx, %u of %u", name, lane,
                         lanes, counts[i], needed);
        }
    }
}

Test(holders, every_machines_code_counts_as_one_lane_after_the_other_does)
{
    for (uint32_t machine = 0; machine < SIM_HOLDERS_MACHINE_COUNT; machine++) {
        sim_holders_code *code = sim_holders_code_of((enum sim_holders_machine)machine);
        struct dice dice = {7};
        for (uint32_t needed = 1; code != NULL && needed <= NEEDED_MAX; needed++) {
            for (uint32_t i = 0; i < 8; i++) {
                try_word(code, names[machine], &dice, needed);
            }
        }
    }
}

// From nobody to everybody: each lane is told of once, when it is held by as many as needed.
Test(holders, each_lane_reaches_what_is_needed_once)
{
    enum { AGENTS = 2000, NEEDED = 1980 };
    for (uint32_t machine = 0; machine < SIM_HOLDERS_MACHINE_COUNT; machine++) {
        sim_holders_code *code = sim_holders_code_of((enum sim_holders_machine)machine);
        uint16_t counts[64] = {0};
        uint64_t reached = 0;
        for (uint32_t agent = 1; code != NULL && agent <= AGENTS; agent++) {
            uint64_t now = code(counts, UINT64_MAX, NEEDED);
            cr_assert_eq(now, agent == NEEDED ? UINT64_MAX : 0, "%s: agent %u", names[machine],
                         agent);
            reached |= now;
        }
        cr_expect(code == NULL || (reached == UINT64_MAX && counts[63] == AGENTS), "%s",
                  names[machine]);
    }
}

Test(holders, the_plain_code_is_there_on_every_machine_and_the_best_is_one_of_all)
{
    bool is_one = false;
    for (uint32_t machine = 0; machine < SIM_HOLDERS_MACHINE_COUNT; machine++) {
        is_one |= sim_holders_best_code() == sim_holders_code_of((enum sim_holders_machine)machine);
    }
    cr_expect_not_null(sim_holders_code_of(SIM_HOLDERS_PLAIN));
    cr_expect_not_null(sim_holders_best_code());
    cr_expect(is_one);
    cr_expect_null(sim_holders_code_of(SIM_HOLDERS_MACHINE_COUNT));
}
