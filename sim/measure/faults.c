// SPDX-License-Identifier: GPL-3.0-or-later
#include "faults.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"

// ---- Metrics ----

bool sim_extra_wanted(const struct sim_scenario *scenario)
{
    bool wanted = false;
    for (uint32_t i = 0; i < scenario->expectation_count && scenario->fault_count > 0; i++) {
        wanted |= strstr(scenario->expectations[i].text, "extra_convergence_ms") != NULL;
    }
    return wanted;
}

bool sim_extra_of(const struct sim_scenario *scenario, const struct sim_result *result,
                  const struct sim_update_result *update, uint64_t *sample)
{
    (void)scenario;
    (void)result;
    bool later = update->theta_ns > update->calm_theta_ns;
    *sample = update->theta_ns == SIM_TIME_NEVER ? SIM_TIME_NEVER
              : later                            ? update->theta_ns - update->calm_theta_ns
                                                 : 0;
    return update->calm_theta_ns != SIM_TIME_NEVER;
}

bool sim_unwritten_of(const struct sim_scenario *scenario, const struct sim_result *result,
                      uint64_t *sample)
{
    (void)scenario;
    *sample = result->unwritten;
    return true;
}

bool sim_lagging_of(const struct sim_scenario *scenario, const struct sim_result *result,
                    uint64_t *sample)
{
    (void)scenario;
    *sample = result->lagging;
    return true;
}

bool sim_old_agents_of(const struct sim_scenario *scenario, const struct sim_result *result,
                       uint64_t *sample)
{
    (void)result;
    *sample = scenario->migration == NULL ? 0 : scenario->migration->from->agents;
    return true;
}

bool sim_agents_per_edge_of(const struct sim_scenario *scenario, const struct sim_result *result,
                            uint64_t *sample)
{
    uint64_t edges = (uint64_t)scenario->region_count * scenario->hierarchy.aggregators_per_region *
                     scenario->hierarchy.edges_per_aggregator;
    (void)result;
    *sample = edges == 0 ? 0 : (scenario->agents + edges - 1) / edges;
    return edges > 0;
}

// ---- Pooling ----

static void add_gaps(struct sim_fault_figures *figures, const struct sim_result *result)
{
    uint32_t count = figures->gap_count + result->gap_count;
    if (result->gap_count == 0) {
        return;
    }
    figures->gaps = sim_memory_resize(figures->gaps, count * sizeof *figures->gaps);
    memcpy(&figures->gaps[figures->gap_count], result->gaps,
           result->gap_count * sizeof *result->gaps);
    figures->gap_count = count;
}

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

static void add_messages(struct sim_fault_figures *figures, const struct sim_result *result)
{
    for (uint32_t kind = 0; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
            figures->cut += result->traffic[kind][pair].cut;
            figures->dead += result->traffic[kind][pair].dead;
            figures->refused += result->traffic[kind][pair].refused;
        }
    }
}

// A store may have been changed, and have other rows of faults than its scenario has entries.
static void add_result(struct sim_fault_figures *figures, const struct sim_result *result)
{
    for (uint32_t i = 0; i < result->fault_count && i < figures->entry_count; i++) {
        const struct sim_fault_result *fault = &result->faults[i];
        figures->entries[i].firings += fault->firings;
        figures->entries[i].nodes += fault->nodes;
        figures->entries[i].runs += fault->nodes > 0;
    }
    for (uint32_t i = 0; i < result->rejoin_count; i++) {
        figures->unfinished += result->rejoins[i].after_ns == SIM_TIME_NEVER;
    }
    add_gaps(figures, result);
    add_messages(figures, result);
    figures->updates += result->update_count;
    figures->unwritten += result->unwritten;
    figures->takeovers += result->takeover_count;
    figures->rejoins += result->rejoin_count;
    figures->lagging += result->lagging;
    figures->run_count++;
}

void sim_fault_figures_init(struct sim_fault_figures *figures, const struct sim_scenario *scenario,
                            const struct sim_result *results, uint32_t count)
{
    *figures = (struct sim_fault_figures){.entry_count = scenario->fault_count};
    if (scenario->fault_count == 0) {
        return;
    }
    figures->entries = sim_memory_zeroed(figures->entry_count * sizeof *figures->entries);
    for (uint32_t i = 0; i < figures->entry_count; i++) {
        figures->entries[i].text = scenario->faults[i].text;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!results[i].interrupted) {
            add_result(figures, &results[i]);
        }
    }
    if (figures->gap_count > 0) {
        qsort(figures->gaps, figures->gap_count, sizeof *figures->gaps, by_cause);
    }
}

void sim_fault_figures_finish(struct sim_fault_figures *figures)
{
    sim_memory_free(figures->entries);
    sim_memory_free(figures->gaps);
}

// ---- Who ----

uint32_t sim_gap_end(const struct sim_fault_figures *figures, uint32_t first, uint64_t *nodes)
{
    const struct sim_gap *gaps = figures->gaps;
    uint32_t end = first;
    *nodes = 0;
    while (end < figures->gap_count && gaps[end].cause == gaps[first].cause &&
           gaps[end].subject == gaps[first].subject) {
        *nodes += gaps[end++].nodes;
    }
    return end;
}

void sim_gap_members(const struct sim_fault_figures *figures, uint32_t first, uint32_t end,
                     char *text, size_t size)
{
    uint32_t shown = 0;
    text[0] = '\0';
    for (uint32_t i = first; i < end; shown++) {
        uint32_t from = figures->gaps[i].first;
        uint32_t to = from;
        for (; i < end && figures->gaps[i].first <= to; i++) {  // of several repetitions
            uint32_t last = figures->gaps[i].first + figures->gaps[i].nodes;
            to = last > to ? last : to;
        }
        size_t length = strlen(text);
        if (shown == SIM_GAP_RANGES_SHOWN) {
            snprintf(text + length, size - length, ", ...");
            return;
        }
        snprintf(text + length, size - length,
                 to - from == 1 ? "%s%" PRIu32 : "%s%" PRIu32 "-%" PRIu32, shown == 0 ? "" : ", ",
                 from, to - 1);
    }
}

// ---- In words ----

const char *sim_gap_cause_name(enum sim_gap_cause cause)
{
    static const char *const names[SIM_GAP_CAUSE_COUNT] = {
        [SIM_GAP_JOINING] = "joining",
        [SIM_GAP_PAUSED] = "paused",
        [SIM_GAP_LOST] = "lost",
        [SIM_GAP_AGGREGATOR] = "aggregator",
        [SIM_GAP_COORDINATORS] = "coordinators",
        [SIM_GAP_RELAYS] = "relays",
        [SIM_GAP_BRIDGES] = "bridges",
        [SIM_GAP_PARTITION] = "partition",
        [SIM_GAP_MODE] = "mode",
        [SIM_GAP_UNFINISHED] = "unfinished",
        [SIM_GAP_DOWN] = "down",
    };
    assert(cause < SIM_GAP_CAUSE_COUNT);
    return names[cause];
}

// Hosts of a hierarchy are numbered: agents, aggregators, coordinators.
static void put_aggregator(const struct sim_scenario *scenario, uint32_t node, char *text,
                           size_t size)
{
    uint32_t edges = scenario->hierarchy.edges_per_aggregator;
    uint32_t first = (node - scenario->agents) * edges;
    if (edges == 1) {
        snprintf(text, size,
                 "aggregator %" PRIu32 " is down, the only way to or from edge %" PRIu32, node,
                 first);
    } else {
        snprintf(text, size,
                 "aggregator %" PRIu32 " is down, the only way to or from edges %" PRIu32
                 "-%" PRIu32,
                 node, first, first + edges - 1);
    }
}

static void put_partition(const struct sim_scenario *scenario, uint32_t number, char *text,
                          size_t size)
{
    if (number == 0 || number > scenario->fault_count) {
        snprintf(text, size, "a link loses all");
    } else {
        snprintf(text, size, "fault %" PRIu32 " lasts, %s", number,
                 scenario->faults[number - 1].text);
    }
}

void sim_gap_text(const struct sim_scenario *scenario, const struct sim_gap *gap, char *text,
                  size_t size)
{
    switch (gap->cause) {
    case SIM_GAP_JOINING:
        snprintf(text, size, "they still wait for a snapshot%s",
                 gap->subject == 0 ? "" : ", and nobody who could give one is up");
        return;
    case SIM_GAP_PAUSED: snprintf(text, size, "they are paused"); return;
    case SIM_GAP_LOST:
        snprintf(text, size,
                 "nobody who is up holds what they lack: its holders are down, or lost "
                 "it with their disks");
        return;
    case SIM_GAP_AGGREGATOR: put_aggregator(scenario, gap->subject, text, size); return;
    case SIM_GAP_COORDINATORS: snprintf(text, size, "all coordinators are down"); return;
    case SIM_GAP_RELAYS:
        snprintf(text, size, "all relays of edge %" PRIu32 " are down", gap->subject);
        return;
    case SIM_GAP_BRIDGES:
        snprintf(text, size, "all bridges of region %s are down",
                 scenario->regions[gap->subject].name);
        return;
    case SIM_GAP_PARTITION: put_partition(scenario, gap->subject, text, size); return;
    case SIM_GAP_MODE:
        snprintf(text, size, "gossip.mode %s repairs nothing that was missed",
                 sim_mode_name(scenario->gossip.mode));
        return;
    case SIM_GAP_DOWN: snprintf(text, size, "nothing brings them back"); return;
    case SIM_GAP_UNFINISHED:
    case SIM_GAP_CAUSE_COUNT: break;
    }
    snprintf(text, size, "nothing is in the way: the run ended first (duration_ms)");
}
