// SPDX-License-Identifier: GPL-3.0-or-later
// Many elections of a group whose timers start at the same instant: how long until somebody leads,
// and in which term. Logs are equal, disks take no time, PreVote and CheckQuorum are off, as in the
// simulations of the thesis (chapter 9).

#ifndef RAFT_ELECTIONS_H
#define RAFT_ELECTIONS_H

#include "lab.h"

struct elections {
    uint32_t servers;
    uint32_t down;  // of them, from the start
    uint64_t latency_ns_min;
    uint64_t latency_ns_max;
    uint64_t timeout_ns_min;
    uint64_t timeout_ns_max;
};

struct election {
    uint64_t time_ns;
    uint64_t term;  // 1: no vote was split
};

// The election of one seed.
struct election elections_hold(const struct elections *elections, uint64_t seed);

#endif
