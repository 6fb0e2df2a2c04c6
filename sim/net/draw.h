// SPDX-License-Identifier: GPL-3.0-or-later
// The random blocks of one message's copies: Philox over counters that differ in the stream only,
// in vector code where the machine has it. Those of many messages with a copy each.
//
//     (occasion, node, stream + 0)   (occasion, node, stream + 1)   ...     10 rounds
//              |                              |
//     words[0..3][0]                 words[0..3][1]                 ...
//
// The same integers come out at every machine level (a test compares them with mesh_philox).

#ifndef SIM_DRAW_H
#define SIM_DRAW_H

#include <stdbool.h>
#include <stdint.h>

#define SIM_DRAW_BATCH 64u  // a multiple of every vector length

// words[w][i] becomes word w of the block with the counter (occasion, node, stream + i), for
// i < count <= SIM_DRAW_BATCH. Entries from `count` up to the next multiple of 8 are overwritten.
void sim_draw(uint64_t seed, uint64_t occasion, uint32_t node, uint32_t stream, uint32_t count,
              uint32_t words[4][SIM_DRAW_BATCH]);

// Counters that have nothing in common.
struct sim_draw_counters {
    uint32_t occasion[2][SIM_DRAW_BATCH];  // lower half, upper half
    uint32_t node[SIM_DRAW_BATCH];
    uint32_t stream[SIM_DRAW_BATCH];
};

// words[w][i] becomes word w of the block with counter i, for i < count <= SIM_DRAW_BATCH; the
// counters up to the next multiple of 8 are read, and the entries overwritten.
void sim_draw_each(uint64_t seed, const struct sim_draw_counters *counters, uint32_t count,
                   uint32_t words[4][SIM_DRAW_BATCH]);

// The same by one of the codes it chooses from, so that a test reaches them all. Returns false,
// with nothing done, when this machine lacks the instructions.
enum sim_draw_code { SIM_DRAW_PLAIN, SIM_DRAW_AVX2, SIM_DRAW_AVX512, SIM_DRAW_CODE_COUNT };

bool sim_draw_by(enum sim_draw_code code, uint64_t seed, uint64_t occasion, uint32_t node,
                 uint32_t stream, uint32_t count, uint32_t words[4][SIM_DRAW_BATCH]);
bool sim_draw_each_by(enum sim_draw_code code, uint64_t seed,
                      const struct sim_draw_counters *counters, uint32_t count,
                      uint32_t words[4][SIM_DRAW_BATCH]);

#endif
