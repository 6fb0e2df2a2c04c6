// SPDX-License-Identifier: GPL-3.0-or-later
#include "arena.h"

#include <assert.h>
#include <string.h>

#include "allocate.h"

void sim_arena_init(struct sim_arena *arena, uint32_t slot_count, size_t message_words_max)
{
    *arena = (struct sim_arena){.slot_count = slot_count, .chunk_shift = 13};
    assert(1u << arena->chunk_shift >= SIM_REFERENCE_FREE);
    while ((size_t)1 << arena->chunk_shift < 4 * message_words_max) {
        arena->chunk_shift++;
    }
    arena->slot_first = sim_memory_zeroed(slot_count * sizeof *arena->slot_first);
    arena->chunk_capacity = 64;
    arena->chunks = sim_memory_zeroed(arena->chunk_capacity * sizeof(uint64_t *));
    arena->next = sim_memory_zeroed(arena->chunk_capacity * sizeof *arena->next);
    arena->chunk_count = 1;
}

void sim_arena_finish(struct sim_arena *arena)
{
    for (uint32_t chunk = 1; chunk < arena->chunk_count; chunk++) {
        sim_memory_free_pages(arena->chunks[chunk], sizeof(uint64_t) << arena->chunk_shift);
    }
    sim_memory_free(arena->chunks);
    sim_memory_free(arena->next);
    sim_memory_free(arena->slot_first);
}

void sim_arena_turn(struct sim_arena *arena, uint32_t slot)
{
    uint32_t chunk = arena->slot_first[slot];
    while (chunk != 0) {
        uint32_t next = arena->next[chunk];
        arena->next[chunk] = arena->free_first;
        arena->free_first = chunk;
        chunk = next;
    }
    arena->slot_first[slot] = 0;
    arena->slot = slot;
}

static uint32_t new_chunk(struct sim_arena *arena)
{
    if (arena->free_first != 0) {
        uint32_t chunk = arena->free_first;
        arena->free_first = arena->next[chunk];
        return chunk;
    }
    if (arena->chunk_count == arena->chunk_capacity) {
        arena->chunk_capacity *= 2;
        arena->chunks =
            sim_memory_resize(arena->chunks, arena->chunk_capacity * sizeof(uint64_t *));
        arena->next = sim_memory_resize(arena->next, arena->chunk_capacity * sizeof *arena->next);
    }
    uint32_t chunk = arena->chunk_count++;
    if (chunk >> (SIM_REFERENCE_BITS - arena->chunk_shift) != 0) {
        sim_memory_exhausted("messages under way", UINT64_C(8) << SIM_REFERENCE_BITS);
    }
    arena->chunks[chunk] = sim_memory_pages(sizeof(uint64_t) << arena->chunk_shift);
    return chunk;
}

void sim_arena_provide(struct sim_arena *arena, struct mesh_output *output, size_t words)
{
    uint32_t current = arena->slot_first[arena->slot];
    size_t capacity = (size_t)1 << arena->chunk_shift;
    if (current != 0 && output->messages == arena->chunks[current] &&
        capacity - output->message_words >= words) {
        return;
    }
    uint32_t chunk = new_chunk(arena);
    arena->next[chunk] = current;
    arena->slot_first[arena->slot] = chunk;
    output->messages = arena->chunks[chunk];
    output->message_words = 0;
    output->message_word_capacity = capacity;
}

size_t sim_message_words(const struct mesh_message *message)
{
    bool vector = message->kind == MESH_MESSAGE_VECTOR || message->kind == MESH_MESSAGE_FILL;
    return sizeof *message / sizeof(uint64_t) + (size_t)(vector ? 2 : 1) * message->words;
}

uint32_t sim_arena_copy(struct sim_arena *arena, struct mesh_output *output,
                        const struct mesh_message *message)
{
    size_t words = sim_message_words(message);
    sim_arena_provide(arena, output, words);
    uint64_t *copy = output->messages + output->message_words;
    memcpy(copy, message, words * sizeof(uint64_t));
    output->message_words += words;
    return sim_arena_reference(arena, (const struct mesh_message *)copy);
}

uint64_t sim_arena_bytes(const struct sim_arena *arena)
{
    return (uint64_t)(arena->chunk_count - 1) * sizeof(uint64_t) << arena->chunk_shift;
}
