// SPDX-License-Identifier: GPL-3.0-or-later
// From the core's records to effects: changes are noted, messages go through the network into the
// queue.
#include <assert.h>

#include "allocate.h"
#include "state.h"

static void note_change(struct sim_worker *worker, const struct mesh_event *event,
                        const struct mesh_record *record)
{
    if (worker->change_count == worker->change_capacity) {
        worker->change_capacity = worker->change_capacity == 0 ? 1024 : 2 * worker->change_capacity;
        worker->changes =
            sim_memory_resize(worker->changes, worker->change_capacity * sizeof *worker->changes);
        worker->changes_scratch = sim_memory_resize(
            worker->changes_scratch, worker->change_capacity * sizeof *worker->changes_scratch);
    }
    worker->changes[worker->change_count++] = (struct sim_change){
        .time_ns = event->time_ns,
        .message = event->kind == MESH_EVENT_RECEIVE ? event->message : NULL,
        .lanes = record->deliver.lanes,
        .word = record->deliver.word,
        .node = event->node,
    };
}

static void post(struct sim_engine *engine, const struct mesh_record *record)
{
    struct sim_worker *worker = &engine->worker;
    struct sim_outbox *outbox = &worker->outbox;
    const struct mesh_message *message = record->send.message;
    uint32_t reference = sim_arena_reference(&worker->arena, message);
    uint32_t transport_bytes = sim_network_transport_bytes(
        engine->config.network, message->wire_bytes, message->update_count);
    const uint32_t *targets = worker->output.targets + record->send.target_first;
    for (uint32_t place = 0; place < record->send.target_count; place++) {
        if (outbox->count == SIM_DRAW_BATCH) {
            sim_outbox_flush(engine);
        }
        uint32_t i = outbox->count++;
        outbox->low[i] = (uint32_t)message->occasion;
        outbox->high[i] = (uint32_t)(message->occasion >> 32);
        outbox->source[i] = message->source;
        outbox->stream[i] =
            sim_network_stream((enum mesh_message_kind)message->kind, place, targets[place], 0);
        outbox->target[i] = targets[place];
        outbox->place[i] = place;
        outbox->reference[i] = reference;
        outbox->transport_bytes[i] = transport_bytes;
        outbox->message[i] = message;
    }
}

static void carry_out(struct sim_engine *engine, const struct mesh_event *events)
{
    struct sim_worker *worker = &engine->worker;
    for (uint32_t i = 0; i < worker->output.record_count; i++) {
        const struct mesh_record *record = &worker->output.records[i];
        switch ((enum mesh_record_kind)record->kind) {
        case MESH_RECORD_SEND: post(engine, record); break;
        case MESH_RECORD_DELIVER: note_change(worker, &events[record->event], record); break;
        case MESH_RECORD_PERSIST: break;  // disks are instant: what follows need not wait
        case MESH_RECORD_REJECT: worker->rejects++; break;
        case MESH_RECORD_TIMER: assert(false); break;  // timers are set at the start
        }
    }
    worker->output.record_count = 0;
    worker->output.target_count = 0;
}

void sim_step_batch(struct sim_engine *engine, const struct mesh_states *states, uint32_t count)
{
    struct sim_worker *worker = &engine->worker;
    size_t message_words = mesh_output_bound(engine->config.mesh, engine->words).message_words;
    for (uint32_t done = 0; done < count;) {
        sim_arena_provide(&worker->arena, &worker->output, message_words);
        uint32_t handled = mesh_step(engine->config.mesh, states, worker->batch + done,
                                     count - done, &worker->output);
        carry_out(engine, worker->batch + done);
        done += handled;
    }
    worker->events += count;
}

static void arrive(struct sim_engine *engine, uint32_t i, enum sim_pair_class pair,
                   uint64_t latency_ns)
{
    struct sim_worker *worker = &engine->worker;
    struct sim_outbox *outbox = &worker->outbox;
    const struct mesh_message *message = outbox->message[i];
    uint64_t arrival_ns = message->sent_ns + latency_ns;
    if (engine->config.queue == SIM_QUEUE_HEAP) {
        sim_heap_push(&worker->heap,
                      &(struct sim_heap_event){
                          .time_ns = arrival_ns,
                          .generation = latency_ns == 0 ? outbox->generation + 1 : 0,
                          .target = outbox->target[i],
                          .source = message->source,
                          .sequence = message->sequence,
                          .reference = (uint32_t)pair << SIM_REFERENCE_BITS | outbox->reference[i],
                          .received = 1,
                      });
        return;
    }
    uint64_t since_ns = arrival_ns - engine->window * engine->window_ns;
    uint64_t ahead = sim_engine_windows_in(engine, since_ns);
    if (ahead >= worker->ring.slot_count) {
        sim_ring_push_far(&worker->ring, arrival_ns, outbox->target[i], pair, message);
        return;
    }
    uint32_t target = outbox->target[i];
    sim_ring_push(&worker->ring,
                  sim_ring_bucket(&worker->ring, engine->window + ahead, target >> SIM_BLOCK_SHIFT),
                  sim_event_pack(since_ns - ahead * engine->window_ns,
                                 target & (SIM_BLOCK_NODES - 1), pair, outbox->reference[i]));
}

// The network duplicates a message: the copy has a latency of its own and is never duplicated again.
static void arrive_twice(struct sim_engine *engine, uint32_t i, enum sim_pair_class pair,
                         struct sim_counters *counters)
{
    const struct sim_outbox *outbox = &engine->worker.outbox;
    uint32_t stream =
        sim_network_stream((enum mesh_message_kind)outbox->message[i]->kind, outbox->place[i],
                           outbox->target[i], 1);
    struct mesh_random random = mesh_philox(engine->config.network->seed, outbox->low[i],
                                            outbox->high[i], outbox->source[i], stream);
    counters->duplicated++;
    arrive(engine, i, pair,
           sim_link_latency_ns(&engine->config.network->links[pair], random.word[0],
                               random.word[1]));
}

void sim_outbox_flush(struct sim_engine *engine)
{
    struct sim_worker *worker = &engine->worker;
    struct sim_outbox *outbox = &worker->outbox;
    const struct sim_network *network = engine->config.network;
    struct sim_counters uncounted = {0};
    sim_network_draw(network, outbox->count, outbox->low, outbox->high, outbox->source,
                     outbox->stream, outbox->words);
    for (uint32_t i = 0; i < outbox->count; i++) {
        const struct mesh_message *message = outbox->message[i];
        enum sim_pair_class pair =
            sim_network_pair(network, outbox->source[i], outbox->target[i]);
        const struct sim_link *link = &network->links[pair];
        bool counted = message->sent_ns >= engine->config.warmup_ns;
        struct sim_counters *counters = counted ? &worker->counters[message->kind][pair] : &uncounted;
        counters->messages++;
        counters->bytes += message->wire_bytes;
        counters->transport_bytes += outbox->transport_bytes[i];
        counters->updates += message->update_count;
        if (sim_link_duplicates(link, outbox->words[3][i])) {
            arrive_twice(engine, i, pair, counters);
        }
        if (sim_link_loses(link, outbox->words[2][i])) {
            counters->lost++;
            continue;
        }
        uint64_t latency_ns =
            sim_link_latency_ns(link, outbox->words[0][i], outbox->words[1][i]);
        if (latency_ns > counters->latency_ns_max) {
            counters->latency_ns_max = latency_ns;
        }
        arrive(engine, i, pair, latency_ns);
    }
    outbox->count = 0;
}
