// SPDX-License-Identifier: GPL-3.0-or-later
// Memory that is given back all at once: everything a load makes lives as long as the load.
//
//     arena --> chunk --> chunk --> NULL        take() cuts from the first chunk, or puts a new
//               |used..|  |used|                one before it; nothing is freed on its own
//
// A machine without memory for a scenario cannot run it either, so taking never fails: it says so
// and ends the program with SIM_ERROR_INTERNAL.

#ifndef SIM_ARENA_H
#define SIM_ARENA_H

#include <stddef.h>

struct sim_arena;

struct sim_arena *sim_arena_create(void);
void sim_arena_destroy(struct sim_arena *arena);

// `bytes` zeroed bytes, aligned for any type.
void *sim_arena_take(struct sim_arena *arena, size_t bytes);

// Room for `count` elements of `size` bytes, zeroed.
void *sim_arena_array(struct sim_arena *arena, size_t count, size_t size);

// A copy of `length` bytes with a NUL after them.
char *sim_arena_copy(struct sim_arena *arena, const char *bytes, size_t length);

__attribute__((format(printf, 2, 3), nonnull(2))) char *sim_arena_format(struct sim_arena *arena,
                                                                         const char *format, ...);

#endif
