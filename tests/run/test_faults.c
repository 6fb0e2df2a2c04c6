// SPDX-License-Identifier: GPL-3.0-or-later
// Whole repetitions in which something goes wrong.
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "world.h"

#define NEVER SIM_FAULT_NEVER
#define AGENTS 240u
#define EDGES 8u
#define AGGREGATORS 4u

#define SPANS(...)            \
    (const struct sim_span[]) \
    {                         \
        __VA_ARGS__           \
    }
#define NODES(first, last)                                           \
    {                                                                \
        .places = {[SIM_PLACE_NODE] = SPANS({(first), (last) + 1})}, \
        .place_counts = {[SIM_PLACE_NODE] = 1}, .named = true        \
    }
#define ROLE(role)                           \
    {                                        \
        .roles = 1u << (role), .named = true \
    }
#define CRASH(at, until, whom, lost)                                                              \
    {                                                                                             \
        .verb = SIM_FAULT_CRASH, .at_ns = (at), .until_ns = (until), .end_ns = NEVER, .of = whom, \
        .disk_lost = (lost), .text = "crash"                                                      \
    }

static void set_faults(struct fixture *fixture, const struct sim_fault *faults, uint32_t count)
{
    fixture->scenario.faults = faults;
    fixture->scenario.fault_count = count;
    fixture->scenario.fault_seed = 9;
}

// 2 regions x 2 aggregators x 2 edges x 30 agents, 2 relays each, 3 coordinators.
static void small_hierarchy(struct fixture *fixture, uint64_t duration_ns)
{
    fixture_init(fixture, AGENTS);
    fixture_set_hierarchy(fixture, 2, 2, 2);
    fixture->scenario.hierarchy.relay_silence_ns = 900 * MS;
    fixture->scenario.duration_ns = duration_ns;
    fixture->scenario.workload.updates = 40;
    fixture->scenario.workload.every_ns = duration_ns / 50;
}

// ---- Both queues ----

static void expect_same_in_both_queues(struct fixture *fixture, const char *name)
{
    struct sim_result windows;
    struct sim_result heap;
    fixture->options.queue = SIM_QUEUE_WINDOWS;
    fixture->options.threads = 3;
    fixture_run(fixture, 0, &windows);
    fixture->options.queue = SIM_QUEUE_HEAP;
    fixture_run(fixture, 0, &heap);
    cr_expect(windows.fingerprint == heap.fingerprint, "%s: the fingerprints differ", name);
    cr_expect(windows.events == heap.events, "%s: %" PRIu64 " and %" PRIu64 " events", name,
              windows.events, heap.events);
    cr_expect(memcmp(windows.traffic, heap.traffic, sizeof heap.traffic) == 0, "%s: traffic", name);
    cr_assert(windows.update_count == heap.update_count);
    cr_expect(memcmp(windows.updates, heap.updates, heap.update_count * sizeof *heap.updates) == 0,
              "%s: updates", name);
    cr_assert(windows.report_count == heap.report_count, "%s: %u and %u reports", name,
              windows.report_count, heap.report_count);
    cr_expect(heap.report_count == 0 || memcmp(windows.reports, heap.reports,
                                               heap.report_count * sizeof *heap.reports) == 0,
              "%s: reports", name);
    cr_expect(windows.takeover_count == heap.takeover_count && windows.lagging == heap.lagging &&
                  windows.rejoin_count == heap.rejoin_count,
              "%s: takeovers, gaps or rejoins", name);
    sim_result_finish(&windows);
    sim_result_finish(&heap);
}

Test(run_faults, both_queues_agree_on_hierarchies_that_report_whatever_crashes)
{
    const struct sim_fault faults[] = {
        CRASH(600 * MS, 2500 * MS, ROLE(SIM_ROLE_RELAY), false),
        CRASH(900 * MS, 3000 * MS, NODES(240, 240), true),
        CRASH(1500 * MS, 1700 * MS, ROLE(SIM_ROLE_COORDINATOR), true),
        CRASH(2000 * MS, 2600 * MS, NODES(10, 80), true),
        {.verb = SIM_FAULT_PAUSE,
         .at_ns = 1000 * MS,
         .until_ns = 1800 * MS,
         .end_ns = NEVER,
         .of = ROLE(SIM_ROLE_RELAY),
         .text = "pause"},
        {.verb = SIM_FAULT_PARTITION,
         .at_ns = 3000 * MS,
         .until_ns = 3400 * MS,
         .end_ns = NEVER,
         .between = SIM_PLACE_REGION,
         .by_place = true,
         .text = "partition"},
    };
    static const enum mesh_mode modes[] = {MESH_PUSH_PULL, MESH_EAGER, MESH_RUMOR};
    for (uint32_t i = 0; i < 5; i++) {
        struct fixture fixture;
        small_hierarchy(&fixture, 4000 * MS);
        set_faults(&fixture, faults, sizeof faults / sizeof *faults);
        fixture.scenario.workload.report_every_ns = 400 * MS;
        fixture.scenario.gossip.mode = modes[i % 3];
        fixture.scenario.gossip.rumor = (struct mesh_rumor){.feedback = true, .k = 3};
        fixture.scenario.gossip.schedule = i == 3   ? MESH_POISSON
                                           : i == 4 ? MESH_SYNCHRONOUS
                                                    : MESH_PHASED;
        fixture.scenario.network.connections.cold = i == 1;
        fixture.scenario.network.transport = i == 1 ? SIM_QUIC : SIM_UDP;
        fixture.scenario.network.channel.fifo = i == 2;
        fixture_set_latency(&fixture, (struct sim_latency){SIM_UNIFORM, 1 * MS, 9 * MS});
        char name[40];
        snprintf(name, sizeof name, "hierarchy %u", i);
        expect_same_in_both_queues(&fixture, name);
    }
}

Test(run_faults, both_queues_agree_on_bridges_that_crash_and_on_channels_that_are_cut)
{
    const struct sim_fault faults[] = {
        CRASH(200 * MS, 900 * MS, ROLE(SIM_ROLE_BRIDGE), true),
        {.verb = SIM_FAULT_PARTITION,
         .at_ns = 700 * MS,
         .until_ns = 1500 * MS,
         .end_ns = NEVER,
         .of = NODES(0, 60),
         .direction = SIM_INWARD,
         .text = "partition"},
        {.verb = SIM_FAULT_SLOW,
         .at_ns = 100 * MS,
         .until_ns = NEVER,
         .end_ns = NEVER,
         .delay_ns = 17 * MS,
         .of = NODES(20, 90),
         .text = "slow"},
    };
    struct fixture fixture;
    fixture_init(&fixture, 150);
    fixture_set_regions(&fixture, 3, (const uint32_t[]){50, 50, 50}, (const uint32_t[]){2, 1, 1});
    fixture_set_leaders(&fixture, 2);
    set_faults(&fixture, faults, 3);
    fixture.scenario.duration_ns = 2500 * MS;
    fixture.scenario.workload.updates = 40;
    fixture.scenario.workload.every_ns = 50 * MS;
    fixture.scenario.network.channel = (struct sim_channel_settings){
        .bursts = true, .enter_ppb = 10000000, .leave_ppb = 300000000, .bad_loss_ppb = SIM_PPB};
    fixture_set_latency(&fixture, (struct sim_latency){SIM_UNIFORM, 1 * MS, 9 * MS});
    expect_same_in_both_queues(&fixture, "bridges");
}

// ---- Relays ----

static bool is_among(const uint32_t *nodes, uint32_t count, uint32_t node)
{
    bool among = false;
    for (uint32_t i = 0; i < count; i++) {
        among |= nodes[i] == node;
    }
    return among;
}

// Silent from its last tick on, which is at most an interval before the crash; noticed at the end
// of a window.
Test(run_faults, every_dead_relay_is_replaced_by_the_next_of_its_edge_and_is_one_again_when_back)
{
    const struct sim_fault crash[] = {CRASH(1000 * MS, 4000 * MS, ROLE(SIM_ROLE_RELAY), false)};
    struct fixture fixture;
    small_hierarchy(&fixture, 6000 * MS);
    set_faults(&fixture, crash, 1);
    struct sim_result result;
    fixture_run(&fixture, 0, &result);
    cr_assert_eq(result.takeover_count, 2 * 2 * EDGES, "%u takeovers", result.takeover_count);
    for (uint32_t edge = 0; edge < EDGES; edge++) {
        uint32_t first[2];
        uint32_t four[4];
        uint32_t there = 0;
        uint32_t back = 0;
        uint64_t seed = fixture.scenario.seed;
        sim_scopes_relays(seed, edge, 30 * edge, 30 * (edge + 1), NULL, 2, first);
        sim_scopes_relays(seed, edge, 30 * edge, 30 * (edge + 1), NULL, 4, four);
        for (uint32_t i = 0; i < result.takeover_count; i++) {
            const struct sim_takeover *takeover = &result.takeovers[i];
            if (takeover->edge != edge) {
                continue;
            }
            bool dead = is_among(first, 2, takeover->from);
            cr_expect(is_among(four, 4, takeover->from) && is_among(four, 4, takeover->to) &&
                          dead != is_among(first, 2, takeover->to),
                      "edge %u: %u for %u", edge, takeover->to, takeover->from);
            there += dead;
            back += !dead;
            uint64_t least_ns = dead ? 1000 * MS + 900 * MS - 300 * MS : 4000 * MS;
            uint64_t most_ns = dead ? 1000 * MS + 900 * MS + 2 * MS : 4002 * MS;
            cr_expect(takeover->time_ns >= least_ns && takeover->time_ns <= most_ns,
                      "edge %u: %u for %u at %" PRIu64, edge, takeover->to, takeover->from,
                      takeover->time_ns);
        }
        cr_expect(there == 2 && back == 2, "edge %u: %u and %u", edge, there, back);
    }
    cr_expect_eq(result.lagging, 0);
    sim_result_finish(&result);
}

Test(run_faults, with_relays_replaced_updates_come_out_of_an_edge_and_without_they_do_not)
{
    const struct sim_fault crash[] = {CRASH(200 * MS, NEVER, ROLE(SIM_ROLE_RELAY), false)};
    uint64_t worst_ns[2];
    for (uint32_t i = 0; i < 2; i++) {
        struct fixture fixture;
        small_hierarchy(&fixture, 8000 * MS);
        set_faults(&fixture, crash, 1);
        fixture.scenario.workload.first_write_ns = 1500 * MS;
        fixture.scenario.workload.every_ns = 100 * MS;
        fixture.scenario.hierarchy.relay_silence_ns = i == 0 ? 900 * MS : 100000 * MS;
        struct sim_result result;
        fixture_run(&fixture, 0, &result);
        worst_ns[i] = 0;
        for (uint32_t u = 0; u < result.update_count; u++) {
            worst_ns[i] =
                result.updates[u].theta_ns > worst_ns[i] ? result.updates[u].theta_ns : worst_ns[i];
        }
        if (i == 1) {
            cr_expect_eq(result.lagging, AGENTS - 2 * EDGES, "%u lack something", result.lagging);
            for (uint32_t gap = 0; gap < result.gap_count; gap++) {
                cr_expect(result.gaps[gap].cause == SIM_GAP_RELAYS ||
                          result.gaps[gap].cause == SIM_GAP_DOWN);
            }
        }
        sim_result_finish(&result);
    }
    cr_expect(worst_ns[0] < 3500 * MS, "the slowest took %" PRIu64, worst_ns[0]);
    cr_expect_eq(worst_ns[1], SIM_TIME_NEVER);
}

// A relay that is paused for longer than the timeout is replaced like a dead one.
Test(run_faults, a_relay_that_is_merely_silent_is_replaced_too)
{
    const struct sim_fault pause[] = {
        {.verb = SIM_FAULT_PAUSE,
         .at_ns = 1000 * MS,
         .until_ns = 2500 * MS,
         .end_ns = NEVER,
         .of = {.roles = 1u << SIM_ROLE_RELAY, .number = 1, .named = true},
         .text = "pause"}};
    struct fixture fixture;
    small_hierarchy(&fixture, 4000 * MS);
    set_faults(&fixture, pause, 1);
    struct sim_result result;
    fixture_run(&fixture, 0, &result);
    cr_assert_eq(result.takeover_count, 2);
    cr_expect_eq(result.takeovers[0].from, result.takeovers[1].to);
    cr_expect_eq(result.takeovers[0].to, result.takeovers[1].from);
    cr_expect_eq(result.lagging, 0);
    sim_result_finish(&result);
}

// ---- Who cannot converge, and why ----

Test(run_faults, edges_below_an_aggregator_that_is_down_are_named_with_it)
{
    const struct sim_fault crash[] = {CRASH(1000 * MS, NEVER, NODES(241, 241), false)};
    struct fixture fixture;
    small_hierarchy(&fixture, 4000 * MS);
    set_faults(&fixture, crash, 1);
    fixture.scenario.workload.writers = SIM_WRITERS_FIRST;  // agent 0, below aggregator 240
    struct sim_result result;
    fixture_run(&fixture, 0, &result);
    cr_assert_eq(result.gap_count, 1);
    cr_expect_eq(result.gaps[0].cause, SIM_GAP_AGGREGATOR);
    cr_expect_eq(result.gaps[0].subject, 241);
    cr_expect_eq(result.gaps[0].nodes, 60, "its two edges");
    cr_expect_eq(result.gaps[0].first, 60);
    cr_expect_eq(result.lagging, 60);
    sim_result_finish(&result);
}

static void three_regions(struct fixture *fixture)
{
    fixture_init(fixture, 150);
    fixture_set_regions(fixture, 3, (const uint32_t[]){50, 50, 50}, (const uint32_t[]){1, 1, 1});
    fixture_set_leaders(fixture, 2);
    fixture->scenario.duration_ns = 4000 * MS;
    fixture->scenario.workload.updates = 30;
    fixture->scenario.workload.every_ns = 100 * MS;
}

// The candidates of region 0 are agents 0, 10, ... 40, and the first two its bridges. Others take
// over from them, as long as they are a majority.
Test(run_faults, when_all_bridges_of_a_region_are_down_others_take_over)
{
    const struct sim_fault crash[] = {CRASH(500 * MS, NEVER, NODES(0, 19), false)};
    struct fixture fixture;
    three_regions(&fixture);
    fixture.scenario.duration_ns = 8000 * MS;
    set_faults(&fixture, crash, 1);
    struct sim_result result;
    fixture_run(&fixture, 0, &result);
    cr_expect_eq(result.lagging, 0);
    cr_assert_eq(result.failover_count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        const struct sim_failover *failover = &result.failovers[i];
        cr_expect(failover->region == 0 && failover->lost_ns == 500 * MS);
        cr_expect(failover->successor == 20 || failover->successor == 30 ||
                  failover->successor == 40);
        // The next leader was elected 400 ms after the loss at the earliest, and has not heard the
        // lost ones for failover_ns since.
        cr_expect(failover->after_ns > 1400 * MS && failover->after_ns < 4000 * MS, "%lu",
                  failover->after_ns);
        cr_expect(failover->exchange_ns > failover->after_ns &&
                  failover->exchange_ns < failover->after_ns + 1000 * MS);
    }
    cr_assert_eq(result.election_count, 4, "three at the start, and one");
    cr_expect(!result.elections[3].first && result.elections[3].region == 0);
    cr_expect(result.elections[3].after_ns > 400 * MS && result.elections[3].after_ns < 2500 * MS);
    sim_result_finish(&result);
}

static void cut_a_bridge(uint64_t lasts_ns, struct sim_result *result)
{
    const struct sim_fault partition[] = {{.verb = SIM_FAULT_PARTITION,
                                           .at_ns = 1500 * MS,
                                           .until_ns = 1500 * MS + lasts_ns,
                                           .end_ns = NEVER,
                                           .of = NODES(10, 10),
                                           .text = "partition"}};
    struct fixture fixture;
    three_regions(&fixture);
    fixture.scenario.duration_ns = 8000 * MS;
    set_faults(&fixture, partition, 1);
    fixture_run(&fixture, 0, result);
}

// The leader has not heard it for failover_ns, a heartbeat before the cut at the earliest.
Test(run_faults, a_bridge_behind_a_partition_is_lost_and_replaced_like_one_that_crashed)
{
    struct sim_result result;
    cut_a_bridge(3000 * MS, &result);
    cr_assert_eq(result.failover_count, 1);
    const struct sim_failover *failover = &result.failovers[0];
    cr_expect(failover->region == 0 && failover->bridge == 10);
    cr_expect_eq(failover->lost_ns, 1500 * MS);
    cr_expect(failover->successor == 20 || failover->successor == 30 || failover->successor == 40);
    cr_expect(failover->after_ns > 800 * MS && failover->after_ns < 2500 * MS, "%lu",
              failover->after_ns);
    sim_result_finish(&result);
    cut_a_bridge(300 * MS, &result);
    cr_expect_eq(result.failover_count, 0, "it was back before anybody took its place");
    sim_result_finish(&result);
}

Test(run_faults, a_region_all_of_whose_bridges_are_down_is_named)
{
    const struct sim_fault crash[] = {CRASH(500 * MS, NEVER, NODES(0, 20), false)};
    struct fixture fixture;
    three_regions(&fixture);
    set_faults(&fixture, crash, 1);
    struct sim_result result;
    fixture_run(&fixture, 0, &result);
    cr_assert_eq(result.gap_count, 2);
    cr_expect(result.gaps[0].cause == SIM_GAP_BRIDGES && result.gaps[0].subject == 0);
    cr_expect(result.gaps[1].cause == SIM_GAP_DOWN && result.gaps[1].nodes == 21);
    cr_expect_eq(result.gaps[0].nodes, 129, "region 0 lacks the others' updates, they its");
    sim_result_finish(&result);
}

Test(run_faults, a_partition_that_lasts_is_named)
{
    const struct sim_fault partition[] = {{.verb = SIM_FAULT_PARTITION,
                                           .at_ns = 500 * MS,
                                           .until_ns = NEVER,
                                           .end_ns = NEVER,
                                           .of = NODES(60, 69),
                                           .text = "partition"}};
    struct fixture fixture;
    fixture_init(&fixture, 100);
    set_faults(&fixture, partition, 1);
    fixture.scenario.workload.writers = SIM_WRITERS_FIRST;
    fixture.scenario.workload.updates = 20;
    fixture.scenario.duration_ns = 5000 * MS;
    struct sim_result result;
    fixture_run(&fixture, 0, &result);
    cr_assert_eq(result.gap_count, 1);
    cr_expect(result.gaps[0].cause == SIM_GAP_PARTITION && result.gaps[0].subject == 1);
    cr_expect(result.gaps[0].nodes == 10 && result.gaps[0].first == 60);
    sim_result_finish(&result);
}

Test(run_faults, what_only_the_dead_held_is_lost)
{
    const struct sim_fault crash[] = {CRASH(1 * MS, NEVER, NODES(0, 0), true)};
    struct fixture fixture;
    fixture_init(&fixture, 20);
    set_faults(&fixture, crash, 1);
    fixture.scenario.workload.writers = SIM_WRITERS_FIRST;
    fixture.scenario.seed = 4;
    fixture.scenario.gossip.interval_ns = 10000 * MS;  // it has not ticked yet
    fixture.scenario.duration_ns = 2000 * MS;
    struct sim_result result;
    fixture_run(&fixture, 0, &result);
    cr_assert_eq(result.gap_count, 2);
    cr_expect_eq(result.gaps[0].cause, SIM_GAP_LOST);
    cr_expect_eq(result.gaps[0].nodes, 19);
    cr_expect_eq(result.updates[0].theta_ns, SIM_TIME_NEVER);
    sim_result_finish(&result);
}

// ---- Writes, ends, snapshots ----

Test(run_faults, who_is_down_or_paused_writes_nothing)
{
    const struct sim_fault faults[] = {CRASH(100 * MS, 300 * MS, NODES(0, 0), false),
                                       {.verb = SIM_FAULT_PAUSE,
                                        .at_ns = 250 * MS,
                                        .until_ns = 400 * MS,
                                        .end_ns = NEVER,
                                        .of = NODES(0, 0),
                                        .text = "pause"}};
    struct fixture fixture;
    fixture_init(&fixture, 20);
    set_faults(&fixture, faults, 2);
    fixture.scenario.workload.writers = SIM_WRITERS_FIRST;
    fixture.scenario.workload.updates = 20;
    fixture.scenario.workload.every_ns = 50 * MS;  // at 0, 50, ... 950 ms
    struct sim_result result;
    fixture_run(&fixture, 0, &result);
    cr_expect_eq(result.unwritten, 6, "those at 100, 150, ... 350 ms");
    cr_assert_eq(result.update_count, 14);
    for (uint32_t u = 0; u < result.update_count; u++) {
        cr_expect_eq(result.updates[u].dot.sequence, u + 1, "no gap in its sequence");
        cr_expect(result.updates[u].written_ns < 100 * MS ||
                  result.updates[u].written_ns >= 400 * MS);
    }
    cr_expect_eq(result.lagging, 0);
    sim_result_finish(&result);
}

Test(run_faults, a_run_without_an_end_goes_on_until_faults_are_over_and_who_was_away_has_all)
{
    const struct sim_fault crash[] = {CRASH(50 * MS, 3000 * MS, NODES(3, 7), true)};
    struct fixture fixture;
    fixture_init(&fixture, 50);
    set_faults(&fixture, crash, 1);
    struct sim_result result;
    fixture_run(&fixture, 0, &result);
    cr_expect(result.simulated_ns > 3000 * MS && result.simulated_ns < 3500 * MS,
              "it ended at %" PRIu64, result.simulated_ns);
    cr_expect_eq(result.calm_ns, 3000 * MS);
    cr_assert_eq(result.rejoin_count, 5);
    for (uint32_t i = 0; i < 5; i++) {
        cr_expect(result.rejoins[i].after_ns != SIM_TIME_NEVER && result.rejoins[i].disk_lost);
    }
    sim_result_finish(&result);
}

// A fault that is over before it begins to matter, or hits nobody, is in the result.
Test(run_faults, an_entry_that_never_fires_is_reported)
{
    const struct sim_fault faults[] = {CRASH(50 * MS, 60 * MS, NODES(3, 7), true),
                                       CRASH(15000 * MS, NEVER, NODES(1, 1), true)};
    struct fixture fixture;
    fixture_init(&fixture, 50);
    fixture.scenario.duration_ns = 1000 * MS;
    set_faults(&fixture, faults, 2);
    struct sim_result result;
    fixture_run(&fixture, 0, &result);
    cr_assert_eq(result.fault_count, 2);
    cr_expect(result.faults[0].firings == 1 && result.faults[0].nodes == 5 &&
              result.faults[0].first_ns == 50 * MS);
    cr_expect(result.faults[1].firings == 0 && result.faults[1].nodes == 0 &&
              result.faults[1].first_ns == SIM_TIME_NEVER);
    sim_result_finish(&result);
}

// What was released is in the snapshot as a base: of 3 registers of 100 bytes, with key, clock,
// dot and size (base.h).
Test(run_faults, a_snapshot_carries_what_was_released)
{
    const struct sim_fault crash[] = {CRASH(3000 * MS, 3100 * MS, NODES(3, 3), true)};
    struct fixture fixture;
    fixture_init(&fixture, 20);
    set_faults(&fixture, crash, 1);
    fixture.scenario.workload.updates = 300;
    fixture.scenario.workload.every_ns = 10 * MS;
    fixture.scenario.workload.crdt = SIM_LWW_REGISTER;
    fixture.scenario.workload.value_bytes = 100;
    fixture.scenario.workload.keys = 3;
    fixture.scenario.duration_ns = 5000 * MS;
    struct sim_result result;
    fixture_run(&fixture, 0, &result);
    const struct sim_traffic *snapshot = &result.traffic[MESH_MESSAGE_SNAPSHOT][SIM_SAME_HOST];
    cr_assert_eq(snapshot->messages, 1);
    cr_expect(snapshot->bytes - snapshot->digest_bytes < snapshot->bytes, "what frames it");
    cr_expect(snapshot->digest_bytes > 3 * (100 + 22), "%" PRIu64 " bytes beside updates",
              snapshot->digest_bytes);
    cr_expect_eq(result.lagging, 0);
    sim_result_finish(&result);
}

// ---- Reports whose holders crash ----

#define EDGE_AGENTS (AGENTS / EDGES)

struct story {
    struct sim_note *notes;
    struct sim_transition *transitions;
    uint32_t note_count;
    uint32_t transition_count;
};

static void *append(void *list, uint32_t *count, const void *items, uint32_t more, size_t bytes)
{
    char *longer = realloc(list, (*count + (size_t)more) * bytes + 1);
    cr_assert_not_null(longer);
    memcpy(longer + *count * bytes, items, more * bytes);
    *count += more;
    return longer;
}

static void see_notes(void *context, const struct sim_note *notes, uint32_t count)
{
    struct story *story = context;
    story->notes = append(story->notes, &story->note_count, notes, count, sizeof *notes);
}

static void see_transitions(void *context, const struct sim_transition *transitions, uint32_t count)
{
    struct story *story = context;
    story->transitions = append(story->transitions, &story->transition_count, transitions, count,
                                sizeof *transitions);
}

// When 99 % of those in the edge that were up at the write, and have been since, hold the report.
static uint64_t reached_ns(const struct story *story, const struct sim_report_result *report)
{
    uint64_t up_since_ns[EDGE_AGENTS] = {0};
    bool holds[EDGE_AGENTS] = {false};
    uint32_t first = report->agent / EDGE_AGENTS * EDGE_AGENTS;
    uint32_t next = 0;
    for (uint32_t i = 0; i <= story->note_count;) {
        const struct sim_note *note = i < story->note_count ? &story->notes[i] : NULL;
        const struct sim_transition *turn =
            next < story->transition_count ? &story->transitions[next] : NULL;
        if (note == NULL && turn == NULL) {
            break;
        }
        bool turns = turn != NULL && (note == NULL || turn->time_ns <= note->time_ns);
        uint64_t now_ns = turns ? turn->time_ns : note->time_ns;
        uint32_t place = (turns ? turn->node : note->node) - first;
        next += turns;
        i += !turns;
        if (place >= EDGE_AGENTS) {
            continue;
        }
        if (turns && turn->kind == SIM_TRANSITION_DOWN) {
            up_since_ns[place] = NEVER;
        } else if (turns && turn->kind == SIM_TRANSITION_UP) {
            up_since_ns[place] = turn->time_ns;
        } else if (!turns && !note->row && note->author == report->agent &&
                   note->number == report->number) {
            holds[place] = true;
        }
        uint32_t left = 0;
        uint32_t held = 0;
        for (uint32_t j = 0; j < EDGE_AGENTS && now_ns >= report->written_ns; j++) {
            left += up_since_ns[j] <= report->written_ns;
            held += up_since_ns[j] <= report->written_ns && holds[j];
        }
        if (left > 0 && held >= (left * 99 + 99) / 100) {
            return now_ns - report->written_ns;
        }
    }
    return SIM_TIME_NEVER;
}

Test(run_faults, who_crashes_holds_no_report_any_more_and_is_not_waited_for)
{
    const struct sim_fault faults[] = {CRASH(1000 * MS, 2500 * MS, NODES(0, 11), false),
                                       CRASH(1437 * MS, NEVER, NODES(5, 50), true),
                                       CRASH(2003 * MS, 2900 * MS, NODES(70, 110), false),
                                       CRASH(2060 * MS, 3100 * MS, NODES(61, 75), true)};
    struct fixture fixture;
    struct sim_result result;
    struct story story = {0};
    const struct sim_watcher watcher = {
        .context = &story, .notes = see_notes, .transitions = see_transitions};
    small_hierarchy(&fixture, 4000 * MS);
    set_faults(&fixture, faults, sizeof faults / sizeof *faults);
    fixture.scenario.workload.report_every_ns = 600 * MS;
    fixture.options.watcher = &watcher;
    fixture_run(&fixture, 0, &result);
    uint32_t late = 0;
    for (uint32_t i = 0; i < result.report_count; i++) {
        const struct sim_report_result *report = &result.reports[i];
        uint64_t wanted_ns = reached_ns(&story, report);
        cr_expect(report->edge_ns == wanted_ns,
                  "report %u of %u, written at %" PRIu64 ": after %" PRIu64 ", by hand %" PRIu64,
                  report->number, report->agent, report->written_ns, report->edge_ns, wanted_ns);
        late += wanted_ns == SIM_TIME_NEVER;
    }
    cr_expect(result.report_count > 1000 && late < result.report_count / 2);
    sim_result_finish(&result);
    free(story.notes);
    free(story.transitions);
}
