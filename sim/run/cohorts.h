// SPDX-License-Identifier: GPL-3.0-or-later
// Who counts for which update when agents come and go.
//
//     agent a   ------- up ----------x  down  ........ up ------------------
//     update 1     w                 |                  |   a is in its cohort until it goes down
//     update 2               w       |                  |   the same; deaths may complete an update
//     update 3                           w              |   never: a was not there
//                                                       |<-->| rejoin: until a holds 1 to 3
//     update 4                                                 w   a is in its cohort
//
// The cohort of an update are the agents that are up at its write. A member that goes down is out
// of it for good, with what it holds: times are those of the first instant at which the share of
// the members then left hold the update. Who comes back is measured by itself: the time from being
// up until it holds all that was written before. Paused and cut off agents are up.
//
// Kept per update is a bit per agent, from its write until all hold it that are up or can come back
// with their disks. A scenario without faults has none of this.

#ifndef SIM_COHORTS_H
#define SIM_COHORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine.h"
#include "results.h"

struct sim_cohorts {
    struct sim_result *result;
    uint32_t agents;
    uint32_t up;            // agents that are up
    uint64_t *up_since_ns;  // [agents] SIM_TIME_NEVER: down
    bool *lost;             // [agents] down, and its disk is gone
    uint64_t **holders;     // [updates] bit per agent; NULL: not written, or all hold it
    uint32_t *lacking;      // [updates] who is up, or may come back with its disk, and lacks it
    uint32_t *kept;         // [kept_count] updates with holders, in the order of their writes
    uint32_t kept_count;
    uint32_t *rejoin_of;  // [agents] its rejoin under way, UINT32_MAX: none
    uint32_t *missing;    // [agents] of that, updates it still lacks
    bool *joining;        // [agents] it waits for a snapshot
    uint32_t rejoins_open;
    uint32_t rejoin_capacity;
};

// `updates`: that are written at most. `result` has its list of them.
void sim_cohorts_init(struct sim_cohorts *cohorts, uint32_t agents, uint32_t updates,
                      struct sim_result *result);
void sim_cohorts_finish(struct sim_cohorts *cohorts);

// The agent is never a member of any, nor comes or goes: before anything is written.
void sim_cohorts_exclude(struct sim_cohorts *cohorts, uint32_t agent);

// Bytes that they take while `updates` are under way.
uint64_t sim_cohorts_bytes(uint32_t agents, uint32_t updates);

// Whether the agent is in the cohort of an update that is written at `written_ns`.
static inline bool sim_cohorts_has(const struct sim_cohorts *cohorts, uint32_t agent,
                                   uint64_t written_ns)
{
    return cohorts->up_since_ns[agent] <= written_ns;  // never, while it is down
}

// The update is written now; nobody holds it yet.
void sim_cohorts_write(struct sim_cohorts *cohorts, uint32_t update);

// The agent holds it now. Returns whether that is new and it is a member of the cohort.
bool sim_cohorts_hold(struct sim_cohorts *cohorts, uint32_t update, uint32_t agent,
                      uint64_t time_ns);

// The agent goes down. Calls `leave` for every update under way whose cohort it was in, `held`:
// that it held.
void sim_cohorts_down(struct sim_cohorts *cohorts, uint32_t agent, bool disk_lost,
                      void (*leave)(void *context, uint32_t update, uint32_t agent, bool held),
                      void *context);

void sim_cohorts_up(struct sim_cohorts *cohorts, uint32_t agent, bool disk_lost, uint64_t time_ns);
void sim_cohorts_joined(struct sim_cohorts *cohorts, uint32_t agent, uint64_t time_ns);

static inline bool sim_cohorts_holds(const struct sim_cohorts *cohorts, uint32_t update,
                                     uint32_t agent)
{
    return (cohorts->holders[update][agent / 64] >> agent % 64 & 1) != 0;
}

#endif
