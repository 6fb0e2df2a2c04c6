// SPDX-License-Identifier: GPL-3.0-or-later
// What a good file becomes.
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workshop.h"

TestSuite(scenario, .init = workshop_open, .fini = workshop_close, .timeout = 30);

static void destroy(struct outcome outcome)
{
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

static void must_be_latency(const struct sim_scenario *scenario, enum sim_pair_class pair,
                            uint64_t minimum_ns, uint64_t maximum_ns)
{
    const struct sim_latency *latency = &scenario->network.latency[pair];
    cr_assert_eq(latency->minimum_ns, minimum_ns, "%s", sim_pair_class_name(pair));
    cr_assert_eq(latency->maximum_ns, maximum_ns, "%s", sim_pair_class_name(pair));
    cr_assert_eq(latency->distribution, minimum_ns == maximum_ns ? SIM_CONSTANT : SIM_UNIFORM);
}

Test(scenario, of_a_bare_topology_has_every_default)
{
    struct outcome outcome = must_load(MESH);
    const struct sim_scenario *s = outcome.scenarios;
    cr_assert_eq(outcome.count, 1);
    cr_assert_str_eq(s->name, "x");
    cr_assert_str_eq(s->path, "x.yaml");
    cr_assert_str_eq(s->topology_path, "x.yaml");
    cr_assert_eq(s->topology, SIM_FLAT_MESH);
    cr_assert_eq(s->agents, 100, "a range runs at its upper end");
    cr_assert_eq(s->seed, 42);
    cr_assert_eq(s->repeat, 1);
    cr_assert_eq(s->duration_ns, 0);
    cr_assert_eq(s->region_count, 1);
    cr_assert_str_eq(s->regions[0].name, "local");
    cr_assert_eq(s->regions[0].zone_count, 1);
    cr_assert_eq(s->regions[0].agents, 100);
    cr_assert_eq(s->gossip.mode, MESH_PUSH_PULL);
    cr_assert_eq(s->gossip.schedule, MESH_PHASED);
    cr_assert_eq(s->gossip.fanout, 5);
    cr_assert_eq(s->gossip.interval_ns, 100000000);
    cr_assert_eq(s->gossip.threshold_ppb, 990000000);
    cr_assert_eq(s->network.transport, SIM_TCP);
    cr_assert_not(s->network.tls);
    cr_assert(s->network.batching);
    cr_assert_eq(s->network.batch_size, 100);
    cr_assert_eq(s->network.agents_per_host, 250);
    cr_assert_eq(s->network.signature_bytes, 0);
    cr_assert_eq(s->network.loss_ppb, 0);
    cr_assert_eq(s->network.duplicate_ppb, 0);
    cr_assert_not(s->network.connections.cold || s->network.connections.mutual);
    cr_assert_eq(s->network.connections.cert_rotation_hours, 0);
    cr_assert_eq(s->network.compressor, SIM_COMPRESS_NONE);
    cr_assert_eq(s->workload.updates, 60);
    cr_assert_eq(s->workload.first_write_ns, 0);
    cr_assert_eq(s->workload.every_ns, 10000000);
    cr_assert_eq(s->workload.writers, SIM_WRITERS_RANDOM);
    cr_assert_eq(s->workload.crdt, SIM_LWW_REGISTER);
    cr_assert_eq(s->workload.value_bytes, 64);
    cr_assert_eq(s->workload.keys, 1);
    cr_assert_eq(s->workload.elements, 100);
    cr_assert_eq(s->workload.remove_percent, 20);
    cr_assert_eq(s->workload.warmup_ns, 0);
    cr_assert_eq(s->expectation_count, 0);
    cr_assert_str_eq(s->cell, "");
    cr_assert_eq(s->row, 1);
    destroy(outcome);
}

// The document, "Performance Characteristics": loopback below 1 ms; intra-region below 10 ms;
// inter-region 50 to 100 ms.
Test(scenario, has_the_documents_latencies_unless_it_says_otherwise)
{
    struct outcome flat = must_load(MESH);
    for (int pair = 0; pair < SIM_EDGE_AGGREGATOR; pair++) {
        must_be_latency(flat.scenarios, (enum sim_pair_class)pair, 100000, 1000000);
    }
    destroy(flat);
    struct outcome region = must_load("topology: single_region_mesh\nagents: 10\n"
                                      "gossip: {fanout: 5, interval_ms: 100}\n");
    must_be_latency(region.scenarios, SIM_SAME_HOST, 1000000, 10000000);
    must_be_latency(region.scenarios, SIM_SAME_ZONE, 1000000, 10000000);
    must_be_latency(region.scenarios, SIM_SAME_REGION, 1000000, 10000000);
    must_be_latency(region.scenarios, SIM_INTER_REGION, 50000000, 100000000);
    destroy(region);
}

Test(scenario, takes_every_key_that_has_an_effect)
{
    struct outcome outcome = must_load(
        "scenario: everything\ntopology: single_region_mesh\nagent_count: 100-1000\nagents: 300\n"
        "seed: 7\nrepeat: 3\nduration_ms: 20000.5\n"
        "gossip: {mode: eager, schedule: phased, fanout: 10, interval_ms: 0.25,\n"
        "  convergence_threshold: 0.123456789}\n"
        "network:\n"
        "  latency:\n"
        "    same_host_ms: 0.05\n"
        "    same_zone_ms: {distribution: constant, value: 2}\n"
        "    same_region_ms: {distribution: uniform, min: 1.5, max: 9}\n"
        "    inter_region_rtt_ms: {distribution: uniform, min: 100, max: 200}\n"
        "  loss_percent: 2.5\n  duplicate_percent: 0.0000001\n"
        "  transport: quic\n  tls: true\n  batching: false\n  batch_size: 7\n"
        "  connections: {start: cold, idle_timeout_s: 1.5, max_per_host: 9}\n"
        "  cert_rotation_hours: 24\n  compression: zstd\n"
        "placement: {agents_per_host: 50}\n"
        "security: {signature_algo: ed25519, mtls: true, key_rotation_hours: 12}\n"
        "workload: {updates: 5, first_write_ms: 1, every_ms: 200, writers: first, value_bytes: 9,\n"
        "  keys: 2, crdt: or-set, elements: 17, remove_percent: 3, warmup_ms: 300}\n"
        "expect:\n  - p99(convergence_ms) < 1000\n  - bytes < 5\n");
    const struct sim_scenario *s = outcome.scenarios;
    cr_assert_str_eq(s->name, "everything");
    cr_assert_eq(s->agents, 300);
    cr_assert_eq(s->seed, 7);
    cr_assert_eq(s->repeat, 3);
    cr_assert_eq(s->duration_ns, 20000500000);
    cr_assert_eq(s->gossip.mode, MESH_EAGER);
    cr_assert_eq(s->gossip.interval_ns, 250000);
    cr_assert_eq(s->gossip.threshold_ppb, 123456789);
    must_be_latency(s, SIM_SAME_HOST, 50000, 50000);
    must_be_latency(s, SIM_SAME_ZONE, 2000000, 2000000);
    must_be_latency(s, SIM_SAME_REGION, 1500000, 9000000);
    must_be_latency(s, SIM_INTER_REGION, 50000000, 100000000);
    cr_assert_eq(s->network.loss_ppb, 25000000);
    cr_assert_eq(s->network.duplicate_ppb, 1);
    cr_assert_eq(s->network.transport, SIM_QUIC);
    cr_assert(s->network.tls);
    cr_assert_not(s->network.batching);
    cr_assert_eq(s->network.batch_size, 7);
    cr_assert_eq(s->network.agents_per_host, 50);
    cr_assert_eq(s->network.signature_bytes, 64);
    cr_assert(s->network.connections.cold && s->network.connections.mutual);
    cr_assert_eq(s->network.connections.idle_timeout_ns, 1500000000);
    cr_assert_eq(s->network.connections.max_per_host, 9);
    cr_assert_eq(s->network.connections.cert_rotation_hours, 24);
    cr_assert_eq(s->network.connections.key_rotation_hours, 12);
    cr_assert_eq(s->network.compressor, SIM_COMPRESS_ZSTD);
    cr_assert_eq(s->workload.updates, 5);
    cr_assert_eq(s->workload.first_write_ns, 1000000);
    cr_assert_eq(s->workload.every_ns, 200000000);
    cr_assert_eq(s->workload.writers, SIM_WRITERS_FIRST);
    cr_assert_eq(s->workload.value_bytes, 9);
    cr_assert_eq(s->workload.keys, 2);
    cr_assert_eq(s->workload.crdt, SIM_OR_SET);
    cr_assert_eq(s->workload.elements, 17);
    cr_assert_eq(s->workload.remove_percent, 3);
    cr_assert_eq(s->workload.warmup_ns, 300000000);
    cr_assert_eq(s->expectation_count, 2);
    cr_assert_str_eq(s->expectations[1].text, "bytes < 5");
    cr_assert_eq(s->expectations[1].origin.line, 31);
    cr_assert_eq(s->expectations[1].origin.column, 5);
    destroy(outcome);
}

Test(scenario, takes_the_settings_of_a_rumor_and_of_its_peers)
{
    struct outcome outcome =
        must_load("topology: flat_mesh\nagent_count: 10\n"
                  "gossip: {fanout: 5, interval_ms: 100, mode: rumor, schedule: synchronous,\n"
                  "  direction: pull, stop: coin, feedback: false, stop_k: 15, peers: hybrid,\n"
                  "  bias_percent: 0}\n");
    const struct sim_gossip *gossip = &outcome.scenarios->gossip;
    cr_assert_eq(gossip->mode, MESH_RUMOR);
    cr_assert_eq(gossip->schedule, MESH_SYNCHRONOUS);
    cr_assert(gossip->rumor.pull);
    cr_assert(gossip->rumor.coin);
    cr_assert_not(gossip->rumor.feedback);
    cr_assert_eq(gossip->rumor.k, 15);
    cr_assert_eq(gossip->selection, MESH_HYBRID);
    cr_assert_eq(gossip->bias_percent, 0);
    destroy(outcome);
}

// Demers et al. spread by push and stop by feedback and counter unless they say otherwise.
Test(scenario, leaves_a_rumor_to_push_feedback_and_counter)
{
    struct outcome outcome = must_load("topology: flat_mesh\nagent_count: 10\n"
                                       "gossip: {fanout: 5, interval_ms: 100, mode: rumor}\n");
    const struct sim_gossip *gossip = &outcome.scenarios->gossip;
    cr_assert_not(gossip->rumor.pull);
    cr_assert_not(gossip->rumor.coin);
    cr_assert(gossip->rumor.feedback);
    cr_assert_eq(gossip->rumor.k, 3);
    cr_assert_eq(gossip->selection, MESH_UNIFORM);
    cr_assert_eq(gossip->bias_percent, 80);
    destroy(outcome);
}

Test(scenario, wins_over_the_topology_it_names)
{
    write_text("mesh.yaml", "scenario: of the mesh\ntopology: flat_mesh\nagent_count: 10-100\n"
                            "gossip: {fanout: 5, interval_ms: 100, convergence_threshold: 0.95}\n"
                            "network: {latency: {same_host_ms: 3, same_zone_rtt_ms: 8}}\n"
                            "expect: [a < 1]\n");
    struct outcome outcome = must_load("topology: mesh.yaml\nagents: 20\ngossip: {fanout: 7}\n"
                                       "network: {latency: {same_zone_ms: 1}}\nexpect: []\n");
    const struct sim_scenario *s = outcome.scenarios;
    cr_assert_str_eq(s->name, "of the mesh");
    cr_assert_eq(s->agents, 20);
    cr_assert_eq(s->gossip.fanout, 7);
    cr_assert_eq(s->gossip.interval_ns, 100000000, "mappings merge key by key");
    cr_assert_eq(s->gossip.threshold_ppb, 950000000);
    must_be_latency(s, SIM_SAME_HOST, 3000000, 3000000);
    must_be_latency(s, SIM_SAME_ZONE, 1000000,
                    1000000);  // not the mesh's 4, half of the round trip
    cr_assert_eq(s->expectation_count, 0, "lists are replaced");
    cr_assert_str_eq(s->topology_path, "mesh.yaml");
    cr_assert_str_eq(s->fanout_origin.file, "x.yaml");
    cr_assert_eq(s->fanout_origin.line, 3);
    cr_assert_eq(s->fanout_origin.column, 18);
    cr_assert_str_eq(s->interval_origin.file, "mesh.yaml");
    cr_assert_eq(s->interval_origin.line, 4);
    cr_assert_str_eq(s->agents_origin.file, "x.yaml");
    cr_assert_eq(s->mode_origin.line, 0, "a default was written nowhere");
    destroy(outcome);
}

Test(scenario, may_hold_its_topology_itself)
{
    struct outcome outcome = must_load("topology:\n  topology: flat_mesh\n  agent_count: 10\n"
                                       "  gossip: {fanout: 5, interval_ms: 100}\nseed: 3\n");
    cr_assert_eq(outcome.scenarios->agents, 10);
    cr_assert_eq(outcome.scenarios->seed, 3);
    cr_assert_str_eq(outcome.scenarios->topology_path, "x.yaml");
    destroy(outcome);
}

Test(scenario, names_its_topology_relative_to_its_own_file)
{
    cr_assert_eq(mkdir("scenarios", 0700), 0);
    cr_assert_eq(mkdir("topologies", 0700), 0);
    write_text("topologies/mesh.yaml", MESH);
    write_text("scenarios/run.yaml", "topology: ../topologies/mesh.yaml\n");
    struct outcome outcome = load("scenarios/run.yaml");
    cr_assert(outcome.fine, "%s", outcome.error.text);
    cr_assert_str_eq(outcome.scenarios->topology_path, "topologies/mesh.yaml");
    cr_assert_str_eq(outcome.scenarios->name, "run");
    destroy(outcome);
}

// x/.. is not where it looks when x is a link: the longer path is the true one.
Test(scenario, finds_its_topology_through_a_link)
{
    cr_assert_eq(mkdir("far", 0700), 0);
    cr_assert_eq(mkdir("far/scenarios", 0700), 0);
    cr_assert_eq(symlink("far/scenarios", "near"), 0);
    write_text("far/mesh.yaml", MESH "seed: 1\n");
    write_text("mesh.yaml", MESH "seed: 2\n");
    write_text("far/scenarios/run.yaml", "topology: ../mesh.yaml\n");
    struct outcome outcome = load("near/run.yaml");
    cr_assert(outcome.fine, "%s", outcome.error.text);
    cr_assert_eq(outcome.scenarios->seed, 1);
    cr_assert_str_eq(outcome.scenarios->topology_path, "near/../mesh.yaml");
    destroy(outcome);
}

Test(scenario, counts_agents_from_the_most_specific_place)
{
    static const struct {
        const char *rest;
        uint32_t agents;
    } cases[] = {
        {"agent_count: 50\n", 50},
        {"agent_count: 10-100\n", 100},
        {"agent_count: 10-100\nagents: 7\n", 7},  // outside the range: a what-if
        {"regions: [{name: a, agents: 30}]\n", 30},
        {"regions: [{name: a, agents: 10-40}]\n", 40},
        {"agent_count: 20\nregions: [{name: a, agents: 30}]\n", 20},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "topology: flat_mesh\ngossip: {fanout: 5, interval_ms: 100}\n%s", cases[i].rest);
        struct outcome outcome = must_load(text);
        cr_assert_eq(outcome.scenarios->agents, cases[i].agents, "%s", cases[i].rest);
        cr_assert_eq(outcome.scenarios->regions[0].agents, cases[i].agents, "%s", cases[i].rest);
        destroy(outcome);
    }
}

Test(scenario, keeps_the_zones_of_a_region_in_order)
{
    struct outcome outcome =
        must_load(MESH "regions: [{name: r, location: here, zones: [c, a, b], agents: 5}]\n");
    const struct sim_region *region = outcome.scenarios->regions;
    cr_assert_str_eq(region->name, "r");
    cr_assert_str_eq(region->location, "here");
    cr_assert_eq(region->zone_count, 3);
    cr_assert_str_eq(region->zones[0], "c");
    cr_assert_str_eq(region->zones[2], "b");
    destroy(outcome);
}

// Shares by hand, Hamilton's method: 30 : 30 : 40 of 11 are 3.3, 3.3, 4.4, so the eleventh goes to
// the third region; of 7 they are 2.1, 2.1, 2.8. Equal remainders favour the earlier region.
Test(scenario, shares_agents_among_regions_by_largest_remainder)
{
    static const struct {
        const char *weights[3];
        const char *agents;
        uint32_t shares[3];
    } cases[] = {
        {{"30000", "30000", "40000"}, "11", {3, 3, 5}},
        {{"30000", "30000", "40000"}, "7", {2, 2, 3}},
        {{"1", "1", "1"}, "11", {4, 4, 3}},
        {{"1", "1", "10000000"}, "2", {0, 0, 2}},
        {{"1-3", "1", "4"}, "8", {3, 1, 4}},  // a range weighs as much as its upper end
        {{"5", "5", "10"}, "10000000", {2500000, 2500000, 5000000}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "topology: multi_region_mesh\nregions: [{name: a, agents: %s}, "
                 "{name: b, agents: %s}, {name: c, agents: %s}]\nagents: %s\n"
                 "gossip: {fanout: 1, interval_ms: 100}\n",
                 cases[i].weights[0], cases[i].weights[1], cases[i].weights[2], cases[i].agents);
        struct outcome outcome = must_load(text);
        for (int region = 0; region < 3; region++) {
            cr_assert_eq(outcome.scenarios->regions[region].agents, cases[i].shares[region],
                         "case %zu, region %d: %u", i, region,
                         outcome.scenarios->regions[region].agents);
        }
        destroy(outcome);
    }
}

Test(scenario, may_use_aliases_and_every_spelling_of_yaml)
{
    struct outcome outcome = must_load("\xEF\xBB\xBF%YAML 1.1\n---\r\n"
                                       "topology: &t 'flat_mesh'\r\n"
                                       "agent_count: &n 20\r\n"
                                       "regions:\r\n- name: *t\r\n  agents: *n\r\n"
                                       "gossip:\r\n  fanout: 5\r\n  interval_ms: 100\r\n"
                                       "network: {tls: True, transport: Quic}\r\n...\r\n");
    cr_assert_str_eq(outcome.scenarios->regions[0].name, "flat_mesh");
    cr_assert_eq(outcome.scenarios->agents, 20);
    cr_assert(outcome.scenarios->network.tls);
    destroy(outcome);
}

Test(scenario, names_of_enums_are_those_of_files)
{
    cr_assert_str_eq(sim_mode_name(MESH_PUSH), "push");
    cr_assert_str_eq(sim_mode_name(MESH_PULL), "pull");
    cr_assert_str_eq(sim_mode_name(MESH_PUSH_PULL), "push-pull");
    cr_assert_str_eq(sim_mode_name(MESH_EAGER), "eager");
    cr_assert_str_eq(sim_mode_name(MESH_RUMOR), "rumor");
    cr_assert_str_eq(sim_schedule_name(MESH_PHASED), "phased");
    cr_assert_str_eq(sim_schedule_name(MESH_SYNCHRONOUS), "synchronous");
    cr_assert_str_eq(sim_schedule_name(MESH_POISSON), "poisson");
    cr_assert_str_eq(sim_selection_name(MESH_UNIFORM), "uniform");
    cr_assert_str_eq(sim_selection_name(MESH_LOCAL_BIAS), "local-bias");
    cr_assert_str_eq(sim_selection_name(MESH_LATENCY_AWARE), "latency-aware");
    cr_assert_str_eq(sim_selection_name(MESH_HYBRID), "hybrid");
    cr_assert_str_eq(sim_topology_name(SIM_FLAT_MESH), "flat_mesh");
    cr_assert_str_eq(sim_topology_name(SIM_HIERARCHICAL), "hierarchical");
}
