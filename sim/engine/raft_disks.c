// SPDX-License-Identifier: GPL-3.0-or-later
// The disks of Raft servers (rafts.h): one write at a time, of which a crash leaves a beginning.
#include <assert.h>
#include <string.h>

#include "rafts.h"

static size_t stride(const struct sim_raft_server *server)
{
    return mesh_raft_entry_words(server->group);
}

static uint64_t *place_of(const struct sim_raft_server *server, uint64_t index)
{
    return server->disk.entries + index % SIM_RAFT_LOG * stride(server);
}

// A snapshot's data is nobody's: groups agree on their bridges, and those the core keeps.
static void copy_snapshot(struct mesh_raft_snapshot *to, const struct mesh_raft_snapshot *from)
{
    uint8_t *data = to->data;
    *to = *from;
    to->data = data;
    if (from->bytes > 0) {
        memcpy(to->data, from->data, from->bytes);
    }
}

static uint32_t first_places(uint32_t count)
{
    return count == 0 ? 0 : UINT32_MAX >> (32 - count);
}

// Elected: as if the first server had been the leader of term 1, whose no-op and first set of
// bridges are in the snapshot of all.
void sim_raft_disk_format(struct sim_raft_server *server, bool elected)
{
    struct sim_raft_disk *disk = &server->disk;
    const struct mesh_raft_group *group = server->group;
    disk->term = elected ? 1 : 0;
    disk->vote = elected ? group->roster[0] : MESH_NODE_NONE;
    disk->last = elected ? 2 : 0;
    disk->forgot = false;
    copy_snapshot(&disk->snapshot, &(struct mesh_raft_snapshot){
                                       .index = disk->last,
                                       .term = disk->term,
                                       .members.voters = first_places(group->roster_count),
                                       .bridges = elected ? first_places(group->bridge_count) : 0,
                                   });
}

void sim_raft_disk_fill(struct sim_raft_server *server, uint32_t entries)
{
    struct sim_raft_disk *disk = &server->disk;
    assert(entries <= SIM_RAFT_LOG / 2);
    disk->term = 1;
    for (disk->last = 0; disk->last < entries;) {
        struct mesh_raft_entry *entry = (struct mesh_raft_entry *)place_of(server, ++disk->last);
        *entry = (struct mesh_raft_entry){.term = 1, .kind = MESH_RAFT_NOOP};
    }
}

void sim_raft_disk_lose(struct sim_raft_server *server)
{
    sim_raft_disk_format(server, false);
    server->disk.snapshot.members = (struct mesh_raft_members){0, 0};
    server->disk.forgot = true;
}

// ---- Writing ----

void sim_raft_disk_write(struct sim_raft_server *server, const struct mesh_record *record,
                         uint64_t done_ns)
{
    const struct mesh_raft *raft = server->raft;
    struct sim_raft_write *write = &server->write;
    assert(write->done_ns == UINT64_MAX);
    write->done_ns = done_ns;
    write->term = raft->term;
    write->vote = raft->vote;
    write->forgot = raft->forgot;
    write->number = record->raft_persist.number;
    write->index_first = record->raft_persist.index_first;
    write->count = record->raft_persist.count;
    write->snapshot_too = record->raft_persist.snapshot != 0;
    copy_snapshot(&write->snapshot, &raft->snapshot);
    for (uint32_t i = 0; i < write->count; i++) {
        memcpy(write->entries + i * stride(server),
               mesh_raft_entry_at(server->group, raft, write->index_first + i),
               stride(server) * sizeof *write->entries);
    }
}

// An older snapshot does not take the place of a newer one, which was saved meanwhile.
static void save_snapshot(struct sim_raft_server *server)
{
    const struct sim_raft_write *write = &server->write;
    if (write->snapshot.index > server->disk.snapshot.index) {
        copy_snapshot(&server->disk.snapshot, &write->snapshot);
    }
    server->disk.last = write->index_first - 1;
}

static void save_entries(struct sim_raft_server *server, uint32_t count)
{
    struct sim_raft_disk *disk = &server->disk;
    const struct sim_raft_write *write = &server->write;
    disk->last = write->index_first - 1 + count;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t index = write->index_first + i;
        if (index > disk->snapshot.index) {
            memcpy(place_of(server, index), write->entries + i * stride(server),
                   stride(server) * sizeof *write->entries);
        }
    }
    disk->last = disk->last > disk->snapshot.index ? disk->last : disk->snapshot.index;
}

// The first `parts` of what is written: term and vote, the snapshot, the entries one by one.
static void save(struct sim_raft_server *server, uint32_t parts)
{
    const struct sim_raft_write *write = &server->write;
    struct sim_raft_disk *disk = &server->disk;
    if (parts > 0) {
        disk->term = write->term;
        disk->vote = write->vote;
        disk->forgot = write->forgot;
    }
    if (parts > 1 && write->snapshot_too) {
        save_snapshot(server);
    }
    if (parts > 2 || (parts == 2 && write->count == 0)) {
        uint32_t count = parts - 2;
        save_entries(server, count < write->count ? count : write->count);
    }
    server->write.done_ns = UINT64_MAX;
}

void sim_raft_disk_done(struct sim_raft_server *server)
{
    save(server, 2 + server->write.count);
}

void sim_raft_disk_crash(struct sim_raft_server *server, uint32_t parts)
{
    if (server->write.done_ns != UINT64_MAX) {
        save(server, parts);
    }
}

void sim_raft_disk_compacted(struct sim_raft_server *server)
{
    struct sim_raft_disk *disk = &server->disk;
    copy_snapshot(&disk->snapshot, &server->raft->snapshot);
    disk->last = disk->last > disk->snapshot.index ? disk->last : disk->snapshot.index;
}

// ---- Reading ----

struct mesh_raft_start sim_raft_disk_restore(struct sim_raft_server *server)
{
    const struct sim_raft_disk *disk = &server->disk;
    copy_snapshot(&server->raft->snapshot, &disk->snapshot);
    for (uint64_t index = disk->snapshot.index + 1; index <= disk->last; index++) {
        mesh_raft_put(server->group, server->raft, index,
                      (const struct mesh_raft_entry *)place_of(server, index));
    }
    return (struct mesh_raft_start){
        .term = disk->term, .last = disk->last, .vote = disk->vote, .forgot = disk->forgot};
}
