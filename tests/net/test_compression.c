// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <string.h>
#include <zstd.h>

#include "compression.h"
#include "mesh/wire.h"

#define UPDATES 100u

struct bench {
    struct mesh_update rows[128];
    uint8_t value[64];
    struct mesh_table table;
    struct mesh_config config;
};

// Updates of one writer, all with the same value.
static void open_bench(struct bench *bench)
{
    *bench = (struct bench){0};
    memset(bench->value, 'x', sizeof bench->value);
    mesh_table_init(&bench->table, bench->rows, 128, NULL, 0, NULL);
    for (uint32_t i = 0; i < UPDATES; i++) {
        struct mesh_update *update =
            &bench->rows[mesh_table_reserve(&bench->table, (struct mesh_dot){7, i + 1})];
        update->type = MESH_LWW_SET;
        update->value = bench->value;
        update->value_bytes = sizeof bench->value;
        update->hash[0] = 1;
        update->wire_bytes = mesh_wire_update_bytes(update, 0);
    }
}

// The largest message, encoded and compressed here, is the last of its class.
Test(compression, figures_are_those_of_zstd_on_encoded_messages)
{
    static uint8_t encoded[1 << 16];
    static uint8_t compressed[1 << 17];
    static uint8_t memory[sizeof(struct mesh_message) + 4 * sizeof(uint64_t)];
    struct mesh_message *message = (struct mesh_message *)memory;
    struct sim_compression compression;
    struct bench bench;
    open_bench(&bench);
    sim_compression_measure(&compression, &bench.config, &bench.table, 1000);
    cr_assert(compression.measured);
    *message = (struct mesh_message){.kind = MESH_MESSAGE_ANSWER,
                                     .words = 2,
                                     .source = 7,
                                     .initiator = 7,
                                     .hash = {1, 0},
                                     .update_count = UPDATES};
    message->lanes[0] = UINT64_MAX;
    message->lanes[1] = (UINT64_C(1) << (UPDATES - 64)) - 1;
    size_t before = mesh_wire_encode(&bench.config, &bench.table, message, encoded, sizeof encoded);
    cr_assert(before > 4096 && before < 8192 * 2);
    size_t after = ZSTD_compress(compressed, sizeof compressed, encoded, before, 3);
    cr_assert(!ZSTD_isError(after));
    uint32_t class = before < 8192 ? 12 : 13;
    const struct sim_compressed *sample = &compression.classes[SIM_PAYLOAD_UPDATES][class];
    cr_expect(sample->encoded_bytes == before && sample->compressed_bytes == after,
              "%u to %u; here %zu to %zu", sample->encoded_bytes, sample->compressed_bytes, before,
              after);
    cr_expect(sim_compression_bytes(&compression, (uint32_t)before, true) == after);
}

Test(compression, of_a_class_is_a_proportion_rounded_up)
{
    struct sim_compression compression = {.measured = true};
    compression.classes[SIM_PAYLOAD_UPDATES][7] = (struct sim_compressed){200, 101};
    compression.classes[SIM_PAYLOAD_UPDATES][8] = (struct sim_compressed){300, 301};
    compression.classes[SIM_PAYLOAD_DOTS][7] = (struct sim_compressed){200, 50};
    cr_expect(sim_compression_bytes(&compression, 200, true) == 101);
    cr_expect(sim_compression_bytes(&compression, 128, true) == 65, "64.64");
    cr_expect(sim_compression_bytes(&compression, 128, false) == 32);
    cr_expect(sim_compression_bytes(&compression, 256, true) == 256, "what grows is sent as it is");
    cr_expect(sim_compression_bytes(&compression, 127, true) == 127, "no class is that small");
    cr_expect(sim_compression_bytes(&compression, 5000, false) == 1250, "the next smaller class");
    cr_expect(sim_compression_bytes(&compression, 0, true) == 0);
}

Test(compression, that_nobody_asked_for_changes_nothing)
{
    struct sim_compression compression = {0};
    cr_expect(sim_compression_bytes(&compression, 12345, true) == 12345);
}
