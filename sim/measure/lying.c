// SPDX-License-Identifier: GPL-3.0-or-later
#include "lying.h"

#include <assert.h>

#include "allocate.h"

// ---- Metrics ----

bool sim_detection_at(const struct sim_result *result, uint32_t index, uint64_t *sample)
{
    *sample = result->detections[index].after_ns;
    return true;
}

uint32_t sim_detection_count(const struct sim_result *result)
{
    return result->detection_count;
}

bool sim_deceit_at(const struct sim_result *result, uint32_t index, uint64_t *sample)
{
    *sample = result->deceits[index].after_ns;
    return true;
}

uint32_t sim_deceit_count(const struct sim_result *result)
{
    return result->deceit_count;
}

// Rounded up: what is shown as 0 is 0.
static uint64_t share_of(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : (part * SIM_PPB + whole - 1) / whole;
}

bool sim_deceived_of(const struct sim_scenario *scenario, const struct sim_result *result,
                     uint64_t *sample)
{
    *sample = share_of(result->deceived, result->honest);
    return scenario->liar_count > 0;
}

bool sim_lies_of(const struct sim_scenario *scenario, const struct sim_result *result,
                 uint64_t *sample)
{
    *sample = 0;
    for (uint32_t i = 0; i < result->liar_count; i++) {
        *sample += result->liars[i].lies;
    }
    return scenario->liar_count > 0;
}

bool sim_rejected_of(const struct sim_scenario *scenario, const struct sim_result *result,
                     uint64_t *sample)
{
    *sample = 0;
    for (uint32_t reason = 1; reason < MESH_REJECT_COUNT; reason++) {
        *sample += reason == MESH_REJECT_EQUIVOCATION ? 0 : result->rejects[1][reason];
    }
    return scenario->liar_count > 0;
}

bool sim_wrongly_ignored_of(const struct sim_scenario *scenario, const struct sim_result *result,
                            uint64_t *sample)
{
    *sample = result->wrongly_ignored;
    return scenario->liar_count > 0;
}

static uint64_t caught_in(const struct sim_result *result)
{
    uint64_t caught = 0;
    for (uint32_t i = 0; i < result->detection_count; i++) {
        caught += result->detections[i].after_ns != SIM_TIME_NEVER;
    }
    return caught;
}

bool sim_undetected_of(const struct sim_scenario *scenario, const struct sim_result *result,
                       uint64_t *sample)
{
    *sample = share_of(result->detection_count - caught_in(result), result->detection_count);
    return scenario->liar_count > 0;
}

// ---- Pooling ----

// A store may have been changed, and have other rows of liars than its scenario has entries.
static void add_entries(struct sim_liar_figures *figures, const struct sim_result *result)
{
    for (uint32_t i = 0; i < result->liar_count && i < figures->entry_count; i++) {
        const struct sim_liar_result *liar = &result->liars[i];
        struct sim_liar_pool *entry = &figures->entries[i];
        entry->lies += liar->lies;
        entry->nodes += liar->nodes;
        entry->lying += liar->lying;
        entry->first_ns = liar->first_ns < entry->first_ns ? liar->first_ns : entry->first_ns;
    }
}

static void add_result(struct sim_liar_figures *figures, const struct sim_result *result)
{
    add_entries(figures, result);
    for (uint32_t reason = 0; reason < MESH_REJECT_COUNT; reason++) {
        figures->rejects[0][reason] += result->rejects[0][reason];
        figures->rejects[1][reason] += result->rejects[1][reason];
    }
    for (uint32_t i = 0; i < result->deceit_count; i++) {
        figures->lasting += result->deceits[i].after_ns == SIM_TIME_NEVER;
    }
    figures->deceits += result->deceit_count;
    figures->honest += result->honest;
    figures->deceived += result->deceived;
    figures->liars += result->detection_count;
    figures->caught += caught_in(result);
    figures->wrongly_ignored += result->wrongly_ignored;
    figures->invalid += result->invalid;
    figures->run_count++;
}

void sim_liar_figures_init(struct sim_liar_figures *figures, const struct sim_scenario *scenario,
                           const struct sim_result *results, uint32_t count)
{
    *figures = (struct sim_liar_figures){.entry_count = scenario->liar_count};
    if (scenario->liar_count == 0) {
        return;
    }
    figures->entries = sim_memory_zeroed(figures->entry_count * sizeof *figures->entries);
    for (uint32_t i = 0; i < figures->entry_count; i++) {
        figures->entries[i] =
            (struct sim_liar_pool){.text = scenario->liars[i].text, .first_ns = SIM_TIME_NEVER};
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!results[i].interrupted) {
            add_result(figures, &results[i]);
        }
    }
}

void sim_liar_figures_finish(struct sim_liar_figures *figures)
{
    sim_memory_free(figures->entries);
}

// ---- In words ----

const char *sim_reject_name(enum mesh_reject reason)
{
    static const char *const names[MESH_REJECT_COUNT] = {
        [MESH_REJECT_SCOPE] = "scope",
        [MESH_REJECT_KIND] = "kind",
        [MESH_REJECT_SELF] = "self",
        [MESH_REJECT_FORMAT] = "format",
        [MESH_REJECT_FULL] = "full",
        [MESH_REJECT_EDGE] = "edge",
        [MESH_REJECT_MEMBER] = "member",
        [MESH_REJECT_HISTORY] = "history",
        [MESH_REJECT_SIGNATURE] = "signature",
        [MESH_REJECT_CLOCK] = "clock",
        [MESH_REJECT_STALE] = "stale",
        [MESH_REJECT_DIGEST] = "digest",
        [MESH_REJECT_RATE] = "rate",
        [MESH_REJECT_IGNORED] = "ignored",
        [MESH_REJECT_EQUIVOCATION] = "equivocation",
    };
    assert(reason > 0 && reason < MESH_REJECT_COUNT);
    return names[reason];
}
