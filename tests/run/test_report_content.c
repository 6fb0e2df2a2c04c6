// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>

#include "fixture.h"
#include "report_content.h"
#include "world.h"

struct told {
    struct fixture fixture;
    struct sim_report_rule rules[3];
    struct sim_world world;
};

static const struct sim_report_rule everywhere = {
    .regions = {0, UINT32_MAX},
    .aggregators = {0, UINT32_MAX},
    .edges = {0, UINT32_MAX},
    .given = 15,
    .values = {{5000000000, 5000000000},
               {7000000, 7000000},
               {930000000, 930000000},
               {50000, 50000}},
};

// 2 regions of 2 aggregators of 3 edges of 20 agents, but for 243 agents.
static void told_init(struct told *told, bool per_edge, bool growing)
{
    fixture_init(&told->fixture, 243);
    fixture_set_hierarchy(&told->fixture, 2, 2, 3);
    told->rules[0] = everywhere;
    told->fixture.scenario.workload.report_every_ns = 1000 * MS;
    told->fixture.scenario.workload.reports = (struct sim_report_settings){
        .rules = told->rules, .rule_count = 1, .per_edge = per_edge, .growing = growing};
    sim_world_init(&told->world, &told->fixture.scenario, 1);
}

static struct mesh_report content(const struct told *told, uint32_t agent, uint32_t number)
{
    return sim_report_content(&told->fixture.scenario, &told->world.places, 1, agent, number);
}

// 5,000 executions over 20 agents are 250 each; over 21, 238 and two of them 239; 7 tasks are one
// each for the first seven.
Test(report_content, sums_of_an_edge_are_dealt_evenly_to_its_agents)
{
    static struct told told;
    told_init(&told, true, false);
    const struct sim_shares *edges = &told.world.places.edges;
    for (uint32_t edge = 0; edge < edges->count; edge++) {
        uint32_t first = edges->starts[edge];
        uint32_t agents = edges->starts[edge + 1] - first;
        uint64_t executions = 0;
        uint64_t tasks = 0;
        cr_assert(agents == 20 || agents == 21);
        for (uint32_t i = 0; i < agents; i++) {
            struct mesh_report report = content(&told, first + i, 3);
            cr_expect_eq(report.executions, agents == 20 ? 250u : 238u + (i < 2));
            cr_expect_eq(report.active_tasks, i < 7);
            cr_expect(report.completion_ppb == 930000000 && report.latency_us == 50000);
            executions += report.executions;
            tasks += report.active_tasks;
        }
        cr_expect(executions == 5000 && tasks == 7);
    }
    sim_world_finish(&told.world);
}

Test(report_content, the_last_rule_of_a_place_decides_figure_by_figure)
{
    static struct told told;
    told_init(&told, false, false);
    told.rules[1] = (struct sim_report_rule){.regions = {1, 2},
                                             .aggregators = {0, 4},
                                             .edges = {0, 12},
                                             .given = 1u << SIM_REPORT_LATENCY,
                                             .values = {[SIM_REPORT_LATENCY] = {1000, 1000}}};
    told.rules[2] = (struct sim_report_rule){.regions = {0, 2},
                                             .aggregators = {2, 3},
                                             .edges = {7, 8},
                                             .given = 1u << SIM_REPORT_COMPLETION,
                                             .values = {[SIM_REPORT_COMPLETION] = {5, 5}}};
    told.fixture.scenario.workload.reports.rule_count = 3;
    const uint32_t *starts = told.world.places.edges.starts;
    struct mesh_report first = content(&told, starts[5], 1);   // region 0
    struct mesh_report second = content(&told, starts[6], 1);  // region 1, aggregator 2
    struct mesh_report third = content(&told, starts[7], 1);   // the next edge
    struct mesh_report last = content(&told, starts[11], 1);   // aggregator 3
    cr_expect(first.latency_us == 50000 && first.completion_ppb == 930000000);
    cr_expect(second.latency_us == 1000 && second.completion_ppb == 930000000);
    cr_expect(third.latency_us == 1000 && third.completion_ppb == 5);
    cr_expect(last.latency_us == 1000 && last.completion_ppb == 930000000);
    sim_world_finish(&told.world);
}

// 2.25 is 2 three times of four; 4 to 6 are three even chances.
Test(report_content, counts_come_out_on_average)
{
    static struct told told;
    told_init(&told, false, false);
    told.rules[0].values[SIM_REPORT_EXECUTIONS] = (struct sim_report_value){2250000, 2250000};
    told.rules[0].values[SIM_REPORT_TASKS] = (struct sim_report_value){4000000, 6000000};
    told.rules[0].values[SIM_REPORT_LATENCY] = (struct sim_report_value){10, 19};
    uint32_t threes = 0;
    uint32_t tasks[3] = {0};
    uint64_t latency = 0;
    uint32_t count = 0;
    for (uint32_t agent = 0; agent < 240; agent++) {
        for (uint32_t number = 1; number <= 50; number++, count++) {
            struct mesh_report report = content(&told, agent, number);
            cr_assert(report.executions == 2 || report.executions == 3);
            cr_assert(report.active_tasks >= 4 && report.active_tasks <= 6);
            cr_assert(report.latency_us >= 10 && report.latency_us <= 19);
            threes += report.executions == 3;
            tasks[report.active_tasks - 4]++;
            latency += report.latency_us;
        }
    }
    // Of 12,000 draws five standard errors are 237 for a quarter, 258 for a third.
    cr_expect(threes > 3000 - 237 && threes < 3000 + 237, "%u", threes);
    for (uint32_t i = 0; i < 3; i++) {
        cr_expect(tasks[i] > 4000 - 258 && tasks[i] < 4000 + 258, "%u", tasks[i]);
    }
    cr_expect_float_eq((double)latency / count, 14.5, 0.14, "deviation 2.87 / sqrt(12000) * 5");
    sim_world_finish(&told.world);
}

Test(report_content, growing_executions_are_told_once_more_with_every_report)
{
    static struct told told;
    told_init(&told, false, true);
    told.rules[0].values[SIM_REPORT_EXECUTIONS] = (struct sim_report_value){1000000, 9000000};
    uint64_t rates = 0;
    for (uint32_t agent = 0; agent < 240; agent++) {
        uint64_t rate = content(&told, agent, 1).executions;
        for (uint32_t number = 2; number < 6; number++) {
            cr_expect_eq(content(&told, agent, number).executions, rate * number);
        }
        rates |= UINT64_C(1) << rate;
    }
    cr_expect_eq(rates, 0x3fe, "all of 1 to 9 occur among 240 agents");
    sim_world_finish(&told.world);
}
