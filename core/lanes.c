// SPDX-License-Identifier: Apache-2.0
#include "lanes_code.h"

#define CODE(machine, target)                                                                    \
    target static uint64_t without_##machine(const uint64_t *restrict set,                       \
                                             const uint64_t *restrict less, uint32_t words,      \
                                             uint64_t *restrict rest)                            \
    {                                                                                            \
        return lanes_without(set, less, words, rest);                                            \
    }                                                                                            \
    target static uint32_t subtract_##machine(const uint64_t *restrict set, uint32_t word_first, \
                                              uint32_t words, const struct mesh_lanes *less,     \
                                              uint64_t *restrict rest)                           \
    {                                                                                            \
        return lanes_subtract(set, word_first, words, less, rest);                               \
    }                                                                                            \
    target static void keep_##machine(uint64_t *set, uint32_t words, uint32_t total,             \
                                      uint32_t first, uint32_t count)                            \
    {                                                                                            \
        lanes_keep(set, words, total, first, count);                                             \
    }                                                                                            \
    target static struct mesh_lanes_span span_##machine(const uint64_t *set, uint32_t words)     \
    {                                                                                            \
        return lanes_span(set, words);                                                           \
    }                                                                                            \
    target static uint64_t sum_##machine(const uint64_t *restrict set, uint32_t words,           \
                                         const uint64_t *restrict planes, uint32_t plane_words,  \
                                         uint32_t which)                                         \
    {                                                                                            \
        return lanes_sum(set, words, planes, plane_words, which);                                \
    }                                                                                            \
    static const struct mesh_lanes_code code_##machine = {                                       \
        without_##machine, subtract_##machine, keep_##machine, span_##machine, sum_##machine};

CODE(plain, )
#ifdef __x86_64__
CODE(avx2, __attribute__((target(LANES_AVX2))))
CODE(avx512, __attribute__((target(LANES_AVX512))))
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

enum mesh_lanes_machine mesh_lanes_machine(void)
{
    return mesh_lanes_code_of(MESH_LANES_AVX512) != NULL ? MESH_LANES_AVX512
           : mesh_lanes_code_of(MESH_LANES_AVX2) != NULL ? MESH_LANES_AVX2
                                                         : MESH_LANES_PLAIN;
}

const struct mesh_lanes_code *mesh_lanes_code(void)
{
    return mesh_lanes_code_of(mesh_lanes_machine());
}
