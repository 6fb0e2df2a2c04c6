// SPDX-License-Identifier: GPL-3.0-or-later
// What SWIM's members will come to remember of each other, said before a run: a view lists whoever
// was ever suspected, and keeps them.
//
//     who crashes, joins, is restarted       is listed by its scope            firings x hit
//     a cut through a scope, pauses, slow    may bring everybody into doubt    the roster
//     loss                                   fails so many probes falsely      the paper's formula

#ifndef SIM_VIEWS_H
#define SIM_VIEWS_H

#include "scenario.h"

// Members that a view will list, at most the scope's roster; 0 without SWIM. An estimate, rather
// too many than too few.
uint32_t sim_views_listed(const struct sim_scenario *scenario);

// What all views take then.
uint64_t sim_views_bytes(const struct sim_scenario *scenario);

#endif
