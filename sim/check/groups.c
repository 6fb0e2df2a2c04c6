// SPDX-License-Identifier: GPL-3.0-or-later
#include "groups.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "allocate.h"
#include "story.h"

// What an entry is known by.
struct seen {
    uint64_t term;
    uint64_t previous_term;
    uint64_t content;
};

// All entries ever seen at an index, by term.
struct variants {
    struct seen *seen;
    uint32_t count;
};

struct committed {
    uint64_t term;  // 0: nothing known
    uint64_t content;
    uint64_t by;  // term of the server that was the first to call it committed
};

struct server {
    uint64_t term;
    uint64_t snapshot;  // entries up to here are in its snapshot
    uint64_t last;
    uint64_t applied;
    uint64_t *terms;  // of its log, by index
    uint64_t terms_capacity;
    uint64_t *floors;  // by read: what was committed when it was asked
    uint64_t floors_capacity;
    uint32_t role;
    bool up;
};

struct group {
    const struct mesh_raft_group *group;
    struct server *servers;  // by place
    uint32_t *leaders;       // by term: 1 + place
    uint64_t leaders_capacity;
    struct variants *variants;  // by index
    uint64_t variants_capacity;
    struct committed *committed;  // by index
    uint64_t committed_capacity;
    uint64_t committed_last;
    struct sim_story story;
};

struct sim_group_checks {
    struct group *groups;
    uint32_t count;
    const char *broken;
    uint32_t where;  // the group
    char how[400];
};

// ---- Lifecycle ----

struct sim_group_checks *sim_group_checks_create(const struct mesh_raft_group *groups,
                                                 uint32_t count)
{
    struct sim_group_checks *checks = sim_memory_zeroed(sizeof *checks);
    checks->count = count;
    checks->groups = sim_memory_zeroed(count * sizeof *checks->groups);
    for (uint32_t i = 0; i < count; i++) {
        checks->groups[i].group = &groups[i];
        checks->groups[i].servers =
            sim_memory_zeroed(groups[i].roster_count * sizeof *checks->groups[i].servers);
    }
    return checks;
}

static void finish(struct group *group)
{
    for (uint32_t i = 0; i < group->group->roster_count; i++) {
        sim_memory_free(group->servers[i].terms);
        sim_memory_free(group->servers[i].floors);
    }
    for (uint64_t i = 0; i < group->variants_capacity; i++) {
        sim_memory_free(group->variants[i].seen);
    }
    sim_memory_free(group->servers);
    sim_memory_free(group->leaders);
    sim_memory_free(group->variants);
    sim_memory_free(group->committed);
}

void sim_group_checks_destroy(struct sim_group_checks *checks)
{
    for (uint32_t i = 0; checks != NULL && i < checks->count; i++) {
        finish(&checks->groups[i]);
    }
    sim_memory_free(checks != NULL ? checks->groups : NULL);
    sim_memory_free(checks);
}

// Room for the element at `index`, zeroed when new.
static void *grow(void *memory, uint64_t *capacity, uint64_t index, size_t size)
{
    if (index < *capacity) {
        return memory;
    }
    uint64_t wanted = 2 * index + 64;
    memory = sim_memory_resize(memory, wanted * size);
    memset((char *)memory + *capacity * size, 0, (wanted - *capacity) * size);
    *capacity = wanted;
    return memory;
}

// ---- Violations ----

const char *sim_group_checks_broken(const struct sim_group_checks *checks)
{
    return checks->broken;
}

const char *sim_group_checks_how(const struct sim_group_checks *checks)
{
    return checks->how;
}

void sim_group_checks_tell(const struct sim_group_checks *checks, FILE *output)
{
    sim_story_tell(&checks->groups[checks->where].story, output);
}

__attribute__((format(printf, 4, 5))) static void violate(struct sim_group_checks *checks,
                                                          const struct sim_raft_note *note,
                                                          const char *property, const char *format,
                                                          ...)
{
    if (checks->broken != NULL) {
        return;
    }
    checks->broken = property;
    checks->where = note->group;
    int length = snprintf(checks->how, sizeof checks->how, "at %" PRIu64 ".%06" PRIu64 " ms ",
                          note->time_ns / 1000000, note->time_ns % 1000000);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(checks->how + length, sizeof checks->how - (size_t)length, format, arguments);
    va_end(arguments);
}

// What the checks of one note need.
struct look {
    struct sim_group_checks *checks;
    struct group *group;
    struct server *server;
    const struct sim_raft_note *note;
    uint32_t place;
};

// ---- Leader Completeness ----

static void check_completeness(const struct look *look, uint32_t place, uint64_t first)
{
    const struct group *group = look->group;
    const struct server *leader = &group->servers[place];
    for (uint64_t index = first; index <= group->committed_last; index++) {
        const struct committed *committed = &group->committed[index];
        if (index <= leader->snapshot) {
            continue;
        }
        uint64_t term = index <= leader->last ? leader->terms[index] : 0;
        if (committed->term != 0 && term != committed->term && committed->by < leader->term) {
            violate(look->checks, look->note, "Leader Completeness",
                    "node %" PRIu32 " leads term %" PRIu64 " without entry %" PRIu64
                    " of term %" PRIu64 ", committed in term %" PRIu64 "; it has %s there",
                    group->group->roster[place], leader->term, index, committed->term,
                    committed->by, term == 0 ? "none" : "another");
        }
    }
}

// ---- Election Safety ----

static void look_at_role(const struct look *look)
{
    struct group *group = look->group;
    const struct sim_raft_note *note = look->note;
    bool leads = note->content == MESH_RAFT_LEADER;
    bool elected =
        leads && (look->server->role != MESH_RAFT_LEADER || look->server->term != note->term);
    look->server->role = (uint32_t)note->content;
    look->server->term = note->term;
    if (!elected) {
        return;
    }
    group->leaders =
        grow(group->leaders, &group->leaders_capacity, note->term, sizeof *group->leaders);
    uint32_t *leader = &group->leaders[note->term];
    if (*leader != 0 && *leader != look->place + 1) {
        violate(look->checks, note, "Election Safety",
                "node %" PRIu32 " leads term %" PRIu64 ", which node %" PRIu32 " has led",
                note->node, note->term, group->group->roster[*leader - 1]);
    }
    *leader = look->place + 1;
    check_completeness(look, look->place, 1);
}

// ---- Log Matching, Leader Append-Only ----

static void check_variant(const struct look *look)
{
    struct group *group = look->group;
    const struct sim_raft_note *note = look->note;
    group->variants =
        grow(group->variants, &group->variants_capacity, note->index, sizeof *group->variants);
    struct variants *variants = &group->variants[note->index];
    for (uint32_t i = 0; i < variants->count; i++) {
        const struct seen *seen = &variants->seen[i];
        if (seen->term == note->term) {
            if (seen->content != note->content || seen->previous_term != note->other) {
                violate(look->checks, note, "Log Matching",
                        "node %" PRIu32 " has an entry %" PRIu64 " of term %" PRIu64
                        " behind one of term %" PRIu64
                        "; another server had %s behind one of term %" PRIu64,
                        note->node, note->index, note->term, note->other,
                        seen->content == note->content ? "the same" : "another",
                        seen->previous_term);
            }
            return;
        }
    }
    variants->seen =
        sim_memory_resize(variants->seen, (variants->count + 1) * sizeof *variants->seen);
    variants->seen[variants->count++] = (struct seen){note->term, note->other, note->content};
}

static void look_at_entry(const struct look *look)
{
    struct server *server = look->server;
    const struct sim_raft_note *note = look->note;
    server->terms =
        grow(server->terms, &server->terms_capacity, note->index, sizeof *server->terms);
    if (note->led && note->overwrites) {
        violate(look->checks, note, "Leader Append-Only",
                "node %" PRIu32 ", leader of term %" PRIu64 ", overwrites entry %" PRIu64
                " of term %" PRIu64,
                note->node, server->term, note->index, server->terms[note->index]);
    }
    server->terms[note->index] = note->term;
    server->last = note->index > server->last ? note->index : server->last;
    check_variant(look);
}

static void look_at_cut(const struct look *look)
{
    if (look->note->led) {
        violate(look->checks, look->note, "Leader Append-Only",
                "node %" PRIu32 ", leader of term %" PRIu64 ", deletes entry %" PRIu64,
                look->note->node, look->server->term, look->server->last);
    }
    look->server->last = look->note->index;
}

// ---- State Machine Safety ----

static void check_applied(const struct look *look, bool whole)
{
    struct group *group = look->group;
    const struct sim_raft_note *note = look->note;
    group->committed =
        grow(group->committed, &group->committed_capacity, note->index, sizeof *group->committed);
    struct committed *known = &group->committed[note->index];
    if (known->term != 0 &&
        (known->term != note->term || (whole && known->content != note->content))) {
        violate(look->checks, note, "State Machine Safety",
                "node %" PRIu32 " applies an entry of term %" PRIu64 " at %" PRIu64
                ", where %s of term %" PRIu64 " was applied",
                note->node, note->term, note->index, known->term == note->term ? "another" : "one",
                known->term);
    }
    if (known->term != 0 || !whole) {
        return;
    }
    *known = (struct committed){note->term, note->content, note->other};
    group->committed_last =
        note->index > group->committed_last ? note->index : group->committed_last;
    for (uint32_t i = 0; i < group->group->roster_count; i++) {
        const struct server *server = &group->servers[i];
        if (server->up && server->role == MESH_RAFT_LEADER && server->term > note->other) {
            check_completeness(look, i, note->index);
        }
    }
}

static void look_at_commit(const struct look *look, bool whole)
{
    struct server *server = look->server;
    if (!whole) {
        server->snapshot = look->note->index;
        server->last = server->last > server->snapshot ? server->last : server->snapshot;
    }
    server->applied = look->note->index;
    check_applied(look, whole);
}

// ---- Linearizable Reads ----

static void look_at_read(const struct look *look)
{
    struct server *server = look->server;
    const struct sim_raft_note *note = look->note;
    server->floors =
        grow(server->floors, &server->floors_capacity, note->index, sizeof *server->floors);
    if (note->kind == SIM_RAFT_ASKED) {
        server->floors[note->index] = look->group->committed_last;
        return;
    }
    uint64_t floor = server->floors[note->index];
    if (note->content < floor || note->other < note->content) {
        violate(look->checks, note, "Linearizable Reads",
                "node %" PRIu32 " answers in term %" PRIu64 " a read as of entry %" PRIu64
                ", having applied %" PRIu64 "; %" PRIu64 " was committed when it was asked",
                note->node, note->term, note->content, note->other, floor);
    }
}

// ---- Looking ----

static void look_at_start(const struct look *look)
{
    struct server *server = look->server;
    server->up = true;
    server->term = look->note->term;
    server->role = MESH_RAFT_FOLLOWER;
    server->snapshot = 0;
    server->last = 0;
    server->applied = 0;
}

static void look_at(const struct look *look)
{
    switch ((enum sim_raft_note_kind)look->note->kind) {
    case SIM_RAFT_STARTED: look_at_start(look); break;
    case SIM_RAFT_CRASHED: look->server->up = false; break;
    case SIM_RAFT_ROLE: look_at_role(look); break;
    case SIM_RAFT_CUT: look_at_cut(look); break;
    case SIM_RAFT_ENTRY: look_at_entry(look); break;
    case SIM_RAFT_COMMITTED: look_at_commit(look, true); break;
    case SIM_RAFT_RESTORED: look_at_commit(look, false); break;
    case SIM_RAFT_ASKED:
    case SIM_RAFT_ANSWERED: look_at_read(look); break;
    case SIM_RAFT_BRIDGE:
    case SIM_RAFT_EXCHANGED:
    case SIM_RAFT_NOTE_COUNT: break;
    }
}

static uint32_t place_of(const struct mesh_raft_group *group, uint32_t node)
{
    uint32_t place = 0;
    while (group->roster[place] != node) {
        place++;
    }
    return place;
}

bool sim_group_checks_look(struct sim_group_checks *checks, const struct sim_raft_note *notes,
                           uint32_t count)
{
    for (uint32_t i = 0; i < count && checks->broken == NULL; i++) {
        struct group *group = &checks->groups[notes[i].group];
        uint32_t place = place_of(group->group, notes[i].node);
        // What others than leaders are asked they refuse at once.
        if (notes[i].kind != SIM_RAFT_ASKED || group->servers[place].role == MESH_RAFT_LEADER) {
            sim_story_note(&group->story, &notes[i]);
        }
        look_at(&(struct look){checks, group, &group->servers[place], &notes[i], place});
    }
    return checks->broken == NULL;
}
