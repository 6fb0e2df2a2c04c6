// SPDX-License-Identifier: GPL-3.0-or-later
// Meshes with several tiers: what their verdicts name as binding, and which interval would do. All
// updates of a result are alike, so that every percentile is theirs and sums can be done by hand.
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "claims.h"
#include "fixture.h"

#define UPDATES 60

static const char claims_text[] =
    "sections:\n"
    "- section: S\n"
    "  claims:\n"
    "  - {id: leaders, quote: q, topology: multi_region_leaders, theta: file,\n"
    "     statistic: p95(convergence_ms), target: '< 500'}\n"
    "  - {id: leaders-round, quote: q, topology: multi_region_leaders,\n"
    "     statistic: interval_ms, target: about 500}\n"
    "  - {id: region-rounds, quote: q, topology: [multi_region_leaders, hierarchical, flat_mesh],\n"
    "     theta: file, statistic: p95(region_convergence_rounds), target: about 8}\n"
    "  - {id: tiers, quote: q, topology: hierarchical, theta: file,\n"
    "     statistic: p95(convergence_ms), target: '< 1000'}\n"
    "  - {id: tiers-rounds, quote: q, topology: hierarchical, theta: file,\n"
    "     statistic: p95(convergence_rounds), target: '<= 1'}\n"
    "  - {id: tiers-round, quote: q, topology: hierarchical,\n"
    "     statistic: interval_ms, target: 416-667}\n"
    "  - {id: edge-rounds, quote: q, topology: hierarchical, theta: file,\n"
    "     statistic: p95(edge_convergence_rounds), target: '<= 7'}\n"
    "  - {id: edge-share, quote: q, topology: hierarchical, theta: file,\n"
    "     statistic: share(edge_convergence_ms < 700), target: '>= 0.9'}\n"
    "  - {id: relay-latency, quote: q, topology: hierarchical,\n"
    "     statistic: latency_ms, classes: [edge_aggregator], target: '< 100'}\n"
    "  - {id: top-latency, quote: q, topology: hierarchical,\n"
    "     statistic: latency_ms, classes: [aggregator_coordinator], target: '< 1000'}\n";

static struct sim_claims claims;

static void load(void)
{
    struct sim_error error = {0};
    cr_assert(sim_claims_parse(&claims, "c.yaml", claims_text, &error), "%u: %s", error.line,
              error.text);
}

static void unload(void)
{
    sim_claims_finish(&claims);
}

TestSuite(remedy, .init = load, .fini = unload);

static struct sim_verdict judge(const struct sim_scenario *scenario,
                                const struct sim_result *result, const char *id)
{
    struct sim_verdict verdicts[16];
    struct sim_summary summary;
    sim_summary_init(&summary, scenario, result, 1);
    uint32_t count = sim_claims_judge(&claims, scenario, result, 1, &summary, verdicts);
    sim_summary_finish(&summary);
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(verdicts[i].claim->id, id) == 0) {
            return verdicts[i];
        }
    }
    cr_assert(false, "%s does not apply", id);
    return (struct sim_verdict){0};
}

static void expect(const struct sim_verdict *verdict, enum sim_verdict_kind kind, const char *says)
{
    cr_expect_eq(verdict->kind, kind, "%s: %s: %s", verdict->claim->id,
                 sim_verdict_name(verdict->kind), verdict->why);
    cr_expect_not_null(strstr(verdict->why, says), "%s: \"%s\" does not say \"%s\"",
                       verdict->claim->id, verdict->why, says);
}

static void expect_no_part(const struct sim_verdict *verdict, const char *part)
{
    cr_expect_null(strstr(verdict->why, part), "\"%s\" says \"%s\"", verdict->why, part);
}

static struct sim_result result_of(const struct sim_scenario *scenario)
{
    struct sim_result result = fixture_result(UPDATES, 0, 0);
    bool tiers = scenario->topology == SIM_HIERARCHICAL;
    result.interval_ns[SIM_REACH_EDGE] = tiers ? 100 * MS : 0;
    result.interval_ns[SIM_REACH_REGION] = tiers ? 500 * MS : 100 * MS;
    result.interval_ns[SIM_REACH_ALL] = tiers ? 1000 * MS : 500 * MS;
    return result;
}

// What the verdict says of updates that all took this way.
static struct sim_verdict way(const struct sim_scenario *scenario, uint64_t gossip_ms,
                              uint64_t link_ms, uint64_t global_ms, uint64_t network_ms)
{
    struct sim_result result = result_of(scenario);
    fixture_waits(&result, gossip_ms, link_ms, global_ms, network_ms);
    struct sim_verdict verdict =
        judge(scenario, &result, scenario->topology == SIM_HIERARCHICAL ? "tiers" : "leaders");
    sim_result_finish(&result);
    return verdict;
}

// ---- Leaders: below 500 ms ----

// 600 ms, of which ticks of bridges 250: 350 + 250 J / 500 < 500 holds up to J = 299.
Test(remedy, leaders_are_told_to_tick_sooner_where_that_alone_would_do)
{
    struct sim_scenario scenario = fixture_leaders();
    struct sim_verdict verdict = way(&scenario, 200, 250, 0, 150);
    expect(&verdict, SIM_FAIL, "0 % of updates within 500 ms");
    expect(&verdict, SIM_FAIL,
           "; gossip.inter_region.interval_ms 500 (leaders.yaml:26) is waited for at the bridges, "
           "42 % of the time; gossip.intra_region.interval_ms 100 (leaders.yaml:22) 33 %, network "
           "25 %.");
    expect(&verdict, SIM_FAIL,
           " At p95 gossip ticks alone take 200 ms, leader ticks 250, the network alone 150: "
           "gossip.inter_region.interval_ms near 299 would hold if the rest stays.");
}

// 650 ms: without any waiting of bridges still 600. 250 + 400 J / 100 < 500 holds up to J = 62.
Test(remedy, the_interval_of_all_agents_is_named_where_only_that_would_do)
{
    struct sim_scenario scenario = fixture_leaders();
    struct sim_verdict verdict = way(&scenario, 400, 50, 0, 200);
    expect(&verdict, SIM_FAIL,
           ": gossip.intra_region.interval_ms near 62 would hold if the rest stays.");
}

// 850 ms: without the one wait 600, without the other 550. Both f times as long: 300 + 550 f < 500;
// 500 f = 181 whole ms is the most (1.1 * 182 = 200.2), and 100 f = 36.2.
Test(remedy, all_intervals_are_shortened_together_where_no_single_one_would_do)
{
    struct sim_scenario scenario = fixture_leaders();
    struct sim_verdict verdict = way(&scenario, 300, 250, 0, 300);
    expect(&verdict, SIM_FAIL,
           ": gossip.intra_region.interval_ms near 36.2 and gossip.inter_region.interval_ms near "
           "181 would hold if the rest stays.");
}

Test(remedy, no_interval_is_named_where_the_network_alone_is_too_slow)
{
    struct sim_scenario scenario = fixture_leaders();
    struct sim_verdict verdict = way(&scenario, 10, 10, 0, 510);
    expect(&verdict, SIM_FAIL, " No interval can hold it: the network alone takes 510 ms at p95.");
    struct sim_verdict one_ms = way(&scenario, 100, 500, 0, 499);
    expect(&one_ms, SIM_FAIL, ": the shortest interval leaves it in doubt.");
}

// Forwarded on receipt, an update waits for bridges only.
Test(remedy, ticks_that_nobody_waited_for_are_not_told_of)
{
    struct sim_scenario scenario = fixture_leaders();
    struct sim_verdict verdict = way(&scenario, 0, 400, 0, 200);
    expect(&verdict, SIM_FAIL, "is waited for at the bridges, 67 % of the time; network 33 %.");
    struct sim_verdict direct = way(&scenario, 0, 0, 0, 100);
    expect(&direct, SIM_PASS, "; network 100 %.");
}

// ---- Hierarchies: below a second ----

// 33.5, 33.5 and 33 % are rounded to 34, 34 and 33; a network that takes nothing is not below it.
Test(remedy, rounded_shares_leave_the_network_no_less_than_nothing)
{
    struct sim_scenario scenario = fixture_hierarchy();
    struct sim_verdict verdict = way(&scenario, 670, 670, 660, 0);
    expect(&verdict, SIM_FAIL,
           "34 % of the time; global_ms 1000 (hierarchical.yaml:28) 33 %, "
           "edge_ms 100 (hierarchical.yaml:26) 34 %, network 0 %.");
}

// 1,400 ms: 800 + 600 J / 500 < 1000 holds up to J = 166.
Test(remedy, aggregators_are_waited_for_on_the_way_up_and_on_the_way_down)
{
    struct sim_scenario scenario = fixture_hierarchy();
    struct sim_verdict verdict = way(&scenario, 300, 600, 200, 300);
    expect(&verdict, SIM_FAIL,
           "; aggregator_ms 500 (hierarchical.yaml:27) is waited for on the way up and on the way "
           "down, 43 % of the time; global_ms 1000 (hierarchical.yaml:28) 14 %, edge_ms 100 "
           "(hierarchical.yaml:26) 21 %, network 22 %.");
    expect(&verdict, SIM_FAIL,
           " At p95 gossip ticks alone take 300 ms, aggregator ticks 600, global ticks 200, the "
           "network alone 300: aggregator_ms near 166 would hold if the rest stays.");
}

// 1,100 ms. aggregator_ms: 650 + 450 J / 500 < 1000 up to 388, 0.78 of it; global_ms: 600 +
// 500 J / 1000 < 1000 up to 799, 0.80 of it, which changes less.
Test(remedy, of_two_intervals_that_would_do_the_one_that_changes_less_is_named)
{
    struct sim_scenario scenario = fixture_hierarchy();
    struct sim_verdict verdict = way(&scenario, 50, 450, 500, 100);
    expect(&verdict, SIM_FAIL, "; global_ms 1000 (hierarchical.yaml:28) is waited for among");
    expect(&verdict, SIM_FAIL, ": global_ms near 799 would hold if the rest stays.");
}

// 1,551 ms: without the one wait 1,051, without the other too. 551 + 1000 f < 1000: f = 0.448.
Test(remedy, the_links_are_shortened_together_before_the_agents_interval_is)
{
    struct sim_scenario scenario = fixture_hierarchy();
    struct sim_verdict verdict = way(&scenario, 100, 500, 500, 451);
    expect(&verdict, SIM_FAIL,
           ": aggregator_ms near 224 and global_ms near 448 would hold if the rest stays.");
}

Test(remedy, no_interval_mends_what_never_arrives)
{
    struct sim_scenario scenario = fixture_hierarchy();
    struct sim_result result = result_of(&scenario);
    for (uint32_t i = 0; i < UPDATES; i++) {
        fixture_never(&result.updates[i], 50);
    }
    struct sim_verdict verdict = judge(&scenario, &result, "tiers");
    expect(&verdict, SIM_FAIL, "Too many updates never get there: no interval mends that.");
    cr_expect(isnan(verdict.shares.network));
    sim_result_finish(&result);
}

// ---- Within an edge, within a region ----

// 800 ms within the edge: 8 rounds of 100. Its path is not known, only that to theta of all.
Test(remedy, times_near_the_writer_are_judged_in_rounds_of_their_own)
{
    struct sim_scenario scenario = fixture_hierarchy();
    struct sim_result result = result_of(&scenario);
    fixture_waits(&result, 300, 600, 200, 300);
    fixture_near(&result, SIM_REACH_EDGE, 800);
    fixture_near(&result, SIM_REACH_REGION, 2000);
    struct sim_verdict edge = judge(&scenario, &result, "edge-rounds");
    expect(&edge, SIM_FAIL,
           "0 % of updates within 7 rounds; a round is edge_ms 100 (hierarchical.yaml:26).");
    cr_expect_eq(sim_verdict_shown(&edge, edge.measured), 8);
    expect_no_part(&edge, "of the time");
    cr_expect(isnan(edge.shares.network));
    struct sim_verdict share = judge(&scenario, &result, "edge-share");
    expect(&share, SIM_FAIL, "0 % of updates within 700 ms, 90 % promised.");
    struct sim_verdict region = judge(&scenario, &result, "region-rounds");
    expect(&region, SIM_PASS, "; a round is aggregator_ms 500 (hierarchical.yaml:27).");
    cr_expect_eq(sim_verdict_shown(&region, region.measured), 4);
    struct sim_verdict all = judge(&scenario, &result, "tiers-rounds");
    expect(&all, SIM_FAIL, "; a round is global_ms 1000 (hierarchical.yaml:28); aggregator_ms 500");
    cr_expect_eq(sim_verdict_shown(&all, all.measured), 1.4);
    sim_result_finish(&result);
}

Test(remedy, a_mesh_of_one_region_has_no_region_to_be_measured_apart)
{
    struct sim_scenario scenario = fixture_scenario();
    struct sim_result result = fixture_result(UPDATES, 100, 20);
    struct sim_verdict verdict = judge(&scenario, &result, "region-rounds");
    expect(&verdict, SIM_UNMEASURED, "Not measured: this mesh has one region.");
    cr_expect_not(verdict.has_measured || verdict.has_interval);
    sim_result_finish(&result);
}

// ---- How it is set up, and the network ----

Test(remedy, the_length_of_a_round_is_that_of_the_slowest_ticks)
{
    struct sim_scenario leaders = fixture_leaders();
    struct sim_scenario tiers = fixture_hierarchy();
    struct sim_result result = result_of(&leaders);
    struct sim_verdict verdict = judge(&leaders, &result, "leaders-round");
    expect(&verdict, SIM_PASS, "gossip.inter_region.interval_ms is 500 (leaders.yaml:26).");
    verdict = judge(&tiers, &result, "tiers-round");
    expect(&verdict, SIM_FAIL, "global_ms is 1000 (hierarchical.yaml:28).");
    sim_result_finish(&result);
}

Test(remedy, the_latency_between_tiers_is_that_of_their_pair_class)
{
    struct sim_scenario scenario = fixture_hierarchy();
    struct sim_result result = result_of(&scenario);
    result.latency_max_ns[SIM_EDGE_AGGREGATOR] = 101 * MS;
    result.latency_max_ns[SIM_AGGREGATOR_COORDINATOR] = 99 * MS;
    struct sim_verdict relay = judge(&scenario, &result, "relay-latency");
    expect(&relay, SIM_FAIL, "Longest one-way delay 101 ms");
    struct sim_verdict top = judge(&scenario, &result, "top-latency");
    expect(&top, SIM_PASS, "Longest one-way delay 99 ms");
    sim_result_finish(&result);
}
