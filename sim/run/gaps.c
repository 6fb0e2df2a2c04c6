// SPDX-License-Identifier: GPL-3.0-or-later
#include "gaps.h"

#include <stdlib.h>

#include "allocate.h"
#include "mesh/bridges.h"

#define HOLDERS_ASKED 64u  // of an update, whether a partition is between them and who lacks it

struct search {
    const struct sim_engine *engine;
    const struct sim_scenario *scenario;
    const struct sim_world *world;
    const struct sim_cohorts *cohorts;
    struct sim_result *result;
    uint32_t *islands;           // [agents]
    enum sim_gap_cause *causes;  // [agents] what cuts an island off; CAUSE_COUNT: it is none
    uint32_t *subjects;          // [agents]
};

// ---- Islands ----

static bool is_up(const struct search *search, uint32_t node)
{
    return !sim_engine_is_down(search->engine, node);
}

static uint32_t count_up(const struct search *search, uint32_t first, uint32_t end)
{
    uint32_t up = 0;
    for (uint32_t node = first; node < end; node++) {
        up += is_up(search, node);
    }
    return up;
}

static void cut_off(struct search *search, uint32_t first, uint32_t end, uint32_t island,
                    enum sim_gap_cause cause, uint32_t subject)
{
    for (uint32_t agent = first; agent < end; agent++) {
        search->islands[agent] = island;
        search->causes[agent] = cause;
        search->subjects[agent] = subject;
    }
}

static bool has_relay(const struct search *search, uint32_t edge, uint32_t aggregator)
{
    const struct sim_places *places = &search->world->places;
    const struct mesh_scope *link =
        &search->world->scopes.items[places->edges.count + 2 + aggregator];
    for (uint32_t i = 0; i < link->count; i++) {
        uint32_t relay = link->members[i];
        if (relay >= places->edges.starts[edge] && relay < places->edges.starts[edge + 1] &&
            is_up(search, relay)) {
            return true;
        }
    }
    return false;
}

// With all coordinators down every aggregator is an island with its edges.
static void find_edges(struct search *search)
{
    const struct sim_places *places = &search->world->places;
    uint32_t top_first = places->agents + places->aggregators;
    bool top = count_up(search, top_first, places->nodes) > 0;
    for (uint32_t edge = 0; edge < places->edges.count; edge++) {
        uint32_t first = places->edges.starts[edge];
        uint32_t end = places->edges.starts[edge + 1];
        uint32_t aggregator = edge / search->scenario->hierarchy.edges_per_aggregator;
        uint32_t island = 1 + places->aggregators + edge;
        if (!is_up(search, places->agents + aggregator)) {
            cut_off(search, first, end, island, SIM_GAP_AGGREGATOR, places->agents + aggregator);
        } else if (!has_relay(search, edge, aggregator)) {
            cut_off(search, first, end, island, SIM_GAP_RELAYS, edge);
        } else if (!top) {
            cut_off(search, first, end, 1 + aggregator, SIM_GAP_COORDINATORS, 0);
        }
    }
}

static void find_regions(struct search *search)
{
    const struct sim_places *places = &search->world->places;
    const struct sim_scopes *scopes = &search->world->scopes;
    const struct mesh_scope *bridges = &scopes->items[scopes->bridge_scope];
    for (uint32_t region = 0; region < places->regions.count; region++) {
        bool bridged = false;
        for (uint32_t i = bridges->group_starts[region]; i < bridges->group_starts[region + 1];
             i++) {
            bridged |= is_up(search, bridges->members[i]) &&
                       mesh_bridges_has(sim_engine_raft(search->engine, bridges->members[i]));
        }
        if (!bridged) {
            cut_off(search, places->regions.starts[region], places->regions.starts[region + 1],
                    1 + region, SIM_GAP_BRIDGES, region);
        }
    }
}

static void find_islands(struct search *search)
{
    for (uint32_t agent = 0; agent < search->world->places.nodes; agent++) {
        search->causes[agent] = SIM_GAP_CAUSE_COUNT;
    }
    if (search->scenario->topology == SIM_HIERARCHICAL) {
        find_edges(search);
    } else if (search->scenario->topology == SIM_MULTI_REGION_LEADERS) {
        find_regions(search);
    }
}

// ---- One agent ----

struct reason {
    enum sim_gap_cause cause;
    uint32_t subject;
};

// A mode that never repairs what was missed.
static bool leaves_out(const struct sim_scenario *scenario)
{
    return scenario->gossip.mode == MESH_RUMOR || scenario->gossip.mode == MESH_DELTA;
}

// Which entry keeps the two apart; 0: none does by itself.
static uint32_t cutter_of(const struct search *search, uint32_t a, uint32_t b)
{
    uint64_t time_ns = search->result->simulated_ns;
    uint32_t cutter = sim_engine_cutter(search->engine, a, b, time_ns);
    return cutter > 0 ? cutter : sim_engine_cutter(search->engine, b, a, time_ns);
}

// Who waits for a snapshot may wait in vain: nobody who has one is up, or a partition lasts.
static struct reason reason_to_wait(const struct search *search, uint32_t agent)
{
    struct reason reason = {SIM_GAP_JOINING, 1};
    uint32_t asked = 0;
    for (uint32_t other = 0; other < search->cohorts->agents && asked < HOLDERS_ASKED; other++) {
        if (other == agent || !is_up(search, other) || search->cohorts->joining[other] ||
            search->islands[other] != search->islands[agent]) {
            continue;
        }
        uint32_t cutter = cutter_of(search, other, agent);
        if (cutter == 0) {
            return (struct reason){SIM_GAP_JOINING, 0};
        }
        reason = asked++ == 0 ? (struct reason){SIM_GAP_PARTITION, cutter} : reason;
    }
    return reason;
}

// Why the agent lacks the update.
static struct reason reason_of(const struct search *search, uint32_t agent, uint32_t update)
{
    const struct sim_cohorts *cohorts = search->cohorts;
    struct reason elsewhere = {SIM_GAP_LOST, 0};
    uint32_t asked = 0;
    uint32_t cutter = 0;
    bool cut = false;
    for (uint32_t other = 0; other < cohorts->agents && asked < HOLDERS_ASKED; other++) {
        if (!is_up(search, other) || !sim_cohorts_holds(cohorts, update, other)) {
            continue;
        }
        if (search->islands[other] != search->islands[agent]) {
            uint32_t cut_one = search->causes[agent] != SIM_GAP_CAUSE_COUNT ? agent : other;
            elsewhere = (struct reason){search->causes[cut_one], search->subjects[cut_one]};
            continue;
        }
        asked++;
        cut = sim_engine_cuts(search->engine, other, agent, search->result->simulated_ns) ||
              sim_engine_cuts(search->engine, agent, other, search->result->simulated_ns);
        if (!cut) {
            return (struct reason){leaves_out(search->scenario) ? SIM_GAP_MODE : SIM_GAP_UNFINISHED,
                                   0};
        }
        cutter = cutter > 0 ? cutter : cutter_of(search, other, agent);
    }
    return cut ? (struct reason){SIM_GAP_PARTITION, cutter} : elsewhere;
}

static void add(struct sim_result *result, const struct reason *reason, uint32_t agent)
{
    struct sim_gap *last = result->gap_count == 0 ? NULL : &result->gaps[result->gap_count - 1];
    if (last != NULL && last->cause == reason->cause && last->subject == reason->subject &&
        last->first + last->nodes == agent) {
        last->nodes++;
        return;
    }
    result->gaps = sim_memory_resize(result->gaps, (result->gap_count + 1) * sizeof *result->gaps);
    result->gaps[result->gap_count++] = (struct sim_gap){reason->cause, reason->subject, 1, agent};
}

// The first reason of those that hold for any update the agent lacks.
static bool find_reason(const struct search *search, uint32_t agent, struct reason *reason)
{
    const struct sim_cohorts *cohorts = search->cohorts;
    bool lacks = cohorts->joining[agent];
    *reason = lacks ? reason_to_wait(search, agent) : (struct reason){SIM_GAP_CAUSE_COUNT, 0};
    for (uint32_t i = 0; i < cohorts->kept_count && !cohorts->joining[agent]; i++) {
        if (sim_cohorts_holds(cohorts, cohorts->kept[i], agent)) {
            continue;
        }
        lacks = true;
        struct reason one = sim_engine_is_paused(search->engine, agent)
                                ? (struct reason){SIM_GAP_PAUSED, 0}
                                : reason_of(search, agent, cohorts->kept[i]);
        if (one.cause < reason->cause) {
            *reason = one;
        }
    }
    return lacks;
}

// ---- All ----

static int by_cause(const void *left, const void *right)
{
    const struct sim_gap *a = left;
    const struct sim_gap *b = right;
    if (a->cause != b->cause) {
        return a->cause < b->cause ? -1 : 1;
    }
    if (a->subject != b->subject) {
        return a->subject < b->subject ? -1 : 1;
    }
    return a->first < b->first ? -1 : a->first > b->first;
}

void sim_gaps_find(const struct sim_engine *engine, const struct sim_scenario *scenario,
                   const struct sim_world *world, const struct sim_cohorts *cohorts,
                   struct sim_result *result)
{
    uint32_t nodes = world->places.nodes;
    struct search search = {
        .engine = engine,
        .scenario = scenario,
        .world = world,
        .cohorts = cohorts,
        .result = result,
        .islands = sim_memory_zeroed(nodes * sizeof *search.islands),
        .causes = sim_memory_zeroed(nodes * sizeof *search.causes),
        .subjects = sim_memory_zeroed(nodes * sizeof *search.subjects),
    };
    find_islands(&search);
    for (uint32_t agent = 0; agent < cohorts->agents; agent++) {
        struct reason reason;
        bool counts = cohorts->up_since_ns[agent] != SIM_TIME_NEVER;  // liars never do
        if (!is_up(&search, agent)) {
            add(result, &(struct reason){SIM_GAP_DOWN, 0}, agent);
        } else if (counts && find_reason(&search, agent, &reason)) {
            result->lagging++;
            add(result, &reason, agent);
        }
    }
    if (result->gap_count > 0) {
        qsort(result->gaps, result->gap_count, sizeof *result->gaps, by_cause);
    }
    sim_memory_free(search.islands);
    sim_memory_free(search.causes);
    sim_memory_free(search.subjects);
}
