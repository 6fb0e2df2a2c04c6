// SPDX-License-Identifier: GPL-3.0-or-later
#include "draw.h"

#include <assert.h>

#include "mesh/random.h"

static void draw_plain(uint64_t seed, const struct sim_draw_counters *counters, uint32_t count,
                       uint32_t words[4][SIM_DRAW_BATCH])
{
    for (uint32_t i = 0; i < count; i++) {
        struct mesh_random random =
            mesh_philox(seed, counters->occasion[0][i], counters->occasion[1][i], counters->node[i],
                        counters->stream[i]);
        for (uint32_t word = 0; word < 4; word++) {
            words[word][i] = random.word[word];
        }
    }
}

#ifdef __x86_64__
#include <immintrin.h>

// A lane of 64 bits holds one 32-bit word of the state; its upper half is never looked at, because
// the widening multiplication reads lower halves only. So a round needs no masks and no shuffles,
// unlike the compilers' own vector code for mesh_philox, which takes three times as long.
#define AVX512 __attribute__((target("avx512f"), always_inline)) static inline
#define AVX2 __attribute__((target("avx2"), always_inline)) static inline

AVX512 void rounds_avx512(uint64_t seed, __m512i c[4])
{
    const __m512i m0 = _mm512_set1_epi64(0xD2511F53);
    const __m512i m1 = _mm512_set1_epi64(0xCD9E8D57);
    uint32_t k0 = (uint32_t)seed;
    uint32_t k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < 10; round++) {
        __m512i p0 = _mm512_mul_epu32(c[0], m0);
        __m512i p1 = _mm512_mul_epu32(c[2], m1);
        // 0x96: the exclusive or of all three
        c[0] =
            _mm512_ternarylogic_epi64(_mm512_srli_epi64(p1, 32), c[1], _mm512_set1_epi64(k0), 0x96);
        c[2] =
            _mm512_ternarylogic_epi64(_mm512_srli_epi64(p0, 32), c[3], _mm512_set1_epi64(k1), 0x96);
        c[1] = p1;
        c[3] = p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

AVX512 void store_avx512(uint32_t words[4][SIM_DRAW_BATCH], uint32_t i, const __m512i c[4])
{
    for (uint32_t word = 0; word < 4; word++) {
        _mm256_storeu_si256((__m256i *)(words[word] + i), _mm512_cvtepi64_epi32(c[word]));
    }
}

AVX512 __m512i load_avx512(const uint32_t *values)
{
    return _mm512_cvtepu32_epi64(_mm256_loadu_si256((const __m256i *)values));
}

__attribute__((target("avx512f"))) static void draw_avx512(uint64_t seed, uint64_t occasion,
                                                           uint32_t node, uint32_t stream,
                                                           uint32_t count,
                                                           uint32_t words[4][SIM_DRAW_BATCH])
{
    const __m512i places = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
    for (uint32_t i = 0; i < count; i += 8) {
        __m512i c[4] = {_mm512_set1_epi64((uint32_t)occasion),
                        _mm512_set1_epi64((uint32_t)(occasion >> 32)), _mm512_set1_epi64(node),
                        _mm512_add_epi64(_mm512_set1_epi64(stream + i), places)};
        rounds_avx512(seed, c);
        store_avx512(words, i, c);
    }
}

__attribute__((target("avx512f"))) static void draw_each_avx512(
    uint64_t seed, const struct sim_draw_counters *counters, uint32_t count,
    uint32_t words[4][SIM_DRAW_BATCH])
{
    for (uint32_t i = 0; i < count; i += 8) {
        __m512i c[4] = {load_avx512(counters->occasion[0] + i),
                        load_avx512(counters->occasion[1] + i), load_avx512(counters->node + i),
                        load_avx512(counters->stream + i)};
        rounds_avx512(seed, c);
        store_avx512(words, i, c);
    }
}

AVX2 void rounds_avx2(uint64_t seed, __m256i c[4])
{
    const __m256i m0 = _mm256_set1_epi64x(0xD2511F53);
    const __m256i m1 = _mm256_set1_epi64x(0xCD9E8D57);
    uint32_t k0 = (uint32_t)seed;
    uint32_t k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < 10; round++) {
        __m256i p0 = _mm256_mul_epu32(c[0], m0);
        __m256i p1 = _mm256_mul_epu32(c[2], m1);
        __m256i h0 = _mm256_xor_si256(_mm256_srli_epi64(p1, 32), c[1]);
        __m256i h2 = _mm256_xor_si256(_mm256_srli_epi64(p0, 32), c[3]);
        c[0] = _mm256_xor_si256(h0, _mm256_set1_epi64x(k0));
        c[2] = _mm256_xor_si256(h2, _mm256_set1_epi64x(k1));
        c[1] = p1;
        c[3] = p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

AVX2 void store_avx2(uint32_t words[4][SIM_DRAW_BATCH], uint32_t i, const __m256i c[4])
{
    const __m256i even = _mm256_setr_epi32(0, 2, 4, 6, 0, 0, 0, 0);
    for (uint32_t word = 0; word < 4; word++) {
        _mm_storeu_si128((__m128i *)(words[word] + i),
                         _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(c[word], even)));
    }
}

AVX2 __m256i load_avx2(const uint32_t *values)
{
    return _mm256_cvtepu32_epi64(_mm_loadu_si128((const __m128i *)values));
}

__attribute__((target("avx2"))) static void draw_avx2(uint64_t seed, uint64_t occasion,
                                                      uint32_t node, uint32_t stream,
                                                      uint32_t count,
                                                      uint32_t words[4][SIM_DRAW_BATCH])
{
    const __m256i places = _mm256_setr_epi64x(0, 1, 2, 3);
    for (uint32_t i = 0; i < count; i += 4) {
        __m256i c[4] = {_mm256_set1_epi64x((uint32_t)occasion),
                        _mm256_set1_epi64x((uint32_t)(occasion >> 32)), _mm256_set1_epi64x(node),
                        _mm256_add_epi64(_mm256_set1_epi64x(stream + i), places)};
        rounds_avx2(seed, c);
        store_avx2(words, i, c);
    }
}

__attribute__((target("avx2"))) static void draw_each_avx2(uint64_t seed,
                                                           const struct sim_draw_counters *counters,
                                                           uint32_t count,
                                                           uint32_t words[4][SIM_DRAW_BATCH])
{
    for (uint32_t i = 0; i < count; i += 4) {
        __m256i c[4] = {load_avx2(counters->occasion[0] + i), load_avx2(counters->occasion[1] + i),
                        load_avx2(counters->node + i), load_avx2(counters->stream + i)};
        rounds_avx2(seed, c);
        store_avx2(words, i, c);
    }
}
#endif

bool sim_draw_each_by(enum sim_draw_code code, uint64_t seed,
                      const struct sim_draw_counters *counters, uint32_t count,
                      uint32_t words[4][SIM_DRAW_BATCH])
{
    assert(count <= SIM_DRAW_BATCH);
#ifdef __x86_64__
    if (code == SIM_DRAW_AVX512 && __builtin_cpu_supports("avx512f")) {
        draw_each_avx512(seed, counters, count, words);
        return true;
    }
    if (code == SIM_DRAW_AVX2 && __builtin_cpu_supports("avx2")) {
        draw_each_avx2(seed, counters, count, words);
        return true;
    }
#endif
    if (code == SIM_DRAW_PLAIN) {
        draw_plain(seed, counters, count, words);
    }
    return code == SIM_DRAW_PLAIN;
}

bool sim_draw_by(enum sim_draw_code code, uint64_t seed, uint64_t occasion, uint32_t node,
                 uint32_t stream, uint32_t count, uint32_t words[4][SIM_DRAW_BATCH])
{
    assert(count <= SIM_DRAW_BATCH);
#ifdef __x86_64__
    if (code == SIM_DRAW_AVX512 && __builtin_cpu_supports("avx512f")) {
        draw_avx512(seed, occasion, node, stream, count, words);
        return true;
    }
    if (code == SIM_DRAW_AVX2 && __builtin_cpu_supports("avx2")) {
        draw_avx2(seed, occasion, node, stream, count, words);
        return true;
    }
#endif
    if (code == SIM_DRAW_PLAIN) {
        struct sim_draw_counters counters;
        for (uint32_t i = 0; i < count; i++) {
            counters.occasion[0][i] = (uint32_t)occasion;
            counters.occasion[1][i] = (uint32_t)(occasion >> 32);
            counters.node[i] = node;
            counters.stream[i] = stream + i;
        }
        draw_plain(seed, &counters, count, words);
    }
    return code == SIM_DRAW_PLAIN;
}

void sim_draw(uint64_t seed, uint64_t occasion, uint32_t node, uint32_t stream, uint32_t count,
              uint32_t words[4][SIM_DRAW_BATCH])
{
    bool drawn = sim_draw_by(SIM_DRAW_AVX512, seed, occasion, node, stream, count, words) ||
                 sim_draw_by(SIM_DRAW_AVX2, seed, occasion, node, stream, count, words);
    if (!drawn) {
        sim_draw_by(SIM_DRAW_PLAIN, seed, occasion, node, stream, count, words);
    }
}

void sim_draw_each(uint64_t seed, const struct sim_draw_counters *counters, uint32_t count,
                   uint32_t words[4][SIM_DRAW_BATCH])
{
    bool drawn = sim_draw_each_by(SIM_DRAW_AVX512, seed, counters, count, words) ||
                 sim_draw_each_by(SIM_DRAW_AVX2, seed, counters, count, words);
    if (!drawn) {
        sim_draw_each_by(SIM_DRAW_PLAIN, seed, counters, count, words);
    }
}
