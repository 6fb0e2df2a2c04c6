// SPDX-License-Identifier: GPL-3.0-or-later
// Elections of Raft, simulated a second time: votes and timers alone, as AvailSim of Ongaro's
// thesis has them (chapter 9), by the rules of the paper (5.2, 5.4.1). Nothing of our simulator is
// used here.
//
//     all timers start at 0  -->  VOTE? to all others  -->  yes or no  -->  a majority of all: over
//
// Some servers may be down from the start. With unequal logs the servers, those that are down among
// them, have 0, 1, 2 ... entries in an order drawn by chance, and nobody votes for who has fewer.

#ifndef VOTING_H
#define VOTING_H

#include <stdbool.h>
#include <stdint.h>

#define VOTING_SERVERS_MAX 15

struct voting {
    int servers;
    int failed;
    bool logs_differ;
    double latency_ms_min;  // of a message, uniform
    double latency_ms_max;
    double timeout_ms_min;  // likewise
    double timeout_ms_max;
};

struct voting_end {
    double won_ms;
    int terms;  // 1: no vote was split
};

struct voting_end voting_hold(const struct voting *voting, uint64_t seed);

#endif
