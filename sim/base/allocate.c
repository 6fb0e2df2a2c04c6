// SPDX-License-Identifier: GPL-3.0-or-later
#include "allocate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "error.h"

#define HUGE_PAGE_BYTES ((size_t)2 << 20)

_Noreturn void sim_memory_exhausted(const char *what, uint64_t bytes)
{
    fprintf(stderr, "meshsim: out of memory: %s, %llu bytes\n", what, (unsigned long long)bytes);
    exit(SIM_ERROR_INTERNAL);
}

void *sim_memory_zeroed(size_t bytes)
{
    void *memory = calloc(1, bytes == 0 ? 1 : bytes);
    if (memory == NULL) {
        sim_memory_exhausted("an array", bytes);
    }
    return memory;
}

void *sim_memory_resize(void *memory, size_t bytes)
{
    void *resized = realloc(memory, bytes == 0 ? 1 : bytes);
    if (resized == NULL) {
        sim_memory_exhausted("a growing array", bytes);
    }
    return resized;
}

void sim_memory_free(void *memory)
{
    free(memory);
}

void *sim_memory_pages(size_t bytes)
{
    if (bytes < HUGE_PAGE_BYTES) {
        size_t rounded = (bytes + 63) / 64 * 64;
        void *memory = aligned_alloc(64, rounded == 0 ? 64 : rounded);
        if (memory == NULL) {
            sim_memory_exhausted("an array", bytes);
        }
        return memset(memory, 0, rounded);
    }
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        sim_memory_exhausted("a large array", bytes);
    }
    madvise(memory, bytes, MADV_HUGEPAGE);  // a wish: the run is right without it
    return memory;
}

void sim_memory_free_pages(void *memory, size_t bytes)
{
    if (memory == NULL) {
        return;
    }
    if (bytes < HUGE_PAGE_BYTES) {
        free(memory);
    } else {
        munmap(memory, bytes);
    }
}
