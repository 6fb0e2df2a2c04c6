// SPDX-License-Identifier: GPL-3.0-or-later
#include "messages.h"

#include <assert.h>
#include <string.h>

#include "allocate.h"

void sim_messages_init(struct sim_messages *messages, uint32_t slot_count, size_t message_words_max)
{
    *messages = (struct sim_messages){.slot_count = slot_count, .chunk_shift = 13};
    assert(1u << messages->chunk_shift >= SIM_REFERENCE_FREE);
    while ((size_t)1 << messages->chunk_shift < 4 * message_words_max) {
        messages->chunk_shift++;
    }
    messages->slot_first = sim_memory_zeroed(slot_count * sizeof *messages->slot_first);
    messages->chunk_capacity = 64;
    messages->chunks = sim_memory_zeroed(messages->chunk_capacity * sizeof(uint64_t *));
    messages->next = sim_memory_zeroed(messages->chunk_capacity * sizeof *messages->next);
    messages->chunk_count = 1;
}

void sim_messages_finish(struct sim_messages *messages)
{
    for (uint32_t chunk = 1; chunk < messages->chunk_count; chunk++) {
        sim_memory_free_pages(messages->chunks[chunk], sizeof(uint64_t) << messages->chunk_shift);
    }
    sim_memory_free(messages->chunks);
    sim_memory_free(messages->next);
    sim_memory_free(messages->slot_first);
}

void sim_messages_turn(struct sim_messages *messages, uint32_t slot)
{
    uint32_t chunk = messages->slot_first[slot];
    while (chunk != 0) {
        uint32_t next = messages->next[chunk];
        messages->next[chunk] = messages->free_first;
        messages->free_first = chunk;
        chunk = next;
    }
    messages->slot_first[slot] = 0;
    messages->slot = slot;
}

static uint32_t new_chunk(struct sim_messages *messages)
{
    if (messages->free_first != 0) {
        uint32_t chunk = messages->free_first;
        messages->free_first = messages->next[chunk];
        return chunk;
    }
    if (messages->chunk_count == messages->chunk_capacity) {
        messages->chunk_capacity *= 2;
        messages->chunks =
            sim_memory_resize(messages->chunks, messages->chunk_capacity * sizeof(uint64_t *));
        messages->next =
            sim_memory_resize(messages->next, messages->chunk_capacity * sizeof *messages->next);
    }
    uint32_t chunk = messages->chunk_count++;
    if (chunk >> (SIM_REFERENCE_BITS - messages->chunk_shift) != 0) {
        sim_memory_exhausted("messages under way", UINT64_C(8) << SIM_REFERENCE_BITS);
    }
    messages->chunks[chunk] = sim_memory_pages(sizeof(uint64_t) << messages->chunk_shift);
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
    messages->next[chunk] = current;
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
