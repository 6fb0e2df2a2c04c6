// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "fixture.h"
#include "waits.h"

static void expect_wait(const struct sim_scenario *scenario, enum sim_tick tick, const char *key,
                        uint64_t ms, const struct sim_origin *origin)
{
    struct sim_wait wait;
    bool has = sim_wait_of(scenario, tick, &wait);
    cr_assert_eq(has, key != NULL, "%s, ticks %d", sim_topology_name(scenario->topology), tick);
    if (has) {
        cr_expect_str_eq(wait.key, key);
        cr_expect_eq(wait.interval_ns, ms * MS, "%s: %lu", key, wait.interval_ns);
        cr_expect_eq(wait.origin, origin, "%s", key);
    }
}

Test(measure, each_kind_of_ticks_has_the_setting_of_its_topology)
{
    struct sim_scenario flat = fixture_scenario();
    expect_wait(&flat, SIM_TICK_GOSSIP, "interval_ms", 100, &flat.interval_origin);
    expect_wait(&flat, SIM_TICK_LINK, NULL, 0, NULL);
    expect_wait(&flat, SIM_TICK_GLOBAL, NULL, 0, NULL);
    cr_expect_not(sim_wait_has_links(&flat));
    struct sim_scenario leaders = fixture_leaders();
    expect_wait(&leaders, SIM_TICK_GOSSIP, "gossip.intra_region.interval_ms", 100,
                &leaders.interval_origin);
    expect_wait(&leaders, SIM_TICK_LINK, "gossip.inter_region.interval_ms", 500,
                &leaders.link_interval_origin);
    expect_wait(&leaders, SIM_TICK_GLOBAL, NULL, 0, NULL);
    cr_expect(sim_wait_has_links(&leaders));
    struct sim_scenario tiers = fixture_hierarchy();
    expect_wait(&tiers, SIM_TICK_GOSSIP, "edge_ms", 100, &tiers.interval_origin);
    expect_wait(&tiers, SIM_TICK_LINK, "aggregator_ms", 500, &tiers.link_interval_origin);
    expect_wait(&tiers, SIM_TICK_GLOBAL, "global_ms", 1000, &tiers.global_interval_origin);
}

Test(measure, the_slowest_ticks_on_the_way_are_a_round_of_the_mesh)
{
    struct sim_scenario flat = fixture_scenario();
    struct sim_scenario leaders = fixture_leaders();
    struct sim_scenario tiers = fixture_hierarchy();
    cr_expect_str_eq(sim_wait_slowest(&flat).key, "interval_ms");
    cr_expect_str_eq(sim_wait_slowest(&leaders).key, "gossip.inter_region.interval_ms");
    cr_expect_str_eq(sim_wait_slowest(&tiers).key, "global_ms");
    leaders.leaders.interval_ns = 20 * MS;
    cr_expect_str_eq(sim_wait_slowest(&leaders).key, "gossip.intra_region.interval_ms");
}

// 2 updates of 10 + 20 + 30 + 40 ms, 1 of 90 + 10: of 300 ms 110 gossip, 40 link, 60 global, 90
// network. Updates without a path, of the warm-up or of a cut repetition do not count.
Test(measure, shares_are_sums_over_the_kept_paths_of_the_updates_that_count)
{
    struct sim_result results[3] = {fixture_result(5, 0, 0), fixture_result(1, 90, 10),
                                    fixture_result(1, 1, 5000)};
    fixture_waits(&results[0], 10, 20, 30, 40);
    results[0].updates[2].measured = false;
    results[0].updates[3].cohort = 0;
    fixture_never(&results[0].updates[4], 50);
    results[2].interrupted = true;
    struct sim_shares shares = sim_shares_of(results, 3);
    cr_expect_float_eq(shares.ticks[SIM_TICK_GOSSIP], 110.0 / 300, 1e-12);
    cr_expect_float_eq(shares.ticks[SIM_TICK_LINK], 40.0 / 300, 1e-12);
    cr_expect_float_eq(shares.ticks[SIM_TICK_GLOBAL], 60.0 / 300, 1e-12);
    cr_expect_float_eq(shares.network, 90.0 / 300, 1e-12);
    cr_expect_float_eq(sim_shares_waiting(&shares), 210.0 / 300, 1e-12);
    shares = sim_shares_of(&results[2], 1);
    cr_expect(isnan(shares.network) && isnan(sim_shares_waiting(&shares)), "there is none");
    for (int i = 0; i < 3; i++) {
        sim_result_finish(&results[i]);
    }
}
