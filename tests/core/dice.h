// SPDX-License-Identifier: GPL-3.0-or-later
// The tests' own randomness, unrelated to the core's: splitmix64 (Steele, Lea, Flood, "Fast
// splittable pseudorandom number generators", OOPSLA 2014). A failing test prints the seed.

#ifndef DICE_H
#define DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

static inline uint64_t dice_roll(struct dice *dice)
{
    uint64_t mixed = dice->state += 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBu;
    return mixed ^ mixed >> 31;
}

// In [0, bound), bound > 0; the bias of the remainder does not matter here.
static inline uint32_t dice_below(struct dice *dice, uint32_t bound)
{
    return (uint32_t)(dice_roll(dice) % bound);
}

static inline bool dice_chance(struct dice *dice, uint32_t percent)
{
    return dice_below(dice, 100) < percent;
}

#endif
