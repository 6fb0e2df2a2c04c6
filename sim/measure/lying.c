// SPDX-License-Identifier: GPL-3.0-or-later
#include "lying.h"

#include <assert.h>
#include <math.h>
#include <string.h>

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

bool sim_shift_wanted(const struct sim_scenario *scenario)
{
    bool wanted = false;
    for (uint32_t i = 0; i < scenario->expectation_count && scenario->liar_count > 0; i++) {
        wanted |= strstr(scenario->expectations[i].text, "convergence_shift") != NULL;
    }
    return wanted;
}

// The noise is the standard error of the mean time without lies: what another seed would change it
// by. Updates that either run did not get to theta are never within it.
bool sim_shift_of(const struct sim_scenario *scenario, const struct sim_result *result,
                  uint64_t *sample)
{
    double count = 0;
    double difference = 0;
    double sum = 0;
    double squares = 0;
    for (uint32_t i = 0; i < result->update_count; i++) {
        const struct sim_update_result *update = &result->updates[i];
        if (update->calm_theta_ns == SIM_TIME_NEVER) {
            continue;
        }
        if (update->theta_ns == SIM_TIME_NEVER) {
            *sample = SIM_TIME_NEVER;
            return sim_shift_wanted(scenario);
        }
        double calm = (double)update->calm_theta_ns;
        count++;
        difference += (double)update->theta_ns - calm;
        sum += calm;
        squares += calm * calm;
    }
    if (count < 2) {
        return false;
    }
    double variance = (squares - sum * sum / count) / (count - 1);
    double error = sqrt(variance / count);
    double shift = fabs(difference / count) / error;
    *sample = error > 0 ? (uint64_t)(shift * SIM_PPB) : 0;
    return sim_shift_wanted(scenario);
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
            (struct sim_liar_pool){.text = scenario->liars[i].text,
                                   .unseen = sim_liar_unseen(scenario, &scenario->liars[i]),
                                   .first_ns = SIM_TIME_NEVER};
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

// Of behaviours that the guard has something against, what it would need.
static const char *missing_for(const struct sim_scenario *scenario, const struct sim_liar *liar)
{
    const struct sim_guard_settings *guard = &scenario->guard;
    bool signs = scenario->network.signature_bytes > 0;
    uint64_t lasts_ns = sim_scenario_end_ns(scenario) - liar->at_ns;
    switch (liar->behaviour) {
    case SIM_INFLATING:
        if (liar->of.roles == UINT32_C(1) << SIM_ROLE_RELAY) {
            return "a relay signs what it says its reports add up to";
        }
        return signs ? NULL : "rows are not signed";
    case SIM_FORGING:
    case SIM_EQUIVOCATING: return signs ? NULL : "updates are not signed";
    case SIM_DELAYING:
        return guard->bound_ns > 0 && liar->delay_ns > guard->bound_ns
                   ? NULL
                   : "so long a delay is within the timestamp bound";
    case SIM_REPLAYING:
        return guard->bound_ns > 0 && lasts_ns > guard->bound_ns
                   ? NULL
                   : "in a run of this length nothing is older than the timestamp bound";
    case SIM_LYING_DIGESTS:
        return guard->bound_ns > 0 && signs && lasts_ns > guard->bound_ns
                   ? NULL
                   : "a wrong hash only begins an exchange, and nobody's own write is old enough "
                     "to be denied";
    case SIM_FLOODING: return guard->rate > 0 ? NULL : "no rate_limit_per_peer is set";
    default: return NULL;
    }
}

const char *sim_liar_unseen(const struct sim_scenario *scenario, const struct sim_liar *liar)
{
    switch (liar->behaviour) {
    case SIM_SILENT: return "silence looks like loss";
    case SIM_ECLIPSING: return "a snapshot with nothing in it is one of an empty mesh";
    default:
        return scenario->guard.threshold_ppb == 0 || scenario->guard.when == SIM_GUARD_OFF
                   ? "nobody's reputation is ever too low"
                   : missing_for(scenario, liar);
    }
}
