// SPDX-License-Identifier: GPL-3.0-or-later
// Settings of SWIM that do not go together, and those that its network makes a mistake.
#include <criterion/criterion.h>
#include <string.h>

#include "tree.h"
#include "workshop.h"

#define OF_SWIM MESH "membership: swim\n"

TestSuite(swim, .init = workshop_open, .fini = workshop_close, .timeout = 30);

static void must_warn(const char *text, uint32_t count, const char *first, const char *second)
{
    const char *const expected[] = {first, second};
    struct outcome outcome = must_load(text);
    const struct sim_scenario *scenario = &outcome.scenarios[0];
    cr_expect_eq(scenario->warning_count, count, "%u warnings", scenario->warning_count);
    for (uint32_t i = 0; i < scenario->warning_count && i < 2; i++) {
        cr_expect(expected[i] != NULL && strstr(scenario->warnings[i], expected[i]) != NULL, "%s",
                  scenario->warnings[i]);
    }
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
}

Test(swim, gossip_falls_due_five_times_a_period_unless_said_otherwise)
{
    struct outcome outcome = must_load(OF_SWIM "swim: {period_ms: 200}\n");
    cr_expect_eq(outcome.scenarios[0].swim.gossip_ns, 40000000);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
    outcome = must_load(OF_SWIM "swim: {gossip_ms: 7}\n");
    cr_expect_eq(outcome.scenarios[0].swim.gossip_ns, 7000000);
    sim_scenarios_destroy(outcome.scenarios, outcome.count);
    must_fail(OF_SWIM "swim: {gossip_ms: 101}\n", SIM_ERROR_SCENARIO, 5, 19,
              "swim.gossip_ms is longer than swim.period_ms");
}

// A round trip within 20 ms fits the 30 of the timeout.
Test(swim, answers_that_come_in_time_are_no_reason_to_warn)
{
    must_warn(OF_SWIM "network: {latency: {same_host_ms: 10}}\n", 0, NULL, NULL);
    must_warn(MESH "network: {latency: {same_host_ms: 90}}\n", 0, NULL, NULL);
}

Test(swim, times_shorter_than_a_round_trip_are_warned_of_where_they_stand)
{
    must_warn(OF_SWIM "network: {latency: {same_host_ms: 20}}\n", 1,
              "x.yaml:4:13: swim.timeout_ms is 30, but a round trip may take 40 ms", NULL);
    must_warn(OF_SWIM
              "network: {latency: {same_host_ms: 60}}\nswim:\n  period_ms: 110\n  timeout_ms: 90\n",
              2, "x.yaml:8:15: swim.timeout_ms is 90, but a round trip may take 120 ms",
              "x.yaml:7:14: swim.period_ms is 110, shorter than a round trip may be, 120 ms");
}
