// SPDX-License-Identifier: GPL-3.0-or-later
#include "roll.h"

#include <assert.h>

#include "allocate.h"
#include "mesh/swim.h"

#define NONE UINT32_MAX

struct member {
    uint64_t fine_ns;       // up, and not paused, since then
    uint64_t up_ns;         // since then
    uint64_t read_only_ns;  // since then; SIM_TIME_NEVER: it is not
    uint32_t doubters;      // of those who are up, who hold it for unreachable, and
    uint32_t parted;        // of them, who hold it for gone
    uint32_t detection;     // of the result's, being made, or NONE; likewise
    uint32_t readmission;
    uint32_t separation;
    uint32_t farewell;
    uint16_t group;  // or MESH_SWIM_NONE
    bool up;
    bool paused;
    bool joined;
};

struct group {
    const struct mesh_scope *scope;
    uint64_t answer_ns;  // in which who is there should have answered
    uint64_t refute_ns;  // and refuted
    uint32_t up;
};

struct sim_roll {
    struct member *members;  // [node_count]
    uint32_t node_count;
    struct group *groups;  // [group_count]
    uint32_t group_count;
    uint64_t doubts;     // of members who are up, over all doubters
    uint64_t sure_ns;    // without any doubt since then, if there is none
    uint64_t looked_ns;  // at who can reach whom
    uint64_t healed_ns;  // nobody is cut off since then
    bool cut;            // somebody is
    uint32_t read_only;  // members
    struct sim_result *result;
    uint32_t discovery_capacity;
    uint32_t farewell_capacity;
    uint32_t readmission_capacity;
    uint32_t separation_capacity;
    uint32_t reunion_capacity;
};

struct sim_roll *sim_roll_create(const struct mesh_config *mesh, uint32_t node_count,
                                 struct sim_result *result)
{
    if (mesh->swim_count == 0) {
        return NULL;
    }
    struct sim_roll *roll = sim_memory_zeroed(sizeof *roll);
    roll->members = sim_memory_zeroed(node_count * sizeof *roll->members);
    roll->node_count = node_count;
    roll->groups = sim_memory_zeroed(mesh->swim_count * sizeof *roll->groups);
    roll->group_count = mesh->swim_count;
    roll->result = result;
    result->membership.read_only = sim_memory_zeroed(node_count * sizeof(uint64_t));
    result->membership.node_count = node_count;
    for (uint32_t node = 0; node < node_count; node++) {
        roll->members[node] = (struct member){.group = MESH_SWIM_NONE,
                                              .read_only_ns = SIM_TIME_NEVER,
                                              .detection = NONE,
                                              .readmission = NONE,
                                              .separation = NONE,
                                              .farewell = NONE};
    }
    for (uint32_t i = 0; i < mesh->swim_count; i++) {
        const struct mesh_swim_group *group = &mesh->swim[i];
        uint64_t longest = group->lifeguard ? 1 + MESH_SWIM_HEALTH_MAX : 1;
        roll->groups[i] = (struct group){
            .scope = &mesh->scopes[group->scope],
            .answer_ns = (1 + longest) * group->period_ns,
            .refute_ns = (1 + longest) * group->period_ns + group->suspicion_ns_max,
        };
        for (uint32_t j = 0; j < roll->groups[i].scope->count; j++) {
            roll->members[roll->groups[i].scope->first + j].group = (uint16_t)i;
        }
    }
    return roll;
}

static void *room(void *items, uint32_t count, uint32_t *capacity, size_t bytes)
{
    if (count < *capacity) {
        return items;
    }
    *capacity = 2 * *capacity + 16;
    return sim_memory_resize(items, *capacity * bytes);
}

// ---- What comes to an end ----

static void look_at_reunion(struct sim_roll *roll, uint64_t time_ns)
{
    struct sim_membership *membership = &roll->result->membership;
    struct sim_reunion *last = membership->reunion_count == 0
                                   ? NULL
                                   : &membership->reunions[membership->reunion_count - 1];
    if (last != NULL && last->after_ns == SIM_TIME_NEVER && !roll->cut && roll->doubts == 0 &&
        roll->read_only == 0) {
        last->after_ns = time_ns - last->healed_ns;
    }
}

static void look_at_doubts(struct sim_roll *roll, uint64_t time_ns)
{
    if (roll->doubts == 0) {
        roll->sure_ns = time_ns;
        look_at_reunion(roll, time_ns);
    }
}

static void look_at_member(struct sim_roll *roll, uint32_t node, uint64_t time_ns)
{
    struct member *member = &roll->members[node];
    struct sim_membership *membership = &roll->result->membership;
    if (member->detection != NONE) {
        struct sim_discovery *detection = &membership->discoveries[member->detection];
        if (member->doubters > 0 && detection->first_ns == SIM_TIME_NEVER) {
            detection->first_ns = time_ns - detection->down_ns;
        }
        if (member->doubters == roll->groups[member->group].up) {
            detection->all_ns = time_ns - detection->down_ns;
            member->detection = NONE;
        }
    }
    if (member->farewell != NONE && member->parted == roll->groups[member->group].up) {
        struct sim_farewell *farewell = &membership->farewells[member->farewell];
        farewell->after_ns =
            farewell->after_ns == SIM_TIME_NEVER ? time_ns - farewell->left_ns : farewell->after_ns;
    }
    if (member->readmission != NONE && member->joined && member->doubters == 0) {
        struct sim_readmission *readmission = &membership->readmissions[member->readmission];
        readmission->after_ns = time_ns - readmission->up_ns;
        member->readmission = NONE;
    }
}

// ---- Coming and going ----

static void note_read_only(struct sim_roll *roll, uint32_t node, uint64_t time_ns, bool read_only)
{
    struct member *member = &roll->members[node];
    bool was = member->read_only_ns != SIM_TIME_NEVER;
    if (was && !read_only) {
        roll->result->membership.read_only[node] += time_ns - member->read_only_ns;
        member->read_only_ns = SIM_TIME_NEVER;
        roll->read_only--;
        look_at_reunion(roll, time_ns);
    } else if (!was && read_only) {
        member->read_only_ns = time_ns;
        roll->read_only++;
        if (member->separation != NONE) {
            struct sim_separation *separation =
                &roll->result->membership.separations[member->separation];
            separation->after_ns = time_ns - separation->from_ns;
            member->separation = NONE;
        }
    }
}

// It crashed, or said that it goes.
static void begin_absence(struct sim_roll *roll, uint32_t node, uint64_t time_ns, bool leaves)
{
    struct member *member = &roll->members[node];
    struct sim_membership *membership = &roll->result->membership;
    if (leaves) {
        membership->farewells = room(membership->farewells, membership->farewell_count,
                                     &roll->farewell_capacity, sizeof *membership->farewells);
        member->farewell = membership->farewell_count++;
        membership->farewells[member->farewell] =
            (struct sim_farewell){.left_ns = time_ns, .after_ns = SIM_TIME_NEVER, .node = node};
        return;
    }
    membership->discoveries = room(membership->discoveries, membership->discovery_count,
                                   &roll->discovery_capacity, sizeof *membership->discoveries);
    member->detection = membership->discovery_count++;
    membership->discoveries[member->detection] = (struct sim_discovery){
        .down_ns = time_ns,
        .first_ns = member->doubters > 0 ? 0 : SIM_TIME_NEVER,
        .all_ns = SIM_TIME_NEVER,
        .node = node,
    };
}

static void go(struct sim_roll *roll, uint32_t node, uint64_t time_ns, bool leaves)
{
    struct member *member = &roll->members[node];
    struct group *group = &roll->groups[member->group];
    struct sim_membership *membership = &roll->result->membership;
    note_read_only(roll, node, time_ns, false);
    membership->node_ns += time_ns - member->up_ns;
    member->up = false;
    member->readmission = NONE;
    member->separation = NONE;
    roll->doubts -= member->doubters;
    group->up--;
    if (time_ns > 0) {
        begin_absence(roll, node, time_ns, leaves);
    }
    for (uint32_t i = 0; i < group->scope->count; i++) {
        look_at_member(roll, group->scope->first + i, time_ns);  // it need not know any more
    }
    look_at_doubts(roll, time_ns);
}

static void come(struct sim_roll *roll, const struct sim_swim_note *note)
{
    struct member *member = &roll->members[note->node];
    struct sim_membership *membership = &roll->result->membership;
    if (member->detection != NONE) {
        membership->discoveries[member->detection].cut_short = true;
        member->detection = NONE;
    }
    member->farewell = NONE;
    member->up = true;
    member->joined = !note->own;
    member->fine_ns = note->time_ns;
    member->up_ns = note->time_ns;
    roll->doubts += member->doubters;
    roll->groups[member->group].up++;
    if (note->own) {
        membership->readmissions =
            room(membership->readmissions, membership->readmission_count,
                 &roll->readmission_capacity, sizeof *membership->readmissions);
        member->readmission = membership->readmission_count++;
        membership->readmissions[member->readmission] = (struct sim_readmission){
            .up_ns = note->time_ns, .after_ns = SIM_TIME_NEVER, .node = note->node};
    }
}

void sim_roll_transitions(struct sim_roll *roll, const struct sim_transition *transitions,
                          uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct member *member = &roll->members[transitions[i].node];
        if (transitions[i].starves) {
            continue;  // slow, but there
        }
        if (transitions[i].kind == SIM_TRANSITION_PAUSED) {
            member->paused = true;
        } else if (transitions[i].kind == SIM_TRANSITION_RESUMED) {
            member->paused = false;
            member->fine_ns = transitions[i].time_ns;
        }
    }
}

// ---- What they find ----

// Whether it could have answered, and refuted what was said, for so long.
static bool is_fine(const struct sim_roll *roll, const struct sim_engine *engine, uint32_t node,
                    uint32_t subject, uint64_t time_ns, uint64_t for_ns)
{
    const struct member *member = &roll->members[subject];
    uint64_t since_ns = member->fine_ns > roll->healed_ns ? member->fine_ns : roll->healed_ns;
    bool cut = roll->cut && (sim_engine_cuts(engine, node, subject, time_ns) ||
                             sim_engine_cuts(engine, subject, node, time_ns));
    return member->up && !member->paused && !cut && (since_ns == 0 || time_ns - since_ns >= for_ns);
}

static void note_thought(struct sim_roll *roll, const struct sim_engine *engine,
                         const struct sim_swim_note *note)
{
    struct sim_membership *membership = &roll->result->membership;
    struct member *member = &roll->members[note->subject];
    const struct group *group = &roll->groups[member->group];
    bool before = note->was != MESH_SWIM_ALIVE;
    bool after = note->state != MESH_SWIM_ALIVE;
    if (note->node == note->subject) {
        return;
    }
    if (note->own && member->farewell != NONE &&
        (note->state == MESH_SWIM_SUSPECT || note->state == MESH_SWIM_DEAD)) {
        membership->farewells[member->farewell].missed = true;
    }
    member->parted += (note->state == MESH_SWIM_LEFT) - (note->was == MESH_SWIM_LEFT);
    if (note->own && after) {
        membership->false_suspicions += !before && is_fine(roll, engine, note->node, note->subject,
                                                           note->time_ns, group->answer_ns);
        membership->false_deaths +=
            note->state == MESH_SWIM_DEAD &&
            is_fine(roll, engine, note->node, note->subject, note->time_ns, group->refute_ns);
    }
    if (before == after) {
        look_at_member(roll, note->subject, note->time_ns);
        return;
    }
    bool forgets = note->own && !after;  // the doubter itself is gone
    membership->flaps +=
        !after && !forgets &&
        is_fine(roll, engine, note->node, note->subject, note->time_ns, group->refute_ns);
    member->doubters += after ? 1 : UINT32_MAX;
    if (member->up) {
        roll->doubts += after ? 1 : UINT64_MAX;
    }
    look_at_member(roll, note->subject, note->time_ns);
    look_at_doubts(roll, note->time_ns);
}

static void note_probe(struct sim_roll *roll, const struct sim_engine *engine,
                       const struct sim_swim_note *note)
{
    const struct group *group = &roll->groups[roll->members[note->subject].group];
    if (is_fine(roll, engine, note->node, note->subject, note->time_ns, group->answer_ns)) {
        roll->result->membership.probes++;
        roll->result->membership.false_probes += !note->own;
    }
}

void sim_roll_notes(struct sim_roll *roll, const struct sim_engine *engine,
                    const struct sim_swim_note *notes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct sim_swim_note *note = &notes[i];
        switch ((enum sim_swim_note_kind)note->kind) {
        case SIM_SWIM_STARTED: come(roll, note); break;
        case SIM_SWIM_STOPPED: go(roll, note->node, note->time_ns, note->own); break;
        case SIM_SWIM_MEMBER: note_thought(roll, engine, note); break;
        case SIM_SWIM_PROBE: note_probe(roll, engine, note); break;
        case SIM_SWIM_QUORUM: note_read_only(roll, note->node, note->time_ns, note->own); break;
        case SIM_SWIM_JOINED:
            roll->members[note->node].joined = true;
            look_at_member(roll, note->node, note->time_ns);
            break;
        }
    }
}

// ---- Who can reach whom ----

// Members of a group whom cuts treat alike (sim_engine_cut_classes).
struct part {
    uint32_t up;
    uint32_t first;   // of them, and
    uint32_t second;  // another, or NONE
    uint32_t reach;   // of the group, each member itself included, of those who are up
};

static bool are_cut(const struct sim_engine *engine, uint32_t one, uint32_t other, uint64_t time_ns)
{
    return sim_engine_cuts(engine, one, other, time_ns) ||
           sim_engine_cuts(engine, other, one, time_ns);
}

static uint32_t reach_within(const struct part *part, const struct sim_engine *engine,
                             uint64_t time_ns)
{
    bool apart = part->second != NONE && are_cut(engine, part->first, part->second, time_ns);
    return apart ? 1 : part->up;
}

// Which parts the group has, in the order of their first members; returns how many.
static uint32_t find_parts(const struct sim_roll *roll, const struct group *group,
                           const uint32_t *classes, struct part *parts, uint32_t *present)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < group->scope->count; i++) {
        uint32_t node = group->scope->first + i;
        struct part *part = &parts[classes[node]];
        if (!roll->members[node].up) {
            continue;
        }
        if (part->up++ == 0) {
            part->first = node;
            part->second = NONE;
            present[count++] = classes[node];
        } else if (part->second == NONE) {
            part->second = node;
        }
    }
    return count;
}

// A part reaches another as any of its members does any of the other's.
static void find_reach(const struct sim_engine *engine, uint64_t time_ns, struct part *parts,
                       const uint32_t *present, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct part *part = &parts[present[i]];
        part->reach = 0;
        for (uint32_t j = 0; j < count; j++) {
            const struct part *other = &parts[present[j]];
            if (i == j) {
                part->reach += reach_within(part, engine, time_ns);
            } else if (!are_cut(engine, part->first, other->first, time_ns)) {
                part->reach += other->up;
            }
        }
    }
}

static void separate(struct sim_roll *roll, uint32_t node, uint64_t time_ns)
{
    struct sim_membership *membership = &roll->result->membership;
    struct member *member = &roll->members[node];
    bool knows = member->read_only_ns != SIM_TIME_NEVER;
    membership->separations = room(membership->separations, membership->separation_count,
                                   &roll->separation_capacity, sizeof *membership->separations);
    membership->separations[membership->separation_count] = (struct sim_separation){
        .from_ns = time_ns, .after_ns = knows ? 0 : SIM_TIME_NEVER, .node = node};
    member->separation = knows ? NONE : membership->separation_count;
    membership->separation_count++;
}

// Members who lose their majority just then, by cuts; and whether anybody is cut off.
static bool look_at_group(struct sim_roll *roll, const struct group *group, const uint32_t *classes,
                          const struct part *parts, uint64_t time_ns)
{
    bool cut = false;
    for (uint32_t i = 0; i < group->scope->count; i++) {
        uint32_t node = group->scope->first + i;
        struct member *member = &roll->members[node];
        uint32_t reach = parts[classes[node]].reach;
        if (!member->up) {
            continue;
        }
        cut |= reach < group->up;
        if (2 * reach > group->scope->count) {
            member->separation = NONE;
        } else if (member->separation == NONE && reach < group->up) {
            separate(roll, node, time_ns);
        }
    }
    return cut;
}

static bool look_at_cuts(struct sim_roll *roll, const struct sim_engine *engine, uint64_t time_ns)
{
    bool cut = false;
    uint32_t *classes = sim_memory_zeroed(roll->node_count * sizeof *classes);
    uint32_t class_count = sim_engine_cut_classes(engine, time_ns, classes);
    struct part *parts = sim_memory_zeroed(class_count * sizeof *parts);
    uint32_t *present = sim_memory_zeroed(class_count * sizeof *present);
    for (uint32_t i = 0; i < roll->group_count; i++) {
        const struct group *group = &roll->groups[i];
        uint32_t count = find_parts(roll, group, classes, parts, present);
        find_reach(engine, time_ns, parts, present, count);
        cut |= look_at_group(roll, group, classes, parts, time_ns);
        for (uint32_t j = 0; j < count; j++) {
            parts[present[j]].up = 0;
        }
    }
    sim_memory_free(present);
    sim_memory_free(parts);
    sim_memory_free(classes);
    return cut;
}

static void heal(struct sim_roll *roll, uint64_t time_ns)
{
    struct sim_membership *membership = &roll->result->membership;
    roll->healed_ns = time_ns;
    membership->reunions = room(membership->reunions, membership->reunion_count,
                                &roll->reunion_capacity, sizeof *membership->reunions);
    membership->reunions[membership->reunion_count++] =
        (struct sim_reunion){.healed_ns = time_ns, .after_ns = SIM_TIME_NEVER};
    look_at_reunion(roll, time_ns);
}

void sim_roll_window(struct sim_roll *roll, const struct sim_engine *engine, uint64_t time_ns)
{
    uint64_t next_ns = sim_engine_next_cut_ns(engine, roll->looked_ns);
    while (next_ns <= time_ns) {
        bool cut = look_at_cuts(roll, engine, next_ns);
        bool heals = roll->cut && !cut;
        roll->cut = cut;
        if (heals) {
            heal(roll, next_ns);
        }
        roll->looked_ns = next_ns;
        next_ns = sim_engine_next_cut_ns(engine, next_ns);
    }
}

void sim_roll_finish(struct sim_roll *roll, uint64_t end_ns)
{
    if (roll == NULL) {
        return;
    }
    struct sim_membership *membership = &roll->result->membership;
    for (uint32_t node = 0; node < roll->node_count; node++) {
        if (roll->members[node].up) {
            note_read_only(roll, node, end_ns, false);
            membership->node_ns += end_ns - roll->members[node].up_ns;
        }
    }
    uint64_t calm_ns = roll->result->calm_ns;
    calm_ns = roll->healed_ns > calm_ns ? roll->healed_ns : calm_ns;
    membership->calm_ns = calm_ns;
    membership->sure_after_ns = roll->doubts > 0          ? SIM_TIME_NEVER
                                : roll->sure_ns > calm_ns ? roll->sure_ns - calm_ns
                                                          : 0;
    sim_memory_free(roll->members);
    sim_memory_free(roll->groups);
    sim_memory_free(roll);
}
