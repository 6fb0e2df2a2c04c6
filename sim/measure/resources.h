// SPDX-License-Identifier: GPL-3.0-or-later
// What a repetition took of the wire and of its hosts, and which limit more load reaches first.
//
//     agent hosts, at peak        cpu 41 %   bandwidth 3 %   memory 2 %
//                                  ^ the largest share: it is full at 1 / 0.41 = 2.4 x this load
//
// That takes use to grow with the load in proportion, which packets that fill up, and batches that
// compress better, make a little too pessimistic. A resource without a known limit is never named.

#ifndef SIM_RESOURCES_H
#define SIM_RESOURCES_H

#include "results.h"
#include "scenario.h"

// Bytes on the wire of some traffic: compressed, with transport and handshakes.
uint64_t sim_traffic_wire_bytes(const struct sim_traffic *traffic);

struct sim_saturation {
    enum sim_resource resource;  // SIM_RESOURCE_COUNT: nothing is used, or no limit is known
    double share;                // of its limit, at peak
    double factor;               // of this load at which it is used up
};

struct sim_saturation sim_saturation_of(const struct sim_tier_use *tier);

// Peak over limit; NaN without a limit.
double sim_tier_share(const struct sim_tier_use *tier, enum sim_resource resource);

const char *sim_tier_name(enum sim_tier tier);  // "agent", "aggregator", "coordinator"

// Samples of metrics (summary.h).
bool sim_outside_bytes_of(const struct sim_scenario *scenario, const struct sim_result *result,
                          uint64_t *sample);
bool sim_digest_bytes_of(const struct sim_scenario *scenario, const struct sim_result *result,
                         uint64_t *sample);
bool sim_idle_bytes_of(const struct sim_scenario *scenario, const struct sim_result *result,
                       uint64_t *sample);
bool sim_saved_bytes_of(const struct sim_scenario *scenario, const struct sim_result *result,
                        uint64_t *sample);
bool sim_broken_of(const struct sim_scenario *scenario, const struct sim_result *result,
                   uint64_t *sample);
bool sim_altered_of(const struct sim_scenario *scenario, const struct sim_result *result,
                    uint64_t *sample);
bool sim_refused_of(const struct sim_scenario *scenario, const struct sim_result *result,
                    uint64_t *sample);
bool sim_cpu_wait_of(const struct sim_scenario *scenario, const struct sim_result *result,
                     uint64_t *sample);
bool sim_cpu_wait_max_of(const struct sim_scenario *scenario, const struct sim_result *result,
                         uint64_t *sample);
bool sim_handshakes_of(const struct sim_scenario *scenario, const struct sim_result *result,
                       uint64_t *sample);
bool sim_handshake_bytes_of(const struct sim_scenario *scenario, const struct sim_result *result,
                            uint64_t *sample);
bool sim_host_cpu_of(const struct sim_scenario *scenario, const struct sim_result *result,
                     uint64_t *sample);
bool sim_host_packets_of(const struct sim_scenario *scenario, const struct sim_result *result,
                         uint64_t *sample);
bool sim_host_bandwidth_of(const struct sim_scenario *scenario, const struct sim_result *result,
                           uint64_t *sample);
bool sim_host_memory_of(const struct sim_scenario *scenario, const struct sim_result *result,
                        uint64_t *sample);
bool sim_host_connections_of(const struct sim_scenario *scenario, const struct sim_result *result,
                             uint64_t *sample);

#endif
