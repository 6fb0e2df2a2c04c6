// SPDX-License-Identifier: GPL-3.0-or-later
// Verdicts on results made by hand. The claims of the flat mesh: p95 < 50 ms (the matrix row), at
// most 5 rounds of the run's interval, at most 50 ms, a round of 10 ms, loopback under 1 ms, under
// 1 MB/s.
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "claims.h"
#include "fixture.h"

#define VERDICTS_MAX 200

static struct sim_claims claims;

static void load(void)
{
    struct sim_error error = {0};
    cr_assert(sim_claims_init(&claims, &error), "%s", error.text);
}

static void unload(void)
{
    sim_claims_finish(&claims);
}

// The verdict on one claim, told as "KIND: why".
static struct sim_verdict judge(const struct sim_scenario *scenario,
                                const struct sim_result *results, uint32_t count, const char *id)
{
    struct sim_verdict verdicts[VERDICTS_MAX];
    struct sim_summary summary;
    sim_summary_init(&summary, scenario, results, count);
    cr_assert_leq(claims.count, VERDICTS_MAX);
    uint32_t judged = sim_claims_judge(&claims, scenario, results, count, &summary, verdicts);
    sim_summary_finish(&summary);
    for (uint32_t i = 0; i < judged; i++) {
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

TestSuite(judge, .init = load, .fini = unload);

Test(judge, a_claim_passes_when_the_whole_interval_lies_below_its_target)
{
    struct sim_scenario scenario = fixture_scenario();
    struct sim_result result = fixture_result(60, 29, 20);
    struct sim_verdict verdict = judge(&scenario, &result, 1, "selection-flat-convergence");
    expect(&verdict, SIM_PASS, "100 % of updates within 50 ms");
    cr_expect(verdict.measured == 49 * MS && verdict.low == 49 * MS && verdict.high == 49 * MS);
    cr_expect(verdict.has_interval && verdict.samples == 60);
    cr_expect_eq(sim_verdict_shown(&verdict, verdict.target), 50);
    cr_expect(verdict.target_low == SIM_TIME_NEVER && verdict.target_high == 50 * MS);
    cr_expect_eq(verdict.share_within, 1);
    sim_result_finish(&result);
}

Test(judge, below_a_target_and_at_most_a_target_differ_at_the_target)
{
    struct sim_scenario scenario = fixture_scenario();
    struct sim_result result = fixture_result(60, 30, 20);
    struct sim_verdict row = judge(&scenario, &result, 1, "selection-flat-convergence");
    expect(&row, SIM_FAIL, "0 % of updates within 50 ms");
    struct sim_verdict range = judge(&scenario, &result, 1, "flat-convergence");
    expect(&range, SIM_PASS, "100 % of updates within 50 ms");
    sim_result_finish(&result);
}

// Of 100 updates p95 is the 95th; its interval goes from the 91st to the 100th (96.6 %, no closer
// pair covers 95 %). Ticks of 1 .. 100 ms and no network: 100 ms * J / 100 < 50 holds up to J = 49,
// the 95th alone would go up to 52.
Test(judge, the_setting_that_would_do_would_pass_and_not_only_meet_the_target)
{
    struct sim_scenario scenario = fixture_scenario();
    struct sim_result result = fixture_result(100, 1, 0);
    for (uint32_t i = 0; i < 100; i++) {
        result.updates[i].path.tick_ns[SIM_TICK_GOSSIP] = (i + 1) * MS;
        result.updates[i].theta_ns = (i + 1) * MS;
    }
    struct sim_verdict verdict = judge(&scenario, &result, 1, "selection-flat-convergence");
    cr_expect(verdict.low == 91 * MS && verdict.high == 100 * MS);
    expect(&verdict, SIM_FAIL, "interval_ms near 49 would hold if the rest stays");
    sim_result_finish(&result);
}

// 110 ms of ticks and 20 ms of network: ticks are 85 % of it. 20 + 1.1 J < 50 holds up to J = 27.
Test(judge, a_failed_claim_names_the_setting_that_binds_and_the_value_that_would_do)
{
    struct sim_scenario scenario = fixture_scenario();
    struct sim_result result = fixture_result(60, 110, 20);
    struct sim_verdict verdict = judge(&scenario, &result, 1, "selection-flat-convergence");
    expect(&verdict, SIM_FAIL, "0 % of updates within 50 ms");
    expect(&verdict, SIM_FAIL, "ticks 85 % of the time: interval_ms 100 (flat-mesh.yaml:10)");
    expect(&verdict, SIM_FAIL, "network 15 %");
    expect(&verdict, SIM_FAIL, "At p95 ticks alone take 110 ms, the network alone 20");
    expect(&verdict, SIM_FAIL, "interval_ms near 27 would hold if the rest stays");
    cr_expect_float_eq(sim_shares_waiting(&verdict.shares), 110.0 / 130, 1e-12);
    sim_result_finish(&result);
}

// 95 of 100 must hold; six are slow by network, 94 by ticks: no interval is short enough for p95.
Test(judge, no_interval_is_promised_where_the_network_alone_is_too_slow)
{
    struct sim_scenario scenario = fixture_scenario();
    struct sim_result result = fixture_result(100, 10, 20);
    for (uint32_t i = 0; i < 6; i++) {
        result.updates[i].path =
            (struct sim_path){.tick_ns = {5 * MS}, .network_ns = 60 * MS, .node = 1};
        result.updates[i].theta_ns = 65 * MS;
    }
    struct sim_verdict verdict = judge(&scenario, &result, 1, "selection-flat-convergence");
    cr_expect_eq(verdict.measured, 65 * MS);
    expect(&verdict, SIM_INCONCLUSIVE, "94 % of updates within 50 ms");
    for (uint32_t i = 6; i < 100; i++) {
        result.updates[i].path = (struct sim_path){.network_ns = 51 * MS, .node = 1};
        result.updates[i].theta_ns = 51 * MS;
    }
    verdict = judge(&scenario, &result, 1, "selection-flat-convergence");
    expect(&verdict, SIM_FAIL, "No interval_ms can hold it: the network alone takes 60 ms at p95");
    sim_result_finish(&result);
}

Test(judge, fewer_than_59_samples_are_inconclusive_and_it_says_how_many_repetitions_decide)
{
    struct sim_scenario scenario = fixture_scenario();
    struct sim_result results[2] = {fixture_result(5, 1, 1), fixture_result(5, 1, 1)};
    struct sim_verdict verdict = judge(&scenario, results, 2, "selection-flat-convergence");
    expect(&verdict, SIM_INCONCLUSIVE, "10 of the 59 updates that it takes to tell: --repeat 12.");
    cr_expect_not(verdict.has_interval);
    cr_expect(verdict.has_measured && verdict.measured == 2 * MS);
    sim_result_finish(&results[0]);
    sim_result_finish(&results[1]);
}

// 100 updates of 3.5, 4, 4.5 .. 53 ms: p95 is 50.5, its ranks 91 and 100 are 48.5 and 53.
Test(judge, an_interval_that_spans_the_target_is_inconclusive)
{
    struct sim_scenario scenario = fixture_scenario();
    struct sim_result result = fixture_result(100, 1, 0);
    for (uint32_t i = 0; i < 100; i++) {
        result.updates[i].theta_ns = (i + 1) * MS / 2 + 3 * MS;  // p95 at 50.5 ms
        result.updates[i].path.tick_ns[SIM_TICK_GOSSIP] = result.updates[i].theta_ns;
    }
    struct sim_verdict verdict = judge(&scenario, &result, 1, "selection-flat-convergence");
    expect(&verdict, SIM_INCONCLUSIVE, "The interval spans the target: --repeat 4 would halve it.");
    cr_expect_eq(verdict.measured, 95 * MS / 2 + 3 * MS);
    cr_expect(verdict.low == 97 * MS / 2 && verdict.high == 53 * MS, "[%lu, %lu]", verdict.low,
              verdict.high);
    sim_result_finish(&result);
}

Test(judge, updates_that_never_converge_are_later_than_any_target)
{
    struct sim_scenario scenario = fixture_scenario();
    struct sim_result result = fixture_result(100, 1, 1);
    for (uint32_t i = 0; i < 20; i++) {
        fixture_never(&result.updates[i], 50);
    }
    struct sim_verdict verdict = judge(&scenario, &result, 1, "selection-flat-convergence");
    expect(&verdict, SIM_FAIL, "80 % of updates within 50 ms, 20 % never in 20000 ms");
    expect(&verdict, SIM_FAIL, "Too many updates never get there: no interval_ms mends that.");
    cr_expect(verdict.measured == SIM_TIME_NEVER && verdict.low == SIM_TIME_NEVER);
    cr_expect_eq(sim_verdict_shown(&verdict, verdict.measured), INFINITY);
    sim_result_finish(&result);
}

// 2 of 100 never come: the others must make up for them. 97 of 98 kept paths stand for them all.
Test(judge, updates_without_a_kept_path_are_stood_for_by_those_with_one)
{
    struct sim_scenario scenario = fixture_scenario();
    struct sim_result result = fixture_result(100, 110, 20);
    fixture_never(&result.updates[0], 50);
    fixture_never(&result.updates[1], 50);
    for (uint32_t i = 60; i < 100; i++) {
        result.updates[i].path = (struct sim_path){.network_ns = 7000 * MS, .node = MESH_NODE_NONE};
    }
    struct sim_verdict verdict = judge(&scenario, &result, 1, "selection-flat-convergence");
    expect(&verdict, SIM_FAIL, "interval_ms near 27 would hold if the rest stays");
    expect(&verdict, SIM_FAIL, "ticks 85 % of the time");
    sim_result_finish(&result);
}

// 130 ms are 1.3 rounds of 100 ms: the rounds hold, the milliseconds do not, since a round of the
// document's is 10 ms.
Test(judge, rounds_and_milliseconds_are_judged_apart_and_the_length_of_a_round_with_them)
{
    struct sim_scenario scenario = fixture_scenario();
    struct sim_result result = fixture_result(60, 110, 20);
    struct sim_verdict rounds = judge(&scenario, &result, 1, "flat-rounds");
    expect(&rounds, SIM_PASS, "100 % of updates within 5 rounds");
    cr_expect_eq(sim_verdict_shown(&rounds, rounds.measured), 1.3);
    struct sim_verdict length = judge(&scenario, &result, 1, "flat-round-length");
    expect(&length, SIM_FAIL, "interval_ms is 100 (flat-mesh.yaml:10); 30 ms for 3 rounds");
    cr_expect_not(length.has_interval);
    scenario.gossip.interval_ns = 10 * MS;
    length = judge(&scenario, &result, 1, "flat-round-length");
    expect(&length, SIM_PASS, "interval_ms is 10");
    sim_result_finish(&result);
}

Test(judge, a_run_with_another_fanout_than_the_rows_is_judged_and_told_so)
{
    struct sim_scenario scenario = fixture_scenario();
    struct sim_result result = fixture_result(60, 1, 1);
    scenario.gossip.fanout = 3;
    struct sim_verdict verdict = judge(&scenario, &result, 1, "selection-flat-convergence");
    expect(&verdict, SIM_PASS, "The claim is about fanout 5, this run has 3 (--set).");
    struct sim_verdict any = judge(&scenario, &result, 1, "flat-convergence");
    cr_expect_null(strstr(any.why, "fanout"), "this claim names none: \"%s\"", any.why);
    struct sim_verdict cell = judge(&scenario, &result, 1, "selection-flat-fanout");
    expect(&cell, SIM_FAIL, "The run has fanout 3 (--set).");
    sim_result_finish(&result);
}

Test(judge, latency_is_the_longest_delay_of_the_pair_classes_that_the_claim_names)
{
    struct sim_scenario scenario = fixture_scenario();
    struct sim_result result = fixture_result(60, 1, 1);
    result.latency_max_ns[SIM_SAME_ZONE] = 30 * MS;  // no loopback: does not count
    struct sim_verdict verdict = judge(&scenario, &result, 1, "flat-latency");
    expect(&verdict, SIM_UNMEASURED, "no message went between such places");
    result.latency_max_ns[SIM_SAME_HOST] = 999999;
    result.latency_p50_ns[SIM_SAME_HOST] = 550000;
    verdict = judge(&scenario, &result, 1, "flat-latency");
    expect(&verdict, SIM_PASS, "median 0.55");
    result.latency_max_ns[SIM_SAME_HOST] = 1000000;
    verdict = judge(&scenario, &result, 1, "flat-latency");
    expect(&verdict, SIM_FAIL, "Longest one-way delay 1 ms");
    sim_result_finish(&result);
}

// "~10 MB/s" at 1,000 agents: from 5 to 20.
Test(judge, about_is_within_a_factor_of_two_either_way)
{
    static const struct {
        uint64_t mb_per_s;
        enum sim_verdict_kind kind;
    } cases[] = {{4, SIM_FAIL}, {5, SIM_PASS}, {20, SIM_PASS}, {21, SIM_FAIL}};
    struct sim_scenario scenario = fixture_scenario();
    scenario.topology = SIM_SINGLE_REGION_MESH;
    scenario.agents = 1000;
    struct sim_result results[2] = {fixture_result(60, 1, 1), fixture_result(60, 1, 1)};
    for (size_t i = 0; i < 4; i++) {
        results[0].traffic[MESH_MESSAGE_OPEN][SIM_SAME_ZONE].bytes = cases[i].mb_per_s * 20000000;
        struct sim_verdict verdict = judge(&scenario, results, 1, "single-bandwidth");
        expect(&verdict, cases[i].kind, "this workload writes 5 updates/s");
        cr_expect_eq(sim_verdict_shown(&verdict, verdict.measured), (double)cases[i].mb_per_s);
        cr_expect(verdict.target_low == 5000000 && verdict.target_high == 20000000);
    }
    results[1].traffic[MESH_MESSAGE_OPEN][SIM_SAME_ZONE].bytes = 10 * 20000000;
    struct sim_verdict verdict = judge(&scenario, results, 2, "single-bandwidth");
    cr_expect_eq(verdict.kind, SIM_INCONCLUSIVE, "21 MB/s in one repetition, 10 in the other");
    sim_result_finish(&results[0]);
    sim_result_finish(&results[1]);
}

// 99.9 % within 100 ms. Of 4,000 updates all within: Clopper and Pearson's lower bound is
// 0.025^(1/4000) = 0.99908. Of 3,000: 0.99877.
Test(judge, a_latency_sla_is_the_share_of_updates_within_the_convergence_target)
{
    struct sim_scenario scenario = fixture_scenario();
    scenario.topology = SIM_SINGLE_REGION_MESH;
    scenario.agents = 1000;
    struct sim_result result = fixture_result(4000, 60, 20);
    struct sim_verdict verdict = judge(&scenario, &result, 1, "comparison-single-sla");
    expect(&verdict, SIM_PASS, "100 % of updates within 100 ms, 99.9 % promised");
    cr_expect_eq(verdict.measured, 1000000000);
    cr_expect(llabs((int64_t)verdict.low - 999078208) < 1000, "%lu", verdict.low);
    result.update_count = 3000;
    verdict = judge(&scenario, &result, 1, "comparison-single-sla");
    // The least n with 0.025^(1/n) >= 0.999 is log(0.025) / log(0.999) = 3687.03, rounded up.
    expect(&verdict, SIM_INCONCLUSIVE,
           "3000 of the 3688 updates that it takes to tell: --repeat 2.");
    // One in ten takes 120 ms, 100 of it ticks: 20 + J holds below J = 80, 79 ms.
    for (uint32_t i = 0; i < 300; i++) {
        result.updates[i].theta_ns = 120 * MS;
        result.updates[i].path.tick_ns[SIM_TICK_GOSSIP] = 100 * MS;
    }
    verdict = judge(&scenario, &result, 1, "comparison-single-sla");
    expect(&verdict, SIM_FAIL, "90 % of updates within 100 ms, 99.9 % promised");
    expect(&verdict, SIM_FAIL, "interval_ms near 79 would hold");
    sim_result_finish(&result);
}

// Of 10 updates none within 100 ms. Clopper and Pearson's upper end is 31 %, but 10 updates of one
// run are too few to tell.
Test(judge, a_share_takes_59_samples_too)
{
    struct sim_scenario scenario = fixture_scenario();
    scenario.topology = SIM_SINGLE_REGION_MESH;
    struct sim_result result = fixture_result(10, 100, 20);
    struct sim_verdict verdict = judge(&scenario, &result, 1, "comparison-single-sla");
    expect(&verdict, SIM_INCONCLUSIVE, "0 % of updates within 100 ms, 99.9 % promised");
    sim_result_finish(&result);
}

Test(judge, the_documents_own_sums_add_up)
{
    struct sim_scenario scenario = fixture_scenario();
    scenario.topology = SIM_HIERARCHICAL;
    scenario.agents = 1000000;
    struct sim_verdict verdicts[VERDICTS_MAX];
    struct sim_summary summary;
    sim_summary_init(&summary, &scenario, NULL, 0);
    uint32_t count = sim_claims_judge(&claims, &scenario, NULL, 0, &summary, verdicts);
    uint32_t products = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (verdicts[i].claim->measure == SIM_MEASURE_PRODUCT) {
            products++;
            cr_expect_eq(verdicts[i].kind, SIM_PASS, "%s: %s, not %s", verdicts[i].claim->id,
                         verdicts[i].why, verdicts[i].claim->target_text);
        }
    }
    cr_expect_eq(products, 9, "%u sums in the document", products);
    sim_summary_finish(&summary);
}

Test(judge, what_this_version_cannot_measure_is_listed_with_its_reason)
{
    struct sim_scenario scenario = fixture_scenario();
    struct sim_result result = fixture_result(60, 1, 1);
    struct sim_verdict verdict = judge(&scenario, &result, 1, "flat-cost");
    expect(&verdict, SIM_UNMEASURED, "Not measured: this version computes no cost.");
    cr_expect_not(verdict.has_measured || verdict.has_interval);
    result.interrupted = true;
    verdict = judge(&scenario, &result, 1, "selection-flat-convergence");
    expect(&verdict, SIM_UNMEASURED, "no repetition ran to its end");
    sim_result_finish(&result);
}

Test(judge, bounds_on_agents_are_judged_even_where_nothing_else_applies)
{
    struct sim_scenario scenario = fixture_scenario();
    struct sim_result result = fixture_result(60, 1, 1);
    scenario.agents = 5000;
    scenario.agents_origin = (struct sim_origin){"--agents", 1, 1};
    struct sim_verdict verdict = judge(&scenario, &result, 1, "comparison-flat-agents");
    expect(&verdict, SIM_FAIL, "The run has 5000 agents (--agents).");
    sim_result_finish(&result);
}
