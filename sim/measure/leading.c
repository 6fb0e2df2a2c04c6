// SPDX-License-Identifier: GPL-3.0-or-later
#include "leading.h"

#include "summary.h"

bool sim_election_at(const struct sim_result *result, uint32_t index, uint64_t *sample)
{
    if (index >= result->election_count) {
        return false;
    }
    const struct sim_election *election = &result->elections[index];
    *sample = election->first ? SIM_NO_SAMPLE : election->after_ns;
    return true;
}

bool sim_failover_at(const struct sim_result *result, uint32_t index, uint64_t *sample)
{
    *sample = index < result->failover_count ? result->failovers[index].after_ns : 0;
    return index < result->failover_count;
}

bool sim_failover_exchange_at(const struct sim_result *result, uint32_t index, uint64_t *sample)
{
    *sample = index < result->failover_count ? result->failovers[index].exchange_ns : 0;
    return index < result->failover_count;
}

bool sim_leaderless_at(const struct sim_result *result, uint32_t index, uint64_t *sample)
{
    *sample = index < result->leading_count ? result->leading[index].leaderless_ns : 0;
    return index < result->leading_count;
}

bool sim_terms_of(const struct sim_scenario *scenario, const struct sim_result *result,
                  uint64_t *sample)
{
    (void)scenario;
    *sample = 0;
    for (uint32_t i = 0; i < result->leading_count; i++) {
        *sample += result->leading[i].terms;
    }
    return true;
}
