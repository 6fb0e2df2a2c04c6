// SPDX-License-Identifier: GPL-3.0-or-later
// Edges of so many agents that a window of a block that runs ahead is of many batches
// (sim/engine/ahead.c): most end because a node comes twice, some because they are full.
//
//     scopes 0, 1  edges of 150 agents    2  aggregator    3  coordinators    4  its links
//     hosts        0: all agents          1: aggregator    2: coordinators
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "fixture.h"

enum {
    EDGES = 2,
    AGENTS_PER_EDGE = 150,
    AGENTS = EDGES * AGENTS_PER_EDGE,
    AGGREGATOR = AGENTS,
    COORDINATORS = 2,
    NODES = AGENTS + 1 + COORDINATORS,
    RELAYS = 2,
    HOSTS = 3,
    SCOPES = EDGES + 3
};

// What is different from case to case.
struct crowd_shape {
    const char *name;
    uint32_t update_limit;
    uint32_t loss_percent;
    struct sim_latency inside;  // of an edge
    uint64_t warmup_ns;
    uint32_t local_lanes;
    uint32_t absent;  // of the coordinators
};

// What was told of an edge, in the order in which it was: what agents heard, or relays' rows.
struct crowd_seen {
    uint64_t digest;
    uint64_t count;
    uint64_t last_ns;
    uint32_t last_node;
    uint32_t disordered;  // earlier than what was told before
};

enum { HEARD, MADE, STREAMS };

struct crowd {
    struct mesh_scope scopes[SCOPES];
    uint32_t relays[EDGES * RELAYS];
    uint32_t callees[1 + COORDINATORS];
    struct mesh_tiers tiers;
    struct mesh_config mesh;
    struct sim_network network;
    uint32_t host_of[NODES];
    struct sim_host hosts[HOSTS];
    struct sim_write writes[20];
    struct crowd_seen seen[EDGES][STREAMS];
    uint64_t told[AGENTS];  // of what each agent has heard so far
    struct sim_engine *engine;
};

static void hash(void *context, const void *bytes, size_t count, uint64_t out[2])
{
    (void)context;
    XXH128_hash_t value = XXH3_128bits(bytes, count);
    out[0] = value.low64;
    out[1] = value.high64;
}

static uint64_t first_ns(void *context, uint32_t agent)
{
    (void)context;
    return (agent % 70) * MS;
}

// Of sizes that differ.
static struct mesh_report compose(void *context, uint32_t agent, uint32_t number)
{
    (void)context;
    return (struct mesh_report){.executions = UINT64_C(1) << (7 * number + agent) % 40,
                                .active_tasks = agent,
                                .completion_ppb = 900000000 + agent,
                                .latency_us = 1000 * number};
}

static void observe(struct crowd_seen *seen, uint64_t time_ns, uint32_t node, uint64_t what)
{
    seen->disordered +=
        time_ns < seen->last_ns || (time_ns == seen->last_ns && node < seen->last_node);
    seen->last_ns = time_ns;
    seen->last_node = node;
    uint64_t said[] = {seen->digest, time_ns, node, what};
    seen->digest = XXH3_64bits(said, sizeof said);
}

// Which lanes reports have differs from queue to queue.
static void observe_heard(void *context, const struct sim_heard *heard)
{
    struct crowd *crowd = context;
    struct crowd_seen *seen = &crowd->seen[heard->edge][HEARD];
    uint64_t what = heard->wrote;
    for (uint32_t i = 0; i < heard->news_count; i++) {
        for (uint64_t left = heard->news[i].lanes; left != 0; left &= left - 1) {
            uint32_t lane = 64 * heard->news[i].word + (uint32_t)__builtin_ctzll(left);
            struct mesh_dot dot = heard->reports->updates[lane].dot;
            what += XXH3_64bits(&dot, sizeof dot);
            seen->count++;
        }
    }
    crowd->told[heard->node] += what;
    observe(seen, heard->time_ns, heard->node, what);
}

// A row is made of what its relay had heard.
static void observe_made(void *context, const struct sim_note *row)
{
    struct crowd *crowd = context;
    struct crowd_seen *seen = &crowd->seen[row->number][MADE];
    seen->count++;
    observe(seen, row->time_ns, row->node, crowd->told[row->node]);
}

static void init_scopes(struct crowd *crowd, const struct crowd_shape *shape)
{
    for (uint32_t i = 0; i < SCOPES; i++) {
        crowd->scopes[i] = (struct mesh_scope){.first = i * AGENTS_PER_EDGE,
                                               .count = AGENTS_PER_EDGE,
                                               .fanout = 2,
                                               .update_limit = shape->update_limit,
                                               .interval_ns = 20 * MS,
                                               .mode = MESH_PUSH_PULL};
    }
    for (uint32_t i = 0; i < EDGES * RELAYS; i++) {
        crowd->relays[i] = i / RELAYS * AGENTS_PER_EDGE + i % RELAYS;
    }
    for (uint32_t i = 0; i < 1 + COORDINATORS; i++) {
        crowd->callees[i] = AGGREGATOR + i;
    }
    struct mesh_scope *above = &crowd->scopes[EDGES];
    above[0].first = AGGREGATOR;
    above[0].count = 1;
    above[0].callees = crowd->callees + 1;
    above[0].callee_count = COORDINATORS - shape->absent;
    above[1].first = AGGREGATOR + 1;
    above[1].count = COORDINATORS - shape->absent;
    above[2].members = crowd->relays;
    above[2].count = EDGES * RELAYS;
    above[2].callees = crowd->callees;
    above[2].callee_count = 1;
}

static void init_network(struct crowd *crowd, const struct crowd_shape *shape)
{
    struct sim_network_settings settings = {.loss_ppb = shape->loss_percent * (SIM_PPB / 100),
                                            .transport = SIM_UDP};
    for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
        settings.latency[pair] = (struct sim_latency){SIM_UNIFORM, 8 * MS, 30 * MS};
    }
    settings.latency[SIM_SAME_HOST] = shape->inside;
    for (uint32_t node = AGENTS; node < NODES; node++) {
        crowd->host_of[node] = node == AGGREGATOR ? 1 : 2;
        crowd->hosts[crowd->host_of[node]].tier =
            node == AGGREGATOR ? SIM_TIER_AGGREGATOR : SIM_TIER_COORDINATOR;
    }
    sim_network_init(&crowd->network, &settings, 5, crowd->host_of, NODES, crowd->hosts);
}

static void crowd_init(struct crowd *crowd, const struct crowd_shape *shape)
{
    memset(crowd, 0, sizeof *crowd);
    init_scopes(crowd, shape);
    init_network(crowd, shape);
    crowd->tiers = (struct mesh_tiers){{EDGES, 1}, EDGES};
    crowd->mesh = (struct mesh_config){.seed = 11,
                                       .scopes = crowd->scopes,
                                       .scope_count = SCOPES,
                                       .tiers = &crowd->tiers,
                                       .hash = hash};
    for (uint32_t i = 0; i < sizeof crowd->writes / sizeof *crowd->writes; i++) {
        uint32_t node = 13 * i;
        crowd->writes[i] = (struct sim_write){
            .time_ns = (i + 1) * 10 * MS,
            .node = node,
            .scope = (uint16_t)(node / AGENTS_PER_EDGE),
            .write = {.type = MESH_G_INCREMENT, .key = i, .amount = 1},
        };
    }
}

static void crowd_run(struct crowd *crowd, const struct crowd_shape *shape, enum sim_queue queue,
                      uint32_t threads, uint32_t block_nodes, uint64_t until_ns)
{
    crowd_init(crowd, shape);
    struct sim_engine_config config = {
        .mesh = &crowd->mesh,
        .network = &crowd->network,
        .node_count = NODES - shape->absent,
        .writes = crowd->writes,
        .write_count = sizeof crowd->writes / sizeof *crowd->writes,
        .reporting = {.every_ns = 70 * MS,
                      .until_ns = until_ns,
                      .local_lanes = shape->local_lanes,
                      .local_lanes_max = 8192,
                      .agents_per_edge_max = AGENTS_PER_EDGE,
                      .first_ns = first_ns,
                      .compose = compose},
        .observer = {.context = crowd, .heard = observe_heard, .made = observe_made},
        .queue = queue,
        .warmup_ns = shape->warmup_ns,
        .block_nodes = block_nodes,
        .threads = threads,
        .hosts = true,
    };
    struct sim_error error = {0};
    cr_assert(sim_engine_create(&config, &crowd->engine, &error), "%s", error.text);
    sim_engine_run(crowd->engine, until_ns);
    cr_expect_null(sim_engine_failure(crowd->engine));
}

static void expect_same_hosts(const struct crowd_shape *shape, const struct crowd *heap,
                              const struct crowd *windows)
{
    for (uint32_t host = 0; host < HOSTS; host++) {
        uint64_t counted_ns[2];
        const struct sim_host_use *a = sim_engine_host(heap->engine, host, &counted_ns[0]);
        const struct sim_host_use *b = sim_engine_host(windows->engine, host, &counted_ns[1]);
        cr_expect_eq(counted_ns[0], counted_ns[1], "%s", shape->name);
        cr_expect(memcmp(a, b, sizeof *a) == 0, "%s: host %u did other work", shape->name, host);
    }
}

static void expect_same_replicas(const struct crowd_shape *shape, const struct crowd *heap,
                                 const struct crowd *windows)
{
    for (uint32_t node = 0; node < NODES - shape->absent; node++) {
        cr_assert(memcmp(sim_engine_replica(heap->engine, node),
                         sim_engine_replica(windows->engine, node),
                         sizeof(struct mesh_replica)) == 0,
                  "%s: node %u", shape->name, node);
    }
}

static void expect_told_the_same(const struct crowd_shape *shape, const struct crowd *heap,
                                 const struct crowd *windows)
{
    for (uint32_t i = 0; i < EDGES * STREAMS; i++) {
        const struct crowd_seen *a = &heap->seen[i / STREAMS][i % STREAMS];
        const struct crowd_seen *b = &windows->seen[i / STREAMS][i % STREAMS];
        const char *what = i % STREAMS == HEARD ? "reports" : "rows";
        cr_expect(a->count > (i % STREAMS == HEARD ? 10000 : 10), "%s: %lu %s", shape->name,
                  a->count, what);
        cr_expect_eq(a->count, b->count, "%s: %s", shape->name, what);
        cr_expect(a->disordered == 0 && b->disordered == 0, "%s: %u and %u %s out of order",
                  shape->name, a->disordered, b->disordered, what);
        cr_expect_eq(a->digest, b->digest, "%s: other %s", shape->name, what);
    }
}

static void expect_same(const struct crowd_shape *shape, const struct crowd *heap,
                        const struct crowd *windows)
{
    uint64_t under_way[2][MESH_MESSAGE_KIND_COUNT];
    cr_expect_eq(sim_engine_fingerprint(heap->engine), sim_engine_fingerprint(windows->engine),
                 "%s", shape->name);
    cr_expect_eq(sim_engine_events(heap->engine), sim_engine_events(windows->engine), "%s",
                 shape->name);
    sim_engine_in_flight(heap->engine, under_way[0]);
    sim_engine_in_flight(windows->engine, under_way[1]);
    for (uint32_t kind = 1; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        cr_expect_eq(under_way[0][kind], under_way[1][kind], "%s: %s", shape->name,
                     kind_names[kind]);
        for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
            cr_expect(memcmp(sim_engine_counters(heap->engine, kind, pair),
                             sim_engine_counters(windows->engine, kind, pair),
                             sizeof(struct sim_counters)) == 0,
                      "%s: %s", shape->name, kind_names[kind]);
        }
    }
    expect_told_the_same(shape, heap, windows);
    expect_same_hosts(shape, heap, windows);
    expect_same_replicas(shape, heap, windows);
}

// Whether answers are sent beyond the ring.
static bool sends_far(const struct crowd_shape *shape, const struct sim_engine *engine)
{
    return shape->inside.maximum_ns > (engine->ahead_most + 1) * engine->window_ns &&
           engine->workers[0]->ring.far_capacity > 0;
}

// Every piece is free, or in it lies a message that is under way: nothing lost keeps one.
static void expect_pieces(const struct crowd_shape *shape, const struct crowd *crowd)
{
    const struct sim_engine *engine = crowd->engine;
    const struct sim_chunks *chunks = &engine->chunks;
    uint64_t cut = 0;
    uint64_t free_count = 0;
    uint64_t under_way[MESH_MESSAGE_KIND_COUNT];
    for (uint32_t chunk = 1; chunk < chunks->count; chunk++) {
        uint32_t sets = chunks->piece_sets[chunk];
        cut += sets == 0 ? 0 : (1u << chunks->shift) / chunks->piece_words[sets - 1];
    }
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        for (uint32_t set = 0; set < MESH_SETS_MAX; set++) {
            free_count += engine->workers[i]->messages.pieces[set].count;
        }
    }
    sim_engine_in_flight(engine, under_way);
    uint64_t answers = under_way[MESH_MESSAGE_ANSWER] + under_way[MESH_MESSAGE_VECTOR] +
                       under_way[MESH_MESSAGE_FILL] + under_way[MESH_MESSAGE_REST];
    cr_expect_gt(cut, 100, "%s: %lu pieces", shape->name, cut);
    cr_expect(free_count <= cut && (cut - free_count <= answers || shape->warmup_ns > 0),
              "%s: of %lu pieces %lu are free, and %lu answers under way", shape->name, cut,
              free_count, answers);
}

#define CONSTANT(ns)             \
    {                            \
        SIM_CONSTANT, (ns), (ns) \
    }
#define UNIFORM(minimum_ns, maximum_ns)         \
    {                                           \
        SIM_UNIFORM, (minimum_ns), (maximum_ns) \
    }

static const struct crowd_shape shapes[] = {
    {"all at once", 1000, 0, CONSTANT(MS), 0, 1024, 0},
    {"messages are cut", 20, 3, UNIFORM(MS, 4 * MS), 0, 1024, 0},
    {"half is lost", 1000, 50, UNIFORM(MS, 4 * MS), 0, 8192, 0},
    {"traffic before the warm-up is not counted", 40, 5, CONSTANT(MS), 210 * MS + 4321, 1024, 0},
    {"a warm-up that ends with a window", 1000, 10, UNIFORM(MS, 3 * MS), 150 * MS, 1024, 0},
    {"tables grow", 1000, 30, CONSTANT(MS), 100 * MS, 64, 0},
    {"answers go beyond the ring", 1000, 5, UNIFORM(10 * US, 120 * MS), 0, 8192, 0},
    {"a coordinator that is alone calls nobody", 1000, 5, CONSTANT(MS), 0, 1024, 1},
};

enum { SHAPES = sizeof shapes / sizeof *shapes };

Test(ahead, batches_of_different_nodes_give_what_one_event_after_the_other_gives)
{
    static struct crowd heap;
    static struct crowd windows;
    static const uint32_t block_nodes[] = {0, AGENTS_PER_EDGE, AGENTS_PER_EDGE};
    for (uint32_t i = 0; i < SHAPES; i++) {
        crowd_run(&heap, &shapes[i], SIM_QUEUE_HEAP, 1, 0, 400 * MS);
        for (uint32_t threads = 1; threads <= 3; threads++) {
            crowd_run(&windows, &shapes[i], SIM_QUEUE_WINDOWS, threads, block_nodes[threads - 1],
                      400 * MS);
            cr_expect(windows.engine->recycles, "%s: no block runs ahead", shapes[i].name);
            expect_same(&shapes[i], &heap, &windows);
            expect_pieces(&shapes[i], &windows);
            cr_expect_eq(sends_far(&shapes[i], windows.engine),
                         shapes[i].inside.maximum_ns > 100 * MS, "%s", shapes[i].name);
            sim_engine_destroy(windows.engine);
        }
        bool most_arrive = shapes[i].loss_percent <= 10;
        cr_expect(sim_engine_events(heap.engine) > UINT64_C(400) * SIM_AHEAD_EVENTS || !most_arrive,
                  "%s: a window has no batch that is full", shapes[i].name);
        sim_engine_destroy(heap.engine);
    }
}
