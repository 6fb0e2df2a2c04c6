// SPDX-License-Identifier: GPL-3.0-or-later
// What SWIM's members are said to remember before a run, against what they do.
#include "views.h"

#include <criterion/criterion.h>
#include <string.h>

#include "fixture.h"

static struct fixture fixture;

static void setup(void)
{
    fixture_init(&fixture, 200);
    fixture.scenario.duration_ns = 2000 * MS;
    fixture_set_swim(&fixture);
}

TestSuite(views, .init = setup);

static uint32_t listed_with(struct sim_fault fault)
{
    fixture.scenario.faults = &fault;
    fixture.scenario.fault_count = 1;
    fault.end_ns = SIM_FAULT_NEVER;
    fault.until_ns = fault.until_ns == 0 ? SIM_FAULT_NEVER : fault.until_ns;
    uint32_t listed = sim_views_listed(&fixture.scenario);
    fixture.scenario.faults = NULL;
    fixture.scenario.fault_count = 0;
    return listed;
}

Test(views, a_calm_mesh_lists_nobody_and_without_swim_there_are_none)
{
    cr_expect_eq(sim_views_listed(&fixture.scenario), 0);
    cr_expect_eq(sim_views_bytes(&fixture.scenario), 0);
    fixture.scenario.network.loss_ppb = SIM_PPB / 2;
    fixture.scenario.swim.runs = false;
    cr_expect_eq(sim_views_listed(&fixture.scenario), 0);
}

// q = 0.7: (1 - 0.49)(1 - 0.2401)^3 = 0.2238 of 200 probes a period, 44.8; two periods, 89.
Test(views, loss_lists_whom_probes_fail_falsely)
{
    fixture.scenario.network.loss_ppb = 3 * (SIM_PPB / 10);
    fixture.scenario.duration_ns = 200 * MS;
    cr_expect_eq(sim_views_listed(&fixture.scenario), 89);
    fixture.scenario.duration_ns = 2000 * MS;
    cr_expect_eq(sim_views_listed(&fixture.scenario), 200);
}

Test(views, faults_list_whom_they_hit_and_a_cut_the_whole_scope)
{
    struct sim_fault crash = {.verb = SIM_FAULT_CRASH, .of = {.number = 3}};
    struct sim_fault thrice = crash;
    struct sim_fault cut = {.verb = SIM_FAULT_PARTITION, .of = {.share_ppb = 3 * (SIM_PPB / 10)}};
    struct sim_fault skew = {.verb = SIM_FAULT_SKEW, .of = {.number = 3}};
    thrice.every_ns = 500 * MS;
    thrice.times = 3;
    cr_expect_eq(listed_with(crash), 3);
    cr_expect_eq(listed_with(thrice), 9);
    cr_expect_eq(listed_with(cut), 200);
    cr_expect_eq(listed_with(skew), 0);
}

// Regions hold the scopes of leaders whole, and zones do not.
Test(views, a_cut_between_whole_scopes_lists_nobody)
{
    struct sim_fault cut = {
        .verb = SIM_FAULT_PARTITION, .by_place = true, .between = SIM_PLACE_REGION};
    cr_expect_eq(listed_with(cut), 200);
    fixture_set_regions(&fixture, 2, (uint32_t[]){100, 100}, (uint32_t[]){1, 1});
    fixture_set_leaders(&fixture, 1);
    cr_expect_eq(listed_with(cut), 0);
    cut.between = SIM_PLACE_ZONE;
    cr_expect_eq(listed_with(cut), 100);
}

// 200 views of 200 members need some 2 MiB: said before the run, which is refused; and found out in
// its course where nothing foretells it, as when answers take longer than a period.
Test(views, a_run_whose_views_do_not_fit_is_refused_or_ends)
{
    struct sim_result result;
    struct sim_error error = {0};
    fixture.scenario.network.loss_ppb = 3 * (SIM_PPB / 10);
    fixture.scenario.memory_mib = 2;
    cr_expect(!sim_run(&fixture.scenario, 0, &fixture.options, &result, &error));
    cr_expect(strstr(error.text, "what SWIM's members remember of others") != NULL, "%s",
              error.text);
    sim_result_finish(&result);

    error = (struct sim_error){0};
    fixture.scenario.network.loss_ppb = 0;
    fixture_set_latency(&fixture,
                        (struct sim_latency){.minimum_ns = 400 * MS, .maximum_ns = 400 * MS});
    cr_expect(!sim_run(&fixture.scenario, 0, &fixture.options, &result, &error));
    cr_expect_eq(error.code, SIM_ERROR_INTERNAL);
    cr_expect(strstr(error.text, "what SWIM's members think of each other") != NULL, "%s",
              error.text);
    sim_result_finish(&result);

    error = (struct sim_error){0};
    fixture.scenario.memory_mib = 64;
    cr_expect(sim_run(&fixture.scenario, 0, &fixture.options, &result, &error), "%s", error.text);
    sim_result_finish(&result);
}
