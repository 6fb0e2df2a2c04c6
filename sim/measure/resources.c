// SPDX-License-Identifier: GPL-3.0-or-later
#include "resources.h"

#include <assert.h>
#include <math.h>

#include "mesh/random.h"

uint64_t sim_traffic_wire_bytes(const struct sim_traffic *traffic)
{
    return traffic->bytes - traffic->saved_bytes + traffic->transport_bytes +
           traffic->handshake_bytes;
}

double sim_tier_share(const struct sim_tier_use *tier, enum sim_resource resource)
{
    return tier->limit[resource] == 0
               ? NAN
               : (double)tier->peak[resource] / (double)tier->limit[resource];
}

struct sim_saturation sim_saturation_of(const struct sim_tier_use *tier)
{
    struct sim_saturation first = {.resource = SIM_RESOURCE_COUNT};
    for (enum sim_resource resource = 0; resource < SIM_RESOURCE_COUNT; resource++) {
        double share = sim_tier_share(tier, resource);
        if (share > first.share) {
            first = (struct sim_saturation){resource, share, 1 / share};
        }
    }
    return first;
}

const char *sim_tier_name(enum sim_tier tier)
{
    static const char *const names[] = {"agent", "aggregator", "coordinator"};
    assert(tier < SIM_TIER_COUNT);
    return names[tier];
}

// ---- Samples ----

static uint64_t sum(const struct sim_result *result, uint32_t pair_first,
                    uint64_t (*of)(const struct sim_traffic *traffic))
{
    uint64_t total = 0;
    for (uint32_t kind = 0; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        for (uint32_t pair = pair_first; pair < SIM_PAIR_CLASS_COUNT; pair++) {
            total += of(&result->traffic[kind][pair]);
        }
    }
    return total;
}

static uint64_t digest_bytes(const struct sim_traffic *traffic)
{
    return traffic->digest_bytes;
}

static uint64_t idle_bytes(const struct sim_traffic *traffic)
{
    return traffic->idle_bytes;
}

static uint64_t saved_bytes(const struct sim_traffic *traffic)
{
    return traffic->saved_bytes;
}

static uint64_t corrupted(const struct sim_traffic *traffic)
{
    return traffic->corrupted;
}

static uint64_t altered(const struct sim_traffic *traffic)
{
    return traffic->altered;
}

static uint64_t handshakes(const struct sim_traffic *traffic)
{
    return traffic->handshakes;
}

static uint64_t handshake_bytes(const struct sim_traffic *traffic)
{
    return traffic->handshake_bytes;
}

bool sim_outside_bytes_of(const struct sim_scenario *scenario, const struct sim_result *result,
                          uint64_t *sample)
{
    (void)scenario;
    *sample = sum(result, SIM_SAME_HOST + 1, sim_traffic_wire_bytes);
    return true;
}

bool sim_digest_bytes_of(const struct sim_scenario *scenario, const struct sim_result *result,
                         uint64_t *sample)
{
    (void)scenario;
    *sample = sum(result, 0, digest_bytes);
    return true;
}

bool sim_idle_bytes_of(const struct sim_scenario *scenario, const struct sim_result *result,
                       uint64_t *sample)
{
    (void)scenario;
    *sample = sum(result, 0, idle_bytes);
    return true;
}

bool sim_saved_bytes_of(const struct sim_scenario *scenario, const struct sim_result *result,
                        uint64_t *sample)
{
    (void)scenario;
    *sample = sum(result, 0, saved_bytes);
    return true;
}

bool sim_broken_of(const struct sim_scenario *scenario, const struct sim_result *result,
                   uint64_t *sample)
{
    (void)scenario;
    *sample = sum(result, 0, corrupted);
    return true;
}

bool sim_altered_of(const struct sim_scenario *scenario, const struct sim_result *result,
                    uint64_t *sample)
{
    (void)scenario;
    *sample = sum(result, 0, altered);
    return true;
}

// A proof of equivocation is against an origin, and is no message.
bool sim_refused_of(const struct sim_scenario *scenario, const struct sim_result *result,
                    uint64_t *sample)
{
    (void)scenario;
    *sample = 0;
    for (uint32_t reason = 1; reason < MESH_REJECT_COUNT; reason++) {
        if (reason != MESH_REJECT_EQUIVOCATION) {
            *sample += result->rejects[0][reason] + result->rejects[1][reason];
        }
    }
    return true;
}

bool sim_cpu_wait_of(const struct sim_scenario *scenario, const struct sim_result *result,
                     uint64_t *sample)
{
    const struct sim_processors *processors = &result->processors;
    (void)scenario;
    *sample = processors->messages > 0 ? processors->wait_ns / processors->messages : 0;
    return processors->messages > 0;
}

bool sim_cpu_wait_max_of(const struct sim_scenario *scenario, const struct sim_result *result,
                         uint64_t *sample)
{
    (void)scenario;
    *sample = result->processors.wait_ns_max;
    return result->processors.messages > 0;
}

bool sim_handshakes_of(const struct sim_scenario *scenario, const struct sim_result *result,
                       uint64_t *sample)
{
    (void)scenario;
    *sample = sum(result, 0, handshakes);
    return true;
}

bool sim_handshake_bytes_of(const struct sim_scenario *scenario, const struct sim_result *result,
                            uint64_t *sample)
{
    (void)scenario;
    *sample = sum(result, 0, handshake_bytes);
    return true;
}

// Of the tier with the highest peak.
static bool peak_of(const struct sim_result *result, enum sim_resource resource, uint64_t *sample)
{
    uint32_t hosts = 0;
    *sample = 0;
    for (uint32_t tier = 0; tier < SIM_TIER_COUNT; tier++) {
        hosts += result->tiers[tier].hosts;
        uint64_t peak = result->tiers[tier].peak[resource];
        *sample = peak > *sample ? peak : *sample;
    }
    return hosts > 0;
}

// In billionths of the host's processors, which tiers have different numbers of.
bool sim_host_cpu_of(const struct sim_scenario *scenario, const struct sim_result *result,
                     uint64_t *sample)
{
    (void)scenario;
    uint64_t most = 0;
    uint32_t hosts = 0;
    for (uint32_t tier = 0; tier < SIM_TIER_COUNT; tier++) {
        const struct sim_tier_use *use = &result->tiers[tier];
        hosts += use->hosts;
        if (use->hosts > 0 && use->limit[SIM_CPU] > 0) {
            uint64_t share =
                (uint64_t)((mesh_uint128)use->peak[SIM_CPU] * SIM_PPB / use->limit[SIM_CPU]);
            most = share > most ? share : most;
        }
    }
    *sample = most;
    return hosts > 0;
}

bool sim_host_packets_of(const struct sim_scenario *scenario, const struct sim_result *result,
                         uint64_t *sample)
{
    (void)scenario;
    return peak_of(result, SIM_PACKETS, sample);
}

bool sim_host_bandwidth_of(const struct sim_scenario *scenario, const struct sim_result *result,
                           uint64_t *sample)
{
    (void)scenario;
    bool any = peak_of(result, SIM_BANDWIDTH, sample);
    *sample /= 8;
    return any;
}

bool sim_host_memory_of(const struct sim_scenario *scenario, const struct sim_result *result,
                        uint64_t *sample)
{
    (void)scenario;
    return peak_of(result, SIM_MEMORY, sample);
}

bool sim_host_connections_of(const struct sim_scenario *scenario, const struct sim_result *result,
                             uint64_t *sample)
{
    (void)scenario;
    return peak_of(result, SIM_CONNECTIONS, sample);
}
