// SPDX-License-Identifier: GPL-3.0-or-later
#include "post.h"

#include <assert.h>

#include "mesh/wire.h"

enum way {
    INTO_RING,
    INTO_HEAP,
    AGAIN,  // what arrives is only looked at (quiet.h)
};

// One message on its way: what all its copies share.
struct parcel {
    const struct mesh_message *message;
    const uint32_t *targets;
    uint32_t count;
    uint32_t reference;
    uint32_t generation;
    enum way way;
    uint64_t since_ns;  // from the start of the window to the sending
    struct sim_road road;
    uint32_t near_first;  // of the sender's block, as there
    uint32_t near_count;
    bool duplicates;  // of the network's links
    bool cold;        // connections
    bool ruled;       // faults lie between nodes
    // As in struct sim_posting: a liar's alone has delays, or a first place.
    const uint64_t *delays_ns;
    uint32_t place_first;
};

static void arrive_in_heap(struct sim_worker *worker, const struct parcel *parcel, uint32_t target,
                           enum sim_pair_class pair, uint64_t latency_ns)
{
    if (latency_ns > worker->engine->reach_ns) {
        sim_ring_push_far(&worker->ring, parcel->message->sent_ns + latency_ns, target, pair,
                          parcel->message);
        return;
    }
    sim_heap_push(&worker->heap,
                  &(struct sim_heap_event){
                      .time_ns = parcel->message->sent_ns + latency_ns,
                      .generation = latency_ns == 0 ? parcel->generation + 1 : 0,
                      .target = target,
                      .source = parcel->message->source,
                      .sequence = parcel->message->sequence,
                      .reference = (uint32_t)pair << SIM_REFERENCE_BITS | parcel->reference,
                      .received = 1,
                  });
}

#define LATENCY_BITS 43u  // of the longest that arrive() can divide by windows

static void arrive_elsewhere(struct sim_worker *worker, const struct parcel *parcel,
                             uint32_t target, enum sim_pair_class pair, uint64_t latency_ns)
{
    if (parcel->way == INTO_HEAP) {
        arrive_in_heap(worker, parcel, target, pair, latency_ns);
    } else {
        sim_quiet_arrive(worker, parcel->message, parcel->reference, target, pair, latency_ns);
    }
}

// A copy that arrives `since_ns` after the window began; false: that is beyond the ring.
static inline bool arrive_in_ring(struct sim_ring *ring, const struct sim_road *road,
                                  uint64_t since_ns, uint32_t target, enum sim_pair_class pair,
                                  uint32_t reference)
{
    uint64_t ahead = (uint64_t)((mesh_uint128)since_ns * road->window_reciprocal >> 64);
    if (ahead > road->ahead_most) {
        return false;
    }
    uint64_t slot = (road->window + ahead) & road->slot_mask;
    uint32_t block = target >> SIM_BLOCK_SHIFT;
    uint32_t local = target & (SIM_BLOCK_NODES - 1);
    if (road->block_of != NULL) {
        bool own = target - road->own_first < road->own_count;
        block = own ? road->own : road->block_of[target];
        local = target - (own ? road->own_first : road->blocks[block].states.node_first);
    }
    sim_ring_push(ring, &road->buckets[slot * road->block_count + block],
                  sim_event_pack(since_ns - ahead * road->window_ns, local, pair, reference));
    return true;
}

static inline void arrive(struct sim_worker *worker, const struct parcel *parcel, uint32_t target,
                          enum sim_pair_class pair, uint64_t latency_ns)
{
    bool near = latency_ns >> LATENCY_BITS == 0;
    if (near && parcel->way != INTO_RING) {
        arrive_elsewhere(worker, parcel, target, pair, latency_ns);
        return;
    }
    if (!near || !arrive_in_ring(&worker->ring, &parcel->road, parcel->since_ns + latency_ns,
                                 target, pair, parcel->reference)) {
        sim_ring_push_far(&worker->ring, parcel->message->sent_ns + latency_ns, target, pair,
                          parcel->message);
    }
}

// Of any link, wherever it joins. Not inline: the loop over a message's copies has no room for it.
__attribute__((noinline)) static uint64_t latency_of(struct sim_worker *worker,
                                                     const struct mesh_message *message,
                                                     uint32_t target, enum sim_pair_class pair,
                                                     uint32_t word0, uint32_t word1)
{
    const struct sim_network *network = worker->engine->config.network;
    const struct sim_link *link = sim_network_link(network, message->source, target, pair);
    uint64_t latency_ns = sim_link_latency_ns(link, word0, word1);
    if (worker->latencies != NULL && message->sent_ns >= worker->latencies_from_ns) {
        sim_latencies_note(worker->latencies, pair, latency_ns);
    }
    return latency_ns;
}

// The network duplicates a copy: the second has a latency of its own, arrives even if the first is
// lost (as in netem), and is never duplicated again.
static void arrive_again(struct sim_worker *worker, const struct parcel *parcel, uint32_t place,
                         enum sim_pair_class pair, uint64_t wait_ns)
{
    const struct mesh_message *message = parcel->message;
    uint32_t stream = sim_network_stream(message, parcel->targets[0], 1) + parcel->place_first;
    struct mesh_random random =
        mesh_philox(worker->engine->config.network->seed, (uint32_t)message->occasion,
                    (uint32_t)(message->occasion >> 32), message->source, stream + place);
    uint64_t latency_ns =
        latency_of(worker, message, parcel->targets[place], pair, random.word[0], random.word[1]);
    arrive(worker, parcel, parcel->targets[place], pair, wait_ns + latency_ns);
}

// What became of the copies of one message, per pair class.
struct tally {
    uint64_t sent[SIM_PAIR_CLASS_COUNT];
    uint16_t lost[SIM_PAIR_CLASS_COUNT];
    uint16_t duplicated[SIM_PAIR_CLASS_COUNT];
    uint16_t cut[SIM_PAIR_CLASS_COUNT];
};
_Static_assert(MESH_FANOUT_MAX < UINT16_MAX, "copies of a message can be counted");

static uint32_t row_bytes_of(const struct mesh_message *message)
{
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < message->update_count; i++) {
        bytes += mesh_rows_row(message, i).wire_bytes;
    }
    return bytes;
}

#define KIND(kind) (UINT64_C(1) << MESH_MESSAGE_##kind)

static const uint64_t digest_kinds =
    KIND(OPEN) | KIND(ANSWER) | KIND(VECTOR) | KIND(FILL) | KIND(SNAPSHOT) | KIND(ROWS_HELD);

// Of an exchange, what are no updates and no rows.
static inline uint32_t digest_bytes_of(const struct mesh_message *message, uint32_t update_bytes)
{
    if (message->kind == MESH_MESSAGE_ROWS) {
        return message->wire_bytes - row_bytes_of(message);
    }
    bool digests = (digest_kinds >> message->kind & 1) != 0;
    return digests ? message->wire_bytes - update_bytes : 0;
}

// Updates that a message carries, those written before the end of the warm-up left out: they would
// be copies of what nobody measures. Reports are never left out; rows are no updates.
static uint32_t counted_updates(const struct sim_engine *engine, const struct mesh_message *message)
{
    if (!mesh_message_has_lanes(message->kind)) {
        return 0;
    }
    if (engine->counted_first == 0 || message->update_count == 0) {
        return message->update_count;
    }
    const struct mesh_lanes carried = mesh_message_updates(message);
    uint32_t count = message->update_count;
    for (uint32_t i = 0; i < carried.words; i++) {
        uint32_t word = carried.word_first + i;
        for (uint64_t lanes = word < engine->local_words ? 0 : carried.lanes[i]; lanes != 0;
             lanes &= lanes - 1) {
            uint32_t lane = 64 * (word - engine->local_words) + (uint32_t)__builtin_ctzll(lanes);
            count -= engine->write_of_lane[lane] < engine->counted_first;
        }
    }
    return count;
}

// `copies` of a message that went over links of one class.
static inline void count_sent(const struct sim_engine *engine, struct sim_counters *counters,
                              const struct mesh_message *message, uint32_t update_bytes,
                              const struct sim_carriage *carriage, uint64_t copies)
{
    counters->messages += copies;
    counters->bytes += copies * message->wire_bytes;
    counters->saved_bytes += copies * (message->wire_bytes - carriage->carried);
    counters->digest_bytes += copies * digest_bytes_of(message, update_bytes);
    counters->transport_bytes +=
        copies * sim_network_packet_bytes(engine->config.network, carriage->packets);
    counters->updates += copies * counted_updates(engine, message);
}

static void count_copies(struct sim_worker *worker, const struct mesh_message *message,
                         uint32_t update_bytes, const struct sim_carriage *carriage,
                         const struct tally *tally)
{
    const struct sim_engine *engine = worker->engine;
    if (message->sent_ns < engine->config.warmup_ns) {
        return;
    }
    for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
        if (tally->sent[pair] == 0) {
            continue;
        }
        struct sim_counters *counters = &worker->counters[message->kind][pair];
        count_sent(engine, counters, message, update_bytes, carriage, tally->sent[pair]);
        counters->lost += tally->lost[pair];
        counters->duplicated += tally->duplicated[pair];
        counters->cut += tally->cut[pair];
    }
}

// Sends the copy at `place` through the network, with word w of its block at
// words[w * SIM_DRAW_BATCH].
// `varied` is the network's, `lying`: the parcel has delays or a first place; each of the callers
// is compiled for its own, so that plain links keep a short loop.
__attribute__((always_inline)) static inline void send_copy(struct sim_worker *worker,
                                                            const struct parcel *parcel,
                                                            uint32_t place, const uint32_t *words,
                                                            bool varied, bool lying,
                                                            struct tally *tally)
{
    const struct sim_network *network = worker->engine->config.network;
    const struct sim_faults *faults = &worker->engine->faults;
    const struct mesh_message *message = parcel->message;
    uint32_t target = parcel->targets[place];
    enum sim_pair_class pair = target - parcel->near_first < parcel->near_count
                                   ? SIM_SAME_HOST
                                   : sim_network_pair(network, message->source, target);
    const struct sim_link *link = &network->links[pair];  // losses do not look at the place
    tally->sent[pair]++;
    uint64_t wait_ns = 0;
    if (parcel->ruled && sim_faults_cut(faults, message, target, &wait_ns)) {
        tally->cut[pair]++;
        return;
    }
    wait_ns += lying && parcel->delays_ns != NULL ? parcel->delays_ns[place] : 0;
    wait_ns += parcel->cold ? sim_account_dial(worker, message, target, pair) : 0;
    if (parcel->duplicates && sim_link_duplicates(link, words[(size_t)3 * SIM_DRAW_BATCH])) {
        tally->duplicated[pair]++;
        arrive_again(worker, parcel, place, pair, wait_ns);
    }
    if (sim_link_loses(link, words[(size_t)2 * SIM_DRAW_BATCH])) {
        tally->lost[pair]++;
        return;
    }
    uint64_t latency_ns =
        varied ? latency_of(worker, message, target, pair, words[0], words[SIM_DRAW_BATCH])
               : sim_link_uniform_ns(link, words[0], words[SIM_DRAW_BATCH]);
    arrive(worker, parcel, target, pair, wait_ns + latency_ns);
}

// The copies [first, end).
__attribute__((always_inline)) static inline void dispatch(struct sim_worker *worker,
                                                           const struct parcel *shared,
                                                           uint32_t first, uint32_t end,
                                                           bool varied, bool lying,
                                                           struct tally *tally)
{
    const struct parcel parcel = *shared;
    const struct mesh_message *message = parcel.message;
    uint32_t words[4][SIM_DRAW_BATCH];
    uint32_t stream =
        sim_network_stream(message, parcel.targets[0], 0) + (lying ? parcel.place_first : 0);
    sim_draw(worker->engine->config.network->seed, message->occasion, message->source,
             stream + first, end - first, words);
    for (uint32_t place = first; place < end; place++) {
        send_copy(worker, &parcel, place, words[0] + (place - first), varied, lying, tally);
    }
}

__attribute__((noinline)) static void dispatch_varied(struct sim_worker *worker,
                                                      const struct parcel *parcel, uint32_t first,
                                                      uint32_t end, struct tally *tally)
{
    dispatch(worker, parcel, first, end, true, false, tally);
}

__attribute__((noinline)) static void dispatch_lies(struct sim_worker *worker,
                                                    const struct parcel *parcel, uint32_t first,
                                                    uint32_t end, struct tally *tally)
{
    dispatch(worker, parcel, first, end, true, true, tally);
}

// From a node of the block.
static inline struct sim_road road_of(const struct sim_worker *worker,
                                      const struct sim_block *block)
{
    const struct sim_engine *engine = worker->engine;
    return (struct sim_road){
        .buckets = worker->ring.buckets,
        .window = worker->window,
        .ahead_most = engine->ahead_most,
        .window_ns = engine->window_ns,
        .window_reciprocal = engine->window_reciprocal,
        .slot_mask = worker->ring.slot_count - 1,
        .block_count = worker->ring.block_count,
        .own = (uint32_t)(block - engine->blocks),
        .own_first = block->states.node_first,
        .own_count = block->states.node_count,
        .block_of = engine->block_of,
        .blocks = engine->blocks,
    };
}

__attribute__((always_inline)) static inline struct parcel parcel_of(
    const struct sim_worker *worker, const struct sim_block *block,
    const struct mesh_message *message, uint32_t reference, uint32_t generation)
{
    const struct sim_engine *engine = worker->engine;
    return (struct parcel){
        .message = message,
        .reference = reference,
        .generation = generation,
        .way = engine->config.queue == SIM_QUEUE_HEAP ? INTO_HEAP : INTO_RING,
        .since_ns = message->sent_ns - worker->window * engine->window_ns,
        .road = road_of(worker, block),
        .near_first = block->near_first,
        .near_count = block->near_count,
        .duplicates = engine->config.network->duplicates,
        .cold = engine->account.cold,
        .ruled = engine->faults.rules.count > 0,
    };
}

static const struct sim_block *block_of_source(const struct sim_worker *worker,
                                               const struct mesh_message *message)
{
    return &worker->engine->blocks[sim_block_of(worker->engine, message->source)];
}

void sim_arrive(struct sim_worker *worker, const struct sim_arrival *arrival, uint64_t latency_ns)
{
    struct parcel parcel = parcel_of(worker, block_of_source(worker, arrival->message),
                                     arrival->message, arrival->reference, arrival->generation);
    arrive(worker, &parcel, arrival->target, arrival->pair, arrival->delay_ns + latency_ns);
}

// The copies cross their channels; what becomes of them is counted there.
static void post_to_channels(struct sim_worker *worker, const struct parcel *parcel,
                             struct tally *tally)
{
    const struct sim_network *network = worker->engine->config.network;
    const struct mesh_message *message = parcel->message;
    for (uint32_t place = 0; place < parcel->count; place++) {
        tally->sent[sim_network_pair(network, message->source, parcel->targets[place])]++;
    }
    sim_cross(worker, &(struct sim_posting){.message = message,
                                            .targets = parcel->targets,
                                            .delays_ns = parcel->delays_ns,
                                            .count = parcel->count,
                                            .reference = parcel->reference,
                                            .generation = parcel->generation,
                                            .place_first = parcel->place_first});
}

static void dispatch_all(struct sim_worker *worker, const struct parcel *parcel,
                         struct tally *tally)
{
    for (uint32_t first = 0; first < parcel->count; first += SIM_DRAW_BATCH) {
        uint32_t end =
            parcel->count - first < SIM_DRAW_BATCH ? parcel->count : first + SIM_DRAW_BATCH;
        if (worker->lying.lying) {
            dispatch_lies(worker, parcel, first, end, tally);
        } else if (worker->engine->config.network->varied) {
            dispatch_varied(worker, parcel, first, end, tally);
        } else {
            dispatch(worker, parcel, first, end, false, false, tally);
        }
    }
}

static inline void enter_draws(struct sim_single_draws *draws, uint32_t place,
                               const struct mesh_output *output, const struct mesh_record *record)
{
    const struct mesh_message *message = record->send.message;
    uint32_t target = output->targets[record->send.target_first];
    draws->counters.occasion[0][place] = (uint32_t)message->occasion;
    draws->counters.occasion[1][place] = (uint32_t)(message->occasion >> 32);
    draws->counters.node[place] = message->source;
    draws->counters.stream[place] = sim_network_stream(message, target, 0);
}

// Draws for the next messages with one target, from this record on.
static void draw_singles(struct sim_worker *worker, const struct mesh_record *record)
{
    struct sim_single_draws *draws = &worker->single_draws;
    const struct mesh_output *output = &worker->output;
    const struct mesh_record *end = output->records + output->record_count;
    uint32_t count = 0;
    for (; record < end && count < SIM_DRAW_BATCH; record++) {
        if (record->kind != MESH_RECORD_SEND || record->send.target_count != 1) {
            continue;
        }
        enter_draws(draws, count++, output, record);
    }
    sim_draw_each(worker->engine->config.network->seed, &draws->counters, count, draws->words);
    draws->next = 0;
    draws->count = count;
}

// The place of the message's draws in a row of draws->words.
static uint32_t take_single(struct sim_worker *worker, const struct mesh_record *record)
{
    struct sim_single_draws *draws = &worker->single_draws;
    if (draws->next == draws->count) {
        draw_singles(worker, record);
    }
    return draws->next++;
}

static void dispatch_single(struct sim_worker *worker, const struct mesh_record *record,
                            const struct parcel *parcel, struct tally *tally)
{
    const uint32_t *words = worker->single_draws.words[0] + take_single(worker, record);
    if (worker->engine->config.network->varied) {
        send_copy(worker, parcel, 0, words, true, false, tally);
    } else {
        send_copy(worker, parcel, 0, words, false, false, tally);
    }
}

static void tell_sent(const struct sim_worker *worker, const struct mesh_message *message,
                      uint32_t count)
{
    const struct sim_engine *engine = worker->engine;
    if (engine->config.observer.sent != NULL) {
        engine->config.observer.sent(engine->config.observer.context, &engine->table, message,
                                     count);
    }
}

// `record`: what the core made of it; NULL: somebody else did.
static void post(struct sim_worker *worker, const struct sim_block *block,
                 const struct mesh_record *record, const struct sim_posting *posting)
{
    const struct sim_engine *engine = worker->engine;
    const struct mesh_message *message = posting->message;
    struct parcel parcel =
        parcel_of(worker, block, message, posting->reference, posting->generation);
    parcel.targets = posting->targets;
    parcel.count = posting->count;
    parcel.delays_ns = posting->delays_ns;
    parcel.place_first = posting->place_first;
    struct tally tally = {0};
    if (engine->config.network->has_channels) {
        post_to_channels(worker, &parcel, &tally);
    } else if (record != NULL && parcel.count == 1) {
        dispatch_single(worker, record, &parcel, &tally);
    } else {
        dispatch_all(worker, &parcel, &tally);
    }
    struct sim_carriage carriage = sim_account_carriage(engine, message);
    count_copies(worker, message, posting->update_bytes, &carriage, &tally);
    sim_account_send(worker, message, &carriage, parcel.count, (uint32_t)tally.sent[SIM_SAME_HOST]);
    tell_sent(worker, message, parcel.count);
}

void sim_post(struct sim_worker *worker, const struct sim_posting *posting)
{
    post(worker, block_of_source(worker, posting->message), NULL, posting);
}

struct sim_batch sim_batch_of(struct sim_worker *worker, const struct sim_block *block,
                              uint32_t generation)
{
    const struct sim_engine *engine = worker->engine;
    const struct sim_network *network = engine->config.network;
    worker->single_draws.next = worker->single_draws.count = 0;
    return (struct sim_batch){
        .block = block,
        .generation = generation,
        .plain = engine->config.queue == SIM_QUEUE_WINDOWS && !network->has_channels &&
                 !network->varied && !network->duplicates && !engine->account.cold &&
                 engine->faults.rules.count == 0,
        .road = road_of(worker, block),
    };
}

// Whether it is an answer inside an edge: it has one target, which is in its sender's block, and
// comes within reach of the ring.
static inline bool goes_to_piece(const struct sim_engine *engine,
                                 const struct mesh_message *message)
{
    return message->kind >= MESH_MESSAGE_ANSWER && message->kind <= MESH_MESSAGE_REST &&
           message->scope < engine->tiers.edge_count;
}

// Whether the core wrote it to a piece at once (ahead.c).
static inline bool lies_in_piece(const struct sim_worker *worker,
                                 const struct mesh_message *message)
{
    return worker->engine->recycles && (uintptr_t)message - (uintptr_t)worker->scratch >=
                                           worker->scratch_words * sizeof *worker->scratch;
}

// Where the message lies that a step has made, until all of its copies have arrived: the reference.
// Of those that lie in pieces it is asked for each, in their order.
static inline uint32_t keep_message(struct sim_worker *worker, const struct mesh_message *message)
{
    if (!worker->engine->recycles) {
        return sim_messages_reference(&worker->messages, message);
    }
    if (lies_in_piece(worker, message)) {
        uint32_t sets = mesh_message_sets(message->kind);
        return worker->ahead.references[sets - 1][worker->ahead.posted[sets - 1]++];
    }
    return goes_to_piece(worker->engine, message)
               ? sim_messages_copy_to_piece(&worker->messages, message)
               : sim_messages_copy(&worker->messages, &worker->lasting, message);
}

// The same as post() for one copy in a plain batch, which most messages are where answers are many;
// its draws stand at `place`.
static inline void post_single(struct sim_worker *worker, const struct sim_batch *batch,
                               const struct mesh_record *record, uint32_t place)
{
    const struct sim_engine *engine = worker->engine;
    const struct mesh_message *message = record->send.message;
    uint32_t target = worker->output.targets[record->send.target_first];
    enum sim_pair_class pair = sim_pair_from(engine, batch->block, message->source, target);
    const struct sim_link *link = &engine->config.network->links[pair];
    struct sim_carriage carriage = sim_account_carriage(engine, message);
    uint32_t(*words)[SIM_DRAW_BATCH] = worker->single_draws.words;
    bool lost = sim_link_loses(link, words[2][place]);
    if (message->sent_ns >= engine->config.warmup_ns) {
        struct sim_counters *counters = &worker->counters[message->kind][pair];
        count_sent(engine, counters, message, record->send.update_bytes, &carriage, 1);
        counters->lost += lost;
    }
    if (batch->block->near_count > 0 && pair == SIM_SAME_HOST) {
        sim_host_note_sent(&worker->inside, &carriage);
    } else {
        sim_account_send(worker, message, &carriage, 1, pair == SIM_SAME_HOST);
    }
    uint64_t latency_ns = sim_link_uniform_ns(link, words[0][place], words[1][place]);
    uint64_t since_ns = message->sent_ns - worker->window * engine->window_ns + latency_ns;
    bool in_piece = lies_in_piece(worker, message);
    uint32_t reference = in_piece || !lost ? keep_message(worker, message) : 0;
    bool under_way = !lost && latency_ns >> LATENCY_BITS == 0 &&
                     arrive_in_ring(&worker->ring, &batch->road, since_ns, target, pair, reference);
    if (!lost && !under_way) {
        sim_ring_push_far(&worker->ring, message->sent_ns + latency_ns, target, pair, message);
    }
    tell_sent(worker, message, 1);
    if (!under_way) {
        sim_messages_give_back(&worker->messages, reference);  // if it lies in a piece
    }
}

void sim_post_record(struct sim_worker *worker, const struct sim_batch *batch,
                     const struct mesh_record *record)
{
    const struct mesh_message *message = record->send.message;
    if (record->send.target_count == 1 && batch->plain) {
        post_single(worker, batch, record, take_single(worker, record));
        return;
    }
    post(worker, batch->block, record,
         &(struct sim_posting){
             .message = message,
             .targets = worker->output.targets + record->send.target_first,
             .count = record->send.target_count,
             .reference = keep_message(worker, message),
             .generation = batch->generation,
             .update_bytes = record->send.update_bytes,
         });
}

void sim_post_singles(struct sim_worker *worker, const struct sim_batch *batch,
                      const uint32_t *places, uint32_t count)
{
    struct sim_single_draws *draws = &worker->single_draws;
    const struct mesh_output *output = &worker->output;
    for (uint32_t i = 0; i < count; i++) {
        enter_draws(draws, i, output, &output->records[places[i]]);
    }
    sim_draw_each(worker->engine->config.network->seed, &draws->counters, count, draws->words);
    for (uint32_t i = 0; i < count; i++) {
        post_single(worker, batch, &output->records[places[i]], i);
    }
}

void sim_post_again(struct sim_worker *worker, const struct mesh_message *message,
                    const uint32_t *targets, uint32_t count, bool counted)
{
    const struct sim_engine *engine = worker->engine;
    // Where it lies matters to none but those who wake: then the core has just written it.
    uint32_t reference =
        worker->replay.wakes ? sim_messages_reference(&worker->messages, message) : 0;
    struct parcel parcel =
        parcel_of(worker, block_of_source(worker, message), message, reference, 0);
    parcel.way = AGAIN;
    parcel.targets = targets;
    parcel.count = count;
    struct tally tally = {0};
    dispatch_all(worker, &parcel, &tally);
    if (counted) {
        struct sim_carriage carriage = sim_account_carriage(engine, message);
        count_copies(worker, message, 0, &carriage, &tally);
        sim_account_send(worker, message, &carriage, count, (uint32_t)tally.sent[SIM_SAME_HOST]);
    }
}

void sim_count_sent(struct sim_worker *worker, const struct mesh_message *message,
                    enum sim_pair_class pair, uint64_t messages, uint64_t copies)
{
    struct sim_carriage carriage = sim_account_carriage(worker->engine, message);
    struct tally tally = {0};
    tally.sent[pair] = copies;
    count_copies(worker, message, 0, &carriage, &tally);
    sim_account_send_inside(worker, message, &carriage, messages, copies);
}
