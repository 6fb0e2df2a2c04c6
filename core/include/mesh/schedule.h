// SPDX-License-Identifier: Apache-2.0
// When a node ticks in a scope: a pure function of who it is and of the tick before.
//
//     phased       |--p--t-------------t-------------t---   p: the node's phase, uniform
//     synchronous  |-----------T-------------T-----------   all nodes at i * interval, i >= 1
//     poisson      |---t-t----------t--t------------t----   exponential gaps, mean the interval
//
// The driver keeps the timers; it asks here for the first tick and, when one has fired, for the
// next. A tick's number names its draws: the whole intervals that have passed (phased, synchronous)
// or the time itself (poisson), so that it needs no counter and never repeats, not even after a
// restart.

#ifndef MESH_SCHEDULE_H
#define MESH_SCHEDULE_H

#include "mesh/step.h"

// The time of the first tick of a node that joins at `now_ns`.
uint64_t mesh_schedule_first_ns(const struct mesh_config *config, uint16_t scope, uint32_t node,
                                uint64_t now_ns);

// The time of the tick after the one at `last_ns`.
uint64_t mesh_schedule_next_ns(const struct mesh_config *config, uint16_t scope, uint32_t node,
                               uint64_t last_ns);

// The number of the tick due at `at_ns`, and back.
uint64_t mesh_schedule_number(const struct mesh_scope *scope, uint64_t at_ns);
uint64_t mesh_schedule_at_ns(const struct mesh_config *config, uint16_t scope, uint32_t node,
                             uint64_t number);

#endif
