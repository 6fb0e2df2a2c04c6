// SPDX-License-Identifier: GPL-3.0-or-later
// Meshes of several scopes: regions with bridges, hierarchies.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workshop.h"

TestSuite(tiers, .init = workshop_open, .fini = workshop_close, .timeout = 30);

static void destroy(struct outcome outcome)
{
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

// ---- Regions with leaders ----

#define LEADER_GOSSIP                                  \
    "gossip:\n"                                        \
    "  intra_region: {fanout: 20, interval_ms: 100}\n" \
    "  inter_region: {fanout: 4, interval_ms: 500}\n"

// Seven lines.
#define LEADERS                                     \
    "topology: multi_region_leaders\n"              \
    "agent_count: 100\n" LEADER_GOSSIP "regions:\n" \
    "  - {name: a, agents: 60, leader_count: 2}\n"

Test(tiers, of_leaders_take_every_key_of_theirs)
{
    struct outcome outcome = must_load(LEADERS "  - {name: b, agents: 40}\n"
                                               "bootstrap: {seeds_per_region: 7}\n");
    const struct sim_scenario *s = outcome.scenarios;
    cr_assert_eq(s->topology, SIM_MULTI_REGION_LEADERS);
    cr_assert_eq(s->gossip.fanout, 20);
    cr_assert_eq(s->gossip.interval_ns, 100000000);
    cr_assert_eq(s->leaders.fanout, 4);
    cr_assert_eq(s->leaders.interval_ns, 500000000);
    cr_assert_eq(s->leaders.candidates, 7);
    cr_assert_eq(s->regions[0].leader_count, 2);
    cr_assert_eq(s->regions[1].leader_count, 3, "the document's number, unless said");
    cr_assert_eq(s->regions[0].agents, 60);
    cr_assert(s->fanout_origin.line == 4 && s->fanout_origin.column == 26);
    cr_assert(s->interval_origin.line == 4 && s->interval_origin.column == 43);
    cr_assert(s->link_interval_origin.line == 5 && s->link_interval_origin.column == 42);
    cr_assert_eq(s->global_interval_origin.line, 0);
    destroy(outcome);
    outcome = must_load(LEADERS "  - {name: b, agents: 40}\n");
    cr_assert_eq(outcome.scenarios->leaders.candidates, 5, "the document's number, unless said");
    destroy(outcome);
}

// 3 : 3 : 4 of 1,000, as the document's regions share 100,000.
Test(tiers, of_leaders_share_fewer_agents_in_proportion)
{
    const char *const options[] = {"--agents", "1000", NULL};
    struct outcome outcome =
        load_with(SOURCE_ROOT "/topologies/multi-region-leaders.yaml", options);
    cr_assert(outcome.fine, "%s", outcome.error.text);
    cr_assert_eq(outcome.scenarios->regions[0].agents, 300);
    cr_assert_eq(outcome.scenarios->regions[1].agents, 300);
    cr_assert_eq(outcome.scenarios->regions[2].agents, 400);
    destroy(outcome);
}

Test(tiers, of_leaders_need_candidates_for_their_bridges)
{
    must_fail(LEADERS "  - {name: b, agents: 40, leader_count: 6}\n", SIM_ERROR_SCENARIO, 8, 41,
              "regions[1].leader_count: 6 bridges, but the region has 5 candidates to choose them "
              "from (bootstrap.seeds_per_region)");
    must_fail(LEADERS "  - {name: b, agents: 40}\nbootstrap: {seeds_per_region: 2}\n",
              SIM_ERROR_SCENARIO, 8, 5,
              "regions[1].leader_count: 3 bridges, the default, but the region has 2 candidates");
    must_fail(LEADERS "  - {name: b, agents: 40, leader_count: 0}\n", SIM_ERROR_SCENARIO, 8, 41,
              "from 1 to 1000");
}

// By hand: 60 and 3 of 63 agents; 4 of 100 are the second region's with 105 and above (5 of 105 =
// 3 x 105 / 63).
Test(tiers, of_leaders_need_agents_for_their_candidates)
{
    static const char text[] = "topology: multi_region_leaders\n" LEADER_GOSSIP
                               "regions: [{name: a, agents: 60}, {name: b, agents: 3}]\n";
    must_fail(text, SIM_ERROR_SCENARIO, 5, 34,
              "regions[1] gets 3 of 63 agents, fewer than its 5 candidates "
              "(bootstrap.seeds_per_region): 105 agents are enough, or take fewer candidates");
    const char *const enough[] = {"--agents", "105", NULL};
    struct outcome outcome = load_with("x.yaml", enough);
    cr_assert(outcome.fine, "%s", outcome.error.text);
    cr_assert_eq(outcome.scenarios->regions[1].agents, 5);
    destroy(outcome);
}

Test(tiers, of_several_regions_need_two)
{
    must_fail("topology: multi_region_mesh\nagent_count: 10\n"
              "gossip: {fanout: 5, interval_ms: 100}\n",
              SIM_ERROR_SCENARIO, 1, 11, "a multi_region_mesh has two regions or more: list them");
    must_fail("topology: multi_region_leaders\nagent_count: 10\n" LEADER_GOSSIP
              "regions: [{name: a}]\n",
              SIM_ERROR_SCENARIO, 6, 10, "a multi_region_leaders has two regions or more");
}

Test(tiers, refuse_the_settings_of_other_topologies_and_miss_their_own)
{
    must_fail("topology: multi_region_leaders\nagent_count: 100\n"
              "gossip: {fanout: 5, interval_ms: 100}\n",
              SIM_ERROR_SCENARIO, 3, 10,
              "gossip.fanout belongs to flat_mesh, single_region_mesh, multi_region_mesh; this is "
              "a multi_region_leaders");
    must_fail("topology: multi_region_leaders\nagent_count: 100\n"
              "gossip: {intra_region: {fanout: 5, interval_ms: 100}}\n",
              SIM_ERROR_SCENARIO, 1, 11,
              "gossip.inter_region.fanout is missing, which a multi_region_leaders needs: bridges "
              "of other regions");
    must_fail("topology: hierarchical\nagent_count: 100\nregions: [{name: a}]\n",
              SIM_ERROR_SCENARIO, 3, 1, "regions belongs to flat_mesh,");
    must_fail(LEADERS "  - {name: b, agents: 40}\n"
                      "network: {latency: {edge_aggregator_ms: 5}}\n",
              SIM_ERROR_SCENARIO, 9, 21, "belongs to hierarchical; this is a multi_region_leaders");
}

// ---- Hierarchies ----

#define HIERARCHY_GOSSIP                                 \
    "gossip: {edge_to_edge: 9, edge_to_aggregator: 2,\n" \
    "  aggregator_to_coordinator: 3,\n"                  \
    "  intervals: {edge_ms: 100, aggregator_ms: 500, global_ms: 1000}}\n"

// 7 x 3 x 5 x 20 = 2,100. Nine lines; the agents come below them.
#define HIERARCHY                                              \
    "topology: hierarchical\n" HIERARCHY_GOSSIP "hierarchy:\n" \
    "  levels: 3\n"                                            \
    "  level1_global: {coordinators: 4, regions: 7}\n"         \
    "  level2_regional: {aggregators_per_region: 3}\n"         \
    "  level3_edge: {edge_nodes_per_aggregator: 5, agents_per_edge: 20}\n"

Test(tiers, of_a_hierarchy_take_every_key_of_theirs)
{
    struct outcome outcome = must_load(HIERARCHY);
    const struct sim_scenario *s = outcome.scenarios;
    cr_assert_eq(s->topology, SIM_HIERARCHICAL);
    cr_assert_eq(s->agents, 2100, "what the hierarchy holds, unless said");
    cr_assert(s->agents_origin.line == 9 && s->agents_origin.column == 64);
    cr_assert_eq(s->gossip.fanout, 9);
    cr_assert_eq(s->gossip.interval_ns, 100000000);
    cr_assert_eq(s->hierarchy.relays, 2);
    cr_assert_eq(s->hierarchy.coordinators_addressed, 3);
    cr_assert_eq(s->hierarchy.aggregator_interval_ns, 500000000);
    cr_assert_eq(s->hierarchy.global_interval_ns, 1000000000);
    cr_assert_eq(s->hierarchy.coordinators, 4);
    cr_assert_eq(s->hierarchy.aggregators_per_region, 3);
    cr_assert_eq(s->hierarchy.edges_per_aggregator, 5);
    cr_assert_eq(s->region_count, 7);
    for (uint32_t i = 0; i < 7; i++) {
        char name[16];
        snprintf(name, sizeof name, "region-%u", i + 1);
        cr_assert_str_eq(s->regions[i].name, name);
        cr_assert_eq(s->regions[i].agents, 300);
        cr_assert_eq(s->regions[i].zone_count, 1);
        cr_assert_str_eq(s->regions[i].zones[0], name);
    }
    cr_assert(s->fanout_origin.line == 2 && s->fanout_origin.column == 24);
    cr_assert(s->interval_origin.line == 4 && s->interval_origin.column == 24);
    cr_assert(s->link_interval_origin.line == 4 && s->link_interval_origin.column == 44);
    cr_assert(s->global_interval_origin.line == 4 && s->global_interval_origin.column == 60);
    cr_assert_eq(s->network.agents_per_host, 2000);
    destroy(outcome);
}

// DESIGN of the document's latencies: edge to aggregator 10-100, above it 50-100, within 1-10.
Test(tiers, of_a_hierarchy_have_latencies_of_their_own)
{
    struct outcome outcome = must_load(HIERARCHY);
    const struct sim_latency *latency = outcome.scenarios->network.latency;
    cr_assert_eq(latency[SIM_SAME_HOST].maximum_ns, 10000000);
    cr_assert_eq(latency[SIM_EDGE_AGGREGATOR].minimum_ns, 10000000);
    cr_assert_eq(latency[SIM_EDGE_AGGREGATOR].maximum_ns, 100000000);
    cr_assert_eq(latency[SIM_AGGREGATOR_COORDINATOR].minimum_ns, 50000000);
    cr_assert_eq(latency[SIM_AGGREGATOR_COORDINATOR].maximum_ns, 100000000);
    destroy(outcome);
    outcome = must_load(HIERARCHY "network: {latency: {edge_aggregator_rtt_ms: 8,\n"
                                  "  aggregator_coordinator_ms: 5}}\n");
    latency = outcome.scenarios->network.latency;
    cr_assert_eq(latency[SIM_EDGE_AGGREGATOR].minimum_ns, 4000000);
    cr_assert_eq(latency[SIM_AGGREGATOR_COORDINATOR].maximum_ns, 5000000);
    destroy(outcome);
}

static void must_scale(const char *file, const char *agents, uint32_t regions, uint32_t first,
                       uint32_t last)
{
    const char *const options[] = {"--agents", agents, NULL};
    struct outcome outcome = load_with(file, options);
    cr_assert(outcome.fine, "%s: %s", agents, outcome.error.text);
    const struct sim_scenario *s = outcome.scenarios;
    cr_assert_eq(s->region_count, regions, "%s agents: %u regions", agents, s->region_count);
    cr_assert_eq(s->regions[0].agents, first, "%s agents: %u first", agents, s->regions[0].agents);
    cr_assert_eq(s->regions[regions - 1].agents, last, "%s agents: %u last", agents,
                 s->regions[regions - 1].agents);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < regions; i++) {
        sum += s->regions[i].agents;
    }
    cr_assert_eq(sum, s->agents);
    cr_assert_eq(s->hierarchy.coordinators, 10, "as many as the file has");
    destroy(outcome);
}

// By hand, of the document's 10 x 5 x 10 x 2,000. DESIGN: 100,000 = 5 x 5 x 10 x 400. 650,000 are
// 6.5 regions, rounded up, of 350 edges with 1,857 agents and 50 left over, one for each edge of
// the first region; 649,999 are six of 300 edges with 2,166 and 199 over: the first three take 50,
// the fourth 49.
Test(tiers, of_a_hierarchy_scale_with_the_agents_asked_for)
{
    static const char file[] = SOURCE_ROOT "/topologies/hierarchical.yaml";
    must_scale(file, "1000000", 10, 100000, 100000);
    must_scale(file, "100000", 5, 20000, 20000);
    must_scale(file, "500000", 5, 100000, 100000);
    must_scale(file, "650000", 7, 50 * 1858, 50 * 1857);
    must_scale(file, "649999", 6, 50 * 2167, 50 * 2166);
    must_scale(file, "2000000", 10, 200000, 200000);
    must_scale(file, "1250", 5, 250, 250);
    must_scale(file, "1251", 5, 251, 250);
    const char *const options[] = {"--agents", "649999", NULL};
    struct outcome outcome = load_with(file, options);
    cr_assert_eq(outcome.scenarios->regions[2].agents, 50 * 2167);
    cr_assert_eq(outcome.scenarios->regions[3].agents, 50 * 2166 + 49);
    destroy(outcome);
}

Test(tiers, of_a_small_hierarchy_keep_their_regions)
{
    struct outcome outcome = must_load(
        "topology: hierarchical\n" HIERARCHY_GOSSIP "hierarchy: {level1_global: {coordinators: 4, "
        "regions: 3},\n  level2_regional: {aggregators_per_region: 1},\n"
        "  level3_edge: {edge_nodes_per_aggregator: 1, agents_per_edge: 1000}}\nagents: 30\n");
    cr_assert_eq(outcome.scenarios->region_count, 3, "never below what there was");
    cr_assert_eq(outcome.scenarios->agents, 30);
    destroy(outcome);
}

Test(tiers, of_a_hierarchy_must_multiply_to_the_agents_its_file_declares)
{
    must_fail(HIERARCHY "agent_count: 1000-4200\n", SIM_ERROR_SCENARIO, 10, 14,
              "7 regions x 3 aggregators x 5 edges x 20 agents = 2,100, but agent_count ends at "
              "4,200: let it end at 2100, or change agents_per_edge to 40; to run another size of "
              "this hierarchy, give agents or --agents beside it");
    must_fail(HIERARCHY "agent_count: 4201\n", SIM_ERROR_SCENARIO, 10, 14,
              "let it end at 2100, or change the factors;");
    destroy(must_load(HIERARCHY "agent_count: 1000-2100\n"));
    struct outcome outcome = must_load(HIERARCHY "agent_count: 1000-4200\nagents: 4200\n");
    cr_assert_eq(outcome.scenarios->regions[6].agents, 600, "asked for: scaled, not refused");
    destroy(outcome);
}

Test(tiers, of_a_hierarchy_say_the_same_of_an_aggregator)
{
    write_text("x.yaml", HIERARCHY);
    const char *const wrong[] = {"hierarchy.level2_regional.agents_per_aggregator=99", NULL};
    struct outcome outcome = load_with("x.yaml", wrong);
    must_have_failed(outcome, SIM_ERROR_SCENARIO,
                     "--set hierarchy.level2_regional.agents_per_aggregator=99", 1, 49,
                     "hierarchy.level2_regional.agents_per_aggregator: 5 edges x 20 agents = 100, "
                     "but this says 99: write agents_per_aggregator: 100, or change "
                     "edge_nodes_per_aggregator or agents_per_edge");
    const char *const right[] = {"hierarchy.level2_regional.agents_per_aggregator=100", "--agents",
                                 "1050", NULL};
    outcome = load_with("x.yaml", right);
    cr_assert(outcome.fine, "it is held against the file, whatever the scale");
    destroy(outcome);
}

// By hand: 5 x 3 x 5 = 75 edges with two relays each; 7 x 3 x 5 = 105 when there are more.
Test(tiers, of_a_hierarchy_need_agents_for_every_edge_and_its_relays)
{
    must_fail(HIERARCHY "agents: 149\n", SIM_ERROR_SCENARIO, 10, 9,
              "149 agents are too few: 5 regions x 3 aggregators x 5 edges are 75 edges, and each "
              "needs 2 agents, the relays of gossip.edge_to_aggregator: at least 150 agents");
    destroy(must_load(HIERARCHY "agents: 150\n"));
    static const char one_relay[] = "gossip.edge_to_aggregator=1";
    const char *const few[] = {one_relay, "--agents", "80", NULL};
    write_text("x.yaml", HIERARCHY);
    must_have_failed(load_with("x.yaml", few), SIM_ERROR_SCENARIO, "--agents 80", 1, 1,
                     "each needs 2 agents, or it has nobody to gossip with: at least 150 agents");
}

// 7 x 3 x 5 edges of 2 are 210 agents; with 5 relays an edge needs 5: 5 regions with 375 agents
// would do, but so many are scaled to 7 regions, which need 525.
Test(tiers, of_a_hierarchy_name_a_least_number_that_loads)
{
    static const char text[] =
        "topology: hierarchical\n"
        "gossip: {edge_to_edge: 9, edge_to_aggregator: 5, aggregator_to_coordinator: 3,\n"
        "  intervals: {edge_ms: 100, aggregator_ms: 500, global_ms: 1000}}\n"
        "hierarchy: {level1_global: {coordinators: 4, regions: 7},\n"
        "  level2_regional: {aggregators_per_region: 3},\n"
        "  level3_edge: {edge_nodes_per_aggregator: 5, agents_per_edge: 2}}\n";
    char with_agents[600];
    snprintf(with_agents, sizeof with_agents, "%sagents: 100\n", text);
    must_fail(with_agents, SIM_ERROR_SCENARIO, 7, 9, "at least 525 agents");
    snprintf(with_agents, sizeof with_agents, "%sagents: 525\n", text);
    destroy(must_load(with_agents));
    must_fail(text, SIM_ERROR_SCENARIO, 6, 64, "210 agents are too few: 7 regions x 3");
}

Test(tiers, of_a_hierarchy_stay_within_ten_million_agents)
{
    write_text("x.yaml", HIERARCHY);
    const char *const options[] = {"hierarchy.level3_edge.agents_per_edge=1000000", NULL};
    must_have_failed(load_with("x.yaml", options), SIM_ERROR_SCENARIO,
                     "--set hierarchy.level3_edge.agents_per_edge=1000000", 1, 39,
                     "7 regions x 3 aggregators x 5 edges x 1,000,000 agents = 105,000,000; "
                     "expected at most 10000000");
}

Test(tiers, refuse_what_they_cannot_do)
{
    must_fail(HIERARCHY "network: {tls: true}\nregions: []\n", SIM_ERROR_SCENARIO, 11, 10,
              "found a list of 0");
    write_text("x.yaml", HIERARCHY);
    const char *const delta[] = {"gossip.mode=delta", NULL};
    must_have_failed(load_with("x.yaml", delta), SIM_ERROR_SCENARIO, "--set gossip.mode=delta", 1,
                     13,
                     "gossip.mode: delta travels along one graph over the whole mesh, and a "
                     "hierarchical has a mesh for each edge: expected push, pull, push-pull, eager "
                     "or rumor");
    const char *const coordinators[] = {"hierarchy.level1_global.coordinators=2", NULL};
    must_have_failed(load_with("x.yaml", coordinators), SIM_ERROR_SCENARIO, "x.yaml", 3, 30,
                     "gossip.aggregator_to_coordinator: 3 coordinators cannot be addressed, there "
                     "are 2 (hierarchy.level1_global.coordinators)");
    must_fail("topology: multi_region_leaders\nagent_count: 100\n"
              "gossip: {mode: delta, intra_region: {fanout: 20, interval_ms: 100},\n"
              "  inter_region: {fanout: 4, interval_ms: 500}}\n"
              "regions: [{name: a}, {name: b}]\n",
              SIM_ERROR_SCENARIO, 3, 16,
              "a multi_region_leaders has a mesh for each region: expected");
}

// ---- What holds of both ----

// A region with leaders is a scope: its zones are groups. An edge is one zone.
Test(tiers, know_nearer_agents_only_within_a_scope)
{
    struct outcome outcome = must_load(HIERARCHY);
    cr_assert_not(sim_scenario_has_groups(outcome.scenarios));
    destroy(outcome);
    outcome = must_load(LEADERS "  - {name: b, agents: 40}\n");
    cr_assert_not(sim_scenario_has_groups(outcome.scenarios));
    destroy(outcome);
    outcome = must_load(LEADERS "  - {name: b, agents: 40, zones: [x, y]}\n");
    cr_assert(sim_scenario_has_groups(outcome.scenarios));
    destroy(outcome);
    outcome = must_load("topology: multi_region_mesh\nagent_count: 10\n"
                        "gossip: {fanout: 5, interval_ms: 100}\n"
                        "regions: [{name: a}, {name: b}]\n");
    cr_assert(sim_scenario_has_groups(outcome.scenarios));
    cr_assert_eq(outcome.scenarios->gossip.selection, MESH_LOCAL_BIAS);
    destroy(outcome);
}

static void must_explain(const char *options_0, const char *const *words)
{
    const char *const options[] = {options_0, NULL};
    char *text = lint_text("x.yaml", options);
    for (; *words != NULL; words++) {
        cr_assert_not_null(strstr(text, *words), "lint does not say \"%s\":\n%s", *words, text);
    }
    free(text);
}

Test(tiers, have_their_sizes_explained_by_lint)
{
    write_text("x.yaml", HIERARCHY);
    must_explain("agents=1001",
                 (const char *const[]){
                     "5 regions x 3 aggregators x 5 edges x 13 to 14 agents = 1,001; plus 15 "
                     "aggregators and 4 coordinators\n",
                     "scaled from the file's 7 x 3 x 5 x 20 = 2,100: ", NULL});
    write_text("x.yaml", LEADERS "  - {name: b, agents: 40}\n");
    must_explain("seed=1", (const char *const[]){"regions: a 60 (2 of 5 candidates are bridges), b "
                                                 "40 (3 of 5 candidates are bridges)\n",
                                                 NULL});
}

// Whether lint says of a class, in its line of the latencies, that no two nodes are this far apart.
static void must_occur(const char *option, const char *pair_class, bool occurs)
{
    const char *const options[] = {option, NULL};
    char line[64];
    char *text = lint_text("x.yaml", options);
    snprintf(line, sizeof line, "\n  %s ", pair_class);
    const char *from = strstr(text, line);
    cr_assert(from != NULL, "lint does not list %s:\n%s", pair_class, text);
    size_t length = strcspn(from + 1, "\n");
    bool absent = memmem(from + 1, length, "no such pair here", 17) != NULL;
    cr_expect(absent != occurs, "%s: %.*s", option, (int)length, from + 1);
    free(text);
}

Test(tiers, have_the_places_that_lint_shows)
{
    write_text("x.yaml", HIERARCHY "network: {latency: {same_host_ms: 1, same_zone_ms: 1,\n"
                                   "  same_region_ms: 1, inter_region_ms: 1}}\n");
    must_explain("placement.agents_per_host=20",
                 (const char *const[]){
                     "recorded without effect: there is no such pair of agents here\n", NULL});
    must_occur("placement.agents_per_host=20", "same_zone", false);
    must_occur("placement.agents_per_host=20", "inter_region", true);
    must_occur("placement.agents_per_host=20", "aggregator_coordinator", true);
    must_occur("placement.agents_per_host=19", "same_zone", true);  // an edge of 20 has two hosts
    must_occur("hierarchy.level1_global.coordinators=8", "same_zone", true);  // two in one region
}

// The head of sizes.c draws a message; here is who sends which.
Test(tiers, have_their_links_in_the_sizes)
{
    static const struct {
        const char *mode;
        bool second_table;
    } cases[] = {{"push-pull", false}, {"eager", false}, {"push", true}, {"rumor", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char set[64];
        snprintf(set, sizeof set, "gossip.mode=%s", cases[i].mode);
        const char *const sets[] = {set};
        struct sim_overrides overrides = {.sets = sets, .set_count = 1};
        struct sim_error error = {0};
        char *text = NULL;
        size_t length = 0;
        FILE *output = open_memstream(&text, &length);
        write_text("x.yaml", HIERARCHY);
        cr_assert(sim_lint_sizes("x.yaml", &overrides, output, &error), "%s", error.text);
        fclose(output);
        char edges[96];
        snprintf(edges, sizeof edges, "  edges         105 of 20 agents; %s with 9 every 100 ms\n",
                 cases[i].mode);
        cr_assert_not_null(strstr(text, edges), "%s", text);
        cr_assert_not_null(strstr(text, "  relays        210, 2 of each edge; push-pull with their "
                                        "aggregator every 500 ms\n"));
        cr_assert_not_null(strstr(text, "  aggregators   21, 3 of each region; push-pull with 3 "
                                        "coordinators every 500 ms\n"));
        cr_assert_not_null(
            strstr(text, "  coordinators  4; push-pull with 3 others every 1000 ms\n"));
        cr_assert_eq(strstr(text, "messages of links, bytes") != NULL, cases[i].second_table);
        cr_assert_not_null(strstr(text, "\n  answer "), "%s", text);
        free(text);
    }
}
