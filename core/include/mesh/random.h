// SPDX-License-Identifier: Apache-2.0
// Counter-based randomness: a draw is a pure function of who draws and for what.
//
//     key      seed of the run ----------------------------+
//                                                           v
//     counter  [ counter lo | counter hi | node | purpose:8 index:24 ] -> Philox4x32-10 -> 4 words
//
// Nothing is remembered between draws, so their order does not matter: threads agree, an added
// agent leaves every other node's draws unchanged, and two variants of a scenario share their
// randomness. `purpose` keeps streams apart; `counter` names the occasion (a tick, an update's
// dot), `index` the block within it.
//
// Philox: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11.

#ifndef MESH_RANDOM_H
#define MESH_RANDOM_H

#include <stdint.h>

#define MESH_INDEX_MAX ((1u << 24) - 1)

// Purposes below 128 belong to the core, the others to its driver.
enum mesh_purpose {
    MESH_DRAW_PHASE = 1,        // a node's phase in a scope's interval; counter: the scope
    MESH_DRAW_TICK_PEERS = 2,   // whom a tick talks to; counter: the tick's occasion
    MESH_DRAW_EAGER_PEERS = 3,  // whom a first receipt goes on to; counter: the update's occasion
    MESH_DRAW_GAP = 4,          // the time to a Poisson tick; counter: scope and tick
    MESH_DRAW_COIN = 5,      // whether interest in a rumour is lost; counter: the update's occasion
    MESH_DRAW_ELECTION = 6,  // an election timeout; counter: the term and how many were drawn in it
    MESH_DRAW_SWIM_PHASE = 16,    // when a node's periods begin
    MESH_DRAW_SWIM_ORDER = 17,    // whom it probes; counter: the round, or the probe
    MESH_DRAW_SWIM_PROXIES = 18,  // whom it asks to; counter: its messages so far, likewise
    MESH_DRAW_SWIM_SYNC = 19,     // whom of the dead it calls
    MESH_DRAW_DRIVER = 128,       // first purpose of the driver
};

struct mesh_random {
    uint32_t word[4];
};

// Ten rounds of Philox4x32 over `counter` with the 64-bit `key`. Inline, so that a loop over many
// counters becomes vector code.
static inline struct mesh_random mesh_philox(uint64_t key, uint32_t c0, uint32_t c1, uint32_t c2,
                                             uint32_t c3)
{
    uint32_t k0 = (uint32_t)key;
    uint32_t k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0;
        uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        uint32_t n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return (struct mesh_random){{c0, c1, c2, c3}};
}

// The block that `node` draws for `purpose` on the occasion `counter`. index <= MESH_INDEX_MAX.
static inline struct mesh_random mesh_draw(uint64_t seed, uint32_t purpose, uint32_t index,
                                           uint32_t node, uint64_t counter)
{
    return mesh_philox(seed, (uint32_t)counter, (uint32_t)(counter >> 32), node,
                       purpose << 24 | index);
}

// Maps a word to [0, bound) by multiplication. No value is off its fair share by more than
// bound / 2^32, relatively: 2 in 10,000 for a million agents, which no statistic of a run sees.
static inline uint32_t mesh_below(uint32_t word, uint32_t bound)
{
    return (uint32_t)((uint64_t)word * bound >> 32);
}

__extension__ typedef unsigned __int128 mesh_uint128;

// The same for 64 bits: two words, a bound of up to 2^64 - 1.
static inline uint64_t mesh_below_wide(uint32_t high, uint32_t low, uint64_t bound)
{
    return (uint64_t)((mesh_uint128)((uint64_t)high << 32 | low) * bound >> 64);
}

// An exponential gap with the mean `mean_ns`, from 64 random bits: -ln((r + 1) / 2^64) * mean, by
// integers alone. The logarithm to base 2 is taken bit by bit: squaring doubles it, and a square
// that reaches 2 gives a one. With 32 fractional bits the gap is exact to a part in 10^9 of the
// mean.
static inline uint64_t mesh_exponential_ns(uint32_t high, uint32_t low, uint64_t mean_ns)
{
    uint64_t random = (uint64_t)high << 32 | low;
    if (random == UINT64_MAX) {
        return 0;
    }
    random++;
    uint32_t leading = (uint32_t)__builtin_clzll(random);
    uint64_t mantissa = random << leading >> 32;  // [1, 2) in units of 2^-31
    uint64_t fraction = 0;                        // of the logarithm, in units of 2^-32
    for (int bit = 0; bit < 32; bit++) {
        mantissa = mantissa * mantissa >> 31;
        fraction <<= 1;
        if (mantissa >= UINT64_C(1) << 32) {
            mantissa >>= 1;
            fraction |= 1;
        }
    }
    // 64 - log2(random), times ln 2 = 2977044472 / 2^32.
    uint64_t halvings = ((uint64_t)(leading + 1) << 32) - fraction;
    uint64_t scaled = (uint64_t)((mesh_uint128)halvings * 2977044472u >> 32);
    return (uint64_t)((mesh_uint128)scaled * mean_ns >> 32);
}

#endif
