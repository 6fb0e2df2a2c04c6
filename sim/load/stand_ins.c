// SPDX-License-Identifier: GPL-3.0-or-later
#include "stand_ins.h"

#include <assert.h>

#include "allocate.h"
#include "mesh/clock.h"
#include "mesh/wire.h"

static void fill(uint64_t seed, uint32_t purpose, uint32_t number, uint32_t count, uint8_t *bytes)
{
    struct mesh_random random = {{0}};
    for (uint32_t i = 0; i < count; i++) {
        if (i % 16 == 0) {
            random = mesh_draw(seed, purpose, 0, number, i / 16);
        }
        bytes[i] = (uint8_t)(random.word[i / 4 % 4] >> 8 * (i % 4));
    }
}

void sim_stand_in_value(uint64_t seed, uint32_t update, uint32_t count, uint8_t *value)
{
    fill(seed, SIM_DRAW_VALUE, update, count, value);
}

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

static void write_update(struct sim_stand_ins *stand_ins, const struct sim_scenario *scenario,
                         uint32_t number)
{
    const struct sim_workload *workload = &scenario->workload;
    uint32_t lane = mesh_table_reserve(&stand_ins->table, dot_of(scenario, number));
    assert(lane == number);
    struct mesh_update *update = &stand_ins->table.updates[lane];
    struct mesh_random hash = mesh_draw(scenario->seed, SIM_DRAW_HASH, 0, number, 0);
    update->hash[0] = (uint64_t)hash.word[0] << 32 | hash.word[1];
    update->hash[1] = (uint64_t)hash.word[2] << 32 | hash.word[3];
    update->clock = mesh_clock_next(0, workload->first_write_ns + number * workload->every_ns);
    update->key = number % workload->keys;
    if (workload->crdt == SIM_G_COUNTER) {
        update->type = MESH_G_INCREMENT;
        update->amount = 1;
    } else {
        uint8_t *value = stand_ins->values + (size_t)number * stand_ins->value_bytes;
        sim_stand_in_value(scenario->seed, number, stand_ins->value_bytes, value);
        update->type = MESH_LWW_SET;
        update->value = value;
        update->value_bytes = (uint16_t)stand_ins->value_bytes;
    }
    update->wire_bytes = mesh_wire_update_bytes(update, scenario->network.signature_bytes);
    if (stand_ins->signatures != NULL) {
        fill(scenario->seed, SIM_DRAW_SIGNATURE, number, MESH_SIGNATURE_BYTES,
             stand_ins->signatures + (size_t)lane * MESH_SIGNATURE_BYTES);
    }
}

void sim_stand_ins_init(struct sim_stand_ins *stand_ins, const struct sim_scenario *scenario)
{
    uint32_t count = scenario->workload.updates;
    uint32_t lanes = (count + 63) / 64 * 64;
    uint32_t index_capacity = 128;
    while (index_capacity < 2 * lanes) {
        index_capacity *= 2;
    }
    *stand_ins = (struct sim_stand_ins){0};
    if (scenario->workload.crdt == SIM_LWW_REGISTER) {
        stand_ins->value_bytes = scenario->workload.value_bytes;
    }
    stand_ins->values = sim_memory_zeroed((size_t)count * stand_ins->value_bytes);
    if (scenario->network.signature_bytes > 0) {
        stand_ins->signatures = sim_memory_zeroed((size_t)lanes * MESH_SIGNATURE_BYTES);
    }
    mesh_table_init(&stand_ins->table, sim_memory_zeroed(lanes * sizeof(struct mesh_update)), lanes,
                    sim_memory_zeroed(index_capacity * sizeof(uint32_t)), index_capacity,
                    stand_ins->signatures);
    for (uint32_t number = 0; number < count; number++) {
        write_update(stand_ins, scenario, number);
    }
}

void sim_stand_ins_finish(struct sim_stand_ins *stand_ins)
{
    sim_memory_free(stand_ins->table.updates);
    sim_memory_free(stand_ins->table.index);
    sim_memory_free(stand_ins->values);
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
