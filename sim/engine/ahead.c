// SPDX-License-Identifier: GPL-3.0-or-later
// A window of a block that runs ahead (strides.c), where answers are many.
//
//     keys, in the total order    T A O A V F R O | A ...      up to a node that is there already
//     events, by kind             T | O O | A A | V | F | R    code goes the same way each time
//     records                     SEND, DELIVER, SEND, ...     sends and rows as they stand, then
//     deliveries                  in the order of the keys     who counts holders goes by time
//
// Events of different nodes may be stepped in any order, and what they send is put into order where
// it arrives. Strides are of plain meshes: nothing fails, nobody lies, no servers and no members of
// SWIM have events of their own, and where agents report no part is ever quiet.
#include <assert.h>
#include <string.h>

#include "carry.h"

enum { OWN = 0, SORTS = 8 };  // kinds from OPEN to REST have one each, all others the last

// Asks for the replica and the message of a key, and notes where the message is. Always inline: gcc
// drops calls of functions that only prefetch.
__attribute__((always_inline)) static inline void look_ahead(struct sim_worker *worker,
                                                             const struct mesh_states *states,
                                                             uint32_t i)
{
    uint64_t key = worker->keys[i];
    __builtin_prefetch((char *)states->replicas + sim_event_local(key) * states->stride, 1);
    uint32_t reference = sim_event_reference(key);
    const struct mesh_message *message = NULL;
    if (reference >= SIM_REFERENCE_FREE) {
        message = sim_messages_at(&worker->messages, reference);
        __builtin_prefetch(message);  // in a piece its head is one line
    }
    worker->ahead.heard[i % (2 * SIM_AHEAD_EVENTS)] = message;
}

// Where the batch ends that begins with key `first`.
static uint32_t batch_end(struct sim_worker *worker, uint32_t first, uint32_t count)
{
    uint64_t *taken = worker->ahead.taken;
    memset(taken, 0, sizeof worker->ahead.taken);
    uint32_t most = count - first < SIM_AHEAD_EVENTS ? count : first + SIM_AHEAD_EVENTS;
    uint32_t end = first;
    for (; end < most; end++) {
        uint32_t local = sim_event_local(worker->keys[end]);
        uint64_t bit = UINT64_C(1) << local % 64;
        if ((taken[local / 64] & bit) != 0) {
            break;
        }
        taken[local / 64] |= bit;
    }
    return end;
}

static uint32_t sort_of(const struct mesh_message *message)
{
    return message == NULL ? OWN : message->kind < SORTS - 1 ? message->kind : SORTS - 1;
}

// Counts a message that arrives, and who pays for it.
static inline void note_receipt(struct sim_worker *worker, const struct sim_block *block,
                                const struct mesh_event *event, enum sim_pair_class pair,
                                struct sim_host_inside *inside)
{
    const struct sim_engine *engine = worker->engine;
    const struct mesh_message *message = event->message;
    worker->counters[message->kind][pair].delivered += message->sent_ns >= engine->config.warmup_ns;
    if (worker->work != NULL && message->source - block->near_first < block->near_count) {
        struct sim_carriage carriage = sim_account_carriage(engine, message);
        sim_host_note_received(inside, &carriage);
    } else {
        sim_account_receive(worker, block, event);
    }
}

// Fills the batch with the events of keys [first, end). One by one it asks for what is behind them,
// up to `asked_end`: memory takes no more at once.
static void unpack(struct sim_worker *worker, const struct sim_block *block, uint32_t first,
                   uint32_t end, uint32_t asked_end)
{
    struct sim_engine *engine = worker->engine;
    struct sim_ahead *ahead = &worker->ahead;
    uint64_t start_ns = worker->window * engine->window_ns;
    const uint64_t *keys = worker->keys;
    struct sim_host_inside inside = {0};
    uint32_t starts[SORTS + 1] = {0};
    uint8_t sorts[SIM_AHEAD_EVENTS];
    for (uint32_t i = first; i < end; i++) {
        uint32_t sort = sort_of(ahead->heard[i % (2 * SIM_AHEAD_EVENTS)]);
        sorts[i - first] = (uint8_t)sort;
        starts[sort + 1]++;
    }
    for (uint32_t sort = 1; sort < SORTS; sort++) {
        starts[sort] += starts[sort - 1];
    }
    for (uint32_t i = first; i < end; i++) {
        uint64_t key = keys[i];
        uint32_t at = starts[sorts[i - first]]++;
        if (ahead->asked < asked_end) {
            look_ahead(worker, &block->states, ahead->asked++);
        }
        const struct mesh_message *message = ahead->heard[i % (2 * SIM_AHEAD_EVENTS)];
        struct mesh_event *event = &ahead->events[at];
        ahead->places[at] = (uint8_t)(i - first);
        event->time_ns = start_ns + sim_event_offset_ns(key);
        event->node = block->states.node_first + sim_event_local(key);
        if (message == NULL) {
            sim_unpack_own(engine, sim_event_reference(key), event);
            sim_carry_compose(worker, &block->states, event);
            continue;
        }
        event->kind = MESH_EVENT_RECEIVE;
        event->scope = message->scope;
        event->message = message;
        note_receipt(worker, block, event, sim_event_pair(key), &inside);
    }
    sim_host_add_received(&worker->inside, &inside);
    // By now the start of each kind is that of the next.
    ahead->answer_count[0] = starts[MESH_MESSAGE_ANSWER] - starts[MESH_MESSAGE_OPEN - 1] +
                             starts[MESH_MESSAGE_FILL] - starts[MESH_MESSAGE_FILL - 1];
    ahead->answer_count[1] = starts[MESH_MESSAGE_VECTOR] - starts[MESH_MESSAGE_VECTOR - 1];
}

// Answers lie in pieces at once; all else that the core sends it writes to `scratch`, from where it
// is copied to where it stays.
static void step(struct sim_worker *worker, const struct mesh_states *states, uint32_t count)
{
    struct mesh_output *output = &worker->output;
    struct sim_ahead *ahead = &worker->ahead;
    worker->lasting.messages = output->messages;
    worker->lasting.message_words = output->message_words;
    worker->lasting.message_word_capacity = output->message_word_capacity;
    output->messages = worker->scratch;
    output->message_words = 0;
    output->message_word_capacity = worker->scratch_words;
    for (uint32_t i = 0; i < MESH_SETS_MAX; i++) {
        sim_messages_take_pieces(&worker->messages, i + 1, ahead->answer_count[i],
                                 ahead->answers[i], ahead->references[i]);
        output->answers[i] = (struct mesh_places){ahead->answers[i], ahead->answer_count[i], 0};
        ahead->posted[i] = 0;
    }
    uint32_t handled = mesh_step(worker->engine->config.mesh, states, ahead->events, count, output);
    assert(handled == count);
    for (uint32_t i = 0; i < MESH_SETS_MAX; i++) {
        sim_messages_return_pieces(&worker->messages, i + 1,
                                   ahead->answer_count[i] - output->answers[i].taken);
        output->answers[i] = (struct mesh_places){0};
    }
}

static void empty_output(struct sim_worker *worker)
{
    struct mesh_output *output = &worker->output;
    output->messages = worker->lasting.messages;
    output->message_words = worker->lasting.message_words;
    output->message_word_capacity = worker->lasting.message_word_capacity;
    output->record_count = 0;
    output->target_count = 0;
    output->news_count = 0;
}

// Digests that nothing answers.
static void note_idle(struct sim_worker *worker, const struct sim_block *block, uint32_t count)
{
    uint64_t spoke = worker->ahead.spoke;
    const struct mesh_event *events = worker->ahead.events;
    for (uint32_t i = 0; i < count; i++) {
        if ((spoke >> i & 1) == 0 && events[i].kind == MESH_EVENT_RECEIVE &&
            events[i].message->update_count == 0) {
            sim_carry_idle(worker, block, &events[i]);
        }
    }
}

// Carries out all records but deliveries, of which it notes where they stand.
static void carry_out_first(struct sim_worker *worker, const struct sim_block *block)
{
    struct sim_ahead *ahead = &worker->ahead;
    const struct mesh_output *output = &worker->output;
    const struct sim_batch batch = sim_batch_of(worker, block, 0);
    assert(batch.plain);
    uint32_t singles[SIM_DRAW_BATCH];  // records not posted yet
    uint32_t single_count = 0;
    ahead->spoke = 0;
    ahead->learnt = 0;
    for (uint32_t i = 0; i < output->record_count; i++) {
        const struct mesh_record *record = &output->records[i];
        if (record->kind == MESH_RECORD_SEND) {
            ahead->spoke |= UINT64_C(1) << record->event;
            if (record->send.target_count != 1) {
                sim_post_record(worker, &batch, record);
                continue;
            }
            singles[single_count++] = i;
            if (single_count == SIM_DRAW_BATCH) {
                sim_post_singles(worker, &batch, singles, single_count);
                single_count = 0;
            }
        } else if (record->kind == MESH_RECORD_DELIVER) {
            uint32_t place = ahead->places[record->event];
            ahead->delivers[place] = i;
            ahead->learnt |= UINT64_C(1) << place;
        } else {
            sim_carry_out(worker, &batch, &ahead->events[record->event], record);
            sim_carry_ingredients(worker, &ahead->events[record->event], i, i + 1);
        }
    }
    sim_post_singles(worker, &batch, singles, single_count);
}

static void carry_out(struct sim_worker *worker, struct sim_block *block, uint32_t count)
{
    const struct sim_ahead *ahead = &worker->ahead;
    carry_out_first(worker, block);
    for (uint64_t left = ahead->learnt; left != 0; left &= left - 1) {
        uint32_t at = ahead->delivers[__builtin_ctzll(left)];
        const struct mesh_record *record = &worker->output.records[at];
        sim_carry_news(worker, block, &ahead->events[record->event], record);
    }
    note_idle(worker, block, count);
    sim_account_charge(worker, block);
}

void sim_ahead_run(struct sim_worker *worker, struct sim_block *block, uint32_t count)
{
    const struct mesh_states *states = &block->states;
    struct sim_ahead *ahead = &worker->ahead;
    for (ahead->asked = 0; ahead->asked < count && ahead->asked < SIM_AHEAD_EVENTS;) {
        look_ahead(worker, states, ahead->asked++);
    }
    for (uint32_t first = 0; first < count;) {
        uint32_t end = batch_end(worker, first, count);
        unpack(worker, block, first, end,
               count - end < SIM_AHEAD_EVENTS ? count : end + SIM_AHEAD_EVENTS);
        step(worker, states, end - first);
        carry_out(worker, block, end - first);
        empty_output(worker);
        for (uint32_t i = first; i < end; i++) {
            sim_messages_give_back(&worker->messages, sim_event_reference(worker->keys[i]));
        }
        worker->events += end - first;
        first = end;
    }
}
