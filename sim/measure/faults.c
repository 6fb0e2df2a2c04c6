// SPDX-License-Identifier: GPL-3.0-or-later
#include "faults.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
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

static void add_gap(struct sim_fault_figures *figures, const struct sim_gap *gap)
{
    uint32_t place = 0;
    while (place < figures->gap_count && (figures->gaps[place].cause < gap->cause ||
                                          (figures->gaps[place].cause == gap->cause &&
                                           figures->gaps[place].subject < gap->subject))) {
        place++;
    }
    bool known = place < figures->gap_count && figures->gaps[place].cause == gap->cause &&
                 figures->gaps[place].subject == gap->subject;
    if (known) {
        figures->gaps[place].nodes += gap->nodes;
        return;
    }
    figures->gaps =
        sim_memory_resize(figures->gaps, (figures->gap_count + 1) * sizeof *figures->gaps);
    for (uint32_t i = figures->gap_count++; i > place; i--) {
        figures->gaps[i] = figures->gaps[i - 1];
    }
    figures->gaps[place] = *gap;
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
    for (uint32_t i = 0; i < result->gap_count; i++) {
        add_gap(figures, &result->gaps[i]);
    }
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
}

void sim_fault_figures_finish(struct sim_fault_figures *figures)
{
    sim_memory_free(figures->entries);
    sim_memory_free(figures->gaps);
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
    };
    assert(cause < SIM_GAP_CAUSE_COUNT);
    return names[cause];
}

void sim_gap_text(const struct sim_scenario *scenario, const struct sim_gap *gap, char *text,
                  size_t size)
{
    switch (gap->cause) {
    case SIM_GAP_JOINING: snprintf(text, size, "they still wait for a snapshot"); return;
    case SIM_GAP_PAUSED: snprintf(text, size, "they are paused"); return;
    case SIM_GAP_LOST:
        snprintf(text, size,
                 "nobody who is up holds what they lack: its holders are down, or lost "
                 "it with their disks");
        return;
    case SIM_GAP_AGGREGATOR:
        snprintf(text, size, "aggregator %" PRIu32 " is down, the only way to or from its edges",
                 gap->subject);
        return;
    case SIM_GAP_COORDINATORS: snprintf(text, size, "all coordinators are down"); return;
    case SIM_GAP_RELAYS:
        snprintf(text, size, "all relays of edge %" PRIu32 " are down", gap->subject);
        return;
    case SIM_GAP_BRIDGES:
        snprintf(text, size, "all bridges of region %s are down",
                 scenario->regions[gap->subject].name);
        return;
    case SIM_GAP_PARTITION: snprintf(text, size, "a partition lasts"); return;
    case SIM_GAP_MODE:
        snprintf(text, size, "gossip.mode %s repairs nothing that was missed",
                 sim_mode_name(scenario->gossip.mode));
        return;
    case SIM_GAP_UNFINISHED:
    case SIM_GAP_CAUSE_COUNT: break;
    }
    snprintf(text, size, "nothing is in the way: the run ended first (duration_ms)");
}
