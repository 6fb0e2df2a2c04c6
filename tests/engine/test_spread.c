// SPDX-License-Identifier: GPL-3.0-or-later
// Who learns what when, against oracles that know no queue: a breadth-first search over the peers
// drawn, and a walk through a table of ticks.
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "mesh/peers.h"

#define NODES_MAX 9000u
#define FANOUT_MAX 150u

// ---- Eager: receipts are a breadth-first search ----

struct found {
    uint32_t depth;  // UINT32_MAX: not reached
    uint32_t source;
    uint32_t node;
};

// One level: of those who tell a node at the same instant, the least source is heard first.
static bool search_level(const struct world *world, uint64_t occasion, uint32_t depth,
                         struct found *found)
{
    bool any = false;
    for (uint32_t node = 0; node < world->node_count; node++) {
        if (found[node].depth != depth) {
            continue;
        }
        any = true;
        uint32_t peers[FANOUT_MAX];
        uint32_t count = mesh_peers_select(world->mesh.seed, MESH_DRAW_EAGER_PEERS, occasion,
                                           &world->scopes[0], node, peers);
        for (uint32_t i = 0; i < count; i++) {
            if (found[peers[i]].depth == UINT32_MAX) {
                found[peers[i]].depth = depth + 1;
                found[peers[i]].source = node;
            }
        }
    }
    return any;
}

static int by_depth_and_node(const void *left, const void *right)
{
    const struct found *a = left;
    const struct found *b = right;
    if (a->depth != b->depth) {
        return a->depth < b->depth ? -1 : 1;
    }
    return a->node < b->node ? -1 : a->node > b->node;
}

static void expect_search(uint32_t nodes, uint32_t fanout, uint64_t latency_ns)
{
    static struct found found[NODES_MAX];
    struct shape shape = {
        .nodes = nodes,
        .mode = MESH_EAGER,
        .fanout = fanout,
        .latency = {SIM_CONSTANT, latency_ns, latency_ns},
        .interval_ns = UINT64_C(1) << 60,  // nobody ticks
        .writes = 1,
        .first_write_ns = 3 * MS,
        .until_ns = 100 * MS,
        .seed = 5,
    };
    struct world world;
    world_build(&world, &shape);
    for (uint32_t node = 0; node < nodes; node++) {
        found[node] = (struct found){.depth = UINT32_MAX, .node = node};
    }
    found[0].depth = 0;
    uint64_t occasion = mesh_occasion_of_dot((struct mesh_dot){0, 1});
    for (uint32_t depth = 0; search_level(&world, occasion, depth, found); depth++) {
    }
    qsort(found, nodes, sizeof *found, by_depth_and_node);

    struct outcome outcome;
    world_run(&world, SIM_QUEUE_WINDOWS, &outcome);
    uint32_t reached = 0;
    for (; reached < nodes && found[reached].depth != UINT32_MAX; reached++) {
        cr_assert(reached < outcome.change_count, "only %u nodes learnt", outcome.change_count);
        const struct observed *change = &outcome.changes[reached];
        const struct found *wanted = &found[reached];
        uint64_t time_ns = 3 * MS + wanted->depth * latency_ns;
        cr_assert(change->node == wanted->node && change->time_ns == time_ns &&
                      change->source == wanted->source,
                  "%u nodes, %" PRIu64 " ns: receipt %u: node %u at %" PRIu64 " from %u, by the "
                  "search node %u at %" PRIu64 " from %u",
                  nodes, latency_ns, reached, change->node, change->time_ns, change->source,
                  wanted->node, time_ns, wanted->source);
    }
    cr_expect(outcome.change_count == reached, "%u nodes learnt, the search reaches %u",
              outcome.change_count, reached);
    cr_expect(reached > nodes / 2, "the search reaches %u of %u: it shows little", reached, nodes);
    outcome_finish(&outcome);
    world_finish(&world);
}

Test(engine, an_eager_update_spreads_like_a_breadth_first_search_ties_going_to_the_least_source)
{
    expect_search(2, 1, 1 * MS);
    expect_search(100, 3, 1 * MS);
    expect_search(5000, 3, 2 * MS + 7);
    expect_search(NODES_MAX, 10, 1 * MS);
}

Test(engine, at_latency_zero_the_whole_search_happens_at_one_instant_generation_by_generation)
{
    expect_search(2, 1, 0);
    expect_search(100, 3, 0);
    expect_search(5000, 3, 0);
}

Test(engine, latencies_too_short_for_windows_run_too)
{
    expect_search(100, 3, 1);
    expect_search(100, 3, 999);
    expect_search(100, 3, 1000);
}

// ---- Push: a walk through the table of ticks ----

struct tick {
    uint64_t time_ns;
    uint32_t node;
    uint64_t number;
};

static int by_time(const void *left, const void *right)
{
    const struct tick *a = left;
    const struct tick *b = right;
    return a->time_ns < b->time_ns ? -1 : a->time_ns > b->time_ns;
}

#define PUSH_NODES 300u
#define PUSH_WRITES 5u
#define PUSH_TICKS 40u

// learnt[update][node]; UINT64_MAX: never.
struct learnt {
    uint64_t at_ns[PUSH_WRITES][PUSH_NODES];
};

static void hear(const struct world *world, const struct tick *tick, uint32_t peer,
                 struct mesh_random random, struct learnt *learnt)
{
    const struct sim_latency *latency = &world->settings.latency[SIM_SAME_HOST];
    uint64_t arrival_ns =
        tick->time_ns + latency->minimum_ns +
        mesh_below_wide(random.word[0], random.word[1], latency->maximum_ns - latency->minimum_ns);
    for (uint32_t update = 0; update < PUSH_WRITES; update++) {
        uint64_t *at_ns = &learnt->at_ns[update][peer];
        if (learnt->at_ns[update][tick->node] <= tick->time_ns && arrival_ns < *at_ns) {
            *at_ns = arrival_ns;
        }
    }
}

// Latencies are positive, so that whoever holds an update at a tick got it from earlier ticks. The
// draws are taken from Philox itself, as network.h says which.
static void push_from(const struct world *world, const struct tick *tick, struct learnt *learnt)
{
    uint32_t peers[FANOUT_MAX];
    uint32_t count = mesh_peers_select(world->mesh.seed, MESH_DRAW_TICK_PEERS, tick->number,
                                       &world->scopes[0], tick->node, peers);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t purpose = MESH_DRAW_DRIVER + MESH_MESSAGE_PUSH;
        struct mesh_random first =
            mesh_draw(world->mesh.seed, purpose, i, tick->node, tick->number);
        struct mesh_random second =
            mesh_draw(world->mesh.seed, purpose + 32, i, tick->node, tick->number);
        if (first.word[2] >= (UINT64_C(1) << 32) * world->settings.loss_ppb / SIM_PPB) {
            hear(world, tick, peers[i], first, learnt);
        }
        if (first.word[3] < (UINT64_C(1) << 32) * world->settings.duplicate_ppb / SIM_PPB) {
            hear(world, tick, peers[i], second, learnt);
        }
    }
}

static void walk_ticks(const struct world *world, struct learnt *learnt)
{
    static struct tick ticks[PUSH_NODES * PUSH_TICKS];
    memset(learnt, 0xFF, sizeof *learnt);
    for (uint32_t update = 0; update < PUSH_WRITES; update++) {
        learnt->at_ns[update][world->writes[update].node] = world->writes[update].time_ns;
    }
    for (uint32_t i = 0; i < PUSH_NODES * PUSH_TICKS; i++) {
        uint32_t node = i / PUSH_TICKS;
        uint64_t number = i % PUSH_TICKS;
        ticks[i] = (struct tick){number * world->scopes[0].interval_ns + phase_ns(world, 0, node),
                                 node, number};
    }
    qsort(ticks, PUSH_NODES * PUSH_TICKS, sizeof *ticks, by_time);
    for (uint32_t i = 0; i < PUSH_NODES * PUSH_TICKS; i++) {
        push_from(world, &ticks[i], learnt);
    }
}

static void expect_walk(const struct shape *shape)
{
    static struct learnt walked;
    static struct learnt simulated;
    struct world world;
    world_build(&world, shape);
    walk_ticks(&world, &walked);
    struct outcome outcome;
    world_run(&world, SIM_QUEUE_WINDOWS, &outcome);
    memset(&simulated, 0xFF, sizeof simulated);
    for (uint32_t i = 0; i < outcome.change_count; i++) {
        for (uint64_t lanes = outcome.changes[i].lanes; lanes != 0; lanes &= lanes - 1) {
            uint64_t *at_ns = &simulated.at_ns[__builtin_ctzll(lanes)][outcome.changes[i].node];
            cr_expect(*at_ns == UINT64_MAX, "node %u learnt twice", outcome.changes[i].node);
            *at_ns = outcome.changes[i].time_ns;
        }
    }
    for (uint32_t update = 0; update < PUSH_WRITES; update++) {
        for (uint32_t node = 0; node < PUSH_NODES; node++) {
            uint64_t wanted = walked.at_ns[update][node];
            cr_assert(wanted < shape->until_ns, "update %u never reaches node %u", update, node);
            cr_assert(simulated.at_ns[update][node] == wanted,
                      "%s: update %u reached node %u at %" PRIu64 " ns, by the walk at %" PRIu64,
                      shape->name, update, node, simulated.at_ns[update][node], wanted);
        }
    }
    outcome_finish(&outcome);
    world_finish(&world);
}

Test(engine, pushes_spread_as_a_walk_through_the_table_of_ticks_says)
{
    struct shape shape = {
        .name = "a few peers",
        .nodes = PUSH_NODES,
        .interval_ns = 25 * MS,
        .latency = {SIM_UNIFORM, 2 * MS, 60 * MS},
        .loss_percent = 20,
        .duplicate_percent = 30,
        .writes = PUSH_WRITES,
        .first_write_ns = 11 * MS,
        .write_every_ns = 13 * MS,
        .until_ns = PUSH_TICKS * 25 * MS,
        .seed = 77,
    };
    expect_walk(&shape);
    shape.name = "more peers than one batch of draws";
    shape.fanout = 150;
    shape.loss_percent = 70;
    expect_walk(&shape);
}

// ---- Ticks ----

static void expect_ticks(uint64_t interval_ns, uint64_t latency_ns, enum sim_queue queue)
{
    struct shape shape = {.nodes = 500,
                          .interval_ns = interval_ns,
                          .fanout = 1,
                          .latency = {SIM_CONSTANT, latency_ns, latency_ns},
                          .loss_percent = 100,
                          .until_ns = 20 * MS,
                          .seed = 3};
    struct world world;
    world_build(&world, &shape);
    struct outcome outcome;
    world_run(&world, queue, &outcome);
    uint64_t ticks = 0;
    for (uint32_t node = 0; node < shape.nodes; node++) {
        uint64_t first_ns = phase_ns(&world, 0, node);
        ticks += first_ns < outcome.reached_ns
                     ? (outcome.reached_ns - 1 - first_ns) / interval_ns + 1
                     : 0;
    }
    cr_expect(outcome.events == ticks,
              "every %" PRIu64 " ns until %" PRIu64 ": %" PRIu64 " ticks, by hand %" PRIu64,
              interval_ns, outcome.reached_ns, outcome.events, ticks);
    cr_expect(outcome_sum(&outcome, MESH_MESSAGE_PUSH).messages == ticks);
    cr_expect(outcome_sum(&outcome, MESH_MESSAGE_PUSH).lost == ticks, "100 %% are lost");
    outcome_finish(&outcome);
    world_finish(&world);
}

Test(engine, every_node_ticks_at_its_phase_and_once_per_interval_after_it)
{
    for (enum sim_queue queue = SIM_QUEUE_WINDOWS; queue <= SIM_QUEUE_HEAP; queue++) {
        expect_ticks(5 * MS, 1 * MS, queue);
        expect_ticks(300 * US, 1 * MS, queue);
        expect_ticks(1 * MS, 1 * MS, queue);
        expect_ticks(1000 * MS, 1 * MS, queue);
        expect_ticks(7 * US, 100 * US, queue);
    }
}
