// SPDX-License-Identifier: GPL-3.0-or-later
#include "leading.h"

bool sim_won_at(const struct sim_result *result, uint32_t index, uint64_t *sample)
{
    *sample = result->elections[index].won_ns;
    return !result->elections[index].first;
}

bool sim_election_at(const struct sim_result *result, uint32_t index, uint64_t *sample)
{
    *sample = result->elections[index].after_ns;
    return !result->elections[index].first;
}

uint32_t sim_election_count(const struct sim_result *result)
{
    return result->election_count;
}

bool sim_failover_at(const struct sim_result *result, uint32_t index, uint64_t *sample)
{
    *sample = result->failovers[index].after_ns;
    return true;
}

bool sim_failover_exchange_at(const struct sim_result *result, uint32_t index, uint64_t *sample)
{
    *sample = result->failovers[index].exchange_ns;
    return true;
}

uint32_t sim_failover_count(const struct sim_result *result)
{
    return result->failover_count;
}

bool sim_leaderless_at(const struct sim_result *result, uint32_t index, uint64_t *sample)
{
    *sample = result->leading[index].leaderless_ns;
    return true;
}

uint32_t sim_leaderless_count(const struct sim_result *result)
{
    return result->leading_count;
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
