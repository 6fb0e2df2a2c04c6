// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <string.h>

#include "claims.h"
#include "fixture.h"

static struct sim_claims load(void)
{
    struct sim_claims claims;
    struct sim_error error = {0};
    cr_assert(sim_claims_init(&claims, &error), "%s:%u:%u: %s", error.file, error.line,
              error.column, error.text);
    return claims;
}

static const struct sim_claim *find(const struct sim_claims *claims, const char *id)
{
    for (uint32_t i = 0; i < claims->count; i++) {
        if (strcmp(claims->items[i].id, id) == 0) {
            return &claims->items[i];
        }
    }
    cr_assert(false, "no claim %s", id);
    return NULL;
}

// Counted in the document: 5 rows of 5 cells (agents, fanout, regions, convergence, cost) in the
// selection matrix, 7 rows of 4 in the comparison matrix.
Test(measure, every_cell_of_both_matrices_is_a_claim)
{
    struct sim_claims claims = load();
    uint32_t selection = 0;
    uint32_t comparison = 0;
    for (uint32_t i = 0; i < claims.count; i++) {
        selection += strcmp(claims.items[i].section, "Topology Selection Matrix") == 0;
        comparison += strcmp(claims.items[i].section, "Topology Comparison Matrix") == 0;
    }
    cr_expect_eq(selection, 25);
    cr_expect_eq(comparison, 28);
    sim_claims_finish(&claims);
}

// The five rows of the selection matrix: convergence in ms, agents, fanout.
Test(measure, each_topology_has_one_primary_claim_and_it_is_its_matrix_row)
{
    static const struct {
        uint32_t target_ms, agents_least, agents_most, fanout_least, fanout_most;
    } rows[SIM_TOPOLOGY_COUNT] = {
        [SIM_FLAT_MESH] = {50, 10, 100, 5, 5},
        [SIM_SINGLE_REGION_MESH] = {100, 100, 1000, 10, 10},
        [SIM_MULTI_REGION_MESH] = {300, 1000, 10000, 10, 20},
        [SIM_MULTI_REGION_LEADERS] = {500, 10000, 100000, 20, 50},
        [SIM_HIERARCHICAL] = {1000, 100000, 1000000, 50, 100},
    };
    struct sim_claims claims = load();
    for (uint32_t topology = 0; topology < SIM_TOPOLOGY_COUNT; topology++) {
        uint32_t found = 0;
        for (uint32_t i = 0; i < claims.count; i++) {
            const struct sim_claim *claim = &claims.items[i];
            if (claim->primary && claim->topologies == 1u << topology) {
                found++;
                cr_expect_eq(claim->target_micro, rows[topology].target_ms * INT64_C(1000000));
                cr_expect_eq(claim->limit, SIM_LIMIT_BELOW);
                cr_expect_eq(claim->agents.least, rows[topology].agents_least);
                cr_expect_eq(claim->agents.most, rows[topology].agents_most);
                cr_expect_eq(claim->fanout.least, rows[topology].fanout_least);
                cr_expect_eq(claim->fanout.most, rows[topology].fanout_most);
                cr_expect(claim->theta_of_file && claim->term.percentile_ppb == 950000000);
                cr_expect_str_eq(claim->stored_metric, "convergence");
                cr_expect_str_eq(claim->stored_statistic, "p95");
            }
        }
        cr_expect_eq(found, 1, "%u primary claims about %s", found,
                     sim_topology_name((enum sim_topology)topology));
    }
    sim_claims_finish(&claims);
}

Test(measure, a_claim_is_judged_or_says_why_it_is_not)
{
    struct sim_claims claims = load();
    for (uint32_t i = 0; i < claims.count; i++) {
        const struct sim_claim *claim = &claims.items[i];
        bool about_a_run =
            claim->measure == SIM_MEASURE_TERM || claim->measure == SIM_MEASURE_LATENCY;
        cr_expect(claim->unmeasured != NULL || claim->measure != SIM_MEASURE_NONE, "%s", claim->id);
        cr_expect(!about_a_run || claim->unmeasured == NULL, "%s: %s", claim->id,
                  claim->unmeasured);
    }
    cr_expect_not_null(find(&claims, "single-cost")->unmeasured);
    cr_expect_null(find(&claims, "selection-flat-convergence")->unmeasured);
    cr_expect_str_eq(find(&claims, "leaders-region-rounds")->statistic,
                     "p95(region_convergence_rounds)");
    cr_expect_str_eq(find(&claims, "hierarchical-edge-rounds")->statistic,
                     "p95(edge_convergence_rounds)");
    cr_expect_eq(find(&claims, "hierarchical-regional-latency")->pair_classes,
                 1u << SIM_EDGE_AGGREGATOR);
    cr_expect_eq(find(&claims, "hierarchical-global-latency")->pair_classes,
                 1u << SIM_AGGREGATOR_COORDINATOR);
    sim_claims_finish(&claims);
}

Test(measure, a_tilde_is_about_a_range_promises_its_end_and_an_sla_is_a_share)
{
    struct sim_claims claims = load();
    const struct sim_claim *bandwidth = find(&claims, "single-bandwidth");
    cr_expect(bandwidth->limit == SIM_LIMIT_ABOUT && bandwidth->target_micro == 10000000);
    const struct sim_claim *range = find(&claims, "flat-convergence");
    cr_expect(range->limit == SIM_LIMIT_AT_MOST && range->target_micro == 50000000);
    const struct sim_claim *sla = find(&claims, "comparison-single-sla");
    cr_expect(sla->term.aggregate == SIM_SHARE && sla->term.inner_bound == 100);
    cr_expect(sla->limit == SIM_LIMIT_AT_LEAST && sla->target_micro == 999000);
    cr_expect_str_eq(sla->stored_unit, "ppb");
    sim_claims_finish(&claims);
}

#define CLAIM "sections:\n- section: S\n  claims:\n  - {id: a, quote: q, topology: flat_mesh, "

Test(measure, claims_on_an_edge_or_a_region_are_of_metrics_that_the_store_keeps_by_name)
{
    static const struct {
        const char *text, *metric, *unit, *stored_unit;
    } cases[] = {
        {"p95(edge_convergence_ms)", "edge_convergence", "ms", "ns"},
        {"p95(edge_convergence_rounds)", "edge_convergence", "rounds", "ns"},
        {"p95(region_convergence_rounds)", "region_convergence", "rounds", "ns"},
        {"share(region_convergence_ms < 100)", "region_convergence", "share", "ppb"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        struct sim_claims claims;
        struct sim_error error = {0};
        snprintf(text, sizeof text, CLAIM "theta: file, statistic: '%s', target: '< 5'}\n",
                 cases[i].text);
        cr_assert(sim_claims_parse(&claims, "c.yaml", text, &error), "%s", error.text);
        cr_expect_str_eq(claims.items[0].stored_metric, cases[i].metric);
        cr_expect_str_eq(claims.items[0].unit, cases[i].unit);
        cr_expect_str_eq(claims.items[0].stored_unit, cases[i].stored_unit);
        sim_claims_finish(&claims);
    }
}

Test(measure, a_claim_speaks_of_its_topology_and_of_so_many_agents)
{
    struct sim_claims claims = load();
    const struct sim_claim *claim = find(&claims, "selection-flat-convergence");
    struct sim_scenario scenario = fixture_scenario();
    cr_expect(sim_claim_applies(claim, &scenario));
    scenario.agents = 10;
    cr_expect(sim_claim_applies(claim, &scenario));
    scenario.agents = 101;
    cr_expect_not(sim_claim_applies(claim, &scenario));
    cr_expect(sim_claim_applies(find(&claims, "comparison-flat-agents"), &scenario),
              "the bound itself speaks of any number");
    scenario.agents = 100;
    scenario.topology = SIM_SINGLE_REGION_MESH;
    cr_expect_not(sim_claim_applies(claim, &scenario));
    sim_claims_finish(&claims);
}

// ---- Files with a mistake ----

Test(measure, a_mistake_in_the_claims_is_refused_where_it_stands)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"claims: []\n", "a list of sections"},
        {"sections: [{section: S}]\n", "a section has a title and a list of claims"},
        {CLAIM "statistic: agents, target: '< 5', colour: red}\n", "unknown key colour"},
        {CLAIM "target: '< 5'}\n", "a claim has a statistic"},
        {CLAIM "statistic: p95(speed), target: '< 5'}\n", "unknown metric \"speed\""},
        {CLAIM "statistic: agents, target: '~ 5'}\n", "not a target: ~ 5"},
        {CLAIM "statistic: agents, target: about five}\n", "not a target: about five"},
        {CLAIM "statistic: agents}\n", "what is measured has a target"},
        {CLAIM "statistic: cost_rating}\n", "say why under unmeasured"},
        {CLAIM "statistic: p95(convergence_ms), target: '< 5'}\n", "theta belongs to"},
        {CLAIM "statistic: agents, theta: file, target: '< 5'}\n", "theta belongs to"},
        {CLAIM "statistic: latency_ms, target: '< 5'}\n", "classes belong to latency_ms"},
        {CLAIM "statistic: latency_ms, classes: [moon], target: '< 5'}\n", "not a name"},
        {CLAIM "statistic: product, target: = 5}\n", "factors belong to product"},
        {CLAIM "statistic: agents, agents: 10-5, target: '< 5'}\n", "a range goes upwards"},
        {CLAIM "statistic: agents, agents: few, target: '< 5'}\n", "a number from 1 up"},
        {CLAIM "statistic: agents, target: '< 5'}\n"
               "  - {id: a, quote: r, topology: flat_mesh, statistic: agents, target: '< 6'}\n",
         "a second claim a"},
        {"sections: [", "not YAML"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_claims claims;
        struct sim_error error = {0};
        cr_expect_not(sim_claims_parse(&claims, "c.yaml", cases[i].text, &error), "%s",
                      cases[i].text);
        cr_expect_eq(error.code, SIM_ERROR_INTERNAL, "what stands in the program is our fault");
        cr_expect(strcmp(error.file, "c.yaml") == 0 && error.line > 0, "%s:%u", error.file,
                  error.line);
        cr_expect_not_null(strstr(error.text, cases[i].says), "%s: %s", cases[i].text, error.text);
        sim_claims_finish(&claims);
    }
}

// ---- Assumptions ----

Test(measure, the_assumptions_are_told_with_the_values_of_the_scenario)
{
    struct sim_scenario scenario = fixture_scenario();
    scenario.threshold_origin = (struct sim_origin){"flat-mesh.yaml", 11, 26};
    struct sim_assumption assumptions[SIM_ASSUMPTION_COUNT];
    sim_assumptions_of(&scenario, assumptions);
    static const char *const says[SIM_ASSUMPTION_COUNT] = {
        "0.95 (flat-mesh.yaml:11): an update has converged when 95 % of the agents",
        "each node ticks every 100 ms (flat-mesh.yaml:10)",
        "warm:",
        "every node knows the 99 others",
        "push-pull (the default): updates travel on ticks only",
    };
    for (int i = 0; i < SIM_ASSUMPTION_COUNT; i++) {
        cr_expect_not_null(strstr(assumptions[i].text, says[i]), "%s: %s", assumptions[i].name,
                           assumptions[i].text);
    }
    scenario.gossip.mode = MESH_EAGER;
    sim_assumptions_of(&scenario, assumptions);
    cr_expect_not_null(strstr(assumptions[4].text, "forwarded on its first receipt"));
    scenario.gossip.mode = MESH_RUMOR;
    sim_assumptions_of(&scenario, assumptions);
    cr_expect_not_null(strstr(assumptions[4].text, "whom they leave out is never told"));
}

Test(measure, the_assumptions_follow_the_schedule_and_the_peers)
{
    struct sim_scenario scenario = fixture_scenario();
    struct sim_region zones = {.name = "local", .zone_count = 2, .agents = 100};
    struct sim_assumption assumptions[SIM_ASSUMPTION_COUNT];
    static const char *const ticks[] = {
        [MESH_PHASED] =
            "phased: each node ticks every 100 ms (flat-mesh.yaml:10) at a random phase",
        [MESH_SYNCHRONOUS] = "synchronous: all nodes tick at the same instants, every 100 ms",
        [MESH_POISSON] = "poisson: each node ticks at random, every 100 ms (flat-mesh.yaml:10) on",
    };
    static const char *const peers[] = {
        [MESH_UNIFORM] = "full: every node knows the 99 others from the start, and draws its ",
        [MESH_LOCAL_BIAS] = "full, peers local-bias: ",
        [MESH_LATENCY_AWARE] = "full, peers latency-aware: ",
        [MESH_HYBRID] = "full, peers hybrid: ",
    };
    for (uint32_t i = 0; i < sizeof ticks / sizeof *ticks; i++) {
        scenario.gossip.schedule = (enum mesh_schedule)i;
        sim_assumptions_of(&scenario, assumptions);
        cr_expect_eq(strncmp(assumptions[1].text, ticks[i], strlen(ticks[i])), 0, "%s",
                     assumptions[1].text);
    }
    for (uint32_t i = 0; i < sizeof peers / sizeof *peers; i++) {
        scenario.gossip.selection = (enum mesh_selection)i;
        scenario.regions = &zones;
        sim_assumptions_of(&scenario, assumptions);
        cr_expect_eq(strncmp(assumptions[3].text, peers[i], strlen(peers[i])), 0, "%s",
                     assumptions[3].text);
        zones.zone_count = 1;  // where nobody is nearer than another all are uniform
        sim_assumptions_of(&scenario, assumptions);
        cr_expect_not_null(strstr(assumptions[3].text, "uniformly"), "%s", assumptions[3].text);
        zones.zone_count = 2;
    }
}

Test(measure, the_assumptions_of_regions_with_bridges_name_both_intervals_and_that_bridges_stay)
{
    struct sim_scenario scenario = fixture_leaders();
    struct sim_assumption assumptions[SIM_ASSUMPTION_COUNT];
    sim_assumptions_of(&scenario, assumptions);
    cr_expect_str_eq(
        assumptions[1].text,
        "phased, leader ticks every 500 ms (leaders.yaml:26), gossip ticks every 100 ms "
        "(leaders.yaml:22): each node ticks at random phases of its own, whenever "
        "updates are written; an update may wait for all of them");
    static const char membership[] =
        "full within each region, 9 elected bridges between 3 regions: an agent knows the others "
        "of "
        "its region from the start, and draws its peers among them uniformly; of 5 candidates";
    cr_expect_eq(strncmp(assumptions[3].text, membership, strlen(membership)), 0, "%s",
                 assumptions[3].text);
    cr_expect_eq(strncmp(assumptions[4].text, "push-pull (the default): ", 25), 0);
    scenario.gossip.mode = MESH_EAGER;
    sim_assumptions_of(&scenario, assumptions);
    cr_expect_str_eq(assumptions[4].text,
                     "eager within each region (the default): an update is forwarded there on its "
                     "first receipt; the links between wait for their ticks, unless "
                     "gossip.eager_links");
}

Test(measure, the_assumptions_of_a_hierarchy_name_three_intervals_and_that_relays_stay)
{
    struct sim_scenario scenario = fixture_hierarchy();
    struct sim_assumption assumptions[SIM_ASSUMPTION_COUNT];
    scenario.gossip.schedule = MESH_POISSON;
    scenario.gossip.mode = MESH_EAGER;
    scenario.gossip.selection = MESH_LOCAL_BIAS;  // an edge is in one zone: all are as near
    sim_assumptions_of(&scenario, assumptions);
    static const char *const says[SIM_ASSUMPTION_COUNT] = {
        "0.95",
        "poisson, global ticks every 1000 ms (hierarchical.yaml:28), aggregator ticks every 500 ms "
        "(hierarchical.yaml:27), gossip ticks every 100 ms (hierarchical.yaml:26): nodes tick",
        "warm:",
        "full within each edge, 5 fixed relays of each: an agent knows the others of its edge from "
        "the start, and draws its peers among them uniformly; no relay or aggregator is replaced "
        "during the run, and aggregators and coordinators know the 10 coordinators, 3 of which",
        "eager within each edge (the default): ",
    };
    for (int i = 0; i < SIM_ASSUMPTION_COUNT; i++) {
        cr_expect_eq(strncmp(assumptions[i].text, says[i], strlen(says[i])), 0, "%s",
                     assumptions[i].text);
    }
}
