// SPDX-License-Identifier: GPL-3.0-or-later
// Threads that do one piece of work at a time, all together:
//
//     caller   --- run ----+---- work(0) ----+--- goes on
//     thread 1    waits    +---- work(1) ----+    waits
//     thread 2    waits    +---- work(2) ----+    waits
//
// Whoever waits looks again and again for a short while, since windows are short, and then sleeps.
// What the caller wrote before a call is seen by all, and what they wrote is seen after it.

#ifndef SIM_THREADS_H
#define SIM_THREADS_H

#include <stdint.h>

struct sim_threads;

// `count` threads, the caller's among them. One needs no thread and is the caller. Ends the program
// when the system has no thread left.
struct sim_threads *sim_threads_create(uint32_t count);
void sim_threads_destroy(struct sim_threads *threads);

// Calls work(context, index) for the indexes 0 .. count - 1, each on its thread; returns when all
// have returned.
void sim_threads_run(struct sim_threads *threads, void (*work)(void *context, uint32_t index),
                     void *context);

// Threads that this machine can run at once, at least 1.
uint32_t sim_threads_available(void);

#endif
