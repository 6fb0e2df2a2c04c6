// SPDX-License-Identifier: Apache-2.0
#include "mesh/clock.h"

uint64_t mesh_clock_next(uint64_t clock, uint64_t time_ns)
{
    uint64_t physical = time_ns / 1000 << 12;
    return physical > clock ? physical : clock + 1;
}
