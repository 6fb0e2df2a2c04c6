// SPDX-License-Identifier: GPL-3.0-or-later
// What the core alone costs where every agent reports: one edge of 2,000 agents that push and pull
// with 10 peers every 100 ms, each of which reports once a second.
//
//     every millisecond    2 reports, 20 ticks, what arrives: 1 to 10 ms after it was sent
//     when lanes are short the edge is swept, as the engine does                 (mesh/release.h)
//
// Two simulated seconds pass before the measured ones, so that lanes are given back as fast as they
// are taken. Usage: core_reports [MEASURED_MS [WORDS]], WORDS of 64 lanes for reports. The program
// prints ns per message; core_step.sh counts instructions.
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mesh/release.h"
#include "mesh/step.h"
#include "mesh/summary.h"

#define AGENTS 2000u
#define FANOUT 10u
#define UPDATE_LIMIT 100u
#define TICK_MS 100u
#define REPORT_MS 1000u
#define WARMUP_MS 2000u
#define TOTALS 8u  // shared updates that all hold
#define BATCH 32u
#define SLOTS 16u  // one a millisecond; more than a message is under way
#define SLOT_WORDS (1u << 20)
#define NS_PER_MS 1000000u

struct flight {
    uint32_t target;
    const struct mesh_message *message;
};

struct slot {
    uint64_t *messages;  // sent in this millisecond
    size_t used;
    struct flight *flights;  // that arrive in it
    uint32_t count;
    uint32_t capacity;
};

static void hash(void *context, const void *bytes, size_t count, uint64_t out[2])
{
    (void)context;
    uint64_t value = 14695981039346656037u;
    for (size_t i = 0; i < count; i++) {
        value = (value ^ ((const uint8_t *)bytes)[i]) * 1099511628211u;
    }
    out[0] = value;
    out[1] = ~value * 0x9E3779B97F4A7C15u;
}

static const struct mesh_scope scope = {
    .count = AGENTS,
    .fanout = FANOUT,
    .update_limit = UPDATE_LIMIT,
    .interval_ns = (uint64_t)TICK_MS * NS_PER_MS,
    .mode = MESH_PUSH_PULL,
    .schedule = MESH_PHASED,
};
static const struct mesh_config config = {
    .seed = 1, .scopes = &scope, .scope_count = 1, .signature_bytes = 64, .hash = hash};

static struct mesh_table shared;
static struct mesh_table local;
static struct mesh_table *locals[] = {&local};
static uint32_t released[AGENTS];
static struct mesh_states states;
static uint8_t *values;
static uint32_t numbers[AGENTS];
static struct slot slots[SLOTS];
static struct mesh_record records[8192];
static uint32_t targets[8192];
static struct mesh_news news[8192];
static struct mesh_event batch[BATCH];
static struct mesh_write writes[BATCH];
static uint32_t batch_count;
static struct mesh_output output = {
    .records = records,
    .record_capacity = sizeof records / sizeof *records,
    .targets = targets,
    .target_capacity = sizeof targets / sizeof *targets,
    .news = news,
    .news_capacity = sizeof news / sizeof *news,
};
static uint64_t now_ms;
static uint64_t sent_bytes;
static uint64_t message_words;
static uint64_t learnt;

static void *zeroed(size_t count, size_t bytes)
{
    void *memory = calloc(count, bytes);
    assert(memory != NULL);
    return memory;
}

// ---- Carrying out ----

static void fly(const struct mesh_message *message, uint32_t target)
{
    uint64_t draw = (message->source * UINT64_C(0x9E3779B97F4A7C15) + message->sequence +
                     target * UINT64_C(0x94D049BB133111EB)) *
                    UINT64_C(0xBF58476D1CE4E5B9);
    struct slot *slot = &slots[(now_ms + 1 + (draw >> 32) * 9 / (UINT64_C(1) << 32)) % SLOTS];
    if (slot->count == slot->capacity) {
        slot->capacity = slot->capacity == 0 ? 1024 : 2 * slot->capacity;
        slot->flights = realloc(slot->flights, slot->capacity * sizeof *slot->flights);
        assert(slot->flights != NULL);
    }
    slot->flights[slot->count++] = (struct flight){target, message};
    sent_bytes += message->wire_bytes;
}

static void carry_out(void)
{
    for (uint32_t i = 0; i < output.record_count; i++) {
        const struct mesh_record *record = &records[i];
        for (uint32_t j = 0; record->kind == MESH_RECORD_SEND && j < record->send.target_count;
             j++) {
            fly(record->send.message, targets[record->send.target_first + j]);
        }
        for (uint32_t j = 0; record->kind == MESH_RECORD_DELIVER && j < record->deliver.news_count;
             j++) {
            learnt += (uint32_t)__builtin_popcountll(news[record->deliver.news_first + j].lanes);
        }
    }
    output.record_count = 0;
    output.target_count = 0;
    output.news_count = 0;
}

static void step_batch(void)
{
    for (uint32_t done = 0; done < batch_count;) {
        uint32_t handled = mesh_step(&config, &states, batch + done, batch_count - done, &output);
        assert(handled > 0 && output.message_words < output.message_word_capacity);
        carry_out();
        done += handled;
    }
    batch_count = 0;
}

static struct mesh_event *next_event(uint32_t node, enum mesh_event_kind kind)
{
    if (batch_count == BATCH) {
        step_batch();
    }
    struct mesh_event *event = &batch[batch_count++];
    *event =
        (struct mesh_event){.time_ns = now_ms * NS_PER_MS, .node = node, .kind = (uint16_t)kind};
    return event;
}

// ---- Lanes ----

static void sweep(void)
{
    static uint64_t settled[UINT16_MAX];
    uint32_t words = shared.local_words;
    memset(settled, 0xff, words * sizeof *settled);
    mesh_release_settled(&config, &states, 0, words, settled);
    for (uint32_t i = 0; i < SLOTS; i++) {
        for (uint32_t j = 0; j < slots[i].count; j++) {
            mesh_release_under_way(slots[i].flights[j].message, 0, words, settled);
        }
    }
    mesh_release_lanes(&local, settled, words, NULL, NULL);
    mesh_release_forget(&states, 0, words, settled);
    for (uint32_t i = 0; i < SLOTS; i++) {
        for (uint32_t j = 0; j < slots[i].count; j++) {
            mesh_release_forget_in((struct mesh_message *)slots[i].flights[j].message, 0, words,
                                   settled);
        }
    }
}

static void report(uint32_t agent)
{
    if (mesh_table_room(&local) == 0) {
        step_batch();
        sweep();
        assert(mesh_table_room(&local) > 0);
    }
    struct mesh_event *event = next_event(agent, MESH_EVENT_WRITE);
    struct mesh_write *write = &writes[batch_count - 1];
    struct mesh_report said = {.executions = 2 + numbers[agent],
                               .active_tasks = agent % 2,
                               .completion_ppb = 880000000 + agent * 1000,
                               .latency_us = 30000 + agent};
    struct mesh_dot dot = {MESH_NODE_MAX + agent, ++numbers[agent]};
    uint32_t lane = mesh_table_reserve(&local, dot);
    uint8_t *value = values + (size_t)lane * MESH_REPORT_BYTES_MAX;
    *write = (struct mesh_write){.value = value,
                                 .lane = lane,
                                 .value_bytes = (uint16_t)mesh_report_encode(&said, value),
                                 .type = MESH_REPORT};
    event->write = write;
}

// ---- Time ----

static void begin_slot(void)
{
    struct slot *slot = &slots[now_ms % SLOTS];
    slots[(now_ms + SLOTS - 1) % SLOTS].used = output.message_words;
    output.messages = slot->messages;
    output.message_words = 0;
    output.message_word_capacity = SLOT_WORDS;
}

static uint64_t run_ms(void)
{
    begin_slot();
    struct slot *slot = &slots[now_ms % SLOTS];
    for (uint32_t agent = (uint32_t)(now_ms % REPORT_MS); agent < AGENTS; agent += REPORT_MS) {
        report(agent);
    }
    for (uint32_t agent = (uint32_t)(now_ms % TICK_MS); agent < AGENTS; agent += TICK_MS) {
        next_event(agent, MESH_EVENT_TICK)->tick = now_ms / TICK_MS;
    }
    for (uint32_t i = 0; i < slot->count; i++) {
        next_event(slot->flights[i].target, MESH_EVENT_RECEIVE)->message = slot->flights[i].message;
    }
    uint64_t messages = slot->count;
    step_batch();
    slot->count = 0;
    message_words += output.message_words;
    now_ms++;
    return messages;
}

static void set_up(uint32_t words)
{
    uint32_t lanes = 64 * words;
    uint32_t index_capacity = 128;
    while (index_capacity < 2 * lanes) {
        index_capacity *= 2;
    }
    mesh_table_init(&shared, zeroed(64, sizeof(struct mesh_update)), 64, NULL, 0, NULL);
    mesh_table_init(&local, zeroed(lanes, sizeof(struct mesh_update)), lanes,
                    zeroed(index_capacity, sizeof(uint32_t)), index_capacity, NULL);
    mesh_table_permit_release(&local, released, AGENTS);
    local.origin_first = MESH_NODE_MAX;
    mesh_table_keep_last(&local, zeroed(AGENTS, sizeof(struct mesh_update)),
                         zeroed(AGENTS, MESH_REPORT_BYTES_MAX), MESH_REPORT_BYTES_MAX, NULL);
    mesh_table_weigh(&local, zeroed(MESH_SIZE_PLANES * words, sizeof(uint64_t)));
    shared.locals = locals;
    shared.local_words = words;
    values = zeroed(lanes, MESH_REPORT_BYTES_MAX);
    size_t stride = mesh_replica_bytes(words + 1, mesh_planes(&config), words);
    states = (struct mesh_states){
        .replicas = zeroed(AGENTS, stride),
        .stride = stride,
        .node_count = AGENTS,
        .words = words + 1,
        .planes = mesh_planes(&config),
        .table = &shared,
    };
    for (uint32_t i = 0; i < SLOTS; i++) {
        slots[i].messages = zeroed(SLOT_WORDS, sizeof(uint64_t));
    }
    begin_slot();
    for (uint32_t i = 0; i < TOTALS; i++) {
        writes[i] = (struct mesh_write){.type = MESH_G_INCREMENT, .amount = 1};
        writes[i].lane = mesh_table_reserve(&shared, (struct mesh_dot){0, i + 1});
        next_event(0, MESH_EVENT_WRITE)->write = &writes[i];
    }
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// Not inline: callgrind counts what happens in it.
__attribute__((noinline)) static uint64_t measure(uint64_t end_ms)
{
    uint64_t messages = 0;
    while (now_ms < end_ms) {
        messages += run_ms();
    }
    return messages;
}

int main(int argc, char **argv)
{
    uint64_t measured_ms = argc > 1 ? strtoull(argv[1], NULL, 10) : 500;
    uint32_t words = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 48;
    set_up(words);
    while (now_ms < WARMUP_MS) {
        run_ms();
    }
    sent_bytes = 0;
    message_words = 0;
    learnt = 0;
    double start_s = now_s();
    uint64_t messages = measure(WARMUP_MS + measured_ms);
    double elapsed_s = now_s() - start_s;
    printf("core reports: %.0f ns per message in %u words (%llu messages of %llu bytes, in %llu "
           "bytes of memory, %.1f learnt)\n",
           1e9 * elapsed_s / (double)messages, words, (unsigned long long)messages,
           (unsigned long long)(sent_bytes / (messages > 0 ? messages : 1)),
           (unsigned long long)(8 * message_words / (messages > 0 ? messages : 1)),
           (double)learnt / (double)messages);
    return 0;
}
