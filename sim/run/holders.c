// SPDX-License-Identifier: GPL-3.0-or-later
#include "holders.h"

#include <stddef.h>

static uint64_t count_plain(uint16_t *counts, uint64_t lanes, uint32_t needed)
{
    uint64_t reached = 0;
    for (; lanes != 0; lanes &= lanes - 1) {
        reached |= ++counts[__builtin_ctzll(lanes)] == needed ? lanes & -lanes : 0;
    }
    return reached;
}

#ifdef __x86_64__
#include <immintrin.h>

__attribute__((target("avx512bw"))) static uint64_t count_avx512(uint16_t *counts, uint64_t lanes,
                                                                 uint32_t needed)
{
    uint64_t reached = 0;
    for (uint32_t half = 0; half < 64; half += 32) {
        __mmask32 chosen = (__mmask32)(lanes >> half);
        __m512i before = _mm512_loadu_si512(counts + half);
        __m512i now = _mm512_mask_add_epi16(before, chosen, before, _mm512_set1_epi16(1));
        _mm512_storeu_si512(counts + half, now);
        reached |=
            (uint64_t)_mm512_mask_cmpeq_epi16_mask(chosen, now, _mm512_set1_epi16((short)needed))
            << half;
    }
    return reached;
}
#endif

sim_holders_code *sim_holders_code_of(enum sim_holders_machine machine)
{
#ifdef __x86_64__
    if (machine == SIM_HOLDERS_AVX512) {
        return __builtin_cpu_supports("avx512bw") ? count_avx512 : NULL;
    }
#endif
    return machine == SIM_HOLDERS_PLAIN ? count_plain : NULL;
}

sim_holders_code *sim_holders_best_code(void)
{
    sim_holders_code *code = sim_holders_code_of(SIM_HOLDERS_AVX512);
    return code != NULL ? code : sim_holders_code_of(SIM_HOLDERS_PLAIN);
}
