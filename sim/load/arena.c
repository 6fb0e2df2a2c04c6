// SPDX-License-Identifier: GPL-3.0-or-later
#include "arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "allocate.h"

#define CHUNK_BYTES ((size_t)32 * 1024)

struct chunk {
    struct chunk *next;
    size_t used;
    size_t capacity;
    alignas(max_align_t) unsigned char bytes[];
};

struct sim_arena {
    struct chunk *chunks;
};

struct sim_arena *sim_arena_create(void)
{
    return sim_memory_zeroed(sizeof(struct sim_arena));
}

void sim_arena_destroy(struct sim_arena *arena)
{
    if (arena == NULL) {
        return;
    }
    for (struct chunk *chunk = arena->chunks; chunk != NULL;) {
        struct chunk *next = chunk->next;
        sim_memory_free(chunk);
        chunk = next;
    }
    sim_memory_free(arena);
}

void *sim_arena_take(struct sim_arena *arena, size_t bytes)
{
    const size_t align = alignof(max_align_t);
    if (bytes > SIZE_MAX / 2) {
        sim_memory_exhausted("a scenario", bytes);
    }
    bytes = (bytes + align - 1) / align * align;
    struct chunk *chunk = arena->chunks;
    if (chunk == NULL || chunk->capacity - chunk->used < bytes) {
        size_t capacity = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
        chunk = sim_memory_zeroed(sizeof *chunk + capacity);
        chunk->capacity = capacity;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }
    void *taken = chunk->bytes + chunk->used;
    chunk->used += bytes;
    return taken;
}

void *sim_arena_array(struct sim_arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / 2 / size) {
        sim_memory_exhausted("an array of a scenario", count);
    }
    return sim_arena_take(arena, count * size);
}

char *sim_arena_copy(struct sim_arena *arena, const char *bytes, size_t length)
{
    char *copy = sim_arena_take(arena, length + 1);
    if (length > 0) {
        memcpy(copy, bytes, length);
    }
    return copy;
}

char *sim_arena_format(struct sim_arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert(length >= 0);  // the formats are ours
    char *text = sim_arena_take(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}
