// SPDX-License-Identifier: GPL-3.0-or-later
// What the loss of leaders and bridges costs (metrics of summary.h, for multi_region_leaders).
//
//     leader lost --- nobody can commit --> next leader, an entry of its own term committed
//          |<--- won_ms ---> has votes      |
//          |<--------- election_ms -------->|         and unavailable_ms of the region
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
// Terms that it took to win one, and whether these were more than one, a share of 0 or 1.
bool sim_election_terms_at(const struct sim_result *result, uint32_t index, uint64_t *sample);
bool sim_split_at(const struct sim_result *result, uint32_t index, uint64_t *sample);

bool sim_unavailable_at(const struct sim_result *result, uint32_t index, uint64_t *sample);
uint32_t sim_unavailable_count(const struct sim_result *result);
bool sim_terms_of(const struct sim_scenario *scenario, const struct sim_result *result,
                  uint64_t *sample);
bool sim_transfers_of(const struct sim_scenario *scenario, const struct sim_result *result,
                      uint64_t *sample);
bool sim_member_changes_of(const struct sim_scenario *scenario, const struct sim_result *result,
                           uint64_t *sample);
bool sim_raft_snapshots_of(const struct sim_scenario *scenario, const struct sim_result *result,
                           uint64_t *sample);
bool sim_reads_of(const struct sim_scenario *scenario, const struct sim_result *result,
                  uint64_t *sample);

#endif
