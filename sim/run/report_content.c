// SPDX-License-Identifier: GPL-3.0-or-later
#include "report_content.h"

#include <assert.h>

#include "mesh/random.h"

#define MILLION 1000000u

// Draws of the workload; reporting.c has the purposes before them.
enum { DRAW_OF_AGENT = MESH_DRAW_DRIVER + 113, DRAW_OF_EDGE };

// Whose draws decide, and how many share what is drawn.
struct teller {
    uint64_t seed;
    uint32_t edge;
    uint32_t who;      // the agent, or its edge
    uint32_t purpose;  // DRAW_OF_AGENT, DRAW_OF_EDGE
    uint32_t place;    // of the agent among those that share
    uint32_t sharers;
};

static bool lies_in(uint32_t place, struct sim_span span)
{
    return place >= span.first && place < span.end;
}

static struct sim_report_value value_at(const struct sim_scenario *scenario, uint32_t edge,
                                        enum sim_report_figure figure)
{
    const struct sim_report_settings *settings = &scenario->workload.reports;
    uint32_t aggregator = edge / scenario->hierarchy.edges_per_aggregator;
    uint32_t region = aggregator / scenario->hierarchy.aggregators_per_region;
    uint32_t i = settings->rule_count;
    const struct sim_report_rule *rule;
    do {
        assert(i > 0);
        rule = &settings->rules[--i];
    } while ((rule->given >> figure & 1) == 0 || !lies_in(region, rule->regions) ||
             !lies_in(aggregator, rule->aggregators) || !lies_in(edge, rule->edges));
    return rule->values[figure];
}

static struct mesh_random draw(const struct teller *teller, enum sim_report_figure figure,
                               uint32_t number)
{
    return mesh_draw(teller->seed, teller->purpose, figure, teller->who, number);
}

static uint64_t drawn_within(struct sim_report_value value, const struct mesh_random *random)
{
    uint64_t choices = value.high - value.low + 1;
    return value.low + mesh_below_wide(random->word[0], random->word[1], choices);
}

// A range between whole numbers holds whole numbers only.
static uint64_t count_of(const struct teller *teller, struct sim_report_value value,
                         enum sim_report_figure figure, uint32_t number)
{
    struct mesh_random random = draw(teller, figure, number);
    if (value.low % MILLION == 0 && value.high % MILLION == 0) {
        value.low /= MILLION;
        value.high /= MILLION;
        return drawn_within(value, &random);
    }
    uint64_t millionths = drawn_within(value, &random);
    uint32_t share = (uint32_t)(millionths % MILLION);
    return millionths / MILLION + (mesh_below(random.word[2], MILLION) < share);
}

static uint64_t part_of(const struct teller *teller, uint64_t sum)
{
    return sum / teller->sharers + (teller->place < sum % teller->sharers);
}

static uint32_t average_of(const struct sim_scenario *scenario, const struct teller *teller,
                           enum sim_report_figure figure, uint32_t number)
{
    struct mesh_random random = draw(teller, figure, number);
    return (uint32_t)drawn_within(value_at(scenario, teller->edge, figure), &random);
}

static struct teller teller_of(const struct sim_scenario *scenario, const struct sim_places *places,
                               uint64_t seed, uint32_t agent)
{
    uint32_t edge = sim_shares_find(&places->edges, agent);
    uint32_t first = places->edges.starts[edge];
    if (!scenario->workload.reports.per_edge) {
        return (struct teller){seed, edge, agent, DRAW_OF_AGENT, 0, 1};
    }
    return (struct teller){seed,         edge,          edge,
                           DRAW_OF_EDGE, agent - first, places->edges.starts[edge + 1] - first};
}

struct mesh_report sim_report_content(const struct sim_scenario *scenario,
                                      const struct sim_places *places, uint64_t seed,
                                      uint32_t agent, uint32_t number)
{
    const struct teller teller = teller_of(scenario, places, seed, agent);
    struct sim_report_value executed = value_at(scenario, teller.edge, SIM_REPORT_EXECUTIONS);
    struct sim_report_value active = value_at(scenario, teller.edge, SIM_REPORT_TASKS);
    bool growing = scenario->workload.reports.growing;
    uint64_t executions =
        part_of(&teller, count_of(&teller, executed, SIM_REPORT_EXECUTIONS, growing ? 0 : number));
    return (struct mesh_report){
        .executions = executions * (growing ? number : 1),
        .active_tasks = part_of(&teller, count_of(&teller, active, SIM_REPORT_TASKS, number)),
        .completion_ppb = average_of(scenario, &teller, SIM_REPORT_COMPLETION, number),
        .latency_us = average_of(scenario, &teller, SIM_REPORT_LATENCY, number),
    };
}
