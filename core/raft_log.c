// SPDX-License-Identifier: Apache-2.0
// The log: a ring of entries in the driver's memory, from behind the snapshot to the last.
//
//     index   snapshot.index | snapshot.index + 1 ........ last |
//     place        -         | (index % log_capacity) entries   |  free: log_capacity - entries
#include <assert.h>
#include <string.h>

#include "rafting.h"

uint32_t mesh_raft_entry_words(const struct mesh_raft_group *group)
{
    return sizeof(struct mesh_raft_entry) / sizeof(uint64_t) + (group->entry_bytes + 7) / 8;
}

static struct mesh_raft_entry *place_of(const struct mesh_raft_group *group,
                                        const struct mesh_raft *raft, uint64_t index)
{
    size_t place = (size_t)(index % raft->log_capacity) * mesh_raft_entry_words(group);
    return (struct mesh_raft_entry *)(raft->log + place);
}

const struct mesh_raft_entry *mesh_raft_entry_at(const struct mesh_raft_group *group,
                                                 const struct mesh_raft *raft, uint64_t index)
{
    assert(index > raft->snapshot.index && index <= raft->last);
    return place_of(group, raft, index);
}

void mesh_raft_put(const struct mesh_raft_group *group, struct mesh_raft *raft, uint64_t index,
                   const struct mesh_raft_entry *entry)
{
    assert(entry->bytes <= group->entry_bytes);
    memcpy(place_of(group, raft, index), entry,
           sizeof *entry + (size_t)(entry->bytes + 7) / 8 * sizeof(uint64_t));
}

const struct mesh_raft_entry *mesh_raft_carried(const struct mesh_message *message,
                                                uint32_t position)
{
    uint32_t head_words = sizeof(struct mesh_raft_head) / sizeof(uint64_t);
    assert(position < message->update_count);
    uint32_t stride = (message->words - head_words) / message->update_count;
    return (const struct mesh_raft_entry *)(message->lanes + head_words +
                                            (size_t)position * stride);
}

uint64_t mesh_raft_term_at(const struct rafting *rafting, uint64_t index)
{
    const struct mesh_raft *raft = rafting->raft;
    assert(index >= raft->snapshot.index && index <= raft->last);
    return index == raft->snapshot.index ? raft->snapshot.term
                                         : place_of(rafting->group, raft, index)->term;
}

// A quarter of the ring is for the first entries of leaders: without one a new leader could commit
// nothing, and a ring that is full of what is not committed would stay so.
bool mesh_raft_has_room(const struct mesh_raft *raft, uint32_t kind)
{
    uint64_t room = raft->log_capacity - (raft->last - raft->snapshot.index);
    return room > (kind == MESH_RAFT_NOOP ? 0 : raft->log_capacity / 4);
}

// A server uses the latest members in its log, committed or not (thesis 4.1).
static void take_members(struct rafting *rafting, const struct mesh_raft_entry *entry)
{
    struct mesh_raft *raft = rafting->raft;
    raft->members = mesh_raft_members_of(entry->data[0]);
    raft->members_index = raft->last;
}

void mesh_raft_append(struct rafting *rafting, uint64_t term, enum mesh_raft_kind kind,
                      const void *data, uint32_t bytes)
{
    struct mesh_raft *raft = rafting->raft;
    assert(mesh_raft_has_room(raft, kind) && bytes <= rafting->group->entry_bytes);
    struct mesh_raft_entry *entry = place_of(rafting->group, raft, ++raft->last);
    memset(entry, 0, mesh_raft_entry_words(rafting->group) * sizeof(uint64_t));
    entry->term = term;
    entry->kind = kind;
    entry->bytes = bytes;
    if (kind == MESH_RAFT_COMMAND && bytes > 0) {
        memcpy(entry->data, data, bytes);
    } else if (bytes > 0) {
        memcpy(entry->data, data, sizeof entry->data[0]);
    }
    if (kind == MESH_RAFT_MEMBERS) {
        take_members(rafting, entry);
    }
}

// What conflicts with the leader's log is removed, with all that follows it (paper 5.3), and the
// members are again what they were before it (thesis 4.1).
void mesh_raft_truncate(struct rafting *rafting, uint64_t index)
{
    struct mesh_raft *raft = rafting->raft;
    assert(index > raft->commit && index <= raft->last);
    raft->last = index - 1;
    raft->stored = raft->stored < raft->last ? raft->stored : raft->last;
    raft->writing_last = raft->writing_last < raft->last ? raft->writing_last : raft->last;
    raft->dirty_first = raft->dirty_first < index ? raft->dirty_first : index;
    raft->matched = raft->matched < raft->last ? raft->matched : raft->last;
    if (raft->members_index >= index) {
        raft->members = mesh_raft_members_at(rafting, raft->last, &raft->members_index);
    }
}

const struct mesh_raft_entry *mesh_raft_find(const struct rafting *rafting, uint64_t index,
                                             enum mesh_raft_kind kind, uint64_t *where)
{
    for (; index > rafting->raft->snapshot.index; index--) {
        const struct mesh_raft_entry *entry = place_of(rafting->group, rafting->raft, index);
        if (entry->kind == kind) {
            *where = index;
            return entry;
        }
    }
    *where = rafting->raft->snapshot.index;
    return NULL;
}

struct mesh_raft_members mesh_raft_members_at(const struct rafting *rafting, uint64_t index,
                                              uint64_t *where)
{
    const struct mesh_raft_entry *entry = mesh_raft_find(rafting, index, MESH_RAFT_MEMBERS, where);
    return entry == NULL ? rafting->raft->snapshot.members : mesh_raft_members_of(entry->data[0]);
}

uint32_t mesh_raft_bridges_at(const struct rafting *rafting, uint64_t index)
{
    uint64_t where;
    const struct mesh_raft_entry *entry = mesh_raft_find(rafting, index, MESH_RAFT_BRIDGES, &where);
    return entry == NULL ? rafting->raft->snapshot.bridges : (uint32_t)entry->data[0];
}

// The leader's search for where the logs agree goes by whole terms, not by entries (paper 5.3).
uint64_t mesh_raft_conflict(const struct rafting *rafting, uint64_t index, uint64_t term)
{
    const struct mesh_raft *raft = rafting->raft;
    while (index > raft->snapshot.index && mesh_raft_term_at(rafting, index) > term) {
        index--;
    }
    return index;
}
