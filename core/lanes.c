// SPDX-License-Identifier: Apache-2.0
#include "mesh/lanes.h"

#include <stdbool.h>
#include <stddef.h>

// The bodies stand once and are compiled for each kind of machine, whose compilers know how to
// count bits of many words at once.
#define BODY __attribute__((always_inline)) static inline

BODY uint64_t without(const uint64_t *restrict set, const uint64_t *restrict less, uint32_t words,
                      uint64_t *restrict rest)
{
    uint64_t any = 0;
    for (uint64_t i = 0; i < words; i++) {
        uint64_t lanes = set[i] & ~less[i];
        rest[i] = lanes;
        any |= (lanes != 0 ? UINT64_C(1) : 0) << i;
    }
    return any;
}

BODY uint64_t copy(const uint64_t *restrict set, uint32_t first, uint32_t end,
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

BODY uint32_t subtract(const uint64_t *restrict set, uint32_t word_first, uint32_t words,
                       const struct mesh_lanes *less, uint64_t *restrict rest)
{
    // What both have stands in the middle, [first, end).
    uint32_t before = less->word_first > word_first ? less->word_first - word_first : 0;
    uint32_t first = before < words ? before : words;
    uint32_t skipped = less->word_first < word_first ? word_first - less->word_first : 0;
    uint32_t common = skipped < less->words ? less->words - skipped : 0;
    uint32_t end = common < words - first ? first + common : words;
    const uint64_t *restrict known = less->lanes + skipped;
    uint64_t count = copy(set, 0, first, rest) + copy(set, end, words, rest);
    set += first;
    rest += first;
    for (uint64_t i = 0; i < end - first; i++) {
        uint64_t lanes = set[i] & ~known[i];
        rest[i] = lanes;
        count += (uint64_t)__builtin_popcountll(lanes);
    }
    return (uint32_t)count;
}

// The lowest `count` of these lanes.
BODY uint64_t lowest(uint64_t lanes, uint32_t count)
{
    uint64_t others = lanes;
    for (uint32_t i = 0; i < count && others != 0; i++) {
        others &= others - 1;
    }
    return lanes ^ others;
}

// Where the lane of a number stands: how many stand before it in its word. Behind the last lane the
// word is `words`.
struct place {
    uint32_t word;
    uint32_t before;
};

BODY struct place place_of(const uint64_t *set, uint32_t words, uint32_t number)
{
    uint32_t passed = 0;
    for (uint32_t i = 0; i < words; i++) {
        uint32_t next = passed + (uint32_t)__builtin_popcountll(set[i]);
        if (next > number) {
            return (struct place){i, number - passed};
        }
        passed = next;
    }
    return (struct place){words, 0};
}

// Clears the lanes from one place to another.
BODY void clear(uint64_t *set, uint32_t words, struct place from, struct place to)
{
    uint64_t first = from.word < words ? lowest(set[from.word], from.before) : 0;
    uint64_t last = to.word < words ? set[to.word] & ~lowest(set[to.word], to.before) : 0;
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

BODY void keep(uint64_t *set, uint32_t words, uint32_t total, uint32_t first, uint32_t count)
{
    struct place start = place_of(set, words, first);
    if (total - first < count) {  // goes on at the beginning
        clear(set, words, place_of(set, words, count - (total - first)), start);
        return;
    }
    struct place end = place_of(set, words, first + count);
    clear(set, words, end, (struct place){words, 0});
    clear(set, words, (struct place){0, 0}, start);
}

BODY struct mesh_lanes_span span(const uint64_t *set, uint32_t words)
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

BODY uint64_t sum(const uint64_t *restrict set, uint32_t words, const uint64_t *restrict planes,
                  uint32_t plane_words, uint32_t which)
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

#define CODE(machine, target)                                                                    \
    target static uint64_t without_##machine(const uint64_t *restrict set,                       \
                                             const uint64_t *restrict less, uint32_t words,      \
                                             uint64_t *restrict rest)                            \
    {                                                                                            \
        return without(set, less, words, rest);                                                  \
    }                                                                                            \
    target static uint32_t subtract_##machine(const uint64_t *restrict set, uint32_t word_first, \
                                              uint32_t words, const struct mesh_lanes *less,     \
                                              uint64_t *restrict rest)                           \
    {                                                                                            \
        return subtract(set, word_first, words, less, rest);                                     \
    }                                                                                            \
    target static void keep_##machine(uint64_t *set, uint32_t words, uint32_t total,             \
                                      uint32_t first, uint32_t count)                            \
    {                                                                                            \
        keep(set, words, total, first, count);                                                   \
    }                                                                                            \
    target static struct mesh_lanes_span span_##machine(const uint64_t *set, uint32_t words)     \
    {                                                                                            \
        return span(set, words);                                                                 \
    }                                                                                            \
    target static uint64_t sum_##machine(const uint64_t *restrict set, uint32_t words,           \
                                         const uint64_t *restrict planes, uint32_t plane_words,  \
                                         uint32_t which)                                         \
    {                                                                                            \
        return sum(set, words, planes, plane_words, which);                                      \
    }                                                                                            \
    static const struct mesh_lanes_code code_##machine = {                                       \
        without_##machine, subtract_##machine, keep_##machine, span_##machine, sum_##machine};

CODE(plain, )
#ifdef __x86_64__
CODE(avx2, __attribute__((target("avx2,popcnt,bmi"))))
CODE(avx512, __attribute__((target("avx512f,avx512dq,avx512vpopcntdq,popcnt,bmi"))))
#endif

const struct mesh_lanes_code *mesh_lanes_code_of(enum mesh_lanes_machine machine)
{
#ifdef __x86_64__
    if (machine == MESH_LANES_AVX512) {
        bool has = __builtin_cpu_supports("avx512dq") &&
                   __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("bmi");
        return has ? &code_avx512 : NULL;
    }
    if (machine == MESH_LANES_AVX2) {
        bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") &&
                   __builtin_cpu_supports("bmi");
        return has ? &code_avx2 : NULL;
    }
#endif
    return machine == MESH_LANES_PLAIN ? &code_plain : NULL;
}

const struct mesh_lanes_code *mesh_lanes_code(void)
{
    const struct mesh_lanes_code *code = mesh_lanes_code_of(MESH_LANES_AVX512);
    if (code == NULL) {
        code = mesh_lanes_code_of(MESH_LANES_AVX2);
    }
    return code != NULL ? code : mesh_lanes_code_of(MESH_LANES_PLAIN);
}
