// SPDX-License-Identifier: GPL-3.0-or-later
// A picture as gnuplot commands.
//
//             Convergence of flat_mesh, 10 agents
//             scenario "flat", seed 42, 60 repetitions
//                 target <50ms
//      100 +-----:----------____________-----+
//          |.....:..../..o......../..o.......| theta = 95 %    dotted; o p50 and p95 of reaching it
//          |     :   /           /           |
//   share  |     :  /           /            |                 dashed: the claim's target
//          |     : /           /             |
//        0 +-----:---------------------------+
//               50    time since the write [ms]
//          --- eager: p50 9.2 ms, p95 12 ms; claim <50ms PASS
//          - - push-pull: ...
//          . . target <50ms: Topology Selection Matrix

#ifndef REPORT_SCRIPT_H
#define REPORT_SCRIPT_H

#include <stdio.h>

#include "read.h"

#define REPORT_PICTURE_WIDTH 1000  // pixels of an SVG; a PNG has more of them

// The height that goes with it, which depends on how much there is to say.
uint32_t report_script_height(const struct report_picture *picture);

// Writes all commands but the choice of terminal. Texts of the store cannot become commands or
// markup, whatever they contain.
void report_script_write(FILE *output, const struct report_picture *picture);

#endif
