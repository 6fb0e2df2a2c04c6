// SPDX-License-Identifier: GPL-3.0-or-later
#include "cohorts.h"

#include <assert.h>
#include <string.h>

#include "allocate.h"

#define NO_REJOIN UINT32_MAX

static size_t words_of(const struct sim_cohorts *cohorts)
{
    return (cohorts->agents + 63) / 64;
}

uint64_t sim_cohorts_bytes(uint32_t agents, uint32_t updates)
{
    uint64_t per_agent = sizeof(uint64_t) + 2 * sizeof(bool) + 2 * sizeof(uint32_t);
    uint64_t per_update = sizeof(uint64_t *) + 2 * sizeof(uint32_t) + (agents + 63) / 64 * 8;
    return agents * per_agent + updates * per_update;
}

void sim_cohorts_init(struct sim_cohorts *cohorts, uint32_t agents, uint32_t updates,
                      struct sim_result *result)
{
    *cohorts = (struct sim_cohorts){
        .result = result,
        .agents = agents,
        .up = agents,
        .up_since_ns = sim_memory_zeroed(agents * sizeof *cohorts->up_since_ns),
        .lost = sim_memory_zeroed(agents * sizeof *cohorts->lost),
        .holders = sim_memory_zeroed(updates * sizeof *cohorts->holders),
        .lacking = sim_memory_zeroed(updates * sizeof *cohorts->lacking),
        .kept = sim_memory_zeroed(updates * sizeof *cohorts->kept),
        .rejoin_of = sim_memory_zeroed(agents * sizeof *cohorts->rejoin_of),
        .missing = sim_memory_zeroed(agents * sizeof *cohorts->missing),
        .joining = sim_memory_zeroed(agents * sizeof *cohorts->joining),
    };
    memset(cohorts->rejoin_of, 0xff, agents * sizeof *cohorts->rejoin_of);
}

void sim_cohorts_exclude(struct sim_cohorts *cohorts, uint32_t agent)
{
    cohorts->up--;
    cohorts->up_since_ns[agent] = SIM_TIME_NEVER;
    cohorts->lost[agent] = true;
}

void sim_cohorts_finish(struct sim_cohorts *cohorts)
{
    for (uint32_t i = 0; i < cohorts->kept_count; i++) {
        sim_memory_free(cohorts->holders[cohorts->kept[i]]);
    }
    sim_memory_free(cohorts->up_since_ns);
    sim_memory_free(cohorts->lost);
    sim_memory_free(cohorts->holders);
    sim_memory_free(cohorts->lacking);
    sim_memory_free(cohorts->kept);
    sim_memory_free(cohorts->rejoin_of);
    sim_memory_free(cohorts->missing);
    sim_memory_free(cohorts->joining);
}

// ---- Updates under way ----

void sim_cohorts_write(struct sim_cohorts *cohorts, uint32_t update)
{
    uint32_t lost = 0;
    for (uint32_t agent = 0; agent < cohorts->agents; agent++) {
        lost += cohorts->lost[agent];
    }
    cohorts->holders[update] = sim_memory_zeroed(words_of(cohorts) * sizeof **cohorts->holders);
    cohorts->lacking[update] = cohorts->agents - lost;
    cohorts->kept[cohorts->kept_count++] = update;
}

static void set_holds(struct sim_cohorts *cohorts, uint32_t update, uint32_t agent, bool holds)
{
    uint64_t *word = &cohorts->holders[update][agent / 64];
    *word &= ~(UINT64_C(1) << agent % 64);
    *word |= (uint64_t)holds << agent % 64;
}

// Forgets updates that all hold.
static void forget_settled(struct sim_cohorts *cohorts)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < cohorts->kept_count; i++) {
        uint32_t update = cohorts->kept[i];
        if (cohorts->lacking[update] > 0) {
            cohorts->kept[kept++] = update;
            continue;
        }
        sim_memory_free(cohorts->holders[update]);
        cohorts->holders[update] = NULL;
    }
    cohorts->kept_count = kept;
}

// ---- Coming back ----

static struct sim_rejoin *add_rejoin(struct sim_cohorts *cohorts)
{
    struct sim_result *result = cohorts->result;
    if (result->rejoin_count == cohorts->rejoin_capacity) {
        cohorts->rejoin_capacity =
            cohorts->rejoin_capacity == 0 ? 16 : 2 * cohorts->rejoin_capacity;
        result->rejoins =
            sim_memory_resize(result->rejoins, cohorts->rejoin_capacity * sizeof *result->rejoins);
    }
    return &result->rejoins[result->rejoin_count++];
}

static void end_rejoin(struct sim_cohorts *cohorts, uint32_t agent, uint64_t time_ns)
{
    uint32_t index = cohorts->rejoin_of[agent];
    if (index == NO_REJOIN || cohorts->joining[agent] || cohorts->missing[agent] > 0) {
        return;
    }
    struct sim_rejoin *rejoin = &cohorts->result->rejoins[index];
    rejoin->after_ns = time_ns - rejoin->up_ns;
    cohorts->rejoin_of[agent] = NO_REJOIN;
    cohorts->rejoins_open--;
}

bool sim_cohorts_hold(struct sim_cohorts *cohorts, uint32_t update, uint32_t agent,
                      uint64_t time_ns)
{
    uint64_t written_ns = cohorts->result->updates[update].written_ns;
    if (cohorts->holders[update] == NULL || sim_cohorts_holds(cohorts, update, agent)) {
        return false;
    }
    set_holds(cohorts, update, agent, true);
    bool member = sim_cohorts_has(cohorts, agent, written_ns);
    if (!member && cohorts->rejoin_of[agent] != NO_REJOIN && cohorts->missing[agent] > 0) {
        cohorts->missing[agent]--;
        end_rejoin(cohorts, agent, time_ns);
    }
    if (--cohorts->lacking[update] == 0) {
        forget_settled(cohorts);
    }
    return member;
}

// ---- Going down and up ----

void sim_cohorts_down(struct sim_cohorts *cohorts, uint32_t agent, bool disk_lost,
                      void (*leave)(void *context, uint32_t update, uint32_t agent, bool held),
                      void *context)
{
    for (uint32_t i = 0; i < cohorts->kept_count; i++) {
        uint32_t update = cohorts->kept[i];
        bool held = sim_cohorts_holds(cohorts, update, agent);
        if (sim_cohorts_has(cohorts, agent, cohorts->result->updates[update].written_ns)) {
            leave(context, update, agent, held);
        }
        if (disk_lost) {
            set_holds(cohorts, update, agent, false);
            cohorts->lacking[update] -= !held;
        }
    }
    forget_settled(cohorts);
    cohorts->up--;
    cohorts->up_since_ns[agent] = SIM_TIME_NEVER;
    cohorts->lost[agent] = disk_lost;
    cohorts->joining[agent] = false;
    if (cohorts->rejoin_of[agent] != NO_REJOIN) {  // it stays without an end
        cohorts->rejoin_of[agent] = NO_REJOIN;
        cohorts->rejoins_open--;
    }
}

void sim_cohorts_up(struct sim_cohorts *cohorts, uint32_t agent, bool disk_lost, uint64_t time_ns)
{
    cohorts->missing[agent] = 0;
    for (uint32_t i = 0; i < cohorts->kept_count; i++) {
        uint32_t update = cohorts->kept[i];
        bool held = sim_cohorts_holds(cohorts, update, agent);
        if (disk_lost) {
            // Lost when it went down, it counted for nobody; lost since, as what it had been.
            cohorts->lacking[update] += cohorts->lost[agent] || held;
            set_holds(cohorts, update, agent, false);
        }
        cohorts->missing[agent] += disk_lost || !held;
    }
    cohorts->up++;
    cohorts->up_since_ns[agent] = time_ns;
    cohorts->lost[agent] = false;
    cohorts->joining[agent] = disk_lost;
    cohorts->rejoin_of[agent] = cohorts->result->rejoin_count;
    *add_rejoin(cohorts) = (struct sim_rejoin){
        .node = agent, .up_ns = time_ns, .after_ns = SIM_TIME_NEVER, .disk_lost = disk_lost};
    cohorts->rejoins_open++;
    end_rejoin(cohorts, agent, time_ns);
}

void sim_cohorts_joined(struct sim_cohorts *cohorts, uint32_t agent, uint64_t time_ns)
{
    cohorts->joining[agent] = false;
    end_rejoin(cohorts, agent, time_ns);
}
