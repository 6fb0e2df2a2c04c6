// SPDX-License-Identifier: GPL-3.0-or-later
// From the core's records to effects: changes are noted, messages go through the network into the
// queue.
#include <assert.h>
#include <endian.h>
#include <xxhash.h>

#include "allocate.h"
#include "mesh/wire.h"
#include "state.h"

static void note_change(struct sim_worker *worker, const struct mesh_event *event,
                        const struct mesh_news *news)
{
    if (worker->change_count == worker->change_capacity) {
        worker->change_capacity = worker->change_capacity == 0 ? 1024 : 2 * worker->change_capacity;
        worker->changes =
            sim_memory_resize(worker->changes, worker->change_capacity * sizeof *worker->changes);
    }
    worker->changes[worker->change_count++] = (struct sim_change){
        .time_ns = event->time_ns,
        .message = event->kind == MESH_EVENT_RECEIVE ? event->message : NULL,
        .lanes = news->lanes,
        .word = news->word - worker->engine->local_words,
        .node = event->node,
    };
}

static void deliver(struct sim_worker *worker, const struct mesh_event *event,
                    const struct mesh_record *record)
{
    const struct sim_engine *engine = worker->engine;
    const struct mesh_news *news = worker->output.news + record->deliver.news_first;
    uint32_t count = record->deliver.news_count;
    uint32_t local = 0;
    uint32_t updates = 0;
    for (uint32_t i = 0; i < count; i++) {
        local += news[i].word < engine->local_words;
        updates += (uint32_t)__builtin_popcountll(news[i].lanes);
    }
    if (local > 0) {
        sim_tiers_heard(worker, event, record->scope, news, local);
    }
    for (uint32_t i = local; i < count && engine->config.observer.changes != NULL; i++) {
        note_change(worker, event, &news[i]);
    }
    sim_account_deliver(worker, event, updates);
}

enum way {
    INTO_RING,
    INTO_HEAP,
    AGAIN,  // what arrives is only looked at (quiet.h)
};

// One message on its way: what all its copies share. What the loop over them reads of the engine is
// copied here, where no store can alias it.
struct parcel {
    const struct mesh_message *message;
    const uint32_t *targets;
    uint32_t count;
    uint32_t reference;
    uint32_t generation;
    enum way way;
    uint64_t since_ns;           // from the start of the window to the sending
    struct sim_bucket *buckets;  // of the ring, and how to find the one of an arrival
    uint64_t window;
    uint64_t window_ns;
    uint64_t window_reciprocal;
    uint64_t ahead_most;
    uint64_t slot_mask;
    uint64_t block_count;
    const uint16_t *block_of;  // the engine's, and its blocks
    const struct sim_block *blocks;
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

static inline void arrive(struct sim_worker *worker, const struct parcel *parcel, uint32_t target,
                          enum sim_pair_class pair, uint64_t latency_ns)
{
    if (latency_ns >> LATENCY_BITS != 0) {
        sim_ring_push_far(&worker->ring, parcel->message->sent_ns + latency_ns, target, pair,
                          parcel->message);
        return;
    }
    if (parcel->way != INTO_RING) {
        arrive_elsewhere(worker, parcel, target, pair, latency_ns);
        return;
    }
    struct sim_ring *ring = &worker->ring;
    uint64_t since_ns = parcel->since_ns + latency_ns;
    uint64_t ahead = (uint64_t)((mesh_uint128)since_ns * parcel->window_reciprocal >> 64);
    if (ahead > parcel->ahead_most) {
        sim_ring_push_far(ring, parcel->message->sent_ns + latency_ns, target, pair,
                          parcel->message);
        return;
    }
    uint64_t slot = (parcel->window + ahead) & parcel->slot_mask;
    uint32_t block = target >> SIM_BLOCK_SHIFT;
    uint32_t local = target & (SIM_BLOCK_NODES - 1);
    if (parcel->block_of != NULL) {
        block = parcel->block_of[target];
        local = target - parcel->blocks[block].states.node_first;
    }
    sim_ring_push(
        ring, &parcel->buckets[slot * parcel->block_count + block],
        sim_event_pack(since_ns - ahead * parcel->window_ns, local, pair, parcel->reference));
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

// Of an exchange, what are no updates and no rows.
static uint32_t digest_bytes_of(const struct mesh_message *message, uint32_t update_bytes)
{
    switch ((enum mesh_message_kind)message->kind) {
    case MESH_MESSAGE_OPEN:
    case MESH_MESSAGE_ANSWER:
    case MESH_MESSAGE_VECTOR:
    case MESH_MESSAGE_FILL:
    case MESH_MESSAGE_SNAPSHOT:
    case MESH_MESSAGE_ROWS_HELD: return message->wire_bytes - update_bytes;
    case MESH_MESSAGE_ROWS: return message->wire_bytes - row_bytes_of(message);
    default: return 0;
    }
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

static void count_copies(struct sim_worker *worker, const struct mesh_message *message,
                         uint32_t update_bytes, const struct sim_carriage *carriage,
                         const struct tally *tally)
{
    const struct sim_engine *engine = worker->engine;
    if (message->sent_ns < engine->config.warmup_ns) {
        return;
    }
    uint32_t transport_bytes = sim_network_packet_bytes(engine->config.network, carriage->packets);
    uint32_t digest_bytes = digest_bytes_of(message, update_bytes);
    uint32_t updates = counted_updates(engine, message);
    for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
        uint64_t copies = tally->sent[pair];
        if (copies == 0) {
            continue;
        }
        struct sim_counters *counters = &worker->counters[message->kind][pair];
        counters->messages += copies;
        counters->bytes += copies * message->wire_bytes;
        counters->saved_bytes += copies * (message->wire_bytes - carriage->carried);
        counters->digest_bytes += copies * digest_bytes;
        counters->transport_bytes += copies * transport_bytes;
        counters->updates += copies * updates;
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
    enum sim_pair_class pair = sim_network_pair(network, message->source, target);
    const struct sim_link *link = &network->links[pair];  // losses do not look at the place
    tally->sent[pair]++;
    uint64_t wait_ns = 0;
    if (parcel->ruled && sim_faults_cut(faults, message, target, &wait_ns)) {
        tally->cut[pair]++;
        return;
    }
    wait_ns += lying && parcel->delays_ns != NULL ? parcel->delays_ns[place] : 0;
    wait_ns += parcel->cold ? sim_account_dial(worker, message, target, pair) : 0;
    if (parcel->duplicates && sim_link_duplicates(link, words[3 * SIM_DRAW_BATCH])) {
        tally->duplicated[pair]++;
        arrive_again(worker, parcel, place, pair, wait_ns);
    }
    if (sim_link_loses(link, words[2 * SIM_DRAW_BATCH])) {
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

__attribute__((always_inline)) static inline struct parcel parcel_of(
    const struct sim_worker *worker, const struct mesh_message *message, uint32_t reference,
    uint32_t generation)
{
    const struct sim_engine *engine = worker->engine;
    return (struct parcel){
        .message = message,
        .reference = reference,
        .generation = generation,
        .way = engine->config.queue == SIM_QUEUE_HEAP ? INTO_HEAP : INTO_RING,
        .since_ns = message->sent_ns - worker->window * engine->window_ns,
        .buckets = worker->ring.buckets,
        .window = worker->window,
        .ahead_most = engine->ahead_most,
        .window_ns = engine->window_ns,
        .window_reciprocal = engine->window_reciprocal,
        .slot_mask = worker->ring.slot_count - 1,
        .block_count = worker->ring.block_count,
        .block_of = engine->block_of,
        .blocks = engine->blocks,
        .duplicates = engine->config.network->duplicates,
        .cold = engine->account.cold,
        .ruled = engine->faults.rules.count > 0,
    };
}

void sim_arrive(struct sim_worker *worker, const struct sim_arrival *arrival, uint64_t latency_ns)
{
    struct parcel parcel =
        parcel_of(worker, arrival->message, arrival->reference, arrival->generation);
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
        const struct mesh_message *message = record->send.message;
        uint32_t target = output->targets[record->send.target_first];
        draws->counters.occasion[0][count] = (uint32_t)message->occasion;
        draws->counters.occasion[1][count] = (uint32_t)(message->occasion >> 32);
        draws->counters.node[count] = message->source;
        draws->counters.stream[count] = sim_network_stream(message, target, 0);
        count++;
    }
    sim_draw_each(worker->engine->config.network->seed, &draws->counters, count, draws->words);
    draws->next = 0;
    draws->count = count;
}

static void dispatch_single(struct sim_worker *worker, const struct mesh_record *record,
                            const struct parcel *parcel, struct tally *tally)
{
    struct sim_single_draws *draws = &worker->single_draws;
    if (draws->next == draws->count) {
        draw_singles(worker, record);
    }
    const uint32_t *words = draws->words[0] + draws->next++;
    if (worker->engine->config.network->varied) {
        send_copy(worker, parcel, 0, words, true, false, tally);
    } else {
        send_copy(worker, parcel, 0, words, false, false, tally);
    }
}

// `record`: what the core made of it; NULL: somebody else did.
__attribute__((always_inline)) static inline void post_one(struct sim_worker *worker,
                                                           const struct mesh_record *record,
                                                           const struct sim_posting *posting)
{
    const struct sim_engine *engine = worker->engine;
    const struct mesh_message *message = posting->message;
    struct parcel parcel = parcel_of(worker, message, posting->reference, posting->generation);
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
    struct sim_carriage carriage = sim_network_carriage(engine->config.network, message);
    count_copies(worker, message, posting->update_bytes, &carriage, &tally);
    sim_account_send(worker, message, &carriage, parcel.count, (uint32_t)tally.sent[SIM_SAME_HOST]);
    if (engine->config.observer.sent != NULL) {
        engine->config.observer.sent(engine->config.observer.context, &engine->table, message,
                                     parcel.count);
    }
}

void sim_post(struct sim_worker *worker, const struct sim_posting *posting)
{
    post_one(worker, NULL, posting);
}

static void post(struct sim_worker *worker, const struct mesh_record *record, uint32_t generation)
{
    const struct mesh_message *message = record->send.message;
    post_one(worker, record,
             &(struct sim_posting){
                 .message = message,
                 .targets = worker->output.targets + record->send.target_first,
                 .count = record->send.target_count,
                 .reference = sim_messages_reference(&worker->messages, message),
                 .generation = generation,
                 .update_bytes = record->send.update_bytes,
             });
}

void sim_post_again(struct sim_worker *worker, const struct mesh_message *message,
                    const uint32_t *targets, uint32_t count, bool counted)
{
    const struct sim_network *network = worker->engine->config.network;
    // Where it lies matters to none but those who wake: then the core has just written it.
    uint32_t reference =
        worker->replay.wakes ? sim_messages_reference(&worker->messages, message) : 0;
    struct parcel parcel = parcel_of(worker, message, reference, 0);
    parcel.way = AGAIN;
    parcel.targets = targets;
    parcel.count = count;
    struct tally tally = {0};
    dispatch_all(worker, &parcel, &tally);
    if (counted) {
        struct sim_carriage carriage = sim_network_carriage(network, message);
        count_copies(worker, message, 0, &carriage, &tally);
        sim_account_send(worker, message, &carriage, count, (uint32_t)tally.sent[SIM_SAME_HOST]);
    }
}

void sim_count_sent(struct sim_worker *worker, const struct mesh_message *message,
                    enum sim_pair_class pair, uint64_t messages, uint64_t copies)
{
    struct sim_carriage carriage = sim_network_carriage(worker->engine->config.network, message);
    struct tally tally = {0};
    tally.sent[pair] = copies;
    count_copies(worker, message, 0, &carriage, &tally);
    sim_account_send_inside(worker, message, &carriage, messages, copies);
}

// A receipt of no update that nothing answers: both sides held the same.
static void count_idle(struct sim_worker *worker, const struct mesh_event *event)
{
    const struct sim_engine *engine = worker->engine;
    const struct mesh_message *message = event->message;
    if (message->sent_ns < engine->config.warmup_ns || !sim_network_fans_out(message)) {
        return;
    }
    enum sim_pair_class pair =
        sim_network_pair(engine->config.network, message->source, event->node);
    struct sim_counters *counters = &worker->counters[message->kind][pair];
    counters->idle++;
    counters->idle_bytes += message->wire_bytes;
}

// Returns whether it was a message.
static bool carry_out(struct sim_worker *worker, const struct mesh_event *event,
                      const struct mesh_record *record, uint32_t generation)
{
    switch ((enum mesh_record_kind)record->kind) {
    case MESH_RECORD_SEND:
        if (worker->lying.lying) {
            return sim_liars_send(worker, event, record, generation);
        }
        post(worker, record, generation);
        return true;
    case MESH_RECORD_DELIVER: deliver(worker, event, record); return false;
    case MESH_RECORD_PERSIST:  // disks are instant: what follows need not wait
        if (worker->lying.lying) {
            sim_liars_write(worker, record);
        }
        return false;
    case MESH_RECORD_REJECT:
        assert(worker->engine->liars.guarded);  // nobody lies, so the fault were ours
        sim_liars_reject(worker, event, record);
        return false;
    case MESH_RECORD_TIMER: assert(false); return false;  // timers are set at the start
    case MESH_RECORD_ROW:
        sim_tiers_note_row(worker, event, record);
        sim_account_deliver(worker, event, 1);
        return false;
    case MESH_RECORD_RAFT_PERSIST:
    case MESH_RECORD_RAFT_READ:
    case MESH_RECORD_RAFT_TIMER: sim_rafts_carry(worker, event, record, generation); return false;
    case MESH_RECORD_SWIM_MEMBER:
    case MESH_RECORD_SWIM_PROBE:
    case MESH_RECORD_SWIM_JOINED:
    case MESH_RECORD_SWIM_QUORUM:
    case MESH_RECORD_SWIM_TIMER: sim_swims_carry(worker, event, record, generation); return false;
    default: return false;  // what Raft's servers say of themselves
    }
    return false;
}

// What faults wait for.
static void note_receipt(struct sim_engine *engine, const struct mesh_event *event)
{
    if (event->message->kind == MESH_MESSAGE_SNAPSHOT) {
        sim_faults_heard(engine, event);
    }
    if (engine->relays.link_count > 0 && event->scope >= engine->config.relaying.link_first &&
        event->scope < engine->config.relaying.link_end) {
        sim_relays_heard(engine, event);
    }
}

// A change of state enters the fingerprint as time, node and what is new, whose hashes are added
// up. So do the changes themselves: which of them stands where in a sum does not matter, so no
// thread waits for another.
static void add_ingredient(struct sim_worker *worker, const struct mesh_event *event,
                           uint64_t subject, const uint64_t content[2])
{
    uint64_t entry[5] = {htole64(event->time_ns), htole64(event->node), htole64(subject),
                         htole64(content[0]), htole64(content[1])};
    worker->ingredients += XXH3_64bits(entry, sizeof entry);
}

#define SUBJECT_IGNORED (UINT64_C(1) << 32)
#define SUBJECT_ROLE (UINT64_C(1) << 33)
#define SUBJECT_COMMIT (UINT64_C(1) << 34)
#define SUBJECT_MEMBER (UINT64_C(1) << 35)

// Of the event whose records are [first, end).
static void add_ingredients(struct sim_worker *worker, const struct mesh_event *event,
                            uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++) {
        const struct mesh_record *record = &worker->output.records[i];
        if (record->kind == MESH_RECORD_DELIVER) {
            add_ingredient(worker, event, 0, record->deliver.hash);
        } else if (record->kind == MESH_RECORD_ROW) {
            uint64_t row[2] = {record->row.clock, record->row.relay};
            add_ingredient(worker, event, 1 + (uint64_t)record->row.edge, row);
        } else if (record->kind == MESH_RECORD_RAFT_ROLE) {
            uint64_t role[2] = {record->raft_role.term, record->raft_role.leader};
            add_ingredient(worker, event, SUBJECT_ROLE | record->raft_role.role, role);
        } else if (record->kind == MESH_RECORD_RAFT_COMMIT) {
            uint64_t commit[2] = {record->raft_commit.index_first, record->raft_commit.count};
            add_ingredient(worker, event, SUBJECT_COMMIT, commit);
        } else if (record->kind == MESH_RECORD_REJECT && record->reject.ignored) {
            uint64_t blame[2] = {record->reject.source, record->reject.reason};
            add_ingredient(worker, event, SUBJECT_IGNORED, blame);
        } else if (record->kind == MESH_RECORD_SWIM_MEMBER) {
            uint64_t thought[2] = {record->swim_member.node, record->swim_member.incarnation};
            add_ingredient(worker, event, SUBJECT_MEMBER | record->swim_member.state, thought);
        }
    }
}

static bool is_raft(const struct mesh_event *event)
{
    return event->kind >= MESH_EVENT_RAFT_START ||
           (event->kind == MESH_EVENT_RECEIVE && mesh_message_is_raft(event->message->kind));
}

// Whether an event of these records changes its node or what is said at home: then its part has
// something to say. What a tick elsewhere says is no business of the part's.
static bool is_activity(const struct sim_worker *worker, const struct mesh_event *event,
                        uint32_t first, uint32_t end)
{
    if (is_raft(event)) {
        return false;  // what replicas hold is none of its business
    }
    if (event->kind == MESH_EVENT_RECEIVE) {
        return end > first;
    }
    if (event->kind != MESH_EVENT_TICK) {
        return true;
    }
    const struct mesh_record *record = &worker->output.records[first];
    return worker->engine->is_home[event->scope] &&
           (end - first != 1 || record->kind != MESH_RECORD_SEND ||
            record->send.message->kind != MESH_MESSAGE_OPEN ||
            record->send.message->update_count > 0);
}

static void carry_out_all(struct sim_worker *worker, struct sim_block *block,
                          const struct mesh_event *events, uint32_t count, uint32_t generation)
{
    uint32_t next = 0;
    bool accounts = worker->engine->account.cold || worker->work != NULL;
    bool faults = worker->engine->faults.any;
    bool servers = block->states.raft_count > 0;
    worker->single_draws.next = worker->single_draws.count = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool received = events[i].kind == MESH_EVENT_RECEIVE;
        bool spoke = false;
        uint32_t first = next;
        if (received && accounts) {
            sim_account_receive(worker, &events[i]);
        }
        for (; next < worker->output.record_count && worker->output.records[next].event == i;
             next++) {
            spoke |= carry_out(worker, &events[i], &worker->output.records[next], generation);
        }
        add_ingredients(worker, &events[i], first, next);
        if (received && faults) {
            note_receipt(worker->engine, &events[i]);
        }
        if (servers) {
            sim_rafts_look(worker, block, &events[i]);
        }
        if (is_activity(worker, &events[i], first, next)) {
            block->active_ns = events[i].time_ns;
        }
        if (received && !spoke && events[i].message->update_count == 0) {
            count_idle(worker, &events[i]);
        }
    }
    assert(next == worker->output.record_count);
    worker->output.record_count = 0;
    worker->output.target_count = 0;
    worker->output.news_count = 0;
}

// Lets the author complete the write that event `first` of the batch may be. Returns where the step
// has to end: before the next write, whose author is to see what the others bring.
static uint32_t compose(struct sim_worker *worker, const struct mesh_states *states, uint32_t first,
                        uint32_t count)
{
    const struct sim_engine *engine = worker->engine;
    const struct sim_author *author = &engine->config.author;
    const struct mesh_event *events = worker->batch;
    if (author->compose == NULL) {
        return count;
    }
    if (events[first].kind == MESH_EVENT_WRITE && events[first].write->type != MESH_REPORT) {
        struct sim_write *write = &engine->writes[engine->write_of_lane[events[first].write->lane]];
        author->compose(author->context, states, engine->write_of_lane, write->node, &write->write);
    }
    uint32_t end = first + 1;
    while (end < count && events[end].kind != MESH_EVENT_WRITE) {
        end++;
    }
    return end;
}

// Lets a server that event `first` is about handle its own events before. Returns where the step
// has to end: before the next event of a server.
static uint32_t serve(struct sim_worker *worker, struct sim_block *block, uint32_t first,
                      uint32_t end, uint32_t generation)
{
    for (uint32_t i = first; i < end && block->states.raft_count > 0; i++) {
        struct sim_raft_server *server =
            sim_rafts_server(worker->engine, block, worker->batch[i].node);
        if (server != NULL && i > first) {
            return i;
        }
        if (server != NULL) {
            sim_rafts_run(worker, block, server, worker->batch[i].time_ns, generation);
        }
    }
    return end;
}

void sim_step_own(struct sim_worker *worker, struct sim_block *block,
                  const struct mesh_event *event, uint32_t generation)
{
    const struct sim_engine *engine = worker->engine;
    worker->batch[SIM_BATCH_EVENTS] = *event;
    sim_swims_provide(worker, block, event);
    sim_messages_provide(&worker->messages, &worker->output, engine->message_words);
    bool skewed =
        engine->faults.skewing && sim_faults_skew(worker, SIM_BATCH_EVENTS, SIM_BATCH_EVENTS + 1);
    uint32_t handled = mesh_step(engine->config.mesh, &block->states,
                                 &worker->batch[SIM_BATCH_EVENTS], 1, &worker->output);
    assert(handled == 1);
    if (skewed) {
        sim_faults_set_right(worker, SIM_BATCH_EVENTS, SIM_BATCH_EVENTS + 1);
    }
    if (engine->liars.any) {
        sim_liars_apart(worker, SIM_BATCH_EVENTS, SIM_BATCH_EVENTS + 1);
        sim_liars_look(worker);
    }
    carry_out_all(worker, block, &worker->batch[SIM_BATCH_EVENTS], 1, generation);
    worker->events++;
}

void sim_step_batch(struct sim_worker *worker, struct sim_block *block, uint32_t count,
                    uint32_t generation)
{
    const struct sim_engine *engine = worker->engine;
    const struct mesh_states *states = &block->states;
    for (uint32_t done = 0; done < count;) {
        uint32_t end = serve(worker, block, done, count, generation);
        end = sim_swims_serve(worker, block, done, end, generation);
        sim_messages_provide(&worker->messages, &worker->output, engine->message_words);
        end = compose(worker, states, done, end);
        if (engine->liars.any) {
            end = sim_liars_apart(worker, done, end);
        }
        bool skewed = engine->faults.skewing && sim_faults_skew(worker, done, end);
        uint32_t handled = mesh_step(engine->config.mesh, states, worker->batch + done, end - done,
                                     &worker->output);
        if (skewed) {
            sim_faults_set_right(worker, done, end);
        }
        if (worker->lying.lying) {
            sim_liars_look(worker);
        }
        carry_out_all(worker, block, worker->batch + done, handled, generation);
        done += handled;
    }
    worker->events += count;
}
