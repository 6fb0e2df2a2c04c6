// SPDX-License-Identifier: Apache-2.0
// Active bridges: which members of a region's group gossip with other regions.
//
//     the group's log     NOOP   BRIDGES {a b c}   ...   NOOP   BRIDGES {a c d}
//     applied state              {a b c} ----------------------> {a c d}
//                                              b is silent, d is heard
//
// The set is what the log says it is; every member applies it, so each knows whether it is one.
// Only the leader proposes: a set that is too small it fills up with members that it hears, and a
// bridge that it has not heard for bridge_timeout_ns it replaces by one it hears, if there is one.
// It hears them because they answer its heartbeats. All that is in force when a set is proposed is
// committed first, so a set replaces the one that it was made from.

#ifndef MESH_BRIDGES_H
#define MESH_BRIDGES_H

#include "mesh/raft.h"

// Whether the node is an active bridge, as far as it knows.
static inline bool mesh_bridges_has(const struct mesh_raft *raft)
{
    return (raft->bridges >> raft->self & 1) != 0;
}

#endif
