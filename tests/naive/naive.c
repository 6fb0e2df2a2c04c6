// SPDX-License-Identifier: GPL-3.0-or-later
#include "naive.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct message {
    enum naive_kind kind;
    int source;
    bool carried[NAIVE_UPDATES_MAX];  // updates in it
    bool held[NAIVE_UPDATES_MAX];     // what its sender held: stands for a digest or a vector
};

enum event_kind { EVENT_WRITE, EVENT_TICK, EVENT_MESSAGE };

struct event {
    double time_ms;
    uint64_t sequence;  // of two events at one time, the one scheduled first comes first
    enum event_kind kind;
    int node;
    int update;              // EVENT_WRITE
    struct message message;  // EVENT_MESSAGE
};

struct node {
    double phase_ms;
    int ticks;  // fired so far
    bool holds[NAIVE_UPDATES_MAX];
    int learnt_in[NAIVE_UPDATES_MAX];  // `ticks` when it learnt the update
};

struct world {
    const struct naive_config *config;
    struct naive_result *result;
    uint64_t random;
    double now_ms;
    struct node *nodes;
    double written_ms[NAIVE_UPDATES_MAX];
    int complete;  // updates that every node holds
    struct event *heap;
    int heap_count;
    int heap_capacity;
    uint64_t scheduled;
};

// ---- Randomness: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) ----

static uint64_t random_bits(struct world *world)
{
    uint64_t bits = world->random += 0x9E3779B97F4A7C15u;
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
    return bits ^ (bits >> 31);
}

// Uniform in [0, 1).
static double random_unit(struct world *world)
{
    return (double)(random_bits(world) >> 11) * 0x1p-53;
}

static double random_between(struct world *world, double minimum, double maximum)
{
    return minimum + (maximum - minimum) * random_unit(world);
}

static int random_below(struct world *world, int bound)
{
    return (int)(random_unit(world) * bound);
}

// ---- The queue: a binary heap, the earliest event on top ----

static bool earlier(const struct event *a, const struct event *b)
{
    return a->time_ms != b->time_ms ? a->time_ms < b->time_ms : a->sequence < b->sequence;
}

static void schedule(struct world *world, struct event event)
{
    if (world->heap_count == world->heap_capacity) {
        world->heap_capacity = world->heap_capacity * 2 + 64;
        world->heap = realloc(world->heap, (size_t)world->heap_capacity * sizeof *world->heap);
        assert(world->heap);
    }
    event.sequence = world->scheduled++;
    int hole = world->heap_count++;
    while (hole > 0 && earlier(&event, &world->heap[(hole - 1) / 2])) {
        world->heap[hole] = world->heap[(hole - 1) / 2];
        hole = (hole - 1) / 2;
    }
    world->heap[hole] = event;
}

static struct event next_event(struct world *world)
{
    struct event top = world->heap[0];
    struct event last = world->heap[--world->heap_count];
    int hole = 0;
    for (;;) {
        int child = 2 * hole + 1;
        if (child >= world->heap_count) {
            break;
        }
        if (child + 1 < world->heap_count &&
            earlier(&world->heap[child + 1], &world->heap[child])) {
            child++;
        }
        if (!earlier(&world->heap[child], &last)) {
            break;
        }
        world->heap[hole] = world->heap[child];
        hole = child;
    }
    world->heap[hole] = last;
    return top;
}

// ---- Sets of updates ----

static bool is_equal(const bool *a, const bool *b)
{
    return memcmp(a, b, NAIVE_UPDATES_MAX) == 0;
}

static bool is_empty(const bool *set)
{
    static const bool empty[NAIVE_UPDATES_MAX];
    return is_equal(set, empty);
}

// What is in `a` and not in `b`.
static void subtract(bool *difference, const bool *a, const bool *b)
{
    for (int u = 0; u < NAIVE_UPDATES_MAX; u++) {
        difference[u] = a[u] && !b[u];
    }
}

// Learnt in the tick interval under way or in the two before it. At tick k itself, which is handled
// before it counts, that is everything since tick k - 3.
static void recent_updates(const struct node *node, bool *recent)
{
    for (int u = 0; u < NAIVE_UPDATES_MAX; u++) {
        recent[u] = node->holds[u] && node->ticks - node->learnt_in[u] <= 2;
    }
}

// ---- Sending ----

static void arrive_later(struct world *world, int target, const struct message *message)
{
    const struct naive_config *config = world->config;
    double latency_ms = random_between(world, config->latency_min_ms, config->latency_max_ms);
    schedule(world, (struct event){.time_ms = world->now_ms + latency_ms,
                                   .kind = EVENT_MESSAGE,
                                   .node = target,
                                   .message = *message});
}

// `carried` NULL: no updates. `held` NULL: neither digest nor vector.
static void send(struct world *world, enum naive_kind kind, int source, int target,
                 const bool *carried, const bool *held)
{
    struct message message = {.kind = kind, .source = source};
    if (carried) {
        memcpy(message.carried, carried, sizeof message.carried);
    }
    if (held) {
        memcpy(message.held, held, sizeof message.held);
    }
    world->result->messages[kind]++;
    for (int u = 0; u < NAIVE_UPDATES_MAX; u++) {
        world->result->updates_sent[kind] += message.carried[u];
    }
    const struct naive_config *config = world->config;
    if (world->now_ms < config->deaf_until_ms || random_unit(world) < config->loss) {
        return;
    }
    arrive_later(world, target, &message);
    if (random_unit(world) < config->duplication) {
        arrive_later(world, target, &message);
    }
}

// Fills `peers` with distinct others and returns how many: draws until enough differ.
static int draw_peers(struct world *world, int self, int *peers)
{
    int agents = world->config->agents;
    int wanted = world->config->fanout < agents - 1 ? world->config->fanout : agents - 1;
    int count = 0;
    while (count < wanted) {
        int peer = random_below(world, agents);
        bool taken = peer == self;
        for (int i = 0; i < count; i++) {
            taken = taken || peers[i] == peer;
        }
        if (!taken) {
            peers[count++] = peer;
        }
    }
    return count;
}

static void send_to_peers(struct world *world, enum naive_kind kind, int source,
                          const bool *carried, const bool *held)
{
    int *peers = malloc((size_t)world->config->agents * sizeof *peers);
    assert(peers);
    int count = draw_peers(world, source, peers);
    for (int i = 0; i < count; i++) {
        send(world, kind, source, peers[i], carried, held);
    }
    free(peers);
}

// ---- What nodes do ----

static void count_holder(struct world *world, int update)
{
    struct naive_result *result = world->result;
    int agents = world->config->agents;
    int enough = (agents * world->config->theta_percent + 99) / 100;
    double elapsed_ms = world->now_ms - world->written_ms[update];
    result->held[update]++;
    if (result->held[update] == enough) {
        result->theta_ms[update] = elapsed_ms;
    }
    if (result->held[update] == agents) {
        result->all_ms[update] = elapsed_ms;
        world->complete++;
    }
}

// The node merges `updates`; what is new to it goes out at once in eager mode.
static void learn(struct world *world, int id, const bool *updates)
{
    struct node *node = &world->nodes[id];
    bool fresh[NAIVE_UPDATES_MAX];
    subtract(fresh, updates, node->holds);
    for (int u = 0; u < NAIVE_UPDATES_MAX; u++) {
        if (fresh[u]) {
            node->holds[u] = true;
            node->learnt_in[u] = node->ticks;
            count_holder(world, u);
        }
    }
    if (world->config->mode == NAIVE_EAGER && !is_empty(fresh)) {
        send_to_peers(world, NAIVE_SEND_EAGER, id, fresh, NULL);
    }
}

static void handle_write(struct world *world, int id, int update)
{
    bool written[NAIVE_UPDATES_MAX] = {false};
    written[update] = true;
    world->written_ms[update] = world->now_ms;
    learn(world, id, written);
}

static void schedule_tick(struct world *world, int id)
{
    const struct node *node = &world->nodes[id];
    double time_ms = node->phase_ms + node->ticks * world->config->interval_ms;
    schedule(world, (struct event){.time_ms = time_ms, .kind = EVENT_TICK, .node = id});
}

static void handle_tick(struct world *world, int id)
{
    struct node *node = &world->nodes[id];
    if (world->config->mode == NAIVE_PUSH) {
        send_to_peers(world, NAIVE_SEND_PUSH, id, node->holds, NULL);
    } else {
        bool recent[NAIVE_UPDATES_MAX];
        recent_updates(node, recent);
        send_to_peers(world, NAIVE_SEND_OPEN, id, recent, node->holds);
    }
    node->ticks++;
    schedule_tick(world, id);
}

static void handle_message(struct world *world, int id, const struct message *message)
{
    struct node *node = &world->nodes[id];
    learn(world, id, message->carried);

    bool same = is_equal(node->holds, message->held);
    bool out[NAIVE_UPDATES_MAX];
    switch (message->kind) {
    case NAIVE_SEND_OPEN:
        if (!same) {
            recent_updates(node, out);
            subtract(out, out, message->carried);
            send(world, NAIVE_SEND_ANSWER, id, message->source, out, node->holds);
        }
        break;
    case NAIVE_SEND_ANSWER:
        if (!same) {
            send(world, NAIVE_SEND_VECTOR, id, message->source, NULL, node->holds);
        }
        break;
    case NAIVE_SEND_VECTOR:
        if (!same) {
            subtract(out, node->holds, message->held);
            send(world, NAIVE_SEND_FILL, id, message->source, out, node->holds);
        }
        break;
    case NAIVE_SEND_FILL:
        subtract(out, node->holds, message->held);
        if (!is_empty(out)) {
            send(world, NAIVE_SEND_REST, id, message->source, out, NULL);
        }
        break;
    default:  // PUSH, REST, EAGER: nothing comes back
        break;
    }
}

// ---- The run ----

static void begin(struct world *world)
{
    const struct naive_config *config = world->config;
    for (int u = 0; u < NAIVE_UPDATES_MAX; u++) {
        world->result->theta_ms[u] = INFINITY;
        world->result->all_ms[u] = INFINITY;
    }
    for (int u = 0; u < config->updates; u++) {
        schedule(world, (struct event){.time_ms = config->first_write_ms + u * config->every_ms,
                                       .kind = EVENT_WRITE,
                                       .node = random_below(world, config->agents),
                                       .update = u});
    }
    for (int id = 0; id < config->agents; id++) {
        if (!config->synchronous) {
            world->nodes[id].phase_ms = random_between(world, 0, config->interval_ms);
        }
        schedule_tick(world, id);
    }
}

static void handle(struct world *world, const struct event *event)
{
    world->now_ms = event->time_ms;
    switch (event->kind) {
    case EVENT_WRITE: handle_write(world, event->node, event->update); break;
    case EVENT_TICK: handle_tick(world, event->node); break;
    case EVENT_MESSAGE: handle_message(world, event->node, &event->message); break;
    }
}

void naive_run(const struct naive_config *config, struct naive_result *result)
{
    assert(config->agents >= 2 && config->fanout >= 1);
    assert(config->updates >= 1 && config->updates <= NAIVE_UPDATES_MAX);
    memset(result, 0, sizeof *result);
    struct world world = {.config = config, .result = result, .random = config->seed};
    world.random = random_bits(&world);  // streams of neighbouring seeds start far apart
    world.nodes = calloc((size_t)config->agents, sizeof *world.nodes);
    assert(world.nodes);

    begin(&world);
    double end_ms = config->duration_ms > 0 ? config->duration_ms : NAIVE_END_MS;
    bool until_complete = config->duration_ms <= 0;
    while (world.heap[0].time_ms < end_ms &&
           !(until_complete && world.complete == config->updates)) {
        struct event event = next_event(&world);
        handle(&world, &event);
    }
    result->end_ms = until_complete && world.complete == config->updates ? world.now_ms : end_ms;
    free(world.heap);
    free(world.nodes);
}

const char *naive_mode_name(enum naive_mode mode)
{
    static const char *const names[] = {"push", "push-pull", "eager"};
    return names[mode];
}

const char *naive_kind_name(enum naive_kind kind)
{
    static const char *const names[NAIVE_KIND_COUNT] = {"push", "open", "answer", "vector",
                                                        "fill", "rest", "eager"};
    return names[kind];
}
