// SPDX-License-Identifier: GPL-3.0-or-later
// Memory that cannot be had ends the run: exit code 70, and the figure that was asked for.
//
//     sim_memory_zeroed, _resize, _free      small things, like calloc, realloc, free
//     sim_memory_pages, _free_pages          large arrays: zeroed, aligned to 64 bytes, backed by
//                                            huge pages where the system gives them
//
// A simulation has no use for a half-allocated state, so these never return NULL. What a user can
// ask too much of (agents, updates) is checked beforehand and refused with a proper error.

#ifndef SIM_ALLOCATE_H
#define SIM_ALLOCATE_H

#include <stddef.h>
#include <stdint.h>

void *sim_memory_zeroed(size_t bytes);
void *sim_memory_resize(void *memory, size_t bytes);  // new bytes are not zeroed
void sim_memory_free(void *memory);

void *sim_memory_pages(size_t bytes);
void sim_memory_free_pages(void *memory, size_t bytes);

// Says what ran out at how many bytes, and exits with code 70.
_Noreturn void sim_memory_exhausted(const char *what, uint64_t bytes);

#endif
