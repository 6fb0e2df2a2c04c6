// SPDX-License-Identifier: Apache-2.0
#include "exchange.h"

#include <string.h>

#include "cursor.h"
#include "lanes_code.h"
#include "mesh/wire.h"
#include "outgoing.h"
#include "vector.h"

bool mesh_exchange_is_plain_at(const struct mesh_config *config, const struct mesh_states *states,
                               uint16_t index)
{
    const struct mesh_scope *scope = &config->scopes[index];
    const struct mesh_table *local = mesh_table_local(states->table, index);
    return scope->mode == MESH_PUSH_PULL && scope->schedule != MESH_SYNCHRONOUS && local != NULL &&
           local->sizes != NULL && states->table->contested == 0 && config->guard == NULL &&
           !config->eager_links && states->raft_count == 0 && states->words <= MESH_LANES_WORDS;
}

// ---- Learning ----

static inline void add_hash(uint64_t hash[2], const uint64_t more[2])
{
    hash[0] += more[0];
    hash[1] += more[1];
}

// What travels is little beside the reports.
__attribute__((noinline)) static void learn_shared(const struct stepping *stepping, uint32_t word,
                                                   uint64_t fresh, uint64_t hash[2],
                                                   uint64_t *clock)
{
    const struct mesh_update *updates = mesh_stepping_rows(stepping, word);
    for (uint64_t left = fresh; left != 0; left &= left - 1) {
        const struct mesh_update *update = &updates[__builtin_ctzll(left)];
        add_hash(hash, update->hash);
        *clock = update->clock > *clock ? update->clock : *clock;
    }
}

// `fresh`: lanes of `word` that the replica does not hold, at least one.
BODY void learn(struct stepping *stepping, uint32_t word, uint64_t fresh, uint64_t hash[2],
                uint64_t *clock)
{
    uint32_t words = stepping->states->words;
    uint32_t local_words = stepping->states->table->local_words;
    uint64_t *planes = stepping->replica->planes;
    if (word >= local_words) {
        learn_shared(stepping, word, fresh, hash, clock);
    } else {
        const struct mesh_lesson *lessons = &stepping->local->lessons[(size_t)64 * word];
        for (uint64_t left = fresh; left != 0; left &= left - 1) {
            const struct mesh_lesson *lesson = &lessons[__builtin_ctzll(left)];
            add_hash(hash, lesson->hash);
            *clock = lesson->clock > *clock ? lesson->clock : *clock;
        }
    }
    if (word >= local_words || !mesh_vector_is_continued(stepping->local, word, fresh)) {
        mesh_vector_learn(stepping, word, fresh);
    }
    planes[(size_t)words * MESH_HAVE + word] |= fresh;
    planes[(size_t)words * MESH_RECENT_0 + word] |= fresh;
    mesh_stepping_news(stepping, word, fresh);
}

// `fresh` is what the message brings; bit i of `any`: there is something in word i.
BODY void learn_all(struct stepping *stepping, const uint64_t *fresh, uint64_t any)
{
    struct mesh_replica *replica = stepping->replica;
    if (any == 0) {
        return;
    }
    uint32_t first = stepping->output->news_count;
    uint64_t hash[2] = {0, 0};
    uint64_t clock = replica->clock;
    uint64_t count = 0;
    for (; any != 0; any &= any - 1) {
        uint32_t word = (uint32_t)__builtin_ctzll(any);
        learn(stepping, word, fresh[word], hash, &clock);
        count += (uint64_t)__builtin_popcountll(fresh[word]);
    }
    replica->clock = clock;
    add_hash(replica->hash, hash);
    struct mesh_record *record = mesh_stepping_record(stepping, MESH_RECORD_DELIVER);
    memcpy(record->deliver.hash, hash, sizeof hash);
    record->deliver.news_first = first;
    record->deliver.news_count = stepping->output->news_count - first;
    record->deliver.update_count = (uint32_t)count;
}

// Whether both hold the same now.
static inline bool agree(const struct mesh_replica *replica, const struct mesh_message *heard)
{
    return replica->hash[0] == heard->hash[0] && replica->hash[1] == heard->hash[1];
}

// ---- Answering ----

// An answer of all words, whose sets are yet to be written.
BODY struct mesh_message *begin(struct stepping *stepping, enum mesh_message_kind kind)
{
    const struct mesh_message *heard = stepping->event->message;
    struct mesh_output *output = stepping->output;
    const struct mesh_places *answers = &output->answers[mesh_message_sets(kind) - 1];
    struct mesh_message *message =
        (struct mesh_message *)(answers->taken < answers->count
                                    ? answers->places[answers->taken]
                                    : output->messages + output->message_words);
    *message = (struct mesh_message){
        .source = stepping->event->node,
        .initiator = heard->initiator,
        .kind = kind & 0x7f,
        .occasion = heard->occasion,
        .sent_ns = stepping->event->time_ns,
        .scope = stepping->event->scope,
        .words = (uint16_t)stepping->states->words,
    };
    return message;
}

// What the message's updates take.
BODY uint32_t updates_bytes(const struct stepping *stepping, const struct mesh_message *message)
{
    const struct mesh_table *local = stepping->local;
    uint64_t shared = 0;
    for (uint32_t word = stepping->states->table->local_words; word < message->words; word++) {
        shared |= message->lanes[word];
    }
    return shared == 0 && local->size_varies == 0
               ? message->update_count * local->size_first
               : mesh_wire_updates_bytes(stepping->states->table, message);
}

// To whom was heard.
BODY void reply(struct stepping *stepping, struct mesh_message *message, bool hash, bool vector)
{
    struct mesh_output *output = stepping->output;
    struct mesh_record *record = mesh_stepping_record(stepping, MESH_RECORD_SEND);
    uint32_t sets = mesh_message_sets(message->kind);
    if (output->answers[sets - 1].taken < output->answers[sets - 1].count) {
        output->answers[sets - 1].taken++;
    } else {
        output->message_words += sizeof *message / sizeof(uint64_t) + (size_t)sets * message->words;
    }
    output->targets[output->target_count] = stepping->event->message->source;
    record->send.message = message;
    record->send.target_first = output->target_count++;
    record->send.target_count = 1;
    record->send.update_bytes = message->update_count == 0 ? 0 : updates_bytes(stepping, message);
    message->sequence = stepping->replica->message_count++;
    message->wire_bytes = MESH_WIRE_HEADER_BYTES + varint_bytes(message->update_count) +
                          (hash ? MESH_WIRE_HASH_BYTES : 0) + record->send.update_bytes;
    struct vector_size size;
    if (vector && mesh_vector_kept(stepping, &size)) {
        message->wire_bytes += mesh_vector_bytes(&size);
    }
}

// ---- Steps 2 to 5: one walk over the words for what is new and for what the answer says ----

// Adds updates of a plane that are not known, at most `room`, beside those that are there.
BODY uint32_t add_recent(uint64_t *restrict lanes, uint32_t words, const uint64_t *restrict plane,
                         const uint64_t *restrict known, uint32_t room)
{
    uint64_t told[MESH_LANES_WORDS];
    uint64_t count = 0;
    for (uint64_t i = 0; i < words; i++) {
        told[i] = plane[i] & ~known[i];
        count += (uint64_t)__builtin_popcountll(told[i]);
    }
    if (count > room) {
        lanes_keep(told, words, (uint32_t)count, 0, room);
        count = room;
    }
    for (uint64_t i = 0; i < words; i++) {
        lanes[i] |= told[i];
    }
    return (uint32_t)count;
}

// What was learnt since the last tick, and before, without what OPEN knows.
BODY void take_open(struct stepping *stepping)
{
    const struct mesh_message *heard = stepping->event->message;
    const struct mesh_replica *replica = stepping->replica;
    uint32_t words = stepping->states->words;
    uint32_t limit = stepping->config->scopes[stepping->event->scope].update_limit;
    const uint64_t *recent = replica->planes + (size_t)words * MESH_RECENT_0;
    struct mesh_message *message = begin(stepping, MESH_MESSAGE_ANSWER);
    uint64_t fresh[MESH_LANES_WORDS];
    struct lanes_split split = lanes_split(heard->lanes, replica->planes, recent, heard->lanes,
                                           words, fresh, message->lanes);
    learn_all(stepping, fresh, split.some);
    if (agree(replica, heard)) {
        return;
    }
    uint32_t count = (uint32_t)split.count;
    if (count > limit) {
        lanes_keep(message->lanes, words, count, 0, limit);
        count = limit;
    }
    for (uint32_t age = 1; age < MESH_RECENT_PLANES && count < limit; age++) {
        count += add_recent(message->lanes, words, recent + (size_t)words * age, heard->lanes,
                            limit - count);
    }
    memcpy(message->hash, replica->hash, sizeof message->hash);
    message->update_count = (uint16_t)count;
    reply(stepping, message, true, false);
}

// All that is held from now on.
BODY void take_answer(struct stepping *stepping)
{
    static const uint64_t nothing[MESH_LANES_WORDS];
    const struct mesh_message *heard = stepping->event->message;
    const uint64_t *have = stepping->replica->planes;
    struct mesh_message *message = begin(stepping, MESH_MESSAGE_VECTOR);
    uint64_t fresh[MESH_LANES_WORDS];
    struct lanes_split split = lanes_split(heard->lanes, have, have, nothing,
                                           stepping->states->words, fresh, message->lanes);
    learn_all(stepping, fresh, split.some);
    if (!agree(stepping->replica, heard)) {
        reply(stepping, message, false, true);
    }
}

// Of `count` updates that the other lacks, up to the limit.
BODY void tell(struct stepping *stepping, struct mesh_message *message, uint64_t count)
{
    uint32_t limit = stepping->config->scopes[stepping->event->scope].update_limit;
    if (count > limit) {
        lanes_keep(message->lanes, message->words, (uint32_t)count,
                   mesh_outgoing_number(message->occasion, (uint32_t)count), limit);
    }
    message->update_count = (uint16_t)(count < limit ? count : limit);
}

// What is held and the vector lacks; what it names and is not held is nothing that it brings.
BODY void take_vector(struct stepping *stepping)
{
    const struct mesh_message *heard = stepping->event->message;
    const uint64_t *have = stepping->replica->planes;
    uint32_t words = stepping->states->words;
    struct mesh_message *message = begin(stepping, MESH_MESSAGE_FILL);
    uint64_t missed[MESH_LANES_WORDS];
    struct lanes_split split =
        lanes_split(heard->lanes, have, have, heard->lanes, words, missed, message->lanes);
    if (split.count > 0 || split.some != 0) {
        memcpy(message->lanes + words, have, words * sizeof *have);
        tell(stepping, message, split.count);
        reply(stepping, message, false, true);
    }
}

BODY void take_fill(struct stepping *stepping)
{
    const struct mesh_message *heard = stepping->event->message;
    const uint64_t *have = stepping->replica->planes;
    uint32_t words = stepping->states->words;
    struct mesh_message *message = begin(stepping, MESH_MESSAGE_REST);
    uint64_t fresh[MESH_LANES_WORDS];
    struct lanes_split split =
        lanes_split(heard->lanes, have, have, heard->lanes + words, words, fresh, message->lanes);
    learn_all(stepping, fresh, split.some);
    if (split.count > 0) {
        tell(stepping, message, split.count);
        reply(stepping, message, false, false);
    }
}

BODY void take_rest(struct stepping *stepping)
{
    uint64_t fresh[MESH_LANES_WORDS];
    uint64_t some = lanes_without(stepping->event->message->lanes, stepping->replica->planes,
                                  stepping->states->words, fresh);
    learn_all(stepping, fresh, some);
}

BODY void receive(struct stepping *stepping)
{
    switch ((enum mesh_message_kind)stepping->event->message->kind) {
    case MESH_MESSAGE_OPEN: take_open(stepping); break;
    case MESH_MESSAGE_ANSWER: take_answer(stepping); break;
    case MESH_MESSAGE_VECTOR: take_vector(stepping); break;
    case MESH_MESSAGE_FILL: take_fill(stepping); break;
    case MESH_MESSAGE_REST: take_rest(stepping); break;
    default: assert(false);
    }
}

#define CODE(machine, target)                                       \
    target static void receive_##machine(struct stepping *stepping) \
    {                                                               \
        receive(stepping);                                          \
    }

CODE(plain, )
#ifdef __x86_64__
CODE(avx2, __attribute__((target(LANES_AVX2))))
CODE(avx512, __attribute__((target(LANES_AVX512))))
#endif

mesh_exchange_code *mesh_exchange_code_of(enum mesh_lanes_machine machine)
{
    if (mesh_lanes_code_of(machine) == NULL) {
        return NULL;
    }
    switch (machine) {
#ifdef __x86_64__
    case MESH_LANES_AVX512: return receive_avx512;
    case MESH_LANES_AVX2: return receive_avx2;
#endif
    default: return receive_plain;
    }
}

mesh_exchange_code *mesh_exchange_best_code(void)
{
    return mesh_exchange_code_of(mesh_lanes_machine());
}
