// SPDX-License-Identifier: GPL-3.0-or-later
// The memory of messages under way: nothing under way is ever overwritten, and what the counters
// call bytes is what the codec writes. Both look at every message in flight after every window,
// which is every message that is not lost, since none arrives in the window that sent it.
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "mesh/wire.h"

#define CONSTANT(ns)             \
    {                            \
        SIM_CONSTANT, (ns), (ns) \
    }
#define UNIFORM(minimum_ns, maximum_ns)         \
    {                                           \
        SIM_UNIFORM, (minimum_ns), (maximum_ns) \
    }

// ---- Reuse ----

#define POISON_BYTE 0xA5
#define POISON UINT64_C(0xA5A5A5A5A5A5A5A5)

// Overwrites all chunks that are free: were one of them still needed, what its messages say and
// with it the fingerprint would change.
static void poison_free_chunks(void *context, struct sim_engine *engine, uint64_t time_ns)
{
    (void)time_ns;
    uint64_t *poisoned = context;
    const struct sim_messages *messages = &engine->workers[0]->messages;
    for (uint32_t chunk = messages->free_first; chunk != 0; chunk = messages->shared->next[chunk]) {
        if (messages->chunks[chunk][0] != POISON) {
            memset(messages->chunks[chunk], POISON_BYTE, sizeof(uint64_t) << messages->chunk_shift);
            ++*poisoned;
        }
    }
}

// Bursts, so that what they took is free long before the end.
static const struct shape reused[] = {
    {"short and long latencies", .nodes = 1000, .mode = MESH_EAGER, .fanout = 5,
     .interval_ns = 10 * MS, .latency = UNIFORM(1 * MS, 40 * MS), .writes = 70, .loss_percent = 5,
     .duplicate_percent = 5, .until_ns = 300 * MS, .seed = 11},
    {"beyond the ring", .nodes = 400, .mode = MESH_EAGER, .fanout = 5, .interval_ns = 10 * MS,
     .latency = UNIFORM(5 * US, 40 * MS), .writes = 70, .until_ns = 100 * MS, .seed = 12},
    {"constant latency of many windows", .nodes = 400, .mode = MESH_EAGER, .fanout = 5,
     .latency = CONSTANT(1 * MS), .between_hosts = CONSTANT(37 * MS), .hosts = 2, .writes = 70,
     .until_ns = 300 * MS, .seed = 13},
};

Test(engine, no_message_under_way_is_overwritten)
{
    for (size_t i = 0; i < sizeof reused / sizeof *reused; i++) {
        for (enum sim_queue queue = SIM_QUEUE_WINDOWS; queue <= SIM_QUEUE_HEAP; queue++) {
            struct world world;
            struct outcome plain;
            struct outcome poisoned;
            uint64_t chunks = 0;
            world_build(&world, &reused[i]);
            world_run(&world, queue, &plain);
            world.watch = poison_free_chunks;
            world.watch_context = &chunks;
            world_run(&world, queue, &poisoned);
            cr_expect(chunks > 10, "%s: %" PRIu64 " chunks came free: that shows little",
                      reused[i].name, chunks);
            cr_expect(plain.fingerprint == poisoned.fingerprint &&
                          plain.replicas_hash == poisoned.replicas_hash,
                      "%s, queue %u: memory that was given back was still in use", reused[i].name,
                      queue);
            outcome_finish(&plain);
            outcome_finish(&poisoned);
            world_finish(&world);
        }
    }
}

// ---- Bytes ----

struct weighed {
    const struct world *world;
    uint64_t window_start_ns;
    uint64_t bytes[MESH_MESSAGE_KIND_COUNT];
    uint64_t updates[MESH_MESSAGE_KIND_COUNT];
    uint64_t messages;
    uint64_t wrong;
    uint32_t updates_most;
};

static void weigh(struct weighed *weighed, const struct sim_engine *engine,
                  const struct mesh_message *message)
{
    static uint8_t bytes[1 << 17];
    size_t size = mesh_wire_encode(&weighed->world->mesh, sim_engine_table(engine), message, bytes,
                                   sizeof bytes);
    if (size == 0 || size != message->wire_bytes) {
        cr_log_error("a %s of node %u: %zu bytes encoded, wire_bytes %u", kind_names[message->kind],
                     message->source, size, message->wire_bytes);
        weighed->wrong++;
    }
    uint32_t updates = 0;
    struct mesh_lanes carried = mesh_message_updates(message);
    for (uint32_t i = 0; i < carried.words; i++) {
        updates += (uint32_t)__builtin_popcountll(carried.lanes[i]);
    }
    weighed->wrong += updates != message->update_count;
    weighed->messages++;
    weighed->bytes[message->kind] += size;
    weighed->updates[message->kind] += updates;
    weighed->updates_most = updates > weighed->updates_most ? updates : weighed->updates_most;
}

// The copies that the window just over has sent.
static void weigh_sent(void *context, struct sim_engine *engine, uint64_t time_ns)
{
    struct weighed *weighed = context;
    const struct sim_heap *heap = &engine->workers[0]->heap;
    for (uint32_t i = 0; i < heap->count; i++) {
        if (heap->events[i].received) {
            const struct mesh_message *message = sim_messages_at(
                &engine->workers[0]->messages, sim_event_reference(heap->events[i].reference));
            if (message->sent_ns >= weighed->window_start_ns) {
                weigh(weighed, engine, message);
            }
        }
    }
    weighed->window_start_ns = time_ns;
}

static const struct shape weighty[] = {
    {"push", .nodes = 30, .latency = UNIFORM(1 * MS, 9 * MS), .writes = 130,
     .write_every_ns = 2 * MS, .seed = 21},
    {"push-pull", .nodes = 30, .mode = MESH_PUSH_PULL, .latency = UNIFORM(1 * MS, 60 * MS),
     .writes = 130, .write_every_ns = 2 * MS, .seed = 22},
    {"push-pull, 3 updates at most", .nodes = 30, .mode = MESH_PUSH_PULL, .update_limit = 3,
     .latency = UNIFORM(1 * MS, 60 * MS), .writes = 130, .write_every_ns = 2 * MS, .seed = 23},
    {"eager, one writer", .nodes = 30, .mode = MESH_EAGER, .one_writer = true,
     .latency = UNIFORM(1 * MS, 60 * MS), .writes = 200, .write_every_ns = 1 * MS, .seed = 24},
};

static void expect_weight(const struct shape *shape)
{
    struct world world;
    struct outcome outcome;
    world_build(&world, shape);
    struct weighed weighed = {.world = &world};
    world.watch = weigh_sent;
    world.watch_context = &weighed;
    world_run(&world, SIM_QUEUE_HEAP, &outcome);
    cr_expect(weighed.wrong == 0, "%s: %" PRIu64 " messages are not as large as they say",
              shape->name, weighed.wrong);
    cr_expect(weighed.messages > 300, "%s: only %" PRIu64 " messages", shape->name,
              weighed.messages);
    cr_expect(shape->update_limit == 0 || weighed.updates_most == shape->update_limit,
              "%s: a message carries %u updates", shape->name, weighed.updates_most);
    for (uint32_t kind = 1; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        struct sim_counters sum = outcome_sum(&outcome, (enum mesh_message_kind)kind);
        cr_expect(sum.bytes == weighed.bytes[kind] && sum.updates == weighed.updates[kind],
                  "%s: %s: %" PRIu64 " bytes and %" PRIu64 " updates counted, %" PRIu64
                  " and %" PRIu64 " encoded",
                  shape->name, kind_names[kind], sum.bytes, sum.updates, weighed.bytes[kind],
                  weighed.updates[kind]);
        // 28 bytes of IP and UDP for every 1472 begun: no message here is larger.
        cr_expect(sum.transport_bytes >= 28 * sum.messages, "%s: %s", shape->name,
                  kind_names[kind]);
    }
    outcome_finish(&outcome);
    world_finish(&world);
}

Test(engine, bytes_on_the_simulated_wire_are_the_bytes_encoded)
{
    for (size_t i = 0; i < sizeof weighty / sizeof *weighty; i++) {
        expect_weight(&weighty[i]);
    }
}
