// SPDX-License-Identifier: GPL-3.0-or-later
// What released updates were folded into, as far as its size goes: a snapshot for a node that joins
// carries it (mesh/wire.h), and its bytes are charged.
//
//     register    key, clock, dot, size and value: one per key, of the last write
//     counter     origin, prefix and total: one entry per key and origin (mesh/counter.h)
//
// Or-sets and maps keep their updates, since their writes are composed from them (content.h).

#ifndef SIM_BASE_H
#define SIM_BASE_H

#include "mesh/table.h"

struct sim_base {
    uint64_t *seen;  // [capacity] 1 + key << 32 | origin, open addressing; 0: empty
    uint32_t count;
    uint32_t capacity;  // a power of two, or 0
    uint32_t bytes;
};

// An update is folded into the base.
void sim_base_fold(struct sim_base *base, const struct mesh_update *update);
void sim_base_finish(struct sim_base *base);

#endif
