// SPDX-License-Identifier: GPL-3.0-or-later
// Settings of the network's models: distributions, measurements, pairs of regions, bursts, queues.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quantiles.h"
#include "workshop.h"

TestSuite(network_settings, .init = workshop_open, .fini = workshop_close, .timeout = 60);

#define MS UINT64_C(1000000)

static const struct sim_quantiles *table_of(const struct outcome *outcome, enum sim_pair_class pair)
{
    const struct sim_quantiles *table = outcome->scenarios[0].network.quantiles[pair];
    cr_assert_not_null(table, "%s has no table", sim_pair_class_name(pair));
    return table;
}

static uint64_t median_ns(const struct sim_quantiles *table)
{
    return table->points[SIM_QUANTILE_CELLS / 2];
}

static void must_be_near(const char *what, uint64_t found, uint64_t wanted, uint64_t most)
{
    cr_expect(found + most >= wanted && found <= wanted + most, "%s: %lu, expected %lu", what,
              found, wanted);
}

// ---- Distributions ----

Test(network_settings, every_distribution_becomes_a_table_with_its_median)
{
    struct outcome outcome =
        must_load(MESH "network:\n  latency:\n"
                       "    same_host_ms: {distribution: normal, mean: 40, stddev: 8}\n"
                       "    same_zone_ms: {distribution: lognormal, mean: 40, stddev: 8, min: 20}\n"
                       "    same_region_ms: {distribution: gamma, mean: 40, stddev: 40}\n"
                       "    inter_region_ms: {distribution: pareto, min: 20, shape: 2}\n");
    must_be_near("normal", median_ns(table_of(&outcome, SIM_SAME_HOST)), 40 * MS, 1000);
    // The median of a lognormal is mean / sqrt(1 + (s / m)^2) = 40 / sqrt(1.04), by 1,500 ns higher
    // for what is cut below 20; that of an exponential of mean 40 cut below 0.4 is 0.4 + 40 ln 2;
    // that of this Pareto 20 sqrt 2.
    must_be_near("lognormal", median_ns(table_of(&outcome, SIM_SAME_ZONE)), 39223227, 5000);
    must_be_near("gamma", median_ns(table_of(&outcome, SIM_SAME_REGION)), 28125887, 1000);
    must_be_near("pareto", median_ns(table_of(&outcome, SIM_INTER_REGION)), 28284271, 1000);
    const struct sim_network_settings *network = &outcome.scenarios[0].network;
    must_be_near("a hundredth of the mean", network->latency[SIM_SAME_HOST].minimum_ns, 401000,
                 1000);
    cr_expect(network->latency[SIM_SAME_ZONE].minimum_ns >= 20 * MS);
    cr_expect(network->latency[SIM_SAME_ZONE].maximum_ns ==
              table_of(&outcome, SIM_SAME_ZONE)->points[SIM_QUANTILE_CELLS]);
    cr_expect(outcome.scenarios[0].table_count == 4);
    cr_expect_str_eq(outcome.scenarios[0].tables[1].used_for, "same_zone");
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(network_settings, a_distribution_of_round_trips_is_halved)
{
    struct outcome outcome =
        must_load(MESH "network: {latency: {same_host_rtt_ms: {distribution: normal, mean: 40, "
                       "stddev: 8, min: 10, max: 70}}}\n");
    const struct sim_quantiles *table = table_of(&outcome, SIM_SAME_HOST);
    must_be_near("median", median_ns(table), 20 * MS, 1000);
    cr_expect(table->points[0] >= 5 * MS && table->points[SIM_QUANTILE_CELLS] <= 35 * MS);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(network_settings, what_a_distribution_lacks_or_does_not_take_is_an_error)
{
#define HOST "network: {latency: {same_host_ms: "
    must_fail(MESH HOST "{distribution: lognormal, mean: 40}}}\n", SIM_ERROR_SCENARIO, 4, 35,
              "stddev is missing");
    must_fail(MESH HOST "{distribution: pareto, min: 1, shape: 2, mean: 3}}}\n", SIM_ERROR_SCENARIO,
              4, 76, "a pareto latency has no key \"mean\"; it takes min and shape");
    must_fail(MESH HOST "{distribution: normal, mean: 0, stddev: 1}}}\n", SIM_ERROR_SCENARIO, 4, 64,
              "mean: expected a number from 0.000001");
    must_fail(MESH HOST "{distribution: normal, mean: 1, stddev: 1, min: 3, max: 2}}}\n",
              SIM_ERROR_SCENARIO, 4, 91, "max must be above min");
    must_fail(MESH HOST "{distribution: normal, mean: 1, stddev: 0.1, min: 3}}}\n",
              SIM_ERROR_SCENARIO, 4, 35, "less than a hundredth");
    must_fail(MESH HOST "{distribution: gama, mean: 1}}}\n", SIM_ERROR_SCENARIO, 4, 50,
              "did you mean gamma?");
}

// ---- Measurements ----

#define FROM_FILE \
    MESH "network: {latency: {same_host_ms: {distribution: empirical, file: rtt.csv}}}\n"

Test(network_settings, measured_round_trips_are_halved_and_kept_with_the_scenario)
{
    write_text("rtt.csv", "# ping\nwhen, rtt_ms\n\n1, 8\n2, 2\n3, 4\n");
    struct outcome outcome = must_load(FROM_FILE);
    const struct sim_quantiles *table = table_of(&outcome, SIM_SAME_HOST);
    cr_expect(table->points[0] == 1 * MS && median_ns(table) == 2 * MS &&
              table->points[SIM_QUANTILE_CELLS] == 4 * MS);
    cr_assert(outcome.scenarios[0].data_file_count == 1);
    cr_expect_not_null(strstr(outcome.scenarios[0].data_files[0].path, "rtt.csv"));
    cr_expect_not_null(strstr(outcome.scenarios[0].data_files[0].text, "# ping"));
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
    write_text("rtt.csv", "one_way_ms\n8\n2\n4\n");
    outcome = must_load(FROM_FILE);
    cr_expect(median_ns(table_of(&outcome, SIM_SAME_HOST)) == 4 * MS);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

static void file_must_fail(const char *scenario, const char *csv, uint32_t line, uint32_t column,
                           const char *words)
{
    write_text("rtt.csv", csv);
    must_have_failed(load_text(scenario), SIM_ERROR_SCENARIO, "rtt.csv", line, column, words);
}

Test(network_settings, a_file_of_measurements_must_say_what_it_holds)
{
    file_must_fail(FROM_FILE, "ms\n1\n2\n", 1, 1, "one_way_ms or rtt_ms");
    file_must_fail(FROM_FILE, "1\n2\n", 1, 1, "found \"1\"");
    file_must_fail(FROM_FILE, "one_way_ms,rtt_ms\n1,2\n", 1, 12, "more than one column");
    file_must_fail(FROM_FILE, "rtt_ms\n1\n 2x\n", 3, 2, "expected milliseconds");
    file_must_fail(FROM_FILE, "rtt_ms\n1\n-2\n", 3, 1, "expected milliseconds");
    file_must_fail(FROM_FILE, "a,rtt_ms\n1,2\n3\n", 3, 1, "1 fields, but the header has 2");
    file_must_fail(FROM_FILE, "rtt_ms\n1\n", 1, 1, "1 measurement");
    file_must_fail(FROM_FILE, "# nothing\n", 1, 1, "no header");
}

Test(network_settings, a_file_that_is_not_there_is_blamed_on_the_setting)
{
    must_have_failed(load_text(FROM_FILE), SIM_ERROR_IO, "x.yaml", 4, 67, "rtt.csv");
    must_fail(MESH "network: {latency: {same_host_rtt_ms: {distribution: empirical, file: a}}}\n",
              SIM_ERROR_SCENARIO, 4, 39, "use the key without _rtt");
}

// ---- Pairs of regions ----

#define REGIONS(first, second)                                                         \
    "topology: multi_region_mesh\nagents: 10\ngossip: {fanout: 2, interval_ms: 100}\n" \
    "regions: [{name: " first "}, {name: " second "}]\n"

// This version may not run several regions, but lint loads them.
static char *latencies_of(const char *text)
{
    write_text("x.yaml", text);
    return lint_text("x.yaml", NULL);
}

static void must_say(const char *text, const char *words)
{
    cr_expect_not_null(strstr(text, words), "should say \"%s\":\n%s", words, text);
}

static void lint_must_fail(const char *text, const char *file, uint32_t line, const char *words)
{
    struct sim_error error = {0};
    FILE *output = tmpfile();
    write_text("x.yaml", text);
    cr_assert(!sim_lint("x.yaml", NULL, output, &error));
    fclose(output);
    cr_expect(strcmp(error.file, file) == 0 && error.line == line && strstr(error.text, words),
              "%s:%u: %s", error.file, error.line, error.text);
}

// Virginia and Singapore: a mean round trip of 236 ms (topologies/cloud-regions.csv).
Test(network_settings, profile_cloud_knows_regions_by_name_and_by_location)
{
    char *text = latencies_of(
        REGIONS("us-east-1", "asia, location: AWS ap-southeast-1") "network: {profile: cloud}\n");
    must_say(text, "us-east-1 > asia");
    must_say(text, "asia > us-east-1");
    must_say(text, "median 118, p99 123.6 one way; 236, 243.");
    must_say(text, "same_zone               0.05 to 0.15 ");
    free(text);
}

Test(network_settings, profile_cloud_refuses_a_region_it_does_not_know)
{
    lint_must_fail(REGIONS("us-east-1", "mars") "network: {profile: cloud}\n", "x.yaml", 4,
                   "profile cloud knows us-east-1, us-west-2, eu-west-1");
    char *text = latencies_of(
        REGIONS("us-east-1", "mars") "network: {profile: cloud, latency: {inter_region_ms: 70}}\n");
    must_say(text, "median 70, p99 70 one way");
    free(text);
}

Test(network_settings, a_file_gives_every_ordered_pair_of_regions_its_latency)
{
#define OWN REGIONS("a", "b") "network: {latency: {regions: rtt.csv, regions_jitter_percent: 0}}\n"
    write_text("rtt.csv", "one_way_ms, b, c, a\na, 10, 1,\nb,, 1, 30\nc,1,,1\n");
    char *text = latencies_of(OWN);
    must_say(text, "a > b                   10  ");
    must_say(text, "b > a                   30  ");
    free(text);
    write_text("rtt.csv", "rtt_ms, b, a\na, 10,\nb,,30\n");
    text = latencies_of(OWN);
    must_say(text, "a > b                   5  ");
    free(text);
    write_text("rtt.csv", "ms,b,a\na,10,\nb,,30\n");
    lint_must_fail(OWN, "rtt.csv", 1, "one_way_ms or rtt_ms");
    write_text("rtt.csv", "rtt_ms,b,a\na,10,\n");
    lint_must_fail(OWN, "rtt.csv", 1, "no latency from b to a");
    write_text("rtt.csv", "rtt_ms,b,a\na,10,5\n");
    lint_must_fail(OWN, "rtt.csv", 2, "leave this field empty");
    write_text("rtt.csv", "rtt_ms,b,d\nd,10,\nb,,1\n");
    lint_must_fail(OWN, "x.yaml", 4, "rtt.csv knows b, d");
}

// ---- Channels ----

Test(network_settings, bursts_follow_from_their_mean_length_or_from_the_odds)
{
    struct outcome outcome = must_load(
        MESH "network: {loss_model: gilbert-elliott, loss_percent: 20, loss_burst_messages: 4}\n");
    const struct sim_network_settings *network = &outcome.scenarios[0].network;
    // leave = 1 / 4; enter / (enter + leave) = 1 / 5
    cr_expect(network->channel.bursts && network->channel.leave_ppb == SIM_PPB / 4 &&
              network->channel.enter_ppb == SIM_PPB / 16);
    cr_expect(network->channel.bad_loss_ppb == SIM_PPB && network->channel.good_loss_ppb == 0);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
    outcome = must_load(MESH "network: {loss_model: gilbert-elliott, loss_enter_percent: 10,\n"
                             "  loss_leave_percent: 30, loss_bad_percent: 50, "
                             "loss_good_percent: 2}\n");
    // A quarter of the time 50 %, else 2 %.
    cr_expect(outcome.scenarios[0].network.loss_ppb == 140000000);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(network_settings, what_contradicts_itself_is_an_error)
{
    must_fail(MESH "network: {loss_model: gilbert-elliott, loss_percent: 5}\n", SIM_ERROR_SCENARIO,
              4, 23, "needs loss_burst_messages");
    must_fail(MESH "network: {loss_model: gilbert-elliott, loss_burst_messages: 5}\n",
              SIM_ERROR_SCENARIO, 4, 61, "and is 0");
    must_fail(MESH "network: {loss_model: gilbert-elliott, loss_percent: 90,\n"
                   "  loss_burst_messages: 2}\n",
              SIM_ERROR_SCENARIO, 5, 24, "bursts so short");
    must_fail(MESH "network: {ordering: fifo, reorder_percent: 1}\n", SIM_ERROR_SCENARIO, 4, 44,
              "contradicts network.ordering: fifo");
    must_fail(MESH "network: {rate_mbit: 0.0001}\n", SIM_ERROR_SCENARIO, 4, 22,
              "a number from 0.001 to 1000000");
}

Test(network_settings, lint_tells_settings_that_nothing_asks_for)
{
    write_text("x.yaml", MESH "network: {loss_burst_messages: 3, queue_packets: 7,\n"
                              "  latency: {regions_jitter_percent: 4}}\n");
    char *text = lint_text("x.yaml", NULL);
    must_say(text, "recorded without effect: only loss_model gilbert-elliott loses in bursts");
    must_say(text, "recorded without effect: without rate_mbit nothing waits");
    must_say(text, "recorded without effect: no latency comes by pair of regions");
    free(text);
}
