// SPDX-License-Identifier: GPL-3.0-or-later
#include "disk.h"

#include <string.h>

static size_t stride(const struct lab *lab)
{
    return mesh_raft_entry_words(&lab->group);
}

static uint64_t *place_of(const struct lab *lab, uint32_t server, uint64_t index)
{
    return lab->servers[server].disk.entries + index % lab->settings.log_capacity * stride(lab);
}

static void format(struct lab *lab, uint32_t server)
{
    struct lab_disk *disk = &lab->servers[server].disk;
    uint64_t *entries = disk->entries;
    *disk = (struct lab_disk){.vote = MESH_NODE_NONE, .entries = entries};
    if (server < lab->settings.servers) {
        disk->snapshot.members.voters = (UINT32_C(1) << lab->settings.servers) - 1;
    }
}

void disk_init(struct lab *lab, uint32_t server)
{
    size_t words = lab->settings.log_capacity * stride(lab);
    lab->servers[server].disk.entries = lab_zeroed(words, sizeof(uint64_t));
    lab->servers[server].write.entries = lab_zeroed(words, sizeof(uint64_t));
    format(lab, server);
}

void disk_finish(struct lab *lab, uint32_t server)
{
    free(lab->servers[server].disk.entries);
    free(lab->servers[server].write.entries);
}

void lab_lose_disk(struct lab *lab, uint32_t server)
{
    lab_must(!lab->servers[server].up, "a disk is lost while its server is down");
    format(lab, server);
    lab->servers[server].disk.forgot = true;
    lab->servers[server].disk.snapshot.members = (struct mesh_raft_members){0, 0};
}

// ---- Writing ----

void disk_write(struct lab *lab, uint32_t server, const struct mesh_record *record)
{
    const struct mesh_raft *raft = &lab->rafts[server];
    struct lab_write *write = &lab->servers[server].write;
    lab_must(!write->under_way, "one write is under way at a time");
    uint64_t *entries = write->entries;
    *write = (struct lab_write){
        .under_way = true,
        .snapshot_too = record->raft_persist.snapshot != 0,
        .number = record->raft_persist.number,
        .term = raft->term,
        .vote = raft->vote,
        .forgot = raft->forgot,
        .index_first = record->raft_persist.index_first,
        .count = record->raft_persist.count,
        .snapshot = raft->snapshot,
        .entries = entries,
    };
    memcpy(write->snapshot_data, raft->snapshot.data, LAB_SNAPSHOT_BYTES);
    for (uint32_t i = 0; i < write->count; i++) {
        memcpy(entries + i * stride(lab),
               mesh_raft_entry_at(&lab->group, raft, write->index_first + i),
               stride(lab) * sizeof *entries);
    }
    lab_push(lab, (struct lab_event){.time_ns = lab->now_ns + lab_disk_ns(lab, server),
                                     .kind = LAB_DISK,
                                     .server = server,
                                     .life = lab->servers[server].life,
                                     .id = write->number});
}

// An older snapshot does not take the place of a newer one, which the driver saved meanwhile.
static void save_snapshot(struct lab_server *state)
{
    const struct lab_write *write = &state->write;
    if (write->snapshot.index > state->disk.snapshot.index) {
        state->disk.snapshot = write->snapshot;
        memcpy(state->disk.snapshot_data, write->snapshot_data, LAB_SNAPSHOT_BYTES);
    }
    state->disk.last = write->index_first - 1;
}

static void save_entries(struct lab *lab, uint32_t server, uint32_t count)
{
    struct lab_disk *disk = &lab->servers[server].disk;
    const struct lab_write *write = &lab->servers[server].write;
    disk->last = write->index_first - 1 + count;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t index = write->index_first + i;
        if (index > disk->snapshot.index) {
            memcpy(place_of(lab, server, index), write->entries + i * stride(lab),
                   stride(lab) * sizeof *write->entries);
        }
    }
    disk->last = disk->last > disk->snapshot.index ? disk->last : disk->snapshot.index;
}

// The first `parts` of what is written: term and vote, the snapshot, the entries one by one.
static void save(struct lab *lab, uint32_t server, uint32_t parts)
{
    struct lab_server *state = &lab->servers[server];
    const struct lab_write *write = &state->write;
    if (parts > 0) {
        state->disk.term = write->term;
        state->disk.vote = write->vote;
        state->disk.forgot = write->forgot;
    }
    if (parts > 1 && write->snapshot_too) {
        save_snapshot(state);
    }
    if (parts > 2 || (parts == 2 && write->count == 0)) {
        uint32_t count = parts - 2;
        save_entries(lab, server, count < write->count ? count : write->count);
    }
    state->write.under_way = false;
}

void disk_finish_write(struct lab *lab, uint32_t server)
{
    save(lab, server, 2 + lab->servers[server].write.count);
}

void disk_crash(struct lab *lab, uint32_t server)
{
    const struct lab_write *write = &lab->servers[server].write;
    if (write->under_way) {
        save(lab, server, dice_below(&lab->dice, 3 + write->count));
    }
}

void disk_compact(struct lab *lab, uint32_t server)
{
    struct lab_disk *disk = &lab->servers[server].disk;
    const struct mesh_raft_snapshot *snapshot = &lab->rafts[server].snapshot;
    disk->snapshot = *snapshot;
    memcpy(disk->snapshot_data, snapshot->data, LAB_SNAPSHOT_BYTES);
    disk->last = disk->last > snapshot->index ? disk->last : snapshot->index;
}

// ---- Reading ----

struct mesh_raft_start disk_restore(struct lab *lab, uint32_t server)
{
    const struct lab_disk *disk = &lab->servers[server].disk;
    struct mesh_raft *raft = &lab->rafts[server];
    uint8_t *data = raft->snapshot.data;
    raft->snapshot = disk->snapshot;
    raft->snapshot.data = data;
    memcpy(data, disk->snapshot_data, LAB_SNAPSHOT_BYTES);
    memset(raft->log, 0xee, lab->settings.log_capacity * stride(lab) * sizeof *raft->log);
    for (uint64_t index = disk->snapshot.index + 1; index <= disk->last; index++) {
        mesh_raft_put(&lab->group, raft, index,
                      (const struct mesh_raft_entry *)place_of(lab, server, index));
    }
    lab->servers[server].write.under_way = false;
    struct mesh_raft_start start = {
        .term = disk->term, .last = disk->last, .vote = disk->vote, .forgot = disk->forgot};
    return start;
}
