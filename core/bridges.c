// SPDX-License-Identifier: Apache-2.0
// The state machine of a region's group (mesh/bridges.h).
#include "mesh/bridges.h"

#include "rafting.h"

void mesh_bridges_apply(struct rafting *rafting, const struct mesh_raft_entry *entry)
{
    if (entry->kind == MESH_RAFT_BRIDGES) {
        rafting->raft->bridges = (uint32_t)entry->data[0];
    }
}

static uint32_t count_of(uint32_t places)
{
    return (uint32_t)__builtin_popcount(places);
}

// Members that the leader has heard within the timeout; itself always.
static uint32_t audible(const struct rafting *rafting)
{
    const struct mesh_raft *raft = rafting->raft;
    uint32_t places = 0;
    for (uint32_t place = 0; place < rafting->group->roster_count; place++) {
        uint64_t silent_ns = rafting->now_ns - raft->progress[place].heard_ns;
        if (place == raft->self || silent_ns < rafting->group->bridge_timeout_ns) {
            places |= mesh_raft_bit(place);
        }
    }
    return places & (raft->members.voters | raft->members.learners);
}

void mesh_bridges_watch(struct rafting *rafting)
{
    const struct mesh_raft *raft = rafting->raft;
    uint32_t wanted = rafting->group->bridge_count;
    uint64_t where;
    if (wanted == 0 || raft->commit < raft->term_start) {
        return;
    }
    mesh_raft_find(rafting, raft->last, MESH_RAFT_BRIDGES, &where);
    if (where > raft->commit) {
        return;  // a change is under way
    }
    uint32_t heard = audible(rafting);
    uint32_t bridges = raft->bridges & heard;
    for (uint32_t spare = heard & ~bridges; spare != 0 && count_of(bridges) < wanted;
         spare &= spare - 1) {
        bridges |= spare & -spare;
    }
    // Who is silent and cannot be replaced stays: it may come back.
    for (uint32_t silent = raft->bridges & ~heard; silent != 0 && count_of(bridges) < wanted;
         silent &= silent - 1) {
        bridges |= silent & -silent;
    }
    if (bridges != raft->bridges) {
        uint64_t word = bridges;
        mesh_raft_enter(rafting, MESH_RAFT_BRIDGES, &word, sizeof word);
    }
}
