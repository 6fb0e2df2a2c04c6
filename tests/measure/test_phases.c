// SPDX-License-Identifier: GPL-3.0-or-later
#include "phases.h"

#include <criterion/criterion.h>

#include "fixture.h"

// Updates at 0, 200, 400, ... ms, update i after 10 (i + 1) ms.
Test(phases, updates_are_told_apart_by_when_they_were_written)
{
    static const struct sim_phase named[] = {
        {"before", 400 * MS}, {"then", 1400 * MS}, {"after", 10000 * MS}};
    struct sim_scenario scenario = fixture_scenario();
    struct sim_result result = fixture_result(10, 50, 50);
    struct sim_phases phases;
    scenario.phases = named;
    scenario.phase_count = 3;
    for (uint32_t i = 0; i < 10; i++) {
        result.updates[i].written_ns = i * 200 * MS;
        result.updates[i].theta_ns = (i + 1) * 10 * MS;
    }
    result.updates[9].theta_ns = SIM_TIME_NEVER;
    sim_phases_init(&phases, &scenario, &result, 1);
    cr_assert_eq(phases.count, 3);
    cr_expect_str_eq(phases.items[0].name, "before");
    cr_expect_eq(phases.items[0].updates, 5, "at 400, ... 1200 ms");
    cr_expect_eq(phases.items[0].p50_ns, 50 * MS, "of 30, 40, 50, 60, 70");
    cr_expect_eq(phases.items[0].p95_ns, 70 * MS);
    cr_expect_eq(phases.items[1].updates, 3);
    cr_expect_eq(phases.items[1].p50_ns, 90 * MS);
    cr_expect_eq(phases.items[1].max_ns, SIM_TIME_NEVER);
    cr_expect(phases.items[2].updates == 0 && phases.items[2].p50_ns == SIM_TIME_NEVER);
    sim_phases_finish(&phases);
    sim_result_finish(&result);
}
