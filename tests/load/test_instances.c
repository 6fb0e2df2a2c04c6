// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <string.h>

#include "instances.h"
#include "workshop.h"

TestSuite(instances, .init = workshop_open, .fini = workshop_close, .timeout = 30);

#define REGION                       \
    "topology: single_region_mesh\n" \
    "agents: 10\n"                   \
    "gossip: {fanout: 5, interval_ms: 100}\n"

// Amazon's own figures: 4 vCPUs and 8 GiB, a baseline of 1.562 Gbit/s.
Test(instances, of_the_program_give_hosts_their_limits)
{
    struct outcome outcome = must_load(REGION);
    const struct sim_instance *instance = &outcome.scenarios->instances[SIM_TIER_AGENT];
    cr_expect_str_eq(instance->name, "c6i.xlarge");
    cr_expect_eq(instance->vcpus, 4);
    cr_expect_eq(instance->memory_bytes, UINT64_C(8) << 30);
    cr_expect_eq(instance->bits_per_s, 1562000000);
    cr_expect_eq(instance->packets_per_s, 0, "nobody published any");
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
    outcome = must_load(REGION "placement: {instance_type: c6i.8xlarge}\n");
    cr_expect_eq(outcome.scenarios->instances[SIM_TIER_AGENT].vcpus, 32);
    cr_expect_eq(outcome.scenarios->instances[SIM_TIER_COORDINATOR].vcpus, 32);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(instances, that_nobody_knows_are_refused_with_the_nearest)
{
    must_fail(REGION "placement: {instance_type: c6i.xlrge}\n", SIM_ERROR_SCENARIO, 4, 28,
              "placement.instance_type: expected one of c6i.xlarge, c6i.2xlarge, c6i.4xlarge, "
              "c6i.8xlarge; found \"c6i.xlrge\"; did you mean c6i.xlarge?");
    must_fail(REGION "placement: {instance_type: mainframe}\n", SIM_ERROR_SCENARIO, 4, 28,
              "found \"mainframe\"");
    must_fail(REGION "placement: {aggregator_instance_type: c6i.xlarge}\n", SIM_ERROR_SCENARIO, 4,
              13, "belongs to hierarchical");
}

static void must_refuse(const char *text, uint32_t line, const char *words)
{
    struct sim_arena *arena = sim_arena_create();
    struct sim_instances instances;
    struct sim_error error = {0};
    cr_expect_not(sim_instances_parse(arena, "mine.yaml", text, &instances, &error), "%s", text);
    cr_expect_eq(error.line, line, "%u: %s", error.line, error.text);
    cr_expect_not_null(strstr(error.text, words), "%s", error.text);
    sim_arena_destroy(arena);
}

#define ONE "instances:\n- {name: a, vcpus: 2, memory_gib: 4, baseline_gbit_per_s: 0.5, source: b"

Test(instances, of_another_file_are_checked_line_by_line)
{
    struct sim_arena *arena = sim_arena_create();
    struct sim_instances instances;
    struct sim_error error = {0};
    cr_assert(
        sim_instances_parse(arena, "mine.yaml", ONE ", packets_per_s: 1000}\n", &instances, &error),
        "%s", error.text);
    cr_assert_eq(instances.count, 1);
    cr_expect_eq(instances.items[0].packets_per_s, 1000);
    cr_expect_eq(instances.items[0].bits_per_s, 500000000);
    sim_arena_destroy(arena);
    must_refuse(ONE ", colour: red}\n", 2, "unknown key colour");
    must_refuse(ONE ", packets_per_s: many}\n", 2, "packets_per_s");
    must_refuse("instances:\n- {name: a, vcpus: 0, memory_gib: 4, baseline_gbit_per_s: 1, "
                "source: b}\n",
                2, "vcpus");
    must_refuse("instances:\n- {name: a, memory_gib: 4, baseline_gbit_per_s: 1, source: b}\n", 2,
                "vcpus");
    must_refuse("instances:\n- {name: a, vcpus: 4}\n", 2, "a name and a source");
    must_refuse("instances:\n- {name: a, vcpus: 99999, memory_gib: 4, baseline_gbit_per_s: 1, "
                "source: b}\n",
                2, "does not exist");
    must_refuse("instances:\n- a\n", 2, "a mapping");
    must_refuse("types: []\n", 1, "a list of instances");
}
