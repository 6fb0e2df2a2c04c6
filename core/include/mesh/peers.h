// SPDX-License-Identifier: Apache-2.0
// Whom a node talks to: uniform over the scope's other members, without replacement.
//
//     members  0 1 2 3 4 5 6        draw i swaps position i with a random one behind it
//              ^ ^
//              | +- pick 1          (Fisher and Yates, of which only the first `fanout` steps are
//              +--- pick 0           made and only the swapped positions remembered)
//
// Pick i depends on draw i and the picks before it, so a smaller fanout takes a prefix of what a
// larger one would take: two variants of a scenario share their peers.

#ifndef MESH_PEERS_H
#define MESH_PEERS_H

#include <stdint.h>

#include "mesh/random.h"
#include "mesh/step.h"

// Writes min(fanout, count - 1) distinct members other than `node`, in order of draw, to `peers`
// and returns how many. `node` must be a member. The draws are keyed (purpose, node, occasion).
uint32_t mesh_peers_uniform(uint64_t seed, enum mesh_purpose purpose, uint64_t occasion,
                            const struct mesh_scope *scope, uint32_t node, uint32_t *peers);

#endif
