// SPDX-License-Identifier: GPL-3.0-or-later
#include "naive.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum tier { AGENT, AGGREGATOR, COORDINATOR };

// Timer NEAR ticks in the small mesh, and is the only one of aggregators and coordinators; timer
// FAR is that of bridges towards other regions, of relays towards their aggregator.
enum { NEAR, FAR, TIMER_COUNT };

struct message {
    enum naive_kind kind;
    int source;
    bool far;                         // of an exchange that a FAR timer opened
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
    int timer;               // EVENT_TICK
    struct message message;  // EVENT_MESSAGE
};

struct timer {
    const int *callees;  // who may be called, and maybe the caller and its like
    int callee_count;
    int others;  // how many of them may be called
    int fanout;
    double interval_ms;  // 0: there is no such timer
    double phase_ms;
    int ticks;                         // fired so far
    int learnt_in[NAIVE_UPDATES_MAX];  // `ticks` when the node learnt the update
};

struct node {
    enum tier tier;
    int region;
    int zone;  // counted over all regions, like hosts and edges
    int host;
    int edge;
    struct timer timers[TIMER_COUNT];
    bool holds[NAIVE_UPDATES_MAX];
};

// Agents that must hold an update, and that do.
struct count {
    int enough;
    int held;
};

struct world {
    const struct naive_config *config;
    struct naive_result *result;
    uint64_t random;
    double now_ms;
    struct node *nodes;  // agents, then aggregators, then coordinators
    int node_count;
    int host_count;    // laid out so far
    int *ids;          // 0, 1, 2 ...: consecutive callees are a piece of it
    int *bridges;      // of all regions
    int bridge_count;  // entered so far
    int writers[NAIVE_UPDATES_MAX];
    double written_ms[NAIVE_UPDATES_MAX];
    struct count in_region[NAIVE_UPDATES_MAX];  // of the writer
    struct count in_edge[NAIVE_UPDATES_MAX];
    int complete;  // updates that every agent holds
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
static void recent_updates(const struct node *node, int timer, bool *recent)
{
    for (int u = 0; u < NAIVE_UPDATES_MAX; u++) {
        const struct timer *books = &node->timers[timer];
        recent[u] = node->holds[u] && books->ticks - books->learnt_in[u] <= 2;
    }
}

// ---- Sending ----

static enum naive_pair pair_of(const struct node *a, const struct node *b)
{
    if (a->tier != b->tier) {
        bool edge = a->tier == AGENT || b->tier == AGENT;
        return edge ? NAIVE_EDGE_AGGREGATOR : NAIVE_AGGREGATOR_COORDINATOR;
    }
    return a->region != b->region ? NAIVE_INTER_REGION
           : a->zone != b->zone   ? NAIVE_SAME_REGION
           : a->host != b->host   ? NAIVE_SAME_ZONE
                                  : NAIVE_SAME_HOST;
}

static void arrive_later(struct world *world, enum naive_pair pair, int target,
                         const struct message *message)
{
    const struct naive_latency *latency = &world->config->latency[pair];
    double latency_ms = random_between(world, latency->min_ms, latency->max_ms);
    schedule(world, (struct event){.time_ms = world->now_ms + latency_ms,
                                   .kind = EVENT_MESSAGE,
                                   .node = target,
                                   .message = *message});
}

// `carried` NULL: no updates. `held` NULL: neither digest nor vector.
static struct message compose(enum naive_kind kind, int source, bool far, const bool *carried,
                              const bool *held)
{
    struct message message = {.kind = kind, .source = source, .far = far};
    if (carried) {
        memcpy(message.carried, carried, sizeof message.carried);
    }
    if (held) {
        memcpy(message.held, held, sizeof message.held);
    }
    return message;
}

static void send(struct world *world, const struct message *message, int target)
{
    struct naive_result *result = world->result;
    enum naive_pair pair = pair_of(&world->nodes[message->source], &world->nodes[target]);
    result->messages[message->kind]++;
    result->pair_messages[pair]++;
    for (int u = 0; u < NAIVE_UPDATES_MAX; u++) {
        result->updates_sent[message->kind] += message->carried[u];
    }
    const struct naive_config *config = world->config;
    if (world->now_ms < config->deaf_until_ms || random_unit(world) < config->loss) {
        return;
    }
    arrive_later(world, pair, target, message);
    if (random_unit(world) < config->duplication) {
        arrive_later(world, pair, target, message);
    }
}

// A bridge calls bridges of other regions, everybody else all but itself.
static bool may_call(const struct world *world, int self, int timer, int other)
{
    bool bridge = world->config->shape == NAIVE_LEADERS && timer == FAR;
    return bridge ? world->nodes[other].region != world->nodes[self].region : other != self;
}

// Fills `peers` with distinct others and returns how many: draws until enough differ.
static int draw_peers(struct world *world, int self, int timer, int *peers)
{
    const struct timer *calling = &world->nodes[self].timers[timer];
    int wanted = calling->fanout < calling->others ? calling->fanout : calling->others;
    int count = 0;
    while (count < wanted) {
        int peer = calling->callees[random_below(world, calling->callee_count)];
        bool taken = !may_call(world, self, timer, peer);
        for (int i = 0; i < count; i++) {
            taken = taken || peers[i] == peer;
        }
        if (!taken) {
            peers[count++] = peer;
        }
    }
    return count;
}

static void send_to_peers(struct world *world, enum naive_kind kind, int source, int timer,
                          const bool *carried, const bool *held)
{
    int *peers = malloc((size_t)world->node_count * sizeof *peers);
    assert(peers);
    struct message message = compose(kind, source, timer == FAR, carried, held);
    int count = draw_peers(world, source, timer, peers);
    for (int i = 0; i < count; i++) {
        send(world, &message, peers[i]);
    }
    free(peers);
}

// ---- What nodes do ----

static int enough_of(const struct world *world, int agents)
{
    return (agents * world->config->theta_percent + 99) / 100;
}

static void count_holder(struct world *world, int id, int update)
{
    struct naive_result *result = world->result;
    const struct node *node = &world->nodes[id];
    const struct node *writer = &world->nodes[world->writers[update]];
    double elapsed_ms = world->now_ms - world->written_ms[update];
    if (node->tier != AGENT) {
        return;
    }
    if (++result->held[update] == enough_of(world, world->config->agents)) {
        result->theta_ms[update] = elapsed_ms;
    }
    if (result->held[update] == world->config->agents) {
        result->all_ms[update] = elapsed_ms;
        world->complete++;
    }
    struct count *in_region = &world->in_region[update];
    if (node->region == writer->region && ++in_region->held == in_region->enough) {
        result->region_ms[update] = elapsed_ms;
    }
    struct count *in_edge = &world->in_edge[update];
    if (node->edge == writer->edge && ++in_edge->held == in_edge->enough) {
        result->edge_ms[update] = elapsed_ms;
    }
}

// The node merges `updates`; what is new to it goes out at once in eager mode, if it lives in a
// small mesh.
static void learn(struct world *world, int id, const bool *updates)
{
    struct node *node = &world->nodes[id];
    bool fresh[NAIVE_UPDATES_MAX];
    subtract(fresh, updates, node->holds);
    for (int u = 0; u < NAIVE_UPDATES_MAX; u++) {
        if (fresh[u]) {
            node->holds[u] = true;
            for (int timer = 0; timer < TIMER_COUNT; timer++) {
                node->timers[timer].learnt_in[u] = node->timers[timer].ticks;
            }
            count_holder(world, id, u);
        }
    }
    if (world->config->mode == NAIVE_EAGER && node->tier == AGENT && !is_empty(fresh)) {
        send_to_peers(world, NAIVE_SEND_EAGER, id, NEAR, fresh, NULL);
    }
}

// Counts the agents near the writer. In one mesh there is nothing nearer than all of it.
static void handle_write(struct world *world, int id, int update)
{
    const struct naive_config *config = world->config;
    const struct node *writer = &world->nodes[id];
    int in_region = 0;
    int in_edge = 0;
    for (int other = 0; other < config->agents; other++) {
        in_region += world->nodes[other].region == writer->region;
        in_edge += world->nodes[other].edge == writer->edge;
    }
    if (config->places.regions > 1) {
        world->in_region[update].enough = enough_of(world, in_region);
        world->result->region_ms[update] = INFINITY;
    }
    if (config->shape == NAIVE_HIERARCHY) {
        world->in_edge[update].enough = enough_of(world, in_edge);
        world->result->edge_ms[update] = INFINITY;
    }
    bool written[NAIVE_UPDATES_MAX] = {false};
    written[update] = true;
    world->writers[update] = id;
    world->written_ms[update] = world->now_ms;
    learn(world, id, written);
}

static void schedule_tick(struct world *world, int id, int timer)
{
    const struct timer *next = &world->nodes[id].timers[timer];
    double time_ms = next->phase_ms + next->ticks * next->interval_ms;
    schedule(world,
             (struct event){.time_ms = time_ms, .kind = EVENT_TICK, .node = id, .timer = timer});
}

static void handle_tick(struct world *world, int id, int timer)
{
    struct node *node = &world->nodes[id];
    if (world->config->mode == NAIVE_PUSH && node->tier == AGENT && timer == NEAR) {
        send_to_peers(world, NAIVE_SEND_PUSH, id, timer, node->holds, NULL);
    } else {
        bool recent[NAIVE_UPDATES_MAX];
        recent_updates(node, timer, recent);
        send_to_peers(world, NAIVE_SEND_OPEN, id, timer, recent, node->holds);
    }
    node->timers[timer].ticks++;
    schedule_tick(world, id, timer);
}

// The next message of the exchange that `heard` belongs to.
static void reply(struct world *world, int id, const struct message *heard, enum naive_kind kind,
                  const bool *carried, const bool *held)
{
    struct message message = compose(kind, id, heard->far, carried, held);
    send(world, &message, heard->source);
}

static void handle_message(struct world *world, int id, const struct message *message)
{
    struct node *node = &world->nodes[id];
    // An aggregator that a relay calls has no timer for relays.
    int timer = message->far && node->timers[FAR].interval_ms > 0 ? FAR : NEAR;
    learn(world, id, message->carried);

    bool same = is_equal(node->holds, message->held);
    bool out[NAIVE_UPDATES_MAX];
    switch (message->kind) {
    case NAIVE_SEND_OPEN:
        if (!same) {
            recent_updates(node, timer, out);
            subtract(out, out, message->carried);
            reply(world, id, message, NAIVE_SEND_ANSWER, out, node->holds);
        }
        break;
    case NAIVE_SEND_ANSWER:
        if (!same) {
            reply(world, id, message, NAIVE_SEND_VECTOR, NULL, node->holds);
        }
        break;
    case NAIVE_SEND_VECTOR:
        if (!same) {
            subtract(out, node->holds, message->held);
            reply(world, id, message, NAIVE_SEND_FILL, out, node->holds);
        }
        break;
    case NAIVE_SEND_FILL:
        subtract(out, node->holds, message->held);
        if (!is_empty(out)) {
            reply(world, id, message, NAIVE_SEND_REST, out, NULL);
        }
        break;
    default:  // PUSH, REST, EAGER: nothing comes back
        break;
    }
}

// ---- Who lives where and calls whom ----

static int at_least_1(int count)
{
    return count > 0 ? count : 1;
}

// Of `count` things dealt evenly in order, the first that share `index` gets.
static int dealt(int count, int shares, int index)
{
    return index * (count / shares) + (index < count % shares ? index : count % shares);
}

static void set_timer(struct world *world, int id, int timer, struct timer settings)
{
    if (!world->config->synchronous) {
        settings.phase_ms = random_between(world, 0, settings.interval_ms);
    }
    world->nodes[id].timers[timer] = settings;
}

// The agents [first, end) live on hosts that nobody else lives on.
static void settle(struct world *world, int region, int zone, int first, int end)
{
    int per_host = world->config->places.agents_per_host;
    for (int id = first; id < end; id++) {
        if (id == first || (per_host > 0 && (id - first) % per_host == 0)) {
            world->host_count++;
        }
        world->nodes[id].region = region;
        world->nodes[id].zone = zone;
        world->nodes[id].host = world->host_count;
    }
}

// The agents [first, end) are one mesh.
static void mesh(struct world *world, int first, int end)
{
    for (int id = first; id < end; id++) {
        set_timer(world, id, NEAR,
                  (struct timer){.callees = &world->ids[first],
                                 .callee_count = end - first,
                                 .others = end - first - 1,
                                 .fanout = world->config->fanout,
                                 .interval_ms = world->config->interval_ms});
    }
}

static void set_bridges(struct world *world, int first, int end)
{
    const struct naive_leaders *leaders = &world->config->leaders;
    int regions = world->config->places.regions;
    assert(leaders->bridges <= leaders->candidates && leaders->candidates <= end - first);
    for (int i = 0; i < leaders->bridges; i++) {
        int id = first + i * (end - first) / leaders->candidates;
        world->bridges[world->bridge_count++] = id;
        set_timer(world, id, FAR,
                  (struct timer){.callees = world->bridges,
                                 .callee_count = regions * leaders->bridges,
                                 .others = (regions - 1) * leaders->bridges,
                                 .fanout = leaders->fanout,
                                 .interval_ms = leaders->interval_ms});
    }
}

// Relays of the edge with the agents [first, end).
static void set_relays(struct world *world, int aggregator, int first, int end)
{
    const struct naive_hierarchy *hierarchy = &world->config->hierarchy;
    assert(hierarchy->relays <= end - first);
    for (int i = 0; i < hierarchy->relays; i++) {
        int id = first;
        do {
            id = first + random_below(world, end - first);
        } while (world->nodes[id].timers[FAR].interval_ms > 0);
        set_timer(world, id, FAR,
                  (struct timer){.callees = &world->ids[aggregator],
                                 .callee_count = 1,
                                 .others = 1,
                                 .fanout = 1,
                                 .interval_ms = hierarchy->aggregator_ms});
    }
}

static void lay_out_region(struct world *world, int region, int first, int end)
{
    int zones = at_least_1(world->config->places.zones);
    for (int z = 0; z < zones; z++) {
        settle(world, region, region * zones + z, first + dealt(end - first, zones, z),
               first + dealt(end - first, zones, z + 1));
    }
    mesh(world, first, end);
    if (world->config->shape == NAIVE_LEADERS) {
        set_bridges(world, first, end);
    }
}

static void lay_out_edges(struct world *world, int region, int first, int end)
{
    const struct naive_hierarchy *hierarchy = &world->config->hierarchy;
    int edges = hierarchy->aggregators * hierarchy->edges;  // of this region
    for (int e = 0; e < edges; e++) {
        int edge_first = first + dealt(end - first, edges, e);
        int edge_end = first + dealt(end - first, edges, e + 1);
        int aggregator =
            world->config->agents + region * hierarchy->aggregators + e / hierarchy->edges;
        settle(world, region, region, edge_first, edge_end);
        for (int id = edge_first; id < edge_end; id++) {
            world->nodes[id].edge = region * edges + e;
        }
        mesh(world, edge_first, edge_end);
        set_relays(world, aggregator, edge_first, edge_end);
    }
}

static void lay_out_tiers(struct world *world)
{
    const struct naive_hierarchy *hierarchy = &world->config->hierarchy;
    int regions = world->config->places.regions;
    int first = world->config->agents;
    int coordinator_first = first + regions * hierarchy->aggregators;
    const int *coordinators = &world->ids[coordinator_first];
    for (int id = first; id < coordinator_first; id++) {
        world->nodes[id] =
            (struct node){.tier = AGGREGATOR, .region = (id - first) / hierarchy->aggregators};
        set_timer(world, id, NEAR,
                  (struct timer){.callees = coordinators,
                                 .callee_count = hierarchy->coordinators,
                                 .others = hierarchy->coordinators,
                                 .fanout = hierarchy->addressed,
                                 .interval_ms = hierarchy->aggregator_ms});
    }
    for (int region = 0; region < regions; region++) {
        int end = coordinator_first + dealt(hierarchy->coordinators, regions, region + 1);
        int id = coordinator_first + dealt(hierarchy->coordinators, regions, region);
        for (; id < end; id++) {
            world->nodes[id] = (struct node){
                .tier = COORDINATOR, .region = region, .zone = region, .host = ++world->host_count};
            set_timer(world, id, NEAR,
                      (struct timer){.callees = coordinators,
                                     .callee_count = hierarchy->coordinators,
                                     .others = hierarchy->coordinators - 1,
                                     .fanout = hierarchy->addressed,
                                     .interval_ms = hierarchy->global_ms});
        }
    }
}

static void lay_out(struct world *world)
{
    const struct naive_config *config = world->config;
    int regions = at_least_1(config->places.regions);
    for (int region = 0; region < regions; region++) {
        int first = dealt(config->agents, regions, region);
        int end = dealt(config->agents, regions, region + 1);
        if (config->shape == NAIVE_HIERARCHY) {
            lay_out_edges(world, region, first, end);
        } else {
            lay_out_region(world, region, first, end);
        }
    }
    if (config->shape == NAIVE_HIERARCHY) {
        lay_out_tiers(world);
    }
}

// ---- The run ----

static void create(struct world *world)
{
    const struct naive_config *config = world->config;
    int regions = at_least_1(config->places.regions);
    world->node_count = config->agents;
    if (config->shape == NAIVE_HIERARCHY) {
        world->node_count +=
            regions * config->hierarchy.aggregators + config->hierarchy.coordinators;
    }
    int bridges = config->shape == NAIVE_LEADERS ? regions * config->leaders.bridges : 1;
    world->nodes = calloc((size_t)world->node_count, sizeof *world->nodes);
    world->ids = calloc((size_t)world->node_count, sizeof *world->ids);
    world->bridges = calloc((size_t)bridges, sizeof *world->bridges);
    assert(world->nodes && world->ids && world->bridges);
    for (int id = 0; id < world->node_count; id++) {
        world->ids[id] = id;
    }
}

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
    for (int id = 0; id < world->node_count; id++) {
        for (int timer = 0; timer < TIMER_COUNT; timer++) {
            if (world->nodes[id].timers[timer].interval_ms > 0) {
                schedule_tick(world, id, timer);
            }
        }
    }
}

static void handle(struct world *world, const struct event *event)
{
    world->now_ms = event->time_ms;
    switch (event->kind) {
    case EVENT_WRITE: handle_write(world, event->node, event->update); break;
    case EVENT_TICK: handle_tick(world, event->node, event->timer); break;
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

    create(&world);
    lay_out(&world);
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
    free(world.ids);
    free(world.bridges);
}

void naive_set_latency(struct naive_config *config, double min_ms, double max_ms)
{
    for (int pair = 0; pair < NAIVE_PAIR_COUNT; pair++) {
        config->latency[pair] = (struct naive_latency){min_ms, max_ms};
    }
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

const char *naive_pair_name(enum naive_pair pair)
{
    static const char *const names[NAIVE_PAIR_COUNT] = {
        "same_host",    "same_zone",       "same_region",
        "inter_region", "edge_aggregator", "aggregator_coordinator"};
    return names[pair];
}
