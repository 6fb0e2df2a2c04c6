// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include <xxhash.h>

#include "fixture.h"
#include "summary.h"

static double mean(const struct sim_summary *summary, enum sim_metric_id metric)
{
    return summary->statistics[metric].mean;
}

Test(measure, the_names_of_the_metrics_are_those_that_others_rely_on)
{
    static const char *const names[] = {
        "convergence_ms",
        "convergence_rounds",
        "edge_convergence_ms",
        "edge_convergence_rounds",
        "region_convergence_ms",
        "region_convergence_rounds",
        "messages",
        "bytes",
        "updates_sent_per_node",
        "residue",
        "last_receipt_rounds",
        "wall_s",
        "peak_rss_bytes",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        enum sim_metric_id metric = sim_metric_find(names[i], (uint32_t)strlen(names[i]));
        cr_expect_lt(metric, SIM_METRIC_COUNT, "no metric %s", names[i]);
    }
    cr_expect_eq(sim_metric_find("convergence_ms", 11), SIM_METRIC_COUNT, "half a name is no name");
    cr_expect_str_eq(sim_metric_nearest("convergnce_ms"), "convergence_ms");
    cr_expect_null(sim_metric_nearest("zebra"));
}

Test(measure, every_metric_is_of_updates_reports_returns_or_repetitions)
{
    for (enum sim_metric_id id = 0; id < SIM_METRIC_COUNT; id++) {
        const struct sim_metric *metric = &sim_metrics[id];
        int of = (metric->of_update != NULL) + (metric->of_rejoin != NULL) +
                 (metric->of_run != NULL) + (metric->each != NULL) + metric->of_reports;
        cr_expect_eq(metric->each != NULL, metric->each_count != NULL, "%s", metric->name);
        cr_expect_eq(of, 1, "%s", metric->name);
        cr_expect_not_null(metric->stored_unit, "%s", metric->name);
    }
    cr_expect_str_eq(sim_metric_samples(SIM_CONVERGENCE_ROUNDS), "updates");
    cr_expect_str_eq(sim_metric_samples(SIM_REPORT_EDGE_MS), "reports");
    cr_expect_str_eq(sim_metric_samples(SIM_REJOIN_MS), "returns");
    cr_expect_str_eq(sim_metric_samples(SIM_FAILOVER_MS), "losses of bridges");
    cr_expect_str_eq(sim_metric_samples(SIM_PARTITION_DETECTION_MS), "members cut off");
    cr_expect_str_eq(sim_metric_samples(SIM_GLOBAL_AGENTS), "repetitions");
    cr_expect_str_eq(sim_metric_samples(SIM_LAGGING_AGENTS), "repetitions");
}

// Two repetitions: 2 updates of 120 ms, 1 of 50 ms. Interval 100 ms, 100 agents.
Test(measure, updates_are_pooled_and_repetitions_counted_one_by_one)
{
    struct sim_scenario scenario = fixture_scenario();
    struct sim_result results[2] = {fixture_result(2, 100, 20), fixture_result(1, 30, 20)};
    results[0].traffic[MESH_MESSAGE_OPEN][SIM_SAME_HOST] =
        (struct sim_traffic){.messages = 900, .bytes = 50000, .updates = 500, .transport_bytes = 7};
    results[0].traffic[MESH_MESSAGE_FILL][SIM_SAME_ZONE] =
        (struct sim_traffic){.messages = 100, .bytes = 10000, .updates = 160};
    results[1].traffic[MESH_MESSAGE_OPEN][SIM_SAME_HOST] =
        (struct sim_traffic){.messages = 400, .bytes = 20000, .updates = 120};
    results[0].wall_ns = 1500 * MS;
    struct sim_summary summary;
    sim_summary_init(&summary, &scenario, results, 2);
    cr_expect_eq(summary.run_count, 2);
    cr_expect_eq(summary.statistics[SIM_CONVERGENCE_MS].count, 3);
    cr_expect_eq(summary.statistics[SIM_CONVERGENCE_MS].p50, 120);
    cr_expect_eq(summary.statistics[SIM_CONVERGENCE_MS].min, 50);
    cr_expect_eq(summary.statistics[SIM_CONVERGENCE_ROUNDS].p50, 1.2);
    cr_expect_eq(summary.statistics[SIM_REACH_50_MS].max, 60);
    cr_expect_eq(summary.statistics[SIM_MESSAGES].count, 2);
    cr_expect_eq(mean(&summary, SIM_MESSAGES), 700);  // 1000 and 400
    cr_expect_eq(mean(&summary, SIM_BYTES), 40000);   // 60000 and 20000
    cr_expect_float_eq(summary.statistics[SIM_MESSAGES].sd, 300 * sqrt(2), 1e-9);
    // 660 copies of 2 updates on 100 nodes: 3.3. 120 copies of 1: 1.2. Mean 2.25.
    cr_expect_float_eq(mean(&summary, SIM_UPDATES_SENT_PER_NODE), 2.25, 1e-9);
    // 60,000 bytes in 20 s are 0.003 MB/s, 20,000 are 0.001.
    cr_expect_float_eq(mean(&summary, SIM_BANDWIDTH_MB_PER_S), 0.002, 1e-12);
    cr_expect_eq(summary.statistics[SIM_WALL_S].max, 1.5);
    cr_expect_eq(mean(&summary, SIM_RESIDUE), 0);
    sim_summary_finish(&summary);
    sim_result_finish(&results[0]);
    sim_result_finish(&results[1]);
}

// Update 0 reaches 82 of 100 by round 1.2, update 1 all of them by round 2.4.
Test(measure, residue_and_last_receipt_are_means_over_the_updates_of_a_repetition)
{
    struct sim_scenario scenario = fixture_scenario();
    struct sim_result result = fixture_result(2, 100, 20);
    fixture_never(&result.updates[0], 82);
    result.updates[1].last_receipt_ns = 240 * MS;
    struct sim_summary summary;
    sim_summary_init(&summary, &scenario, &result, 1);
    cr_expect_float_eq(mean(&summary, SIM_RESIDUE), 0.09, 1e-12);
    cr_expect_float_eq(mean(&summary, SIM_LAST_RECEIPT_ROUNDS), 1.8, 1e-12);
    cr_expect_eq(summary.statistics[SIM_CONVERGENCE_MS].p50, 120);
    cr_expect_eq(summary.statistics[SIM_CONVERGENCE_MS].p95, INFINITY);
    cr_expect(isnan(mean(&summary, SIM_CONVERGENCE_MS)));
    sim_summary_finish(&summary);
    sim_result_finish(&result);
}

// Update 0 takes 60 ms to theta of its edge and 900 to theta of its region, update 1 never gets to
// the former, update 2 has neither. A round is 100 ms in the edge, 500 in the region, 1000 in all.
Test(measure, times_within_an_edge_and_a_region_are_metrics_with_rounds_of_their_own)
{
    struct sim_scenario scenario = fixture_hierarchy();
    struct sim_result result = fixture_result(3, 1000, 500);
    fixture_near(&result, SIM_REACH_EDGE, 60);
    fixture_near(&result, SIM_REACH_REGION, 900);
    result.updates[1].near[SIM_REACH_EDGE].theta_ns = SIM_TIME_NEVER;
    memset(result.updates[2].near, 0, sizeof result.updates[2].near);
    result.interval_ns[SIM_REACH_EDGE] = 100 * MS;
    result.interval_ns[SIM_REACH_REGION] = 500 * MS;
    result.interval_ns[SIM_REACH_ALL] = 1000 * MS;
    struct sim_summary summary;
    sim_summary_init(&summary, &scenario, &result, 1);
    const struct sim_statistics *statistics = summary.statistics;
    cr_expect_eq(statistics[SIM_EDGE_CONVERGENCE_MS].count, 2);
    cr_expect_eq(statistics[SIM_EDGE_CONVERGENCE_MS].min, 60);
    cr_expect_eq(statistics[SIM_EDGE_CONVERGENCE_MS].max, INFINITY);
    cr_expect_float_eq(statistics[SIM_EDGE_CONVERGENCE_ROUNDS].min, 0.6, 1e-12);
    cr_expect_eq(statistics[SIM_REGION_CONVERGENCE_MS].count, 2);
    cr_expect_eq(statistics[SIM_REGION_CONVERGENCE_MS].p50, 900);
    cr_expect_float_eq(statistics[SIM_REGION_CONVERGENCE_ROUNDS].mean, 1.8, 1e-12);
    cr_expect_eq(statistics[SIM_CONVERGENCE_MS].count, 3);
    cr_expect_float_eq(statistics[SIM_CONVERGENCE_ROUNDS].mean, 1.5, 1e-12);
    sim_summary_finish(&summary);
    sim_result_finish(&result);
}

// Written at 50 ms, in the edge after 60: at 110, after the tick of 100. In the region after 900:
// at 950, after that of 500. In all after 1,500: at 1,550, after that of 1,000.
Test(measure, synchronous_rounds_count_the_ticks_of_their_own_reach)
{
    struct sim_scenario scenario = fixture_hierarchy();
    scenario.gossip.schedule = MESH_SYNCHRONOUS;
    struct sim_result result = fixture_result(1, 1000, 500);
    fixture_near(&result, SIM_REACH_EDGE, 60);
    fixture_near(&result, SIM_REACH_REGION, 900);
    result.updates[0].written_ns = 50 * MS;
    result.interval_ns[SIM_REACH_EDGE] = 100 * MS;
    result.interval_ns[SIM_REACH_REGION] = 500 * MS;
    result.interval_ns[SIM_REACH_ALL] = 1000 * MS;
    struct sim_summary summary;
    sim_summary_init(&summary, &scenario, &result, 1);
    cr_expect_eq(mean(&summary, SIM_EDGE_CONVERGENCE_ROUNDS), 1);
    cr_expect_eq(mean(&summary, SIM_REGION_CONVERGENCE_ROUNDS), 1);
    cr_expect_eq(mean(&summary, SIM_CONVERGENCE_ROUNDS), 1);
    result.updates[0].near[SIM_REACH_REGION].theta_ns = 950 * MS;  // at the tick of 1,000
    sim_summary_finish(&summary);
    sim_summary_init(&summary, &scenario, &result, 1);
    cr_expect_eq(mean(&summary, SIM_REGION_CONVERGENCE_ROUNDS), 2);
    sim_summary_finish(&summary);
    sim_result_finish(&result);
}

Test(measure, a_mesh_without_edges_or_regions_has_no_metrics_of_them_and_no_zeros_instead)
{
    struct sim_scenario flat = fixture_scenario();
    struct sim_scenario leaders = fixture_leaders();
    struct sim_scenario tiers = fixture_hierarchy();
    cr_expect_not(sim_metric_applies(SIM_EDGE_CONVERGENCE_MS, &flat));
    cr_expect_not(sim_metric_applies(SIM_REGION_CONVERGENCE_ROUNDS, &flat));
    cr_expect_not(sim_metric_applies(SIM_EDGE_CONVERGENCE_ROUNDS, &leaders));
    cr_expect(sim_metric_applies(SIM_REGION_CONVERGENCE_MS, &leaders));
    cr_expect(sim_metric_applies(SIM_EDGE_CONVERGENCE_MS, &tiers));
    cr_expect(sim_metric_applies(SIM_REGION_CONVERGENCE_MS, &tiers));
    cr_expect(sim_metric_applies(SIM_CONVERGENCE_MS, &flat));
    struct sim_result result = fixture_result(2, 100, 20);
    struct sim_summary summary;
    sim_summary_init(&summary, &flat, &result, 1);
    for (enum sim_metric_id id = SIM_EDGE_CONVERGENCE_MS; id <= SIM_REGION_CONVERGENCE_ROUNDS;
         id++) {
        cr_expect_eq(summary.statistics[id].count, 0, "%s", sim_metrics[id].name);
        cr_expect(isnan(summary.statistics[id].p50), "%s", sim_metrics[id].name);
    }
    sim_summary_finish(&summary);
    sim_result_finish(&result);
}

// Ticks at 100, 200, 300 ... ms. By hand: the ticks from the write to the receipt.
Test(measure, rounds_of_a_synchronous_schedule_are_the_ticks_from_the_write_to_the_receipt)
{
    static const struct {
        uint64_t written_ns, since_ns;
        double rounds;
        const char *why;
    } cases[] = {
        {0, 101 * MS, 1, "told at the tick of 100, heard 1 ms later"},
        {0, 99 * MS, 0, "before the first tick"},
        {0, 100 * MS, 1, "at the instant of the first tick: without delay"},
        {0, 240 * MS, 2, "told at 200"},
        {30 * MS, 71 * MS, 1, "written between ticks: the tick of 100 is the first"},
        {30 * MS, 170 * MS, 2, "heard at the instant of the tick of 200"},
        {100 * MS, 1 * MS, 1, "a write comes before the tick of its instant"},
        {100 * MS + 1, 1 * MS, 0, "a nanosecond too late for the tick of 100"},
        {100 * MS + 1, 100 * MS, 1, "and in time for that of 200"},
        {700 * MS, 0, 0, "the writer alone: no tick was needed"},
        {950 * MS, 451 * MS, 5, "the ticks of 1000, 1100, 1200, 1300 and 1400"},
    };
    struct sim_scenario scenario = fixture_scenario();
    scenario.gossip.schedule = MESH_SYNCHRONOUS;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_result result = fixture_result(1, 1, 1);
        struct sim_summary summary;
        result.updates[0].written_ns = cases[i].written_ns;
        result.updates[0].theta_ns = cases[i].since_ns;
        result.updates[0].last_receipt_ns = cases[i].since_ns;
        sim_summary_init(&summary, &scenario, &result, 1);
        double rounds = mean(&summary, SIM_CONVERGENCE_ROUNDS);
        cr_expect(rounds == cases[i].rounds, "%g rounds, by hand %g: %s", rounds, cases[i].rounds,
                  cases[i].why);
        cr_expect_eq(mean(&summary, SIM_LAST_RECEIPT_ROUNDS), cases[i].rounds);
        cr_expect_float_eq(mean(&summary, SIM_CONVERGENCE_MS), (double)cases[i].since_ns / 1e6,
                           1e-9, "times stay times");
        sim_summary_finish(&summary);
        sim_result_finish(&result);
    }
}

// An update written at 50 ms and heard 240 ms later: 2.4 intervals, and the ticks of 100 and 200.
Test(measure, rounds_of_the_other_schedules_are_intervals)
{
    static const enum mesh_schedule schedules[] = {MESH_PHASED, MESH_POISSON, MESH_SYNCHRONOUS};
    static const double rounds[] = {2.4, 2.4, 2};
    struct sim_scenario scenario = fixture_scenario();
    for (size_t i = 0; i < 3; i++) {
        struct sim_result result = fixture_result(1, 200, 40);
        struct sim_summary summary;
        scenario.gossip.schedule = schedules[i];
        result.updates[0].written_ns = 50 * MS;
        sim_summary_init(&summary, &scenario, &result, 1);
        cr_expect_float_eq(mean(&summary, SIM_CONVERGENCE_ROUNDS), rounds[i], 1e-12, "%s",
                           sim_schedule_name(schedules[i]));
        cr_expect_float_eq(mean(&summary, SIM_LAST_RECEIPT_ROUNDS), rounds[i], 1e-12, "%s",
                           sim_schedule_name(schedules[i]));
        sim_summary_finish(&summary);
        sim_result_finish(&result);
    }
}

// In whole intervals, a mean over updates may still fall between: 1 and 2 rounds.
Test(measure, a_synchronous_update_that_never_converged_never_does_in_rounds)
{
    struct sim_scenario scenario = fixture_scenario();
    scenario.gossip.schedule = MESH_SYNCHRONOUS;
    struct sim_result result = fixture_result(2, 100, 20);
    fixture_never(&result.updates[0], 82);
    result.updates[1].last_receipt_ns = 240 * MS;
    struct sim_summary summary;
    sim_summary_init(&summary, &scenario, &result, 1);
    cr_expect_eq(summary.statistics[SIM_CONVERGENCE_ROUNDS].max, INFINITY);
    cr_expect_eq(summary.statistics[SIM_CONVERGENCE_ROUNDS].min, 1);
    cr_expect_float_eq(mean(&summary, SIM_LAST_RECEIPT_ROUNDS), 1.5, 1e-12);
    sim_summary_finish(&summary);
    sim_result_finish(&result);
}

Test(measure, warm_up_updates_empty_cohorts_and_interrupted_repetitions_do_not_count)
{
    struct sim_scenario scenario = fixture_scenario();
    struct sim_result results[2] = {fixture_result(3, 100, 20), fixture_result(7, 1, 1)};
    results[0].updates[0].measured = false;
    results[0].updates[0].theta_ns = 1;
    results[0].updates[1].cohort = 0;
    results[0].updates[1].theta_ns = 2;
    results[1].interrupted = true;
    struct sim_summary summary;
    sim_summary_init(&summary, &scenario, results, 2);
    cr_expect_eq(summary.run_count, 1);
    cr_expect_eq(summary.statistics[SIM_CONVERGENCE_MS].count, 1);
    cr_expect_eq(summary.statistics[SIM_CONVERGENCE_MS].min, 120);
    cr_expect_eq(summary.statistics[SIM_MESSAGES].count, 1);
    sim_summary_finish(&summary);
    sim_result_finish(&results[0]);
    sim_result_finish(&results[1]);
}

Test(measure, a_repetition_without_a_measured_update_has_no_residue_and_no_zero_instead)
{
    struct sim_scenario scenario = fixture_scenario();
    struct sim_result result = fixture_result(1, 1, 1);
    result.updates[0].measured = false;
    struct sim_summary summary;
    sim_summary_init(&summary, &scenario, &result, 1);
    cr_expect_eq(summary.statistics[SIM_RESIDUE].count, 0);
    cr_expect_eq(summary.statistics[SIM_UPDATES_SENT_PER_NODE].count, 0);
    cr_expect_eq(summary.statistics[SIM_LAST_RECEIPT_ROUNDS].count, 0);
    cr_expect(isnan(summary.statistics[SIM_RESIDUE].mean));
    sim_summary_finish(&summary);
    sim_result_finish(&result);
}

Test(measure, bandwidth_is_over_the_time_in_which_traffic_is_counted)
{
    struct sim_scenario scenario = fixture_scenario();
    scenario.workload.warmup_ns = 19000 * MS;
    struct sim_result result = fixture_result(1, 1, 1);
    result.traffic[MESH_MESSAGE_PUSH][SIM_SAME_HOST].bytes = 5000000;
    struct sim_summary summary;
    sim_summary_init(&summary, &scenario, &result, 1);
    cr_expect_eq(mean(&summary, SIM_BANDWIDTH_MB_PER_S), 5);
    sim_summary_finish(&summary);
    sim_result_finish(&result);
}

Test(measure, the_combined_fingerprint_is_xxh3_over_the_runs_in_order)
{
    static const uint8_t bytes[16] = {0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01, 2};
    struct sim_scenario scenario = fixture_scenario();
    struct sim_result results[2] = {{.fingerprint = 0x0123456789abcdef}, {.fingerprint = 2}};
    struct sim_summary summary;
    sim_summary_init(&summary, &scenario, results, 2);
    cr_expect_eq(summary.fingerprint, XXH3_64bits(bytes, 16));
    sim_summary_finish(&summary);
    uint64_t first = summary.fingerprint;
    results[0].fingerprint = 2;
    results[1].fingerprint = 0x0123456789abcdef;
    sim_summary_init(&summary, &scenario, results, 2);
    cr_expect_neq(summary.fingerprint, first, "the order of the repetitions counts");
    sim_summary_finish(&summary);
}
