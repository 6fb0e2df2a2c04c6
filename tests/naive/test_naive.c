// SPDX-License-Identifier: GPL-3.0-or-later
// The judge judged: runs whose outcome follows by hand or stands in the literature.

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "naive.h"
#include "sample.h"

// Two or three nodes, one update, constant latency of 1 ms, no faults.
static struct naive_config small_mesh(enum naive_mode mode, int agents)
{
    struct naive_config config = {
        .mode = mode,
        .agents = agents,
        .fanout = 1,
        .updates = 1,
        .theta_percent = 100,
        .interval_ms = 100,
        .first_write_ms = 250,
    };
    naive_set_latency(&config, 1, 1);
    return config;
}

// Time to theta over `runs` seeds.
static struct sample measure(struct naive_config config, int runs)
{
    struct sample sample = {0};
    for (int run = 0; run < runs; run++) {
        struct naive_result result;
        config.seed = (uint64_t)run;
        naive_run(&config, &result);
        sample_add(&sample, result.theta_ms[0]);
    }
    return sample;
}

// ---- Two and three nodes: expectations by hand ----

Test(naive, of_two_nodes_push_waits_half_an_interval_for_the_writers_tick)
{
    struct sample sample = measure(small_mesh(NAIVE_PUSH, 2), 20000);
    sample_expect_mean("mean", &sample, 50 + 1, 0);
    // Uniform over an interval: 100 / sqrt(12); the deviation itself is known within 0.5 %.
    cr_expect_float_eq(sample_deviation(&sample), 100 / sqrt(12), 0.6, "spread %.3f",
                       sample_deviation(&sample));
}

Test(naive, each_lost_push_costs_one_more_interval)
{
    struct naive_config config = small_mesh(NAIVE_PUSH, 2);
    config.loss = 0.25;
    struct sample sample = measure(config, 20000);
    sample_expect_mean("50 + 100 p / (1 - p) + 1", &sample, 50 + 100 * 0.25 / 0.75 + 1, 0);
}

Test(naive, a_duplicated_message_counts_from_its_earlier_copy)
{
    struct naive_config config = small_mesh(NAIVE_PUSH, 2);
    naive_set_latency(&config, 0, 90);
    struct sample once = measure(config, 20000);
    sample_expect_mean("one copy: 50 + 90 / 2", &once, 50 + 45, 0);
    config.duplication = 1;
    struct sample twice = measure(config, 20000);
    sample_expect_mean("the earlier of two: 50 + 90 / 3", &twice, 50 + 30, 0);
}

// The writer's OPEN leaves after U1, the other's OPEN arrives after U2, both uniform over an
// interval; one latency after the earlier of them the other node knows.
Test(naive, of_two_nodes_push_pull_waits_a_third_of_an_interval)
{
    struct sample sample = measure(small_mesh(NAIVE_PUSH_PULL, 2), 20000);
    sample_expect_mean("100 / 3 + 1", &sample, 100.0 / 3 + 1, 0);
}

// Latency 0. The first receiver comes after a wait uniform in the interval. From then on the ticks
// of the two holders alternate, 50 ms apart on average, and each finds the third node with 1/2: 2
// ticks.
Test(naive, of_three_nodes_push_takes_two_more_ticks_for_the_last)
{
    struct naive_config config = small_mesh(NAIVE_PUSH, 3);
    naive_set_latency(&config, 0, 0);
    struct sample all = measure(config, 20000);
    sample_expect_mean("all three", &all, 50 + 100, 0);
    config.theta_percent = 60;
    struct sample two = measure(config, 20000);
    sample_expect_mean("two of three", &two, 50, 0);
}

// Latency 0, in intervals: the writer's tick always tells someone, each of the others' ticks asks
// the writer with 1/2. P(T > t) = (1 - t)(1 - t/2)^2, whose integral over [0, 1] is 17/48.
Test(naive, of_three_nodes_push_pull_needs_17_48_of_an_interval_for_the_second)
{
    struct naive_config config = small_mesh(NAIVE_PUSH_PULL, 3);
    naive_set_latency(&config, 0, 0);
    config.theta_percent = 60;
    struct sample sample = measure(config, 20000);
    sample_expect_mean("two of three", &sample, 100 * 17.0 / 48, 0);
}

// ---- Exchanges followed message by message. Ticks of both nodes at 0, 100, 200 ... ----

// Written at 150 and lost at 200 and 300, the update is still recent at 400, the third tick: OPEN
// carries it. The other's OPEN of 400 shows a set without it; the ANSWER at 401 carries nothing,
// since by then only what was learnt after tick 200 is recent.
Test(naive, an_update_is_recent_for_three_ticks)
{
    struct naive_config config = small_mesh(NAIVE_PUSH_PULL, 2);
    config.synchronous = true;
    config.first_write_ms = 150;
    config.deaf_until_ms = 350;
    config.duration_ms = 450;
    struct naive_result result;
    naive_run(&config, &result);
    sample_expect_counts(
        &result, (uint64_t[NAIVE_KIND_COUNT]){[NAIVE_SEND_OPEN] = 10, [NAIVE_SEND_ANSWER] = 1},
        (uint64_t[NAIVE_KIND_COUNT]){[NAIVE_SEND_OPEN] = 3});
    cr_expect_float_eq(result.theta_ms[0], 401 - 150, 1e-6, "%f", result.theta_ms[0]);
}

// Two updates, written at 150 and 151. Had each node written one, both OPENs of 200 carry one, and
// both ANSWERs only the other: what OPEN brought is recent by then, but left out. Had one node
// written both, its OPEN carries two, the empty one is answered with two.
Test(naive, an_answer_leaves_out_what_open_carried)
{
    struct naive_config config = small_mesh(NAIVE_PUSH_PULL, 2);
    config.synchronous = true;
    config.updates = 2;
    config.first_write_ms = 150;
    config.every_ms = 1;
    config.duration_ms = 250;
    int runs_with_answers[3] = {0};
    for (config.seed = 0; config.seed < 40; config.seed++) {
        struct naive_result result;
        naive_run(&config, &result);
        cr_assert_eq(result.updates_sent[NAIVE_SEND_OPEN], 2);
        cr_assert_eq(result.updates_sent[NAIVE_SEND_ANSWER], 2);
        cr_assert_leq(result.messages[NAIVE_SEND_ANSWER], 2);
        runs_with_answers[result.messages[NAIVE_SEND_ANSWER]]++;
    }
    cr_expect_eq(runs_with_answers[0], 0);
    cr_expect(runs_with_answers[1] > 5 && runs_with_answers[2] > 5, "%d and %d",
              runs_with_answers[1], runs_with_answers[2]);
}

// Lost at 400 as well, it is recent no more. Both OPENs of 500 meet a different set, both ANSWERs
// (502) leave it different, both VECTORs (503) are answered: the writer's FILL brings the update
// (504), and for the other's FILL, whose vector lacks it, the writer sends it again as REST.
Test(naive, an_old_update_travels_by_vectors_in_four_latencies)
{
    struct naive_config config = small_mesh(NAIVE_PUSH_PULL, 2);
    config.synchronous = true;
    config.first_write_ms = 150;
    config.deaf_until_ms = 450;
    config.duration_ms = 550;
    struct naive_result result;
    naive_run(&config, &result);
    sample_expect_counts(&result,
                         (uint64_t[NAIVE_KIND_COUNT]){[NAIVE_SEND_OPEN] = 12,
                                                      [NAIVE_SEND_ANSWER] = 2,
                                                      [NAIVE_SEND_VECTOR] = 2,
                                                      [NAIVE_SEND_FILL] = 2,
                                                      [NAIVE_SEND_REST] = 1},
                         (uint64_t[NAIVE_KIND_COUNT]){
                             [NAIVE_SEND_OPEN] = 3, [NAIVE_SEND_FILL] = 1, [NAIVE_SEND_REST] = 1});
    cr_expect_float_eq(result.theta_ms[0], 504 - 150, 1e-6, "%f", result.theta_ms[0]);
}

// Two old updates, and the nodes first hear each other long after. Where their exchanges do not
// overlap (more than 9 of 10 runs, the exchange takes 4 ms of 100) there is one, in one of three
// shapes.
Test(naive, an_exchange_of_five_messages_leaves_both_with_the_union)
{
    struct naive_config config = small_mesh(NAIVE_PUSH_PULL, 2);
    config.updates = 2;
    config.first_write_ms = 1;
    config.every_ms = 1;
    config.deaf_until_ms = 500;
    config.duration_ms = 1000;
    int runs_filled_with[3] = {0};
    for (config.seed = 0; config.seed < 400; config.seed++) {
        struct naive_result result;
        naive_run(&config, &result);
        cr_assert(result.held[0] == 2 && result.held[1] == 2, "seed %d", (int)config.seed);
        cr_assert_eq(result.messages[NAIVE_SEND_OPEN], 20);
        if (result.messages[NAIVE_SEND_ANSWER] == 1) {
            uint64_t filled = result.updates_sent[NAIVE_SEND_FILL];
            uint64_t rest = result.updates_sent[NAIVE_SEND_REST];
            cr_assert_eq(result.messages[NAIVE_SEND_VECTOR], 1);
            cr_assert_eq(result.messages[NAIVE_SEND_FILL], 1);
            cr_assert_eq(result.messages[NAIVE_SEND_REST], rest > 0);
            cr_assert_eq(filled + rest, 2, "each update travels once");
            runs_filled_with[filled]++;
        }
    }
    int whole = runs_filled_with[0] + runs_filled_with[1] + runs_filled_with[2];
    cr_expect(whole > 360, "%d of 400 runs with one exchange", whole);
    // FILL brings one update when each node wrote one (1/2 of the runs), none when the opener wrote
    // both, both when the other did (1/4 each): within 4.5 binomial deviations of at most 10.
    cr_expect(abs(runs_filled_with[1] - whole / 2) < 45, "%d split", runs_filled_with[1]);
    cr_expect(abs(runs_filled_with[0] - whole / 4) < 40, "%d by REST", runs_filled_with[0]);
    cr_expect(abs(runs_filled_with[2] - whole / 4) < 40, "%d by FILL", runs_filled_with[2]);
}

// ---- Many nodes ----

// Exact expectation and deviation on the complete graph, fanout 1 (the chain of the number that
// know, solved). The write falls between two ticks, the last message arrives 1 ms after its own.
static void expect_push_rounds(int agents, double rounds, double spread)
{
    struct naive_config config = small_mesh(NAIVE_PUSH, agents);
    config.synchronous = true;
    struct sample sample = {0};
    for (config.seed = 0; config.seed < 5000; config.seed++) {
        struct naive_result result;
        naive_run(&config, &result);
        sample_add(&sample, (50 + result.all_ms[0] - 1) / 100);
    }
    sample_expect_mean("rounds until all know", &sample, rounds, 0.00005);
    // The deviation of 5,000 is itself off by sd / sqrt(2 * 5000), somewhat more with a skewed
    // tail.
    cr_expect_float_eq(sample_deviation(&sample), spread, 0.08, "spread %.4f",
                       sample_deviation(&sample));
}

Test(naive, synchronous_push_needs_the_exact_number_of_rounds_on_the_complete_graph)
{
    expect_push_rounds(10, 6.0471, 1.269);
    expect_push_rounds(100, 12.3045, 1.332);
}

// After one tick the writer and its 3 peers hold the update. In the second each of these 4 misses a
// given other node with 1 - 3/19, independently: 20 - 16 (16/19)^4 hold it on average.
Test(naive, peers_are_distinct_and_uniform)
{
    struct naive_config config = small_mesh(NAIVE_PUSH, 20);
    config.synchronous = true;
    config.fanout = 3;
    config.first_write_ms = 50;
    struct sample second = {0};
    for (config.seed = 0; config.seed < 5000; config.seed++) {
        struct naive_result result;
        config.duration_ms = 150;
        naive_run(&config, &result);
        cr_assert_eq(result.held[0], 4, "%d hold it after one tick", result.held[0]);
        config.duration_ms = 250;
        naive_run(&config, &result);
        sample_add(&second, result.held[0]);
    }
    sample_expect_mean("holders after two ticks", &second, 20 - 16 * pow(16.0 / 19, 4), 0);
}

Test(naive, a_quiet_mesh_sends_one_message_per_tick_and_peer)
{
    for (int mode = NAIVE_PUSH; mode <= NAIVE_EAGER; mode++) {
        struct naive_config config = small_mesh((enum naive_mode)mode, 30);
        config.fanout = 7;
        config.first_write_ms = 5000;
        config.duration_ms = 800;
        uint64_t messages[NAIVE_KIND_COUNT] = {0};
        messages[mode == NAIVE_PUSH ? NAIVE_SEND_PUSH : NAIVE_SEND_OPEN] = 30 * 7 * 8;
        struct naive_result result;
        naive_run(&config, &result);
        sample_expect_counts(&result, messages, (uint64_t[NAIVE_KIND_COUNT]){0});
        cr_expect_eq(result.held[0], 0);
        cr_expect(isinf(result.theta_ms[0]));
    }
}

Test(naive, more_fanout_than_nodes_means_all_others)
{
    struct naive_config config = small_mesh(NAIVE_PUSH, 4);
    config.fanout = 10;
    config.duration_ms = 500;
    struct naive_result result;
    naive_run(&config, &result);
    cr_expect_eq(result.messages[NAIVE_SEND_PUSH], 4 * 3 * 5);
    cr_expect_eq(result.held[0], 4);
    cr_expect_float_eq(result.theta_ms[0], result.all_ms[0], 1e-9);
}

// Ticks out of the way, forwarding alone: with fanout n - 1 all know after one latency, and every
// node forwards each of the two updates once, without the other.
Test(naive, eager_forwards_what_is_new_on_first_receipt_and_only_then)
{
    struct naive_config config = small_mesh(NAIVE_EAGER, 12);
    config.synchronous = true;
    config.updates = 2;
    config.every_ms = 10;
    config.interval_ms = 1e6;
    config.fanout = 11;
    config.duration_ms = 1000;
    config.duplication = 0.5;
    struct naive_result result;
    naive_run(&config, &result);
    cr_expect_float_eq(result.all_ms[0], 1, 1e-9, "%f", result.all_ms[0]);
    cr_expect_float_eq(result.all_ms[1], 1, 1e-9, "%f", result.all_ms[1]);
    sample_expect_counts(
        &result,
        (uint64_t[NAIVE_KIND_COUNT]){[NAIVE_SEND_OPEN] = 12 * 11, [NAIVE_SEND_EAGER] = 2 * 12 * 11},
        (uint64_t[NAIVE_KIND_COUNT]){[NAIVE_SEND_EAGER] = 2 * 12 * 11});
}

// Each node that knows tells two others once: the share that ever knows solves r = 1 - exp(-2 r).
Test(naive, eager_alone_reaches_the_share_of_the_final_size_equation)
{
    struct naive_config config = small_mesh(NAIVE_EAGER, 2000);
    config.synchronous = true;
    config.interval_ms = 1e6;
    config.fanout = 2;
    config.duration_ms = 1000;
    struct sample share = {0};
    for (config.seed = 0; config.seed < 300; config.seed++) {
        struct naive_result result;
        naive_run(&config, &result);
        sample_add(&share, result.held[0] / 2000.0);
        cr_expect_eq(result.messages[NAIVE_SEND_EAGER], 2u * (unsigned)result.held[0]);
    }
    // The equation is that of infinitely many nodes: off by the order of 1/2000.
    sample_expect_mean("share that learns it", &share, 0.7968, 0.001);
}

Test(naive, a_run_without_duration_ends_with_the_last_receipt)
{
    struct naive_config config = small_mesh(NAIVE_PUSH_PULL, 50);
    config.fanout = 3;
    struct naive_result result;
    naive_run(&config, &result);
    cr_expect_float_eq(result.end_ms, 250 + result.all_ms[0], 1e-9);
    config.loss = 1;
    naive_run(&config, &result);
    cr_expect_float_eq(result.end_ms, NAIVE_END_MS, 1e-9);
    cr_expect_eq(result.held[0], 1);
}

Test(naive, the_same_seed_gives_the_same_run_and_another_seed_another)
{
    struct naive_config config = small_mesh(NAIVE_EAGER, 40);
    config.fanout = 3;
    naive_set_latency(&config, 1, 10);
    struct naive_result first, again, other;
    naive_run(&config, &first);
    naive_run(&config, &again);
    config.seed = 1;
    naive_run(&config, &other);
    cr_expect_eq(memcmp(&first, &again, sizeof first), 0);
    cr_expect_neq(first.theta_ms[0], other.theta_ms[0]);
}
