// SPDX-License-Identifier: GPL-3.0-or-later
// A binary heap of 32-byte events in the total order: the plain queue.
//
//            least          a comes before b by (time, generation, target, own events first,
//           /     \         source, sequence)
//          .       .
//         / \     / \       children of i at 2i + 1 and 2i + 2, in one array

#ifndef SIM_HEAP_H
#define SIM_HEAP_H

#include <stdbool.h>
#include <stdint.h>

struct sim_heap_event {
    uint64_t time_ns;
    uint32_t generation;
    uint32_t target;
    uint32_t source;  // of a message; an own event: its reference
    uint32_t sequence;
    uint32_t reference;  // of a message (messages.h), with the pair class on top; or an own event
    uint32_t received;   // 0: an event of the node itself, 1: a message
};
_Static_assert(sizeof(struct sim_heap_event) == 32, "as the yardstick has it");

struct sim_heap {
    struct sim_heap_event *events;  // [count]
    uint32_t count;
    uint32_t capacity;
};

void sim_heap_finish(struct sim_heap *heap);
void sim_heap_push(struct sim_heap *heap, const struct sim_heap_event *event);
struct sim_heap_event sim_heap_pop(struct sim_heap *heap);  // count > 0

#endif
