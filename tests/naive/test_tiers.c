// SPDX-License-Identifier: GPL-3.0-or-later
// The judge judged on regions with bridges and on hierarchies: outcomes that follow by hand.

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "naive.h"
#include "sample.h"

// Latencies: 1 ms near, 50 between regions, 10 and 50 up a hierarchy. One update at 150 ms.
static struct naive_config small_world(enum naive_shape shape, int regions, int agents)
{
    struct naive_config config = {
        .shape = shape,
        .mode = NAIVE_PUSH_PULL,
        .places = {.regions = regions},
        .agents = agents,
        .fanout = 1,
        .updates = 1,
        .theta_percent = 100,
        .interval_ms = 100,
        .first_write_ms = 150,
        .leaders = {.candidates = 1, .bridges = 1, .fanout = 1, .interval_ms = 1000},
        .hierarchy = {.aggregators = 1,
                      .edges = 1,
                      .relays = 1,
                      .coordinators = 1,
                      .addressed = 1,
                      .aggregator_ms = 100,
                      .global_ms = 1000},
    };
    naive_set_latency(&config, 1, 1);
    config.latency[NAIVE_INTER_REGION] = (struct naive_latency){50, 50};
    config.latency[NAIVE_EDGE_AGGREGATOR] = (struct naive_latency){10, 10};
    config.latency[NAIVE_AGGREGATOR_COORDINATOR] = (struct naive_latency){50, 50};
    return config;
}

static void expect_pairs(const struct naive_config *config, const uint64_t *messages)
{
    struct naive_result result;
    naive_run(config, &result);
    for (int pair = 0; pair < NAIVE_PAIR_COUNT; pair++) {
        cr_expect_eq(result.pair_messages[pair], messages[pair], "%s: %lu, by hand %lu",
                     naive_pair_name((enum naive_pair)pair),
                     (unsigned long)result.pair_messages[pair], (unsigned long)messages[pair]);
    }
}

// ---- Who calls whom, counted in a second in which nothing is written ----

static struct naive_config quiet_world(enum naive_shape shape, int regions, int agents)
{
    struct naive_config config = small_world(shape, regions, agents);
    config.synchronous = true;
    config.first_write_ms = 5000;
    config.duration_ms = 1000;
    return config;
}

// Two bridges in each of three regions tick at 0, 250, 500 and 750.
Test(tiers, bridges_call_distinct_bridges_of_other_regions)
{
    struct naive_config config = quiet_world(NAIVE_LEADERS, 3, 30);
    config.fanout = 2;
    config.leaders =
        (struct naive_leaders){.candidates = 5, .bridges = 2, .fanout = 3, .interval_ms = 250};
    uint64_t messages[NAIVE_PAIR_COUNT] = {
        [NAIVE_SAME_HOST] = 30 * 2 * 10,
        [NAIVE_INTER_REGION] = 6 * 3 * 4,
    };
    expect_pairs(&config, messages);
    config.leaders.fanout = 7;  // of the four that there are
    messages[NAIVE_INTER_REGION] = 6 * 4 * 4;
    expect_pairs(&config, messages);
}

// Of coordinators 0 and 1 in region 0, and 2 in region 1, each calls both others at 0 and 500.
Test(tiers, relays_call_up_and_coordinators_each_other)
{
    struct naive_config config = quiet_world(NAIVE_HIERARCHY, 2, 36);
    config.hierarchy = (struct naive_hierarchy){.aggregators = 2,
                                                .edges = 3,
                                                .relays = 2,
                                                .coordinators = 3,
                                                .addressed = 2,
                                                .aggregator_ms = 250,
                                                .global_ms = 500};
    expect_pairs(&config, (uint64_t[NAIVE_PAIR_COUNT]){
                              [NAIVE_SAME_HOST] = 36 * 10,
                              [NAIVE_SAME_ZONE] = 2 * 2,
                              [NAIVE_INTER_REGION] = 4 * 2,
                              [NAIVE_EDGE_AGGREGATOR] = 12 * 2 * 4,
                              [NAIVE_AGGREGATOR_COORDINATOR] = 4 * 2 * 4,
                          });
}

Test(tiers, the_nearest_place_that_two_agents_share_names_the_pair)
{
    struct naive_config config = quiet_world(NAIVE_ONE_MESH, 1, 12);
    config.fanout = 11;
    config.places = (struct naive_places){.zones = 2, .agents_per_host = 2};
    // Each has one other on its host, four more in its zone, six in the other zone.
    expect_pairs(&config, (uint64_t[NAIVE_PAIR_COUNT]){
                              [NAIVE_SAME_HOST] = 12 * 1 * 10,
                              [NAIVE_SAME_ZONE] = 12 * 4 * 10,
                              [NAIVE_SAME_REGION] = 12 * 6 * 10,
                          });
    config.places.regions = 2;
    config.places.zones = 1;
    expect_pairs(&config, (uint64_t[NAIVE_PAIR_COUNT]){
                              [NAIVE_SAME_HOST] = 12 * 1 * 10,
                              [NAIVE_SAME_ZONE] = 12 * 4 * 10,
                          });
}

// ---- What travels ----

// Each region is one agent, which ticks towards nobody every 100 ms. Written at 150, the update is
// old by those ticks but recent at the first tick of the bridges, 1000, so that the writer's OPEN
// carries it, and the ANSWER to the other's OPEN: both cross.
Test(tiers, what_is_old_at_home_is_recent_for_the_other_bridges)
{
    struct naive_config config = small_world(NAIVE_LEADERS, 2, 2);
    config.synchronous = true;
    config.duration_ms = 1200;
    struct naive_result result;
    naive_run(&config, &result);
    sample_expect_counts(
        &result, (uint64_t[NAIVE_KIND_COUNT]){[NAIVE_SEND_OPEN] = 4, [NAIVE_SEND_ANSWER] = 1},
        (uint64_t[NAIVE_KIND_COUNT]){[NAIVE_SEND_OPEN] = 1, [NAIVE_SEND_ANSWER] = 1});
    cr_expect_float_eq(result.theta_ms[0], 1050 - 150, 1e-9, "%f", result.theta_ms[0]);
    cr_expect_float_eq(result.region_ms[0], 0, 1e-9, "%f", result.region_ms[0]);
}

// Two agents per region, one of them its bridge; their own ticks out of the way.
Test(tiers, eager_forwards_in_a_region_while_bridges_wait_for_their_tick)
{
    struct naive_config config = small_world(NAIVE_LEADERS, 2, 4);
    config.mode = NAIVE_EAGER;
    config.synchronous = true;
    config.interval_ms = 1e6;
    config.duration_ms = 1200;
    for (config.seed = 0; config.seed < 20; config.seed++) {
        struct naive_result result;
        naive_run(&config, &result);
        cr_expect_float_eq(result.region_ms[0], 1, 1e-9, "%f", result.region_ms[0]);
        cr_expect_float_eq(result.all_ms[0], 1050 - 150 + 1, 1e-9, "%f", result.all_ms[0]);
        cr_expect_eq(result.messages[NAIVE_SEND_EAGER], 4, "each forwards it once");
        cr_expect_eq(result.pair_messages[NAIVE_INTER_REGION], 4 + 1, "OPENs and an ANSWER");
    }
}

// Up: the relay's tick comes after a wait uniform in 100 ms and its OPEN takes 10, the
// aggregator's tick likewise and 50. Down: the other aggregator's OPEN meets the coordinator after
// a wait uniform in 100 ms and the ANSWER takes 50, likewise its relay's OPEN and 10. Mean
// 4 * 50 + 120. In eager mode both agents of an edge know what one knows 1 ms later; the writer is
// the relay with 1/2.
Test(tiers, an_update_waits_for_four_ticks_on_its_way_up_and_down)
{
    struct naive_config config = small_world(NAIVE_HIERARCHY, 2, 4);
    config.mode = NAIVE_EAGER;
    config.interval_ms = 1e6;
    struct sample sample = {0};
    for (config.seed = 0; config.seed < 20000; config.seed++) {
        struct naive_result result;
        naive_run(&config, &result);
        cr_assert_float_eq(result.edge_ms[0], 1, 1e-9, "%f", result.edge_ms[0]);
        cr_assert_float_eq(result.region_ms[0], 1, 1e-9, "%f", result.region_ms[0]);
        sample_add(&sample, result.all_ms[0]);
    }
    sample_expect_mean("1/2 + 320 + 1", &sample, 321.5, 0);
    // Four waits uniform in 100 ms, and the coin: 4 * 100^2 / 12 + 1/4.
    cr_expect_float_eq(sample_deviation(&sample), sqrt(40000 / 12.0 + 0.25), 1.2, "spread %.2f",
                       sample_deviation(&sample));
}

// Two edges of one aggregator: the update comes back down without a coordinator. Its relay's tick
// after 50 ms on average, 10 up; the other relay's OPEN 50 later, 10 down.
Test(tiers, an_aggregator_tells_one_edge_what_it_heard_from_another)
{
    struct naive_config config = small_world(NAIVE_HIERARCHY, 1, 2);
    config.hierarchy.edges = 2;
    struct sample sample = {0};
    for (config.seed = 0; config.seed < 20000; config.seed++) {
        struct naive_result result;
        naive_run(&config, &result);
        cr_assert(result.edge_ms[0] == 0 && result.region_ms[0] == 0, "no region is nearer");
        sample_add(&sample, result.all_ms[0]);
    }
    sample_expect_mean("50 + 10 + 50 + 10", &sample, 120, 0);
}

// Two coordinators that tick every ms, with no latency between them, are nearly one. But the update
// is old there after 2 to 3 ms: an OPEN that comes later is answered with nothing, and VECTOR and
// FILL take 100 ms more. The earlier ones, 2.5 of 100, save that. The coordinator that is called
// first tells the other after 1/3 ms on average; an OPEN that comes to the other in between, one of
// 2 * 300, waits for the next, 100 ms.
Test(tiers, a_coordinator_answers_by_its_own_ticks)
{
    struct naive_config config = small_world(NAIVE_HIERARCHY, 2, 2);
    config.hierarchy.coordinators = 2;
    config.hierarchy.global_ms = 1;
    config.latency[NAIVE_INTER_REGION] = (struct naive_latency){0, 0};
    struct sample sample = {0};
    for (config.seed = 0; config.seed < 6000; config.seed++) {
        struct naive_result result;
        naive_run(&config, &result);
        sample_add(&sample, result.all_ms[0]);
    }
    sample_expect_mean("320 + 100 - 2.5 + 1/6", &sample, 417.67, 0.01);
}
