// SPDX-License-Identifier: GPL-3.0-or-later
// Bytes on the simulated wire are bytes encoded: every message of runs in every mode is written by
// the encoder, and what it needs is what was counted.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "mesh/wire.h"

#define CAPACITY (1u << 20)

struct reading {
    const struct world *world;
    uint8_t *bytes;
    uint64_t encoded[MESH_MESSAGE_KIND_COUNT];  // of all copies
    uint64_t digests[MESH_MESSAGE_KIND_COUNT];
    uint64_t copies[MESH_MESSAGE_KIND_COUNT];
    uint64_t updates[MESH_MESSAGE_KIND_COUNT];
};

static void encode(void *context, const struct mesh_table *table,
                   const struct mesh_message *message, uint32_t copies)
{
    struct reading *reading = context;
    const struct mesh_config *mesh = &reading->world->mesh;
    size_t bytes = mesh_wire_encode(mesh, table, message, reading->bytes, CAPACITY);
    cr_assert(bytes == message->wire_bytes, "%s from %u at %lu: %u bytes counted, %zu encoded",
              kind_names[message->kind], message->source, (unsigned long)message->sent_ns,
              message->wire_bytes, bytes);
    // The same message without its updates: the rest of an exchange is digest.
    uint64_t rows = 0;
    struct mesh_lanes carried = mesh_message_updates(message);
    for (uint32_t lane = 0; lane < 64 * (carried.word_first + carried.words); lane++) {
        if ((mesh_lanes_at(&carried, lane / 64) >> lane % 64 & 1) != 0) {
            rows += mesh_wire_update_bytes(&table->updates[lane], mesh->signature_bytes);
        }
    }
    reading->encoded[message->kind] += copies * bytes;
    reading->digests[message->kind] += copies * (bytes - rows);
    reading->copies[message->kind] += copies;
    reading->updates[message->kind] += (uint64_t)copies * message->update_count;
}

static bool has_digest(uint32_t kind)
{
    return kind == MESH_MESSAGE_OPEN || kind == MESH_MESSAGE_ANSWER ||
           kind == MESH_MESSAGE_VECTOR || kind == MESH_MESSAGE_FILL ||
           kind == MESH_MESSAGE_SNAPSHOT;
}

// Returns the kinds that were sent with an update or a vector in them, as bits.
static uint32_t read_run(struct world *world)
{
    uint32_t kinds = 0;
    struct outcome outcome;
    struct reading reading = {.world = world, .bytes = malloc(CAPACITY)};
    cr_assert_not_null(reading.bytes);
    world->read = encode;
    world->watch_context = &reading;
    world_run(world, SIM_QUEUE_WINDOWS, &outcome);
    for (uint32_t kind = 1; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        struct sim_counters sum = outcome_sum(&outcome, (enum mesh_message_kind)kind);
        cr_expect(sum.messages == reading.copies[kind] && sum.bytes == reading.encoded[kind],
                  "%s: %lu messages and %lu bytes counted; %lu and %lu encoded", kind_names[kind],
                  (unsigned long)sum.messages, (unsigned long)sum.bytes,
                  (unsigned long)reading.copies[kind], (unsigned long)reading.encoded[kind]);
        cr_expect(sum.updates == reading.updates[kind]);
        cr_expect(sum.digest_bytes == (has_digest(kind) ? reading.digests[kind] : 0),
                  "%s: %lu bytes of digest counted, %lu encoded", kind_names[kind],
                  (unsigned long)sum.digest_bytes, (unsigned long)reading.digests[kind]);
        kinds |= reading.copies[kind] > 0 ? 1u << kind : 0;
    }
    free(reading.bytes);
    outcome_finish(&outcome);
    return kinds;
}

// A ring of five: two neighbours each.
static void join_ring(struct world *world, uint32_t *starts, uint32_t *neighbours)
{
    for (uint32_t node = 0; node < 5; node++) {
        starts[node + 1] = 2 * (node + 1);
        neighbours[2 * node] = (node + 1) % 5;
        neighbours[2 * node + 1] = (node + 4) % 5;
    }
    world->scopes[0].delta =
        (struct mesh_delta){.starts = starts, .neighbours = neighbours, .remove_redundancy = true};
}

Test(wire, bytes_counted_are_bytes_encoded_for_every_message_of_every_mode)
{
#define SOME .latency = {SIM_UNIFORM, 1 * MS, 30 * MS}, .write_every_ns = 3 * MS, .seed = 5
    static const struct shape shapes[] = {
        {"push", .nodes = 40, .mode = MESH_PUSH, .writes = 150, SOME},
        {"push, small messages", .nodes = 40, .mode = MESH_PUSH, .writes = 150, .update_limit = 7,
         SOME},
        {"pull", .nodes = 40, .mode = MESH_PULL, .writes = 150, SOME},
        {"push-pull", .nodes = 300, .mode = MESH_PUSH_PULL, .writes = 150, .loss_percent = 20,
         SOME},
        {"push-pull, small messages", .nodes = 40, .mode = MESH_PUSH_PULL, .writes = 150,
         .update_limit = 3, SOME},
        {"eager", .nodes = 40, .mode = MESH_EAGER, .writes = 150, .loss_percent = 20, SOME},
        {"rumor", .nodes = 40, .mode = MESH_RUMOR, .writes = 150,
         .rumor = {.feedback = true, .k = 3}, SOME},
        {"rumor, pull", .nodes = 40, .mode = MESH_RUMOR, .writes = 150,
         .rumor = {.feedback = true, .pull = true, .k = 3}, SOME},
        {"delta", .nodes = 5, .mode = MESH_DELTA, .writes = 150, SOME},
    };
    uint32_t kinds = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct world world;
        uint32_t starts[6] = {0};
        uint32_t neighbours[10];
        world_build(&world, &shapes[i]);
        if (shapes[i].mode == MESH_DELTA) {
            join_ring(&world, starts, neighbours);
        }
        kinds |= read_run(&world);
        world_finish(&world);
    }
    kinds |= 1u << MESH_MESSAGE_JOIN | 1u << MESH_MESSAGE_SNAPSHOT;  // nobody joins late
    // Rows are sent in hierarchies (test_tiers.c).
    cr_expect(kinds == (1u << MESH_MESSAGE_ROWS) - 2, "some kinds were never sent: %x", kinds);
}
