// SPDX-License-Identifier: GPL-3.0-or-later
#include "stand_ins.h"

#include <assert.h>

#include "allocate.h"
#include "mesh/clock.h"
#include "mesh/random.h"
#include "mesh/wire.h"

// Draws of 16 bytes each, keyed by the update's number; content.c has the purposes before them.
enum { DRAW_HASH = MESH_DRAW_DRIVER + 104, DRAW_SIGNATURE };

static struct mesh_dot dot_of(const struct sim_scenario *scenario, uint32_t update)
{
    uint32_t agents = scenario->agents;
    uint32_t updates = scenario->workload.updates;
    if (scenario->workload.writers == SIM_WRITERS_FIRST) {
        return (struct mesh_dot){0, update + 1};
    }
    uint32_t origin =
        updates < agents ? (uint32_t)((uint64_t)update * agents / updates) : update % agents;
    return (struct mesh_dot){origin, updates < agents ? 1 : update / agents + 1};
}

// `writer` holds all updates before this one.
static void write_update(struct sim_stand_ins *stand_ins, const struct sim_scenario *scenario,
                         const struct mesh_states *writer, uint32_t number)
{
    const struct sim_workload *workload = &scenario->workload;
    uint32_t lane = mesh_table_reserve(&stand_ins->table, dot_of(scenario, number));
    assert(lane == number);
    struct mesh_write write = {.key = number % workload->keys, .lane = lane};
    sim_content_plan(&stand_ins->content, number, &write);
    if (sim_content_is_composed(workload->crdt)) {
        sim_content_compose(&stand_ins->content, number, writer, NULL, 0, &write);
    }
    struct mesh_update *update = &stand_ins->table.updates[lane];
    struct mesh_random hash = mesh_draw(scenario->seed, DRAW_HASH, 0, number, 0);
    update->hash[0] = (uint64_t)hash.word[0] << 32 | hash.word[1];
    update->hash[1] = (uint64_t)hash.word[2] << 32 | hash.word[3];
    update->clock = mesh_clock_next(0, workload->first_write_ns + number * workload->every_ns);
    update->key = write.key;
    update->type = write.type;
    if (mesh_update_has_value(write.type)) {
        update->value = write.value;
        update->value_bytes = write.value_bytes;
    } else {
        update->amount = write.amount;
    }
    update->wire_bytes = mesh_wire_update_bytes(update, scenario->network.signature_bytes);
    if (stand_ins->signatures != NULL) {
        sim_content_fill(scenario->seed, DRAW_SIGNATURE, number, MESH_SIGNATURE_BYTES,
                         stand_ins->signatures + (size_t)lane * MESH_SIGNATURE_BYTES);
    }
}

static void write_updates(struct sim_stand_ins *stand_ins, const struct sim_scenario *scenario)
{
    uint32_t words = stand_ins->table.lane_capacity / 64;
    size_t replica_bytes = mesh_replica_bytes(words, 1, 0);
    struct mesh_states writer = {
        .replicas = sim_memory_zeroed(replica_bytes),
        .stride = replica_bytes,
        .node_count = 1,
        .words = words,
        .planes = 1,
        .table = &stand_ins->table,
    };
    for (uint32_t number = 0; number < scenario->workload.updates; number++) {
        write_update(stand_ins, scenario, &writer, number);
        mesh_replica_of(&writer, 0)->planes[number / 64] |= UINT64_C(1) << number % 64;
    }
    sim_memory_free(writer.replicas);
}

void sim_stand_ins_init(struct sim_stand_ins *stand_ins, const struct sim_scenario *scenario)
{
    uint32_t lanes = (scenario->workload.updates + 63) / 64 * 64;
    uint32_t index_capacity = 128;
    while (index_capacity < 2 * lanes) {
        index_capacity *= 2;
    }
    *stand_ins = (struct sim_stand_ins){0};
    sim_content_init(&stand_ins->content, &scenario->workload, scenario->seed);
    if (scenario->network.signature_bytes > 0) {
        stand_ins->signatures = sim_memory_zeroed((size_t)lanes * MESH_SIGNATURE_BYTES);
    }
    mesh_table_init(&stand_ins->table, sim_memory_zeroed(lanes * sizeof(struct mesh_update)), lanes,
                    sim_memory_zeroed(index_capacity * sizeof(uint32_t)), index_capacity,
                    stand_ins->signatures);
    write_updates(stand_ins, scenario);
}

void sim_stand_ins_finish(struct sim_stand_ins *stand_ins)
{
    sim_memory_free(stand_ins->table.updates);
    sim_memory_free(stand_ins->table.index);
    sim_content_finish(&stand_ins->content);
    sim_memory_free(stand_ins->signatures);
}

void sim_stand_ins_compress(const struct sim_stand_ins *stand_ins,
                            const struct sim_scenario *scenario,
                            struct sim_compression *compression)
{
    struct mesh_config config = {.seed = scenario->seed,
                                 .signature_bytes = scenario->network.signature_bytes};
    sim_compression_measure(compression, &config, &stand_ins->table, scenario->network.batch_size);
}
