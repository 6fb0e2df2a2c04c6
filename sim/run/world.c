// SPDX-License-Identifier: GPL-3.0-or-later
#include "world.h"

#include <assert.h>
#include <stdlib.h>
#include <xxhash.h>

#include "allocate.h"
#include "stand_ins.h"

// A draw of the workload, beside those of stand_ins.h; the network's purposes lie below.
enum { DRAW_WRITER = MESH_DRAW_DRIVER + 100 };

static void hash(void *context, const void *bytes, size_t count, uint64_t out[2])
{
    (void)context;
    XXH128_hash_t value = XXH3_128bits(bytes, count);
    out[0] = value.low64;
    out[1] = value.high64;
}

// ---- Places ----

static void place_zone(struct sim_world *world, const struct sim_host *place, uint32_t first,
                       uint32_t count, uint32_t agents_per_host)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i % agents_per_host == 0) {
            world->hosts[world->host_count++] = *place;
        }
        world->host_of[first + i] = world->host_count - 1;
    }
}

static void place_agents(struct sim_world *world, const struct sim_scenario *scenario)
{
    uint32_t agents_per_host = scenario->network.agents_per_host;
    uint32_t zones = 0;
    for (uint32_t i = 0; i < scenario->region_count; i++) {
        zones += scenario->regions[i].zone_count;
    }
    world->host_of = sim_memory_zeroed(scenario->agents * sizeof *world->host_of);
    world->hosts =
        sim_memory_zeroed((scenario->agents / agents_per_host + zones + 1) * sizeof *world->hosts);
    struct sim_host place = {0};
    uint32_t first = 0;
    for (uint32_t i = 0; i < scenario->region_count; i++, place.region++) {
        const struct sim_region *region = &scenario->regions[i];
        for (uint32_t zone = 0; zone < region->zone_count; zone++, place.zone++) {
            uint32_t count =
                region->agents / region->zone_count + (zone < region->agents % region->zone_count);
            place_zone(world, &place, first, count, agents_per_host);
            first += count;
        }
    }
    assert(first == scenario->agents);
}

// ---- Groups ----

static void group_agents(struct sim_world *world, const struct sim_scenario *scenario)
{
    bool by_region = scenario->region_count > 1;
    uint32_t most = by_region ? scenario->region_count : scenario->regions[0].zone_count;
    world->group_starts = sim_memory_zeroed((most + 1) * sizeof *world->group_starts);
    for (uint32_t agent = 1; agent < scenario->agents; agent++) {
        const struct sim_host *before = &world->hosts[world->host_of[agent - 1]];
        const struct sim_host *here = &world->hosts[world->host_of[agent]];
        if (by_region ? before->region != here->region : before->zone != here->zone) {
            world->group_starts[++world->scope.group_count] = agent;
        }
    }
    world->group_starts[++world->scope.group_count] = scenario->agents;
    world->scope.group_starts = world->group_starts;
}

static void measure_groups(struct sim_world *world)
{
    uint32_t count = world->scope.group_count;
    const uint32_t *starts = world->group_starts;
    world->group_distance = sim_memory_zeroed((size_t)count * count * sizeof(uint32_t));
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < count; j++) {
            const struct sim_link *link =
                &world->network
                     .links[sim_network_pair(&world->network, starts[i], starts[j + 1] - 1)];
            world->group_distance[(size_t)i * count + j] =
                (uint32_t)((link->minimum_ns + link->span_ns / 2) / 1000);
        }
    }
    world->scope.group_distance = world->group_distance;
}

// ---- The graph of mode delta ----

// Parent and children, or those within `degree` steps; each once, however small the mesh.
static uint32_t neighbours_of(const struct sim_delta_settings *settings, uint32_t agents,
                              uint32_t agent, uint32_t *neighbours)
{
    uint32_t count = 0;
    uint32_t candidates[2 * MESH_DEGREE_MAX];
    uint32_t candidate_count = 0;
    for (uint32_t i = 1; i <= settings->degree; i++) {
        if (settings->graph == SIM_RING) {
            candidates[candidate_count++] = (agent + i) % agents;
            candidates[candidate_count++] = (agent + agents - i % agents) % agents;
        } else if ((uint64_t)agent * settings->degree + i < agents) {
            candidates[candidate_count++] = agent * settings->degree + i;
        }
    }
    if (settings->graph == SIM_TREE && agent > 0) {
        candidates[candidate_count++] = (agent - 1) / settings->degree;
    }
    for (uint32_t i = 0; i < candidate_count; i++) {
        bool known = candidates[i] == agent;
        for (uint32_t j = 0; j < count; j++) {
            known |= neighbours[j] == candidates[i];
        }
        if (!known) {
            neighbours[count++] = candidates[i];
        }
    }
    return count;
}

static void join_agents(struct sim_world *world, const struct sim_scenario *scenario)
{
    const struct sim_delta_settings *settings = &scenario->gossip.delta;
    if (scenario->gossip.mode != MESH_DELTA) {
        return;
    }
    uint32_t count = 0;
    world->graph_starts = sim_memory_zeroed((scenario->agents + 1) * sizeof *world->graph_starts);
    world->graph =
        sim_memory_zeroed((size_t)scenario->agents * MESH_DEGREE_MAX * sizeof *world->graph);
    for (uint32_t agent = 0; agent < scenario->agents; agent++) {
        count += neighbours_of(settings, scenario->agents, agent, world->graph + count);
        world->graph_starts[agent + 1] = count;
    }
    world->scope.delta = (struct mesh_delta){
        .starts = world->graph_starts,
        .neighbours = world->graph,
        .avoid_back_propagation = settings->avoid_back_propagation,
        .remove_redundancy = settings->remove_redundancy,
    };
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

static void plan_writes(struct sim_world *world, const struct sim_scenario *scenario, uint64_t seed)
{
    const struct sim_workload *workload = &scenario->workload;
    bool register_ = workload->crdt == SIM_LWW_REGISTER;
    uint32_t value_bytes = register_ ? workload->value_bytes : 0;
    world->writes = sim_memory_zeroed(workload->updates * sizeof *world->writes);
    world->values = sim_memory_zeroed((size_t)workload->updates * value_bytes);
    for (uint32_t update = 0; update < workload->updates; update++) {
        struct sim_write *write = &world->writes[update];
        struct mesh_random random = mesh_draw(seed, DRAW_WRITER, 0, update, 0);
        write->time_ns = workload->first_write_ns + update * workload->every_ns;
        write->node = workload->writers == SIM_WRITERS_RANDOM
                          ? mesh_below(random.word[0], scenario->agents)
                          : 0;
        write->write.key = update % workload->keys;
        write->write.lane = update;
        if (register_) {
            uint8_t *value = world->values + (size_t)update * value_bytes;
            sim_stand_in_value(seed, update, value_bytes, value);
            write->write.type = MESH_LWW_SET;
            write->write.value = value;
            write->write.value_bytes = (uint16_t)value_bytes;
        } else {
            write->write.type = MESH_G_INCREMENT;
            write->write.amount = 1;
        }
    }
    qsort(world->writes, workload->updates, sizeof *world->writes, by_time_and_node);
}

// With the seed of repetition 0, so that all repetitions share the figures.
static void measure_compression(struct sim_world *world, const struct sim_scenario *scenario)
{
    if (scenario->network.compressor == SIM_COMPRESS_ZSTD) {
        struct sim_stand_ins stand_ins;
        sim_stand_ins_init(&stand_ins, scenario);
        sim_stand_ins_compress(&stand_ins, scenario, &world->network.compression);
        sim_stand_ins_finish(&stand_ins);
    }
}

void sim_world_init(struct sim_world *world, const struct sim_scenario *scenario, uint64_t seed)
{
    *world = (struct sim_world){
        .scope =
            {
                .count = scenario->agents,
                .fanout = scenario->gossip.fanout,
                .update_limit = scenario->network.batch_size,
                .interval_ns = scenario->gossip.interval_ns,
                .mode = scenario->gossip.mode,
                .schedule = scenario->gossip.schedule,
                .rumor = scenario->gossip.rumor,
                .selection = scenario->gossip.selection,
                .bias_percent = scenario->gossip.bias_percent,
            },
        .mesh =
            {
                .seed = seed,
                .scope_count = 1,
                .signature_bytes = scenario->network.signature_bytes,
                .hash = hash,
            },
    };
    world->mesh.scopes = &world->scope;
    place_agents(world, scenario);
    sim_network_init(&world->network, &scenario->network, seed, world->host_of, scenario->agents,
                     world->hosts);
    measure_compression(world, scenario);
    join_agents(world, scenario);
    group_agents(world, scenario);
    measure_groups(world);
    plan_writes(world, scenario, seed);
}

void sim_world_finish(struct sim_world *world)
{
    sim_memory_free(world->host_of);
    sim_memory_free(world->hosts);
    sim_memory_free(world->writes);
    sim_memory_free(world->values);
    sim_memory_free(world->graph_starts);
    sim_memory_free(world->graph);
    sim_memory_free(world->group_starts);
    sim_memory_free(world->group_distance);
}
