// SPDX-License-Identifier: Apache-2.0
// Whom a node talks to, without replacement and never itself. Uniform over the other members:
//
//     members  0 1 2 3 4 5 6        draw i swaps position i with a random one behind it
//              ^ ^
//              | +- pick 1          (Fisher and Yates, of which only the first `fanout` steps are
//              +--- pick 0           made and only the swapped positions remembered)
//
// Pick i depends on draw i and the picks before it, so a smaller fanout takes a prefix of what a
// larger one would take: two variants of a scenario share their peers.
//
// Callees, or the members of the other groups, take the place of the other members where the scope
// says so.
//
// The biased selections draw each pick anew, one block of four words per attempt, until it is a
// member not yet picked:
//
//     word 0   below bias_percent?  no: word 1 picks anyone
//     yes, local-bias               word 1 picks a member of the own group
//     yes, latency-aware, hybrid    words 1 to 3 pick three candidates; the nearest group wins, the
//                                   earliest among equals

#ifndef MESH_PEERS_H
#define MESH_PEERS_H

#include <stdint.h>

#include "mesh/random.h"
#include "mesh/step.h"

// Writes min(fanout, how many there are) distinct nodes other than `node`, in order of draw, to
// `peers` and returns how many. `node` must be a member. The draws are keyed (purpose, node,
// occasion).
uint32_t mesh_peers_select(uint64_t seed, enum mesh_purpose purpose, uint64_t occasion,
                           const struct mesh_scope *scope, uint32_t node, uint32_t *peers);

#endif
