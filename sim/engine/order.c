// SPDX-License-Identifier: GPL-3.0-or-later
#include "order.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "queue.h"

#define DIGIT_BITS_MAX 11u
#define BUCKET_MAX 64u  // events of one bucket that insertion may sort

// Least significant digit first over the upper 32 bits; digits that all events share cost nothing.
static void radix_sort(uint64_t *events, uint64_t *scratch, uint32_t count)
{
    uint32_t starts[4][256] = {{0}};
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t digit = 0; digit < 4; digit++) {
            starts[digit][events[i] >> (32 + 8 * digit) & 255]++;
        }
    }
    uint64_t *from = events;
    uint64_t *to = scratch;
    for (uint32_t digit = 0; digit < 4; digit++) {
        uint32_t shift = 32 + 8 * digit;
        uint32_t *start = starts[digit];
        if (start[events[0] >> shift & 255] == count) {
            continue;
        }
        uint32_t sum = 0;
        for (uint32_t value = 0; value < 256; value++) {
            uint32_t here = start[value];
            start[value] = sum;
            sum += here;
        }
        for (uint32_t i = 0; i < count; i++) {
            to[start[from[i] >> shift & 255]++] = from[i];
        }
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != events) {
        memcpy(events, from, count * sizeof *events);
    }
}

static bool precedes(uint64_t a, uint64_t b, const struct sim_messages *messages)
{
    uint32_t reference_a = sim_event_reference(a);
    uint32_t reference_b = sim_event_reference(b);
    if (reference_a < SIM_REFERENCE_FREE || reference_b < SIM_REFERENCE_FREE) {
        return reference_a < reference_b;
    }
    const struct mesh_message *from_a = sim_messages_at(messages, reference_a);
    const struct mesh_message *from_b = sim_messages_at(messages, reference_b);
    return from_a->source != from_b->source ? from_a->source < from_b->source
                                            : from_a->sequence < from_b->sequence;
}

static int compare(const void *left, const void *right, void *messages)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return precedes(a, b, messages) ? -1 : precedes(b, a, messages);
}

// Ties of time and target too long for insertion: what a node gets in one nanosecond when latencies
// are constant and many send at once. `events` are sorted by time and target.
static void sort_long_ties(uint64_t *events, uint32_t count, const struct sim_messages *messages)
{
    for (uint32_t first = 0, end = 1; first < count; first = end++) {
        while (end < count && events[end] >> 32 == events[first] >> 32) {
            end++;
        }
        if (end - first > BUCKET_MAX) {
            qsort_r(events + first, end - first, sizeof *events, compare, (void *)messages);
        }
    }
}

// Sorts what is nearly sorted.
static void insertion_sort(uint64_t *events, uint32_t count, const struct sim_messages *messages)
{
    for (uint32_t i = 1; i < count; i++) {
        uint64_t event = events[i];
        uint32_t hole = i;
        for (; hole > 0 && events[hole - 1] >> 32 >= event >> 32; hole--) {
            uint64_t before = events[hole - 1];
            if (before >> 32 == event >> 32 && !precedes(event, before, messages)) {
                break;
            }
            events[hole] = before;
        }
        events[hole] = event;
    }
}

// One pass by the leading bits of the time, about one event per bucket. Returns false, with nothing
// done, when the times crowd so much that a bucket is too long for insertion.
static bool scatter(uint64_t *events, uint64_t *scratch, uint32_t count, uint32_t window_bits)
{
    uint16_t starts[(1 << DIGIT_BITS_MAX) + 1];
    uint32_t digit_bits = 32 - (uint32_t)__builtin_clz(count);
    digit_bits = digit_bits < DIGIT_BITS_MAX ? digit_bits : DIGIT_BITS_MAX;
    uint32_t shift = 44 + window_bits - digit_bits;
    if (count > UINT16_MAX) {
        return false;
    }
    memset(starts, 0, ((1u << digit_bits) + 1) * sizeof *starts);
    for (uint32_t i = 0; i < count; i++) {
        starts[(events[i] >> shift) + 1]++;
    }
    uint32_t longest = 0;
    for (uint32_t digit = 1; digit <= 1u << digit_bits; digit++) {
        longest = starts[digit] > longest ? starts[digit] : longest;
        starts[digit] = (uint16_t)(starts[digit] + starts[digit - 1]);
    }
    if (longest > BUCKET_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        scratch[starts[events[i] >> shift]++] = events[i];
    }
    return true;
}

void sim_order_events(uint64_t **events, uint64_t **scratch, uint32_t count, uint32_t window_bits,
                      const struct sim_messages *messages)
{
    if (count > BUCKET_MAX) {
        if (scatter(*events, *scratch, count, window_bits)) {
            uint64_t *swap = *events;
            *events = *scratch;
            *scratch = swap;
        } else {
            radix_sort(*events, *scratch, count);
            sort_long_ties(*events, count, messages);
        }
    }
    insertion_sort(*events, count, messages);
}

static bool change_precedes(const struct sim_change *a, const struct sim_change *b)
{
    return a->time_ns != b->time_ns ? a->time_ns < b->time_ns : a->node < b->node;
}

// The end of the sorted run that starts at `first`.
static uint32_t run_end(const struct sim_change *changes, uint32_t first, uint32_t count)
{
    uint32_t end = first + 1;
    while (end < count && !change_precedes(&changes[end], &changes[end - 1])) {
        end++;
    }
    return end;
}

static void merge(const struct sim_change *from, uint32_t first, uint32_t middle, uint32_t end,
                  struct sim_change *to)
{
    uint32_t left = first;
    uint32_t right = middle;
    for (uint32_t i = first; i < end; i++) {
        bool take_right =
            right < end && (left == middle || change_precedes(&from[right], &from[left]));
        to[i] = from[take_right ? right++ : left++];
    }
}

void sim_order_changes(struct sim_change *changes, struct sim_change *scratch, uint32_t count)
{
    struct sim_change *from = changes;
    struct sim_change *to = scratch;
    while (count > 0 && run_end(from, 0, count) < count) {
        for (uint32_t first = 0; first < count;) {
            uint32_t middle = run_end(from, first, count);
            uint32_t end = middle < count ? run_end(from, middle, count) : middle;
            merge(from, first, middle, end, to);
            first = end;
        }
        struct sim_change *swap = from;
        from = to;
        to = swap;
    }
    if (from != changes) {
        memcpy(changes, from, count * sizeof *changes);
    }
}
