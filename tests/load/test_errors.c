// SPDX-License-Identifier: GPL-3.0-or-later
// Honest mistakes: each is refused at its place, with what was expected and the nearest known name.
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "workshop.h"

TestSuite(errors, .init = workshop_open, .fini = workshop_close, .timeout = 30);

struct mistake {
    const char *line;  // the fourth, after MESH
    uint32_t column;
    const char *words;
};

static void must_fail_each(const struct mistake *mistakes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[512];
        snprintf(text, sizeof text, MESH "%s\n", mistakes[i].line);
        must_fail(text, SIM_ERROR_SCENARIO, 4, mistakes[i].column, mistakes[i].words);
    }
}

#define MUST_FAIL_EACH(mistakes) must_fail_each((mistakes), sizeof(mistakes) / sizeof *(mistakes))

Test(errors, quote_the_offending_line)
{
    struct outcome outcome = load_text(MESH "seed:   many # seeds\n");
    cr_assert_str_eq(outcome.error.excerpt, "seed:   many # seeds");
    must_have_failed(outcome, SIM_ERROR_SCENARIO, "x.yaml", 4, 9,
                     "seed: expected an integer from 0 to 9223372036854775807, found \"many\"");
}

Test(errors, unknown_key_is_refused_with_the_nearest_known_one)
{
    static const struct mistake mistakes[] = {
        {"gosip: {}", 1, "unknown key gosip: did you mean gossip?"},
        {"worklaod: {}", 1, "unknown key worklaod: did you mean workload?"},
        {"workload: {updtes: 5}", 12,
         "unknown key workload.updtes: did you mean workload.updates?"},
        {"network: {latency: {same_hots_ms: 1}}", 21, "did you mean network.latency.same_host_ms?"},
        {"regions: [{name: a, zone: [b]}]", 21, "did you mean regions[].zones?"},
        {"Gossip: {}", 1, "did you mean gossip?"},
    };
    MUST_FAIL_EACH(mistakes);
}

Test(errors, a_key_in_the_wrong_place_is_refused_with_the_right_one)
{
    static const struct mistake mistakes[] = {
        {"fanout: 5", 1, "unknown key fanout: did you mean gossip.fanout?"},
        {"updates: 5", 1, "did you mean workload.updates?"},
        {"loss_percnt: 5", 1, "did you mean network.loss_percent?"},
        {"workload: {seed: 5}", 12, "unknown key workload.seed: did you mean seed?"},
    };
    MUST_FAIL_EACH(mistakes);
}

Test(errors, a_key_like_no_other_is_refused_with_those_known_there)
{
    must_fail(MESH "placement: {altitude: 5}\n", SIM_ERROR_SCENARIO, 4, 13,
              "unknown key placement.altitude: known here are agents_per_host");
}

Test(errors, values_of_the_wrong_kind_are_refused)
{
    static const struct mistake mistakes[] = {
        {"network: {tls: yes}", 16, "network.tls: expected true or false, found \"yes\""},
        {"network: {tls: 1}", 16, "expected true or false"},
        {"network: {tls: \"true\"}", 16, "expected true or false"},
        {"network:", 9, "network: expected a mapping of keys, found nothing"},
        {"network: [tls]", 10, "expected a mapping of keys, found a list of 1"},
        {"network: fast", 10, "expected a mapping of keys, found \"fast\""},
        {"regions: local", 10, "expected a list of 1 to 1000, found \"local\""},
        {"regions: []", 10, "found a list of 0"},
        {"regions: [local]", 11, "regions[0]: expected a mapping of keys, found \"local\""},
        {"agents: [10]", 9, "expected an integer from 2 to 10000000, found a list of 1"},
        {"agents: \"10\"", 9, "write it without quotes"},
        {"agents: 10-20", 9, "agents: expected an integer"},
        {"agents: ~", 9, "found nothing"},
        {"agents: 1_000", 9, "not a number"},
        {"agents: 1e3", 9, "written with an exponent"},
        {"agents: 0x10", 9, "not a number"},
        {"agents: 010", 9, "leading zero"},
        {"agents: 10.5", 9, "not a whole number"},
        {"agents: .inf", 9, "not a number"},
        {"scenario: {a: b}", 11, "scenario: expected a text on one line"},
        {"scenario: \"\"", 11, "scenario: expected a text on one line"},
        {"scenario: |\n  two\n  lines", 11, "with a line break"},
        {"expect: p99(x) < 1", 9, "expected a list of 0 to 1000"},
        {"observability: {otel_endpoints: [a]}", 34, "expected a mapping of names to texts"},
        {"workload: {crdt: g-countr}", 18, "did you mean g-counter?"},
    };
    MUST_FAIL_EACH(mistakes);
    must_fail("topology: flat_mesh\ngossip: {mode: push_pull}\n", SIM_ERROR_SCENARIO, 2, 16,
              "gossip.mode: expected push, pull, push-pull, eager, rumor or delta, found "
              "\"push_pull\", did "
              "you mean push-pull?");
    must_fail("topology: flat_mesh\ngossip: {schedule: poison}\n", SIM_ERROR_SCENARIO, 2, 20,
              "gossip.schedule: expected phased, synchronous or poisson, found \"poison\", did you "
              "mean poisson?");
    must_fail("topology: flat_mesh\ngossip: {peers: local_bias}\n", SIM_ERROR_SCENARIO, 2, 17,
              "gossip.peers: expected uniform, local-bias, latency-aware or hybrid, found "
              "\"local_bias\", did you mean local-bias?");
    must_fail("topology: flat_mesh\ngossip: {direction: push-pull}\n", SIM_ERROR_SCENARIO, 2, 21,
              "gossip.direction: expected push or pull");
    must_fail("topology: flat_mesh\ngossip: {stop: coins}\n", SIM_ERROR_SCENARIO, 2, 16,
              "gossip.stop: expected counter or coin, found \"coins\", did you mean coin?");
    must_fail("topology: flat_mesh\ngossip: {feedback: blind}\n", SIM_ERROR_SCENARIO, 2, 20,
              "gossip.feedback: expected true or false");
}

Test(errors, numbers_out_of_range_are_refused)
{
    static const struct mistake mistakes[] = {
        {"agents: 1", 9, "from 2 to 10000000, found \"1\""},
        {"agents: 10000001", 9, "from 2 to 10000000"},
        {"agents: -5", 9, "from 2 to 10000000"},
        {"seed: -1", 7, "from 0 to"},
        {"seed: 9223372036854775808", 7, "too large"},
        {"repeat: 0", 9, "from 1 to 1000000"},
        {"duration_ms: 86400000.000001", 14, "a number from 0 to 86400000"},
        {"duration_ms: 0.0000001", 14, "finer than 6 decimal places"},
        {"network: {loss_percent: 100.0000001}", 25, "a number from 0 to 100"},
        {"network: {loss_percent: -1}", 25, "a number from 0 to 100"},
        {"network: {batch_size: 65536}", 23, "from 1 to 65535"},
        {"network: {port: 65536}", 17, "from 1 to 65535"},
        {"network: {port_range: 9-8}", 23, "ends below its start"},
        {"network: {port_range: 8000-}", 23, "an integer from 1 to 65535, or a range"},
        {"network: {port_range: 0-9}", 23, "an integer from 1 to 65535, or a range"},
        {"security: {byzantine_threshold: 1.5}", 33, "a number from 0 to 1"},
        {"workload: {value_bytes: 65536}", 25, "from 0 to 65535"},
        {"workload: {elements: 0}", 22, "from 1 to 1000000"},
        {"workload: {elements: 1000001}", 22, "from 1 to 1000000"},
        {"workload: {remove_percent: 101}", 28, "from 0 to 100"},
        {"workload: {crdt: or-sets}", 18, "or-set"},
        {"network: {latency: {same_host_ms: 1099511.627776}}", 35, "from 0 to 1099511.627775"},
    };
    MUST_FAIL_EACH(mistakes);
    must_fail("topology: flat_mesh\ngossip: {fanout: 1001}\n", SIM_ERROR_SCENARIO, 2, 18,
              "from 1 to 1000");
    must_fail("topology: flat_mesh\ngossip: {interval_ms: 0}\n", SIM_ERROR_SCENARIO, 2, 23,
              "from 0.001 to 3600000");
    must_fail("topology: flat_mesh\ngossip: {convergence_threshold: 0}\n", SIM_ERROR_SCENARIO, 2,
              33, "from 0.000000001 to 1");
    must_fail("topology: flat_mesh\ngossip: {stop_k: 0}\n", SIM_ERROR_SCENARIO, 2, 18,
              "gossip.stop_k: expected an integer from 1 to 15");
    must_fail("topology: flat_mesh\ngossip: {stop_k: 16}\n", SIM_ERROR_SCENARIO, 2, 18,
              "gossip.stop_k: expected an integer from 1 to 15");
    must_fail("topology: flat_mesh\ngossip: {bias_percent: 101}\n", SIM_ERROR_SCENARIO, 2, 24,
              "gossip.bias_percent: expected an integer from 0 to 100");
}

Test(errors, latencies_say_what_they_lack)
{
    static const struct mistake mistakes[] = {
        {"network: {latency: {same_host_ms: {min: 1, max: 2}}}", 35, "distribution is missing"},
        {"network: {latency: {same_host_ms: {distribution: unifrom, min: 1, max: 2}}}", 50,
         "did you mean uniform?"},
        {"network: {latency: {same_host_ms: {distribution: uniform, min: 1}}}", 35,
         "same_host_ms.max is missing"},
        {"network: {latency: {same_host_ms: {distribution: uniform, min: 2, max: 1}}}", 72,
         "max must be above min"},
        {"network: {latency: {same_host_ms: {distribution: constant, value: 1, min: 1}}}", 70,
         "a constant latency has no key \"min\""},
        {"network: {latency: {same_host_ms: {distribution: constant, value: x}}}", 67,
         "same_host_ms.value: expected a number"},
        {"network: {latency: {same_host_ms: [1, 2]}}", 35, "{distribution: uniform, min: 1"},
        {"network: {latency: {same_zone_ms: 1, same_zone_rtt_ms: 2}}", 38,
         "same_zone_rtt_ms and same_zone_ms (line 4) say the same"},
        {"network: {latency: {same_zone_rtt_ms: 0.000001}}", 39, "finer than a nanosecond"},
    };
    MUST_FAIL_EACH(mistakes);
}

Test(errors, what_comes_later_is_refused_and_never_ignored)
{
    static const struct mistake mistakes[] = {
        {"cost: {}", 1, "cost is not in this version"},
        {"membership: gossip", 13, "membership"},
        {"workload: {report_every_ms: 5}", 12,
         "workload.report_every_ms belongs to hierarchical; this is a flat_mesh"},
    };
    MUST_FAIL_EACH(mistakes);
    must_fail("topology: flat_mesh\ngossip: {eager_links: true}\n", SIM_ERROR_SCENARIO, 2, 10,
              "gossip.eager_links belongs to multi_region_leaders, hierarchical; this is a "
              "flat_mesh");
}

Test(errors, missing_settings_are_named)
{
    must_fail("agent_count: 10\n", SIM_ERROR_SCENARIO, 1, 1, "topology is missing");
    must_fail("topology: flat_mesh\ngossip: {fanout: 5, interval_ms: 100}\n", SIM_ERROR_SCENARIO, 1,
              11, "how many agents?");
    must_fail("topology: flat_mesh\nagents: 10\ngossip: {fanout: 5}\n", SIM_ERROR_SCENARIO, 1, 11,
              "gossip.interval_ms is missing, which a flat_mesh needs");
    must_fail("agents: 10\ntopology: single_region_mesh\n", SIM_ERROR_SCENARIO, 2, 11,
              "gossip.fanout is missing, which a single_region_mesh needs");
    must_fail(MESH "regions: [{agents: 10}]\n", SIM_ERROR_SCENARIO, 4, 11,
              "regions[0].name is missing");
}

Test(errors, settings_that_contradict_each_other_are_refused)
{
    static const struct mistake mistakes[] = {
        {"regions: [{name: a}, {name: b}]", 22, "a flat_mesh has one region, not 2"},
        {"regions: [{name: a, zones: [x, x]}]", 32, "the name \"x\" stands twice"},
        {"regions: [{name: a}, {name: a}]", 29, "the name \"a\" stands twice"},
        {"regions: [{name: a, agents: 1}, {name: b}]", 33, "either every region says"},
        {"hierarchy: {levels: 3}", 1, "hierarchy belongs to hierarchical; this is a flat_mesh"},
        {"leaders: {election: raft}", 1, "leaders belongs to multi_region_leaders"},
        {"duration_ms: 590", 14, "the last of 60 updates would be written at 590 ms"},
        {"workload: {every_ms: 400}", 22,
         "would be written at 23600 ms, but the run ends at 20000"},
        {"workload: {updates: 1000000, every_ms: 86400000}", 40, "over 86400000 ms"},
        {"workload: {warmup_ms: 591}", 23, "no update is written after the warm-up"},
        {"workload: {crdt: or-set, elements: 257, value_bytes: 1}", 54,
         "an or-set with 257 elements: 1; expected 2 to 65519"},
        {"workload: {crdt: or-set, value_bytes: 0}", 39, "expected 1 to 65519"},
        {"workload: {crdt: lww-map, value_bytes: 65520}", 40, "expected 0 to 65519"},
    };
    MUST_FAIL_EACH(mistakes);
    struct outcome outcome =
        must_load(MESH "duration_ms: 590.000001\n");  // just after the last one
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(errors, what_cannot_be_read_has_code_74)
{
    must_have_failed(load("nowhere.yaml"), SIM_ERROR_IO, "", 0, 0,
                     "cannot read nowhere.yaml: No such");
    must_have_failed(load("."), SIM_ERROR_IO, "", 0, 0, "it is a directory");
    must_fail("scenario: a\ntopology: nowhere/mesh.yaml\n", SIM_ERROR_IO, 2, 11,
              "cannot read nowhere/mesh.yaml: No such");
    must_fail("topology: ./\n", SIM_ERROR_IO, 1, 11, "it is a directory");
}

Test(errors, in_a_topology_that_a_scenario_names_stand_in_its_file)
{
    write_text("mesh.yaml", "topology: flat_mesh\nagent_count: 10\ngossip: {fanout: five}\n");
    struct outcome outcome = load_text("topology: mesh.yaml\n");
    must_have_failed(outcome, SIM_ERROR_SCENARIO, "mesh.yaml", 3, 18, "found \"five\"");
    write_text("mesh.yaml", "agent_count: 10\n");
    outcome = load_text("topology: mesh.yaml\n");
    must_have_failed(outcome, SIM_ERROR_SCENARIO, "mesh.yaml", 1, 1, "topology is missing");
    write_text("mesh.yaml",
               "topology: x.yaml\n");  // a scenario is no topology, and no circle either
    outcome = load_text("topology: mesh.yaml\n");
    must_have_failed(outcome, SIM_ERROR_SCENARIO, "mesh.yaml", 1, 11,
                     "topology: expected flat_mesh");
    write_text("mesh.yaml", MESH "sweep: {agents: [10, 20]}\n");
    outcome = load_text("topology: mesh.yaml\n");
    must_have_failed(outcome, SIM_ERROR_SCENARIO, "mesh.yaml", 4, 8, "cannot sweep");
}

Test(errors, an_unknown_topology_is_refused_with_the_nearest_one)
{
    must_fail("topology: flat_mash\n", SIM_ERROR_SCENARIO, 1, 11, "did you mean flat_mesh?");
    must_fail("topology: ring\n", SIM_ERROR_SCENARIO, 1, 11,
              "expected flat_mesh, single_region_mesh, multi_region_mesh, multi_region_leaders, "
              "hierarchical or the path of a file, found \"ring\"");
}

Test(errors, the_first_error_wins)
{
    struct sim_error error = {.code = SIM_ERROR_INTERNAL, .text = "earlier"};
    struct sim_scenario *scenarios;
    uint32_t count;
    write_text("x.yaml", "bad\n");
    cr_assert_not(sim_load_scenario("x.yaml", NULL, &scenarios, &count, &error));
    cr_assert_str_eq(error.text, "earlier");
    cr_assert_not(sim_load_scenario("x.yaml", NULL, &scenarios, &count, NULL));
}
