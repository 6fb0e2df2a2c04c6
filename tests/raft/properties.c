// SPDX-License-Identifier: GPL-3.0-or-later
#include "properties.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"

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

// A server as it was after its last step.
struct shadow {
    uint32_t role;
    uint64_t term;
    uint64_t commit;
    uint64_t first;  // entries [first, last] are remembered
    uint64_t last;
    struct committed *log;  // by index
    uint64_t log_capacity;
};

struct properties {
    uint32_t servers;
    struct shadow shadows[LAB_SERVERS_MAX];
    uint32_t *leaders;  // by term: 1 + server
    uint64_t term_capacity;
    struct variants *variants;  // by index
    uint64_t variant_capacity;
    struct committed *committed;  // by index
    uint64_t committed_capacity;
    uint64_t committed_last;
    const char *broken;
    char how[300];
};

// Room for the element at `index`, zeroed when new.
static void *grow(void *memory, uint64_t *capacity, uint64_t index, size_t size)
{
    if (index < *capacity) {
        return memory;
    }
    uint64_t wanted = 2 * index + 64;
    memory = realloc(memory, wanted * size);
    lab_must(memory != NULL, "memory");
    memset((char *)memory + *capacity * size, 0, (wanted - *capacity) * size);
    *capacity = wanted;
    return memory;
}

struct properties *properties_create(uint32_t servers)
{
    struct properties *properties = lab_zeroed(1, sizeof *properties);
    properties->servers = servers;
    for (uint32_t i = 0; i < servers; i++) {
        properties_forget(properties, i);
    }
    return properties;
}

void properties_destroy(struct properties *properties)
{
    for (uint32_t i = 0; i < properties->servers; i++) {
        free(properties->shadows[i].log);
    }
    for (uint64_t i = 0; i < properties->variant_capacity; i++) {
        free(properties->variants[i].seen);
    }
    free(properties->leaders);
    free(properties->variants);
    free(properties->committed);
    free(properties);
}

void properties_forget(struct properties *properties, uint32_t server)
{
    struct shadow *shadow = &properties->shadows[server];
    shadow->role = MESH_RAFT_FOLLOWER;
    shadow->term = 0;
    shadow->commit = 0;
    shadow->first = 1;
    shadow->last = 0;
}

uint64_t properties_committed(const struct properties *properties)
{
    return properties->committed_last;
}

const char *properties_broken(const struct properties *properties)
{
    return properties->broken;
}

const char *properties_how(const struct properties *properties)
{
    return properties->how;
}

__attribute__((format(printf, 3, 4))) static void violate(struct properties *properties,
                                                          const char *property, const char *format,
                                                          ...)
{
    if (properties->broken != NULL) {
        return;
    }
    properties->broken = property;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(properties->how, sizeof properties->how, format, arguments);
    va_end(arguments);
}

static int name(uint32_t server)
{
    return 'A' + (int)server;
}

static uint64_t content_of(const struct mesh_raft_entry *entry)
{
    uint64_t content = entry->kind + 31 * (uint64_t)entry->bytes;
    for (uint32_t i = 0; i < (entry->bytes + 7) / 8; i++) {
        struct dice dice = {content ^ entry->data[i]};
        content = dice_roll(&dice);
    }
    return content;
}

// ---- Election Safety ----

static void check_election(struct properties *properties, const struct mesh_raft *raft,
                           uint32_t server)
{
    properties->leaders =
        grow(properties->leaders, &properties->term_capacity, raft->term, sizeof(uint32_t));
    uint32_t *leader = &properties->leaders[raft->term];
    if (*leader != 0 && *leader != server + 1) {
        violate(properties, "Election Safety", "%c leads term %lu, which %c has led", name(server),
                raft->term, name(*leader - 1));
    }
    *leader = server + 1;
}

// ---- Leader Completeness ----

static void check_completeness(struct properties *properties, const struct lab *lab,
                               uint32_t server, uint64_t from)
{
    const struct mesh_raft *raft = &lab->rafts[server];
    for (uint64_t index = from; index <= properties->committed_last; index++) {
        const struct committed *committed = &properties->committed[index];
        if (index <= raft->snapshot.index || committed->term == 0) {
            continue;
        }
        uint64_t term = index > raft->last ? 0 : mesh_raft_entry_at(&lab->group, raft, index)->term;
        if (term != committed->term && committed->by < raft->term) {
            violate(properties, "Leader Completeness",
                    "%c leads term %lu without entry %lu of term %lu, committed in term %lu; it "
                    "has %s there",
                    name(server), raft->term, index, committed->term, committed->by,
                    term == 0 ? "none" : "another");
        }
    }
}

// ---- State Machine Safety ----

static void check_commit(struct properties *properties, const struct lab *lab, uint32_t server,
                         uint64_t index)
{
    const struct mesh_raft *raft = &lab->rafts[server];
    bool covered = index <= raft->snapshot.index;
    struct committed now = {raft->snapshot.term, 0, raft->term};
    if (covered && index < raft->snapshot.index) {
        return;
    }
    if (!covered) {
        const struct mesh_raft_entry *entry = mesh_raft_entry_at(&lab->group, raft, index);
        now = (struct committed){entry->term, content_of(entry), raft->term};
    }
    properties->committed = grow(properties->committed, &properties->committed_capacity, index,
                                 sizeof *properties->committed);
    struct committed *known = &properties->committed[index];
    if (known->term == 0 && !covered) {
        *known = now;
        properties->committed_last =
            index > properties->committed_last ? index : properties->committed_last;
        for (uint32_t i = 0; i < properties->servers; i++) {
            bool later = lab->servers[i].up && lab->rafts[i].role == MESH_RAFT_LEADER &&
                         lab->rafts[i].term > raft->term;
            if (later) {
                check_completeness(properties, lab, i, index);
            }
        }
    } else if (known->term != now.term || (!covered && known->content != now.content)) {
        violate(properties, "State Machine Safety",
                "%c applies an entry of term %lu at %lu, where one of term %lu was applied",
                name(server), now.term, index, known->term);
    }
}

// ---- Log Matching ----

static void check_entry(struct properties *properties, uint32_t server, uint64_t index,
                        struct seen now)
{
    properties->variants = grow(properties->variants, &properties->variant_capacity, index,
                                sizeof *properties->variants);
    struct variants *variants = &properties->variants[index];
    for (uint32_t i = 0; i < variants->count; i++) {
        const struct seen *seen = &variants->seen[i];
        if (seen->term == now.term) {
            if (seen->content != now.content || seen->previous_term != now.previous_term) {
                violate(properties, "Log Matching",
                        "%c has an entry %lu of term %lu behind one of term %lu; another server "
                        "had %s behind one of term %lu",
                        name(server), index, now.term, now.previous_term,
                        seen->content == now.content ? "the same" : "another", seen->previous_term);
            }
            return;
        }
    }
    variants->seen = realloc(variants->seen, (variants->count + 1) * sizeof *variants->seen);
    lab_must(variants->seen != NULL, "memory");
    variants->seen[variants->count++] = now;
}

// ---- Leader Append-Only, and what all logs have in common ----

static void look_at_log(struct properties *properties, const struct lab *lab, uint32_t server)
{
    const struct mesh_raft *raft = &lab->rafts[server];
    struct shadow *shadow = &properties->shadows[server];
    bool led = shadow->role == MESH_RAFT_LEADER && raft->role == MESH_RAFT_LEADER &&
               shadow->term == raft->term;
    if (led && raft->last < shadow->last) {
        violate(properties, "Leader Append-Only", "%c, leader of term %lu, deletes entry %lu",
                name(server), raft->term, shadow->last);
    }
    shadow->log = grow(shadow->log, &shadow->log_capacity, raft->last, sizeof *shadow->log);
    uint64_t previous_term = raft->snapshot.term;
    for (uint64_t index = raft->snapshot.index + 1; index <= raft->last; index++) {
        const struct mesh_raft_entry *entry = mesh_raft_entry_at(&lab->group, raft, index);
        struct committed now = {entry->term, content_of(entry), 0};
        struct committed *was = &shadow->log[index];
        bool known = index >= shadow->first && index <= shadow->last;
        if (!known || was->term != now.term || was->content != now.content) {
            if (led && known) {
                violate(properties, "Leader Append-Only",
                        "%c, leader of term %lu, overwrites entry %lu of term %lu", name(server),
                        raft->term, index, was->term);
            }
            check_entry(properties, server, index,
                        (struct seen){now.term, previous_term, now.content});
            *was = now;
        }
        previous_term = now.term;
    }
    shadow->first = raft->snapshot.index + 1;
    shadow->last = raft->last;
}

void properties_look(struct properties *properties, const struct lab *lab, uint32_t server)
{
    const struct mesh_raft *raft = &lab->rafts[server];
    struct shadow *shadow = &properties->shadows[server];
    look_at_log(properties, lab, server);
    if (raft->role == MESH_RAFT_LEADER &&
        (shadow->role != MESH_RAFT_LEADER || shadow->term != raft->term)) {
        check_election(properties, raft, server);
        check_completeness(properties, lab, server, 1);
    }
    for (uint64_t index = shadow->commit + 1; index <= raft->commit; index++) {
        check_commit(properties, lab, server, index);
    }
    shadow->commit = raft->commit;
    shadow->role = raft->role;
    shadow->term = raft->term;
}

// ---- Linearizable Reads ----

void properties_answer(struct properties *properties, const struct lab *lab, uint32_t server,
                       uint64_t floor, uint64_t index, uint64_t applied)
{
    if (index < floor || applied < index) {
        violate(properties, "Linearizable Reads",
                "%c answers in term %lu a read as of entry %lu, having applied %lu; %lu was "
                "committed when it was asked",
                name(server), lab->rafts[server].term, index, applied, floor);
    }
}
