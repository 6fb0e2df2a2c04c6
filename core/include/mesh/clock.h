// SPDX-License-Identifier: Apache-2.0
// The hybrid logical clock: time of day as far as it is known, and never before what it follows.
//
//     | microseconds of physical time : 52 | counter : 12 |
//
//     event at 5 us   5.0    heard 9.3 from another   9.4    event at 7 us   9.5    at 10 us  10.0
//
// It orders causally related events as a logical clock does and others nearly by physical time. 52
// bits of microseconds hold Unix time until 2112. A counter beyond its 12 bits carries into the
// microseconds: the clock runs ahead of physical time then, and stays monotone.
//
// Kulkarni et al., "Logical physical clocks", OPODIS 2014, section 4.

#ifndef MESH_CLOCK_H
#define MESH_CLOCK_H

#include <stdint.h>

// The clock of a local event at `time_ns`, given the largest clock seen so far.
uint64_t mesh_clock_next(uint64_t clock, uint64_t time_ns);

#endif
