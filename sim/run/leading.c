// SPDX-License-Identifier: GPL-3.0-or-later
#include "leading.h"

#include "allocate.h"
#include "mesh/raft.h"

struct region {
    const struct mesh_raft_group *group;
    uint32_t voters;  // places that vote, as the leader has it
    uint32_t up;      // places whose servers run
    uint32_t paused;
    uint32_t forgot;   // places that lost their disks and are still among the voters
    uint32_t bridges;  // places that know that they are active
    uint32_t cut;      // of them, those that a partition keeps from a majority of the voters
    uint32_t leaving;  // places that have notice, or left after one
    uint32_t leader;   // the latest, or MESH_NODE_NONE: it leads no more
    uint64_t term;     // of the latest leader; before the first one, of what disks held
    bool confirmed;    // the leader has committed an entry of its own term
    // While nobody could commit:
    bool available;    // somebody can
    bool replaced;     // a new leader is confirmed since then
    bool measured;     // some leader was lost, or there was to be an election at the start
    uint64_t lost_ns;  // since then
    uint64_t won_ns;   // until the first won an election; SIM_TIME_NEVER: nobody has
    uint64_t terms;    // that it took
    uint64_t before;   // the term of the loss
};

struct sim_leading {
    struct region *regions;  // [count] by group
    uint32_t count;
    bool elected;  // at the start elections are under way, which are not measured
    const struct sim_engine *engine;
    struct sim_transition *pending;  // [pending_count] pauses, notices of the window, in order
    uint32_t pending_count;
    uint32_t pending_next;
    uint32_t pending_capacity;
    uint64_t looked_ns;  // partitions that begin or end up to here have been looked at
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
                                              .measured = !elected,
                                              .won_ns = SIM_TIME_NEVER};
    }
    return leading;
}

void sim_leading_watch(struct sim_leading *leading, const struct sim_engine *engine)
{
    if (leading != NULL) {
        leading->engine = engine;
    }
}

static uint32_t place_of(const struct region *region, uint32_t node)
{
    uint32_t place = 0;
    while (place < region->group->roster_count && region->group->roster[place] != node) {
        place++;
    }
    return place;
}

static uint32_t bit_of(const struct region *region, uint32_t node)
{
    uint32_t place = place_of(region, node);
    return place == region->group->roster_count ? 0 : UINT32_C(1) << place;
}

// ---- Whether somebody can commit ----

// Whether the node can exchange messages with a majority of the voters among those `counting`.
static bool reaches_majority(const struct sim_leading *leading, const struct region *region,
                             uint32_t node, uint32_t counting, uint64_t time_ns)
{
    uint32_t in_touch = 0;
    for (uint32_t left = counting; left != 0; left &= left - 1) {
        uint32_t other = region->group->roster[__builtin_ctz(left)];
        in_touch += other == node || (!sim_engine_cuts(leading->engine, node, other, time_ns) &&
                                      !sim_engine_cuts(leading->engine, other, node, time_ns));
    }
    return 2 * in_touch > (uint32_t)__builtin_popcount(region->voters);
}

static bool can_commit(const struct sim_leading *leading, const struct region *region,
                       uint64_t time_ns)
{
    uint32_t running = region->up & ~region->paused;
    uint32_t leader = region->leader;
    if (leader == MESH_NODE_NONE || !region->confirmed || (running & bit_of(region, leader)) == 0) {
        return false;
    }
    uint32_t counting = running & region->voters & ~region->forgot;
    return reaches_majority(leading, region, leader, counting, time_ns);
}

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
    uint64_t begun = result->leading[index].terms;
    uint64_t in_vain = begun > region->before ? begun - region->before : 0;
    result->elections[result->election_count++] = (struct sim_election){
        .lost_ns = region->lost_ns,
        .after_ns = after_ns,
        .term = found ? region->term : 0,
        .terms = region->won_ns != SIM_TIME_NEVER ? region->terms : in_vain,
        .region = index,
        .leader = found ? region->leader : MESH_NODE_NONE,
        .won_ns = region->won_ns,
        .first = !region->measured,
    };
}

static void look_at(struct sim_leading *leading, uint32_t index, uint64_t time_ns)
{
    struct region *region = &leading->regions[index];
    bool available = can_commit(leading, region, time_ns);
    if (available == region->available) {
        return;
    }
    region->available = available;
    if (!available) {
        region->lost_ns = time_ns;
        region->won_ns = SIM_TIME_NEVER;
        region->before = region->term;
        region->replaced = false;
        return;
    }
    leading->result->leading[index].unavailable_ns += time_ns - region->lost_ns;
    if (region->replaced) {
        add_election(leading, index, time_ns - region->lost_ns);
        region->measured = true;
    }
}

// ---- Leaders ----

static void note_leader(struct sim_leading *leading, const struct sim_raft_note *note)
{
    struct region *region = &leading->regions[note->group];
    if (note->term <= region->term) {
        return;  // of the past: it has not heard yet of the one after it
    }
    region->leader = MESH_NODE_NONE;  // whoever led before cannot commit any more
    look_at(leading, note->group, note->time_ns);
    if (region->won_ns == SIM_TIME_NEVER) {
        region->won_ns = note->time_ns - region->lost_ns;
        region->terms = note->term - region->before;
    }
    region->term = note->term;
    region->leader = note->node;
    region->confirmed = false;
    leading->result->leading[note->group].transfers += note->handed_over;
}

static void note_role(struct sim_leading *leading, const struct sim_raft_note *note)
{
    struct region *region = &leading->regions[note->group];
    struct sim_region_leading *counted = &leading->result->leading[note->group];
    counted->terms = note->term > counted->terms ? note->term : counted->terms;
    if (note->content == MESH_RAFT_LEADER) {
        note_leader(leading, note);
    } else if (note->node == region->leader) {
        region->leader = MESH_NODE_NONE;
    }
}

static void note_commit(struct sim_leading *leading, const struct sim_raft_note *note)
{
    struct region *region = &leading->regions[note->group];
    if (note->node != region->leader) {
        return;
    }
    if (note->entry_kind == MESH_RAFT_MEMBERS) {
        leading->result->leading[note->group].member_changes++;
    }
    if (!region->confirmed && note->term == note->other && note->term == region->term) {
        region->confirmed = true;
        region->replaced = true;
    }
}

// ---- Bridges ----

// Whether it was lost before, and nobody has taken its place since.
static bool is_lost(const struct sim_result *result, uint32_t node)
{
    bool lost = false;
    for (uint32_t i = 0; i < result->failover_count; i++) {
        const struct sim_failover *failover = &result->failovers[i];
        lost |= failover->bridge == node && failover->successor == MESH_NODE_NONE;
    }
    return lost;
}

static void lose_bridge(struct sim_leading *leading, uint32_t index, uint32_t node,
                        uint64_t time_ns)
{
    struct sim_result *result = leading->result;
    if (is_lost(result, node)) {
        return;  // a crash or a pause behind a partition
    }
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
    if (note->content == 0) {
        region->cut &= ~bit;
    } else {
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

static void note_start(struct region *region, const struct sim_raft_note *note)
{
    region->up |= bit_of(region, note->node);
    region->leaving &= ~bit_of(region, note->node);
    region->forgot |= note->content != 0 ? bit_of(region, note->node) : 0;
    if (note->time_ns == 0 && note->term > region->term) {
        region->term = note->term;
        region->before = note->term;
    }
}

static void note_crash(struct sim_leading *leading, const struct sim_raft_note *note)
{
    struct region *region = &leading->regions[note->group];
    uint32_t bit = bit_of(region, note->node);
    region->up &= ~bit;
    region->leader = note->node == region->leader ? MESH_NODE_NONE : region->leader;
    if ((region->bridges & bit) != 0) {
        lose_bridge(leading, note->group, note->node, note->time_ns);
        region->bridges &= ~bit;
    }
}

static void take_note(struct sim_leading *leading, const struct sim_raft_note *note)
{
    struct region *region = &leading->regions[note->group];
    struct sim_region_leading *counted = &leading->result->leading[note->group];
    switch ((enum sim_raft_note_kind)note->kind) {
    case SIM_RAFT_STARTED: note_start(region, note); break;
    case SIM_RAFT_CRASHED: note_crash(leading, note); break;
    case SIM_RAFT_ROLE: note_role(leading, note); break;
    case SIM_RAFT_COMMITTED: note_commit(leading, note); break;
    case SIM_RAFT_RESTORED: counted->snapshots += note->fetched; break;
    case SIM_RAFT_BRIDGE: note_bridge(leading, note); break;
    case SIM_RAFT_EXCHANGED: note_exchange(leading, note); break;
    case SIM_RAFT_ANSWERED: counted->reads++; break;
    default: break;
    }
    region->voters = note->node == region->leader ? note->voters : region->voters;
    region->forgot &= region->voters;
    look_at(leading, note->group, note->time_ns);
}

// A bridge that nobody replaced during its pause is one as before; so is a leader.
static void take_transition(struct sim_leading *leading, const struct sim_transition *transition)
{
    bool paused = transition->kind == SIM_TRANSITION_PAUSED;
    for (uint32_t index = 0; index < leading->count; index++) {
        struct region *region = &leading->regions[index];
        uint32_t bit = bit_of(region, transition->node);
        if (transition->kind == SIM_TRANSITION_LEAVING) {
            region->leaving |= bit;
            continue;
        }
        if (bit == 0) {
            continue;
        }
        region->paused = paused ? region->paused | bit : region->paused & ~bit;
        if ((region->bridges & bit) != 0 && paused) {
            lose_bridge(leading, index, transition->node, transition->time_ns);
        } else if ((region->bridges & bit & ~region->cut) != 0) {
            keep_bridge(leading, transition->node);
        }
        look_at(leading, index, transition->time_ns);
    }
}

// A bridge that a partition keeps from a majority of the voters, running or not, is one for its
// region no more, and is again if it ends before another has taken over.
static void look_at_bridges(struct sim_leading *leading, uint32_t index, uint64_t time_ns)
{
    struct region *region = &leading->regions[index];
    for (uint32_t left = region->bridges & ~region->paused; left != 0; left &= left - 1) {
        uint32_t bit = left & -left;
        uint32_t node = region->group->roster[__builtin_ctz(left)];
        bool cut = !reaches_majority(leading, region, node, region->voters, time_ns);
        if (cut && (region->cut & bit) == 0) {
            lose_bridge(leading, index, node, time_ns);
        } else if (!cut && (region->cut & bit) != 0) {
            keep_bridge(leading, node);
        }
        region->cut = cut ? region->cut | bit : region->cut & ~bit;
    }
}

// ---- Who leaves ----

// A group whose members have left for the most part, all of them after a notice, has been wound
// down: nobody was to take the place of its last leaders and bridges.
static bool is_wound_down(const struct region *region)
{
    uint32_t gone = region->voters & ~region->up;
    uint32_t stayed = (uint32_t)__builtin_popcount(region->voters & region->up);
    return gone != 0 && (gone & ~region->leaving) == 0 &&
           2 * stayed <= (uint32_t)__builtin_popcount(region->voters);
}

static void drop_unfinished_failovers(struct sim_leading *leading, uint32_t index)
{
    struct sim_result *result = leading->result;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < result->failover_count; i++) {
        const struct sim_failover *failover = &result->failovers[i];
        if (failover->region != index || failover->successor != MESH_NODE_NONE) {
            result->failovers[kept++] = *failover;
        }
    }
    result->failover_count = kept;
}

// ---- In order of time ----

static void look_at_all(struct sim_leading *leading, uint64_t time_ns)
{
    for (uint32_t index = 0; index < leading->count; index++) {
        look_at(leading, index, time_ns);
        look_at_bridges(leading, index, time_ns);
    }
    leading->looked_ns = time_ns;
}

// Takes pauses and notices, and partitions that begin or end, up to an instant.
static void pass_time(struct sim_leading *leading, uint64_t until_ns)
{
    for (;;) {
        const struct sim_transition *next = leading->pending_next < leading->pending_count
                                                ? &leading->pending[leading->pending_next]
                                                : NULL;
        uint64_t pause_ns = next != NULL ? next->time_ns : SIM_TIME_NEVER;
        uint64_t cut_ns = sim_engine_next_cut_ns(leading->engine, leading->looked_ns);
        if (pause_ns > until_ns && cut_ns > until_ns) {
            return;
        }
        if (cut_ns <= pause_ns) {
            look_at_all(leading, cut_ns);
        } else {
            leading->pending_next++;
            take_transition(leading, next);
        }
    }
}

void sim_leading_transitions(struct sim_leading *leading, const struct sim_transition *transitions,
                             uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bool taken = transitions[i].kind == SIM_TRANSITION_PAUSED ||
                     transitions[i].kind == SIM_TRANSITION_RESUMED ||
                     transitions[i].kind == SIM_TRANSITION_LEAVING;
        if (!taken) {
            continue;
        }
        if (leading->pending_count == leading->pending_capacity) {
            leading->pending_capacity = 2 * leading->pending_capacity + 16;
            leading->pending = sim_memory_resize(leading->pending, leading->pending_capacity *
                                                                       sizeof *leading->pending);
        }
        leading->pending[leading->pending_count++] = transitions[i];
    }
}

void sim_leading_notes(struct sim_leading *leading, const struct sim_raft_note *notes,
                       uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        pass_time(leading, notes[i].time_ns);
        take_note(leading, &notes[i]);
    }
}

void sim_leading_window(struct sim_leading *leading, uint64_t end_ns)
{
    pass_time(leading, end_ns);
    leading->pending_count = 0;
    leading->pending_next = 0;
    // What begins or ends just then may be known in the next window only.
    leading->looked_ns = end_ns - 1;
}

void sim_leading_finish(struct sim_leading *leading, uint64_t end_ns)
{
    if (leading == NULL) {
        return;
    }
    for (uint32_t i = 0; i < leading->count; i++) {
        const struct region *region = &leading->regions[i];
        if (is_wound_down(region)) {
            drop_unfinished_failovers(leading, i);
        } else if (!region->available && region->lost_ns <= end_ns) {
            leading->result->leading[i].unavailable_ns += end_ns - region->lost_ns;
            add_election(leading, i, SIM_TIME_NEVER);
        }
    }
    sim_memory_free(leading->regions);
    sim_memory_free(leading->pending);
    sim_memory_free(leading);
}
