// SPDX-License-Identifier: GPL-3.0-or-later
// Regions whose candidates elect their bridges, and what becomes of them.
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>

#include "fixture.h"

#define NEVER SIM_FAULT_NEVER
#define NODE(node)                                                                   \
    {                                                                                \
        .places = {[SIM_PLACE_NODE] = &(const struct sim_span){(node), (node) + 1}}, \
        .place_counts = {[SIM_PLACE_NODE] = 1}, .named = true                        \
    }
#define ROLE(role)                           \
    {                                        \
        .roles = 1u << (role), .named = true \
    }
#define FAULT(kind, at, until, whom)                                                     \
    {                                                                                    \
        .verb = (kind), .at_ns = (at), .until_ns = (until), .end_ns = NEVER, .of = whom, \
        .text = "fault"                                                                  \
    }

// Three regions of 50 agents; the candidates are agents 0, 10, ... 140, the first two of each
// region its bridges. Latencies of 1 to 10 ms.
static void three_regions(struct fixture *fixture, uint64_t duration_ns)
{
    fixture_init(fixture, 150);
    fixture_set_regions(fixture, 3, (const uint32_t[]){50, 50, 50}, (const uint32_t[]){1, 1, 1});
    fixture_set_leaders(fixture, 2);
    fixture_set_latency(fixture, (struct sim_latency){SIM_UNIFORM, 1 * MS, 10 * MS});
    fixture->scenario.duration_ns = duration_ns;
    fixture->scenario.workload.updates = 40;
    fixture->scenario.workload.every_ns = 100 * MS;
    fixture->scenario.leaders.read_every_ns = 70 * MS;
}

static void set_faults(struct fixture *fixture, const struct sim_fault *faults, uint32_t count)
{
    fixture->scenario.faults = faults;
    fixture->scenario.fault_count = count;
    fixture->scenario.fault_seed = 9;
}

// ---- At the start ----

Test(leaders, elected_groups_have_a_leader_after_one_round_of_votes)
{
    struct fixture fixture;
    struct sim_result result;
    three_regions(&fixture, 3000 * MS);
    fixture_run(&fixture, 0, &result);
    cr_assert(result.leading_count == 3 && result.election_count == 3);
    for (uint32_t i = 0; i < 3; i++) {
        // Asking whether it could win, asking for votes, an entry: there and back three times.
        cr_expect(result.elections[i].after_ns > 6 * MS && result.elections[i].after_ns < 60 * MS);
        cr_expect(result.elections[i].first && result.elections[i].term == 2);
        cr_expect_eq(result.elections[i].leader, 50 * result.elections[i].region);
        cr_expect_eq(result.leading[i].terms, 2);
    }
    cr_expect_eq(result.failover_count, 0);
    sim_result_finish(&result);
}

Test(leaders, fresh_groups_elect_one_when_the_first_loses_patience)
{
    struct fixture fixture;
    struct sim_result result;
    three_regions(&fixture, 6000 * MS);
    fixture.scenario.leaders.start = SIM_LEADERS_FRESH;
    fixture_run(&fixture, 0, &result);
    cr_assert_eq(result.election_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        cr_expect(result.elections[i].won_ns > 500 * MS && !result.elections[i].first);
        cr_expect(result.elections[i].after_ns > result.elections[i].won_ns);
        cr_expect_eq(result.elections[i].after_ns,
                     result.leading[result.elections[i].region].unavailable_ns);
    }
    for (uint32_t i = 0; i < result.update_count; i++) {
        cr_expect_eq(result.updates[i].held, 150);
    }
    sim_result_finish(&result);
}

// ---- Whatever runs it ----

static const struct sim_fault crashes[] = {
    FAULT(SIM_FAULT_CRASH, 1000 * MS, 2500 * MS, ROLE(SIM_ROLE_LEADER)),
    {.verb = SIM_FAULT_CRASH,
     .at_ns = 3500 * MS,
     .until_ns = 4000 * MS,
     .end_ns = NEVER,
     .of = ROLE(SIM_ROLE_BRIDGE),
     .disk_lost = true,
     .text = "crash"},
};
static const struct sim_fault pauses[] = {
    FAULT(SIM_FAULT_PAUSE, 1000 * MS, 2500 * MS, ROLE(SIM_ROLE_LEADER)),
    FAULT(SIM_FAULT_PAUSE, 3000 * MS, 3100 * MS, ROLE(SIM_ROLE_LEADER)),
    {.verb = SIM_FAULT_SKEW,
     .at_ns = 1500 * MS,
     .until_ns = 3500 * MS,
     .end_ns = NEVER,
     .skew_ns = 300 * (int64_t)MS,
     .of = NODE(60),
     .text = "skew"},
};
static const struct sim_fault partitions[] = {
    FAULT(SIM_FAULT_PARTITION, 1000 * MS, 3000 * MS, ROLE(SIM_ROLE_LEADER)),
    {.verb = SIM_FAULT_SLOW,
     .at_ns = 500 * MS,
     .until_ns = 3500 * MS,
     .end_ns = NEVER,
     .delay_ns = 150 * MS,
     .of = NODE(120),
     .text = "slow"},
};

static const struct {
    const char *name;
    const struct sim_fault *faults;
    uint32_t fault_count;
    enum sim_leaders_start start;
    uint64_t disk_ns;
    uint32_t loss_ppb;
    bool plain;                // neither asks before an election nor checks its quorum
    uint32_t correlation_ppb;  // of what channels between two hosts do
} cases[] = {
    {"elected", NULL, 0, SIM_LEADERS_ELECTED, 0, 0, false, 0},
    {"fresh, with loss", NULL, 0, SIM_LEADERS_FRESH, 0, 200000000, false, 0},
    {"fresh, with loss and slow disks, plain", NULL, 0, SIM_LEADERS_FRESH, 80 * MS, 300000000, true,
     0},
    {"crashes, disks among them", crashes, 2, SIM_LEADERS_ELECTED, 3 * MS, 0, false, 0},
    {"pauses and a wrong clock", pauses, 3, SIM_LEADERS_ELECTED, 20 * MS, 0, false, 0},
    {"partitions and a slow link", partitions, 2, SIM_LEADERS_ELECTED, 0, 50000000, false, 0},
    {"crashes, plain", crashes, 2, SIM_LEADERS_FRESH, 500000, 50000000, true, 0},
    {"channels that remember", NULL, 0, SIM_LEADERS_ELECTED, 2 * MS, 0, false, 800000000},
};

static void run_case(size_t index, const struct sim_run_options *options, struct sim_result *result)
{
    struct fixture fixture;
    three_regions(&fixture, 6000 * MS);
    fixture.scenario.leaders.start = cases[index].start;
    fixture.scenario.leaders.disk = (struct sim_latency){SIM_UNIFORM, 0, cases[index].disk_ns};
    fixture.scenario.leaders.pre_vote = !cases[index].plain;
    fixture.scenario.leaders.check_quorum = !cases[index].plain;
    fixture.scenario.network.loss_ppb = cases[index].loss_ppb;
    fixture.scenario.network.channel.correlation_ppb = cases[index].correlation_ppb;
    set_faults(&fixture, cases[index].faults, cases[index].fault_count);
    fixture.options = *options;
    fixture_run(&fixture, 0, result);
}

Test(leaders, queues_threads_and_blocks_give_the_same)
{
    static const struct sim_run_options ways[] = {
        {.queue = SIM_QUEUE_WINDOWS, .threads = 1, .executes_all = true},
        {.queue = SIM_QUEUE_WINDOWS, .threads = 3, .block_nodes = 20},
        {.queue = SIM_QUEUE_HEAP},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_result first;
        run_case(i, &(struct sim_run_options){.threads = 1}, &first);
        for (size_t j = 0; j < sizeof ways / sizeof *ways; j++) {
            struct sim_result result;
            run_case(i, &ways[j], &result);
            cr_expect_eq(result.fingerprint, first.fingerprint, "%s, way %zu", cases[i].name, j);
            cr_assert_eq(result.election_count, first.election_count);
            for (uint32_t k = 0; k < first.election_count; k++) {
                cr_expect_eq(result.elections[k].after_ns, first.elections[k].after_ns);
            }
            sim_result_finish(&result);
        }
        sim_result_finish(&first);
    }
}

// ---- What clients see ----

// The first server of region 0 leads, the others are agents 10, 20, 30 and 40. Returns how long
// nobody could commit there, besides the election with which the run begins; `lost_ns`: from when,
// if that ended with an election, else 0.
static uint64_t unavailable_ns(const struct sim_fault *faults, uint32_t count, uint64_t *lost_ns)
{
    struct fixture fixture;
    struct sim_result result;
    three_regions(&fixture, 4000 * MS);
    set_faults(&fixture, faults, count);
    fixture_run(&fixture, 0, &result);
    uint64_t time_ns = result.leading[0].unavailable_ns;
    *lost_ns = 0;
    for (uint32_t i = 0; i < result.election_count; i++) {
        const struct sim_election *election = &result.elections[i];
        time_ns -= election->region == 0 && election->first ? election->after_ns : 0;
        *lost_ns = election->region == 0 && !election->first ? election->lost_ns : *lost_ns;
    }
    sim_result_finish(&result);
    return time_ns;
}

Test(leaders, one_that_is_cut_off_is_of_no_use_from_that_instant)
{
    const struct sim_fault cut[] = {FAULT(SIM_FAULT_PARTITION, 1000 * MS, 3000 * MS, NODE(0))};
    const struct sim_fault crash[] = {FAULT(SIM_FAULT_CRASH, 1000 * MS, 3000 * MS, NODE(0))};
    uint64_t lost_ns[2];
    uint64_t time_ns[2] = {unavailable_ns(cut, 1, &lost_ns[0]),
                           unavailable_ns(crash, 1, &lost_ns[1])};
    cr_expect(lost_ns[0] == 1000 * MS && lost_ns[1] == 1000 * MS);
    cr_expect(time_ns[0] > 400 * MS);
    cr_expect_eq(time_ns[0], time_ns[1], "to its region it is as if it had crashed");
}

Test(leaders, one_that_is_back_before_it_is_replaced_has_been_away_for_so_long)
{
    const struct sim_fault blinks[] = {
        FAULT(SIM_FAULT_PARTITION, 1000 * MS, 1250 * MS, NODE(0)),
        FAULT(SIM_FAULT_PAUSE, 1000 * MS, 1250 * MS, NODE(0)),
        {.verb = SIM_FAULT_PARTITION,
         .at_ns = 1000 * MS,
         .until_ns = 1250 * MS,
         .end_ns = NEVER,
         .of = NODE(0),
         .direction = SIM_INWARD,
         .text = "nothing reaches it"},
    };
    for (size_t i = 0; i < sizeof blinks / sizeof *blinks; i++) {
        uint64_t lost_ns;
        cr_expect_eq(unavailable_ns(&blinks[i], 1, &lost_ns), 250 * MS, "case %zu", i);
        cr_expect_eq(lost_ns, 0, "case %zu", i);
    }
}

// Two of five may be missing, for whatever reason; a third one not.
Test(leaders, without_a_majority_in_touch_are_of_no_use)
{
    const struct sim_fault missing[] = {
        FAULT(SIM_FAULT_CRASH, 1000 * MS, 1400 * MS, NODE(10)),
        FAULT(SIM_FAULT_PARTITION, 1100 * MS, 1500 * MS, NODE(20)),
        FAULT(SIM_FAULT_PAUSE, 1150 * MS, 1350 * MS, NODE(30)),
    };
    uint64_t lost_ns;
    cr_expect_eq(unavailable_ns(missing, 2, &lost_ns), 0);
    cr_expect_eq(unavailable_ns(missing, 3, &lost_ns), 200 * MS);
    cr_expect_eq(lost_ns, 0);
}

// ---- What faults cost ----

// A partition keeps the bridges of region 0 from the others for two seconds. Where it is asked for,
// each update knows how long it would have taken without that.
Test(leaders, who_asks_what_faults_cost_is_told_by_the_same_run_without_them)
{
    struct fixture fixture;
    struct sim_result calm;
    struct sim_result result;
    struct sim_expectation asked = {.text = "max(extra_convergence_ms) < 9000"};
    const struct sim_fault cut[] = {
        FAULT(SIM_FAULT_PARTITION, 1000 * MS, 3000 * MS, ROLE(SIM_ROLE_BRIDGE))};
    three_regions(&fixture, 6000 * MS);
    fixture_run(&fixture, 0, &calm);
    set_faults(&fixture, cut, 1);
    fixture.scenario.expectations = &asked;
    fixture.scenario.expectation_count = 1;
    fixture_run(&fixture, 0, &result);
    uint64_t most_ns = 0;
    cr_assert(calm.update_count == 40 && result.update_count == 40);
    for (uint32_t i = 0; i < 40; i++) {
        const struct sim_update_result *update = &result.updates[i];
        uint64_t extra_ns = update->theta_ns - update->calm_theta_ns;
        cr_expect_eq(update->calm_theta_ns, calm.updates[i].theta_ns);
        cr_expect_eq(calm.updates[i].calm_theta_ns, SIM_TIME_NEVER, "nobody asked");
        cr_expect(update->written_ns + update->theta_ns >= 1000 * MS || extra_ns == 0);
        bool later = update->theta_ns > update->calm_theta_ns;
        most_ns = later && extra_ns > most_ns ? extra_ns : most_ns;
    }
    cr_expect(most_ns > 1000 * MS && most_ns < 2600 * MS, "%" PRIu64, most_ns);
    sim_result_finish(&result);
    sim_result_finish(&calm);
}

// ---- How groups begin ----

// Of five logs of 0 to 4 entries one belongs to the candidate that never starts.
Test(leaders, who_fail_from_the_start_are_missed_and_logs_of_different_lengths_elect_somebody)
{
    struct fixture fixture;
    struct sim_result result;
    three_regions(&fixture, 20000 * MS);
    fixture.scenario.leaders.start = SIM_LEADERS_FRESH;
    fixture.scenario.leaders.logs = SIM_LOGS_DIFFERENT;
    fixture.scenario.leaders.failed = 1;
    fixture_run(&fixture, 0, &result);
    cr_assert_eq(result.election_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        const struct sim_election *election = &result.elections[i];
        cr_expect(election->after_ns < 20000 * MS && election->term > election->terms);
        cr_expect_neq(election->leader % 50, 40, "the last candidate has failed");
    }
    sim_result_finish(&result);
}

// ---- What others hear of it ----

static uint64_t dead_between_regions(const struct sim_result *result)
{
    return result->traffic[MESH_MESSAGE_OPEN][SIM_INTER_REGION].dead;
}

// Both bridges of region 0 crash, and others take their place: as soon as the register has reached
// the other regions, nobody calls the dead any more.
Test(leaders, other_regions_hear_who_the_bridges_are)
{
    const struct sim_fault both[] = {
        FAULT(SIM_FAULT_CRASH, 1000 * MS, NEVER, NODE(0)),
        FAULT(SIM_FAULT_CRASH, 1000 * MS, NEVER, NODE(10)),
    };
    uint64_t dead[2];
    for (uint32_t i = 0; i < 2; i++) {
        struct fixture fixture;
        struct sim_result result;
        three_regions(&fixture, i == 0 ? 6000 * MS : 18000 * MS);
        set_faults(&fixture, both, 2);
        fixture_run(&fixture, 0, &result);
        dead[i] = dead_between_regions(&result);
        cr_expect_eq(result.failover_count, 2);
        sim_result_finish(&result);
    }
    cr_expect(dead[0] > 0);
    cr_expect_eq(dead[1], dead[0], "%" PRIu64 " and %" PRIu64, dead[0], dead[1]);
}
