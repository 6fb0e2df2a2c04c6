// SPDX-License-Identifier: GPL-3.0-or-later
#include "direct.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "fixture.h"

// ---- There ----

static uint64_t ns(double ms)
{
    return (uint64_t)llround(1e6 * ms);
}

static uint32_t ppb(double share)
{
    return (uint32_t)llround(1e9 * share);
}

static const enum sim_pair_class pairs[NAIVE_PAIR_COUNT] = {
    [NAIVE_SAME_HOST] = SIM_SAME_HOST,
    [NAIVE_SAME_ZONE] = SIM_SAME_ZONE,
    [NAIVE_SAME_REGION] = SIM_SAME_REGION,
    [NAIVE_INTER_REGION] = SIM_INTER_REGION,
    [NAIVE_EDGE_AGGREGATOR] = SIM_EDGE_AGGREGATOR,
    [NAIVE_AGGREGATOR_COORDINATOR] = SIM_AGGREGATOR_COORDINATOR,
};

static const enum mesh_mode modes[] = {
    [NAIVE_PUSH] = MESH_PUSH,
    [NAIVE_PUSH_PULL] = MESH_PUSH_PULL,
    [NAIVE_EAGER] = MESH_EAGER,
};

static void fill_regions(struct fixture *fixture, const struct naive_config *config)
{
    uint32_t agents[FIXTURE_REGIONS_MAX];
    uint32_t zones[FIXTURE_REGIONS_MAX];
    int regions = config->places.regions;
    for (int r = 0; r < regions; r++) {
        agents[r] = (uint32_t)(config->agents / regions + (r < config->agents % regions));
        zones[r] = (uint32_t)config->places.zones;
    }
    fixture_set_regions(fixture, (uint32_t)regions, agents, zones);
}

static void fill_leaders(struct fixture *fixture, const struct naive_leaders *leaders)
{
    fixture_set_leaders(fixture, (uint32_t)leaders->bridges);
    fixture->scenario.leaders = (struct sim_leaders){
        .candidates = (uint32_t)leaders->candidates,
        .fanout = (uint32_t)leaders->fanout,
        .interval_ns = ns(leaders->interval_ms),
        .heartbeat_ns = 100000000,
        .failover_ns = 1000000000,
        .election_ns_min = 500000000,
        .election_ns_max = 1000000000,
        .pre_vote = true,
        .check_quorum = true,
    };
}

static void fill_hierarchy(struct fixture *fixture, const struct naive_hierarchy *hierarchy)
{
    fixture->scenario.topology = SIM_HIERARCHICAL;
    fixture->scenario.hierarchy = (struct sim_hierarchy){
        .coordinators = (uint32_t)hierarchy->coordinators,
        .aggregators_per_region = (uint32_t)hierarchy->aggregators,
        .edges_per_aggregator = (uint32_t)hierarchy->edges,
        .relays = (uint32_t)hierarchy->relays,
        .coordinators_addressed = (uint32_t)hierarchy->addressed,
        .aggregator_interval_ns = ns(hierarchy->aggregator_ms),
        .global_interval_ns = ns(hierarchy->global_ms),
    };
}

static void fill_network(struct sim_network_settings *network, const struct naive_config *config)
{
    network->agents_per_host = (uint32_t)config->places.agents_per_host;
    network->loss_ppb = ppb(config->loss);
    network->duplicate_ppb = ppb(config->duplication);
    for (int pair = 0; pair < NAIVE_PAIR_COUNT; pair++) {
        network->latency[pairs[pair]] = (struct sim_latency){
            .distribution = SIM_UNIFORM,
            .minimum_ns = ns(config->latency[pair].min_ms),
            .maximum_ns = ns(config->latency[pair].max_ms),
        };
    }
}

static void fill_scenario(struct fixture *fixture, const struct naive_config *config)
{
    fixture_init(fixture, (uint32_t)config->agents);
    fill_regions(fixture, config);
    if (config->shape == NAIVE_LEADERS) {
        fill_leaders(fixture, &config->leaders);
    } else if (config->shape == NAIVE_HIERARCHY) {
        fill_hierarchy(fixture, &config->hierarchy);
    }
    fill_network(&fixture->scenario.network, config);
    struct sim_scenario *scenario = &fixture->scenario;
    scenario->seed = config->seed;
    scenario->duration_ns = ns(config->duration_ms);
    scenario->gossip.mode = modes[config->mode];
    scenario->gossip.fanout = (uint32_t)config->fanout;
    scenario->gossip.interval_ns = ns(config->interval_ms);
    scenario->gossip.threshold_ppb = ppb(config->theta_percent / 100.0);
    scenario->workload.updates = (uint32_t)config->updates;
    scenario->workload.first_write_ns = ns(config->first_write_ms);
    scenario->workload.every_ns = ns(config->every_ms);
}

// ---- And back ----

static double elapsed_ms(uint64_t elapsed_ns)
{
    return elapsed_ns == SIM_TIME_NEVER ? INFINITY : (double)elapsed_ns / 1e6;
}

static double near_ms(const struct sim_near *near)
{
    return near->cohort == 0 ? 0 : elapsed_ms(near->theta_ns);
}

static void read_updates(const struct sim_result *ours, struct naive_result *result)
{
    for (uint32_t u = 0; u < ours->update_count; u++) {
        const struct sim_update_result *update = &ours->updates[u];
        result->theta_ms[u] = elapsed_ms(update->theta_ns);
        result->all_ms[u] = elapsed_ms(update->all_ns);
        result->region_ms[u] = near_ms(&update->near[SIM_REACH_REGION]);
        result->edge_ms[u] = near_ms(&update->near[SIM_REACH_EDGE]);
        result->held[u] = (int)update->held;
    }
}

static void read_traffic(const struct sim_result *ours, struct naive_result *result)
{
    static const enum mesh_message_kind kinds[NAIVE_KIND_COUNT] = {
        [NAIVE_SEND_PUSH] = MESH_MESSAGE_PUSH,     [NAIVE_SEND_OPEN] = MESH_MESSAGE_OPEN,
        [NAIVE_SEND_ANSWER] = MESH_MESSAGE_ANSWER, [NAIVE_SEND_VECTOR] = MESH_MESSAGE_VECTOR,
        [NAIVE_SEND_FILL] = MESH_MESSAGE_FILL,     [NAIVE_SEND_REST] = MESH_MESSAGE_REST,
        [NAIVE_SEND_EAGER] = MESH_MESSAGE_EAGER,
    };
    for (int kind = 0; kind < NAIVE_KIND_COUNT; kind++) {
        for (int pair = 0; pair < NAIVE_PAIR_COUNT; pair++) {
            const struct sim_traffic *traffic = &ours->traffic[kinds[kind]][pairs[pair]];
            result->messages[kind] += traffic->messages;
            result->pair_messages[pair] += traffic->messages;
            result->updates_sent[kind] += traffic->updates;
        }
    }
}

void direct_run(const struct naive_config *config, int run_count, struct naive_result *results)
{
    struct fixture fixture;
    fill_scenario(&fixture, config);
    for (int run = 0; run < run_count; run++) {
        struct sim_result ours;
        fixture_run(&fixture, (uint32_t)run, &ours);
        cr_assert_eq(ours.update_count, (uint32_t)config->updates);
        results[run] = (struct naive_result){.end_ms = (double)ours.simulated_ns / 1e6};
        cr_assert_float_eq(results[run].end_ms, config->duration_ms, 1e-6);
        read_updates(&ours, &results[run]);
        read_traffic(&ours, &results[run]);
        sim_result_finish(&ours);
    }
}
