// SPDX-License-Identifier: GPL-3.0-or-later
// A mesh on its way to another: what is read of both, and what does not go together.
#include <criterion/criterion.h>
#include <string.h>

#include "workshop.h"

TestSuite(migration, .init = workshop_open, .fini = workshop_close);

#define MS UINT64_C(1000000)

#define OLD                 \
    "topology: flat_mesh\n" \
    "agent_count: 10-20\n"  \
    "gossip: {fanout: 3, interval_ms: 50}\n"

#define NEW                                                      \
    "topology: single_region_mesh\n"                             \
    "agent_count: 100\n"                                         \
    "regions: [{name: us-east-1, zones: [a, b], agents: 100}]\n" \
    "gossip: {fanout: 5, interval_ms: 100}\n"                    \
    "duration_ms: 10000\n"  // line 5

#define STEPS "faults: [{fault: mass-join, at_ms: 10, of: {meshes: [new], without: [seeds]}}]\n"

Test(migration, both_meshes_are_read_each_from_its_file)
{
    write_text("old.yaml", OLD);
    struct outcome outcome =
        must_load(NEW "migration: {from: old.yaml, from_agents: 12, gateways: 2, interval_ms: 30,\n"
                      "  move_at_ms: 2000, move_over_ms: 500}\n" STEPS
                      "phases: [{phase: before, at_ms: 0}, {phase: after, at_ms: 2000}]\n");
    const struct sim_scenario *scenario = &outcome.scenarios[0];
    const struct sim_migration *migration = scenario->migration;
    cr_assert_not_null(migration);
    cr_expect(scenario->agents == 100 && scenario->gossip.fanout == 5);
    cr_expect_eq(migration->from->topology, SIM_FLAT_MESH);
    cr_expect(migration->from->agents == 12 && migration->from->gossip.fanout == 3);
    cr_expect_eq(migration->from->gossip.interval_ns, 50 * MS);
    cr_expect(migration->gateways == 2 && migration->interval_ns == 30 * MS);
    cr_expect(migration->move_at_ns == 2000 * MS && migration->move_over_ns == 500 * MS);
    const struct sim_selection *of = &scenario->faults[0].of;
    cr_assert_eq(of->place_counts[SIM_PLACE_MESH], 1);
    cr_expect_eq(of->places[SIM_PLACE_MESH][0].first, SIM_MESH_NEW);
    cr_expect_eq(of->without, 1u << SIM_ROLE_SEED);
    cr_expect_str_eq(scenario->faults[0].text,
                     "mass-join at 10 ms of all without seeds in meshes new");
    cr_assert_eq(scenario->phase_count, 2);
    cr_expect_str_eq(scenario->phases[1].name, "after");
    cr_expect_eq(scenario->phases[1].at_ns, 2000 * MS);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(migration, what_is_expected_of_a_phase_stands_behind_what_is_of_the_run)
{
    struct outcome outcome =
        must_load(NEW "expect: [residue == 0]\n"
                      "phases: [{phase: a, at_ms: 5}, {phase: b, at_ms: 6,\n"
                      "          expect: [max(convergence_ms) < 5, mean(reach_all_ms) < 9]}]\n");
    const struct sim_scenario *scenario = &outcome.scenarios[0];
    cr_assert_eq(scenario->expectation_count, 3);
    cr_expect_null(scenario->expectations[0].phase);
    cr_expect_eq(scenario->expectations[1].phase, &scenario->phases[1]);
    cr_expect_str_eq(scenario->expectations[2].text, "mean(reach_all_ms) < 9");
    cr_expect_eq(scenario->expectations[2].phase, &scenario->phases[1]);
    cr_expect_eq(scenario->expectations[2].origin.line, 8);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(migration, without_a_word_there_are_three_gateways_and_nobody_moves)
{
    write_text("old.yaml", OLD);
    struct outcome outcome = must_load(NEW "migration: {from: old.yaml}\n" STEPS);
    const struct sim_migration *migration = outcome.scenarios[0].migration;
    cr_expect(migration->gateways == 3 && migration->interval_ns == 100 * MS);
    cr_expect(migration->move_at_ns == SIM_FAULT_NEVER && migration->from->agents == 20);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(migration, what_does_not_go_together_is_refused_with_its_place)
{
    write_text("old.yaml", OLD);
    must_fail(NEW "migration: {gateways: 2}\n" STEPS, SIM_ERROR_SCENARIO, 6, 12,
              "migration.from is missing: the file of the mesh that runs now");
    must_fail(NEW "migration: {from: old.yaml}\n", SIM_ERROR_SCENARIO, 6, 19,
              "the steps are missing");
    must_fail(NEW "migration: {from: old.yaml, from_agents: 2}\n" STEPS, SIM_ERROR_SCENARIO, 6, 19,
              "there are more gateways than agents");
    write_text("tall.yaml", "topology: hierarchical\nagent_count: 240\n"
                            "hierarchy: {levels: 3, level1_global: {coordinators: 3, regions: 2},\n"
                            "  level2_regional: {aggregators_per_region: 2},\n"
                            "  level3_edge: {edge_nodes_per_aggregator: 2, agents_per_edge: 30}}\n"
                            "gossip: {edge_to_edge: 5, edge_to_aggregator: 2,\n"
                            "  aggregator_to_coordinator: 2,\n"
                            "  intervals: {edge_ms: 100, aggregator_ms: 200, global_ms: 400}}\n");
    must_fail(NEW "migration: {from: tall.yaml}\n" STEPS, SIM_ERROR_SCENARIO, 6, 19,
              "a hierarchy cannot be left yet, only reached");
    must_fail(NEW STEPS, SIM_ERROR_SCENARIO, 6, 54,
              "faults[0].of.meshes: there is one mesh: only a migration has two");
    must_fail(NEW "migration: {from: old.yaml}\n" STEPS
                  "phases: [{phase: a, at_ms: 5}, {phase: b, at_ms: 5}]\n",
              SIM_ERROR_SCENARIO, 8, 50, "phases[1].at_ms: not after the phase before");
    must_fail(NEW "phases: [{phase: a, at_ms: 5}, {phase: a, at_ms: 6}]\n", SIM_ERROR_SCENARIO, 6,
              40, "phases[1].phase: phases[0] is called so, too");
    must_fail(NEW "phases: [{phase: a, at_ms: 5}, {phase: b, at_ms: 10000}]\n", SIM_ERROR_SCENARIO,
              6, 50, "phases[1].at_ms: the run ends at 10000 ms, before this begins");
    must_fail(NEW "phases: [{name: a, at_ms: 5}]\n", SIM_ERROR_SCENARIO, 6, 11,
              "unknown key phases[0].name: known here are phase, at_ms");
}
