// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "history.h"
#include "mesh/summary.h"

static bool sums_equal(const struct mesh_sums *a, const struct mesh_sums *b)
{
    return a->executions == b->executions && a->active_tasks == b->active_tasks &&
           a->completion == b->completion && a->latency == b->latency;
}

static void expect_sums(const char *who, const struct mesh_sums *sums, uint64_t executions,
                        uint64_t active_tasks, uint32_t completion_ppb, uint32_t latency_us)
{
    cr_expect(sums->executions == executions, "%s: %lu executions", who,
              (uint64_t)sums->executions);
    cr_expect(sums->active_tasks == active_tasks, "%s: %lu active tasks", who,
              (uint64_t)sums->active_tasks);
    cr_expect_eq(mesh_sums_completion_ppb(sums), completion_ppb, "%s: completion rate %u ppb", who,
                 mesh_sums_completion_ppb(sums));
    cr_expect_eq(mesh_sums_latency_us(sums), latency_us, "%s: latency %u us", who,
                 mesh_sums_latency_us(sums));
}

// ---- The document's State Aggregation Example ----
// 10 regions x 5 aggregators x 10 edges x 2,000 agents. The document gives an edge, an aggregator
// and a coordinator; its sums agree with each other (5000 x 10 x 50), and its averages differ from
// tier to tier, so that the edges it does not show must differ from E1.

enum { AGENTS = 2000, EDGES = 500, PPB = 1000000000 };
static const struct mesh_hierarchy hierarchy = {.edges_per_aggregator = 10,
                                                .aggregators_per_region = 5};

// An edge's averages. E1 .95 and 45 ms, balanced by E2, make .94 and 47 ms of RA1; RA2 balances
// RA1, and everyone else has .93 and 50 ms.
static void edge_averages(uint32_t edge, uint32_t *completion_ppb, uint32_t *latency_us)
{
    uint32_t aggregator = edge / 10;
    int32_t percent = aggregator == 0 ? 94 : aggregator == 1 ? 92 : 93;
    int32_t ms = aggregator == 0 ? 47 : aggregator == 1 ? 53 : 50;
    percent += edge == 0 ? 1 : edge == 1 ? -1 : 0;
    ms += edge == 0 ? -2 : edge == 1 ? 2 : 0;
    *completion_ppb = (uint32_t)percent * (PPB / 100);
    *latency_us = (uint32_t)ms * 1000;
}

// Agents differ too: 2 or 3 executions each, 5,000 in all; 0 or 1 active tasks, 1,200 in all; and
// averages off by as much upwards as their neighbour, with as many executions, is off downwards.
static struct mesh_report agent_report(uint32_t edge, uint32_t agent)
{
    uint32_t completion_ppb;
    uint32_t latency_us;
    edge_averages(edge, &completion_ppb, &latency_us);
    uint32_t off = agent / 2 % 40;
    bool up = agent % 2 == 0;
    return (struct mesh_report){
        .executions = agent < AGENTS / 2 ? 2 : 3,
        .active_tasks = agent % 5 < 3,
        .completion_ppb = up ? completion_ppb + off * 1000000 : completion_ppb - off * 1000000,
        .latency_us = up ? latency_us - off * 777 : latency_us + off * 777,
    };
}

// The row that a relay makes of the reports of agents start .. end - 1 of its edge.
static struct mesh_row edge_row(struct mesh_reports *reports, uint32_t edge, uint32_t start,
                                uint32_t end, uint32_t relay)
{
    mesh_reports_init(reports, reports->entries, reports->capacity);
    for (uint32_t agent = end; agent-- > start;) {
        struct mesh_report_entry entry = {
            .report = agent_report(edge, agent), .clock = 1, .origin = edge * AGENTS + agent};
        cr_assert(mesh_reports_write(reports, &entry));
    }
    return mesh_reports_row(reports, edge, relay, 2);
}

Test(summary, the_documents_state_aggregation_example_comes_out)
{
    static struct mesh_report_entry entries[AGENTS];
    static struct mesh_row rows[EDGES];
    static struct mesh_row rows_of_ra1[EDGES];
    struct mesh_reports reports = {.entries = entries, .capacity = AGENTS};
    struct mesh_summary gc1 = {.rows = rows, .capacity = EDGES};
    struct mesh_summary ra1 = {.rows = rows_of_ra1, .capacity = EDGES};
    for (uint32_t i = 0; i < EDGES; i++) {
        uint32_t edge = i * 7 % EDGES;  // rows arrive in any order
        // One relay has heard all; another lacks some, in overlap with the first.
        struct mesh_row partly = edge_row(&reports, edge, 0, 100 + i, edge * AGENTS + 1);
        struct mesh_row whole = edge_row(&reports, edge, 0, AGENTS, edge * AGENTS);
        cr_assert_eq(whole.reports, AGENTS);
        if (edge == 0) {
            expect_sums("E1", &whole.sums, 5000, 1200, 950000000, 45000);
        }
        if (edge < 10) {
            cr_assert(mesh_summary_write(&ra1, &whole));
            cr_assert(mesh_summary_write(&ra1, &partly));
        }
        cr_assert(mesh_summary_write(&gc1, i % 2 == 0 ? &partly : &whole));
        cr_assert(mesh_summary_write(&gc1, &whole));
    }
    struct mesh_total total = mesh_summary_total(&ra1, &hierarchy, 0, EDGES);
    expect_sums("RA1", &total.sums, 50000, 12000, 940000000, 47000);
    cr_expect(total.edges == 10 && total.aggregators == 1 && total.regions == 1);
    cr_expect_eq(total.reports, 20000);
    total = mesh_summary_total(&gc1, &hierarchy, 0, 10);
    expect_sums("RA1 as GC1 sees it", &total.sums, 50000, 12000, 940000000, 47000);
    total = mesh_summary_total(&gc1, &hierarchy, 0, EDGES);
    expect_sums("GC1", &total.sums, 2500000, 600000, 930000000, 50000);
    cr_expect_eq(total.regions, 10);
    cr_expect_eq(total.aggregators, 50);
    cr_expect_eq(total.edges, 500);
    cr_expect_eq(total.reports, 1000000);
    cr_assert(mesh_summary_merge(&gc1, &ra1));
    struct mesh_total again = mesh_summary_total(&gc1, &hierarchy, 0, EDGES);
    cr_expect(sums_equal(&again.sums, &total.sums), "hearing it twice adds nothing");
}

// ---- Averages ----

Test(summary, averages_are_weighted_by_executions)
{
    struct mesh_report_entry entries[3];
    struct mesh_reports reports;
    mesh_reports_init(&reports, entries, 3);
    cr_expect_eq(mesh_sums_completion_ppb(&reports.sums), 0, "nothing executed, nothing completed");
    struct mesh_report_entry one = {.report = {1, 0, 1000000000, 10}, .origin = 1};
    struct mesh_report_entry three = {.report = {3, 7, 500000000, 50}, .origin = 2};
    struct mesh_report_entry idle = {.report = {0, 2, 123, 456}, .origin = 3};
    cr_assert(mesh_reports_write(&reports, &one));
    cr_assert(mesh_reports_write(&reports, &three));
    cr_assert(mesh_reports_write(&reports, &idle));
    // (1 x 1.0 + 3 x 0.5) / 4 and (1 x 10 + 3 x 50) / 4; the mean of means would be 0.5 and 172.
    expect_sums("three agents", &reports.sums, 4, 9, 625000000, 40);
}

Test(summary, the_largest_reports_of_the_largest_mesh_are_added_up_exactly)
{
    struct mesh_report_entry entries[1];
    struct mesh_reports reports;
    mesh_reports_init(&reports, entries, 1);
    struct mesh_report_entry largest = {
        .report = {MESH_REPORT_COUNT_MAX, MESH_REPORT_COUNT_MAX, MESH_REPORT_RATE_MAX, UINT32_MAX}};
    cr_assert(mesh_reports_write(&reports, &largest));
    struct mesh_row row = mesh_reports_row(&reports, 0, 0, 1);
    row.reports = MESH_NODE_MAX;
    row.sums.executions *= MESH_NODE_MAX;
    row.sums.active_tasks *= MESH_NODE_MAX;
    row.sums.completion *= MESH_NODE_MAX;
    row.sums.latency *= MESH_NODE_MAX;
    struct mesh_row rows[2] = {row, row};
    rows[1].edge = UINT32_MAX - 1;
    struct mesh_summary state = {.rows = rows, .count = 2, .capacity = 2};
    struct mesh_total total = mesh_summary_total(&state, &hierarchy, 0, UINT32_MAX);
    // 2^41 - 2 is twice the largest report: 2^24 of them.
    cr_expect(total.sums.executions == (mesh_uint128)((UINT64_C(1) << 41) - 2) << 24);
    cr_expect_eq(mesh_sums_completion_ppb(&total.sums), MESH_REPORT_RATE_MAX);
    cr_expect_eq(mesh_sums_latency_us(&total.sums), UINT32_MAX);
    uint8_t value[MESH_TOTAL_BYTES_MAX];
    struct mesh_update update = {.type = MESH_TOTAL, .value = value};
    update.value_bytes = (uint16_t)mesh_total_encode(&total, value);
    struct mesh_total read;
    cr_assert(mesh_total_decode(&update, &read));
    cr_expect(sums_equal(&read.sums, &total.sums) && read.reports == total.reports);
    update.type = MESH_ROW;
    update.value_bytes = (uint16_t)mesh_row_encode(&row, value);
    cr_expect_eq(update.value_bytes, MESH_ROW_BYTES_MAX, "4 + 10 + 10 + 14 + 14");
    cr_assert(mesh_row_decode(&update, &row));
    update.type = MESH_REPORT;
    update.value_bytes = (uint16_t)mesh_report_encode(&largest.report, value);
    cr_expect_eq(update.value_bytes, MESH_REPORT_BYTES_MAX, "6 + 6 + 5 + 5");
}

Test(summary, averages_are_those_of_a_division_rounded_down)
{
    struct dice dice = {7};
    for (int i = 0; i < 100000; i++) {
        struct mesh_sums sums = {.executions = (dice_roll(&dice) >> dice_below(&dice, 64)) | 1};
        mesh_uint128 largest = sums.executions * UINT32_MAX;
        sums.latency = ((mesh_uint128)dice_roll(&dice) << 64 | dice_roll(&dice)) % (largest + 1);
        sums.completion = dice_chance(&dice, 10) ? largest : dice_below(&dice, UINT32_MAX);
        sums.completion = sums.completion <= largest ? sums.completion : largest;
        cr_assert_eq(mesh_sums_latency_us(&sums), (uint32_t)(sums.latency / sums.executions));
        cr_assert_eq(mesh_sums_completion_ppb(&sums),
                     (uint32_t)(sums.completion / sums.executions));
    }
}

// ---- Which row wins ----

Test(summary, the_row_with_the_highest_reports_then_clock_then_relay_wins)
{
    // Ascending: each beats all before it.
    static const struct mesh_row order[] = {
        {.reports = 1, .clock = 9, .relay = 9},
        {.reports = 2, .clock = 3, .relay = 7},
        {.reports = 2, .clock = 4, .relay = 1},
        {.reports = 2, .clock = 4, .relay = 2, .hash = {1, 5}},
        {.reports = 2, .clock = 4, .relay = 2, .hash = {2, 1}},
        {.reports = 2, .clock = 4, .relay = 2, .hash = {2, 2}},
    };
    for (size_t high = 0; high < sizeof order / sizeof *order; high++) {
        for (size_t low = 0; low < high; low++) {
            for (int turn = 0; turn < 2; turn++) {
                struct mesh_row row;
                struct mesh_summary state = {.rows = &row, .capacity = 1};
                cr_assert(mesh_summary_write(&state, &order[turn == 0 ? low : high]));
                cr_assert(mesh_summary_write(&state, &order[turn == 0 ? high : low]));
                cr_expect(row.reports == order[high].reports && row.clock == order[high].clock &&
                              row.relay == order[high].relay &&
                              row.hash[0] == order[high].hash[0] &&
                              row.hash[1] == order[high].hash[1],
                          "%zu does not beat %zu", high, low);
            }
        }
    }
}

Test(summary, says_when_there_is_no_room_for_another_edge_or_agent)
{
    struct mesh_row rows[1];
    struct mesh_summary state = {.rows = rows, .capacity = 1};
    cr_expect(mesh_summary_write(&state, &(struct mesh_row){.reports = 1, .edge = 5}));
    cr_expect(mesh_summary_write(&state, &(struct mesh_row){.reports = 2, .edge = 5}));
    cr_expect_not(mesh_summary_write(&state, &(struct mesh_row){.reports = 1, .edge = 4}));
    cr_expect_eq(rows[0].reports, 2);
    struct mesh_report_entry entries[1];
    struct mesh_reports reports;
    mesh_reports_init(&reports, entries, 1);
    cr_expect(mesh_reports_write(&reports, &(struct mesh_report_entry){.origin = 5}));
    cr_expect_not(mesh_reports_write(&reports, &(struct mesh_report_entry){.origin = 4}));
    cr_expect_eq(reports.count, 1);
}

// ---- Histories of reports, rows and totals ----

enum { ORIGINS = HISTORY_ORIGINS, EDGES_HERE = 3 };

struct reports {
    struct mesh_report_entry entries[ORIGINS];
    struct mesh_reports state;
};

struct summary {
    struct mesh_row rows[EDGES_HERE];
    struct mesh_summary state;
};

static void reports_init(struct reports *reports)
{
    mesh_reports_init(&reports->state, reports->entries, ORIGINS);
}

static void summary_init(struct summary *summary)
{
    summary->state = (struct mesh_summary){.rows = summary->rows, .capacity = EDGES_HERE};
}

static bool reports_equal(const struct reports *a, const struct reports *b)
{
    bool equal = a->state.count == b->state.count && sums_equal(&a->state.sums, &b->state.sums);
    for (uint32_t i = 0; equal && i < a->state.count; i++) {
        const struct mesh_report_entry *x = &a->entries[i];
        const struct mesh_report_entry *y = &b->entries[i];
        equal = x->origin == y->origin && x->clock == y->clock && x->hash[0] == y->hash[0] &&
                x->report.executions == y->report.executions;
    }
    return equal;
}

static bool summary_equal(const struct summary *a, const struct summary *b)
{
    bool equal = a->state.count == b->state.count;
    for (uint32_t i = 0; equal && i < a->state.count; i++) {
        const struct mesh_row *x = &a->rows[i];
        const struct mesh_row *y = &b->rows[i];
        equal = x->edge == y->edge && x->relay == y->relay && x->clock == y->clock &&
                x->reports == y->reports && x->hash[0] == y->hash[0] &&
                sums_equal(&x->sums, &y->sums);
    }
    return equal;
}

static struct mesh_report any_report(struct dice *dice)
{
    return (struct mesh_report){.executions = dice_below(dice, 1000),
                                .active_tasks = dice_below(dice, 100),
                                .completion_ppb = dice_below(dice, MESH_REPORT_RATE_MAX + 1),
                                .latency_us = (uint32_t)dice_roll(dice)};
}

static void write_report(struct history *history, uint32_t origin, uint32_t edge)
{
    uint8_t value[MESH_REPORT_BYTES_MAX];
    struct mesh_report report = any_report(&history->dice);
    history_write(history, origin, MESH_REPORT, edge, value, mesh_report_encode(&report, value));
}

// A relay's sum of what it holds of an edge.
static void write_row(struct history *history, uint32_t origin, uint32_t edge)
{
    uint8_t value[MESH_ROW_BYTES_MAX];
    struct reports reports;
    reports_init(&reports);
    cr_assert(mesh_reports_fold(&history->table, history->held[origin].lanes, HISTORY_WORDS, edge,
                                &reports.state));
    if (reports.state.count > 0) {
        struct mesh_row row = mesh_reports_row(&reports.state, edge, origin, 0);
        history_write(history, origin, MESH_ROW, edge, value, mesh_row_encode(&row, value));
    }
}

static void write_total(struct history *history, uint32_t origin)
{
    uint8_t value[MESH_TOTAL_BYTES_MAX];
    struct summary summary;
    summary_init(&summary);
    cr_assert(mesh_summary_fold(&history->table, history->held[origin].lanes, HISTORY_WORDS,
                                &summary.state));
    if (summary.state.count > 0) {
        struct mesh_total total = mesh_summary_total(&summary.state, &hierarchy, 0, EDGES_HERE);
        history_write(history, origin, MESH_TOTAL, 0, value, mesh_total_encode(&total, value));
    }
}

static void make_history(struct history *history, uint64_t seed)
{
    history_init(history, seed);
    for (uint32_t turn = 0; turn < 100; turn++) {
        uint32_t origin = dice_below(&history->dice, ORIGINS);
        uint32_t edge = dice_below(&history->dice, EDGES_HERE);
        uint32_t what = dice_below(&history->dice, 10);
        if (what < 4) {
            write_report(history, origin, edge);
        } else if (what < 6) {
            write_row(history, origin, edge);
        } else if (what < 7) {
            write_total(history, origin);
        } else {
            history_tell(history, dice_below(&history->dice, ORIGINS), origin, true);
        }
    }
}

// Each folds twice, since what the state held before is to be dropped.
static const struct history_set early = {{UINT64_MAX >> 32, 0}};

static void fold_reports(struct reports *reports, const struct history *history,
                         const struct history_set *held)
{
    reports_init(reports);
    cr_assert(mesh_reports_fold(&history->table, early.lanes, HISTORY_WORDS, 1, &reports->state));
    cr_assert(mesh_reports_fold(&history->table, held->lanes, HISTORY_WORDS, 1, &reports->state));
}

static void fold_rows(struct summary *summary, const struct history *history,
                      const struct history_set *held)
{
    summary_init(summary);
    cr_assert(mesh_summary_fold(&history->table, early.lanes, HISTORY_WORDS, &summary->state));
    cr_assert(mesh_summary_fold(&history->table, held->lanes, HISTORY_WORDS, &summary->state));
}

// What counts of an agent's reports is the last one held, as its sequence says.
static struct mesh_sums expected_sums(const struct history *history, const struct history_set *held,
                                      uint32_t edge, uint32_t *agents)
{
    struct mesh_sums sums = {0};
    *agents = 0;
    for (uint32_t origin = 0; origin < ORIGINS; origin++) {
        const struct mesh_update *last = NULL;
        for (uint32_t lane = 0; lane < history->table.lane_count; lane++) {
            const struct mesh_update *update = &history->updates[lane];
            bool of_edge = update->type == MESH_REPORT && update->key == edge;
            if (of_edge && history_in(held, lane) && update->dot.origin == origin &&
                (last == NULL || last->dot.sequence < update->dot.sequence)) {
                last = update;
            }
        }
        struct mesh_report report;
        if (last != NULL) {
            cr_assert(mesh_report_decode(last, &report));
            sums.executions += report.executions;
            sums.active_tasks += report.active_tasks;
            sums.completion += report.executions * report.completion_ppb;
            sums.latency += report.executions * report.latency_us;
            ++*agents;
        }
    }
    return sums;
}

Test(summary, a_row_adds_up_the_last_report_of_every_agent)
{
    static struct history history;
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        make_history(&history, seed);
        struct history_set part = history_part(&history, true);
        struct reports reports;
        uint32_t agents;
        fold_reports(&reports, &history, &part);
        struct mesh_sums sums = expected_sums(&history, &part, 1, &agents);
        cr_assert(sums_equal(&reports.state.sums, &sums), "seed %lu", seed);
        cr_assert_eq(reports.state.count, agents, "seed %lu", seed);
    }
}

// Parts merged in any order, updates applied in any order and repeated: the fold of the union.
Test(summary, folds_are_the_merges_of_parts_and_of_deltas_in_any_order)
{
    static struct history history;
    uint32_t order[3 * HISTORY_LANES];
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        struct history_set all = {{0}};
        struct reports whole, merged, applied, part_reports;
        struct summary whole_rows, merged_rows, applied_rows, part_rows;
        make_history(&history, seed);
        reports_init(&merged);
        reports_init(&applied);
        summary_init(&merged_rows);
        summary_init(&applied_rows);
        for (uint32_t i = 0; i < 4; i++) {
            struct history_set part = history_part(&history, true);
            history_unite(&all, &part);
            fold_reports(&part_reports, &history, &part);
            fold_rows(&part_rows, &history, &part);
            cr_assert(mesh_reports_merge(&merged.state, &part_reports.state));
            cr_assert(mesh_summary_merge(&merged_rows.state, &part_rows.state));
        }
        uint32_t count = history_order(&history.dice, history.table.lane_count, order);
        for (uint32_t i = 0; i < count; i++) {
            const struct mesh_update *update = &history.updates[order[i]];
            if (!history_in(&all, order[i])) {
                continue;
            }
            if (update->type == MESH_REPORT && update->key == 1) {
                cr_assert(mesh_reports_apply(&applied.state, update));
            } else if (update->type == MESH_ROW) {
                cr_assert(mesh_summary_apply(&applied_rows.state, update));
            }
        }
        fold_reports(&whole, &history, &all);
        fold_rows(&whole_rows, &history, &all);
        cr_assert(reports_equal(&merged, &whole), "reports merged, seed %lu", seed);
        cr_assert(reports_equal(&applied, &whole), "reports applied, seed %lu", seed);
        cr_assert(summary_equal(&merged_rows, &whole_rows), "rows merged, seed %lu", seed);
        cr_assert(summary_equal(&applied_rows, &whole_rows), "rows applied, seed %lu", seed);
    }
}

Test(summary, joins_are_associative_commutative_and_idempotent)
{
    static struct history history;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        struct summary parts[3];
        struct reports reports[3];
        make_history(&history, seed);
        for (uint32_t i = 0; i < 3; i++) {
            struct history_set part = history_part(&history, true);
            fold_rows(&parts[i], &history, &part);
            fold_reports(&reports[i], &history, &part);
        }
        // ((0 + 1) + 2) + 2 against (2 + 1) + 0 and 1 + (2 + 0).
        static const uint32_t orders[][4] = {{0, 1, 2, 2}, {2, 1, 0, 0}, {1, 2, 0, 1}};
        struct summary joined[3];
        struct reports joined_reports[3];
        for (uint32_t which = 0; which < 3; which++) {
            summary_init(&joined[which]);
            reports_init(&joined_reports[which]);
            for (uint32_t i = 0; i < 4; i++) {
                uint32_t next = orders[which][i];
                cr_assert(mesh_summary_merge(&joined[which].state, &parts[next].state));
                cr_assert(mesh_reports_merge(&joined_reports[which].state, &reports[next].state));
            }
            cr_assert(summary_equal(&joined[which], &joined[0]), "rows, seed %lu", seed);
            cr_assert(reports_equal(&joined_reports[which], &joined_reports[0]), "seed %lu", seed);
        }
    }
}

Test(summary, agents_learn_the_last_total)
{
    static struct history history;
    struct mesh_total total;
    uint8_t value[MESH_TOTAL_BYTES_MAX];
    history_init(&history, 1);
    cr_expect_not(mesh_total_fold(&history.table, history.held[0].lanes, HISTORY_WORDS, 0, &total));
    for (uint32_t coordinator = 0; coordinator < 2; coordinator++) {
        struct mesh_total written = {{100 + coordinator, 5, 7, 9}, 40, 1 + coordinator, 2, 3};
        history.clocks[coordinator] = 1000 - 500 * coordinator;  // the first one writes last
        history_write(&history, coordinator, MESH_TOTAL, 0, value,
                      mesh_total_encode(&written, value));
    }
    struct history_set both = {{3, 0}};
    struct history_set second = {{2, 0}};
    cr_assert(mesh_total_fold(&history.table, both.lanes, HISTORY_WORDS, 0, &total));
    cr_expect(total.sums.executions == 100 && total.sums.active_tasks == 5 &&
              total.sums.completion == 7 && total.sums.latency == 9);
    cr_expect(total.reports == 40 && total.regions == 1 && total.aggregators == 2 &&
              total.edges == 3);
    cr_assert(mesh_total_fold(&history.table, second.lanes, HISTORY_WORDS, 0, &total));
    cr_expect(total.sums.executions == 101 && total.regions == 2);
    cr_expect_not(mesh_total_fold(&history.table, both.lanes, HISTORY_WORDS, 1, &total));
}

Test(summary, a_total_counts_what_has_reported_and_only_the_edges_asked_for)
{
    struct mesh_row rows[8];
    struct mesh_summary state = {.rows = rows, .capacity = 8};
    static const uint32_t edges[] = {120, 3, 49, 9, 50, 10, 100, 51};
    for (uint32_t i = 0; i < 8; i++) {
        struct mesh_row row = {.sums = {.executions = 1}, .reports = 2, .edge = edges[i]};
        cr_assert(mesh_summary_write(&state, &row));
    }
    // Regions 0 (edges 3, 9 | 10 | 49), 1 (50, 51) and 2 (100 | 120).
    struct mesh_total total = mesh_summary_total(&state, &hierarchy, 0, UINT32_MAX);
    cr_expect(total.regions == 3 && total.aggregators == 6 && total.edges == 8);
    cr_expect(total.reports == 16 && total.sums.executions == 8);
    total = mesh_summary_total(&state, &hierarchy, 10, 51);
    cr_expect(total.regions == 2 && total.aggregators == 3 && total.edges == 3);
    total = mesh_summary_total(&state, &hierarchy, 52, 100);
    cr_expect(total.regions == 0 && total.edges == 0 && total.reports == 0);
}
