// SPDX-License-Identifier: GPL-3.0-or-later
#include "world.h"

#include <assert.h>
#include <stdlib.h>
#include <xxhash.h>

#include "allocate.h"
#include "reporting.h"
#include "stand_ins.h"

// A draw of the workload; the others are in content.c, the network's purposes below (network.h).
enum { DRAW_WRITER = MESH_DRAW_DRIVER + 100 };

static void hash(void *context, const void *bytes, size_t count, uint64_t out[2])
{
    (void)context;
    XXH128_hash_t value = XXH3_128bits(bytes, count);
    out[0] = value.low64;
    out[1] = value.high64;
}

// ---- Writes ----

// Then by the number of the update, which stands in `lane` until the engine reserves one.
static int by_time_and_node(const void *left, const void *right)
{
    const struct sim_write *a = left;
    const struct sim_write *b = right;
    if (a->time_ns != b->time_ns) {
        return a->time_ns < b->time_ns ? -1 : 1;
    }
    if (a->node != b->node) {
        return a->node < b->node ? -1 : 1;
    }
    return a->write.lane < b->write.lane ? -1 : a->write.lane > b->write.lane;
}

static void compose(void *context, const struct mesh_states *states, const uint32_t *write_of_lane,
                    uint32_t node, struct mesh_write *write)
{
    struct sim_world *world = context;
    uint32_t update = world->writes[write_of_lane[write->lane]].write.lane;
    sim_content_compose(&world->content, update, states, write_of_lane, node, write);
}

// Who writes an update: an agent of the mesh on which users work just then.
static uint32_t writer_of(const struct sim_world *world, const struct sim_scenario *scenario,
                          uint64_t seed, uint32_t update, uint64_t time_ns)
{
    const struct sim_migration *migration = scenario->migration;
    struct mesh_random random = mesh_draw(seed, DRAW_WRITER, 0, update, 0);
    bool moved = migration == NULL || migration->move_at_ns <= time_ns;
    if (migration != NULL && moved && time_ns - migration->move_at_ns < migration->move_over_ns) {
        moved = mesh_below_wide(random.word[1], random.word[2], migration->move_over_ns) <
                time_ns - migration->move_at_ns;
    }
    uint32_t first = moved ? 0 : world->places.old_first;
    uint32_t count = moved ? scenario->agents : migration->from->agents;
    return scenario->workload.writers == SIM_WRITERS_RANDOM
               ? first + mesh_below(random.word[0], count)
               : first;
}

static void plan_writes(struct sim_world *world, const struct sim_scenario *scenario, uint64_t seed)
{
    const struct sim_workload *workload = &scenario->workload;
    sim_content_init(&world->content, workload, seed);
    if (sim_content_is_composed(workload->crdt)) {
        world->author = (struct sim_author){world, compose};
    }
    world->writes = sim_memory_zeroed(workload->updates * sizeof *world->writes);
    for (uint32_t update = 0; update < workload->updates; update++) {
        struct sim_write *write = &world->writes[update];
        write->time_ns = workload->first_write_ns + update * workload->every_ns;
        write->node = writer_of(world, scenario, seed, update, write->time_ns);
        write->scope = sim_scopes_home(&world->scopes, &world->places, scenario, write->node);
        write->write.key = update % workload->keys;
        write->write.lane = update;
        sim_content_plan(&world->content, update, &write->write);
    }
    qsort(world->writes, workload->updates, sizeof *world->writes, by_time_and_node);
}

// With the seed of repetition 0, so that all repetitions share the figures.
static void measure_compression(struct sim_world *world, const struct sim_scenario *scenario)
{
    if (scenario->compression != NULL) {
        world->network.compression = *scenario->compression;
    } else if (scenario->network.compressor == SIM_COMPRESS_ZSTD) {
        struct sim_stand_ins stand_ins;
        sim_stand_ins_init(&stand_ins, scenario);
        sim_stand_ins_compress(&stand_ins, scenario, &world->network.compression);
        sim_stand_ins_finish(&stand_ins);
    }
}

#define NS_PER_S UINT64_C(1000000000)
#define BURST_NS (NS_PER_S / 10)  // so much ahead of its rate a peer may be
#define BURST_MIN 10u             // or so many messages

// Where peers lie, or what they say arrives altered, there is a guard, if only to throw away what
// does not decode.
static void appoint_guard(struct sim_world *world, const struct sim_scenario *scenario)
{
    const struct sim_guard_settings *settings = &scenario->guard;
    bool needed = scenario->liar_count > 0 || sim_scenario_alters(scenario);
    bool checks = settings->when == SIM_GUARD_ON || (settings->when == SIM_GUARD_AUTO && needed);
    if (!checks && !needed) {
        return;
    }
    world->guard =
        (struct mesh_guard){.recovery_ns = settings->recovery_ns, .peers = MESH_GUARD_WAYS};
    if (checks) {
        uint64_t gap_ns = settings->rate == 0 ? 0 : NS_PER_S / settings->rate;
        uint64_t burst_ns = BURST_MIN * gap_ns;
        world->guard.signatures = scenario->network.signature_bytes > 0;
        world->guard.gap_ns = gap_ns;
        world->guard.burst_ns = burst_ns > BURST_NS ? burst_ns : BURST_NS;
        world->guard.bound_ns = settings->bound_ns;
        world->guard.threshold_ppb = settings->threshold_ppb;
        world->guard.peers = settings->peers / MESH_GUARD_WAYS * MESH_GUARD_WAYS;
    }
    world->mesh.guard = &world->guard;
}

void sim_world_init(struct sim_world *world, const struct sim_scenario *scenario, uint64_t seed)
{
    *world = (struct sim_world){0};
    sim_places_init(&world->places, scenario);
    sim_network_init(&world->network, &scenario->network, seed, world->places.host_of,
                     world->places.nodes, world->places.hosts);
    measure_compression(world, scenario);
    if (scenario->migration != NULL) {
        sim_network_add_mesh(&world->network, &scenario->migration->from->network);
    }
    sim_scopes_init(&world->scopes, scenario, &world->places, &world->network);
    world->mesh = (struct mesh_config){
        .seed = seed,
        .scopes = world->scopes.items,
        .scope_count = world->scopes.count,
        .raft = world->scopes.rafts,
        .raft_count = world->scopes.raft_count,
        .swim = world->scopes.swims,
        .swim_count = world->scopes.swim_count,
        .bridge_scope = world->scopes.bridge_scope,
        .eager_links = sim_scopes_forward(scenario),
        .signature_bytes = scenario->network.signature_bytes,
        .hash = hash,
    };
    if (sim_reports_wanted(scenario)) {
        world->tiers = (struct mesh_tiers){
            .hierarchy = {scenario->hierarchy.edges_per_aggregator,
                          scenario->hierarchy.aggregators_per_region},
            .edge_count = world->places.edges.count,
        };
        world->mesh.tiers = &world->tiers;
    }
    appoint_guard(world, scenario);
    plan_writes(world, scenario, seed);
}

void sim_world_finish(struct sim_world *world)
{
    sim_network_finish(&world->network);
    sim_places_finish(&world->places);
    sim_scopes_finish(&world->scopes);
    sim_memory_free(world->writes);
    sim_memory_free(world->liars);
    sim_content_finish(&world->content);
}
