// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <string.h>

#include "draw.h"
#include "mesh/random.h"

#define UNTOUCHED 0xA5A5A5A5u

static const char *const code_names[] = {"plain", "avx2", "avx512"};

struct block_key {
    uint64_t seed;
    uint64_t occasion;
    uint32_t node;
    uint32_t stream;
};

// Ordinary keys, and those whose sums carry: the vector codes hold each word in a 64-bit lane.
static const struct block_key keys[] = {
    {42, 7, 3, 129u << 24},
    {0, 0, 0, 0},
    {UINT64_MAX, UINT64_MAX, UINT32_MAX, UINT32_MAX},
    {0x123456789ABCDEF0u, 0xFEDCBA9876543210u, 0x00FFFFFF, UINT32_MAX - 20},
};

static void fill(uint32_t words[4][SIM_DRAW_BATCH])
{
    for (uint32_t word = 0; word < 4; word++) {
        for (uint32_t i = 0; i < SIM_DRAW_BATCH; i++) {
            words[word][i] = UNTOUCHED;
        }
    }
}

static void expect_blocks(const char *code, const struct block_key *key, uint32_t count,
                          uint32_t words[4][SIM_DRAW_BATCH])
{
    for (uint32_t i = 0; i < SIM_DRAW_BATCH; i++) {
        struct mesh_random wanted =
            mesh_philox(key->seed, (uint32_t)key->occasion, (uint32_t)(key->occasion >> 32),
                        key->node, key->stream + i);
        for (uint32_t word = 0; word < 4; word++) {
            if (i < count) {
                cr_assert(words[word][i] == wanted.word[word],
                          "%s, %u blocks from stream %u: word %u of block %u is %08x, Philox says "
                          "%08x",
                          code, count, key->stream, word, i, words[word][i], wanted.word[word]);
            } else if (i >= (count + 7) / 8 * 8) {
                cr_assert(words[word][i] == UNTOUCHED,
                          "%s, %u blocks: word %u of block %u was overwritten", code, count, word,
                          i);
            }
        }
    }
}

Test(net, every_vector_code_draws_the_blocks_of_philox_for_every_count)
{
    uint32_t words[4][SIM_DRAW_BATCH];
    uint32_t codes = 0;
    for (enum sim_draw_code code = SIM_DRAW_PLAIN; code < SIM_DRAW_CODE_COUNT; code++) {
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            for (uint32_t count = 0; count <= SIM_DRAW_BATCH; count++) {
                const struct block_key *key = &keys[k];
                fill(words);
                if (sim_draw_by(code, key->seed, key->occasion, key->node, key->stream, count,
                                words)) {
                    expect_blocks(code_names[code], key, count, words);
                    codes |= 1u << code;
                }
            }
        }
    }
    cr_assert(codes & 1u << SIM_DRAW_PLAIN, "the plain code runs everywhere");
}

Test(net, the_code_that_the_machine_gets_draws_the_same_blocks)
{
    uint32_t words[4][SIM_DRAW_BATCH];
    for (uint32_t count = 0; count <= SIM_DRAW_BATCH; count++) {
        fill(words);
        sim_draw(keys[3].seed, keys[3].occasion, keys[3].node, keys[3].stream, count, words);
        expect_blocks("chosen", &keys[3], count, words);
    }
}

// Counters that differ in everything.
static void mix_counters(struct sim_draw_counters *counters)
{
    for (uint32_t i = 0; i < SIM_DRAW_BATCH; i++) {
        const struct block_key *key = &keys[i % (sizeof keys / sizeof *keys)];
        counters->occasion[0][i] = (uint32_t)key->occasion ^ i;
        counters->occasion[1][i] = (uint32_t)(key->occasion >> 32) + i;
        counters->node[i] = key->node + 3 * i;
        counters->stream[i] = key->stream - i;
    }
}

Test(net, blocks_that_have_nothing_in_common_are_those_of_philox_in_every_code)
{
    struct sim_draw_counters counters;
    uint32_t words[4][SIM_DRAW_BATCH];
    mix_counters(&counters);
    for (enum sim_draw_code code = SIM_DRAW_PLAIN; code < SIM_DRAW_CODE_COUNT; code++) {
        for (uint32_t count = 0; count <= SIM_DRAW_BATCH; count++) {
            fill(words);
            bool drawn = sim_draw_each_by(code, keys[0].seed, &counters, count, words);
            for (uint32_t i = 0; drawn && i < count; i++) {
                struct mesh_random wanted =
                    mesh_philox(keys[0].seed, counters.occasion[0][i], counters.occasion[1][i],
                                counters.node[i], counters.stream[i]);
                for (uint32_t word = 0; word < 4; word++) {
                    cr_assert(words[word][i] == wanted.word[word], "%s, %u blocks: block %u",
                              code_names[code], count, i);
                }
            }
        }
    }
    fill(words);
    sim_draw_each(keys[0].seed, &counters, 1, words);
    cr_assert(words[3][0] == mesh_philox(keys[0].seed, counters.occasion[0][0],
                                         counters.occasion[1][0], counters.node[0],
                                         counters.stream[0])
                                 .word[3]);
}
