// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workshop.h"

TestSuite(sweep, .init = workshop_open, .fini = workshop_close, .timeout = 60);

static void must_be_cell(const struct outcome *outcome, uint32_t index, const char *text,
                         uint32_t row)
{
    const struct sim_scenario *cell = &outcome->scenarios[index];
    cr_assert_str_eq(cell->cell, text, "cell %u", index);
    cr_assert_eq(cell->row, row, "cell %u (%s): row %u, not %u", index, text, cell->row, row);
}

Test(sweep, is_every_combination_with_the_last_key_fastest)
{
    struct outcome outcome = must_load(
        MESH "sweep:\n  agents: [10, 20]\n  gossip.mode: [push, eager]\n  seed: [1, 2]\n");
    cr_assert_eq(outcome.count, 8);
    must_be_cell(&outcome, 0, "agents=10 gossip.mode=push seed=1", 1);
    must_be_cell(&outcome, 1, "agents=10 gossip.mode=push seed=2", 2);
    must_be_cell(&outcome, 2, "agents=10 gossip.mode=eager seed=1", 1);
    must_be_cell(&outcome, 3, "agents=10 gossip.mode=eager seed=2", 2);
    must_be_cell(&outcome, 7, "agents=20 gossip.mode=eager seed=2", 4);
    cr_assert_eq(outcome.scenarios[7].agents, 20);
    cr_assert_eq(outcome.scenarios[7].gossip.mode, MESH_EAGER);
    cr_assert_eq(outcome.scenarios[7].seed, 2);
    cr_assert_eq(outcome.scenarios[6].seed, 1);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(sweep, of_several_mappings_runs_one_after_the_other)
{
    struct outcome outcome =
        must_load(MESH "sweep:\n  - {agents: [10, 20]}\n  - {agents: 20, gossip.mode: eager}\n"
                       "  - {gossip.fanout: 9}\n");
    cr_assert_eq(outcome.count, 4);
    must_be_cell(&outcome, 0, "agents=10", 1);
    must_be_cell(&outcome, 1, "agents=20", 2);
    must_be_cell(&outcome, 2, "agents=20 gossip.mode=eager", 2);  // differs in its mode only
    must_be_cell(&outcome, 3, "gossip.fanout=9", 3);
    cr_assert_eq(outcome.scenarios[3].agents, 100);
    cr_assert_eq(outcome.scenarios[3].gossip.fanout, 9);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(sweep, may_vary_the_topology_latencies_and_lists)
{
    write_text("region.yaml", "topology: single_region_mesh\nagent_count: 30\n"
                              "gossip: {fanout: 10, interval_ms: 100}\n");
    write_text("flat.yaml", MESH);
    struct outcome outcome =
        must_load("sweep:\n  topology: [flat.yaml, region.yaml]\n"
                  "  network.latency.same_host_ms: [1, {distribution: uniform, "
                  "min: 2, max: 3}]\n  expect: [[a < 1, b < 2]]\n");
    cr_assert_eq(outcome.count, 4);
    must_be_cell(
        &outcome, 3,
        "topology=region.yaml network.latency.same_host_ms={distribution: uniform, min: 2, "
        "max: 3} expect=[a < 1, b < 2]",
        4);
    cr_assert_eq(outcome.scenarios[0].topology, SIM_FLAT_MESH);
    cr_assert_eq(outcome.scenarios[0].gossip.fanout, 5);
    cr_assert_eq(outcome.scenarios[3].topology, SIM_SINGLE_REGION_MESH);
    cr_assert_eq(outcome.scenarios[3].gossip.fanout, 10);
    cr_assert_str_eq(outcome.scenarios[3].topology_path, "region.yaml");
    cr_assert_eq(outcome.scenarios[2].network.latency[SIM_SAME_HOST].maximum_ns, 1000000);
    cr_assert_eq(outcome.scenarios[3].network.latency[SIM_SAME_HOST].maximum_ns, 3000000);
    cr_assert_eq(outcome.scenarios[3].expectation_count, 2);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(sweep, leaves_out_what_the_command_line_decides)
{
    write_text("x.yaml", MESH "sweep: {agents: [10, 20], gossip.mode: [push, eager]}\n");
    const char *const options[] = {"--agents", "50", NULL};
    struct outcome outcome = load_with("x.yaml", options);
    cr_assert_eq(outcome.count, 2);
    must_be_cell(&outcome, 0, "gossip.mode=push", 1);
    must_be_cell(&outcome, 1, "gossip.mode=eager", 1);
    cr_assert_eq(outcome.scenarios[1].agents, 50);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
    const char *const both[] = {"--agents", "50", "gossip.mode=push-pull", NULL};
    outcome = load_with("x.yaml", both);
    cr_assert_eq(outcome.count, 1);
    must_be_cell(&outcome, 0, "", 1);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(sweep, can_come_from_the_command_line)
{
    write_text("x.yaml", MESH);
    const char *const options[] = {"sweep={gossip.fanout: [1, 2, 3]}", NULL};
    struct outcome outcome = load_with("x.yaml", options);
    cr_assert_eq(outcome.count, 3);
    cr_assert_eq(outcome.scenarios[2].gossip.fanout, 3);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(sweep, is_refused_where_it_is_wrong)
{
    must_fail(MESH "sweep: 5\n", SIM_ERROR_SCENARIO, 4, 8, "expected a mapping of keys to lists");
    must_fail(MESH "sweep: []\n", SIM_ERROR_SCENARIO, 4, 8, "found a list of 0");
    must_fail(MESH "sweep: {}\n", SIM_ERROR_SCENARIO, 4, 8, "found a mapping");
    must_fail(MESH "sweep: {agents: []}\n", SIM_ERROR_SCENARIO, 4, 17, "no value for agents");
    must_fail(MESH "sweep: {gossip.mod: [push]}\n", SIM_ERROR_SCENARIO, 4, 16,
              "did you mean gossip.mode?");
    must_fail(MESH "sweep: {gossip.mode: [push, pish]}\n", SIM_ERROR_SCENARIO, 4, 29,
              "did you mean push?");
    must_fail(MESH "sweep: {agents: [10, 1]}\n", SIM_ERROR_SCENARIO, 4, 22, "from 2 to");
    must_fail(MESH "sweep: {sweep: [1]}\n", SIM_ERROR_SCENARIO, 4, 9, "cannot sweep itself");
    // Fine on its own, wrong in one of the cells:
    must_fail(MESH "sweep: {duration_ms: [1000, 500]}\n", SIM_ERROR_SCENARIO, 4, 29,
              "the run ends at 500 ms");
}

// A list of `count` seeds in flow style.
static char *seeds(char *end, int count)
{
    *end++ = '[';
    for (int i = 0; i < count; i++) {
        end += sprintf(end, "%s%d", i == 0 ? "" : ", ", i);
    }
    return stpcpy(end, "]");
}

Test(sweep, has_ten_thousand_cells_at_most)
{
    char *text = malloc(20000);
    char *end = stpcpy(text, MESH "sweep:\n  seed: ");
    end = stpcpy(seeds(end, 100), "\n  repeat: ");
    char *second = end;
    stpcpy(seeds(second, 101), "\n");
    memmove(second + 1, second + 4, strlen(second + 4) + 1);  // a repeat of 0 is out of range
    struct outcome outcome = must_load(text);
    cr_assert_eq(outcome.count, 10000);
    cr_assert_eq(outcome.scenarios[9999].row, 10000);
    cr_assert_eq(outcome.scenarios[9999].seed, 99);
    cr_assert_eq(outcome.scenarios[9999].repeat, 100);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
    stpcpy(seeds(second, 102), "\n");
    memmove(second + 1, second + 4, strlen(second + 4) + 1);
    must_fail(text, SIM_ERROR_SCENARIO, 6, 3, "more than 10000 combinations");
    free(text);
}
