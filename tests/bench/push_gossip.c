// SPDX-License-Identifier: GPL-3.0-or-later
// The push-gossip benchmark: our queue against a plain binary heap, all else shared.
//
//     n nodes, each every 100 ms at a phase of its own sends 10 messages to uniform peers, one-way
//     latency 1 ms + U[0, 9 ms), one update at t = 0, 2 simulated seconds: about 199.4 n deliveries
//
// All sides run the same core, network and counters and must end with the same fingerprint; they
// differ in queue and dispatch. The heap, one thread and two threads take turns, and the medians
// are printed. Nothing is accounted without being executed: a mesh that pushes is never quiet.
// Usage: push_gossip [RUNS [NODES...]]
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <xxhash.h>

#include "engine.h"

#define SIMULATED_NS UINT64_C(2000000000)
#define RUNS_MAX 99

static void hash(void *context, const void *bytes, size_t count, uint64_t out[2])
{
    (void)context;
    XXH128_hash_t value = XXH3_128bits(bytes, count);
    out[0] = value.low64;
    out[1] = value.high64;
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

struct measured {
    double ns_per_message;
    uint64_t messages;
    uint64_t fingerprint;
};

// One run. The time is that of the simulation, without setting up.
static struct measured run(uint32_t node_count, enum sim_queue queue, uint32_t threads)
{
    struct mesh_scope scope = {
        .count = node_count,
        .fanout = 10,
        .update_limit = 100,
        .interval_ns = 100000000,
        .mode = MESH_PUSH,
        .schedule = MESH_PHASED,
    };
    struct mesh_config mesh = {.seed = 42, .scopes = &scope, .scope_count = 1, .hash = hash};
    struct sim_network_settings settings = {.transport = SIM_UDP, .batching = true};
    for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
        settings.latency[pair] = (struct sim_latency){SIM_UNIFORM, 1000000, 10000000};
    }
    uint32_t *host_of = calloc(node_count, sizeof *host_of);
    struct sim_host host = {0};
    struct sim_network network;
    sim_network_init(&network, &settings, mesh.seed, host_of, node_count, &host);
    struct sim_write write = {
        .write = {.type = MESH_G_INCREMENT, .amount = 1},
    };
    struct sim_engine_config config = {
        .mesh = &mesh,
        .network = &network,
        .node_count = node_count,
        .writes = &write,
        .write_count = 1,
        .queue = queue,
        .threads = threads,
    };
    struct sim_engine *engine;
    struct sim_error error = {0};
    if (!sim_engine_create(&config, &engine, &error)) {
        sim_error_print(&error);
        exit(error.code);
    }
    double start_s = now_s();
    sim_engine_run(engine, SIMULATED_NS);
    double elapsed_s = now_s() - start_s;
    const struct sim_counters *counters =
        sim_engine_counters(engine, MESH_MESSAGE_PUSH, SIM_SAME_HOST);
    struct measured measured = {
        .ns_per_message = 1e9 * elapsed_s / (double)counters->delivered,
        .messages = counters->delivered,
        .fingerprint = sim_engine_fingerprint(engine),
    };
    sim_engine_destroy(engine);
    free(host_of);
    return measured;
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, ascending);
    return values[count / 2];
}

enum side { HEAP, ONE_THREAD, TWO_THREADS, SIDE_COUNT };

static bool measure(uint32_t node_count, int runs)
{
    double ns[SIDE_COUNT][RUNS_MAX];
    double ratio[SIDE_COUNT][RUNS_MAX];  // to the heap; of two threads to one
    uint64_t messages = 0;
    for (int i = 0; i < runs; i++) {
        struct measured heap = run(node_count, SIM_QUEUE_HEAP, 1);
        struct measured one = run(node_count, SIM_QUEUE_WINDOWS, 1);
        struct measured two = run(node_count, SIM_QUEUE_WINDOWS, 2);
        if (one.fingerprint != heap.fingerprint || two.fingerprint != heap.fingerprint) {
            fprintf(stderr, "%u nodes: the queues disagree\n", node_count);
            return false;
        }
        messages = heap.messages;
        ns[HEAP][i] = heap.ns_per_message;
        ns[ONE_THREAD][i] = one.ns_per_message;
        ns[TWO_THREADS][i] = two.ns_per_message;
        ratio[HEAP][i] = one.ns_per_message / two.ns_per_message;
        ratio[ONE_THREAD][i] = heap.ns_per_message / one.ns_per_message;
        ratio[TWO_THREADS][i] = heap.ns_per_message / two.ns_per_message;
    }
    printf("%9u %12llu %7.1f %7.1f %7.1f %7.1fx %7.1fx %7.2fx %8.0f\n", node_count,
           (unsigned long long)messages, median(ns[HEAP], runs), median(ns[ONE_THREAD], runs),
           median(ns[TWO_THREADS], runs), median(ratio[ONE_THREAD], runs),
           median(ratio[TWO_THREADS], runs), median(ratio[HEAP], runs),
           (double)sim_engine_memory_bytes(node_count, 1, MESH_PUSH) / node_count);
    fflush(stdout);
    return true;
}

int main(int argc, char **argv)
{
    static const uint32_t sizes[] = {1000, 10000, 100000, 1000000};
    int runs = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 3;
    if (runs < 1 || runs > RUNS_MAX) {
        fprintf(stderr, "push_gossip [RUNS [NODES...]]: runs from 1 to %d\n", RUNS_MAX);
        return SIM_ERROR_USAGE;
    }
    printf("push-gossip, 2 simulated seconds; nanoseconds per message, medians of %d runs\n", runs);
    printf("    nodes     messages    heap  1 thr.  2 thr. heap/one heap/two  one/two B/agent\n");
    bool agree = true;
    for (int i = 2; i < argc; i++) {
        agree = measure((uint32_t)strtoul(argv[i], NULL, 10), runs) && agree;
    }
    for (size_t i = 0; argc <= 2 && i < sizeof sizes / sizeof *sizes; i++) {
        agree = measure(sizes[i], runs) && agree;
    }
    return agree ? 0 : SIM_ERROR_INTERNAL;
}
