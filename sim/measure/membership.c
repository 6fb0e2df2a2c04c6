// SPDX-License-Identifier: GPL-3.0-or-later
#include "membership.h"

#include "mesh/random.h"

#define HOUR_NS UINT64_C(3600000000000)

// ---- Of each ----

static bool detected(const struct sim_discovery *detection, uint64_t after_ns, uint64_t *sample)
{
    *sample = after_ns;
    return after_ns != SIM_TIME_NEVER || !detection->cut_short;
}

bool sim_discovery_first_at(const struct sim_result *result, uint32_t index, uint64_t *sample)
{
    const struct sim_discovery *detection = &result->membership.discoveries[index];
    return detected(detection, detection->first_ns, sample);
}

bool sim_discovery_all_at(const struct sim_result *result, uint32_t index, uint64_t *sample)
{
    const struct sim_discovery *detection = &result->membership.discoveries[index];
    return detected(detection, detection->all_ns, sample);
}

uint32_t sim_discovery_count(const struct sim_result *result)
{
    return result->membership.discovery_count;
}

bool sim_readmission_at(const struct sim_result *result, uint32_t index, uint64_t *sample)
{
    *sample = result->membership.readmissions[index].after_ns;
    return true;
}

uint32_t sim_readmission_count(const struct sim_result *result)
{
    return result->membership.readmission_count;
}

bool sim_farewell_at(const struct sim_result *result, uint32_t index, uint64_t *sample)
{
    *sample = result->membership.farewells[index].after_ns;
    return true;
}

uint32_t sim_farewell_count(const struct sim_result *result)
{
    return result->membership.farewell_count;
}

bool sim_separation_at(const struct sim_result *result, uint32_t index, uint64_t *sample)
{
    *sample = result->membership.separations[index].after_ns;
    return true;
}

uint32_t sim_separation_count(const struct sim_result *result)
{
    return result->membership.separation_count;
}

bool sim_reunion_at(const struct sim_result *result, uint32_t index, uint64_t *sample)
{
    *sample = result->membership.reunions[index].after_ns;
    return true;
}

uint32_t sim_reunion_count(const struct sim_result *result)
{
    return result->membership.reunion_count;
}

bool sim_read_only_at(const struct sim_result *result, uint32_t index, uint64_t *sample)
{
    *sample = result->membership.read_only[index];
    return *sample > 0;
}

uint32_t sim_read_only_count(const struct sim_result *result)
{
    return result->membership.node_count;
}

// ---- Of a repetition ----

bool sim_farewells_missed_of(const struct sim_scenario *scenario, const struct sim_result *result,
                             uint64_t *sample)
{
    (void)scenario;
    *sample = 0;
    for (uint32_t i = 0; i < result->membership.farewell_count; i++) {
        *sample += result->membership.farewells[i].missed;
    }
    return true;
}

bool sim_refused_writes_of(const struct sim_scenario *scenario, const struct sim_result *result,
                           uint64_t *sample)
{
    (void)scenario;
    *sample = result->membership.refused_writes;
    return true;
}

static bool share_of(uint64_t part, uint64_t whole, uint64_t *sample)
{
    if (whole == 0) {
        return false;
    }
    *sample = (uint64_t)(((mesh_uint128)part * SIM_PPB + whole / 2) / whole);
    return true;
}

bool sim_false_probes_of(const struct sim_scenario *scenario, const struct sim_result *result,
                         uint64_t *sample)
{
    (void)scenario;
    return share_of(result->membership.false_probes, result->membership.probes, sample);
}

bool sim_false_suspicions_of(const struct sim_scenario *scenario, const struct sim_result *result,
                             uint64_t *sample)
{
    (void)scenario;
    *sample = result->membership.false_suspicions;
    return true;
}

// So many times per member and hour, in billionths.
static bool rate_of(const struct sim_result *result, uint64_t count, uint64_t *sample)
{
    uint64_t node_ns = result->membership.node_ns;
    if (node_ns == 0) {
        return false;
    }
    *sample = (uint64_t)((mesh_uint128)count * HOUR_NS * SIM_PPB / node_ns);
    return true;
}

bool sim_false_suspicion_rate_of(const struct sim_scenario *scenario,
                                 const struct sim_result *result, uint64_t *sample)
{
    (void)scenario;
    return rate_of(result, result->membership.false_suspicions, sample);
}

bool sim_false_deaths_of(const struct sim_scenario *scenario, const struct sim_result *result,
                         uint64_t *sample)
{
    (void)scenario;
    *sample = result->membership.false_deaths;
    return true;
}

bool sim_flap_rate_of(const struct sim_scenario *scenario, const struct sim_result *result,
                      uint64_t *sample)
{
    (void)scenario;
    return rate_of(result, result->membership.flaps, sample);
}

bool sim_sure_after_of(const struct sim_scenario *scenario, const struct sim_result *result,
                       uint64_t *sample)
{
    (void)scenario;
    *sample = result->membership.sure_after_ns;
    return result->membership.calm_ns > 0;
}

bool sim_swim_bytes_of(const struct sim_scenario *scenario, const struct sim_result *result,
                       uint64_t *sample)
{
    (void)scenario;
    *sample = 0;
    for (uint32_t kind = MESH_MESSAGE_SWIM_PING; kind <= MESH_MESSAGE_SWIM_SYNC; kind++) {
        for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
            *sample += result->traffic[kind][pair].bytes;
        }
    }
    return true;
}
