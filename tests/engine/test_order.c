// SPDX-License-Identifier: GPL-3.0-or-later
// Sorting against plain comparison sorts, over shapes that take each of the ways there are.
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "order.h"
#include "timers.h"

// A generator for inputs only: the 32-bit finalizer of MurmurHash3 over a counter.
static uint32_t counter;

static uint32_t any(uint32_t below)
{
    uint32_t x = ++counter * 0x9E3779B9u;
    x = (x ^ x >> 16) * 0x85EBCA6Bu;
    x = (x ^ x >> 13) * 0xC2B2AE35u;
    return (x ^ x >> 16) % below;
}

// ---- Events ----

// An event spelled out, and as the queue packs it.
struct spelled {
    uint64_t packed;
    uint32_t offset_ns;
    uint32_t local;
    uint32_t own;  // 1 a write, 2 + scope a tick, UINT32_MAX a message
    uint32_t source;
    uint32_t sequence;
};

static int in_total_order(const void *left, const void *right)
{
    const struct spelled *a = left;
    const struct spelled *b = right;
    const uint32_t x[] = {a->offset_ns, a->local, a->own, a->source, a->sequence};
    const uint32_t y[] = {b->offset_ns, b->local, b->own, b->source, b->sequence};
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) {
        if (x[i] != y[i]) {
            return x[i] < y[i] ? -1 : 1;
        }
    }
    return 0;
}

struct input {
    const char *name;
    uint32_t count;
    uint32_t window_bits;
    uint32_t times;        // different offsets, from 0 on unless spread
    uint32_t targets;      // different nodes of the block
    uint32_t own_percent;  // writes and ticks
    bool spread;           // offsets over the whole window
    bool crowded;          // nine of ten at offset 17
    uint32_t sources;      // 0: 1000
};

static const struct input inputs[] = {
    {"nothing", 0, 20, 1, 1, 0, false, false, 0},
    {"one", 1, 20, 1, 1, 0, true, false, 0},
    {"a few", 40, 20, 1 << 20, 4096, 20, true, false, 0},
    {"as many as insertion takes", 64, 20, 1 << 20, 4096, 20, true, false, 0},
    {"one more", 65, 20, 1 << 20, 4096, 20, true, false, 0},
    {"a thousand", 1000, 20, 1 << 20, 4096, 20, true, false, 0},
    {"the most one scatter takes", 65535, 20, 1 << 20, 4096, 5, true, false, 0},
    {"one more than that", 65536, 20, 1 << 20, 4096, 5, true, false, 0},
    {"a hundred thousand", 100000, 20, 1 << 20, 4096, 5, true, false, 0},
    {"a short window", 5000, 10, 1000, 4096, 10, true, false, 0},
    {"a window of 100 us", 3000, 17, 100000, 4096, 10, true, false, 0},
    {"all at one time", 4000, 20, 1, 4096, 10, false, false, 0},
    {"all at one time, two per bucket of nodes", 300, 20, 1, 4096, 10, false, false, 0},
    {"all at one time and node", 3000, 20, 1, 1, 1, false, false, 0},
    {"one time, node and source", 3000, 20, 1, 1, 0, false, false, 1},
    {"few times and nodes", 20000, 20, 7, 5, 10, false, false, 0},
    {"nine of ten at one time", 10000, 20, 1 << 20, 4096, 10, true, true, 0},
    {"nine of ten at one time and two nodes", 10000, 20, 1 << 20, 2, 10, true, true, 0},
};

static struct spelled make_event(const struct input *input, struct sim_messages *messages,
                                 struct mesh_output *output, uint32_t number)
{
    struct spelled event = {.local = any(input->targets) * (4096 / input->targets)};
    event.offset_ns = input->crowded && any(10) > 0 ? 17
                      : input->spread               ? any(input->times)
                                                    : any(input->times) * 3;
    uint32_t reference = 1 + any(3);
    event.own = reference;
    if (any(100) >= input->own_percent) {
        size_t words = sizeof(struct mesh_message) / sizeof(uint64_t);
        sim_messages_provide(messages, output, words);
        struct mesh_message *message =
            (struct mesh_message *)(output->messages + output->message_words);
        output->message_words += words;
        event.own = UINT32_MAX;
        event.source = any(input->sources == 0 ? 1000 : input->sources);
        event.sequence = number ^ 0x55;  // unique, and not in the order of creation
        message->source = event.source;
        message->sequence = event.sequence;
        reference = sim_messages_reference(messages, message);
    }
    event.packed = sim_event_pack(event.offset_ns, event.local, SIM_SAME_ZONE, reference);
    return event;
}

static void expect_sorted(const struct input *input)
{
    struct sim_messages messages;
    struct mesh_output output = {0};
    struct sim_chunks chunks;
    sim_chunks_init(&chunks, 16);
    sim_messages_init(&messages, &chunks, 1);
    struct spelled *spelled = calloc(input->count + 1, sizeof *spelled);
    uint64_t *events = calloc(input->count + 1, sizeof *events);
    uint64_t *scratch = calloc(input->count + 1, sizeof *scratch);
    cr_assert(spelled != NULL && events != NULL && scratch != NULL);
    for (uint32_t i = 0; i < input->count; i++) {
        spelled[i] = make_event(input, &messages, &output, i);
        events[i] = spelled[i].packed;
    }
    sim_order_events(&events, &scratch, input->count, input->window_bits, &messages);
    qsort(spelled, input->count, sizeof *spelled, in_total_order);
    for (uint32_t i = 0; i < input->count; i++) {
        cr_assert(events[i] == spelled[i].packed,
                  "%s: event %u: offset %" PRIu64 " node %u reference %u, by comparison %u %u %u",
                  input->name, i, sim_event_offset_ns(events[i]), sim_event_local(events[i]),
                  sim_event_reference(events[i]), spelled[i].offset_ns, spelled[i].local,
                  sim_event_reference(spelled[i].packed));
    }
    free(spelled);
    free(events);
    free(scratch);
    sim_messages_finish(&messages);
    sim_chunks_finish(&chunks);
}

Test(engine, events_are_sorted_as_a_comparison_sort_would)
{
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        expect_sorted(&inputs[i]);
    }
}

// ---- Changes ----

// Runs sorted by time and node, as blocks leave them; `lanes` says where each came from, so that
// the plain sort is stable and unique.
static int by_time_node_and_place(const void *left, const void *right)
{
    const struct sim_change *a = left;
    const struct sim_change *b = right;
    if (a->time_ns != b->time_ns) {
        return a->time_ns < b->time_ns ? -1 : 1;
    }
    if (a->node != b->node) {
        return a->node < b->node ? -1 : 1;
    }
    return a->lanes < b->lanes ? -1 : a->lanes > b->lanes;
}

static void expect_merged(uint32_t runs, uint32_t run_length, uint32_t times, uint32_t nodes)
{
    uint32_t count = runs * run_length;
    struct sim_change *changes = calloc(count + 1, sizeof *changes);
    struct sim_change *scratch = calloc(count + 1, sizeof *scratch);
    struct sim_change *wanted = calloc(count + 1, sizeof *wanted);
    cr_assert(changes != NULL && scratch != NULL && wanted != NULL);
    for (uint32_t i = 0; i < count; i++) {
        changes[i].time_ns = any(times);
        changes[i].node = any(nodes);
    }
    for (uint32_t run = 0; run < runs; run++) {
        qsort(changes + run * run_length, run_length, sizeof *changes, by_time_node_and_place);
    }
    for (uint32_t i = 0; i < count; i++) {
        changes[i].lanes = i;
    }
    memcpy(wanted, changes, count * sizeof *changes);
    qsort(wanted, count, sizeof *wanted, by_time_node_and_place);
    sim_order_changes(changes, scratch, count);
    for (uint32_t i = 0; i < count; i++) {
        cr_assert(changes[i].lanes == wanted[i].lanes,
                  "%u runs of %u: place %u holds change %" PRIu64 ", by comparison %" PRIu64, runs,
                  run_length, i, changes[i].lanes, wanted[i].lanes);
    }
    free(changes);
    free(scratch);
    free(wanted);
}

Test(engine, changes_of_many_blocks_are_merged_and_those_that_tie_keep_their_order)
{
    static const uint32_t run_counts[] = {1, 2, 3, 5, 8, 245};
    static const uint32_t run_lengths[] = {0, 1, 2, 77, 400};
    for (size_t i = 0; i < sizeof run_counts / sizeof *run_counts; i++) {
        for (size_t j = 0; j < sizeof run_lengths / sizeof *run_lengths; j++) {
            expect_merged(run_counts[i], run_lengths[j], 1 << 20, 10000);
            expect_merged(run_counts[i], run_lengths[j], 3, 4);
            expect_merged(run_counts[i], run_lengths[j], 1, 1);
        }
    }
}

// ---- The heap and the timers ----

static int events_in_total_order(const void *left, const void *right)
{
    const struct sim_heap_event *a = left;
    const struct sim_heap_event *b = right;
    const uint64_t x[] = {a->time_ns,  a->generation, a->target,
                          a->received, a->source,     a->sequence};
    const uint64_t y[] = {b->time_ns,  b->generation, b->target,
                          b->received, b->source,     b->sequence};
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) {
        if (x[i] != y[i]) {
            return x[i] < y[i] ? -1 : 1;
        }
    }
    return 0;
}

Test(engine, the_heap_gives_its_events_back_in_the_total_order)
{
    enum { COUNT = 5000 };
    static struct sim_heap_event wanted[COUNT];
    struct sim_heap heap = {0};
    for (uint32_t i = 0; i < COUNT; i++) {
        wanted[i] = (struct sim_heap_event){
            .time_ns = any(20),
            .generation = any(3),
            .target = any(5),
            .received = any(2),
            .source = any(4),
            .sequence = i,
        };
        sim_heap_push(&heap, &wanted[i]);
    }
    qsort(wanted, COUNT, sizeof *wanted, events_in_total_order);
    for (uint32_t i = 0; i < COUNT; i++) {
        cr_assert_eq(heap.count, COUNT - i);
        struct sim_heap_event event = sim_heap_pop(&heap);
        cr_assert(memcmp(&event, &wanted[i], sizeof event) == 0, "event %u is out of order", i);
    }
    sim_heap_finish(&heap);
}

Test(engine, sealed_timers_are_sorted_by_phase_and_node)
{
    struct sim_timers timers = {.period_ns = 50};
    for (uint32_t i = 0; i < 1000; i++) {
        sim_timers_add(&timers, any(50), i);
    }
    sim_timers_seal(&timers);
    cr_assert_eq(timers.count, 1000);
    for (uint32_t i = 1; i < timers.count; i++) {
        const struct sim_timer *a = &timers.timers[i - 1];
        const struct sim_timer *b = &timers.timers[i];
        cr_assert(a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->local < b->local),
                  "timer %u is out of order", i);
    }
    sim_timers_finish(&timers);
}
