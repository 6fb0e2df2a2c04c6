// SPDX-License-Identifier: GPL-3.0-or-later
// Putting things into the total order (engine.h): the events of one block and window before the core
// sees them, the changes of one window before observers do.
//
//     events    radix sort of (time, target), then the few ties by (own first, source, sequence)
//     changes   merge of the sorted runs that the blocks left behind

#ifndef SIM_ORDER_H
#define SIM_ORDER_H

#include <stdint.h>

#include "arena.h"
#include "engine.h"

// `scratch` has room for `count`, too. The result is in `events`.
void sim_order_events(uint64_t *events, uint64_t *scratch, uint32_t count,
                      const struct sim_arena *arena);

// Sorts by (time, node); changes that tie keep their order.
void sim_order_changes(struct sim_change *changes, struct sim_change *scratch, uint32_t count);

#endif
