// SPDX-License-Identifier: GPL-3.0-or-later
// What the command line adds to a file.
#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>

#include "workshop.h"

static void open_with_mesh(void)
{
    workshop_open();
    write_text("x.yaml", MESH "regions: [{name: a, agents: 5}]\n");
}

TestSuite(options, .init = open_with_mesh, .fini = workshop_close, .timeout = 30);

#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct outcome load_x(const char *const *options)
{
    struct outcome outcome = load_with("x.yaml", options);
    cr_assert(outcome.fine, "%s:%u:%u: %s", outcome.error.file, outcome.error.line,
              outcome.error.column, outcome.error.text);
    return outcome;
}

static void must_refuse_set(const char *set, const char *file, uint32_t column, const char *words)
{
    must_have_failed(load_with("x.yaml", OPTIONS(set)), SIM_ERROR_SCENARIO, file, 1, column, words);
}

Test(options, win_over_the_file_and_the_later_over_the_earlier)
{
    struct outcome outcome =
        load_x(OPTIONS("gossip.fanout=10", "duration_ms=10000", "gossip.fanout=11", "agents=40",
                       "--agents", "50", "--seed", "9", "--repeat", "2", "seed=8"));
    const struct sim_scenario *s = outcome.scenarios;
    cr_assert_eq(s->gossip.fanout, 11);
    cr_assert_eq(s->duration_ns, 10000000000);
    cr_assert_eq(s->agents, 50, "--agents wins over --set agents");
    cr_assert_eq(s->seed, 9);
    cr_assert_eq(s->repeat, 2);
    cr_assert_str_eq(s->fanout_origin.file, "--set");
    cr_assert_eq(s->fanout_origin.line, 1);
    cr_assert_str_eq(s->agents_origin.file, "--agents");
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(options, set_mappings_lists_and_elements_of_lists)
{
    struct outcome outcome =
        load_x(OPTIONS("gossip={mode: push, fanout: 2}",
                       "network.latency.same_zone_ms={distribution: uniform, min: 1, max: 10}",
                       "expect=[p99(convergence_ms) < 1000, messages > 0]",
                       "regions[0].zones=[x, y]", "regions[0].zones[1]=z"));
    const struct sim_scenario *s = outcome.scenarios;
    cr_assert_eq(s->gossip.mode, MESH_PUSH);
    cr_assert_eq(s->gossip.fanout, 2);
    cr_assert_eq(s->gossip.interval_ns, 100000000, "the rest of the mapping stays");
    cr_assert_eq(s->network.latency[SIM_SAME_ZONE].minimum_ns, 1000000);
    cr_assert_eq(s->network.latency[SIM_SAME_ZONE].maximum_ns, 10000000);
    cr_assert_eq(s->expectation_count, 2);
    cr_assert_str_eq(s->expectations[0].text, "p99(convergence_ms) < 1000");
    cr_assert_str_eq(s->expectations[0].origin.file, "--set");
    cr_assert_eq(s->expectations[0].origin.column, 9);
    cr_assert_eq(s->regions[0].zone_count, 2);
    cr_assert_str_eq(s->regions[0].zones[0], "x");
    cr_assert_str_eq(s->regions[0].zones[1], "z");
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(options, replace_another_way_to_say_the_same)
{
    write_text("x.yaml", MESH "network: {latency: {same_zone_ms: 5}}\n");
    struct outcome outcome = load_x(OPTIONS("network.latency.same_zone_rtt_ms=0.3"));
    cr_assert_eq(outcome.scenarios->network.latency[SIM_SAME_ZONE].maximum_ns, 150000);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(options, can_name_another_topology_from_where_the_user_stands)
{
    cr_assert_eq(mkdir("sub", 0700), 0);
    write_text("other.yaml", "topology: single_region_mesh\nagent_count: 30\n"
                             "gossip: {fanout: 3, interval_ms: 50}\n");
    write_text("sub/run.yaml", "topology: nowhere.yaml\n");
    struct outcome outcome = load_with("sub/run.yaml", OPTIONS("topology=./other.yaml"));
    cr_assert(outcome.fine, "%s", outcome.error.text);
    cr_assert_eq(outcome.scenarios->topology, SIM_SINGLE_REGION_MESH);
    cr_assert_eq(outcome.scenarios->agents, 30);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
    outcome = load_x(OPTIONS("topology=single_region_mesh"));
    cr_assert_eq(outcome.scenarios->topology, SIM_SINGLE_REGION_MESH);
    cr_assert_eq(outcome.scenarios->gossip.fanout, 5, "the file's own settings stay");
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(options, are_refused_with_their_own_place)
{
    must_refuse_set("gossip.fanoot=10", "--set gossip.fanoot=10", 8,
                    "unknown key gossip.fanoot: did you mean gossip.fanout?");
    must_refuse_set("fanout=10", "--set fanout=10", 1, "did you mean gossip.fanout?");
    must_refuse_set("gossip.fanout=many", "--set gossip.fanout=many", 15,
                    "gossip.fanout: expected an integer from 1 to 1000, found \"many\"");
    must_refuse_set("gossip.fanout=", "--set gossip.fanout=", 15, "gossip.fanout has no value");
    must_refuse_set("gossip.fanout=[1", "--set gossip.fanout=[1", 15, "not YAML");
    must_refuse_set("gossip={mode: push, fanot: 1}", "--set gossip={mode: push, fanot: 1}", 21,
                    "did you mean gossip.fanout?");
    must_refuse_set("gossip..fanout=1", "--set gossip..fanout=1", 8,
                    "expected a key's dotted path");
    must_refuse_set("gossip.=1", "--set gossip.=1", 1, "expected a key's dotted path");
    must_refuse_set("cost={}", "--set cost={}", 6, "not in this version");
    must_refuse_set("network.latency.same_zone_ms.min=1",
                    "--set network.latency.same_zone_ms.min=1", 30,
                    "network.latency.same_zone_ms is set as a whole");
    must_refuse_set("regions[1].agents=5", "--set regions[1].agents=5", 1,
                    "regions[1] does not exist: the list holds 1, counted from 0");
    must_refuse_set("regions[x].agents=5", "--set regions[x].agents=5", 1, "dotted path");
    must_refuse_set("gossip[0]=5", "--set gossip[0]=5", 1, "gossip is no list");
    must_refuse_set("seed=\xFF", "--set seed=?", 6, "not UTF-8");
}

Test(options, of_the_wrong_form_are_a_matter_of_usage)
{
    static const char *const sets[] = {"gossip.fanout", "=5", ""};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        must_have_failed(load_with("x.yaml", OPTIONS(sets[i])), SIM_ERROR_USAGE, "", 0, 0,
                         "expected KEY=VALUE");
    }
    static const char *const flags[] = {"--agents", "--seed", "--repeat"};
    static const char *const values[] = {"x", "-1", "", "1.5", "[1]", "99999999999999999999"};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        for (size_t j = 0; j < sizeof values / sizeof *values; j++) {
            must_have_failed(load_with("x.yaml", OPTIONS(flags[i], values[j])), SIM_ERROR_USAGE, "",
                             0, 0, flags[i]);
        }
    }
}

Test(options, may_ask_for_agents_outside_the_declared_range)
{
    struct outcome outcome = load_x(OPTIONS("--agents", "100000"));
    cr_assert_eq(outcome.scenarios->agents, 100000);
    cr_assert_eq(outcome.scenarios->regions[0].agents, 100000);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}
