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
// It hears them because they answer its heartbeats. Where the group's scope has SWIM (mesh/swim.h)
// a member that the leader holds for dead or gone is none that it hears, however short its silence.
// All that is in force when a set is proposed is committed first, so a set replaces the one that it
// was made from.

// Other groups learn of it by a register, an update like any other (mesh/lww.h): key
// MESH_BRIDGES_KEY + the group's number, the set as its value. The driver lets a leader write one
// whenever what it applied is not what the register says. Bridges call the active bridges of other
// groups as the registers that have reached them have it, and where none has, any of the roster: a
// member that is no active bridge answers all the same, it only never calls.
//
//     region 0   leader applies {a c d} -- writes the register --> gossip at home --> bridge c
//     region 1   bridge x <-- one exchange of bridges -----------------------------------+
//                         hears it, and from then on calls a, c or d

#ifndef MESH_BRIDGES_H
#define MESH_BRIDGES_H

#include "mesh/raft.h"

#define MESH_BRIDGES_KEY (UINT32_C(1) << 31)  // users' keys are below where there are groups
#define MESH_BRIDGES_BYTES 4u

// A set of places as a register has it.
static inline void mesh_bridges_write(uint32_t places, uint8_t bytes[MESH_BRIDGES_BYTES])
{
    for (uint32_t i = 0; i < MESH_BRIDGES_BYTES; i++) {
        bytes[i] = (uint8_t)(places >> 8 * i);
    }
}

static inline uint32_t mesh_bridges_read(const uint8_t *bytes)
{
    uint32_t places = 0;
    for (uint32_t i = 0; i < MESH_BRIDGES_BYTES; i++) {
        places |= (uint32_t)bytes[i] << 8 * i;
    }
    return places;
}

// Whether the node is an active bridge, as far as it knows.
static inline bool mesh_bridges_has(const struct mesh_raft *raft)
{
    return (raft->bridges >> raft->self & 1) != 0;
}

#endif
