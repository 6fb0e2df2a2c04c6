// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "hierarchy.h"

static const struct hierarchy_settings small = {
    .regions = 2,
    .aggregators_per_region = 1,
    .edges_per_aggregator = 2,
    .agents_per_edge = 4,
    .relays_per_edge = 2,
    .coordinators = 3,
    .update_limit = 100,
    .shared_words = 3,
    .local_words = 1,
    .mode = MESH_PUSH_PULL,
    .seed = 1,
};

static struct mesh_report random_report(struct dice *dice)
{
    return (struct mesh_report){
        .executions = dice_below(dice, 1000),
        .active_tasks = dice_below(dice, 50),
        .completion_ppb = dice_below(dice, MESH_REPORT_RATE_MAX + 1),
        .latency_us = dice_below(dice, 100000),
    };
}

static void everyone_reports(struct hierarchy *hierarchy, struct dice *dice)
{
    for (uint32_t agent = 0; agent < hierarchy->agents; agent++) {
        hierarchy_report(hierarchy, agent, random_report(dice));
    }
}

// The hashes of every node say what it holds: at home everything, on a link what travels.
static void expect_hashes(const struct hierarchy *hierarchy)
{
    uint64_t hash[2];
    for (uint32_t node = 0; node < hierarchy->nodes; node++) {
        const struct mesh_replica *replica = mesh_replica_of(&hierarchy->states, node);
        hierarchy_hash(hierarchy, node, true, hash);
        cr_assert(memcmp(replica->hash, hash, sizeof hash) == 0, "seed %lu: hash of node %u",
                  hierarchy->settings.seed, node);
    }
    for (uint32_t i = 0; i < hierarchy->states.role_count; i++) {
        const struct mesh_role *role = mesh_role_at(&hierarchy->states, i);
        hierarchy_hash(hierarchy, role->node, false, hash);
        cr_assert(memcmp(role->hash, hash, sizeof hash) == 0, "seed %lu: hash of relay %u",
                  hierarchy->settings.seed, role->node);
    }
}

// ---- The document's State Aggregation Example ----
// 10 regions, 50 aggregators, 500 edges. An edge's 5,000 executions and 1,200 active tasks come
// from 4 agents here. Averages as in test_summary.c: E1 has .95 and 45 ms, RA1 .94 and 47 ms, all
// .93 and 50 ms.

enum { DOCUMENT_AGENTS = 4, PERCENT = MESH_REPORT_RATE_MAX / 100 };

static struct mesh_report document_report(uint32_t edge, uint32_t agent)
{
    uint32_t aggregator = edge / 10;
    uint32_t percent = aggregator == 0 ? 94 : aggregator == 1 ? 92 : 93;
    uint32_t ms = aggregator == 0 ? 47 : aggregator == 1 ? 53 : 50;
    percent = edge == 0 ? percent + 1 : edge == 1 ? percent - 1 : percent;
    ms = edge == 0 ? ms - 2 : edge == 1 ? ms + 2 : ms;
    bool up = agent % 2 == 0;
    return (struct mesh_report){
        .executions = 5000 / DOCUMENT_AGENTS,
        .active_tasks = 1200 / DOCUMENT_AGENTS,
        .completion_ppb = up ? (percent + 2) * PERCENT : (percent - 2) * PERCENT,
        .latency_us = up ? ms * 1000 - 700 : ms * 1000 + 700,
    };
}

static void expect_averages(const char *who, const struct mesh_total *total, uint64_t executions,
                            uint64_t active_tasks, uint32_t percent, uint32_t ms)
{
    cr_expect(total->sums.executions == executions, "%s: %lu executions", who,
              (uint64_t)total->sums.executions);
    cr_expect(total->sums.active_tasks == active_tasks, "%s: %lu active tasks", who,
              (uint64_t)total->sums.active_tasks);
    cr_expect_eq(mesh_sums_completion_ppb(&total->sums), percent * PERCENT, "%s: completion", who);
    cr_expect_eq(mesh_sums_latency_us(&total->sums), ms * 1000, "%s: latency", who);
}

Test(tiers, the_documents_state_aggregation_example_flows_to_its_coordinators)
{
    struct hierarchy hierarchy;
    struct hierarchy_settings settings = small;
    settings.regions = 10;
    settings.aggregators_per_region = 5;
    settings.edges_per_aggregator = 10;
    settings.agents_per_edge = DOCUMENT_AGENTS;
    settings.coordinators = 5;
    hierarchy_init(&hierarchy, settings);
    for (uint32_t agent = 0; agent < hierarchy.agents; agent++) {
        hierarchy_report(&hierarchy, agent,
                         document_report(agent / DOCUMENT_AGENTS, agent % DOCUMENT_AGENTS));
    }
    hierarchy_settle(&hierarchy, 15);
    uint32_t relay = 0;
    struct mesh_total e1 = hierarchy_total_of(&hierarchy, relay);
    expect_averages("E1", &e1, 5000, 1200, 95, 45);
    struct mesh_total ra1 = hierarchy_total_of(&hierarchy, hierarchy_aggregator(&hierarchy, 0));
    expect_averages("RA1", &ra1, 50000, 12000, 94, 47);
    cr_expect(ra1.edges == 10 && ra1.aggregators == 1 && ra1.regions == 1);
    struct mesh_total gc1 = hierarchy_total_of(&hierarchy, hierarchy_coordinator(&hierarchy, 0));
    expect_averages("GC1", &gc1, 2500000, 600000, 93, 50);
    cr_expect(gc1.regions == 10 && gc1.aggregators == 50 && gc1.edges == 500);
    hierarchy_expect_total(&hierarchy, &gc1);
    hierarchy_finish(&hierarchy);
}

// ---- Anything may happen on the way ----

static void random_event(struct hierarchy *hierarchy, struct dice *dice)
{
    uint32_t what = dice_below(dice, 100);
    if (what < 8) {
        hierarchy_report(hierarchy, dice_below(dice, hierarchy->agents), random_report(dice));
    } else if (what < 9) {
        hierarchy_write(hierarchy, dice_below(dice, hierarchy->agents), 1);
    } else if (what < 45 || hierarchy->flight_count == 0) {
        hierarchy_tick_all_scopes(hierarchy, dice_below(dice, hierarchy->nodes));
    } else if (what < 55) {
        hierarchy_lose(hierarchy, dice_below(dice, hierarchy->flight_count));
    } else {
        hierarchy_deliver(hierarchy, dice_below(dice, hierarchy->flight_count),
                          dice_chance(dice, 20));
    }
}

static void random_history(struct hierarchy_settings settings, bool releases)
{
    struct hierarchy hierarchy;
    struct dice dice = {settings.seed};
    hierarchy_init(&hierarchy, settings);
    uint32_t reports = 0;
    for (uint32_t i = 0; i < 600; i++) {
        random_event(&hierarchy, &dice);
        for (uint32_t j = 0; j < settings.coordinators; j++) {
            struct mesh_total total =
                hierarchy_total_of(&hierarchy, hierarchy_coordinator(&hierarchy, j));
            cr_assert(total.reports <= hierarchy.agents, "an agent is counted twice");
        }
        if (releases && i % 100 == 99) {
            hierarchy_settle(&hierarchy, 6);
            hierarchy_release(&hierarchy);
        }
    }
    hierarchy_report(&hierarchy, 0, random_report(&dice));
    for (uint32_t agent = 0; agent < hierarchy.agents; agent++) {
        reports += hierarchy.report_count[agent];
    }
    hierarchy_settle(&hierarchy, 12);
    struct mesh_total truth = hierarchy_truth(&hierarchy);
    hierarchy_expect_total(&hierarchy, &truth);
    expect_hashes(&hierarchy);
    cr_assert_eq(hierarchy.rejects, 0);
    cr_assert(!releases || hierarchy.released > reports / 2, "%u of %u reports released",
              hierarchy.released, reports);
    hierarchy_finish(&hierarchy);
}

Test(tiers, every_report_is_in_the_totals_whatever_is_lost_repeated_or_overtaken)
{
    static const enum mesh_mode modes[] = {MESH_PUSH_PULL, MESH_EAGER, MESH_PULL};
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct hierarchy_settings settings = small;
        settings.seed = seed;
        settings.mode = modes[seed % 3];
        settings.schedule = seed % 2 == 0 ? MESH_SYNCHRONOUS : MESH_PHASED;
        settings.update_limit = seed % 5 == 0 ? 3 : 100;
        settings.relays_per_edge = 1 + (uint32_t)seed % 3;
        settings.coordinators = 1 + (uint32_t)seed % 4;
        settings.local_words = 2;
        settings.shared_words = 4;
        random_history(settings, false);
    }
}

Test(tiers, lanes_of_reports_and_totals_are_reused_unseen)
{
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct hierarchy_settings settings = small;
        settings.seed = seed;
        settings.schedule = seed % 2 == 0 ? MESH_SYNCHRONOUS : MESH_PHASED;
        random_history(settings, true);
    }
}

Test(tiers, an_edge_of_its_own_mode_reports_as_well)
{
    struct hierarchy_settings settings = small;
    struct dice dice = {9};
    settings.mode = MESH_PUSH;
    struct hierarchy hierarchy;
    hierarchy_init(&hierarchy, settings);
    everyone_reports(&hierarchy, &dice);
    hierarchy_settle(&hierarchy, 12);
    struct mesh_total truth = hierarchy_truth(&hierarchy);
    hierarchy_expect_total(&hierarchy, &truth);
    hierarchy_finish(&hierarchy);
}

// ---- Relays ----

Test(tiers, of_two_relays_with_different_reports_the_fuller_row_counts_alone)
{
    struct hierarchy hierarchy;
    hierarchy_init(&hierarchy, small);
    hierarchy_report(&hierarchy, 0, (struct mesh_report){.executions = 10});
    hierarchy_report(&hierarchy, 1, (struct mesh_report){.executions = 5});
    uint32_t link = hierarchy.edges + 2;
    uint32_t aggregator = hierarchy_aggregator(&hierarchy, 0);
    // Nobody gossips in the edge: each relay knows its own report.
    hierarchy_tick(&hierarchy, 0, link);
    hierarchy_tick(&hierarchy, 1, link);
    while (hierarchy.flight_count > 0) {
        hierarchy_deliver(&hierarchy, 0, false);
    }
    struct mesh_total total = hierarchy_total_of(&hierarchy, aggregator);
    cr_expect(total.reports == 1 && total.sums.executions == 5, "the later of two equal rows");
    // Relay 0 hears relay 1's report.
    for (uint32_t i = 0; i < 8; i++) {
        hierarchy_tick(&hierarchy, 1, 0);
        while (hierarchy.flight_count > 0) {
            hierarchy_deliver(&hierarchy, 0, false);
        }
    }
    hierarchy_tick(&hierarchy, 0, link);
    while (hierarchy.flight_count > 0) {
        hierarchy_deliver(&hierarchy, 0, false);
    }
    total = hierarchy_total_of(&hierarchy, aggregator);
    cr_expect(total.reports == 2 && total.sums.executions == 15,
              "the fuller one, and nothing twice");
    hierarchy_finish(&hierarchy);
}

Test(tiers, a_relay_without_news_makes_no_row_and_a_relay_that_lost_is_not_asked)
{
    struct hierarchy hierarchy;
    struct dice dice = {3};
    hierarchy_init(&hierarchy, small);
    everyone_reports(&hierarchy, &dice);
    hierarchy_settle(&hierarchy, 12);
    uint32_t made = hierarchy.row_count;
    memset(hierarchy.sent, 0, sizeof hierarchy.sent);
    hierarchy_settle(&hierarchy, 1);
    cr_expect_eq(hierarchy.row_count, made);
    // 2 relays per edge have 1 aggregator, 2 aggregators and 3 coordinators have 2 peers.
    cr_expect_eq(hierarchy.sent[MESH_MESSAGE_ROWS], 4 * 2 + 2 * 2 + 3 * 2);
    cr_expect_eq(hierarchy.sent[MESH_MESSAGE_ROWS_HELD], 0);
    cr_expect_eq(hierarchy.sent[MESH_MESSAGE_ROWS_REST], 0);
    hierarchy_finish(&hierarchy);
}

// What a quiet tick says beside the exchange of dots.
Test(tiers, a_quiet_tier_costs_one_digest_of_forty_bytes)
{
    struct hierarchy hierarchy;
    struct dice dice = {3};
    hierarchy_init(&hierarchy, small);
    everyone_reports(&hierarchy, &dice);
    hierarchy_settle(&hierarchy, 12);
    hierarchy_tick(&hierarchy, 0, hierarchy.edges + 2);
    cr_assert_eq(hierarchy.flight_count, 2);
    const struct mesh_message *message = hierarchy.flights[1].message;
    cr_expect_eq(message->kind, MESH_MESSAGE_ROWS);
    cr_expect_eq(message->update_count, 0);
    cr_expect_eq(message->wire_bytes, 20 + 16 + 1 + 2, "header, digest, no rows, one edge");
    hierarchy_finish(&hierarchy);
}

// ---- Repair ----

static void lose_all(struct hierarchy *hierarchy)
{
    while (hierarchy->flight_count > 0) {
        hierarchy_lose(hierarchy, 0);
    }
}

// Whatever is lost while a row is recent, its digest brings it later.
Test(tiers, a_row_that_was_lost_three_times_is_asked_for)
{
    struct hierarchy hierarchy;
    hierarchy_init(&hierarchy, small);
    uint32_t link = hierarchy.edges + 2;
    uint32_t aggregator = hierarchy_aggregator(&hierarchy, 0);
    hierarchy_report(&hierarchy, 0, (struct mesh_report){.executions = 10});
    for (uint32_t i = 0; i < 3; i++) {
        hierarchy_tick(&hierarchy, 0, link);
        cr_expect_eq(hierarchy.flights[1].message->update_count, 1, "tick %u", i);
        lose_all(&hierarchy);
    }
    hierarchy_tick(&hierarchy, 0, link);
    cr_expect_eq(hierarchy.flights[1].message->update_count, 0, "no longer recent");
    while (hierarchy.flight_count > 0) {
        hierarchy_deliver(&hierarchy, 0, false);
    }
    cr_expect_eq(hierarchy.sent[MESH_MESSAGE_ROWS_HELD], 1);
    cr_expect_eq(hierarchy.sent[MESH_MESSAGE_ROWS_REST], 1);
    struct mesh_total total = hierarchy_total_of(&hierarchy, aggregator);
    cr_expect(total.reports == 1 && total.sums.executions == 10);
    hierarchy_finish(&hierarchy);
}

Test(tiers, a_coordinator_that_heard_nothing_gets_the_rest_by_names)
{
    struct hierarchy_settings settings = small;
    struct dice dice = {5};
    settings.coordinators = 2;
    struct hierarchy hierarchy;
    hierarchy_init(&hierarchy, settings);
    everyone_reports(&hierarchy, &dice);
    hierarchy_settle(&hierarchy, 12);
    uint32_t second = hierarchy_coordinator(&hierarchy, 1);
    uint32_t first = hierarchy_coordinator(&hierarchy, 0);
    hierarchy_join(&hierarchy, second, first);
    cr_expect_eq(hierarchy_total_of(&hierarchy, second).reports, 0, "it lost its rows");
    while (hierarchy.flight_count > 0) {
        hierarchy_deliver(&hierarchy, 0, false);
    }
    memset(hierarchy.sent, 0, sizeof hierarchy.sent);
    hierarchy_tick(&hierarchy, first, hierarchy.edges + 1);
    while (hierarchy.flight_count > 0) {
        hierarchy_deliver(&hierarchy, 0, false);
    }
    cr_expect_eq(hierarchy.sent[MESH_MESSAGE_ROWS_HELD], 1);
    cr_expect_eq(hierarchy.sent[MESH_MESSAGE_ROWS_REST], 1);
    cr_expect_eq(hierarchy_total_of(&hierarchy, second).reports, hierarchy.agents);
    hierarchy_finish(&hierarchy);
}

// ---- Totals ----

Test(tiers, coordinators_that_agree_write_one_total)
{
    struct hierarchy hierarchy;
    struct dice dice = {7};
    hierarchy_init(&hierarchy, small);
    everyone_reports(&hierarchy, &dice);
    hierarchy_settle(&hierarchy, 12);
    uint32_t before = 0;
    uint32_t after = 0;
    for (uint32_t i = 0; i < 3; i++) {
        before +=
            mesh_replica_of(&hierarchy.states, hierarchy_coordinator(&hierarchy, i))->sequence;
    }
    hierarchy_settle(&hierarchy, 4);
    for (uint32_t i = 0; i < 3; i++) {
        after += mesh_replica_of(&hierarchy.states, hierarchy_coordinator(&hierarchy, i))->sequence;
    }
    cr_expect_eq(before, after, "%u totals more though nothing changed", after - before);
    struct mesh_total truth = hierarchy_truth(&hierarchy);
    hierarchy_expect_total(&hierarchy, &truth);
    hierarchy_finish(&hierarchy);
}

// The driver may be late with the lane; the total is then written at a later tick.
Test(tiers, a_total_waits_for_its_lane)
{
    struct hierarchy_settings settings = small;
    settings.coordinators = 1;
    struct hierarchy hierarchy;
    hierarchy_init(&hierarchy, settings);
    uint32_t node = hierarchy_coordinator(&hierarchy, 0);
    struct mesh_tier *tier = mesh_tiers_of(&hierarchy.states, node);
    struct mesh_replica *replica = mesh_replica_of(&hierarchy.states, node);
    hierarchy_report(&hierarchy, 0, (struct mesh_report){.executions = 10});
    hierarchy_tick(&hierarchy, 0, hierarchy.edges + 2);
    while (hierarchy.flight_count > 0) {
        hierarchy_deliver(&hierarchy, 0, false);
    }
    hierarchy_tick(&hierarchy, hierarchy_aggregator(&hierarchy, 0), hierarchy.edges);
    while (hierarchy.flight_count > 0) {
        hierarchy_deliver(&hierarchy, 0, false);
    }
    uint32_t lane = tier->lane;
    cr_assert(tier->changed && lane != MESH_LANE_NONE);
    struct mesh_event tick = {
        .node = node, .scope = tier->scope, .kind = MESH_EVENT_TICK, .tick = 1};
    tier->lane = MESH_LANE_NONE;
    cr_assert_eq(mesh_step(&hierarchy.config, &hierarchy.states, &tick, 1, &hierarchy.output), 1);
    cr_expect(replica->sequence == 0 && tier->changed, "it waits");
    hierarchy.output.record_count = 0;
    hierarchy.output.target_count = 0;
    hierarchy.output.news_count = 0;
    hierarchy.output.message_words = 0;
    tier->lane = lane;
    hierarchy_tick(&hierarchy, node, tier->scope);
    cr_expect(replica->sequence == 1 && !tier->changed && tier->lane == MESH_LANE_NONE);
    cr_expect_eq(hierarchy.table.updates[lane].type, MESH_TOTAL);
    hierarchy_finish(&hierarchy);
}

// ---- Relays that come and go ----

Test(tiers, a_relay_that_lost_its_replica_reports_and_exchanges_as_before)
{
    for (uint32_t synchronous = 0; synchronous < 2; synchronous++) {
        struct hierarchy_settings settings = small;
        struct dice dice = {11};
        settings.schedule = synchronous == 1 ? MESH_SYNCHRONOUS : MESH_PHASED;
        struct hierarchy hierarchy;
        hierarchy_init(&hierarchy, settings);
        everyone_reports(&hierarchy, &dice);
        hierarchy_settle(&hierarchy, 8);
        everyone_reports(&hierarchy, &dice);
        hierarchy_settle(&hierarchy, 8);
        hierarchy_release(&hierarchy);
        cr_assert_geq(hierarchy.released, hierarchy.agents);
        hierarchy_join(&hierarchy, 0, 2);
        lose_all(&hierarchy);
        hierarchy_tick(&hierarchy, 0, hierarchy.edges + 2);
        cr_expect_eq(hierarchy.flight_count, 0, "what stays at home is asked for at home");
        hierarchy_settle(&hierarchy, 2);
        cr_assert_not(mesh_replica_of(&hierarchy.states, 0)->joining);
        expect_hashes(&hierarchy);
        const struct mesh_tier *tier = mesh_tiers_of(&hierarchy.states, 0);
        cr_expect_eq(tier->reports.count, settings.agents_per_edge);
        hierarchy_report(&hierarchy, 3, random_report(&dice));
        hierarchy_settle(&hierarchy, 12);
        struct mesh_total truth = hierarchy_truth(&hierarchy);
        hierarchy_expect_total(&hierarchy, &truth);
        hierarchy_finish(&hierarchy);
    }
}

Test(tiers, the_newest_report_of_everyone_is_kept_so_that_a_new_relay_finds_it)
{
    struct hierarchy hierarchy;
    struct dice dice = {13};
    hierarchy_init(&hierarchy, small);
    for (uint32_t i = 0; i < 3; i++) {
        everyone_reports(&hierarchy, &dice);
        hierarchy_settle(&hierarchy, 6);
    }
    hierarchy_release(&hierarchy);
    for (uint32_t edge = 0; edge < hierarchy.edges; edge++) {
        const struct mesh_table *local = &hierarchy.locals[edge];
        cr_expect_eq(local->lane_count, local->free_count, "all lanes are given back");
    }
    struct mesh_tier *tier = mesh_tiers_of(&hierarchy.states, 0);
    struct mesh_sums sums = tier->reports.sums;
    memset(tier->reports.entries, 0xee, tier->reports.capacity * sizeof *tier->reports.entries);
    mesh_tiers_fold(&hierarchy.states, tier, 0);
    cr_expect_eq(tier->reports.count, small.agents_per_edge);
    cr_expect(memcmp(&sums, &tier->reports.sums, sizeof sums) == 0);
    cr_expect(tier->reported);
    hierarchy_finish(&hierarchy);
}

// ---- Who accepts what ----

static void expect_refused(struct hierarchy *hierarchy, uint32_t node, struct mesh_message *message,
                           enum mesh_message_kind kind, uint32_t scope, enum mesh_reject reason)
{
    uint32_t rejects = hierarchy->rejects;
    message->kind = (uint8_t)kind;
    message->scope = (uint16_t)scope;
    hierarchy_hear(hierarchy, node, message);
    cr_expect(hierarchy->rejects == rejects + 1 && hierarchy->last_reject == reason,
              "node %u, kind %u, scope %u: reason %d", node, kind, scope, hierarchy->last_reject);
}

Test(tiers, rows_are_taken_from_below_and_beside_and_names_from_above_and_beside)
{
    struct hierarchy hierarchy;
    hierarchy_init(&hierarchy, small);
    uint32_t aggregators = hierarchy.edges;
    uint32_t link = aggregators + 2;
    uint32_t aggregator = hierarchy_aggregator(&hierarchy, 0);
    uint32_t coordinator = hierarchy_coordinator(&hierarchy, 0);
    struct mesh_message *message =
        hierarchy_memory(&hierarchy, sizeof *message + sizeof message->lanes[0]);
    message->words = 1;
    message->source = 5;
    message->lanes[0] = UINT64_C(1) << 32;  // edge 0
    expect_refused(&hierarchy, 2, message, MESH_MESSAGE_ROWS, 0, MESH_REJECT_KIND);
    expect_refused(&hierarchy, 0, message, MESH_MESSAGE_ROWS, link, MESH_REJECT_KIND);
    expect_refused(&hierarchy, 0, message, MESH_MESSAGE_ROWS_REST, link, MESH_REJECT_KIND);
    expect_refused(&hierarchy, aggregator, message, MESH_MESSAGE_ROWS, aggregators,
                   MESH_REJECT_KIND);
    expect_refused(&hierarchy, aggregator, message, MESH_MESSAGE_ROWS_HELD, link, MESH_REJECT_KIND);
    expect_refused(&hierarchy, coordinator, message, MESH_MESSAGE_ROWS_HELD, aggregators,
                   MESH_REJECT_KIND);
    message->lanes[0] = 2 | UINT64_C(3) << 32;  // edge 2 is not the first aggregator's
    expect_refused(&hierarchy, aggregator, message, MESH_MESSAGE_ROWS, link, MESH_REJECT_EDGE);
    message->lanes[0] = 2 | UINT64_C(2) << 32;
    expect_refused(&hierarchy, coordinator, message, MESH_MESSAGE_ROWS, aggregators,
                   MESH_REJECT_EDGE);
    hierarchy_finish(&hierarchy);
}
