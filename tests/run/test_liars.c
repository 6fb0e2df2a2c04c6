// SPDX-License-Identifier: GPL-3.0-or-later
// Whole repetitions in which somebody lies.
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "fixture.h"

#define AGENTS 60u

static const struct sim_guard_settings guard = {.rate = 1000,
                                                .threshold_ppb = 500000000,
                                                .bound_ns = 1000 * MS,
                                                .recovery_ns = 60000 * MS,
                                                .peers = 16};

static struct sim_liar liar_of(enum sim_behaviour behaviour, uint32_t percent)
{
    return (struct sim_liar){
        .behaviour = behaviour,
        .of = {.share_ppb = percent * 10000000, .nobody = percent == 0, .named = true},
        .until_ns = SIM_FAULT_NEVER,
        .delay_ns = 30 * MS,
        .every_ns = 50 * MS,
        .factor = 10,
        .rate = 400,
        .victims = 3,
        .share_ppb = 1000000000,
        .text = "by hand"};
}

static void lie(struct fixture *fixture, const struct sim_liar *liars, uint32_t count, bool sign)
{
    fixture_init(fixture, AGENTS);
    fixture_set_latency(fixture, (struct sim_latency){SIM_UNIFORM, 1 * MS, 9 * MS});
    fixture->scenario.network.signature_bytes = sign ? MESH_SIGNATURE_BYTES : 0;
    fixture->scenario.duration_ns = 1200 * MS;
    fixture->scenario.workload.updates = 30;
    fixture->scenario.workload.every_ns = 15 * MS;
    fixture->scenario.guard = guard;
    fixture->scenario.liar_seed = 3;
    fixture->scenario.liars = liars;
    fixture->scenario.liar_count = count;
}

static void expect_same(const struct sim_result *a, const struct sim_result *b, const char *name)
{
    cr_expect(a->fingerprint == b->fingerprint, "%s: the fingerprints differ", name);
    cr_expect(a->events == b->events, "%s: events", name);
    cr_expect(memcmp(a->traffic, b->traffic, sizeof a->traffic) == 0, "%s: traffic", name);
    cr_expect(memcmp(a->rejects, b->rejects, sizeof a->rejects) == 0, "%s: rejects", name);
    cr_assert_eq(a->detection_count, b->detection_count, "%s", name);
    for (uint32_t i = 0; i < a->detection_count; i++) {
        cr_expect(a->detections[i].after_ns == b->detections[i].after_ns, "%s: detection", name);
    }
    cr_assert_eq(a->deceit_count, b->deceit_count, "%s", name);
    for (uint32_t i = 0; i < a->deceit_count; i++) {
        cr_expect(a->deceits[i].after_ns == b->deceits[i].after_ns &&
                      a->deceits[i].held == b->deceits[i].held,
                  "%s: deceit", name);
    }
}

static bool run(struct fixture *fixture, enum sim_queue queue, uint32_t threads,
                struct sim_result *result)
{
    struct sim_error error = {0};
    fixture->options.queue = queue;
    fixture->options.threads = threads;
    fixture->options.block_nodes = threads > 1 ? 7 : 0;
    bool fine = sim_run(&fixture->scenario, 0, &fixture->options, result, &error);
    cr_assert(fine || error.code == SIM_ERROR_EXPECTATION, "%s", error.text);
    return fine;
}

Test(run_liars, every_behaviour_is_the_same_in_windows_in_the_heap_and_on_threads)
{
    static const enum mesh_mode modes[] = {MESH_PUSH, MESH_PULL, MESH_PUSH_PULL, MESH_EAGER,
                                           MESH_RUMOR};
    for (enum sim_behaviour behaviour = 0; behaviour < SIM_BEHAVIOUR_COUNT; behaviour++) {
        for (size_t mode = 0; mode < sizeof modes / sizeof *modes; mode++) {
            char name[60];
            snprintf(name, sizeof name, "%s, mode %d", sim_behaviour_name(behaviour), modes[mode]);
            const struct sim_liar liars[] = {liar_of(behaviour, 20), liar_of(SIM_DELAYING, 5)};
            struct fixture fixture;
            struct sim_result results[3];
            lie(&fixture, liars, 2, mode % 2 == 0);
            fixture.scenario.gossip.mode = modes[mode];
            fixture.scenario.gossip.rumor = (struct mesh_rumor){.feedback = true, .k = 3};
            bool valid = run(&fixture, SIM_QUEUE_WINDOWS, 1, &results[0]);
            cr_expect_eq(valid, behaviour != SIM_FORGING || mode % 2 == 0, "%s", name);
            run(&fixture, SIM_QUEUE_WINDOWS, 3, &results[1]);
            run(&fixture, SIM_QUEUE_HEAP, 1, &results[2]);
            expect_same(&results[0], &results[1], name);
            expect_same(&results[0], &results[2], name);
            cr_expect(behaviour == SIM_ECLIPSING || behaviour == SIM_INFLATING ||
                          results[0].liars[0].lies > 0 ||
                          (behaviour == SIM_LYING_DIGESTS && modes[mode] != MESH_PULL),
                      "%s never lied", name);
            for (uint32_t i = 0; i < 3; i++) {
                sim_result_finish(&results[i]);
            }
        }
    }
}

Test(run_liars, with_signatures_nobody_honest_ever_holds_what_nobody_wrote_at_any_share)
{
    for (uint32_t percent = 0; percent <= 90; percent += 15) {
        const struct sim_liar liars[] = {liar_of(SIM_FORGING, percent),
                                         liar_of(SIM_EQUIVOCATING, percent)};
        struct fixture fixture;
        struct sim_result result;
        lie(&fixture, liars, 2, true);
        cr_expect(run(&fixture, SIM_QUEUE_WINDOWS, 1, &result), "%u %%", percent);
        cr_expect(!result.invalid);
        cr_expect_eq(result.liars[0].nodes, (AGENTS * percent + 50) / 100);
        cr_expect_eq(result.liars[0].lies > 0, percent > 0);
        for (uint32_t i = 0; i < result.deceit_count; i++) {
            cr_expect_eq(result.deceits[i].entry, 1, "only two values of one dot are believed");
        }
        sim_result_finish(&result);
    }
}

Test(run_liars, without_signatures_the_check_catches_it_and_the_run_is_measured_to_its_end)
{
    const struct sim_liar liars[] = {liar_of(SIM_FORGING, 10)};
    struct fixture fixture;
    struct sim_result result;
    lie(&fixture, liars, 1, false);
    cr_expect(!run(&fixture, SIM_QUEUE_WINDOWS, 1, &result));
    cr_expect(result.invalid);
    cr_expect_geq(result.simulated_ns, 1200 * MS);
    cr_expect_eq(result.honest, AGENTS - 6);
    cr_expect_eq(result.deceived, result.honest, "gossip spreads lies as well as anything");
    cr_assert_gt(result.deceit_count, 0);
    cr_expect_eq(result.deceits[0].after_ns, SIM_TIME_NEVER);
    sim_result_finish(&result);
}

Test(run_liars, two_values_of_a_dot_are_believed_until_the_proof_comes_round)
{
    const struct sim_liar liars[] = {liar_of(SIM_EQUIVOCATING, 20)};
    struct fixture fixture;
    struct sim_result result;
    lie(&fixture, liars, 1, true);
    cr_assert(run(&fixture, SIM_QUEUE_WINDOWS, 1, &result));
    cr_assert_gt(result.deceit_count, 0);
    for (uint32_t i = 0; i < result.deceit_count; i++) {
        cr_expect_neq(result.deceits[i].after_ns, SIM_TIME_NEVER);
        cr_expect_gt(result.deceits[i].held, AGENTS / 4);
    }
    cr_assert_gt(result.detection_count, 0);
    for (uint32_t i = 0; i < result.detection_count; i++) {
        cr_expect_neq(result.detections[i].after_ns, SIM_TIME_NEVER);
    }
    cr_expect_gt(result.rejects[1][MESH_REJECT_EQUIVOCATION], 0);
    cr_expect_eq(result.wrongly_ignored, 0);
    sim_result_finish(&result);
}

Test(run_liars, cohorts_are_of_the_honest_and_what_liars_write_is_not_judged)
{
    const struct sim_liar liars[] = {liar_of(SIM_SILENT, 50)};
    struct fixture fixture;
    struct sim_result result;
    lie(&fixture, liars, 1, true);
    cr_assert(run(&fixture, SIM_QUEUE_WINDOWS, 1, &result));
    cr_assert_lt(result.update_count, 30);
    for (uint32_t i = 0; i < result.update_count; i++) {
        cr_expect_eq(result.updates[i].cohort, AGENTS / 2);
        cr_expect_eq(result.updates[i].held, AGENTS / 2);
    }
    cr_expect_eq(result.liars[0].lying, AGENTS / 2);
    sim_result_finish(&result);
}

Test(run_liars, who_has_nothing_to_lie_about_is_said_to_have_never_lied)
{
    const struct sim_liar liars[] = {liar_of(SIM_ECLIPSING, 20)};
    struct fixture fixture;
    struct sim_result result;
    lie(&fixture, liars, 1, true);
    cr_assert(run(&fixture, SIM_QUEUE_WINDOWS, 1, &result));
    cr_expect_eq(result.liars[0].nodes, AGENTS / 5);
    cr_expect_eq(result.liars[0].lies, 0);
    cr_expect_eq(result.liars[0].first_ns, SIM_TIME_NEVER);
    sim_result_finish(&result);
}

// Node 7 is back without its disk at 300 ms, and may be given a snapshot with nothing in it; what
// it lacks it learns by gossip all the same.
Test(run_liars, who_joins_through_liars_learns_later_what_they_kept_from_it)
{
    static const struct sim_span seven = {7, 8};
    const struct sim_fault crash = {.verb = SIM_FAULT_CRASH,
                                    .at_ns = 250 * MS,
                                    .until_ns = 300 * MS,
                                    .end_ns = SIM_FAULT_NEVER,
                                    .of = {.places = {[SIM_PLACE_NODE] = &seven},
                                           .place_counts = {[SIM_PLACE_NODE] = 1},
                                           .named = true},
                                    .disk_lost = true,
                                    .text = "crash"};
    struct sim_liar liars[] = {liar_of(SIM_ECLIPSING, 0)};
    static const struct sim_span others[] = {{0, 7}, {8, AGENTS}};
    liars[0].of = (struct sim_selection){.places = {[SIM_PLACE_NODE] = others},
                                         .place_counts = {[SIM_PLACE_NODE] = 2},
                                         .share_ppb = 900000000,
                                         .named = true};
    struct fixture fixture;
    struct sim_result result;
    lie(&fixture, liars, 1, true);
    fixture.scenario.faults = &crash;
    fixture.scenario.fault_count = 1;
    cr_assert(run(&fixture, SIM_QUEUE_WINDOWS, 1, &result));
    cr_assert_eq(result.rejoin_count, 1);
    cr_expect_neq(result.rejoins[0].after_ns, SIM_TIME_NEVER);
    cr_expect_eq(result.liars[0].lies, 1);
    sim_result_finish(&result);
}
