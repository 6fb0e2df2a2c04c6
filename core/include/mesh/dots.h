// SPDX-License-Identifier: Apache-2.0
// A set of dots, kept as runs: what a causal context is made of.
//
//     dots   (3,1) (3,2) (3,3) (3,7)  (9,1)
//     runs   [ 3: 1..3 ] [ 3: 7..7 ]  [ 9: 1..1 ]
//
// Runs are sorted by origin, then by sequence, and never overlap or touch, so equal sets have equal
// runs. When every origin's dots are known without a gap this is a version vector, one run per
// origin; what arrived out of order costs a run each until the gap closes.
//
// Version vectors with exceptions: Malkhi, Terry, "Concise version vectors in WinFS", DISC 2005.

#ifndef MESH_DOTS_H
#define MESH_DOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "mesh/table.h"

// The dots (origin, first) .. (origin, last); 1 <= first <= last.
struct mesh_run {
    uint32_t origin;
    uint32_t first;
    uint32_t last;
};

struct mesh_dots {
    struct mesh_run *runs;  // [capacity], the caller's memory
    uint32_t count;
    uint32_t capacity;
};

bool mesh_dots_contains(const struct mesh_dots *dots, struct mesh_dot dot);

// Adds the dots of `run`. Returns false, having changed nothing, when that needs a run more than
// there is room for.
bool mesh_dots_add(struct mesh_dots *dots, struct mesh_run run);

// The dot after the last of `origin`: (origin, 1) while there is none, and sequence 0 when no
// number is left.
struct mesh_dot mesh_dots_next(const struct mesh_dots *dots, uint32_t origin);

static inline struct mesh_run mesh_run_of(struct mesh_dot dot)
{
    return (struct mesh_run){dot.origin, dot.sequence, dot.sequence};
}

static inline bool mesh_run_contains(struct mesh_run run, struct mesh_dot dot)
{
    return run.origin == dot.origin && run.first <= dot.sequence && dot.sequence <= run.last;
}

#endif
