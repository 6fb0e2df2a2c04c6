// SPDX-License-Identifier: GPL-3.0-or-later
// Delta propagation against Enes, Almeida, Baquero, Leitao, ICDE 2019, section V: 15 replicas, each
// writing 100 updates at 1/s, synchronising every second, on a tree of 14 edges and on a mesh in
// which each has 4 neighbours (30 edges). Payload elements sent, U updates on n nodes and |E|
// edges:
//
//     RR alone   every update crosses every edge both ways                       2 |E| U
//     BP + RR    but not back to the one who told it, n - 1 times an update     (2 |E| - (n - 1)) U
#include <criterion/criterion.h>

#include "fixture.h"

#define NODES 15u
#define UPDATES 1500u

struct graph {
    uint32_t edges;
    uint32_t starts[NODES + 1];
    uint32_t neighbours[NODES * 4];
};

// Joins i and j when `joined` says so; the lists come out sorted.
static struct graph graph_of(bool (*joined)(uint32_t i, uint32_t j))
{
    struct graph graph = {0};
    uint32_t count = 0;
    for (uint32_t i = 0; i < NODES; i++) {
        graph.starts[i] = count;
        for (uint32_t j = 0; j < NODES; j++) {
            if (i != j && (joined(i, j) || joined(j, i))) {
                graph.neighbours[count++] = j;
            }
        }
    }
    graph.starts[NODES] = count;
    graph.edges = count / 2;
    return graph;
}

static bool parent_of(uint32_t i, uint32_t j)
{
    return j == 2 * i + 1 || j == 2 * i + 2;
}

static bool one_or_two_on(uint32_t i, uint32_t j)
{
    uint32_t ahead = (j + NODES - i) % NODES;
    return ahead == 1 || ahead == 2;
}

// Elements sent until all is quiet, of updates written after the warm-up; every node must hold
// every update at the end.
static uint64_t elements_after(uint64_t warmup_ns, const struct graph *graph,
                               bool avoid_back_propagation, bool remove_redundancy,
                               enum sim_queue queue)
{
    const struct shape shape = {
        .name = "delta propagation",
        .nodes = NODES,
        .mode = MESH_DELTA,
        .update_limit = UPDATES,
        .interval_ns = 1000 * MS,
        .latency = {SIM_UNIFORM, 1 * MS, 5 * MS},
        .writes = UPDATES,
        .until_ns = 130000 * MS,
        .seed = 7,
    };
    struct world world;
    world_build(&world, &shape);
    world.scopes[0].schedule = MESH_SYNCHRONOUS;
    world.scopes[0].delta = (struct mesh_delta){
        .starts = graph->starts,
        .neighbours = graph->neighbours,
        .avoid_back_propagation = avoid_back_propagation,
        .remove_redundancy = remove_redundancy,
    };
    for (uint32_t update = 0; update < UPDATES; update++) {  // all nodes, half-way between ticks
        world.writes[update].time_ns = (500 + update / NODES * 1000) * MS;
        world.writes[update].node = update % NODES;
    }
    struct sim_engine_config config = {
        .mesh = &world.mesh,
        .network = &world.network,
        .node_count = NODES,
        .writes = world.writes,
        .write_count = UPDATES,
        .warmup_ns = warmup_ns,
        .queue = queue,
    };
    struct sim_engine *engine = NULL;
    struct sim_error error = {0};
    cr_assert(sim_engine_create(&config, &engine, &error), "%s", error.text);
    sim_engine_run(engine, world.until_ns);
    for (uint32_t node = 1; node < NODES; node++) {
        cr_assert_arr_eq(sim_engine_replica(engine, node)->hash,
                         sim_engine_replica(engine, 0)->hash, 16,
                         "node %u does not hold what node 0 holds", node);
    }
    uint64_t sent = sim_engine_counters(engine, MESH_MESSAGE_DELTA, SIM_SAME_HOST)->updates;
    sim_engine_destroy(engine);
    world_finish(&world);
    return sent;
}

static uint64_t elements_sent(const struct graph *graph, bool avoid_back_propagation,
                              bool remove_redundancy, enum sim_queue queue)
{
    return elements_after(0, graph, avoid_back_propagation, remove_redundancy, queue);
}

Test(engine, delta_propagation_sends_the_published_number_of_elements)
{
    struct graph tree = graph_of(parent_of);
    struct graph mesh = graph_of(one_or_two_on);
    cr_assert_eq(tree.edges, 14);
    cr_assert_eq(mesh.edges, 30);
    for (enum sim_queue queue = SIM_QUEUE_WINDOWS; queue <= SIM_QUEUE_HEAP; queue++) {
        cr_expect_eq(elements_sent(&tree, true, true, queue), 21000);
        cr_expect_eq(elements_sent(&tree, false, true, queue), 2 * 14 * UPDATES);
        cr_expect_eq(elements_sent(&mesh, true, true, queue), 69000);
        cr_expect_eq(elements_sent(&mesh, false, true, queue), 2 * 30 * UPDATES);
    }
}

Test(engine, delta_propagation_without_redundancy_removal_sends_deltas_round_in_circles)
{
    // On a tree nothing can come back but over the edge it went, so BP alone does what both do; on
    // a graph with circles it does not (the paper's motivation for RR, its Figure 6).
    struct graph tree = graph_of(parent_of);
    struct graph mesh = graph_of(one_or_two_on);
    cr_expect_eq(elements_sent(&tree, true, false, SIM_QUEUE_WINDOWS), 21000);
    cr_expect_gt(elements_sent(&tree, false, false, SIM_QUEUE_WINDOWS), 10 * 21000);
    cr_expect_gt(elements_sent(&mesh, true, false, SIM_QUEUE_WINDOWS), 10 * 69000);
}

// What was written just before it is still under way: its copies sent later are not counted either.
Test(engine, copies_of_updates_from_before_the_end_of_the_warm_up_are_not_counted)
{
    struct graph tree = graph_of(parent_of);
    struct graph mesh = graph_of(one_or_two_on);
    for (enum sim_queue queue = SIM_QUEUE_WINDOWS; queue <= SIM_QUEUE_HEAP; queue++) {
        for (uint64_t second = 1; second < 100; second += 7) {
            uint64_t measured = UPDATES - NODES * second;
            cr_expect_eq(elements_after(second * 1000 * MS, &tree, true, true, queue),
                         14 * measured, "after %d s on the tree", (int)second);
            cr_expect_eq(elements_after(second * 1000 * MS, &mesh, true, true, queue),
                         46 * measured, "after %d s on the mesh", (int)second);
        }
    }
}
