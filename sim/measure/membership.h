// SPDX-License-Identifier: GPL-3.0-or-later
// What SWIM is worth (metrics of summary.h, for membership: swim); run/roll.h says what is false.
//
//     down ---- detection_first_ms ----> somebody holds it for unreachable
//          ---- detection_all_ms ------> all do
//     up ------ readmission_ms --------> it has a view, and nobody does any more
//     left ----- farewell_ms ---------> all who are up know; farewells_missed: who was suspected
//     cut ----- partition_detection_ms -> who has no majority knows        (a sample each)
//     healed -- partition_recovery_ms --> nobody in doubt, nobody without a majority

#ifndef SIM_MEASURE_MEMBERSHIP_H
#define SIM_MEASURE_MEMBERSHIP_H

#include "results.h"
#include "scenario.h"

bool sim_discovery_first_at(const struct sim_result *result, uint32_t index, uint64_t *sample);
bool sim_discovery_all_at(const struct sim_result *result, uint32_t index, uint64_t *sample);
uint32_t sim_discovery_count(const struct sim_result *result);
bool sim_readmission_at(const struct sim_result *result, uint32_t index, uint64_t *sample);
uint32_t sim_readmission_count(const struct sim_result *result);
bool sim_farewell_at(const struct sim_result *result, uint32_t index, uint64_t *sample);
uint32_t sim_farewell_count(const struct sim_result *result);
bool sim_separation_at(const struct sim_result *result, uint32_t index, uint64_t *sample);
uint32_t sim_separation_count(const struct sim_result *result);
bool sim_reunion_at(const struct sim_result *result, uint32_t index, uint64_t *sample);
uint32_t sim_reunion_count(const struct sim_result *result);
// Of nodes that were read-only at some time.
bool sim_read_only_at(const struct sim_result *result, uint32_t index, uint64_t *sample);
uint32_t sim_read_only_count(const struct sim_result *result);

bool sim_farewells_missed_of(const struct sim_scenario *scenario, const struct sim_result *result,
                             uint64_t *sample);
bool sim_refused_writes_of(const struct sim_scenario *scenario, const struct sim_result *result,
                           uint64_t *sample);
bool sim_false_probes_of(const struct sim_scenario *scenario, const struct sim_result *result,
                         uint64_t *sample);
bool sim_false_suspicions_of(const struct sim_scenario *scenario, const struct sim_result *result,
                             uint64_t *sample);
bool sim_false_suspicion_rate_of(const struct sim_scenario *scenario,
                                 const struct sim_result *result, uint64_t *sample);
bool sim_false_deaths_of(const struct sim_scenario *scenario, const struct sim_result *result,
                         uint64_t *sample);
bool sim_flap_rate_of(const struct sim_scenario *scenario, const struct sim_result *result,
                      uint64_t *sample);
bool sim_sure_after_of(const struct sim_scenario *scenario, const struct sim_result *result,
                       uint64_t *sample);
bool sim_swim_bytes_of(const struct sim_scenario *scenario, const struct sim_result *result,
                       uint64_t *sample);

#endif
