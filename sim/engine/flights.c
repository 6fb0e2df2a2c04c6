// SPDX-License-Identifier: GPL-3.0-or-later
// All that is under way: what the conservation law counts, and what keeps lanes from being given
// back. Whatever holds messages must be gone through here.
#include "state.h"

static void visit_heap(const struct sim_worker *worker,
                       void (*visit)(void *context, struct mesh_message *message), void *context)
{
    for (uint32_t i = 0; i < worker->heap.count; i++) {
        const struct sim_heap_event *event = &worker->heap.events[i];
        if (event->received) {
            visit(context,
                  sim_messages_under_way(&worker->messages, sim_event_reference(event->reference)));
        }
    }
}

static void visit_bucket(const struct sim_worker *worker, const struct sim_bucket *bucket,
                         void (*visit)(void *context, struct mesh_message *message), void *context)
{
    uint32_t fill = bucket->fill;
    for (const struct sim_event_chunk *chunk = bucket->first; chunk != NULL;
         chunk = chunk->next, fill = SIM_CHUNK_EVENTS) {
        for (uint32_t i = 0; i < fill; i++) {
            visit(context,
                  sim_messages_under_way(&worker->messages, sim_event_reference(chunk->events[i])));
        }
    }
}

void sim_flights_visit(const struct sim_engine *engine,
                       void (*visit)(void *context, struct mesh_message *message), void *context)
{
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        const struct sim_worker *worker = engine->workers[i];
        const struct sim_ring *ring = &worker->ring;
        if (engine->config.queue == SIM_QUEUE_HEAP) {
            visit_heap(worker, visit, context);
        }
        for (uint32_t j = 0; j < ring->slot_count * ring->block_count; j++) {
            visit_bucket(worker, &ring->buckets[j], visit, context);
        }
        for (uint32_t j = 0; j < ring->far_count; j++) {
            visit(context, ring->far[j].message);
        }
        for (uint32_t j = 0; j < worker->kept.waiting_count; j++) {
            visit(context, worker->kept.waiting[j].message);
        }
    }
}
