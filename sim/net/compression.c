// SPDX-License-Identifier: GPL-3.0-or-later
#include "compression.h"

#include <assert.h>
#include <zstd.h>

#include "allocate.h"
#include "mesh/wire.h"

#define LEVEL 3  // zstd's own default

struct bench {
    struct sim_compression *compression;
    const struct mesh_config *config;
    const struct mesh_table *table;
    struct mesh_message *message;  // with room for two sets of `words`
    uint8_t *encoded;
    uint8_t *compressed;
    size_t capacity;
};

static uint32_t class_of(uint32_t bytes)
{
    assert(bytes > 0);
    return 31 - (uint32_t)__builtin_clz(bytes);
}

static void reserve(struct bench *bench, size_t bytes)
{
    if (bytes > bench->capacity) {
        bench->capacity = bytes;
        bench->encoded = sim_memory_resize(bench->encoded, bytes);
        bench->compressed = sim_memory_resize(bench->compressed, ZSTD_compressBound(bytes));
    }
}

// Compresses a message of the first `count` updates, or of their dots.
static void compress(struct bench *bench, enum sim_payload payload, uint32_t count)
{
    struct mesh_message *message = bench->message;
    bool updates = payload == SIM_PAYLOAD_UPDATES;
    for (uint32_t word = 0; word < message->words; word++) {
        message->lanes[word] = 0;
    }
    for (uint32_t lane = 0; lane < count; lane++) {
        message->lanes[lane / 64] |= UINT64_C(1) << lane % 64;
    }
    message->kind = updates ? MESH_MESSAGE_ANSWER : MESH_MESSAGE_VECTOR;
    message->update_count = (uint16_t)(updates ? count : 0);
    // A hash is a sum of hashes; that of the last update looks like one.
    const struct mesh_update *last = &bench->table->updates[count - 1];
    message->hash[0] = updates ? last->hash[0] : 0;
    message->hash[1] = updates ? last->hash[1] : 0;
    message->source = last->dot.origin;
    message->initiator = last->dot.origin;
    uint32_t bytes = mesh_wire_message_bytes(bench->table, message);
    reserve(bench, bytes);
    size_t encoded =
        mesh_wire_encode(bench->config, bench->table, message, bench->encoded, bench->capacity);
    assert(encoded == bytes);
    size_t compressed =
        ZSTD_compress(bench->compressed, ZSTD_compressBound(bytes), bench->encoded, bytes, LEVEL);
    assert(!ZSTD_isError(compressed));
    bench->compression->classes[payload][class_of(bytes)] =
        (struct sim_compressed){bytes, (uint32_t)compressed};
}

// 1, 2, 3, 4, 6, 8, 12 ... and `most`: of a class the last one counts.
static void compress_each(struct bench *bench, enum sim_payload payload, uint32_t most)
{
    for (uint32_t count = 1; count < most; count *= 2) {
        compress(bench, payload, count);
        if (count >= 2 && count / 2 * 3 < most) {
            compress(bench, payload, count / 2 * 3);
        }
    }
    compress(bench, payload, most);
}

void sim_compression_measure(struct sim_compression *compression, const struct mesh_config *config,
                             const struct mesh_table *table, uint32_t update_limit)
{
    uint32_t words = (table->lane_count + 63) / 64;
    struct bench bench = {.compression = compression, .config = config, .table = table};
    *compression = (struct sim_compression){.measured = true};
    assert(table->lane_count > 0 && words <= UINT16_MAX);
    bench.message = sim_memory_zeroed(sizeof *bench.message + (size_t)words * sizeof(uint64_t));
    bench.message->words = (uint16_t)words;
    compress_each(&bench, SIM_PAYLOAD_UPDATES,
                  update_limit < table->lane_count ? update_limit : table->lane_count);
    compress_each(&bench, SIM_PAYLOAD_DOTS, table->lane_count);
    sim_memory_free(bench.message);
    sim_memory_free(bench.encoded);
    sim_memory_free(bench.compressed);
}

void sim_shrinking_init(struct sim_shrinking *shrinking, const struct sim_compression *compression)
{
    *shrinking = (struct sim_shrinking){0};
    for (uint32_t payload = 0; payload < SIM_PAYLOAD_COUNT; payload++) {
        struct sim_compressed counts = {0, 0};
        for (uint32_t class = 0; class < SIM_SIZE_CLASSES; class ++) {
            const struct sim_compressed *own = &compression->classes[payload][class];
            counts = own->encoded_bytes > 0 ? *own : counts;
            if (counts.compressed_bytes < counts.encoded_bytes) {
                shrinking->classes[payload][class].before = counts.encoded_bytes;
                shrinking->classes[payload][class].after = counts.compressed_bytes;
                shrinking->classes[payload][class].reciprocal =
                    UINT64_MAX / counts.encoded_bytes + 1;
            }
        }
    }
}

const char *sim_payload_name(enum sim_payload payload)
{
    assert(payload < SIM_PAYLOAD_COUNT);
    return payload == SIM_PAYLOAD_UPDATES ? "updates" : "dots";
}

const char *sim_compression_version(void)
{
    return ZSTD_versionString();
}
