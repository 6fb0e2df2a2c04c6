// SPDX-License-Identifier: GPL-3.0-or-later
#include "heap.h"

#include "allocate.h"

static bool precedes(const struct sim_heap_event *a, const struct sim_heap_event *b)
{
    if (a->time_ns != b->time_ns) {
        return a->time_ns < b->time_ns;
    }
    if (a->generation != b->generation) {
        return a->generation < b->generation;
    }
    if (a->target != b->target) {
        return a->target < b->target;
    }
    if (a->received != b->received) {
        return a->received < b->received;
    }
    if (a->source != b->source) {
        return a->source < b->source;
    }
    return a->sequence < b->sequence;
}

void sim_heap_finish(struct sim_heap *heap)
{
    sim_memory_free(heap->events);
}

void sim_heap_push(struct sim_heap *heap, const struct sim_heap_event *event)
{
    if (heap->count == heap->capacity) {
        heap->capacity = heap->capacity == 0 ? 1024 : 2 * heap->capacity;
        heap->events = sim_memory_resize(heap->events, heap->capacity * sizeof *heap->events);
    }
    uint32_t hole = heap->count++;
    while (hole > 0 && precedes(event, &heap->events[(hole - 1) / 2])) {
        heap->events[hole] = heap->events[(hole - 1) / 2];
        hole = (hole - 1) / 2;
    }
    heap->events[hole] = *event;
}

struct sim_heap_event sim_heap_pop(struct sim_heap *heap)
{
    struct sim_heap_event least = heap->events[0];
    struct sim_heap_event last = heap->events[--heap->count];
    uint32_t hole = 0;
    for (uint32_t child = 1; child < heap->count; child = 2 * hole + 1) {
        if (child + 1 < heap->count && precedes(&heap->events[child + 1], &heap->events[child])) {
            child++;
        }
        if (!precedes(&heap->events[child], &last)) {
            break;
        }
        heap->events[hole] = heap->events[child];
        hole = child;
    }
    heap->events[hole] = last;
    return least;
}
