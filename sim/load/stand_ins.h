// SPDX-License-Identifier: GPL-3.0-or-later
// Updates like those of a scenario's workload, as a table that the encoder reads: what message
// sizes are told by and compression is measured on.
//
//     workload: updates, writers, crdt, value_bytes, keys --> struct mesh_table, one row per update
//
// As many, of its type and size, whose writers are spread evenly over the mesh (or are all the
// first agent), each written at its time, with the very values of a run of this seed. Signatures
// and hashes are random bytes: nothing compresses those.

#ifndef SIM_STAND_INS_H
#define SIM_STAND_INS_H

#include "mesh/table.h"
#include "scenario.h"

// Draws of 16 bytes each, keyed by the update's number.
enum { SIM_DRAW_VALUE = MESH_DRAW_DRIVER + 101, SIM_DRAW_HASH, SIM_DRAW_SIGNATURE };

struct sim_stand_ins {
    struct mesh_table table;
    uint32_t value_bytes;  // of each; 0 for counters
    uint8_t *values;
    uint8_t *signatures;  // NULL when updates are not signed
};

void sim_stand_ins_init(struct sim_stand_ins *stand_ins, const struct sim_scenario *scenario);
void sim_stand_ins_finish(struct sim_stand_ins *stand_ins);

// What update `update` writes.
void sim_stand_in_value(uint64_t seed, uint32_t update, uint32_t count, uint8_t *value);

// What zstd makes of messages with these updates.
void sim_stand_ins_compress(const struct sim_stand_ins *stand_ins,
                            const struct sim_scenario *scenario,
                            struct sim_compression *compression);

#endif
