// SPDX-License-Identifier: GPL-3.0-or-later
// What the loss of leaders and bridges costs (metrics of summary.h, for multi_region_leaders).
//
//     leader lost ---- leaderless ----> next leader, an entry of its own term committed
//          |<--- won_ms ---> has votes  |
//          |<------- election_ms ------>|
//     bridge lost ---- failover_ms ---> successor knows ----> hears from another region
//          |<------------------ failover_exchange_ms -------->|

#ifndef SIM_MEASURE_LEADING_H
#define SIM_MEASURE_LEADING_H

#include "results.h"
#include "scenario.h"

bool sim_won_at(const struct sim_result *result, uint32_t index, uint64_t *sample);
bool sim_election_at(const struct sim_result *result, uint32_t index, uint64_t *sample);
uint32_t sim_election_count(const struct sim_result *result);
bool sim_failover_at(const struct sim_result *result, uint32_t index, uint64_t *sample);
bool sim_failover_exchange_at(const struct sim_result *result, uint32_t index, uint64_t *sample);
uint32_t sim_failover_count(const struct sim_result *result);
bool sim_leaderless_at(const struct sim_result *result, uint32_t index, uint64_t *sample);
uint32_t sim_leaderless_count(const struct sim_result *result);
bool sim_terms_of(const struct sim_scenario *scenario, const struct sim_result *result,
                  uint64_t *sample);

#endif
