// SPDX-License-Identifier: GPL-3.0-or-later
// Updates like those of a scenario's workload, as a table that the encoder reads: what message
// sizes are told by and compression is measured on.
//
//     workload: updates, writers, keys --+
//     content.h: type, value ------------+--> struct mesh_table, one row per update
//
// As many, with their content, whose writers are spread evenly over the mesh (or are all the first
// agent), each written at its time by one who knows all that was written before. Values are those
// of a run of this seed, but for what composed ones observe. Signatures and hashes are random
// bytes: nothing compresses those.

#ifndef SIM_STAND_INS_H
#define SIM_STAND_INS_H

#include "content.h"
#include "mesh/table.h"
#include "scenario.h"

struct sim_stand_ins {
    struct mesh_table table;
    struct sim_content content;  // what the updates of the table say
    uint8_t *signatures;         // NULL when updates are not signed
};

void sim_stand_ins_init(struct sim_stand_ins *stand_ins, const struct sim_scenario *scenario);
void sim_stand_ins_finish(struct sim_stand_ins *stand_ins);

// What zstd makes of messages with these updates.
void sim_stand_ins_compress(const struct sim_stand_ins *stand_ins,
                            const struct sim_scenario *scenario,
                            struct sim_compression *compression);

#endif
