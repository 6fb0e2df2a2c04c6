// SPDX-License-Identifier: GPL-3.0-or-later
// What the core alone costs: push-pull messages among 256 agents of 64 bytes, all in cache.
//
//     tick     every agent opens an exchange with 10 peers                    1 event, 10 messages
//     receive  OPEN at an agent that holds the same: the digests agree        1 event per message
//
// Three updates are held by all. Rounds of all ticks and all receipts are stepped in batches of 64,
// as the engine does; messages arrive at once. Usage: core_step [MESSAGES]. The program prints ns
// per message; core_step.sh counts instructions, which do not depend on the machine's mood.
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mesh/step.h"

#define AGENTS 256u
#define FANOUT 10u
#define BATCH 64u
#define MESSAGE_WORDS (AGENTS * 16u)

static void hash(void *context, const void *bytes, size_t count, uint64_t out[2])
{
    (void)context;
    uint64_t value = 14695981039346656037u;
    for (size_t i = 0; i < count; i++) {
        value = (value ^ ((const uint8_t *)bytes)[i]) * 1099511628211u;
    }
    out[0] = value;
    out[1] = ~value;
}

static const struct mesh_scope scope = {
    .count = AGENTS,
    .fanout = FANOUT,
    .update_limit = 100,
    .interval_ns = 100000000,
    .mode = MESH_PUSH_PULL,
    .schedule = MESH_PHASED,
};
static const struct mesh_config config = {
    .seed = 1, .scopes = &scope, .scope_count = 1, .hash = hash};

static uint64_t replicas[AGENTS][8] __attribute__((aligned(64)));
static struct mesh_update updates[64];
static struct mesh_table table;
static struct mesh_states states;
static struct mesh_record records[4 * AGENTS];
static uint32_t targets[AGENTS * (FANOUT + 1)];
static struct mesh_news news[BATCH];
static uint64_t messages[MESSAGE_WORDS] __attribute__((aligned(64)));
static struct mesh_event events[AGENTS * FANOUT];
static struct mesh_output output = {
    .records = records,
    .record_capacity = sizeof records / sizeof *records,
    .targets = targets,
    .target_capacity = sizeof targets / sizeof *targets,
    .news = news,
    .news_capacity = sizeof news / sizeof *news,
    .messages = messages,
    .message_word_capacity = MESSAGE_WORDS,
};

static void step_all(uint32_t count)
{
    for (uint32_t first = 0; first < count; first += BATCH) {
        uint32_t batch = count - first < BATCH ? count - first : BATCH;
        uint32_t handled = mesh_step(&config, &states, events + first, batch, &output);
        assert(handled == batch);
    }
}

// All agents hold the same three updates, learnt long ago.
static void set_up(void)
{
    memset(replicas, 0, sizeof replicas);
    mesh_table_init(&table, updates, 64, NULL, 0, NULL);
    states = (struct mesh_states){
        .replicas = replicas,
        .stride = sizeof replicas[0],
        .node_count = AGENTS,
        .words = 1,
        .planes = mesh_planes(&config),
        .table = &table,
    };
    assert(mesh_replica_bytes(1, states.planes, 0) == sizeof replicas[0]);
    for (uint32_t i = 0; i < 3; i++) {
        struct mesh_write write = {.type = MESH_G_INCREMENT, .amount = 1};
        write.lane = mesh_table_reserve(&table, (struct mesh_dot){0, i + 1});
        events[0] = (struct mesh_event){.kind = MESH_EVENT_WRITE, .write = &write};
        step_all(1);
        output.news_count = 0;
    }
    struct mesh_replica *first = mesh_replica_of(&states, 0);
    memset(&first->planes[MESH_RECENT_0], 0, 3 * sizeof first->planes[0]);
    for (uint32_t node = 1; node < AGENTS; node++) {
        memcpy(replicas[node], replicas[0], sizeof replicas[0]);
    }
    output.record_count = 0;
}

// One round: all ticks, then all receipts. Returns the messages handled.
static uint32_t round_of_all(uint64_t tick)
{
    for (uint32_t node = 0; node < AGENTS; node++) {
        events[node] = (struct mesh_event){
            .time_ns = tick * scope.interval_ns,
            .node = node,
            .kind = MESH_EVENT_TICK,
            .tick = tick,
        };
    }
    step_all(AGENTS);
    uint32_t count = 0;
    for (uint32_t i = 0; i < output.record_count; i++) {
        for (uint32_t j = 0; j < records[i].send.target_count; j++) {
            events[count++] = (struct mesh_event){
                .time_ns = tick * scope.interval_ns,
                .node = targets[records[i].send.target_first + j],
                .kind = MESH_EVENT_RECEIVE,
                .message = records[i].send.message,
            };
        }
    }
    output.record_count = 0;
    output.target_count = 0;
    output.news_count = 0;
    step_all(count);
    assert(output.record_count == 0);  // equal replicas: nothing to answer
    output.message_words = 0;
    return count;
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(int argc, char **argv)
{
    uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000000;
    set_up();
    double start_s = now_s();
    uint64_t handled = 0;
    for (uint64_t tick = 1; handled < wanted; tick++) {
        handled += round_of_all(tick);
    }
    double elapsed_s = now_s() - start_s;
    printf("core step: %.1f ns per push-pull message, a tenth of a tick included (%llu messages)\n",
           1e9 * elapsed_s / (double)handled, (unsigned long long)handled);
    return 0;
}
