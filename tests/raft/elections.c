// SPDX-License-Identifier: GPL-3.0-or-later
#include "elections.h"

#include "disk.h"

static void watch(struct lab *lab, uint32_t unused)
{
    (void)unused;
    lab->done = true;
}

struct election elections_hold(const struct elections *elections, uint64_t seed)
{
    struct lab lab;
    struct lab_settings settings = {
        .servers = elections->servers,
        .seed = seed,
        .heartbeat_ns = elections->timeout_ns_min / 2,
        .election_ns_min = elections->timeout_ns_min,
        .election_ns_max = elections->timeout_ns_max,
        .latency_ns_min = elections->latency_ns_min,
        .latency_ns_max = elections->latency_ns_max,
        .log_capacity = 16,
        .on_leader = watch,
    };
    lab_init(&lab, &settings);
    for (uint32_t i = elections->down; i < elections->servers; i++) {
        lab_start(&lab, i);
    }
    lab_run(&lab, UINT64_MAX);
    uint32_t leader = lab_leader(&lab);
    lab_must(leader != MESH_NODE_NONE, "somebody leads at last");
    struct election election = {lab.now_ns, lab.rafts[leader].term};
    lab_finish(&lab);
    return election;
}
