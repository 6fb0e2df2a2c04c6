// SPDX-License-Identifier: GPL-3.0-or-later
// Agents that come and go, told to the recorder alone. What it makes of them is held against the
// definition, gone through anew at every instant.
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "recorder.h"

#define AGENTS 20u
#define UPDATES 6u
#define STEPS 400u

struct told {
    struct fixture fixture;
    struct sim_fault fault;
    struct sim_world world;
    struct mesh_update updates[64];
    struct mesh_table table;
    uint32_t write_of_lane[64];
    struct sim_result result;
    struct sim_recorder recorder;
};

// Update u is written at 10 (u + 1) ms by agent u.
static void told_init(struct told *told, uint32_t threshold_ppb)
{
    *told = (struct told){0};
    fixture_init(&told->fixture, AGENTS);
    told->fixture.scenario.workload.updates = UPDATES;
    told->fixture.scenario.gossip.threshold_ppb = threshold_ppb;
    told->fixture.scenario.faults = &told->fault;
    told->fixture.scenario.fault_count = 1;
    sim_world_init(&told->world, &told->fixture.scenario, 1);
    mesh_table_init(&told->table, told->updates, 64, NULL, 0, NULL);
    for (uint32_t u = 0; u < UPDATES; u++) {
        told->world.writes[u] = (struct sim_write){.time_ns = 10 * (u + 1) * MS, .node = u};
        told->write_of_lane[mesh_table_reserve(&told->table, (struct mesh_dot){u, 1})] = u;
    }
    sim_recorder_init(&told->recorder, &told->fixture.scenario, &told->world, &told->result);
}

static void told_finish(struct told *told)
{
    sim_recorder_finish(&told->recorder);
    sim_world_finish(&told->world);
    sim_result_finish(&told->result);
}

static void tell_hold(struct told *told, uint32_t update, uint32_t node, uint64_t time_ns)
{
    const struct mesh_message message = {.source = update, .kind = MESH_MESSAGE_EAGER};
    bool write = time_ns == told->world.writes[update].time_ns && node == update;
    struct sim_change change = {.time_ns = time_ns,
                                .message = write ? NULL : &message,
                                .lanes = UINT64_C(1) << update,
                                .node = node};
    sim_recorder_changes(&told->recorder, &told->table, told->write_of_lane, &change, 1);
}

static void tell(struct told *told, enum sim_transition_kind kind, uint32_t node, uint64_t time_ns,
                 bool disk_lost)
{
    struct sim_transition transition = {
        .time_ns = time_ns, .node = node, .kind = kind, .disk_lost = disk_lost};
    sim_recorder_transitions(&told->recorder, &transition, 1);
    sim_recorder_window(&told->recorder);
}

Test(cohorts, a_death_completes_an_update_that_only_the_dead_lacked)
{
    struct told told;
    told_init(&told, 1000000000);
    for (uint32_t node = 0; node < AGENTS - 2; node++) {
        tell_hold(&told, 0, node, 10 * MS + node * MS);
    }
    struct sim_update_result *update = &told.result.updates[0];
    cr_expect_eq(update->theta_ns, SIM_TIME_NEVER);
    tell(&told, SIM_TRANSITION_DOWN, 19, 50 * MS, false);
    cr_expect_eq(update->theta_ns, SIM_TIME_NEVER, "18 still lacks it");
    tell(&told, SIM_TRANSITION_DOWN, 18, 60 * MS, false);
    cr_expect_eq(update->theta_ns, 50 * MS, "counted from the write at 10 ms");
    cr_expect_eq(update->all_ns, 50 * MS);
    cr_expect(update->cohort == 20 && update->gone == 2 && update->held == 18);
    cr_expect_eq(update->path.node, MESH_NODE_NONE, "no receipt did it");
    told_finish(&told);
}

Test(cohorts, a_death_of_a_holder_takes_it_from_both_sides)
{
    struct told told;
    told_init(&told, 1000000000);
    for (uint32_t node = 0; node < AGENTS - 1; node++) {
        tell_hold(&told, 0, node, 10 * MS + node * MS);
    }
    tell(&told, SIM_TRANSITION_DOWN, 3, 50 * MS, false);
    struct sim_update_result *update = &told.result.updates[0];
    cr_expect(update->gone == 1 && update->held == 18 && update->theta_ns == SIM_TIME_NEVER);
    tell(&told, SIM_TRANSITION_UP, 3, 55 * MS, false);
    tell_hold(&told, 0, 19, 60 * MS);
    cr_expect_eq(update->theta_ns, 50 * MS, "who came back is no member any more");
    cr_expect_eq(update->held, 19);
    told_finish(&told);
}

Test(cohorts, who_is_down_at_a_write_is_not_in_its_cohort)
{
    struct told told;
    told_init(&told, 1000000000);
    tell(&told, SIM_TRANSITION_DOWN, 9, 5 * MS, false);
    tell_hold(&told, 0, 0, 10 * MS);
    tell(&told, SIM_TRANSITION_UP, 9, 20 * MS, false);
    tell_hold(&told, 1, 1, 20 * MS);
    cr_expect_eq(told.result.updates[0].cohort, 19);
    cr_expect_eq(told.result.updates[1].cohort, 20, "up at the very instant of the write");
    cr_expect_eq(told.result.curves[0].pairs, UPDATES * AGENTS - 1);
    tell_hold(&told, 0, 9, 30 * MS);
    cr_expect_eq(told.result.updates[0].held, 1, "what it learns of it counts elsewhere");
    cr_assert_eq(told.result.rejoin_count, 1);
    cr_expect_eq(told.result.rejoins[0].after_ns, 10 * MS, "it lacked update 0 alone");
    told_finish(&told);
}

Test(cohorts, who_lost_its_disk_is_back_when_it_has_a_snapshot_and_all_that_was_written)
{
    struct told told;
    told_init(&told, 1000000000);
    tell_hold(&told, 0, 0, 10 * MS);
    tell_hold(&told, 0, 5, 11 * MS);
    tell_hold(&told, 1, 1, 20 * MS);
    tell(&told, SIM_TRANSITION_DOWN, 5, 21 * MS, true);
    tell(&told, SIM_TRANSITION_UP, 5, 25 * MS, true);
    cr_assert_eq(told.result.rejoin_count, 1);
    const struct sim_rejoin *rejoin = &told.result.rejoins[0];
    cr_expect(rejoin->node == 5 && rejoin->up_ns == 25 * MS && rejoin->disk_lost);
    tell_hold(&told, 0, 5, 26 * MS);
    tell_hold(&told, 1, 5, 27 * MS);
    cr_expect_eq(rejoin->after_ns, SIM_TIME_NEVER, "it has no snapshot yet");
    tell(&told, SIM_TRANSITION_JOINED, 5, 28 * MS, false);
    cr_expect_eq(rejoin->after_ns, 3 * MS);
    cr_expect(sim_recorder_is_done(&told.recorder) == false, "updates are still under way");
    told_finish(&told);
}

Test(cohorts, writes_that_do_not_happen_are_neither_open_nor_counted)
{
    struct told told;
    told_init(&told, 1000000000);
    uint32_t open = told.recorder.open;
    sim_recorder_silenced(&told.recorder, 2);
    cr_expect_eq(told.recorder.open, open - 1);
    cr_expect_eq(told.result.unwritten, 1);
    cr_expect_eq(told.result.curves[0].pairs, (UPDATES - 1) * AGENTS);
    told_finish(&told);
}

// ---- Against the definition ----

struct naive {
    bool up[AGENTS];
    bool lost[AGENTS];  // down, without its disk
    uint64_t up_since_ns[AGENTS];
    bool written[UPDATES];
    bool member[UPDATES][AGENTS];
    bool holds[UPDATES][AGENTS];
    uint32_t cohort[UPDATES];
    uint64_t theta_ns[UPDATES];
    uint64_t half_ns[UPDATES];
    bool closed[UPDATES];  // all that were left held it: who goes later is not counted any more
};

// The first instant at which enough of the members that are left hold it.
static void look(struct naive *naive, uint64_t now_ns, uint32_t threshold_ppb)
{
    for (uint32_t u = 0; u < UPDATES; u++) {
        uint32_t left = 0;
        uint32_t held = 0;
        for (uint32_t agent = 0; agent < AGENTS; agent++) {
            left += naive->member[u][agent];
            held += naive->member[u][agent] && naive->holds[u][agent];
        }
        uint64_t since_ns = now_ns - 10 * (u + 1) * MS;
        if (naive->written[u] && left > 0 && naive->theta_ns[u] == SIM_TIME_NEVER &&
            (uint64_t)held * 1000000000 >= (uint64_t)left * threshold_ppb) {
            naive->theta_ns[u] = since_ns;
        }
        if (naive->written[u] && left > 0 && naive->half_ns[u] == SIM_TIME_NEVER &&
            2 * held >= left) {
            naive->half_ns[u] = since_ns;
        }
        naive->closed[u] |= naive->written[u] && held == left;
    }
}

static void naive_down(struct naive *naive, uint32_t agent, bool lost)
{
    naive->up[agent] = false;
    naive->lost[agent] = lost;
    for (uint32_t u = 0; u < UPDATES; u++) {
        naive->member[u][agent] &= naive->closed[u];
        naive->holds[u][agent] &= !lost;
    }
}

static void write_due(struct told *told, struct naive *naive, uint64_t now_ns)
{
    for (uint32_t u = 0; u < UPDATES; u++) {
        uint64_t at_ns = 10 * (u + 1) * MS;
        if (naive->written[u] || at_ns > now_ns || !naive->up[u]) {
            continue;
        }
        naive->written[u] = true;
        for (uint32_t agent = 0; agent < AGENTS; agent++) {
            naive->member[u][agent] = naive->up[agent] && naive->up_since_ns[agent] <= at_ns;
            naive->cohort[u] += naive->member[u][agent];
        }
        naive->holds[u][u] = true;
        tell_hold(told, u, u, at_ns);
        look(naive, at_ns, told->recorder.threshold_ppb);
    }
}

// A step: somebody learns, goes or comes. Agents that write stay until all is written.
static void step(struct told *told, struct naive *naive, struct mesh_random random, uint64_t now_ns)
{
    uint32_t agent = mesh_below(random.word[0], AGENTS);
    uint32_t update = mesh_below(random.word[1], UPDATES);
    uint32_t what = mesh_below(random.word[2], 10);
    bool writer = agent < UPDATES && now_ns < 10 * UPDATES * MS + 1;
    bool lost = random.word[3] % 2 == 0;
    if (what < 7) {
        if (naive->up[agent] && naive->written[update] && !naive->holds[update][agent]) {
            naive->holds[update][agent] = true;
            tell_hold(told, update, agent, now_ns);
        }
    } else if (what < 9 && naive->up[agent] && !writer) {
        naive_down(naive, agent, lost);
        tell(told, SIM_TRANSITION_DOWN, agent, now_ns, lost);
    } else if (what == 9 && !naive->up[agent]) {
        lost |= naive->lost[agent];  // or lost since it went down
        for (uint32_t u = 0; u < UPDATES; u++) {
            naive->holds[u][agent] &= !lost;
        }
        naive->up[agent] = true;
        naive->up_since_ns[agent] = now_ns;
        tell(told, SIM_TRANSITION_UP, agent, now_ns, lost);
    }
}

static void expect_as_defined(const struct told *told, const struct naive *naive, uint32_t seed)
{
    for (uint32_t u = 0; u < UPDATES; u++) {
        const struct sim_update_result *update = &told->result.updates[u];
        uint32_t left = 0;
        uint32_t held = 0;
        for (uint32_t agent = 0; agent < AGENTS; agent++) {
            left += naive->member[u][agent];
            held += naive->member[u][agent] && naive->holds[u][agent];
        }
        cr_expect(update->theta_ns == naive->theta_ns[u] && update->half_ns == naive->half_ns[u],
                  "seed %u, update %u: theta %" PRIu64 ", by definition %" PRIu64, seed, u,
                  update->theta_ns, naive->theta_ns[u]);
        held = naive->closed[u] ? left : held;
        cr_expect(update->cohort == naive->cohort[u] && update->cohort - update->gone == left &&
                      update->held == held,
                  "seed %u, update %u: %u of %u hold it, by definition %u of %u", seed, u,
                  update->held, update->cohort - update->gone, held, left);
    }
}

Test(cohorts, times_are_those_of_the_definition_whoever_comes_and_goes)
{
    for (uint32_t seed = 0; seed < 200; seed++) {
        uint32_t threshold_ppb = seed % 2 == 0 ? 990000000 : 700000000;
        struct told told;
        struct naive naive = {0};
        told_init(&told, threshold_ppb);
        for (uint32_t agent = 0; agent < AGENTS; agent++) {
            naive.up[agent] = true;
        }
        for (uint32_t u = 0; u < UPDATES; u++) {
            naive.theta_ns[u] = naive.half_ns[u] = SIM_TIME_NEVER;
        }
        for (uint32_t i = 1; i <= STEPS; i++) {
            uint64_t now_ns = i * MS / 2 + 1;
            write_due(&told, &naive, now_ns);
            step(&told, &naive, mesh_draw(seed, 1, 0, i, 0), now_ns);
            look(&naive, now_ns, threshold_ppb);
        }
        expect_as_defined(&told, &naive, seed);
        told_finish(&told);
    }
}
