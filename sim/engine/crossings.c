// SPDX-License-Identifier: GPL-3.0-or-later
#include "crossings.h"

#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "state.h"

void sim_kept_finish(struct sim_kept *kept)
{
    sim_memory_free(kept->copies);
    for (uint32_t i = 0; i < kept->waiting_count; i++) {
        sim_memory_free(kept->waiting[i].message);
    }
    sim_memory_free(kept->waiting);
}

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

// ---- Links that are others just now ----

struct way {
    struct sim_link link;
    struct sim_channel_rules rules;
};

// The order of the parts matters: a scale is of whatever latency there is.
static void alter(struct way *way, const struct sim_link_change *change)
{
    struct sim_link *link = &way->link;
    if ((change->given >> SIM_LINK_LOSS & 1) != 0) {
        link->loss_below = sim_draw_below(change->loss_ppb);
        way->rules.bursts = false;
    }
    if ((change->given >> SIM_LINK_DUPLICATE & 1) != 0) {
        link->duplicate_below = sim_draw_below(change->duplicate_ppb);
    }
    if ((change->given >> SIM_LINK_CORRUPT & 1) != 0) {
        way->rules.corrupt_below = sim_draw_below(change->corrupt_ppb);
    }
    if ((change->given >> SIM_LINK_LATENCY & 1) != 0) {
        link->minimum_ns = change->latency_ns_min;
        link->span_ns = change->latency_ns_max - change->latency_ns_min;
        link->quantiles = NULL;
    }
    if ((change->given >> SIM_LINK_SCALE & 1) != 0) {
        link->minimum_ns = sim_scaled_ns(link->minimum_ns, change->scale_ppb);
        link->span_ns = sim_scaled_ns(link->span_ns, change->scale_ppb);
        link->scale = sim_scaled_ns(link->scale, change->scale_ppb);
    }
    if ((change->given >> SIM_LINK_RATE & 1) != 0) {
        way->rules.rate_bits_per_s = change->rate_bits_per_s;
    }
}

static void find_way(const struct sim_engine *engine, uint32_t source, uint32_t target,
                     enum sim_pair_class pair, uint64_t time_ns, struct way *way)
{
    const struct sim_network *network = engine->config.network;
    struct sim_link_change change;
    way->link = *sim_network_link(network, source, target, pair);
    way->rules = network->channel;
    if (network->changes &&
        sim_rules_change(&engine->faults.rules, source, target, pair, time_ns, &change)) {
        alter(way, &change);
    }
}

bool sim_cross_loses_all(const struct sim_engine *engine, uint32_t source, uint32_t target,
                         uint64_t time_ns)
{
    struct way way;
    const struct sim_network *network = engine->config.network;
    find_way(engine, source, target, sim_network_pair(network, source, target), time_ns, &way);
    return !way.rules.bursts && way.link.loss_below > UINT32_MAX;
}

// ---- Crossing ----

static void arrive_altered(struct sim_worker *worker, const struct sim_arrival *arrival,
                           const struct sim_crossing *crossing, uint64_t latency_ns)
{
    struct sim_arrival other = *arrival;
    uint64_t sent_ns = arrival->message->sent_ns;
    other.reference =
        sim_altering_alter(worker, arrival->message, arrival->target, crossing->second);
    other.message = sim_messages_at(&worker->messages, other.reference);
    sim_arrive(worker, &other, crossing->sent_ns - sent_ns + latency_ns);
}

// One copy over its channel, and on to its arrival.
static void cross_once(struct sim_worker *worker, const struct sim_arrival *arrival,
                       const struct way *way, const struct sim_crossing *crossing)
{
    struct sim_engine *engine = worker->engine;
    const struct mesh_message *message = arrival->message;
    uint64_t latency_ns = 0;
    enum sim_fate fate =
        sim_channels_cross(&engine->channels, &way->rules, &way->link, crossing, &latency_ns);
    bool altered = fate == SIM_CORRUPTED && engine->config.network->alters;
    fate = altered ? SIM_ARRIVES : fate;
    if (message->sent_ns >= engine->config.warmup_ns) {
        worker->counters[message->kind][arrival->pair].duplicated += crossing->second;
        worker->counters[message->kind][arrival->pair].altered += altered;
        count_fate(worker, arrival, fate, latency_ns);
    }
    if (altered) {
        arrive_altered(worker, arrival, crossing, latency_ns);
    } else if (fate == SIM_ARRIVES) {
        sim_arrive(worker, arrival, crossing->sent_ns - message->sent_ns + latency_ns);
    } else if (fate == SIM_CORRUPTED) {
        sim_account_take_in(worker, message, arrival->target, 1);
    }
}

// `enters_ns`: when it was sent or, if it waited for its connection, when that was there.
static void cross(struct sim_worker *worker, struct sim_arrival *arrival, uint64_t enters_ns,
                  uint32_t stream)
{
    const struct sim_engine *engine = worker->engine;
    const struct sim_network *network = engine->config.network;
    const struct mesh_message *message = arrival->message;
    arrival->pair = sim_network_pair(network, message->source, arrival->target);
    struct way way;
    find_way(engine, message->source, arrival->target, arrival->pair, enters_ns, &way);
    struct mesh_random first = draw(engine, message, stream);
    struct mesh_random more = draw(engine, message, stream + SIM_STREAM_CHANNEL);
    uint32_t carried_bytes = sim_network_carried_bytes(network, message);
    uint32_t packets = sim_network_packets(network, carried_bytes, sim_network_updates(message));
    struct sim_crossing crossing = {
        .sent_ns = enters_ns,
        .from = network->host_of[message->source],
        .to = network->host_of[arrival->target],
        .bytes = carried_bytes + packets * network->packet_overhead_bytes,
        .packets = packets,
        .draw = {first.word[0], first.word[1], first.word[2], first.word[3]},
        .more = {more.word[0], more.word[1], more.word[2], more.word[3]},
    };
    cross_once(worker, arrival, &way, &crossing);
    if (sim_link_duplicates(&way.link, first.word[3])) {
        struct mesh_random again = draw(engine, message, stream + SIM_STREAM_DUPLICATE);
        crossing.draw[0] = again.word[0];
        crossing.draw[1] = again.word[1];
        crossing.more[0] = again.word[2];
        crossing.more[1] = again.word[3];
        crossing.second = true;
        cross_once(worker, arrival, &way, &crossing);
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

// ---- Waiting for a connection ----

// By time, source, and the order in which the source sent them.
static bool enters_before(const struct sim_waiting_copy *a, const struct sim_waiting_copy *b)
{
    if (a->enters_ns != b->enters_ns) {
        return a->enters_ns < b->enters_ns;
    }
    if (a->message->source != b->message->source) {
        return a->message->source < b->message->source;
    }
    return a->message->sequence != b->message->sequence
               ? a->message->sequence < b->message->sequence
               : a->stream < b->stream;
}

static void push_waiting(struct sim_kept *kept, struct sim_waiting_copy copy)
{
    if (kept->waiting_count == kept->waiting_capacity) {
        kept->waiting_capacity = kept->waiting_capacity == 0 ? 256 : 2 * kept->waiting_capacity;
        kept->waiting =
            sim_memory_resize(kept->waiting, kept->waiting_capacity * sizeof *kept->waiting);
    }
    uint32_t place = kept->waiting_count++;
    for (; place > 0 && enters_before(&copy, &kept->waiting[(place - 1) / 2]);
         place = (place - 1) / 2) {
        kept->waiting[place] = kept->waiting[(place - 1) / 2];
    }
    kept->waiting[place] = copy;
}

// With a message of its own.
static void let_wait(struct sim_kept *kept, const struct mesh_message *message,
                     struct sim_waiting_copy copy)
{
    size_t bytes = sim_message_words(message) * sizeof(uint64_t);
    copy.message = sim_memory_zeroed(bytes);
    memcpy(copy.message, message, bytes);
    push_waiting(kept, copy);
}

// Takes the next to enter; its message is the caller's.
static struct sim_waiting_copy take_waiting(struct sim_kept *kept)
{
    struct sim_waiting_copy first = kept->waiting[0];
    const struct sim_waiting_copy last = kept->waiting[--kept->waiting_count];
    uint32_t place = 0;
    for (uint32_t child; (child = 2 * place + 1) < kept->waiting_count; place = child) {
        const struct sim_waiting_copy *children = &kept->waiting[child];
        child += child + 1 < kept->waiting_count && enters_before(&children[1], &children[0]);
        if (!enters_before(&kept->waiting[child], &last)) {
            break;
        }
        kept->waiting[place] = kept->waiting[child];
    }
    kept->waiting[place] = last;
    return first;
}

static uint32_t copy_message(struct sim_worker *worker, const struct sim_waiting_copy *copy)
{
    uint32_t reference = sim_messages_copy(&worker->messages, &worker->output, copy->message);
    sim_memory_free(copy->message);
    return reference;
}

bool sim_cross_waiting(struct sim_engine *engine, uint64_t end_ns, uint64_t time_ns, uint32_t node)
{
    struct sim_worker *worker = engine->workers[0];
    struct sim_kept *kept = &worker->kept;
    bool any = false;
    while (kept->waiting_count > 0) {
        const struct sim_waiting_copy *next = &kept->waiting[0];
        if (next->enters_ns >= end_ns || next->enters_ns > time_ns ||
            (next->enters_ns == time_ns && next->message->source > node)) {
            break;
        }
        struct sim_waiting_copy copy = take_waiting(kept);
        uint32_t reference = copy_message(worker, &copy);
        struct sim_arrival arrival = {
            .message = sim_messages_at(&worker->messages, reference),
            .reference = reference,
            .target = copy.target,
            .delay_ns = copy.delay_ns,
        };
        cross(worker, &arrival, copy.enters_ns, copy.stream);
        any = true;
    }
    return any;
}

// Those that enter in this window join its other copies.
static void keep_waited(struct sim_engine *engine)
{
    struct sim_worker *worker = engine->workers[0];
    struct sim_kept *kept = &worker->kept;
    uint64_t start_ns = engine->window * engine->window_ns;
    while (kept->waiting_count > 0 && kept->waiting[0].enters_ns < start_ns + engine->window_ns) {
        struct sim_waiting_copy copy = take_waiting(kept);
        uint64_t order = (copy.enters_ns - start_ns) << 32 | copy.message->source;
        keep(kept, &(struct sim_kept_copy){
                       .order = order,
                       .delay_ns = copy.delay_ns,
                       .reference = copy_message(worker, &copy),
                       .target = copy.target,
                       .stream = copy.stream,
                       .waited = true,
                   });
    }
}

// ---- Sending ----

static bool is_cut(struct sim_worker *worker, const struct mesh_message *message, uint32_t target,
                   uint64_t *delay_ns)
{
    const struct sim_engine *engine = worker->engine;
    if (!sim_faults_cut(&engine->faults, message, target, delay_ns)) {
        return false;
    }
    enum sim_pair_class pair = sim_network_pair(engine->config.network, message->source, target);
    worker->counters[message->kind][pair].cut += message->sent_ns >= engine->config.warmup_ns;
    return true;
}

static uint64_t wait_for_connection(struct sim_worker *worker, const struct mesh_message *message,
                                    uint32_t target)
{
    const struct sim_engine *engine = worker->engine;
    return engine->account.cold
               ? sim_account_dial(worker, message, target,
                                  sim_network_pair(engine->config.network, message->source, target))
               : 0;
}

void sim_cross(struct sim_worker *worker, const struct sim_posting *posting)
{
    const struct sim_engine *engine = worker->engine;
    const struct mesh_message *message = posting->message;
    uint32_t stream = sim_network_stream(message, posting->targets[0], 0) + posting->place_first;
    uint64_t offset_ns = message->sent_ns - engine->window * engine->window_ns;
    for (uint32_t place = 0; place < posting->count; place++) {
        uint32_t target = posting->targets[place];
        uint64_t delay_ns = 0;
        if (is_cut(worker, message, target, &delay_ns)) {
            continue;
        }
        delay_ns += posting->delays_ns != NULL ? posting->delays_ns[place] : 0;
        uint64_t wait_ns = wait_for_connection(worker, message, target);
        if (wait_ns > 0) {
            let_wait(&worker->kept, message,
                     (struct sim_waiting_copy){.enters_ns = message->sent_ns + wait_ns,
                                               .delay_ns = delay_ns,
                                               .target = target,
                                               .stream = stream + place});
        } else if (engine->config.queue == SIM_QUEUE_HEAP) {
            struct sim_arrival arrival = {.message = message,
                                          .reference = posting->reference,
                                          .generation = posting->generation,
                                          .target = target,
                                          .delay_ns = delay_ns};
            cross(worker, &arrival, message->sent_ns, stream + place);
        } else {
            keep(&worker->kept, &(struct sim_kept_copy){
                                    .order = offset_ns << 32 | message->source,
                                    .delay_ns = delay_ns,
                                    .reference = posting->reference,
                                    .target = target,
                                    .stream = stream + place,
                                });
        }
    }
}

static int in_order(const void *left, const void *right)
{
    const struct sim_kept_copy *a = left;
    const struct sim_kept_copy *b = right;
    if (a->order != b->order) {
        return a->order < b->order ? -1 : 1;
    }
    if (a->waited != b->waited) {
        return a->waited ? -1 : 1;
    }
    return a->number < b->number ? -1 : a->number > b->number;
}

// All copies into the first worker's lists. What a source sends at one time is in one worker's, so
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
        for (uint32_t j = 0; j < kept->waiting_count; j++) {
            push_waiting(all, kept->waiting[j]);
        }
        kept->waiting_count = 0;
    }
}

// Several blocks do not append in order, nor do servers and members, who do what falls due for
// them when others' events are done, nor what has waited.
static void sort(struct sim_kept *kept)
{
    for (uint32_t i = 1; i < kept->count; i++) {
        if (in_order(&kept->copies[i - 1], &kept->copies[i]) > 0) {
            qsort(kept->copies, kept->count, sizeof *kept->copies, in_order);
            return;
        }
    }
}

void sim_cross_kept(struct sim_engine *engine)
{
    struct sim_worker *worker = engine->workers[0];
    struct sim_kept *kept = &worker->kept;
    uint64_t start_ns = engine->window * engine->window_ns;
    collect(engine);
    keep_waited(engine);
    sort(kept);
    for (uint32_t i = 0; i < kept->count; i++) {
        const struct sim_kept_copy *copy = &kept->copies[i];
        struct sim_arrival arrival = {
            .message = sim_messages_at(&worker->messages, copy->reference),
            .reference = copy->reference,
            .target = copy->target,
            .delay_ns = copy->delay_ns,
        };
        cross(worker, &arrival, start_ns + (copy->order >> 32), copy->stream);
    }
    kept->count = 0;
}
