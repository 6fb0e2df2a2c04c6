// SPDX-License-Identifier: GPL-3.0-or-later
// Faults in both queues, which must agree; and small meshes in which what a fault does is known.
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "fixture.h"

#define CONSTANT(ns)             \
    {                            \
        SIM_CONSTANT, (ns), (ns) \
    }
#define UNIFORM(minimum_ns, maximum_ns)         \
    {                                           \
        SIM_UNIFORM, (minimum_ns), (maximum_ns) \
    }
#define NEVER SIM_FAULT_NEVER

// The nodes [first, end) as a selection; `percent` of them.
#define NODES(first, end, percent)                                                     \
    {                                                                                  \
        .places = {[SIM_PLACE_NODE] = (const struct sim_span[]){{first, end}}},        \
        .place_counts = {[SIM_PLACE_NODE] = 1},                                        \
        .share_ppb = (percent) == 100 ? 0 : (percent) * (SIM_PPB / 100), .named = true \
    }
#define EVERYBODY(percent) NODES(0, UINT32_MAX, percent)

#define CRASH(at, until, whom, lost)                                                              \
    {                                                                                             \
        .verb = SIM_FAULT_CRASH, .at_ns = (at), .until_ns = (until), .end_ns = NEVER, .of = whom, \
        .disk_lost = (lost)                                                                       \
    }
#define PAUSE(at, until, whom)                                                                   \
    {                                                                                            \
        .verb = SIM_FAULT_PAUSE, .at_ns = (at), .until_ns = (until), .end_ns = NEVER, .of = whom \
    }

// ---- What goes wrong in the shapes below ----

static const struct sim_fault crashes[] = {
    CRASH(50 * MS, 130 * MS, EVERYBODY(10), false), CRASH(90 * MS, 170 * MS, EVERYBODY(20), false),
    CRASH(60 * MS + 7, 61 * MS, EVERYBODY(5), false), CRASH(250 * MS, NEVER, EVERYBODY(5), false)};
static const struct sim_fault lost_disks[] = {
    CRASH(50 * MS, 130 * MS, EVERYBODY(10), true), CRASH(90 * MS, 170 * MS, EVERYBODY(20), false),
    CRASH(200 * MS, 210 * MS, EVERYBODY(5), true), CRASH(250 * MS, NEVER, EVERYBODY(5), true)};
static const struct sim_fault restarts[] = {
    CRASH(50 * MS, NEVER, EVERYBODY(30), false),
    {.verb = SIM_FAULT_RESTART, .at_ns = 150 * MS, .end_ns = NEVER, .of = EVERYBODY(50)},
    {.verb = SIM_FAULT_RESTART,
     .at_ns = 260 * MS,
     .end_ns = NEVER,
     .of = EVERYBODY(100),
     .disk_lost = true}};
static const struct sim_fault pauses[] = {
    PAUSE(50 * MS, 90 * MS, EVERYBODY(20)), PAUSE(70 * MS, 140 * MS, EVERYBODY(20)),
    PAUSE(71 * MS, 71 * MS + 300, EVERYBODY(50)), PAUSE(200 * MS, NEVER, NODES(0, 2, 100)),
    PAUSE(210 * MS, 400 * MS, EVERYBODY(10))};
static const struct sim_fault pauses_and_crashes[] = {
    PAUSE(50 * MS, 190 * MS, EVERYBODY(40)), CRASH(90 * MS, 140 * MS, EVERYBODY(40), false),
    CRASH(100 * MS, 150 * MS, EVERYBODY(10), true), PAUSE(145 * MS, 250 * MS, EVERYBODY(40))};
static const struct sim_fault partitions[] = {
    {.verb = SIM_FAULT_PARTITION,
     .at_ns = 40 * MS,
     .until_ns = 120 * MS,
     .end_ns = NEVER,
     .of = EVERYBODY(50)},
    {.verb = SIM_FAULT_PARTITION,
     .at_ns = 100 * MS,
     .until_ns = 200 * MS,
     .end_ns = NEVER,
     .of = EVERYBODY(30),
     .direction = SIM_OUTWARD},
    {.verb = SIM_FAULT_PARTITION,
     .at_ns = 220 * MS,
     .until_ns = 230 * MS,
     .every_ns = 20 * MS,
     .times = 3,
     .end_ns = NEVER,
     .of = EVERYBODY(30),
     .direction = SIM_INWARD},
    {.verb = SIM_FAULT_PARTITION,
     .at_ns = 300 * MS,
     .until_ns = NEVER,
     .end_ns = NEVER,
     .groups =
         (const struct sim_selection[]){NODES(0, 5, 100), NODES(3, 11, 100), NODES(20, 30, 100)},
     .group_count = 3}};
static const struct sim_fault islands[] = {{.verb = SIM_FAULT_PARTITION,
                                            .at_ns = 40 * MS,
                                            .until_ns = 300 * MS,
                                            .end_ns = NEVER,
                                            .between = SIM_PLACE_ZONE,
                                            .by_place = true}};
static const struct sim_fault cuts_and_crashes[] = {{.verb = SIM_FAULT_PARTITION,
                                                     .at_ns = 40 * MS,
                                                     .until_ns = 120 * MS,
                                                     .end_ns = NEVER,
                                                     .of = EVERYBODY(40)},
                                                    CRASH(45 * MS, 150 * MS, EVERYBODY(20), false),
                                                    CRASH(110 * MS, 200 * MS, EVERYBODY(10), true),
                                                    PAUSE(160 * MS, 190 * MS, EVERYBODY(20)),
                                                    {.verb = SIM_FAULT_SLOW,
                                                     .at_ns = 180 * MS,
                                                     .until_ns = 260 * MS,
                                                     .end_ns = NEVER,
                                                     .delay_ns = 20 * MS + 1,
                                                     .of = EVERYBODY(30)}};
static const struct sim_fault coming_and_going[] = {{.verb = SIM_FAULT_CHURN,
                                                     .at_ns = 20 * MS,
                                                     .until_ns = 300 * MS,
                                                     .end_ns = NEVER,
                                                     .gap_ns = 2 * MS,
                                                     .down_ns = 40 * MS,
                                                     .of = EVERYBODY(100),
                                                     .disk_lost = true},
                                                    {.verb = SIM_FAULT_CHURN,
                                                     .at_ns = 20 * MS,
                                                     .until_ns = NEVER,
                                                     .end_ns = NEVER,
                                                     .gap_ns = 30 * MS,
                                                     .of = EVERYBODY(50)}};
static const struct sim_fault rolling[] = {{.verb = SIM_FAULT_ROLLING_RESTART,
                                            .at_ns = 30 * MS,
                                            .until_ns = NEVER,
                                            .end_ns = NEVER,
                                            .down_ns = 15 * MS,
                                            .gap_ns = 10 * MS,
                                            .batch = 3,
                                            .of = NODES(0, 60, 100)}};
static const struct sim_fault joining[] = {{.verb = SIM_FAULT_MASS_JOIN,
                                            .at_ns = 100 * MS,
                                            .until_ns = NEVER,
                                            .end_ns = NEVER,
                                            .over_ns = 50 * MS,
                                            .of = EVERYBODY(40),
                                            .disk_lost = true}};
static const struct sim_fault joining_by_gossip[] = {{.verb = SIM_FAULT_MASS_JOIN,
                                                      .at_ns = 100 * MS,
                                                      .until_ns = NEVER,
                                                      .end_ns = NEVER,
                                                      .over_ns = 50 * MS,
                                                      .of = EVERYBODY(40)}};
static const uint32_t sizes[] = {200, 60, 150};
static const struct sim_fault scaling[] = {{.verb = SIM_FAULT_AUTO_SCALING,
                                            .at_ns = 40 * MS,
                                            .every_ns = 60 * MS,
                                            .times = 4,
                                            .until_ns = NEVER,
                                            .end_ns = NEVER,
                                            .start = 100,
                                            .targets = sizes,
                                            .target_count = 3,
                                            .batch = 10,
                                            .gap_ns = 3 * MS,
                                            .notice_ns = 20 * MS,
                                            .of = EVERYBODY(90)},
                                           CRASH(150 * MS, 170 * MS, EVERYBODY(10), false)};
static const struct sim_fault reclaims[] = {{.verb = SIM_FAULT_SPOT_RECLAIM,
                                             .at_ns = 40 * MS,
                                             .every_ns = 50 * MS,
                                             .until_ns = NEVER,
                                             .end_ns = NEVER,
                                             .down_ns = 35 * MS,
                                             .notice_ns = 10 * MS,
                                             .of = {.number = 2, .named = true}},
                                            {.verb = SIM_FAULT_SPOT_RECLAIM,
                                             .at_ns = 100 * MS,
                                             .until_ns = NEVER,
                                             .end_ns = NEVER,
                                             .of = NODES(0, 20, 100)}};
static const struct sim_fault slowness[] = {{.verb = SIM_FAULT_SLOW,
                                             .at_ns = 30 * MS,
                                             .until_ns = 250 * MS,
                                             .end_ns = NEVER,
                                             .delay_ns = 40 * MS,
                                             .of = EVERYBODY(20)},
                                            {.verb = SIM_FAULT_SLOW,
                                             .at_ns = 100 * MS,
                                             .until_ns = NEVER,
                                             .end_ns = NEVER,
                                             .delay_ns = 3 * MS + 1,
                                             .of = EVERYBODY(50)}};
static const struct sim_fault clogging[] = {{.verb = SIM_FAULT_SWIZZLE,
                                             .at_ns = 30 * MS,
                                             .until_ns = NEVER,
                                             .end_ns = NEVER,
                                             .gap_ns = 7 * MS,
                                             .of = NODES(0, 20, 100)}};
static const struct sim_fault skews[] = {{.verb = SIM_FAULT_SKEW,
                                          .at_ns = 30 * MS,
                                          .until_ns = 250 * MS,
                                          .end_ns = NEVER,
                                          .skew_ns = 20 * (int64_t)MS,
                                          .of = EVERYBODY(20)},
                                         {.verb = SIM_FAULT_SKEW,
                                          .at_ns = 10 * MS,
                                          .until_ns = NEVER,
                                          .end_ns = NEVER,
                                          .skew_ns = -100 * (int64_t)MS,
                                          .of = EVERYBODY(20)}};

#define LINK(part) (1u << SIM_LINK_##part)
static const struct sim_fault links[] = {
    {.verb = SIM_FAULT_LINK,
     .at_ns = 20 * MS,
     .until_ns = 60 * MS,
     .every_ns = 100 * MS,
     .end_ns = NEVER,
     .link = {.given = LINK(LOSS) | LINK(DUPLICATE) | LINK(SCALE),
              .loss_ppb = 300000000,
              .duplicate_ppb = 100000000,
              .scale_ppb = 2500000000}},
    {.verb = SIM_FAULT_LINK,
     .at_ns = 50 * MS,
     .until_ns = 150 * MS,
     .end_ns = NEVER,
     .of = EVERYBODY(30),
     .direction = SIM_OUTWARD,
     .link = {.given = LINK(LATENCY) | LINK(CORRUPT) | LINK(LOSS),
              .loss_ppb = 20000000,
              .corrupt_ppb = 50000000,
              .latency_ns_min = 300 * US,
              .latency_ns_max = 800 * US}},
    {.verb = SIM_FAULT_LINK,
     .at_ns = 100 * MS + 1,
     .until_ns = NEVER,
     .end_ns = NEVER,
     .of = NODES(0, 20, 100),
     .from = NODES(20, 60, 100),
     .direction = SIM_INWARD,
     .pairs = 1u << SIM_SAME_HOST | 1u << SIM_INTER_REGION,
     .link = {
         .given = LINK(RATE) | LINK(SCALE), .rate_bits_per_s = 1000000, .scale_ppb = 400000000}}};

#define FAULTS(list) .faults = (list), .fault_count = sizeof(list) / sizeof *(list)
#define SPREAD .latency = UNIFORM(1 * MS, 10 * MS), .writes = 60, .write_every_ns = 5 * MS

static const struct shape shapes[] = {
    {"crashes, push", .nodes = 300, SPREAD, FAULTS(crashes)},
    {"crashes, push-pull, three blocks", .nodes = 9000, .mode = MESH_PUSH_PULL, SPREAD,
     FAULTS(crashes)},
    {"crashes, eager", .nodes = 300, .mode = MESH_EAGER, SPREAD, FAULTS(crashes)},
    {"crashes, pull, synchronous", .nodes = 300, .mode = MESH_PULL, .schedule = MESH_SYNCHRONOUS,
     .interval_ns = 20 * MS, SPREAD, FAULTS(crashes)},
    {"crashes, poisson, loss and duplicates", .nodes = 300, .mode = MESH_PUSH_PULL,
     .schedule = MESH_POISSON, SPREAD, .loss_percent = 10, .duplicate_percent = 10,
     FAULTS(crashes)},
    {"crashes at the instants of writes and receipts", .nodes = 100, .mode = MESH_EAGER,
     .latency = CONSTANT(10 * MS), .writes = 60, .write_every_ns = 5 * MS, FAULTS(crashes)},
    {"crashes, without lookahead", .nodes = 60, .mode = MESH_EAGER, .latency = UNIFORM(0, 2 * MS),
     .writes = 30, .write_every_ns = 5 * MS, FAULTS(crashes)},
    {"lost disks, push-pull", .nodes = 300, .mode = MESH_PUSH_PULL, SPREAD, FAULTS(lost_disks)},
    {"lost disks, push", .nodes = 300, SPREAD, FAULTS(lost_disks)},
    {"lost disks, eager, three blocks", .nodes = 9000, .mode = MESH_EAGER, SPREAD,
     FAULTS(lost_disks)},
    {"lost disks, pull", .nodes = 300, .mode = MESH_PULL, SPREAD, FAULTS(lost_disks)},
    {"lost disks, rumor", .nodes = 300, .mode = MESH_RUMOR, .rumor = {.feedback = true, .k = 3},
     SPREAD, FAULTS(lost_disks)},
    {"lost disks, rumor, pull, synchronous", .nodes = 300, .mode = MESH_RUMOR,
     .schedule = MESH_SYNCHRONOUS, .interval_ns = 20 * MS,
     .rumor = {.pull = true, .feedback = true, .k = 2}, SPREAD, FAULTS(lost_disks)},
    {"lost disks, synchronous push-pull", .nodes = 300, .mode = MESH_PUSH_PULL,
     .schedule = MESH_SYNCHRONOUS, .interval_ns = 20 * MS, SPREAD, FAULTS(lost_disks)},
    {"lost disks over lanes given back", .nodes = 200, .mode = MESH_PUSH_PULL,
     .interval_ns = 10 * MS, .latency = UNIFORM(1 * MS, 3 * MS), .writes = 800,
     .write_every_ns = 500 * US, FAULTS(lost_disks)},
    {"lost disks, two scopes", .nodes = 300, .mode = MESH_EAGER, .two_scopes = true, SPREAD,
     FAULTS(lost_disks)},
    {"restarts, push-pull", .nodes = 300, .mode = MESH_PUSH_PULL, SPREAD, FAULTS(restarts)},
    {"restarts, lanes given back", .nodes = 200, .mode = MESH_EAGER, .interval_ns = 10 * MS,
     .latency = UNIFORM(1 * MS, 3 * MS), .writes = 800, .write_every_ns = 500 * US,
     FAULTS(restarts)},
    {"pauses, push-pull", .nodes = 300, .mode = MESH_PUSH_PULL, SPREAD, FAULTS(pauses)},
    {"pauses, eager, constant latency", .nodes = 300, .mode = MESH_EAGER,
     .latency = CONSTANT(2 * MS), .writes = 60, .write_every_ns = 5 * MS, FAULTS(pauses)},
    {"pauses, three blocks, far beyond the ring", .nodes = 9000, .mode = MESH_PUSH_PULL,
     .latency = UNIFORM(5 * US, 20 * MS), .writes = 20, .write_every_ns = 5 * MS,
     .until_ns = 250 * MS, FAULTS(pauses)},
    {"pauses, poisson", .nodes = 300, .mode = MESH_PUSH_PULL, .schedule = MESH_POISSON, SPREAD,
     FAULTS(pauses)},
    {"pauses, lanes given back", .nodes = 200, .mode = MESH_EAGER, .interval_ns = 10 * MS,
     .latency = UNIFORM(1 * MS, 3 * MS), .writes = 800, .write_every_ns = 500 * US, FAULTS(pauses)},
    {"pauses, without lookahead", .nodes = 60, .mode = MESH_EAGER, .latency = UNIFORM(0, 2 * MS),
     .writes = 30, .write_every_ns = 5 * MS, FAULTS(pauses)},
    {"pauses and crashes", .nodes = 300, .mode = MESH_PUSH_PULL, SPREAD,
     FAULTS(pauses_and_crashes)},
    {"partitions, push-pull", .nodes = 300, .mode = MESH_PUSH_PULL, SPREAD, FAULTS(partitions)},
    {"partitions, eager, cold, duplicates", .nodes = 300, .mode = MESH_EAGER, SPREAD,
     .duplicate_percent = 10, .carrier = 1 + SIM_QUIC, .connections = {.cold = true},
     FAULTS(partitions)},
    // What waits for its connection is under way while all this begins and ends.
    {"cuts and crashes, cold over queues", .nodes = 60, .mode = MESH_EAGER, .interval_ns = 20 * MS,
     .hosts = 8, SPREAD, .between_hosts = UNIFORM(1 * MS, 9 * MS), .loss_percent = 3,
     .duplicate_percent = 5, .carrier = 1 + SIM_QUIC,
     .connections = {.cold = true, .idle_timeout_ns = 15 * MS},
     .channel =
         {.fifo = true, .rate_bits_per_s = 1000000, .queue_packets = 40, .corrupt_ppb = 20000000},
     FAULTS(cuts_and_crashes)},
    {"cuts and crashes, cold TLS over bursts, few connections", .nodes = 200,
     .mode = MESH_PUSH_PULL, .interval_ns = 20 * MS, .hosts = 5, SPREAD, .carrier = 1 + SIM_TCP,
     .tls = true, .connections = {.cold = true, .max_per_host = 300},
     .channel = {.correlation_ppb = 800000000,
                 .bursts = true,
                 .enter_ppb = 50000000,
                 .leave_ppb = 200000000,
                 .bad_loss_ppb = 500000000},
     FAULTS(cuts_and_crashes)},
    {"islands", .nodes = 300, .mode = MESH_PUSH_PULL, .hosts = 12, SPREAD, FAULTS(islands)},
    {"churn, push-pull", .nodes = 300, .mode = MESH_PUSH_PULL, SPREAD, FAULTS(coming_and_going)},
    {"churn, eager, cold", .nodes = 300, .mode = MESH_EAGER, .hosts = 3, SPREAD,
     .carrier = 1 + SIM_TCP, .tls = true,
     .connections = {.cold = true, .idle_timeout_ns = 40 * MS, .max_per_host = 2000},
     FAULTS(coming_and_going)},
    {"rolling restart", .nodes = 300, .mode = MESH_PUSH_PULL, SPREAD, FAULTS(rolling)},
    {"mass join", .nodes = 300, .mode = MESH_PUSH_PULL, SPREAD, FAULTS(joining)},
    {"mass join, lanes given back", .nodes = 200, .mode = MESH_EAGER, .interval_ns = 10 * MS,
     .latency = UNIFORM(1 * MS, 3 * MS), .writes = 800, .write_every_ns = 500 * US,
     FAULTS(joining)},
    {"mass join by gossip, lanes given back", .nodes = 200, .mode = MESH_EAGER,
     .interval_ns = 10 * MS, .latency = UNIFORM(1 * MS, 3 * MS), .writes = 800,
     .write_every_ns = 500 * US, FAULTS(joining_by_gossip)},
    {"auto-scaling", .nodes = 300, .mode = MESH_PUSH_PULL, SPREAD, FAULTS(scaling)},
    {"auto-scaling, eager, cold", .nodes = 300, .mode = MESH_EAGER, .hosts = 6, SPREAD,
     .carrier = 1 + SIM_QUIC, .connections = {.cold = true}, FAULTS(scaling)},
    {"reclaimed hosts", .nodes = 300, .mode = MESH_PUSH_PULL, .hosts = 12, SPREAD,
     FAULTS(reclaims)},
    {"slow nodes", .nodes = 300, .mode = MESH_PUSH_PULL, SPREAD, FAULTS(slowness)},
    {"swizzle", .nodes = 300, .mode = MESH_EAGER, SPREAD, FAULTS(clogging)},
    {"links, push-pull, three blocks", .nodes = 9000, .mode = MESH_PUSH_PULL, SPREAD,
     FAULTS(links)},
    {"links, eager, many hosts, bursts, cold", .nodes = 300, .mode = MESH_EAGER, .hosts = 12,
     SPREAD, .between_hosts = UNIFORM(2 * MS, 9 * MS), .loss_percent = 3, .carrier = 1 + SIM_QUIC,
     .connections = {.cold = true, .idle_timeout_ns = 30 * MS},
     .channel = {.bursts = true,
                 .enter_ppb = 50000000,
                 .leave_ppb = 200000000,
                 .bad_loss_ppb = 500000000,
                 .queue_packets = 40},
     FAULTS(links)},
    {"wrong clocks", .nodes = 300, .mode = MESH_PUSH_PULL, SPREAD, FAULTS(skews)},
};

static void expect_same_counters(const struct shape *shape, const struct outcome *heap,
                                 const struct outcome *windows)
{
    for (uint32_t kind = 0; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        struct sim_counters a = outcome_sum(heap, (enum mesh_message_kind)kind);
        struct sim_counters b = outcome_sum(windows, (enum mesh_message_kind)kind);
        cr_expect(
            memcmp(heap->counters[kind], windows->counters[kind], sizeof heap->counters[kind]) == 0,
            "%s: %s: sent %" PRIu64 " and %" PRIu64 ", dead %" PRIu64 " and %" PRIu64
            ", cut %" PRIu64 " and %" PRIu64 ", delivered %" PRIu64 " and %" PRIu64,
            shape->name, kind_names[kind], a.messages, b.messages, a.dead, b.dead, a.cut, b.cut,
            a.delivered, b.delivered);
        cr_expect(heap->in_flight[kind] == windows->in_flight[kind],
                  "%s: %" PRIu64 " and %" PRIu64 " %s in flight", shape->name,
                  heap->in_flight[kind], windows->in_flight[kind], kind_names[kind]);
    }
}

static void expect_same_changes(const struct shape *shape, const struct outcome *heap,
                                const struct outcome *windows)
{
    uint32_t count =
        heap->change_count < windows->change_count ? heap->change_count : windows->change_count;
    for (uint32_t i = 0; i < count; i++) {
        const struct observed *a = &heap->changes[i];
        const struct observed *b = &windows->changes[i];
        cr_assert(memcmp(a, b, sizeof *a) == 0,
                  "%s: change %u: heap t=%" PRIu64 " node %u by %u's %s; windows t=%" PRIu64
                  " node %u by %u's %s",
                  shape->name, i, a->time_ns, a->node, a->source, kind_names[a->kind], b->time_ns,
                  b->node, b->source, kind_names[b->kind]);
    }
    cr_expect(heap->change_count == windows->change_count, "%s: %u and %u changes", shape->name,
              heap->change_count, windows->change_count);
}

// sent + duplicated = delivered + lost + dropped + corrupted + cut + dead + refused + in flight.
static void expect_conservation(const struct shape *shape, const struct outcome *outcome)
{
    for (uint32_t kind = 1; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        struct sim_counters sum = outcome_sum(outcome, (enum mesh_message_kind)kind);
        cr_expect(sum.messages + sum.duplicated == sum.delivered + sum.lost + sum.dropped +
                                                       sum.corrupted + sum.cut + sum.dead +
                                                       sum.refused + outcome->in_flight[kind],
                  "%s: %s: %" PRIu64 " sent, %" PRIu64 " duplicated; %" PRIu64
                  " delivered, %" PRIu64 " lost, %" PRIu64 " cut, %" PRIu64 " dead, %" PRIu64
                  " in flight",
                  shape->name, kind_names[kind], sum.messages, sum.duplicated, sum.delivered,
                  sum.lost, sum.cut, sum.dead, outcome->in_flight[kind]);
    }
}

// Nobody who is down comes to know anything, and nobody who is paused does.
static void expect_silence(const struct shape *shape, const struct outcome *outcome)
{
    uint8_t *away = calloc(shape->nodes, 1);  // bits: down, paused
    uint32_t next = 0;
    cr_assert_not_null(away);
    for (uint32_t i = 0; i < outcome->change_count; i++) {
        const struct observed *change = &outcome->changes[i];
        for (; next < outcome->transition_count &&
               outcome->transitions[next].time_ns <= change->time_ns;
             next++) {
            const struct sim_transition *transition = &outcome->transitions[next];
            uint8_t *bits = &away[transition->node];
            switch (transition->kind) {
            case SIM_TRANSITION_DOWN: *bits |= 1; break;
            case SIM_TRANSITION_UP: *bits &= 2; break;
            case SIM_TRANSITION_PAUSED: *bits |= 2; break;
            case SIM_TRANSITION_RESUMED: *bits &= 1; break;
            default: break;
            }
        }
        cr_expect(away[change->node] == 0, "%s: node %u learnt at %" PRIu64 ", though it was %s",
                  shape->name, change->node, change->time_ns,
                  (away[change->node] & 1) != 0 ? "down" : "paused");
    }
    free(away);
}

// One thread in large blocks and in small ones, three threads.
static const struct {
    uint32_t threads;
    uint32_t block_nodes;
} layouts[] = {{1, 0}, {1, 17}, {3, 50}};

static void run_in_windows(const struct shape *shape, size_t layout, struct outcome *outcome)
{
    struct world world;
    world_build(&world, shape);
    world.threads = layouts[layout].threads;
    world.block_nodes = layouts[layout].block_nodes;
    world_run(&world, SIM_QUEUE_WINDOWS, outcome);
    world_finish(&world);
}

static void expect_same(const struct shape *shape, const struct outcome *heap,
                        const struct outcome *windows)
{
    expect_same_changes(shape, heap, windows);
    expect_same_counters(shape, heap, windows);
    cr_expect(heap->fingerprint == windows->fingerprint, "%s: the fingerprints differ",
              shape->name);
    cr_expect(heap->events == windows->events,
              "%s: %" PRIu64 " events in the heap, %" PRIu64 " in windows", shape->name,
              heap->events, windows->events);
    cr_expect(heap->replicas_hash == windows->replicas_hash, "%s: replicas differ", shape->name);
    cr_expect(heap->silenced == windows->silenced);
    for (uint32_t fault = 0; fault < shape->fault_count; fault++) {
        const struct sim_fault_count *a = &heap->fault_counts[fault];
        const struct sim_fault_count *b = &windows->fault_counts[fault];
        cr_expect(a->firings > 0 && a->nodes > 0, "%s: fault %u never fired", shape->name, fault);
        cr_expect(a->firings == b->firings && a->nodes == b->nodes && a->first_ns == b->first_ns &&
                  a->last_ns == b->last_ns);
    }
}

Test(faults, windows_and_heap_agree_and_no_message_is_unaccounted_for)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct shape shape = shapes[i];
        shape.seed = 77 + i;
        struct outcome heap;
        shape_run(&shape, SIM_QUEUE_HEAP, &heap);
        expect_conservation(&shape, &heap);
        expect_silence(&shape, &heap);
        for (size_t layout = 0; layout < sizeof layouts / sizeof *layouts; layout++) {
            struct outcome windows;
            if (shape.nodes > 1000 && layout != i % 3) {
                continue;  // large ones take time
            }
            run_in_windows(&shape, layout, &windows);
            expect_same(&shape, &heap, &windows);
            outcome_finish(&windows);
        }
        outcome_finish(&heap);
    }
}

// The shapes above are only worth something if they meet what they are named for.
Test(faults, the_shapes_drop_cut_join_wait_and_release)
{
    uint64_t dead = 0, cut = 0, joins = 0, snapshots = 0, silenced = 0, released = 0;
    uint32_t transitions[SIM_TRANSITION_COUNT] = {0};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct outcome outcome;
        if (shapes[i].nodes > 1000) {
            continue;
        }
        shape_run(&shapes[i], SIM_QUEUE_WINDOWS, &outcome);
        for (uint32_t kind = 1; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
            struct sim_counters sum = outcome_sum(&outcome, (enum mesh_message_kind)kind);
            dead += sum.dead;
            cut += sum.cut;
        }
        joins += outcome_sum(&outcome, MESH_MESSAGE_JOIN).delivered;
        snapshots += outcome_sum(&outcome, MESH_MESSAGE_SNAPSHOT).delivered;
        silenced += outcome.silenced;
        released += outcome.released;
        for (uint32_t j = 0; j < outcome.transition_count; j++) {
            transitions[outcome.transitions[j].kind]++;
        }
        outcome_finish(&outcome);
    }
    cr_expect(dead > 10000 && cut > 10000 && joins > 500 && snapshots > 500);
    cr_expect(silenced > 100 && released > 1000, "%" PRIu64 " silenced, %" PRIu64 " released",
              silenced, released);
    for (uint32_t kind = 0; kind < SIM_TRANSITION_RELAY; kind++) {
        cr_expect(transitions[kind] > 100, "%u of kind %u", transitions[kind], kind);
    }
}
