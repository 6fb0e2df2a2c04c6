// SPDX-License-Identifier: GPL-3.0-or-later
// Putting things into the total order (engine.h): the events of one block and window before the
// core sees them, the changes of one window before observers do.
//
//     events    one scatter by the leading bits of the time, then insertion; a radix sort where
//               times crowd; ties of time and target by (own events first, source, sequence)
//     changes   merge of the sorted runs that the blocks left behind

#ifndef SIM_ORDER_H
#define SIM_ORDER_H

#include <stdint.h>

#include "messages.h"
#include "engine.h"

// Sorts `*events`, whose offsets are below 2^window_bits; `*scratch` has room for `count`, too. The
// two may change places.
void sim_order_events(uint64_t **events, uint64_t **scratch, uint32_t count, uint32_t window_bits,
                      const struct sim_messages *messages);

// Sorts by (time, node); changes that tie keep their order.
void sim_order_changes(struct sim_change *changes, struct sim_change *scratch, uint32_t count);

#endif
