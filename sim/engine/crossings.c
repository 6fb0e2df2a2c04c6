// SPDX-License-Identifier: GPL-3.0-or-later
#include "crossings.h"

#include <stdlib.h>

#include "allocate.h"
#include "state.h"

static struct mesh_random draw(const struct sim_engine *engine, const struct mesh_message *message,
                               uint32_t stream)
{
    return mesh_philox(engine->config.network->seed, (uint32_t)message->occasion,
                       (uint32_t)(message->occasion >> 32), message->source, stream);
}

static void count_fate(struct sim_worker *worker, const struct sim_arrival *arrival,
                       enum sim_fate fate, uint64_t latency_ns)
{
    struct sim_counters *counters = &worker->counters[arrival->message->kind][arrival->pair];
    counters->lost += fate == SIM_LOST;
    counters->dropped += fate == SIM_DROPPED;
    counters->corrupted += fate == SIM_CORRUPTED;
    if (fate == SIM_ARRIVES) {
        sim_latencies_note(worker->latencies, arrival->pair, latency_ns);
    }
}

// One copy over its channel, and on to its arrival.
static void cross_once(struct sim_worker *worker, const struct sim_arrival *arrival,
                       const struct sim_link *link, const struct sim_crossing *crossing)
{
    struct sim_engine *engine = worker->engine;
    const struct mesh_message *message = arrival->message;
    uint64_t latency_ns = 0;
    enum sim_fate fate =
        sim_channels_cross(&engine->channels, engine->config.network, link, crossing, &latency_ns);
    if (message->sent_ns >= engine->config.warmup_ns) {
        worker->counters[message->kind][arrival->pair].duplicated += crossing->second;
        count_fate(worker, arrival, fate, latency_ns);
    }
    if (fate == SIM_ARRIVES) {
        sim_arrive(worker, arrival, latency_ns);
    } else if (fate == SIM_CORRUPTED) {
        sim_account_take_in(worker, message, arrival->target, 1);
    }
}

static void cross(struct sim_worker *worker, struct sim_arrival *arrival, uint32_t stream)
{
    const struct sim_engine *engine = worker->engine;
    const struct sim_network *network = engine->config.network;
    const struct mesh_message *message = arrival->message;
    arrival->pair = sim_network_pair(network, message->source, arrival->target);
    if (sim_faults_cut(&engine->faults, message, arrival->target, &arrival->delay_ns)) {
        worker->counters[message->kind][arrival->pair].cut +=
            message->sent_ns >= engine->config.warmup_ns;
        return;
    }
    const struct sim_link *link =
        sim_network_link(network, message->source, arrival->target, arrival->pair);
    struct mesh_random first = draw(engine, message, stream);
    struct mesh_random more = draw(engine, message, stream + SIM_STREAM_CHANNEL);
    uint32_t carried_bytes = sim_network_carried_bytes(network, message);
    uint32_t packets = sim_network_packets(network, carried_bytes, sim_network_updates(message));
    struct sim_crossing crossing = {
        .sent_ns = message->sent_ns,
        .from = network->host_of[message->source],
        .to = network->host_of[arrival->target],
        .bytes = carried_bytes + packets * network->packet_overhead_bytes,
        .packets = packets,
        .draw = {first.word[0], first.word[1], first.word[2], first.word[3]},
        .more = {more.word[0], more.word[1], more.word[2], more.word[3]},
    };
    cross_once(worker, arrival, link, &crossing);
    if (network->duplicates && sim_link_duplicates(link, first.word[3])) {
        struct mesh_random again = draw(engine, message, stream + SIM_STREAM_DUPLICATE);
        crossing.draw[0] = again.word[0];
        crossing.draw[1] = again.word[1];
        crossing.more[0] = again.word[2];
        crossing.more[1] = again.word[3];
        crossing.second = true;
        cross_once(worker, arrival, link, &crossing);
    }
}

static void keep(struct sim_kept *kept, const struct sim_kept_copy *copy)
{
    if (kept->count == kept->capacity) {
        kept->capacity = kept->capacity == 0 ? 1024 : 2 * kept->capacity;
        kept->copies = sim_memory_resize(kept->copies, kept->capacity * sizeof *kept->copies);
    }
    kept->copies[kept->count] = *copy;
    kept->copies[kept->count].number = kept->count;
    kept->count++;
}

void sim_cross(struct sim_worker *worker, const struct mesh_message *message, uint32_t reference,
               uint32_t generation, const uint32_t *targets, uint32_t count)
{
    const struct sim_engine *engine = worker->engine;
    uint32_t stream = sim_network_stream(message, targets[0], 0);
    uint64_t offset_ns = message->sent_ns - engine->window * engine->window_ns;
    for (uint32_t place = 0; place < count; place++) {
        if (engine->config.queue == SIM_QUEUE_HEAP) {
            struct sim_arrival arrival = {message,        reference,     generation,
                                          targets[place], SIM_SAME_HOST, 0};
            cross(worker, &arrival, stream + place);
            continue;
        }
        keep(&worker->kept, &(struct sim_kept_copy){
                                .order = offset_ns << 32 | message->source,
                                .reference = reference,
                                .target = targets[place],
                                .stream = stream + place,
                            });
    }
}

static int in_order(const void *left, const void *right)
{
    const struct sim_kept_copy *a = left;
    const struct sim_kept_copy *b = right;
    if (a->order != b->order) {
        return a->order < b->order ? -1 : 1;
    }
    return a->number < b->number ? -1 : a->number > b->number;
}

// All copies into the first worker's list. What a source sends at one time is in one worker's, so
// that what stands in two lists never has the same order.
static void collect(struct sim_engine *engine)
{
    struct sim_kept *all = &engine->workers[0]->kept;
    for (uint32_t i = 1; i < engine->worker_count; i++) {
        struct sim_kept *kept = &engine->workers[i]->kept;
        for (uint32_t j = 0; j < kept->count; j++) {
            keep(all, &kept->copies[j]);
        }
        kept->count = 0;
    }
}

void sim_cross_kept(struct sim_engine *engine)
{
    struct sim_worker *worker = engine->workers[0];
    struct sim_kept *kept = &worker->kept;
    collect(engine);
    if (engine->block_count > 1 && kept->count > 1) {  // one block appends in order
        qsort(kept->copies, kept->count, sizeof *kept->copies, in_order);
    }
    for (uint32_t i = 0; i < kept->count; i++) {
        const struct sim_kept_copy *copy = &kept->copies[i];
        struct sim_arrival arrival = {
            .message = sim_messages_at(&worker->messages, copy->reference),
            .reference = copy->reference,
            .target = copy->target,
        };
        cross(worker, &arrival, copy->stream);
    }
    kept->count = 0;
}
