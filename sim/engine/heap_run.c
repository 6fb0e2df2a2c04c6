// SPDX-License-Identifier: GPL-3.0-or-later
// One stride with the plain queue: the least event, one step, its effects; again.
#include "allocate.h"
#include "mesh/schedule.h"
#include "state.h"

void sim_heap_push_timers(struct sim_engine *engine)
{
    for (uint32_t i = 0; i < engine->block_count; i++) {
        const struct sim_block *block = &engine->blocks[i];
        for (uint32_t j = 0; j < block->timers_count; j++) {
            const struct sim_timers *timers = &block->timers[j];
            for (uint32_t k = 0; k < timers->count; k++) {
                uint32_t reference = SIM_REFERENCE_TICK + timers->scope;
                sim_heap_push(&engine->workers[0]->heap,
                              &(struct sim_heap_event){
                                  .time_ns = timers->turn_ns + timers->timers[k].at_ns,
                                  .target = block->states.node_first + timers->timers[k].local,
                                  .source = reference,
                                  .reference = reference,
                              });
            }
        }
    }
}

static void push_writes(struct sim_engine *engine)
{
    for (uint32_t i = engine->write_first; i < engine->write_end; i++) {
        if (engine->written[i]) {
            continue;
        }
        sim_heap_push(&engine->workers[0]->heap, &(struct sim_heap_event){
                                                     .time_ns = engine->writes[i].time_ns,
                                                     .target = engine->writes[i].node,
                                                     .source = SIM_REFERENCE_WRITE,
                                                     .sequence = i,
                                                     .reference = SIM_REFERENCE_WRITE,
                                                 });
    }
}

static void push_own(struct sim_engine *engine, uint64_t time_ns, uint32_t node, uint32_t reference)
{
    sim_heap_push(&engine->workers[0]->heap, &(struct sim_heap_event){
                                                 .time_ns = time_ns,
                                                 .target = node,
                                                 .source = reference,
                                                 .reference = reference,
                                             });
}

static void push_reports(struct sim_engine *engine)
{
    for (uint32_t i = 0; i < engine->tiers.edge_count; i++) {
        const struct sim_edge *edge = &engine->tiers.edges[i];
        for (uint32_t j = 0; j < edge->report_count; j++) {
            push_own(engine, edge->reports[j].time_ns, edge->reports[j].node, SIM_REFERENCE_REPORT);
        }
    }
}

static void handle(struct sim_engine *engine, struct sim_heap_event *top)
{
    struct sim_worker *worker = engine->workers[0];
    struct mesh_event *event = &worker->batch[0];
    if (!top->received && top->reference == SIM_REFERENCE_RAFT) {
        struct sim_block *block = &engine->blocks[sim_block_of(engine, top->target)];
        sim_rafts_run(worker, block, sim_rafts_server(engine, block, top->target), top->time_ns,
                      top->generation);
        return;
    }
    if (!top->received && top->reference == SIM_REFERENCE_SWIM) {
        struct sim_block *block = &engine->blocks[sim_block_of(engine, top->target)];
        sim_swims_run(worker, block, top->target, top->time_ns, top->generation);
        return;
    }
    bool admitted = sim_faults_admit_one(engine, top);
    event->time_ns = top->time_ns;
    event->node = top->target;
    if (top->received) {
        if (!admitted) {
            return;
        }
        uint32_t reference = top->reference & ((1u << SIM_REFERENCE_BITS) - 1);
        if (engine->cores.per_host > 0) {
            sim_cores_take(worker, &engine->blocks[0], top->time_ns, top->target,
                           (enum sim_pair_class)(top->reference >> SIM_REFERENCE_BITS),
                           sim_messages_under_way(&worker->messages, reference),
                           sim_stride_end_ns(engine));
            return;
        }
        event->message = sim_messages_at(&worker->messages, reference);
        event->kind = MESH_EVENT_RECEIVE;
        event->scope = event->message->scope;
        worker->counters[event->message->kind][top->reference >> SIM_REFERENCE_BITS].delivered +=
            event->message->sent_ns >= engine->config.warmup_ns;
    } else if (top->reference == SIM_REFERENCE_WRITE) {
        const struct sim_write *write = sim_engine_take_write(engine, top->time_ns, top->target);
        event->kind = MESH_EVENT_WRITE;
        event->scope = write->scope;
        event->write = &write->write;
    } else if (top->reference == SIM_REFERENCE_REPORT) {
        const struct sim_report *report = sim_edges_take_report(engine, top->time_ns, top->target);
        event->kind = MESH_EVENT_WRITE;
        event->scope = (uint16_t)report->write.key;
        event->write = &report->write;
    } else if (top->reference == SIM_REFERENCE_JOIN) {
        sim_faults_join(engine, event);
    } else {
        event->kind = MESH_EVENT_TICK;
        event->scope = (uint16_t)(top->reference - SIM_REFERENCE_TICK);
        event->tick =
            mesh_schedule_number(&engine->config.mesh->scopes[event->scope], top->time_ns);
        top->time_ns =
            mesh_schedule_next_ns(engine->config.mesh, event->scope, top->target, top->time_ns);
        top->generation = 0;
        sim_heap_push(&worker->heap, top);
        if (!admitted) {
            return;
        }
    }
    if (engine->cores.per_host > 0 && event->kind == MESH_EVENT_WRITE) {
        sim_cores_sign(worker, &engine->blocks[0], event->time_ns, event->node);
    }
    sim_step_batch(worker, &engine->blocks[sim_block_of(engine, event->node)], 1, top->generation);
}

// Whenever a slot of the message memory begins, what arrives before the next slot does comes to
// the heap from the overflow list.
static void pull_far(struct sim_engine *engine)
{
    struct sim_worker *worker = engine->workers[0];
    struct sim_ring *ring = &worker->ring;
    // The next slot begins with a stride, at most that much later.
    uint64_t before = engine->slot * engine->windows_per_slot + engine->stride_most;
    uint64_t before_ns = before * engine->window_ns;
    uint32_t kept = 0;
    if (engine->pulled_ns == before_ns) {
        return;
    }
    engine->pulled_ns = before_ns;
    for (uint32_t i = 0; i < ring->far_count; i++) {
        struct sim_far_event *far = &ring->far[i];
        if (far->arrival_ns >= before_ns) {
            ring->far[kept++] = *far;
            continue;
        }
        uint32_t reference = sim_messages_copy(&worker->messages, &worker->output, far->message);
        sim_heap_push(&worker->heap,
                      &(struct sim_heap_event){
                          .time_ns = far->arrival_ns,
                          .target = far->target,
                          .source = far->message->source,
                          .sequence = far->message->sequence,
                          .reference = (uint32_t)far->pair << SIM_REFERENCE_BITS | reference,
                          .received = 1,
                      });
        sim_memory_free(far->message);
    }
    ring->far_count = kept;
}

void sim_heap_run_stride(struct sim_engine *engine)
{
    struct sim_heap *heap = &engine->workers[0]->heap;
    uint64_t end_ns = sim_stride_end_ns(engine);
    pull_far(engine);
    sim_faults_push_joins(engine, push_own);
    push_writes(engine);
    push_reports(engine);
    for (;;) {
        bool event = heap->count > 0 && heap->events[0].time_ns < end_ns;
        uint64_t time_ns = event ? heap->events[0].time_ns : end_ns;
        uint32_t node = event ? heap->events[0].target : 0;
        sim_cores_before(engine, &time_ns, &node);
        if (sim_cross_waiting(engine, end_ns, time_ns, node)) {
            continue;
        }
        if (sim_cores_run(engine->workers[0], &engine->blocks[0], end_ns, time_ns, node)) {
            continue;
        }
        if (!event) {
            break;
        }
        struct sim_heap_event top = sim_heap_pop(heap);
        handle(engine, &top);
    }
}
