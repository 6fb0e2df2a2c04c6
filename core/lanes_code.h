// SPDX-License-Identifier: Apache-2.0
// What is done with many words of lanes at once (mesh/lanes.h says what), for those who compile it
// into code of their own.

#ifndef MESH_LANES_CODE_H
#define MESH_LANES_CODE_H

#include <stdbool.h>
#include <stddef.h>

#include "mesh/lanes.h"

#define LANES_AVX2 "avx2,popcnt,bmi"
#define LANES_AVX512 "avx512f,avx512dq,avx512vpopcntdq,popcnt,bmi"

// The bodies stand once and are compiled for each kind of machine, whose compilers know how to
// count bits of many words at once.
#define BODY __attribute__((always_inline)) static inline

BODY uint64_t lanes_without(const uint64_t *restrict set, const uint64_t *restrict less,
                            uint32_t words, uint64_t *restrict rest)
{
    uint64_t any = 0;
    for (uint64_t i = 0; i < words; i++) {
        uint64_t lanes = set[i] & ~less[i];
        rest[i] = lanes;
        any |= (lanes != 0 ? UINT64_C(1) : 0) << i;
    }
    return any;
}

BODY uint64_t lanes_copy(const uint64_t *restrict set, uint32_t first, uint32_t end,
                         uint64_t *restrict rest)
{
    uint64_t count = 0;
    for (uint64_t i = first; i < end; i++) {
        uint64_t lanes = set[i];
        rest[i] = lanes;
        count += (uint64_t)__builtin_popcountll(lanes);
    }
    return count;
}

BODY uint32_t lanes_subtract(const uint64_t *restrict set, uint32_t word_first, uint32_t words,
                             const struct mesh_lanes *less, uint64_t *restrict rest)
{
    // What both have stands in the middle, [first, end).
    uint32_t before = less->word_first > word_first ? less->word_first - word_first : 0;
    uint32_t first = before < words ? before : words;
    uint32_t skipped = less->word_first < word_first ? word_first - less->word_first : 0;
    uint32_t common = skipped < less->words ? less->words - skipped : 0;
    uint32_t end = common < words - first ? first + common : words;
    const uint64_t *restrict known = less->lanes + skipped;
    uint64_t count = lanes_copy(set, 0, first, rest) + lanes_copy(set, end, words, rest);
    set += first;
    rest += first;
    for (uint64_t i = 0; i < end - first; i++) {
        uint64_t lanes = set[i] & ~known[i];
        rest[i] = lanes;
        count += (uint64_t)__builtin_popcountll(lanes);
    }
    return (uint32_t)count;
}

// Two at once: what is brought and not held, `fresh`, and what of a plane and of that is not known,
// `told`. Bit i of `some`: fresh[i] is not 0; words <= MESH_LANES_WORDS.
struct lanes_split {
    uint64_t some;
    uint64_t count;  // of told
};

BODY struct lanes_split lanes_split(const uint64_t *restrict brought, const uint64_t *restrict have,
                                    const uint64_t *restrict plane, const uint64_t *restrict known,
                                    uint32_t words, uint64_t *restrict fresh,
                                    uint64_t *restrict told)
{
    struct lanes_split split = {0, 0};
    for (uint64_t i = 0; i < words; i++) {
        fresh[i] = brought[i] & ~have[i];
        split.some |= (fresh[i] != 0 ? UINT64_C(1) : 0) << i;
        told[i] = (plane[i] | brought[i]) & ~known[i];
        split.count += (uint64_t)__builtin_popcountll(told[i]);
    }
    return split;
}

// The lowest `count` of these lanes: what ends before the next, found half by half, since a loop
// from lane to lane would end where nobody could foresee.
BODY uint64_t lanes_lowest(uint64_t lanes, uint32_t count)
{
    uint32_t end = 0;
    for (uint32_t half = 32; half > 0; half /= 2) {
        uint64_t lower = lanes >> end & ((UINT64_C(1) << half) - 1);
        uint32_t here = (uint32_t)__builtin_popcountll(lower);
        uint32_t taken = here <= count ? UINT32_MAX : 0;
        end += half & taken;
        count -= here & taken;
    }
    return count > 0 ? lanes : lanes & ((UINT64_C(1) << end) - 1);
}

// Where the lane of a number stands: how many stand before it in its word. Behind the last lane the
// word is `words`.
struct lanes_place {
    uint32_t word;
    uint32_t before;
};

BODY struct lanes_place lanes_place_of(const uint64_t *set, uint32_t words, uint32_t number)
{
    uint32_t passed = 0;
    for (uint32_t i = 0; i < words; i++) {
        uint32_t next = passed + (uint32_t)__builtin_popcountll(set[i]);
        if (next > number) {
            return (struct lanes_place){i, number - passed};
        }
        passed = next;
    }
    return (struct lanes_place){words, 0};
}

// Clears the lanes from one place to another.
BODY void lanes_clear(uint64_t *set, uint32_t words, struct lanes_place from, struct lanes_place to)
{
    uint64_t first = from.word < words ? lanes_lowest(set[from.word], from.before) : 0;
    uint64_t last = to.word < words ? set[to.word] & ~lanes_lowest(set[to.word], to.before) : 0;
    for (uint64_t i = from.word; i < to.word; i++) {
        set[i] = 0;
    }
    if (to.word < words) {
        set[to.word] = last;
    }
    if (from.word < words) {
        set[from.word] |= first;
    }
}

BODY void lanes_keep(uint64_t *set, uint32_t words, uint32_t total, uint32_t first, uint32_t count)
{
    struct lanes_place start = lanes_place_of(set, words, first);
    if (total - first < count) {  // goes on at the beginning
        lanes_clear(set, words, lanes_place_of(set, words, count - (total - first)), start);
        return;
    }
    struct lanes_place end = lanes_place_of(set, words, first + count);
    lanes_clear(set, words, end, (struct lanes_place){words, 0});
    lanes_clear(set, words, (struct lanes_place){0, 0}, start);
}

BODY struct mesh_lanes_span lanes_span(const uint64_t *set, uint32_t words)
{
    if (words <= MESH_LANES_WORDS) {
        // Without a loop whose end nobody could foresee.
        uint64_t any = 0;
        for (uint64_t i = 0; i < words; i++) {
            any |= (set[i] != 0 ? UINT64_C(1) : 0) << i;
        }
        uint32_t last = any == 0 ? words - 1 : 63 - (uint32_t)__builtin_clzll(any);
        return (struct mesh_lanes_span){any == 0 ? last : (uint32_t)__builtin_ctzll(any), last + 1};
    }
    uint32_t first = 0;
    uint32_t end = words;
    while (first + 1 < end && set[first] == 0) {
        first++;
    }
    while (first + 1 < end && set[end - 1] == 0) {
        end--;
    }
    return (struct mesh_lanes_span){first, end};
}

BODY uint64_t lanes_sum(const uint64_t *restrict set, uint32_t words,
                        const uint64_t *restrict planes, uint32_t plane_words, uint32_t which)
{
    uint64_t all = 0;
    for (; which != 0; which &= which - 1) {
        uint32_t bit = (uint32_t)__builtin_ctz(which);
        const uint64_t *restrict plane = planes + (size_t)plane_words * bit;
        uint64_t count = 0;
        for (uint64_t i = 0; i < words; i++) {
            count += (uint64_t)__builtin_popcountll(set[i] & plane[i]);
        }
        all += count << bit;
    }
    return all;
}

#endif
