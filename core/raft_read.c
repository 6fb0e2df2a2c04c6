// SPDX-License-Identifier: Apache-2.0
// Reads that put nothing in the log (thesis 6.4, "ReadIndex").
//
//     1  an entry of the leader's term is committed, so its commit index is the latest there is
//     2  the read remembers that index, and the next heartbeat's number
//     3  a majority answers that heartbeat or a later one: nobody else led when the read came
//     4  the state has applied the index: the read is answered from it
//
// Reads that come while a heartbeat is under way share the one after it.
#include <string.h>

#include "rafting.h"

static void start_round(struct rafting *rafting)
{
    rafting->raft->round++;
    mesh_raft_spread(rafting);
}

void mesh_raft_read(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    uint64_t number = rafting->stepping->event->number;
    if (raft->role != MESH_RAFT_LEADER) {
        mesh_raft_refuse(rafting, number, MESH_RAFT_NOT_LEADER);
        return;
    }
    if (raft->read_count == MESH_RAFT_READS_MAX) {
        mesh_raft_refuse(rafting, number, MESH_RAFT_FULL);
        return;
    }
    bool under_way = raft->read_count > 0 && raft->reads[0].round <= raft->round;
    raft->reads[raft->read_count++] = (struct mesh_raft_read){
        .context = number,
        .index = raft->commit >= raft->term_start ? raft->commit : 0,
        .round = raft->round + 1,
    };
    if (!under_way) {
        start_round(rafting);
    }
}

// Who lost its disk confirms nothing, since it may have elected another leader and forgotten it.
static bool is_confirmed(const struct rafting *rafting, uint64_t round)
{
    const struct mesh_raft *raft = rafting->raft;
    uint32_t places = mesh_raft_bit(raft->self);
    for (uint32_t place = 0; place < rafting->group->roster_count; place++) {
        if (raft->progress[place].round >= round && !raft->progress[place].forgot) {
            places |= mesh_raft_bit(place);
        }
    }
    return mesh_raft_is_quorum(raft, places);
}

void mesh_raft_confirm_reads(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    uint32_t done = 0;
    if (raft->read_count == 0 || raft->commit < raft->term_start) {
        return;
    }
    for (; done < raft->read_count; done++) {
        struct mesh_raft_read *read = &raft->reads[done];
        read->index = read->index == 0 ? raft->commit : read->index;
        if (read->round > raft->round || !is_confirmed(rafting, read->round)) {
            break;
        }
        struct mesh_record *record = mesh_stepping_record(rafting->stepping, MESH_RECORD_RAFT_READ);
        record->raft_read.number = read->context;
        record->raft_read.index = read->index;
    }
    raft->read_count -= done;
    memmove(raft->reads, raft->reads + done, raft->read_count * sizeof *raft->reads);
    if (raft->read_count > 0 && raft->reads[0].round > raft->round) {
        start_round(rafting);
    }
}

void mesh_raft_drop_reads(struct rafting *rafting)
{
    struct mesh_raft *raft = rafting->raft;
    for (uint32_t i = 0; i < raft->read_count; i++) {
        mesh_raft_refuse(rafting, raft->reads[i].context, MESH_RAFT_DEPOSED);
    }
    raft->read_count = 0;
}
