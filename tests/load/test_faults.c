// SPDX-License-Identifier: GPL-3.0-or-later
// The list of faults: what it comes to, and what is refused with its place.
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "workshop.h"

TestSuite(faults, .init = workshop_open, .fini = workshop_close);

#define MS UINT64_C(1000000)

#define REGIONS                                          \
    "topology: multi_region_mesh\n"                      \
    "agent_count: 120\n"                                 \
    "regions:\n"                                         \
    "  - {name: us-east-1, zones: [a, b], agents: 60}\n" \
    "  - {name: eu-west-1, zones: [b, c], agents: 60}\n" \
    "gossip: {fanout: 5, interval_ms: 100}\n"            \
    "placement: {agents_per_host: 10}\n"                 \
    "duration_ms: 10000\n"                               \
    "faults:\n"  // line 9

#define HIERARCHY                                                                      \
    "topology: hierarchical\n"                                                         \
    "agent_count: 240\n"                                                               \
    "hierarchy:\n"                                                                     \
    "  levels: 3\n"                                                                    \
    "  level1_global: {coordinators: 3, regions: 2}\n"                                 \
    "  level2_regional: {aggregators_per_region: 2}\n"                                 \
    "  level3_edge: {edge_nodes_per_aggregator: 2, agents_per_edge: 30}\n"             \
    "gossip: {edge_to_edge: 5, edge_to_aggregator: 2, aggregator_to_coordinator: 2,\n" \
    "  intervals: {edge_ms: 100, aggregator_ms: 200, global_ms: 400}}\n"               \
    "duration_ms: 10000\n"                                                             \
    "faults:\n"  // line 11

static const struct sim_fault *the_fault(const struct outcome *outcome)
{
    cr_assert_eq(outcome->scenarios[0].fault_count, 1);
    return &outcome->scenarios[0].faults[0];
}

Test(faults, times_and_what_the_verb_knows_are_read)
{
    struct outcome outcome = must_load(
        REGIONS "  - {fault: crash, at_ms: 1000.5, until_ms: 2000, every_ms: 3000, times: 2,\n"
                "     end_ms: 9000, disk: lost, of: {percent: 12.5}}\n");
    const struct sim_fault *fault = the_fault(&outcome);
    cr_expect_eq(fault->verb, SIM_FAULT_CRASH);
    cr_expect_eq(fault->at_ns, 1000500000);
    cr_expect_eq(fault->until_ns, 2000 * MS);
    cr_expect_eq(fault->every_ns, 3000 * MS);
    cr_expect_eq(fault->times, 2);
    cr_expect_eq(fault->end_ns, 9000 * MS);
    cr_expect(fault->disk_lost);
    cr_expect_eq(fault->of.share_ppb, 125000000);
    cr_expect_str_eq(fault->text,
                     "crash at 1000.5 ms until 2000 ms, every 3000 ms of 12.5 % of agents, disks "
                     "lost");
    cr_expect_eq(outcome.scenarios[0].fault_origins[0].line, 10);
    cr_expect_eq(outcome.scenarios[0].fault_seed, 1);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(faults, places_are_found_by_number_and_by_name)
{
    struct outcome outcome =
        must_load(REGIONS "  - {fault: pause, at_ms: 1, of: {nodes: [3, 10-19], hosts: [11],\n"
                          "     zones: [a, eu-west-1/b], regions: [eu-west-1]}}\n");
    const struct sim_selection *of = &the_fault(&outcome)->of;
    cr_assert_eq(of->place_counts[SIM_PLACE_NODE], 2);
    cr_expect(of->places[SIM_PLACE_NODE][0].first == 3 && of->places[SIM_PLACE_NODE][0].end == 4);
    cr_expect(of->places[SIM_PLACE_NODE][1].first == 10 && of->places[SIM_PLACE_NODE][1].end == 20);
    cr_assert_eq(of->place_counts[SIM_PLACE_HOST], 1);
    cr_expect_eq(of->places[SIM_PLACE_HOST][0].first, 11);
    cr_assert_eq(of->place_counts[SIM_PLACE_ZONE], 2);
    cr_expect_eq(of->places[SIM_PLACE_ZONE][0].first, 0);
    cr_expect_eq(of->places[SIM_PLACE_ZONE][1].first, 2, "the third of all zones");
    cr_assert_eq(of->place_counts[SIM_PLACE_REGION], 1);
    cr_expect_eq(of->places[SIM_PLACE_REGION][0].first, 1);
    cr_expect_str_eq(the_fault(&outcome)->text,
                     "pause at 1 ms of all in nodes 3, 10-19 and hosts 11 and zones us-east-1/a, "
                     "eu-west-1/b and regions eu-west-1");
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(faults, roles_are_those_that_the_topology_has)
{
    struct outcome outcome = must_load(
        HIERARCHY "  - {fault: crash, at_ms: 5, of: {edges: [0-3], roles: [relays], number: 2}}\n");
    const struct sim_selection *of = &the_fault(&outcome)->of;
    cr_expect_eq(of->roles, 1u << SIM_ROLE_RELAY);
    cr_expect_eq(of->number, 2);
    cr_expect_eq(of->places[SIM_PLACE_EDGE][0].end, 4);
    cr_expect_eq(outcome.scenarios[0].hierarchy.relay_silence_ns, 600 * MS, "three of 200 ms");
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
    outcome = must_load(HIERARCHY "  - {fault: crash, at_ms: 5, of: {roles: [all]}}\n");
    cr_expect_eq(the_fault(&outcome)->of.roles, 1u << SIM_ROLE_AGENT | 1u << SIM_ROLE_RELAY |
                                                    1u << SIM_ROLE_AGGREGATOR |
                                                    1u << SIM_ROLE_COORDINATOR);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(faults, partitions_have_two_sides_groups_or_a_side_for_every_place)
{
    struct outcome outcome = must_load(
        REGIONS
        "  - {fault: partition, at_ms: 1, of: {regions: [us-east-1]}, direction: out}\n"
        "  - {fault: partition, at_ms: 1, of: {nodes: [1]}, from: {nodes: [2]}}\n"
        "  - {fault: partition, at_ms: 1, groups: [{nodes: [1]}, {nodes: [2-5]}, {zones: [c]}]}\n"
        "  - {fault: partition, at_ms: 1, between: zones}\n");
    const struct sim_fault *faults = outcome.scenarios[0].faults;
    cr_assert_eq(outcome.scenarios[0].fault_count, 4);
    cr_expect_eq(faults[0].direction, SIM_OUTWARD);
    cr_expect(!faults[0].from.named && faults[1].from.named);
    cr_expect_eq(faults[2].group_count, 3);
    cr_expect(faults[3].by_place && faults[3].between == SIM_PLACE_ZONE);
    cr_expect_str_eq(faults[0].text,
                     "partition at 1 ms of all in regions us-east-1 when it sends to all others");
    cr_expect_str_eq(faults[2].text, "partition at 1 ms between all in nodes 1 | all in nodes 2-5 "
                                     "| all in zones eu-west-1/c");
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(faults, single_settings_of_an_entry_can_be_set_and_swept)
{
    write_text("x.yaml", REGIONS "  - {fault: slow, at_ms: 1, delay_ms: 5, of: {nodes: [1-9]}}\n");
    const char *const options[] = {"faults[0].delay_ms=70", "faults[0].of.nodes[0]=4",
                                   "fault_seed=33", NULL};
    struct outcome outcome = load_with("x.yaml", options);
    cr_assert(outcome.fine, "%s", outcome.error.text);
    cr_expect_eq(the_fault(&outcome)->delay_ns, 70 * MS);
    cr_expect_eq(the_fault(&outcome)->of.places[SIM_PLACE_NODE][0].end, 5);
    cr_expect_eq(outcome.scenarios[0].fault_seed, 33);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
    outcome = must_load(REGIONS "  - {fault: slow, at_ms: 1, delay_ms: 5, of: {nodes: [1-9]}}\n"
                                "sweep: {'faults[0].delay_ms': [5, 50]}\n");
    cr_assert_eq(outcome.count, 2);
    cr_expect_eq(outcome.scenarios[1].faults[0].delay_ns, 50 * MS);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

// ---- What is refused ----

struct mistake {
    const char *fault;  // what stands in line 10 (REGIONS), from column 5 on
    uint32_t column;
    const char *words;
};

static void refuse_each(const char *head, uint32_t line, const struct mistake *mistakes,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[2000];
        snprintf(text, sizeof text, "%s  - %s\n", head, mistakes[i].fault);
        must_fail(text, SIM_ERROR_SCENARIO, line, mistakes[i].column, mistakes[i].words);
    }
}
#define REFUSE_EACH(head, line, list) refuse_each(head, line, list, sizeof(list) / sizeof *(list))

Test(faults, mistakes_are_refused_with_their_place_and_the_nearest_that_would_do)
{
    static const struct mistake mistakes[] = {
        {"{fault: crush, at_ms: 1, of: {percent: 5}}", 13, "did you mean crash?"},
        {"{fault: crash, at_ms: 1, off: {percent: 5}}", 30, "did you mean faults[].of?"},
        {"{at_ms: 1, of: {percent: 5}}", 5, "faults[0].fault is missing"},
        {"{fault: crash, of: {percent: 5}}", 5, "faults[0].at_ms is missing"},
        {"{fault: crash, at_ms: 1}", 5, "faults[0].of is missing: a crash needs it"},
        {"{fault: slow, at_ms: 1, of: {nodes: [1]}}", 5, "faults[0].delay_ms is missing"},
        {"{fault: pause, at_ms: 1, of: {nodes: [1]}, disk: lost}", 54, "a pause has no disk"},
        {"{fault: crash, at_ms: 10000, of: {nodes: [1]}}", 27, "the run ends at 10000 ms"},
        {"{fault: crash, at_ms: 5, until_ms: 5, of: {nodes: [1]}}", 40, "not after at_ms, 5"},
        {"{fault: crash, at_ms: 5, times: 3, of: {nodes: [1]}}", 37, "times needs every_ms"},
        {"{fault: crash, at_ms: 5, end_ms: 9, of: {nodes: [1]}}", 38, "end_ms needs every_ms"},
        {"{fault: mass-join, at_ms: 0, of: {nodes: [1]}}", 31, "was there from the start"},
        {"{fault: crash, at_ms: 5, of: {}}", 34, "names nobody"},
        {"{fault: crash, at_ms: 5, of: {percent: 0}}", 44, "0 percent hit nobody"},
        {"{fault: crash, at_ms: 5, of: {percent: 5, number: 3}}", 55, "give one"},
        {"{fault: crash, at_ms: 5, of: {number: 121}}", 43, "of.number: there are 120 nodes"},
        {"{fault: outage, at_ms: 5}", 5, "faults[0].of is missing: an outage needs it"},
        {"{fault: starve, at_ms: 5, until_ms: 9, cpu_percent: 100, of: {number: 1}}", 57,
         "cpu_percent: who has 100 percent lacks nothing"},
        {"{fault: crash, at_ms: 5, of: {nodes: [119-120]}}", 43,
         "there are 120 nodes, numbered from 0: the last is 119"},
        {"{fault: crash, at_ms: 5, of: {hosts: [12]}}", 43, "there are 12 hosts"},
        {"{fault: crash, at_ms: 5, of: {regions: [eu-wst-1]}}", 45,
         "no region is called \"eu-wst-1\": did you mean eu-west-1?"},
        {"{fault: crash, at_ms: 5, of: {zones: [b]}}", 43,
         "regions us-east-1 and eu-west-1 both have a zone of this name: write us-east-1/b"},
        {"{fault: crash, at_ms: 5, of: {zones: [eu-west-1/a]}}", 43, "no zone is called"},
        {"{fault: crash, at_ms: 5, of: {edges: [0]}}", 35, "belongs to hierarchical"},
        {"{fault: crash, at_ms: 5, of: {roles: [relays]}}", 43,
         "a multi_region_mesh has no relays; it has agents"},
        {"{fault: outage, at_ms: 5, of: {nodes: [1]}}", 35,
         "an outage is of hosts, zones or regions"},
        {"{fault: partition, at_ms: 5}", 5, "a partition needs its sides"},
        {"{fault: partition, at_ms: 5, groups: [{nodes: [1]}]}", 42, "a list of 2 to 1000"},
        {"{fault: partition, at_ms: 5, groups: [{nodes: [1]}, {nodes: [2]}], of: {nodes: [1]}}", 42,
         "groups are the sides"},
        {"{fault: partition, at_ms: 5, between: zones, from: {nodes: [1]}}", 56,
         "between makes many sides"},
        {"{fault: partition, at_ms: 5, between: edges}", 43, "a multi_region_mesh has no edges"},
    };
    REFUSE_EACH(REGIONS, 10, mistakes);
}

Test(faults, of_a_hierarchy_edges_and_roles_are_checked)
{
    static const struct mistake mistakes[] = {
        {"{fault: crash, at_ms: 5, of: {edges: [8]}}", 43, "there are 8 edges"},
        {"{fault: crash, at_ms: 5, of: {nodes: [247]}}", 43, "there are 247 nodes"},
        {"{fault: crash, at_ms: 5, of: {roles: [bridges]}}", 43,
         "a hierarchical has no bridges; it has agents, relays, aggregators and coordinators"},
    };
    REFUSE_EACH(HIERARCHY, 12, mistakes);
}

Test(faults, one_after_the_end_of_a_run_without_an_end_is_refused)
{
    must_fail(MESH "faults: [{fault: crash, at_ms: 30000, of: {nodes: [1]}}]\n", SIM_ERROR_SCENARIO,
              4, 32,
              "the run ends at 20000 ms, before this happens: give "
              "duration_ms");
}

Test(faults, lint_says_which_keys_have_no_effect_without_them)
{
    write_text("x.yaml", MESH "fault_seed: 5\n");
    const char *text = lint_text("x.yaml", (const char *const[]){NULL});
    cr_expect_not_null(strstr(text, "nothing goes wrong in this scenario"));
}

Test(faults, a_link_says_what_it_becomes_and_which_links_and_the_lookahead_is_known)
{
    struct outcome outcome = must_load(
        REGIONS "  - {fault: link, at_ms: 100, until_ms: 200, every_ms: 1000, loss_percent: 5,\n"
                "     latency_ms: 0.5-20, pairs: [inter_region, same_host],\n"
                "     of: {regions: [us-east-1]}, from: {regions: [eu-west-1]}}\n"
                "  - {fault: link, at_ms: 1, latency_percent: 40, rate_mbit: 2.5}\n");
    const struct sim_scenario *scenario = &outcome.scenarios[0];
    const struct sim_fault *fault = &scenario->faults[0];
    cr_expect_eq(fault->link.given, 1u << SIM_LINK_LOSS | 1u << SIM_LINK_LATENCY);
    cr_expect_eq(fault->link.loss_ppb, 50000000);
    cr_expect(fault->link.latency_ns_min == 500000 && fault->link.latency_ns_max == 20 * MS);
    cr_expect_eq(fault->pairs, 1u << SIM_INTER_REGION | 1u << SIM_SAME_HOST);
    cr_expect_str_eq(fault->text,
                     "link at 100 ms until 200 ms, every 1000 ms of all in regions us-east-1 with "
                     "all in regions eu-west-1 over same_host, inter_region: loss 5 %, latency "
                     "0.5-20 ms");
    cr_expect_eq(scenario->faults[1].link.rate_bits_per_s, 2500000);
    cr_expect_str_eq(scenario->faults[1].text,
                     "link at 1 ms of all: latency 40 %, rate 2.5 Mbit/s");
    cr_expect(scenario->network.changes.any);
    cr_expect_eq(scenario->network.changes.latency_ns_min, 500000);
    cr_expect_eq(scenario->network.changes.scale_ppb_min, 400000000);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(faults, a_link_that_becomes_nothing_or_is_not_there_is_refused)
{
    must_fail(REGIONS "  - {fault: link, at_ms: 1, until_ms: 2}\n", SIM_ERROR_SCENARIO, 10, 5,
              "faults[0]: a link needs what it becomes: loss_percent, duplicate_percent, "
              "corrupt_percent, latency_ms, latency_percent or rate_mbit");
    must_fail(REGIONS "  - {fault: link, at_ms: 1, loss_percent: 1, pairs: [edge_aggregator]}\n",
              SIM_ERROR_SCENARIO, 10, 54,
              "faults[0].pairs[0]: there is no such pair of nodes here");
    must_fail(REGIONS "  - {fault: link, at_ms: 1, loss_percent: 1, direction: in}\n",
              SIM_ERROR_SCENARIO, 10, 57, "faults[0]: without of it is the links of all");
}

Test(faults, auto_scaling_has_targets_and_spots_have_notice)
{
    struct outcome outcome = must_load(
        REGIONS "  - {fault: auto-scaling, at_ms: 100, every_ms: 1000, start: 40, batch: 10,\n"
                "     targets: [80, 120, 20], gap_ms: 50, of: {roles: [agents]}}\n"
                "  - {fault: spot-reclaim, at_ms: 100, down_ms: 500, of: {number: 1}}\n"
                "  - {fault: mass-join, at_ms: 100, disk: kept, of: {number: 1}}\n");
    const struct sim_fault *faults = outcome.scenarios[0].faults;
    cr_assert_eq(outcome.scenarios[0].fault_count, 3);
    cr_expect_eq(faults[0].start, 40);
    cr_assert_eq(faults[0].target_count, 3);
    cr_expect(faults[0].targets[0] == 80 && faults[0].targets[2] == 20);
    cr_expect(faults[0].batch == 10 && faults[0].notice_ns == 0);
    cr_expect_str_eq(faults[0].text,
                     "auto-scaling at 100 ms, every 1000 ms of agents, from 40 to 80, 120, 20");
    cr_expect_eq(faults[1].notice_ns, 120000 * MS, "two minutes");
    cr_expect_str_eq(faults[1].text, "spot-reclaim at 100 ms of 1 of agents, notice 120000 ms, "
                                     "replaced after 500 ms");
    cr_expect(!faults[2].disk_lost);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(faults, targets_that_never_fall_due_are_refused)
{
    static const struct mistake mistakes[] = {
        {"{fault: auto-scaling, at_ms: 1, of: {percent: 50}, targets: [1, 2]}", 65,
         "faults[0].targets needs every_ms: one falls due at each"},
        {"{fault: auto-scaling, at_ms: 0, of: {percent: 50}, targets: [1]}", 34,
         "faults[0].at_ms: who joins at 0 was there from the start"},
        {"{fault: auto-scaling, at_ms: 1, of: {percent: 50}}", 5, "faults[0].targets is missing"},
    };
    REFUSE_EACH(REGIONS, 10, mistakes);
}

Test(faults, what_one_does_is_said_with_how_much_and_how_fast)
{
    static const struct {
        const char *fault;
        const char *words;
    } entries[] = {
        {"fault: slow, at_ms: 5, of: {nodes: [1]}, delay_ms: 0.5", ", 0.5 ms late"},
        {"fault: skew, at_ms: 5, of: {nodes: [1]}, skew_ms: -20", ", 20 ms behind"},
        {"fault: skew, at_ms: 5, of: {nodes: [1]}, skew_ms: 7", ", 7 ms ahead"},
        {"fault: swizzle, at_ms: 5, of: {number: 9}, gap_ms: 40", ", one every 40 ms"},
        {"fault: mass-join, at_ms: 5, of: {number: 9}, over_ms: 9", ", within 9 ms"},
        {"fault: churn, at_ms: 5, of: {number: 9}, gap_ms: 3, down_ms: 4, disk: lost",
         ", one every 3 ms on average, for 4 ms on average, disks lost"},
        {"fault: churn, at_ms: 5, of: {number: 9}, gap_ms: 3",
         ", one every 3 ms on average, for good"},
        {"fault: rolling-restart, at_ms: 5, of: {number: 9}, down_ms: 4, batch: 2",
         ", 2 at a time, for 4 ms each, the next after 4 ms"},
    };
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        char text[2000];
        snprintf(text, sizeof text, "%s  - {%s}\n", REGIONS, entries[i].fault);
        struct outcome outcome = must_load(text);
        const char *told = the_fault(&outcome)->text;
        size_t length = strlen(entries[i].words);
        cr_expect(strlen(told) > length &&
                      strcmp(told + strlen(told) - length, entries[i].words) == 0,
                  "%s", told);
        sim_scenarios_destroy(outcome.scenarios, outcome.count);
    }
}

Test(faults, a_starved_host_has_a_share_of_each_slice)
{
    struct outcome outcome =
        must_load(REGIONS "  - {fault: starve, at_ms: 1000, until_ms: 5000, cpu_percent: 5,\n"
                          "     of: {percent: 1}}\n");
    const struct sim_fault *fault = the_fault(&outcome);
    cr_expect_eq(fault->verb, SIM_FAULT_STARVE);
    cr_expect_eq(fault->cpu_ppb, 50000000);
    cr_expect_eq(fault->slice_ns, 200 * MS);
    cr_expect_str_eq(fault->text,
                     "starve at 1000 ms until 5000 ms of 1 % of agents, 5 % of their processors "
                     "in slices of 200 ms");
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}
