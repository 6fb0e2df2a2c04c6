// SPDX-License-Identifier: GPL-3.0-or-later
#include "threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "allocate.h"

#define LOOKS 2000u  // before whoever waits goes to sleep: some ten microseconds

struct thread {
    struct sim_threads *threads;
    pthread_t handle;
    uint32_t index;
};

struct sim_threads {
    uint32_t count;
    uint32_t looks;
    struct thread *others;  // [count - 1]
    void (*work)(void *context, uint32_t index);
    void *context;
    _Atomic uint32_t turn;     // counts calls; a change means work, or with `over` the end
    _Atomic uint32_t working;  // of the others, those that have not returned
    bool over;
    pthread_mutex_t mutex;  // for those who sleep
    pthread_cond_t turned;
    pthread_cond_t done;
};

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

// Waits until the turn is no longer `seen`.
static void await_turn(struct sim_threads *threads, uint32_t seen)
{
    for (uint32_t look = 0; look < threads->looks; look++) {
        if (atomic_load_explicit(&threads->turn, memory_order_acquire) != seen) {
            return;
        }
        pause_briefly();
    }
    pthread_mutex_lock(&threads->mutex);
    while (atomic_load_explicit(&threads->turn, memory_order_acquire) == seen) {
        pthread_cond_wait(&threads->turned, &threads->mutex);
    }
    pthread_mutex_unlock(&threads->mutex);
}

static void begin_turn(struct sim_threads *threads)
{
    atomic_store_explicit(&threads->working, threads->count - 1, memory_order_relaxed);
    pthread_mutex_lock(&threads->mutex);
    atomic_fetch_add_explicit(&threads->turn, 1, memory_order_release);
    pthread_cond_broadcast(&threads->turned);
    pthread_mutex_unlock(&threads->mutex);
}

static void *live(void *argument)
{
    const struct thread *thread = argument;
    struct sim_threads *threads = thread->threads;
    for (uint32_t seen = 0;; seen++) {
        await_turn(threads, seen);
        if (threads->over) {
            return NULL;
        }
        threads->work(threads->context, thread->index);
        if (atomic_fetch_sub_explicit(&threads->working, 1, memory_order_acq_rel) == 1) {
            pthread_mutex_lock(&threads->mutex);
            pthread_cond_signal(&threads->done);
            pthread_mutex_unlock(&threads->mutex);
        }
    }
}

struct sim_threads *sim_threads_create(uint32_t count)
{
    struct sim_threads *threads = sim_memory_zeroed(sizeof *threads);
    threads->count = count;
    threads->looks = count <= sim_threads_available() ? LOOKS : 0;
    pthread_mutex_init(&threads->mutex, NULL);
    pthread_cond_init(&threads->turned, NULL);
    pthread_cond_init(&threads->done, NULL);
    threads->others = sim_memory_zeroed((count - 1) * sizeof *threads->others);
    for (uint32_t i = 0; i + 1 < count; i++) {
        struct thread *thread = &threads->others[i];
        *thread = (struct thread){.threads = threads, .index = i + 1};
        if (pthread_create(&thread->handle, NULL, live, thread) != 0) {
            sim_memory_exhausted("a thread", count);
        }
    }
    return threads;
}

void sim_threads_destroy(struct sim_threads *threads)
{
    if (threads == NULL) {
        return;
    }
    threads->over = true;
    begin_turn(threads);
    for (uint32_t i = 0; i + 1 < threads->count; i++) {
        pthread_join(threads->others[i].handle, NULL);
    }
    pthread_cond_destroy(&threads->done);
    pthread_cond_destroy(&threads->turned);
    pthread_mutex_destroy(&threads->mutex);
    sim_memory_free(threads->others);
    sim_memory_free(threads);
}

void sim_threads_run(struct sim_threads *threads, void (*work)(void *context, uint32_t index),
                     void *context)
{
    if (threads->count == 1) {
        work(context, 0);
        return;
    }
    threads->work = work;
    threads->context = context;
    begin_turn(threads);
    work(context, 0);
    for (uint32_t look = 0; look < threads->looks; look++) {
        if (atomic_load_explicit(&threads->working, memory_order_acquire) == 0) {
            return;
        }
        pause_briefly();
    }
    pthread_mutex_lock(&threads->mutex);
    while (atomic_load_explicit(&threads->working, memory_order_acquire) != 0) {
        pthread_cond_wait(&threads->done, &threads->mutex);
    }
    pthread_mutex_unlock(&threads->mutex);
}

uint32_t sim_threads_available(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) {
        return (uint32_t)CPU_COUNT(&set);
    }
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (uint32_t)online : 1;
}
