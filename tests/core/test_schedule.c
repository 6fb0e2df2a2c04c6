// SPDX-License-Identifier: GPL-3.0-or-later
// When nodes tick, and what a synchronous tick means.
#include "mesh/schedule.h"

#include <criterion/criterion.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "dice.h"
#include "lab.h"
#include "mesh/random.h"

#define INTERVAL_NS (100 * LAB_MS)

enum { A, B, C };

struct timing {
    struct mesh_scope scopes[2];
    struct mesh_config config;
};

static void timing_init(struct timing *timing, enum mesh_schedule schedule)
{
    for (uint32_t i = 0; i < 2; i++) {
        timing->scopes[i] = (struct mesh_scope){.count = 1000,
                                                .fanout = 5,
                                                .update_limit = 1,
                                                .interval_ns = INTERVAL_NS,
                                                .schedule = schedule};
    }
    timing->config = (struct mesh_config){
        .seed = 7, .scopes = timing->scopes, .scope_count = 2, .hash = lab_hash};
}

// What a node that joins asks its driver for.
static struct mesh_record start(const struct timing *timing, uint32_t node, uint64_t time_ns)
{
    uint64_t replica[8] = {0};
    struct mesh_table table = {.updates = NULL};  // nobody writes
    struct mesh_states states = {
        .replicas = replica,
        .stride = 64,
        .node_first = node,
        .node_count = 1,
        .words = 1,
        .planes = MESH_PLANES,
        .table = &table,
    };
    struct mesh_record records[4];
    uint32_t targets[16];
    struct mesh_news news[4];
    uint64_t messages[32];
    struct mesh_output output = {.records = records,
                                 .record_capacity = 4,
                                 .targets = targets,
                                 .target_capacity = 16,
                                 .news = news,
                                 .news_capacity = 4,
                                 .messages = messages,
                                 .message_word_capacity = 32};
    struct mesh_event event = {.time_ns = time_ns, .node = node, .kind = MESH_EVENT_START};
    cr_assert_eq(mesh_step(&timing->config, &states, &event, 1, &output), 1);
    cr_assert_eq(output.record_count, 1);
    cr_assert_eq(records[0].kind, MESH_RECORD_TIMER);
    return records[0];
}

// ---- Phased ----

Test(schedule, phased_each_node_ticks_once_per_interval_at_a_phase_of_its_own)
{
    struct timing timing;
    timing_init(&timing, MESH_PHASED);
    uint32_t tenths[10] = {0};
    for (uint32_t node = 0; node < 1000; node++) {
        struct mesh_record record = start(&timing, node, 3 * LAB_MS);
        uint64_t phase_ns = record.timer.at_ns - 3 * LAB_MS;
        cr_assert_lt(phase_ns, INTERVAL_NS);
        cr_assert_eq(record.timer.tick, record.timer.at_ns / INTERVAL_NS);
        cr_assert_eq(mesh_schedule_next_ns(&timing.config, 0, node, record.timer.at_ns),
                     record.timer.at_ns + INTERVAL_NS);
        tenths[phase_ns / (10 * LAB_MS)]++;
    }
    for (uint32_t i = 0; i < 10; i++) {  // 100 each; 57 is 4.5 standard deviations of 9.5
        cr_expect(tenths[i] > 57 && tenths[i] < 143, "tenth %u of the interval: %u nodes", i,
                  tenths[i]);
    }
    uint64_t before_ns = start(&timing, 17, 0).timer.at_ns;
    struct mesh_random random = mesh_draw(7, MESH_DRAW_PHASE, 0, 17, 0);
    cr_expect_eq(before_ns, mesh_below_wide(random.word[0], random.word[1], INTERVAL_NS));
    timing.scopes[0].count = 2000;
    cr_expect_eq(start(&timing, 17, 0).timer.at_ns, before_ns, "more nodes moved a phase");
    timing.config.seed = 8;
    cr_expect_neq(start(&timing, 17, 0).timer.at_ns, before_ns, "another seed did not");
}

// ---- Synchronous ----

// Ticks at i * interval, i >= 1. Who joins at the very instant of a tick has missed it.
Test(schedule, synchronous_all_nodes_tick_at_the_multiples_of_the_interval)
{
    static const struct {
        uint64_t join_ns;
        uint64_t tick;
    } cases[] = {
        {0, 1},
        {1, 1},
        {INTERVAL_NS - 1, 1},
        {INTERVAL_NS, 2},
        {INTERVAL_NS + 1, 2},
        {7 * INTERVAL_NS, 8},
    };
    struct timing timing;
    timing_init(&timing, MESH_SYNCHRONOUS);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (uint32_t node = 0; node < 1000; node += 333) {
            struct mesh_record record = start(&timing, node, cases[i].join_ns);
            cr_expect_eq(record.timer.tick, cases[i].tick, "joins at %lu: tick %lu, by hand %lu",
                         cases[i].join_ns, record.timer.tick, cases[i].tick);
            cr_expect_eq(record.timer.at_ns, cases[i].tick * INTERVAL_NS);
            cr_expect_eq(mesh_schedule_next_ns(&timing.config, 0, node, record.timer.at_ns),
                         (cases[i].tick + 1) * INTERVAL_NS);
        }
    }
}

static struct lab *synchronous_lab(enum mesh_mode mode, uint32_t nodes)
{
    static struct lab lab;
    lab_init(&lab,
             (struct lab_settings){.mode = mode, .schedule = MESH_SYNCHRONOUS, .nodes = nodes});
    return &lab;
}

static void tick_in_vain(struct lab *lab, uint32_t node)
{
    lab_tick(lab, node);
    lab_lose_all(lab);
}

static void start_story(struct lab *lab)
{
    lab->now_ns = 0;
    lab_tell_anew(lab);
}

static void lose_for(struct lab *lab, uint32_t target)
{
    for (uint32_t i = lab->flight_count; i-- > 0;) {
        if (lab->flights[i].target == target) {
            lab_lose(lab, i);
        }
    }
}

// Writes come before the tick of their instant: they are part of what the tick says.
Test(schedule, synchronous_a_tick_says_what_was_written_and_heard_before_it)
{
    struct lab *lab = synchronous_lab(MESH_PUSH, 2);
    lab_increment(lab, A, 0, 1);
    lab_tick(lab, A);
    lab_settle(lab);
    lab_tick(lab, B);
    lab_lose_all(lab);
    lab_expect_story(lab, "   1 ms  A writes A1: persists A1, learns A1\n"
                          "   2 ms  A ticks: sends PUSH {A1} to B\n"
                          "   3 ms  B hears PUSH {A1} from A: learns A1\n"
                          "   4 ms  B ticks: sends PUSH {A1} to A\n");
    lab_finish(lab);
}

// B has heard A1 since its last tick, and C asks: B answers with what it held at that tick.
Test(schedule, synchronous_what_was_heard_since_the_last_tick_is_not_passed_on)
{
    struct lab *lab = synchronous_lab(MESH_PULL, 3);
    lab_increment(lab, A, 0, 1);
    tick_in_vain(lab, A);
    lab_tick(lab, B);
    lose_for(lab, C);
    lab_settle(lab);
    start_story(lab);
    lab_tick(lab, C);
    lose_for(lab, A);
    lab_settle(lab);
    tick_in_vain(lab, B);
    lab_tick(lab, C);
    lose_for(lab, A);
    lab_settle(lab);
    lab_expect_story(lab, "   1 ms  C ticks: sends OPEN {} to A B\n"
                          "   2 ms  B hears OPEN {} from C: nothing\n"
                          "   3 ms  B ticks: sends OPEN {} to A C\n"
                          "   4 ms  C ticks: sends OPEN {} to A B\n"
                          "   5 ms  B hears OPEN {} from C: sends ANSWER {A1} to C\n"
                          "   6 ms  C hears ANSWER {A1} from B: learns A1\n");
    lab_finish(lab);
}

// Nor is it used to judge: A's hash speaks of A1, which B has heard from C and not counted yet. So
// B takes the opener's update for news, and both hashes agree once it is merged.
Test(schedule, synchronous_an_exchange_is_judged_by_what_was_held_at_the_last_tick)
{
    struct lab *lab = synchronous_lab(MESH_PUSH_PULL, 3);
    lab_increment(lab, A, 0, 1);
    lab_increment(lab, C, 0, 1);
    tick_in_vain(lab, B);
    lab_tick(lab, A);
    lose_for(lab, C);
    lab_settle(lab);  // B holds A1, uncounted
    start_story(lab);
    lab_tick(lab, C);
    lose_for(lab, A);
    lab_settle(lab);
    lab_expect_story(lab, "   1 ms  C ticks: sends OPEN {C1} to A B\n"
                          "   2 ms  B hears OPEN {C1} from C: learns C1\n");
    cr_expect_eq(lab_held_count(lab, B), 2);
    cr_expect_eq(lab_held_count(lab, C), 1, "A1 waits for B's tick");
    start_story(lab);
    lab_tick(lab, B);
    lose_for(lab, A);
    lab_settle(lab);
    lab_expect_story(lab, "   1 ms  B ticks: sends OPEN {A1 C1} to A C\n"
                          "   2 ms  C hears OPEN {A1 C1} from B: learns A1\n");
    lab_finish(lab);
}

// One hop per tick, whatever the order in which the nodes of a cycle tick.
Test(schedule, synchronous_an_update_goes_one_hop_per_tick)
{
    for (int backwards = 0; backwards <= 1; backwards++) {
        struct lab *lab = synchronous_lab(MESH_PUSH, 8);
        lab->scope.fanout = 1;
        lab_increment(lab, A, 0, 1);
        uint32_t held_before = 1;
        for (uint32_t cycle = 0; cycle < 12; cycle++) {
            uint32_t held = 0;
            for (uint32_t i = 0; i < 8; i++) {
                lab_tick(lab, backwards != 0 ? 7 - i : i);
            }
            lab_settle(lab);
            for (uint32_t node = 0; node < 8; node++) {
                held += lab_held_count(lab, node);
            }
            cr_expect(held <= 2 * held_before, "cycle %u: from %u to %u holders\n%s", cycle,
                      held_before, held, lab->story);
            held_before = held;
            lab_tell_anew(lab);
        }
        cr_expect_eq(held_before, 8, "%u of 8 after 12 cycles", held_before);
        lab_finish(lab);
    }
}

// Eager's forwarding is no business of the ticks; its push-pull is. C, which the news missed, gets
// it from B's tick.
Test(schedule, synchronous_eager_forwards_at_once_and_repairs_at_ticks)
{
    struct lab *lab = synchronous_lab(MESH_EAGER, 3);
    lab_increment(lab, A, 0, 1);
    lose_for(lab, C);
    lab_deliver(lab, 0, false);
    lose_for(lab, A);
    lose_for(lab, C);
    lab_tick(lab, B);
    lose_for(lab, A);
    lab_deliver(lab, 0, false);
    lab_lose_all(lab);
    lab_expect_story(lab, "   1 ms  A writes A1: persists A1, learns A1, sends EAGER {A1} to B C\n"
                          "   2 ms  B hears EAGER {A1} from A: learns A1, "
                          "sends EAGER {A1} to A C\n"
                          "   3 ms  B ticks: sends OPEN {A1} to A C\n"
                          "   4 ms  C hears OPEN {A1} from B: learns A1, "
                          "sends EAGER {A1} to A B\n");
    lab_finish(lab);
}

// ---- Poisson ----

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

// Kolmogorov and Smirnov: the distance of the sample from 1 - e^-x, times sqrt(n), exceeds 2.69
// with probability 2 e^(-2 * 2.69^2) = 1e-6.
static void expect_exponential(double *gaps, size_t count, const char *what)
{
    double distance = 0;
    qsort(gaps, count, sizeof *gaps, by_value);
    for (size_t i = 0; i < count; i++) {
        double expected = 1 - exp(-gaps[i]);
        distance = fmax(distance, fabs(expected - (double)i / (double)count));
        distance = fmax(distance, fabs(expected - (double)(i + 1) / (double)count));
    }
    cr_expect(distance * sqrt((double)count) < 2.69, "%s: distance %.5f over %zu gaps", what,
              distance, count);
}

enum { GAPS = 20000 };

Test(schedule, poisson_the_gaps_of_a_node_are_exponential_and_independent)
{
    static double gaps[GAPS];
    struct timing timing;
    timing_init(&timing, MESH_POISSON);
    uint64_t now_ns = mesh_schedule_first_ns(&timing.config, 0, 3, 0);
    for (size_t i = 0; i < GAPS; i++) {
        uint64_t next_ns = mesh_schedule_next_ns(&timing.config, 0, 3, now_ns);
        cr_assert_gt(next_ns, now_ns, "two ticks at one time");
        gaps[i] = (double)(next_ns - now_ns) / (double)INTERVAL_NS;
        now_ns = next_ns;
    }
    // Correlation of neighbours: standard deviation 1 / sqrt(n); five of them.
    double correlation = gsl_stats_lag1_autocorrelation(gaps, 1, GAPS);
    cr_expect(fabs(correlation) < 5 / sqrt(GAPS), "correlation %.4f", correlation);
    expect_exponential(gaps, GAPS, "of one node");
}

Test(schedule, poisson_the_first_ticks_of_nodes_are_exponential_whenever_they_join)
{
    static double gaps[GAPS];
    struct timing timing;
    timing_init(&timing, MESH_POISSON);
    for (uint64_t join_ns = 0; join_ns <= 12345 * LAB_MS; join_ns += 12345 * LAB_MS) {
        for (uint32_t node = 0; node < GAPS; node++) {
            struct mesh_record record = start(&timing, node, join_ns);
            cr_assert_eq(record.timer.tick, record.timer.at_ns, "its number is its time");
            gaps[node] = (double)(record.timer.at_ns - join_ns) / (double)INTERVAL_NS;
        }
        double correlation = gsl_stats_lag1_autocorrelation(gaps, 1, GAPS);
        cr_expect(fabs(correlation) < 5 / sqrt(GAPS), "neighbouring nodes: %.4f", correlation);
        expect_exponential(gaps, GAPS, "first ticks");
    }
}

Test(schedule, poisson_a_gap_depends_on_seed_node_scope_and_tick_alone)
{
    struct timing timing;
    timing_init(&timing, MESH_POISSON);
    uint64_t next_ns = mesh_schedule_next_ns(&timing.config, 0, 3, 5000);
    struct mesh_random random = mesh_draw(7, MESH_DRAW_GAP, 0, 3, mesh_occasion_of_tick(0, 5000));
    cr_expect_eq(next_ns, 5000 + mesh_exponential_ns(random.word[0], random.word[1], INTERVAL_NS));
    timing.scopes[0].count = 5000;
    cr_expect_eq(mesh_schedule_next_ns(&timing.config, 0, 3, 5000), next_ns, "more nodes");
    cr_expect_neq(mesh_schedule_next_ns(&timing.config, 1, 3, 5000), next_ns, "another scope");
    cr_expect_neq(mesh_schedule_next_ns(&timing.config, 0, 4, 5000), next_ns, "another node");
    cr_expect_neq(mesh_schedule_next_ns(&timing.config, 0, 3, 5001), next_ns + 1, "another tick");
    timing.config.seed = 8;
    cr_expect_neq(mesh_schedule_next_ns(&timing.config, 0, 3, 5000), next_ns, "another seed");
}

// ---- All three ----

Test(schedule, the_number_of_a_tick_names_its_time_and_never_comes_again)
{
    static const enum mesh_schedule schedules[] = {MESH_PHASED, MESH_SYNCHRONOUS, MESH_POISSON};
    for (size_t i = 0; i < 3; i++) {
        struct timing timing;
        timing_init(&timing, schedules[i]);
        for (uint32_t node = 0; node < 50; node++) {
            uint64_t now_ns = mesh_schedule_first_ns(&timing.config, 1, node, 0);
            uint64_t last = 0;
            for (int tick = 0; tick < 200; tick++) {
                uint64_t number = mesh_schedule_number(&timing.scopes[1], now_ns);
                cr_assert(tick == 0 || number > last, "tick %lu twice", number);
                cr_assert_lt(number, UINT64_C(1) << 48);
                cr_assert_eq(mesh_schedule_at_ns(&timing.config, 1, node, number), now_ns);
                last = number;
                now_ns = mesh_schedule_next_ns(&timing.config, 1, node, now_ns);
            }
        }
    }
}

// ---- The exponential by integers ----

static void expect_logarithm(uint32_t high, uint32_t low)
{
    const uint64_t mean_ns = UINT64_C(1) << 40;  // so that a nanosecond is 1e-12 of it
    uint64_t random = (uint64_t)high << 32 | low;
    long double expected = 64 * logl(2) - logl((long double)random + 1);
    long double got = (long double)mesh_exponential_ns(high, low, mean_ns) / (long double)mean_ns;
    cr_assert(fabsl(got - expected) < 1e-8L, "%016lx: %.12Lf, by logarithm %.12Lf", random, got,
              expected);
}

Test(schedule, an_exponential_gap_is_the_logarithm_to_eight_digits)
{
    static const uint64_t ends[] = {0,
                                    1,
                                    2,
                                    3,
                                    UINT32_MAX,
                                    UINT64_C(1) << 32,
                                    UINT64_MAX / 2,
                                    UINT64_MAX / 2 + 1,
                                    UINT64_MAX - 1,
                                    UINT64_MAX};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        expect_logarithm((uint32_t)(ends[i] >> 32), (uint32_t)ends[i]);
    }
    struct dice dice = {11};
    for (int i = 0; i < 100000; i++) {
        uint64_t random = dice_roll(&dice) >> dice_below(&dice, 64);
        expect_logarithm((uint32_t)(random >> 32), (uint32_t)random);
    }
}

Test(schedule, an_exponential_gap_scales_with_its_mean)
{
    cr_expect_eq(mesh_exponential_ns(UINT32_MAX, UINT32_MAX, 1000), 0);
    cr_expect_eq(mesh_exponential_ns(0x7fffffff, UINT32_MAX, 1000000000), 693147180, "ln 2");
    // The longest is 64 ln 2 = 44.36141955..., also of an hour, 3.6e12 ns.
    cr_expect_eq(mesh_exponential_ns(0, 0, 1000000000) / 100, 443614195);
    cr_expect_eq(mesh_exponential_ns(0, 0, UINT64_C(3600000000000)) / 360000, 443614195);
}
