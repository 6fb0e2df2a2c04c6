// SPDX-License-Identifier: GPL-3.0-or-later
// What the timeline's firings come to (private to this folder): as the window begins in which they
// fall due, their selections are resolved to nodes, and these get actions and rules (faults.h).

#ifndef SIM_FIRINGS_H
#define SIM_FIRINGS_H

#include "engine.h"

// Takes all firings before `end_ns`.
void sim_firings_take(struct sim_engine *engine, uint64_t end_ns);

#endif
