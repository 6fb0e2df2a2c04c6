// SPDX-License-Identifier: Apache-2.0
// Sets of lanes, one bit each, 64 to a word (mesh/table.h), and what is done with many words of
// them at once: in vector code where the machine has it.
//
//     words of the replica   0  1  2  3  4  5  6  7
//     a set of lanes                  [  |  |  ]          word_first = 3, words = 3
//
// Every code gives the same integers; a test compares them all. Meshes with at most 64 updates
// under way have one word and need none of this.

#ifndef MESH_LANES_H
#define MESH_LANES_H

#include <stdint.h>

#define MESH_LANES_WORDS 64u  // that mesh_lanes_code.without takes at most: bits of a word

// Those of words word_first .. word_first + words - 1; outside them it is empty.
struct mesh_lanes {
    const uint64_t *lanes;
    uint32_t word_first;
    uint32_t words;
};

// The lanes of a word of the replica.
static inline uint64_t mesh_lanes_at(const struct mesh_lanes *set, uint32_t word)
{
    return word - set->word_first < set->words ? set->lanes[word - set->word_first] : 0;
}

struct mesh_lanes_span {
    uint32_t first;
    uint32_t end;
};

enum mesh_lanes_machine {
    MESH_LANES_PLAIN,
    MESH_LANES_AVX2,
    MESH_LANES_AVX512,
    MESH_LANES_MACHINE_COUNT
};

// The functions take `words` words of each set but `less`, which has words of its own; results
// overlap no inputs.
struct mesh_lanes_code {
    // rest = set without less, words <= MESH_LANES_WORDS; bit i of the value: rest[i] is not 0.
    uint64_t (*without)(const uint64_t *set, const uint64_t *less, uint32_t words, uint64_t *rest);

    // rest = set without less, the set beginning at word `word_first`. Returns how many lanes.
    uint32_t (*subtract)(const uint64_t *set, uint32_t word_first, uint32_t words,
                         const struct mesh_lanes *less, uint64_t *rest);

    // Of all lanes of the set, in ascending order and from the first again behind the last, keeps
    // `count`, beginning with number `first`; total: how many there are, > first and >= count.
    void (*keep)(uint64_t *set, uint32_t words, uint32_t total, uint32_t first, uint32_t count);

    // The words that are not empty lie in the span's [first, end), which is as short as that
    // allows; of a set with nothing in it that is the last word.
    struct mesh_lanes_span (*span)(const uint64_t *set, uint32_t words);

    // The sum of what planes say of the lanes of the set, bit b of a number in plane b, of the bits
    // in `which`. Planes are `plane_words` apart.
    uint64_t (*sum)(const uint64_t *set, uint32_t words, const uint64_t *planes,
                    uint32_t plane_words, uint32_t which);
};

// For this kind of machine, or NULL when this one is none.
const struct mesh_lanes_code *mesh_lanes_code_of(enum mesh_lanes_machine machine);

// What this machine is, and the code for it.
enum mesh_lanes_machine mesh_lanes_machine(void);
const struct mesh_lanes_code *mesh_lanes_code(void);

#endif
