// SPDX-License-Identifier: GPL-3.0-or-later
#include "leading.h"

#include "allocate.h"
#include "mesh/raft.h"

struct region {
    const struct mesh_raft_group *group;
    uint64_t term;     // of the latest leader
    uint64_t lost_ns;  // leaderless since then
    uint32_t leader;   // the latest, or MESH_NODE_NONE
    uint64_t won_ns;   // since then; SIM_TIME_NEVER: nobody has
    bool leaderless;
    bool paused;       // the leader is, which is why
    bool began;        // it has had a leader
    uint32_t bridges;  // places that know that they are active
};

struct sim_leading {
    struct region *regions;  // [count] by group
    uint32_t count;
    bool elected;  // at the start elections are under way, which are not measured
    struct sim_result *result;
    uint32_t election_capacity;
    uint32_t failover_capacity;
};

struct sim_leading *sim_leading_create(const struct mesh_config *mesh, bool elected,
                                       struct sim_result *result)
{
    if (mesh->raft_count == 0) {
        return NULL;
    }
    struct sim_leading *leading = sim_memory_zeroed(sizeof *leading);
    leading->count = mesh->raft_count;
    leading->elected = elected;
    leading->result = result;
    leading->regions = sim_memory_zeroed(leading->count * sizeof *leading->regions);
    result->leading_count = leading->count;
    result->leading = sim_memory_zeroed(leading->count * sizeof *result->leading);
    for (uint32_t i = 0; i < leading->count; i++) {
        leading->regions[i] = (struct region){.group = &mesh->raft[i],
                                              .leader = MESH_NODE_NONE,
                                              .leaderless = true,
                                              .won_ns = SIM_TIME_NEVER};
    }
    return leading;
}

// ---- Leaders ----

static void add_election(struct sim_leading *leading, uint32_t index, uint64_t after_ns)
{
    struct sim_result *result = leading->result;
    const struct region *region = &leading->regions[index];
    bool found = after_ns != SIM_TIME_NEVER;
    if (result->election_count == leading->election_capacity) {
        leading->election_capacity = 2 * leading->election_capacity + 16;
        result->elections = sim_memory_resize(result->elections, leading->election_capacity *
                                                                     sizeof *result->elections);
    }
    result->elections[result->election_count++] = (struct sim_election){
        .lost_ns = region->lost_ns,
        .after_ns = after_ns,
        .term = found ? region->term : 0,
        .region = index,
        .leader = found ? region->leader : MESH_NODE_NONE,
        .won_ns = region->won_ns,
        .first = !region->began && leading->elected,
    };
}

static void lose_leader(struct region *region, uint64_t time_ns, bool paused)
{
    if (!region->leaderless) {
        region->leaderless = true;
        region->lost_ns = time_ns;
        region->won_ns = SIM_TIME_NEVER;
    }
    region->paused = paused;
}

static void find_leader(struct sim_leading *leading, uint32_t index, uint64_t time_ns)
{
    struct region *region = &leading->regions[index];
    if (region->leaderless) {
        leading->result->leading[index].leaderless_ns += time_ns - region->lost_ns;
        add_election(leading, index, time_ns - region->lost_ns);
    }
    region->leaderless = false;
    region->began = true;
}

static void note_role(struct sim_leading *leading, const struct sim_raft_note *note)
{
    struct region *region = &leading->regions[note->group];
    struct sim_region_leading *counted = &leading->result->leading[note->group];
    counted->terms = note->term > counted->terms ? note->term : counted->terms;
    if (note->content == MESH_RAFT_LEADER) {
        if (note->term > region->term) {
            region->term = note->term;
            region->leader = note->node;
            region->paused = false;
            if (region->leaderless && region->won_ns == SIM_TIME_NEVER) {
                region->won_ns = note->time_ns - region->lost_ns;
            }
        }
    } else if (note->node == region->leader) {
        lose_leader(region, note->time_ns, false);
        region->leader = MESH_NODE_NONE;
    }
}

static void note_commit(struct sim_leading *leading, const struct sim_raft_note *note)
{
    const struct region *region = &leading->regions[note->group];
    bool own = note->term == note->other && note->term == region->term;
    if (own && note->node == region->leader) {
        find_leader(leading, note->group, note->time_ns);
    }
}

// ---- Bridges ----

static uint32_t bit_of(const struct region *region, uint32_t node)
{
    for (uint32_t place = 0; place < region->group->roster_count; place++) {
        if (region->group->roster[place] == node) {
            return UINT32_C(1) << place;
        }
    }
    return 0;
}

static void lose_bridge(struct sim_leading *leading, uint32_t index, uint32_t node,
                        uint64_t time_ns)
{
    struct sim_result *result = leading->result;
    if (result->failover_count == leading->failover_capacity) {
        leading->failover_capacity = 2 * leading->failover_capacity + 16;
        result->failovers = sim_memory_resize(result->failovers, leading->failover_capacity *
                                                                     sizeof *result->failovers);
    }
    result->failovers[result->failover_count++] = (struct sim_failover){
        .lost_ns = time_ns,
        .after_ns = SIM_TIME_NEVER,
        .exchange_ns = SIM_TIME_NEVER,
        .region = index,
        .bridge = node,
        .successor = MESH_NODE_NONE,
    };
}

// It is back before anybody took its place: returns whether it was gone.
static bool keep_bridge(struct sim_leading *leading, uint32_t node)
{
    struct sim_result *result = leading->result;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < result->failover_count; i++) {
        const struct sim_failover *failover = &result->failovers[i];
        if (failover->bridge != node || failover->successor != MESH_NODE_NONE) {
            result->failovers[kept++] = *failover;
        }
    }
    bool gone = kept < result->failover_count;
    result->failover_count = kept;
    return gone;
}

static void succeed(struct sim_leading *leading, const struct sim_raft_note *note)
{
    struct sim_result *result = leading->result;
    for (uint32_t i = 0; i < result->failover_count; i++) {
        struct sim_failover *failover = &result->failovers[i];
        if (failover->region == note->group && failover->successor == MESH_NODE_NONE &&
            failover->bridge != note->node) {
            failover->successor = note->node;
            failover->after_ns = note->time_ns - failover->lost_ns;
            return;
        }
    }
}

static void note_bridge(struct sim_leading *leading, const struct sim_raft_note *note)
{
    struct region *region = &leading->regions[note->group];
    uint32_t bit = bit_of(region, note->node);
    region->bridges &= ~bit;
    if (note->content != 0) {
        region->bridges |= bit;
        if (!keep_bridge(leading, note->node)) {
            succeed(leading, note);
        }
    }
}

static void note_exchange(struct sim_leading *leading, const struct sim_raft_note *note)
{
    struct sim_result *result = leading->result;
    for (uint32_t i = 0; i < result->failover_count; i++) {
        struct sim_failover *failover = &result->failovers[i];
        if (failover->successor == note->node && failover->exchange_ns == SIM_TIME_NEVER) {
            failover->exchange_ns = note->time_ns - failover->lost_ns;
        }
    }
}

// ---- Both ----

static void lose(struct sim_leading *leading, uint32_t index, uint32_t node, uint64_t time_ns,
                 bool paused)
{
    struct region *region = &leading->regions[index];
    if (node == region->leader) {
        lose_leader(region, time_ns, paused);
        region->leader = paused ? node : MESH_NODE_NONE;
    }
    if ((region->bridges & bit_of(region, node)) != 0) {
        lose_bridge(leading, index, node, time_ns);
        region->bridges &= paused ? UINT32_MAX : ~bit_of(region, node);
    }
}

void sim_leading_notes(struct sim_leading *leading, const struct sim_raft_note *notes,
                       uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        switch ((enum sim_raft_note_kind)notes[i].kind) {
        case SIM_RAFT_ROLE: note_role(leading, &notes[i]); break;
        case SIM_RAFT_COMMITTED: note_commit(leading, &notes[i]); break;
        case SIM_RAFT_BRIDGE: note_bridge(leading, &notes[i]); break;
        case SIM_RAFT_EXCHANGED: note_exchange(leading, &notes[i]); break;
        case SIM_RAFT_CRASHED:
            lose(leading, notes[i].group, notes[i].node, notes[i].time_ns, false);
            break;
        default: break;
        }
    }
}

// A leader that nobody replaced during its pause leads on.
static void resume(struct sim_leading *leading, uint32_t index, const struct sim_transition *back)
{
    struct region *region = &leading->regions[index];
    if (region->paused && region->leader == back->node) {
        leading->result->leading[index].leaderless_ns += back->time_ns - region->lost_ns;
        region->leaderless = false;
        region->paused = false;
    }
    if ((region->bridges & bit_of(region, back->node)) != 0) {
        keep_bridge(leading, back->node);
    }
}

void sim_leading_transitions(struct sim_leading *leading, const struct sim_transition *transitions,
                             uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct sim_transition *transition = &transitions[i];
        for (uint32_t index = 0; index < leading->count; index++) {
            if (bit_of(&leading->regions[index], transition->node) == 0) {
                continue;
            }
            if (transition->kind == SIM_TRANSITION_PAUSED) {
                lose(leading, index, transition->node, transition->time_ns, true);
            } else if (transition->kind == SIM_TRANSITION_RESUMED) {
                resume(leading, index, transition);
            }
        }
    }
}

void sim_leading_finish(struct sim_leading *leading, uint64_t end_ns)
{
    for (uint32_t i = 0; leading != NULL && i < leading->count; i++) {
        const struct region *region = &leading->regions[i];
        if (region->leaderless) {
            leading->result->leading[i].leaderless_ns += end_ns - region->lost_ns;
            add_election(leading, i, SIM_TIME_NEVER);
        }
    }
    sim_memory_free(leading != NULL ? leading->regions : NULL);
    sim_memory_free(leading);
}
