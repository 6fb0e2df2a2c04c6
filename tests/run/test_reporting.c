// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <string.h>

#include "fixture.h"
#include "reporting.h"

// 2 regions of 2 aggregators of 3 edges of 20 agents, who report every 400 ms for 6 s.
static void init_reporting(struct fixture *fixture)
{
    fixture_init(fixture, 240);
    fixture_set_hierarchy(fixture, 2, 2, 3);
    fixture->scenario.duration_ns = 6000 * MS;
    fixture->scenario.workload.report_every_ns = 400 * MS;
    fixture->scenario.network.latency[SIM_EDGE_AGGREGATOR] =
        (struct sim_latency){SIM_UNIFORM, 10 * MS, 100 * MS};
    fixture->scenario.network.latency[SIM_AGGREGATOR_COORDINATOR] =
        (struct sim_latency){SIM_UNIFORM, 50 * MS, 100 * MS};
}

static uint64_t mean_ns(const struct sim_result *result,
                        uint64_t (*of)(const struct sim_report_result *report))
{
    uint64_t sum = 0;
    uint64_t count = 0;
    for (uint32_t i = 0; i < result->report_count; i++) {
        uint64_t since = of(&result->reports[i]);
        sum += since == SIM_TIME_NEVER ? 0 : since;
        count += since != SIM_TIME_NEVER;
    }
    cr_assert_gt(count, 0);
    return sum / count;
}

static uint64_t edge_of(const struct sim_report_result *report)
{
    return report->edge_ns;
}

static uint64_t aggregator_of(const struct sim_report_result *report)
{
    return report->aggregator_ns;
}

static uint64_t coordinators_of(const struct sim_report_result *report)
{
    return report->coordinators_ns;
}

Test(reporting, reports_come_to_their_edge_the_aggregator_and_the_coordinators)
{
    struct fixture fixture;
    struct sim_result result;
    init_reporting(&fixture);
    fixture_run(&fixture, 0, &result);
    // 15 reports in 6 s, one more where the last window goes on.
    cr_assert(result.report_count >= 240 * 15 && result.report_count <= 240 * 16, "%u reports",
              result.report_count);
    uint32_t late = 0;
    for (uint32_t i = 0; i < result.report_count; i++) {
        const struct sim_report_result *report = &result.reports[i];
        cr_assert(report->edge_ns != SIM_TIME_NEVER || report->written_ns > 5000 * MS);
        cr_assert(report->aggregator_ns != SIM_TIME_NEVER || report->written_ns > 5000 * MS);
        cr_assert(report->aggregator_ns >= 10 * MS, "no faster than the link");
        late += report->coordinators_ns == SIM_TIME_NEVER;
        cr_assert(report->coordinators_ns >= 60 * MS, "nor than both links");
        cr_assert(report->coordinators_ns >= report->aggregator_ns + 50 * MS ||
                  report->coordinators_ns == SIM_TIME_NEVER);
        cr_assert(report->coordinators_ns != SIM_TIME_NEVER || report->written_ns > 2500 * MS,
                  "report %u of agent %u, written at %lu ms", report->number, report->agent,
                  report->written_ns / MS);
    }
    cr_expect_lt(late, result.report_count / 2);
    uint64_t edge = mean_ns(&result, edge_of);
    uint64_t aggregator = mean_ns(&result, aggregator_of);
    uint64_t coordinators = mean_ns(&result, coordinators_of);
    cr_expect(edge > 100 * MS && edge < 600 * MS, "%lu ms in the edge", edge / MS);
    cr_expect(coordinators > aggregator + 75 * MS, "%lu and %lu ms", aggregator / MS,
              coordinators / MS);
    sim_result_finish(&result);
}

Test(reporting, the_coordinators_total_counts_every_agent_once)
{
    struct fixture fixture;
    struct sim_result result;
    init_reporting(&fixture);
    fixture_run(&fixture, 0, &result);
    const struct mesh_total *total = &result.total;
    cr_expect_eq(total->reports, 240);
    cr_expect(total->regions == 2 && total->aggregators == 4 && total->edges == 12);
    // 2 or 3 executions between two of at most 16 reports; at most 5 of them still on their way.
    uint64_t executions = (uint64_t)total->sums.executions;
    cr_expect(executions >= 240 * 2 * 10 && executions <= 240 * 3 * 16, "%lu", executions);
    uint64_t tasks = (uint64_t)total->sums.active_tasks;
    cr_expect(tasks > 240 * 6 / 10 - 40 && tasks < 240 * 6 / 10 + 40, "%lu active tasks", tasks);
    uint32_t rate = mesh_sums_completion_ppb(&total->sums);
    uint32_t latency_us = mesh_sums_latency_us(&total->sums);
    cr_expect(rate > 920000000 && rate < 940000000, "completion rate %u ppb", rate);
    cr_expect(latency_us > 47000 && latency_us < 53000, "latency %u us", latency_us);
    sim_result_finish(&result);
}

Test(reporting, windows_and_heap_agree)
{
    static const enum mesh_mode modes[] = {MESH_PUSH_PULL, MESH_EAGER, MESH_PUSH};
    for (uint32_t i = 0; i < 3; i++) {
        struct fixture fixture;
        struct sim_result windows;
        struct sim_result heap;
        init_reporting(&fixture);
        fixture.scenario.gossip.mode = modes[i];
        fixture.scenario.duration_ns = 3000 * MS;
        fixture.scenario.network.loss_ppb = 100000000;
        fixture_run(&fixture, 0, &windows);
        fixture.options.queue = SIM_QUEUE_HEAP;
        fixture_run(&fixture, 0, &heap);
        cr_expect_eq(windows.fingerprint, heap.fingerprint);
        cr_assert(windows.report_count == heap.report_count && windows.report_count > 0);
        cr_expect(memcmp(windows.reports, heap.reports,
                         windows.report_count * sizeof *windows.reports) == 0);
        sim_result_finish(&windows);
        sim_result_finish(&heap);
    }
}

Test(reporting, nobody_reports_unless_asked_to)
{
    struct fixture fixture;
    struct sim_result result;
    init_reporting(&fixture);
    fixture.scenario.workload.report_every_ns = 0;
    fixture_run(&fixture, 0, &result);
    cr_expect(result.report_count == 0 && result.total.reports == 0);
    for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
        cr_expect_eq(result.traffic[MESH_MESSAGE_ROWS][pair].messages, 0);
    }
    sim_result_finish(&result);
}

Test(reporting, reports_before_the_end_of_the_warm_up_are_not_judged)
{
    struct fixture fixture;
    struct sim_result result;
    init_reporting(&fixture);
    fixture.scenario.workload.first_write_ns = 3000 * MS;
    fixture.scenario.workload.warmup_ns = 2000 * MS;
    fixture_run(&fixture, 0, &result);
    cr_assert_gt(result.report_count, 240 * 8);
    for (uint32_t i = 0; i < result.report_count; i++) {
        cr_assert_geq(result.reports[i].written_ns, 2000 * MS);
    }
    sim_result_finish(&result);
}

// ---- By hand ----

struct told {
    struct fixture fixture;
    struct sim_world world;
    struct sim_result result;
    struct sim_reports reports;
};

static void told_init(struct told *told)
{
    init_reporting(&told->fixture);
    told->result = (struct sim_result){.seed = 1};
    sim_world_init(&told->world, &told->fixture.scenario, 1);
    sim_reports_init(&told->reports, &told->fixture.scenario, &told->world, 1, &told->result);
}

static void told_finish(struct told *told)
{
    sim_reports_finish(&told->reports);
    sim_world_finish(&told->world);
}

static void tell(struct told *told, struct sim_note note)
{
    sim_reports_notes(&told->reports, &note, 1);
}

// A row covers what its relay held when it made it; who has had a row has had what it covers.
Test(reporting, a_report_is_covered_by_a_row_that_was_made_after_its_relay_heard_it)
{
    static struct told told;
    told_init(&told);
    struct sim_reports *reports = &told.reports;
    uint32_t relay = told.world.scopes.items[told.world.places.edges.count + 2].members[0];
    uint32_t author = relay == 5 ? 6 : 5;
    uint32_t aggregator = told.world.places.agents;
    uint32_t coordinator = aggregator + told.world.places.aggregators;
    struct sim_reporting source = sim_reports_source(reports);
    uint64_t start = source.first_ns(source.context, author);
    size_t at = (size_t)author * reports->numbers_max;
    cr_assert_lt(relay, 20);
    tell(&told, (struct sim_note){.time_ns = start, .node = author, .author = author, .number = 1});
    // A row that the relay made before it heard of the report.
    tell(&told, (struct sim_note){.time_ns = start + 10, .node = relay, .author = 19, .number = 1});
    tell(&told,
         (struct sim_note){
             .time_ns = start + 11, .content = 1, .node = relay, .author = relay, .row = true});
    tell(&told,
         (struct sim_note){.time_ns = start + 12, .node = relay, .author = author, .number = 1});
    tell(
        &told,
        (struct sim_note){
            .time_ns = start + 20, .content = 1, .node = aggregator, .author = relay, .row = true});
    cr_expect(reports->covered[0][author] == 0 && reports->covered[0][19] == 1);
    tell(&told,
         (struct sim_note){
             .time_ns = start + 30, .content = 2, .node = relay, .author = relay, .row = true});
    tell(
        &told,
        (struct sim_note){
            .time_ns = start + 40, .content = 2, .node = aggregator, .author = relay, .row = true});
    cr_expect(reports->covered[0][author] == 1 && reports->above_ns[0][at] == 40);
    // Theta of three coordinators are all three.
    for (uint32_t i = 0; i < 3; i++) {
        cr_expect_eq(reports->covered[1][author], 0);
        tell(&told, (struct sim_note){.time_ns = start + 50 + i,
                                      .content = 2,
                                      .node = coordinator + i,
                                      .author = relay,
                                      .row = true});
    }
    cr_expect(reports->covered[1][author] == 1 && reports->above_ns[1][at] == 52);
    cr_expect_null(reports->rows[0], "nobody will take over either row any more");
    cr_expect_eq(reports->holders[at], 2);
    told_finish(&told);
}

// In mode push no report ever settles; messages can name so many lanes of an edge and no more.
Test(reporting, an_edge_has_no_more_lanes_than_messages_can_name)
{
    struct fixture fixture;
    init_reporting(&fixture);
    fixture.scenario.gossip.mode = MESH_PUSH;
    cr_expect_eq(sim_reports_lanes(&fixture.scenario), 20 * 16);
    fixture.scenario.duration_ns = UINT64_C(86400000) * MS;
    fixture.scenario.workload.report_every_ns = 5 * MS;
    cr_expect_eq(sim_reports_lanes(&fixture.scenario), SIM_LOCAL_LANES_MAX);
}
