// SPDX-License-Identifier: Apache-2.0
// The state machine of a region's group (mesh/bridges.h).
#include "mesh/bridges.h"

#include "mesh/lww.h"
#include "mesh/swim.h"
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

// What the leader thinks of the members as one of SWIM's, or NULL.
static const struct mesh_swim *swim_of(const struct rafting *rafting)
{
    const struct mesh_swim *swim = mesh_swim_of(rafting->stepping->states, rafting->raft->node);
    bool active = swim != NULL && swim->group != MESH_SWIM_NONE &&
                  swim->phase == MESH_SWIM_ACTIVE &&
                  rafting->stepping->config->swim[swim->group].scope == rafting->group->scope;
    return active ? swim : NULL;
}

// Members that the leader has heard within the timeout, and does not hold for dead or gone; itself
// always.
static uint32_t audible(const struct rafting *rafting)
{
    const struct mesh_raft *raft = rafting->raft;
    const struct mesh_raft_group *group = rafting->group;
    const struct mesh_swim *swim = swim_of(rafting);
    uint32_t places = 0;
    for (uint32_t place = 0; place < group->roster_count; place++) {
        bool silent = rafting->now_ns - raft->progress[place].heard_ns >= group->bridge_timeout_ns;
        bool gone =
            swim != NULL && mesh_swim_state_of(swim, group->roster[place]) >= MESH_SWIM_DEAD;
        if (place == raft->self || (!silent && !gone)) {
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

// ---- Among the groups ----

bool mesh_bridges_gossip(const struct stepping *stepping, uint32_t scope)
{
    const struct mesh_config *config = stepping->config;
    if (config->raft_count == 0 || scope != config->bridge_scope) {
        return false;
    }
    const struct mesh_raft *raft = mesh_raft_of(stepping->states, stepping->event->node);
    return raft != NULL && raft->known != NULL;
}

// The members of a group that may be its bridges, as far as the node knows.
static uint32_t bridges_of(const struct stepping *stepping, const struct mesh_raft *raft,
                           uint32_t group)
{
    uint32_t everybody = UINT32_MAX >> (32 - stepping->config->raft[group].roster_count);
    uint32_t places = group == raft->group ? raft->bridges : raft->known[group].places & everybody;
    return places != 0 ? places : everybody;
}

bool mesh_bridges_choose(struct stepping *stepping, const struct mesh_scope *scope,
                         struct mesh_scope *known)
{
    const struct mesh_config *config = stepping->config;
    const struct mesh_raft *raft = mesh_raft_of(stepping->states, stepping->event->node);
    uint32_t *starts = raft->callable;
    uint32_t *members = starts + config->raft_count + 1;
    uint32_t count = 0;
    if (!mesh_bridges_has(raft)) {
        return false;
    }
    for (uint32_t group = 0; group < config->raft_count; group++) {
        starts[group] = count;
        for (uint32_t left = bridges_of(stepping, raft, group); left != 0; left &= left - 1) {
            members[count++] = config->raft[group].roster[__builtin_ctz(left)];
        }
    }
    starts[config->raft_count] = count;
    *known = *scope;
    known->members = members;
    known->count = count;
    known->group_starts = starts;
    known->group_count = config->raft_count;
    return true;
}

static struct mesh_lww known_as_lww(const struct mesh_bridges_known *known)
{
    struct mesh_lww state;
    mesh_lww_init(&state);
    if (known->origin != 0) {
        state.clock = known->clock;
        state.origin = known->origin - 1;
    }
    return state;
}

// The last writer wins, as in any register.
static void hear(struct stepping *stepping, struct mesh_raft *raft,
                 const struct mesh_update *update)
{
    uint32_t group = update->key - MESH_BRIDGES_KEY;
    if (update->type != MESH_LWW_SET || update->key < MESH_BRIDGES_KEY ||
        group >= stepping->config->raft_count || update->value_bytes != MESH_BRIDGES_BYTES) {
        return;
    }
    struct mesh_bridges_known *known = &raft->known[group];
    struct mesh_lww before = known_as_lww(known);
    struct mesh_lww now = {.clock = update->clock, .origin = update->dot.origin};
    if (mesh_lww_precedes(&before, &now)) {
        known->clock = update->clock;
        known->origin = update->dot.origin + 1;
        known->places = mesh_bridges_read(update->value);
    }
}

void mesh_bridges_hear(struct stepping *stepping, uint32_t first)
{
    const struct mesh_output *output = stepping->output;
    struct mesh_raft *raft = mesh_raft_of(stepping->states, stepping->event->node);
    if (raft == NULL || raft->known == NULL) {
        return;
    }
    for (uint32_t i = first; i < output->news_count; i++) {
        const struct mesh_update *updates = mesh_stepping_rows(stepping, output->news[i].word);
        for (uint64_t left = output->news[i].lanes; left != 0; left &= left - 1) {
            hear(stepping, raft, &updates[__builtin_ctzll(left)]);
        }
    }
}
