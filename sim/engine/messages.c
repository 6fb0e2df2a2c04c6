// SPDX-License-Identifier: GPL-3.0-or-later
#include "messages.h"

#include <assert.h>
#include <string.h>

#include "allocate.h"

#define LINE_WORDS 8u  // of the cache

void sim_chunks_init(struct sim_chunks *chunks, size_t message_words_max)
{
    *chunks = (struct sim_chunks){.count = 1, .shift = 13};
    assert(1u << chunks->shift >= SIM_REFERENCE_FREE);
    while ((size_t)1 << chunks->shift < 4 * message_words_max) {
        chunks->shift++;
    }
    chunks->capacity = 1u << (SIM_REFERENCE_BITS - chunks->shift);
    chunks->chunks = sim_memory_pages(chunks->capacity * sizeof *chunks->chunks);
    chunks->next = sim_memory_pages(chunks->capacity * sizeof *chunks->next);
    chunks->slab_chunks = sim_memory_pages(chunks->capacity * sizeof *chunks->slab_chunks);
    chunks->piece_sets = sim_memory_pages(chunks->capacity * sizeof *chunks->piece_sets);
}

static size_t slab_bytes(const struct sim_chunks *chunks, uint32_t count)
{
    return (size_t)count * sizeof(uint64_t) << chunks->shift;
}

void sim_chunks_finish(struct sim_chunks *chunks)
{
    for (uint32_t first = 1; first < chunks->capacity && chunks->slab_chunks[first] > 0;) {
        uint32_t count = chunks->slab_chunks[first];
        sim_memory_free_pages(chunks->chunks[first], slab_bytes(chunks, count));
        first += count;
    }
    sim_memory_free_pages(chunks->chunks, chunks->capacity * sizeof *chunks->chunks);
    sim_memory_free_pages(chunks->next, chunks->capacity * sizeof *chunks->next);
    sim_memory_free_pages(chunks->slab_chunks, chunks->capacity * sizeof *chunks->slab_chunks);
    sim_memory_free_pages(chunks->piece_sets, chunks->capacity * sizeof *chunks->piece_sets);
}

void sim_messages_init(struct sim_messages *messages, struct sim_chunks *shared,
                       uint32_t slot_count)
{
    *messages = (struct sim_messages){
        .shared = shared,
        .chunks = shared->chunks,
        .chunk_shift = shared->shift,
        .slot_first = sim_memory_zeroed(slot_count * sizeof *messages->slot_first),
        .slot_words = sim_memory_zeroed(slot_count * sizeof *messages->slot_words),
        .slot_count = slot_count,
    };
}

void sim_messages_finish(struct sim_messages *messages)
{
    sim_memory_free(messages->slot_first);
    sim_memory_free(messages->slot_words);
    for (uint32_t i = 0; i < MESH_SETS_MAX; i++) {
        sim_memory_free(messages->pieces[i].free);
    }
}

void sim_messages_empty(struct sim_messages *messages, uint32_t slot)
{
    uint32_t chunk = messages->slot_first[slot];
    while (chunk != 0) {
        uint32_t next = messages->shared->next[chunk];
        messages->shared->next[chunk] = messages->free_first;
        messages->free_first = chunk;
        chunk = next;
    }
    messages->slot_first[slot] = 0;
}

void sim_messages_go_on(struct sim_messages *messages, struct mesh_output *output, uint32_t slot)
{
    messages->slot_words[messages->slot] = output->message_words;
    uint32_t chunk = messages->slot_first[slot];
    output->messages = messages->chunks[chunk];  // NULL: the slot has none yet
    output->message_words = chunk == 0 ? 0 : messages->slot_words[slot];
    output->message_word_capacity = chunk == 0 ? 0 : (size_t)1 << messages->chunk_shift;
    messages->slot = slot;
}

// Puts the chunks of a new slab on the free list, the first in front.
static void cut_slab(struct sim_messages *messages)
{
    struct sim_chunks *shared = messages->shared;
    uint32_t count = 2 * messages->slab_chunks;
    count = count == 0 ? 1 : slab_bytes(shared, count) > SIM_SLAB_BYTES ? count / 2 : count;
    uint32_t first = atomic_fetch_add_explicit(&shared->count, count, memory_order_relaxed);
    if (first + count > shared->capacity) {
        sim_memory_exhausted("messages under way", UINT64_C(8) << SIM_REFERENCE_BITS);
    }
    uint64_t *slab = sim_memory_pages(slab_bytes(shared, count));
    for (uint32_t i = count; i-- > 0;) {
        shared->chunks[first + i] = slab + ((size_t)i << shared->shift);
        shared->next[first + i] = messages->free_first;
        messages->free_first = first + i;
    }
    shared->slab_chunks[first] = count;
    messages->slab_chunks = count;
}

static uint32_t new_chunk(struct sim_messages *messages)
{
    if (messages->free_first == 0) {
        cut_slab(messages);
    }
    uint32_t chunk = messages->free_first;
    messages->free_first = messages->shared->next[chunk];
    return chunk;
}

void sim_messages_provide(struct sim_messages *messages, struct mesh_output *output, size_t words)
{
    uint32_t current = messages->slot_first[messages->slot];
    size_t capacity = (size_t)1 << messages->chunk_shift;
    if (current != 0 && output->messages == messages->chunks[current] &&
        capacity - output->message_words >= words) {
        return;
    }
    uint32_t chunk = new_chunk(messages);
    messages->shared->next[chunk] = current;
    messages->slot_first[messages->slot] = chunk;
    output->messages = messages->chunks[chunk];
    output->message_words = 0;
    output->message_word_capacity = capacity;
}

size_t sim_message_words(const struct mesh_message *message)
{
    return sizeof *message / sizeof(uint64_t) +
           (size_t)mesh_message_sets(message->kind) * message->words;
}

uint32_t sim_messages_copy(struct sim_messages *messages, struct mesh_output *output,
                           const struct mesh_message *message)
{
    size_t words = sim_message_words(message);
    sim_messages_provide(messages, output, words);
    uint64_t *copy = output->messages + output->message_words;
    memcpy(copy, message, words * sizeof(uint64_t));
    output->message_words += words;
    return sim_messages_reference(messages, (const struct mesh_message *)copy);
}

// ---- Pieces ----

void sim_messages_grow_pieces(struct sim_pieces *pieces)
{
    pieces->capacity = pieces->capacity == 0 ? 1024 : 2 * pieces->capacity;
    pieces->free = sim_memory_resize(pieces->free, pieces->capacity * sizeof *pieces->free);
}

static void cut_pieces(struct sim_messages *messages, uint32_t sets)
{
    struct sim_chunks *shared = messages->shared;
    uint32_t words = shared->piece_words[sets - 1];
    uint32_t chunk = new_chunk(messages);
    shared->piece_sets[chunk] = (uint8_t)sets;
    for (uint32_t end = (1u << shared->shift) / words * words; end > 0; end -= words) {
        sim_messages_give_back(messages, chunk << shared->shift | (end - words));
    }
}

void sim_messages_take_pieces(struct sim_messages *messages, uint32_t sets, uint32_t count,
                              uint64_t **places, uint32_t *references)
{
    struct sim_pieces *pieces = &messages->pieces[sets - 1];
    while (pieces->count < count) {
        cut_pieces(messages, sets);
    }
    for (uint32_t i = 0; i < count; i++) {
        references[i] = pieces->free[--pieces->count];
        places[i] = (uint64_t *)sim_messages_under_way(messages, references[i]);
    }
}

void sim_messages_return_pieces(struct sim_messages *messages, uint32_t sets, uint32_t count)
{
    messages->pieces[sets - 1].count += count;
}

uint32_t sim_messages_copy_to_piece(struct sim_messages *messages,
                                    const struct mesh_message *message)
{
    uint64_t *place;
    uint32_t reference;
    uint32_t sets = mesh_message_sets(message->kind);
    size_t words = sim_message_words(message);
    assert(words <= messages->shared->piece_words[sets - 1]);
    sim_messages_take_pieces(messages, sets, 1, &place, &reference);
    memcpy(place, message, words * sizeof(uint64_t));
    return reference;
}

void sim_messages_forget_pieces(struct sim_messages *messages)
{
    for (uint32_t i = 0; i < MESH_SETS_MAX; i++) {
        messages->pieces[i].count = 0;
    }
}

void sim_messages_size_pieces(struct sim_messages *messages, uint32_t words)
{
    struct sim_chunks *shared = messages->shared;
    for (uint32_t chunk = 1; chunk < shared->count; chunk++) {
        if (shared->piece_sets[chunk] > 0) {
            shared->piece_sets[chunk] = 0;
            shared->next[chunk] = messages->free_first;
            messages->free_first = chunk;
        }
    }
    for (uint32_t sets = 1; sets <= MESH_SETS_MAX; sets++) {
        size_t needed = sizeof(struct mesh_message) / sizeof(uint64_t) + (size_t)sets * words;
        shared->piece_words[sets - 1] =
            (uint32_t)((needed + LINE_WORDS - 1) / LINE_WORDS * LINE_WORDS);
    }
}
