// SPDX-License-Identifier: GPL-3.0-or-later
// Whole repetitions. In tiny meshes where everybody talks to everybody at every tick, the times
// follow from the phases by hand; in larger ones sums must come out.
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "world.h"

#define TINY_MAX 6u
#define SEEDS 60u

// ---- Tiny meshes by hand ----

// All talk to all, latencies are one constant: what u tells v depends on their ticks alone.
struct tiny {
    enum mesh_mode mode;
    enum mesh_schedule schedule;
    uint32_t nodes;
    uint64_t interval_ns;
    uint64_t latency_ns;
    uint64_t phase_ns[TINY_MAX];
    uint64_t learnt_ns[TINY_MAX];
};

static uint64_t next_tick_ns(const struct tiny *tiny, uint32_t node, uint64_t from_ns)
{
    uint64_t phase_ns = tiny->phase_ns[node];
    uint64_t passed = from_ns <= phase_ns ? 0 : from_ns - phase_ns;
    return phase_ns + (passed + tiny->interval_ns - 1) / tiny->interval_ns * tiny->interval_ns;
}

// When v hears from u, who learnt at `learnt_ns`. `received`: by a message, so that a tick of the
// same nanosecond came before it.
static uint64_t told_ns(const struct tiny *tiny, uint32_t u, uint32_t v, uint64_t learnt_ns,
                        bool received)
{
    if (tiny->mode == MESH_EAGER) {
        return learnt_ns + tiny->latency_ns;
    }
    uint64_t pushed_ns = next_tick_ns(tiny, u, learnt_ns + received) + tiny->latency_ns;
    if (tiny->mode == MESH_PUSH) {
        return pushed_ns;
    }
    // v asks at a tick of its own; the question must find u knowing, or having known at its last
    // tick, which was that of the question.
    uint64_t known_ns = tiny->schedule == MESH_SYNCHRONOUS ? learnt_ns + received
                        : learnt_ns > tiny->latency_ns     ? learnt_ns - tiny->latency_ns
                                                           : 0;
    uint64_t pulled_ns = next_tick_ns(tiny, v, known_ns) + 2 * tiny->latency_ns;
    return tiny->mode == MESH_PULL || pulled_ns < pushed_ns ? pulled_ns : pushed_ns;
}

// Shortest paths, by relaxing until nothing changes.
static void spread(struct tiny *tiny, uint32_t writer, uint64_t written_ns)
{
    for (uint32_t node = 0; node < tiny->nodes; node++) {
        tiny->learnt_ns[node] = node == writer ? written_ns : SIM_TIME_NEVER;
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t u = 0; u < tiny->nodes; u++) {
            for (uint32_t v = 0; v < tiny->nodes; v++) {
                if (u == v || tiny->learnt_ns[u] == SIM_TIME_NEVER) {
                    continue;
                }
                uint64_t at_ns = told_ns(tiny, u, v, tiny->learnt_ns[u], u != writer);
                if (at_ns < tiny->learnt_ns[v]) {
                    tiny->learnt_ns[v] = at_ns;
                    changed = true;
                }
            }
        }
    }
}

static int ascending(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static void expect_by_hand(struct fixture *fixture, uint64_t seed, uint32_t theta_rank)
{
    struct sim_scenario *scenario = &fixture->scenario;
    scenario->seed = seed;
    struct sim_result result;
    fixture_run(fixture, 0, &result);
    const struct sim_update_result *update = &result.updates[0];
    struct tiny tiny = {
        .mode = scenario->gossip.mode,
        .schedule = scenario->gossip.schedule,
        .nodes = scenario->agents,
        .interval_ns = scenario->gossip.interval_ns,
        .latency_ns = scenario->network.latency[SIM_SAME_HOST].minimum_ns,
    };
    for (uint32_t node = 0; node < tiny.nodes && tiny.schedule == MESH_PHASED; node++) {
        struct mesh_random random = mesh_draw(seed, MESH_DRAW_PHASE, 0, node, 0);
        tiny.phase_ns[node] = mesh_below_wide(random.word[0], random.word[1], tiny.interval_ns);
    }
    uint64_t written_ns = scenario->workload.first_write_ns;
    spread(&tiny, update->dot.origin, written_ns);
    uint64_t since_ns[TINY_MAX];
    for (uint32_t node = 0; node < tiny.nodes; node++) {
        since_ns[node] = tiny.learnt_ns[node] - written_ns;
    }
    qsort(since_ns, tiny.nodes, sizeof *since_ns, ascending);
    const uint64_t got[] = {update->half_ns, update->theta_ns, update->p99_ns, update->all_ns,
                            update->last_receipt_ns};
    const uint64_t wanted[] = {since_ns[(tiny.nodes + 1) / 2 - 1], since_ns[theta_rank - 1],
                               since_ns[tiny.nodes - 1], since_ns[tiny.nodes - 1],
                               since_ns[tiny.nodes - 1]};
    static const char *const names[] = {"half", "theta", "p99", "all", "last receipt"};
    for (size_t i = 0; i < sizeof got / sizeof *got; i++) {
        cr_expect(got[i] == wanted[i],
                  "%s, %s, %u agents, seed %" PRIu64 ": %s after %" PRIu64 " ns, by hand %" PRIu64,
                  sim_mode_name(tiny.mode), sim_schedule_name(tiny.schedule), tiny.nodes, seed,
                  names[i], got[i], wanted[i]);
    }
    cr_expect(update->written_ns == written_ns && update->cohort == tiny.nodes &&
              update->held == tiny.nodes);
    sim_result_finish(&result);
}

static void expect_tiny_by_hand(enum mesh_mode mode, enum mesh_schedule schedule, uint64_t seeds)
{
    // Of n agents, theta 0.6 is reached by ceil(0.6 n).
    static const uint32_t theta_rank[] = {0, 0, 2, 2, 3, 3, 4};
    for (uint32_t agents = 2; agents <= TINY_MAX; agents++) {
        for (uint64_t seed = 1; seed <= seeds; seed++) {
            struct fixture fixture;
            fixture_init(&fixture, agents);
            fixture.scenario.gossip.mode = mode;
            fixture.scenario.gossip.schedule = schedule;
            fixture.scenario.gossip.fanout = agents - 1;
            fixture.scenario.gossip.threshold_ppb = 600000000;
            fixture.scenario.workload.first_write_ns = 37 * MS + 123456;
            fixture_set_latency(&fixture, (struct sim_latency){SIM_CONSTANT, 17 * MS, 17 * MS});
            expect_by_hand(&fixture, seed, theta_rank[agents]);
        }
    }
}

Test(run, times_in_tiny_meshes_are_those_computed_by_hand_from_the_phases)
{
    for (enum mesh_mode mode = MESH_PUSH; mode <= MESH_EAGER; mode++) {
        expect_tiny_by_hand(mode, MESH_PHASED, SEEDS);
    }
}

Test(run, times_in_tiny_meshes_are_those_computed_by_hand_from_common_ticks)
{
    for (enum mesh_mode mode = MESH_PUSH; mode <= MESH_PUSH_PULL; mode++) {
        expect_tiny_by_hand(mode, MESH_SYNCHRONOUS, 5);
    }
}

// Agent 0 writes at 37 ms, agent 1 hears of it by 0's tick, or by asking at a tick of its own.
Test(run, the_path_between_two_agents_is_split_as_by_hand)
{
    uint32_t pushed = 0, waited = 0, under_way = 0;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        struct fixture fixture;
        struct sim_result result;
        fixture_init(&fixture, 2);
        fixture.scenario.seed = seed;
        fixture.scenario.workload.writers = SIM_WRITERS_FIRST;
        fixture.scenario.workload.first_write_ns = 37 * MS;
        fixture_set_latency(&fixture, (struct sim_latency){SIM_CONSTANT, 5 * MS, 5 * MS});
        fixture_run(&fixture, 0, &result);
        struct tiny tiny = {.nodes = 2, .interval_ns = 100 * MS};
        for (uint32_t node = 0; node < 2; node++) {
            struct mesh_random random = mesh_draw(seed, MESH_DRAW_PHASE, 0, node, 0);
            tiny.phase_ns[node] = mesh_below_wide(random.word[0], random.word[1], 100 * MS);
        }
        uint64_t told_at_ns = next_tick_ns(&tiny, 0, 37 * MS);
        uint64_t asked_at_ns = next_tick_ns(&tiny, 1, 32 * MS);
        struct sim_path wanted = {.hops = 1, .node = 1};
        if (told_at_ns + 5 * MS <= asked_at_ns + 10 * MS) {
            wanted.tick_ns[SIM_TICK_GOSSIP] = told_at_ns - 37 * MS;
            wanted.network_ns = 5 * MS;
            pushed++;
        } else if (asked_at_ns >= 37 * MS) {
            wanted.tick_ns[SIM_TICK_GOSSIP] = asked_at_ns - 37 * MS;
            wanted.network_ns = 10 * MS;
            waited++;
        } else {  // the question was under way when 0 wrote: nothing was waited for
            wanted.network_ns = asked_at_ns + 10 * MS - 37 * MS;
            under_way++;
        }
        const struct sim_path *path = &result.updates[0].path;
        cr_expect(sim_path_tick_ns(path) == sim_path_tick_ns(&wanted) &&
                      path->network_ns == wanted.network_ns && path->hops == 1 && path->node == 1,
                  "seed %" PRIu64 ": ticks %" PRIu64 ", network %" PRIu64 "; by hand %" PRIu64
                  " and %" PRIu64,
                  seed, sim_path_tick_ns(path), path->network_ns, sim_path_tick_ns(&wanted),
                  wanted.network_ns);
        sim_result_finish(&result);
    }
    cr_expect(pushed > 50 && waited > 50 && under_way > 5, "%u, %u and %u: not all were met",
              pushed, waited, under_way);
}

// ---- Sums ----

static void init_large(struct fixture *fixture, enum mesh_mode mode)
{
    fixture_init(fixture, 300);
    fixture_set_regions(fixture, 2, (const uint32_t[]){200, 100}, (const uint32_t[]){3, 2});
    fixture_set_latency(fixture, (struct sim_latency){SIM_UNIFORM, 1 * MS, 10 * MS});
    fixture->scenario.network.latency[SIM_INTER_REGION] =
        (struct sim_latency){SIM_UNIFORM, 50 * MS, 100 * MS};
    fixture->scenario.network.agents_per_host = 20;
    fixture->scenario.network.loss_ppb = 50000000;
    fixture->scenario.network.duplicate_ppb = 10000000;
    fixture->scenario.gossip.mode = mode;
    fixture->scenario.workload.updates = 80;
    fixture->scenario.workload.every_ns = 7 * MS;
    fixture->scenario.workload.warmup_ns = 50 * MS;
}

static void expect_sums(const struct fixture *fixture, const struct sim_result *result)
{
    const char *mode = sim_mode_name(fixture->scenario.gossip.mode);
    uint64_t receipts = 0;
    uint32_t measured = 0;
    for (uint32_t u = 0; u < result->update_count; u++) {
        const struct sim_update_result *update = &result->updates[u];
        cr_expect(update->measured == (update->written_ns >= 50 * MS), "%s: update %u", mode, u);
        cr_expect(update->half_ns <= update->theta_ns && update->theta_ns <= update->p99_ns &&
                      update->p99_ns <= update->all_ns,
                  "%s: the times of update %u do not rise", mode, u);
        receipts += update->measured ? update->held : 0;
        measured += update->measured;
        if (u < 64) {
            const struct sim_path *path = &update->path;
            cr_expect(sim_path_tick_ns(path) + path->network_ns == update->theta_ns,
                      "%s: update %u: %" PRIu64 " of ticks and %" PRIu64
                      " of network are not %" PRIu64,
                      mode, u, sim_path_tick_ns(path), path->network_ns, update->theta_ns);
            cr_expect(path->hops >= 1 && path->node < 300, "%s: update %u", mode, u);
            cr_expect(path->network_ns >= path->hops * MS, "%s: update %u outran light", mode, u);
        } else {
            cr_expect(update->path.node == MESH_NODE_NONE, "%s: update %u is tracked", mode, u);
        }
    }
    cr_expect(measured == 72, "of 80 every 7 ms, 8 are written before 50 ms");
    const struct sim_curve *curve = &result->curves[0];
    cr_expect(curve->pairs == 72 * 300);
    cr_expect(curve->held[curve->point_count - 1] == receipts,
              "%s: the curve ends at %" PRIu64 ", %" PRIu64 " pairs are held", mode,
              curve->held[curve->point_count - 1], receipts);
    for (uint32_t i = 1; i < curve->point_count; i++) {
        cr_expect(curve->held[i - 1] <= curve->held[i], "%s: the curve falls", mode);
    }
}

Test(run, paths_add_up_to_theta_and_the_curve_to_the_receipts)
{
    static const enum mesh_schedule schedules[] = {MESH_PHASED, MESH_SYNCHRONOUS, MESH_POISSON};
    for (enum mesh_mode mode = MESH_PUSH; mode <= MESH_RUMOR; mode++) {
        for (size_t i = 0; i < sizeof schedules / sizeof *schedules; i++) {
            struct fixture fixture;
            struct sim_result result;
            init_large(&fixture, mode);
            fixture.scenario.gossip.schedule = schedules[i];
            fixture.scenario.gossip.rumor = (struct mesh_rumor){.feedback = true, .k = 15};
            fixture_run(&fixture, 0, &result);
            expect_sums(&fixture, &result);
            sim_result_finish(&result);
        }
    }
}

static void expect_same(const struct sim_result *a, const struct sim_result *b)
{
    cr_expect(a->fingerprint == b->fingerprint && a->events == b->events && a->seed == b->seed &&
              a->simulated_ns == b->simulated_ns && a->update_count == b->update_count);
    cr_expect(memcmp(a->traffic, b->traffic, sizeof a->traffic) == 0);
    cr_expect(a->curves->step_ns == b->curves->step_ns && a->curves->pairs == b->curves->pairs);
    cr_expect(memcmp(a->curves->held, b->curves->held, sizeof a->curves->held) == 0);
    cr_assert(a->checkpoint_count == b->checkpoint_count);
    for (uint32_t i = 0; i < a->checkpoint_count; i++) {
        cr_expect(a->checkpoints[i].fingerprint == b->checkpoints[i].fingerprint);
    }
    for (uint32_t u = 0; u < a->update_count; u++) {
        const struct sim_update_result *x = &a->updates[u];
        const struct sim_update_result *y = &b->updates[u];
        cr_expect(x->theta_ns == y->theta_ns && x->all_ns == y->all_ns && x->held == y->held &&
                      x->dot.origin == y->dot.origin &&
                      sim_path_tick_ns(&x->path) == sim_path_tick_ns(&y->path) &&
                      x->path.node == y->path.node,
                  "update %u", u);
    }
}

Test(run, repetition_r_of_seed_s_is_repetition_0_of_seed_s_plus_r)
{
    struct fixture fixture;
    struct sim_result third;
    struct sim_result first;
    struct sim_result other;
    init_large(&fixture, MESH_PUSH_PULL);
    fixture_run(&fixture, 3, &third);
    fixture_run(&fixture, 0, &other);
    fixture.scenario.seed += 3;
    fixture_run(&fixture, 0, &first);
    cr_expect(third.repetition == 3 && first.repetition == 0 && third.seed == 45);
    expect_same(&third, &first);
    cr_expect(other.fingerprint != first.fingerprint);
    sim_result_finish(&third);
    sim_result_finish(&first);
    sim_result_finish(&other);
}

Test(run, both_queues_give_the_same_result)
{
    struct fixture fixture;
    struct sim_result windows;
    struct sim_result heap;
    init_large(&fixture, MESH_EAGER);
    fixture_run(&fixture, 0, &windows);
    fixture.options.queue = SIM_QUEUE_HEAP;
    fixture_run(&fixture, 0, &heap);
    expect_same(&windows, &heap);
    sim_result_finish(&windows);
    sim_result_finish(&heap);
}

Test(run, traffic_and_latencies_are_kept_per_pair_class)
{
    struct fixture fixture;
    struct sim_result result;
    init_large(&fixture, MESH_PUSH);
    fixture.scenario.network.duplicate_ppb = 0;
    fixture.scenario.duration_ns = 1000 * MS;
    fixture_run(&fixture, 0, &result);
    for (uint32_t pair = 0; pair <= SIM_INTER_REGION; pair++) {
        const struct sim_traffic *push = &result.traffic[MESH_MESSAGE_PUSH][pair];
        bool far = pair == SIM_INTER_REGION;
        const char *name = sim_pair_class_name((enum sim_pair_class)pair);
        cr_expect(push->messages > 100 && push->delivered > 100 && push->lost > 0, "%s", name);
        cr_expect(push->messages + push->duplicated >= push->delivered + push->lost, "%s", name);
        cr_expect(push->transport_bytes >= 28 * push->messages, "%s", name);
        cr_expect(result.latency_p50_ns[pair] == (far ? 75 * MS : 5500000), "%s: median", name);
        cr_expect(result.latency_max_ns[pair] < (far ? 100 : 10) * MS, "%s: longest", name);
        cr_expect(result.latency_max_ns[pair] > (far ? 95 : 9) * MS, "%s: longest", name);
        cr_expect(result.traffic[MESH_MESSAGE_OPEN][pair].messages == 0, "%s", name);
    }
    sim_result_finish(&result);

    fixture_init(&fixture, 20);  // on one host
    fixture_run(&fixture, 0, &result);
    cr_expect(result.latency_p50_ns[SIM_SAME_HOST] == 1 * MS);
    cr_expect(result.latency_p50_ns[SIM_INTER_REGION] == 0);
    cr_expect(result.latency_max_ns[SIM_INTER_REGION] == 0);
    sim_result_finish(&result);
}

// As in netem: what is lost and duplicated arrives once, with the latency of its own.
Test(run, a_duplicate_arrives_even_if_the_first_copy_is_lost)
{
    struct fixture fixture;
    struct sim_result result;
    init_large(&fixture, MESH_PUSH);
    fixture.scenario.network.loss_ppb = SIM_PPB;
    fixture.scenario.network.duplicate_ppb = SIM_PPB;
    fixture.scenario.duration_ns = 1000 * MS;
    fixture_run(&fixture, 0, &result);
    const struct sim_traffic *push = &result.traffic[MESH_MESSAGE_PUSH][SIM_SAME_REGION];
    cr_expect(push->messages == push->lost && push->messages == push->duplicated);
    cr_expect(push->delivered > push->messages / 2 && push->delivered <= push->messages);
    cr_expect(result.latency_max_ns[SIM_SAME_REGION] > 9 * MS &&
              result.latency_max_ns[SIM_SAME_REGION] < 10 * MS);
    cr_expect(result.updates[0].held == 300, "held by %u", result.updates[0].held);
    sim_result_finish(&result);
}

// ---- The end ----

Test(run, without_a_duration_the_run_ends_when_all_hold_all_or_after_20_s)
{
    struct fixture fixture;
    struct sim_result result;
    fixture_init(&fixture, 20);
    fixture.scenario.workload.updates = 3;
    fixture_run(&fixture, 0, &result);
    const struct sim_update_result *last = &result.updates[2];
    uint64_t held_by_all_ns = last->written_ns + last->all_ns;
    cr_expect(last->all_ns != SIM_TIME_NEVER);
    cr_expect(result.simulated_ns > held_by_all_ns && result.simulated_ns <= held_by_all_ns + MS,
              "all hold it at %" PRIu64 ", the run ended at %" PRIu64, held_by_all_ns,
              result.simulated_ns);
    cr_expect(!result.interrupted);
    sim_result_finish(&result);

    fixture.scenario.network.loss_ppb = SIM_PPB;
    fixture_run(&fixture, 0, &result);
    cr_expect(result.simulated_ns == 20000 * MS, "ended at %" PRIu64, result.simulated_ns);
    cr_expect(result.updates[0].held == 1 && result.updates[0].theta_ns == SIM_TIME_NEVER);
    cr_expect(!result.interrupted, "time was up, nobody interrupted");
    sim_result_finish(&result);
}

// All ticks are an hour away: what spreads spreads without them, whatever their schedule.
Test(run, eager_forwarding_waits_for_no_tick_even_when_all_tick_together)
{
    struct fixture fixture;
    fixture_init(&fixture, 50);
    fixture.scenario.gossip.mode = MESH_EAGER;
    fixture.scenario.gossip.schedule = MESH_SYNCHRONOUS;
    fixture.scenario.gossip.fanout = 12;
    fixture.scenario.gossip.interval_ns = 3600000 * MS;
    struct sim_result result;
    fixture_run(&fixture, 0, &result);
    const struct sim_update_result *update = &result.updates[0];
    cr_expect(update->held == 50 && update->all_ns >= 2 * MS && update->all_ns <= 10 * MS,
              "%u hold it after %" PRIu64 " ns", update->held, update->all_ns);
    cr_expect(sim_path_tick_ns(&update->path) == 0);
    sim_result_finish(&result);
}

Test(run, with_a_duration_the_run_goes_on_to_it)
{
    struct fixture fixture;
    struct sim_result result;
    fixture_init(&fixture, 20);
    fixture.scenario.duration_ns = 3000 * MS;
    fixture_run(&fixture, 0, &result);
    cr_expect(result.simulated_ns == 3000 * MS && result.updates[0].held == 20);
    sim_result_finish(&result);
}

struct seen {
    volatile sig_atomic_t *interrupted;
    uint32_t calls;
    uint64_t simulated_ns;
};

static void interrupt_at_once(void *context, uint64_t simulated_ns, uint64_t end_ns,
                              uint64_t events)
{
    struct seen *seen = context;
    cr_expect(simulated_ns > seen->simulated_ns && end_ns == 20000 * MS && events > 0);
    seen->simulated_ns = simulated_ns;
    seen->calls++;
    *seen->interrupted = 1;
}

Test(run, an_interrupted_run_stops_within_a_window_and_says_so)
{
    struct fixture fixture;
    struct sim_result result;
    volatile sig_atomic_t interrupted = 0;
    struct seen seen = {&interrupted, 0, 0};
    fixture_init(&fixture, 20);
    fixture.scenario.network.loss_ppb = SIM_PPB;
    fixture.options.interrupted = &interrupted;
    fixture.options.progress = interrupt_at_once;
    fixture.options.progress_context = &seen;
    fixture_run(&fixture, 0, &result);
    cr_expect(seen.calls == 1 && result.interrupted);
    cr_expect(result.simulated_ns <= seen.simulated_ns + MS, "went on to %" PRIu64,
              result.simulated_ns);
    sim_result_finish(&result);
}

// ---- Connections, compression, hosts ----

// Every agent comes to know 4,000 others: 100 per tick and direction, 20 seconds of ten ticks.
Test(run, cold_connections_beyond_the_budget_are_refused_with_the_figure)
{
    struct fixture fixture;
    struct sim_result result;
    struct sim_error error = {0};
    fixture_init(&fixture, 100000);
    fixture.scenario.network.transport = SIM_QUIC;
    fixture.scenario.network.connections.cold = true;
    fixture.scenario.gossip.fanout = 10;
    cr_assert(!sim_run(&fixture.scenario, 0, &fixture.options, &result, &error));
    cr_expect(error.code == SIM_ERROR_INTERNAL);
    cr_expect(strstr(error.text, "100000 agents to up to 4020 peers each need 13.1 GB") != NULL,
              "%s", error.text);
    sim_result_finish(&result);
}

// Nothing of a run is in the figures: all repetitions share them, and messages shrink by them.
Test(run, compression_is_measured_once_and_saves_bytes)
{
    struct fixture fixture;
    struct sim_result results[2];
    fixture_init(&fixture, 20);
    fixture.scenario.network.compressor = SIM_COMPRESS_ZSTD;
    fixture.scenario.workload.updates = 100;
    fixture.scenario.workload.every_ns = 1 * MS;
    for (uint32_t repetition = 0; repetition < 2; repetition++) {
        fixture_run(&fixture, repetition, &results[repetition]);
    }
    cr_expect(results[0].fingerprint != results[1].fingerprint);
    cr_expect(memcmp(&results[0].compression, &results[1].compression,
                     sizeof results[0].compression) == 0);
    const struct sim_traffic *fill = &results[0].traffic[MESH_MESSAGE_FILL][SIM_SAME_HOST];
    cr_expect(fill->saved_bytes > 0 && fill->saved_bytes < fill->bytes);
    uint64_t bytes = fill->bytes;
    sim_result_finish(&results[0]);
    fixture.scenario.network.compressor = SIM_COMPRESS_NONE;
    fixture_run(&fixture, 0, &results[0]);
    fill = &results[0].traffic[MESH_MESSAGE_FILL][SIM_SAME_HOST];
    cr_expect(fill->bytes == bytes && fill->saved_bytes == 0, "encoded bytes stay what they are");
    sim_result_finish(&results[0]);
    sim_result_finish(&results[1]);
}

// 600 agents on hosts of 250, 250 and 100, each connected to 599 others; a counter's replica of one
// update takes 64 bytes and a row of 64. A QUIC connection takes 27,400.
Test(run, hosts_have_the_memory_of_their_agents_and_connections)
{
    struct fixture fixture;
    struct sim_result result;
    fixture_init(&fixture, 600);
    fixture.scenario.network.transport = SIM_QUIC;
    fixture.scenario.instances[SIM_TIER_AGENT] = (struct sim_instance){
        .name = "x", .vcpus = 2, .memory_bytes = 1000, .bits_per_s = 2000, .packets_per_s = 30};
    fixture_run(&fixture, 0, &result);
    const struct sim_tier_use *tier = &result.tiers[SIM_TIER_AGENT];
    cr_assert(tier->hosts == 3 && result.tiers[SIM_TIER_COORDINATOR].hosts == 0);
    cr_expect(tier->peak[SIM_CONNECTIONS] == 250 * 599 && tier->mean[SIM_CONNECTIONS] == 200 * 599);
    cr_expect(tier->peak[SIM_MEMORY] == UINT64_C(250) * (128 + 599 * 27400));
    cr_expect(tier->peak[SIM_CPU] > tier->mean[SIM_CPU] && tier->mean[SIM_CPU] > 0);
    cr_expect(tier->limit[SIM_CPU] == 2000000000 && tier->limit[SIM_MEMORY] == 1000 &&
              tier->limit[SIM_BANDWIDTH] == 2000 && tier->limit[SIM_PACKETS] == 30 &&
              tier->limit[SIM_CONNECTIONS] == 0);
    sim_result_finish(&result);
}

// ---- Refusal ----

static double refused_gb(uint32_t value_bytes)
{
    struct fixture fixture;
    fixture_init(&fixture, SIM_AGENTS_MAX);
    fixture.scenario.workload.updates = SIM_UPDATES_MAX;
    fixture.scenario.workload.every_ns = 0;  // all at once, so that each needs a lane
    fixture.scenario.workload.crdt = SIM_LWW_REGISTER;
    fixture.scenario.workload.value_bytes = value_bytes;
    struct sim_result result;
    struct sim_error error = {0};
    cr_assert(!sim_run(&fixture.scenario, 0, &fixture.options, &result, &error));
    cr_expect(error.code == SIM_ERROR_INTERNAL);
    static const char opening[] = "10000000 agents and 1000000 updates need ";
    cr_assert(strncmp(error.text, opening, sizeof opening - 1) == 0, "%s", error.text);
    char *unit = NULL;
    double mib = strtod(error.text + sizeof opening - 1, &unit);
    cr_expect(strncmp(unit, " MiB before the first message", 29) == 0, "%s", error.text);
    sim_result_finish(&result);
    return mib * 1048576e-9;
}

Test(run, a_run_that_cannot_fit_is_refused_with_the_figure)
{
    // Of each of 10^7 agents: four bits per update and the head, 500,032 bytes, and some small
    // change; 64 receipts of 24 bytes; at 10^6 updates a row of 64 bytes is nothing beside that.
    double bare = refused_gb(0);
    cr_expect(bare > 5000.32 + 15.36 && bare < 5020, "%g GB", bare);
    double with_values = refused_gb(65535);
    cr_expect(with_values - bare > 65 && with_values - bare < 66, "values add %g GB",
              with_values - bare);
}

// Where messages are cut, their content follows from the width of the table: it must not follow
// from the memory there is.
Test(run, a_limit_of_memory_stops_a_run_or_leaves_it_as_it_is)
{
    struct fixture fixture;
    struct sim_result result;
    struct sim_error error = {0};
    fixture_init(&fixture, 3000);
    fixture.scenario.network.batch_size = 8;
    fixture.scenario.gossip.interval_ns = 30 * MS;
    fixture.scenario.workload.updates = 1000;
    fixture.scenario.workload.every_ns = 1 * MS;
    fixture.scenario.duration_ns = 1300 * MS;
    fixture_run(&fixture, 0, &result);
    uint64_t unlimited = result.fingerprint;
    sim_result_finish(&result);
    uint32_t stopped = 0;
    uint32_t ran = 0;
    for (uint32_t mib = 6; mib <= 24; mib++) {
        fixture.scenario.memory_mib = mib;
        if (sim_run(&fixture.scenario, 0, &fixture.options, &result, &error)) {
            cr_expect(result.fingerprint == unlimited, "%u MiB", mib);
            ran++;
        } else {
            stopped++;
        }
        sim_result_finish(&result);
    }
    cr_expect(stopped >= 1 && ran >= 1, "%u stopped, %u ran", stopped, ran);
}

// 2,500 updates that nobody gets, in the memory for a few hundred.
Test(run, a_run_that_outgrows_its_memory_stops_and_says_what_held_it_up)
{
    struct fixture fixture;
    struct sim_result result;
    struct sim_error error = {0};
    fixture_init(&fixture, 200);
    fixture.scenario.memory_mib = 1;
    fixture.scenario.network.loss_ppb = SIM_PPB;
    fixture.scenario.workload.updates = 2500;
    fixture.scenario.workload.every_ns = 5 * MS;
    fixture.scenario.workload.writers = SIM_WRITERS_FIRST;
    cr_assert(!sim_run(&fixture.scenario, 0, &fixture.options, &result, &error));
    cr_expect(error.code == SIM_ERROR_INTERNAL);
    cr_expect(strstr(error.text,
                     "the oldest is update 1 of agent 0, written at 0.000 ms, which 199 "
                     "agents lack: 1, 2, 3, 4, 5 and 194 more (memory_mib)") != NULL,
              "%s", error.text);
    sim_result_finish(&result);

    error = (struct sim_error){0};
    fixture.scenario.memory_mib = 2;
    fixture.scenario.network.loss_ppb = 0;
    cr_expect(sim_run(&fixture.scenario, 0, &fixture.options, &result, &error), "%s", error.text);
    sim_result_finish(&result);
}

// Many more updates than lanes: each is measured as itself.
Test(run, every_update_of_a_long_run_is_recorded_under_its_own_dot)
{
    struct fixture fixture;
    struct sim_result result;
    uint32_t sequences[20] = {0};
    fixture_init(&fixture, 20);
    fixture.scenario.workload.updates = 900;
    fixture.scenario.workload.every_ns = 20 * MS;
    fixture_run(&fixture, 0, &result);
    cr_expect(result.update_count == 900);
    for (uint32_t i = 0; i < result.update_count; i++) {
        const struct sim_update_result *update = &result.updates[i];
        cr_expect(update->written_ns == i * 20 * MS && update->held == 20, "update %u", i);
        cr_expect(update->dot.sequence == ++sequences[update->dot.origin], "update %u", i);
        cr_expect(update->half_ns > 0 && update->half_ns <= update->theta_ns &&
                      update->theta_ns <= update->all_ns && update->all_ns < 2000 * MS,
                  "update %u: %" PRIu64, i, update->all_ns);
    }
    sim_result_finish(&result);
}

// One of two fits a message: whichever lanes they have, both get every other turn. An update alone
// takes about 13 rounds here, log2(100) + ln(100).
Test(run, updates_that_do_not_fit_one_message_take_turns_evenly)
{
    for (uint32_t seed = 0; seed < 10; seed++) {
        struct fixture fixture;
        struct sim_result result;
        fixture_init(&fixture, 100);
        fixture.scenario.gossip.mode = MESH_PUSH;
        fixture.scenario.gossip.fanout = 1;
        fixture.scenario.network.batch_size = 1;
        fixture.scenario.workload.updates = 2;
        fixture.scenario.workload.every_ns = 0;
        fixture_run(&fixture, seed, &result);
        for (uint32_t u = 0; u < 2; u++) {
            cr_expect(result.updates[u].all_ns < 50 * 100 * MS, "seed %u, update %u", seed, u);
        }
        sim_result_finish(&result);
    }
}
