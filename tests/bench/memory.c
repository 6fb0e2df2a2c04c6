// SPDX-License-Identifier: GPL-3.0-or-later
// What the machine's memory itself allows, beside which the engine's figures are to be read.
//
//     read      all of an array in turn                              GB/s, one thread and two
//     random    lines of it in an order that only draws know,        ns per line
//               eight under way at once, or each known by the one before
//
// From these follows a bound of push gossip at a million agents. A message is an event of 8 bytes,
// written and read, and changes its receiver's line of 64 bytes, which is read and written back:
// 144 bytes at the speed of reading. Usage: memory [MEBIBYTES], 512 unless told.
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define LINE_WORDS 8u
#define THREADS_MAX 2u
#define TURNS 5
#define STEPS (1u << 22)
#define AT_ONCE 8u
#define MESSAGE_BYTES 144.0

struct array {
    uint64_t *words;
    uint64_t line_count;  // a power of two
};

struct reader {
    const struct array *array;
    uint64_t line_first;
    uint64_t line_end;
    uint64_t sum;
};

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

static void *read_lines(void *context)
{
    struct reader *reader = context;
    uint64_t sum = 0;
    for (uint64_t i = reader->line_first * LINE_WORDS; i < reader->line_end * LINE_WORDS; i++) {
        sum += reader->array->words[i];
    }
    reader->sum = sum;
    return NULL;
}

// Bytes per ns, the best of some turns.
static double read_speed(const struct array *array, uint32_t threads)
{
    double best = 0;
    for (int turn = 0; turn < TURNS; turn++) {
        struct reader readers[THREADS_MAX];
        pthread_t ids[THREADS_MAX];
        double start_ns = now_ns();
        for (uint32_t i = 0; i < threads; i++) {
            uint64_t share = array->line_count / threads;
            readers[i] = (struct reader){array, i * share, (i + 1) * share, 0};
            if (pthread_create(&ids[i], NULL, read_lines, &readers[i]) != 0) {
                perror("a thread");
                exit(EXIT_FAILURE);
            }
        }
        for (uint32_t i = 0; i < threads; i++) {
            pthread_join(ids[i], NULL);
        }
        double speed = (double)array->line_count * LINE_WORDS * 8 / (now_ns() - start_ns);
        best = speed > best ? speed : best;
    }
    return best;
}

static uint64_t scatter(uint64_t step, uint64_t line_count)
{
    uint64_t mixed = (step + 1) * UINT64_C(0x9E3779B97F4A7C15);
    return (mixed ^ mixed >> 29) & (line_count - 1);
}

// ns per line: `chained` ones are known only when the one before is there.
static double random_ns(const struct array *array, bool chained, uint64_t *sink)
{
    double best_ns = 1e9;
    for (int turn = 0; turn < TURNS; turn++) {
        uint64_t sum = 0;
        double start_ns = now_ns();
        for (uint64_t i = 0; i < STEPS; i++) {
            if (!chained) {
                uint64_t ahead = scatter(i + AT_ONCE, array->line_count);
                __builtin_prefetch(&array->words[ahead * LINE_WORDS]);
            }
            uint64_t step = chained ? i + sum : i;
            sum += array->words[scatter(step, array->line_count) * LINE_WORDS];
        }
        double ns = (now_ns() - start_ns) / STEPS;
        best_ns = ns < best_ns ? ns : best_ns;
        *sink += sum;
    }
    return best_ns;
}

int main(int argc, char **argv)
{
    uint64_t mebibytes = argc > 1 ? strtoull(argv[1], NULL, 10) : 512;
    if (mebibytes == 0 || (mebibytes & (mebibytes - 1)) != 0) {
        fprintf(stderr, "memory [MEBIBYTES]: a power of two\n");
        return EXIT_FAILURE;
    }
    size_t bytes = (size_t)mebibytes << 20;
    struct array array = {aligned_alloc((size_t)2 << 20, bytes), bytes / 64};
    if (array.words == NULL) {
        perror("memory");
        return EXIT_FAILURE;
    }
    madvise(array.words, bytes, MADV_HUGEPAGE);
    for (uint64_t i = 0; i < array.line_count * LINE_WORDS; i++) {
        array.words[i] = i;
    }
    uint64_t sink = 0;
    double one = read_speed(&array, 1);
    double two = read_speed(&array, 2);
    printf("memory, %llu MiB in huge pages, the best of %d\n", (unsigned long long)mebibytes,
           TURNS);
    printf("  read in turn, GB/s: one thread %.1f, two %.1f\n", one, two);
    printf("  a random line, ns: %.1f with %u under way, %.1f after another\n",
           random_ns(&array, false, &sink), AT_ONCE, random_ns(&array, true, &sink));
    printf("  %.0f bytes, a message of push gossip, at that speed: %.1f ns on one thread, %.1f on "
           "two\n",
           MESSAGE_BYTES, MESSAGE_BYTES / one, MESSAGE_BYTES / two);
    free(array.words);
    return sink == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
