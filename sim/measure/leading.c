// SPDX-License-Identifier: GPL-3.0-or-later
#include "leading.h"

#include "statistics.h"

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

bool sim_election_terms_at(const struct sim_result *result, uint32_t index, uint64_t *sample)
{
    *sample = result->elections[index].terms;
    return !result->elections[index].first;
}

bool sim_split_at(const struct sim_result *result, uint32_t index, uint64_t *sample)
{
    *sample = result->elections[index].terms > 1 ? SIM_ONE_PPB : 0;
    return !result->elections[index].first;
}

bool sim_unavailable_at(const struct sim_result *result, uint32_t index, uint64_t *sample)
{
    *sample = result->leading[index].unavailable_ns;
    return true;
}

uint32_t sim_unavailable_count(const struct sim_result *result)
{
    return result->leading_count;
}

// ---- Counts, over all regions ----

enum count { TERMS, TRANSFERS, MEMBER_CHANGES, SNAPSHOTS, READS };

static uint64_t count_in(const struct sim_region_leading *region, enum count count)
{
    switch (count) {
    case TERMS: return region->terms;
    case TRANSFERS: return region->transfers;
    case MEMBER_CHANGES: return region->member_changes;
    case SNAPSHOTS: return region->snapshots;
    case READS: return region->reads;
    }
    return 0;
}

static bool add_up(const struct sim_result *result, enum count count, uint64_t *sample)
{
    *sample = 0;
    for (uint32_t i = 0; i < result->leading_count; i++) {
        *sample += count_in(&result->leading[i], count);
    }
    return true;
}

bool sim_terms_of(const struct sim_scenario *scenario, const struct sim_result *result,
                  uint64_t *sample)
{
    (void)scenario;
    return add_up(result, TERMS, sample);
}

bool sim_transfers_of(const struct sim_scenario *scenario, const struct sim_result *result,
                      uint64_t *sample)
{
    (void)scenario;
    return add_up(result, TRANSFERS, sample);
}

bool sim_member_changes_of(const struct sim_scenario *scenario, const struct sim_result *result,
                           uint64_t *sample)
{
    (void)scenario;
    return add_up(result, MEMBER_CHANGES, sample);
}

bool sim_raft_snapshots_of(const struct sim_scenario *scenario, const struct sim_result *result,
                           uint64_t *sample)
{
    (void)scenario;
    return add_up(result, SNAPSHOTS, sample);
}

bool sim_reads_of(const struct sim_scenario *scenario, const struct sim_result *result,
                  uint64_t *sample)
{
    (void)scenario;
    return add_up(result, READS, sample);
}
